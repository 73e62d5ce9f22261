"""``creativity paint PROMPT``: what words say, made of marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creativity.cli.parse import Flag, Prompts, Real, Sources, Text, parse
from creativity.cli.search import Search


@dataclass(frozen=True)
class Paint(Search):
    """Paint what words say.

    creativity paint "a red bird on a branch" -o bird.svg

    creativity paint "a lighthouse at night" --preset stained-glass --seeds 0..7

    creativity paint "a fox:2" "snow" "text:-0.5" --encoder ViT-B-32/openai
    """

    prompts: Prompts = ()
    """What it shows; several are all to be seen: "sky:2" counts twice, "text:-0.5" shall not be seen, "dawn:1..0" fades."""
    picture: Sources = ()
    """A picture that it shall be like, to the encoder: FILE, or FILE:2 with a weight."""
    encoder: Text = None
    """Who judges: embedded (by default), MODEL/PRETRAINED, hf-hub:ORG/REPO, local-dir:PATH, several with + (creativity list models)."""
    prior: Text = None
    """Who imagines what it begins with: embedded (by default), or diffusers:REPO-OR-FOLDER."""
    no_prior: Flag = False
    """Begin with nothing."""
    samples: int = 16
    """How many pictures the prior draws; the encoder chooses one."""
    start: Text = None
    """A photograph, an SVG drawing, or an artwork of creativity, to begin with."""
    keep: Real = None
    """How tightly a photograph or a drawing still holds at the end, from 0 to 1 (by default 0.6); of an artwork as in fit."""
    objective: Text = None
    """What counts besides the words, such as symmetry:0.5; or other weights than clip:1,anchor:200 (creativity list objectives)."""
    offline: Flag = False
    """Ask no network for weights."""


def main(words: Sequence[str]) -> int:
    asked = parse(Paint, words, "paint")

    if asked.start:
        from creativity.drawings.document import glance

        glance(asked.start)
    from creativity import painting, series, verbs
    from creativity.cli.searching import begin, search_series
    from creativity.errors import CreativityError
    from creativity.objectives.prompts import parse_prompts
    from creativity.seeds import seeds_of

    verbs.check_outputs([output for output in asked.output if not series.has_fields(output)])
    if asked.no_prior and asked.prior is not None:
        raise CreativityError("say --prior or --no-prior, not both")
    if asked.seed is not None and asked.seeds is not None:
        raise CreativityError("say --seed or --seeds, not both")
    prompts = parse_prompts(asked.prompts, asked.picture)
    how = asked.asked() | {
        "objective": asked.objective,
        "pictures": asked.picture,
        "encoder": asked.encoder,
        "prior": "none" if asked.no_prior else asked.prior or "embedded",
        "samples": asked.samples,
        "start": asked.start,
        "keep": asked.keep,
        "offline": asked.offline,
    }
    given = [*([asked.start] if asked.start else []), *asked.picture, *asked.plugin]
    stem = painting.stem(prompts)
    if asked.seeds is not None:
        previews = verbs.check_preview(asked.preview, given)
        seeds = seeds_of(asked.seeds)
        several = series.plan(
            [series.Words(stem, asked.prompts)], how, outputs=asked.output, seeds=seeds, run_dir=asked.run_dir, plugins=asked.plugin
        )
        return search_series(several, quiet=asked.quiet, as_json=asked.json, previews=previews)
    return begin(painting.plan_paint(asked.prompts, **how, plugins=asked.plugin), stem, asked, given)
