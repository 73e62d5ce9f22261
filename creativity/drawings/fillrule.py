"""Even-odd fills as nonzero ones: contours turned so that what lies inside an odd number of them is wound around once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from creativity.drawings.geometry import Matrix, Subpath

Array = np.ndarray[Any, Any]

STEPS = 16
"""Chords of a cubic piece."""
ROWS = 101
"""Lines across a shape on which the two rules are compared."""
ENOUGH = 20_000_000
"""Edges times lines that are looked at."""


def wound(subpaths: Sequence[Subpath], matrix: Matrix) -> list[Subpath] | None:
    """The same subpaths, some of them reversed, which a nonzero fill shows as an even-odd fill shows these; None where that cannot
    be, since they cross."""
    rings = [flattened(subpath) @ matrix[:2, :2].T for subpath in subpaths]
    if sum(map(len, rings)) * ROWS * max(1, len(rings) // 50) > ENOUGH:
        return None
    edges = [np.stack([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in rings]
    turned, areas = [], [_area(ring) for ring in rings]
    for k, (subpath, ring) in enumerate(zip(subpaths, rings, strict=True)):
        probe = _inside(ring)
        around = sum(_winding(edge, probe) != 0 for j, edge in enumerate(edges) if j != k) if probe is not None else 0
        outwards = areas[k] > 0
        turned.append(reverse(subpath) if outwards != (around % 2 == 0) else subpath)
    return turned if _agree(edges, [areas[k] > 0 for k in range(len(rings))], subpaths, turned) else None


def flattened(subpath: Subpath) -> Array:
    """Its corners (N, 2), without the last where it is the first."""
    points, parts, k = np.array(subpath.points), [np.array(subpath.points[:1])], 1
    t = (np.arange(1, STEPS + 1) / STEPS)[:, None]
    for number, curve in enumerate(subpath.curves):
        last = subpath.closed and number == len(subpath.curves) - 1
        if curve:
            a, (b, c) = points[k - 1], points[k : k + 2]
            d = points[0] if last else points[k + 2]
            piece = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t * t * c + t**3 * d
            parts.append(piece[:-1] if last else piece)
            k += 3
        elif not last:
            parts.append(points[k : k + 1])
            k += 1
    return np.concatenate(parts)


def reverse(subpath: Subpath) -> Subpath:
    """The same the other way around."""
    curves = list(reversed(subpath.curves))
    if subpath.closed:
        return Subpath([subpath.points[0], *reversed(subpath.points[1:])], curves, True)
    return Subpath(subpath.points[::-1], curves)


def _area(ring: Array) -> float:
    after = np.roll(ring, -1, axis=0)
    return float((ring[:, 0] * after[:, 1] - after[:, 0] * ring[:, 1]).sum())


def _inside(ring: Array) -> Array | None:
    """A point inside of a ring, close to its left side, where what it holds is not yet around it."""
    low, high = ring[:, 1].min(), ring[:, 1].max()
    for share in (0.5, 0.37, 0.71):
        y = low + share * (high - low)
        crossings = _crossings(np.stack([ring, np.roll(ring, -1, axis=0)], axis=1), y)[0]
        if len(crossings) >= 2:
            return np.array([crossings[0] + 1e-3 * (crossings[1] - crossings[0]), y])
    return None


def _crossings(edges: Array, y: float) -> tuple[Array, Array]:
    """Where edges (E, 2, 2) cross a level line, from the left, and in which direction."""
    (x0, y0), (x1, y1) = edges[:, 0].T, edges[:, 1].T
    crossing = (y0 <= y) != (y1 <= y)
    x0, y0, x1, y1 = x0[crossing], y0[crossing], x1[crossing], y1[crossing]
    x = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    order = np.argsort(x)
    return x[order], np.where(y1 > y0, 1, -1)[order]


def _winding(edges: Array, point: Array) -> int:
    x, way = _crossings(edges, float(point[1]))
    return int(way[x < point[0]].sum())


def _agree(edges: list[Array], outwards: list[bool], subpaths: Sequence[Subpath], turned: list[Subpath]) -> bool:
    """Whether on lines all over the shape the two rules fill the same, but for slivers."""
    flip = [1 if new is old else -1 for new, old in zip(turned, subpaths, strict=True)]
    every = np.concatenate(edges)
    signs = np.concatenate([np.full(len(edge), sign) for edge, sign in zip(edges, flip, strict=True)])
    low, high = every[..., 1].min(), every[..., 1].max()
    width = max(float(np.ptp(every[..., 0])), float(high - low), 1e-9)
    wrong = 0.0
    for y in np.linspace(low, high, ROWS + 2)[1:-1] + 1.7e-4 * (high - low):
        (x0, y0), (x1, y1) = every[:, 0].T, every[:, 1].T
        crossing = (y0 <= y) != (y1 <= y)
        if not crossing.any():
            continue
        a, b, c, d = x0[crossing], y0[crossing], x1[crossing], y1[crossing]
        x = a + (y - b) / (d - b) * (c - a)
        order = np.argsort(x)
        way = (np.where(d > b, 1, -1) * signs[crossing])[order]
        odd, inside = np.arange(1, len(x) + 1) % 2 == 1, np.cumsum(way) != 0
        gaps = np.append(np.diff(x[order]), 0.0)
        wrong += float(gaps[odd != inside].sum())
    return wrong <= 2e-4 * width * ROWS
