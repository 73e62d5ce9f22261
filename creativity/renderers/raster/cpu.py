"""The ``numba`` backend: who does which rows on which thread, and where results meet.

The unit of work is a strip of rows of one image. Strips depend on the picture's size alone, never on the number of
threads or on what else is in the batch; each writes its own row of the results, and rows are added up in order. So the
same bytes come out on any number of threads, and a picture's loss is the same in any company.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import torch
from torch import Tensor

from creativity.compiled import share_out
from creativity.errors import CreativityError
from creativity.renderers.raster import OPACITY_CAP, Outlines
from creativity.renderers.raster.autograd import Derivatives
from creativity.renderers.raster.compiled import compiled

STRIP_ROWS = 256
"""A picture of at most this many rows is one unit of work: a population has enough of them."""

BAND_BYTES = 262144
"""What a band of the canvas may take: it, its gradient and the tape stay in a core's second cache.

Smaller bands would fit the first, but every mark starts anew in each of them, and that costs more than it gains."""


def forward(outlines: Outlines, size: tuple[int, int]) -> Tensor:
    """Pictures ``(B, H, W, 4)``."""
    pictures = torch.empty(len(outlines.backgrounds), *size, 4)
    _run("DRAW", outlines, size, pictures=pictures)
    return pictures


def backward(outlines: Outlines, pictures: Tensor, upstream: Tensor) -> Derivatives:
    """The gradients, given ``upstream (B, H, W, 4)``; the picture is painted again, band by band."""
    gradients = _run("PULL_BACK", outlines, (pictures.shape[1], pictures.shape[2]), pictures=upstream)[1]
    assert gradients is not None
    return gradients


def compare(outlines: Outlines, target: Tensor, weight: Tensor | None, gradients: bool) -> tuple[Tensor, Derivatives | None]:
    """Losses ``(B,)`` against ``target (4, H, W)`` and, if asked for, their gradients."""
    mode = "COMPARE_GRADIENTS" if gradients else "COMPARE"
    return _run(mode, outlines, (target.shape[1], target.shape[2]), target=target, weight=weight)


def prepare() -> None:
    """Compiles the kernels or loads them from the cache."""
    square = torch.tensor([[[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]]])
    outlines = Outlines.regular(square, torch.zeros(1, 1, 3), torch.ones(1, 1), torch.zeros(1, 4))
    forward(outlines, (1, 1))


def _run(
    mode: str,
    outlines: Outlines,
    size: tuple[int, int],
    pictures: Tensor | None = None,
    target: Tensor | None = None,
    weight: Tensor | None = None,
) -> tuple[Tensor, Derivatives | None]:
    kernels = compiled("kernels")
    height, width = size
    batch, marks, points = len(outlines.backgrounds), len(outlines.colours), len(outlines.points)
    strips = -(-height // STRIP_ROWS)
    strip_rows = -(-height // strips)
    band_rows = min(max(BAND_BYTES // (width * 16), 1), strip_rows)
    taped = mode in ("COMPARE_GRADIENTS", "PULL_BACK")
    losses = np.zeros((strips, batch))
    by_points = np.empty((strips, points if taped else 0, 2), np.float32)
    by_marks = np.empty((strips, marks if taped else 0, 4), np.float32)
    by_backgrounds = np.empty((strips, batch if taped else 0, 4), np.float32)
    fill = outlines.gradients
    by_frames = np.empty((strips, marks if taped and fill else 0, 6), np.float32)
    by_stops = np.empty((strips, len(fill.places) if taped and fill else 0, 4), np.float32)
    scale = 1.0 / (3.0 * (height * width if weight is None else float(weight.sum(dtype=torch.float64))))
    arguments = (
        strips,
        strip_rows,
        band_rows,
        height,
        width,
        np.float32(OPACITY_CAP),
        _plain(outlines.points),
        _plain(outlines.colours),
        _plain(outlines.opacities),
        _plain(outlines.backgrounds),
        outlines.contours.numpy(),
        outlines.marks.numpy(),
        outlines.images.numpy(),
        fill is not None,
        *(
            _NO_FILL
            if fill is None
            else (fill.kinds.numpy(), _plain(fill.frames), fill.stops.numpy(), _plain(fill.places), _plain(fill.colours))
        ),
        _plain(pictures) if pictures is not None else _NO_PICTURES,
        _interleaved(kernels, target) if target is not None else _NO_TARGET,
        _plain(weight) if weight is not None else _NO_WEIGHT,
        weight is not None,
        np.float32(scale),
        losses,
        by_points,
        by_marks,
        by_backgrounds,
        by_frames,
        by_stops,
    )

    def work(first_unit: int, last_unit: int) -> None:
        scratch = _scratch(band_rows, width)
        scratch[-2:] = kernels.work(getattr(kernels, mode), first_unit, last_unit, *arguments, *scratch)

    share_out(work, batch * strips)
    total = torch.from_numpy(losses.sum(0).astype(np.float32))
    if not taped:
        return total, None
    of_marks = _summed(by_marks)
    of_fills = (None, None) if fill is None else (_summed(by_frames), _summed(by_stops))
    return total, Derivatives(_summed(by_points), of_marks[:, :3], of_marks[:, 3], _summed(by_backgrounds), *of_fills)


_NO_PICTURES = np.empty((0, 0, 0, 4), np.float32)
_NO_TARGET = np.empty((0, 0, 4), np.float32)
_NO_WEIGHT = np.empty((0, 0), np.float32)
_NO_FILL = (
    np.empty(0, np.int32), np.empty((0, 6), np.float32), np.empty(0, np.int32), np.empty(0, np.float32), np.empty((0, 4), np.float32)
)  # fmt: skip


def _summed(parts: np.ndarray[Any, np.dtype[np.float32]]) -> Tensor:
    """The strips' shares added in order."""
    return torch.from_numpy(parts[0] if len(parts) == 1 else parts.sum(0))


def _plain(tensor: Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    if tensor.device.type != "cpu":
        raise CreativityError(f"the numba backend draws on the CPU, and these outlines are on {tensor.device}")
    if tensor.dtype is not torch.float32 or not tensor.is_contiguous():
        tensor = tensor.to(torch.float32).contiguous()
    return tensor.detach().numpy()


def _interleaved(kernels: Any, target: Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    """``(H, W, 4)`` of a target ``(4, H, W)``: a copy, unless its memory is that already."""
    by_pixel = target.permute(1, 2, 0)
    if by_pixel.is_contiguous():
        return _plain(by_pixel)
    planes = _plain(target)
    pixels = np.empty((*planes.shape[1:], 4), np.float32)
    kernels.interleave(planes, pixels)
    return pixels


_own = threading.local()


def _scratch(band_rows: int, width: int) -> list[Any]:
    """This thread's cells, bits, canvas, its gradient, slopes, spans and pieces, for a band of this size.

    Kept between calls: fresh memory costs a page fault every 4 kB, as much as a small picture costs to draw.
    """
    pixels, words = band_rows * width, band_rows * ((width >> 6) + 1)
    kept: list[Any] | None = getattr(_own, "scratch", None)
    if kept is None or len(kept[0]) < pixels or len(kept[1]) < words:
        kept = [
            np.zeros(pixels, np.uint64),
            np.zeros(words, np.uint64),
            np.empty(pixels * 4, np.float32),
            np.empty(pixels * 4, np.float32),
            np.zeros(pixels, np.float32),
            np.empty((4096, 4), np.float32),
            np.empty((4096, 4), np.float32),
        ]
        _own.scratch = kept
    return kept
