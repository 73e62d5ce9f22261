"""Which models there are: those that ship, those that lie on this machine, and good ones that can be had."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from creativity.errors import CreativityError
from creativity.files import cache_folder, write_atomically


class Known(NamedTuple):
    """A model of open_clip that can be had."""

    repository: str
    """On the hub."""
    megabytes: int
    licence: str
    """As its page on the hub states it."""
    about: str


KNOWN = {
    "ViT-B-32/openai": Known("timm/vit_base_patch32_clip_224.openai", 605, "Apache-2.0", "OpenAI's CLIP, small"),
    "ViT-B-32/laion2b_s34b_b79k": Known("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", 605, "MIT", "as fast, taught with open data"),
    "ViT-B-32-256/datacomp_s34b_b86k": Known(
        "laion/CLIP-ViT-B-32-256x256-DataComp-s34B-b86K", 605, "MIT", "nearly as fast, and sees more: a good first one"
    ),
    "ViT-B-16/openai": Known("timm/vit_base_patch16_clip_224.openai", 598, "Apache-2.0", "OpenAI's, four times as slow"),
    "ViT-B-16/datacomp_xl_s13b_b90k": Known("laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K", 598, "MIT", "four times as slow, and sees more"),
    "convnext_base_w/laion2b_s13b_b82k_augreg": Known(
        "laion/CLIP-convnext_base_w-laion2B-s13B-b82K-augreg", 718, "MIT", "sees by convolutions: a good second of an ensemble"
    ),
    "ViT-B-16-SigLIP2/webli": Known("timm/ViT-B-16-SigLIP2", 1501, "Apache-2.0", "reads many languages"),
    "ViT-L-14/datacomp_xl_s13b_b90k": Known("laion/CLIP-ViT-L-14-DataComp.XL-s13B-b90K", 1710, "MIT", "large: for a GPU"),
    "ViT-H-14/laion2b_s32b_b79k": Known("laion/CLIP-ViT-H-14-laion2B-s32B-b79K", 3944, "MIT", "very large: to judge what others guided"),
}


@dataclass(frozen=True)
class Row:
    """One model, for a list of them."""

    name: str
    kind: str
    """encoder or prior."""
    here: bool
    megabytes: int
    licence: str
    about: str


def rows() -> Iterator[Row]:
    """What ships, what the hub's cache on this machine holds, and what is known to be good; no network is asked."""
    ours = {path.stem: path.stat().st_size for path in (Path(__file__).parent / "data").glob("*.safetensors")}
    about = "ships with creativity: drawings, everyday English"
    for kind, size in (("encoder", ours.pop("guide", 0)), ("prior", sum(ours.values()))):
        yield Row("embedded", kind, size > 0, _mega(size), "Apache-2.0", about)
    here = cached()
    for name, known in KNOWN.items():
        file = here.pop(known.repository, None)
        yield Row(name, "encoder", file is not None, _mega(file.stat().st_size) if file else known.megabytes, known.licence, known.about)
    for repository, file in here.items():
        yield Row(f"hf-hub:{repository}", "encoder", True, _mega(file.stat().st_size), "see its page on the hub", "fetched to this machine")
    for index in _hub().glob("models--*/snapshots/*/model_index.json"):
        size = sum(path.stat().st_size for path in index.parent.rglob("*") if path.is_file())
        yield Row(f"diffusers:{_repository(index)}", "prior", True, _mega(size), "see its page on the hub", "fetched to this machine")


def cached() -> dict[str, Path]:
    """Repositories of open_clip models in the hub's cache on this machine, and their weights."""
    files = _hub().glob("models--*/snapshots/*/open_clip_*")
    return {_repository(file): file for file in sorted(files) if file.suffix in (".safetensors", ".bin") and file.exists()}


def _hub() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def _repository(file: Path) -> str:
    return file.parents[2].name.removeprefix("models--").replace("--", "/", 1)


def _mega(size: int) -> int:
    return -(-size // 1_000_000)


# What the weights were when they were fetched, so that rot and exchange are seen.


def noted(name: str) -> str | None:
    """The sha256 that a model's weights had when they were first opened here; None where nothing is noted."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads(_note(name).read_text(encoding="utf-8"))["sha256"])
    return None


def note(name: str, digest: str) -> None:
    with contextlib.suppress(CreativityError):  # a closed cache is no reason not to paint
        write_atomically(_note(name), json.dumps({"name": name, "sha256": digest}))


def forget(name: str) -> None:
    with contextlib.suppress(OSError):
        _note(name).unlink()


def _note(name: str) -> Path:
    return cache_folder("models") / f"{quote(name, safe='')}.json"
