"""The wall of pictures, as a page and as data for what comes while one scrolls; boards, trash."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from creativity.gallery.hall import BLANK, Hall, Links, card, page
from creativity.gallery.index import Query

SIZE = 60
MOST = 240
ORDERS = (("", "Newest first"), ("oldest", "Oldest first"), ("closest", "Closest first"))


def whole(value: str | None, default: int, most: int) -> int:
    """A number in an address, whatever is written there."""
    return min(int(value), most) if value and value.isascii() and value.isdecimal() and len(value) < 10 else default


def asked(request: Request, **fixed: Any) -> tuple[Query, dict[str, str]]:
    """The query of an address, and what its fields say."""
    fields = {name: request.query_params.get(name, "")[:200] for name in ("q", "renderer", "sort", "starred", "tag")}
    query = Query(
        text=" ".join(fields["q"].split()),
        renderer=fields["renderer"],
        starred=bool(fields["starred"]),
        tag=fields["tag"],
        order=fields["sort"] if fields["sort"] in dict(ORDERS) and fields["sort"] else "newest",
        offset=whole(request.query_params.get("offset"), 0, 10**9),
        limit=max(1, whole(request.query_params.get("limit"), SIZE, MOST)),
    )
    return replace(query, **fixed), fields


def choices(renderers: list[str], tags: list[str]) -> list[dict[str, Any]]:
    made = [{"name": "renderer", "label": "Renderer", "options": [("", "Every renderer"), *((name, name) for name in renderers)]}]
    if tags:
        made.append({"name": "tag", "label": "Tag", "options": [("", "Any tag"), *((tag, tag) for tag in tags)]})
    made.append({"name": "sort", "label": "Order", "options": list(ORDERS)})
    return made


def counted(total: int) -> str:
    return "1 picture" if total == 1 else f"{total:,} pictures"


def hung(request: Request, title: str, here: str, source: str, action: str, name: str = "", **fixed: Any) -> Response:
    hall = Hall.of(request)
    query, fields = asked(request, **fixed)
    total = hall.index.count(query)
    found = hall.index.find(query)

    def at(offset: int) -> str:
        return f"{request.url.path}?{urlencode({**dict(request.query_params), 'offset': offset})}"

    return page(
        "wall.html",
        title=title,
        here=here,
        board=name,
        action=action,
        source=source,
        asked=fields,
        choices=choices(hall.index.renderers(), hall.index.tags()),
        total=total,
        total_words=counted(total),
        size=SIZE,
        offset=query.offset,
        cards=[card(entry, root=hall.root) for entry in found],
        blank=BLANK,
        all_boards=[name for name, _ in hall.index.boards()],
        nothing_yet=here == "wall" and not total and not any(fields.values()),
        before=at(max(0, query.offset - SIZE)) if query.offset else "",
        after=at(query.offset + SIZE) if query.offset + len(found) < total else "",
    )


def wall(request: Request) -> Response:
    return hung(request, "All pictures", "wall", "/wall.json?", "/")


def board_name(request: Request) -> str:
    name = request.query_params.get("name", "")
    if name not in dict(Hall.of(request).index.boards()):
        raise HTTPException(404, "no board has this name")
    return name


def board(request: Request) -> Response:
    name = board_name(request)
    data, here = f"/wall.json?{urlencode({'board': name})}&", f"/board?{urlencode({'name': name})}"
    return hung(request, name, "boards", data, here, name, board=name)


def trash(request: Request) -> Response:
    return hung(request, "Trash", "trash", "/wall.json?trash=1&", "/trash", trashed=True)


def data(request: Request) -> Response:
    """Cards from ``offset``, at most ``limit``, and how many there are in all."""
    hall = Hall.of(request)
    query, _ = asked(request, board=request.query_params.get("board", ""), trashed=bool(request.query_params.get("trash")))
    cards = [card(entry, root=hall.root) for entry in hall.index.find(query)]
    return JSONResponse({"total": hall.index.count(query), "cards": cards})


def boards(request: Request) -> Response:
    hall, links = Hall.of(request), Links()
    made = []
    for name, count in hall.index.boards():
        covers = hall.index.find(Query(board=name, limit=4))
        made.append(
            {
                "name": name,
                "href": links.board(name),
                "count": counted(count),
                "covers": [thumb for entry in covers if (thumb := card(entry, root=hall.root)["thumb"])],
            }
        )
    return page("boards.html", here="boards", boards=made)


ROUTES = [
    Route("/", wall),
    Route("/wall.json", data),
    Route("/boards", boards),
    Route("/board", board),
    Route("/trash", trash, methods=["GET"]),
]
