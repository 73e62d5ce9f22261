"""``python -m benchmarks.browsers``: the SVG of every vector renderer as Chromium and resvg draw it, against our own picture of it.

Random drawings and fitted ones, in dB. Both programs round: each mark to 8 bits, and its edges to some levels of coverage. So where one
differs from us by much, the last columns say who is nearer to the truth: every mark by 8 x 8 samples a pixel of resvg's, composited
in floating point.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring, tostring

import numpy as np
import torch
from PIL import Image

import creativity
from creativity.artwork import Artwork
from creativity.presets import INK
from creativity.streams import Streams

Array = np.ndarray[Any, Any]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

PEN: dict[str, Any] = {"line_width": 0.006, "palette": (INK,), "min_opacity": 1.0, "background": "#f4efe3", "segments": 2}
SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "triangles": ("triangles", {"count": 100}),
    "shapes": ("shapes", {"count": 100}),
    "circles": ("circles", {"count": 100}),
    "svg": ("svg", {"count": 100}),
    "strokes": ("strokes", {"count": 100}),
    "strokes, even": ("strokes", {"count": 100, "widths": "even"}),
    "strokes, oil": ("strokes", {"count": 100, "brush": "oil"}),
    "strokes, a pen": ("strokes", {"count": 300, **PEN}),
    "strokes, clear": ("strokes", {"count": 60, "background": "none", "brush": "ink"}),
}
SUPERSAMPLES = 8
DOUBTFUL = 40.0
"""Decibels below which the truth is asked: it takes minutes."""


def find() -> str | None:
    """Where Chromium, or Chrome, is; None where there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def chromium(drawings: Sequence[str], size: tuple[int, int], script: str = "", timeout: float = 120.0) -> list[Array]:
    """What Chromium shows of SVG texts on white, each in ``size`` (H, W) pixels: float64 (H, W, 3) in [0, 1].

    ``script``: JavaScript that runs before the picture is taken, with the drawings as elements of the page. Raises RuntimeError.
    """
    program = find()
    if program is None:
        raise RuntimeError(f"there is no Chromium here: none of {', '.join(NAMES)}")
    height, width = size
    bodies = [re.sub(r"<\?xml.*?\?>", "", text) for text in drawings]
    style = f"*{{margin:0;padding:0}} svg{{display:block;width:{width}px;height:{height}px}}"
    page = f"<!doctype html><meta charset=utf-8><style>{style}</style><body>{''.join(bodies)}<script>{script}</script>"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "page.html").write_text(page)
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"]
        options += ["--force-device-scale-factor=1", f"--user-data-dir={place / 'profile'}"]
        options += [f"--screenshot={place / 'shot.png'}", f"--window-size={max(width, 500)},{height * len(drawings)}"]
        child = subprocess.run([program, *options, (place / "page.html").as_uri()], capture_output=True, timeout=timeout, check=False)
        if not (place / "shot.png").exists():
            raise RuntimeError(f"Chromium ended with {child.returncode}: {child.stderr.decode(errors='replace')[-500:]}")
        shot = np.asarray(Image.open(place / "shot.png").convert("RGB")) / 255.0
    return [shot[k * height : (k + 1) * height, :width] for k in range(len(drawings))]


def resvg(drawing: str, width: int) -> Array:
    """What resvg draws, premultiplied RGBA (H, W, 4) in [0, 1]."""
    import resvg_py

    png = bytes(resvg_py.svg_to_bytes(svg_string=drawing, width=width, dpi=96, skip_system_fonts=True))
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")) / 255.0
    return np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], axis=-1)


def truth(drawing: str, width: int) -> Array:
    """(H, W, 3) on white: of each mark its coverage by many samples, in black and opaque; then its paint, composited in order."""
    root = fromstring(drawing)
    marks = [element for element in root if element.tag.rpartition("}")[2] in ("rect", "polygon", "path", "line", "circle", "ellipse")]
    for element in list(root):
        root.remove(element)
    picture: Array | None = None
    for mark in marks:
        paint = "stroke" if "stroke" in mark.attrib else "fill"
        colour = [int(mark.attrib[paint][k : k + 2], 16) / 255 for k in (1, 3, 5)]
        opacity = float(mark.attrib.pop(f"{paint}-opacity", 1))
        mark.set(paint, "#000000")
        root.append(mark)
        large = resvg(tostring(root, encoding="unicode"), SUPERSAMPLES * width)[..., 3]
        root.remove(mark)
        cover = large.reshape(large.shape[0] // SUPERSAMPLES, SUPERSAMPLES, width, SUPERSAMPLES).mean(axis=(1, 3))[..., None] * opacity
        picture = np.ones((*cover.shape[:2], 3)) if picture is None else picture
        picture = picture * (1 - cover) + cover * colour
    assert picture is not None
    return picture


def artworks(side: int) -> Iterator[tuple[str, Artwork]]:
    """Of every scene a random drawing and a fitted one, of a square of ``side`` pixels."""
    target = Path(__file__).parent / "data" / "astronaut.png"
    for name, (renderer, options) in SCENES.items():
        how: dict[str, Any] = {"optimizer": "adam", "steps": 150, "seed": 1, "threads": 1, "progress": ()}
        settings = {f"renderer.{key}": value for key, value in options.items() if key != "count"}
        fitted = creativity.fit(target, renderer=renderer, count=options["count"], options=settings, size=side, target_size=128, **how)
        yield f"{name}, random", replace(fitted, genome=fitted.renderer.init(1, Streams(5)("init"))[0].numpy())
        yield f"{name}, fitted", fitted


def psnr(a: Array, b: Array) -> float:
    return float(-10 * np.log10(max(np.mean((a - b) ** 2), 1e-12)))


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--side", type=int, default=384, help="pixels")
    asked = parser.parse_args(words)
    side = asked.side
    torch.set_num_threads(1)
    names, drawn = zip(*artworks(side), strict=True)
    texts = [artwork.svg(side) for artwork in drawn]
    browser: Sequence[Array | None] = chromium(texts, (side, side)) if find() else [None] * len(texts)
    if find() is None:
        print("no Chromium here: left out", file=sys.stderr)
    print(f"PSNR in dB, {side:3} pixels            Chromium     resvg     truth: ours  Chromium     resvg")
    for name, artwork, text, shot in zip(names, drawn, texts, browser, strict=True):
        with torch.no_grad():
            images = artwork.renderer.render(torch.from_numpy(artwork.genome)[None], (side, side))
        ours, other = images[0].permute(1, 2, 0).double().numpy(), resvg(text, side)
        theirs = other[..., :3] + 1 - other[..., 3:]
        figures = [np.nan if shot is None else psnr(shot, ours), psnr(theirs, ours)]
        line = f"{name:32} " + " ".join(f"{figure:9.1f}" for figure in figures)
        if min(figures) < DOUBTFUL:
            exact = truth(text, side)
            figures = [psnr(ours, exact), np.nan if shot is None else psnr(shot, exact), psnr(theirs, exact)]
            line += " " * 7 + " ".join(f"{figure:9.1f}" for figure in figures)
        print(line, flush=True)


if __name__ == "__main__":
    main()
