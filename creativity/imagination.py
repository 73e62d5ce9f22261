"""What a search for words begins with: a prior draws several pictures of them, an encoder chooses one. It is never the result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from creativity import images
from creativity.models.encoders.base import Encoder
from creativity.models.priors.base import Prior
from creativity.objectives.cutouts import interpolation
from creativity.objectives.prompts import Prompt
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


BLEND = 0.08
"""How wide the seams are where parts of a picture meet, as a part of its side."""


def imagine_all(
    prompts: Sequence[Prompt], prior: Prior, encoder: Encoder, samples: int, seed: int, canvas: tuple[int, ...], side: int
) -> Picture:
    """A picture of one prompt; or of several, each in a part of its own: rows of boxes whose areas are the prompts' weights, those
    with a place as near to it as may be, with soft seams.

    Raises CreativityError where the prior knows nothing in one of them.
    """
    if len(prompts) == 1:
        return imagine(prompts[0].text, prior, encoder, samples, seed, canvas, side)
    height, width = fit_box(side, canvas)
    boxes = shared_out([max(prompt.weight, prompt.last) for prompt in prompts])
    total, weights = torch.zeros(3, height, width), torch.zeros(height, width)
    for prompt, (top, left, high, wide) in zip(_seated(prompts, boxes), boxes, strict=True):
        # With room for the seams around it.
        rows = [round((top - BLEND / 2) * height), round((top + high + BLEND / 2) * height)]
        columns = [round((left - BLEND / 2) * width), round((left + wide + BLEND / 2) * width)]
        box = (columns[1] - columns[0], rows[1] - rows[0])
        picture = imagine(prompt.text, prior, encoder, samples, seed, box, max(box))
        part = torch.from_numpy(picture[..., :3].copy()).permute(2, 0, 1).float() / 255
        inside = (max(0, -rows[0]), min(box[1], height - rows[0])), (max(0, -columns[0]), min(box[0], width - columns[0]))
        soft = _seam(box[1], BLEND * height)[:, None] * _seam(box[0], BLEND * width)[None]
        within = (slice(*inside[0]), slice(*inside[1]))
        place = (
            slice(rows[0] + inside[0][0], rows[0] + inside[0][1]),
            slice(columns[0] + inside[1][0], columns[0] + inside[1][1]),
        )
        total[(slice(None), *place)] += (part * soft)[(slice(None), *within)]
        weights[place] += soft[within]
    return images.canonical(images.open_picture((total / weights.clamp_min(1e-6)).clamp(0, 1).permute(1, 2, 0).numpy()))


def shared_out(weights: Sequence[float]) -> list[tuple[float, float, float, float]]:
    """Boxes (top, left, height, width) that share the unit square by weights, in reading order."""
    rows = math.ceil(math.sqrt(len(weights)))
    bounds = [round(k * len(weights) / rows) for k in range(rows + 1)]
    boxes, top = [], 0.0
    for first, last in pairwise(bounds):
        high, left = sum(weights[first:last]) / sum(weights), 0.0
        for weight in weights[first:last]:
            wide = weight / sum(weights[first:last])
            boxes.append((top, left, high, wide))
            left += wide
        top += high
    return boxes


def _seated(prompts: Sequence[Prompt], boxes: Sequence[tuple[float, float, float, float]]) -> list[Prompt]:
    """The prompts in the order of the boxes they get: by their order, but those with a place swap to be nearer to it."""

    def away(prompt: Prompt, box: tuple[float, float, float, float]) -> float:
        if prompt.place is None:
            return 0.0
        top, left, high, wide = box
        return (left + wide / 2 - prompt.place[0]) ** 2 + (top + high / 2 - prompt.place[1]) ** 2

    seats = [*prompts]
    for _ in seats:  # a few rounds of swaps are the best order, or as good as it
        for a, b in combinations(range(len(seats)), 2):
            now = away(seats[a], boxes[a]) + away(seats[b], boxes[b])
            if away(seats[a], boxes[b]) + away(seats[b], boxes[a]) < now - 1e-9:
                seats[a], seats[b] = seats[b], seats[a]
    return seats


def _seam(length: int, blend: float) -> Tensor:
    """Rises from 0 to 1 over ``blend`` pixels at both ends."""
    line = torch.arange(length) + 0.5
    return torch.minimum(line, length - line).div(max(1.0, blend)).clamp(1e-3, 1)


def _widened(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """A square picture (3, S, S) in the middle of a canvas (H, W) that may be no square: its borders go on beyond it."""
    square, drawn = min(size), picture.shape[1]

    def line(side: int) -> Tensor:
        length = torch.tensor([side * drawn / square])
        return interpolation((drawn - length) / 2, length, side, drawn)[0]

    return line(size[0]) @ picture @ line(size[1]).T
