"""Shapes by a few numbers: areas in closed form, gradients against differences, their own elements in SVG."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from creativity import registry, svg, verbs
from creativity.errors import CreativityError
from creativity.renderers.raster import Outlines, forms, offsets, render
from creativity.renderers.raster.forms import Form
from creativity.renderers.shapes import KINDS, Shapes
from creativity.streams import Streams
from tests.oracles import psnr, resvg

SIZE = (90, 120)


def area(kind: int, rows: list[float], form: Form) -> float:
    """Covered pixels of one shape, black on clear, by the raster kernels."""
    shape = torch.tensor([rows])
    points, contours = forms.flatten(shape, torch.tensor([kind], dtype=torch.int32), form, SIZE)
    outlines = Outlines(points, torch.zeros(1, 3), torch.ones(1), torch.zeros(1, 4), contours, offsets(1, 1), offsets(1, 1))
    return float(render(outlines, SIZE)[0, 3].double().sum())


def closed_form(kind: int, a: float, b: float) -> float:
    """The area of a shape with half its length a and half its width b, in pixels; of five corners where it is regular."""
    return {
        forms.RECTANGLE: 4 * a * b,
        forms.ROTATED: 4 * a * b,
        forms.ELLIPSE: math.pi * a * b,
        forms.CIRCLE: math.pi * b * b,
        forms.LINE: 4 * a * b + math.pi * b * b,
        forms.REGULAR: 5 / 2 * a * a * math.sin(2 * math.pi / 5),
    }[kind]


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind > forms.POLYGON])
@pytest.mark.parametrize("degrees", [0, 33, 160])
@pytest.mark.parametrize(("a", "b"), [(30.0, 8.0), (3.0, 1.5), (0.8, 0.5)])
def test_a_shape_covers_its_area_and_is_as_round_on_a_wide_canvas(kind: int, degrees: float, a: float, b: float) -> None:
    long = max(SIZE)
    turn = math.radians(degrees)
    axis = (a, b) if kind == forms.RECTANGLE else (a * math.cos(turn), a * math.sin(turn))
    row = [0.5, 0.5, axis[0] / long, axis[1] / long, b / long]
    assert area(kind, row, Form((kind,), 5)) == pytest.approx(closed_form(kind, a, b), rel=4e-3)


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_gradients_of_outlines_agree_with_differences(kind: int) -> None:
    """In float64, of random weights on the points; the number of points is the same on both sides."""
    form = Form(tuple(KINDS.values()), 5, least=0.01, most=0.9)
    generator = torch.Generator().manual_seed(kind)
    rows = 0.1 + 0.4 * torch.rand(20, len(form.units(SIZE)), generator=generator, dtype=torch.float64)
    rows[::2, 2] *= -1
    kinds = torch.full((20,), kind, dtype=torch.int32)
    leaf = rows.clone().requires_grad_()
    points, _ = forms.flatten(leaf, kinds, form, SIZE)
    weights = torch.randn(points.shape, generator=generator, dtype=torch.float64)
    (points * weights).sum().backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    step = 1e-6
    for column in range(rows.shape[1]):
        moved = torch.zeros_like(rows)
        moved[:, column] = step
        sides = [forms.flatten(rows + sign * moved, kinds, form, SIZE) for sign in (1, -1)]
        values = []
        for side, offset in sides:
            if len(side) != len(points):  # a radius at which another point is due
                break
            owner = torch.repeat_interleave(torch.arange(20), offset.diff())
            values.append(torch.zeros(20, dtype=torch.float64).index_add(0, owner, (side * weights).sum(1)))
        else:
            torch.testing.assert_close(leaf.grad[:, column], (values[0] - values[1]) / (2 * step), rtol=1e-5, atol=1e-5)


def test_lengths_at_their_limits_feel_only_what_leads_back() -> None:
    form = Form((forms.ELLIPSE,), least=0.1, most=0.3)
    kinds = torch.tensor([forms.ELLIPSE], dtype=torch.int32)
    for length, wish, felt in [(0.05, 1, False), (0.05, -1, True), (0.5, 1, True), (0.5, -1, False), (0.2, 1, True), (0.2, -1, True)]:
        leaf = torch.tensor([[0.5, 0.5, length, 0.0, 0.15]], requires_grad=True)
        points, _ = forms.flatten(leaf, kinds, form, SIZE)
        (wish * (points[:, 0] - points[:, 0].mean()).abs().sum()).backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        assert (leaf.grad[0, 2] != 0) == felt
        assert float(points[:, 0].detach().max()) == pytest.approx(60 + 120 * min(max(length, 0.1), 0.3), abs=0.4)


@pytest.mark.parametrize("kind", KINDS)
def test_each_shape_is_its_own_element_and_another_program_draws_it_the_same(kind: str) -> None:
    element = {"rotated-rectangle": "rect", "rectangle": "rect", "circle": "circle", "ellipse": "ellipse", "line": "line"}.get(
        kind, "polygon"
    )
    renderer: Shapes = registry.renderers.create("shapes", {"count": 12, "kinds": kind})
    genome = renderer.init(1, Streams(3)("init"))
    text = svg.document(400, 300, (0, 0, 400, 300), renderer.to_svg(genome[0], (300, 400)))
    tags = [node.tag.partition("}")[2] for node in svg.read_svg(text.encode()).iter()]
    assert tags.count(element) == 12 + (element == "rect")
    drawn = resvg(text, 400)[..., :3]
    assert psnr(drawn, renderer.render(genome, (300, 400))[0].permute(1, 2, 0).numpy()) >= 44


@pytest.mark.parametrize("factor", [0.01, 30.0])
def test_a_drawing_holds_lengths_where_the_picture_does(factor: float) -> None:
    """Shapes far below and above their limits, by another program: none as it would be without them."""
    renderer: Shapes = registry.renderers.create("shapes", {"count": 40, "min_size": 0.03, "max_size": 0.08, "line_width": 0.03})
    values = renderer.spec.decode(renderer.init(1, Streams(3)("init")))
    values["axis"], values["breadth"] = factor * values["axis"], factor * values["breadth"]
    genome = renderer.spec.encode(values)
    text = svg.document(400, 300, (0, 0, 400, 300), renderer.to_svg(genome[0], (300, 400)))
    assert psnr(resvg(text, 400)[..., :3], renderer.render(genome, (300, 400))[0].permute(1, 2, 0).numpy()) >= 44
    unheld = registry.renderers.create("shapes", {"count": 40, "max_size": 4.0, "line_width": 0.03})
    assert psnr(resvg(text, 400)[..., :3], unheld.render(unheld.spec.encode(values), (300, 400))[0].permute(1, 2, 0).numpy()) < 35


def test_a_mixed_drawing_has_every_kind_and_any_number_is_one() -> None:
    renderer: Shapes = registry.renderers.create("shapes", {"count": 64})
    genomes = renderer.init(3, Streams(1)("init"))
    assert set(renderer._kinds(renderer.spec.decode(genomes)).flatten().tolist()) == set(KINDS.values())
    genomes[:, renderer.spec.slices["kind"]] = torch.tensor([-5.0, 1.0, 7.0])[:, None]
    assert [set(row) for row in renderer._kinds(renderer.spec.decode(genomes)).tolist()] == [{0}, {7}, {7}]


def test_lines_of_one_width_have_it() -> None:
    renderer: Shapes = registry.renderers.create("lines", {"count": 5, "line_width": 0.02})
    assert "breadth" not in renderer.spec.slices
    elements = renderer.to_svg(renderer.init(1, Streams(1)("init"))[0], (300, 400))
    assert {element["stroke-width"] for element in elements[1:]} == {"8"}


@pytest.mark.parametrize("optimizer", ["greedy", "adam"])
def test_marks_of_one_opacity_have_it(target: Any, optimizer: str) -> None:
    artwork = verbs.fit(target, renderer="shapes", count=6, optimizer=optimizer, steps=40, target_size=32, seed=1, options=OPAQUE)
    text = artwork.svg()
    assert "fill-opacity" not in text
    assert "stroke-opacity" not in text
    assert np.isfinite(artwork.genome).all()


OPAQUE = {"renderer.min_opacity": 1, "renderer.max_opacity": 1}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kinds": "cirle"}, "did you mean 'circle'"),
    ({"kinds": ()}, "at least one"),
    ({"corners": 2}, "from 3 to 32"),
    ({"min_size": 0.5, "max_size": 0.2}, "below max_size"),
    ({"line_width": 0.0}, "above 0"),
    ({"min_opacity": 0.5, "max_opacity": 0.4}, "at most max_opacity"),
]


@pytest.mark.parametrize(("options", "reason"), REFUSED)
def test_what_makes_no_sense_is_refused_in_words(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(CreativityError, match=reason):
        registry.renderers.create("shapes", options)
