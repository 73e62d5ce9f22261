"""Autoencoders of diffusers by repository name or local folder: their decoders make pictures of small grids of numbers."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from creativity.errors import CreativityError, nearest, one_line
from creativity.models.weights import digest_of_folder

CLASSES = ("AutoencoderTiny", "AutoencoderKL", "VQModel")


class Autoencoder:
    """One of diffusers' autoencoders, on the CPU, in float32, its weights fixed.

    ``channels`` numbers describe each square of ``factor`` x ``factor`` pixels. ``digest`` is that of its weights.
    """

    def __init__(self, folder: Path, where: str):
        try:
            import diffusers
        except ImportError as error:
            raise CreativityError(f"the autoencoder {where} needs diffusers: pip install diffusers ({error})") from None
        diffusers.utils.logging.set_verbosity_error()  # type: ignore[attr-defined,no-untyped-call]
        self.kind = _kind(folder, where)
        try:
            load: Any = getattr(diffusers, self.kind).from_pretrained
            self.model = load(folder, use_safetensors=True, local_files_only=True).eval().requires_grad_(False)
        except Exception as error:  # a stranger's files, through several libraries: whatever they say
            raise CreativityError(f"cannot load the autoencoder {where}: {one_line(error)[:300]}") from error
        config = self.model.config
        self.channels = int(config.latent_channels)
        self.factor = 2 ** (len(config.decoder_block_out_channels if self.kind == "AutoencoderTiny" else config.block_out_channels) - 1)
        self.scale = 1.0 if self.kind == "AutoencoderTiny" else float(getattr(config, "scaling_factor", None) or 1.0)
        self.shift = 0.0 if self.kind == "AutoencoderTiny" else float(getattr(config, "shift_factor", None) or 0.0)
        self.digest = digest_of_folder(folder)

    def decode(self, latents: Tensor) -> Tensor:
        """Latents (B, channels, h, w), of about unit variance, -> pictures (B, 3, h factor, w factor), about in [0, 1].

        One after another: a picture must not depend on its company.
        """
        found = []
        for one in latents / self.scale + self.shift:
            if self.kind == "VQModel":
                found.append(self.model.decode(one[None], force_not_quantize=True).sample)
            else:
                found.append(self.model.decode(one[None]).sample)
        return torch.cat(found) * 0.5 + 0.5

    @torch.no_grad()
    def encode(self, pictures: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) in [0, 1], sides that ``factor`` divides, -> latents."""
        out = self.model.encode(pictures * 2 - 1)
        latents = out.latent_dist.mode() if hasattr(out, "latent_dist") else out.latents
        return (latents - self.shift) * self.scale  # type: ignore[no-any-return]


@lru_cache(maxsize=2)
def open_autoencoder(where: str, offline: bool = True) -> Autoencoder:
    """``where``: a folder that diffusers saved, or a repository of the hub (its subfolder ``vae``, if it is a pipeline).

    Raises CreativityError where it is not on this machine, with the command that fetches it, or holds no autoencoder.
    """
    if not where:
        raise CreativityError("renderer 'latent' needs a model: --set renderer.model=madebyollin/taesd, or a folder that diffusers saved")
    folder = Path(where)
    if not folder.is_dir():
        if where.startswith((".", "/", "~")):
            raise CreativityError(f"no folder {where}: expected one that diffusers saved (it has a config.json)")
        folder = _fetched(where, offline)
    return Autoencoder(folder / "vae" if (folder / "vae" / "config.json").exists() else folder, where)


def _fetched(where: str, offline: bool) -> Path:
    from huggingface_hub import snapshot_download

    wanted = ["config.json", "*.safetensors", "vae/config.json", "vae/*.safetensors"] if "/" in where else []
    for local in (True,) if offline else (True, False):
        try:
            folder = Path(snapshot_download(where, allow_patterns=wanted[:2] if local else wanted, local_files_only=local))
            if (folder / "config.json").exists() or (folder / "vae" / "config.json").exists():
                return folder
        except Exception as error:
            reason = one_line(error)[:200]
    if offline:
        raise CreativityError(f"the autoencoder {where} is not on this machine; fetch it with: hf download {where}")
    raise CreativityError(f"cannot get the autoencoder {where}: {reason}")


def _kind(folder: Path, where: str) -> str:
    """Its class, after a look at what else lies there: code and pickles are refused."""
    try:
        kind = json.loads((folder / "config.json").read_text()).get("_class_name")
    except (OSError, ValueError, AttributeError):
        raise CreativityError(f"{where} is no autoencoder of diffusers: expected a folder with a config.json") from None
    if kind not in CLASSES:
        raise CreativityError(f"{where} holds a {kind}; expected an autoencoder: {nearest(str(kind), CLASSES)}")
    if not list(folder.glob("*.safetensors")):
        raise CreativityError(
            f"{where} has no weights as .safetensors, which save_pretrained writes; pickles, which can run code, are not read"
        )
    return str(kind)
