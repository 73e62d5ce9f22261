"""Films: pictures one after another, as GIF, WebP, APNG or MP4, with a text inside as a PNG has it.

A film's frames are uint8 (H, W, 4), sRGB with straight alpha, all of one size. Where a format has no half-transparency
(GIF) or none (MP4), what shows through is cut at one half or laid on white.
"""

from __future__ import annotations

import base64
import io
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

import numpy as np
import torch
from PIL import Image, PngImagePlugin

from creativity.errors import CreativityError, nearest
from creativity.files import write_atomically
from creativity.images import MAX_BYTES, MAX_TEXT, RGBA, png_text
from creativity.sources import open_source, shown

KINDS = (".gif", ".webp", ".apng", ".mp4")
KEYWORD = "creativity"  # of the APNG's text chunk
NAMESPACE = "urn:creativity:artwork"  # of what a WebP's XMP holds
BOX = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE).bytes  # of what an MP4 holds: a box of its own, which players pass over

MAX_PIXELS = 250_000_000
"""Of all frames together: a gigabyte."""

LIKE = 48
"""A GIF's pixel stays as it is while its squared distance from what it should be, over three channels of 255, is this small:
no eye sees it, and what does not change costs nothing."""

SAMPLE = 60_000
"""Pixels that decide a GIF's palette."""

WEBP_QUALITY, MP4_QUALITY = 90, 18  # of 100; x264's constant rate factor, where less is better

Durations = Sequence[int] | int


@dataclass(frozen=True)
class Film:
    """Frames (H, W, 4) with their durations in milliseconds, and a text that its file carries."""

    frames: Sequence[RGBA]
    durations: Sequence[int]
    text: str = ""

    def encode(self, suffix: str) -> bytes:
        """The bytes of the kind of film that a suffix names. Raises CreativityError for an unknown one."""
        return encode(self.frames, self.durations, suffix, self.text)

    def save(self, path: str | Path) -> Path:
        """Save as what the name says (.gif .webp .apng .mp4), atomically."""
        return write_atomically(path, self.encode(Path(path).suffix.lower()))

    @property
    def summary(self) -> str:
        """How many frames, how large, how long."""
        height, width, _ = self.frames[0].shape
        return f"{len(self.frames)} frames, {width}x{height}, {sum(self.durations) / 1000:.1f} s"

    def __repr__(self) -> str:
        return f"Film({self.summary})"

    def _repr_html_(self) -> str:
        return f'<img src="data:image/webp;base64,{base64.b64encode(self.encode(".webp")).decode()}">'


def check(suffix: str) -> None:
    """Refuse, before any work is done, a kind of film that cannot be made here. Raises CreativityError."""
    if suffix not in KINDS:
        raise CreativityError(f"cannot save a film as {suffix or 'a file without a suffix'}; {nearest(suffix, KINDS)}")
    if suffix == ".mp4":
        _av()


def check_size(count: int, size: tuple[int, ...]) -> None:
    """Refuse more frames of a size (H, W) than fit into memory. Raises CreativityError."""
    most = MAX_PIXELS // (size[0] * size[1])
    if count > most:
        raise CreativityError(f"{count} frames of {size[1]}x{size[0]} are too many for a film, at most {most} are made; make them smaller")


def encode(frames: Sequence[RGBA], durations: Durations, suffix: str, text: str = "") -> bytes:
    """The bytes of a film that plays for ever, ``suffix`` its kind: .gif, .webp, .apng or .mp4 (once through).

    ``frames`` are (H, W, 4), read twice at most; ``durations`` milliseconds, of each or of all alike; ``text`` is carried
    inside, where ``read_text`` finds it. Frames that equal the one before only prolong it. The same arguments give the
    same bytes with one build of the libraries. Raises CreativityError for frames that are too many or of several sizes,
    and for .mp4 where its extra is missing.
    """
    check(suffix)
    each = [durations] * len(frames) if isinstance(durations, int) else list(durations)
    if not frames or len(each) != len(frames) or min(each) < 1:
        raise CreativityError(f"a film of {len(frames)} frames needs as many durations of a millisecond or more, not {len(each)}")
    check_size(len(frames), frames[0].shape[:2])
    if len(text.encode()) > MAX_TEXT:
        raise CreativityError(f"a film carries at most {MAX_TEXT // 2**20} MiB of text")
    kept: list[RGBA] = []
    times: list[int] = []
    for frame, time in zip(frames, each, strict=True):
        if kept and frame.shape != kept[0].shape:
            raise CreativityError(f"the frames of a film have one size: {kept[0].shape[1]}x{kept[0].shape[0]} comes first, then another")
        if kept and np.array_equal(frame, kept[-1]):
            times[-1] += time
        else:
            kept.append(frame)
            times.append(time)
    return {".gif": _gif, ".webp": _webp, ".apng": _apng, ".mp4": _mp4}[suffix](kept, times, text)


def read_text(path: str | os.PathLike[str]) -> str | None:
    """The text that ``encode`` put into a film; None where there is none. No frame is decoded.

    Raises CreativityError for a file that is none of a film's kinds, is damaged, or holds more than 32 MiB of text.
    """
    name = f"the film {shown(path)}"
    with open_source(path, "film", MAX_BYTES) as file:
        head = file.read(12)
        file.seek(0)
        if head.startswith((b"GIF87a", b"GIF89a")):
            found = _gif_text(file, name)
        elif head[:4] == b"RIFF" and head[8:] == b"WEBP":
            found = _webp_text(file, name)
        elif head.startswith(b"\x89PNG"):
            return png_text(file, name).get(KEYWORD)
        elif head[4:8] == b"ftyp":
            found = _mp4_text(file, name)
        else:
            raise CreativityError(f"{name} is no GIF, WebP, APNG or MP4 (told by its content, whatever its name)")
    try:
        return None if found is None else found.decode()
    except UnicodeDecodeError:
        raise CreativityError(f"{name} is damaged: its text is not UTF-8") from None


def _images(frames: list[RGBA]) -> list[Image.Image]:
    """For Pillow: with alpha in all frames, or in none."""
    channels = 4 if any((frame[..., 3] < 255).any() for frame in frames) else 3
    return [Image.fromarray(np.ascontiguousarray(frame[..., :channels])) for frame in frames]


# GIF: a palette for every frame, and only what changes ----------------------------------------------------------------


def _gif(frames: list[RGBA], times: list[int], text: str) -> bytes:
    height, width, _ = frames[0].shape
    if max(height, width) > 65_535:
        raise CreativityError("a GIF is at most 65535 pixels long; make it smaller")
    file = io.BytesIO()
    file.write(b"GIF89a" + _short(width) + _short(height) + b"\x70\0\0")
    if len(frames) > 1:
        file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0")
    if text:
        file.write(b"\x21\xfe" + _blocks(text.encode()))
    # Where something shows through, a frame must be cleared away before the next; else each adds to the one before.
    clear = any((frame[..., 3] < 128).any() for frame in frames)
    shown: np.ndarray[Any, Any] | None = None
    ticks = 0
    total = 0
    for frame, time in zip(frames, times, strict=True):
        total += time
        delay = min(65_535, max(2, round(total / 10) - ticks))  # hundredths of a second; browsers take less than 2 for 10
        ticks += delay
        colours = frame[..., :3].astype(np.int32)
        changes = frame[..., 3] >= 128
        if shown is not None and not clear:
            changes = ((colours - shown) ** 2).sum(axis=-1) > LIKE
        top, bottom, left, right = _box(changes)
        part = changes[top:bottom, left:right]
        indices, palette = _indexed(frame[top:bottom, left:right, :3], part)
        if shown is None:
            shown = colours.copy()
        if part.any():
            shown[top:bottom, left:right][part] = palette[indices[part]]
        file.write(b"\x21\xf9\x04" + bytes([(2 if clear else 1) << 2 | 1]) + _short(delay) + b"\xff\0")
        file.write(b"\x2c" + _short(left) + _short(top) + _short(right - left) + _short(bottom - top) + b"\x87")
        file.write(palette.astype(np.uint8).tobytes().ljust(768, b"\0"))
        file.write(_packed(indices))
    file.write(b"\x3b")
    return file.getvalue()


def _box(mask: np.ndarray[Any, Any]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of what is True; one pixel where nothing is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1) if rows.size else (0, 1, 0, 1)


def _indexed(colours: RGBA, mask: np.ndarray[Any, Any]) -> tuple[RGBA, np.ndarray[Any, Any]]:
    """Indices (H, W) into a palette (N, 3), N at most 255, for the pixels in ``mask``; 255 for the others, which show through."""
    indices = np.full(mask.shape, 255, np.uint8)
    pixels = colours[mask]
    if not len(pixels):
        return indices, np.zeros((1, 3), np.int32)
    codes = pixels @ np.array([65536, 256, 1])
    unique, where = np.unique(codes, return_inverse=True)
    palette = np.stack([unique >> 16, unique >> 8 & 255, unique & 255], axis=1)
    if len(unique) > 255:
        # Median cut (Heckbert 1982), bettered by k-means; then each colour goes to the nearest, without dithering: flat
        # areas stay flat, and what stands still does not flicker.
        sample = np.ascontiguousarray(pixels[:: 1 + len(pixels) // SAMPLE])
        cut = Image.fromarray(sample[None]).quantize(255, Image.Quantize.MEDIANCUT, kmeans=1)
        chosen = np.asarray(cut.getpalette("RGB"), np.int32).reshape(-1, 3)[:255]
        parts = torch.split(torch.from_numpy(palette).float(), SAMPLE)  # a large photograph has a million
        near = torch.cat([torch.cdist(part, torch.from_numpy(chosen).float()).argmin(dim=1) for part in parts])
        palette, where = chosen, near.numpy()[where]
    indices[mask] = where
    return indices, palette.astype(np.int32)


def _packed(indices: RGBA) -> bytes:
    """LZW data: Pillow writes a GIF of the indices as they are, and we take its last image's."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(indices)).save(file, "GIF", interlace=0, optimize=False)
    file.seek(0)
    for kind, at in _gif_blocks(file, "a GIF"):
        if kind == 0x2C:
            return file.getvalue()[at:-1]
    raise AssertionError("Pillow wrote no image")


def _short(number: int) -> bytes:
    return number.to_bytes(2, "little")


def _blocks(content: bytes) -> bytes:
    parts = [content[i : i + 255] for i in range(0, len(content), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def _gif_blocks(file: BinaryIO, name: str) -> Iterator[tuple[int, int]]:
    """(kind, place) of a GIF's blocks up to its first image: an extension's label, or 0x2c and where its data begins."""
    head = file.read(13)
    if len(head) < 13:
        raise CreativityError(f"{name} is cut short")
    file.seek(_table(head[10]), os.SEEK_CUR)
    while True:
        introducer = file.read(1)
        if introducer == b"\x2c":
            flags = file.read(9)[8:] or b"\0"
            file.seek(_table(flags[0]), os.SEEK_CUR)
            yield 0x2C, file.tell()
            return
        label = file.read(1)
        if introducer != b"\x21" or not label:
            raise CreativityError(f"{name} is damaged or cut short")
        at = file.tell()
        yield label[0], at
        file.seek(at)
        for _ in _parts(file, name):
            pass


def _parts(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The pieces of at most 255 bytes that a block is made of."""
    for _ in range(MAX_TEXT // 200):
        length = file.read(1)
        if length in (b"", b"\0"):
            return
        yield file.read(length[0])
    raise CreativityError(f"{name} holds more than {MAX_TEXT // 2**20} MiB of text")


def _table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _gif_text(file: BinaryIO, name: str) -> bytes | None:
    for count, (kind, _) in enumerate(_gif_blocks(file, name)):
        if kind == 0xFE:
            content = b"".join(_parts(file, name))
            if content.startswith(b"{"):
                return content
        if count > 100:
            raise CreativityError(f"{name} is made of too many blocks")
    return None


# WebP: lossy colour, exact alpha --------------------------------------------------------------------------------------

_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    f'rdf:about="" xmlns:c="{NAMESPACE}"><c:artwork>%s</c:artwork></rdf:Description></rdf:RDF></x:xmpmeta>'
)


def _webp(frames: list[RGBA], times: list[int], text: str) -> bytes:
    if max(frames[0].shape) > 16_383:
        raise CreativityError("a WebP is at most 16383 pixels long; make it smaller")
    file = io.BytesIO()
    first, *rest = _images(frames)
    xmp: dict[str, Any] = {"xmp": (_XMP % escape(text)).encode()} if text else {}
    first.save(file, "WEBP", save_all=True, append_images=rest, duration=times, loop=0, quality=WEBP_QUALITY, method=4, **xmp)
    return file.getvalue()


def _webp_text(file: BinaryIO, name: str) -> bytes | None:
    from xml.etree.ElementTree import ParseError

    from defusedxml import ElementTree as defused
    from defusedxml.common import DefusedXmlException

    file.seek(12)
    for _ in range(1_000_000):
        head = file.read(8)
        if len(head) < 8:
            return None
        length = int.from_bytes(head[4:], "little")
        if head[:4] != b"XMP ":
            file.seek(length + length % 2, os.SEEK_CUR)
            continue
        try:
            root = defused.fromstring(_limited(file, length, name), forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError) as error:
            raise CreativityError(f"{name} is damaged: its XMP cannot be read ({error})") from None
        found = root.find(f".//{{{NAMESPACE}}}artwork")
        return None if found is None else (found.text or "").encode()
    raise CreativityError(f"{name} is made of too many chunks")


def _limited(file: BinaryIO, length: int, name: str) -> bytes:
    if length > MAX_TEXT + 100_000:
        raise CreativityError(f"{name} holds more than {MAX_TEXT // 2**20} MiB of text")
    content = file.read(length)
    if len(content) < length:
        raise CreativityError(f"{name} is cut short")
    return content


# APNG: true colour, nothing lost --------------------------------------------------------------------------------------


def _apng(frames: list[RGBA], times: list[int], text: str) -> bytes:
    file = io.BytesIO()
    chunks = PngImagePlugin.PngInfo()
    if text:
        chunks.add_itxt(KEYWORD, text, zip=False)
    first, *rest = _images(frames)
    times = [min(time, 65_535) for time in times]  # what the format holds
    first.save(file, "PNG", save_all=True, append_images=rest, duration=times, loop=0, pnginfo=chunks)
    return file.getvalue()


# MP4: H.264 through PyAV ----------------------------------------------------------------------------------------------


def _av() -> Any:
    try:
        import av
    except ImportError:
        raise CreativityError('an MP4 needs PyAV: pip install "creativity-toolkit[video]", or save as .gif, .webp or .apng') from None
    return av


def _mp4(frames: list[RGBA], times: list[int], text: str) -> bytes:
    from fractions import Fraction

    av = _av()
    file = io.BytesIO()
    height, width, _ = frames[0].shape
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=1000)
        stream.width, stream.height = width + width % 2, height + height % 2  # what its colours at half size ask for
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.options = {"crf": str(MP4_QUALITY), "preset": "medium", "threads": "1", "bf": "0"}
        # Said aloud, or players guess by the size of the picture: BT.709 with the levels of sRGB.
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
        stream.codec_context.color_primaries, stream.codec_context.color_trc = 1, 13
        at = 0
        # A frame lasts until the next, so the last one comes twice.
        for frame, time in zip([*frames, frames[-1]], [*times, 0], strict=True):
            alpha = frame[..., 3:].astype(np.float32) / 255
            opaque = np.rint(frame[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
            padded = np.pad(opaque, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
            moving = av.VideoFrame.from_ndarray(padded, format="rgb24").reformat(format="yuv420p", dst_colorspace="ITU709")
            moving.pts, moving.time_base = (at if time else at - 1), Fraction(1, 1000)
            at += time
            container.mux(stream.encode(moving))
        container.mux(stream.encode(None))
    content = file.getvalue()
    if text:
        body = BOX + text.encode()
        content += (8 + len(body)).to_bytes(4, "big") + b"uuid" + body
    return content


def _mp4_text(file: BinaryIO, name: str) -> bytes | None:
    end = file.seek(0, os.SEEK_END)
    at = 0
    for _ in range(100_000):
        file.seek(at)
        head = file.read(32)
        if len(head) < 8:
            return None
        length, inside = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, inside = int.from_bytes(head[8:16], "big"), 16
        length = length or end - at  # 0: to the end of the file
        if length < inside or at + length > end:
            raise CreativityError(f"{name} is damaged or cut short")
        if head[4:8] == b"uuid" and length >= inside + 16 and head[inside : inside + 16] == BOX:
            file.seek(at + inside + 16)
            return _limited(file, length - inside - 16, name)
        at += length
    raise CreativityError(f"{name} is made of too many boxes")
