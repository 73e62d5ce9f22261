"""What an optimizer is: it advances a search by one step on a problem, and knows nothing of pictures.

A black-box optimizer writes ``ask`` and ``tell`` and inherits ``step``; a gradient optimizer writes its own ``step``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from creativity.problem import Problem
from creativity.streams import Stream

State = dict[str, np.ndarray[Any, Any]]


class Step(NamedTuple):
    """What one step looked at: genomes (B, D), their losses (B,), and the fidelity in (0, 1] they were scored at."""

    genomes: Tensor
    losses: Tensor
    fidelity: float = 1.0


class Optimizer(ABC):
    """``begin`` once, then ``step`` as often as wanted; ``state`` and ``restore`` continue a search exactly.

    ``starts`` is how many genomes ``begin`` wants; ``default_steps`` a sensible length; ``horizon`` the length that
    schedules are stretched over, which the run sets and may correct while it learns how fast steps are.
    """

    Options: ClassVar[type[Any]]
    default_steps: int = 1000
    starts: int = 1

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
        asked = self.ask()
        genomes = torch.cat([asked, self.answer[None]])
        losses = problem.losses(genomes, self.count)
        self.tell(losses[:-1])
        return Step(genomes, losses)

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

    @abstractmethod
    def state(self) -> State:
        """Everything that the next step depends on, as plain arrays."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Continue from a ``state()`` of an optimizer that began on the same problem."""
