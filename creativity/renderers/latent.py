"""Pictures that the decoder of an autoencoder makes: a search among what it knows how to draw.

The genome is the grid of latents of one of diffusers' autoencoders (van den Oord et al. 2017; Rombach et al. 2022; Bohan's tiny
ones), as in VQGAN-CLIP (Crowson et al. 2022, arXiv:2204.08583).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from creativity.models.autoencoders import Autoencoder, open_autoencoder
from creativity.options import option
from creativity.renderers.base import Renderer, Size
from creativity.renderers.genome import Block, ParamSpec
from creativity.renderers.pixels import resized
from creativity.streams import Stream


@dataclass(frozen=True)
class LatentOptions:
    model: str = option("", "an autoencoder of diffusers: a folder that it saved, or a name on the hub such as madebyollin/taesd")
    columns: int = option(16, "how many latents across; each is a square of pixels", low=1, high=512)
    rows: int = option(16, "how many down", low=1, high=512)
    weights: str = option("", "sha256 of the autoencoder's weights; noted by itself")


class Latent(Renderer):
    """A grid of latents, decoded, and shown at any size.

    Raises CreativityError, with the command that fetches it, where the autoencoder is not on this machine.
    """

    Options = LatentOptions
    coarsens: ClassVar[bool] = False

    def __init__(self, options: LatentOptions):
        super().__init__(options)
        self.autoencoder: Autoencoder = open_autoencoder(options.model)
        self.options = replace(options, weights=self.autoencoder.digest)

    @cached_property
    def spec(self) -> ParamSpec:
        shape = (self.autoencoder.channels, self.options.rows, self.options.columns)
        return ParamSpec((Block("latents", shape, centre=0.0, scale=0.5, per_mark=False),))

    def init(self, n: int, stream: Stream, hint: Tensor | None = None) -> Tensor:
        """Quiet noise; with a hint (4, H, W) its own latents, and a little noise."""
        noise = torch.from_numpy(stream.at(0).standard_normal((n, self.spec.size), dtype=np.float32))
        if hint is None:
            return 0.5 * noise
        size = self.options.rows * self.autoencoder.factor, self.options.columns * self.autoencoder.factor
        seen = resized((hint[:3] + 1 - hint[3:])[None], size, "bilinear").clamp(0, 1)
        return self.autoencoder.encode(seen).flatten(1).float() + 0.1 * noise

    def latents(self, genomes: Tensor) -> Tensor:
        """Genomes (B, D) -> (B, D), which a prior of the decoder would have with variance 1."""
        return genomes.nan_to_num(nan=0.0, posinf=1e3, neginf=-1e3).clamp(-1e3, 1e3)

    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False) -> Tensor:
        """Genomes (B, D) -> (B, 3, H, W); with ``alpha`` (B, 4, H, W), nowhere clear."""
        latents = self.latents(genomes).unflatten(1, (self.autoencoder.channels, self.options.rows, self.options.columns))  # type: ignore[no-untyped-call]
        pictures = resized(self.autoencoder.decode(latents).nan_to_num(0.5).clamp(0, 1), size, "bilinear")
        pictures = pictures + (pictures.clamp(0, 1) - pictures).detach()
        return torch.cat([pictures, torch.ones_like(pictures[:, :1])], 1) if alpha else pictures
