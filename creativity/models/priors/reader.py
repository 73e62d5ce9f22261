"""Reads a prompt: which things it names, their colours, counts and sizes, where they are, and in front of what.

A small dependency parser (biaffine attention; Dozat and Manning, 2017, arXiv:1611.01734) that has learnt on sentences whose meaning was
known (training/sentences.py). Each word gets a kind, and points to the word that it belongs to; so nouns are copied and need not be known.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from creativity.models import weights
from creativity.models.encoders.wordpieces import words
from creativity.models.priors.scenes import WORDS

RELATIONS = ("left", "right", "above", "below", "beside", "front", "behind", "inside", "on", "hold", "wear", "between")
SIDES = {"top": (0, -1), "bottom": (0, 1), "left side": (-1, 0), "right side": (1, 0), "middle": (0, 0)}
KINDS = ("other", "thing", "place", "ground", "colour", "count", "big", "small", *SIDES, *RELATIONS)
"""What a word can be. ``place``: of the scene (where, when, the weather); ``ground``: the word background; the sides are of the frame."""

COUNTS = {
    word: number
    for number, names in {
        1: "one 1 single lone",
        2: "two 2 pair couple twin both",
        3: "three 3 trio few",
        4: "four 4",
        5: "five 5 several some group bunch",
        6: "six 6",
        7: "seven 7",
        8: "eight 8 many lots",
        9: "nine 9",
        10: "ten 10 dozens",
        12: "twelve 12 dozen",
    }.items()
    for word in names.split()
}
LIMIT = 48
"""Words of a prompt that are read."""


@dataclass(frozen=True)
class Thing:
    """Something that stands in the picture, in the words of the prompt."""

    noun: str
    colours: tuple[str, ...] = ()
    count: int = 1
    size: str = ""  # "big", "small"
    side: tuple[int, int] | None = None  # of the frame: (-1, -1) is the top left corner


@dataclass(frozen=True)
class Relation:
    """``things[first]`` is left of, above ... ``things[second]``."""

    kind: str
    first: int
    second: int


@dataclass(frozen=True)
class Reading:
    """What a prompt asks for. ``places``: words of the scene, each with the colours it was given."""

    things: tuple[Thing, ...] = ()
    relations: tuple[Relation, ...] = ()
    places: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ground: tuple[str, ...] = ()


class ReaderNet(nn.Module):
    """Words (B, L) as numbers of three kinds -> the kind of each (B, L, K), and to which word it points, twice (B, 2, L, L)."""

    width, inside, hashed, endings = 128, 80, 1024, 512

    def __init__(self, vocabulary: int):
        super().__init__()
        self.word = nn.Embedding(vocabulary + 1, self.inside)  # 0: not in the vocabulary
        self.hash = nn.Embedding(self.hashed, self.inside)
        self.ending = nn.Embedding(self.endings, self.inside)
        self.order = nn.ModuleList(nn.Conv1d(n, self.width, 5, padding=2) for n in (self.inside, self.width))
        layer = nn.TransformerEncoderLayer(self.width, 4, 2 * self.width, 0.0, F.silu, batch_first=True, norm_first=True)
        self.mix = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(self.width)
        self.kind = nn.Linear(self.width, len(KINDS))
        self.source = nn.Linear(self.width, 2 * 48)
        self.target = nn.Linear(self.width, 2 * 48)

    def forward(self, word: Tensor, hashed: Tensor, ending: Tensor, absent: Tensor) -> tuple[Tensor, Tensor]:
        x = (self.word(word) + self.hash(hashed) + self.ending(ending)).masked_fill(absent[..., None], 0).transpose(1, 2)
        for near in self.order:  # words by their neighbours: where in the sentence they are counts for little
            x = F.silu(near(x)).masked_fill(absent[:, None], 0)
        x = x.transpose(1, 2)
        x = self.norm(self.mix(x, src_key_padding_mask=absent))
        source, target = (part(x).unflatten(-1, (2, 48)).transpose(1, 2) for part in (self.source, self.target))
        points = (source @ target.transpose(-1, -2)) / 48**0.5
        return self.kind(x), points.masked_fill(absent[:, None, None], -1e4)


def numbers(texts: Sequence[Sequence[str]], vocabulary: dict[str, int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What the network takes of sentences that are split into words."""
    length = max(map(len, texts))
    word, hashed, ending = (torch.zeros(len(texts), length, dtype=torch.long) for _ in range(3))
    absent = torch.ones(len(texts), length, dtype=torch.bool)
    for row, text in enumerate(texts):
        n = len(text)
        word[row, :n] = torch.tensor([vocabulary.get(w, 0) for w in text])
        hashed[row, :n] = torch.tensor([1 + zlib.crc32(w.encode()) % (ReaderNet.hashed - 1) for w in text])
        ending[row, :n] = torch.tensor([1 + zlib.crc32(w[-2:].encode()) % (ReaderNet.endings - 1) for w in text])
        absent[row, :n] = False
    return word, hashed, ending, absent


class Reader:
    """A trained reader: ``reader(text)`` is a `Reading`."""

    def __init__(self, path: Path):
        packed, _, self.digest = weights.read(path, "the reader of prompts")
        known = bytes(packed.pop("words").numpy()).decode().split("\n")
        self.vocabulary = {word: n + 1 for n, word in enumerate(known)}
        self.net = ReaderNet(len(known)).requires_grad_(False)
        self.net.load_state_dict(weights.unpack(packed))
        self.net.eval()

    @torch.no_grad()
    def __call__(self, text: str) -> Reading:
        said = words(text)[:LIMIT]
        if not said:
            return Reading()
        kinds, points = self.net(*numbers([said], self.vocabulary))
        return decode(said, kinds[0], points[0])


def decode(said: Sequence[str], kinds: Tensor, points: Tensor) -> Reading:
    """The scores of `ReaderNet` for one sentence -> what it says. A noun is the words that point to its last one."""
    kinds = kinds.clone()
    for n, word in enumerate(said):  # a scene is made of its own words; what is none of them is a thing
        if word not in WORDS and word.removesuffix("s") not in WORDS:
            kinds[n, KINDS.index("place")] = -1e4
    kind = [KINDS[k] if word.isalnum() else "other" for word, k in zip(said, kinds.argmax(-1).tolist(), strict=True)]
    if not {"thing", "place"} & set(kind):  # a prompt is about something
        likely = kinds[:, KINDS.index("thing")] - kinds[:, KINDS.index("other")]
        kind[int(likely.argmax())] = "thing"
    spans: dict[str, list[list[int]]] = {"thing": [], "place": []}
    for name, found in spans.items():
        places = [n for n, k in enumerate(kind) if k == name]
        for n in places:
            head = max(places, key=lambda other: float(points[0, n, other]))
            if found and _head(found[-1], points, places) == head and head >= n and n - found[-1][-1] <= 3:
                found[-1].append(n)
            else:
                found.append([n])
    things, scenery = spans["thing"], spans["place"]
    owners = [(span[-1], "thing", k) for k, span in enumerate(things)] + [(span[-1], "place", k) for k, span in enumerate(scenery)]
    owners += [(n, "ground", 0) for n, k in enumerate(kind) if k == "ground"]

    def owner(n: int, way: int, which: tuple[str, ...]) -> tuple[str, int] | None:
        choices = [(place, what, k) for place, what, k in owners if what in which]
        if way == 0 and "ground" in which:
            choices.append((n, "ground", 0))  # "on blue": the colour is the ground itself
        if not choices:
            return None
        _, what, k = max(choices, key=lambda choice: float(points[way, n, choice[0]]))
        return what, k

    answer = [Thing(" ".join(said[n] for n in span)) for span in things]
    tints: list[tuple[str, ...]] = [() for _ in scenery]
    ground: tuple[str, ...] = ()
    relations = []
    for n, k in enumerate(kind):
        if k == "colour":
            whose = owner(n, 0, ("thing", "place", "ground"))
            if whose is None or whose[0] == "ground":
                ground = (*ground, said[n])
            elif whose[0] == "place":
                tints[whose[1]] = (*tints[whose[1]], said[n])
            else:
                answer[whose[1]] = replace(answer[whose[1]], colours=(*answer[whose[1]].colours, said[n]))
        elif k in ("count", "big", "small", *SIDES):
            whose = owner(n, 0, ("thing",))
            if whose is None:
                continue
            thing = answer[whose[1]]
            if k == "count":
                thing = replace(thing, count=COUNTS.get(said[n], int(said[n]) if said[n].isdecimal() and len(said[n]) < 3 else thing.count))
            elif k in SIDES:
                x, y = thing.side or (0, 0)
                thing = replace(thing, side=(x + SIDES[k][0], y + SIDES[k][1]))
            else:
                thing = replace(thing, size=k)
            answer[whose[1]] = thing
        elif k in RELATIONS:
            first, second = owner(n, 0, ("thing",)), owner(n, 1, ("thing",))
            if first is not None and second is not None and first != second:
                relations.append(Relation(k, first[1], second[1]))
    return Reading(
        tuple(answer),
        tuple(relations),
        tuple((" ".join(said[n] for n in span), tint) for span, tint in zip(scenery, tints, strict=True)),
        ground,
    )


def _head(span: Sequence[int], points: Tensor, choices: Sequence[int]) -> int:
    return max(choices, key=lambda other: float(points[0, span[0], other]))
