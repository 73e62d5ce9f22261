"""A weighted sum of objectives: ``pixel:1,ssim:0.5``."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from creativity import registry
from creativity.errors import CreativityError, nearest
from creativity.objectives.base import Context, Likeness, Objective
from creativity.options import plain

if TYPE_CHECKING:
    from creativity.problem import Candidates


@dataclass(frozen=True)
class SumOptions:
    terms: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "objectives with their weights, written as --objective pixel:1,ssim:0.5"}
    )


class Sum(Objective):
    """A weighted sum of objectives, with gradients and without chance only where all of them are so."""

    Options = SumOptions

    def __init__(self, options: SumOptions):
        super().__init__(options)
        if not options.terms:
            raise CreativityError("objective 'sum' needs terms; write it as --objective pixel:1,ssim:0.5")
        self.terms: dict[str, Objective] = {}
        self.weights: dict[str, float] = {}
        noted: dict[str, Any] = {}
        for name, given in options.terms.items():
            settings = dict(given) if isinstance(given, dict) else {"weight": given}
            if registry.objectives.resolve(name)[0] == "sum":
                raise CreativityError("objective 'sum': a sum is no term of a sum; name its terms one by one")
            weight = self.weights[name] = _weight(name, settings.pop("weight", 1.0))
            self.terms[name] = registry.objectives.create(name, settings)
            noted[name] = {"weight": weight, **plain(self.terms[name].options)}
        self.options = replace(options, terms=noted)
        terms = self.terms.values()
        self.needs = tuple(sorted({need for term in terms for need in term.needs}))
        self.differentiable = all(term.differentiable for term in terms)
        self.deterministic = all(term.deterministic for term in terms)
        self.least_side = max(term.least_side for term in terms)
        likeness = next((term for term in terms if isinstance(term, Likeness)), None)
        if likeness:  # only then is the sum one too
            self.goal = likeness.goal

    def prepare(self, context: Context) -> None:
        for term in self.terms.values():
            term.prepare(context)

    def held(self, pictures: int, gradients: bool) -> int:
        return max(term.held(pictures, gradients) for term in self.terms.values())  # they look one after another

    def values(self, candidates: Candidates) -> dict[str, Tensor]:
        """The losses (B,) of each term by its name, before they are weighted."""
        return {name: term(candidates) for name, term in self.terms.items()}

    def __call__(self, candidates: Candidates) -> Tensor:
        def losses(part: Candidates) -> Tensor:  # the terms of a part share its pictures
            return torch.stack([self.weights[name] * value for name, value in self.values(part).items()]).sum(0)

        return candidates.in_parts(losses)


def _weight(name: str, given: Any) -> float:
    try:
        weight = float(given)
    except (TypeError, ValueError):
        weight = math.nan
    if not (weight > 0 and math.isfinite(weight)) or isinstance(given, bool):
        raise CreativityError(f"objective 'sum': the weight of {name!r} must be above 0, not {given!r}")
    return weight


def summed(asked: str | dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Options of a sum from what was asked for, ``pixel:1,ssim:0.5`` or {"pixel": 1, "ssim": 0.5}, and from settings of its
    terms, {"ssim.scales": 3}. Raises CreativityError for a setting of no term."""
    if isinstance(asked, str):
        terms = parse_terms(asked)
    else:
        terms = {name: dict(given) if isinstance(given, dict) else {"weight": given} for name, given in asked.items()}
    for key, value in settings.items():
        name, _, option = key.partition(".")
        if not option:
            raise CreativityError(f"say which term of the sum has the option {key!r}, as objective.TERM.{key}")
        if name not in terms:
            raise CreativityError(f"the sum of objectives has no term {name!r}; {nearest(name, terms)}")
        terms[name][option] = value
    return {"terms": terms}


def parse_terms(text: str) -> dict[str, dict[str, Any]]:
    """``pixel:1,ssim:0.5`` -> {"pixel": {"weight": "1"}, "ssim": {"weight": "0.5"}}; a weight left out is 1."""
    terms: dict[str, dict[str, Any]] = {}
    for word in text.split(","):
        name, colon, weight = (part.strip() for part in word.partition(":"))
        if not name or (colon and not weight):
            raise CreativityError(f"a sum of objectives is written as pixel:1,ssim:0.5, not {text!r}")
        if name in terms:
            raise CreativityError(f"objective {name!r} stands twice in {text!r}; name it once, with one weight")
        terms[name] = {"weight": weight or 1.0}
    return terms
