"""The judge: what it draws and says belongs together, and its towers judge each picture and text by itself."""

import json
import re

import numpy as np
import pytest
import torch

from training.judge.composer import SHARES, Composer, Pool, article, kept, plural
from training.judge.drawing import INKS, PATTERNS, SCENES, Pen, ink, rasterised, shapes
from training.judge.tower import Judge


@pytest.fixture(scope="module")
def composer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    square, disc = np.zeros((2, 64, 64, 4), np.uint8)
    square[16:48, 16:48] = (200, 30, 30, 255)
    yy, xx = np.mgrid[:64, :64]
    disc[(yy - 32) ** 2 + (xx - 32) ** 2 < 400] = (30, 60, 200, 255)
    sprites, described = [], []
    for n, (name, mono, emoji) in enumerate(
        [
            ("box", False, "1f4e6"),
            ("ball", False, "26bd"),
            ("apple", False, "1f34e"),
            ("red cup", False, "1f964"),
            ("key", True, "1f511"),
            ("lamp", True, None),
            ("old vase", False, None),
        ]
    ):
        sprites.append((square, disc)[n % 2])
        described.append(
            {"family": "hand", "name": name, "captions": [name, name.split()[-1]], "mono": mono, "emoji": emoji, "colour": None}
        )
    np.save(folder / "icons-judge.npy", np.stack(sprites))
    (folder / "icons-judge.json").write_text(json.dumps(described))
    return Composer(folder, 3, pool=80)


def test_every_scene_and_pattern_draws_and_never_twice_the_same():
    pen = Pen(np.random.default_rng(2))
    for make in [*SCENES, *PATTERNS]:
        (first, captions), (second, _) = make(pen), make(pen)
        assert captions == [text.strip().lower() for text in captions]
        assert first != second
        assert rasterised(first, 32).shape == (32, 32, 4)
        assert rasterised(first, 32)[..., 3].min() > 100, make.__name__  # covered, but for seams


def test_shapes_are_masks_of_which_each_name_has_two():
    sprites, names = shapes()
    assert [names.count(name) for name in names] == [2] * len(names)
    assert (sprites[..., 3] > 128).mean((1, 2)).min() > 0.08


def test_every_kind_of_picture_is_drawn_and_no_wrong_caption_is_right(composer):
    for kind in SHARES:
        pictures = composer.pictures(12, {kind: 1.0})
        images = composer.render(pictures, 32)
        assert images.shape == (12, 32, 32, 3)
        assert images.min() >= 0
        assert images.max() <= 1.0001
        for picture, image in zip(pictures, images, strict=True):
            assert picture.caption not in picture.wrong
            assert "@" not in picture.caption
            assert not any(kept(text) for text in picture.wrong)
            if picture.layers:
                flat = composer.render([type(picture)("", flat=picture.flat, slope=picture.slope, back=picture.back)], 32)[0]
                assert np.abs(image - flat).max() > 0.1, picture.caption


def test_the_colour_that_is_said_is_the_colour_that_is_drawn(composer):
    for kind in ("shape", "shapes", "silhouette"):
        for picture in composer.pictures(40, {kind: 1.0}):
            rgb = np.array(picture.layers[0].rgb) / 255
            image = composer.render([picture], 64)[0]
            assert (np.abs(image - rgb).max(-1) < 0.06).mean() > 0.005, picture.caption


def test_sides_are_where_the_words_say(composer):
    ways = {"to the left of": (0, -1), "to the right of": (0, 1), "above": (1, -1), "beneath": (1, 1)}
    found = set()
    for _ in range(600):
        picture = composer.shape_pair_picture()
        for words, (axis, sign) in ways.items():
            if f" {words} a" in picture.caption:
                first, second = ((layer.x, layer.y)[axis] for layer in picture.layers)
                assert sign * (first - second) > 0.15, picture.caption
                found.add(words)
    assert found == set(ways)


def test_counts_are_what_the_words_say(composer):
    numbers = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
    for _ in range(60):
        picture = composer.shapes_picture()
        word = picture.caption.split()[0]
        if word in numbers:
            assert len(picture.layers) == numbers[word]
        spots = np.array([(layer.x, layer.y) for layer in picture.layers])
        gaps = np.sqrt(((spots[:, None] - spots[None]) ** 2).sum(-1)) + np.eye(len(spots))
        assert gaps.min() > picture.layers[0].size * 0.9


def test_what_is_kept_for_the_test_is_never_taught(composer):
    taught = {picture.caption for picture in composer.pictures(600, {"shape": 1.0, "shape_pair": 1.0})}
    asked = {picture.caption for picture in composer.examples(("shape", "shape_pair"), 20)}
    assert len(asked) == 40
    assert not taught & asked
    assert all(kept(text) for text in asked)


@pytest.mark.parametrize(
    ("noun", "one", "many"),
    [
        ("apple", "an apple", "apples"),
        ("cherry", "a cherry", "cherries"),
        ("glass", "a glass", "glasses"),
        ("grapes", "grapes", "grapes"),
        ("box", "a box", "boxes"),
        ("mouse", "a mouse", "mice"),
    ],
)
def test_nouns(noun, one, many):
    assert (article(noun), plural(noun)) == (one, many)


def test_inks_are_near_what_their_name_means():
    random = np.random.default_rng(0)
    for name in ("red", "green", "blue"):
        rgb = ink(random, name)
        assert max(rgb) == rgb[["red", "green", "blue"].index(name)]
    assert all(re.fullmatch(r"#[0-9a-f]{6}", code) for codes in INKS.values() for code in codes)


def test_a_pool_draws_some_anew():
    pool = Pool(np.random.default_rng(1), 12)
    before = pool.pixels.copy()
    pool.refresh(3)
    assert [bool((a != b).any()) for a, b in zip(before, pool.pixels, strict=True)] == [True] * 3 + [False] * 9


@pytest.fixture(scope="module")
def judge():
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    judge = Judge()
    with torch.no_grad():  # as if it had seen pictures
        judge.train()
        for _ in range(2):
            judge.images(torch.rand(4, 3, 32, 32))
    yield judge.eval()
    torch.set_num_threads(threads)


def test_each_picture_and_text_is_judged_by_itself(judge):
    images = torch.rand(5, 3, 64, 64)
    texts = ["a red circle", "three small owls on a branch at night", "fish", "a cat to the left of a dog", "sunflower"]
    with torch.no_grad():
        for whole, single in (
            (judge.images(images), [judge.images(one[None]) for one in images]),
            (judge.texts(texts), [judge.texts([text]) for text in texts]),
        ):
            assert torch.allclose(whole, torch.cat(single), atol=1e-5)
            assert torch.allclose(whole.norm(dim=1), torch.ones(5), atol=1e-5)
    assert judge.texts(["a cat left of a dog", "a dog left of a cat"]).unique(dim=0).shape[0] == 2


def test_any_size_is_judged_and_gradients_reach_the_picture(judge):
    image = torch.rand(1, 3, 50, 80, requires_grad=True)
    judge.images(image)[0, 0].backward()
    assert image.grad is not None
    assert (image.grad.abs().sum((0, 1)) > 0).float().mean() > 0.9


def test_a_judge_is_the_same_after_saving(judge, tmp_path):
    judge.save(tmp_path / "judge.safetensors")
    assert (tmp_path / "judge.safetensors").stat().st_size < 8e6
    again = Judge.load(tmp_path / "judge.safetensors")
    images, texts = torch.rand(3, 3, 64, 64), ["a blue square", "snow"]
    with torch.no_grad():
        assert (judge.images(images) * again.images(images)).sum(1).min() > 0.999
        assert (judge.texts(texts) * again.texts(texts)).sum(1).min() > 0.999
