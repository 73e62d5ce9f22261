"""Presets: what to ask of ``fit``, under one name. What is asked for besides goes first, and the recipe records it all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from creativity import registry
from creativity.errors import CreativityError, nearest
from creativity.palettes import PALETTES

DEFAULTS: dict[str, Any] = {"renderer": "triangles", "objective": "pixel", "optimizer": "relay", "size": 1024, "target_size": 256}
"""What holds where neither the user nor a preset says otherwise."""


class Preset(NamedTuple):
    """``settings`` are arguments of `creativity.fit`, or ``target_height``: the height of the pixels that are scored.

    `creativity.paint` takes the renderer's part of them, and all of ``painting``: arguments of its own, and options of ``clip``.
    """

    about: str
    best_for: tuple[str, ...]
    settings: dict[str, Any]
    painting: dict[str, Any] = {}  # noqa: RUF012 (read only)


FLAT = {"renderer.min_opacity": 1.0}
"""Nothing shows through: paper, print, tiles. Colours are those of the palette, and stay so where marks overlap."""

PAPER, INK = "#f4efe3", "#1b1b1d"

PRESETS = {
    "low-poly": Preset(
        "a faceted model, as games had them",
        ("portraits", "animals", "landscapes"),
        {"renderer": "triangles", "count": 150, "optimizer": "greedy", "options": FLAT},
    ),
    "poster": Preset(
        "a screen print in five flat colours, the picture's own",
        ("portraits", "landscapes", "still lifes"),
        {"renderer": "polygons", "count": 120, "palette": "5", "optimizer": "greedy", "options": {**FLAT, "renderer.corners": 4}},
    ),
    "comic": Preset(
        "flat areas that grow from large to small, an ink line around each",
        ("landscapes", "portraits", "still lifes"),
        {
            "renderer": "svg",
            "count": 90,
            "optimizer": "growth",
            "options": {**FLAT, "renderer.outline": 0.004, "renderer.outline_colour": INK},
        },
    ),
    "cut-paper": Preset(
        "gouache paper, cut out with scissors and glued, after Matisse",
        ("landscapes", "still lifes", "logos"),
        {
            "renderer": "shapes",
            "count": 60,
            "palette": "matisse",
            "optimizer": "greedy",
            "options": {**FLAT, "renderer.kinds": ("polygon", "ellipse", "circle"), "renderer.min_size": 0.012},
        },
    ),
    "bauhaus": Preset(
        "circles, bars and triangles in red, blue, yellow and black",
        ("portraits", "architecture", "logos"),
        {
            "renderer": "shapes",
            "count": 40,
            "palette": "bauhaus",
            "optimizer": "greedy",
            "options": {**FLAT, "renderer.kinds": ("circle", "rectangle", "rotated-rectangle", "triangle"), "renderer.min_size": 0.015},
        },
    ),
    "minimal": Preset(
        "a dozen flat shapes, no more",
        ("landscapes", "logos", "still lifes"),
        {
            "renderer": "shapes",
            "count": 12,
            "palette": "5",
            "optimizer": "greedy",
            "options": {**FLAT, "renderer.kinds": ("circle", "ellipse", "rectangle", "triangle"), "renderer.min_size": 0.02},
        },
    ),
    "woodblock": Preset(
        "Prussian blue, ochre and vermilion, after Hokusai",
        ("landscapes", "seas and skies", "portraits"),
        {"renderer": "polygons", "count": 150, "palette": "ukiyo-e", "optimizer": "greedy", "options": {**FLAT, "renderer.corners": 4}},
    ),
    "linocut": Preset(
        "black on paper, and nothing between them",
        ("portraits", "trees", "line drawings"),
        {
            "renderer": "polygons",
            "count": 150,
            "palette": f"{INK},{PAPER}",
            "optimizer": "greedy",
            "options": {**FLAT, "renderer.corners": 4},
        },
    ),
    "risograph": Preset(
        "pink and blue ink, their overprint, paper",
        ("portraits", "architecture", "logos"),
        {
            "renderer": "polygons",
            "count": 120,
            "palette": "riso-pink-blue",
            "optimizer": "greedy",
            "options": {**FLAT, "renderer.corners": 4},
        },
    ),
    "stained-glass": Preset(
        "panes of deep colour in dark lead",
        ("portraits", "flowers", "night scenes"),
        {
            "renderer": "regular-polygons",
            "count": 300,
            "palette": "stained-glass",
            "optimizer": "greedy",
            "options": {
                "renderer.min_opacity": 0.9,
                "renderer.corners": 5,
                "renderer.min_size": 0.014,
                "renderer.max_size": 0.042,
                "renderer.background": "#0f0f14",
                "optimizer.sweeps": 8,
            },
        },
    ),
    "mosaic": Preset(
        "small tiles in dark grout",
        ("portraits", "animals", "flowers"),
        {
            "renderer": "rotated-rectangles",
            "count": 700,
            "optimizer": "greedy",
            "options": {
                **FLAT,
                "renderer.min_size": 0.011,
                "renderer.max_size": 0.016,
                "renderer.background": "#26221f",
                "optimizer.sweeps": 8,
            },
        },
    ),
    "pointillist": Preset(
        "dots of a dozen colours side by side, after Seurat",
        ("landscapes", "portraits", "flowers"),
        {
            "renderer": "circles",
            "count": 1500,
            "palette": "12",
            "optimizer": "greedy",
            "options": {
                **FLAT,
                "renderer.min_size": 0.006,
                "renderer.max_size": 0.014,
                "renderer.background": "#f6f1e4",
                "optimizer.sweeps": 4,
            },
        },
    ),
    "oil": Preset(
        "short strokes of a flat brush",
        ("landscapes", "portraits", "night scenes"),
        {
            "renderer": "lines",
            "count": 600,
            "optimizer": "greedy",
            "options": {"renderer.min_opacity": 0.8, "renderer.max_size": 0.06, "renderer.line_width": 0.026, "optimizer.sweeps": 6},
        },
    ),
    "brush": Preset(
        "curved strokes of a bristle brush on a ground of sienna, which shows between its streaks",
        ("portraits", "landscapes", "animals"),
        {
            "renderer": "strokes",
            "count": 300,
            "optimizer": "greedy",
            "options": {
                "renderer.brush": "oil",
                "renderer.min_opacity": 0.95,
                "renderer.min_width": 0.016,
                "renderer.max_width": 0.08,
                "renderer.max_length": 0.35,
                "renderer.background": "#9c5a38",
                "optimizer.sweeps": 4,
            },
        },
    ),
    "ink": Preset(
        "washes and dark lines of a soft brush with ink, on paper",
        ("landscapes", "portraits", "trees"),
        {
            "renderer": "strokes",
            "count": 300,
            "palette": INK,
            "optimizer": "greedy",
            "options": {
                "renderer.brush": "ink",
                "renderer.min_opacity": 0.1,
                "renderer.max_opacity": 0.9,
                "renderer.min_width": 0.003,
                "renderer.max_width": 0.07,
                "renderer.max_length": 0.5,
                "renderer.background": PAPER,
                "optimizer.sweeps": 5,
            },
        },
    ),
    "airbrush": Preset(
        "stencils with clean edges, in each a colour that is sprayed from its middle into another",
        ("portraits", "landscapes", "logos"),
        {
            "renderer": "svg",
            "count": 80,
            "optimizer": "relay",
            "options": {**FLAT, "renderer.fill": "radial", "optimizer.stages": ("greedy:72", "adam:600")},
        },
    ),
    "watercolour": Preset(
        "large faint washes, one over another, on white paper",
        ("landscapes", "flowers", "seas and skies"),
        {
            "renderer": "ellipses",
            "count": 150,
            "optimizer": "greedy",
            "options": {"renderer.max_opacity": 0.25, "renderer.min_size": 0.04, "renderer.background": "#fdfbf5"},
        },
    ),
    "bubbles": Preset(
        "translucent circles, large and small",
        ("portraits", "animals", "flowers"),
        {
            "renderer": "circles",
            "count": 250,
            "optimizer": "greedy",
            "options": {"renderer.min_opacity": 0.3, "renderer.max_opacity": 0.8, "renderer.min_size": 0.01, "renderer.max_size": 0.12},
        },
    ),
    # Fine marks on paper, or light on black, are scored where one is a part of a pixel: so many of them make a tone.
    "neon": Preset(
        "glowing tubes on a black wall",
        ("night scenes", "portraits", "logos"),
        {
            "renderer": "lines",
            "count": 900,
            "palette": ",".join(PALETTES["neon"].colours[1:]),
            "optimizer": "greedy",
            "target_size": 160,
            "options": {
                **FLAT,
                "renderer.line_width": 0.005,
                "renderer.max_size": 0.06,
                "renderer.background": PALETTES["neon"].colours[0],
                "optimizer.sweeps": 4,
            },
        },
    ),
    "pen": Preset(
        "hatching with a fine pen on paper",
        ("architecture", "trees", "line drawings"),
        {
            "renderer": "lines",
            "count": 3000,
            "palette": INK,
            "optimizer": "greedy",
            "options": {
                **FLAT,
                "renderer.line_width": 0.0022,
                "renderer.max_size": 0.05,
                "renderer.background": PAPER,
                "optimizer.sweeps": 2,
            },
        },
    ),
    "plotter": Preset(
        "flowing lines of one pen, each of them one path for a plotter",
        ("portraits", "landscapes", "trees"),
        {
            "renderer": "strokes",
            "count": 1200,
            "palette": INK,
            "optimizer": "greedy",
            "target_size": 192,
            "options": {
                **FLAT,
                "renderer.segments": 2,
                "renderer.line_width": 0.0025,
                "renderer.max_length": 0.3,
                "renderer.background": PAPER,
                "optimizer.sweeps": 2,
            },
        },
    ),
    "pencil": Preset(
        "soft strokes of graphite, light and dark",
        ("portraits", "architecture", "landscapes"),
        {
            "renderer": "lines",
            "count": 1500,
            "palette": "#2a2a2e",
            "optimizer": "greedy",
            "target_size": 192,
            "options": {
                "renderer.min_opacity": 0.08,
                "renderer.max_opacity": 0.6,
                "renderer.line_width": 0.004,
                "renderer.max_size": 0.06,
                "renderer.background": "#f6f3ea",
                "optimizer.sweeps": 3,
            },
        },
    ),
    "stipple": Preset(
        "dots of black ink, close together for the dark",
        ("portraits", "animals", "logos"),
        {
            "renderer": "circles",
            "count": 3000,
            "palette": INK,
            "optimizer": "greedy",
            "target_size": 128,
            "options": {
                **FLAT,
                "renderer.min_size": 0.0016,
                "renderer.max_size": 0.008,
                "renderer.background": PAPER,
                "optimizer.sweeps": 2,
            },
        },
    ),
    "8-bit": Preset(
        "blocks in the four greens of a hand-held console",
        ("portraits", "logos", "animals"),
        {
            "renderer": "rectangles",
            "count": 250,
            "palette": "game-boy",
            "optimizer": "greedy",
            "options": {**FLAT, "renderer.min_size": 0.008},
        },
    ),
    # es-clip's es_bitmap.py and what it takes from pgpelib 0.1: PGPE on centred ranks of mirrored pairs, each sigma moved by
    # 0.1 of its gradient and 20 % at most, ClipUp with momentum 0.9. evosax's PGPE does the same, where it is not told here.
    # Two things are ours: a smaller picture is not enlarged, and what is kept is the best picture seen, not the last centre.
    "es-clip": Preset(
        "bitmap fitting as published by Tian & Ha (2021), to compare with: slow, and to the letter",
        ("comparisons",),
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
        # es_clip.py: one window a step, of 0.7 to 0.9 of the area and with sides of 3 : 4 to 4 : 3, on a white ground.
        {
            "encoder": "ViT-B-32/openai",
            "prior": None,
            "optimizer": "pgpe",
            "steps": 2000,
            "size": "800x800",
            "target_size": 200,
            "clip": {
                "cutouts": 1,
                "min_scale": 0.7**0.5,
                "max_scale": 0.9**0.5,
                "ratio": 4 / 3,
                "contrast": 0.0,
                "jitter": 0.0,
                "noise": 0.0,
            },
        },
    ),
}


def thumbnail(preset: str) -> Path:
    """What the preset makes of the Langlois Bridge: a small JPEG, 4 : 3."""
    return Path(__file__).parent / "data" / "looks" / f"{preset}.jpg"


def settings(preset: str | None) -> dict[str, Any]:
    """What a preset asks for; nothing where there is none. Raises CreativityError for an unknown one."""
    if preset is not None and preset not in PRESETS:
        raise CreativityError(f"no preset is called {preset!r}; {nearest(preset, PRESETS)}")
    return dict(PRESETS[preset].settings) if preset else {}


def painting(preset: str | None) -> dict[str, Any]:
    """What it asks of ``paint`` alone."""
    settings(preset)  # raises CreativityError for an unknown one
    return dict(PRESETS[preset].painting) if preset else {}


def resolve(preset: str | None, asked: dict[str, Any], options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What to do, and the parts' options: as asked (None is not asked), else as the preset says, else by default.

    A part that is asked for instead of the preset's does without the options that were meant for that one; but circles
    instead of polygons are shapes too, and as flat. Raises CreativityError for an unknown preset.
    """
    named = settings(preset)
    asked = {key: value for key, value in asked.items() if value is not None}
    replaced = {kind for kind in ("renderer", "objective", "optimizer") if asked.get(kind, named.get(kind)) != named.get(kind)}
    fixed: dict[str, Any] = {}
    if "renderer" in replaced and "renderer" in named:
        part, fixed = registry.renderers.resolve(asked["renderer"])
        replaced -= {"renderer"} if part == registry.renderers.resolve(named["renderer"])[0] else set()
    if "target_size" in asked:
        named.pop("target_height", None)
    own = {f"renderer.{option}" for option in fixed}
    kept = {key: value for key, value in named.pop("options", {}).items() if key.partition(".")[0] not in replaced and key not in own}
    return {**DEFAULTS, **named, **asked}, {**kept, **options}
