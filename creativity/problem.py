"""The problem: a renderer joined with an objective. It is all that an optimizer sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from creativity.held import FreeSpec, Held, HeldBuilder, Warm
from creativity.objectives.base import Composite, Context, Likeness, Objective, Remarking
from creativity.objectives.pixel import Pixel, PixelOptions
from creativity.planting import UNSEEN, lacking
from creativity.renderers import raster
from creativity.renderers.base import (
    Builder,
    BuildingRenderer,
    FusedRenderer,
    LatentRenderer,
    MarksRenderer,
    PlantingRenderer,
    Renderer,
    Size,
)
from creativity.renderers.genome import ParamSpec
from creativity.renderers.raster import Outlines

BUILDING_SIDE, BUILDING_PIXELS = 256, 10
"""Marks are placed at this long side at least, and with room for a mark this many pixels wide: finer would cost and gain nothing."""

PART_PIXELS = 2**20
"""Of pictures that are compared at once: in the memory that a population's pictures would take, a desktop would drown."""


class Candidates:
    """A batch of genomes (B, D) that becomes pictures only when an objective asks for them.

    ``step`` is the search's step, which decides what is drawn by chance; None is a look from outside of the search, whose losses
    can be compared: by fixed draws, and as at the search's end. ``progress`` in [0, 1] is how much of the search is over, and
    ``fidelity`` in (0, 1] the fraction of the full resolution to score at.
    """

    def __init__(
        self,
        renderer: Renderer,
        genomes: Tensor,
        size: Size,
        step: int | None = None,
        fidelity: float = 1.0,
        seed: int = 0,
        progress: float = 1.0,
    ):
        self.renderer, self.genomes = renderer, genomes
        self.step, self.fidelity, self.seed, self.progress = step, fidelity, seed, progress
        self._size = size
        self._images: dict[tuple[Size, bool], Tensor] = {}

    @cached_property
    def size(self) -> Size:
        """(H, W) at which these candidates are scored."""
        height, width = self._size
        return max(1, round(height * self.fidelity)), max(1, round(width * self.fidelity))

    def images(self, size: Size | None = None, alpha: bool = False) -> Tensor:
        """(B, 3, H, W) in [0, 1], or premultiplied RGBA (B, 4, H, W); drawn once per size."""
        key = (size or self.size, alpha)
        if key not in self._images:
            self._images[key] = self.renderer.render(self.genomes, key[0], self.seed, alpha)
        return self._images[key]

    @cached_property
    def latents(self) -> Tensor | None:
        """The latents (B, N); None where the renderer has none."""
        return self.renderer.latents(self.genomes) if isinstance(self.renderer, LatentRenderer) else None

    @cached_property
    def marks(self) -> Outlines | None:
        """The marks as outlines in pixels of ``size``, without a picture; None where the renderer has none."""
        return self.renderer.marks(self.genomes, self.size) if isinstance(self.renderer, MarksRenderer) else None

    @property
    def transparent(self) -> bool:
        """Whether the pictures can be seen through."""
        return self.renderer.transparent

    def in_parts(self, losses: Callable[[Candidates], Tensor]) -> Tensor:
        """Losses (B,) by a function that draws: of a few candidates at a time, where nobody asks for gradients."""
        few = max(1, PART_PIXELS // (self.size[0] * self.size[1]))
        if len(self.genomes) <= few or self.genomes.requires_grad:
            return losses(self)
        about = (self._size, self.step, self.fidelity, self.seed, self.progress)
        return torch.cat([losses(Candidates(self.renderer, genomes, *about)) for genomes in torch.split(self.genomes, few)])  # type: ignore[no-untyped-call]

    def squared_error(self, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Weighted mean squared errors (B,) against ``target`` (4, H, W), premultiplied RGBA, weight (H, W).

        A transparent pixel counts by its expected error over uniformly random backgrounds, which is the plain
        mean over three channels where both pictures are opaque. Renderers that can do it without an image do.
        """
        if isinstance(self.renderer, FusedRenderer):
            return self.renderer.squared_error(self.genomes, target, weight)
        height, width = target.shape[1:]
        return squared_error(self.images((height, width), alpha=True), target, weight)


def squared_error(images: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """The definition that fused kernels must meet: premultiplied RGBA (B, 4, H, W) against (4, H, W) -> (B,)."""
    difference = images - target
    colour, alpha = difference[:, :3], difference[:, 3:]
    error = ((colour - alpha / 2) ** 2).sum(dim=1) + alpha[:, 0] ** 2 / 4
    if weight is None:
        return error.mean(dim=(1, 2)) / 3
    return (error * weight).sum(dim=(1, 2)) / (3 * weight.sum())


class Problem:
    """Losses for genomes: ``problem.losses(genomes) -> (B,)``, lower is better.

    ``size`` is the (H, W) that is scored; ``spec`` describes the genomes; ``differentiable`` says whether gradients
    flow; ``deterministic`` whether the same genome always gets the same loss. ``fresh (M,)`` is None where a search
    begins with nothing, else it says which marks of its ``warm`` start are still to be placed. ``progress`` in [0, 1], which
    the run sets before each step, is what an objective's schedules follow. Losses are taken on ``device``, where the objective
    was prepared; marks are placed on the CPU.

    Where a part of the start is held, the genomes of a problem are the free numbers alone, and so are ``spec``, ``fresh``
    and ``builder``; ``expand`` makes whole genomes of them.
    """

    def __init__(
        self,
        renderer: Renderer,
        objective: Objective,
        size: Size,
        seed: int = 0,
        warm: Warm | None = None,
        device: torch.device | str = "cpu",
    ):
        self.device = torch.device(device)
        self.renderer, self.objective, self.size, self.seed, self.warm = renderer, objective, size, seed, warm
        self.held = Held(warm.genome, warm.held, renderer.spec) if warm is not None and warm.held.any() else None
        self.spec: ParamSpec | FreeSpec = self.held.spec if self.held else renderer.spec
        self.fresh: np.ndarray[Any, Any] | None = None
        if warm is not None:
            self.fresh = warm.fresh[self.held.marks] if self.held else warm.fresh
        self.differentiable = renderer.differentiable and objective.differentiable
        self.deterministic = objective.deterministic
        self.resolution_free = renderer.resolution_free
        self.coarsens = renderer.resolution_free and renderer.coarsens
        self.least_side = objective.least_side
        self.progress = 0.0

    def losses(self, genomes: Tensor, step: int | None = None, fidelity: float = 1.0) -> Tensor:
        """Losses (B,) of genomes (B, D). A candidate whose loss is not finite gets +inf, so it never wins.

        A search says its ``step``. Without one it is a look: losses that can be compared whenever they were taken.
        """
        progress = 1.0 if step is None else self.progress
        genomes = self.expand(genomes.to(self.device))
        candidates = Candidates(self.renderer, genomes, self.size, step, fidelity, self.seed, progress)
        losses = self.objective(candidates)
        return losses.nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=torch.inf)

    def squared_error(self, genome: Tensor, target: Tensor) -> float:
        """The plain mean squared error of a whole genome (D,) against ``target`` (4, H, W), whatever the objective is."""
        with torch.no_grad():
            whole = Candidates(self.renderer, genome[None].to(self.device), self.size, seed=self.seed)
            return float(whole.squared_error(target.to(self.device))[0])

    def values(self, genome: Tensor) -> dict[str, float]:
        """The loss of each term of the objective, by its name, for a whole genome (D,); empty where there is but one."""
        if not isinstance(self.objective, Composite):
            return {}
        with torch.no_grad():
            found = self.objective.values(Candidates(self.renderer, genome[None].to(self.device), self.size, seed=self.seed))
        return {name: float(losses[0]) for name, losses in found.items()}

    def remarks(self, genome: Tensor) -> dict[str, float]:
        """What the objective, or its terms, have to say of a whole genome (D,) besides its loss."""
        candidates = Candidates(self.renderer, genome[None].to(self.device), self.size, seed=self.seed)
        terms = getattr(self.objective, "terms", {"": self.objective}).values()
        return {name: value for term in terms if isinstance(term, Remarking) for name, value in term.remarks(candidates).items()}

    @property
    def marks(self) -> int:
        """How many marks may be moved as a whole."""
        return len(self.held.marks) if self.held else self.spec.marks

    def expand(self, genomes: Tensor) -> Tensor:
        """What an optimizer looks at, (..., F) -> whole genomes (..., D). Differentiable."""
        return self.held.expand(genomes) if self.held else genomes

    def reduce(self, genomes: Tensor) -> Tensor:
        """Whole genomes (..., D) -> what an optimizer looks at, (..., F)."""
        return self.held.reduce(genomes) if self.held else genomes

    @property
    def buildable(self) -> bool:
        """Whether drawings can be built mark by mark: the renderer offers it, the objective is a squared error, and no mark
        is held in part."""
        whole = self.held is None or self.held.whole_marks
        builds = isinstance(self.renderer, BuildingRenderer) and getattr(self.renderer, "builds", True)
        return whole and builds and type(self.objective) is Pixel

    @property
    def anneals(self) -> bool:
        """Whether the marks that are built are fitted best by annealing."""
        return self.buildable and getattr(self.renderer, "anneals", False)

    @property
    def plantable(self) -> bool:
        """Whether marks can be put where the picture lacks most; they are free or held as wholes."""
        whole = self.held is None or self.held.whole_marks
        return whole and isinstance(self.renderer, PlantingRenderer) and isinstance(self.objective, Likeness)

    def unseen(self, genome: Tensor) -> np.ndarray[Any, Any]:
        """The marks of a genome (F,), by their numbers, of which nobody sees anything: faint, tiny, elsewhere, or covered."""
        assert isinstance(self.renderer, MarksRenderer)
        drawn = self.renderer.marks(self.expand(genome.detach().cpu())[None], self.size)
        # What a picture's red gains by a mark's red, over black, is how much of the mark is seen.
        colours = torch.zeros_like(drawn.colours).requires_grad_()
        with torch.enable_grad():
            plain = replace(drawn, colours=colours, backgrounds=torch.zeros(1, 4), gradients=None)
            (seen,) = torch.autograd.grad(raster.render(plain, self.size)[:, 0].sum(), colours)
        each = seen[:, 0].reshape(self.renderer.spec.marks, -1).sum(dim=1).numpy()
        if self.held:
            each = each[self.held.marks]
        return np.flatnonzero(each < UNSEEN * self.size[0] * self.size[1])

    def plant(self, genome: Tensor, marks: np.ndarray[Any, Any], rng: np.random.Generator, away: bool = False) -> Tensor:
        """A genome (F,) with these marks where the picture lacks most without them; ``away``: nowhere. Only where ``plantable``."""
        assert isinstance(self.renderer, PlantingRenderer)
        assert isinstance(self.objective, Likeness)
        with torch.no_grad():
            whole = self.expand(genome.detach().cpu())
            numbers = self.held.marks[marks] if self.held else marks
            whole = self.renderer.plant(whole, numbers, None, self.size, rng)
            if not away:
                picture = Candidates(self.renderer, whole[None], self.size, seed=self.seed).images(alpha=True)[0]
                target, weight = self.objective.goal(self.size)
                places = lacking(picture, target.cpu(), None if weight is None else weight.cpu(), len(marks))
                whole = self.renderer.plant(whole, numbers, places, self.size, rng)
        return self.reduce(whole).to(genome.device)

    @cached_property
    def least_squares(self) -> Problem:
        """The same with the squared error to the target instead, for which drawings can be begun; itself where there is no target."""
        if type(self.objective) is Pixel or not isinstance(self.objective, Likeness):
            return self
        pixel = Pixel(PixelOptions())
        pixel.prepare(Context(self.size, *self.objective.goal(self.size)))
        return Problem(self.renderer, pixel, self.size, self.seed, self.warm, self.device)

    def builder(self) -> Builder:
        """A builder; only where ``buildable``. It works at the size that is scored, or at a smaller one that will do."""
        assert isinstance(self.renderer, BuildingRenderer)
        assert isinstance(self.objective, Pixel)
        enough = max(BUILDING_SIDE, BUILDING_PIXELS * self.spec.marks**0.5)
        fidelity = min(1.0, enough / max(self.size)) if self.resolution_free else 1.0
        size = max(1, round(self.size[0] * fidelity)), max(1, round(self.size[1] * fidelity))
        builder = self.renderer.builder(*self.objective.goal(size))
        return HeldBuilder(builder, self.held) if self.held else builder
