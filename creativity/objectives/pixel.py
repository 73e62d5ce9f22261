"""Weighted squared error in sRGB: the mean over pixels and channels, comparable with published MSE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch.nn.functional as F
from torch import Tensor

from creativity.errors import CreativityError
from creativity.objectives.base import Context, Objective

if TYPE_CHECKING:
    from creativity.problem import Candidates


@dataclass(frozen=True)
class PixelOptions:
    pass


class Pixel(Objective):
    """Mean squared error of [0, 1] sRGB against the target; a weight map (H, W) may say where it matters."""

    Options = PixelOptions
    needs: ClassVar[tuple[str, ...]] = ("target",)
    differentiable: ClassVar[bool] = True
    deterministic: ClassVar[bool] = True

    def __init__(self, options: PixelOptions, weight: Tensor | None = None):
        super().__init__(options)
        self.weight = weight
        self._target: Tensor | None = None
        self._at_size: dict[tuple[int, int], tuple[Tensor, Tensor | None]] = {}

    def prepare(self, context: Context) -> None:
        """Take the target. Raises CreativityError when there is none, or the weight does not fit it."""
        if context.target is None:
            raise CreativityError("objective 'pixel' needs a picture to match; give one: creativity fit PICTURE")
        if self.weight is not None:
            if self.weight.shape != context.target.shape[1:]:
                raise CreativityError(
                    f"objective 'pixel': the weight is {tuple(self.weight.shape)}, the target {tuple(context.target.shape[1:])}"
                )
            if not (self.weight >= 0).all() or not self.weight.sum() > 0:
                raise CreativityError("objective 'pixel': weights must be at least 0, and some above 0")
        self._target = context.target
        self._at_size.clear()

    def __call__(self, candidates: Candidates) -> Tensor:
        target, weight = self.goal(candidates.size)
        return candidates.squared_error(target, weight)

    def goal(self, size: tuple[int, int]) -> tuple[Tensor, Tensor | None]:
        """Target and weight at the size that is scored, by exact area averages, made once per size."""
        if self._target is None:
            raise CreativityError("objective 'pixel' was called before prepare()")
        if size not in self._at_size:
            self._at_size[size] = (_shrunk(self._target, size), None if self.weight is None else _shrunk(self.weight[None], size)[0])
        return self._at_size[size]


def _shrunk(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """With the channels of a pixel side by side in memory, as the kernels want them."""
    small = picture if tuple(picture.shape[1:]) == size else F.interpolate(picture[None], size=size, mode="area")[0]
    return small.permute(1, 2, 0).contiguous().permute(2, 0, 1)
