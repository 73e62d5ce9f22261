"""Style: the small patches of other pictures, their strokes, grain and colours, at several scales and wherever they are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from creativity.errors import CreativityError
from creativity.objectives.appearance import Appearance, shrunk
from creativity.objectives.base import Context
from creativity.objectives.comparison import halved, over
from creativity.options import option
from creativity.streams import Streams

SIDE = 128
"""Long side of the pixels that are compared: what is finer has no part in it."""

PATCH = 7
"""Pixels of a patch's side."""

STRIDE = 3
"""Pixels from patch to patch, where there are many: no part of the usual pitch of patterns, which are powers of two."""

DIRECTIONS = 48

COLOURS = 12
"""Directions in which colours alone are compared."""

FIXED = Streams(0)("style")
"""Directions are the same in every run, so that losses can be compared."""


@dataclass(frozen=True)
class StyleOptions:
    reference: tuple[str, ...] = option((), "a picture, or several, to learn from", picture=True)
    colour: float = option(1.0, "how much their colours count beside their patterns; by 0 the picture keeps its own", low=0.0, high=100.0)
    scales: int = option(4, "how many scales, each half the one before; fewer where the picture is small", low=1, high=6)


class Style(Appearance):
    """Sliced Wasserstein distance between the patches of the picture and of reference pictures, at several scales.

    Mean over fixed random directions of the squared difference of sorted projections (Rabin et al. 2011; Elnekave & Weiss
    2022): what patches there are, and how many of each, not where. Patterns are told from patches less their mean colour, colours
    by themselves.
    """

    Options = StyleOptions

    def __init__(self, options: StyleOptions):
        super().__init__(options)
        if not options.reference:
            raise CreativityError("objective 'style' needs a picture to learn from, such as reference=PICTURE")
        random = FIXED.at()
        kernels = torch.from_numpy(random.standard_normal((DIRECTIONS, 3, PATCH, PATCH))).float()
        kernels -= kernels.mean((2, 3), keepdim=True)
        self._kernels = kernels / kernels.flatten(1).norm(dim=1)[:, None, None, None]
        colours = torch.from_numpy(random.standard_normal((COLOURS, 3))).float()
        self._colours = (colours / colours.norm(dim=1, keepdim=True))[:, :, None, None]

    def prepare(self, context: Context) -> None:
        super().prepare(context)
        self._pictures = [over(context.reference(name)[None], 1.0) for name in self.options.reference]
        self._goals: dict[tuple[int, int, int], Tensor] = {}
        self._studies: dict[int, list[tuple[Tensor, Tensor]]] = {}

    def judge(self, pictures: Tensor) -> Tensor:
        seen = shrunk(over(pictures, 1.0), SIDE)
        return torch.stack([self._distance(picture[None]) for picture in seen])  # each alone, that company changes no bit

    def _distance(self, picture: Tensor) -> Tensor:
        side = max(picture.shape[2:])
        terms = []
        for scale, seen in enumerate(self._scales(picture)):
            for kind, found in enumerate(seen):
                ordered = found.sort(dim=1).values
                terms.append(
                    (1.0, self.options.colour)[kind] * (ordered - self._goal(side, scale, kind, ordered.shape[1])).square().mean(1).mean()
                )
        return torch.stack(terms).sum() / (len(terms) / 2)

    def _scales(self, picture: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Projections of patches (K, N) and of colours, at each scale of one picture (1, 3, H, W)."""
        found = []
        while True:
            height, width = picture.shape[2:]
            padded = F.pad(picture, (0, max(0, PATCH - width), 0, max(0, PATCH - height)), mode="replicate")
            stride = STRIDE if min(height, width) >= 4 * PATCH else 1
            found.append((F.conv2d(padded, self._kernels, stride=stride)[0].flatten(1), F.conv2d(picture, self._colours)[0].flatten(1)))
            if len(found) == self.options.scales or min(height, width) < 2 * PATCH:
                return found
            picture = halved(picture)

    def _goal(self, side: int, scale: int, kind: int, count: int) -> Tensor:
        """What the sorted projections of so many patches should be, (K, count), in pictures of this long side."""
        if side not in self._studies:
            with torch.no_grad():
                several = [self._scales(_enlarged(shrunk(picture, side), side)) for picture in self._pictures]
            self._studies[side] = [_together(level) for level in zip(*several, strict=False)]
        studies = self._studies[side]
        level = min(scale, len(studies) - 1)
        key = (side * 8 + level, kind, count)
        if key not in self._goals:
            goal = studies[level][kind]
            places = ((torch.arange(count, dtype=torch.float64) + 0.5) / count * goal.shape[1]).long()
            self._goals[key] = goal[:, places.clamp_max(goal.shape[1] - 1)]
        return self._goals[key]


def _together(seen: tuple[tuple[Tensor, Tensor], ...]) -> tuple[Tensor, Tensor]:
    """The projections of several pictures' patches and colours, sorted."""
    patches, colours = (torch.cat(parts, dim=1).sort(dim=1).values for parts in zip(*seen, strict=True))
    return patches, colours


def _enlarged(picture: Tensor, side: int) -> Tensor:
    """A reference that is smaller than what is compared with it, at the same size."""
    factor = side / max(picture.shape[2:])
    if factor <= 1:
        return picture
    size = [max(1, round(length * factor)) for length in picture.shape[2:]]
    return F.interpolate(picture, size=size, mode="bilinear", align_corners=False)
