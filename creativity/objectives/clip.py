"""Likeness to words: how near the picture is to each prompt, as an encoder sees it through many windows."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from creativity.errors import CreativityError
from creativity.objectives.cutouts import Cutouts
from creativity.objectives.prompted import Prompted, PromptedOptions


@dataclass(frozen=True)
class ClipOptions(PromptedOptions):
    pass


class Clip(Prompted):
    """How far the picture is from the prompts, as an encoder sees it: the mean over prompts, by weight, and windows.

    What shall not be seen stays outside of that mean: it costs as far as the picture is nearer to it than captions are
    that have nothing to do with it, and nothing once it is not.
    """

    Options = ClipOptions

    def __init__(self, options: ClipOptions):
        super().__init__(options)
        if placed := [prompt.text for prompt in self.prompts if prompt.place]:
            raise CreativityError(f"objective 'clip' sees the whole picture and knows no place for {placed[0]!r}; use transport")

    def judge(self, vectors: Tensor, windows: Cutouts, progress: float) -> Tensor:
        distance, nearer = self.distances(vectors)
        weights = self.weights(vectors, progress)
        wanted, unwanted = weights.clamp_min(0), (-weights).clamp_min(0)
        return ((distance * wanted).sum(2) / wanted.sum().clamp_min(1e-6) + (nearer * unwanted).sum(2)).mean(1)
