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
"""Edges times lines, and rings, that are looked at."""


def wound(subpaths: Sequence[Subpath], matrix: Matrix) -> list[Subpath] | None:
    """The same subpaths, some of them reversed, which a nonzero fill shows as an even-odd fill shows these; None where that cannot
    be, since they cross."""
    rings = [flattened(subpath) @ matrix[:2, :2].T for subpath in subpaths]
    edges = [np.stack([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in rings]
    every = np.concatenate([*edges, np.zeros((0, 2, 2))])
    owner = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    if len(every) * (ROWS + len(rings)) > ENOUGH:
        return None
    turned = []
    for k, (subpath, ring) in enumerate(zip(subpaths, rings, strict=True)):
        probe = _inside(edges[k])
        around = _around(every, owner, probe, k) if probe is not None and len(rings) > 1 else 0
        turned.append(reverse(subpath) if (_area(ring) > 0) != (around % 2 == 0) else subpath)
    signs = np.array([1 if new is old else -1 for new, old in zip(turned, subpaths, strict=True)])
    return turned if not len(every) or _agree(every, signs[owner]) else None


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


def _inside(edges: Array) -> Array | None:
    """A point inside of a ring of edges (E, 2, 2), close to its left side, where what it holds is not yet around it."""
    low, high = edges[..., 1].min(), edges[..., 1].max()
    for share in (0.5, 0.37, 0.71):
        y = low + share * (high - low)
        x, _, _ = _crossings(edges, y)
        x = np.sort(x)
        if len(x) >= 2:
            return np.array([x[0] + 1e-3 * (x[1] - x[0]), y])
    return None


def _crossings(edges: Array, y: float) -> tuple[Array, Array, Array]:
    """Where edges (E, 2, 2) cross a level line, in which direction, and which these are."""
    (x0, y0), (x1, y1) = edges[:, 0].T, edges[:, 1].T
    which = np.flatnonzero((y0 <= y) != (y1 <= y))
    x0, y0, x1, y1 = x0[which], y0[which], x1[which], y1[which]
    return x0 + (y - y0) / (y1 - y0) * (x1 - x0), np.where(y1 > y0, 1, -1), which


def _around(edges: Array, owner: Array, point: Array, own: int) -> int:
    """How many rings wind around a point, but for one's own."""
    x, way, which = _crossings(edges, float(point[1]))
    left = (x < point[0]) & (owner[which] != own)
    return int((np.bincount(owner[which][left], way[left]) != 0).sum())


def _agree(edges: Array, signs: Array) -> bool:
    """Whether on lines all over the shape the two rules fill the same, but for slivers; ``signs (E,)`` are -1 of edges turned around."""
    low, high = edges[..., 1].min(), edges[..., 1].max()
    width = max(float(np.ptp(edges[..., 0])), float(high - low), 1e-9)
    wrong = 0.0
    for y in np.linspace(low, high, ROWS + 2)[1:-1] + 1.7e-4 * (high - low):
        x, way, which = _crossings(edges, float(y))
        order = np.argsort(x)
        inside = np.cumsum((way * signs[which])[order]) != 0
        odd = np.arange(1, len(x) + 1) % 2 == 1
        wrong += float(np.append(np.diff(x[order]), 0.0)[odd != inside].sum()) if len(x) else 0.0
    return wrong <= 2e-4 * width * ROWS
