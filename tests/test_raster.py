"""The raster kernels against truth, against their specification, and against people who send them infinity."""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from creativity.errors import CreativityError
from creativity.renderers.raster import Outlines, render, squared_error

H, W = 34, 41


def stars(seed: int, images: int = 2, marks: int = 5, corners: int = 7, spread: float = 1.6) -> Outlines:
    """Random polygons: self-overlapping, of both orientations, across all four borders, over translucent grounds."""
    g = torch.Generator().manual_seed(seed)
    points = (torch.rand(images, marks, corners, 2, generator=g) * spread - (spread - 1) / 2) * torch.tensor([W, H])
    backgrounds = torch.rand(images, 4, generator=g)
    backgrounds[:, :3] *= backgrounds[:, 3:]
    colours = torch.rand(images, marks, 3, generator=g)
    return Outlines.regular(points, colours, torch.rand(images, marks, generator=g), backgrounds)


def ragged(seed: int) -> Outlines:
    """Two images, marks with holes and islands, contours of every length, one empty mark and one empty contour."""
    g = torch.Generator().manual_seed(seed)
    lengths = [5, 4, 3, 0, 9, 2, 6, 3]
    points = torch.cat([(torch.rand(n, 2, generator=g) * 1.4 - 0.2) * torch.tensor([W, H]) for n in lengths])
    offsets = [0, *torch.tensor(lengths).cumsum(0).tolist()]
    int32 = torch.int32
    return Outlines(
        points,
        torch.rand(5, 3, generator=g),
        torch.rand(5, generator=g),
        torch.tensor([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]),
        torch.tensor(offsets, dtype=int32),
        torch.tensor([0, 2, 4, 4, 7, 8], dtype=int32),
        torch.tensor([0, 3, 5], dtype=int32),
    )


def ring() -> Outlines:
    """An axis-aligned frame: level and upright edges, and a hole."""
    outer = [[4.3, 5.2], [33.6, 5.2], [33.6, 28.9], [4.3, 28.9]]
    inner = [[9.7, 9.4], [9.7, 21.5], [27.2, 21.5], [27.2, 9.4]]
    offsets = [torch.tensor(o, dtype=torch.int32) for o in ([0, 4, 8], [0, 2], [0, 1])]
    return Outlines(torch.tensor(outer + inner), torch.tensor([[0.9, 0.2, 0.4]]), torch.tensor([0.8]), torch.ones(1, 4), *offsets)


def leaves(outlines: Outlines, dtype: torch.dtype = torch.float32) -> tuple[list[Tensor], Outlines]:
    given_ = (outlines.points, outlines.colours, outlines.opacities, outlines.backgrounds)
    made = [tensor.detach().to(dtype).requires_grad_() for tensor in given_]
    names = ("points", "colours", "opacities", "backgrounds")
    return made, dataclasses.replace(outlines, **dict(zip(names, made, strict=True)))


def gradients(outlines: Outlines, dtype: torch.dtype, loss: Callable[[Outlines], Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    made, live = leaves(outlines, dtype)
    value = loss(live)
    return value.detach(), torch.autograd.grad(value.sum(), made)


def assert_gradients_agree(ours: tuple[Tensor, ...], truth: tuple[Tensor, ...], bound: float = 1e-4) -> None:
    for a, b in zip(ours, truth, strict=True):
        assert torch.isfinite(a).all()
        assert (a - b).abs().max() <= bound * b.abs().max() + 1e-9


def target_and_weight(seed: int) -> tuple[Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    target = torch.rand(4, H, W, generator=g)
    target[:3] *= target[3:]
    return target, torch.rand(H, W, generator=g)


SCENES = [stars(0), stars(1, corners=3), stars(2, corners=4, spread=3.0), stars(3, corners=19), ragged(4), ring()]


def sampled(outlines: Outlines, image: int, samples: int = 16) -> Tensor:
    """(4, H, W) by non-zero winding at samples x samples points a pixel: shares nothing with the kernels."""
    steps = (torch.arange(samples, dtype=torch.float64) + 0.5) / samples
    ys = (torch.arange(H)[:, None] + steps).reshape(-1)[:, None]
    xs = (torch.arange(W)[:, None] + steps).reshape(-1)[None, :]
    contours, marks, images = outlines.contours.tolist(), outlines.marks.tolist(), outlines.images.tolist()
    canvas = outlines.backgrounds[image].double()[:, None, None].expand(4, H, W)
    for m in range(images[image], images[image + 1]):
        winding = torch.zeros(H * samples, W * samples, dtype=torch.int32)
        for c in range(marks[m], marks[m + 1]):
            points = outlines.points[contours[c] : contours[c + 1]].double()
            if len(points) < 3:
                continue
            for (x0, y0), (x1, y1) in zip(points, points.roll(-1, 0), strict=True):
                side = (x1 - x0) * (ys - y0) - (xs - x0) * (y1 - y0)
                winding += ((y0 <= ys) & (ys < y1) & (side < 0)).int() - ((y1 <= ys) & (ys < y0) & (side > 0)).int()
        inside = (winding != 0).double().reshape(H, samples, W, samples).mean((1, 3))
        q = inside * outlines.opacities[m].double()
        colour = torch.cat([outlines.colours[m].double(), torch.ones(1, dtype=torch.float64)])[:, None, None]
        canvas = canvas + q * (colour - canvas)
    return canvas


@pytest.mark.parametrize("seed", range(4))
def test_pictures_are_the_true_area(seed: int) -> None:
    scene = stars(seed, images=1, marks=6, corners=3)
    error = (render(scene, (H, W))[0] - sampled(scene, 0)).pow(2).mean()
    assert -10 * math.log10(error) >= 48.0


@pytest.mark.parametrize("scene", [ragged(9), ring(), stars(5, marks=3, corners=5)])
def test_holes_islands_and_overlap_are_near_the_truth(scene: Outlines) -> None:
    """Where a pixel holds two boundaries of one mark min(|A|, 1) is only near the truth: hence fewer decibels."""
    error = (render(scene, (H, W))[0] - sampled(scene, 0)).pow(2).mean()
    assert -10 * math.log10(error) >= (48.0 if len(scene.colours) == 1 else 36.0)


@pytest.mark.parametrize("scene", SCENES)
def test_kernel_meets_the_specification(scene: Outlines) -> None:
    size = (H, W)
    upstream = torch.randn(len(scene.backgrounds), 4, H, W, generator=torch.Generator().manual_seed(0))
    ours, our_gradients = gradients(scene, torch.float32, lambda o: (render(o, size) * upstream).sum((1, 2, 3)))
    picture, truth = render(scene, size), render(leaves(scene, torch.float64)[1], size, "reference")
    assert (picture - truth).abs().max() <= 2e-5
    _, gradient = gradients(scene, torch.float64, lambda o: (render(o, size, "reference") * upstream).sum((1, 2, 3)))
    assert ours.shape == (len(scene.backgrounds),)
    assert_gradients_agree(our_gradients, gradient)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("weighted", [False, True])
def test_squared_error_meets_the_specification(scene: Outlines, weighted: bool) -> None:
    target, weight = target_and_weight(1)
    w = weight if weighted else None
    scale = torch.arange(1.0, len(scene.backgrounds) + 1)
    ours, our_gradients = gradients(scene, torch.float32, lambda o: squared_error(o, target, w) * scale)
    truth, gradient = gradients(
        scene,
        torch.float64,
        lambda o: squared_error(o, target.double(), None if w is None else w.double(), "reference") * scale,
    )
    torch.testing.assert_close(ours.double(), truth, rtol=1e-5, atol=1e-7)
    assert_gradients_agree(our_gradients, gradient)
    with torch.no_grad():
        assert torch.equal(squared_error(scene, target, w) * scale, ours)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("opaque", [False, True])
def test_squared_error_is_the_loss_of_the_picture(weighted: bool, opaque: bool) -> None:
    scene = stars(11)
    target, weight = target_and_weight(2)
    if opaque:
        scene = dataclasses.replace(scene, backgrounds=torch.ones(2, 4))
        target[3] = 1.0
    w = weight if weighted else torch.ones(H, W)

    def by_hand(outlines: Outlines) -> Tensor:
        d = render(outlines, (H, W)) - target
        if opaque:
            return (w * d[:, :3] ** 2).sum((1, 2, 3)) / (3 * w.sum())
        error = ((d[:, :3] - d[:, 3:] / 2) ** 2).sum(1) + d[:, 3] ** 2 / 4
        return (w * error).sum((1, 2)) / (3 * w.sum())

    ours, our_gradients = gradients(scene, torch.float32, lambda o: squared_error(o, target, w if weighted else None))
    truth, gradient = gradients(scene, torch.float32, by_hand)
    torch.testing.assert_close(ours, truth, rtol=1e-5, atol=1e-7)
    # By hand, an opaque picture's alpha has no gradient: background alpha is left out of the comparison.
    assert_gradients_agree(our_gradients[:3], gradient[:3])


def test_squared_error_is_the_mean_over_random_backgrounds() -> None:
    scene = stars(12, images=1)
    target, weight = target_and_weight(3)
    d = (render(scene, (H, W))[0] - target).double()
    greys = (torch.arange(200, dtype=torch.float64) + 0.5) / 200
    seen = torch.stack([(weight * (d[:3] - d[3:] * grey) ** 2).sum() / (3 * weight.sum()) for grey in greys])
    torch.testing.assert_close(squared_error(scene, target, weight)[0].double(), seen.mean(), rtol=1e-4, atol=0)


@pytest.mark.parametrize("scene", [stars(21, images=1, marks=3), ragged(22), ring()])
def test_specification_meets_finite_differences(scene: Outlines) -> None:
    target, weight = (tensor.double() for tensor in target_and_weight(4))

    def loss(outlines: Outlines) -> Tensor:
        return squared_error(outlines, target, weight, "reference").sum()

    made, live = leaves(scene, torch.float64)
    analytic = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss(live), made)])
    numeric = []
    with torch.no_grad():
        for leaf in made:
            flat = leaf.view(-1)
            for i in range(len(flat)):
                # Away from the ends of the range: clamping passes its gradient straight through.
                step, middle = 1e-6, float(flat[i])
                inward = middle if leaf is made[0] else min(max(middle, 2 * step), 1 - 1e-3)
                flat[i] = inward + step
                above = loss(live)
                flat[i] = inward - step
                numeric.append(float((above - loss(live)) / (2 * step)))
                flat[i] = middle
    truth = torch.tensor(numeric, dtype=torch.float64)
    felt = truth.abs() > 1e-7
    assert felt.sum() >= 10
    assert ((analytic - truth).abs() / truth.abs())[felt].median() <= 1e-6


def test_either_orientation_draws_the_same() -> None:
    scene = stars(30, corners=3)
    turned = dataclasses.replace(scene, points=scene.points.reshape(-1, 3, 2).flip(1).reshape(-1, 2))
    torch.testing.assert_close(render(scene, (H, W)), render(turned, (H, W)), rtol=0, atol=2e-6)


def two_edges_a_row(seed: int, corners: int, radius: float, turn: int = 1) -> Outlines:
    """Convex polygons tall enough for the kernels' short cut, in the middle and across all borders."""
    g = torch.Generator().manual_seed(seed)
    angle = (torch.rand(1, 9, corners, generator=g) * 2 * math.pi).sort(-1).values * turn
    centre = torch.tensor([[x, y] for x in (-3.0, W / 2, W + 3.0) for y in (-3.0, H / 2, H + 3.0)])[None, :, None]
    stretch = torch.rand(1, 9, 1, 2, generator=g) + 0.5
    points = centre + radius * stretch * torch.stack([angle.cos(), angle.sin()], -1)
    paint = torch.rand(1, 9, 3, generator=g), torch.rand(1, 9, generator=g) * 0.9 + 0.1
    return Outlines.regular(points, *paint, torch.ones(1, 4))


def special(*polygons: list[list[float]]) -> Outlines:
    points = torch.tensor([polygons])
    g = torch.Generator().manual_seed(len(polygons))
    marks = len(polygons)
    return Outlines.regular(points, torch.rand(1, marks, 3, generator=g), torch.full((1, marks), 0.6), torch.ones(1, 4))


SHORT_CUTS = {
    **{f"{n} corners": two_edges_a_row(n, n, 26.0) for n in range(3, 13)},
    **{f"{n} corners, turned": two_edges_a_row(n, n, 26.0, turn=-1) for n in range(3, 13)},
    "wide": two_edges_a_row(20, 3, 90.0),
    "slivers": special(
        [[5.1, 1.2], [5.7, 32.1], [4.6, 32.4]],
        [[30.2, 0.3], [12.1, 33.0], [12.9, 33.1]],
        [[2.1, 3.2], [39.3, 30.1], [38.4, 31.6]],
        [[40.4, -5.0], [40.9, 50.0], [40.2, 50.0]],
        [[0.3, -5.0], [0.9, 50.0], [-0.4, 50.0]],
    ),
    "shallow edges": special([[1.2, 1.3], [39.7, 25.6], [3.4, 32.8]], [[40.5, 2.2], [-9.1, 20.1], [37.6, 33.3]]),
    "as steep as wide": special([[3.75, 1.25], [31.5, 29.0], [3.3, 32.0]]),
    "crossed": special([[5.2, 2.1], [30.3, 31.7], [5.6, 31.9], [30.9, 2.6]], [[25.0, 1.1], [12.3, 33.3], [27.4, 33.8], [9.9, 1.2]]),
    "beyond": special([[-50.3, -9.1], [-20.0, 90.0], [95.7, 20.2]], [[50.0, 1.0], [60.0, 30.0], [45.0, 30.0]]),
    "far": special([[-1e6, -3e5], [1e6, 20.3], [-1e6, 3e5]], [[11.3, -1e6], [30.2, 17.0], [12.9, 1e6]]),
}


@pytest.mark.parametrize("name", SHORT_CUTS)
@pytest.mark.parametrize("mode", ["short cut", "cells"])
def test_rows_between_two_edges_meet_the_specification(name: str, mode: str) -> None:
    """With ten more corners on its last point a mark is no longer tall, and goes through the cells: same result."""
    scene = SHORT_CUTS[name]
    if mode == "cells":
        points = scene.points.reshape(1, len(scene.colours), -1, 2)
        points = torch.cat([points, points[:, :, -1:].expand(-1, -1, 10, -1)], 2)
        scene = Outlines.regular(points, scene.colours[None], scene.opacities[None], scene.backgrounds)
    target, _ = target_and_weight(10)
    picture, truth = render(scene, (H, W)), render(leaves(scene, torch.float64)[1], (H, W), "reference")
    assert (picture - truth).abs().max() <= 2e-5
    loss, ours = gradients(scene, torch.float32, lambda o: squared_error(o, target))
    expected, gradient = gradients(scene, torch.float64, lambda o: squared_error(o, target.double(), None, "reference"))
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-7)
    assert_gradients_agree(ours, gradient)


def test_whole_pixels_and_degenerate_marks_meet_the_specification() -> None:
    """Corners on pixel corners, level and upright edges, degenerate triangles: at a kink only the picture is compared."""
    scene = special(
        [[3.0, 2.0], [20.0, 2.0], [20.0, 30.0], [3.0, 30.0]],
        [[0.0, 0.0], [float(W), 0.0], [float(W), float(H)], [0.0, float(H)]],
        [[5.0, 1.0], [33.0, 29.0], [5.0, 29.0], [5.0, 29.0]],
        [[7.0, 3.0], [7.0, 31.0], [7.0, 31.0], [7.0, 3.0]],
        [[9.0, 3.0], [30.0, 33.0], [30.0, 33.0], [30.0, 33.0]],
        [[4.0, 8.0], [35.0, 8.0], [35.0, 8.0], [4.0, 8.0]],
        [[2.0, 30.0], [2.0, 3.0], [38.0, 3.0], [38.0, 30.0]],
    )
    truth = render(leaves(scene, torch.float64)[1], (H, W), "reference")
    assert (render(scene, (H, W)) - truth).abs().max() <= 2e-5
    target, _ = target_and_weight(11)
    assert all(torch.isfinite(tensor).all() for tensor in everything(scene, (H, W), target))


def everything(outlines: Outlines, size: tuple[int, int], target: Tensor) -> list[Tensor]:
    made, live = leaves(outlines)
    losses = squared_error(live, target)
    fused = torch.autograd.grad(losses.sum(), made, retain_graph=True)
    picture = render(live, size)
    drawn = torch.autograd.grad((picture * picture).sum(), made)
    return [losses.detach(), picture.detach(), *fused, *drawn]


def test_any_number_of_threads_gives_the_same_bytes() -> None:
    size = (600, 90)  # several strips
    scene = stars(40, images=3, marks=8)
    scene = dataclasses.replace(scene, points=scene.points * torch.tensor([90 / W, 600 / H]))
    target = torch.rand(4, *size)
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results.append(everything(scene, size, target))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_company_in_the_batch_changes_no_bit() -> None:
    batch = stars(41, images=5)
    target, _ = target_and_weight(5)
    together = squared_error(batch, target), render(batch, (H, W))
    for b in range(5):
        marks = slice(5 * b, 5 * b + 5)
        alone = Outlines.regular(
            batch.points.reshape(5, 5, 7, 2)[b : b + 1],
            batch.colours[marks][None],
            batch.opacities[marks][None],
            batch.backgrounds[b : b + 1],
        )
        assert torch.equal(squared_error(alone, target)[0], together[0][b])
        assert torch.equal(render(alone, (H, W))[0], together[1][b])


def test_two_python_threads_at_once() -> None:
    target, _ = target_and_weight(6)
    scenes = [stars(50), stars(51, corners=3)]
    expected = [everything(scene, (H, W), target) for scene in scenes]
    wrong: list[int] = []

    def worker(index: int) -> None:
        for _ in range(20):
            got = everything(scenes[index], (H, W), target)
            if not all(torch.equal(a, b) for a, b in zip(got, expected[index], strict=True)):
                wrong.append(index)

    workers = [threading.Thread(target=worker, args=(index,)) for index in (0, 1)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert not wrong


def test_opaque_marks_feel_their_gradients() -> None:
    scene = dataclasses.replace(stars(60, corners=3), opacities=torch.ones(10))
    target, _ = target_and_weight(7)
    _, ours = gradients(scene, torch.float32, lambda o: squared_error(o, target))
    for gradient in ours[:3]:
        assert torch.isfinite(gradient).all()
        assert (gradient != 0).any()
    _, truth = gradients(scene, torch.float64, lambda o: squared_error(o, target.double(), None, "reference"))
    assert_gradients_agree(ours[:2], truth[:2])


number = st.one_of(
    st.floats(width=32),
    st.sampled_from([0.0, -0.0, 1e30, -1e30, 3.4e38, 1e-40, math.inf, -math.inf, math.nan, 1e6, 12.0, float(W), float(H)]),
    st.floats(-60, 60, width=32),
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_number_is_too_hostile(data: st.DataObject) -> None:
    marks, corners = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 5))
    draw = lambda *shape: torch.tensor(  # noqa: E731
        data.draw(st.lists(number, min_size=math.prod(shape), max_size=math.prod(shape)))
    ).reshape(shape)
    scene = Outlines.regular(draw(1, marks, corners, 2), draw(1, marks, 3), draw(1, marks), draw(1, 4))
    target, _ = target_and_weight(8)
    made, live = leaves(scene)
    picture = render(live, (H, W))
    assert torch.isfinite(picture).all()
    assert picture.min() >= -1e-6
    assert picture.max() <= 1 + 1e-6
    losses = squared_error(live, target)
    felt = torch.autograd.grad(losses.sum(), made)
    assert torch.isfinite(losses).all()
    broken = ~torch.isfinite(torch.cat([scene.points.reshape(marks, -1), scene.colours, scene.opacities[:, None]], 1)).all(1)
    for gradient in (felt[0].reshape(marks, -1), felt[1], felt[2]):
        assert (gradient[broken] == 0).all()


def test_far_corners_cost_no_accuracy() -> None:
    """A half-plane given by corners a million pixels away is the same half-plane."""
    near = torch.tensor([[[[-10.0, -10.0], [50.0, -10.0], [50.0, 20.3], [-10.0, 20.3]]]])
    far = torch.tensor([[[[-1e6, -1e6], [1e6, -1e6], [1e6, 20.3], [-1e6, 20.3]]]])
    black = torch.zeros(1, 1, 3), torch.full((1, 1), 0.5), torch.ones(1, 4)
    pictures = [render(Outlines.regular(points, *black), (H, W)) for points in (near, far)]
    torch.testing.assert_close(*pictures, rtol=0, atol=1e-6)


def test_what_leaves_on_the_right_fills_its_rows() -> None:
    points = torch.tensor([[[[5.0, 3.0], [90.0, 3.0], [90.0, 9.0], [5.0, 9.0]]]])
    picture = render(Outlines.regular(points, torch.zeros(1, 1, 3), torch.ones(1, 1), torch.zeros(1, 4)), (H, W))
    alpha = torch.zeros(H, W)
    alpha[3:9, 5:] = 1 - 1 / 4096
    torch.testing.assert_close(picture[0, 3], alpha)


def test_shapes_on_whole_pixels_feel_and_leave_nothing_behind() -> None:
    """Level edges on the border of two rows are crossed by no other: the slopes they read must be their own."""
    square = torch.tensor([[10.0, 8.0], [20.0, 8.0], [20.0, 16.0], [10.0, 16.0]])
    scene = Outlines.regular(torch.stack([square, square + 4])[None], torch.rand(1, 2, 3), torch.full((1, 2), 0.5), torch.ones(1, 4))
    target, _ = target_and_weight(9)
    first = everything(scene, (H, W), target)
    everything(stars(70), (H, W), target)
    again = everything(scene, (H, W), target)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert (first[2] != 0).all()


def test_empty_batches_and_images() -> None:
    empty = Outlines.regular(torch.zeros(2, 0, 3, 2), torch.zeros(2, 0, 3), torch.zeros(2, 0), torch.ones(2, 4) * 0.5)
    assert (render(empty, (3, 5)) == 0.5).all()
    none = Outlines.regular(torch.zeros(0, 2, 3, 2), torch.zeros(0, 2, 3), torch.zeros(0, 2), torch.zeros(0, 4))
    assert render(none, (3, 5)).shape == (0, 4, 3, 5)
    assert squared_error(none, torch.zeros(4, 3, 5)).shape == (0,)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"points": torch.zeros(4, 3)}, "points must be"),
        ({"contours": torch.tensor([0, 9, 8], dtype=torch.int32)}, "contours must rise from 0 to 8"),
        ({"images": torch.tensor([0, 1, 1], dtype=torch.int32)}, "images must have 2 offsets"),
        ({"marks": torch.tensor([0, 2])}, "marks must be a row of int32"),
        ({"opacities": torch.zeros(3)}, r"opacities \(M,\)"),
    ],
)
def test_mistakes_are_told_in_one_line(change: dict[str, Tensor], words: str) -> None:
    with pytest.raises(CreativityError, match=words):
        render(dataclasses.replace(ring(), **change), (H, W))


def test_unknown_backends_and_bad_targets() -> None:
    with pytest.raises(CreativityError, match="did you mean 'numba'"):
        render(ring(), (H, W), "nunba")
    with pytest.raises(CreativityError, match="premultiplied RGBA"):
        squared_error(ring(), torch.zeros(3, H, W))
    with pytest.raises(CreativityError, match="weight"):
        squared_error(ring(), torch.zeros(4, H, W), torch.zeros(H, W))
    with pytest.raises(CreativityError, match="at least one pixel"):
        render(ring(), (0, 5))


@pytest.mark.parametrize(
    "corners",
    [
        [(4, 3), (15, 3), (15, 18), (4, 18)],
        [(4, 0), (15, 0), (15, 24), (4, 24)],
        [(4, 3), (15, 3), (15, 18)],
        [(10, 2), (18, 10), (10, 18), (2, 10)],
    ],
)
def test_edges_on_whole_pixels_feel_the_same_whichever_way_they_run(corners: list[tuple[float, float]]) -> None:
    """Along a pixel's side the area is exactly 0: the sign of the winding must come from beside it."""
    generator = torch.Generator().manual_seed(1)
    target = torch.ones(4, 24, 24)
    target[:3] = torch.rand(3, 24, 24, generator=generator)

    def gradient(points: list[tuple[float, float]]) -> Tensor:
        leaf = torch.tensor(points, dtype=torch.float32)[None, None].requires_grad_()
        paint = torch.tensor([[[0.2, 0.5, 0.9]]]), torch.tensor([[0.7]]), torch.ones(1, 4)
        squared_error(Outlines.regular(leaf, *paint), target).sum().backward()
        assert leaf.grad is not None
        return leaf.grad[0, 0]

    there, back = gradient(corners), gradient(corners[::-1]).flip(0)
    assert there.abs().max() > 1e-3
    torch.testing.assert_close(there, back, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("corners", [[(10, 2), (18, 10), (10, 18), (2, 10)], [(5, 3.3), (15.2, 7), (11, 18.7)]])
def test_a_vertex_on_a_pixel_side_is_felt_once(corners: list[tuple[float, float]]) -> None:
    """Differences, the reference and the kernels agree there too."""
    target = torch.ones(4, 24, 24, dtype=torch.float64)
    target[:3] = torch.rand(3, 24, 24, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def loss(points: Tensor, backend: str) -> Tensor:
        paint = [torch.tensor([[[0.2, 0.5, 0.9]]]), torch.tensor([[0.7]]), torch.ones(1, 4)]
        dtype = points.dtype
        outlines = Outlines.regular(points[None, None], *(part.to(dtype) for part in paint))
        return squared_error(outlines, target.to(dtype), backend=backend).sum()

    found = []
    for backend, dtype in (("numba", torch.float32), ("reference", torch.float64)):
        leaf = torch.tensor(corners, dtype=dtype).requires_grad_()
        loss(leaf, backend).backward()
        assert leaf.grad is not None
        found.append(leaf.grad.double())
    # One-sided differences to the right and down: there the convention is exact.
    points = torch.tensor(corners, dtype=torch.float64)
    difference = torch.zeros_like(points)
    for i in range(points.numel()):
        moved = points.clone()
        moved.view(-1)[i] += 1e-6
        difference.view(-1)[i] = (loss(moved, "reference") - loss(points, "reference")) / 1e-6
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(found[1], difference, rtol=1e-3, atol=1e-6)


def test_edges_that_are_upright_but_for_rounding_stay_finite() -> None:
    """Their slope is beyond any float32; found by the hostile test."""
    far = -6.166137658985677e16
    for x in (0.0, 5.0, float(W)):
        points = torch.tensor([[[[x, 0.0], [x, 6.0], [x + 1e-32, far]], [[x - 1e-30, far], [x, 6.0], [x + 3.0, 20.0]]]])
        leaf = points.requires_grad_()
        scene = Outlines.regular(leaf, torch.full((1, 2, 3), 0.5), torch.full((1, 2), 0.5), torch.ones(1, 4))
        picture = render(scene, (H, W))
        assert torch.isfinite(picture).all()
        assert (picture - render(scene, (H, W), "reference")).abs().max() < 1e-3
        target, _ = target_and_weight(8)
        (felt,) = torch.autograd.grad(squared_error(scene, target).sum(), leaf)
        assert torch.isfinite(felt).all()
