"""Flattening in torch, for genomes on a GPU: the outlines of `flattening`, to the same points, and nobody waits to learn how many.

There is room for as many points as a shape on this canvas may have; those that it has come first, one shape after another, and offsets
say where each ends. What is left over at the end of the room belongs to nobody. Gradients are autograd's.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from creativity.renderers.raster import constant
from creativity.renderers.raster.forms import (
    CIRCLE,
    ELLIPSE,
    FRAME,
    LINE,
    PATH,
    POLYGON,
    RECTANGLE,
    REGULAR,
    ROTATED,
    TOLERANCE,
    TRIANGLE,
    Form,
)

MOST_POINTS, LARGEST = 512, 1e7
"""Of an outline; and pixels beyond which nothing can be told apart (see `flattening`)."""

MOST_CUTS = 64
"""Of a piece of a path: the curve then leaves its chords by a twentieth of a pixel as long as it bends by less than 270."""

ROUND = (ELLIPSE, CIRCLE, LINE)
"""Kinds that have more points the larger they are."""


def flatten(rows: Tensor, kinds: Tensor, form: Form, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Shapes (M, P) of kinds (M,) int32 -> points (Q, 2) in pixels of ``size`` (H, W), and offsets (M + 1,) int32; see `forms.flatten`.

    Q is more than the last offset. Strokes are not among what it can flatten.
    """
    sane = rows.isfinite().all(dim=1)
    units = constant(tuple(map(float, form.units(size))), rows)
    pixels = (torch.where(sane[:, None], rows, 0.0) * units).clamp(-LARGEST, LARGEST)
    counts, points = _paths(pixels) if form.kinds == (PATH,) else _shapes(pixels, kinds, form, size)
    ends = counts.cumsum(0)
    offsets = torch.cat([ends.new_zeros(1), ends]).to(torch.int32)
    number = torch.arange(points.shape[1], device=rows.device)
    # A shape that is not finite has an outline of such points.
    points = torch.where(sane[:, None, None] | (number[:, None] > 0), points, torch.nan)
    if form.kinds == (PATH,):
        number = number % MOST_CUTS
        cuts = _cuts(pixels)
        before = cuts.cumsum(1) - cuts + (ends - counts)[:, None]
        place = torch.where(
            number < cuts.repeat_interleave(MOST_CUTS, 1), before.repeat_interleave(MOST_CUTS, 1) + number, points.numel() // 2
        )
    else:
        place = torch.where(number < counts[:, None], (ends - counts)[:, None] + number, points.numel() // 2)
    room = points.new_zeros(points.numel() // 2 + 1, 2)
    return room.index_put((place.flatten(),), points.flatten(0, 1))[:-1], offsets


class _Held(torch.autograd.Function):
    """Clamped, with a gradient that lives wherever a step would not lead further out."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, least: float, most: float) -> Tensor:
        ctx.save_for_backward(value)
        ctx.least, ctx.most = least, most
        return value.clamp(least, most)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None, None]:
        (value,), (gradient,) = ctx.saved_tensors, upstream
        outward = ((value <= ctx.least) & (gradient > 0.0)) | ((value >= ctx.most) & (gradient < 0.0))
        return torch.where(outward, 0.0, gradient), None, None


def _held(value: Tensor, least: float, most: float) -> Tensor:
    return _Held.apply(value, least, most)  # type: ignore[no-any-return, no-untyped-call]


def _straight(value: Tensor, least: float, most: float) -> Tensor:
    """Clamped, with the gradient passed straight through."""
    return value + (value.clamp(least, most) - value).detach()


def _around(size: Tensor | float, least: float) -> Tensor:
    """How many points a round shape of this size has."""
    sizes = torch.as_tensor(size, dtype=torch.float64).clamp_min(least)
    return (4 * torch.ceil(0.25 * math.pi * torch.sqrt(5.0 * sizes))).clamp(12, MOST_POINTS)


def _shapes(pixels: Tensor, kinds: Tensor, form: Form, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Counts (M,) and points (M, K, 2), of which each shape has the first."""
    least, most, line = form.limits(size)
    cornered = form.cornered and any(kind <= POLYGON for kind in form.kinds)
    largest = max(line if kind == LINE and line >= 0.0 else most for kind in form.kinds)
    largest = 0.25 * math.pi * math.sqrt(5.0 * max(largest, least))
    room = max(
        min(max(4 * math.ceil(largest), 12), MOST_POINTS) if any(kind in ROUND for kind in form.kinds) else 0,
        form.corners if {POLYGON, REGULAR} & set(form.kinds) else 0,
        4,
    )
    number, kind = torch.arange(room, device=pixels.device), kinds[:, None]
    counts = torch.where(kinds == TRIANGLE, 3, torch.where((kinds == POLYGON) | (kinds == REGULAR), form.corners, 4))
    polygons = points = pixels.new_zeros(len(pixels), room, 2)
    if cornered:
        corners = pixels[:, -2 * form.corners :].reshape(-1, form.corners, 2)
        polygons = torch.cat([corners, corners[:, -1:].expand(-1, room - form.corners, -1)], dim=1)
        if not form.framed:
            return counts, polygons
    if form.framed:
        x, y, ux, uy, b = pixels[:, :FRAME].T[..., None]  # each (M, 1)
        still = (ux == 0.0) & (uy == 0.0)
        length = torch.where(still, torch.ones_like(ux), ux * ux + uy * uy).sqrt()
        turned = ~still & (kind != CIRCLE) & (kind != RECTANGLE)
        dx, dy = torch.where(turned, ux / length, 1.0), torch.where(turned, uy / length, 0.0)
        upright = kind == RECTANGLE
        length = torch.where(upright, ux.abs(), torch.where(still, torch.zeros_like(length), length))
        along = _held(length, least, most)
        breadth = torch.where(upright, _held(uy.abs(), least, most), _straight(b, least, most))
        if line >= 0.0:
            breadth = torch.where(kind == LINE, line, breadth)
        sizes = torch.where(kind == ELLIPSE, torch.maximum(b.abs(), length), b.abs())[:, 0]
        sizes = torch.where(kinds == LINE, line, sizes) if line >= 0.0 else sizes
        sizes = torch.where((sizes <= most) | ((kinds == LINE) & (line >= 0.0)), sizes, most)
        round_ = (kinds == ELLIPSE) | (kinds == CIRCLE) | (kinds == LINE)
        counts = torch.where(round_, _around(sizes.detach(), least).long(), counts)
        count = counts[:, None].double()
        step = 2.0 * math.pi / torch.where(kind == LINE, count - 2.0, count)
        grown = step / step.sin()
        swell = torch.where(kind == LINE, grown, torch.where((kind == ELLIPSE) | (kind == CIRCLE), grown.sqrt(), 1.0))
        late = number >= count / 2  # where one end of a line is done, the other begins at the same angle
        angle = step * torch.where((kind == LINE) & late, number - 1, number) - torch.where(kind == LINE, math.pi / 2, 0.0)
        cosine, sine = (swell * angle.cos()).float(), (swell * angle.sin()).float()
        flat, lower = angle.sin().float(), torch.where((kind == REGULAR), angle.sin().float(), sine)
        right = torch.where((number == 0) | (number == 3), 1.0, -1.0)
        boxed = (kind == RECTANGLE) | (kind == ROTATED)
        ends = torch.where(late, -1.0, 1.0)
        s = torch.where(boxed, right * along, torch.where(kind == LINE, ends * along + cosine * breadth, cosine * along))
        s = torch.where(kind == CIRCLE, cosine * breadth, s)
        t = torch.where(boxed, torch.where(number < 2, 1.0, -1.0) * breadth, torch.where(kind == LINE, flat * breadth, sine * breadth))
        t = torch.where(kind == REGULAR, lower * along, t)
        points = torch.stack([x + s * dx - t * dy, y + s * dy + t * dx], dim=-1)
    return counts, torch.where((kind <= POLYGON)[..., None], polygons, points)


def _controls(pixels: Tensor) -> Tensor:
    """(M, N, 4, 2): the ends and handles of each piece of closed paths."""
    places = pixels.reshape(len(pixels), -1, 3, 2)
    return torch.cat([places, places[:, :, :1].roll(-1, dims=1)], dim=2)


def _cuts(pixels: Tensor) -> Tensor:
    """(M, N): into how many steps each piece is cut (Wang 1984; see `bezier.cuts`)."""
    controls = _controls(pixels.detach())
    bends = (controls[:, :, :2] - 2.0 * controls[:, :, 1:3] + controls[:, :, 2:]).double().norm(dim=3).amax(dim=2)
    return torch.ceil((0.75 * bends / TOLERANCE).sqrt()).clamp(1, MOST_CUTS).long()


def _paths(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Counts (M,) and points (M, N MOST_CUTS, 2), of which each piece has the first of its part."""
    controls, cuts = _controls(pixels), _cuts(pixels)
    t = (torch.arange(MOST_CUTS, device=pixels.device) / cuts[..., None]).to(pixels.dtype)
    s = 1.0 - t
    weights = torch.stack([s**3, 3.0 * s * s * t, 3.0 * s * t * t, t**3], dim=-1)
    return cuts.sum(dim=1), (weights @ controls).flatten(1, 2)
