"""Encoders by name: ``embedded``, any model of open_clip, or several as one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from creativity.errors import CreativityError

if TYPE_CHECKING:
    from creativity.models.encoders.base import Encoder
    from creativity.models.encoders.openclip import Precision


def open_encoder(name: str, *, offline: bool = False, device: str = "cpu", precision: Precision = "auto") -> Encoder:
    """The encoder of that name: ``embedded``, ``MODEL/PRETRAINED``, ``hf-hub:ORG/REPO``, ``local-dir:PATH``, or ``A+B`` for several.

    Weights that are not on this machine are fetched from the hub, unless ``offline``. ``precision`` is for models of open_clip.
    Opened again, it is the same one.

    Raises:
        CreativityError: nothing is called so (the nearest name is said), or its weights are missing, damaged or changed.
    """
    if "+" in name and not (name.startswith("local-dir:") and Path(name.removeprefix("local-dir:")).is_dir()):
        from creativity.models.encoders.ensemble import Ensemble

        names = name.split("+")
        if twice := [one for one in names if names.count(one) > 1]:
            raise CreativityError(f"the ensemble {name} has {twice[0]!r} twice, which is the same as once")
        return Ensemble([open_encoder(one, offline=offline, device=device, precision=precision) for one in names])
    if name.startswith("local-dir:"):  # whose files the user may change
        return _open.__wrapped__(name, offline, device, precision)
    return _open(name, offline, device, precision)


@lru_cache(maxsize=4)
def _open(name: str, offline: bool, device: str, precision: Precision) -> Encoder:
    if name == "embedded":
        from creativity.models.encoders.embedded import Embedded

        return Embedded(device=device)
    from creativity.models.encoders.openclip import OpenClip

    return OpenClip(name, offline=offline, device=device, precision=precision)
