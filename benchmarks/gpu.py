"""``python -m benchmarks.gpu``: the figures that the GPU's kernels are to be held to, with the device's physical limits beside them.

Everything goes to ``benchmarks/results/gpu.json``, with device, driver and versions. Without a GPU it says so in one line.
``--compile`` needs none: it compiles every kernel for sm_90 and says what the compiler says, as JSON on standard output.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import math
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from creativity import registry, verbs
from creativity.files import write_atomically
from creativity.objectives.base import Context
from creativity.optimizers.strategies import PGPE, finite
from creativity.problem import Problem
from creativity.renderers.marks import Marks
from creativity.renderers.raster import Outlines, gpu, render, squared_error
from creativity.streams import Streams

RESULTS = Path(__file__).parent / "results" / "gpu.json"


# -- compiling for a GPU that is not here

INTEGERS = ("height", "width", "columns", "rows", "tile_count", "word_count", "count")
ARRAYS = {"*i32": ("contours", "marks", "images", "kinds", "stops", "boxes", "words"), "*i64": ("slots", "slot_sizes")}
PAINTING = {"DRAW": False, "COMPARE": False, "PULL": False, "WEIGHTED": False, "GRADED": False, "TILE": 16}


def variants(few: bool) -> list[tuple[str, int, dict[str, Any]]]:
    """Kernels, warps and settings as `creativity.renderers.raster.gpu` launches them, each also for a picture of a single tile,
    where the compiler takes numbers that are 1 for constants."""
    ways = [{"DRAW": True}, {"COMPARE": True}, {"COMPARE": True, "PULL": True, "WEIGHTED": True}, {"PULL": True}]
    single = {"columns": 1, "tile_count": 1, "word_count": 1}
    rows: list[tuple[str, int, dict[str, Any]]] = []
    for graded in (True,) if few else (True, False):
        rows += [("prepare", 1, {"GRADED": graded, "TILE": 16, "LANES": 16}), ("gather", 1, {"GRADED": graded, "LANES": 16})]
        for way in (ways[2],) if few else ways:
            rows.append(("tiles", 4, {**PAINTING, "GRADED": graded, **way}))
    rows += [("bin_marks", 4, {"LANES": 128}), ("totals", 4, {"WIDTH": 1, "LANES": 128})]
    rows += [("tiles", 4, {**PAINTING, "COMPARE": True, **single}), ("bin_marks", 4, {"LANES": 128, **single})]
    rows.append(("prepare", 1, {"GRADED": False, "TILE": 16, "LANES": 16, "columns": 1, "rows": 1, "height": 1, "width": 1}))
    return rows


def compiled(few: bool = False) -> list[dict[str, Any]]:
    """Each kernel for sm_90: bytes of machine code and of shared memory, and, where the tool is there, registers and stack."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from creativity.renderers.raster import gpu_kernels

    rows = []
    for name, warps, settings in variants(few):
        kernel = getattr(gpu_kernels, name)
        types = dict.fromkeys(kernel.arg_names, "*fp32") | {"cap": "fp32"} | dict.fromkeys(INTEGERS, "i32")
        types |= {argument: kind for kind, arguments in ARRAYS.items() for argument in arguments}
        signature = {argument: "constexpr" if argument in settings else types[argument] for argument in kernel.arg_names}
        constants = {(kernel.arg_names.index(argument),): value for argument, value in settings.items()}
        made = triton.compile(
            ASTSource(kernel, signature, constexprs=constants), target=GPUTarget("cuda", 90, 32), options={"num_warps": warps}
        )
        row = {"kernel": name, "settings": settings, "cubin": len(made.asm["cubin"]), "shared": made.metadata.shared}
        rows.append(row | _usage(made.asm["cubin"]))
    return rows


def _usage(cubin: bytes) -> dict[str, int]:
    import triton.backends.nvidia

    tool = Path(triton.backends.nvidia.__file__).parent / "bin" / "cuobjdump"
    if not tool.is_file():
        return {}
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        told = subprocess.run([tool, "-res-usage", file.name], capture_output=True, text=True, check=False).stdout
    found = re.search(r"REG:(\d+) STACK:(\d+)", told)
    return {"registers": int(found[1]), "stack": int(found[2])} if found else {}


# -- measuring on the GPU that is here

Job = dict[str, Any]
INSTRUCTIONS = 80
"""For one pixel and one triangle: three edges of about 20, and the blend."""


def timed(work: Callable[[], object], device: torch.device, rounds: int = 20, each: int = 10) -> float:
    """Milliseconds of one call: the median of rounds, each of several calls between two marks of the device's own clock."""
    for _ in range(3):
        work()
    found: list[float] = []
    for _ in range(rounds):
        if device.type == "cuda":
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            begin.record()
            for _ in range(each):
                work()
            end.record()
            torch.cuda.synchronize(device)
            found.append(begin.elapsed_time(end) / each)
        else:
            began = time.perf_counter()
            for _ in range(each):
                work()
            found.append(1000 * (time.perf_counter() - began) / each)
    return statistics.median(found)


def as_graph(work: Callable[[], object], device: torch.device) -> Callable[[], object]:
    """The same, captured as a CUDA graph: what it launches is launched at once. Elsewhere the work itself."""
    if device.type != "cuda":
        return work
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def limits(device: torch.device) -> Job:
    """What the device can do: instructions a second of all lanes, by its own figures; bytes a second, by a copy measured here."""
    about = torch.cuda.get_device_properties(device)
    told = subprocess.run(
        ["nvidia-smi", "--query-gpu=driver_version,clocks.max.sm", "--format=csv,noheader,nounits"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")[0]
    driver, megahertz = (part.strip() for part in told.split(","))
    data = torch.empty(2**29, device=device)
    into = torch.empty_like(data)
    bytes_a_second = 2 * 4 * data.numel() / (timed(lambda: into.copy_(data), device) / 1000)
    return {
        "device": about.name,
        "driver": driver,
        "multiprocessors": about.multi_processor_count,
        "lanes_per_second": about.multi_processor_count * 128 * float(megahertz) * 1e6,
        "bytes_per_second": bytes_a_second,
        "versions": {
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
            "triton": importlib.metadata.version("triton"),
            "python": platform.python_version(),
        },
    }


def generation(device: torch.device, population: int, side: int = 200, count: int = 50) -> tuple[Callable[[], object], Callable[[], float]]:
    """One step of PGPE on triangles and pixels, with nothing in it that waits; and how many times a tile is looked at for a mark."""
    renderer: Marks = registry.renderers.create("triangles", {"count": count})
    goal = registry.objectives.create("pixel", {})
    target = torch.rand(4, side, side, generator=torch.Generator().manual_seed(0))
    target[3] = 1.0
    goal.prepare(Context((side, side), target.to(device)))
    problem = Problem(renderer, goal, (side, side), device=device)
    start = renderer.init(1, Streams(0)("init")).to(device)
    # Corners anywhere, as in the count of the limit.
    start[:, : 6 * count] = torch.rand(1, 6 * count, generator=torch.Generator().manual_seed(1)).to(device)
    scale = renderer.spec.scale.to(device)
    strategy = PGPE(population, renderer.spec.size, 0.03, 0.4, device)

    def step() -> None:
        asked = strategy.ask(torch.randn(strategy.draws, renderer.spec.size, device=device))
        strategy.tell(asked, finite(problem.losses(start + asked * scale, 0)), 0.02)

    def looks() -> float:
        scene = gpu._Scene(renderer.marks(start, (side, side)), (side, side))
        boxes = scene.boxes.double()
        return float(((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum()) * population

    return step, looks


def curves(device: torch.device, count: int, size: tuple[int, int], radius: tuple[float, float], pieces: int = 8) -> Outlines:
    """Closed curves of four cubics with ``pieces`` segments each; radii in long sides."""
    g, long = torch.Generator().manual_seed(2), max(size)
    angle = torch.arange(12) * (2 * math.pi / 12) + 0.3 * torch.rand(count, 12, generator=g)
    length = (radius[0] + (radius[1] - radius[0]) * torch.rand(count, 1, generator=g)) * (0.8 + 0.4 * torch.rand(count, 12, generator=g))
    middle = torch.rand(count, 1, 2, generator=g) * torch.tensor([size[1], size[0]])
    corners = middle + long * length[..., None] * torch.stack([angle.cos(), angle.sin()], -1)
    t = torch.arange(pieces)[:, None] / pieces
    basis = torch.cat([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], 1)
    quads = torch.stack([torch.stack([corners[:, (3 * k + j) % 12] for j in range(4)], 1) for k in range(4)], 1)
    points = torch.einsum("tj,mkjc->mktc", basis, quads).reshape(1, count, 4 * pieces, 2).to(device).requires_grad_()
    colours = torch.rand(1, count, 3, generator=g).to(device).requires_grad_()
    opacities = (0.1 + 0.8 * torch.rand(1, count, generator=g)).to(device).requires_grad_()
    return Outlines.regular(points, colours, opacities, torch.ones(1, 4, device=device))


def both_ways(outlines: Outlines, size: tuple[int, int], device: torch.device) -> Callable[[], object]:
    """Forward and backward, against a target."""
    target = torch.rand(4, *size, generator=torch.Generator().manual_seed(3)).to(device)
    leaves = outlines.points, outlines.colours, outlines.opacities

    def work() -> object:
        return torch.autograd.grad(squared_error(outlines, target, backend="triton").sum(), leaves)

    return work


def measure(device: torch.device) -> Job:
    """All figures of one device."""
    from benchmarks.evolution import sunset

    known = limits(device)
    rows: list[Job] = []
    for population in (256, 4096):
        step, looks = generation(device, population)
        rounds = 10_000 if population == 256 else 200
        graph = as_graph(step, device)
        plain, graphed = timed(step, device), timed(graph, device)
        began = time.perf_counter()
        for _ in range(rounds):
            graph()
        torch.cuda.synchronize(device)
        bound = 1000 * looks() * gpu.TILE**2 * INSTRUCTIONS / known["lanes_per_second"]
        row = {"what": f"PGPE, 50 triangles, 200 x 200, population {population}", "ms": graphed, "ms_without_graph": plain}
        row |= {
            "generations": rounds,
            "seconds": time.perf_counter() - began,
            "issue_bound_ms": bound,
            "share_of_issue_bound": bound / graphed,
        }
        rows.append(row | {"must": "10,000 in under 4 s" if population == 256 else "a share of at least 0.4"})
    for count, size, radius, must in ((256, (512, 512), (0.03, 0.12), 0.2), (2048, (1344, 2040), (0.005, 0.03), 5.0)):
        took = timed(both_ways(curves(device, count, size, radius), size, device), device)
        rows.append({"what": f"{count} closed curves, {size[1]} x {size[0]}, forward and backward", "ms": took, "must": f"under {must} ms"})
    outlines = curves(device, 256, (512, 512), (0.03, 0.12))
    with torch.no_grad():
        took = timed(lambda: render(outlines, (512, 512), "triton"), device)
    written = 16 * 512 * 512 / (took / 1000)
    rows.append({"what": "256 closed curves, 512 x 512, a picture", "ms": took, "share_of_bandwidth": written / known["bytes_per_second"]})
    losses = {}
    for where in ("cpu", "cuda"):
        plan = verbs.plan_fit(sunset(), renderer="triangles", optimizer="pgpe", count=50, steps=1000, seed=1, target_size=128, device=where)
        losses[where] = float(plan.run().run().results["loss"])
    rows.append({"what": "the same recipe on both devices, 1,000 steps of PGPE", "losses": losses, "must": "within 2 %"})
    rows.append({"what": "CLIP ViT-B/32, 64 candidates x 4 cutouts", "not_measured": "the objective clip does not work on a GPU yet"})
    return {**known, "rows": rows}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description="Speed of the GPU's kernels, beside what the device can do."
    )
    parser.add_argument("--compile", action="store_true", help="only compile all kernels for sm_90; needs no GPU")
    parser.add_argument("--few", action="store_true", help="with --compile: one variant of each")
    asked = parser.parse_args()
    if asked.compile:
        print(json.dumps(compiled(asked.few)))
        return 0
    if not torch.cuda.is_available():
        print("no GPU that torch can use: nothing was measured (--compile needs none)", file=sys.stderr)
        return 1
    found = measure(torch.device("cuda"))
    write_atomically(RESULTS, json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
