"""What the studio's process does: pictures, drawings, films and children of artworks, by the file or run folder that they are in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def canonical(content: bytes) -> bytes:
    """A picture that was sent, read as a stranger's is, in the form in which a run keeps its target."""
    from creativity import images

    return images.encode_png(images.canonical(images.open_picture(content)))


def check(folder: str, asked: dict[str, Any]) -> None:
    """Refuse in words, before a process is started, what could not begin."""
    from creativity import verbs
    from creativity.presets import settings

    how = asked["how"]
    if asked["verb"] == "fit":
        verbs.plan_fit(Path(folder) / asked["picture"], **how).run()
    elif asked["verb"] == "redo":
        verbs.plan_redo(asked["file"], seed=how.get("seed"))
    else:  # a painting is planned by what a prior imagines, which takes a while
        settings(how.get("preset"))


def recalled(path: str) -> dict[str, Any]:
    """The recipe of a file, as plain data, and the digest of what it holds."""
    from creativity.artwork import open_artwork

    artwork = open_artwork(path)
    return {"recipe": artwork.recipe.to_dict(), "digest": artwork.digest}


def titled(path: str) -> str:
    """What an artwork's file shows, by its recipe: its words, or the name of its picture."""
    recipe = artwork_at(path).recipe
    words = ", ".join(recipe.imagined.prompts) if recipe.imagined else ""
    return words or (Path(recipe.target.name).stem if recipe.target else "") or recipe.renderer.name


def parts() -> dict[str, dict[str, Any]]:
    """Every part of each kind, what it is, and its options: name, default, help, and what a form needs to ask for it."""
    import dataclasses
    import typing

    from creativity import registry
    from creativity.errors import CreativityError
    from creativity.options import describe

    found: dict[str, dict[str, Any]] = {}
    for kind in ("renderer", "objective", "optimizer"):
        table = getattr(registry, f"{kind}s")
        found[kind] = {}
        for name in table.names():
            try:
                part = table.get(name)
            except CreativityError:  # a plug-in that does not load, or what its library is missing for
                continue
            hints = typing.get_type_hints(part.Options)
            fixed = table.resolve(name)[1]
            rows = []
            for field, (option, default, text) in zip(dataclasses.fields(part.Options), describe(part.Options), strict=True):
                if option in fixed or option in ("document", "terms"):
                    continue
                about = {key: field.metadata.get(key) for key in ("low", "high", "choices")}
                kindly = "flag" if hints[option] is bool else "number" if hints[option] in (int, float) else "text"
                row = {"name": option, "default": default, "help": text, "kind": kindly, **about}
                rows.append({**row, "step": 1 if hints[option] is int else "any"})
            about_part = (part.__doc__ or "").strip().splitlines()
            found[kind][name] = {"about": about_part[0].replace("``", "") if about_part else "", "options": rows}
    return found
