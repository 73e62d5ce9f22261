"""What people said of artworks: one line of JSON each, with user and time, in a file that only grows. It is the truth about
stars, tags, boards, trash and ratings; the index only remembers what it adds up to."""

from __future__ import annotations

import getpass
import json
import os
import time
from pathlib import Path
from typing import Any

from creativity.errors import CreativityError

NAME = "gallery.jsonl"
"""Under the root, beside the runs: it goes where they go."""
KINDS = ("star", "tag", "board", "trash", "pair", "pick")
MOST = 2**30


def append(root: Path, kind: str, **what: Any) -> None:
    """Write an event down. A line that a killed process left half written is ended first.

    Raises CreativityError where the file cannot be written.
    """
    assert kind in KINDS
    line = json.dumps({"event": kind, **what, "user": user(), "time": time.strftime("%Y-%m-%dT%H:%M:%S%z")}) + "\n"
    try:
        with open(root / NAME, "a+b", buffering=0) as file:
            if file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                line = "\n" + line
            file.write(line.encode())  # in one piece: two galleries over one folder do not mix their lines
            os.fsync(file.fileno())
    except OSError as error:
        raise CreativityError(f"cannot write {root / NAME}: {(error.strerror or str(error)).lower()}") from error


def read(root: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The events from a place in the file on, and the place after the last whole line. Damaged lines are passed over."""
    try:
        with open(root / NAME, "rb") as file:
            file.seek(offset)
            content = file.read(MOST)
    except OSError:
        return [], 0
    content = content[: content.rfind(b"\n") + 1]
    events = []
    for line in content.splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and event.get("event") in KINDS:
            events.append(event)
    return events, offset + len(content)


def user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
