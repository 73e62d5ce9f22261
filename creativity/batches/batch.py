"""The batch: jobs handed to workers, retried where a worker dies, given up where one hangs; nothing is done twice.

Its folder holds a run folder for each job, with ``job.json`` in it: the digest by which the job is known when the batch is
asked for again. So whatever was killed, and when, the folders tell what is missing; ``batch.json`` only sums up.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from creativity import images
from creativity.batches.executors import Executor, Facts
from creativity.batches.planning import Job, unused
from creativity.entry import Entry
from creativity.errors import CreativityError, Interrupted
from creativity.estimate import duration
from creativity.files import RunFolder, is_full, make_folder, write_atomically
from creativity.recipe import parse_json
from creativity.sheet import save_sheet
from creativity.sources import open_source

FORMAT, SCHEMA = "creativity-batch", 1
RETRIES = 2
"""How often a job is begun again whose process has died."""
SETUP = 900.0
"""Seconds that a worker may take to begin: weights are loaded, kernels compiled."""
SILENCE, FACTOR = 300.0, 10.0
"""A job hangs that has taken no step for so many seconds, and for so many times what it was to take in all."""
GRACE = 30.0
"""Seconds that workers have to save when they are asked to stop."""
MAX_CHECKS, OTHERS = 1000, 4
ON_A_SHEET = 100


@dataclass
class State:
    """Of one job. ``state`` is waiting, running, done or failed; ``facts`` what was last heard of it."""

    job: Job
    folder: RunFolder
    state: str = "waiting"
    attempts: int = 0
    facts: Facts = field(default_factory=dict)
    before: bool = False
    reason: str = ""
    begun: float = math.inf
    deadline: float = math.inf
    late: str = ""


class Batch:
    """The jobs of a folder, to be ``stream``\\ ed through an executor. ``plugins`` are absolute paths; a worker's run has ``threads``
    where its job does not say how many; a job may take ``timeout`` seconds. Unless the jobs are the ``whole`` of it, nothing is
    summed up. ``listeners`` are called whenever something was heard."""

    def __init__(
        self,
        folder: str | Path,
        jobs: Sequence[Job],
        plugins: Sequence[str] = (),
        threads: int = 1,
        timeout: float | None = None,
        again: str = "",
        whole: bool = True,
    ):
        self.folder = RunFolder(Path(folder).absolute())
        self.plugins, self.threads, self.timeout, self.again = tuple(plugins), threads, timeout, again
        self.whole = whole
        self.listeners: list[Callable[[], None]] = []
        self.stopping = False
        self.full = ""
        self.states = self.found(jobs)

    def stop(self) -> None:
        """Ask the batch to save and end; safe to call from a signal handler."""
        self.stopping = True

    def of(self, *states: str) -> list[State]:
        return [state for state in self.states if state.state in states]

    def stream(self, executor: Executor) -> Iterator[State]:
        """Do what is missing: gives every job's state when it is done or has failed, what was done before first.

        Raises CreativityError, before anything starts, for what is asked for and cannot be; and where the disk is full.
        Raises Interrupted once ``stop`` was asked. To leave it early is to stop it.
        """
        with self.folder.locked():
            self.states = self.found([state.job for state in self.states])  # somebody may have been at it until now
            running: dict[int, State] = {}
            try:
                yield from self.of("done")
                self._check(executor)
                self.save()
                yield from self._run(executor, running)
                if self.full:
                    raise CreativityError(f"{self.full}; make room, and go on with: {self.again}")
                if self.stopping:
                    raise Interrupted
            finally:
                with contextlib.suppress(CreativityError, OSError):
                    self._end(executor, running)
                executor.close()
                with contextlib.suppress(CreativityError):  # a disk that is full, which was said
                    self.save()

    def _run(self, executor: Executor, running: dict[int, State]) -> Iterator[State]:
        # What was begun goes first: it is closest to its end.
        waiting = deque(sorted(self.of("waiting"), key=lambda state: not (state.folder / "recipe.toml").exists()))
        key = 0
        while waiting or running:
            while waiting and executor.free() > 0 and not self.stopping:
                state = waiting.popleft()
                key += 1
                if self._start(executor, key, state):
                    running[key] = state
            ended = self._listen(executor, running)
            waiting.extend(state for state in ended if state.state == "waiting")
            now = time.monotonic()
            for number, state in running.items():
                if now > state.deadline and not state.late:
                    state.late = self._lateness(state)
                    executor.kill(number)
            self._tell()
            yield from (state for state in ended if state.state in ("done", "failed"))
            if self.stopping:
                return  # those at work are asked to save next

    def _listen(self, executor: Executor, running: dict[int, State]) -> list[State]:
        """Hear what workers say; gives those whose task has ended."""
        ended = []
        for number, facts in executor.listen(0.1):
            if number in running:
                self._hear(running[number], facts)
                if "kind" in facts:
                    ended.append(running.pop(number))
        return ended

    def _start(self, executor: Executor, key: int, state: State) -> bool:
        """Hand a job to a worker; False where that cannot be, because the disk is full."""
        try:
            make_folder(state.folder.path)
            if not (state.folder / "job.json").exists():
                write_atomically(state.folder / "job.json", json.dumps({"digest": state.job.digest, "name": state.job.name}) + "\n")
            if state.job.begin is not None and not (state.folder / "recipe.toml").exists():
                state.job.begin(state.folder)
        except CreativityError as error:
            if not is_full(error):
                raise
            self.full, self.stopping = str(error), True
            return False
        executor.start(self._task(key, "run", state.job.entry, str(state.folder.path)))
        state.state, state.facts, state.begun, state.late = "running", {}, math.inf, ""
        state.deadline = time.monotonic() + SETUP
        return True

    def _task(self, key: int, what: str, entry: Entry, folder: str, others: Sequence[str] = ()) -> Facts:
        task = {"key": key, "what": what, "folder": folder, "entry": asdict(entry), "plugins": list(self.plugins)}
        return {**task, "threads": self.threads, "others": list(others)}

    def _hear(self, state: State, facts: Facts) -> None:
        kind, now = facts.get("kind"), time.monotonic()
        if kind is None:
            state.facts = facts
            state.begun = min(state.begun, now)
            state.deadline = now + max(SILENCE, FACTOR * (facts.get("remaining") or 0.0))
            if self.timeout is not None:
                state.deadline = min(state.deadline, state.begun + self.timeout)
        elif kind == "done":
            state.state, state.facts = "done", facts
        elif kind == "stopped":
            state.state = "waiting"
        elif kind == "full":
            state.state = "waiting"
            self.full, self.stopping = facts["reason"], True
        elif kind == "died" and not state.late:
            state.attempts += 1
            state.state = "waiting"
            if state.attempts > RETRIES and not self.stopping:
                times = f"{state.attempts} times: " if state.attempts > 1 else ""
                state.state, state.reason = "failed", times + facts["reason"]
        else:
            state.state, state.reason = "failed", state.late or facts["reason"]

    def _lateness(self, state: State) -> str:
        if self.timeout is not None and time.monotonic() >= state.begun + self.timeout:
            return f"it took longer than {duration(self.timeout)} (--timeout)"
        return f"it took no step for {duration(SILENCE if math.isfinite(state.begun) else SETUP)} or more, and was ended"

    def _end(self, executor: Executor, running: dict[int, State]) -> None:
        """Ask those that are at work to save, and wait for them, but not for ever."""
        if not running:
            return
        executor.stop()
        until = time.monotonic() + GRACE
        while running and time.monotonic() < until:
            self._listen(executor, running)
            self._tell()
        for state in running.values():
            state.state = "waiting"
        running.clear()

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()

    # -- before it begins

    def checks(self) -> list[tuple[State, list[str]]]:
        """Of all that is not begun one job for each thing that is asked for, whatever its picture and seed, and other pictures."""
        alike: dict[str, list[State]] = {}
        for state in self.of("waiting"):
            if state.job.begin is None and not (state.folder / "recipe.toml").exists():
                how = {name: value for name, value in state.job.entry.how.items() if name != "seed"}
                alike.setdefault(json.dumps([how, bool(state.job.entry.prompts)], sort_keys=True), []).append(state)
        groups = list(alike.values())
        few = groups[:: -(-len(groups) // MAX_CHECKS)] if groups else []
        return [(group[0], list(dict.fromkeys(state.job.entry.target for state in group))[1 : 1 + OTHERS]) for group in few]

    def _check(self, executor: Executor) -> None:
        """Let the workers see whether what is asked for can be, before the first search. Raises CreativityError where it cannot."""
        for state, facts in self._asked(executor, "check", self.checks()):
            if facts["kind"] == "failed":
                raise CreativityError(f"{state.job.name}: {facts['reason']}")

    def foresee(self, executor: Executor) -> dict[str, Facts]:
        """By the name of a job that stands for others: about how many seconds it takes, and how many bytes it leaves."""
        with contextlib.closing(executor):
            found = {}
            for state, facts in self._asked(executor, "foresee", self.checks()):
                if facts["kind"] == "failed":
                    raise CreativityError(f"{state.job.name}: {facts['reason']}")
                if facts["kind"] == "done":
                    found[state.job.name] = facts
            if self.stopping:
                raise Interrupted
            return found

    def _asked(self, executor: Executor, what: str, of: Sequence[tuple[State, list[str]]]) -> Iterator[tuple[State, Facts]]:
        asked, waiting = dict[int, State](), deque(enumerate(of))
        since: dict[int, float] = {}
        while (waiting or asked) and not self.stopping:
            while waiting and executor.free() > 0:
                number, (state, others) = waiting.popleft()
                executor.start(self._task(-1 - number, what, state.job.entry, "", others))
                asked[-1 - number], since[-1 - number] = state, time.monotonic()
            for key, facts in executor.listen(0.1):
                if key in asked and "kind" in facts:
                    yield asked.pop(key), facts
            for key in asked:
                if time.monotonic() - since[key] > SILENCE:  # what hangs here will do so in its job, and fail alone
                    since[key] = math.inf
                    executor.kill(key)

    def found(self, jobs: Sequence[Job]) -> list[State]:
        """Where each job lives: in the folder that has its digest, else in a new one of its name."""
        there: dict[str, Path] = {}
        taken: set[str] = set()
        for place in _job_folders(self.folder.path):
            taken.add(str(place.relative_to(self.folder.path)).replace(os.sep, "/").lower())
            broken = contextlib.suppress(CreativityError, AttributeError, TypeError)
            with broken, open_source(place / "job.json", "job", 100_000) as file:
                there.setdefault(parse_json(file.read(), "job.json").get("digest"), place)
        states = []
        for job in jobs:
            folder = RunFolder(there[job.digest] if job.digest in there else self.folder / unused(job.name, taken))
            state = State(job, folder)
            if job.digest in there and folder.done:
                state.state, state.before, state.facts = "done", True, {"kind": "done", **results_of(folder)}
            states.append(state)
        return states

    # -- what is left of it

    def name_of(self, state: State) -> str:
        """What a job is called: the name of its folder, which it keeps."""
        return str(state.folder.path.relative_to(self.folder.path))

    def repeat(self, state: State) -> str:
        import shlex

        return f"{self.again} --only {shlex.quote(state.job.name)}"

    def summary(self) -> list[Facts]:
        """Of every job its name, folder, state, seed, loss and seconds, and why it has failed."""
        rows = []
        for state in self.states:
            facts = {key: state.facts.get(key) for key in ("loss", "steps", "seconds")} if state.state == "done" else {}
            row = {"name": state.job.name, "folder": str(state.folder.path), "state": state.state, "seed": state.job.entry.how.get("seed")}
            row |= {"reason": state.reason, "again": self.repeat(state)} if state.state == "failed" else {}
            rows.append({key: value for key, value in {**row, **facts}.items() if value is not None})
        return rows

    def save(self) -> None:
        if not self.whole:
            return
        data = {"format": FORMAT, "schema": SCHEMA, "command": self.again, "jobs": self.summary()}
        write_atomically(self.folder / "batch.json", json.dumps(data, indent=1) + "\n")

    def sheet(self) -> Path | None:
        """The contact sheet of what is done; of more than a hundred, the best."""
        if not self.whole:
            return None
        done = self.of("done")
        if len(done) > ON_A_SHEET:
            best = {id(state) for state in sorted(done, key=_loss)[:ON_A_SHEET]}
            done = [state for state in done if id(state) in best]
        pictures, captions = [], []
        for state in done:
            with contextlib.suppress(CreativityError):  # a preview that somebody removed
                pictures.append(images.open_picture(state.folder / "preview.png"))
                captions.append(f"{self.name_of(state)}: {_loss(state):.5f}" if math.isfinite(_loss(state)) else self.name_of(state))
        return save_sheet(self.folder / "sheet.png", pictures, captions) if pictures else None


def _loss(state: State) -> float:
    loss = state.facts.get("loss")
    return math.inf if loss is None else float(loss)


def results_of(folder: RunFolder) -> Facts:
    """The figures of a finished run: loss, steps, seconds; empty where they cannot be read."""
    try:
        facts = json.loads((folder / "artwork.json").read_bytes())
        results, seconds = facts["results"], facts.get("volatile", {}).get("seconds")
        loss = results.get("loss")
    except (OSError, ValueError, KeyError, AttributeError):
        return {}
    return {"loss": loss if isinstance(loss, float) and math.isfinite(loss) else None, "steps": results.get("steps"), "seconds": seconds}


def _job_folders(folder: Path) -> Iterator[Path]:
    """Those with a ``job.json``, at any depth; nothing below one is looked at."""
    try:
        with os.scandir(folder) as entries:
            inside = sorted((entry for entry in entries), key=lambda entry: entry.name)
    except OSError:
        return
    if any(entry.name == "job.json" for entry in inside):
        yield folder
        return
    for entry in inside:
        if entry.is_dir(follow_symlinks=False):
            yield from _job_folders(Path(entry.path))
