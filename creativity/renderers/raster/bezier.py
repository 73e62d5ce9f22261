"""Cubic Bezier pieces for the kernels that flatten them: how finely, where, in which direction."""

from __future__ import annotations

import math

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
