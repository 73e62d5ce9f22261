"""Output sizes as people write them: ``1024``, ``1920x1080``, ``210mm``. The canvas's aspect is always kept."""

from __future__ import annotations

import re
from typing import NamedTuple

from creativity.errors import CreativityError
from creativity.recipe import fit_box

DPI = 300.0  # print resolution of lengths in raster files
PIXELS_PER_INCH = 96.0  # CSS, hence SVG
INCHES = {"mm": 1 / 25.4, "cm": 1 / 2.54, "in": 1.0, "pt": 1 / 72}
MAX_PIXELS = 100_000_000
MAX_SIDE = 100_000


class OutputSize(NamedTuple):
    """Pixels (H, W); where a length was asked for, its SVG width and height ("210mm") and the raster's dpi."""

    pixels: tuple[int, int]
    lengths: tuple[str, str] | None = None
    dpi: float | None = None

    def unit(self, box: tuple[int, int]) -> tuple[float, str]:
        """How long a unit of a canvas of ``box`` (H, W) units is: (0.1, "mm")."""
        if self.lengths is None:
            return self.pixels[1] / box[1], "px"
        match = re.fullmatch(r"([\d.e+-]+)([a-z]+)", self.lengths[0])
        assert match
        return float(match[1]) / box[1], match[2]

    def check_raster(self) -> None:
        """Raise CreativityError for more pixels than a computer should be asked to draw."""
        rows, columns = self.pixels
        if rows * columns > MAX_PIXELS:
            raise CreativityError(f"{columns}x{rows} is over {MAX_PIXELS // 10**6} megapixels; choose a smaller size, or save SVG")


def parse_size(text: str | int, canvas: tuple[int, ...]) -> OutputSize:
    """``1024`` (long side), ``800x600`` (the box to fit in) or ``21cm`` (long side) -> pixels.

    Raises CreativityError for anything else, for sizes under one pixel and for sides over 100,000.
    """
    text = str(text).strip().lower()
    width, height = canvas
    if match := re.fullmatch(r"([0-9]{1,7})(?:px)?", text):
        result = OutputSize(fit_box(_positive(int(match[1]), text), canvas))
    elif match := re.fullmatch(r"([0-9]{1,7})\s*x\s*([0-9]{1,7})", text):
        box = (_positive(int(match[1]), text), _positive(int(match[2]), text))
        scale = min(box[0] / width, box[1] / height)
        result = OutputSize((max(1, round(height * scale)), max(1, round(width * scale))))
    elif match := re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(mm|cm|in|pt)", text):
        long, unit = float(match[1]), match[2]
        scale = long / max(width, height)
        lengths = (f"{width * scale:g}{unit}", f"{height * scale:g}{unit}")
        result = OutputSize(fit_box(_positive(round(long * INCHES[unit] * DPI), text), canvas), lengths, DPI)
    else:
        raise CreativityError(f"size {text!r} is not understood; write 1024 (long side in pixels), 800x600 or 210mm")
    if max(result.pixels) > MAX_SIDE:
        raise CreativityError(f"size {text!r} is {max(result.pixels)} pixels long; at most {MAX_SIDE} are drawn")
    return result


SQUARE = (1024, 1024)


def parse_box(text: str | int) -> tuple[int, int]:
    """The canvas (width, height) of a picture that takes its shape from its size alone: ``1600x900``; else a square."""
    match = re.fullmatch(r"([0-9]{1,7})\s*x\s*([0-9]{1,7})", str(text).strip().lower())
    return (_positive(int(match[1]), str(text)), _positive(int(match[2]), str(text))) if match else SQUARE


def _positive(number: int, text: str) -> int:
    if number < 1:
        raise CreativityError(f"size {text!r} must be at least one pixel")
    return number
