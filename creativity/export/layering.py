"""Layers by colour, as Inkscape and vpype know them: groups with ``inkscape:groupmode="layer"`` and a label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from creativity import palettes
from creativity.errors import CreativityError
from creativity.export.pieces import Piece
from creativity.svg import colour as spelt

INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"

INHERITED = ("fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-linecap", "stroke-linejoin")
"""What an element takes from its group where it does not say itself."""


class Layer(NamedTuple):
    """Pieces of one ``colour``, #rrggbb, bottom first."""

    colour: str
    pieces: list[Piece]


def coloured(pieces: Sequence[Piece], asked: str | int | Sequence[str]) -> list[str]:
    """The colour of each piece, #rrggbb: its own, or the nearest of those asked for, which it then has.

    ``asked``: "own", a number of colours to be found among the pieces' own, or a palette. Raises CreativityError.
    """
    own = np.array([piece.colour for piece in pieces]).reshape(-1, 3)
    if isinstance(asked, str) and asked.strip().lower() == "own":
        names = [spelt(colour) for colour in own]
        if len(set(names)) > palettes.MOST:
            raise CreativityError(
                f"the drawing has {len(set(names))} colours; say how many layers it shall have, such as 6, or in which colours"
            )
        return names
    palette = palettes.resolve(asked, _swatches(pieces, own))
    if not palette:
        raise CreativityError("no colours are given for layers; write own, a number, a palette or #112233,#ffcc00")
    choices = np.array([[int(name[k : k + 2], 16) / 255 for k in (1, 3, 5)] for name in palette])
    nearest = ((palettes.oklab(own)[:, None] - palettes.oklab(choices)) ** 2).sum(axis=2).argmin(axis=1)
    for piece, choice in zip(pieces, nearest.tolist(), strict=True):
        for part in ("fill", "stroke"):
            if piece.element.get(part, "none") != "none":
                piece.element.set(part, palette[choice])
    return [palette[choice] for choice in nearest.tolist()]


def _swatches(pieces: Sequence[Piece], colours: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A picture (256, 256, 4) in which each colour has as much room as its marks."""
    areas = np.zeros(len(pieces))
    for k, piece in enumerate(pieces):
        if paint := piece.paint():
            areas[k] = paint.pixels[..., 3].sum()
    if not areas.sum():
        return np.zeros((0, 0, 4), np.uint8)
    ends = np.rint(np.cumsum(areas) / areas.sum() * 65536).astype(int)
    levels = np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8)
    pixels = np.repeat(levels, np.diff(ends, prepend=0), axis=0)
    return np.concatenate([pixels, np.full((len(pixels), 1), 255, np.uint8)], axis=1).reshape(256, 256, 4)


def layered(pieces: Sequence[Piece], colours: Sequence[str]) -> list[Layer]:
    """Layers, bottom first, that together are the same picture: each piece in the lowest of its colour that is not below anything
    that it covers. Pieces of one colour may change places, whatever their opacity: "over" gives the same in any order."""
    layers: list[Layer] = []
    if not pieces:
        return layers
    top = np.zeros(pieces[0].size, np.int32)  # the highest layer that has painted a pixel
    for piece, colour in zip(pieces, colours, strict=True):
        paint = piece.paint()
        covered = paint.pixels[..., 3] > 0 if paint else np.zeros((0, 0), np.bool_)
        lowest = int(top[paint.window][covered].max(initial=0)) if paint else 0
        at = next((k for k in range(lowest, len(layers)) if layers[k].colour == colour), len(layers))
        if at == len(layers):
            layers.append(Layer(colour, []))
        layers[at].pieces.append(piece)
        if paint:
            top[paint.window][covered] = at
    return layers


def by_pen(pieces: Sequence[Piece], colours: Sequence[str]) -> list[Layer]:
    """One layer for each colour, the lightest first: dark lines are drawn over light ones, whatever their order was."""
    lightness = {name: float(palettes.oklab(np.array([int(name[k : k + 2], 16) / 255 for k in (1, 3, 5)]))[0]) for name in set(colours)}
    return [
        Layer(name, [piece for piece, own in zip(pieces, colours, strict=True) if own == name])
        for name in sorted(lightness, key=lambda name: (-lightness[name], name))
    ]


def group(elements: Sequence[Element], number: int, colour: str) -> Element:
    """A layer's element. What all in it have in common is said once."""
    found = Element("g", {"id": f"layer{number}", "inkscape:groupmode": "layer", "inkscape:label": f"{number} {colour}"})
    for name in INHERITED:
        values = {element.get(name) for element in elements}
        if len(values) == 1 and (value := values.pop()) is not None:
            found.set(name, value)
            for element in elements:
                del element.attrib[name]
    found.extend(elements)
    return found
