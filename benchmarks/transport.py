"""``python -m benchmarks.transport``: does every prompt get its part of the picture, by each way of matching?

A picture that needs no encoder: 64 cells in a row, each a vector of 32 numbers; a patch is the direction of the mean of a
random stretch of them, a prompt a direction too, and the cost one minus their cosine. Prompts share a common part, as captions
do. 32 patches a step, 300 steps of Adam. Scored on a fixed grid of patches that no search sees:

recall    prompts that at least half their fair share of patches resembles most
worst     how much the best twentieth of patches resembles the prompt that is served worst, at most 1
self      mean likeness of patch and patch, 1 where the picture is the same everywhere
entropy   of the parts of the picture, 1 where all prompts have the same
softness  mean entropy of a patch's choice in the last plan, 1 where it serves all alike
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from creativity.objectives.transport import match, shares, softness, spread

CELLS, NUMBERS, PATCHES, STEPS = 64, 32, 32, 300


class Scores(NamedTuple):
    """Each (B,), a picture a row; ``areas`` (B, m) are the parts of the picture."""

    recall: Tensor
    worst: Tensor
    self: Tensor
    entropy: Tensor
    softness: Tensor
    areas: Tensor


def search(mode: str, prompts: int, seeds: int, weights: list[float] | None = None, relative: bool = False, **how: Any) -> Scores:
    """As many pictures as seeds at once. ``relative``: epsilon and what relaxes are parts of the costs' `spread`."""
    wanted = torch.stack([_prompts(prompts, seed) for seed in range(seeds)])
    cells = torch.stack([torch.randn(CELLS, NUMBERS, generator=torch.Generator().manual_seed(1000 + seed)) for seed in range(seeds)])
    cells = (cells / math.sqrt(NUMBERS)).requires_grad_()
    weight = torch.tensor(weights) if weights else None
    adam = torch.optim.Adam([cells], lr=0.05)
    chance = torch.Generator().manual_seed(7)
    for _ in range(STEPS):
        lengths = torch.randint(2, 13, (PATCHES,), generator=chance)
        starts = (torch.rand(PATCHES, generator=chance) * (CELLS - lengths + 1)).long()
        costs = 1 - _patches(cells, starts, lengths) @ wanted.mT
        unit = spread(costs) if relative else 1.0
        scaled = {key: value * unit for key, value in how.items()}
        found = match(costs, weight, mode, **scaled)
        adam.zero_grad()
        found.losses.sum().backward()  # type: ignore[no-untyped-call]
        adam.step()
    with torch.no_grad():
        starts = torch.arange(CELLS - 3)
        patches = _patches(cells, starts, torch.full_like(starts, 4))
        likeness = patches @ wanted.mT
        areas = shares(likeness)
        fair = torch.full((prompts,), 1 / prompts) if weight is None else weight / weight.sum()
        few = max(1, round(0.05 * len(starts)))
        alike = patches @ patches.mT
        return Scores(
            recall=(areas >= fair / 2).float().mean(-1),
            worst=likeness.topk(few, dim=1).values.mean(1).amin(-1),
            self=(alike.sum((1, 2)) - len(starts)) / (len(starts) * (len(starts) - 1)),
            entropy=-torch.xlogy(areas, areas).sum(-1) / math.log(prompts),
            softness=softness(found.plans),
            areas=areas.sort(dim=-1, descending=True).values if weight is None else areas,
        )


def _prompts(count: int, seed: int) -> Tensor:
    chance = torch.Generator().manual_seed(seed)
    common = F.normalize(torch.randn(NUMBERS, generator=chance), dim=0)
    own = F.normalize(torch.randn(count, NUMBERS, generator=chance), dim=1)
    return F.normalize(0.5 * common + own, dim=1)


def _patches(cells: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
    """(B, CELLS, NUMBERS) -> unit vectors (B, n, NUMBERS)."""
    place = torch.arange(CELLS)
    inside = ((place >= starts[:, None]) & (place < (starts + lengths)[:, None])).float()
    return F.normalize((inside / lengths[:, None]) @ cells, dim=-1)


def main() -> None:
    torch.set_num_threads(1)
    seeds = 20
    rows: list[tuple[str, dict[str, Any]]] = [
        ("mean", {"mode": "mean"}),
        ("nearest", {"mode": "nearest"}),
        ("softmin, epsilon 0.05", {"mode": "softmin", "epsilon": 0.05}),
        ("transport, epsilon 1", {"mode": "transport", "epsilon": 1.0}),
        ("transport, epsilon 0.5", {"mode": "transport", "epsilon": 0.5}),
        ("transport, epsilon 0.2", {"mode": "transport", "epsilon": 0.2}),
        ("transport, epsilon 0.05", {"mode": "transport", "epsilon": 0.05}),
        ("transport, 0.3 of the spread", {"mode": "transport", "epsilon": 0.3, "relative": True}),
        ("transport, 0.1 of the spread", {"mode": "transport", "epsilon": 0.1, "relative": True}),
        ("transport, 0.05 of the spread", {"mode": "transport", "epsilon": 0.05, "relative": True}),
        ("transport, patches relaxed by 0.2", {"mode": "transport", "epsilon": 0.05, "relax_patches": 0.2}),
        ("transport, prompts relaxed by 0.2", {"mode": "transport", "epsilon": 0.05, "relax_prompts": 0.2}),
    ]
    for prompts in (2, 4, 8):
        print(f"\n{f'{prompts} prompts, {seeds} seeds':<36}{'recall':>9}{'worst':>9}{'self':>9}{'entropy':>9}{'softness':>9}", flush=True)
        for name, how in rows:
            found = search(prompts=prompts, seeds=seeds, **how)
            print(f"  {name:<34}" + "".join(f"{float(values.mean()):9.2f}" for values in found[:5]), flush=True)
    for weights in ([3.0, 1.0], [6.0, 3.0, 1.0]):
        wanted = " : ".join(f"{weight / sum(weights):.2f}" for weight in weights)
        print(f"\n{f'areas where the weights are {wanted}':<48}", flush=True)
        for name, how in rows[:3] + rows[6:7] + rows[9:]:
            areas = search(prompts=len(weights), seeds=seeds, weights=weights, **how).areas
            print(
                f"  {name:<34}" + " : ".join(f"{float(a):.2f}" for a in areas.mean(0)) + f"   ± {float(areas.std(0).max()):.2f}", flush=True
            )


if __name__ == "__main__":
    main()
