"""Paths of lines and cubic pieces as outlines: what fills them, and what a pen of some width leaves along them.

Points are flattened by tolerance, in torch, so that gradients come by themselves; how many there are, and what goes where, is
decided beside it, and is a constant to a gradient.

A stroke is one contour along an open subpath, two along a closed one: its sides, which follow the normals of the curve, and
between pieces a join on the outer side; on the inner side the contour runs through the corner itself, so that it never winds
around less than nothing (as AGG does it, Shemanarev 2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

Array = np.ndarray[Any, Any]

TOLERANCE = 0.05
"""Pixels by which a chord may leave its curve."""
MOST = 128
"""Chords of a piece, and of a round join."""
LARGEST = 1e6
"""Pixels beyond which nothing is told apart."""
STILL = 1e-4
"""Pixels: what is shorter has no direction."""

MITER, ROUND, BEVEL, BUTT, SQUARE = range(5)
CODES = {"miter": MITER, "round": ROUND, "bevel": BEVEL, "butt": BUTT, "square": SQUARE}


@dataclass(frozen=True)
class Contour:
    """A subpath: indices (S, 4) of the control points of its pieces, lines as ``a a b b``; ``lines (S,)`` says which these are."""

    pieces: Array
    lines: Array
    closed: bool


@dataclass(frozen=True)
class Pen:
    """How a stroke is drawn: ``width`` is the number of its width, and ``limit`` that of a miter."""

    width: int
    join: int
    cap: int
    limit: float


@dataclass(frozen=True)
class Mark:
    """Contours filled, or drawn along by a pen, where ``matrix (2, 3)`` takes them. ``frame (2, 2)`` takes the plane in which the
    pen is round to theirs; None: it is round there."""

    contours: Sequence[Contour]
    matrix: Array | None = None
    pen: Pen | None = None
    frame: Array | None = None


class Outliner:
    """Marks, lowest first, made ready to be outlined again and again."""

    def __init__(self, marks: Sequence[Mark]):
        self._fill, self._stroke = _Pieces(), _Strokes()
        order: list[tuple[int, int]] = []  # of contours: 0 filled or 1 drawn, and its number there
        for mark in marks:
            for contour in mark.contours:
                part = self._fill if mark.pen is None else self._stroke
                first = part.count
                part.add(contour, mark)
                order += [(int(mark.pen is not None), k) for k in range(first, part.count)]
        self.per_mark = np.array([sum(1 if m.pen is None or not c.closed else 2 for c in m.contours) for m in marks], np.int32)
        self._order = np.array(order, np.int64).reshape(-1, 2)
        self._fill.ready()
        self._stroke.ready()

    def outlines(self, points: Tensor, widths: Tensor, unit: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        """Points (B, P, 2) and widths (B, W) in pixels -> points (N, 2), offsets of contours (B C + 1,) and of marks (B M + 1,).

        ``unit`` is what matrices move by, in pixels.
        """
        batch = len(points)
        points = points.nan_to_num(nan=torch.nan, posinf=torch.nan, neginf=torch.nan).clamp(-LARGEST, LARGEST)
        filled, filled_sizes = self._fill.filled(points, unit)
        drawn, drawn_sizes = self._stroke.drawn(points, widths, unit)
        marks = torch.from_numpy(_starts(np.tile(self.per_mark, batch)).astype(np.int32))
        if not self._stroke.count or not self._fill.count:
            laid, sizes = (drawn, drawn_sizes) if self._stroke.count else (filled, filled_sizes)
            return laid, torch.from_numpy(_starts(sizes.ravel()).astype(np.int32)), marks
        kind, number = self._order.T
        sizes = np.where(kind == 0, filled_sizes[:, number * (kind == 0)], drawn_sizes[:, number * (kind == 1)])
        bounds = _starts(sizes.ravel())
        begins = np.where(
            kind == 0,
            _starts(filled_sizes.ravel())[:-1].reshape(batch, -1)[:, number * (kind == 0)],
            len(filled) + _starts(drawn_sizes.ravel())[:-1].reshape(batch, -1)[:, number * (kind == 1)],
        )
        take = np.repeat(begins.ravel() - bounds[:-1], sizes.ravel()) + np.arange(bounds[-1])
        laid = torch.cat([filled, drawn])[torch.from_numpy(take)]
        return laid, torch.from_numpy(bounds.astype(np.int32)), marks


class _Pieces:
    """The pieces of many contours, one after another."""

    def __init__(self) -> None:
        self.count = self._total = 0
        self._pieces: list[Array] = []
        self._lines: list[Array] = []
        self._sizes: list[int] = []
        self._matrices: list[Array] = []

    def add(self, contour: Contour, mark: Mark) -> None:
        pieces, lines = contour.pieces, contour.lines
        if not contour.closed:  # a fill closes it by a line
            back = np.array([[pieces[-1, 3]] * 2 + [pieces[0, 0]] * 2])
            pieces, lines = np.concatenate([pieces, back]), np.append(lines, True)
        self._add(pieces, lines, mark.matrix)
        self.count += 1

    def _add(self, pieces: Array, lines: Array, matrix: Array | None) -> None:
        self._pieces.append(pieces)
        self._lines.append(lines)
        self._sizes.append(len(pieces))
        self._total += len(pieces)
        self._matrices += [np.eye(2, 3) if matrix is None else matrix] * len(pieces)

    def ready(self) -> None:
        self.pieces = np.concatenate([*self._pieces, np.zeros((0, 4), np.int64)]).astype(np.int64)
        self.lines = np.concatenate([*self._lines, np.zeros(0, np.bool_)]).astype(np.bool_)
        self.sizes = np.array(self._sizes, np.int64)
        matrices = np.array(self._matrices, np.float32).reshape(-1, 2, 3)
        self.matrices = None if (matrices == np.eye(2, 3)).all() else torch.from_numpy(matrices)

    def control(self, points: Tensor, unit: float) -> Tensor:
        """(B, S, 4, 2), where they are drawn."""
        control = points[:, torch.from_numpy(self.pieces)]
        return control if self.matrices is None else _moved(control, self.matrices, unit)

    def filled(self, points: Tensor, unit: float) -> tuple[Tensor, Array]:
        """Points of all outlines, and how many each contour has, (B, C)."""
        batch = len(points)
        if not self.count:
            return points.new_zeros(0, 2), np.zeros((batch, 0), np.int64)
        control = self.control(points, unit).reshape(-1, 4, 2)
        steps = _steps(control.detach().numpy(), np.tile(self.lines, batch))
        which = np.repeat(np.arange(len(steps)), steps)
        t = (np.arange(len(which)) - _starts(steps)[which]) / steps[which]
        weights = torch.from_numpy(_places(t))
        laid = (weights[..., None] * control[torch.from_numpy(which)]).sum(dim=1)
        sizes = np.add.reduceat(steps.reshape(batch, -1), _starts(self.sizes)[:-1], axis=1)
        return laid, sizes


class _Strokes(_Pieces):
    """The pieces of contours that a pen follows, and how its outline is put together of blocks: each piece has a left and a right
    side, and each open subpath two caps."""

    def __init__(self) -> None:
        super().__init__()
        self._next: list[Array] = []
        self._pens: list[tuple[int, int, int, float]] = []
        self._blocks: list[list[tuple[int, int]]] = []  # of contours: kind and piece
        self._frames: list[Array] = []

    def add(self, contour: Contour, mark: Mark) -> None:
        pen = mark.pen
        assert pen is not None
        count, first = len(contour.pieces), self._total
        self._add(contour.pieces, contour.lines, mark.matrix)
        after = np.arange(first + 1, first + count + 1)
        after[-1] = first if contour.closed else -1
        self._next.append(after)
        self._pens += [(pen.width, pen.join, pen.cap, pen.limit)] * count
        self._frames += [np.eye(2) if mark.frame is None else mark.frame] * count
        left, right = [(0, first + k) for k in range(count)], [(1, first + k) for k in reversed(range(count))]
        contours = [left, right] if contour.closed else [[*left, (2, first + count - 1), *right, (3, first)]]
        self._blocks += contours
        self.count += len(contours)

    def ready(self) -> None:
        super().ready()
        self.next = np.concatenate([*self._next, np.zeros(0, np.int64)]).astype(np.int64)
        pens = np.array(self._pens, np.float64).reshape(-1, 4)
        self.width, self.join, self.cap = pens[:, :3].T.astype(np.int64)
        self.limit = pens[:, 3]
        blocks = np.array([block for contour in self._blocks for block in contour], np.int64).reshape(-1, 2)
        self.block_kind, self.block_piece = blocks.T
        self.blocks_each = np.array([len(contour) for contour in self._blocks], np.int64)
        frames = np.array(self._frames, np.float32).reshape(-1, 2, 2)
        self.frames = None
        if (np.abs(frames.transpose(0, 2, 1) @ frames - np.eye(2)) > 1e-3).any():
            self.frames = torch.from_numpy(frames)
            self.unframed = torch.from_numpy(np.linalg.inv(frames.astype(np.float64)).astype(np.float32))

    def drawn(self, points: Tensor, widths: Tensor, unit: float) -> tuple[Tensor, Array]:
        """Points of all outlines, and how many each contour has, (B, C)."""
        batch, many = len(points), len(self.pieces)
        if not self.count:
            return points.new_zeros(0, 2), np.zeros((batch, 0), np.int64)
        control = self.control(points, unit)
        if self.frames is not None:
            control = torch.einsum("sij,bskj->bski", self.unframed, control)
        control = control.reshape(-1, 4, 2)
        half = 0.5 * widths[:, torch.from_numpy(self.width)].reshape(-1)
        plain, wide = control.detach().numpy(), np.nan_to_num(half.detach().numpy(), nan=0.0, posinf=LARGEST)
        steps = _steps(plain, np.tile(self.lines, batch), wide)

        # Along each piece: places and directions.
        which = np.repeat(np.arange(len(steps)), steps + 1)
        first = _starts(steps + 1)[:-1]
        at = np.arange(len(which)) - first[which]
        t = at / steps[which]
        slopes = _slopes(t)
        begin, end = _ends(plain)
        slopes[first], slopes[first + steps] = begin, end
        there = control[torch.from_numpy(which)]
        place = (torch.from_numpy(_places(t))[..., None] * there).sum(dim=1)
        pace = (torch.from_numpy(slopes)[..., None] * there).sum(dim=1)
        speed = (pace**2).sum(dim=1).clamp_min(1e-12).sqrt()
        still = torch.from_numpy(speed.detach().numpy() < 0.1 * STILL)
        along = torch.where(still[:, None], pace.new_tensor([1.0, 0.0]), pace / speed[:, None])
        normal = torch.stack([-along[:, 1], along[:, 0]], dim=1)

        # Between pieces: the turn, and how many points it takes.
        shift = np.repeat(np.arange(batch) * many, many)
        follows = np.tile(self.next, batch)
        joints = np.flatnonzero(follows >= 0)
        leave, enter = first[joints] + steps[joints], first[(follows + shift)[joints]]
        a, b = along[torch.from_numpy(leave)], along[torch.from_numpy(enter)]
        turn = torch.atan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], (a * b).sum(dim=1))
        angle = np.zeros(len(steps))
        angle[joints] = np.nan_to_num(turn.detach().numpy())
        join, cap = np.tile(self.join, batch), np.tile(self.cap, batch)
        bent = wide * angle**2 > 2 * TOLERANCE
        arcs = _arcs(np.abs(angle), wide)
        sharp = np.tile(self.limit, batch) * np.cos(0.5 * angle) >= 1.0
        outer = np.where(bent, np.select([(join == MITER) & sharp, join == ROUND], [1, arcs - 1], 0), 0)
        inner = bent.astype(np.int64)
        left, right = np.where(angle > 0, inner, outer), np.where(angle > 0, outer, inner)
        half_turn = _arcs(np.full(len(steps), np.pi), wide)
        capped = np.select([cap == ROUND, cap == SQUARE], [half_turn - 1, 2], 0)

        # Where each block begins.
        lengths = np.stack([steps + 1 + left, steps + 1 + right, capped, capped])
        blocks = self.block_piece[None] + np.arange(batch)[:, None] * many
        sizes = lengths[self.block_kind[None], blocks]
        begins = np.zeros((4, len(steps)), np.int64)
        begins[np.broadcast_to(self.block_kind, blocks.shape).ravel(), blocks.ravel()] = _starts(sizes.ravel())[:-1]
        total = int(sizes.sum())
        take, across, ahead = np.zeros(total, np.int64), np.zeros(total, np.float32), np.zeros(total, np.float32)
        rows = begins[0][which] + at
        take[rows], across[rows] = np.arange(len(which)), 1.0
        rows = begins[1][which] + right[which] + steps[which] - at
        take[rows], across[rows] = np.arange(len(which)), -1.0

        def extra(counts: Array, starts: Array, sample: Array) -> tuple[Array, Array, Array]:
            """Rows of points that are added to blocks, of which piece each is, and its number there."""
            piece = np.repeat(np.arange(len(steps)), counts)
            k = np.arange(len(piece)) - _starts(counts)[piece]
            take[starts[piece] + k] = sample[piece]
            return starts[piece] + k, piece, k

        for kind, sign, sample in ((2, 1.0, first + steps), (3, -1.0, first)):
            rows, piece, k = extra(np.where(self._capped(kind, batch), capped, 0), begins[kind], sample)
            around = np.pi * (k + 1) / half_turn[piece]
            flat = cap[piece] == SQUARE
            across[rows] = sign * np.where(flat, 1.0 - 2.0 * k, np.cos(around))
            ahead[rows] = sign * np.where(flat, 1.0, np.sin(around))
        turned: list[tuple[Array, Array, Array, Array]] = []
        for way, counts, starts in ((1.0, left, begins[0] + steps + 1), (-1.0, right, begins[1])):
            rows, piece, k = extra(counts, starts, first + steps)
            share = (k + 1) / arcs[piece]
            is_outer = (angle[piece] > 0) != (way > 0)
            turned.append((rows[is_outer], piece[is_outer], (share if way > 0 else 1 - share)[is_outer], np.full(is_outer.sum(), way)))
        rows, piece, share, side = (np.concatenate(part) for part in zip(*turned, strict=True))

        cross, forth = torch.from_numpy(across), torch.from_numpy(ahead)
        if len(rows):
            number = np.zeros(len(steps), np.int64)
            number[joints] = np.arange(len(joints))
            theta = turn[torch.from_numpy(number[piece])]
            round_ = torch.from_numpy(join[piece] == ROUND)
            phase = theta * torch.from_numpy(np.where(join[piece] == ROUND, share, 0.5).astype(np.float32))
            signs, into = torch.from_numpy(side.astype(np.float32)), torch.from_numpy(rows)
            cross = cross.index_copy(0, into, signs * torch.where(round_, phase.cos(), 1.0))
            forth = forth.index_copy(0, into, -signs * torch.where(round_, phase.sin(), phase.tan()))
        chosen = torch.from_numpy(take)
        aside = cross[:, None] * normal[chosen] + forth[:, None] * along[chosen]
        laid = place[chosen] + half[torch.from_numpy(which)[chosen]][:, None] * aside
        if self.frames is not None:
            laid = (self.frames[torch.from_numpy(which[take] % many)] @ laid[..., None])[..., 0]
        return laid, np.add.reduceat(sizes, _starts(self.blocks_each)[:-1], axis=1)

    def _capped(self, kind: int, batch: int) -> Array:
        """The pieces (B S,) that have a cap of this kind."""
        mask = np.zeros(len(self.pieces), np.bool_)
        mask[self.block_piece[self.block_kind == kind]] = True
        return np.tile(mask, batch)


def _moved(control: Tensor, matrices: Tensor, unit: float) -> Tensor:
    return torch.einsum("sij,bskj->bski", matrices[..., :2], control) + unit * matrices[None, :, None, :, 2]


def _steps(control: Array, lines: Array, half: Array | None = None) -> Array:
    """Into how many chords each piece (S, 4, 2) is cut: by its bend (Wang 1984), and by how far a wide pen's side goes around."""
    bends = control[:, :-2] - 2 * control[:, 1:-1] + control[:, 2:]
    bend = np.sqrt((bends**2).sum(axis=2).max(axis=1))
    wanted = np.sqrt(0.75 / TOLERANCE * bend)
    if half is not None:
        legs = np.diff(control, axis=1)
        angle = np.arctan2(legs[..., 1], legs[..., 0])
        there = (legs**2).sum(axis=2) > STILL**2
        # A leg that has no length turns nowhere.
        angle[:, 1] = np.where(there[:, 1], angle[:, 1], np.where(there[:, 0], angle[:, 0], angle[:, 2]))
        angle[:, 0] = np.where(there[:, 0], angle[:, 0], angle[:, 1])
        angle[:, 2] = np.where(there[:, 2], angle[:, 2], angle[:, 1])
        turns = np.abs((np.diff(angle, axis=1) + np.pi) % (2 * np.pi) - np.pi).sum(axis=1)
        wanted = np.maximum(wanted, 1.5 * turns * np.sqrt(half / (8 * TOLERANCE)))
    steps = np.clip(np.ceil(np.nan_to_num(wanted, nan=1.0, posinf=MOST)), 1, MOST).astype(np.int64)
    return np.where(lines, 1, steps)


def _arcs(angle: Array, radius: Array) -> Array:
    """Chords of arcs."""
    chords: Array = np.ceil(angle * np.sqrt(radius / (8 * TOLERANCE)))
    return np.clip(chords, 2, MOST).astype(np.int64)


def _places(t: Array) -> Array:
    """(N, 4): what each control point has in the point at t."""
    s = 1 - t
    return np.stack([s**3, 3 * s * s * t, 3 * s * t * t, t**3], axis=1).astype(np.float32)


def _slopes(t: Array) -> Array:
    """(N, 4): what each has in the derivative there."""
    s = 1 - t
    return np.stack([-3 * s * s, 3 * s * (s - 2 * t), 3 * t * (2 * s - t), 3 * t * t], axis=1).astype(np.float32)


def _ends(control: Array) -> tuple[Array, Array]:
    """(S, 4) twice: the direction in which a piece begins, towards the next control point that is elsewhere, and how it ends."""
    begin, end = np.zeros((2, len(control), 4), np.float32)
    begin[:, 0], end[:, 3] = -1.0, 1.0
    away = ((control - control[:, :1]) ** 2).sum(axis=2) > STILL**2
    back = ((control - control[:, 3:]) ** 2).sum(axis=2) > STILL**2
    index = np.arange(len(control))
    begin[index, np.where(away[:, 1], 1, np.where(away[:, 2], 2, 3))] += 1.0
    end[index, np.where(back[:, 2], 2, np.where(back[:, 1], 1, 0))] -= 1.0
    return begin, end


def _starts(sizes: Array) -> Array:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
