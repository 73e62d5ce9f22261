"""``python -m benchmarks.evolution``: which way of evolving fits a picture best, and how far evolution is from gradients.

The claim of *Modern Evolution Strategies for Creativity* (Tian & Ha 2021) is that PGPE beats simpler evolution. First
table: every method gets the same number of scored candidates. Second: evolution and gradient descent get the same
CPU time of search, one thread (compilation excluded). Mean squared errors in thousandths, mean and standard deviation
over the seeds; 50 triangles, 100 pixels on the long side, the same starts for all.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

import creativity
from creativity import verbs
from creativity.optimizers.evolution import STRATEGIES
from creativity.presets import PRESETS

COUNT, SIDE, SEEDS = 50, 100, (1, 2, 3)
CANDIDATES, SECONDS = 51_200, 10
ES_CLIP = {
    "strategy": "pgpe",
    **{key.partition(".")[2]: value for key, value in PRESETS["es-clip"].settings["options"].items() if key.startswith("optimizer.")},
}
Picture = str | Path | np.ndarray[Any, Any]


def sunset(side: int = 200) -> np.ndarray[Any, Any]:
    """A picture that is drawn here: an even sky, a sun, two ranges of hills and their haze."""
    y, x = np.mgrid[0:side, 0:side] / side
    sky: np.ndarray[Any, Any] = np.array([0.18, 0.22, 0.45]) * (1 - y[..., None]) + np.array([1.0, 0.62, 0.3]) * y[..., None]
    sky[(x - 0.65) ** 2 + (y - 0.45) ** 2 < 0.015] = (1.0, 0.9, 0.6)
    sky[y > 0.62 + 0.06 * np.sin(7 * x) + 0.03 * np.sin(19 * x)] = (0.45, 0.3, 0.4)
    near = y > 0.78 + 0.07 * np.sin(5 * x + 2) + 0.02 * np.sin(23 * x)
    sky[near] = np.array([0.12, 0.1, 0.18]) * (2 - y[near, None])
    return np.round(255 * sky).astype(np.uint8)


PICTURES: dict[str, Picture] = {
    "astronaut": Path(__file__).parent / "data" / "astronaut.png",
    "bridge": Path(creativity.__file__).parent / "data" / "langlois_bridge.jpg",
    "sunset": sunset(),
}


def error(picture: Picture, seed: int, optimizer: str, options: dict[str, Any], **stop: Any) -> float:
    """The least error that a search of this kind finds."""
    told = {f"optimizer.{name}": value for name, value in options.items()}
    plan = verbs.plan_fit(picture, count=COUNT, target_size=SIDE, optimizer=optimizer, seed=seed, threads=1, options=told, **stop)
    with mock.patch.object(time, "perf_counter", time.process_time):  # the run's clock: CPU time, so that a busy machine is no handicap
        return float(plan.run().run().results["loss"])


def table(title: str, rows: dict[str, Callable[[Picture, int], float]]) -> None:
    print(f"\n{title:<44}" + "".join(f"{name:>16}" for name in PICTURES), flush=True)
    for name, search in rows.items():
        cells = []
        for picture in PICTURES.values():
            errors = [1000 * search(picture, seed) for seed in SEEDS]
            cells.append(f"{statistics.mean(errors):.2f} ± {statistics.stdev(errors):.2f}")
        print(f"{name:<44}" + "".join(f"{cell:>16}" for cell in cells), flush=True)


def by_candidates(optimizer: str, **options: Any) -> Callable[[Picture, int], float]:
    population = options.get("population", STRATEGIES[options.get("strategy", optimizer)].population)
    return lambda picture, seed: error(picture, seed, optimizer, options, steps=CANDIDATES // population)


def by_time(optimizer: str, **options: Any) -> Callable[[Picture, int], float]:
    return lambda picture, seed: error(picture, seed, optimizer, options, max_seconds=SECONDS)


def main() -> None:
    torch.set_num_threads(1)
    evolution = {
        "pgpe": by_candidates("pgpe"),
        "pgpe, as es-clip sets it": by_candidates("evolution", **ES_CLIP),
        "ga": by_candidates("ga"),
        "hill-climber": by_candidates("hill-climber"),
    }
    table(f"error x 1000 after {CANDIDATES:,} candidates", evolution)
    table(f"error x 1000 after {SECONDS} CPU seconds", {"pgpe (evolution)": by_time("pgpe"), "adam (gradient)": by_time("adam")})


if __name__ == "__main__":
    main()
