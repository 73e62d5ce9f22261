"""An anchor: the large forms of a picture that a search begins with, held less and less tightly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from creativity.objectives.comparison import Comparison, mean
from creativity.objectives.cutouts import interpolation
from creativity.options import option

if TYPE_CHECKING:
    from creativity.problem import Candidates


@dataclass(frozen=True)
class AnchorOptions:
    blur: float = option(0.03, "what is smaller than this part of the picture is free", low=0.0, high=1.0)
    hold: float = option(0.5, "how tightly it still holds at the end, of 1 at the beginning", low=0.0, high=1.0)


class Anchor(Comparison):
    """Mean squared error of the blurred picture against the blurred target; its weight falls over the search, from 1 to ``hold``.

    So what a prior imagined, or a photograph, decides where things are and an encoder how they look.
    """

    Options = AnchorOptions

    def study(self, target: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor | None]:
        return self._blurred(target), None if weight is None else self._blurred(weight[None, None])[0, 0]

    def compare(self, pictures: Tensor, study: tuple[Tensor, Tensor | None]) -> Tensor:
        goal, weight = study
        return mean((self._blurred(pictures) - goal) ** 2, weight)

    def __call__(self, candidates: Candidates) -> Tensor:
        weight: float = 1 + candidates.progress * (self.options.hold - 1)
        return weight * super().__call__(candidates)

    def _blurred(self, pictures: Tensor) -> Tensor:
        """Of as many pixels as ``blur`` leaves."""
        sides = pictures.shape[2:]
        pixel = max(1.0, self.options.blur * max(sides))
        start = torch.zeros(1)
        down, across = (interpolation(start, start + side, max(1, round(side / pixel)), side)[0].to(pictures) for side in sides)
        return down @ pictures @ across.T
