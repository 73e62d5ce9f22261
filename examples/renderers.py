"""Every renderer fitting one photograph and painting one prompt: the picture of docs/renderers.md.

python examples/renderers.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from PIL import Image

import creativity
from creativity.sheet import save_sheet

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "creativity" / "data" / "langlois_bridge.jpg"
PROMPT, SECONDS, SIDE = "a lighthouse at night", 15, 250
TILES = {"renderer.kind": "mosaic", "renderer.rows": 40, "renderer.columns": 40}
RENDERERS: dict[str, dict[str, Any]] = {
    "es-clip": {},
    "triangles": {},
    "shapes": {},
    "circles": {},
    "strokes": {},
    "svg": {},
    "svg, radial": {"renderer.fill": "radial"},
    "cppn, mixed": {},
    "cppn, siren": {"renderer.net": "siren", "renderer.width": 48},
    "pixels, fourier": {},
    "pixels, mosaic": TILES,
}
"""By the names that the sheet gives them: the renderer's, then what is said of it besides."""


def made(name: str, options: dict[str, Any]) -> list[Image.Image]:
    renderer, _, _ = name.partition(",")
    counted = {} if renderer in ("cppn", "pixels") else {"count": 120}
    how: dict[str, Any] = {"renderer": renderer, "options": options, "seed": 4, "max_seconds": SECONDS, **counted}
    found = [creativity.fit(PICTURE, **how), creativity.paint(PROMPT, **how)]
    print(f"{name}: {found[0].results['mse']:.5f}", file=sys.stderr)
    return [Image.fromarray(artwork.rgba(2 * SIDE)).convert("RGBA") for artwork in found]


def main() -> None:
    from numpy import asarray

    pictures, captions = [], []
    for name, options in RENDERERS.items():
        for kind, picture in zip(("fits", "paints"), made(name, options), strict=True):
            pictures.append(asarray(picture))
            captions.append(f"{name} {kind}")
    path = ROOT / "docs" / "renderers.png"
    save_sheet(path, pictures, captions)
    sheet = Image.open(path).convert("RGB")
    sheet.thumbnail((1500, 1500), Image.Resampling.LANCZOS)
    sheet.save(path.with_suffix(".jpg"), quality=86, optimize=True)
    path.unlink()


if __name__ == "__main__":
    main()
