"""What a search for words begins with: a prior draws several pictures of them, an encoder chooses one. It is never the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from creativity import images
from creativity.models.encoders.base import Encoder
from creativity.models.priors.base import Prior
from creativity.objectives.cutouts import interpolation
from creativity.recipe import fit_box
from creativity.streams import Streams

Picture = np.ndarray[Any, Any]


def imagine(text: str, prior: Prior, encoder: Encoder, samples: int, seed: int, canvas: tuple[int, ...], side: int) -> Picture:
    """Of ``samples`` pictures of a text the one that is nearest to it, uint8 RGBA (H, W, 4) with the canvas's aspect, ``side`` long.

    Raises CreativityError where the prior knows nothing in the text that it could draw.
    """
    drawn = prior.pictures(text, samples, Streams(seed)("prior"))
    with torch.no_grad():
        nearness = (encoder.images(drawn) @ encoder.texts([text]).T)[:, 0]
        picture = _widened(drawn[int(nearness.argmax())], fit_box(side, canvas))
    return images.canonical(images.open_picture(picture.clamp(0, 1).permute(1, 2, 0).numpy()))


def _widened(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """A square picture (3, S, S) in the middle of a canvas (H, W) that may be no square: its borders go on beyond it."""
    square, drawn = min(size), picture.shape[1]

    def line(side: int) -> Tensor:
        length = torch.tensor([side * drawn / square])
        return interpolation((drawn - length) / 2, length, side, drawn)[0]

    return line(size[0]) @ picture @ line(size[1]).T
