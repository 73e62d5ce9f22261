"""Pick the ones you like: a litter of siblings, the picks of which are the parents of the next (Dawkins 1986; Sims 1991).

A litter is its parents and, for each child, which of them, a seed and an amount of noise: that makes the child, again and again.
A child becomes an artwork, with a folder, when it is picked.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from creativity.errors import CreativityError
from creativity.files import make_folder, write_atomically
from creativity.options import build
from creativity.recipe import parse_json
from creativity.sources import open_source
from creativity.streams import Streams, draw_seed

SIZE = 12
AMOUNT = 0.12
NAME = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Young:
    """``of``: the places of one or two parents among the litter's."""

    of: tuple[int, ...]
    seed: int
    amount: float


@dataclass(frozen=True)
class Litter:
    """``parents`` are keys of artworks; ``before`` the litter that they were picked from, empty for the first generation."""

    name: str
    parents: tuple[str, ...]
    young: tuple[Young, ...]
    seed: int
    before: str = ""
    generation: int = 1


def bred(parents: Sequence[str], kinds: Sequence[str], amount: float, before: Litter | None = None, seed: int | None = None) -> Litter:
    """A litter of some artworks; ``kinds`` are their renderers: only those of one kind can be mixed. The seed is drawn when not given."""
    seed = draw_seed() if seed is None else seed
    rng = Streams(seed)("litter").at(0)
    young = []
    for place in range(SIZE):
        first = place % len(parents)
        mates = [other for other, kind in enumerate(kinds) if other != first and kind == kinds[first]]
        # Of every parent one child is its own, as a quieter wish: more of this.
        mate = (int(rng.choice(mates)),) if mates and place >= len(parents) else ()
        young.append(Young((first, *mate), int(rng.integers(2**31)), amount))
    generation = 1 if before is None else before.generation + 1
    return Litter(secrets.token_hex(8), tuple(parents), tuple(young), seed, before.name if before else "", generation)


def write(folder: Path, litter: Litter) -> None:
    make_folder(folder)
    write_atomically(folder / f"{litter.name}.json", json.dumps(asdict(litter)))


def read(folder: Path, name: str) -> Litter:
    """Raises CreativityError where there is none of that name, or its file is damaged."""
    if not NAME.fullmatch(name):
        raise CreativityError("there is no litter of that name")
    with open_source(folder / f"{name}.json", "litter", limit=1_000_000) as file:
        litter = build(Litter, parse_json(file.read(), "the litter"), "litter")
    if not all(0 <= place < len(litter.parents) for young in litter.young for place in young.of) or litter.name != name:
        raise CreativityError("this litter is damaged: it names parents that it has not")
    return litter


def trail(folder: Path, litter: Litter) -> list[Litter]:
    """The litters that led to one, the first first, and the one itself."""
    line = [litter]
    while line[0].before and len(line) < 1000:
        try:
            line.insert(0, read(folder, line[0].before))
        except CreativityError:
            break
    return line
