"""Structural similarity over several scales: what matters is the pattern, then its contrast, last its level.

Z. Wang, E. P. Simoncelli & A. C. Bovik, Multi-scale structural similarity for image quality assessment, 2003.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from creativity.compiled import compiled, share_out
from creativity.objectives.comparison import Comparison, halved
from creativity.options import option

Array = np.ndarray[Any, Any]

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the scales from fine to coarse, as the authors measured them with people."""

WINDOW, SIGMA = 11, 1.5

TAPS = np.exp(-0.5 * (np.arange(WINDOW // 2 + 1) / SIGMA) ** 2).astype(np.float32)
TAPS /= TAPS[0] + 2 * TAPS[1:].sum()
"""Half of the window, from its middle outwards."""

SMALL = 0.05
SMALL_LOG = float(np.log(SMALL))
"""Below this the logarithm of a similarity goes on as its mirror image: unlike pictures, whose similarity may be negative,
get a loss below 1 and a gradient too."""


@dataclass(frozen=True)
class SsimOptions:
    scales: int = option(5, "how many scales, each half the one before; fewer where the picture is small", low=1, high=5)


class _Scale(NamedTuple):
    """What is known of the target at one scale, as arrays: itself, its local mean and variance (3, H, W), where it matters
    (H, W), and one over what of a window lies inside of the picture, by row and by column."""

    target: Array
    average: Array
    variance: Array
    weight: Array
    down: Array
    across: Array


class Ssim(Comparison):
    """1 - multi-scale SSIM in sRGB: structure and contrast before exact levels.

    Gaussian windows of 11 pixels (sigma 1.5), at the border what lies inside of them; the mean over pixels and channels at
    each scale. As many scales as have room for a window, at least one, and the exponents of those made to add up to 1. From a
    scale's similarity below 0.05 the product falls more gently, and never to 0.
    """

    Options = SsimOptions

    def study(self, target: Tensor, weight: Tensor | None) -> list[_Scale]:
        scales: list[_Scale] = []
        weights = torch.ones_like(target[:, :1]) if weight is None else weight[None, None]
        while True:
            scales.append(_known(target[0].numpy(), weights[0, 0].numpy()))
            if len(scales) == self.options.scales or min(target.shape[2:]) < 2 * WINDOW:
                return scales
            target, weights = halved(target), halved(weights)

    def compare(self, pictures: Tensor, study: list[_Scale]) -> Tensor:
        exponents = EXPONENTS[: len(study)]
        total = pictures.new_zeros(len(pictures))
        for number, (scale, exponent) in enumerate(zip(study, exponents, strict=True)):
            if number:
                pictures = halved(pictures)
            similar: Tensor = _Similar.apply(pictures, scale, number == len(study) - 1, self.threads)  # type: ignore[no-untyped-call]
            total = total + exponent / sum(exponents) * _log(similar)
        return 1 - total.exp()


def _log(values: Tensor) -> Tensor:
    return torch.where(values < SMALL, 2 * SMALL_LOG - (2 * SMALL - values.clamp_max(SMALL)).log(), values.clamp_min(SMALL).log())


class _Similar(torch.autograd.Function):
    """Pictures (B, 3, H, W) -> (B,), their mean contrast and structure at one scale, and their level where that counts."""

    @staticmethod
    def forward(ctx: Any, pictures: Tensor, scale: _Scale, level: bool, threads: int) -> Tensor:
        kernels = compiled("creativity.objectives.windows")
        wanted = ctx.needs_input_grad[0]
        sums = np.zeros(len(pictures))
        gradients = np.empty(pictures.shape if wanted else (0, 0, 0, 0), np.float32)
        arguments = (pictures.detach().contiguous().numpy(), *scale, TAPS, level, sums, gradients)
        share_out(lambda first, last: kernels.similar(first, last, *arguments), len(pictures), threads)
        mass = 3 * float(scale.weight.sum(dtype=np.float64))
        if wanted:
            ctx.save_for_backward(torch.from_numpy(gradients).div_(mass))
        return torch.from_numpy(sums / mass).to(pictures.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * upstream[:, None, None, None], None, None, None


def _known(target: Array, weight: Array) -> _Scale:
    kernels = compiled("creativity.objectives.windows")
    down, across = (_inside(side) for side in weight.shape)
    average, square = np.empty_like(target), np.empty_like(target)
    for channel in range(3):
        kernels.window(target[channel], down, across, TAPS, average[channel])
        kernels.window(target[channel] ** 2, down, across, TAPS, square[channel])
    return _Scale(target, average, square - average**2, np.ascontiguousarray(weight), down, across)


def _inside(side: int) -> Array:
    """(side,) one over the part of a window at each pixel of a line that lies inside of it."""
    found: Array = 1 / np.convolve(np.ones(side), np.concatenate([TAPS[:0:-1], TAPS]), "full")[WINDOW // 2 : WINDOW // 2 + side]
    return found.astype(np.float32)
