"""What can be told of a picture by counting its pixels: which colour a thing has, where it is, how many there are, what it resembles."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.judge.drawing import INKS

Array = np.ndarray
UNCOLOURED = ("black", "grey", "white")
IN_LIGHT = {"black": ("#333333", "#454545"), "yellow": ("#d9a800",), "green": ("#1a5c2a",)}
"""What a thing of that colour also has, where light falls on it or it lies in its own shade."""


def oklab(rgb: Array) -> Array:
    """sRGB (..., 3) in [0, 1] -> OKLab (Ottosson, 2020), in which near colours look alike."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((np.maximum(rgb, 0) + 0.055) / 1.055) ** 2.4)
    cones = np.array(
        [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]]
    )
    mixed = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.asarray(np.cbrt(linear @ cones.T) @ mixed.T)


@lru_cache(maxsize=1)
def _inks() -> tuple[list[str], Array]:
    named = [
        (name, [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        for name, codes in INKS.items()
        for code in (*codes, *IN_LIGHT.get(name, ()))
    ]
    return [name for name, _ in named], oklab(np.array([rgb for _, rgb in named])) * (0.6, 1, 1)


def colours(image: Tensor) -> Array:
    """The word for each pixel's colour, one of twelve: (3, H, W) -> (H, W) of strings."""
    names, inks = _inks()
    seen = oklab(image.permute(1, 2, 0).double().numpy()) * (0.6, 1, 1)
    words: Array = np.array(names)[((seen[..., None, :] - inks) ** 2).sum(-1).argmin(-1)]
    return words


def foreground(image: Tensor, apart: float = 0.14) -> Array:
    """Where a picture (3, H, W) is not the colour of its border: (H, W) of booleans."""
    border = torch.cat([image[:, 0], image[:, -1], image[:, :, 0], image[:, :, -1]], 1).median(1).values
    return np.asarray(((image - border[:, None, None]) ** 2).sum(0).sqrt().numpy() > apart)


def coloured(image: Tensor, colour: str) -> bool:
    """Whether a thing on a plain background has this colour: no other is more frequent, black, grey and white aside unless asked for."""
    words = colours(image)[foreground(image)]
    counted = [word for word in words if word == colour or word not in UNCOLOURED]
    if not counted:
        return False
    names, counts = np.unique(counted, return_counts=True)
    if colour in UNCOLOURED:
        return bool((words == colour).mean() >= 0.4)
    return bool(names[counts.argmax()] == colour)


def middle(image: Tensor, colour: str) -> tuple[float, float] | None:
    """Where the pixels of a colour are in the mean, (x, y) in [0, 1]; None where they are fewer than one in 200."""
    rows, columns = np.nonzero(colours(image) == colour)
    height, width = image.shape[1:]
    if len(rows) < height * width / 200:
        return None
    return float(columns.mean() / width), float(rows.mean() / height)


def related(image: Tensor, first: str, second: str, way: tuple[int, int]) -> bool:
    """Whether what is of the first colour lies on that side, (-1, 0) for left, (0, -1) for above, of what is of the second."""
    one, two = middle(image, first), middle(image, second)
    if one is None or two is None:
        return False
    along = (one[0] - two[0]) * way[0] + (one[1] - two[1]) * way[1]
    across = abs((one[0] - two[0]) * way[1]) + abs((one[1] - two[1]) * way[0])
    return along > 0.08 and along > across


def things(image: Tensor, least: float, apart: float = 0.2) -> list[Array]:
    """Where each separate thing on a plain background is; what is less than ``least`` of the largest is a speck and no thing."""
    from scipy import ndimage

    labels, found = ndimage.label(foreground(image, apart))
    areas = np.bincount(labels.ravel(), minlength=found + 1)[1:]
    return [labels == n + 1 for n in range(found) if areas[n] > least * areas.max()]


def count(image: Tensor) -> int:
    """How many separate things are on a plain background."""
    return len(things(image, 0.25))


def framed(image: Tensor, side: int = 24) -> Tensor:
    """The thing on a plain background, cut out and brought to one size (3, side, side), so that place and size tell nothing."""
    parts = things(image, 0.04, 0.14)
    if not parts:
        return F.interpolate(image[None], (side, side), mode="area")[0]
    rows, columns = np.nonzero(np.any(parts, 0))
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    half = max(bottom - top, right - left) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    height, width = image.shape[1:]
    at = (torch.arange(side * 2) + 0.5) / side - 1
    grid = torch.stack(torch.meshgrid((y + half * at) / height * 2 - 1, (x + half * at) / width * 2 - 1, indexing="ij")[::-1], -1).float()
    return F.avg_pool2d(F.grid_sample(image[None], grid[None], padding_mode="border", align_corners=False), 2)[0]


def explained(samples: Tensor, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """How much of each sample's variance its nearest picture explains, in [0, 1], and that picture's number.

    Both (n, 3, S, S), `framed`. It is the squared correlation, the best over all pictures and their mirror images.
    """

    def unit(images: Tensor) -> Tensor:
        flat = images.flatten(1)
        flat = flat - flat.mean(1, keepdim=True)
        return F.normalize(flat, dim=1, eps=1e-6)

    ours = unit(samples)
    similar = torch.stack([ours @ unit(one).T for one in (pictures, pictures.flip(3))]).amax(0)
    best = similar.clamp_min(0).max(1)
    return best.values**2, best.indices
