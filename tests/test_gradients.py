"""Gradient fills: the kernels against their specification, against differences, against resvg; their SVG definitions."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from creativity import svg
from creativity.errors import CreativityError
from creativity.renderers.raster import FLAT, LINEAR, OPACITY_CAP, RADIAL, Gradients, Outlines, render, squared_error
from tests.oracles import psnr, resvg
from tests.test_raster import SCENES, SHORT_CUTS, H, W, assert_gradients_agree, ring, stars, target_and_weight


def graded(scene: Outlines, seed: int) -> Outlines:
    """The scene with flat, linear and radial marks of one to five stops, translucent, at any places."""
    g = torch.Generator().manual_seed(seed)
    marks = len(scene.colours)
    kinds = (torch.randperm(marks, generator=g) % 3 if marks > 2 else torch.full((marks,), 1 + seed % 2)).int()
    counts = torch.randint(1, 6, (marks,), generator=g)
    stops = torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)]).int()
    places = torch.cat([torch.rand(count, generator=g).sort().values for count in counts.tolist()])
    turns = torch.randn(marks, 2, 2, generator=g) * 2 / W
    middles = torch.rand(marks, 2, 1, generator=g) * torch.tensor([[W], [H]])
    offsets = 0.3 * torch.randn(marks, 2, generator=g) - (turns @ middles)[..., 0]
    frames = torch.cat([turns.mT.reshape(marks, 4), offsets], 1)
    return dataclasses.replace(scene, gradients=Gradients(kinds, frames, stops, places, torch.rand(len(places), 4, generator=g)))


def leaves(scene: Outlines, dtype: torch.dtype) -> tuple[list[Tensor], Outlines]:
    fill = scene.gradients
    assert fill is not None
    given = (scene.points, scene.colours, scene.opacities, scene.backgrounds, fill.frames, fill.colours)
    made = [tensor.detach().to(dtype).requires_grad_() for tensor in given]
    names = ("points", "colours", "opacities", "backgrounds")
    live = dataclasses.replace(fill, frames=made[4], colours=made[5], places=fill.places.to(dtype))
    return made, dataclasses.replace(scene, **dict(zip(names, made[:4], strict=True)), gradients=live)


def one(kind: int, frame: list[float], stops: list[tuple[float, list[float]]], opacity: float = 1.0) -> Outlines:
    """A mark over all of a white picture."""
    corners = torch.tensor([[[[-1.0, -1.0], [W + 1.0, -1.0], [W + 1.0, H + 1.0], [-1.0, H + 1.0]]]])
    plain = Outlines.regular(corners, torch.zeros(1, 1, 3), torch.full((1, 1), opacity), torch.ones(1, 4))
    ends, places = torch.tensor([0, len(stops)], dtype=torch.int32), torch.tensor([place for place, _ in stops])
    colours = torch.tensor([colour for _, colour in stops])
    return dataclasses.replace(
        plain, gradients=Gradients(torch.tensor([kind], dtype=torch.int32), torch.tensor([frame]), ends, places, colours)
    )


@pytest.mark.parametrize("number", range(len(SCENES) + len(SHORT_CUTS)))
def test_kernel_meets_the_specification(number: int) -> None:
    scene = graded([*SCENES, *SHORT_CUTS.values()][number], number)
    target, weight = target_and_weight(number)
    made, live = leaves(scene, torch.float32)
    exact, truth = leaves(scene, torch.float64)
    picture, expected = render(live, (H, W)), render(truth, (H, W), "reference")
    assert (picture - expected).abs().max() <= 2e-5
    upstream = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0))
    of_picture = torch.autograd.grad((picture * upstream).sum(), made)
    assert_gradients_agree(of_picture, torch.autograd.grad((expected * upstream).sum(), exact))
    scale = torch.arange(1.0, len(scene.backgrounds) + 1)
    losses = squared_error(live, target, weight) * scale
    meant = squared_error(truth, target.double(), weight.double(), "reference") * scale
    torch.testing.assert_close(losses.double(), meant, rtol=1e-5, atol=1e-7)
    assert_gradients_agree(torch.autograd.grad(losses.sum(), made), torch.autograd.grad(meant.sum(), exact))
    with torch.no_grad():
        assert torch.equal(squared_error(live, target, weight) * scale, losses)
        assert torch.equal(render(live, (H, W)), picture)


@pytest.mark.parametrize("kind", [LINEAR, RADIAL])
def test_specification_meets_finite_differences(kind: int) -> None:
    scene = graded(stars(21, images=1, marks=3, corners=3), 10)
    assert scene.gradients is not None
    fill = dataclasses.replace(scene.gradients, kinds=torch.full((3,), kind, dtype=torch.int32))
    made, live = leaves(dataclasses.replace(scene, gradients=fill), torch.float64)
    target, weight = (tensor.double() for tensor in target_and_weight(4))

    def loss() -> Tensor:
        return squared_error(live, target, weight, "reference").sum()

    felt = torch.autograd.grad(loss(), made)
    for leaf, gradient in zip(made[4:], felt[4:], strict=True):
        assert (gradient.abs() > 1e-7).sum() >= 9
        with torch.no_grad():
            flat = leaf.view(-1)
            for i, analytic in enumerate(gradient.view(-1).tolist()):
                middle = float(flat[i])
                step = 1e-7
                flat[i] = middle + step
                above = loss()
                flat[i] = middle - step
                assert analytic == pytest.approx(float((above - loss()) / (2 * step)), rel=1e-4, abs=1e-7)
                flat[i] = middle


def test_a_gradient_of_one_colour_is_that_colour() -> None:
    """In picture and gradients; the opacity of stops times the mark's own."""
    scene = stars(3)
    marks, target = len(scene.colours), target_and_weight(2)[0]
    filled = graded(scene, 3)
    assert filled.gradients is not None
    same = torch.cat([scene.colours, torch.full((marks, 1), 0.5)], 1).repeat_interleave(3, 0)
    three = torch.arange(marks + 1, dtype=torch.int32) * 3
    kinds = torch.tensor([LINEAR, RADIAL] * (marks // 2), dtype=torch.int32)
    fill = Gradients(kinds, filled.gradients.frames, three, torch.tensor([0.2, 0.5, 0.9] * marks), same)
    made, live = leaves(dataclasses.replace(scene, gradients=fill), torch.float32)
    halved = scene.opacities.mul(0.5).requires_grad_()
    colours = scene.colours.clone().requires_grad_()
    flat = dataclasses.replace(scene, opacities=halved, colours=colours)
    torch.testing.assert_close(render(live, (H, W)), render(flat, (H, W)), rtol=0, atol=2e-6)
    felt = torch.autograd.grad(squared_error(live, target).sum(), made)
    expected = torch.autograd.grad(squared_error(flat, target).sum(), (colours, halved))
    torch.testing.assert_close(felt[5].reshape(marks, 3, 4)[..., :3].sum(1), expected[0], rtol=1e-3, atol=1e-7)
    torch.testing.assert_close(felt[2], expected[1] / 2, rtol=1e-3, atol=1e-7)


def drawing(scene: Outlines, side: int) -> str:
    fill = scene.gradients
    assert fill is not None
    corners, marks = scene.points.reshape(len(scene.colours), -1, 2).tolist(), []
    for m, kind in enumerate(fill.kinds.tolist()):
        between = slice(*fill.stops[m : m + 2].tolist())
        stops = [
            (place, colour[:3], colour[3])
            for place, colour in zip(fill.places[between].tolist(), fill.colours[between].tolist(), strict=True)
        ]
        paint = scene.colours[m].tolist() if kind == FLAT else svg.gradient(fill.frames[m].tolist(), stops, radial=kind == RADIAL)
        marks.append(svg.polygon(corners[m], paint, float(scene.opacities[m])))
    return svg.document(side, side, (0, 0, W, W), [svg.rectangle(0, 0, W, W, "white"), *marks])


@pytest.mark.parametrize("seed", range(3))
def test_svg_drawn_by_another_program_is_the_picture(seed: int) -> None:
    scene = graded(dataclasses.replace(stars(seed, images=1, marks=9, corners=4, spread=1.2), backgrounds=torch.ones(1, 4)), seed)
    assert scene.gradients is not None
    large = dataclasses.replace(
        scene, points=scene.points * 4, gradients=dataclasses.replace(scene.gradients, frames=scene.gradients.frames.clone())
    )
    assert large.gradients is not None
    large.gradients.frames[:, :4] /= 4
    picture = render(large, (4 * W, 4 * W))[0].permute(1, 2, 0)
    assert psnr(resvg(drawing(scene, 4 * W), 4 * W), picture.numpy()) >= 42


RED_TO_BLUE = [(0.0, [1.0, 0.0, 0.0, 1.0]), (1.0, [0.0, 0.0, 1.0, 1.0])]


def test_places_and_what_lies_beyond() -> None:
    """Before the first stop and after the last one is their own colour; of stops at one place the last holds there."""
    columns = (torch.arange(W) + 0.5) / W
    stops = [(0.25, [0.0, 0.0, 0.0, 1.0]), (0.5, [1.0, 0.0, 0.0, 1.0]), (0.5, [0.0, 1.0, 0.0, 1.0]), (0.75, [0.0, 0.0, 1.0, 1.0])]
    row = render(one(LINEAR, [1 / W, 0, 0, 0, 0, 0], stops), (H, W))[0, :, 3]
    below, above = (columns - 0.25) / 0.25, (columns - 0.5) / 0.25
    truth = torch.where(
        columns < 0.5, torch.stack([below.clamp(0, 1), *torch.zeros(2, W)]), torch.stack([torch.zeros(W), 1 - above, above]).clamp(0, 1)
    )
    torch.testing.assert_close(row[:3], truth, rtol=0, atol=3e-4)
    assert columns[W // 2] == 0.5
    assert row[1, W // 2] > 0.99
    start = render(one(LINEAR, [1 / W, 0, 0, 0, -0.5, 0], [(0.0, [1.0, 0.0, 0.0, 1.0]), (0.0, [0.0, 1.0, 0.0, 1.0])]), (H, W))
    assert (start[0, 1] > 0.99).all()


@pytest.mark.parametrize("kind", [LINEAR, RADIAL])
@pytest.mark.parametrize(
    "frame", [[0.0] * 6, [0, 0, 0, 0, 0.3, 0.4], [1e30, -1e30, 1e30, 3e38, -3e38, 1e38], [1e-12] * 6, [1 / W, 1 / W, 1 / W, 1 / W, -1, -1]]
)
def test_frames_that_measure_nothing_are_drawn_and_felt(kind: int, frame: list[float]) -> None:
    scene = one(kind, frame, RED_TO_BLUE, 0.7)
    target, _ = target_and_weight(6)
    made, live = leaves(scene, torch.float32)
    exact, truth = leaves(scene, torch.float64)
    picture = render(live, (H, W))
    torch.testing.assert_close(picture.double(), render(truth, (H, W), "reference"), rtol=0, atol=2e-5)
    felt = torch.autograd.grad(squared_error(live, target).sum(), made)
    if abs(frame[0]) < 1:
        assert_gradients_agree(felt, torch.autograd.grad(squared_error(truth, target.double(), None, "reference").sum(), exact))
    assert all(torch.isfinite(gradient).all() for gradient in felt)


@pytest.mark.parametrize("where", ["frames", "colours", "places"])
@pytest.mark.parametrize("what", [torch.nan, torch.inf])
def test_a_mark_with_a_number_that_is_not_finite_is_left_out(where: str, what: float) -> None:
    scene = graded(stars(5, images=1, marks=6), 2)
    fill = scene.gradients
    assert fill is not None
    mark = int((fill.kinds > 0).nonzero()[1])
    broken = getattr(fill, where).clone()
    broken[mark if where == "frames" else int(fill.stops[mark])] = what
    hurt = dataclasses.replace(scene, gradients=dataclasses.replace(fill, **{where: broken}))
    made, live = leaves(hurt, torch.float32)
    without = dataclasses.replace(scene, opacities=scene.opacities.index_fill(0, torch.tensor([mark]), 0.0))
    for backend in ("numba", "reference"):
        torch.testing.assert_close(render(hurt, (H, W), backend), render(without, (H, W), backend), rtol=0, atol=1e-6)
    felt = torch.autograd.grad(squared_error(live, target_and_weight(1)[0]).sum(), made)
    assert all(torch.isfinite(gradient).all() for gradient in felt)
    assert not felt[4][mark].any()
    assert not felt[2][mark]
    assert not felt[5][slice(*fill.stops[mark : mark + 2].tolist())].any()


def test_opaque_gradients_leave_what_lies_below() -> None:
    scene = graded(stars(60, corners=3), 1)
    fill = scene.gradients
    assert fill is not None
    opaque = dataclasses.replace(fill, colours=torch.cat([fill.colours[:, :3], torch.ones(len(fill.colours), 1)], 1))
    scene = dataclasses.replace(scene, opacities=torch.ones(10), gradients=opaque)
    made, live = leaves(scene, torch.float32)
    exact, truth = leaves(scene, torch.float64)
    target, _ = target_and_weight(7)
    felt = torch.autograd.grad(squared_error(live, target).sum(), made)
    meant = torch.autograd.grad(squared_error(truth, target.double(), None, "reference").sum(), exact)
    assert_gradients_agree((felt[0], felt[4], felt[5][:, :3]), (meant[0], meant[4], meant[5][:, :3]))
    assert float(render(one(LINEAR, [0.0] * 6, RED_TO_BLUE), (H, W))[0, 1].max()) == pytest.approx(1 - OPACITY_CAP)


def test_threads_and_company_change_no_bit() -> None:
    size, batch = (600, 90), graded(stars(40, images=3, marks=6), 8)
    batch = dataclasses.replace(batch, points=batch.points * torch.tensor([90 / W, 600 / H]))
    target, results = torch.rand(4, *size), []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        made, live = leaves(batch, torch.float32)
        losses = squared_error(live, target)
        results.append([losses.detach(), *torch.autograd.grad(losses.sum(), made)])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))
    fill = batch.gradients
    assert fill is not None
    first, last = fill.stops[6], fill.stops[12]
    alone = Outlines.regular(
        batch.points.reshape(3, 6, 7, 2)[1:2], batch.colours[None, 6:12], batch.opacities[None, 6:12], batch.backgrounds[1:2]
    )
    its_own = Gradients(fill.kinds[6:12], fill.frames[6:12], fill.stops[6:13] - first, fill.places[first:last], fill.colours[first:last])
    assert torch.equal(squared_error(dataclasses.replace(alone, gradients=its_own), target)[0], results[0][0][1])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kinds": torch.tensor([3], dtype=torch.int32)}, r"flat\), 1 \(linear"),
        ({"kinds": torch.tensor([1])}, "kinds of gradients must be int32"),
        ({"frames": torch.zeros(1, 4)}, r"frames \(1, 6\)"),
        ({"stops": torch.tensor([0, 3], dtype=torch.int32)}, "stops must rise from 0 to 2"),
        ({"stops": torch.tensor([0, 0], dtype=torch.int32), "places": torch.zeros(0), "colours": torch.zeros(0, 4)}, "at least one stop"),
        ({"colours": torch.zeros(2, 3)}, r"stops \(S, 4\)"),
    ],
)
def test_mistakes_are_told_in_one_line(change: dict[str, Tensor], words: str) -> None:
    scene = one(LINEAR, [0.0] * 6, RED_TO_BLUE)
    assert scene.gradients is not None
    with pytest.raises(CreativityError, match=words):
        render(dataclasses.replace(scene, gradients=dataclasses.replace(scene.gradients, **change)), (H, W))


def test_a_definition_is_written_once_however_deep_the_marks_that_it_fills() -> None:
    import svgwrite

    paint = svg.gradient([0.1, 0, 0, 0.1, 0, 0], [(0, "#ff0000", 1), (1, (0.0, 0.0, 1.0), 0.5)], radial=True)
    again = svg.gradient([0.1, 0, 0, 0.1, 0, 0], [(0, "#ff0000", 1), (1, (0.0, 0.0, 1.0), 0.5)], radial=True)
    other = svg.gradient([0.1, 0, 0, 0.1, 0, 0], [(0, "#ff0000", 1), (1, (0.0, 0.0, 1.0), 0.4)], radial=True)
    group = svgwrite.container.Group(debug=False)
    group.add(svg.circle(4, 5, 3, again))
    text = svg.document(20, 20, (0, 0, 20, 20), [svg.circle(8, 5, 3, paint), group, svg.rectangle(1, 1, 2, 2, other)])
    root = svg.read_svg(text.encode())
    names = {"s": svg.SVG}
    definitions = root.findall("s:defs/s:radialGradient", names)
    assert [f"url(#{element.get('id')})" for element in definitions] == [paint, other]
    assert {element.get("gradientUnits") for element in definitions} == {"userSpaceOnUse"}
    assert [element.get("fill") for element in root.iter(f"{{{svg.SVG}}}circle")] == [paint, paint]
    assert "stop-opacity" not in definitions[0][0].attrib
    assert definitions[0][1].attrib == {"offset": "1", "stop-color": "#0000ff", "stop-opacity": "0.5"}


@pytest.mark.parametrize("radial", [False, True])
@pytest.mark.parametrize("frame", [[0.0] * 6, [0.0, 0.0, 0.0, 0.0, 0.4, 0.0], [0.02, 0.02, 0.02, 0.02, -0.5, -0.5]])
def test_a_frame_that_measures_nothing_is_written_as_it_is_drawn(frame: list[float], radial: bool) -> None:
    scene = one(RADIAL if radial else LINEAR, frame, RED_TO_BLUE)
    assert psnr(resvg(drawing(scene, W), W), render(scene, (W, W))[0].permute(1, 2, 0).numpy()) >= 40
    with pytest.raises(CreativityError, match="six finite numbers"):
        svg.gradient([*frame[:5], float("nan")], [(0, "#ff0000", 1)])


def test_ring_of_a_gradient_keeps_its_hole() -> None:
    """Flat and graded marks of several contours."""
    scene = graded(ring(), 1)
    assert scene.gradients is not None
    assert int(scene.gradients.kinds[0]) != FLAT
    assert torch.equal(render(scene, (H, W))[0, :, 15, 18], torch.ones(4))
