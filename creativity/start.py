"""Going on from another artwork: what of it a search takes over, what begins anew, and what it may not touch."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

import numpy as np
import torch
from torch import Tensor

from creativity import registry, svg
from creativity.artwork import Artwork, from_json, open_artwork
from creativity.errors import CreativityError, nearest
from creativity.held import Warm, marks_with, numbers_of
from creativity.recipe import Part, Recipe, Start
from creativity.renderers.base import DocumentRenderer, Renderer
from creativity.renderers.genome import BIJECTIONS, Block, ParamSpec
from creativity.sources import shown
from creativity.streams import Stream

log = logging.getLogger("creativity")

DRAWING = "drawing"
"""The renderer of drawings of other programs."""


def opened(path: str | Path) -> Artwork:
    """The artwork in a file to go on from, or, of an SVG that is none, the drawing itself as one: all of its numbers are searched.

    What creativity made of a drawing and another program has saved since is a drawing again. Raises CreativityError.
    """
    if Path(path).suffix.lower() != ".svg" or Path(path).is_dir():
        return open_artwork(path)
    root = svg.read_svg(path)
    if (text := svg.metadata_of(root)) is not None:
        artwork = from_json(text, str(path))
        if artwork.recipe.renderer.name != DRAWING or not isinstance(artwork.renderer, DocumentRenderer):
            return artwork
        kept = svg.read_svg(artwork.renderer.to_document(torch.from_numpy(artwork.genome)).encode())
        for tree in (root, kept):
            for name in ("width", "height", "viewBox"):  # as it was exported
                tree.attrib.pop(name, None)
        if bare(root) == bare(kept):
            return artwork
        root = svg.read_svg(path)
        log.info("%s was changed since creativity saved it: what it shows now is what the search goes on from", shown(path))
    return drawn(bare(root), f"the SVG {shown(path)}")


def bare(root: Element) -> str:
    """A drawing as text, without what creativity noted in it."""
    from creativity.drawings.document import prefixed

    root = prefixed(root)
    for child in [child for child in root if child.find("creativity:artwork") is not None]:
        root.remove(child)
    root.attrib.pop("xmlns:creativity", None)
    return tostring(root, encoding="unicode")


def drawn(text: str, name: str = "the drawing") -> Artwork:
    """A drawing as an artwork: its genome is what it is. Raises CreativityError for what is not read, and for more than a megabyte."""
    from creativity.drawings.document import Document, text_of

    root = svg.read_svg(text.encode())
    text = text_of(root, name)
    Document(root, name)
    part = Part(DRAWING, {"document": text})
    renderer = registry.renderers.create(part.name, part.options)
    return Artwork(renderer.start.numpy(), Recipe(renderer=part, canvas=renderer.canvas))


def begun_by_itself(recipe: Recipe) -> Artwork | None:
    """The start of a recipe that holds the drawing that it goes on from; None where it went on from something else."""
    if recipe.renderer.name != DRAWING or recipe.start is None:
        return None
    artwork = drawn(str(recipe.renderer.options.get("document", "")))
    return artwork if artwork.digest == recipe.start.sha256 else None


def warm(source: Artwork, how: Start, renderer: Renderer, stream: Stream) -> Warm:
    """What ``source`` gives to a search with ``renderer``, as ``how`` says.

    Marks are taken over in their order; where the renderer has fewer, the last are left out, where it has more, the rest is
    new. ``how.keep`` is the part of the marks that stay where they are, ``stream`` chooses the others; a genome without
    marks is mixed with a new one. Raises CreativityError for a genome of another make, and a lock of what is not there.
    """
    spec, old = renderer.spec, source.renderer.spec
    genome, share = torch.zeros(spec.size), torch.zeros(spec.size)
    before = {block.name: block for block in old.blocks}
    for block in spec.blocks:
        if block.name in before:
            numbers = _carried(before[block.name], block, torch.from_numpy(source.genome)[old.slices[block.name]])
            at = spec.slices[block.name].start
            genome[at : at + len(numbers)], share[at : at + len(numbers)] = numbers, 1.0
    taken = min(spec.marks, old.marks)
    held = _held(how.lock, spec, taken, renderer)
    if (lacking := held & (share == 0.0)).any():
        missing = next(block.name for block in spec.blocks if lacking[spec.slices[block.name]].any())
        raise CreativityError(f"lock: the start has no {missing} for every mark to hold; it has {taken} marks and {', '.join(before)}")
    if held.all():
        raise CreativityError("lock: nothing is left to search for; hold less")
    fresh = np.zeros(spec.marks, np.bool_)
    if any(block.per_mark for block in spec.blocks):
        free = np.flatnonzero(~marks_with(held, spec)[:taken].all(axis=1))
        moved = min(len(free), round((1.0 - how.keep) * taken))
        fresh[stream.at(0).choice(free, moved, replace=False)] = True
        fresh[taken:] = True
        moving = torch.from_numpy(numbers_of(fresh, spec))
        if isinstance(renderer, DocumentRenderer) and fresh.any():
            moving |= renderer.numbers_of(np.flatnonzero(fresh).tolist())
        share[moving & ~held] = 0.0
    else:
        share = torch.where(held, share, how.keep * share)
    return Warm(genome, share, fresh, held)


def _carried(before: Block, block: Block, numbers: Tensor) -> Tensor:
    """The numbers of a block in another of its kind: as they are, or the same values in another range."""
    same = before.shape[1:] == block.shape[1:] if block.per_mark else before.shape == block.shape
    if not same or before.per_mark != block.per_mark:
        raise CreativityError(
            f"the start's {block.name} is {list(before.shape)}, here it is {list(block.shape)}; use the start's own options"
        )
    if before.choices != block.choices:
        theirs, ours = (", ".join(choices) for choices in (before.choices, block.choices))
        raise CreativityError(f"the start's {block.name} is one of {theirs}, here of {ours}; use the start's own options")
    if (before.bijection, before.low, before.high) != (block.bijection, block.low, block.high):
        values = before.low + (before.high - before.low) * BIJECTIONS[before.bijection].forward(numbers)
        numbers = BIJECTIONS[block.bijection].inverse((values - block.low) / ((block.high - block.low) or 1.0))
    return numbers[: block.size]


def _held(lock: Sequence[str], spec: ParamSpec, taken: int, renderer: Renderer) -> Tensor:
    """The numbers (D,) that a lock names: blocks, ranges of the ``taken`` marks, and of a drawing what is called so in it."""
    held = torch.zeros(spec.size, dtype=torch.bool)
    ranges = any(block.per_mark for block in spec.blocks)
    for word in lock:
        if word in spec.slices:
            held[spec.slices[word]] = True
        elif isinstance(renderer, DocumentRenderer) and (numbers := renderer.numbers_called(word)) is not None:
            held |= numbers
        elif ranges and (found := re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", word)):
            first, last = int(found[1]), int(found[2] or found[1])
            if not first <= last < taken:
                raise CreativityError(f"lock: there are no marks {word}; the start's are 0-{taken - 1}, the lowest first")
            marks = np.zeros(spec.marks, np.bool_)
            marks[first : last + 1] = True
            held |= torch.from_numpy(numbers_of(marks, spec))
        else:
            names = renderer.names if isinstance(renderer, DocumentRenderer) else []
            marks_too = f", or a range of marks from 0-{taken - 1}" if ranges else ""
            raise CreativityError(f"lock: no part is called {shown(word)}; {nearest(word, [*spec.slices, *names])}{marks_too}")
    return held
