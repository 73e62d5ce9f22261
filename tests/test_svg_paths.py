"""Closed paths: areas and edges against the curves themselves, gradients against differences, growth and what is put anew."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from creativity import export, registry, svg, verbs
from creativity.errors import CreativityError
from creativity.objectives.base import Context
from creativity.optimizers import growth
from creativity.planting import connected, lacking
from creativity.problem import Problem
from creativity.renderers.raster import forms
from creativity.renderers.raster.forms import PATH, Form
from creativity.renderers.svg import Svg
from creativity.run import Interrupted
from creativity.streams import Streams
from tests.conftest import tiny
from tests.oracles import psnr, resvg

SIZE = (90, 120)


def paths(**options: Any) -> Svg:
    renderer: Svg = registry.renderers.create("svg", {"background": "#ffffff", **options})
    return renderer


def curve(points: np.ndarray[Any, Any], per_piece: int) -> np.ndarray[Any, Any]:
    """Places along a closed path of ends and handles (P, 2), by de Casteljau's construction."""
    found = []
    for first in range(0, len(points), 3):
        four = np.stack([points[(first + k) % len(points)] for k in range(4)])
        for t in np.arange(per_piece) / per_piece:
            inner = four
            while len(inner) > 1:
                inner = inner[:-1] + t * np.diff(inner, axis=0)
            found.append(inner[0])
    return np.array(found)


@pytest.mark.parametrize("segments", [2, 4, 7])
def test_a_path_covers_what_its_curve_encloses(segments: int) -> None:
    renderer = paths(count=1, segments=segments)
    values = renderer.spec.decode(renderer.init(1, Streams(segments)("init")))
    values["points"] = 0.5 + 0.5 * (values["points"] - values["points"].mean(dim=2, keepdim=True)) + torch.tensor([0.03, 0.011])
    values["colour"], values["opacity"] = torch.zeros(1, 1, 3), torch.ones(1, 1)
    dark = float((1 - renderer.render(renderer.spec.encode(values), SIZE)[0, 0]).sum())
    x, y = (curve(values["points"][0, 0].double().numpy(), 2000) * SIZE[::-1]).T
    assert dark == pytest.approx(0.5 * abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))), rel=4e-3)


def test_curves_are_flattened_to_a_twentieth_of_a_pixel_at_any_size() -> None:
    renderer = paths(count=5)
    points = renderer.spec.decode(renderer.init(1, Streams(1)("init")))["points"][0]
    counts = []
    for side in (30, 300, 3000):
        outline, offsets = forms.flatten(points.flatten(1), torch.full((5,), PATH, dtype=torch.int32), renderer.form, (side, side))
        counts.append(len(outline))
        for k in range(5):
            corners = outline[offsets[k] : offsets[k + 1]].double().numpy()
            there = curve(points[k].double().numpy() * side, 150)
            ways = np.roll(corners, -1, axis=0) - corners
            along = ((there[:, None] - corners) * ways).sum(2) / np.maximum((ways**2).sum(1), 1e-12)
            nearest = corners + np.clip(along, 0, 1)[..., None] * ways
            assert np.sqrt(((there[:, None] - nearest) ** 2).sum(2)).min(axis=1).max() < 0.051
    assert counts[0] < 0.5 * counts[1] < 0.25 * counts[2]


def test_gradients_of_outlines_agree_with_differences() -> None:
    """In float64, of random weights on the points; the number of points is the same on both sides."""
    form, generator = Form((PATH,), 9), torch.Generator().manual_seed(0)
    rows = torch.rand(20, 18, generator=generator, dtype=torch.float64)
    kinds, leaf = torch.full((20,), PATH, dtype=torch.int32), rows.clone().requires_grad_()
    points, offsets = forms.flatten(leaf, kinds, form, SIZE)
    weights = torch.randn(points.shape, generator=generator, dtype=torch.float64)
    (points * weights).sum().backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    direction, sides = torch.randn(20, 18, generator=generator, dtype=torch.float64), []
    for step in (1e-6, -1e-6):
        moved, same = forms.flatten(rows + step * direction, kinds, form, SIZE)
        assert torch.equal(same, offsets)
        sides.append(float((moved * weights).sum()))
    assert float((leaf.grad * direction).sum()) == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-6)


DRAWN: dict[str, dict[str, Any]] = {
    "plain": {},
    "corners": {"segments": 2},
    "lined": {"outline": 0.01},
    "inked": {"outline": 0.03, "outline_colour": "#101010", "segments": 3, "background": "none"},
    "shaded": {"fill": "linear", "outline": 0.01},
    "palette": {"outline": 0.005, "palette": ["#ff0000", "#000000"]},
}


@pytest.mark.parametrize("name", DRAWN)
def test_another_program_draws_the_same_of_random_and_of_fitted_paths(name: str, target: Any) -> None:
    renderer = paths(**{"count": 12, **DRAWN[name]})
    options = {f"renderer.{key}": value for key, value in ({"background": "#ffffff"} | DRAWN[name]).items()}
    fitted = verbs.fit(target, renderer="svg", count=12, optimizer="adam", steps=60, target_size=48, seed=1, threads=1, options=options)
    for genome in (renderer.init(1, Streams(3)("init"))[0], torch.from_numpy(fitted.genome)):
        text = svg.document(400, 300, (0, 0, 400, 300), renderer.to_svg(genome, (300, 400)))
        assert text.count("<path") == 12
        drawn = resvg(text, 400)
        drawn = drawn[..., :3] * drawn[..., 3:] + 1 - drawn[..., 3:]
        assert psnr(drawn, renderer.render(genome[None], (300, 400))[0].permute(1, 2, 0).numpy()) >= 40


def test_gradients_reach_the_outlines_too() -> None:
    renderer = paths(count=4, outline=0.04)
    genome, generator = renderer.init(1, Streams(1)("init")), torch.Generator().manual_seed(0)
    weights = torch.rand(3, 48, 48, generator=generator)
    leaf = genome.clone().requires_grad_()
    (renderer.render(leaf, (48, 48)) * weights).sum().backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    for name, part in renderer.spec.slices.items():
        direction = torch.zeros_like(genome)
        direction[:, part] = torch.randn(part.stop - part.start, generator=generator)
        sides = [float((renderer.render(genome + s * direction, (48, 48)).double() * weights).sum()) for s in (3e-4, -3e-4)]
        assert float((leaf.grad * direction).sum()) == pytest.approx((sides[0] - sides[1]) / 6e-4, rel=0.03, abs=0.05), name
        assert leaf.grad[:, part].abs().sum() > 0


def test_marks_with_outlines_are_not_built_but_pruned_and_searched(picture: Path) -> None:
    how: dict[str, Any] = {"renderer": "svg", "count": 6, "options": {"renderer.outline": 0.02}}
    with pytest.raises(CreativityError, match="use adam"):
        tiny(picture, optimizer="greedy", **how).run()
    artwork = tiny(picture, optimizer="relay", **how).run().run()
    drawing = export.drawing(artwork, (100, 120), (1.0, "px"), prune=True)
    assert {"fill", "stroke", "stroke-width"} <= set(drawing.elements[-1].attrib)


def problem(renderer: Svg, target: Tensor) -> Problem:
    goal = registry.objectives.create("pixel", {})
    size = (target.shape[1], target.shape[2])
    goal.prepare(Context(size, target))
    return Problem(renderer, goal, size)


def test_areas_of_one_key_are_told_apart() -> None:
    text = ["aaaab", "abbab", "abcab", "abbaa", "aaaac"]
    keys = np.array([[ord(letter) for letter in line] for line in text])
    labels = connected(keys)
    assert len(np.unique(labels)) == 5
    assert labels[0, 0] == labels[3, 4]
    assert labels[2, 2] != labels[4, 4]
    assert labels[1, 1] != labels[0, 4]


def test_marks_are_put_where_the_picture_lacks_most() -> None:
    target = torch.ones(4, 60, 80)
    target[:3, 10:30, 50:70] = torch.tensor([0.9, 0.1, 0.2])[:, None, None]
    target[:3, 40:48, 10:18] = torch.tensor([0.1, 0.3, 0.9])[:, None, None]
    places = lacking(torch.ones(4, 60, 80), target, None, 2)
    np.testing.assert_allclose(places.middles * (80, 60), [[60, 20], [14, 44]], atol=1)
    np.testing.assert_allclose(places.colours, [[0.9, 0.1, 0.2], [0.1, 0.3, 0.9]], atol=1e-6)
    np.testing.assert_allclose(places.radii * 80, [20 / np.pi**0.5, 8 / np.pi**0.5], rtol=0.02)
    only_there = torch.zeros(60, 80)
    only_there[32:] = 1.0
    np.testing.assert_allclose(lacking(torch.ones(4, 60, 80), target, only_there, 1).middles * (80, 60), [[14, 44]], atol=1)


def test_what_nobody_sees_is_known_and_put_where_it_is_seen() -> None:
    renderer = paths(count=6)
    values = renderer.spec.decode(renderer.init(1, Streams(4)("init")))
    middle = torch.linspace(0.1, 0.9, 6)[:, None, None] + 0.0 * values["points"][0]
    small = values["points"][0] - values["points"][0].mean(dim=1, keepdim=True)
    values["points"] = (middle + 0.2 * small)[None]
    values["opacity"][:] = 1.0
    values["points"][0, 1] += 5.0  # elsewhere
    values["points"][0, 2] = 0.5  # a speck
    values["points"][0, 4] = values["points"][0, 3] + 1.5 * (values["points"][0, 3] - values["points"][0, 3].mean(dim=0))  # covers 3
    values["opacity"][0, 5] = 1e-6  # faint
    target = torch.zeros(4, 60, 60)
    target[3] = 1.0
    work = problem(renderer, target)
    genome = renderer.spec.encode(values)[0]
    unseen = work.unseen(genome)
    assert unseen.tolist() == [1, 2, 3, 5]
    planted = work.plant(genome, unseen, np.random.default_rng(0))
    assert len(work.unseen(planted)) < 4
    assert float(work.losses(planted[None])) < float(work.losses(genome[None]))
    kept = renderer.spec.decode(planted[None])["points"][0, [0, 4]]
    assert torch.equal(kept, renderer.spec.decode(genome[None])["points"][0, [0, 4]])


def test_gradients_put_dead_marks_anew(target: Any) -> None:
    start = verbs.fit(target, renderer="svg", count=8, optimizer="adam", steps=2, seed=1, target_size=32, threads=1)
    values = start.renderer.spec.decode(torch.from_numpy(start.genome)[None])
    values["points"][0, :6] -= 7.0
    lost = start.renderer.spec.encode(values)
    scored = torch.ones(4, 32, 32)
    scored[:3, 8:20, 8:20] = 0.1
    work = problem(start.renderer, scored)  # type: ignore[arg-type]
    assert len(work.unseen(lost[0])) == 6
    search = registry.optimizers.create("adam", {"restarts": 1})
    search.horizon = 150
    search.begin(work, lost, Streams(1)("optimizer"))
    for _ in range(100):
        search.step(work)
    assert len(work.unseen(search.answer.detach())) <= 1


@pytest.mark.parametrize(("marks", "rounds", "expected"), [(100, (), [8, 8, 16, 32, 36]), (5, (), [5]), (12, (1, 2, 4), [1, 2, 4, 4, 1])])
def test_rounds_bring_all_marks(marks: int, rounds: tuple[int, ...], expected: list[int]) -> None:
    assert growth.sizes(marks, rounds) == expected


def test_a_drawing_grows_in_rounds(target: Any) -> None:
    options = {"optimizer.rounds": "2,3", "optimizer.steps": 20}
    run = verbs.plan_fit(
        target, renderer="svg", count=8, optimizer="growth", steps=90, seed=1, target_size=32, threads=1, options=options
    ).run()
    seen: list[tuple[str, int]] = []

    def listener(event: Any) -> None:
        if event.kind == "step":
            seen.append((run.optimizer.phase, 8 - len(run.problem.unseen(run.optimizer._inner.answer.detach()))))

    run.listeners.append(listener)
    artwork = run.run()
    at = list(accumulate([0, 21, 21]))  # a step that plants, and twenty that fit
    counts = [seen[step][1] for step in at]
    assert counts == [2, 5, 8]
    assert {phase for phase, _ in seen} == {"grow", "adam"}
    worse = verbs.fit(target, renderer="svg", count=8, optimizer="adam", steps=2, seed=1, target_size=32, threads=1)
    assert artwork.results["mse"] < 0.5 * worse.results["mse"]


@pytest.mark.parametrize("at", [1, 60, 170])
def test_a_growth_that_was_stopped_goes_on_to_the_same_bytes(picture: Path, at: int) -> None:
    how: dict[str, Any] = {"renderer": "svg", "count": 20, "optimizer": "growth", "steps": 260, "options": {"optimizer.steps": 60}}
    whole = tiny(picture, **how).run("whole").run()
    run = tiny(picture, **how).run("parts")
    run.listeners.append(lambda event: run.stop() if event.step == at else None)
    with pytest.raises(Interrupted):
        run.run()
    assert verbs.resume("parts").to_json() == whole.to_json()
    assert tiny(picture, **how | {"seed": 8}).run().run().genome.tobytes() != whole.genome.tobytes()


def test_growth_says_what_it_needs(picture: Path) -> None:
    with pytest.raises(CreativityError, match="renderer svg"):
        tiny(picture, renderer="triangles", optimizer="growth").run()
    with pytest.raises(CreativityError, match="at least one mark"):
        tiny(picture, renderer="svg", optimizer="growth", options={"optimizer.rounds": "4,0"}).run()
