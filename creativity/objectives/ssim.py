"""Structural similarity over several scales: what matters is the pattern, then its contrast, last its level.

Z. Wang, E. P. Simoncelli & A. C. Bovik, Multi-scale structural similarity for image quality assessment, 2003.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from creativity.objectives.comparison import Comparison, halved, mean
from creativity.options import option

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the scales from fine to coarse, as the authors measured them with people."""

C1, C2 = 0.01**2, 0.03**2

WINDOW, SIGMA = 11, 1.5

SMALL = 0.05
"""Below this the logarithm of a similarity goes on straight: unlike pictures, whose similarity may be negative, get a
finite loss and a gradient too."""


@dataclass(frozen=True)
class SsimOptions:
    scales: int = option(5, "how many scales, each half the one before; fewer where the picture is small", low=1, high=5)


class _Scale(NamedTuple):
    """What is known of the target at one scale: its local mean and mean square, and where it matters."""

    target: Tensor
    average: Tensor
    square: Tensor
    weight: Tensor | None


class Ssim(Comparison):
    """1 - multi-scale SSIM of each sRGB channel, averaged: structure and contrast before exact levels.

    Gaussian windows of 11 pixels (sigma 1.5), at the border what lies inside of them; as many scales as have room for a
    window, at least one, and the exponents of those made to add up to 1. Where less than ``SMALL`` is left of a scale's
    similarity the product goes on by its tangent.
    """

    Options = SsimOptions

    def study(self, target: Tensor, weight: Tensor | None) -> list[_Scale]:
        scales: list[_Scale] = []
        weights = None if weight is None else weight[None, None]
        while True:
            average, square = blurred(target), blurred(target**2)
            scales.append(_Scale(target, average, square - average**2, None if weights is None else weights[0, 0]))
            if len(scales) == self.options.scales or min(target.shape[2:]) < 2 * WINDOW:
                return scales
            target, weights = halved(target), None if weights is None else halved(weights)

    def compare(self, pictures: Tensor, study: list[_Scale]) -> Tensor:
        exponents = EXPONENTS[: len(study)]
        similarity = pictures.new_zeros(len(pictures), 3)
        for number, (scale, exponent) in enumerate(zip(study, exponents, strict=True)):
            if number:
                pictures = halved(pictures)
            moments = blurred(torch.cat([pictures, pictures**2, pictures * scale.target], dim=1))
            average, square, product = moments[:, :3], moments[:, 3:6], moments[:, 6:]
            covariance = product - average * scale.average
            found = (2 * covariance + C2) / (square - average**2 + scale.square + C2)
            if number == len(study) - 1:
                found = found * ((2 * average * scale.average + C1) / (average**2 + scale.average**2 + C1))
            channels = torch.stack([mean(found[:, i : i + 1], scale.weight) for i in range(3)], dim=1)
            similarity = similarity + exponent / sum(exponents) * _log(channels)
        return 1 - similarity.exp().mean(dim=1)


def _log(values: Tensor) -> Tensor:
    return values.clamp_min(SMALL).log() + (values - SMALL).clamp_max(0.0) / SMALL


def blurred(planes: Tensor) -> Tensor:
    """(B, C, H, W) under the Gaussian window; at the border, the weighted mean of what is there."""
    result: Tensor = _Blurred.apply(planes)  # type: ignore[no-untyped-call]
    return result


class _Blurred(torch.autograd.Function):
    """Two passes of one dimension; being symmetric, it is its own gradient."""

    @staticmethod
    def forward(ctx: Any, planes: Tensor) -> Tensor:
        return _window(planes) / _room(planes.shape[2], planes.shape[3]).to(planes.dtype)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Tensor:
        return _window(upstream / _room(upstream.shape[2], upstream.shape[3]).to(upstream.dtype))


def _window(planes: Tensor) -> Tensor:
    channels, half = planes.shape[1], WINDOW // 2
    kernel = planes.new_tensor(_gaussian()).expand(channels, 1, WINDOW)
    planes = planes.contiguous(memory_format=torch.channels_last)  # what depthwise kernels are quick on
    down = F.conv2d(planes, kernel[..., None], padding=(half, 0), groups=channels)
    return F.conv2d(down, kernel[:, :, None], padding=(0, half), groups=channels)


def _gaussian() -> list[float]:
    heights = [math.exp(-0.5 * ((i - WINDOW // 2) / SIGMA) ** 2) for i in range(WINDOW)]
    return [height / sum(heights) for height in heights]


@lru_cache(maxsize=64)
def _room(height: int, width: int) -> Tensor:
    """(H, W) how much of the window lies inside of the picture."""
    return _window(torch.ones(1, 1, height, width, dtype=torch.float64))[0, 0]
