"""What joins a kernel that knows its own gradient to torch, once for every backend."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from creativity.renderers.raster import Outlines


class Derivatives(NamedTuple):
    """Of the loss, each shaped like the input of its name; of what fills gradients, None where there are none."""

    points: Tensor
    colours: Tensor
    opacities: Tensor
    backgrounds: Tensor
    frames: Tensor | None = None
    stops: Tensor | None = None


class Kernels(Protocol):
    """A backend: a module with these functions. Pictures here are ``(B, H, W, 4)``, contiguous."""

    def forward(self, outlines: Outlines, size: tuple[int, int]) -> Tensor:
        """The pictures."""

    def backward(self, outlines: Outlines, pictures: Tensor, upstream: Tensor) -> Derivatives:
        """The gradients, from what `forward` returned and the gradient of the loss with respect to it."""

    def compare(self, outlines: Outlines, target: Tensor, weight: Tensor | None, gradients: bool) -> tuple[Tensor, Derivatives | None]:
        """The losses ``(B,)`` and, if asked for, the gradients of their sum; ``target (4, H, W)``."""

    def prepare(self) -> None:
        """Compiles or loads whatever the other functions need."""


def render(outlines: Outlines, size: tuple[int, int], kernels: Kernels) -> Tensor:
    """Pictures ``(B, 4, H, W)``, a view of what the kernels wrote."""
    leaves = _leaves(outlines)
    if not _wanted(leaves):
        return kernels.forward(outlines, size).permute(0, 3, 1, 2)
    pictures: Tensor = _Render.apply(*leaves, outlines, size, kernels)  # type: ignore[no-untyped-call]
    return pictures.permute(0, 3, 1, 2)


def squared_error(outlines: Outlines, target: Tensor, weight: Tensor | None, kernels: Kernels) -> Tensor:
    """Losses ``(B,)``."""
    leaves = _leaves(outlines)
    if not _wanted(leaves):
        return kernels.compare(outlines, target, weight, gradients=False)[0]
    losses: Tensor = _SquaredError.apply(*leaves, outlines, target, weight, kernels)  # type: ignore[no-untyped-call]
    return losses


def _wanted(leaves: tuple[Tensor | None, ...]) -> bool:
    """Whether anybody can ask for gradients; decided here because inside a Function they are always off."""
    return torch.is_grad_enabled() and any(leaf is not None and leaf.requires_grad for leaf in leaves)


def _leaves(outlines: Outlines) -> tuple[Tensor | None, ...]:
    fill = outlines.gradients
    of_fill = (None, None) if fill is None else (fill.frames, fill.colours)
    return outlines.points, outlines.colours, outlines.opacities, outlines.backgrounds, *of_fill


class _Render(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Tensor:
        *_, outlines, size, kernels = arguments
        pictures: Tensor = kernels.forward(outlines, size)
        ctx.outlines, ctx.kernels = outlines, kernels
        ctx.save_for_backward(*_leaves(outlines), pictures)
        return pictures

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        pictures = ctx.saved_tensors[-1]
        return *ctx.kernels.backward(ctx.outlines, pictures, upstream), None, None, None


class _SquaredError(torch.autograd.Function):
    """The gradient is taken on the way forward, while a band of the picture is still in the cache.

    What is kept for `backward` is as large as the parameters, never as large as the pictures; `backward` itself only
    scales each image's share.
    """

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Tensor:
        *_, outlines, target, weight, kernels = arguments
        losses, gradients = kernels.compare(outlines, target, weight, gradients=True)
        ctx.outlines = outlines
        ctx.save_for_backward(*gradients)
        return losses  # type: ignore[no-any-return]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        points, colours, opacities, backgrounds, frames, stops = ctx.saved_tensors
        outlines: Outlines = ctx.outlines
        if len(upstream) == 1:
            of_mark = of_point = of_stop = upstream
        elif upstream.device.type != "cpu":
            first_mark = outlines.images.to(upstream.device)
            first_point = outlines.contours.to(upstream.device)[outlines.marks.to(upstream.device)[first_mark.long()].long()]
            of_mark, of_point = of_images(upstream, first_mark, len(colours)), of_images(upstream, first_point, len(points))
            if outlines.gradients is not None:
                first_stop = outlines.gradients.stops.to(upstream.device)[first_mark.long()]
                of_stop = of_images(upstream, first_stop, len(outlines.gradients.places))
        else:
            first_mark = outlines.images.long()
            first_point = outlines.contours.long()[outlines.marks.long()[first_mark]]
            of_mark = upstream.repeat_interleave(first_mark.diff())
            of_point = upstream.repeat_interleave(first_point.diff())
            if outlines.gradients is not None:
                of_stop = upstream.repeat_interleave(outlines.gradients.stops.long()[first_mark].diff())
        return (
            points * of_point[:, None],
            colours * of_mark[:, None],
            opacities * of_mark,
            backgrounds * upstream[:, None],
            None if frames is None else frames * of_mark[:, None],
            None if stops is None else stops * of_stop[:, None],
            *(None,) * 4,
        )


def of_images(values: Tensor, offsets: Tensor, count: int) -> Tensor:
    """Values (B,) of images repeated for their entries, (count,), by offsets (B + 1,); nobody waits to learn how many each has."""
    entries = torch.arange(count, dtype=offsets.dtype, device=offsets.device)
    return values[torch.searchsorted(offsets[1:], entries, right=True).clamp_max(len(values) - 1)]
