"""es-clip's painter, to the pixel: hard-edged triangles on whole pixels, in 8 bits.

After the code of *Modern Evolution Strategies for Creativity: Fitting Concrete Images and Abstract Concepts* (Tian & Ha
2021; google/brain-tokyo-workshop, es-clip/painter.py), whose results it repeats; `triangles` is what we would use instead.

Every one of a triangle's ten numbers is mapped to [0, 1] by the least and the greatest of all triangles, so that some
corner always touches each side and some triangle is always clear. Coordinates are cut to whole pixels, levels to whole
numbers, and Pillow's polygon is filled. The original scores a picture over five canvases of uniform noise, drawn anew each time;
here the canvas is clear, and the loss is what such scores tend to (`creativity.problem.squared_error`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from creativity.compiled import share_out
from creativity.options import option
from creativity.renderers import raster
from creativity.renderers.base import Renderer, Size
from creativity.renderers.genome import Block, ParamSpec
from creativity.renderers.raster.compiled import compiled
from creativity.streams import Stream
from creativity.svg import polygon

Array = np.ndarray[Any, Any]

LARGEST = 1e38
"""Genomes are held within this, so that the difference of two of them is a number."""


@dataclass(frozen=True)
class EsClipOptions:
    count: int = option(50, "how many triangles", low=2, high=50_000)  # of one, least and greatest are the same
    alpha_scale: float = option(0.5, "greatest opacity of a triangle", above=0.0, high=1.0)


class EsClip(Renderer):
    """Triangles as es-clip paints them: corners on whole pixels, hard edges, on nothing.

    The pixels are those of whatever size is asked for, as they would be had the original been run at that size: other sizes
    show nearly the same picture, and the size of the search exactly the one that was scored.
    """

    Options = EsClipOptions
    differentiable: ClassVar[bool] = False
    resolution_free: ClassVar[bool] = False
    transparent: ClassVar[bool] = True

    def __init__(self, options: EsClipOptions):
        self.options = options

    @cached_property
    def spec(self) -> ParamSpec:
        # Row, column, three times, then red, green, blue, alpha: the original's order. Its sigma is ours at this scale.
        return ParamSpec((Block("triangles", (self.options.count, 10), centre=0.0, scale=1.0),))

    def init(self, n: int, stream: Stream, hint: Tensor | None = None) -> Tensor:
        """All but nothing: the original starts at zeros, where its mapping divides nothing by nothing.

        A hundredth of its sigma is enough to have a picture, and changes the search by nothing that matters.
        """
        noise = stream.at(0).standard_normal((n, self.spec.size), dtype=np.float32)
        return torch.from_numpy(1e-3 * noise)

    def shapes(self, genomes: Tensor, size: Size) -> tuple[Array, Array]:
        """Genomes (B, D) -> corners (B, N, 3, 2) int32, (x, y) in pixels of ``size``, and paints (B, N, 4) uint8, RGBA.

        Corners may lie on the last row and column and one beyond. A feature in which all triangles agree, where the
        original fails, is in the middle of its range.
        """
        height, width = size
        values = genomes.detach().nan_to_num(nan=0.0).clamp(-LARGEST, LARGEST).reshape(len(genomes), -1, 10).numpy()
        low, high = values.min(axis=1, keepdims=True), values.max(axis=1, keepdims=True)
        flat = low == high
        unit = np.where(flat, np.float32(0.5), (values - low) / np.where(flat, np.float32(1.0), high - low)).astype(np.float64)
        places = unit[..., :6].reshape(*unit.shape[:2], 3, 2)
        # It takes every triangle apart around its centre, to scale it by 1: a rounding that decides some pixels.
        centres = (places[..., :1, :] + places[..., 1:2, :] + places[..., 2:, :]) / 3.0
        places = centres + (places - centres)
        corners = np.stack([places[..., 1] * width, places[..., 0] * height], axis=-1).astype(np.int32)
        levels = np.concatenate([unit[..., 6:9], unit[..., 9:] * self.options.alpha_scale], axis=-1)
        return corners, (levels * 255).astype(np.uint8)

    def marks(self, genomes: Tensor, size: Size) -> raster.Outlines:
        """Genomes (B, D) -> the triangles as such; what Pillow fills is half a pixel wider."""
        corners, paints = (torch.from_numpy(found.astype(np.float32)) for found in self.shapes(genomes, size))
        return raster.Outlines.regular(corners, paints[..., :3] / 255, paints[..., 3] / 255, torch.zeros(len(genomes), 4))

    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False) -> Tensor:
        """Genomes (B, D) -> (B, 3, H, W), on white; with ``alpha``, premultiplied (B, 4, H, W)."""
        pictures = torch.empty(len(genomes), *size, 4)
        self._work(genomes, size, pictures, torch.empty(0, 0, 4), torch.empty(0, 0))
        images = pictures.permute(0, 3, 1, 2)
        return images if alpha else (images[:, :3] + (1.0 - images[:, 3:])).clamp(max=1.0)

    def squared_error(self, genomes: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Genomes (B, D) against ``target (4, H, W)``, premultiplied RGBA -> (B,)."""
        raster.check_target(target, weight)
        height, width = target.shape[1:]
        goal = target.float().permute(1, 2, 0) - torch.tensor([0.0, 0.0, 0.0, 1.0])
        weights = torch.empty(0, 0) if weight is None else weight.float().contiguous()
        total = float(height * width if weight is None else weight.sum(dtype=torch.float64))
        sums = self._work(genomes, (height, width), torch.empty(0, 0, 0, 4), goal.contiguous(), weights)
        return torch.from_numpy(sums / (3.0 * total)).float()

    def _work(self, genomes: Tensor, size: Size, pictures: Tensor, goal: Tensor, weight: Tensor) -> Array:
        """Every image is one unit of work, so that the same bytes come out on any number of threads."""
        height, width = size
        kernels = compiled("hard")
        sums = np.zeros(len(genomes))
        arguments = (height, width, *self.shapes(genomes, size), pictures.numpy(), goal.numpy(), weight.numpy(), sums)
        share_out(lambda first, last: kernels.work(first, last, *arguments), len(genomes))
        return sums

    def to_svg(self, genome: Tensor, size: Size) -> list[Any]:
        """Without anti-aliasing, and each triangle as wide as Pillow fills it; close, not equal, at corners and slivers."""
        corners, paints = self.shapes(genome[None], size)
        drawing = []
        for points, paint in zip(corners[0].tolist(), (paints[0] / 255).tolist(), strict=True):
            mark = polygon(_filled(points), paint[:3], paint[3])
            mark["shape-rendering"] = "crispEdges"
            drawing.append(mark)
        return drawing


def _filled(corners: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """The outline of what Pillow fills, for a filler that takes the pixels whose centre is inside.

    Pillow's pixels are around their whole numbers; rows reach half a pixel beyond both edges and no further, and the first
    and the last row belong to it, by a hair. So it is the hull of the corners, each as wide as a pixel and as high as a hair.
    """
    spread = sorted({(x + dx, y + dy) for x, y in corners for dx in (0.0, 1.0) for dy in (0.49, 0.51)})
    lower, upper = _half_hull(spread), _half_hull(spread[::-1])
    return [*lower, *upper]


def _half_hull(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """One side of the hull of points in order, without its last (A. M. Andrew 1979)."""
    side: list[tuple[float, float]] = []
    for x, y in points:
        while len(side) > 1:
            (ax, ay), (bx, by) = side[-2:]
            if (bx - ax) * (y - ay) > (by - ay) * (x - ax):
                break
            side.pop()
        side.append((x, y))
    return side[:-1]
