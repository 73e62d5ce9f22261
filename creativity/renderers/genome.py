"""The genome: a flat float32 vector of unconstrained numbers, in named blocks.

A renderer describes its genome by a ``ParamSpec``. Every block names the bijection that takes its unconstrained
numbers to its range and back, so that any real vector is a picture, any picture's values are a vector, and
optimizers can exchange solutions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor


class _Bounded(torch.autograd.Function):
    """Clamp to [0, 1] whose gradient lives at and beyond the ends, wherever a step would lead back inside.

    A plain clamp or a sigmoid kills the gradient of a colour of exactly 0 or 1, which is what greedy searches and
    imported drawings are full of. Here a number at the end of its range still feels every pull inwards, and one
    that was carried beyond is never pushed further out.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(0.0, 1.0).nan_to_num(nan=0.0)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        (grad,) = grads
        outward = ((x <= 0.0) & (grad > 0.0)) | ((x >= 1.0) & (grad < 0.0))
        return torch.where(outward, torch.zeros_like(grad), grad)


def _bounded(x: Tensor) -> Tensor:
    return _Bounded.apply(x)  # type: ignore[no-any-return, no-untyped-call]


class Bijection(NamedTuple):
    """From unconstrained numbers to the unit range and back; ``inverse(forward(x))`` is ``x`` inside the range."""

    forward: Callable[[Tensor], Tensor]
    inverse: Callable[[Tensor], Tensor]


BIJECTIONS: dict[str, Bijection] = {
    "identity": Bijection(lambda x: x, lambda u: u),
    "bounded": Bijection(_bounded, lambda u: u),
}


@dataclass(frozen=True)
class Block:
    """One named part of a genome.

    ``shape`` is its shape, with the number of marks first where ``per_mark``; values run from ``low`` to ``high`` through
    ``bijection``, and are fixed where the two are one. An optimizer looks at (genome - ``centre``) / ``scale``; ``rate`` is
    the block's learning rate relative to the others, for gradients. The numbers of a block with ``choices`` choose one of
    these: between two of them there is nothing.
    """

    name: str
    shape: tuple[int, ...]
    bijection: str = "identity"
    low: float = 0.0
    high: float = 1.0
    centre: float = 0.5
    scale: float = 0.25
    rate: float = 1.0
    per_mark: bool = True
    choices: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class ParamSpec:
    """The blocks of a genome, in order. ``spec.size`` is D."""

    blocks: tuple[Block, ...]

    @cached_property
    def size(self) -> int:
        return sum(block.size for block in self.blocks)

    @cached_property
    def marks(self) -> int:
        """How many marks the genome describes."""
        return max((block.shape[0] for block in self.blocks if block.per_mark), default=1)

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Where each block lies in the genome."""
        starts, at = {}, 0
        for block in self.blocks:
            starts[block.name] = slice(at, at + block.size)
            at += block.size
        return starts

    def decode(self, genomes: Tensor) -> dict[str, Tensor]:
        """Genomes (B, D) -> values by block, each (B, *shape), inside the block's range. Differentiable."""
        values, at = {}, 0
        for bijection, neighbours in groupby(self.blocks, key=lambda block: block.bijection):
            blocks = list(neighbours)
            sizes = [block.size for block in blocks]
            # One call for neighbours: a step of gradient descent spends more on calls than on numbers.
            joined = BIJECTIONS[bijection].forward(genomes[:, at : at + sum(sizes)])
            units = torch.split(joined, sizes, dim=1)  # type: ignore[no-untyped-call]
            at += sum(sizes)
            for block, unit in zip(blocks, units, strict=True):
                shaped = unit.reshape(-1, *block.shape)
                values[block.name] = shaped if (block.low, block.high) == (0.0, 1.0) else block.low + (block.high - block.low) * shaped
        return values

    def encode(self, values: dict[str, Tensor]) -> Tensor:
        """Values by block, each (B, *shape) -> genomes (B, D): the inverse of ``decode``."""
        parts = []
        for block in self.blocks:
            unit = (values[block.name] - block.low) / ((block.high - block.low) or 1.0)
            parts.append(BIJECTIONS[block.bijection].inverse(unit).reshape(len(unit), -1))
        return torch.cat(parts, dim=1).float()

    @cached_property
    def centre(self) -> Tensor:
        """(D,) each number's search centre."""
        return torch.cat([torch.full((block.size,), block.centre) for block in self.blocks])

    @cached_property
    def scale(self) -> Tensor:
        """(D,) each number's search scale: optimizers look at (genome - centre) / scale."""
        return torch.cat([torch.full((block.size,), block.scale) for block in self.blocks])

    def rates(self, factors: dict[str, float]) -> Tensor:
        """(D,) relative learning rates: each block's own, times the caller's factor for it."""
        return torch.cat([torch.full((block.size,), block.rate * factors.get(block.name, 1.0)) for block in self.blocks])
