"""What is said before a search begins: how long, how much memory, where to look; and that none of it touches the search."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from creativity import cli, estimate, verbs
from creativity import run as run_module
from creativity.errors import CreativityError
from creativity.run import Event, Interrupted
from tests.conftest import tiny

FAST = ["--steps", "12", "--count", "6", "--target-size", "32", "--size", "64", "--seed", "7", "--threads", "1"]


@pytest.mark.parametrize("optimizer", ["relay", "greedy", "adam", "lbfgs", "pgpe"])
def test_an_estimate_changes_nothing(picture: Path, optimizer: str) -> None:
    plan = tiny(picture, optimizer=optimizer, steps=60)
    plain = plan.run().run()
    run = plan.run()
    found = []
    run.listeners.append(lambda event: found.append(run.estimate()) if event.kind == "start" or event.step == 45 else None)
    assert run.run().to_json() == plain.to_json()
    assert 50 < found[0].steps == found[1].steps <= 60
    assert 0 < found[0].seconds < 600
    assert 1e7 < found[0].bytes < 1e11
    assert plan.estimate().steps == found[0].steps


def test_a_limit_of_time_is_kept_to(picture: Path) -> None:
    assert tiny(picture, steps=None, max_seconds=0.01).estimate().seconds <= 0.01
    assert str(tiny(picture, steps=None, optimizer="adam", max_seconds=90.0).estimate()).startswith("about 1 min 30 s of search and ")


@pytest.mark.parametrize("optimizer", ["adam", "pgpe", "relay"])
def test_the_resolutions_that_it_counts_on_are_those_of_the_search(picture: Path, optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny(Image.open(picture).resize((480, 400)), optimizer=optimizer, target_size=192, steps=160).run()
    seen: Counter[float] = Counter()
    run.listeners.append(lambda event: seen.update([event.fidelity] if event.kind == "step" else []))
    foreseen: Counter[float] = Counter()
    score = run.problem.losses
    looked: list[float] = []

    def watched(genomes: Any, step: int = 0, fidelity: float = 1.0) -> Any:
        looked.append(fidelity)
        return score(genomes, step, fidelity)

    def watch(event: Event) -> None:
        if event.kind == "start":
            for part in run.optimizer.work(run.problem, run.starts(), 160):
                looked[:] = [1.0]  # a mark is placed at full resolution
                part.sample()
                foreseen[looked[-1]] += part.steps

    monkeypatch.setattr(run.problem, "losses", watched)
    run.listeners.append(watch)
    run.run()
    assert foreseen.keys() == seen.keys()
    assert sum(foreseen.values()) == pytest.approx(160, abs=30)
    assert all(foreseen[fidelity] == pytest.approx(seen[fidelity], abs=30) for fidelity in seen)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["--optimizer", "snes", "--set", "optimizer.population=200000", "--count", "80"], "optimizer.population"),
        (["--size", "9000"], "--size"),
        (["--optimizer", "cma-es", "--count", "190", "--set", "optimizer.population=4"], "--count"),
        (["--optimizer", "adam", "--objective", "ssim", "--set", "optimizer.restarts=4096"], "--target-size"),
    ],
)
def test_what_cannot_fit_is_refused_with_what_to_lower(
    picture: Path, words: list[str], option: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "machine", lambda: estimate.resident() + 50_000_000)
    assert cli.main(["fit", str(picture), *FAST, "--run-dir", "r", *words]) == 2
    said = capfd.readouterr().err
    assert re.search(rf"needs about \S+ [MG]B of memory, the machine has \S+ [MG]B; use a smaller {option}$", said.strip())
    assert not Path("r").exists()
    assert cli.main(["fit", str(picture), *FAST, "--run-dir", "r", "--quiet"]) == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="what is told of memory is Linux's")
@pytest.mark.parametrize("optimizer", ["adam", "snes"])
def test_what_an_encoder_holds_is_foreseen(optimizer: str) -> None:
    lines = f"""
        import pathlib, torch
        from creativity import estimate, painting
        torch.set_num_threads(1)
        how = {{"objective.clip.cutouts": 96, "optimizer.population": 64}} if "{optimizer}" == "snes" else {{"objective.clip.cutouts": 96}}
        run = painting.plan_paint("a red bird", seed=1, count=4, threads=1, optimizer="{optimizer}", prior=None, options=how).run()
        genomes = run.problem.renderer.init(run.optimizer.batch(run.problem), run.streams("init"))
        before = estimate.resident()
        run.problem.losses(genomes.requires_grad_(run.optimizer.gradients), 0)
        lines = pathlib.Path("/proc/self/status").read_text().splitlines()  # what getrusage says begins with the parent's
        peak = 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
        print(sum(estimate.memory(run).values()), peak - before)
    """
    said = subprocess.run([sys.executable, "-c", textwrap.dedent(lines)], capture_output=True, text=True, check=True, timeout=120)
    foreseen, needed = map(int, said.stdout.split())
    assert 0.6 * needed < foreseen < 1.6 * needed


def test_the_machine_has_memory() -> None:
    room = estimate.machine()
    assert room is None or room > estimate.resident() > 10_000_000


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (25, "25 s"), (185, "3 min 05 s"), (7800, "2 h 10 min"), (119.7, "2 min 00 s")]
)
def test_durations(seconds: float, said: str) -> None:
    assert estimate.duration(seconds) == said


@pytest.mark.parametrize(("number", "said"), [(2_460_000, "2 MB"), (304e6, "300 MB"), (994e6, "990 MB"), (1.24e9, "1.2 GB")])
def test_amounts(number: float, said: str) -> None:
    assert estimate.amount(number) == said


def test_it_is_said_at_the_start_and_in_the_figures(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fit", str(picture), *FAST, "--run-dir", "r", "--json"]) == 0
    said = capfd.readouterr()
    assert re.fullmatch(
        r"(about \d+ s|less than a second) of search \(12 steps\) and \S+ [MG]B; preview: r/preview.png", said.err.splitlines()[1]
    )
    assert json.loads(said.out)["estimate"].keys() == {"seconds", "steps", "bytes"}
    assert cli.main(["resume", "r"]) == 0
    assert "of search (" not in capfd.readouterr().err  # there is nothing to come


# The preview.


def test_a_viewer_always_finds_a_whole_picture(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its path, which is what viewers watch; one that holds the old file open keeps that, whole."""
    monkeypatch.setattr(run_module, "CHECKPOINT_SECONDS", 0.0)
    run = tiny(picture, steps=60).run("r")
    run.previews = [str(Path("live.png").absolute())]
    held = []
    run.listeners.append(lambda event: held.append(open("live.png", "rb")) if event.kind == "saved" else None)  # noqa: SIM115
    run.run()
    assert len({os.fstat(file.fileno()).st_ino for file in held}) == len(held) >= 2, "it was written in place"
    for file in held:
        with file, Image.open(file) as opened:
            opened.load()
            assert opened.size == (512, 427)
    assert Path("live.png").read_bytes() == Path("r/preview.png").read_bytes()


@pytest.mark.parametrize(
    ("preview", "words"),
    [("live.svg", "it must be a .png"), ("disc.png", "made from"), ("missing/live.png", "does not exist"), ("-", "a .png")],
)
def test_a_preview_is_refused_where_an_output_would_be(picture: Path, preview: str, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fit", "disc.png", *FAST, "--preview", preview]) == 2
    assert words in capfd.readouterr().err
    assert not Path("runs").exists()


def _stopped(picture: Path, **previews: Any) -> None:
    run = tiny(picture).run("r")
    run.previews = [str(Path("live.png").absolute())]
    run.listeners.append(lambda event: run.stop() if event.step == 5 else None)
    with pytest.raises(Interrupted):
        run.run()


def test_a_preview_goes_on_with_its_run_and_is_no_part_of_the_recipe(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _stopped(picture)
    Path("live.png").unlink()
    assert cli.main(["resume", "r", "-o", "a.svg"]) == 0
    assert f"preview: {Path('live.png').absolute()}" in capfd.readouterr().err
    assert Path("live.png").read_bytes() == Path("r/preview.png").read_bytes()
    assert Path("a.svg").read_text() == tiny(picture).run().run().svg()
    assert "live.png" not in Path("r/recipe.toml").read_text() + Path("r/artwork.json").read_text()


def test_a_strangers_run_shows_nothing_over_my_files(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _stopped(picture)
    Image.new("RGB", (5, 5)).save("live.png")
    mine = Path("live.png").read_bytes()
    assert cli.main(["resume", "r", "-o", "a.svg"]) == 0
    assert Path("live.png").read_bytes() == mine
    assert "stays as it is" in capfd.readouterr().err


def test_nor_from_python(picture: Path) -> None:
    _stopped(picture)
    Image.new("RGB", (5, 5)).save("live.png")
    mine = Path("live.png").read_bytes()
    Path("r/previews.json").write_text(json.dumps([str(Path(name).absolute()) for name in ("live.png", "rc")]))
    assert verbs.resume("r").results["steps"] == 12
    assert Path("live.png").read_bytes() == mine
    assert not Path("rc").exists()
    Path("r/previews.json").write_text(json.dumps(["a\0.png"]))
    with pytest.raises(CreativityError, match="list of paths"):
        verbs.resume("r")


def test_a_preview_that_cannot_be_written_costs_no_search(picture: Path, caplog: pytest.LogCaptureFixture) -> None:
    Path("there").mkdir()
    run = tiny(picture).run("r")
    run.previews = [str(Path("there/live.png").absolute())]

    def spoil(event: Event) -> None:
        if event.kind == "step" and event.step == 2:
            Path("there/live.png").unlink()
            Path("there").rmdir()

    run.listeners.append(spoil)
    assert run.run().results["steps"] == 12
    assert sum("the preview is in r" in record.message for record in caplog.records) <= 1
    with pytest.raises(CreativityError, match="holds a run already"):
        verbs.run_folder("r", "", run.recipe)
