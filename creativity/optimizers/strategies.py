"""PGPE with ClipUp, SNES and Sep-CMA-ES on torch tensors, with the numbers of evosax: what evolution uses where genomes live on a GPU.

Each holds its whole state as tensors on one device, writes them in place, and never asks the host anything: a step of it can be
captured as a CUDA graph. ``leaves`` are these tensors in the order of evosax's own states, so that a checkpoint of one can be gone on
with by the other. Noise comes from outside, standard normal; rows of it are as many as ``draws``.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

MOMENTUM = 0.9
"""Of ClipUp."""

SPREAD_RATE, SPREAD_CHANGE = 0.1, 0.2
"""Of PGPE: how fast its spread learns, and by how much of itself it may change in a step."""


class Strategy(Protocol):
    """``ask`` for a population (B, D), score it, ``tell`` its losses (B,)."""

    draws: int
    mean: Tensor

    def ask(self, noise: Tensor) -> Tensor:
        """``noise (draws, D)`` -> a population (B, D)."""

    def tell(self, population: Tensor, losses: Tensor, factor: Tensor | float = 1.0) -> None:
        """Move on; the mean goes ``factor`` of the way. Where a step is captured as a graph, a factor that falls is a tensor."""

    @property
    def leaves(self) -> list[Tensor]:
        """All that the next step depends on."""


def ranks(losses: Tensor) -> Tensor:
    """(B,) from 0 for the least; those that are alike share the middle of theirs."""
    ordered = losses.sort().values
    first, beyond = torch.searchsorted(ordered, losses), torch.searchsorted(ordered, losses, right=True)
    return (first + beyond - 1).to(losses.dtype) / 2


def finite(losses: Tensor) -> Tensor:
    """A candidate without a finite loss counts as the worst that is finite."""
    good = losses.isfinite()
    worst = torch.where(good, losses, -torch.inf).amax()
    return torch.where(good, losses, torch.where(worst.isfinite(), worst, 0.0))


class _Common:
    """The best that was seen, how many steps were taken, and the mean."""

    def __init__(self, population: int, size: int, device: torch.device):
        self.population, self.size = population, size
        self.best, self.best_loss = torch.full((size,), torch.nan, device=device), torch.full((), torch.inf, device=device)
        self.count = torch.zeros((), dtype=torch.int32, device=device)
        self.mean = torch.zeros(size, device=device)

    def _note(self, population: Tensor, losses: Tensor) -> None:
        loss, at = losses.min(dim=0)
        better = loss < self.best_loss
        self.best.copy_(torch.where(better, population.index_select(0, at[None])[0], self.best))
        self.best_loss.copy_(torch.where(better, loss, self.best_loss))
        self.count.add_(1)

    def _move(self, mean: Tensor, factor: Tensor | float) -> None:
        self.mean.copy_(self.mean + factor * (mean - self.mean))


class PGPE(_Common):
    """Sehnke et al. 2010, in mirrored pairs, by ranks; its mean moves by ClipUp (Toklu et al. 2020)."""

    def __init__(self, population: int, size: int, sigma: float, rate: float, device: torch.device):
        super().__init__(population, size, device)
        self.draws, self.rate = population // 2, rate
        self.spread = torch.full((size,), sigma, device=device)
        self.velocity = torch.zeros(size, device=device)
        self.updates = torch.zeros((), dtype=torch.int32, device=device)

    @property
    def leaves(self) -> list[Tensor]:
        return [self.best, self.best_loss, self.count, self.mean, self.spread, self.velocity, self.updates]

    def ask(self, noise: Tensor) -> Tensor:
        return self.mean + self.spread * torch.cat([noise, -noise])

    def tell(self, population: Tensor, losses: Tensor, factor: Tensor | float = 1.0) -> None:
        self._note(population, losses)
        worth = ranks(losses) / (self.population - 1) - 0.5
        plus, minus = worth[: self.draws], worth[self.draws :]
        away = population[: self.draws] - self.mean
        by_mean = (plus - minus) @ away / self.population
        by_spread = (plus + minus - 2 * worth.mean()) @ ((away**2 - self.spread**2) / self.spread) / self.population
        # ClipUp: a direction of length 1, momentum, and no faster than 1 (its greatest speed is its rate).
        velocity = MOMENTUM * self.velocity + by_mean / (by_mean.norm() + 1e-8)
        speed = velocity.norm()
        self.velocity.copy_(velocity * torch.where(speed > 1.0, 1.0 / speed, 1.0))
        self.updates.add_(1)
        self._move(self.mean - self.rate * self.velocity, factor)
        most = SPREAD_CHANGE * self.spread
        self.spread.copy_(torch.clamp(self.spread - SPREAD_RATE * by_spread, self.spread - most, self.spread + most))


class SNES(_Common):
    """Schaul et al. 2011: natural gradients of a mean and of one spread a number."""

    def __init__(self, population: int, size: int, sigma: float, rate: float, device: torch.device):
        super().__init__(population, size, device)
        self.draws, self.rate = population, rate
        self.spread = torch.full((size,), sigma, device=device)
        self.spread_rate = torch.full((), (3 + math.log(size)) / (5 * math.sqrt(size)), device=device)
        weights = np.maximum(math.log(population / 2 + 1) - np.log(np.arange(1, population + 1)), 0.0)
        self.weights = torch.tensor(weights / weights.sum() - 1 / population, dtype=torch.float32, device=device)

    @property
    def leaves(self) -> list[Tensor]:
        return [self.best, self.best_loss, self.count, self.mean, self.spread, self.spread_rate]

    def ask(self, noise: Tensor) -> Tensor:
        return self.mean + self.spread * noise

    def tell(self, population: Tensor, losses: Tensor, factor: Tensor | float = 1.0) -> None:
        self._note(population, losses)
        worth = self.weights[ranks(losses).int()]
        noise = (population - self.mean) / self.spread
        self._move(self.mean + self.rate * self.spread * (worth @ noise), factor)
        self.spread.mul_((0.5 * self.spread_rate * (worth @ (noise**2 - 1))).exp())


class SepCMAES(_Common):
    """Ros & Hansen 2008: CMA-ES with a diagonal covariance; equations by their numbers in Hansen's tutorial (2016)."""

    def __init__(self, population: int, size: int, sigma: float, device: torch.device):
        super().__init__(population, size, device)
        self.draws = population
        self.spread = torch.full((), sigma, device=device)
        self.path, self.covariance_path = torch.zeros(size, device=device), torch.zeros(size, device=device)
        self.covariance, self.root = torch.ones(size, device=device), torch.ones(size, device=device)
        elites = max(1, population // 2)
        weights = math.log((population + 1) / 2) - np.log(np.arange(1, population + 1))  # (48)
        effective = float(weights[:elites].sum() ** 2 / (weights[:elites] ** 2).sum())  # (8)
        weights = np.maximum(weights, 0.0) / np.maximum(weights, 0.0).sum()  # (53), of the better half alone
        n = min(size, math.floor(math.sqrt(2**31 - 1)))
        self.weights = torch.tensor(weights, dtype=torch.float32, device=device)
        self.weight_sum, self.effective = float(weights.sum()), effective
        self.path_rate = (4 + effective / size) / (size + 4 + 2 * effective / size)  # (56)
        self.one_rate = 2 / ((n + 1.3) ** 2 + effective)  # (57)
        self.many_rate = min(1 - self.one_rate - 1e-8, 2 * (effective + 1 / effective - 2) / ((n + 2) ** 2 + effective))  # (58)
        self.spread_rate = (effective + 2) / (size + effective + 5)  # (55)
        self.damping = 1 + 2 * max(0.0, math.sqrt((effective - 1) / (size + 1)) - 1) + self.spread_rate
        self.usual = math.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * n**2))

    @property
    def leaves(self) -> list[Tensor]:
        state = [self.mean, self.spread, self.path, self.covariance_path, self.covariance, self.root]
        return [self.best, self.best_loss, self.count, *state]

    def ask(self, noise: Tensor) -> Tensor:
        self.covariance.clamp_(0.0, 1e8).add_(1e-8)
        self.root.copy_(self.covariance.sqrt())
        return self.mean + self.spread * (self.root * noise)

    def tell(self, population: Tensor, losses: Tensor, factor: Tensor | float = 1.0) -> None:
        self._note(population, losses)
        worth = self.weights[ranks(losses).int()]
        steps = (population - self.mean) / self.spread
        step = worth @ steps  # (41)
        keep, gain = 1 - self.spread_rate, math.sqrt(self.spread_rate * (2 - self.spread_rate) * self.effective)
        self.path.copy_(keep * self.path + gain * (step / self.root))  # (43)
        length = self.path.norm()
        mean = self.mean + self.spread * step  # (42)
        self.spread.mul_(((self.spread_rate / self.damping) * (length / self.usual - 1)).exp()).clamp_(0.0, 1e8)  # (44)
        # Whether the path is no longer than it would be by chance; the count is one ahead already.
        told = 1 - torch.pow(torch.full_like(length, keep), 2 * (self.count + 1))
        calm = (length / told.sqrt() < (1.4 + 2 / (self.size + 1)) * self.usual).to(length.dtype)
        rate = self.path_rate
        self.covariance_path.copy_((1 - rate) * self.covariance_path + calm * math.sqrt(rate * (2 - rate) * self.effective) * step)  # (45)
        stale = 1 + self.one_rate * (1 - calm) * rate * (2 - rate) - self.one_rate - self.many_rate * self.weight_sum
        many = worth @ steps**2
        self.covariance.copy_(stale * self.covariance + self.one_rate * self.covariance_path**2 + self.many_rate * many)  # (47)
        self._move(mean, factor)
