"""Which models there are: those that ship, those that this machine has fetched, and good ones that can be had."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from creativity.errors import CreativityError
from creativity.files import cache_folder, write_atomically


class Known(NamedTuple):
    """A model that can be had."""

    megabytes: int
    licence: str
    """As its page on the hub states it; read it there."""
    about: str


KNOWN = {
    "ViT-B-32/openai": Known(605, "Apache-2.0", "OpenAI's CLIP, the small one: fast, what most CLIP art was made with"),
    "ViT-B-32/laion2b_s34b_b79k": Known(605, "MIT", "as fast, open data"),
    "ViT-B-32-256/datacomp_s34b_b86k": Known(605, "MIT", "as fast, sees more: a good first choice"),
    "ViT-B-16/openai": Known(598, "Apache-2.0", "four times the patches and the time"),
    "ViT-B-16/datacomp_xl_s13b_b90k": Known(598, "MIT", "four times the patches and the time, sees more"),
    "convnext_base_w/laion2b_s13b_b82k_augreg": Known(718, "MIT", "convolutions: sees differently, a good second in an ensemble"),
    "ViT-B-16-SigLIP2/webli": Known(1501, "Apache-2.0", "many languages"),
    "ViT-L-14/datacomp_xl_s13b_b90k": Known(1710, "MIT", "large: best with a GPU"),
    "ViT-H-14/laion2b_s32b_b79k": Known(3944, "MIT", "very large: a judge of pictures that another model guided"),
}


def noted(name: str) -> str | None:
    """The sha256 that a model's weights had when they were fetched; None where nothing is noted."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(_note(name).read_text(encoding="utf-8"))["sha256"])
    return None


def note(name: str, digest: str, path: Path) -> None:
    """Remember what was fetched, so that rot and exchange are seen."""
    with contextlib.suppress(CreativityError):
        write_atomically(_note(name), json.dumps({"name": name, "sha256": digest, "file": str(path)}))


def forget(name: str) -> None:
    """The next weights under that name may be others."""
    with contextlib.suppress(OSError):
        _note(name).unlink()


def _note(name: str) -> Path:
    return cache_folder("models") / f"{quote(name, safe='')}.json"
