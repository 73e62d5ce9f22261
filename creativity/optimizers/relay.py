"""Optimizers one after another on the same genome; by default what fits a picture best in the least time.

For drawings that can be built: greedy with back-fitting, gradients on all marks at once from coarse to fine, then rounds of
pruning and re-seeding, each followed by gradients, kept when better (iterated local search: Lourenço, Martin & Stützle 2003).
Marks of few numbers are annealed instead of back-fitted before gradients come.
Marks are placed by their squared error whatever the objective is; what comes of it is judged by the objective alone. One that
chance has a hand in, as where an encoder looks through random windows, can tell no small gain: gradients, gently, are all that follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from creativity import registry
from creativity.errors import CreativityError
from creativity.optimizers import growth
from creativity.optimizers.base import Optimizer, State, Step, Work
from creativity.optimizers.gradient import METHODS, WARM
from creativity.optimizers.greedy import ANNEALING, PLACING_STEPS, Anneal, Mend
from creativity.options import option, whole
from creativity.problem import Problem
from creativity.streams import Stream


class Stage(NamedTuple):
    """An optimizer by name; ``steps`` None lasts until it has converged, or for the rest of the run, by default ``usual`` steps.

    ``squared``: it works by the squared error to the target, whatever the objective is.
    """

    name: str
    steps: int | None = None
    usual: int | None = None
    options: Mapping[str, Any] = MappingProxyType({})
    squared: bool = False


SWEEPS = 5
"""Of back-fitting, before gradients take over: they do the rest faster."""

MENDING, TURNING = 0.1, 0.5
"""In a round, where all but a few marks are in their places, gradients start with the first part of their method's rate; where
marks were placed by another measure than their own, with the second."""

GUIDED = {
    True: Stage("adam", usual=80, options={"rate": 0.15 * METHODS["adam"][1], "restarts": 1, "coarse": 1.0}),
    False: Stage("pgpe", usual=80, options={"population": 64, "sigma": 0.01, "rate": 0.05, "coarse": 1.0}),
}
"""What follows the placing of marks where chance has a hand in the objective, with gradients and without."""

SOUGHT = {
    True: Stage("adam", usual=300, options={"restarts": 1}),
    False: Stage("pgpe", usual=300, options={"population": 64}),
}
"""The same where nothing can be placed."""

FITTED = Stage("adam", 200, options={"restarts": 1}, squared=True)
"""What comes before guidance where nothing can be placed, but there is a picture to begin with: the numbers of a network are fitted to
it. From a picture that they happen to make, an encoder leads to specks."""

ROUND_STEPS = 100
"""Of gradients after each mending."""

STILL = 0.005
"""Rounds that gain less, together, say that the search has converged."""

DEFAULT_ROUNDS = 20
"""Where no limit is set; more time brings more, ever more slowly."""

BUILT = ("mend", "anneal")
"""Stages that only a relay has: they build, too."""


@dataclass(frozen=True)
class RelayOptions:
    stages: tuple[str, ...] = option((), "optimizers with their steps, such as pgpe:500,adam:1000; by default what suits the renderer")
    patience: int = option(100, "the search ends when so many rounds together gain less than half a percent", low=1, high=1_000_000)


class Relay(Optimizer):
    """Stages one after another. By default: greedy, gradients coarse to fine, then rounds of re-seeding, kept when better."""

    Options: ClassVar[type[Any]] = RelayOptions
    gradients = True
    starts = 4  # what gradients would like, where nothing can be built

    def __init__(self, options: RelayOptions):
        super().__init__(options)
        self._stages = tuple(_stage(text) for text in options.stages)
        if self._stages:
            self.starts = _create(self._stages[0], first=True).starts

    def check(self, problem: Problem) -> None:
        for position, stage in enumerate(self._plan(problem)):
            _create(stage, first=position == 0).check(_seen_by(stage, problem))

    def _plan(self, problem: Problem) -> tuple[Stage, ...]:
        if self._stages:
            return self._stages
        if problem.least_squares.buildable:
            # Where all marks are there already, what is new in the picture wants marks of elsewhere: the rounds come soon.
            # And fitting them by another measure would undo what they were found by.
            begun, squared = problem.fresh is not None and not problem.fresh.any(), problem.least_squares is problem
            if not problem.deterministic:
                return (GUIDED[problem.differentiable],) if begun else (Stage("greedy"), GUIDED[problem.differentiable])
            if problem.anneals and problem.fresh is None:  # what a warm start has would be lost
                placing = (Stage("greedy", PLACING_STEPS), Stage("anneal", ANNEALING))
                return (*placing, Stage("adam", ROUND_STEPS, options={"coarse": 1.0})) if problem.differentiable else placing
            gradients = (Stage("adam", ROUND_STEPS if begun and squared else 800),) if problem.differentiable else ()
            return gradients if gradients and begun and not squared else (Stage("greedy"), *gradients)
        if not problem.deterministic:
            if problem.fresh is None and problem.differentiable and problem.least_squares is not problem:
                return (FITTED, GUIDED[True])
            return (SOUGHT[problem.differentiable] if problem.fresh is None else GUIDED[problem.differentiable],)
        return (Stage("adam" if problem.differentiable else "pgpe"),)

    def _again(self, problem: Problem) -> tuple[Stage, ...]:
        """The round that is repeated after the first stages."""
        if self._stages or not problem.least_squares.buildable or not problem.deterministic:
            return ()
        return (Stage("mend", 1), Stage("adam", ROUND_STEPS)) if problem.differentiable else (Stage("mend", 1),)

    def batch(self, problem: Problem) -> int:
        return max(_create(stage, first=k == 0).batch(problem) for k, stage in enumerate(self._plan(problem)))

    def numbers(self, problem: Problem) -> int:
        return max(_create(stage, first=k == 0).numbers(problem) for k, stage in enumerate(self._plan(problem)))

    def work(self, problem: Problem, start: Tensor, steps: int) -> list[Work]:
        parts: list[Work] = []

        def add(stage: Stage, inner: Optimizer, steps: int, rounds: int = 1) -> int:
            taken = 0
            for part in inner.work(_seen_by(stage, problem), start, steps):
                part = part._replace(steps=min(part.steps, steps - taken))
                parts.append(part._replace(steps=rounds * part.steps))
                taken += part.steps
            return rounds * taken

        for turn, stage in enumerate(self._plan(problem)):
            if steps > 0:
                steps -= add(stage, _create(stage, first=turn == 0), _most(stage, steps))
        again = self._again(problem)
        rounds = -(-max(0, steps) // max(1, sum(stage.steps or 0 for stage in again)))
        for stage in again if rounds else ():
            add(stage, _create(stage, first=False, mending=True), stage.steps or 1, rounds)
        return parts

    def begin(self, problem: Problem, start: Tensor, stream: Stream) -> None:
        self.check(problem)
        self._problem, self._stream = problem, stream
        torch.optim.Adam([torch.zeros(1)])  # torch loads its compiler with its first optimizer: now, not in the search's time
        self._first, self._round = self._plan(problem), self._again(problem)
        self._best, self._best_loss = start[0].clone(), np.inf
        self._rounds = np.zeros(0)  # the best loss after each of the last rounds
        self.count = 0
        if problem.fresh is not None and problem.deterministic:
            with torch.no_grad():  # what a search goes on from is the first to beat
                self._keep(start[:1], problem.losses(start[:1]))
        self._enter(0, start)

    # -- the order of stages

    def _stage_at(self, turn: int) -> Stage | None:
        """Stage ``turn`` of the whole search: the first ones, then the round again and again."""
        if turn < len(self._first):
            return self._first[turn]
        return self._round[(turn - len(self._first)) % len(self._round)] if self._round else None

    def _enter(self, turn: int, start: Tensor, length: int | None = None) -> None:
        """Begin stage ``turn``, on ``start (n, D)``, and plan it within what is left of the run."""
        stage = self._stage_at(turn)
        assert stage is not None
        self._turn, self._start, self._entered = turn, start, self.count
        self._inner = _create(stage, turn == 0, mending=turn >= len(self._first), turning=self._turns(turn))
        if length is None and stage.steps:
            length = _most(stage, self.horizon - self.count) if turn else stage.steps  # a run says how long it is after it began
        self._length = length
        self._served = _seen_by(stage, self._problem)
        self._inner.begin(self._served, start[torch.arange(self._inner.starts) % len(start)], self._stream.child(f"stage {turn}"))
        ahead = [later.steps or later.usual or ROUND_STEPS for later in self._first[turn + 1 :]] + DEFAULT_ROUNDS * [
            sum(s.steps or 0 for s in self._round)
        ]
        if turn < len(self._first):
            self.default_steps = self.count + (stage.steps or self._inner.default_steps) + sum(ahead)

    def _turns(self, turn: int) -> bool:
        """Whether stage ``turn`` goes on from one that worked by another measure."""
        before, stage = self._stage_at(max(0, turn - 1)), self._stage_at(turn)
        assert before is not None
        assert stage is not None
        return _seen_by(before, self._problem) is not _seen_by(stage, self._problem)

    def step(self, problem: Problem) -> Step:
        inner = self._inner
        inner.horizon = self._limit or max(1, self.horizon - self._entered)
        step = inner.step(self._served)
        if self._served is not problem:
            step = Step(step.genomes, problem.losses(step.genomes, self.count, step.fidelity), step.fidelity)
        self.count += 1
        if step.fidelity == 1.0 and problem.deterministic:
            self._keep(step.genomes, step.losses)
        if self._over and self._stage_at(self._turn + 1) is not None:
            self._next(problem)
        return step

    @property
    def _over(self) -> bool:
        return bool(self._inner.converged) or (self._limit is not None and self._inner.count >= self._limit)

    @property
    def _limit(self) -> int | None:
        """Steps of the stage that runs. How long a run is, it says only after its first stage began."""
        stage = self._stage_at(self._turn)
        return _most(stage, self.horizon) if stage is not None and stage.squared else self._length

    def _keep(self, genomes: Tensor, losses: Tensor) -> None:
        at = int(losses.argmin())  # a problem's losses are never NaN
        if float(losses[at]) < self._best_loss:
            self._best, self._best_loss = genomes[at].detach().clone(), float(losses[at])

    def _next(self, problem: Problem) -> None:
        if problem.deterministic and not isinstance(self._inner, Mend):
            with torch.no_grad():  # a short stage may have seen nothing at full resolution
                self._keep(self._inner.answer[None], problem.losses(self._inner.answer[None]))
        after = self._turn + 1 - len(self._first)
        if after > 0 and after % len(self._round) == 0:
            self._rounds = np.append(self._rounds, self._best_loss)[-self.options.patience - 1 :]
        # What was annealed, mended or built by another measure is seen through before it is judged; all else goes on from the best.
        mended = isinstance(self._inner, Mend) and len(self._round) > 1
        keep = mended or isinstance(self._inner, Anneal | growth.Grow) or self._served is not problem
        start = self._best if problem.deterministic and not keep else self._inner.answer.detach()
        self._enter(self._turn + 1, start[None].clone())

    @property
    def phase(self) -> str:
        again = self._turn - len(self._first)
        return self._inner.phase or self._first[self._turn].name if again < 0 else f"round {again // len(self._round) + 1}"

    @property
    def converged(self) -> str | None:
        if self._over and self._stage_at(self._turn + 1) is None:
            return "all stages are done"
        patience = self.options.patience
        if len(self._rounds) > patience and self._rounds[-1] >= (1 - STILL) * self._rounds[-1 - patience]:
            return f"the last {patience} rounds together gained less than {STILL:.1%}"
        return None

    @property
    def answer(self) -> Tensor:
        return self._best if self._problem.deterministic and self._best_loss < np.inf else self._inner.answer

    def state(self) -> State:
        numbers = {"count": self.count, "turn": self._turn, "entered": self._entered, "length": self._length or 0}
        return {
            **{f"relay/{name}": np.array(value) for name, value in numbers.items()},
            "relay/best": self._best.numpy(),
            "relay/best_loss": np.float64(self._best_loss),  # type: ignore[dict-item]
            "relay/rounds": self._rounds,
            "relay/start": self._start.numpy(),
            "relay/default_steps": np.int64(self.default_steps),  # type: ignore[dict-item]
            **self._inner.state(),
        }

    def restore(self, state: State) -> None:
        length = int(state["relay/length"])
        self._enter(int(state["relay/turn"]), torch.from_numpy(state["relay/start"].copy()), length or None)
        self.count, self._entered = int(state["relay/count"]), int(state["relay/entered"])
        self._length, self.default_steps = length or None, int(state["relay/default_steps"])
        self._best, self._best_loss = torch.from_numpy(state["relay/best"].copy()), float(state["relay/best_loss"])
        self._rounds = state["relay/rounds"].copy()
        self._inner.restore(state)


@dataclass(frozen=True)
class GrowthOptions:
    rounds: tuple[int, ...] = option((), "how many marks come in each round; the last number goes on; by default 8,8,16,32,64 and so on")
    steps: int = option(100, "steps of gradients on all marks after each round", low=1, high=1_000_000)
    rate: float = option(METHODS["adam"][1], "their learning rate, in units of each block's scale", above=0.0, high=1e6)

    def __post_init__(self) -> None:
        if min(self.rounds, default=1) < 1:
            raise CreativityError(f"optimizer 'growth': each round brings at least one mark, not {min(self.rounds)}")


class Growth(Relay):
    """Marks come in rounds, where the picture lacks most, and adam fits all of them in between: as LIVE builds its layers."""

    Options = GrowthOptions
    options: GrowthOptions

    def __init__(self, options: GrowthOptions):
        Optimizer.__init__(self, options)
        self._stages, self.starts = (), 1

    def check(self, problem: Problem) -> None:
        if not problem.plantable:
            raise CreativityError("growth puts marks where a picture lacks them: it needs the renderer svg and a target; use relay here")
        super().check(problem)

    def _plan(self, problem: Problem) -> tuple[Stage, ...]:
        adam, stages, at = {"rate": self.options.rate, "restarts": 1, "coarse": 1.0}, list[Stage](), 0
        for size in growth.sizes(len(growth.to_come(problem)), self.options.rounds):
            stages += [Stage("grow", 1, options={"first": at, "count": size}), Stage("adam", self.options.steps, options=adam)]
            at += size
        # The last marks have what is left of the run.
        return (*stages[:-1], Stage("adam", usual=5 * self.options.steps, options=adam))

    def _again(self, problem: Problem) -> tuple[Stage, ...]:
        return ()

    @property
    def converged(self) -> str | None:
        return "all marks have grown" if self._over and self._stage_at(self._turn + 1) is None else None


def _stage(text: str) -> Stage:
    """``pgpe:500`` -> the stage."""
    name, colon, steps = text.partition(":")
    registry.optimizers.resolve(name)
    if registry.optimizers.get(name) is Relay:
        raise CreativityError("optimizer 'relay': a relay is no stage of a relay")
    number = whole(steps)
    if colon and not (number and number < 10**9):
        raise CreativityError(f"optimizer 'relay': write stages as pgpe:500,adam:1000, not {text!r}")
    return Stage(name, number)


def _most(stage: Stage, left: int) -> int:
    """How many of the steps that are left a stage takes at most; annealing a third, for gradients bring more in little time, and so
    does what comes before guidance."""
    return max(1, min(stage.steps or left, left // 3 if stage.name == "anneal" or stage.squared else left))


def _seen_by(stage: Stage, problem: Problem) -> Problem:
    """What a stage works on: marks are placed by their squared error, whatever they shall be liked by."""
    if stage.name == "grow":
        return problem
    builds = stage.squared or stage.name in BUILT or registry.optimizers.resolve(stage.name)[0] == "greedy"
    return problem.least_squares if builds else problem


def _create(stage: Stage, first: bool, mending: bool = False, turning: bool = False) -> Optimizer:
    """The optimizer of a stage, set up for where it stands."""
    if stage.name == "grow":
        return growth.Grow(**stage.options)
    if stage.name in BUILT:
        return Mend(alone=turning) if stage.name == "mend" else Anneal()
    base, fixed = registry.optimizers.resolve(stage.name)
    options: dict[str, Any] = {}
    if base == "greedy" and stage.steps is None:
        options = {"sweeps": SWEEPS}
    if base == "gradient" and not first:
        part = TURNING if turning else MENDING if mending else WARM
        rate = part * METHODS[fixed.get("method", "adam")][1]
        options = {"rate": rate, "restarts": 1, "coarse": 1.0 if mending else 0.25}
    optimizer: Optimizer = registry.optimizers.create(stage.name, {**options, **stage.options})
    if stage.usual:
        optimizer.default_steps = stage.usual
    return optimizer
