"""Where a picture matters: a mask that somebody painted, or what stands out by itself.

What stands out: colours unlike their surround at several scales (Itti, Koch & Niebur 1998) and unlike the picture's mean
(Achanta et al. 2009), fine detail, colours of human skin, for faces are looked at first (Cerf et al. 2008), and all of it
more in the middle, where photographers put their subject (Tatler 2007).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from creativity import images
from creativity.errors import CreativityError
from creativity.palettes import oklab

Map: TypeAlias = npt.NDArray[np.float64]

AUTO = "auto"

LOOK_SIZE = 160
"""Long side, in pixels, at which a picture is looked at."""

SKIN = ((0.65, 0.25), (0.075, 0.035), (52.0, 18.0))
"""Lightness, chroma and hue (degrees) of human skin in OKLab, from pale to dark: mean and deviation."""


def masked(mask: images.RGBA) -> Map:
    """What matters, (H, W) in [0, 1], of a mask, uint8 RGBA: its brightness; what is clear is dark.

    Raises CreativityError for a mask that is the same everywhere.
    """
    red, green, blue, alpha = np.moveaxis(mask / 255, -1, 0)
    found: Map = (0.2126 * red + 0.7152 * green + 0.0722 * blue) * alpha
    if found.max() - found.min() < 1.5 / 255:
        plain = "black" if found.max() < 0.02 else "equally bright"
        raise CreativityError(f"the focus mask is {plain} everywhere; paint what matters bright, and leave the rest dark")
    return found


def salient(picture: images.RGBA) -> Map:
    """What stands out, (h, w) in [0, 1], of a picture, uint8 RGBA; zero everywhere where nothing does."""
    small = images.resized(picture, LOOK_SIZE) / 255
    alpha = small[..., 3]
    colours = oklab(small[..., :3] * alpha[..., None] + 1 - alpha[..., None])
    height, width = alpha.shape
    unit = max(height, width) / LOOK_SIZE
    eye = colours * (1.0, 2.0, 2.0)

    levels = {sigma: _blurred(eye, sigma * unit) for sigma in (1, 2, 4, 8, 16, 32)}
    around = [(centre, centre * ratio) for centre in (1, 2, 4, 8) for ratio in (4, 8) if centre * ratio <= 32]
    surround = np.sum([_length(levels[centre] - levels[wide]) for centre, wide in around], axis=0)
    unusual = _length(levels[1] - eye.mean(axis=(0, 1)))
    fine = _blurred(eye, 0.7 * unit)
    steps = [np.gradient(fine, axis=axis) if fine.shape[axis] > 1 else np.zeros_like(fine) for axis in (0, 1)]
    detail = _blurred(_length(np.concatenate(steps, axis=-1)), 4 * unit)
    found = 3.5 * _blurred(_skin(colours), 3 * unit)
    for weight, part in ((1.0, surround), (0.5, unusual), (1.0, detail)):
        found += weight * part / max(part.max(), 0.02)

    down, across = (((np.arange(side) + 0.5) / side - 0.5) / 0.38 for side in (height, width))
    middle = np.exp(-0.5 * (down[:, None] ** 2 + across**2))
    found = _blurred(found * alpha * (0.35 + 0.65 * middle), 3 * unit)
    low, high = np.percentile(found, (30, 99.5))
    plain = high - low < 0.05
    result: Map = np.zeros_like(found) if plain else np.clip((found - low) / (high - low), 0, 1)
    return result


def grain(picture: images.RGBA) -> tuple[Map, Map]:
    """Which way a picture, uint8 RGBA, runs: angles (h, w), along which it changes least, and in [0, 1] how clearly so.

    From the structure tensor, whose angles do not cancel where an edge has two sides (Bigün & Granlund 1987).
    """
    small = images.resized(picture, LOOK_SIZE) / 255
    eye = _blurred(oklab(small[..., :3] * small[..., 3:] + 1 - small[..., 3:]), 1.0)
    down, across = [np.gradient(eye, axis=axis) if eye.shape[axis] > 1 else np.zeros_like(eye) for axis in (0, 1)]
    products = np.stack([(across * across).sum(-1), (down * down).sum(-1), (across * down).sum(-1)], axis=-1)
    xx, yy, xy = np.moveaxis(_blurred(products, 3.0), -1, 0)
    angle: Map = 0.5 * np.arctan2(2 * xy, xx - yy) + 0.5 * np.pi
    clear: Map = np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-6)
    return angle, clear


def weights(matters: Map, size: tuple[int, int], strength: float) -> Tensor:
    """What matters, (h, w) in [0, 1], as weights (H, W): from 1, where it is 0, to ``strength``, where it is 1."""
    small = torch.from_numpy(np.ascontiguousarray(matters))[None, None]
    if small.shape[2] >= size[0] and small.shape[3] >= size[1]:
        fitted = F.interpolate(small, size=size, mode="area")
    else:
        fitted = F.interpolate(small, size=size, mode="bilinear", align_corners=False)
    return (1 + (strength - 1) * fitted[0, 0].clamp(0, 1)).float()


def _skin(colours: Map) -> Map:
    lightness, a, b = np.moveaxis(colours, -1, 0)
    features = (lightness, np.hypot(a, b), np.degrees(np.arctan2(b, a)))
    found: Map = np.exp(-0.5 * sum(((value - mean) / spread) ** 2 for value, (mean, spread) in zip(features, SKIN, strict=True)))
    return found


def _length(vectors: Map) -> Map:
    found: Map = np.sqrt((vectors**2).sum(axis=-1))
    return found


def _blurred(planes: Map, sigma: float) -> Map:
    """(H, W, ...) under a Gaussian, the border repeated."""
    reach = max(1, int(np.ceil(3 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        padded = np.pad(planes, [(reach, reach) if i == axis else (0, 0) for i in range(planes.ndim)], mode="edge")
        rows = np.moveaxis(padded, axis, 0)
        count = planes.shape[axis]
        planes = np.moveaxis(sum(height * rows[i : i + count] for i, height in enumerate(kernel)), 0, axis)
    return planes
