"""The shares of colours: how much of the picture each has, wherever it is, as in a palette with parts or in other pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from creativity import palettes
from creativity.errors import CreativityError, nearest
from creativity.objectives.appearance import Appearance, shrunk
from creativity.objectives.base import Context
from creativity.objectives.comparison import over
from creativity.objectives.difference import FLARE, oklab
from creativity.objectives.palette import CHROMA, rgb
from creativity.options import option

SIDE = 96
"""Long side of the pixels whose colours are compared."""

DIRECTIONS = 24


@dataclass(frozen=True)
class ColoursOptions:
    colours: tuple[str, ...] = option((), "a name (creativity list palettes), or colours such as #112233,#ffcc00")
    shares: tuple[float, ...] = option((), "the part of each colour, such as 3,1; all the same where none is said")
    reference: tuple[str, ...] = option((), "a picture, or several, whose colours are to be had instead", picture=True)


class Colours(Appearance):
    """Sliced Wasserstein distance in OKLab between the picture's colours and a palette with shares, or other pictures' colours.

    Mean over fixed directions of the squared distance that colours must travel, by the cheapest plan, until each has its
    share of the picture (Rabin, Peyré, Delon & Bernot 2011). Unlike `palette` it says how much of each, and where it stands
    says nothing.
    """

    Options = ColoursOptions

    def __init__(self, options: ColoursOptions):
        super().__init__(options)
        if bool(options.colours) == bool(options.reference):
            raise CreativityError("objective 'colours' needs either colours, such as colours=bauhaus, or reference=PICTURE")
        self._directions = _even(DIRECTIONS)
        if options.reference:
            if options.shares:
                raise CreativityError("objective 'colours': a reference picture has its own shares; leave shares out")
            return
        colours = _read(options.colours)
        given = options.shares or (1.0,) * len(colours)
        if len(given) != len(colours) or not all(share > 0 for share in given):
            raise CreativityError(f"objective 'colours': {len(colours)} colours need {len(colours)} shares above 0, not {list(given)}")
        self.options = replace(options, colours=colours, shares=given)  # a recipe keeps the colours, whatever the name will mean

    def prepare(self, context: Context) -> None:
        super().prepare(context)
        if self.options.reference:
            several = [shrunk(over(context.reference(name)[None], 1.0), SIDE)[0] for name in self.options.reference]
            colours = [_lab(picture) for picture in several]
            shares = [torch.full((len(each),), 1 / len(each)) for each in colours]
        else:
            colours = [_lab(rgb(self.options.colours).T[:, :, None])]
            shares = [torch.tensor(self.options.shares)]
        weights = torch.cat(shares).double() / torch.cat(shares).double().sum()
        self._sorted, order = (torch.cat(colours) @ self._directions.T).T.contiguous().sort(dim=1)  # (K, N)
        self._ends = weights[order].cumsum(1)
        self._goals: dict[int, Tensor] = {}

    def judge(self, pictures: Tensor) -> Tensor:
        seen = shrunk(over(pictures, 1.0), SIDE)
        return torch.stack([self._distance(picture) for picture in seen])  # each alone, that company changes no bit

    def _distance(self, picture: Tensor) -> Tensor:
        found = _lab(picture) @ self._directions.T  # (N, K)
        travel = found.T.contiguous().sort(dim=1).values - self._goal(len(found))
        return 3 * travel.square().mean(1).mean()

    def _goal(self, count: int) -> Tensor:
        """What the sorted colours of so many pixels should be along each direction, (K, count)."""
        if count not in self._goals:
            ranks = ((torch.arange(count, dtype=torch.float64) + 0.5) / count).expand(len(self._ends), count).contiguous()
            places = torch.searchsorted(self._ends, ranks).clamp_max(self._ends.shape[1] - 1)
            self._goals[count] = self._sorted.gather(1, places)
        return self._goals[count]


def _lab(picture: Tensor) -> Tensor:
    """(3, H, W) in [0, 1] -> OKLab (H W, 3), with a and b as long as they count."""
    return oklab(picture[None], FLARE)[0].flatten(1).T * picture.new_tensor([1.0, CHROMA, CHROMA])


def _even(count: int) -> Tensor:
    """So many directions (count, 3), evenly over half of a sphere, by Fibonacci's spiral: nothing is random."""
    number = torch.arange(count, dtype=torch.float64) + 0.5
    height, turn = number / count, number * math.pi * (3 - math.sqrt(5))
    wide = (1 - height**2).sqrt()
    return torch.stack([wide * turn.cos(), wide * turn.sin(), height], dim=1).float()


def _read(asked: tuple[str, ...]) -> tuple[str, ...]:
    if len(asked) > 1 or asked[0].startswith("#"):
        return tuple(palettes.colour(word) for word in asked)
    if asked[0].lower() in palettes.PALETTES:
        return palettes.PALETTES[asked[0].lower()].colours
    raise CreativityError(f"objective 'colours': no palette is called {asked[0]!r}; {nearest(asked[0], palettes.PALETTES)}")
