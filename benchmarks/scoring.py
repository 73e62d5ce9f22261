"""What an error is: mean squared, in [0, 1] RGB, of an exported picture against its target, both on white."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from creativity import images

HERE = Path(__file__).parent
PICTURES = {
    "astronaut": HERE / "data" / "astronaut.png",
    "starry_night": HERE / "data" / "starry_night.png",
    "langlois_bridge": HERE.parent / "creativity" / "data" / "langlois_bridge.jpg",
}

Target: TypeAlias = npt.NDArray[np.uint8]
"""(H, W, 3): what everybody is given and scored against."""

# resvg can abort its whole process, so it never runs in ours.
_RESVG = """
import sys, resvg_py
text = sys.stdin.buffer.read().decode()
sys.stdout.buffer.write(bytes(resvg_py.svg_to_bytes(svg_string=text, width=int(sys.argv[1]), dpi=96, skip_system_fonts=True)))
"""


def load(name: str, size: int) -> Target:
    """A picture by its name here or its path, its long side scaled to ``size`` pixels."""
    picture = images.resized(images.open_picture(PICTURES.get(name, Path(name))), size, enlarge=True)
    return on_white(picture)


def on_white(picture: npt.NDArray[Any]) -> Target:
    """uint8 (H, W, 3|4) -> (H, W, 3)."""
    if picture.shape[2] == 3:
        return np.asarray(picture, np.uint8)
    alpha = picture[..., 3:].astype(np.float64) / 255
    return np.asarray(np.rint(picture[..., :3] * alpha + 255 * (1 - alpha)), np.uint8)


def error(picture: bytes | npt.NDArray[Any], target: Target) -> float:
    """Of a picture's file or its pixels. Raises ValueError where it is of another size than the target."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGBA")) if isinstance(picture, bytes) else picture
    pixels = on_white(pixels)
    if pixels.shape != target.shape:
        raise ValueError(f"the picture is {pixels.shape[1]} x {pixels.shape[0]}, its target {target.shape[1]} x {target.shape[0]}")
    return float(np.mean((pixels.astype(np.float64) - target) ** 2) / 255**2)


def svg_error(svg: str, target: Target) -> float | None:
    """Of a drawing as resvg draws it at the target's size; None where resvg is not installed or refuses."""
    command = [sys.executable, "-c", _RESVG, str(target.shape[1])]
    child = subprocess.run(command, input=svg.encode(), capture_output=True, timeout=60, check=False)
    return error(child.stdout, target) if child.returncode == 0 else None


def one_colour(target: Target) -> float:
    """The error of the best picture of a single colour: where every search begins."""
    return float((target / 255).var(axis=(0, 1)).mean())


def png(target: Target) -> bytes:
    file = io.BytesIO()
    Image.fromarray(target).save(file, "PNG")
    return file.getvalue()
