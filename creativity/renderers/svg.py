"""Closed paths of cubic Bezier pieces, filled: what drawing programs make, and SVG is made of.

As marks to be fitted, with gradients, they are diffvg's (Li et al. 2020) and LIVE's (Ma et al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from creativity import svg
from creativity.options import option
from creativity.renderers import raster
from creativity.renderers.base import Size
from creativity.renderers.fills import FILLS
from creativity.renderers.genome import Block
from creativity.renderers.marks import Marks, MarksOptions, Values, looked_at
from creativity.renderers.raster import forms

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class SvgOptions(MarksOptions):
    segments: int = option(4, "cubic pieces of each path", low=2, high=16)
    fill: str = option("flat", "what fills paths: their colour, or a gradient from it to another", choices=tuple(FILLS))


class Svg(Marks):
    """Closed paths of cubic pieces, flat or with gradients, painted in order; their ends may be corners.

    Places are in units of the canvas: (0, 0) is its top left corner, (1, 1) its bottom right one. ``points`` are an end and the two
    handles after it for each piece; the last leads back to the first end.
    """

    Options: ClassVar[type[Any]] = SvgOptions

    def __init__(self, options: Any):
        super().__init__(options)
        self.fill = options.fill
        corners = 3 * options.segments
        self.form = forms.Form((forms.PATH,), corners)
        self.geometry = (Block("points", (options.count, corners, 2), scale=0.15),)

    def scatter(self, n: int, rng: np.random.Generator, hint: Tensor | None) -> tuple[Values, Array]:
        """Small round ones everywhere, a little dented; with a hint more of them where it matters, and small ones on top of large ones."""
        count = self.options.count
        places = rng.random((n, count, 2))
        radius = min(0.4, 1.0 / count**0.5) * rng.uniform(0.5, 1.0, (n, count))
        shape = np.ones(2)
        if hint is not None:
            found, _, matters = looked_at(hint, n * count, rng)
            radius *= (1.5 - matters).reshape(n, count)
            order = np.argsort(-radius, axis=1)
            radius = np.take_along_axis(radius, order, axis=1)
            places = np.take_along_axis(found.reshape(n, count, 2), order[..., None], axis=1)
            shape = max(hint.shape[1:]) / np.array([hint.shape[2], hint.shape[1]])
        return {"points": torch.from_numpy(places[:, :, None] + self._round(radius, rng) * shape)}, places

    def _round(self, radius: Array, rng: np.random.Generator) -> Array:
        """Circles around 0 (n, N, corners, 2) of radii (n, N), a little dented."""
        pieces = self.options.segments
        step = 2 * np.pi / pieces
        turn = step * np.arange(pieces) + rng.uniform(0, 2 * np.pi, (*radius.shape, 1))
        ends = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
        ahead = 4 / 3 * np.tan(step / 4) * np.stack([-np.sin(turn), np.cos(turn)], axis=-1)
        ends, ahead = (part * rng.uniform(0.85, 1.15, (*turn.shape, 1)) for part in (ends, ahead))
        points = np.stack([ends, ends + ahead, np.roll(ends - ahead, -1, axis=-2)], axis=-2)
        dented: Array = radius[..., None, None] * points.reshape(*radius.shape, 3 * pieces, 2)
        return dented

    def box(self, values: Values) -> tuple[Tensor, Tensor]:
        """By the mean and the spread of all places: where the outermost ones are would change by leaps."""
        points = values["points"]
        middle = points.mean(dim=2)
        return middle, 4 / 3 * ((points - middle[:, :, None]).square().mean(dim=2) + 1e-12).sqrt()

    def rows(self, values: Values) -> tuple[Tensor, Tensor]:
        rows = values["points"][0].flatten(1).contiguous()
        return rows, self._kinds(len(rows))

    def from_rows(self, rows: Tensor, kinds: Tensor) -> Values:
        return {"points": rows.reshape(1, len(rows), -1, 2)}

    def _kinds(self, count: int) -> Tensor:
        return torch.full((count,), forms.PATH, dtype=torch.int32)

    def outlines(self, values: Values, size: Size) -> tuple[Tensor, Tensor, Tensor]:
        rows = values["points"].flatten(2).flatten(0, 1)
        points, contours = forms.flatten(rows, self._kinds(len(rows)), self.form, size)
        return points, contours, raster.offsets(len(rows), 1)

    def elements(self, values: Values, colours: list[svg.Paint], opacities: list[float], size: Size) -> list[Any]:
        height, width = size
        # What lies far outside is not seen; a number of forty digits would only make readers stumble.
        points = (values["points"].double() * torch.tensor([width, height])).nan_to_num().clamp(-1e6, 1e6).tolist()
        return [svg.path(_data(path), colour, opacity) for path, colour, opacity in zip(points, colours, opacities, strict=True)]


def _data(points: list[list[float]]) -> str:
    """A closed path as the data of SVG; its points are ends and handles, in turns."""
    start, *rest = map(svg.pair, points)
    return f"M{start}C{' '.join([*rest, start])}Z"
