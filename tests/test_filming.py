"""What films show: a search at equal steps of loss, a drawing mark by mark; and that a killed run has the same film."""

from __future__ import annotations

import dataclasses
import itertools
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import creativity
from creativity import cli, filming, population, registry
from creativity.errors import CreativityError
from creativity.files import RunFolder, load_state, save_state
from creativity.run import Interrupted
from creativity.snapshots import EACH, NAME, RATIO, Snapshots
from tests.conftest import tiny
from tests.oracles import psnr

FAST = ["--steps", "40", "--count", "6", "--target-size", "32", "--size", "64", "--seed", "7", "--threads", "1", "--quiet"]


def test_a_run_is_filmed_from_the_command_line(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fit", str(picture), *FAST, "--run-dir", "r", "-o", "a.gif", "-o", "a.png"]) == 0
    artwork = creativity.open_artwork("a.gif")
    assert artwork.to_json() == creativity.open_artwork("a.png").to_json()
    with Image.open("a.gif") as film:
        assert film.size == (64, 53)
        frames, times = [], []
        for i in range(film.n_frames):  # type: ignore[attr-defined]
            film.seek(i)
            frames.append(np.asarray(film.convert("RGBA")) / 255)
            times.append(film.info["duration"])
        assert film.info["loop"] == 0
    assert 5 < len(frames) <= 100
    assert sum(times) == pytest.approx(100 * 40 + filming.HOLD, abs=10)
    assert times[-1] >= filming.HOLD
    assert all((a != b).any() for a, b in itertools.pairwise(frames))
    assert psnr(frames[-1], artwork.rgba(64) / 255) > 35
    # From the folder, later: the same film; other kinds and sizes too.
    words = ["film", "r", "-o", "b.gif", "-o", "b.webp", "--size", "64"]
    assert cli.main(words) == 0
    assert Path("b.gif").read_bytes() == Path("a.gif").read_bytes()
    with Image.open("b.webp") as film:
        assert film.n_frames == len(frames)  # type: ignore[attr-defined]
    # A film carries its recipe: the same picture again, and its bits.
    capfd.readouterr()
    assert cli.main(["redo", "b.webp", "-o", "again.png", "-o", "again.gif"]) == 0
    assert "the same picture, bit for bit" in capfd.readouterr().err
    assert Path("again.png").read_bytes() == Path("a.png").read_bytes()
    assert Path("again.gif").read_bytes() == Path("a.gif").read_bytes()
    assert cli.main(["export", "a.gif", "-o", "b.png"]) == 0
    assert Path("b.png").read_bytes() == Path("a.png").read_bytes()
    assert cli.main(["show", "a.gif"]) == 0
    # Without -o, redo makes what it was given anew, under a new name.
    assert cli.main(["redo", "a.gif", "--quiet"]) == 0
    assert Path("a-redo.gif").read_bytes() == Path("a.gif").read_bytes()


@pytest.mark.parametrize("optimizer", ["relay", "pgpe"])
def test_a_run_that_was_stopped_or_killed_has_the_same_film(picture: Path, optimizer: str) -> None:
    plan = tiny(picture, optimizer=optimizer, steps=100)
    plan.run("whole").run()
    run = plan.run("parts")
    run.listeners.append(lambda event: run.stop() if event.step == 45 else None)
    with pytest.raises(Interrupted):
        run.run()
    unfinished = creativity.film("parts", size=48)
    assert len({frame.tobytes() for frame in unfinished.frames}) > 3
    with open(Path("parts") / NAME, "ab") as file:
        file.write(b"what a killed process wrote after its last checkpoint")
    creativity.resume("parts")
    assert (Path("parts") / NAME).read_bytes() == (Path("whole") / NAME).read_bytes()
    films = [creativity.film(name, size=48) for name in ("whole", "parts")]
    assert films[0].encode(".apng") == films[1].encode(".apng")
    # One in memory is filmed alike.
    run = plan.run()
    run.run()
    assert creativity.film(run, size=48).encode(".apng") == films[0].encode(".apng")


def test_frames_stand_at_equal_steps_of_loss() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        losses = np.sort(np.exp(rng.normal(-3, 1, rng.integers(2, 400))))[::-1]
        count = int(rng.integers(2, 120))
        places = filming.equal_steps(losses.tolist(), count)
        assert len(places) == count
        assert (places[0], places[-1]) == (0, len(losses) - 1)
        assert places == sorted(places)
        for i, place in enumerate(places):
            level = losses[0] * (losses[-1] / losses[0]) ** (i / (count - 1))
            assert losses[place] <= level * (1 + 1e-9)
            assert place == 0 or losses[place - 1] > level * (1 - 1e-9)
    assert filming.equal_steps([0.5], 10) == [0]
    assert filming.equal_steps([math.inf], 10) == [0]
    assert filming.equal_steps([0.5, 0.4, 0.3], 1) == [2]
    assert filming.equal_steps([0.2, 0.0, -0.1, -0.2], 5) == [0, 1, 1, 2, 3]


def test_snapshots_are_taken_where_the_loss_has_fallen_and_are_bounded() -> None:
    snapshots, loss = Snapshots(3), 1.0
    for step in range(60_000):
        snapshots.offer(step, loss, torch.full((3,), loss))
        loss *= 1 - 1e-3
    kept = snapshots.read(None)
    assert EACH < len(kept) <= 8 * EACH
    losses = np.array([shot.loss for shot in kept])
    assert (losses[1:] <= losses[:-1] * (1 - RATIO) * (1 + 1e-9)).all()
    assert losses[EACH] > (1 - RATIO - 1.1e-3) ** EACH, "some were missed"
    assert losses[-1] < 1e-20
    assert all((shot.genome == np.float32(shot.loss)).all() for shot in kept)
    large = Snapshots(500_000)  # two megabytes each
    for step in range(300):
        large.offer(step, 0.97**step, torch.zeros(500_000))
    assert len(large.read(None)) <= 32


@pytest.mark.parametrize("state", [None, 3, [5], ["x", 0.1], [-3, 0.1], [math.inf, 0.1], [10**12, 0.1], [10**30, 0.1], [2, None]])
def test_a_checkpoint_that_lies_about_its_snapshots_is_refused_in_words(picture: Path, state: Any) -> None:
    tiny(picture, optimizer="adam", steps=2).run("r").run()
    arrays, facts, _ = load_state(RunFolder("r"))
    save_state(RunFolder("r"), arrays, {**facts, "snapshots": state})
    for action in (creativity.film, creativity.resume):
        with pytest.raises(CreativityError, match="does not fit its recipe"):
            action("r")


def test_a_search_that_finds_nothing_is_a_film_of_one_picture(picture: Path) -> None:
    run = tiny(picture, steps=0).run()
    run.run()
    film = creativity.film(run)
    assert len(film.frames) == 1
    run.snapshots.offer(1, -math.inf, torch.zeros(run.problem.spec.size))
    with pytest.raises(CreativityError, match="is damaged"):
        creativity.film(run)


@pytest.mark.parametrize("renderer", ["triangles", "shapes"])
@pytest.mark.parametrize("least", [0.0, 0.3])
def test_a_drawing_appears_mark_by_mark(picture: Path, renderer: str, least: float) -> None:
    """Frame k is what a renderer of k marks paints with the first of them: another way to the same picture."""
    options = {"renderer.background": "none", "renderer.min_opacity": least}
    options |= {"renderer.kinds": "circle"} if renderer == "shapes" else {}
    artwork = tiny(picture, renderer=renderer, optimizer="adam", count=5, options=options).run().run()
    film = creativity.film(artwork, size=48)
    assert len(film.frames) == 6
    assert film.durations == [filming.LONGEST] * 5 + [filming.LONGEST + filming.HOLD]
    assert (film.frames[0] == 0).all()
    for k in range(1, 6):
        part = artwork.recipe.renderer
        fewer = registry.renderers.create(part.name, {**part.options, "count": k})
        values = artwork.renderer.spec.decode(torch.from_numpy(artwork.genome)[None])
        genome = fewer.spec.encode({name: value[:, :k] for name, value in values.items()})[0].numpy()
        recipe = artwork.recipe.replace(renderer=dataclasses.replace(part, options={**part.options, "count": k}))
        painted = dataclasses.replace(artwork, genome=genome, recipe=recipe).rgba(48)
        assert np.abs(film.frames[k].astype(int) - painted).max() <= 1
    assert (film.frames[-1] == artwork.rgba(48)).all()


def test_many_marks_come_ever_faster() -> None:
    for marks, frames in [(0, 5), (1, 100), (99, 100), (100, 100), (101, 100), (5000, 100), (50_000, 30), (7, 1), (7, 2)]:
        pace = filming.accelerating(marks, frames)
        assert len(pace) == min(marks + 1, frames)
        assert pace[-1] == marks
        if frames > 1:
            assert pace[0] == 0
            steps = np.diff(pace)
            assert (steps >= 1).all()
            assert (np.diff(steps) >= -1).all(), "it slowed down"  # (by one, of rounding)
            assert marks < 2 * frames or steps[-1] > 5 * steps[0] or frames == 2


def test_one_mark_is_a_film_too(picture: Path) -> None:
    artwork = tiny(picture, count=1, optimizer="adam").run().run()
    film = creativity.film(artwork, size=32)
    assert len(film.frames) == 2
    assert (repr(film), film.summary) == ("Film(2 frames, 32x27, 2.5 s)", "2 frames, 32x27, 2.5 s")
    for suffix in (".gif", ".webp", ".apng"):
        artwork.save(f"one{suffix}", size=32)
        with Image.open(f"one{suffix}") as opened:
            assert opened.n_frames == 2  # type: ignore[attr-defined]
        assert creativity.open_artwork(f"one{suffix}").to_json() == artwork.to_json()


def test_evolution_is_filmed_as_a_population(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = {"optimizer.population": 20, "optimizer.sigma": 0.3, "optimizer.coarse": 1}
    run = tiny(picture, optimizer="snes", steps=60, options=options).run("r")
    artwork = run.run()
    assert cli.main(["film", "r", "-o", "p.apng", "--of", "population", "--frames", "12", "--size", "200"]) == 0
    with Image.open("p.apng") as film:
        assert 6 < film.n_frames <= 12  # type: ignore[attr-defined]
        assert max(film.size) <= 200
    assert creativity.open_artwork("p.apng").to_json() == artwork.to_json()
    assert creativity.film(run, of="population", frames=12, size=200).encode(".apng") == Path("p.apng").read_bytes()
    # What it shows: steps at equal steps of loss, and a cloud whose centre goes from the first picture to the last.
    snapshots = run.snapshots.read(Path("r"))
    steps = population.steps_at(snapshots, artwork, 12)
    assert (steps[0], steps[-1]) == (1, 60)
    assert steps == sorted(steps)
    plane = population.Plane(run, artwork, snapshots)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-9)
    (start, _), (end, side) = plane.points(torch.from_numpy(np.stack([snapshots[0].genome, artwork.genome])))
    scale = run.problem.spec.scale.numpy()
    assert start == pytest.approx(0, abs=1e-6)
    assert side == pytest.approx(0, abs=1e-4)
    assert end == pytest.approx(float(np.linalg.norm((artwork.genome - snapshots[0].genome) / scale)), rel=1e-4)


@pytest.mark.parametrize("canvas", [(1, 1), (3, 200), (20_000, 3)])
def test_a_population_of_any_shape_has_a_frame(canvas: tuple[int, int]) -> None:
    layout = population.Layout(canvas, (100, 100))
    rng = np.random.default_rng(0)
    moments = [
        population.Moment(
            step, 0.5, np.zeros((16, *layout.cell(4), 3), np.uint8), np.zeros((*layout.cell(0), 3), np.uint8), rng.normal(size=(20, 2))
        )
        for step in (1, 2)
    ]
    for at in (0, 1):
        frame = layout.draw(moments, at)
        assert frame.shape == (*layout.size, 4)
        assert (frame[..., :3] > 0).any()


REFUSED = [
    ("film cut -o x.gif --of population", "has no population to film"),
    ("film a.svg", "-o FILE"),
    ("film a.svg -o a.avi", "one of: .apng, .gif, .mp4, .webp"),
    ("film a.svg -o x.gif --of serach", "did you mean 'search'"),
    ("film a.svg -o x.gif --frames 0", "from 1 to 10000"),
    ("film a.svg -o x.gif --fps 0", "from 1 to 100"),
    ("film a.svg -o x.gif --size 9000", "too many for a film"),
    ("film a.svg -o x.gif --of search --target a.png", "not the picture"),
    ("film missing.svg -o x.gif", "does not exist"),
    ("film . -o x.gif", "not a run folder"),
    ("film disc.png -o x.gif", "carries no recipe"),
    ("film plain.gif -o x.gif", "carries no recipe"),
    ("film e.svg -o x.gif", "no marks with an opacity"),
    ("show broken.gif", "cut short"),
    ("show notes.webp", "no GIF, WebP, APNG or MP4"),
    ("film cut -o x.gif", "but not filmed"),
    ("film foreign -o x.gif", "is not the record of this search"),
]


def test_what_cannot_be_filmed_is_refused_in_one_line(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tiny(picture).run().run().save("a.svg")
    creativity.open_artwork("a.svg").save("a.png")
    tiny(picture, renderer="es-clip", optimizer="snes", steps=2).run().run().save("e.svg")
    Image.new("RGB", (8, 8)).save("plain.gif")
    Path("broken.gif").write_bytes(b"GIF89a\1\0")
    Path("notes.webp").write_text("notes")
    tiny(picture).run("cut").run()
    (Path("cut") / NAME).write_bytes((Path("cut") / NAME).read_bytes()[:-9])
    shutil.copytree("cut", "foreign")
    tiny(picture, seed=8).run("other").run()
    shutil.copy(Path("other") / NAME, Path("foreign") / NAME)
    for line, words in REFUSED:
        assert cli.main(line.split()) == 2, line
        said = capfd.readouterr().err
        assert words in said, line
        assert said.count("\n") == 1
    assert not Path("x.gif").exists()
    assert cli.main(["resume", "cut", "--quiet"]) == 0


def test_a_file_is_filmed_searching_by_searching_again(picture: Path) -> None:
    plan = tiny(picture, steps=40)
    run = plan.run()
    run.run().save("a.svg")
    heard: list[Any] = []
    again = creativity.film("a.svg", of="search", size=32, progress=heard.append)
    assert again.encode(".apng") == creativity.film(run, size=32).encode(".apng")
    assert heard[-1].kind == "done"
    with pytest.raises(CreativityError, match="an artwork alone"):
        creativity.film(creativity.open_artwork("a.svg"), of="search")
