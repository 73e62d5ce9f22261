"""``creativity show FILE-OR-RUN``: what an artwork or a run is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from creativity.cli.parse import Artwork, Flag, Outputs, parse


@dataclass(frozen=True)
class Show:
    """Print the recipe and the figures of an artwork's file or of a run folder, finished or not."""

    file: Artwork
    """A PNG, SVG, JSON or film that creativity saved, or a run folder."""
    plan: Flag = False
    """Which part of the picture serves which prompt, where several share it: a table, and a picture."""
    output: Outputs = ()
    """Of --plan: the picture, as PNG; by default FILE-plan.png, or plan.png in the run folder."""
    json: Flag = False
    """As JSON."""


def main(words: Sequence[str]) -> int:
    asked = parse(Show, words, "show")

    import json
    import math

    from creativity.artwork import open_artwork
    from creativity.files import RunFolder, load_state
    from creativity.run import read_recipe
    from creativity.series import is_series

    path = Path(asked.file)
    if asked.plan:
        return _show_plan(path, asked.output, asked.json)
    if is_series(path):
        return _show_series(path, asked.json)
    if path.is_dir() and not (path / "artwork.json").exists() and (path / "recipe.toml").exists():
        recipe = read_recipe(RunFolder(path))
        _, facts, _ = load_state(RunFolder(path))
        results = {"loss": facts.get("best_loss"), "steps": facts.get("step"), "seconds": facts.get("seconds")}
        state = f"not finished; continue with: creativity resume {path}"
    else:
        artwork = open_artwork(path)
        recipe, results, state = artwork.recipe, artwork.results, "finished"
    if asked.json:
        print(json.dumps({"recipe": recipe.to_dict(), "results": results}))
        return 0
    mse = results.get("mse")
    if isinstance(mse, float) and mse > 0:
        results = {**results, "psnr": f"{-10 * math.log10(mse):.2f} dB"}
    print(f"{path}: {state}")
    for name, value in results.items():
        print(f"{name} = {value}")
    print()
    part = recipe.renderer
    if len(text := str(part.options.get("document", ""))) > 100:  # a drawing's own text is in its file
        options = {**part.options, "document": f"{text[:60]}... ({len(text)} characters)"}
        recipe = recipe.replace(renderer=dataclasses.replace(part, options=options))
    print(recipe.to_toml(), end="")
    return 0


def _show_series(path: Path, as_json: bool) -> int:
    import json

    from creativity.errors import one_line
    from creativity.series import open_series

    series = open_series(path, plugins=None)
    left = len(series.groups) - len(series.results)
    if as_json:
        print(json.dumps({"results": series.results, "left": left}))
        return 0
    print(f"{path}: {series.count} runs, {f'not finished; continue with: creativity resume {path}' if left else 'finished'}")
    for name, facts in series.results.items():
        print(one_line(f"{name}: seed {facts.get('seed')}, loss {facts.get('loss')}, {', '.join(map(str, facts['files']))}"))
    return 0


def _show_plan(path: Path, outputs: Sequence[str], as_json: bool) -> int:
    import json

    from creativity import images
    from creativity.artwork import open_artwork
    from creativity.errors import CreativityError
    from creativity.files import write_atomically, write_numbered
    from creativity.overlay import plan_of
    from creativity.run import open_run
    from creativity.sources import stem_of

    if wrong := [output for output in outputs if Path(output).suffix.lower() != ".png"]:
        raise CreativityError(f"cannot save the plan as {wrong[0]}: it is a .png")
    if path.is_dir():
        run = open_run(path)
        artwork, references = run.checkpoint(), run.references
    else:
        artwork, references = open_artwork(path), {}
    picture, table = plan_of(artwork, references)
    content = images.encode_png(picture, {}, None)
    if path.is_dir() and not outputs:
        saved = [write_atomically(path / "plan.png", content)]
    else:
        saved = [write_atomically(output, content) for output in outputs] or [write_numbered(Path(f"{stem_of(path)}-plan.png"), content)]
    if as_json:
        print(json.dumps({"plan": [served._asdict() for served in table], "files": [*map(str, saved)]}))
        return 0
    for served in table:
        print(f"{served.got:6.1%} of the picture ({served.asked:.1%} asked for): {served.prompt}")
    print(", ".join(map(str, saved)))
    return 0
