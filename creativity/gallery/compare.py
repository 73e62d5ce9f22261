"""Two to four artworks side by side."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creativity.gallery import shown
from creativity.gallery.artwork import described_in_words, facts
from creativity.gallery.hall import Hall, Links, card, keys_of, page

FINE = 4096
"""Pixels of a picture that is looked at closely."""


def compare(request: Request) -> Response:
    hall, links = Hall.of(request), Links()
    keys = keys_of(request.query_params.getlist("key"), 4)
    if len(keys) < 2:
        raise HTTPException(400, "two to four artworks are compared; choose one more")
    entries = [hall.entry(key) for key in keys]
    them = []
    for entry in entries:
        picture = links.picture(entry)
        fine = f"{picture}&size={FINE}" if entry.state != "broken" else ""
        them.append({**card(entry, links, hall.root), "picture": picture, "fine": fine, "alt": described_in_words(entry)})
    told = [facts(hall.root, hall.place(entry)) for entry in entries]
    rows = shown.differing([recipe for recipe, _, _ in told])
    figures = [dict(shown.figures(results)) for _, results, _ in told]
    names = dict.fromkeys(name for each in figures for name in each)
    rows = [*((name, [each.get(name, "") for each in figures]) for name in names), *rows]
    return page("compare.html", here="wall", them=them, rows=rows)


ROUTES = [Route("/compare", compare)]
