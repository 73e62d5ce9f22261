"""What measures the embedded models: metrics against brute force, what pixels tell, blind naming, and the card."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from creativity.errors import CreativityError
from training import blind, pixels
from training.judge.drawing import INKS
from training.measure import difference, figure, interval, into_card, ranks, recall, retrieval, table, told_apart


def test_ranks_are_those_of_sorting_by_hand():
    random = np.random.default_rng(1)
    queries, answers = (torch.tensor(random.normal(size=(n, 5)), dtype=torch.float32) for n in (7, 9))
    right = torch.tensor(random.random((7, 9)) < 0.3)
    right[:, 0] |= ~right.any(1)
    for row, found in zip(range(7), ranks(queries, answers, right).tolist(), strict=True):
        by_likeness = sorted(range(9), key=lambda n, row=row: -float(queries[row] @ answers[n]))
        assert found == next(place for place, n in enumerate(by_likeness) if right[row, n])


def test_an_encoder_that_sees_nothing_is_at_the_end_and_not_first():
    blank = torch.ones(4, 3) / 3**0.5
    assert ranks(blank, blank, torch.eye(4, dtype=torch.bool)).tolist() == [3, 3, 3, 3]
    assert recall(torch.tensor([0, 3, 7]))["R@5"] == [1, 1, 0]


class ByHand:
    """Sees a picture's mean colour and hears the colour words of a text."""

    words = ("red", "green", "blue")

    def images(self, images):
        return torch.nn.functional.normalize(images.mean((2, 3)), dim=1)

    def texts(self, texts):
        return torch.nn.functional.normalize(torch.tensor([[float(word in text) for word in self.words] for text in texts]), dim=1)


def test_pictures_of_equal_captions_are_equally_right():
    from training.measure import Held

    images = torch.eye(3)[[0, 0, 1, 2, 1]][:, :, None, None].expand(5, 3, 8, 8)
    captions = ["red", "red", "green", "blue", "blue"]
    assert retrieval(ByHand(), images, captions).tolist() == [0, 1, 0]  # the green picture that is called blue is as near as the right one
    wrong = [(0, "green"), (2, "blue"), (4, "green"), (3, "dark blue")]
    assert told_apart(ByHand(), Held(images, captions, wrong))["colour"] == [1, 1, 0]


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ("a red star on white", "an orange star on white", "colour"),
        ("a red circle in a blue square", "a blue circle in a red square", "colour"),
        ("three red crosses", "a red cross", "count"),
        ("two owls at night", "a pair of owls at night", "count"),
        ("a cat left of a dog", "a dog left of a cat", "relation"),
        ("a cat left of a dog", "a cat to the right of a dog", "relation"),
        ("a cat on the left", "a cat on the right", None),
        ("a big cat", "a small cat", None),
        ("two red cats", "three blue cats", None),
    ],
)
def test_in_what_captions_differ(right, wrong, kind):
    assert difference(right, wrong) == kind


def test_a_bootstrap_interval_is_as_wide_as_the_theory_says():
    low, high = interval([1.0] * 300 + [0.0] * 100)
    half = 1.96 * (0.75 * 0.25 / 400) ** 0.5
    assert (low, high) == pytest.approx((0.75 - half, 0.75 + half), abs=0.006)
    assert interval([1.0] * 9) == (1, 1)


def drawing(*marks: tuple[str, str, tuple[int, int, int, int]], ground: str = "#ffffff") -> torch.Tensor:
    image = Image.new("RGB", (96, 96), ground)
    pen = ImageDraw.Draw(image)
    for kind, fill, box in marks:
        getattr(pen, kind)(box, fill=fill)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


@pytest.mark.parametrize("name", [name for name in INKS if name != "white"])
def test_pixels_tell_a_colour_from_every_other_in_light_and_shade(name):
    for code in INKS[name]:
        image = drawing(("ellipse", code, (20, 20, 76, 76)), ("ellipse", "#101010", (30, 30, 40, 40)))
        image[:, 48:] = torch.where(image[:, 48:] < 0.99, image[:, 48:] * 0.88, image[:, 48:])
        assert [other for other in INKS if pixels.coloured(image, other)] in (
            [name],
            sorted({name, "black"}, key=list(INKS).index),
        ) or name == "grey"
        assert pixels.coloured(image, name)


def test_pixels_tell_sides_and_counts():
    beside = drawing(("ellipse", INKS["red"][0], (8, 30, 40, 62)), ("rectangle", INKS["blue"][0], (56, 30, 88, 62)))
    for way, (a, b) in itertools.product([(-1, 0), (1, 0), (0, -1), (0, 1)], [("red", "blue"), ("blue", "red"), ("red", "green")]):
        assert pixels.related(beside, a, b, way) == ((a, b, way) in (("red", "blue", (-1, 0)), ("blue", "red", (1, 0))))
    for n in range(1, 7):
        spots = [(5 + 31 * (k % 3), 10 + 44 * (k // 3)) for k in range(n)]
        image = drawing(
            *[("ellipse", INKS["green"][0], (x, y, x + 24, y + 30)) for x, y in spots], ("rectangle", "#000000", (92, 92, 93, 93))
        )
        assert pixels.count(image) == n
    assert pixels.count(drawing()) == 0


def test_what_a_nearest_picture_explains_knows_no_place_size_light_or_mirror():
    face = [("ellipse", "#d03030", (20, 20, 60, 60)), ("rectangle", "#000000", (25, 30, 35, 40))]
    moved = [("ellipse", "#d03030", (50, 50, 90, 90)), ("rectangle", "#000000", (75, 60, 85, 70))]
    other = [("rectangle", "#3030d0", (10, 40, 90, 50))]
    pictures = torch.stack([pixels.framed(drawing(*marks)) for marks in (other, face)])
    share, at = pixels.explained(torch.stack([pixels.framed(drawing(*moved)), pictures[0]]), pictures)
    assert at.tolist() == [1, 0]
    assert share.min() > 0.95
    assert pixels.explained(pictures[:1], pictures[1:])[0] < 0.5


def test_blind_naming_counts_what_is_right(tmp_path):
    texts = [f"prompt {n}" for n in range(6)]
    asked = []

    def sample(text, n, stream):
        asked.append(text)
        return torch.full((n, 3, 16, 16), texts.index(text) / 6)

    blind.make(texts, sample, tmp_path, "plain", seed=3)
    assert (tmp_path / "plain.png").exists()
    assert (tmp_path / "plain.txt").read_text().split("\n")[:-1] == sorted(texts)
    assert asked == texts
    shown = [texts[n] for n in blind.order(6, 3)]
    assert shown != texts
    written = "\n".join(f"{number + 1}: {text}" for number, text in enumerate(shown[:4])) + f"\n5: {shown[5]}\nno answer\n6:\n"
    assert blind.score(texts, blind.answers(written), 3) == [True] * 4 + [False] * 2
    with pytest.raises(CreativityError, match="pictures 1 to 6"):
        blind.score(texts, {7: texts[0]}, 3)
    with pytest.raises(CreativityError, match="no prompt of this list"):
        blind.score(texts, {1: "promt 1"}, 3)


def test_the_prompts_are_two_times_32():
    for name in ("plain", "composed"):
        assert len(set(blind.prompts(name))) == 32
        assert not any("*" in text or "#" in text for text in blind.prompts(name))


def test_the_card_gets_its_figures_between_the_marks_and_nothing_else():
    good = figure("a", "guide", {"R@1": [1.0, 0.0, 1.0, 1.0]}, {"R@1": 0.7, "R@5": 0.9})
    bad = figure("b", "prior", {"mean": [0.9]}, {"mean": 0.85}, most=True)
    assert good.met
    assert not bad.met
    text = table([good, bad])
    assert "not met" in text.splitlines()[3]
    assert "R@1 0.750" in text.splitlines()[2]
    card = "head\n<!-- figures -->\nold\n<!-- /figures -->\ntail\n"
    assert into_card(card, {"figures": text}) == f"head\n<!-- figures -->\n{text}\n<!-- /figures -->\ntail\n"
    assert into_card(into_card(card, {"figures": text}), {"figures": text}) == into_card(card, {"figures": text})
