"""Cutouts: an encoder looks at a picture through several windows at once, so that what only one of them believes does not win.

Averaging over windows, colours and noise is what keeps a search from specks that mean something to an encoder and nothing to an eye
(AugCLIP in FuseDream, Liu et al., 2021, arXiv:2112.01573; cutouts: Crowson et al., VQGAN-CLIP, 2022, arXiv:2204.08583). A cutout is
two products with interpolation matrices, exact, differentiable and the same on every run of a GPU, which resampling is not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Random = np.random.Generator


class Cutouts(NamedTuple):
    """One draw of N windows, shared by all candidates of a step.

    ``frames`` (N, 4): top, left, height and width as parts of the picture's. ``colours`` (N, 3, 4) are affine maps of colours,
    ``corners`` (N, 4, 2) how far each corner is drawn inwards, as a part of the window, ``noise`` (N, 3, S, S) is added last;
    each of them None where there is none.
    """

    frames: Tensor
    colours: Tensor | None = None
    corners: Tensor | None = None
    noise: Tensor | None = None

    def of(self, images: Tensor, side: int) -> Tensor:
        """Pictures (B, 3, H, W) -> (B, N, 3, side, side)."""
        top, left, height, width = (self.frames.T * self.frames.new_tensor([*images.shape[2:], *images.shape[2:]])[:, None]).unbind()
        if self.corners is None:
            rows = interpolation(top, height, side, images.shape[2]).to(images)
            columns = interpolation(left, width, side, images.shape[3]).to(images)
            cut = torch.einsum("nsh,bchw,ntw->bncst", rows, images, columns)
        else:
            cut = self._in_perspective(images, side)
        if self.colours is not None:
            colours = self.colours.to(cut)
            mix, offset = colours[:, :, :3], colours[:, :, 3:]
            cut = torch.einsum("ncd,bndst->bncst", mix, cut) + offset[..., None]
        return cut if self.noise is None else cut + self.noise.to(cut)

    def _in_perspective(self, images: Tensor, side: int) -> Tensor:
        """Windows whose corners lie somewhere within them: no matrix does that, and so a GPU adds up its gradient in any order."""
        assert self.corners is not None
        square = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        places = square + (1 - 2 * square) * self.corners
        places = self.frames[:, None, :2] + places * self.frames[:, None, 2:]
        return torch.stack(
            [
                F.grid_sample(
                    images, _grid(corners, side).to(images).expand(len(images), -1, -1, -1), align_corners=False, padding_mode="border"
                )
                for corners in places
            ],
            1,
        )


def _grid(corners: Tensor, side: int) -> Tensor:
    """Corners (4, 2) of a window, (y, x) in [0, 1] -> where to sample, (1, side, side, 2) as (x, y) in [-1, 1]: the homography."""
    square = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    equations, known = torch.zeros(8, 8, dtype=torch.float64), corners.double().flatten()
    for k, ((v, u), (y, x)) in enumerate(zip(square.tolist(), corners.tolist(), strict=True)):
        equations[2 * k] = torch.tensor([u, v, 1, 0, 0, 0, -u * y, -v * y])
        equations[2 * k + 1] = torch.tensor([0, 0, 0, u, v, 1, -u * x, -v * x])
    found = torch.linalg.solve(equations, known)
    line = (torch.arange(side, dtype=torch.float64) + 0.5) / side
    v, u = torch.meshgrid(line, line, indexing="ij")
    below = found[6] * u + found[7] * v + 1
    y, x = (found[0] * u + found[1] * v + found[2]) / below, (found[3] * u + found[4] * v + found[5]) / below
    return (2 * torch.stack([x, y], 2) - 1)[None].float()


def interpolation(start: Tensor, length: Tensor, out: int, into: int) -> Tensor:
    """Matrices (N, out, into) that take ``length`` (N,) pixels from ``start`` (N,) on out of a line of ``into`` and make them ``out``.

    Linear between pixel centres, the border going on beyond the line; where it shrinks, triangles as wide as the new pixels, so
    that nothing is left out (as torch's antialiased resampling has them).
    """
    start, length = start.double(), length.double()
    step = length / out
    centres = start[:, None] + (torch.arange(out, dtype=torch.float64) + 0.5) * step[:, None]
    centres = centres.clamp(0.5, into - 0.5)
    away = (torch.arange(into, dtype=torch.float64) + 0.5 - centres[:, :, None]).abs() / step.clamp_min(1.0)[:, None, None]
    weights = (1 - away).clamp_min(0)
    return (weights / weights.sum(2, keepdim=True)).float()


def draw(number: int, smallest: float, largest: float, ratio: float, random: Random) -> Cutouts:
    """Windows with sides of ``smallest`` to ``largest`` of the picture's, evenly by area, and up to ``ratio`` times as wide as high or
    the other way round, anywhere within it, or, larger than it, anywhere around it. Where they may be as large as the picture
    the first is all of it.
    """
    side = np.sqrt(smallest**2 + (largest**2 - smallest**2) * random.random(number))
    wider = np.exp(0.5 * np.log(ratio) * (2 * random.random(number) - 1))
    sides = np.stack([side / wider, side * wider], 1).clip(max=max(1.0, largest))
    frames = np.concatenate([(1 - sides) * random.random((number, 2)), sides], 1)
    if smallest <= 1.0 <= largest:
        frames[0] = 0, 0, 1, 1
    return Cutouts(torch.from_numpy(frames).float())


def grid(side: int, scale: float) -> Cutouts:
    """``side`` x ``side`` windows, each ``scale`` of the picture's sides, evenly from border to border."""
    starts = torch.linspace(0, 1 - scale, side) if side > 1 else torch.tensor([(1 - scale) / 2])
    top, left = torch.meshgrid(starts, starts, indexing="ij")
    return Cutouts(torch.stack([top.flatten(), left.flatten(), *torch.full((2, side * side), scale)], 1))


LUMA = np.array([0.2126, 0.7152, 0.0722])


def disturbed(cutouts: Cutouts, side: int, jitter: float, perspective: float, noise: float, random: Random) -> Cutouts:
    """The same windows with their colours (brightness, contrast, saturation), corners and pixels disturbed, each by so much."""
    number = len(cutouts.frames)
    colours = corners = grain = None
    if jitter > 0:
        bright, contrast, saturation = jitter * (2 * random.random((3, number)) - 1)
        grey = np.tile(LUMA, (3, 1))
        mix = (1 + saturation)[:, None, None] * np.eye(3) - saturation[:, None, None] * grey
        gain = 1 + contrast
        offset = 0.5 * (1 - gain) + 0.5 * bright
        colours = np.concatenate([gain[:, None, None] * mix, np.tile(offset[:, None, None], (1, 3, 1))], 2)
    if perspective > 0:
        corners = 0.5 * perspective * random.random((number, 4, 2))
    if noise > 0:
        grain = noise * random.standard_normal((number, 3, side, side), dtype=np.float32)
    ready = [None if array is None else torch.from_numpy(array).float() for array in (colours, corners, grain)]
    return cutouts._replace(colours=ready[0], corners=ready[1], noise=ready[2])
