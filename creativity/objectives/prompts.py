"""What one asks to see: a text with its weight, ``a red bird``, ``a red bird:2``, ``people:-0.5``, ``dawn:1..0``."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from creativity.errors import CreativityError
from creativity.sources import shown

LONGEST = 1000
"""Characters of a prompt; encoders read some fifty words."""


class Prompt(NamedTuple):
    """``weight`` at the beginning of a search, ``last`` at its end; below 0 it is what the picture shall not show."""

    text: str
    weight: float = 1.0
    last: float = 1.0

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
    words = " ".join(words.split())
    if not any(map(str.isalnum, words)):
        raise CreativityError(f"the prompt {shown(text)} has no word in it; say what the picture should show")
    numbers = [_number(part, text) for part in weight.split("..", 1)]
    first, last = numbers[0], numbers[-1]
    if first * last < 0 or first == last == 0:
        raise CreativityError(f"the weight of the prompt {shown(text)} must be above 0, or below 0 for what shall not be seen")
    return Prompt(words, first, last)


def parse_prompts(texts: Sequence[str]) -> list[Prompt]:
    """Raises CreativityError where none says what shall be seen."""
    prompts = [parse_prompt(text) for text in texts]
    if not prompts:
        raise CreativityError('say what the picture should show: creativity paint "a red bird"')
    if all(prompt.negative for prompt in prompts):
        raise CreativityError(f"{shown(texts[0])} says what shall not be seen; add a prompt of what shall")
    return prompts


def _number(word: str, text: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise CreativityError(f"the weight {shown(word)} of the prompt {shown(text)} is no number; write text:2, text:-0.5 or text:1..0")
    return number
