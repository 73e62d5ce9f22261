"""The recipe: a whole run as plain data, in TOML or JSON. The same recipe and seed give the same picture."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from creativity.errors import CreativityError
from creativity.files import digest_bytes
from creativity.options import build, option, plain
from creativity.streams import MAX_SEED

SCHEMA = 1
MAX_STEPS = 10**9


@dataclass(frozen=True)
class Part:
    """A renderer, objective or optimizer by name, with its options; in TOML one flat table."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, **self.options}


@dataclass(frozen=True)
class Target:
    """The picture to match, known by its digest; its place on a disk is nobody's business."""

    name: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Imagined:
    """Where the target comes from when it is no file: what a prior draws for each of some prompts, the best of some by an encoder."""

    prompts: tuple[str, ...] = ()
    prior: str = option("embedded", "who imagines: embedded, or diffusers:REPO-OR-FOLDER")
    weights: str = option("", "sha256 of the prior's weights")
    encoder: str = option("embedded", "who chooses")
    samples: int = option(16, "how many pictures there are to choose from", low=1, high=4096)


@dataclass(frozen=True)
class Start:
    """The artwork to go on from, known by its digest; what of it is kept, and what is held to the bit."""

    name: str = ""
    sha256: str = ""
    keep: float = option(1.0, "the part of its marks that start where they are", low=0.0, high=1.0)
    lock: tuple[str, ...] = option((), "blocks, such as background, and ranges of marks, such as 0-9, that are not searched")


@dataclass(frozen=True)
class Focus:
    """Where the target matters: by a mask, known by its digest, or, without one, by what stands out in the target itself."""

    name: str = "auto"
    sha256: str = ""
    strength: float = option(8.0, "how many times as much what matters counts", low=1.0, high=1e6)


@dataclass(frozen=True)
class Parent:
    """An artwork that another was made from, known by its digest."""

    name: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Variation:
    """How an artwork was made from one or two others, without a search; what chance does, the recipe's seed decides."""

    of: tuple[Parent, ...] = ()
    amount: float = option(0.0, "noise, in units of each block's scale", low=0.0, high=100.0)
    blocks: tuple[str, ...] = option((), "the noise of some blocks, such as colour:0.5")
    share: float = option(0.5, "the part of the marks that is the second's", low=0.0, high=1.0)

    def __post_init__(self) -> None:
        if not 1 <= len(self.of) <= 2:
            raise CreativityError(f"recipe: variation.of must name one artwork or two, not {len(self.of)}")


@dataclass(frozen=True)
class Stop:
    """When to stop; whichever comes first."""

    steps: int | None = option(None, "after so many steps", low=0, high=MAX_STEPS)
    seconds: float | None = option(None, "after so many seconds of search", low=0.0, high=1e8)
    loss: float | None = option(None, "when the loss is this low")
    plateau: int | None = option(None, "after so many steps without an improvement of 0.1 %", low=1, high=MAX_STEPS)


@dataclass(frozen=True)
class Replay:
    """What the clock decided, as step numbers: redo and resume follow these, never the clock.

    ``steps`` is where the run stopped; ``horizons`` are pairs (step, length that schedules were stretched over).
    """

    steps: int = option(0, "where the run stopped", low=0, high=MAX_STEPS)
    horizons: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        if len(self.horizons) > 1000:  # a run writes fifty
            raise CreativityError(f"recipe: replay.horizons has {len(self.horizons)} entries; at most 1000 are read")
        if not all(len(pair) == 2 and all(0 <= number <= MAX_STEPS for number in pair) for pair in self.horizons):
            raise CreativityError("recipe: replay.horizons must be a list of [step, length]")


@dataclass(frozen=True)
class Recipe:
    """One run. ``canvas`` is (width, height), its aspect that of every output; ``target_size`` the scored long side."""

    renderer: Part = Part("triangles")
    objective: Part = Part("pixel")
    optimizer: Part = Part("relay")
    seed: int = option(0, "the root of all random streams", low=0, high=MAX_SEED)
    canvas: tuple[int, ...] = (1, 1)
    target: Target | None = None
    imagined: Imagined | None = None
    references: tuple[Target, ...] = ()
    start: Start | None = None
    variation: Variation | None = None
    focus: Focus | None = None
    target_size: int = option(256, "long side of the pixels that are scored", low=8, high=4096)
    size: str = option("1024", "size of the output")
    stop: Stop = Stop()
    threads: int = option(1, "how many threads the run used", low=1, high=4096)
    device: str = option("cpu", "where it ran", choices=("cpu", "cuda"))
    plugins: tuple[str, ...] = ()
    replay: Replay | None = None
    version: str = ""
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if len(self.canvas) != 2 or not all(1 <= side <= 100_000 for side in self.canvas):
            raise CreativityError(f"recipe: canvas must be [width, height] from 1 to 100000, not {list(self.canvas)}")

    @property
    def scored_size(self) -> tuple[int, int]:
        """(H, W) of the pixels that are scored."""
        width, height = self.canvas
        long = min(self.target_size, max(width, height)) if self.target else self.target_size
        return fit_box(long, self.canvas)

    def replace(self, **changes: Any) -> Recipe:
        return dataclasses.replace(self, **changes)

    @property
    def packages(self) -> tuple[str, ...]:
        """Those of ``plugins`` that are packages, ``name==version``; the others are files, by name and digest."""
        return tuple(note for note in self.plugins if re.fullmatch(r"\S+==\S+", note))

    @property
    def digest(self) -> str:
        """sha256 of what decides the search; when it stops, on how many threads and at what size it is shown, versions do not."""
        free = ("stop", "threads", "size", "version", "replay")
        decides = {key: value for key, value in self.to_dict().items() if key not in free}
        decides["plugins"] = [note for note in self.plugins if note not in self.packages]
        return digest_bytes(json.dumps(decides, sort_keys=True).encode())

    def to_dict(self) -> dict[str, Any]:
        parts = {kind: getattr(self, kind).to_dict() for kind in ("renderer", "objective", "optimizer")}
        return {**plain(self), **{kind: plain(part) for kind, part in parts.items()}}

    @classmethod
    def from_dict(cls, data: Any) -> Recipe:
        """A recipe from plain data. Raises CreativityError for anything unknown, ill-typed or out of range."""
        if not isinstance(data, dict):
            raise CreativityError(f"a recipe must be a table, not {type(data).__name__}")
        data = dict(data)
        schema = data.get("schema", SCHEMA)
        if schema != SCHEMA:
            raise CreativityError(f"this recipe has schema {schema!r}; this version of creativity reads {SCHEMA}")
        for kind in ("renderer", "objective", "optimizer"):
            if kind in data:
                data[kind] = _part(kind, data[kind])
        return build(cls, data, "recipe")

    def to_toml(self) -> str:
        import tomli_w

        data = self.to_dict()
        simple = {key: value for key, value in data.items() if not isinstance(value, dict)}
        return tomli_w.dumps({**simple, **{key: value for key, value in data.items() if isinstance(value, dict)}})

    @classmethod
    def from_toml(cls, text: str, where: str = "recipe") -> Recipe:
        try:
            return cls.from_dict(tomllib.loads(text))
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise CreativityError(f"{where} is not valid TOML: {error}") from error


def product_digest(renderer: Mapping[str, Any], genome: bytes) -> str:
    """sha256 in hexadecimal of what can be gone on from: the renderer, with its options, and the genome as little-endian float32."""
    return digest_bytes(json.dumps(renderer, sort_keys=True).encode() + genome)


def _part(kind: str, data: Any) -> Part:
    if isinstance(data, str):
        return Part(data)
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise CreativityError(f'recipe: {kind} must be a table with a name, such as {{name = "..."}}, not {data!r}')
    return Part(data["name"], {key: value for key, value in data.items() if key != "name"})


def parse_json(text: str | bytes, where: str) -> Any:
    """Strict JSON: NaN and infinities are refused, nesting is bounded by the parser. Raises CreativityError."""

    def refuse(number: str) -> Any:
        raise ValueError(f"{number[:20]} is not a finite number")

    def finite(number: str) -> float:
        value = float(number)
        return value if math.isfinite(value) else refuse(number)

    try:
        return json.loads(text, parse_constant=refuse, parse_float=finite)
    except (ValueError, RecursionError) as error:
        raise CreativityError(f"{where} is not valid JSON: {error}") from error


def fit_box(long_side: int, canvas: tuple[int, ...]) -> tuple[int, int]:
    """(H, W) with the canvas's aspect whose longer side is ``long_side``."""
    width, height = canvas
    scale = long_side / max(width, height)
    return max(1, round(height * scale)), max(1, round(width * scale))
