"""Where a drawing lacks most: the areas of one colour in which its error is, connected, and the largest first.

So LIVE (Ma et al. 2022) chooses where new paths begin.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch.nn.functional as F
from torch import Tensor

Array = np.ndarray[Any, Any]

SIDE = 128
"""The long side of the pixels in which areas are told apart."""

LEVELS = 6
"""Of each channel, that are told apart."""

UNSEEN = 3e-5
"""The part of a picture's area of which a mark must be seen by less, to be one that nobody sees."""


class Places(NamedTuple):
    """Where to put marks: middles (K, 2) in units of the canvas, radii (K,) in long sides, colours (K, 3)."""

    middles: Array
    radii: Array
    colours: Array


def lacking(picture: Tensor, target: Tensor, weight: Tensor | None, count: int) -> Places:
    """Of a picture against a target, both (4, H, W) premultiplied, where ``count`` marks would be of most use, the best first."""
    height, width = picture.shape[1:]
    shrunk = min(1.0, SIDE / max(height, width))
    size = max(1, round(height * shrunk)), max(1, round(width * shrunk))
    parts = [picture, target, *([] if weight is None else [weight[None]])]
    small = [F.interpolate(part[None], size=size, mode="area")[0].permute(1, 2, 0).double().numpy() for part in parts]
    error = ((small[0] - small[1]) ** 2).sum(axis=2) * (small[2][..., 0] if weight is not None else 1.0)
    colours = small[1][..., :3] / np.maximum(small[1][..., 3:], 1e-6)
    steps = np.clip((colours * LEVELS).astype(np.int64), 0, LEVELS - 1)
    # What is right already belongs to no area.
    keys = np.where(error > 0.25 * error.mean(), steps @ [1, LEVELS, LEVELS**2], -1)
    areas = connected(keys)
    found, of, sizes = np.unique(areas, return_inverse=True, return_counts=True)
    of = of.reshape(size)
    order = np.argsort(-np.bincount(of.ravel(), (error * (keys >= 0)).ravel()), kind="stable")
    chosen = order[np.arange(count) % min(count, len(found))]
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    middles = np.empty((count, 2))
    paints = np.empty((count, 3))
    for k, area in enumerate(chosen):
        here = of == area
        y, x, share = rows[here], columns[here], error[here] + 1e-12
        # The middle of an area that is bent may lie beside it: the nearest pixel that does not.
        nearest = np.argmin((y - np.average(y, weights=share)) ** 2 + (x - np.average(x, weights=share)) ** 2)
        middles[k] = x[nearest] / size[1], y[nearest] / size[0]
        paints[k] = np.average(colours[here], axis=0, weights=share)
    return Places(middles, np.sqrt(sizes[chosen] / np.pi) / max(size), paints)


def connected(keys: Array) -> Array:
    """A number for each pixel (H, W), the same for those of one key that are neighbours of each other, by their sides, or of such."""
    labels = np.arange(keys.size).reshape(keys.shape)
    beside, below = keys[:, 1:] == keys[:, :-1], keys[1:] == keys[:-1]
    while True:
        least = labels.copy()
        for same, one, other in ((beside, least[:, 1:], least[:, :-1]), (below, least[1:], least[:-1])):
            smaller = np.minimum(one, other)
            one[same] = smaller[same]
            other[same] = np.minimum(other, smaller)[same]  # which overlaps
        least = least.ravel()[least]
        if (least == labels).all():
            return labels
        labels = least
