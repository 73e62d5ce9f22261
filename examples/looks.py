"""Every preset on pictures of yours: one strip a preset, to choose by.

python examples/looks.py strips photo.jpg logo.png

Without pictures it makes those of docs/looks.md, and the thumbnails that ship with the package.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image, ImageDraw

import creativity
from creativity.presets import PRESETS, thumbnail

ROOT = Path(__file__).parents[1]
HEIGHT, GAP = 180, 6
THUMBNAIL, THUMBNAIL_BYTES = (192, 144), 12_000
SHOWN = ("low-poly", "cut-paper", "bauhaus", "mosaic", "pointillist", "stained-glass", "neon", "watercolour", "linocut", "risograph")
"""Presets in the picture at the top of the page."""


def logo() -> Image.Image:
    """Two mountains, a sun and a lake in a circle: flat colours and clean edges."""
    picture = Image.new("RGB", (1024, 1024), "#fbfaf5")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((80, 80, 944, 944), "#17324d")
    draw.ellipse((600, 180, 800, 380), "#f4b942")
    draw.polygon(((120, 760), (380, 340), (640, 760)), "#e4572e")
    draw.polygon(((460, 800), (680, 460), (904, 800)), "#f7efe0")
    draw.polygon(((380, 340), (440, 436), (380, 470), (330, 424)), "#f7efe0")
    draw.rectangle((80, 760, 944, 960), "#fbfaf5")
    draw.pieslice((80, 80, 944, 944), 26, 154, "#2a7f7a")
    draw.rectangle((0, 880, 1024, 904), "#fbfaf5")
    return picture.resize((512, 512), Image.Resampling.LANCZOS)


def fitted(preset: str, picture: Image.Image | Path, height: int) -> Image.Image:
    limit = {"steps": 600} if preset == "es-clip" else {}  # of 10,000
    artwork = creativity.fit(picture, preset=preset, seed=1, **limit)
    print(f"{preset}: {artwork.results}", file=sys.stderr)
    width, long = artwork.recipe.canvas[0] * height / artwork.recipe.canvas[1], 4 * height
    drawn = Image.fromarray(artwork.rgba(f"{round(4 * width)}x{long}"))
    white = Image.new("RGBA", drawn.size, "white")
    return Image.alpha_composite(white, drawn).convert("RGB").resize((round(width), height), Image.Resampling.LANCZOS)


def beside(pictures: list[Image.Image]) -> Image.Image:
    strip = Image.new("RGB", (sum(p.width + GAP for p in pictures) - GAP, pictures[0].height), "white")
    left = 0
    for picture in pictures:
        strip.paste(picture, (left, 0))
        left += picture.width + GAP
    return strip


def jpeg(picture: Image.Image, most: int) -> bytes:
    """As good as fits into so many bytes."""
    for quality in range(88, 20, -4):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True, subsampling=2 if quality < 60 else 0)
        if file.tell() <= most:
            break
    return file.getvalue()


def main(output: str | None = None, *paths: str) -> None:
    data = ROOT / "benchmarks" / "data"
    shipped = (ROOT / "creativity" / "data" / "langlois_bridge.jpg", data / "astronaut.png", data / "starry_night.png", logo())
    folder = Path(output) if output else ROOT / "docs" / "looks"
    folder.mkdir(parents=True, exist_ok=True)
    bridges = {}
    for preset in PRESETS:
        cells = [fitted(preset, picture, HEIGHT) for picture in ([Path(path) for path in paths] or shipped)]
        (folder / f"{preset}.jpg").write_bytes(jpeg(beside(cells), 75_000))
        bridges[preset] = cells[0]
        if output is None:
            small = cells[0].resize(THUMBNAIL, Image.Resampling.LANCZOS)
            thumbnail(preset).parent.mkdir(exist_ok=True)
            thumbnail(preset).write_bytes(jpeg(small, THUMBNAIL_BYTES))
    if output is None:
        half = len(SHOWN) // 2
        rows = [
            beside([bridges[preset].resize(THUMBNAIL, Image.Resampling.LANCZOS) for preset in part])
            for part in (SHOWN[:half], SHOWN[half:])
        ]
        sheet = Image.new("RGB", (rows[0].width, 2 * rows[0].height + GAP), "white")
        sheet.paste(rows[0], (0, 0))
        sheet.paste(rows[1], (0, rows[0].height + GAP))
        (folder.parent / "looks.jpg").write_bytes(jpeg(sheet, 190_000))


if __name__ == "__main__":
    main(*sys.argv[1:])
