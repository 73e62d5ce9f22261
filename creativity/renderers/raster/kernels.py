"""The numba kernels: exact-area coverage of any outline, painted, compared, and undone for the gradient.

A picture is made in *bands* of a few rows, so that everything a mark does to its rows stays in the first caches: the
band is painted mark by mark, compared with the target, and walked back mark by mark, before the next band begins.

Painting one mark in one band:

1. `_cross`: every edge leaves, in each pixel that it crosses, its signed drop (*cover*) and the area to its right
   (*area*), and sets the pixel's bit. A pixel's winding area is its own area plus all cover to its left.
2. `_sweep`: each row is read back through its bits. Crossed pixels are blended one by one; between them the area is
   constant, and a run is blended two pixels an instruction, without looking at coverage at all.

In most rows of a large mark, though, two edges pass from top to bottom and nothing else does: `_plan` finds such rows, and
`_between` paints them straight from the edges, ramp, run, ramp, with neither cells nor bits. What costs there is not
arithmetic but guessing wrong at branches, so the ramp of a steep edge is two pixels whether it crosses one or both.

With a *tape*, all of them also write down what they did: pieces (pixel, edge, share of the edge in that pixel) and spans
(pixel, length, area). `_undo` replays it backwards: it recovers what lay below, passes the gradient through, and
finds, in each crossed pixel, what a little more area would do to the loss, h. An edge that moves sweeps area where it
is and nowhere else, so its end points feel the integral of h along it, weighted by their nearness::

    dL/d(x0, y0) += (-ey, ex) sum_pieces h (share - far),    dL/d(x1, y1) += (-ey, ex) sum_pieces h far

with (ex, ey) the edge and ``far`` the integral over the piece of the way gone from the first end to the second.

A mark that a gradient fills goes the same way, invisible and always on tape. Then `_shade` colours the spans of the tape, two
pixels at a time, and `_unshade` takes them back. A gradient's colour is its first stop's plus a *step* to each next one, gone
as far as the pixel is between the two: a sum without branches, however many stops there are.

Geometry is float64 (registers are free, and a vertex at 1e6 stays sane), coverage and colour float32. No function uses
fastmath's promise that there are no NaN: the checks for them are needed.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numba import float32 as f32
from numba import float64, int64, uint64

from creativity.renderers.raster import FAR, FLAT, RADIAL, SHORTEST
from creativity.renderers.raster.simd import (
    alone,
    alphas,
    beside,
    first,
    folded,
    lanes,
    load4,
    load8,
    load_bits,
    load_double,
    load_float,
    load_int,
    lowest_bit,
    other,
    root,
    single,
    store4,
    store8,
    store_bits,
    store_double,
    store_float,
    store_int,
    sums,
    twice,
    unit,
    with_alphas,
    within,
)

DRAW, COMPARE, COMPARE_GRADIENTS, PULL_BACK = 0, 1, 2, 3
"""What `work` is asked to do with each band."""

PIXEL, CELL, EDGE, RECORD, STEP = 16, 8, 64, 16, 64
"""Sizes in bytes: of a pixel, of a pixel's cover and area, of an edge, of a record on the tape, of a gradient's step."""

TALL = 4
"""With this many rows an edge, looking for rows that two edges alone cross costs less than it gains."""

NOTHING = np.float32(1e-5)
"""A winding area below this is what rounding leaves behind a mark's right side."""

FULL = np.float32(1.0 + 1e-6)
"""Above this area a pixel is covered already and more changes nothing. An edge along a pixel's side gives 1 exactly, up
to rounding, and must still be felt: shapes are often started on whole pixels."""

TRACE = np.float32(1e-30)
"""An edge along a pixel's side leaves an area of 0 up to rounding, and no sign. Its gradient needs one, so the tape says
this much of the winding beside the pixel instead, or of the mark's where there is none beside it."""

jit = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})


@jit
def address(array):  # type: ignore[no-untyped-def]
    """Where an array's numbers begin. Signed: numba turns sums of signed and unsigned integers into floats."""
    return int64(array.ctypes.data)


@jit
def prepare_marks(points, colours, opacities, contours, marks, first_mark, last_mark, height, width, cap, edges, boxes, paints):  # type: ignore[no-untyped-def]
    """Edges, boxes and paints of the marks of one image.

    An edge is eight float64, top end first: x0, y0, x1, y1, dx/dy, 1/dy, 1/|dx| and its direction, +1 where the
    contour goes down. A box is the rows and columns that a mark can touch, its edges, and a bound on its pieces.
    """
    origin = contours[marks[first_mark]]
    for mark in range(first_mark, last_mark):
        box = boxes[mark - first_mark]
        paint = paints[mark - first_mark]
        sane = math.isfinite(opacities[mark])
        for channel in range(3):
            sane &= math.isfinite(colours[mark, channel])
            paint[channel] = min(max(colours[mark, channel], f32(0.0)), f32(1.0))
        paint[3] = f32(1.0)
        paint[4] = min(max(opacities[mark], f32(0.0)), cap)
        begin, end = contours[marks[mark]], contours[marks[mark + 1]]
        for point in range(begin, end):
            sane &= math.isfinite(points[point, 0]) & math.isfinite(points[point, 1])
        top, bottom, left, right = math.inf, -math.inf, math.inf, -math.inf
        reach = 0
        turn = 0.0
        for contour in range(marks[mark], marks[mark + 1]):
            start, stop = contours[contour], contours[contour + 1]
            for point in range(start, stop):
                edge = edges[point - origin]
                after = point + 1 if point + 1 < stop else start
                x0, y0 = float64(points[point, 0]), float64(points[point, 1])
                x1, y1 = float64(points[after, 0]), float64(points[after, 1])
                if not sane or stop - start < 3:
                    edge[1], edge[3] = math.inf, -math.inf
                    continue
                top, bottom = min(top, y0), max(bottom, y0)
                left, right = min(left, x0), max(right, x0)
                turn += y0 * x1 - x0 * y1
                edge[7] = 1.0
                if y0 > y1:
                    x0, y0, x1, y1 = x1, y1, x0, y0
                    edge[7] = -1.0
                edge[0], edge[1], edge[2], edge[3] = x0, y0, x1, y1
                edge[4] = (x1 - x0) / (y1 - y0) if y1 > y0 else 0.0
                edge[5] = 1.0 / (y1 - y0) if y1 > y0 else 0.0
                edge[6] = 1.0 / abs(x1 - x0) if x0 != x1 else 0.0
                rows = min(max(y1, 0.0), float64(height)) - min(max(y0, 0.0), float64(height))
                columns = abs(min(max(x1, 0.0), float64(width)) - min(max(x0, 0.0), float64(width)))
                reach += 2 * int64(rows) + int64(columns) + 4
        paint[5] = TRACE if turn >= 0.0 else -TRACE
        box[0] = int64(min(max(top, 0.0), float64(height)))
        # A level edge at the very bottom still belongs to the row below it.
        box[1] = min(int64(min(max(bottom, 0.0), float64(height))) + 1, height)
        box[2] = int64(min(max(left, 0.0), float64(width - 1))) >> 6
        box[3] = (int64(min(max(right, 0.0), float64(width - 1))) >> 6) + 1
        if not left < width:
            box[1] = box[0]
        box[4], box[5], box[6] = begin - origin, end - origin, reach


@jit
def _write_piece(tape, taped, pixel, edge, share, far):  # type: ignore[no-untyped-def]
    record = tape + taped * RECORD
    store_int(record, np.int32(pixel))
    store_int(record + 4, np.int32(edge))
    store_float(record + 8, f32(share))
    store_float(record + 12, f32(far))


@jit
def _cross(edge, first_row, last_row, top, width, cells, touched, words, index, tape, taped):  # type: ignore[no-untyped-def]
    """Leaves one edge in the cells of rows [first_row, last_row) of the band that begins at ``top``.

    With a tape (not 0), returns its new count of pieces.
    """
    y0, y1 = load_double(edge + 8), load_double(edge + 24)
    if not (y0 < last_row and y1 >= first_row):
        return taped
    x0, x1, slope = load_double(edge), load_double(edge + 16), load_double(edge + 32)
    inverse, along, direction = load_double(edge + 40), load_double(edge + 48), load_double(edge + 56)
    level = y0 == y1
    ya = max(y0, float64(first_row))
    xa = x0 + (ya - y0) * slope
    row = int64(ya)
    last = row + 1 if level else int64(math.ceil(min(y1, float64(last_row))))
    while row < last:
        yb = min(y1, row + 1.0)
        xb = x1 if yb == y1 else x0 + (yb - y0) * slope
        drop = f32((yb - ya) * direction)
        left, right = min(xa, xb), max(xa, xb)
        pixel = (row - top) * width
        bits = touched + (row - top) * words * 8
        if left >= 0.0 and right <= int64(left) + 1 and left < width:
            # The usual case, and the only one for steep edges: one pixel takes the whole drop.
            column = int64(left)
            cell = cells + (pixel + column) * CELL
            store_float(cell, load_float(cell) + drop)
            rest = f32(column + 1 - 0.5 * (left + right))
            store_float(cell + 4, load_float(cell + 4) + drop * rest)
            word = bits + (column >> 6) * 8
            store_bits(word, load_bits(word) | (uint64(1) << uint64(column & 63)))
            if tape:
                share = 1.0 if level else (yb - ya) * inverse
                middle = 0.5 if level else (0.5 * (ya + yb) - y0) * inverse
                _write_piece(tape, taped, pixel + column, index, share, share * middle)
                taped += 1
        elif left < width:
            # Shares of this row, not of a slope: an edge may be upright but for rounding, and its slope any number.
            narrow = 1.0 / (right - left)
            row_share = 1.0 if level else (yb - ya) * inverse
            if left < 0.0:
                # What is left of the picture is, to every pixel in it, an edge straight down its left side.
                outside = drop if right <= 0.0 else drop * f32(-left * narrow)
                cell = cells + pixel * CELL
                store_float(cell, load_float(cell) + outside)
                store_float(cell + 4, load_float(cell + 4) + outside)
                store_bits(bits, load_bits(bits) | uint64(1))
                left = 0.0
            right = min(right, float64(width))
            column = int64(left)
            while column < right:
                a, b = max(left, float64(column)), min(right, column + 1.0)
                part = drop * f32((b - a) * narrow)
                cell = cells + (pixel + column) * CELL
                store_float(cell, load_float(cell) + part)
                store_float(cell + 4, load_float(cell + 4) + part * f32(column + 1 - 0.5 * (a + b)))
                word = bits + (column >> 6) * 8
                store_bits(word, load_bits(word) | (uint64(1) << uint64(column & 63)))
                if tape:
                    share = row_share * ((b - a) * narrow)
                    middle = min(abs(0.5 * (a + b) - x0) * along, 1.0)
                    _write_piece(tape, taped, pixel + column, index, share, share * middle)
                    taped += 1
                column += 1
        ya, xa = yb, xb
        row += 1
    return taped


@jit
def _blend_run(pixel, count, colour, q):  # type: ignore[no-untyped-def]
    """``count`` pixels become ``pixel (1 - q) + colour q``."""
    if q == f32(0.0):
        return
    keep = f32(1.0) - q
    paint = colour * q
    paint2 = twice(paint)
    end = pixel + count * PIXEL
    if count >= 8:
        # The last eight are made first and stored last, over some that were stored already: no remainder to branch on.
        tail = end - 8 * PIXEL
        a, b = load8(tail) * keep + paint2, load8(tail + 2 * PIXEL) * keep + paint2
        c, d = load8(tail + 4 * PIXEL) * keep + paint2, load8(tail + 6 * PIXEL) * keep + paint2
        while pixel < tail:
            store8(pixel, load8(pixel) * keep + paint2)
            store8(pixel + 2 * PIXEL, load8(pixel + 2 * PIXEL) * keep + paint2)
            store8(pixel + 4 * PIXEL, load8(pixel + 4 * PIXEL) * keep + paint2)
            store8(pixel + 6 * PIXEL, load8(pixel + 6 * PIXEL) * keep + paint2)
            pixel += 8 * PIXEL
        store8(tail, a)
        store8(tail + 2 * PIXEL, b)
        store8(tail + 4 * PIXEL, c)
        store8(tail + 6 * PIXEL, d)
        return
    while pixel + 2 * PIXEL <= end:
        store8(pixel, load8(pixel) * keep + paint2)
        pixel += 2 * PIXEL
    if pixel < end:
        store4(pixel, load4(pixel) * keep + paint)


@jit
def _write_span(tape, taped, pixel, count, area):  # type: ignore[no-untyped-def]
    record = tape + taped * RECORD
    store_int(record, np.int32(pixel))
    store_int(record + 4, np.int32(count))
    store_float(record + 8, area)


@jit
def _sweep(  # type: ignore[no-untyped-def]
    canvas, width, cells, touched, words, first_row, last_row, first_word, last_word, colour, opacity, trace, tape, taped
):  # fmt: skip
    """Paints rows [first_row, last_row) of one mark in the band, and empties its cells.

    A span of length 0 on the tape is a crossed pixel, of length -1 two that came at once, any other a run. Returns the
    new count of spans.
    """
    for row in range(first_row, last_row):
        start = row * width
        here, row_cells, bits = canvas + start * PIXEL, cells + start * CELL, touched + row * words * 8
        cover = f32(0.0)
        done = 0
        for word in range(first_word, last_word):
            pending = load_bits(bits + word * 8)
            if pending == uint64(0):
                continue
            store_bits(bits + word * 8, uint64(0))
            while pending != uint64(0):
                column = word * 64 + lowest_bit(pending)
                pending &= pending - uint64(1)
                if column > done and abs(cover) > NOTHING:
                    _blend_run(here + done * PIXEL, column - done, colour, opacity * min(abs(cover), f32(1.0)))
                    if tape:
                        _write_span(tape, taped, start + done, column - done, cover)
                        taped += 1
                cell = row_cells + column * CELL
                area = cover + load_float(cell + 4)
                around = cover
                cover += load_float(cell)
                around += cover
                store_bits(cell, uint64(0))
                at = here + column * PIXEL
                below = load4(at)
                store4(at, below + (colour - below) * (opacity * min(abs(area), f32(1.0))))
                if tape:
                    if abs(area) < f32(2e-7):
                        area = TRACE * around if abs(around) > NOTHING else trace
                    _write_span(tape, taped, start + column, 0, area)
                    taped += 1
                done = column + 1
        if width > done and abs(cover) > NOTHING:
            _blend_run(here + done * PIXEL, width - done, colour, opacity * min(abs(cover), f32(1.0)))
            if tape:
                _write_span(tape, taped, start + done, width - done, cover)
                taped += 1
    return taped


@jit
def _blend_ramp(  # type: ignore[no-untyped-def]
    edge, index, lo, hi, row, start, falling, winding, canvas, colour, opacity, spans, span, pieces, piece
):  # fmt: skip
    """Paints the pixels that one edge crosses in a row, alone and from top to bottom, between columns lo and hi.

    To the right of them the mark covers all, or nothing if ``falling``. On the tape they are a span and a piece each,
    or one span and two pieces for a steep edge. Returns the first column right of them.
    """
    column = int64(lo)
    x0, y0 = load_double(edge), load_double(edge + 8)
    share, along = load_double(edge + 40), load_double(edge + 48)
    drop = (load_double(edge + 24) - y0) * along
    if abs(load_double(edge + 32)) <= 1.0:
        # A steep edge crosses one pixel or two, which of both is a coin's toss: two are painted, without asking.
        over = max(hi - (column + 1), 0.0)
        beyond = f32(min(over * over * (0.5 * drop), 0.5 * over))
        near, far = f32(column + 1 - 0.5 * (lo + hi)) + beyond, f32(1.0) - beyond
        if falling:
            near, far = f32(1.0) - near, beyond
        at = canvas + (start + column) * PIXEL
        below2 = load8(at)
        store8(at, below2 + (twice(colour) - below2) * (beside(near, far) * opacity))
        if spans:
            _write_span(spans, span, start + column, -1, max(near, TRACE) * winding)
            store_float(spans + span * RECORD + 12, max(far, TRACE) * winding)
            beyond_share = min(over * along, share)
            reached = beyond_share * min(abs(hi - 0.5 * over - x0) * along, 1.0)
            _write_piece(pieces, piece, start + column, index, share - beyond_share, share * ((row + 0.5 - y0) * share) - reached)
            _write_piece(pieces, piece + 1, start + column + 1, index, beyond_share, reached)
        return column + 2
    cover = f32(0.0)
    while column < hi:
        a, b = max(lo, float64(column)), min(hi, column + 1.0)
        part = f32((b - a) * drop)
        area = min(cover + part * f32(column + 1 - 0.5 * (a + b)), f32(1.0))
        cover += part
        if falling:
            area = f32(1.0) - area
        at = canvas + (start + column) * PIXEL
        below = load4(at)
        store4(at, below + (colour - below) * (opacity * area))
        if spans:
            _write_span(spans, span, start + column, 0, max(area, TRACE) * winding)
            part_share = (b - a) * along
            _write_piece(pieces, piece, start + column, index, part_share, part_share * (abs(0.5 * (a + b) - x0) * along))
            span += 1
            piece += 1
        column += 1
    return column


@jit
def _between(  # type: ignore[no-untyped-def]
    edges, left, right, row, stop, top, width, canvas, colour, opacity, spans, span, pieces, piece
):  # fmt: skip
    """Paints rows from ``row`` to ``stop`` of a mark that two edges alone cross, each from top to bottom.

    Needs no cells: what lies between the edges is covered whole. Returns the row where it stopped, too early if the
    edges come close or one of them crosses a side of the picture, and the new counts of spans and pieces.
    """
    a, b = edges + left * EDGE, edges + right * EDGE
    slope_a, slope_b = load_double(a + 32), load_double(b + 32)
    xa, xb = load_double(a) + (row - load_double(a + 8)) * slope_a, load_double(b) + (row - load_double(b + 8)) * slope_b
    if xa + 0.5 * slope_a > xb + 0.5 * slope_b:
        a, b, xa, xb, slope_a, slope_b, left, right = b, a, xb, xa, slope_b, slope_a, right, left
    winding = f32(load_double(a + 56))
    steep_a, steep_b = abs(slope_a) <= 1.0, abs(slope_b) <= 1.0
    while row < stop:
        below_a = load_double(a) + (row + 1 - load_double(a + 8)) * slope_a
        below_b = load_double(b) + (row + 1 - load_double(b + 8)) * slope_b
        lo_a, hi_a, lo_b, hi_b = min(xa, below_a), max(xa, below_a), min(xb, below_b), max(xb, below_b)
        enters, leaves = lo_a >= 0.0, hi_b + 2.0 <= width
        apart = max(hi_a, 0.0) + 2.0 <= min(lo_b, float64(width))
        if not (apart and (enters or hi_a <= 0.0) and (leaves or lo_b >= width)):
            break
        xa, xb = below_a, below_b
        start = (row - top) * width
        done = int64(0)
        if enters:
            done = _blend_ramp(
                a, left, lo_a, hi_a, row, start, False, winding, canvas, colour, opacity, spans, span, pieces, piece
            )  # fmt: skip
            if spans:
                piece += done - int64(lo_a)
                span += 1 if steep_a else done - int64(lo_a)
        until = int64(lo_b) if leaves else width
        if until > done:
            _blend_run(canvas + (start + done) * PIXEL, until - done, colour, opacity)
            if spans:
                _write_span(spans, span, start + done, until - done, winding)
                span += 1
        if leaves:
            done = _blend_ramp(
                b, right, lo_b, hi_b, row, start, True, winding, canvas, colour, opacity, spans, span, pieces, piece
            )  # fmt: skip
            if spans:
                piece += done - until
                span += 1 if steep_b else done - until
        row += 1
    return row, span, piece


@jit
def _plan(edges, first_edge, last_edge, row, end):  # type: ignore[no-untyped-def]
    """Which two edges alone cross the rows from ``row``, from top to bottom, or -1; and until which row."""
    a = b = -1
    count = 0
    until = float64(end)
    for edge in range(first_edge, last_edge):
        y0, y1 = load_double(edges + edge * EDGE + 8), load_double(edges + edge * EDGE + 24)
        if y0 >= row + 1:
            until = min(until, y0)
        elif y0 <= row and y1 >= row + 1:
            a, b = edge, a
            count += 1
            until = min(until, y1)
        elif y1 > row or (y0 == y1 and y0 >= row):
            return -1, -1, row + 1
    if count != 2:
        a = b = -1
    return a, b, int64(until)


@jit
def paint(  # type: ignore[no-untyped-def]
    edges, box, brush, begin, end, top, width, canvas, cells, touched, words, spans, span, pieces, piece
):  # fmt: skip
    """Paints rows [begin, end) of one mark in the band that begins at ``top``; with tapes (not 0), writes down what it did.

    ``box`` and ``brush`` are the mark's rows of boxes and paints. Returns the new counts of spans and pieces.
    """
    colour = lanes(brush[0], brush[1], brush[2], brush[3])
    opacity, trace = brush[4], brush[5]
    first_edge, last_edge = box[4], box[5]
    tall = end - begin >= TALL * (last_edge - first_edge)
    row = begin
    while row < end:
        until = end
        if tall:
            left, right, until = _plan(edges, first_edge, last_edge, row, end)
            if left >= 0:
                row, span, piece = _between(
                    edges, left, right, row, until, top, width, canvas, colour, opacity, spans, span, pieces, piece
                )  # fmt: skip
                if row == until:
                    continue
                until = row + 1
        for edge in range(first_edge, last_edge):
            piece = _cross(edges + edge * EDGE, row, until, top, width, cells, touched, words, edge, pieces, piece)
        span = _sweep(
            canvas, width, cells, touched, words, row - top, until - top, box[2], box[3], colour, opacity, trace, spans, span
        )  # fmt: skip
        row = until
    return span, piece


@jit
def _undo(spans, span, last_span, canvas, upstream, slopes, colour, opacity, sums_at):  # type: ignore[no-untyped-def]
    """Takes one mark off a band again, in the picture and in its gradient; adds to the mark's sums.

    ``slopes`` is a row of floats per pixel that receives h, the loss by the winding area, where an edge crosses.
    """
    by_colour = lanes(f32(0.0), f32(0.0), f32(0.0), f32(0.0))
    by_opacity = by_colour
    ones2 = beside(f32(1.0), f32(1.0))
    while span < last_span:
        record = spans + span * RECORD
        pixel, count, area = int64(load_int(record)), int64(load_int(record + 4)), load_float(record + 8)
        span += 1
        if count < 0:
            # As below, for two pixels at once.
            area_2 = load_float(record + 12)
            coverage2 = beside(min(abs(area), f32(1.0)), min(abs(area_2), f32(1.0)))
            q2 = coverage2 * opacity
            keep2 = ones2 - q2
            at, up = canvas + pixel * PIXEL, upstream + pixel * PIXEL
            colour2, gradient2 = twice(colour), load8(up)
            below2 = unit((load8(at) - colour2 * q2) / keep2)
            store8(at, below2)
            store8(up, gradient2 * keep2)
            gain2 = (colour2 - below2) * gradient2
            by_colour += folded(gradient2 * q2)
            by_opacity += folded(gain2 * coverage2)
            slope2 = sums(gain2) * opacity
            slope, slope_2 = first(slope2), other(slope2)
            store_float(slopes + pixel * 4, slope if area >= f32(0.0) else -slope)
            store_float(slopes + pixel * 4 + 4, slope_2 if area_2 >= f32(0.0) else -slope_2)
            continue
        coverage = min(abs(area), f32(1.0))
        q = opacity * coverage
        keep = f32(1.0) - q
        inverse = f32(1.0) / keep
        at, up = canvas + pixel * PIXEL, upstream + pixel * PIXEL
        if count == 0:
            gradient = load4(up)
            below = unit((load4(at) - colour * q) * inverse)
            store4(at, below)
            store4(up, gradient * keep)
            gain = (colour - below) * gradient
            by_colour += gradient * q
            by_opacity += gain * coverage
            slope = first(sums(gain)) * opacity
            if abs(area) > FULL:
                slope = f32(0.0)
            store_float(slopes + pixel * 4, slope if area >= f32(0.0) else -slope)
            continue
        shift = colour * (-q * inverse)
        shift2 = twice(shift)
        gradients = belows = twice(lanes(f32(0.0), f32(0.0), f32(0.0), f32(0.0)))
        end = at + count * PIXEL
        while at + 2 * PIXEL <= end:
            pair = load8(up)
            below2 = unit(load8(at) * inverse + shift2)
            store8(at, below2)
            store8(up, pair * keep)
            gradients += pair
            belows += pair * below2
            at += 2 * PIXEL
            up += 2 * PIXEL
        total, product = folded(gradients), folded(belows)
        if at < end:
            gradient = load4(up)
            below = unit(load4(at) * inverse + shift)
            store4(at, below)
            store4(up, gradient * keep)
            total += gradient
            product += gradient * below
        by_colour += total * q
        by_opacity += (colour * total - product) * coverage
    store4(sums_at, load4(sums_at) + by_colour)
    store_float(sums_at + 16, load_float(sums_at + 16) + first(sums(by_opacity)))


@jit
def _pull(pieces, piece, last_piece, slopes, edges_at):  # type: ignore[no-untyped-def]
    """Adds to the sums of edges what their pieces feel."""
    while piece < last_piece:
        record = pieces + piece * RECORD
        piece += 1
        slope = load_float(slopes + int64(load_int(record)) * 4)
        edge = edges_at + int64(load_int(record + 4)) * 16
        store_double(edge, load_double(edge) + float64(slope * load_float(record + 8)))
        store_double(edge + 8, load_double(edge + 8) + float64(slope * load_float(record + 12)))


@jit
def prepare_fills(kinds, frames, stops, places, shades, first_mark, last_mark, boxes, paints, fills, steps):  # type: ignore[no-untyped-def]
    """What fills the marks of one image; those of a gradient become invisible to `paint`.

    A fill is eight float64: the frame, the mark's opacity and its kind. A step, one for each stop, is sixteen float32: what
    it adds to the colour and opacity, for two pixels, where it begins, and the inverse of its length.
    """
    origin = stops[first_mark]
    for mark in range(first_mark, last_mark):
        fill = fills[mark - first_mark]
        fill[7] = kinds[mark]
        if kinds[mark] == FLAT:
            continue
        sane = True
        for entry in range(6):
            sane &= math.isfinite(frames[mark, entry])
            fill[entry] = min(max(float64(frames[mark, entry]), -FAR), FAR)
        begin = f32(0.0)
        for stop in range(stops[mark], stops[mark + 1]):
            step = steps[stop - origin]
            end = min(max(places[stop], begin), f32(1.0))
            sane &= math.isfinite(places[stop])
            for channel in range(4):
                sane &= math.isfinite(shades[stop, channel])
                step[channel] = _held(shades[stop, channel])
                if stop > stops[mark]:
                    step[channel] -= _held(shades[stop - 1, channel])
                step[channel + 4] = step[channel]
            step[8], step[9] = begin, f32(1.0) / (end - begin)
            if end - begin <= f32(SHORTEST):
                # The last of stops at one place holds there, and at 0 it holds all that comes before.
                step[8], step[9] = end - f32(1e-7) if end > f32(0.0) else -f32(4.0 * FAR), f32(1e30)
            begin = end
        if not sane:
            boxes[mark - first_mark, 1] = boxes[mark - first_mark, 0]
        fill[6], paints[mark - first_mark, 4] = paints[mark - first_mark, 4], f32(0.0)


@jit
def _gone(tau2, place, inverse):  # type: ignore[no-untyped-def]
    """How far two pixels are along a step, in [0, 1]."""
    return unit((tau2 - place) * inverse)


@jit
def _ramp(steps, last_step):  # type: ignore[no-untyped-def]
    """The first colour and the step from it, which are all of most gradients, to be kept in registers."""
    if steps + STEP < last_step:
        return load8(steps), load8(steps + STEP), load_float(steps + STEP + 32), load_float(steps + STEP + 36)
    return load8(steps), beside(f32(0.0), f32(0.0)), f32(0.0), f32(0.0)


@jit
def _mixed(tau2, base2, delta2, place, inverse, step, last_step):  # type: ignore[no-untyped-def]
    """Straight colours and opacities of two pixels; the further steps begin at ``step``."""
    mixed2 = base2 + delta2 * _gone(tau2, place, inverse)
    while step < last_step:
        mixed2 += load8(step) * _gone(tau2, load_float(step + 32), load_float(step + 36))
        step += STEP
    return mixed2


@jit
def _shade(spans, span, last_span, canvas, width, top, fill, steps, last_step):  # type: ignore[no-untyped-def]
    """Paints with its gradient one mark of which `paint` wrote down the spans, and nothing else."""
    ones2 = beside(f32(1.0), f32(1.0))
    base2, delta2, place, inverse = _ramp(steps, last_step)
    a, b = f32(fill[0]), f32(fill[1])
    opacity, radial = f32(fill[6]), fill[7] == RADIAL
    start, row = 0, top + 0.5
    while span < last_span:
        record = spans + span * RECORD
        pixel, count, area = int64(load_int(record)), int64(load_int(record + 4)), load_float(record + 8)
        q = min(abs(area), f32(1.0)) * opacity
        q2 = beside(q, q)
        if count < 0:
            q2 = beside(q, min(abs(load_float(record + 12)), f32(1.0)) * opacity)
        span += 1
        while pixel >= start + width:
            start += width
            row += 1.0
        column = pixel - start + 0.5
        u0, v0 = f32(fill[0] * column + fill[2] * row + fill[4]), f32(fill[1] * column + fill[3] * row + fill[5])
        ahead2 = beside(f32(0.0), f32(1.0))
        at = canvas + pixel * PIXEL
        end = at + (2 if count < 0 else max(count, 1)) * PIXEL
        while at < end:
            tau2 = ahead2 * a + u0
            if radial:
                v2 = ahead2 * b + v0
                tau2 = root(tau2 * tau2 + v2 * v2)
            mixed2 = _mixed(tau2, base2, delta2, place, inverse, steps + 2 * STEP, last_step)
            colour2, share2 = with_alphas(mixed2, ones2), alphas(mixed2) * q2
            if at + PIXEL < end:
                below2 = load8(at)
                store8(at, below2 + (colour2 - below2) * share2)
            else:
                below = load4(at)
                store4(at, below + (single(colour2) - below) * single(share2))
            ahead2 += ones2 + ones2
            at += 2 * PIXEL


@jit
def _unshade(  # type: ignore[no-untyped-def]
    spans, span, last_span, canvas, upstream, slopes, width, top, fill, steps, last_step, sums_at, by_steps, by_frame
):  # fmt: skip
    """`_undo` for a mark that a gradient fills; adds to the sums of its steps, eight float32 each, and of its frame."""
    nothing2 = beside(f32(0.0), f32(0.0))
    ones2 = beside(f32(1.0), f32(1.0))
    base2, delta2, place, inverse = _ramp(steps, last_step)
    by_opacity2 = by_base2 = by_delta2 = nothing2
    a, b = f32(fill[0]), f32(fill[1])
    opacity, radial = f32(fill[6]), fill[7] == RADIAL
    start, row = 0, top + 0.5
    while span < last_span:
        record = spans + span * RECORD
        pixel, count, area = int64(load_int(record)), int64(load_int(record + 4)), load_float(record + 8)
        area_2 = load_float(record + 12) if count < 0 else area
        coverage2 = beside(min(abs(area), f32(1.0)), min(abs(area_2), f32(1.0)))
        weight2 = coverage2 * opacity
        span += 1
        while pixel >= start + width:
            start += width
            row += 1.0
        column = pixel - start + 0.5
        u0, v0 = f32(fill[0] * column + fill[2] * row + fill[4]), f32(fill[1] * column + fill[3] * row + fill[5])
        ahead2 = beside(f32(0.0), f32(1.0))
        at, up = canvas + pixel * PIXEL, upstream + pixel * PIXEL
        end = at + (2 if count < 0 else max(count, 1)) * PIXEL
        slope2 = by_u2 = by_v2 = by_u_ahead2 = by_v_ahead2 = nothing2
        while at < end:
            pair = at + PIXEL < end
            if pair:
                over2, gradient2 = load8(at), load8(up)
            else:
                over2, gradient2 = alone(load4(at)), alone(load4(up))
            u2 = tau2 = ahead2 * a + u0
            v2 = ahead2 * b + v0
            if radial:
                tau2 = root(u2 * u2 + v2 * v2)
            mixed2 = _mixed(tau2, base2, delta2, place, inverse, steps + 2 * STEP, last_step)
            colour2, share2 = with_alphas(mixed2, ones2), alphas(mixed2)
            q2 = weight2 * share2
            keep2 = ones2 - q2
            below2 = unit((over2 - colour2 * q2) / keep2)
            if pair:
                store8(at, below2)
                store8(up, gradient2 * keep2)
            else:
                store4(at, single(below2))
                store4(up, single(gradient2 * keep2))
            gain2 = sums((colour2 - below2) * gradient2)
            shown2 = gain2 * share2
            by_opacity2 += shown2 * coverage2
            slope2 = shown2 * opacity
            by_mixed2 = with_alphas(gradient2 * q2, gain2 * weight2)
            gone2 = _gone(tau2, place, inverse)
            by_base2 += by_mixed2
            by_delta2 += by_mixed2 * gone2
            by_tau2 = sums(by_mixed2 * delta2) * (within(gone2) * inverse)
            step, sum_at = steps + 2 * STEP, by_steps + 4 * PIXEL
            while step < last_step:
                gone2 = _gone(tau2, load_float(step + 32), load_float(step + 36))
                store8(sum_at, load8(sum_at) + by_mixed2 * gone2)
                by_tau2 += sums(by_mixed2 * load8(step)) * (within(gone2) * load_float(step + 36))
                step += STEP
                sum_at += 2 * PIXEL
            if radial:
                by_tau2 = by_tau2 / (tau2 + f32(1e-30))
                by_v2 += by_tau2 * v2
                by_v_ahead2 += by_tau2 * v2 * ahead2
                by_tau2 = by_tau2 * u2
            by_u2 += by_tau2
            by_u_ahead2 += by_tau2 * ahead2
            ahead2 += ones2 + ones2
            at += 2 * PIXEL
            up += 2 * PIXEL
        if count <= 0:
            slope, slope_2 = first(slope2), other(slope2)
            if count == 0 and abs(area) > FULL:
                slope = f32(0.0)
            store_float(slopes + pixel * 4, slope if area >= f32(0.0) else -slope)
            if count < 0:
                store_float(slopes + pixel * 4 + 4, slope_2 if area_2 >= f32(0.0) else -slope_2)
        by_u, by_v = float64(first(by_u2) + other(by_u2)), float64(first(by_v2) + other(by_v2))
        by_frame[0] += by_u * column + first(by_u_ahead2) + other(by_u_ahead2)
        by_frame[1] += by_v * column + first(by_v_ahead2) + other(by_v_ahead2)
        by_frame[2] += by_u * row
        by_frame[3] += by_v * row
        by_frame[4] += by_u
        by_frame[5] += by_v
    store8(by_steps, load8(by_steps) + by_base2)
    if steps + STEP < last_step:
        store8(by_steps + 2 * PIXEL, load8(by_steps + 2 * PIXEL) + by_delta2)
    store_float(sums_at + 16, load_float(sums_at + 16) + first(by_opacity2) + other(by_opacity2))


@jit
def _held(level):  # type: ignore[no-untyped-def]
    """Clamped to [0, 1], NaN to 0: comparisons with NaN are false."""
    return (level if level < f32(1.0) else f32(1.0)) if level > f32(0.0) else f32(0.0)


@jit
def _fill(pixel, count, colour):  # type: ignore[no-untyped-def]
    pair = twice(colour)
    end = pixel + count * PIXEL
    while pixel + 8 * PIXEL <= end:
        store8(pixel, pair)
        store8(pixel + 2 * PIXEL, pair)
        store8(pixel + 4 * PIXEL, pair)
        store8(pixel + 6 * PIXEL, pair)
        pixel += 8 * PIXEL
    while pixel < end:
        store4(pixel, colour)
        pixel += PIXEL


@jit
def _compare(canvas, target, weight, count, upstream, scale):  # type: ignore[no-untyped-def]
    """The weighted error of ``count`` pixels, times ``scale``; with ``upstream`` (not 0), its gradient there.

    In lanes: s = d - d_a / 2 makes the error |s|^2 (the alpha lane is then d_a / 2), and its gradient is 2 s, with the
    sum of all four lanes of s taken off the alpha lane.
    """
    zero = f32(0.0)
    minus = lanes(zero, zero, zero, f32(-1.0))
    end = canvas + count * PIXEL
    if weight:
        error = lanes(zero, zero, zero, zero)
        while canvas < end:
            d = load4(canvas) - load4(target)
            s = d - alphas(d) * f32(0.5)
            w = load_float(weight) * scale
            error += s * s * w
            if upstream:
                store4(upstream, (s * f32(2.0) + sums(s) * minus) * w)
                upstream += PIXEL
            canvas += PIXEL
            target += PIXEL
            weight += 4
        return float64(first(sums(error)))
    error2 = other2 = twice(lanes(zero, zero, zero, zero))
    minus2 = twice(minus * scale)
    double = f32(2.0) * scale
    if not upstream:
        # Two sums take turns: one alone would wait for its last addition each time.
        while canvas + 4 * PIXEL <= end:
            d2, e2 = load8(canvas) - load8(target), load8(canvas + 2 * PIXEL) - load8(target + 2 * PIXEL)
            s2, t2 = d2 - alphas(d2) * f32(0.5), e2 - alphas(e2) * f32(0.5)
            error2 += s2 * s2
            other2 += t2 * t2
            canvas += 4 * PIXEL
            target += 4 * PIXEL
    while canvas + 2 * PIXEL <= end:
        d2 = load8(canvas) - load8(target)
        s2 = d2 - alphas(d2) * f32(0.5)
        error2 += s2 * s2
        if upstream:
            store8(upstream, s2 * double + sums(s2) * minus2)
            upstream += 2 * PIXEL
        canvas += 2 * PIXEL
        target += 2 * PIXEL
    error = folded(error2 + other2)
    if canvas < end:
        d = load4(canvas) - load4(target)
        s = d - alphas(d) * f32(0.5)
        error += s * s
        if upstream:
            store4(upstream, s * double + sums(s) * (minus * scale))
    return float64(first(sums(error)) * scale)


@jit
def work(  # type: ignore[no-untyped-def]
    mode, first_unit, last_unit, strips, strip_rows, band_rows, height, width, cap,
    points, colours, opacities, backgrounds, contours, marks, images,
    graded, kinds, frames, stops, places, shades,
    pictures, target, weight, weighted, scale,
    losses, by_points, by_marks, by_backgrounds, by_frames, by_stops,
    cells, touched, canvas, upstream, slopes, spans, pieces,
):  # fmt: skip
    """Does units [first_unit, last_unit); unit u is strip ``u % strips`` of image ``u // strips``.

    ``pictures (B, H, W, 4)`` is written by DRAW and is the upstream gradient of PULL_BACK; ``target (H, W, 4)`` and
    ``weight (H, W)`` are read by the comparisons. Results go to row ``strip`` of ``losses (S, B)``,
    ``by_points (S, P, 2)``, ``by_marks (S, M, 4)``, ``by_backgrounds (S, B, 4)`` and, if ``graded``, ``by_frames (S, M, 6)`` and
    ``by_stops (S, T, 4)`` for T stops: nobody else writes there. The last seven are the thread's own scratch; ``cells`` and
    ``touched`` come empty and go empty. Returns the tape, which may have grown.
    """
    taping = mode >= COMPARE_GRADIENTS
    words = (width >> 6) + 1
    for unit_index in range(first_unit, last_unit):
        image, strip = unit_index // strips, unit_index % strips
        first_mark, last_mark = int64(images[image]), int64(images[image + 1])
        count = last_mark - first_mark
        origin = int64(contours[marks[first_mark]])
        edge_count = int64(contours[marks[last_mark]]) - origin
        edges = np.empty((edge_count, 8), np.float64)
        boxes = np.empty((count, 8), np.int64)
        paints = np.empty((count, 8), np.float32)
        prepare_marks(points, colours, opacities, contours, marks, first_mark, last_mark, height, width, cap, edges, boxes, paints)
        stop_origin = int64(stops[first_mark]) if graded else 0
        step_count = int64(stops[last_mark]) - stop_origin if graded else 0
        fills = np.zeros((count if graded else 0, 8), np.float64)
        steps = np.empty((step_count, 16), np.float32)
        frame_totals = np.zeros((count if graded else 0, 6), np.float64)
        step_sums = np.zeros((step_count, 8), np.float32)
        step_totals = np.zeros((step_count, 4), np.float64)
        if graded:
            prepare_fills(kinds, frames, stops, places, shades, first_mark, last_mark, boxes, paints, fills, steps)
        starts = np.zeros((count + 1, 2), np.int64)
        mark_sums = np.zeros(8, np.float32)
        mark_totals = np.zeros((count, 5), np.float64)
        edge_sums = np.zeros((edge_count if taping else 0, 2), np.float64)
        background = lanes(
            _held(backgrounds[image, 0]),
            _held(backgrounds[image, 1]),
            _held(backgrounds[image, 2]),
            _held(backgrounds[image, 3]),
        )
        loss = 0.0
        left_over = np.zeros(4, np.float32)
        background_total = np.zeros(4, np.float64)
        # An address keeps nothing alive, and numba lets go of an array after its last use by name: for `edges` that is
        # `_gather`, after all bands; the other arrays are arguments, or are used by name after each use of their address.
        edges_at = address(edges)
        cells_at, touched_at = address(cells), address(touched)
        stop = min(height, (strip + 1) * strip_rows)
        for top in range(strip * strip_rows, stop, band_rows):
            bottom = min(stop, top + band_rows)
            size = (bottom - top) * width
            canvas_at = address(pictures) + (image * height + top) * width * PIXEL if mode == DRAW else address(canvas)
            _fill(canvas_at, size, background)
            span = piece = int64(0)  # not a literal: numba would compile all that follows once more for it
            for mark in range(count):
                begin, end = max(top, boxes[mark, 0]), min(bottom, boxes[mark, 1])
                starts[mark, 0], starts[mark, 1] = span, piece
                if begin >= end:
                    continue
                spans_at = pieces_at = int64(0)
                shaded = graded and fills[mark, 7] != FLAT
                if taping or shaded:
                    spans = _roomy(spans, span, (end - begin) * (2 * width + 1))
                    pieces = _roomy(pieces, piece, boxes[mark, 6])
                    spans_at, pieces_at = address(spans), address(pieces)
                span, piece = paint(
                    edges_at, boxes[mark], paints[mark], begin, end, top, width, canvas_at, cells_at, touched_at, words,
                    spans_at, span, pieces_at, piece,
                )  # fmt: skip
                if shaded:
                    first_step = address(steps) + (stops[first_mark + mark] - stop_origin) * STEP
                    last_step = address(steps) + (stops[first_mark + mark + 1] - stop_origin) * STEP
                    _shade(spans_at, starts[mark, 0], span, canvas_at, width, top, fills[mark], first_step, last_step)
                    if not taping:
                        span = piece = int64(0)
            starts[count, 0], starts[count, 1] = span, piece
            if mode == DRAW:
                continue
            upstream_at = address(upstream) if taping else 0
            if mode == PULL_BACK:
                given = address(pictures) + (image * height + top) * width * PIXEL
                for pixel in range(size):
                    store4(upstream_at + pixel * PIXEL, load4(given + pixel * PIXEL))
            else:
                for row in range(top, bottom):
                    ahead = (row - top) * width * PIXEL
                    loss += _compare(
                        canvas_at + ahead, address(target) + row * width * PIXEL,
                        address(weight) + row * width * 4 if weighted else 0,
                        width, upstream_at + ahead if taping else 0, scale,
                    )  # fmt: skip
            if not taping:
                continue
            sums_at, edge_sums_at = address(mark_sums), address(edge_sums)
            for mark in range(count - 1, -1, -1):
                if starts[mark, 0] == starts[mark + 1, 0]:
                    continue
                if graded and fills[mark, 7] != FLAT:
                    first_stop, last_stop = stops[first_mark + mark] - stop_origin, stops[first_mark + mark + 1] - stop_origin
                    _unshade(
                        address(spans), starts[mark, 0], starts[mark + 1, 0], canvas_at, upstream_at, address(slopes), width, top,
                        fills[mark], address(steps) + first_stop * STEP, address(steps) + last_stop * STEP,
                        sums_at, address(step_sums) + first_stop * 2 * PIXEL, frame_totals[mark],
                    )  # fmt: skip
                    for stop_index in range(first_stop, last_stop):
                        for channel in range(8):
                            step_totals[stop_index, channel & 3] += step_sums[stop_index, channel]
                            step_sums[stop_index, channel] = f32(0.0)
                else:
                    _undo(
                        address(spans), starts[mark, 0], starts[mark + 1, 0], canvas_at, upstream_at, address(slopes),
                        lanes(paints[mark, 0], paints[mark, 1], paints[mark, 2], paints[mark, 3]), paints[mark, 4], sums_at,
                    )  # fmt: skip
                _pull(address(pieces), starts[mark, 1], starts[mark + 1, 1], address(slopes), edge_sums_at)
                # A band's sums are float32; bands add up in float64.
                for channel in range(5):
                    mark_totals[mark, channel] += mark_sums[channel]
                    mark_sums[channel] = f32(0.0)
            rest = lanes(f32(0.0), f32(0.0), f32(0.0), f32(0.0))
            for pixel in range(size):
                rest += load4(upstream_at + pixel * PIXEL)
            store4(address(left_over), rest)
            for channel in range(4):
                background_total[channel] += left_over[channel]
        losses[strip, image] = loss
        if taping:
            for channel in range(4):
                by_backgrounds[strip, image, channel] = background_total[channel]
            for mark in range(count):
                for channel in range(4):
                    # The colour's sums have an unused fourth lane, the opacity's comes after it.
                    by_marks[strip, first_mark + mark, channel] = mark_totals[mark, channel + channel // 3]
            if graded:
                for mark in range(count):
                    for entry in range(6):
                        by_frames[strip, first_mark + mark, entry] = frame_totals[mark, entry]
                    for channel in range(4):
                        # A stop's colour is added by the step to it and taken off by the one from it.
                        later = 0.0
                        for stop in range(stops[first_mark + mark + 1] - 1, stops[first_mark + mark] - 1, -1):
                            by_stops[strip, stop, channel] = step_totals[stop - stop_origin, channel] - later
                            later = step_totals[stop - stop_origin, channel]
            _gather(points, contours, int64(marks[first_mark]), int64(marks[last_mark]), edges, edge_sums, by_points[strip])
    return spans, pieces


@jit
def interleave(planes, pixels):  # type: ignore[no-untyped-def]
    """``(4, H, W)`` to ``(H, W, 4)``."""
    count = planes.shape[1] * planes.shape[2]
    plane = address(planes)
    pixel = address(pixels)
    for _ in range(count):
        r, g = load_float(plane), load_float(plane + 4 * count)
        b, a = load_float(plane + 8 * count), load_float(plane + 12 * count)
        store4(pixel, lanes(r, g, b, a))
        plane += 4
        pixel += PIXEL


@jit
def _roomy(tape, used, wanted):  # type: ignore[no-untyped-def]
    """The tape, or a longer copy with room for ``wanted`` more records."""
    if used + wanted <= len(tape):
        return tape
    longer = np.empty((2 * (used + wanted), 4), np.float32)
    for record in range(used):
        for entry in range(4):
            longer[record, entry] = tape[record, entry]
    return longer


@jit
def _gather(points, contours, first_contour, last_contour, edges, edge_sums, by_points):  # type: ignore[no-untyped-def]
    """From the sums of each edge to the gradients of its two ends."""
    origin = contours[first_contour]
    for point in range(origin, contours[last_contour]):
        by_points[point, 0] = by_points[point, 1] = f32(0.0)
    for contour in range(first_contour, last_contour):
        start, stop = contours[contour], contours[contour + 1]
        for point in range(start, stop):
            edge = point - origin
            whole, lower = edge_sums[edge, 0], edge_sums[edge, 1]
            if whole == 0.0 and lower == 0.0:
                continue
            after = point + 1 if point + 1 < stop else start
            ex = float64(points[after, 0]) - float64(points[point, 0])
            ey = float64(points[after, 1]) - float64(points[point, 1])
            second = lower if edges[edge, 7] > 0.0 else whole - lower
            by_points[point, 0] += f32(-ey * (whole - second))
            by_points[point, 1] += f32(ex * (whole - second))
            by_points[after, 0] += f32(-ey * second)
            by_points[after, 1] += f32(ex * second)
