"""Numba kernels for triangles with hard edges: whole pixels, whole levels, as Pillow's ``ImageDraw(..., "RGBA").polygon``.

The rules are Pillow's (Draw.c, Fredrik Lundh and others, MIT-CMU), for three corners on whole pixels, and the floats
are its floats: a row that an edge crosses between its ends is filled from the rounded crossing on the left to the rounded
one on the right, both included; rows that hold a corner have rules of their own (`_corner_row`). A covered pixel becomes
``(below (255 - a) + colour a) / 255``, rounded, in 8 bits.

A picture is made row by row, every triangle in turn, so that a row stays in the first cache until it is compared. Its
pixels are four bytes: the colour over black, and the share of the background that is still seen, which is simply a
fourth colour that starts at 255 and that every triangle paints with 0.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import float32 as f32
from numba import float64, int64, types
from numba.extending import intrinsic

from creativity.renderers.raster.kernels import address
from creativity.renderers.raster.simd import F32, I32, alphas, beside, first, folded, lanes, lanes8, load4, load8, load_float, sums, twice

CLEAR = np.uint32(255 << 24)
"""A pixel that nothing was painted on, its first byte lowest in memory."""

SPARE = 32
"""Bytes that a row's memory needs beyond its end: the last load of a span may reach that far."""

LANES = 32
"""Bytes that are blended at once: eight pixels."""

I8, I16 = ir.IntType(8), ir.IntType(16)

# No fastmath: a crossing must round as Pillow's does.
jit = numba.njit(nogil=True, cache=True, error_model="numpy")


def _blender(masked: bool) -> Any:
    def blend(typingctx: Any, target: Any, paint: Any, keep: Any, mask: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            bytes_, words = ir.VectorType(I8, LANES), ir.VectorType(I16, LANES)
            place = builder.inttoptr(args[0], bytes_.as_pointer())
            below = builder.load(place, align=1)
            four = builder.bitcast(args[1], ir.VectorType(I16, 4))
            paint_ = builder.shuffle_vector(four, four, ir.Constant(ir.VectorType(I32, LANES), [i % 4 for i in range(LANES)]))
            one = builder.insert_element(ir.Constant(words, ir.Undefined), builder.trunc(args[2], I16), I32(0))
            keep_ = builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(I32, LANES), [0] * LANES))
            eight = ir.Constant(words, [8] * LANES)
            total = builder.add(builder.mul(builder.zext(below, words), keep_), paint_)
            level = builder.trunc(builder.lshr(builder.add(builder.lshr(total, eight), total), eight), bytes_)
            if masked:
                wanted = builder.load(builder.inttoptr(args[3], bytes_.as_pointer()), align=1)
                level = builder.select(builder.icmp_unsigned("!=", wanted, ir.Constant(bytes_, [0] * LANES)), level, below)
            builder.store(level, place, align=1)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.int64, types.int64), codegen

    return intrinsic(blend)


# (address, 4 x 16 bits of colour * alpha + 128, 255 - alpha, address of a mask)
_blend, _blend_masked = _blender(False), _blender(True)


@jit
def _fill(row, width, left, right, paint, keep, masks):  # type: ignore[no-untyped-def]
    """Blends columns ``left`` to ``right``, both included, into a row."""
    left, right = max(left, 0), min(right, width - 1)
    place, end = row + 4 * left, row + 4 * right + 4
    while place + LANES <= end:
        _blend(place, paint, keep, 0)
        place += LANES
    if place < end:
        _blend_masked(place, paint, keep, masks + LANES - (end - place))


@jit
def _crossing(edge, y):  # type: ignore[no-untyped-def]
    """Where an edge (its first corner's x and y, and dx/dy) crosses a row."""
    return f32(f32(f32(f32(y) - edge[1]) * edge[2]) + edge[0])


@jit
def _rounded(x):  # type: ignore[no-untyped-def]
    """Halves away from 0."""
    return f32(np.floor(float64(x) + 0.5)) if x >= f32(0.0) else f32(-np.floor(float64(-x) + 0.5))


@jit
def _first_pixel(x):  # type: ignore[no-untyped-def]
    return int64(np.floor(f32(x + f32(0.5)))) if x >= f32(0.0) else -int64(np.floor(f32(f32(0.5) - x)))


@jit
def _last_pixel(x):  # type: ignore[no-untyped-def]
    return int64(np.ceil(f32(x - f32(0.5)))) if x >= f32(0.0) else -int64(np.ceil(f32(-x - f32(0.5))))


@jit
def _level_edges(row, width, y, edges, boxes, count, reached, paint, keep, masks):  # type: ignore[no-untyped-def]
    """Draws the level edges of a row that begin where the row is painted already, or next to it; returns how far it is now."""
    for k in range(count):
        if boxes[k, 2] == y and boxes[k, 3] == y:
            left, right = boxes[k, 0], boxes[k, 1]
            if reached != -1 and reached < left:
                continue
            if reached > left:
                left = reached
                if right < left:
                    continue
            _fill(row, width, left, right, paint, keep, masks)
            reached = right + 1
    return reached


@jit
def _corner_row(row, width, y, bottom, edges, boxes, count, crossings, paint, keep, masks):  # type: ignore[no-untyped-def]
    """Fills a row that holds a corner.

    An edge that ends here, above the last row, counts twice. Where two slanted edges meet in the row, a corner that
    would stand apart from what they cover in the next row (in the last row, the one before) is drawn towards it.
    """
    n = 0
    for k in range(count):
        top, low = boxes[k, 2], boxes[k, 3]
        if top == low or y < top or y > low:
            continue
        here = _crossing(edges[k], y)
        if y == low and y < bottom:
            crossings[n] = here
            n += 1
        elif y in (top, low) and edges[k, 2] != f32(0.0):
            beside = y - 1 if y == low else y + 1
            for other in range(k):
                above, below = boxes[other, 2], boxes[other, 3]
                if above == below or (y != above and y != below) or edges[other, 2] == f32(0.0):
                    continue
                if _rounded(here) != _rounded(_crossing(edges[other], y)) or beside < above or beside > below:
                    continue
                one, two = _crossing(edges[k], beside), _crossing(edges[other], beside)
                if here > one + f32(1.0) and here > two + f32(1.0):
                    here = _rounded(max(one, two)) + f32(1.0)
                elif here < one - f32(1.0) and here < two - f32(1.0):
                    here = _rounded(min(one, two)) - f32(1.0)
                break
        crossings[n] = here
        n += 1
    for i in range(1, n):
        value, j = crossings[i], i
        while j > 0 and crossings[j - 1] > value:
            crossings[j] = crossings[j - 1]
            j -= 1
        crossings[j] = value
    reached = -1 if n == 0 else 0
    for i in range(1, n, 2):
        right = _last_pixel(crossings[i])
        if right < reached:
            continue
        reached = _level_edges(row, width, y, edges, boxes, count, reached, paint, keep, masks)
        left = max(_first_pixel(crossings[i - 1]), reached)
        if right < reached or right < left:
            continue
        _fill(row, width, left, right, paint, keep, masks)
        reached = right + 1
    _level_edges(row, width, y, edges, boxes, count, reached, paint, keep, masks)


@jit
def _prepare(corners, paints, edges, boxes, counts, spans, inks):  # type: ignore[no-untyped-def]
    """Edges, as they are drawn, of every triangle of an image.

    ``edges (N, 3, 3)`` are first corner and dx/dy; ``boxes (N, 3, 4)`` left, right, top and bottom; ``counts (N)`` how many
    there are. ``spans (N, 6)`` are a triangle's rows (top, middle, bottom), then the edges beside it: all its height, above the
    middle, below. ``inks (N, 2)`` are what `_blend` wants.
    """
    for mark in range(len(corners)):
        corner, edge, box, span = corners[mark], edges[mark], boxes[mark], spans[mark]
        n = 0
        for k in range(3):
            x0, y0 = int64(corner[k, 0]), int64(corner[k, 1])
            x1, y1 = int64(corner[(k + 1) % 3, 0]), int64(corner[(k + 1) % 3, 1])
            if k == 2 and x0 == x1 and y0 == y1:
                continue
            if k == 1 and y0 == y1 and y0 == corner[0, 1]:
                # A level edge that goes on from a level one makes it longer.
                if x1 > x0 and x0 > corner[0, 0]:
                    box[0, 1] = x1
                    continue
                if x1 < x0 and x0 < corner[0, 0]:
                    box[0, 0] = x1
                    continue
            edge[n, 0], edge[n, 1] = f32(x0), f32(y0)
            edge[n, 2] = f32(f32(x1 - x0) / f32(y1 - y0)) if y0 != y1 else f32(0.0)
            box[n, 0], box[n, 1], box[n, 2], box[n, 3] = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
            n += 1
        counts[mark] = n
        a, b, c = 0, 1, 2
        if corner[b, 1] < corner[a, 1]:
            a, b = b, a
        if corner[c, 1] < corner[b, 1]:
            b, c = c, b
        if corner[b, 1] < corner[a, 1]:
            a, b = b, a
        span[0], span[1], span[2] = corner[a, 1], corner[b, 1], corner[c, 1]
        span[3], span[4], span[5] = (b + 1) % 3, (c + 1) % 3, (a + 1) % 3
        alpha = int64(paints[mark, 3])
        ink = int64(128) << 48
        for channel in range(3):
            ink |= (int64(paints[mark, channel]) * alpha + 128) << (16 * channel)
        inks[mark, 0], inks[mark, 1] = ink, 255 - alpha


@intrinsic
def _levels8(typingctx: Any, place: Any) -> Any:
    """Two pixels as eight floats from 0 to 255."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        levels = builder.load(builder.inttoptr(args[0], ir.VectorType(I8, 8).as_pointer()), align=1)
        return builder.sitofp(builder.zext(levels, ir.VectorType(I32, 8)), ir.VectorType(F32, 8))

    return lanes8(types.int64), codegen


@jit
def _compare(row, target, weight, width):  # type: ignore[no-untyped-def]
    """The error of a row, as `creativity.problem.squared_error` defines it, summed, with its weights (or 0 for none).

    ``target`` holds alpha - 1: our fourth level is what is still seen, 255 (1 - alpha), and is taken as -(1 - alpha).
    """
    step, zero = f32(1.0) / f32(255.0), f32(0.0)
    steps = twice(lanes(step, step, step, -step))
    error = twice(lanes(zero, zero, zero, zero))
    for x in range(0, width - width % 2, 2):
        d = _levels8(row + 4 * x) * steps - load8(target + 16 * x)
        s = d - alphas(d) * f32(0.5)
        error += s * s * beside(load_float(weight + 4 * x), load_float(weight + 4 * x + 4)) if weight else s * s
    total = first(sums(folded(error)))
    if width % 2:
        x = width - 1
        d = _levels8(row + 4 * x) * steps - twice(load4(target + 16 * x))
        s = d - alphas(d) * f32(0.5)
        last = first(sums(s * s))
        total += last * load_float(weight + 4 * x) if weight else last
    return float64(total)


@jit
def work(first_image, last_image, height, width, corners, paints, pictures, target, weight, losses):  # type: ignore[no-untyped-def]
    """Does images [first_image, last_image): draws them into ``pictures (B, H, W, 4)``, premultiplied RGBA, if it has any,
    and otherwise compares them with ``target (H, W, 4)``, premultiplied RGB and alpha - 1, by ``weight (H, W)`` if it has any.

    ``corners (B, N, 3, 2)`` int32 are (x, y) with 0 <= x <= W and 0 <= y <= H; ``paints (B, N, 4)`` uint8 are red, green,
    blue, alpha. ``losses (B)`` receive the sums of the weighted errors.
    """
    count = corners.shape[1]
    edges, boxes = np.empty((count, 3, 3), np.float32), np.empty((count, 3, 4), np.int64)
    counts, spans, inks = np.empty(count, np.int64), np.empty((count, 6), np.int64), np.empty((count, 2), np.int64)
    crossings = np.empty(6, np.float32)
    pixels = np.empty(width + SPARE // 4, np.uint32)
    mask = np.zeros(2 * LANES, np.uint8)
    mask[:LANES] = 255
    row, masks, goal, weights = address(pixels), address(mask), address(target), address(weight) if weight.size else 0
    step = f32(1.0) / f32(255.0)
    for image in range(first_image, last_image):
        _prepare(corners[image], paints[image], edges, boxes, counts, spans, inks)
        losses[image] = 0.0
        for y in range(height):
            for x in range(width):
                pixels[x] = CLEAR
            for mark in range(count):
                top, middle, bottom = spans[mark, 0], spans[mark, 1], spans[mark, 2]
                if y < top or y > bottom:
                    continue
                paint, keep = inks[mark, 0], inks[mark, 1]
                if y in (top, middle, bottom):
                    _corner_row(row, width, y, bottom, edges[mark], boxes[mark], counts[mark], crossings, paint, keep, masks)
                else:
                    one = _crossing(edges[mark, spans[mark, 3]], y)
                    two = _crossing(edges[mark, spans[mark, 4 if y < middle else 5]], y)
                    _fill(row, width, _first_pixel(min(one, two)), _last_pixel(max(one, two)), paint, keep, masks)
            if pictures.size == 0:
                losses[image] += _compare(row, goal + 16 * y * width, weights + 4 * y * width if weights else 0, width)
                continue
            for x in range(width):
                picture, level = pictures[image, y, x], pixels[x]
                picture[0], picture[1] = f32(level & 255) * step, f32(level >> 8 & 255) * step
                picture[2], picture[3] = f32(level >> 16 & 255) * step, f32(255 - (level >> 24)) * step
    return pixels[0] + mask[0]  # both were used by address, and must live until here
