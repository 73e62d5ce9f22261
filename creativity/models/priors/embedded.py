"""The prior that ships in the package: it reads the prompt, draws each thing by itself, and lays the things out on a drawn scene.

So it composes what no training picture had: noun, colour, count, place and relation are kept apart until the picture is put together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from creativity.errors import CreativityError, one_line
from creativity.models import weights
from creativity.models.priors import patterns, scenes, shapes
from creativity.models.priors.base import Prior
from creativity.models.priors.canvas import Floats, grid
from creativity.models.priors.colours import COLOURS, RGB
from creativity.models.priors.layout import FLIES, SWIMS, arrange
from creativity.models.priors.places import PLACES
from creativity.models.priors.plan import Plan, Subject, colours, own_name, understood
from creativity.models.priors.reader import Reader, Reading
from creativity.models.priors.sprites import Sprites, Vectors
from creativity.streams import Stream

Random = np.random.Generator

PAPERS: tuple[RGB, ...] = (
    (1.0, 1.0, 1.0),
    (0.99, 0.97, 0.92),
    (0.90, 0.95, 0.99),
    (0.92, 0.97, 0.90),
    (0.99, 0.92, 0.90),
    (0.95, 0.92, 0.99),
    (0.80, 0.89, 0.96),
    (0.98, 0.90, 0.72),
)
"""Grounds where the prompt names none."""
SNOWY = frozenset(("snowman", "penguin", "igloo", "sled", "skier", "reindeer", "bear"))


class Embedded(Prior):
    """``folder``: where ``reader.safetensors`` and ``sprites.safetensors`` lie, the package's own by default.
    ``vectors``: of an encoder's texts, for nouns that are in no list.

    Raises:
        CreativityError: the weights are missing or damaged.
    """

    name = "embedded"

    def __init__(self, folder: Path | None = None, size: int = 64, vectors: Vectors | None = None):
        folder = folder or weights.FOLDER
        self.size = size
        self.reader = Reader(folder / "reader.safetensors")
        self.sprites = Sprites.load(folder / "sprites.safetensors", vectors)
        self.digest = hashlib.sha256(f"{self.reader.digest}{self.sprites.digest}".encode()).hexdigest()

    def pictures(self, text: str, n: int, stream: Stream) -> Tensor:
        if not text.strip():
            raise CreativityError("the prompt is empty: say what the picture shows")
        plan = self._plan(text)
        if not (plan.subjects or plan.places or plan.ground or plan.pattern):
            raise CreativityError(f"the embedded prior knows nothing in {one_line(text)!r} that it could draw: say it with plainer words")
        own = stream.child(text)
        return torch.stack([composed(plan, self.size, own.child(str(k)), self.sprites) for k in range(n)])

    def unknown(self, text: str) -> list[str]:
        return list(self._plan(text).unknown)

    def _plan(self, text: str) -> Plan:
        return understood(self.reader(text), self.sprites, self.reader.vocabulary)


def composed(plan: Plan, side: int, stream: Stream, sprites: Sprites) -> Tensor:
    """One picture of a plan, (3, side, side)."""
    random = stream.at(0)
    if plan.pattern is not None:
        return _tensor(patterns.pattern(plan.pattern[0], plan.pattern[1], side, random))
    subjects = [_counted(subject, random) for subject in plan.subjects]
    layers = _layers(subjects, side, stream, sprites)
    scene = None
    if plan.places:
        names = _with_place(plan.places, subjects)
        scene = scenes.scene(names, side, random, plan.place_colour, alone=not subjects)
        canvas = _tensor(scene.pixels)
    else:
        paper = plan.ground or _paper(layers, random)
        canvas = torch.tensor(paper)[:, None, None].expand(3, side, side).clone()
    reading = Reading(tuple(subject.thing for subject in subjects), plan.relations)
    outlines = [(layer.shape[2] / max(layer.shape[1:]), layer.shape[1] / max(layer.shape[1:])) for layer in layers]
    placed = arrange(reading, outlines, scene, random) if layers else []
    for put in placed:
        bottom = put.y + put.height / 2
        if scene is not None and bottom > scene.feet - 0.06 and scene.water is None:
            _shadow(canvas, put.x, min(bottom, 0.985), put.width)
    for put in placed:
        _paste(canvas, layers[put.thing], put.x, put.y, put.width, put.height)
    return canvas.clamp_(0, 1)


def _counted(subject: Subject, random: Random) -> Subject:
    """Bare plurals are some."""
    if subject.plural and subject.thing.count == 1:
        return replace(subject, thing=replace(subject.thing, count=int(random.integers(3, 6))))
    return subject


def _layers(subjects: Sequence[Subject], side: int, stream: Stream, sprites: Sprites) -> list[Tensor]:
    """The things without what is empty around them, premultiplied (4, h, w)."""
    fine = max(64, side)
    drawn: list[Tensor] = []
    for k, subject in enumerate(subjects):
        said = subject.thing.colours
        if isinstance(subject.drawn, str):
            random = stream.child("shapes").at(k)
            free = COLOURS[("red", "blue", "green", "orange", "purple", "turquoise")[int(random.integers(6))]]
            drawn.append(torch.from_numpy(shapes.shape(subject.drawn, fine, random, (colours(said) or [free])[0])))
        else:  # of two colours none is that of the whole
            tint = " ".join(said) if len(colours(said)) == 1 else None
            drawn += sprites.draw([subject.drawn.concept], stream.child(f"sprite {k}"), [tint], fine)
    return [_cropped(layer) for layer in drawn]


def _cropped(layer: Tensor) -> Tensor:
    seen = layer[3] > 0.08
    rows, columns = seen.any(1).nonzero()[:, 0].tolist(), seen.any(0).nonzero()[:, 0].tolist()
    return layer[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if rows else layer


def _with_place(names: Sequence[str], subjects: Sequence[Subject]) -> list[str]:
    """A scene that says only when, or in what weather, gets a place that suits its things."""
    if not subjects or any(own_name(name) in PLACES and own_name(name) not in ("sky", "ice", "space") for name in names):
        return list(names)
    kinds = {subject.thing.noun.split()[-1].removesuffix("s") for subject in subjects}
    if kinds & SWIMS:
        return ["sea", *names]
    if kinds & SNOWY:
        return ["ice", *names]
    if kinds <= FLIES or any(own_name(name) in PLACES for name in names):
        return list(names)
    return ["hills", *names]


def _paper(layers: Sequence[Tensor], random: Random) -> RGB:
    """A plain ground that the things can be told from."""
    first = int(random.integers(len(PAPERS))) if random.random() < 0.55 else 0
    means = [(layer[:3].sum((1, 2)) / layer[3].sum().clamp_min(1e-3)).tolist() for layer in layers]
    for paper in (*PAPERS[first:], *PAPERS[:first], (0.45, 0.55, 0.68)):
        if all(max(abs(a - b) for a, b in zip(paper, mean, strict=True)) > 0.22 for mean in means):
            return paper
    return 0.45, 0.55, 0.68


def _tensor(pixels: Floats) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32)).permute(2, 0, 1).contiguous()


def _shadow(canvas: Tensor, x: float, y: float, width: float) -> None:
    across, down = grid(canvas.shape[1])
    far: Any = ((across - x) / (0.46 * width)) ** 2 + ((down - y) / 0.028) ** 2
    canvas *= 1 - 0.32 * torch.from_numpy(np.exp(-(far**1.5)).astype(np.float32))


def _paste(canvas: Tensor, layer: Tensor, x: float, y: float, width: float, height: float) -> None:
    """A premultiplied layer over the canvas, at whole pixels: its edges stay as sharp as they are."""
    side = canvas.shape[1]
    w, h = max(1, round(width * side)), max(1, round(height * side))
    left, top = round(x * side - w / 2), round(y * side - h / 2)
    small = F.interpolate(layer[None], size=(h, w), mode="bilinear", antialias=True, align_corners=False)[0]
    inside = small[:, max(0, -top) : side - top, max(0, -left) : side - left]
    under = canvas[:, max(0, top) : top + h, max(0, left) : left + w]
    under.copy_(inside[:3] + under * (1 - inside[3:]))
