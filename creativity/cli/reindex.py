"""``creativity reindex ROOT``: the index of a folder's artworks, made anew."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from creativity.cli.parse import Flag, parse


@dataclass(frozen=True)
class Reindex:
    """Make the index of a folder's artworks anew, from its run folders. It is never needed, but where the index is damaged.

    creativity reindex

    creativity reindex nights
    """

    root: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ROOT")] = "runs"
    """The folder that holds the runs, at any depth."""
    json: Flag = False
    """Print what was found as one line of JSON on standard output."""


def main(words: Sequence[str]) -> int:
    asked = parse(Reindex, words, "reindex")

    import json
    import time

    from creativity.gallery.index import STATES, Index, Query

    began = time.perf_counter()
    index = Index(asked.root)
    index.rebuild()
    counts = {state: index.count(Query(state=state)) for state in STATES}
    seconds = time.perf_counter() - began
    if asked.json:
        print(json.dumps({"artworks": sum(counts.values()), **counts, "seconds": round(seconds, 3)}))
    else:
        said = ", ".join(f"{count:,} {state}" for state, count in counts.items() if count) or "none"
        print(f"{sum(counts.values()):,} artworks in {seconds:.1f} s: {said}", file=sys.stderr)
    return 0
