"""The command line as people meet it: a table of invocations and what each must keep to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from creativity import cli

FAST = ["--steps", "12", "--count", "6", "--target-size", "32", "--size", "64", "--seed", "7"]


def run(*words: str) -> int:
    try:
        return cli.main(words)
    except SystemExit as end:
        return int(end.code or 0)


def test_the_whole_story(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """fit, show, redo, export: files made, the same picture again, figures on standard output alone."""
    assert run("fit", str(picture), *FAST, "-o", "a.svg", "-o", "a.png", "--json") == 0
    said = capfd.readouterr()
    figures = json.loads(said.out)
    assert said.out.count("\n") == 1
    assert figures["files"] == ["a.svg", "a.png"]
    assert figures["steps"] == 12
    assert figures["seed"] == 7
    assert figures["mse"] == figures["loss"] < 0.2
    assert "seed 7" in said.err
    assert "dB" in said.err
    assert run("redo", "a.png", "-o", "b.svg") == 0
    assert "the same picture, bit for bit" in capfd.readouterr().err
    assert Path("b.svg").read_bytes() == Path("a.svg").read_bytes()
    assert run("export", "a.svg", "-o", "poster.png", "--size", "300") == 0
    assert run("export", figures["run"], "-o", "poster2.png", "--size", "300") == 0
    assert Path("poster.png").read_bytes() == Path("poster2.png").read_bytes()
    capfd.readouterr()
    assert run("show", "a.svg") == 0
    assert 'name = "triangles"' in capfd.readouterr().out
    assert run("resume", figures["run"], "--quiet", "--json") == 0
    assert json.loads(capfd.readouterr().out)["loss"] == figures["loss"]
    assert run("redo", "a.svg", "--seed", "new", "--quiet") == 0
    assert Path("a-redo.svg").read_bytes() != Path("a.svg").read_bytes()


def test_without_o_nothing_is_replaced(picture: Path) -> None:
    for _ in range(2):
        assert run("fit", str(picture), *FAST, "--quiet") == 0
    assert Path("disc-triangles.svg").exists()
    assert Path("disc-triangles-2.svg").exists()
    assert len(list(Path("runs").iterdir())) == 2


def test_standard_output_takes_the_drawing(picture: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("fit", str(picture), *FAST, "-o", "-") == 0
    assert capfdbinary.readouterr().out.startswith(b"<?xml")


def test_any_option_can_be_set(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = ["--set", "renderer.background=none", "--set", "optimizer.population=6", "--set", "optimizer.sigma=0.2"]
    assert run("fit", str(picture), *FAST, "--optimizer", "snes", *settings, "-o", "a.json", "--quiet") == 0
    recipe = json.loads(Path("a.json").read_text())["recipe"]
    assert recipe["renderer"]["background"] == "none"
    assert recipe["optimizer"] == {"name": "evolution", "strategy": "snes", "population": 6, "sigma": 0.2, "rate": 1.0, "updates": "sgd"}


REFUSED = [
    ("fot", "did you mean 'fit'"),
    ("fit", "PICTURE is missing"),
    ("fit missing.png", "does not exist"),
    ("fit dics.png", "disc.png"),
    ("fit disc.png --cuont 3", "did you mean --count"),
    ("fit disc.png --count x", "--count cannot be 'x'"),
    ("fit disc.png --count 0", "from 1 to"),
    ("fit disc.png --count 1000000", "from 1 to"),
    ("fit disc.png --count -5", "from 1 to"),
    ("fit disc.png --renderer triangels", "did you mean 'triangles'"),
    ("fit disc.png --objective pixle", "did you mean 'pixel'"),
    ("fit disc.png --optimizer pgep", "did you mean 'pgpe'"),
    ("fit disc.png --set renderer.cuont=3", "did you mean 'count'"),
    ("fit disc.png --set count=3", "renderer.NAME"),
    ("fit disc.png --set renderer.count", "PART.OPTION=VALUE"),
    ("fit disc.png --set renderer.background=blau", "not a colour"),
    ("fit disc.png --set renderer.min_opacity=1", "below max_opacity"),
    ("fit disc.png --set optimizer.method=adma --optimizer gradient", "did you mean 'adam'"),
    ("fit disc.png --optimizer cma-es --count 500", "use sep-cma-es"),
    ("fit disc.png --device cuda", "device cannot be 'cuda'"),
    ("fit disc.png --size 1e9", "size"),
    ("fit disc.png --target-size 3", "from 8 to"),
    ("fit disc.png --steps -1", "from 0"),
    ("fit disc.png --max-seconds nan", "finite"),
    ("fit disc.png --threads 0", "from 1"),
    ("fit disc.png --seed 99999999999999999999", "from 0"),
    ("fit disc.png -o out.bmp", ".png"),
    ("fit disc.png -o missing/out.svg", "folder missing does not exist"),
    ("fit disc.png -o /proc/out.svg", "/proc"),
    ("fit disc.png --run-dir /proc/run", "/proc/run"),
    ("fit disc.png --plugin nothing.py", "nothing.py"),
    ("fit notes.txt", "notes.txt"),
    ("fit empty.png", "empty"),
    ("fit .", "folder"),
    ("redo disc.png", "carries no recipe"),
    ("redo missing.svg", "missing.svg"),
    ("redo hostile.svg", "hostile.svg"),
    ("resume .", "not a run folder"),
    ("export disc.png", "-o FILE"),
    ("show disc.png", "carries no recipe"),
    ("list rendrers", "renderers"),
]


@pytest.mark.parametrize(("line", "words"), REFUSED)
def test_bad_input_ends_in_one_clear_line(picture: Path, line: str, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    Path("notes.txt").write_text("hello")
    Path("empty.png").touch()
    Path("hostile.svg").write_text('<!DOCTYPE s [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>')
    before = sorted(os.listdir())
    assert run(*line.split()) == 2
    said = capfd.readouterr()
    assert words in said.err
    assert said.err.count("\n") == 1
    assert said.err.startswith("creativity: ")
    assert "Traceback" not in said.err
    assert not said.out
    assert sorted(os.listdir()) == before, "a refusal left something behind"


def test_help_is_light_and_complete(capfd: pytest.CaptureFixture[str]) -> None:
    heavy = "[name for name in ('numpy', 'torch', 'jax', 'rich', 'tyro') if name in sys.modules]"
    script = f"import sys; from creativity.cli import main; main(['--help']); print({heavy})"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.endswith("[]\n")
    for verb in cli.VERBS:
        assert f"  {verb} " in said
        assert run(verb, "--help") == 0
        assert "usage: creativity " + verb in capfd.readouterr().out


def test_help_of_a_verb_loads_no_torch() -> None:
    lines = ["import sys, contextlib", "from creativity.cli import main", "with contextlib.suppress(SystemExit): main(['fit', '--help'])"]
    script = "\n".join([*lines, "print('torch' in sys.modules)"])
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.endswith("False\n")


@pytest.mark.parametrize("kind", ["renderers", "objectives", "optimizers"])
def test_list_names_every_part(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    from creativity import registry

    assert run("list", kind) == 0
    said = capfd.readouterr().out
    assert all(name in said for name in getattr(registry, kind).names())


def test_doctor_knows_what_is_here(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", "--json") == 0
    report = json.loads(capfd.readouterr().out)
    assert report["missing"] == []
    assert report["packages"]["torch"]
    assert report["cores"] == os.cpu_count()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_saves_and_says_how_to_go_on(picture: Path, number: int) -> None:
    words = ["fit", str(picture), "--steps", "2000", "--count", "6", "--target-size", "32", "--size", "64", "--seed", "7", "--threads", "1"]
    command = [sys.executable, "-m", "creativity"]
    worker = subprocess.Popen([*command, *words, "--run-dir", "r", "-o", "a.svg"], stderr=subprocess.PIPE, text=True)
    while not Path("r/preview.png").exists():
        time.sleep(0.02)
    worker.send_signal(number)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 130
    assert said.endswith("go on with: creativity resume r\n")
    assert not Path("a.svg").exists()
    assert run("resume", "r", "--quiet") == 0
    assert run(*words, "--run-dir", "w", "-o", "b.svg", "--quiet") == 0
    assert Path("a.svg").read_bytes() == Path("b.svg").read_bytes(), "the resumed run gave another picture"


def test_a_reader_that_leaves_is_no_crash(picture: Path) -> None:
    done = subprocess.run(f"{sys.executable} -m creativity list optimizers | true", shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr


def test_the_doors_lead_into_the_package() -> None:
    root = Path(cli.__file__).parents[2]
    for door in ("renderers", "objectives", "cli"):
        if (root / door).is_symlink():
            assert (root / door).resolve() == root / "creativity" / door
