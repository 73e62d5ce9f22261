"""Small pictures for the wall: made once, by few threads, and kept under the root. And the files of a folder, never through a link."""

from __future__ import annotations

import io
from pathlib import Path

import anyio
import anyio.to_thread

from creativity.errors import CreativityError
from creativity.files import digest_bytes, make_folder, write_atomically

SIDE = 480
"""Pixels of the longer side: sharp in a cell of 240."""
WORKERS = 2
MAX_FILE = 64 * 2**20
PICTURES = ("final.png", "preview.png")
"""What a run folder shows, the best first."""


def within(root: Path, path: Path) -> Path | None:
    """The file, if it is an ordinary one inside the root wherever its links lead; else None."""
    try:
        real = path.resolve(strict=True)
        return real if real.is_file() and real.is_relative_to(root.resolve()) and real.stat().st_size <= MAX_FILE else None
    except (OSError, ValueError, RuntimeError):
        return None


def picture_in(root: Path, place: Path) -> Path | None:
    """The file that shows an artwork: of its run folder, or the one that it is."""
    if place.is_dir():
        return next((file for name in PICTURES if (file := within(root, place / name)) is not None), None)
    return within(root, place) if place.suffix.lower() == ".png" else None


def small(picture: bytes | Path, side: int = SIDE) -> bytes:
    """A picture as WebP, its longer side at most ``side`` pixels. Raises CreativityError for what is none."""
    from PIL import Image

    from creativity import images

    pixels = Image.fromarray(images.resized(images.open_picture(picture), side))
    file = io.BytesIO()
    pixels.save(file, "WEBP", quality=82, method=2)
    return file.getvalue()


class Thumbnails:
    """Kept in ``folder``, each under a name that changes with what it is made from, so that it is never stale."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._limiter: anyio.CapacityLimiter | None = None

    def place(self, *parts: object) -> Path:
        name = digest_bytes("\0".join(map(str, parts)).encode())[:32]
        return self.folder / name[:2] / f"{name[2:]}.webp"

    async def of(self, source: Path) -> bytes:
        """Of a file. Raises CreativityError where it is no picture."""
        place = self._place_of(source)
        return self.held(place) or await self.made(place, source)

    async def fresh(self, source: Path) -> bytes:
        """Of a file that will soon be another: it is not kept."""
        return await anyio.to_thread.run_sync(small, source, limiter=self._few())

    def made_now(self, source: Path) -> bytes:
        """The same, waiting here."""
        return self._make(self._place_of(source), source)

    def _place_of(self, source: Path) -> Path:
        facts = source.stat()
        return self.place(source, facts.st_mtime_ns, facts.st_size)

    def held(self, place: Path) -> bytes | None:
        try:
            return place.read_bytes() or None
        except OSError:
            return None

    async def made(self, place: Path, source: Path | bytes) -> bytes:
        return await anyio.to_thread.run_sync(self._make, place, source, limiter=self._few())

    def _few(self) -> anyio.CapacityLimiter:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(WORKERS)
        return self._limiter

    def _make(self, place: Path, source: Path | bytes) -> bytes:
        if (held := self.held(place)) is not None:  # another request was quicker
            return held
        content = small(source)
        try:
            make_folder(place.parent)
            write_atomically(place, content)
        except CreativityError:
            pass  # a disk that is full or read-only makes it slow, not wrong
        return content
