"""A contact sheet: several pictures beside themselves as 25, 100 and 400 triangles.

python examples/sheet.py sheet.jpg photo.jpg logo.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

import creativity
from creativity import images

COUNTS = (25, 100, 400)


def main(output: str, *paths: str) -> None:
    pictures, captions = [], []
    for path in paths:
        pictures.append(images.open_picture(path))
        captions.append(Path(path).stem)
        for count in COUNTS:
            artwork = creativity.fit(path, count=count, seed=1)
            pictures.append(artwork.rgba(420))
            captions.append(f"{count} triangles: error {artwork.results['loss']:.5f}")
            print(f"{path}: {captions[-1]}", file=sys.stderr)
    sheet = creativity.contact_sheet(pictures, captions, columns=2 * (1 + len(COUNTS)))
    Image.fromarray(sheet[..., :3]).save(output, quality=88)


if __name__ == "__main__":
    main(*sys.argv[1:])
