// Two to four pictures, looked at in the same place: wheel, pinch, drag, or plus, minus and arrows.
"use strict";
{
  const { $, $$ } = gallery;
  const panes = $$(".pane");
  const CLOSE = 2; // so close the pictures are drawn anew, with more pixels
  let scale = 1, x = 0, y = 0; // of the picture, in parts of a pane's side
  let finer;
  const fingers = new Map();

  const show = () => {
    const room = scale - 1;
    x = Math.min(0, Math.max(-room, x));
    y = Math.min(0, Math.max(-room, y));
    for (const pane of panes) {
      const side = pane.clientWidth;
      pane.firstElementChild.style.transform = `translate(${x * side}px, ${y * side}px) scale(${scale})`;
      pane.classList.toggle("close", scale > 16);
    }
    $("#zoom").textContent = `${scale.toFixed(scale < 10 ? 1 : 0).replace(".0", "")}×`;
  };
  const zoom = (by, cx = 0.5, cy = 0.5) => {
    const next = Math.min(32, Math.max(1, scale * by));
    x = cx - ((cx - x) * next) / scale;
    y = cy - ((cy - y) * next) / scale;
    scale = next;
    show();
    clearTimeout(finer);
    if (scale > CLOSE) finer = setTimeout(refine, 400);
  };
  const refine = () => {
    for (const pane of panes) {
      const img = pane.firstElementChild;
      if (!img.dataset.fine) continue;
      const fine = new Image();
      fine.addEventListener("load", () => (img.src = fine.src));
      fine.src = img.dataset.fine;
      delete img.dataset.fine;
    }
  };
  const place = (pane, event) => {
    const box = pane.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };

  for (const pane of panes) {
    pane.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 300)), ...place(pane, event));
    }, { passive: false });
    pane.addEventListener("pointerdown", (event) => {
      pane.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, place(pane, event));
    });
    pane.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const now = place(pane, event);
      if (fingers.size === 1) {
        x += now[0] - before[0];
        y += now[1] - before[1];
        show();
      } else {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const apart = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]) || 1e-6;
        zoom(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      }
      fingers.set(event.pointerId, now);
    });
    for (const end of ["pointerup", "pointercancel"]) pane.addEventListener(end, (event) => fingers.delete(event.pointerId));
    pane.addEventListener("dblclick", (event) => zoom(scale > 1 ? 1 / scale : 4, ...place(pane, event)));
  }
  for (const button of $$("[data-zoom]")) {
    button.addEventListener("click", () => zoom({ in: 1.5, out: 1 / 1.5, fit: 1 / scale }[button.dataset.zoom]));
  }
  const move = (dx, dy) => () => {
    x += dx / 8;
    y += dy / 8;
    show();
  };
  Object.assign(gallery.keys, {
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), "0": () => zoom(1 / scale),
    ArrowLeft: move(1, 0), ArrowRight: move(-1, 0), ArrowUp: move(0, 1), ArrowDown: move(0, -1),
    Escape: () => history.back(),
  });
  for (const form of $$('form[action="/prefer"]')) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await gallery.post("/prefer", new FormData(form)).then(() => gallery.toast("Noted")).catch(() => {});
    });
  }
  addEventListener("resize", show);
  show();
}
