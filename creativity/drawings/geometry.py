"""The geometry of SVG as numbers: transforms, view boxes, path data and basic shapes, all of it as lines and cubic pieces."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Matrix: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
"""(3, 3), for columns (x, y, 1)."""
Point: TypeAlias = tuple[float, float]

KAPPA = 4 / 3 * (math.sqrt(2) - 1)
"""How far the handles of a quarter of a circle reach, in radii."""

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBERS = re.compile(NUMBER)
_COMMANDS = re.compile(r"([MmZzLlHhVvCcSsQqTtAa])([^MmZzLlHhVvCcSsQqTtAa]*)")
_ARC = re.compile(rf"[\s,]*({NUMBER})[\s,]*({NUMBER})[\s,]*({NUMBER})[\s,]*([01])[\s,]*([01])[\s,]*({NUMBER})[\s,]*({NUMBER})")
_TRANSFORMS = re.compile(r"\s*,?\s*(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^()]*)\)")
_ARGUMENTS = {"M": 2, "L": 2, "T": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "A": 7, "Z": 0}

LARGEST = 1e7
"""Coordinates beyond which nothing is told apart."""


@dataclass
class Subpath:
    """A start, then a point for every line and three for every cubic piece; ``curves`` says which. A ``closed`` one ends where it
    begins: by a line, or, where its last point is left out, by its last piece."""

    points: list[Point]
    curves: list[bool] = field(default_factory=list)
    closed: bool = False

    def line(self, to: Point) -> None:
        self.points.append(to)
        self.curves.append(False)

    def curve(self, a: Point, b: Point, to: Point) -> None:
        self.points += [a, b, to]
        self.curves.append(True)

    def close(self) -> None:
        self.closed = True
        if self.curves and self.points[-1] != self.points[0] and math.dist(self.points[-1], self.points[0]) > 1e-6 * self._extent():
            self.curves.append(False)
        elif self.curves:
            self.points.pop()

    def tidied(self) -> Subpath:
        """Without pieces that lead nowhere, unless there is nothing else: a pen makes a dot of it."""
        if not self.curves:
            return Subpath([self.points[0]] * 2, [False])
        kept, k = Subpath(self.points[:1], [], self.closed), 1
        for number, curve in enumerate(self.curves):
            count = 3 if curve else 1
            piece = self.points[k : k + count]
            k += count
            last = self.closed and number == len(self.curves) - 1
            if all(point == kept.points[-1] for point in [*piece, *(self.points[:1] if last else [])]) and len(self.curves) > 1:
                if last and len(kept.points) > 1:
                    kept.points.pop()
                continue
            kept.points += piece
            kept.curves.append(curve)
        moves = any(point != kept.points[0] for point in kept.points)
        return kept if moves else Subpath([self.points[0]] * 2, [False])

    def _extent(self) -> float:
        return max(max(abs(x), abs(y)) for x, y in self.points)


def numbers(text: str) -> list[float]:
    """All numbers of a list. Raises ValueError for anything else in it."""
    found = _NUMBERS.findall(text)
    if _NUMBERS.sub("", text).strip(" \t\r\n\f,"):
        raise ValueError(text)
    values = [float(number) for number in found]
    if any(abs(value) > LARGEST for value in values):
        raise ValueError(text)
    return values


def transform(text: str) -> Matrix:
    """The value of ``transform`` as one matrix. Raises ValueError."""
    matrix, end = np.eye(3), 0
    for found in _TRANSFORMS.finditer(text):
        if found.start() != end:
            raise ValueError(text)
        end = found.end()
        matrix = matrix @ _one_transform(found[1], numbers(found[2]), text)
    if text[end:].strip() not in ("", "none"):
        raise ValueError(text)
    return matrix


def _one_transform(name: str, values: list[float], text: str) -> Matrix:
    count = len(values)
    if name == "matrix" and count == 6:
        return affine(*values)
    if name == "translate" and count in (1, 2):
        return affine(1, 0, 0, 1, values[0], values[1] if count == 2 else 0.0)
    if name == "scale" and count in (1, 2):
        return affine(values[0], 0, 0, values[-1], 0, 0)
    if name == "rotate" and count in (1, 3):
        sine, cosine = math.sin(math.radians(values[0])), math.cos(math.radians(values[0]))
        x, y = values[1:] if count == 3 else (0.0, 0.0)
        return affine(cosine, sine, -sine, cosine, x - cosine * x + sine * y, y - sine * x - cosine * y)
    if name.startswith("skew") and count == 1:
        slope = math.tan(math.radians(values[0]))
        return affine(1, 0, slope, 1, 0, 0) if name == "skewX" else affine(1, slope, 0, 1, 0, 0)
    raise ValueError(text)


def affine(a: float, b: float, c: float, d: float, e: float, f: float) -> Matrix:
    """As SVG writes a matrix."""
    return np.array([[a, c, e], [b, d, f], [0, 0, 1]], np.float64)


def fitted(box: tuple[float, float, float, float], width: float, height: float, aspect: str) -> Matrix:
    """What a view box (left, top, width, height) and ``preserveAspectRatio`` do in a viewport of this size. Raises ValueError."""
    words = aspect.split() or ["xMidYMid"]
    across, down = width / box[2], height / box[3]
    if words[0] == "defer":
        words = words[1:] or ["xMidYMid"]
    if words[0] == "none":
        return affine(across, 0, 0, down, -across * box[0], -down * box[1])
    align = re.fullmatch(r"x(Min|Mid|Max)Y(Min|Mid|Max)", words[0])
    if not align or words[1:] not in ([], ["meet"], ["slice"]):
        raise ValueError(aspect)
    scale = max(across, down) if words[1:] == ["slice"] else min(across, down)
    share = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
    x, y = share[align[1]] * (width - scale * box[2]), share[align[2]] * (height - scale * box[3])
    return affine(scale, 0, 0, scale, x - scale * box[0], y - scale * box[1])


def path(data: str) -> list[Subpath]:
    """Path data as subpaths. Raises ValueError where it cannot be read to its end."""
    begun = data.lstrip()
    if not begun or begun == "none":
        return []
    if begun[0] not in "Mm":
        raise ValueError(data)
    return _Pen().draw(data)


class _Pen:
    def __init__(self) -> None:
        self.done: list[Subpath] = []
        self.now: Subpath | None = None
        self.at: Point = (0.0, 0.0)
        self.start: Point = (0.0, 0.0)
        self.handle: Point | None = None  # the last control point, as smooth commands mirror it
        self.quadratic = False  # of which kind

    def draw(self, data: str) -> list[Subpath]:
        for found in _COMMANDS.finditer(data):
            self._command(found[1], found[2])
        return self.done

    def _command(self, letter: str, text: str) -> None:
        kind = letter.upper()
        if kind == "Z":
            if text.strip(" \t\r\n\f,"):
                raise ValueError(text)
            self._close()
            return
        values = self._arguments(kind, text)
        count = _ARGUMENTS[kind]
        for k in range(0, len(values), count):
            one, (x, y) = values[k : k + count], self.at if letter.islower() else (0.0, 0.0)
            if kind == "M":
                self._move((x + one[0], y + one[1]))
                kind = "L"
                continue
            if kind == "H":
                self._line((x + one[0], self.at[1]))
            elif kind == "V":
                self._line((self.at[0], y + one[0]))
            elif kind == "L":
                self._line((x + one[0], y + one[1]))
            elif kind == "A":
                self._arc(one[0], one[1], one[2], bool(one[3]), bool(one[4]), (x + one[5], y + one[6]))
            else:
                points = [(x + one[i], y + one[i + 1]) for i in range(0, count, 2)]
                self._smooth(kind, points)

    def _arguments(self, kind: str, text: str) -> list[float]:
        if kind == "A":
            found, end = [], 0
            while text[end:].strip(" \t\r\n\f,"):
                arc = _ARC.match(text, end)
                if not arc:
                    raise ValueError(text)
                found += [float(number) for number in arc.groups()]
                end = arc.end()
            values = found
        else:
            values = numbers(text)
        if not values or len(values) % _ARGUMENTS[kind]:
            raise ValueError(text)
        return values

    def _open(self) -> Subpath:
        if self.now is None:
            self.now = Subpath([self.at])
            self.done.append(self.now)
            self.start = self.at
        return self.now

    def _move(self, to: Point) -> None:
        self.now, self.at, self.start, self.handle = None, to, to, None

    def _line(self, to: Point) -> None:
        self._open().line(to)
        self.at, self.handle = to, None

    def _close(self) -> None:
        self._open().close()
        self.now, self.at, self.handle = None, self.start, None

    def _smooth(self, kind: str, points: list[Point]) -> None:
        quadratic = kind in "QT"
        if kind in "ST":
            mirrored = self.handle is not None and self.quadratic == quadratic
            hx, hy = self.handle if mirrored and self.handle else self.at
            points = [(2 * self.at[0] - hx, 2 * self.at[1] - hy), *points]
        self.handle, self.quadratic = points[-2], quadratic
        if quadratic:
            (x0, y0), (x1, y1), (x2, y2) = self.at, *points
            points = [((x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3), ((x2 + 2 * x1) / 3, (y2 + 2 * y1) / 3), points[1]]
        self._open().curve(*points)
        self.at = points[-1]

    def _arc(self, rx: float, ry: float, degrees: float, large: bool, sweep: bool, to: Point) -> None:
        if to == self.at:
            return
        rx, ry = abs(rx), abs(ry)
        if rx == 0 or ry == 0:
            self._line(to)
            return
        subpath = self._open()
        for a, b, c in _arc(self.at, rx, ry, math.radians(degrees), large, sweep, to):
            subpath.curve(a, b, c)
        self.at, self.handle = to, None


def _arc(begin: Point, rx: float, ry: float, turn: float, large: bool, sweep: bool, to: Point) -> list[tuple[Point, Point, Point]]:
    """An elliptical arc as cubic pieces of at most a quarter (the notes of SVG 1.1, F.6)."""
    cosine, sine = math.cos(turn), math.sin(turn)
    dx, dy = (begin[0] - to[0]) / 2, (begin[1] - to[1]) / 2
    x, y = (cosine * dx + sine * dy) / rx, (cosine * dy - sine * dx) / ry
    size = x * x + y * y
    if size > 1:
        rx, ry, x, y = rx * math.sqrt(size), ry * math.sqrt(size), x / math.sqrt(size), y / math.sqrt(size)
        size = 1.0
    away = math.sqrt(max(0.0, 1 / size - 1)) * (1 if large == sweep else -1)
    cx, cy = -away * y, away * x  # of the middle, in the circle's own frame
    first = math.atan2(y - cy, x - cx)
    angle = (math.atan2(-y - cy, -x - cx) - first) % (2 * math.pi)
    if not sweep:
        angle -= 2 * math.pi
    pieces = max(1, math.ceil(abs(angle) / (math.pi / 2) - 1e-9))
    step = angle / pieces
    reach = 4 / 3 * math.tan(step / 4)
    mx, my = (begin[0] + to[0]) / 2, (begin[1] + to[1]) / 2

    def place(u: float, v: float) -> Point:
        u, v = rx * (u + cx), ry * (v + cy)
        return mx + cosine * u - sine * v, my + sine * u + cosine * v

    curves = []
    for k in range(pieces):
        a, b = first + k * step, first + (k + 1) * step
        ends = (math.cos(a), math.sin(a), math.cos(b), math.sin(b))
        curves.append(
            (
                place(ends[0] - reach * ends[1], ends[1] + reach * ends[0]),
                place(ends[2] + reach * ends[3], ends[3] - reach * ends[2]),
                to if k == pieces - 1 else place(ends[2], ends[3]),
            )
        )
    return curves


def shape(kind: str, size: Callable[[str, str], float | None], points: str) -> list[Subpath]:
    """A basic shape as subpaths; ``size(name, axis)`` gives a length in user units, None where it is not said. Raises ValueError."""

    def length(name: str, axis: str) -> float:
        return size(name, axis) or 0.0

    if kind == "line":
        subpath = Subpath([(length("x1", "x"), length("y1", "y"))])
        subpath.line((length("x2", "x"), length("y2", "y")))
        return [subpath]
    if kind in ("polyline", "polygon"):
        values = numbers(points)
        corners = list(zip(values[::2], values[1::2], strict=False))
        if len(corners) < 2:
            return []
        subpath = Subpath(corners[:1])
        for corner in corners[1:]:
            subpath.line(corner)
        if kind == "polygon":
            subpath.close()
        return [subpath]
    if kind == "rect":
        return _rectangle(length("x", "x"), length("y", "y"), length("width", "x"), length("height", "y"), size("rx", "x"), size("ry", "y"))
    x, y = length("cx", "x"), length("cy", "y")
    if kind == "circle":
        rx = ry = length("r", "r")
    else:
        given = size("rx", "x"), size("ry", "y")
        rx, ry = (given[0] if given[0] is not None else given[1]) or 0.0, (given[1] if given[1] is not None else given[0]) or 0.0
    if rx <= 0 or ry <= 0:
        return []
    subpath, u, v = Subpath([(x + rx, y)]), KAPPA * rx, KAPPA * ry
    subpath.curve((x + rx, y + v), (x + u, y + ry), (x, y + ry))
    subpath.curve((x - u, y + ry), (x - rx, y + v), (x - rx, y))
    subpath.curve((x - rx, y - v), (x - u, y - ry), (x, y - ry))
    subpath.curve((x + u, y - ry), (x + rx, y - v), (x + rx, y))
    subpath.close()
    return [subpath]


def _rectangle(x: float, y: float, width: float, height: float, rx: float | None, ry: float | None) -> list[Subpath]:
    if width <= 0 or height <= 0:
        return []
    a = min(max((rx if rx is not None else ry) or 0.0, 0.0), width / 2)
    b = min(max((ry if ry is not None else rx) or 0.0, 0.0), height / 2)
    right, bottom = x + width, y + height
    if a == 0 or b == 0:
        subpath = Subpath([(x, y)])
        for corner in ((right, y), (right, bottom), (x, bottom)):
            subpath.line(corner)
        subpath.close()
        return [subpath]
    u, v = (1 - KAPPA) * a, (1 - KAPPA) * b
    subpath = Subpath([(x + a, y)])
    for straight, first, second, to in (
        ((right - a, y), (right - u, y), (right, y + v), (right, y + b)),
        ((right, bottom - b), (right, bottom - v), (right - u, bottom), (right - a, bottom)),
        ((x + a, bottom), (x + u, bottom), (x, bottom - v), (x, bottom - b)),
        ((x, y + b), (x, y + v), (x + u, y), (x + a, y)),
    ):
        if straight != subpath.points[-1]:
            subpath.line(straight)
        subpath.curve(first, second, to)
    subpath.close()
    return [subpath]
