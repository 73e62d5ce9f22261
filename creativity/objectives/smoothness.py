"""Smoothness: total variation, of all there is or of the large forms alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from creativity.objectives.appearance import Appearance, levels
from creativity.objectives.comparison import halved, mean
from creativity.options import option

FAINT = 0.01
"""Steps of levels that are smaller count by their square: at nothing, their length has no gradient."""


@dataclass(frozen=True)
class SmoothnessOptions:
    halvings: int = option(
        0, "how often the picture is halved first: with 3 fine detail is free and large contrasts are not", low=0, high=8
    )


class Smoothness(Appearance):
    """Total variation (Rudin, Osher & Fatemi 1992): the length of all edges, in long sides, times their contrast.

    It takes away specks and faint edges first. Edges count alike in every direction, those of the three colours
    together, and at every size of picture.
    """

    Options = SmoothnessOptions

    def judge(self, pictures: Tensor) -> Tensor:
        seen = levels(pictures)
        for _ in range(self.options.halvings):
            seen = halved(seen)
        across = F.pad(seen[..., 1:] - seen[..., :-1], (0, 1))
        down = F.pad(seen[..., 1:, :] - seen[..., :-1, :], (0, 0, 0, 1))
        steps = ((across**2 + down**2).sum(dim=1, keepdim=True) / 3 + FAINT**2).sqrt() - FAINT
        return mean(steps) * max(seen.shape[2:])
