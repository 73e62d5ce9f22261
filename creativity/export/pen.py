"""The way of a pen: where it begins and ends each line, and in which order it lifts least.

Nearest neighbours first, then 2-opt (Croes 1958) over the ends of the lines: a run of lines is drawn backwards, each from its other end,
wherever that shortens the way through the air.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from creativity.export.pruning import path_data

Array = np.ndarray[Any, Any]

REACH = 1000
"""Lines further apart in the order are not tried as the ends of a run: with more lines than this the work would be quadratic."""

ROUNDS = 50
"""Of 2-opt, at most."""


def ends(elements: Sequence[Element]) -> tuple[Array, Array]:
    """Where a pen begins each element, and where it ends, (N, 2)."""
    found = np.array([_ends(element) for element in elements]).reshape(-1, 2, 2)
    return found[:, 0], found[:, 1]


def _ends(element: Element) -> tuple[tuple[float, float], tuple[float, float]]:
    def number(name: str) -> float:
        return float(element.get(name, 0))

    if element.tag == "line":
        return (number("x1"), number("y1")), (number("x2"), number("y2"))
    if element.tag == "path":
        points = _points(element.get("d", ""))
        start = _number_pair(points[0])
        return start, (start if "Z" in element.get("d", "") else _number_pair(points[-1]))
    # A closed form, where SVG says that its outline begins.
    if element.tag == "polygon":
        start = _number_pair(element.get("points", "").split()[0])
    elif element.tag == "rect":
        start = _turned((number("x"), number("y")), element)
    elif element.tag == "circle":
        start = number("cx") + number("r"), number("cy")
    else:
        start = _turned((number("cx") + number("rx"), number("cy")), element)
    return start, start


def _turned(point: tuple[float, float], element: Element) -> tuple[float, float]:
    turn = re.fullmatch(r"rotate\((\S+) (\S+) (\S+)\)", element.get("transform", ""))
    if not turn:
        return point
    angle, x, y = math.radians(float(turn[1])), float(turn[2]), float(turn[3])
    dx, dy = point[0] - x, point[1] - y
    return x + dx * math.cos(angle) - dy * math.sin(angle), y + dx * math.sin(angle) + dy * math.cos(angle)


def _points(data: str) -> list[str]:
    return re.findall(r"-?[\d.]+,-?[\d.]+", data)


def _number_pair(text: str) -> tuple[float, float]:
    x, y = text.split(",")
    return float(x), float(y)


def length(element: Element) -> float:
    """How long a line is; 0 for an area."""
    if element.tag != "line" and element.get("fill") != "none":
        return 0.0

    def value(name: str) -> float:
        return float(element.get(name, 0))

    if element.tag == "circle":
        return 2 * math.pi * value("r")
    if element.tag == "ellipse":
        return 2 * math.pi * math.sqrt(0.5 * (value("rx") ** 2 + value("ry") ** 2))
    if element.tag == "rect":
        return 2 * (value("width") + value("height"))
    whole = 0.0
    for part in re.split("(?=M)", path_data(element) or "")[1:]:
        # Curves by their chords; arcs, which are round ends, by theirs.
        points = np.array([_number_pair(pair) for pair in _points(re.sub(r"A\S+ 0 0 0 ", "L", part))])
        if "C" in part and "L" not in part and "A" not in part:
            t = np.linspace(0, 1, 17)[:, None, None]
            a, b, c, d = points[:-1:3], points[1::3], points[2::3], points[3::3]
            curve = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t * t * c + t**3 * d
            whole += float(np.hypot(*np.diff(curve, axis=0).reshape(-1, 2).T).sum())
        else:
            closed = np.concatenate([points, points[:1]]) if "Z" in part else points
            whole += float(np.hypot(*np.diff(closed, axis=0).T).sum())
    return whole


def turn_around(element: Element) -> None:
    """The same line from its other end; a closed form stays as it is."""
    if element.tag == "line":
        for a, b in (("x1", "x2"), ("y1", "y2")):
            element.attrib[a], element.attrib[b] = element.attrib[b], element.attrib[a]
    elif element.tag == "path" and re.fullmatch(r"M[^MLCAZ]+C[^MLCAZ]+", data := element.get("d", "")):
        start, *rest = _points(data)[::-1]
        element.set("d", f"M{start}C{' '.join(rest)}")


def travel(starts: Array, finishes: Array) -> float:
    """How far the pen is carried from line to line, from the corner (0, 0) to the last."""
    before = np.concatenate([np.zeros((1, 2)), finishes[:-1]])
    return float(np.hypot(*(starts - before).T).sum())


def order(starts: Array, finishes: Array) -> list[tuple[int, bool]]:
    """In which order to draw lines from ``starts`` to ``finishes (N, 2)``, beginning at (0, 0), and which from their other end."""
    if not len(starts):
        return []
    both = np.stack([starts, finishes])  # (2, N, 2)
    chosen, turned = _nearest(both)
    first, last = both[turned, chosen], both[1 - turned, chosen]
    for _ in range(ROUNDS):
        if not _untangle(first, last, chosen, turned):
            break
    return [(k, bool(turn)) for k, turn in zip(chosen.tolist(), turned.tolist(), strict=True)]


def _nearest(both: Array) -> tuple[Array, Array]:
    """From one line to the one with the nearest end, beginning at (0, 0)."""
    count = both.shape[1]
    left, place = both.copy(), np.zeros(2)
    chosen, turned = np.empty(count, np.int64), np.empty(count, np.int64)
    for k in range(count):
        distance = ((left - place) ** 2).sum(axis=2)
        side, at = np.unravel_index(int(distance.argmin()), distance.shape)
        chosen[k], turned[k] = at, side
        place = both[1 - side, at]
        left[:, at] = np.inf
    return chosen, turned


def _untangle(first: Array, last: Array, chosen: Array, turned: Array) -> bool:
    """One round of 2-opt, in place: of each line, the best run that begins with it is turned around. False where nothing was gained."""
    count, gained = len(first), False
    for i in range(count):
        before = last[i - 1] if i else np.zeros(2)
        stop = min(count, i + REACH)
        after = first[i + 1 : stop + 1]  # of each run's end j, the line that follows; the last has none
        now = np.hypot(*(first[i] - before))
        leap = np.zeros(stop - i)
        then = np.hypot(*(last[i:stop] - before).T)
        leap[: len(after)] = np.hypot(*(after - last[i : i + len(after)]).T)
        then[: len(after)] += np.hypot(*(after - first[i]).T)
        saved = now + leap - then
        j = int(saved.argmax())
        if saved[j] > 1e-9 * (1 + now):
            run = slice(i, i + j + 1)
            first[run], last[run] = last[run][::-1].copy(), first[run][::-1].copy()
            chosen[run], turned[run] = chosen[run][::-1].copy(), 1 - turned[run][::-1]
            gained = True
    return gained
