"""Patterns drawn by rule: functions of the plane that say which of two or more colours is where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from creativity.models.priors.canvas import Canvas, Floats, grid
from creativity.models.priors.colours import COLOURS, RGB

Random = np.random.Generator
Index = Callable[[Floats, Floats, Random, int], Floats]
"""x and y in [-1, 1], chance, the number of colours -> number of the colour, or a share between two (not whole)."""


def _bands(u: Floats, colours: int) -> Floats:
    number: Floats = np.floor(u % colours)
    return number


def _straight(turn: float | None) -> Index:
    def stripes(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
        t = turn if turn is not None else float(r.choice([0, np.pi / 2, np.pi / 4, -np.pi / 4], p=[0.35, 0.35, 0.15, 0.15]))
        count = float(r.integers(5, 10))
        return _bands((x * np.cos(t) + y * np.sin(t)) * count / 2 + r.uniform(0, colours), colours)

    return stripes


def _checks(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    count, phase = int(r.choice([4, 5, 6, 8])), int(r.integers(2))
    return (np.floor((x + 1) / 2 * count) + np.floor((y + 1) / 2 * count) + phase) % colours


def _dots(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    count, radius, shift = float(r.uniform(3.5, 5.5)), float(r.uniform(0.27, 0.34)), r.uniform(0, 1, 2)
    v = (y + 1) / 2 * count + shift[1]
    u = (x + 1) / 2 * count + shift[0] + 0.5 * (np.floor(v) % 2)
    inside = np.hypot(u % 1 - 0.5, v % 1 - 0.5) < radius
    number: Floats = inside * (1 + (np.floor(u) + np.floor(v)) % (colours - 1))
    return number


def _polar(x: Floats, y: Floats, r: Random) -> tuple[Floats, Floats]:
    cx, cy = r.uniform(-0.08, 0.08, 2)
    return np.hypot(x - cx, y - cy), np.arctan2(y - cy, x - cx) / (2 * np.pi)


def _spiral(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    radius, turn = _polar(x, y, r)
    arms, way = float(r.uniform(2.2, 3.6)), float(r.choice([-1, 1]))
    return _bands((radius * arms + way * turn + r.uniform(0, 1)) * colours, colours)


def _target(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    radius, _ = _polar(x, y, r)
    return _bands(radius * r.uniform(4.5, 6.5), colours)


def _rays(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    _, turn = _polar(x, y, r)
    return _bands((turn * int(r.integers(6, 11)) + r.uniform(0, 1)) * colours, colours)


def _zigzag(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    count, high = float(r.uniform(2.5, 4)), float(r.uniform(0.25, 0.4))
    return _bands((y + high * np.abs((x * count / 2 + r.uniform(0, 1)) % 1 - 0.5) * 2) * r.uniform(2.5, 4) + r.uniform(0, 2), colours)


def _waves(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    return _bands(
        (y + r.uniform(0.1, 0.16) * np.sin(np.pi * (x * r.uniform(1.2, 2.2) + r.uniform(0, 2)))) * r.uniform(2.8, 4.2) + r.uniform(0, 2),
        colours,
    )


def _grid(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    count, wide, shift = float(r.integers(4, 8)), float(r.uniform(0.1, 0.18)), r.uniform(0, 1, 2)
    line = ((x * count / 2 + shift[0]) % 1 < wide) | ((y * count / 2 + shift[1]) % 1 < wide)
    number: Floats = line.astype(np.float32)
    return number


def _bricks(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    rows = float(r.integers(6, 9))
    v = (y + 1) / 2 * rows
    u = (x + 1) / 2 * rows / 2 + 0.5 * (np.floor(v) % 2)
    return ((v % 1 < 0.14) | (u % 1 < 0.07)).astype(np.float32)


def _plaid(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    count, shift = float(r.uniform(2.5, 4)), r.uniform(0, 1, 2)
    number: Floats = (0.5 * ((x * count / 2 + shift[0]) % 1 < 0.42) + 0.5 * ((y * count / 2 + shift[1]) % 1 < 0.42)).astype(np.float32)
    return number


def _gradient(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    turn = float(r.choice([0, np.pi / 2, np.pi / 4, np.pi]))
    share = (x * np.cos(turn) + y * np.sin(turn)) / (abs(np.cos(turn)) + abs(np.sin(turn)))
    number: Floats = (share + 1) / 2 * (colours - 1)
    return number


def _halves(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    turn = float(r.choice([0, np.pi / 2]))
    number: Floats = np.floor((x * np.cos(turn) + y * np.sin(turn) + 1) / 2 * colours).clip(0, colours - 1)
    return number


def _honeycomb(x: Floats, y: Floats, r: Random, colours: int) -> Floats:
    scale = float(r.uniform(3, 4.5))
    u, v = x * scale, y * scale
    a = np.stack(np.broadcast_arrays((u % 1.732) - 0.866, (v % 3) - 1.5))
    b = np.stack(np.broadcast_arrays(((u - 0.866) % 1.732) - 0.866, ((v - 1.5) % 3) - 1.5))
    near = np.where((a**2).sum(0) < (b**2).sum(0), a, b)
    edge = np.maximum(np.abs(near[0]), np.abs(near[0]) * 0.5 + np.abs(near[1]) * 0.866)
    number: Floats = (edge > 0.74).astype(np.float32)
    return number


PATTERNS: dict[str, Index] = {
    "stripes": _straight(None),
    "horizontal stripes": _straight(np.pi / 2),
    "vertical stripes": _straight(0.0),
    "diagonal stripes": _straight(np.pi / 4),
    "checkerboard": _checks,
    "dots": _dots,
    "spiral": _spiral,
    "target": _target,
    "rays": _rays,
    "zigzag": _zigzag,
    "waves": _waves,
    "grid": _grid,
    "bricks": _bricks,
    "plaid": _plaid,
    "gradient": _gradient,
    "halves": _halves,
    "honeycomb": _honeycomb,
}
MARKS = "marks"  # strewn, not a function of the plane
NAMES = {
    **{name: name for name in PATTERNS},
    "striped pattern": "stripes",
    "bands": "stripes",
    "horizontal lines": "horizontal stripes",
    "vertical lines": "vertical stripes",
    "diagonal lines": "diagonal stripes",
    "lines": "stripes",
    "chessboard": "checkerboard",
    "chess board": "checkerboard",
    "chequerboard": "checkerboard",
    "checks": "checkerboard",
    "checkered pattern": "checkerboard",
    "polka dots": "dots",
    "spots": "dots",
    "swirl": "spiral",
    "swirls": "spiral",
    "spirals": "spiral",
    "whirlpool": "spiral",
    "bullseye": "target",
    "bull s eye": "target",
    "concentric circles": "target",
    "rings": "target",
    "concentric rings": "target",
    "sunburst": "rays",
    "sunbeams": "rays",
    "zigzags": "zigzag",
    "zig zag": "zigzag",
    "chevrons": "zigzag",
    "chevron": "zigzag",
    "wavy lines": "waves",
    "wavy stripes": "waves",
    "lattice": "grid",
    "mesh": "grid",
    "net": "grid",
    "brick wall": "bricks",
    "tartan": "plaid",
    "gingham": "plaid",
    "smooth gradient": "gradient",
    "hexagons": "honeycomb",
    "noise": MARKS,
    "abstract noise": MARKS,
    "confetti": MARKS,
    "random marks": MARKS,
    "random shapes": MARKS,
    "clutter": MARKS,
    "abstract art": MARKS,
    "abstract": MARKS,
    "splashes": MARKS,
}
"""Every word for a pattern -> the pattern's own name."""
_PAIRS = (
    ("2563eb", "ffffff"),
    ("e02020", "ffffff"),
    ("141416", "ffffff"),
    ("7d3cc9", "ffd21f"),
    ("20b8ae", "f5861f"),
    ("1b2a6b", "ead9b5"),
)


def _colours(name: str, given: Sequence[RGB], random: Random) -> list[RGB]:
    if len(given) > 1:
        return list(given)
    if not given:
        pair = _PAIRS[int(random.integers(len(_PAIRS)))]
        return [(int(c[:2], 16) / 255, int(c[2:4], 16) / 255, int(c[4:], 16) / 255) for c in pair]
    other = COLOURS["white"] if min(given[0]) < 0.75 else COLOURS["grey"] if sum(given[0]) > 2.9 else COLOURS["navy"]
    return [given[0], other]


def pattern(name: str, colours: Sequence[RGB], side: int, random: Random) -> Floats:
    """A pattern of these colours, or of colours of its own, (side, side, 3). What is drawn *on* something has the first colour."""
    name = NAMES[name]
    if name == MARKS:
        return _marks(colours, side, random)
    inks = _colours(name, colours, random)
    if name in ("dots", "grid", "bricks", "honeycomb"):
        ground = inks[1:] if name in ("dots", "grid") or len(colours) < 2 else inks[:1]
        inks = [ground[-1], *(ink for ink in inks if ink != ground[-1])]
        if name in ("bricks", "honeycomb") and len(colours) < 2:
            inks = (
                [inks[1], inks[0]]
                if colours
                else [(0.72, 0.3, 0.22), (0.9, 0.86, 0.8)]
                if name == "bricks"
                else [(1.0, 0.8, 0.2), (0.6, 0.38, 0.06)]
            )
    over = 4 if side <= 128 else 2
    x, y = grid(side * over)
    number = np.broadcast_to(PATTERNS[name](2 * x - 1, 2 * y - 1, random, len(inks)), (side * over, side * over))
    table = np.array(inks, dtype=np.float32)
    low = np.floor(number).astype(int).clip(0, len(inks) - 1)
    share = (number - low)[..., None].astype(np.float32)
    fine = table[low] * (1 - share) + table[np.minimum(low + 1, len(inks) - 1)] * share
    pixels: Floats = fine.reshape(side, over, side, over, 3).mean((1, 3), dtype=np.float32)
    return pixels


def _marks(colours: Sequence[RGB], side: int, random: Random) -> Floats:
    palette = list(colours) or [COLOURS[name] for name in ("red", "blue", "yellow", "green", "purple", "orange", "pink", "cyan")]
    ground = np.full((side, side, 3), 0.97, np.float32)
    canvas = Canvas(ground)
    for _ in range(int(random.integers(25, 45))):
        x, y, size, turn = (float(v) for v in random.uniform((0, 0, 0.03, 0), (1, 1, 0.16, 6.28)))
        tone, kind = palette[int(random.integers(len(palette)))], random.integers(3)
        if kind == 0:
            canvas.ellipse(x, y, size, None, tone, 0.9)
        elif kind == 1:
            canvas.polygon([(x + size * np.cos(turn + 2.1 * k), y + size * np.sin(turn + 2.1 * k)) for k in range(3)], tone, 0.9)
        else:
            canvas.line([(x, y), (x + 2 * size * np.cos(turn), y + 2 * size * np.sin(turn))], 0.02, tone, 0.9)
    return canvas.pixels()
