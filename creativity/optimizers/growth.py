"""Marks that come where a picture lacks most: the stage of a drawing that grows in rounds.

Layer-wise vectorization is LIVE's (Ma et al. 2022): each new mark begins on the largest connected error, on top of those before, and so
the first ones become large, plain areas, and the last ones details.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from creativity.optimizers.base import Optimizer, Step, Work
from creativity.problem import Problem
from creativity.streams import Stream, Streams

FIRST = (8, 8, 16, 32)
"""Marks that come in the first rounds; then as many as there are."""


def sizes(marks: int, rounds: tuple[int, ...] = ()) -> list[int]:
    """How many of so many marks come in each round; of ``rounds`` the last number goes on."""
    given, found = rounds or FIRST, list[int]()
    while sum(found) < marks:
        size = given[len(found)] if len(found) < len(given) else given[-1] if rounds else sum(found)
        found.append(min(size, marks - sum(found)))
    return found


def to_come(problem: Problem) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """The marks that a search does not begin with, by their numbers."""
    return np.arange(problem.marks) if problem.fresh is None else np.flatnonzero(problem.fresh)


class Grow(Optimizer):
    """One step: marks of a drawing, ``count`` from the ``first`` of those that are still to come, put where it lacks most."""

    default_steps = 1

    def __init__(self, first: int, count: int):
        super().__init__(None)
        self._part = slice(first, first + count)

    def batch(self, problem: Problem) -> int:
        return 1

    def work(self, problem: Problem, start: Tensor, steps: int) -> list[Work]:
        return [Work(1, lambda: problem.plant(start[0], self._marks(problem), Streams(0)("estimate").at()))]

    def _marks(self, problem: Problem) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        return to_come(problem)[self._part]

    def begin(self, problem: Problem, start: Tensor, stream: Stream) -> None:
        self._genome, self._stream = start[0].clone(), stream
        self.count = 0

    def step(self, problem: Problem) -> Step:
        if self._part.start == 0:
            self._genome = problem.plant(self._genome, to_come(problem), self._stream.at(0), away=True)
        self._genome = problem.plant(self._genome, self._marks(problem), self._stream.at(1))
        self.count += 1
        with torch.no_grad():
            return Step(self._genome[None], problem.losses(self._genome[None], 0))

    @property
    def converged(self) -> str | None:
        return "grown" if self.count else None

    @property
    def answer(self) -> Tensor:
        return self._genome
