"""``creativity export FILE -o poster.png --size 4000``: render an artwork at any size."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from creativity.cli.parse import Artwork, Files, Flag, Outputs, Real, Text, parse


@dataclass(frozen=True)
class Export:
    """Render an artwork at any size, from its file alone.

    creativity export out.svg -o poster.png --size 4000

    creativity export runs/photo-triangles-s42 -o print.svg --size 210mm --layers 6 --prune

    creativity export portrait.svg -o plot.svg --size 210mm --plotter
    """

    file: Artwork
    """A PNG, SVG, JSON or film that creativity saved, or a finished run folder."""
    output: Outputs = ()
    """What to save; the kind follows the suffix (.svg .png .json; .gif .webp .apng .mp4: as it is painted); - is standard output."""
    size: Text = None
    """Long side in pixels, a box such as 800x600, or a length such as 210mm; by default the recipe's."""
    layers: Text = None
    """Of an SVG: groups by colour, layers to Inkscape and vpype: own (its colours), a number of colours, a palette, or colours."""
    prune: Flag = False
    """Of an SVG: without marks that nobody sees, and in as few paths as look the same."""
    plotter: Flag = False
    """Of an SVG: lines alone, no background, one layer for each pen, in an order that carries the pen least."""
    animate: Real = None
    """Of an SVG: seconds in which it draws itself, once, in a browser."""
    plugin: Files = ()
    """The plug-in that it was made with."""


def main(words: Sequence[str]) -> int:
    asked = parse(Export, words, "export")

    from pathlib import Path

    from creativity import registry, verbs
    from creativity.artwork import open_artwork
    from creativity.errors import CreativityError
    from creativity.export import DrawingArguments
    from creativity.files import write_atomically

    if not asked.output:
        raise CreativityError("export: say where to with -o FILE (.svg .png .json)")
    artwork = open_artwork(asked.file)
    registry.require_plugins(artwork.recipe, asked.plugin, asked.file)
    verbs.check_outputs(asked.output, artwork.renderer)
    how: DrawingArguments = {"layers": asked.layers, "prune": asked.prune, "plotter": asked.plotter, "animate": asked.animate}
    for output in asked.output:
        notes: tuple[str, ...] = ()
        if Path(output).suffix.lower() == ".svg":
            text, notes = artwork.drawing(asked.size, **how)
            write_atomically(output, text.encode())
        else:
            artwork.save(output, asked.size, **how)
        if output != "-":
            print(f"{output}: {'; '.join(notes)}" if notes else output, file=sys.stderr)
    return 0
