"""What fills marks: their colour, or a gradient of two stops that goes where its mark goes.

A gradient's frame is in units of its mark's own box, its two stops are the mark's colour and opacity, more and less by a contrast
and a fade. So a mark begins flat, a builder that knows only flat ones sees the mean of each, and colour and contrast are felt apart.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from creativity import svg
from creativity.renderers import raster
from creativity.renderers.base import Size
from creativity.renderers.genome import Block

Values = dict[str, Tensor]

FILLS = {"flat": raster.FLAT, "linear": raster.LINEAR, "radial": raster.RADIAL}

NAMES = ("frame", "contrast", "fade")
"""The blocks of a gradient."""

GOLDEN = 2.399963
"""Radians from one mark's way to the next one's: no two of them are the same."""

NEAR = 0.05
"""A mark that a builder moved further than this, in parts of the canvas, is another one and begins flat."""

STEEPEST = 1e4
"""Of a frame, in boxes."""


def blocks(fill: str, count: int, low: float, high: float) -> tuple[Block, ...]:
    """What a gradient adds to the genome of marks with opacities from ``low`` to ``high``.

    ``frame (N, 1 or 2, 3)``: at (x, y) in the mark's box, from -1 to 1, a linear gradient is at ``u = frame . (x, y, 1)`` of its way,
    a radial one at |(u, v)|. ``contrast (N, 3)`` and ``fade (N,)`` are added to colour and opacity at the first stop and taken off at
    the second one.
    """
    if fill == "flat":
        return ()
    return (
        Block("frame", (count, FILLS[fill], 3), centre=0.0),
        Block("contrast", (count, 3), "bounded", -1.0, 1.0, scale=0.125),
        Block("fade", (count,), "bounded", low - high, high - low, scale=0.125),
    )


def plain(fill: str, n: int, count: int) -> Values:
    """Where n genomes begin: flat; across the box, each mark its own way, or from its middle to its sides."""
    if fill == "flat":
        return {}
    turn = GOLDEN * torch.arange(count)
    across = torch.stack([0.5 * turn.cos(), 0.5 * turn.sin(), torch.full_like(turn, 0.5)], dim=1)[:, None]
    frame = across if fill == "linear" else torch.eye(2, 3).expand(count, 2, 3)
    return {"frame": frame.expand(n, -1, -1, -1), "contrast": torch.zeros(n, count, 3), "fade": torch.zeros(n, count)}


def kept(before: Values, rows: Tensor, values: Values) -> Values:
    """The gradients of marks that a builder left about where they were, ``before["rows"] (N, P)``; of others, those of ``values``."""
    still = (before["rows"] - rows).abs().amax(dim=1) < NEAR
    return {
        name: torch.where(still.reshape(1, -1, *[1] * (values[name].ndim - 2)), before[name], values[name])
        for name in before.keys() & NAMES
    }


def shaded(
    fill: str, values: Values, box: tuple[Tensor, Tensor], size: Size, limits: tuple[float, float], snap: Callable[[Tensor], Tensor]
) -> tuple[Tensor, raster.Gradients]:
    """The opacities (B, N) and the gradients of marks whose boxes have these middles and half sizes (B, N, 2), in canvas units."""
    pixels = raster.constant((float(size[1]), float(size[0])), box[0])
    middle, half = box[0] * pixels, box[1] * pixels
    frame = values["frame"].nan_to_num(0.0).clamp(-STEEPEST, STEEPEST)
    axes = frame[..., :2] / half[..., None, :].clamp_min(1e-3)
    rows = torch.cat([axes, frame[..., 2:] - (axes * middle[..., None, :]).sum(dim=-1, keepdim=True)], dim=-1)
    if fill == "linear":
        rows = torch.cat([rows, torch.zeros_like(rows)], dim=-2)
    either = values["opacity"][..., None] + torch.stack([values["fade"], -values["fade"]], dim=-1)
    either = either + (either.clamp(*limits) - either).detach()  # with its gradient: an opaque end must still feel it
    opacities = either.amax(dim=-1).clamp_min(1e-4)
    colours = values["colour"][..., None, :] + torch.stack([values["contrast"], -values["contrast"]], dim=-2)
    stops = torch.cat([snap(colours), (either / opacities[..., None])[..., None]], dim=-1)
    count = opacities.numel()
    return opacities, raster.Gradients(
        torch.full((count,), FILLS[fill], dtype=torch.int32, device=opacities.device),
        rows.mT.reshape(-1, 6),
        raster.offsets(count, 2, opacities.device),
        raster.constant((0.0, 1.0), opacities).repeat(count),
        stops.reshape(-1, 4),
    )


def paints(gradients: raster.Gradients) -> list[svg.Paint]:
    """What SVG is told of the gradients of one drawing."""
    frames, stops = gradients.frames.nan_to_num(0.0).clamp(-raster.FAR, raster.FAR), gradients.stops.tolist()
    both = [(place, colour[:3], colour[3]) for place, colour in zip(gradients.places.tolist(), gradients.colours.tolist(), strict=True)]
    return [
        svg.gradient(frame, both[first:last], radial=kind == raster.RADIAL)
        for kind, frame, first, last in zip(gradients.kinds.tolist(), frames.tolist(), stops, stops[1:], strict=False)
    ]
