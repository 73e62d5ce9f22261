"""``python -m benchmarks.search``: what one step of a search costs, and how soon a person sees something.

CPU milliseconds (user and system, all threads) with ``--threads 1``, medians; compilation is excluded. The baseline is
the way of es-clip (Tian & Ha 2021), with Pillow: 50 triangles at 200 x 200, every candidate drawn five times over new
noise. Its cost for 256 candidates is measured on eight of them.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from creativity import images, registry, verbs
from creativity.run import Run
from creativity.streams import Streams

PICTURE = Path(__file__).parent / "data" / "astronaut.png"
COUNT, SIDE, POPULATION = 50, 200, 256


def cpu_ms(job: Callable[[], object], times: int, warm_up: int = 3) -> float:
    """Median CPU milliseconds of one call."""
    for _ in range(warm_up):
        job()
    taken = []
    for _ in range(times):
        began = time.process_time()
        job()
        taken.append(1000 * (time.process_time() - began))
    return statistics.median(taken)


def es_clip_fitness() -> float:
    """CPU milliseconds of one candidate as es-clip scores it: Pillow, five noise backgrounds, mean squared error."""
    rng = np.random.default_rng(0)
    target = np.asarray(Image.open(PICTURE).convert("RGB"), np.float32) / 255
    corners = rng.integers(0, SIDE, (COUNT, 3, 2))
    paints = rng.integers(0, 255, (COUNT, 4))

    def score() -> float:
        losses = []
        for _ in range(5):
            canvas = Image.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8), "RGB")
            draw = ImageDraw.Draw(canvas, "RGBA")
            for points, paint in zip(corners, paints, strict=True):
                draw.polygon([tuple(point) for point in points], tuple(paint))
            losses.append(float(((np.asarray(canvas, np.float32) / 255 - target) ** 2).mean()))
        return sum(losses) / 5

    return cpu_ms(score, 8)


def searching(optimizer: str) -> Run:
    """A search at es-clip's size, begun, at full resolution from its first step."""
    full = {"optimizer.coarse": 1.0}
    run = verbs.plan_fit(PICTURE, count=COUNT, target_size=SIDE, optimizer=optimizer, seed=1, threads=1, options=full).run()
    start = run.problem.renderer.init(run.optimizer.starts, Streams(1)("init"))
    run.optimizer.begin(run.problem, start, Streams(1)("optimizer"))
    return run


def step_rows() -> list[tuple[str, float]]:
    rows = [(f"es-clip's way: {POPULATION} candidates, Pillow, 5 noise renders each", POPULATION * es_clip_fitness())]
    for name in ("pgpe", "snes", "sep-cma-es", "open-es", "cma-es", "ga"):
        run = searching(name)
        count = run.optimizer.ask().shape[0]
        rows.append((f"{name}: a step, population {count}", cpu_ms(lambda run=run: run.optimizer.step(run.problem), 7)))  # type: ignore[misc]
    run = searching("pgpe")
    population = run.optimizer.ask()
    rows.append((f"   of which scoring {POPULATION} candidates", cpu_ms(lambda: run.problem.losses(population), 7)))
    run = registry_gradient()
    rows.append(("adam: a step, full resolution", cpu_ms(lambda: run.optimizer.step(run.problem), 50)))
    return rows


def registry_gradient() -> Run:
    run = searching("adam")
    run.optimizer = registry.optimizers.create("adam", {"coarse": 1.0})
    run.optimizer.begin(run.problem, run.problem.renderer.init(1, Streams(1)("init")), Streams(1)("optimizer"))
    return run


def waiting_rows() -> list[tuple[str, float]]:
    """Wall seconds until a person sees something, on a warm install."""
    rows = []
    command = [sys.executable, "-m", "creativity"]
    for words in (["--help"], ["fit", "--help"]):
        taken = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run([*command, *words], capture_output=True, check=True)
            taken.append(time.perf_counter() - began)
        rows.append((f"creativity {' '.join(words)}", statistics.median(taken)))
    for optimizer in ("adam", "pgpe"):
        taken = []
        for _ in range(3):
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                words = ["fit", str(PICTURE), "--optimizer", optimizer, "--run-dir", f"{folder}/run", "-o", f"{folder}/a.svg", "--quiet"]
                worker = subprocess.Popen([*command, *words])
                while not Path(folder, "run", "preview.png").exists():
                    time.sleep(0.01)
                taken.append(time.perf_counter() - began)
                worker.kill()
                worker.wait()
        rows.append((f"first preview on disk, {optimizer}", statistics.median(taken)))
    return rows


def main() -> None:
    torch.set_num_threads(1)
    images.open_picture(PICTURE)
    rows = step_rows()
    base = rows[0][1]
    print(f"\n{COUNT} triangles, {SIDE} x {SIDE}, one thread{'':<26} CPU ms   baseline /")
    for name, taken in rows:
        print(f"{name:<66} {taken:8.1f} {base / taken:9.1f}")
    print(f"\n{'waiting':<66}        s")
    for name, taken in waiting_rows():
        print(f"{name:<66} {taken:8.2f}")


if __name__ == "__main__":
    main()
