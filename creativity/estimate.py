"""How long a search will take and how much memory, found out before it begins; nothing of the search itself is touched.

Time is measured: a few candidates are scored, or a mark is placed, as the search will do it. Memory is counted from shapes.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from creativity.errors import CreativityError
from creativity.size import parse_size

if TYPE_CHECKING:
    from creativity.optimizers.base import Work
    from creativity.run import Run

ENDLESS = 10**9  # steps of a run that only the clock ends
LOOKS, PATIENCE = 5, 0.06  # how often a sample is timed, and how many seconds of that are enough
COPIES = 6  # of a population, in an optimizer that moves it
PICTURES = 3  # what an objective holds of the size of a picture, for each; twice as many where gradients go back


@dataclass(frozen=True)
class Estimate:
    """``seconds`` of search for at most ``steps`` steps; ``bytes`` of memory, Python and its libraries included."""

    seconds: float
    steps: int
    bytes: int

    def __str__(self) -> str:
        many = "" if self.steps >= ENDLESS else f" ({self.steps:,} steps)"
        long = f"about {duration(self.seconds)}" if self.seconds >= 0.5 else "less than a second"
        return f"{long} of search{many} and {amount(self.bytes)}"


def of(run: Run) -> Estimate:
    """Of what is still to do in a run that has begun or was restored. Takes a moment: some evaluations are timed."""
    stop, replay = run.recipe.stop, run.recipe.replay
    if replay:
        steps = replay.steps
    elif stop.steps is not None:
        steps = stop.steps
    else:
        steps = run.horizon if stop.seconds is None else ENDLESS
    seconds, total, done = 0.0, 0, run.count
    for part in run.optimizer.work(run.problem, run.starts(), steps):
        length = min(part.steps, steps - total)
        total += length
        ahead = min(length, max(0, total - done))
        if ahead:
            seconds += ahead * part.times * _timed(part)
    if stop.seconds is not None and not replay:
        # Only what ends by itself can take less than it may.
        seconds = max(0.0, min(seconds, stop.seconds - run.seconds))
    return Estimate(seconds, total, resident() + sum(memory(run).values()))


def _timed(part: Work) -> float:
    """Seconds that one sample takes: the median, for the first is often slow."""
    looks: list[float] = []
    while len(looks) < LOOKS and sum(looks) < PATIENCE:
        began = time.perf_counter()
        part.sample()
        looks.append(time.perf_counter() - began)
    return statistics.median(looks)


def memory(run: Run) -> dict[str, int]:
    """Bytes that the run will need beyond what is there already, by the option that rules them."""
    from creativity.objectives.pixel import Pixel
    from creativity.problem import PART_PIXELS
    from creativity.renderers.base import FusedRenderer

    problem, optimizer = run.problem, run.optimizer
    height, width = problem.size
    pictures, gradients = optimizer.batch(problem), problem.differentiable and optimizer.gradients
    seen = pictures if gradients else min(pictures, max(1, PART_PIXELS // (height * width)))
    if isinstance(problem.renderer, FusedRenderer) and type(problem.objective) is Pixel:
        pictures = 1  # it compares without drawing
    else:
        pictures = PICTURES * seen * (2 if gradients else 1)
    rows, columns = parse_size(run.recipe.size, run.recipe.canvas).pixels
    return {
        "--target-size": 16 * height * width * pictures,
        "objective.cutouts": problem.objective.held(seen, gradients),
        "optimizer.population": 4 * COPIES * optimizer.batch(problem) * problem.spec.size,
        "--count": 4 * optimizer.numbers(problem),
        "--size": (16 + 4 + 4) * rows * columns,
    }


def check(run: Run) -> None:
    """Raise CreativityError, naming what to lower, when the run cannot fit into this machine's memory."""
    room, parts = machine(), memory(run)
    needed = sum(parts.values()) + resident()
    if room is not None and needed > room:
        largest = max(parts, key=lambda name: parts[name])
        raise CreativityError(f"this run needs about {amount(needed)} of memory, the machine has {amount(room)}; use a smaller {largest}")


def resident() -> int:
    """Bytes that this process holds now."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    try:
        import resource
        import sys

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    except ImportError:  # Windows
        return 300_000_000


def machine() -> int | None:
    """Bytes of memory that there are for this process, a container's limit included; None where nobody says."""
    limits = []
    with contextlib.suppress(OSError, ValueError, AttributeError):
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # "max" is no limit
            limits.append(int(Path(path).read_text()))
    return min(limits, default=None)


def available() -> int | None:
    """Bytes that are free, or would be made free, now; None where nobody says."""
    with contextlib.suppress(OSError, ValueError, IndexError, StopIteration):
        line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
        return int(line.split()[1]) * 1024
    return None


def duration(seconds: float) -> str:
    """``25 s``, ``3 min 05 s``, ``2 h 10 min``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def amount(number: float) -> str:
    """``300 MB``, ``1.2 GB``: two digits are as much as is known."""
    return f"{float(f'{number / 1e6:.2g}'):.0f} MB" if number < 995e6 else f"{number / 1e9:.1f} GB"
