"""A drawing that draws itself, once: lines along their length, areas by appearing, one after another.

CSS alone, inside of the file. Who asks for less motion, or cannot play it, sees the finished drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from creativity.svg import number

FADE = 0.4
"""Seconds in which an area appears, at most."""

STYLE = """@media (prefers-reduced-motion: no-preference) {
.line { animation: draw linear backwards }
.area { animation: appear ease-out backwards }
}
@keyframes draw { from { visibility: hidden; stroke-dasharray: 1; stroke-dashoffset: 1 } to { stroke-dasharray: 1; stroke-dashoffset: 0 } }
@keyframes appear { from { opacity: 0 } }"""


def animate(elements: Sequence[Element], lengths: Sequence[float], seconds: float) -> Element:
    """Let ``elements`` appear in their order within ``seconds``: each takes as much of them as its length. Returns the style sheet.

    Those with a length of 0 are areas, which take as much as a line of middle length.
    """
    lines = [length for length in lengths if length > 0]
    usual = sum(lines) / len(lines) if lines else 1.0
    shares = [length or usual for length in lengths]
    whole, at = sum(shares), 0.0
    for element, length, share in zip(elements, lengths, shares, strict=True):
        takes = seconds * share / whole
        lasts = takes if length else min(max(takes, FADE), max(seconds - at, takes))
        element.set("class", "line" if length else "area")
        element.set("style", f"animation-delay:{number(at, 3)}s;animation-duration:{number(lasts, 3)}s")
        if length:
            element.set("pathLength", "1")
        at += takes
    sheet = Element("style")
    sheet.text = STYLE
    return sheet
