"""Gradient descent by torch's optimizers: per-block rates, a schedule, coarse to fine, restarts as a batch.

The variable is z = (genome - centre) / (scale * rate), so that one learning rate serves all blocks and every method,
those without parameter groups (L-BFGS) included.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from creativity.errors import CreativityError, nearest
from creativity.optimizers.base import SCHEDULES, Optimizer, State, Step, Work, decayed, staged
from creativity.options import option
from creativity.problem import Problem
from creativity.streams import Stream

METHODS: dict[str, tuple[str, float, dict[str, Any]]] = {
    # name: class in torch.optim, learning rate, settings
    "adam": ("Adam", 0.08, {"betas": (0.9, 0.99)}),
    "adamw": ("AdamW", 0.08, {"betas": (0.9, 0.99)}),
    "nadam": ("NAdam", 0.08, {}),
    "radam": ("RAdam", 0.08, {}),
    "rmsprop": ("RMSprop", 0.02, {}),
    "adagrad": ("Adagrad", 0.2, {}),
    "sgd": ("SGD", 5.0, {"momentum": 0.9}),
    "lbfgs": ("LBFGS", 1.0, {"max_iter": 10, "history_size": 20, "line_search_fn": "strong_wolfe"}),
}

WARM = 0.25
"""A search that goes on from a good start begins with this part of its method's rate, or it would undo what it was given."""


LOOK, LAST_LOOK = 50, 0.8
"""Every so many steps marks that nobody sees are put where the picture lacks most, until so much of the search is over that they
could not grow any more."""


@dataclass(frozen=True)
class GradientOptions:
    method: str = option("adam", "which of torch's optimizers", choices=tuple(METHODS))
    rate: float | None = option(None, "learning rate, in units of each block's scale", above=0.0, high=1e6)
    rates: tuple[str, ...] = option((), "factors on the rate by block, such as colour:2,vertices:0.5")
    schedule: str = option("cosine", "how the rate falls over the run", choices=SCHEDULES)
    coarse: float = option(0.25, "resolution to start at; doubled in stages until the full one; 1 turns it off", low=0.05, high=1.0)
    coarse_until: float = option(0.5, "the part of the run after which the resolution is full", low=0.0, high=1.0)
    restarts: int | None = option(
        None, "searches from different starts, side by side, the best wins; by default 4, for lbfgs 1", low=1, high=4096
    )


class Gradient(Optimizer):
    """Gradient descent: the fastest where renderer and objective have gradients."""

    Options = GradientOptions
    default_steps = 1000
    gradients = True
    on_gpu = True

    def __init__(self, options: GradientOptions):
        # What was left open is settled here, so that the recipe can record it.
        restarts = options.restarts or (1 if options.method == "lbfgs" else 4)
        super().__init__(replace(options, rate=options.rate or METHODS[options.method][1], restarts=restarts))
        self.starts = restarts
        if options.method == "lbfgs" and restarts > 1:
            raise CreativityError("lbfgs couples everything in its batch: it takes one start; use adam for restarts")

    def check(self, problem: Problem) -> None:
        if not problem.differentiable:
            raise CreativityError("gradient needs a renderer and an objective with gradients; use evolution (pgpe) here")
        names = [block.name for block in problem.spec.blocks]
        for name in self._factors():
            if name not in names:
                raise CreativityError(f"optimizer 'gradient': rates names no block {name!r}; {nearest(name, names)}")

    def batch(self, problem: Problem) -> int:
        return self.starts

    def numbers(self, problem: Problem) -> int:
        return problem.spec.size * (50 if self.options.method == "lbfgs" else 5 * self.starts)

    def work(self, problem: Problem, start: Tensor, steps: int) -> list[Work]:
        other = Gradient(self.options)
        other.horizon = steps
        other.begin(problem, start, Stream(0, "estimate"))
        until = time.perf_counter() + 0.3
        while other.count < 30 and time.perf_counter() < until:
            other.step(problem)  # for marks soon grow, and then cost more
        looks = 12.0 if self.options.method == "lbfgs" else 1.0  # on its line
        return [part._replace(times=looks) for part in super().work(problem, other._genomes().detach(), steps)]

    def _factors(self) -> dict[str, float]:
        factors = {}
        for text in self.options.rates:
            name, _, number = text.partition(":")
            try:
                factors[name] = float(number)
            except ValueError:
                raise CreativityError(f"optimizer 'gradient': write rates as colour:2,vertices:0.5, not {text!r}") from None
            if not (factors[name] > 0 and math.isfinite(factors[name])):
                raise CreativityError(f"optimizer 'gradient': a rate must be above 0, not {text!r}")
        return factors

    def begin(self, problem: Problem, start: Tensor, stream: Stream) -> None:
        self.check(problem)
        self._stream, spec = stream, problem.spec
        self._centre, self._unit = spec.centre.to(start.device), (spec.scale * spec.rates(self._factors())).to(start.device)
        if (start == start[0]).all():
            start = start[:1]  # searches from one start would be one search
        self._z = ((start - self._centre) / self._unit).requires_grad_()
        name, _, settings = METHODS[self.options.method]
        self._rate: float = self.options.rate
        if problem.fresh is not None and self._rate == METHODS[self.options.method][1]:
            self._rate *= WARM
        self._torch: torch.optim.Optimizer = getattr(torch.optim, name)([self._z], lr=self._rate, **settings)
        self._best = start[0].clone()
        self.count = 0

    def step(self, problem: Problem) -> Step:
        for group in self._torch.param_groups:
            group["lr"] = self._rate * decayed(self.progress, self.options.schedule)
        if self.count and self.count % LOOK == 0 and self.progress < LAST_LOOK and problem.plantable:
            self._replant(problem)
        fidelity = self.fidelity(problem)
        looked: list[tuple[Tensor, Tensor]] = []
        threads = torch.get_num_threads()

        def closure() -> Tensor:
            torch.set_num_threads(threads)
            self._torch.zero_grad()
            genomes = self._genomes()
            losses = problem.losses(genomes, self.count, fidelity)
            total = losses.masked_fill(losses == torch.inf, 0.0).sum()
            total.backward()  # type: ignore[no-untyped-call]
            if self._z.grad is not None:
                # A candidate that lost its loss stands still; it must not poison its moments.
                torch.nan_to_num_(self._z.grad, nan=0.0, posinf=0.0, neginf=0.0)
            looked.append((genomes.detach(), losses.detach()))
            torch.set_num_threads(1)
            return total.detach()

        try:
            # One thread for the update: MKL would wake all of them for every square root of a few hundred numbers.
            torch.set_num_threads(1)
            self._torch.step(closure)  # type: ignore[arg-type]
        finally:
            torch.set_num_threads(threads)
        genomes = torch.cat([pair[0] for pair in looked])
        losses = torch.cat([pair[1] for pair in looked])
        # Of several restarts the answer is the one that was best when last looked at.
        self._best = self._genomes().detach()[int(looked[-1][1].argmin())]
        self.count += 1
        return Step(genomes, losses, fidelity)

    def _replant(self, problem: Problem) -> None:
        """What no gradient can bring back is put elsewhere, and forgets how it moved."""
        for k, genome in enumerate(self._genomes().detach()):
            unseen = problem.unseen(genome)
            if len(unseen):
                planted = problem.plant(genome, unseen, self._stream.at(self.count * len(self._z) + k))
                changed = planted != genome
                with torch.no_grad():
                    self._z[k] = torch.where(changed, (planted - self._centre) / self._unit, self._z[k])
                for value in self._torch.state.get(self._z, {}).values():
                    if isinstance(value, Tensor) and value.shape == self._z.shape:
                        value[k, changed] = 0.0

    def _genomes(self) -> Tensor:
        return self._centre + self._z * self._unit

    def fidelity(self, problem: Problem) -> float:
        return staged(self.progress, self.options.coarse, self.options.coarse_until, problem)

    @property
    def answer(self) -> Tensor:
        return self._best

    def state(self) -> State:
        arrays = {"count": np.int64(self.count), "z": self._z.detach().cpu().numpy(), "best": self._best.cpu().numpy()}
        for key, value in self._torch.state.get(self._z, {}).items():
            _flatten(f"torch/{key}", value, arrays)
        return arrays  # type: ignore[return-value]

    def restore(self, state: State) -> None:
        self.count = int(state["count"])
        with torch.no_grad():
            self._z.copy_(torch.from_numpy(state["z"]))
        self._best = torch.from_numpy(state["best"].copy()).to(self._z.device)
        saved = _unflatten({key.removeprefix("torch/"): value for key, value in state.items() if key.startswith("torch/")})
        for key, value in saved.items():
            if isinstance(value, Tensor) and value.shape == self._z.shape:  # what counts steps stays on the CPU
                saved[key] = value.to(self._z.device)
        if saved:
            self._torch.state[self._z] = saved


# torch keeps numbers, tensors and (L-BFGS) lists of tensors by name; a checkpoint holds arrays by path.


def _flatten(path: str, value: Any, into: dict[str, Any]) -> None:
    if isinstance(value, Tensor):
        into[f"{path}/tensor"] = value.detach().cpu().numpy()
    elif isinstance(value, list | tuple):
        into[f"{path}/length"] = np.int64(len(value))
        for i, item in enumerate(value):
            _flatten(f"{path}/{i}", item, into)
    elif isinstance(value, int):
        into[f"{path}/int"] = np.int64(value)
    elif isinstance(value, float):
        into[f"{path}/float"] = np.float64(value)
    elif value is None:
        into[f"{path}/none"] = np.int64(0)
    else:
        raise TypeError(f"cannot save {path} of type {type(value).__name__}")


def _unflatten(saved: dict[str, Any]) -> dict[str, Any]:
    def value_at(path: str) -> Any:
        if f"{path}/tensor" in saved:
            return torch.from_numpy(np.array(saved[f"{path}/tensor"]))
        if f"{path}/length" in saved:
            return [value_at(f"{path}/{i}") for i in range(int(saved[f"{path}/length"]))]
        if f"{path}/int" in saved:
            return int(saved[f"{path}/int"])
        if f"{path}/float" in saved:
            return float(saved[f"{path}/float"])
        return None

    return {key: value_at(key) for key in {path.split("/")[0] for path in saved}}
