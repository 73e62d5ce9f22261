"""The specification in plain torch: every pixel against every edge, slow and obvious, any floating dtype.

Differentiable by autograd alone, so it shares no derivation with the kernels that are tested against it. Use float64
for finite differences. Time and memory grow with pixels x edges: small pictures only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from creativity.renderers.raster import FAR, FLAT, OPACITY_CAP, RADIAL, SHORTEST

if TYPE_CHECKING:
    from creativity.renderers.raster import Gradients, Outlines

HUGE = 2.0**24
"""Coordinates are clamped to this many pixels, where squares and differences are still exact enough."""


def render(outlines: Outlines, size: tuple[int, int]) -> Tensor:
    """Pictures ``(B, 4, H, W)``, premultiplied RGBA, in the dtype of the points."""
    height, width = size
    dtype = outlines.points.dtype
    contours, marks, images = outlines.contours.tolist(), outlines.marks.tolist(), outlines.images.tolist()
    pictures = []
    for b, background in enumerate(outlines.backgrounds.to(dtype)):
        canvas = _held(background, 1.0)[:, None, None].expand(4, height, width)
        for m in range(images[b], images[b + 1]):
            rings = [outlines.points[contours[c] : contours[c + 1]] for c in range(marks[m], marks[m + 1])]
            paint = torch.cat([outlines.colours[m], outlines.opacities[m : m + 1]]).to(dtype)
            fill = None if outlines.gradients is None else _fill(outlines.gradients, m, height, width, dtype)
            if not all(bool(torch.isfinite(part).all()) for part in [paint, *rings]) or fill is _LEFT_OUT:
                continue
            area = sum((_winding_area(ring, height, width) for ring in rings), paint.new_zeros(height, width))
            coverage = torch.where(area.abs() <= 1, area.abs(), 1.0)
            q = _held(paint[3], OPACITY_CAP) * coverage
            if fill is None:
                colour = torch.cat([_held(paint[:3], 1.0), paint.new_ones(1)])[:, None, None]
            else:
                q = q * fill[3]
                colour = torch.cat([fill[:3], torch.ones_like(fill[3:])])
            canvas = canvas + q * (colour - canvas)
        pictures.append(canvas)
    return torch.stack(pictures) if pictures else outlines.points.new_zeros(0, 4, height, width)


def squared_error(outlines: Outlines, target: Tensor, weight: Tensor | None) -> Tensor:
    """Losses ``(B,)``: the formula of the doorway's docstring, letter by letter."""
    difference = render(outlines, (target.shape[1], target.shape[2])) - target
    colour, alpha = difference[:, :3], difference[:, 3:]
    error = ((colour - alpha / 2) ** 2).sum(1) + (alpha**2 / 4)[:, 0]
    w = torch.ones_like(target[0]) if weight is None else weight
    losses: Tensor = (w * error).sum((1, 2)) / (3 * w.sum())
    return losses


_LEFT_OUT = torch.empty(0)


def _fill(gradients: Gradients, m: int, height: int, width: int, dtype: torch.dtype) -> Tensor | None:
    """``(4, H, W)`` straight colour and opacity of mark ``m``'s gradient; None if it is flat, or `_LEFT_OUT`."""
    kind, (first, last) = int(gradients.kinds[m]), gradients.stops[m : m + 2].tolist()
    frame, places, colours = gradients.frames[m].to(dtype), gradients.places[first:last].to(dtype), gradients.colours[first:last].to(dtype)
    if kind == FLAT:
        return None
    if not all(bool(torch.isfinite(part).all()) for part in (frame, places, colours)):
        return _LEFT_OUT
    a, b, c, d, e, f = frame.clamp(-FAR, FAR)
    y, x = torch.arange(height, dtype=dtype)[:, None] + 0.5, torch.arange(width, dtype=dtype) + 0.5
    tau = a * x + c * y + e
    if kind == RADIAL:
        square = tau**2 + (b * x + d * y + f) ** 2
        centre = square == 0
        tau = torch.where(centre, 0.0, torch.where(centre, 1.0, square).sqrt())
    tau = torch.where(tau > 0, torch.where(tau < 1, tau, 1.0), 0.0)
    places = places.clamp(0.0, 1.0).cummax(0).values
    colours = _held(colours, 1.0)
    after = (tau[..., None] >= places).sum(-1)  # how many stops lie before each pixel
    near, far = (after - 1).clamp_min(0), after.clamp_max(len(places) - 1)
    length = places[far] - places[near]
    between = length > SHORTEST
    part = torch.where(between, (tau - places[near]) / torch.where(between, length, 1.0), 0.0)[..., None]
    return (colours[near] + part * (colours[far] - colours[near])).movedim(-1, 0)


def _held(values: Tensor, most: float) -> Tensor:
    """Clamped to [0, most], NaN to 0, with the gradient passed straight through: an opaque mark must still feel it."""
    finite = torch.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0)
    return finite.detach().clamp(0.0, most) + (finite - finite.detach())


# What lies exactly between two pixels belongs to the right one and to the lower one, and is felt there alone. Said by
# comparisons, because the gradient of torch's clamp at its ends is not the same in all versions.


def _ramp(u: Tensor) -> Tensor:
    """0, u, 1."""
    return torch.where(u > 0, torch.where(u <= 1, u, 1.0), 0.0)


def _in_row(y: Tensor, rows: Tensor) -> Tensor:
    """y, held between the top and the bottom of each row."""
    return torch.where(y >= rows, torch.where(y < rows + 1, y, rows + 1), rows)


def _winding_area(ring: Tensor, height: int, width: int) -> Tensor:
    """``(H, W)``: the area that the closed ring covers in each pixel, weighted by its winding number.

    An edge that descends by dy within a row adds to each pixel of the row the area to its right; clipping an edge to a
    row and a pixel takes a ramp of u = (right side of the pixel) - x: 0 left of it, 1 right of it, u between.
    """
    if len(ring) < 3:
        return ring.new_zeros(height, width)
    ring = ring.clamp(-HUGE, HUGE)
    (x0, y0), (x1, y1) = ring.T, ring.roll(-1, 0).T
    level = y0 == y1
    drop = torch.where(level, torch.ones_like(y0), y1 - y0)
    rows = torch.arange(height, dtype=ring.dtype)[:, None]
    top, bottom = _in_row(y0, rows), _in_row(y1, rows)  # (H, n), signed: top > bottom where it ascends
    # How far along the edge the row begins and ends; a level edge lies in its row whole, and moves with its ends.
    start = torch.where(level, torch.zeros_like(top), (top - y0) / drop)
    end = torch.where(level, torch.ones_like(top), (bottom - y0) / drop)
    right = torch.arange(1, width + 1, dtype=ring.dtype)
    ua = right - (x0 + start * (x1 - x0))[..., None]  # (H, n, W)
    ub = right - (x0 + end * (x1 - x0))[..., None]
    steep = (ub - ua).abs() < (1e-7 if ring.dtype == torch.float64 else 1e-4)
    du = torch.where(steep, torch.ones_like(ua), ub - ua)
    ca, cb = _ramp(ua), _ramp(ub)
    # The mean of the ramp over the piece; ratios of differences, because a difference of squares would cancel.
    beyond = torch.where(ub > 1, ub, 1.0) - torch.where(ua > 1, ua, 1.0)
    mean = (cb - ca) / du * (ca + cb) / 2 + beyond / du
    mean = torch.where(steep, _ramp((ua + ub) / 2), mean)
    area: Tensor = ((bottom - top)[..., None] * mean).sum(1)
    return area
