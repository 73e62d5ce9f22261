"""Runs as they go: started as child processes that outlive the gallery, watched, paused, stopped and gone on with.

What is known of a run that was started here lies in files: the gallery may be killed and started anew, and finds them.
A signal is sent only to a process whose command line says that it is the child of that very folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from creativity.errors import CreativityError
from creativity.files import make_folder, numbered, write_atomically
from creativity.gallery.child import ASKED, PROGRESS
from creativity.gallery.index import STATE, Index
from creativity.gallery.media import picture_in, within
from creativity.gallery.reading import key_of
from creativity.recipe import parse_json

LOG = "gallery.log"
LINGER = 24 * 3600.0
"""Seconds after which a run that has ended is no news."""
CAN = {"running": ("pause", "stop"), "paused": ("resume", "stop"), "starting": ("stop",), "stopped": ("resume",)}
"""What can be done with a run, by its state."""


@dataclass(frozen=True)
class Live:
    """A run that was started here. ``state``: starting, running, paused, stopped, done, failed; ``stamp`` is of its picture."""

    key: str
    path: str
    title: str
    state: str
    words: str
    step: int
    horizon: int
    stamp: str
    can: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "href": f"/artwork/{self.key}", "picture": f"/runs/{self.key}/now.webp?{self.stamp}" if self.stamp else ""}


class Runs:
    """The runs under ``root`` that were started here."""

    def __init__(self, root: Path, index: Index) -> None:
        self.root, self.index = root, index
        self._notes = root / STATE / "live"
        self._known: set[tuple[str, bool]] = set()
        self._lock = threading.Lock()

    # -- starting

    def folder(self, name: str) -> Path:
        """A new folder for a run, made."""
        stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "run"
        with self._lock:
            return make_folder(numbered(self.root / stem))

    def start(self, folder: Path, title: str, asked: dict[str, Any]) -> str:
        """Begin what is asked in a folder that holds what it needs; returns the run's key."""
        write_atomically(folder / ASKED, json.dumps(asked))
        return self._spawn(folder, title)

    def _spawn(self, folder: Path, title: str) -> str:
        command = [sys.executable, "-m", "creativity.gallery.child", str(folder.absolute())]
        with open(folder / LOG, "ab") as log:
            # In a session of its own: Ctrl-C in the gallery's terminal is not for it.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        threading.Thread(target=process.wait, daemon=True).start()  # so that no dead process is left in the table
        path = str(folder.relative_to(self.root))
        key = key_of(path)
        make_folder(self._notes)
        write_atomically(self._notes / f"{key}.json", json.dumps({"path": path, "pid": process.pid, "title": title}))
        return key

    # -- steering

    def do(self, key: str, what: str) -> None:
        """pause, resume or stop. Raises CreativityError where that cannot be."""
        note = self._note(key)
        if note is None and what == "resume" and (entry := self.index.get(key)) is not None and entry.state == "stopped":
            self._spawn(self.root / entry.path, entry.title)  # one that a terminal began
            return
        live = self._look(key, note) if note else None
        if note is None or live is None or what not in live.can:
            state = live.state if live else "not started here"
            raise CreativityError(f"this run cannot {what}: it is {state}")
        folder, pid = self.root / note["path"], int(note["pid"])
        if what == "resume" and live.state == "stopped":
            self._spawn(folder, note["title"])
        elif what == "pause":
            os.kill(pid, signal.SIGSTOP)
        elif what == "resume":
            os.kill(pid, signal.SIGCONT)
        else:
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGCONT)  # who is paused hears it too

    # -- watching

    def all(self) -> list[Live]:
        """What is going on, the latest first, and what has ended lately."""
        found = []
        for file in sorted(self._notes.glob("*.json"), key=_modified, reverse=True):
            note = self._note(file.stem)
            if note is None or (live := self._look(file.stem, note)) is None:
                continue
            if live.state in ("done", "failed") and time.time() - _modified(self.root / note["path"] / PROGRESS) > LINGER:
                file.unlink(missing_ok=True)
                continue
            found.append(live)
        return found

    def get(self, key: str) -> Live | None:
        note = self._note(key)
        return self._look(key, note) if note else None

    def picture(self, key: str) -> Path | None:
        """What a run shows now: what it has found, or what it was given."""
        note = self._note(key)
        if note is None:
            return None
        folder = self.root / note["path"]
        return picture_in(self.root, folder) or next((file for name in ("given.png",) if (file := within(self.root, folder / name))), None)

    def _note(self, key: str) -> dict[str, Any] | None:
        if not re.fullmatch(r"[0-9a-f]{16}", key):
            return None
        try:
            note = parse_json((self._notes / f"{key}.json").read_bytes(), "note")
            path, pid, title = note["path"], note["pid"], note["title"]
        except (OSError, CreativityError, KeyError, TypeError):
            return None
        ours = isinstance(path, str) and isinstance(pid, int) and isinstance(title, str) and key_of(path) == key and pid > 1
        return note if ours and (self.root / path).resolve().is_relative_to(self.root.resolve()) else None

    def _look(self, key: str, note: dict[str, Any]) -> Live | None:
        folder = self.root / note["path"]
        if not folder.is_dir():
            return None
        said: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            said = json.loads((folder / PROGRESS).read_bytes())
        begun, done = (folder / "recipe.toml").exists(), (folder / "DONE").exists()
        ours = said.get("pid") == note["pid"]
        state, words = _state(int(note["pid"]), folder), str(said.get("words", "")) if ours else ""
        if state == "running" and not (ours and said.get("step") is not None):
            state = "starting"
        elif state == "gone":
            failed = ours and said.get("kind") == "failed"
            state = "done" if done else "failed" if failed or not begun else "stopped"
            if state == "failed" and not failed:
                words = _last_line(folder / LOG) or "its process ended before it began"
            elif state == "stopped" and (not ours or said.get("kind") != "stopped"):
                words = "its process has ended; it goes on from its last checkpoint"
        if begun and (key, done) not in self._known:  # at once, not when the folders are read again
            self.index.add(folder)
            self._known.add((key, done))
        picture = self.picture(key)
        stamp = f"{picture.stat().st_mtime_ns:x}" if picture else ""
        step, horizon = (int(said.get(name) or 0) if ours else 0 for name in ("step", "horizon"))
        return Live(key, note["path"], note["title"], state, words or state, step, horizon, stamp, CAN.get(state, ()))


def _state(pid: int, folder: Path) -> str:
    """running, paused or gone: of the process, if it is that of the folder."""
    command, letter = _process(pid)
    words = command.split("\0") if "\0" in command else command.split(" ")
    if "creativity.gallery.child" not in words or str(folder.absolute()) not in command or letter in ("Z", "X"):
        return "gone"
    return "paused" if letter == "T" else "running"


def _process(pid: int) -> tuple[str, str]:
    """The command line of a process and its state's letter; both empty where there is none."""
    if os.path.isdir("/proc/self"):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            return command, Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
        except (OSError, IndexError):
            return "", ""
    done = subprocess.run(["ps", "-ww", "-o", "state=,command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    letter, _, command = done.stdout.strip().partition(" ")
    return command.strip(), letter[:1]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")
