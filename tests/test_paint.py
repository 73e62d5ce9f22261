"""Painting from words: what a run of it promises, by the real verbs on real weights, small."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import creativity
from creativity import cli, images, painting, presets, verbs
from creativity import run as run_module
from creativity.artwork import open_artwork
from creativity.errors import CreativityError
from creativity.models.encoders import open_encoder
from creativity.objectives.clip import Clip
from creativity.painting import plan_paint
from creativity.run import Run, open_run
from tests.conftest import child
from tests.test_encoders import write as write_model


def small(*prompts: str, **how: Any) -> verbs.Plan:
    """A painting that takes a moment."""
    return plan_paint(prompts, **{"count": 12, "seed": 3, "steps": 40, "target_size": 48, "threads": 1, "size": 64, "samples": 2, **how})


def test_what_is_painted_is_what_was_asked_for() -> None:
    """Told from other prompts by an encoder that looks at the finished picture, at a size that was never scored."""
    prompts = ["a red circle", "a blue square on a yellow background", "a night sky with a full moon and stars"]
    encoder = open_encoder("embedded")
    pictures = [torch.from_numpy(creativity.paint(text, seed=1, count=40, steps=70).rgba(200)[..., :3].copy()) for text in prompts]
    with torch.no_grad():
        nearness = encoder.images(torch.stack(pictures).permute(0, 3, 1, 2) / 255) @ encoder.texts(prompts).T
    assert nearness.argmax(1).tolist() == [0, 1, 2]


def test_refining_lowers_the_loss_and_keeps_to_what_was_imagined() -> None:
    plan = small("a yellow star", count=30, target_size=64, steps=None)
    run = plan.run()
    losses = {}
    for event in run.stream():
        losses.setdefault(event.phase, event.best)
    refined = run.artwork
    assert refined.results["loss"] < 0.95 * losses["adam"]
    assert plan.target is not None
    near = images.resized(plan.target, 48).astype(float) - refined.rgba(48).astype(float)
    assert np.sqrt((near**2).mean()) < 30


@pytest.mark.parametrize(
    "how", [{}, {"prior": None}, {"optimizer": "pgpe", "options": {"optimizer.population": 8}}], ids=["prior", "bare", "pgpe"]
)
def test_same_seed_same_bytes_and_another_seed_another_picture(how: dict[str, Any]) -> None:
    one, same, other = (small("a green tree", **{**how, "seed": seed, "steps": 15}).run().run() for seed in (3, 3, 4))
    assert one.encode(".svg") == same.encode(".svg")
    assert one.genome.tobytes() != other.genome.tobytes()


def test_redone_from_its_file_alone_and_with_another_seed(tmp_path: Path) -> None:
    first = small("a purple heart").run("run").run()
    first.save("alone/heart.svg") if Path("alone").mkdir() is None else None
    shutil.rmtree("run")
    again = verbs.plan_redo("alone/heart.svg").run().run()
    assert again.encode(".svg") == first.encode(".svg")
    other = verbs.plan_redo("alone/heart.svg", seed=9)
    assert other.target is not None
    assert other.recipe.target != first.recipe.target
    assert other.run().run().genome.tobytes() != first.genome.tobytes()


def _search(folder: str, begun: Any) -> None:
    run_module.CHECKPOINT_SECONDS = 0.0
    work = open_run(folder) if (Path(folder) / "state.safetensors").exists() else small("a red boat on the sea", steps=120).run(folder)
    begun.set()
    work.run()


def test_killed_and_resumed_it_is_the_same_painting() -> None:
    import multiprocessing

    def worker(folder: str) -> Any:
        begun = multiprocessing.get_context("forkserver").Event()
        process = child(_search, folder, begun)
        assert begun.wait(60)
        return process

    worker("whole").join()
    for pause in (0.3, 0.9, 0.5):
        process = worker("killed")
        time.sleep(pause)
        process.kill()
        process.join()
    worker("killed").join()
    for name in ("final.svg", "final.png", "recipe.toml", "target.png"):
        assert (Path("killed") / name).read_bytes() == (Path("whole") / name).read_bytes(), name


def test_a_model_of_open_clip_in_a_folder_guides_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    model = write_model(Path("tiny"))
    words = [
        "a red bird",
        "--encoder",
        f"local-dir:{model}",
        "--no-prior",
        "--steps",
        "60",
        "--count",
        "8",
        "--target-size",
        "48",
        "--json",
    ]
    assert cli.main(["paint", *words, "--seed", "1", "--threads", "1", "-o", "out.svg", "--offline"]) == 0
    figures = json.loads(capsys.readouterr().out)
    lines = [json.loads(line) for line in Path(figures["run"], "history.jsonl").read_text().splitlines()]
    assert figures["loss"] < lines[0]["best"] - 0.05
    assert open_artwork("out.svg").recipe.objective.options["terms"]["clip"]["weights"] == open_encoder(f"local-dir:{model}").digest


def test_seeds_share_their_prompt_and_the_best_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["a red circle", "--count", "6", "--steps", "12", "--target-size", "48", "--threads", "1", "--samples", "2", "--json"]
    assert cli.main(["paint", *words, "--seeds", "1..3", "-o", "out.svg"]) == 0
    found = json.loads(capsys.readouterr().out)["results"]["a-red-circle"]
    assert set(found["losses"]) == {"1", "2", "3"}
    assert found["loss"] == min(found["losses"].values())
    best = open_artwork("out.svg")
    assert best.recipe.seed == found["seed"]
    assert Path("out-seeds.png").exists()
    targets = {open_artwork(path).recipe.target for path in Path().glob("runs/*/s*/artwork.json")}
    assert len(targets) == 3, "each seed imagines for itself"


def test_a_photograph_to_begin_with_is_kept_to(picture: Path) -> None:
    near, far = (
        small("a red circle", start=picture, keep=keep, count=20, steps=None, target_size=48).run().run().results["mse"]
        for keep in (1.0, 0.0)
    )
    assert near < far
    plan = small("a red circle", start=picture)
    assert plan.recipe.canvas == (48, 40)
    assert plan.recipe.objective.options["terms"]["anchor"]["hold"] == painting.PHOTO_HOLD


def test_an_artwork_to_begin_with_is_gone_on_from() -> None:
    first = small("a red circle", steps=30).run().run()
    first.save("first.png")
    plan = small("a blue circle", start="first.png", steps=30, count=None)
    run = plan.run()
    start = run.starts()[0].numpy()
    assert np.abs(start - first.genome).max() == 0
    assert run.run().genome.tobytes() != first.genome.tobytes()


def test_the_shape_of_the_canvas_follows_a_box_and_the_thing_keeps_its_own() -> None:
    plan = small("a red circle", size="160x80", target_size=96)
    assert plan.recipe.canvas == (160, 80)
    assert plan.target is not None
    assert plan.target.shape == (48, 96, 4)
    red = (plan.target[..., 0].astype(int) - plan.target[..., 2]) > 80
    rows, columns = red.any(1).sum(), red.any(0).sum()
    assert 0.8 < rows / columns < 1.25, "the circle was stretched"


def test_terms_are_added_to_the_words_and_the_anchor() -> None:
    terms = small("a bird", objective="symmetry:0.5,anchor:20").recipe.objective.options["terms"]
    assert {name: term["weight"] for name, term in terms.items()} == {"clip": 1.0, "anchor": "20", "symmetry": "0.5"}
    run = small("a bird", objective={"symmetry": 0.5}, steps=2).run()
    assert isinstance(run.problem.objective.terms["clip"], Clip)  # type: ignore[attr-defined]


def test_words_that_nobody_knows_are_said_and_it_begins_with_nothing() -> None:
    plan = small("xylqwt", steps=3)
    assert plan.target is None
    assert any("knows nothing in" in note for note in plan.notes)
    assert any("nearest word that it knows" in note for note in plan.notes)
    plan.run().run()


def test_the_preset_es_clip_is_the_original() -> None:
    """es_clip.py of google/brain-tokyo-workshop and its defaults; on the embedded encoder, since no test has CLIP's weights."""
    plan = plan_paint("self", preset="es-clip", encoder="embedded", seed=1)
    recipe = plan.recipe
    assert plan.target is None
    assert recipe.renderer.options["count"] == 50
    assert recipe.optimizer.options | {"population": 256, "sigma": 0.1, "rate": 0.15, "strategy": "pgpe"} == recipe.optimizer.options
    assert recipe.stop.steps == 2000
    assert recipe.scored_size == (200, 200)
    clip = recipe.objective.options["terms"]["clip"]
    assert (clip["cutouts"], clip["contrast"], clip["noise"], clip["jitter"]) == (1, 0, 0, 0)
    assert clip["min_scale"] ** 2 == pytest.approx(0.7)
    assert clip["max_scale"] ** 2 == pytest.approx(0.9)
    with pytest.raises(CreativityError, match="creativity models get ViT-B-32/openai"):
        plan_paint("self", preset="es-clip", offline=True)
    Run(recipe.replace(stop=creativity.recipe.Stop(steps=2))).run()


@pytest.mark.parametrize("preset", ["poster", "stained-glass", "cut-paper"])
def test_looks_can_be_painted_with(preset: str) -> None:
    plan = small("a house", preset=preset, count=10, steps=14)
    assert plan.recipe.optimizer.name == "relay"
    artwork = plan.run().run()
    if "palette" in presets.PRESETS[preset].settings:
        assert artwork.recipe.renderer.options["palette"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([""], "no word in it"),
        (["a bird", "--seed", "1", "--seeds", "1..2"], "not both"),
        (["a bird", "--no-prior", "--prior", "embedded"], "not both"),
        (["a bird", "--prior", "embeded"], "no prior 'embeded'"),
        (["a bird", "--encoder", "embeded"], "no encoder is called"),
        (["a bird", "--objective", "clp:1"], "clip"),
        (["a bird", "--keep", "0.5"], "--start"),
        (["a bird", "--start", "nothing.png"], "nothing.png"),
        (["a bird", "--optimizer", "greedy", "--no-prior"], "greedy"),
        (["a bird", "--no-prior", "--palette", "5"], "palette"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["paint", *words, "-o", "out.png"]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert said in error[0]
    assert not Path("runs").exists()


def test_a_picture_may_stand_for_words_and_is_kept_with_the_run(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--count", "8", "--steps", "12", "--target-size", "48", "--threads", "1", "--samples", "2", "--seed", "1"]
    assert cli.main(["paint", "a circle", "--picture", f"{picture}:2", *small, "-o", "out.svg", "--run-dir", "run", "--json"]) == 0
    made = open_artwork("out.svg")
    assert [(wanted.name, wanted.sha256) for wanted in made.recipe.references] == [
        ("disc.png", images.digest(images.canonical(images.open_picture(picture))))
    ]
    resumed = open_run("run")
    objective = resumed.problem.objective.terms["clip"]  # type: ignore[attr-defined]
    encoder = open_encoder("embedded")
    shown = torch.from_numpy(images.open_picture(picture)[..., :3].copy()).permute(2, 0, 1)[None] / 255
    torch.testing.assert_close(objective._texts, torch.cat([encoder.texts(["a circle"]), encoder.images(shown)]), atol=1e-5, rtol=0)
    assert [prompt.weight for prompt in objective.prompts] == [1.0, 2.0]
    again = verbs.plan_redo("out.svg").run().run()
    assert again.encode(".svg") == made.encode(".svg")
    picture.unlink()
    shutil.rmtree("run")
    shutil.rmtree("runs", ignore_errors=True)
    with pytest.raises(CreativityError, match=r"disc\.png.*put it beside out\.svg"):
        verbs.plan_redo("out.svg")
