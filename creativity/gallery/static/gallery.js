// What all pages share: changes by POST, what can be undone, short messages, and the keyboard.
"use strict";

const gallery = (() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const undoable = [];

  const toast = (words, { undo = false, wrong = false } = {}) => {
    const box = $(".toast");
    box.replaceChildren(document.createTextNode(words));
    box.classList.toggle("wrong", wrong);
    if (undo) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Undo";
      button.addEventListener("click", takeBack);
      box.append(button);
    }
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => box.replaceChildren(), wrong ? 12000 : 6000);
  };

  // POST a form's fields; resolves to the answer's JSON, or shows why not and throws.
  const post = async (path, fields) => {
    const body = fields instanceof FormData ? fields : new FormData();
    if (body !== fields) for (const [name, value] of Object.entries(fields)) for (const each of [value].flat()) body.append(name, each);
    let said;
    try {
      const answer = await fetch(path, { method: "POST", body, headers: { Accept: "application/json" } });
      said = await answer.json().catch(() => ({ error: `${answer.status} ${answer.statusText}` }));
      if (!answer.ok) throw new Error(said.error || answer.statusText);
    } catch (error) {
      toast(error instanceof TypeError ? "The gallery does not answer; is it still running?" : error.message, { wrong: true });
      throw error;
    }
    return said;
  };

  // Do something that `back` undoes: both are functions that return promises.
  const act = async (words, there, back) => {
    await there();
    undoable.push([words, back]);
    toast(words, { undo: true });
  };

  const takeBack = async () => {
    const last = undoable.pop();
    if (!last) return toast("There is nothing to undo");
    await last[1]();
    toast("Undone");
  };

  const starred = (button, on) => {
    button.setAttribute("aria-pressed", String(on));
    button.closest(".card")?.classList.toggle("starred", on);
    const hidden = button.form?.elements.on;
    if (hidden) hidden.value = on ? "" : "1";
  };

  const star = (key, title, button) => {
    const on = button.getAttribute("aria-pressed") !== "true";
    const set = async (value) => {
      await post("/star", { key, on: value ? "1" : "" });
      starred(button, value);
    };
    return act(on ? `${title} is a favourite` : `${title} is no favourite any more`, () => set(on), () => set(!on));
  };

  const typing = (event) => event.target.closest?.("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");

  const keys = {}; // a page adds its own: letter -> function(event) that returns false where it did nothing
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(event)) return event.target.blur();
    if (typing(event) || $("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const does = keys[key];
    if (does && does(event) !== false) event.preventDefault();
  });
  keys["?"] = () => $("#help").showModal();
  keys["u"] = takeBack;
  keys["/"] = () => {
    const field = $("#q");
    if (field) field.focus();
    else location.href = "/";
  };
  keys["n"] = () => (location.href = "/new");
  $("[data-help]")?.addEventListener("click", () => $("#help").showModal());

  const store = {
    get: (name) => JSON.parse(sessionStorage.getItem(name) || "[]"),
    set: (name, value) => sessionStorage.setItem(name, JSON.stringify(value)),
  };

  // One artwork's page.
  const piece = $("#piece");
  if (piece) {
    const { key, title } = piece.dataset;
    const starButton = $(".star", piece);
    const walk = (by) => {
      const walked = store.get("walk");
      const next = walked[walked.indexOf(key) + by];
      if (!walked.includes(key) || !next) return false;
      location.href = `/artwork/${next}`;
    };
    const trash = () => {
      const form = $('form[action="/trash"]', piece);
      const on = form.elements.on.value;
      const set = (value) => post("/trash", { key, on: value });
      return act(on ? `${title} is in the trash` : `${title} is back`, () => set(on), () => set(on ? "" : "1"));
    };
    starButton?.form.addEventListener("submit", (event) => {
      event.preventDefault();
      star(key, title, starButton).catch(() => {});
    });
    $('form[action="/trash"]', piece)?.addEventListener("submit", (event) => {
      event.preventDefault();
      trash().catch(() => {});
    });
    const like = () => post("/like", { key }).then(() => toast("Noted, for your taste"));
    $('form[action="/like"]', piece)?.addEventListener("submit", (event) => {
      event.preventDefault();
      like().catch(() => {});
    });
    keys["l"] = () => void like().catch(() => {});
    keys["f"] = () => void star(key, title, starButton).catch(() => {});
    keys["d"] = () => void trash().catch(() => {});
    keys["ArrowLeft"] = () => walk(-1);
    keys["ArrowRight"] = () => walk(1);
    keys["Escape"] = () => (location.href = "/");
    keys["b"] = () => $('a[href^="/breed"]', piece)?.click();
    keys["i"] = () => $("#recipe")?.scrollIntoView({ block: "start" });
    keys["c"] = () => {
      const chosen = store.get("chosen").filter((other) => other !== key);
      if (chosen.length === 0) {
        store.set("chosen", [key]);
        return void toast("Chosen to compare; press C on another");
      }
      store.set("chosen", []);
      location.href = `/compare?${[...chosen.slice(-3), key].map((each) => `key=${each}`).join("&")}`;
    };
    for (const link of $$("[data-act]", piece)) keys[link.dataset.act.toLowerCase()] = () => link.click();
    for (const button of $$("[data-film]", piece)) {
      button.addEventListener("click", () => {
        const screen = $("#screen");
        const film = new Image();
        film.alt = button.textContent.trim();
        screen.textContent = "The film is being made; this takes some seconds.";
        button.disabled = true;
        film.addEventListener("load", () => screen.replaceChildren(film));
        film.addEventListener("error", () => (screen.textContent = "There is no film of it."));
        film.addEventListener("loadend", () => (button.disabled = false));
        for (const end of ["load", "error"]) film.addEventListener(end, () => (button.disabled = false));
        film.src = button.dataset.film;
      });
    }
  }
  return { $, $$, post, act, toast, star, starred, keys, store };
})();
