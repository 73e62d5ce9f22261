"""What objectives share that judge pictures by themselves, without a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from creativity.objectives.base import Objective
from creativity.objectives.comparison import scored

if TYPE_CHECKING:
    from creativity.problem import Candidates


class Appearance(Objective):
    """An objective writes ``judge`` alone: losses of pictures that are as they are, opaque or not."""

    def judge(self, pictures: Tensor) -> Tensor:
        """Premultiplied RGBA (B, 4, H, W) -> losses (B,)."""
        raise NotImplementedError

    def __call__(self, candidates: Candidates) -> Tensor:
        return candidates.in_parts(lambda part: scored(part.images(part.size, alpha=True), self.judge))


def shrunk(pictures: Tensor, side: int) -> Tensor:
    """(B, C, H, W) with a long side of at most ``side`` pixels, each the mean of those that it covers."""
    height, width = pictures.shape[2:]
    if max(height, width) <= side:
        return pictures
    size = [max(1, round(length * side / max(height, width))) for length in (height, width)]
    return F.interpolate(pictures, size=size, mode="area")


def levels(pictures: Tensor) -> Tensor:
    """Premultiplied RGBA (B, 4, H, W) as four numbers a pixel, of which squared differences add up to what is seen.

    That is the expected squared difference over uniformly random grounds: of opaque pictures, that of their colours.
    """
    half = pictures[:, 3:] / 2
    return torch.cat([pictures[:, :3] - half, half], dim=1)
