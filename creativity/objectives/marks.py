"""What is asked of each mark by itself, whatever the picture is: that it can be seen, keeps to the canvas, does not cross itself.

They read the marks' outlines and opacities and draw nothing. Each is 0 for a mark that is as it should be, grows evenly with
what is amiss, and is the mean over all marks: in a sum, a weight that is large enough leaves nothing amiss at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from creativity.objectives.base import Objective
from creativity.options import option

if TYPE_CHECKING:
    from creativity.problem import Candidates
    from creativity.renderers.raster import Outlines

Canvas = tuple[int, int]


PAIRS = 2**22
"""Of edges that are looked at together."""


class Demand(Objective):
    """An objective writes ``amiss`` alone: what is wrong with each mark."""

    needs = ("marks",)

    def amiss(self, marks: Outlines, size: Canvas) -> Tensor:
        """(M,), at least 0, of marks in pixels of ``size``."""
        raise NotImplementedError

    def __call__(self, candidates: Candidates) -> Tensor:
        return candidates.in_parts(self._losses)

    def _losses(self, candidates: Candidates) -> Tensor:
        marks = candidates.marks
        assert marks is not None, "a renderer without marks was not refused"
        losses: Tensor = _totals(self.amiss(marks, candidates.size), marks.images) / marks.images.diff()
        return losses


@dataclass(frozen=True)
class OpacityOptions:
    least: float = option(0.2, "the opacity that marks shall have at least", above=0.0, high=1.0)


class Opacity(Demand):
    """By how much marks fall short of an opacity, as a part of it; with it, none fades away and stays as a dead number."""

    Options = OpacityOptions

    def amiss(self, marks: Outlines, size: Canvas) -> Tensor:
        return _lacking(marks.opacities, self.options.least)


@dataclass(frozen=True)
class SizeOptions:
    least: float = option(0.03, "the side of a square as large as the smallest mark, in long sides", above=0.0, high=1.0)


class Size(Demand):
    """By how much marks fall short of a size, as a part of it; with it, specks and slivers grow or leave.

    The size of a mark is the square root of its area, so that a speck is drawn outwards as strongly as a small mark.
    """

    Options = SizeOptions

    def amiss(self, marks: Outlines, size: Canvas) -> Tensor:
        area = _totals(_areas(marks), marks.marks) / max(size) ** 2
        area = torch.where(area < 0, -area, area)  # not abs(): where there is no area there must be a way to some
        side = (area + (0.01 * self.options.least) ** 2).sqrt()
        return _lacking(side, self.options.least)


@dataclass(frozen=True)
class InsideOptions:
    margin: float = option(0.0, "how far from the canvas's edge, in long sides; below 0 they may reach beyond", low=-1.0, high=0.49)


class Inside(Demand):
    """How far marks reach beyond the canvas, in long sides, added over its four sides; with a margin, a passe-partout."""

    Options = InsideOptions

    def amiss(self, marks: Outlines, size: Canvas) -> Tensor:
        long = max(size)
        margin = self.options.margin * long
        owner = _owners(_first_points(marks))[:, None].expand(-1, 2)
        count = len(marks.opacities)
        low = marks.points.new_zeros(count, 2).scatter_reduce(0, owner, marks.points, "amin", include_self=False)
        high = marks.points.new_zeros(count, 2).scatter_reduce(0, owner, marks.points, "amax", include_self=False)
        far = marks.points.new_tensor([size[1], size[0]]) - margin
        beyond: Tensor = (margin - low).clamp_min(0) + (high - far).clamp_min(0)
        return beyond.sum(dim=1) / long


class Simple(Demand):
    """The part of each outline's area beyond a crossing with itself, added over its crossings; 0 for an outline that has none.

    Where an outline crosses itself it is two loops, and the smaller one has to go. Dents are free, and so is an outline over
    another. (What the crossing loss of LIVE, Ma et al. 2022, does for a single curve, for whole outlines.)
    """

    def amiss(self, marks: Outlines, size: Canvas) -> Tensor:
        contours = marks.contours.long()
        counts = contours.diff()
        which = torch.nonzero(counts > 3)[:, 0]
        if not len(which):
            return 0 * marks.opacities
        # As many points for each: the last is there several times, which adds edges of no length.
        rows = contours[which, None] + torch.minimum(torch.arange(int(counts.max())), counts[which, None] - 1)
        outlines = marks.points.index_select(0, rows.flatten()).reshape(*rows.shape, 2) / max(size)
        loops, of = _loops(outlines, _bent(outlines.detach(), counts[which]))
        return (0 * marks.opacities).index_add(0, _owners(marks.marks)[which[of]], loops)


def _lacking(values: Tensor, least: float) -> Tensor:
    """By how much values fall short, as a part of what they should be."""
    return (1 - values / least).clamp_min(0)


def _bent(outlines: Tensor, counts: Tensor) -> Tensor:
    """Which of outlines (G, P, 2), of so many points (G,), do more than turn once round, one way alone: others cannot cross themselves."""
    closing = outlines[:, :1] - outlines[:, -1:]
    way = torch.where(torch.arange(outlines.shape[1])[:, None] < counts[:, None, None] - 1, outlines.roll(-1, 1) - outlines, closing)
    onward = way.roll(-1, 1)
    turns = torch.atan2(_cross(way, onward), (way * onward).sum(dim=2))
    return torch.nonzero(turns.abs().sum(dim=1) > 2 * torch.pi + 1e-3)[:, 0]


def _crossings(outlines: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(K,) in which of outlines (G, P, 2) which two edges cross."""
    way = outlines.roll(-1, 1) - outlines
    side = _cross(way[:, :, None], outlines[:, None] - outlines[:, :, None])  # of edge i's line, where point k lies
    parts = side * side.roll(-1, 2) < 0  # its line parts the ends of edge k
    of, first, second = torch.nonzero((parts & parts.transpose(1, 2)).triu(2), as_tuple=True)
    return of, first, second


def _loops(outlines: Tensor, bent: Tensor) -> tuple[Tensor, Tensor]:
    """Of closed outlines (G, P, 2) those that are ``bent``: for each crossing the part of the smaller of its two loops (K,), and where."""
    few = max(1, PAIRS // outlines.shape[1] ** 2)
    found = [(bent[at : at + few], _crossings(outlines.detach()[bent[at : at + few]])) for at in range(0, len(bent), few)]
    if not found:
        return outlines.new_zeros(0), bent
    of = torch.cat([some[where] for some, (where, _, _) in found])
    first, second = (torch.cat([edges[k] for _, edges in found]) for k in (1, 2))
    points = outlines - outlines[:, :1]
    after = points.roll(-1, 1)
    way = after - points
    sectors = _cross(points, after)
    swept = sectors.cumsum(1)  # twice the area up to each edge's end
    a, b = (of, first), (of, second)
    t = _cross(points[b] - points[a], way[b]) / _cross(way[a], way[b])
    meeting = points[a] + t[:, None] * way[a]
    one = _cross(meeting, after[a]) + swept[b] - sectors[b] - swept[a] + _cross(points[b], meeting)
    areas = torch.stack([one, swept[of, -1] - one]).abs()
    return areas.amin(0) / areas.sum(0).clamp_min(1e-12), of


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _areas(marks: Outlines) -> Tensor:
    """(C,) of the contours, in square pixels; above 0 where they run clockwise."""
    contours = marks.contours.long()
    onward = torch.arange(len(marks.points)) + 1
    drawn = contours.diff() > 0
    onward[contours[1:][drawn] - 1] = contours[:-1][drawn]
    return _totals(_cross(marks.points, marks.points.index_select(0, onward)) / 2, contours)


def _first_points(marks: Outlines) -> Tensor:
    """(M + 1,) where the points of each mark begin."""
    return marks.contours.long()[marks.marks.long()]


def _owners(offsets: Tensor) -> Tensor:
    return torch.arange(len(offsets) - 1).repeat_interleave(offsets.long().diff())


def _totals(values: Tensor, offsets: Tensor) -> Tensor:
    """Sums of values (V,) between offsets (S + 1,), each in order: the rest of a batch and the number of threads change nothing."""
    return values.new_zeros(len(offsets) - 1).index_add(0, _owners(offsets), values)
