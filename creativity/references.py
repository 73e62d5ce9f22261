"""Pictures that an objective's options name besides the target: what shall be in the picture, whose colours or texture it shall have.

A user names a file; the recipe keeps its name and digest, the run folder a copy, and the objective finds it in its context.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from creativity import images, registry
from creativity.errors import CreativityError
from creativity.objectives.prompts import split
from creativity.sources import name_of, shown

Picture = np.ndarray[Any, Any]

LARGEST = 512
"""Long side that a copy keeps."""


def taken(objective: dict[str, Any]) -> tuple[list[dict[str, str]], dict[str, Picture]]:
    """What the recipe notes of the pictures that an objective names, and the pictures, uint8 RGBA by their names, which take
    the paths' place in its options. Raises CreativityError where one is no picture, and where two are called alike."""
    found: dict[str, Picture] = {}
    for table, option, several in _named(objective):
        asked = table[option]
        given = asked.split(",") if several and isinstance(asked, str) and not os.path.exists(asked) else asked
        given = [given] if isinstance(given, str) else [*given]
        names = []
        for entry in given:
            path, weight = split(entry)
            picture = images.resized(images.canonical(images.open_picture(path)), LARGEST)
            name = name_of(path)
            if name in found and images.digest(found[name]) != images.digest(picture):
                raise CreativityError(f"two different pictures are called {shown(name)}; give one of them another name")
            found[name] = picture
            names.append(f"{name}:{weight}" if weight else name)
        table[option] = names if several else names[0]
    return [{"name": name, "sha256": images.digest(picture)} for name, picture in found.items()], found


def _named(objective: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, bool]]:
    """Every option of an objective, or of a sum's terms, that names pictures and is set: its table, its name, whether it takes several."""
    terms = objective.get("terms", {}) if objective["name"] == "sum" else {objective["name"]: objective}
    for name, table in terms.items():
        for field in dataclasses.fields(registry.objectives.get(name).Options) if isinstance(table, dict) else ():
            if field.metadata.get("picture") and table.get(field.name):
                yield table, field.name, field.default == ()
