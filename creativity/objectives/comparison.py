"""What objectives share that compare pictures with a target: the target at every size, where it matters, and what shows through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from creativity.errors import CreativityError
from creativity.objectives.base import Context, Objective

if TYPE_CHECKING:
    from creativity.problem import Candidates

Size = tuple[int, int]


class Comparison(Objective):
    """An objective writes ``compare``, pictures with what was learnt of the target, and ``study``, if there is much to learn.

    Both see sRGB pictures of three channels. Where the target or the pictures can be seen through, they are compared
    over black and over white, and the loss is the mean of the two: a pixel whose colour and opacity are right, and no
    other, looks right over both.
    """

    needs = ("target",)

    def __init__(self, options: Any):
        super().__init__(options)
        self.threads = 1  # what a kernel of its own may use; torch's operations here use one
        self._target: Tensor | None = None
        self._weight: Tensor | None = None
        self._goals: dict[Size, tuple[Tensor, Tensor | None]] = {}
        self._studies: dict[tuple[Size, float | None], Any] = {}

    def prepare(self, context: Context) -> None:
        """Take the target and the weight. Raises CreativityError without a target, or for a weight that does not fit it."""
        if context.target is None:
            raise CreativityError("this objective needs a picture to match; give one: creativity fit PICTURE")
        if context.weight is not None:
            if context.weight.shape != context.target.shape[1:]:
                raise CreativityError(f"the weight is {tuple(context.weight.shape)}, the target {tuple(context.target.shape[1:])}")
            if not (context.weight >= 0).all() or not context.weight.sum() > 0:
                raise CreativityError("weights must be at least 0, and some above 0")
        self._target, self._weight = context.target, context.weight
        self._clear = bool((context.target[3] < 1).any())
        self._goals.clear()
        self._studies.clear()

    def study(self, target: Tensor, weight: Tensor | None) -> Any:
        """What is compared with, from the target (1, 3, H, W) and the weight (H, W); asked for once per size and ground.

        By default the two themselves, the weight None where all counts alike.
        """
        return target, weight

    def compare(self, pictures: Tensor, study: Any) -> Tensor:
        """Losses (B,) of pictures (B, 3, H, W)."""
        raise NotImplementedError

    def goal(self, size: Size) -> tuple[Tensor, Tensor | None]:
        """Target and weight at the size that is scored, by exact area averages, made once per size."""
        if self._target is None:
            raise CreativityError("an objective was called before prepare()")
        if size not in self._goals:
            self._goals[size] = (_shrunk(self._target, size), None if self._weight is None else _shrunk(self._weight[None], size)[0])
        return self._goals[size]

    def __call__(self, candidates: Candidates) -> Tensor:
        return candidates.in_parts(self._losses)

    def _losses(self, candidates: Candidates) -> Tensor:
        self.threads = torch.get_num_threads()
        target, weight = self.goal(candidates.size)
        grounds = (0.0, 1.0) if self._clear or candidates.transparent else (None,)
        studies = []
        for ground in grounds:
            if (candidates.size, ground) not in self._studies:
                with torch.no_grad(), _on_threads(1):
                    self._studies[candidates.size, ground] = self.study(over(target[None], ground).contiguous(), weight)
            studies.append(self._studies[candidates.size, ground])

        def losses(pictures: Tensor) -> Tensor:
            planes = pictures.contiguous()  # the renderers' channels lie side by side; most arithmetic wants them apart
            seen = [self.compare(over(planes, ground), study) for ground, study in zip(grounds, studies, strict=True)]
            return seen[0] if len(seen) == 1 else (seen[0] + seen[1]) / 2

        return scored(candidates.images(candidates.size, alpha=True), losses)


def over(pictures: Tensor, ground: float | None) -> Tensor:
    """Premultiplied RGBA (B, 4, H, W) on a grey ground -> (B, 3, H, W); None: all is opaque."""
    return pictures[:, :3] if not ground else pictures[:, :3] + ground * (1 - pictures[:, 3:])


def mean(values: Tensor, weight: Tensor | None = None) -> Tensor:
    """(B, C, H, W) -> (B,): the mean over channels and pixels, weighted (H, W).

    Row by row, so that the result depends neither on the number of threads nor on what else is in the batch.
    """
    rows = (values if weight is None else values * weight).sum(-1)
    total = rows.flatten(1).sum(1)
    return total / (values[0].numel() if weight is None else values.shape[1] * weight.sum())


def halved(planes: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C, H / 2, W / 2), rounded up: each pixel the mean of those that it covers."""
    return F.avg_pool2d(planes, 2, ceil_mode=True)


def scored(pictures: Tensor, losses: Callable[[Tensor], Tensor], threads: int = 1) -> Tensor:
    """Losses (B,) of pictures, with their gradient, taken on the way forward and on one thread.

    Waking other threads for each of dozens of short operations costs more than they bring, much more on a busy machine; and so
    no result depends on how many there are. ``threads`` is for what has long operations.
    """
    found: Tensor = _Scored.apply(pictures, losses, threads)  # type: ignore[no-untyped-call]
    return found


@contextmanager
def _on_threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Scored(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, pictures: Tensor, losses: Callable[[Tensor], Tensor], threads: int) -> Tensor:
        with _on_threads(threads):
            if not pictures.requires_grad:
                return losses(pictures)
            with torch.enable_grad():
                leaf = pictures.detach().requires_grad_()
                found = losses(leaf)
                (gradient,) = torch.autograd.grad(found.sum(), leaf)
        ctx.save_for_backward(gradient)
        return found.detach()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * upstream[:, None, None, None], None, None


def _shrunk(picture: Tensor, size: Size) -> Tensor:
    """With the channels of a pixel side by side in memory, as the kernels want them."""
    small = picture if tuple(picture.shape[1:]) == size else F.interpolate(picture[None], size=size, mode="area")[0]
    return small.permute(1, 2, 0).contiguous().permute(2, 0, 1)
