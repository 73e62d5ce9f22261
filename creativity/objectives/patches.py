"""Several prompts in one picture: its patches are shared out among them by optimal transport, so that each is seen somewhere.

Simultaneous Multiple-Prompt Guided Generation Using Differentiable Optimal Transport (Tian, Cuturi & Ha, 2022,
arXiv:2204.08472). The mean over all patches and prompts pulls every patch the same way, to the average of the prompts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from creativity.errors import CreativityError
from creativity.objectives.cutouts import Cutouts, grid
from creativity.objectives.prompted import Prompted, PromptedOptions, on_white
from creativity.objectives.transport import MODES, Match, match, shares, softness, spread
from creativity.options import option

if TYPE_CHECKING:
    from creativity.problem import Candidates


@dataclass(frozen=True)
class TransportOptions(PromptedOptions):
    cutouts: int = option(24, "how many patches are matched with the prompts at each step", low=1, high=1024)
    min_scale: float = option(0.3, "least side of a patch, as a part of the picture's", low=0.05, high=1.0)
    max_scale: float = option(0.5, "greatest side of a patch", low=0.05, high=1.0)
    mode: str = option("transport", "how patches are matched: each prompt gets its share, or as a mode to compare with", choices=MODES)
    epsilon: float = option(0.1, "how soft the plan is at the end, in units of the costs' spread", above=0.0, high=1e3)
    softer: float = option(10.0, "how many times as soft it is at the beginning", low=1.0, high=1e3)
    place: float = option(0.5, "what it costs to be a picture's side away from a prompt's place", low=0.0, high=1e3)
    relax_patches: float | None = option(
        None,
        "what a patch costs that serves nothing, in units of the costs' spread, so that there may be a background",
        above=0.0,
        high=1e3,
    )
    relax_prompts: float | None = option(None, "the same for a prompt that is given up", above=0.0, high=1e3)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.relax_patches is not None and self.relax_prompts is not None:
            raise CreativityError("relax the patches or the prompts, not both: nothing would have to be matched")


class Transport(Prompted):
    """The cost of the best plan by which a picture's patches serve the prompts, each prompt as many as its weight says.

    Weights are areas: of ``sky:3`` and ``sea:1`` the sky gets three quarters. A prompt with a place, ``the sun @ top-right``, is
    served by patches near to it. What shall not be seen stays outside of the plan, as in ``clip``. ``mode=mean`` is what others do.
    """

    Options = TransportOptions

    def __init__(self, options: TransportOptions):
        super().__init__(options)
        self.wanted = [k for k, prompt in enumerate(self.prompts) if not prompt.negative]
        self.deterministic = False

    def windows(self, step: int | None) -> Cutouts:
        """In a look from outside they are the squares of a grid that overlap, so that every part of the picture counts alike."""
        if step is not None:
            return super().windows(step)
        how = self.options
        return grid(math.ceil(math.sqrt(how.cutouts)), (how.min_scale + how.max_scale) / 2)

    def judge(self, vectors: Tensor, windows: Cutouts, progress: float) -> Tensor:
        found, nearer = self.matched(vectors, windows, progress)
        unwanted = (-self.weights(vectors, progress)).clamp_min(0)
        return found.losses + (nearer * unwanted).sum(2).mean(1)

    def matched(self, vectors: Tensor, windows: Cutouts, progress: float) -> tuple[Match, Tensor]:
        """The plans, with their losses, and how much nearer each patch (B, N, P) is to each prompt than ordinary captions are."""
        how = self.options
        distance, nearer = self.distances(vectors)
        costs = distance[:, :, self.wanted] + how.place * self._away(windows).to(distance)
        unit = spread(costs)
        relaxed = [None if price is None else price * unit for price in (how.relax_patches, how.relax_prompts)]
        return match(
            costs,
            self.weights(vectors, progress)[self.wanted].clamp_min(1e-3),
            how.mode,
            how.epsilon * how.softer ** (1 - progress) * unit,
            relax_patches=relaxed[0],
            relax_prompts=relaxed[1],
        ), nearer

    def _away(self, windows: Cutouts) -> Tensor:
        """Squared distances (N, P) of the patches' middles from the prompts' places, in sides of the picture; 0 where a prompt has none."""
        middles = windows.frames[:, :2] + windows.frames[:, 2:] / 2  # y, x
        away = torch.zeros(len(middles), len(self.wanted))
        for column, number in enumerate(self.wanted):
            if place := self.prompts[number].place:
                away[:, column] = ((middles - torch.tensor([place[1], place[0]])) ** 2).sum(1)
        return away

    @torch.no_grad()
    def plan(self, candidates: Candidates) -> tuple[Cutouts, Tensor]:
        """The windows of a look, and which of them serves which prompt in the first candidate's picture: (N, P), of mass 1."""
        windows = self.windows(None)
        found, _ = self.matched(self.vectors(on_white(candidates)[:1], windows), windows, 1.0)
        return windows, found.plans[0]

    def remarks(self, candidates: Candidates) -> dict[str, float]:
        """How soft the plan is, 0 where each patch serves one prompt and 1 where it is no better than the mean; the prompts' shares."""
        _, plan = self.plan(candidates)
        parts = shares(plan[None])[0].tolist()
        said = {f"share of {self.prompts[number].text}": part for number, part in zip(self.wanted, parts, strict=True)}
        return {"softness": float(softness(plan[None])[0]), **said}
