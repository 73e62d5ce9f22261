"""What one asks to see: a text with its weight, and its place: ``a red bird``, ``a red bird:2``, ``people:-0.5``, ``dawn:1..0``,
``the sun @ top-right``, ``a tree @ 0.2,0.7:3``."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from creativity.errors import CreativityError, nearest
from creativity.sources import shown

LONGEST = 1000
"""Characters of a prompt; encoders read some fifty words."""


_ROWS, _COLUMNS = {"top": 1 / 6, "": 1 / 2, "bottom": 5 / 6}, {"left": 1 / 6, "": 1 / 2, "right": 5 / 6}
PLACES = {f"{row}-{column}".strip("-") or "centre": (x, y) for row, y in _ROWS.items() for column, x in _COLUMNS.items()}
"""By name, the middle of a ninth of the picture, (x, y) from its top left corner as parts of its sides."""


class Prompt(NamedTuple):
    """``weight`` at the beginning of a search, ``last`` at its end; below 0 it shall not be seen. ``place`` is where, (x, y)."""

    text: str
    weight: float = 1.0
    last: float = 1.0
    place: tuple[float, float] | None = None

    def at(self, progress: float) -> float:
        """The weight when this much of the search is over, from 0 to 1."""
        return self.weight + progress * (self.last - self.weight)

    @property
    def negative(self) -> bool:
        return min(self.weight, self.last) < 0


def parse_prompt(text: str) -> Prompt:
    """Raises CreativityError for an empty or endless text, and for a weight that is no number, or 0 throughout."""
    if len(text) > LONGEST:
        raise CreativityError(f"a prompt has at most {LONGEST} characters, this one {len(text):,}: say less, or give several prompts")
    words, colon, weight = text.rpartition(":")
    if not colon or re.search(r"\s", weight.strip()):  # a colon in the sentence
        words, weight = text, "1"
    words, at, where = words.rpartition("@") if "@" in words else (words, "", "")
    place = _place(where, text) if at else None
    words = " ".join(words.split())
    if not any(map(str.isalnum, words)):
        raise CreativityError(f"the prompt {shown(text)} has no word in it; say what the picture should show")
    first, last = _weights(weight, text)
    if place and min(first, last) < 0:
        raise CreativityError(f"the prompt {shown(text)} is of what shall not be seen: that has no place")
    return Prompt(words, first, last, place)


def parse_prompts(texts: Sequence[str], pictures: Sequence[str] = ()) -> list[Prompt]:
    """The texts', then those of ``pictures``, file names with weights. Raises CreativityError where none says what shall be seen."""
    prompts = [parse_prompt(text) for text in texts]
    for entry in pictures:
        name, weight = split(entry)
        prompts.append(Prompt(name, *_weights(weight or "1", entry)))
    if not prompts:
        raise CreativityError('say what the picture should show: creativity paint "a red bird"')
    texts_alone = [prompt.text.casefold() for prompt in prompts]
    if twice := [text for text in texts_alone if texts_alone.count(text) > 1]:
        raise CreativityError(f"the prompt {shown(twice[0])} is there twice; say it once, with a weight")
    if all(prompt.negative for prompt in prompts):
        raise CreativityError(f"{shown(texts[0])} says what shall not be seen; add a prompt of what shall")
    return prompts


def split(entry: str) -> tuple[str, str]:
    """``photo.jpg:0.5`` -> the path, and what stands behind the colon, empty where nothing does."""
    path, colon, weight = entry.rpartition(":")
    try:
        float(weight.split("..")[0])
    except ValueError:
        return entry, ""
    return (path, weight) if colon and path else (entry, "")


def _weights(word: str, text: str) -> tuple[float, float]:
    numbers = [_number(part, text) for part in word.split("..", 1)]
    first, last = numbers[0], numbers[-1]
    if first * last < 0 or first == last == 0:
        raise CreativityError(f"the weight of the prompt {shown(text)} must be above 0, or below 0 for what shall not be seen")
    return first, last


def _place(word: str, text: str) -> tuple[float, float]:
    word = word.strip().lower().replace(" ", "-").replace("center", "centre").replace("middle", "centre")
    if word in PLACES:
        return PLACES[word]
    numbers = re.fullmatch(r"(-?[0-9]*\.?[0-9]+)-?,-?(-?[0-9]*\.?[0-9]+)", word)
    if not numbers:
        raise CreativityError(
            f"the place {shown(word)} of the prompt {shown(text)} is unknown; {nearest(word, PLACES)}, or x,y such as 0.2,0.7"
        )
    x, y = float(numbers[1]), float(numbers[2])
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise CreativityError(f"the place {shown(word)} of the prompt {shown(text)} is outside of the picture: x and y are from 0 to 1")
    return x, y


def _number(word: str, text: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise CreativityError(f"the weight {shown(word)} of the prompt {shown(text)} is no number; write text:2, text:-0.5 or text:1..0")
    return number
