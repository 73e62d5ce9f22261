"""Pictures that a decoder makes of latents: a search among what it knows how to draw.

The genome is either a few numbers of which a generator draws a whole picture (`creativity.models.generators`), which evolution likes, or
the grid of latents of one of diffusers' autoencoders (van den Oord et al. 2017; Rombach et al. 2022; Bohan's tiny ones), as in VQGAN-CLIP
(Crowson et al. 2022, arXiv:2204.08583), which gradients search.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor

from creativity import registry
from creativity.errors import CreativityError
from creativity.models.autoencoders import open_autoencoder
from creativity.models.generators.base import Generator, checked
from creativity.models.generators.coordinates import Learned, open_learned, places
from creativity.options import option
from creativity.renderers import networks
from creativity.renderers.base import Renderer, Size
from creativity.renderers.cppn import BAND, walked
from creativity.renderers.genome import Block, ParamSpec
from creativity.renderers.networks import FUNCTIONS, Network
from creativity.renderers.pixels import resized
from creativity.streams import Stream

SIN, SIGMOID = FUNCTIONS.index("sin"), FUNCTIONS.index("sigmoid")

TRIED, LOOK = 512, 32
"""Draws of a generator that a hint is compared with, and pixels a side at which."""


@dataclass(frozen=True)
class LatentOptions:
    model: str = option(
        "portraits",
        "what draws: a generator (portraits, one of a plug-in, the file of creativity train cppn) or an autoencoder of diffusers "
        "(a folder that it saved, or a name on the hub such as madebyollin/taesd)",
    )
    columns: int = option(16, "of an autoencoder: how many latents across; each is a square of pixels", low=1, high=512)
    rows: int = option(16, "of an autoencoder: how many down", low=1, high=512)
    weights: str = option("", "sha256 of the weights; noted by itself")


class Decoder(Protocol):
    """Latents (B, *shape) -> pictures, whatever makes them."""

    shape: tuple[int, ...]
    digest: str
    differentiable: bool

    def bands(self, latents: Tensor, size: Size) -> Iterator[Tensor]:
        """Latents (B, *shape) -> parts (B, 3, rows, W) of their pictures, from the top."""
        ...

    def near(self, hint: Tensor, n: int, stream: Stream) -> Tensor:
        """Latents (n, *shape), all different, whose pictures come near to one (4, H, W)."""
        ...


class Latent(Renderer):
    """What a decoder draws of latents: a small generator that ships, one of your own, or an autoencoder of diffusers.

    Raises CreativityError, with the command that fetches it, where a decoder is not on this machine.
    """

    Options = LatentOptions
    coarsens: ClassVar[bool] = False

    def __init__(self, options: LatentOptions):
        super().__init__(options)
        self.decoder = _decoder(options)
        if options.weights and options.weights != self.decoder.digest:
            raise CreativityError(f"the artwork was drawn by {options.model} with other weights than the ones here; give it those")
        self.options = replace(options, weights=self.decoder.digest)
        self.differentiable = self.decoder.differentiable  # type: ignore[misc]

    @cached_property
    def spec(self) -> ParamSpec:
        return ParamSpec((Block("latents", self.decoder.shape, centre=0.0, scale=0.5, per_mark=False),))

    def init(self, n: int, stream: Stream, hint: Tensor | None = None) -> Tensor:
        """Draws of what a decoder was taught with; with a hint (4, H, W) such as come near it."""
        if hint is not None:
            return self.decoder.near(hint, n, stream).flatten(1)
        noise = _noise(n, self.decoder.shape, stream).flatten(1)
        return noise if self.moves else 0.5 * noise  # a grid of quiet noise is a quieter picture

    def latents(self, genomes: Tensor) -> Tensor:
        """Genomes (B, D) -> (B, D), which a prior of the decoder would have with variance 1."""
        return genomes.nan_to_num(nan=0.0, posinf=1e3, neginf=-1e3).clamp(-1e3, 1e3)

    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False, phase: float = 0.0) -> Tensor:
        """Genomes (B, D) -> (B, 3, H, W); with ``alpha`` (B, 4, H, W), nowhere clear; at a ``phase`` of a walk among latents."""
        parts = [*self.bands(genomes, size, seed, phase)]
        pictures = torch.cat(parts, 2) if len(parts) > 1 else parts[0]
        return torch.cat([pictures, torch.ones_like(pictures[:, :1])], 1) if alpha else pictures

    def bands(self, genomes: Tensor, size: Size, seed: int = 0, phase: float = 0.0) -> Iterator[Tensor]:
        """The same, (B, 3, rows, W) after one another from the top."""
        latents = walked(self.latents(genomes), phase).unflatten(1, self.decoder.shape)  # type: ignore[no-untyped-call]
        for band in self.decoder.bands(latents, size):
            yield band + (band.nan_to_num(0.5).clamp(0, 1) - band).detach()

    @property
    def moves(self) -> bool:
        """Whether ``phase`` changes the picture: between the latents of a generator there are pictures too."""
        return len(self.decoder.shape) == 1


def _decoder(options: LatentOptions) -> Decoder:
    name = options.model or LatentOptions.model
    if registry.generators.knows(name):
        generator = checked(registry.generators.create(name, {}), name)
        return Places(generator) if isinstance(generator, Learned) else Foreign(generator)
    if name.endswith(".safetensors"):
        path = Path(name)
        return Places(open_learned(name, path.stat().st_mtime_ns if path.is_file() else 0))
    return Grid(options)


class Places:
    """A generator that is a network of places: drawn in bands of pixels, each picture by itself."""

    differentiable = True

    def __init__(self, learned: Learned):
        self.net, self.digest = learned.net, learned.digest
        self.shape: tuple[int, ...] = (learned.latents,)
        form = learned.net.shape
        self.network = Network(3, (*((SIN,) * form.width,) * form.layers, (SIGMOID,) * 3))
        self._cached: tuple[tuple[Size, range], Tensor] | None = None

    def bands(self, latents: Tensor, size: Size) -> Iterator[Tensor]:
        made = [self.net.numbers(one[None]) for one in latents]  # a picture must not depend on its company
        weights, biases = (torch.cat(parts) for parts in zip(*made, strict=True))
        height, width = size
        lines = max(1, BAND // width)
        for first in range(0, height, lines):
            rows = range(first, min(first + lines, height))
            found = networks.values(self.network, self._features(size, rows), weights, biases)
            yield found.unflatten(2, (len(rows), width))  # type: ignore[no-untyped-call]

    def _features(self, size: Size, rows: range) -> Tensor:
        if self._cached is None or self._cached[0] != (size, rows):
            self._cached = (size, rows), places(size, rows).T.contiguous()
        return self._cached[1]

    def near(self, hint: Tensor, n: int, stream: Stream) -> Tensor:
        return _nearest(self, hint, n, stream)


class Foreign:
    """A generator of a plug-in: whole pictures, scaled to the size that is asked for."""

    def __init__(self, generator: Generator):
        self.generator, self.digest = generator, generator.digest
        self.shape: tuple[int, ...] = (generator.latents,)
        self.differentiable = generator.differentiable

    def bands(self, latents: Tensor, size: Size) -> Iterator[Tensor]:
        yield resized(self.generator.pictures(latents, size), size, "bilinear")

    def near(self, hint: Tensor, n: int, stream: Stream) -> Tensor:
        return _nearest(self, hint, n, stream)


class Grid:
    """The latents of an autoencoder: its encoder knows where a picture lies."""

    differentiable = True

    def __init__(self, options: LatentOptions):
        self.autoencoder = open_autoencoder(options.model)
        self.digest = self.autoencoder.digest
        self.shape: tuple[int, ...] = (self.autoencoder.channels, options.rows, options.columns)

    def bands(self, latents: Tensor, size: Size) -> Iterator[Tensor]:
        yield resized(self.autoencoder.decode(latents).nan_to_num(0.5).clamp(0, 1), size, "bilinear")

    def near(self, hint: Tensor, n: int, stream: Stream) -> Tensor:
        height, width = (count * self.autoencoder.factor for count in self.shape[1:])
        seen = resized((hint[:3] + 1 - hint[3:])[None], (height, width), "bilinear").clamp(0, 1)
        return self.autoencoder.encode(seen).float() + 0.1 * _noise(n, self.shape, stream)


def _noise(n: int, shape: tuple[int, ...], stream: Stream) -> Tensor:
    return torch.from_numpy(stream.at(0).standard_normal((n, *shape), dtype=np.float32))


@torch.no_grad()
def _nearest(decoder: Decoder, hint: Tensor, n: int, stream: Stream) -> Tensor:
    """Of `TRIED` draws the ``n`` whose pictures are nearest to a hint (4, H, W), the nearest first; (n, N)."""
    draws = torch.from_numpy(stream.at(1).standard_normal((max(TRIED, n), *decoder.shape), dtype=np.float32))
    height, width = hint.shape[1:]
    size = max(1, round(LOOK * height / max(height, width))), max(1, round(LOOK * width / max(height, width)))
    wanted = resized((hint[:3] + 1 - hint[3:])[None], size, "area")
    errors = [(torch.cat([*decoder.bands(few, size)], 2) - wanted).square().mean((1, 2, 3)) for few in draws.split(64)]  # type: ignore[no-untyped-call]
    return draws[torch.cat(errors).argsort()[:n]]
