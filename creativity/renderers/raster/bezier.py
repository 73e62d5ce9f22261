"""Cubic Bezier pieces for the kernels that flatten them: how finely, where, in which direction."""

from __future__ import annotations

import math

from numba import float64, int64

from creativity.renderers.raster.kernels import jit


@jit
def bent(control, at):  # type: ignore[no-untyped-def]
    """The greatest second difference of the control points (at .. at + 3), in the plane.

    Cut into n equal parts of its parameter, the curve leaves its chords by at most 3/4 of this / n^2 (Wang 1984).
    """
    most = 0.0
    for k in range(at, at + 2):
        x = control[k, 0] - 2.0 * control[k + 1, 0] + control[k + 2, 0]
        y = control[k, 1] - 2.0 * control[k + 1, 1] + control[k + 2, 1]
        most = max(most, x * x + y * y)
    return math.sqrt(most)


@jit
def weights(t):  # type: ignore[no-untyped-def]
    """What each of the four control points has in the point at t."""
    s = 1.0 - t
    return s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t


@jit
def slopes(t):  # type: ignore[no-untyped-def]
    """What each of them has in the derivative at t."""
    s = 1.0 - t
    return -3.0 * s * s, 3.0 * s * (s - 2.0 * t), 3.0 * t * (2.0 * s - t), 3.0 * t * t


@jit
def mixed(control, at, column, four):  # type: ignore[no-untyped-def]
    """One coordinate of the control points (at .. at + 3), weighed by ``four``."""
    a, b, c, d = four
    return a * control[at, column] + b * control[at + 1, column] + c * control[at + 2, column] + d * control[at + 3, column]


@jit
def heading(control, at, t):  # type: ignore[no-untyped-def]
    """The direction at t, of length 1; (0, 0) where the curve stands still."""
    pace = slopes(t)
    dx, dy = mixed(control, at, 0, pace), mixed(control, at, 1, pace)
    length = math.sqrt(dx * dx + dy * dy)
    return (dx / length, dy / length) if length > 0.0 else (0.0, 0.0)


MOST_CUTS = 256
"""Of a piece of a path."""


@jit
def cuts(row, at, tolerance):  # type: ignore[no-untyped-def]
    """Into how many steps to cut the piece of a closed path, ``row (P,)``, that begins at number ``at``."""
    most = 0.0
    for k in range(at, at + 4, 2):
        a, b = k + 2, (k + 4) % len(row)
        x, y = row[k] - 2.0 * row[a] + row[b], row[k + 1] - 2.0 * row[a + 1] + row[b + 1]
        most = max(most, x * x + y * y)
    wanted = math.sqrt(0.75 * math.sqrt(most) / tolerance)
    return int64(math.ceil(max(wanted, 1.0))) if wanted < MOST_CUTS else MOST_CUTS


@jit
def count_path_points(row, style):  # type: ignore[no-untyped-def]
    total = 0
    for at in range(0, len(row), 6):
        total += cuts(row, at, style[0, 3])
    return total


@jit
def trace_path(row, style, points):  # type: ignore[no-untyped-def]
    """The outline of a closed path, ``row (P,)`` float64 in pixels, into ``points``; returns how many there are."""
    i = 0
    for at in range(0, len(row), 6):
        steps, end = cuts(row, at, style[0, 3]), (at + 6) % len(row)
        for j in range(steps):
            a, b, c, d = weights(j / steps)
            points[i, 0] = a * row[at] + b * row[at + 2] + c * row[at + 4] + d * row[end]
            points[i, 1] = a * row[at + 1] + b * row[at + 3] + c * row[at + 5] + d * row[end + 1]
            i += 1
    return i


@jit
def pull_path(row, style, by_points, by_row):  # type: ignore[no-untyped-def]
    """The gradient of a path's numbers, in pixels, from that of its outline."""
    i = 0
    for at in range(0, len(row), 6):
        steps, end = cuts(row, at, style[0, 3]), (at + 6) % len(row)
        for j in range(steps):
            a, b, c, d = weights(j / steps)
            gx, gy = float64(by_points[i, 0]), float64(by_points[i, 1])
            by_row[at], by_row[at + 1] = by_row[at] + a * gx, by_row[at + 1] + a * gy
            by_row[at + 2], by_row[at + 3] = by_row[at + 2] + b * gx, by_row[at + 3] + b * gy
            by_row[at + 4], by_row[at + 5] = by_row[at + 4] + c * gx, by_row[at + 5] + c * gy
            by_row[end], by_row[end + 1] = by_row[end] + d * gx, by_row[end + 1] + d * gy
            i += 1
