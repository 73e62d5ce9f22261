"""The wall as files, for any web host or a disk: the same pages, every link relative, the search in the browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from creativity.errors import CreativityError
from creativity.files import make_folder, write_atomically
from creativity.gallery import draw, hall
from creativity.gallery.artwork import described, facts
from creativity.gallery.hall import Hall, card
from creativity.gallery.index import STATE, Index, Query
from creativity.gallery.live import Runs
from creativity.gallery.media import Thumbnails, picture_in, within
from creativity.gallery.reading import Entry
from creativity.gallery.studio import Studio
from creativity.gallery.wall import SIZE, choices, counted

ALL = 10**9
FILES = ("gallery.css", "wall.js", "arrow.svg", "mark.svg")


class Still:
    """Where things are, seen from a page that lies ``up`` folders below the first."""

    still = True

    def __init__(self, up: str = "", boards: tuple[str, ...] = ()) -> None:
        self.up = up
        self._boards = boards

    def wall(self) -> str:
        return f"{self.up}index.html"

    def boards(self) -> str:
        return f"{self.up}boards.html"

    def board(self, name: str) -> str:
        return f"{self.up}board/{self._boards.index(name) + 1}.html"

    def file(self, name: str) -> str:
        return f"{self.up}{name}"

    def artwork(self, key: str) -> str:
        return f"{self.up}artwork/{key}.html"

    def thumb(self, entry: Entry) -> str:
        return f"{self.up}thumb/{entry.key}.webp"

    def picture(self, entry: Entry) -> str:
        return f"{self.up}picture/{entry.key}.png"

    def plan(self, entry: Entry) -> str:
        return f"{self.up}plan/{entry.key}.png"


def export(root: Path, folder: Path) -> int:
    """Write all that is not in the trash; returns how many artworks there are. A file that is there already is replaced.

    Raises CreativityError for a folder that holds something else.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / "data.js").exists())):
        raise CreativityError(f"{folder} holds something that is no exported gallery; name a new folder")
    for name in ("artwork", "thumb", "picture", "plan", "drawing", "recipe", "board"):
        make_folder(folder / name)
    index = Index(root)
    index.refresh()
    museum = Hall(root, index, Thumbnails(root / STATE / "thumbnails"), Studio(), Runs(root, index))
    try:
        return _written(museum, folder)
    finally:
        museum.studio.close()


def said(entry: Entry) -> tuple[object, ...]:
    """What a search goes by, besides prompts and labels, as in the index."""
    return entry.title, entry.renderer, entry.objective, entry.optimizer, entry.seed, entry.path


def _written(museum: Hall, folder: Path) -> int:
    names = tuple(name for name, _ in museum.index.boards())
    entries = museum.index.find(Query(order="oldest", limit=ALL))
    listed = {entry.key for entry in entries}
    data = []
    for number, entry in enumerate(entries):
        _write_artwork(museum, folder, entry, Still("../", names), listed)
        data.append(
            {
                **_card(museum, entry, Still("", names)),
                "number": number,
                "loss": entry.loss if entry.loss is not None else 1e300,
                "renderer": entry.renderer,
                "boards": [*entry.boards],
                "text": " ".join([*entry.prompts, *entry.tags, *entry.boards, *map(str, said(entry))]).lower(),
            }
        )
    for file in FILES:
        write_atomically(folder / file, (Path(__file__).parent / "static" / file).read_bytes())
    # A page that was opened from a disk may load scripts, and no data: so the data are one. No name in it can end it.
    written = json.dumps(data, ensure_ascii=True).replace("<", "\\u003c")
    write_atomically(folder / "data.js", f'"use strict";\nconst PICTURES = {written};\n')
    renderers = sorted({entry.renderer for entry in entries if entry.renderer})
    write_atomically(folder / "index.html", _wall(Still("", names), "All pictures", len(entries), renderers))
    boards = []
    for place, name in enumerate(names):
        of_it = [entry for entry in entries if name in entry.boards]
        if of_it:
            page = _wall(Still("../", names), name, len(of_it), sorted({entry.renderer for entry in of_it}), board=name)
            write_atomically(folder / "board" / f"{place + 1}.html", page)
            covers = [thumb for entry in of_it[-4:] if (thumb := _card(museum, entry, Still("", names))["thumb"])]
            boards.append({"name": name, "href": Still("", names).board(name), "count": counted(len(of_it)), "covers": covers})
    write_atomically(folder / "boards.html", hall.text("boards.html", link=Still("", names), here="boards", boards=boards))
    return len(entries)


def _wall(links: Still, title: str, total: int, renderers: list[str], board: str = "") -> str:
    return hall.text(
        "wall.html",
        link=links,
        title=title,
        here="boards" if board else "wall",
        board=board,
        action="",
        source="",
        asked={"q": "", "renderer": "", "sort": "", "starred": ""},
        choices=choices(renderers, []),
        total=total,
        total_words=counted(total),
        size=SIZE,
        offset=0,
        cards=[],
        blank=hall.BLANK,
        nothing_yet=not total,
    )


def _card(museum: Hall, entry: Entry, links: Still) -> dict[str, Any]:
    return card(entry, links, museum.root)


def _write_artwork(museum: Hall, folder: Path, entry: Entry, links: Still, listed: set[str]) -> None:
    told = described(museum, entry, links)
    place = museum.place(entry)
    source = picture_in(museum.root, place)
    if source is not None and told["picture"]:
        write_atomically(folder / "thumb" / f"{entry.key}.webp", museum.thumbnails.made_now(source))
        write_atomically(folder / "picture" / f"{entry.key}.png", source.read_bytes())
    if told["plan"] and (plan := within(museum.root, place / "plan.png")) is not None:
        write_atomically(folder / "plan" / f"{entry.key}.png", plan.read_bytes())
    told["recipe_file"] = ""
    if toml := facts(museum.root, place)[2]:
        write_atomically(folder / "recipe" / f"{entry.key}.toml", toml)
        told["recipe_file"] = f"../recipe/{entry.key}.toml"
    if told["drawing"]:
        try:
            write_atomically(folder / "drawing" / f"{entry.key}.svg", museum.studio.do_now(draw.drawing, str(place)))
            told["drawing"] = f"../drawing/{entry.key}.svg"
        except CreativityError:
            told["drawing"] = ""
    for kin in ("parents", "children"):
        told[kin] = [one for one in told[kin] if one["key"] in listed]
    page = hall.text("artwork.html", link=links, here="wall", large=told["picture"], **told)
    write_atomically(folder / "artwork" / f"{entry.key}.html", page)
