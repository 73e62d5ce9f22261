"""``python -m benchmarks.fit``: how close a picture comes to its target, against the CPU seconds that it took.

The measure: CPU seconds (user and system, all threads, asked for one) of search after loading; imports, compilation and
a short rehearsal are left out. The error is the mean squared one, in [0, 1] RGB, of the *exported* PNG at the target's size, with
exactly the number of marks asked for; ``svg`` is the same of the exported drawing as resvg draws it.
All figures of a row come from one run that was asked to take ``--seconds``: what it had at 1 s, at 2 s and so on. An
optimizer that plans its time (adam does) might have been better at 2 s had it been asked for 2 s.
Looking at the picture stops the clock. Peers do what their program does and end when they end.

Every row runs in a process of its own, so that its peak of memory is its own. About a quarter of an hour; see ``--help``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import multiprocessing
import platform
import resource
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS, find_primitive
from benchmarks.scoring import PICTURES, error, load, one_colour, svg_error
from creativity import registry, verbs
from creativity.artwork import Artwork
from creativity.errors import CreativityError
from creativity.optimizers.base import Step
from creativity.run import Event, Run
from creativity.svg import SVG

MARKS = (1, 2, 5, 8, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""CPU seconds at which a run is looked at."""

SHAPES = (25, 50, 100, 200, 400, 1000)
PIXELS = (100, 200, 400, 800)
POPULATIONS = (64, 128, 256, 512, 1024)
GROWN = "langlois_bridge"
"""What growth is measured on: the largest of our pictures (512 pixels; enlarged for 800)."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One renderer and one optimizer on one picture, once for each seed."""

    renderer: str
    optimizer: str
    picture: str
    count: int
    size: int
    seconds: float
    seeds: int = 1
    options: dict[str, Any] = field(default_factory=dict)


class Stopwatch(Run):
    """A run whose clock counts CPU seconds of all it does, and stands still while ``look`` is called."""

    looking = 0.0

    @property
    def compiles(self) -> bool:
        """Evolution is compiled by jax anew in each run, at its first two steps, which are left out with that."""
        return self.recipe.optimizer.name == "evolution"

    def watch(self, marks: Sequence[float]) -> list[tuple[float, Artwork]]:
        """The best so far, at the first moment past each of the marks (rising), and at the end: one more than marks."""
        seen: list[tuple[float, Artwork]] = []

        def listener(event: Event) -> None:
            began = time.process_time()
            done = event.kind == "done"  # a run that ends early stays what it is
            while len(seen) < len(marks) and (done or event.seconds >= marks[len(seen)]):
                seen.append((event.seconds, self.artwork))
            if done:
                seen.append((event.seconds, self.artwork))
            self.looking += time.process_time() - began

        self.listeners.append(listener)
        self.run()
        return seen

    def _begin(self) -> None:
        began = time.process_time()
        super()._begin()
        self.seconds = 0.0 if self.compiles else time.process_time() - began - self.looking

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began = time.process_time()
        yield
        self.seconds += 0.0 if self.compiles and self.count <= 2 else time.process_time() - began

    def record(self, step: Step) -> None:
        began, looking = time.process_time(), self.looking
        super().record(step)
        self.seconds += time.process_time() - began - (self.looking - looking)


def stopwatch(job: Job, seed: int, target: Any) -> Stopwatch:
    plan = verbs.plan_fit(
        target,
        count=job.count,
        renderer=job.renderer,
        optimizer=job.optimizer,
        seed=seed,
        max_seconds=job.seconds,
        size=job.size,
        target_size=job.size,
        threads=1,
        options=job.options,
    )
    return Stopwatch(plan.recipe, plan.target)


def measure(job: Job) -> list[Row]:
    """A row for each seed. Runs in a process of its own."""
    target = load(job.picture, job.size)
    # Every kernel is compiled and every stage of the search gone through before the clock is started: not in one
    # rehearsal, whose time may all go into compiling its first step.
    rehearsal = replace(job, count=5, size=64, seconds=0.4)
    for _ in range(4):
        stopwatch(rehearsal, 0, load(job.picture, 64)).run()
    rows = []
    for seed in range(1, job.seeds + 1):
        run = stopwatch(job, seed, target)
        marks = [mark for mark in MARKS if mark <= job.seconds]
        seen = run.watch(marks)
        scores = [(seconds, error(artwork.png(job.size), target)) for seconds, artwork in seen]
        drawing = seen[-1][1].svg(job.size)
        rows.append(
            {
                **asdict(job),
                "seed": seed,
                "one_colour": one_colour(target),
                "curve": [[mark, *score] for mark, score in zip(marks, scores[:-1], strict=True)],
                "cpu": scores[-1][0],
                "error": scores[-1][1],
                "svg": svg_error(drawing, target),
                "marks": marks_in(drawing),
                "steps": run.count,
                "memory": peak_memory(),
            }
        )
    return rows


def marks_in(drawing: str) -> int:
    """How many shapes a drawing of ours has, its ground left out."""
    from creativity.svg import read_svg

    kinds = [element.tag.removeprefix(f"{{{SVG}}}") for element in read_svg(drawing.encode()).iter()]
    return sum(kind in ("polygon", "path", "circle", "ellipse", "line", "polyline", "rect") for kind in kinds) - 1


def peak_memory() -> int:
    """Bytes of this process at its largest."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    # Where there is one, this is of the program alone; the other figure begins with that of the process that started it.
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def apart(job: Job) -> list[Row] | str:
    """``measure`` in a fresh process; a reason where it cannot be done."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        try:
            return pool.submit(measure, job).result()
        except CreativityError as refused:
            return str(refused)
        except BrokenProcessPool:
            return "the process ended early (out of memory?)"


def spread(values: Sequence[float | None], scale: float = 1000.0, digits: int = 2) -> str:
    """Mean and standard deviation, scaled; a dash where a value is missing."""
    known = [scale * value for value in values if value is not None]
    if not known or len(known) < len(values):
        return "-"
    mean = f"{statistics.mean(known):.{digits}f}"
    return f"{mean}±{statistics.stdev(known):.{digits}f}" if len(known) > 1 else mean


def at_mark(row: Row, mark: float) -> float | None:
    """The error at a mark: of a peer what it ended with, where it had ended by then."""
    if "curve" not in row:
        return float(row["error"]) if row["cpu"] <= mark else None
    return next((score for at, _, score in row["curve"] if at == mark), None)


def curve_line(name: str, rows: Sequence[Row], marks: Sequence[float]) -> str:
    """One optimizer's or peer's line of a table: errors x 1000 at the marks, at its own end, and of the drawing."""
    cells = [spread([at_mark(row, mark) for row in rows]) for mark in marks]
    ended = spread([row["cpu"] for row in rows], 1.0, 1)
    held = "/".join(str(number) for number in sorted({row["marks"] for row in rows}))
    memory = max(row["memory"] for row in rows) / 2**20
    own = spread([row["error"] for row in rows])
    drawn = spread([row["svg"] for row in rows])
    return f"  {name:36s}" + "".join(f"{cell:>13s}" for cell in cells) + f"{own:>13s}{drawn:>13s}{ended:>12s}{held:>7s}{memory:7.0f}"


class Report:
    """Prints as it goes, and keeps all figures in a file, written anew after each row: an interrupted run is not lost."""

    def __init__(self, path: str | None, settings: Row):
        self.path = Path(path) if path else None
        self.facts: Row = {"settings": settings, "versions": versions(), "fits": [], "peers": [], "growth": []}

    def keep(self, table: str, rows: Sequence[Row]) -> None:
        self.facts[table] += rows
        if self.path:
            self.path.write_text(json.dumps(self.facts, indent=1) + "\n")


def versions() -> dict[str, str]:
    names = ("creativity-toolkit", "numpy", "torch", "numba", "jax", "evosax")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}


def curves(wanted: argparse.Namespace, optimizers: Sequence[str], report: Report) -> None:
    """A table for each picture and number of marks."""
    marks = [mark for mark in MARKS if mark <= wanted.seconds]
    programs = [(peer, found) for peer in PEERS if (found := peer.find(wanted.primitive))]
    for picture in wanted.pictures:
        target = load(picture, wanted.size)
        for count in wanted.counts:
            height, width = target.shape[:2]
            print(f"\n{picture}, {width} x {height}, {count} marks: error x 1000 at CPU seconds, mean±deviation of {wanted.seeds} seeds")
            print(f"one colour: {1000 * one_colour(target):.1f}")
            heads = [*(f"{mark:g} s" for mark in marks), "end", "svg"]
            print(" " * 38 + "".join(f"{head:>13s}" for head in heads) + f"{'ends at, s':>12s}{'marks':>7s}{'MB':>7s}")
            for renderer in wanted.renderers:
                for optimizer in optimizers:
                    # A table names what its rows differ in.
                    name = (
                        " ".join(word for word, many in ((renderer, wanted.renderers), (optimizer, optimizers)) if len(many) > 1)
                        or optimizer
                    )
                    rows = apart(Job(renderer, optimizer, picture, count, wanted.size, wanted.seconds, wanted.seeds))
                    if isinstance(rows, str):
                        print(f"  {name:36s} {rows}")
                        continue
                    report.keep("fits", rows)
                    print(curve_line(name, rows, marks), flush=True)
            for renderer in wanted.renderers:
                for peer, program in programs:
                    if renderer in peer.shapes:
                        name = f"{renderer} {peer.name}" if len(wanted.renderers) > 1 else peer.name
                        about = {"peer": peer.name, "renderer": renderer, "picture": picture, "count": count, "size": wanted.size}
                        try:
                            made = [peer.fit(program, target, count, peer.shapes[renderer]) for _ in range(wanted.seeds)]
                        except (RuntimeError, ValueError) as failed:
                            print(f"  {name:36s} {failed}")
                            continue
                        rows = [{**about, "run": run, **row} for run, row in enumerate(made, 1)]
                        report.keep("peers", rows)
                        print(curve_line(name, rows, marks), flush=True)
    for peer in PEERS:
        if peer not in [found for found, _ in programs]:
            print(f"  {peer.name}: not installed")


def growth(wanted: argparse.Namespace, optimizers: Sequence[str], report: Report) -> None:
    """What a step costs, how far ``--growth-seconds`` lead and how much memory it takes, as one thing grows."""
    base = Job("triangles", "", GROWN, 50, 200, wanted.growth_seconds)
    tables: list[tuple[str, list[tuple[int, Job]]]] = []
    for name in optimizers:
        job = replace(base, optimizer=name)
        tables.append((f"{name}, 200 pixels: shapes", [(count, replace(job, count=count)) for count in SHAPES]))
        tables.append((f"{name}, 50 shapes: pixels, long side", [(size, replace(job, size=size)) for size in PIXELS]))
        if name == "pgpe":
            sized = [(size, replace(job, options={"optimizer.population": size})) for size in POPULATIONS]
            tables.append((f"{name}, 50 shapes, 200 pixels: population", sized))
    for title, jobs in tables:
        print(f"\n{title:44s}     steps   ms a step   error x 1000   MB at most   ({GROWN}, {wanted.growth_seconds:g} CPU s)")
        for value, job in jobs:
            rows = apart(job)
            if isinstance(rows, str):
                print(f"{value:44d}   {rows}")
                continue
            (row,) = rows
            row |= {"table": title, "value": value, "seconds_a_step": row["cpu"] / max(1, row["steps"])}
            report.keep("growth", [row])
            figures = f"{1e3 * row['seconds_a_step']:12.2f}{1e3 * row['error']:15.2f}{row['memory'] / 2**20:13.0f}"
            print(f"{value:44d}{row['steps']:10d}{figures}", flush=True)


def names(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def numbers(text: str) -> list[int]:
    return [int(word) for word in names(text)]


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.fit", description="Error against CPU time, ours and our peers'.")
    parser.add_argument("--renderers", type=names, default=["triangles"], metavar="A,B", help="what the pictures are made of (triangles)")
    parser.add_argument("--optimizers", type=names, default=names("greedy,relay,adam,pgpe"), metavar="A,B")
    parser.add_argument("--pictures", type=names, default=list(PICTURES), metavar="A,B", help=f"paths, or of {', '.join(PICTURES)}")
    parser.add_argument("--counts", type=numbers, default=[50], metavar="N,M", help="numbers of marks (50)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each, from seed 1 (3)")
    parser.add_argument("--seconds", type=float, default=15.0, help="CPU seconds of each run of ours (15)")
    parser.add_argument("--size", type=int, default=200, help="long side of the target in pixels (200)")
    parser.add_argument("--growth-seconds", type=float, default=3.0, help="CPU seconds of each row of the growth tables (3); 0: none")
    parser.add_argument("--primitive", metavar="PATH", help="a binary of github.com/fogleman/primitive")
    parser.add_argument("--json", metavar="FILE", help="keep all figures here")
    wanted = parser.parse_args(words)
    if wanted.primitive and not find_primitive(wanted.primitive):
        parser.error(f"--primitive: {wanted.primitive} is not a program")
    return wanted


def main(words: Sequence[str] | None = None) -> None:
    wanted = arguments(words)
    known = registry.optimizers.names()
    for name in wanted.optimizers:
        if name not in known:
            print(f"{name}: not in this version")
    optimizers = [name for name in wanted.optimizers if name in known]
    report = Report(wanted.json, vars(wanted))
    began = time.perf_counter()
    if wanted.counts and wanted.pictures:
        curves(wanted, optimizers, report)
    if wanted.growth_seconds > 0:
        growth(wanted, optimizers, report)
    print(f"\n{(time.perf_counter() - began) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
