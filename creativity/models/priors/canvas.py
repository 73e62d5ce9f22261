"""A small antialiased canvas for what is drawn by rule: scenes, shapes and patterns. Coordinates run from 0 to 1, y goes down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from creativity.models.priors.colours import RGB

Floats = npt.NDArray[Any]
"""float32"""
Point = tuple[float, float]


def grid(side: int) -> tuple[Floats, Floats]:
    """x (1, side) and y (side, 1) of the middles of the pixels."""
    middles = (np.arange(side, dtype=np.float32) + 0.5) / side
    return middles[None, :], middles[:, None]


def gradient(side: int, stops: Sequence[RGB], bend: float = 1.0) -> Floats:
    """Colours from the top to the bottom, evenly spaced: (side, side, 3)."""
    at = ((np.arange(side) + 0.5) / side) ** bend * (len(stops) - 1)
    rows = np.stack([np.interp(at, np.arange(len(stops)), [stop[c] for stop in stops]) for c in range(3)], 1)
    return np.broadcast_to(rows[:, None].astype(np.float32), (side, side, 3)).copy()


class Canvas:
    """Painted over a background (side, side, 3) in [0, 1], several times as fine as it comes out."""

    def __init__(self, background: Floats):
        self.side = len(background)
        self.over = 4 if self.side <= 128 else 2
        small = Image.fromarray((background * 255 + 0.5).clip(0, 255).astype(np.uint8))
        self.n = self.side * self.over
        self.image = small.resize((self.n, self.n), Image.Resampling.BILINEAR)
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def _ink(self, colour: RGB, alpha: float) -> tuple[int, ...]:
        return tuple(round(min(max(v, 0.0), 1.0) * 255) for v in (*colour, alpha))

    def polygon(self, points: Sequence[Point], colour: RGB, alpha: float = 1.0) -> None:
        self.pen.polygon([(x * self.n, y * self.n) for x, y in points], fill=self._ink(colour, alpha))

    def ellipse(self, x: float, y: float, rx: float, ry: float | None = None, colour: RGB = (0, 0, 0), alpha: float = 1.0) -> None:
        ry = rx if ry is None else ry
        n = self.n
        self.pen.ellipse([(x - rx) * n, (y - ry) * n, (x + rx) * n, (y + ry) * n], fill=self._ink(colour, alpha))

    def rectangle(self, left: float, top: float, right: float, bottom: float, colour: RGB, alpha: float = 1.0) -> None:
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour, alpha)

    def line(self, points: Sequence[Point], width: float, colour: RGB, alpha: float = 1.0) -> None:
        flat = [(x * self.n, y * self.n) for x, y in points]
        self.pen.line(flat, fill=self._ink(colour, alpha), width=max(1, round(width * self.n)), joint="curve")

    def below(self, line: Sequence[Point], colour: RGB, alpha: float = 1.0) -> None:
        """Everything under a line that runs from the left to the right."""
        self.polygon([*line, (1.05, 1.05), (-0.05, 1.05)], colour, alpha)

    def glow(self, x: float, y: float, radius: float, colour: RGB, strength: float = 0.8) -> None:
        """A soft light that fades to nothing at about twice the radius."""
        across, down = grid(self.side)
        far = (across - x) ** 2 + (down - y) ** 2
        self.shade((strength * np.exp(-far / radius**2)).astype(np.float32), colour)

    def shade(self, alpha: Floats, colour: RGB) -> None:
        """A colour laid over with an opacity for each pixel, (side, side)."""
        mask = Image.fromarray((alpha.clip(0, 1) * 255).astype(np.uint8)).resize((self.n, self.n), Image.Resampling.BILINEAR)
        self.image.paste(self._ink(colour, 1)[:3], (0, 0, self.n, self.n), mask)

    def pixels(self) -> Floats:
        """(side, side, 3) in [0, 1]."""
        whole: Floats = np.asarray(self.image.reduce(self.over), dtype=np.float32)
        return whole / 255
