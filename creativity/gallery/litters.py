"""The pages on which one picks: a litter, its pictures, and what comes of the picks."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creativity.errors import CreativityError
from creativity.gallery import breeding, draw
from creativity.gallery.artwork import FOREVER
from creativity.gallery.breeding import Litter, Young
from creativity.gallery.hall import Hall, answer, card, keys_of, page
from creativity.gallery.wall import whole

PARENTS = 12
STRAYS = (0.0, 1.0)


def folder(hall: Hall) -> Path:
    """Beside the picks, for litters are part of what was said of them: who was passed over can be made again."""
    return hall.root / "bred" / ".litters"


def found(hall: Hall, name: str) -> Litter:
    try:
        return breeding.read(folder(hall), name)
    except CreativityError as error:
        raise HTTPException(404, str(error)) from None


def paths(hall: Hall, litter: Litter, young: Young) -> list[str]:
    return [str(hall.place(hall.entry(litter.parents[place]))) for place in young.of]


def begun(hall: Hall, keys: list[str], amount: float, before: Litter | None = None) -> Litter:
    litter = breeding.bred(keys, [hall.entry(key).renderer for key in keys], amount, before)
    breeding.write(folder(hall), litter)
    return litter


def litter(request: Request) -> Response:
    hall = Hall.of(request)
    one = found(hall, request.path_params["name"])
    trail = breeding.trail(folder(hall), one)
    return page(
        "breed.html",
        here="wall",
        litter=one.name,
        amount=one.young[0].amount,
        parents=[card(hall.entry(key), root=hall.root) for key in one.parents],
        litters=[{"seed": young.seed, "picture": f"/breed/{one.name}/{place}.webp"} for place, young in enumerate(one.young)],
        trail=[{"text": f"Generation {each.generation}", "href": f"/breed/{each.name}", "here": each.name == one.name} for each in trail],
    )


async def picture(request: Request) -> Response:
    hall = Hall.of(request)
    one = found(hall, request.path_params["name"])
    place = whole(request.path_params["place"], len(one.young), 10**6)
    if place >= len(one.young):
        raise HTTPException(404, "the litter is not so large")
    young = one.young[place]
    kept = hall.thumbnails.place("young", one.name, place)
    content = hall.thumbnails.held(kept)
    if content is None:
        try:
            made = await hall.studio.do(draw.young, paths(hall, one, young), young.seed, young.amount)
            content = await hall.thumbnails.made(kept, made)
        except CreativityError as error:
            raise HTTPException(404, str(error)) from None
    return Response(content, media_type="image/webp", headers={"Cache-Control": FOREVER})


def first(request: Request) -> Response:
    """From a link: the same parents always give a page to begin on, and nothing is written before it is asked for."""
    hall = Hall.of(request)
    keys = keys_of(request.query_params.getlist("from"), PARENTS)
    return page("begin.html", here="wall", parents=[card(hall.entry(key), root=hall.root) for key in keys], amount=breeding.AMOUNT)


async def breed(request: Request) -> Response:
    """Begin with artworks (``key``), or go on from picks of a litter, or only keep those."""
    hall = Hall.of(request)
    data = await request.form(max_files=0, max_fields=100)
    try:
        amount = min(STRAYS[1], max(STRAYS[0], float(str(data.get("amount", breeding.AMOUNT)))))
    except ValueError:
        raise HTTPException(400, "how far they stray is a number from 0 to 1") from None
    if "litter" not in data:
        keys = keys_of(data.getlist("key"), PARENTS)
        return answer(request, f"/breed/{begun(hall, keys, amount).name}")
    one = found(hall, str(data["litter"]))
    picks = sorted({whole(str(pick), len(one.young), 10**6) for pick in data.getlist("pick")})
    if not picks or picks[-1] >= len(one.young):
        raise HTTPException(400, "pick at least one of them")
    keys = [await kept(hall, one, place) for place in picks]
    of = [hall.entry(key) for key in keys]
    hall.index.note(
        "pick",
        of=[entry.path for entry in of],
        digests=[entry.digest for entry in of],
        picked=keys,
        places=picks,
        litter=one.name,
        parents=[hall.entry(key).digest for key in one.parents],
        young=[asdict(young) for young in one.young],
    )
    if data.get("do") == "keep":
        return answer(request, f"/artwork/{keys[0]}" if len(keys) == 1 else "/", keys=keys)
    return answer(request, f"/breed/{begun(hall, keys, amount, one).name}", keys=keys)


async def kept(hall: Hall, one: Litter, place: int) -> str:
    """The key of a pick, which becomes an artwork now, once."""
    young = one.young[place]
    parent = hall.entry(one.parents[young.of[0]])
    name = re.sub(r"[^a-z0-9]+", "-", parent.title.lower()).strip("-")[:60] or parent.renderer
    mark = hall.root / "bred" / f"{name}-{one.name[:6]}-{place + 1}"
    if not (mark / "DONE").exists():
        try:
            await hall.studio.do(draw.keep, paths(hall, one, young), young.seed, young.amount, str(mark))
        except CreativityError as error:
            raise HTTPException(400, str(error)) from None
    return hall.index.add(mark).key


ROUTES: list[Any] = [
    Route("/breed", first, methods=["GET"]),
    Route("/breed", breed, methods=["POST"]),
    Route("/breed/{name}", litter),
    Route("/breed/{name}/{place}.webp", picture),
]
