// A litter: how many are picked, and the keyboard (arrows go from sibling to sibling, space picks).
"use strict";
{
  const { $, $$, keys } = gallery;
  const boxes = $$(".young input");
  const count = () => {
    const picked = boxes.filter((box) => box.checked).length;
    $("#picked").textContent = picked ? `${picked} picked` : "";
    for (const button of $$("#litter button")) button.disabled = picked === 0;
  };
  const go = (by) => () => {
    const at = boxes.indexOf(document.activeElement);
    boxes[Math.min(boxes.length - 1, Math.max(0, at < 0 ? 0 : at + by))].focus();
  };
  const columns = () => getComputedStyle($(".litter")).gridTemplateColumns.split(" ").length;
  Object.assign(keys, {
    ArrowRight: go(1), ArrowLeft: go(-1), ArrowDown: () => go(columns())(), ArrowUp: () => go(-columns())(),
    Enter: (event) => (event.target.matches("input[type=checkbox]") ? $('#litter button[value="breed"]').click() : false),
  });
  $("#litter").addEventListener("change", count);
  $("#litter").addEventListener("submit", () => setTimeout(() => $$("#litter button").forEach((button) => (button.disabled = true))));
  addEventListener("pageshow", count);
  count();
}
