"""Symmetry: the picture against its own mirror image."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from creativity.objectives.appearance import Appearance, levels
from creativity.objectives.comparison import mean
from creativity.options import option

MIRRORS = {"left-right": ((-1,),), "up-down": ((-2,),), "both": ((-1,), (-2,)), "half-turn": ((-1, -2),)}
"""The axes (of B, C, H, W) that are turned round, for each image that the picture is compared with."""


@dataclass(frozen=True)
class SymmetryOptions:
    mirror: str = option("left-right", "what the picture shall be like", choices=tuple(MIRRORS))


class Symmetry(Appearance):
    """Mean squared difference between the picture and its mirror image; 0 where it is symmetrical.

    ``left-right``: as a face is; ``up-down``: as a lake with its shore; ``both``; ``half-turn``: as a playing card. The levels
    are those of `pixel`, so that in pixel:1,symmetry:1 a difference counts as much as an error.
    """

    Options = SymmetryOptions

    def judge(self, pictures: Tensor) -> Tensor:
        seen, mirrors = levels(pictures), MIRRORS[self.options.mirror]
        return sum((mean((seen - seen.flip(axes)) ** 2) for axes in mirrors), pictures.new_zeros(len(pictures))) * 4 / 3 / len(mirrors)
