"""Sentences about pictures whose meaning is known, word by word: what the reader of prompts learns from.

What is said (things, colours, counts, sizes, relations, scene) is drawn first, then one of many forms to say it in (sentences.toml). Every
fifth form is kept for the test, and so are every tenth noun and every tenth made-up word: the reader has to copy nouns, not to know them.
"""

from __future__ import annotations

import re
import tomllib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from creativity.models.encoders.wordpieces import words
from creativity.models.priors import patterns, places, scenes
from creativity.models.priors.colours import COLOURS, SHADES
from creativity.models.priors.reader import COUNTS, Reading, Relation, Thing
from training.heldout import heldout

SAID = tomllib.loads((Path(__file__).parent / "sentences.toml").read_text())
"""Words, phrases and forms of sentences."""
SIDE_WORDS: dict[tuple[int, int], list[str]] = {(int(at.split()[0]), int(at.split()[1])): said for at, said in SAID["sides"].items()}
_SIDE = {"top": "top", "upper": "top", "bottom": "bottom", "lower": "bottom", "left": "left side", "right": "right side"}
COLOUR_WORDS = [name for name in COLOURS if name not in ("sand", "rust", "mint", "ivory")]
COMMON_COLOURS = ["red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "black", "grey", "white"]


def kept(text: str, share: int = 5) -> bool:
    """Whether a form or a noun is kept for the test: one in ``share``."""
    return zlib.crc32(text.encode()) % share == 0


@dataclass
class Word:
    text: str
    kind: str = "other"
    owner: object = None  # whatever it belongs to
    second: object = None


@dataclass
class Sentence:
    """``words``, the ``kind`` of each, the place of the word it points to (its own where it points to none), a second one for relations."""

    words: list[str]
    kinds: list[str]
    first: list[int]
    second: list[int]
    reading: Reading


@dataclass(eq=False)
class Said:
    """A thing as it is to be said."""

    noun: str
    colours: list[str] = field(default_factory=list)
    count: int = 1
    size: str = ""
    side: tuple[int, int] | None = None


class Place:
    """A stretch of words of a scene."""


GROUND = object()


def plural(noun: str) -> str:
    head, of, rest = noun.partition(" of ")
    first, _, last = head.rpartition(" ")
    if last.endswith(("s", "x", "ch", "sh")):
        last += "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    elif last.endswith("man"):
        last = last[:-3] + "men"
    else:
        last += "s"
    return f"{first} {last}".strip() + of + rest


class Grammar:
    """Draws sentences. ``nouns``: names of things, of one to three words. ``test``: the forms and nouns that were kept."""

    def __init__(self, nouns: Sequence[str], seed: int, test: bool = False):
        self.random = np.random.default_rng(seed)
        taken = {*COLOURS, *COUNTS, *SHADES, *SAID["big"], *SAID["small"], *SAID["doings"], *places.NAMES, *scenes.HOURS}
        taken |= {
            *SAID["fillers"],
            *SAID["adjectives"],
            *(word for said in SAID["sides"].values() for text in said for word in text.split()),
        }
        taken |= {
            word.strip("<>")
            for said in (SAID["relations"], SAID["its"])
            for texts in said.values()
            for text in texts
            for word in text.split()
        }
        fit = [noun for noun in nouns if not set(words(noun)) & taken and len(words(noun)) <= 3 and noun.replace(" ", "").isalpha()]
        self.nouns = [noun for noun in dict.fromkeys(fit) if kept(noun, 10) == test]
        self.test = test

    def forms(self, of: Sequence[str]) -> list[str]:
        return [
            form for form in of if kept(form) == self.test or (not self.test and form in ("{A}", "{X} {S}", "{X} on {G}", "{A} and {B}"))
        ] or list(of)

    def pick(self, options: Sequence[str]) -> str:
        return options[int(self.random.integers(len(options)))]

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def nonsense(self) -> str:
        while True:
            syllables = [self.pick(SAID["onsets"]) + self.pick(SAID["vowels"]) for _ in range(int(self.random.integers(1, 4)))]
            word = "".join(syllables) + self.pick(SAID["endings"])
            if kept(word, 10) == self.test and len(word) > 2:
                return word

    def noun(self) -> str:
        draw = self.random.random()
        if draw < 0.1:
            return self.nonsense() if self.chance(0.7) else f"{self.nonsense()} {self.nonsense()}"
        if draw < 0.15:
            return f"{self.pick(SAID['containers'])} of {self.pick(self.nouns)}"
        if draw < 0.17:
            return "orange"
        if draw < 0.21:  # words that can be scenes too
            return self.pick(SAID["scenic"])
        return self.pick(self.nouns)

    def colour(self) -> list[str]:
        name = self.pick(COMMON_COLOURS) if self.chance(0.75) else self.pick(COLOUR_WORDS)
        if self.chance(0.12):
            return [self.pick(SHADES), name]
        return [name]

    def thing(self, quiet: float = 1.0) -> Said:
        said = Said(self.noun())
        if self.chance(0.5 * quiet):
            said.colours = self.colour()
            if self.chance(0.07):
                said.colours += self.colour()
        if self.chance(0.28 * quiet):
            said.count = int(
                self.random.choice([2, 3, 4, 5, 6, 7, 8, 9, 10, 12], p=[0.26, 0.22, 0.16, 0.12, 0.08, 0.04, 0.04, 0.03, 0.02, 0.03])
            )
        if self.chance(0.2 * quiet):
            said.size = "big" if self.chance(0.5) else "small"
        return said

    # words

    def phrase(self, text: str, kind: str, owner: object, second: object = None) -> list[Word]:
        """A phrase whose words in <> are of that kind; the others are grammar."""
        return [
            Word(w.strip("<>"), kind if w.startswith("<") else "other", owner, second) if w.startswith("<") else Word(w)
            for w in text.split()
        ]

    def named(self, said: Said, article: bool = True) -> list[Word]:
        before: list[Word] = []
        noun = said.noun
        if said.count > 1:
            names = [
                name
                for name, number in COUNTS.items()
                if number == said.count and name not in ("both", "lots", "some", "group", "bunch", "dozens")
            ]
            name = self.pick(names)
            if name in ("pair", "couple", "dozen", "few", "trio"):
                before = [Word("a"), Word(name, "count", said)] + ([Word("of")] if name not in ("dozen", "few") or self.chance(0.2) else [])
            else:
                before = ([Word("the")] if self.chance(0.06) else []) + [Word(name, "count", said)]
            if said.count == 5 and self.chance(0.15):
                before = [Word("a"), Word(self.pick(["group", "bunch"]), "count", said), Word("of")]
            elif said.count == 8 and self.chance(0.15):
                before = [Word("lots", "count", said), Word("of")]
            noun = plural(noun)
        elif article and self.chance(0.92):
            before = [Word(self.pick(["the", "my", "this", "some", "one"]) if self.chance(0.14) else "a")]
            if before[0].text == "one":
                before[0] = Word("one", "count", said)
            if self.chance(0.015):
                before.append(Word(self.pick(["single", "lone"]), "count", said))
        adjectives: list[list[Word]] = []
        after: list[Word] = []
        if said.size:
            word = Word(self.pick(SAID["big"] if said.size == "big" else SAID["small"]), said.size, said)
            if self.chance(0.12):
                after += [Word(self.pick(["that", "which"])), Word("are" if said.count > 1 else "is"), word]
            else:
                adjectives.append(([Word("very")] if self.chance(0.1) else []) + [word])
        if self.chance(0.2):
            adjectives.append(
                [Word(self.pick(SAID["adjectives"]) if self.chance(0.9) else self.nonsense() + self.pick(["y", "ish", "ful", "ic"]))]
            )
        tint = [Word(name, "colour", said) for name in said.colours]
        if len([name for name in said.colours if name in COLOURS]) > 1:
            at = 2 if said.colours[0] in SHADES else 1
            tint = [*tint[:at], Word("and"), *tint[at:]]
        if tint:
            draw = self.random.random()
            if draw < 0.1:
                after += [
                    *([Word("and")] if after else [Word(self.pick(["that", "which"])), Word("are" if said.count > 1 else "is")]),
                    *tint,
                ]
            elif draw < 0.14:
                after += [Word("in"), *tint]
            elif draw < 0.17:
                after += [Word(self.pick(["coloured", "colored", "painted"])), *tint]
            elif draw < 0.19:
                adjectives.append([*tint, Word(self.pick(["coloured", "colored"]))])
            else:
                adjectives.append(tint)
            if len(adjectives) > 1 and self.chance(0.2):  # "a red big fluffy ball"
                self.random.shuffle(adjectives)  # type: ignore[arg-type]
        for k, part in enumerate(adjectives):
            before += ([Word(",")] if k and self.chance(0.12) else []) + part
        return [*before, *(Word(w, "thing", said) for w in words(noun)), *after]

    def scenery(self, kind: str | None = None) -> tuple[list[Word], tuple[str, tuple[str, ...]]]:
        """ "in a forest", and the words of the place with the colours it was given."""
        kind = kind or self.pick(list(SAID["where"]))
        text = self.pick(self.forms(SAID["where"][kind]) if self.chance(0.8) or self.test else SAID["where"][kind])
        return self._place(text)

    def _place(self, text: str) -> tuple[list[Word], tuple[str, tuple[str, ...]]]:
        out: list[Word] = []
        name: list[str] = []
        tint: list[str] = []
        place, inside = Place(), False
        for raw in text.split():
            if raw.startswith("<"):
                if name:  # a second place in one phrase
                    place = Place()
                inside = True
                if self.chance(0.12) and raw.strip("<>") not in ("night", "sunset", "night,", "underwater", "under", "noon", "moon"):
                    tint = self.colour()
                    out += [Word(t, "colour", place) for t in tint]
            word = raw.strip("<>")
            out.append(Word(word, "place", place) if inside else Word(word))
            if inside:
                name.append(word)
            if raw.endswith(">"):
                inside = False
        return out, (" ".join(name), tuple(tint))

    def ground(self) -> tuple[list[Word], list[str]]:
        tint = self.colour()
        colour = [Word(name, "colour", GROUND) for name in tint]
        word = self.pick(["background"] * 6 + ["backdrop", "ground", "surface", "canvas"])
        article = [Word("a")] if self.chance(0.9) else []
        plain = [Word(self.pick(["plain", "solid", "bright", "flat"]))] if self.chance(0.12) else []
        if self.chance(0.1):
            return [*article, Word(word, "ground", GROUND), Word("of"), *colour], tint
        return [*article, *plain, *colour, Word(word, "ground", GROUND)], tint

    # sentences

    def fill(self, form: str, parts: dict[str, list[Word]]) -> list[Word]:
        out: list[Word] = []
        for raw in form.split():
            name = raw.strip("{}")
            if not raw.startswith("{"):
                out.append(Word(raw))
            elif name == "N":
                out += [Word(w) for w in words(self.noun() if self.chance(0.5) else self.nonsense())]
            elif name == "doing":
                out.append(Word(self.pick(SAID["doings"])))
            else:
                out += parts[name]
        return out

    def side(self, said: Said, at: tuple[int, int]) -> list[Word]:
        said.side = at
        out = []
        for raw in self.pick(SIDE_WORDS[at]).split():
            word = raw.strip("<>")
            out.append(Word(word, _SIDE.get(word, "middle"), said) if raw.startswith("<") else Word(word))
        return out

    def body(self) -> tuple[list[Word], list[Said], list[tuple[str, Said, Said]]]:
        """Things and how they are to one another."""
        draw = self.random.random()
        if draw < 0.4:
            one = self.thing()
            form = self.pick(self.forms(SAID["forms"]["one"]))
            parts = {"A": self.named(one)}
            if "{sideA}" in form:
                parts["sideA"] = self.side(one, list(SIDE_WORDS)[int(self.random.integers(len(SIDE_WORDS)))])
            return self.fill(form, parts), [one], []
        a, b, c, d = (self.thing(0.8) for _ in range(4))
        names = {"A": self.named(a), "B": self.named(b), "C": self.named(c), "D": self.named(d)}
        if draw < 0.7:
            kind = self.pick(list(SAID["relations"]))
            if kind in SAID["its"] and self.chance(0.25):
                form = self.pick(self.forms(SAID["forms"]["its"]))
                phrase = self.phrase(self.pick(SAID["its"][kind]), kind, a, b)
                return self.fill(form, names | {"its": phrase}), [a, b], [(kind, a, b)]
            form = self.pick(self.forms(SAID["forms"]["pair"]))
            if kind in ("hold", "wear"):
                form = self.pick(["{A} {rel} {B}", "{A} {rel} {B}", "there is {A} {rel} {B}"])
            phrase = self._relation(kind, a, b)
            if kind == "between" and self.chance(0.5):
                names["B"] = [*names["B"], Word("and"), *names["C"]]
                return self.fill(form, names | {"rel": phrase}), [a, b, c], [(kind, a, b)]
            return self.fill(form, names | {"rel": phrase}), [a, b], [(kind, a, b)]
        if draw < 0.76:
            at = [(-1, 0), (0, -1), (-1, -1), (1, -1)][int(self.random.integers(4))]
            other = (-at[0], -at[1])
            if self.chance(0.5):
                at, other = other, at
            form = self.pick(self.forms(SAID["forms"]["sides"]))
            return self.fill(form, names | {"sideA": self.side(a, at), "sideB": self.side(b, other)}), [a, b], []
        if draw < 0.9:
            side: list[Word] = self.side(b, list(SIDE_WORDS)[int(self.random.integers(len(SIDE_WORDS)))]) if self.chance(0.2) else []
            return self.fill(self.pick(self.forms(SAID["forms"]["list"])), names | {"B": [*names["B"], *side]}), [a, b], []
        if draw < 0.97:
            form = self.pick(self.forms(SAID["forms"]["three"]))
            kind = self.pick(["left", "right", "above", "below", "beside", "front", "behind", "on"])
            relations = [(kind, a, b)] if "{rel}" in form else []
            return self.fill(form, names | {"rel": self._relation(kind, a, b)}), [a, b, c], relations
        return self.fill(self.pick(self.forms(SAID["forms"]["four"])), names), [a, b, c, d], []

    def _relation(self, kind: str, a: Said, b: Said) -> list[Word]:
        text = self.pick(SAID["relations"][kind])
        return self.phrase(text, kind, a, b)

    def scene_alone(self) -> tuple[list[Word], list[tuple[str, tuple[str, ...]]]]:
        found: list[tuple[str, tuple[str, ...]]] = []
        out: list[Word] = []
        names = [*places.NAMES, *scenes.HOURS, *scenes.SIGNS]
        names = [name for name in names if name not in ("under the sea", "under water", "inside", "underwater", "starry", "foggy", "misty")]
        form = self.pick(self.forms(SAID["forms"]["scene"]))
        tint: list[str] = []
        for raw in form.split():
            if raw == "{scene}":
                place, name = Place(), self.pick(names)
                for word in tint:
                    for item in out:
                        if item.owner is tint and item.text == word:
                            item.owner = place
                out += [Word(w, "place", place) for w in words(name)]
                found.append((name, tuple(tint)))
                tint = []
            elif raw == "{where}":
                these, what = self.scenery()
                out += these
                found.append(what)
            elif raw == "{adj}":
                out.append(Word(self.pick(SAID["adjectives"])))
            elif raw == "{colour}":
                tint = self.colour()
                out += [Word(w, "colour", tint) for w in tint]
            else:
                out.append(Word(raw))
        return out, found

    def pattern(self) -> tuple[list[Word], list[Said], list[str]]:
        said, out = Said(self.pick(list(patterns.NAMES))), []
        ground: list[str] = []
        for raw in self.pick(self.forms(SAID["forms"]["pattern"])).split():
            if raw == "{c}":
                tint = self.colour()
                said.colours += tint
                out += [Word(w, "colour", said) for w in tint]
            elif raw == "{g}":
                ground = self.colour()
                out += [Word(w, "colour", GROUND) for w in ground]
            elif raw == "{pattern}":
                out += [Word(w, "thing", said) for w in words(said.noun)]
            else:
                out.append(Word(raw, "ground", GROUND) if raw in ("background", "ground") else Word(raw))
        return out, [said], ground

    def sentence(self) -> Sentence:
        """One sentence; none of the combinations that are held out."""
        while True:
            made = self._sentence()
            if len(made.words) <= 40 and not heldout(" ".join(made.words)):
                return made

    def _sentence(self) -> Sentence:
        draw = self.random.random()
        things: list[Said] = []
        relations: list[tuple[str, Said, Said]] = []
        where: list[tuple[str, tuple[str, ...]]] = []
        tint: list[str] = []
        if draw < 0.1:
            body, where = self.scene_alone()
        elif draw < 0.15:
            body, things, tint = self.pattern()
        else:
            body, things, relations = self.body()
            if draw < 0.5:
                scene, what = self.scenery()
                where.append(what)
                if self.chance(0.25):
                    more, what = self.scenery()
                    scene = [*scene, *([Word(",")] if self.chance(0.15) else [Word("and")] if self.chance(0.1) else []), *more]
                    where.append(what)
                body = self.fill(self.pick(self.forms(SAID["forms"]["in_scene"])), {"X": body, "S": scene})
            elif draw < 0.68:
                if self.chance(0.8):
                    ground, tint = self.ground()
                    body = self.fill(self.pick(self.forms(SAID["forms"]["on_ground"])), {"X": body, "G": ground})
                else:
                    tint = self.colour()
                    body = self.fill(
                        self.pick(self.forms(SAID["forms"]["on_bare_ground"])), {"X": body, "g": [Word(w, "colour", GROUND) for w in tint]}
                    )
        body = self.loosened(body)
        lead, tail = self.pick(SAID["leads"]), self.pick(SAID["tails"])
        body = [*self.fill(lead, {}), *body, *self.fill(tail, {})]
        return self._labelled(body, things, relations, where, tint)

    def loosened(self, body: list[Word]) -> list[Word]:
        """The same with a comma less, or a word more that says nothing of the picture: no list of forms has them all."""
        out = [word for word in body if word.text != "," or self.test or not self.chance(0.12)]
        if self.chance(0.25) and not self.test:
            at = int(self.random.integers(len(out) + 1))
            if not (0 < at < len(out) and out[at].kind == "thing" and out[at - 1].kind == "thing"):
                word = self.pick(SAID["fillers"]) if self.chance(0.6) else self.nonsense() + self.pick(["ing", "ly", "ed", "s"])
                out.insert(at, Word(word))
        return out

    def _labelled(
        self,
        body: list[Word],
        things: list[Said],
        relations: list[tuple[str, Said, Said]],
        where: list[tuple[str, tuple[str, ...]]],
        tint: list[str],
    ) -> Sentence:
        for word, after in pairwise(body):
            if word.text == "a" and word.kind == "other" and after.text[0] in "aeiou":
                word.text = "an"
        split = [(part, word) for word in body for part in (words(word.text) or [word.text])]
        said = [part for part, _ in split]
        last: dict[int, int] = {}
        for n, (_, word) in enumerate(split):
            if word.kind in ("thing", "place", "ground") and word.owner is not None:
                last[id(word.owner)] = n
        first, second = [], []
        for n, (_, word) in enumerate(split):
            first.append(last.get(id(word.owner), n) if word.owner is not None else n)
            second.append(last.get(id(word.second), n) if word.second is not None else n)
        ordered = sorted(things, key=lambda thing: last.get(id(thing), 0))
        number = {id(thing): n for n, thing in enumerate(ordered)}
        spoken = {id(thing): " ".join(part for part, word in split if word.kind == "thing" and word.owner is thing) for thing in ordered}
        order_of_colours = {
            id(thing): tuple(part for part, word in split if word.kind == "colour" and word.owner is thing) for thing in ordered
        }
        reading = Reading(
            tuple(Thing(spoken[id(t)], order_of_colours[id(t)], t.count, t.size, t.side) for t in ordered),
            tuple(Relation(kind, number[id(a)], number[id(b)]) for kind, a, b in relations),
            tuple(where),
            tuple(tint),
        )
        return Sentence(said, [word.kind for _, word in split], first, second, reading)


def vocabulary() -> list[str]:
    """Every word that the grammar itself says: its nouns come by their letters alone."""

    def strings(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        else:
            for part in value.values() if isinstance(value, dict) else value:  # type: ignore[attr-defined]
                yield from strings(part)

    texts = [*strings(SAID), *COLOURS, *SHADES, *COUNTS, *places.NAMES, *scenes.HOURS, *scenes.SIGNS, *patterns.NAMES]
    texts.append(
        "the my this some one an coloured colored painted plain solid bright flat background backdrop surface canvas very are is that which"
    )
    found = {word for text in texts for word in words(re.sub(r"{\w+}", " ", text))}
    return sorted(word for word in found if len(word) > 1 or not word.isupper())
