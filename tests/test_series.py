"""Several searches as one: the best of many seeds, many pictures, the frames of an animation; stopped, killed and gone on with."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from creativity import cli, images
from creativity.artwork import open_artwork
from creativity.errors import CreativityError
from creativity.seeds import seeds_of
from creativity.sheet import contact_sheet
from tests.conftest import child

FAST = ["--steps", "10", "--count", "6", "--target-size", "32", "--size", "64", "--optimizer", "adam", "--threads", "1"]


def run(*words: str) -> int:
    try:
        return cli.main(words)
    except SystemExit as end:
        return int(end.code or 0)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "creativity", *words]


@pytest.fixture
def moving() -> Path:
    """A red square that crosses a blue ground in five frames, 48 x 32, of 40 and 90 ms."""
    frames = []
    for place in range(5):
        pixels = np.full((32, 48, 3), (30, 40, 200), np.uint8)
        pixels[8:24, 8 * place : 8 * place + 16] = (220, 40, 30)
        frames.append(Image.fromarray(pixels))
    path = Path("moving.gif")
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[40, 90, 40, 90, 40], loop=0)
    return path


# -- seeds


def test_of_many_seeds_the_best_is_saved_and_all_are_shown(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("fit", str(picture), *FAST, "--seeds", "3..5,9", "-o", "a.svg", "-o", "a.png", "--json") == 0
    said = capfd.readouterr()
    report = json.loads(said.out)
    facts = report["results"]["disc"]
    assert list(facts["losses"]) == ["3", "4", "5", "9"]
    assert facts["loss"] == min(facts["losses"].values()) == facts["losses"][str(facts["seed"])]
    assert len(set(facts["losses"].values())) == 4
    assert f"seed {facts['seed']} is the best of 4" in said.err
    assert [Path(path).name for path in facts["files"]] == ["a.svg", "a.png", "a-seeds.png"]
    assert images.open_picture("a-seeds.png").shape[1] > 400
    assert sorted(os.listdir("runs/disc-triangles-4-seeds")) == ["DONE", "lock", "results.json", "s3", "s4", "s5", "s9", "series.json"]
    assert run("show", "runs/disc-triangles-4-seeds") == 0
    assert capfd.readouterr().out.startswith("runs/disc-triangles-4-seeds: 4 runs, finished\ndisc: seed ")
    assert run("export", "runs/disc-triangles-4-seeds", "-o", "x.png") == 2
    assert "name one of the folders" in capfd.readouterr().err
    assert run("fit", str(picture), *FAST, "--seed", str(facts["seed"]), "-o", "alone.svg", "--quiet") == 0
    assert Path("alone.svg").read_bytes() == Path("a.svg").read_bytes()
    assert run("redo", "a.svg", "-o", "again.svg", "--quiet") == 0
    assert Path("again.svg").read_bytes() == Path("a.svg").read_bytes()


def test_every_seed_is_saved_where_its_number_is_in_the_name(picture: Path) -> None:
    assert run("fit", str(picture), *FAST, "--seeds", "1,2", "-o", "out/{name}-{seed}-{renderer}-{count}.svg", "--quiet") == 0
    assert sorted(os.listdir("out")) == ["disc-1-triangles-6.svg", "disc-2-triangles-6.svg", "disc-seeds-triangles-6.png"]
    assert run("fit", str(picture), *FAST, "--seeds", "1,2", "-o", "best.gif", "--quiet") == 0
    assert len(images.durations("best.gif")) > 1  # the search of the best
    assert [open_artwork(f"out/disc-{seed}-triangles-6.svg").recipe.seed for seed in (1, 2)] == [1, 2]
    assert run("fit", str(picture), *FAST, "--seeds", "1,2", "-o", "by/{seed}/{name}.svg", "--quiet") == 0
    assert sorted(os.listdir("by")) == ["1", "2", "seeds"]
    assert run("fit", str(picture), *FAST, "--seed", "1", "-o", "{name}-{seed}.svg", "--quiet") == 0
    assert Path("disc-1.svg").read_bytes() == Path("out/disc-1-triangles-6.svg").read_bytes()


def test_nothing_that_was_not_named_is_replaced(picture: Path) -> None:
    Path("a-seeds.png").write_bytes(picture.read_bytes())
    for _ in range(2):
        assert run("fit", str(picture), *FAST, "--seeds", "0..1", "-o", "a.svg", "--quiet") == 0
        assert run("fit", str(picture), *FAST, "--seeds", "0..1", "--quiet") == 0
    assert Path("a-seeds.png").read_bytes() == picture.read_bytes()
    made = {path.name for path in Path().iterdir() if path.is_file()}
    named = {"a-seeds.png", "a-seeds-2.png", "a-seeds-3.png", "disc-triangles.svg", "disc-triangles-2.svg"}
    assert made == {"a.svg", "disc.png", *named, "disc-triangles-seeds.png", "disc-triangles-2-seeds.png"}


def test_a_series_killed_at_random_moments_gives_the_same(picture: Path) -> None:
    words = [*FAST, "--steps", "100", "--seeds", "0..2", "--quiet"]
    assert run("fit", str(picture), *words, "-o", "whole.svg", "--run-dir", "whole") == 0
    rng, kills = random.Random(3), 0
    start = ("fit", str(picture), *words, "-o", "killed.svg", "--run-dir", "killed")
    times: dict[Path, int] = {}
    while not Path("killed/DONE").exists():
        worker = child(run, *(start if not Path("killed/series.json").exists() else ("resume", "killed", "--quiet")))
        while worker.is_alive() and not (Path("killed/owner.json").exists() and Path("killed/s0/recipe.toml").exists()):
            time.sleep(0.01)
        worker.join(rng.uniform(0.0, 0.5) if kills < 3 else 120)
        if worker.is_alive():
            worker.kill()
            worker.join()
            Path("killed/owner.json").unlink(missing_ok=True)
            kills += 1
        for done in Path("killed").glob("*/DONE"):
            assert times.setdefault(done, done.stat().st_mtime_ns) == done.stat().st_mtime_ns, "a seed was done twice"
    assert kills > 1
    assert Path("killed.svg").read_bytes() == Path("whole.svg").read_bytes()
    assert Path("killed-seeds.png").read_bytes() == Path("whole-seeds.png").read_bytes()
    for seed in range(3):
        assert Path(f"killed/s{seed}/final.svg").read_bytes() == Path(f"whole/s{seed}/final.svg").read_bytes()


def test_ctrl_c_stops_a_series_and_says_how_to_go_on(picture: Path) -> None:
    words = ["fit", str(picture), *FAST, "--steps", "1000", "--seeds", "0..1", "-o", "a.svg", "--run-dir", "r"]
    worker = subprocess.Popen(command(*words), stderr=subprocess.PIPE, text=True)
    while not Path("r/s0/preview.png").exists():
        time.sleep(0.02)
    worker.send_signal(signal.SIGINT)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 130
    assert said.endswith("go on with: creativity resume r\n")
    assert not Path("a.svg").exists()
    assert run("resume", "r", "--quiet") == 0
    assert Path("a.svg").exists()
    Path("a.svg").write_text("edited by hand")
    assert run("resume", "r", "--quiet") == 0
    assert Path("a.svg").read_text() == "edited by hand"
    assert run("resume", "r", "-o", "b.svg") == 2


def test_a_strangers_series_replaces_no_file_of_mine_and_leaves_its_folder_never(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("fit", str(picture), *FAST, "--seeds", "0..1", "-o", "a.svg", "--run-dir", "r", "--quiet") == 0
    plan = json.loads(Path("r/series.json").read_text())
    for name in ("r/DONE", "r/results.json", "a.svg"):
        os.remove(name)
    Path("mine.svg").write_text("precious")
    plan["groups"][0]["outputs"] = [str(Path("mine.svg").absolute())]
    Path("r/series.json").write_text(json.dumps(plan))
    assert run("resume", "r") == 0
    assert Path("mine.svg").read_text() == "precious"
    assert "stays as it is" in capfd.readouterr().err
    for harm, words in (
        ({"folder": "../x"}, "outside"),
        ({"how": {"rendrer": "x"}}, "did you mean 'renderer'"),
        ({"frame": "x"}, "whole number"),
        ({"folder": "a\0b"}, "NUL"),
    ):
        bad = json.loads(json.dumps(plan))
        bad["groups"][0]["entries"][0] |= harm
        Path("r/series.json").write_text(json.dumps(bad))
        assert run("resume", "r") == 2
        assert words in capfd.readouterr().err
    for harm, words in (({"entries": []}, "without runs"), ({"outputs": ["a\0.svg"]}, "NUL"), ({"sheet": "a\0"}, "NUL")):
        Path("r/series.json").write_text(json.dumps(plan | {"groups": [plan["groups"][0] | harm]}))
        assert run("resume", "r") == 2
        assert words in capfd.readouterr().err
    Path("r/series.json").write_text(json.dumps(plan | {"plugins": None}))
    assert run("resume", "r") == 2
    assert "plugins must be a list" in capfd.readouterr().err


@pytest.mark.parametrize("harm", [{"options": 5}, {"preset": ["x"]}, {"objective": 5}, {"renderer": 5}, {"start": 5}, {"count": "x"}])
def test_a_strangers_series_that_makes_no_sense_fails_in_one_line(
    picture: Path, harm: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    entry = {"folder": "s1", "target": str(picture.absolute()), "how": {"seed": 1, **harm}}
    groups = [{"name": "disc", "entries": [entry], "outputs": []}]
    Path("r").mkdir()
    Path("r/series.json").write_text(json.dumps({"format": "creativity-series", "schema": 1, "groups": groups}))
    Path("r/results.json").write_text(json.dumps({"disc": {"files": 5}, "\x1b[2J": {"files": []}}))
    assert run("show", "r") == 0
    assert capfd.readouterr().out == "r: 1 runs, not finished; continue with: creativity resume r\n"
    assert run("resume", "r", "--quiet") == 1
    said = capfd.readouterr().err
    assert said.startswith("creativity: disc: ")
    assert said.count("\n") == 1
    assert not Path("r/s1").exists()


def test_a_series_goes_on_from_elsewhere_as_it_was_asked_for(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(np.array([[(200, 30, 30), (20, 30, 220)]], np.uint8)).resize((64, 64)).save("colours.png")
    Path("auto").write_text("a file of this name is no focus mask")
    words = [*FAST, "--seeds", "0..1", "--palette", "colours.png:2", "--focus", "auto", "--run-dir", "r", "-o", "{seed}.svg", "--quiet"]
    assert run("fit", str(picture), *words) == 0
    whole = Path("1.svg").read_bytes()
    for name in ("r/DONE", "r/results.json", "colours.png", "1.svg"):
        os.remove(name)
    shutil.rmtree("r/s1")
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert run("resume", "../r", "--quiet") == 0
    assert Path("../1.svg").read_bytes() == whole
    assert len(open_artwork("../1.svg").recipe.renderer.options["palette"]) == 2


def test_two_series_at_once_replace_nothing_of_each_other(picture: Path) -> None:
    """Neither knew of the other's file when it chose a name that nobody had asked for."""
    from creativity import series

    how = {"steps": 5, "count": 4, "target_size": 32, "size": "48", "optimizer": "adam", "threads": 1}
    both = [series.plan([str(picture)], how, seeds=seeds, run_dir=f"r{seeds[0]}") for seeds in ((1, 2), (3, 4))]
    for each in both:
        each.run()
        assert not each.failed
    saved = [each.results["disc"]["files"][0] for each in both]
    assert [Path(path).name for path in saved] == ["disc-triangles.svg", "disc-triangles-2.svg"]
    for path, each in zip(saved, both, strict=True):
        assert open_artwork(path).recipe.seed == each.results["disc"]["seed"]


@pytest.mark.parametrize(("text", "seeds"), [("0..3", [0, 1, 2, 3]), ("7", [7]), ("5,1, 5 ,2..3", [5, 1, 2, 3])])
def test_seeds_are_read(text: str, seeds: list[int]) -> None:
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["", "3..1", "a", "1-3", "-1", "0..99999999", "1..", "²"])
def test_what_is_no_seeds_is_refused(text: str) -> None:
    with pytest.raises(CreativityError, match=r"0\.\.7"):
        seeds_of(text)


# -- several pictures


def test_one_picture_that_fails_costs_the_others_nothing(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = picture.read_bytes()
    Path("a.png").write_bytes(whole[:200])
    Path("b.png").write_bytes(whole)
    words = ["fit", "[ab].png", str(picture), *FAST, "--seed", "4", "-o", "out/{name}.svg", "-o", "out/{name}.png", "--run-dir", "r"]
    assert run(*words) == 1
    said = capfd.readouterr().err.splitlines()
    assert said[-1].startswith("creativity: a: the picture")
    assert sorted(os.listdir("out")) == ["b.png", "b.svg", "disc.png", "disc.svg"]
    before = Path("out/b.svg").stat().st_mtime_ns
    assert run("resume", "r") == 1
    Path("a.png").write_bytes(whole)
    assert run("resume", "r", "--quiet") == 0
    assert Path("out/b.svg").stat().st_mtime_ns == before
    assert open_artwork("out/a.svg").genome.tobytes() == open_artwork("out/disc.svg").genome.tobytes()
    assert run("fit", "b.png", *FAST, "--seed", "4", "-o", "b.svg", "--quiet") == 0
    assert Path("b.svg").read_bytes() == Path("out/b.svg").read_bytes()


def test_pictures_and_seeds_and_no_names(picture: Path) -> None:
    Path("other").mkdir()
    Path("other/disc.png").write_bytes(picture.read_bytes())
    assert run("fit", str(picture), "other/disc.png", *FAST, "--seeds", "0,1", "--quiet", "--run-dir", "r") == 0
    made = {path.name for path in Path().iterdir() if path.is_file()}
    assert made == {"disc.png", *(f"disc-triangles{n}{what}" for n in ("", "-2") for what in (".svg", "-seeds.png"))}
    assert sorted(str(path.relative_to("r")) for path in Path("r").rglob("DONE")) == [
        "DONE",
        *(f"disc{n}/s{k}/DONE" for n in ("-2", "") for k in (0, 1)),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("disc.png other/disc.png -o out/{name}.svg", "would both be saved as"),
        ("disc.png other/disc.png -o out.svg", "put {name} into -o"),
        ("disc.png -o {nam}.svg", "did you mean 'name'"),
        ("disc.png disc.png -o {seeds}.svg", "did you mean 'seed'"),
        ("disc.png -o {frame}.svg", "--every-frame"),
        ("disc.png disc.png -o -", "standard output takes one"),
        ("disc.png --seeds 0..3 --seed 2", "not both"),
        ("disc.png --seeds 0..3 --every-frame", "share one seed"),
        ("disc.png --seeds 0..3 -o missing/a.svg", "folder .* does not exist"),
        ("disc.png --seeds 0..3 -o /proc/x/{name}.svg", "/proc"),
        ("disc.png --seeds 0..3 -o {name}.bmp", ".png"),
        ("disc.png --seeds 0..3 --count 0", "from 1 to"),
        ("disc.png other/disc.png --count 0", "from 1 to"),
        ("disc.png --seeds 0..1 -o disc.png", "made from"),
        ("disc.png --seeds 0..1 --focus other/disc.png -o other/disc.png", "made from"),
        ("disc.png --seeds 0..1 --preview a.jpg", "must be a .png"),
        ("disc.png other/disc.png -o {name}.png", "made from|both be saved"),
        ("*.tiff", "no file is called like"),
        ("disc.png --every-frame -o a.svg", "put {frame} into -o"),
        ("disc.png --every-frame --size 20000 -o a.gif", "megapixels|too many"),
        ("", "PICTURE is missing"),
    ],
)
def test_what_cannot_end_well_is_refused_before_it_begins(picture: Path, line: str, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    import re

    Path("other").mkdir()
    Path("other/disc.png").write_bytes(picture.read_bytes())
    before = sorted(os.listdir())
    assert run("fit", *line.split()) == 2
    said = capfd.readouterr().err
    assert re.search(words, said), said
    assert said.count("\n") == 1
    assert sorted(os.listdir()) == before


def test_a_picture_comes_in_and_a_drawing_goes_out(
    picture: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    done = subprocess.run(command("fit", "-", "-o", "-", *FAST, "--seed", "1"), input=picture.read_bytes(), capture_output=True, check=True)
    Path("a.svg").write_bytes(done.stdout)
    assert run("fit", str(picture), *FAST, "--seed", "1", "-o", "b.svg", "--quiet") == 0
    assert open_artwork("a.svg").genome.tobytes() == open_artwork("b.svg").genome.tobytes()
    for content, words in ((b"", "standard input is empty"), (b"no picture", "is not PNG")):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert run("fit", "-", "-o", "-") == 2
        assert words in capfd.readouterr().err


def test_seeds_of_what_comes_in(picture: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(picture.read_bytes())))
    assert run("fit", "-", "-o", "-", *FAST, "--seeds", "1,2", "--run-dir", "r") == 0
    assert capfdbinary.readouterr().out.startswith(b"<?xml")
    assert Path("r/stdin").read_bytes() == picture.read_bytes()
    assert Path("r/seeds.png").exists()
    assert sorted(os.listdir()) == ["disc.png", "r"]


# -- frames


def test_of_an_animation_the_first_frame_is_taken_and_it_is_said(moving: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("fit", str(moving), *FAST, "-o", "a.svg") == 0
    assert "several frames: the first is taken (--every-frame" in capfd.readouterr().err
    assert run("redo", "a.svg", "-o", "b.svg", "--quiet") == 0


@pytest.mark.parametrize("kind", [".gif", ".webp", ".apng"])
def test_every_frame_goes_on_from_the_one_before(moving: Path, kind: str) -> None:
    words = ["--count", "8", "--target-size", "48", "--size", "48", "--seed", "1", "--steps", "60", "--threads", "1"]
    assert run("fit", str(moving), "--every-frame", *words, "-o", f"a{kind}", "--run-dir", "r", "--quiet") == 0
    content = Path(f"a{kind}").read_bytes()
    assert images.durations(content) == [40, 90, 40, 90, 40]
    for frame in range(5):
        drawn, wanted = (images.open_picture(source, frame)[..., :3].astype(float) for source in (content, str(moving)))
        assert ((drawn - wanted) ** 2).mean() < 200
        recipe = open_artwork(f"r/frame-{frame:04d}").recipe
        assert (recipe.start is not None) == (frame > 0)
        if recipe.start is not None:
            assert recipe.start.sha256 == open_artwork(f"r/frame-{frame - 1:04d}").digest


def test_frames_are_saved_each_by_itself_and_redone(moving: Path) -> None:
    words = ["--count", "5", "--target-size", "32", "--size", "48", "--seed", "1", "--steps", "8", "--threads", "1"]
    assert run("fit", str(moving), "--every-frame", *words, "-o", "out/{name}-{frame}.svg", "--run-dir", "r", "--quiet") == 0
    assert sorted(os.listdir("out")) == [f"moving-{frame}.svg" for frame in range(5)]
    os.rename("moving.gif", "out/moving.gif")
    os.rename("r", "elsewhere")
    assert run("redo", "out/moving-3.svg", "-o", "again.svg", "--quiet") == 0  # from frame 2 beside it, and the film
    assert Path("again.svg").read_bytes() == Path("out/moving-3.svg").read_bytes()


def test_a_frame_that_was_worked_on_stays_and_the_next_goes_on_from_what_it_was(moving: Path) -> None:
    words = ["--count", "5", "--target-size", "32", "--size", "48", "--seed", "1", "--steps", "8", "--threads", "1", "--quiet"]
    assert run("fit", str(moving), "--every-frame", *words, "-o", "out/{frame}.svg", "--run-dir", "r") == 0
    whole = open_artwork("r/frame-0003").genome
    for place in (3, 4):
        shutil.rmtree(f"r/frame-{place:04d}")
        os.remove(f"out/{place}.svg")
    os.remove("r/DONE")
    os.remove("r/results.json")
    Path("out/2.svg").write_text("edited by hand")
    assert run("resume", "r", "--quiet") == 0
    assert open_artwork("out/3.svg").genome.tobytes() == whole.tobytes()
    assert Path("out/2.svg").read_text() == "edited by hand"


def test_a_film_that_was_stopped_goes_on_to_the_same(moving: Path) -> None:
    words = ["--count", "8", "--target-size", "32", "--size", "48", "--seed", "1", "--steps", "250", "--threads", "1"]
    words += ["--optimizer", "adam", "--quiet"]
    assert run("fit", str(moving), "--every-frame", *words, "-o", "a.gif", "--run-dir", "r") == 0
    worker = child(run, "fit", str(moving), "--every-frame", *words, "-o", "b.gif", "--run-dir", "k")
    while worker.is_alive() and not Path("k/frame-0002/state.safetensors").exists():
        time.sleep(0.01)
    worker.kill()
    worker.join()
    assert not Path("b.gif").exists()
    assert run("resume", "k", "--quiet") == 0
    assert Path("b.gif").read_bytes() == Path("a.gif").read_bytes()


# -- inputs as they come


def _icc(colours: list[tuple[float, float, float]], curve: float) -> bytes:
    """A matrix profile, version 2, written by hand: the primaries' XYZ (D50) and one gamma."""
    import struct

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    white = b"XYZ \0\0\0\0" + b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    curve_tag = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(curve * 256)) + b"\0\0"
    primaries = [b"XYZ \0\0\0\0" + b"".join(map(fixed, colour)) for colour in colours]
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 78
    tags = [(b"desc", text + b"\0" * (-len(text) % 4)), (b"cprt", b"text\0\0\0\0none\0\0\0\0"), (b"wtpt", white)]
    tags += list(zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)) + [(name, curve_tag) for name in (b"rTRC", b"gTRC", b"bTRC")]
    at, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags:
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + struct.pack(">6H", 2020, 1, 1, 0, 0, 0)
    head += b"acsp" + b"\0" * 28 + b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


P3 = [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)]
"""Display P3's primaries, adapted to D50 (the columns of its profile)."""


def _inputs(picture: Path) -> dict[str, tuple[Path, np.ndarray[Any, Any]]]:
    """Files as cameras and programs make them, each with the sRGB pixels (H, W, 3) that are meant."""
    plain = np.asarray(Image.open(picture).convert("RGB"))
    image = Image.fromarray(plain)
    made: dict[str, tuple[Path, np.ndarray[Any, Any]]] = {}

    def save(name: str, image: Image.Image, meant: np.ndarray[Any, Any], **how: Any) -> None:
        image.save(name, **how)
        made[name] = (Path(name), meant)

    exif = Image.Exif()
    exif[0x0112] = 6  # turned: the row 0 of the file is the right side of the picture
    save("turned.png", image.transpose(Image.Transpose.ROTATE_90), plain, exif=exif)
    # sRGB -> XYZ (D50) -> Display P3 with gamma 2.2, in double precision, by the textbook
    srgb = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
    levels = plain / 255.0
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    wide = np.clip(linear @ srgb.T @ np.linalg.inv(np.array(P3).T).T, 0, 1) ** (1 / 2.2)
    in_p3 = np.rint(wide * 255).astype(np.uint8)
    assert np.abs(in_p3.astype(int) - plain).max() > 15, "the profile must matter"
    save("p3.png", Image.fromarray(in_p3), plain, icc_profile=_icc(P3, 2.2))
    deep = (plain[..., 1].astype(np.uint16) * 257).astype(np.uint16)
    save("deep.png", Image.fromarray(deep), np.repeat(plain[..., 1:2], 3, axis=2))
    save("press.tiff", image.convert("CMYK"), np.asarray(image.convert("CMYK").convert("RGB")))
    holed = image.quantize(8)
    holed.info["transparency"] = holed.getpixel((0, 0))
    save("palette.png", holed, plain, transparency=holed.getpixel((0, 0)))
    save("new.avif", image, plain, quality=95, subsampling="4:4:4")
    return made


def test_inputs_come_as_they_are(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Through the command line: what the run scores against is what the file means."""
    made = _inputs(picture)
    assert run("fit", *made, *FAST, "-o", "out/{name}.png", "--run-dir", "r", "--quiet") == 0
    for name, (_, meant) in made.items():
        held = images.open_picture(f"r/{Path(name).stem}/target.png")
        assert held.shape[:2] == meant.shape[:2], name
        seen = held[..., 3] > 0
        off = np.abs(held[..., :3].astype(int) - meant)[seen]
        assert off.max() <= (2 if name != "new.avif" else 40), (name, off.max())
        assert off.mean() < 2, name
    ground = images.open_picture("r/palette/target.png")[..., 3] == 0
    assert 0.3 < ground.mean() < 0.9
    assert open_artwork("out/palette.png").recipe.renderer.options["background"] == "none"
    assert open_artwork("out/p3.png").recipe.renderer.options["background"] == "free"
    Path("phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100)
    assert run("fit", "phone.heic") == 2
    assert "pillow-heif" in capfd.readouterr().err


def test_what_is_transparent_stays_so_and_it_is_said(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logo = np.array(Image.open(picture).convert("RGBA"))
    logo[:10, :10, 3] = 0
    Image.fromarray(logo).save("logo.png")
    background = {}
    for name, words in (("unasked", []), ("asked", ["--set", "renderer.background=#ffffff"]), ("es-clip", ["--renderer", "es-clip"])):
        assert run("fit", "logo.png", *FAST, "--optimizer", "snes", *words, "-o", f"{name}.json") == 0
        said = capfd.readouterr().err
        assert ("renderer.background=none" in said) == (name == "unasked")
        background[name] = open_artwork(f"{name}.json").recipe.renderer.options.get("background")
    assert background == {"unasked": "none", "asked": "#ffffff", "es-clip": None}
    logo[:10, :10, 3] = 255
    logo[0, 0, 3] = 0  # a stray pixel makes no logo
    Image.fromarray(logo).save("photo.png")
    assert run("fit", "photo.png", *FAST, "-o", "photo.json", "--quiet") == 0
    assert open_artwork("photo.json").recipe.renderer.options["background"] == "free"


# -- the sheet


@pytest.mark.parametrize("count", [1, 2, 9, 100])
def test_a_contact_sheet_shows_every_picture_once(count: int) -> None:
    pictures = [np.full((60, 80, 4), (i * 2, 255 - i * 2, 77, 255), np.uint8) for i in range(count)]
    sheet = contact_sheet(pictures, [f"number {i}" for i in range(count)], marked=0)
    flat = sheet.reshape(-1, 4)
    red, seen = np.unique(flat[(flat[:, 2] == 77) & (flat[:, 0] + flat[:, 1] == 255), 0], return_counts=True)
    assert red.tolist() == [2 * i for i in range(count)]
    assert seen.min() >= 100 * 75, "too small to be seen"
    assert max(sheet.shape) < 2200
    assert (np.abs(flat[:, :3].astype(int) - (209, 48, 31)).max(axis=1) < 3).sum() > 500, "the mark cannot be seen"
    ink = (flat[:, :3].max(axis=1) < 80).sum()
    assert count == 1 or ink > 60 * (count - 1), "no captions"


def test_few_pictures_leave_no_hole_in_a_sheet() -> None:
    upright = np.full((100, 80, 4), (9, 99, 77, 255), np.uint8)
    for count, columns in ((4, 2), (6, 3), (9, 3)):
        height, width = contact_sheet([upright] * count, [""] * count).shape[:2]
        assert round(width / 432) == columns, count
        assert (contact_sheet([upright] * count, [""] * count)[height - 200, width - 200, :3] == (9, 99, 77)).all()


def test_a_sheet_shows_what_can_be_seen_through_on_checks() -> None:
    sheet = contact_sheet([np.zeros((50, 50, 4), np.uint8)], ["a caption that is far too long for the picture that it stands under " * 3])
    grey = (sheet[..., :3] == 222).all(axis=-1)
    white = (sheet[..., :3] == 255).all(axis=-1)
    assert grey.sum() > 0.4 * 420 * 420 * 0.9
    assert white.sum() > grey.sum()
    with pytest.raises(CreativityError):
        contact_sheet([], [])
