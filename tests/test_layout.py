"""The reader's sentences and what is made of them: labels and readings agree, and what a layout says is true in the picture."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from creativity.errors import CreativityError
from creativity.models.priors import scenes
from creativity.models.priors.layout import Placed, arrange, box
from creativity.models.priors.reader import KINDS, Reader, ReaderNet, Reading, Relation, Thing, decode, numbers
from training.heldout import heldout
from training.layout import loss, measure, packed
from training.sentences import Grammar, Sentence, vocabulary

NOUNS = [
    "cat",
    "red panda",
    "teapot",
    "cup of tea",
    "fire engine",
    "gull",
    "tulip",
    "robot",
    "pear",
    "harp",
    "wardrobe",
    "mole",
    "onion",
    "zebra",
]


def scores(sentence: Sentence) -> tuple[torch.Tensor, torch.Tensor]:
    """What a perfect network would say."""
    n = len(sentence.words)
    kinds, points = torch.zeros(n, len(KINDS)), torch.zeros(2, n, n)
    for k in range(n):
        kinds[k, KINDS.index(sentence.kinds[k])] = 9
        points[0, k, sentence.first[k]] = points[1, k, sentence.second[k]] = 9
    return kinds, points


def test_the_labels_of_a_sentence_say_all_that_it_means() -> None:
    grammar, wrong = Grammar(NOUNS, 3), []
    for _ in range(250):
        sentence = grammar.sentence()
        assert len(sentence.words) == len(sentence.kinds) == len(sentence.first) == len(sentence.second)
        if decode(sentence.words, *scores(sentence)) != sentence.reading:
            wrong.append(" ".join(sentence.words))
    assert len(wrong) <= 3, wrong  # two things of the same name, said in one breath, and such


def test_no_sentence_has_what_is_held_out_and_the_test_has_forms_of_its_own() -> None:
    learnt, kept = (Grammar(["fox", "penguin", "bird", "duck", "turtle", "elephant", "house"] * 3, 5, test=test) for test in (False, True))
    for grammar in (learnt, kept):
        grammar.nouns = ["fox", "penguin", "bird", "duck", "turtle", "elephant", "house"]
        assert not any(heldout(" ".join(grammar.sentence().words)) for _ in range(100))
    forms = ["{A} and {B}", *(f"{{A}} {k} {{B}}" for k in range(40))]
    assert set(learnt.forms(forms)) & set(kept.forms(forms)) <= {"{A} and {B}"}


def test_a_reader_learns_and_survives_its_file(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    said = vocabulary()
    known = {word: n + 1 for n, word in enumerate(said)}
    grammar, random = Grammar(NOUNS, 9), np.random.default_rng(0)
    sentences = sorted((grammar.sentence() for _ in range(60)), key=lambda sentence: len(sentence.words))[:24]
    net = ReaderNet(len(said))
    optimizer = torch.optim.AdamW(net.parameters(), 4e-3)
    for _ in range(40):
        optimizer.zero_grad()
        loss(net, sentences, known, random).backward()
        optimizer.step()
    assert measure(net, known, sentences)["sentences"] > 0.6
    path = tmp_path / "reader.safetensors"
    path.write_bytes(packed(net, said))
    assert path.stat().st_size < 1_000_000
    reader = Reader(path)
    with torch.no_grad():
        for sentence in sentences[:20]:
            kinds, points = net(*numbers([sentence.words], known))
            mine, places = reader.net(*numbers([sentence.words], reader.vocabulary))
            assert torch.allclose(kinds, mine, atol=0.3)
            assert torch.allclose(points, places, atol=0.3)
    assert reader("") == Reading()
    with pytest.raises(CreativityError, match="not here"):
        Reader(tmp_path / "none.safetensors")


def overlap(a: Placed, b: Placed) -> float:
    wide = min(a.x + a.width / 2, b.x + b.width / 2) - max(a.x - a.width / 2, b.x - b.width / 2)
    high = min(a.y + a.height / 2, b.y + b.height / 2) - max(a.y - a.height / 2, b.y - b.height / 2)
    return max(0.0, wide) * max(0.0, high)


def outlines(n: int, random: np.random.Generator) -> list[tuple[float, float]]:
    return [(1.0, float(v)) if random.random() < 0.5 else (float(v), 1.0) for v in random.uniform(0.3, 1, n)]


TRUE = {
    "left": lambda a, b: a[2] <= b[0] + 1e-6,
    "right": lambda a, b: a[0] >= b[2] - 1e-6,
    "above": lambda a, b: a[3] <= b[1] + 1e-6,
    "below": lambda a, b: a[1] >= b[3] - 1e-6,
    "beside": lambda a, b: a[2] <= b[0] + 1e-6 or a[0] >= b[2] - 1e-6,
    "on": lambda a, b: a[3] <= (b[1] + b[3]) / 2 and a[3] >= b[1] - 1e-6,
    "inside": lambda a, b: a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3],
}


@pytest.mark.parametrize("kind", TRUE)
def test_relations_are_true_of_the_boxes(kind: str) -> None:
    for seed in range(60):
        random = np.random.default_rng(seed)
        things = tuple(
            Thing(f"thing {k}", count=1 if seed % 3 else int(random.integers(1, 5)), size=["", "big", "small"][seed % 5 % 3])
            for k in range(3)
        )
        reading = Reading(things, (Relation(kind, 0, 1),) if seed % 2 else (Relation(kind, 0, 1), Relation("left", 1, 2)))
        scene = scenes.scene(["meadow"], 32, np.random.default_rng(seed)) if seed % 4 == 0 else None
        placed = arrange(reading, outlines(3, random), scene, random)
        a, b = (box([p for p in placed if p.thing == k]) for k in (0, 1))
        assert TRUE[kind](a, b), (seed, a, b)
        left, top, right, bottom = box(placed)
        assert min(left, top) > -0.02
        assert max(right, bottom) < 1.02


def test_as_many_as_were_asked_for_and_none_over_another() -> None:
    for count, seed in itertools.product(range(1, 13), range(8)):
        random = np.random.default_rng(seed)
        placed = arrange(Reading((Thing("pear", count=count),)), outlines(1, random), None, random)
        assert len(placed) == count
        assert all(overlap(a, b) == 0 for a, b in itertools.combinations(placed, 2))
        assert sum(p.width * p.height for p in placed) > 0.04


def test_sides_of_the_frame_and_sizes() -> None:
    for seed in range(20):
        random = np.random.default_rng(seed)
        tree, sun = Thing("tree"), Thing("sun", side=(1, -1))
        placed = {p.thing: p for p in arrange(Reading((tree, sun)), [(1, 1), (1, 1)], None, random)}
        assert placed[1].x > 0.7
        assert placed[1].y < 0.3
        assert overlap(placed[0], placed[1]) == 0
        small, plain, big = (
            arrange(Reading((Thing("fish", size=size),)), [(1, 0.7)], None, np.random.default_rng(seed))[0].width
            for size in ("small", "", "big")
        )
        assert small < 0.4 < 0.6 <= plain <= 0.76 < 0.8 < big


def test_things_stand_fly_or_swim_in_a_scene() -> None:
    for seed in range(10):
        sea = scenes.scene(["sea"], 32, np.random.default_rng(seed))
        spots = {}
        for noun in ("boat", "balloon"):
            (spots[noun],) = arrange(Reading((Thing(noun),)), [(1, 1)], sea, np.random.default_rng(seed))
        assert spots["balloon"].y < 0.5 < spots["boat"].y
        field = scenes.scene(["meadow"], 32, np.random.default_rng(seed))
        (cow,) = arrange(Reading((Thing("cow"),)), [(1, 0.7)], field, np.random.default_rng(seed))
        assert cow.y + cow.height / 2 == pytest.approx(field.feet, abs=0.03)
