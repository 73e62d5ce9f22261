"""Building and mending mark by mark, against the renderer itself: what a sweep says it saved is what the picture gained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from creativity import registry
from creativity.renderers.marks import Marks
from creativity.renderers.raster.builder import MarkBuilder
from creativity.renderers.raster.compiled import compiled
from creativity.streams import Streams

SIZE = (36, 44)
NONE, ALL = np.zeros(10, np.bool_), np.ones(10, np.bool_)

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "transparent": {"background": "none"},
    "fixed": {"background": "#204060"},
    "palette": {"palette": ("#102030", "#e0c080", "#a02020", "#f0f0f0")},
    "faint": {"min_opacity": 0.2, "max_opacity": 0.4},
    "weighted": {},
}
SHAPES = ("circle", "ellipse", "line", "polygon", "rectangle", "regular-polygon", "rotated-rectangle", "triangle")
FORMS: dict[str, dict[str, Any]] = {
    **{kind: {"kinds": (kind,)} for kind in SHAPES},
    "mixed": {},
    "held": {"kinds": ("circle", "rectangle", "line"), "min_size": 0.03, "max_size": 0.2, "line_width": 0.05},
}


def scene(kind: str, seed: int = 1) -> tuple[Marks, MarkBuilder, Tensor, Tensor | None, Tensor]:
    """Ten triangles, or other shapes, before a smooth target with a hole, and a weight where the kind says so."""
    name, options = ("shapes", FORMS[kind]) if kind in FORMS else ("triangles", KINDS[kind])
    renderer: Marks = registry.renderers.create(name, {"count": 10, **options})
    rows, columns = torch.meshgrid(torch.linspace(0, 1, SIZE[0]), torch.linspace(0, 1, SIZE[1]), indexing="ij")
    target = torch.stack([rows, columns, 0.5 + 0.5 * torch.sin(9 * rows * columns), torch.ones_like(rows)])
    if kind == "transparent":
        target = target * ((rows - 0.5) ** 2 + (columns - 0.5) ** 2 < 0.12)
    weight = (0.1 + columns) if kind == "weighted" else None
    genome = renderer.init(1, Streams(seed)("init"))
    values = renderer.spec.decode(genome)
    values["opacity"] = torch.linspace(0.25, 0.39, 10)[None] if kind == "faint" else torch.linspace(0.1, 1.0, 10)[None]
    builder = renderer.builder(target, weight)
    genome = renderer.spec.encode(values)[0]
    builder.load(genome)
    return renderer, builder, target, weight, genome


def loss_of(renderer: Marks, genome: Tensor, target: Tensor, weight: Tensor | None) -> float:
    return float(renderer.squared_error(genome[None].double(), target, weight)[0])


@pytest.mark.parametrize("kind", [*KINDS, *FORMS])
@pytest.mark.parametrize("fresh", [NONE, ALL, np.arange(10) % 3 == 0], ids=["in place", "anew", "some anew"])
def test_what_a_sweep_saves_is_what_the_picture_gains(kind: str, fresh: np.ndarray[Any, Any]) -> None:
    renderer, builder, target, weight, _ = scene(kind)
    before = loss_of(renderer, builder.genome, target, weight)
    for seed in range(3):
        saved = builder.sweep(range(10), fresh, 30, 3, 30, seed)
        after = loss_of(renderer, builder.genome, target, weight)
        assert saved > 0
        assert before - after == pytest.approx(saved, rel=0.002, abs=3e-6)
        before = after
    values = renderer.spec.decode(builder.genome[None])
    low, high = renderer.options.min_opacity, renderer.options.max_opacity
    assert low - 1e-6 <= float(values["opacity"].min()) <= float(values["opacity"].max()) <= high + 1e-6
    if kind == "palette":
        shown = {tuple(round(255 * level) for level in colour) for colour in values["colour"][0].tolist()}
        assert shown <= {(16, 32, 48), (224, 192, 128), (160, 32, 32), (240, 240, 240)}


@pytest.mark.parametrize("kind", ["circle", "mixed", "palette", "weighted"])
def test_a_hot_sweep_goes_uphill_by_what_it_says_and_a_cold_one_does_not(kind: str) -> None:
    renderer, builder, target, weight, _ = scene(kind)
    builder.sweep(range(10), NONE, 30, 3, 60, 0)
    before = loss_of(renderer, builder.genome, target, weight)
    start = builder.genome
    saved = builder.sweep(range(10), NONE, 1, 1, 30, 1, heat=before)
    assert saved < 0
    assert before - loss_of(renderer, builder.genome, target, weight) == pytest.approx(saved, rel=0.002, abs=3e-6)
    hot = builder.genome
    builder.load(start)
    assert builder.sweep(range(10), NONE, 1, 1, 30, 1, heat=before) == saved
    assert torch.equal(builder.genome, hot)
    builder.load(start)
    assert builder.sweep(range(10), NONE, 1, 1, 30, 1, heat=1e-12) > -1e-7


@pytest.mark.parametrize("kind", [*KINDS, *FORMS])
def test_usefulness_is_what_taking_a_mark_away_costs(kind: str) -> None:
    renderer, builder, target, weight, _ = scene(kind)
    builder.sweep(range(10), NONE, 1, 1, 30, 0)
    whole = builder.genome
    useful = builder.usefulness()
    for mark in range(10):
        builder.load(whole)
        builder.remove(np.array([mark]))
        cost = loss_of(renderer, builder.genome, target, weight) - loss_of(renderer, whole, target, weight)
        assert cost == pytest.approx(useful[mark], rel=0.002, abs=3e-6)


@pytest.mark.parametrize("kind", ["plain", "transparent", "faint", "weighted"])
def test_the_paint_of_a_mark_in_the_middle_of_the_stack_is_the_best_there_is(kind: str) -> None:
    """Colour and opacity have a closed form: no paint tried at random is better, and the outline is not moved for it."""
    renderer, builder, target, weight, _ = scene(kind)
    rng = torch.Generator().manual_seed(0)
    for mark in range(10):
        builder.sweep(range(mark, mark + 1), NONE, 1, 1, 60, 0)
        values = renderer.spec.decode(builder.genome[None])
        best = loss_of(renderer, builder.genome, target, weight)
        low, high = renderer.options.min_opacity, renderer.options.max_opacity
        for scale in (0.01, 0.1, 1.0):
            trials = {name: value.repeat(40, *[1] * (value.ndim - 1)) for name, value in values.items()}
            noise = scale * torch.randn(40, 4, generator=rng)
            trials["colour"][:, mark] = (trials["colour"][:, mark] + noise[:, :3]).clamp(0, 1)
            trials["opacity"][:, mark] = (trials["opacity"][:, mark] + noise[:, 3]).clamp(low, high)
            tried = renderer.squared_error(renderer.spec.encode(trials), target, weight)
            assert float(tried.min()) >= best - 2e-6


def test_the_background_is_the_best_there_is() -> None:
    renderer, builder, target, weight, _ = scene("plain")
    builder.refit_background()
    best = loss_of(renderer, builder.genome, target, weight)
    values = renderer.spec.decode(builder.genome[None])
    for change in 0.02 * torch.eye(3):
        for sign in (-1, 1):
            moved = {**values, "background": (values["background"] + sign * change).clamp(0, 1)}
            assert loss_of(renderer, renderer.spec.encode(moved)[0], target, weight) >= best - 1e-7


def tabulated(kind: str) -> tuple[Any, ...]:
    """The kernels, a scene whose table is made for a window, that window, and what each of its pixels has in the table."""
    kernels = compiled("climbing")
    scene_ = scene(kind)[1]._scene
    window = np.array([4, 30, 6, 40], np.int64)
    kernels.compose(scene_, 5)
    kernels.tabulate(scene_, window)
    rows, columns = np.mgrid[4:30, 6:40]
    return kernels, scene_, window, np.diff(scene_.table[4:30, 6:41].astype(np.float64), axis=1), rows, columns


def test_two_lookups_a_row_are_the_sums_over_the_pixels_inside() -> None:
    """The table against plain sums over pixel centres, for outlines in, across and outside the window."""
    kernels, scene_, window, pixels, rows, columns = tabulated("weighted")
    rng = np.random.default_rng(0)
    for _ in range(200):
        points = rng.uniform(-10, 50, (3, 2))
        a, b, c = points

        def side(p: Any, q: Any) -> Any:
            return (q[0] - p[0]) * (rows + 0.5 - p[1]) - (q[1] - p[1]) * (columns + 0.5 - p[0])

        inside = np.sign(side(a, b)) + np.sign(side(b, c)) + np.sign(side(c, a))
        sums = np.zeros(kernels.COEFFICIENTS, np.float32)
        kernels.gather(points, 3, scene_.table, window, scene_.ends, sums)
        np.testing.assert_allclose(sums, pixels[abs(inside) == 3].sum(axis=0), atol=2e-3)


def test_outlines_that_cross_themselves_are_filled_where_they_wind_around() -> None:
    """Any polygon's sums against plain sums over the pixels whose winding number, by angles, is not zero."""
    kernels, scene_, window, pixels, rows, columns = tabulated("polygon")
    rng = np.random.default_rng(0)
    for _ in range(200):
        points = rng.uniform(-10, 50, (5, 2))
        angles = np.arctan2(points[:, 1, None, None] - rows - 0.5, points[:, 0, None, None] - columns - 0.5)
        turns = (np.roll(angles, -1, axis=0) - angles + np.pi) % (2 * np.pi) - np.pi
        winding = np.rint(turns.sum(axis=0) / (2 * np.pi))
        sums = np.zeros(kernels.COEFFICIENTS, np.float32)
        ends, turns, crossings = np.empty((36, 5)), np.empty((36, 5), np.int64), np.empty(36, np.int64)
        kernels.gather_any(points, 5, scene_.table, window, ends, turns, crossings, sums)
        np.testing.assert_allclose(sums, pixels[winding != 0].sum(axis=0), atol=2e-3)


def test_the_settled_paint_is_the_bottom_of_the_bowl() -> None:
    """Random coefficients of real regions: no colour in the gamut and no opacity in the range does better."""
    kernels = compiled("climbing")
    rng = np.random.default_rng(1)
    for _ in range(300):
        canvas, goal, through = rng.uniform(-0.5, 0.5, (20, 3)), rng.uniform(-0.5, 0.5, (20, 3)), rng.uniform(0.1, 1, (20, 1))
        goal = np.clip(rng.normal() * goal + rng.normal(size=3) * 0.3, -0.5, 0.5)
        missing = goal - through * canvas
        sums = np.zeros(kernels.COEFFICIENTS, np.float32)
        sums[:3] = (through * missing).sum(axis=0)
        sums[3] = (through * missing * canvas).sum()
        sums[4:7] = (through**2 * canvas).sum(axis=0)
        sums[7], sums[8] = (through**2 * canvas**2).sum(), (through**2).sum()
        low, high = sorted(rng.uniform(0.01, 1, 2))
        brush = np.zeros(4)
        change = kernels.settle(sums, low, high, np.empty((0, 3)), brush)
        assert (abs(brush[:3]) <= 0.5).all()
        assert low <= brush[3] <= high

        def error(q: Any, a: Any, missing: Any = missing, through: Any = through, canvas: Any = canvas) -> Any:
            return ((missing - a[..., None, None] * through * (q[..., None, :] - canvas)) ** 2).sum(axis=(-1, -2))

        plain = (missing**2).sum()
        assert change == pytest.approx(float(error(brush[:3], brush[3:4])[0]) - plain, abs=1e-4)
        opacities = np.linspace(low, high, 40)[:, None].repeat(300, axis=1)
        colours = rng.uniform(-0.5, 0.5, (40, 300, 3))
        # Best colour of each opacity by its own formula, and random ones beside it.
        colours[:, 0] = np.clip((sums[:3] / opacities[:, :1] + sums[4:7]) / sums[8], -0.5, 0.5)
        assert change <= float(error(colours, opacities).min()) - plain + 2e-4


def test_a_genome_goes_through_the_builder_unchanged() -> None:
    for kind in (*KINDS, *FORMS):
        renderer, builder, _, _, genome = scene(kind)
        picture = renderer.render(builder.genome[None], SIZE, alpha=True)
        torch.testing.assert_close(picture, renderer.render(genome[None], SIZE, alpha=True), atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (70, 3)])
def test_any_size_of_picture_can_be_built(size: tuple[int, int]) -> None:
    renderer: Marks = registry.renderers.create("triangles", {"count": 3})
    target = torch.rand(4, *size, generator=torch.Generator().manual_seed(0))
    target[3] = 1.0
    builder = renderer.builder(target)
    builder.load(renderer.init(1, Streams(1)("init"))[0])
    builder.remove(np.arange(3))
    builder.refit_background()
    before = loss_of(renderer, builder.genome, target, None)
    builder.sweep(range(3), np.ones(3, np.bool_), 20, 2, 20, 0)
    builder.sweep(range(3), np.zeros(3, np.bool_), 20, 2, 20, 1)
    assert torch.isfinite(builder.genome).all()
    assert loss_of(renderer, builder.genome, target, None) <= before + 1e-9
