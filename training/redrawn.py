"""Composed pictures, drawn again with marks by our own renderers: what an encoder that guides marks will be shown.

``python -m training.redrawn --data DIR``: writes ``redrawn.npz`` (pixels (n, 3, 64, 64) as bytes) and ``redrawn.json`` (captions).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from creativity.registry import renderers
from creativity.streams import Streams
from training.composer import load

SHARES = {"emoji": 0.6, "mono": 0.12, "clipart": 0.05, "shape": 0.1, "relation": 0.08, "count": 0.05}
KINDS = (("triangle",), ("ellipse",), ("line",), ("rotated-rectangle",), ("triangle", "ellipse", "rotated-rectangle"))


def redraw(target: Tensor, random: np.random.Generator) -> Tensor:
    """A picture (3, H, W) in [0, 1] drawn with 8 to 90 marks of one kind or several, each placed where it helps most."""
    count = int(np.exp(random.uniform(np.log(8), np.log(90))))
    renderer = renderers.create("shapes", {"count": count, "kinds": KINDS[int(random.integers(len(KINDS)))]})
    stream = Streams(int(random.integers(2**31)))("redrawn")
    opaque = torch.cat([target, torch.ones_like(target[:1])])
    builder = renderer.builder(opaque)
    builder.load(renderer.init(1, stream)[0])
    everything = np.ones(count, np.bool_)
    builder.remove(np.arange(count))
    builder.refit_background()
    for start in range(0, count, 8):
        builder.sweep(range(start, min(start + 8, count)), everything, 40, 2, 30, stream.integer(start))
    image: Tensor = renderer.render(builder.genome[None], (64, 64))[0]
    return image.clamp(0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    composer = load(args.data, "guide", args.seed)
    pixels, captions = [], []
    while len(captions) < args.count:
        pictures = composer.pictures(100, SHARES)
        for picture, target in zip(pictures, composer.render(pictures, 64), strict=True):
            pixels.append((redraw(target, composer.random) * 255).round().byte().numpy())
            captions.append(picture.caption)
        print(len(captions), flush=True)
    np.savez(args.data / "redrawn.npz", pixels=np.stack(pixels))
    (args.data / "redrawn.json").write_text(json.dumps(captions))


if __name__ == "__main__":
    main()
