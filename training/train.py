"""Trains everything, two trainings beside each other: ``python -m training.train --data DIR --out DIR``.

A few hours on two cores. Started again after it was stopped, it goes on: each training keeps checkpoints of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PICTURES = ("scenery", "redrawn", "judge.redrawn")
MODELS = (("guide", "sparring"), ("judge",), ("sprites",), ("layout",))
"""Side by side, but what follows in a group goes on with what came before it."""


def run(module: str, data: Path, out: Path | None) -> None:
    """One training (or what it needs) in a process of its own on one thread; its words go to ``OUT/MODULE.log``."""
    done = (out or data) / f"{module}.done"
    if done.exists():
        return
    where = ["--out", str(out)] if out else []
    with ((out or data) / f"{module}.log").open("a") as log:
        command = [sys.executable, "-m", f"training.{module}", "--data", str(data), *where]
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    done.touch()
    print(module, "is done", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="what training.gather wrote")
    parser.add_argument("--out", type=Path, required=True, help="weights, checkpoints and logs")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once, one core each")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(lambda module: run(module, args.data, None), PICTURES))
        list(pool.map(lambda modules: [run(module, args.data, args.out) for module in modules], MODELS))


if __name__ == "__main__":
    main()
