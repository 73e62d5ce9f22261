"""A contact sheet: several pictures beside themselves as 25, 100 and 400 triangles.

python examples/sheet.py sheet.jpg photo.jpg logo.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

import creativity

COUNTS = (25, 100, 400)
CELL, GAP, ACROSS = 210, 10, 2


def on_checks(picture: Image.Image) -> Image.Image:
    """What can be seen through is shown on a checkerboard."""
    rows, columns = np.mgrid[0 : picture.height, 0 : picture.width] // 12
    checks = np.where((rows + columns) % 2, 255, 225).astype(np.uint8)
    ground = Image.fromarray(checks).convert("RGBA")
    return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")


def row(path: Path) -> list[Image.Image]:
    """A picture and its three fits, all of one size."""
    target = Image.open(path).convert("RGBA")
    clear = target.getextrema()[3][0] < 255
    cells = [target]
    for count in COUNTS:
        options = {"renderer.background": "none"} if clear else {}
        artwork = creativity.fit(target, count=count, seed=1, options=options)
        print(f"{path.name}: {count} triangles, error {artwork.results['loss']:.5f}", file=sys.stderr)
        cells.append(Image.fromarray(artwork.rgba(CELL)))
    scale = CELL / max(target.size)
    size = max(1, round(target.width * scale)), max(1, round(target.height * scale))
    cells[0] = target.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST)
    return [on_checks(cell) for cell in cells]


def main(output: str, *paths: str) -> None:
    rows = [row(Path(path)) for path in paths]
    step, wide = CELL + GAP, (1 + len(COUNTS)) * (CELL + GAP)
    lines = [rows[i : i + ACROSS] for i in range(0, len(rows), ACROSS)]
    heights = [max(cell.height for cells in line for cell in cells) + GAP for line in lines]
    sheet = Image.new("RGB", (ACROSS * wide + (ACROSS - 1) * 2 * GAP + GAP, sum(heights) + GAP), "white")
    top = GAP
    for line, height in zip(lines, heights, strict=True):
        for place, cells in enumerate(line):
            for column, cell in enumerate(cells):
                sheet.paste(cell, (GAP + place * (wide + 2 * GAP) + column * step, top + (height - GAP - cell.height) // 2))
        top += height
    sheet.save(output, quality=88)


if __name__ == "__main__":
    main(*sys.argv[1:])
