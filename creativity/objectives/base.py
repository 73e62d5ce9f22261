"""What an objective is: candidates -> losses (B,), lower is better."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from torch import Tensor

from creativity.errors import CreativityError
from creativity.options import NoOptions
from creativity.streams import Streams

if TYPE_CHECKING:
    from creativity.problem import Candidates


class Context:
    """What a run offers an objective to prepare with: the target (4, H, W) premultiplied RGBA, if there is one.

    ``weight`` (H, W), at least 0 and somewhere above it, says how much each of its pixels matters; None: all the same.
    ``streams`` are where chance comes from. ``references``: pictures (4, h, w), as the target is, that options name.
    """

    def __init__(
        self,
        size: tuple[int, int],
        target: Tensor | None = None,
        weight: Tensor | None = None,
        streams: Streams | None = None,
        references: Mapping[str, Tensor] | None = None,
    ):
        self.size, self.target, self.weight = size, target, weight
        self.streams, self.references = streams or Streams(0), references or {}

    def reference(self, name: str) -> Tensor:
        """The picture (4, h, w) that an option names. Raises CreativityError where the recipe came without it."""
        if name not in self.references:
            raise CreativityError(f"the recipe has no picture {name!r}; it has {', '.join(map(repr, self.references)) or 'none'}")
        return self.references[name]


class Objective(ABC):
    """``needs`` names what must be in the context ("target"), so that nothing unused is loaded, or in the renderer ("marks").

    ``differentiable``: gradients flow back to the candidates. ``deterministic``: no random crops or noise, so that
    two losses of one genome are equal and the lowest loss is truly the best. ``least_side``: pictures whose shorter side has
    fewer pixels tell it too little, so that a search from coarse to fine does not begin below. ``on_gpu``: it works where candidates
    and the context's tensors are on a GPU. A class that derives from this
    one writes ``__call__`` and inherits the rest.
    """

    Options: ClassVar[type[Any]] = NoOptions
    needs: tuple[str, ...] = ()
    differentiable: bool = True
    deterministic: bool = True
    least_side: int = 32
    on_gpu: bool = False

    def __init__(self, options: Any):
        self.options = options

    def prepare(self, context: Context) -> None:
        """Called once before the first step; unless it is written anew, the context is kept."""
        self.context = context

    @abstractmethod
    def __call__(self, candidates: Candidates) -> Tensor:
        """Losses (B,)."""

    def held(self, pictures: int, gradients: bool) -> int:
        """Bytes that it needs to look at so many pictures at a time, beyond their own."""
        return 0


@runtime_checkable
class Likeness(Protocol):
    """An objective that is about a target: drawings can be begun, mark by mark, by their squared error to it."""

    def goal(self, size: tuple[int, int]) -> tuple[Tensor, Tensor | None]:
        """Target (4, H, W) premultiplied and weight (H, W) at this size."""
        ...


@runtime_checkable
class Composite(Protocol):
    """An objective of several terms, each worth knowing."""

    def values(self, candidates: Candidates) -> dict[str, Tensor]:
        """The losses (B,) of each term by its name, before they are weighted."""
        ...


@runtime_checkable
class Remarking(Protocol):
    """An objective that has more to say of a picture than its loss."""

    def remarks(self, candidates: Candidates) -> dict[str, float]:
        """Figures by name, of the first candidate, for the history and for who looks at a run."""
        ...
