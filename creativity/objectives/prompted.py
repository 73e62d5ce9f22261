"""What objectives share that go by words: prompts, an encoder, and the windows that it looks through.

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
from creativity.objectives.comparison import over, scored
from creativity.objectives.cutouts import Cutouts
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
"""Of the windows of a look: the same for every run, so that runs with different seeds can be compared."""

LAYERS = 5
"""How many things of the size of an encoder's largest layer there are while it looks (measured)."""

DISTANCES = ("cosine", "spherical")


@dataclass(frozen=True)
class PromptedOptions:
    prompts: tuple[str, ...] = option((), "what it shows: text, text:2, text:-0.5 (shall not be seen), text:1..0 (fades over the run)")
    pictures: tuple[str, ...] = option((), "pictures that it shall be like, to the encoder: FILE, FILE:2", picture=True)
    encoder: str = option("embedded", "who looks: embedded, MODEL/PRETRAINED, hf-hub:ORG/REPO, local-dir:PATH, or several with +")
    weights: str = option("", "sha256 of the encoder's weights; noted by itself")
    distance: str = option("cosine", "1 - cos, or half the square of the angle", choices=DISTANCES)
    contrast: float = option(0.5, "how much it counts that a prompt is told from other captions", low=0.0, high=100.0)
    cutouts: int = option(4, "how many windows it is seen through; if max_scale is 1, the first is the whole picture", low=1, high=1024)
    min_scale: float = option(0.7, "least side of a window, as a part of the picture's", low=0.05, high=2.0)
    max_scale: float = option(1.0, "greatest side of a window; beyond 1 the border goes on", low=0.05, high=2.0)
    ratio: float = option(1.0, "how much wider or higher a window may be, beside the picture's own shape", low=1.0, high=10.0)
    jitter: float = option(0.1, "how much brightness, contrast and saturation of a window vary", low=0.0, high=1.0)
    noise: float = option(0.05, "standard deviation of the noise in a window", low=0.0, high=1.0)
    perspective: float = option(0.0, "how far corners of a window are drawn inwards", low=0.0, high=0.9)

    def __post_init__(self) -> None:
        if self.min_scale > self.max_scale:
            raise CreativityError(f"min_scale ({self.min_scale}) must be at most max_scale ({self.max_scale})")


class Prompted(Objective):
    """A new one writes ``judge``. Raises CreativityError, with the command that fetches them, where the encoder's weights are missing."""

    def __init__(self, options: PromptedOptions):
        super().__init__(options)
        self.prompts: list[Prompt] = parse_prompts(options.prompts, options.pictures)
        self.deterministic = (
            options.cutouts == 1 and options.max_scale == 1 and not (options.jitter or options.noise or options.perspective)
        )
        encoder = self.encoder = open_encoder(options.encoder, offline=True)
        if options.weights not in ("", encoder.digest):
            log.warning("the weights of %s are not those that the recipe was made with: it will be another picture", encoder.name)
        self.options = replace(options, weights=encoder.digest)
        self.least_side = encoder.input_size

    def judge(self, vectors: Tensor, windows: Cutouts, progress: float) -> Tensor:
        """Losses (B,) of unit vectors (B, N, E), one for each window, when ``progress`` of the search is over."""
        raise NotImplementedError

    def windows(self, step: int | None) -> Cutouts:
        """What the encoder looks through at a step of the search, or, None, in a look from outside."""
        how = self.options
        random = LOOK.at() if step is None else self._stream.at(step)
        windows = cutouts.draw(how.cutouts, how.min_scale, how.max_scale, how.ratio, random)
        if step is None:
            return windows
        return cutouts.disturbed(windows, self.encoder.input_size, how.jitter, how.perspective, how.noise, random)

    def prepare(self, context: Context) -> None:
        super().prepare(context)
        self._stream = context.streams("cutouts")
        said = [prompt.text for prompt in self.prompts]
        words, pictures = said[: len(self.options.prompts)], said[len(self.options.prompts) :]
        with torch.no_grad():
            seen = [self.encoder.images(over(context.reference(name)[None], 1.0)) for name in pictures]
            self._texts = torch.cat([*([self.encoder.texts(words)] if words else []), *seen])
        self._bank = self.encoder.texts(captions())
        near = self._texts @ self._bank.T  # (P, K)
        usual = near.mean(1, keepdim=True)
        self._others = near < usual + ALIKE * (1 - usual)

    def __call__(self, candidates: Candidates) -> Tensor:
        return candidates.in_parts(self._losses)

    def held(self, pictures: int, gradients: bool) -> int:
        every, largest = self.encoder.activations
        windows: int = pictures * self.options.cutouts
        return windows * (LAYERS * largest + (every if gradients else 0))

    def vectors(self, pictures: Tensor, windows: Cutouts) -> Tensor:
        """Unit vectors (B, N, E) of pictures (B, 3, H, W) through windows."""
        seen = windows.of(pictures, self.encoder.input_size)
        return self.encoder.images(seen.flatten(0, 1)).unflatten(0, seen.shape[:2])  # type: ignore[no-untyped-call,no-any-return]

    def _losses(self, candidates: Candidates) -> Tensor:
        windows = self.windows(candidates.step)

        def losses(pictures: Tensor) -> Tensor:
            return self.judge(self.vectors(pictures, windows), windows, candidates.progress)

        return scored(on_white(candidates), losses, self.encoder.threads or torch.get_num_threads())

    def weights(self, like: Tensor, progress: float) -> Tensor:
        """(P,), below 0 where a prompt shall not be seen."""
        return torch.tensor([prompt.at(progress) for prompt in self.prompts]).to(like)

    def distances(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """How far unit vectors (B, N, E) are from each prompt, and how much nearer to it than ordinary captions are: (B, N, P) each."""
        cosines, others = vectors @ self._texts.T, vectors @ self._bank.T
        distance = 1 - cosines
        if self.options.distance == "spherical":  # |x - y|^2 = 2 (1 - cos), of unit vectors
            distance = 2 * torch.asin((distance / 2).clamp(1e-12, 1 - 1e-6).sqrt()) ** 2
        if self.options.contrast:
            scale = self.encoder.logit_scale
            against = (scale * others[:, :, None]).masked_fill(~self._others, -torch.inf).logsumexp(3)
            distance = distance + self.options.contrast * torch.nn.functional.softplus(against - scale * cosines)
        usual = (others[:, :, None] * self._others).sum(3) / self._others.sum(1).clamp_min(1)
        return distance, (cosines - usual).clamp_min(0)


def on_white(candidates: Candidates) -> Tensor:
    """The candidates' pictures (B, 3, H, W) as on paper, where they can be seen through."""
    if not candidates.transparent:
        return candidates.images()
    return over(candidates.images(alpha=True), 1.0)


@cache
def captions() -> tuple[str, ...]:
    """Of ordinary things, places, colours and patterns: what a picture may show instead."""
    lines = BANK.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))
