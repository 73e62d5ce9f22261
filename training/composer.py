"""Pictures with the truth about them: icons, shapes and patterns put together, and the sentences that describe them.

A picture is a background and layers (an icon or a shape, its place, size, turn and colour). Its maker also knows captions that are
*nearly* right (the colours changed, one thing more, left and right swapped): explicit negatives, without which an encoder learns to
ignore counts and word order.
"""

from __future__ import annotations

import colorsys
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from training.heldout import heldout

Array = np.ndarray
RGB = tuple[float, float, float]

# hue (turns), saturation and value: from, to
COLOURS: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "red": ((-0.025, 0.02), (0.75, 1.0), (0.7, 1.0)),
    "orange": ((0.055, 0.095), (0.8, 1.0), (0.9, 1.0)),
    "yellow": ((0.135, 0.17), (0.7, 1.0), (0.9, 1.0)),
    "green": ((0.27, 0.40), (0.55, 1.0), (0.4, 0.85)),
    "turquoise": ((0.465, 0.51), (0.5, 0.9), (0.65, 0.9)),
    "blue": ((0.57, 0.66), (0.6, 1.0), (0.55, 1.0)),
    "purple": ((0.735, 0.80), (0.5, 0.95), (0.45, 0.8)),
    "pink": ((0.88, 0.96), (0.28, 0.6), (0.95, 1.0)),
    "brown": ((0.05, 0.085), (0.55, 0.8), (0.35, 0.58)),
    "black": ((0.0, 1.0), (0.0, 0.3), (0.0, 0.12)),
    "grey": ((0.0, 1.0), (0.0, 0.06), (0.42, 0.68)),
    "white": ((0.0, 1.0), (0.0, 0.03), (0.96, 1.0)),
}
OTHER_WORDS = {"grey": ("grey", "gray"), "turquoise": ("turquoise", "teal", "cyan"), "purple": ("purple", "violet")}
COUNTS = {2: ("two", "a pair of", "2"), 3: ("three", "3"), 4: ("four", "4"), 5: ("five", "5"), 6: ("six", "6")}
SHAPES = (
    "circle",
    "square",
    "triangle",
    "star",
    "heart",
    "rectangle",
    "oval",
    "diamond",
    "hexagon",
    "pentagon",
    "cross",
    "crescent",
    "ring",
    "arrow",
)
RELATIONS: dict[str, tuple[tuple[str, ...], tuple[float, float]]] = {  # words, and where the first thing is, seen from the second
    "left": (("to the left of", "left of", "on the left of"), (-1, 0)),
    "right": (("to the right of", "right of", "on the right of"), (1, 0)),
    "above": (("above", "over", "on top of"), (0, -1)),
    "below": (("below", "under", "underneath", "beneath"), (0, 1)),
}
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
PLACES: dict[str, tuple[tuple[str, ...], tuple[float, float]]] = {
    "top left": (("in the top left corner", "at the top left"), (-1, -1)),
    "top right": (("in the top right corner", "at the top right"), (1, -1)),
    "bottom left": (("in the bottom left corner", "at the bottom left"), (-1, 1)),
    "bottom right": (("in the bottom right corner", "at the bottom right"), (1, 1)),
    "top": (("at the top",), (0, -1)),
    "bottom": (("at the bottom",), (0, 1)),
    "left": (("on the left", "on the left side"), (-1, 0)),
    "right": (("on the right", "on the right side"), (1, 0)),
}
SIZES = {"small": (("small", "tiny", "little"), (0.2, 0.32)), "big": (("big", "large", "huge"), (0.85, 1.0))}
ONE_SIDED = ("left", "right", "arrow", "letter", "number", "clock", "abc")  # icons of these names are never mirrored
SPOKEN = (  # all the other words that the composer's own sentences have
    *(word for words in OTHER_WORDS.values() for word in words),
    *(word for words in COUNTS.values() for word in words),
    *(word for words, _ in (*RELATIONS.values(), *PLACES.values(), *SIZES.values()) for word in words),
    "a an and of in on inside background picture drawing icon painting random many abstract noise colourful clutter half smooth from to",
    "checkerboard checks dots polka spiral target concentric circles rings gradient stripes horizontal vertical diagonal",
)


@dataclass
class Layer:
    icon: int
    centre: tuple[float, float] = (0.5, 0.5)
    size: float = 0.85  # of the frame's side
    turn: float = 0.0
    mirrored: bool = False
    colour: RGB | None = None


@dataclass
class Picture:
    caption: str
    background: Callable[[int], Array] | RGB  # a colour, or side -> (side, side, 3)
    layers: list[Layer] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def unseen(caption: str) -> bool:
    """Whether a caption is kept for the test: one in twenty, by its own letters, and every combination that is held out."""
    return zlib.crc32(caption.encode()) % 20 == 0 or heldout(caption)


def article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def plural(noun: str) -> str:
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def draw_shape(shape: str, side: int = 64) -> Array:
    """A black shape as straight RGBA (side, side, 4), from a drawing eight times as large."""
    n = side * 8
    image = Image.new("L", (n, n), 0)
    pen = ImageDraw.Draw(image)

    def polygon(points: Sequence[tuple[float, float]]) -> None:
        pen.polygon([((x + 1) / 2 * n, (y + 1) / 2 * n) for x, y in points], fill=255)

    def around(corners: int, radius: float = 0.95, start: float = -0.25) -> list[tuple[float, float]]:
        turns = [2 * np.pi * (start + k / corners) for k in range(corners)]
        return [(radius * np.cos(t), radius * np.sin(t)) for t in turns]

    if shape == "square":
        polygon([(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)])
    elif shape == "rectangle":
        polygon([(-0.95, -0.5), (0.95, -0.5), (0.95, 0.5), (-0.95, 0.5)])
    elif shape == "oval":
        polygon([(0.95 * x / 0.95, 0.6 * y / 0.95) for x, y in around(90)])
    elif shape == "diamond":
        polygon([(0, -0.95), (0.65, 0), (0, 0.95), (-0.65, 0)])
    elif shape == "star":
        outer, inner = around(5, 0.98), around(5, 0.4, -0.15)
        polygon([point for pair in zip(outer, inner, strict=True) for point in pair])
    elif shape == "heart":
        t = np.linspace(0, 2 * np.pi, 120)
        polygon(
            list(
                zip(
                    (np.sin(t) ** 3 * 0.95).tolist(),
                    (-(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 17 - 0.1).tolist(),
                    strict=True,
                )
            )
        )
    elif shape == "cross":
        polygon([(-0.25, -0.9), (0.25, -0.9), (0.25, 0.9), (-0.25, 0.9)])
        polygon([(-0.9, -0.25), (0.9, -0.25), (0.9, 0.25), (-0.9, 0.25)])
    elif shape == "arrow":
        polygon([(-0.95, -0.22), (0.1, -0.22), (0.1, -0.65), (0.95, 0), (0.1, 0.65), (0.1, 0.22), (-0.95, 0.22)])
    else:
        polygon(around({"triangle": 3, "hexagon": 6, "pentagon": 5}.get(shape, 90)))
        if shape in ("ring", "crescent"):
            shift, hole = (0.0, 0.6) if shape == "ring" else (0.4, 0.8)
            pen.ellipse([((shift - hole + 1) / 2 * n), ((1 - hole) / 2 * n), ((shift + hole + 1) / 2 * n), ((1 + hole) / 2 * n)], fill=0)
    alpha = np.asarray(image.resize((side, side), Image.Resampling.BOX))
    return np.concatenate([np.zeros((side, side, 3), np.uint8), alpha[..., None]], 2)


class Composer:
    """Makes batches of pictures and captions. ``icons``: array (N, 64, 64, 4) and descriptions as the gathering writes them."""

    def __init__(self, icons: Array, described: list[dict[str, object]], seed: int, scenes: Scenes | None = None):
        self.random = np.random.default_rng(seed)
        self.icons = described
        self.scenes = scenes
        shapes = np.stack([draw_shape(shape) for shape in SHAPES])
        pixels = torch.from_numpy(np.concatenate([np.ascontiguousarray(icons), shapes])).permute(0, 3, 1, 2)
        self.shape_at = {shape: len(icons) + k for k, shape in enumerate(SHAPES)}
        self.levels = [pixels]  # premultiplied, at 64, 32 and 16 pixels
        premultiplied = torch.empty_like(pixels)
        for start in range(0, len(pixels), 2048):
            part = pixels[start : start + 2048].float()
            part[:, :3] *= part[:, 3:] / 255
            premultiplied[start : start + 2048] = part.round().byte()
        self.levels = [premultiplied]
        for _ in range(2):
            big = self.levels[-1]
            self.levels.append(torch.cat([F.avg_pool2d(part.float(), 2).round().byte() for part in big.split(2048)]))
        self.emoji = self._those(lambda d: bool(d["emoji"]) and not d["mono"])
        self.emoji_mono = self._those(lambda d: bool(d["emoji"]) and bool(d["mono"]))
        self.mono = self._those(lambda d: bool(d["mono"]) and not d["emoji"])
        self.clipart = self._those(lambda d: not d["mono"] and not d["emoji"])
        self.neighbours: Array | None = None

    def _those(self, wanted: Callable[[dict[str, object]], bool]) -> Array:
        return np.array([n for n, d in enumerate(self.icons) if wanted(d) and d["captions"]], dtype=np.int64)

    # words

    def pick(self, options: Sequence[str]) -> str:
        return options[int(self.random.integers(len(options)))]

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def colour(self, *but: str) -> str:
        return self.pick([name for name in COLOURS if name not in but])

    def word(self, colour: str) -> str:
        return self.pick(OTHER_WORDS.get(colour, (colour,))) if self.chance(0.3) else colour

    def paint(self, colour: str) -> RGB:
        hue, saturation, value = (float(self.random.uniform(*span)) for span in COLOURS[colour])
        return colorsys.hsv_to_rgb(hue % 1, saturation, value)

    def name(self, icon: int) -> str:
        captions: list[str] = self.icons[icon]["captions"]  # type: ignore[assignment]
        return captions[0] if self.chance(0.55) else self.pick(captions)

    def sentence(self, noun: str) -> str:
        draw = self.random.random()
        if draw < 0.45:
            return noun
        if draw < 0.85:
            return article(noun)
        return self.pick(("a picture of ", "a drawing of ", "an icon of ", "a painting of ")) + article(noun)

    # pictures

    def free_background(self) -> tuple[Callable[[int], Array] | RGB, str | None]:
        """A background that a caption does not mention, or its colour, that it may."""
        draw = self.random.random()
        if draw < 0.45:
            return (1.0, 1.0, 1.0), None
        if draw < 0.75:
            colour = self.colour()
            return self.paint(colour), colour
        if draw < 0.85 or self.scenes is None:
            ends = np.array([self.paint(self.colour()), self.paint(self.colour())])
            turn = self.random.uniform(0, 2 * np.pi)

            def gradient(side: int) -> Array:
                y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
                t = np.clip(0.5 + 0.5 * (x * np.cos(turn) + y * np.sin(turn)), 0, 1)[..., None]
                return ends[0] * (1 - t) + ends[1] * t

            return gradient, None
        return self.scenes.draw(self.random)[0], None

    def pose(self, icon: int, size: tuple[float, float] = (0.6, 1.0), centre: tuple[float, float] | None = None) -> Layer:
        side = float(self.random.uniform(*size))
        room = max(0.0, 0.5 - side / 2) + 0.04
        if centre is None:
            centre = (0.5 + float(self.random.uniform(-room, room)), 0.5 + float(self.random.uniform(-room, room)))
        mirrored = False
        if icon < len(self.icons):
            text = " ".join(self.icons[icon]["captions"])  # type: ignore[arg-type]
            mirrored = self.chance(0.5) and not any(word in text for word in ONE_SIDED)
        turn = float(self.random.normal() * 0.12) if self.chance(0.7) else 0.0
        return Layer(icon, centre, side, turn, mirrored)

    def emoji_at(self, count: int) -> list[int]:
        """Emoji for a batch: some at random, some that mean nearly the same, since those are the ones worth telling apart."""
        if self.neighbours is None or count < 8:
            return [int(n) for n in self.random.choice(self.emoji, count)]
        chosen = [int(n) for n in self.random.choice(self.emoji, count - count // 2)]
        while len(chosen) < count:
            near = self.neighbours[int(self.random.integers(len(self.neighbours)))]
            chosen += [int(n) for n in self.random.choice(near, min(12, count - len(chosen)), replace=False)]
        return chosen

    def thing(self, icon: int) -> Picture:
        """One icon, by itself on something."""
        described = self.icons[icon]
        noun = self.name(icon)
        layer = self.pose(icon)
        background, behind = self.free_background()
        colour = described["colour"] if self.chance(0.3) else None
        if described["mono"] or (noun and self.chance(0.15)):
            colour = self.colour(behind or "white")
            layer.colour = self.paint(colour)
            if not self.chance(0.75):
                colour = None
        elif colour and not noun.startswith(tuple(COLOURS)):
            layer.colour = None
        else:
            colour = None
        return self._described(noun, str(colour) if colour else None, layer, background, behind)

    def _described(
        self, noun: str, colour: str | None, layer: Layer, background: Callable[[int], Array] | RGB, behind: str | None
    ) -> Picture:
        plain = noun
        if colour:
            noun = f"{self.word(colour)} {plain}"
        caption, wrong = self.sentence(noun), []
        if colour and self.chance(0.5):
            other = f"{self.colour(colour)} {plain}"
            wrong.append(caption.replace(article(noun), article(other)) if article(noun) in caption else caption.replace(noun, other))
        if behind and self.chance(0.55):
            other = self.colour(behind)
            ends = [f"on a {self.word(behind)} background", f"on {self.word(behind)}"]
            end = self.pick(ends)
            wrong = [f"{text} {end}" for text in wrong]
            if colour and other != colour and self.chance(0.6):  # the two colours change places
                swapped = f"{self.word(behind)} {plain}"
                wrong.append(f"{caption.replace(article(noun), article(swapped)).replace(noun, swapped)} on a {colour} background")
            elif self.chance(0.4):
                wrong.append(f"{caption} on a {other} background")
            caption = f"{caption} {end}"
        return Picture(caption, background, [layer], wrong)

    def shape(self) -> Picture:
        shape, colour = self.pick(SHAPES), self.colour("white")
        layer = self.pose(self.shape_at[shape], (0.4, 0.8))
        layer.turn = 0.0 if shape in ("square", "diamond", "cross", "rectangle") and self.chance(0.8) else layer.turn
        layer.colour = self.paint(colour)
        background, behind = ((1.0, 1.0, 1.0), None)
        if self.chance(0.6):
            behind = self.colour(colour)
            background = self.paint(behind)
        draw = self.random.random()
        if draw < 0.3:
            size = self.pick(tuple(SIZES))
            words, span = SIZES[size]
            layer.size = float(self.random.uniform(*span))
            opposite = SIZES["small" if size == "big" else "big"][0][0]
            said = self.pick(words)
            picture = self._described(shape, colour, layer, background, behind)
            before = picture.caption
            picture.caption = self._sized(before, said)
            picture.wrong = [self._sized(text, said) for text in picture.wrong] + [self._sized(before, opposite)]
            return picture
        if draw < 0.6:
            place = self.pick(tuple(PLACES))
            words, (x, y) = PLACES[place]
            layer.size = float(self.random.uniform(0.28, 0.42))
            far = 0.46 - layer.size / 2
            layer.centre = (0.5 + x * far, 0.5 + y * far)
            picture = self._described(shape, colour, layer, background, behind)
            said = self.pick(words)
            away = (-x, y) if x and (not y or self.chance(0.6)) else (x, -y)
            opposite = next(words for words, at in PLACES.values() if at == away)
            wrong = f"{picture.caption} {self.pick(opposite)}"
            picture.wrong = [f"{text} {said}" for text in picture.wrong] + [wrong]
            picture.caption = f"{picture.caption} {said}"
            return picture
        return self._described(shape, colour, layer, background, behind)

    @staticmethod
    def _sized(caption: str, size: str) -> str:
        said, on, ground = caption.partition(" on ")
        words = said.split()
        at = max((n for n, word in enumerate(words) if word in ("a", "an")), default=-1)
        if at >= 0:
            words[at] = "a"
        return " ".join([*words[: at + 1], size, *words[at + 1 :]]) + on + ground

    def _noun(self) -> tuple[int, str, str, RGB | None]:
        """A thing for compositions: icon, singular, plural, paint."""
        if self.chance(0.55):
            shape, colour = self.pick(SHAPES), self.colour("white")
            return self.shape_at[shape], f"{self.word(colour)} {shape}", f"{self.word(colour)} {plural(shape)}", self.paint(colour)
        icon = int(self.random.choice(self.emoji if self.chance(0.7) or not len(self.mono) else self.mono))
        noun = self.icons[icon]["captions"][0]  # type: ignore[index]
        if self.icons[icon]["mono"] or self.chance(0.3):
            colour = self.colour("white")
            return icon, f"{colour} {noun}", f"{colour} {plural(noun)}", self.paint(colour)
        return icon, noun, plural(noun), None

    def _plain_background(self, *but: str) -> tuple[RGB, str]:
        if self.chance(0.6):
            return (1.0, 1.0, 1.0), ""
        behind = self.colour(*but)
        return self.paint(behind), f" on a {behind} background" if self.chance(0.5) else ""

    def count(self) -> list[Picture]:
        """The same things in two numbers: each caption is the other's negative."""
        icon, one, many, paint = self._noun()
        background, end = self._plain_background(*one.split()[:1])
        both = [int(n) for n in self.random.choice(list(range(1, 7)), 2, replace=False)]
        said = {n: article(one) if n == 1 else f"{self.pick(COUNTS[n])} {many}" for n in range(1, 7)}
        pictures = []
        for number in both:
            other = next(n for n in both if n != number)
            third = int(self.random.choice([n for n in range(1, 7) if n not in both]))
            layers = []
            for centre, size in self._spread(number):
                layer = self.pose(icon, (size * 0.85, size), centre)
                layer.colour = paint
                layers.append(layer)
            pictures.append(Picture(said[number] + end, background, layers, [said[other] + end, said[third] + end]))
        return pictures

    def _spread(self, number: int) -> list[tuple[tuple[float, float], float]]:
        """Places for some things, apart from one another: rows, columns, grids, or at random."""
        if number == 1:
            return [
                (
                    (0.5 + float(self.random.uniform(-0.1, 0.1)), 0.5 + float(self.random.uniform(-0.1, 0.1))),
                    float(self.random.uniform(0.3, 0.75)),
                )
            ]
        draw = self.random.random()
        across = number if draw < 0.25 else 1 if draw < 0.4 else (number + 1) // 2 if number < 5 or draw < 0.7 else 3
        rows = -(-number // across)
        size = 0.9 / max(across, rows)
        out = []
        for k in range(number):
            row = k // across
            in_row = min(across, number - row * across)
            x = 0.5 + (k % across - (in_row - 1) / 2) * 0.92 / max(across, 2 if rows > 1 else 1)
            y = 0.5 + (row - (rows - 1) / 2) * 0.92 / max(rows, 1)
            shake = 0.08 * size
            out.append(
                (
                    (x + float(self.random.uniform(-shake, shake)), y + float(self.random.uniform(-shake, shake))),
                    size * float(self.random.uniform(0.75, 1.0)),
                )
            )
        return out

    def relation(self) -> list[Picture]:
        """Two things, and the same two with their places changed: each caption is the other's negative."""
        first, second = self._noun(), self._noun()
        while second[1] == first[1]:
            second = self._noun()
        relation = self.pick(tuple(RELATIONS))
        words, (x, y) = RELATIONS[relation]
        said, opposite = self.pick(words), self.pick(RELATIONS[OPPOSITE[relation]][0])
        background, end = self._plain_background(first[1].split()[0], second[1].split()[0])
        a, b = article(first[1]), article(second[1])
        size = float(self.random.uniform(0.36, 0.48))
        pictures = []
        for sign, (one, other) in ((1, (a, b)), (-1, (b, a))):
            layers = []
            for side, thing in ((sign, first), (-sign, second)):
                shake = self.random.uniform(-0.06, 0.06, 2)
                layer = self.pose(
                    thing[0], (size * 0.85, size * 1.1), (0.5 + side * x * 0.25 + float(shake[0]), 0.5 + side * y * 0.25 + float(shake[1]))
                )
                layer.colour = thing[3]
                layers.append(layer)
            caption = f"{one} {said} {other}{end}"
            wrong = [f"{other} {said} {one}{end}", f"{one} {opposite} {other}{end}"]
            if self.chance(0.4):
                caption, wrong = f"{other} {opposite} {one}{end}", [f"{one} {opposite} {other}{end}", f"{other} {said} {one}{end}"]
            pictures.append(Picture(caption, background, layers, wrong))
        return pictures

    def inside(self) -> list[Picture]:
        inner, outer = (self.pick(SHAPES) for _ in range(2))
        one, two = self.colour(), self.colour()
        while two == one:
            two = self.colour()
        outer = (
            self.pick(("circle", "square", "heart", "diamond", "hexagon"))
            if outer in ("ring", "crescent", "cross", "arrow", "star")
            else outer
        )
        end = self.pick(("inside", "in"))
        pictures = []
        for a, b in ((one, two), (two, one)):
            big, small = self.pose(self.shape_at[outer], (0.8, 0.95), (0.5, 0.5)), self.pose(self.shape_at[inner], (0.3, 0.38), (0.5, 0.52))
            small.colour, big.colour = self.paint(a), self.paint(b)
            caption, wrong = (f"{article(f'{p} {inner}')} {end} {article(f'{q} {outer}')}" for p, q in ((a, b), (b, a)))
            pictures.append(Picture(caption, (1.0, 1.0, 1.0) if "white" not in (a, b) else (0.6, 0.6, 0.6), [big, small], [wrong]))
        return pictures

    def pattern(self) -> Picture:
        one, two = self.colour(), self.colour()
        while two == one:
            two = self.colour()
        inks = np.array([self.paint(one), self.paint(two)])
        kind = self.pick(
            (
                "stripes",
                "horizontal stripes",
                "vertical stripes",
                "diagonal stripes",
                "checkerboard",
                "dots",
                "spiral",
                "target",
                "gradient",
                "halves",
            )
        )
        count, phase, turn = int(self.random.integers(3, 8)), float(self.random.uniform(0, 1)), float(self.random.uniform(0, np.pi))
        centre = self.random.uniform(-0.15, 0.15, 2)
        angle = {
            "horizontal stripes": np.pi / 2,
            "vertical stripes": 0.0,
            "diagonal stripes": np.pi / 4 + (np.pi / 2 if phase > 0.5 else 0),
        }.get(kind, float(self.random.choice([0, np.pi / 2])) if self.chance(0.7) else turn)

        def draw(side: int) -> Array:
            over = 3
            y, x = (np.mgrid[: side * over, : side * over] + 0.5) / (side * over) * 2 - 1
            u = (x * np.cos(angle) + y * np.sin(angle)) * count / 2
            v = (-x * np.sin(angle) + y * np.cos(angle)) * count / 2
            r = np.hypot(x - centre[0], y - centre[1])
            if "stripes" in kind:
                mix = (u + phase) % 1 < 0.5
            elif kind == "checkerboard":
                mix = ((np.floor(u * 1.4 + phase) + np.floor(v * 1.4 + phase)) % 2) > 0
            elif kind == "dots":
                mix = ((u * 1.4 + phase) % 1 - 0.5) ** 2 + ((v * 1.4) % 1 - 0.5) ** 2 > 0.09
            elif kind == "spiral":
                mix = (r * count / 2 + np.arctan2(y - centre[1], x - centre[0]) / (2 * np.pi) + phase) % 1 < 0.5
            elif kind == "target":
                mix = (r * count / 1.6) % 1 > 0.5
            elif kind == "gradient":
                mix = np.clip(0.5 + 0.5 * (x * np.cos(angle) + y * np.sin(angle)), 0, 1)
            else:
                mix = x * np.cos(angle) + y * np.sin(angle) > 0
            t = mix.astype(np.float64).reshape(side, over, side, over).mean((1, 3))[..., None]
            return inks[1] * (1 - t) + inks[0] * t

        a, b = self.word(one), self.word(two)
        forms: dict[str, tuple[str, ...]] = {
            "checkerboard": (f"{article(a)} and {b} checkerboard", f"{a} and {b} checks", f"a checkerboard of {a} and {b}"),
            "dots": (f"{b} dots on {a}", f"{b} dots on {article(a)} background", f"{b} polka dots on {a}"),
            "spiral": (f"{article(a)} and {b} spiral", f"a spiral of {a} and {b}"),
            "target": (f"{article(a)} and {b} target", f"{a} and {b} concentric circles", f"{a} and {b} rings"),
            "gradient": (f"a gradient of {a} and {b}", f"a smooth gradient from {a} to {b}"),
            "halves": (f"half {a}, half {b}", f"half {a} and half {b}"),
        }
        caption = self.pick(forms.get(kind, (f"{a} and {b} {kind}", f"{kind} in {a} and {b}")))
        other = self.colour(one, two)
        return Picture(caption, draw, [], [caption.replace(a, other, 1)] if self.chance(0.4) else [])

    def scene(self) -> Picture:
        assert self.scenes is not None
        draw, captions = self.scenes.draw(self.random)
        return Picture(self.pick(captions), draw)

    def things_in_scene(self) -> Picture:
        """An icon in a place that the caption names: "a cat at sunset"."""
        assert self.scenes is not None
        draw, captions = self.scenes.draw(self.random)
        icon = int(self.random.choice(self.emoji if self.chance(0.75) else self.mono if len(self.mono) else self.emoji))
        noun, layer = self.name(icon), self.pose(icon, (0.45, 0.7))
        if self.icons[icon]["mono"] or self.chance(0.2):
            colour = self.colour()
            layer.colour, noun = self.paint(colour), f"{colour} {noun}"
        layer.centre = (layer.centre[0], 0.95 - layer.size / 2)
        where = self.pick(self.scenes.places.get(captions[0], ())) if captions[0] in self.scenes.places else "in " + captions[0]
        return Picture(f"{article(noun)} {where}", draw, [layer])

    def noise(self) -> Picture:
        layers = []
        shape = self.pick(("circle", "triangle", "square", "rectangle", "oval"))
        for _ in range(int(self.random.integers(8, 24))):
            layer = self.pose(self.shape_at[shape], (0.1, 0.6), (float(self.random.random()), float(self.random.random())))
            layer.turn, layer.colour = float(self.random.uniform(0, 6.3)), self.paint(self.colour())
            layers.append(layer)
        return Picture(
            self.pick((f"random {plural(shape)}", f"many {plural(shape)}", "abstract noise", "colourful clutter")),
            self.paint(self.colour()),
            layers,
        )

    def pictures(self, count: int, shares: dict[str, float]) -> list[Picture]:
        """``count`` pictures of the kinds in these shares; none whose caption is kept for the test."""
        out: list[Picture] = []
        for kind, share in shares.items():
            wanted = round(count * share)
            if kind == "emoji":
                candidates = [self.thing(icon) for icon in self.emoji_at(wanted)]
            else:
                candidates = []
                while len(candidates) < wanted:
                    if kind in ("mono", "emoji_mono", "clipart"):
                        those = getattr(self, kind)
                        if not len(those):
                            break
                        candidates.append(self.thing(int(self.random.choice(those))))
                    else:
                        made = getattr(self, kind)()
                        candidates += made if isinstance(made, list) else [made]
            out += [picture for picture in candidates if not unseen(picture.caption)]
        while len(out) < count:
            out.append(self.thing(int(self.random.choice(self.emoji))))
        return out[:count]

    def render(self, pictures: Sequence[Picture], side: int) -> Tensor:
        """Pictures -> (n, 3, side, side) in [0, 1]."""
        canvas = np.empty((len(pictures), side, side, 3), np.float32)
        for out, picture in zip(canvas, pictures, strict=True):
            out[:] = picture.background(side) if callable(picture.background) else picture.background
        images = torch.from_numpy(canvas).permute(0, 3, 1, 2).contiguous()
        for rank in range(max((len(p.layers) for p in pictures), default=0)):
            rows = [n for n, p in enumerate(pictures) if rank < len(p.layers)]
            drawn = self.draw([pictures[n].layers[rank] for n in rows], side)
            images[rows] = drawn[:, :3] + images[rows] * (1 - drawn[:, 3:])
        return images.clamp_(0, 1)

    def draw(self, layers: Sequence[Layer], side: int) -> Tensor:
        """Layers -> premultiplied (n, 4, side, side), coloured."""
        out = torch.empty(len(layers), 4, side, side)
        pixels = np.array([layer.size for layer in layers]) * side
        level = np.where(pixels > 40, 0, np.where(pixels > 20, 1, 2))
        matrix = np.empty((len(layers), 2, 3), np.float32)
        for row, layer in zip(matrix, layers, strict=True):
            c, s = np.cos(layer.turn) / layer.size, np.sin(layer.turn) / layer.size
            x, y = (2 * v - 1 for v in layer.centre)
            row[:] = [[c, s, -c * x - s * y], [-s, c, s * x - c * y]]
            if layer.mirrored:
                row[0] *= -1
        for n, source in enumerate(self.levels):
            rows = np.flatnonzero(level == n)
            if len(rows):
                grid = F.affine_grid(torch.from_numpy(matrix[rows]), [len(rows), 4, side, side], align_corners=False)
                images = source[[layers[k].icon for k in rows]].float().div_(255)
                out[rows] = F.grid_sample(images, grid, align_corners=False)
        for n, layer in enumerate(layers):
            if layer.colour is not None:
                out[n, :3] = tinted(out[n], layer.colour)
        return out


def tinted(sprite: Tensor, colour: RGB) -> Tensor:
    """The premultiplied colours (3, h, w) of a sprite (4, h, w) in shades of one colour."""
    alpha = sprite[3]
    light = (sprite[:3] * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0)
    middle = light.sum() / alpha.sum().clamp_min(1e-3)
    if middle < 0.03:  # a black drawing: filled
        return torch.tensor(colour)[:, None, None] * alpha
    shade = ((light - middle * alpha) * 0.75)[None]
    return torch.minimum((torch.tensor(colour)[:, None, None] * alpha + shade).clamp_min(0), alpha)


class Scenes:
    """Scenes that were drawn beforehand: pictures (n, 3, 64, 64) as bytes, the captions of each, and how a thing is said to be in one."""

    def __init__(self, pixels: Array, captions: list[list[str]], places: dict[str, Sequence[str]]):
        self.pixels, self.captions, self.places = pixels, captions, places

    def draw(self, random: np.random.Generator) -> tuple[Callable[[int], Array], list[str]]:
        number = int(random.integers(len(self.pixels)))
        shift, gain = random.uniform(-0.04, 0.04, 3), random.uniform(0.9, 1.1)
        mirrored = bool(random.random() < 0.5) and not any("left" in c or "right" in c for c in self.captions[number])

        def picture(side: int) -> Array:
            pixels = torch.from_numpy(np.ascontiguousarray(self.pixels[number])).float()[None] / 255
            small = F.interpolate(pixels, size=(side, side), mode="area" if side < 64 else "bilinear")[0].permute(1, 2, 0).numpy()
            return np.clip((small[:, ::-1] if mirrored else small) * gain + shift, 0, 1)

        return picture, self.captions[number]


def load(data: Path, side: str, seed: int, scenes: Scenes | None = None) -> Composer:
    """The composer of the icons of one side ("guide", "judge") in a folder of data."""
    described = json.loads((data / f"icons-{side}.json").read_text())
    return Composer(np.load(data / f"icons-{side}.npy", mmap_mode="r"), described, seed, scenes)
