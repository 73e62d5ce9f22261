"""Evolution strategies through evosax: one adapter, strategies by name, per-block scales.

Strategies search in z = (genome - start) / scale, so that a spread of 0.1 means the same for every block. As gradients
do, they begin at a coarse resolution, where a candidate is cheap, and PGPE slows down towards its end: a high rate leaves
poor places early, a low one settles.
PGPE: Sehnke et al. 2010; ClipUp: Toklu et al. 2020, as in es-clip (Tian & Ha 2021). SNES: Schaul et al. 2011.
Sep-CMA-ES: Ros & Hansen 2008. OpenES: Salimans et al. 2017. CMA-ES: Hansen 2016. GA: Such et al. 2017.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from creativity.errors import CreativityError
from creativity.optimizers import strategies
from creativity.optimizers.base import SCHEDULES, Optimizer, State, decayed, staged
from creativity.options import option
from creativity.problem import Problem
from creativity.streams import Stream


class Strategy(NamedTuple):
    """What differs between evosax's algorithms: class, sensible numbers, and where each wants its spread."""

    algorithm: str
    population: int
    sigma: float
    rate: float | None = None  # of the inner optimizer, where it has one
    updates: str | None = None  # that optimizer
    schedule: str = "constant"  # how its rate falls
    spread: str = "params"  # the initial spread is a parameter, or a "schedule"
    whole_population: bool = False  # starts from scored genomes instead of a mean
    remembers: bool = False  # compares losses of one step with those of another, so that all are scored alike
    max_dims: int | None = None


MAX_NUMBERS = 500_000_000
"""Of a population. A library that runs out of memory ends the process without a word."""

STRATEGIES = {
    "pgpe": Strategy("PGPE", 256, 0.03, 0.4, "clipup", "cosine"),
    "snes": Strategy("SNES", 256, 0.1, 1.0, "sgd"),
    "sep-cma-es": Strategy("Sep_CMA_ES", 256, 0.1),
    "open-es": Strategy("Open_ES", 256, 0.05, 0.02, "adam", spread="schedule"),
    "cma-es": Strategy("CMA_ES", 64, 0.1, max_dims=2000),
    "ga": Strategy("SimpleGA", 256, 0.03, spread="schedule", whole_population=True, remembers=True),
    "hill-climber": Strategy("HillClimbing", 64, 0.01, spread="schedule", remembers=True),
}


@dataclass(frozen=True)
class EvolutionOptions:
    strategy: str = option("pgpe", "which evolution strategy", choices=tuple(STRATEGIES))
    population: int | None = option(None, "candidates a step; by default the strategy's own", low=2, high=1_000_000)
    sigma: float | None = option(None, "initial spread, in units of each block's scale", above=0.0, high=100.0)
    rate: float | None = option(None, "learning rate of the mean, where the strategy has one", above=0.0, high=100.0)
    updates: str | None = option(None, "how the mean moves", choices=("clipup", "adam", "sgd"))
    schedule: str | None = option(None, "how the rate falls over the run; by default the strategy's own", choices=SCHEDULES)
    coarse: float | None = option(
        None, "resolution to start at; doubled in stages until the full one; by default 0.25, for ga and hill-climber 1", low=0.05, high=1.0
    )
    coarse_until: float = option(0.5, "the part of the run after which the resolution is full", low=0.0, high=1.0)


class Evolution(Optimizer):
    """Evolution strategies: need no gradient, work on every renderer and objective."""

    Options = EvolutionOptions
    default_steps = 2000
    on_gpu = True

    def __init__(self, options: EvolutionOptions):
        self.strategy = STRATEGIES[options.strategy]
        if (options.updates or options.rate or options.schedule not in (None, "constant")) and self.strategy.updates is None:
            raise CreativityError(f"{options.strategy} moves its mean by its own rule: it takes no rate, no updates and no schedule")
        if self.strategy.remembers and (options.coarse or 1.0) < 1.0:
            raise CreativityError(f"{options.strategy} compares the losses of different steps: it takes no coarse below 1")
        # What was left open is settled here, so that the recipe can record it.
        options = replace(
            options,
            population=options.population or self.strategy.population,
            sigma=options.sigma or self.strategy.sigma,
            rate=options.rate or self.strategy.rate,
            updates=options.updates or self.strategy.updates,
            schedule=options.schedule or self.strategy.schedule,
            coarse=options.coarse or (1.0 if self.strategy.remembers else 0.25),
        )
        super().__init__(options)
        self.population: int = self.options.population
        if self.strategy.algorithm in ("PGPE", "Open_ES") and self.population % 2:
            raise CreativityError(f"{options.strategy} works with mirrored pairs: population must be even, not {self.population}")
        self.starts = self.population if self.strategy.whole_population else 1
        self._asked: Any = None
        self.tensors: strategies.Strategy | None = None

    def check(self, problem: Problem) -> None:
        limit = self.strategy.max_dims
        if limit and problem.spec.size > limit:
            raise CreativityError(
                f"{self.options.strategy} keeps a full covariance and takes at most {limit} numbers, this genome has "
                f"{problem.spec.size}; use sep-cma-es, snes or pgpe"
            )
        if self.population * problem.spec.size > MAX_NUMBERS:
            raise CreativityError(
                f"a population of {self.population} genomes of {problem.spec.size} numbers takes more than "
                f"{4 * MAX_NUMBERS / 1e9:.0f} GB; use a smaller optimizer.population"
            )

    def batch(self, problem: Problem) -> int:
        return self.population + 1

    def numbers(self, problem: Problem) -> int:
        size = problem.spec.size
        return 4 * size**2 if self.options.strategy == "cma-es" else 8 * size

    def _score(self, problem: Problem, genomes: Tensor, fidelity: float) -> None:
        super()._score(problem, genomes, fidelity)
        for _ in range(2):  # drawing a population, and moving on
            Stream(0, "estimate").at().standard_normal(genomes.shape, dtype=np.float32)
        if self.options.strategy == "cma-es":
            np.linalg.eigh(np.eye(genomes.shape[1], dtype=np.float32))

    def begin(self, problem: Problem, start: Tensor, stream: Stream) -> None:
        self.check(problem)
        self._origin, self._scale = start[0].clone(), problem.spec.scale.to(start.device)
        self._stream, self._noise = stream, torch.Generator(start.device)
        self.tensors = None if start.device.type == "cpu" else on_tensors(self.options, problem.spec.size, start.device)
        if self.tensors is not None:
            self._asked, self.count = None, 0
            return
        jax = _jax()
        self._key = jax.random.PRNGKey(stream.integer())
        self._algorithm, self._params = self._build(problem.spec.size)
        self._asked = None
        self.count = 0
        zeros = np.zeros(problem.spec.size, np.float32)
        if self.strategy.whole_population:
            self._first = ((start - self._origin) / self._scale).cpu().numpy()
            if problem.fresh is not None:  # one start for all: spread as their children will be
                self._first[1:] += self.options.sigma * stream.at(0).standard_normal(self._first[1:].shape, dtype=np.float32)
            # A state of the right shape; the first tell replaces it with one that knows the true losses.
            losses = np.zeros(self.population, np.float32)
            self._state = self._algorithm.init(self._key, self._first, losses, self._params)
        else:
            self._state = self._algorithm.init(self._key, zeros, self._params)

    def _build(self, size: int) -> tuple[Any, Any]:
        import evosax.algorithms
        import optax
        from evosax.core.optimizer import clipup

        sigma, rate = self.options.sigma, self.options.rate
        settings: dict[str, Any] = {"population_size": self.population, "solution": np.zeros(size, np.float32)}
        if self.options.updates:
            makers = {"clipup": lambda: clipup(rate, max_velocity=rate), "adam": lambda: optax.adam(rate), "sgd": lambda: optax.sgd(rate)}
            settings["optimizer"] = makers[self.options.updates]()
        if self.strategy.spread == "schedule":
            settings["std_schedule"] = optax.constant_schedule(sigma)
        algorithm = getattr(evosax.algorithms, self.strategy.algorithm)(**settings)
        params = algorithm.default_params
        if self.strategy.spread == "params":
            params = params.replace(std_init=np.float32(sigma))
        return algorithm, params

    def ask(self) -> Tensor:
        if self.tensors is not None:
            self._noise.manual_seed(self._stream.integer(self.count))
            draws = self.tensors.draws, len(self._origin)
            self._asked = self.tensors.ask(torch.randn(draws, generator=self._noise, device=self._origin.device))
            return self._to_genomes(self._asked)
        jax = _jax()
        if self.count == 0 and self.strategy.whole_population:
            self._asked = self._first
        else:
            key = jax.random.fold_in(self._key, 2 * self.count)
            self._asked, self._state = self._algorithm.ask(key, self._state, self._params)
        return self._to_genomes(self._asked)

    def tell(self, losses: Tensor) -> None:
        if self._asked is None:
            raise CreativityError("tell() before ask(): ask for genomes, score them, then tell their losses")
        if self.tensors is not None:
            self.tensors.tell(self._asked, strategies.finite(losses.detach()), decayed(self.progress, self.options.schedule))
            self._asked = None
            self.count += 1
            return
        jax = _jax()
        fitness = _finite(losses.detach().cpu().numpy().astype(np.float32))
        if self.count == 0 and self.strategy.whole_population:
            self._state = self._algorithm.init(self._key, self._asked, fitness, self._params)
        else:
            key = jax.random.fold_in(self._key, 2 * self.count + 1)
            before = self._state
            self._state, _ = self._algorithm.tell(key, self._asked, fitness, before, self._params)
            if self.options.schedule != "constant":
                # A rate that falls, for every inner optimizer alike: a shorter step in the direction that it chose.
                factor = np.float32(decayed(self.progress, self.options.schedule))
                self._state = self._state.replace(mean=before.mean + factor * (self._state.mean - before.mean))
        self._asked = None
        self.count += 1

    def fidelity(self, problem: Problem) -> float:
        return staged(self.progress, self.options.coarse, self.options.coarse_until, problem)

    @property
    def answer(self) -> Tensor:
        """The mean of a distribution; the best member of a population."""
        if self.tensors is not None:
            return self._to_genomes(self.tensors.mean)
        if self.strategy.whole_population:
            best = np.asarray(self._state.best_solution) if self.count else self._first[0]
            return self._to_genomes(best[None])[0]
        return self._to_genomes(np.asarray(self._state.mean)[None])[0]

    def state(self) -> State:
        if self.tensors is not None:
            leaves = [leaf.cpu().numpy() for leaf in self.tensors.leaves]
        else:
            leaves = _jax().tree_util.tree_leaves(self._state)
        return {"count": np.int64(self.count), **{f"es/{i}": np.asarray(leaf) for i, leaf in enumerate(leaves)}}  # type: ignore[dict-item]

    def restore(self, state: State) -> None:
        self.count = int(state["count"])
        if self.tensors is not None:
            for i, leaf in enumerate(self.tensors.leaves):
                leaf.copy_(torch.from_numpy(np.array(state[f"es/{i}"])))
            return
        jax = _jax()
        leaves, shape = jax.tree_util.tree_flatten(self._state)
        restored = [jax.numpy.asarray(state[f"es/{i}"]) for i in range(len(leaves))]
        self._state = jax.tree_util.tree_unflatten(shape, restored)

    def _to_genomes(self, z: Any) -> Tensor:
        z = z if isinstance(z, Tensor) else torch.from_numpy(np.array(z, np.float32)).to(self._origin.device)
        genomes: Tensor = self._origin + z * self._scale
        return genomes


def on_tensors(options: EvolutionOptions, size: int, device: torch.device) -> strategies.Strategy | None:
    """The strategy on torch tensors; None where there is none, and evosax searches on the CPU whatever the device is."""
    assert options.population is not None
    assert options.sigma is not None
    common = options.population, size, options.sigma
    if options.strategy == "sep-cma-es":
        return strategies.SepCMAES(*common, device)
    assert options.rate is not None
    if (options.strategy, options.updates) == ("pgpe", "clipup"):
        return strategies.PGPE(*common, options.rate, device)
    return strategies.SNES(*common, options.rate, device) if (options.strategy, options.updates) == ("snes", "sgd") else None


def _finite(losses: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A candidate without a finite loss counts as the worst that is finite, so that no average breaks."""
    good = np.isfinite(losses)
    if good.all():
        return losses
    return np.where(good, losses, losses[good].max() if good.any() else np.float32(0.0))


def _jax() -> Any:
    """jax, set up once: on the CPU it must not take a GPU's memory, and its compilations are kept on disk."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax

    if not getattr(_jax, "ready", False):
        from creativity.files import cache_folder

        jax.config.update("jax_compilation_cache_dir", str(cache_folder("jax")))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_default_device", jax.devices("cpu")[0])
        _jax.ready = True  # type: ignore[attr-defined]
    return jax
