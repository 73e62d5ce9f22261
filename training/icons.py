"""Drawings of many kinds -> pictures of 64 x 64 pixels, straight RGBA bytes, and the name of the colour that most of one has."""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 64
INK = 0.02  # a picture that covers less of its square is blank
HUES = (
    (12, "red"),
    (42, "orange"),
    (68, "yellow"),
    (160, "green"),
    (195, "turquoise"),
    (255, "blue"),
    (292, "purple"),
    (342, "pink"),
    (361, "red"),
)
Drawing = tuple[str, str]  # name, SVG
Pixels = np.ndarray


def iconify(path: Path) -> Iterator[Drawing]:
    """The drawings of one set of Iconify."""
    found = json.loads(path.read_text())
    for name, icon in found["icons"].items():
        if not icon.get("hidden"):
            x, y, width, height = (
                icon.get(key, found.get(key, usual)) for key, usual in (("left", 0), ("top", 0), ("width", 16), ("height", 16))
            )
            links = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
            yield name, f'<svg {links} viewBox="{x} {y} {width} {height}">{icon["body"]}</svg>'


def glyphs(folder: Path, wanted: Mapping[str, str]) -> Iterator[Drawing]:
    """The glyphs of a font in parts (WOFF2), those of one character, by the names that ``wanted`` gives to codes ("1f34e")."""
    from fontTools.pens.boundsPen import BoundsPen
    from fontTools.pens.svgPathPen import SVGPathPen
    from fontTools.ttLib import TTFont

    for path in sorted(folder.glob("noto-emoji-*-400-normal.woff2")):
        font = TTFont(path)
        shapes = font.getGlyphSet()
        for number, glyph in (font.getBestCmap() or {}).items():
            name = wanted.get(f"{number:x}")
            pen, bounds = SVGPathPen(shapes), BoundsPen(shapes)
            shapes[glyph].draw(bounds)
            if name is None or bounds.bounds is None:
                continue
            shapes[glyph].draw(pen)
            x0, y0, x1, y1 = bounds.bounds
            side = max(x1 - x0, y1 - y0) * 1.08
            box = f"{(x0 + x1 - side) / 2} {-(y0 + y1 + side) / 2} {side} {side}"
            yield (
                name,
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><path transform="scale(1,-1)" d="{pen.getCommands()}"/></svg>',
            )


def clipart(root: Path, half: str) -> Iterator[Drawing]:
    """Half "a" or "b" of a folder of SVG files, split by a hash of their paths; a name is the path."""
    for path in sorted(root.rglob("*.svg")):
        name = path.relative_to(root).as_posix()
        if not path.is_symlink() and "ab"[zlib.crc32(name.encode()) % 2] == half and path.stat().st_size < 400_000:
            yield name, path.read_text(errors="replace")


def rasterise(drawing: Drawing, cropped: bool = False) -> Pixels | None:
    """A drawing as straight RGBA (64, 64, 4), or None where it cannot be drawn or is blank; ``cropped``: its empty borders left out."""
    import resvg_py

    try:  # the dots per inch are needed: without them every length in mm or pt is refused
        large = SIDE * (4 if cropped else 2)
        svg = re.sub("currentColor", "#000", drawing[1], flags=re.I)
        image = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=large, height=large, dpi=96)))).convert("RGBA")
    except Exception:  # any file of a collection may be broken in any way; a drawing more or less does not matter
        return None
    box = image.getchannel("A").point(lambda a: 255 * (a > 8)).getbbox() if cropped else (0, 0, *image.size)
    if box is None:
        return None
    width, height = box[2] - box[0], box[3] - box[1]
    side = round(max(width, height) * (1.06 if cropped else 1))
    square = Image.new("RGBA", (side, side))
    square.paste(image.crop(box), ((side - width) // 2, (side - height) // 2))
    pixels = np.asarray(square.convert("RGBa").resize((SIDE, SIDE), Image.Resampling.BOX).convert("RGBA"))
    return pixels.copy() if pixels[..., 3].mean() > 255 * INK else None


def main_colour(pixels: Pixels) -> str | None:
    """The named colour of more than 62 percent of what is opaque in a picture (H, W, 4); None where no colour has so much."""
    rgb = pixels[pixels[..., 3] > 128][:, :3].astype(np.float32) / 255
    if not len(rgb):
        return None
    high, low = rgb.max(1), rgb.min(1)
    span = np.maximum(high - low, 1e-6)
    vivid = span / np.maximum(high, 1e-6)
    r, g, b = rgb.T
    hue = 60 * np.select([high == r, high == g], [(g - b) / span % 6, (b - r) / span + 2], (r - g) / span + 4)
    names = np.array([name for _, name in HUES])[np.searchsorted([end for end, _ in HUES], hue, side="right")].astype("<U9")
    names[(names == "red") & (vivid < 0.55) & (high > 0.75)] = "pink"
    names[np.isin(names, ("red", "orange")) & (hue > 8) & (hue < 45) & (high < 0.72)] = "brown"
    names[vivid < 0.14] = "grey"
    names[(vivid < 0.14) & (high > 0.84)] = "white"
    names[(high < 0.15) | ((high < 0.3) & (vivid < 0.35))] = "black"
    found, counts = np.unique(names, return_counts=True)
    return str(found[counts.argmax()]) if counts.max() > 0.62 * len(rgb) else None
