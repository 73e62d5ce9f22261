"""The pages on which a run begins, and on which runs are watched: forms, pictures that are sent, events."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from creativity.errors import CreativityError
from creativity.files import make_folder, write_atomically
from creativity.gallery import draw, shown
from creativity.gallery.guard import MAX_BODY
from creativity.gallery.hall import Hall, answer, card, page
from creativity.gallery.index import STATE, Query
from creativity.gallery.media import within
from creativity.options import whole as whole_number
from creativity.presets import PRESETS, thumbnail

BEAT, SILENCE = 0.5, 20
"""Seconds between two looks at the runs; so many looks without news are ended by a sign of life."""
NUMBERS = {"count": int, "steps": int, "target_size": int, "seed": int, "threads": int, "max_seconds": float, "keep": float}
WORDS = ("preset", "renderer", "palette", "objective", "optimizer", "size", "lock")
MORE = re.compile(r"(renderer|objective|optimizer)\.[a-z_]{1,40}")
LONGEST = 500
TOKEN = re.compile(r"[0-9a-f]{32}")


# -- watching


def runs(request: Request) -> Response:
    hall = Hall.of(request)
    lives = hall.runs.all()
    seen = {live.key for live in lives}
    stopped = [entry for entry in hall.index.find(Query(state="stopped", limit=48)) if entry.key not in seen]
    elsewhere = [entry for entry in hall.index.find(Query(state="running", limit=48)) if entry.key not in seen]
    return page(
        "runs.html",
        here="runs",
        lives=[live.plain() for live in lives],
        stopped=[card(entry, root=hall.root) for entry in stopped],
        elsewhere=[card(entry, root=hall.root) for entry in elsewhere],
    )


async def now(request: Request) -> Response:
    hall = Hall.of(request)
    source = hall.runs.picture(request.path_params["key"])
    if source is None:
        raise HTTPException(404, "there is no picture of it yet")
    try:
        content = await hall.thumbnails.fresh(source)
    except CreativityError as error:
        raise HTTPException(404, str(error)) from None
    return Response(content, media_type="image/webp")


async def events(request: Request) -> Response:
    """Server-sent events: all runs as they are, whenever something has changed."""
    hall = Hall.of(request)

    async def stream() -> AsyncIterator[bytes]:
        before, silent = "", 0
        while True:
            lives = await anyio.to_thread.run_sync(hall.runs.all)
            said = json.dumps([live.plain() for live in lives])
            silent += 1
            if said != before:
                yield f"data: {said}\n\n".encode()
                before, silent = said, 0
            elif silent >= SILENCE:
                yield b": still here\n\n"
                silent = 0
            await anyio.sleep(BEAT)

    return StreamingResponse(stream(), media_type="text/event-stream")


async def steer(request: Request) -> Response:
    hall = Hall.of(request)
    data = await request.form(max_files=0, max_fields=10)
    key, what = str(data.get("key", "")), str(data.get("do", ""))
    if what not in ("pause", "resume", "stop"):
        raise HTTPException(400, "a run can pause, resume or stop")
    await anyio.to_thread.run_sync(hall.runs.do, key, what)
    return answer(request, "/runs")


# -- beginning


async def new(request: Request) -> Response:
    hall = Hall.of(request)
    key = request.query_params.get("from")
    do = request.query_params.get("do", "redo")
    source: dict[str, Any] | None = None
    if key:
        source = {**card(hall.entry(key), root=hall.root), "do": do if do in ("redo", "continue") else "redo"}
    looks = [{"name": name, "about": look.about} for name, look in PRESETS.items()]
    return page("new.html", here="new", looks=looks, parts=await parts(hall), begun=source)


async def parts(hall: Hall) -> dict[str, Any]:
    """All renderers, objectives and optimizers with their options: the parts say it themselves."""
    if not hall.parts:
        hall.parts.update(await hall.studio.do(draw.parts))
    return hall.parts


async def options(request: Request) -> Response:
    """The options of a part, for the form."""
    known = await parts(Hall.of(request))
    kind, name = request.path_params["kind"], request.path_params["name"]
    if kind not in known or name not in known[kind]:
        raise HTTPException(404, "there is no such part")
    return JSONResponse(known[kind][name])


def look(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in PRESETS:
        raise HTTPException(404, "there is no such look")
    return Response(thumbnail(name).read_bytes(), media_type="image/jpeg", headers={"Cache-Control": "no-cache"})


async def recall(request: Request) -> Response:
    """A picture that was dropped: the recipe that it carries, and where it hangs if it hangs here."""
    hall = Hall.of(request)
    async with request.form(max_files=1, max_fields=10) as data:
        content, name = await sent(data)
    suffix = Path(name).suffix.lower()
    if suffix not in (".png", ".svg", ".json", ".gif", ".webp", ".mp4", ".apng"):
        raise HTTPException(400, f"a PNG or SVG that creativity saved carries a recipe; {shown.short(name, 60)!r} is neither")
    token = secrets.token_hex(16)
    place = make_folder(hall.root / STATE / "dropped") / f"{token}{suffix}"
    write_atomically(place, content)
    try:
        told = await hall.studio.do(draw.recalled, str(place))
    except CreativityError as error:
        place.unlink(missing_ok=True)
        raise HTTPException(400, str(error).replace(str(place), name).replace(repr(str(place)), repr(name))) from None
    entry = hall.index.by_digest(told["digest"])
    tables = [{"title": table.title, "rows": [*table.rows, *table.more]} for table in shown.tables(told["recipe"])]
    where = f"/artwork/{entry.key}" if entry else ""
    return JSONResponse({"dropped": f"{token}{suffix}", "known": where, "tables": tables, "recipe": told["recipe"]})


async def start(request: Request) -> Response:
    """Begin a run: of a picture, of words, of an artwork here, or of one that was dropped."""
    async with request.form(max_files=1, max_fields=400) as data:
        key = await begun(Hall.of(request), data)
    return answer(request, f"/runs#run-{key}", key=key)


async def begun(hall: Hall, data: FormData) -> str:
    """The key of the run that a form asks for. Raises 400 in words for what cannot be."""
    how = asked_for(data)
    verb = str(data.get("verb", ""))
    if verb == "fit":
        content, name = await sent(data)
        picture = await hall.studio.do(draw.canonical, content)
        stem = plain(Path(name).stem)
        folder = hall.runs.folder(f"{stem}-{how.get('preset') or how.get('renderer') or 'triangles'}")
        write_atomically(folder / f"{stem}.png", picture)
        write_atomically(folder / "given.png", picture)
        asked = {"verb": "fit", "picture": f"{stem}.png", "how": how}
        title = stem.replace("_", " ").replace("-", " ")
    elif verb == "paint":
        prompts = [" ".join(line.split())[:LONGEST] for line in str(data.get("prompts", "")).splitlines() if line.strip()]
        if not prompts or len(prompts) > 16:
            raise HTTPException(400, "say in words what shall be seen, a line for each thing, 16 at most")
        folder, title = hall.runs.folder(prompts[0]), ", ".join(prompts)
        asked = {"verb": "paint", "prompts": prompts, "how": how}
    elif verb == "continue":
        folder, title, asked = continued(hall, str(data.get("key", "")), how)
    elif verb == "redo":
        file, title = source_of(hall, data)
        title = title or await hall.studio.do(draw.titled, str(file))
        folder = hall.runs.folder(f"{title}-redo")
        asked = {"verb": "redo", "file": str(file), "how": {"seed": how.get("seed")}}
    else:
        raise HTTPException(400, "a picture or some words are expected")
    try:
        await hall.studio.do(draw.check, str(folder), asked)
    except CreativityError as error:
        for file in (folder / "given.png", *folder.glob("*.png")):
            file.unlink(missing_ok=True)
        folder.rmdir()
        raise HTTPException(400, str(error)) from None
    return hall.runs.start(folder, title, asked)


def continued(hall: Hall, key: str, how: dict[str, Any]) -> tuple[Path, str, dict[str, Any]]:
    """A search that goes on from an artwork, towards the picture that it was made from, or the words."""
    entry = hall.entry(key)
    place = hall.place(entry)
    how = {**how, "start": str(place)}
    title = entry.title
    target = within(hall.root, place / "target.png")
    if entry.prompts:
        return hall.runs.folder(f"{title}-on"), title, {"verb": "paint", "prompts": [*entry.prompts], "how": how}
    if target is None:
        raise HTTPException(400, "the picture that it was made from is not at hand; begin with that picture instead")
    folder = hall.runs.folder(f"{title}-on")
    name = f"{plain(title)}.png"
    write_atomically(folder / name, target.read_bytes())
    write_atomically(folder / "given.png", target.read_bytes())
    return folder, title, {"verb": "fit", "picture": name, "how": how}


def plain(name: str) -> str:
    """A name as one of a file, whoever gave it."""
    return re.sub(r"[^\w-]+", "-", name).strip("-")[:60] or "picture"


def source_of(hall: Hall, data: FormData) -> tuple[Path, str]:
    """The artwork that a form names: by its key, or by the name that it got when it was dropped."""
    if key := data.get("key"):
        entry = hall.entry(str(key))
        return hall.place(entry).absolute(), entry.title
    token, _, suffix = str(data.get("dropped", "")).partition(".")
    if not TOKEN.fullmatch(token) or not suffix.isalnum():
        raise HTTPException(400, "drop a picture first")
    file = within(hall.root, hall.root / STATE / "dropped" / f"{token}.{suffix}")
    if file is None:
        raise HTTPException(404, "what was dropped is not here any more; drop it again")
    return file, ""  # it is called by what it carries


async def sent(data: FormData) -> tuple[bytes, str]:
    """A picture that was sent, and the name that it says it has."""
    upload = data.get("picture")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise HTTPException(400, "choose a picture first")
    content = await upload.read(MAX_BODY + 1)
    if not content:
        raise HTTPException(400, "this picture is empty")
    return content, " ".join(upload.filename.replace("\\", "/").rpartition("/")[2].split())[:200]


def asked_for(data: FormData) -> dict[str, Any]:
    """Arguments of ``fit`` or ``paint`` out of a form; the library checks them, this only makes numbers of numbers."""
    how: dict[str, Any] = {}
    for name, kind in NUMBERS.items():
        text = str(data.get(name, "")).strip()
        if not text:
            continue
        try:
            how[name] = whole_number(text) if kind is int else float(text)
        except ValueError:
            how[name] = None
        if how[name] is None:
            raise HTTPException(400, f"{name.replace('_', ' ')} is a number, not {shown.short(text, 40)!r}")
    for name in WORDS:
        if text := str(data.get(name, "")).strip()[:LONGEST]:
            how[name] = text
    more = {name: value.strip()[:4000] for name, value in data.items() if isinstance(value, str) and MORE.fullmatch(name) and value.strip()}
    if more:
        how["options"] = more
    return how


ROUTES = [
    Route("/runs", runs, methods=["GET"]),
    Route("/runs", steer, methods=["POST"]),
    Route("/runs/events", events),
    Route("/runs/{key}/now.webp", now),
    Route("/new", new, methods=["GET"]),
    Route("/new", start, methods=["POST"]),
    Route("/recall", recall, methods=["POST"]),
    Route("/options/{kind}/{name}.json", options),
    Route("/look/{name}.jpg", look),
]
