"""Opening a file that the user named: every way in which that fails, said in one line."""

from __future__ import annotations

import difflib
import itertools
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from creativity.errors import CreativityError


def open_source(path: str | os.PathLike[str], what: str, limit: int) -> BinaryIO:
    """The file, open for reading from its first byte.

    ``what`` names the thing that is expected ("picture", "SVG"); ``limit`` is the most bytes it may hold.
    Raises CreativityError for a file that is missing (with the nearest name in its folder), a folder or a device,
    empty, too large, or not permitted.
    """
    name = shown(path)
    try:
        # Without O_NONBLOCK the open of a named pipe waits for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError):
        raise CreativityError(f"the {what} {name} does not exist{_instead(Path(os.fsdecode(path)))}") from None
    except PermissionError:
        # Windows reports a folder in this way.
        if Path(os.fsdecode(path)).is_dir():
            raise CreativityError(f"the {what} {name} is a folder; name one file in it") from None
        raise CreativityError(f"may not read the {what} {name}: permission denied; change its permissions") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise CreativityError(f"cannot open the {what} {name}: {reason.lower()}") from None
    file = os.fdopen(handle, "rb") if not stat.S_ISDIR(os.fstat(handle).st_mode) else None
    if file is None:
        os.close(handle)
        raise CreativityError(f"the {what} {name} is a folder; name one file in it")
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise CreativityError(f"the {what} {name} is a pipe or a device; an ordinary file is expected")
        if facts.st_size == 0:
            raise CreativityError(f"the {what} {name} is empty (0 bytes)")
        if facts.st_size > limit:
            raise CreativityError(f"the {what} {name} has {facts.st_size / 1e6:.1f} MB; at most {limit / 1e6:.0f} MB are read")
    except BaseException:
        file.close()
        raise
    return file


def shown(path: str | os.PathLike[str]) -> str:
    """A name as it stands in a message: quoted, on one line, whatever bytes it holds."""
    name = os.fsdecode(path)
    return repr(name if len(name) <= 300 else f"{name[:300]}...")


def stem_of(path: str | os.PathLike[str]) -> str:
    """What new files are named after: at most 160 bytes, and no dash at its front, which would make it an option."""
    return os.fsencode(Path(path).stem)[:160].decode(sys.getfilesystemencoding(), "ignore").lstrip("-") or "picture"


def name_of(path: str | os.PathLike[str]) -> str:
    """A file's name as text that a recipe can hold, whatever bytes it is made of."""
    return os.fsencode(Path(path).name).decode(errors="replace")


def _instead(path: Path) -> str:
    folder = path.parent
    try:
        if not folder.is_dir():
            return f": there is no folder {shown(folder)}"
        with os.scandir(folder) as entries:
            # A folder may hold millions of names; the first thousands are help enough.
            names = {entry.name.casefold(): entry.name for entry in itertools.islice(entries, 5000)}
    except (OSError, ValueError):
        return ""
    close = difflib.get_close_matches(path.name.casefold(), names, n=1, cutoff=0.6)
    return f"; did you mean {shown(folder / names[close[0]])}?" if close else ""
