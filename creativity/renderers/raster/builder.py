"""A drawing built and mended mark by mark against one target: what marks offer to `greedy`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from creativity.renderers.raster import OPACITY_CAP
from creativity.renderers.raster.compiled import compiled
from creativity.renderers.raster.forms import FRAME, ROUGH, TRIANGLE, Brush, Form

Array = np.ndarray[Any, Any]

AWAY = -9.0
"""Where a frame lies that draws nothing: so far from the canvas that the longest does not reach it."""


class Drawing(NamedTuple):
    """Marks in plain numbers: shapes (N, P) as a `Form` lays them out, kinds (N,) int32, colours (N, 3) and opacities (N,)
    in [0, 1], and the background, premultiplied RGBA (4,)."""

    rows: Tensor
    kinds: Tensor
    colours: Tensor
    opacities: Tensor
    background: Tensor


class MarkBuilder:
    """N marks over a background, and what each of them does for the squared error against a target.

    ``read`` takes a genome to a `Drawing`, ``write`` takes it back; ``opacities`` are the least and the greatest allowed;
    where there is a ``palette (P, 3)`` no other colours are used. ``target`` is (4, H, W) premultiplied, ``weight`` (H, W).
    Every change is judged by exact coverage, and without heat none makes the error larger.
    """

    _compiled = False

    def __init__(
        self,
        form: Form,
        read: Callable[[Tensor], Drawing],
        write: Callable[[Drawing], Tensor],
        target: Tensor,
        weight: Tensor | None,
        opacities: tuple[float, float],
        palette: Tensor,
        free_background: bool,
    ):
        self._read, self._write, self._form = read, write, form
        self._kernels = kernels = compiled("climbing")
        height, width = target.shape[1:]
        self.total = 3.0 * (height * width if weight is None else float(weight.double().sum()))
        """By which errors are divided that are called mean."""
        self._free_background = free_background
        least, most, line = form.limits((height, width))
        points = max(compiled("flattening").MOST_POINTS if form.framed else 0, form.corners)
        ends = max(form.corners if form.cornered and form.corners > 3 else 0, 2)
        # Convex outlines cross each row and column twice at most, others once for each edge.
        pieces = max(4 * (height + width) + 8 * points, form.corners * (2 * height + width + 8))
        rough = form.style((height, width), ROUGH)[:1]
        if form.curved:
            # A piece crosses a row three times at most, but these are arrays in which nothing is checked.
            ends = points = compiled("bezier").MOST_CUTS * (form.corners // 3)
            pieces = points * (2 * height + width + 8)
        if form.brush:
            rough = np.concatenate([rough, [Brush().ribbons[0]]])
            ends, points, pieces = _room(form, (height, width))
        self._fixed = {
            "offered": np.array(form.kinds, np.int32),
            "units": form.units((height, width)),
            "corners": form.corners,
            "least": least,
            "most": most,
            "line": line,
            "style": form.style((height, width)),
            "rough": rough,
            "goal": _centred(target.permute(1, 2, 0).numpy()),
            "weight": np.empty((0, 0), np.float32) if weight is None else weight.contiguous().numpy(),
            "below": np.empty((height, width, 4), np.float32),
            "above": np.empty((height, width, 4), np.float32),
            "through": np.empty((height, width), np.float32),
            "table": np.empty((height, width + 1, kernels.COEFFICIENTS), np.float32),
            "palette": palette.reshape(-1, 3).double().numpy() - 0.5,
            "low": min(max(opacities[0], kernels.FAINT), OPACITY_CAP),
            "high": min(max(opacities[1], kernels.FAINT), OPACITY_CAP),
            "points": np.empty((points, 2)),
            "ends": np.empty((height, ends)),
            "turns": np.empty((height, ends), np.int64),
            "crossings": np.empty(height, np.int64),
            "pixels": np.empty((points, 2), np.float32),
            "spare": np.zeros((height, width, 4), np.float32),
            "cells": np.zeros(height * width, np.uint64),
            "touched": np.zeros(height * ((width >> 6) + 1), np.uint64),
            "spans": np.empty((height * (2 * width + 1), 4), np.float32),
            "pieces": np.empty((pieces, 4), np.float32),
            "edges": np.empty((points, 8)),
            "boxes": np.empty((1, 8), np.int64),
            "paints": np.empty((1, 8), np.float32),
        }

        if not MarkBuilder._compiled:
            MarkBuilder._compiled = True
            self._compile()

    @staticmethod
    def _compile() -> None:
        """All kernels, on two by two pixels, so that no step of a search waits for them."""
        form = Form((TRIANGLE,))
        blank = Drawing(torch.zeros(1, 6), torch.zeros(1, dtype=torch.int32), torch.zeros(1, 3), torch.zeros(1), torch.zeros(4))
        none = torch.zeros(0)
        tiny = MarkBuilder(form, lambda _: blank, lambda _: none, torch.zeros(4, 2, 2), None, (0.0, 1.0), torch.zeros(0, 3), True)
        tiny.load(none)
        tiny.refit_background()
        tiny.sweep(range(1), np.ones(1, np.bool_), 1, 1, 1, 0)
        tiny.usefulness()

    def load(self, genome: Tensor) -> None:
        """Work on this genome (D,) from now on."""
        shapes, kinds, colours, opacities, background = (part.numpy().copy() for part in self._read(genome))
        self.count = len(shapes)
        self._background = background
        self._scene = self._kernels.Scene(
            shapes=shapes,
            kinds=kinds,
            colours=colours,
            opacities=opacities,
            background=_centred(background),
            **self._fixed,
        )

    @property
    def genome(self) -> Tensor:
        """What the drawing is now, (D,)."""
        scene = self._scene
        parts = (scene.shapes, scene.kinds, scene.colours, scene.opacities, self._background)
        return self._write(Drawing(*(torch.from_numpy(part.copy()) for part in parts)))

    def remove(self, marks: Array) -> None:
        """These marks draw nothing until they are placed anew: they shrink to a point or, where they may not, leave the canvas."""
        scene, frame = self._scene, FRAME * self._form.framed
        scene.shapes[marks, frame : 2 * self._form.corners if self._form.brush else None] = 0.5
        scene.shapes[marks, :frame] = [AWAY, AWAY, 0.0, 0.0, 0.0][:frame]

    def sweep(self, marks: range, fresh: Array, tries: int, climbers: int, patience: int, seed: int, heat: float = 0.0) -> float:
        """Go over ``marks``, from below: those that are ``fresh (N,)`` are placed anew, others fitted again in place.

        To place one, each climber starts from the best of ``tries`` random outlines and ends after ``patience``
        failures in a row. With ``heat``, a mean squared error, marks in place walk ``patience`` steps by Metropolis' rule
        instead, for the worse too. Returns the mean squared error that is saved, without heat at least 0.
        """
        state = np.array([seed], np.uint64)
        saved = self._kernels.sweep(self._scene, marks.start, marks.stop, fresh, tries, climbers, patience, heat * self.total, state)
        return float(saved) / self.total

    def refit_background(self) -> None:
        """The best background under all marks, where it is free: least squares through what they let through."""
        if not self._free_background:
            return
        scene = self._scene
        self._kernels.compose(scene, -1)
        through = scene.through * scene.weight if scene.weight.size else scene.through
        room = float((through * scene.through).sum(dtype=np.float64))
        if room > 1e-6 * self.total:
            colour = ((scene.goal - scene.above)[..., :3] * through[..., None]).sum(axis=(0, 1), dtype=np.float64) / room
            if len(scene.palette):
                colour = scene.palette[((scene.palette - colour) ** 2).sum(axis=1).argmin()]
            self._background[:3] = np.clip(colour + 0.5, 0.0, 1.0)
            scene.background[:] = _centred(self._background)

    def usefulness(self) -> Array:
        """(N,) what the mean squared error would rise by, if a mark were taken away."""
        saved = np.zeros(self.count)
        self._kernels.assess(self._scene, saved)
        return saved / self.total


def _room(form: Form, size: tuple[int, int]) -> tuple[int, int, int]:
    """The most points that a ribbon of a stroke has, that all of them have, and the most pixels that their edges cross, one by one."""
    assert form.brush is not None
    kernels, (_, most, line), ribbons = compiled("ribbons"), form.limits(size), len(form.brush.ribbons)
    segments, half = form.corners // 2 - 1, max(most, line)
    points = 2 * (kernels.MOST_STEPS * segments + kernels.MOST_ARCS)
    # A side is as long as the stroke, and longer by half its width for every radian that it turns.
    length = 2 * (form.brush.longest * max(size) + half * (2 + 2 * np.pi * (segments + 1)))
    return points, ribbons * points, ribbons * (8 * points + 3 * int(length))


def _centred(pixels: Array) -> Array:
    """Premultiplied RGBA (..., 4) in the numbers that the kernels work with."""
    half = 0.5 * pixels[..., 3:]
    return np.ascontiguousarray(np.concatenate([pixels[..., :3] - half, half], axis=-1), np.float32)
