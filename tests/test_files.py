from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from creativity.errors import CreativityError
from creativity.files import TEMPORARY, RunFolder, load_state, numbered, save_state, write_atomically
from tests.conftest import child


def test_a_write_replaces_whole_or_not_at_all(tmp_path: Path) -> None:
    path = write_atomically(tmp_path / "a.txt", "old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("path", ["missing/a.txt", "/proc/a.txt", "/dev/null/a.txt"])
def test_a_place_that_cannot_be_written_is_named(path: str) -> None:
    with pytest.raises(CreativityError, match=f"cannot write {path}: "):
        write_atomically(path, "x")


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    script = """
        import resource, signal
        from creativity.errors import CreativityError
        from creativity.files import write_atomically
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        write_atomically("a", b"old")
        try:
            write_atomically("a", bytes(100_000))
        except CreativityError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "cannot write a: file too large\n"
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def _rewrite(folder: Path) -> None:
    for n in itertools.count():
        write_atomically(folder / "a", bytes([n % 251]) * 3_000_000)


def test_killed_writers_never_leave_a_part(tmp_path: Path) -> None:
    """A process that rewrites one file in a loop is killed at random moments: the file is always whole."""
    rng = random.Random(1)
    for _ in range(24):
        (tmp_path / "a").unlink(missing_ok=True)
        writer = child(_rewrite, tmp_path)
        while not (tmp_path / "a").exists():
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.05))
        writer.kill()
        writer.join()
        content = (tmp_path / "a").read_bytes()
        assert len(content) == 3_000_000
        assert len(set(content)) == 1
    with RunFolder(tmp_path).locked():
        assert not list(tmp_path.glob(f"{TEMPORARY}*")), "the janitor missed a temporary file"


def test_a_second_process_is_refused_and_told_who_holds_the_folder(tmp_path: Path) -> None:
    script = f"""
        import time
        from creativity.files import RunFolder
        with RunFolder({str(tmp_path)!r}).locked():
            print("held", flush=True)
            time.sleep(60)
    """
    holder = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(CreativityError, match=f"in use by process {holder.pid} on "), RunFolder(tmp_path).locked():
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with RunFolder(tmp_path).locked():  # a dead owner holds nothing
        pass


ARRAYS = {"a/b": np.arange(6.0).reshape(2, 3), "c": np.array(3, np.int64)}


def test_state_round_trip(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    save_state(folder, ARRAYS, {"step": 1, "best": float("inf")})
    arrays, facts, note = load_state(folder)
    assert (facts, note) == ({"step": 1, "best": float("inf")}, None)
    for name, value in ARRAYS.items():
        assert arrays[name].dtype == value.dtype
        assert np.array_equal(arrays[name], value)


@pytest.mark.parametrize("harm", ["truncate", "flip", "empty", "foreign", "schema", "missing"])
def test_a_damaged_checkpoint_gives_way_to_the_previous_one(tmp_path: Path, harm: str) -> None:
    folder = RunFolder(tmp_path)
    save_state(folder, ARRAYS, {"step": 1})
    save_state(folder, ARRAYS, {"step": 2})
    path = folder / "state.safetensors"
    content = bytearray(path.read_bytes())
    if harm == "truncate":
        content = content[:-5]
    elif harm == "flip":
        content[-3] ^= 1
    elif harm == "empty":
        content = bytearray()
    elif harm == "foreign":
        content = bytearray(b"\x80\x04pickle, or anything else")
    elif harm == "schema":
        content = content.replace(b'"schema":"1"', b'"schema":"7"')
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(content)
    _, facts, note = load_state(folder)
    assert facts == {"step": 1}
    assert note is not None
    assert "previous checkpoint" in note
    (folder / "state.previous.safetensors").write_bytes(b"rot")
    with pytest.raises(CreativityError, match="no checkpoint to resume from"):
        load_state(folder)


def test_numbered_never_names_what_exists(tmp_path: Path) -> None:
    assert numbered(tmp_path / "a.svg").name == "a.svg"
    (tmp_path / "a.svg").touch()
    (tmp_path / "a-2.svg").touch()
    assert numbered(tmp_path / "a.svg").name == "a-3.svg"
