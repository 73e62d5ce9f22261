"""What an objective is: candidates -> losses (B,), lower is better."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from torch import Tensor

from creativity.options import NoOptions

if TYPE_CHECKING:
    from creativity.problem import Candidates


class Context:
    """What a run offers an objective to prepare with: the target (4, H, W) premultiplied RGBA, if there is one."""

    def __init__(self, size: tuple[int, int], target: Tensor | None = None):
        self.size, self.target = size, target


class Objective(ABC):
    """``needs`` names what must be in the context ("target"), so that nothing unused is loaded.

    ``differentiable``: gradients flow back to the candidates. ``deterministic``: no random crops or noise, so that
    two losses of one genome are equal and the lowest loss is truly the best. A class that derives from this one writes
    ``__call__`` and inherits the rest.
    """

    Options: ClassVar[type[Any]] = NoOptions
    needs: ClassVar[tuple[str, ...]] = ()
    differentiable: ClassVar[bool] = True
    deterministic: ClassVar[bool] = True

    def __init__(self, options: Any):
        self.options = options

    def prepare(self, context: Context) -> None:
        """Called once before the first step; unless it is written anew, the context is kept."""
        self.context = context

    @abstractmethod
    def __call__(self, candidates: Candidates) -> Tensor:
        """Losses (B,)."""


@runtime_checkable
class LeastSquares(Protocol):
    """An objective that is the weighted squared error against a target: drawings can be built for it mark by mark."""

    def goal(self, size: tuple[int, int]) -> tuple[Tensor, Tensor | None]:
        """Target (4, H, W) premultiplied and weight (H, W) at this size."""
        ...
