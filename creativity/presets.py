"""Presets: what to ask of ``fit``, under one name. What is asked for besides goes first, and the recipe records it all."""

from __future__ import annotations

from typing import Any, NamedTuple

from creativity.errors import CreativityError, nearest

DEFAULTS: dict[str, Any] = {"renderer": "triangles", "objective": "pixel", "optimizer": "relay", "size": 1024, "target_size": 256}
"""What holds where neither the user nor a preset says otherwise."""


class Preset(NamedTuple):
    """``settings`` are arguments of `creativity.fit`, or ``target_height``: the height of the pixels that are scored."""

    about: str
    settings: dict[str, Any]


PRESETS = {
    # es-clip's es_bitmap.py and what it takes from pgpelib 0.1: PGPE on centred ranks of mirrored pairs, each sigma moved by
    # 0.1 of its gradient and 20 % at most, ClipUp with momentum 0.9. evosax's PGPE does the same, where it is not told here.
    # Two things are ours: a smaller picture is not enlarged, and what is kept is the best picture seen, not the last centre.
    "es-clip": Preset(
        "bitmap fitting as published by Tian & Ha (2021), to compare with: slow, and to the letter",
        {
            "renderer": "es-clip",
            "count": 50,
            "objective": "pixel",
            "optimizer": "pgpe",
            "steps": 10_000,
            "target_height": 200,
            "options": {
                "renderer.alpha_scale": 0.5,
                "optimizer.population": 256,
                "optimizer.sigma": 0.1,
                "optimizer.updates": "clipup",
                "optimizer.rate": 0.15,  # and the greatest speed
                "optimizer.schedule": "constant",
                "optimizer.coarse": 1.0,
            },
        },
    ),
}


def settings(preset: str | None) -> dict[str, Any]:
    """What a preset asks for; nothing where there is none. Raises CreativityError for an unknown one."""
    if preset is not None and preset not in PRESETS:
        raise CreativityError(f"no preset is called {preset!r}; {nearest(preset, PRESETS)}")
    return dict(PRESETS[preset].settings) if preset else {}


def resolve(preset: str | None, asked: dict[str, Any], options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What to do, and the parts' options: as asked (None is not asked), else as the preset says, else by default.

    A part that is asked for instead of the preset's does without the options that were meant for that one.
    Raises CreativityError for an unknown preset.
    """
    named = settings(preset)
    asked = {key: value for key, value in asked.items() if value is not None}
    replaced = {kind for kind in ("renderer", "objective", "optimizer") if asked.get(kind, named.get(kind)) != named.get(kind)}
    if "target_size" in asked:
        named.pop("target_height", None)
    kept = {key: value for key, value in named.pop("options", {}).items() if key.partition(".")[0] not in replaced}
    return {**DEFAULTS, **named, **asked}, {**kept, **options}
