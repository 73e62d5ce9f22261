"""What the embedded generator draws: people that nobody searched for, and a walk among its latents.

python examples/portraits.py sheet.jpg
"""

from __future__ import annotations

import sys

import numpy as np
from PIL import Image

from creativity.renderers.latent import Latent, LatentOptions
from creativity.streams import Streams

SIDE, COLUMNS, ROWS, STEPS = 112, 12, 4, 12


def main(output: str) -> None:
    renderer = Latent(LatentOptions(model="portraits"))
    genomes = renderer.init(COLUMNS * ROWS, Streams(5)("sheet"))
    people = renderer.render(genomes, (SIDE, SIDE))
    walk = [renderer.render(genomes[3:4], (SIDE, SIDE), phase=step / STEPS)[0] for step in range(STEPS)]
    cells = (np.stack([*people, *walk]).transpose(0, 2, 3, 1) * 255).round().astype(np.uint8)
    rows = [np.concatenate([*cells[first : first + COLUMNS]], 1) for first in range(0, len(cells), COLUMNS)]
    rows.insert(-1, np.full((SIDE // 4, SIDE * COLUMNS, 3), 255, np.uint8))
    Image.fromarray(np.concatenate(rows)).save(output, quality=88)


if __name__ == "__main__":
    main(*sys.argv[1:])
