"""Drawings pulled toward a picture and toward prompts: squares with rings toward a painting, a cottage toward other hours.

python examples/drawing.py sheet.jpg painting.jpg
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

import creativity
from creativity.start import opened

PALETTE = "#d1495b #edae49 #00798c #30638e #003d5b #f4f1de #81b29a #e07a5f #3d405b #f2cc8f".split()  # noqa: SIM905

COTTAGE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 90">
  <rect id="sky" width="120" height="90" fill="#8ecae6"/>
  <circle id="sun" cx="92" cy="22" r="10" fill="#ffb703"/>
  <g id="clouds" fill="#ffffff" opacity=".85">
    <path d="M14 24c0-6 9-8 12-3 4-7 15-4 14 3 6 0 7 8 0 8H16c-7 0-8-8-2-8z"/>
    <path d="M58 14c0-4 6-5 8-2 3-5 10-3 10 2 4 0 5 6 0 6H60c-5 0-6-6-2-6z"/>
  </g>
  <path id="far" d="M-2 58C20 38 38 42 56 52s42 2 66-10v50H-2z" fill="#6a994e"/>
  <path id="near" d="M-2 72c26-14 50-10 70-4s36 0 54-6v30H-2z" fill="#386641"/>
  <path id="path" d="M56 70c-2 6-12 10-18 22h24c0-10 4-16 2-22z" fill="#e9c46a"/>
  <g id="house" stroke="#283618" stroke-width="1.2" stroke-linejoin="round">
    <path d="M44 46h30v24H44z" fill="#f2e8cf"/>
    <path d="M40 47l19-17 19 17z" fill="#bc4749"/>
    <path d="M54 70V58a5 5 0 0 1 10 0v12z" fill="#6f4518"/>
    <rect x="47" y="51" width="6" height="6" fill="#fefae0"/><rect x="65" y="51" width="6" height="6" fill="#fefae0"/>
  </g>
  <g id="tree"><path d="M94 74V54" stroke="#6f4518" stroke-width="3" stroke-linecap="round"/>
    <path d="M94 30c10 0 14 9 11 15 5 4 3 13-5 13H88c-8 0-10-9-5-13-3-6 1-15 11-15z" fill="#588157"/></g>
</svg>
"""

PROMPTS = ("a house in a red sunset", "a dark blue night, full moon", "a haunted house in a dark forest")
"""What the cottage is pulled toward."""


def squares(columns: int = 12, rows: int = 9) -> str:
    """Squares with rings, after Kandinsky."""
    rng, parts = random.Random(4), []
    for row in range(rows):
        for column in range(columns):
            ground, *rings = rng.sample(PALETTE, 5)
            x, y = 40 * column, 40 * row
            circles = (
                f'<circle cx="{x + 20}" cy="{y + 20}" r="{r}" fill="{ring}"/>' for r, ring in zip((18.5, 14, 9, 4.5), rings, strict=True)
            )
            parts.append(
                f'<g id="square-{row}-{column}"><rect x="{x}" y="{y}" width="40" height="40" fill="{ground}"/>{"".join(circles)}</g>'
            )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {40 * columns} {40 * rows}">\n' + "\n".join(parts) + "\n</svg>\n"


def main(output: str, painting: str) -> None:
    with TemporaryDirectory() as folder:
        rings, cottage = Path(folder, "squares.svg"), Path(folder, "cottage.svg")
        rings.write_text(squares())
        cottage.write_text(COTTAGE)
        pulled = creativity.fit(painting, start=rings, lock=["opacity"], steps=150, seed=1, progress=())
        lock = ["opacity", "width", "sky.points", "far.points", "near.points"]
        painted = [
            creativity.paint(prompt, start=cottage, lock=lock, keep=0.0, objective={"anchor": 20}, steps=180, seed=2, progress=())
            for prompt in PROMPTS
        ]
        pictures = [opened(rings), pulled, opened(cottage), *painted]
    captions = ["108 squares with rings", "... toward the Langlois Bridge", "a cottage", *(f"... toward {prompt!r}" for prompt in PROMPTS)]
    sheet = creativity.contact_sheet([picture.rgba(480) for picture in pictures], captions, columns=2)
    Image.fromarray(sheet[..., :3]).save(output, quality=88)


if __name__ == "__main__":
    main(*sys.argv[1:])
