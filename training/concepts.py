"""The things that sprites are of, in ``concepts.toml``: their names, and which icons show each."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COLOURED = ("noto", "noto-v1", "openclipart-a", "glyphs-poly", "fluent-color", "icon-park")
EMOJI = ("noto", "noto-v1", "noto-emoji")
VARIANTS = 3
"""Pictures of a concept that are kept of one family; the second and the third are styles of their own."""
ENOUGH = 4
CROSSED = frozenset(("off", "slash", "no", "remove", "disabled", "cancel", "alert", "lock", "plus", "minus", "x"))
"""Words in the file names of icons that have something else over them."""


@dataclass(frozen=True)
class Concept:
    """``shown``: further names of icons that show it. ``emoji``: only emoji are meant by its names. ``colour``: what it mostly is."""

    name: str
    aliases: tuple[str, ...]
    shown: tuple[str, ...]
    emoji: bool
    colour: str | None = None


def concepts(path: Path | None = None) -> list[Concept]:
    """All of them, in the order of the file. A name is a concept's own before it is another's alias, and the first one's among aliases."""
    tables = _tables(path)
    del tables["not_shown"]
    told = {name: colour for colour, names in tables.pop("colours", {}).items() for name in _split(names)}
    entries = {name: text for table in tables.values() for name, text in table.items()}
    taken, out = set(entries), []
    for name, text in entries.items():
        names, _, shown = text.removeprefix("!").partition("|")
        aliases = [alias for alias in _split(names) if alias not in taken]
        taken.update(aliases)
        out.append(Concept(name, tuple(dict.fromkeys(aliases)), _split(shown), text.startswith("!"), told.get(name)))
    return out


def _tables(path: Path | None) -> dict[str, dict[str, str]]:
    return tomllib.loads((path or Path(__file__).with_name("concepts.toml")).read_text())


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in (" ".join(part.split()) for part in text.split(",")) if part)


def matched(found: Sequence[Concept], described: Sequence[dict[str, object]]) -> list[tuple[int, int, str]]:
    """(icon, concept, style) of all icons that show a concept; the style is the family, ``noto``, or one more of it, ``noto 2``.

    An icon of the plain sets is taken by an alias only where few show the concept: their words are short and mean many things.
    """
    named: dict[str, list[int]] = {}
    not_shown = frozenset(_tables(None)["not_shown"]["clip_art"].split("\n"))
    for number, one in enumerate(described):
        captions = one["captions"]
        if one["name"] in not_shown or (one["mono"] and CROSSED & set(str(one["name"]).split("-")[1:])):
            continue
        assert isinstance(captions, list)
        for name in {str(captions[0]), str(one["name"]).replace("-", " ").replace("_", " ").lower()}:
            named.setdefault(name, []).append(number)
    out: list[tuple[int, int, str]] = []
    for c, concept in enumerate(found):
        chosen: dict[int, None] = {}
        for names, families in (
            ((concept.name, *concept.shown), EMOJI if concept.emoji else None),
            (concept.aliases, EMOJI if concept.emoji else COLOURED + EMOJI),
            (concept.aliases, () if concept.emoji else None),
        ):
            if families is None and names is concept.aliases and len(chosen) >= ENOUGH:
                continue
            for name in names:
                for number in named.get(name, []):
                    if families is None or described[number]["family"] in families:
                        chosen[number] = None
        kept: dict[str, int] = {}
        for number in chosen:
            family = str(described[number]["family"])
            kept[family] = kept.get(family, 0) + 1
            if kept[family] <= VARIANTS:
                out.append((number, c, family if kept[family] == 1 else f"{family} {kept[family]}"))
    return out


def icons(data: Path) -> list[dict[str, object]]:
    described: list[dict[str, object]] = json.loads((data / "icons-guide.json").read_text())
    return described
