"""``creativity evaluate LIST``: how well paintings say what they were asked to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import tyro

from creativity.cli.parse import Flag, Number, Real, Settings, Text, parse


@dataclass(frozen=True)
class Evaluate:
    """Paint every prompt of a list, and let a judge that had no part in it say which prompt each picture shows.

    creativity evaluate plain --out eval --arms painted,shuffled,unoptimised

    creativity evaluate many --encoder ViT-B-32/openai --judge ViT-H-14/laion2b_s32b_b79k --out eval

    creativity evaluate plain --out eval --answers answers.txt
    """

    prompts: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="LIST", help_behavior_hint="")]
    """plain (32 in the embedded vocabulary), composed (32), many (128, for CLIP), or a file with a prompt a line."""
    out: Annotated[str, tyro.conf.arg(metavar="DIR", help_behavior_hint="")] = "evaluation"
    """Where pictures, report.md, report.json, contact sheets and blind/ go; what is there already is not made again."""
    arms: str = "painted,unoptimised,shuffled,prior"
    """What is compared: painted, no-prior, evolution, random, unoptimised, prior, shuffled, best-of-seeds, real."""
    seeds: str = "0..2"
    """Of each prompt, such as 0..2."""
    judge: str = "own"
    """Who judges: own (the project's, in a checkout), or an encoder that is not the guide."""
    real: Text = None
    """A folder of real pictures, PNG, named after their prompts (a-red-circle-1.png): what the judge is worth."""
    answers: Text = None
    """A blind reader's answers to blind/LIST.png, a line each such as 12: a red circle; they are scored, nothing is painted."""
    encoder: Text = None
    """Who guides, as in paint."""
    renderer: Text = None
    """What it is made of, as in paint."""
    count: Number = None
    """How many marks."""
    preset: Text = None
    """A look."""
    optimizer: Text = None
    """How to search."""
    steps: Number = None
    """Steps of each search."""
    max_seconds: Real = None
    """Seconds of each search."""
    set: Settings = ()
    """Any option of any part."""
    workers: Number = None
    """How many pictures are painted at once, each on one thread; by default as many as there are cores."""
    json: Flag = False
    """Print the report as JSON."""
    quiet: Flag = False
    """Say nothing but the report."""


def main(words: Sequence[str]) -> int:
    asked = parse(Evaluate, words, "evaluate")

    import json
    import os
    from pathlib import Path

    from creativity.cli.searching import hear, settings
    from creativity.errors import CreativityError
    from creativity.evaluation import Evaluation, read_prompts, table
    from creativity.seeds import seeds_of

    names = ("encoder", "renderer", "count", "preset", "optimizer", "steps", "max_seconds")
    how: dict[str, Any] = {name: getattr(asked, name) for name in names if getattr(asked, name) is not None}
    how |= {"options": settings(asked.set)} if asked.set else {}
    if asked.judge == (asked.encoder or "embedded"):
        raise CreativityError(f"{asked.judge} guides the search and cannot judge it; name another with --judge")
    if asked.workers is not None and asked.workers < 1:
        raise CreativityError(f"--workers must be at least 1, not {asked.workers}")
    arms = tuple(dict.fromkeys(arm.strip() for arm in asked.arms.split(",") if arm.strip()))
    real = Path(asked.real) if asked.real else None
    evaluation = Evaluation(read_prompts(asked.prompts), Path(asked.out), arms, tuple(seeds_of(asked.seeds)), how, asked.judge, real)
    hear(asked.quiet)
    if asked.answers is not None:
        if not Path(asked.answers).is_file():
            raise CreativityError(f"there is no file of answers {asked.answers}")
        found = evaluation.named(Path(asked.answers))
        print(json.dumps(found) if asked.json else f"{found['named']} of {found['of']} named; not: {', '.join(found['not']) or 'none'}")
        return 0
    evaluation.check()
    evaluation.run(asked.workers or os.cpu_count() or 1)
    report = evaluation.report()
    print(json.dumps(report, default=str) if asked.json else table(report))
    return 0
