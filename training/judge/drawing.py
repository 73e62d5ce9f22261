"""Scenes, patterns and shapes as SVG, each drawn in more than one way, with the sentences that describe them.

Drawn for the judge alone: neither the composer that teaches the guide nor the layers of the prior have a line of it.
Everything is on a canvas of 100 by 100 units.
"""

# ruff: noqa: E501
# The lines are drawings; folded they would be no easier to read.
# fmt: off

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

Array = np.ndarray
Random = np.random.Generator
Drawn = tuple[str, list[str]]

INKS: dict[str, tuple[str, ...]] = {
    "red": ("#e01b24", "#c8102e", "#ff2a2a", "#d7263d"),
    "orange": ("#ff7f0e", "#f58220", "#ff9500", "#e8710a"),
    "yellow": ("#ffd500", "#fbe116", "#ffcc1a", "#f7e03c"),
    "green": ("#2e9e3f", "#3cb44b", "#1b7f3b", "#57b947"),
    "turquoise": ("#2ec4b6", "#1fbfb8", "#40d6cf", "#19a7a0"),
    "blue": ("#1f6fe0", "#2255cc", "#3a86ff", "#1c4fb0"),
    "purple": ("#8338ec", "#7b2cbf", "#6a3fa0", "#9b4dca"),
    "pink": ("#ff7eb6", "#f48fb1", "#ff5fa2", "#f9a8d4"),
    "brown": ("#7b4a21", "#8b5a2b", "#6b3e1d", "#93623a"),
    "black": ("#0a0a0a", "#151515", "#000000", "#1c1c1f"),
    "grey": ("#808080", "#8e9297", "#6f7378", "#9a9a9a"),
    "white": ("#ffffff", "#fdfdfd", "#f8f8f8", "#ffffff"),
}
ALSO = {"grey": "gray", "turquoise": "teal", "purple": "violet"}


def ink(random: Random, name: str, jitter: float = 12) -> tuple[int, int, int]:
    """One of the inks that a word names, a little off."""
    code = INKS[name][int(random.integers(len(INKS[name])))]
    rgb = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) + random.normal(0, jitter / 2, 3)
    r, g, b = (int(v) for v in rgb.clip(0, 255))
    return r, g, b


def spoken(random: Random, colour: str) -> str:
    return ALSO[colour] if colour in ALSO and random.random() < 0.25 else colour


def code(rgb: Sequence[float]) -> str:
    return "#" + "".join(f"{int(min(max(v, 0), 255)):02x}" for v in rgb)


def rasterised(svg: str, size: int = 64) -> Array:
    """An SVG as bytes (size, size, 4), straight alpha."""
    import resvg_py

    whole = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="{size}" height="{size}">{svg}</svg>'
    return np.asarray(Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=whole, width=size, height=size)))).convert("RGBA"))


class Pen:
    """Small things that scenes are put together from; each call draws one of them anew."""

    def __init__(self, random: Random):
        self.random = random
        self.names = 0

    def of(self, *choices: str) -> str:
        return choices[int(self.random.integers(len(choices)))]

    def u(self, low: float, high: float) -> float:
        return float(self.random.uniform(low, high))

    def n(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def heads(self, chance: float = 0.5) -> bool:
        return bool(self.random.random() < chance)

    def hue(self, *choices: str) -> str:
        chosen = self.of(*choices)
        rgb = np.array([int(chosen[i : i + 2], 16) for i in (1, 3, 5)]) + self.random.normal(0, 7, 3)
        return code(rgb.tolist())

    def box(self, x: float, y: float, w: float, h: float, fill: str, more: str = "") -> str:
        return f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="{fill}" {more}/>'

    def disc(self, x: float, y: float, r: float, fill: str, more: str = "") -> str:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{fill}" {more}/>'

    def oval(self, x: float, y: float, rx: float, ry: float, fill: str, more: str = "") -> str:
        return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{rx:.1f}" ry="{ry:.1f}" fill="{fill}" {more}/>'

    def poly(self, points: Sequence[tuple[float, float]], fill: str, more: str = "") -> str:
        return f'<polygon points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="{fill}" {more}/>'

    def line(self, points: Sequence[tuple[float, float]], stroke: str, width: float, more: str = "") -> str:
        where = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        return f'<polyline points="{where}" fill="none" stroke="{stroke}" stroke-width="{width:.1f}" stroke-linecap="round" stroke-linejoin="round" {more}/>'

    def fade(self, y: float, h: float, *stops: str) -> str:
        """A band over the whole width: a gradient from top to bottom, or the same in flat steps."""
        if self.heads(0.65):
            self.names += 1
            inside = "".join(f'<stop offset="{i / max(len(stops) - 1, 1):.2f}" stop-color="{s}"/>' for i, s in enumerate(stops))
            return f'<linearGradient id="g{self.names}" x1="0" x2="0" y1="0" y2="1">{inside}</linearGradient>' + self.box(0, y, 100, h, f"url(#g{self.names})")
        return "".join(self.box(0, y + h * i / len(stops), 100, h / len(stops) + 0.5, s) for i, s in enumerate(stops))

    def day(self, to: float = 100) -> str:
        if self.heads(0.4):
            return self.box(0, 0, 100, to, self.hue("#87ceeb", "#8fd3ff", "#63b8f0", "#a9dcf5"))
        return self.fade(0, to, self.hue("#3f9be8", "#5aaef0", "#2f80d0"), self.hue("#bfe6ff", "#d8f0ff", "#a8d8f8"))

    def dusk(self, to: float = 100) -> str:
        return self.fade(0, to, *self.of("#3b2a6b #b0457a #ff7a45 #ffc65c", "#5a2d82 #e0567a #ff9a56", "#ff5f4a #ff914d #ffd27a", "#26336b #8a4a8a #f2785c #ffb84d", "#d9480f #ff922b #ffe066").split())

    def night(self, to: float = 100) -> str:
        if self.heads(0.4):
            return self.box(0, 0, 100, to, self.hue("#0b1638", "#0a0f26", "#14204d", "#101030"))
        return self.fade(0, to, self.hue("#050a1f", "#0a0a22", "#020617"), self.hue("#1d2b64", "#2a2f5b", "#16335b"))

    def stars(self, to: float = 60, many: int = 40) -> str:
        out = ""
        for _ in range(self.n(many // 2, many)):
            x, y, r = self.u(0, 100), self.u(0, to), self.u(0.4, 1.1)
            out += self.disc(x, y, r, self.of("#ffffff", "#fff7c4")) if self.heads(0.7) else self.spark(x, y, r * 2.4, self.of("#ffffff", "#ffe97a"))
        return out

    def spark(self, x: float, y: float, r: float, fill: str, rays: int = 4) -> str:
        return self.poly([(x + q * np.cos(a), y + q * np.sin(a)) for i in range(rays * 2) for a, q in [(np.pi * i / rays, r if i % 2 == 0 else r * 0.35)]], fill)

    def sun(self, x: float, y: float, r: float, fill: str = "") -> str:
        fill = fill or self.hue("#ffd43b", "#ffe066", "#fcc419")
        out = self.disc(x, y, r, fill)
        if self.heads(0.4):
            out = self.disc(x, y, r * 1.5, fill, 'opacity=".3"') + out
        elif self.heads(0.4):
            out += "".join(self.line([(x + q * r * np.cos(a), y + q * r * np.sin(a)) for q in (1.25, 1.7)], fill, r * 0.18) for a in np.arange(8) * np.pi / 4)
        return out

    def moon(self, x: float, y: float, r: float) -> str:
        pale = self.hue("#fff8dc", "#f4f1de", "#ffffff", "#fdf3b0")
        out = (self.disc(x, y, r * 1.35, pale, 'opacity=".22"') if self.heads() else "") + self.disc(x, y, r, pale)
        if self.heads(0.6):
            out += "".join(self.disc(x + r * a, y + r * b, r * c, "#d8d2b8", 'opacity=".7"') for a, b, c in ((-0.35, -0.25, 0.2), (0.3, 0.2, 0.26), (-0.1, 0.5, 0.14)))
        return out

    def cloud(self, x: float, y: float, r: float, fill: str = "#ffffff") -> str:
        if self.heads(0.3):
            return self.box(x - r * 1.6, y - r * 0.5, r * 3.2, r, fill, f'rx="{r * 0.5:.1f}"') + self.box(x - r * 0.8, y - r, r * 1.8, r, fill, f'rx="{r * 0.5:.1f}"')
        return "".join(self.oval(x + r * a, y + r * b, r * c, r * c * 0.8, fill) for a, b, c in ((-0.9, 0.1, 0.6), (0, -0.25, 0.85), (0.9, 0.1, 0.65), (0.1, 0.25, 0.9)))

    def clouds(self, count: int, low: float = 8, high: float = 32, fill: str = "#ffffff") -> str:
        return "".join(self.cloud(self.u(5, 95), self.u(low, high), self.u(5, 10), fill) for _ in range(count))

    def ground(self, y: float, fill: str, swing: float = 4) -> str:
        """A wavy upper edge, filled to the bottom."""
        a, b, c = self.u(0.03, 0.09), self.u(0, 6), self.u(-0.05, 0.05)
        edge = [(float(x), y + swing * np.sin(a * x + b) + c * (x - 50)) for x in range(-2, 104, 3)]
        return self.poly([*edge, (103, 101), (-3, 101)], fill)

    def ridge(self, y: float, height: float, fill: str, count: int = 4, cap: str = "") -> str:
        """Peaks along a line, with snow on them if a cap is asked for."""
        out, step = "", 110 / count
        for i in range(count):
            x, h, w = -5 + step * (i + 0.5) + self.u(-0.25, 0.25) * step, height * self.u(0.65, 1.05), step * self.u(0.7, 1.0)
            out += self.poly([(x - w, y), (x, y - h), (x + w, y)], fill)
            if cap:
                q = self.u(0.28, 0.45)
                jag = [(x + w * q, y - h * (1 - q)), (x + w * q * 0.4, y - h * (1 - q * 1.25)), (x, y - h * (1 - q * 0.85)), (x - w * q * 0.5, y - h * (1 - q * 1.3)), (x - w * q, y - h * (1 - q))]
                out += self.poly([(x, y - h), *(jag if self.heads(0.7) else [jag[0], jag[-1]])], cap)
        return out + self.box(-2, y - 0.5, 104, 102 - y, fill)

    def sea(self, y: float, dark: bool = False, warm: bool = False) -> str:
        top = self.hue("#10244f", "#0d2b52") if dark else (self.hue("#b5577a", "#4b4a8f", "#d9714e") if warm else self.hue("#2b8fd6", "#1e78c2", "#37a6d6"))
        low = self.hue("#081432", "#06182e") if dark else (self.hue("#2b2c66", "#43286b", "#7a2f5f") if warm else self.hue("#12559c", "#0c4a8a", "#1a6fae"))
        out = self.fade(y, 100 - y, top, low)
        for _ in range(self.n(0, 9)):
            x, at, w = self.u(0, 95), self.u(y + 3, 98), self.u(4, 14)
            if self.heads(0.5):
                out += self.line([(x, at), (x + w, at)], "#ffffff", 0.8, 'opacity=".45"')
            else:
                out += f'<path d="M{x:.1f} {at:.1f}q{w / 4:.1f} -3 {w / 2:.1f} 0t{w / 2:.1f} 0" fill="none" stroke="#ffffff" stroke-width="1" opacity=".5"/>'
        return out

    def pine(self, x: float, y: float, h: float, fill: str = "") -> str:
        fill = fill or self.hue("#14532d", "#1e6b3a", "#2f6b3c", "#0f4a30")
        w = h * self.u(0.26, 0.4)
        if self.heads():
            return self.box(x - h * 0.05, y - h * 0.2, h * 0.1, h * 0.2, "#5b3a1e") + "".join(self.poly([(x - w * (1 - 0.2 * i), y - h * (0.15 + 0.25 * i)), (x, y - h * (0.6 + 0.2 * i)), (x + w * (1 - 0.2 * i), y - h * (0.15 + 0.25 * i))], fill) for i in range(3))
        return self.box(x - h * 0.04, y - h * 0.2, h * 0.08, h * 0.2, "#4a2f1b") + self.poly([(x - w, y - h * 0.12), (x, y - h), (x + w, y - h * 0.12)], fill)

    def tree(self, x: float, y: float, h: float, fill: str = "") -> str:
        fill = fill or self.hue("#2e8b3a", "#3fa34d", "#4c9a2a", "#1f7a3a")
        out = self.box(x - h * 0.06, y - h * 0.45, h * 0.12, h * 0.45, self.hue("#6b4423", "#7a5230"))
        if self.heads():
            return out + self.disc(x, y - h * 0.68, h * 0.32, fill)
        return out + "".join(self.disc(x + h * a, y - h * b, h * 0.22, fill) for a, b in ((-0.2, 0.58), (0.2, 0.58), (0, 0.78)))

    def palm(self, x: float, y: float, h: float) -> str:
        lean = self.u(-0.3, 0.3) * h
        out = f'<path d="M{x:.1f} {y:.1f}Q{x + lean * 0.2:.1f} {y - h * 0.5:.1f} {x + lean:.1f} {y - h:.1f}" fill="none" stroke="{self.hue("#8b5a2b", "#7a4a20")}" stroke-width="{h * 0.09:.1f}"/>'
        top, leaf, straight = (x + lean, y - h), self.hue("#1f8a3b", "#2f9e44", "#157a35"), self.heads()
        for a in np.linspace(-0.5, np.pi + 0.5, self.n(5, 7)):
            ex, ey = top[0] + h * 0.45 * np.cos(a), top[1] - h * 0.3 * np.sin(a) + h * 0.12
            if straight:
                out += self.line([top, (ex, ey)], leaf, h * 0.09)
            else:
                out += f'<path d="M{top[0]:.1f} {top[1]:.1f}Q{(top[0] + ex) / 2:.1f} {min(top[1], ey) - h * 0.16:.1f} {ex:.1f} {ey:.1f}Q{(top[0] + ex) / 2:.1f} {min(top[1], ey) + h * 0.08:.1f} {top[0]:.1f} {top[1]:.1f}" fill="{leaf}"/>'
        return out

    def house(self, x: float, y: float, w: float, wall: str = "", roof: str = "", lit: bool = False) -> str:
        wall, roof = (wall or self.hue("#f1dcb4", "#e9c46a", "#ffffff", "#d98b5f", "#c9d6df"), roof or self.hue("#b23a30", "#8b3a2b", "#7a4b2b", "#5a3b35"))
        h = w * self.u(0.6, 0.85)
        out = self.box(x - w / 2, y - h, w, h, wall)
        over = w * 0.12
        peak = [(x - w / 2 - over, y - h), (x, y - h - w * self.u(0.45, 0.65)), (x + w / 2 + over, y - h)]
        if self.heads(0.3):
            peak = [(x - w / 2 - over, y - h), (x - w * 0.3, y - h - w * 0.4), (x + w * 0.3, y - h - w * 0.4), (x + w / 2 + over, y - h)]
        if self.heads(0.4):
            out += self.box(x + w * 0.2, y - h - w * 0.5, w * 0.12, w * 0.45, self.hue("#7a4b3b", "#8d6e63"))
        out += self.poly(peak, roof) + self.box(x - w * 0.1, y - h * 0.55, w * 0.2, h * 0.55, self.hue("#6b4423", "#4e342e"))
        pane = "#ffe27a" if lit else self.hue("#9fd8f5", "#ffe9a8", "#6fb7e0")
        return out + "".join(self.box(x + w * a - w * 0.09, y - h * 0.8, w * 0.18, h * 0.28, pane) for a in (-0.3, 0.3))

    def towers(self, y: float, lit: bool) -> str:
        out, x = "", -3.0
        dark = self.of("#10131f", "#1c2233", "#0c1024", "#22263a") if lit else self.of("#7d8ca3", "#8a95a8", "#5f6f87", "#a0917f")
        while x < 102:
            w, h = self.u(8, 18), self.u(18, 55)
            out += self.box(x, y - h, w - (1.5 if self.heads(0.3) else 0), h + 40, dark if self.heads(0.6) else (self.hue("#1a2340", "#2a2f4a") if lit else self.hue("#8795ab", "#97a7b8", "#b8a48e")))
            for a in np.arange(x + 1.6, x + w - 3, 3.4):
                for b in np.arange(y - h + 2.5, min(y + 30, 98), 5):
                    if self.heads(0.55):
                        out += self.box(a, b, 1.8, 2.4, self.of("#ffe066", "#ffd43b", "#fff3bf") if lit else self.of("#dbe9f5", "#53637a"))
            x += w
        return out

    def flower(self, x: float, y: float, r: float, fill: str = "", stem: float = 0) -> str:
        fill = fill or self.hue("#e63946", "#ff7eb6", "#ffd43b", "#9b5de5", "#ffffff", "#ff922b")
        out = self.line([(x, y), (x, y + stem)], "#2f8f3a", max(r * 0.3, 0.7)) if stem else ""
        petals = self.n(5, 7)
        if self.heads(0.7):
            out += "".join(self.disc(x + r * 0.62 * np.cos(a), y + r * 0.62 * np.sin(a), r * 0.42, fill) for a in np.arange(petals) * 2 * np.pi / petals)
        else:
            out += self.spark(x, y, r, fill, petals)
        return out + self.disc(x, y, r * 0.34, "#f6b91a" if self.heads(0.8) else "#6b3e1d")

    def grass(self, y: float, swing: float = 3) -> str:
        out = self.ground(y, self.hue("#5cb85c", "#7ac74f", "#4caf50", "#6ab04c"), swing)
        if self.heads(0.4):
            out += "".join(self.line([(x, q), (x + self.u(-1, 1), q - 3)], "#2f7d32", 0.7) for x, q in zip(self.random.uniform(0, 100, 16), self.random.uniform(min(y + 6, 98), 99, 16), strict=True))
        return out

    def boat(self, x: float, y: float, w: float) -> str:
        hull = self.poly([(x - w / 2, y), (x + w / 2, y), (x + w * 0.34, y + w * 0.2), (x - w * 0.34, y + w * 0.2)], self.hue("#8b4a2b", "#b23a30", "#5a3b2a", "#2a4b7c"))
        sails = self.poly([(x + w * 0.03, y - w * 0.08), (x + w * 0.03, y - w * 0.85), (x + w * 0.45, y - w * 0.08)], self.hue("#ffffff", "#f8f1e0", "#e63946"))
        if self.heads(0.6):
            sails += self.poly([(x - w * 0.05, y - w * 0.08), (x - w * 0.05, y - w * 0.65), (x - w * 0.38, y - w * 0.08)], self.hue("#ffffff", "#f0e6d2"))
        return self.line([(x, y), (x, y - w * 0.9)], "#5b3a1e", 1) + sails + hull


Maker = Callable[[Pen], Drawn]


def sunset_sea(p: Pen) -> Drawn:
    y, x, r = p.u(48, 66), p.u(25, 75), p.u(9, 16)
    out = p.dusk(y) + p.sun(x, y - p.u(-0.2, 0.9) * r, r, p.hue("#ffe066", "#ff922b", "#ff6b35", "#fff3bf")) + p.sea(y, warm=p.heads(0.8))
    out += "".join(p.box(x - w / 2, q, w, 1.4, "#ffd27a", 'opacity=".8"') for q, w in zip(np.arange(y + 3, 96, 5), p.random.uniform(4, 20, 12), strict=False)) if p.heads(0.7) else ""
    said = ["a sunset over the sea", "sunset over the sea", "a sunset over the ocean", "the sun sets over the sea", "sunset at sea", "a sunset", "an orange sunset over water"]
    if p.heads(0.25):
        return out + p.boat(p.u(20, 80), y + 8, p.u(14, 24)), ["a boat on the sea at sunset", "a sailboat at sunset", "a sunset over the sea with a boat"]
    return out, said


def sunset_land(p: Pen) -> Drawn:
    y, x = p.u(60, 75), p.u(20, 80)
    out = p.dusk(y + 6) + p.sun(x, y - p.u(0, 12), p.u(8, 14), p.hue("#ffe066", "#ff922b", "#fff3bf"))
    out += p.ridge(y + 2, 25, p.hue("#3a2342", "#4a2545", "#2b2440"), p.n(3, 5)) if p.heads(0.5) else p.ground(y, p.hue("#3a2a1e", "#33261f", "#2f3b22"), 5)
    return out, ["a sunset", "sunset over the hills", "the sun goes down", "an evening sky at sunset", "a red evening sky", "dusk"]


def sunrise(p: Pen) -> Drawn:
    y = p.u(58, 70)
    out = p.fade(0, y + 5, p.hue("#8ec5ff", "#9ad0f5"), p.hue("#ffd6a5", "#ffc9b0"), p.hue("#ffe8a3", "#fff1c0")) + p.sun(p.u(30, 70), y, p.u(10, 16)) + p.grass(y + 2, 5)
    return out, ["a sunrise", "sunrise over green hills", "the sun rises over a meadow", "morning sun", "a sunny morning", "dawn over the hills"]


def full_moon(p: Pen) -> Drawn:
    out = p.night() + p.stars(95 if p.heads() else 70, 60) + p.moon(p.u(22, 78), p.u(20, 50), p.u(11, 20))
    if p.heads(0.35):
        out += p.ground(p.u(78, 90), p.hue("#070b18", "#0f1a2b", "#111827"), 4)
    return out, ["a night sky with a full moon and stars", "a full moon and stars", "a full moon in a starry night sky", "the moon and stars", "a starry sky with a full moon", "a full moon at night", "night sky with moon and stars"]


def crescent_night(p: Pen) -> Drawn:
    x, y, r, sky = p.u(25, 75), p.u(20, 45), p.u(10, 17), p.hue("#0b1638", "#14204d", "#0a0f26")
    out = p.box(0, 0, 100, 100, sky) + p.stars(95, 40) + p.disc(x, y, r, "#ffeaa7") + p.disc(x + r * 0.45, y - r * 0.15, r * 0.88, sky)
    return out, ["a crescent moon and stars", "a night sky with a crescent moon", "a crescent moon at night", "a moon sickle in a starry sky"]


def starry(p: Pen) -> Drawn:
    return p.night() + p.stars(100, 90) + (p.ground(84, "#05080f", 5) if p.heads(0.3) else ""), ["a starry night", "a starry night sky", "a night sky with stars", "many stars at night", "the night sky", "a dark blue sky with stars"]


def moon_sea(p: Pen) -> Drawn:
    y, x = p.u(52, 64), p.u(25, 75)
    out = p.night(y) + p.stars(y - 6, 24) + p.moon(x, y - p.u(16, 32), p.u(8, 13)) + p.sea(y, dark=True)
    out += "".join(p.box(x - w / 2, q, w, 1.2, "#fff8dc", 'opacity=".7"') for q, w in zip(np.arange(y + 3, 97, 5), p.random.uniform(3, 16, 12), strict=False))
    return out, ["the moon over the sea", "a full moon over the sea at night", "moonlight on the water", "the sea at night", "a moonlit ocean"]


def snowy_mountains(p: Pen) -> Drawn:
    sky, y = (p.day(), p.u(70, 88)) if p.heads(0.85) else (p.dusk(), p.u(70, 88))
    out = sky + (p.clouds(p.n(0, 3)) if p.heads(0.5) else "")
    if p.heads(0.5):
        out += p.ridge(y, 42, p.hue("#9fb3c8", "#a7bfd6"), 5, "#f5fbff")
    out += p.ridge(y + 6, p.u(45, 62), p.hue("#5c6f86", "#6f7f95", "#4d5d78", "#7a7f8c"), p.n(2, 4), "#ffffff")
    out += p.ground(y + 8, p.hue("#eef5fb", "#ffffff"), 3) if p.heads(0.5) else (p.grass(y + 8) if p.heads(0.5) else "")
    if p.heads(0.3):
        out += "".join(p.pine(p.u(0, 100), p.u(92, 100), p.u(10, 18)) for _ in range(p.n(3, 7)))
    return out, ["snowy mountains", "mountains with snow", "snow-capped mountains", "snow-covered mountain peaks", "high mountains with snowy peaks", "a snowy mountain landscape", "snowy mountain tops under a blue sky"]


def mountains(p: Pen) -> Drawn:
    out = p.day() + p.clouds(p.n(0, 2)) + p.ridge(80, p.u(40, 60), p.hue("#6b7a8f", "#7d6b5d", "#5d7a6b"), p.n(2, 4)) + p.grass(p.u(76, 86))
    return out, ["mountains", "mountains and a meadow", "grey mountains under a blue sky", "a mountain landscape", "a mountain"]


def dunes(p: Pen) -> Drawn:
    y = p.u(45, 62)
    sky = p.day(y + 12) if p.heads(0.7) else p.fade(0, y + 12, p.hue("#ffb86b", "#ffd39a"), p.hue("#ffe8bd", "#fff0d0"))
    out = sky + (p.sun(p.u(15, 85), p.u(12, 28), p.u(6, 10)) if p.heads(0.7) else "")
    inks = ["#f0cf8a", "#e6b566", "#d99a4e", "#c98742"]
    if p.heads(0.25):
        inks = ["#f7dfaa", "#edc987", "#e3b56c", "#d7a35a"]
    for i, shade in enumerate(inks[: p.n(2, 4)]):
        at = y + i * p.u(9, 14)
        out += p.ground(at, p.hue(shade), p.u(3, 8)) if p.heads(0.6) else f'<path d="M-2 {at + 8:.0f}Q{p.u(15, 40):.0f} {at - 14:.0f} {p.u(45, 60):.0f} {at + 5:.0f}T102 {at:.0f}V102H-2Z" fill="{p.hue(shade)}"/>'
    if p.heads(0.3):
        x, q, h = p.u(15, 85), p.u(75, 92), p.u(14, 24)
        green = p.hue("#2f8f4a", "#3a7d44")
        out += p.box(x - 2, q - h, 4, h, green, 'rx="2"') + p.line([(x, q - h * 0.4), (x + 6, q - h * 0.4), (x + 6, q - h * 0.75)], green, 3) + p.line([(x, q - h * 0.55), (x - 6, q - h * 0.55), (x - 6, q - h * 0.8)], green, 3)
        return out, ["a desert with a cactus", "a cactus in the desert", "a desert with sand dunes and a cactus"]
    return out, ["a desert with sand dunes", "sand dunes", "a desert", "a sandy desert", "yellow dunes under the sky", "dunes in the desert", "a hot desert with dunes of sand"]


def forest(p: Pen) -> Drawn:
    out, kind = p.day() if p.heads(0.7) else p.box(0, 0, 100, 100, p.hue("#cfe8c9", "#a9d3a0", "#dff0d8")), p.heads(0.5)
    out += p.grass(p.u(66, 80))
    rows = p.n(1, 3)
    for row in range(rows):
        y, h = 72 + 24 * (row + 1) / rows, p.u(34, 58)
        for x in np.arange(p.u(-4, 4), 104, p.u(10, 17)):
            out += p.pine(x + p.u(-3, 3), y + p.u(-3, 3), h * p.u(0.8, 1.2)) if kind else p.tree(x + p.u(-3, 3), y + p.u(-3, 3), h * p.u(0.8, 1.2))
    said = ["a green forest", "a forest", "a forest of green trees", "many trees", "green woods", "trees in a forest", "the woods"]
    return out, [*said, "a pine forest", "fir trees"] if kind else said


def autumn(p: Pen) -> Drawn:
    out = p.day() + p.ground(p.u(70, 80), p.hue("#b5803a", "#c9a24a", "#8f9a3f"))
    out += "".join(p.tree(x + p.u(-3, 3), p.u(80, 96), p.u(34, 60), p.hue("#e8710a", "#d9480f", "#f2b21b", "#b5341c")) for x in np.arange(p.u(0, 8), 104, p.u(13, 22)))
    return out, ["an autumn forest", "trees in autumn", "autumn trees with orange leaves", "a forest in fall", "orange and red trees"]


def winter(p: Pen) -> Drawn:
    out = p.fade(0, 100, p.hue("#b9cfe4", "#9fbad6", "#dbe7f3"), p.hue("#e9f1f8", "#f4f8fc")) + p.ground(p.u(60, 76), p.hue("#ffffff", "#f4f9ff"), 4)
    if p.heads(0.7):
        out += "".join(p.pine(x + p.u(-5, 5), p.u(74, 92), p.u(20, 42), p.hue("#2f5d50", "#e8f1f5", "#3f6f5f")) for x in np.arange(p.u(0, 20), 104, p.u(18, 40)))
    out += "".join(p.disc(p.u(0, 100), p.u(0, 100), p.u(0.7, 1.6), "#ffffff") for _ in range(p.n(20, 60)))
    return out, ["a winter landscape", "a snowy winter day", "snow", "falling snow", "a snowy landscape", "snow falling on trees", "winter"]


def rainbow(p: Pen) -> Drawn:
    cx, cy, r, w = p.u(35, 65), p.u(62, 92), p.u(36, 58), p.u(2.4, 5)
    inks = ("#e81416", "#ff8c00", "#faeb36", "#3cb043", "#3a6ff0", "#7a35c9")
    out = p.day() if p.heads(0.85) else p.box(0, 0, 100, 100, p.hue("#ffffff", "#b8c4d0"))
    out += "".join(f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="{r - i * w:.1f}" fill="none" stroke="{c}" stroke-width="{w + 0.4:.1f}"/>' for i, c in enumerate(inks))
    if p.heads(0.25):
        out += p.cloud(cx - r + w * 2, cy, 13) + p.cloud(cx + r - w * 2, cy, 13) + p.box(0, cy + 8, 100, 100, "#ffffff" if p.heads(0.3) else p.hue("#8fd3ff", "#87ceeb"))
    else:
        out += (p.grass(cy - p.u(0, 10)) if p.heads(0.75) else p.sea(cy - p.u(0, 6))) + p.clouds(p.n(0, 2), 6, 24)
    return out, ["a rainbow", "a rainbow in the sky", "a colourful rainbow", "a rainbow over the land", "rainbow", "a bright rainbow across the sky"]


def city_night(p: Pen) -> Drawn:
    y = p.u(70, 92)
    out = p.night() + (p.stars(45, 20) if p.heads(0.6) else "") + (p.moon(p.u(15, 85), p.u(12, 24), p.u(5, 9)) if p.heads(0.4) else "") + p.towers(y, True)
    return out, ["a city at night", "city lights at night", "a city skyline at night", "skyscrapers at night with lit windows", "tall buildings in the night", "a town at night", "night in the city"]


def city_day(p: Pen) -> Drawn:
    out = p.day() + p.clouds(p.n(0, 3)) + p.towers(p.u(75, 95), False)
    if p.heads(0.5):
        out += p.box(0, 90, 100, 11, p.hue("#6f7378", "#5a5a5a"))
    return out, ["a city", "a city skyline", "tall buildings", "skyscrapers by day", "a big city", "a town with many buildings"]


def volcano(p: Pen) -> Drawn:
    sky = p.night() if p.heads(0.35) else (p.dusk() if p.heads(0.5) else p.day())
    x, top, y, w = p.u(38, 62), p.u(32, 46), p.u(84, 95), p.u(32, 44)
    mouth, lava = w * p.u(0.16, 0.28), p.hue("#ff4d00", "#ff3b1f", "#ff7a00")
    out = sky
    if p.heads(0.6):
        out += "".join(p.disc(x + p.u(-1, 1) * (6 + i * 2.5), top - 12 - i * 6, 6 + i * 1.8, p.hue("#5c5c5c", "#75706b", "#8d8780"), 'opacity=".85"') for i in range(p.n(3, 6)))
    style = p.n(0, 2)
    if style == 0:
        out += "".join(p.line([(x, top), (x + 0.6 * a, top - 20), (x + a, top - p.u(2, 24))], lava, p.u(2, 4)) for a in p.random.uniform(-24, 24, 7))
    elif style == 1:
        out += p.spark(x, top, p.u(18, 28), lava, 7) + p.spark(x, top, 12, "#ffd43b", 6)
    else:
        out += p.poly([(x - mouth, top), (x - mouth * 1.8, top - 24), (x - 3, top - 15), (x, top - 32), (x + 4, top - 16), (x + mouth * 1.7, top - 26), (x + mouth, top)], lava) + p.poly([(x - mouth * 0.5, top), (x, top - 18), (x + mouth * 0.5, top)], "#ffd43b")
    out += "".join(p.disc(x + p.u(-28, 28), top - p.u(2, 30), p.u(0.8, 2), lava) for _ in range(p.n(0, 12)))
    out += p.poly([(x - w, y + 10), (x - mouth, top), (x + mouth, top), (x + w, y + 10)], p.hue("#4a3b35", "#5b4636", "#3b3230", "#6b4a3a"))
    for a in p.random.uniform(-0.7, 0.7, p.n(1, 3)):
        out += p.line([(x + a * mouth, top), (x + a * mouth * 2 + p.u(-3, 3), top + 15), (x + a * mouth * 3, top + p.u(22, 40))], lava, p.u(2, 4.5))
    out += p.ground(y, p.hue("#2f2a26", "#3f7d3a", "#5d4a36"), 2)
    return out, ["an erupting volcano", "a volcano erupting", "a volcano with lava", "a volcano spitting fire and smoke", "a volcanic eruption", "a volcano", "lava flows from a volcano"]


def island(p: Pen) -> Drawn:
    y, x, w = p.u(58, 70), p.u(35, 65), p.u(22, 36)
    out = (p.day(y + 2) if p.heads(0.8) else p.dusk(y + 2)) + (p.sun(p.u(12, 88), p.u(10, 22), p.u(6, 10)) if p.heads(0.6) else "") + p.sea(y)
    sand = p.hue("#f2d492", "#f6e0a8", "#e8c77a")
    out += p.oval(x, y + 8, w, p.u(7, 12), sand) if p.heads(0.6) else f'<path d="M{x - w:.0f} {y + 9:.0f}Q{x:.0f} {y - 12:.0f} {x + w:.0f} {y + 9:.0f}Z" fill="{sand}"/>'
    palms = p.n(1, 2)
    out += "".join(p.palm(x + (i - (palms - 1) / 2) * 16 + p.u(-3, 3), y + 4, p.u(30, 44)) for i in range(palms))
    if palms == 2:
        return out, ["a tropical island with two palm trees", "an island with palms", "palm trees on an island", "a tropical island"]
    return out, ["a tropical island with a palm tree", "a small island with a palm tree", "a palm tree on an island", "a tropical island", "a desert island in the sea", "an island with a palm"]


def beach(p: Pen) -> Drawn:
    a, b = p.u(35, 48), p.u(58, 70)
    out = p.day(a + 2) + (p.sun(p.u(12, 88), p.u(9, 22), p.u(5, 9)) if p.heads(0.5) else "") + p.sea(a) + p.ground(b, p.hue("#f2d492", "#f6e0a8", "#ecc98a"), 2.5)
    if p.heads(0.35):
        out += p.palm(p.u(8, 25) if p.heads() else p.u(75, 92), p.u(75, 90), p.u(36, 50))
    if p.heads(0.3):
        x, r = p.u(35, 65), p.u(9, 14)
        out += p.line([(x, 92), (x, 62)], "#ffffff", 1.4) + f'<path d="M{x - r:.0f} 66A{r:.0f} {r:.0f} 0 0 1 {x + r:.0f} 66Z" fill="{p.hue("#e63946", "#ffb703", "#1d9bf0")}"/>'
    return out, ["a beach", "a sandy beach by the sea", "a beach and the sea", "the seaside", "sand and sea", "a sunny beach"]


def rain(p: Pen) -> Drawn:
    grey, over_land = p.hue("#6c7a89", "#7f8c99", "#5d6b7a"), p.heads(0.5)
    if over_land:  # any land, under a veil
        out = (meadow, mountains, forest, lake, village, city_day, beach, road)[p.n(0, 7)](p)[0] + p.box(0, 0, 100, 100, grey, f'opacity="{p.u(0.15, 0.5):.2f}"')
        out += p.box(0, 0, 100, p.u(25, 50), grey, 'opacity=".7"')
    else:
        out = p.fade(0, 100, grey, p.hue("#a7b4c0", "#b8c2cc", "#94a3b1"))
    out += p.clouds(p.n(2, 5), 6, 24, p.hue("#e2e7ec", "#55606c", "#c5cdd5", "#46505b"))
    lean, drop, width = p.u(-4, 2), p.hue("#3a6ea5", "#bcd9f5", "#4f8fd0", "#dcecff"), p.u(0.7, 1.6)
    for x, y in zip(p.random.uniform(0, 100, n := p.n(25, 70)), p.random.uniform(22, 100, n), strict=True):
        out += p.line([(x, y), (x + lean, y + p.u(4, 9))], drop, width) if width < 1.3 else p.oval(x, y, 0.9, 2.4, drop)
    if p.heads(0.4) and not over_land:
        out += p.ground(88, p.hue("#4f6b52", "#586470"), 2)
    if p.heads(0.3) and not over_land:
        out += p.towers(95, False) if p.heads(0.4) else p.house(p.u(30, 70), 92, p.u(18, 28))
    return out, ["a rainy day", "rain", "rain falling from grey clouds", "a grey day with rain", "it is raining", "a rainy sky", "rain clouds"]


def storm(p: Pen) -> Drawn:
    out = p.fade(0, 100, p.hue("#2b3040", "#1f2430"), p.hue("#4a5365", "#5b6577")) + p.clouds(p.n(3, 5), 8, 26, p.hue("#4b5363", "#6b7383", "#2f3542"))
    for _ in range(p.n(1, 2)):
        x = p.u(25, 75)
        out += p.poly([(x, 24), (x - 9, 56), (x - 1, 54), (x - 8, 88), (x + 11, 46), (x + 3, 48), (x + 9, 24)], p.hue("#ffe066", "#fff3bf"))
    return out, ["a thunderstorm", "lightning", "a storm with lightning", "a lightning bolt in a dark sky", "a stormy night", "thunder and lightning"]


def hill_house(p: Pen) -> Drawn:
    x, y, r = p.u(35, 65), p.u(52, 66), p.u(45, 70)
    out = (p.day() if p.heads(0.85) else p.dusk()) + p.clouds(p.n(0, 3)) + (p.sun(p.u(10, 90), p.u(10, 20), p.u(5, 9)) if p.heads(0.4) else "")
    green = p.hue("#5cb85c", "#7ac74f", "#4c9a4a")
    hill = p.oval(x, y + r * 0.8, r, r * 0.8, green) if p.heads(0.6) else f'<path d="M-5 102Q{x - 25:.0f} {y + 8:.0f} {x:.0f} {y:.0f}Q{x + 25:.0f} {y + 8:.0f} 105 102Z" fill="{green}"/>'
    out += hill + p.house(x, y + 2, p.u(16, 27))
    if p.heads(0.4):
        out += p.tree(x + p.u(18, 26), y + 8, p.u(14, 22))
    return out, ["a house on a hill", "a small house on a green hill", "a house on top of a hill", "a cottage on a hill", "a little house on a hilltop"]


def village(p: Pen) -> Drawn:
    out = p.day() + p.clouds(p.n(0, 2)) + p.grass(p.u(66, 78)) + "".join(p.house(x, p.u(80, 92), p.u(18, 26)) for x in np.arange(p.u(12, 20), 96, p.u(26, 34)))
    return out, ["a village", "houses in a row", "a small village", "several houses", "a street of houses"]


def one_house(p: Pen) -> Drawn:
    c = list(INKS)[p.n(0, 11)]
    night = p.heads(0.2)
    out = (p.night() + p.stars(50, 20) if night else p.day() + p.clouds(p.n(0, 2))) + (p.ground(p.u(74, 84), "#16281a") if night else p.grass(p.u(74, 84)))
    if p.heads(0.5):
        return out + p.house(p.u(40, 60), 88, p.u(38, 54), code(ink(p.random, c)), lit=night), [f"a {c} house", f"a {c} house at night" if night else f"a {c} house on green grass", f"a house with {c} walls"]
    return out + p.house(p.u(40, 60), 88, p.u(38, 54), lit=night), ["a house at night"] if night else ["a house", "a house on a meadow", "a cottage", "a house on the grass"]


def flowers(p: Pen) -> Drawn:
    y, c = p.u(30, 55), p.of("", "", "red", "yellow", "purple", "pink", "white")
    out = (p.day(y + 8) if p.heads(0.85) else p.dusk(y + 8)) + (p.sun(p.u(10, 90), p.u(8, 20), p.u(5, 8)) if p.heads(0.4) else "") + p.grass(y)
    stems = p.heads(0.5)
    for q in np.arange(y + 8, 100, p.u(7, 11)):
        r = 1.4 + 4.2 * (q - y) / (100 - y)
        for x in np.arange(p.u(0, 6), 101, r * p.u(3, 4.5)):
            out += p.flower(x + p.u(-2, 2), q + p.u(-2, 2), r * p.u(0.8, 1.1), code(ink(p.random, c)) if c else "", r * 2 if stems else 0)
    if c:
        return out, [f"a field of {c} flowers", f"a meadow with {c} flowers", f"many {c} flowers in a field"]
    return out, ["a field of flowers", "a flower meadow", "a meadow full of flowers", "many flowers in a field", "colourful flowers on green grass", "a flower field"]


def meadow(p: Pen) -> Drawn:
    out = p.day() + p.clouds(p.n(0, 3)) + (p.sun(p.u(10, 90), p.u(10, 22), p.u(6, 9)) if p.heads(0.5) else "")
    y = p.u(52, 66)
    out += p.ground(y, p.hue("#8ccf6a", "#9bd67a"), 7) + p.grass(y + 10, 6)
    return out, ["green hills", "rolling green hills", "a green meadow under a blue sky", "grassy hills", "a green landscape", "hills and a blue sky", "a meadow"]


def clear_sky(p: Pen) -> Drawn:
    return p.day() + p.clouds(p.n(2, 6), 10, 88), ["a blue sky with white clouds", "clouds", "a cloudy sky", "white clouds in a blue sky", "the sky", "a blue sky"]


def grey_sky(p: Pen) -> Drawn:
    return p.box(0, 0, 100, 100, p.hue("#9aa5b1", "#b0b8c1")) + p.clouds(p.n(3, 7), 8, 90, p.hue("#dfe4e9", "#7c8794")), ["grey clouds", "a grey cloudy sky", "an overcast sky", "a cloudy day"]


def waves(p: Pen) -> Drawn:
    y = p.u(30, 50)
    out = p.day(y + 4) + p.sea(y)
    if p.heads(0.6):
        for q in np.arange(y + 6, 102, p.u(8, 13)):
            out += f'<path d="M-10 {q:.0f}' + "q5 -6 10 0t10 0" * 6 + '" fill="none" stroke="' + p.hue("#bfe3ff", "#ffffff") + f'" stroke-width="{p.u(1, 2.2):.1f}"/>'
    return out, ["the sea", "the ocean", "waves on the sea", "a blue sea under a blue sky", "the open sea", "water and waves"]


def sail(p: Pen) -> Drawn:
    y = p.u(52, 66)
    out = p.day(y) + p.clouds(p.n(0, 3)) + p.sea(y) + p.boat(p.u(30, 70), y + p.u(2, 12), p.u(28, 46))
    return out, ["a sailboat on the sea", "a boat on the water", "a sailing boat", "a boat on the sea", "a sailboat", "a ship with white sails"]


def underwater(p: Pen) -> Drawn:
    out = p.fade(0, 100, p.hue("#2fa8dc", "#3fc1d9"), p.hue("#0b4f86", "#063b6b")) + p.ground(p.u(82, 92), p.hue("#e3c98f", "#cdb27a"), 3)
    out += "".join(p.disc(p.u(5, 95), p.u(5, 80), p.u(0.8, 2.6), "#dff4ff", 'opacity=".7"') for _ in range(p.n(6, 22)))
    for x in p.random.uniform(4, 96, p.n(2, 6)):
        out += f'<path d="M{x:.0f} 94q-6 -8 0 -16t0 -{p.n(8, 22)}" fill="none" stroke="{p.hue("#1f8a4c", "#2fae66", "#e0567a")}" stroke-width="{p.u(2, 3.5):.1f}"/>'
    return out, ["under water", "the bottom of the sea", "an underwater scene", "underwater plants and bubbles", "the sea floor", "deep under the sea"]


def space(p: Pen) -> Drawn:
    x, y, r = p.u(30, 70), p.u(30, 70), p.u(14, 24)
    fill = p.hue("#e07a3f", "#4f8fe0", "#c95fa8", "#d9b36a", "#5fbf8f")
    out = p.box(0, 0, 100, 100, p.hue("#05060f", "#0b0a1f", "#12082b")) + p.stars(100, 70) + p.disc(x, y, r, fill)
    if p.heads(0.5):
        return (
            out + f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{r * 1.75:.1f}" ry="{r * 0.42:.1f}" fill="none" stroke="{p.hue("#f2d9a8", "#ffffff")}" stroke-width="3" transform="rotate({p.n(-30, 30)} {x:.1f} {y:.1f})"/>',
            ["a planet with a ring in space", "a ringed planet", "saturn", "a planet and stars in outer space"],
        )
    out += "".join(p.oval(x + r * a, y + r * b, r * 0.3, r * 0.14, "#ffffff", 'opacity=".3"') for a, b in ((-0.3, -0.3), (0.2, 0.1), (-0.1, 0.5)))
    return out, ["a planet in space", "a planet among the stars", "outer space", "space with stars and a planet"]


def lighthouse(p: Pen) -> Drawn:
    dark, x, y = p.heads(0.4), p.u(32, 68), p.u(64, 74)
    out = (p.night(y) + p.stars(50, 24) if dark else p.day(y) + p.clouds(p.n(0, 2))) + p.sea(y, dark=dark)
    w, h = p.u(6, 9), p.u(40, 50)
    out += p.oval(x, y + 10, p.u(20, 30), 13, p.hue("#6b6258", "#3d6b3a", "#57504a"))
    if dark:
        out += p.poly([(x, y - h - 2), (x - 70, y - h - 18), (x - 70, y - h + 8)] if p.heads() else [(x, y - h - 2), (x + 70, y - h - 18), (x + 70, y - h + 8)], "#fff3a8", 'opacity=".7"')
    band = p.hue("#d62828", "#c1121f", "#1d3557")
    out += p.poly([(x - w, y + 4), (x - w * 0.65, y - h), (x + w * 0.65, y - h), (x + w, y + 4)], "#fafafa")
    out += "".join(p.box(x - w * (0.95 - 0.3 * i / 3), y - 6 - i * h * 0.3, w * 2 * (0.95 - 0.3 * i / 3), h * 0.14, band) for i in range(3))
    out += p.box(x - w * 0.6, y - h - 6, w * 1.2, 6, "#ffe066") + p.poly([(x - w * 0.85, y - h - 6), (x, y - h - 13), (x + w * 0.85, y - h - 6)], band)
    return out, ["a lighthouse at night", "a lighthouse shining in the night", "a lighthouse with its light on at night"] if dark else ["a lighthouse", "a lighthouse by the sea", "a red and white lighthouse", "a lighthouse on a rock"]


def castle(p: Pen) -> Drawn:
    out = (p.day() if p.heads(0.75) else p.dusk()) + p.grass(p.u(76, 84), 5)
    wall, roof, x, y = p.hue("#a8a29a", "#c2b8a3", "#8e8a86"), p.hue("#b23a30", "#3a5ba0", "#6a3fa0"), p.u(44, 56), 86.0
    out += p.box(x - 24, y - 28, 48, 28, wall) + "".join(p.box(x - 24 + i * 8, y - 33, 5, 6, wall) for i in range(6))
    for a in (-24, 24, *((0,) if p.heads() else ())):
        h = p.u(40, 54)
        out += p.box(x + a - 7, y - h, 14, h, wall) + (p.poly([(x + a - 9, y - h), (x + a, y - h - 17), (x + a + 9, y - h)], roof) if p.heads(0.7) else "".join(p.box(x + a - 7 + i * 5.3, y - h - 5, 3.4, 6, wall) for i in range(3)))
    return out + f'<path d="M{x - 6:.0f} {y:.0f}v-10a6 6 0 0 1 12 0v10z" fill="#4a3322"/>', ["a castle", "a castle with towers", "an old castle on a meadow", "a stone castle", "a fairy tale castle"]


def aurora(p: Pen) -> Drawn:
    out = p.night() + p.stars(70, 30)
    for _ in range(p.n(2, 4)):
        y = p.u(15, 45)
        out += f'<path d="M-5 {y:.0f}Q{p.u(15, 35):.0f} {y - p.u(8, 20):.0f} 50 {y:.0f}T105 {y - 6:.0f}V{y + 22:.0f}Q75 {y + 34:.0f} 50 {y + 20:.0f}T-5 {y + 22:.0f}Z" fill="{p.hue("#3ddc97", "#5ef2b8", "#9d6bff", "#2fd6c3")}" opacity=".45"/>'
    return out + p.ridge(90, 20, p.hue("#0b1020", "#dfe9f5"), 4), ["an aurora", "northern lights", "the northern lights over mountains", "green lights in the night sky", "aurora borealis"]


def waterfall(p: Pen) -> Drawn:
    x, w = p.u(38, 62), p.u(9, 15)
    out = p.day(40) + p.box(0, 24, 100, 80, p.hue("#6b6258", "#7b6f60", "#5f6b5a")) + p.box(0, 20, 100, 8, p.hue("#4c9a4a", "#5cb85c"))
    out += p.box(x - w, 20, w * 2, 62, p.hue("#bfe6ff", "#9fd8f5")) + "".join(p.line([(q, 24), (q, p.u(60, 82))], "#ffffff", 1.2) for q in p.random.uniform(x - w, x + w, 6))
    return out + p.oval(50, 92, 60, 15, p.hue("#2b8fd6", "#37a6d6")) + p.oval(x, 81, w * 1.4, 5, "#ffffff", 'opacity=".8"'), ["a waterfall", "a waterfall and a pool", "water falling from a cliff", "a waterfall between rocks"]


def river(p: Pen) -> Drawn:
    y = p.u(40, 54)
    out = p.day(y + 8) + p.grass(y) + f'<path d="M{p.u(40, 60):.0f} {y:.0f}Q{p.u(20, 40):.0f} {y + 18:.0f} {p.u(45, 65):.0f} {y + 28:.0f}T{p.u(15, 40):.0f} 102H{p.u(70, 90):.0f}Q{p.u(80, 95):.0f} {y + 34:.0f} {p.u(60, 75):.0f} {y + 22:.0f}T{p.u(50, 60):.0f} {y:.0f}Z" fill="{p.hue("#2b8fd6", "#4aa8e0")}"/>'
    return out + "".join(p.tree(x, p.u(y + 8, 80), p.u(12, 22)) for x in (p.u(3, 15), p.u(85, 97))), ["a river", "a river through green land", "a winding river", "a stream in a meadow"]


def lake(p: Pen) -> Drawn:
    y = p.u(55, 65)
    out = p.day(y) + p.ridge(y, 30, p.hue("#5d7a6b", "#6b7a8f", "#3f6b4f"), p.n(3, 5)) + p.grass(y - 1, 1.5) + p.oval(50, y + 22, p.u(42, 58), p.u(14, 20), p.hue("#3a9ad9", "#4fb0e0"))
    return out, ["a lake", "a lake in the mountains", "a mountain lake", "a blue lake", "a pond on a meadow"]


def road(p: Pen) -> Drawn:
    y, x = p.u(45, 58), p.u(40, 60)
    out = p.day(y + 4) + (p.ridge(y, 20, p.hue("#6b7a8f", "#7d6b5d"), 4) if p.heads(0.4) else "") + p.grass(y, 1.5) + p.poly([(x - 3, y), (x + 3, y), (p.u(75, 92), 101), (p.u(8, 25), 101)], p.hue("#55585c", "#6f7378"))
    return out + "".join(p.poly([(x - q * 0.02, y + q), (x + q * 0.02, y + q), (x + q * 0.03, y + q + 5), (x - q * 0.03, y + q + 5)], "#ffffff") for q in (6, 16, 28, 40)), ["a road", "a road to the horizon", "a country road", "a street through green fields", "a highway"]


def bridge(p: Pen) -> Drawn:
    y, c = p.u(58, 68), p.hue("#c1121f", "#7a7f8c", "#8b5a2b")
    out = (p.day(y + 8) if p.heads(0.7) else p.dusk(y + 8)) + p.sea(y + 8)
    if p.heads(0.5):
        out += p.box(0, y, 100, 4, c) + "".join(p.box(x - 2, y - 32, 4, 50, c) for x in (26, 74)) + f'<path d="M0 {y - 12:.0f}Q13 {y - 4:.0f} 26 {y - 32:.0f}Q50 {y + 14:.0f} 74 {y - 32:.0f}Q87 {y - 4:.0f} 100 {y - 12:.0f}" fill="none" stroke="{c}" stroke-width="1.6"/>'
    else:
        out += f'<path d="M0 {y:.0f}H100V{y + 22:.0f}H90A14 14 0 0 0 62 {y + 22:.0f}H56A14 14 0 0 0 28 {y + 22:.0f}H10V{y + 22:.0f}H0Z" fill="{p.hue("#8e8a86", "#a8a29a", "#9c6b4a")}"/>'
    return out, ["a bridge", "a bridge over water", "a bridge over a river", "a long bridge"]


def farm(p: Pen) -> Drawn:
    out = p.day() + p.clouds(p.n(0, 2)) + p.grass(p.u(66, 76), 2) + p.house(p.u(38, 62), 86, p.u(30, 40), p.hue("#b5261e", "#c1121f"), p.hue("#5b4636", "#7a7f8c"))
    out += "".join(p.line([(x, 95), (x, 86)], "#e9dcc0", 1.5) for x in range(2, 100, 8)) + p.line([(0, 90), (100, 90)], "#e9dcc0", 1.2)
    return out, ["a farm", "a red barn", "a barn with a fence", "a farm with a red barn"]


def windmill(p: Pen) -> Drawn:
    x, y, a = p.u(40, 60), p.u(36, 44), p.u(0, 1.5)
    out = p.day() + p.clouds(p.n(0, 2)) + p.grass(p.u(76, 84)) + p.poly([(x - 10, 86), (x - 5, y), (x + 5, y), (x + 10, 86)], p.hue("#e9dcc0", "#b5651d", "#a8a29a")) + p.poly([(x - 7, y), (x, y - 8), (x + 7, y)], "#7a3b2b")
    for i in range(4):
        t = a + i * np.pi / 2
        c, s = float(np.cos(t)), float(np.sin(t))
        out += p.poly([(x, y), (x + 30 * c, y + 30 * s), (x + 30 * c - 6 * s, y + 30 * s + 6 * c), (x + 6 * c - 6 * s, y + 6 * s + 6 * c)], "#ffffff" if p.heads() else "#d9c9a8")
    return out, ["a windmill", "a windmill on a meadow", "an old windmill", "a dutch windmill"]


def camp(p: Pen) -> Drawn:
    x = p.u(38, 62)
    out = p.night() + p.stars(60, 36) + "".join(p.pine(q, 78, p.u(24, 42), "#0c2a1d") for q in np.arange(p.u(0, 8), 104, 15)) + p.ground(74, "#1a2e1f", 2)
    if p.heads(0.5):
        c = p.hue("#ff922b", "#e63946", "#3a86ff")
        return out + p.poly([(x - 22, 90), (x, 56), (x + 22, 90)], c) + p.poly([(x - 6, 90), (x, 66), (x + 6, 90)], "#3a2a1e"), ["a tent at night", "camping under the stars", "a tent in the forest at night"]
    return out + p.line([(x - 10, 90), (x + 10, 86)], "#6b4423", 3) + p.line([(x + 10, 90), (x - 10, 86)], "#6b4423", 3) + p.poly([(x - 8, 86), (x - 5, 72), (x - 2, 78), (x + 1, 64), (x + 4, 77), (x + 6, 72), (x + 8, 86)], "#ff7a00") + p.poly([(x - 4, 86), (x, 75), (x + 4, 86)], "#ffd43b"), [
        "a campfire at night",
        "a campfire",
        "a fire in the forest at night",
    ]


def table(p: Pen) -> Drawn:
    y, wood = p.u(55, 70), p.hue("#a9713f", "#8b5a2b", "#c08a52", "#9c6b3c")
    out = p.box(0, 0, 100, y, p.hue("#f3e9d8", "#dfe8ee", "#cfd8c9", "#e8d5c4")) + p.box(0, y, 100, 100 - y, wood)
    out += "".join(p.line([(0, q), (100, q + p.u(-1, 1))], "#6b4423", 0.7, 'opacity=".6"') for q in np.arange(y + 5, 100, p.u(5, 9)))
    return out, ["a wooden table", "a table made of wood", "an empty wooden table", "a brown table in front of a wall"]


def fireworks(p: Pen) -> Drawn:
    out = p.night()
    for _ in range(p.n(2, 5)):
        x, y, r, c = p.u(12, 88), p.u(12, 60), p.u(10, 22), p.hue("#ff5f5f", "#ffd43b", "#5fd7ff", "#9bff7a", "#ff8af0")
        out += "".join(p.line([(x + r * 0.3 * np.cos(a), y + r * 0.3 * np.sin(a)), (x + r * np.cos(a), y + r * np.sin(a))], c, 1.3) + (p.disc(x + r * np.cos(a), y + r * np.sin(a), 1.1, c) if r > 15 else "") for a in np.arange(0, 6.28, 0.45))
    return out + (p.towers(99, True) if p.heads(0.4) else ""), ["fireworks", "fireworks at night", "fireworks in the night sky", "colourful fireworks"]


def fog(p: Pen) -> Drawn:
    out = p.box(0, 0, 100, 100, p.hue("#d5dbe0", "#c3ccd3")) + "".join(p.pine(x, 88, p.u(30, 50), "#8fa39a") for x in np.arange(p.u(0, 10), 104, p.u(16, 24)))
    return out + "".join(p.box(0, y, 100, p.u(5, 9), "#eef2f4", 'opacity=".75"') for y in (45, 60, 78)), ["fog", "a foggy forest", "mist over the trees", "a misty morning"]


def jungle(p: Pen) -> Drawn:
    out = p.box(0, 0, 100, 100, p.hue("#1f6b3a", "#2f8f4a", "#14532d"))
    for _ in range(p.n(14, 26)):
        x, y, a = p.u(0, 100), p.u(0, 100), p.n(0, 359)
        out += p.oval(x, y, p.u(10, 18), p.u(3, 5), p.hue("#3fae5a", "#2f8f3a", "#57c26a", "#0f5a30"), f'transform="rotate({a} {x:.0f} {y:.0f})"')
    return out, ["a jungle", "green leaves", "a dense jungle", "many green leaves", "a tropical jungle"]


SCENES: dict[Maker, tuple[str, ...]] = {
    # where a thing is when it stands before the scene; () where nothing does
    sunset_sea: ("at sunset", "by the sea at sunset", "in front of a sunset"),
    sunset_land: ("at sunset", "in the evening", "in front of a sunset"),
    sunrise: ("at sunrise", "in the morning sun"),
    full_moon: ("under a full moon", "at night", "in a night sky with a full moon"),
    crescent_night: ("under a crescent moon", "at night"),
    starry: ("at night", "in the night sky", "under the stars", "in a starry night", "in a night sky with stars"),
    moon_sea: ("by the sea at night",),
    snowy_mountains: ("in the mountains", "in front of snowy mountains"),
    mountains: ("in the mountains", "in front of mountains"),
    dunes: ("in the desert", "in a desert", "in the sand"),
    forest: ("in a forest", "in the forest", "in the woods", "among trees"),
    autumn: ("in an autumn forest", "in autumn"),
    winter: ("in the snow", "in winter", "on a snowy day"),
    rainbow: ("under a rainbow", "in front of a rainbow"),
    city_night: ("in the city at night", "in front of a city at night"),
    city_day: ("in the city", "in a city", "in front of tall buildings"),
    volcano: ("in front of a volcano",),
    island: ("on a tropical island", "on an island"),
    beach: ("on a beach", "on the beach", "by the sea"),
    rain: ("in the rain", "on a rainy day"),
    storm: ("in a thunderstorm", "in a storm"),
    hill_house: (),
    village: ("in a village",),
    one_house: ("in front of a house",),
    flowers: ("in a field of flowers", "among flowers", "in a flower meadow"),
    meadow: ("on a meadow", "in front of green hills", "on the grass", "on green grass", "in the hills"),
    clear_sky: ("in the sky", "in a blue sky", "among the clouds"),
    grey_sky: ("on a cloudy day",),
    waves: ("on the sea", "in the sea", "on the water"),
    sail: (),
    underwater: ("under water", "under the sea", "at the bottom of the sea"),
    space: ("in space", "in outer space"),
    lighthouse: ("in front of a lighthouse",),
    castle: ("in front of a castle",),
    aurora: ("under the northern lights",),
    waterfall: ("in front of a waterfall",),
    river: ("by a river",),
    lake: ("by a lake",),
    road: ("on a road", "on the street"),
    bridge: ("in front of a bridge",),
    farm: ("on a farm",),
    windmill: ("in front of a windmill",),
    camp: ("at a camp in the night",),
    table: ("on a wooden table", "on a table"),
    fireworks: ("under fireworks",),
    fog: ("in the fog",),
    jungle: ("in the jungle", "among green leaves"),
}


def pair(p: Pen) -> tuple[str, str, str, str]:
    """Two colours: their inks and their names."""
    a, b = (str(name) for name in p.random.choice(list(INKS), 2, replace=False))
    return code(ink(p.random, a)), code(ink(p.random, b)), spoken(p.random, a), spoken(p.random, b)


def stripes(p: Pen) -> Drawn:
    a, b, x, y = pair(p)
    n, way = p.n(3, 8), p.n(0, 2)
    w = 100 / (2 * n)
    turn = (0, 90, 45 if p.heads() else -45)[way]
    inside = "".join(p.box(-50 + 2 * w * i, -60, w, 220, b) for i in range(-2, 2 * n + 4))
    name = ("vertical", "horizontal", "diagonal")[way]
    return p.box(0, 0, 100, 100, a) + f'<g transform="rotate({turn} 50 50)">{inside}</g>', [f"{x} and {y} stripes", f"{y} and {x} stripes", f"{x} and {y} {name} stripes", f"{name} stripes in {x} and {y}"]


def checks(p: Pen) -> Drawn:
    a, b, x, y = pair(p)
    if p.heads(0.2):
        a, b, x, y = code(ink(p.random, "black")), code(ink(p.random, "white")), "black", "white"
    n, shift = p.n(3, 8), 0.0
    w = 100 / n
    out = p.box(0, 0, 100, 100, a) + "".join(p.box(i * w + shift, j * w, w, w, b) for i in range(n) for j in range(n) if (i + j) % 2)
    return out, [f"a {x} and {y} checkerboard", f"a {y} and {x} checkerboard", f"a {x} and {y} chessboard", f"{x} and {y} squares like a chessboard", f"a {x} and {y} checkered pattern"]


def dots(p: Pen) -> Drawn:
    a, b, x, y = pair(p)
    n, odd = p.n(3, 7), p.heads()
    w = 100 / n
    out = p.box(0, 0, 100, 100, a) + "".join(p.disc((i + 0.5 + (0.5 if odd and j % 2 else 0)) * w, (j + 0.5) * w, w * p.u(0.25, 0.33), b) for i in range(-1, n + 1) for j in range(n))
    return out, [f"{y} dots on {x}", f"{y} polka dots on a {x} background", f"a {x} background with {y} dots", f"{x} with {y} polka dots"]


def rings(p: Pen) -> Drawn:
    a, b, x, y = pair(p)
    n = p.n(3, 6)
    return p.box(0, 0, 100, 100, a) + "".join(p.disc(50, 50, 48 * (n - i) / n, b if i % 2 == 0 else a) for i in range(n)), [f"a {y} and {x} target", f"concentric {x} and {y} rings", f"{y} and {x} concentric circles", f"a {x} and {y} bullseye"]


def spiral(p: Pen) -> Drawn:
    a, b, x, y = pair(p)
    t = np.linspace(0.3, p.u(3, 5.5) * 2 * np.pi, 160)
    r, s = t / t[-1] * p.u(36, 48), (1 if p.heads() else -1)
    return p.box(0, 0, 100, 100, a) + p.line(list(zip(50 + r * np.cos(t), 50 + s * r * np.sin(t), strict=True)), b, p.u(2.5, 5.5)), [f"a {y} spiral", f"a {y} spiral on a {x} background", f"a {y} spiral on {x}"]


def gradient(p: Pen) -> Drawn:
    a, b, x, y = pair(p)
    if p.heads(0.3):
        return f'<radialGradient id="r"><stop offset="0" stop-color="{a}"/><stop offset="1" stop-color="{b}"/></radialGradient>' + p.box(0, 0, 100, 100, "url(#r)"), [f"a {x} glow on {y}", f"{x} in the middle and {y} outside", f"a round gradient from {x} to {y}"]
    return (f'<linearGradient id="l" x1="0" y1="0" x2="{p.n(0, 1)}" y2="1"><stop offset="0" stop-color="{a}"/><stop offset="1" stop-color="{b}"/></linearGradient>' + p.box(0, 0, 100, 100, "url(#l)"), [f"a gradient from {x} to {y}", f"{x} fading into {y}", f"{x} above fading to {y} below"])


def plain(p: Pen) -> Drawn:
    name = list(INKS)[p.n(0, 11)]
    x = spoken(p.random, name)
    return p.box(0, 0, 100, 100, code(ink(p.random, name))), [f"plain {x}", f"a {x} background", f"nothing but {x}", f"the colour {x}"]


def halves(p: Pen) -> Drawn:
    a, b, x, y = pair(p)
    if p.heads():
        return p.box(0, 0, 50, 100, a) + p.box(50, 0, 50, 100, b), [f"{x} on the left and {y} on the right", f"left half {x}, right half {y}"]
    return p.box(0, 0, 100, 50, a) + p.box(0, 50, 100, 50, b), [f"{x} above and {y} below", f"{x} on top and {y} at the bottom", f"top half {x}, bottom half {y}"]


def grid(p: Pen) -> Drawn:
    a, b, x, y = pair(p)
    n, w = p.n(3, 7), p.u(1.5, 4)
    return p.box(0, 0, 100, 100, a) + "".join(p.box(i * 100 / n - w / 2, 0, w, 100, b) + p.box(0, i * 100 / n - w / 2, 100, w, b) for i in range(n + 1)), [f"a {y} grid on {x}", f"a grid of {y} lines on a {x} background", f"{y} lines crossing on {x}"]


def zigzag(p: Pen) -> Drawn:
    a, b, x, y = pair(p)
    n, out = p.n(3, 6), p.box(0, 0, 100, 100, a)
    for i in range(n):
        q = (i + 0.5) * 100 / n
        out += p.line([(-5 + 10 * k, q + (6 if k % 2 else -6)) for k in range(12)], b, p.u(3, 6))
    return out, [f"{y} zigzag lines on {x}", f"a {x} and {y} zigzag pattern", f"{y} zigzags on a {x} background"]


def wavy(p: Pen) -> Drawn:
    a, b, x, y = pair(p)
    n, out = p.n(3, 6), p.box(0, 0, 100, 100, a)
    for i in range(n):
        q = (i + 0.5) * 100 / n
        out += f'<path d="M-10 {q:.0f}' + "q7 -9 14 0t14 0" * 5 + f'" fill="none" stroke="{b}" stroke-width="{p.u(2.5, 5):.1f}"/>'
    return out, [f"{y} wavy lines on {x}", f"{y} waves on a {x} background", f"a {x} and {y} wave pattern"]


def confetti(p: Pen) -> Drawn:
    kind = p.of("circles", "triangles", "squares", "lines")
    out = p.box(0, 0, 100, 100, code(ink(p.random, p.of("white", "black", "grey", "blue", "yellow"))))
    for _ in range(p.n(12, 60)):
        x, y, r, c = p.u(0, 100), p.u(0, 100), p.u(3, 14), code(p.random.uniform(0, 255, 3).tolist())
        a = p.random.uniform(0, 6.28, 3)
        out += (
            p.disc(x, y, r * 0.7, c)
            if kind == "circles"
            else p.poly([(x + r * np.cos(t), y + r * np.sin(t)) for t in a], c)
            if kind == "triangles"
            else p.box(x, y, r, r, c, f'transform="rotate({p.n(0, 89)} {x:.0f} {y:.0f})"')
            if kind == "squares"
            else p.line([(x, y), (x + 2 * r * np.cos(a[0]), y + 2 * r * np.sin(a[0]))], c, p.u(1, 3))
        )
    return out, [f"random {kind}", f"random coloured {kind}", "abstract shapes", f"a mess of {kind}", "abstract noise"]


PATTERNS: tuple[Maker, ...] = (stripes, stripes, checks, checks, dots, rings, spiral, gradient, plain, halves, grid, zigzag, wavy, confetti)


def around(radii: Sequence[float], turn: float = -np.pi / 2) -> str:
    return " ".join(f"{50 + 48 * r * np.cos(turn + 2 * np.pi * i / len(radii)):.1f},{50 + 48 * r * np.sin(turn + 2 * np.pi * i / len(radii)):.1f}" for i, r in enumerate(radii))


SHAPES: dict[str, tuple[str, ...]] = {
    # white on nothing, more than one drawing a name; the composer gives them colour
    "circle": ('<circle cx="50" cy="50" r="48"/>', '<circle cx="50" cy="50" r="44"/>'),
    "square": ('<rect x="6" y="6" width="88" height="88"/>', '<rect x="4" y="4" width="92" height="92" rx="7"/>'),
    "triangle": ('<polygon points="50,6 97,90 3,90"/>', '<polygon points="50,2 92,96 8,96"/>'),
    "star": (f'<polygon points="{around([1, 0.4] * 5)}"/>', f'<polygon points="{around([1, 0.5] * 5)}"/>'),
    "heart": ('<path d="M50 92C-12 50 10 4 34 8 44 10 50 20 50 26 50 20 56 10 66 8 90 4 112 50 50 92Z"/>', '<path d="M50 94L8 50A25 25 0 0 1 50 22 25 25 0 0 1 92 50Z"/>'),
    "rectangle": ('<rect x="2" y="25" width="96" height="50"/>', '<rect x="24" y="2" width="52" height="96"/>'),
    "oval": ('<ellipse cx="50" cy="50" rx="48" ry="29"/>', '<ellipse cx="50" cy="50" rx="30" ry="48"/>'),
    "diamond": ('<polygon points="50,2 86,50 50,98 14,50"/>', '<polygon points="50,4 96,50 50,96 4,50"/>'),
    "hexagon": (f'<polygon points="{around([1] * 6)}"/>', f'<polygon points="{around([1] * 6, 0)}"/>'),
    "pentagon": (f'<polygon points="{around([1] * 5)}"/>', f'<polygon points="{around([0.93] * 5)}"/>'),
    "cross": ('<path d="M36 4h28v32h32v28H64v32H36V64H4V36h32z"/>', '<path d="M41 4h18v37h37v18H59v37H41V59H4V41h37z"/>'),
    "crescent": ('<path d="M66 4A48 48 0 1 0 66 96 38 38 0 1 1 66 4Z"/>', '<path d="M70 8A46 46 0 1 0 88 72 40 40 0 0 1 70 8Z"/>'),
    "ring": ('<circle cx="50" cy="50" r="38" fill="none" stroke="#fff" stroke-width="18"/>', '<circle cx="50" cy="50" r="41" fill="none" stroke="#fff" stroke-width="11"/>'),
    "arrow": ('<path d="M4 38h52V14l42 36-42 36V62H4z"/>', '<path d="M38 96V44H14L50 4l36 40H62v52z"/>'),
    "line": ('<rect x="2" y="44" width="96" height="12"/>', '<rect x="44" y="2" width="12" height="96"/>'),
    "cube": ('<path d="M50 4l42 23-42 23L8 27z"/><path d="M6 31l42 23v44L6 74z" opacity=".75"/><path d="M94 31L52 54v44l42-24z" opacity=".55"/>', '<path d="M5 30h62v65H5z"/><path d="M8 27L32 6h62L70 27z" opacity=".8"/><path d="M70 30l25-22v62L70 93z" opacity=".6"/>'),
}


def shapes() -> tuple[Array, list[str]]:
    """All drawings of shapes as white sprites (N, 64, 64, 4) and their names."""
    drawn = [(name, svg) for name, drawings in SHAPES.items() for svg in drawings]
    return np.stack([rasterised(f'<g fill="#fff">{svg}</g>') for _, svg in drawn]), [name for name, _ in drawn]
