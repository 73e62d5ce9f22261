"""Greedy and the relay: the stages in their order, never worse, and an end that says why."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from creativity.optimizers.gradient import METHODS
from creativity.optimizers.greedy import Anneal
from creativity.optimizers.relay import WARM, Relay
from creativity.run import Event, Run
from creativity.streams import Stream
from tests.conftest import tiny


def heard(run: Run) -> list[Event]:
    events: list[Event] = []
    run.listeners.append(events.append)
    run.run()
    return events


def one_colour(run: Run) -> float:
    """The error of the best plain picture: where everything begins."""
    assert run._hint is not None
    return float(run._hint[:3].var(dim=(1, 2), unbiased=False).mean())


def test_each_does_what_the_other_cannot_and_together_they_do_best(picture: Path) -> None:
    run = tiny(picture, optimizer="greedy", steps=None).run()
    run.run()
    assert run.outcome is not None
    assert run.outcome.startswith("converged")
    assert run.best_loss < 0.05 * one_colour(run)
    descent, both = tiny(picture, optimizer="adam", steps=1000).run(), tiny(picture, steps=1000).run()
    descent.run()
    both.run()
    assert both.best_loss < 0.9 * min(run.best_loss, descent.best_loss)


def test_the_error_falls_with_every_mark_and_every_sweep(picture: Path) -> None:
    run = tiny(picture, optimizer="greedy", steps=None, count=20, target_size=48).run()
    losses = [event.loss for event in heard(run) if event.kind == "step"]
    assert all(after <= before + 1e-7 for before, after in pairwise(losses))
    assert losses[31] < 0.2 * losses[0]
    assert losses[-1] < 0.97 * losses[31]  # back-fitting brings what placing alone cannot


@pytest.mark.parametrize(
    "options", [{"renderer.background": "none"}, {"renderer.palette": "#2846c8,#dc281e,#3ca03c"}, {"renderer.min_opacity": 0.7}]
)
def test_options_of_the_marks_are_kept_to(picture: Path, options: dict[str, Any]) -> None:
    run = tiny(picture, steps=900, options=options).run()
    artwork = run.run()
    assert run.best_loss < 0.2 * one_colour(run)
    values = run.problem.spec.decode(torch.from_numpy(artwork.genome)[None])
    assert float(values["opacity"].min()) >= options.get("renderer.min_opacity", 0.0) - 1e-6
    if "renderer.palette" in options:
        straight = artwork.rgba()[..., :3].reshape(-1, 3)
        assert len(np.unique(straight, axis=0)) > 3  # translucent marks mix
        assert {tuple(colour) for colour in run.problem.renderer._snap(values["colour"])[0].mul(255).round().int().tolist()} <= {  # type: ignore[attr-defined]
            (40, 70, 200),
            (220, 40, 30),
            (60, 160, 60),
        }


def test_the_stages_come_in_order_and_the_best_is_never_lost(picture: Path) -> None:
    run = tiny(picture, steps=1100).run()
    events = [event for event in heard(run) if event.kind == "step"]
    phases = list(dict.fromkeys(event.phase for event in events))
    assert phases[:5] == ["placing marks", "fitting them in place", "adam", "round 1", "round 2"]
    assert all(after.best <= before.best for before, after in pairwise(events))
    ends = {event.phase: event.best for event in events}
    assert ends["adam"] < ends["fitting them in place"] < ends["placing marks"]


@pytest.mark.parametrize(("steps", "sweeps", "gradients"), [(400, 90, 100), (80, 16, 32)])
def test_circles_are_annealed_before_gradients_come(picture: Path, steps: int, sweeps: int, gradients: int) -> None:
    """In a third of what is left of a short run; what is left of a long one goes into rounds."""
    run = tiny(picture, renderer="circles", steps=steps).run()
    events = [event for event in heard(run) if event.kind == "step"]
    phases = [event.phase for event in events]
    placing, left = phases.count("placing marks"), steps - phases.count("placing marks") - sweeps - gradients
    assert phases[placing - 1 : steps - left] == ["placing marks"] + sweeps * ["annealing"] + gradients * ["adam"]
    assert all(phase.startswith("round") for phase in phases[steps - left :])
    assert all(after.best <= before.best for before, after in pairwise(events))
    assert sum(work.steps for work in run.optimizer.work(run.problem, run.starts(), steps)) >= steps
    two = tiny(picture, renderer="circles", steps=steps, threads=2).run().run()
    assert two.genome.tobytes() == run.artwork.genome.tobytes()


def test_annealing_takes_circles_on_from_where_climbing_ends(tmp_path: Path) -> None:
    """The same number of sweeps, from the same drawings, which no climb can better: not on every picture, but on average."""
    none, ratios = np.zeros(30, np.bool_), []
    for number in range(6):
        patches = np.random.default_rng(number).integers(0, 256, (7, 7, 3), np.uint8)
        Image.fromarray(patches).resize((64, 64), Image.Resampling.BICUBIC).save(tmp_path / "patches.png")
        run = tiny(tmp_path / "patches.png", renderer="circles", optimizer="greedy", steps=None, count=30, target_size=48).run()
        climbed = torch.from_numpy(run.run().genome)
        builder, annealing = run.problem.builder(), Anneal()
        builder.load(climbed)
        annealing.horizon = 90
        annealing.begin(run.problem, climbed[None], Stream(3, "test"))
        for sweep in range(100):
            builder.sweep(range(30), none, 1, 1, 100, sweep)
            if sweep < annealing.horizon:
                annealing.step(run.problem)
        more = builder.genome
        builder.load(annealing.answer)
        for sweep in range(10):
            builder.sweep(range(30), none, 1, 1, 100, sweep)
        climb, anneal = run.problem.losses(torch.stack([more, builder.genome])).tolist()
        ratios.append(anneal / climb)
    assert np.mean(ratios) < 0.96, ratios


def test_it_says_when_it_has_converged(picture: Path) -> None:
    run = tiny(picture, count=2, steps=None, max_seconds=60, options={"optimizer.patience": 3}).run()
    run.run()
    assert run.outcome == "converged: the last 3 rounds together gained less than 0.5%"
    assert run.seconds < 60


def test_a_plain_picture_ends_at_once_and_exactly(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), (10, 200, 30)).save(tmp_path / "plain.png")
    run = tiny(tmp_path / "plain.png", steps=None, max_seconds=60, options={"optimizer.patience": 2}).run()
    artwork = run.run()
    assert run.best_loss < 1e-6
    assert (artwork.rgba()[..., :3] == (10, 200, 30)).mean() > 0.99


def test_stages_can_be_chosen(picture: Path) -> None:
    run = tiny(picture, steps=None, options={"optimizer.stages": "snes:3,adam:20"}).run()
    events = [event for event in heard(run) if event.kind == "step"]
    assert [event.phase for event in events] == 3 * ["snes"] + 20 * ["adam"]
    assert run.outcome in ("converged: all stages are done", "all steps are taken")
    assert isinstance(run.optimizer, Relay)
    inner: Any = run.optimizer._inner
    assert inner.options.rate == WARM * METHODS["adam"][1]
    assert inner.options.restarts == 1


def test_a_stage_that_saw_nothing_at_full_size_is_not_lost(picture: Path) -> None:
    """One step of a strategy that begins coarse: what follows begins where that ended."""
    run = tiny(picture, steps=2, target_size=48, options={"optimizer.stages": "pgpe:1,adam:1"}).run()
    seen = []
    run.listeners.append(lambda event: seen.append(run.optimizer._start.clone()) if event.step == 1 else None)  # type: ignore[attr-defined]
    run.run()
    assert run.best is not None
    with torch.no_grad():
        assert not torch.equal(seen[0][0], run.problem.renderer.init(4, run.streams("init"), run._hint)[0])


def test_what_cannot_be_built_is_searched_by_what_can(picture: Path) -> None:
    run = tiny(picture, renderer="es-clip", steps=2).run()
    assert {event.phase for event in heard(run) if event.kind == "step"} == {"pgpe"}
