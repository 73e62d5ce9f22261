"""Films: what is encoded is read back by other programs, small, in time, with its text; and what is filmed is so."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from creativity import films
from creativity.errors import CreativityError
from tests.oracles import psnr

Array = np.ndarray[Any, Any]
TEXT = '{"a": "<&> ü"}'
HERE = tuple(kind for kind in films.KINDS if kind != ".mp4" or importlib.util.find_spec("av"))


def moving(count: int, size: tuple[int, int] = (45, 61)) -> list[Array]:
    """A translucent disc that crosses a coloured ramp, uint8 (H, W, 4): more colours than a palette has."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]] / max(size)
    frames = []
    for i in range(count):
        inside = ((rows - 0.3) ** 2 + (columns - i / count) ** 2 < 0.04)[..., None]
        ramp = np.stack([columns, rows, 0.5 + 0 * rows], axis=-1)
        colours = np.where(inside, 0.4 * ramp + 0.6 * np.array([1.0, 0.3, 0.1]), ramp)
        frames.append(np.concatenate([np.rint(255 * colours), np.full((*size, 1), 255)], axis=-1).astype(np.uint8))
    return frames


def shown(content: bytes, suffix: str) -> tuple[list[Array], list[float]]:
    """Every frame (H, W, 4) and for how many milliseconds, as a program that is not ours shows them."""
    if suffix == ".mp4":
        import av

        with av.open(io.BytesIO(content)) as container:
            decoded = list(container.decode(video=0))
            frames = [np.dstack([frame.to_ndarray(format="rgb24"), np.full((frame.height, frame.width), 255)]) for frame in decoded]
            starts = [1000 * float(frame.pts * frame.time_base) for frame in decoded]
        return frames[:-1], np.diff(starts).tolist()  # (the last is said twice, so that it lasts)
    frames, times = [], []
    with Image.open(io.BytesIO(content)) as picture:
        for i in range(getattr(picture, "n_frames", 1)):
            picture.seek(i)
            frames.append(np.asarray(picture.convert("RGBA")))
            times.append(float(picture.info.get("duration", 0)))
    return frames, times


@pytest.mark.parametrize("suffix", HERE)
def test_a_film_is_shown_as_it_was_made(suffix: str) -> None:
    frames = moving(7)
    times = [40, 40, 100, 40, 40, 40, 1500]
    content = films.encode(frames, times, suffix, TEXT)
    assert content == films.encode(frames, times, suffix, TEXT)
    seen, lasted = shown(content, suffix)
    assert len(seen) == 7
    assert lasted == pytest.approx(times, abs=2)
    for frame, picture in zip(frames, seen, strict=True):
        height, width = frame.shape[:2]
        assert picture.shape[:2] == ((height + 1, width + 1) if suffix == ".mp4" else (height, width))
        assert psnr(picture[:height, :width] / 255, frame / 255) > (200 if suffix == ".apng" else 30)
    if suffix != ".mp4":
        assert Image.open(io.BytesIO(content)).info["loop"] == 0
    Path("film").write_bytes(content)
    assert films.read_text("film") == TEXT


@pytest.mark.parametrize("suffix", HERE)
@pytest.mark.parametrize("size", [(1, 1), (33, 32), (7, 301)])
def test_films_of_any_size_and_of_one_frame(suffix: str, size: tuple[int, int]) -> None:
    for count in (1, 3):
        content = films.encode(moving(count, size), 50, suffix)
        seen, _ = shown(content, suffix)
        assert len(seen) <= count
        assert psnr(seen[-1][: size[0], : size[1]] / 255, moving(count, size)[-1] / 255) > 22
        Path("film").write_bytes(content)
        assert films.read_text("film") is None


@pytest.mark.parametrize("suffix", HERE)
def test_frames_that_repeat_prolong_the_one_before(suffix: str) -> None:
    first, second, third = moving(3)
    seen, lasted = shown(films.encode([first, first, second, second, second, third], 100, suffix), suffix)
    assert len(seen) == 3
    assert lasted == pytest.approx([200, 300, 100], abs=2)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_what_is_clear_stays_clear_when_something_moves_away(suffix: str) -> None:
    frames = []
    for at in (0, 10, 20):
        frame = np.zeros((24, 32, 4), np.uint8)
        frame[4:12, at : at + 8] = (200, 40, 30, 255)
        frame[4:8, at : at + 4] = 0
        frames.append(frame)
    seen, _ = shown(films.encode(frames, 100, suffix), suffix)
    for frame, picture in zip(frames, seen, strict=True):
        assert ((picture[..., 3] > 127) == (frame[..., 3] > 127)).all()


def test_a_gif_of_few_colours_loses_nothing_and_says_only_what_changes() -> None:
    frames = [np.dstack([np.full((200, 200, 3), 30, np.uint8), np.full((200, 200), 255, np.uint8)]) for _ in range(20)]
    for i, frame in enumerate(frames):
        frame[5 * i : 5 * i + 20, 50:70, :3] = (10 * i, 200, 100)
    content = films.encode(frames, 50, ".gif")
    seen, _ = shown(content, ".gif")
    for frame, picture in zip(frames, seen, strict=True):
        assert np.abs(picture.astype(int) - frame).max() <= 7
    assert len(content) < 40_000


def test_durations_that_a_gif_cannot_hold_add_up() -> None:
    _, lasted = shown(films.encode(moving(30), 33, ".gif"), ".gif")
    assert abs(sum(lasted) - 990) <= 10


def test_what_cannot_be_a_film_is_refused_in_words() -> None:
    for frames, times, suffix, words in [
        (moving(2), 40, ".avi", r"one of: .apng, .gif, .mp4, .webp"),
        ([], 40, ".gif", "0 frames"),
        (moving(2), [40], ".gif", "as many durations"),
        (moving(2), 0, ".gif", "a millisecond or more"),
        ([*moving(1), *moving(1, (9, 9))], 40, ".gif", "one size"),
        ([np.broadcast_to(np.uint8(0), (10_000, 10_000, 4))] * 3, 40, ".gif", "at most 2"),
    ]:
        with pytest.raises(CreativityError, match=words):
            films.encode(frames, times, suffix)  # type: ignore[arg-type]


def test_an_mp4_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(CreativityError, match=r'pip install "creativity-toolkit\[video\]"'):
        films.check(".mp4")


@pytest.mark.parametrize("suffix", HERE)
def test_films_that_were_harmed_are_read_or_refused_in_words(suffix: str) -> None:
    content = films.encode(moving(2), 40, suffix, TEXT)
    rng = np.random.default_rng(0)
    for i in range(150):
        harmed = bytearray(content[: rng.integers(len(content))] if i % 3 == 0 else content)
        for _ in range(3):
            if harmed:
                harmed[rng.integers(len(harmed)) if i % 3 == 1 else rng.integers(min(200, len(harmed)))] = rng.integers(256)
        Path("film").write_bytes(bytes(harmed) or b"x")
        try:
            films.read_text("film")
        except CreativityError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_texts_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "MAX_TEXT", 1000)
    Path("a.gif").write_bytes(b"GIF89a\1\0\1\0\0\0\0\x21\xfe" + (b"\xff" + b"{" * 255) * 100)
    Path("b.webp").write_bytes(b"RIFF\xff\xff\xff\xffWEBPXMP \xff\xff\xff\x7f" + b"x" * 1000)
    Path("c.mp4").write_bytes(b"\0\0\0\x0cftypisom" + (200_000).to_bytes(4, "big") + b"uuid" + films.BOX + b"{" * 199_976)
    for name in ("a.gif", "b.webp", "c.mp4"):
        with pytest.raises(CreativityError, match="MiB of text"):
            films.read_text(name)


@pytest.mark.parametrize("length", [8, 12, 23])
def test_a_box_that_is_shorter_than_its_own_name_is_none_of_ours(length: int) -> None:
    Path("a.mp4").write_bytes(b"\0\0\0\x0cftypisom" + length.to_bytes(4, "big") + b"uuid" + films.BOX + b"{" * 100)
    try:
        assert films.read_text("a.mp4") is None
    except CreativityError as error:
        assert "damaged" in str(error)  # noqa: PT017
