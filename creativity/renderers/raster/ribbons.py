"""The numba kernels that lay ribbons along a stroke, and take a gradient of their outlines back to the stroke's numbers.

A stroke is a spline of cubic Bezier pieces in three dimensions: place x, y, and half the width. The joint of two pieces lies midway
between their handles, so that direction and width go on smoothly; a row holds the ends and the handles alone. A brush
is one ribbon or several: each runs along the stroke, in a lane of its own across the width, between two shares of the way.

Every point of a ribbon's outline is ``p + w (s n + c d)``: p and w are place and half width at some t, d the direction
there and n across it; s and c depend on the ribbon and on which point it is, alone. So one formula serves sides and
round ends, and its adjoint is as short.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float64, int64

from creativity.renderers.raster.bezier import bent, heading, mixed, slopes, weights
from creativity.renderers.raster.kernels import jit

EVEN_STEPS, MOST_STEPS, MOST_ARCS = 64, 96, 32
"""Of a piece, before sharp turns are looked at and in all; and of a round end."""

STILL = 1e-3
"""Pixels a unit of t. A curve that moves less has no direction: there it has no width either."""


@jit
def count_ribbon_points(row, corners, line, style):  # type: ignore[no-untyped-def]
    """How many points all outlines of a stroke have; each has as many as the others."""
    control, ways = np.empty((3 * (corners // 2) - 2, 3)), np.empty(MOST_STEPS * (corners // 2 - 1) + 1)
    lay_out(row, corners, line, style, control)
    total, arcs = _divide(control, style, ways)
    return (len(style) - 1) * 2 * (total + arcs)


@jit
def lay_out(row, corners, line, style, control):  # type: ignore[no-untyped-def]
    """From a row in pixels to all control points (3 pieces + 1, 3); returns by how much the stroke is shrunk to its greatest length."""
    taper, longest = style[0, 0], style[0, 2]
    widths = len(row) - 2 * corners
    x = y = length = 0.0
    for k in range(corners):
        x, y = x + row[2 * k] / corners, y + row[2 * k + 1] / corners
        if k:
            length += math.sqrt((row[2 * k] - row[2 * k - 2]) ** 2 + (row[2 * k + 1] - row[2 * k - 1]) ** 2)
    factor = longest / length if length > longest else 1.0
    for k in range(corners):
        at = _place_of(k, corners)
        control[at, 0], control[at, 1] = x + factor * (row[2 * k] - x), y + factor * (row[2 * k + 1] - y)
        half = row[2 * corners + min(k, widths - 1)] if widths else line
        control[at, 2] = half if 0 < k < corners - 1 else half * (1.0 - taper)
    for joint in range(3, len(control) - 1, 3):
        for axis in range(3):
            control[joint, axis] = 0.5 * (control[joint - 1, axis] + control[joint + 1, axis])
    return factor


@jit
def _place_of(k, corners):  # type: ignore[no-untyped-def]
    """Where the k-th number of a row is among the control points, joints included."""
    return 3 * (corners // 2 - 1) if k == corners - 1 else k + max(k - 1, 0) // 2


@jit
def _divide(control, style, ways):  # type: ignore[no-untyped-def]
    """Where to cut the spline, ``ways`` in [0, pieces], from 0 on; returns into how many steps, and a round end into how many arcs.

    In equal steps, by the bend of the centre line and of the width; and where that turns, a wide stroke's sides go further than it does.
    Steps are halved there, so that ways move in jumps alone: to a gradient they are constants.
    """
    tolerance, most, total = style[0, 3], 0.0, 0
    ways[0] = 0.0
    for piece in range(len(control) // 3):
        at = 3 * piece
        half = max(max(control[at, 2], control[at + 1, 2]), max(control[at + 2, 2], control[at + 3, 2]))
        most = max(most, half)
        swelling = max(
            abs(control[at, 2] - 2.0 * control[at + 1, 2] + control[at + 2, 2]),
            abs(control[at + 1, 2] - 2.0 * control[at + 2, 2] + control[at + 3, 2]),
        )
        wanted = math.sqrt(0.75 * (bent(control, at) + swelling) / tolerance)
        step = 1.0 / (math.ceil(max(wanted, 1.0)) if wanted < EVEN_STEPS else EVEN_STEPS)
        t, (dx, dy) = 0.0, heading(control, at, 0.0)
        while t < 1.0:
            ahead = min(step, 1.0 - t) if t + 1.01 * step < 1.0 else 1.0 - t
            ex, ey = heading(control, at, t + ahead)
            while (
                half * (1.0 - dx * ex - dy * ey) > 8.0 * tolerance and ahead > 0.01 * step and total < MOST_STEPS * (piece + 1) - EVEN_STEPS
            ):
                ahead *= 0.5
                ex, ey = heading(control, at, t + ahead)
            t = t + ahead if t + ahead < 1.0 - 1e-9 else 1.0
            dx, dy = ex, ey
            total += 1
            ways[total] = piece + t
    if style[0, 1] == 0.0:
        return total, 1
    arcs = math.ceil(0.25 * math.pi * math.sqrt(0.25 * most / tolerance))
    return total, min(2 * max(int64(arcs), 1), MOST_ARCS)


@jit
def _frame(control, position):  # type: ignore[no-untyped-def]
    """Of the curve at a position in [0, pieces]: first control point, t, x, y, half width, direction and speed."""
    piece = min(int64(position), len(control) // 3 - 1)
    at, t = 3 * piece, position - piece
    place, pace = weights(t), slopes(t)
    x, y, half = mixed(control, at, 0, place), mixed(control, at, 1, place), mixed(control, at, 2, place)
    dx, dy = mixed(control, at, 0, pace), mixed(control, at, 1, pace)
    speed = math.sqrt(dx * dx + dy * dy)
    inverse = 1.0 / max(speed, STILL)
    return at, t, x, y, half, dx * inverse, dy * inverse, speed


@jit
def ribbons(row, corners, line, style, points):  # type: ignore[no-untyped-def]
    """The outlines of a stroke, ``row (P,)`` float64 in pixels, one after another into ``points``; returns how many points there are."""
    control, ways = np.empty((3 * (corners // 2) - 2, 3)), np.empty(MOST_STEPS * (corners // 2 - 1) + 1)
    lay_out(row, corners, line, style, control)
    total, arcs = _divide(control, style, ways)
    pieces, each = len(control) // 3, 2 * (total + arcs)
    turn = math.pi / arcs
    swell = turn / math.sin(turn) if arcs > 1 else 0.0
    for ribbon in range(1, len(style)):
        across, breadth, begin, end = style[ribbon]
        first = (ribbon - 1) * each
        for j in range(total + 1):
            position = min(max(ways[j], pieces * begin), pieces * end)
            _, _, x, y, half, dx, dy, _ = _frame(control, position)
            s = half * (across + breadth)
            points[first + j, 0], points[first + j, 1] = x - s * dy, y + s * dx
            s, k = half * (across - breadth), first + 2 * total + arcs - j
            points[k, 0], points[k, 1] = x - s * dy, y + s * dx
            if arcs > 1 and (j == 0 or j == total):
                side = 1.0 if j else -1.0
                for arc in range(1, arcs):
                    s = half * (across + side * breadth * math.cos(arc * turn))
                    c = half * side * breadth * swell * math.sin(arc * turn)
                    k = first + arc + (total if j else 2 * total + arcs)
                    points[k, 0], points[k, 1] = x - s * dy + c * dx, y + s * dx + c * dy
    return (len(style) - 1) * each


@jit
def pull_ribbons(row, corners, line, style, by_points, by_row):  # type: ignore[no-untyped-def]
    """The gradient of a stroke's numbers, in pixels, from that of its outlines."""
    control, ways = np.empty((3 * (corners // 2) - 2, 3)), np.empty(MOST_STEPS * (corners // 2 - 1) + 1)
    factor = lay_out(row, corners, line, style, control)
    total, arcs = _divide(control, style, ways)
    pieces, each = len(control) // 3, 2 * (total + arcs)
    turn = math.pi / arcs
    swell = turn / math.sin(turn) if arcs > 1 else 0.0
    by = np.zeros((len(control), 3))
    for ribbon in range(1, len(style)):
        across, breadth, begin, end = style[ribbon]
        first = (ribbon - 1) * each
        for j in range(total + 1):
            position = min(max(ways[j], pieces * begin), pieces * end)
            at, t, _, _, half, dx, dy, speed = _frame(control, position)
            # Sums over the points here of g, s (g . d, g . n) and c (g . d, g . n).
            gx, gy = float64(by_points[first + j, 0]), float64(by_points[first + j, 1])
            s = across + breadth
            along, aside = s * (gx * dx + gy * dy), s * (gy * dx - gx * dy)
            hx, hy = float64(by_points[first + 2 * total + arcs - j, 0]), float64(by_points[first + 2 * total + arcs - j, 1])
            s = across - breadth
            along, aside = along + s * (hx * dx + hy * dy), aside + s * (hy * dx - hx * dy)
            gx, gy = gx + hx, gy + hy
            ahead = beside = 0.0
            if arcs > 1 and (j == 0 or j == total):
                side = 1.0 if j else -1.0
                for arc in range(1, arcs):
                    s = across + side * breadth * math.cos(arc * turn)
                    c = side * breadth * swell * math.sin(arc * turn)
                    k = first + arc + (total if j else 2 * total + arcs)
                    hx, hy = float64(by_points[k, 0]), float64(by_points[k, 1])
                    gx, gy = gx + hx, gy + hy
                    hx, hy = hx * dx + hy * dy, hy * dx - hx * dy
                    along, aside = along + s * hx, aside + s * hy
                    ahead, beside = ahead + c * hx, beside + c * hy
            by_half = aside + ahead
            # A turn of the direction moves s n against d, and c d along n. What stands still does not turn.
            bend = half * (beside - along) / speed if speed > STILL else 0.0
            place, pace = weights(t), slopes(t)
            for k in range(4):
                by[at + k, 0] += place[k] * gx - pace[k] * bend * dy
                by[at + k, 1] += place[k] * gy + pace[k] * bend * dx
                by[at + k, 2] += place[k] * by_half
    for joint in range(3, len(control) - 1, 3):
        for axis in range(3):
            by[joint - 1, axis] += 0.5 * by[joint, axis]
            by[joint + 1, axis] += 0.5 * by[joint, axis]
    _gather(row, corners, style, factor, by, by_row)


@jit
def _gather(row, corners, style, factor, by, by_row):  # type: ignore[no-untyped-def]
    """From the gradient of the control points, joints gone, to that of the row."""
    taper, longest = style[0, 0], style[0, 2]
    widths = len(row) - 2 * corners
    x = y = gx = gy = grown = 0.0
    for k in range(corners):
        x, y = x + row[2 * k] / corners, y + row[2 * k + 1] / corners
    for k in range(corners):
        at = _place_of(k, corners)
        gx, gy = gx + by[at, 0], gy + by[at, 1]
        grown += by[at, 0] * (row[2 * k] - x) + by[at, 1] * (row[2 * k + 1] - y)
        by_half = by[at, 2] if 0 < k < corners - 1 else by[at, 2] * (1.0 - taper)
        if widths:
            by_row[2 * corners + min(k, widths - 1)] += by_half
    for k in range(corners):
        at = _place_of(k, corners)
        by_row[2 * k] += factor * by[at, 0] + (1.0 - factor) / corners * gx
        by_row[2 * k + 1] += factor * by[at, 1] + (1.0 - factor) / corners * gy
    if factor < 1.0:
        # factor = longest / length
        for k in range(1, corners):
            ux, uy = row[2 * k] - row[2 * k - 2], row[2 * k + 1] - row[2 * k - 1]
            length = math.sqrt(ux * ux + uy * uy)
            if length > 0.0:
                pull = -grown * factor * factor / (longest * length)
                by_row[2 * k], by_row[2 * k - 2] = by_row[2 * k] + pull * ux, by_row[2 * k - 2] - pull * ux
                by_row[2 * k + 1], by_row[2 * k - 1] = by_row[2 * k + 1] + pull * uy, by_row[2 * k - 1] - pull * uy
