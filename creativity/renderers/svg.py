"""Closed paths of cubic Bezier pieces, filled: what drawing programs make, and SVG is made of.

As marks to be fitted, with gradients, they are diffvg's (Li et al. 2020) and LIVE's (Ma et al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from creativity import svg
from creativity.options import option
from creativity.renderers import fills, raster
from creativity.renderers.base import Size
from creativity.renderers.genome import Block
from creativity.renderers.marks import Marks, MarksOptions, Values, looked_at, parse_colour
from creativity.renderers.raster import forms
from creativity.renderers.raster.paths import BUTT, ROUND, Contour, Mark, Outliner, Pen

if TYPE_CHECKING:
    from creativity.planting import Places

Array = np.ndarray[Any, Any]

AWAY = -9.0
"""Where a path lies that draws nothing."""


@dataclass(frozen=True)
class SvgOptions(MarksOptions):
    segments: int = option(4, "cubic pieces of each path", low=2, high=16)
    fill: str = option("flat", "what fills paths: their colour, or a gradient from it to another", choices=tuple(fills.FILLS))
    outline: float | None = option(None, "width of a line along its edge, in long sides; none by default", above=0.0, high=1.0)
    outline_colour: str = option("free", "of these lines: free (searched, each its own) or a colour such as #1a1a1a")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.outline_colour != "free":
            parse_colour(self.outline_colour)


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
        self._lined = options.outline is not None
        self.on_gpu = not self._lined
        if self._lined and options.outline_colour == "free":
            self.geometry += (Block("outline_colour", (options.count, 3), "bounded"),)

    @property
    def builds(self) -> bool:
        """Builders know marks of one colour."""
        return not self._lined

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
        points = places[:, :, None] + self._round(radius, rng) * shape
        return {"points": torch.from_numpy(points), "outline_colour": torch.full((n, count, 3), 0.2)}, places

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

    def plant(self, genome: Tensor, marks: Array, places: Places | None, size: Size, rng: np.random.Generator) -> Tensor:
        """Round ones, nearly opaque; what is away can neither be seen nor be drawn back."""
        values = self.spec.decode(genome[None].clone())
        if places is None:
            values["points"][0, marks] = AWAY
            return self.spec.encode(values)[0]
        corners, low, high = self.form.corners, self.options.min_opacity, self.options.max_opacity
        shape = max(size) / np.array([size[1], size[0]])
        round_ = self._round(places.radii[None], rng)[0]
        points = places.middles[:, None] + round_.reshape(len(marks), corners, 2) * shape
        values["points"][0, marks] = torch.from_numpy(points).float()
        values["colour"][0, marks] = torch.from_numpy(places.colours).float()
        values["opacity"][0, marks] = low + 0.8 * (high - low)
        for name, plain in fills.plain(self.fill, 1, self.options.count).items():
            values[name][0, marks] = plain[0, marks]
        return self.spec.encode(values)[0]

    def rows(self, values: Values) -> tuple[Tensor, Tensor]:
        rows = values["points"][0].flatten(1).contiguous()
        return rows, self._kinds(len(rows))

    def from_rows(self, rows: Tensor, kinds: Tensor) -> Values:
        return {"points": rows.reshape(1, len(rows), -1, 2)}

    def _kinds(self, count: int) -> Tensor:
        return torch.full((count,), forms.PATH, dtype=torch.int32)

    def outlines(self, values: Values, size: Size) -> tuple[Tensor, Tensor, Tensor]:
        if self._lined:
            canvas = values["points"].new_tensor([size[1], size[0]])
            width = canvas.new_full((len(values["points"]), 1), self._width(size))
            return _outliner(self.options.count, self.options.segments).outlines((values["points"] * canvas).flatten(1, 2), width)
        rows = values["points"].flatten(2).flatten(0, 1)
        points, contours = forms.flatten(rows, self._kinds(len(rows)).to(rows.device), self.form, size)
        return points, contours, raster.offsets(len(rows), 1, rows.device)

    def _width(self, size: Size) -> float:
        return float((self.options.outline or 0.0) * max(size))

    def _outline_colours(self, values: Values) -> Tensor:
        """(..., N, 3)"""
        if self.options.outline_colour == "free":
            return self._snap(values["outline_colour"])
        return self._snap(torch.tensor(parse_colour(self.options.outline_colour))).expand(*values["points"].shape[:-2], 3)

    def marks(self, genomes: Tensor, size: Size) -> raster.Outlines:
        drawn = super().marks(genomes, size)
        if not self._lined:
            return drawn
        lines = self._outline_colours(self.spec.decode(genomes)).reshape(-1, 3)
        filled = drawn.gradients
        if filled is not None:
            none = torch.zeros_like(filled.kinds), torch.zeros_like(filled.frames)
            filled = replace(
                filled,
                kinds=torch.stack([filled.kinds, none[0]], dim=1).flatten(),
                frames=torch.stack([filled.frames, none[1]], dim=1).flatten(0, 1),
                stops=torch.cat([filled.stops[:1], filled.stops[1:].repeat_interleave(2)]),
            )
        return replace(
            drawn,
            gradients=filled,
            colours=torch.stack([drawn.colours, lines], dim=1).flatten(0, 1),
            opacities=drawn.opacities.repeat_interleave(2),
            images=raster.offsets(len(genomes), 2 * self.options.count),
        )

    def elements(self, values: Values, colours: list[svg.Paint], opacities: list[float], size: Size) -> list[Any]:
        height, width = size
        # What lies far outside is not seen; a number of forty digits would only make readers stumble.
        points = (values["points"].double() * torch.tensor([width, height])).nan_to_num().clamp(-1e6, 1e6).tolist()
        lines: list[Any] = [None] * len(points)
        if self._lined:
            lines = [(colour, self._width(size)) for colour in self._outline_colours(values).tolist()]
        marks = zip(points, colours, opacities, lines, strict=True)
        return [svg.path(_data(path), colour, opacity, outline=line) for path, colour, opacity, line in marks]


@lru_cache(maxsize=4)
def _outliner(count: int, segments: int) -> Outliner:
    """Of so many paths: each filled, and then drawn along by a pen."""
    corners, pen, marks = 3 * segments, Pen(0, ROUND, BUTT, 1.0), []
    own = (np.arange(0, corners, 3)[:, None] + np.arange(4)) % corners
    for k in range(count):
        contour = Contour(own + k * corners, np.zeros(segments, np.bool_), True)
        marks += [Mark((contour,)), Mark((contour,), pen=pen)]
    return Outliner(marks)


def _data(points: list[list[float]]) -> str:
    """A closed path as the data of SVG; its points are ends and handles, in turns."""
    start, *rest = map(svg.pair, points)
    return f"M{start}C{' '.join([*rest, start])}Z"
