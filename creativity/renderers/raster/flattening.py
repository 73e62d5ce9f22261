"""The numba kernels that flatten shapes given by a few numbers, and take a gradient of the outline back to these.

Every point of a framed shape is ``middle + s d + t n``, with d the direction of its axis and n across it, and s and t are linear
in the length L of the axis and the breadth b, with coefficients that depend on the kind and the point alone (`_place`).
So one formula serves all kinds, and its adjoint is as short.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float32 as f32
from numba import float64, int64

from creativity.renderers.raster.bezier import count_path_points, pull_path, trace_path
from creativity.renderers.raster.forms import CIRCLE, ELLIPSE, LINE, PATH, POLYGON, RECTANGLE, REGULAR, ROTATED, STROKE, TRIANGLE
from creativity.renderers.raster.kernels import jit
from creativity.renderers.raster.ribbons import count_ribbon_points, pull_ribbons, ribbons

MOST_POINTS = 512
"""Of an outline."""

LARGEST = 1e7
"""Pixels beyond which nothing can be told apart."""


@jit
def count_points(kind, row, corners, least, most, line, style):  # type: ignore[no-untyped-def]
    """How many points the outline of a shape has; ``row (P,)`` in pixels."""
    if kind == TRIANGLE:
        return 3
    if kind in (POLYGON, REGULAR):
        return corners
    if kind in (RECTANGLE, ROTATED):
        return 4
    if kind == STROKE:
        return count_ribbon_points(row, corners, line, style)
    if kind == PATH:
        return count_path_points(row, style)
    size = abs(row[4])
    if kind == ELLIPSE:
        size = max(size, math.sqrt(row[2] * row[2] + row[3] * row[3]))
    if kind == LINE and line >= 0.0:
        size = line
    elif not size <= most:
        size = most
    # A chord deviates from its arc by r (1 - cos(pi / n)): a twentieth of a pixel to either side of the area's circle.
    return min(max(4 * int64(math.ceil(0.25 * math.pi * math.sqrt(5.0 * max(size, least)))), 12), MOST_POINTS)


@jit
def _place(kind, k, count, cosine, sine, swell):  # type: ignore[no-untyped-def]
    """The coefficients of point k: of L and b in s, and of L and b in t."""
    if kind == ROTATED:
        return (1.0 if k == 0 or k == 3 else -1.0), 0.0, 0.0, (1.0 if k < 2 else -1.0)
    if kind == LINE:
        return (1.0 if k < count // 2 else -1.0), swell * cosine, 0.0, sine
    if kind == REGULAR:
        return cosine, 0.0, sine, 0.0
    if kind == CIRCLE:
        return 0.0, swell * cosine, 0.0, swell * sine
    return swell * cosine, 0.0, 0.0, swell * sine


@jit
def _frame(kind, row, least, most, line):  # type: ignore[no-untyped-def]
    """Direction of the axis, its length as it is and as it is held, breadth as it is held."""
    ux, uy, b = row[2], row[3], row[4]
    length = math.sqrt(ux * ux + uy * uy)
    dx, dy = (ux / length, uy / length) if length > 0.0 and kind != CIRCLE else (1.0, 0.0)
    held = min(max(length, least), most)
    breadth = line if kind == LINE and line >= 0.0 else min(max(b, least), most)
    return dx, dy, length, held, breadth


@jit
def _turn(kind, count):  # type: ignore[no-untyped-def]
    """Cosine and sine of the angle between points, and where they start; how much the polygon of a circle must swell to have its area."""
    step = 2.0 * math.pi / (count - 2 if kind == LINE else count)
    swell = 1.0
    if kind in (ELLIPSE, CIRCLE):
        swell = math.sqrt(step / math.sin(step))
    elif kind == LINE:
        swell = step / math.sin(step)  # its ends grow along it alone, or it would be too wide
    return math.cos(step), math.sin(step), swell


@jit
def outline(kind, row, corners, least, most, line, style, points):  # type: ignore[no-untyped-def]
    """The outline of a shape, ``row (P,)`` float64 in pixels, into ``points``; returns how many there are."""
    if kind <= POLYGON:
        count = 3 if kind == TRIANGLE else corners
        at = len(row) - 2 * corners
        for k in range(count):
            points[k, 0], points[k, 1] = row[at + 2 * k], row[at + 2 * k + 1]
        return count
    if kind == STROKE:
        return ribbons(row, corners, line, style, points)
    if kind == PATH:
        return trace_path(row, style, points)
    count = count_points(kind, row, corners, least, most, line, style)
    x, y = row[0], row[1]
    if kind == RECTANGLE:
        a, b = min(max(abs(row[2]), least), most), min(max(abs(row[3]), least), most)
        for k in range(4):
            points[k, 0] = x + (a if k == 0 or k == 3 else -a)
            points[k, 1] = y + (b if k < 2 else -b)
        return count
    dx, dy, _, length, breadth = _frame(kind, row, least, most, line)
    turn, lift, swell = _turn(kind, count)
    cosine, sine = (0.0, -1.0) if kind == LINE else (1.0, 0.0)
    for k in range(count):
        s_l, s_b, t_l, t_b = _place(kind, k, count, cosine, sine, swell)
        s, t = s_l * length + s_b * breadth, t_l * length + t_b * breadth
        points[k, 0] = x + s * dx - t * dy
        points[k, 1] = y + s * dy + t * dx
        if kind != LINE or k != count // 2 - 1:  # where one end of a line is done, the other begins at the same angle
            cosine, sine = cosine * turn - sine * lift, sine * turn + cosine * lift
    return count


@jit
def _pull(kind, row, corners, least, most, line, style, by_points, by_row):  # type: ignore[no-untyped-def]
    """The gradient of a shape's numbers, in pixels, from that of its outline."""
    count = len(by_points)
    if kind <= POLYGON:
        at = len(row) - 2 * corners
        for k in range(count):
            by_row[at + 2 * k], by_row[at + 2 * k + 1] = float64(by_points[k, 0]), float64(by_points[k, 1])
        return
    if kind == STROKE:
        pull_ribbons(row, corners, line, style, by_points, by_row)
        return
    if kind == PATH:
        pull_path(row, style, by_points, by_row)
        return
    by_x = by_y = 0.0
    if kind == RECTANGLE:
        by_a = by_b = 0.0
        for k in range(4):
            gx, gy = float64(by_points[k, 0]), float64(by_points[k, 1])
            by_x, by_y = by_x + gx, by_y + gy
            by_a += gx if k == 0 or k == 3 else -gx
            by_b += gy if k < 2 else -gy
        by_row[0], by_row[1] = by_x, by_y
        by_row[2] = (-1.0 if row[2] < 0.0 else 1.0) * _held(abs(row[2]), by_a, least, most)
        by_row[3] = (-1.0 if row[3] < 0.0 else 1.0) * _held(abs(row[3]), by_b, least, most)
        return
    dx, dy, length, held, breadth = _frame(kind, row, least, most, line)
    turn, lift, swell = _turn(kind, count)
    cosine, sine = (0.0, -1.0) if kind == LINE else (1.0, 0.0)
    by_length = by_breadth = by_angle = 0.0
    for k in range(count):
        s_l, s_b, t_l, t_b = _place(kind, k, count, cosine, sine, swell)
        s, t = s_l * held + s_b * breadth, t_l * held + t_b * breadth
        gx, gy = float64(by_points[k, 0]), float64(by_points[k, 1])
        along, across = gx * dx + gy * dy, gy * dx - gx * dy
        by_x, by_y = by_x + gx, by_y + gy
        by_length += s_l * along + t_l * across
        by_breadth += s_b * along + t_b * across
        by_angle += s * across - t * along
        if kind != LINE or k != count // 2 - 1:
            cosine, sine = cosine * turn - sine * lift, sine * turn + cosine * lift
    by_row[0], by_row[1] = by_x, by_y
    if kind != CIRCLE:
        by_length = _held(length, by_length, least, most)
        bend = by_angle / length if length > 0.0 else 0.0
        by_row[2], by_row[3] = by_length * dx - bend * dy, by_length * dy + bend * dx
    if kind != REGULAR and not (kind == LINE and line >= 0.0):
        by_row[4] = by_breadth


@jit
def _held(value, gradient, least, most):  # type: ignore[no-untyped-def]
    """The gradient of a length that is held in its range: none where a step would lead further out."""
    return 0.0 if (value <= least and gradient > 0.0) or (value >= most and gradient < 0.0) else gradient


@jit
def _load(shapes, mark, units, row):  # type: ignore[no-untyped-def]
    """A shape in pixels, rounded as kernels that place shapes round it."""
    for k in range(len(row)):
        row[k] = min(max(float64(shapes[mark, k] * units[k]), -LARGEST), LARGEST)


@jit
def measure(kinds, shapes, units, corners, least, most, line, style, offsets):  # type: ignore[no-untyped-def]
    """Where each outline's points begin: ``offsets (M + 1,)``."""
    row = np.empty(shapes.shape[1])
    for mark in range(len(shapes)):
        _load(shapes, mark, units, row)
        offsets[mark + 1] = offsets[mark] + count_points(kinds[mark], row, corners, least, most, line, style)


@jit
def flatten(kinds, shapes, units, corners, least, most, line, style, offsets, points):  # type: ignore[no-untyped-def]
    """Shapes (M, P) in units of the canvas -> all their points."""
    row = np.empty(shapes.shape[1])
    for mark in range(len(shapes)):
        _load(shapes, mark, units, row)
        outline(kinds[mark], row, corners, least, most, line, style, points[offsets[mark] : offsets[mark + 1]])
        for k in range(len(row)):
            if not math.isfinite(shapes[mark, k]):
                points[offsets[mark], 0] = f32(math.nan)


@jit
def pull_back(kinds, shapes, units, corners, least, most, line, style, offsets, by_points, by_shapes):  # type: ignore[no-untyped-def]
    """The gradient of shapes (M, P) from that of their points. What is not finite feels nothing."""
    row, by_row = np.empty(shapes.shape[1]), np.empty(shapes.shape[1])
    for mark in range(len(shapes)):
        sane = True
        for k in range(len(row)):
            sane &= math.isfinite(shapes[mark, k])
            by_row[k] = 0.0
        if sane:
            _load(shapes, mark, units, row)
            _pull(kinds[mark], row, corners, least, most, line, style, by_points[offsets[mark] : offsets[mark + 1]], by_row)
            for k in range(len(row)):
                by_shapes[mark, k] = by_row[k] * units[k]
