"""Differences of image gradients at several scales: lines and boundaries, wherever the levels lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from creativity.objectives.comparison import Comparison, halved, mean
from creativity.options import option


@dataclass(frozen=True)
class EdgesOptions:
    scales: int = option(4, "how many scales, each half the one before; fewer where the picture is small", low=1, high=8)


class _Scale(NamedTuple):
    across: Tensor
    down: Tensor
    weights: tuple[Tensor | None, Tensor | None]


class Edges(Comparison):
    """Mean absolute difference of the steps from pixel to pixel, at several scales; for sums such as pixel:1,edges:1.

    Alone it leaves the picture's mean colour free. (The gradient difference loss of Mathieu, Couprie & LeCun 2016, with
    signed gradients.)
    """

    Options = EdgesOptions

    def study(self, target: Tensor, weight: Tensor | None) -> list[_Scale]:
        scales: list[_Scale] = []
        weights = None if weight is None else weight[None, None]
        while True:
            scales.append(_Scale(*_steps(target), (None, None) if weights is None else _between(weights)))
            if len(scales) == self.options.scales or min(target.shape[2:]) < 4:
                return scales
            target, weights = halved(target), None if weights is None else halved(weights)

    def compare(self, pictures: Tensor, study: list[_Scale]) -> Tensor:
        total = 0 * mean(pictures)  # a picture of one pixel has no steps
        for number, scale in enumerate(study):
            if number:
                pictures = halved(pictures)
            for steps, goal, weight in zip(_steps(pictures), (scale.across, scale.down), scale.weights, strict=True):
                if goal.numel():
                    total = total + mean((steps - goal).abs(), weight)
        return total / len(study)


def _steps(planes: Tensor) -> tuple[Tensor, Tensor]:
    """From pixel to pixel, across (B, C, H, W - 1) and down (B, C, H - 1, W)."""
    return planes[..., 1:] - planes[..., :-1], planes[..., 1:, :] - planes[..., :-1, :]


def _between(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Of the steps, each the mean of its two pixels: (H, W - 1) and (H - 1, W)."""
    return (weights[0, 0, :, 1:] + weights[0, 0, :, :-1]) / 2, (weights[0, 0, 1:] + weights[0, 0, :-1]) / 2
