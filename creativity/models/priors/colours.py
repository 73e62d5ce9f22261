"""Colours by their everyday names, as sRGB in [0, 1], with the words that make them lighter or darker."""

from __future__ import annotations

from collections.abc import Sequence

RGB = tuple[float, float, float]


def _rgb(code: str) -> RGB:
    return int(code[:2], 16) / 255, int(code[2:4], 16) / 255, int(code[4:], 16) / 255


COLOURS: dict[str, RGB] = {
    name: _rgb(code)
    for code, names in {
        "e02020": "red",
        "f5861f": "orange",
        "ffd21f": "yellow",
        "2fa83c": "green",
        "20b8ae": "turquoise teal",
        "22c7e0": "cyan aqua",
        "2563eb": "blue",
        "7d3cc9": "purple violet",
        "f77fb5": "pink",
        "8a5430": "brown",
        "141416": "black",
        "8c8f94": "grey gray",
        "ffffff": "white",
        "c81e3a": "crimson scarlet ruby",
        "8c1c2c": "maroon burgundy",
        "e0359a": "magenta fuchsia",
        "1b2a6b": "navy indigo",
        "6fb7f0": "azure",
        "9ad11f": "lime",
        "7d8a2e": "olive",
        "1f9e6a": "emerald",
        "e3b52c": "gold golden",
        "c3c8cf": "silver",
        "ead9b5": "beige cream sand ivory",
        "ff8f70": "coral salmon peach",
        "c9a8ec": "lavender lilac mauve",
        "b8e6cf": "mint",
        "c96f3b": "bronze copper rust",
    }.items()
    for name in names.split()
}
_LIGHTER = {"light": 0.45, "pale": 0.55, "pastel": 0.55, "soft": 0.35}
_DARKER = {"dark": 0.45, "deep": 0.4}
SHADES = (*_LIGHTER, *_DARKER, "bright", "vivid", "sky")
"""Words before a colour that are part of it: "dark green"."""
RAINBOW = tuple(_rgb(code) for code in ("e6352b", "f58a24", "fbd83a", "45b054", "3078d8", "7a3fb8"))


def colour(words: Sequence[str]) -> RGB | None:
    """The colour of some words, ``["dark", "green"]``; None when none of them is one."""
    named = [COLOURS[word] for word in words if word in COLOURS]
    if not named:
        return None
    r, g, b = named[-1]
    for word in words:
        if share := _LIGHTER.get(word, 0.55 if word == "sky" else 0):
            r, g, b = (v + (1 - v) * share for v in (r, g, b))
        elif share := _DARKER.get(word, 0):
            r, g, b = (v * (1 - share) for v in (r, g, b))
    return r, g, b


def mixed(a: RGB, b: RGB, share: float) -> RGB:
    """``a`` with ``share`` of ``b`` in it."""
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share
