"""Presets that are looks: different from one another, shown by what they make, true to their colours."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from creativity import cli, presets, verbs
from tests.conftest import tiny

ROOT = Path(__file__).parents[1]
checkout = pytest.mark.skipif(not (ROOT / "docs" / "looks.md").exists(), reason="not in a checkout")
LOOKS = [name for name in presets.PRESETS if name != "es-clip"]


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_says_what_it_is_and_shows_it(name: str) -> None:
    about, best_for, *_ = presets.PRESETS[name]
    assert about
    assert best_for
    assert presets.thumbnail(name).stat().st_size <= 12_000
    with Image.open(presets.thumbnail(name)) as shown:
        assert shown.size == (192, 144)
        assert np.asarray(shown).std() > 15, "an empty picture"


def test_no_two_looks_are_alike() -> None:
    seen = {name: np.asarray(Image.open(presets.thumbnail(name)), np.float32) for name in presets.PRESETS}
    for a, b in combinations(seen, 2):
        assert np.abs(seen[a] - seen[b]).mean() > 6, (a, b)


@checkout
def test_the_page_shows_every_look_and_its_command_works(picture: Path) -> None:
    page = (ROOT / "docs" / "looks.md").read_text()
    for name in presets.PRESETS:
        assert f"--preset {name}" in page
        assert f"](looks/{name}.jpg)" in page
    for link in re.findall(r"]\(([^)#:]+)\)", page):
        assert (ROOT / "docs" / link).exists(), link
    assert {path.stem for path in (ROOT / "docs" / "looks").iterdir()} == set(presets.PRESETS)
    assert sum(path.stat().st_size for path in (ROOT / "docs" / "looks").iterdir()) < 1_500_000
    assert (ROOT / "docs" / "looks.jpg").stat().st_size < 200_000
    for line in re.findall(r"^creativity fit photo.jpg (.*)$", page, re.M):
        words = [word.strip("'") for word in line.partition("  #")[0].split()]
        short = ["--steps", "1", "--target-size", "24", "--size", "40", "--seed", "1", "-o", "a.png", "--quiet"]
        assert cli.main(["fit", str(picture), *words, *short]) == 0, line


@pytest.mark.parametrize("name", [name for name in LOOKS if "palette" in presets.PRESETS[name].settings])
def test_a_look_keeps_to_its_colours(picture: Path, name: str) -> None:
    run = tiny(picture, preset=name, steps=34, count=20).run()
    options = run.recipe.renderer.options
    drawn = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', run.run().svg()))
    assert drawn
    assert drawn <= {*options["palette"], options["background"]}


def test_a_flat_look_hides_what_is_below(picture: Path) -> None:
    """Where two marks of a poster overlap, no third colour appears."""
    artwork = verbs.fit(picture, preset="poster", palette="#2846c8,#dc281e,#3ca03c", steps=40, seed=1, threads=1, target_size=32, size=96)
    pixels = artwork.rgba()[..., :3].reshape(-1, 3).astype(int)
    palette = np.array([[0x28, 0x46, 0xC8], [0xDC, 0x28, 0x1E], [0x3C, 0xA0, 0x3C]])
    off = np.abs(pixels[:, None] - palette).max(axis=2).min(axis=1)
    assert (off <= 1).mean() > 0.85  # the rest are edges


def test_what_is_asked_for_besides_a_look_goes_first(picture: Path) -> None:
    recipe = tiny(picture, preset="poster", count=17, palette="okabe-ito", options={"renderer.corners": 6}).recipe
    options = recipe.renderer.options
    assert (options["count"], options["corners"], options["min_opacity"]) == (17, 6, presets.FLAT["renderer.min_opacity"])
    assert options["palette"][1] == "#e69f00"
    assert tiny(picture, preset="poster", palette="none").recipe.renderer.options["palette"] == []
    other = tiny(picture, preset="bauhaus", renderer="circles", optimizer="adam").recipe
    assert other.renderer.options["kinds"] == ("circle",)
    assert other.renderer.options["min_opacity"] == 1.0, "circles are shapes, and as flat"
    assert "sweeps" not in tiny(picture, preset="mosaic", optimizer="adam").recipe.optimizer.options
    triangles = tiny(picture, preset="poster", renderer="triangles").recipe.renderer.options
    assert len(triangles["palette"]) == 3, "the palette stays where it can be kept to"
    assert "corners" not in triangles
    assert "palette" not in tiny(picture, preset="poster", renderer="es-clip", optimizer="pgpe").recipe.renderer.options


def test_looks_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "presets"]) == 0
    said = capfd.readouterr().out
    assert cli.main(["list", "presets", "--json"]) == 0
    listed = json.loads(capfd.readouterr().out)
    assert set(listed) == set(presets.PRESETS)
    for name, look in listed.items():
        assert f"{name}: {look['about']}\n  best for: {', '.join(look['best_for'])}\n  looks like: {look['thumbnail']}\n" in said
        assert Path(look["thumbnail"]).is_file()
