"""Differences pixel by pixel, by other measures than the square in sRGB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from creativity.objectives.comparison import Comparison, mean
from creativity.options import option

METRICS = ("l1", "huber", "oklab")

FLARE = 0.01
"""Light that a screen adds to every pixel, as a part of its white: the viewing flare of the sRGB standard.

The cube root in OKLab is infinitely steep at black; on no screen is black that dark."""


@dataclass(frozen=True)
class DifferenceOptions:
    metric: str = option("l1", "how two colours are compared", choices=METRICS)
    delta: float = option(0.1, "for huber: up to this difference of levels it counts by its square", above=0.0, high=1.0)
    chroma: float = option(4.0, "for oklab: how much more hue and chroma count than lightness", low=0.0, high=100.0)


class _Study(NamedTuple):
    target: Tensor
    weight: Tensor | None


class Difference(Comparison):
    """Colours compared pixel by pixel: l1, huber, or oklab, the difference that the eye sees.

    ``l1``: mean absolute difference of sRGB levels; a few bad pixels weigh less than in `pixel`, edges come out harder.
    ``huber``: square below ``delta``, straight above (Huber 1964). ``oklab``: mean squared distance in OKLab (Ottosson
    2020), a and b ``chroma`` times as long, as seen on a screen with a little flare. (2 is CSS Color 4's deltaE OK2; with few
    marks it takes 4 to see that hue is kept.)
    """

    Options = DifferenceOptions

    def study(self, target: Tensor, weight: Tensor | None) -> _Study:
        return _Study(self._space(target), weight)

    def compare(self, pictures: Tensor, study: _Study) -> Tensor:
        difference = self._space(pictures) - study.target
        if self.options.metric == "l1":
            return mean(difference.abs(), study.weight)
        if self.options.metric == "huber":
            inner = difference.clamp(-self.options.delta, self.options.delta)
            return mean(inner * (difference - inner / 2), study.weight)
        return 3 * mean(difference**2, study.weight)

    def _space(self, pictures: Tensor) -> Tensor:
        if self.options.metric != "oklab":
            return pictures
        return oklab(pictures, FLARE) * pictures.new_tensor([1.0, self.options.chroma, self.options.chroma])[:, None, None]


_TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def oklab(pictures: Tensor, flare: float = 0.0) -> Tensor:
    """sRGB (B, 3, H, W) in [0, 1] -> OKLab, L in [0, 1], a and b some 0.3 at most (Ottosson 2020, with his numbers of 2021).

    ``flare``: light, as a part of white, that is added to all before the eye sees it. Without it the gradient at black
    is infinite.
    """
    linear = torch.where(pictures <= 0.04045, pictures / 12.92, ((pictures.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4)
    cones = _mixed((linear + flare) / (1 + flare), _TO_LMS)
    return _mixed(cones ** (1 / 3), _TO_LAB)


def _mixed(planes: Tensor, matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    return F.conv2d(planes, planes.new_tensor(matrix)[:, :, None, None])
