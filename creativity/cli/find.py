"""``creativity find WORDS``: artworks by what they show and how they were made."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import tyro

from creativity.cli.parse import Flag, Number, Text, parse

Words = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="WORD ...", help_behavior_hint="")]


@dataclass(frozen=True)
class Find:
    """Find artworks under a folder by words that are said of them: prompts, names, parts, tags. All must fit, by their beginnings.

    creativity find red bird

    creativity find --renderer strokes --since 2026-11-01 --order closest
    """

    words: Words = ()
    """Words, or the beginnings of words."""
    root: str = "runs"
    """The folder that holds the runs, at any depth."""
    renderer: Text = None
    """Made of this."""
    objective: Text = None
    """With this objective, or as a term of it."""
    optimizer: Text = None
    """Searched for by this."""
    seed: Number = None
    """From this seed."""
    since: Text = None
    """Made on this day or later, such as 2026-11-30, or 2026-11-30T18:00."""
    until: Text = None
    """Made before this day."""
    state: Text = None
    """done, running, stopped or broken."""
    starred: Flag = False
    """Only those with a star."""
    tag: Text = None
    """With this tag."""
    board: Text = None
    """On this board."""
    folder: Text = None
    """In this series or batch, a folder under the root."""
    trashed: Flag = False
    """What is in the trash instead."""
    order: str = "newest"
    """newest, oldest, closest (by loss) or title."""
    limit: int = 20
    """At most so many."""
    json: Flag = False
    """Print each as one line of JSON on standard output, then how many there are."""


def main(words: Sequence[str]) -> int:
    asked = parse(Find, words, "find")

    import json
    from dataclasses import asdict
    from pathlib import Path

    from creativity.errors import CreativityError, one_line
    from creativity.gallery.index import Index, Query

    if asked.limit < 1:
        raise CreativityError(f"limit must be at least 1, not {asked.limit}")
    plain = ("starred", "trashed", "order", "limit", "seed")
    words_of = ("renderer", "objective", "optimizer", "state", "tag", "board", "folder")
    how: dict[str, Any] = {name: getattr(asked, name) for name in plain} | {name: getattr(asked, name) or "" for name in words_of}
    query = Query(text=" ".join(asked.words), since=_moment(asked.since), until=_moment(asked.until), **how)
    index = Index(asked.root)
    index.refresh()
    found, total = index.find(query), index.count(query)
    for entry in found:
        if asked.json:
            print(json.dumps({**asdict(entry), "path": str(Path(asked.root) / entry.path)}, allow_nan=False))
            continue
        about = [entry.renderer, entry.optimizer, f"seed {entry.seed}"] if entry.renderer else []
        about += [f"loss {entry.loss:.5f}"] if entry.loss is not None else []
        about += [entry.state] if entry.state != "done" else []
        about += ["starred"] if entry.starred else []
        about += [f"#{tag}" for tag in entry.tags]
        print(one_line(f"{Path(asked.root) / entry.path}  {entry.title}: {', '.join(about)}"))
    if asked.json:
        print(json.dumps({"found": total}))
    else:
        print(f"{total:,} found" + (f", {len(found)} shown" if total > len(found) else ""), file=sys.stderr)
    return 0 if total else 1


def _moment(text: str | None) -> float | None:
    from datetime import datetime

    from creativity.errors import CreativityError

    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise CreativityError(f"a day is written as 2026-11-30, or with its time as 2026-11-30T18:00, not {text!r}") from None
