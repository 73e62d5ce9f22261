"""Weights as they lie in the package: matrices as bytes with a scale for each row, the rest in half precision."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file
from torch import Tensor

from creativity.errors import CreativityError

FOLDER = Path(__file__).parent / "data"
"""Where the weights of the embedded models lie."""
SMALL = 2048  # what has fewer numbers is not worth bytes


def pack(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Float tensors -> int8 rows (round to the nearest of 255 steps) with ``NAME.scale``, or float16; others as they are."""
    out = {}
    for name, value in state.items():
        if not value.is_floating_point():
            out[name] = value
        elif value.ndim < 2 or value.numel() < SMALL:
            out[name] = value.half()
        else:
            rows = value.flatten(1)
            scale = (rows.abs().amax(1, keepdim=True) / 127).clamp_min(1e-8).half()
            out[name] = (rows / scale.float()).round().clamp(-127, 127).to(torch.int8).view_as(value)
            out[f"{name}.scale"] = scale[:, 0]
    return out


def unpack(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What `pack` packed, as float32."""
    out = {}
    for name, value in state.items():
        if name.endswith(".scale") and name.removesuffix(".scale") in state:
            continue
        scale = state.get(f"{name}.scale")
        if scale is not None:
            out[name] = value.float() * scale.float().view(-1, *[1] * (value.ndim - 1))
        else:
            out[name] = value.float() if value.is_floating_point() else value
    return out


def read(path: Path, what: str) -> tuple[dict[str, Tensor], dict[str, str], str]:
    """Tensors, notes and digest (sha256) of a file of weights.

    Raises:
        CreativityError: there is no such file, or it is not one of weights.
    """
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with safetensors.safe_open(path, "pt") as file:
            notes = file.metadata() or {}
        return load_file(path), notes, digest
    except FileNotFoundError:
        raise CreativityError(
            f"the weights of {what} are not here: expected {path.name}; training/README.md says how they are made"
        ) from None
    except (OSError, safetensors.SafetensorError) as error:
        raise CreativityError(f"{path.name} does not hold the weights of {what}: {error}") from None


def digest_of_folder(folder: Path) -> str:
    """Of all safetensors in a folder, with their names."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")):
        total.update(path.relative_to(folder).as_posix().encode())
        with open(path, "rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
