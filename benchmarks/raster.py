"""``python -m benchmarks.raster``: our rasteriser beside every peer that is installed.

CPU milliseconds of one thread, the median over seeds and rounds; all rows of a scene take turns within a round, so a
slow moment of the machine slows all of them. The ratio is against blend2d at its best on the same scene. Peers draw 8-bit pictures
from paths that are built beforehand (their best case) or within the time (what a search pays); ours start from tensors.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import math
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from creativity import registry
from creativity.renderers.marks import Marks
from creativity.renderers.raster import FLAT, LINEAR, RADIAL, Gradients, Outlines, prepare, render, squared_error
from creativity.streams import Streams

SEEDS, ROUNDS = 5, 5

BASE = "blend2d, paths built before"
"""What ratios are taken against: the fastest peer at its best."""

Scene = tuple[Tensor, Tensor, Tensor, Tensor]
Job = tuple[str, Callable[[], object], int, float]
"""A row's name, what to time, how often in a row, and by how many pictures to divide."""


def triangles(side: int, seed: int, images: int = 1) -> Scene:
    """50 a picture, translucent, corners uniform in the canvas."""
    g = torch.Generator().manual_seed(seed)
    return (
        torch.rand(images, 50, 3, 2, generator=g) * side,
        torch.rand(images, 50, 3, generator=g),
        torch.rand(images, 50, generator=g) * 0.8 + 0.1,
        torch.ones(images, 4),
    )


def blobs(side: int, seed: int) -> Scene:
    """256 closed outlines of 32 points, 3 to 12 % of the side in radius, dented."""
    g = torch.Generator().manual_seed(seed)
    angle = torch.arange(32) * (2 * math.pi / 32)
    radius = (torch.rand(1, 256, 1, generator=g) * 0.09 + 0.03) * side
    radius = radius * (1 + 0.3 * torch.sin(3 * angle + 6 * torch.rand(1, 256, 1, generator=g)))
    centre = torch.rand(1, 256, 1, 2, generator=g) * side
    points = centre + torch.stack([radius * angle.cos(), radius * angle.sin()], -1)
    return points, torch.rand(1, 256, 3, generator=g), torch.rand(1, 256, generator=g) * 0.8 + 0.1, torch.ones(1, 4)


def marks(name: str, count: int, side: int, population: int = 256) -> Callable[[int], list[Job]]:
    """A renderer with its flattening: the first of its own starts, opaque by half, and each of a population of them."""

    def jobs(seed: int) -> list[Job]:
        renderer: Marks = registry.renderers.create(name, {"count": count})
        genomes = renderer.init(population, Streams(seed)("init"))
        target = torch.rand(4, side, side, generator=torch.Generator().manual_seed(seed))
        target[3] = 1.0
        leaf = genomes[:1].clone().requires_grad_()

        def both_ways() -> object:
            return torch.autograd.grad(renderer.squared_error(leaf, target).sum(), leaf)

        return [
            (f"{name}, squared error", lambda: renderer.squared_error(genomes[:1], target), 5, 1),
            (f"{name}, squared error and gradients", both_ways, 5, 1),
            (f"{name}, each of a population of {population}", lambda: renderer.squared_error(genomes, target), 1, population),
        ]

    return jobs


def paths(side: int) -> Callable[[int], list[Job]]:
    """256 closed paths of four cubics by their genomes, flattened in the time, 3 to 12 % of the side in radius: overdraw about 2.5."""

    def jobs(seed: int) -> list[Job]:
        renderer: Marks = registry.renderers.create("svg", {"count": 256, "background": "#ffffff"})
        g = torch.Generator().manual_seed(seed)
        values = renderer.spec.decode(renderer.init(1, Streams(seed)("init")))
        middle = values["points"].mean(dim=2, keepdim=True)
        around = values["points"] - middle
        radius = 0.03 + 0.09 * torch.rand(1, 256, 1, 1, generator=g)
        values["points"] = torch.rand(1, 256, 1, 2, generator=g) + radius * around / around.norm(dim=3, keepdim=True).mean(
            dim=2, keepdim=True
        )
        values["opacity"] = 0.1 + 0.8 * torch.rand(1, 256, generator=g)
        leaf = renderer.spec.encode(values).requires_grad_()
        target = torch.rand(4, side, side, generator=g)
        target[3] = 1.0

        def once() -> object:
            with torch.no_grad():
                return renderer.squared_error(leaf, target)

        def both_ways() -> object:
            return torch.autograd.grad(renderer.squared_error(leaf, target).sum(), leaf)

        return [("svg, squared error", once, 5, 1), ("svg, squared error and gradients", both_ways, 5, 1)]

    return jobs


def plain(scene: Scene) -> list[tuple[list[list[float]], list[float]]]:
    """Points and straight RGBA of each mark of the first image."""
    points, colours, opacities, _ = scene
    paints = torch.cat([colours[0], opacities[0][:, None]], 1).tolist()
    return list(zip(points[0].tolist(), paints, strict=True))


def peer_blend2d(scene: Scene, side: int) -> Iterator[Job]:
    blend2d: Any = importlib.import_module("blend2d")
    image = blend2d.BLImage(side, side, blend2d.BLFormat.PRGB32)
    context = blend2d.BLContext(image)

    def path(points: list[list[float]]) -> Any:
        made = blend2d.BLPath()
        made.move_to(*points[0])
        for point in points[1:]:
            made.line_to(*point)
        made.close()
        return made

    marks = [(points, path(points), tuple(paint)) for points, paint in plain(scene)]

    def draw(build: bool) -> None:
        context.set_fill_style((1.0, 1.0, 1.0, 1.0))
        context.fill_all()
        for points, built, paint in marks:
            context.set_fill_style(paint)
            context.fill_path(path(points) if build else built)
        context.flush()

    yield "blend2d", lambda: draw(True), 10, 1
    yield BASE, lambda: draw(False), 10, 1


def peer_skia(scene: Scene, side: int) -> Iterator[Job]:
    import skia

    surface = skia.Surface(side, side)
    marks = []
    for points, (r, g, b, a) in plain(scene):
        paint = skia.Paint(AntiAlias=True)
        paint.setColor4f(skia.Color4f(r, g, b, a))
        marks.append((skia.Path.Polygon([skia.Point(x, y) for x, y in points], True), paint))

    def draw() -> None:
        with surface as canvas:
            canvas.clear(skia.ColorWHITE)
            for path, paint in marks:
                canvas.drawPath(path, paint)

    yield "skia, paths built before", draw, 5, 1


def peer_pillow(scene: Scene, side: int) -> Iterator[Job]:
    from PIL import Image, ImageDraw

    marks = [([tuple(p) for p in points], tuple(round(255 * channel) for channel in paint)) for points, paint in plain(scene)]

    def draw() -> None:
        pen = ImageDraw.Draw(Image.new("RGB", (side, side), "white"), "RGBA")
        for points, paint in marks:
            pen.polygon(points, fill=paint)

    yield "pillow, no anti-aliasing", draw, 5, 1


PEERS: dict[str, tuple[str, Callable[[Scene, int], Iterator[Job]]]] = {
    "blend2d-python": ("blend2d", peer_blend2d),
    "skia-python": ("skia", peer_skia),
    "pillow": ("PIL", peer_pillow),
}


def ours(scene: Scene, side: int, target: Tensor) -> Iterator[Job]:
    leaves = [tensor.clone().requires_grad_() for tensor in scene]
    general = Outlines.regular(*scene)
    yield "ours, render", lambda: render(general, (side, side)), 10, 1
    yield "ours, squared error", lambda: squared_error(general, target), 10, 1

    def both_ways() -> object:
        return torch.autograd.grad(squared_error(Outlines.regular(*leaves), target).sum(), leaves)

    yield "ours, squared error and gradients", both_ways, 5, 1


def filled(scene: Scene, kind: int, stops: int) -> Gradients:
    """Each mark from side to side, or from its middle outwards."""
    corners, colours = scene[0][0], scene[1]
    count = colours.shape[1]
    g = torch.Generator().manual_seed(count)
    middle = corners.mean(1)
    radius = (corners - middle[:, None]).norm(dim=-1).mean(1)
    angle = torch.rand(count, generator=g) * (2 * math.pi)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1) / (radius * (2 if kind == LINEAR else 1))[:, None]
    shift = -(turn.reshape(count, 2, 2).mT @ middle[..., None])[..., 0] + (0.5 if kind == LINEAR else 0.0)
    return Gradients(
        torch.full((count,), kind, dtype=torch.int32),
        torch.cat([turn, shift], 1),
        torch.arange(count + 1, dtype=torch.int32) * stops,
        torch.linspace(0, 1, stops).repeat(count),
        torch.rand(count * stops, 4, generator=g),
    )


def by_fill(make: Callable[[int, int], Scene], side: int) -> Callable[[int], list[Job]]:
    """The same marks flat and with gradients, all of whose numbers are asked for their gradients."""

    def jobs(seed: int) -> list[Job]:
        scene, rows = make(side, seed), list[Job]()
        target = torch.rand(4, side, side, generator=torch.Generator().manual_seed(seed))
        target[3] = 1.0
        for name, kind, stops in (("flat", FLAT, 2), ("linear", LINEAR, 2), ("radial", RADIAL, 2), ("linear, 5 stops", LINEAR, 5)):
            leaves = [tensor.clone().requires_grad_() for tensor in scene]
            fill = filled(scene, kind, stops) if kind else None
            outlines = dataclasses.replace(Outlines.regular(*leaves), gradients=fill)
            leaves += [tensor.requires_grad_() for tensor in (fill.frames, fill.colours)] if fill else []

            def drawn(outlines: Outlines = outlines) -> object:
                with torch.no_grad():
                    return render(outlines, (side, side))

            def both_ways(outlines: Outlines = outlines, leaves: list[Tensor] = leaves) -> object:
                return torch.autograd.grad(squared_error(outlines, target).sum(), leaves, retain_graph=True)

            rows += [(f"{name}: render", drawn, 5, 1), (f"{name}: squared error and gradients", both_ways, 5, 1)]
        return rows

    return jobs


def measure(title: str, jobs: Callable[[int], list[Job]]) -> None:
    """Times all jobs of all seeds, in turns, and prints one line each."""
    samples: dict[str, list[float]] = {}
    for seed in range(SEEDS):
        made = jobs(seed)
        for _ in range(ROUNDS):
            for name, run, repeats, pictures in made:
                run()  # or this job would pay for the memory that the one before it left cold
                begun = time.thread_time()
                for _ in range(repeats):
                    run()
                samples.setdefault(name, []).append((time.thread_time() - begun) * 1e3 / (repeats * pictures))
    base = statistics.median(samples[BASE]) if BASE in samples else math.nan
    print(f"\n{title}")
    for name, values in samples.items():
        middle = statistics.median(values)
        print(f"  {name:44s} {middle:8.3f} ms   best {min(values):8.3f}   x {middle / base:5.2f}   {1e3 / middle:7.0f} /s")


def main() -> None:
    torch.set_num_threads(1)
    prepare()
    installed = {name: job for name, (module, job) in PEERS.items() if importlib.util.find_spec(module)}
    if "blend2d-python" in installed and not hasattr(importlib.import_module("blend2d"), "BLFormat"):
        del installed["blend2d-python"]  # another binding has the same import name

    def peers(scene: Scene, side: int) -> list[Job]:
        return [job for peer in installed.values() for job in peer(scene, side)]

    def scene_of(make: Callable[[int, int], Scene], side: int, population: int) -> Callable[[int], list[Job]]:
        def jobs(seed: int) -> list[Job]:
            scene = make(side, seed)
            target = torch.rand(4, side, side, generator=torch.Generator().manual_seed(seed))
            target[3] = 1.0
            rows = peers(scene, side) + list(ours(scene, side, target))
            if population:
                batch = Outlines.regular(*triangles(side, seed, population))
                name = f"ours, each of a population of {population}"
                rows.append((name, lambda: squared_error(batch, target), 1, population))
            return rows

        return jobs

    measure("50 triangles, 200 x 200", scene_of(triangles, 200, 256))
    measure("50 triangles, 224 x 224", scene_of(triangles, 224, 0))
    measure("256 blobs of 32 points, 224 x 224", scene_of(blobs, 224, 0))
    measure("256 blobs of 32 points, 512 x 512", scene_of(blobs, 512, 0))
    measure("50 triangles by what fills them, 200 x 200", by_fill(triangles, 200))
    measure("256 blobs by what fills them, 224 x 224", by_fill(blobs, 224))
    of_strokes, of_triangles = marks("strokes", 100, 200), marks("triangles", 100, 200)
    measure("100 marks by their genomes, 200 x 200", lambda seed: of_strokes(seed) + of_triangles(seed))
    measure("64 strokes by their genomes, 224 x 224", marks("strokes", 64, 224))
    for side in (224, 256, 512):
        measure(f"256 closed paths of 4 cubics by their genomes, {side} x {side}", paths(side))
    for name in PEERS.keys() - installed.keys():
        print(f"  {name}: not installed")


if __name__ == "__main__":
    main()
