"""A contact sheet: several pictures with their captions on one page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from creativity import images
from creativity.errors import CreativityError
from creativity.files import numbered, write_atomically
from creativity.images import RGBA

MAX_PICTURES = 1000
SOFTWARE = "creativity contact sheet"  # of the PNG's text
PAGE = 1800  # pixels that a sheet is wide, about
LARGEST, SMALLEST = 420, 150  # of a cell
GAP = 12
CHECK = 8
PAPER, INK, MARK = "#ffffff", "#2a2a2a", "#d1301f"


def contact_sheet(pictures: Sequence[RGBA], captions: Sequence[str], marked: int | None = None, columns: int | None = None) -> RGBA:
    """Pictures, uint8 (H, W, 4) of any sizes, in reading order, each above its caption; uint8 (H, W, 4).

    The one that is ``marked`` has a frame; by default there are as many ``columns`` as make a page of them. What can be seen
    through is shown on a checkerboard. Raises CreativityError for no pictures, more than 1000, or another number of captions.
    """
    if not 0 < len(pictures) <= MAX_PICTURES or len(captions) != len(pictures):
        raise CreativityError(
            f"a contact sheet has 1 to {MAX_PICTURES} pictures and as many captions, not {len(pictures)} and {len(captions)}"
        )
    aspect = float(np.median([picture.shape[1] / picture.shape[0] for picture in pictures]))
    widest = min(len(pictures), max(1, math.ceil(math.sqrt(len(pictures) * 1.3 / aspect))))
    columns = columns or math.ceil(len(pictures) / math.ceil(len(pictures) / widest))  # four are two by two, not three and one
    columns = min(len(pictures), max(1, columns))
    cell = min(LARGEST, max(SMALLEST, PAGE // columns - GAP))
    small = [_shown(picture, cell) for picture in pictures]
    font = font_of(max(13, min(20, cell // 15)))
    line = round(1.7 * font.size)
    rows = [range(start, min(start + columns, len(small))) for start in range(0, len(small), columns)]
    heights = [max(small[i].height for i in row) for row in rows]
    page = Image.new("RGB", (columns * (cell + GAP) + GAP, sum(heights) + len(rows) * (line + GAP) + GAP), PAPER)
    draw = ImageDraw.Draw(page)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for column, i in enumerate(row):
            left = GAP + column * (cell + GAP)
            place = (left + (cell - small[i].width) // 2, top + height - small[i].height)
            page.paste(small[i], place)
            if i == marked:
                corners = (place[0] - 5, place[1] - 5, place[0] + small[i].width + 4, place[1] + small[i].height + 4)
                draw.rectangle(corners, outline=MARK, width=4)
            caption = cut(captions[i], font, cell)
            middle = left + (cell - font.getlength(caption)) / 2
            draw.text((middle, top + height + 0.3 * font.size), caption, font=font, fill=MARK if i == marked else INK)
        top += height + line + GAP
    return np.dstack([np.asarray(page), np.full(page.size[::-1], 255, np.uint8)])


def save_sheet(path: Path, pictures: Sequence[RGBA], captions: Sequence[str], marked: int | None = None) -> Path:
    """Write a contact sheet as PNG. It replaces a contact sheet and nothing else: else its name is numbered."""
    content = images.encode_png(contact_sheet(pictures, captions, marked), {"Software": SOFTWARE})
    return write_atomically(path if is_sheet(path) else numbered(path), content)


def is_sheet(path: Path) -> bool:
    """Whether a file is a contact sheet that was saved here."""
    try:
        return images.read_png_text(path).get("Software") == SOFTWARE
    except CreativityError:
        return False


def on_checks(picture: RGBA) -> RGBA:
    """A picture on a checkerboard where it can be seen through; opaque."""
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]] // CHECK
    ground = np.where((rows + columns) % 2, 255.0, 222.0)[..., None]
    alpha = picture[..., 3:] / 255.0
    colours = np.rint(picture[..., :3] * alpha + ground * (1.0 - alpha)).astype(np.uint8)
    return np.dstack([colours, np.full(picture.shape[:2], 255, np.uint8)])


def _shown(picture: RGBA, cell: int) -> Image.Image:
    few = max(picture.shape[:2]) < cell // 2
    small = images.resized(picture, cell, enlarge=not few)
    height, width, _ = small.shape
    if few:  # a picture of few pixels is seen pixel by pixel
        factor = cell // max(height, width)
        small = small.repeat(factor, 0).repeat(factor, 1)
    return Image.fromarray(on_checks(small)[..., :3])


def font_of(size: int) -> Any:
    return ImageFont.load_default(size)


def cut(text: str, font: Any, width: int) -> str:
    """One line that fits into ``width`` pixels."""
    text = " ".join(text.split())[:200]
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}...") > width:
        text = text[:-1]
    return f"{text.rstrip()}..."
