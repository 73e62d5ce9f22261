"""A batch on a Ray cluster. Where a machine sees the batch's folder its runs live there; where it does not, they live in a scratch
folder of its own, and their files travel.

Ray itself retries nothing: a task whose machine has died is the batch's to begin again, from the last checkpoint that it can see.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from creativity.batches.executors import Facts
from creativity.errors import CreativityError, one_line
from creativity.files import RunFolder, is_full, make_folder, write_atomically

if TYPE_CHECKING:
    from creativity.batches.batch import Batch

ANSWER = 10.0
"""Seconds that a machine waits for an answer of the one that planned the batch."""
TRANSIENT = ("lock", "owner.json")
"""Files of a run folder that belong to a process."""


class Cluster:
    """Tasks on a Ray cluster, one for each ``threads`` of its cores, or ``workers`` at most."""

    def __init__(self, address: str | None, threads: int, workers: int | None, batch: Batch):
        try:
            import ray
        except ImportError:
            raise CreativityError(
                'a batch on a Ray cluster needs the extra cluster: pip install "creativity-toolkit[cluster]"; '
                "without it the batch is done on this machine (--on local)"
            ) from None
        self.ray, self.threads, self.batch = ray, threads, batch
        self.asked = workers
        self.ours = not ray.is_initialized()
        where = address or os.environ.get("RAY_ADDRESS") or "auto"
        if self.ours:
            try:
                ray.init(address=where, log_to_driver=False, logging_level="ERROR")
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise CreativityError(
                    f"no Ray cluster answers at {where} ({one_line(error)[:200]}); start one with: ray start --head"
                ) from None
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self.board = ray.remote(Board).options(num_cpus=0, scheduling_strategy=here).remote()
        self.task = ray.remote(there).options(num_cpus=threads, max_retries=0)
        self.keys: dict[Any, int] = {}  # by the reference of what comes back
        self.folders: dict[int, Path] = {}
        self.put: dict[str, Any] = {}

    @property
    def count(self) -> int:
        return self.asked or max(1, int(self.ray.cluster_resources().get("CPU", 1)) // self.threads)

    def free(self) -> int:
        return self.count - len(self.keys)

    def start(self, task: Facts) -> None:
        entry, folder = task["entry"], Path(task["folder"])
        named = [entry["target"], *task["plugins"], *(entry["how"].get(name) for name in ("focus", "start"))]
        files = {path: self._put(path) for path in named if isinstance(path, str) and os.path.isabs(path) and os.path.isfile(path)}
        begun = {}
        if task["folder"]:
            self.folders[task["key"]] = folder
            begun = {"job.json": (folder / "job.json").read_bytes()}
            if (folder / "recipe.toml").exists():
                begun = files_of(folder)
        self.keys[self.task.remote(task, files, [self.ray.put(begun)], self.board)] = task["key"]

    def listen(self, seconds: float) -> list[tuple[int, Facts]]:
        ray = self.ray
        if self.keys:
            ray.wait([*self.keys], num_returns=1, timeout=seconds)
        heard: list[tuple[int, Facts]] = []
        with contextlib.suppress(ray.exceptions.RayError):
            heard = [(key, facts) for key, facts in ray.get(self.board.take.remote(), timeout=ANSWER) if key in self.keys.values()]
        ended, _ = ray.wait([*self.keys], num_returns=len(self.keys), timeout=0) if self.keys else ([], [])
        for reference in ended:
            key = self.keys.pop(reference)
            folder = self.folders.pop(key, None)
            try:
                facts, files = ray.get(reference)
                if files and folder is not None:
                    write_files(folder, files)
            except CreativityError as error:  # of writing here
                facts = {"kind": "full" if is_full(error) else "failed", "reason": one_line(error)}
            except ray.exceptions.RayTaskError as error:  # of what surrounds the work
                facts = {"kind": "failed", "reason": one_line(error.cause)}
            except ray.exceptions.RayError as error:
                facts = {"kind": "died", "reason": f"its machine or process died ({type(error).__name__})"}
            heard.append((key, facts))
        return heard

    def stop(self) -> None:
        self.board.stop.remote()

    def kill(self, key: int) -> None:
        for reference, number in self.keys.items():
            if number == key:
                self.ray.cancel(reference, force=True)

    def close(self) -> None:
        for reference in self.keys:
            with contextlib.suppress(self.ray.exceptions.RayError):
                self.ray.cancel(reference, force=True)
        self.keys.clear()
        with contextlib.suppress(self.ray.exceptions.RayError):
            self.ray.kill(self.board)
        if self.ours:
            self.ray.shutdown()

    def _put(self, path: str) -> Any:
        if path not in self.put:
            self.put[path] = self.ray.put(Path(path).read_bytes())
        return self.put[path]


class Board:
    """Where machines tell how far they are, and are told to stop."""

    def __init__(self) -> None:
        self.told: list[tuple[int, Facts]] = []
        self.stopping = False

    def tell(self, key: int, facts: Facts) -> bool:
        self.told.append((key, facts))
        return self.stopping

    def take(self) -> list[tuple[int, Facts]]:
        told, self.told = self.told, []
        return told

    def stop(self) -> None:
        self.stopping = True


def there(data: Facts, files: dict[str, Any], begun: list[Any], board: Any) -> tuple[Facts, dict[str, bytes]]:
    """A task on some machine of the cluster: what comes of it, and, where the batch's folder cannot be seen, its files."""
    import ray
    import torch

    from creativity.batches.work import read_task, work
    from creativity.renderers import raster

    task = read_task(data)
    torch.set_num_threads(task.threads)
    raster.prepare()
    held: list[Any] = [None]

    def hold(run: Any) -> None:
        held[0] = run

    def tell(facts: Facts) -> None:
        with contextlib.suppress(ray.exceptions.RayError):
            if ray.get(board.tell.remote(task.key, facts), timeout=ANSWER) and held[0] is not None:
                held[0].stop()

    folder, scratch = Path(task.folder), Path(tempfile.mkdtemp(prefix="creativity-"))
    shared = not task.folder or (folder / "job.json").is_file()
    try:
        if not shared:
            make_folder(scratch / "run")
            write_files(scratch / "run", ray.get(begun[0]))
        places = {path: path if os.path.isfile(path) else _local(scratch, number, path, files) for number, path in enumerate(files)}
        how = {name: places.get(value, value) if isinstance(value, str) else value for name, value in task.entry.how.items()}
        entry = replace(task.entry, target=places.get(task.entry.target, task.entry.target), how=how)
        plugins = tuple(places.get(path, path) for path in task.plugins)
        task = replace(task, entry=entry, plugins=plugins, folder=task.folder if shared else str(scratch / "run"))
        facts = work(task, tell, hold)
        back = {} if shared or facts["kind"] == "failed" else files_of(scratch / "run")
        if facts["kind"] in ("failed", "full"):
            facts["reason"] = f"{facts['reason']} (on {socket.gethostname()})" if not shared else facts["reason"]
        sys.stdout.flush()
        return facts, back
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _local(scratch: Path, number: int, path: str, files: dict[str, Any]) -> str:
    """A file that this machine has not, under its own name: a recipe notes that."""
    import ray

    make_folder(scratch / str(number))
    return str(write_atomically(scratch / str(number) / Path(path).name, ray.get(files[path])))


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a run folder by their names."""
    if not folder.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file() and path.name not in TRANSIENT}


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Write a run folder's files; what says that it is a run, or done, comes last. Raises CreativityError where that fails."""
    last = ("recipe.toml", "DONE")
    with RunFolder(folder).locked():
        for name in sorted(files, key=lambda name: (name in last, name == "DONE")):
            if Path(name).name == name:
                write_atomically(folder / name, files[name])
