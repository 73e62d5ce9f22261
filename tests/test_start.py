"""Going on from another artwork: what is kept is kept to the bit, what is new is new, and nothing is begun again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from creativity import cli, verbs
from creativity.artwork import Artwork, open_artwork
from creativity.errors import CreativityError
from creativity.run import Interrupted, Run
from creativity.series import FRAME_STEPS
from tests.conftest import tiny


def rough(picture: Path, steps: int = 0, **how: Any) -> Artwork:
    """Something to go on from: at step 0, triangles where chance put them."""
    return (
        tiny(picture, **{"seed": 3, "steps": steps, "optimizer": "relay" if steps else "adam", "count": 12, "target_size": 48, **how})
        .run()
        .run()
    )


def going_on(picture: Path, start: Any, **how: Any) -> Run:
    return tiny(picture, **{"start": start, "count": None, "target_size": 48, **how}).run()


def blocks(run: Run, genome: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    spec = run.problem.renderer.spec
    return {block.name: genome[spec.slices[block.name]].reshape(block.shape) for block in spec.blocks}


def test_a_start_is_where_the_search_begins(picture: Path) -> None:
    start = rough(picture, steps=200, options={"renderer.max_opacity": 0.8})
    artwork = going_on(picture, start, steps=0).run()
    assert artwork.genome.tobytes() == start.genome.tobytes()
    assert artwork.recipe.renderer == start.recipe.renderer  # its options too
    assert artwork.results["loss"] == start.results["loss"]


@pytest.mark.parametrize("optimizer", ["relay", "greedy", "adam", "lbfgs", "pgpe", "ga"])
def test_no_optimizer_undoes_its_start(picture: Path, optimizer: str) -> None:
    start = rough(picture, steps=400)
    run = going_on(picture, start, optimizer=optimizer, steps=30)
    looked: list[float] = []
    run.listeners.append(lambda event: looked.append(event.loss) if event.kind == "step" and event.fidelity == 1 else None)
    assert run.run().results["loss"] <= start.results["loss"]
    assert max(looked[:3], default=0.0) < 0.1 * rough(picture).results["loss"]


def test_a_relay_does_not_begin_by_another_measure(picture: Path) -> None:
    start = rough(picture, steps=150, objective="ssim")
    run = going_on(picture, start, objective="ssim", steps=40)
    phases = []
    run.listeners.append(lambda event: phases.append(event.phase) if event.kind == "step" else None)
    assert run.run().results["loss"] <= start.results["loss"]
    assert set(phases) == {"adam"}
    more = going_on(picture, start, objective="ssim", steps=200, count=20)
    more.listeners.append(lambda event: phases.append(event.phase) if event.kind == "step" else None)
    assert more.run().results["loss"] < start.results["loss"]
    assert "placing marks" in phases


def test_adam_alone_goes_on_gently_and_once(picture: Path) -> None:
    run = going_on(picture, rough(picture), optimizer="adam", steps=1)
    run.run()
    optimizer: Any = run.optimizer
    assert optimizer._torch.param_groups[0]["lr"] == pytest.approx(0.02)
    assert optimizer._z.shape[0] == 1
    run = going_on(picture, rough(picture), optimizer="adam", steps=1, keep=0.5)
    run.run()
    assert run.optimizer._z.shape[0] == 4  # type: ignore[attr-defined]  # half of the marks are where chance puts them
    run = going_on(picture, rough(picture), optimizer="adam", steps=1, options={"optimizer.rate": 0.5})
    run.run()
    assert run.optimizer._torch.param_groups[0]["lr"] == 0.5  # type: ignore[attr-defined]


@pytest.mark.parametrize(("count", "kept"), [(20, 12), (12, 12), (5, 5)])
def test_marks_are_carried_over_in_order(picture: Path, count: int, kept: int) -> None:
    start = rough(picture)
    run = going_on(picture, start, count=count, steps=0, optimizer="adam")
    after, before = blocks(run, run.run().genome), blocks(going_on(picture, start), start.genome)
    for name in ("vertices", "colour", "opacity"):
        assert after[name][:kept].tobytes() == before[name][:kept].tobytes()
    assert after["background"].tobytes() == before["background"].tobytes()
    assert run.problem.fresh is not None
    assert run.problem.fresh.sum() == count - kept


def test_a_shape_becomes_no_other_by_its_number(picture: Path) -> None:
    start = rough(picture, renderer="shapes")
    for kinds in ("line,circle", ",".join(reversed(start.recipe.renderer.options["kinds"]))):
        with pytest.raises(CreativityError, match="kind is one of triangle, .*, here of (line, circle|regular-polygon, .*); use"):
            going_on(picture, start, options={"renderer.kinds": kinds})


@pytest.mark.parametrize("opacities", [(0.0, 0.5), (1.0, 1.0)])
def test_what_is_carried_into_another_range_is_the_same_there_and_can_be_read_again(picture: Path, opacities: tuple[float, float]) -> None:
    low, high = opacities
    start = rough(picture, steps=150)
    limits = {"renderer.min_opacity": low, "renderer.max_opacity": high}
    going_on(picture, start, steps=0, optimizer="adam", options=limits).run().save("a.json")
    after, before = open_artwork("a.json"), start.renderer.spec.decode(torch.from_numpy(start.genome)[None])["opacity"]
    opacity = after.renderer.spec.decode(torch.from_numpy(after.genome)[None])["opacity"]
    assert torch.allclose(opacity, before.clamp(low, high), atol=1e-6)


def test_keep_places_the_rest_anew(picture: Path) -> None:
    start = rough(picture, steps=300)
    how = {"keep": 0.75, "optimizer": "adam", "steps": 0}  # greedy would begin by taking away what it is to place
    run = going_on(picture, start, **how)
    after, before = blocks(run, run.run().genome), blocks(run, start.genome)
    moved = (after["vertices"] != before["vertices"]).any(axis=(1, 2))
    assert moved.sum() == 3
    assert (moved == run.problem.fresh).all()
    other = going_on(picture, start, **how, seed=8)
    assert not (other.problem.fresh == run.problem.fresh).all()
    nothing = going_on(picture, start, **{**how, "keep": 0.0})
    assert nothing.problem.fresh is not None
    assert nothing.problem.fresh.all()


def test_greedy_places_what_is_missing_and_no_more(picture: Path) -> None:
    start = rough(picture, steps=400)
    run = going_on(picture, start, count=16, optimizer="greedy", steps=33)
    losses, phases = [], []
    run.listeners.append(lambda event: (losses.append(event.loss), phases.append(event.phase)) if event.kind == "step" else None)
    run.run()
    assert phases == 32 * ["placing marks"] + ["fitting them in place"]
    assert losses[0] <= start.results["loss"] + 1e-6, "the marks that were there are there from the first step on"
    assert losses[31] < 0.9 * start.results["loss"]
    run = going_on(picture, start, optimizer="greedy", steps=3)
    run.listeners.append(lambda event: phases.append(event.phase))
    run.run()
    assert phases[-1] == "fitting them in place"


def test_a_genome_without_marks_is_mixed(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three numbers that belong to no mark: 0.75 of the start, 0.25 of a new one."""
    from dataclasses import replace

    from creativity.recipe import Start
    from creativity.renderers.genome import ParamSpec
    from creativity.renderers.triangles import Triangles
    from creativity.start import warm
    from creativity.streams import Streams

    start = rough(picture)
    whole = start.renderer.spec
    monkeypatch.setattr(Triangles, "spec", ParamSpec(tuple(replace(block, per_mark=False) for block in whole.blocks)))
    ready = warm(replace(start), Start(keep=0.75, lock=("colour",)), Triangles(start.renderer.options), Streams(1)("start"))  # type: ignore[attr-defined]
    new = torch.randn(2, whole.size)
    mixed = ready.onto(new)
    genome, colour = torch.from_numpy(start.genome), whole.slices["colour"]
    assert torch.equal(mixed[:, colour], genome[colour].expand(2, -1))
    assert torch.allclose(mixed[:, :72], 0.75 * genome[:72] + 0.25 * new[:, :72])


@pytest.mark.parametrize(
    ("optimizer", "lock"),
    [
        *[(name, "background,0-4,9") for name in ("relay", "greedy", "adam", "adamw", "pgpe", "snes", "lbfgs")],
        *[(name, lock) for name in ("relay", "greedy", "lbfgs") for lock in ("colour", "vertices,background")],
    ],
)
def test_what_is_locked_stays_to_the_bit_and_the_rest_moves(picture: Path, optimizer: str, lock: str) -> None:
    start = rough(picture)
    if optimizer == "greedy" and "0-4" not in lock:
        with pytest.raises(CreativityError, match="greedy builds a drawing mark by mark"):
            going_on(picture, start, lock=lock, optimizer=optimizer)
        return
    steps = {"relay": 60, "greedy": 40, "pgpe": 60, "snes": 60}.get(optimizer, 20)
    options = {"optimizer.coarse": 1.0} if optimizer not in ("relay", "greedy") else {}
    run = going_on(picture, start, lock=lock, optimizer=optimizer, steps=steps, options=options)
    artwork = run.run()
    assert run.problem.warm is not None
    held = run.problem.warm.held.numpy()
    assert 0 < held.sum() == len(held) - run.problem.spec.size
    assert artwork.genome[held].tobytes() == start.genome[held].tobytes()
    assert (artwork.genome[~held] != start.genome[~held]).mean() > 0.5
    assert artwork.results["loss"] < 0.95 * start.results["loss"]
    again = run.problem.losses(run.problem.reduce(torch.from_numpy(artwork.genome))[None])
    assert artwork.results["loss"] == pytest.approx(float(again), rel=1e-5)


def test_a_lock_holds_the_rounds_of_a_relay(picture: Path) -> None:
    start = rough(picture, steps=300)
    run = going_on(picture, start, lock="2-5,8", steps=1050)
    artwork = run.run()
    assert run.problem.warm is not None
    held = run.problem.warm.held.numpy()
    assert artwork.genome[held].tobytes() == start.genome[held].tobytes()
    assert artwork.results["loss"] < start.results["loss"]


def test_a_builder_around_marks_that_are_held_tells_the_truth(picture: Path) -> None:
    problem = going_on(picture, rough(picture), lock="0,3-4,11").problem
    builder = problem.builder()
    assert problem.warm is not None
    builder.load(problem.reduce(problem.warm.genome))
    before = float(problem.losses(builder.genome[None])[0])
    for seed, fresh in enumerate((np.zeros(8, np.bool_), np.arange(8) % 2 == 0)):
        saved = builder.sweep(range(8), fresh, 20, 2, 30, seed)
        after = float(problem.losses(builder.genome[None])[0])
        assert saved > 0
        assert before - after == pytest.approx(saved, rel=0.01, abs=1e-5)
        before = after
    useful = builder.usefulness()
    assert useful.shape == (8,)
    builder.remove(np.array([2]))  # mark 5 of the drawing
    assert float(problem.losses(builder.genome[None])[0]) - before == pytest.approx(useful[2], rel=0.01, abs=1e-5)
    vertices = blocks(going_on(picture, rough(picture)), problem.expand(builder.genome).numpy())["vertices"]
    assert (vertices[5] == 0.5).all()
    assert not (vertices[2] == 0.5).all()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"renderer": "es-clip"}, "made of triangles, not of es-clip: write --renderer triangles"),
        ({"lock": "backgroud"}, "did you mean 'background'.* 0-11"),
        ({"lock": "5-12"}, "start's are 0-11"),
        ({"lock": "9-5"}, "start's are 0-11"),
        ({"lock": "13", "count": 20}, "start's are 0-11"),
        ({"lock": "0-11,background"}, "nothing is left"),
        ({"lock": "colour", "count": 20}, "no colour for every mark"),
        ({"keep": 1.5}, "from 0.0 to 1.0"),
        ({"start": None, "keep": 0.5}, "--start FILE"),
        ({"start": None, "lock": "background"}, "--start FILE"),
        ({"start": "disc.png"}, "carries no recipe"),
        ({"start": "nothing.svg"}, "nothing.svg"),
    ],
)
def test_what_cannot_be_gone_on_from_is_refused_in_words(picture: Path, how: dict[str, Any], words: str) -> None:
    with pytest.raises(CreativityError, match=words):
        going_on(picture, **{"start": rough(picture), **how})


def test_a_start_travels_by_its_digest(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Saved, resumed and redone: found beside the file or in run folders, else asked for by name."""
    rough(picture, steps=60).save("first.svg")
    words = ["fit", str(picture), "--start", "first.svg", "--keep", "0.5", "--lock", "0-3", "--target-size", "48", "--size", "64"]
    assert cli.main([*words, "--steps", "50", "--seed", "1", "-o", "second.svg", "--run-dir", "r", "--quiet"]) == 0
    recipe = open_artwork("second.svg").recipe
    assert recipe.start is not None
    assert (recipe.start.name, recipe.start.keep, recipe.start.lock) == ("first.svg", 0.5, ("0-3",))
    assert cli.main(["redo", "second.svg", "-o", "a.svg", "--quiet"]) == 0
    assert Path("a.svg").read_bytes() == Path("second.svg").read_bytes()
    os.rename("first.svg", "elsewhere.svg")
    assert cli.main(["redo", "r", "-o", "b.svg", "--quiet"]) == 0  # the folder keeps a copy
    shutil.rmtree("runs")
    capfd.readouterr()
    assert cli.main(["redo", "a.svg", "-o", "c.svg", "--run-dir", "c"]) == 2
    assert "name it with --start FILE" in capfd.readouterr().err
    assert cli.main(["redo", "a.svg", "-o", "c.svg", "--start", "a.svg", "--run-dir", "c"]) == 2
    assert "digest differs" in capfd.readouterr().err
    assert cli.main(["redo", "a.svg", "-o", "c.svg", "--start", "elsewhere.svg", "--run-dir", "c", "--quiet"]) == 0
    for name in ("b.svg", "c.svg"):
        assert Path(name).read_bytes() == Path("second.svg").read_bytes()


@pytest.mark.parametrize("at", [3, 35, 45])
def test_a_run_from_a_start_resumes_without_it(picture: Path, at: int) -> None:
    rough(picture, steps=60).save("first.json")
    how = {"start": "first.json", "keep": 0.7, "lock": "1,background", "steps": 60, "count": 15, "target_size": 48}
    whole = tiny(picture, **how).run("whole").run()
    run = tiny(picture, **how).run("parts")
    run.listeners.append(lambda event: run.stop() if event.step == at else None)
    with pytest.raises(Interrupted):
        run.run()
    os.remove("first.json")
    assert verbs.resume("parts").to_json() == whole.to_json()
    (Path("parts") / "start.json").write_bytes((Path("parts") / "artwork.json").read_bytes())
    with pytest.raises(CreativityError, match="start.json is not the artwork"):
        verbs.resume("parts")


def test_what_is_new_in_a_picture_gets_marks_of_elsewhere(tmp_path: Path) -> None:
    """A ball that wanders, with an eye: frame by frame the drawing stays about as close as the first, which was searched for."""
    losses, before = [], None
    for x in (45, 30, 15, 30, 45):
        frame = Image.new("RGB", (60, 40), (150, 200, 240))
        draw = ImageDraw.Draw(frame)
        draw.polygon([(0, 40), (0, 28), (20, 18), (40, 30), (60, 22), (60, 40)], (60, 130, 70))
        draw.ellipse((x - 8, 6, x + 8, 22), (240, 190, 40))
        draw.ellipse((x - 4, 9, x, 13), (30, 30, 30))
        frame.save(tmp_path / "frame.png")
        how: dict[str, Any] = {"count": 16, "steps": 600} if before is None else {"count": None, "steps": FRAME_STEPS, "start": before}
        before = tiny(tmp_path / "frame.png", **{"seed": 3, "optimizer": "relay", "target_size": 60, **how}).run().run()
        losses.append(before.results["loss"])
    assert np.mean(losses[1:]) < 2.6 * losses[0]
