"""What is drawn by rule: scenes, shapes and patterns."""

from __future__ import annotations

import numpy as np
import pytest

from creativity.models.priors import patterns, places, scenes, shapes
from creativity.models.priors.colours import COLOURS, colour


def at(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", [*places.PLACES, *scenes.TIMES, *scenes.WEATHER])
def test_a_scene_is_the_same_by_its_seed_and_another_by_another(name: str) -> None:
    one, again, other = (scenes.scene([name], 48, at(seed)) for seed in (1, 1, 2))
    assert one.pixels.shape == (48, 48, 3)
    assert one.pixels.min() >= 0
    assert one.pixels.max() <= 1
    assert one.pixels.std() > 0.03  # no empty picture
    assert np.array_equal(one.pixels, again.pixels)
    assert np.abs(one.pixels - other.pixels).mean() > 0.005
    assert 0.4 < one.feet < 1


def test_a_scene_is_the_same_at_another_size() -> None:
    small, large = (scenes.scene(["beach"], side, at(3)).pixels for side in (64, 256))
    assert np.abs(large.reshape(64, 4, 64, 4, 3).mean((1, 3)) - small).mean() < 0.02


def test_hours_and_weather_change_a_place() -> None:
    day, night, snow = (scenes.scene(["forest", *more], 64, at(4)).pixels for more in ([], ["night"], ["snow"]))
    assert night.mean() < 0.6 * day.mean()
    assert snow[-8:].min() > 0.6 > day[-8:, :, 2].max()  # the ground is white
    sunset = scenes.scene(["sea", "sunset"], 64, at(4)).pixels
    red, _, blue = sunset[24:32].mean((0, 1))
    assert red > blue + 0.2


def test_the_rainbow_has_its_colours_in_their_order() -> None:
    pixels = scenes.scene(["rainbow"], 96, at(0)).pixels
    column = pixels[:60, 48]
    red, blue = (np.abs(column - COLOURS[name]).sum(1).argmin() for name in ("red", "purple"))
    assert red < blue


@pytest.mark.parametrize("name", shapes.OUTLINES)
def test_a_shape_has_its_colour_and_fills_its_square(name: str) -> None:
    for seed in range(6):
        layer = shapes.shape(name, 64, at(seed), COLOURS["blue"])
        alpha = layer[3]
        inside = alpha > 0.999
        assert inside.sum() > 100
        assert np.abs((layer[:3, inside] - np.array(COLOURS["blue"])[:, None]).mean(1)).max() < 0.12
        assert (layer[:3] <= alpha + 1e-6).all()  # premultiplied
        rows, columns = np.flatnonzero(alpha.max(1) > 0.5), np.flatnonzero(alpha.max(0) > 0.5)
        assert max(np.ptp(rows), np.ptp(columns)) >= 58
    assert shapes.shape("circle", 64, at(0), COLOURS["red"])[3].sum() == pytest.approx(np.pi * (0.97 * 32) ** 2, rel=0.01)


def test_stripes_have_exactly_the_colours_they_were_given() -> None:
    inks = [COLOURS["red"], COLOURS["white"]]
    for name in ("horizontal stripes", "checkerboard", "spiral", "target", "waves", "zigzag"):
        pixels = patterns.pattern(name, inks, 64, at(1)).reshape(-1, 3)
        near = np.stack([np.abs(pixels - np.array(ink)).max(1) < 1e-3 for ink in inks])
        assert near.any(0).mean() > 0.6  # the rest are edges
        assert near.mean(1).min() > 0.2
    rows = patterns.pattern("horizontal stripes", inks, 64, at(1))
    assert np.ptp(rows, axis=1).max() < 1e-6


@pytest.mark.parametrize("name", [*patterns.PATTERNS, patterns.MARKS, "confetti"])
def test_a_pattern_works_with_any_number_of_colours(name: str) -> None:
    name = "noise" if name == patterns.MARKS else name
    for given in ([], [COLOURS["green"]], [COLOURS["green"], COLOURS["black"], COLOURS["pink"]]):
        pixels = patterns.pattern(name, given, 32, at(5))
        assert pixels.shape == (32, 32, 3)
        assert pixels.std() > 0.03


def test_colours_have_shades() -> None:
    green, dark, light = (colour(words.split()) for words in ("green", "dark green", "light green"))
    assert green is not None
    assert dark is not None
    assert light is not None
    assert sum(dark) < sum(green) < sum(light)
    assert colour(["fluffy"]) is None
