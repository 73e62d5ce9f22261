"""``creativity film FILE-OR-RUN -o search.gif``: a film of a search, or of a drawing as it is painted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from creativity.cli.parse import Artwork, Files, Flag, Number, Outputs, Real, Text, parse


@dataclass(frozen=True)
class Film:
    """A film of a search, or of a drawing as it is painted, mark by mark.

    creativity film runs/photo-triangles-s42 -o search.webp

    creativity film out.svg -o painting.gif --frames 50
    """

    file: Artwork
    """A run folder, finished or not, or a PNG, SVG, JSON or film that creativity saved."""
    output: Outputs = ()
    """What to save; the kind follows the suffix (.gif .webp .apng, and .mp4 with the extra video)."""
    of: Text = None
    """search (of a run, by default: at equal steps of loss), drawing (of a file: mark by mark), walk (of a picture that moves: once
    around) or population (of evolution: candidates and their spread, by searching again)."""
    frames: Number = None
    """How many at most; by default 100."""
    size: Text = None
    """Long side in pixels (by default 512), or a box such as 800x600."""
    fps: Real = None
    """Frames a second; by default 25."""
    target: Text = None
    """The picture that a file was made from, where its search is made again and it is not found beside it."""
    plugin: Files = ()
    """The plug-in that it was made with."""
    quiet: Flag = False
    """Say nothing but errors."""


def main(words: Sequence[str]) -> int:
    asked = parse(Film, words, "film")

    from pathlib import Path

    from creativity import films, verbs
    from creativity.cli.searching import log_lines
    from creativity.errors import CreativityError

    if not asked.output:
        raise CreativityError("film: say where to with -o FILE (.gif .webp .apng .mp4)")
    for output in asked.output:
        films.check(Path(output).suffix.lower())
    verbs.check_outputs(asked.output, inputs=[asked.file])
    how: dict[str, Any] = {"of": asked.of, "frames": asked.frames, "size": asked.size, "fps": asked.fps, "target": asked.target}
    progress = () if asked.quiet else log_lines()
    film = verbs.film(
        asked.file, plugins=asked.plugin, progress=progress, **{name: value for name, value in how.items() if value is not None}
    )
    for output in asked.output:
        film.save(output)
        if not asked.quiet:
            print(f"{output}: {film.summary}", file=sys.stderr)
    return 0
