"""Every vector renderer fitting the same three pictures, and a plotter's drawing with the way of its pen: the pictures of docs/drawings.md.

python examples/drawings.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from PIL import Image, ImageDraw

import creativity
from creativity import svg
from creativity.export import pen

ROOT = Path(__file__).parents[1]
DATA = ROOT / "benchmarks" / "data"
PICTURES = (ROOT / "creativity" / "data" / "langlois_bridge.jpg", DATA / "astronaut.png", DATA / "starry_night.png")
COUNT, HEIGHT, GAP = 150, 240, 6
RENDERERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("triangles", {}),
    ("shapes", {}),
    ("strokes", {}),
    ("svg", {}),
    ("svg", {"renderer.fill": "linear"}),
)


def table() -> Image.Image:
    """A row for each picture: itself, then what each renderer makes of it in forty seconds at most."""
    rows = []
    for path in PICTURES:
        picture = Image.open(path).convert("RGB")
        width = round(picture.width * HEIGHT / picture.height)
        cells = [picture.resize((width, HEIGHT), Image.Resampling.LANCZOS)]
        for renderer, options in RENDERERS:
            artwork = creativity.fit(path, renderer=renderer, count=COUNT, options=options, seed=1, max_seconds=40)
            print(f"{path.stem} {renderer} {options}: {artwork.results['mse']:.5f}", file=sys.stderr)
            drawn = Image.fromarray(artwork.rgba(4 * max(width, HEIGHT))).convert("RGB")
            cells.append(drawn.resize((width, HEIGHT), Image.Resampling.LANCZOS))
        row = Image.new("RGB", (sum(cell.width + GAP for cell in cells) - GAP, HEIGHT), "white")
        for k, cell in enumerate(cells):
            row.paste(cell, (k * (width + GAP), 0))
        rows.append(row)
    sheet = Image.new("RGB", (max(row.width for row in rows), len(rows) * (HEIGHT + GAP) - GAP), "white")
    for k, row in enumerate(rows):
        sheet.paste(row, (0, k * (HEIGHT + GAP)))
    return sheet


def plotted(artwork: creativity.Artwork, width: int = 820) -> Image.Image:
    """A pen's drawing, and in red how it is carried from line to line: in the order of painting, and as it is exported."""
    halves = []
    for plotter in (False, True):
        root = svg.read_svg(artwork.svg(plotter=plotter).encode())
        units = float(root.get("viewBox", "").split()[2])
        lines = [Element("path", {"fill": "none", **path.attrib}) for path in root.iter(f"{{{svg.SVG}}}path")]
        starts, finishes = (places * (2 * width / units) for places in pen.ends(lines))
        print(f"carried {pen.travel(starts, finishes) / (2 * width):.1f} widths of the page", file=sys.stderr)
        drawn = Image.fromarray(artwork.rgba(2 * width)).convert("RGBA")
        moves = Image.new("RGBA", drawn.size)
        draw = ImageDraw.Draw(moves)
        for before, after in zip(np.concatenate([np.zeros((1, 2)), finishes[:-1]]), starts, strict=True):
            draw.line([*before.tolist(), *after.tolist()], fill=(225, 40, 30, 90 if not plotter else 255), width=2)
        halves.append(Image.alpha_composite(drawn, moves).convert("RGB").resize((width, round(width * drawn.height / drawn.width))))
    both = Image.new("RGB", (2 * width + GAP, halves[0].height), "white")
    for k, half in enumerate(halves):
        both.paste(half, (k * (width + GAP), 0))
    return both


def main() -> None:
    table().save(ROOT / "docs" / "drawings.jpg", quality=86, optimize=True)
    plotted(creativity.fit(PICTURES[0], preset="plotter", seed=1)).save(ROOT / "docs" / "plotted.jpg", quality=80, optimize=True)


if __name__ == "__main__":
    main()
