"""Blind naming: a reader sees numbered pictures and, in an order of their own, what was asked for, and says which is which.

An answer is a line ``12: a red circle``. What the reader is given does not tell the order: it comes from a seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from creativity.errors import CreativityError, nearest
from creativity.files import write_atomically
from creativity.images import RGBA
from creativity.sheet import save_sheet


def order(count: int, seed: int) -> list[int]:
    """Which prompt each numbered picture was made from."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return [int(n) for n in generator.permutation(count)]


def write(pictures: Sequence[RGBA], texts: Sequence[str], out: Path, name: str, seed: int) -> list[Path]:
    """Writes ``NAME.png``, the pictures, in the order of ``texts``, shuffled and numbered, and ``NAME.txt``, the texts by the alphabet."""
    out.mkdir(parents=True, exist_ok=True)
    shuffled = [pictures[n] for n in order(len(texts), seed)]
    sheet = save_sheet(out / f"{name}.png", shuffled, [str(n + 1) for n in range(len(texts))])
    return [sheet, write_atomically(out / f"{name}.txt", ("\n".join(sorted(texts)) + "\n").encode())]


def answers(text: str) -> dict[int, str]:
    """What a reader wrote: number -> prompt. Lines without a number are no answers."""
    found = {}
    for line in text.splitlines():
        number, _, said = line.partition(":")
        if number.strip().isdecimal():
            found[int(number)] = " ".join(said.split())
    return found


def score(texts: Sequence[str], said: dict[int, str], seed: int) -> list[bool]:
    """For each picture whether it was named; one that was not answered was not.

    Raises CreativityError where an answer is no prompt of the list, or its number that of no picture.
    """
    if strange := [number for number in said if not 1 <= number <= len(texts)]:
        raise CreativityError(f"there are pictures 1 to {len(texts)}, and an answer for {strange[0]}")
    if strange_text := [text for text in said.values() if text and text not in texts]:
        raise CreativityError(f"no prompt of this list is {strange_text[0]!r}; {nearest(strange_text[0], texts)}")
    return [said.get(number + 1) == texts[n] for number, n in enumerate(order(len(texts), seed))]
