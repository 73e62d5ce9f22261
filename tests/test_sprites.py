"""Sprites: nouns are found by their names, draws are repeatable and in range, a named colour is the colour, icons are made ready."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from creativity.errors import CreativityError
from creativity.models.priors.colours import COLOURS
from creativity.models.priors.sprites import PLAIN, SIDE, Finish, SpriteNet, Sprites, packed, recoloured
from creativity.streams import Streams
from training.concepts import concepts, matched
from training.sprites import basis, coloured, framed, main, sprites


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Every concept of the list, with pictures of discs and bars that a net of random weights mixes."""
    torch.manual_seed(5)
    found, styles = concepts(), ["noto", "noto 2", "mdi"]
    y, x = torch.meshgrid(*[torch.linspace(-1, 1, SIDE)] * 2, indexing="ij")
    parts = torch.stack([torch.stack([a * (x**2 + y**2 < 0.6) for a in (0.8, 0.3, 0.1, 1)]), torch.stack([(x.abs() < 0.3) * 0.5] * 4)])
    net = SpriteNet(len(found), len(styles), 2)
    has = torch.ones(len(found), len(styles))
    tensors = packed(net, Finish(), parts[0].flatten(), parts.flatten(1), torch.tensor(0.3), has, torch.full((len(found), 3), 0.5))
    notes = {"concepts": json.dumps([[c.name, *c.aliases] for c in found]), "styles": json.dumps(styles)}
    path = tmp_path_factory.mktemp("weights") / "sprites.safetensors"
    save_file(tensors, path, notes)
    return path


@pytest.fixture(scope="module")
def drawer(path):
    return Sprites.load(path)


@pytest.mark.parametrize(
    ("noun", "name"),
    [
        ("cat", "cat"),
        ("puppies", "dog"),
        ("a lorry", "truck"),
        ("Bunny", "rabbit"),
        ("spectacles", "glasses"),
        ("cups of coffee", "cup of coffee"),
        ("christmas trees", "christmas tree"),
        ("mice", "mouse"),
        ("cherries", "cherries"),
        ("cherry", "cherries"),
        ("strawberries", "strawberry"),
        ("boxes", "box"),
        ("wolves", "wolf"),
        ("knives", "knife"),
        ("t-rex", "tyrannosaurus rex"),
        ("teddy-bear", "teddy bear"),
        ("glass", None),
        ("quixotry", None),
        ("", None),
    ],
)
def test_nouns_are_found_by_their_names(drawer, noun, name):
    found = drawer.find(noun)
    assert (found and found.name) == name
    assert found is None or (found.distance == 0 and drawer.concepts[found.concept] == name)


def test_what_is_only_partly_known_says_so(drawer):
    found = drawer.find("a gnarled oak tree")
    assert (found.name, found.ignored) == ("tree", ("gnarled",))
    assert found.distance > 0


def test_a_word_in_no_list_goes_to_its_nearest_or_is_not_known(path):
    known = {"dog": (1.0, 0, 0), "pooch": (0.8, 0.6, 0), "quixotry": (0, 0, -1.0)}

    def vectors(texts):
        return torch.tensor([known.get(text, (0, 0, 1.0)) for text in texts])

    drawer = Sprites.load(path, vectors)
    assert drawer.find("pooch").name == "dog"
    assert drawer.find("pooch").distance == pytest.approx(0.2)
    assert drawer.find("quixotry") is None


def test_names_belong_to_one_concept():
    found = concepts()
    names = [name for concept in found for name in (concept.name, *concept.aliases)]
    assert len(names) == len(set(names))
    assert len(found) >= 700


def test_draws_are_repeatable_and_premultiplied(drawer):
    stream = Streams(4)("sprites")
    one = drawer.draw([3, 3, 8], stream, [None, "red", "dark green"], side=40)
    assert one.shape == (3, 4, 40, 40)
    assert torch.equal(one, drawer.draw([3, 3, 8], stream, [None, "red", "dark green"], side=40))
    assert torch.equal(one[:1], drawer.draw([3], stream, side=40))  # whatever is drawn beside it
    assert one.amin() >= 0
    assert (one[:, :3] <= one[:, 3:] + 1e-6).all()
    assert one[:, 3].amax() == 1
    assert (one[0] - drawer.draw([3], Streams(5)("sprites"), side=40)[0]).abs().mean() > 0.02


def test_a_thing_fills_its_frame_but_for_a_margin(drawer):
    for alpha in drawer.draw(list(range(6)), Streams(1)("sprites"), side=64)[:, 3]:
        rows, columns = (torch.nonzero(alpha.amax(axis) > 0.5)[:, 0] for axis in (1, 0))
        extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
        assert 54 <= extent <= 62
        assert min(rows[0], columns[0], 63 - rows[-1], 63 - columns[-1]) >= 1


def test_colours_that_are_none_are_refused(drawer):
    with pytest.raises(CreativityError, match="purple"):
        drawer.draw([0], Streams(1)("sprites"), ["purpel"])
    with pytest.raises(CreativityError, match="each of 2 things"):
        drawer.draw([0, 1], Streams(1)("sprites"), ["red"])


def test_another_file_is_refused(tmp_path):
    save_file({"x": torch.zeros(3)}, tmp_path / "x.safetensors")
    with pytest.raises(CreativityError, match="sprites"):
        Sprites.load(tmp_path / "x.safetensors")


def animal(main):
    """A round body in two shades with a pale belly, black eyes and an orange beak."""
    y, x = torch.meshgrid(*[torch.linspace(-1, 1, 64)] * 2, indexing="ij")
    rgb = torch.tensor(main)[:, None, None] * (1 - 0.35 * (x > 0.3))
    for inside, colour in (
        ((x**2 + (y - 0.4) ** 2) < 0.09, (0.97, 0.96, 0.93)),
        (((x.abs() - 0.3) ** 2 + (y + 0.3) ** 2) < 0.012, (0.06, 0.06, 0.06)),
        ((x.abs() < 0.12) & ((y + 0.05).abs() < 0.09), (0.98, 0.6, 0.1)),
    ):
        rgb = torch.where(inside, torch.tensor(colour)[:, None, None], rgb)
    alpha = ((x**2 + y**2) < 0.8).float()[None]
    return torch.cat([rgb * alpha, alpha])


@pytest.mark.parametrize("main", [(0.9, 0.45, 0.1), (0.2, 0.4, 0.85), (0.5, 0.5, 0.52), (0.93, 0.93, 0.93), (0.12, 0.12, 0.13)])
@pytest.mark.parametrize("name", PLAIN)
def test_a_named_colour_is_the_colour(main, name):
    image = animal(main)
    out = recoloured(image, COLOURS[name])
    assert torch.equal(out[3], image[3])
    mean = out[:3, out[3] > 0.5].mean(1)
    named = torch.tensor([COLOURS[n] for n in PLAIN])
    assert PLAIN[int((named - mean[:, None].T).square().sum(1).argmin())] == name
    left, right = out[:3, 20, 18].mean(), out[:3, 20, 50].mean()
    assert left > right or max(main) < 0.2 or name == "black"  # the shade is kept


def test_eyes_stay_black_in_another_colour():
    eye, body = (28, 22), (12, 32)
    out = recoloured(animal((0.9, 0.45, 0.1)), COLOURS["blue"])
    assert out[:3, 22, 22].max() < 0.2
    assert out[2, body[0], body[1]] > 0.7
    assert eye


def icon(mask):
    image = np.zeros((64, 64, 4), np.float32)
    image[..., 3] = mask
    return image


def test_plain_icons_become_drawings_in_one_colour():
    y, x = np.mgrid[:64, :64] - 31.5
    red, far = np.array((0.9, 0.1, 0.1), np.float32), np.hypot(x, y)
    ring = coloured(icon((far < 24) & (far > 20)), red)
    assert ring[32, 32, 3] == pytest.approx(1)
    assert ring[32, 32, 0] > 0.8  # what the line encloses is filled
    assert ring[32, 32 + 22, 0] < 0.3
    mass = coloured(icon((far < 24) & (far > 5)), red)
    assert mass[32, 32 + 15, 0] == pytest.approx(0.9)
    assert mass[32, 32, 1] > 0.6  # a hole is light
    whole = framed(ring)
    assert whole.shape == (SIDE, SIDE, 4)
    assert np.flatnonzero(whole[..., 3].max(0) > 0.5)[[0, -1]] == pytest.approx((2, SIDE - 3), abs=1)


DESCRIBED = [
    {"family": "noto", "name": "mouse", "captions": ["mouse", "rodent"], "mono": False},
    {"family": "mdi", "name": "mouse", "captions": ["mouse"], "mono": True},
    {"family": "mdi", "name": "fish-off", "captions": ["fish"], "mono": True},
    {"family": "mdi", "name": "fish", "captions": ["fish"], "mono": True},
    {"family": "noto", "name": "red-apple", "captions": ["apple", "red apple"], "mono": False},
]


@pytest.fixture
def data(tmp_path):
    pictures = np.zeros((5, 64, 64, 4), np.uint8)
    pictures[:, 16:40, 20:44] = (200, 20, 20, 255)
    np.save(tmp_path / "icons-guide.npy", pictures)
    (tmp_path / "icons-guide.json").write_text(json.dumps(DESCRIBED))
    return tmp_path


def test_icons_are_matched_by_name_and_family(data):
    found = concepts()
    names = {(DESCRIBED[n]["family"], DESCRIBED[n]["name"], found[c].name) for n, c, _ in matched(found, DESCRIBED)}
    assert names == {("noto", "mouse", "mouse"), ("mdi", "fish", "fish"), ("noto", "red-apple", "apple")}
    made, whose, colours = sprites(data, found)
    assert made.shape == (3, 4, SIDE, SIDE)
    assert {found[c].name for c, _ in whose} == {"mouse", "fish", "apple"}
    apple = next(c for c, concept in enumerate(found) if concept.name == "apple")
    assert colours[apple].tolist() == pytest.approx([200 / 255, 20 / 255, 20 / 255], abs=1e-3)


def test_components_are_those_of_the_covariance():
    torch.manual_seed(1)
    pictures = torch.randn(60, 6) @ torch.randn(6, 20)
    mean, parts = basis(pictures, torch.ones(60), 6)
    assert torch.allclose(parts @ parts.T, torch.eye(6), atol=1e-3)
    rebuilt = (pictures - mean) @ parts.T @ parts + mean
    assert F.mse_loss(rebuilt, pictures) < 1e-4


def test_training_writes_what_is_loaded_and_goes_on_where_it_was(data, tmp_path, capsys):
    out = tmp_path / "out"
    main(["--data", str(data), "--out", str(out), "--steps", "2", "--finishing", "0"])
    first = torch.load(out / "sprites.pt", weights_only=True)
    main(["--data", str(data), "--out", str(out), "--steps", "30", "--finishing", "2"])
    then = torch.load(out / "sprites.pt", weights_only=True)
    assert (first["step"], then["step"], then["polished"]) == (2, 30, 2)
    assert torch.equal(first["parts"], then["parts"])
    drawer = Sprites.load(out / "sprites.safetensors")
    assert drawer.concepts == ["mouse", "fish", "apple"]
    assert drawer.find("rodents").name == "mouse"
    red = drawer.draw([2], Streams(1)("sprites"))[0]
    assert red[0, 32, 32] > red[1, 32, 32] + 0.3
    assert "no icon shows" in capsys.readouterr().out
