"""``creativity fit PICTURE``: a picture made of marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creativity.cli.parse import Flag, Pictures, Real, Text, parse
from creativity.cli.search import Search


@dataclass(frozen=True)
class Fit(Search):
    """Fit a picture with marks, by gradient or by evolution.

    creativity fit photo.jpg -o out.svg -o out.png

    creativity fit photo.jpg --count 200 --optimizer pgpe --max-seconds 60

    creativity fit *.jpg -o out/{name}.svg
    """

    pictures: Pictures = ()
    """The pictures to match (PNG, JPEG, WebP, GIF, TIFF ...); - is standard input."""
    objective: Text = None
    """What counts as a likeness (creativity list objectives), or a sum such as pixel:1,ssim:0.5; by default pixel."""
    focus: Text = None
    """Where the picture matters: a mask, bright where it does, or auto, what stands out by itself."""
    focus_strength: Real = None
    """How many times as much what is in focus counts; by default 8."""
    start: Text = None
    """An artwork of creativity to go on from (PNG, SVG, JSON, run folder), or your own SVG, whose shapes are moved."""
    keep: Real = None
    """The part of the start's marks that begin where they are, from 0 to 1; the rest is placed anew; by default 1."""
    every_frame: Flag = False
    """Of an animation, fit every frame, each going on from the one before; -o may be .gif .webp .apng .mp4."""


def main(words: Sequence[str]) -> int:
    asked = parse(Fit, words, "fit")

    if asked.start:
        from creativity.drawings.document import glance

        glance(asked.start)
    from creativity import series, verbs
    from creativity.cli.searching import begin, inputs, search_series
    from creativity.errors import CreativityError
    from creativity.seeds import seeds_of
    from creativity.sources import stem_of

    verbs.check_outputs([output for output in asked.output if not series.has_fields(output)])
    how = asked.asked() | {
        "objective": asked.objective,
        "focus": asked.focus,
        "focus_strength": asked.focus_strength,
        "start": asked.start,
        "keep": asked.keep,
    }
    pictures = inputs(asked.pictures)
    if asked.seed is not None and asked.seeds is not None:
        raise CreativityError("say --seed or --seeds, not both")
    given = [*(name for name in pictures if isinstance(name, str)), *([asked.focus] if asked.focus else []), *asked.plugin]
    if len(pictures) > 1 or asked.seeds is not None or asked.every_frame:
        seeds = seeds_of(asked.seeds) if asked.seeds is not None else ()
        previews = verbs.check_preview(asked.preview, given)
        several = series.plan(
            pictures, how, outputs=asked.output, seeds=seeds, every_frame=asked.every_frame, run_dir=asked.run_dir, plugins=asked.plugin
        )
        return search_series(several, quiet=asked.quiet, as_json=asked.json, previews=previews)
    picture = pictures[0]
    plan = verbs.plan_fit(picture, **how, plugins=asked.plugin)
    stem = stem_of(picture) if isinstance(picture, str) else "picture"
    return begin(plan, stem, asked, given)
