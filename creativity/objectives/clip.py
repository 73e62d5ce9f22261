"""Likeness to words: an encoder of pictures and texts looks through many windows, and says how near the picture is to each prompt.

CLIP guidance (Radford et al., 2021, arXiv:2103.00020; Tian & Ha 2021, arXiv:2109.08857; CLIPDraw, Frans et al., 2021, arXiv:2106.14843).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from creativity.errors import CreativityError
from creativity.models.encoders import open_encoder
from creativity.objectives import cutouts
from creativity.objectives.base import Context, Objective
from creativity.objectives.comparison import scored
from creativity.objectives.prompts import Prompt, parse_prompts
from creativity.options import option
from creativity.streams import Streams

if TYPE_CHECKING:
    from creativity.problem import Candidates

log = logging.getLogger("creativity")

BANK = Path(__file__).parents[1] / "data" / "prompts" / "bank.txt"

ALIKE = 0.8
"""Captions of the bank whose cosine to a prompt is above this, of the way from their mean to 1, say much the same."""

LOOK = Streams(0)("cutouts")

DISTANCES = ("cosine", "spherical")


@dataclass(frozen=True)
class ClipOptions:
    prompts: tuple[str, ...] = option(
        (), "what the picture shall show: text, text:2, text:-0.5 for what it shall not, text:1..0 over the run"
    )
    encoder: str = option("embedded", "who looks: embedded, MODEL/PRETRAINED, hf-hub:ORG/REPO, local-dir:PATH, or several with +")
    weights: str = option("", "sha256 of the encoder's weights; noted by itself")
    distance: str = option("cosine", "1 - cos, or half the square of the angle", choices=DISTANCES)
    contrast: float = option(0.5, "how much it counts that a prompt is told from other captions", low=0.0, high=100.0)
    cutouts: int = option(4, "how many windows it is seen through; if max_scale is 1, the first is the whole picture", low=1, high=1024)
    min_scale: float = option(0.7, "least side of a window, as a part of the picture's", low=0.05, high=1.0)
    max_scale: float = option(1.0, "greatest side of a window", low=0.05, high=1.0)
    ratio: float = option(1.0, "how much wider or higher a window may be, beside the picture's own shape", low=1.0, high=10.0)
    jitter: float = option(0.1, "how much brightness, contrast and saturation of a window vary", low=0.0, high=1.0)
    noise: float = option(0.05, "standard deviation of the noise in a window", low=0.0, high=1.0)
    perspective: float = option(0.0, "how far corners of a window are drawn inwards", low=0.0, high=0.9)

    def __post_init__(self) -> None:
        if self.min_scale > self.max_scale:
            raise CreativityError(f"min_scale ({self.min_scale}) must be at most max_scale ({self.max_scale})")


class Clip(Objective):
    """How far the picture is from the prompts, as an encoder sees it: the mean over prompts, by weight, and windows.

    What shall not be seen stays outside of that mean: it costs as far as the picture is nearer to it than captions are
    that have nothing to do with it, and nothing once it is not.
    """

    Options = ClipOptions

    # Raises CreativityError where the encoder's weights are not on this machine, with the command that fetches them.
    def __init__(self, options: ClipOptions):
        super().__init__(options)
        self.prompts: list[Prompt] = parse_prompts(options.prompts)
        chance = options.cutouts > 1 or options.jitter or options.noise or options.perspective
        self.deterministic = not chance
        encoder = self.encoder = open_encoder(options.encoder, offline=True)
        if options.weights not in ("", encoder.digest):
            log.warning("the weights of %s are not those that the recipe was made with: it will be another picture", encoder.name)
        self.options = replace(options, weights=encoder.digest)
        self.least_side = encoder.input_size

    def prepare(self, context: Context) -> None:
        super().prepare(context)
        encoder, self._stream = self.encoder, context.streams("cutouts")
        self._texts = encoder.texts([prompt.text for prompt in self.prompts])
        bank = encoder.texts(captions())
        near = self._texts @ bank.T  # (P, K)
        usual = near.mean(1, keepdim=True)
        self._bank, self._others = bank, near < usual + ALIKE * (1 - usual)

    def __call__(self, candidates: Candidates) -> Tensor:
        return candidates.in_parts(self._losses)

    def _losses(self, candidates: Candidates) -> Tensor:
        how, side = self.options, self.encoder.input_size
        # Looks can be compared, also those of runs with other seeds.
        random = LOOK.at() if candidates.step is None else self._stream.at(candidates.step)
        windows = cutouts.draw(how.cutouts, how.min_scale, how.max_scale, how.ratio, random)
        if candidates.step is not None:
            windows = cutouts.disturbed(windows, side, how.jitter, how.perspective, how.noise, random)

        def losses(pictures: Tensor) -> Tensor:
            seen = windows.of(pictures, side)
            vectors = self.encoder.images(seen.flatten(0, 1)).unflatten(0, (len(pictures), how.cutouts))  # type: ignore[no-untyped-call]
            return self._distances(vectors, candidates.progress)

        return scored(_on_white(candidates), losses, self.encoder.threads or torch.get_num_threads())

    def _distances(self, vectors: Tensor, progress: float) -> Tensor:
        """Losses (B,) of unit vectors (B, N, E), one for each window."""
        cosines = vectors @ self._texts.T  # (B, N, P)
        weights = torch.tensor([prompt.at(progress) for prompt in self.prompts]).to(cosines)
        wanted, unwanted = weights.clamp_min(0), (-weights).clamp_min(0)
        distance = 1 - cosines
        if self.options.distance == "spherical":  # |x - y|^2 = 2 (1 - cos), of unit vectors
            distance = 2 * torch.asin((distance / 2).clamp(1e-12, 1 - 1e-6).sqrt()) ** 2
        others = vectors @ self._bank.T  # (B, N, K)
        if self.options.contrast:
            scale = self.encoder.logit_scale
            against = (scale * others[:, :, None]).masked_fill(~self._others, -torch.inf).logsumexp(3)  # (B, N, P)
            distance = distance + self.options.contrast * torch.nn.functional.softplus(against - scale * cosines)
        usual = (others[:, :, None] * self._others).sum(3) / self._others.sum(1).clamp_min(1)
        repelled = ((cosines - usual).clamp_min(0) * unwanted).sum(2)
        return ((distance * wanted).sum(2) / wanted.sum().clamp_min(1e-6) + repelled).mean(1)


def _on_white(candidates: Candidates) -> Tensor:
    if not candidates.transparent:
        return candidates.images()
    pictures = candidates.images(alpha=True)
    return pictures[:, :3] + 1 - pictures[:, 3:]


@cache
def captions() -> tuple[str, ...]:
    """Of ordinary things, places, colours and patterns: what a picture may show instead."""
    lines = BANK.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))
