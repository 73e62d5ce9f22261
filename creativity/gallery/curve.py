"""How a search went, as a line: the best so far over the steps, as a small SVG without any style or script of its own."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from creativity.errors import CreativityError
from creativity.sources import open_source

POINTS = 240
WIDTH, HEIGHT, FOOT = 320, 110, 20
MAX_BYTES = 32_000_000

Point = tuple[float, float]


def history(folder: Path) -> list[Point]:
    """(step, best loss) of a run folder's history, thinned; empty where there is none. A line that is damaged is passed over."""
    points: list[Point] = []
    try:
        with open_source(folder / "history.jsonl", "history", limit=MAX_BYTES) as file:
            for line in file:
                try:
                    said = json.loads(line)
                    step, best = float(said["step"]), float(said["best"])
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue
                if math.isfinite(step) and math.isfinite(best):
                    points.append((step, best))
    except CreativityError:
        return []
    return thinned(sorted(points))


def thinned(points: Sequence[Point], count: int = POINTS) -> list[Point]:
    """At most ``count`` of them, the first and the last among them."""
    if len(points) <= count:
        return list(points)
    return [points[round(k * (len(points) - 1) / (count - 1))] for k in range(count)]


def svg(points: Sequence[Point]) -> Markup | None:
    """The line, its loss on a scale of logarithms where all of it is positive. None for fewer than two points."""
    if len(points) < 2 or points[0][0] == points[-1][0]:
        return None
    losses = [loss for _, loss in points]
    scale = math.log if min(losses) > 0 else float
    high, low = scale(max(losses)), scale(min(losses))
    span, first, last = (high - low) or 1.0, points[0][0], points[-1][0]
    places = [(WIDTH * (step - first) / (last - first), 2 + (HEIGHT - 4) * (high - scale(loss)) / span) for step, loss in points]
    way = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    words = f"The loss falls from {losses[0]:.4g} to {losses[-1]:.4g} in {last:,.0f} steps"
    return Markup(
        '<svg class="curve" viewBox="-2 0 {wide} {h}" role="img" aria-label="{words}">'
        '<path class="axis" d="M0 {base}H{w}"/><path class="line" d="{way}"/>'
        ""
        '<text x="0" y="{foot}">{first}</text><text x="{w}" y="{foot}" text-anchor="end">{bottom} at {last}</text></svg>'
    ).format(
        w=WIDTH,
        wide=WIDTH + 4,
        h=HEIGHT + FOOT,
        foot=HEIGHT + FOOT - 4,
        base=HEIGHT,
        words=words,
        way=way,
        bottom=f"{losses[-1]:.4g}",
        first=f"{losses[0]:.4g} at {first:,.0f}",
        last=f"{last:,.0f}",
    )
