"""Backgrounds drawn by rule: a place, a time of day, the weather, and what is in the sky. Every draw is another one of its kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from creativity.models.priors.canvas import Canvas, Floats, gradient, grid
from creativity.models.priors.colours import RAINBOW, RGB, mixed
from creativity.models.priors.places import NAMES, PLACES, Light, Random, Stage, cloud
from creativity.models.priors.shapes import crescent, pointed


@dataclass(frozen=True)
class Scene:
    """A drawn background, and where in it things belong. Heights are of the frame's side, from the top."""

    pixels: Floats
    """(side, side, 3) in [0, 1]."""
    feet: float = 0.88
    """Where a thing that stands has its feet."""
    sky: float = 0.32
    """Where the middle of a thing that flies is."""
    water: float | None = None
    """Where the keel of what swims is; None: there is no water."""


LIGHTS: dict[str, tuple[Light, ...]] = {
    "day": (
        Light(((0.27, 0.56, 0.92), (0.55, 0.78, 0.97), (0.83, 0.93, 0.99))),
        Light(((0.35, 0.66, 0.95), (0.66, 0.86, 0.98), (0.90, 0.96, 0.97))),
    ),
    "sunset": (
        Light(((0.20, 0.16, 0.42), (0.62, 0.26, 0.47), (0.96, 0.44, 0.27), (1.0, 0.78, 0.36)), (0.50, 0.32, 0.36), (0.06, 0.01, 0.05)),
        Light(((0.36, 0.20, 0.45), (0.88, 0.36, 0.36), (1.0, 0.58, 0.22), (1.0, 0.85, 0.45)), (0.52, 0.34, 0.33), (0.07, 0.01, 0.04)),
        Light(((0.16, 0.24, 0.50), (0.72, 0.36, 0.55), (1.0, 0.52, 0.40), (1.0, 0.75, 0.42)), (0.46, 0.32, 0.40), (0.05, 0.01, 0.06)),
    ),
    "sunrise": (
        Light(((0.45, 0.60, 0.88), (0.86, 0.72, 0.84), (1.0, 0.76, 0.60), (1.0, 0.92, 0.66)), (0.80, 0.68, 0.64), (0.08, 0.04, 0.04)),
    ),
    "night": (
        Light(((0.015, 0.03, 0.12), (0.04, 0.08, 0.24), (0.09, 0.16, 0.38)), (0.26, 0.33, 0.48), (0.01, 0.02, 0.07)),
        Light(((0.04, 0.02, 0.14), (0.08, 0.07, 0.28), (0.16, 0.15, 0.42)), (0.28, 0.31, 0.48), (0.02, 0.01, 0.08)),
    ),
    "grey": (Light(((0.40, 0.45, 0.52), (0.55, 0.60, 0.66), (0.70, 0.74, 0.78)), (0.62, 0.64, 0.68), (0.05, 0.06, 0.08)),),
    "pale": (Light(((0.62, 0.72, 0.84), (0.76, 0.83, 0.91), (0.90, 0.93, 0.97)), (0.85, 0.88, 0.94), (0.08, 0.08, 0.08)),),
}


TIMES = {
    "night": "night, midnight, nighttime, night time, darkness, dark, moonlight, starlight, night sky, starry sky, starry night",
    "sunset": "sunset, dusk, sundown, evening, twilight, golden hour, setting sun, nightfall",
    "sunrise": "sunrise, dawn, morning, daybreak, early morning, rising sun",
    "day": "day, daytime, noon, midday, daylight, afternoon, sunshine, sunny day, sunlight",
}
WEATHER = {
    "rain": "rain, rainy day, rainstorm, drizzle, shower, rainy, raining, downpour, rainy sky",
    "snow": "snow, snowfall, snowstorm, blizzard, snowy day, snowing, winter, falling snow, snowy, snowy night, snowflakes",
    "storm": "storm, thunderstorm, lightning, thunder, stormy sky, stormy, bad weather",
    "fog": "fog, mist, haze, foggy, misty, foggy day",
    "rainbow": "rainbow, rainbows",
    "full moon": "full moon, moon, moonlight, moonlit",
    "crescent moon": "crescent moon, half moon, new moon",
    "stars": "stars, starry sky, starry night, starlight, starry, night sky",
    "sun": "sun, sunny day, sunny, sunshine, sunlight",
    "clouds": "clouds, cloudy sky, cloudy, cloud",
    "aurora": "aurora, northern lights, aurora borealis, polar lights",
    "fireworks": "fireworks, firework",
}
HOURS = {name: hour for hour, names in TIMES.items() for name in names.split(", ")}
SIGNS: dict[str, tuple[str, ...]] = {}
for _sign, _names in WEATHER.items():
    for _name in _names.split(", "):
        SIGNS[_name] = (*SIGNS.get(_name, ()), _sign)


WORDS = frozenset(word for names in (NAMES, HOURS, SIGNS) for name in names for word in name.split())
"""All words that the names of places, hours and weathers are made of."""


def known(words: str) -> bool:
    """Whether some words name a place, a time of day, a weather, or something in the sky."""
    return words in NAMES or words in HOURS or words in SIGNS


def scene(names: Iterable[str], side: int, random: Random, colour: RGB | None = None, alone: bool = True) -> Scene:
    """A scene of all these (names that are `known`). ``alone``: nothing will stand in front of it, so the middle may be full.

    ``colour`` is the colour of the ground, or of a plain background where no place is named.
    """
    names = list(names)
    places = list(dict.fromkeys(NAMES[name] for name in names if name in NAMES))
    signs = set().union(*(SIGNS.get(name, ()) for name in names))
    hours = [HOURS[name] for name in names if name in HOURS]
    if signs & {"stars", "full moon", "crescent moon", "aurora", "fireworks"} and not hours:
        hours = ["night"]
    hour = hours[0] if hours else "day"
    # a word may be two things: snow is the ground as well as the weather, stars are in the night sky unless there is a place
    others = [name for name in places if name not in ("sky", "space", "ice")]
    if others:
        places = others
    elif "space" in places and "sky" in places:
        places = ["sky"]
    if "ice" in places and signs & {"rain"}:
        places.remove("ice")
    if not places:
        bare = not signs - {"rainbow", "full moon", "crescent moon", "stars", "aurora", "fireworks", "sun", "clouds"}
        places = ["sea" if hour in ("sunset", "sunrise") and random.random() < 0.6 else "sky" if bare and hour == "night" else "hills"]
    main = _main(places)
    light_of = hour
    if hour == "day" and signs & {"rain", "storm", "fog"}:
        light_of = "grey"
    elif hour == "day" and ("snow" in signs or main == "ice"):
        light_of = "pale"
    lights = LIGHTS[light_of]
    light = lights[int(random.integers(len(lights)))]
    stops = light.stops
    if main in ("space", "moon surface"):
        stops = ((0.02, 0.01, 0.07), (0.04, 0.03, 0.14), (0.02, 0.02, 0.09))
    elif main == "underwater":
        top = float(random.uniform(-0.05, 0.05))
        stops = ((0.2 + top, 0.66, 0.85), (0.06, 0.42, 0.7), (0.03, 0.22, 0.48))
        stops = tuple(light(stop) for stop in stops) if hour == "night" else stops
    horizon = float(random.uniform(0.5, 0.58)) if main not in ("sea", "island") else float(random.uniform(0.48, 0.56))
    fit = max(2, round(side * horizon)) if main not in ("sky", "space", "underwater", "moon surface") else side
    sky = gradient(fit, stops)
    background = np.concatenate([sky[:, :1].repeat(side, 1), np.broadcast_to(sky[-1, 0], (side - fit, side, 3))]) if fit < side else sky
    stage = Stage(Canvas(background.astype(np.float32)), light, random, colour, horizon, "snow" in signs, hour == "night", alone=alone)
    if main not in ("underwater", "room", "table", "cave", "stage", "space", "moon surface"):
        _heavens(stage, hour, signs, main, alone)
    PLACES[main](stage)
    _weather(stage, signs, main)
    return Scene(stage.canvas.pixels(), stage.feet, stage.sky, stage.water)


def _main(places: list[str]) -> str:
    """The place that stands for several: the most particular one."""
    order = [
        "volcano",
        "castle",
        "waterfall",
        "island",
        "lake",
        "beach",
        "table",
        "underwater",
        "city",
        "farm",
        "village",
        "field of flowers",
    ]
    return next((name for name in order if name in places), places[0])


def _heavens(s: Stage, hour: str, signs: set[str], main: str, alone: bool) -> None:
    c = s.canvas
    low = main in ("sea", "beach", "island", "desert", "hills", "sky", "lake", "road", "meadow", "ice", "field of flowers")
    if hour == "night" and not signs & {"rain", "storm", "fog", "snow"}:
        for _ in range(40 if "stars" in signs or main == "sky" else 26):
            bright = s.uniform(0.35, 1)
            c.ellipse(
                s.uniform(0, 1), s.uniform(0, 0.95 if main == "sky" else s.horizon), 0.003 + 0.008 * bright**2, None, (1, 1, 0.92), bright
            )
        if "stars" in signs:
            for _ in range(s.many(3, 6)):
                x, y, r = s.uniform(0.05, 0.95), s.uniform(0.05, 0.85 if main == "sky" else s.horizon - 0.08), s.uniform(0.022, 0.034)
                spikes = [(x + r * u, y + r * v) for u, v in pointed(4, 0.3)]
                c.polygon(spikes, (1, 0.97, 0.75))
    if "aurora" in signs:
        _aurora(s)
    if hour in ("sunset", "sunrise"):
        x = s.uniform(0.3, 0.7) if alone else s.uniform(0.14, 0.3) if s.random.random() < 0.5 else s.uniform(0.7, 0.86)
        y, r = (s.horizon - s.uniform(0.0, 0.07) if low else s.horizon - 0.2), s.uniform(0.1, 0.14)
        y = 0.72 if main == "sky" else y
        c.glow(x, y, 0.3, (1.0, 0.8, 0.4), 0.75)
        c.ellipse(x, y, r, None, (1.0, 0.93, 0.62) if hour == "sunrise" else (1.0, 0.88, 0.45))
        s.low_sun = (x, y)
        for _ in range(s.many(2, 4)):  # streaks of cloud
            u, v, long = s.uniform(0, 1), s.uniform(0.1, s.horizon - 0.14), s.uniform(0.12, 0.28)
            tone = mixed(s.light.stops[1], (1.0, 0.6, 0.5), 0.5)
            c.ellipse(u, v, long, 0.014, tone, 0.8)
            c.ellipse(u + long * 0.3, v + 0.018, long * 0.6, 0.01, tone, 0.8)
    elif (
        "full moon" in signs
        or "crescent moon" in signs
        or (hour == "night" and not signs & {"rain", "storm", "fog", "snow", "aurora", "fireworks", "stars"} and s.random.random() < 0.75)
    ):
        r = s.uniform(0.12, 0.16) if "full moon" in signs else s.uniform(0.09, 0.11)
        x, y = (
            (
                s.uniform(0.3, 0.7)
                if alone and "full moon" in signs
                else s.uniform(0.15, 0.28)
                if s.random.random() < 0.5
                else s.uniform(0.72, 0.85)
            ),
            s.uniform(0.18, 0.24),
        )
        c.glow(x, y, r * 1.9, (0.85, 0.88, 0.8), 0.45)
        if "full moon" in signs or ("crescent moon" not in signs and s.random.random() < 0.4):
            c.ellipse(x, y, r, None, (0.99, 0.97, 0.85))
            for dx, dy, q in ((-0.35, -0.2, 0.22), (0.3, 0.3, 0.18), (0.2, -0.4, 0.13), (-0.15, 0.45, 0.14)):
                c.ellipse(x + dx * r, y + dy * r, q * r, None, (0.88, 0.86, 0.75))
        else:
            c.polygon([(x + r * u, y + r * v) for u, v in crescent()], (0.99, 0.96, 0.8))
    elif hour == "day" and not signs & {"rain", "storm", "fog", "snow", "rainbow"} and ("sun" in signs or s.random.random() < 0.45):
        x, y, r = (
            s.uniform(0.12, 0.25) if s.random.random() < 0.5 else s.uniform(0.75, 0.88),
            s.uniform(0.13, 0.2),
            0.08 if "sun" not in signs else 0.1,
        )
        c.glow(x, y, r * 1.7, (1.0, 0.95, 0.6), 0.6)
        c.ellipse(x, y, r, None, (1.0, 0.87, 0.25))
    if "rainbow" in signs:
        x, y, r = s.uniform(0.46, 0.54), s.horizon + 0.12, s.uniform(0.46, 0.5)
        for k, tone in enumerate(RAINBOW):
            turns = np.linspace(np.pi, 2 * np.pi, 60)
            wide = 0.032
            a, b = r - wide * k, r - wide * (k + 1) - 0.002
            arc = [(x + a * np.cos(t), y + a * 1.08 * np.sin(t)) for t in turns] + [
                (x + b * np.cos(t), y + b * 1.08 * np.sin(t)) for t in turns[::-1]
            ]
            c.polygon(arc, tone, 0.92)
    cloudy = "clouds" in signs or "rain" in signs or "storm" in signs
    if "rainbow" in signs:
        for side in (-1, 1):
            cloud(s, 0.5 + side * 0.43, s.horizon + 0.06, s.uniform(0.13, 0.17), mixed(s.light.stops[-1], (1, 1, 1), 0.85))
    elif main != "sky" and (cloudy or (hour == "day" and "fog" not in signs and s.random.random() < 0.75)):
        for k in range(s.many(1, 2) + 2 * cloudy):
            grey: RGB = (0.33, 0.36, 0.42)
            tone = grey if signs & {"rain", "storm"} else mixed(s.light.stops[-1], (1, 1, 1), 0.85)
            if signs & {"rain", "storm"}:
                cloud(
                    s,
                    (k + s.uniform(0.2, 0.8)) / 3,
                    s.uniform(0.08, 0.2),
                    s.uniform(0.16, 0.24),
                    mixed(tone, (0.5, 0.53, 0.6), s.uniform(0, 1)),
                )
            else:
                cloud(s, s.uniform(0.05, 0.95), s.uniform(0.1, 0.32), s.uniform(0.1, 0.17), tone)
    if "storm" in signs:
        x = s.uniform(0.3, 0.7)
        bolt = [(x, 0.2), (x - 0.09, 0.42), (x - 0.02, 0.42), (x - 0.1, 0.66), (x + 0.09, 0.36), (x + 0.02, 0.36), (x + 0.07, 0.2)]
        c.glow(x, 0.4, 0.2, (1, 1, 0.8), 0.5)
        c.polygon(bolt, (1.0, 0.95, 0.45))
    if "fireworks" in signs:
        for _ in range(s.many(3, 4)):
            x, y, r = s.uniform(0.15, 0.85), s.uniform(0.12, 0.42), s.uniform(0.1, 0.18)
            tone = RAINBOW[int(s.random.integers(6))]
            c.glow(x, y, r * 0.7, tone, 0.45)
            for k in range(12):
                turn = 2 * np.pi * k / 12
                c.line(
                    [(x + r * 0.25 * np.cos(turn), y + r * 0.25 * np.sin(turn)), (x + r * np.cos(turn), y + r * np.sin(turn))],
                    0.012,
                    mixed(tone, (1, 1, 1), 0.25),
                )
                c.ellipse(x + r * 1.08 * np.cos(turn), y + r * 1.08 * np.sin(turn), 0.011, None, (1, 1, 0.85))


def _aurora(s: Stage) -> None:
    x, y = grid(s.canvas.side)
    for tone in ((0.2, 0.95, 0.55), (0.25, 0.8, 0.75), (0.6, 0.35, 0.85)):
        middle = (
            s.uniform(0.15, 0.4)
            + 0.07 * np.sin(2 * np.pi * (s.uniform(0.6, 1.2) * x + s.uniform(0, 1)))
            + 0.03 * np.sin(2 * np.pi * (2.5 * x + s.uniform(0, 1)))
        )
        above = (middle - y).clip(0)
        rays = 0.7 + 0.3 * np.sin(2 * np.pi * (9 * x + s.uniform(0, 1)))
        alpha = np.where(y < middle, np.exp(-above / 0.14), np.exp(-(((y - middle) / 0.03) ** 2))) * rays * 0.65
        s.canvas.shade(alpha, tone)


def _weather(s: Stage, signs: set[str], main: str) -> None:
    c = s.canvas
    if "rain" in signs or ("storm" in signs and s.random.random() < 0.7):
        lean = s.uniform(-0.025, 0.025)
        for _ in range(55):
            x, y, long = s.uniform(0, 1), s.uniform(0.1, 1), s.uniform(0.05, 0.085)
            c.line([(x, y), (x + lean, y + long)], 0.009, (0.78, 0.87, 0.97), 0.75)
        if main in ("hills", "road", "city", "meadow"):
            for _ in range(s.many(2, 3)):
                x, y = s.uniform(0.1, 0.9), s.uniform(0.86, 0.96)
                c.ellipse(x, y, 0.1, 0.018, (0.68, 0.77, 0.87), 0.8)
    if "snow" in signs and main not in ("underwater", "space"):
        for _ in range(60):
            r = s.uniform(0.006, 0.014)
            c.ellipse(s.uniform(0, 1), s.uniform(0, 1), r, None, (1, 1, 1), 0.95)
    if "fog" in signs:
        down = grid(c.side)[1].repeat(c.side, 1)
        c.shade(0.25 + 0.5 * np.exp(-(((down - 0.6) / 0.22) ** 2)), (0.85, 0.87, 0.89))
