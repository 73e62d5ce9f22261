"""The application: routes, and what is said where something cannot be done."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from creativity.errors import CreativityError
from creativity.gallery import acts, artwork, compare, litters, starting, wall
from creativity.gallery.guard import Guard, TooLarge
from creativity.gallery.hall import Hall, page, wants_json
from creativity.gallery.index import STATE, Index
from creativity.gallery.live import Runs
from creativity.gallery.media import Thumbnails
from creativity.gallery.studio import Studio

log = logging.getLogger("creativity")

EVERY, BUSY = 3.0, 20.0
"""The folders are read again after so many seconds, or so many times as long as it takes."""
FIRST_LOOK = 2.0
"""Seconds for which the first page waits until all of them have been read once."""
FILES = Path(__file__).parent / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
THREADS = 8
"""For pages and files; thumbnails and drawings have their own."""
UNSAID = {"Not Found": "this page does not exist", "Method Not Allowed": "this address is not asked in this way"}
TITLES = {400: "That cannot be done", 403: "Not from there", 404: "There is nothing here", 405: "Not in this way", 413: "That is too large"}


def _keep_reading(index: Index, read: threading.Event, ended: threading.Event) -> None:
    while not ended.is_set():
        began = time.monotonic()
        try:
            index.refresh()
        except (OSError, CreativityError) as error:  # the next look may go better
            log.warning("the folder of runs could not be read: %s", error)
        read.set()
        ended.wait(max(EVERY, BUSY * (time.monotonic() - began)))


def static(request: Request) -> Response:
    """One of the gallery's own files, each known by name."""
    name = request.path_params["name"]
    if name not in {path.name for path in FILES.iterdir()}:
        raise HTTPException(404, "no file has this name")
    path = FILES / name
    return Response(path.read_bytes(), media_type=KINDS[path.suffix], headers={"Cache-Control": "no-cache"})


async def refused(request: Request, error: Exception) -> Response:
    status, words = 500, "something went wrong; the terminal says what"
    if isinstance(error, HTTPException):
        status, words = error.status_code, UNSAID.get(error.detail, error.detail)
    elif isinstance(error, CreativityError):
        status, words = 400, str(error)
    elif isinstance(error, TooLarge):
        status, words = 413, "that is more than is taken"
    if wants_json(request):
        return JSONResponse({"error": words}, status)
    return page("refused.html", status, title=TITLES.get(status, "That went wrong"), words=words)


def application(root: str | Path) -> Starlette:
    """The gallery over a folder of runs, as an ASGI application."""
    place = Path(root)

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        ended = threading.Event()
        reader = threading.Thread(target=_keep_reading, args=(app.state.hall.index, app.state.read, ended), daemon=True)
        reader.start()
        await anyio.to_thread.run_sync(app.state.read.wait, FIRST_LOOK)
        yield
        ended.set()

    routes = [
        *wall.ROUTES,
        *artwork.ROUTES,
        *acts.ROUTES,
        *compare.ROUTES,
        *litters.ROUTES,
        *starting.ROUTES,
        Route("/static/{name}", static),
    ]
    errors = {HTTPException: refused, CreativityError: refused, TooLarge: refused, 500: refused}
    app = Starlette(routes=routes, middleware=[Middleware(Guard)], exception_handlers=errors, lifespan=life)  # type: ignore[arg-type]
    app.state.read = threading.Event()
    index = Index(place)
    app.state.hall = Hall(place, index, Thumbnails(place / STATE / "thumbnails"), Studio(), Runs(place, index))
    return app
