"""What films show: a search as it comes closer, and a drawing as it is painted, mark by mark."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from creativity import films, images, registry
from creativity.errors import CreativityError
from creativity.films import Film
from creativity.images import RGBA
from creativity.renderers.base import GradualRenderer, MovingRenderer
from creativity.size import parse_size
from creativity.snapshots import Snapshot

if TYPE_CHECKING:
    from creativity.artwork import Artwork

SIZE, FRAMES, FPS = 512, 100, 25.0
HOLD = 1500
"""Milliseconds that the last frame stays, before the film begins again."""
STROKE = 5
"""Frames that a hand takes for a stroke, at least."""
LONGEST = 500
"""Milliseconds, at most, from one mark to the next where there are few."""


def check(frames: int, fps: float, size: tuple[int, int]) -> None:
    """Refuse what cannot be a film. Raises CreativityError."""
    if not 1 <= frames <= 10_000:
        raise CreativityError(f"a film has from 1 to 10000 frames, not {frames}")
    if not 1 <= fps <= 100:
        raise CreativityError(f"a film shows from 1 to 100 frames a second, not {fps}")
    films.check_size(frames, size)


def of_search(artwork: Artwork, snapshots: list[Snapshot], frames: int = FRAMES, size: str | int = SIZE, fps: float = FPS) -> Film:
    """The best so far at equal steps of loss, not of time, to what was found at last: every frame is closer by as much.

    Steps are equal in the loss's logarithm, which are equal steps of PSNR where it is a squared error; in the loss itself
    where it is not always positive. Where the search went on by leaps, a frame stays longer. ``size``: of the frames.
    """
    pixels = parse_size(size, artwork.recipe.canvas).pixels
    check(frames, fps, pixels)
    best = artwork.results.get("loss", math.inf)
    snapshots = [shot for shot in snapshots if not shot.loss <= best]
    pictures: dict[int, RGBA] = {}
    shown = equal_steps([*(shot.loss for shot in snapshots), best], frames)
    for place in shown:
        if place not in pictures:
            genome = artwork.genome if place == len(snapshots) else snapshots[place].genome
            pictures[place] = dataclasses.replace(artwork, genome=genome).rgba(size)
    return held([pictures[place] for place in shown], 1000 / fps, artwork)


def equal_steps(losses: Sequence[float], count: int) -> list[int]:
    """Places in falling ``losses`` of the first that is as low as each of ``count`` equal steps, from its start to its end."""
    values = np.asarray(losses, np.float64)
    values = np.log(values) if (values > 0).all() and np.isfinite(values).all() else values
    if len(values) < 2 or not np.isfinite(values).all():
        return [len(values) - 1]
    levels = np.linspace(values[0], values[-1], max(2, count))
    # (Rounding must not lead past the end, nor let the first level be reached too late.)
    places = np.searchsorted(-values, -levels - 1e-12 * np.abs(values).max(), side="left")
    return [0, *np.minimum(places[1:-1], len(values) - 1).tolist(), len(values) - 1][-count:]


def of_artwork(artwork: Artwork, of: str | None = None, frames: int = FRAMES, size: str | int = SIZE, fps: float = FPS) -> Film:
    """Its "walk" if it moves, else its "drawing", if nothing else is said."""
    moving = isinstance(artwork.renderer, MovingRenderer) and artwork.renderer.moves
    return (of_walk if (of or ("walk" if moving else "drawing")) == "walk" else of_drawing)(artwork, frames, size, fps)


def of_drawing(artwork: Artwork, frames: int = FRAMES, size: str | int = SIZE, fps: float = FPS) -> Film:
    """The drawing as it is painted: its marks appear in their order, from the background up.

    One after another where they fit into ``frames``; else ever more of them at once, so that the first can still be told
    apart. Strokes are drawn along their length. Raises CreativityError for a renderer without marks that have an opacity.
    """
    pixels = parse_size(size, artwork.recipe.canvas).pixels
    if isinstance(artwork.renderer, GradualRenderer):
        check(frames, fps, pixels)
        return held([*_along(artwork, artwork.renderer, frames, pixels), artwork.rgba(size)], 1000 / fps, artwork)
    pale = _with_all_opacities(artwork)
    values = pale.renderer.spec.decode(torch.from_numpy(pale.genome)[None])
    opacities = values["opacity"].clone()
    seen = torch.nonzero(opacities[0] > 0)[:, 0]  # an empty mark is no reason to wait
    check(frames, fps, pixels)
    pace = accelerating(len(seen), frames)
    pictures = []
    for count in pace[:-1]:
        values["opacity"] = opacities.index_fill(1, seen[count:], 0.0)
        genome = pale.renderer.spec.encode(values)[0].numpy()
        pictures.append(dataclasses.replace(pale, genome=genome).rgba(size))
    pictures.append(artwork.rgba(size))
    return held(pictures, min(LONGEST, 1000 / fps * max(1.0, frames / len(pictures))), artwork)


def of_walk(artwork: Artwork, frames: int = FRAMES, size: str | int = SIZE, fps: float = FPS) -> Film:
    """A picture that moves, once around, so that the end goes over into the beginning. Raises CreativityError for one that does not."""
    pixels = parse_size(size, artwork.recipe.canvas).pixels
    check(frames, fps, pixels)
    renderer, genome = artwork.renderer, torch.from_numpy(artwork.genome)[None]
    if not isinstance(renderer, MovingRenderer) or not renderer.moves:
        raise CreativityError(
            f"this picture of renderer {artwork.recipe.renderer.name!r} does not move; a cppn with loop, latent or hyper does"
        )
    pictures = []
    for frame in range(frames):
        with torch.no_grad():
            picture = renderer.render(genome, pixels, artwork.recipe.seed, alpha=True, phase=frame / frames)[0]
        pictures.append(images.straight(picture.numpy()))
    edges = [round(1000 / fps * frame) for frame in range(frames + 1)]
    return Film(pictures, [max(1, after - before) for before, after in itertools.pairwise(edges)], artwork.to_json())


def _along(artwork: Artwork, renderer: GradualRenderer, frames: int, size: tuple[int, int]) -> Iterator[RGBA]:
    """All frames but the last, as a hand draws: each mark along its length, in some frames; where marks are many, several at once."""
    genome = torch.from_numpy(artwork.genome)
    marks = artwork.renderer.spec.marks
    least = min(STROKE, (frames - 1) / 2)
    begun = np.interp(np.arange(marks), _pace(marks, max(1, frames - round(least))), np.arange(max(1, frames - round(least))))
    takes = np.maximum(np.diff(begun, append=frames - 1), max(least, 1e-3))
    for frame in range(frames - 1):
        shares = torch.from_numpy(np.clip((frame - begun) / takes, 0, 1).astype(np.float32))
        with torch.no_grad():
            yield images.straight(renderer.render_until(genome, size, shares).numpy())


def accelerating(marks: int, frames: int) -> list[int]:
    """How many marks each frame shows, from none to all: one more each, or exponentially more where frames are fewer."""
    return [*range(marks + 1)] if marks < frames else [round(shown) for shown in _pace(marks, frames)]


def _pace(marks: int, frames: int) -> list[float]:
    """From none to all in so many frames: evenly, but where that were more than one a frame, ever more of them."""
    if frames == 1:
        return [marks]
    low, high = 0.0, 60.0  # of the rate that begins with one mark a frame
    for _ in range(60):
        rate = (low + high) / 2
        first = marks * math.expm1(rate / (frames - 1)) / math.expm1(rate)
        low, high = (rate, high) if first > 1 else (low, rate)
    shares = np.expm1(low * np.linspace(0, 1, frames)) / math.expm1(low) if low > 1e-6 else np.linspace(0, 1, frames)
    return [marks * share for share in shares.tolist()]


def _with_all_opacities(artwork: Artwork) -> Artwork:
    """The same picture by a renderer whose marks may be clear, whatever the least opacity of the artwork's own."""
    blocks = {block.name: block for block in artwork.renderer.spec.blocks}
    name = artwork.recipe.renderer.name
    if "opacity" not in blocks or not blocks["opacity"].per_mark:
        raise CreativityError(f"renderer {name!r} has no marks with an opacity, which could appear one by one; film its search instead")
    if blocks["opacity"].low == 0.0:
        return artwork
    part = dataclasses.replace(artwork.recipe.renderer, options={**artwork.recipe.renderer.options, "min_opacity": 0.0})
    values = artwork.renderer.spec.decode(torch.from_numpy(artwork.genome)[None])
    genome = registry.renderers.create(part.name, part.options).spec.encode(values)[0].numpy()
    return dataclasses.replace(artwork, genome=genome, recipe=artwork.recipe.replace(renderer=part))


def held(pictures: list[RGBA], each: float, artwork: Artwork) -> Film:
    """A film of these, each so many milliseconds, the last for longer."""
    edges = [round(each * i) for i in range(len(pictures) + 1)]
    durations = [max(1, after - before) for before, after in itertools.pairwise(edges)]
    return Film(pictures, [*durations[:-1], durations[-1] + HOLD], artwork.to_json())
