"""Things by their nouns: small pictures with alpha in several styles, by a net that has learnt them (training/sprites.py).

A concept and a style give coefficients of principal components. No picture is stored, yet a net that has seen two or ten drawings
of a thing comes near to them; so a draw mixes styles, moves the colours of one drawing onto another, and bends the whole.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from creativity.errors import CreativityError, nearest
from creativity.models import weights
from creativity.models.priors.colours import COLOURS, RGB, colour
from creativity.streams import Stream

SIDE = 48
"""Of the learnt pictures, in pixels."""
MARGIN = 0.04
"""Free around a drawn thing, of the side."""
PARTLY, FARTHEST = 0.25, 0.45
"""The distance of a noun that is known but for the words before it, and the farthest that the vectors of words may be."""
LIKED = {"noto": 6.0, "noto-v1": 5.0, "openclipart-a": 4.0, "glyphs-poly": 3.0, "fluent-color": 2.0, "icon-park": 1.5, "noto-emoji": 1.5}
PLAINLY = 0.4
"""How often a style is drawn, and how often one that is not in that list."""
Vectors = Callable[[Sequence[str]], Tensor]
"""Texts -> unit vectors (T, E)."""
IRREGULAR = {
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "teeth": "tooth",
    "men": "man",
    "women": "woman",
    "children": "child",
    "people": "person",
    "wolves": "wolf",
    "leaves": "leaf",
    "loaves": "loaf",
    "calves": "calf",
    "knives": "knife",
    "shelves": "shelf",
    "scarves": "scarf",
    "elves": "elf",
    "dwarves": "dwarf",
    "cacti": "cactus",
    "octopi": "octopus",
    "oxen": "ox",
}


class SpriteNet(nn.Module):
    """Concept and style -> coefficients of the components, in units of their spread (B, K)."""

    inside, manner, width = 96, 32, 1024

    def __init__(self, concepts: int, styles: int, components: int):
        super().__init__()
        self.concept = nn.Embedding(concepts, self.inside)
        self.style = nn.Embedding(styles, self.manner)
        self.first = nn.Linear(self.inside + self.manner, self.width)
        self.second = nn.Linear(self.width, self.width)
        self.last = nn.Linear(self.width, components)

    def forward(self, concept: Tensor, style: Tensor) -> Tensor:
        x = F.silu(self.first(torch.cat([concept, style], -1)))
        out: Tensor = self.last(x + F.silu(self.second(x)))
        return out


class Finish(nn.Module):
    """Takes the grain off decoded pictures (B, 4, S, S), and the ghosts of other styles: what it adds is learnt on what they should be."""

    width = 48

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(16, self.width, 3, padding=1)
        self.second = nn.Conv2d(self.width, self.width, 3, padding=1)
        self.third = nn.Conv2d(self.width, self.width, 3, padding=2, dilation=2)
        self.last = nn.Conv2d(self.width, 16, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        x = F.silu(self.first(F.pixel_unshuffle(images, 2)))
        x = x + F.silu(self.second(x))
        x = x + F.silu(self.third(x))
        return premultiplied(images + F.pixel_shuffle(self.last(x), 2))


def premultiplied(images: Tensor) -> Tensor:
    """Numbers (B, 4, S, S) brought into their range: alpha in [0, 1], colours in [0, alpha]."""
    alpha = images[:, 3:].clamp(0, 1)
    return torch.cat([images[:, :3].clamp_min(0).minimum(alpha), alpha], 1)


def packed(net: SpriteNet, finish: Finish, mean: Tensor, parts: Tensor, spread: Tensor, has: Tensor, colours: Tensor) -> dict[str, Tensor]:
    """What a file of weights holds. ``has`` (C, S): which were seen together; ``colours`` (C, 3): -1 where it has none of its own."""
    own = {"mean": mean, "parts": parts * spread, "has": has.to(torch.uint8), "colours": colours}
    modules = (("net", net), ("finish", finish))
    return weights.pack(own | {f"{prefix}.{name}": value for prefix, part in modules for name, value in part.state_dict().items()})


@dataclass(frozen=True)
class Match:
    """The concept a noun was taken for. ``distance``: 0 for its own names, more for a guess. ``ignored``: words that tell nothing to it."""

    concept: int
    name: str
    distance: float
    ignored: tuple[str, ...] = ()


class Sprites:
    """Drawn things. ``find`` a noun, then ``draw``."""

    def __init__(self, tensors: Mapping[str, Tensor], notes: Mapping[str, str], vectors: Vectors | None = None):
        names: list[list[str]] = json.loads(notes["concepts"])
        self.styles: list[str] = json.loads(notes["styles"])
        self.concepts = [own[0] for own in names]
        state = weights.unpack(tensors)
        self.mean, self.parts, self.colours, self.has = (state[name] for name in ("mean", "parts", "colours", "has"))
        self.net = SpriteNet(len(names), len(self.styles), len(self.parts)).requires_grad_(False)
        self.finish = Finish().requires_grad_(False)
        for prefix, part in (("net.", self.net), ("finish.", self.finish)):
            part.load_state_dict({name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)})
        self.named = {alias: c for c, own in reversed(list(enumerate(names))) for alias in own}
        self.named |= {name: c for c, name in enumerate(self.concepts)}
        self.vectors = vectors
        self._table: Tensor | None = None
        self.digest = ""

    @classmethod
    def load(cls, path: Path | None = None, vectors: Vectors | None = None) -> Sprites:
        """``vectors``: used for nouns that are in no list.

        Raises:
            CreativityError: the file is not there, or not one of sprites.
        """
        path = path or weights.FOLDER / "sprites.safetensors"
        tensors, notes, digest = weights.read(path, "the sprites")
        try:
            sprites = cls(tensors, notes, vectors)
        except (KeyError, ValueError, RuntimeError) as error:
            raise CreativityError(f"{path.name} does not hold the weights of the sprites: {error}") from None
        sprites.digest = digest
        return sprites

    def find(self, noun: str) -> Match | None:
        """What a noun phrase names, in any number: "puppies", "an old oak tree". None: it is not known."""
        words = [
            word for word in re.findall(r"[^\W_]+(?:['-][^\W_]+)*", noun.lower().replace("\u2019", "'")) if word not in ("a", "an", "the")
        ]
        for skipped in range(len(words)):
            for text in _forms(words[skipped:]):
                if text in self.named:
                    c = self.named[text]
                    return Match(c, self.concepts[c], PARTLY if skipped else 0.0, tuple(words[:skipped]))
        if "of" in words[1:] and (found := self.find(" ".join(words[: words.index("of")]))):
            return Match(found.concept, found.name, PARTLY, (*found.ignored, *words[words.index("of") + 1 :]))
        if self.vectors is None or not words:
            return None
        if self._table is None:
            self._table = self.vectors(list(self.named))
        similar, at = (self._table @ self.vectors([" ".join(words)])[0]).max(0)
        distance = max(1 - float(similar), 1e-3)
        c = list(self.named.values())[int(at)]
        return Match(c, self.concepts[c], distance) if distance <= FARTHEST else None

    @torch.no_grad()
    def draw(self, concepts: Sequence[int], stream: Stream, colours: Sequence[str | None] | None = None, side: int = 64) -> Tensor:
        """Things (n, 4, side, side), premultiplied, in [0, 1]; each fills its frame but for a small margin.

        Number k depends on its concept, its colour and ``stream.at(k)``.

        A colour is in words ("red", "dark green") and becomes that of the main part.

        Raises:
            CreativityError: a colour is not known, or there are not as many as concepts.
        """
        colours = [None] * len(concepts) if colours is None else colours
        if len(colours) != len(concepts):
            raise CreativityError(f"expected a colour, or None, for each of {len(concepts)} things; got {len(colours)}")
        asked = [None if name is None else _colour(name) for name in colours]
        if not concepts:
            return torch.zeros(0, 4, side, side)
        randoms = [stream.at(k) for k in range(len(concepts))]
        first, second = self._styles(concepts, randoms)
        noise = torch.from_numpy(np.stack([random.standard_normal(self.net.inside) for random in randoms])).float()
        concept = self.net.concept.weight[list(concepts)]
        concept = concept + 0.03 * self.net.concept.weight.std() * noise
        out = []
        for k, (c, random, rgb) in enumerate(zip(concepts, randoms, asked, strict=True)):
            # one at a time, as a product's last bits change with the number of rows
            form, palette = self.decode(concept[[k, k]], torch.stack([first[k], second[k]]))
            if rgb is None and self.colours[c, 0] < 0:
                rgb = COLOURS[str(random.choice(["red", "orange", "green", "turquoise", "blue", "purple", "brown", "pink"]))]
            form = bent(form, random, side)
            form = jittered(repainted(form, palette, float(random.uniform(0, 0.8))), random)
            out.append(form if rgb is None else recoloured(form, rgb))
        return torch.stack(out)

    def decode(self, concept: Tensor, style: Tensor) -> Tensor:
        """Vectors of concepts (n, 96) and styles (n, 32) -> pictures (n, 4, SIDE, SIDE), premultiplied."""
        flat = torch.addmm(self.mean, self.net(concept, style), self.parts)
        out: Tensor = self.finish(premultiplied(flat.view(-1, 4, SIDE, SIDE)))
        return out

    def _styles(self, concepts: Sequence[int], randoms: Sequence[np.random.Generator]) -> tuple[Tensor, Tensor]:
        """For each thing a mixture of two of the styles that it was seen in, and one that gives it colours."""
        liked = np.array([LIKED.get(name.split()[0], PLAINLY) for name in self.styles])
        table = self.net.style.weight
        forms, palettes = [], []
        for c, random in zip(concepts, randoms, strict=True):
            chance = liked * self.has[c].numpy()
            a, b, p = (int(n) for n in random.choice(len(chance), 3, p=chance / chance.sum()))
            forms.append(table[a].lerp(table[b], float(random.uniform(0, 0.2))))
            palettes.append(table[p])
        return torch.stack(forms), torch.stack(palettes)


def _forms(words: Sequence[str]) -> list[str]:
    """A noun phrase, and what it may be the plural of."""
    head, last = list(words[:-1]), words[-1]
    singular = [last, last.replace("-", " ")]
    if last in IRREGULAR:
        singular.append(IRREGULAR[last])
    if last.endswith("ies"):
        singular.append(last[:-3] + "y")
    if last.endswith("es"):
        singular.append(last[:-2])
    if last.endswith("s") and not last.endswith("ss"):
        singular.append(last[:-1])
    out = [" ".join([*head, word]) for word in singular]
    if "of" in head and head[0] != "of":  # cups of coffee
        out += [" ".join([form, *words[1:]]) for form in _forms(words[:1])]
    return out + [text.replace("-", " ") for text in out if "-" in text]


def _colour(name: str) -> RGB:
    if (rgb := colour(name.lower().split())) is None:
        raise CreativityError(f"{name!r} is no colour that sprites know; {nearest(name, COLOURS)}")
    return rgb


def bent(image: Tensor, random: np.random.Generator, side: int) -> Tensor:
    """A picture (4, S, S) turned, sheared, bent and stretched at random, and fitted into its frame again: (4, side, side)."""
    flip = -1.0 if random.random() < 0.5 else 1.0
    turn = math.radians(float(random.uniform(-9, 9)))
    shear = float(random.uniform(-0.12, 0.12))
    aspect = math.exp(float(random.uniform(-0.13, 0.13)))
    knots = torch.from_numpy(random.uniform(-0.11, 0.11, (1, 2, 4, 4))).float()
    taper = float(random.uniform(-0.12, 0.12))
    cos, sin = math.cos(turn), math.sin(turn)

    def source(x: Tensor, y: Tensor) -> Tensor:
        """Where in the picture the points of a frame (S, S) are from: (1, S, S, 2)."""
        grid = torch.stack([x, y], -1)[None]
        move = F.grid_sample(knots, grid * 0.7, mode="bicubic", padding_mode="border", align_corners=True)[0]
        x, y = x + move[0], y + move[1]
        x = (x + shear * y) * (1 + taper * y)
        x, y = cos * x - sin * y, sin * x + cos * y
        return torch.stack([flip * x * aspect, y / aspect], -1)[None]

    def points(n: int, left: float, right: float, top: float, bottom: float) -> tuple[Tensor, Tensor]:
        at = (torch.arange(n) + 0.5) / n
        y, x = torch.meshgrid(top + (bottom - top) * at, left + (right - left) * at, indexing="ij")
        return x, y

    wide = 1.6
    alpha = F.grid_sample(image[None, 3:], source(*points(64, -wide, wide, -wide, wide)), align_corners=False)[0, 0]
    left, right = _extent(alpha.amax(0), wide)
    top, bottom = _extent(alpha.amax(1), wide)
    half = max(right - left, bottom - top, 0.2) / 2 / (1 - 2 * MARGIN)
    x, y = (left + right) / 2, (top + bottom) / 2
    fine = F.interpolate(image[None], scale_factor=2, mode="bicubic", align_corners=False)
    out = F.grid_sample(fine, source(*points(2 * side, x - half, x + half, y - half, y + half)), align_corners=False)
    return sharpened(F.avg_pool2d(out, 2)[0], side / SIDE)


def _extent(profile: Tensor, wide: float) -> tuple[float, float]:
    """From where to where a profile over (-wide, wide) is not empty."""
    seen = torch.nonzero(profile > 0.25)[:, 0]
    if not len(seen):
        return -1.0, 1.0
    n = len(profile)
    return (2 * int(seen[0]) / n - 1) * wide, (2 * (int(seen[-1]) + 1) / n - 1) * wide


def sharpened(image: Tensor, scale: float) -> Tensor:
    """Edges of the alpha as steep as they would be in a picture drawn at this size; a faint haze goes."""
    alpha = image[3:].clamp(0, 1)
    straight = (image[:3] / alpha.clamp_min(0.05)).clamp(0, 1)
    blurred = F.avg_pool2d(F.pad(straight[None], (1, 1, 1, 1), mode="replicate"), 3, 1)[0]
    straight = (straight + 0.6 * (straight - blurred)).clamp(0, 1)
    alpha = ((alpha - 0.5) * (1.2 + 0.4 * scale) + 0.5).clamp(0, 1)
    return torch.cat([straight * alpha, alpha])


def _moments(image: Tensor) -> tuple[Tensor, Tensor]:
    alpha = image[3] > 0.6
    if int(alpha.sum()) < 8:
        return torch.zeros(3, 1), torch.ones(3, 1)
    seen = (image[:3] / image[3:].clamp_min(0.05))[:, alpha]
    return seen.mean(1, keepdim=True), seen.std(1, keepdim=True) + 0.03


def repainted(image: Tensor, palette: Tensor, share: float) -> Tensor:
    """A picture (4, S, S) whose colours come nearer to those of another, in mean and spread (Reinhard et al., 2001)."""
    (mean, spread), (wanted, wide) = _moments(image), _moments(palette)
    alpha = image[3:]
    straight = (image[:3] / alpha.clamp_min(0.05)).clamp(0, 1).flatten(1)
    moved = (straight - mean) * (wide / spread).clamp(0.6, 1.6) + wanted
    return torch.cat([straight.lerp(moved, share).clamp(0, 1).view_as(image[:3]) * alpha, alpha])


def jittered(image: Tensor, random: np.random.Generator) -> Tensor:
    """Hue turned a little, the whole lighter or darker, more or less vivid."""
    turn = math.radians(float(random.normal(0, 7)))
    vivid, light = math.exp(float(random.normal(0, 0.12))), float(random.normal(0, 0.035))
    grey = torch.tensor([0.299, 0.587, 0.114])
    plane = torch.tensor([[0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    back = torch.tensor([[0.956, 0.621], [-0.272, -0.647], [-1.106, 1.703]])
    cos, sin = math.cos(turn), math.sin(turn)
    matrix = grey[None].expand(3, 3) + vivid * back @ torch.tensor([[cos, -sin], [sin, cos]]) @ plane
    alpha = image[3:]
    rgb = torch.einsum("dc,chw->dhw", matrix, image[:3]) + light * alpha
    return torch.cat([rgb.clamp_min(0).minimum(alpha), alpha])


def recoloured(image: Tensor, rgb: RGB) -> Tensor:
    """A picture (4, S, S) whose main colour becomes a given one. Shading is kept; so are eyes, whites and other parts, if small."""
    alpha = image[3:]
    straight = (image[:3] / alpha.clamp_min(0.05)).clamp(0, 1)
    solid = alpha[0] > 0.5
    if int(solid.sum()) < 8:
        return image
    target = torch.tensor(rgb)
    main = _main(straight[:, solid])
    far = (_chroma(straight) - _chroma(main[:, None, None])).square().sum(0).sqrt()
    light = _light(straight)
    belongs = (1.35 - far / 0.16).clamp(0, 1)
    if float(main.max() - main.min()) < 0.18:  # grey, black or white: told from the rest by how light it is
        belongs = belongs * (1.6 - (light - _light(main[:, None, None])).abs() / 0.36).clamp(0, 1)
    extreme = ((light - 0.86) / 0.08).clamp(0, 1).maximum(((0.2 - light) / 0.08).clamp(0, 1)) * (straight.amax(0) - straight.amin(0) < 0.3)
    belongs, extreme = F.avg_pool2d(torch.stack([belongs, extreme])[None], 3, 1, 1, count_include_pad=False)[0]  # a learnt colour has grain
    rest = (1 - belongs) * (1 - extreme)
    pale = max(0.0, float(_light(target)) - 0.8) * 5
    inside = -F.max_pool2d(-alpha[None], 5, 1, 2)[0]
    rim = pale * (alpha - F.avg_pool2d(inside[None], 3, 1, 1)[0]).clamp(0, 1)  # white is seen on white by its edge
    middle = float((light * belongs)[solid].sum() / belongs[solid].sum().clamp_min(1e-3))
    for others, ends, depth in ((0.0, 0.0, 1.0), (0.5, 0.0, 0.9), (1.0, 0.1, 0.8), (1.0, 0.5, 0.65), (1.0, 0.85, 0.5), (1.0, 1.0, 0.3)):
        share = (belongs + others * rest + ends * (1 - belongs) * extreme).clamp(0, 1)
        difference = (light - middle) * depth
        shaded = target[:, None, None] * (1 + difference.clamp(max=0) * 1.2)
        shaded = (shaded + (1 - shaded) * difference.clamp(min=0) * 0.75) * (1 - 0.3 * rim)
        out = straight.lerp(shaded.clamp(0, 1), share)
        if _close(out[:, solid], target) and float(share[solid].mean()) > 0.5:
            break
    return torch.cat([out * alpha, alpha])


def _light(rgb: Tensor) -> Tensor:
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]


def _chroma(rgb: Tensor) -> Tensor:
    """Two opponent coordinates (2, ...), divided by how bright it is, so that shade and light of one colour are near."""
    bright = rgb.amax(0).clamp_min(0.25)
    return torch.stack([rgb[0] - rgb[1], 0.5 * (rgb[0] + rgb[1]) - rgb[2]]) / bright


def _main(pixels: Tensor) -> Tensor:
    """The colour (3,) that most of some pixels (3, N) have, the vivid ones counting more."""
    vivid = 0.15 + pixels.amax(0) - pixels.amin(0)
    bins = (pixels * 4.999).long()
    number = bins[0] * 25 + bins[1] * 5 + bins[2]
    chosen = number == torch.bincount(number, vivid, 125).argmax()
    return pixels[:, chosen].mean(1)


def _close(pixels: Tensor, target: Tensor) -> bool:
    """Whether the mean of some pixels (3, N) is nearer to a colour than to any other with a plain name, and most of them are near it."""
    mean = pixels.mean(1)
    others = torch.tensor([COLOURS[name] for name in PLAIN])
    others = others[(others - target).square().sum(1) > 0.06]
    near = (pixels - target[:, None]).square().sum(0).sqrt() < 0.38
    return float((mean - target).square().sum()) * 1.3 < float((others - mean).square().sum(1).min()) and float(near.float().mean()) > 0.5


PLAIN = ("red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "black", "grey", "white")
