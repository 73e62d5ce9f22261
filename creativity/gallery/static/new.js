// A new run: a picture or words, a look, and as many options as one wants. What is dropped may bring its recipe along.
"use strict";
{
  const { $, $$, post, toast } = gallery;
  const form = $("#new");
  const why = $("#why");
  const drop = $("#drop");

  const say = (words) => {
    why.textContent = words;
    why.hidden = !words;
  };

  // -- a picture, or words

  const verb = (name) => {
    form.elements.verb.value = name;
    for (const button of $$("[data-verb]")) button.setAttribute("aria-pressed", String(button.dataset.verb === name));
    for (const part of $$("[data-for]")) part.hidden = part.dataset.for !== name;
  };
  for (const button of $$("[data-verb]")) button.addEventListener("click", () => verb(button.dataset.verb));

  const table = (rows) => {
    const list = document.createElement("dl");
    list.className = "facts";
    for (const [name, value] of rows) {
      const term = document.createElement("dt"), words = document.createElement("dd");
      term.textContent = name;
      words.textContent = value;
      list.append(term, words);
    }
    return list;
  };

  let shown = "";
  const took = async (file) => {
    say("");
    $("#recalled").hidden = true;
    form.elements.dropped.value = "";
    URL.revokeObjectURL(shown);
    const looksLikeOne = file.type.startsWith("image/") && file.type !== "image/svg+xml";
    const name = document.createElement("p");
    name.className = "small";
    name.textContent = file.name;
    const inside = [name];
    if (looksLikeOne) {
      const img = new Image();
      img.alt = `The picture ${file.name}`;
      img.src = shown = URL.createObjectURL(file);
      inside.unshift(img);
    }
    $("#dropped").replaceChildren(...inside);
    if (!/\.(png|svg|json|gif|webp|apng|mp4)$/i.test(file.name)) return;
    const body = new FormData();
    body.append("picture", file);
    const answer = await fetch("/recall", { method: "POST", body, headers: { Accept: "application/json" } });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      if (!looksLikeOne) say(said.error || "this carries no recipe");
      return; // an ordinary picture
    }
    form.elements.dropped.value = said.dropped;
    $("#recipe").replaceChildren(
      ...said.tables.flatMap(({ title, rows }) => {
        const head = document.createElement("h3");
        head.textContent = title;
        return [head, table(rows)];
      }),
    );
    $("#known").hidden = !said.known;
    if (said.known) $("#known").href = said.known;
    $("#recalled").hidden = false;
    prefill(said.recipe);
  };

  const prefill = (recipe) => {
    const set = (name, value) => {
      const field = form.elements[name];
      if (field && value !== undefined && value !== null) field.value = value;
    };
    set("renderer", recipe.renderer.name);
    set("count", recipe.renderer.count);
    set("seed", recipe.seed);
    set("optimizer", recipe.optimizer.name);
    if (recipe.objective.name !== "sum") set("objective", recipe.objective.name);
    set("max_seconds", recipe.stop?.seconds);
    set("target_size", recipe.target_size);
    set("size", recipe.size);
  };

  if (drop) {
    const input = $("#picture");
    input.addEventListener("change", () => input.files[0] && took(input.files[0]));
    for (const kind of ["dragenter", "dragover"]) {
      addEventListener(kind, (event) => {
        event.preventDefault();
        drop.classList.add("over-it");
      });
    }
    for (const kind of ["dragleave", "drop"]) addEventListener(kind, () => drop.classList.remove("over-it"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      if (!event.dataTransfer.files.length) return;
      verb("fit");
      input.files = event.dataTransfer.files;
      took(input.files[0]);
    });
    addEventListener("paste", (event) => {
      if (!event.clipboardData.files.length) return;
      verb("fit");
      input.files = event.clipboardData.files;
      took(input.files[0]);
    });
    $("#redo").addEventListener("click", () => begin({ verb: "redo", dropped: form.elements.dropped.value }));
  }

  // -- all options, as the parts themselves say

  const fields = async (kind, name) => {
    const place = $(`[data-options="${kind}"]`);
    if (!place) return;
    place.replaceChildren();
    if (!name || !$("#all").open) return;
    const answer = await fetch(`/options/${kind}/${encodeURIComponent(name)}.json`);
    if (!answer.ok) return; // a sum of several, which is written as text
    const part = await answer.json();
    if (!part.options.length) return;
    const set = document.createElement("fieldset"), legend = document.createElement("legend"), about = document.createElement("p");
    legend.textContent = name;
    about.className = "soft small";
    about.textContent = part.about;
    const grid = document.createElement("div");
    grid.className = "pair";
    for (const option of part.options) {
      const box = document.createElement("div"), label = document.createElement("label"), help = document.createElement("span");
      box.className = "field";
      label.textContent = option.name.replaceAll("_", " ");
      label.htmlFor = help.id = `${kind}.${option.name}`;
      help.id += "-help";
      help.className = "small soft";
      help.textContent = option.help;
      let field;
      if (option.choices?.length || option.kind === "flag") {
        field = document.createElement("select");
        const values = option.kind === "flag" ? ["true", "false"] : option.choices;
        for (const value of ["", ...values]) {
          const choice = document.createElement("option");
          choice.value = value;
          choice.textContent = value || `${option.default.toLowerCase() || "by itself"} (as it is)`;
          field.append(choice);
        }
      } else {
        field = document.createElement("input");
        field.type = option.kind === "number" ? "number" : "text";
        field.placeholder = option.default;
        if (option.kind === "number") {
          field.step = option.step;
          if (option.low !== null) field.min = option.low;
          if (option.high !== null) field.max = option.high;
        }
      }
      field.name = field.id = `${kind}.${option.name}`;
      field.setAttribute("aria-describedby", help.id);
      box.append(label, field, help);
      grid.append(box);
    }
    set.append(legend, about, grid);
    place.append(set);
  };
  const all = () => {
    fields("renderer", form.elements.renderer.value || (form.elements.preset?.value ? "" : "triangles"));
    fields("objective", form.elements.objective.value || "");
    fields("optimizer", form.elements.optimizer.value || "");
  };
  $("#all")?.addEventListener("toggle", all);
  form.addEventListener("change", (event) => {
    const { name } = event.target;
    if ($("#all")?.open && ["renderer", "objective", "optimizer", "preset"].includes(name)) all();
  });

  // -- begin

  const begin = async (fixed) => {
    say("");
    const button = $("#begin");
    button.disabled = true;
    button.textContent = "One moment ...";
    const data = new FormData(form);
    if (fixed) {
      data.delete("picture");
      for (const [name, value] of Object.entries(fixed)) data.set(name, value);
      if (fixed.verb === "redo") for (const name of [...data.keys()]) if (!(name in fixed)) data.delete(name);
    }
    if (data.get("verb") === "paint") data.delete("picture");
    try {
      location.href = (await post("/new", data)).go;
    } catch (error) {
      say(error.message);
      button.disabled = false;
      button.textContent = "Begin";
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    begin();
  });
  addEventListener("pageshow", () => {
    const button = $("#begin");
    button.disabled = false;
    button.textContent = "Begin";
  });
}
