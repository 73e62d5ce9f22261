"""Pixels, and the ways to have them that searches like better.

A picture's own numbers, as free as can be: what an objective makes of them shows what it wants. Raw pixels take up every speck;
a pyramid of grids, or waves whose amplitudes fall with their frequency, and colours that do not go along with one another let a search
move large forms first (Mordvintsev et al. 2018, "Differentiable Image Parameterizations"; Olah et al. 2017, "Feature Visualization").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from creativity.errors import CreativityError
from creativity.options import option
from creativity.renderers.base import Renderer, Size
from creativity.renderers.genome import Block, ParamSpec
from creativity.renderers.marks import nearest_colours, parse_colour
from creativity.streams import Stream

KINDS = ("fourier", "pyramid", "raw", "mosaic")

FALL = 1.75
"""Amplitudes of waves fall with this power of their frequency: more than those of photographs do (1: Field 1987), as fine waves are what
an encoder is fooled by."""

LOUD = 2.5
"""Standard deviation of a new picture before it is brought between black and white."""

QUIET = 0.5
"""Standard deviation of the numbers that a new picture has."""

RELATED = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]]) / 0.4
"""A root of how colours of photographs go together (its columns: light; red to blue; green): numbers without relation come out of it
related (Lucid's, of ImageNet)."""


@dataclass(frozen=True)
class PixelsOptions:
    kind: str = option("fourier", "waves, a pyramid of grids, raw pixels, or square tiles (pixel art)", choices=KINDS)
    columns: int = option(96, "how many pixels of its own it has across", low=1, high=4096)
    rows: int = option(96, "how many down", low=1, high=4096)
    palette: tuple[str, ...] = option((), "use these colours only, such as #112233,#ffcc00 (mosaic)")

    def __post_init__(self) -> None:
        for text in self.palette:
            parse_colour(text)
        if self.palette and self.kind != "mosaic":
            raise CreativityError(f"pixels of kind {self.kind!r} flow into one another and keep to no palette; use kind mosaic")


class Pixels(Renderer):
    """A grid of colours, shown at any size: smoothly, or as square tiles."""

    Options = PixelsOptions
    coarsens: ClassVar[bool] = False

    @cached_property
    def spec(self) -> ParamSpec:
        rows, columns, kind = self.options.rows, self.options.columns, self.options.kind
        if kind in ("raw", "mosaic"):
            return ParamSpec((Block("colour", (3, rows, columns), "bounded", per_mark=False),))
        shapes = {f"level_{k}": (3, *level) for k, level in enumerate(self._levels)}
        if kind == "fourier":
            shapes = {"waves": (3, rows, columns)}
        return ParamSpec(
            tuple(Block(name, shape, centre=0.0, scale=2.0 if kind == "fourier" else 1.5, per_mark=False) for name, shape in shapes.items())
        )

    @cached_property
    def _levels(self) -> list[tuple[int, int]]:
        """(rows, columns) of the grids of a pyramid, from the smallest."""
        levels = [(self.options.rows, self.options.columns)]
        while max(levels[-1]) > 2:
            levels.append((-(-levels[-1][0] // 2), -(-levels[-1][1] // 2)))
        return levels[::-1]

    def init(self, n: int, stream: Stream, hint: Tensor | None = None) -> Tensor:
        """Clouds; of tiles and raw pixels, grey with a little noise, or the hint (4, H, W) in their size."""
        random, kind = stream.at(0), self.options.kind
        if kind in ("raw", "mosaic"):
            noise = torch.from_numpy(random.uniform(0.25, 0.75, (n, 3, self.options.rows, self.options.columns)).astype(np.float32))
            if hint is None:
                return self.spec.encode({"colour": noise})
            seen = resized(hint[None, :3] + 1 - hint[None, 3:], (self.options.rows, self.options.columns), "area")
            return self.spec.encode({"colour": (seen + 0.2 * (noise - 0.5)).clamp(0, 1)})
        return torch.from_numpy(QUIET * random.standard_normal((n, self.spec.size), dtype=np.float32))

    def grid(self, genomes: Tensor) -> Tensor:
        """Genomes (B, D) -> its own pixels (B, 3, rows, columns) in [0, 1]."""
        values, how = self.spec.decode(genomes), self.options
        if how.kind in ("raw", "mosaic"):
            return nearest_colours(values["colour"].movedim(1, 3), how.palette).movedim(3, 1)
        size = (how.rows, how.columns)
        if how.kind == "fourier":
            down, across, loudness = _waves(size)
            # One picture after another: products of a whole batch would differ from these in their last bits.
            found = torch.stack([down.T @ (loudness * one) @ across for one in _sane(values["waves"])])
        else:
            grids = [resized(_sane(values[f"level_{k}"]), size, "bilinear") for k in range(len(self._levels))]
            found = torch.stack(grids).sum(0) / math.sqrt(len(grids))
        related = torch.from_numpy(RELATED.astype(np.float32))
        mixed = torch.stack([(LOUD * found * row[:, None, None]).sum(1) for row in related], 1)
        return torch.sigmoid(mixed)

    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False) -> Tensor:
        """Genomes (B, D) -> (B, 3, H, W); with ``alpha`` (B, 4, H, W), nowhere clear."""
        pictures = resized(self.grid(genomes), size, "area" if self.options.kind == "mosaic" else "bilinear")
        pictures = pictures + (pictures.clamp(0, 1) - pictures).detach()  # off by rounding at most, which shall stop no gradient
        return torch.cat([pictures, torch.ones_like(pictures[:, :1])], 1) if alpha else pictures


def _sane(numbers: Tensor) -> Tensor:
    return numbers.nan_to_num(nan=0.0, posinf=1e4, neginf=-1e4).clamp(-1e4, 1e4)


def resized(pictures: Tensor, size: Size, how: str) -> Tensor:
    """Pictures (B, C, H, W) at another size, by two products: of the part of each new pixel's area that each old one has ("area", exact
    at any size), or linear between pixel centres, over as wide a stretch as a new pixel is ("bilinear")."""
    down, across = (_between(old, new, how) for old, new in zip(pictures.shape[2:], size, strict=True))
    return torch.stack([down @ one @ across.T for one in pictures])


@lru_cache(maxsize=64)
def _between(old: int, new: int, how: str) -> Tensor:
    """(new, old), rows of sum 1."""
    step = old / new
    edges = np.arange(old + 1, dtype=np.float64)
    if how == "area":
        ends = np.arange(new + 1, dtype=np.float64) * step
        shared = np.minimum(ends[1:, None], edges[None, 1:]) - np.maximum(ends[:-1, None], edges[None, :-1])
        weights = shared.clip(min=0)
    else:
        centres = ((np.arange(new) + 0.5) * step).clip(0.5, old - 0.5)
        weights = (1 - np.abs(edges[None, :-1] + 0.5 - centres[:, None]) / max(step, 1.0)).clip(min=0)
    return torch.from_numpy((weights / weights.sum(1, keepdims=True)).astype(np.float32))


@lru_cache(maxsize=4)
def _waves(size: Size) -> tuple[Tensor, Tensor, Tensor]:
    """Cosines (rows, rows) and (columns, columns) of a cosine transform, and the loudness (rows, columns) of their products: of numbers of
    variance 1 they make pictures of variance 1."""
    bases = []
    for side in size:
        place, wave = np.arange(side) + 0.5, np.arange(side)[:, None]
        bases.append(np.cos(math.pi * wave * place / side) * np.where(wave, math.sqrt(2), 1.0))
    frequency = np.hypot(*np.meshgrid(np.arange(size[0]) / 2, np.arange(size[1]) / 2, indexing="ij"))
    loudness = 1 / np.maximum(frequency, 0.5) ** FALL
    loudness /= math.sqrt((loudness**2).sum())
    ready = [torch.from_numpy(part.astype(np.float32)) for part in (*bases, loudness)]
    return ready[0], ready[1], ready[2]
