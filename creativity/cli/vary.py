"""``creativity vary FILE --seeds 0..9``: siblings of an artwork."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from creativity.cli.parse import Artwork, Files, Flag, Other, Outputs, Real, Text, parse


@dataclass(frozen=True)
class Vary:
    """Make siblings of an artwork, from its file alone and without a search, with a contact sheet of them.

    creativity vary out.svg --seeds 0..9

    creativity vary out.svg --amount 0.05,colour:0.4

    creativity vary out.svg --with other.svg -o out/{name}-{seed}.png
    """

    file: Artwork
    """A PNG, SVG or JSON that creativity saved, or a finished run folder."""
    output: Outputs = ()
    """What to save, with {seed} where there are several; by default FILE-vary-s{seed} with the file's own suffix."""
    seeds: str = "0..9"
    """One sibling each, such as 0..9 or 0,3,7."""
    amount: Text = None
    """Noise in units of each block's scale, also by block: 0.1,colour:0.5; by default 0.12, with another artwork 0."""
    other: Other = None
    """Another artwork of the same renderer: marks are taken from the one or the other."""
    share: Real = None
    """The part of the marks that is the other's; by default 0.5."""
    size: Text = None
    """Long side in pixels, a box such as 800x600, or a length such as 210mm; by default the recipe's."""
    plugin: Files = ()
    """The plug-in that it was made with."""
    json: Flag = False
    """Print what was saved as one line of JSON on standard output."""
    quiet: Flag = False
    """Say nothing but errors."""


def main(words: Sequence[str]) -> int:
    asked = parse(Vary, words, "vary")

    import json

    from creativity import films, series, verbs
    from creativity.artwork import open_artwork
    from creativity.errors import CreativityError
    from creativity.files import make_folder, write_numbered
    from creativity.seeds import seeds_of
    from creativity.sheet import LARGEST, save_sheet
    from creativity.sources import stem_of
    from creativity.variation import vary

    seeds = seeds_of(asked.seeds)
    share = 0.5 if asked.share is None else asked.share
    if asked.share is not None and asked.other is None:
        raise CreativityError("share speaks of another artwork; name it with --with FILE")
    siblings = [vary(asked.file, seed, amount=asked.amount, other=asked.other, share=share, plugins=asked.plugin) for seed in seeds]
    siblings[0].output_size(asked.size)  # what cannot be saved is refused here, before a folder is made
    renderer, file = siblings[0].renderer, Path(asked.file).resolve()
    places = [[series.fill(output, sibling.recipe, stem_of(file)) for sibling in siblings] for output in asked.output]
    given = [path for path in (asked.file, asked.other) if path is not None]
    for output, named in zip(asked.output, places, strict=True):
        if len(set(named)) < len(seeds):
            raise CreativityError(f"{len(seeds)} siblings would all be saved as {output}; put {{seed}} into -o")
        if Path(output).suffix.lower() in films.KINDS:
            raise CreativityError(f"cannot save {output}: a sibling has no search to film; creativity film can draw it mark by mark")
        for folder in series.check_places(output, named, renderer, given):
            make_folder(folder)
    for named in places:
        for place, sibling in zip(named, siblings, strict=True):
            sibling.save(place, asked.size)
    files = [place for named in places for place in named]
    if not asked.output:
        suffix = file.suffix.lower() if file.suffix.lower() in (".svg", ".png", ".json") else verbs.default_kind(renderer)
        for seed, sibling in zip(seeds, siblings, strict=True):
            files.append(str(write_numbered(Path(f"{stem_of(file)}-vary-s{seed}{suffix}"), sibling.encode(suffix, asked.size))))
    if len(siblings) > 1:
        patterns = [series.fill(output, siblings[0].recipe, stem_of(file), seed=False) for output in asked.output]
        sheet = Path(series.sheet_name(patterns) if patterns else f"{stem_of(file)}-vary.png")
        shown = [*map(open_artwork, given), *siblings]
        captions = [*(Path(path).name for path in given), *(f"seed {seed}" for seed in seeds)]
        files.append(str(save_sheet(sheet, [artwork.rgba(LARGEST) for artwork in shown], captions, 0)))
    if asked.json:
        print(json.dumps({"files": files}))
    if not asked.quiet:
        print("\n".join(files), file=sys.stderr)
    return 0
