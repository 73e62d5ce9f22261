"""A film of evolution's population, after the pictures of *A Visual Guide to Evolution Strategies* (Ha 2017).

Each frame shows candidates of one step, the best first; what the step stands for, such as their mean; and all of them as
points in a plane: the directions are fixed, so that the cloud is seen to travel and to contract.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from creativity import filming
from creativity.artwork import Artwork
from creativity.errors import CreativityError
from creativity.films import Film
from creativity.images import RGBA
from creativity.optimizers.base import Optimizer
from creativity.run import Run
from creativity.size import parse_size
from creativity.snapshots import Snapshot

Array = npt.NDArray[np.float64]

GRID = 4  # candidates across and down
PAPER, INK, TRAIL = (255, 255, 255), (60, 60, 60), (190, 190, 190)
BEST, WORST = np.array([209, 48, 31]), np.array([170, 186, 204])  # of the points, by rank
SHARP = 3  # points are drawn so many times larger, then reduced


class Moment(NamedTuple):
    """What one step looked at: pictures (N, h, w, 3) and (H, W, 3) uint8, points in the plane (P, 2), the best last."""

    step: int
    loss: float
    candidates: npt.NDArray[np.uint8]
    answer: npt.NDArray[np.uint8]
    points: Array


def check(optimizer: Optimizer, name: str) -> None:
    """Refuse an optimizer without a population. Raises CreativityError."""
    if type(optimizer).ask is Optimizer.ask:
        raise CreativityError(f"optimizer {name!r} has no population to film; search by evolution: --optimizer pgpe, snes or sep-cma-es")


def film(run: Run, artwork: Artwork, snapshots: list[Snapshot], frames: int, size: str | int, fps: float) -> Film:
    """The population at equal steps of loss, by running the search again: ``run`` has not begun and follows ``artwork``'s record.

    ``snapshots`` are of the first time. A population of every step would fill a disk; to make it again takes as long as it
    did, and gives the same to the bit.
    """
    check(run.optimizer, run.recipe.optimizer.name)
    layout = Layout(artwork.recipe.canvas, parse_size(size, artwork.recipe.canvas).pixels)
    filming.check(frames, fps, layout.size)
    wanted = steps_at(snapshots, artwork, frames)
    plane = Plane(run, artwork, snapshots)
    moments = {}
    for event in run.stream():
        if event.kind == "step" and event.step in wanted:
            moments[event.step] = _look(run, plane, layout)
        if event.step >= wanted[-1]:
            break
    seen = list(moments.values())
    pictures = {moment.step: layout.draw(seen, i) for i, moment in enumerate(seen)}
    return filming.held([pictures[step] for step in wanted], 1000 / fps, artwork)


def steps_at(snapshots: list[Snapshot], artwork: Artwork, frames: int) -> list[int]:
    """The steps, from the first on, at which the loss was as low as each of equal steps; between snapshots they are interpolated."""
    last = int(artwork.results["steps"])
    losses = np.array([*(shot.loss for shot in snapshots), artwork.results.get("loss", math.inf)])
    steps = np.array([*(shot.step for shot in snapshots), last], np.float64)
    if last < 1:
        raise CreativityError("a search of no steps has no population to film")
    values = np.log(losses) if (losses > 0).all() and np.isfinite(losses).all() else losses
    if len(values) < 2 or not np.isfinite(values).all() or values[0] == values[-1]:
        return np.linspace(1, last, frames).round().astype(int).tolist()  # type: ignore[no-any-return]
    # The run ends some time after the last that was better.
    levels = np.linspace(values[0], values[-1], frames)
    return np.interp(-levels, -values, steps).round().clip(1, last).astype(int).tolist()  # type: ignore[no-any-return]


class Plane:
    """Two fixed directions among the genomes: from the first best to the last, and where the path between them bulges most."""

    def __init__(self, run: Run, artwork: Artwork, snapshots: list[Snapshot]):
        genomes = np.stack([*(shot.genome for shot in snapshots), artwork.genome]).astype(np.float64)
        self._scale = run.problem.renderer.spec.scale.numpy().astype(np.float64)
        self._origin = genomes[0]
        path = (genomes - self._origin) / self._scale
        first = _unit(path[-1], 0)
        rest = path - np.outer(path @ first, first)
        second = _unit(np.linalg.svd(rest, full_matrices=False)[2][0] if rest.any() else rest[0], 1)
        self.axes = np.stack([first, second - (second @ first) * first])

    def points(self, genomes: Tensor) -> Array:
        """Genomes (B, D) -> (B, 2)."""
        values: Array = (genomes.detach().numpy().astype(np.float64) - self._origin) / self._scale @ self.axes.T
        return values


def _unit(vector: Array, fallback: int) -> Array:
    length = np.linalg.norm(vector)
    return vector / length if length > 1e-12 else np.eye(1, len(vector), fallback % len(vector))[0]


def _look(run: Run, plane: Plane, layout: Layout) -> Moment:
    assert run.last_step is not None
    genomes = run.problem.expand(run.last_step.genomes[:-1])  # the last one is the answer, scored along
    order = run.last_step.losses[:-1].argsort(stable=True)
    side = min(GRID, max(1, math.isqrt(len(order))))
    shown = genomes[order[torch.linspace(0, len(order) - 1, side * side).round().long()]]
    renderer, seed = run.problem.renderer, run.recipe.seed
    with torch.no_grad():
        candidates = renderer.render(shown, layout.cell(side), seed)
        answer = renderer.render(run.problem.expand(run.optimizer.answer.detach())[None], layout.cell(0), seed)[0]
    return Moment(run.count, run.best_loss, _pixels(candidates), _pixels(answer[None])[0], plane.points(genomes[order.flip(0)]))


def _pixels(images: Tensor) -> npt.NDArray[np.uint8]:
    pixels: npt.NDArray[np.uint8] = (images.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return pixels


class Layout:
    """Three cells across and two down, each of the canvas's aspect: candidates in four of them, the answer, the plane; a line below."""

    def __init__(self, canvas: tuple[int, ...], size: tuple[int, int]):
        longest = max(size)
        self.line = max(12, longest // 22)
        aspect = canvas[0] / canvas[1]
        width = min(longest / 3, aspect * max(1, longest - self.line) / 2)
        self.width, self.height = max(2, int(width)), max(2, int(width / aspect))
        self.size = 2 * self.height + self.line, 3 * self.width

    def cell(self, side: int) -> tuple[int, int]:
        """(H, W) of one of ``side`` times ``side`` pictures in the four cells, with a gap between; of 0, in one cell."""
        if side == 0:
            return self.height, self.width
        return max(1, 2 * self.height // side - 1), max(1, 2 * self.width // side - 1)

    def draw(self, moments: list[Moment], at: int) -> RGBA:
        """The frame of one of the moments, uint8 (H, W, 4)."""
        moment = moments[at]
        page = np.full((*self.size, 3), PAPER, np.uint8)
        side = math.isqrt(len(moment.candidates))
        height, width = self.cell(side)
        for i, picture in enumerate(moment.candidates):
            top, left = 2 * self.height * (i // side) // side, 2 * self.width * (i % side) // side
            page[top : top + height, left : left + width] = picture[: 2 * self.height - top, : 2 * self.width - left]
        page[: self.height, 2 * self.width :] = moment.answer
        scale, zoom = _scales(moments, self.width, self.height)
        page[self.height : 2 * self.height, 2 * self.width :] = self._plane(moments, at, scale, zoom)
        image = Image.fromarray(page)
        draw = ImageDraw.Draw(image)
        font = ImageFont.load_default(max(8, round(0.6 * self.line)))
        base = 2 * self.height + 0.15 * self.line
        draw.text((2, base), f"step {moment.step}   loss {moment.loss:.4f}", INK, font)
        words = f"spread x {zoom / scale:.0f}"
        draw.text((3 * self.width - 2 - font.getlength(words), base), words, INK, font)
        return np.dstack([np.asarray(image), np.full(self.size, 255, np.uint8)])

    def _plane(self, moments: list[Moment], at: int, scale: float, zoom: float) -> npt.NDArray[np.uint8]:
        """The points of a moment, their distances enlarged, at the end of the way that their centre has come."""
        points = moments[at].points
        centres = np.stack([moment.points.mean(axis=0) for moment in moments])
        middle = (centres.min(axis=0) + centres.max(axis=0)) / 2
        half = np.array([self.width, self.height]) / 2

        def place(points: Array) -> list[tuple[float, float]]:
            return [(SHARP * x, SHARP * y) for x, y in (half + (points - middle) * scale * [1, -1]).tolist()]

        image = Image.new("RGB", (SHARP * self.width, SHARP * self.height), PAPER)
        draw = ImageDraw.Draw(image)
        trail = place(centres[: at + 1])
        if at:
            draw.line(trail, TRAIL, width=2 * SHARP)
        around = place(centres[at] + (points - centres[at]) * zoom / scale)
        radius = SHARP * max(1.0, self.width / 110)
        for rank, (x, y) in enumerate(around):
            share = (rank / max(1, len(around) - 1)) ** 2
            colour = tuple((WORST + share * (BEST - WORST)).round().astype(int).tolist())
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        (x, y), radius = trail[-1], 1.4 * radius
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=INK)
        return np.asarray(image.resize((self.width, self.height), Image.Resampling.BOX))


def _scales(moments: list[Moment], width: int, height: int) -> tuple[float, float]:
    """Pixels per unit: of the path, so that it fits; and of the distances from its centre, so that the widest cloud is seen."""
    centres = np.stack([each.points.mean(axis=0) for each in moments])
    extent = np.maximum(centres.max(axis=0) - centres.min(axis=0), 1e-9)
    scale = float((0.5 * np.array([width, height]) / extent).min())
    widest = max(float(np.sqrt(((each.points - each.points.mean(axis=0)) ** 2).sum(axis=1).mean())) for each in moments)
    return scale, 0.14 * min(width, height) / max(widest, 1e-9)
