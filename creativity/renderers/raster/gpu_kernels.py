"""The Triton kernels: the same exact area, the same gradient formula, tile by tile.

A program paints one tile of one picture. The canvas of its tile stays in registers from the background to the last mark, is compared with
the target there, and is walked back mark by mark for the gradient; no other picture is ever in memory. Four kernels, in order:

1. `prepare`, a program a mark: edges held to the picture's rows, which tiles the mark's box touches, paint, steps of a gradient.
2. `bin_marks`: for each tile the marks that may touch it, in order, as bits: fixed room, no sorting, nobody waits to learn a length.
3. `tiles`: pictures, losses, gradients, whichever are asked for.
4. `gather`, a program a mark, and `totals`: sums over tiles, in the order of tiles.

A pixel sums over edges what each adds to its winding area, in closed form: no prefix sum, so that pixels need not wait for one another.
Edges that miss a tile are passed over, and those to the left of it cost a number per row. The gradient of an edge's ends is the line
integral of h, what a little more area would do to the loss, over the part of the edge in each pixel (see `kernels`).

What a tile has to say of a mark goes to a slot of their own, which nobody else writes, and slots are added up in order: the same bytes
every time, without atomics. Nothing here knows whether a GPU runs it or Triton's interpreter.
"""

from __future__ import annotations

import triton
import triton.language as tl

BITS = tl.constexpr(24)
"""Marks to a word: a float holds so many bits exactly, and its exponent tells where the first and the last one are."""

EDGE = tl.constexpr(8)
"""Numbers of an edge: x0, y0, x1, y1, 1/dy, 1/dx (0 where level or upright), and which part of the whole edge this is: from, length."""

PAINT = tl.constexpr(8)
"""Numbers of a paint: red, green, blue, opacity, and +1 or -1 by the way the mark turns."""

STEP = tl.constexpr(8)
"""Numbers of a gradient's step: what it adds to red, green, blue and opacity, where it begins, and the inverse of its length."""

FULL = tl.constexpr(1.0 + 1e-6)
"""Above this area more changes nothing; see `kernels.FULL`."""

NO_SIGN = tl.constexpr(2e-7)
"""Below it an area is rounding and has no sign: the gradient takes the mark's."""

STEEP = tl.constexpr(1e-4)
"""An edge that goes less far to the side within a row is taken for upright there."""

AWAY = tl.constexpr(-16.0)
"""Where edges are put that touch no row."""


@triton.jit
def _level(value):
    """Clamped to [0, 1], NaN to 0."""
    return tl.where(value > 0.0, tl.where(value < 1.0, value, 1.0), 0.0)


@triton.jit
def _finite(value):
    return tl.abs(value) < float("inf")


@triton.jit
def prepare(
    points, contours, marks, colours, opacities, kinds, frames, stops, places, shades,
    edges, paints, boxes, steps,
    height, width, cap, columns, rows, GRADED: tl.constexpr, TILE: tl.constexpr, LANES: tl.constexpr,
):  # fmt: skip
    """``edges (P, 8)``, ``paints (M, 8)``, ``boxes (M, 4)`` in tiles (left, top, right, bottom) and ``steps (S, 8)`` of one mark."""
    mark = tl.program_id(0)
    lanes = tl.arange(0, LANES)
    first_contour, last_contour = tl.load(marks + mark), tl.load(marks + mark + 1)
    opacity = tl.load(opacities + mark)
    sane = _finite(opacity)
    tl.store(paints + mark * PAINT + 3, tl.minimum(_level(opacity), cap))
    for channel in tl.static_range(3):
        colour = tl.load(colours + mark * 3 + channel)
        sane = sane & _finite(colour)
        tl.store(paints + mark * PAINT + channel, _level(colour))
    broken = tl.zeros([LANES], tl.int32)
    tops, bottoms = tl.full([LANES], float("inf"), tl.float32), tl.full([LANES], float("-inf"), tl.float32)
    lefts, rights = tl.full([LANES], float("inf"), tl.float32), tl.full([LANES], float("-inf"), tl.float32)
    turn = tl.zeros([LANES], tl.float64)
    for contour in range(first_contour, last_contour):
        start, stop = tl.load(contours + contour), tl.load(contours + contour + 1)
        for at in range(start, stop, LANES):
            point = at + lanes
            here = point < stop
            after = tl.where(point + 1 < stop, point + 1, start)
            x0, y0 = tl.load(points + point * 2, mask=here, other=0.0), tl.load(points + point * 2 + 1, mask=here, other=0.0)
            x1, y1 = tl.load(points + after * 2, mask=here, other=0.0), tl.load(points + after * 2 + 1, mask=here, other=0.0)
            good = _finite(x0) & _finite(y0)
            broken += tl.where(good, 0, 1)
            drawn = here & good & _finite(x1) & _finite(y1) & (stop - start >= 3)
            x0, y0, x1, y1 = tl.where(drawn, x0, 0.0), tl.where(drawn, y0, 0.0), tl.where(drawn, x1, 0.0), tl.where(drawn, y1, 0.0)
            # Beyond this, squares and differences are no longer exact enough; it is far outside of every picture.
            x0, x1 = tl.minimum(tl.maximum(x0, -16777216.0), 16777216.0), tl.minimum(tl.maximum(x1, -16777216.0), 16777216.0)
            y0, y1 = tl.minimum(tl.maximum(y0, -16777216.0), 16777216.0), tl.minimum(tl.maximum(y1, -16777216.0), 16777216.0)
            tops, bottoms = tl.where(drawn, tl.minimum(tops, y0), tops), tl.where(drawn, tl.maximum(bottoms, y0), bottoms)
            lefts, rights = tl.where(drawn, tl.minimum(lefts, x0), lefts), tl.where(drawn, tl.maximum(rights, x0), rights)
            # In float64, once an edge: what is left of it within the picture's rows is then exact enough in float32.
            ax, ay, bx, by = x0.to(tl.float64), y0.to(tl.float64), x1.to(tl.float64), y1.to(tl.float64)
            turn += ay * bx - ax * by
            level = ay == by
            inverse = 1.0 / tl.where(level, 1.0, by - ay)
            ca, cb = tl.minimum(tl.maximum(ay, 0.0), height * 1.0), tl.minimum(tl.maximum(by, 0.0), height * 1.0)
            ta = tl.where(level, 0.0, (ca - ay) * inverse)
            tb = tl.where(level, 1.0, (cb - ay) * inverse)
            seen = drawn & tl.where(level, (ay >= 0.0) & (ay < height), ca != cb)
            cx, dx = ax + ta * (bx - ax), tl.where(tb == 1.0, bx, ax + tb * (bx - ax))
            ex0, ey0 = cx.to(tl.float32), tl.where(level, ay, ca).to(tl.float32)
            ex1, ey1 = dx.to(tl.float32), tl.where(level, by, cb).to(tl.float32)
            flat, upright = ey0 == ey1, ex0 == ex1
            edge = edges + point * EDGE
            tl.store(edge, tl.where(seen, ex0, 0.0), mask=here)
            tl.store(edge + 1, tl.where(seen, ey0, AWAY), mask=here)
            tl.store(edge + 2, tl.where(seen, ex1, 0.0), mask=here)
            tl.store(edge + 3, tl.where(seen, ey1, AWAY), mask=here)
            tl.store(edge + 4, tl.where(flat, 0.0, 1.0 / tl.where(flat, 1.0, ey1 - ey0)), mask=here)
            tl.store(edge + 5, tl.where(upright, 0.0, 1.0 / tl.where(upright, 1.0, ex1 - ex0)), mask=here)
            tl.store(edge + 6, ta.to(tl.float32), mask=here)
            tl.store(edge + 7, (tb - ta).to(tl.float32), mask=here)
    sane = sane & (tl.sum(broken) == 0)
    tl.store(paints + mark * PAINT + 4, tl.where(tl.sum(turn) >= 0.0, 1.0, -1.0))
    if GRADED:  # noqa: SIM102 (known when it is compiled; what is inside is not)
        if tl.load(kinds + mark) != 0:
            for entry in tl.static_range(6):
                sane = sane & _finite(tl.load(frames + mark * 6 + entry))
            reached = 0.0
            first_stop = tl.load(stops + mark)
            for stop in range(first_stop, tl.load(stops + mark + 1)):
                place = tl.load(places + stop)
                sane = sane & _finite(place)
                until = tl.minimum(tl.maximum(place, reached), 1.0)
                near = until - reached <= 1e-6
                # The last of stops at one place holds there, and at 0 it holds all that comes before.
                tl.store(steps + stop * STEP + 4, tl.where(near, tl.where(until > 0.0, until - 1e-7, -4e9), reached))
                tl.store(steps + stop * STEP + 5, tl.where(near, 1e20, 1.0 / tl.where(near, 1.0, until - reached)))
                for channel in tl.static_range(4):
                    shade = tl.load(shades + stop * 4 + channel)
                    sane = sane & _finite(shade)
                    before = tl.load(shades + (stop - 1) * 4 + channel, mask=stop > first_stop, other=0.0)
                    tl.store(steps + stop * STEP + channel, _level(shade) - _level(before))
                reached = until
    top, bottom, left, right = tl.min(tops), tl.max(bottoms), tl.min(lefts), tl.max(rights)
    seen = sane & (top < height) & (bottom >= 0.0) & (left < width) & (top <= bottom)
    # Also what is left of the picture: it still covers what is to the right of it.
    a = tl.minimum(tl.maximum(left, 0.0), width - 1.0).to(tl.int32) // TILE
    b = tl.minimum(tl.maximum(top, 0.0), height - 1.0).to(tl.int32) // TILE
    c = tl.minimum(tl.minimum(tl.maximum(right, 0.0), width - 1.0).to(tl.int32) // TILE + 1, columns)
    d = tl.minimum(tl.minimum(tl.maximum(bottom, 0.0), height - 1.0).to(tl.int32) // TILE + 1, rows)
    seen = seen & (right >= 0.0)
    tl.store(boxes + mark * 4, tl.where(seen, a, 0))
    tl.store(boxes + mark * 4 + 1, tl.where(seen, b, 0))
    tl.store(boxes + mark * 4 + 2, tl.where(seen, c, 0))
    tl.store(boxes + mark * 4 + 3, tl.where(seen, d, 0))


@triton.jit
def bin_marks(images, boxes, words, columns, tile_count, word_count, LANES: tl.constexpr):
    """``words (B, T, W)``: bit k of word w of a tile is set where mark ``24 w + k`` of the image may touch it."""
    image, word = tl.program_id(0), tl.program_id(1)
    tile = tl.program_id(2) * LANES + tl.arange(0, LANES)
    column, row = tile % columns, tile // columns
    first, last = tl.load(images + image) + word * BITS, tl.load(images + image + 1)
    bits = tl.zeros([LANES], tl.int32)
    for mark in range(first, tl.minimum(first + BITS, last)):
        box = boxes + mark * 4
        touched = (column >= tl.load(box)) & (row >= tl.load(box + 1)) & (column < tl.load(box + 2)) & (row < tl.load(box + 3))
        bits = bits | (touched.to(tl.int32) << (mark - first))
    at = (image.to(tl.int64) * tile_count + tile) * word_count + word
    tl.store(words + at, bits, mask=tile < tile_count)


@triton.jit
def _last_bit(word):
    """Where the highest bit of a positive number below 2^24 is."""
    return (word.to(tl.float32).to(tl.int32, bitcast=True) >> 23) - 127


@triton.jit
def _area(edges, begin, end, left, top, x, y, TILE: tl.constexpr):
    """The winding-weighted area of edges [begin, end) in each pixel of a tile at (left, top); ``x (1, T)``, ``y (T, 1)`` count."""
    area = tl.zeros([TILE, TILE], tl.float32)
    for index in range(begin, end):
        edge = edges + index * EDGE
        y0, y1 = tl.load(edge + 1) - top, tl.load(edge + 3) - top
        if (y0 != y1) & (tl.minimum(y0, y1) < TILE) & (tl.maximum(y0, y1) > 0.0):
            x0, x1 = tl.load(edge) - left, tl.load(edge + 2) - left
            if tl.minimum(x0, x1) < TILE:
                ya, yb = tl.minimum(tl.maximum(y0, y), y + 1.0), tl.minimum(tl.maximum(y1, y), y + 1.0)
                drop = yb - ya
                if tl.maximum(x0, x1) <= 0.0:
                    area += drop
                else:
                    inverse = tl.load(edge + 4)
                    xa, xb = x0 + (ya - y0) * inverse * (x1 - x0), x0 + (yb - y0) * inverse * (x1 - x0)
                    steep = tl.abs(xa - xb) < STEEP
                    narrow = 1.0 / tl.where(steep, 1.0, xa - xb)
                    ua, ub = x + 1.0 - xa, x + 1.0 - xb
                    ra, rb = tl.minimum(tl.maximum(ua, 0.0), 1.0), tl.minimum(tl.maximum(ub, 0.0), 1.0)
                    # The mean of the ramp over the piece; ratios of differences, because a difference of squares would cancel.
                    slanted = ((rb - ra) * (0.5 * (ra + rb)) + (tl.maximum(ub, 1.0) - tl.maximum(ua, 1.0))) * narrow
                    area += drop * tl.where(steep, tl.minimum(tl.maximum(0.5 * (ua + ub), 0.0), 1.0), slanted)
    return area


@triton.jit
def _along(frames, mark, kind, px, py):
    """How far along its gradient each pixel is, not yet held in [0, 1], and the two numbers that say so."""
    frame = frames + mark * 6
    a, b, c = _far(tl.load(frame)), _far(tl.load(frame + 1)), _far(tl.load(frame + 2))
    d, e, f = _far(tl.load(frame + 3)), _far(tl.load(frame + 4)), _far(tl.load(frame + 5))
    u, v = a * px + c * py + e, b * px + d * py + f
    return tl.where(kind == 2, tl.sqrt(u * u + v * v), u), u, v


@triton.jit
def _far(value):
    return tl.minimum(tl.maximum(value, -1e9), 1e9)


@triton.jit
def _gone(tau, step):
    return tl.minimum(tl.maximum((tau - tl.load(step + 4)) * tl.load(step + 5), 0.0), 1.0)


@triton.jit
def _colours(paints, kinds, frames, stops, steps, mark, px, py, GRADED: tl.constexpr):
    """Straight red, green, blue and share of the opacity of each pixel, and the mark's opacity."""
    paint = paints + mark * PAINT
    nothing = 0.0 * (px + py)
    red, green, blue = nothing + tl.load(paint), nothing + tl.load(paint + 1), nothing + tl.load(paint + 2)
    share = nothing + 1.0
    if GRADED:
        kind = tl.load(kinds + mark)
        if kind != 0:
            first = tl.load(stops + mark)
            step = steps + first * STEP
            tau, _, _ = _along(frames, mark, kind, px, py)
            red, green = nothing + tl.load(step), nothing + tl.load(step + 1)
            blue, share = nothing + tl.load(step + 2), nothing + tl.load(step + 3)
            for stop in range(first + 1, tl.load(stops + mark + 1)):
                step = steps + stop * STEP
                gone = _gone(tau, step)
                red += tl.load(step) * gone
                green += tl.load(step + 1) * gone
                blue += tl.load(step + 2) * gone
                share += tl.load(step + 3) * gone
    return red, green, blue, share, tl.load(paint + 3)


@triton.jit
def _inside(low, high, inverse, first, second, level):
    """From and to which share an edge is between ``low`` and ``high`` on one axis, on which it goes from ``first`` to ``second``."""
    a, b = (low - first) * inverse, (high - first) * inverse
    there = (first >= low) & (first < high)
    begin = tl.where(level, tl.where(there, 0.0, 1.0), tl.minimum(a, b))
    end = tl.where(level, tl.where(there, 1.0, 0.0), tl.maximum(a, b))
    return begin, end


@triton.jit
def _pull_edges(edges, begin, end, left, top, x, y, h, slot, TILE: tl.constexpr):
    """What the ends of edges [begin, end) feel in this tile: two numbers an edge into ``slot``."""
    for index in range(begin, end):
        edge = edges + index * EDGE
        x0, x1, y0, y1 = tl.load(edge) - left, tl.load(edge + 2) - left, tl.load(edge + 1) - top, tl.load(edge + 3) - top
        near, far = 0.0, 0.0
        if (tl.minimum(y0, y1) < TILE) & (tl.maximum(y0, y1) >= 0.0) & (tl.minimum(x0, x1) < TILE) & (tl.maximum(x0, x1) >= 0.0):
            row_begin, row_end = _inside(y, y + 1.0, tl.load(edge + 4), y0, y1, y0 == y1)
            column_begin, column_end = _inside(x, x + 1.0, tl.load(edge + 5), x0, x1, x0 == x1)
            ta = tl.maximum(tl.maximum(row_begin, column_begin), 0.0)
            tb = tl.minimum(tl.minimum(row_end, column_end), 1.0)
            share = tl.maximum(tb - ta, 0.0)
            # Of the whole edge, of which this may be a part.
            begun, length = tl.load(edge + 6), tl.load(edge + 7)
            felt = h * (share * length)
            reached = felt * (begun + length * (0.5 * (ta + tb)))
            far = tl.sum(reached)
            near = tl.sum(felt) - far
        tl.store(slot + (index - begin) * 2, near)
        tl.store(slot + (index - begin) * 2 + 1, far)


@triton.jit
def _pull_gradient(
    frames, stops, steps, mark, kind, px, py, weight, gain, share, g0, g1, g2, q, slot,
):  # fmt: skip
    """What the frame and the steps of a mark's gradient feel in this tile, into ``slot``: six numbers, then four a step.

    ``gain`` is what more of the mark would do to the loss where it is all of the pixel, ``weight`` how much of it there is but for
    the gradient's own share.
    """
    by_share = gain * weight
    by_red, by_green, by_blue = g0 * q, g1 * q, g2 * q
    first = tl.load(stops + mark)
    tau, u, v = _along(frames, mark, kind, px, py)
    out = slot + 6
    tl.store(out, tl.sum(by_red))
    tl.store(out + 1, tl.sum(by_green))
    tl.store(out + 2, tl.sum(by_blue))
    tl.store(out + 3, tl.sum(by_share))
    by_tau = 0.0 * tau
    for stop in range(first + 1, tl.load(stops + mark + 1)):
        step = steps + stop * STEP
        out = slot + 6 + (stop - first) * 4
        gone = _gone(tau, step)
        tl.store(out, tl.sum(by_red * gone))
        tl.store(out + 1, tl.sum(by_green * gone))
        tl.store(out + 2, tl.sum(by_blue * gone))
        tl.store(out + 3, tl.sum(by_share * gone))
        slope = by_red * tl.load(step) + by_green * tl.load(step + 1) + by_blue * tl.load(step + 2) + by_share * tl.load(step + 3)
        by_tau += tl.where((gone > 0.0) & (gone < 1.0), slope * tl.load(step + 5), 0.0)
    unit = by_tau / (tl.where(kind == 2, tau, 1.0) + 1e-30)
    by_u, by_v = tl.where(kind == 2, unit * u, by_tau), tl.where(kind == 2, unit * v, 0.0)
    tl.store(slot, tl.sum(by_u * px))
    tl.store(slot + 1, tl.sum(by_v * px))
    tl.store(slot + 2, tl.sum(by_u * py))
    tl.store(slot + 3, tl.sum(by_v * py))
    tl.store(slot + 4, tl.sum(by_u))
    tl.store(slot + 5, tl.sum(by_v))


@triton.jit
def tiles(
    contours, marks, images, backgrounds, edges, paints, boxes, words, slots, slot_sizes, slot_data, by_ground,
    kinds, frames, stops, steps,
    pictures, target, weight, scale, losses,
    height, width, columns, tile_count, word_count,
    DRAW: tl.constexpr, COMPARE: tl.constexpr, PULL: tl.constexpr, WEIGHTED: tl.constexpr, GRADED: tl.constexpr, TILE: tl.constexpr,
):  # fmt: skip
    """One tile of one picture.

    DRAW writes it to ``pictures (B, H, W, 4)``; COMPARE adds its share to ``losses (B, T)`` against ``target (4, H, W)``; PULL writes
    slots, with the gradient of the loss that was compared or, without COMPARE, of a loss whose gradient ``pictures`` is.
    """
    program = tl.program_id(0)
    image, tile = program // tile_count, program % tile_count
    column, row = tile % columns, tile // columns
    left, top = column * TILE, row * TILE
    across, down = tl.arange(0, TILE)[None, :], tl.arange(0, TILE)[:, None]
    x, y = across.to(tl.float32), down.to(tl.float32)
    px, py = x + left + 0.5, y + top + 0.5
    here = (left + across < width) & (top + down < height)
    pixel = (top + down) * width + left + across
    first_mark = tl.load(images + image)
    listed = words + program.to(tl.int64) * word_count

    nothing = tl.zeros([TILE, TILE], tl.float32)
    ground = backgrounds + image * 4
    c0, c1 = nothing + _level(tl.load(ground)), nothing + _level(tl.load(ground + 1))
    c2, c3 = nothing + _level(tl.load(ground + 2)), nothing + _level(tl.load(ground + 3))
    for at in range(0, word_count):
        word = tl.load(listed + at)
        while word != 0:
            low = word & (-word)
            word = word ^ low
            mark = first_mark + at * BITS + _last_bit(low)
            begin, end = tl.load(contours + tl.load(marks + mark)), tl.load(contours + tl.load(marks + mark + 1))
            area = _area(edges, begin, end, left, top, x, y, TILE)
            red, green, blue, share, opacity = _colours(paints, kinds, frames, stops, steps, mark, px, py, GRADED)
            q = tl.minimum(tl.abs(area), 1.0) * opacity * share
            c0 += q * (red - c0)
            c1 += q * (green - c1)
            c2 += q * (blue - c2)
            c3 += q * (1.0 - c3)

    picture = pictures + (image.to(tl.int64) * height * width + pixel) * 4
    if DRAW:
        tl.store(picture, c0, mask=here)
        tl.store(picture + 1, c1, mask=here)
        tl.store(picture + 2, c2, mask=here)
        tl.store(picture + 3, c3, mask=here)
    g0, g1, g2, g3 = nothing, nothing, nothing, nothing
    if COMPARE:
        plane = height * width
        d3 = c3 - tl.load(target + 3 * plane + pixel, mask=here, other=0.0)
        s0 = c0 - tl.load(target + pixel, mask=here, other=0.0) - 0.5 * d3
        s1 = c1 - tl.load(target + plane + pixel, mask=here, other=0.0) - 0.5 * d3
        s2 = c2 - tl.load(target + 2 * plane + pixel, mask=here, other=0.0) - 0.5 * d3
        worth = tl.where(here, tl.load(scale), 0.0)
        if WEIGHTED:
            worth = worth * tl.load(weight + pixel, mask=here, other=0.0)
        tl.store(losses + program, tl.sum(worth * (s0 * s0 + s1 * s1 + s2 * s2 + 0.25 * d3 * d3)))
        if PULL:
            g0, g1, g2 = 2.0 * worth * s0, 2.0 * worth * s1, 2.0 * worth * s2
            g3 = worth * (0.5 * d3 - (s0 + s1 + s2))
    else:
        if PULL:
            g0, g1 = tl.load(picture, mask=here, other=0.0), tl.load(picture + 1, mask=here, other=0.0)
            g2, g3 = tl.load(picture + 2, mask=here, other=0.0), tl.load(picture + 3, mask=here, other=0.0)
    if PULL:
        for back in range(0, word_count):
            at = word_count - 1 - back
            word = tl.load(listed + at)
            while word != 0:
                bit = _last_bit(word)
                word = word ^ (1 << bit)
                mark = first_mark + at * BITS + bit
                begin, end = tl.load(contours + tl.load(marks + mark)), tl.load(contours + tl.load(marks + mark + 1))
                box = boxes + mark * 4
                box_left, box_top, box_right = tl.load(box), tl.load(box + 1), tl.load(box + 2)
                mine = (row - box_top) * (box_right - box_left) + column - box_left
                slot = slot_data + tl.load(slots + mark) + mine.to(tl.int64) * tl.load(slot_sizes + mark)
                area = _area(edges, begin, end, left, top, x, y, TILE)
                red, green, blue, share, opacity = _colours(paints, kinds, frames, stops, steps, mark, px, py, GRADED)
                coverage = tl.minimum(tl.abs(area), 1.0)
                q = coverage * opacity * share
                inverse = 1.0 / (1.0 - q)
                c0, c1 = _level((c0 - red * q) * inverse), _level((c1 - green * q) * inverse)
                c2, c3 = _level((c2 - blue * q) * inverse), _level((c3 - q) * inverse)
                gain = g0 * (red - c0) + g1 * (green - c1) + g2 * (blue - c2) + g3 * (1.0 - c3)
                tl.store(slot, tl.sum(g0 * q))
                tl.store(slot + 1, tl.sum(g1 * q))
                tl.store(slot + 2, tl.sum(g2 * q))
                tl.store(slot + 3, tl.sum(gain * share * coverage))
                h = gain * share * opacity
                sign = tl.where(tl.abs(area) < NO_SIGN, tl.load(paints + mark * PAINT + 4), tl.where(area >= 0.0, 1.0, -1.0))
                h = tl.where(tl.abs(area) > FULL, 0.0, h * sign)
                _pull_edges(edges, begin, end, left, top, x, y, h, slot + 4, TILE)
                if GRADED:
                    kind = tl.load(kinds + mark)
                    if kind != 0:
                        _pull_gradient(
                            frames, stops, steps, mark, kind, px, py, coverage * opacity, gain, share, g0, g1, g2, q,
                            slot + 4 + 2 * (end - begin),
                        )  # fmt: skip
                keep = 1.0 - q
                g0 *= keep
                g1 *= keep
                g2 *= keep
                g3 *= keep
        out = by_ground + program.to(tl.int64) * 4
        tl.store(out, tl.sum(g0))
        tl.store(out + 1, tl.sum(g1))
        tl.store(out + 2, tl.sum(g2))
        tl.store(out + 3, tl.sum(g3))


@triton.jit
def _slot_sum(slot, size, tile_count, entry, there, LANES: tl.constexpr):
    """The sums over a mark's tiles of entries ``entry (LANES,)`` of its slots, in the order of tiles."""
    lanes = tl.arange(0, LANES)[:, None]
    total = tl.zeros([LANES, LANES], tl.float32)
    for at in range(0, tile_count, LANES):
        place = slot + (at + lanes).to(tl.int64) * size + entry[None, :]
        total += tl.load(place, mask=(at + lanes < tile_count) & there[None, :], other=0.0)
    return tl.sum(total, axis=0)


@triton.jit
def gather(
    points, contours, marks, boxes, slots, slot_sizes, slot_data, kinds, stops,
    by_points, by_colours, by_opacities, by_frames, by_stops, GRADED: tl.constexpr, LANES: tl.constexpr,
):  # fmt: skip
    """From the slots of one mark to the gradients of all that it is made of."""
    mark = tl.program_id(0)
    lanes = tl.arange(0, LANES)
    box = boxes + mark * 4
    count = (tl.load(box + 2) - tl.load(box)) * (tl.load(box + 3) - tl.load(box + 1))
    slot, size = slot_data + tl.load(slots + mark), tl.load(slot_sizes + mark)
    paint = _slot_sum(slot, size, count, lanes, lanes < 4, LANES)
    graded = False
    if GRADED:
        graded = tl.load(kinds + mark) != 0
    tl.store(by_colours + mark * 3 + lanes, tl.where(graded, 0.0, paint), mask=lanes < 3)
    tl.store(by_opacities + mark + lanes - 3, paint, mask=lanes == 3)
    first_contour, last_contour = tl.load(marks + mark), tl.load(marks + mark + 1)
    begin, end = tl.load(contours + first_contour), tl.load(contours + last_contour)
    for contour in range(first_contour, last_contour):
        start, stop = tl.load(contours + contour), tl.load(contours + contour + 1)
        for at in range(start, stop, LANES):
            point = at + lanes
            here = point < stop
            before, after = tl.where(point > start, point - 1, stop - 1), tl.where(point + 1 < stop, point + 1, start)
            near = _slot_sum(slot, size, count, 4 + 2 * (point - begin), here, LANES)
            far = _slot_sum(slot, size, count, 5 + 2 * (before - begin), here, LANES)
            # A mark that was left out has numbers that are not finite, and feels nothing.
            live = here & (count > 0)
            px, py = tl.load(points + 2 * point, mask=live, other=0.0), tl.load(points + 2 * point + 1, mask=live, other=0.0)
            bx, by = tl.load(points + 2 * before, mask=live, other=0.0), tl.load(points + 2 * before + 1, mask=live, other=0.0)
            ax, ay = tl.load(points + 2 * after, mask=live, other=0.0), tl.load(points + 2 * after + 1, mask=live, other=0.0)
            tl.store(by_points + 2 * point, -(ay - py) * near - (py - by) * far, mask=here)
            tl.store(by_points + 2 * point + 1, (ax - px) * near + (px - bx) * far, mask=here)
    if GRADED:
        first, last = tl.load(stops + mark), tl.load(stops + mark + 1)
        frame = 4 + 2 * (end - begin)
        by_frame = _slot_sum(slot, size, count, frame + lanes, graded & (lanes < 6), LANES)
        tl.store(by_frames + mark * 6 + lanes, by_frame, mask=lanes < 6)
        for stop in range(first, last):
            # A stop's colour is added by the step to it and taken off by the one from it.
            entry = frame + 6 + 4 * (stop - first) + lanes
            there = graded & (lanes < 4)
            to = _slot_sum(slot, size, count, entry, there, LANES)
            on = _slot_sum(slot, size, count, entry + 4, there & (stop + 1 < last), LANES)
            tl.store(by_stops + stop * 4 + lanes, to - on, mask=lanes < 4)


@triton.jit
def totals(parts, sums, count, WIDTH: tl.constexpr, LANES: tl.constexpr):
    """``parts (B, count, WIDTH)`` added up in order -> ``sums (B, WIDTH)``; a program a row and a column."""
    row, column = tl.program_id(0), tl.program_id(1)
    lanes = tl.arange(0, LANES)
    total = tl.zeros([LANES], tl.float64)
    for at in range(0, count, LANES):
        place = parts + (row.to(tl.int64) * count + at + lanes) * WIDTH + column
        total += tl.load(place, mask=at + lanes < count, other=0.0).to(tl.float64)
    tl.store(sums + row * WIDTH + column, tl.sum(total).to(tl.float32))
