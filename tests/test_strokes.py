"""Strokes: areas and outlines against independent judges, gradients against differences, paths that other programs draw the same."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from creativity import filming, registry, svg, verbs
from creativity.errors import CreativityError
from creativity.problem import squared_error
from creativity.renderers.raster import Outlines, forms, offsets, render
from creativity.renderers.raster.forms import STROKE, Brush, Form
from creativity.renderers.strokes import BRUSHES, Strokes
from creativity.streams import Streams
from tests.oracles import psnr, resvg

SIZE = (90, 120)
FORMS = {
    "plain": Form((STROKE,), 4, brush=Brush(widths=4)),
    "long": Form((STROKE,), 8, brush=Brush(widths=8)),
    "shrunk": Form((STROKE,), 6, brush=Brush(widths=6, longest=0.3)),
    "even": Form((STROKE,), 4, brush=Brush(widths=1, round=False)),
    "fixed": Form((STROKE,), 4, line=0.03, brush=Brush(taper=0.6)),
    "bristles": Form((STROKE,), 6, brush=Brush(((-0.7, 0.2, 0.1, 0.9), (0.0, 0.3, 0.0, 1.0), (0.6, 0.3, 0.2, 0.8)), taper=0.3, widths=6)),
}


def strokes(options: dict[str, Any]) -> Strokes:
    renderer: Strokes = registry.renderers.create("strokes", options)
    return renderer


def coverage(row: list[float], form: Form, size: tuple[int, int] = SIZE) -> np.ndarray[Any, Any]:
    """(H, W) of one stroke, by the raster kernels; of a brush with one ribbon."""
    points, contours = forms.flatten(torch.tensor([row]), torch.tensor([STROKE], dtype=torch.int32), form, size)
    outlines = Outlines(points, torch.zeros(1, 3), torch.ones(1), torch.zeros(1, 4), contours, offsets(1, 1), offsets(1, 1))
    picture: np.ndarray[Any, Any] = render(outlines, size)[0, 3].double().numpy()
    return picture


@pytest.mark.parametrize("round_", [False, True])
@pytest.mark.parametrize("degrees", [0, 33, 160])
@pytest.mark.parametrize(("length", "first", "last"), [(60.0, 8.0, 8.0), (50.0, 3.0, 9.0), (6.0, 0.6, 0.6)])
def test_a_straight_stroke_covers_its_area(round_: bool, degrees: float, length: float, first: float, last: float) -> None:
    """A trapezium, and half a disc at each end, on a canvas that is not square."""
    turn, long = math.radians(degrees), max(SIZE)
    ways = [(t - 0.5) * length for t in (0, 1 / 3, 2 / 3, 1)]
    places = [number for way in ways for number in (0.5 + way * math.cos(turn) / SIZE[1], 0.5 + way * math.sin(turn) / SIZE[0])]
    halves = [0.5 * (first + (last - first) * t) / long for t in (0, 1 / 3, 2 / 3, 1)]
    expected = 0.5 * (first + last) * length + round_ * math.pi / 8 * (first**2 + last**2)
    form = Form((STROKE,), 4, brush=Brush(round=round_, widths=4))
    assert coverage([*places, *halves], form).sum() == pytest.approx(expected, rel=4e-3)


@pytest.mark.parametrize("corners", [4, 8])
def test_a_bent_stroke_is_what_a_disc_sweeps_that_grows_and_shrinks(corners: int) -> None:
    """The outline against the union of many discs, pixel by pixel, from the row's numbers by de Casteljau's construction."""
    rng = np.random.default_rng(corners)
    rows, columns = np.mgrid[0:360, 0:480] + 0.5
    for _ in range(4):
        way = np.linspace(0.15, 0.85, corners)[:, None] + rng.normal(size=(corners, 2)) * 0.04
        halves = rng.uniform(0.02, 0.025, corners)
        form = Form((STROKE,), corners, brush=Brush(widths=corners))
        drawn = coverage([*way.flatten(), *halves], form, (360, 480))
        handles = np.concatenate([way * (480, 360), halves[:, None] * 480], axis=1)
        inner = [(handles[k] + handles[k + 1]) / 2 for k in range(2, corners - 2, 2)]
        ends = [handles[0], *inner, handles[-1]]
        swept = np.zeros(drawn.shape, np.bool_)
        for piece in range(len(ends) - 1):
            four = np.stack([ends[piece], handles[1 + 2 * piece], handles[2 + 2 * piece], ends[piece + 1]])
            for t in np.linspace(0, 1, 200):
                points = four
                while len(points) > 1:
                    points = points[:-1] + t * np.diff(points, axis=0)
                x, y, radius = points[0]
                swept |= (columns - x) ** 2 + (rows - y) ** 2 < radius**2
        assert np.abs(drawn.sum() - swept.sum()) < 0.01 * swept.sum()
        assert ((drawn > 0.5) != swept).mean() < 0.002


@pytest.mark.parametrize("name", FORMS)
def test_gradients_of_outlines_agree_with_differences(name: str) -> None:
    """In float64, of random weights on the points; the number of points is the same on both sides."""
    form, generator = FORMS[name], torch.Generator().manual_seed(0)
    numbers = len(form.units(SIZE))
    rows = 0.1 + 0.8 * torch.rand(20, numbers, generator=generator, dtype=torch.float64)
    rows[:, 2 * form.corners :] *= 0.1
    kinds = torch.full((20,), STROKE, dtype=torch.int32)
    leaf = rows.clone().requires_grad_()
    points, offset = forms.flatten(leaf, kinds, form, SIZE)
    weights = torch.randn(points.shape, generator=generator, dtype=torch.float64)
    (points * weights).sum().backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    owner, seen, step = torch.repeat_interleave(torch.arange(20), offset.diff()), 0, 1e-6

    def value(moved: Tensor) -> Tensor | None:
        side, other = forms.flatten(moved, kinds, form, SIZE)
        if not torch.equal(other, offset):  # a bend at which another point is due
            return None
        return torch.zeros(20, dtype=torch.float64).index_add(0, owner, (side * weights).sum(1))

    for column in range(numbers):
        moved = torch.zeros_like(rows)
        moved[:, column] = step
        up, down = value(rows + moved), value(rows - moved)
        if up is None or down is None:
            continue
        seen += 1
        torch.testing.assert_close(leaf.grad[:, column], (up - down) / (2 * step), rtol=2e-4, atol=1e-3)
    assert seen >= 0.75 * numbers


def test_a_stroke_longer_than_it_may_be_is_shrunk_around_its_middle() -> None:
    long = Form((STROKE,), 4, line=0.02, brush=Brush(longest=0.25, round=False))
    row = [0.1, 0.5, 0.4, 0.5, 0.6, 0.5, 0.9, 0.5]
    points, _ = forms.flatten(torch.tensor([row]), torch.tensor([STROKE], dtype=torch.int32), long, SIZE)
    assert float(points[:, 0].min()) == pytest.approx(60 - 15, abs=0.1)
    assert float(points[:, 0].max()) == pytest.approx(60 + 15, abs=0.1)


def test_a_stroke_without_length_draws_nothing_and_harms_nothing() -> None:
    renderer = strokes({"count": 3})
    values = renderer.spec.decode(renderer.init(1, Streams(0)("init")))
    values["points"] = torch.full_like(values["points"], 0.4)
    genome = renderer.spec.encode(values).requires_grad_()
    picture = renderer.render(genome, SIZE)
    assert picture.detach().std(dim=(2, 3)).max() < 1e-6
    picture.sum().backward()  # type: ignore[no-untyped-call]
    assert genome.grad is not None
    assert torch.isfinite(genome.grad).all()
    assert psnr(resvg(drawing(renderer, genome[0].detach()), 120)[..., :3], picture[0].detach().permute(1, 2, 0).numpy()) > 45


def drawing(renderer: Strokes, genome: Tensor, size: tuple[int, int] = SIZE) -> str:
    height, width = size
    return svg.document(width, height, (0, 0, width, height), renderer.to_svg(genome, size))


DRAWN: dict[str, dict[str, Any]] = {
    **{name: {"brush": name, "segments": 2} for name in BRUSHES},
    "even": {"widths": "even", "segments": 3},
    "fixed": {"line_width": 0.01, "caps": "flat"},
    "flat": {"caps": "flat", "segments": 2},
}


@pytest.mark.parametrize("name", DRAWN)
def test_another_program_draws_the_same_of_random_and_of_fitted_strokes(name: str, target: Any) -> None:
    renderer = strokes({"count": 12, **DRAWN[name]})
    options = {f"renderer.{key}": value for key, value in DRAWN[name].items()}
    fitted = verbs.fit(target, renderer="strokes", count=12, optimizer="adam", steps=60, target_size=48, seed=1, threads=1, options=options)
    for genome in (renderer.init(1, Streams(3)("init"))[0], torch.from_numpy(fitted.genome)):
        drawn = resvg(drawing(renderer, genome, (300, 400)), 400)[..., :3]
        assert psnr(drawn, renderer.render(genome[None], (300, 400))[0].permute(1, 2, 0).numpy()) >= 40


def test_an_even_stroke_is_one_line_for_a_plotter() -> None:
    renderer = strokes({"count": 5, "line_width": 0.01, "segments": 2, "background": "none"})
    assert "width" not in renderer.spec.slices
    elements = renderer.to_svg(renderer.init(1, Streams(1)("init"))[0], (300, 400))
    assert len(elements) == 5
    for element in elements:
        assert (element["stroke-width"], element["stroke-linecap"], element["fill"]) == ("4", "round", "none")
        assert re.fullmatch(r"M[-\d.,]+C([-\d.]+,[-\d.]+ ?){6}", element.tostring().partition(' d="')[2].partition('"')[0])


def test_varying_strokes_are_filled_and_small() -> None:
    renderer = strokes({"count": 20})
    elements = renderer.to_svg(renderer.init(1, Streams(1)("init"))[0], (1000, 1000))[1:]
    assert len(elements) == 20
    for element in elements:
        assert element["fill"] != "none"
        assert len(element.tostring()) < 800


@pytest.mark.parametrize("name", BRUSHES)
@pytest.mark.parametrize("background", ["free", "none"])
def test_a_builder_of_any_brush_saves_what_the_picture_gains(name: str, background: str) -> None:
    renderer = strokes({"count": 6, "brush": name, "background": background, "segments": 2, "max_length": 0.8})
    target = torch.rand(4, 6, 8, generator=torch.Generator().manual_seed(0)).repeat_interleave(5, 1).repeat_interleave(5, 2)
    target[3] = 1.0
    builder = renderer.builder(target)
    builder.load(renderer.init(1, Streams(1)("init"))[0])
    for fresh in (False, True, False):
        before = float(renderer.squared_error(builder.genome[None], target)[0])
        saved = builder.sweep(range(6), np.full(6, fresh), 20, 2, 30, 5)
        after = float(renderer.squared_error(builder.genome[None], target)[0])
        assert saved > 0
        assert before - after == pytest.approx(saved, rel=0.01, abs=1e-5)
    points = renderer.spec.decode(builder.genome[None])["points"][0]
    assert float((points.diff(dim=1) * points.new_tensor([40, 30]) / 40).norm(dim=2).sum(dim=1).max()) < 2.0


@pytest.mark.parametrize("brush", ["plain", "oil"])
@pytest.mark.parametrize(("count", "frames"), [(4, 20), (30, 12), (3, 2), (2, 1)])
def test_the_drawing_is_filmed_stroke_by_stroke_along_their_length(target: Any, brush: str, count: int, frames: int) -> None:
    how: dict[str, Any] = {"optimizer": "greedy", "steps": 34, "seed": 1, "target_size": 32, "size": 64, "threads": 1}
    artwork = verbs.fit(target, renderer="strokes", count=count, options={"renderer.brush": brush}, **how)
    film = filming.of_drawing(artwork, frames=frames, size=64)
    pictures = [frame.astype(int) for frame in film.frames]
    assert len(pictures) == frames
    assert (pictures[-1] == artwork.rgba(64)).all()
    if frames > 1:
        assert pictures[0].std(axis=(0, 1)).max() == 0, "nothing yet"
    if frames > 5:
        assert sum((a != b).any() for a, b in pairwise(pictures)) > 0.7 * frames


@pytest.mark.parametrize("brush", ["plain", "ink", "marker"])
def test_a_stroke_that_is_half_drawn_is_its_first_half(brush: str) -> None:
    renderer = strokes({"count": 3, "brush": brush, "background": "none", "caps": "flat"})
    values = renderer.spec.decode(renderer.init(1, Streams(0)("init")))
    way = torch.tensor([0.1, 0.3667, 0.6333, 0.9])
    values["points"] = torch.stack([torch.stack([way, torch.full((4,), y)], dim=1) for y in (0.2, 0.5, 0.8)])[None]
    values["width"] = torch.full_like(values["width"], 0.05)
    values["opacity"] = torch.ones(1, 3)
    genome = renderer.spec.encode(values)[0]
    whole = renderer.render(genome[None], (90, 120), alpha=True)[0]
    part = renderer.render_until(genome, (90, 120), torch.tensor([1.0, 0.5, 0.0]))
    torch.testing.assert_close(part[:, :36], whole[:, :36])
    torch.testing.assert_close(part[:, 36:54, :59], whole[:, 36:54, :59], atol=0.05, rtol=0.0)  # it ends between two of its steps
    assert float(part[3, 36:54, 61:].max()) == 0.0
    assert float(part[3, 54:].max()) == 0.0


# The grain of the paper -----------------------------------------------------------------------------------------------

GRAIN: dict[str, Any] = {"count": 8, "grain": 0.6, "background": "#f0e0c0", "max_width": 0.3}


def test_paint_gives_way_to_the_ground_where_the_grain_is_deep() -> None:
    plain, rough = strokes({**GRAIN, "grain": 0.0}), strokes(GRAIN)
    genome = rough.init(1, Streams(1)("init"))
    paint, seen = plain.render(genome, SIZE)[0], rough.render(genome, SIZE)[0]
    ground = torch.tensor([0xF0, 0xE0, 0xC0])[:, None, None] / 255
    share = ((seen - paint) * (ground - paint)).sum(dim=0) / ((ground - paint) ** 2).sum(dim=0)
    found = share[((ground - paint) ** 2).sum(dim=0) > 0.01]
    assert float(found.min()) >= -1e-4
    assert float(found.max()) <= 0.6001
    assert float(found.std()) > 0.03
    np.testing.assert_array_equal(drawing(plain, genome[0]), drawing(rough, genome[0]))  # a drawing has none


def test_the_grain_is_the_same_picture_at_any_size() -> None:
    renderer = strokes(GRAIN)
    genome = renderer.init(1, Streams(1)("init"))
    large = renderer.render(genome, (540, 720))
    for side in (90, 180, 270):
        small = renderer.render(genome, (side, side * 4 // 3))
        assert psnr(torch.nn.functional.interpolate(large, small.shape[2:], mode="area"), small) > 38
    again = renderer.render(genome, (540, 720))
    assert torch.equal(large, again)


@pytest.mark.parametrize("background", ["none", "#f0e0c0"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_error_of_grained_paint_is_that_of_its_picture(background: str, weighted: bool) -> None:
    renderer = strokes({**GRAIN, "background": background})
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(4, 30, 40, generator=generator)
    target[:3] *= target[3:]
    weight = torch.rand(30, 40, generator=generator) if weighted else None
    genome = renderer.init(2, Streams(1)("init")).requires_grad_()
    fused = renderer.squared_error(genome, target, weight)
    plain = squared_error(renderer.render(genome, (30, 40), alpha=True), target, weight)
    torch.testing.assert_close(fused, plain, rtol=1e-3, atol=1e-5)
    (by_fused,) = torch.autograd.grad(fused.sum(), genome)
    (by_plain,) = torch.autograd.grad(plain.sum(), genome)
    torch.testing.assert_close(by_fused, by_plain, rtol=1e-2, atol=1e-5)
    builder = renderer.builder(target, weight)
    builder.load(renderer.init(1, Streams(2)("init"))[0])
    before = float(renderer.squared_error(builder.genome[None], target, weight)[0])
    saved = builder.sweep(range(8), np.ones(8, np.bool_), 20, 2, 30, 5)
    assert before - float(renderer.squared_error(builder.genome[None], target, weight)[0]) == pytest.approx(saved, rel=0.01, abs=1e-5)


def test_strokes_begin_where_it_matters_and_along_what_is_there() -> None:
    rows, columns = np.mgrid[0:120, 0:160]
    picture = np.full((4, 120, 160), 0.5, np.float32)
    picture[3] = 1.0
    stripes = (abs(rows - 60) < 24) & (abs(columns - 50) < 24)
    picture[:3, stripes] = np.where(columns[stripes] // 6 % 2, 0.9, 0.1)
    renderer = strokes({"count": 300})
    values = renderer.spec.decode(renderer.init(1, Streams(2)("init"), torch.from_numpy(picture)))
    points = values["points"][0].numpy() * (160, 120)
    x, y = points.mean(axis=1).T
    inside = (abs(y - 60) < 24) & (abs(x - 50) < 24)
    assert inside.mean() > 3 * stripes.mean()
    way = points[:, -1] - points[:, 0]
    assert np.median(abs(way[inside, 1]) / np.hypot(*way[inside].T)) > 0.9
    length = np.hypot(*way.T)
    assert length[inside].mean() < 0.8 * length[~inside].mean()
    assert length[:100].mean() > length[-100:].mean(), "what is fine lies on top"


@pytest.mark.parametrize("line", [{"renderer": "lines"}, {"renderer": "strokes"}])
def test_lines_thinner_than_a_pixel_are_placed_in_any_direction(line: dict[str, str]) -> None:
    """A grey disc in ink: if pixel centres alone judged, only lines along the rows and columns of pixels would do."""
    rows, columns = np.mgrid[0:64, 0:64]
    disc = np.where((rows - 32) ** 2 + (columns - 32) ** 2 < 26**2, 140, 255).astype(np.uint8)
    options = {"renderer.line_width": 0.008, "renderer.min_opacity": 1.0, "renderer.background": "#ffffff", "optimizer.sweeps": 1}
    how: dict[str, Any] = {"count": 60, "optimizer": "greedy", "palette": "#000000", "seed": 1, "threads": 1, "target_size": 64, "size": 64}
    artwork = verbs.fit(np.repeat(disc[..., None], 3, axis=2), options=options, **line, **how)
    values = artwork.renderer.spec.decode(torch.from_numpy(artwork.genome)[None])
    way = values["axis"][0] if "axis" in values else values["points"][0, :, -1] - values["points"][0, :, 0]
    slope = way.abs().min(dim=1).values / way.norm(dim=1).clamp_min(1e-6)
    assert float((slope > 0.2).float().mean()) > 0.4
    assert artwork.results["mse"] < 0.6 * ((1 - disc / 255.0) ** 2).mean()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"brush": "plane"}, "did you mean 'plain'"),
    ({"segments": 0}, "from 1 to 16"),
    ({"min_width": 0.1, "max_width": 0.05}, "below max_width"),
    ({"caps": "square"}, "cannot be 'square'"),
    ({"line_width": 0.0}, "above 0"),
    ({"grain": 0.5}, "choose one"),
]


@pytest.mark.parametrize(("options", "reason"), REFUSED)
def test_what_makes_no_sense_is_refused_in_words(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(CreativityError, match=reason):
        registry.renderers.create("strokes", options)
