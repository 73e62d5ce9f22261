"""Files that survive: atomic writes, digests, and the run folder with its lock.

Whatever is written appears whole or not at all: temporary name, flush to disk, rename.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Container, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from creativity.errors import CreativityError

TEMPORARY = ".creativity-tmp-"


class InUse(CreativityError):
    """A folder is held by another process."""


def digest_bytes(content: bytes) -> str:
    """sha256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, says that there is no room on a disk."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False


def write_atomically(path: str | Path, content: bytes | str) -> Path:
    """Write a file so that a reader, or a killed process, finds the old content or the new, never a part.

    Raises CreativityError naming the path when the folder is missing, read-only or full; the old file is intact.
    """
    path = Path(path)
    place = Path(os.path.realpath(path))  # a link stays a link, what it names is replaced
    data = content.encode() if isinstance(content, str) else content
    temporary = _temporary(place.parent)
    try:
        try:
            with open(temporary, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, place)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise CreativityError(f"cannot write {path}: {_reason(error)}") from error
    _sync_folder(place.parent)
    return path


def append(path: Path, length: int, content: bytes) -> int:
    """Append to a file that has ``length`` bytes; more, from a process that was killed, are cut off. Returns the new length.

    Raises CreativityError naming the path when it cannot be written.
    """
    try:
        with open(path, "ab") as file:
            file.truncate(min(length, file.seek(0, os.SEEK_END)))
            file.seek(0, os.SEEK_END)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()
    except OSError as error:
        raise CreativityError(f"cannot write {path}: {_reason(error)}") from error


def write_numbered(path: Path, content: bytes) -> Path:
    """Write under the path's name, or with -2, -3 ... before its suffix: nothing that exists is replaced.

    Two processes that ask for one name at the same time get two. Returns the path that was written.
    """
    temporary = write_atomically(_temporary(path.parent), content)
    try:
        while True:
            candidate = numbered(path)
            with contextlib.suppress(FileExistsError):
                os.link(temporary, candidate)
                return candidate
    except OSError as error:
        raise CreativityError(f"cannot write {path}: {_reason(error)}") from error
    finally:
        temporary.unlink()


def _temporary(folder: Path) -> Path:
    return folder / f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}"


def unwritable(folder: Path) -> str | None:
    """Why no file can be made in a folder, found by making one; None when it can."""
    probe = _temporary(folder)
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        return _reason(error)
    return None


def make_folder(path: str | Path) -> Path:
    """The folder, made with its parents where it is missing. Raises CreativityError where that fails."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CreativityError(f"cannot make the folder {path}: {_reason(error)}") from error
    return path


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _sync_folder(folder: Path) -> None:
    # The rename itself must reach the disk too; not every system lets one open a folder.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class RunFolder:
    """The truth about one run. Every index can be rebuilt from it.

    ``recipe.toml``, ``target.png``, ``state.safetensors`` (the previous one kept), ``history.jsonl``,
    ``snapshots.bin``, ``preview.png``, ``final.svg|png``, ``artwork.json``, and ``DONE`` last.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @property
    def done(self) -> bool:
        return (self / "DONE").exists()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process. A second process is refused and told who holds it.

        The lock is the operating system's, so it ends with its owner, however that dies.
        """
        from filelock import FileLock, Timeout

        make_folder(self.path)
        if reason := unwritable(self.path):
            raise CreativityError(f"cannot use the run folder {self.path}: {reason}")
        lock = FileLock(self / "lock", blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise InUse(f"{self.path} is in use by {self._owner()}; wait for it or stop it") from None
        except OSError as error:
            raise CreativityError(f"cannot lock the run folder {self.path}: {_reason(error)}") from error
        try:
            self._clean()
            owner = {"pid": os.getpid(), "host": socket.gethostname(), "command": " ".join(sys.argv)[:500]}
            write_atomically(self / "owner.json", json.dumps(owner))
            yield
        finally:
            with contextlib.suppress(OSError):
                (self / "owner.json").unlink()
            lock.release()

    @property
    def owner(self) -> dict[str, Any] | None:
        """Who holds the folder, or held it when it was killed: ``pid``, ``host`` and ``command``; None where nobody does."""
        try:
            with open(self / "owner.json", "rb") as file:
                owner = json.loads(file.read(10_000))
            return {"pid": int(owner["pid"]), "host": str(owner["host"]), "command": str(owner["command"])}
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def owner_lives(self) -> bool:
        """Whether the process that holds the folder is there. The lock is not tried, for who tries it takes it for a moment."""
        owner = self.owner
        if owner is None or owner["host"] != socket.gethostname() or sys.platform == "win32":
            return owner is not None
        try:
            os.kill(owner["pid"], 0)
        except ProcessLookupError:
            return False
        except OSError:  # another user's
            pass
        return True

    def _owner(self) -> str:
        owner = self.owner
        return "another process" if owner is None else f"process {owner['pid']} on {owner['host']} ({owner['command']})"

    def _clean(self) -> None:
        """Remove what killed writers left behind. Only the lock's holder may."""
        for stale in self.path.glob(f"{TEMPORARY}*"):
            with contextlib.suppress(OSError):
                stale.unlink()


# Checkpoints: named arrays and a little JSON in one safetensors file, its digest inside, the previous one kept.

STATE_SCHEMA = 1
STATES = ("state.safetensors", "state.previous.safetensors")


def save_state(folder: RunFolder, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
    """Write ``state.safetensors`` from numpy arrays and JSON-able facts; the last one becomes the previous one."""
    import numpy as np
    from safetensors.numpy import save

    # safetensors wants contiguous arrays; a digest over names, shapes and bytes tells rot from truth.
    arrays = {name: np.array(value, order="C") for name, value in arrays.items()}
    text = json.dumps(facts, sort_keys=True)
    header = {"schema": str(STATE_SCHEMA), "facts": text, "digest": _state_digest(arrays, text)}
    content = save(arrays, metadata=header)
    current, previous = (folder / name for name in STATES)
    if current.exists():
        with contextlib.suppress(OSError):
            previous.unlink(missing_ok=True)
            os.link(current, previous)
    write_atomically(current, content)


def load_state(folder: RunFolder) -> tuple[dict[str, Any], dict[str, Any], str | None]:
    """The newest whole checkpoint: arrays, facts, and a note when the previous one had to serve.

    Raises CreativityError, with the reason, when there is none.
    """
    reasons = []
    for name in STATES:
        try:
            arrays, facts = _read_state(folder / name)
        except FileNotFoundError:
            reasons.append(f"{name} is missing")
        except (OSError, ValueError) as error:
            reasons.append(f"{name} {error}")
        else:
            note = f"{reasons[0]}; going on from the previous checkpoint" if reasons else None
            return arrays, facts, note
    raise CreativityError(f"the run {folder.path} has no checkpoint to resume from: {'; '.join(reasons)}")


def _read_state(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        raise FileNotFoundError(path)
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except SafetensorError as error:
        raise ValueError(f"is damaged ({error})") from error
    if header.get("schema") != str(STATE_SCHEMA):
        raise ValueError(f"has schema {header.get('schema')}, this version reads {STATE_SCHEMA}")
    if header.get("digest") != _state_digest(arrays, header["facts"]):
        raise ValueError("is damaged (its digest does not match)")
    return arrays, json.loads(header["facts"])


def _state_digest(arrays: dict[str, Any], facts: str) -> str:
    total = hashlib.sha256(facts.encode())
    for name in sorted(arrays):
        total.update(f"{name}{arrays[name].shape}{arrays[name].dtype}".encode())
        total.update(arrays[name].tobytes())
    return total.hexdigest()


def numbered(path: Path, taken: Container[str] = ()) -> Path:
    """The path itself, or with -2, -3 ... before its suffix: a name that nothing has, and that is not ``taken``."""
    candidate, n = path, 1
    while os.path.lexists(candidate) or str(candidate) in taken:
        n += 1
        candidate = path.with_name(f"{path.stem}-{n}{path.suffix}")
    return candidate


@lru_cache(maxsize=8)
def cache_folder(name: str) -> Path:
    """Where compiled kernels are kept between runs: the user's cache, or a new temporary folder if that is closed."""
    home = Path.home()
    usual = {"darwin": home / "Library" / "Caches", "win32": Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))}
    user = Path(os.environ.get("XDG_CACHE_HOME") or usual.get(sys.platform, home / ".cache"))
    folder = user / "creativity" / name
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if unwritable(folder) is None:
            return folder
    # Not a shared place: what is kept here is run. It goes with this process.
    temporary = Path(tempfile.mkdtemp(prefix="creativity-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return temporary
