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
    settled = {"rate": 1.0, "updates": "sgd", "schedule": "constant", "coarse": 0.25, "coarse_until": 0.5}
    assert recipe["optimizer"] == {"name": "evolution", "strategy": "snes", "population": 6, "sigma": 0.2, **settled}


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
    ("fit disc.png --set renderer.min_opacity=0.9 --set renderer.max_opacity=0.1", "at most max_opacity"),
    ("fit disc.png --set optimizer.method=adma --optimizer gradient", "did you mean 'adam'"),
    ("fit disc.png --optimizer cma-es --count 500", "use sep-cma-es"),
    ("fit disc.png --device gpu", "device cannot be 'gpu'"),
    ("fit disc.png --device cuda --renderer strokes", "renderer 'strokes' works on the CPU alone; write --device cpu"),
    ("fit disc.png --device cuda --optimizer greedy", "optimizer 'greedy' works on the CPU alone; write --device cpu"),
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
    ("fit disc.png --json -o -", "both want standard output"),
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
    ("models fetch ViT-B-32/openai", "models"),
    ("models get vit-b-32/openai", "did you mean ViT-B-32/openai"),
    ("models get ViT-B-32/openai --offline", "not on this machine"),
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


# Nothing lost, nothing replaced that was not asked for.


def test_the_picture_itself_is_never_replaced(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = picture.read_bytes()
    Path("link.png").symlink_to(picture)
    for output in (str(picture), "link.png"):
        assert run("fit", str(picture), *FAST, "-o", output) == 2
        assert "made from" in capfd.readouterr().err
    assert picture.read_bytes() == before


def test_one_output_that_fails_does_not_cost_the_others(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("fit", str(picture), *FAST, "--run-dir", "r", "-o", "a.svg", "-o", "b.png", "--steps", "0") == 0
    Path("gone").mkdir()
    words = [sys.executable, "-m", "creativity", "fit", str(picture), *FAST, "--run-dir", "s", "-o", "gone/x.svg", "-o", "c.png"]
    worker = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    while not Path("s/preview.png").exists():
        time.sleep(0.01)
    Path("gone").rmdir()
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 2
    assert "gone/x.svg" in said
    assert "the result is in s" in said
    assert Path("c.png").exists()


def test_names_may_be_long_and_odd(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    odd = Path("ü " + "x" * 230 + ".png")
    odd.write_bytes(picture.read_bytes())
    assert run("fit", str(odd), *FAST, "--quiet") == 0
    assert run("fit", str(odd), *FAST, "-o", "y" * 251 + ".svg", "--quiet") == 0
    assert run("fit", str(odd), *FAST, "-o", "y" * 252 + ".svg", "--quiet") == 2
    assert "too long" in capfd.readouterr().err


def test_a_finished_run_is_left_as_it_is(picture: Path) -> None:
    assert run("fit", str(picture), *FAST, "--run-dir", "r", "-o", "a.svg", "--quiet") == 0
    Path("a.svg").write_text("edited by hand")
    history = Path("r/history.jsonl").read_bytes()
    assert run("resume", "r", "--quiet") == 0
    assert Path("a.svg").read_text() == "edited by hand"
    assert run("resume", "r", "-o", "b.svg", "--quiet") == 0
    assert Path("b.svg").read_bytes() == Path("r/final.svg").read_bytes()
    assert Path("r/history.jsonl").read_bytes() == history
    Path("a.svg").unlink()  # as if it had been killed while it saved
    assert run("resume", "r", "--quiet") == 0
    assert Path("a.svg").read_bytes() == Path("r/final.svg").read_bytes()


def test_a_suffix_in_capitals_is_that_of_a_redo_too(picture: Path) -> None:
    assert run("fit", str(picture), *FAST, "-o", "a.SVG", "--quiet") == 0
    assert run("redo", "a.SVG", "--quiet") == 0
    assert Path("a-redo.SVG").read_bytes() == Path("a.SVG").read_bytes()


def _stopped(picture: Path) -> None:
    """A run folder r, stopped after five steps."""
    from creativity import verbs
    from creativity.run import Interrupted

    plan = verbs.plan_fit(picture, count=6, steps=12, target_size=32, size=64, seed=7)
    search = plan.run("r")
    search.outputs = [str(Path("a.svg").absolute())]
    search.listeners.append(lambda event: search.stop() if event.step == 5 else None)
    with pytest.raises(Interrupted):
        search.run()


def test_a_strangers_run_folder_replaces_no_file_of_mine(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _stopped(picture)
    Path("mine.json").write_text("precious")
    Path("r/outputs.json").write_text(json.dumps([str(Path("mine.json").absolute()), "b.svg"]))
    assert run("resume", "r") == 0
    assert Path("mine.json").read_text() == "precious"
    assert "stays as it is" in capfd.readouterr().err
    assert Path("b.svg").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("recipe.toml", b"", "is empty"),
        ("recipe.toml", b"# nothing", "not the recipe"),
        ("recipe.toml", b"\xff\xfe", "not text"),
        ("recipe.toml", b"schema = " + b"[" * 100_000, "not valid TOML"),
        ("recipe.toml", (b"seed = 7", b"seed = 8"), "another recipe"),
        ("recipe.toml", (b"count = 6", b"count = 7"), "another recipe"),
        ("recipe.toml", (b'"relay"', b'"evolution"'), "optimizer 'evolution' has no option"),
        ("outputs.json", b"{", "not valid JSON"),
        ("outputs.json", b"[" * 200_000, "not valid JSON"),
        ("outputs.json", b'{"a": 1}', "list of paths"),
        ("target.png", b"", "target.png"),
    ],
)
def test_a_run_folder_that_was_tampered_with_is_refused_in_one_line(
    picture: Path, name: str, content: bytes | tuple[bytes, bytes], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    _stopped(picture)
    path = Path("r") / name
    if isinstance(content, tuple):
        assert content[0] in path.read_bytes()
        content = path.read_bytes().replace(*content)
    path.write_bytes(content)
    assert run("resume", "r", "--quiet") == 2
    said = capfd.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_a_lost_history_or_checkpoint_costs_little(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _stopped(picture)
    Path("r/history.jsonl").unlink()
    Path("r/state.safetensors").unlink()
    assert run("resume", "r") == 0
    assert "previous checkpoint" in capfd.readouterr().err
    assert Path("r/history.jsonl").read_bytes()[:1] == b"{"
    assert run("fit", str(picture), "--count", "6", *FAST[:2], *FAST[4:], "-o", "b.svg", "--quiet") == 0
    assert Path("a.svg").read_bytes() == Path("b.svg").read_bytes()


def test_fit_from_python_refuses_a_folder_in_use(picture: Path) -> None:
    from creativity import CreativityError, fit

    fit(picture, run_dir="r", count=4, steps=2, target_size=16, size=32)
    with pytest.raises(CreativityError, match="holds a run already"):
        fit(picture, run_dir="r", count=4, steps=2, target_size=16, size=32, seed=2)


@pytest.mark.parametrize("words", ["list optimizers", "--help", "show a.svg", "doctor --json"])
@pytest.mark.parametrize("closed", [">&-", "> /dev/full", "2>&-", "2> /dev/full"])
def test_closed_and_full_streams_are_no_crash(picture: Path, words: str, closed: str) -> None:
    run("fit", str(picture), *FAST, "-o", "a.svg", "--quiet")
    shell = f"{sys.executable} -m creativity {words} {closed}"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr + done.stdout
    if closed.startswith("2"):
        assert done.returncode == 0


def test_a_closed_log_does_not_cost_the_picture(picture: Path) -> None:
    for closed in ("2>&-", "2> /dev/full"):
        shell = f"{sys.executable} -m creativity fit {picture} {' '.join(FAST)} -o a.svg {closed}"
        assert subprocess.run(shell, shell=True, capture_output=True, check=False).returncode == 0
        Path("a.svg").unlink()


@pytest.mark.parametrize("seed", ["²", "-1", "1.5", "9" * 30, "x", ""])
def test_redo_takes_seeds_that_are_seeds(picture: Path, seed: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("fit", str(picture), *FAST, "-o", "a.svg", "--quiet") == 0
    assert run("redo", "a.svg", f"--seed={seed}") == 2
    assert "seed" in capfd.readouterr().err


def test_redo_onto_its_own_file_tells_the_truth(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    from creativity.artwork import Artwork, open_artwork

    assert run("fit", str(picture), *FAST, "-o", "a.json", "--quiet") == 0
    artwork = open_artwork("a.json")
    Artwork(artwork.genome + np.float32(0.01), artwork.recipe, artwork.results).save("a.json")
    assert run("redo", "a.json", "-o", "a.json") == 0
    assert "not the same bits" in capfd.readouterr().err


def test_a_recipes_word_for_its_target_leads_nowhere(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("fit", str(picture), *FAST, "-o", "a.json", "--quiet") == 0
    data = json.loads(Path("a.json").read_text())
    for name in ("/etc/passwd", "x" * 5000, "../" * 50, "a\x1b[31m"):
        data["recipe"]["target"] = {"name": name, "sha256": "00"}
        Path("b.json").write_text(json.dumps(data))
        assert run("redo", "b.json") == 2
        said = capfd.readouterr().err
        assert "--target" in said
        assert "\x1b" not in said
        assert len(said) < 700


def test_names_with_fixed_options_keep_them(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("fit", str(picture), *FAST, "--optimizer", "pgpe", "--set", "optimizer.strategy=snes") == 2
    assert "'evolution'" in capfd.readouterr().err
    assert run("fit", str(picture), *FAST, "--set", "renderer.name=glow") == 2
