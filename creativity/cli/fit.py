"""``creativity fit PICTURE``: a picture made of marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creativity.cli.parse import Files, Flag, Folder, Number, Outputs, Pictures, Real, Settings, Text, parse


@dataclass(frozen=True)
class Fit:
    """Fit a picture with marks, by gradient or by evolution.

    creativity fit photo.jpg -o out.svg -o out.png

    creativity fit photo.jpg --count 200 --optimizer pgpe --max-seconds 60

    creativity fit *.jpg -o out/{name}.svg
    """

    pictures: Pictures = ()
    """The pictures to match (PNG, JPEG, WebP, GIF, TIFF ...); - is standard input."""
    output: Outputs = ()
    """What to save; the kind follows the suffix (.svg .png .json; .gif .webp .apng .mp4: the search); - is standard output.
    Fields are filled in: {name} {renderer} {count} {seed} {frame}."""
    preset: Text = None
    """A look: settings under one name, such as poster; what is asked for besides goes first (creativity list presets)."""
    renderer: Text = None
    """What the picture is made of (creativity list renderers); by default triangles."""
    count: Number = None
    """How many marks; by default the renderer's own."""
    palette: Text = None
    """Colours to keep to: a name (creativity list palettes), a number of the picture's own, photo.jpg:6, or #112233,#ffcc00."""
    objective: Text = None
    """What counts as a likeness (creativity list objectives), or a sum such as pixel:1,ssim:0.5; by default pixel."""
    focus: Text = None
    """Where the picture matters: a mask, bright where it does, or auto, what stands out by itself."""
    focus_strength: Real = None
    """How many times as much what is in focus counts; by default 8."""
    start: Text = None
    """An artwork of creativity to go on from (PNG, SVG, JSON or run folder), with its renderer and options."""
    keep: Real = None
    """The part of the start's marks that begin where they are, from 0 to 1; the rest is placed anew; by default 1."""
    lock: Text = None
    """Parts of the start that are not changed at all, such as background,0-9: blocks, and ranges of marks, the lowest 0."""
    optimizer: Text = None
    """How to search (creativity list optimizers): relay, greedy, adam, pgpe, sep-cma-es ...; by default relay."""
    seed: Number = None
    """Root of all random numbers; drawn and shown when not given."""
    seeds: Text = None
    """Several, such as 0..7 or 0,3,7: one search each, the best is saved, and a contact sheet of all beside it."""
    every_frame: Flag = False
    """Of an animation, fit every frame, each going on from the one before; -o may be .gif .webp .apng .mp4."""
    steps: Number = None
    """Stop after so many steps; by default the optimizer's own."""
    max_seconds: Real = None
    """Stop after so many seconds of search."""
    target_loss: Real = None
    """Stop when the loss is this low."""
    plateau: Number = None
    """Stop after so many steps without an improvement of 0.1 %."""
    size: Text = None
    """Size of the output: long side in pixels (by default 1024), a box such as 800x600, or a length such as 210mm."""
    target_size: Number = None
    """Long side of the pixels that are scored; by default 256."""
    threads: Number = None
    """How many threads; by default all cores."""
    device: str = "auto"
    """auto or cpu."""
    run_dir: Folder = None
    """Folder for checkpoints, history and previews; by default runs/NAME."""
    set: Settings = ()
    """Any option of any part, such as renderer.background=none."""
    preview: Text = None
    """A PNG to keep what it looks like now in, besides the run folder's preview.png; leave it open in a viewer."""
    plugin: Files = ()
    """A Python file of yours that registers parts."""
    json: Flag = False
    """Print the final figures as one line of JSON on standard output."""
    quiet: Flag = False
    """Say nothing but errors."""


def main(words: Sequence[str]) -> int:
    asked = parse(Fit, words, "fit")

    from creativity import registry, series, verbs
    from creativity.cli.searching import inputs, search, search_series, settings
    from creativity.errors import CreativityError
    from creativity.files import make_folder
    from creativity.sources import stem_of

    verbs.check_outputs([output for output in asked.output if not series.has_fields(output)])
    how: dict[str, Any] = {
        "preset": asked.preset,
        "renderer": asked.renderer,
        "count": asked.count,
        "palette": asked.palette,
        "objective": asked.objective,
        "focus": asked.focus,
        "focus_strength": asked.focus_strength,
        "optimizer": asked.optimizer,
        "seed": asked.seed,
        "steps": asked.steps,
        "max_seconds": asked.max_seconds,
        "target_loss": asked.target_loss,
        "plateau": asked.plateau,
        "size": asked.size,
        "target_size": asked.target_size,
        "threads": asked.threads,
        "device": asked.device,
        "options": settings(asked.set),
        "start": asked.start,
        "keep": asked.keep,
        "lock": asked.lock or (),
    }
    pictures = inputs(asked.pictures)
    if asked.seed is not None and asked.seeds is not None:
        raise CreativityError("say --seed or --seeds, not both")
    given = [*(name for name in pictures if isinstance(name, str)), *([asked.focus] if asked.focus else []), *asked.plugin]
    if len(pictures) > 1 or asked.seeds is not None or asked.every_frame:
        seeds = series.seeds_of(asked.seeds) if asked.seeds is not None else ()
        previews = verbs.check_preview(asked.preview, given)
        several = series.plan(
            pictures, how, outputs=asked.output, seeds=seeds, every_frame=asked.every_frame, run_dir=asked.run_dir, plugins=asked.plugin
        )
        return search_series(several, quiet=asked.quiet, as_json=asked.json, previews=previews)
    picture = pictures[0]
    plan = verbs.plan_fit(picture, **how, plugins=asked.plugin)
    run = plan.run()  # what cannot work is refused here, before a folder is made
    renderer = run.problem.renderer
    stem = stem_of(picture) if isinstance(picture, str) else "picture"
    outputs = [series.fill(output, run.recipe, stem) for output in asked.output]
    for pattern, output in zip(asked.output, outputs, strict=True):
        for folder in series.check_places(pattern, [output], renderer, given):
            make_folder(folder)
    run.previews = verbs.check_preview(asked.preview, given)
    run.folder = verbs.run_folder(asked.run_dir, stem, plan.recipe)
    fresh = None if outputs else Path(f"{stem[:100]}-{registry.renderers.called(plan.recipe.renderer)}{verbs.default_kind(renderer)}")
    run.outputs = [output if output == "-" else str(Path(output).absolute()) for output in outputs or (str(fresh),)]
    return search(run, outputs, quiet=asked.quiet, as_json=asked.json, fresh=fresh, notes=plan.notes)
