"""Shapes by a few numbers, and the outlines that they stand for: the doorway of the flattening kernels.

A shape is a row of numbers in units of the canvas: a *frame* (place x, y; axis x, y; breadth), or the corners of a polygon, or
both, of which its kind uses one. Places and corners are in units of the canvas's width and height, lengths in units
of its longer side, so that a circle is round on any canvas. Curves are flattened finely enough to deviate by a
twentieth of a pixel, and a circle's polygon has the circle's area. A stroke is a spline with a width, along which a brush
draws one ribbon or several. A path is closed Bezier pieces, filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from creativity.renderers.raster.compiled import compiled

TRIANGLE, POLYGON, RECTANGLE, ROTATED, ELLIPSE, CIRCLE, LINE, REGULAR, STROKE, PATH = range(10)
"""A triangle takes the first three corners, a polygon all. A frame's axis leads from the middle to an end, and half a shape's
width is its breadth; an upright rectangle has the axis's two numbers for half its width and height, a circle the
breadth for its radius, and a regular polygon its first corner at the end of the axis. A line has round ends. A stroke's
row is its own: the ends and handles of its Bezier pieces, as many as a form has corners, then half widths: one for each of
these, or one for all, or none. A path's row holds an end and two handles for each of its pieces, of which the last leads back to the
first end."""

FRAME = 5
"""Numbers of a frame."""

ANNEALED = {CIRCLE}
"""Kinds of so few numbers that a climb soon ends where no one change helps: chance moves take them on (measured in `benchmarks`)."""

TOLERANCE, ROUGH = 0.05, 0.3
"""Pixels by which the outlines of strokes and paths may deviate, in pictures and while places for them are tried."""


@dataclass(frozen=True)
class Brush:
    """How a stroke is drawn.

    A ribbon is (across, breadth, begin, end): the lane of the stroke's half width, from -1 to 1, in whose middle it runs, half
    the lane's breadth, and between which shares of the way it runs. At its ends the stroke is thinner by ``taper``.
    """

    ribbons: tuple[tuple[float, float, float, float], ...] = ((0.0, 1.0, 0.0, 1.0),)
    taper: float = 0.0
    round: bool = True
    longest: float = 1.0
    """Strokes whose handles and ends lie further apart, one after another, are shrunk; in long sides."""
    widths: int = 0
    """How many half widths a row has."""


@dataclass(frozen=True)
class Form:
    """Which kinds of shapes a drawing has, and what holds for all of them."""

    kinds: tuple[int, ...]
    corners: int = 3
    """Of polygons, free and regular; of strokes and paths how many places a row holds."""
    least: float = 0.0
    """Lengths of frames, from the middle to an end or a side, are held between these two, in long sides."""
    most: float = 1.0
    line: float = -1.0
    """Half the width of lines and strokes where it is fixed; negative where each has its own."""
    brush: Brush | None = None
    """Of strokes. They and paths are never mixed with other kinds."""

    @property
    def framed(self) -> bool:
        return any(POLYGON < kind < STROKE for kind in self.kinds)

    @property
    def cornered(self) -> bool:
        return self.curved or any(kind <= POLYGON for kind in self.kinds)

    @property
    def curved(self) -> bool:
        """Whether these are paths."""
        return self.kinds == (PATH,)

    @property
    def anneals(self) -> bool:
        return ANNEALED.issuperset(self.kinds)

    def units(self, size: tuple[int, int]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """(P,) pixels to each of a row's units."""
        height, width = size
        long = max(height, width)
        if self.brush:
            return np.array([width, height] * self.corners + [long] * self.brush.widths, np.float32)
        return np.array(
            [width, height, long, long, long][: FRAME * self.framed] + [width, height] * self.corners * self.cornered, np.float32
        )

    def limits(self, size: tuple[int, int]) -> tuple[float, float, float]:
        """``least``, ``most`` and ``line`` in pixels."""
        long = float(max(size))
        return self.least * long, self.most * long, self.line * long

    def style(self, size: tuple[int, int], tolerance: float = TOLERANCE) -> np.ndarray[Any, np.dtype[np.float64]]:
        """(1 + R, 4) the brush as the kernels want it: taper, round, greatest length in pixels, tolerance; then its ribbons.

        Of paths the tolerance alone, of all else nothing.
        """
        if self.brush is None:
            return np.array([(0.0, 0.0, 0.0, tolerance)] * self.curved).reshape(-1, 4)
        brush = self.brush
        return np.array([(brush.taper, float(brush.round), brush.longest * max(size), tolerance), *brush.ribbons])


def flatten(rows: Tensor, kinds: Tensor, form: Form, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Shapes (M, P) of kinds (M,) int32 -> points (Q, 2) in pixels of ``size`` (H, W), and offsets (M + 1,) int32 of each shape.

    Differentiable in the rows. On a GPU there are more points than the last offset says: room that was left over. All ribbons of a
    stroke have as many points, and come one after another. A shape with a number that is not finite has an outline of such points.
    """
    if rows.device.type != "cpu":
        from creativity.renderers.raster import gpu_flattening

        return gpu_flattening.flatten(rows, kinds, form, size)
    points, offsets = _Flatten.apply(rows, kinds, form, size)  # type: ignore[no-untyped-call]
    return points, offsets


@lru_cache(maxsize=1)
def _kernels() -> Any:
    """The kernels, all of them compiled on one small circle, so that no step of a search waits for them."""
    kernels = compiled("flattening")
    form = Form((CIRCLE,))
    fixed = (
        np.array([CIRCLE], np.int32),
        np.zeros((1, FRAME), np.float32),
        form.units((1, 1)),
        form.corners,
        *form.limits((1, 1)),
        form.style((1, 1)),
    )
    offsets = np.zeros(2, np.int32)
    kernels.measure(*fixed, offsets)
    points = np.empty((int(offsets[-1]), 2), np.float32)
    kernels.flatten(*fixed, offsets, points)
    kernels.pull_back(*fixed, offsets, points, np.zeros((1, FRAME), np.float32))
    return kernels


class _Flatten(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[Tensor, Tensor]:
        rows, kinds, form, size = arguments
        kernels = _kernels()
        shapes = rows.detach().contiguous().numpy()
        fixed = (kinds.numpy(), shapes, form.units(size), form.corners, *form.limits(size), form.style(size))
        offsets = np.zeros(len(shapes) + 1, np.int32)
        kernels.measure(*fixed, offsets)
        points = np.empty((int(offsets[-1]), 2), shapes.dtype)
        kernels.flatten(*fixed, offsets, points)
        ctx.fixed, ctx.offsets = fixed, offsets
        both = torch.from_numpy(points), torch.from_numpy(offsets)
        ctx.mark_non_differentiable(both[1])
        return both

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        by_points = upstream[0].to(dtype=torch.from_numpy(ctx.fixed[1]).dtype).contiguous().numpy()
        by_rows = np.zeros_like(ctx.fixed[1])
        _kernels().pull_back(*ctx.fixed, ctx.offsets, by_points, by_rows)
        return torch.from_numpy(by_rows), None, None, None
