"""The ``triton`` backend: what is launched, in which order, and where results meet.

Nothing waits for the device but gradients, which read one number: how much room their slots need. So a population is drawn and scored
without the host, and such a step can be captured as a CUDA graph. Triton's interpreter runs the same source on the CPU
(``TRITON_INTERPRET=1``), where tests compare it with the specification.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from creativity.errors import CreativityError
from creativity.renderers.raster import OPACITY_CAP, Outlines, most_marks
from creativity.renderers.raster.autograd import Derivatives

TILE = 16
"""Pixels a side of what one program paints: 256 of them, two to a thread."""

LANES, TILES = 16, 128
"""Points, or tiles, that a program looks at together."""


def forward(outlines: Outlines, size: tuple[int, int]) -> Tensor:
    """Pictures ``(B, H, W, 4)``."""
    pictures = outlines.points.new_empty(len(outlines.backgrounds), *size, 4)
    with _there(outlines):
        _Scene(outlines, size).paint(pictures=pictures, draw=True)
    return pictures


def backward(outlines: Outlines, pictures: Tensor, upstream: Tensor) -> Derivatives:
    """The gradients, given ``upstream (B, H, W, 4)``; the pictures are painted again, tile by tile."""
    with _there(outlines):
        scene = _Scene(outlines, (pictures.shape[1], pictures.shape[2]))
        return scene.gradients(pictures=upstream.to(torch.float32).contiguous())


def compare(outlines: Outlines, target: Tensor, weight: Tensor | None, gradients: bool) -> tuple[Tensor, Derivatives | None]:
    """Losses ``(B,)`` against ``target (4, H, W)`` and, if asked for, their gradients."""
    with _there(outlines):
        return _compare(outlines, target, weight, gradients)


def _compare(outlines: Outlines, target: Tensor, weight: Tensor | None, gradients: bool) -> tuple[Tensor, Derivatives | None]:
    height, width = target.shape[1:]
    scene = _Scene(outlines, (height, width))
    parts = outlines.points.new_empty(scene.batch, scene.tiles)
    scale = _scale(height * width, scene.device) if weight is None else (1.0 / (3.0 * weight.sum(dtype=torch.float64))).float()
    against: dict[str, Any] = {
        "target": _plain(target),
        "weight": None if weight is None else _plain(weight),
        "scale": scale,
        "losses": parts,
    }
    if gradients:
        found = scene.gradients(**against)
        return scene.total(parts[..., None])[:, 0], found
    scene.paint(**against)
    return scene.total(parts[..., None])[:, 0], None


def prepare() -> None:
    """Nothing: Triton compiles at the first use, and keeps what it compiled."""


def _there(outlines: Outlines) -> AbstractContextManager[Any]:
    """Triton launches on the device that is current, which need not be that of its arguments."""
    device = outlines.points.device
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


@lru_cache(maxsize=1)
def _kernels() -> Any:
    try:
        from creativity.renderers.raster import gpu_kernels
    except ImportError as error:
        raise CreativityError(
            f"drawing on a GPU needs triton ({error}); install it with: pip install triton, or write --device cpu"
        ) from None
    return gpu_kernels


@lru_cache(maxsize=8)
def _scale(pixels: int, device: torch.device) -> Tensor:
    return torch.full((), 1.0 / (3.0 * pixels), device=device)


@lru_cache(maxsize=8)
def _nothing(device: torch.device) -> Tensor:
    """What stands for an array that is not there."""
    return torch.zeros(1, device=device)


def _plain(tensor: Tensor) -> Tensor:
    return tensor.detach().to(torch.float32).contiguous()


class _Scene:
    """A batch of pictures on its device, prepared and sorted into tiles."""

    def __init__(self, outlines: Outlines, size: tuple[int, int]):
        self.kernels, self.outlines, self.device = _kernels(), outlines, outlines.points.device
        self.height, self.width = size
        self.batch, self.count = len(outlines.backgrounds), len(outlines.colours)
        self.columns, self.rows = -(-self.width // TILE), -(-self.height // TILE)
        self.tiles = self.columns * self.rows
        device, fill = self.device, outlines.gradients
        self.points, self.backgrounds = _plain(outlines.points), _plain(outlines.backgrounds)
        self.contours, self.marks, self.images = (part.to(device) for part in (outlines.contours, outlines.marks, outlines.images))
        nothing = _nothing(device)
        # kinds, frames, stops and steps, as kernels want them
        self.fill: tuple[Tensor, ...] = (nothing,) * 4
        places = shades = nothing
        if fill is not None:
            steps = torch.empty(max(len(fill.places), 1), 8, device=device)
            self.fill = (fill.kinds.to(device), _plain(fill.frames), fill.stops.to(device), steps)
            places, shades = _plain(fill.places), _plain(fill.colours)
        self.edges = torch.empty(max(len(self.points), 1), 8, device=device)
        self.paints = torch.empty(max(self.count, 1), 8, device=device)
        self.boxes = torch.empty(max(self.count, 1), 4, dtype=torch.int32, device=device)
        self.word_count = -(-most_marks(outlines) // self.kernels.BITS.value)
        self.words = torch.empty(self.batch, self.tiles, self.word_count, dtype=torch.int32, device=device)
        kinds, frames, stops, steps = self.fill
        if self.count:
            self.kernels.prepare[(self.count,)](
                self.points, self.contours, self.marks, _plain(outlines.colours), _plain(outlines.opacities),
                kinds, frames, stops, places, shades, self.edges, self.paints, self.boxes, steps,
                self.height, self.width, OPACITY_CAP, self.columns, self.rows,
                GRADED=fill is not None, TILE=TILE, LANES=LANES, num_warps=1,
            )  # fmt: skip
        if self.batch and self.word_count:
            self.kernels.bin_marks[(self.batch, self.word_count, -(-self.tiles // TILES))](
                self.images, self.boxes, self.words, self.columns, self.tiles, self.word_count, LANES=TILES, num_warps=4
            )

    def paint(
        self,
        pictures: Tensor | None = None,
        target: Tensor | None = None,
        weight: Tensor | None = None,
        scale: Tensor | None = None,
        losses: Tensor | None = None,
        draw: bool = False,
        slots: tuple[Tensor, ...] | None = None,
    ) -> None:
        """Launches `tiles`; ``slots`` are their places, their sizes, their data and the grounds' share, where gradients are wanted."""
        if not self.batch:
            return
        nothing = _nothing(self.device)
        self.kernels.tiles[(self.batch * self.tiles,)](
            self.contours, self.marks, self.images, self.backgrounds, self.edges, self.paints, self.boxes, self.words,
            *(slots or (nothing,) * 4),
            *self.fill,
            *(nothing if part is None else part for part in (pictures, target, weight, scale, losses)),
            self.height, self.width, self.columns, self.tiles, self.word_count,
            DRAW=draw, COMPARE=target is not None, PULL=slots is not None, WEIGHTED=weight is not None,
            GRADED=self.outlines.gradients is not None, TILE=TILE, num_warps=4,
        )  # fmt: skip

    def gradients(self, **against: Any) -> Derivatives:
        fill, device = self.outlines.gradients, self.device
        contours, boxes = self.contours.long(), self.boxes[: self.count].long()
        sizes = 4 + 2 * contours[self.marks.long()].diff()
        if fill is not None:
            sizes = sizes + torch.where(self.fill[0] != 0, 6 + 4 * self.fill[2].long().diff(), 0)
        ends = (sizes * (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).cumsum(0)
        places = ends.roll(1)
        room = int(ends[-1]) if self.count else 0  # the one number that is waited for
        if self.count:
            places[0] = 0
        slots, grounds = torch.empty(max(room, 1), device=device), torch.empty(self.batch, self.tiles, 4, device=device)
        self.paint(slots=(places, sizes, slots, grounds), **against)
        by_points, by_colours = torch.zeros_like(self.points), torch.empty(self.count, 3, device=device)
        by_opacities = torch.empty(self.count, device=device)
        by_frames = None if fill is None else torch.empty(self.count, 6, device=device)
        by_stops = None if fill is None else torch.zeros(len(fill.places), 4, device=device)
        if self.count:
            nothing = _nothing(device)
            self.kernels.gather[(self.count,)](
                self.points, self.contours, self.marks, self.boxes, places, sizes, slots, self.fill[0], self.fill[2],
                by_points, by_colours, by_opacities,
                nothing if by_frames is None else by_frames, nothing if by_stops is None else by_stops,
                GRADED=fill is not None, LANES=LANES, num_warps=1,
            )  # fmt: skip
        return Derivatives(by_points, by_colours, by_opacities, self.total(grounds), by_frames, by_stops)

    def total(self, parts: Tensor) -> Tensor:
        """``(B, T, N)`` -> ``(B, N)``, added in the order of tiles."""
        sums = parts.new_empty(self.batch, parts.shape[2])
        if self.batch:
            self.kernels.totals[(self.batch, parts.shape[2])](parts, sums, parts.shape[1], WIDTH=parts.shape[2], LANES=TILES, num_warps=4)
        return sums
