"""``creativity redo FILE``: run an artwork's recipe again."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creativity.cli.parse import Artwork, Artworks, Files, Flag, Folder, Outputs, Text, parse


@dataclass(frozen=True)
class Redo:
    """Run an artwork's recipe again: the same picture on the same machine, or another with --seed."""

    file: Artwork
    """A PNG, SVG, JSON or film that creativity saved, or a finished run folder."""
    output: Outputs = ()
    """What to save; by default FILE-redo with the file's own suffix."""
    target: Text = None
    """The picture that it was made from, where it is not found beside the file."""
    focus: Text = None
    """The focus mask that it was made with, where it is not found beside the file."""
    start: Artworks = ()
    """The artwork that it goes on from, or was varied from, where it is not found beside the file."""
    seed: Text = None
    """Another seed, or new to draw one."""
    run_dir: Folder = None
    """Folder for checkpoints, history and previews; by default runs/NAME."""
    preview: Text = None
    """A PNG to keep what it looks like now in, besides the run folder's preview.png; leave it open in a viewer."""
    plugin: Files = ()
    """The plug-in that it was made with."""
    json: Flag = False
    """Print the final figures as one line of JSON on standard output."""
    quiet: Flag = False
    """Say nothing but errors."""


def main(words: Sequence[str]) -> int:
    asked = parse(Redo, words, "redo")

    from creativity import verbs
    from creativity.artwork import open_artwork
    from creativity.cli.searching import search
    from creativity.errors import CreativityError
    from creativity.options import whole
    from creativity.sources import stem_of
    from creativity.streams import draw_seed

    verbs.check_outputs(asked.output)
    seed = None
    if asked.seed is not None:
        seed = draw_seed() if asked.seed == "new" else whole(asked.seed)
        if seed is None:
            raise CreativityError(f"--seed takes a whole number or new, not {asked.seed!r}")
    file = Path(asked.file).resolve()
    if open_artwork(asked.file).recipe.variation is not None:
        return _vary_again(asked, file, seed)
    start = asked.start[0] if asked.start else None
    plan = verbs.plan_redo(asked.file, target=asked.target, focus=asked.focus, start=start, seed=seed, plugins=asked.plugin)
    before = open_artwork(file).genome
    run = plan.run()  # what cannot work is refused here, before a folder is made
    renderer = run.problem.renderer
    inputs = [*(given for given in (asked.target, asked.focus) if given), *asked.plugin]
    verbs.check_outputs(asked.output, renderer, inputs)
    run.previews = verbs.check_preview(asked.preview, inputs)
    stem = f"{stem_of(file)}-redo"
    run.folder = verbs.run_folder(asked.run_dir, stem, plan.recipe)
    fresh = None if asked.output else Path(stem + (file.suffix if file.is_file() else verbs.default_kind(renderer)))
    run.outputs = [output if output == "-" else str(Path(output).absolute()) for output in asked.output or (str(fresh),)]
    status = search(run, asked.output, quiet=asked.quiet, as_json=asked.json, fresh=fresh)
    if status == 0 and seed is None and not asked.quiet:
        assert run.best is not None
        print(_compared(run.best.numpy(), before), file=sys.stderr)
    return status


def _vary_again(asked: Redo, file: Path, seed: int | None) -> int:
    """What was made from other artworks without a search is made so again."""
    from creativity import registry, variation, verbs
    from creativity.artwork import open_artwork
    from creativity.files import write_numbered
    from creativity.sources import stem_of

    before = open_artwork(asked.file)
    registry.require_plugins(before.recipe, asked.plugin, asked.file)
    artwork = variation.again(before, asked.file, asked.start, seed)
    verbs.check_outputs(asked.output, artwork.renderer, [*asked.start, *asked.plugin])
    fresh = Path(f"{stem_of(file)}-redo{file.suffix}")
    files = [str(artwork.save(output)) for output in asked.output] or [str(write_numbered(fresh, artwork.encode(file.suffix.lower())))]
    if asked.json:
        print(json.dumps({"seed": artwork.recipe.seed, "files": files}))
    if not asked.quiet:
        print(", ".join(files) if seed is not None else _compared(artwork.genome, before.genome), file=sys.stderr)
    return 0


def _compared(genome: Any, before: Any) -> str:
    same = genome.tobytes() == before.tobytes()
    # (A search that ends looks once more at its answer; the preview of one that goes on was taken without that.)
    unlike = "not the same bits: another machine or version of a library computes a little differently, or it was not the end of its search"
    return "the same picture, bit for bit" if same else unlike
