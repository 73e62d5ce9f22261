"""What an objective does to a picture: the same marks and the same seed, fitted by several.

python examples/objectives.py sheet.jpg photo.jpg 0.35,0.02,0.62,0.42

The four numbers are the box (left, top, right, bottom, as parts of the picture) of the ellipse that the mask is made of.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import creativity
from creativity import images

COUNT, STEPS, CELL = 50, 1400, 420


def ways(mask: Image.Image) -> dict[str, dict[str, Any]]:
    """Captions, and what they ask for."""
    return {
        "pixel": {"objective": "pixel"},
        "l1": {"objective": "l1"},
        "oklab": {"objective": "oklab"},
        "ssim": {"objective": "ssim"},
        "pixel:1,edges:1": {"objective": "pixel:1,edges:1"},
        "focus auto": {"focus": "auto"},
        "focus mask": {"focus": mask},
    }


def ellipse(size: tuple[int, int], box: str) -> Image.Image:
    """A mask: white inside of the ellipse, with a soft border."""
    places = [float(number) * side for number, side in zip(box.split(","), 2 * size, strict=True)]
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).ellipse(places, fill=255)
    return mask.filter(ImageFilter.GaussianBlur(max(size) / 60))


def main(output: str, *words: str) -> None:
    pictures, captions = [], []
    for path, box in zip(words[::2], words[1::2], strict=True):
        target = images.open_picture(path)
        pictures.append(images.resized(target, CELL, enlarge=True))
        captions.append(Path(path).stem.replace("_", " "))
        for caption, how in ways(ellipse(target.shape[1::-1], box)).items():
            artwork = creativity.fit(path, count=COUNT, steps=STEPS, seed=1, **how)
            pictures.append(artwork.rgba(CELL))
            captions.append(caption)
            print(f"{path}, {caption}: {artwork.results}", file=sys.stderr)
    sheet = creativity.contact_sheet(pictures, captions, columns=4)
    Image.fromarray(np.ascontiguousarray(sheet[..., :3])).save(output, quality=88)


if __name__ == "__main__":
    main(*sys.argv[1:])
