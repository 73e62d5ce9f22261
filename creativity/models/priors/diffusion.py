"""Any text-to-image pipeline of diffusers as a prior, by repository name or local folder (von Platen et al., 2022)."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from creativity.errors import CreativityError, one_line
from creativity.models.priors.base import Prior
from creativity.models.weights import digest_of_folder
from creativity.streams import Stream

SIDE = 256
"""Its pictures are brought to this many pixels a side: what starts a search need not be finer."""


class Diffusion(Prior):
    """``where``: a folder that diffusers saved, or a repository of the hub, which is asked only for what is not on this machine.

    Weights are read as safetensors alone, and no code that comes with them is run.

    Raises:
        CreativityError: diffusers is not installed, the pipeline is not there, is not text-to-image, or holds pickles.
    """

    def __init__(self, where: str, offline: bool = False, device: str = "cpu", size: int = SIDE):
        try:
            from diffusers import DiffusionPipeline
            from diffusers.utils import logging
        except ImportError as error:
            raise CreativityError(
                f"the prior diffusers:{where} needs diffusers and transformers: pip install diffusers transformers ({error})"
            ) from None
        logging.set_verbosity_error()
        self.name, self.size = f"diffusers:{where}", size
        folder = _folder(DiffusionPipeline, where, offline)
        _check(folder, where)
        self.digest = digest_of_folder(folder)
        dtype = torch.float16 if torch.device(device).type == "cuda" else torch.float32
        try:
            load: Any = DiffusionPipeline.from_pretrained
            self.pipeline = load(folder, torch_dtype=dtype, use_safetensors=True, local_files_only=True, trust_remote_code=False).to(device)
        except Exception as error:  # a stranger's files, through several libraries: whatever they say
            raise CreativityError(f"cannot load the pipeline {where}: {one_line(error)[:300]}") from error
        if "prompt" not in inspect.signature(self.pipeline.__call__).parameters:
            raise CreativityError(
                f"{where} holds a {type(self.pipeline).__name__}, which takes no words; expected a text-to-image pipeline"
            )
        self.pipeline.set_progress_bar_config(disable=True)

    def pictures(self, text: str, n: int, stream: Stream) -> Tensor:
        if not text.strip():
            raise CreativityError("the prompt is empty: say what the picture shows")
        out = torch.empty(n, 3, self.size, self.size)
        for k in range(n):  # one at a time, so that picture k is the same in any company
            generator = torch.Generator("cpu").manual_seed(stream.child("diffusion").integer(k))
            try:
                picture = self.pipeline(prompt=text, generator=generator, output_type="pil").images[0]
            except Exception as error:
                raise CreativityError(f"{self.name} failed at {one_line(text)!r}: {one_line(error)[:300]}") from error
            out[k] = _square(picture, self.size)
        return out

    def unknown(self, text: str) -> list[str]:
        """Nothing: such a pipeline takes all words, and does not tell what it knows."""
        return []


def _square(picture: Image.Image, side: int) -> Tensor:
    """The middle square of a picture, (3, side, side)."""
    short = min(picture.size)
    left, top = (picture.width - short) // 2, (picture.height - short) // 2
    square = picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS, box=(left, top, left + short, top + short))
    return torch.from_numpy(np.array(square, dtype=np.float32)).permute(2, 0, 1) / 255


def _folder(pipeline: Any, where: str, offline: bool) -> Path:
    if Path(where).is_dir():
        return Path(where)
    if where.startswith((".", "/", "~")):
        raise CreativityError(f"no folder {where}: expected one that diffusers saved (it has a model_index.json)")
    for local in (True,) if offline else (True, False):
        try:
            return Path(pipeline.download(where, use_safetensors=True, local_files_only=local, trust_remote_code=False))
        except Exception as error:
            reason = error
    if offline:
        raise CreativityError(f"the pipeline {where} is not on this machine, and --offline forbids asking for it") from None
    raise CreativityError(f"cannot get the pipeline {where}: {one_line(reason)[:300]}") from None


def _check(folder: Path, where: str) -> None:
    """Refuse what is not a pipeline, brings code, or has weights only as pickles."""
    try:
        index = json.loads((folder / "model_index.json").read_text())
    except (OSError, ValueError):
        raise CreativityError(f"{where} is no pipeline of diffusers: expected a folder with a model_index.json") from None
    parts = [name for name, value in index.items() if isinstance(value, list) and value and value[0] is not None]
    if not isinstance(index.get("_class_name"), str):
        raise CreativityError(
            f"the pipeline {where} brings its own code, which is not run: expected a class of diffusers in model_index.json"
        )
    for part in parts:
        kinds = {path.suffix for path in (folder / part).glob("*")}
        if kinds & {".bin", ".pt", ".pth", ".ckpt", ".pkl"} and ".safetensors" not in kinds:
            raise CreativityError(
                f"the weights of {part} in {where} are pickles, which can run code: expected .safetensors (save_pretrained writes them)"
            )
