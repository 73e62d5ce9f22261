"""Plain shapes drawn by rule, as layers with alpha."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from creativity.models.priors.canvas import Floats, Point
from creativity.models.priors.colours import RGB, mixed

Outline = list[Point]
"""Corners in [-1, 1], y down; a hole is a second outline."""


def around(corners: int, radius: float = 1.0, start: float = -0.25) -> Outline:
    """Corners on a circle, the first at ``start`` turns (a quarter back is the top)."""
    turns = 2 * np.pi * (start + np.arange(corners) / corners)
    return list(zip((radius * np.cos(turns)).tolist(), (radius * np.sin(turns)).tolist(), strict=True))


def pointed(points: int, inner: float) -> Outline:
    """A star."""
    outer, inside = around(points), around(points, inner, -0.25 + 0.5 / points)
    return [corner for pair in zip(outer, inside, strict=True) for corner in pair]


def _heart() -> Outline:
    t = np.linspace(0, 2 * np.pi, 100)
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 16
    return list(zip((np.sin(t) ** 3).tolist(), (y - 0.12).tolist(), strict=True))


def crescent() -> Outline:
    """A disc less a smaller one beside its middle, open to the right."""
    out, into = np.linspace(0.927, 2 * np.pi - 0.927, 60), np.linspace(2 * np.pi - 1.35, 1.35, 40)
    outer = zip(np.cos(out).tolist(), np.sin(out).tolist(), strict=True)
    inner = zip((0.42 + 0.82 * np.cos(into)).tolist(), (0.82 * np.sin(into)).tolist(), strict=True)
    return [*outer, *inner]


def _drop() -> Outline:
    t = np.linspace(0, 2 * np.pi, 80)
    return list(zip((0.72 * np.sin(t) * np.sin(t / 2) ** 1.3).tolist(), (-np.cos(t)).tolist(), strict=True))


def _bar(width: float) -> Outline:
    w = width
    return [(-w, -1), (w, -1), (w, -w), (1, -w), (1, w), (w, w), (w, 1), (-w, 1), (-w, w), (-1, w), (-1, -w), (-w, -w)]


def _turned(outline: Outline, turn: float) -> Outline:
    c, s = np.cos(turn), np.sin(turn)
    return [(float(c * x - s * y), float(s * x + c * y)) for x, y in outline]


def _box(wide: float, high: float) -> Outline:
    return [(-wide, -high), (wide, -high), (wide, high), (-wide, high)]


_DISC = around(72)
OUTLINES: dict[str, Callable[[], tuple[Outline, ...]]] = {
    "circle": lambda: (_DISC,),
    "square": lambda: (_box(0.86, 0.86),),
    "triangle": lambda: ([(0.0, -0.9), (1.0, 0.8), (-1.0, 0.8)],),
    "star": lambda: (pointed(5, 0.42),),
    "heart": lambda: (_heart(),),
    "rectangle": lambda: (_box(1.0, 0.58),),
    "ellipse": lambda: ([(x, y * 0.64) for x, y in _DISC],),
    "diamond": lambda: ([(0, -1), (0.72, 0), (0, 1), (-0.72, 0)],),
    "pentagon": lambda: (around(5),),
    "hexagon": lambda: (around(6),),
    "octagon": lambda: (around(8, 1.0, 1 / 16),),
    "cross": lambda: (_bar(0.3),),
    "x": lambda: (_turned(_bar(0.26), np.pi / 4),),
    "crescent": lambda: ([(x + 0.2, y) for x, y in crescent()],),
    "ring": lambda: (_DISC, around(72, 0.58)),
    "arrow": lambda: ([(-1, -0.24), (0.12, -0.24), (0.12, -0.7), (1, 0), (0.12, 0.7), (0.12, 0.24), (-1, 0.24)],),
    "semicircle": lambda: ([(x, y + 0.45) for x, y in around(100) if y <= 1e-6],),
    "trapezoid": lambda: ([(-0.55, -0.6), (0.55, -0.6), (1, 0.6), (-1, 0.6)],),
    "parallelogram": lambda: ([(-0.5, -0.55), (1, -0.55), (0.5, 0.55), (-1, 0.55)],),
    "drop": lambda: (_drop(),),
    "bolt": lambda: ([(0.25, -1), (-0.55, 0.15), (-0.05, 0.15), (-0.3, 1), (0.55, -0.25), (0.05, -0.25), (0.6, -1)],),
    "line": lambda: (_box(1.0, 0.07),),
    "burst": lambda: (pointed(12, 0.72),),
}
NAMES = {
    "disc": "circle",
    "disk": "circle",
    "dot": "circle",
    "oval": "ellipse",
    "rhombus": "diamond",
    "plus": "cross",
    "plus sign": "cross",
    "half circle": "semicircle",
    "hoop": "ring",
    "donut shape": "ring",
    "teardrop": "drop",
    "droplet": "drop",
    "raindrop": "drop",
    "lightning bolt": "bolt",
    "half moon": "crescent",
    "moon shape": "crescent",
    "star shape": "star",
    "heart shape": "heart",
    "starburst": "burst",
    "bar": "rectangle",
    **{name: name for name in OUTLINES},
}
"""Every word for a shape -> the shape's own name."""
UPRIGHT = frozenset(
    ("arrow", "line", "semicircle", "drop", "heart", "ellipse", "rectangle", "square", "triangle", "crescent")
)  # hardly tilted


def shape(name: str, side: int, random: np.random.Generator, colour: RGB) -> Floats:
    """A shape that fills a square, premultiplied (4, side, side). Chance tilts it a little, lights it from above, or darkens its rim."""
    over = 4 if side <= 128 else 2
    n = side * over
    name = NAMES[name]
    outlines = [_turned(outline, float(random.normal()) * (0.02 if name in UPRIGHT else 0.08)) for outline in OUTLINES[name]()]
    corners = np.array([corner for outline in outlines for corner in outline])
    low, high = corners.min(0), corners.max(0)
    middle, most = (low + high) / 2, float((high - low).max()) / 2 / 0.97

    def mask(shrunk: float) -> Floats:
        image = Image.new("L", (n, n), 0)
        pen = ImageDraw.Draw(image)
        for k, outline in enumerate(outlines):
            by = shrunk if k == 0 else 2 - shrunk
            fine = ((np.array(outline) - middle) * by / most + 1) / 2 * n
            pen.polygon([(x, y) for x, y in fine.tolist()], fill=0 if k else 255)
        return np.asarray(image.reduce(over), dtype=np.float32) / 255

    alpha, style = mask(1.0), random.random()
    ink = np.broadcast_to(np.array(colour, dtype=np.float32)[:, None, None], (3, side, side)).copy()
    dark = max(colour) < 0.2
    if style < 0.2 and name not in ("line", "ring", "crescent"):
        rim = np.array(mixed(colour, (1, 1, 1) if dark else (0, 0, 0), 0.25), dtype=np.float32)
        inside = mask(0.84)
        ink = ink * inside + rim[:, None, None] * (1 - inside)
    elif style < 0.45:
        y = np.linspace(0.06, -0.08, side, dtype=np.float32)[None, :, None]
        ink = (ink + y).clip(0, 1)
    return np.concatenate([ink * alpha, alpha[None]])
