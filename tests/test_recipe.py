from __future__ import annotations

import pytest

from creativity import registry
from creativity.errors import CreativityError
from creativity.options import plain
from creativity.recipe import Part, Recipe, Replay, Stop, Target, parse_json
from creativity.size import parse_size

FULL = Recipe(
    renderer=Part("triangles", {"count": 12, "palette": ["#112233"]}),
    optimizer=Part("evolution", {"strategy": "snes", "sigma": 0.1}),
    seed=2**60,
    canvas=(640, 480),
    target=Target('a "picture" <&>.png', "00ff"),
    stop=Stop(steps=10, seconds=2.5),
    plugins=("p.py 00",),
    replay=Replay(9, ((2, 30), (5, 9))),
)


def test_toml_and_dict_round_trips_are_exact() -> None:
    assert Recipe.from_toml(FULL.to_toml()) == FULL
    assert Recipe.from_dict(FULL.to_dict()) == FULL
    assert Recipe.from_dict({}) == Recipe()


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("sede = 3", "did you mean 'seed'"),
        ("seed = -1", "from 0"),
        ("seed = 1\nseed = 2", "not valid TOML"),
        ("seed = 'x'", "a whole number"),
        ("schema = 99", "schema 99"),
        ("canvas = [0, 3]", "canvas"),
        ("canvas = [3]", "canvas"),
        ("target_size = 1000000", "from 8 to 4096"),
        ("renderer = 5", "a table with a name"),
        ("[renderer]\ncount = 5", "a table with a name"),
        ("[stop]\nseconds = nan", "finite"),
        ("[stop]\nstpes = 5", "did you mean 'steps'"),
        ("[replay]\nhorizons = [[1]]", "horizons"),
        ("[replay]\nhorizons = [[1, -1]]", "horizons"),
        ("target = 'x'", "a table"),
        ("[device]\na=1", "device"),
    ],
)
def test_bad_recipes_are_refused_in_one_line(toml: str, words: str) -> None:
    with pytest.raises(CreativityError) as caught:
        Recipe.from_toml(toml)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["NaN", '{"a": Infinity}', "[" * 100_000, "{", ""])
def test_json_is_strict(text: str) -> None:
    with pytest.raises(CreativityError, match="not valid JSON"):
        parse_json(text, "x")


@pytest.mark.parametrize(
    ("text", "pixels", "lengths"),
    [
        ("1024", (768, 1024), None),
        ("1024px", (768, 1024), None),
        ("100x300", (75, 100), None),
        ("1000x300", (300, 400), None),
        ("254mm", (2250, 3000), ("254mm", "190.5mm")),
        ("1in", (225, 300), ("1in", "0.75in")),
    ],
)
def test_sizes_keep_the_aspect(text: str, pixels: tuple[int, int], lengths: object) -> None:
    size = parse_size(text, (640, 480))
    assert (size.pixels, size.lengths) == (pixels, lengths)


@pytest.mark.parametrize("text", ["", "0", "-5", "1e3", "5 miles", "0x5", "0x50", "999999", "0mm", "9" * 40])
def test_bad_sizes_are_refused(text: str) -> None:
    with pytest.raises(CreativityError, match="size"):
        parse_size(text, (640, 480))


def test_a_part_is_called_what_people_call_it() -> None:
    names = {name: registry.renderers.create(name, {}).options for name in ("circles", "shapes", "triangles", "es-clip")}
    for name, options in names.items():
        part = Part(registry.renderers.resolve(name)[0], plain(options))
        assert registry.renderers.called(part) == name
    assert registry.optimizers.called(Part("evolution", {"strategy": "snes", "population": 8})) == "snes"
