"""Palettes: the named ones, those taken out of pictures, and what a run makes of them."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor

from creativity import cli, images, palettes, verbs
from creativity.artwork import open_artwork
from creativity.errors import CreativityError
from tests.conftest import tiny

PAINTED = {"#203a70": 5000, "#7fb4d8": 2500, "#e8dcc0": 1800, "#4a7a3c": 660, "#d8321e": 40}
"""A synthetic picture by colour and number of pixels; the last is a red roof."""


def painted(colours: dict[str, int] = PAINTED, noise: int = 0) -> np.ndarray[Any, Any]:
    pixels = np.concatenate([np.tile(ImageColor.getrgb(colour), (count, 1)) for colour, count in colours.items()])
    rng = np.random.default_rng(5)
    rng.shuffle(pixels)
    pixels = np.clip(pixels + rng.integers(-noise, noise + 1, pixels.shape), 0, 255)
    return images.open_picture(pixels.reshape(100, -1, 3).astype(np.uint8))


def distance(a: str, b: str) -> float:
    first, second = (palettes.oklab(np.array(ImageColor.getrgb(colour)) / 255) for colour in (a, b))
    return float(np.linalg.norm(first - second))


def test_oklab_is_ottosson_s() -> None:
    """His published examples, from XYZ by way of the sRGB matrix, and there and back again."""
    white, red = palettes.oklab(np.array([1.0, 1.0, 1.0])), palettes.oklab(np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(white, [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(red, [0.627955, 0.224863, 0.125846], atol=1e-5)
    colours = np.random.default_rng(0).random((100, 3))
    np.testing.assert_allclose(palettes.srgb(palettes.oklab(colours)), colours, atol=1e-6)


@pytest.mark.parametrize("name", palettes.PALETTES)
def test_a_named_palette_is_colours_that_can_be_told_apart(name: str) -> None:
    about, colours = palettes.PALETTES[name]
    assert about
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert not name.isdecimal()
    assert 2 <= len(colours) <= 16
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
    assert min(distance(a, b) for a, b in combinations(colours, 2)) >= 0.05
    lightness = [palettes.oklab(np.array(ImageColor.getrgb(colour)) / 255)[0] for colour in colours]
    assert max(lightness) - min(lightness) > 0.25, "a picture cannot be drawn without light and dark"


@pytest.mark.parametrize("noise", [0, 6])
def test_a_picture_gives_its_colours_and_the_small_accent_too(noise: int) -> None:
    found = palettes.of_picture(painted(noise=noise), 5)
    assert len(found) == 5
    for colour in PAINTED:
        assert min(distance(colour, other) for other in found) < (0.02 if noise else 0.002), (colour, found)
    lightness = [palettes.oklab(np.array(ImageColor.getrgb(colour)) / 255)[0] for colour in found]
    assert lightness == sorted(lightness)


def test_fewer_colours_than_asked_for_are_no_trouble() -> None:
    assert sorted(palettes.of_picture(painted(), 12)) == sorted(PAINTED)
    assert palettes.of_picture(images.open_picture(np.full((4, 4, 3), 77, np.uint8)), 6) == ("#4d4d4d",)


def test_few_colours_keep_apart() -> None:
    """A thousand browns and one blue: the blue is there, and the browns are not all the same."""
    rng = np.random.default_rng(1)
    pixels = np.array([120, 85, 50]) + rng.normal(0, 1, (9900, 1)) * [25, 20, 15]
    pixels = np.concatenate([pixels, np.tile([40, 90, 220], (100, 1))])
    found = palettes.of_picture(images.open_picture(np.clip(pixels, 0, 255).astype(np.uint8).reshape(100, 100, 3)), 4)
    assert min(distance("#285adc", colour) for colour in found) < 0.03
    assert min(distance(a, b) for a, b in combinations(found, 2)) > 0.08


def test_what_is_transparent_has_no_colour() -> None:
    picture = painted({"#ff0000": 5000, "#0000ff": 5000})
    picture[picture[..., 0] == 255, 3] = 0
    assert palettes.of_picture(picture, 3) == ("#0000ff",)
    with pytest.raises(CreativityError, match="transparent"):
        palettes.of_picture(np.zeros((4, 4, 4), np.uint8), 3)


def test_every_way_to_name_a_palette(tmp_path: Path) -> None:
    target = painted({"#000000": 5000, "#ffffff": 5000})
    Image.fromarray(painted()).convert("RGB").save("photo.png")
    five = tuple(palettes.of_picture(painted(), 5))
    assert palettes.resolve("Bauhaus", target) == palettes.PALETTES["bauhaus"].colours
    assert palettes.resolve("2", target) == palettes.resolve(2, target) == ("#000000", "#ffffff")
    assert palettes.resolve("photo.png:5", target) == palettes.resolve(tmp_path / "photo.png", target) == five
    assert len(palettes.resolve("photo.png:3", target)) == 3
    assert palettes.resolve("#123, FFCC00,", target) == palettes.resolve(["#112233", "#ffcc00"], target) == ("#112233", "#ffcc00")
    assert palettes.resolve("none", target) == ()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("bauhas", "did you mean 'bauhaus'"),
        ("#12,#345678", "'#12' is not a colour"),
        ("nothing.png:4", "nothing.png"),
        ("1", "from 2 to"),
        ("disc.png:65", "from 2 to"),
        (3.5, "a name, a number"),
    ],
)
def test_a_wrong_palette_is_said_in_a_line(picture: Path, asked: Any, words: str) -> None:
    with pytest.raises(CreativityError, match=words) as caught:
        tiny(picture, palette=asked)
    assert "\n" not in str(caught.value)


def test_the_recipe_holds_the_colours_themselves(picture: Path) -> None:
    of = {name: tiny(picture, palette=name).recipe.renderer.options["palette"] for name in ("bauhaus", "3", "disc.png:3")}
    assert of["bauhaus"] == list(palettes.PALETTES["bauhaus"].colours)
    assert of["3"] == of["disc.png:3"] == ["#2846c8", "#dc281e", "#3ca03c"]
    assert tiny(picture, options={"renderer.palette": "bauhaus"}).recipe == tiny(picture, palette="bauhaus").recipe


def test_a_renderer_without_colours_to_choose_refuses(picture: Path) -> None:
    with pytest.raises(CreativityError, match="'es-clip' keeps to no palette; use shapes or triangles"):
        tiny(picture, renderer="es-clip", palette="bauhaus")


@pytest.mark.parametrize("optimizer", ["greedy", "adam", "snes"])
def colours_of(drawing: str) -> set[str]:
    return set(re.findall('fill="(#[0-9a-f]+)"', drawing))


def test_colours_of_a_drawing_are_read_by_this_test(picture: Path) -> None:
    assert len(colours_of(tiny(picture).run().run().svg())) > 5


@pytest.mark.parametrize("optimizer", ["greedy", "adam", "snes"])
def test_a_drawing_has_no_other_colours_and_is_redone_to_the_byte(picture: Path, optimizer: str) -> None:
    Image.fromarray(painted()).save("photo.png")
    five = set(palettes.of_picture(painted(), 5))
    how = {"optimizer": optimizer, "count": 8, "steps": 40, "seed": 3, "threads": 1, "target_size": 32, "size": 64}
    verbs.fit(picture, palette="photo.png:5", **how).save("a.svg")
    drawn = colours_of(Path("a.svg").read_text())
    assert len(drawn) >= 2
    assert drawn <= five
    Path("photo.png").unlink()  # the recipe holds what was taken out of it
    assert set(open_artwork("a.svg").recipe.renderer.options["palette"]) == five
    assert cli.main(["redo", "a.svg", "-o", "b.svg", "--quiet"]) == 0
    assert Path("a.svg").read_bytes() == Path("b.svg").read_bytes()


def test_palettes_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "palettes", "--json"]) == 0
    listed = json.loads(capfd.readouterr().out)
    assert listed["okabe-ito"]["colours"][1] == "#e69f00"
    assert cli.main(["list", "palettes"]) == 0
    said = capfd.readouterr().out
    assert all(name in said and ",".join(palette.colours) in said for name, palette in palettes.PALETTES.items())
