"""Draws the pictures that the embedded generator learns from: ``python -m training.portraits --out FOLDER``, then

    creativity train cppn FOLDER --output portraits.safetensors

People who never lived, of flat colours: every picture is some fifty numbers, all of which can change a little at a time, so that a
generator can learn what lies between any two. Made of nothing but the formulas below.
"""

from __future__ import annotations

import argparse
import colorsys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIDE, SAMPLES = 64, 2
"""Pixels a side, and places per pixel and direction that are averaged."""
COUNT, SEED = 10_000, 10

Floats = np.ndarray[Any, Any]


def portrait(random: np.random.Generator, side: int = SIDE) -> Floats:
    """One picture, uint8 (side, side, 3)."""
    places = (np.arange(side * SAMPLES) + 0.5) / (side * SAMPLES) * 2 - 1
    x, y = np.meshgrid(places, places)
    canvas = np.empty((*x.shape, 3))

    def between(low: float, high: float) -> float:
        return float(random.uniform(low, high))

    def about(middle: float, spread: float) -> float:
        return middle + spread * float(np.clip(random.standard_normal(), -2, 2))

    def lay(inside: Floats, colour: Floats, opacity: float = 1.0) -> None:
        part = opacity * np.asarray(inside, float)[..., None]
        canvas[:] = canvas * (1 - part) + colour * part

    # Colours: the ground and what stands before it lie apart on the wheel.
    hue = between(0, 1)
    high = _colour(hue, between(0.25, 0.75), between(0.35, 0.95))
    low = _colour(hue + about(0, 0.06), between(0.25, 0.75), between(0.35, 0.95))
    halo = _colour(hue + about(0.12, 0.1), between(0.3, 0.8), between(0.6, 1.0))
    cloth = _colour(hue + about(0.5, 0.14), between(0.4, 0.9), between(0.25, 0.9))
    scarf = _colour(hue + about(0.3, 0.2), between(0.3, 0.9), between(0.4, 1.0))
    skin = _skin(random)
    shade = skin * (0.66 + 0.1 * between(-1, 1)) * np.array([0.97, 0.9, 0.95])
    hair = _hair(random)
    lips = 0.45 * skin + 0.55 * _colour(about(0.98, 0.03), between(0.5, 0.9), between(0.5, 0.9))
    eyes = _colour(between(0, 1), between(0.3, 0.8), between(0.25, 0.75))
    dark = np.array([0.1, 0.08, 0.12])

    rise = (y[..., None] + 1) / 2
    canvas[:] = high * (1 - rise) + low * rise
    lay(np.hypot(x - about(0, 0.08), y - about(-0.12, 0.06)) < between(0.62, 0.92), halo)

    # The head leans and turns; u and v go with it.
    middle, lean, turn = about(-0.06, 0.02), about(0, 0.05), about(0, 0.4)
    shift = about(0, 0.015)
    u = (x - shift) * np.cos(lean) + (y - 0.4) * np.sin(lean)
    v = (y - 0.4) * np.cos(lean) - (x - shift) * np.sin(lean) + 0.4 - middle
    wide, tall, jaw = between(0.33, 0.43), between(0.47, 0.56), between(0.08, 0.32)
    head = _oval(u / (1 - jaw * np.clip(v / tall, -1, 1)), v, wide, tall)

    volume, length = between(0.04, 0.24), between(-0.1, 0.95)
    behind = _oval(u, np.where(v < 0, v, v * 0.25), wide + volume, tall + 0.6 * volume + 0.03) & (v < length + 0.1 * np.cos(3 * u))
    lay(behind, hair * 0.8)

    shoulders, top = between(0.55, 0.9), between(0.62, 0.8)
    lay((np.abs((x - shift) / shoulders) ** 2.6 + np.abs((1.35 - y) / (1.35 - top)) ** 2.6 < 1) | (y > 1.35), cloth)
    collar = between(0.0, 0.22)
    neck = between(0.13, 0.19)
    lay((np.abs(x - shift) < neck + collar * (top + 0.3 - y)) & (y < top + 0.06 + collar) & (y > 0.1), scarf)
    lay((np.abs(x - shift) < neck) & (y > 0.1) & (y < top + 0.04 - 0.5 * np.abs(x - shift)), shade)

    side = 0.24 * turn  # how far to a side the face looks
    for left in (-1, 1):
        lay(_oval(u - left * 0.97 * wide + 0.3 * side, v - 0.06, 0.07, 0.11), shade if left * turn > 0 else skin)
    lay(head, skin)
    light = 1.0 if turn > 0 else -1.0
    edge = side + light * 0.1 + 0.05 * np.cos(5 * v)
    lay(head & (light * (u - edge) < -0.12 + 0.18 * (v / tall) ** 2 * 0.5), shade, 0.55)

    cheeks = between(0.0, 0.5)
    apart, open_, size = between(0.15, 0.19), between(0.045, 0.1), between(0.105, 0.135)
    eye_at, gaze, slant = between(-0.03, 0.04), about(0, 0.02), about(0, 0.18)
    arch, lift, thick = between(0.0, 0.06), between(0.14, 0.19), between(0.02, 0.04)
    for left in (-1, 1):
        near = side + left * apart * (1 - 0.12 * left * turn)
        a, b = u - near, v - eye_at - left * slant * 0.25 * (u - near)
        lay(head & (np.hypot(a - left * 0.05, b - 0.2) < 0.09), lips, cheeks)
        almond = np.abs(b) < open_ * (1 - (a / size) ** 2)
        lay(almond, np.array([0.96, 0.95, 0.92]))
        iris = np.hypot(a - gaze, b + 0.006)
        lay(almond & (iris < 0.06), eyes)
        lay(almond & (iris < 0.028), dark)
        lid = b + open_ * (1 - (a / size) ** 2)
        lay((np.abs(a) < size) & (np.abs(lid) < 0.02), dark)
        brow = v - eye_at + lift + 0.6 * left * slant * (u - near) - arch * (a / 0.14) ** 2
        lay((np.abs(a) < 0.13) & (np.abs(brow) < thick * (1 - 0.5 * left * a / 0.13)), hair * 0.7)
    long = between(0.13, 0.22)
    nose = u - side * 1.35
    along = (v - eye_at) / (long + 0.04)
    lay((along > 0.1) & (along < 1) & (light * nose < 0.012) & (light * nose > -0.015 - 0.06 * along), shade, 0.9)

    mouth_at, broad, smile = eye_at + long + between(0.12, 0.16), between(0.12, 0.2), about(0.03, 0.035)
    full, gap = between(0.03, 0.055), max(0.0, about(0.0, 0.025))
    m = (u - side) / broad
    line = v - mouth_at - smile * (1 - 2 * m**2)
    bow = 1 - m**2
    lay((np.abs(m) < 1) & (line > -(full * 0.8 + gap) * bow * (1 - 0.25 * np.exp(-18 * m**2))) & (line < (full + gap) * bow), lips)
    lay((np.abs(m) < 1) & (np.abs(line) < (gap + 0.007) * bow), dark)

    # Hair before the face: a fringe with a parting, and what falls at the sides.
    fringe, part, sweep = between(0.08, 0.3), about(0, 0.16), about(0, 0.5)
    strands = -tall + fringe + 0.9 * (u - part) ** 2 + sweep * (u - part) * 0.5
    sides = between(-0.5, 0.35)
    cap = _oval(u, v, wide + 0.02 + 0.35 * volume, tall + 0.03 + 0.5 * volume)
    lay(cap & (v < strands), hair)
    lay(cap & (np.abs(u) > wide * (0.9 - 0.12 * volume)) & (v < sides), hair)
    ring = max(0.0, about(0.01, 0.025))
    for left in (-1, 1):
        lay(np.hypot(u - left * wide + 0.3 * side, v - 0.2 - ring) < ring, scarf)

    small = canvas.reshape(side_ := x.shape[0] // SAMPLES, SAMPLES, side_, SAMPLES, 3).mean((1, 3))
    return np.rint(255 * small.clip(0, 1)).astype(np.uint8)


def _oval(u: Floats, v: Floats, wide: float, tall: float) -> Floats:
    return np.abs(u / wide) ** 2.2 + np.abs(v / tall) ** 2.2 < 1


def _colour(hue: float, saturation: float, brightness: float) -> Floats:
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, brightness))


def _skin(random: np.random.Generator) -> Floats:
    """From dark to light; one in six has the colour of nobody."""
    tones = np.array([[0.29, 0.17, 0.13], [0.49, 0.3, 0.2], [0.7, 0.47, 0.33], [0.87, 0.66, 0.51], [0.97, 0.84, 0.73]])
    at = random.uniform(0, len(tones) - 1.001)
    tone = tones[int(at)] * (1 - at % 1) + tones[int(at) + 1] * (at % 1)
    if random.random() < 1 / 6:
        tone = 0.35 * tone + 0.65 * _colour(random.random(), random.uniform(0.2, 0.5), random.uniform(0.6, 0.95))
    return tone


def _hair(random: np.random.Generator) -> Floats:
    if random.random() < 1 / 4:
        return _colour(random.random(), random.uniform(0.4, 0.85), random.uniform(0.35, 0.95))
    return _colour(random.uniform(0.02, 0.12), random.uniform(0.2, 0.8), random.uniform(0.1, 0.9) ** 1.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for number in range(args.count):
        picture = portrait(np.random.default_rng((args.seed, number)))
        Image.fromarray(picture).save(args.out / f"{number:05}.png")


if __name__ == "__main__":
    main()
