"""Strokes: Bezier curves whose width varies along them, drawn by a brush.

Open curves as marks, with gradients, are diffvg's (Li et al. 2020), CLIPDraw's (Frans et al. 2021) and CLIPasso's (Vinker et al.
2022); here each lowers to filled outlines of exact area, its width is a curve too, and SVG gets what was drawn: one path for
every stroke, a line for a plotter where its width is even.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from creativity import svg
from creativity.errors import CreativityError
from creativity.options import option
from creativity.renderers import raster
from creativity.renderers.base import Size
from creativity.renderers.genome import Block
from creativity.renderers.marks import Marks, MarksOptions, Values, looked_at, shown
from creativity.renderers.raster import forms, grain
from creativity.renderers.raster.builder import MarkBuilder
from creativity.renderers.raster.compiled import compiled
from creativity.renderers.raster.forms import Brush

Array = np.ndarray[Any, Any]

DRAWN, HALVINGS = 0.1, 10
"""Units of a drawing by which its curves may deviate from the outline of a stroke, and how often they are halved for it."""


def _lanes(count: int, fill: float, ragged: float) -> tuple[tuple[float, float, float, float], ...]:
    """Bristles side by side, which fill this part of the width, more or less; they leave the paper up to ``ragged`` early."""
    golden = [(0.618034 * k % 1, 0.754878 * k % 1, 0.569840 * k % 1) for k in range(1, count + 1)]
    return tuple(((2 * k + 1) / count - 1, fill / count * (0.5 + a), ragged * b**2, 1 - ragged * c) for k, (a, b, c) in enumerate(golden))


BRUSHES = {
    "plain": Brush(),
    "ink": Brush(taper=0.8),
    "marker": Brush(
        ((-0.7, 0.3, 0.0, 1.0), (-0.1, 0.3, 0.01, 0.985), (0.425, 0.225, 0.004, 0.993), (0.825, 0.175, 0.015, 0.978)), round=False
    ),
    "oil": Brush(_lanes(9, 0.9, 0.2), round=False),
    "pencil": Brush(_lanes(4, 0.55, 0.1), taper=0.5, round=False),
}
"""Ink swells and thins, a marker's end is blunt, of oil and pencil one sees the bristles and the grain."""


@dataclass(frozen=True)
class StrokesOptions(MarksOptions):
    segments: int = option(1, "cubic pieces of each stroke, smoothly joined", low=1, high=16)
    brush: str = option("plain", "what draws them", choices=tuple(BRUSHES))
    caps: str | None = option(None, "their ends; by default round, of a brush with bristles flat", choices=("round", "flat"))
    widths: str = option("varying", "along a stroke; even ones are lines, for a plotter", choices=("varying", "even"))
    min_width: float = option(0.002, "least width in long sides", above=0.0, high=1.0)
    max_width: float = option(0.12, "greatest width in long sides", above=0.0, high=1.0)
    line_width: float | None = option(None, "width in long sides, where all strokes shall have the same", above=0.0, high=1.0)
    max_length: float = option(1.0, "greatest length of a stroke and its handles, in long sides", above=0.0, high=10.0)
    grain: float = option(0.0, "how far paint gives way to the ground where the paper's grain is deep; not in SVG", low=0.0, high=0.9)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.grain and self.background == "free":
            raise CreativityError("renderer 'strokes': grain shows the ground through the paint; choose one, such as background=#f4efe3")
        if self.min_width >= self.max_width:
            raise CreativityError(f"renderer 'strokes': min_width ({self.min_width}) must be below max_width ({self.max_width})")


class Strokes(Marks):
    """Bezier strokes with a width that varies along them, drawn by a brush, painted in order.

    Places are in units of the canvas: (0, 0) is its top left corner, (1, 1) its bottom right one. Widths are in units of its
    longer side. ``points`` are the ends of a stroke and the handles between them, two a piece.
    """

    Options: ClassVar[type[Any]] = StrokesOptions

    def __init__(self, options: Any):
        super().__init__(options)
        n, corners = options.count, 2 * options.segments + 2
        fixed = options.line_width is not None
        numbers = 0 if fixed else 1 if options.widths == "even" else corners
        brush = replace(BRUSHES[options.brush], longest=options.max_length, widths=numbers)
        if options.caps:
            brush = replace(brush, round=options.caps == "round")
        line = 0.5 * options.line_width if fixed else -1.0
        self.form = forms.Form((forms.STROKE,), corners, 0.5 * options.min_width, 0.5 * options.max_width, line, brush)
        self.geometry = (Block("points", (n, corners, 2), scale=0.15),)
        if numbers:
            low, high = options.min_width, options.max_width
            self.geometry += (Block("width", (n, numbers), "bounded", low, high, centre=0.25, scale=0.15),)

    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False) -> Tensor:
        images = self._grained(super().render(genomes, size, seed, alpha=True))
        return images if alpha else shown(images, self.transparent)

    def _grained(self, images: Tensor) -> Tensor:
        """Premultiplied RGBA (B, 4, H, W), blended back to the ground where the grain is deep."""
        if not self.options.grain:
            return images
        size = (images.shape[2], images.shape[3])
        return torch.lerp(images, self._ground(images).expand_as(images), self.options.grain * grain.paper(size))

    def _ground(self, like: Tensor) -> Tensor:
        """(4, 1, 1) premultiplied."""
        return self._background({}, like[:1, 0, :1, 0])[0, :, None, None]

    def _flattened(self, target: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor | None, float]:
        """A target and a weight for paint without grain, and what its error is to be multiplied by: with k the grain and G the ground,
        (1 - k) P + k G is as far from T as P is from (T - k G) / (1 - k), times 1 - k."""
        if not self.options.grain:
            return target, weight, 1.0
        deep = self.options.grain * grain.paper((target.shape[1], target.shape[2]))
        weights = torch.ones_like(deep) if weight is None else weight
        lighter = weights * (1 - deep) ** 2
        return (target - deep * self._ground(target[None])) / (1 - deep), lighter, float(lighter.sum() / weights.sum())

    def squared_error(self, genomes: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        target, weight, share = self._flattened(target, weight)
        return share * super().squared_error(genomes, target, weight)

    def builder(self, target: Tensor, weight: Tensor | None = None) -> MarkBuilder:
        target, weight, share = self._flattened(target, weight)
        built = super().builder(target, weight)
        built.total /= share
        return built

    def render_until(self, genome: Tensor, size: Size, shares: Tensor) -> Tensor:
        """The genome (D,), each stroke drawn along the first of its ``shares (N,)`` in [0, 1] -> premultiplied RGBA (4, H, W)."""
        assert self.form.brush is not None
        values, ribbons = self.spec.decode(genome[None]), len(self.form.brush.ribbons)
        rows, kinds = self.rows(values)
        whole, offsets = forms.flatten(rows, kinds, self.form, size)
        parts = list(torch.split(whole, offsets.diff().tolist()))  # type: ignore[no-untyped-call]
        for k in torch.nonzero((shares > 0) & (shares < 1))[:, 0].tolist():
            until = tuple((across, breadth, begin, min(end, float(shares[k]))) for across, breadth, begin, end in self.form.brush.ribbons)
            form = replace(self.form, brush=replace(self.form.brush, ribbons=until))
            parts[k] = forms.flatten(rows[k : k + 1], kinds[:1], form, size)[0]
        each = torch.tensor([len(part) // ribbons for part in parts]).repeat_interleave(ribbons)
        outlines = raster.Outlines(
            torch.cat(parts),
            self._snap(values["colour"])[0],
            values["opacity"][0] * (shares > 0),
            self._background(values, genome[None]),
            torch.cat([torch.zeros(1, dtype=torch.int32), each.cumsum(0, dtype=torch.int32)]),
            raster.offsets(len(rows), ribbons),
            raster.offsets(1, len(rows)),
        )
        return self._grained(raster.render(outlines, size))[0]

    def scatter(self, n: int, rng: np.random.Generator, hint: Tensor | None) -> tuple[Values, Array]:
        """Short strokes everywhere, in any direction, hardly bent; with a hint more of them where it matters, as CLIPasso has
        them, but short ones on top of long ones, and along what is there."""
        count, corners, options = self.options.count, self.form.corners, self.options
        places, way = rng.random((n, count, 2)), rng.uniform(0, 2 * np.pi, (n, count, 1))
        length = np.minimum(min(0.5, 1.5 / count**0.5), 0.9 * options.max_length) * rng.uniform(0.5, 1.0, (n, count, 1))
        if hint is not None:
            places, along, matters = looked_at(hint, n * count, rng)
            length *= (1.5 - matters).reshape(n, count, 1)
            order = np.argsort(-length, axis=1)
            length = np.take_along_axis(length, order, axis=1)
            places = np.take_along_axis(places.reshape(n, count, 2), order, axis=1)
            way = np.take_along_axis(along.reshape(n, count, 1), order, axis=1)
        angle = way + rng.normal(size=(n, count, 1)) * np.linspace(-0.5, 0.5, corners)
        steps = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * length[..., None] / (corners - 1)
        if hint is not None:
            steps *= max(hint.shape[1:]) / np.array([hint.shape[2], hint.shape[1]])
        points = np.cumsum(steps, axis=2)
        points += places[:, :, None] - points.mean(axis=2, keepdims=True)
        width = np.clip(0.25 * length * rng.uniform(0.5, 1.0, length.shape), options.min_width, options.max_width)
        values: Values = {"points": torch.from_numpy(points)}
        if self.form.brush and self.form.brush.widths:
            values["width"] = torch.from_numpy(width).expand(-1, -1, self.form.brush.widths)
        return values, places

    def _rows(self, values: Values) -> Tensor:
        """(B, N, P) as the form lays them out."""
        points = values["points"].flatten(2)
        return torch.cat([points, 0.5 * values["width"]], dim=-1) if "width" in values else points

    def rows(self, values: Values) -> tuple[Tensor, Tensor]:
        rows = self._rows(values)[0].contiguous()
        return rows, torch.full((len(rows),), forms.STROKE, dtype=torch.int32)

    def from_rows(self, rows: Tensor, kinds: Tensor) -> Values:
        corners = self.form.corners
        values = {"points": rows[None, :, : 2 * corners].reshape(1, len(rows), corners, 2)}
        return values | ({"width": 2.0 * rows[None, :, 2 * corners :]} if rows.shape[1] > 2 * corners else {})

    def outlines(self, values: Values, size: Size) -> tuple[Tensor, Tensor, Tensor]:
        assert self.form.brush is not None
        rows = self._rows(values).flatten(0, 1)
        kinds = torch.full((len(rows),), forms.STROKE, dtype=torch.int32)
        points, offsets = forms.flatten(rows, kinds, self.form, size)
        ribbons = len(self.form.brush.ribbons)
        if ribbons == 1:
            return points, offsets, raster.offsets(len(rows), 1)
        each = (offsets.diff() // ribbons).repeat_interleave(ribbons)
        contours = torch.cat([offsets[:1], each.cumsum(0, dtype=torch.int32)])
        return points, contours, raster.offsets(len(rows), ribbons)

    def elements(self, values: Values, colours: list[svg.Paint], opacities: list[float], size: Size) -> list[Any]:
        rows = self._rows({name: value[None] for name, value in values.items()})[0].double() * torch.from_numpy(self.form.units(size))
        # What lies far outside is not seen; a number of forty digits would only make readers stumble.
        shapes = rows.nan_to_num().clamp(-1e6, 1e6).numpy()
        return [self._element(row, colour, opacity, size) for row, colour, opacity in zip(shapes, colours, opacities, strict=True)]

    def _element(self, row: Array, colour: svg.Paint, opacity: float, size: Size) -> Any:
        """One stroke, ``row (P,)`` in units of a canvas of ``size``: a line where its width is even, else its outlines."""
        brush, line, style = self.form.brush, self.form.limits(size)[2], self.form.style(size)
        assert brush is not None
        control = np.empty((3 * self.options.segments + 1, 3))
        compiled("ribbons").lay_out(row, self.form.corners, line, style, control)
        if brush.widths < 2 and brush.taper == 0.0 and brush.ribbons == Brush().ribbons:
            return svg.curve(control[:, :2].tolist(), 2 * control[0, 2], colour, opacity, ends="round" if brush.round else "butt")
        data = "".join(_outline(control, *ribbon, brush.round) for ribbon in brush.ribbons)
        return svg.path(data, colour, opacity)


def _outline(control: Array, across: float, breadth: float, begin: float, end: float, round: bool) -> str:
    """One ribbon along a spline (3 pieces + 1, 3), as the data of a path."""
    there = _side(control, begin, end, across + breadth)
    back = _side(control, begin, end, across - breadth)[::-1, ::-1]
    text = f"M{svg.pair(there[0, 0])}"
    for side, turning in ((there, back[0, 0]), (back, there[0, 0])):
        text += "".join("C" + " ".join(svg.pair(point) for point in piece[1:]) for piece in side.tolist())
        radius = 0.5 * float(np.hypot(*(turning - side[-1, -1])))
        if round and radius > 0.01:
            text += f"A{svg.pair((radius, radius))} 0 0 0 {svg.pair(turning)}"
        elif side is there:
            text += f"L{svg.pair(turning)}"
    return text + "Z"


def _side(control: Array, begin: float, end: float, lane: float) -> Array:
    """What runs beside a spline at ``lane`` half widths from it, as cubic pieces (M, 4, 2): few where that will do."""
    pieces, found = len(control) // 3, []
    bounds = np.linspace(pieces * begin, pieces * end, pieces + 1)
    starts, stops = bounds[:-1], bounds[1:]
    for depth in range(HALVINGS + 1):
        length = (stops - starts)[:, None]
        (a, from_a), (b, from_b) = _beside(control, starts, lane), _beside(control, stops, lane)
        cubics = np.stack([a, a + from_a * length / 3, b - from_b * length / 3, b], axis=1)
        off = np.zeros(len(starts))
        for t in (0.25, 0.5, 0.75):
            weights = np.array([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3])
            there = _beside(control, starts + t * (stops - starts), lane)[0]
            off = np.maximum(off, np.hypot(*(weights @ cubics - there).T))
        good = off <= DRAWN
        if depth == HALVINGS:
            # Around a cusp there is no direction to keep to: chords.
            chords = np.stack([a, (2 * a + b) / 3, (a + 2 * b) / 3, b], axis=1)
            cubics, good = np.where(good[:, None, None], cubics, chords), np.ones_like(good)
        found += list(zip(starts[good].tolist(), cubics[good], strict=True))
        if good.all():
            break
        starts, stops, middle = starts[~good], stops[~good], 0.5 * (starts + stops)[~good]
        starts, stops = np.concatenate([starts, middle]), np.concatenate([middle, stops])
    return np.array([cubic for _, cubic in sorted(found, key=lambda one: one[0])])


def _beside(control: Array, positions: Array, lane: float) -> tuple[Array, Array]:
    """Points (K, 2) beside a spline at positions in [0, pieces], and their derivatives."""
    piece = np.minimum(positions.astype(int), len(control) // 3 - 1)
    t = (positions - piece)[:, None]
    a, b, c, d = (control[3 * piece + k] for k in range(4))
    s = 1 - t
    point = s**3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t**3 * d
    slope = 3 * (s * s * (b - a) + 2 * s * t * (c - b) + t * t * (d - c))
    swing = 6 * (s * (a - 2 * b + c) + t * (b - 2 * c + d))[:, :2]
    speed = np.maximum(np.hypot(slope[:, 0], slope[:, 1]), 1e-3)[:, None]
    direction = slope[:, :2] / speed
    turn = (swing - direction * (direction * swing).sum(axis=1, keepdims=True)) / speed
    normal, normal_turn = direction[:, ::-1] * (-1, 1), turn[:, ::-1] * (-1, 1)
    beside = point[:, :2] + lane * point[:, 2:] * normal
    return beside, slope[:, :2] + lane * (slope[:, 2:] * normal + point[:, 2:] * normal_turn)
