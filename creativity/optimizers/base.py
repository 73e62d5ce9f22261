"""What an optimizer is: it advances a search by one step on a problem, and knows nothing of pictures.

A black-box optimizer writes ``ask`` and ``tell`` and inherits ``step``; a gradient optimizer writes its own ``step``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from creativity.options import NoOptions
from creativity.problem import Problem
from creativity.streams import Stream

SCHEDULE_LOOKS = 16
"""At how many points of a search its resolution is looked at, for an estimate of its time."""

State = dict[str, np.ndarray[Any, Any]]


class Step(NamedTuple):
    """What one step looked at: genomes (B, D), their losses (B,), and the fidelity in (0, 1] they were scored at."""

    genomes: Tensor
    losses: Tensor
    fidelity: float = 1.0


class Work(NamedTuple):
    """A part of a search, for an estimate: ``steps`` steps that each cost ``times`` as much as a call of ``sample``."""

    steps: int
    sample: Callable[[], object]
    times: float = 1.0


class Optimizer(ABC):
    """``begin`` once, then ``step`` as often as wanted; ``state`` and ``restore`` continue a search exactly.

    ``starts`` is how many genomes ``begin`` wants; ``default_steps`` a sensible length; ``horizon`` the length that
    schedules are stretched over, which the run sets and may correct while it learns how fast steps are. ``gradients`` says
    whether it goes back from losses to genomes, ``on_gpu`` whether these may be on a GPU.
    """

    Options: ClassVar[type[Any]] = NoOptions
    default_steps: int = 1000
    starts: int = 1
    gradients: bool = False
    on_gpu: bool = False

    def __init__(self, options: Any):
        self.options = options
        self.horizon = self.default_steps
        self.count = 0

    def check(self, problem: Problem) -> None:  # noqa: B027 (most have nothing to refuse)
        """Raise CreativityError, in one line, when this optimizer cannot work on this problem."""

    @abstractmethod
    def begin(self, problem: Problem, start: Tensor, stream: Stream) -> None:
        """Take ``starts`` genomes (n, D) to start from, and the stream to draw from."""

    def ask(self) -> Tensor:
        """Genomes (B, D) to be scored."""
        raise NotImplementedError

    def tell(self, losses: Tensor) -> None:
        """Losses (B,) of the genomes last asked for."""
        raise NotImplementedError

    def step(self, problem: Problem) -> Step:
        """Ask, score, tell. The answer is scored along with the population: it is often better than any member."""
        fidelity, count = self.fidelity(problem), self.count
        asked = self.ask()
        genomes = torch.cat([asked, self.answer[None]])
        losses = problem.losses(genomes, count, fidelity)
        self.tell(losses[:-1])
        self.count = count + 1
        return Step(genomes, losses, fidelity)

    def fidelity(self, problem: Problem) -> float:
        """The fraction of the full resolution, in (0, 1], that the next step is scored at."""
        return 1.0

    # -- what it will cost; none of it touches a search that is going on

    def batch(self, problem: Problem) -> int:
        """How many candidates a step scores."""
        other = type(self)(self.options)
        stream = Stream(0, "estimate")
        other.begin(problem, problem.reduce(problem.renderer.init(other.starts, stream)), stream)
        return len(other.ask()) + 1

    def numbers(self, problem: Problem) -> int:
        """How many float32 numbers it holds besides its candidates."""
        return 0

    def work(self, problem: Problem, start: Tensor, steps: int) -> list[Work]:
        """What a search of ``steps`` steps from ``start (n, D)`` costs, in order; fewer steps where it will have converged."""
        other, batch = type(self)(self.options), self.batch(problem)
        other.horizon = steps
        genomes = start[torch.arange(batch) % len(start)]
        self._score(problem, genomes[:1], 1.0)  # what is loaded and compiled once is none of a step's cost
        parts: list[Work] = []
        bounds = [steps * k // SCHEDULE_LOOKS for k in range(SCHEDULE_LOOKS + 1)]
        fidelities = []
        for at in bounds[:-1]:
            other.count = at
            fidelities.append(other.fidelity(problem))
        for fidelity, group in groupby(range(SCHEDULE_LOOKS), key=lambda k: fidelities[k]):
            stages = list(group)
            score = partial(self._score, problem, genomes, fidelity)
            parts.append(Work(bounds[stages[-1] + 1] - bounds[stages[0]], score))
        return parts

    def _score(self, problem: Problem, genomes: Tensor, fidelity: float) -> None:
        leaf = genomes.clone().requires_grad_(self.gradients)
        losses = problem.losses(leaf, 0, fidelity)
        if self.gradients:
            losses.sum().backward()  # type: ignore[no-untyped-call]

    @property
    def progress(self) -> float:
        """How much of the search is over, in [0, 1]."""
        return min(1.0, self.count / max(1, self.horizon))

    @property
    @abstractmethod
    def answer(self) -> Tensor:
        """The genome (D,) that the search stands for: an evolution strategy's mean, a gradient's point."""

    @property
    def phase(self) -> str:
        """What it is doing, in a word or two, where there is more than one thing to do."""
        return ""

    @property
    def converged(self) -> str | None:
        """Why there is nothing left to do, in words; None while there is."""
        return None

    def state(self) -> State:
        """Everything that the next step depends on, as plain arrays: unless it is written anew, every tensor, array and
        number among the attributes."""
        arrays: State = {}
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                arrays[f"tensor/{name}"] = value.detach().numpy()
            elif isinstance(value, np.ndarray):
                arrays[f"array/{name}"] = value
            elif isinstance(value, int | float | np.generic):
                arrays[f"number/{name}"] = np.asarray(value)
            elif isinstance(value, list | dict | set):
                kind = type(value).__name__
                raise TypeError(f"{type(self).__name__}.{name} is a {kind}: keep a tensor, an array or numbers, or write state and restore")
        return arrays

    def restore(self, state: State) -> None:
        """Continue from a ``state()`` of an optimizer that began on the same problem."""
        for key, value in state.items():
            kind, _, name = key.partition("/")
            if kind in _KINDS:
                setattr(self, name, _KINDS[kind](value))


_KINDS: dict[str, Callable[[np.ndarray[Any, Any]], Any]] = {
    "tensor": lambda value: torch.from_numpy(value.copy()),
    "array": lambda value: value.copy(),
    "number": lambda value: value.item(),
}


def staged(progress: float, coarse: float, until: float, problem: Problem) -> float:
    """Coarse to fine: equal stages of doubled resolution from ``coarse``, never below what the objective needs, full from ``until`` on."""
    if not problem.coarsens or coarse >= 1.0 or progress >= until:
        return 1.0
    least = max(coarse, problem.least_side / min(problem.size))
    stages = math.ceil(math.log2(1 / least)) if least < 1 else 0
    if stages == 0:
        return 1.0
    return float(min(1.0, least * 2 ** int(progress / until * stages)))


SCHEDULES = ("cosine", "linear", "constant")


def decayed(progress: float, schedule: str) -> float:
    """The factor on a learning rate at this point of a search: from 1 down to 0.02."""
    if schedule == "cosine":
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))
    return 1 - 0.98 * progress if schedule == "linear" else 1.0
