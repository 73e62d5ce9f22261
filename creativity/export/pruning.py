"""What need not be in a file: marks that nobody sees, and the seams between marks of one paint.

Both are exact. A mark is left out where the picture, with all that is left out already, differs in no pixel and no channel by more
than half a level of 255; marks become one path only where none of them, and nothing painted between them, shares a pixel.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from creativity.export.pieces import Piece

Array = np.ndarray[Any, Any]

HALF_A_LEVEL = 0.5 / 255

GEOMETRY = {"d", "points", "x1", "y1", "x2", "y2"}
"""What says where an element is; all else is its paint."""


def visible(ground: Array, pieces: Sequence[Piece]) -> list[Piece]:
    """Those of the ``pieces``, bottom first on a ``ground`` of premultiplied RGBA (4,), that can be seen."""
    if not pieces:
        return []
    height, width = pieces[0].size
    # How much of each still comes through what lies above; half precision, since there may be thousands of them.
    through = np.ones((height, width), np.float32)
    above: list[Array] = []
    for piece in reversed(pieces):
        paint = piece.paint()
        if paint is None:
            above.append(through[:0])
            continue
        above.append(through[paint.window].astype(np.float16))
        through[paint.window] *= 1 - paint.pixels[..., 3]
    # From below: the picture with every mark that is still to come changes, by leaving one out, by what it adds to what is left
    # below it, as far as that comes through. So the changes of all that are left out add up exactly.
    below = np.broadcast_to(ground.astype(np.float32), (height, width, 4)).copy()
    changed = np.zeros_like(below)
    seen = []
    for piece, light in zip(pieces, reversed(above), strict=True):
        paint = piece.paint()
        if paint is None:
            continue
        under, alpha = below[paint.window], paint.pixels[..., 3:]
        added = paint.pixels - alpha * under
        change = changed[paint.window] - light[..., None] * added
        if max(change.max(), -change.min()) <= HALF_A_LEVEL:
            changed[paint.window] = change
        else:
            under += added
            seen.append(piece)
    return seen


def merged(pieces: Sequence[Piece]) -> list[Element]:
    """The elements of ``pieces``, those of one paint in one path wherever nothing lies between."""
    elements: list[Element] = []
    if not pieces:
        return elements
    last = np.full(pieces[0].size, -1, np.int32)  # which element was painted last on a pixel
    opened: dict[tuple[tuple[str, str], ...], int] = {}
    for piece in pieces:
        paint, data = piece.paint(), path_data(piece.element)
        key = tuple(sorted((name, value) for name, value in piece.element.attrib.items() if name not in GEOMETRY))
        covered = paint.pixels[..., 3] > 0 if paint else np.zeros((0, 0), np.bool_)
        before = int(last[paint.window][covered].max(initial=-1)) if paint else -1
        at = opened.get(key, -1)
        if data is not None and at > before:
            first = elements[at]
            if first.tag != "path":
                start = path_data(first)
                paths = {name: value for name, value in first.attrib.items() if name not in GEOMETRY}
                elements[at] = first = Element("path", {**paths, "d": start or ""})
            first.set("d", first.get("d", "") + data)
        else:
            at = len(elements)
            elements.append(piece.element)
            if data is not None:
                opened[key] = at
        if paint:
            last[paint.window][covered] = at
    return elements


def path_data(element: Element) -> str | None:
    """A path, polygon or line as the data of a path; None of others."""
    get = element.attrib.get
    if element.tag == "path":
        return get("d")
    if element.tag == "polygon":
        return "M" + "L".join(re.split(r"\s+", get("points", "").strip())) + "Z"
    if element.tag == "line":
        return f"M{get('x1')},{get('y1')}L{get('x2')},{get('y2')}"
    return None
