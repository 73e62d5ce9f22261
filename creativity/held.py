"""A search that does not begin with nothing, and one in which a part of the genome is held: what is searched is the rest alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from creativity.renderers.base import Builder
from creativity.renderers.genome import Block, ParamSpec

Array = np.ndarray[Any, Any]


class Warm(NamedTuple):
    """A start made ready for one renderer: ``genome (D,)``, of which ``share (D,)`` in [0, 1] is taken over.

    ``fresh (N,)`` are the marks that are still to be placed; ``held (D,)`` are the numbers that stay as they are, bit for bit.
    """

    genome: Tensor
    share: Tensor
    fresh: Array
    held: Tensor

    def onto(self, genomes: Tensor) -> Tensor:
        """New genomes (n, D) with what the start gives in its place."""
        mixed = self.share * self.genome + (1.0 - self.share) * genomes
        return torch.where(self.share == 1.0, self.genome, mixed)


def marks_with(numbers: Tensor, spec: ParamSpec) -> Array:
    """A mask of numbers (D,) as what it says of each mark's numbers, (N, P)."""
    rows = [numbers[spec.slices[block.name]].reshape(spec.marks, -1) for block in spec.blocks if block.per_mark]
    return torch.cat([torch.zeros(spec.marks, 0, dtype=torch.bool), *rows], dim=1).numpy()


def numbers_of(marks: Array, spec: ParamSpec) -> Array:
    """A mask of marks (N,) as a mask of numbers (D,)."""
    mask = np.zeros(spec.size, np.bool_)
    for block in spec.blocks:
        if block.per_mark:
            mask[spec.slices[block.name]] = np.repeat(marks, block.size // len(marks))
    return mask


@dataclass(frozen=True)
class FreeSpec:
    """What an optimizer asks a `ParamSpec` for, of its free numbers alone: ``free`` are their places, (F,)."""

    whole: ParamSpec
    free: Tensor

    @property
    def size(self) -> int:
        return len(self.free)

    @property
    def marks(self) -> int:
        return self.whole.marks

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self.whole.blocks

    @cached_property
    def centre(self) -> Tensor:
        return self.whole.centre[self.free]

    @cached_property
    def scale(self) -> Tensor:
        return self.whole.scale[self.free]

    def rates(self, factors: dict[str, float]) -> Tensor:
        return self.whole.rates(factors)[self.free]


class Held:
    """``genome (D,)``, of which the numbers under ``mask (D,)`` stay as they are."""

    def __init__(self, genome: Tensor, mask: Tensor, spec: ParamSpec):
        self.genome = genome
        self.spec = FreeSpec(spec, torch.nonzero(~mask)[:, 0])
        marks = marks_with(mask, spec)
        self.marks = np.flatnonzero(~marks.any(axis=1))
        """The marks that are free, (M,)."""
        self.whole_marks = bool(marks.shape[1] and len(self.marks) and (marks.all(axis=1) == marks.any(axis=1)).all())
        """Whether each mark is free or held as a whole: then a drawing can be built around those that are held."""
        self.ground = any(bool(mask[spec.slices[block.name]].any()) for block in spec.blocks if not block.per_mark)
        """Whether something is held that belongs to no mark, such as the background."""

    def expand(self, free: Tensor) -> Tensor:
        """Free numbers (..., F) -> genomes (..., D). Differentiable."""
        return self.genome.to(free).expand(*free.shape[:-1], -1).index_copy(-1, self.spec.free, free)

    def reduce(self, genomes: Tensor) -> Tensor:
        """Genomes (..., D) -> free numbers (..., F)."""
        return genomes[..., self.spec.free]


class HeldBuilder:
    """A builder that knows the free marks alone, and numbers them from 0."""

    def __init__(self, builder: Builder, held: Held):
        self._builder, self._held = builder, held
        self.count = len(held.marks)

    def load(self, genome: Tensor) -> None:
        self._builder.load(self._held.expand(genome))

    @property
    def genome(self) -> Tensor:
        return self._held.reduce(self._builder.genome)

    def remove(self, marks: Array) -> None:
        self._builder.remove(self._held.marks[marks])

    def sweep(self, marks: range, fresh: Array, tries: int, climbers: int, patience: int, seed: int, heat: float = 0.0) -> float:
        """In as many sweeps as there are runs of free marks beside each other."""
        free, saved = self._held.marks[marks.start : marks.stop], 0.0
        all_fresh = np.zeros(self._held.spec.marks, np.bool_)
        all_fresh[self._held.marks] = fresh
        for run in np.split(free, np.flatnonzero(np.diff(free) > 1) + 1):
            if len(run):
                part = range(run[0], run[-1] + 1)
                saved += self._builder.sweep(part, all_fresh, tries, climbers, patience, seed + int(run[0]), heat)
        return saved

    def refit_background(self) -> None:
        if not self._held.ground:
            self._builder.refit_background()

    def usefulness(self) -> Array:
        return self._builder.usefulness()[self._held.marks]
