"""A drawing for people who go on with it: in an editor, on a plotter, on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict
from xml.etree.ElementTree import Element

from creativity.errors import CreativityError
from creativity.export import animation, layering, pen, pruning
from creativity.export.pieces import Piece, pieces_of
from creativity.renderers.base import Size
from creativity.svg import Gradient, colour, number

if TYPE_CHECKING:
    from creativity.artwork import Artwork

INKSCAPE = layering.INKSCAPE

WIDTH = 0.0015
"""How wide the edge of an area is shown where a pen draws it, in long sides."""


class DrawingArguments(TypedDict, total=False):
    """How an SVG is written.

    ``prune``: marks that nobody sees are left out, and marks of one paint that nothing separates become one path; no pixel
    changes by more than half a level. ``layers``: groups by colour, which Inkscape and vpype know as layers: "own" (its own
    colours), a number, the name of a palette, or colours; where these are not its own, each mark takes the nearest. A colour has as
    many layers as what lies between its marks demands. ``plotter``: lines alone, each a path that a pen follows: no background,
    areas by their edge, one layer for each pen, the lightest first, in an order that carries the pen least. ``animate``: seconds in
    which it draws itself, once, in browsers, unless its viewer has asked for less motion.
    """

    prune: bool
    layers: str | int | Sequence[str] | None
    plotter: bool
    animate: float | None


@dataclass(frozen=True)
class Drawing:
    """The elements of a drawing, bottom first, and in words what was done to it."""

    elements: list[Element]
    notes: tuple[str, ...] = ()


def drawing(
    artwork: Artwork,
    box: Size,
    unit: tuple[float, str],
    *,
    prune: bool = False,
    layers: str | int | Sequence[str] | None = None,
    plotter: bool = False,
    animate: float | None = None,
) -> Drawing:
    """The artwork in a canvas of ``box`` (H, W) units, each so long: (0.1, "mm"). See `DrawingArguments`.

    Raises CreativityError for a drawing with a structure of its own, and for what makes no sense.
    """
    if animate is not None and not 0 < animate <= 3600:
        raise CreativityError(f"a drawing draws itself in more than 0 and at most 3600 seconds, not {animate}")
    ground, behind, pieces = pieces_of(artwork, box)
    notes: list[str] = []
    if prune:
        count = len(pieces)
        pieces = pruning.visible(behind, pieces)
        notes.append(f"{count - len(pieces)} of {count} marks seen by nobody")
    groups: list[list[Element]]
    names: list[str] = []
    if plotter or layers is not None:
        colours = layering.coloured(pieces, "own" if layers is None else layers)
        sheets = (layering.by_pen if plotter else layering.layered)(pieces, colours)
        names = [sheet.colour for sheet in sheets]
        parts = [sheet.pieces for sheet in sheets]
        notes.append(f"{_several(len(parts), 'layer')} of {_several(len(set(names)), 'colour')}")
    else:
        parts = [pieces]
    if plotter:
        groups, note = _carried(parts, box, unit)
        ground = []
        notes.append(note)
    else:
        groups = [pruning.merged(part) if prune else [piece.element for piece in part] for part in parts]
        if prune:
            notes.append(f"{_several(len(pieces), 'mark')} in {_several(sum(map(len, groups)), 'element')}")
    sheet = []
    if animate is not None:
        elements = [element for group in groups for element in group]
        sheet = [animation.animate(elements, [pen.length(element) for element in elements], animate)]
    if names:
        bodies = [layering.group(group, k, name) for k, (group, name) in enumerate(zip(groups, names, strict=True), 1)]
    else:
        bodies = groups[0]
    return Drawing([*sheet, *ground, *bodies], tuple(notes))


def _carried(parts: list[list[Piece]], box: Size, unit: tuple[float, str]) -> tuple[list[list[Element]], str]:
    """The lines of each pen in the order in which it draws them, and in words how far it is carried."""
    groups, before, after, drawn = [], 0.0, 0.0, 0.0
    for part in parts:
        elements = [_line(piece, WIDTH * max(box)) for piece in part]
        before += pen.travel(*pen.ends(elements))
        ordered = []
        for k, turned in pen.order(*pen.ends(elements)):
            if turned:
                pen.turn_around(elements[k])
            ordered.append(elements[k])
        after += pen.travel(*pen.ends(ordered))
        drawn += sum(map(pen.length, ordered))
        groups.append(ordered)
    scale, name = unit
    ways = [f"{number(scale * way, 0)} {name}" for way in (drawn, after, before)]
    return groups, "the pen draws {} and is carried {} ({} in the order of painting)".format(*ways)


def _line(piece: Piece, width: float) -> Element:
    """What a pen follows: of an area its edge."""
    element = piece.element
    if not piece.lined:
        element.set("stroke", colour(piece.colour) if isinstance(paint := element.get("fill", "#000000"), Gradient) else paint)
        element.set("fill", "none")
        element.set("stroke-width", number(width, 2))
        element.attrib.pop("fill-opacity", None)
    return element


def _several(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
