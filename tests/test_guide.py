"""The embedded encoder and how it is taught: word pieces, compositions, the loss, and the file that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from creativity.errors import CreativityError
from creativity.models import weights
from creativity.models.encoders.embedded import Embedded
from creativity.models.encoders.towers import SIZE, WIDTH
from creativity.models.encoders.wordpieces import PADDING, WordPieces, words
from training.composer import COLOURS, SHAPES, Composer, Picture, unseen
from training.guide import Guide, contrast, export, ranks

PIECES = ["a", "b", "c", "cat", "##s", "##cat", "of", "left", "red", "blue", "##e", "##d"]


def test_words_are_split_by_the_longest_pieces() -> None:
    pieces = WordPieces(PIECES)
    spelt = [
        [pieces.pieces[n] for n in row if n != PADDING] for row in pieces.encode(["Cats of reed", "ca\u0301t left", "xyz"], 32).tolist()
    ]
    assert spelt == [["cat", "##s", "of", "[UNK]"], ["cat", "left"], ["[UNK]"]]
    assert words("A café, 2 naïve cats!") == ["a", "cafe", ",", "2", "naive", "cats", "!"]


@settings(deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_any_text_has_pieces(texts: list[str]) -> None:
    encoded = WordPieces(PIECES).encode(texts, 8)
    assert encoded.shape[0] == len(texts)
    assert encoded.shape[1] <= 8
    assert (encoded[:, 0] != PADDING).all()
    assert encoded.max() < len(PIECES) + 2


@pytest.mark.parametrize("seed", range(3))
def test_packed_weights_are_off_by_half_a_step(seed: int) -> None:
    there = torch.randn(40, 60, generator=torch.Generator().manual_seed(seed))
    packed = weights.pack({"m": there, "v": there[0], "n": torch.arange(3)})
    assert packed["m"].dtype == torch.int8
    back = weights.unpack(packed)
    assert sorted(back) == ["m", "n", "v"]
    step = there.abs().amax(1, keepdim=True) / 127
    assert ((back["m"] - there).abs() <= 0.51 * step).all()
    assert torch.equal(back["n"], torch.arange(3))


def composer(seed: int = 1, icons: int = 12) -> Composer:
    """Icons that are squares of one colour each: half of them emoji, half black drawings."""
    pixels = np.zeros((icons, 64, 64, 4), np.uint8)
    pixels[:, 8:56, 8:56, 3] = 255
    pixels[::2, 8:56, 8:56, 1] = 200
    described = [
        {
            "family": "x",
            "name": f"n{n}",
            "captions": [f"thing {n}", f"other {n}"],
            "mono": n % 2 == 1,
            "emoji": None if n % 2 else "1",
            "colour": None,
        }
        for n in range(icons)
    ]
    return Composer(pixels, described, seed)


def centre(image: Tensor, colour: tuple[float, float, float]) -> tuple[float, float]:
    """The middle of what is nearest to a colour."""
    near = (image - torch.tensor(colour)[:, None, None]).abs().amax(0) < 0.12
    rows, columns = torch.nonzero(near, as_tuple=True)
    return columns.float().mean().item(), rows.float().mean().item()


def test_relations_hold_and_their_swaps_are_named_wrong() -> None:
    maker, seen = composer(), 0
    sides = {"left of": (0, 1), "right of": (0, -1), "above": (1, 1), "below": (1, -1)}
    for _ in range(300):
        pair = maker.relation()
        for picture, image in zip(pair, maker.render(pair, 64), strict=True):
            said = next((words for words in sides if f" {words} " in picture.caption), None)
            first, second = (layer.colour for layer in picture.layers)
            if said is None or first is None or second is None or max(abs(a - b) for a, b in zip(first, second, strict=True)) < 0.4:
                continue
            if any(max(abs(a - b) for a, b in zip(ink, picture.background, strict=True)) < 0.4 for ink in (first, second)):  # type: ignore[arg-type]
                continue
            named = [
                next(w for w in part.split() if w in COLOURS) if any(w in COLOURS for w in part.split()) else ""
                for part in picture.caption.split(f" {said} ")
            ]
            if "" in named or named[0] == named[1]:
                continue
            inks = dict(zip((maker_colour(maker, picture, 0), maker_colour(maker, picture, 1)), (first, second), strict=True))
            if set(inks) != set(named):
                continue
            axis, sign = sides[said]
            assert sign * (centre(image, inks[named[1]])[axis] - centre(image, inks[named[0]])[axis]) > 3, picture.caption
            assert picture.caption not in picture.wrong
            seen += 1
    assert seen > 20


def maker_colour(maker: Composer, picture: Picture, layer: int) -> str:
    """The colour's name whose span a layer's paint was drawn from."""
    import colorsys

    paint = picture.layers[layer].colour
    assert paint is not None
    h, s, v = colorsys.rgb_to_hsv(*paint)
    for name, ((h0, h1), (s0, s1), (v0, v1)) in COLOURS.items():
        if any(h0 - 1e-6 <= h + k <= h1 + 1e-6 for k in (-1, 0, 1)) and s0 - 1e-6 <= s <= s1 + 1e-6 and v0 - 1e-6 <= v <= v1 + 1e-6:
            return name
    return "?"


def test_as_many_things_as_the_caption_says() -> None:
    from scipy.ndimage import label  # an independent count

    maker, numbers, seen = composer(), {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}, 0
    for _ in range(80):
        pair = maker.count()
        for picture, image in zip(pair, maker.render(pair, 64), strict=True):
            number = numbers.get(picture.caption.split()[0])
            ground = torch.tensor(picture.background)[:, None, None]  # type: ignore[arg-type]
            apart = (image - ground).abs().amax(0) > 0.25
            if number is None or not apart.any():
                continue
            found = label(apart.numpy())[1]
            assert len(picture.layers) == number
            seen += found == number
    assert seen > 40


def test_what_is_kept_for_the_test_is_never_shown() -> None:
    made = [picture for _ in range(6) for picture in composer().pictures(100, {"emoji": 0.4, "shape": 0.4, "pattern": 0.2})]
    assert not any(unseen(picture.caption) for picture in made)
    again = composer().pictures(100, {"emoji": 0.4, "shape": 0.4, "pattern": 0.2})
    assert [picture.caption for picture in again] == [picture.caption for picture in made[:100]]


def test_every_shape_fills_much_of_its_frame() -> None:
    maker = composer()
    for shape in SHAPES:
        alpha = maker.levels[0][maker.shape_at[shape], 3].float() / 255
        assert 0.1 < alpha.mean() < 0.95, shape
        assert max(alpha.amax(0).nonzero().numel(), alpha.amax(1).nonzero().numel()) > 48, shape


def test_the_loss_is_that_of_its_definition() -> None:
    """Against cross entropy written out for one caption a picture, where equal captions are one column."""
    torch.manual_seed(0)
    images, texts = F.normalize(torch.randn(6, 8), dim=1), F.normalize(torch.randn(5, 8), dim=1)
    captions = torch.tensor([0, 1, 2, 2, 3, 0])  # column 4 is a wrong caption: no picture's
    positive = F.one_hot(captions, 5).float()
    logits = 7.0 * images @ texts.T
    rows = F.cross_entropy(logits, captions, label_smoothing=0.05)
    columns = []
    for column in range(4):
        target = positive[:, column] / positive[:, column].sum() * 0.95 + 0.05 / 6
        columns.append(F.cross_entropy(logits[None, :, column], target[None]))
    expected = (rows + torch.stack(columns).mean()) / 2
    assert contrast(images, texts, positive, torch.tensor(7.0)).item() == pytest.approx(expected.item(), rel=1e-5)


def test_ranks_are_those_of_sorting() -> None:
    torch.manual_seed(1)
    images, texts = F.normalize(torch.randn(9, 4), dim=1), F.normalize(torch.randn(7, 4), dim=1)
    right = torch.eye(7, 9, dtype=torch.bool)
    order = (texts @ images.T).argsort(1, descending=True)
    assert ranks(images, texts, right).tolist() == [order[n].tolist().index(n) for n in range(7)]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Guide, Path]:
    """A guide that has learnt nothing but has its own statistics, and the file that it ships as."""
    torch.manual_seed(3)
    guide = Guide(torch.randn(len(PIECES) + 2, 128))
    for module in guide.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.uniform_(-0.3, 0.3)
    guide.text.place.data.normal_()  # begins at zero, where order is nothing
    path = tmp_path_factory.mktemp("guide") / "guide.safetensors"
    export(guide.eval(), WordPieces(PIECES), ["red cat", "a blue cat"], path)
    return guide, path


def test_what_ships_says_what_was_taught(shipped: tuple[Guide, Path]) -> None:
    """The folded, packed towers against those of the training, to the precision of bytes."""
    guide, path = shipped
    encoder = Embedded(path)
    images = torch.rand(5, 3, SIZE, SIZE)
    with torch.no_grad():
        trained = F.normalize(guide.image(images), dim=1)
        taught = F.normalize(guide.text(WordPieces(PIECES).encode(["red cat", "blue"], 32)), dim=1)
    assert F.cosine_similarity(encoder.images(images), trained).min() > 0.999
    assert F.cosine_similarity(encoder.texts(["red cat", "blue"]), taught).min() > 0.999
    assert encoder.images(images).shape == (5, WIDTH)
    assert encoder.logit_scale == pytest.approx(10, rel=1e-3)
    assert encoder.unknown("a red dog and two blue Cats!") == ["dog", "and", "two"]
    assert encoder.unknown("красная птица") == ["красная", "птица"]


def test_no_picture_or_text_depends_on_its_neighbours(shipped: tuple[Guide, Path]) -> None:
    encoder = Embedded(shipped[1])
    images, texts = torch.rand(4, 3, 80, 48), ["cat", "a red cat of a blue cat", "b"]
    assert torch.allclose(encoder.images(images)[2:3], encoder.images(images[2:3]), atol=1e-5)
    assert torch.allclose(encoder.texts(texts)[:1], encoder.texts(texts[:1]), atol=1e-5)
    assert not torch.allclose(encoder.texts(["red left blue"]), encoder.texts(["blue left red"]), atol=1e-3)


def test_the_gradient_of_a_picture_is_that_of_finite_differences(shipped: tuple[Guide, Path]) -> None:
    encoder = Embedded(shipped[1])
    encoder.image.double()
    encoder.dtype = torch.float64
    torch.manual_seed(2)
    image = torch.rand(1, 3, 40, 56, dtype=torch.float64, requires_grad=True)
    wanted = encoder.texts(["red cat"]).double()
    (slope,) = torch.autograd.grad((encoder.images(image) * wanted).sum(), image)
    direction = torch.randn_like(image)
    with torch.no_grad():
        ends = [(encoder.images(image + step * direction) * wanted).sum() for step in (1e-5, -1e-5)]
    assert (slope * direction).sum().item() == pytest.approx((ends[0] - ends[1]).item() / 2e-5, rel=1e-4)


def test_weights_that_are_not_there_or_broken(tmp_path: Path, shipped: tuple[Guide, Path]) -> None:
    with pytest.raises(CreativityError, match=r"the weights of the embedded encoder are not here: expected none\.safetensors"):
        Embedded(tmp_path / "none.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(shipped[1].read_bytes()[:5000])
    with pytest.raises(CreativityError, match=r"broken\.safetensors does not hold the weights of the embedded encoder"):
        Embedded(broken)


def test_a_size_is_said_of_the_thing_and_not_of_its_ground() -> None:
    sized = [Composer._sized(text, "small") for text in ("grey oval on a brown background", "a picture of an orange star on blue")]
    assert sized == ["small grey oval on a brown background", "a picture of a small orange star on blue"]


def test_a_pool_of_drawings_learns_to_fool_an_encoder_and_the_rest_of_it_stays(shipped: tuple[Guide, Path]) -> None:
    from training.sparring import Pool

    guide, _ = shipped
    pool = Pool(np.random.default_rng(0))
    pieces = WordPieces(PIECES).encode(["red cat", "a blue cat", "left"], 32)
    captions = F.pad(pieces, (0, 32 - pieces.shape[1]), value=PADDING)
    rows = pool.next(torch.rand(3, 3, SIZE, SIZE), captions)
    assert len(set(rows.tolist())) == pool.turn
    assert pool.begun.sum() == pool.turn
    said = guide.texts(captions).detach()
    own = torch.tensor([int((captions == caption).all(1).nonzero()) for caption in pool.captions[rows]])

    def likeness() -> float:
        with torch.no_grad():
            seen = guide.images(F.interpolate(pool.drawn(pool.genomes[rows], 96), size=(SIZE, SIZE), mode="area"))
        return float((seen @ said.T).gather(1, own[:, None]).mean())

    before, others = likeness(), pool.genomes[~pool.begun].clone()
    for _ in range(3):
        pool.improve(guide, rows, said, own, torch.tensor(10.0))
    assert likeness() > before + 0.001  # one that has learnt nothing hardly sees a difference
    assert torch.equal(pool.genomes[~pool.begun], others)
    assert (pool.age[rows] == 3 * pool.climb).all()
    colours = pool.genomes[rows][:, pool.corners :]
    assert 0 <= colours.min() <= colours.max() <= 1
