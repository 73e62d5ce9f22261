"""``python -m benchmarks.objectives``: what one step of a search costs by each objective.

CPU milliseconds (user and system) on one thread, medians; compilation is excluded. Adam moves one picture of 50 triangles,
at full resolution from its first step.
"""

from __future__ import annotations

import statistics
import time

import torch

from benchmarks.scoring import PICTURES
from creativity import registry, verbs
from creativity.errors import CreativityError
from creativity.streams import Streams

COUNT, SIDES = 50, (128, 256, 512)
OBJECTIVES = ("pixel", "l1", "huber", "oklab", "ssim", "edges", "pixel:1,ssim:1,edges:1", "lpips")


def step_ms(objective: str, side: int, times: int = 30) -> float:
    """Median CPU milliseconds of a step, gradients and update included."""
    run = verbs.plan_fit(
        PICTURES["langlois_bridge"], objective=objective, count=COUNT, target_size=side, optimizer="adam", seed=1, threads=1
    ).run()
    search = registry.optimizers.create("adam", {"coarse": 1.0, "restarts": 1})
    search.begin(run.problem, run.problem.renderer.init(1, Streams(1)("init")), Streams(1)("optimizer"))
    taken = []
    for _ in range(times + 5):
        began = time.process_time()
        search.step(run.problem)
        taken.append(1000 * (time.process_time() - began))
    return statistics.median(taken[5:])


def main() -> None:
    torch.set_num_threads(1)
    print(f"\nadam, {COUNT} triangles: CPU ms a step at a long side of{'':<5}" + "".join(f"{side:>8}" for side in SIDES))
    for objective in OBJECTIVES:
        try:
            cells = "".join(f"{step_ms(objective, side):8.1f}" for side in SIDES)
        except CreativityError as missing:
            cells = f"  {missing}"
        print(f"  {objective:<52}{cells}", flush=True)


if __name__ == "__main__":
    main()
