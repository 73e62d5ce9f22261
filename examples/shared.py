"""Several prompts in one picture, and which part of it serves which: the pictures, and under them the plan of the transport.

python examples/shared.py shared.jpg
"""

from __future__ import annotations

import sys

from PIL import Image

import creativity
from creativity.overlay import plan_of

CELL, GAP = 360, 10

PROMPTS = (
    ("a starry night", "a green meadow", "a red house"),
    ("a sunset:2", "snowy mountains"),
    ("a rainbow", "a black cat", "a field of flowers", "a red boat"),
    ("an owl", "a fish", "a rocket", "a cactus"),
)


def main(output: str) -> None:
    columns = []
    for prompts in PROMPTS:
        artwork = creativity.paint(prompts, seed=1)
        print(f"{', '.join(prompts)}: {artwork.results}", file=sys.stderr, flush=True)
        plan = Image.fromarray(plan_of(artwork)[0][..., :3])
        columns.append((Image.fromarray(artwork.rgba(CELL)[..., :3]), plan.resize((CELL, round(CELL * plan.height / plan.width)))))
    page = Image.new("RGB", ((CELL + GAP) * len(columns) + GAP, 2 * GAP + CELL + max(plan.height for _, plan in columns)), "white")
    for number, (picture, plan) in enumerate(columns):
        left = GAP + number * (CELL + GAP)
        page.paste(picture, (left, GAP))
        page.paste(plan, (left, 2 * GAP + CELL))
    page.save(output, quality=85)


if __name__ == "__main__":
    main(*sys.argv[1:])
