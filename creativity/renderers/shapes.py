"""Shapes of every kind that drawing programs have: triangles, polygons, rectangles, ellipses, circles, lines, or all of them mixed.

primitive (Fogleman 2016) fits pictures with the same shapes; here they are differentiable too, and each is its own element in SVG.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from creativity import svg
from creativity.errors import CreativityError, nearest
from creativity.options import option
from creativity.renderers import raster
from creativity.renderers.base import Size
from creativity.renderers.genome import Block
from creativity.renderers.marks import Marks, MarksOptions, Values
from creativity.renderers.raster import forms

KINDS = {
    "triangle": forms.TRIANGLE,
    "polygon": forms.POLYGON,
    "rectangle": forms.RECTANGLE,
    "rotated-rectangle": forms.ROTATED,
    "ellipse": forms.ELLIPSE,
    "circle": forms.CIRCLE,
    "line": forms.LINE,
    "regular-polygon": forms.REGULAR,
}


@dataclass(frozen=True)
class ShapesOptions(MarksOptions):
    kinds: tuple[str, ...] = option(tuple(KINDS), "which kinds of shapes, such as circle,line; by default all, mixed")
    corners: int = option(4, "corners of polygons, free and regular", low=3, high=32)
    min_size: float = option(0.0, "least length from the middle of a shape to its end or side, in long sides", low=0.0, high=1.0)
    max_size: float = option(1.0, "greatest such length; of all but triangles and free polygons", above=0.0, high=4.0)
    line_width: float | None = option(None, "width of lines in long sides, where all shall have the same", above=0.0, high=1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.kinds:
            raise CreativityError(f"renderer 'shapes': kinds must name at least one of {', '.join(KINDS)}")
        for name in self.kinds:
            if name not in KINDS:
                raise CreativityError(f"renderer 'shapes': no kind of shape is called {name!r}; {nearest(name, KINDS)}")
        if self.min_size >= self.max_size:
            raise CreativityError(f"renderer 'shapes': min_size ({self.min_size}) must be below max_size ({self.max_size})")


class Shapes(Marks):
    """Rectangles, ellipses, circles, lines, polygons: one kind or several mixed, flat colours, painted in order.

    Places are in units of the canvas: (0, 0) is its top left corner, (1, 1) its bottom right one. Lengths are in units of its
    longer side.
    """

    Options: ClassVar[type[Any]] = ShapesOptions
    on_gpu = True

    def __init__(self, options: Any):
        super().__init__(options)
        n, self.form = options.count, self._form()
        kinds = set(self.form.kinds)
        # Blocks that no kind uses would only be in the way of those that search.
        self._axis = bool(kinds - {forms.TRIANGLE, forms.POLYGON, forms.CIRCLE})
        self._breadth = bool(kinds & {forms.ROTATED, forms.ELLIPSE, forms.CIRCLE}) or (forms.LINE in kinds and self.form.line < 0)
        self.geometry = ()
        if self.form.framed:
            self.geometry += (Block("place", (n, 2), scale=0.25),)
        if self._axis:
            self.geometry += (Block("axis", (n, 2), centre=0.0, scale=0.15),)
        if self._breadth:
            self.geometry += (Block("breadth", (n,), "bounded", self.form.least, self.form.most, centre=0.1, scale=0.15),)
        if self.form.cornered:
            self.geometry += (Block("vertices", (n, self.form.corners, 2), scale=0.25),)
        if len(kinds) > 1:
            self.geometry += (Block("kind", (n,), "bounded", choices=tuple(dict.fromkeys(options.kinds))),)

    def _form(self) -> forms.Form:
        options = self.options
        kinds = tuple(KINDS[name] for name in dict.fromkeys(options.kinds))
        corners = options.corners if {forms.POLYGON, forms.REGULAR} & set(kinds) else 3
        line = -1.0 if options.line_width is None else 0.5 * options.line_width
        return forms.Form(kinds, corners, options.min_size, options.max_size, line)

    def scatter(self, n: int, rng: np.random.Generator, hint: Tensor | None) -> tuple[Values, np.ndarray[Any, Any]]:
        """Small shapes everywhere, of no kind more than of another; no slivers to begin with."""
        count, form = self.options.count, self.form
        places = rng.random((n, count, 2))
        radius = min(0.5, 1.2 / count**0.5) * rng.uniform(0.5, 1.0, (n, count))
        values: Values = {}
        if form.cornered:
            # Directions in order and apart, so that outlines begin simple; of triangles, at least 60 degrees.
            angles = rng.uniform(0, 2 * np.pi, (n, count, 1)) + 2 * np.pi / form.corners * (
                np.arange(form.corners) + rng.uniform(-0.25, 0.25, (n, count, form.corners))
            )
            corners = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
            values["vertices"] = torch.from_numpy(places[:, :, None] + radius[..., None, None] * corners)
        if form.framed:
            values["place"] = torch.from_numpy(places)
            held = np.clip(0.7 * radius, form.least, form.most)
            angle = rng.uniform(0, 2 * np.pi, (n, count))
            values["axis"] = torch.from_numpy(held[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1))
            values["breadth"] = torch.from_numpy(np.clip(held * rng.uniform(0.3, 1.0, (n, count)), form.least, form.most))
        if len(form.kinds) > 1:
            values["kind"] = torch.from_numpy((rng.integers(len(form.kinds), size=(n, count)) + 0.5) / len(form.kinds))
        return values, places

    def _kinds(self, values: Values) -> Tensor:
        """(..., N) int32: which kind each mark is of."""
        like = next(iter(values.values()))
        offered = raster.constant(self.form.kinds, like).int()
        if "kind" not in values:
            return offered.expand(like.shape[:2])
        return offered[(values["kind"].detach() * len(offered)).long().clamp(0, len(offered) - 1)]

    def _rows(self, values: Values) -> Tensor:
        """(B, N, P) as the form lays them out."""
        parts = []
        if self.form.framed:
            place = values["place"]
            parts.append(place)
            parts.append(values["axis"] if self._axis else torch.zeros_like(place))
            parts.append(values["breadth"][..., None] if self._breadth else torch.zeros_like(place[..., :1]))
        if self.form.cornered:
            parts.append(values["vertices"].flatten(2))
        return torch.cat(parts, dim=-1)

    def rows(self, values: Values) -> tuple[Tensor, Tensor]:
        return self._rows(values)[0].contiguous(), self._kinds(values)[0].contiguous()

    def from_rows(self, rows: Tensor, kinds: Tensor) -> Values:
        values: Values = {}
        frame = forms.FRAME * self.form.framed
        if frame:
            values |= {"place": rows[None, :, :2], "axis": rows[None, :, 2:4], "breadth": rows[None, :, 4]}
        if self.form.cornered:
            values["vertices"] = rows[None, :, frame:].reshape(1, len(rows), -1, 2)
        if len(self.form.kinds) > 1:
            order = torch.tensor([self.form.kinds.index(kind) for kind in kinds.tolist()])
            values["kind"] = (order[None] + 0.5) / len(self.form.kinds)
        return values

    def outlines(self, values: Values, size: Size) -> tuple[Tensor, Tensor, Tensor]:
        height, width = size
        if not self.form.framed and len(self.form.kinds) == 1:
            # Corners as they are: nothing to flatten.
            vertices = values["vertices"]
            batch, count, corners, _ = vertices.shape
            points = (vertices * raster.constant((float(width), float(height)), vertices)).reshape(-1, 2)
            return points, raster.offsets(batch * count, corners, points.device), raster.offsets(batch * count, 1, points.device)
        rows, kinds = self._rows(values), self._kinds(values)
        points, contours = forms.flatten(rows.flatten(0, 1), kinds.reshape(-1), self.form, size)
        return points, contours, raster.offsets(len(contours) - 1, 1, points.device)

    def elements(self, values: Values, colours: list[svg.Paint], opacities: list[float], size: Size) -> list[Any]:
        batched = {name: value[None] for name, value in values.items()}
        rows = self._rows(batched)[0] * torch.from_numpy(self.form.units(size))
        # What lies far outside is not seen; a number of forty digits would only make readers stumble.
        shapes = rows.nan_to_num().clamp(-1e6, 1e6).tolist()
        marks = zip(self._kinds(batched)[0].tolist(), shapes, colours, opacities, strict=True)
        return [_element(self.form, kind, row, colour, opacity, size) for kind, row, colour, opacity in marks]


def _element(form: forms.Form, kind: int, row: list[float], colour: svg.Paint, opacity: float, size: Size) -> Any:
    """One shape, ``row (P,)`` in units of a canvas of ``size``, as the element that SVG has for it."""
    least, most, line = form.limits(size)
    if kind in (forms.TRIANGLE, forms.POLYGON):
        flat = row[-2 * form.corners :][: 6 if kind == forms.TRIANGLE else None]
        return svg.polygon(zip(flat[::2], flat[1::2], strict=True), colour, opacity)

    def held(length: float) -> float:
        return min(max(length, least), most)

    x, y, ux, uy, b = row[: forms.FRAME]
    if kind == forms.RECTANGLE:
        a, b = held(abs(ux)), held(abs(uy))
        return svg.rectangle(x - a, y - b, 2 * a, 2 * b, colour, opacity)
    if kind == forms.CIRCLE:
        return svg.circle(x, y, held(b), colour, opacity)
    length = math.hypot(ux, uy)
    dx, dy = (ux / length, uy / length) if length > 0 else (1.0, 0.0)
    length, degrees = held(length), math.degrees(math.atan2(dy, dx))
    if kind == forms.LINE:
        width = 2 * (line if line >= 0 else held(b))
        return svg.line(x - length * dx, y - length * dy, x + length * dx, y + length * dy, width, colour, opacity)
    if kind == forms.REGULAR:
        turns = [2 * math.pi * k / form.corners for k in range(form.corners)]
        corners = [(math.cos(turn) * length, math.sin(turn) * length) for turn in turns]
        return svg.polygon([(x + s * dx - t * dy, y + s * dy + t * dx) for s, t in corners], colour, opacity)
    if kind == forms.ELLIPSE:
        return svg.ellipse(x, y, length, held(b), colour, opacity, degrees=degrees)
    b = held(b)
    return svg.rectangle(x - length, y - b, 2 * length, 2 * b, colour, opacity, degrees=degrees)
