"""Ink: how much of the paper is covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from creativity import palettes
from creativity.objectives.base import Objective
from creativity.objectives.comparison import mean, scored
from creativity.objectives.difference import FLARE, oklab
from creativity.objectives.palette import rgb
from creativity.options import option

if TYPE_CHECKING:
    from creativity.problem import Candidates

VISIBLE = 0.05
"""In OKLab: what differs so much from the paper is half ink, what differs three times as much nine tenths; there is always a way back."""


@dataclass(frozen=True)
class InkOptions:
    share: float = option(0.2, "the part of the canvas that shall be covered", low=0.0, high=1.0)
    paper: str | None = option(None, "a colour such as #f5f0e6; by default the renderer's background, white where it has none")

    def __post_init__(self) -> None:
        if self.paper is not None:
            object.__setattr__(self, "paper", palettes.colour(self.paper))


class Ink(Objective):
    """Squared difference between the part of the canvas that is covered and the ``share`` that is asked for.

    Of a transparent picture it is the opacity that counts, of another how far a pixel is, to the eye, from the paper: what
    has the paper's colour is not ink. Marks shrink and grow by it rather than fade.
    """

    Options = InkOptions

    def __call__(self, candidates: Candidates) -> Tensor:
        return candidates.in_parts(lambda part: (self.coverage(part) - self.options.share) ** 2)

    def coverage(self, candidates: Candidates) -> Tensor:
        """The part of each canvas that is covered, (B,) in [0, 1]."""
        pictures = candidates.images(candidates.size, alpha=True)
        if self.options.paper is not None:
            paper = rgb((self.options.paper,)).expand(len(pictures), 3)
        elif candidates.transparent:
            return scored(pictures, lambda seen: mean(seen[:, 3:].contiguous()))
        else:
            marks = candidates.marks
            paper = pictures.new_ones(len(pictures), 3) if marks is None else marks.backgrounds[:, :3]
        both = torch.cat([pictures, paper[:, :, None, None].expand(-1, -1, *candidates.size)], dim=1)
        return scored(both, _coverage)


def _coverage(both: Tensor) -> Tensor:
    """Premultiplied RGBA and the paper's colour, (B, 7, H, W) -> (B,)."""
    paper = both[:, 4:, :1, :1]
    seen = both[:, :3] + paper * (1 - both[:, 3:4])
    square = ((oklab(seen, FLARE) - oklab(paper, FLARE)) ** 2).sum(dim=1, keepdim=True)
    return mean(square / (square + VISIBLE**2))
