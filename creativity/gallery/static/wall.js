// The wall: as tall as all its pictures would be, and only the rows that are seen are there. It also searches as one types.
// The same file serves the exported wall, whose pictures are all in data.js.
"use strict";
{
  const wall = document.getElementById("wall");
  const form = document.getElementById("filters");
  const model = document.getElementById("card").content.firstElementChild;
  const still = typeof PICTURES !== "undefined";
  const g = typeof gallery !== "undefined" ? gallery : null;
  const PAGE = Number(wall.dataset.size) || 60;
  const AHEAD = 1.0; // screens above and below that are made ready

  let total = 0;
  let pages = new Map(); // number -> cards, or a promise of them; the oldest are forgotten
  let source = null; // function(offset, limit) -> promise of { total, cards }
  let columns = 1, height = 300, from = -1, to = -1, question = "", generation = 0;
  const chosen = new Map(); // key -> title
  const starredHere = new Map(); // key -> whether, where it was changed on this page

  const ask = () => {
    const fields = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...fields]) if (!value) fields.delete(name);
    return fields;
  };

  // -- where the pictures come from

  const online = (fields) => async (offset, limit) => {
    const answer = await fetch(`${wall.dataset.source}${fields}${fields.size ? "&" : ""}offset=${offset}&limit=${limit}`);
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  };

  const ORDERS = { oldest: (a, b) => a.number - b.number, closest: (a, b) => a.loss - b.loss, newest: (a, b) => b.number - a.number };
  const offline = (fields) => {
    const words = (fields.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
    const renderer = fields.get("renderer");
    const board = wall.dataset.board;
    const found = PICTURES.filter(
      (one) => (!board || one.boards.includes(board)) && (!renderer || one.renderer === renderer) && words.every((word) => one.text.includes(word)),
    ).sort(ORDERS[fields.get("sort")] || ORDERS.newest);
    return async (offset, limit) => ({ total: found.length, cards: found.slice(offset, offset + limit) });
  };

  const page = (number) => {
    if (!pages.has(number)) {
      const mine = generation;
      const coming = source(number * PAGE, PAGE).then((said) => {
        if (mine !== generation) return [];
        pages.set(number, said.cards);
        if (said.total !== total) {
          total = said.total;
          announce();
        }
        return said.cards;
      });
      coming.catch(() => pages.delete(number));
      pages.set(number, coming);
      if (pages.size > 12) pages.delete(pages.keys().next().value);
    } else {
      const cards = pages.get(number); // the latest looked at is forgotten last
      pages.delete(number);
      pages.set(number, cards);
    }
    return pages.get(number);
  };

  // -- one card

  const filled = (element, one, place) => {
    const $ = (selector) => element.querySelector(selector);
    element.dataset.key = one.key;
    element.setAttribute("aria-posinset", place + 1);
    element.setAttribute("aria-setsize", total);
    $("a").href = one.href;
    $(".title").textContent = one.title;
    $(".detail").textContent = one.detail;
    const frame = $(".frame");
    if (one.thumb) {
      let img = $("img");
      if (!img) {
        img = document.createElement("img");
        img.alt = "";
        img.decoding = "async";
        frame.replaceChildren(img);
      }
      img.className = `${one.width >= one.height ? "wide" : "tall"} coming`;
      img.width = one.width;
      img.height = one.height;
      img.addEventListener("load", () => img.classList.remove("coming"));
      img.addEventListener("error", () => img.classList.remove("coming"));
      img.src = one.thumb;
    } else {
      const none = document.createElement("span");
      none.className = "none";
      none.textContent = one.none;
      frame.replaceChildren(none);
    }
    const star = $(".star");
    if (star) {
      g.starred(star, starredHere.has(one.key) ? starredHere.get(one.key) : one.starred);
      star.setAttribute("aria-label", `Favourite ${one.title}`);
      $(".choose").setAttribute("aria-label", `Select ${one.title}`);
      element.classList.toggle("chosen", chosen.has(one.key));
      $(".choose").setAttribute("aria-pressed", String(chosen.has(one.key)));
    }
    return element;
  };

  const holder = (place) => {
    const element = model.cloneNode(true);
    element.classList.add("hidden-later");
    element.dataset.place = place;
    return element;
  };

  // -- the rows that are seen

  const measure = () => {
    const style = getComputedStyle(wall);
    columns = style.gridTemplateColumns.split(" ").length;
    const first = wall.querySelector(".card");
    if (first) height = first.getBoundingClientRect().height + parseFloat(style.rowGap);
  };

  const draw = (force = false) => {
    const rows = Math.ceil(total / columns);
    const top = wall.getBoundingClientRect().top;
    const screen = innerHeight;
    const firstRow = Math.max(0, Math.floor((-top - screen * AHEAD) / height));
    const lastRow = Math.min(rows, Math.ceil((-top + screen * (1 + AHEAD)) / height));
    const start = Math.min(firstRow, Math.max(0, rows - 1)) * columns;
    const end = Math.min(total, Math.max(lastRow, firstRow + 1) * columns);
    if (!force && start === from && end === to) return;
    const here = new Map([...wall.children].map((element) => [Number(element.dataset.place), element]));
    [from, to] = [start, end];
    const wanted = [];
    for (let place = start; place < end; place++) {
      const element = here.get(place) || holder(place);
      here.delete(place);
      wanted.push(element);
    }
    wall.style.paddingTop = `${(start / columns) * height}px`;
    wall.style.paddingBottom = `${Math.max(0, (rows - Math.ceil(end / columns)) * height)}px`;
    for (const element of here.values()) element.remove();
    wanted.forEach((element, k) => {
      if (wall.children[k] !== element) wall.insertBefore(element, wall.children[k] || null);
    });
    fill();
  };

  const fill = () => {
    const mine = generation;
    for (const element of wall.children) {
      if (!element.classList.contains("hidden-later")) continue;
      const place = Number(element.dataset.place);
      const put = (cards) => {
        const one = cards[place % PAGE];
        if (mine !== generation || !element.isConnected || !one || !element.classList.contains("hidden-later")) return;
        element.classList.remove("hidden-later");
        filled(element, one, place);
      };
      const cards = page(Math.floor(place / PAGE));
      if (Array.isArray(cards)) put(cards);
      else cards.then(put).catch(() => {});
    }
    if (g) g.store.set("walk", [...wall.children].map((element) => element.dataset.key).filter(Boolean));
  };

  const announce = () => {
    document.getElementById("total").textContent = total === 1 ? "1 picture" : `${total.toLocaleString("en")} pictures`;
    document.getElementById("empty").hidden = total > 0;
    wall.hidden = total === 0;
  };

  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };

  const search = async (stay = false) => {
    const fields = ask();
    if (fields.toString() === question && !stay) return;
    question = fields.toString();
    generation += 1;
    const mine = generation;
    source = (still ? offline : online)(fields);
    pages = new Map();
    let cards;
    try {
      ({ total, cards } = await source(0, PAGE));
    } catch {
      return g?.toast("The gallery does not answer; is it still running?", { wrong: true });
    }
    if (mine !== generation) return;
    pages.set(0, cards);
    if (!still) history.replaceState(null, "", `${location.pathname}${fields.size ? "?" : ""}${fields}`);
    wall.replaceChildren();
    [from, to] = [-1, -1];
    announce();
    draw(true);
    measure();
    draw(true);
  };

  // -- searching as one types

  let typed;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  form.addEventListener("input", (event) => {
    if (event.target.matches("select")) event.target.classList.toggle("set", event.target.value !== "");
    clearTimeout(typed);
    typed = setTimeout(search, event.target.matches("select") ? 0 : 180);
  });
  document.querySelector("[data-starred]")?.addEventListener("click", (event) => {
    const on = event.currentTarget.getAttribute("aria-pressed") !== "true";
    event.currentTarget.setAttribute("aria-pressed", String(on));
    form.elements.starred.value = on ? "1" : "";
    search();
  });

  // -- choosing, keeping, throwing away

  const tray = document.getElementById("tray");
  const choose = (card, on = !chosen.has(card.dataset.key)) => {
    const { key } = card.dataset;
    if (on) chosen.set(key, card.querySelector(".title").textContent);
    else chosen.delete(key);
    card.classList.toggle("chosen", on);
    card.querySelector(".choose").setAttribute("aria-pressed", String(on));
    weigh();
  };
  const weigh = () => {
    tray.hidden = chosen.size === 0;
    document.getElementById("chosen").textContent = `${chosen.size} selected`;
    const compare = tray.querySelector("[data-compare]");
    if (compare) compare.disabled = chosen.size < 2 || chosen.size > 4;
    const breed = tray.querySelector("[data-breed]");
    if (breed) breed.disabled = chosen.size > 8;
  };
  const clear = () => {
    chosen.clear();
    for (const card of wall.querySelectorAll(".chosen")) {
      card.classList.remove("chosen");
      card.querySelector(".choose").setAttribute("aria-pressed", "false");
    }
    weigh();
  };
  const again = () => {
    generation += 1;
    return search(true);
  };
  const trash = (keys, on, words) =>
    g.act(
      words,
      async () => {
        await g.post("/trash", { key: keys, on: on ? "1" : "" });
        await again();
      },
      async () => {
        await g.post("/trash", { key: keys, on: on ? "" : "1" });
        await again();
      },
    );
  const link = (keys) => keys.map((key) => `key=${key}`).join("&");

  if (g) {
    wall.addEventListener("click", (event) => {
      const card = event.target.closest(".card");
      if (!card) return;
      const { key } = card.dataset;
      if (event.target.closest(".star")) {
        const button = event.target.closest(".star");
        g.star(key, card.querySelector(".title").textContent, button)
          .then(() => starredHere.set(key, button.getAttribute("aria-pressed") === "true"))
          .catch(() => {});
      } else if (event.target.closest(".choose")) {
        choose(card);
      } else if (wall.classList.contains("choosing") && !(event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        choose(card);
      }
    });
    document.querySelector("[data-choosing]").addEventListener("click", (event) => {
      const on = wall.classList.toggle("choosing");
      event.currentTarget.setAttribute("aria-pressed", String(on));
      if (!on) clear();
    });
    tray.addEventListener("click", async (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const keys = [...chosen.keys()];
      if ("clear" in button.dataset) clear();
      else if ("compare" in button.dataset) location.href = `/compare?${link(keys)}`;
      else if ("breed" in button.dataset) location.href = `/breed?${keys.map((key) => `from=${key}`).join("&")}`;
      else if ("trash" in button.dataset || "restore" in button.dataset) {
        const on = "trash" in button.dataset;
        const many = keys.length === 1 ? chosen.get(keys[0]) : `${keys.length} pictures`;
        clear();
        await trash(keys, on, on ? `${many} moved to the trash` : `${many} put back`).catch(() => {});
      } else if ("board" in button.dataset) {
        const dialog = document.getElementById("boarding");
        dialog.showModal();
      }
    });
    document.getElementById("boarding")?.addEventListener("submit", (event) => {
      event.preventDefault();
      const dialog = event.currentTarget;
      const board = event.target.elements.board.value.trim();
      if (event.submitter?.value === "cancel" || !board) return dialog.close();
      const keys = [...chosen.keys()];
      dialog.close();
      clear();
      const set = (on) => () => g.post("/board", { key: keys, board, on });
      g.act(`Hung on the board ${board}`, set("1"), set("")).catch(() => {});
    });

    // -- the keyboard: arrows go from picture to picture

    const current = () => document.activeElement?.closest?.(".card");
    const go = (by) => {
      const card = current();
      const place = card ? Number(card.dataset.place) + by : Math.max(0, from);
      if (place < 0 || place >= total) return;
      let next = wall.querySelector(`.card[data-place="${place}"]`);
      if (!next) {
        scrollBy(0, Math.sign(by) * height);
        draw(true);
        next = wall.querySelector(`.card[data-place="${place}"]`);
      }
      next?.querySelector("a").focus();
      next?.scrollIntoView({ block: "nearest" });
    };
    const on = (does) => () => {
      const card = current();
      if (!card) return false;
      does(card);
    };
    g.keys["ArrowRight"] = () => go(1);
    g.keys["ArrowLeft"] = () => go(-1);
    g.keys["ArrowDown"] = () => (current() ? go(columns) : false);
    g.keys["ArrowUp"] = () => (current() ? go(-columns) : false);
    g.keys["f"] = on((card) => card.querySelector(".star").click());
    g.keys["c"] = () => {
      const card = current();
      if (card) choose(card);
      else if (chosen.size > 1) location.href = `/compare?${link([...chosen.keys()].slice(0, 4))}`;
      else return false;
    };
    g.keys["i"] = on((card) => (location.href = card.querySelector("a").href));
    g.keys["r"] = on((card) => (location.href = `/new?from=${card.dataset.key}`));
    g.keys["b"] = () => (location.href = `/breed?${(chosen.size ? [...chosen.keys()] : [current()?.dataset.key]).filter(Boolean).map((key) => `from=${key}`).join("&")}`);
    g.keys["d"] = on((card) => {
      const title = card.querySelector(".title").textContent;
      const place = Number(card.dataset.place);
      const to = wall.dataset.trash ? false : true;
      trash([card.dataset.key], to, to ? `${title} is in the trash` : `${title} is back`)
        .then(() => wall.querySelector(`.card[data-place="${Math.min(place, total - 1)}"] a`)?.focus())
        .catch(() => {});
    });
    g.keys["Escape"] = () => clear();
  }

  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", () => {
    measure();
    draw(true);
    measure();
    draw(true);
  });

  // What the page came with is shown at once; the rest follows when it is needed.
  document.getElementById("pages")?.remove();
  total = Number(wall.dataset.total);
  if (still || new URLSearchParams(location.search).has("offset")) search(true);
  else {
    const fields = ask();
    question = fields.toString();
    source = online(fields);
    [...wall.children].forEach((element, place) => (element.dataset.place = place));
    announce();
    measure();
    draw(true);
  }

  // Whoever comes back finds the place again.
  const held = `place ${location.pathname}${location.search}`;
  if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") {
    const place = Number(sessionStorage.getItem(held));
    if (place) requestAnimationFrame(() => scrollTo(0, place));
  }
  addEventListener("pagehide", () => sessionStorage.setItem(`place ${location.pathname}${location.search}`, String(scrollY)));
  if (g) addEventListener("pageshow", (event) => event.persisted && again());
}
