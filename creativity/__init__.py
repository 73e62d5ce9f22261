"""creativity: art that is made of something, searched for by evolution and gradients.

    import creativity

    creativity.fit("photo.jpg", renderer="triangles", count=50).save("out.svg")
    creativity.paint("a red bird on a branch").save("bird.svg")

Everything public is on this page; each name leads to one file and is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from creativity.artwork import Artwork as Artwork
    from creativity.artwork import open_artwork as open_artwork
    from creativity.batches.verb import batch as batch
    from creativity.errors import CreativityError as CreativityError
    from creativity.painting import paint as paint
    from creativity.painting import plan_paint as plan_paint
    from creativity.problem import Problem as Problem
    from creativity.recipe import Recipe as Recipe
    from creativity.run import Event as Event
    from creativity.run import Run as Run
    from creativity.sheet import contact_sheet as contact_sheet
    from creativity.variation import vary as vary
    from creativity.verbs import film as film
    from creativity.verbs import fit as fit
    from creativity.verbs import plan_fit as plan_fit
    from creativity.verbs import resume as resume

_PLACES = {
    "fit": "verbs",  # a picture -> an Artwork made of marks
    "paint": "painting",  # words -> an Artwork
    "plan_paint": "painting",  # the same, as plan_fit
    "plan_fit": "verbs",  # the same, decided and checked; plan_fit(...).run().stream() gives the search as its events
    "resume": "verbs",  # a run folder -> its Artwork
    "film": "verbs",  # a run, or an artwork -> a Film of the search, or of the drawing
    "batch": "batches.verb",  # many searches in many processes -> their Artworks
    "vary": "variation",  # an Artwork -> its sibling, another for each seed
    "contact_sheet": "sheet",  # pictures with captions -> one picture
    "open_artwork": "artwork",  # a PNG, SVG, JSON or run folder -> Artwork
    "Artwork": "artwork",  # genome + recipe: render, save
    "Recipe": "recipe",  # a whole run as plain data
    "Run": "run",  # the loop: events, checkpoints
    "Event": "run",  # what a run tells
    "Problem": "problem",  # renderer + objective: all that an optimizer sees
    "CreativityError": "errors",  # what you can mend, in one line
}

__all__ = list(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'creativity' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"creativity.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
