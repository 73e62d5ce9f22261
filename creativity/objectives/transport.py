"""Optimal transport between the patches of a picture and what they are to show: which patch serves which prompt, and how much.

Entropic transport (Cuturi 2013) as a loss over patches and prompts (Tian, Cuturi & Ha 2022). With P >= 0 the plan, a and b
the weights of patches and prompts,

    value = min over P of  <P, C> + epsilon KL(P | a b') + the price of sums that are not those of a and b

and by the envelope theorem the gradient of the value by C is P itself: no iteration is differentiated. The other ways of
matching are the same minimum with fewer demands. Where prompts may share as they like it is ``softmin``, with an epsilon of 0
too ``nearest``; where epsilon outgrows the costs P is a b', the ``mean`` over all pairs, whose gradient pulls every patch the
same way. Plans that must meet a and b do not see what is added to a whole row or column of C: a prompt that scores higher
against everything gets no more of the picture, as it does by softmin or nearest.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from creativity.errors import CreativityError, nearest

MODES = ("mean", "nearest", "softmin", "transport")

TOLERANCE = 1e-6
"""How much of the mass may still be in the wrong columns when the iteration ends."""

MOST = 300
"""Iterations at most; twenty is usual."""

COOLING = 0.75
"""Each iteration's epsilon is this part of the last one's, from the span of the costs down to what was asked for. (Faster, and more
steps are needed in the end.)"""


class Match(NamedTuple):
    """``plans`` (B, n, m), without gradient, of mass 1; ``losses`` (B,), the mean cost <P, C>; ``values`` (B,), the minimum.

    The gradient of both by the costs is the plan; of ``values`` it is the exact one.
    """

    plans: Tensor
    losses: Tensor
    values: Tensor


def match(
    costs: Tensor,
    weights: Tensor | None = None,
    mode: str = "transport",
    epsilon: float | Tensor = 0.05,
    *,
    patches: Tensor | None = None,
    relax_patches: float | Tensor | None = None,
    relax_prompts: float | Tensor | None = None,
) -> Match:
    """Match n patches with m prompts by their costs (B, n, m), by one of `MODES`.

    ``weights`` (m,): what part of the patches each prompt is to have; ``patches`` (n,) or (B, n): what each patch counts;
    both above 0, divided by their sums, by default all the same. ``epsilon``, a number or (B,): how soft the plan is, in
    units of cost; a part of `spread` (B,) suits costs of any scale. ``relax_patches``: what a patch that is used more or
    less than its weight costs (times a KL divergence), so that a background may serve nothing; ``relax_prompts``: the same
    for prompts, so that hopeless ones are dropped. None: not at all; never both, for mass would be lost.

    Raises CreativityError for an unknown mode, for weights that are not above 0, and for both relaxed.
    """
    if mode not in MODES:
        raise CreativityError(f"patches are matched with prompts by {', '.join(MODES)}, not by {mode!r}; {nearest(mode, MODES)}")
    if relax_patches is not None and relax_prompts is not None:
        raise CreativityError("relax the patches or the prompts, not both: nothing would have to be matched")
    with torch.no_grad():
        plans, price = _plans(costs.detach(), weights, mode, epsilon, patches, relax_patches, relax_prompts)
    losses = (plans * costs).sum(-1).sum(-1)
    return Match(plans, losses, losses + price)


def _plans(
    costs: Tensor,
    weights: Tensor | None,
    mode: str,
    epsilon: float | Tensor,
    patches: Tensor | None,
    relax_patches: float | Tensor | None,
    relax_prompts: float | Tensor | None,
) -> tuple[Tensor, Tensor]:
    """The plans (B, n, m) and what they cost (B,) beside the costs themselves."""
    count, n, m = costs.shape
    a = _parts(costs, patches, n, "patches").expand(count, n)
    b = _parts(costs, weights, m, "prompts").expand(count, m)
    outer = a[:, :, None] * b[:, None, :]
    free = torch.zeros_like(costs[:, 0, 0])
    if mode == "mean":
        return outer, free
    if mode == "nearest":
        return a[:, :, None] * F.one_hot(costs.argmin(-1), m), free
    heat = _each(costs, epsilon)
    if mode == "softmin":
        plans = a[:, :, None] * (b.log()[:, None, :] - costs / heat).softmax(-1)
        return plans, heat[:, 0, 0] * _divergence(plans.flatten(1), outer.flatten(1))
    never = torch.full_like(heat, torch.inf)
    firm_patches = never if relax_patches is None else _each(costs, relax_patches)
    firm_prompts = never if relax_prompts is None else _each(costs, relax_prompts)
    plans = _transport(costs, a, b, heat, firm_patches, firm_prompts)
    price = heat[:, 0, 0] * _divergence(plans.flatten(1), outer.flatten(1))
    if relax_patches is not None:
        price = price + firm_patches[:, 0, 0] * _divergence(plans.sum(-1), a)
    if relax_prompts is not None:
        price = price + firm_prompts[:, 0, 0] * _divergence(_columns(plans), b)
    return plans, price


def spread(costs: Tensor) -> Tensor:
    """(B, n, m) -> (B,): the standard deviation of costs once the mean of every row and column is taken off.

    It is what a plan can see of them; a prompt that is further from everything, or a patch, does not soften the others.
    """
    fixed = costs.detach()
    columns = _columns(fixed) / fixed.shape[1]
    left = fixed - fixed.mean(-1)[:, :, None] - (columns - columns.mean(-1, keepdim=True))[:, None, :]
    return left.square().mean(-1).mean(-1).sqrt().clamp_min(LEAST_SPREAD)


LEAST_SPREAD = 1e-4
"""Of cosines in float32: what differs by less is the same."""


def softness(plans: Tensor) -> Tensor:
    """(B, n, m) -> (B,): the mean entropy of a patch's choice, 0 where each serves one prompt, 1 where each serves all alike.

    Near 1 the plan is no better than the mean: epsilon is too large.
    """
    if plans.shape[-1] == 1:
        return torch.zeros_like(plans[:, 0, 0])
    rows = plans.sum(-1, keepdim=True)
    choice = plans / rows.clamp_min(torch.finfo(plans.dtype).tiny)
    entropy = -torch.xlogy(choice, choice).sum(-1)
    return (entropy * rows[..., 0]).sum(-1) / rows[..., 0].sum(-1) / math.log(plans.shape[-1])


def shares(plans: Tensor) -> Tensor:
    """(B, n, m) -> (B, m): the part of the patches whose first choice each prompt is."""
    chosen = F.one_hot(plans.argmax(-1), plans.shape[-1])
    return chosen.mT.to(plans.dtype).contiguous().mean(-1)


def _transport(costs: Tensor, a: Tensor, b: Tensor, heat: Tensor, firm_patches: Tensor, firm_prompts: Tensor) -> Tensor:
    """Plans (B, n, m) whose rows and columns sum to a (B, n) and b (B, m): exactly where the price of deviating is infinite.

    The dual is concave in one potential for each prompt, since the best for each patch follows from them. It is climbed by
    Newton's steps while the entropy cools, or by Sinkhorn's where those lead higher: these never fail, but take thousands once the
    patches lie in groups, as they shall. Each problem of a batch leaves when it has converged, so that company changes nothing.
    (Relaxed: Chizat, Peyré, Schmitzer & Vialard 2018.)
    """
    wide = torch.float32 if costs.device.type == "mps" else torch.float64
    plans = torch.empty_like(costs)
    least = torch.finfo(wide).tiny
    left = torch.arange(len(costs), device=costs.device)
    given = costs.to(wide)
    given = given - given.amin((1, 2), keepdim=True)
    span = given.amax((1, 2), keepdim=True)
    dual = _Dual(given, a[:, :, None].to(wide), b[:, None, :].to(wide), firm_patches.to(wide), firm_prompts.to(wide))
    heat = heat.to(wide)
    now, reach, g = torch.maximum(heat, span), span, torch.zeros_like(dual.b)
    m = b.shape[1]
    ones, tiny = torch.full((m, m), m**-2).to(dual.b), 1e-12 * torch.eye(m).to(dual.b)
    for count in range(MOST + 1):
        rows, found, _ = dual.plans(g, now)
        columns, wanted = _columns(found)[:, None, :], dual.b * (-g / dual.firm_prompts).exp()
        missing = wanted - columns
        going = (missing.abs().sum((1, 2)) > TOLERANCE) | (now > heat)[:, 0, 0]  # what is not a number does not get better
        if count == MOST or not going.all():
            done = ~going if count < MOST else torch.ones_like(going)
            exact = torch.where(dual.firm_prompts.isinf(), wanted / columns.clamp_min(least), 1.0)
            plans[left[done]] = (found * exact)[done].to(plans)
            if done.all():
                break
            left, heat, now, span, reach, g = (x[going] for x in (left, heat, now, span, reach, g))
            rows, found, columns, wanted, missing = (x[going] for x in (rows, found, columns, wanted, missing))
            dual = _Dual(*(x[going] for x in dual))
        # The second derivatives. Where both sides are firm, nothing is left of them along potentials that rise together: ``ones``
        # fills in. (A product of matrices would be quicker and, in the last bits, another one in a batch of one.)
        served = found.mT.contiguous()
        shared = (served[:, :, None] * (served / rows.mT.clamp_min(least))[:, None]).sum(-1) / (1 + now / dual.firm_patches)
        bends = torch.diag_embed((columns + now / dual.firm_prompts * wanted)[:, 0]) - shared + tiny
        bends = bends + ones * (dual.firm_patches.isinf() & dual.firm_prompts.isinf())
        newton = now * torch.linalg.solve_ex(bends, missing.mT).result.mT
        newton = g + newton / (newton.abs().amax((1, 2), keepdim=True) / reach.clamp_min(least)).clamp_min(1)
        sinkhorn = (g + now * (dual.b / columns.clamp_min(least)).log()) / (1 + now / dual.firm_prompts)
        reached, safe = dual.plans(newton, now)[2], dual.plans(sinkhorn, now)[2]
        good = (reached >= safe - 1e-12 * safe.abs())[:, None, None]  # near the top both look level; Newton's may not exist
        g = torch.where(good, newton, sinkhorn)
        reach = torch.where(good, (2 * reach).minimum(span), (reach / 4).maximum(now))
        now = torch.maximum(heat, now * COOLING)
    return plans


class _Dual(NamedTuple):
    """Entropic transport seen from the prompts' potentials g (B, 1, m); costs (B, n, m), a (B, n, 1), b (B, 1, m)."""

    costs: Tensor
    a: Tensor
    b: Tensor
    firm_patches: Tensor
    firm_prompts: Tensor

    def plans(self, g: Tensor, heat: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """With the best potentials for the patches: the rows' sums (B, n, 1), the plans (B, n, m), the dual's value (B,)."""
        exponents = (g - self.costs) / heat + self.b.log()
        most = exponents.amax(-1, keepdim=True)
        powers = (exponents - most).exp()
        total = powers.sum(-1, keepdim=True)
        f = -heat / (1 + heat / self.firm_patches) * (total.log() + most)
        rows = self.a * (-f / self.firm_patches).exp()
        value = _worth(self.a, f, self.firm_patches) + _worth(self.b, g, self.firm_prompts) - heat[:, 0, 0] * rows.flatten(1).sum(-1)
        return rows, powers / total * rows, value


def _worth(weights: Tensor, potentials: Tensor, firm: Tensor) -> Tensor:
    """The conjugate of a price: of an infinite one <w, u>, of firm * KL(. | w) firm * <w, 1 - exp(-u / firm)>."""
    finite = torch.where(firm.isinf(), 1.0, firm)
    bent = torch.where(firm.isinf(), potentials, -finite * (-potentials / finite).expm1())
    return (weights * bent).flatten(1).sum(-1)


def _columns(plans: Tensor) -> Tensor:
    """(B, n, m) -> (B, m): sums along memory, whose order does not depend on the batch."""
    return plans.mT.contiguous().sum(-1)


def _divergence(found: Tensor, wanted: Tensor) -> Tensor:
    """KL(found | wanted) (B,) of distributions (B, k)."""
    return torch.xlogy(found, found / wanted).sum(-1)


def _parts(costs: Tensor, weights: Tensor | None, count: int, what: str) -> Tensor:
    if weights is None:
        return torch.full((1, count), 1 / count, dtype=costs.dtype, device=costs.device)
    weights = weights.to(costs).reshape(-1, count)
    if not ((weights > 0) & weights.isfinite()).all():
        raise CreativityError(f"the weights of {what} must be above 0, not {weights.min():g}")
    return weights / weights.sum(-1, keepdim=True)


def _each(costs: Tensor, number: float | Tensor) -> Tensor:
    """A number, or one for each of a batch, as (B, 1, 1)."""
    values = torch.as_tensor(number, dtype=costs.dtype, device=costs.device).reshape(-1, 1, 1)
    if not (values > 0).all():
        raise CreativityError(f"epsilon and what relaxes a matching must be above 0, not {values.min():g}")
    return values.expand(len(costs), 1, 1)
