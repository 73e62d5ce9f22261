"""Pictures from outside, read safely, and the one form in which the toolkit holds them.

That form is a numpy array, uint8 (H, W, 4): sRGB with straight (not premultiplied) alpha, upright.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from creativity.errors import CreativityError
from creativity.sources import open_source, shown

RGBA: TypeAlias = npt.NDArray[np.uint8]

MAX_PIXELS = 100_000_000
MAX_BYTES = 1_000_000_000
MAX_FRAMES = 10_000
MAX_TEXT = 32 * 2**20
"""The most bytes of text that a PNG may carry, written or read."""

FORMATS = "PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF or PPM"
_PNG = b"\x89PNG\r\n\x1a\n"


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | _Readable | Image.Image | npt.NDArray[Any]"


def open_picture(source: Source, frame: int = 0) -> RGBA:
    """Read a picture: uint8 (H, W, 4), straight-alpha sRGB, turned as its EXIF says; of an animation, one ``frame``.

    ``source`` is a file's path, its bytes, an open binary file, a Pillow image, or a numpy array: (H, W), (H, W, 1),
    (H, W, 3) or (H, W, 4) of bool, uint8, uint16 or float in [0, 1]. Embedded colour profiles are converted to sRGB,
    16-bit levels are rounded to the nearest of 256.

    Raises CreativityError, naming the file, for anything else: missing, empty, damaged, cut short, another format,
    or more than 100 megapixels (refused before decoding).
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, Image.Image):
        return _converted(source, "the picture")
    if isinstance(source, (str, os.PathLike)):
        name = f"the picture {shown(source)}"
        with open_source(source, "picture", MAX_BYTES) as file:
            return _decoded(file, name, frame)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _decoded(io.BytesIO(source), "the picture", frame)
    if hasattr(source, "read"):
        content = source.read(MAX_BYTES + 1)
        if not isinstance(content, bytes):
            raise CreativityError("the picture's file is open as text; open it with mode 'rb'")
        if len(content) > MAX_BYTES:
            raise CreativityError(f"the picture has more than {MAX_BYTES / 1e6:.0f} MB; make it smaller")
        return _decoded(io.BytesIO(content), "the picture", frame)
    raise CreativityError(f"a picture is a path, bytes, an open binary file, a Pillow image or a numpy array, not {type(source).__name__}")


def is_animated(source: str | os.PathLike[str] | bytes) -> bool:
    """Whether a file that ``open_picture`` reads (a path, or its bytes) has more frames, or pages, than the first."""
    with _opened(source) as (picture, _):
        try:
            return bool(getattr(picture, "is_animated", False))
        except Exception:  # of any kind: the first frame is whole, and what comes after it is damaged
            return True


def durations(source: str | os.PathLike[str] | bytes) -> list[int]:
    """How long each frame of a picture is shown, in milliseconds; one that does not say so gets 100.

    Raises CreativityError as ``open_picture`` does, and beyond 10,000 frames.
    """
    times: list[int] = []
    with _opened(source) as (picture, name):
        _check_size(*picture.size, name)
        try:
            count = int(getattr(picture, "n_frames", 1))
            if count > MAX_FRAMES:
                raise CreativityError(f"{name} has {count} frames; at most {MAX_FRAMES} are read: cut it")
            for frame in range(count):
                picture.seek(frame)
                picture.load()  # WebP knows how long a frame is shown once it has drawn it
                times.append(round(picture.info.get("duration") or 100))
        except CreativityError:
            raise
        except Exception as error:
            raise _damaged(name, error) from error
    return times


def canonical(picture: RGBA, limit: int = 2048) -> RGBA:
    """The form that a run stores as its target: long side at most ``limit`` pixels, colour 0 where all is clear.

    Idempotent, also through ``encode_png`` and ``open_picture``, so the ``digest`` of it identifies a target.
    """
    picture = np.array(resized(picture, limit))
    # What nobody sees must neither change the digest nor travel along in a shared file.
    picture[picture[..., 3] == 0] = 0
    return picture


def is_see_through(picture: RGBA) -> bool:
    """Whether more than a thousandth of a picture is less than half opaque: a stray pixel makes none transparent."""
    return bool((picture[..., 3] < 128).mean() > 1e-3)


def digest(picture: RGBA) -> str:
    """sha256 in hexadecimal over the shape and the bytes."""
    _check(picture)
    height, width, _ = picture.shape
    found = hashlib.sha256(f"uint8 {height} {width} 4\n".encode())
    found.update(np.ascontiguousarray(picture).data)
    return found.hexdigest()


def cropped(picture: RGBA, canvas: Sequence[int]) -> RGBA:
    """The middle of a picture, as large as it can be in the shape of ``canvas``, (width, height); all of it where that is its own."""
    height, width = picture.shape[:2]
    scale = min(width / canvas[0], height / canvas[1])
    across, down = min(width, max(1, round(scale * canvas[0]))), min(height, max(1, round(scale * canvas[1])))
    left, top = (width - across) // 2, (height - down) // 2
    return np.ascontiguousarray(picture[top : top + down, left : left + across])


def resized(picture: RGBA, long_side: int, enlarge: bool = False) -> RGBA:
    """The picture with its long side at ``long_side`` pixels (Lanczos, alpha-weighted), the aspect kept.

    A smaller picture comes back as it is, unless ``enlarge``. Raises CreativityError for a ``long_side`` below 1.
    """
    _check(picture)
    if long_side < 1:
        raise CreativityError(f"a picture's long side is at least 1 pixel, not {long_side}")
    height, width, _ = picture.shape
    longest = max(height, width)
    if longest == long_side or (longest < long_side and not enlarge):
        return picture
    size = (max(1, round(width * long_side / longest)), max(1, round(height * long_side / longest)))
    if size[0] * size[1] > MAX_PIXELS:
        raise CreativityError(f"{size[0]} x {size[1]} pixels are too many; at most {MAX_PIXELS // 10**6} megapixels")
    if (picture[..., 3] == 255).all():
        colours = Image.fromarray(np.ascontiguousarray(picture[..., :3])).resize(size, Image.Resampling.LANCZOS)
        return np.dstack([np.asarray(colours), np.full(size[::-1], 255, np.uint8)])
    # Pillow's own premultiplied resize keeps 8 bits between the steps, which spoils the colour of faint pixels.
    alpha = picture[..., 3].astype(np.float32)
    covered = _lanczos(alpha, size)
    result = np.empty((*size[::-1], 4), np.uint8)
    result[..., 3] = np.rint(np.clip(covered, 0, 255))
    weight = np.where(covered > 0.5, covered, np.inf)
    for channel in range(3):
        light = _lanczos(picture[..., channel] * alpha, size)
        result[..., channel] = np.rint(np.clip(light / weight, 0, 255))
    return result


def premultiplied(picture: RGBA) -> npt.NDArray[np.float32]:
    """What objectives compare with: float32 (4, H, W) in [0, 1], colour times alpha, then alpha."""
    _check(picture)
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1)).astype(np.float32)
    planes /= np.float32(255)
    planes[:3] *= planes[3]
    return planes


def straight(premultiplied: npt.NDArray[np.float32]) -> RGBA:
    """Premultiplied RGBA (4, H, W) in [0, 1] -> straight uint8 (H, W, 4)."""
    pixels = np.empty((*premultiplied.shape[1:], 4), np.uint8)
    for top in range(0, len(pixels), 256):  # in strips: a poster's temporaries would take more memory than the poster
        rows = premultiplied[:, top : top + 256].transpose(1, 2, 0).clip(0, 1)
        colour, alpha = rows[..., :3], rows[..., 3:]
        rows = np.concatenate([(colour / np.maximum(alpha, np.float32(1e-6))).clip(0, 1), alpha], axis=-1)
        pixels[top : top + 256] = np.rint(rows * np.float32(255))
    return pixels


def encode_png(picture: RGBA, text: Mapping[str, str] | None = None, dpi: float | None = None) -> bytes:
    """A PNG file of the picture, without alpha where all is opaque.

    ``text`` becomes uncompressed iTXt chunks (readers limit what they inflate), in the order given; ``dpi`` is pixels
    per inch. The file carries no clock: the same arguments give the same bytes with one build of Pillow.
    Raises CreativityError for a keyword or a text that PNG cannot hold, and beyond 32 MiB of text.
    """
    _check(picture)
    chunks = PngImagePlugin.PngInfo()
    total = 0
    for key, value in (text or {}).items():
        if not (1 <= len(key) <= 79 and key.isascii() and key.isprintable() and key == " ".join(key.split())):
            raise CreativityError(f"a PNG keyword is 1 to 79 printable ASCII characters, not {key!r}")
        try:
            total += len(value.encode())
        except UnicodeEncodeError:
            raise CreativityError(f"the PNG text {key!r} holds half a surrogate pair, which is not text") from None
        if "\0" in value:
            raise CreativityError(f"the PNG text {key!r} holds a NUL character, which PNG forbids")
        chunks.add_itxt(key, value, zip=False)
    if total > MAX_TEXT:
        raise CreativityError(f"a PNG carries at most {MAX_TEXT // 2**20} MiB of text, not {total / 2**20:.1f}")
    options: dict[str, Any] = {}
    if dpi is not None:
        if not (math.isfinite(dpi) and 1 <= dpi <= 100_000):
            raise CreativityError(f"dpi is from 1 to 100000, not {dpi}")
        options["dpi"] = (dpi, dpi)
    channels = 3 if (picture[..., 3] == 255).all() else 4
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture[..., :channels])).save(file, "PNG", pnginfo=chunks, **options)
    return file.getvalue()


def read_png_text(path: str | os.PathLike[str]) -> dict[str, str]:
    """The texts of a PNG file by keyword (the first of each); empty where it has none. No pixel is decoded.

    Raises CreativityError for a file that is not a PNG, is damaged or cut short, or holds more than 32 MiB of text.
    """
    with open_source(path, "PNG", MAX_BYTES) as file:
        return png_text(file, f"the PNG {shown(path)}")


def png_text(file: BinaryIO, name: str) -> dict[str, str]:
    """The same of an open file, which is called ``name`` in errors."""
    texts: dict[str, str] = {}
    room = MAX_TEXT
    for kind, body in _text_chunks(file, name):
        key, value, used = _text(kind, body, room, name)
        room -= used
        texts.setdefault(key, value)
    return texts


# Reading --------------------------------------------------------------------------------------------------------------


def _decoded(file: BinaryIO, name: str, frame: int) -> RGBA:
    with _picture(file, name) as picture:
        if frame:
            _check_size(*picture.size, name)
            try:
                picture.seek(frame)
            except EOFError:
                raise CreativityError(f"{name} has no frame {frame}; its first is 0") from None
            except Exception as error:
                raise _damaged(name, error) from error
        return _converted(picture, name)


def _picture(file: BinaryIO, name: str) -> Image.Image:
    head = file.read(4096)
    file.seek(0)
    # Formats are told by content, from our own list: Image.open would try whatever plug-ins are registered, and
    # only warns, through a process-wide switch, where a picture is huge.
    reader = _reader(head, name)
    try:
        # Pillow answers damage with nearly every kind of exception; all of them mean that the file is at fault.
        picture: Image.Image = reader(file)
    except Exception as error:
        raise _damaged(name, error) from error
    return picture


@contextmanager
def _opened(source: str | os.PathLike[str] | bytes) -> Iterator[tuple[Image.Image, str]]:
    if isinstance(source, bytes):
        with _picture(io.BytesIO(source), "the picture") as picture:
            yield picture, "the picture"
        return
    name = f"the picture {shown(source)}"
    with open_source(source, "picture", MAX_BYTES) as file, _picture(file, name) as picture:
        yield picture, name


def _reader(head: bytes, name: str) -> Any:
    if not head:
        raise CreativityError(f"{name} is empty (0 bytes)")
    if head.startswith(_PNG):
        return PngImagePlugin.PngImageFile
    if head.startswith(b"\xff\xd8\xff"):
        return JpegImagePlugin.JpegImageFile
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WebPImagePlugin.WebPImageFile
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GifImagePlugin.GifImageFile
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return TiffImagePlugin.TiffImageFile
    if head.startswith(b"BM"):
        return BmpImagePlugin.BmpImageFile
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return PpmImagePlugin.PpmImageFile
    if head[4:8] == b"ftyp":
        size = int.from_bytes(head[:4], "big")
        brands = [head[8:12], *(head[i : i + 4] for i in range(16, min(size, 256), 4))]
        if b"avif" in brands or b"avis" in brands:
            if not AvifImagePlugin.SUPPORTED:
                raise CreativityError(f"{name} is AVIF, which this build of Pillow does not read; save it as PNG")
            return AvifImagePlugin.AvifImageFile
        if any(brand[:3] in (b"hei", b"hev", b"mif", b"msf") for brand in brands):
            raise CreativityError(
                f"{name} is HEIC, which is not read here; save it as JPEG or PNG, or open it with the package "
                "pillow-heif and give the image that comes back"
            )
        raise CreativityError(f"{name} is a film, not a picture; save one frame as PNG")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1024].lower()
    if start.startswith((b"<?xml", b"<svg", b"<!--", b"<!doctype svg")) and b"<svg" in head.lower():
        raise CreativityError(f"{name} is an SVG drawing, not made of pixels; export it as PNG and give that")
    if head.startswith(b"\x1f\x8b"):
        raise CreativityError(f"{name} is compressed with gzip (an SVGZ?); unpack it, and export a drawing as PNG")
    for magic, kind in ((b"%PDF", "PDF"), (b"8BPS", "a Photoshop file"), (b"\xff\x0a", "JPEG XL")):
        if head.startswith(magic):
            raise CreativityError(f"{name} is {kind}, which is not read here; save it as PNG or JPEG")
    raise CreativityError(f"{name} is not {FORMATS} (told by its content, whatever its name); save it as one of these")


def _damaged(name: str, error: Exception) -> CreativityError:
    if isinstance(error, MemoryError):
        return CreativityError(f"{name} does not fit into memory; make it smaller")
    reason = " ".join(str(error).split())[:160] or type(error).__name__
    # Some of Pillow's messages end in the object that it read from, with its address.
    return CreativityError(f"{name} is damaged or cut short: {reason.split(' <_io.')[0]}")


# Converting -----------------------------------------------------------------------------------------------------------

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _converted(picture: Image.Image, name: str) -> RGBA:
    width, height = picture.size
    _check_size(width, height, name)
    try:
        picture.load()
    except Exception as error:
        raise _damaged(name, error) from error
    # Loading may turn a picture (TIFF) and drop the tag, so the tag is read after it.
    turn = _TURNS.get(_orientation(picture))
    profile = picture.info.get("icc_profile")
    try:
        alpha = _alpha(picture)
        colours = _srgb(_eight_bit(picture, name), profile)
        if turn is not None:
            colours = colours.transpose(turn)
            alpha = alpha.transpose(turn) if alpha else None
    except CreativityError:
        raise
    except Exception as error:
        raise _damaged(name, error) from error
    result = np.empty((colours.height, colours.width, 4), np.uint8)
    result[..., :3] = np.asarray(colours)
    result[..., 3] = 255 if alpha is None else np.asarray(alpha)
    return result


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # a broken EXIF block hides how the camera was held, not the picture
        return 1


def _alpha(picture: Image.Image) -> Image.Image | None:
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        return picture.getchannel(picture.getbands()[-1])
    if "transparency" not in picture.info:
        return None
    if picture.mode == "I;16":
        # Pillow compares the key with 8-bit levels here, which would make neighbours transparent too.
        key = picture.info["transparency"]
        return Image.fromarray(np.where(np.asarray(picture) == key, 0, 255).astype(np.uint8))
    if picture.mode in ("1", "L", "RGB", "P"):
        return picture.convert("RGBA").getchannel("A")
    return None


def _eight_bit(picture: Image.Image, name: str) -> Image.Image:
    """The colours alone, as L, RGB or CMYK of 8 bits."""
    mode = picture.mode
    if mode in ("RGB", "L", "CMYK"):
        return picture
    if mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        levels = np.asarray(picture)
        if mode == "F":
            return Image.fromarray(_eight_bit_levels(levels, name))
        if levels.size and (levels.min() < 0 or levels.max() > 65535):
            raise CreativityError(f"{name} holds 32-bit levels of unknown range; save it with 8 or 16 bits")
        return Image.fromarray(_eight_bit_levels(levels.astype(np.uint16), name))
    if mode in ("RGBa", "La"):
        picture = picture.convert(f"{mode[:-1]}A")
    if mode in ("P", "PA"):
        # By way of RGBA, else a palette's transparent entry may be mapped to another colour.
        picture = picture.convert("RGBA")
    if mode in ("RGBA", "RGBa", "P", "PA"):
        return Image.merge("RGB", picture.split()[:3])
    if mode in ("LA", "La"):
        return picture.getchannel("L")
    if mode == "1":
        return picture.convert("L")
    if mode in ("YCbCr", "HSV", "RGBX"):
        return picture.convert("RGB")
    raise CreativityError(f"{name} holds colours of the kind {mode!r}, which is not read here; save it as RGB")


def _eight_bit_levels(levels: npt.NDArray[Any], name: str) -> RGBA:
    if levels.dtype == np.uint8:
        return levels
    if levels.dtype == np.bool_:
        return levels.astype(np.uint8) * np.uint8(255)
    if levels.dtype == np.uint16:
        # 65535 = 257 * 255: the nearest of 256 levels, not the high byte.
        return ((levels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if levels.dtype.kind == "f":
        if not np.isfinite(levels).all() or levels.min() < 0 or levels.max() > 1:
            raise CreativityError(f"{name} holds numbers outside [0, 1]; divide by the largest level, or give uint8")
        return np.asarray(np.rint(levels * 255), np.uint8)
    raise CreativityError(f"{name} is an array of {levels.dtype}; uint8, uint16, bool or float in [0, 1] is expected")


def _srgb(colours: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            transform = ImageCms.buildTransform(
                ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), colours.mode, "RGB"
            )
            # A profile that moves no colour by more than rounding is sRGB by another name: left exact.
            probe = _probe()
            if colours.mode != "RGB" or _difference(probe, ImageCms.applyTransform(probe, transform)) > 1:
                converted = ImageCms.applyTransform(colours, transform)
                if converted is not None:
                    return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            # A broken profile, or one for other channels, is passed over, as image viewers do.
            pass
    return colours.convert("RGB")


def _probe() -> Image.Image:
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), -1).reshape(27, 27, 3))


def _difference(a: Image.Image, b: Image.Image | None) -> int:
    return int(np.abs(np.asarray(a).astype(int) - np.asarray(b).astype(int)).max())


def _from_array(array: npt.NDArray[Any]) -> RGBA:
    name = "the picture"
    planes = array[..., None] if array.ndim == 2 else array
    if planes.ndim != 3 or planes.shape[2] not in (1, 3, 4):
        raise CreativityError(f"a picture's array is (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), not {array.shape}")
    height, width, channels = planes.shape
    _check_size(width, height, name)
    planes = _eight_bit_levels(planes, name)
    result = np.full((height, width, 4), 255, np.uint8)
    result[..., : max(channels, 3)] = planes
    return result


def _check_size(width: int, height: int, name: str) -> None:
    if width < 1 or height < 1:
        raise CreativityError(f"{name} has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS:
        raise CreativityError(f"{name} has {width} x {height} pixels; at most {MAX_PIXELS // 10**6} megapixels are read: make it smaller")


def _check(picture: RGBA) -> None:
    if picture.ndim != 3 or picture.shape[2] != 4 or picture.dtype != np.uint8 or picture.size == 0:
        raise CreativityError(f"expected uint8 (H, W, 4), not {picture.dtype} {picture.shape}; open_picture makes it from any picture")


def _lanczos(plane: npt.NDArray[np.float32], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS))


# The texts of a PNG ---------------------------------------------------------------------------------------------------


def _text_chunks(file: BinaryIO, name: str) -> Iterator[tuple[bytes, bytes]]:
    if file.read(8) != _PNG:
        raise CreativityError(f"{name} is not a PNG file")
    for _ in range(100_000):
        head = file.read(8)
        if len(head) < 8:
            raise CreativityError(f"{name} is cut short")
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"IEND":
            return
        if kind not in (b"iTXt", b"tEXt", b"zTXt"):
            file.seek(length + 4, os.SEEK_CUR)
            continue
        if length > MAX_TEXT + 1000:
            raise CreativityError(f"{name} holds more than {MAX_TEXT // 2**20} MiB of text")
        body, check = file.read(length), file.read(4)
        if len(body) < length or len(check) < 4:
            raise CreativityError(f"{name} is cut short")
        if zlib.crc32(kind + body) != int.from_bytes(check, "big"):
            raise CreativityError(f"{name} is damaged: the checksum of a text differs")
        yield kind, body
    raise CreativityError(f"{name} is made of too many chunks")


def _text(kind: bytes, body: bytes, room: int, name: str) -> tuple[str, str, int]:
    key, _, rest = body.partition(b"\0")
    packed, encoding = kind == b"zTXt", "latin-1"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        packed, encoding = rest[:1] == b"\1", "utf-8"
        _language, _, rest = rest[2:].partition(b"\0")
        _translated, _, rest = rest.partition(b"\0")
    if packed:
        unpacker = zlib.decompressobj()
        try:
            rest = unpacker.decompress(rest, room + 1)
        except zlib.error:
            raise CreativityError(f"{name} is damaged: a compressed text cannot be unpacked") from None
    if len(rest) > room:
        raise CreativityError(f"{name} holds more than {MAX_TEXT // 2**20} MiB of text")
    try:
        return key.decode("latin-1"), rest.decode(encoding), len(rest)
    except UnicodeDecodeError:
        raise CreativityError(f"{name} is damaged: a text is not UTF-8") from None
