"""A prompt, understood: what of a `Reading` can be drawn, and by what."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from creativity.models.encoders.wordpieces import words
from creativity.models.priors import patterns, scenes, shapes
from creativity.models.priors.colours import RGB, SHADES, colour
from creativity.models.priors.places import NAMES as PLACES_NAMED
from creativity.models.priors.reader import Reading, Relation, Thing
from creativity.models.priors.sprites import IRREGULAR, Match, Sprites

SURFACES = frozenset(("table", "room", "stage", "road"))  # places that are no picture by themselves
SHOWN = {
    "island": {"palm", "palm tree"},
    "desert": {"dune", "sand dune"},
    "forest": {"tree"},
    "field of flowers": {"flower"},
    "sky": {"star"},
}
"""What a scene shows anyway: it is not drawn a second time."""


@dataclass(frozen=True)
class Subject:
    """A thing and how it is drawn: as a shape, or as a sprite."""

    thing: Thing
    drawn: str | Match
    plural: bool


@dataclass(frozen=True)
class Plan:
    """A prompt, understood."""

    subjects: tuple[Subject, ...] = ()
    relations: tuple[Relation, ...] = ()
    places: tuple[str, ...] = ()
    place_colour: RGB | None = None
    ground: RGB | None = None
    pattern: tuple[str, tuple[RGB, ...]] | None = None
    unknown: tuple[str, ...] = ()


def understood(reading: Reading, sprites: Sprites, vocabulary: Collection[str]) -> Plan:
    """What a prompt asks for, as far as it can be drawn. ``vocabulary``: words of grammar, which are not unknown."""
    unknown: list[str] = []
    subjects: dict[int, Subject] = {}
    behind: list[Subject] = []
    places: list[str] = []
    tints: list[str] = []
    pattern = None
    for phrase, tint in reading.places:
        names, rest = _segments(phrase)
        bare = not reading.things and set(map(own_name, names)) <= SURFACES  # nothing stands on that table
        drawn = _drawable(phrase, sprites) if bare or not names else None
        if drawn is not None:
            behind.append(Subject(Thing(phrase, tint), *drawn[:2]))
        elif names:
            places += names
            tints += tint
            unknown += [word for word in rest if word not in vocabulary]
        else:
            unknown += rest
    alone = len(reading.things) == 1 and not behind
    for number, thing in enumerate(reading.things):
        plain = alone and thing.count == 1 and thing.side is None
        names, _ = _segments(thing.noun)
        key = next((name for name in _suffixes(thing.noun) if name in patterns.NAMES), None)
        if key is not None and plain and not reading.places:
            pattern = key, (*colours(thing.colours), *colours(reading.ground))
        elif plain and names and not thing.colours and not set(map(own_name, names)) & SURFACES:
            places += names  # "a rainbow" is a picture of its own
        elif (drawn := _drawable(thing.noun, sprites, guess=not names, several=thing.count > 1)) is not None:
            subjects[number] = Subject(thing, *drawn[:2])
            unknown += [word for word in drawn[2] if word not in vocabulary]
        elif names:
            places += names
            tints += thing.colours
        else:
            said = words(thing.noun)
            unknown += [word for word in said if word not in vocabulary or word == said[-1]]
    shown = set().union(*(SHOWN.get(own_name(name), frozenset()) for name in places))
    for number, subject in list(subjects.items()):
        plain = (
            not subject.thing.colours and subject.thing.side is None and not any(number in (r.first, r.second) for r in reading.relations)
        )
        if plain and singular(subject.thing.noun) in shown:
            del subjects[number]
    place = {number: k for k, number in enumerate(subjects)}
    relations = [Relation(r.kind, place[r.first], place[r.second]) for r in reading.relations if r.first in place and r.second in place]
    relations += [Relation("front", 0, len(subjects) + k) for k in range(len(behind)) if subjects]
    return Plan(
        (*subjects.values(), *behind),
        tuple(relations),
        tuple(dict.fromkeys(places)),
        _last(tints),
        _last(reading.ground),
        pattern,
        tuple(dict.fromkeys(unknown)),
    )


def _drawable(noun: str, sprites: Sprites, guess: bool = True, several: bool = False) -> tuple[str | Match, bool, tuple[str, ...]] | None:
    """A shape's name or a sprite's match for a noun, whether the noun is a plural, and its words that told nothing.

    ``guess``: a sprite whose name is only like the noun will do. ``several``: they were counted, "three flowers" are no bouquet.
    """
    for k, name in enumerate(_suffixes(noun)):
        many = singular(name) != name
        ignored = tuple(word for word in words(noun) if word not in words(name))
        for one in dict.fromkeys((name, singular(name))):
            if one in shapes.NAMES:
                return one, many and one != name, ignored
        match = (sprites.find(singular(name)) if several else None) or sprites.find(name)
        if match is not None and match.distance == 0:
            return match, many and name not in sprites.named, ignored
        if k == 0 and match is not None and guess and not match.ignored:
            return match, many, ()
    return None


def _suffixes(noun: str) -> Iterator[str]:
    """The noun, then with fewer of its first words: "fluffy white cat", "white cat", "cat"; of "cup of coffee" the cup last."""
    said = noun.split()
    for k in range(len(said)):
        if said[k] != "of":
            yield " ".join(said[k:])
    if "of" in said[1:]:
        yield " ".join(said[: said.index("of")])


def singular(noun: str) -> str:
    """A guess at the singular of a noun's last word."""
    if " of " in noun:
        counted, of, rest = noun.partition(" of ")
        return singular(counted) + of + rest
    *head, last = noun.split(" ")
    if last in IRREGULAR:
        return " ".join([*head, IRREGULAR[last]])
    for end, instead in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("sses", "ss"), ("oes", "o"), ("s", "")):
        if noun.endswith(end) and not noun.endswith(("ss", "us", "is")) and len(noun) > len(end) + 2:
            return noun.removesuffix(end) + instead
    return noun


def colours(said: Sequence[str]) -> list[RGB]:
    """ "dark", "green", "red" -> two colours."""
    out: list[RGB] = []
    shade: list[str] = []
    for word in said:
        if word in SHADES:
            shade.append(word)
        elif (found := colour([*shade, word])) is not None:
            out.append(found)
            shade = []
    return out


def _segments(phrase: str) -> tuple[list[str], list[str]]:
    """The scene's names in a phrase, the longest first from the left, and the words that are none: "snowy pine forest"."""
    said, names, rest, k = phrase.split(), [], [], 0
    while k < len(said):
        for end in range(len(said), k, -1):
            name = " ".join(said[k:end])
            if scenes.known(name) or scenes.known(name := singular(name)):
                names.append(name)
                k = end
                break
        else:
            rest.append(said[k])
            k += 1
    return names, rest


def _last(said: Sequence[str]) -> RGB | None:
    return found[-1] if (found := colours(said)) else None


def own_name(name: str) -> str:
    """The name a place is drawn by."""
    return PLACES_NAMED.get(name, name)
