"""``python -m benchmarks.sharing --out DIR``: several prompts in one picture, by each way of matching, judged by a second encoder.

Ten sets of three to six prompts, three seeds, four modes, with the same windows and steps, from nothing: the comparison of Tian,
Cuturi & Ha (2022) on the embedded encoder. The judge looks through a fixed grid of 6 x 6 windows that no search sees:

recall  prompts that at least half their fair share of windows resembles most
worst   likeness of the best twentieth of windows to the prompt that is served worst
area    how far the shares of windows are from the weights, the mean over prompts
self    mean likeness of window and window

What is there already is not painted again. ``--start prior`` begins with what the prior imagines, in parts; ``--max-seconds`` bounds
each search.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from creativity import images
from creativity.evaluation import open_judge
from creativity.files import write_atomically
from creativity.objectives.cutouts import grid
from creativity.objectives.prompts import parse_prompts
from creativity.objectives.transport import MODES
from creativity.painting import plan_paint
from creativity.sheet import save_sheet

SETS = (
    ("a starry night", "a green meadow", "a red house"),
    ("a sunset", "snowy mountains", "a yellow flower"),
    ("a blue sea", "a palm tree", "a sandy desert"),
    ("a green forest", "an orange pumpkin", "a blue butterfly", "a full moon"),
    ("a rainbow", "a black cat", "a field of flowers", "a red boat"),
    ("a volcano", "a penguin", "a purple heart", "a yellow star"),
    ("red and white stripes", "a green triangle", "a blue circle", "a black and white checkerboard", "an orange star"),
    ("a city at night", "a sunflower", "a strawberry", "a rocket", "a cloud"),
    ("an owl", "a fish", "a red mushroom", "a green leaf", "a waterfall"),
    ("a red circle", "a green square", "a blue star", "a yellow heart", "a purple triangle", "an orange flower"),
)
SEEDS = (0, 1, 2)
PATCHES, STEPS = 16, 150


class Work(NamedTuple):
    out: str
    start: str
    max_seconds: float | None
    number: int
    mode: str
    seed: int

    @property
    def path(self) -> Path:
        return Path(self.out) / f"{self.number:02d}-{self.mode}-s{self.seed}.png"


def paint(work: Work) -> Work:
    torch.set_num_threads(1)
    plan = plan_paint(
        SETS[work.number],
        seed=work.seed,
        prior="embedded" if work.start == "prior" else None,
        objective={"transport": {"mode": work.mode, "cutouts": PATCHES}, **({"anchor": 20.0} if work.start == "prior" else {})},
        count=80,
        steps=STEPS,
        max_seconds=work.max_seconds,
        threads=1,
    )
    write_atomically(work.path, images.encode_png(plan.run().run().rgba(256), {}, None))
    return work


def scores(path: Path, texts: tuple[str, ...], judge: Any) -> dict[str, float]:
    prompts = parse_prompts(texts)
    seen = torch.from_numpy(images.premultiplied(images.open_picture(path)))[:3]
    windows = grid(6, 0.4)
    with torch.no_grad():
        vectors = judge.images(windows.of(seen[None], 64)[0].clamp(0, 1))
        likeness = vectors @ judge.texts([prompt.text for prompt in prompts]).T
    count = len(prompts)
    parts = np.bincount(likeness.argmax(1).numpy(), minlength=count) / len(vectors)
    weights = np.array([prompt.weight for prompt in prompts]) / sum(prompt.weight for prompt in prompts)
    best = likeness.sort(0, descending=True).values[: max(1, len(vectors) // 20)].mean(0)
    near = vectors @ vectors.T
    return {
        "recall": float((parts >= 0.5 * weights).mean()),
        "worst": float(best.min()),
        "area": float(np.abs(parts - weights).mean()),
        "self": float((near.sum() - near.trace()) / (len(near) * (len(near) - 1))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", choices=("nothing", "prior"), default="nothing")
    parser.add_argument("--max-seconds", type=float)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    every = [
        Work(str(asked.out), asked.start, asked.max_seconds, number, mode, seed)
        for seed in SEEDS
        for number in range(len(SETS))
        for mode in MODES
    ]
    left = [work for work in every if not work.path.exists()]
    with ProcessPoolExecutor(asked.workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done, work in enumerate(pool.map(paint, left), 1):
            print(f"{done}/{len(left)} {work.path.name}", flush=True)
    judge = open_judge("own")
    assert judge is not None, "the judge lies in training/ of a checkout"
    found = {work: scores(work.path, SETS[work.number], judge) for work in every}
    print(table(found))
    shown = [work for work in every if work.seed == SEEDS[0]]
    captions = [f"{work.mode}: {', '.join(SETS[work.number])}" for work in shown]
    save_sheet(asked.out / "sheet.png", [images.open_picture(work.path) for work in shown], captions)
    write_atomically(asked.out / "scores.json", json.dumps({work.path.stem: score for work, score in found.items()}, indent=1))


def table(found: dict[Work, dict[str, float]]) -> str:
    """Means, and of transport against each other mode the 95 % bootstrap interval of the difference, paired by sets."""
    lines = ["| mode | recall | worst | area | self |", "|---|---|---|---|---|"]
    by_set = {
        mode: {
            key: np.array([np.mean([s[key] for w, s in found.items() if w.mode == mode and w.number == n]) for n in range(len(SETS))])
            for key in ("recall", "worst", "area", "self")
        }
        for mode in MODES
    }
    for mode in MODES:
        lines.append(f"| {mode} | {' | '.join(f'{by_set[mode][key].mean():.2f}' for key in by_set[mode])} |")
    random = np.random.default_rng(0).integers(len(SETS), size=(5000, len(SETS)))
    for mode in MODES[:-1]:
        cells = []
        for key in by_set[mode]:
            more = by_set["transport"][key] - by_set[mode][key]
            low, high = np.quantile(more[random].mean(1), (0.025, 0.975))
            cells.append(f"{more.mean():+.2f} ({low:+.2f} to {high:+.2f})")
        lines.append(f"| transport - {mode} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
