"""CPPNs: pictures that a small network paints, place by place.

A compositional pattern producing network (Stanley 2007) takes where a point is to its colour. What it can say depends on what
its units do and on how its weights begin:

- ``tanh``: x, y and the distance from the middle through layers of tanh: the look of David Ha's "Generating Abstract Patterns with
  TensorFlow" (2016) and of the netart of 2015;
- ``mixed``: a third each of tanh, sine and bell curve in every layer, as CPPNs have had them since Picbreeder (Secretan et al. 2008);
- ``lucid``: arctangents and their squares (Mordvintsev et al. 2018, "Differentiable Image Parameterizations");
- ``fourier``: places as sines of random waves, then ReLU (Tancik et al. 2020, arXiv:2006.10739);
- ``siren``: sines throughout (Sitzmann et al. 2020, arXiv:2006.09661).

From first to last they go from dreamy to photographic, and ``detail`` goes the same way within each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from creativity.errors import CreativityError
from creativity.options import option
from creativity.renderers import networks, shader
from creativity.renderers.base import Renderer, Size
from creativity.renderers.genome import Block, ParamSpec
from creativity.renderers.marks import parse_colour
from creativity.renderers.networks import FUNCTIONS, Network
from creativity.streams import Stream, Streams

IDENTITY, TANH, SIN, GAUSS, SIGMOID, _, RELU, ATAN = range(len(FUNCTIONS))

WAVES = 96
"""Random waves of ``fourier``: as many sines and as many cosines."""

BAND = 1 << 16
"""Pixels that are in memory at once, besides the picture itself."""

RANK = 4
"""How many ways each layer's weights can go where they come from a few numbers."""


@dataclass(frozen=True)
class Look:
    """What a kind of network begins as. ``units`` are repeated to fill a layer; gains multiply numbers of variance 1."""

    units: tuple[int, ...]
    reach: float
    """Coordinates go from minus to plus this along the shorter side."""
    near: float
    """Gain of the first layer's weights, before it is divided by the root of its inputs."""
    deep: float
    """The same of the layers between."""
    head: float
    """The same of the last layer."""
    bias: float
    """Gain of all biases."""
    scale: float
    """How far a search steps, beside those numbers of variance 1."""


LOOKS = {
    "tanh": Look((TANH,), 3.0, 2.0, 3.0, 1.8, 0.7, 0.6),
    "mixed": Look((TANH, SIN, GAUSS), 2.5, 2.0, 1.9, 1.7, 0.7, 0.85),
    "lucid": Look((ATAN,), 1.7, 2.0, 1.4, 1.1, 0.6, 0.3),
    "fourier": Look((RELU,), 1.0, 1.4, 1.4, 1.0, 0.1, 0.45),
    "siren": Look((SIN,), 1.0, 22.0, 1.7, 0.7, 1.0, 1.6),
}


@dataclass(frozen=True)
class CppnOptions:
    net: str = option("mixed", "what it is made of, from dreamy to photographic", choices=tuple(LOOKS))
    layers: int = option(4, "how many layers of units", low=1, high=32)
    width: int = option(24, "how many units in each layer", low=2, high=512)
    detail: float = option(1.0, "how fine it is: factor on the frequencies", low=0.01, high=100.0)
    colour: str = option(
        "rgb", "what its outputs are: red, green, blue; hue, saturation, brightness; or grey", choices=("rgb", "hsv", "mono")
    )
    palette: tuple[str, ...] = option((), "mix these colours instead, such as #112233,#ffcc00")
    symmetry: str = option(
        "none", "mirror: left and right; both: above and below too; kaleidoscope", choices=("none", "mirror", "both", "kaleidoscope")
    )
    folds: int = option(6, "how many times a kaleidoscope repeats around the middle", low=1, high=64)
    tile: bool = option(False, "whether what leaves on one side goes on at the other: seamless")
    loop: bool = option(False, "whether it can move, in a circle that closes (film)")
    latent: int = option(0, "how many numbers more it is given everywhere; walking among them moves the picture", low=0, high=512)
    hyper: int = option(0, "make all weights from so many numbers: a small space to search in; 0: each weight is its own", low=0, high=512)
    zoom: float = option(1.0, "how much larger it is seen", low=0.001, high=1000.0)
    x: float = option(0.0, "how far to the right it is looked at, in half sides", low=-1e4, high=1e4)
    y: float = option(0.0, "how far down", low=-1e4, high=1e4)
    samples: int = option(1, "places per pixel and direction that are averaged", low=1, high=8)

    def __post_init__(self) -> None:
        for text in self.palette:
            parse_colour(text)
        if len(self.palette) == 1:
            raise CreativityError("a palette to mix needs two colours at least")
        if self.hyper and self.latent:
            raise CreativityError("hyper makes the weights from a few numbers already; leave latent at 0")
        if self.tile and self.symmetry == "kaleidoscope":
            raise CreativityError("a kaleidoscope has a middle and does not tile; use symmetry both")


class Cppn(Renderer):
    """A network of its own for every genome, of one architecture for all of them."""

    Options = CppnOptions
    coarsens: ClassVar[bool] = False

    def __init__(self, options: CppnOptions):
        super().__init__(options)
        self._look = look = LOOKS[options.net]
        between = tuple((look.units * options.width)[: options.width])
        heads = {"rgb": (SIGMOID,) * 3, "hsv": (IDENTITY, SIGMOID, SIGMOID), "mono": (SIGMOID,)}
        head = (IDENTITY,) * len(options.palette) or heads[options.colour]
        self.network = Network(2 * WAVES if options.net == "fourier" else self._places, (*(between,) * options.layers, head))
        self._cached: tuple[Any, Tensor] | None = None

    @property
    def _places(self) -> int:
        """How many numbers say where a point is, and when."""
        turning = 4 if self.options.tile else 3 if self.options.net in ("tanh", "mixed") else 2
        return turning + (2 if self.options.loop else 0)

    @cached_property
    def spec(self) -> ParamSpec:
        how, first = self.options, self.network.shapes[0][0]
        if how.hyper:
            return ParamSpec((Block("latent", (how.hyper,), centre=0.0, scale=0.5, per_mark=False),))
        blocks = [
            Block("weights", (self.network.weights,), centre=0.0, scale=self._look.scale, per_mark=False),
            Block("biases", (self.network.units,), centre=0.0, scale=self._look.scale, per_mark=False),
        ]
        if how.latent:
            blocks += [
                Block("latent_weights", (first, how.latent), centre=0.0, scale=self._look.scale, per_mark=False),
                Block("latent", (how.latent,), centre=0.0, scale=self._look.scale, per_mark=False),
            ]
        return ParamSpec(tuple(blocks))

    def init(self, n: int, stream: Stream, hint: Tensor | None = None) -> Tensor:
        """Every number from a normal distribution, then the last layer such that colours are spread out: no picture is all grey.

        (Layer-wise scaling by what comes out: Mishkin & Matas 2016, arXiv:1511.06422, here of the last layer alone.)
        """
        random = stream.at(0)
        genomes = torch.from_numpy(random.standard_normal((n, self.spec.size)).astype(np.float32))
        if self.options.hyper:
            return genomes
        values, bias_gain = self.spec.decode(genomes), self._gains[1]
        units, inputs = self.network.shapes[-1]
        plain = Network(self.network.features, (*self.network.layers[:-1], (IDENTITY,) * units))  # what the last layer's functions get
        last = values["weights"][:, -units * inputs :].unflatten(1, (units, inputs))  # type: ignore[no-untyped-call]
        if not (self.options.palette or self.options.colour == "hsv"):
            last = SHARED * last[:, :1] + (1 - SHARED**2) ** 0.5 * last  # light and dark go together more than colours go apart
        values["weights"] = torch.cat([values["weights"][:, : -units * inputs], last.flatten(1)], 1)
        features = self.features((SKETCH, SKETCH), (0, SKETCH))
        sums = networks.values(plain, features, *self._net(self.spec.encode(values), 0.0))  # (n, units, P)
        spread, middle = sums.std(2, correction=0).clamp_min(1e-3), sums.mean(2)
        factor = CONTRAST / spread
        values["weights"] = torch.cat([values["weights"][:, : -units * inputs], (last * factor[:, :, None]).flatten(1)], 1)
        wanted = 0.5 * CONTRAST * torch.from_numpy(random.standard_normal((n, units)).astype(np.float32))
        bias = values["biases"][:, -units:] * bias_gain[-units:]
        bias = wanted - factor * (middle - bias)
        values["biases"] = torch.cat([values["biases"][:, :-units], bias / bias_gain[-units:]], 1)
        return self.spec.encode(values)

    @cached_property
    def _gains(self) -> tuple[Tensor, Tensor]:
        """Of weights (W,) and of biases (U,)."""
        look, shapes = self._look, self.network.shapes
        weights, biases = [], []
        for layer, (units, inputs) in enumerate(shapes):
            gain = look.near if layer == 0 else look.head if layer == len(shapes) - 1 else look.deep
            gain *= self.options.detail if layer == 0 and self.options.net != "fourier" else 1.0
            weights.append(torch.full((units * inputs,), gain / math.sqrt(inputs)))
            biases.append(torch.full((units,), look.bias if layer < len(shapes) - 1 else 0.3 * look.bias))
        return torch.cat(weights), torch.cat(biases)

    def _net(self, genomes: Tensor, phase: float) -> tuple[Tensor, Tensor]:
        """Genomes (B, D) -> weights (B, W) and biases (B, U) of their networks, at a phase of the walk."""
        values = self.spec.decode(genomes)
        weight_gain, bias_gain = self._gains
        phase = 0.0 if self.options.loop else phase  # what has a loop moves by that
        if self.options.hyper:
            return self._made(walked(_sane(values["latent"]), phase))
        weights, biases = (_sane(values[name]) * gain for name, gain in (("weights", weight_gain), ("biases", bias_gain)))
        if self.options.latent:
            # What is the same everywhere is a bias.
            latent = walked(_sane(values["latent"]), phase)
            units = values["latent_weights"].shape[1]
            shift = (_sane(values["latent_weights"]) * latent[:, None]).sum(2) / math.sqrt(self.options.latent)
            biases = torch.cat([biases[:, :units] + self._look.near * shift * bias_gain[0], biases[:, units:]], 1)
        return weights, biases

    def _made(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """A hypernetwork (Ha et al. 2016, arXiv:1609.09106), its own weights fixed: latents (B, Z) move each layer's weights and biases
        in a few directions around where all of them begin."""
        base, ways, mix = hypernetwork(self.network.weights + self.network.units, self.network.shapes, self.options.hyper)
        amounts = torch.tanh(latent @ mix.T)  # (B, layers x RANK)
        weights, biases = [], []
        for layer, ((start, stop), (units, inputs)) in enumerate(zip(_spans(self.network.shapes), self.network.shapes, strict=True)):
            some = amounts[:, layer * RANK : (layer + 1) * RANK]
            numbers = base[start:stop] + (some[:, :, None] * ways[:, start:stop]).sum(1)
            weights.append(numbers[:, : units * inputs])
            biases.append(numbers[:, units * inputs :])
        weight_gain, bias_gain = self._gains
        units, inputs = self.network.shapes[-1]
        weight_gain = torch.cat([weight_gain[: -units * inputs], BOLD * weight_gain[-units * inputs :]])
        return torch.cat(weights, 1) * weight_gain, torch.cat(biases, 1) * bias_gain

    def features(self, size: Size, rows: tuple[int, int], phase: float = 0.0) -> Tensor:
        """What the network is told of each pixel of rows [first, last) of a picture of ``size``: (F, pixels), row by row."""
        how, (height, width) = self.options, size
        key = (size, rows, phase)
        if self._cached is not None and self._cached[0] == key:
            return self._cached[1]
        across = (np.arange(width, dtype=np.float64) + 0.5) / width * 2 - 1
        down = (np.arange(rows[0], rows[1], dtype=np.float64) + 0.5) / height * 2 - 1
        if not how.tile:  # of one that tiles, the period is the canvas
            across, down = across * (width / min(size)), down * (height / min(size))
        x, y = np.meshgrid(across / how.zoom + how.x, down / how.zoom + how.y)
        if how.tile:
            parts = _tiled(x, y, how.symmetry)
            gain = self._look.reach / 2
        else:
            x, y = _folded(x, y, how.symmetry, how.folds)
            parts = [x, y] + ([np.hypot(x, y)] if how.net in ("tanh", "mixed") else [])
            gain = self._look.reach
        if how.loop:
            turn = 2 * math.pi * (phase % 1.0)
            parts += [np.full_like(x, math.cos(turn)), np.full_like(x, math.sin(turn))]
        found = np.stack([part.ravel() for part in parts]) * gain
        if how.net == "fourier":
            waves = 2 * math.pi * (_waves(len(found)) * how.detail) @ found
            found = math.sqrt(2) * np.concatenate([np.sin(waves), np.cos(waves)])
        features = torch.from_numpy(found.astype(np.float32))
        if features.shape[1] <= BAND:
            self._cached = key, features
        return features

    def render(self, genomes: Tensor, size: Size, seed: int = 0, alpha: bool = False, phase: float = 0.0) -> Tensor:
        """Genomes (B, D) -> (B, 3, H, W); ``phase`` in [0, 1): when, of a picture that moves."""
        parts = [*self.bands(genomes, size, seed, phase)]
        images = torch.cat(parts, 2) if len(parts) > 1 else parts[0]
        return torch.cat([images, torch.ones_like(images[:, :1])], 1) if alpha else images

    def bands(self, genomes: Tensor, size: Size, seed: int = 0, phase: float = 0.0) -> Iterator[Tensor]:
        """The same, (B, 3, rows, W) after one another from the top, so that the picture need not be in memory."""
        weights, biases = self._net(genomes, phase)
        (height, width), n = size, self.options.samples
        lines = max(1, BAND // (width * n * n))
        for first in range(0, height, lines):
            last = min(first + lines, height)
            features = self.features((height * n, width * n), (first * n, last * n), phase)
            found = networks.values(self.network, features, weights, biases)
            band = self._coloured(found).unflatten(2, ((last - first) * n, width * n))  # type: ignore[no-untyped-call]
            yield torch.nn.functional.avg_pool2d(band, n) if n > 1 else band

    @property
    def moves(self) -> bool:
        """Whether ``phase`` changes the picture."""
        return bool(self.options.loop or self.options.latent or self.options.hyper)

    def to_glsl(self, genome: Tensor) -> str:
        """The genome (D,) as a fragment shader (GLSL ES 3.00): uniforms ``size`` in pixels, ``view`` (zoom, x, y), ``phase``.

        A walk among latents would take the network that made the weights along; in a shader the picture stands still, unless it has a
        loop.
        """
        how = self.options
        with torch.no_grad():
            weights, biases = (numbers[0].numpy() for numbers in self._net(genome[None], 0.0))
        lines = [
            "#version 300 es",
            "precision highp float;",
            "uniform vec2 size;uniform vec3 view;uniform float phase;out vec4 colour;",
            shader.TANH,
            "vec3 paint(vec2 pixel){",
            "vec2 p=pixel/size*2.-1.;p.y=-p.y;",
            *([] if how.tile else ["p*=size/min(size.x,size.y);"]),
            f"p=p/(view.x*{how.zoom!r})+view.yz+vec2({how.x!r},{how.y!r});",
            *self._glsl_features(),
            *shader.body(self.network, weights, biases),
            *self._glsl_colour(),
            "}",
            "void main(){",
            f"vec3 sum=vec3(0.);const int n={how.samples};vec2 corner=floor(gl_FragCoord.xy);",
            "for(int i=0;i<n;i++)for(int j=0;j<n;j++)sum+=paint(corner+(vec2(i,j)+.5)/float(n));",
            "colour=vec4(sum/float(n*n),1.);",
            "}",
        ]
        return "\n".join(lines) + "\n"

    def _glsl_features(self) -> list[str]:
        """``p``, a place as `features` has it, to ``f0``, ``f1`` ..."""
        how, lines = self.options, []
        gain = self._look.reach * (0.5 if how.tile else 1.0)
        if how.tile:
            lines.append(f"vec2 q={math.pi!r}*p;vec4 c=vec4(cos(q.x),sin(q.x),cos(q.y),sin(q.y));")
            lines += ["c.y=abs(c.y);"] * (how.symmetry in ("mirror", "both")) + ["c.w=abs(c.w);"] * (how.symmetry == "both")
            parts = ["c.x", "c.y", "c.z", "c.w"]
        else:
            lines += ["p.x=abs(p.x);"] * (how.symmetry in ("mirror", "both")) + ["p.y=abs(p.y);"] * (how.symmetry == "both")
            if how.symmetry == "kaleidoscope":
                wedge = 2 * math.pi / how.folds
                lines.append(f"float angle=abs(mod(atan(p.y,p.x)+{0.5 * math.pi!r},{wedge!r})-{0.5 * wedge!r});")
                lines.append("p=length(p)*vec2(cos(angle),sin(angle));")
            parts = ["p.x", "p.y"] + (["length(p)"] if how.net in ("tanh", "mixed") else [])
        if how.loop:
            parts += [f"cos({2 * math.pi!r}*phase)", f"sin({2 * math.pi!r}*phase)"]
        if how.net == "fourier":
            waves = 2 * math.pi * how.detail * gain * _waves(len(parts))
            angles = ["+".join(f"({row[k]:.7g})*({part})" for k, part in enumerate(parts)) for row in waves]
            values = [f"{math.sqrt(2)!r}*{wave}({angle})" for wave in ("sin", "cos") for angle in angles]
        else:
            values = [f"{gain!r}*({part})" for part in parts]
        values += ["0."] * (-len(values) % 4)
        return lines + [f"vec4 f{k}=vec4({','.join(values[4 * k : 4 * k + 4])});" for k in range(len(values) // 4)]

    def _glsl_colour(self) -> list[str]:
        """``o``, the outputs, to a colour."""
        if count := len(self.options.palette):
            weights = [f"exp({SHARP!r}*(h{self.options.layers}_{k // 4}.{'xyzw'[k % 4]}-top))" for k in range(count)]
            tops = [f"top=max(top,h{self.options.layers}_{k // 4}.{'xyzw'[k % 4]});" for k in range(count)]
            colours = [f"vec3({','.join(f'{level:.7f}' for level in parse_colour(text))})" for text in self.options.palette]
            mixed = "".join(f"w={weight};all_+=w;sum+=w*{colour};" for weight, colour in zip(weights, colours, strict=True))
            return ["float top=-1e30,w,all_=0.;vec3 sum=vec3(0.);", *tops, mixed, "return sum/all_;"]
        if self.options.colour == "mono":
            return ["return vec3(o.x);"]
        if self.options.colour == "hsv":
            return [f"vec3 wheel=.5+.5*cos({2 * math.pi!r}*(.5*o.x-vec3(0.,1.,2.)/3.));", "return o.z*(1.-o.y*(1.-wheel));"]
        return ["return o.xyz;"]

    def _coloured(self, outputs: Tensor) -> Tensor:
        """Outputs (B, C, P) -> colours (B, 3, P)."""
        outputs = outputs.nan_to_num(nan=0.5, posinf=1.0, neginf=0.0)
        if self.options.palette:
            palette = outputs.new_tensor([parse_colour(text) for text in self.options.palette])
            return torch.einsum("bcp,cd->bdp", (SHARP * outputs).softmax(1), palette).clamp(0, 1)
        if self.options.colour == "mono":
            return outputs.expand(-1, 3, -1)
        if self.options.colour == "hsv":
            hue, saturation, brightness = outputs.split(1, 1)  # type: ignore[no-untyped-call]
            third = outputs.new_tensor([0.0, 1 / 3, 2 / 3])[:, None]
            wheel = 0.5 + 0.5 * torch.cos(2 * math.pi * (0.5 * hue - third))
            return (brightness * (1 - saturation * (1 - wheel))).clamp(0, 1)  # type: ignore[no-any-return]
        return outputs


BOLD = 2.5
"""How much more the last layer says where nothing could be seen of a picture before it was made."""

LARGEST = 1e4
"""Beyond it weights are what they are at it."""

SKETCH, CONTRAST, SHARED = 24, 1.5, 0.8
"""Pixels a side by which a new picture is judged, the standard deviation of what its last layer then says, and what red, green and
blue have in common."""

SHARP = 3.0
"""How clearly one colour of a palette wins over the others."""


def _sane(numbers: Tensor) -> Tensor:
    return numbers.nan_to_num(nan=0.0, posinf=LARGEST, neginf=-LARGEST).clamp(-LARGEST, LARGEST)


def walked(latent: Tensor, phase: float) -> Tensor:
    """Latents (B, Z) on their way around a circle, as far from the middle as they are and back at phase 1."""
    turn = 2 * math.pi * (phase % 1.0)
    if turn == 0.0:
        return latent
    across = latent.roll(1, 1) * latent.new_tensor([(-1.0) ** (k + 1) for k in range(latent.shape[1])])
    return latent * math.cos(turn) + across * math.sin(turn)


def _folded(x: Any, y: Any, symmetry: str, folds: int) -> tuple[Any, Any]:
    if symmetry in ("mirror", "both"):
        x = np.abs(x)
    if symmetry == "both":
        y = np.abs(y)
    if symmetry == "kaleidoscope":
        wedge = 2 * math.pi / folds
        angle = np.abs(np.mod(np.arctan2(y, x) + 0.5 * math.pi, wedge) - 0.5 * wedge)
        radius = np.hypot(x, y)
        x, y = radius * np.cos(angle), radius * np.sin(angle)
    return x, y


def _tiled(x: Any, y: Any, symmetry: str) -> list[Any]:
    """Places on circles, so that one side is the other: what is mirrored has the cosine alone."""
    sides = []
    for line, mirrored in ((x, symmetry in ("mirror", "both")), (y, symmetry == "both")):
        sides += [np.cos(math.pi * line), np.abs(np.sin(math.pi * line)) if mirrored else np.sin(math.pi * line)]
    return sides


@lru_cache(maxsize=4)
def _waves(inputs: int) -> Any:
    """(WAVES, inputs) frequencies, the same for every genome: around ten to a side, as suits photographs."""
    return 2.5 * Streams(0)("cppn waves").at(0).standard_normal((WAVES, inputs))


def _spans(shapes: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """Where each layer's numbers lie, its weights and then its biases."""
    spans, at = [], 0
    for units, inputs in shapes:
        spans.append((at, at + units * (inputs + 1)))
        at = spans[-1][1]
    return spans


@lru_cache(maxsize=4)
def hypernetwork(numbers: int, shapes: tuple[tuple[int, int], ...], latents: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where all begin (N,), the ways to go (RANK, N), and which latents go them (layers x RANK, latents)."""
    random = Streams(0)("cppn hypernetwork").at(0)
    base, ways = random.standard_normal(numbers), random.standard_normal((RANK, numbers))
    mix = random.standard_normal((len(shapes) * RANK, latents)) / math.sqrt(latents)
    base, ways = 0.5 * base, ways * math.sqrt(0.75 / RANK) / 0.63  # of tanh of a normal number, the root of the mean square is 0.63
    return tuple(torch.from_numpy(part.astype(np.float32)) for part in (base, ways, mix))  # type: ignore[return-value]
