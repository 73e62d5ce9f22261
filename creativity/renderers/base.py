"""What a renderer is: genomes (B, D) -> images (B, 3, H, W). Extra abilities are small protocols beside it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from creativity.options import NoOptions
from creativity.renderers.genome import ParamSpec
from creativity.streams import Stream

if TYPE_CHECKING:
    from creativity.planting import Places
    from creativity.renderers.raster import Outlines

Size = tuple[int, int]  # (height, width) in pixels


class Renderer(ABC):
    """Pure in (genomes, size, seed): the same numbers give the same picture.

    ``Options`` is the frozen dataclass of its options; ``differentiable`` says whether gradients reach the genomes,
    ``resolution_free`` whether any output size shows the same picture, ``coarsens`` whether a search does well to begin with
    few pixels: where these say nothing of some numbers, as of fine waves, a gradient makes noise of them, and ``on_gpu`` whether
    genomes may be on a GPU. A class that derives from this one writes ``spec`` and ``render`` and inherits the rest.
    """

    Options: ClassVar[type[Any]] = NoOptions
    differentiable: ClassVar[bool] = True
    resolution_free: ClassVar[bool] = True
    coarsens: ClassVar[bool] = True
    on_gpu: bool = False

    def __init__(self, options: Any):
        self.options = options

    @property
    def transparent(self) -> bool:
        """Whether its pictures can be seen through. If not, a transparent target is scored on white."""
        return False

    @cached_property
    @abstractmethod
    def spec(self) -> ParamSpec:
        """The genome's blocks."""

    def init(self, n: int, stream: Stream, hint: Tensor | None = None) -> Tensor:
        """``n`` different genomes (n, D) to start from; ``hint`` is a target (4, H, W) to start near.

        Unless it is written anew: anything that the blocks allow, each number uniformly in its range.
        """
        random = stream.at()
        units = {block.name: torch.from_numpy(random.random((n, *block.shape))) for block in self.spec.blocks}
        return self.spec.encode({block.name: block.low + (block.high - block.low) * units[block.name] for block in self.spec.blocks})

    @abstractmethod
    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False) -> Tensor:
        """Genomes (B, D) -> images (B, 3, H, W) in [0, 1]; with ``alpha``, premultiplied RGBA (B, 4, H, W)."""


@runtime_checkable
class VectorRenderer(Protocol):
    """A renderer whose pictures are drawings."""

    def to_svg(self, genome: Tensor, size: Size) -> list[Any]:
        """The genome (D,) as SVG elements, bottom first, in a canvas of ``size`` user units."""
        ...


@runtime_checkable
class DocumentRenderer(Protocol):
    """A renderer of somebody's own drawing: it has a shape and names of its own, and comes back as the same document."""

    @property
    def canvas(self) -> tuple[int, int]:
        """(width, height) of a canvas of its shape."""
        ...

    @property
    def names(self) -> list[str]:
        """What of it can be spoken of."""
        ...

    def numbers_called(self, name: str) -> Tensor | None:
        """(D,) the numbers of the genome that a name stands for; None where nothing is called so."""
        ...

    def numbers_of(self, marks: Sequence[int]) -> Tensor:
        """(D,) the numbers of these marks."""
        ...

    def to_document(self, genome: Tensor, lengths: tuple[str, str] | None = None, metadata: str | None = None) -> str:
        """The genome (D,) as a whole SVG file, of its own size or of ``lengths``."""
        ...


@runtime_checkable
class ShaderRenderer(Protocol):
    """A renderer whose pictures a graphics card can draw by itself, at any size."""

    def to_glsl(self, genome: Tensor) -> str:
        """The genome (D,) as a fragment shader (GLSL ES 3.00) with uniforms ``size`` (pixels), ``view`` (zoom, x, y) and ``phase``."""
        ...


@runtime_checkable
class BandedRenderer(Protocol):
    """A renderer of opaque pictures that can be larger than memory."""

    def bands(self, genomes: Tensor, size: Size, seed: int = 0) -> Iterator[Tensor]:
        """Genomes (B, D) -> parts (B, 3, rows, W) of their pictures, from the top."""
        ...


@runtime_checkable
class MovingRenderer(Protocol):
    """A renderer whose pictures can move, in a circle: phase 1 is phase 0 again."""

    @property
    def moves(self) -> bool:
        """Whether they do, with the options that it has."""

    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False, phase: float = 0.0) -> Tensor:
        """As every renderer's, at ``phase`` in [0, 1)."""
        ...


@runtime_checkable
class FusedRenderer(Protocol):
    """A renderer that compares with a target without writing an image: the speed of evolution on pictures."""

    def squared_error(self, genomes: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Genomes (B, D), target (4, H, W) premultiplied, weight (H, W) -> weighted mean squared errors (B,)."""
        ...


@runtime_checkable
class MarksRenderer(Protocol):
    """A renderer whose pictures are marks: filled outlines, one over the other."""

    def marks(self, genomes: Tensor, size: Size) -> Outlines:
        """Genomes (B, D) -> their marks in pixels of ``size``, before anything is drawn; with gradients, where there are some."""
        ...


@runtime_checkable
class GradualRenderer(Protocol):
    """A renderer whose marks can be shown while they are drawn."""

    def render_until(self, genome: Tensor, size: Size, shares: Tensor) -> Tensor:
        """The genome (D,), each mark drawn along the first of its ``shares (N,)`` in [0, 1] -> premultiplied RGBA (4, H, W)."""
        ...


@runtime_checkable
class LatentRenderer(Protocol):
    """A renderer whose genomes are, or hold, what a decoder makes a picture of."""

    def latents(self, genomes: Tensor) -> Tensor:
        """Genomes (B, D) -> (B, N) numbers, of mean 0 and variance 1 where the decoder knows its way; with gradients."""
        ...


@runtime_checkable
class PlantingRenderer(MarksRenderer, Protocol):
    """A renderer whose marks can be put where they are wanted."""

    def plant(self, genome: Tensor, marks: np.ndarray[Any, Any], places: Places | None, size: Size, rng: np.random.Generator) -> Tensor:
        """The genome (D,) with ``marks (K,)``, by their numbers, at these places on a canvas of ``size``'s shape; None: away from it."""
        ...


class Builder(Protocol):
    """One drawing, built and mended mark by mark against one target: what `greedy` climbs on.

    ``seed`` is a number that decides every random choice in a call.
    """

    count: int

    def load(self, genome: Tensor) -> None:
        """Work on this genome (D,) from now on."""

    @property
    def genome(self) -> Tensor:
        """What the drawing is now, (D,)."""

    def remove(self, marks: np.ndarray[Any, Any]) -> None:
        """These marks draw nothing until they are placed anew."""

    def sweep(
        self, marks: range, fresh: np.ndarray[Any, Any], tries: int, climbers: int, patience: int, seed: int, heat: float = 0.0
    ) -> float:
        """Go over ``marks``, from below: those that are ``fresh (N,)`` are placed anew, others bettered in their place.

        To place one, each climber starts from the best of ``tries`` random marks and ends after ``patience`` failures
        in a row. With ``heat``, the mean squared error by which a step for the worse is e times rarer, marks in place walk
        ``patience`` steps instead: only of renderers that say ``anneals``. Returns the mean squared error that is saved, without
        heat at least 0.
        """
        ...

    def refit_background(self) -> None:
        """The best background under all marks, where it is free."""

    def usefulness(self) -> np.ndarray[Any, Any]:
        """(N,) what the mean squared error would rise by, if a mark were taken away."""
        ...


@runtime_checkable
class BuildingRenderer(Protocol):
    """A renderer whose marks can be placed one by one."""

    def builder(self, target: Tensor, weight: Tensor | None = None) -> Builder:
        """A builder against target (4, H, W) premultiplied, weight (H, W)."""
        ...
