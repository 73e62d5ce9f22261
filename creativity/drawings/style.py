"""The styles of SVG: attributes, style sheets and ``style``, in the order in which one outranks the other, and what is inherited."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from xml.etree.ElementTree import Element

from creativity.errors import CreativityError

INITIAL = {
    "fill": "black",
    "fill-opacity": "1",
    "fill-rule": "nonzero",
    "stroke": "none",
    "stroke-opacity": "1",
    "stroke-width": "1",
    "stroke-linecap": "butt",
    "stroke-linejoin": "miter",
    "stroke-miterlimit": "4",
    "stroke-dasharray": "none",
    "color": "black",
    "visibility": "visible",
    "paint-order": "normal",
    "clip-rule": "nonzero",
    "marker-start": "none",
    "marker-mid": "none",
    "marker-end": "none",
    "font-size": "16",
}
"""What children inherit."""
OWN = {
    "opacity": "1",
    "display": "inline",
    "clip-path": "none",
    "mask": "none",
    "filter": "none",
    "stop-color": "black",
    "stop-opacity": "1",
    "mix-blend-mode": "normal",
    "isolation": "auto",
    "vector-effect": "none",
    "overflow": "",
    "transform-origin": "",
}
"""What they do not."""

Styles: TypeAlias = Mapping[str, str]
Simple: TypeAlias = tuple[str, str, frozenset[str]]
"""Of a selector: an element's name or *, an id, classes."""

_SIMPLE = re.compile(r"(\*|[A-Za-z][\w-]*)?((?:[.#][\w-]+)*)")
_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")


@dataclass(frozen=True)
class Rule:
    """What a selector says: simple selectors from the outermost in, each with whether it must be the parent of the next."""

    selector: tuple[tuple[Simple, bool], ...]
    rank: tuple[int, int, int, int]
    declarations: tuple[tuple[str, str, bool], ...]

    def fits(self, chain: Sequence[Element]) -> bool:
        """Whether it speaks of the last of these, each the parent of the next."""
        at = len(chain) - 1
        if not _meets(self.selector[-1][0], chain[at]):
            return False
        for simple, parent in reversed(self.selector[:-1]):
            at -= 1
            while at >= 0 and not _meets(simple, chain[at]):
                at = -1 if parent else at - 1
            if at < 0:
                return False
        return True


def _meets(simple: Simple, element: Element) -> bool:
    name, identifier, classes = simple
    local = element.tag.rpartition("}")[2]
    if name not in ("*", local) or (identifier and element.get("id") != identifier):
        return False
    return not classes or classes <= set(element.get("class", "").split())


def sheet(text: str) -> list[Rule]:
    """The rules of a style sheet, the strongest last. Raises CreativityError for what is no plain rule."""
    text = re.sub(r"/\*.*?\*/|<!--|-->", " ", text, flags=re.DOTALL)
    text = re.sub(r"@charset[^;]*;", " ", text)
    rules: list[Rule] = []
    if "@" in text:
        word = re.search(r"@[\w-]*", text)
        raise CreativityError(f"has a <style> with {word[0] if word else '@'}; save it with presentation attributes, not CSS")
    if _RULE.sub("", text).strip():
        raise CreativityError("has a <style> that cannot be read; save it with presentation attributes, not CSS")
    for found in _RULE.finditer(text):
        said = declarations(found[2])
        for selector in found[1].split(","):
            simples = _selector(selector)
            if simples is None:
                short = " ".join(selector.split())[:60]
                raise CreativityError(f"has a <style> for {short!r}, a selector that is not read; write classes, ids and elements alone")
            counts = [sum(bool(s[1]) for s, _ in simples), sum(len(s[2]) for s, _ in simples), sum(s[0] != "*" for s, _ in simples)]
            rules.append(Rule(simples, (counts[0], counts[1], counts[2], len(rules)), said))
    return sorted(rules, key=lambda rule: rule.rank)


def _selector(text: str) -> tuple[tuple[Simple, bool], ...] | None:
    words = re.sub(r"\s*>\s*", " > ", text.strip()).split()
    simples: list[tuple[Simple, bool]] = []
    for k, word in enumerate(words):
        if word == ">":
            if not simples or simples[-1][1]:
                return None
            simples[-1] = (simples[-1][0], True)
            continue
        found = _SIMPLE.fullmatch(word.rpartition("|")[2])
        if not found or not word:
            return None
        parts = re.findall(r"[.#][\w-]+", found[2])
        ids = [part[1:] for part in parts if part[0] == "#"]
        simples.append(((found[1] or "*", ids[0] if ids else "", frozenset(part[1:] for part in parts if part[0] == ".")), False))
        if len(ids) > 1 or k > 8:
            return None
    return tuple(simples) if simples and not simples[-1][1] else None


def declarations(text: str) -> tuple[tuple[str, str, bool], ...]:
    """``fill: red; stroke: none !important`` -> names, values, whether they are important."""
    said = []
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            value, mark, _ = value.partition("!")
            said.append((name.strip().lower(), value.strip(), bool(mark)))
    return tuple(said)


class Cascade:
    """What all sources together say of an element."""

    def __init__(self, rules: Sequence[Rule]):
        self.rules = rules
        self.ruled = {name for rule in rules for name, _, _ in rule.declarations}
        """What is said in a sheet, of anything."""

    def declared(self, chain: Sequence[Element]) -> dict[str, str]:
        """Of the last of these, each the parent of the next, by name: what is written for it."""
        element = chain[-1]
        plain = {name: value.strip() for name, value in element.attrib.items() if name in INITIAL or name in OWN}
        important: dict[str, str] = {}
        inline = declarations(element.get("style", "")) if element.get("style") else ()
        for said in (*(rule.declarations for rule in self.rules if rule.fits(chain)), inline):
            for name, value, matters in said:
                (important if matters else plain)[name] = value
        return {**plain, **important}

    def computed(self, chain: Sequence[Element], parent: Styles) -> dict[str, str]:
        """The same with what it inherits, and what holds where nothing is said."""
        styles = {**{name: parent[name] for name in INITIAL}, **OWN}
        for name, value in self.declared(chain).items():
            if name == "marker":
                styles |= dict.fromkeys(("marker-start", "marker-mid", "marker-end"), value)
            elif value == "inherit" or (value == "unset" and name in INITIAL):
                styles[name] = parent.get(name, OWN.get(name, ""))
            elif value in ("initial", "unset", "revert"):
                styles[name] = INITIAL.get(name, OWN.get(name, ""))
            elif value:
                styles[name] = value
        return styles


def colour(text: str) -> tuple[float, float, float, float] | None:
    """A colour in words or numbers -> red, green, blue and opacity in [0, 1]; None for what is none."""
    from PIL import ImageColor

    text = re.sub(r"\s*icc-color\(.*", "", text.strip().lower())
    if text == "transparent":
        return 0.0, 0.0, 0.0, 0.0
    if text in _SYSTEM:
        return None
    if found := re.fullmatch(r"(rgb|hsl)a?\(([^()]*)\)", text):
        return _function(found[1], re.split(r"[\s,/]+", found[2].strip()))
    try:
        levels = ImageColor.getrgb(text)
    except ValueError:
        return None
    alpha = levels[3] if len(levels) > 3 else 255
    return levels[0] / 255, levels[1] / 255, levels[2] / 255, alpha / 255


_SYSTEM = ("hsv", "hsb")


def _function(kind: str, words: list[str]) -> tuple[float, float, float, float] | None:
    import colorsys

    if len(words) not in (3, 4):
        return None
    try:
        scale = [255.0, 255.0, 255.0, 1.0] if kind == "rgb" else [360.0, 1.0, 1.0, 1.0]
        levels = [float(word[:-1]) / 100 if word.endswith("%") else float(word.removesuffix("deg")) / s for word, s in zip(words, scale)]  # noqa: B905
    except ValueError:
        return None
    if kind == "hsl":
        levels[:3] = colorsys.hls_to_rgb(levels[0] % 1.0, min(max(levels[2], 0.0), 1.0), min(max(levels[1], 0.0), 1.0))
    red, green, blue, alpha = (min(max(level, 0.0), 1.0) for level in [*levels, 1.0][:4])
    return red, green, blue, alpha


_PER_PIXEL = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "q": 96 / 101.6}
_LENGTH = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z%]*)\s*")


def length(text: str, whole: float, em: float = 16.0) -> float:
    """A length in user units; ``whole`` is what percentages are of. Raises ValueError."""
    found = _LENGTH.fullmatch(text)
    if not found:
        raise ValueError(text)
    value, unit = float(found[1]), found[2].lower()
    if unit == "%":
        value *= whole / 100
    elif unit in ("em", "ex", "rem"):
        value *= em / 2 if unit == "ex" else em
    elif unit in _PER_PIXEL:
        value *= _PER_PIXEL[unit]
    else:
        raise ValueError(text)
    if abs(value) > 1e7:
        raise ValueError(text)
    return value


def number(text: str) -> float:
    """A part of 1, in [0, 1]: a number or a percentage. Raises ValueError."""
    text = text.strip()
    value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    if value != value:
        raise ValueError(text)
    return min(max(value, 0.0), 1.0)
