"""Priors by name: ``embedded`` ships in the package, ``diffusers:REPO-OR-FOLDER`` is any text-to-image pipeline of diffusers."""

from __future__ import annotations

from creativity.errors import CreativityError, nearest
from creativity.models.priors.base import Prior

__all__ = ["Prior", "open_prior"]


def open_prior(name: str, offline: bool = False, device: str = "cpu") -> Prior:
    """The prior of that name. ``offline``: weights that are not on this machine are an error, nothing is asked of the network.

    Raises:
        CreativityError: there is no such prior, its weights are missing, or what they need is not installed.
    """
    kind, _, where = name.partition(":")
    if kind == "embedded" and not where:
        from creativity.models.priors.embedded import Embedded

        return Embedded()
    if kind == "diffusers" and where:
        from creativity.models.priors.diffusion import Diffusion

        return Diffusion(where, offline, device)
    raise CreativityError(f"no prior {name!r}: {nearest(name, ['embedded', 'diffusers:REPO-OR-FOLDER'])}")
