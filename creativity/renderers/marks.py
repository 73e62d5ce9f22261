"""What renderers that paint marks share: a colour and an opacity each, a background, a palette, and how they are built.

A renderer of marks says which blocks of the genome hold its geometry, how they begin, and what outlines and what SVG
elements they make; all else is here. Marks are filled outlines, composited in order.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from creativity.errors import CreativityError
from creativity.options import option
from creativity.renderers import fills, raster
from creativity.renderers.base import Renderer, Size
from creativity.renderers.genome import Block, ParamSpec
from creativity.renderers.raster.builder import Drawing, MarkBuilder
from creativity.renderers.raster.forms import Form
from creativity.streams import Stream
from creativity.svg import Paint, rectangle

MAX_COUNT = 50_000

Values = dict[str, Tensor]
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class MarksOptions:
    count: int = option(50, "how many marks", low=1, high=MAX_COUNT)
    background: str = option("free", "free (searched), none (transparent) or a colour such as #f5f0e6")
    min_opacity: float = option(0.0, "least opacity of a mark", low=0.0, high=1.0)
    max_opacity: float = option(1.0, "greatest opacity of a mark", low=0.0, high=1.0)
    palette: tuple[str, ...] = option((), "use these colours only, such as #112233,#ffcc00")

    def __post_init__(self) -> None:
        if self.min_opacity > self.max_opacity:
            raise CreativityError(f"min_opacity ({self.min_opacity}) must be at most max_opacity ({self.max_opacity})")
        for text in (*self.palette, *(() if self.background in ("free", "none") else (self.background,))):
            parse_colour(text)


def parse_colour(text: str) -> tuple[float, float, float]:
    """``#rgb`` or ``#rrggbb`` -> three numbers in [0, 1]. Raises CreativityError."""
    match = re.fullmatch(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text.strip())
    if not match:
        raise CreativityError(f"{text!r} is not a colour; write it as #rrggbb, such as #f5f0e6")
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def shown(images: Tensor, transparent: bool) -> Tensor:
    """Premultiplied RGBA (B, 4, H, W) as one sees it, (B, 3, H, W): what is transparent on white."""
    return images[:, :3] + (1.0 - images[:, 3:]) if transparent else images[:, :3]


def nearest_colours(colours: Tensor, palette: Sequence[str]) -> Tensor:
    """Colours (..., 3) to the nearest of a palette, if there is one; the gradient passes straight through (Bengio et al. 2013)."""
    if not palette:
        return colours
    known = raster.constant(tuple(level for text in palette for level in parse_colour(text)), colours).reshape(-1, 3)
    nearest = known[torch.cdist(colours.detach().reshape(-1, 3), known).argmin(dim=1)].reshape(colours.shape)
    return nearest + (colours - colours.detach())


class Marks(Renderer):
    """``count`` marks, each with a geometry, a colour and an opacity, painted in order."""

    # -- what a renderer of marks says

    geometry: tuple[Block, ...]
    """The blocks that hold where marks are and what form they have."""

    form: Form
    """What kinds of marks there are, to kernels that place them."""

    fill: str = "flat"
    """What fills them, of `fills.FILLS`."""

    def box(self, values: Values) -> tuple[Tensor, Tensor]:
        """The middles and half sizes (B, N, 2) of marks that gradients fill, in canvas units."""
        raise NotImplementedError

    @abstractmethod
    def scatter(self, n: int, rng: np.random.Generator, hint: Tensor | None) -> tuple[Values, np.ndarray[Any, Any]]:
        """Values of the geometry's blocks for n drawings to start from, and the marks' centres (n, N, 2) in canvas units.

        ``hint`` is a target (4, H, W) to start near.
        """

    @abstractmethod
    def outlines(self, values: Values, size: Size) -> tuple[Tensor, Tensor, Tensor]:
        """Values (B, ...) -> points (P, 2) in pixels, offsets of their contours (C + 1,) and of the marks (B N + 1,), int32."""

    @abstractmethod
    def elements(self, values: Values, colours: list[Paint], opacities: list[float], size: Size) -> list[Any]:
        """One SVG element for each of N marks; values are of one drawing, without batch."""

    @abstractmethod
    def rows(self, values: Values) -> tuple[Tensor, Tensor]:
        """Values (1, ...) -> the marks as `Form` lays them out: numbers (N, P) and kinds (N,) int32."""

    @abstractmethod
    def from_rows(self, rows: Tensor, kinds: Tensor) -> Values:
        """The inverse of ``rows``."""

    # -- what all of them do

    @property
    def transparent(self) -> bool:
        return bool(self.options.background == "none")

    @cached_property
    def spec(self) -> ParamSpec:
        n = self.options.count
        low, high = self.options.min_opacity, self.options.max_opacity
        blocks = (*self.geometry, Block("colour", (n, 3), "bounded"), Block("opacity", (n,), "bounded", low=low, high=high))
        blocks += fills.blocks(self.fill, n, low, high)
        if self.options.background == "free":
            blocks += (Block("background", (3,), "bounded", per_mark=False),)
        return ParamSpec(blocks)

    def init(self, n: int, stream: Stream, hint: Tensor | None = None) -> Tensor:
        """Small marks everywhere, mid opacity; with a hint, in the hint's colours under their centres."""
        rng, count = stream.at(0), self.options.count
        values, centres = self.scatter(n, rng, hint)
        low, high = self.options.min_opacity, self.options.max_opacity
        values |= {
            "colour": torch.from_numpy(rng.uniform(0.2, 0.8, (n, count, 3))),
            "opacity": torch.full((n, count), low + 0.5 * (high - low)),
            "background": torch.full((n, 3), 0.5),
            **fills.plain(self.fill, n, count),
        }
        if hint is not None:
            height, width = hint.shape[1:]
            place = torch.from_numpy(centres).clamp(0, 0.999)
            rows, columns = (place[..., 1] * height).long(), (place[..., 0] * width).long()
            values["colour"] = hint[:3, rows, columns].permute(1, 2, 0)
            values["background"] = hint[:3].mean(dim=(1, 2)).expand(n, 3)
        return self.spec.encode(values)

    @property
    def _palette(self) -> list[tuple[float, float, float]]:
        return [parse_colour(text) for text in self.options.palette]

    def _snap(self, colours: Tensor) -> Tensor:
        return nearest_colours(colours, self.options.palette)

    def _background(self, values: Values, like: Tensor) -> Tensor:
        """(B, 4) premultiplied."""
        if self.options.background == "free":
            ground = self._snap(values["background"])
            return torch.cat([ground, torch.ones_like(ground[:, :1])], dim=1)
        if self.options.background == "none":
            return like.new_zeros(len(like), 4)
        return raster.constant((*parse_colour(self.options.background), 1.0), like).expand(len(like), 4)

    def _paints(self, values: Values, size: Size) -> tuple[Tensor, Tensor, raster.Gradients | None]:
        """Values (B, ...) -> colours (B, N, 3) and opacities (B, N), and the gradients that fill marks instead."""
        colours, opacities, gradients = self._snap(values["colour"]), values["opacity"], None
        if self.fill != "flat":
            limits = self.options.min_opacity, self.options.max_opacity
            opacities, gradients = fills.shaded(self.fill, values, self.box(values), size, limits, self._snap)
        return colours, opacities, gradients

    def marks(self, genomes: Tensor, size: Size) -> raster.Outlines:
        """Genomes (B, D) -> what is drawn, in pixels of ``size``."""
        values = self.spec.decode(genomes)
        colours, opacities, gradients = self._paints(values, size)
        points, contours, marks = self.outlines(values, size)
        count = self.options.count
        return raster.Outlines(
            points,
            colours.reshape(-1, 3),
            opacities.reshape(-1),
            self._background(values, genomes),
            contours,
            marks,
            raster.offsets(len(genomes), count, genomes.device),
            gradients,
        )

    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False) -> Tensor:
        """Genomes (B, D) -> (B, 3, H, W); a transparent picture is shown on white. ``alpha``: (B, 4, H, W)."""
        images = raster.render(self.marks(genomes, size), size)
        return images if alpha else shown(images, self.transparent)

    def squared_error(self, genomes: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        height, width = target.shape[1:]
        return raster.squared_error(self.marks(genomes, (height, width)), target, weight)

    @property
    def anneals(self) -> bool:
        """Whether annealing fits these marks better than climbing."""
        return self.form.anneals

    def builder(self, target: Tensor, weight: Tensor | None = None) -> MarkBuilder:
        before: Values = {}

        def read(genome: Tensor) -> Drawing:
            values = self.spec.decode(genome[None])
            rows, kinds = self.rows(values)
            before.update(values, rows=rows)
            return Drawing(
                rows.nan_to_num().clamp(-100.0, 100.0),
                kinds,
                self._snap(values["colour"])[0],
                values["opacity"][0],
                self._background(values, genome[None])[0],
            )

        def write(drawing: Drawing) -> Tensor:
            values = self.from_rows(drawing.rows, drawing.kinds)
            values |= {"colour": drawing.colours[None], "opacity": drawing.opacities[None], "background": drawing.background[None, :3]}
            if self.fill != "flat":
                values |= fills.kept(before, drawing.rows, fills.plain(self.fill, 1, self.options.count))
            return self.spec.encode(values)[0]

        opacities, palette = (self.options.min_opacity, self.options.max_opacity), target.new_tensor(self._palette)
        return MarkBuilder(self.form, read, write, target, weight, opacities, palette, self.options.background == "free")

    def to_svg(self, genome: Tensor, size: Size) -> list[Any]:
        height, width = size
        values = self.spec.decode(genome[None])
        colours, opacities, gradients = self._paints(values, size)
        paints: list[Paint] = colours[0].tolist() if gradients is None else fills.paints(gradients)
        drawing = self.elements({name: value[0] for name, value in values.items()}, paints, opacities[0].tolist(), size)
        ground = self._background(values, genome[None])[0].tolist()
        return [rectangle(0, 0, width, height, ground[:3]), *drawing] if ground[3] > 0 else drawing


def looked_at(hint: Tensor, count: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Places (count, 2) in a hint (4, H, W), more of them where it stands out; which way it runs there, and how much that matters."""
    from creativity import focus

    colours, alpha = hint[:3] / hint[3:].clamp_min(1e-6), hint[3:]
    picture = (torch.cat([colours, alpha]).clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    matters, (ways, clear) = focus.salient(picture), focus.grain(picture)
    odds = (matters + 0.25).ravel()
    at = rng.choice(odds.size, count, p=odds / odds.sum())
    rows, columns = np.unravel_index(at, matters.shape)
    places = (np.stack([columns, rows], axis=1) + rng.random((count, 2))) / matters.shape[::-1]
    spread = (1 - clear.ravel()[at]) * rng.uniform(-0.5, 0.5, count) * np.pi
    return places, ways.ravel()[at] + spread, matters.ravel()[at]
