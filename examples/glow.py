"""A renderer of your own in a file: soft lights on black, in plain torch.

    creativity fit photo.jpg --plugin examples/glow.py --renderer glow --set renderer.count=80 -o glow.png

It needs no kernels and no SVG: genomes in, images out. Gradients come from torch, evolution works on anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from creativity import registry
from creativity.options import option
from creativity.renderers.genome import Block, ParamSpec
from creativity.streams import Stream


@dataclass(frozen=True)
class GlowOptions:
    count: int = option(40, "how many lights", low=1, high=2000)
    softness: float = option(1.0, "how far each shines", above=0.0, high=10.0)


class Glow:
    """Lights that add up: each a place, a size and a colour."""

    Options = GlowOptions
    differentiable = True  # torch can go back through ``render``
    resolution_free = True  # places are in units of the canvas, so any size shows the same picture
    transparent = False

    def __init__(self, options: GlowOptions):
        self.options = options
        self.spec = ParamSpec(
            (
                Block("place", (options.count, 2)),
                Block("size", (options.count,), "bounded", low=0.01, high=0.5),
                Block("colour", (options.count, 3), "bounded"),
            )
        )

    def init(self, n: int, stream: Stream, hint: Tensor | None = None) -> Tensor:
        rng = stream.at()
        values = {block.name: torch.from_numpy(rng.random((n, *block.shape))) for block in self.spec.blocks}
        values["size"] = 0.05 + 0.1 * values["size"]
        values["colour"] *= 0.3
        return self.spec.encode(values)

    def render(self, genomes: Tensor, size: tuple[int, int], seed: int = 0, alpha: bool = False) -> Tensor:
        height, width = size
        values = self.spec.decode(genomes)
        x = (torch.arange(width) + 0.5) / width
        y = (torch.arange(height) + 0.5) / height
        reach = self.options.softness * values["size"][..., None]
        across = torch.exp(-(((x - values["place"][..., :1]) / reach) ** 2))  # (B, N, W)
        down = torch.exp(-(((y - values["place"][..., 1:]) / reach) ** 2))  # (B, N, H)
        images = torch.einsum("bnc,bnh,bnw->bchw", values["colour"], down, across).clamp(0, 1)
        images = images.nan_to_num()  # a genome may hold any number, a picture may not
        return torch.cat([images, torch.ones_like(images[:, :1])], dim=1) if alpha else images


registry.renderers.register("glow", Glow)
