"""The grain of a paper: where a brush skips over it, and the paper shows through.

One map for all pictures, in units of their long side: a large picture shows the grain, a small one what is left of it from afar.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from creativity.streams import Streams

SIDE = 1536
"""Pixels of the map: a picture that is larger shows it smoothly enlarged."""

FINE, COARSE = 1 / 480, 1 / 80
"""The wavelengths of tooth and of cloudiness, in long sides."""

HOLLOW, EDGE = 0.35, 0.35
"""How much of the paper lies deep, and how softly that begins, in standard deviations."""


@lru_cache(maxsize=4)
def paper(size: tuple[int, int]) -> Tensor:
    """How deep the paper lies at each pixel of ``size`` (H, W), in [0, 1]: a third of it out of a brush's reach."""
    height, width = size
    long = max(size)
    rows, columns = (max(1, round(SIDE * side / long)) for side in (height, width))
    here = _map()[None, None, :rows, :columns]
    if long <= SIDE:
        return torch.nn.functional.interpolate(here, size, mode="area")[0, 0]
    return torch.nn.functional.interpolate(here, size, mode="bilinear", align_corners=False)[0, 0].clamp(0, 1)


@lru_cache(maxsize=1)
def _map() -> Tensor:
    """(SIDE, SIDE): white noise in two bands, of which the deepest third stays."""
    noise = np.fft.rfft2(Streams(0)("grain").at(0).standard_normal((SIDE, SIDE)))
    waves = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)) * SIDE  # of a long side
    height = sum(
        share * band / band.std()
        for share, length in ((1.0, FINE), (0.25, COARSE))
        for band in (np.fft.irfft2(noise * np.exp(-0.5 * ((waves * length - 1) / 0.45) ** 2) / np.maximum(waves, 1), (SIDE, SIDE)),)
    )
    height /= height.std()
    deepest = np.quantile(height, HOLLOW)
    return torch.from_numpy((1 / (1 + np.exp((height - deepest) / (0.5 * EDGE)))).astype(np.float32))
