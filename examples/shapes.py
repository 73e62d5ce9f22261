"""A contact sheet: one picture made of every kind of shape, and of all of them mixed.

python examples/shapes.py sheet.jpg photo.jpg
"""

from __future__ import annotations

import sys

from PIL import Image

import creativity

COUNT = 100
KINDS = ("triangles", "polygons", "ellipses", "lines", "rotated-rectangles", "rectangles", "circles", "regular-polygons", "shapes")


def main(output: str, path: str) -> None:
    pictures, captions = [], []
    for kind in KINDS:
        artwork = creativity.fit(path, renderer=kind, count=COUNT, seed=1)
        pictures.append(artwork.rgba(420))
        captions.append(f"{COUNT} {'shapes, mixed' if kind == 'shapes' else kind}: error {artwork.results['loss']:.5f}")
        print(f"{path}: {captions[-1]}", file=sys.stderr)
    sheet = creativity.contact_sheet(pictures, captions, columns=3)
    Image.fromarray(sheet[..., :3]).save(output, quality=88)


if __name__ == "__main__":
    main(*sys.argv[1:])
