"""What changes something: stars, tags, boards, trash, preferences. Each is an event that the index keeps."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creativity.gallery.hall import Hall, answer, keys_of

NAME_LENGTH = 60


async def form(request: Request) -> tuple[Hall, list[str], dict[str, str]]:
    """The gallery, the artworks that a form names (each looked up), and its other fields."""
    hall = Hall.of(request)
    data = await request.form(max_files=0, max_fields=2000)
    keys = keys_of(data.getlist("key"))
    for key in keys:
        hall.entry(key)
    return hall, keys, {name: value for name, value in data.items() if isinstance(value, str)}


def named(fields: dict[str, str], what: str) -> str:
    """A tag's or a board's name: one line of text."""
    name = " ".join(fields.get(what, "").split())
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise HTTPException(400, f"a {what} is a line of 1 to {NAME_LENGTH} letters")
    return name


async def star(request: Request) -> Response:
    hall, keys, fields = await form(request)
    for key in keys:
        hall.index.star(key, bool(fields.get("on")))
    return answer(request, f"/artwork/{keys[0]}")


async def tag(request: Request) -> Response:
    hall, keys, fields = await form(request)
    name = named(fields, "tag")
    for key in keys:
        hall.index.tag(key, name, bool(fields.get("on")))
    return answer(request, f"/artwork/{keys[0]}")


async def board(request: Request) -> Response:
    hall, keys, fields = await form(request)
    name = named(fields, "board")
    for key in keys:
        hall.index.board(key, name, bool(fields.get("on")))
    return answer(request, f"/artwork/{keys[0]}")


async def trash(request: Request) -> Response:
    hall, keys, fields = await form(request)
    for key in keys:
        hall.index.trash(key, bool(fields.get("on")))
    return answer(request, f"/artwork/{keys[0]}")


async def like(request: Request) -> Response:
    """A rating by itself, as often as it is felt: for a taste to be learnt from. It puts nothing anywhere, as a star does."""
    hall, keys, _ = await form(request)
    for entry in map(hall.entry, keys):
        hall.index.note("like", of=[entry.path], liked=entry.digest)
    return answer(request, f"/artwork/{keys[0]}")


async def prefer(request: Request) -> Response:
    """Of some artworks side by side one is the better: a rating by pairs, for a taste to be learnt from."""
    hall, keys, fields = await form(request)
    best = fields.get("best", "")
    others = [key for key in keys if key != best]
    if best not in keys or not others:
        raise HTTPException(400, "the better one is one of those compared")
    better = hall.entry(best)
    for worse in map(hall.entry, others):
        hall.index.note("pair", of=[better.path, worse.path], better=better.digest, worse=worse.digest)
    return answer(request, f"/artwork/{best}")


ROUTES = [Route(f"/{act.__name__}", act, methods=["POST"]) for act in (star, tag, board, trash, like, prefer)]
