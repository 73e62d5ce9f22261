"""Blind naming: a reader sees numbered pictures and, in an order of their own, what was asked for, and says which is which.

``python -m training.blind make --out DIR`` draws a sheet and a list for each file of prompts; ``score --answers FILE`` counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

import creativity
from creativity.blind import answers, order, score, write
from creativity.streams import Stream, Streams

PROMPTS = Path(creativity.__file__).parent / "data" / "prompts"
Sampler = Callable[[str, int, Stream], Tensor]
"""A text, a number and a stream -> that many pictures (n, 3, h, w) in [0, 1]."""


def prompts(name: str) -> list[str]:
    """The prompts of a list, "plain" or "composed", without the marks of those that no training shows."""
    lines = (PROMPTS / f"{name}.txt").read_text().splitlines()
    return [line.rstrip("* ") for line in lines if line and not line.startswith("#")]


def make(texts: Sequence[str], sample: Sampler, out: Path, name: str, seed: int) -> None:
    write([opaque(sample(text, 1, Streams(seed)("blind"))[0]) for text in texts], texts, out, name, seed)


def opaque(image: Tensor) -> np.ndarray:
    """(3, H, W) in [0, 1] -> bytes (H, W, 4)."""
    pixels = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("make", "score"))
    parser.add_argument("--out", type=Path, help="where the sheets are written")
    parser.add_argument("--weights", type=Path, help="a folder with weights of the prior; the package's own by default")
    parser.add_argument("--answers", type=Path, help="a file of answers")
    parser.add_argument("--list", choices=("plain", "composed"), default="plain", help="the prompts that are scored")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(arguments)
    if args.verb == "make":
        from creativity.models.priors.embedded import Embedded

        prior = Embedded(args.weights)
        for name in ("plain", "composed"):
            make(prompts(name), prior.pictures, args.out, name, args.seed)
    else:
        texts = prompts(args.list)
        named = score(texts, answers(args.answers.read_text()), args.seed)
        print(f"{sum(named)} of {len(named)} named")
        for number, n in enumerate(order(len(texts), args.seed)):
            if not named[number]:
                print(f"  {number + 1}: {texts[n]}")


if __name__ == "__main__":
    main()
