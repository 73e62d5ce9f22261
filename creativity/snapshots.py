"""A search as it went: its best so far, kept whenever that had become better by a small part. Films are made of these."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from creativity.errors import CreativityError
from creativity.files import append
from creativity.sources import open_source

NAME = "snapshots.bin"  # in the run folder

RATIO = 0.005
"""A snapshot is taken when the loss has fallen by this part of the last one's ..."""
EACH, ROOM = 256, 8_000_000
"""... which doubles after so many snapshots, or so many bytes. A loss that is never negative makes 8 times that at most."""


class Snapshot(NamedTuple):
    """The best after ``step`` steps: its loss, and its genome (D,) float32."""

    step: int
    loss: float
    genome: np.ndarray[Any, Any]


class Snapshots:
    """Of one search, whose genomes have ``size`` numbers. In a run folder they are a file that only grows, else a list."""

    def __init__(self, size: int):
        self._kind = np.dtype([("step", "<i8"), ("loss", "<f8"), ("genome", "<f4", (size,))])
        self._each = max(4, min(EACH, ROOM // self._kind.itemsize))
        self._loss, self._written = math.inf, 0
        self._held: list[bytes] = []  # what the file does not have yet

    @property
    def state(self) -> list[float]:
        """What a checkpoint keeps: how many there are, and the last one's loss. Only once all are written."""
        return [self._written, self._loss]

    def restore(self, state: list[float]) -> None:
        """Go on from what a checkpoint kept. Raises ValueError for what no search has kept."""
        written, loss = state
        if not 0 <= written <= 16 * self._each:
            raise ValueError(f"{written} snapshots")
        self._written, self._loss = int(written), float(loss)
        self._held.clear()

    def offer(self, step: int, loss: float, genome: Tensor) -> None:
        """Keep this new best, if it is better than the last one kept by enough."""
        count = self._written + len(self._held)
        if count and loss > self._loss - RATIO * 2.0 ** (count // self._each) * abs(self._loss):
            return
        self._loss = loss
        self._held.append(np.array([(step, loss, genome.numpy())], self._kind).tobytes())

    def write(self, folder: Path) -> None:
        """Append what is new; whatever a killed process wrote past the last checkpoint is cut off first."""
        path, length = folder / NAME, self._written * self._kind.itemsize
        if self._held or not path.exists() or path.stat().st_size != length:
            append(path, length, b"".join(self._held))
            self._written += len(self._held)
            self._held.clear()

    def read(self, folder: Path | None) -> list[Snapshot]:
        """All of them, the first first. Raises CreativityError where the folder's file is not what it should be."""
        content = b""
        if folder is not None and self._written:
            length = self._written * self._kind.itemsize
            with open_source(folder / NAME, "record of the search", limit=2**32) as file:
                content = file.read(length)
            if len(content) < length:
                raise CreativityError(f"{folder / NAME} is cut short; the run can still be resumed, but not filmed")
        records = np.frombuffer(content + b"".join(self._held), self._kind)
        losses = records["loss"]
        if not np.isfinite(records["genome"]).all() or not np.isfinite(losses).all():
            raise CreativityError(f"{folder / NAME if folder else NAME} is damaged: it holds numbers that are not finite")
        if len(losses) and not ((np.diff(losses) < 0).all() and losses[-1] == self._loss):
            raise CreativityError(f"{folder / NAME if folder else NAME} is not the record of this search: its losses are others")
        return [Snapshot(int(record["step"]), float(record["loss"]), record["genome"].copy()) for record in records]
