"""What else a picture can be asked for, beside a likeness: the same picture and the same seed, with one more term each.

python examples/regularizers.py sheet.jpg photo.jpg
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from PIL import Image

import creativity
from creativity import images

CELL = 300

WAYS: dict[str, dict[str, Any]] = {
    "pixel": {"objective": "pixel"},
    "palette": {"objective": {"pixel": 1, "palette": {"weight": 2, "colours": ["ukiyo-e"]}}},
    "ink": {"objective": {"pixel": 1, "ink": {"weight": 2, "share": 0.3}}, "options": {"renderer.background": "#f5f0e6"}},
    "smoothness": {"objective": {"pixel": 1, "smoothness": 0.005}},
    "symmetry": {"objective": {"pixel": 1, "symmetry": {"weight": 3, "mirror": "up-down"}}},
    "inside": {"objective": {"pixel": 1, "inside": {"weight": 50, "margin": 0.08}}, "options": {"renderer.background": "#f5f0e6"}},
    "opacity": {"objective": {"pixel": 1, "opacity": {"weight": 1, "least": 1.0}}},
    "size": {"objective": {"pixel": 1, "size": {"weight": 1, "least": 0.25}}},
    "six corners": {"renderer": "polygons", "options": {"renderer.corners": 6}},
    "six corners, simple": {"renderer": "polygons", "options": {"renderer.corners": 6}, "objective": {"pixel": 1, "simple": 1}},
    "palette, inside, opacity": {
        "objective": {
            "pixel": 1,
            "palette": {"weight": 3, "colours": ["matisse"]},
            "inside": {"weight": 50, "margin": 0.05},
            "opacity": {"weight": 1, "least": 1.0},
        },
        "options": {"renderer.background": "#f8f2e3"},
    },
}


def main(output: str, path: str) -> None:
    pictures, captions = [images.resized(images.open_picture(path), CELL, enlarge=True)], ["the picture"]
    for caption, how in WAYS.items():
        artwork = creativity.fit(path, **{"count": 50, "steps": 1400, "seed": 1, **how})
        pictures.append(artwork.rgba(CELL))
        captions.append(caption)
        print(f"{caption}: {artwork.results}", file=sys.stderr, flush=True)
    sheet = creativity.contact_sheet(pictures, captions, columns=4)
    Image.fromarray(np.ascontiguousarray(sheet[..., :3])).save(output, quality=85)


if __name__ == "__main__":
    main(*sys.argv[1:])
