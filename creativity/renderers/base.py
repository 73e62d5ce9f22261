"""What a renderer is: genomes (B, D) -> images (B, 3, H, W). Extra abilities are small protocols beside it."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

from torch import Tensor

from creativity.renderers.genome import ParamSpec
from creativity.streams import Stream

Size = tuple[int, int]  # (height, width) in pixels


@runtime_checkable
class Renderer(Protocol):
    """Pure in (genomes, size, seed): the same numbers give the same picture.

    ``Options`` is the frozen dataclass of its options; ``differentiable`` says whether gradients reach the genomes,
    ``resolution_free`` whether any output size shows the same picture.
    """

    Options: ClassVar[type[Any]]
    differentiable: ClassVar[bool]
    resolution_free: ClassVar[bool]

    @property
    def transparent(self) -> bool:
        """Whether its pictures can be seen through. If not, a transparent target is scored on white."""
        ...

    @property
    def spec(self) -> ParamSpec:
        """The genome's blocks."""
        ...

    def init(self, n: int, stream: Stream, hint: Tensor | None = None) -> Tensor:
        """``n`` different genomes (n, D) to start from; ``hint`` is a target (4, H, W) to start near."""
        ...

    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False) -> Tensor:
        """Genomes (B, D) -> images (B, 3, H, W) in [0, 1]; with ``alpha``, premultiplied RGBA (B, 4, H, W)."""
        ...


@runtime_checkable
class VectorRenderer(Protocol):
    """A renderer whose pictures are drawings."""

    def to_svg(self, genome: Tensor, size: Size) -> list[Any]:
        """The genome (D,) as SVG elements, bottom first, in a canvas of ``size`` user units."""
        ...


@runtime_checkable
class FusedRenderer(Protocol):
    """A renderer that compares with a target without writing an image: the speed of evolution on pictures."""

    def squared_error(self, genomes: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Genomes (B, D), target (4, H, W) premultiplied, weight (H, W) -> weighted mean squared errors (B,)."""
        ...
