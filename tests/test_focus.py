"""Where a picture matters: masks and what stands out, and that the search minds it and remembers it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from creativity import cli, focus, images, verbs
from creativity.errors import CreativityError
from creativity.recipe import Focus
from creativity.run import Interrupted
from tests.conftest import tiny

Array = np.ndarray[Any, Any]


@pytest.fixture
def mask() -> Path:
    """Bright on the left: 24 x 20, half the size of the picture."""
    picture = Image.new("L", (24, 20))
    ImageDraw.Draw(picture).rectangle((0, 0, 11, 19), fill=255)
    picture.save("mask.png")
    return Path("mask.png")


def errors(artwork: Any, target: Array) -> tuple[float, float]:
    """Mean squared error of the left and of the right half."""
    small = images.resized(target, 32)[..., :3] / 255
    seen = artwork.rgba(32)[..., :3] / 255
    error = ((seen - small) ** 2).mean(axis=(0, 2))
    return float(error[:16].mean()), float(error[16:].mean())


# -- what stands out


def test_a_bright_blob_on_a_plain_ground_stands_out() -> None:
    rows, columns = np.mgrid[0:150, 0:200]
    for colour in ((250, 240, 80), (20, 20, 20), (200, 60, 60)):
        for y, x in ((75, 100), (50, 130)):
            picture = np.full((150, 200, 4), (120, 125, 130, 255), np.uint8)
            blob = (rows - y) ** 2 + (columns - x) ** 2 < 15**2
            picture[blob, :3] = colour
            found = np.asarray(Image.fromarray(focus.salient(picture)).resize((200, 150)))
            assert found[blob].mean() > 0.6
            assert found[(rows - y) ** 2 + (columns - x) ** 2 > 40**2].mean() < 0.1


def test_the_face_stands_out_not_the_flag() -> None:
    path = Path(__file__).parents[1] / "benchmarks" / "data" / "astronaut.png"
    if not path.exists():
        pytest.skip("the picture is part of a checkout only")
    found = focus.salient(images.open_picture(path))
    height, width = found.shape
    face = found[int(0.12 * height) : int(0.28 * height), int(0.36 * width) : int(0.54 * width)].mean()
    flag = found[: int(0.5 * height), : int(0.15 * width)].mean()
    assert face > 0.6
    assert flag < 0.15
    assert found.mean() < 0.35


def test_the_same_picture_stands_out_the_same_on_any_number_of_threads(target: Array) -> None:
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(focus.weights(focus.salient(target), (40, 48), 8.0))
    assert torch.equal(*found)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (70, 3), (2, 2)])
def test_any_picture_can_be_looked_at(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size, 4)).astype(np.uint8)
    for picture in (noise, np.full_like(noise, 200), np.zeros_like(noise)):
        found = focus.salient(picture)
        assert np.isfinite(found).all()
        assert found.min() >= 0
        assert found.max() <= 1
    assert (focus.salient(np.full((40, 50, 4), 200, np.uint8)) == 0).all()  # nothing stands out of nothing


def test_a_mask_is_its_brightness_and_fits_any_size(mask: Path) -> None:
    matters = focus.masked(images.open_picture(mask))
    for size in ((40, 48), (20, 24), (10, 12), (100, 20)):
        weight = focus.weights(matters, size, 5.0)
        assert weight.shape == size
        assert (weight[:, : size[1] // 2 - 2] == 5).all()
        assert (weight[:, size[1] // 2 + 2 :] == 1).all()
        assert float(weight.mean()) == pytest.approx(3, abs=0.01)


# -- the search


@pytest.mark.parametrize("objective", ["pixel", "l1", "ssim"])
def test_what_is_in_focus_comes_closer(picture: Path, target: Array, mask: Path, objective: str) -> None:
    how = {"objective": objective, "count": 5, "steps": 300}
    plain, left = errors(tiny(picture, **how).run().run(), target), None
    left = errors(tiny(picture, **how, focus=mask, focus_strength=30).run().run(), target)
    assert left[0] < 0.8 * plain[0]
    assert left[1] > plain[1]


def test_a_mask_may_be_a_path_a_picture_or_an_array(picture: Path, mask: Path) -> None:
    opened = Image.open(mask)
    plans = [tiny(picture, focus=source) for source in (mask, str(mask), opened, np.asarray(opened))]
    assert len({plan.recipe.focus.sha256 for plan in plans if plan.recipe.focus}) == 1
    assert plans[0].recipe.to_dict()["focus"] == {"name": "mask.png", "sha256": images.digest(plans[0].mask), "strength": 8.0}  # type: ignore[arg-type]
    assert tiny(picture, focus="auto").recipe.to_dict()["focus"] == {"name": "auto", "sha256": "", "strength": 8.0}
    assert "focus" not in tiny(picture).recipe.to_dict()


@pytest.mark.parametrize("which", ["auto", "mask.png"])
def test_run_redo_and_resume_give_the_same_bytes(picture: Path, mask: Path, which: str) -> None:
    plan = tiny(picture, focus=which, steps=60, objective="pixel:1,l1:1")
    whole = plan.run("whole").run()
    assert Path("whole/focus.png").exists() == (which == "mask.png")
    run = plan.run("parts")
    run.listeners.append(lambda event: run.stop() if event.step == 40 else None)
    with pytest.raises(Interrupted):
        run.run()
    mask.unlink()  # the run folder has its own
    assert verbs.resume("parts").to_json() == whole.to_json()
    assert Path("parts/final.png").read_bytes() == Path("whole/final.png").read_bytes()
    assert verbs.plan_redo("whole").run().run().to_json() == whole.to_json()
    assert whole.to_json() != tiny(picture, steps=60, objective="pixel:1,l1:1").run().run().to_json()


def test_a_mask_is_found_as_a_target_is(picture: Path, mask: Path) -> None:
    artwork = tiny(picture, focus=mask).run().run()
    artwork.save("a.svg")
    assert verbs.plan_redo("a.svg").mask is not None
    shutil.move(mask, "elsewhere.png")
    with pytest.raises(CreativityError, match=r"the focus mask 'mask.png' that a.svg was made from is not at hand; .* --focus MASK"):
        verbs.plan_redo("a.svg")
    assert verbs.plan_redo("a.svg", focus="elsewhere.png").run().run().to_json() == artwork.to_json()
    with pytest.raises(CreativityError, match="is not the focus mask that"):
        verbs.plan_redo("a.svg", focus=picture)


def test_a_changed_mask_in_a_run_folder_is_refused(picture: Path, mask: Path) -> None:
    tiny(picture, focus=mask).run("run").run()
    shutil.copy(picture, "run/focus.png")
    with pytest.raises(CreativityError, match=r"focus.png is not the picture"):
        verbs.resume("run")


REFUSED = {
    "black.png": "black everywhere",
    "white.png": "equally bright everywhere",
    "clear.png": "black everywhere",
    "empty.png": "is empty",
    "words.png": "is not PNG",
    "missing.png": "does not exist",
    "cut.png": "damaged",
    ".": "is a folder",
}


@pytest.mark.parametrize(("name", "words"), REFUSED.items())
def test_a_mask_that_says_nothing_is_refused_in_words(picture: Path, name: str, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (9, 9), 0).save("black.png")
    Image.new("L", (9, 9), 255).save("white.png")
    Image.new("RGBA", (9, 9), (255, 255, 255, 0)).save("clear.png")
    Path("empty.png").touch()
    Path("words.png").write_text("left, mostly")
    Path("cut.png").write_bytes(picture.read_bytes()[:100])
    assert cli.main(["fit", str(picture), "--focus", name, "--steps", "2"]) == 2
    said = capfd.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not Path("runs").exists()


def test_a_strength_needs_a_focus_and_a_focus_a_picture(picture: Path) -> None:
    with pytest.raises(CreativityError, match="needs a focus"):
        tiny(picture, focus_strength=3)
    with pytest.raises(CreativityError, match="strength must be from 1"):
        tiny(picture, focus="auto", focus_strength=0.5)
    plan = tiny(picture, focus="auto")
    with pytest.raises(CreativityError, match="and the mask that the recipe names"):
        verbs.Plan(plan.recipe.replace(focus=Focus("mask.png", "0" * 64)), plan.target).run()


def test_from_the_command_line(picture: Path, mask: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fast = ["--steps", "12", "--count", "6", "--target-size", "32", "--size", "64", "--seed", "7", "--quiet"]
    words = ["fit", str(picture), *fast, "--focus", "mask.png", "--focus-strength", "20", "--objective", "l1:1,ssim:0.5"]
    assert cli.main([*words, "-o", "a.png", "--json"]) == 0
    said = capfd.readouterr().out
    assert '"mse"' in said
    assert '"psnr"' in said
    assert '"term_l1"' in said
    assert cli.main(["redo", "a.png", "-o", "b.png"]) == 0
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    assert cli.main([*words, "-o", "mask.png"]) == 2
    assert "is what the picture is made from" in capfd.readouterr().err
