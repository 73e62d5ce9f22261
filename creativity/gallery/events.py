"""What people say of artworks: stars, tags, boards, trash, and which they like better. Added line by line, never changed.

``ROOT/events.jsonl`` is the truth about it, as run folders are about the artworks; what holds now follows from the lines in their order.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from creativity import files
from creativity.errors import CreativityError

NAME = "events.jsonl"
LOCK = ".creativity-events.lock"
PATIENCE = 10.0  # seconds that a process waits for another that is writing a line
LONGEST = 200_000  # bytes of a line


def record(root: Path, kind: str, **facts: Any) -> None:
    """Add an event, with the time and the user. ``of``, where it is there, names artworks by their paths under ``root``.

    A line that a killed process left unfinished is cut off. Raises CreativityError when it cannot be written.
    """
    from filelock import FileLock, Timeout

    event = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "user": _user(), "kind": kind, **facts}
    line = (json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n").encode()
    if len(line) > LONGEST:
        raise CreativityError(f"an event of {len(line):,} bytes is too long; at most {LONGEST:,} are kept")
    path = root / NAME
    try:
        with FileLock(root / LOCK, timeout=PATIENCE):
            files.append(path, _whole(path), line)
    except Timeout:
        raise CreativityError(f"cannot write {path}: another process has held it for {PATIENCE:.0f} s") from None
    except OSError as error:
        raise CreativityError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error


def since(root: Path, offset: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """The events from a byte on, each with the byte after it. Lines that are no events are passed over."""
    try:
        with open(root / NAME, "rb") as file:
            file.seek(offset)
            while (line := file.readline(LONGEST)) and line.endswith(b"\n"):
                offset += len(line)
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if isinstance(event, dict) and isinstance(event.get("kind"), str):
                    yield offset, event
    except FileNotFoundError:
        return


def _whole(path: Path) -> int:
    """How many bytes of the file are whole lines."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            start = max(0, size - LONGEST)
            file.seek(start)
            return start + file.read().rfind(b"\n") + 1
    except FileNotFoundError:
        return 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container has users without names
        return ""
