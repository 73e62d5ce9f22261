"""Who does a batch's tasks: the protocol, and worker processes on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import creativity
from creativity.errors import CreativityError, nearest, one_line
from creativity.files import make_folder

if TYPE_CHECKING:
    from creativity.batches.batch import Batch

Facts = dict[str, Any]
LAST_WORDS = 2000


class Executor(Protocol):
    """Does tasks side by side. What ``listen`` gives are pairs (key of the task, facts): what a worker tells of how far it is
    has no ``kind``; the last of a task has one, as ``work`` returns it, or "died" with a ``reason`` where its process has ended."""

    def free(self) -> int:
        """How many tasks can be started now."""
        ...

    def start(self, task: Facts) -> None: ...

    def listen(self, seconds: float) -> list[tuple[int, Facts]]:
        """What there is to hear; waits for it, but not longer than this."""
        ...

    def stop(self) -> None:
        """Ask all to save and end what they do; each task answers."""
        ...

    def kill(self, key: int) -> None:
        """End the process that does a task, which then has "died"."""
        ...

    def close(self) -> None:
        """End all of them, now."""
        ...


def open_executor(
    batch: Batch, base: Path, log: Path, on: str = "local", address: str | None = None, workers: int | None = None
) -> Executor:
    """Who does a batch: ``workers`` processes on this machine, or a Ray cluster. All threads together are no more than cores.

    Workers begin in the folder ``base``. Raises CreativityError for another name than "local" and "ray".
    """
    if on not in ("local", "ray"):
        raise CreativityError(f"a batch cannot be done on {on!r}; {nearest(on, ('local', 'ray'))}")
    if address is not None and on != "ray":
        raise CreativityError("an address is that of a Ray cluster: say --on ray too")
    own = [state.job.entry.how["threads"] for state in batch.states if isinstance(state.job.entry.how.get("threads"), int)]
    each = max(1, *own, 1)
    if on == "ray":
        from creativity.batches.cluster import Cluster

        batch.threads = each
        return Cluster(address, each, workers, batch)
    count = workers or max(1, min(cores() // each, len(batch.of("waiting"))))
    batch.threads = max(1, cores() // count)
    make_folder(log.parent)
    return Processes(count, batch.threads, base, log)


def cores() -> int:
    """Of this machine, those that this process may use."""
    try:
        number = len(os.sched_getaffinity(0))
    except AttributeError:  # neither macOS nor Windows has it
        number = os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        number = min(number, max(1, int(quota) // int(period)))  # a container's limit; "max" is none
    return number


@dataclass
class _Worker:
    process: subprocess.Popen[str]
    key: int | None = None  # of the task that it does
    ready: bool = False


class Processes:
    """Workers on this machine: processes of their own (spawned, never forked), each with its share of threads, warm between tasks.

    They begin in ``folder`` and write what they say to ``log``.
    """

    def __init__(self, count: int, threads: int, folder: Path, log: Path):
        self.count, self.threads, self.folder, self.log = count, threads, folder, log
        self.workers: list[_Worker] = []
        self.heard: queue.Queue[tuple[_Worker, Facts | None]] = queue.Queue()
        self.closing = False

    def free(self) -> int:
        return self.count - sum(worker.key is not None for worker in self.workers)

    def start(self, task: Facts) -> None:
        worker = next((worker for worker in self.workers if worker.key is None and worker.process.poll() is None), None) or self._spawn()
        worker.key = task["key"]
        self._send(worker, task)

    def listen(self, seconds: float) -> list[tuple[int, Facts]]:
        heard: list[tuple[int, Facts]] = []
        wait: float | None = seconds
        while True:
            try:
                worker, facts = self.heard.get(timeout=wait) if wait else self.heard.get_nowait()
            except queue.Empty:
                return heard
            wait = None
            if facts is None:
                facts = self._ended(worker)
            elif facts.get("kind") == "ready":
                worker.ready = True
                continue
            if facts is not None and worker.key is not None:
                key = worker.key
                if "kind" in facts:
                    worker.key = None
                heard.append((key, facts))

    def stop(self) -> None:
        for worker in self.workers:
            self._send(worker, "stop")

    def kill(self, key: int) -> None:
        for worker in self.workers:
            if worker.key == key:
                worker.process.kill()

    def close(self) -> None:
        self.closing = True
        for worker in self.workers:
            with contextlib.suppress(OSError):
                worker.process.kill()
        for worker in self.workers:
            worker.process.wait()
            for pipe in (worker.process.stdin, worker.process.stdout):
                with contextlib.suppress(OSError):
                    assert pipe is not None
                    pipe.close()
        self.workers.clear()

    # -- one worker

    def _spawn(self) -> _Worker:
        here = str(Path(creativity.__file__).parents[1])
        share = {f"{library}_NUM_THREADS": str(self.threads) for library in ("OMP", "MKL", "OPENBLAS")}
        paths = [here, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        environment = {**os.environ, **share, "PYTHONPATH": os.pathsep.join(paths)}
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "creativity.batches.worker", str(self.threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.folder,
                env=environment,
                encoding="utf-8",
                **_apart(),
            )
        worker = _Worker(process)
        self.workers.append(worker)
        threading.Thread(target=self._hear, args=(worker,), daemon=True).start()
        return worker

    def _hear(self, worker: _Worker) -> None:
        assert worker.process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            for line in worker.process.stdout:
                self.heard.put((worker, json.loads(line)))
        self.heard.put((worker, None))

    def _send(self, worker: _Worker, order: Any) -> None:
        assert worker.process.stdin is not None
        with contextlib.suppress(OSError):  # that it has died is heard of in its turn
            worker.process.stdin.write(json.dumps(order) + "\n")
            worker.process.stdin.flush()

    def _ended(self, worker: _Worker) -> Facts | None:
        if worker in self.workers:
            self.workers.remove(worker)
        try:
            status = worker.process.wait(5)
        except subprocess.TimeoutExpired:  # what it says cannot be read any more
            worker.process.kill()
            status = worker.process.wait()
        if self.closing:
            return None
        if not worker.ready and status >= 0:  # not one task can be at fault, and none would fare better
            raise CreativityError(f"a worker cannot start: {self._last_words()}")
        return {"kind": "died", "reason": f"its process died ({ended_by(status)}); its last words may be in {self.log}"}

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            text = self.log.read_bytes()[-LAST_WORDS:].decode(errors="replace").strip()
            return one_line(text.splitlines()[-1]) if text else f"it says nothing in {self.log}"
        return "its log cannot be read"


def ended_by(status: int) -> str:
    """``SIGKILL``, or ``status 3``."""
    if status >= 0:
        return f"status {status}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"


def _apart() -> dict[str, Any]:
    """Ctrl-C in a terminal reaches the one who sits there, who then asks the workers to save."""
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}
