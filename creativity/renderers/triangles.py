"""Translucent triangles on a plain background: es-clip's canvas, anti-aliased, differentiable, true vector.

After *Modern Evolution Strategies for Creativity: Fitting Concrete Images and Abstract Concepts* (Tian & Ha 2021).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor

from creativity.errors import CreativityError
from creativity.options import option
from creativity.renderers import raster
from creativity.renderers.base import Size
from creativity.renderers.genome import Block, ParamSpec
from creativity.renderers.raster.builder import Marks, OutlineBuilder
from creativity.streams import Stream
from creativity.svg import polygon, rectangle

MAX_COUNT = 50_000


@dataclass(frozen=True)
class TrianglesOptions:
    count: int = option(50, "how many triangles", low=1, high=MAX_COUNT)
    background: str = option("free", "free (searched), none (transparent) or a colour such as #f5f0e6")
    min_opacity: float = option(0.0, "least opacity of a triangle", low=0.0, high=1.0)
    max_opacity: float = option(1.0, "greatest opacity of a triangle", low=0.0, high=1.0)
    palette: tuple[str, ...] = option((), "use these colours only, such as #112233,#ffcc00")

    def __post_init__(self) -> None:
        if self.min_opacity >= self.max_opacity:
            raise CreativityError(f"renderer 'triangles': min_opacity ({self.min_opacity}) must be below max_opacity ({self.max_opacity})")
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


class Triangles:
    """``count`` triangles, each with three vertices, a colour and an opacity, painted in order.

    Vertices are in units of the canvas: (0, 0) is its top left corner, (1, 1) its bottom right one.
    """

    Options = TrianglesOptions
    differentiable: ClassVar[bool] = True
    resolution_free: ClassVar[bool] = True

    def __init__(self, options: TrianglesOptions):
        self.options = options

    @property
    def transparent(self) -> bool:
        return self.options.background == "none"

    @cached_property
    def spec(self) -> ParamSpec:
        n = self.options.count
        low, high = self.options.min_opacity, self.options.max_opacity
        blocks: tuple[Block, ...] = (
            Block("vertices", (n, 3, 2), scale=0.25),
            Block("colour", (n, 3), "bounded"),
            Block("opacity", (n,), "bounded", low=low, high=high),
        )
        if self.options.background == "free":
            blocks += (Block("background", (3,), "bounded", per_mark=False),)
        return ParamSpec(blocks)

    def init(self, n: int, stream: Stream, hint: Tensor | None = None) -> Tensor:
        """Small triangles everywhere, mid opacity; with a hint, in the hint's colours under their centres."""
        rng, count = stream.at(0), self.options.count
        centres = rng.random((n, count, 1, 2))
        radius = min(0.5, 1.2 / count**0.5) * rng.uniform(0.5, 1.0, (n, count, 1, 1))
        # Three directions at least 60 degrees apart: no slivers to begin with.
        angles = rng.uniform(0, 2 * torch.pi, (n, count, 1)) + 2 * torch.pi / 3 * (
            torch.arange(3).numpy() + rng.uniform(-0.25, 0.25, (n, count, 3))
        )
        offsets = radius * torch.stack([torch.cos(t := torch.from_numpy(angles)), torch.sin(t)], dim=-1).numpy()
        low, high = self.options.min_opacity, self.options.max_opacity
        values = {
            "vertices": torch.from_numpy(centres + offsets),
            "colour": torch.from_numpy(rng.uniform(0.2, 0.8, (n, count, 3))),
            "opacity": torch.full((n, count), low + 0.5 * (high - low)),
            "background": torch.full((n, 3), 0.5),
        }
        if hint is not None:
            height, width = hint.shape[1:]
            place = torch.from_numpy(centres[:, :, 0]).clamp(0, 0.999)
            rows, columns = (place[..., 1] * height).long(), (place[..., 0] * width).long()
            values["colour"] = hint[:3, rows, columns].permute(1, 2, 0)
            values["background"] = hint[:3].mean(dim=(1, 2)).expand(n, 3)
        return self.spec.encode(values)

    def _paint(self, genomes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Vertices (B, N, 3, 2) in canvas units, colours (B, N, 3), opacities (B, N), backgrounds (B, 4)."""
        values = self.spec.decode(genomes)
        if self.options.background == "free":
            ground = self._snap(values["background"])
            background = torch.cat([ground, torch.ones_like(ground[:, :1])], dim=1)
        elif self.options.background == "none":
            background = genomes.new_zeros(len(genomes), 4)
        else:
            background = genomes.new_tensor([*parse_colour(self.options.background), 1.0]).expand(len(genomes), 4)
        return values["vertices"], self._snap(values["colour"]), values["opacity"], background

    @property
    def _palette(self) -> list[tuple[float, float, float]]:
        return [parse_colour(text) for text in self.options.palette]

    def _snap(self, colours: Tensor) -> Tensor:
        """To the nearest colour of the palette; the gradient passes straight through (Bengio et al. 2013)."""
        if not self.options.palette:
            return colours
        palette = colours.new_tensor(self._palette)
        nearest = palette[torch.cdist(colours.detach().reshape(-1, 3), palette).argmin(dim=1)].reshape(colours.shape)
        return nearest + (colours - colours.detach())

    def _outlines(self, genomes: Tensor, size: Size) -> raster.Outlines:
        vertices, colours, opacities, backgrounds = self._paint(genomes)
        height, width = size
        pixels = vertices * vertices.new_tensor([width, height])
        return raster.Outlines.regular(pixels, colours, opacities, backgrounds)

    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False) -> Tensor:
        """Genomes (B, D) -> (B, 3, H, W); a transparent picture is shown on white. ``alpha``: (B, 4, H, W)."""
        images = raster.render(self._outlines(genomes, size), size)
        if alpha:
            return images
        if not self.transparent:
            return images[:, :3]
        return images[:, :3] + (1.0 - images[:, 3:])

    def squared_error(self, genomes: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        height, width = target.shape[1:]
        return raster.squared_error(self._outlines(genomes, (height, width)), target, weight)

    def builder(self, target: Tensor, weight: Tensor | None = None) -> OutlineBuilder:
        def read(genome: Tensor) -> Marks:
            vertices, colours, opacities, background = self._paint(genome[None])
            return Marks(vertices[0].nan_to_num().clamp(-100.0, 100.0), colours[0], opacities[0], background[0])

        def write(marks: Marks) -> Tensor:
            values = {"vertices": marks.outlines, "colour": marks.colours, "opacity": marks.opacities, "background": marks.background[:3]}
            return self.spec.encode({name: value[None] for name, value in values.items()})[0]

        opacities, palette = (self.options.min_opacity, self.options.max_opacity), target.new_tensor(self._palette)
        return OutlineBuilder(read, write, target, weight, opacities, palette, self.options.background == "free")

    def to_svg(self, genome: Tensor, size: Size) -> list[Any]:
        height, width = size
        vertices, colours, opacities, background = self._paint(genome[None])
        # What lies far outside is not seen; a number of forty digits would only make readers stumble.
        pixels = (vertices[0] * vertices.new_tensor([width, height])).nan_to_num().clamp(-1e6, 1e6).tolist()
        marks = zip(pixels, colours[0].tolist(), opacities[0].tolist(), strict=True)
        drawing = [polygon(points, colour, opacity) for points, colour, opacity in marks]
        ground = background[0].tolist()
        if ground[3] > 0:
            return [rectangle(0, 0, width, height, ground[:3]), *drawing]
        return drawing
