"""Colours that stay near a palette: softly, where a renderer's own ``palette`` allows no other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from creativity import palettes
from creativity.errors import CreativityError, nearest
from creativity.objectives.appearance import Appearance
from creativity.objectives.base import Context
from creativity.objectives.difference import FLARE, oklab
from creativity.options import option, whole

CHROMA = 2.0
"""How much more a and b count than lightness: as in CSS Color 4's deltaE OK2."""

NEAR = 0.05
"""In OKLab: of two colours of the palette whose distances differ by less, both pull."""

CLEAR = 1e-3
"""What is less opaque has no colour."""


@dataclass(frozen=True)
class PaletteOptions:
    colours: tuple[str, ...] | int = option(
        ("6",), "a name (creativity list palettes), so many of the target's own, or colours such as #112233,#ffcc00"
    )


class Palette(Appearance):
    """Mean squared distance in OKLab from each pixel to the palette, where each is drawn to the nearest colours.

    The distance is a soft minimum, so that there is a gradient from one colour to the next. Transparent pixels count by
    their opacity.
    """

    Options = PaletteOptions

    def __init__(self, options: PaletteOptions):
        super().__init__(options)
        self._colours: Tensor | None = None
        found = _read(options.colours)
        self._count = found if isinstance(found, int) else None
        if not isinstance(found, int):
            self._colours = _lab(found)
            self.options = replace(options, colours=found)  # a recipe keeps the colours, whatever the name will mean

    def prepare(self, context: Context) -> None:
        """Where so many of the target's own colours are asked for, they are found. Raises CreativityError without a target."""
        super().prepare(context)
        if self._count is None:
            return
        if context.target is None:
            raise CreativityError(
                "objective 'palette': without a picture, name the colours, such as colours=bauhaus (creativity list palettes)"
            )
        straight = context.target.clone()
        straight[:3] /= straight[3].clamp_min(CLEAR)
        picture = (255 * straight.clamp(0, 1)).round().byte().permute(1, 2, 0).numpy()
        self._colours = _lab(palettes.of_picture(np.ascontiguousarray(picture), self._count))

    def judge(self, pictures: Tensor) -> Tensor:
        return torch.stack([self._distance(picture) for picture in pictures])  # each alone: there may be many colours

    def _distance(self, picture: Tensor) -> Tensor:
        assert self._colours is not None, "an objective was called before prepare()"
        opacity = picture[3]
        seen = _stretched(oklab((picture[None, :3] / opacity.clamp_min(CLEAR)).clamp(0, 1), FLARE)[0].flatten(1))  # (3, H W)
        colours = self._colours.to(seen)
        squares = torch.addmm((colours**2).sum(1, keepdim=True) + (seen**2).sum(0), colours, seen, alpha=-2).clamp_min(0)  # (K, H W)
        pull = torch.exp((squares.detach().amin(0) - squares) / NEAR**2)
        return ((pull * squares).sum(0) / pull.sum(0) * opacity.flatten()).mean()


def rgb(colours: tuple[str, ...]) -> Tensor:
    """#rrggbb -> (K, 3) in [0, 1]."""
    return torch.tensor([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours])


def _lab(colours: tuple[str, ...]) -> Tensor:
    return _stretched(oklab(rgb(colours).T[None, :, :, None], FLARE)[0, :, :, 0]).T


def _stretched(colours: Tensor) -> Tensor:
    """OKLab (3, N) with a and b as long as they count."""
    return colours * colours.new_tensor([[1.0], [CHROMA], [CHROMA]])


def _read(asked: tuple[str, ...] | int) -> tuple[str, ...] | int:
    """Colours, as #rrggbb, or how many of the target's own. No picture's path: a recipe opens no file."""
    words = (str(asked),) if isinstance(asked, int) else tuple(word.strip() for word in asked)
    if not words:
        raise CreativityError("objective 'palette' needs colours, such as colours=bauhaus (creativity list palettes)")
    count = whole(words[0]) if len(words) == 1 and len(words[0]) < 3 else None
    if count is not None:
        if not 2 <= count <= palettes.MOST:
            raise CreativityError(f"objective 'palette': a picture's own colours are from 2 to {palettes.MOST}, not {count}")
        return count
    if len(words) > 1 or words[0].startswith("#"):
        return tuple(palettes.colour(word) for word in words)
    if words[0].lower() in palettes.PALETTES:
        return palettes.PALETTES[words[0].lower()].colours
    raise CreativityError(f"objective 'palette': no palette is called {words[0]!r}; {nearest(words[0], palettes.PALETTES)}")
