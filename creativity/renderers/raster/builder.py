"""A drawing built and mended mark by mark against one target: what filled outlines offer to `greedy`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from creativity.renderers.raster import OPACITY_CAP
from creativity.renderers.raster.compiled import compiled

Array = np.ndarray[Any, Any]


class Marks(NamedTuple):
    """A drawing in plain numbers, float32: outlines (N, n, 2) in units of the canvas, colours (N, 3) and opacities (N,) in [0, 1],
    and the background, premultiplied RGBA (4,)."""

    outlines: Tensor
    colours: Tensor
    opacities: Tensor
    background: Tensor


class OutlineBuilder:
    """N marks of n corners over a background, and what each of them does for the squared error against a target.

    ``read`` takes a genome to `Marks`, ``write`` takes them back; ``opacities`` are the least and the greatest allowed;
    where there is a ``palette (P, 3)`` no other colours are used. ``target`` is (4, H, W) premultiplied, ``weight`` (H, W).
    Every change is judged by exact coverage, and none makes the error larger. Outlines are taken for convex.
    """

    _compiled = False

    def __init__(
        self,
        read: Callable[[Tensor], Marks],
        write: Callable[[Marks], Tensor],
        target: Tensor,
        weight: Tensor | None,
        opacities: tuple[float, float],
        palette: Tensor,
        free_background: bool,
    ):
        self._read, self._write = read, write
        self._kernels = kernels = compiled("climbing")
        height, width = target.shape[1:]
        self._total = 3.0 * (height * width if weight is None else float(weight.double().sum()))
        self._free_background = free_background
        self._fixed = {
            "goal": _centred(target.permute(1, 2, 0).numpy()),
            "weight": np.empty((0, 0), np.float32) if weight is None else weight.contiguous().numpy(),
            "below": np.empty((height, width, 4), np.float32),
            "above": np.empty((height, width, 4), np.float32),
            "through": np.empty((height, width), np.float32),
            "table": np.empty((height, width + 1, kernels.COEFFICIENTS), np.float32),
            "palette": palette.reshape(-1, 3).double().numpy() - 0.5,
            "low": min(max(opacities[0], kernels.FAINT), OPACITY_CAP),
            "high": min(max(opacities[1], kernels.FAINT), OPACITY_CAP),
            "ends": np.empty((height, 2)),
            "spare": np.zeros((height, width, 4), np.float32),
            "cells": np.zeros(height * width, np.uint64),
            "touched": np.zeros(height * ((width >> 6) + 1), np.uint64),
            "spans": np.empty((height * (2 * width + 1), 4), np.float32),
            "boxes": np.empty((1, 8), np.int64),
            "paints": np.empty((1, 8), np.float32),
        }

        if not OutlineBuilder._compiled:
            OutlineBuilder._compiled = True
            self._compile()

    @staticmethod
    def _compile() -> None:
        """All kernels, on two by two pixels, so that no step of a search waits for them."""
        blank = Marks(torch.zeros(1, 3, 2), torch.zeros(1, 3), torch.zeros(1), torch.zeros(4))
        tiny = OutlineBuilder(
            lambda genome: blank, lambda marks: torch.zeros(0), torch.zeros(4, 2, 2), None, (0.0, 1.0), torch.zeros(0, 3), True
        )
        tiny.load(torch.zeros(0))
        tiny.refit_background()
        tiny.sweep(range(1), np.ones(1, np.bool_), 1, 1, 1, 0)
        tiny.usefulness()

    def load(self, genome: Tensor) -> None:
        """Work on this genome (D,) from now on."""
        marks = self._read(genome)
        outlines, colours, opacities, background = (part.numpy().copy() for part in marks)
        self.count, corners = outlines.shape[:2]
        height, width = self._fixed["through"].shape
        self._background = background
        self._scene = self._kernels.Scene(
            outlines=outlines,
            colours=colours,
            opacities=opacities,
            background=_centred(background),
            pieces=np.empty((corners * (2 * height + width + 8), 4), np.float32),
            edges=np.empty((corners, 8)),
            **self._fixed,
        )

    @property
    def genome(self) -> Tensor:
        """What the drawing is now, (D,)."""
        parts = (self._scene.outlines, self._scene.colours, self._scene.opacities, self._background)
        return self._write(Marks(*(torch.from_numpy(part.copy()) for part in parts)))

    def remove(self, marks: Array) -> None:
        """These marks shrink to a point, and draw nothing until they are placed anew."""
        self._scene.outlines[marks] = 0.5

    def sweep(self, marks: range, fresh: Array, tries: int, climbers: int, patience: int, seed: int) -> float:
        """Go over ``marks``, from below: those that are ``fresh (N,)`` are placed anew, others fitted again in place.

        To place one, each climber starts from the best of ``tries`` random outlines and ends after ``patience``
        failures in a row. Returns the mean squared error that is saved, at least 0.
        """
        state = np.array([seed], np.uint64)
        saved = self._kernels.sweep(self._scene, marks.start, marks.stop, fresh, tries, climbers, patience, state)
        return float(saved) / self._total

    def refit_background(self) -> None:
        """The best background under all marks, where it is free: least squares through what they let through."""
        if not self._free_background:
            return
        scene = self._scene
        self._kernels.compose(scene, -1)
        through = scene.through * scene.weight if scene.weight.size else scene.through
        room = float((through * scene.through).sum(dtype=np.float64))
        if room > 1e-6 * self._total:
            colour = ((scene.goal - scene.above)[..., :3] * through[..., None]).sum(axis=(0, 1), dtype=np.float64) / room
            if len(scene.palette):
                colour = scene.palette[((scene.palette - colour) ** 2).sum(axis=1).argmin()]
            self._background[:3] = np.clip(colour + 0.5, 0.0, 1.0)
            scene.background[:] = _centred(self._background)

    def usefulness(self) -> Array:
        """(N,) what the mean squared error would rise by, if a mark were taken away."""
        saved = np.zeros(self.count)
        self._kernels.assess(self._scene, saved)
        return saved / self._total


def _centred(pixels: Array) -> Array:
    """Premultiplied RGBA (..., 4) in the numbers that the kernels work with."""
    half = 0.5 * pixels[..., 3:]
    return np.ascontiguousarray(np.concatenate([pixels[..., :3] - half, half], axis=-1), np.float32)
