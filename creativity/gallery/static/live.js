// Runs as they go: the page holds one line to the gallery, on which all changes come.
"use strict";
{
  const { $, post } = gallery;
  const list = $("#runs");
  const model = $("#live").content.firstElementChild;
  const states = new Map();

  const show = (one) => {
    let card = document.getElementById(`run-${one.key}`);
    if (!card) {
      card = model.cloneNode(true);
      card.id = `run-${one.key}`;
      card.dataset.key = one.key;
      card.querySelector('[name="key"]').value = one.key;
      card.querySelector(".title").textContent = one.title;
      card.querySelector("progress").setAttribute("aria-label", `How far ${one.title} is`);
      for (const link of card.querySelectorAll("a")) link.href = one.href;
      list.prepend(card);
    }
    card.dataset.state = one.state;
    card.querySelector(".said").textContent = one.state === "paused" ? `paused; ${one.words}` : one.words;
    const bar = card.querySelector("progress");
    bar.max = one.horizon || 1;
    bar.value = one.state === "done" ? bar.max : one.step;
    for (const button of card.querySelectorAll("button")) button.hidden = !one.can.includes(button.value);
    card.querySelector("[data-see]").hidden = one.state !== "done";
    if (one.picture && card.dataset.picture !== one.picture) {
      card.dataset.picture = one.picture;
      const next = new Image(); // the old one stays until the new one is there
      next.alt = "";
      next.addEventListener("load", () => card.querySelector(".frame").replaceChildren(next));
      next.src = one.picture;
    }
    if (states.has(one.key) && states.get(one.key) !== one.state) $("#news").textContent = `${one.title}: ${one.state}`;
    states.set(one.key, one.state);
  };

  const line = new EventSource("/runs/events");
  line.addEventListener("message", (event) => {
    const all = JSON.parse(event.data);
    all.reverse().forEach(show);
    const here = new Set(all.map((one) => one.key));
    for (const card of [...list.children]) if (!here.has(card.dataset.key)) card.remove();
    $("#none").hidden = all.length > 0;
  });
  addEventListener("pagehide", () => line.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());

  document.addEventListener("submit", (event) => {
    const { form = event.target } = event;
    if (!form.matches('form[action="/runs"]')) return;
    event.preventDefault();
    post("/runs", { key: form.elements.key.value, do: event.submitter.value })
      .then(() => form.closest(".card")?.remove())
      .catch(() => {});
  });
}
