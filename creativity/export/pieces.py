"""The marks of a drawing one by one: the element of each, its colour, and the pixels that it covers."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree.ElementTree import Element

import numpy as np
import torch

from creativity.errors import CreativityError
from creativity.renderers import raster
from creativity.renderers.base import MarksRenderer, Size, VectorRenderer

if TYPE_CHECKING:
    from creativity.artwork import Artwork

Array = np.ndarray[Any, Any]

SIDE = 2048
"""The long side of the pixels, at most, by which is judged what is seen and what overlaps."""


class Paint(NamedTuple):
    """What a mark alone puts on the canvas: premultiplied RGBA (h, w, 4) from row ``top`` and column ``left`` on."""

    top: int
    left: int
    pixels: Array

    @property
    def window(self) -> tuple[slice, slice]:
        height, width, _ = self.pixels.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


@dataclass
class Piece:
    """One mark: its element, and its outlines in pixels of a canvas of ``size``."""

    element: Element
    outlines: raster.Outlines
    size: Size

    @property
    def colour(self) -> tuple[float, ...]:
        return tuple(self.outlines.colours[0].tolist())

    @property
    def lined(self) -> bool:
        """Whether it is a line, of one width, and no area."""
        return self.element.tag == "line" or (self.element.get("fill") == "none" and "stroke" in self.element.attrib)

    def paint(self) -> Paint | None:
        """None where nothing of it is on the canvas."""
        points = self.outlines.points
        if not len(points) or not torch.isfinite(points).all():
            return None
        left, top = (max(0, math.floor(low)) for low in points.min(dim=0).values.tolist())
        right, bottom = (min(most, math.ceil(high)) for most, high in zip(self.size[::-1], points.max(dim=0).values.tolist(), strict=True))
        if left >= right or top >= bottom:
            return None
        gradients = self.outlines.gradients
        if gradients is not None:
            a, b, c, d, e, f = gradients.frames.unbind(dim=1)
            moved = torch.stack([a, b, c, d, e + a * left + c * top, f + b * left + d * top], dim=1)
            gradients = dataclasses.replace(gradients, frames=moved)
        here = dataclasses.replace(self.outlines, points=points - points.new_tensor([left, top]), gradients=gradients)
        return Paint(top, left, raster.render(here, (bottom - top, right - left))[0].permute(1, 2, 0).numpy())


def pieces_of(artwork: Artwork, box: Size) -> tuple[list[Element], Array, list[Piece]]:
    """The background's element, if there is one, its premultiplied colour (4,), and all marks, bottom first.

    Elements are in a canvas of ``box`` (H, W) units. Raises CreativityError where elements are not marks.
    """
    renderer, name = artwork.renderer, artwork.recipe.renderer.name
    if not isinstance(renderer, VectorRenderer) or not isinstance(renderer, MarksRenderer):
        raise CreativityError(f"renderer {name!r} draws no marks that could be told apart")
    shrunk = min(1.0, SIDE / max(box))
    size = (max(1, round(box[0] * shrunk)), max(1, round(box[1] * shrunk)))
    genome = torch.from_numpy(artwork.genome)
    with torch.no_grad():
        outlines = renderer.marks(genome[None], size)
        elements = [mark if isinstance(mark, Element) else mark.get_xml() for mark in renderer.to_svg(genome, box)]
    ground = outlines.backgrounds[0].numpy()
    below = [elements.pop(0)] if ground[3] > 0 else []
    each, rest = divmod(len(outlines.colours), max(1, len(elements)))
    if rest or not each or any(len(element) for element in elements):
        raise CreativityError(f"renderer {name!r} keeps a structure of its own in its drawings, which is not taken apart")
    parts = [_part(outlines, each * k, each * (k + 1)) for k in range(len(elements))]
    return below, ground, [Piece(element, part, size) for element, part in zip(elements, parts, strict=True)]


def _part(outlines: raster.Outlines, first: int, last: int) -> raster.Outlines:
    """Some marks as a picture of their own, on nothing."""
    marks = outlines.marks[first : last + 1]
    contours = outlines.contours[int(marks[0]) : int(marks[-1]) + 1]
    return raster.Outlines(
        outlines.points[int(contours[0]) : int(contours[-1])],
        outlines.colours[first:last],
        outlines.opacities[first:last],
        torch.zeros(1, 4),
        contours - contours[0],
        marks - marks[0],
        torch.tensor([0, last - first], dtype=torch.int32),
        _fills(outlines.gradients, first, last),
    )


def _fills(gradients: raster.Gradients | None, first: int, last: int) -> raster.Gradients | None:
    if gradients is None:
        return None
    stops = gradients.stops[first : last + 1]
    these = slice(int(stops[0]), int(stops[-1]))
    return raster.Gradients(
        gradients.kinds[first:last], gradients.frames[first:last], stops - stops[0], gradients.places[these], gradients.colours[these]
    )
