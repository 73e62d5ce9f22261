"""What a worker does with a task, here or on another machine: plain data in, plain data out, whatever happens inside."""

from __future__ import annotations

import math
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from creativity import estimate, registry
from creativity.batches.batch import results_of
from creativity.entry import Entry
from creativity.errors import CreativityError, one_line
from creativity.files import InUse, RunFolder, is_full, make_folder
from creativity.options import build
from creativity.run import Event, Interrupted, Run, open_run
from creativity.size import parse_size

TELL_SECONDS = 0.5
PATIENCE = 60.0
"""Seconds that a run folder may still be held by a worker that has died on another machine."""

Facts = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """``what``: "run" the entry in ``folder``; "check" that it can be; or "foresee" how long it takes and how many bytes it
    leaves. ``others`` are pictures that serve as well, for a check. ``key`` is the sender's own."""

    key: int
    what: str
    folder: str
    entry: Entry
    plugins: tuple[str, ...] = ()
    threads: int = 1
    others: tuple[str, ...] = ()


def read_task(data: Any) -> Task:
    return build(Task, data, "task")


def work(task: Task, tell: Callable[[Facts], None], hold: Callable[[Run | None], None]) -> Facts:
    """Do a task. ``tell`` hears how far it is; ``hold`` gets the run that it is in, which may be stopped, and None after it.

    Returns facts with a ``kind``: "done"; "failed", with a ``reason`` that another try would not mend; "full", where a disk is; "stopped".
    """
    try:
        return {"kind": "done", **_DOES[task.what](task, tell, hold)}
    except Interrupted:
        return {"kind": "stopped"}
    except CreativityError as error:
        return {"kind": "full" if is_full(error) else "failed", "reason": one_line(error)}
    except MemoryError:
        return {"kind": "failed", "reason": "out of memory; try a smaller size, target_size, count or population, or fewer workers"}
    except Exception as error:
        if is_full(error):
            return {"kind": "full", "reason": one_line(error)}
        traceback.print_exc(file=sys.stderr)  # which is the batch's log
        return {"kind": "failed", "reason": one_line(registry.blame(error) or f"{type(error).__name__}: {error}")}
    finally:
        hold(None)


def _run(task: Task, tell: Callable[[Facts], None], hold: Callable[[Run | None], None]) -> Facts:
    folder = RunFolder(task.folder)
    if folder.done:
        return results_of(folder)
    run = _opened(task, folder)
    hold(run)
    told = -math.inf

    def listen(event: Event) -> None:
        nonlocal told
        if event.kind == "start" or time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            best = event.best if math.isfinite(event.best) else None
            tell({"step": event.step, "horizon": event.horizon, "best": best, "seconds": event.seconds, "remaining": event.remaining})

    tell({})
    run.listeners.append(listen)
    began = time.monotonic()
    while True:
        try:
            run.run()
            return results_of(folder)
        except InUse:
            # Who held it may have died with its machine, and the lock takes a while to follow.
            if time.monotonic() - began > PATIENCE:
                raise
            time.sleep(0.5)


def _opened(task: Task, folder: RunFolder) -> Run:
    """The run of a task, begun or not."""
    if (folder / "recipe.toml").exists():
        return open_run(folder.path, task.plugins)
    run = _planned(task, task.entry.target)
    make_folder(folder.path)
    run.folder = folder
    return run


def _planned(task: Task, target: str, **instead: Any) -> Run:
    how = {"threads": task.threads, **task.entry.how, **instead}
    try:
        return task.entry.plan(target, task.plugins, **how).run()
    except (AttributeError, TypeError, ValueError) as error:
        if registry.blame(error) is not None:
            raise
        raise CreativityError(f"what is asked for cannot be understood ({one_line(error)})") from error


def _check(task: Task, tell: Callable[[Facts], None], hold: Callable[[Run | None], None]) -> Facts:
    _any(task)
    return {}


def _any(task: Task) -> Run:
    """The entry's run, of its picture or else of one of the others: one that cannot be read is no fault of the rest."""
    if task.entry.prompts:
        return _planned(task, "", samples=1)  # what it begins with takes a while to imagine, and one shows that it can be
    from creativity import images

    first: CreativityError | None = None
    for target in (task.entry.target, *task.others):
        try:
            images.open_picture(target, task.entry.frame or 0)
        except CreativityError as error:
            first = first or error
            continue
        return _planned(task, target)
    assert first is not None
    raise first


def _foresee(task: Task, tell: Callable[[Facts], None], hold: Callable[[Run | None], None]) -> Facts:
    run = _any(task)
    seconds = run.estimate().seconds
    scored = run.problem.size[0] * run.problem.size[1]
    rows, columns = parse_size(run.recipe.size, run.recipe.canvas).pixels
    target = 0 if run.target is None else run.target.shape[0] * run.target.shape[1]
    state = 4 * run.optimizer.numbers(run.problem)
    # Pictures as PNG, the two last checkpoints, the genome as text in three files, snapshots and history.
    taken = round(1.5 * target + 0.5 * rows * columns + 0.5 * min(scored, 512 * 512) + 2 * state + 60 * run.problem.spec.size + 150_000)
    return {"seconds": seconds, "bytes": taken, "memory": sum(estimate.memory(run).values())}


_DOES: dict[str, Callable[[Task, Callable[[Facts], None], Callable[[Run | None], None]], Facts]] = {
    "run": _run,
    "check": _check,
    "foresee": _foresee,
}
