"""The strategies on torch tensors against evosax, step by step, and on a device that only pretends to be there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from creativity import registry
from creativity.objectives.base import Context
from creativity.optimizers import strategies
from creativity.optimizers.evolution import Evolution, EvolutionOptions, _jax, on_tensors
from creativity.optimizers.strategies import PGPE, SNES, SepCMAES, Strategy
from creativity.problem import Problem
from creativity.streams import Stream, Streams

SIZE, POPULATION = 23, 12
CPU = torch.device("cpu")


def ours(name: str, device: torch.device = CPU) -> Strategy:
    if name == "sep-cma-es":
        return SepCMAES(POPULATION, SIZE, 0.1, device)
    return PGPE(POPULATION, SIZE, 0.1, 0.4, device) if name == "pgpe" else SNES(POPULATION, SIZE, 0.1, 1.0, device)


def theirs(name: str) -> Evolution:
    evolution = Evolution(EvolutionOptions(strategy=name, population=POPULATION, sigma=0.1))
    evolution._algorithm, evolution._params = evolution._build(SIZE)
    return evolution


def loss(population: Tensor) -> Tensor:
    """A bent valley, with some candidates alike and one without a finite loss."""
    losses = ((population - 0.3) ** 2 * torch.linspace(0.2, 5, SIZE)).sum(1) + population[:, 0] * population[:, 1]
    losses[1] = losses[2]
    return losses


@pytest.mark.parametrize("name", ["pgpe", "snes", "sep-cma-es"])
def test_each_step_is_that_of_evosax(name: str) -> None:
    jax = _jax()  # keeps what it compiles
    evolution, strategy = theirs(name), ours(name)
    algorithm, params = evolution._algorithm, evolution._params
    state = algorithm.init(jax.random.PRNGKey(0), np.zeros(SIZE, np.float32), params)
    for step in range(30):
        key = jax.random.fold_in(jax.random.PRNGKey(1), step)
        population, state = algorithm.ask(key, state, params)
        noise = torch.from_numpy(np.array(jax.random.normal(key, (strategy.draws, SIZE))))
        asked = strategy.ask(noise)
        torch.testing.assert_close(asked, torch.from_numpy(np.array(population)), rtol=1e-4, atol=1e-5)
        losses = loss(torch.from_numpy(np.array(population)))
        state, _ = algorithm.tell(key, population, losses.numpy(), state, params)
        strategy.tell(asked, losses)
        leaves = [torch.from_numpy(np.array(leaf)) for leaf in jax.tree_util.tree_leaves(state)]
        assert len(leaves) == len(strategy.leaves)
        for leaf, own in zip(leaves, strategy.leaves, strict=True):
            torch.testing.assert_close(own, leaf.to(own.dtype), rtol=2e-4, atol=2e-5, equal_nan=True)


@pytest.mark.parametrize("name", ["pgpe", "snes", "sep-cma-es"])
def test_they_find_the_lowest_point(name: str) -> None:
    strategy, generator = ours(name), torch.Generator().manual_seed(0)
    for step in range(400):
        population = strategy.ask(torch.randn(strategy.draws, SIZE, generator=generator))
        strategy.tell(population, ((population - 0.5) ** 2).sum(1), 1 - step / 400)
    assert (strategy.mean - 0.5).abs().max() < 0.1


def test_ranks_and_losses_that_are_not_finite() -> None:
    assert strategies.ranks(torch.tensor([3.0, 1.0, 3.0, 2.0])).tolist() == [2.5, 0.0, 2.5, 1.0]
    assert strategies.finite(torch.tensor([1.0, torch.inf, torch.nan, 2.0])).tolist() == [1.0, 2.0, 2.0, 2.0]
    assert strategies.finite(torch.tensor([torch.inf, torch.nan])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", ["pgpe", "snes", "sep-cma-es"])
def test_a_checkpoint_of_one_is_gone_on_with_by_the_other(name: str) -> None:
    def begun(tensors: bool) -> Evolution:
        evolution = Evolution(EvolutionOptions(strategy=name, population=POPULATION, schedule="linear" if name == "pgpe" else None))
        evolution.begin(problem, start, Stream(0, "optimizer"))
        evolution.tensors = on_tensors(evolution.options, problem.spec.size, CPU) if tensors else None
        return evolution

    renderer = registry.renderers.create("triangles", {"count": 2})
    goal = registry.objectives.create("pixel", {})
    goal.prepare(Context((8, 8), torch.ones(4, 8, 8)))
    problem, start = Problem(renderer, goal, (8, 8)), renderer.init(1, Streams(0)("init"))
    for first in (False, True) if name == "pgpe" else (False,):
        one, other = begun(first), begun(not first)
        for _ in range(3):
            one.step(problem)
        other.restore({key: value.copy() for key, value in one.state().items()})
        torch.testing.assert_close(other.answer, one.answer)
        assert other.count == 3
        # From here each draws its own noise; told the same, they move the same way.
        asked = one.ask(), other.ask()
        assert asked[0].shape == asked[1].shape == (POPULATION, problem.spec.size)
        state, again = other.state(), one.state()
        assert state.keys() == again.keys()
        for key, value in again.items():
            np.testing.assert_allclose(np.asarray(state[key], np.float64), np.asarray(value, np.float64), rtol=1e-4, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("name", ["pgpe", "snes", "sep-cma-es"])
def test_a_step_on_a_gpu_asks_the_host_nothing(name: str) -> None:
    """Tensors without memory: to read one number, or to mix devices, raises."""
    with FakeTensorMode():
        gpu = torch.device("cuda")
        strategy = ours(name, gpu)
        addresses: list[Any] = strategy.leaves
        population = strategy.ask(torch.randn(strategy.draws, SIZE, device=gpu))
        strategy.tell(population, strategies.finite(population.sum(1)), 0.5)
        assert all(leaf.device.type == "cuda" for leaf in strategy.leaves)
        assert all(a is b for a, b in zip(addresses, strategy.leaves, strict=True)), "a graph that was captured would read the old ones"
        with pytest.raises(Exception, match="_local_scalar_dense"):
            float(strategy.mean.sum())
