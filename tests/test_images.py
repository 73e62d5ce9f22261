"""Pictures from outside: every kind that is read, and every kind that is refused in one line."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import AvifImagePlugin, Image, ImageCms, ImageFile, PngImagePlugin

from creativity import images
from creativity.errors import CreativityError
from creativity.images import canonical, digest, encode_png, open_picture, premultiplied, read_png_text, resized

Array = npt.NDArray[Any]


def scene(height: int = 24, width: int = 40, channels: int = 4) -> Array:
    """Smooth and without symmetry, so that codecs keep it and a wrong turn shows."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 / (width - 1), y * 255 / (height - 1), (x + y) * 2 % 200, 255 - x * 3]
    return np.stack(planes[:channels], -1).astype(np.uint8)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *extra: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = head + b"".join(extra) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def refusal(source: Any, function: Callable[[Any], Any] = open_picture) -> str:
    with pytest.raises(CreativityError) as caught:
        function(source)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 700
    return message


# What is read ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True, "exact": True}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("AVIF", {"quality": 95}, 25),
    ],
)
def test_formats_with_alpha(kind: str, options: dict[str, Any], tolerance: int) -> None:
    if kind == "AVIF" and not AvifImagePlugin.SUPPORTED:
        pytest.skip("this Pillow has no AVIF")
    wanted = scene()
    found = open_picture(encoded(Image.fromarray(wanted), kind, **options))
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - wanted).max() <= tolerance


@pytest.mark.parametrize(("kind", "tolerance"), [("PNG", 0), ("BMP", 0), ("PPM", 0), ("TIFF", 0), ("JPEG", 25)])
def test_formats_without_alpha(kind: str, tolerance: int) -> None:
    wanted = scene(channels=3)
    found = open_picture(encoded(Image.fromarray(wanted), kind))
    assert np.abs(found[..., :3].astype(int) - wanted).max() <= tolerance
    assert (found[..., 3] == 255).all()


def test_every_kind_of_source(tmp_path: Path) -> None:
    wanted = scene()
    content = encoded(Image.fromarray(wanted), "PNG")
    path = tmp_path / "wrong extension.jpg"
    path.write_bytes(content)
    sources: list[Any] = [path, str(path), content, bytearray(content), memoryview(content)]
    sources += [io.BytesIO(content), Image.fromarray(wanted), wanted]
    for source in sources:
        np.testing.assert_array_equal(open_picture(source), wanted)
    opaque = open_picture(wanted[..., :3])
    np.testing.assert_array_equal(opaque[..., :3], wanted[..., :3])
    assert open_picture(wanted[..., 0])[3, 5].tolist() == [wanted[3, 5, 0]] * 3 + [255]
    np.testing.assert_array_equal(open_picture(wanted / 255.0), wanted)
    np.testing.assert_array_equal(open_picture(wanted.astype(np.uint16) * 257), wanted)
    assert open_picture(np.array([[True, False]]))[0, :, 0].tolist() == [255, 0]


def test_sixteen_bits_are_rounded_to_the_nearest_level() -> None:
    levels = np.array([[0, 127, 128, 129, 257, 385, 386, 32768, 65407, 65535]], np.uint16)
    wanted = np.rint(levels / 257)
    for content in (
        png(10, 1, 16, 0, b"\0" + levels.astype(">u2").tobytes()),
        encoded(Image.fromarray(levels), "TIFF"),
        b"P5 10 1 65535\n" + levels.astype(">u2").tobytes(),
    ):
        np.testing.assert_array_equal(open_picture(content)[..., 1], wanted)
    # Pillow itself reduces 16-bit RGB, so only levels that are exact in 8 bits are asked for.
    colours = scene(4, 5, 3)
    rows = b"".join(b"\0" + row.tobytes() for row in (colours.astype(np.uint16) * 257).astype(">u2"))
    np.testing.assert_array_equal(open_picture(png(5, 4, 16, 2, rows))[..., :3], colours)


def test_sixteen_bit_grey_with_a_transparent_level() -> None:
    content = png(3, 1, 16, 0, b"\0" + struct.pack(">3H", 1000, 1001, 60000), chunk(b"tRNS", struct.pack(">H", 1000)))
    assert open_picture(content)[0, :, 3].tolist() == [0, 255, 255]


def test_palette_grey_bilevel_and_their_alpha() -> None:
    palette = Image.new("P", (3, 1))
    palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    palette.putdata([0, 1, 2])
    found = open_picture(encoded(palette, "PNG", transparency=bytes([255, 0, 128])))
    assert found[0].tolist() == [[255, 0, 0, 255], [0, 255, 0, 0], [0, 0, 255, 128]]
    assert open_picture(encoded(palette, "GIF", transparency=1))[0, :, 3].tolist() == [255, 0, 255]
    assert open_picture(encoded(Image.new("LA", (2, 2), (90, 40)), "PNG"))[0, 0].tolist() == [90, 90, 90, 40]
    assert open_picture(encoded(Image.new("L", (2, 2), 90), "JPEG"))[0, 0].tolist() == [90, 90, 90, 255]
    assert open_picture(encoded(Image.new("1", (2, 2), 1), "PNG"))[0, 0].tolist() == [255] * 4
    keyed = Image.fromarray(np.array([[[1, 2, 3], [1, 2, 4]]], np.uint8))
    assert open_picture(encoded(keyed, "PNG", transparency=(1, 2, 3)))[0, :, 3].tolist() == [0, 255]


def test_cmyk() -> None:
    cyan = encoded(Image.new("CMYK", (8, 8), (255, 0, 0, 0)), "JPEG", quality=95)
    red, green, blue, alpha = open_picture(cyan)[4, 4].tolist()
    assert red < 20
    assert green > 235
    assert blue > 235
    assert alpha == 255


def profile_with(primaries: dict[str, tuple[float, float, float]]) -> bytes:
    """sRGB's profile with other primaries (XYZ for D50): how Display P3 differs from sRGB."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for index in range(struct.unpack_from(">I", content, 128)[0]):
        tag, offset, _ = struct.unpack_from(">4sII", content, 132 + 12 * index)
        if tag.decode() in primaries:
            struct.pack_into(">3i", content, offset + 8, *(round(v * 65536) for v in primaries[tag.decode()]))
    return bytes(content)


DISPLAY_P3 = {
    "rXYZ": (0.51512, 0.24120, -0.00105),
    "gXYZ": (0.29198, 0.69225, 0.04189),
    "bXYZ": (0.15710, 0.06657, 0.78407),
}


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_display_p3_becomes_srgb(kind: str) -> None:
    options: dict[str, Any] = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    picture = Image.new("RGB", (16, 16), (200, 100, 50))
    content = encoded(picture, kind, icc_profile=profile_with(DISPLAY_P3), **options)
    # Reference: linear Display P3 -> XYZ -> linear sRGB by the published matrices.
    linear = [((v / 255 + 0.055) / 1.055) ** 2.4 for v in (200, 100, 50)]
    matrix = [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
    wanted = [255 * (1.055 * (np.dot(row, linear)) ** (1 / 2.4) - 0.055) for row in matrix]
    np.testing.assert_allclose(open_picture(content)[8, 8, :3], wanted, atol=2.5)


def test_profile_keeps_alpha_and_srgb_stays_exact() -> None:
    wanted = scene()
    content = encoded(Image.fromarray(wanted), "PNG", icc_profile=profile_with(DISPLAY_P3))
    found = open_picture(content)
    np.testing.assert_array_equal(found[..., 3], wanted[..., 3])
    assert (found[..., :3] != wanted[..., :3]).any()
    same = encoded(Image.fromarray(wanted), "PNG", icc_profile=profile_with({}))
    np.testing.assert_array_equal(open_picture(same), wanted)


def test_broken_or_foreign_profile_is_passed_over() -> None:
    wanted = scene()
    grey = Image.fromarray(wanted[..., 0])
    np.testing.assert_array_equal(open_picture(encoded(Image.fromarray(wanted), "PNG", icc_profile=b"rubbish")), wanted)
    foreign = open_picture(encoded(grey, "PNG", icc_profile=profile_with({})))
    np.testing.assert_array_equal(foreign[..., 2], wanted[..., 0])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_orientation(kind: str, turn: int) -> None:
    upright = scene(16, 24, 3)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif, **options)
    found = open_picture(content)
    assert found.shape == (16, 24, 4)
    assert np.abs(found[..., :3].astype(int) - upright).mean() < (12 if kind == "JPEG" else 0.01)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), c) for c in ("red", "lime", "blue")]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    assert np.abs(open_picture(content)[0, 0].astype(int) - [255, 0, 0, 255]).max() <= 3


# What is refused ------------------------------------------------------------------------------------------------------


def test_bombs_are_refused_before_decoding(tmp_path: Path) -> None:
    rows = zlib.compress(b"\0" * 20_001 * 200)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 20000, 8, 0, 0, 0, 0))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message = refusal(path)
        assert "bomb.png" in message
        assert "20000 x 20000" in message
        assert "100 megapixels" in message
        for content in (
            b"P5 20000 20000 255\n" + b"\0" * 100,
            b"GIF89a" + struct.pack("<HHBBB", 20000, 20000, 0, 0, 0) + b"," + struct.pack("<HHHHB", 0, 0, 20000, 20000, 0),
            encoded(Image.new("RGB", (9, 9)), "BMP").replace(struct.pack("<ii", 9, 9), struct.pack("<ii", 20000, 20000)),
        ):
            refusal(content)
    assert "megapixels" in refusal(np.broadcast_to(np.uint8(0), (20000, 20000)))


def test_text_bombs() -> None:
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 50_000_000))
    assert "too large" in refusal(png(1, 1, 8, 0, b"\0\0", bomb))
    assert "damaged" in refusal(png(1, 1, 8, 0, b"\0\0", *[chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 10**6))] * 70))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF"])
def test_cut_short_is_refused(kind: str, tmp_path: Path) -> None:
    if kind == "AVIF" and not AvifImagePlugin.SUPPORTED:
        pytest.skip("this Pillow has no AVIF")
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    content = encoded(Image.fromarray(noise), kind)
    for part in (0.05, 0.5, 0.8):
        path = tmp_path / "part.bin"
        path.write_bytes(content[: int(len(content) * part)])
        assert "part.bin" in refusal(path)


def test_damage_never_escapes_as_another_exception() -> None:
    random = np.random.default_rng(1)
    seeds = [encoded(Image.fromarray(scene(12, 12, 3)), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")]
    messages: list[str] = []
    for content in seeds:
        for _ in range(60):
            damaged = np.frombuffer(content, np.uint8).copy()
            where = random.integers(4, len(damaged), 6)
            damaged[where] = random.integers(0, 256, 6)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    assert open_picture(damaged.tobytes()).shape[2] == 4
                except CreativityError as error:
                    messages.append(str(error))
    assert messages
    assert not any("\n" in message for message in messages)


@pytest.mark.parametrize("kind", ["GIF", "TIFF"])
def test_an_animation_whose_first_frame_alone_is_whole_is_that_frame(kind: str) -> None:
    """What comes after it is looked at only where it is asked for, and refused in words there."""
    first, *rest = (Image.fromarray(np.roll(scene(), 5 * i, axis=1)[..., :3]) for i in range(3))
    content = encoded(first, kind, save_all=True, append_images=rest)
    refused = 0
    for length in range(len(content) - 1, len(content) // 4, -3):
        cut = content[:length]
        try:
            open_picture(cut)
        except CreativityError:
            continue
        assert isinstance(images.is_animated(cut), bool)
        try:
            images.durations(cut)
        except CreativityError as error:
            refused += 1
            assert "damaged" in str(error)  # noqa: PT017
    assert refused > 10


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 50, "pillow-heif"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + b"\0" * 50, "film"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG drawing"),
        (b"\x1f\x8b\x08\0\0\0", "gzip"),
        (b"%PDF-1.7\n", "PDF"),
        (b"8BPS\0\1", "Photoshop"),
        (b"hello, world", "not PNG, JPEG"),
        (b"", "empty"),
        (encoded(Image.new("RGB", (4, 4)), "TGA"), "not PNG, JPEG"),
        (encoded(Image.new("RGB", (4, 4)), "ICO"), "not PNG, JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not PNG, JPEG"),
    ],
)
def test_other_formats_are_refused_in_words(content: bytes, words: str) -> None:
    assert words in refusal(content)


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "Photo.jpg").write_bytes(encoded(Image.new("RGB", (4, 4)), "JPEG"))
    (tmp_path / "empty.png").write_bytes(b"")
    message = refusal(tmp_path / "foto.jpg")
    assert "does not exist" in message
    assert "did you mean" in message
    assert "Photo.jpg" in message
    assert "there is no folder" in refusal(tmp_path / "nowhere" / "a.png")
    assert "does not exist" in refusal(tmp_path / "Photo.jpg" / "a.png")
    assert "is a folder" in refusal(tmp_path)
    assert "empty (0 bytes)" in refusal(tmp_path / "empty.png")
    assert "cannot open" in refusal("a\0b.png")
    assert "cannot open" in refusal("x" * 5000)
    assert "\n" not in refusal("two\nlines.png")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        assert "pipe" in refusal(tmp_path / "pipe.png")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Patched, since tests may run as root, whom nothing is denied.
    def denied(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "secret.png"
    path.write_bytes(b"x")
    monkeypatch.setattr(os, "open", denied)
    message = refusal(path)
    assert "permission" in message
    assert "secret.png" in message


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((4,), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.int64),
        np.full((4, 4), 1.5),
        np.full((4, 4), np.nan),
        np.full((4, 4), -0.1),
    ],
)
def test_arrays_that_are_no_pictures(array: Array) -> None:
    refusal(array)


def test_sources_that_are_no_pictures() -> None:
    assert "int" in refusal(3)
    assert "'rb'" in refusal(io.StringIO("text"))
    assert "range" in refusal(Image.fromarray(np.array([[70000]], np.int32)))


def test_pillow_is_left_as_it_was() -> None:
    def state() -> tuple[Any, ...]:
        return (
            Image.MAX_IMAGE_PIXELS,
            ImageFile.LOAD_TRUNCATED_IMAGES,
            PngImagePlugin.MAX_TEXT_CHUNK,
            PngImagePlugin.MAX_TEXT_MEMORY,
            len(warnings.filters),
        )

    before = state()
    open_picture(encoded(Image.fromarray(scene()), "PNG", icc_profile=profile_with(DISPLAY_P3)))
    refusal(b"rubbish")
    assert state() == before
    given = Image.fromarray(scene())
    given.info["icc_profile"] = profile_with(DISPLAY_P3)
    content = given.tobytes()
    open_picture(given)
    assert given.tobytes() == content
    assert given.mode == "RGBA"


# The house's form -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("shape", [(24, 40), (300, 90), (1, 500)])
def test_canonical_is_idempotent_and_survives_a_png(channels: int, shape: tuple[int, int]) -> None:
    picture = open_picture(np.random.default_rng(2).integers(0, 256, (*shape, channels), np.uint8))
    once = canonical(picture, limit=128)
    assert max(once.shape) <= 128
    assert digest(canonical(once, limit=128)) == digest(once)
    assert digest(canonical(open_picture(encode_png(once)), limit=128)) == digest(once)
    assert digest(once) != digest(canonical(once[:, ::-1], limit=128))


def test_canonical_forgets_what_nobody_sees_and_keeps_its_input() -> None:
    a = np.zeros((2, 2, 4), np.uint8)
    b = a.copy()
    b[..., 0] = 77
    assert digest(canonical(a)) == digest(canonical(b))
    assert digest(a) != digest(b)
    assert b[0, 0, 0] == 77
    assert digest(np.zeros((1, 4, 4), np.uint8)) != digest(np.zeros((4, 1, 4), np.uint8))


def test_resizing_weighs_colours_by_alpha() -> None:
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[..., 1] = 255  # invisible green
    picture[:, :32] = [255, 0, 0, 255]
    small = resized(picture, 16)
    visible = small[..., 3] > 0
    assert small.shape == (16, 16, 4)
    assert visible.any()
    assert small[visible][:, 1].max() == 0
    assert small[visible][:, 0].min() == 255


def test_resized_keeps_aspect_and_enlarges_only_when_asked() -> None:
    picture = open_picture(scene(30, 60, 3))
    assert resized(picture, 20).shape == (10, 20, 4)
    assert resized(picture, 100) is picture
    assert resized(picture, 120, enlarge=True).shape == (60, 120, 4)
    assert resized(open_picture(scene(2, 900, 3)), 100).shape == (1, 100, 4)
    refusal(0, lambda side: resized(picture, side))
    refusal(10**6, lambda side: resized(picture, side, enlarge=True))


def test_premultiplied() -> None:
    planes = premultiplied(np.array([[[255, 128, 0, 51]]], np.uint8))
    assert planes.dtype == np.float32
    assert planes.shape == (4, 1, 1)
    assert planes.flags.c_contiguous
    np.testing.assert_allclose(planes.ravel(), [0.2, 128 / 255 * 0.2, 0, 0.2], rtol=1e-6)
    refusal(np.zeros((4, 4, 3), np.uint8), premultiplied)


def test_png_carries_its_texts(tmp_path: Path) -> None:
    texts = {"creativity": '{"prompt": "<ein roter Vogel> & \u9ce5 \U0001f426"}', "Title": "x" * 3_000_000, "Empty": ""}
    picture = scene()
    content = encode_png(picture, texts, dpi=300)
    assert content == encode_png(picture, texts, dpi=300)
    path = tmp_path / "out.png"
    path.write_bytes(content)
    assert read_png_text(path) == texts
    np.testing.assert_array_equal(open_picture(path), picture)
    with Image.open(path) as judge:
        assert judge.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        assert isinstance(judge, PngImagePlugin.PngImageFile)
        assert judge.text == texts
    assert b"tIME" not in content
    assert b"zTXt" not in content


def test_png_drops_alpha_where_all_is_opaque() -> None:
    opaque = open_picture(scene(channels=3))
    assert Image.open(io.BytesIO(encode_png(opaque))).mode == "RGB"
    assert Image.open(io.BytesIO(encode_png(scene()))).mode == "RGBA"
    np.testing.assert_array_equal(open_picture(encode_png(opaque)), opaque)


@pytest.mark.parametrize(
    ("texts", "dpi"),
    [
        ({"": "a"}, None),
        ({"k" * 80: "a"}, None),
        ({" k": "a"}, None),
        ({"k": "\ud800"}, None),
        ({"k": "\x00"}, None),
        ({"k": "x" * (images.MAX_TEXT + 1)}, None),
        ({}, 0.0),
        ({}, float("nan")),
    ],
)
def test_texts_that_png_cannot_hold(texts: dict[str, str], dpi: float | None) -> None:
    refusal(None, lambda _: encode_png(scene(), texts, dpi))


def test_reading_texts_is_bounded(tmp_path: Path) -> None:
    def read(content: bytes) -> str:
        path = tmp_path / "shared.png"
        path.write_bytes(content)
        message = refusal(path, read_png_text)
        assert "shared.png" in message
        return message

    bomb = zlib.compress(b"x" * (images.MAX_TEXT + 1))
    assert "32 MiB" in read(png(1, 1, 8, 0, b"\0\0", chunk(b"zTXt", b"a\0\0" + bomb)))
    assert "32 MiB" in read(png(1, 1, 8, 0, b"\0\0", chunk(b"iTXt", b"a\0\1\0\0\0" + bomb)))
    assert "32 MiB" in read(png(1, 1, 8, 0, b"\0\0", *[chunk(b"tEXt", b"a\0" + b"x" * 2_000_000)] * 20))
    assert "32 MiB" in read(png(1, 1, 8, 0, b"\0\0")[:-12] + struct.pack(">I", 2**31) + b"iTXt")
    assert "not a PNG" in read(encoded(Image.new("RGB", (4, 4)), "JPEG"))
    whole = encode_png(scene(), {"creativity": "a recipe"})
    assert "cut short" in read(whole[:-20])
    assert "checksum" in read(whole.replace(b"a recipe", b"a rEcipe"))
    assert "chunks" in read(png(1, 1, 8, 0, b"\0\0", *[chunk(b"tEXt", b"a\0")] * 100_000))
    (tmp_path / "plain.png").write_bytes(png(1, 1, 8, 0, b"\0\0", chunk(b"zTXt", b"a\0\0" + zlib.compress(b"b\xe9"))))
    assert read_png_text(tmp_path / "plain.png") == {"a": "b\u00e9"}
