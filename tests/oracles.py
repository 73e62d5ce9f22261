"""Independent judges for tests: they share no code with what they judge."""

from __future__ import annotations

import io
import math
import subprocess
import sys

import numpy as np
import numpy.typing as npt
from PIL import Image

# resvg can abort its whole process (huge canvases) or overflow the stack, so it never runs in ours.
# Its default of 0 dpi turns every length in mm into nothing.
_CHILD = """
import sys, resvg_py
text = sys.stdin.buffer.read().decode()
png = resvg_py.svg_to_bytes(svg_string=text, width=int(sys.argv[1]), dpi=96, skip_system_fonts=True)
sys.stdout.buffer.write(bytes(png))
"""


def resvg(svg: str, width: int, timeout: float = 20.0) -> npt.NDArray[np.float32]:
    """What resvg draws, ``width`` pixels wide: float32 (H, W, 4), straight-alpha sRGB in [0, 1].

    Raises RuntimeError where resvg refuses or crashes, subprocess.TimeoutExpired after ``timeout`` seconds.
    """
    command = [sys.executable, "-c", _CHILD, str(width)]
    child = subprocess.run(command, input=svg.encode(), capture_output=True, timeout=timeout, check=False)
    if child.returncode != 0:
        raise RuntimeError(f"resvg ended with {child.returncode}: {child.stderr.decode(errors='replace')[-300:]}")
    picture = Image.open(io.BytesIO(child.stdout)).convert("RGBA")
    return np.asarray(picture).astype(np.float32) / np.float32(255)


def psnr(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Peak signal-to-noise ratio in dB of two arrays of one shape with values in [0, 1]; infinite for equal ones."""
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape:
        raise ValueError(f"shapes differ: {first.shape} and {second.shape}")
    mse = float(np.mean((first - second) ** 2))
    return math.inf if mse == 0 else -10 * math.log10(mse)
