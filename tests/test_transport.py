"""Matching patches with prompts: against POT, against differences, and on a picture that needs no encoder."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from benchmarks import transport as toy
from creativity.errors import CreativityError
from creativity.objectives.transport import MODES, match, shares, softness, spread


@pytest.fixture(scope="module")
def ot() -> Any:
    os.environ["POT_BACKEND_DISABLE_JAX"] = "1"  # before it is imported: else it takes seconds
    return pytest.importorskip("ot")


def costs_of(seed: int, n: int, m: int, count: int = 1, kind: str = "even") -> Tensor:
    """(count, n, m) in [0, 1], float64: ``even``, or ``groups``, where each patch is close to one prompt."""
    rng = torch.Generator().manual_seed(seed)
    costs = torch.rand(count, n, m, generator=rng, dtype=torch.float64)
    if kind == "groups":
        own = torch.randint(m, (count, n, 1), generator=rng)
        costs = (0.3 * costs + 0.7).scatter_add(2, own, torch.full_like(own, -0.7, dtype=torch.float64))
    return costs


def weights_of(seed: int, n: int) -> Tensor:
    weights = torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) ** 3 + 0.01
    return weights / weights.sum()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 24),
    m=st.integers(1, 7),
    epsilon=st.sampled_from([0.01, 0.05, 0.2, 1.0]),
    kind=st.sampled_from(["even", "groups"]),
)
def test_plan_value_and_gradient_are_those_of_pot(ot: Any, seed: int, n: int, m: int, epsilon: float, kind: str) -> None:
    costs = costs_of(seed, n, m, kind=kind).requires_grad_()
    a, b = weights_of(seed + 1, n), weights_of(seed + 2, m)
    found = match(costs, b, epsilon=epsilon, patches=a)
    found.values.sum().backward()  # type: ignore[no-untyped-call]
    cost = costs.detach()[0].numpy()
    plan = ot.sinkhorn(a.numpy(), b.numpy(), cost, epsilon, method="sinkhorn_log", numItermax=100_000, stopThr=1e-10, warn=False)
    if abs(plan.sum(1) - a.numpy()).sum() > 1e-5:
        return  # POT did not get there, whose iteration is the slower one
    np.testing.assert_allclose(found.plans[0].numpy(), plan, atol=1e-4)
    value = (plan * cost).sum() + epsilon * (plan * np.log(np.maximum(plan, 1e-300) / (a[:, None] * b).numpy())).sum()
    assert float(found.values[0].detach()) == pytest.approx(value, abs=1e-4)
    assert costs.grad is not None
    np.testing.assert_allclose(costs.grad[0].numpy(), plan, atol=1e-4)


@pytest.mark.parametrize("kind", ["even", "groups"])
def test_the_exact_plan_is_met_where_epsilon_is_small(ot: Any, kind: str) -> None:
    """By a linear programme, whatever the groups are: no mass goes astray, in float32 too."""
    for seed in range(5):
        costs = costs_of(seed, 24, 5, kind=kind)
        a, b = torch.full((24,), 1 / 24, dtype=torch.float64), weights_of(seed, 5)
        exact = float((torch.from_numpy(ot.emd(a.numpy(), b.numpy(), costs[0].numpy())) * costs[0]).sum())
        for dtype in (torch.float32, torch.float64):
            found = match(costs.to(dtype), b, epsilon=1e-3)
            assert float(found.losses[0]) == pytest.approx(exact, abs=2e-3)
            torch.testing.assert_close(found.plans[0].sum(1), a.to(dtype), atol=1e-6, rtol=1e-4)
            torch.testing.assert_close(found.plans[0].sum(0), b.to(dtype), atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("side", ["relax_patches", "relax_prompts"])
@pytest.mark.parametrize("firm", [0.05, 0.5])
def test_relaxed_plans_are_those_of_pot(ot: Any, side: str, firm: float) -> None:
    costs = costs_of(3, 12, 4)
    a, b = weights_of(4, 12), weights_of(5, 4)
    found = match(costs, b, epsilon=0.05, patches=a, **{side: firm})  # type: ignore[arg-type]
    unbalanced = (firm, np.inf) if side == "relax_patches" else (np.inf, firm)
    other = ot.solve(costs[0].numpy(), a.numpy(), b.numpy(), reg=0.05, unbalanced=unbalanced, max_iter=200_000, tol=1e-12)
    np.testing.assert_allclose(found.plans[0].numpy(), other.plan, atol=1e-5)
    assert float(found.values[0]) == pytest.approx(float(other.value), abs=1e-5)
    held, wanted = (found.plans[0].sum(0), b) if side == "relax_patches" else (found.plans[0].sum(1), a)
    torch.testing.assert_close(held, wanted)


@pytest.mark.parametrize(
    "how", [{}, {"relax_patches": 0.1}, {"relax_prompts": 0.1}, {"mode": "softmin"}, {"mode": "mean"}, {"mode": "nearest"}]
)
def test_gradients_agree_with_differences(how: dict[str, Any]) -> None:
    """Where POT's last_step is ten times off, and its value of a plan relaxed on both sides is nothing at all."""
    costs = costs_of(0, 9, 4).requires_grad_()
    b = weights_of(1, 4)
    match(costs, b, epsilon=0.02, **how).values.sum().backward()  # type: ignore[no-untyped-call]
    direction = costs_of(2, 9, 4, count=5) - 0.5
    moved = torch.cat([costs.detach() + 1e-4 * direction, costs.detach() - 1e-4 * direction])
    values = match(moved, b, epsilon=0.02, **how).values
    assert costs.grad is not None
    torch.testing.assert_close((direction * costs.grad).sum((1, 2)), (values[:5] - values[5:]) / 2e-4, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("how", [{}, {"relax_patches": 0.2}, {"relax_prompts": 0.2}, {"mode": "softmin"}])
def test_company_changes_no_bit(how: dict[str, Any]) -> None:
    for n, m in ((1, 3), (7, 1), (33, 9), (64, 4)):
        costs = torch.cat([costs_of(n, n, m, count=9), costs_of(m, n, m, count=8, kind="groups")]).float()
        together = match(costs, epsilon=0.3 * spread(costs), **how)
        for i in range(len(costs)):
            alone = match(costs[i : i + 1], epsilon=0.3 * spread(costs[i : i + 1]), **how)
            for one, all_ in zip(alone, together, strict=True):
                assert torch.equal(one[0], all_[i])


def test_what_belongs_to_a_whole_row_or_column_changes_no_balanced_plan() -> None:
    costs = costs_of(0, 16, 4)
    shifted = costs + 3 * weights_of(1, 16)[:, None] + torch.tensor([0.0, 0.5, -0.2, 0.0])
    torch.testing.assert_close(spread(costs), spread(shifted))
    assert torch.equal(match(costs, epsilon=0.02).plans.argmax(-1), match(shifted, epsilon=0.02).plans.argmax(-1))
    torch.testing.assert_close(match(costs, epsilon=0.02).plans, match(shifted, epsilon=0.02).plans, atol=1e-6, rtol=1e-4)
    # A prompt that is near to everything takes nearly all where nothing holds it.
    assert shares(match(costs - torch.tensor([0.9, 0, 0, 0]), mode="nearest").plans)[0, 0] > 0.9


def test_the_order_of_patches_and_prompts_is_nothing() -> None:
    costs, b = costs_of(0, 10, 4), weights_of(0, 4)
    rows, columns = torch.randperm(10), torch.randperm(4)
    for mode in MODES:
        plans = match(costs, b, mode, 0.05).plans
        turned = match(costs[:, rows][:, :, columns], b[columns], mode, 0.05).plans
        torch.testing.assert_close(plans[:, rows][:, :, columns], turned, atol=1e-7, rtol=1e-5)


def test_the_other_ways_are_ends_of_this_one() -> None:
    costs, b = costs_of(0, 12, 4), weights_of(0, 4)
    mean, softmin, nearest = (match(costs, b, mode, 0.05).plans for mode in ("mean", "softmin", "nearest"))
    torch.testing.assert_close(match(costs, b, epsilon=1e4).plans, mean, atol=1e-5, rtol=1e-3)
    torch.testing.assert_close(match(costs, b, epsilon=0.05, relax_prompts=1e-7).plans, softmin, atol=1e-5, rtol=1e-3)
    torch.testing.assert_close(match(costs, b, "softmin", 1e-4).plans, nearest, atol=1e-6, rtol=1e-3)
    assert softness(mean) == pytest.approx(-float(torch.xlogy(b, b).sum()) / math.log(4))
    assert softness(nearest) == pytest.approx(0, abs=1e-9)


def test_hopeless_prompts_are_dropped_and_idle_patches_left_alone_where_asked() -> None:
    costs = costs_of(0, 20, 3, kind="groups")
    costs[..., 2] = 2.0  # nothing resembles it
    assert match(costs, epsilon=0.01).plans.sum(1)[0, 2] == pytest.approx(1 / 3)
    assert match(costs, epsilon=0.01, relax_prompts=0.1).plans.sum(1)[0, 2] < 1e-3
    costs = costs_of(0, 20, 3, kind="groups")
    costs[:, :5] += 2.0  # a background, like nothing that is asked for
    assert match(costs, epsilon=0.01).plans[0, :5].sum() == pytest.approx(1 / 4)
    assert match(costs, epsilon=0.01, relax_patches=0.1).plans[0, :5].sum() < 1e-3


def test_edges_of_the_possible() -> None:
    for costs in (torch.zeros(2, 5, 3), torch.rand(2, 1, 1), torch.rand(1, 1, 4).expand(2, 6, 4), 1e4 * torch.rand(2, 6, 4)):
        for how in ({}, {"relax_patches": 0.1}, {"relax_prompts": 0.1}):
            plans = match(costs, epsilon=1e-3, **how).plans  # type: ignore[arg-type]
            torch.testing.assert_close(plans.sum((1, 2)), torch.ones(2))
    holed = costs_of(0, 6, 3, count=2)
    holed[0, 2, 1] = math.nan
    assert torch.equal(match(holed).values[1], match(holed[1:]).values[0])
    for weights in ([1.0, 0.0], [1.0, -1.0], [1.0, math.nan]):
        with pytest.raises(CreativityError, match="weights of prompts must be above 0"):
            match(torch.rand(1, 4, 2), torch.tensor(weights))
    with pytest.raises(CreativityError, match="transport"):
        match(torch.rand(1, 4, 2), mode="transprot")
    with pytest.raises(CreativityError, match="not both"):
        match(torch.rand(1, 4, 2), relax_patches=1.0, relax_prompts=1.0)
    with pytest.raises(CreativityError, match="above 0"):
        match(torch.rand(1, 4, 2), epsilon=0.0)


def test_transport_shows_every_prompt_where_the_mean_shows_one() -> None:
    """The claim of Tian, Cuturi & Ha, on a picture of 64 cells; benchmarks/transport.py has all of it."""
    for prompts in (4, 8):
        found = toy.search(mode="transport", prompts=prompts, seeds=2, epsilon=0.05)
        assert found.recall.mean() >= 0.99
        assert found.worst.mean() >= 0.95
        assert found.self.mean() < 0.5
    mean = toy.search(mode="mean", prompts=4, seeds=2)
    assert mean.recall.mean() == pytest.approx(0.25)
    assert mean.self.mean() > 0.99
    hot = toy.search(mode="transport", prompts=4, seeds=2, epsilon=1.0)
    assert hot.recall.mean() == pytest.approx(0.25)  # a large epsilon is the mean


def test_weights_become_areas() -> None:
    for weights in ([3.0, 1.0], [6.0, 3.0, 1.0]):
        found = toy.search(mode="transport", prompts=len(weights), seeds=6, weights=weights, epsilon=0.1, relative=True)
        torch.testing.assert_close(found.areas.mean(0), torch.tensor(weights) / sum(weights), atol=0.03, rtol=0)
