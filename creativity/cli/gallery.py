"""``creativity gallery ROOT``: pages to look at what was made, to go on from it and to begin anew; or the same wall as files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from creativity.cli.parse import Flag, Folder, parse


@dataclass(frozen=True)
class Gallery:
    """Show all artworks of a folder in a browser, on this machine alone; watch, compare, keep and continue them.

    creativity gallery

    creativity gallery runs --static public
    """

    root: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ROOT")] = "runs"
    """The folder that holds the runs, at any depth; new ones are put there."""
    port: int = 8765
    """Of http://localhost:PORT; the next that is free where it is taken, 0 for any."""
    static: Folder = None
    """Write the wall as files into this folder instead, for any web host, or to be opened from a disk."""
    json: Flag = False
    """Print the address, or what was written, as one line of JSON on standard output."""


def main(words: Sequence[str]) -> int:
    asked = parse(Gallery, words, "gallery")

    import json
    from pathlib import Path

    from creativity.errors import CreativityError
    from creativity.files import make_folder

    root = Path(asked.root)
    if root.exists() and not root.is_dir():
        raise CreativityError(f"{asked.root} is a file; a gallery is over a folder of runs")
    if asked.static is not None:
        from creativity.gallery.export import export

        if not root.is_dir():
            raise CreativityError(f"there is no folder {asked.root}; creativity fit and paint put their runs into runs/")
        count = export(root, Path(asked.static))
        if asked.json:
            print(json.dumps({"pictures": count, "index": str(Path(asked.static) / "index.html")}))
        else:
            print(f"{count} pictures in {Path(asked.static) / 'index.html'}", file=sys.stderr)
        return 0
    if not 0 <= asked.port <= 65535:
        raise CreativityError(f"port must be from 0 to 65535, not {asked.port}")
    make_folder(root)
    from creativity.gallery.serve import listening, serve

    with listening(asked.port) as line:
        address = f"http://localhost:{line.getsockname()[1]}"
        print(json.dumps({"address": address}) if asked.json else address, flush=True)
        if not asked.json:
            print(f"a gallery of {root}, on this machine alone; Ctrl-C closes it, and runs go on", file=sys.stderr)
        serve(root, line)
    return 0
