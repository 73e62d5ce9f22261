"""A drawing of another program, whose numbers are searched: an SVG document comes in and goes out, the same but for them.

Its tree, groups, order, names and classes are kept; its points, colours, opacities and widths of strokes are the genome. Optimizing
an SVG as it is written is diffvg's idea (Li et al. 2020). Every fill and every stroke is a mark; groups that are seen through and
clip paths are layers, drawn apart and laid over the rest, so that the picture is that of a viewer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeAlias
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np
import torch
from torch import Tensor

from creativity import svg
from creativity.drawings import geometry
from creativity.drawings.document import Changes, Document, Draw, Gradient, Item, Layer, draws, prefixed
from creativity.errors import CreativityError
from creativity.options import option
from creativity.renderers import raster
from creativity.renderers.base import Renderer, Size
from creativity.renderers.genome import Block, ParamSpec
from creativity.renderers.marks import parse_colour
from creativity.renderers.raster.paths import CODES, Contour, Mark, Outliner, Pen
from creativity.streams import Stream

Array = np.ndarray[Any, Any]
Values = dict[str, Tensor]

CANVAS = 4096
"""About as many pixels has the long side of the canvas that recipes note: only its shape matters."""


_T = torch.linspace(0, 1, 17)[:, None]
SAMPLES = torch.cat([(1 - _T) ** 3, 3 * (1 - _T) ** 2 * _T, 3 * (1 - _T) * _T**2, _T**3], dim=1)
"""(17, 4) what control points have in places along a piece, to measure its bounding box by."""


@dataclass(frozen=True)
class DrawingOptions:
    document: str = option("", "the drawing itself, SVG; --start FILE.svg fills it in")
    background: str = option("#ffffff", "what it is seen on: a colour, or none; no part of the document")

    def __post_init__(self) -> None:
        if self.background != "none":
            parse_colour(self.background)


class Painted(NamedTuple):
    """A fill or stroke: where its colour and opacity are, among those of the genome and then those that stay; its width likewise."""

    draw: Draw
    paint: int
    width: int


class Run(NamedTuple):
    """Marks in a row, to be drawn at once."""

    marks: tuple[Painted, ...]
    outliner: Outliner


class Apart(NamedTuple):
    """A layer."""

    parts: tuple[Part, ...]
    opacity: float
    clip: Run | None


Part: TypeAlias = "Run | Apart"


@lru_cache(maxsize=4)
def read(text: str) -> Document:
    """A document from its text, through the gate. Raises CreativityError."""
    return Document(svg.read_svg(text.encode()))


class Drawing(Renderer):
    """An SVG document: its own shapes, in its own order, as fills and strokes.

    Blocks: ``points`` (P, 2) of all paths, lines and cubic pieces alike, in units of the canvas ((0, 0) its top left corner, (1, 1)
    its bottom right one); ``colour`` and ``opacity`` of every fill and stroke, the marks; ``width`` of strokes, in long sides;
    ``stops`` (K, 4) of gradients, each with its opacity.
    """

    Options = DrawingOptions

    def __init__(self, options: DrawingOptions):
        super().__init__(options)
        if not options.document:
            raise CreativityError("renderer 'drawing' is a drawing of yours: name it with --start DRAWING.svg")
        self.document = read(options.document)
        self._gather()

    @property
    def transparent(self) -> bool:
        return bool(self.options.background == "none")

    @property
    def canvas(self) -> tuple[int, int]:
        """(width, height) of a canvas of its shape, in whole numbers."""
        width, height = self.document.canvas
        scale = CANVAS / max(width, height)
        if width == round(width) and height == round(height):
            scale = max(1, round(scale))
        return max(1, round(scale * width)), max(1, round(scale * height))

    # -- the genome

    def _gather(self) -> None:
        """Which numbers there are, what they are in the document, and who uses them."""
        document = self.document
        self._first: list[slice] = []  # of each shape's points, among those of the genome or those that stay
        free: list[Array] = []
        fixed: list[Array] = []
        counts = {False: 0, True: 0}
        for shape in document.shapes:
            local = np.array([point for subpath in shape.subpaths for point in subpath.points]).reshape(-1, 2)
            points = local @ shape.matrix[:2, :2].T + shape.matrix[:2, 2]
            at = counts[shape.fixed]
            counts[shape.fixed] += len(points)
            self._first.append(slice(at, at + len(points)))
            (fixed if shape.fixed else free).append(points / np.array(document.canvas))
        self._points = np.concatenate([*free, np.zeros((0, 2))])
        self._fixed = np.concatenate([*fixed, np.zeros((0, 2))])
        every: dict[tuple[int, bool], list[Draw]] = {}
        for draw in draws(document.items):
            every.setdefault((draw.shape, draw.stroke), []).append(draw)
        # Where an element is drawn several times, by <use>, in several colours, these are no numbers of its own.
        own = {key: found for key, found in every.items() if len({(d.colour, d.opacity, d.width, id(d.gradient)) for d in found}) == 1}
        self.keys = list(own)  # of the marks: shape, and whether it is the stroke
        self._mark = {key: k for k, key in enumerate(self.keys)}
        self._strokes = {key: k for k, key in enumerate(key for key in self.keys if key[1])}
        paints = [(*found[0].colour, found[0].opacity) for found in own.values()]
        self._paints = np.array(paints).reshape(-1, 4)
        self._widths = np.array([self._width(own[key][0]) for key in self._strokes]).reshape(-1)
        self._stops = np.array([stop.colour for stop in document.stops]).reshape(-1, 4)
        self._filled = {key: found[0].gradient for key, found in own.items() if found[0].gradient is not None}
        self._kept_paints: list[tuple[float, ...]] = []
        self._kept_widths: list[float] = []
        if not len(self.keys) or not len(self._points):
            raise CreativityError(f"{document.name} has nothing that can be changed; it draws the same element in several colours")
        self._parts = self._laid_out(document.items)
        self._layered = not (len(self._parts) == 1 and isinstance(self._parts[0], Run))

    def _width(self, draw: Draw) -> float:
        """In long sides, where the shape is drawn first."""
        scale = abs(np.linalg.det(self.document.shapes[draw.shape].matrix[:2, :2])) ** 0.5
        return float(draw.width * scale / max(self.document.canvas))

    @cached_property
    def _grain(self) -> float:
        """How far points may be moved at a time: in small detail less, or all of it would be lost at once."""
        legs = [
            np.abs(np.diff(self._points[where], axis=0)).max(axis=1)
            for shape, where in zip(self.document.shapes, self._first, strict=True)
            if not shape.fixed
        ]
        return float(np.clip(0.5 * np.median(np.concatenate(legs)), 0.003, 0.03))

    @cached_property
    def spec(self) -> ParamSpec:
        n = len(self.keys)
        blocks: tuple[Block, ...] = (
            Block("points", self._points.shape, scale=self._grain, per_mark=False),
            Block("colour", (n, 3), "bounded"),
            Block("opacity", (n,), "bounded"),
        )
        if len(self._widths):
            high = max(1.0, 2.0 * float(self._widths.max()))
            blocks += (Block("width", self._widths.shape, "bounded", high=high, centre=0.0, scale=0.01, per_mark=False),)
        if len(self._stops):
            blocks += (Block("stops", self._stops.shape, "bounded", per_mark=False),)
        return ParamSpec(blocks)

    @cached_property
    def start(self) -> Tensor:
        """(D,) the document itself."""
        values = {"points": self._points, "colour": self._paints[:, :3], "opacity": self._paints[:, 3]}
        values |= {"width": self._widths, "stops": self._stops}
        return self.spec.encode({name: torch.from_numpy(value)[None] for name, value in values.items()})[0]

    def init(self, n: int, stream: Stream, hint: Tensor | None = None) -> Tensor:
        """The shapes as they are, each somewhere else and in another colour: the hint's under its middle, where there is one."""
        rng = stream.at(0)
        values = {name: value.expand(n, *value.shape[1:]).clone() for name, value in self.spec.decode(self.start[None]).items()}
        centres = np.zeros((n, len(self._first), 2))
        for index, (shape, where) in enumerate(zip(self.document.shapes, self._first, strict=True)):
            if not shape.fixed:
                points = self._points[where]
                centres[:, index] = rng.uniform(0.1, 0.9, (n, 2))
                move = torch.from_numpy((centres[:, index] - points.mean(axis=0)).astype(np.float32))
                values["points"][:, where] += move[:, None]
        colours = torch.from_numpy(rng.uniform(0.0, 1.0, (n, len(self.keys), 3)).astype(np.float32))
        if hint is not None:
            place = torch.from_numpy(centres[:, [shape for shape, _ in self.keys]])
            rows, columns = ((place[..., axis] * hint.shape[2 - axis]).long() for axis in (1, 0))
            colours = hint[:3, rows, columns].permute(1, 2, 0)
        values["colour"] = colours
        return self.spec.encode(values)

    def numbers_called(self, name: str) -> Tensor | None:
        """(D,) the numbers of an element, or of all in a group, by its id; of the marks ``3`` or ``0-9``; ``sky.points``: of one block
        of these alone. None for what is not there."""
        elements = next(([*element.iter()] for element in self.document.root.iter() if element.get("id") == name), [])
        inside = set(elements)
        shapes = {k for k, shape in enumerate(self.document.shapes) if shape.element in inside and not shape.fixed}
        marks = [k for k, (shape, _) in enumerate(self.keys) if shape in shapes]
        if not marks and (found := re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", name)):
            first, last = int(found[1]), int(found[2] or found[1])
            marks = [*range(first, last + 1)] if first <= last < len(self.keys) else []
        if marks:
            return self.numbers_of(marks)
        whole, _, block = name.rpartition(".")
        numbers = self.numbers_called(whole) if whole and block in self.spec.slices else None
        if numbers is not None:
            among = torch.zeros_like(numbers)
            among[self.spec.slices[block]] = True
            numbers &= among
        return numbers

    def numbers_of(self, marks: Sequence[int]) -> Tensor:
        """(D,) the numbers of marks, and of their shapes."""
        values = {block.name: torch.zeros(1, *block.shape) for block in self.spec.blocks}
        for shape in {self.keys[k][0] for k in marks}:
            values["points"][:, self._first[shape]] = 1.0
        values["colour"][:, [*marks]] = values["opacity"][:, [*marks]] = 1.0
        for k in marks:
            if self.keys[k][1]:
                values["width"][:, self._strokes[self.keys[k]]] = 1.0
            if (gradient := self._filled.get(self.keys[k])) is not None:
                values["stops"][:, [*gradient.stops]] = 1.0
        return torch.cat([values[block.name].reshape(-1) for block in self.spec.blocks]) > 0

    @property
    def names(self) -> list[str]:
        """Ids of elements that can be spoken of."""
        shapes = (self.document.shapes[index].element for index, _ in self.keys)
        above = (self.document.chain(element) for element in shapes if element is not None)
        return sorted({name for chain in above for element in chain if (name := element.get("id"))})

    # -- the picture

    def _laid_out(self, items: Sequence[Item]) -> tuple[Part, ...]:
        parts: list[Part] = []
        row: list[Draw] = []
        for item in (*items, None):
            if isinstance(item, Draw):
                row.append(item)
                continue
            if row:
                parts.append(self._run(row))
                row = []
            if isinstance(item, Layer):
                clip = None if item.clip is None else self._run(item.clip)
                parts.append(Apart(self._laid_out(item.items), item.opacity, clip))
        return tuple(parts)

    def _run(self, row: Sequence[Draw]) -> Run:
        marks = tuple(self._painted(draw) for draw in row)
        return Run(marks, Outliner([self._outlined(mark) for mark in marks]))

    def _painted(self, draw: Draw) -> Painted:
        key = (draw.shape, draw.stroke)
        if key in self._mark:
            return Painted(draw, self._mark[key], self._strokes[key] if draw.stroke else 0)
        self._kept_paints.append((*draw.colour, draw.opacity))
        self._kept_widths.append(self._width(draw))
        return Painted(draw, len(self.keys) + len(self._kept_paints) - 1, len(self._widths) + len(self._kept_widths) - 1)

    def _outlined(self, mark: Painted) -> Mark:
        """As kernels take it, moved in units of the long side."""
        draw, shape = mark.draw, self.document.shapes[mark.draw.shape]
        at = self._first[draw.shape].start + (len(self._points) if shape.fixed else 0)
        contours = []
        for subpath in shape.subpaths:
            contours.append(_contour(subpath.curves, subpath.closed, at, len(subpath.points)))
            at += len(subpath.points)
        scale = max(self.document.canvas)
        matrix = frame = pen = None
        if draw.matrix is not shape.matrix and not np.allclose(draw.matrix, shape.matrix):
            moved = draw.matrix @ np.linalg.pinv(shape.matrix)
            matrix = np.concatenate([moved[:2, :2], moved[:2, 2:] / scale], axis=1)
        if draw.stroke:
            pen = Pen(mark.width, CODES[draw.join], CODES[draw.cap], draw.limit)
            frame = draw.matrix[:2, :2] / abs(np.linalg.det(draw.matrix[:2, :2])) ** 0.5
        return Mark(contours, matrix, pen, frame)

    def _placed(self, size: Size) -> Array:
        """(3, 3) from the canvas to pixels: a size in whole pixels is never quite of its shape, and viewers keep that."""
        aspect = self.document.root.get("preserveAspectRatio", "xMidYMid")
        return geometry.fitted((0.0, 0.0, *self.document.canvas), size[1], size[0], aspect)

    def _outlines(self, run: Run, values: Values, size: Size, backgrounds: Tensor, flat: bool = False) -> raster.Outlines:
        """The marks of a run in pixels; ``flat`` ones are white, to clip by."""
        batch, placed = len(values["points"]), self._placed(size)
        points = values["points"]
        if len(self._fixed):
            points = torch.cat([points, points.new_tensor(self._fixed).expand(batch, -1, 2)], dim=1)
        widths = values.get("width", points.new_zeros(batch, 0))
        if self._kept_widths:
            widths = torch.cat([widths, points.new_tensor(self._kept_widths).expand(batch, -1)], dim=1)
        width, height = self.document.canvas
        long = float(placed[0, 0]) * max(width, height)
        laid, contours, marks = run.outliner.outlines(points * (points.new_tensor([width, height]) * placed[0, 0]), widths * long, long)
        laid = laid * points.new_tensor([1.0, placed[1, 1] / placed[0, 0]]) + points.new_tensor(placed[:2, 2])
        offsets = raster.offsets(batch, len(run.marks))
        if flat:
            white = laid.new_ones(batch * len(run.marks), 3)
            return raster.Outlines(laid, white, white[:, 0], backgrounds, contours, marks, offsets)
        colours, opacities = values["colour"], values["opacity"]
        if self._kept_paints:
            kept = points.new_tensor(self._kept_paints).expand(batch, -1, 4)
            colours, opacities = torch.cat([colours, kept[..., :3]], dim=1), torch.cat([opacities, kept[..., 3]], dim=1)
        which = torch.tensor([mark.paint for mark in run.marks])
        factors = points.new_tensor([mark.draw.factor for mark in run.marks])
        return raster.Outlines(
            laid,
            colours[:, which].reshape(-1, 3),
            (opacities[:, which] * factors).reshape(-1),
            backgrounds,
            contours,
            marks,
            offsets,
            self._gradients(run, values, size),
        )

    def _gradients(self, run: Run, values: Values, size: Size) -> raster.Gradients | None:
        """What fills the marks of a run that are not of one colour."""
        if not any(mark.draw.gradient for mark in run.marks):
            return None
        batch, like = len(values["points"]), values["points"]
        kinds, counts, which = list[int](), list[int](), list[int]()
        places, frames = list[float](), list[Tensor]()
        for mark in run.marks:
            gradient = mark.draw.gradient
            if gradient is None:
                kinds.append(raster.FLAT)
                counts.append(0)
                frames.append(like.new_zeros(batch, 6))
                continue
            kinds.append(raster.RADIAL if gradient.radial else raster.LINEAR)
            counts.append(len(gradient.stops))
            places += gradient.places
            which += gradient.stops
            frames.append(self._frame(mark.draw, gradient, like, size))
        offsets = np.concatenate([[0], np.cumsum(np.tile(counts, batch))]).astype(np.int32)
        return raster.Gradients(
            torch.tensor(kinds * batch, dtype=torch.int32),
            torch.stack(frames, dim=1).reshape(-1, 6),
            torch.from_numpy(offsets),
            torch.tensor(places * batch, dtype=torch.float32),
            values["stops"][:, which].reshape(-1, 4),
        )

    def _frame(self, draw: Draw, gradient: Gradient, points: Tensor, size: Size) -> Tensor:
        """(B, 6) of a gradient: from pixels to its own units. In units of a bounding box, it moves with what it fills."""
        width, height = self.document.canvas
        into, back = np.linalg.inv(gradient.basis), np.linalg.pinv(self._placed(size) @ draw.matrix)
        if not gradient.boxed:
            return points.new_tensor((into @ back)[:2].T.ravel()).expand(len(points), 6)
        shape, where = self.document.shapes[draw.shape], self._first[draw.shape]
        local = np.linalg.pinv(shape.matrix) @ np.diag([width, height, 1.0])
        at = 0
        found: list[Tensor] = []
        for subpath in shape.subpaths:
            contour = _contour(subpath.curves, subpath.closed, at + where.start, len(subpath.points))
            at += len(subpath.points)
            control = points[:, torch.from_numpy(contour.pieces)]
            found += [(SAMPLES.to(points) @ control).flatten(1, 2)]
        seen = torch.cat(found, dim=1) @ points.new_tensor(local[:2, :2].T) + points.new_tensor(local[:2, 2])
        low, high = seen.amin(dim=1), seen.amax(dim=1)
        inverse = 1.0 / (high - low).clamp_min(1e-6)
        unboxed = torch.diag_embed(torch.cat([inverse, torch.ones_like(inverse[:, :1])], dim=1))
        shift = torch.cat([-low * inverse, torch.zeros_like(low[:, :1])], dim=1)
        unboxed = torch.cat([unboxed[:, :, :2], (unboxed[:, :, 2] + shift)[:, :, None]], dim=2)
        frame = points.new_tensor(into) @ unboxed @ points.new_tensor(back)
        return frame[:, :2].transpose(1, 2).reshape(-1, 6)

    def marks(self, genomes: Tensor, size: Size) -> raster.Outlines:
        """Genomes (B, D) -> all fills and strokes in pixels of ``size``, as if there were no layers."""
        run = self._parts[0] if not self._layered else self._flat
        assert isinstance(run, Run)
        return self._outlines(run, self.spec.decode(genomes), size, self._background(genomes))

    @cached_property
    def _flat(self) -> Run:
        kept = len(self._kept_paints), len(self._kept_widths)
        run = self._run([*draws(self.document.items)])
        assert kept == (len(self._kept_paints), len(self._kept_widths)) or True
        return run

    def _background(self, like: Tensor) -> Tensor:
        """(B, 4) premultiplied."""
        if self.transparent:
            return like.new_zeros(len(like), 4)
        return like.new_tensor([*parse_colour(self.options.background), 1.0]).expand(len(like), 4)

    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False) -> Tensor:
        """Genomes (B, D) -> (B, 3, H, W); a transparent picture is shown on white. ``alpha``: (B, 4, H, W)."""
        images = self._composed(self._parts, self.spec.decode(genomes), size, self._background(genomes))
        if alpha:
            return images
        return images[:, :3] if not self.transparent else images[:, :3] + (1.0 - images[:, 3:])

    def _composed(self, parts: Sequence[Part], values: Values, size: Size, backgrounds: Tensor) -> Tensor:
        """(B, 4, H, W) of parts, one over the other."""
        canvas: Tensor | None = None
        nothing = torch.zeros_like(backgrounds)
        for part in parts:
            if isinstance(part, Run):
                picture = raster.render(self._outlines(part, values, size, backgrounds if canvas is None else nothing), size)
            else:
                picture = self._composed(part.parts, values, size, nothing) * part.opacity
                if part.clip is not None:
                    inside = raster.render(self._outlines(part.clip, values, size, nothing, flat=True), size)
                    picture = picture * inside[:, 3:]
                if canvas is None:
                    canvas = backgrounds[:, :, None, None].expand(-1, -1, *size)
            canvas = picture if canvas is None else picture + (1.0 - picture[:, 3:]) * canvas
        assert canvas is not None
        return canvas

    def squared_error(self, genomes: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        size = (target.shape[1], target.shape[2])
        if not self._layered:
            return raster.squared_error(self.marks(genomes, size), target, weight)
        difference = self.render(genomes, size, alpha=True) - target
        colour, alpha = difference[:, :3], difference[:, 3:]
        error = ((colour - alpha / 2) ** 2).sum(dim=1) + alpha[:, 0] ** 2 / 4
        return error.mean(dim=(1, 2)) / 3 if weight is None else (error * weight).sum(dim=(1, 2)) / (3 * weight.sum())

    # -- the document

    def _tree(self, genome: Tensor) -> Element:
        """The document with the numbers of a genome (D,), where they are others."""
        same = genome == self.start
        where = self.spec.slices
        values = {name: value[0].double().numpy() for name, value in self.spec.decode(genome[None]).items()}
        changes = Changes()
        moved = ~same[where["points"]].reshape(-1, 2).all(dim=1).numpy()
        for index, (shape, place) in enumerate(zip(self.document.shapes, self._first, strict=True)):
            if not shape.fixed and moved[place].any():
                points = np.nan_to_num(values["points"][place], posinf=1e4, neginf=-1e4).clip(-1e4, 1e4)
                changes.points[index] = points * np.array(self.document.canvas)
        painted = ~torch.cat([same[where["colour"]].reshape(-1, 3), same[where["opacity"]][:, None]], dim=1).all(dim=1).numpy()
        for k, (index, stroke) in enumerate(self.keys):
            stated = changes.styles.setdefault(index, {})
            kind = "stroke" if stroke else "fill"
            if painted[k] and (index, stroke) not in self._filled:
                stated[kind] = svg.colour(values["colour"][k])
            if painted[k]:
                # What a colour says of its own opacity is gone with it.
                stated[f"{kind}-opacity"] = svg.number(float(values["opacity"][k]), 4)
            if stroke:
                at = self._strokes[index, stroke]
                if not bool(same[where["width"]][at]):
                    matrix = self.document.shapes[index].matrix
                    scale = abs(np.linalg.det(matrix[:2, :2])) ** 0.5 / max(self.document.canvas)
                    stated["stroke-width"] = svg.number(float(values["width"][at]) / scale, self.document.decimals(matrix))
        if len(self._stops):
            for k, (stop, kept) in enumerate(zip(values["stops"], same[where["stops"]].reshape(-1, 4).all(dim=1).tolist(), strict=True)):
                if not kept:
                    changes.stops[k] = {"stop-color": svg.colour(stop[:3]), "stop-opacity": svg.number(float(stop[3]), 4)}
        return self.document.written(changes)

    def to_document(self, genome: Tensor, lengths: tuple[str, str] | None = None, metadata: str | None = None) -> str:
        """The genome (D,) as the document, of its own size or of these ("210mm", "120mm"), with a text that ``svg.metadata_of`` finds."""
        root = self._tree(genome)
        width, height = self.document.canvas
        if root.get("viewBox") is None:
            root.set("viewBox", f"0 0 {svg.number(width, 6)} {svg.number(height, 6)}")
        if lengths is not None:
            root.set("width", lengths[0])
            root.set("height", lengths[1])
        for child in [child for child in root if child.find(f"{{{svg.NAMESPACE}}}artwork") is not None]:
            root.remove(child)
        if metadata is not None:
            SubElement(SubElement(root, f"{{{svg.SVG}}}metadata"), f"{{{svg.NAMESPACE}}}artwork").text = metadata
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(prefixed(root), encoding="unicode")}\n'

    def to_svg(self, genome: Tensor, size: Size) -> list[Any]:
        root = prefixed(self._tree(genome))
        across, down = (svg.number(side, 6) for side in self.document.canvas)
        root.attrib |= {"width": across, "height": down, "overflow": "visible"}
        if root.get("viewBox") is None:
            root.set("viewBox", f"0 0 {across} {down}")
        # Its own shape, in whole pixels of another program's choice.
        sides = {"width": svg.number(size[1], 6), "height": svg.number(size[0], 6)}
        aspect = root.get("preserveAspectRatio", "xMidYMid")
        outer = Element("svg", {**sides, "viewBox": f"0 0 {across} {down}", "preserveAspectRatio": aspect})
        outer.append(root)
        return [outer]


def _contour(curves: Sequence[bool], closed: bool, at: int, count: int) -> Contour:
    """A subpath's pieces as indices of its points, which begin at ``at``."""
    pieces, k = [], 0
    for number, curve in enumerate(curves):
        last = closed and number == len(curves) - 1
        reach = 3 if curve else 1
        end = 0 if last else k + reach
        pieces.append([k, k + 1, k + 2, end] if curve else [k, k, end, end])
        k += reach
    assert k + (not closed) == count
    return Contour(np.array(pieces) + at, ~np.array(curves, np.bool_), closed)
