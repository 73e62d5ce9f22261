"""Numba kernel of `ssim`: local statistics under a Gaussian window, what they say of likeness, and its gradient.

One picture is one unit of work, so that the same bytes come out on any number of threads and in any company. A window is
two passes of one dimension over rows with a border of zeros, and what it sums is divided by how much of it lies inside.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import float32 as f32

REACH = 5
"""Pixels on each side of a window's middle."""

jit = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})


@jit
def _down(plane: Any, row: int, taps: Any, line: Any) -> None:
    """A row of the window's first pass, from a plane with REACH rows of zeros above and below: into the middle of ``line``."""
    width = plane.shape[1]
    found = line[REACH : REACH + width]
    middle = plane[row + 5]
    a, b, c, d = plane[row + 4], plane[row + 6], plane[row + 3], plane[row + 7]
    for x in range(width):
        found[x] = taps[0] * middle[x] + taps[1] * (a[x] + b[x]) + taps[2] * (c[x] + d[x])
    a, b, c, d = plane[row + 2], plane[row + 8], plane[row + 1], plane[row + 9]
    for x in range(width):
        found[x] += taps[3] * (a[x] + b[x]) + taps[4] * (c[x] + d[x])
    a, b = plane[row], plane[row + 10]
    for x in range(width):
        found[x] += taps[5] * (a[x] + b[x])


@jit
def _across(line: Any, taps: Any, found: Any) -> None:
    """The second pass, of a line with REACH zeros on both sides."""
    for x in range(found.shape[0]):
        found[x] = (
            taps[0] * line[x + 5]
            + taps[1] * (line[x + 4] + line[x + 6])
            + taps[2] * (line[x + 3] + line[x + 7])
            + taps[3] * (line[x + 2] + line[x + 8])
            + taps[4] * (line[x + 1] + line[x + 9])
            + taps[5] * (line[x] + line[x + 10])
        )


@jit
def _seen(planes: Any, row: int, taps: Any, line: Any, found: Any) -> None:
    for i in range(3):
        _down(planes[i], row, taps, line)
        _across(line, taps, found[i])


@jit
def _compare(found: Any, average: Any, variance: Any, weight: Any, down: Any, across: Any, level: bool, changes: Any) -> Any:
    """One row: the weighted sum of likenesses and, into ``changes (3, W)``, what each local sum does to it."""
    c1, c2 = f32(0.01**2), f32(0.03**2)
    total = f32(0.0)
    for x in range(average.shape[0]):
        room = down * across[x]
        mean, square, product = found[0, x] * room, found[1, x] * room, found[2, x] * room
        goal = average[x]
        above = f32(2.0) * (product - mean * goal) + c2
        below = square - mean * mean + variance[x] + c2
        like = above / below
        share = weight[x] / below
        by_product = f32(2.0) * share
        by_square = -share * like
        by_mean = f32(0.0)
        if level:
            sizes = mean * mean + goal * goal + c1
            near = (f32(2.0) * mean * goal + c1) / sizes
            by_mean = weight[x] * like * f32(2.0) * (goal - mean * near) / sizes
            by_product *= near
            by_square *= near
            like *= near
        by_mean -= f32(2.0) * mean * by_square + goal * by_product
        total += weight[x] * like
        changes[0, x] = by_mean * room
        changes[1, x] = by_square * room
        changes[2, x] = by_product * room
    return total


@jit
def similar(
    first: int,
    last: int,
    pictures: Any,
    target: Any,
    average: Any,
    variance: Any,
    weight: Any,
    down: Any,
    across: Any,
    taps: Any,
    level: bool,
    sums: Any,
    gradients: Any,
) -> None:
    """Pictures ``first`` to ``last`` of (B, 3, H, W): weighted sums of likeness ``sums (B,)`` and ``gradients (B, 3, H, W)``.

    ``target``, its local ``average`` and ``variance`` are (3, H, W), ``weight`` (H, W); ``down (H,)`` and ``across (W,)`` are
    one over what of the window lies inside; ``taps (6,)`` are the window from its middle outwards. Without gradients that
    array is empty.
    """
    height, width = weight.shape
    planes = np.zeros((3, height + 2 * REACH, width), np.float32)
    changes = np.zeros((3, height + 2 * REACH, width), np.float32)
    line = np.zeros(width + 2 * REACH, np.float32)
    found = np.empty((3, width), np.float32)
    for picture in range(first, last):
        total = 0.0
        for channel in range(3):
            for y in range(height):
                here, goal = pictures[picture, channel, y], target[channel, y]
                plain, squares, products = planes[0, y + REACH], planes[1, y + REACH], planes[2, y + REACH]
                for x in range(width):
                    plain[x] = here[x]
                    squares[x] = here[x] * here[x]
                    products[x] = here[x] * goal[x]
            for y in range(height):
                _seen(planes, y, taps, line, found)
                total += _compare(
                    found, average[channel, y], variance[channel, y], weight[y], down[y], across, level, changes[:, y + REACH]
                )
            if gradients.size:
                for y in range(height):
                    _seen(changes, y, taps, line, found)
                    gradient, here, goal = gradients[picture, channel, y], pictures[picture, channel, y], target[channel, y]
                    by_mean, by_square, by_product = found[0], found[1], found[2]
                    for x in range(width):
                        gradient[x] = by_mean[x] + f32(2.0) * here[x] * by_square[x] + goal[x] * by_product[x]
        sums[picture] = total


@jit
def window(plane: Any, down: Any, across: Any, taps: Any, seen: Any) -> None:
    """A plane (H, W) under the window, into ``seen``."""
    height, width = plane.shape
    padded = np.zeros((height + 2 * REACH, width), np.float32)
    padded[REACH : REACH + height] = plane
    line = np.zeros(width + 2 * REACH, np.float32)
    for y in range(height):
        _down(padded, y, taps, line)
        _across(line, taps, seen[y])
        for x in range(width):
            seen[y, x] *= down[y] * across[x]
