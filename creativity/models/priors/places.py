"""Places drawn by rule below the sky: hills, sea, city, forest ... Every draw is another one of its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from creativity.models.priors.canvas import Canvas, Point
from creativity.models.priors.colours import RGB, mixed

Random = np.random.Generator


@dataclass(frozen=True)
class Light:
    """The hour: colours of the sky from the top to the horizon, and what it does to the colours of the ground."""

    stops: tuple[RGB, ...]
    times: RGB = (1.0, 1.0, 1.0)
    plus: RGB = (0.0, 0.0, 0.0)

    def __call__(self, colour: RGB) -> RGB:
        r, g, b = (min(1.0, v * k + p) for v, k, p in zip(colour, self.times, self.plus, strict=True))
        return r, g, b


@dataclass
class Stage:
    """What a place is drawn with."""

    canvas: Canvas
    light: Light
    random: Random
    colour: RGB | None
    horizon: float
    snowy: bool = False
    dark: bool = False
    low_sun: Point | None = None
    feet: float = 0.88
    water: float | None = None
    sky: float = 0.32
    alone: bool = True

    def ink(self, *colour: float, shake: float = 0.03) -> RGB:
        """A colour of the ground in this light, a little off; under snow mostly white."""
        r, g, b = (float(v + self.random.normal() * shake) for v in colour)
        return self.light(mixed((r, g, b), (0.95, 0.97, 1.0), 0.85) if self.snowy else (r, g, b))

    def uniform(self, low: float, high: float) -> float:
        return float(self.random.uniform(low, high))

    def many(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def line(self, height: float, swell: float, waves: float = 1.5) -> list[Point]:
        """A soft line of hills about a height."""
        x = np.linspace(-0.05, 1.05, 45)
        y = np.full_like(x, height)
        for k in range(3):
            y += swell / (k + 1) * np.sin(2 * np.pi * (waves * (k + 1) * self.uniform(0.7, 1.2) * x + self.uniform(0, 1)))
        return list(zip(x.tolist(), y.tolist(), strict=True))


Place = Callable[[Stage], None]
PLACES: dict[str, Place] = {}
NAMES: dict[str, str] = {}
"""Every word for a place -> the place's own name."""


def place(names: str) -> Callable[[Place], Place]:
    """Enters the painter of a place under its names; the first is its own."""

    def enter(draw: Place) -> Place:
        first, *others = names.split(", ")
        PLACES[first] = draw
        NAMES.update(dict.fromkeys((first, *others), first))
        return draw

    return enter


# parts


def cloud(s: Stage, x: float, y: float, size: float, colour: RGB, alpha: float = 0.95) -> None:
    for _ in range(5):
        dx, dy = s.uniform(-1, 1), s.uniform(-0.25, 0.1)
        s.canvas.ellipse(x + dx * size * 0.7, y + dy * size * 0.5, size * s.uniform(0.3, 0.45), size * s.uniform(0.2, 0.3), colour, alpha)
    s.canvas.ellipse(x, y + size * 0.06, size * 1.05, size * 0.17, colour, alpha)


def pine(s: Stage, x: float, foot: float, height: float, colour: RGB) -> None:
    s.canvas.rectangle(x - height * 0.05, foot - height * 0.2, x + height * 0.05, foot, s.light((0.32, 0.2, 0.12)))
    for k in range(3):
        top, wide = foot - height * (1 - 0.24 * k), height * (0.2 + 0.08 * k)
        s.canvas.polygon([(x, top), (x + wide, top + height * 0.42), (x - wide, top + height * 0.42)], mixed(colour, (0, 0, 0), 0.06 * k))
        if s.snowy:
            s.canvas.polygon(
                [(x, top), (x + wide * 0.5, top + height * 0.2), (x - wide * 0.5, top + height * 0.2)], s.light((0.97, 0.98, 1))
            )


def leafy(s: Stage, x: float, foot: float, height: float, colour: RGB) -> None:
    s.canvas.rectangle(x - height * 0.06, foot - height * 0.45, x + height * 0.06, foot, s.light((0.42, 0.26, 0.15)))
    for dx, dy, r in ((-0.2, 0.55, 0.22), (0.2, 0.55, 0.22), (0.0, 0.72, 0.27)):
        s.canvas.ellipse(x + dx * height, foot - dy * height, r * height, r * height * 0.95, colour)
    s.canvas.ellipse(x - 0.07 * height, foot - 0.77 * height, 0.13 * height, 0.11 * height, mixed(colour, (1, 1, 0.8), 0.16))


def palm(s: Stage, x: float, foot: float, height: float) -> None:
    lean = s.uniform(-0.25, 0.25) * height
    trunk = [(x + lean * t * t, foot - height * t) for t in np.linspace(0, 1, 8)]
    for (a, b), width in zip(pairwise(trunk), np.linspace(0.09, 0.055, 7), strict=True):
        s.canvas.line([a, b], width * height, s.light((0.5, 0.33, 0.18)))
    top, green = trunk[-1], (0.13, 0.5, 0.2)
    for k, turn in enumerate(np.linspace(-0.15, np.pi + 0.15, 7)):
        reach, droop = height * 0.45, height * 0.2
        tip = (top[0] + reach * np.cos(turn), top[1] - reach * 0.55 * np.sin(turn) + droop)
        mid = (top[0] + reach * 0.55 * np.cos(turn), top[1] - reach * 0.75 * np.sin(turn) - height * 0.02)
        low = (mid[0], mid[1] + height * 0.13)
        s.canvas.polygon([top, mid, tip, low], s.light(mixed(green, (0.4, 0.75, 0.3), 0.5 * (k % 2))))


def flower(s: Stage, x: float, y: float, size: float, colour: RGB) -> None:
    s.canvas.line([(x, y), (x + size * 0.2, y + size * 3)], size * 0.35, s.light((0.15, 0.45, 0.15)))
    for k in range(5):
        turn = 2 * np.pi * k / 5 + s.uniform(0, 1)
        s.canvas.ellipse(x + size * 0.75 * np.cos(turn), y + size * 0.75 * np.sin(turn), size * 0.62, None, s.light(colour))
    s.canvas.ellipse(x, y, size * 0.5, None, s.light((1.0, 0.85, 0.2) if colour[0] < 0.95 or colour[1] < 0.7 else (0.7, 0.35, 0.1)))


def house(s: Stage, x: float, foot: float, size: float, wall: RGB, roof: RGB) -> None:
    c = s.canvas
    c.rectangle(x - size * 0.5, foot - size * 0.7, x + size * 0.5, foot, s.light(wall))
    c.polygon([(x - size * 0.62, foot - size * 0.68), (x, foot - size * 1.2), (x + size * 0.62, foot - size * 0.68)], s.light(roof))
    lamp = (1.0, 0.85, 0.4) if s.dark else s.light((0.6, 0.8, 0.95))
    c.rectangle(x - size * 0.34, foot - size * 0.52, x - size * 0.08, foot - size * 0.26, lamp)
    c.rectangle(x + size * 0.1, foot - size * 0.45, x + size * 0.34, foot, s.light((0.4, 0.22, 0.12)))


def ripples(s: Stage, top: float, colour: RGB, count: int = 16) -> None:
    """Short bright strokes on water, longer towards the viewer."""
    for _ in range(count):
        near = s.uniform(0, 1)
        x, y, long = s.uniform(-0.05, 1.05), top + 0.02 + (0.98 - top) * near, 0.04 + 0.09 * near
        s.canvas.line(
            [(x - long, y), (x - long / 3, y - 0.006 - 0.008 * near), (x + long / 3, y), (x + long, y - 0.004)],
            0.008 + 0.008 * near,
            colour,
            0.5,
        )


def water(s: Stage, top: float, near: RGB, far: RGB) -> None:
    bands = 10
    for k in range(bands):
        y = top + (1.02 - top) * k / bands
        s.canvas.rectangle(-0.1, y, 1.1, 1.1, mixed(far, near, k / (bands - 1)))
    if s.low_sun is not None:  # the sun's path on the water
        x = s.low_sun[0]
        for k in range(12):
            y = top + 0.01 + (0.97 - top) * (k / 12) ** 1.1
            wide = (0.04 + 0.1 * k / 12) * s.uniform(0.5, 1.1)
            s.canvas.line([(x - wide + s.uniform(-0.02, 0.02), y), (x + wide, y)], 0.012 + 0.006 * k / 12, (1.0, 0.86, 0.5), 0.8)
    ripples(s, top, mixed(far, (1, 1, 1), 0.35))


# the places


@place("sky, clouds, cloud, air, heaven, cloudy sky, blue sky, night sky, starry sky, starry night")
def _sky(s: Stage) -> None:
    s.feet, s.sky = 0.8, 0.5
    if not s.dark:
        for _ in range(s.many(2, 4)):
            tone = s.light.stops[-1]
            cloud(s, s.uniform(0, 1), s.uniform(0.12, 0.92), s.uniform(0.12, 0.24), mixed(tone, (1, 1, 1), 0.8))


@place("sea, ocean, waves, water, open sea, the waves, seas")
def _sea(s: Stage) -> None:
    deep, far = s.light((0.05, 0.27, 0.55)), s.light((0.2, 0.5, 0.75))
    if s.low_sun is not None:
        deep, far = (0.17, 0.13, 0.33), (0.78, 0.36, 0.33)
    water(s, s.horizon, s.colour or deep, far)
    s.water, s.feet = s.horizon + 0.3, 0.86


@place("beach, seaside, shore, coast, seashore, sandy beach, sand, bay")
def _beach(s: Stage) -> None:
    water(s, s.horizon, s.light((0.1, 0.55, 0.72)), s.light((0.12, 0.4, 0.68)))
    edge = s.line(s.uniform(0.66, 0.71), 0.018, 0.8)
    s.canvas.below([(x, y - 0.02) for x, y in edge], s.light((0.93, 0.97, 0.98)))
    s.canvas.below(edge, s.ink(0.95, 0.84, 0.6))
    s.canvas.below([(x, y + 0.14) for x, y in edge], s.ink(0.98, 0.88, 0.66, shake=0.01), 0.7)
    if s.random.random() < 0.6:
        palm(s, s.uniform(0.03, 0.12) if s.random.random() < 0.5 else s.uniform(0.88, 0.97), 0.76, s.uniform(0.38, 0.5))
    s.feet = 0.9


@place("desert, dunes, dune, sand dunes, sahara, sandy desert")
def _desert(s: Stage) -> None:
    sand = s.colour or (0.95, 0.74, 0.42)
    for k in range(3):
        tone = s.ink(*mixed(sand, (0.84, 0.52, 0.30), 0.5 - 0.25 * k), shake=0.015)
        line = s.line(s.horizon + 0.04 + 0.16 * k, 0.05, 0.55 + 0.25 * s.uniform(0, 1))
        s.canvas.below(line, tone)
        # the side that the light does not reach: from the crest down to the right, along a soft edge
        crest = min((p for p in line if 0.1 < p[0] < 0.75), key=lambda p: p[1])
        lee = [p for p in line if crest[0] <= p[0] <= crest[0] + 0.36]
        edge = [(x - 0.1 * np.sin(np.pi * t), y + 0.02 + 0.13 * t**0.8) for t, (x, y) in zip(np.linspace(0, 1, len(lee)), lee, strict=True)]
        s.canvas.polygon([*lee, *edge[::-1]], mixed(tone, (0.4, 0.18, 0.12), 0.26))
        for j in range(4 if k == 2 else 0):  # the wind's ripples
            ripple = [(x, y + 0.07 + 0.045 * j) for x, y in line[4 + 6 * j : 18 + 6 * j]]
            s.canvas.line(ripple, 0.007, mixed(tone, (0.5, 0.25, 0.12), 0.35))
    if s.alone and s.random.random() < 0.7:
        x, foot, high = s.uniform(0.1, 0.9), s.uniform(0.84, 0.92), s.uniform(0.2, 0.28)
        green, wide = s.light((0.22, 0.52, 0.27)), 0.05
        for points in (
            [(x, foot), (x, foot - high)],
            *(
                [(x, foot - high * v), (x + side * 0.075, foot - high * v), (x + side * 0.075, foot - high * (v + 0.3))]
                for side, v in ((-1, 0.35), (1, 0.5))
            ),
        ):
            s.canvas.line(points, wide if len(points) == 2 else 0.034, green)
            s.canvas.ellipse(*points[-1], wide / 2 if len(points) == 2 else 0.017, None, green)
    s.feet = 0.9


@place("hills, countryside, valley, rolling hills, green hills, highlands, landscape, nature, land")
def _hills(s: Stage) -> None:
    green = s.colour or (0.36, 0.66, 0.25)
    for k in range(3):
        tone = s.ink(*mixed(green, (0.55, 0.75, 0.7), 0.35 - 0.17 * k), shake=0.03)
        s.canvas.below(s.line(s.horizon + 0.13 * k, 0.06 - 0.01 * k, 0.9 + 0.2 * k), tone)
        if k == 1:
            for _ in range(s.many(1, 3)):
                leafy(s, s.uniform(0.05, 0.95), s.horizon + 0.24, s.uniform(0.1, 0.14), s.ink(0.17, 0.45, 0.2))
    s.feet = 0.88


@place("hill, hilltop, hillside, green hill, top of a hill")
def _hill(s: Stage) -> None:
    green = s.colour or (0.36, 0.66, 0.25)
    s.canvas.below(s.line(s.horizon + 0.14, 0.03), s.ink(*mixed(green, (0.5, 0.75, 0.75), 0.4)))
    s.canvas.ellipse(0.5, 1.32, 0.78, 0.62, s.ink(*green))
    for _ in range(s.many(5, 9)):
        x = s.uniform(0.02, 0.98)
        y = 1.32 - 0.62 * np.sqrt(max(0.0, 1 - ((x - 0.5) / 0.78) ** 2)) + s.uniform(0.05, 0.2)
        s.canvas.line([(x, y), (x, y - 0.025)], 0.01, s.ink(0.2, 0.5, 0.18))
    s.feet = 0.76


@place("mountains, mountain, alps, peaks, mountain range, snowy mountains, mountaintop, summit, peak, himalayas, cliff, rocks")
def _mountains(s: Stage) -> None:
    rock = s.colour or (0.42, 0.47, 0.58)
    for row, (base, high, count) in enumerate(((0.72, 0.42, 4), (0.8, 0.38, 3))):
        order = s.random.permutation(count)
        for k in order:
            x = (k + 0.5 + s.uniform(-0.25, 0.25)) / count
            top, wide = base - high * s.uniform(0.75, 1.1), s.uniform(0.24, 0.34) * (1 + 0.3 * row)
            lean = s.uniform(-0.2, 0.2) * wide
            tone = s.light(mixed(rock, (0.7, 0.78, 0.9), 0.35 * (1 - row)))
            s.canvas.polygon([(x - wide, base + 0.02), (x, top), (x + wide, base + 0.02)], tone)
            s.canvas.polygon([(x, top), (x + wide, base + 0.02), (x + lean, base + 0.02)], mixed(tone, (0.05, 0.06, 0.2), 0.3))
            cap, white = 0.42, s.light((0.97, 0.98, 1.0))
            left, right = (x - wide * cap, top + (base - top) * cap), (x + wide * cap, top + (base - top) * cap)
            zigzag = [right]
            for j in range(1, 5):
                t = j / 5
                zigzag.append((right[0] + (left[0] - right[0]) * t, right[1] + (0.04 if j % 2 else -0.03)))
            s.canvas.polygon([(x, top), *zigzag, left], white)
            s.canvas.polygon([(x, top), right, *zigzag[1:2], (x + lean * cap, right[1] - 0.03)], mixed(white, (0.5, 0.6, 0.85), 0.45))
    s.canvas.below(s.line(0.8, 0.02), s.ink(0.3, 0.52, 0.3))
    for _ in range(s.many(5, 9)):
        pine(
            s,
            s.uniform(0, 1),
            s.uniform(0.82, 0.9),
            s.uniform(0.08, 0.13),
            s.ink(0.12, 0.34, 0.24) if not s.snowy else s.light((0.2, 0.4, 0.32)),
        )
    s.feet = 0.93


@place("forest, woods, wood, woodland, jungle, trees, rainforest, pine forest, wilderness")
def _forest(s: Stage) -> None:
    c, green = s.canvas, s.colour or (0.16, 0.45, 0.2)
    c.below(s.line(s.horizon + 0.12, 0.02), s.ink(0.28, 0.5, 0.22))
    kind = pine if s.random.random() < 0.65 else leafy
    for k in range(3):
        count, foot, high = 7 - k, 0.64 + 0.08 * k, (0.42, 0.5, 0.56)[k]
        tone = mixed(green, (0.55, 0.72, 0.62), 0.4 - 0.2 * k)
        for j in s.random.permutation(count):
            x = (j + 0.5 + s.uniform(-0.3, 0.3)) / count
            if k == 2 and 0.28 < x < 0.72:
                continue  # a clearing in front
            shade = s.light(mixed(tone, (0.1, 0.3, 0.1), s.uniform(0, 0.35)))
            kind(s, x, foot + s.uniform(-0.02, 0.02), high * s.uniform(0.8, 1.1), shade)
    c.below(s.line(0.8, 0.015), s.ink(0.34, 0.58, 0.26))
    s.feet = 0.92


def _meadow(s: Stage, flowers: int) -> None:
    c = s.canvas
    c.below(s.line(s.horizon, 0.02), s.ink(0.45, 0.7, 0.35))
    c.below(s.line(s.horizon + 0.1, 0.02), s.ink(0.38, 0.68, 0.26))
    c.below(s.line(s.horizon + 0.26, 0.015), s.ink(0.3, 0.6, 0.2))
    for _ in range(30):
        x, y = s.uniform(0, 1), s.uniform(s.horizon + 0.12, 1)
        c.line([(x, y), (x + s.uniform(-0.01, 0.01), y - 0.015 - 0.03 * (y - s.horizon))], 0.008, s.ink(0.2, 0.5, 0.15), 0.8)
    tones: list[RGB] = [(0.93, 0.2, 0.25), (1.0, 0.83, 0.2), (0.98, 0.55, 0.75), (0.98, 0.98, 0.98), (0.6, 0.4, 0.85)]
    if s.colour is not None:
        tones = [s.colour]
    elif s.random.random() < 0.5:
        tones = [tones[int(k)] for k in s.random.permutation(5)[:2]]
    for y in np.sort(s.random.uniform(s.horizon + 0.1, 0.98, flowers)):
        near = (y - s.horizon) / (1 - s.horizon)
        flower(s, s.uniform(0, 1), float(y), 0.012 + 0.03 * near, tones[int(s.random.integers(len(tones)))])
    s.feet = 0.9


@place("meadow, grass, lawn, field, pasture, prairie, green field, grassland, ground, savanna, savannah")
def _grass(s: Stage) -> None:
    _meadow(s, s.many(0, 5) if s.colour is None else 0)


@place("field of flowers, flowers, flower field, garden, flower garden, flower meadow, wildflowers, tulip field, spring")
def _flowers(s: Stage) -> None:
    _meadow(s, 42)


@place("park, playground, orchard")
def _park(s: Stage) -> None:
    _meadow(s, 6)
    for x in (s.uniform(0.05, 0.2), s.uniform(0.8, 0.95)):
        leafy(s, x, s.horizon + 0.2, s.uniform(0.3, 0.42), s.ink(0.2, 0.52, 0.22))


@place("city, town, skyline, skyscrapers, buildings, downtown, metropolis, city skyline, rooftops, rooftop")
def _city(s: Stage) -> None:
    c = s.canvas
    for row in range(2):
        x = -0.05
        while x < 1:
            wide, high = s.uniform(0.1, 0.19), s.uniform(0.25, 0.55) - 0.12 * row
            if s.dark:
                wall = mixed((0.1, 0.12, 0.26), (0.03, 0.04, 0.1), row * 0.7)
            else:
                tones = ((0.62, 0.66, 0.74), (0.75, 0.6, 0.5), (0.5, 0.58, 0.7), (0.8, 0.76, 0.68))
                wall = s.light(mixed(tones[int(s.random.integers(4))], (0.78, 0.85, 0.93), 0.5 * (1 - row)))
            top = 0.86 - high
            c.rectangle(x, top, x + wide, 0.9, wall)
            if s.random.random() < 0.3:
                c.line([(x + wide / 2, top), (x + wide / 2, top - 0.07)], 0.012, wall)
            columns, rows = max(2, round(wide / 0.045)), max(3, round(high / 0.06))
            for i in range(columns):
                for j in range(rows):
                    lit = s.random.random()
                    if s.dark and lit < 0.45:
                        continue
                    tone = (
                        ((1.0, 0.86, 0.42), (1.0, 0.72, 0.3), (0.85, 0.93, 1.0))[int(lit * 97) % 3]
                        if s.dark
                        else s.light((0.32, 0.45, 0.6))
                    )
                    u, v = x + wide * (i + 0.5) / columns, top + 0.03 + (high - 0.02) * j / rows
                    c.rectangle(u - 0.011, v, u + 0.011, v + 0.026, tone, 0.95 if row or s.dark else 0.6)
            x += wide + s.uniform(0.0, 0.02)
    c.rectangle(-0.1, 0.86, 1.1, 1.1, s.light((0.3, 0.31, 0.34)) if not s.snowy else s.light((0.93, 0.95, 0.98)))
    for k in range(5):
        c.rectangle(0.04 + 0.22 * k, 0.925, 0.14 + 0.22 * k, 0.94, s.light((0.95, 0.9, 0.6)))
    s.feet = 0.93


@place("village, houses, farmhouse, suburb, neighbourhood, neighborhood")
def _village(s: Stage) -> None:
    _hills(s)
    for k in range(3):
        wall = ((0.95, 0.9, 0.8), (0.93, 0.75, 0.55), (0.8, 0.87, 0.95))[k]
        roof = (0.95, 0.96, 1.0) if s.snowy else ((0.75, 0.25, 0.2), (0.6, 0.3, 0.2), (0.45, 0.25, 0.3))[k]
        house(s, 0.18 + 0.32 * k + s.uniform(-0.05, 0.05), 0.72 + s.uniform(0, 0.06), s.uniform(0.15, 0.2), wall, roof)


@place("farm, wheat field, cornfield, wheat, barn, harvest")
def _farm(s: Stage) -> None:
    c = s.canvas
    c.below(s.line(s.horizon, 0.02), s.ink(0.45, 0.65, 0.3))
    house(
        s,
        s.uniform(0.15, 0.3) if s.random.random() < 0.5 else s.uniform(0.7, 0.85),
        s.horizon + 0.08,
        0.22,
        (0.75, 0.2, 0.16),
        (0.45, 0.3, 0.26),
    )
    c.below(s.line(s.horizon + 0.08, 0.01), s.ink(0.92, 0.76, 0.34))
    for k in range(9):
        x = -0.3 + 0.2 * k
        c.line([(0.5 + (x - 0.5) * 0.35, s.horizon + 0.09), (x, 1.05)], 0.015, s.ink(0.75, 0.56, 0.2), 0.7)
    s.feet = 0.9


@place("space, outer space, galaxy, cosmos, universe, stars, milky way, orbit, nebula")
def _space(s: Stage) -> None:
    for _ in range(4):
        tones = ((0.5, 0.15, 0.6), (0.15, 0.25, 0.7), (0.7, 0.2, 0.45), (0.1, 0.45, 0.6))
        s.canvas.glow(s.uniform(0, 1), s.uniform(0, 1), s.uniform(0.15, 0.35), tones[int(s.random.integers(4))], 0.35)
    for _ in range(70):
        bright = s.uniform(0.4, 1)
        s.canvas.ellipse(s.uniform(0, 1), s.uniform(0, 1), 0.003 + 0.007 * bright**3, None, (1, 1, 0.93), bright)
    if s.random.random() < 0.7:  # a planet in a corner
        x, y, r = (0.16 if s.random.random() < 0.5 else 0.84), s.uniform(0.12, 0.25), s.uniform(0.08, 0.13)
        tone = ((0.9, 0.55, 0.3), (0.4, 0.65, 0.9), (0.85, 0.75, 0.5), (0.75, 0.45, 0.7))[int(s.random.integers(4))]
        s.canvas.ellipse(x, y, r, None, mixed(tone, (0, 0, 0), 0.35))
        s.canvas.ellipse(x - r * 0.16, y - r * 0.12, r * 0.82, None, tone)
        s.canvas.line([(x - r * 1.6, y + r * 0.5), (x + r * 1.6, y - r * 0.5)], 0.018, (0.95, 0.88, 0.7), 0.9)
    s.feet, s.sky, s.water = 0.86, 0.5, 0.86


@place("moon surface, mars, lunar surface, crater")
def _moonscape(s: Stage) -> None:
    _space(s)
    tone = s.colour or (0.68, 0.68, 0.7)
    s.canvas.below(s.line(0.68, 0.03), tone)
    for _ in range(7):
        x, y, r = s.uniform(0, 1), s.uniform(0.74, 0.97), s.uniform(0.03, 0.08)
        s.canvas.ellipse(x, y, r, r * 0.4, mixed(tone, (0, 0, 0), 0.3))
        s.canvas.ellipse(x, y + r * 0.08, r * 0.85, r * 0.3, mixed(tone, (0, 0, 0), 0.15))
    s.feet, s.water = 0.88, None


@place("underwater, under sea, under the sea, under water, deep sea, reef, coral reef, seabed, aquarium, bottom of the sea, ocean floor")
def _underwater(s: Stage) -> None:
    c = s.canvas
    for _ in range(4):
        x, lean = s.uniform(-0.1, 1.0), s.uniform(-0.25, 0.05)
        c.polygon([(x, -0.02), (x + 0.1, -0.02), (x + 0.22 + lean, 0.85), (x - 0.02 + lean, 0.85)], (0.75, 0.95, 1.0), 0.13)
    c.below(s.line(0.86, 0.02), s.ink(0.85, 0.78, 0.52))
    for _ in range(s.many(4, 7)):
        x, high, wave = s.uniform(0, 1), s.uniform(0.14, 0.34), s.uniform(0, 6)
        weed = [(x + 0.025 * np.sin(8 * t + wave), 0.93 - high * t) for t in np.linspace(0, 1, 9)]
        c.line(weed, 0.022, (0.1, 0.5 + s.uniform(-0.1, 0.15), 0.3))
    for _ in range(s.many(1, 3)):
        x, tone = s.uniform(0.05, 0.95), ((0.95, 0.4, 0.45), (0.98, 0.6, 0.3), (0.8, 0.4, 0.75))[int(s.random.integers(3))]
        for k in range(4):
            turn = np.pi * (0.2 + 0.2 * k)
            c.line([(x, 0.93), (x + 0.09 * np.cos(turn), 0.93 - 0.11 * np.sin(turn))], 0.022, tone)
    for _ in range(s.many(8, 14)):
        x, y, r = s.uniform(0, 1), s.uniform(0.05, 0.8), s.uniform(0.008, 0.022)
        c.ellipse(x, y, r, None, (0.85, 0.97, 1.0), 0.55)
        c.ellipse(x - r * 0.3, y - r * 0.3, r * 0.35, None, (1, 1, 1), 0.9)
    s.feet, s.sky, s.water = 0.9, 0.45, 0.7


@place("volcano, erupting volcano, eruption, lava, volcanoes")
def _volcano(s: Stage) -> None:
    c, x = s.canvas, s.uniform(0.42, 0.58)
    smoke = s.light((0.35, 0.32, 0.34)) if not s.dark else (0.16, 0.13, 0.16)
    for k in range(9):
        c.ellipse(
            x + s.uniform(-0.06, 0.06) * (1 + k * 0.4),
            0.3 - 0.036 * k,
            0.05 + 0.014 * k,
            None,
            mixed(smoke, (0.75, 0.7, 0.7), s.uniform(0, 0.35)),
            0.9,
        )
    c.glow(x, 0.33, 0.2, (1.0, 0.45, 0.1), 0.75)
    for _ in range(16):
        turn, reach = s.uniform(0.18, 0.82) * np.pi, s.uniform(0.12, 0.28)
        arc = [(x + reach * np.cos(turn) * t, 0.38 - reach * 1.3 * np.sin(turn) * t + 0.16 * t * t) for t in np.linspace(0.2, 1, 5)]
        c.line(arc, 0.014, (1.0, s.uniform(0.35, 0.75), 0.08))
    c.below(s.line(0.8, 0.02), s.ink(0.3, 0.42, 0.22))
    rock = s.light(s.colour or (0.34, 0.25, 0.24))
    c.polygon([(x - 0.44, 0.87), (x - 0.2, 0.6), (x - 0.1, 0.38), (x + 0.1, 0.38), (x + 0.2, 0.6), (x + 0.44, 0.87)], rock)
    c.polygon([(x + 0.02, 0.38), (x + 0.1, 0.38), (x + 0.2, 0.6), (x + 0.44, 0.87), (x + 0.1, 0.87)], mixed(rock, (0, 0, 0), 0.3))
    c.ellipse(x, 0.385, 0.1, 0.03, (1.0, 0.5, 0.1))
    for shift in (-0.07, 0.0, 0.065):
        drop = s.uniform(0.12, 0.36)
        c.line(
            [(x + shift * t * 1.6 + shift + 0.012 * np.sin(9 * t), 0.39 + drop * t) for t in np.linspace(0, 1, 8)],
            0.034,
            (0.98, 0.36, 0.06),
        )
        c.line(
            [(x + shift * t * 1.6 + shift + 0.012 * np.sin(9 * t), 0.39 + drop * 0.8 * t) for t in np.linspace(0, 1, 8)],
            0.014,
            (1.0, 0.78, 0.2),
        )
    s.feet = 0.95


@place("island, tropical island, desert island, islands, palm island, tropics")
def _island(s: Stage) -> None:
    _sea(s)
    c, x = s.canvas, s.uniform(0.42, 0.58)
    c.ellipse(x, s.horizon + 0.24, 0.36, 0.1, s.light((0.9, 0.96, 0.97)), 0.7)
    c.ellipse(x, s.horizon + 0.21, 0.33, 0.1, s.ink(0.95, 0.83, 0.55))
    c.ellipse(x, s.horizon + 0.18, 0.22, 0.06, s.ink(0.45, 0.7, 0.3))
    # what stands on the island has its middle
    palm(s, x + (s.uniform(-0.05, 0.05) if s.alone else 0.22), s.horizon + 0.19, s.uniform(0.5, 0.6))
    if s.alone and s.random.random() < 0.5:
        palm(s, x + (0.14 if s.random.random() < 0.5 else -0.14), s.horizon + 0.2, s.uniform(0.3, 0.38))
    s.feet = s.horizon + 0.24


@place("room, indoors, floor, kitchen, bedroom, living room, house interior, bathroom, classroom, office, inside, hall, wall, studio")
def _room(s: Stage) -> None:
    c = s.canvas
    walls: tuple[RGB, ...] = ((0.93, 0.86, 0.72), (0.72, 0.84, 0.82), (0.85, 0.76, 0.86), (0.75, 0.82, 0.93))
    wall, floor = s.light(s.colour or walls[int(s.random.integers(4))]), s.light((0.66, 0.44, 0.27))
    c.rectangle(-0.1, -0.1, 1.1, 0.74, wall)
    c.rectangle(-0.1, 0.72, 1.1, 0.75, mixed(wall, (1, 1, 1), 0.6))
    c.rectangle(-0.1, 0.75, 1.1, 1.1, floor)
    for k in range(7):
        c.line([(0.5 + (k - 3) * 0.14, 0.75), (0.5 + (k - 3) * 0.3, 1.02)], 0.008, mixed(floor, (0, 0, 0), 0.25))
    x = 0.2 if s.random.random() < 0.5 else 0.8
    c.rectangle(x - 0.14, 0.14, x + 0.14, 0.5, s.light((0.98, 0.97, 0.94)) if not s.dark else (0.5, 0.45, 0.4))
    c.rectangle(x - 0.115, 0.165, x + 0.115, 0.475, s.light.stops[0] if s.dark else s.light.stops[1])
    c.rectangle(x - 0.012, 0.15, x + 0.012, 0.49, s.light((0.98, 0.97, 0.94)) if not s.dark else (0.5, 0.45, 0.4))
    s.feet, s.sky = 0.92, 0.35


@place("table, wooden table, desk, shelf, counter, picnic table, kitchen table, bench, tabletop")
def _table(s: Stage) -> None:
    c = s.canvas
    walls: tuple[RGB, ...] = ((0.95, 0.91, 0.82), (0.8, 0.88, 0.87), (0.9, 0.84, 0.86), (0.82, 0.87, 0.94))
    c.rectangle(-0.1, -0.1, 1.1, 1.1, s.light(walls[int(s.random.integers(4))]))
    wood = s.light(s.colour or (0.68, 0.42, 0.22))
    c.rectangle(-0.1, 0.66, 1.1, 1.1, wood)
    for k in range(1, 4):
        y = 0.66 + 0.095 * k
        c.line([(-0.05, y), (1.05, y)], 0.01, mixed(wood, (0, 0, 0), 0.35))
    for _ in range(12):
        x, y = s.uniform(0, 1), s.uniform(0.68, 0.98)
        c.line(
            [(x - s.uniform(0.05, 0.15), y), (x, y + s.uniform(-0.006, 0.006)), (x + s.uniform(0.05, 0.15), y)],
            0.006,
            mixed(wood, (0, 0, 0), 0.22),
            0.8,
        )
    c.rectangle(-0.1, 0.66, 1.1, 0.675, mixed(wood, (1, 0.9, 0.7), 0.35))
    s.feet, s.sky = 0.84, 0.4


@place("road, street, highway, path, way, lane, racetrack, track")
def _road(s: Stage) -> None:
    c = s.canvas
    c.below(s.line(s.horizon, 0.03), s.ink(0.4, 0.62, 0.32))
    c.below(s.line(s.horizon + 0.05, 0.01), s.ink(0.42, 0.68, 0.28))
    x, top = s.uniform(0.42, 0.58), s.horizon + 0.05
    c.polygon([(x - 0.03, top), (x + 0.03, top), (0.95, 1.02), (0.05, 1.02)], s.light((0.33, 0.34, 0.37)))
    for k in range(5):
        a, b = (k / 5) ** 1.6, ((k + 0.55) / 5) ** 1.6
        ya, yb = top + (1.02 - top) * a, top + (1.02 - top) * b
        xa, xb, wa, wb = x + (0.5 - x) * a, x + (0.5 - x) * b, 0.004 + 0.02 * a, 0.004 + 0.02 * b
        c.polygon([(xa - wa, ya), (xa + wa, ya), (xb + wb, yb), (xb - wb, yb)], s.light((0.98, 0.95, 0.8)))
    s.feet = 0.9


@place("lake, pond, lagoon, pool, swamp")
def _lake(s: Stage) -> None:
    c = s.canvas
    c.below(s.line(s.horizon - 0.05, 0.05), s.ink(0.4, 0.55, 0.5))
    c.below(s.line(s.horizon + 0.02, 0.02), s.ink(0.32, 0.58, 0.28))
    for _ in range(s.many(4, 7)):
        pine(s, s.uniform(0, 1), s.horizon + 0.07, s.uniform(0.12, 0.2), s.ink(0.13, 0.38, 0.22))
    c.ellipse(0.5, 0.8, 0.62, 0.2, s.light((0.25, 0.56, 0.8)))
    c.ellipse(0.5, 0.82, 0.55, 0.16, s.light((0.35, 0.66, 0.88)))
    ripples(s, 0.68, s.light((0.85, 0.95, 1.0)), 12)
    s.water, s.feet = 0.84, 0.84


@place("river, stream, creek, brook")
def _river(s: Stage) -> None:
    c = s.canvas
    c.below(s.line(s.horizon, 0.05), s.ink(0.45, 0.65, 0.4))
    c.below(s.line(s.horizon + 0.1, 0.01), s.ink(0.38, 0.66, 0.28))
    y = np.linspace(s.horizon + 0.1, 1.02, 14)
    near = (y - y[0]) / (y[-1] - y[0])
    middle = 0.5 + 0.2 * np.sin(5 * near + s.uniform(0, 6)) * (1 - near * 0.6)
    left, right = middle - 0.02 - 0.22 * near, middle + 0.02 + 0.22 * near
    c.polygon([*zip(left, y, strict=True), *zip(right[::-1], y[::-1], strict=True)], s.light((0.25, 0.56, 0.82)))
    ripples(s, 0.75, s.light((0.8, 0.93, 1.0)), 8)
    s.water, s.feet = 0.86, 0.88


@place("waterfall, waterfalls, falls, cascade")
def _waterfall(s: Stage) -> None:
    c, x = s.canvas, s.uniform(0.42, 0.58)
    rock, wide = s.ink(0.42, 0.4, 0.4), s.uniform(0.1, 0.15)
    c.below([(-0.05, 0.3), (x - wide - 0.2, 0.24), (x - wide, 0.28), (x + wide, 0.28), (x + wide + 0.22, 0.22), (1.05, 0.3)], rock)
    for _ in range(14):
        u, v = s.uniform(0, 1), s.uniform(0.32, 0.75)
        c.line([(u, v), (u + 0.02, v + s.uniform(0.06, 0.16))], 0.018, mixed(rock, (0, 0, 0), s.uniform(0.1, 0.3)))
    for side in (-1, 1):
        c.ellipse(x + side * 0.38, 0.25, 0.24, 0.07, s.ink(0.25, 0.52, 0.22))
    fall = s.light((0.72, 0.88, 0.98))
    c.polygon([(x - wide, 0.26), (x + wide, 0.26), (x + wide * 1.15, 0.82), (x - wide * 1.15, 0.82)], fall)
    for _ in range(10):
        u = x + s.uniform(-wide, wide)
        c.line([(u, s.uniform(0.27, 0.4)), (u + (u - x) * 0.15, s.uniform(0.6, 0.8))], 0.014, s.light((1, 1, 1)), 0.85)
    c.ellipse(0.5, 0.92, 0.75, 0.16, s.light((0.25, 0.58, 0.82)))
    for _ in range(9):
        c.ellipse(
            x + s.uniform(-wide * 1.4, wide * 1.4), s.uniform(0.77, 0.84), s.uniform(0.03, 0.055), None, s.light((0.97, 0.99, 1.0)), 0.85
        )
    s.water, s.feet = 0.92, 0.93


@place("castle, fortress, palace")
def _castle(s: Stage) -> None:
    _hill(s)
    c, stone = s.canvas, s.light(s.colour or (0.72, 0.7, 0.7))
    roof, dark = s.light(((0.75, 0.2, 0.2), (0.25, 0.3, 0.65), (0.5, 0.25, 0.5))[int(s.random.integers(3))]), mixed(stone, (0, 0, 0.1), 0.6)
    lamp = (1.0, 0.85, 0.4) if s.dark else dark
    c.rectangle(0.33, 0.5, 0.67, 0.76, stone)
    for k in range(5):
        c.rectangle(0.33 + 0.075 * k, 0.46, 0.37 + 0.075 * k, 0.52, stone)
    for x, top in ((0.29, 0.4), (0.71, 0.4), (0.5, 0.3)):
        c.rectangle(x - 0.065, top, x + 0.065, 0.76, mixed(stone, (0, 0, 0), 0.1))
        c.polygon([(x - 0.085, top + 0.01), (x, top - 0.17), (x + 0.085, top + 0.01)], roof)
        c.rectangle(x - 0.016, top + 0.07, x + 0.016, top + 0.13, lamp)
    c.rectangle(0.44, 0.63, 0.56, 0.77, dark)
    c.ellipse(0.5, 0.63, 0.06, None, dark)


@place("ice, arctic, antarctica, north pole, south pole, glacier, tundra, snowfield, iceberg, winter, snow, snowy field, winter landscape")
def _ice(s: Stage) -> None:
    c = s.canvas
    s.snowy = True
    for k in range(3):
        c.below(s.line(s.horizon + 0.12 * k, 0.035, 0.8), s.light(mixed((0.8, 0.87, 0.96), (0.98, 0.99, 1.0), k / 2)))
        if k == 0:
            for _ in range(s.many(2, 5)):
                pine(s, s.uniform(0, 1), s.horizon + 0.1, s.uniform(0.14, 0.24), s.light((0.2, 0.42, 0.36)))
    s.feet = 0.9


@place("cave, cavern, tunnel, mine")
def _cave(s: Stage) -> None:
    c, rock = s.canvas, s.light((0.3, 0.25, 0.24))
    c.rectangle(-0.1, -0.1, 1.1, 1.1, mixed(rock, (0, 0, 0), 0.55))
    c.glow(0.5, 0.45, 0.3, (0.75, 0.6, 0.4), 0.55)
    for k in range(9):
        x, long = (k + s.uniform(0.2, 0.8)) / 9, s.uniform(0.1, 0.3)
        c.polygon([(x - 0.08, -0.02), (x + 0.08, -0.02), (x, long)], mixed(rock, (0, 0, 0), s.uniform(0, 0.3)))
    c.below(s.line(0.8, 0.03), rock)
    s.feet = 0.9


@place("stage, theatre, theater, circus, concert, disco")
def _stage(s: Stage) -> None:
    c, x = s.canvas, s.uniform(0.3, 0.7)
    curtain: RGB = ((0.75, 0.08, 0.12), (0.5, 0.1, 0.5), (0.1, 0.25, 0.6))[int(s.random.choice(3, p=[0.6, 0.2, 0.2]))]
    c.rectangle(-0.1, -0.1, 1.1, 1.1, (0.12, 0.05, 0.1))
    c.polygon([(x - 0.08, -0.02), (x + 0.08, -0.02), (0.85, 0.9), (0.15, 0.9)], (1.0, 0.95, 0.7), 0.35)
    for side in (0, 1):
        for k in range(4):
            u = side + (1 - 2 * side) * (0.02 + 0.055 * k)
            c.polygon(
                [(u - 0.035, -0.02), (u + 0.035, -0.02), (u + 0.03, 0.85), (u - 0.03, 0.85)], mixed(curtain, (0, 0, 0), 0.18 * (k % 2))
            )
    c.rectangle(-0.1, 0.8, 1.1, 1.1, (0.5, 0.31, 0.18))
    c.ellipse(0.5, 0.89, 0.34, 0.07, (0.95, 0.85, 0.6), 0.6)
    s.feet = 0.92
