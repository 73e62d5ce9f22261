"""The types of what one can ask of a search, so that an editor completes and checks them. Its docstring explains each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from creativity.artwork import Artwork

# The names that come along; a plug-in's own are as good.
RendererName: TypeAlias = (
    Literal[
        "triangles",
        "shapes",
        "circles",
        "ellipses",
        "lines",
        "polygons",
        "rectangles",
        "regular-polygons",
        "rotated-rectangles",
        "es-clip",
    ]
    | str
)
ObjectiveName: TypeAlias = (
    Literal[
        "pixel",
        "l1",
        "huber",
        "oklab",
        "ssim",
        "edges",
        "lpips",
        "clip",
        "transport",
        "anchor",
        "colours",
        "style",
        "texture",
        "palette",
        "ink",
        "latents",
        "smoothness",
        "symmetry",
        "opacity",
        "size",
        "inside",
        "simple",
    ]
    | str
)
OptimizerName: TypeAlias = (
    Literal[
        "relay",
        "greedy",
        "adam",
        "adamw",
        "nadam",
        "radam",
        "sgd",
        "rmsprop",
        "adagrad",
        "lbfgs",
        "pgpe",
        "snes",
        "sep-cma-es",
        "open-es",
        "cma-es",
        "ga",
        "hill-climber",
    ]
    | str
)


class Arguments(TypedDict, total=False):
    """Of every search."""

    preset: str | None
    renderer: RendererName | None
    count: int | None
    palette: Any
    objective: ObjectiveName | dict[str, Any] | None
    optimizer: OptimizerName | None
    seed: int | None
    steps: int | None
    max_seconds: float | None
    target_loss: float | None
    plateau: int | None
    size: str | int | None
    target_size: int | None
    threads: int | None
    device: str
    options: dict[str, Any] | None
    start: str | Path | Artwork | None
    keep: float | None
    lock: str | Sequence[str]
    plugins: Sequence[str | Path]


class FitArguments(Arguments, total=False):
    """Of `creativity.fit` and `creativity.plan_fit`, by name."""

    focus: Any
    focus_strength: float | None
    frame: int | None


class PaintArguments(Arguments, total=False):
    """Of `creativity.paint` and `creativity.plan_paint`, by name."""

    pictures: str | Sequence[str]
    encoder: str | None
    prior: str | None
    samples: int
    offline: bool
