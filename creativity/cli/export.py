"""``creativity export FILE -o poster.png --size 4000``: render an artwork at any size."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from creativity.cli.parse import Artwork, Files, Outputs, Text, parse


@dataclass(frozen=True)
class Export:
    """Render an artwork at any size, from its file alone.

    creativity export out.svg -o poster.png --size 4000

    creativity export runs/photo-triangles-s42 -o print.svg --size 210mm
    """

    file: Artwork
    """A PNG, SVG, JSON or film that creativity saved, or a finished run folder."""
    output: Outputs = ()
    """What to save; the kind follows the suffix (.svg .png .json; .gif .webp .apng .mp4: as it is painted); - is standard output."""
    size: Text = None
    """Long side in pixels, a box such as 800x600, or a length such as 210mm; by default the recipe's."""
    plugin: Files = ()
    """The plug-in that it was made with."""


def main(words: Sequence[str]) -> int:
    asked = parse(Export, words, "export")

    from creativity import registry, verbs
    from creativity.artwork import open_artwork
    from creativity.errors import CreativityError

    if not asked.output:
        raise CreativityError("export: say where to with -o FILE (.svg .png .json)")
    artwork = open_artwork(asked.file)
    registry.require_plugins(artwork.recipe, asked.plugin, asked.file)
    verbs.check_outputs(asked.output, artwork.renderer)
    for output in asked.output:
        artwork.save(output, asked.size)
        if output != "-":
            print(output, file=sys.stderr)
    return 0
