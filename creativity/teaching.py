"""Teaching a generator by a folder of pictures, over hours or days: what is looked at, kept and told on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from creativity import images
from creativity.errors import CreativityError
from creativity.files import STATES, RunFolder, digest_bytes, load_state, save_state, write_atomically
from creativity.models.generators.lessons import Lesson, Teaching
from creativity.sources import shown
from creativity.streams import draw_seed

MEMORY = 4 * 10**9
"""Bytes that the pictures may take."""

SAMPLES, COLUMNS, SIDE = 64, 8, 128
"""Pictures on the sheet that shows how far it is, how many in a row, and their pixels a side."""

SAVE_SECONDS = 60.0

SHEET, WEIGHTS = "samples.png", "generator.safetensors"


@dataclass(frozen=True)
class Progress:
    """How far it is: ``figures`` are running means, ``seconds`` what is left, as far as can be told."""

    step: int
    steps: int
    figures: dict[str, float]
    seconds: float | None

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value:.4g}" for name, value in self.figures.items())
        left = "" if self.seconds is None else f", {_clock(self.seconds)} left"
        return f"step {self.step}/{self.steps}, {told}{left}"


class Course:
    """A teaching in a folder: ``run`` goes on where it was, in this process or another, to the end or until `stop`.

    The folder holds the state, ``samples.png``, always of the same latents, and ``generator.safetensors``, both renewed every minute.

    Raises CreativityError where the pictures cannot be had, or the folder is that of another teaching.
    """

    def __init__(self, pictures: str | Path, folder: str | Path, lesson: Lesson, seed: int | None = None):
        self.folder, self.stopping = RunFolder(folder), False
        arrays: dict[str, Any] = {}
        facts: dict[str, Any] = {}
        self.note = ""
        if any((self.folder / name).exists() for name in STATES):
            arrays, facts, note = load_state(self.folder)
            if "lesson" not in facts:
                raise CreativityError(f"{folder} holds a search; give another --run-dir")
            self.note = note or ""
        found, digest, self.others = gather(pictures, lesson.side)
        self.count = len(found)
        seed = facts.get("seed", draw_seed()) if seed is None else seed
        self.teaching = Teaching(found, digest, lesson, seed)
        if facts:
            self.teaching.restore(arrays, facts)

    def stop(self) -> None:
        """End after this step."""
        self.stopping = True

    def run(self, tell: Callable[[Progress], None] = lambda progress: None, seconds: float | None = None) -> bool:
        """Teach, for so many seconds at most, and save; whether all steps are done."""
        teaching = self.teaching
        with self.folder.locked():
            begun = saved = time.monotonic()
            first = teaching.count
            while not (teaching.done or self.stopping):
                teaching.step()
                now = time.monotonic()
                each = (now - begun) / (teaching.count - first)
                left = each * (teaching.lesson.steps - teaching.count) if teaching.count >= first + 3 else None
                if seconds is not None:
                    left = None if left is None else min(left, max(0.0, begun + seconds - now))
                tell(Progress(teaching.count, teaching.lesson.steps, teaching.figures, left))
                if seconds is not None and now - begun >= seconds:
                    break
                if now - saved >= SAVE_SECONDS:
                    self.save()
                    saved = time.monotonic()
            self.save()
        return teaching.done

    def save(self) -> None:
        """State, sheet and generator, each whole or not at all."""
        save_state(self.folder, self.teaching.state(), self.teaching.facts())
        write_atomically(self.folder / WEIGHTS, self.teaching.encode())
        write_atomically(self.folder / SHEET, self.sheet())

    def sheet(self) -> bytes:
        """A PNG of samples side by side."""
        samples = (255 * self.teaching.samples(SAMPLES, SIDE)).round().byte()
        rows = samples.unflatten(0, (-1, COLUMNS)).permute(0, 3, 1, 4, 2).reshape(SAMPLES // COLUMNS * SIDE, COLUMNS * SIDE, 3)  # type: ignore[no-untyped-call]
        return images.encode_png(np.dstack([rows.numpy(), np.full(rows.shape[:2], 255, np.uint8)]))


def gather(folder: str | Path, side: int) -> tuple[torch.Tensor, str, list[str]]:
    """The pictures of a folder, middle squares on white: uint8 (M, 3, side, side), the digest of all, and the names of what is none.

    Raises:
        CreativityError: there is no such folder, or not two pictures in it, or too many for the memory.
    """
    place = Path(folder)
    if not place.is_dir():
        raise CreativityError(f"no folder {shown(folder)}: expected one of pictures to learn from")
    files = sorted(path for path in place.rglob("*") if path.is_file() and not path.name.startswith("."))
    if len(files) * 3 * side * side > MEMORY:
        raise CreativityError(f"{len(files)} pictures of {side} x {side} pixels are more than {MEMORY // 10**9} GB; use a smaller --side")
    found, others = [], []
    for path in files:
        try:
            found.append(_square(images.open_picture(path), side))
        except CreativityError:
            others.append(path.name)
    if len(found) < 2:
        raise CreativityError(
            f"{folder} holds {len(found) or 'no'} picture{'s' if not found else ''}; a generator learns from two at least"
        )
    every = np.stack(found)
    return torch.from_numpy(every).permute(0, 3, 1, 2).contiguous(), digest_bytes(every.tobytes()), others


def _square(picture: images.RGBA, side: int) -> np.ndarray[Any, Any]:
    height, width, _ = picture.shape
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    square = images.resized(np.ascontiguousarray(picture[top : top + edge, left : left + edge]), side, enlarge=True)
    alpha = square[..., 3:].astype(np.float32) / 255
    return np.rint(square[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
