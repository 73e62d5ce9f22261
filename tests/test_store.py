"""The index of artworks: it says what the folders say, keeps up with them, and is never needed."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from creativity import cli, vary
from creativity.artwork import open_artwork
from creativity.errors import CreativityError
from creativity.files import RunFolder
from creativity.gallery import events
from creativity.gallery import index as index_module
from creativity.gallery.index import Index, Query
from creativity.gallery.reading import key_of
from tests.conftest import tiny


@pytest.fixture
def root(picture: Path) -> Path:
    """Two fits and a sibling of the first, as a loose file beside a picture that has no recipe and a run that was stopped."""
    root = Path("runs")
    for seed in (1, 2):
        tiny(picture, seed=seed, steps=6, count=3).run(root / f"disc-{seed}").run()
    (root / "loose").mkdir()
    vary(root / "disc-1", 5).save(root / "loose" / "sibling.svg")
    shutil.copy(picture, root / "loose" / "plain.png")
    stopped = root / "night" / "stopped"
    stopped.mkdir(parents=True)
    shutil.copy(root / "disc-2" / "recipe.toml", stopped)
    return root


def paths(index: Index, **asked: Any) -> set[str]:
    return {entry.path for entry in index.find(Query(**asked))}


def test_the_index_says_what_the_folders_say(root: Path) -> None:
    index = Index(root)
    assert index.refresh() == 4
    assert paths(index) == {"disc-1", "disc-2", "loose/sibling.svg", "night/stopped"}
    entry = index.get(key_of("disc-1"))
    assert entry is not None
    artwork = open_artwork(root / "disc-1")
    assert entry.digest == artwork.digest
    assert (entry.loss, entry.steps, entry.seed) == (artwork.results["loss"], 6, 1)
    assert (entry.title, entry.renderer, entry.optimizer, entry.state) == ("disc", "triangles", "relay", "done")
    assert abs(entry.made - time.time()) < 600
    assert entry.seconds is not None
    (child,) = index.children(entry.digest)
    assert child.path == "loose/sibling.svg"
    assert index.by_digest(child.parents[0]) == entry
    (stopped,) = index.find(Query(state="stopped"))
    assert (stopped.path, stopped.folder, stopped.seed) == ("night/stopped", "night", 2)
    assert paths(index, folder="night") == {"night/stopped"}
    assert index.renderers() == ["triangles"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"text": "disc"}, 4),
        ({"text": "DIS tri"}, 4),
        ({"text": 'disc" OR "x'}, 0),
        ({"text": "* ) ("}, 4),
        ({"text": "sibling"}, 1),
        ({"seed": 2}, 2),
        ({"objective": "pixel"}, 4),
        ({"objective": "pix_l"}, 0),
        ({"optimizer": "adam"}, 0),
        ({"since": 0.0, "until": 1.0}, 0),
    ],
)
def test_a_query_finds_what_it_says(root: Path, asked: dict[str, Any], found: int) -> None:
    index = Index(root)
    index.refresh()
    assert index.count(Query(**asked)) == len(index.find(Query(**asked))) == found


def test_a_refresh_reads_what_has_changed_and_nothing_else(root: Path, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "FRESH", -60.0)
    index = Index(root)
    index.refresh()
    assert index.refresh() == 0
    shutil.rmtree(root / "disc-2")
    tiny(picture, seed=9, steps=6, count=3).run(root / "disc-9").run()
    (root / "disc-1" / "artwork.json").unlink()
    (root / "disc-1" / "artwork.json").write_text('{"format": "creativity-art')
    assert index.refresh() == 2
    assert paths(index) == {"disc-1", "disc-9", "loose/sibling.svg", "night/stopped"}
    (broken,) = index.find(Query(state="broken"))
    assert broken.path == "disc-1"
    assert broken.error
    assert index.count(Query(text="disc seed2")) == 0
    assert index.refresh() == 0


def test_what_people_say_outlives_the_index(root: Path) -> None:
    index = Index(root)
    index.refresh()
    one, two = key_of("disc-1"), key_of("disc-2")
    index.star(one, True)
    index.tag(one, "for the wall", True)
    index.tag(one, "too dark", True)
    index.tag(one, "too dark", False)
    index.board(two, "spring", True)
    index.trash(two, True)
    index.note("pair", better=one, worse=two)

    def check(index: Index) -> None:
        assert paths(index, starred=True) == paths(index, text="wall") == paths(index, tag="for the wall") == {"disc-1"}
        assert index.tags() == ["for the wall"]
        assert paths(index, tag="too dark") == set()
        assert paths(index, trashed=True) == {"disc-2"}
        assert "disc-2" not in paths(index)
        assert index.boards() == []  # what is on it is in the trash

    check(index)
    index.rebuild()
    check(index)
    index.close()
    (root / index_module.NAME).write_bytes(b"no database" * 100)
    again = Index(root)
    again.refresh()
    check(again)
    again.trash(two, False)
    assert again.boards() == [("spring", 1)]
    kinds = [event["kind"] for _, event in events.since(root)]
    assert kinds == ["star", "tag", "tag", "tag", "board", "trash", "pair", "trash"]
    assert all(event["time"] and "user" in event for _, event in events.since(root))
    with pytest.raises(CreativityError, match="no artwork here has the key"):
        again.star("0" * 16, True)


def test_an_event_that_a_killed_process_left_half_is_cut_off(tmp_path: Path) -> None:
    events.record(tmp_path, "star", of=["a"], on=True)
    whole = (tmp_path / events.NAME).read_bytes()
    (tmp_path / events.NAME).write_bytes(whole + b'{"kind": "trash", "of": ["a')
    assert [event["kind"] for _, event in events.since(tmp_path)] == ["star"]
    events.record(tmp_path, "star", of=["b"], on=True)
    assert [event["of"] for _, event in events.since(tmp_path)] == [["a"], ["b"]]
    (tmp_path / events.NAME).write_bytes(whole + b"[1]\n\xff\n" + whole)
    assert len([*events.since(tmp_path)]) == 2


def test_processes_that_speak_at_once_are_all_heard(tmp_path: Path) -> None:
    line = "import sys, pathlib; from creativity.gallery import events\n"
    line += "for n in range(40): events.record(pathlib.Path(sys.argv[1]), 'tag', of=['a'], name=sys.argv[2] + str(n))"
    speakers = [subprocess.Popen([sys.executable, "-c", line, str(tmp_path), name]) for name in "xyz"]
    assert [speaker.wait(60) for speaker in speakers] == [0, 0, 0]
    assert len({event["name"] for _, event in events.since(tmp_path)}) == 120


def test_a_run_is_running_while_its_process_lives(root: Path) -> None:
    folder = root / "night" / "stopped"
    index = Index(root)
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with RunFolder(folder).locked():
        owner = json.loads((folder / "owner.json").read_text())
        assert owner["pid"] == os.getpid()
        (folder / "owner.json").write_text(json.dumps({**owner, "pid": sleeper.pid}))
        index.refresh()
        assert paths(index, state="running") == {"night/stopped"}
        sleeper.kill()
        sleeper.wait()
        index.refresh()
        assert paths(index, state="running") == set()


def test_hostile_folders_break_nothing_but_themselves(root: Path, tmp_path: Path) -> None:
    recipe = json.loads((root / "disc-1" / "artwork.json").read_text())
    for number, wrong in enumerate([{"seed": 2**70}, {"canvas": [1]}, {"renderer": 5}, {"objective": {"name": "sum", "terms": 3}}]):
        place = root / f"wrong-{number}"
        place.mkdir()
        (place / "recipe.toml").write_text("")
        (place / "artwork.json").write_text(json.dumps({**recipe, "recipe": {**recipe["recipe"], **wrong}}))
    (root / "deep").mkdir()
    (root / "deep" / "recipe.toml").write_text("a = " + "[" * 100_000)
    outside = tmp_path / "outside"
    shutil.copytree(root / "disc-2", outside)
    (root / "link").symlink_to(outside)
    (root / ".hidden").mkdir()
    shutil.copytree(root / "disc-2", root / ".hidden" / "run")
    index = Index(root)
    index.refresh()
    assert paths(index, state="broken") == {"wrong-0", "wrong-1", "wrong-2", "wrong-3", "deep"}
    assert {"link", ".hidden/run"} & paths(index) == set()
    for path in paths(index, state="broken"):
        assert "\n" not in next(entry.error for entry in index.find(Query(limit=99)) if entry.path == path)


def test_a_folder_that_cannot_be_written_is_indexed_in_memory(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(place: str, **how: Any) -> sqlite3.Connection:
        if place != ":memory:":
            raise sqlite3.OperationalError("unable to open database file")
        return connect(place, **how)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", refuse)
    index = Index(root)
    index.refresh()
    assert index.count(Query()) == 4


def test_find_and_reindex(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reindex", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["artworks"] == 4
    assert cli.main(["find", "disc", "--json", "--state", "done", "--order", "closest"]) == 0
    *lines, last = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert last == {"found": 3}
    losses = [line["loss"] for line in lines if line["loss"] is not None]
    assert losses == sorted(losses)
    assert cli.main(["find", "a", "whale"]) == 1
    assert cli.main(["find", "--order", "best"]) == 2
    assert "no order is called 'best'" in capfd.readouterr().err
    assert cli.main(["find", "--since", "yesterday"]) == 2
    assert cli.main(["find", "--root", "nowhere"]) == 2
    assert "there is no folder nowhere" in capfd.readouterr().err


def test_torch_is_not_needed_to_find(root: Path) -> None:
    shutil.rmtree(root / "loose")
    line = "import sys; from creativity import cli; cli.main(['find', 'disc']); print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "False"
    assert "3 found" in said.stderr
