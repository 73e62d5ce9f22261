"""The two towers of the embedded encoder: pictures and texts -> vectors of one space.

A small CLIP (Radford et al., 2021, arXiv:2103.00020).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from creativity.models.encoders.wordpieces import PADDING

SIZE = 48
"""Pictures are looked at with this many pixels a side."""
WIDTH = 192
"""Length of the vectors."""


class Block(nn.Module):
    """Two 3x3 convolutions around a shortcut (He et al., 2016). Smooth throughout (SiLU), for gradients that painting can follow."""

    def __init__(self, into: int, out: int, stride: int, norm: bool):
        super().__init__()
        self.first = convolution(into, out, 3, stride, norm)
        self.second = convolution(out, out, 3, 1, norm)
        self.shortcut = convolution(into, out, 1, stride, norm) if stride > 1 or into != out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(self.second(F.silu(self.first(x))) + self.shortcut(x))


def convolution(into: int, out: int, kernel: int, stride: int, norm: bool) -> nn.Module:
    """While it learns a convolution is followed by batch normalisation; a finished one has it folded in."""
    if not norm:
        return nn.Conv2d(into, out, kernel, stride, kernel // 2)
    return nn.Sequential(nn.Conv2d(into, out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(out))


class ImageTower(nn.Module):
    """Pictures (B, 3, S, S) in [0, 1] -> vectors (B, WIDTH), not yet of unit length.

    Two channels more hold each pixel's place, since "left of" and "in the top right corner" are about places and pooling forgets them.
    """

    widths = (32, 80, 192, 320)
    depths = (1, 1, 2, 2)

    def __init__(self, norm: bool = False):
        super().__init__()
        self.stem = convolution(5, self.widths[0], 3, 2, norm)
        blocks, into = [], self.widths[0]
        for stage, (width, depth) in enumerate(zip(self.widths, self.depths, strict=True)):
            for index in range(depth):
                blocks.append(Block(into, width, 2 if stage and not index else 1, norm))
                into = width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(2 * into, WIDTH)

    def forward(self, images: Tensor) -> Tensor:
        batch, _, height, width = images.shape
        down, across = (torch.linspace(-1, 1, n, dtype=images.dtype, device=images.device) for n in (height, width))
        place = torch.stack(torch.meshgrid(down, across, indexing="ij")).expand(batch, -1, -1, -1)
        x = torch.cat([images * 4 - 2, place], 1).contiguous(memory_format=torch.channels_last)
        x = self.blocks(F.silu(self.stem(x)))
        vectors: Tensor = self.head(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))
        return vectors


class TextTower(nn.Module):
    """Numbers of word pieces (T, L), padded -> vectors (T, WIDTH), not yet of unit length.

    Word order counts: "a left of b" is not "b left of a".
    """

    limit = 32
    inside = 128
    layers = 2

    def __init__(self, pieces: int):
        super().__init__()
        self.table = nn.Embedding(pieces, self.inside)
        self.place = nn.Parameter(torch.zeros(self.limit, WIDTH))
        self.widen = nn.Linear(self.inside, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 3 * WIDTH, dropout=0.0, activation=F.silu, batch_first=True, norm_first=True)
        self.mix = nn.TransformerEncoder(layer, self.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(2 * WIDTH)
        self.head = nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, pieces: Tensor) -> Tensor:
        absent = pieces == PADDING
        x = self.widen(self.table(pieces)) + self.place[: pieces.shape[1]]
        x = self.mix(x, src_key_padding_mask=absent)
        x = x.masked_fill(absent[..., None], 0)
        mean = x.sum(1) / (~absent).sum(1, keepdim=True)
        most = x.masked_fill(absent[..., None], -1e4).amax(1)
        vectors: Tensor = self.head(self.norm(torch.cat([mean, most], 1)))
        return vectors
