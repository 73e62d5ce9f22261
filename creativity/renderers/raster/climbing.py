"""The numba kernels that place one mark, and mend it in place: what `greedy` climbs on.

A mark of full coverage, opacity a and colour q, somewhere in a stack, shows through T, the transmittance of what lies
above it. With B the canvas below and D what is missing of the goal when the mark is not there, it changes the squared
error by a quadratic in a and q whose coefficients are sums over its pixels (w is a pixel's weight)::

    change = -2 a (q . X - G) + a^2 (q . q S - 2 q . Y + E)
    X = sum w T D,   G = sum w T (D . B - D_alpha / 2),   S = sum w T^2,   Y = sum w T^2 B,   E = sum w T^2 (B . B - B_alpha + 1/4)

So two things are cheap. Summed along rows once, the coefficients turn a candidate outline's score into two lookups a row.
And the best colour and opacity have a closed form, at any depth of the stack: for one opacity the best colour is a ratio,
put into the gamut channel by channel; the change is convex in the opacity, so the best one is where its slope is zero.

Pixels are kept as ``(r - alpha / 2, g - alpha / 2, b - alpha / 2, alpha / 2)`` of premultiplied RGBA. In these numbers
compositing is what it was, a mark's paint is ``a (q, 1/2)`` with q in [-1/2, 1/2], and the plain sum of squares is
the house's squared error, its expectation over backgrounds included.

A candidate covers the pixels whose centres it holds; before it is kept, its exact coverage c decides: X and G are
then summed with c, and S, Y and E with c^2. Every shape is climbed on by the few numbers that it stands for
(`creativity.renderers.raster.forms`), in pixels, and scored by its outline.

Greedy fitting with a closed-form colour is primitive's idea (Fogleman 2016); prefix sums, opacity and any depth are ours.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import float32 as f32
from numba import float64, int64, uint64

from creativity.renderers.raster import OPACITY_CAP
from creativity.renderers.raster.flattening import outline
from creativity.renderers.raster.forms import CIRCLE, LINE, PATH, POLYGON, RECTANGLE, REGULAR, STROKE
from creativity.renderers.raster.kernels import RECORD, address, jit, paint, prepare_marks
from creativity.renderers.raster.simd import load4, load8, load_float, load_int, store4, store8

COEFFICIENTS = 12
"""Of an entry of the table: X (3), G, Y (3), E, S, the error, and two to fill a register."""

FAINT = 1.0 / 256.0
"""A mark that is fainter is not worth having, and its colour would be noise."""


REACH = 0.6
"""New outlines spread up to this part of the longer side."""

BEYOND = 0.5
"""How far beyond the canvas a new outline may lie, in its units."""

WORTH = 1.08
"""Among mixed shapes a polygon, which can become like any other, must be better by this factor to be taken instead."""

MARGIN, LEAST_MARGIN = 0.3, 8.0
"""A mark that is mended looks around itself by this part of its size, and by at least so many pixels."""


class Scene(NamedTuple):
    """A drawing, its target, and what lies below and above the mark that is being worked on. Float32 unless said otherwise."""

    shapes: Any
    """(N, P) in units of the canvas, as `forms.Form` lays them out."""
    kinds: Any
    """(N,) int32"""
    offered: Any
    """(K,) int32, the kinds that a new shape may be of."""
    units: Any
    """(P,) pixels to each unit."""
    corners: int
    """Of polygons."""
    least: float
    most: float
    line: float
    """Limits of lengths, and half the width of lines if it is fixed, in pixels."""
    style: Any
    """(1 + R, 4) float64, the brush of strokes."""
    rough: Any
    """The same, of one plain ribbon, for candidates; its breadth is scratch."""
    colours: Any
    """(N, 3) in [0, 1]."""
    opacities: Any
    """(N,) in [0, 1]."""
    background: Any
    """(4,) as pixels are kept here."""
    goal: Any
    """(H, W, 4)"""
    weight: Any
    """(H, W), or empty."""
    below: Any
    """(H, W, 4) background and lower marks."""
    above: Any
    """(H, W, 4) what the upper marks add."""
    through: Any
    """(H, W) what they let through."""
    table: Any
    """(H, W + 1, COEFFICIENTS)"""
    palette: Any
    """(P, 3) float64, q of the colours that may be used; empty where all may."""
    low: float
    high: float
    """Limits of the opacity."""
    points: Any
    """(Q, 2) float64, scratch, like all that follow: the outline of a candidate."""
    ends: Any
    """(H, E) float64, where the outline of a candidate crosses a row: the outmost two, or all."""
    turns: Any
    """(H, E) int64, in which direction; where all are kept."""
    crossings: Any
    """(H,) int64, how many they are."""
    pixels: Any
    """(Q, 2) float32, the outline of a mark as the renderer has it."""
    spare: Any
    cells: Any
    touched: Any
    spans: Any
    pieces: Any
    edges: Any
    boxes: Any
    paints: Any


@jit
def draw(state):  # type: ignore[no-untyped-def]
    """The next uniform number in [0, 1) of a stream (splitmix64: Steele, Lea & Flood 2014)."""
    state[0] += uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return float64((z ^ (z >> uint64(31))) >> uint64(11)) * (1.0 / 9007199254740992.0)


@jit
def draw_normal(state):  # type: ignore[no-untyped-def]
    return math.sqrt(-2.0 * math.log(1.0 - draw(state))) * math.cos(2.0 * math.pi * draw(state))


@jit
def tabulate(scene, window):  # type: ignore[no-untyped-def]
    """Sums along the rows of ``window`` (top, bottom, left, right): ``table[i, j]`` is of the pixels left of column j."""
    goal, below, above, through, weight, table = scene.goal, scene.below, scene.above, scene.through, scene.weight, scene.table
    weighted = weight.size > 0
    for i in range(window[0], window[1]):
        x0 = x1 = x2 = g = y0 = y1 = y2 = e = s = error = f32(0.0)
        entry = table[i, window[2]]
        for k in range(COEFFICIENTS):
            entry[k] = f32(0.0)
        for j in range(window[2], window[3]):
            t = through[i, j]
            wt = t * weight[i, j] if weighted else t
            wtt = wt * t
            b0, b1, b2, b3 = below[i, j, 0], below[i, j, 1], below[i, j, 2], below[i, j, 3]
            d0 = goal[i, j, 0] - above[i, j, 0] - t * b0
            d1 = goal[i, j, 1] - above[i, j, 1] - t * b1
            d2 = goal[i, j, 2] - above[i, j, 2] - t * b2
            d3 = goal[i, j, 3] - above[i, j, 3] - t * b3
            x0 += wt * d0
            x1 += wt * d1
            x2 += wt * d2
            g += wt * (d0 * b0 + d1 * b1 + d2 * b2 + d3 * (b3 - f32(0.5)))
            y0 += wtt * b0
            y1 += wtt * b1
            y2 += wtt * b2
            e += wtt * (b0 * b0 + b1 * b1 + b2 * b2 + b3 * (b3 - f32(1.0)) + f32(0.25))
            s += wtt
            square = d0 * d0 + d1 * d1 + d2 * d2 + d3 * d3
            error += square * weight[i, j] if weighted else square
            entry = table[i, j + 1]
            entry[0], entry[1], entry[2], entry[3] = x0, x1, x2, g
            entry[4], entry[5], entry[6], entry[7] = y0, y1, y2, e
            entry[8], entry[9], entry[10], entry[11] = s, error, f32(0.0), f32(0.0)


@jit
def gather(points, count, table, window, ends, sums):  # type: ignore[no-untyped-def]
    """The coefficients of a convex outline: ``sums`` over the pixels of the window whose centres it holds."""
    first, last = _rows_of(points, count, window)
    for i in range(first, last):
        ends[i, 0], ends[i, 1] = math.inf, -math.inf
    for k in range(count):
        begin, end, x, slope, _ = _edge(points, k, count, first, last)
        for i in range(begin, end):
            ends[i, 0], ends[i, 1] = min(ends[i, 0], x), max(ends[i, 1], x)
            x += slope
    left, right = float64(window[2]), float64(window[3])
    stride = int64(table.shape[1]) * (COEFFICIENTS * 4)
    row = address(table) + first * stride
    into = address(sums)
    here8, here4 = load8(into), load4(into)
    here8, here4 = here8 - here8, here4 - here4
    for i in range(first, last):
        a = int64(math.ceil(min(max(ends[i, 0], left), right) - 0.5))
        b = int64(math.ceil(min(max(ends[i, 1], left), right) - 0.5))
        if a < b:
            at_a, at_b = row + a * (COEFFICIENTS * 4), row + b * (COEFFICIENTS * 4)
            here8 += load8(at_b) - load8(at_a)
            here4 += load4(at_b + 32) - load4(at_a + 32)
        row += stride
    store8(into, here8)
    store4(into + 32, here4)


@jit
def gather_any(points, count, table, window, ends, turns, crossings, sums):  # type: ignore[no-untyped-def]
    """The same of any outline, filled where it winds around at all: each row's crossings are kept in order."""
    first, last = _rows_of(points, count, window)
    for i in range(first, last):
        crossings[i] = 0
    for k in range(count):
        begin, end, x, slope, turn = _edge(points, k, count, first, last)
        for i in range(begin, end):
            at = crossings[i]
            while at > 0 and ends[i, at - 1] > x:
                ends[i, at], turns[i, at] = ends[i, at - 1], turns[i, at - 1]
                at -= 1
            ends[i, at], turns[i, at] = x, turn
            crossings[i] += 1
            x += slope
    left, right = float64(window[2]), float64(window[3])
    stride = int64(table.shape[1]) * (COEFFICIENTS * 4)
    row = address(table) + first * stride
    into = address(sums)
    here8, here4 = load8(into), load4(into)
    here8, here4 = here8 - here8, here4 - here4
    for i in range(first, last):
        winding, a = 0, int64(0)
        for k in range(crossings[i]):
            b = int64(math.ceil(min(max(ends[i, k], left), right) - 0.5))
            if winding != 0 and a < b:
                at_a, at_b = row + a * (COEFFICIENTS * 4), row + b * (COEFFICIENTS * 4)
                here8 += load8(at_b) - load8(at_a)
                here4 += load4(at_b + 32) - load4(at_a + 32)
            winding, a = winding + turns[i, k], b
        row += stride
    store8(into, here8)
    store4(into + 32, here4)


@jit
def _rows_of(points, count, window):  # type: ignore[no-untyped-def]
    """The first row of the window whose middle an outline can cross, and the one after the last."""
    top, bottom = math.inf, -math.inf
    for k in range(count):
        top, bottom = min(top, points[k, 1]), max(bottom, points[k, 1])
    first = int64(math.ceil(max(top, float64(window[0])) - 0.5))
    last = int64(math.ceil(min(bottom, float64(window[1])) - 0.5))
    return max(first, window[0]), min(last, window[1])


@jit
def _edge(points, k, count, first, last):  # type: ignore[no-untyped-def]
    """The rows whose middle edge k crosses, where it crosses the first of them, how far it moves with each, and its direction."""
    after = k + 1 if k + 1 < count else 0
    x0, y0, x1, y1, turn = points[k, 0], points[k, 1], points[after, 0], points[after, 1], 1
    if y0 > y1:
        x0, y0, x1, y1, turn = x1, y1, x0, y0, -1
    begin = max(int64(math.ceil(max(y0, float64(first)) - 0.5)), first)
    end = min(int64(math.ceil(min(y1, float64(last)) - 0.5)), last)
    slope = (x1 - x0) / (y1 - y0) if begin < end else 0.0
    return begin, end, x0 + (begin + 0.5 - y0) * slope, slope, turn


@jit
def seen(kind, row, corners, points):  # type: ignore[no-untyped-def]
    """Where the outline of a row is to be found: a polygon's is the row itself, any other's will be drawn into ``points``."""
    if kind <= POLYGON:
        return row[len(row) - 2 * corners :].reshape(corners, 2)
    return points


@jit
def is_convex(kind, corners):  # type: ignore[no-untyped-def]
    return kind < STROKE and (kind != POLYGON or corners == 3)


@jit
def sketched(kind, row, form, limits, points):  # type: ignore[no-untyped-def]
    """The outline of a framed shape, or of a stroke, into ``points``; returns how many there are, none where it leaves the limits.

    The centres of pixels would hardly see a line or a stroke of less than a pixel: it is drawn as wide as one, and how much of
    that it covers is returned too.
    """
    corners, least, most, line, rough = form
    cover = 1.0
    if kind == STROKE:
        half, widths = max(line, 0.0), len(row) - 2 * corners
        for k in range(2 * corners, len(row)):
            half += row[k] / widths
        cover = min(2.0 * half, 1.0)
        rough[1, 1] = 1.0 / max(cover, 0.1)
    elif kind == LINE and line >= 0.0:
        cover, line = min(2.0 * line, 1.0), max(line, 0.5)
    count = outline(kind, row, corners, least, most, line, rough, points)
    for k in range(count):
        if not (limits[0] <= points[k, 1] <= limits[1] and limits[2] <= points[k, 0] <= limits[3]):
            return 0, cover
    return count, cover


@jit
def settle(sums, low, high, palette, brush):  # type: ignore[no-untyped-def]
    """The best colour and opacity for these coefficients, into ``brush`` (q, a); returns the change that they make."""
    s = float64(sums[8])
    if not s > 1e-6:
        return 0.0
    x0, x1, x2, g = float64(sums[0]), float64(sums[1]), float64(sums[2]), float64(sums[3])
    y0, y1, y2, e = float64(sums[4]), float64(sums[5]), float64(sums[6]), float64(sums[7])
    if len(palette):
        best = 0.0
        for k in range(len(palette)):
            q0, q1, q2 = float64(palette[k, 0]), float64(palette[k, 1]), float64(palette[k, 2])
            steep = (q0 * q0 + q1 * q1 + q2 * q2) * s - 2.0 * (q0 * y0 + q1 * y1 + q2 * y2) + e
            lead = q0 * x0 + q1 * x1 + q2 * x2 - g
            a = min(max(lead / steep, low), high) if steep > 0.0 else high
            change = a * (a * steep - 2.0 * lead)
            if k == 0 or change < best:
                best = change
                brush[0], brush[1], brush[2], brush[3] = q0, q1, q2, a
        return best
    inverse = 1.0 / s
    # Where the canvas is plain the opacity does not matter; opaque is the better start for what comes later.
    spread = e - (y0 * y0 + y1 * y1 + y2 * y2) * inverse
    a = high
    if spread > 1e-6 * s:
        a = min(max(((x0 * y0 + x1 * y1 + x2 * y2) * inverse - g) / spread, low), high)
    q0, q1, q2 = (x0 / a + y0) * inverse, (x1 / a + y1) * inverse, (x2 / a + y2) * inverse
    if not (abs(q0) <= 0.5 and abs(q1) <= 0.5 and abs(q2) <= 0.5):
        lo, hi = low, high
        for _ in range(10):
            a = 0.5 * (lo + hi)
            q0 = min(max((x0 / a + y0) * inverse, -0.5), 0.5)
            q1 = min(max((x1 / a + y1) * inverse, -0.5), 0.5)
            q2 = min(max((x2 / a + y2) * inverse, -0.5), 0.5)
            slope = a * ((q0 * q0 + q1 * q1 + q2 * q2) * s - 2.0 * (q0 * y0 + q1 * y1 + q2 * y2) + e) - (q0 * x0 + q1 * x1 + q2 * x2 - g)
            if slope > 0.0:
                hi = a
            else:
                lo = a
        if hi == high:
            a = high
            q0 = min(max((x0 / a + y0) * inverse, -0.5), 0.5)
            q1 = min(max((x1 / a + y1) * inverse, -0.5), 0.5)
            q2 = min(max((x2 / a + y2) * inverse, -0.5), 0.5)
    brush[0], brush[1], brush[2], brush[3] = q0, q1, q2, a
    return change_by(sums, brush)


@jit
def change_by(sums, brush):  # type: ignore[no-untyped-def]
    """What a mark of these coefficients changes, painted with ``brush`` (q, a)."""
    q0, q1, q2, a = brush[0], brush[1], brush[2], brush[3]
    lead = q0 * float64(sums[0]) + q1 * float64(sums[1]) + q2 * float64(sums[2]) - float64(sums[3])
    steep = (q0 * q0 + q1 * q1 + q2 * q2) * float64(sums[8]) + float64(sums[7])
    steep -= 2.0 * (q0 * float64(sums[4]) + q1 * float64(sums[5]) + q2 * float64(sums[6]))
    return a * (a * steep - 2.0 * lead)


@jit
def sketch(kind, row, form, table, window, reach, state):  # type: ignore[no-untyped-def]
    """A random shape: its centre where the error is, its size log-uniform up to ``reach`` pixels."""
    corners, least, most, _, rough = form
    width = window[3]
    total = 0.0
    for i in range(window[0], window[1]):
        total += float64(table[i, width, 9])
    wanted = draw(state) * total
    line = window[0]
    while line + 1 < window[1] and wanted >= float64(table[line, width, 9]):
        wanted -= float64(table[line, width, 9])
        line += 1
    lo, hi = window[2], width
    while hi - lo > 1:
        middle = (lo + hi) // 2
        if float64(table[line, middle, 9]) > wanted:
            hi = middle
        else:
            lo = middle
    x, y = lo + draw(state), line + draw(state)
    size = 1.5 * math.exp(draw(state) * math.log(max(reach, 2.0) / 1.5))
    if kind == STROKE:
        draft(row, corners, least, most, rough, x, y, size, state)
        return
    if kind == PATH:
        blob(row, x, y, size, state)
        return
    if kind > POLYGON:
        row[0], row[1] = x, y
        row[2], row[3] = size * draw_normal(state), size * draw_normal(state)
        row[4] = size * abs(draw_normal(state))
        if kind == LINE:
            row[4] *= 0.3
        hold(row, least, most)
        return
    at = len(row) - 2 * corners
    for k in range(at, len(row), 2):
        row[k] = x + size * draw_normal(state)
        row[k + 1] = y + size * draw_normal(state)
    if kind == POLYGON and corners > 3:
        # In order around the middle, an outline of many corners begins without crossing itself.
        for i in range(at + 2, len(row), 2):
            px, py, k = row[i], row[i + 1], i
            angle = math.atan2(py - y, px - x)
            while k > at and math.atan2(row[k - 1] - y, row[k - 2] - x) > angle:
                row[k], row[k + 1] = row[k - 2], row[k - 1]
                k -= 2
            row[k], row[k + 1] = px, py


@jit
def hold(row, least, most):  # type: ignore[no-untyped-def]
    """A frame's lengths within their limits; a quarter of a pixel is the least that is worth having."""
    least = max(least, 0.25)
    row[4] = min(max(abs(row[4]), least), most)
    length = math.sqrt(row[2] * row[2] + row[3] * row[3])
    if length > 0.0:
        factor = min(max(length, least), most) / length
        row[2], row[3] = row[2] * factor, row[3] * factor
    else:
        row[2] = least


@jit
def nudge(kind, row, trial, form, limits, reach, state):  # type: ignore[no-untyped-def]
    """A neighbour of a shape: one corner, end or side moved, mostly; or all of it moved, turned or resized."""
    size = 0.3 * math.exp(draw(state) * math.log(max(reach, 1.0) / 0.3))
    choice = draw(state)
    dx, dy = size * draw_normal(state), size * draw_normal(state)
    which = draw(state)
    if kind == STROKE:
        take(trial, row)
        bend(trial, form, choice, which, dx, dy, state)
        return
    if kind == PATH:
        take(trial, row)
        knead(trial, choice, which, dx, dy)
        return
    if kind > POLYGON:
        take(trial, row)
        side = 1.0 if which < 0.5 else -1.0
        length = math.sqrt(row[2] * row[2] + row[3] * row[3])
        if choice < 0.2:
            trial[0], trial[1] = row[0] + dx, row[1] + dy
        elif kind == CIRCLE:
            # One side moves, or all of it grows.
            trial[4] = row[4] + 0.5 * dx
            if choice < 0.6:
                angle = 2.0 * math.pi * which
                trial[0], trial[1] = row[0] + 0.5 * dx * math.cos(angle), row[1] + 0.5 * dx * math.sin(angle)
        elif kind == RECTANGLE:
            # A side or a corner moves, and what is opposite stays.
            if choice < 0.8:
                trial[0], trial[2] = row[0] + 0.5 * dx, abs(row[2]) + 0.5 * side * dx
            if choice > 0.5:
                side = 1.0 if (4.0 * which) % 2.0 < 1.0 else -1.0
                trial[1], trial[3] = row[1] + 0.5 * dy, abs(row[3]) + 0.5 * side * dy
            trial[2], trial[3] = max(trial[2], 0.25), max(trial[3], 0.25)
        elif choice < 0.55 and kind != REGULAR:
            # One end moves.
            trial[0], trial[1] = row[0] + 0.5 * dx, row[1] + 0.5 * dy
            trial[2], trial[3] = row[2] + 0.5 * side * dx, row[3] + 0.5 * side * dy
        elif choice < 0.85 and kind != REGULAR:
            # One side moves, or both.
            trial[4] = row[4] + 0.5 * dx
            if choice < 0.7 and length > 0.0:
                trial[0], trial[1] = row[0] - side * 0.5 * dx * row[3] / length, row[1] + side * 0.5 * dx * row[2] / length
        else:
            radius = max(1.0, length, row[4])
            ux, uy = 1.0 + dx / radius, dy / radius
            trial[2], trial[3] = ux * row[2] - uy * row[3], uy * row[2] + ux * row[3]
            trial[4] = row[4] * ux
        hold(trial, form[1], form[2])
        return
    corners = 3 if kind < POLYGON else form[0]
    at = len(row) - 2 * form[0]
    moved = int64(which * corners)
    cx = cy = 0.0
    for k in range(corners):
        cx += row[at + 2 * k] / corners
        cy += row[at + 2 * k + 1] / corners
    radius = 1.0
    for k in range(corners):
        radius = max(radius, abs(row[at + 2 * k] - cx) + abs(row[at + 2 * k + 1] - cy))
    ux, uy = 1.0 + dx / radius, dy / radius
    for k in range(corners):
        px, py = row[at + 2 * k], row[at + 2 * k + 1]
        if choice < 0.75:
            if k == moved:
                px, py = px + dx, py + dy
        elif choice < 0.88:
            px, py = px + dx, py + dy
        else:
            px, py = cx + ux * (px - cx) - uy * (py - cy), cy + uy * (px - cx) + ux * (py - cy)
        trial[at + 2 * k] = min(max(px, limits[2]), limits[3])
        trial[at + 2 * k + 1] = min(max(py, limits[0]), limits[1])


@jit
def draft(row, corners, least, most, rough, x, y, size, state):  # type: ignore[no-untyped-def]
    """A random stroke around (x, y): an arc, as long as ``size``, twice that at most, and thinner than long."""
    length = min(size * (1.0 + draw(state)), rough[0, 2])
    step, angle, turn = length / (corners - 1), 2.0 * math.pi * draw(state), 0.8 * draw_normal(state)
    cx = cy = px = py = 0.0
    for k in range(corners):
        row[2 * k], row[2 * k + 1] = px, py
        cx, cy = cx + px / corners, cy + py / corners
        px, py = px + step * math.cos(angle), py + step * math.sin(angle)
        angle += turn / (corners - 1)
    for k in range(corners):
        row[2 * k], row[2 * k + 1] = row[2 * k] + x - cx, row[2 * k + 1] + y - cy
    half = least * math.exp(draw(state) * math.log(max(min(most, 0.5 * length) / least, 1.0)))
    for k in range(2 * corners, len(row)):
        row[k] = min(max(half * math.exp(0.3 * draw_normal(state)), least), most)


@jit
def bend(row, form, choice, which, dx, dy, state):  # type: ignore[no-untyped-def]
    """Makes a stroke its neighbour: one end or handle moved, or the width somewhere, or all of it moved, turned, resized."""
    corners, least, most, _, rough = form
    widths = len(row) - 2 * corners
    if widths and choice > 0.7:
        one = 2 * corners + int64(which * widths)
        for k in range(2 * corners, len(row)):
            if choice > 0.85 or k == one:
                row[k] = min(max(row[k] + 0.25 * dx, least), most)
        return
    moved, cx, cy, radius, length = int64(which * corners), 0.0, 0.0, 1.0, 0.0
    for k in range(corners):
        cx, cy = cx + row[2 * k] / corners, cy + row[2 * k + 1] / corners
    for k in range(corners):
        radius = max(radius, abs(row[2 * k] - cx) + abs(row[2 * k + 1] - cy))
    whole = draw(state) < 0.5
    ux, uy = 1.0 + dx / radius, dy / radius
    for k in range(corners):
        px, py = row[2 * k], row[2 * k + 1]
        if choice < 0.3:
            # An end goes, and takes the rest with it, the less the further away.
            share = k / (corners - 1) if which < 0.5 else 1.0 - k / (corners - 1)
            px, py = px + share * dx, py + share * dy
        elif choice < 0.5:
            if k == moved:
                px, py = px + dx, py + dy
        elif whole:
            px, py = px + dx, py + dy
        else:
            px, py = cx + ux * (px - cx) - uy * (py - cy), cy + uy * (px - cx) + ux * (py - cy)
        if k:
            length += math.sqrt((px - row[2 * k - 2]) ** 2 + (py - row[2 * k - 1]) ** 2)
        row[2 * k], row[2 * k + 1] = px, py
    if length > rough[0, 2]:
        factor = rough[0, 2] / length
        for k in range(corners):
            row[2 * k], row[2 * k + 1] = cx + factor * (row[2 * k] - cx), cy + factor * (row[2 * k + 1] - cy)


@jit
def blob(row, x, y, size, state):  # type: ignore[no-untyped-def]
    """A random closed path around (x, y), as large as ``size`` about, longer than wide."""
    pieces = len(row) // 6
    step, turn = 2.0 * math.pi / pieces, 2.0 * math.pi * draw(state)
    along, across = size, size * math.exp(-1.5 * draw(state))
    handle = 4.0 / 3.0 * math.tan(0.25 * step)
    cosine, sine = math.cos(turn), math.sin(turn)
    for piece in range(pieces):
        # A dent here, a bulge there; the handles go along with the end.
        swell, angle = 0.7 + 0.6 * draw(state), piece * step
        for k in range(3):
            # An end, the handle after it, and the one before the next end, which swells as this one does.
            turned = angle if k < 2 else angle + step
            reach = 0.0 if k == 0 else handle if k == 1 else -handle
            s = swell * along * (math.cos(turned) - reach * math.sin(turned))
            t = swell * across * (math.sin(turned) + reach * math.cos(turned))
            row[6 * piece + 2 * k] = x + cosine * s - sine * t
            row[6 * piece + 2 * k + 1] = y + sine * s + cosine * t


@jit
def knead(row, choice, which, dx, dy):  # type: ignore[no-untyped-def]
    """Makes a path its neighbour: one end moved with its handles, or one handle, or all of it moved, turned, resized."""
    count = len(row) // 2
    moved = int64(which * count)
    if choice < 0.4:
        moved -= moved % 3
        for k in range(moved - 1, moved + 2):
            at = 2 * (k % count)
            row[at], row[at + 1] = row[at] + dx, row[at + 1] + dy
        return
    if choice < 0.75:
        row[2 * moved], row[2 * moved + 1] = row[2 * moved] + dx, row[2 * moved + 1] + dy
        return
    cx, cy, radius = 0.0, 0.0, 1.0
    for k in range(count):
        cx, cy = cx + row[2 * k] / count, cy + row[2 * k + 1] / count
    for k in range(count):
        radius = max(radius, abs(row[2 * k] - cx) + abs(row[2 * k + 1] - cy))
    ux, uy = 1.0 + dx / radius, dy / radius
    for k in range(count):
        px, py = row[2 * k], row[2 * k + 1]
        if choice < 0.87:
            px, py = px + dx, py + dy
        else:
            px, py = cx + ux * (px - cx) - uy * (py - cy), cy + uy * (px - cx) + ux * (py - cy)
        row[2 * k], row[2 * k + 1] = px, py


@jit
def take(into, row):  # type: ignore[no-untyped-def]
    """Copies a shape. Numba's own assignment of arrays takes a second to compile, for its error messages."""
    for k in range(len(row)):
        into[k] = row[k]


@jit
def climb(kind, row, scene, window, limits, reach, patience, heat, state, trial, sums, brush):  # type: ignore[no-untyped-def]
    """Hill climbing on the scores of the table, until ``patience`` neighbours in a row were no better. Returns the change.

    With ``heat`` it is a walk of ``patience`` neighbours instead: a worse one is taken too, by Metropolis' rule.
    """
    form = (scene.corners, scene.least, scene.most, scene.line, scene.rough)
    points, convex = seen(kind, trial, scene.corners, scene.points), is_convex(kind, scene.corners)
    count, cover = 3 if kind < POLYGON else scene.corners, 1.0
    best = math.inf
    failed = 0
    take(trial, row)
    while True:
        if kind > POLYGON:
            count, cover = sketched(kind, trial, form, limits, points)
        # These calls stand here, and once, so that they are inlined: handing over so many arrays costs as much as what is done.
        if convex and count:
            gather(points, count, scene.table, window, scene.ends, sums)
        elif count:
            gather_any(points, count, scene.table, window, scene.ends, scene.turns, scene.crossings, sums)
        change = settle(sums, cover * scene.low, cover * scene.high, scene.palette, brush) if count else math.inf
        failed += 1
        if change < (best - heat * math.log(1.0 - draw(state)) if heat > 0.0 else best):
            best = change
            take(row, trial)
            failed = failed if heat > 0.0 else 0
        if failed >= patience:
            return best
        nudge(kind, row, trial, form, limits, reach, state)


@jit
def find(found, scene, window, limits, reach, tries, climbers, patience, state, trial, sums, brush):  # type: ignore[no-untyped-def]
    """A new shape: of each of ``climbers`` lots of ``tries`` sketches the best climbs, and the best of those is ``found``.

    Returns its kind.
    """
    form = (scene.corners, scene.least, scene.most, scene.line, scene.rough)
    row = found.copy()
    best, kind = math.inf, scene.offered[0]
    for climber in range(climbers):
        start = math.inf
        trying = scene.offered[climber % len(scene.offered)]
        points, convex = seen(trying, trial, scene.corners, scene.points), is_convex(trying, scene.corners)
        count, cover = 3 if trying < POLYGON else scene.corners, 1.0
        for _ in range(tries):
            sketch(trying, trial, form, scene.table, window, reach, state)
            if trying > POLYGON:
                count, cover = sketched(trying, trial, form, limits, points)
            if convex and count:
                gather(points, count, scene.table, window, scene.ends, sums)
            elif count:
                gather_any(points, count, scene.table, window, scene.ends, scene.turns, scene.crossings, sums)
            change = settle(sums, cover * scene.low, cover * scene.high, scene.palette, brush) if count else math.inf
            if change < start:
                start = change
                take(row, trial)
        if start == math.inf:
            continue
        take(trial, row)  # the numbers that its kind does not use come along
        change = climb(trying, row, scene, window, limits, 0.25 * reach, patience, 0.0, state, trial, sums, brush)
        if change < best:
            best, kind = change, trying
            take(found, row)
    if kind != POLYGON and best < math.inf and offers(scene, POLYGON):
        take(row, found)
        as_polygon(kind, row, scene)
        change = climb(POLYGON, row, scene, window, limits, 0.25 * reach, patience, 0.0, state, trial, sums, brush)
        if change < WORTH * best:
            kind = POLYGON
            take(found, row)
    return kind


@jit
def offers(scene, kind):  # type: ignore[no-untyped-def]
    """Whether a new shape may be of this kind."""
    for offered in scene.offered:  # noqa: SIM110 (numba has no generators)
        if offered == kind:
            return True
    return False


@jit
def as_polygon(kind, row, scene):  # type: ignore[no-untyped-def]
    """Gives a shape the corners of a polygon like it: points of its outline, as far apart as can be."""
    count = outline(kind, row, scene.corners, scene.least, scene.most, scene.line, scene.style, scene.points)
    at = len(row) - 2 * scene.corners
    for k in range(scene.corners):
        # Where there are fewer points than corners, the rest lie between them.
        where = k * count / scene.corners
        i = int64(where)
        part, j = where - i, (i + 1) % count
        for axis in range(2):
            row[at + 2 * k + axis] = (1.0 - part) * scene.points[i, axis] + part * scene.points[j, axis]


@jit
def trace(scene, count, brush, opacity, canvas):  # type: ignore[no-untyped-def]
    """Paints the outline of ``count`` pixels on ``canvas (H, W, 4)`` by its exact coverage, and leaves the coverage in the spans.

    Returns how many spans there are.
    """
    points, height, width = scene.pixels, canvas.shape[0], canvas.shape[1]
    rings = max(len(scene.style) - 1, 1)
    contours, marks = np.arange(rings + 1).astype(np.int32) * np.int32(count // rings), np.array([0, rings], np.int32)
    colours, opacities = np.zeros((1, 3), np.float32), np.full(1, opacity, np.float32)
    boxes, paints = scene.boxes, scene.paints
    prepare_marks(
        points, colours, opacities, contours, marks, int64(0), int64(1), height, width, f32(OPACITY_CAP), scene.edges, boxes, paints
    )
    for channel in range(3):
        paints[0, channel] = f32(brush[channel])
    paints[0, 3] = f32(0.5)
    begin, end = boxes[0, 0], boxes[0, 1]
    if begin >= end:
        return 0
    # An address keeps nothing alive: the scene does.
    span, _ = paint(
        address(scene.edges), boxes[0], paints[0], begin, end, int64(0), width, address(canvas), address(scene.cells),
        address(scene.touched), (width >> 6) + 1, address(scene.spans), int64(0), address(scene.pieces), int64(0),
    )  # fmt: skip
    return span


@jit
def part_of(spans, part):  # type: ignore[no-untyped-def]
    """First pixel, length and coverage of a part of the tape. A span is two parts: the second is the second of two pixels
    that came at once, and of any other span it has no length."""
    record, within = address(spans) + (part >> 1) * RECORD, part & 1
    pixel, count = int64(load_int(record)), int64(load_int(record + 4))
    length = 1 if count < 0 else 0 if within else max(count, 1)
    return pixel + within, length, min(abs(load_float(record + 8 + 4 * within)), f32(1.0))


@jit
def weigh(scene, count, sums):  # type: ignore[no-untyped-def]
    """The coefficients of what ``count`` spans cover, by their exact coverage."""
    width = scene.through.shape[1]
    exact = np.zeros(COEFFICIENTS)
    for part in range(2 * count):
        pixel, length, c = part_of(scene.spans, part)
        if length == 0:
            continue
        i, j = pixel // width, pixel % width
        a, b = scene.table[i, j], scene.table[i, j + length]
        for k in range(4):
            exact[k] += float64(b[k] - a[k]) * c
        for k in range(4, 9):
            exact[k] += float64(b[k] - a[k]) * (c * c)
    for k in range(9):
        sums[k] = f32(exact[k])


@jit
def lay(scene, count, brush, away):  # type: ignore[no-untyped-def]
    """Puts a mark under all that lies above already, or takes the lowest of those ``away`` again."""
    width = scene.through.shape[1]
    for part in range(2 * count):
        pixel, length, c = part_of(scene.spans, part)
        i, j = pixel // width, pixel % width
        q = f32(brush[3]) * c
        before = f32(1.0) / (f32(1.0) - q) if away else f32(1.0)
        after = f32(1.0) if away else f32(1.0) - q
        share = -q if away else q
        for k in range(j, j + length):
            through = scene.through[i, k] * before
            t = through * share
            for channel in range(3):
                scene.above[i, k, channel] += t * f32(brush[channel])
            scene.above[i, k, 3] += t * f32(0.5)
            scene.through[i, k] = through * after


@jit
def load(scene, mark, row, brush):  # type: ignore[no-untyped-def]
    """A mark in pixels, its outline as the renderer has it, and its paint. Returns how many points the outline has."""
    for k in range(len(row)):
        row[k] = float64(scene.shapes[mark, k] * scene.units[k])
    for channel in range(3):
        brush[channel] = float64(scene.colours[mark, channel]) - 0.5
    brush[3] = min(float64(scene.opacities[mark]), OPACITY_CAP)
    return outline(scene.kinds[mark], row, scene.corners, scene.least, scene.most, scene.line, scene.style, scene.pixels)


@jit
def compose(scene, mark):  # type: ignore[no-untyped-def]
    """What is below a mark and what is above it, from scratch; mark -1 is the background."""
    row, brush = np.empty(scene.shapes.shape[1]), np.empty(4)
    height, width = scene.through.shape
    for i in range(height):
        for j in range(width):
            for channel in range(4):
                scene.below[i, j, channel] = scene.background[channel]
                scene.above[i, j, channel] = f32(0.0)
            scene.through[i, j] = f32(1.0)
    for other in range(mark):
        count = load(scene, other, row, brush)
        trace(scene, count, brush, brush[3], scene.below)
    for other in range(len(scene.shapes) - 1, mark, -1):
        count = load(scene, other, row, brush)
        lay(scene, trace(scene, count, brush, 0.0, scene.spare), brush, False)


@jit
def advance(scene, mark):  # type: ignore[no-untyped-def]
    """From a mark to the next one."""
    row, brush = np.empty(scene.shapes.shape[1]), np.empty(4)
    count = load(scene, mark, row, brush)
    trace(scene, count, brush, brush[3], scene.below)
    if mark + 1 < len(scene.shapes):
        count = load(scene, mark + 1, row, brush)
        lay(scene, trace(scene, count, brush, 0.0, scene.spare), brush, True)


@jit
def surround(scene, count, window, limits):  # type: ignore[no-untyped-def]
    """Where a mark's outline may go (top, bottom, left, right) and the pixels there are; returns how far it may look."""
    height, width = scene.through.shape
    limits[0], limits[1], limits[2], limits[3] = math.inf, -math.inf, math.inf, -math.inf
    for k in range(count):
        x, y = float64(scene.pixels[k, 0]), float64(scene.pixels[k, 1])
        limits[0], limits[1] = min(limits[0], y), max(limits[1], y)
        limits[2], limits[3] = min(limits[2], x), max(limits[3], x)
    margin = MARGIN * max(limits[1] - limits[0], limits[3] - limits[2]) + LEAST_MARGIN
    for k in range(4):
        limits[k] += margin if k % 2 else -margin
        # The whole of the last pixel that a corner may reach: exact coverage asks for it.
        window[k] = int64(math.ceil(min(max(limits[k], 0.0), float64(height if k < 2 else width)) - (k + 1) % 2))
        window[k] = max(window[k], 0)
    return margin


@jit
def sweep(scene, first, last, fresh, tries, climbers, patience, heat, state):  # type: ignore[no-untyped-def]
    """Goes over marks [first, last) from below: where ``fresh (N,)`` they are placed anew, elsewhere fitted again in place.

    A mark is left as it is, given its best paint, or a new shape with that one's: what is best by exact coverage. With
    ``heat`` it takes the shape that its walk ended with, unless that is worse than no mark at all.
    Returns the squared error that was saved.
    """
    height, width = scene.through.shape
    numbers = scene.shapes.shape[1]
    row, trial, before_row = np.empty(numbers), np.empty(numbers), np.empty(numbers, np.float32)
    brush, paint_before = np.zeros(4), np.zeros(4)
    sums = np.zeros(COEFFICIENTS, np.float32)
    window, limits = np.zeros(4, np.int64), np.zeros(4)
    saved = 0.0
    compose(scene, first)
    for mark in range(first, last):
        count = load(scene, mark, row, paint_before)
        margin = surround(scene, count, window, limits)
        if fresh[mark]:
            window[0], window[1], window[2], window[3] = 0, height, 0, width
            limits[0], limits[1], limits[2], limits[3] = -BEYOND * height, (1.0 + BEYOND) * height, -BEYOND * width, (1.0 + BEYOND) * width
        if window[0] < window[1] and window[2] < window[3]:
            tabulate(scene, window)
            weigh(scene, trace(scene, count, paint_before, 0.0, scene.spare), sums)
            before = best = change_by(sums, paint_before)
            change = settle(sums, scene.low, scene.high, scene.palette, brush)
            if change < best:
                best = change
                keep(scene, mark, brush)
            kind = kind_before = scene.kinds[mark]
            take(trial, row)
            if fresh[mark]:
                kind = find(row, scene, window, limits, REACH * max(height, width), tries, climbers, patience, state, trial, sums, brush)
            else:
                climb(kind, row, scene, window, limits, margin, patience, heat, state, trial, sums, brush)
            # It is judged as the renderer will have it, in numbers of its precision.
            take(before_row, scene.shapes[mark])
            for k in range(numbers):
                scene.shapes[mark, k] = f32(row[k] / scene.units[k])
            scene.kinds[mark] = kind
            count = load(scene, mark, row, brush)
            weigh(scene, trace(scene, count, brush, 0.0, scene.spare), sums)
            change = settle(sums, scene.low, scene.high, scene.palette, brush)
            if change < (0.0 if heat > 0.0 and not fresh[mark] else best):
                best = change
                keep(scene, mark, brush)
            else:
                take(scene.shapes[mark], before_row)
                scene.kinds[mark] = kind_before
            saved += before - best
        if mark + 1 < last:
            advance(scene, mark)
    return saved


@jit
def keep(scene, mark, brush):  # type: ignore[no-untyped-def]
    for channel in range(3):
        scene.colours[mark, channel] = f32(min(max(brush[channel] + 0.5, 0.0), 1.0))
    scene.opacities[mark] = f32(brush[3])


@jit
def assess(scene, saved):  # type: ignore[no-untyped-def]
    """What the squared error would rise by, if a mark were taken away: ``saved (N,)``."""
    row, brush = np.empty(scene.shapes.shape[1]), np.empty(4)
    sums = np.zeros(COEFFICIENTS, np.float32)
    window, limits = np.zeros(4, np.int64), np.zeros(4)
    compose(scene, int64(0))
    for mark in range(len(saved)):
        count = load(scene, mark, row, brush)
        surround(scene, count, window, limits)
        saved[mark] = 0.0
        if window[0] < window[1] and window[2] < window[3]:
            tabulate(scene, window)
            weigh(scene, trace(scene, count, brush, 0.0, scene.spare), sums)
            saved[mark] = -change_by(sums, brush)
        advance(scene, mark)
