"""The loop and its promises: same bytes, nothing lost, stop rules, the clock on record."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import subprocess
import sys
import textwrap
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from creativity import run as run_module
from creativity import verbs
from creativity.artwork import open_artwork
from creativity.errors import CreativityError
from creativity.files import RunFolder, load_state
from creativity.run import Event, Interrupted, open_run
from tests.conftest import child, tiny

DETERMINISTIC = ["adam", "pgpe", "snes", "sep-cma-es", "greedy", "relay"]  # on any number of threads, as promised
STEPS = {"relay": 1000, "greedy": 50}
"""Through every stage: marks are placed, fitted in place, moved by gradients, pruned and placed anew."""


@pytest.mark.parametrize("optimizer", DETERMINISTIC)
def test_same_seed_same_bytes_scored_or_two(picture: Path, optimizer: str) -> None:
    how = {"optimizer": optimizer, "target_size": 48, "steps": STEPS.get(optimizer, 12)}
    first = tiny(picture, **how).run().run()
    again = tiny(picture, **how).run().run()
    assert first.to_json() == again.to_json()
    assert first.png() == again.png()
    two = tiny(picture, **how, threads=2).run().run()
    assert two.genome.tobytes() == first.genome.tobytes()
    assert tiny(picture, **how, seed=8).run().run().genome.tobytes() != first.genome.tobytes()


def test_a_seed_is_drawn_and_recorded_when_none_is_given(picture: Path) -> None:
    seeds = {tiny(picture, seed=None).recipe.seed for _ in range(3)}
    assert len(seeds) == 3


@pytest.mark.parametrize(
    ("optimizer", "at"),
    [("adam", 5), ("lbfgs", 5), ("pgpe", 5), ("ga", 5), ("greedy", 20), ("greedy", 35), *[("relay", at) for at in (5, 40, 500, 895, 960)]],
)
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(picture: Path, optimizer: str, at: int) -> None:
    plan = tiny(picture, optimizer=optimizer, steps=(steps := STEPS.get(optimizer, 12)))
    whole = plan.run("whole").run()
    run = plan.run("parts")
    run.listeners.append(lambda event: run.stop() if event.step == at else None)
    with pytest.raises(Interrupted):
        run.run()
    assert not (run.folder / "DONE").exists()  # type: ignore[operator]
    resumed = verbs.resume("parts")
    assert resumed.to_json() == whole.to_json()
    for name in ("final.svg", "final.png"):
        assert (Path("parts") / name).read_bytes() == (Path("whole") / name).read_bytes()
    lines = {name: [json.loads(line) for line in (Path(name) / "history.jsonl").read_text().splitlines()] for name in ("whole", "parts")}
    kept = {name: [(line["step"], line["loss"], line["best"]) for line in held if line["event"] == "step"] for name, held in lines.items()}
    assert kept["whole"] == kept["parts"]
    assert len(kept["whole"]) == steps
    # A finished run says so by going straight to its result.
    assert verbs.resume("parts").to_json() == whole.to_json()


def _search(picture: Path, folder: str, optimizer: str, renderer: str, begun: Any) -> None:
    """Begin a run, or go on with the one in the folder; every step is saved."""
    run_module.CHECKPOINT_SECONDS = 0.0
    plan = tiny(picture, optimizer=optimizer, renderer=renderer, steps=STEPS.get(optimizer, 150))
    work = open_run(folder) if (Path(folder) / "state.safetensors").exists() else plan.run(folder)
    begun.set()
    work.run()


@pytest.mark.parametrize(
    ("optimizer", "renderer", "kills", "within"),
    [("adam", "triangles", 20, 0.25), ("pgpe", "triangles", 4, 1.5), ("relay", "triangles", 8, 1.5), ("relay", "circles", 5, 1.5)],
)
def test_killed_at_random_moments_the_result_is_the_same(picture: Path, optimizer: str, renderer: str, kills: int, within: float) -> None:
    def worker(folder: str) -> BaseProcess:
        begun = multiprocessing.get_context("forkserver").Event()
        process = child(_search, picture, folder, optimizer, renderer, begun)
        assert begun.wait(60)
        return process

    def whole(folder: str) -> None:
        process = worker(folder)
        process.join()
        assert process.exitcode == 0

    whole("whole")
    rng = random.Random(5)
    for _ in range(kills):
        process = worker("killed")
        time.sleep(rng.uniform(0.0, within))
        process.kill()
        process.join()
        if (Path("killed") / "DONE").exists():
            _compare_runs()
            for path in Path("killed").iterdir():
                path.unlink()
    whole("killed")
    _compare_runs()


def _compare_runs() -> None:
    for name in ("final.svg", "final.png", "preview.png", "recipe.toml", "target.png", "snapshots.bin"):
        assert (Path("killed") / name).read_bytes() == (Path("whole") / name).read_bytes(), name
    states = [load_state(RunFolder(name))[0] for name in ("whole", "killed")]
    assert states[0].keys() == states[1].keys()
    assert all(states[0][name].tobytes() == states[1][name].tobytes() for name in states[0])


def test_a_timed_run_keeps_to_its_time_and_its_record_replays_it(picture: Path) -> None:
    plan = tiny(picture, steps=None, max_seconds=0.5, count=4)
    run = plan.run("timed")
    began = time.perf_counter()
    artwork = run.run()
    assert run.seconds >= 0.5
    assert time.perf_counter() - began < 5
    replay = artwork.recipe.replay
    assert replay is not None
    assert replay.steps == run.count > 10
    assert len(replay.horizons) > 5
    artwork.save("timed.svg")
    # The replay follows the record, not the clock: the same bytes, and its own record is the same.
    again = verbs.plan_redo("timed.svg").run().run()
    assert again.to_json() == artwork.to_json()
    assert abs(replay.horizons[-1][1] - replay.steps) < 0.5 * replay.steps, "the schedule was stretched over another length"


def test_stop_rules(picture: Path) -> None:
    assert tiny(picture, steps=0).run().run().results["steps"] == 0
    assert tiny(picture, steps=5).run().run().results["steps"] == 5
    early = tiny(picture, steps=500, target_loss=0.02).run().run().results
    assert early["loss"] <= 0.02
    assert early["steps"] < 500
    still = {"optimizer.rate": 1e-9, "optimizer.coarse": 1}
    assert tiny(picture, optimizer="adam", steps=5000, plateau=30, options=still).run().run().results["steps"] < 100


def test_the_best_is_what_the_picture_scores(picture: Path) -> None:
    run = tiny(picture, steps=40).run()
    artwork = run.run()
    again = run.problem.losses(torch.from_numpy(artwork.genome)[None])
    assert float(again) == artwork.results["loss"] == run.best_loss


def test_events_tell_the_story(picture: Path) -> None:
    heard: list[Event] = []
    run = tiny(picture).run("told")
    run.listeners.append(heard.append)
    run.run()
    kinds = [event.kind for event in heard]
    assert kinds.count("step") == 12
    assert kinds[-1] == "done"
    assert "saved" in kinds
    assert [event.step for event in heard if event.kind == "step"] == list(range(1, 13))
    best = [event.best for event in heard]
    assert best == sorted(best, reverse=True)
    assert heard[-2].psnr > 5


def test_losses_that_are_never_numbers_stop_the_run_in_words(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny(picture, optimizer="snes").run("nan")
    score = run.problem.objective

    def poisoned(candidates: Any) -> torch.Tensor:
        return score(candidates) * (torch.nan if (candidates.step or 0) > 3 else 1.0)

    monkeypatch.setattr(run.problem, "objective", poisoned)
    with pytest.raises(CreativityError, match="no candidate of step 5 has a finite loss; .* the last good state is in nan"):
        run.run()
    assert load_state(RunFolder("nan"))[1]["best_loss"] < 1


def test_a_full_disk_stops_in_words_and_the_run_goes_on_later(picture: Path) -> None:
    script = """
        import resource, signal, sys
        from creativity import run, verbs
        from creativity.errors import CreativityError
        run.CHECKPOINT_SECONDS = 0.0
        plan = verbs.plan_fit(sys.argv[1], count=8, seed=7, steps=12, target_size=32, threads=1, size=64)
        work = plan.run("full")
        def fill(event):
            if event.step == 4:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
        work.listeners.append(fill)
        try:
            work.run()
        except CreativityError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(picture)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("cannot write full")
    assert done.stdout.count("\n") == 1
    assert verbs.resume("full").to_json() == tiny(picture).run().run().to_json()


@pytest.mark.parametrize("harm", ["target", "recipe", "empty"])
def test_a_run_folder_that_was_harmed_is_refused(picture: Path, harm: str) -> None:
    run = tiny(picture).run("harmed")
    run.listeners.append(lambda event: run.stop())
    with pytest.raises(Interrupted):
        run.run()
    if harm == "target":
        (Path("harmed") / "target.png").write_bytes(picture.read_bytes()[:200])
    elif harm == "recipe":
        (Path("harmed") / "recipe.toml").write_text("renderer = 3")
    else:
        os.makedirs("other")
    with pytest.raises(CreativityError):
        open_run("other" if harm == "empty" else "harmed")


def test_both_ways_of_searching_find_a_likeness(target: np.ndarray[Any, Any]) -> None:
    """Not just lower: most of what there is to explain is explained."""
    flat = float(((target[..., :3] / 255.0 - target[..., :3].mean(axis=(0, 1)) / 255.0) ** 2).mean())
    for optimizer, steps, share in (("adam", 300, 0.15), ("pgpe", 300, 0.4)):
        run = tiny(target, optimizer=optimizer, steps=steps, count=12, target_size=48, options={"renderer.background": "#808080"}).run()
        assert run.run().results["loss"] < share * flat, optimizer


def test_a_run_folder_holds_what_it_promises(picture: Path) -> None:
    tiny(picture).run("told").run()
    promised = "recipe.toml target.png state.safetensors history.jsonl preview.png final.svg final.png artwork.json DONE"
    assert {path.name for path in Path("told").iterdir()} >= set(promised.split())
    assert open_artwork("told").to_json() == open_artwork("told/final.svg").to_json() == open_artwork("told/final.png").to_json()


def test_what_is_refused_is_refused_before_a_folder_is_made(picture: Path) -> None:
    with pytest.raises(CreativityError, match="at most 2000"):
        tiny(picture, optimizer="cma-es", count=1000).run("never")
    assert not Path("never").exists()


def test_a_crashing_listener_does_not_cost_the_checkpoint(picture: Path) -> None:
    run = tiny(picture).run("crash")

    def crash(event: Event) -> None:
        if event.step == 6:
            raise RuntimeError("the screen is gone")

    run.listeners.append(crash)
    with pytest.raises(RuntimeError):
        run.run()
    assert verbs.resume("crash").to_json() == tiny(picture).run().run().to_json()


def test_saving_that_takes_long_is_done_seldom(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "CHECKPOINT_SECONDS", 0.0)
    saved: list[float] = []

    def slow(*state: Any) -> None:
        time.sleep(0.1)
        saved.append(time.monotonic())

    monkeypatch.setattr(run_module, "save_state", slow)
    tiny(picture, steps=None, max_seconds=1.0).run("often").run()
    assert 2 <= len(saved) <= 4  # at the start, at the end, and at most once in between


def test_a_transparent_target_is_scored_on_white_or_kept(target: np.ndarray[Any, Any]) -> None:
    logo = target.copy()
    logo[:, :24, 3] = 0
    how: dict[str, Any] = {"steps": 200, "target_size": 48, "count": 12}
    opaque = tiny(logo, **how, options={"renderer.background": "free"}).run().run().rgba(48)
    assert opaque[2:-2, 2:20, :3].mean() > 225, "what is not there should look like paper"
    plan = tiny(logo, **how)  # unless told otherwise, what can be seen through stays so
    assert plan.notes == ("the picture is transparent in part, and so is what is made of it (renderer.background=none)",)
    kept = plan.run().run().rgba(48)
    assert kept[2:-2, 2:20, 3].mean() < 30 < 200 < kept[2:-2, 28:, 3].mean()
