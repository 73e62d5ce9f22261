"""Weighted squared error in sRGB: the mean over pixels and channels, comparable with published MSE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from creativity.objectives.comparison import Comparison

if TYPE_CHECKING:
    from creativity.problem import Candidates


@dataclass(frozen=True)
class PixelOptions:
    pass


class Pixel(Comparison):
    """Mean squared error of sRGB levels in [0, 1]: the fastest, and what greedy can build by.

    A transparent pixel counts by its expected error over uniformly random backgrounds.
    """

    Options = PixelOptions
    on_gpu = True

    def __call__(self, candidates: Candidates) -> Tensor:
        target, weight = self.goal(candidates.size)
        return candidates.squared_error(target, weight)
