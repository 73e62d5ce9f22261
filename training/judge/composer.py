"""What the judge learns from: icons, shapes and scenes put together on the fly, sentences that say what is there, and some that do not."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numba
import numpy as np

from training.judge.drawing import INKS, PATTERNS, SCENES, Pen, ink, rasterised, shapes, spoken

Array = np.ndarray
SIDE = 64
AS_IS, FLAT, TINTED = 0, 1, 2
COUNTS = {
    2: ("two", "two", "a pair of", "2"),
    3: ("three", "three", "3"),
    4: ("four", "four", "4"),
    5: ("five", "five", "5"),
    6: ("six", "six", "6"),
}
BESIDE = {
    (-1, 0): ("to the left of", "left of", "on the left of", "on the left side of"),
    (1, 0): ("to the right of", "right of", "on the right of", "on the right side of"),
    (0, -1): ("above", "over", "on top of", "higher than"),
    (0, 1): ("below", "under", "underneath", "beneath"),
}
CORNERS = {(-1, -1): "top left", (1, -1): "top right", (-1, 1): "bottom left", (1, 1): "bottom right"}
SHARES = {
    "emoji": 0.40, "tinted": 0.10, "silhouette": 0.07, "mono": 0.07, "clipart": 0.05, "two": 0.09, "several": 0.06,
    "shape": 0.03, "shapes": 0.025, "shape_pair": 0.04, "inside": 0.01, "scene": 0.055, "pattern": 0.02,
}  # fmt: skip
UNCOUNTED = (
    "cherries",
    "grapes",
    "scissors",
    "glasses",
    "shorts",
    "jeans",
    "trousers",
    "sheep",
    "fish",
    "stairs",
    "olives",
    "sunglasses",
    "beans",
    "peanuts",
)

IRREGULAR = {
    "mouse": "mice", "man": "men", "woman": "women", "person": "people", "child": "children", "leaf": "leaves", "knife": "knives",
    "wolf": "wolves", "tooth": "teeth", "foot": "feet", "goose": "geese", "cactus": "cacti", "tomato": "tomatoes", "potato": "potatoes",
}  # fmt: skip


@numba.njit(cache=True, fastmath=True)
def paint(
    out: Array,
    flat: Array,
    slope: Array,
    backs: Array,
    back_of: Array,
    window: Array,
    sprites: Array,
    row: Array,
    place: Array,
    mode: Array,
    rgb: Array,
) -> None:
    """Backgrounds and sprites -> pictures ``out`` (B, S, S, 3) in [0, 1], each pixel the mean of 2 x 2 or more samples."""
    count, size = out.shape[0], out.shape[1]
    for b in range(count):
        k = back_of[b]
        for y in range(size):
            for x in range(size):
                if k < 0:
                    t = min(max(0.5 + slope[b, 0] * ((x + 0.5) / size - 0.5) + slope[b, 1] * ((y + 0.5) / size - 0.5), 0.0), 1.0)
                    for c in range(3):
                        out[b, y, x, c] = flat[b, 0, c] * (1 - t) + flat[b, 1, c] * t
                else:
                    r = g = bl = 0.0
                    for j in range(2):
                        for i in range(2):
                            u = window[b, 0] + (x + 0.25 + 0.5 * i) / size * window[b, 2]
                            v = window[b, 1] + (y + 0.25 + 0.5 * j) / size * window[b, 2]
                            if window[b, 3] < 0:
                                u = 1 - u
                            p, q = min(max(int(u * 64), 0), 63), min(max(int(v * 64), 0), 63)
                            r += backs[k, q, p, 0]
                            g += backs[k, q, p, 1]
                            bl += backs[k, q, p, 2]
                    out[b, y, x, 0] = r / 1020
                    out[b, y, x, 1] = g / 1020
                    out[b, y, x, 2] = bl / 1020
    for n in range(len(row)):
        b = row[n]
        cx, cy, half, cos, sin, flip = place[n, 0] * size, place[n, 1] * size, place[n, 2] * size, place[n, 3], place[n, 4], place[n, 5]
        reach = half * (abs(cos) + abs(sin))
        samples = min(max(2, int(np.ceil(32 / half))), 4)
        for y in range(max(0, int(cy - reach)), min(size, int(cy + reach) + 1)):
            for x in range(max(0, int(cx - reach)), min(size, int(cx + reach) + 1)):
                r = g = bl = a = 0.0
                for j in range(samples):
                    for i in range(samples):
                        dx, dy = x + (i + 0.5) / samples - cx, y + (j + 0.5) / samples - cy
                        u, v = (cos * dx + sin * dy) * flip / half, (cos * dy - sin * dx) / half
                        if abs(u) >= 1 or abs(v) >= 1:
                            continue
                        p, q = int((u + 1) * 32), int((v + 1) * 32)
                        alpha = sprites[n, q, p, 3] / 255
                        if alpha > 0:
                            a += alpha
                            r += alpha * sprites[n, q, p, 0]
                            g += alpha * sprites[n, q, p, 1]
                            bl += alpha * sprites[n, q, p, 2]
                if a > 0:
                    r, g, bl = r / (a * 255), g / (a * 255), bl / (a * 255)
                    a /= samples * samples
                    if mode[n] == 1:  # the colour alone, under whatever light the drawing has
                        light = 0.3 * r + 0.59 * g + 0.11 * bl
                        r, g, bl = rgb[n, 0] * light, rgb[n, 1] * light, rgb[n, 2] * light
                    elif mode[n] == 2:  # dark to the colour to lighter
                        light = 0.3 * r + 0.59 * g + 0.11 * bl
                        dark, pale = min(0.25 + 1.25 * light, 1.0), max(light - 0.62, 0.0) * 1.1
                        r, g, bl = rgb[n, 0] * dark, rgb[n, 1] * dark, rgb[n, 2] * dark
                        r, g, bl = r + (1 - r) * pale, g + (1 - g) * pale, bl + (1 - bl) * pale
                    out[b, y, x, 0] += a * (r - out[b, y, x, 0])
                    out[b, y, x, 1] += a * (g - out[b, y, x, 1])
                    out[b, y, x, 2] += a * (bl - out[b, y, x, 2])


@dataclass
class Layer:
    sprite: int  # negative: a shape
    x: float = 0.5
    y: float = 0.5
    size: float = 0.8
    turn: float = 0.0
    flip: bool = False
    mode: int = AS_IS
    rgb: Sequence[int] = (0, 0, 0)


@dataclass
class Picture:
    caption: str
    layers: list[Layer] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    also: Sequence[str] = ()  # what could be said of it too
    flat: tuple[Sequence[int], Sequence[int]] = ((255, 255, 255), (255, 255, 255))
    slope: tuple[float, float] = (0.0, 0.0)
    back: int = -1
    still: bool = True  # the background is shown whole and unmirrored


def kept(caption: str) -> bool:
    """Whether a caption of something composed is kept for the test: one in twenty, by its own letters."""
    return zlib.crc32(f"judge: {caption}".encode()) % 20 == 0


def article(noun: str) -> str:
    if noun.endswith("s") and not noun.endswith(("ss", "us", "is", "bus", "as")):
        return noun
    return f"an {noun}" if noun[:1] in "aeiou" and not noun.startswith(("uni", "use", "euro", "one")) else f"a {noun}"


def plural(noun: str) -> str:
    last = noun.rsplit(" ", 1)[-1]
    if last in UNCOUNTED or last.endswith("fish"):
        return noun
    if last in IRREGULAR:
        return noun[: -len(last)] + IRREGULAR[last]
    if last.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    if last.endswith("y") and last[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


class Pool:
    """Scenes and patterns that are drawn already; a few are drawn anew for each batch."""

    def __init__(self, random: np.random.Generator, size: int):
        self.random = random
        self.pixels = np.zeros((size, SIDE, SIDE, 3), np.uint8)
        self.captions: list[list[str]] = [[] for _ in range(size)]
        self.places: list[tuple[str, ...]] = [() for _ in range(size)]
        self.scenes, self.at = list(SCENES), 0
        self.patterns = size // 4  # the first quarter is patterns, the rest scenes
        self.refresh(size)

    def refresh(self, count: int) -> None:
        for _ in range(count):
            at = self.at
            self.at = (at + 1) % len(self.pixels)
            if at < self.patterns:
                make, places = PATTERNS[int(self.random.integers(len(PATTERNS)))], tuple[str, ...]()
            else:
                make = self.scenes[int(self.random.integers(len(self.scenes)))]
                places = SCENES[make]
            svg, self.captions[at] = make(Pen(self.random))
            self.pixels[at], self.places[at] = rasterised(svg)[..., :3], places


class Composer:
    def __init__(self, data: Path, seed: int, pool: int = 5000, side: str = "judge"):
        self.random = np.random.default_rng(seed)
        self.icons = np.load(data / f"icons-{side}.npy")
        self.described = json.loads((data / f"icons-{side}.json").read_text())
        self.shapes, self.shape_names = shapes()
        self.pool = Pool(np.random.default_rng([seed, 1]), pool)
        self.backs = [n for n in range(pool) if n >= self.pool.patterns]
        by_code: dict[str, list[int]] = {}
        self.silhouettes: list[int] = []
        self.monos: list[int] = []
        self.clips: list[int] = []
        for n, one in enumerate(self.described):
            if one["mono"]:
                (self.silhouettes if one["emoji"] else self.monos).append(n)
            elif one["emoji"]:
                by_code.setdefault(one["emoji"], []).append(n)
            else:
                self.clips.append(n)
        self.emoji = list(by_code.values())
        weight = np.array([self.weight(code) for code in by_code])
        self.likely = (weight / weight.sum()).cumsum()
        self.things = [n for n, code in enumerate(by_code) if self.weight(code) == 1]
        self.redrawn: tuple[Array, list[str], Array] | None = None

    @staticmethod
    def weight(code: str) -> float:
        """Things are shown more often than faces, people in all their trades, and signs."""
        first = int(code.split("-")[0], 16)
        if "-200d" in code or 0x1F466 <= first <= 0x1F487:
            return 0.35
        if 0x1F600 <= first <= 0x1F64F or 0x1F910 <= first <= 0x1F92F:
            return 0.5
        return 0.4 if first < 0x1F300 or 0x1F500 <= first <= 0x1F5FF or 0x1F6AA <= first <= 0x1F6C5 else 1.0

    # choices

    def pick(self, choices: Sequence[str]) -> str:
        return choices[int(self.random.integers(len(choices)))]

    def chance(self, p: float) -> bool:
        return bool(self.random.random() < p)

    def colour(self, *but: str) -> str:
        while (name := list(INKS)[int(self.random.integers(len(INKS)))]) in but:
            pass
        return name

    def an_emoji(self, thing: bool = False) -> int:
        group = (
            self.emoji[self.things[int(self.random.integers(len(self.things)))]]
            if thing
            else self.emoji[int(np.searchsorted(self.likely, self.random.random()))]
        )
        return group[int(self.random.integers(len(group)))]

    def name(self, icon: int, coloured: bool = True, plain: bool = False) -> str:
        """One of an icon's names: the first most often; without its colour where the colour is changed."""
        names = self.described[icon]["captions"]
        if not coloured:
            names = [n for n in names if not any(w in INKS or w in ("gray", "teal", "violet") for w in n.split())] or names
        if plain or len(names) == 1 or self.chance(0.55):
            return str(names[0])
        return str(names[int(self.random.integers(1, len(names)))])

    def names(self, icon: int) -> list[str]:
        return [text for noun in self.described[icon]["captions"] for text in (noun, article(noun))]

    # what lies behind

    def behind(self, picture: Picture, *but: str, scene: float = 0.22, said: str = "") -> None:
        """Gives a picture of things a background, and its caption the words for it."""
        p = self.random.random()
        if p < scene:
            picture.back = self.backs[int(self.random.integers(len(self.backs)))]
            places = self.pool.places[picture.back]
            if places:
                picture.still = False
                if self.chance(0.85):
                    self.say(picture, self.pick(places))
                return
            picture.back = -1
        if p < 0.55 - 0.1 * self.random.random():
            if self.chance(0.12):
                self.say(picture, "on a white background")
            return
        name = self.colour(*but)
        rgb = ink(self.random, name)
        if p > 0.9:
            other = ink(self.random, self.colour(*but))
            picture.flat, picture.slope = (rgb, other), ((0.0, 1.0), (1.0, 0.0), (0.7, 0.7))[int(self.random.integers(3))]
            return
        picture.flat = (rgb, rgb)
        if self.chance(0.75):
            word = spoken(self.random, name)
            self.say(
                picture,
                self.pick(
                    (
                        f"on {article(word)} background",
                        f"on {article(word)} background",
                        f"on {word}",
                        f"in front of {article(word)} background",
                        f"against {article(word)} wall",
                    )
                ),
            )

    def say(self, picture: Picture, more: str) -> None:
        picture.caption = f"{picture.caption} {more}"
        picture.wrong = [f"{text} {more}" for text in picture.wrong]

    def one(self, layer: Layer, noun: str) -> tuple[str, Layer]:
        """A single thing somewhere: mostly large in the middle, at times small, or in a corner, and then the words say so."""
        r = self.random
        layer.flip, layer.turn = layer.flip or self.chance(0.4), float(r.normal(0, 0.08))
        if self.chance(0.82):
            layer.size = float(r.uniform(0.55, 0.98))
            slack = (1 - layer.size) / 2 + 0.02
            layer.x, layer.y = 0.5 + float(r.uniform(-slack, slack)), 0.5 + float(r.uniform(-slack, slack))
            return (f"a big {noun}" if layer.size > 0.9 and self.chance(0.3) else self.bare(noun)), layer
        if self.chance(0.5):
            layer.size = float(r.uniform(0.25, 0.4))
            layer.x, layer.y = 0.5 + float(r.uniform(-0.12, 0.12)), 0.5 + float(r.uniform(-0.12, 0.12))
            return self.pick((f"a small {noun}", f"a little {noun}", f"a tiny {noun}")), layer
        (a, b), words = list(CORNERS.items())[int(r.integers(4))]
        layer.size = float(r.uniform(0.3, 0.45))
        layer.x, layer.y = 0.5 + a * float(r.uniform(0.22, 0.3)), 0.5 + b * float(r.uniform(0.22, 0.3))
        return f"{article(noun)} {self.pick(('in the', 'at the'))} {words}{self.pick((' corner', ''))}", layer

    def bare(self, noun: str) -> str:
        p = self.random.random()
        if p < 0.36:
            return noun
        if p < 0.8:
            return article(noun)
        return f"{self.pick(('a picture of', 'a drawing of', 'an icon of', 'an emoji of', 'an image of'))} {article(noun)}"

    # kinds of pictures

    def emoji_picture(self) -> Picture:
        icon = self.an_emoji()
        said, layer = self.one(Layer(icon), self.name(icon))
        picture = Picture(said, [layer], also=self.names(icon))
        self.behind(picture, self.described[icon]["colour"] or "")
        return picture

    def coloured(self, icon: int, mode: int) -> Picture:
        name = self.colour()
        noun = self.name(icon, coloured=False)
        said, layer = self.one(Layer(icon, mode=mode, rgb=ink(self.random, name)), "@" + noun)
        word = spoken(self.random, name)

        def whole(colour: str) -> str:
            text = said.replace("a @", article(f"{colour} ")).replace("an @", article(f"{colour} ")).replace("@", f"{colour} ")
            return text

        mute = mode == FLAT and name in ("black", "grey") and self.chance(0.3)
        picture = Picture(
            said.replace("a @", article(noun)[: -len(noun)]).replace("@", "") if mute else whole(word), [layer], also=self.names(icon)
        )
        if not mute:
            picture.wrong = [whole(self.colour(name))]
        but = [name] + (["white"] if name == "white" else [])
        if name == "white":
            rgb_name = self.colour("white", "yellow")
            rgb = ink(self.random, rgb_name)
            picture.flat = (rgb, rgb)
            if self.chance(0.8):
                self.say(picture, f"on {article(spoken(self.random, rgb_name))} background")
        else:
            self.behind(picture, *but, scene=0.2)
        return picture

    def tinted_picture(self) -> Picture:
        return self.coloured(self.an_emoji(thing=self.chance(0.8)), TINTED)

    def silhouette_picture(self) -> Picture:
        return self.coloured(self.silhouettes[int(self.random.integers(len(self.silhouettes)))], FLAT)

    def mono_picture(self) -> Picture:
        return self.coloured(self.monos[int(self.random.integers(len(self.monos)))], FLAT)

    def clipart_picture(self) -> Picture:
        icon = self.clips[int(self.random.integers(len(self.clips)))]
        said, layer = self.one(Layer(icon), self.name(icon))
        picture = Picture(said, [layer], also=self.names(icon))
        self.behind(picture, self.described[icon]["colour"] or "", scene=0.08)
        return picture

    def thing(self) -> tuple[str, Layer]:
        """A noun phrase without article and its layer; a third are in a colour that is named."""
        icon = self.an_emoji(thing=True)
        if self.chance(0.35):
            name = self.colour("white")
            return f"{spoken(self.random, name)} {self.name(icon, coloured=False, plain=True)}", Layer(
                icon, mode=TINTED, rgb=ink(self.random, name), flip=self.chance(0.4)
            )
        return self.name(icon, plain=True), Layer(icon, flip=self.chance(0.4))

    def shape_thing(self, *but: str) -> tuple[str, Layer, str]:
        n = int(self.random.integers(len(self.shapes)))
        name = self.colour(*but)
        return f"{spoken(self.random, name)} {self.shape_names[n]}", Layer(-1 - n, mode=FLAT, rgb=ink(self.random, name)), name

    def related(self, first: tuple[str, Layer], second: tuple[str, Layer]) -> Picture:
        """Two things beside or above one another, and what it is if they change places."""
        r = self.random
        way = list(BESIDE)[int(r.integers(4))]
        back = (-way[0], -way[1])
        (a, one), (b, two) = first, second
        along = float(r.uniform(0.21, 0.27))
        for layer, sign in ((one, 1), (two, -1)):
            layer.size = float(r.uniform(0.36, 0.5))
            layer.x, layer.y = (
                0.5 + sign * way[0] * along + float(r.normal(0, 0.03)),
                0.5 + sign * way[1] * along + float(r.normal(0, 0.03)),
            )
        a, b, words, words_back = article(a), article(b), BESIDE[way], BESIDE[back]
        if self.chance(0.12):
            return Picture(f"{a} and {b}", [one, two])
        if self.chance(0.2):
            left, right = (
                (("on the left", "on the right") if way[0] < 0 else ("on the right", "on the left"))
                if way[0]
                else (("above", "below") if way[1] < 0 else ("below", "above"))
            )
            return Picture(f"{a} {left} and {b} {right}", [one, two], [f"{b} {left} and {a} {right}", f"{a} {right} and {b} {left}"])
        word = self.pick(words)
        return Picture(f"{a} {word} {b}", [one, two], [f"{b} {word} {a}", f"{a} {self.pick(words_back)} {b}"])

    def two_picture(self) -> Picture:
        first, second = self.thing(), self.thing()
        while second[0] == first[0]:
            second = self.thing()
        picture = self.related(first, second)
        self.behind(picture, scene=0.06)
        return picture

    def shape_pair_picture(self) -> Picture:
        a, one, name = self.shape_thing()
        b, two, other = self.shape_thing()
        while a == b:
            b, two, other = self.shape_thing()
        picture = self.related((a, one), (b, two))
        self.behind_shapes(picture, name, other)
        return picture

    def behind_shapes(self, picture: Picture, *but: str) -> None:
        if "white" not in but and self.chance(0.5):
            if self.chance(0.3):
                self.say(picture, "on a white background")
            return
        name = self.colour(*but)
        rgb = ink(self.random, name)
        picture.flat = (rgb, rgb)
        if self.chance(0.75):
            self.say(picture, self.pick((f"on {article(name)} background", f"on {name}", f"on {article(name)} ground")))

    def alike(self, noun: str, make: Layer, picture: Picture | None = None) -> Picture:
        """Some of one thing, in a row or strewn without touching, and what it is with another count."""
        r = self.random
        count = int(r.integers(2, 7))
        size = {2: 0.42, 3: 0.36, 4: 0.34, 5: 0.29, 6: 0.27}[count] * float(r.uniform(0.75, 1.0))
        layout = r.random()
        if layout < 0.3 and count <= 4:
            size = min(size, 0.92 / count)
            spots = [((i + 0.5) / count, 0.5 + float(r.normal(0, 0.04))) for i in range(count)]
        elif layout < 0.55:
            rows = 2 if count > 2 else 1
            across = -(-count // rows)
            size = min(size, 0.9 / max(across, rows))
            spots = [((i % across + 0.5) / across, (i // across + 0.5) / rows) for i in range(count)]
        else:
            spots = []
            while len(spots) < count:
                spots = []
                for _ in range(60):
                    spot = (float(r.uniform(size / 2, 1 - size / 2)), float(r.uniform(size / 2, 1 - size / 2)))
                    if all((spot[0] - u) ** 2 + (spot[1] - v) ** 2 > size**2 for u, v in spots):
                        spots.append(spot)
                        if len(spots) == count:
                            break
                size *= 0.96
        layers = [Layer(make.sprite, x, y, size * 0.97, float(r.normal(0, 0.1)), make.flip, make.mode, make.rgb) for x, y in spots]
        many = plural(noun)
        others = [c for c in COUNTS if c != count]
        wrong = [f"{COUNTS[c][0]} {many}" for c in r.choice(others, 2, replace=False)] + [article(noun)]
        return Picture(f"{self.pick(COUNTS[count])} {many}", layers, wrong)

    def several_picture(self) -> Picture:
        picture = self.alike(*self.thing())
        self.behind(picture, scene=0.06)
        return picture

    def shapes_picture(self) -> Picture:
        noun, layer, name = self.shape_thing()
        picture = self.alike(noun, layer)
        self.behind_shapes(picture, name)
        return picture

    def shape_picture(self) -> Picture:
        noun, layer, name = self.shape_thing()
        said, layer = self.one(layer, noun)
        layer.flip, layer.turn = False, layer.turn * 0.7
        picture = Picture(said, [layer], [said.replace(noun.split()[0], self.colour(name), 1)])
        if self.chance(0.12):
            picture.back = self.backs[int(self.random.integers(len(self.backs)))]
            if self.pool.places[picture.back]:
                self.say(picture, self.pick(self.pool.places[picture.back]))
                return picture
            picture.back = -1
        self.behind_shapes(picture, name)
        return picture

    def inside_picture(self) -> Picture:
        a, one, name = self.shape_thing()
        n = self.shape_names.index(self.pick(("circle", "square", "hexagon", "heart", "diamond")))
        other = self.colour(name)
        b, two = f"{other} {self.shape_names[n]}", Layer(-1 - n, mode=FLAT, rgb=ink(self.random, other))
        two.size, one.size = float(self.random.uniform(0.75, 0.95)), float(self.random.uniform(0.28, 0.38))
        word = self.pick(("inside", "in", "within"))
        picture = Picture(f"{article(a)} {word} {article(b)}", [two, one], [f"{article(b)} {word} {article(a)}"])
        self.behind_shapes(picture, name, other)
        return picture

    def scene_picture(self) -> Picture:
        back = self.backs[int(self.random.integers(len(self.backs)))]
        return Picture(self.pick(self.pool.captions[back]), back=back, still=False, also=self.pool.captions[back])

    def pattern_picture(self) -> Picture:
        back = int(self.random.integers(self.pool.patterns))
        return Picture(self.pick(self.pool.captions[back]), back=back, also=self.pool.captions[back])

    def picture(self, kind: str) -> Picture:
        """A picture of a kind, never with a caption that is kept for the test (the plain names of icons and scenes never are)."""
        while True:
            picture: Picture = getattr(self, f"{kind}_picture")()
            if kind in ("emoji", "clipart", "scene") or not kept(picture.caption):
                picture.wrong = [text for text in picture.wrong if not kept(text)]
                return picture

    def pictures(self, count: int, shares: dict[str, float] = SHARES) -> list[Picture]:
        self.pool.refresh(10)
        kinds, likely = list(shares), np.array(list(shares.values()))
        return [self.picture(kinds[k]) for k in self.random.choice(len(kinds), count, p=likely / likely.sum())]

    def examples(self, kinds: Sequence[str], count: int) -> list[Picture]:
        """Pictures of each of these kinds, ``count`` or as many as are found, with different captions that no training has shown."""
        out: dict[str, Picture] = {}
        for kind in kinds:
            until = len(out) + count
            for _ in range(400 * count):
                picture: Picture = getattr(self, f"{kind}_picture")()
                if kept(picture.caption):
                    out.setdefault(picture.caption, picture)
                    if len(out) == until:
                        break
        return list(out.values())

    def render(self, pictures: Sequence[Picture], size: int) -> Array:
        """Pictures (B, size, size, 3) in [0, 1]."""
        count, r = len(pictures), self.random
        out = np.empty((count, size, size, 3), np.float32)
        layers = [(n, layer) for n, picture in enumerate(pictures) for layer in picture.layers]
        behind = [picture.back for picture in pictures if picture.back >= 0]
        back_of = np.full(count, -1)
        back_of[[n for n, picture in enumerate(pictures) if picture.back >= 0]] = np.arange(len(behind))
        window = np.tile(np.array([0, 0, 1, 1], np.float32), (count, 1))
        for n, picture in enumerate(pictures):
            if not picture.still:
                zoom = float(r.uniform(0.82, 1))
                window[n] = (r.uniform(0, 1 - zoom), r.uniform(0, 1 - zoom), zoom, 1 if r.random() < 0.5 else -1)
        sprites = np.empty((len(layers), SIDE, SIDE, 4), np.uint8)
        for n, (_, layer) in enumerate(layers):
            sprites[n] = self.icons[layer.sprite] if layer.sprite >= 0 else self.shapes[-1 - layer.sprite]
            if layer.mode == FLAT and layer.sprite >= 0:
                sprites[n, :, :, :3] = 255
        place = np.array(
            [(a.x, a.y, a.size / 2, np.cos(a.turn), np.sin(a.turn), -1 if a.flip else 1) for _, a in layers] or np.zeros((0, 6)), np.float32
        )
        paint(
            out,
            np.array([picture.flat for picture in pictures], np.float32) / 255,
            np.array([picture.slope for picture in pictures], np.float32),
            self.pool.pixels[behind],
            back_of,
            window,
            sprites,
            np.array([n for n, _ in layers], np.int64),
            place,
            np.array([a.mode for _, a in layers], np.int64),
            np.array([a.rgb for _, a in layers] or np.zeros((0, 3)), np.float32) / 255,
        )
        return out
