"""Siblings of an artwork, made from its genome alone: no target, no search.

Noise in units of each block's scale is what evolution strategies look around themselves with; marks taken at random from two
parents, in the order of painting, are uniform crossover (Syswerda 1989), in which a drawing of many marks shows both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from creativity import registry
from creativity.artwork import Artwork, open_artwork
from creativity.errors import CreativityError, nearest
from creativity.held import numbers_of
from creativity.options import build
from creativity.recipe import Parent, Start, Stop, Variation
from creativity.start import warm
from creativity.streams import Streams, draw_seed
from creativity.verbs import find_start

AMOUNT = 0.12
"""Clearly another drawing, clearly of the same thing: at half of it one must look twice, at twice as much little is left."""

LARGEST = 100.0


def vary(
    source: Artwork | str | Path,
    seed: int | None = None,
    *,
    amount: float | str | None = None,
    other: Artwork | str | Path | None = None,
    share: float = 0.5,
    plugins: Sequence[str | Path] = (),
) -> Artwork:
    """A sibling of an artwork (or of that in a file), another for each ``seed``, which is drawn when not given.

        creativity.vary("out.svg", seed=3).save("sibling.svg")

    ``amount`` is the noise, in units of each block's scale, by default 0.12, also by block: "0.1,colour:0.5". With an
    ``other`` artwork of the same renderer, marks are taken from either, ``share`` of them from the other, and no noise is added
    unless asked for; what belongs to no mark is mixed. The recipe says what it was made from, so that ``redo`` repeats it.

    Raises CreativityError for artworks of different make, unknown blocks and numbers out of range.
    """
    parents = [_opened(parent, plugins) for parent in (source, other) if parent is not None]
    common, blocks = _amounts(amount, len(parents))
    of = [Parent(name, artwork.digest) for artwork, name in parents]
    variation = build(Variation, {"of": of, "amount": common, "blocks": blocks, "share": share}, "vary")
    return made(variation, [artwork for artwork, _ in parents], draw_seed() if seed is None else seed)


def again(artwork: Artwork, near: str | Path, given: Sequence[str | Path] = (), seed: int | None = None) -> Artwork:
    """A variation made once more, or with another seed, from the same parents: ``given``, or found near its file by digest."""
    variation = artwork.recipe.variation
    assert variation is not None
    at_hand = [open_artwork(path) for path in given]
    parents = []
    for parent in variation.of:
        found = next((candidate for candidate in at_hand if candidate.digest == parent.sha256), None)
        parents.append(found or find_start(Start(parent.name, parent.sha256), Path(near)))
    return made(variation, parents, artwork.recipe.seed if seed is None else seed)


def made(variation: Variation, parents: Sequence[Artwork], seed: int) -> Artwork:
    """What a variation says, done."""
    source, renderer = parents[0], parents[0].renderer
    spec, stream = renderer.spec, Streams(seed)("vary")
    genome = torch.from_numpy(source.genome).clone()
    amounts = _by_block(variation, [block.name for block in spec.blocks])
    if len(parents) > 1:
        if parents[1].recipe.renderer.name != source.recipe.renderer.name:
            kinds = f"{source.recipe.renderer.name} and {parents[1].recipe.renderer.name}"
            raise CreativityError(f"two artworks are mixed where both are made of the same; these are of {kinds}")
        ready = warm(parents[1], Start(), renderer, stream)
        mixture = variation.share * ready.share
        if any(block.per_mark for block in spec.blocks):
            theirs = (stream.child("marks").at(0).random(spec.marks) < variation.share) & ~ready.fresh
            per_mark = torch.from_numpy(numbers_of(np.ones(spec.marks, np.bool_), spec))
            mixture = torch.where(per_mark, torch.from_numpy(numbers_of(theirs, spec)).float() * ready.share, mixture)
        genome = torch.where(mixture == 1.0, ready.genome, (1.0 - mixture) * genome + mixture * ready.genome)
    for block in spec.blocks:
        if not block.choices and amounts[block.name]:
            noise = stream.child(block.name).at(0).standard_normal(block.size, dtype=np.float32)
            genome[spec.slices[block.name]] += amounts[block.name] * block.scale * torch.from_numpy(noise)
    recipe = source.recipe.replace(seed=seed, target=None, focus=None, start=None, replay=None, stop=Stop(), variation=variation)
    return Artwork(genome.numpy().astype(np.float32), recipe)


def _opened(parent: Artwork | str | Path, plugins: Sequence[str | Path]) -> tuple[Artwork, str]:
    name = "" if isinstance(parent, Artwork) else Path(parent).name
    artwork = parent if isinstance(parent, Artwork) else open_artwork(parent)
    registry.require_plugins(artwork.recipe, plugins, name or "the artwork")
    return artwork, name


def _amounts(amount: float | str | None, parents: int) -> tuple[float, tuple[str, ...]]:
    """``"0.1,colour:0.5"`` -> the amount of all blocks, and of some."""
    common: Any = AMOUNT if parents == 1 else 0.0
    if amount is None:
        return common, ()
    words = [word.strip() for word in str(amount).split(",") if word.strip()]
    for word in words:
        if ":" not in word:
            common = _number(word)
    return common, tuple(word for word in words if ":" in word)


def _by_block(variation: Variation, names: Sequence[str]) -> dict[str, float]:
    amounts = dict.fromkeys(names, variation.amount)
    for word in variation.blocks:
        name, _, number = word.partition(":")
        if name not in amounts:
            raise CreativityError(f"amount: no block is called {name!r}; {nearest(name, names)}")
        amounts[name] = _number(number)
    return amounts


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 <= number <= LARGEST:
        raise CreativityError(f"amount is written as 0.12 or 0.1,colour:0.5, numbers from 0 to {LARGEST:g}, not {text!r}")
    return number
