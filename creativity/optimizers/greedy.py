"""Mark by mark: each is placed where the error is, then every one is fitted again where it lies, until nothing improves.

Greedy placement with a closed-form colour is primitive's method (Fogleman 2016). Back-fitting, in the middle of the stack
and with the opacity in closed form too, is what brings it close to the optimum (Friedman & Stuetzle 1981 for the name).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from creativity.errors import CreativityError
from creativity.optimizers.base import Optimizer, Step, Work
from creativity.options import option
from creativity.problem import Problem
from creativity.streams import Stream

PLACING_STEPS, SWEEP_STEPS = 32, 8
"""In how many steps all marks are placed, and swept over once: few enough to be quick, enough to stop in between."""

STILL = 1e-3
"""A sweep that gains less than this part of the error is the last."""

HOT, COLD = 0.25, 0.02
"""Annealing's heat at first, where it has the time, and at last, in parts of the error that a mark has on average."""

ANNEALING = 90
"""Sweeps of annealing: the first bring most of what many would. Fewer begin cooler, or they would undo more than they mend."""

AGAIN, FIRST = 1 / 15, 0.5
"""For estimates: what fitting a mark again costs, relative to placing it, and placing it, relative to the first, large ones."""


@dataclass(frozen=True)
class GreedyOptions:
    tries: int = option(60, "random outlines that each climber chooses its start from", low=1, high=100_000)
    climbers: int = option(8, "hill climbers for every mark, the best wins", low=1, high=10_000)
    patience: int = option(100, "failures in a row that end a climb", low=1, high=100_000)
    sweeps: int = option(50, "how often, at most, all marks are fitted again where they lie", low=0, high=100_000)


class Greedy(Optimizer):
    """One mark after another where it helps most, then all of them fitted again in place: close in a second, no gradients."""

    Options = GreedyOptions
    default_steps = PLACING_STEPS + 50 * SWEEP_STEPS

    def __init__(self, options: GreedyOptions):
        super().__init__(options)
        self.default_steps = PLACING_STEPS + options.sweeps * SWEEP_STEPS

    def check(self, problem: Problem) -> None:
        if not problem.buildable and problem.least_squares.buildable:
            raise CreativityError(
                "greedy places marks by their squared error, the objective pixel; for another use relay, which begins with greedy"
            )
        if not problem.buildable:
            raise CreativityError(
                "greedy builds a drawing mark by mark against a picture: it needs a renderer with a builder (triangles) and "
                "the objective pixel; use adam or pgpe here"
            )

    def batch(self, problem: Problem) -> int:
        return 1

    def work(self, problem: Problem, start: Tensor, steps: int) -> list[Work]:
        fresh = np.ones(problem.marks, np.bool_) if problem.fresh is None else problem.fresh
        placing = Work(PLACING_STEPS, *self._place(problem, start, fresh.sum() / PLACING_STEPS))
        sweeps = min(self.options.sweeps, round(problem.marks**0.5))  # as it usually is
        fitting = Work(sweeps * SWEEP_STEPS, *self._place(problem, start, AGAIN * len(fresh) / SWEEP_STEPS))
        return [*([placing] if fresh.any() else []), fitting]

    def _place(self, problem: Problem, start: Tensor, marks: float) -> tuple[Callable[[], object], float]:
        """How to place a few marks, and how much more it is to place so many."""
        few = min(problem.marks, 4)

        def sample(tries: int = self.options.tries, climbers: int = self.options.climbers) -> None:
            builder = problem.builder()
            builder.load(start[0])
            every = np.ones(builder.count, np.bool_)
            builder.remove(every)
            builder.sweep(range(few), every, tries, climbers, self.options.patience, 0)

        sample(1, 1)  # what is loaded and compiled once is none of a step's cost

        return sample, FIRST * marks / few

    def begin(self, problem: Problem, start: Tensor, stream: Stream) -> None:
        self.check(problem)
        self._builder, self._stream = problem.builder(), stream
        # What a warm start has is left where it is; only what it lacks is placed.
        self._fresh = np.ones(problem.marks, np.bool_) if problem.fresh is None else problem.fresh
        self._placing = PLACING_STEPS if self._fresh.any() else 0
        self._genome = self._first(start[0])
        self._gain, self._loss = 0.0, np.inf
        self.count = 0

    def _first(self, genome: Tensor) -> Tensor:
        """What to begin with: marks that draw nothing, over the best plain background; or what a warm start has."""
        if not self._fresh.any():
            return genome.clone()
        self._builder.load(genome)
        self._builder.remove(self._fresh)
        self._builder.refit_background()
        return self._builder.genome

    def step(self, problem: Problem) -> Step:
        builder = self._builder
        builder.load(self._genome)
        total = builder.count
        placing = self.count < self._placing
        turn = (self.count - self._placing) % SWEEP_STEPS
        if not placing and turn == 0:
            builder.refit_background()
            self._gain = 0.0
        marks = _part(total, self.count, self._placing) if placing else _part(total, turn, SWEEP_STEPS)
        self._gain += self._sweep(marks, self._fresh & placing, self.options.patience)
        self._genome = builder.genome
        losses = problem.losses(self._genome[None])
        self._loss = float(losses[0])
        self.count += 1
        return Step(self._genome[None], losses)

    def _sweep(self, marks: range, fresh: np.ndarray[Any, Any], patience: int, heat: float = 0.0) -> float:
        seed = self._stream.integer(self.count)
        return self._builder.sweep(marks, fresh, self.options.tries, self.options.climbers, patience, seed, heat)

    @property
    def phase(self) -> str:
        return "placing marks" if self.count < self._placing else "fitting them in place"

    @property
    def converged(self) -> str | None:
        sweeps, turn = divmod(self.count - self._placing, SWEEP_STEPS)
        if turn == 0 and sweeps >= self.options.sweeps:
            return f"every mark was placed, and fitted again {sweeps} times"
        if turn == 0 and sweeps > 0 and self._gain <= STILL * self._loss:
            return "no mark can be moved for the better"
        return None

    @property
    def answer(self) -> Tensor:
        return self._genome


class Anneal(Greedy):
    """Each step is a sweep over all marks in which each moves at random, for the worse too, ever more rarely as the search goes on
    (simulated annealing: Kirkpatrick, Gelatt & Vecchi 1983)."""

    def __init__(self) -> None:
        super().__init__(GreedyOptions())

    def work(self, problem: Problem, start: Tensor, steps: int) -> list[Work]:
        return [Work(steps, *self._place(problem, start, AGAIN * problem.marks))]

    def _first(self, genome: Tensor) -> Tensor:
        return genome.clone()

    def step(self, problem: Problem) -> Step:
        builder = self._builder
        builder.load(self._genome)
        total = builder.count
        loss = self._loss if self.count else float(problem.losses(self._genome[None])[0])
        hot = max(COLD, HOT * min(1.0, self.horizon / ANNEALING))
        heat = hot * (COLD / hot) ** self.progress * loss / max(1, total)
        self._sweep(range(total), np.zeros(total, np.bool_), self.options.patience, heat)
        builder.refit_background()
        self._genome = builder.genome
        losses = problem.losses(self._genome[None])
        self._loss = float(losses[0])
        self.count += 1
        return Step(self._genome[None], losses)

    @property
    def phase(self) -> str:
        return "annealing"

    @property
    def converged(self) -> str | None:
        return "annealed" if self.count >= self.horizon else None


class Mend(Greedy):
    """One step: useless marks are pruned and placed anew where the error is, while the others make room.

    ``alone``: the others stay as they are, for they were fitted by another measure.
    """

    default_steps = 1

    def __init__(self, alone: bool = False):
        super().__init__(GreedyOptions())
        self._alone = alone

    def work(self, problem: Problem, start: Tensor, steps: int) -> list[Work]:
        return [Work(1, *self._place(problem, start, AGAIN * problem.marks + problem.marks**0.5 / 2))]

    def _first(self, genome: Tensor) -> Tensor:
        return genome.clone()

    def step(self, problem: Problem) -> Step:
        builder = self._builder
        builder.load(self._genome)
        total = builder.count
        saved = builder.usefulness()
        random = self._stream.at(1)
        # Few or many; mostly the least useful, but any mark may be what holds the others back.
        odds = 1.0 / (np.maximum(saved, 0.0) + 0.1 * max(saved.mean(), 1e-12))
        fresh = np.zeros(total, np.bool_)
        fresh[random.choice(total, 1 + int(random.random() * total**0.5), replace=False, p=odds / odds.sum())] = True
        builder.remove(fresh)
        if self._alone:
            for mark in np.flatnonzero(fresh).tolist():
                self._sweep(range(mark, mark + 1), fresh, self.options.patience)
        else:
            self._sweep(range(total), fresh, self.options.patience // 2)
            builder.refit_background()
        self._genome = builder.genome
        self.count += 1
        return Step(self._genome[None], problem.losses(self._genome[None]))

    @property
    def converged(self) -> str | None:
        return "mended" if self.count else None


def _part(total: int, turn: int, turns: int) -> range:
    """The marks of one step of ``turns``: all of them, in order, in parts as equal as can be."""
    return range(total * turn // turns, total * (turn + 1) // turns)
