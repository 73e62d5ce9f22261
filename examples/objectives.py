"""What an objective does to a picture: one picture fitted by several, all else the same.

python examples/objectives.py sheet.jpg photo.jpg 0.35,0.02,0.62,0.42

The four numbers are the box (left, top, right, bottom, as parts of the picture) of the ellipse that the mask is made of.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont

import creativity

COUNT, STEPS = 30, 1600
CELL, GAP, ACROSS = 300, 8, 4


def ways(mask: Image.Image) -> dict[str, dict[str, Any]]:
    """Captions, and what they ask for."""
    return {
        "pixel": {"objective": "pixel"},
        "l1": {"objective": "l1"},
        "oklab": {"objective": "oklab"},
        "ssim": {"objective": "ssim"},
        "pixel:1,edges:1": {"objective": {"pixel": 1.0, "edges": 1.0}},
        "pixel, focus auto": {"objective": "pixel", "focus": "auto"},
        "pixel, focus mask": {"objective": "pixel", "focus": mask},
    }


def ellipse(size: tuple[int, int], box: str) -> Image.Image:
    """A mask: white inside of the ellipse, with a soft border."""
    places = [float(number) * side for number, side in zip(box.split(","), 2 * size, strict=True)]
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).ellipse(places, fill=255)
    return mask.filter(ImageFilter.GaussianBlur(max(size) / 60))


def cells(path: Path, box: str) -> list[tuple[str, Image.Image]]:
    """The picture and its fits, all of one size, with their captions."""
    target = Image.open(path).convert("RGB")
    scale = CELL / max(target.size)
    size = max(1, round(target.width * scale)), max(1, round(target.height * scale))
    found = [(path.stem.replace("_", " "), target.resize(size, Image.Resampling.LANCZOS))]
    for caption, how in ways(ellipse(target.size, box)).items():
        artwork = creativity.fit(target, count=COUNT, steps=STEPS, seed=1, **how)
        print(f"{path.name}, {caption}: {artwork.results}", file=sys.stderr)
        found.append((caption, Image.fromarray(artwork.rgba(CELL)).convert("RGB")))
    return found


def main(output: str, *words: str) -> None:
    font = ImageFont.load_default(15)
    rows = []
    for path, box in zip(words[::2], words[1::2], strict=True):
        made = cells(Path(path), box)
        rows += [made[i : i + ACROSS] for i in range(0, len(made), ACROSS)]
    heights = [max(cell.height for _, cell in row) + 24 + GAP for row in rows]
    sheet = Image.new("RGB", (ACROSS * (CELL + GAP) + GAP, sum(heights) + GAP), "white")
    draw, top = ImageDraw.Draw(sheet), GAP
    for row, height in zip(rows, heights, strict=True):
        for column, (caption, cell) in enumerate(row):
            left = GAP + column * (CELL + GAP)
            sheet.paste(cell, (left, top))
            draw.text((left + 1, top + cell.height + 2), caption, "black", font)
        top += height
    sheet.save(output, quality=88)


if __name__ == "__main__":
    main(*sys.argv[1:])
