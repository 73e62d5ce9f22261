"""Every optimizer on a bowl, where the answer is known: they know nothing of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from creativity import registry
from creativity.errors import CreativityError
from creativity.optimizers.base import Optimizer
from creativity.renderers.genome import Block, ParamSpec
from creativity.streams import Streams

NAMES = sorted(set(registry.optimizers.names()) - {"evolution", "gradient", "greedy", "growth"})  # (which build have tests of their own)


class Bowl:
    """Squared distance to a point two scales away; blocks of very different scales."""

    spec = ParamSpec((Block("small", (6,), scale=0.01), Block("large", (4,), scale=10.0)))
    differentiable, deterministic, resolution_free, buildable, size = True, True, True, False, (64, 64)
    fresh, least_side, coarsens, plantable = None, 32, True, False

    def __init__(self) -> None:
        self.bottom = self.spec.centre + 2 * self.spec.scale
        self.least_squares = self

    def losses(self, genomes: Tensor, step: int | None = None, fidelity: float = 1.0) -> Tensor:
        return (((genomes - self.bottom) / self.spec.scale) ** 2).mean(dim=1)


def begun(name: str, problem: Any, **options: Any) -> Optimizer:
    optimizer: Optimizer = registry.optimizers.create(name, options)
    start = problem.spec.centre + 0.1 * torch.arange(optimizer.starts)[:, None] * problem.spec.scale / optimizer.starts
    optimizer.begin(problem, start, Streams(3)("optimizer"))
    return optimizer


@pytest.mark.parametrize("name", NAMES)
def test_reaches_the_bottom_and_continues_exactly(name: str) -> None:
    problem = Bowl()
    optimizer = begun(name, problem, **{"rate": 0.03} if name == "sgd" else {})
    optimizer.horizon = 300
    first = float(problem.losses(optimizer.answer[None]))
    saved: dict[str, Any] = {}
    for count in range(300):
        if count == 20:
            saved = {key: np.array(value) for key, value in optimizer.state().items()}
        step = optimizer.step(problem)  # type: ignore[arg-type]
        if count == 25:
            at_25 = step.genomes
    assert first > 3.0
    assert float(problem.losses(optimizer.answer[None])) < first / 10
    # A new one with the saved state takes the same steps, bit for bit.
    other = begun(name, problem, **{"rate": 0.03} if name == "sgd" else {})
    other.horizon = 300
    other.restore(saved)
    for _ in range(20, 26):
        step = other.step(problem)  # type: ignore[arg-type]
    assert other.count == 26
    assert torch.equal(step.genomes, at_25)


@pytest.mark.parametrize("name", ["pgpe", "ga", "adam"])
def test_a_candidate_without_a_loss_breaks_nothing(name: str) -> None:
    class Holes(Bowl):
        def losses(self, genomes: Tensor, step: int | None = None, fidelity: float = 1.0) -> Tensor:
            losses = super().losses(genomes)
            holes = torch.zeros_like(losses, dtype=torch.bool)
            holes[::3] = len(losses) > 1
            return torch.where(holes, torch.inf, losses)

    problem = Holes()
    optimizer = begun(name, problem)
    for _ in range(30):
        optimizer.step(problem)  # type: ignore[arg-type]
    assert torch.isfinite(optimizer.answer).all()
    assert float(problem.losses(optimizer.answer[None])) < 3.9


def test_adam_agrees_with_torch_on_the_plain_problem() -> None:
    """The adapter adds nothing: the same steps as torch's Adam on the scaled variable."""
    problem = Bowl()
    optimizer = begun("adam", problem, schedule="constant", rate=0.1, restarts=1)
    z = torch.zeros(10, requires_grad=True)
    plain = torch.optim.Adam([z], lr=0.1, betas=(0.9, 0.99))
    for _ in range(50):
        optimizer.step(problem)  # type: ignore[arg-type]
        plain.zero_grad()
        ((z - 2) ** 2).mean().backward()  # type: ignore[no-untyped-call]
        plain.step()
    torch.testing.assert_close((optimizer.answer - problem.spec.centre) / problem.spec.scale, z.detach(), rtol=1e-4, atol=1e-4)


def test_pgpe_agrees_with_evosax_on_the_plain_problem() -> None:
    import jax
    from evosax.algorithms import PGPE
    from evosax.core.optimizer import clipup

    problem = Bowl()
    optimizer = begun("pgpe", problem, population=16, sigma=0.2, rate=0.1, updates="clipup", schedule="constant")
    seed = Streams(3)("optimizer").integer()
    plain = PGPE(16, np.zeros(10, np.float32), optimizer=clipup(0.1, max_velocity=0.1))
    params = plain.default_params.replace(std_init=np.float32(0.2))
    state = plain.init(jax.random.PRNGKey(seed), np.zeros(10, np.float32), params)
    for count in range(10):
        optimizer.step(problem)  # type: ignore[arg-type]
        keys = [jax.random.fold_in(jax.random.PRNGKey(seed), 2 * count + i) for i in (0, 1)]
        population, state = plain.ask(keys[0], state, params)
        state, _ = plain.tell(keys[1], population, np.mean((np.asarray(population) - 2) ** 2, axis=1), state, params)
    ours = (optimizer.answer - problem.spec.centre) / problem.spec.scale
    np.testing.assert_allclose(ours.numpy(), np.asarray(state.mean), rtol=1e-3, atol=1e-4)


def test_tell_before_ask_is_an_error() -> None:
    optimizer = begun("snes", Bowl())
    with pytest.raises(CreativityError, match="before ask"):
        optimizer.tell(torch.zeros(256))


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("pgpe", {"population": 7}, "must be even"),
        ("cma-es", {"rate": 1.0}, "takes no rate"),
        ("cma-es", {"schedule": "cosine"}, "no schedule"),
        ("ga", {"coarse": 0.5}, "takes no coarse"),
        ("lbfgs", {"restarts": 3}, "takes one start"),
        ("adam", {"rates": "colour=2"}, "write rates as"),
        ("adam", {"rates": "smal:2"}, "did you mean 'small'"),
        ("adam", {"rates": "small:-2"}, "above 0"),
        ("greedy", {}, "needs a renderer with a builder .* use adam or pgpe"),
        ("relay", {"stages": "adam:many"}, "write stages as pgpe:500,adam:1000"),
        ("relay", {"stages": "adm"}, "did you mean 'adam'"),
        ("relay", {"stages": "adam:5,relay"}, "no stage of a relay"),
    ],
)
def test_what_cannot_work_is_refused_in_words(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(CreativityError, match=words):
        begun(name, Bowl(), **options)


@pytest.mark.parametrize(("name", "first"), [("pgpe", 0.5), ("adam", 0.5), ("ga", 1.0), ("hill-climber", 1.0)])
def test_a_search_is_coarse_at_first_and_never_at_its_end(name: str, first: float) -> None:
    """The bowl has 64 pixels, and 32 is the least. What compares losses of different steps sees all at full size."""
    problem, asked = Bowl(), []

    def losses(genomes: Tensor, step: int = 0, fidelity: float = 1.0) -> Tensor:
        asked.append(fidelity)
        return Bowl.losses(problem, genomes)

    problem.losses = losses  # type: ignore[method-assign]
    optimizer = begun(name, problem)
    optimizer.horizon = 10
    assert [optimizer.step(problem).fidelity for _ in range(12)] == asked == [first] * 5 + [1.0] * 7  # type: ignore[arg-type]


def test_cma_es_names_what_can_when_the_genome_is_long() -> None:
    class Long(Bowl):
        spec = ParamSpec((Block("long", (30_000,)),))

    with pytest.raises(CreativityError, match="at most 2000 .* use sep-cma-es, snes or pgpe"):
        begun("cma-es", Long())


def test_gradient_names_what_can_where_there_is_none() -> None:
    class Black(Bowl):
        differentiable = False

    with pytest.raises(CreativityError, match="use evolution"):
        begun("adam", Black())
