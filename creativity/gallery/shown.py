"""What a page says of an artwork: its card, its figures, and its recipe as tables that can be read."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from creativity.gallery.reading import Entry

FEW = 5
"""Options of a part that are shown at once."""
LONG = 160
PIXELS = ("cppn", "pixels", "latent")
"""Renderers that make no drawing; of others it is found out when it is asked for."""

Rows = list[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    title: str
    rows: Rows
    more: Rows


def number(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}"


def short(text: str, length: int = LONG) -> str:
    return text if len(text) <= length else f"{text[:length]} ... ({len(text):,} characters)"


def said(value: Any) -> str:
    """A value of a recipe in words; empty for what is not set."""
    if value is None or value == [] or value == "" or value == {}:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, list):
        return short(", ".join(said(item) for item in value))
    if isinstance(value, Mapping):
        return short(", ".join(f"{key.replace('_', ' ')} {words}" for key, item in value.items() if (words := said(item))))
    return short(str(value))


def detail(entry: Entry) -> str:
    """The second line of a card."""
    parts = [entry.renderer, f"seed {entry.seed}"] if entry.renderer else []
    if entry.loss is not None:
        parts.append(f"loss {entry.loss:.3g}")
    if entry.state not in ("done", "broken"):
        parts.append(entry.state)
    return " · ".join(parts)


def figures(results: Mapping[str, Any]) -> Rows:
    """Loss, mean squared error in dB, steps, terms."""
    rows: Rows = []
    for name, value in results.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            continue
        rows.append((name.removeprefix("term_").replace("_", " "), number(value)))
        if name == "mse" and value > 0:
            rows.append(("likeness", f"{-10 * math.log10(value):.1f} dB"))
    return rows


def tables(recipe: Mapping[str, Any]) -> list[Table]:
    """A recipe as plain data -> a table for each of its parts, and one of the rest. Whatever is in it becomes text."""
    made = []
    for kind in ("renderer", "objective", "optimizer"):
        part = recipe.get(kind)
        if not isinstance(part, Mapping):
            continue
        options = {key: value for key, value in part.items() if key not in ("name", "terms")}
        terms = part.get("terms")
        if isinstance(terms, Mapping):
            for name, term in terms.items():
                options |= {f"{name}: {key}": value for key, value in term.items()} if isinstance(term, Mapping) else {name: term}
        rows = [(key.replace("_", " "), words) for key, value in options.items() if (words := said(value))]
        made.append(Table(f"{kind.capitalize()}: {said(part.get('name'))}", rows[:FEW], rows[FEW:]))
    rest: Rows = []
    for key, value in sorted(recipe.items(), key=lambda item: item[0] != "seed"):
        if key in ("renderer", "objective", "optimizer", "schema", "replay"):
            continue
        value = {name: item for name, item in value.items() if name not in ("sha256", "weights")} if isinstance(value, Mapping) else value
        if words := said(value):
            rest.append((key.replace("_", " "), words))
    made.append(Table("Run", rest, []))
    return made


def differing(recipes: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Of several recipes the rows in which they differ."""
    flat = []
    for recipe in recipes:
        rows: dict[str, str] = {}
        for table in tables(recipe):
            kind, _, name = table.title.partition(": ")
            rows |= {kind.lower(): name} if name else {}
            rows |= {f"{kind.lower()} {key}" if name else key: value for key, value in [*table.rows, *table.more]}
        flat.append(rows)
    names = dict.fromkeys(name for rows in flat for name in rows)
    return [(name, values) for name in names if len(set(values := [rows.get(name, "") for rows in flat])) > 1]


def recipe_of(content: bytes, suffix: str) -> dict[str, Any]:
    """The recipe in an artwork.json or a recipe.toml as plain data; empty where it cannot be read."""
    try:
        if suffix == ".json":
            data = json.loads(content).get("recipe", {})
        else:
            data = tomllib.loads(content.decode())
    except (ValueError, AttributeError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
