"""What all pages work with, and how a page is made of a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from creativity.gallery import shown
from creativity.gallery.index import Index
from creativity.gallery.live import Runs
from creativity.gallery.media import Thumbnails, picture_in
from creativity.gallery.reading import Entry
from creativity.gallery.studio import Studio

NAME = "creativity"

SHORTCUTS = (
    (("←", "↑", "→", "↓"), "from picture to picture"),
    (("Enter",), "open it"),
    (("F",), "favourite"),
    (("L",), "like: a rating that is kept, on the page of an artwork"),
    (("C",), "choose to compare; again without one: compare"),
    (("I",), "what it is made of"),
    (("R",), "redo it"),
    (("B",), "breed from it"),
    (("D",), "to the trash"),
    (("U",), "undo"),
    (("N",), "a new one"),
    (("/",), "search"),
    (("Esc",), "back; choose none"),
    (("?",), "this list"),
)


@dataclass(frozen=True)
class Hall:
    root: Path
    index: Index
    thumbnails: Thumbnails
    studio: Studio
    runs: Runs
    parts: dict[str, Any] = field(default_factory=dict)
    """What can be chosen from, once it has been asked for."""

    def place(self, entry: Entry) -> Path:
        return self.root / entry.path

    def entry(self, key: str) -> Entry:
        """The artwork with that key. Raises 404: whatever is asked for, it is looked up, and never a path."""
        entry = self.index.get(key) if key.isascii() and key.isalnum() else None
        if entry is None:
            raise HTTPException(404, "no artwork has this key")
        return entry

    @classmethod
    def of(cls, request: Request) -> Hall:
        hall: Hall = request.app.state.hall
        return hall


class Links:
    """Where things are while the gallery runs; `Still` in export.py says where they are as files."""

    still = False

    def wall(self) -> str:
        return "/"

    def boards(self) -> str:
        return "/boards"

    def board(self, name: str) -> str:
        return f"/board?{urlencode({'name': name})}"

    def tagged(self, tag: str) -> str:
        return f"/?{urlencode({'tag': tag})}"

    def file(self, name: str) -> str:
        return f"/static/{name}"

    def artwork(self, key: str) -> str:
        return f"/artwork/{key}"

    def thumb(self, entry: Entry) -> str:
        return f"/artwork/{entry.key}/thumb.webp?{stamp(entry)}"

    def picture(self, entry: Entry) -> str:
        return f"/artwork/{entry.key}/picture.png?{stamp(entry)}"

    def plan(self, entry: Entry) -> str:
        return f"/artwork/{entry.key}/plan.png?{stamp(entry)}"

    def film(self, key: str, of: str) -> str:
        return f"/artwork/{key}/film.webp?{urlencode({'of': of})}"


def stamp(entry: Entry) -> str:
    return quote(f"{entry.made:.0f}-{entry.steps or 0}")


def icon(name: str, fills: bool = False) -> Markup:
    return Markup('<svg class="icon{}" aria-hidden="true"><use href="#i-{}"/></svg>').format(" fills" if fills else "", name)


@lru_cache
def templates() -> jinja2.Environment:
    """All of them escape what they are given."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"icon": icon, "name": NAME, "shortcuts": SHORTCUTS, "link": Links(), "here": ""}
    return environment


def text(name: str, **values: Any) -> str:
    return templates().get_template(name).render(**values)


def page(name: str, status: int = 200, **values: Any) -> Response:
    return HTMLResponse(text(name, **values), status)


def card(entry: Entry, links: Any = None, root: Path | None = None) -> dict[str, Any]:
    """What a card shows, as plain data; ``root`` where it is to be known whether there is a picture at all."""
    links = links or templates().globals["link"]
    seen = entry.state != "broken" and (root is None or picture_in(root, root / entry.path) is not None)
    width, height = (max(1, side) for side in (entry.width, entry.height))
    scale = 480 / max(width, height)
    return {
        "key": entry.key,
        "href": links.artwork(entry.key),
        "thumb": links.thumb(entry) if seen else "",
        "title": shown.short(entry.title, 120) or "untitled",
        "detail": shown.detail(entry),
        "width": max(1, round(width * scale)),
        "height": max(1, round(height * scale)),
        "starred": entry.starred,
        "none": shown.short(f"This run cannot be read: {entry.error}", 200) if entry.state == "broken" else "",
    }


BLANK = {"key": "", "href": "", "thumb": "", "title": "", "detail": "", "width": 1, "height": 1, "starred": False, "none": ""}


def wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def answer(request: Request, to: str, **said: Any) -> Response:
    """To a change: data for a script, else the page to look at next."""
    return JSONResponse({"go": to, **said}) if wants_json(request) else RedirectResponse(to, 303)


def keys_of(values: Sequence[Any], most: int = 1000) -> list[str]:
    """Keys that a form named, each once. Raises 400 where there is none, or a file instead."""
    keys = list(dict.fromkeys(value for value in values if isinstance(value, str)))
    if not 1 <= len(keys) <= most:
        raise HTTPException(400, f"from 1 to {most} artworks are expected, not {len(keys)}")
    return keys
