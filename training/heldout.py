"""Combinations that no training shows, in any wording: those of the prompts marked "*" in ``creativity/data/prompts/composed.txt``.

"A red bird", "birds in crimson" and "a bird beside a red square" all hold red and bird, and all are held out: rather too many than too few.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import creativity
from creativity.models.encoders.wordpieces import words

PROMPTS = Path(creativity.__file__).parent / "data" / "prompts" / "composed.txt"

OTHER_WORDS = {  # what also names a thing, a colour or a time of day of the marked prompts
    "red": "crimson scarlet ruby maroon",
    "blue": "navy azure cobalt sapphire",
    "purple": "violet lilac lavender mauve",
    "pink": "rose magenta fuchsia",
    "turquoise": "teal cyan aqua aquamarine",
    "green": "emerald lime olive greenhouse",
    "bird": "birdie songbird fowl",
    "mushroom": "toadstool fungus fungi",
    "fox": "vixen",
    "lighthouse": "beacon",
    "night": "nighttime nightfall midnight dark darkness moon moonlit moonlight nocturnal starry stars starlight",
    "snowman": "snowmen",
    "sunset": "sundown dusk evening twilight sunrise dawn sun",
    "desert": "dune sahara sand sandy",
    "house": "home cottage hut cabin",
    "duck": "duckling mallard",
    "turtle": "tortoise",
    "pumpkin": "jack",
}
# no part of a combination: grammar, what a pumpkin is anyway, and on which side (the two together are held out)
UNSAID = frozenset(("a", "an", "the", "at", "in", "on", "to", "of", "under", "background", "left", "right", "orange"))


def _stem(word: str) -> str:
    for end, instead in (("ies", "y"), ("xes", "x"), ("shes", "sh"), ("s", "")):
        if word.endswith(end) and not word.endswith("ss"):
            return word.removesuffix(end) + instead
    return word


@lru_cache(maxsize=1)
def _combinations() -> list[list[frozenset[str]]]:
    marked = [line.rstrip("* ") for line in PROMPTS.read_text().splitlines() if line.endswith("*")]
    return [
        [frozenset(_stem(name) for name in (word, *OTHER_WORDS.get(word, "").split())) for word in words(line) if word not in UNSAID]
        for line in marked
    ]


def heldout(caption: str) -> bool:
    """Whether a caption has all the parts of a marked prompt: its things, their colours, the place or the time of day.

    >>> heldout("two crimson birds on a wire"), heldout("a red fish"), heldout("a penguin beside a fox")
    (True, False, True)
    """
    said = {_stem(word) for word in words(caption)}
    return any(all(said & names for names in parts) for parts in _combinations())
