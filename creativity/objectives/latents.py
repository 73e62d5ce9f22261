"""How far latents have gone from where a decoder knows what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from creativity.objectives.base import Objective

if TYPE_CHECKING:
    from creativity.problem import Candidates


class Latents(Objective):
    """0 where a genome's latents have mean 0 and variance 1, as those have that a decoder was taught with; more the further they are.

    The Kullback-Leibler divergence of a normal distribution with their moments from the standard one (Kingma & Welling 2014,
    arXiv:1312.6114). Beside another objective it pulls back what has left for where a decoder makes specks and glare.
    """

    needs = ("latents",)

    def __call__(self, candidates: Candidates) -> Tensor:
        latents = candidates.latents
        assert latents is not None, "a renderer without latents was not refused"
        mean, variance = latents.mean(1), latents.var(1, correction=0).clamp_min(1e-6)
        return 0.5 * (mean**2 + variance - 1 - variance.log())
