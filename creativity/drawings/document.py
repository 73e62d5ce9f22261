"""An SVG document as what it draws: shapes, and the fills and strokes that show them, each knowing where its numbers stand.

The tree is kept. What is drawn is found by walking it once, as a viewer does: ``<use>`` draws its element again, groups and styles
hand down what they say. Written back, the same tree comes out, with other numbers where these have changed and to the letter the
same where they have not.
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias
from xml.etree.ElementTree import Element, tostring

import numpy as np

from creativity import svg
from creativity.drawings import geometry, style
from creativity.drawings.fillrule import wound
from creativity.drawings.geometry import Matrix, Subpath
from creativity.drawings.style import Styles
from creativity.errors import CreativityError
from creativity.sources import shown

Array = np.ndarray[Any, Any]

MAX_BYTES = 1_000_000
"""Of a document: it lies in the recipe, and that in every file of the artwork."""
MAX_DRAWN, MAX_POINTS, MAX_DEPTH, MAX_MATCHES = 20_000, 200_000, 200, 500_000
"""Elements, as often as they are drawn; points; levels of groups and uses; rules of style sheets times elements."""

SVG = "{" + svg.SVG + "}"
HREF = ("href", "{http://www.w3.org/1999/xlink}href")
SHAPES = ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon")
UNSEEN = (
    "defs symbol clipPath linearGradient radialGradient stop title desc metadata style view".split()  # noqa: SIM905
)
SIZES = ("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height", "points", "d", "pathLength")
"""Attributes that the geometry of a shape stands in."""

REMEDIES = {
    "text": "convert it to paths (in Inkscape: Path > Object to Path)",
    "mask": "remove it, or cut the shapes to what is seen of them",
    "filter": "remove the effect",
    "dashes": "convert the stroke to paths (in Inkscape: Path > Stroke to Path)",
    "marker": "convert the stroke to paths (in Inkscape: Path > Stroke to Path)",
}


@dataclass(frozen=True)
class Shape:
    """``element`` draws ``subpaths``, in its own units; its points are numbers of the genome in units of the canvas, after
    ``matrix``. A ``fixed`` one is not changed: what clips."""

    element: Element | None
    subpaths: tuple[Subpath, ...]
    matrix: Matrix
    fixed: bool = False


@dataclass(frozen=True)
class Stop:
    """A stop of a gradient, which may fill many shapes: red, green, blue and opacity in [0, 1]."""

    element: Element
    colour: tuple[float, float, float, float]


@dataclass(frozen=True)
class Gradient:
    """``basis`` takes (u, v), of which u in [0, 1] of a linear gradient and |(u, v)| of a radial one is the place between its stops, to
    units of what it fills; of a ``boxed`` one to parts of the bounding box of that. ``stops`` are numbers of the document's."""

    radial: bool
    basis: Matrix
    boxed: bool
    places: tuple[float, ...]
    stops: tuple[int, ...]


@dataclass(frozen=True)
class Draw:
    """One fill or one stroke of a shape, where ``matrix`` takes its units.

    ``opacity`` is its own, ``factor`` what its element and groups multiply it with. ``width`` is in units of the shape. Where there
    is a ``gradient``, that is its colour.
    """

    shape: int
    matrix: Matrix
    colour: tuple[float, float, float]
    opacity: float
    factor: float = 1.0
    stroke: bool = False
    width: float = 0.0
    join: str = "miter"
    cap: str = "butt"
    limit: float = 4.0
    gradient: Gradient | None = None


@dataclass(frozen=True)
class Layer:
    """What is drawn apart, then seen through by ``opacity`` and inside of ``clip`` alone."""

    items: tuple[Item, ...]
    opacity: float
    clip: tuple[Draw, ...] | None = None


Item: TypeAlias = "Draw | Layer"


@dataclass
class _Place:
    """Where the walk is: what is handed down."""

    styles: Styles
    matrix: Matrix
    viewport: tuple[float, float]
    depth: int


class Document:
    """An SVG drawing, read. ``canvas`` is its (width, height) in pixels, ``items`` what it draws, lowest first.

    ``root`` is the element that ``svg.read_svg`` gives, ``name`` what messages call it. Raises CreativityError, in one line, for
    what is not read: text, masks, dashes, what cannot be parsed, and more than is sensible.
    """

    def __init__(self, root: Element, name: str = "the drawing"):
        self.root, self.name = root, name
        self._parents = {child: parent for parent in root.iter() for child in parent}
        self._named: dict[str, Element] = {}
        for element in root.iter():
            if identifier := element.get("id"):
                self._named.setdefault(identifier, element)
        self.cascade = style.Cascade(self._rules())
        self._chains: dict[Element, tuple[Element, ...]] = {}
        self._drawn = self._points = 0
        self.shapes: list[Shape] = []
        self._known: dict[Element, int] = {}
        self.stops: list[Stop] = []
        self._gradients: dict[Element, Gradient | tuple[float, float, float, float] | None] = {}
        self.canvas, inner, viewport = self._viewport()
        self._size = viewport
        place = _Place({**style.INITIAL}, inner, viewport, 0)
        styles = self.cascade.computed((root,), place.styles)
        items = self._children(root, _Place(styles, inner, viewport, 1)) if styles["display"] != "none" else []
        self.items = tuple(self._grouped(items, root, styles, place))
        if not any(True for _ in draws(self.items)):
            self._refuse("draws nothing", "a drawing with at least one filled or stroked shape is expected")

    def _refuse(self, reason: str, remedy: str) -> NoReturn:
        raise CreativityError(f"{self.name} {reason}; {remedy}")

    def _rules(self) -> list[style.Rule]:
        text = "\n".join("".join(element.itertext()) for element in self.root.iter(f"{SVG}style"))
        try:
            rules = style.sheet(text)
        except CreativityError as error:
            raise CreativityError(f"{self.name} {error}") from None
        if len(rules) * (len(self._parents) + 1) > MAX_MATCHES:
            self._refuse(f"has {len(rules)} style rules for {len(self._parents)} elements", "simplify it")
        return rules

    def chain(self, element: Element) -> tuple[Element, ...]:
        """An element with all above it, from the root down."""
        if element not in self._chains:
            above = self._parents.get(element)
            self._chains[element] = (*(self.chain(above) if above is not None else ()), element)
        return self._chains[element]

    # -- where it lies

    def _viewport(self) -> tuple[tuple[float, float], Matrix, tuple[float, float]]:
        """The canvas, the matrix of its content, and the size that percentages in it are of."""
        box = self._box(self.root)
        sides: list[float | None] = []
        for name in ("width", "height"):
            text = self.root.get(name, "auto").strip()
            if text == "auto" or text.endswith("%"):
                sides.append(None)
            else:
                sides.append(self._length(self.root, name, text, 0.0))
        width, height = sides
        if box and width is None:
            width = box[2] if height is None else box[2] / box[3] * height
        if box and width and height is None:
            height = box[3] / box[2] * width
        if width is None or height is None:
            self._refuse("has neither a viewBox nor a width and a height", "write viewBox, the part of the plane that it shows")
        if not (1e-3 <= width <= 1e5 and 1e-3 <= height <= 1e5 and max(width, height) <= 1000 * min(width, height)):
            self._refuse(
                f"is {width:g} by {height:g} pixels", "a canvas of some pixels, no more than 1000 times as long as wide, is expected"
            )
        if box is None:
            return (width, height), np.eye(3), (width, height)
        return (width, height), self._fitted(self.root, box, width, height), box[2:]

    def _box(self, element: Element) -> tuple[float, float, float, float] | None:
        text = element.get("viewBox")
        if text is None:
            return None
        try:
            left, top, width, height = geometry.numbers(text)
        except ValueError:
            self._refuse(f"has viewBox={text[:60]!r}", "four numbers are expected")
        if width <= 0 or height <= 0:
            self._refuse(f"has viewBox={text[:60]!r}", "width and height above 0 are expected")
        return left, top, width, height

    def _fitted(self, element: Element, box: tuple[float, float, float, float], width: float, height: float) -> Matrix:
        aspect = element.get("preserveAspectRatio", "xMidYMid")
        try:
            return geometry.fitted(box, width, height, aspect)
        except ValueError:
            self._refuse(f"has preserveAspectRatio={aspect[:60]!r}", 'something like "xMidYMid meet" is expected')

    def _length(self, element: Element, name: str, text: str, whole: float, em: float = 16.0) -> float:
        try:
            return style.length(text, whole, em)
        except ValueError:
            self._cannot_read(element, name, text)

    def _cannot_read(self, element: Element, name: str, text: str) -> NoReturn:
        short = " ".join(text.split())
        self._refuse(
            f"has {name}={short[:50] + '...' if len(short) > 50 else short!r} in {_called(element)}, which cannot be read", "correct it"
        )

    def _turned(self, element: Element, styles: Styles, matrix: Matrix) -> Matrix:
        """A matrix, and what the element's own transform adds to it."""
        text = styles.get("transform") or element.get("transform")
        try:
            return matrix @ geometry.transform(text) if text else matrix
        except ValueError:
            self._cannot_read(element, "transform", text or "")

    # -- the walk

    def _children(self, element: Element, place: _Place) -> list[Item]:
        items: list[Item] = []
        for child in element:
            items += self._item(child, place)
        return items

    def _item(self, element: Element, place: _Place, size: tuple[str | None, str | None] = (None, None)) -> list[Item]:
        """What an element draws; of a <use>, ``size`` is the viewport that it gives to a symbol."""
        if not element.tag.startswith(SVG):
            return []  # an editor's own
        kind = element.tag.removeprefix(SVG)
        if kind in UNSEEN and not (kind == "symbol" and size != (None, None)):
            return []
        self._drawn += 1
        if self._drawn > MAX_DRAWN:
            self._refuse(f"draws more than {MAX_DRAWN} elements", "simplify it")
        if place.depth > MAX_DEPTH:
            self._refuse(f"is nested more than {MAX_DEPTH} levels deep, by groups and <use>", "ungroup it")
        styles = self.cascade.computed(self.chain(element), place.styles)
        if styles["display"] == "none":
            return []
        self._check(element, kind, styles)
        matrix = self._turned(element, styles, place.matrix)
        inner = _Place(styles, matrix, place.viewport, place.depth + 1)
        if kind in SHAPES:
            items = self._shape(element, kind, inner)
        elif kind == "use":
            items = self._use(element, inner)
        elif kind in ("svg", "symbol"):
            items = self._inner_viewport(element, kind, inner, size)
        elif kind == "switch":
            items = next((found for child in element if (found := self._switched(child, inner)) is not None), [])
        elif kind in ("text", "tspan", "textPath"):
            if not "".join(element.itertext()).strip() or styles["visibility"] != "visible":
                return []
            self._refuse("holds <text>", REMEDIES["text"])
        else:
            items = self._children(element, inner)
        return self._grouped(items, element, styles, inner)

    def _switched(self, child: Element, place: _Place) -> list[Item] | None:
        """Of a <switch>, the first child that is for everybody."""
        if not child.tag.startswith(SVG) or child.get("requiredExtensions") is not None:
            return None
        language = child.get("systemLanguage")
        return self._item(child, place) if language is None or language.lower().startswith("en") else None

    def _check(self, element: Element, kind: str, styles: Styles) -> None:
        """Refuse what would be drawn otherwise than it is meant."""
        called = _called(element)
        for name in ("filter", "mask"):
            if styles[name] != "none":
                self._refuse(f"has a {name} on {called}", REMEDIES[name])
        if styles["mix-blend-mode"] != "normal":
            self._refuse(f"blends {called} by {styles['mix-blend-mode'][:20]!r}", "set its blend mode to normal")
        if styles["vector-effect"] not in ("none", ""):
            self._refuse(f"has vector-effect={styles['vector-effect'][:30]!r} on {called}", "convert the stroke to paths")
        if styles["transform-origin"].split() not in ([], ["0"], ["0", "0"], ["0px", "0px"]) and element.get("transform"):
            self._refuse(f"has a transform-origin on {called}", "write the transform without one")
        if kind in SHAPES and styles["stroke"] != "none" and any(digit in "123456789" for digit in styles["stroke-dasharray"]):
            self._refuse(f"has dashes on {called}", REMEDIES["dashes"])
        if kind in ("path", "line", "polyline", "polygon"):
            for end in ("marker-start", "marker-mid", "marker-end"):
                if styles[end] != "none" and self._target(styles[end]) is not None:
                    self._refuse(f"has a marker on {called}", REMEDIES["marker"])

    def _target(self, text: str) -> Element | None:
        found = svg.REFERENCE.search(text)
        return self._named.get(found[1].removeprefix("#")) if found else None

    def _use(self, element: Element, place: _Place) -> list[Item]:
        target = next((self._named.get(element.get(key, "").strip().removeprefix("#")) for key in HREF if element.get(key)), None)
        if target is None:
            return []
        width, height = place.viewport
        x = self._length(element, "x", element.get("x", "0"), width)
        y = self._length(element, "y", element.get("y", "0"), height)
        moved = _Place(place.styles, place.matrix @ geometry.affine(1, 0, 0, 1, x, y), place.viewport, place.depth + 1)
        kind = target.tag.removeprefix(SVG)
        whole = "100%" if kind == "symbol" else None  # a symbol is shown in a viewport, whatever is said
        return self._item(target, moved, (element.get("width") or whole, element.get("height") or whole))

    def _inner_viewport(self, element: Element, kind: str, place: _Place, size: tuple[str | None, str | None]) -> list[Item]:
        """A nested <svg>, or a symbol that is used: what lies outside of it is not seen."""
        whole_x, whole_y = place.viewport
        own: list[str] = [asked or element.get(name) or "100%" for asked, name in zip(size, ("width", "height"), strict=True)]
        width = self._length(element, "width", "100%" if own[0] == "auto" else own[0], whole_x)
        height = self._length(element, "height", "100%" if own[1] == "auto" else own[1], whole_y)
        x = self._length(element, "x", element.get("x", "0"), whole_x) if kind == "svg" else 0.0
        y = self._length(element, "y", element.get("y", "0"), whole_y) if kind == "svg" else 0.0
        if width <= 0 or height <= 0:
            return []
        outer = place.matrix @ geometry.affine(1, 0, 0, 1, x, y)
        box = self._box(element)
        matrix = outer @ self._fitted(element, box, width, height) if box else outer
        items = self._children(element, _Place(place.styles, matrix, box[2:] if box else (width, height), place.depth + 1))
        if place.styles["overflow"] in ("visible", "auto") or not items:
            return items
        frame = geometry.shape("rect", lambda name, _: {"width": width, "height": height}.get(name), "")
        if self._covers(frame, outer):
            return items
        return [Layer(tuple(items), 1.0, (self._clipping(frame, outer),))]

    def _clipping(self, subpaths: Sequence[Subpath], matrix: Matrix, element: Element | None = None) -> Draw:
        self.shapes.append(Shape(element, tuple(subpaths), matrix, fixed=True))
        return Draw(len(self.shapes) - 1, matrix, (1.0, 1.0, 1.0), 1.0)

    def _covers(self, subpaths: Sequence[Subpath], matrix: Matrix) -> bool:
        """Whether it is an upright rectangle around the whole canvas."""
        if len(subpaths) != 1 or any(subpaths[0].curves) or not subpaths[0].closed or len(subpaths[0].points) != 4:
            return False
        corners = np.array(subpaths[0].points) @ matrix[:2, :2].T + matrix[:2, 2]
        low, high = corners.min(axis=0), corners.max(axis=0)
        upright = np.isclose(np.abs(np.roll(corners, -1, axis=0) - corners).min(axis=1), 0.0, atol=1e-6 * max(self.canvas)).all()
        slack = 1e-3 * max(self.canvas)
        return bool(upright and (low <= slack).all() and (high >= np.array(self.canvas) - slack).all())

    # -- what is drawn

    def _shape(self, element: Element, kind: str, place: _Place) -> list[Item]:
        styles = place.styles
        if styles["visibility"] != "visible":
            return []
        fill, stroke = self._paint(element, "fill", styles), self._paint(element, "stroke", styles)
        width = 0.0
        if stroke is not None:
            width = self._length(element, "stroke-width", styles["stroke-width"], _diagonal(place.viewport))
            flat = abs(np.linalg.det(place.matrix[:2, :2]))
            stroke = stroke if width > 0 and flat > 0 else None
        if fill is None and stroke is None:
            return []
        if element not in self._known:
            subpaths = self._subpaths(element, kind, place)
            if styles["fill-rule"] == "evenodd" and fill is not None:
                subpaths = self._wound(element, subpaths, place.matrix)
            self._known[element] = len(self.shapes)
            self.shapes.append(Shape(element, tuple(subpaths), place.matrix))
        shape = self._known[element]
        if not self.shapes[shape].subpaths:
            return []
        items: list[Item] = []
        # A line encloses nothing, and has no area to fill.
        if fill is not None and any(len(subpath.points) > 2 for subpath in self.shapes[shape].subpaths):
            colour, opacity, gradient = fill
            opacity *= self._number(element, "fill-opacity", styles)
            items.append(Draw(shape, place.matrix, colour, opacity, gradient=gradient))
        if stroke is not None:
            colour, opacity, gradient = stroke
            opacity *= self._number(element, "stroke-opacity", styles)
            join, cap = styles["stroke-linejoin"], styles["stroke-linecap"]
            join = {"round": "round", "bevel": "bevel"}.get(join, "miter")
            cap = {"round": "round", "square": "square"}.get(cap, "butt")
            limit = self._length(element, "stroke-miterlimit", styles["stroke-miterlimit"], 0.0)
            items.append(Draw(shape, place.matrix, colour, opacity, 1.0, True, width, join, cap, limit, gradient))
        order = styles["paint-order"].split()
        return items[::-1] if order and order[0] == "stroke" else items

    def _subpaths(self, element: Element, kind: str, place: _Place) -> list[Subpath]:
        width, height = place.viewport
        wholes = {"x": width, "y": height, "r": _diagonal(place.viewport)}

        def size(name: str, axis: str) -> float | None:
            text = element.get(name)
            return None if text is None or text.strip() == "auto" else self._length(element, name, text, wholes[axis])

        where = "d" if kind == "path" else "points"
        try:
            subpaths = geometry.path(element.get("d", "")) if kind == "path" else geometry.shape(kind, size, element.get("points", ""))
        except ValueError:
            self._cannot_read(element, where, element.get(where, ""))
        self._points += sum(len(subpath.points) for subpath in subpaths)
        if self._points > MAX_POINTS:
            self._refuse(f"has more than {MAX_POINTS} points", "simplify it")
        return [subpath.tidied() for subpath in subpaths if subpath.curves or subpath.closed]

    def _wound(self, element: Element, subpaths: list[Subpath], matrix: Matrix) -> list[Subpath]:
        turned = wound(subpaths, matrix)
        if turned is None:
            self._refuse(
                f"fills {_called(element)} by the even-odd rule, and its outlines cross", "unite them first (in Inkscape: Path > Union)"
            )
        return turned

    def _number(self, element: Element, name: str, styles: Styles) -> float:
        try:
            return style.number(styles[name])
        except ValueError:
            self._cannot_read(element, name, styles[name])

    def _paint(self, element: Element, name: str, styles: Styles) -> tuple[tuple[float, float, float], float, Gradient | None] | None:
        """A colour, its opacity and what stands in for it; None where nothing is painted."""
        text = styles[name].strip()
        if found := svg.REFERENCE.match(text):
            target = self._target(text)
            if target is not None and target.tag in (f"{SVG}linearGradient", f"{SVG}radialGradient"):
                if target not in self._gradients:
                    self._gradients[target] = self._gradient(target)
                paint = self._gradients[target]
                if paint is None:
                    return None
                return ((0.5, 0.5, 0.5), 1.0, paint) if isinstance(paint, Gradient) else (paint[:3], paint[3], None)
            if target is not None:
                self._refuse(f"paints {_called(element)} by {_called(target)}", "a colour or a gradient is expected")
            text = text[found.end() :].lstrip("\"' )").strip() or "none"  # what shall stand in for it
        if text.lower() == "none":
            return None
        if text.lower() == "currentcolor":
            text = styles["color"] if styles["color"].lower() != "currentcolor" else "black"
        if text in ("context-fill", "context-stroke"):
            self._refuse(f"has {name}={text} on {_called(element)}", "write a colour")
        colour = style.colour(text)
        if colour is None:
            self._cannot_read(element, name, text)
        return colour[:3], colour[3], None

    def _styles(self, element: Element) -> Styles:
        """What holds for an element where it is written, such as for a stop."""
        styles: Styles = style.INITIAL
        chain = self.chain(element)
        for depth in range(1, len(chain) + 1):
            styles = self.cascade.computed(chain[:depth], styles)
        return styles

    def _gradient(self, element: Element) -> Gradient | tuple[float, float, float, float] | None:
        """A gradient; the colour of its last stop where it has no length; None where it has no stops."""
        said: dict[str, str] = {}
        chain: list[Element] = []
        at: Element | None = element
        while at is not None and at not in chain and at.tag in (f"{SVG}linearGradient", f"{SVG}radialGradient"):
            chain.append(at)
            said = {**at.attrib, **said}
            at = next((self._named.get(at.get(key, "").strip().removeprefix("#")) for key in HREF if at.get(key)), None)
        holder = next((one for one in chain if one.find(f"{SVG}stop") is not None), None)
        if holder is None:
            return None
        if said.get("spreadMethod", "pad") != "pad":
            self._refuse(f"has a gradient that repeats, {_called(element)}", "set its spread to pad")
        stops, places = holder.findall(f"{SVG}stop"), list[float]()
        for stop in stops:
            styles = self._styles(stop)
            text = styles["stop-color"]
            colour = style.colour(styles["color"] if text.lower() == "currentcolor" else text)
            if colour is None:
                self._cannot_read(stop, "stop-color", text)
            place = self._fraction(stop, "offset", stop.get("offset", "0"))
            places.append(max([place, *places[-1:]]))
            known = next((k for k, one in enumerate(self.stops) if one.element is stop), None)
            if known is None:
                self.stops.append(Stop(stop, (*colour[:3], colour[3] * self._number(stop, "stop-opacity", styles))))
        first = next(k for k, one in enumerate(self.stops) if one.element is stops[0])
        boxed = said.get("gradientUnits", "objectBoundingBox") != "userSpaceOnUse"
        wholes = (1.0, 1.0) if boxed else self._size
        radial = element.tag == f"{SVG}radialGradient"
        text = said.get("gradientTransform", "")
        try:
            turned = geometry.transform(text)
        except ValueError:
            self._cannot_read(element, "gradientTransform", text)

        def length(name: str, usual: str, axis: int) -> float:
            return self._length(element, name, said.get(name, usual), wholes[axis] if axis < 2 else _diagonal(wholes))

        if radial:
            x, y, r = length("cx", "50%", 0), length("cy", "50%", 1), length("r", "50%", 2)
            focus = math.hypot(length("fx", said.get("cx", "50%"), 0) - x, length("fy", said.get("cy", "50%"), 1) - y)
            if focus > 0.02 * r > 0 or (r > 0 and length("fr", "0", 2) > 0.02 * r):
                self._refuse(f"has a radial gradient with its focus off the middle, {_called(element)}", "move its focus to its middle")
            basis = geometry.affine(r, 0, 0, r, x, y)
        else:
            x, y = length("x1", "0%", 0), length("y1", "0%", 1)
            dx, dy = length("x2", "100%", 0) - x, length("y2", "0%", 1) - y
            basis = geometry.affine(dx, dy, -dy, dx, x, y)
        if len(stops) == 1 or abs(np.linalg.det(basis)) < 1e-12:
            return self.stops[first + len(stops) - 1].colour
        if abs(np.linalg.det(turned)) < 1e-12:
            return None
        return Gradient(radial, turned @ basis, boxed, tuple(places), tuple(range(first, first + len(stops))))

    def _fraction(self, element: Element, name: str, text: str) -> float:
        try:
            return style.number(text)
        except ValueError:
            self._cannot_read(element, name, text)

    # -- groups

    def _grouped(self, items: list[Item], element: Element, styles: Styles, place: _Place) -> list[Item]:
        """As a whole seen through, and cut, where its element says so."""
        if not items:
            return items
        opacity = self._number(element, "opacity", styles)
        clip = self._clip(element, styles["clip-path"], place, set()) if styles["clip-path"] != "none" else None
        if clip is None and (opacity == 1.0 or (len(items) == 1 and isinstance(items[0], Draw))):
            return [_fainter(item, opacity) for item in items]
        if clip is None and len(items) == 1 and isinstance(items[0], Layer):
            return [Layer(items[0].items, items[0].opacity * opacity, items[0].clip)]
        return [Layer(tuple(items), opacity, clip)]

    def _clip(self, element: Element, text: str, place: _Place, seen: set[Element]) -> tuple[Draw, ...] | None:
        """What clips an element; None where that is nothing."""
        target = self._target(text)
        if target is None and svg.REFERENCE.match(text):
            return None
        if target is None or target.tag != f"{SVG}clipPath":
            self._refuse(f"has clip-path={text[:40]!r} on {_called(element)}", "only a <clipPath> of the same file is read")
        if target.get("clipPathUnits", "userSpaceOnUse") != "userSpaceOnUse":
            self._refuse(f"has a clip-path in units of its bounding box on {_called(element)}", "release the clip")
        styles = self.cascade.computed(self.chain(target), place.styles)
        matrix = self._turned(target, styles, place.matrix)
        if styles["clip-path"] != "none":
            self._refuse("clips a <clipPath> by another", "release one of the clips")
        draws: list[Draw] = []
        for child in target:
            draws += self._clip_shape(child, _Place(styles, matrix, place.viewport, place.depth + 1))
        shapes = [self.shapes[draw.shape] for draw in draws]
        if len(shapes) == 1 and self._covers(shapes[0].subpaths, shapes[0].matrix):
            return None
        return tuple(draws)

    def _clip_shape(self, element: Element, place: _Place) -> list[Draw]:
        kind = element.tag.removeprefix(SVG)
        if not element.tag.startswith(SVG) or kind in UNSEEN:
            return []
        self._drawn += 1
        if self._drawn > MAX_DRAWN:
            self._refuse(f"draws more than {MAX_DRAWN} elements", "simplify it")
        styles = self.cascade.computed(self.chain(element), place.styles)
        if styles["display"] == "none" or styles["visibility"] != "visible":
            return []
        if styles["clip-path"] != "none":
            self._refuse("clips a <clipPath> by another", "release one of the clips")
        matrix = self._turned(element, styles, place.matrix)
        inner = _Place(styles, matrix, place.viewport, place.depth + 1)
        if kind == "use" and place.depth < MAX_DEPTH:
            target = next((self._named.get(element.get(key, "").strip().removeprefix("#")) for key in HREF if element.get(key)), None)
            if target is None:
                return []
            x = self._length(element, "x", element.get("x", "0"), place.viewport[0])
            y = self._length(element, "y", element.get("y", "0"), place.viewport[1])
            inner.matrix = matrix @ geometry.affine(1, 0, 0, 1, x, y)
            return self._clip_shape(target, inner)
        if kind not in SHAPES:
            self._refuse(f"clips by <{kind}>", REMEDIES["text"] if kind == "text" else "clip by paths")
        subpaths = self._subpaths(element, kind, inner)
        if styles["clip-rule"] == "evenodd":
            subpaths = self._wound(element, subpaths, matrix)
        return [self._clipping(subpaths, matrix, element)] if subpaths else []

    # -- writing

    def written(self, changes: Changes) -> Element:
        """The tree with other numbers; elements that none of them speaks of are as they were."""
        tree = copy.deepcopy(self.root)
        twins = dict(zip(self.root.iter(), tree.iter(), strict=True))
        parents = {child: parent for parent in tree.iter() for child in parent}

        def twin_chain(element: Element) -> tuple[Element, ...]:
            above = [element]
            while above[0] in parents:
                above.insert(0, parents[above[0]])
            return tuple(above)

        for index, points in changes.points.items():
            shape = self.shapes[index]
            assert shape.element is not None
            element = twins[shape.element]
            before = self.cascade.declared(twin_chain(element)) if self.cascade.rules else {}
            element.tag = f"{SVG}path"
            for name in SIZES:
                element.attrib.pop(name, None)
            element.set("d", self._data(shape, points))
            if self.cascade.rules:
                after = self.cascade.declared(twin_chain(element))
                for name, value in before.items():
                    if after.get(name) != value:
                        self._say(element, name, value)
            rule = self.cascade.computed(self.chain(shape.element), style.INITIAL)["fill-rule"]
            if rule == "evenodd" or self._inherits_even_odd(shape.element):
                self._say(element, "fill-rule", "nonzero")
        stated_of = [(self.shapes[index].element, stated) for index, stated in changes.styles.items()]
        stated_of += [(self.stops[index].element, stated) for index, stated in changes.stops.items()]
        for original, stated in stated_of:
            assert original is not None
            element = twins[original]
            for name, value in stated.items():
                if value != "1" or not name.endswith("-opacity") or self._says(original, name):
                    self._say(element, name, value)
        return tree

    def _says(self, element: Element, name: str) -> bool:
        """Whether anything is said of it for an element, or above."""
        return any(name in self.cascade.declared(self.chain(above)) for above in self.chain(element))

    def _inherits_even_odd(self, element: Element) -> bool:
        return any(self.cascade.declared(self.chain(above)).get("fill-rule") == "evenodd" for above in self.chain(element))

    def _say(self, element: Element, name: str, value: str) -> None:
        """Where it outranks what is said already."""
        said = list(style.declarations(element.get("style", "")))
        if name in self.cascade.ruled or any(key == name for key, _, _ in said):
            said = [one for one in said if one[0] != name]
            mark = any(key == name and matters for rule in self.cascade.rules for key, _, matters in rule.declarations)
            said.append((name, value, mark))
            element.attrib.pop(name, None)
            element.set("style", ";".join(f"{key}:{text}{' !important' if matters else ''}" for key, text, matters in said))
        else:
            element.set(name, value)

    def _data(self, shape: Shape, points: Array) -> str:
        """Points (K, 2) of a shape, in pixels of the canvas, as path data in its own units."""
        inverse = np.linalg.inv(shape.matrix)
        local = points @ inverse[:2, :2].T + inverse[:2, 2]
        decimals = self.decimals(shape.matrix)
        parts, at = [], 0
        for subpath in shape.subpaths:
            count = len(subpath.points)
            places = [svg.pair(point, decimals) for point in local[at : at + count].tolist()]
            at += count
            parts.append(f"M{places[0]}")
            k = 1
            for number, curve in enumerate(subpath.curves):
                last = subpath.closed and number == len(subpath.curves) - 1
                if curve:
                    parts.append("C" + " ".join([*places[k : k + 3], *(places[:1] if last else [])][:3]))
                    k += 3
                elif not last:
                    parts.append(f"L{places[k]}")
                    k += 1
            if subpath.closed:
                parts.append("Z")
        return "".join(parts)

    def decimals(self, matrix: Matrix) -> int:
        """Of numbers in units that a matrix takes to the canvas: a twenty-thousandth of its long side is seen."""
        size = float(np.linalg.norm(matrix[:2, :2], 2)) / max(self.canvas)
        return min(max(math.ceil(math.log10(max(size, 1e-12)) + 4.3), 0), 9)


@dataclass
class Changes:
    """By shape: its points (K, 2) in pixels of the canvas, and what is said of its paint; by stop, what is said of it."""

    points: dict[int, Array] = field(default_factory=dict)
    styles: dict[int, dict[str, str]] = field(default_factory=dict)
    stops: dict[int, dict[str, str]] = field(default_factory=dict)


def text_of(root: Element, name: str) -> str:
    """A tree as text, as recipes keep it. Raises CreativityError for more than a megabyte."""
    text = tostring(prefixed(root), encoding="unicode")
    if len(text.encode()) > MAX_BYTES:
        raise CreativityError(f"{name} has {len(text.encode()) / 1e6:.1f} MB; a drawing to go on from has at most 1; simplify it")
    return text


def glance(path: str) -> None:
    """Refuse a drawing that cannot be read, before anything heavy is loaded for it."""
    if path.lower().endswith(".svg") and os.path.isfile(path):
        root, name = svg.read_svg(path), f"the SVG {shown(path)}"
        if svg.metadata_of(root) is None:
            text_of(root, name)
            Document(root, name)


def draws(items: Sequence[Item]) -> Iterator[Draw]:
    """Every fill and stroke, lowest first; what clips is not drawn."""
    for item in items:
        if isinstance(item, Draw):
            yield item
        else:
            yield from draws(item.items)


def _fainter(item: Item, opacity: float) -> Item:
    if opacity == 1.0:
        return item
    assert isinstance(item, Draw)
    return Draw(**{**item.__dict__, "factor": item.factor * opacity})


def _diagonal(viewport: tuple[float, float]) -> float:
    return math.hypot(*viewport) / math.sqrt(2)


def _called(element: Element) -> str:
    """An element as messages name it."""
    kind, identifier = element.tag.rpartition("}")[2], " ".join(element.get("id", "").split())
    return f"<{kind}> #{identifier[:40]}" if identifier else f"<{kind}>"


PREFIXES = {
    svg.SVG: "",
    "http://www.w3.org/1999/xlink": "xlink",
    "http://www.w3.org/XML/1998/namespace": "xml",
    "http://www.inkscape.org/namespaces/inkscape": "inkscape",
    "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd": "sodipodi",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://creativecommons.org/ns#": "cc",
    "http://purl.org/dc/elements/1.1/": "dc",
    svg.NAMESPACE: "creativity",
}


def prefixed(tree: Element) -> Element:
    """The same with prefixes in its names, where a parser has put namespaces, as it is written to a file."""
    prefixes, used = {**PREFIXES}, {svg.SVG}

    def name(key: str) -> str:
        if key[0] != "{":
            return key
        space, _, local = key[1:].rpartition("}")
        prefix = prefixes.setdefault(space, f"ns{len(prefixes)}")
        used.add(space)
        return f"{prefix}:{local}" if prefix else local

    def renamed(element: Element) -> Element:
        new = Element(name(element.tag), {name(key): value for key, value in element.attrib.items()})
        new.text, new.tail = element.text, element.tail
        new.extend([renamed(child) for child in element])
        return new

    root = renamed(tree)
    root.tail = None
    for space in sorted(used, key=list(prefixes).index):
        if prefixes[space] != "xml":
            root.set(f"xmlns:{prefixes[space]}" if prefixes[space] else "xmlns", space)
    return root
