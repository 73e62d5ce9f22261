"""Seeds as people write them."""

from __future__ import annotations

import re

from creativity.errors import CreativityError
from creativity.streams import MAX_SEED

MAX_SEEDS = 10_000


def seeds_of(text: str) -> list[int]:
    """``0..7``, ``0,3,7`` or both -> the seeds, each once. Raises CreativityError for anything else."""
    seeds: dict[int, None] = {}
    for part in text.split(","):
        found = re.fullmatch(r"\s*([0-9]{1,19})\s*(?:\.\.\s*([0-9]{1,19})\s*)?", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last <= MAX_SEED or last - first >= MAX_SEEDS:
            raise CreativityError(f"seeds are written as 0..7 or 0,3,7, at most {MAX_SEEDS} of them, not {text!r}")
        seeds.update(dict.fromkeys(range(first, last + 1)))
    return list(seeds)
