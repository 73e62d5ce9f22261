"""A network that paints place by place, its weights made by another from latents: one generator of pictures of any size.

Ha's "Generating Large Images from Latent Vectors" (2016), with sines whose frequencies and phases the latents set (SIREN: Sitzmann et al.
2020, arXiv:2006.09661; pi-GAN: Chan et al. 2021, arXiv:2012.00926): that moves and scales what is drawn, where a latent that is only one
more input could but mix.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from creativity.errors import CreativityError
from creativity.models import weights
from creativity.models.generators.base import MOST, Generator
from creativity.options import NoOptions, build, option

KIND = "creativity generator 1"
"""The note in each file of weights, that says how it was taught."""

FREQUENCIES = 1.5, 26.0
"""Of the first layer's sines as they begin, in radians from the middle of a picture to its edge."""

CHUNK = 1 << 14
"""Places that are in memory at once."""


@dataclass(frozen=True)
class Shape:
    latents: int = option(48, "numbers that a picture is made of", low=1, high=MOST)
    width: int = option(96, "sines in each layer of the network that paints", low=4, high=512)
    layers: int = option(4, "layers of sines", low=1, high=16)
    hidden: int = option(192, "units in each layer of the network that makes its weights", low=4, high=2048)


class Coordinates(nn.Module):
    """Latents (B, N) -> the weights of a network from a place (x, y, distance from the middle) to a colour."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        width, layers = shape.width, shape.layers
        self.hear = nn.Linear(shape.latents, shape.hidden)
        self.think = nn.Linear(shape.hidden, shape.hidden)
        self.bend = nn.Linear(shape.hidden, 2 * layers * width)
        self.colour = nn.Linear(shape.hidden, 3 * (width + 1))
        self.sines = nn.ModuleList(nn.Linear(width if layer else 3, width) for layer in range(layers))

    @torch.no_grad()
    def begin(self, random: np.random.Generator) -> None:
        """First weights: layers of sines as in SIREN, the first one's from slow to fast; latents bend them little."""
        drawn(self, random)
        first, *deep = (layer for layer in self.sines if isinstance(layer, nn.Linear))
        low, high = FREQUENCIES
        spread = torch.exp(torch.linspace(math.log(low), math.log(high), self.shape.width))
        ways = torch.from_numpy(random.standard_normal(first.weight.shape, dtype=np.float32))
        first.weight.copy_(F.normalize(ways, dim=1) * spread[:, None])
        for layer in deep:
            layer.weight.mul_(1.4 * math.sqrt(6))
        for layer in (first, *deep):
            layer.bias.copy_(torch.from_numpy(random.uniform(-math.pi, math.pi, layer.bias.shape).astype(np.float32)))
        self.bend.weight.mul_(0.5)

    def layers(self, latents: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Latents (B, N) -> weights (B, units, inputs) and biases (B, units) of each layer of the network that paints."""
        shape = self.shape
        heard = F.silu(self.think(F.silu(self.hear(latents))))
        gains, phases = self.bend(heard).float().unflatten(1, (2, shape.layers, shape.width)).unbind(1)
        last = self.colour(heard).float().unflatten(1, (3, shape.width + 1))
        made: list[tuple[Tensor, Tensor]] = [
            ((1 + gains[:, k, :, None]) * layer.weight, (1 + gains[:, k]) * layer.bias + math.pi * phases[:, k])
            for k, layer in enumerate(self.sines)
        ]
        return [*made, (last[:, :, :-1], last[:, :, -1])]

    def forward(self, latents: Tensor, places: Tensor) -> Tensor:
        """Latents (B, N), places (P, 3) -> colours (B, P, 3) in [0, 1]."""
        (weights, biases), *deep = self.layers(latents)
        with torch.autocast("cpu", enabled=False):  # fine waves need all digits
            x = torch.sin(torch.baddbmm(biases[:, None], places.expand(len(latents), -1, -1), weights.mT))
        for weights, biases in deep[:-1]:
            x = torch.sin(torch.baddbmm(biases[:, None], x, weights.mT))
        weights, biases = deep[-1]
        return torch.sigmoid(torch.baddbmm(biases[:, None], x, weights.mT))

    def numbers(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Latents (B, N) -> weights (B, W) and biases (B, U) of the network that paints, layer by layer, row by row."""
        weights, biases = zip(*self.layers(latents), strict=True)
        return torch.cat([part.flatten(1) for part in weights], 1), torch.cat(biases, 1)


@torch.no_grad()
def drawn(net: nn.Module, random: np.random.Generator) -> None:
    """Weights from a uniform distribution as wide as torch's own, but from a stream; biases 0, and what is neither of length 1."""
    for tensor in net.parameters():
        reach = 1 / math.sqrt(tensor[0].numel()) if tensor.ndim > 1 else 0.0
        tensor.copy_(torch.from_numpy(random.uniform(-reach, reach, tensor.shape).astype(np.float32)))
    for buffer in net.buffers():
        buffer.copy_(F.normalize(torch.from_numpy(random.standard_normal(buffer.shape).astype(np.float32)), dim=0))


def places(size: tuple[int, int], rows: range | None = None, step: int = 1, corner: tuple[int, int] = (0, 0)) -> Tensor:
    """(P, 3) x, y and the distance from the middle, of every ``step``-th pixel from a ``corner``; the shorter side is from -1 to 1."""
    height, width = size
    lines = torch.arange(corner[0], height, step) if rows is None else torch.arange(rows.start, rows.stop)
    y = ((lines + 0.5) / height * 2 - 1) * (height / min(size))
    x = ((torch.arange(corner[1], width, step) + 0.5) / width * 2 - 1) * (width / min(size))
    y, x = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([x, y, torch.hypot(x, y)], -1).flatten(0, 1)


class Learned(Generator):
    """A generator from its file, its weights fixed. ``recipe`` says how it was taught.

    Raises CreativityError where the file is not there, or is none that `packed` made.
    """

    def __init__(self, path: Path, what: str):
        super().__init__()
        state, notes, self.digest = weights.read(path, what)
        if KIND not in notes:
            raise CreativityError(f"{path.name} is no generator that creativity train cppn made")
        try:
            self.recipe: dict[str, Any] = json.loads(notes[KIND])
            form = build(Shape, {field.name: self.recipe[field.name] for field in fields(Shape)}, path.name)
            self.net = Coordinates(form)
            self.net.load_state_dict(weights.unpack(state))
        except CreativityError:
            raise
        except (KeyError, TypeError, ValueError, RuntimeError):
            raise CreativityError(f"{path.name} is damaged: its weights are not those of the network that it says it holds") from None
        self.net.eval().requires_grad_(False)
        self.latents = form.latents

    def pictures(self, latents: Tensor, size: tuple[int, int]) -> Tensor:
        """Latents (B, N) -> pictures (B, 3, H, W), one after another."""
        parts = places(size).split(CHUNK)  # type: ignore[no-untyped-call]
        every = [torch.cat([self.net(one[None], part) for part in parts], 1) for one in latents]
        return torch.cat(every).mT.unflatten(2, size)  # type: ignore[no-untyped-call, no-any-return]


class Portraits(Learned):
    """People who never lived, in flat colours: 48 numbers each (training/portraits.py)."""

    def __init__(self, options: NoOptions):
        super().__init__(weights.FOLDER / "portraits.safetensors", "the embedded generator")
        self.options = options


def packed(net: Coordinates, recipe: dict[str, Any]) -> bytes:
    """The content of a generator's file: half-precision weights, and how it was taught."""
    from safetensors.torch import save

    state = {name: value.half().contiguous() for name, value in net.state_dict().items()}
    # One note alone, for several come in any order, and the same teaching makes the same bytes.
    return save(state, {KIND: json.dumps({**recipe, **asdict(net.shape)}, sort_keys=True)})


@lru_cache(maxsize=4)
def open_learned(where: str, changed: int = 0) -> Learned:
    """The generator in a file; ``changed`` is when the file was, so that a newer one is read again."""
    return Learned(Path(where), where)
