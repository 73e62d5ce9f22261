"""Several devices: a population is split over them. The optimizer lives on the first one, and does not notice."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from creativity.problem import Problem


class Split(Problem):
    """One problem on several devices, each with an objective that was prepared there.

    Work is handed to all devices before the first result is waited for. A picture's loss is the same in any company, so nothing
    depends on how many devices there are, as long as they are alike.
    """

    def __init__(self, parts: Sequence[Problem]):
        first = parts[0]
        super().__init__(first.renderer, first.objective, first.size, first.seed, first.warm, first.device)
        self.parts = parts

    def losses(self, genomes: Tensor, step: int | None = None, fidelity: float = 1.0) -> Tensor:
        shares = torch.tensor_split(genomes, min(len(self.parts), max(1, len(genomes))))
        found = []
        for part, share in zip(self.parts, shares, strict=False):
            part.progress = self.progress
            found.append(part.losses(share.to(part.device, non_blocking=True), step, fidelity))
        return torch.cat([losses.to(self.device, non_blocking=True) for losses in found])
