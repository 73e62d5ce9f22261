"""``creativity batch FILE.toml``: many searches, by workers; what is there already is not done again."""

from __future__ import annotations

import contextlib
import json
import math
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from creativity.cli.parse import Files, Flag, Folder, Number, Real, Text, parse

if TYPE_CHECKING:
    from creativity.batches.batch import Batch, State
    from creativity.batches.executors import Executor

BatchFile = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FILE.toml", help_behavior_hint="")]
Names = Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="NAME", help_behavior_hint="(repeatable)")]
ROWS, SHOWN = 50, 8


@dataclass(frozen=True)
class Asked:
    """Do many searches, side by side; what is done already is not done again.

    creativity batch night.toml --plan

    creativity batch night.toml --workers 4

    The file has tables: [base] with the flags of fit (or paint), [grid] with lists that are all combined, [[list]], [random];
    and above them targets = "photos/*.jpg" (or prompts), seeds = "0..9", names = "{target}-{renderer}-{seed}". docs/batch.md
    tells all of it.
    """

    file: BatchFile = ""
    """What to do."""
    plan: Flag = False
    """Show the jobs, how long they will take and what they will weigh, and do nothing."""
    only: Names = ()
    """The job of that name, and no other."""
    workers: Number = None
    """How many processes; by default as many as there are cores, each with one thread."""
    on: str = "local"
    """Who does it: local, this machine; or ray, a cluster (with the extra cluster)."""
    address: Text = None
    """Of the Ray cluster; by default $RAY_ADDRESS, else the one of this machine."""
    timeout: Real = None
    """Seconds that a job may take; by default one is ended that takes no step for long."""
    run_dir: Folder = None
    """The batch's folder; by default runs/NAME of the file."""
    plugin: Files = ()
    """A Python file of yours that registers parts."""
    json: Flag = False
    """Print what became of each job as one line of JSON on standard output."""
    quiet: Flag = False
    """Say nothing but errors."""


def main(words: Sequence[str]) -> int:
    asked = parse(Asked, words, "batch")

    from creativity.batches.batch import Batch
    from creativity.batches.executors import open_executor
    from creativity.batches.planning import plan_jobs, read_batch
    from creativity.errors import CreativityError, Interrupted
    from creativity.sources import stem_of

    if not asked.file:
        raise CreativityError("batch: FILE.toml is missing; see creativity batch --help")
    for name, value in (("workers", asked.workers), ("timeout", asked.timeout)):
        if value is not None and not 0 < value < math.inf:
            raise CreativityError(f"--{name} must be above 0, not {value}")
    file = Path(asked.file)
    base = file.absolute().parent
    tables = read_batch(file)
    jobs = plan_jobs(tables, base, asked.file, asked.plugin)
    names = {job.name for job in jobs}
    for name in asked.only:
        if name not in names:
            raise CreativityError(f"{asked.file} has no job {name!r}; {_near(name, names)}")
    if asked.only:
        jobs = [job for job in jobs if job.name in asked.only]
    folder = Path(asked.run_dir) if asked.run_dir else Path("runs") / stem_of(file)
    if (folder / "recipe.toml").exists():
        raise CreativityError(f"{folder} holds a run, not a batch; name another folder with --run-dir")
    plugins = [str(Path(path).absolute()) for path in asked.plugin]
    batch = Batch(folder, jobs, plugins, timeout=asked.timeout, again=_again(asked), whole=not asked.only)
    say = _silent if asked.quiet else _say
    log = Path(tempfile.mkdtemp(prefix="creativity-")) / "log.txt" if asked.plan else batch.folder / "log.txt"
    executor = open_executor(batch, base, log, asked.on, asked.address, asked.workers)
    if asked.plan:
        with _signals(batch, say):
            try:
                return _show_plan(batch, executor, asked)
            except Interrupted:
                return 130
            finally:
                shutil.rmtree(log.parent, ignore_errors=True)
    ahead = len(batch.of("waiting"))
    there = f", {len(jobs) - ahead} are done" if len(jobs) > ahead else ""
    say(f"{_jobs(len(jobs))}{there}; folder {folder}; if it is cut short, go on with: {batch.again}")
    status = 0
    began = time.monotonic()
    try:
        # Ray says on standard output when a machine dies; ours is for the figures.
        aside = _printing_to(log) if asked.on == "ray" else contextlib.nullcontext()
        with aside, _signals(batch, say), _shown(batch, asked.quiet, say) as show:
            for state in batch.stream(executor):
                show(state)
    except Interrupted:
        print(f"stopped and saved; {_jobs(len(batch.of('done')))} of {len(jobs)} done; go on with: {batch.again}", file=sys.stderr)
        status = 130
    except CreativityError as error:
        if not batch.full:
            raise
        print(f"creativity: {error}", file=sys.stderr)
        status = 1
    failed = batch.of("failed")
    sheet = batch.sheet() if status == 0 else None
    if asked.json:
        print(json.dumps({"run": str(folder), "done": len(batch.of("done")), "failed": len(failed), "jobs": batch.summary()}))
    if status == 0:
        say(_summed(batch, time.monotonic() - began, folder, sheet))
    for state in failed:
        print(f"creativity: {state.job.name}: {state.reason}\n  again: {batch.repeat(state)}", file=sys.stderr)
    return status or (1 if failed else 0)


@contextmanager
def _printing_to(log: Path) -> Iterator[None]:
    from creativity.files import make_folder

    make_folder(log.parent)
    with open(log, "a", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        yield


def _again(asked: Asked) -> str:
    """The command that goes on with it."""
    words = ["creativity", "batch", asked.file]
    words += ["--run-dir", asked.run_dir] if asked.run_dir else []
    words += [word for path in asked.plugin for word in ("--plugin", path)]
    words += ["--on", "ray"] if asked.on == "ray" else []
    words += ["--address", asked.address] if asked.address else []
    words += ["--timeout", f"{asked.timeout:g}"] if asked.timeout else []
    return shlex.join(words)


def _near(name: str, names: set[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, names, n=1, cutoff=0.3)
    return f"did you mean {close[0]!r}? --plan shows all" if close else "--plan shows all"


# -- what is shown


def _show_plan(batch: Batch, executor: Executor, asked: Asked) -> int:
    from creativity.estimate import amount

    foreseen = batch.foresee(executor)
    figures = list(foreseen.values())
    seconds = sum(facts["seconds"] for facts in figures) / max(1, len(figures))
    size = round(sum(facts["bytes"] for facts in figures) / max(1, len(figures)))
    ahead = batch.of("waiting")
    total, taken = seconds * len(ahead), size * len(ahead)
    places = max(1, getattr(executor, "count", 1))
    free = shutil.disk_usage(next(parent for parent in (batch.folder.path, *batch.folder.path.parents) if parent.exists())).free
    if asked.json:
        rows = [{"name": state.job.name, "state": _state(state), **state.job.entry.how} for state in batch.states]
        rows = [
            {**row, "prompts": list(state.job.entry.prompts), "target": state.job.entry.target}
            for row, state in zip(rows, batch.states, strict=True)
        ]
        print(json.dumps({"jobs": rows, "seconds": round(total / places, 1), "bytes": taken, "workers": places, "free": free}))
        return 0
    keys = _varied(batch.states)
    rows_shown = batch.states[:ROWS]
    table = [["job", *keys, "state", "about"]]
    for state in rows_shown:
        how = {**state.job.entry.how, **state.job.entry.how.get("options", {})}
        known = foreseen.get(state.job.name, {}).get("seconds")
        about = "" if state.state == "done" else _long(seconds if known is None else known)
        table.append([state.job.name, *(_cell(how.get(key, "")) for key in keys), _state(state), about])
    widths = [min(60, max(len(row[column]) for row in table)) for column in range(len(table[0]))]
    for row in table:
        print("  ".join(cell[:width].ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if len(batch.states) > ROWS:
        print(f"... and {len(batch.states) - ROWS} more")
    print(
        f"{_jobs(len(ahead))} to do of {len(batch.states)}: about {_long(total / places)} on {places} "
        f"{'worker' if places == 1 else 'workers'} of {batch.threads} {'thread' if batch.threads == 1 else 'threads'}, and {amount(taken)} "
        f"in {_here(batch.folder.path)} ({amount(free)} are free)"
    )
    if taken > free:
        print("the disk has not enough room for all of it", file=sys.stderr)
    return 0


def _varied(states: Sequence[State]) -> list[str]:
    """The fields in which jobs differ."""
    seen: dict[str, set[str]] = {}
    for state in states:
        for key, value in {**state.job.entry.how, **state.job.entry.how.get("options", {})}.items():
            if key != "options":
                seen.setdefault(key, set()).add(_cell(value))
    return [key for key, values in seen.items() if len(values) > 1][:8]


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _state(state: State) -> str:
    return "done" if state.state == "done" else "begun" if (state.folder / "recipe.toml").exists() else ""


@contextmanager
def _shown(batch: Batch, quiet: bool, say: Callable[[str], None]) -> Iterator[Callable[[State], None]]:
    """A live table on a terminal, else a line for each job."""
    total, began = len(batch.states), time.monotonic()

    def line(state: State) -> None:
        if state.before:
            return
        many = f"[{len(batch.of('done', 'failed'))}/{total}] {batch.name_of(state)}"
        if state.state == "failed":
            say(f"{many}: failed: {state.reason}")
        else:
            say(f"{many}: {_figures(state)}")

    if quiet or not sys.stderr.isatty():
        yield line
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    shown = 0.0
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def refresh() -> None:
            nonlocal shown
            if time.monotonic() - shown > 0.2:
                shown = time.monotonic()
                live.update(_table(batch, total, began), refresh=True)

        def note(state: State) -> None:
            if state.state == "failed":
                console.print(f"{batch.name_of(state)}: failed: {state.reason}", markup=False, highlight=False)

        batch.listeners.append(refresh)
        yield note


def _table(batch: Batch, total: int, began: float) -> Any:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    done, failed, running = (batch.of(state) for state in ("done", "failed", "running"))
    fresh = [state for state in done if not state.before]
    ahead = total - len(done) - len(failed)
    left = ""
    if fresh and ahead:
        from creativity.estimate import duration

        left = f", about {duration((time.monotonic() - began) / len(fresh) * ahead)} left"
    table = Table.grid(padding=(0, 2), expand=False)
    for _ in range(4):
        table.add_column(no_wrap=True)
    bar = ProgressBar(total=max(1, total), completed=len(done) + len(failed), width=24)
    table.add_row(Text(f"{len(done)} of {total} done" + (f", {len(failed)} failed" if failed else "") + left), bar, "", "")
    for state in running[:SHOWN]:
        facts = state.facts
        step = f"step {facts['step']}/{facts['horizon']}" if "step" in facts else "starting"
        best = f"loss {facts['best']:.5f}" if facts.get("best") is not None else ""
        part = ProgressBar(total=max(1, facts.get("horizon", 1)), completed=facts.get("step", 0), width=24)
        table.add_row(Text(batch.name_of(state)[:60]), part, Text(step), Text(best))
    if len(running) > SHOWN:
        table.add_row(Text(f"and {len(running) - SHOWN} more"), "", "", "")
    return table


def _figures(state: State) -> str:
    loss, steps, seconds = (state.facts.get(key) for key in ("loss", "steps", "seconds"))
    parts = [f"loss {loss:.5f}" if loss is not None else "done", f"{steps} steps" if steps is not None else ""]
    return ", ".join([*filter(None, parts), *([f"{seconds:.1f} s"] if seconds is not None else [])])


def _summed(batch: Batch, seconds: float, folder: Path, sheet: Path | None) -> str:
    from creativity.estimate import duration

    failed = len(batch.of("failed"))
    what = f"{len(batch.of('done'))} of {_jobs(len(batch.states))} done" + (f", {failed} failed" if failed else "")
    shown = f"; all of them: {_here(sheet)}" if sheet else ""
    return f"{what}, in {folder} after {duration(seconds)}{shown}"


def _long(seconds: float) -> str:
    from creativity.estimate import duration

    return duration(seconds) if seconds >= 10 else f"{seconds:.1f} s"


def _here(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def _jobs(number: int) -> str:
    return f"{number} {'job' if number == 1 else 'jobs'}"


def _say(text: str) -> None:
    from creativity.errors import one_line

    with contextlib.suppress(OSError):  # a log that is full or closed must not cost a batch
        print(one_line(text), file=sys.stderr, flush=True)


def _silent(text: str) -> None:
    pass


@contextmanager
def _signals(batch: Batch, say: Callable[[str], None]) -> Iterator[None]:
    """The first Ctrl-C (or a polite kill) lets the workers save; the second does not wait."""

    def handle(number: int, frame: FrameType | None) -> None:
        if batch.stopping:
            raise KeyboardInterrupt
        batch.stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
