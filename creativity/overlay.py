"""Which part of a picture serves which prompt: the plan of optimal transport, as a picture and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw

from creativity import images, registry
from creativity.artwork import Artwork
from creativity.errors import CreativityError
from creativity.images import RGBA
from creativity.objectives.base import Context
from creativity.objectives.patches import Transport
from creativity.objectives.transport import shares
from creativity.problem import Candidates
from creativity.sheet import INK, PAPER, cut, font_of

SIDE = 768
TINTS = ("#e4572e", "#2e86ab", "#f3b61f", "#4caf50", "#8e44ad", "#16a2a2", "#d81b60", "#6d4c41", "#7cb342", "#3949ab")


class Served(NamedTuple):
    """``asked`` and ``got``: the part of the picture by the prompt's weight and by the patches that serve it first."""

    prompt: str
    asked: float
    got: float


def transport_of(artwork: Artwork) -> dict[str, Any]:
    """The options of the artwork's transport. Raises CreativityError where its prompts share the picture in no such way."""
    objective = artwork.recipe.objective
    terms = objective.options.get("terms", {}) if objective.name == "sum" else {objective.name: objective.options}
    if "transport" not in terms:
        raise CreativityError("there is no plan: this picture was not shared out among prompts by transport")
    return {name: value for name, value in terms["transport"].items() if name != "weight"}


def plan_of(artwork: Artwork, references: Mapping[str, RGBA] | None = None) -> tuple[RGBA, list[Served]]:
    """The picture, tinted by the prompt that each part of it serves, uint8 (H, W, 4), and the table.

    Raises CreativityError where there is no plan, or the encoder's weights are not on this machine.
    """
    objective: Transport = registry.objectives.create("transport", transport_of(artwork))
    size = artwork.recipe.scored_size
    named = {name: torch.from_numpy(images.premultiplied(picture)) for name, picture in (references or {}).items()}
    objective.prepare(Context(size, references=named))
    genome = torch.from_numpy(artwork.genome)[None]
    windows, plan = objective.plan(Candidates(artwork.renderer, genome, size, seed=artwork.recipe.seed))
    prompts = [objective.prompts[number] for number in objective.wanted]
    total = sum(prompt.last for prompt in prompts) or 1.0
    got = shares(plan[None])[0].tolist()
    table = [Served(prompt.text, prompt.last / total, share) for prompt, share in zip(prompts, got, strict=True)]
    return _tinted(artwork.rgba(SIDE), windows.frames.numpy(), plan.numpy(), table), table


def _tinted(picture: RGBA, frames: np.ndarray[Any, Any], plan: np.ndarray[Any, Any], table: list[Served]) -> RGBA:
    height, width, _ = picture.shape
    votes = np.zeros((len(table), height, width), np.float32)
    for (top, left, high, wide), row in zip(frames, plan / plan.sum(1, keepdims=True).clip(1e-12), strict=True):
        rows, columns = (slice(round(a * n), round((a + b) * n)) for a, b, n in ((top, high, height), (left, wide, width)))
        inside = np.hanning(rows.stop - rows.start + 2)[1:-1, None] * np.hanning(columns.stop - columns.start + 2)[None, 1:-1]
        votes[:, rows, columns] += row[:, None, None].astype(np.float32) * inside.astype(np.float32)
    serves = votes.argmax(0)
    tints = np.array([tuple(int(TINTS[k % len(TINTS)][i : i + 2], 16) for i in (1, 3, 5)) for k in range(len(table))])
    alpha = picture[..., 3:] / 255
    seen = picture[..., :3] * alpha + 255 * (1 - alpha)
    tinted = 0.68 * seen + 0.32 * tints[serves]
    edges = (np.diff(serves, axis=0, prepend=serves[:1]) != 0) | (np.diff(serves, axis=1, prepend=serves[:, :1]) != 0)
    tinted[edges] = 255
    font = font_of(18)
    line = round(1.9 * font.size)
    page = Image.new("RGB", (width, height + line * len(table) + 12), PAPER)
    page.paste(Image.fromarray(tinted.round().astype(np.uint8)), (0, 0))
    draw = ImageDraw.Draw(page)
    for number, served in enumerate(table):
        top = height + 8 + number * line
        draw.rectangle((10, top + 3, 10 + font.size, top + 3 + font.size), fill=TINTS[number % len(TINTS)])
        text = f"{served.prompt}: {served.got:.0%} of the picture, {served.asked:.0%} asked for"
        draw.text((20 + font.size, top), cut(text, font, width - 40), font=font, fill=INK)
    return np.dstack([np.asarray(page), np.full(page.size[::-1], 255, np.uint8)])
