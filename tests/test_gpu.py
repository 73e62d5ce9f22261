"""The GPU's kernels against the specification: on a GPU where there is one, through Triton's interpreter elsewhere; and their compilation.

Contents and sizes are random, and both directions are compared. What these tests cannot see without a GPU is speed, and what a
compiled kernel does on one.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from creativity import registry
from creativity.errors import CreativityError
from creativity.objectives.base import Context
from creativity.optimizers.evolution import Evolution, EvolutionOptions, on_tensors
from creativity.problem import Problem
from creativity.renderers import raster
from creativity.renderers.raster import FLAT, LINEAR, RADIAL, Gradients, Outlines, forms, gpu_flattening, most_marks, render, squared_error
from creativity.renderers.raster.autograd import of_images
from creativity.renderers.raster.forms import CIRCLE, LINE, PATH, POLYGON, STROKE, TRIANGLE, Form
from creativity.renderers.triangles import Triangles
from creativity.run import open_run
from creativity.split import Split
from creativity.streams import Stream, Streams
from tests.conftest import tiny

pytest.importorskip("triton", reason="triton is not made for this system")

ROOT = Path(__file__).parents[1]
in_a_checkout = pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="the benchmarks are part of a checkout only")
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def scene(seed: int) -> tuple[Outlines, tuple[int, int]]:
    """A ragged batch of random size: marks with holes, of any winding, across all borders, empty ones; every third mark is opaque."""
    g = torch.Generator().manual_seed(seed)
    height, width = (torch.randint(1, 40, (2,), generator=g)).tolist()
    images, marks, contours, points = [0], [0], [0], []
    for _ in range(int(torch.randint(1, 3, (1,), generator=g))):
        for _ in range(int(torch.randint(0, 5, (1,), generator=g))):
            for _ in range(int(torch.randint(1, 3, (1,), generator=g))):
                count = int(torch.randint(2, 7, (1,), generator=g))
                spread = 0.3 + 2.5 * torch.rand(1, generator=g)
                points.append(
                    (torch.rand(1, 2, generator=g) + spread * (torch.rand(count, 2, generator=g) - 0.5)) * torch.tensor([width, height])
                )
                contours.append(contours[-1] + count)
            marks.append(len(contours) - 1)
        images.append(len(marks) - 1)
    count = len(marks) - 1
    opacities = torch.rand(count, generator=g)
    opacities[::3] = 1.0
    grounds = torch.rand(len(images) - 1, 4, generator=g)
    grounds[:, :3] *= grounds[:, 3:]
    offsets = (torch.tensor(level, dtype=torch.int32) for level in (contours, marks, images))
    every = torch.cat([*points, torch.zeros(0, 2)])
    return Outlines(every, torch.rand(count, 3, generator=g), opacities, grounds, *offsets), (height, width)


def graded(seed: int) -> tuple[Outlines, tuple[int, int]]:
    """The same, with what fills marks: linear and radial gradients of one to four stops, two of them at one place, or none."""
    outlines, size = scene(seed)
    g = torch.Generator().manual_seed(seed)
    count = len(outlines.colours)
    kinds = torch.randint(0, 3, (count,), generator=g, dtype=torch.int32)
    kinds[:3] = torch.tensor([RADIAL, FLAT, LINEAR], dtype=torch.int32)[:count]
    stops, places = [0], []
    for _ in range(count):
        number = int(torch.randint(1, 5, (1,), generator=g))
        where = torch.rand(number, generator=g).sort().values
        if number == 4:
            where[2] = where[1]
        places.append(where)
        stops.append(stops[-1] + number)
    every = torch.cat([*places, torch.zeros(0)])
    frames = torch.randn(count, 6, generator=g) / max(size)
    frames[:, 4:] *= max(size) / 2
    fills = Gradients(kinds, frames, torch.tensor(stops, dtype=torch.int32), every, torch.rand(len(every), 4, generator=g))
    return dataclasses.replace(outlines, gradients=fills), size


def alive(outlines: Outlines, dtype: torch.dtype, device: torch.device) -> tuple[Outlines, list[Tensor]]:
    """The same with numbers that ask for gradients, and these."""
    names = ("points", "colours", "opacities", "backgrounds")
    made = {name: getattr(outlines, name).to(device, dtype).requires_grad_() for name in names}
    fill = outlines.gradients
    if fill is None:
        return dataclasses.replace(outlines, **made), [*made.values()]
    frames, colours = fill.frames.to(device, dtype).requires_grad_(), fill.colours.to(device, dtype).requires_grad_()
    fill = dataclasses.replace(fill, frames=frames, colours=colours, places=fill.places.to(device, dtype))
    return dataclasses.replace(outlines, **made, gradients=fill), [*made.values(), frames, colours]


def outcome(
    outlines: Outlines, size: tuple[int, int], target: Tensor, weight: Tensor | None, drawn: Tensor, dtype: torch.dtype, backend: str
) -> list[Tensor]:
    """Pictures and losses, and the gradients of both."""
    device = DEVICE if backend == "triton" else torch.device("cpu")
    live, made = alive(outlines, dtype, device)
    pictures = render(live, size, backend)
    weight = None if weight is None else weight.to(device, dtype)
    losses = squared_error(live, target.to(device, dtype), weight, backend)
    upstream = drawn.to(device, dtype)
    found = [pictures, losses, *torch.autograd.grad((pictures * upstream).sum(), made), *torch.autograd.grad(losses.sum(), made)]
    return [part.detach().cpu() for part in found]


def agree(outlines: Outlines, size: tuple[int, int], seed: int, weighted: bool) -> None:
    g = torch.Generator().manual_seed(seed)
    target = torch.rand(4, *size, generator=g)
    target[:3] *= target[3:]
    weight = torch.rand(*size, generator=g) + 0.01 if weighted else None
    drawn = torch.randn(len(outlines.backgrounds), 4, *size, generator=g)
    ours = outcome(outlines, size, target, weight, drawn, torch.float32, "triton")
    truth = outcome(outlines, size, target, weight, drawn, torch.float64, "reference")
    for a, b in zip(ours[:2], truth[:2], strict=True):
        torch.testing.assert_close(a.double(), b, rtol=0, atol=1e-4)
    fields = len(ours) // 2 - 1
    for index, (a, b) in enumerate(zip(ours[2:], truth[2:], strict=True)):
        assert torch.isfinite(a).all()
        # What lies below an opaque mark is recovered by dividing by 1/4096: its opacity feels ten times that error, nothing else does.
        bound = 1e-3 if index % fields == 2 else 1e-4
        if b.numel():
            assert (a - b).abs().max() <= bound * max(1.0, float(b.abs().max())), index


@pytest.mark.parametrize("seed", range(4))
def test_random_scenes_meet_the_specification(seed: int) -> None:
    agree(*scene(seed), seed, weighted=seed % 2 == 0)


@pytest.mark.parametrize("seed", range(6, 8))
def test_gradients_that_fill_meet_the_specification(seed: int) -> None:
    agree(*graded(seed), seed, weighted=seed % 2 == 0)


def regular(points: Tensor, seed: int = 0) -> Outlines:
    g = torch.Generator().manual_seed(seed)
    images, marks = points.shape[:2]
    return Outlines.regular(
        points, torch.rand(images, marks, 3, generator=g), torch.rand(images, marks, generator=g), torch.ones(images, 4)
    )


def test_more_marks_than_a_word_has_bits_are_painted_in_order() -> None:
    g = torch.Generator().manual_seed(3)
    outlines, target = regular(torch.rand(1, 30, 3, 2, generator=g) * 9), torch.rand(4, 9, 9, generator=g)
    found = []
    for dtype, device, backend in ((torch.float32, DEVICE, "triton"), (torch.float64, torch.device("cpu"), "reference")):
        live, made = alive(outlines, dtype, device)
        losses = squared_error(live, target.to(device, dtype), backend=backend)
        found.append([part.detach().cpu().double() for part in (losses, *torch.autograd.grad(losses.sum(), made))])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4 * float(b.abs().max()))


def test_corners_on_pixels_and_far_away() -> None:
    """Level, upright and degenerate edges, and a half-plane with corners a million pixels away; at a kink only pictures are compared."""
    polygons = [
        [[3.0, 2.0], [12.0, 2.0], [12.0, 20.0], [3.0, 20.0]],
        [[0.0, 0.0], [18.0, 0.0], [18.0, 20.0], [0.0, 20.0]],
        [[7.0, 3.0], [7.0, 16.0], [7.0, 16.0], [7.0, 3.0]],
        [[4.0, 8.0], [15.0, 8.0], [15.0, 8.0], [4.0, 8.0]],
        [[-1e6, -1e6], [1e6, -1e6], [1e6, 10.3], [-1e6, 10.3]],
        [[5.0, 3.0], [90.0, 3.0], [90.0, 9.0], [5.0, 9.0]],
        [[-9.0, 1.0], [-2.0, 1.0], [-2.0, 9.0], [-9.0, 9.0]],
    ]
    outlines = regular(torch.tensor([polygons]))
    ours = render(alive(outlines, torch.float32, DEVICE)[0], (20, 18), "triton").detach().cpu()
    truth = render(alive(outlines, torch.float64, torch.device("cpu"))[0], (20, 18), "reference").detach()
    torch.testing.assert_close(ours.double(), truth, rtol=0, atol=2e-5)


def test_a_square_on_whole_pixels_feels_all_of_its_sides() -> None:
    square = torch.tensor([[[[4.0, 3.0], [9.0, 3.0], [9.0, 8.0], [4.0, 8.0]]]])
    live, made = alive(regular(square), torch.float32, DEVICE)
    # Darker is worse: each side is pushed inwards, half of it by each of its ends.
    felt = torch.autograd.grad(-render(live, (12, 12), "triton")[:, :3].sum(), made[0])[0].reshape(4, 2).cpu()
    outwards = torch.tensor([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    assert (felt * outwards > 0).all()
    torch.testing.assert_close(felt.abs(), felt.abs().mean().expand(4, 2), rtol=1e-4, atol=0)


def test_what_is_not_finite_is_left_out_and_feels_nothing() -> None:
    points = torch.rand(1, 4, 3, 2, generator=torch.Generator().manual_seed(5)) * 12
    outlines = regular(points, 5)
    outlines.points[4, 1] = torch.nan
    outlines.points[7, 0] = torch.inf
    outlines.opacities[3] = torch.nan
    agree(outlines, (12, 12), 5, weighted=False)


def test_nothing_to_draw() -> None:
    empty = Outlines.regular(
        *(part.to(DEVICE) for part in (torch.zeros(2, 0, 3, 2), torch.zeros(2, 0, 3), torch.zeros(2, 0), torch.ones(2, 4) / 2))
    )
    assert (render(empty, (3, 5), "triton") == 0.5).all()
    none = Outlines.regular(
        *(part.to(DEVICE) for part in (torch.zeros(0, 2, 3, 2), torch.zeros(0, 2, 3), torch.zeros(0, 2), torch.zeros(0, 4)))
    )
    assert render(none, (3, 5), "triton").shape == (0, 4, 3, 5)
    assert squared_error(none, torch.zeros(4, 3, 5, device=DEVICE), backend="triton").shape == (0,)


def test_the_same_bytes_again_and_in_other_company() -> None:
    size = (9, 17)
    points = torch.rand(2, 3, 3, 2, generator=torch.Generator().manual_seed(8)) * torch.tensor(size[::-1])
    target, drawn = torch.rand(4, *size), torch.rand(2, 4, *size)
    both = outcome(regular(points, 8), size, target, None, drawn, torch.float32, "triton")
    again = outcome(regular(points, 8), size, target, None, drawn, torch.float32, "triton")
    assert all(torch.equal(a, b) for a, b in zip(both, again, strict=True))
    whole = regular(points, 8)
    first = Outlines.regular(points[:1], whole.colours[None, :3], whole.opacities[None, :3], whole.backgrounds[:1])
    alone = outcome(first, size, target, None, drawn[:1], torch.float32, "triton")
    assert all(torch.equal(a, b[: len(a)]) for a, b in zip(alone, both, strict=True))


@in_a_checkout
def test_all_kernels_compile_for_a_gpu_that_is_not_here(tmp_path: Path) -> None:
    """For sm_90, without a card: what is said of registers is what the compiler says of its own output."""
    environment = {
        **os.environ,
        "TRITON_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path]),
    }
    environment.pop("TRITON_INTERPRET", None)
    words = [sys.executable, "-m", "benchmarks.gpu", "--compile", "--few"]
    told = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert told.returncode == 0, told.stderr[-2000:]
    rows = json.loads(told.stdout)
    assert {row["kernel"] for row in rows} == {"prepare", "bin_marks", "tiles", "gather", "totals"}
    for row in rows:
        assert row["cubin"] > 1000
        assert row["shared"] <= 48 * 1024
        assert 0 < row.get("registers", 1) <= 128  # two to three programs' worth of them fit a multiprocessor many times over


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_is_said_in_one_line(picture: Path) -> None:
    with pytest.raises(CreativityError, match="torch finds no GPU here"):
        tiny(picture, renderer="triangles", optimizer="pgpe", device="cuda").run()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("optimizer", ["pgpe", "snes", "sep-cma-es", "ga", "adam"])
def test_a_search_on_a_gpu_comes_as_far_and_can_be_gone_on_with(picture: Path, tmp_path: Path, optimizer: str) -> None:
    how = {"optimizer": optimizer, "count": 12, "steps": 200, "options": {}}
    cpu, gpu = (tiny(picture, device=device, **how).run().run().results["loss"] for device in ("cpu", "cuda"))
    assert gpu <= 1.1 * cpu
    broken = tiny(picture, device="cuda", **how).run(tmp_path / "run")
    for event in broken.stream():
        if event.step == 100:
            break
    assert open_run(tmp_path / "run").run().results["loss"] == pytest.approx(gpu, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("shapes", {"kinds": ("polygon",), "background": "free", "palette": ("#123456", "#abcdef")}),
        ("shapes", {"background": "#aabbcc"}),
        ("svg", {"background": "none"}),
        ("svg", {"fill": "radial"}),
    ],
)
def test_genomes_become_outlines_without_the_host(name: str, options: dict[str, Any]) -> None:
    """Tensors without memory, said to be on a GPU: to read a number, or to mix devices, raises."""
    renderer = registry.renderers.create(name, {"count": 5, **options})
    genomes = renderer.init(3, Streams(0)("init"))
    with FakeTensorMode() as fake:
        outlines = renderer.marks(fake.from_tensor(genomes).to("cuda"), (20, 30))
        parts = [getattr(outlines, field.name) for field in dataclasses.fields(outlines) if field.name != "gradients"]
        if fill := outlines.gradients:
            parts += [getattr(fill, field.name) for field in dataclasses.fields(fill)]
        assert all(part.device.type == "cuda" for part in parts)
        assert most_marks(outlines) == 5
    for cached in (raster._offsets, raster._regular_offsets, raster._constant):
        cached.cache_clear()  # what pretends to be there is of no use to others


class Interpreted(Triangles):
    """Triangles that the GPU's kernels compare, whatever the device."""

    def squared_error(self, genomes: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        return squared_error(self.marks(genomes, (target.shape[1], target.shape[2])), target, weight, "triton")


def test_a_search_by_these_kernels_and_strategies_goes_as_one_by_the_others() -> None:
    found = []
    options = EvolutionOptions(strategy="pgpe", population=4, coarse=1.0)
    for kind, device in ((Interpreted, DEVICE), (Triangles, torch.device("cpu"))):
        renderer = kind(Triangles.Options(count=2))
        goal = registry.objectives.create("pixel", {})
        goal.prepare(Context((12, 14), torch.ones(4, 12, 14, device=device) * 0.7))
        problem = Problem(renderer, goal, (12, 14), device=device)
        evolution = Evolution(options)
        evolution.begin(problem, renderer.init(1, Streams(0)("init")).to(device), Stream(0, "optimizer"))
        evolution.tensors = on_tensors(options := evolution.options, problem.spec.size, device)
        assert evolution.tensors is not None
        generator, losses = torch.Generator().manual_seed(1), []
        for _ in range(3):
            noise = torch.randn(evolution.tensors.draws, problem.spec.size, generator=generator).to(device)
            evolution._asked = evolution.tensors.ask(noise)
            losses.append(problem.losses(evolution._to_genomes(evolution._asked), evolution.count))
            evolution.tell(losses[-1])
        found.append(torch.stack(losses).cpu())
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-5)


def test_a_population_is_split_over_devices_and_nothing_changes() -> None:
    renderer = Triangles(Triangles.Options(count=6))
    target = torch.rand(4, 20, 24, generator=torch.Generator().manual_seed(0))

    def problem() -> Problem:
        goal = registry.objectives.create("pixel", {})
        goal.prepare(Context((20, 24), target))
        return Problem(renderer, goal, (20, 24))

    one, three = problem(), Split([problem() for _ in range(3)])
    genomes = renderer.init(7, Streams(0)("init"))
    for count in (7, 2, 1):
        assert torch.equal(three.losses(genomes[:count], 0), one.losses(genomes[:count], 0))
    found = []
    for whole in (one, three):
        leaf = genomes.clone().requires_grad_()
        found.append(torch.autograd.grad(whole.losses(leaf, 0).sum(), leaf)[0])
    assert torch.equal(*found)
    steps = []
    for whole in (one, three):
        evolution = Evolution(EvolutionOptions(population=10))
        evolution.begin(whole, genomes[:1], Stream(0, "optimizer"))
        for _ in range(3):
            evolution.step(whole)
        steps.append(evolution.answer)
    assert torch.equal(*steps)


@in_a_checkout
def test_the_benchmark_measures_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pieces on a small case; its figures need a GPU, and without one it says so in one line."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import gpu as bench

    step, looks = bench.generation(DEVICE, population=4, side=16, count=2)
    step()
    assert looks() == 4 * 2  # a picture of one tile, which both triangles touch
    curves = bench.curves(DEVICE, 2, (16, 16), (0.2, 0.4))
    assert curves.points.shape == (64, 2)
    if DEVICE.type == "cpu":
        assert bench.as_graph(step, DEVICE) is step
        told = subprocess.run([sys.executable, "-m", "benchmarks.gpu"], capture_output=True, text=True, check=False, cwd=ROOT)
        assert (told.returncode, told.stdout, len(told.stderr.splitlines())) == (1, "", 1)


FORMS = {
    "all kinds": Form(tuple(range(TRIANGLE, STROKE)), 5, 0.01, 0.4),
    "lines of one width": Form((LINE,), 3, 0.0, 1.0, 0.02),
    "circles": Form((CIRCLE,), 3, 0.05, 0.3),
    "polygons": Form((POLYGON, TRIANGLE), 7),
    "paths": Form((PATH,), 9),
}


@pytest.mark.parametrize("name", FORMS)
def test_shapes_are_flattened_to_the_same_points(name: str) -> None:
    form, size, g = FORMS[name], (90, 130), torch.Generator().manual_seed(4)
    rows = torch.randn(60, len(form.units(size)), generator=g) * 0.25 + 0.3
    kinds = torch.tensor(form.kinds, dtype=torch.int32)[torch.arange(60) % len(form.kinds)]
    rows[7, 0] = torch.nan
    found = []
    for flatten in (forms.flatten, gpu_flattening.flatten):
        leaf = rows.clone().requires_grad_()
        points, offsets = flatten(leaf, kinds, form, size)
        shapes = [points[first:last] for first, last in zip(offsets.tolist(), offsets.tolist()[1:], strict=False)]
        assert shapes.pop(7)[0, 0].isnan()
        used = torch.cat(shapes)
        pulls = torch.randn(used.shape, generator=torch.Generator().manual_seed(5))
        (felt,) = torch.autograd.grad((used * pulls).sum(), leaf)
        found.append(([len(shape) for shape in shapes], used.detach(), felt))
    (counts, points, felt), (our_counts, ours, our_felt) = found
    assert our_counts == counts
    torch.testing.assert_close(ours, points, rtol=0, atol=1e-3)
    torch.testing.assert_close(our_felt, felt, rtol=1e-3, atol=1e-3 * float(felt.abs().max()))


def test_what_belongs_to_an_image_is_told_without_counting() -> None:
    offsets = torch.tensor([0, 2, 2, 5], dtype=torch.int32)
    assert of_images(torch.tensor([1.0, 2.0, 3.0]), offsets, 7).tolist() == [1, 1, 3, 3, 3, 3, 3]
