"""What the searching verbs share: progress on a screen or a log, Ctrl-C, outputs, the final figures."""

from __future__ import annotations

import contextlib
import glob
import json
import logging
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from creativity import estimate, registry, series, verbs
from creativity.artwork import Artwork
from creativity.cli.search import Search
from creativity.errors import CreativityError, one_line
from creativity.files import make_folder, write_numbered
from creativity.images import MAX_BYTES
from creativity.renderers import raster
from creativity.run import Event, Interrupted, Run
from creativity.series import Series

LOG_SECONDS = 5.0


def begin(plan: verbs.Plan, stem: str, asked: Search, given: Sequence[str]) -> int:
    """One search from its plan to its files, which are named after ``stem`` where nobody named them; returns the exit status.

    ``given`` are the files that it is made from, and that no output may replace.
    """
    run = plan.run()  # what cannot work is refused here, before a folder is made
    renderer = run.problem.renderer
    outputs = [series.fill(output, run.recipe, stem) for output in asked.output]
    for pattern, output in zip(asked.output, outputs, strict=True):
        for folder in series.check_places(pattern, [output], renderer, given):
            make_folder(folder)
    run.previews = verbs.check_preview(asked.preview, given)
    run.folder = verbs.run_folder(asked.run_dir, stem, plan.recipe)
    fresh = None if outputs else Path(f"{stem[:100]}-{registry.renderers.called(plan.recipe.renderer)}{verbs.default_kind(renderer)}")
    run.outputs = [output if output == "-" else str(Path(output).absolute()) for output in outputs or (str(fresh),)]
    return search(run, outputs, quiet=asked.quiet, as_json=asked.json, fresh=fresh, notes=plan.notes)


def search(run: Run, outputs: Sequence[str], *, quiet: bool, as_json: bool, fresh: Path | None = None, notes: Sequence[str] = ()) -> int:
    """Run to the end, save the outputs, print the figures; returns the exit status.

    ``fresh`` is a name that the user did not choose: it is numbered rather than replace anything. ``notes`` are said first.
    """
    assert run.folder is not None
    say = _silent if quiet else _say
    for note in notes:
        say(note)
    say(f"seed {run.recipe.seed}, run folder {run.folder.path}")
    hear(quiet)
    raster.prepare()
    foreseen = _foresee(run, say, quiet and not as_json)
    began = time.monotonic()
    try:
        with _signals(run), _progress(run, quiet):
            artwork = run.run()
    except Interrupted:
        print(f"stopped at step {run.count} and saved; go on with: creativity resume {run.folder.path}", file=sys.stderr)
        return 130
    if run.note:
        say(run.note)
    files, failed = [], []
    if fresh is not None:
        files.append(str(write_numbered(fresh, verbs.encode(run, artwork, fresh.suffix.lower()))))
    for output in sorted(outputs, key=lambda output: output == "-"):  # a reader that leaves must not cost a file
        try:
            files.append(str(verbs.save(run, artwork, output)))
        except CreativityError as error:
            failed.append(str(error))
    figures = _figures(run, artwork, files, time.monotonic() - began)
    if foreseen:
        figures["estimate"] = {"seconds": round(foreseen[0].seconds, 1), "steps": foreseen[0].steps, "bytes": foreseen[0].bytes}
    if as_json:
        print(json.dumps(figures))
    psnr = f" ({figures['psnr']:.1f} dB)" if figures.get("psnr") is not None else ""
    name = ", ".join(files) or run.folder.path
    say(f"{name}: loss {run.best_loss:.5f}{psnr} after {run.count} steps, {run.seconds:.1f} s of search; {run.outcome}")
    if failed:
        raise CreativityError(f"{'; '.join(failed)}; the result is in {run.folder.path}")
    return 0


def _foresee(run: Run, say: Callable[[str], None], quiet: bool) -> list[estimate.Estimate]:
    """Say when the run begins how long it will take, in how much memory, and where to look; the estimate comes to the list."""
    foreseen: list[estimate.Estimate] = []

    def foresee(event: Event) -> None:
        if event.kind == "start" and not run.done and not quiet:
            assert run.folder is not None
            foreseen.append(run.estimate())
            say(f"{foreseen[0]}; preview: {(*run.previews, run.folder / 'preview.png')[0]}")
            room = estimate.available()
            if room is not None and foreseen[0].bytes - estimate.resident() > room:
                say(f"only {estimate.amount(room)} of memory are free: it may be slow, or be ended by the system")

    run.listeners.append(foresee)
    return foreseen


def search_series(several: Series, *, quiet: bool, as_json: bool, previews: Sequence[str] = ()) -> int:
    """Run what is left of a series, and say at its end what could not be done; returns the exit status."""

    said = False

    def around(run: Run) -> AbstractContextManager[None]:
        nonlocal said
        run.previews = [*previews]
        if not said:  # they are much alike, and an estimate takes a moment
            _foresee(run, lambda text: say(f"each run: {text}"), quiet)
            said = True
        return _progress(run, quiet)

    say = _silent if quiet else _say
    runs = f"{several.count} {'run' if several.count == 1 else 'runs'}"
    say(f"{runs}, folder {several.folder.path}; if it is cut short, go on with: creativity resume {several.folder.path}")
    hear(quiet)
    raster.prepare()
    several.around = around
    try:
        with _signals(several):
            several.run()
    except Interrupted:
        print(f"stopped and saved; go on with: creativity resume {several.folder.path}", file=sys.stderr)
        return 130
    if as_json:
        print(json.dumps({"run": str(several.folder.path), "results": several.results, "failed": several.failed}))
    for name, reason in several.failed.items():
        print(f"creativity: {name}: {reason}", file=sys.stderr)
    return 1 if several.failed else 0


def inputs(words: Sequence[str]) -> list[str | bytes]:
    """The pictures that are meant: paths, patterns that no shell has resolved, and ``-``, the bytes of standard input."""
    pictures: list[str | bytes] = []
    for word in words:
        if word == "-":
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
            if not content:
                raise CreativityError("standard input is empty; a picture is expected there")
            if len(content) > MAX_BYTES:
                raise CreativityError(f"standard input has more than {MAX_BYTES / 1e6:.0f} MB; make the picture smaller")
            pictures.append(content)
        elif any(sign in word for sign in "*?[") and not os.path.exists(word):
            found = sorted(path for path in glob.glob(word) if os.path.isfile(path))
            if not found:
                raise CreativityError(f"no file is called like {word!r}")
            pictures += found
        else:
            pictures.append(word)
    if not pictures:
        raise CreativityError("fit: PICTURE is missing; see creativity fit --help")
    return pictures


def _figures(run: Run, artwork: Artwork, files: list[str], wall: float) -> dict[str, Any]:
    assert run.folder is not None
    mse = artwork.results.get("mse")
    figures = {
        "loss": artwork.results.get("loss"),
        **artwork.results,
        "steps": run.count,
        "seconds": round(run.seconds, 3),
        "wall": round(wall, 3),
        "seed": run.recipe.seed,
        "outcome": run.outcome,
        "files": files,
        "run": str(run.folder.path),
    }
    if mse is not None:
        figures["psnr"] = round(-10 * math.log10(mse), 2) if mse else None
    return figures


def settings(pairs: Sequence[str]) -> dict[str, str]:
    """``("renderer.count=30",)`` -> {"renderer.count": "30"}. Raises CreativityError for another form."""
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise CreativityError(f"--set takes PART.OPTION=VALUE, such as renderer.background=none, not {pair!r}")
        options[key.strip()] = value.strip()
    return options


@contextmanager
def _signals(run: Run | Series) -> Iterator[None]:
    """The first Ctrl-C (or a polite kill) ends after the step and saves; the second does not wait."""

    def handle(number: int, frame: FrameType | None) -> None:
        if run.stopping:
            raise KeyboardInterrupt
        run.stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress(run: Run, quiet: bool) -> Iterator[None]:
    if quiet:
        yield
    elif sys.stderr.isatty():
        with _bar() as listener:
            run.listeners.append(listener)
            yield
    else:
        run.listeners.append(log_lines())
        yield


@contextmanager
def _bar() -> Iterator[Callable[[Event], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(bar_width=None), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=8) as bar:
        task = bar.add_task("starting ...", total=None)
        shown = 0.0

        def show(event: Event) -> None:
            nonlocal shown
            if event.kind == "done" or time.monotonic() - shown > 0.1:
                shown = time.monotonic()
                bar.update(task, completed=event.step, total=max(1, event.horizon), description=str(event))

        yield show


def log_lines() -> Callable[[Event], None]:
    """A listener that says every few seconds how it goes."""
    said = 0.0

    def show(event: Event) -> None:
        nonlocal said
        if event.kind in ("start", "done") or time.monotonic() - said > LOG_SECONDS:
            said = time.monotonic()
            _say(str(event))

    return show


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # a log that is full or closed must not cost the picture
        print(one_line(text), file=sys.stderr, flush=True)


def _silent(text: str) -> None:
    pass


def hear(quiet: bool) -> None:
    """What the library logs (that it compiles, which takes a while) is said like everything else."""
    say = _silent if quiet else _say

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(record.getMessage())

    log = logging.getLogger("creativity")
    log.handlers, log.propagate = [Handler()], False
    log.setLevel(logging.INFO)
