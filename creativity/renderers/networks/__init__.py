"""Small networks from features of a place to a colour, for whole populations, in blocks of pixels that stay in the cache.

Every picture has weights of its own, all of them one architecture: dense layers, each unit with its own function. A block of
pixels goes through all layers before the next one begins, so memory does not grow with the picture; for gradients a block
is computed again on the way back, so that nothing is kept between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from creativity import compiled
from creativity.errors import CreativityError

FUNCTIONS = ("identity", "tanh", "sin", "gauss", "sigmoid", "softplus", "relu", "atan")
"""What a unit makes of its sum. ``gauss`` is exp(-x^2); of ``atan`` there are two outputs, atan(x) / 0.67 and atan(x)^2 / 0.6,
which have the variance of what goes in (Lucid: Mordvintsev et al. 2018, "Differentiable Image Parameterizations")."""

ATAN = FUNCTIONS.index("atan")

PARTS = 16
"""A gradient is summed in so many parts of a picture, always the same, whatever the number of threads."""


@dataclass(frozen=True)
class Network:
    """Dense layers: how many features go in, and for each layer the functions of its units, as numbers of ``FUNCTIONS``.

    Either all units of a layer are ``atan`` or none.
    """

    features: int
    layers: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        for units in self.layers:
            if ATAN in units and set(units) != {ATAN}:
                raise CreativityError("a layer is all atan or not at all: each of them has two outputs")

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(units, inputs) of each layer."""
        shapes, into = [], self.features
        for units in self.layers:
            shapes.append((len(units), into))
            into = len(units) * (2 if units[0] == ATAN else 1)
        return tuple(shapes)

    @cached_property
    def weights(self) -> int:
        """How many weights there are; biases are as many as units."""
        return sum(units * inputs for units, inputs in self.shapes)

    @cached_property
    def units(self) -> int:
        return sum(units for units, _ in self.shapes)

    @cached_property
    def plan(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """What the kernels go by: (L, 4) units, inputs, first weight, first unit; and the functions of all units."""
        rows, weight, unit = [], 0, 0
        for units, inputs in self.shapes:
            rows.append((units, inputs, weight, unit))
            weight, unit = weight + units * inputs, unit + units
        return np.array(rows, np.int64), np.array([code for units in self.layers for code in units], np.int64)


def values(network: Network, features: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
    """Features (F, P) of places, weights (B, W) row by row of each layer, biases (B, U) -> outputs (B, units of the last layer, P).

    Differentiable in weights and biases. The same bits for any number of threads, and for a picture alone or among others.
    """
    if features.shape[0] != network.features or weights.shape[1] != network.weights or biases.shape[1] != network.units:
        raise CreativityError(
            f"the network takes features ({network.features}, P), weights (B, {network.weights}) and biases (B, {network.units}), "
            f"not {tuple(features.shape)}, {tuple(weights.shape)} and {tuple(biases.shape)}"
        )
    if torch.is_grad_enabled() and (weights.requires_grad or biases.requires_grad):
        found: Tensor = _Values.apply(weights, biases, network, features)  # type: ignore[no-untyped-call]
        return found
    return _forward(network, features, weights, biases)


def _kernels() -> Any:
    return compiled.compiled(f"{__name__}.kernels")


def _forward(network: Network, features: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
    kernels, (layers, codes) = _kernels(), network.plan
    out = torch.empty(len(weights), len(network.layers[-1]), features.shape[1])
    fixed = (layers, codes, *(tensor.detach().float().contiguous().numpy() for tensor in (features, weights, biases)), out.numpy())
    blocks = -(-features.shape[1] // kernels.BLOCK)
    runs = min(PARTS, blocks)
    compiled.share_out(lambda first, last: kernels.forward(first, last, runs, *fixed), runs * len(weights))
    return out


class _Values(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Tensor:
        weights, biases, network, features = arguments
        ctx.network, ctx.features = network, features
        ctx.save_for_backward(weights, biases)
        return _forward(network, features, weights, biases)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        weights, biases = ctx.saved_tensors
        kernels, (layers, codes) = _kernels(), ctx.network.plan
        runs = min(PARTS, -(-ctx.features.shape[1] // kernels.BLOCK))
        by_weights, by_biases = torch.zeros(len(weights), runs, weights.shape[1]), torch.zeros(len(weights), runs, biases.shape[1])
        given = (tensor.detach().float().contiguous().numpy() for tensor in (ctx.features, weights, biases, upstream[0]))
        fixed = (layers, codes, *given, by_weights.numpy(), by_biases.numpy())
        compiled.share_out(lambda first, last: kernels.backward(first, last, runs, *fixed), runs * len(weights))
        return by_weights.sum(1).to(weights.dtype), by_biases.sum(1).to(biases.dtype), None, None
