"""Composed pictures, drawn again with marks: ``python -m training.judge.redrawn --data DIR``; a training that runs finds them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from creativity.registry import renderers
from creativity.streams import Streams
from training.judge.composer import SHARES, Composer

KINDS = (("triangle",), ("ellipse",), ("line",), ("circle",), ("triangle", "ellipse", "line"), ("rectangle",))


def redraw(target: Tensor, random: np.random.Generator) -> Tensor:
    """A picture (3, H, W) in [0, 1] as 8 to 90 marks of one kind or three, each put where it helps most and fitted there."""
    count = int(np.exp(random.uniform(np.log(8), np.log(90))))
    renderer = renderers.create("shapes", {"count": count, "kinds": KINDS[int(random.integers(len(KINDS)))]})
    stream = Streams(int(random.integers(2**31)))("redrawn")
    builder = renderer.builder(torch.cat([target, torch.ones_like(target[:1])]))
    builder.load(renderer.init(1, stream)[0])
    builder.remove(np.arange(count))
    builder.refit_background()
    for first in range(0, count, 10):
        builder.sweep(range(first, min(first + 10, count)), np.ones(count, np.bool_), 40, 2, 30, stream.integer(first))
    image: Tensor = renderer.render(builder.genome[None], (64, 64))[0]
    return image.clamp(0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=11)
    args = parser.parse_args()
    torch.set_num_threads(1)
    composer = Composer(args.data, args.seed, pool=2000)
    pixels: list[np.ndarray] = []
    captions: list[str] = []
    while len(captions) < args.count:
        pictures = composer.pictures(100, SHARES)
        for picture, target in zip(pictures, torch.from_numpy(composer.render(pictures, 64)).permute(0, 3, 1, 2).contiguous(), strict=True):
            pixels.append((redraw(target, composer.random) * 255).round().byte().permute(1, 2, 0).numpy())
            captions.append(picture.caption)
        print(len(captions), flush=True)
    np.save(args.data / "redrawn-judge.part.npy", np.stack(pixels))
    (args.data / "redrawn-judge.part.npy").replace(args.data / "redrawn-judge.npy")  # a training may have the old one open
    (args.data / "redrawn-judge.json").write_text(json.dumps(captions))


if __name__ == "__main__":
    main()
