"""What the studio's process does: pictures, drawings, films and children of artworks, by the file or run folder that they are in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from creativity.artwork import Artwork

FILM_SIZE = 480
YOUNG_SIZE = 320


def artwork_at(path: str) -> Artwork:
    """The artwork of a file, or of a run folder, finished or not."""
    from creativity.artwork import open_artwork
    from creativity.run import open_run

    place = Path(path)
    if place.is_dir() and not (place / "artwork.json").exists():
        return open_run(place).checkpoint()
    return open_artwork(place)


def png(path: str, size: int | None) -> bytes:
    """The picture with genome and recipe inside; its longer side has ``size`` pixels."""
    return artwork_at(path).png(size)


def drawing(path: str) -> bytes:
    """The drawing as SVG. Raises CreativityError where there is none.

    It is drawn anew from the genome: what lies in the folder as an SVG may be anybody's.
    """
    return artwork_at(path).encode(".svg")


def film(path: str, of: str) -> bytes:
    """A film as WebP: "search" of a run folder, "drawing", or "walk"."""
    from creativity import verbs

    return verbs.film(path if of == "search" else artwork_at(path), of=of, size=FILM_SIZE).encode(".webp")


def child(parents: Sequence[str], seed: int, amount: float) -> Artwork:
    """One of a litter: of two parents their marks are mixed, then all are moved by the noise."""
    from creativity.variation import vary

    source, *other = (artwork_at(path) for path in parents)
    return vary(source, seed, amount=amount, other=other[0] if other else None)


def young(parents: Sequence[str], seed: int, amount: float) -> bytes:
    """A picture of a child, as PNG."""
    return child(parents, seed, amount).png(YOUNG_SIZE)


def keep(parents: Sequence[str], seed: int, amount: float, folder: str) -> None:
    """Write a child as a finished run folder: every verb can then go on from it."""
    from creativity.files import RunFolder, make_folder, write_atomically
    from creativity.renderers.base import VectorRenderer

    artwork, place = child(parents, seed, amount), RunFolder(make_folder(folder))
    artwork.save(place / "final.png")
    artwork.save(place / "preview.png", 512)
    if isinstance(artwork.renderer, VectorRenderer):
        artwork.save(place / "final.svg")
    artwork.save(place / "artwork.json")
    write_atomically(place / "recipe.toml", artwork.recipe.to_toml())
    write_atomically(place / "DONE", "")
