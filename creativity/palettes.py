"""Palettes: a few colours by name, by number out of a picture, or spelt out. Renderers know only the colours themselves.

Colours are told apart in OKLab, where equal distances look about equally large (Ottosson 2020).
"""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from creativity import images
from creativity.errors import CreativityError, nearest
from creativity.options import whole

Floats = npt.NDArray[np.float64]

MOST = 64
"""Colours that are taken out of a picture, at most."""

USUAL = 6
"""And where nobody says how many."""


class Palette(NamedTuple):
    """``colours`` as #rrggbb."""

    about: str
    colours: tuple[str, ...]


def _palette(about: str, colours: str) -> Palette:
    return Palette(about, tuple(f"#{colour}" for colour in colours.split()))


PALETTES = {
    "ink-on-paper": _palette("black ink and two washes on cream paper", "1b1b1d 5f5d5a a8a297 f4efe3"),
    "black-and-white": _palette("two colours and nothing between them", "000000 ffffff"),
    "grey-5": _palette("five even steps of grey", "111111 464646 818181 bdbdbd f7f7f7"),
    "sepia": _palette("an old photograph", "2a1a10 5d3f27 96704a c9a97a f1e5ca"),
    "cyanotype": _palette("a blueprint: Prussian blue and paper", "0b1f3d 1e4f8a 5d92bd b2d0dd f5f2e6"),
    "bauhaus": _palette("red, blue, yellow, black on cream", "d5342b 1f4e9e f3b71b 1a1a1a f1e8d5"),
    "constructivist": _palette("a red flag, black type, grey stone, old paper", "c7241f 17130f 8d867a ece1c9"),
    "ukiyo-e": _palette("Hokusai's blues, ochre and vermilion on paper", "23282d 12355b 2f6190 86abba c8d8cf f0e4c6 d8a768 b8482e"),
    "monet": _palette("water lilies: lavender, sage, rose, pond", "2f4858 3d6b55 7d9f73 5b87a8 938fc2 b9abd0 e6bcb6 dde2bf f4efd9"),
    "van-gogh": _palette("a starry night: ultramarine, cobalt, chrome yellow", "0d1b3f 1f4c9a 4b88c6 9fcad9 f3d33f de9a1f 2f3b2b f6edc9"),
    "matisse": _palette("paper cut-outs", "1c4ea2 8cc4dd e8492c f7b51a 2b8c4b ea8fb0 16161a f8f2e3"),
    "klimt": _palette("gold, and what shines through it", "1d1914 5b3f20 b4842c e3bd50 f4e5b2 7c2c27 2f5f52 31527b"),
    "stained-glass": _palette("lead and deep glass", "0f0f14 8f1c2e d94a1d f0b52b 1f7b4d 1e50a8 5c2b87 8fd1e8 f8edc4"),
    "nordic": _palette("fjord, fog, a red house", "21303c 4a6375 8fa7b3 d7e1e3 f7f4ed be5a4c e1b25e"),
    "desert": _palette("canyon, sand, sage, dusk", "3c1f2c 8c3b2e c96a3b e4a660 f3d8a5 72918f 2e4a58"),
    "forest": _palette("pine, moss, bark, light between the trunks", "14231b 2e4b33 5d7d44 9caa5c dad19d 7b4b2c f2ecd5"),
    "sunset": _palette("from violet to peach", "231a43 5f3b77 b14b7a ef6f4e f8a85c fde5b4"),
    "neon": _palette("signs at night", "0b0b13 2a1a5e 7a2fff c4219b ff2f88 ff8f4a f8f56b 00a9cf 8dfff2"),
    "pastel": _palette("sugared almonds, and a mauve to draw with", "5f5874 f3b8c4 f9dcae bfe3c4 afd3ee cdbbe8 fffaf1"),
    "riso-pink-blue": _palette("two inks, their overprint, paper", "231f75 0078bf ff48b0 f7f3e7"),
    "riso-red-teal": _palette("two inks, their overprint, paper", "10373a 00838a ff665e f7f3e7"),
    "riso-orange-green": _palette("two inks, their overprint, paper", "12452c 00a95c ff6c2f f7f3e7"),
    "riso-three": _palette("yellow, pink and blue ink, overprinted, on paper", "ffe800 ff48b0 0078bf f4582f 00894e 231f75 f7f3e7"),
    "game-boy": _palette("the four greens of a hand-held of 1989", "0f380f 306230 8bac0f 9bbc0f"),
    "pico-8": _palette(
        "the sixteen of a fantasy console",
        "000000 1d2b53 7e2553 008751 ab5236 5f574f c2c3c7 fff1e8 ff004d ffa300 ffec27 00e436 29adff 83769c ff77a8 ffccaa",
    ),
    "okabe-ito": _palette("told apart by every kind of colour vision", "000000 e69f00 56b4e9 009e73 f0e442 0072b2 d55e00 cc79a7"),
}


def resolve(asked: Any, target: images.RGBA) -> tuple[str, ...]:
    """The colours, as #rrggbb, that a palette stands for.

    ``asked``: a name of `PALETTES`; ``"6"`` or 6, as many colours of the ``target`` itself; a picture, ``"photo.jpg"`` or
    ``"photo.jpg:6"``; colours, ``"#112233,#ffcc00"`` or a list of them; or ``"none"``.
    Raises CreativityError for anything else.
    """
    if isinstance(asked, os.PathLike):
        asked = os.fspath(asked)
    number = asked if isinstance(asked, int) else whole(asked.strip()) if isinstance(asked, str) else None
    if number is not None:
        return of_picture(target, number)
    if not isinstance(asked, str):
        if isinstance(asked, list | tuple) and all(isinstance(colour, str) for colour in asked):
            return tuple(colour(text) for text in asked)
        raise CreativityError(f"a palette is a name, a number, a picture's path or a list of colours, not {asked!r}")
    text = asked.strip()
    if text.lower() in ("", "none"):
        return ()
    if text.lower() in PALETTES:
        return PALETTES[text.lower()].colours
    if "," in text or text.startswith("#"):
        return tuple(colour(part) for part in text.split(",") if part.strip())
    path, _, count = text.rpartition(":")
    if not path or whole(count) is None or os.path.exists(text):
        path, count = text, str(USUAL)
    if os.path.exists(path) or re.search(r"[./\\]", path):
        return of_picture(images.open_picture(path), int(count))
    raise CreativityError(f"no palette is called {text!r}; {nearest(text, PALETTES)}")


def of_picture(picture: images.RGBA, count: int) -> tuple[str, ...]:
    """``count`` colours of a picture, dark to light: fewer where it has fewer.

    k-means in OKLab, from a farthest-first start. Areas count by their cube root, hues more than lightness, and what stands
    out from the mean more than what is near it: a small red roof is not lost among five browns. Nothing is random.
    Raises CreativityError where nothing is opaque.
    """
    if not 2 <= count <= MOST:
        raise CreativityError(f"a palette out of a picture has from 2 to {MOST} colours, not {count}")
    stride = max(1, max(picture.shape[:2]) // 256)  # pixels as they are: a mean of neighbours is a colour that nobody painted
    pixels = picture[::stride, ::stride].reshape(-1, 4)
    pixels = pixels[pixels[:, 3] >= 128, :3]
    if not len(pixels):
        raise CreativityError("no colours can be taken out of a picture that is transparent everywhere")
    colours, places = _gathered(oklab(pixels / 255.0))
    points = colours * HUES
    weights = np.cbrt(places) * (0.01 + np.sqrt(((points - places @ points) ** 2).sum(axis=1)))
    centres = _farthest(points, weights, count)
    for _ in range(30):
        own = ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        shares = np.bincount(own, weights, len(centres))
        sums = np.stack([np.bincount(own, weights * points[:, axis], len(centres)) for axis in range(3)], axis=1)
        moved = np.where(shares[:, None] > 0, sums / np.maximum(shares, 1e-12)[:, None], centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    ordered = centres[np.argsort(centres[:, 0], kind="stable")] / HUES
    levels = np.rint(255 * np.clip(srgb(ordered), 0, 1)).astype(int)
    return tuple(dict.fromkeys("#{:02x}{:02x}{:02x}".format(*colour) for colour in levels.tolist()))


HUES = np.array([1.0, 2.5, 2.5])
"""How much lightness, green-red and blue-yellow tell colours apart in a picture."""

_GRAIN = 0.03
"""Colours of a picture that are closer than this in OKLab are taken together, before anything is chosen."""

_SPECK = 5e-4
"""What takes up less of a picture is noise, or the edge of something."""


def _gathered(colours: Floats) -> tuple[Floats, Floats]:
    """Colours (N, 3) by cells of OKLab: the mean of each (M, 3) and its part of the whole (M,)."""
    _, cell, count = np.unique(np.floor(colours / _GRAIN).astype(np.int64), axis=0, return_inverse=True, return_counts=True)
    cell = cell.reshape(-1)
    means = np.stack([np.bincount(cell, colours[:, axis]) for axis in range(3)], axis=1) / count[:, None]
    places = count / len(colours)
    seen = places >= min(_SPECK, places.max())
    return means[seen], places[seen] / places[seen].sum()


def _farthest(points: Floats, weights: Floats, count: int) -> Floats:
    """The heaviest point, then again and again the one that is worst served: (count, 3), or as many as there are."""
    chosen = [int(weights.argmax())]
    distance = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < count and distance.max() > 0:
        chosen.append(int((weights * distance).argmax()))
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return points[chosen]


_TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]]
)
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]]
)


def oklab(colours: Floats) -> Floats:
    """sRGB in [0, 1] (..., 3) -> OKLab (..., 3)."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((np.maximum(colours, 0.04045) + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T)


def srgb(lab: Floats) -> Floats:
    """OKLab (..., 3) -> sRGB (..., 3), not clipped; the inverse of `oklab`."""
    linear = (lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055)


def colour(text: str) -> str:
    """A colour spelt out, ``#rgb`` or ``#rrggbb``, as the latter. Raises CreativityError."""
    match = re.fullmatch(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text.strip())
    if not match:
        raise CreativityError(f"{text.strip()!r} is not a colour; write a palette as a name, a picture or #112233,#ffcc00")
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    return f"#{digits.lower()}"
