"""``creativity list KIND``: the parts there are and their options, presets, palettes, models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro

from creativity.cli.parse import Files, Flag, parse


@dataclass(frozen=True)
class List:
    """List renderers, objectives or optimizers with every option (set one with --set renderer.NAME=VALUE), presets, palettes or models."""

    kind: Annotated[Literal["renderers", "objectives", "optimizers", "presets", "palettes", "models"], tyro.conf.Positional]
    """What to list."""
    plugin: Files = ()
    """A Python file of yours that registers parts."""
    json: Flag = False
    """As JSON."""


def main(words: Sequence[str]) -> int:
    asked = parse(List, words, "list")

    import json

    from creativity import presets, registry
    from creativity.errors import CreativityError
    from creativity.options import describe

    for path in asked.plugin:
        registry.load_plugin(path)
    if asked.kind == "presets":
        if asked.json:
            looks = {name: {**preset._asdict(), "thumbnail": str(presets.thumbnail(name))} for name, preset in presets.PRESETS.items()}
            print(json.dumps(looks))
            return 0
        for name, preset in presets.PRESETS.items():
            print(f"{name}: {preset.about}\n  best for: {', '.join(preset.best_for)}\n  looks like: {presets.thumbnail(name)}")
            for key, value in preset.settings.items():
                print("".join(f"  {option} = {given}\n" for option, given in (value if key == "options" else {key: value}).items()), end="")
        return 0
    if asked.kind == "palettes":
        return _palettes(asked.json)
    if asked.kind == "models":
        return _models(asked.json)
    table: registry.Registry = getattr(registry, asked.kind)
    rows: dict[str, dict[str, Any]] = {}
    for name in table.parts():
        aliases = [alias for alias, (part, _) in table.aliases.items() if part == name]
        try:
            part = table.get(name)
        except CreativityError as error:
            rows[name] = {"about": str(error), "aliases": aliases, "options": []}
            continue
        about = (part.__doc__ or "").strip().splitlines()
        options = [{"name": option, "default": default, "help": text} for option, default, text in describe(part.Options)]
        rows[name] = {"about": about[0] if about else "", "aliases": aliases, "options": options}
    if asked.json:
        print(json.dumps(rows))
        return 0
    kind = asked.kind.removesuffix("s")
    for name, row in rows.items():
        print(f"{name}: {row['about']}")
        if row["aliases"]:
            print(f"  also by: {', '.join(row['aliases'])}")
        for option in row["options"]:
            default = f" [{option['default']}]" if option["default"] else ""
            print(f"  {kind}.{option['name']}{default}  {option['help']}")
    return 0


def _palettes(as_json: bool) -> int:
    """Names, colours and what they are like; the colours as blocks on a terminal that shows them."""
    import json
    import sys

    from creativity.palettes import PALETTES

    if as_json:
        print(json.dumps({name: palette._asdict() for name, palette in PALETTES.items()}))
        return 0
    if not sys.stdout.isatty():
        for name, palette in PALETTES.items():
            print(f"{name}: {palette.about}\n  {','.join(palette.colours)}")
        return 0
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    shows = console.color_system in ("truecolor", "256")
    for name, palette in PALETTES.items():
        blocks = Text.assemble(*(("   ", f"on {colour}") for colour in palette.colours))
        console.print(f"{name:<18}", blocks if shows else ",".join(palette.colours), f" {palette.about}", soft_wrap=True)
    return 0


def _models(as_json: bool) -> int:
    """Encoders and priors: what is on this machine first, then what can be had."""
    import dataclasses
    import json

    from creativity.models import catalog

    rows = sorted(catalog.rows(), key=lambda row: not row.here)
    if as_json:
        print(json.dumps([dataclasses.asdict(row) for row in rows]))
        return 0
    for row in rows:
        print(f"{row.name} ({row.kind}): {row.about}")
        size = f"{row.megabytes} MB, {row.licence}"
        if row.here:
            print(f"  here, {size}")
        elif row.name == "embedded":
            print("  missing: install creativity again")
        else:
            print(f"  {size}; fetch it with: creativity models get {row.name}")
    print("Any other model of open_clip: MODEL/PRETRAINED, hf-hub:ORG/REPO or local-dir:PATH; several as one encoder: A+B")
    return 0
