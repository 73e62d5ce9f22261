"""The page of one artwork, and its files: picture at any size, drawing, film, plan. All are asked for by the artwork's key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creativity.errors import CreativityError
from creativity.files import make_folder, write_atomically
from creativity.gallery import curve, draw, shown
from creativity.gallery.guard import DRAWING_POLICY
from creativity.gallery.hall import Hall, Links, card, page
from creativity.gallery.media import picture_in, within
from creativity.gallery.reading import Entry
from creativity.gallery.wall import whole
from creativity.recipe import Recipe, parse_json

FOREVER = "private, max-age=31536000, immutable"
LEAST, MOST = 16, 8192
MAX_RECIPE = 4_000_000
LONG = 50_000
"""Letters of a recipe that are shown; a drawing may lie in it."""
FILMS = {"search": "The search", "drawing": "As it is painted", "walk": "As it moves"}


def read(root: Path, place: Path, name: str) -> bytes:
    """A file of a run folder; empty where there is none."""
    file = within(root, place / name)
    return file.read_bytes() if file is not None and file.stat().st_size <= MAX_RECIPE else b""


def facts(root: Path, place: Path) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Recipe and results as plain data, and the recipe as TOML, of what lies there, as far as it can be read."""
    recipe: dict[str, Any] = {}
    results: dict[str, Any] = {}
    if place.is_dir():
        if content := read(root, place, "artwork.json"):
            try:
                data = parse_json(content, "the artwork")
                recipe, results = data["recipe"], {**data.get("results", {}), **data.get("volatile", {})}
            except (CreativityError, KeyError, TypeError, AttributeError):
                recipe = {}
        if not recipe:
            try:
                recipe = tomllib.loads(read(root, place, "recipe.toml").decode())
            except (ValueError, RecursionError):
                recipe = {}
    elif (file := within(root, place)) is not None:
        from creativity.artwork import open_artwork

        try:
            artwork = open_artwork(file)
            recipe, results = artwork.recipe.to_dict(), artwork.results
        except CreativityError:
            recipe = {}
    try:
        toml = Recipe.from_dict(recipe).to_toml() if recipe else ""
    except CreativityError:
        toml = ""
    return recipe, results, toml


def described(hall: Hall, entry: Entry, links: Any) -> dict[str, Any]:
    """All that the page of an artwork shows, here or as a file."""
    place = hall.place(entry)
    recipe, results, toml = facts(hall.root, place)
    folder = place.is_dir()
    whole_one = entry.state != "broken" and bool(recipe)
    drawn = whole_one and entry.renderer not in shown.PIXELS
    films = ["search"] if folder and within(hall.root, place / "snapshots.bin") else []
    films += ["drawing"] if drawn else []
    renderer = recipe.get("renderer", {})
    films += ["walk"] if isinstance(renderer, dict) and (renderer.get("loop") or renderer.get("latent") or renderer.get("hyper")) else []
    parents = [found for digest in entry.parents if (found := hall.index.by_digest(digest)) is not None and found.key != entry.key]
    one = card(entry, links, hall.root)
    return {
        "one": {
            **one,
            "tags": entry.tags,
            "boards": entry.boards,
            "prompts": entry.prompts,
            "whole": whole_one,
            "alt": described_in_words(entry),
        },
        "picture": links.picture(entry) if one["thumb"] else "",
        "drawing": f"/artwork/{entry.key}/drawing.svg" if drawn else "",
        "results": shown.figures(results),
        "curve": curve.svg(curve.history(place)) if folder and within(hall.root, place / "history.jsonl") else None,
        "parents": [card(parent, links, hall.root) for parent in parents],
        "children": [card(child, links, hall.root) for child in hall.index.children(entry.digest)[:60] if child.key != entry.key],
        "films": [(of, FILMS[of]) for of in films],
        "plan": links.plan(entry) if folder and within(hall.root, place / "plan.png") else "",
        "parts": shown.tables(recipe) if recipe else [],
        "toml": shown.short(toml, LONG),
        "trashed": entry.trashed,
        "varied": bool(recipe.get("variation")),
    }


def described_in_words(entry: Entry) -> str:
    return f"{shown.short(entry.title, 200)}, made of {entry.renderer}" if entry.renderer else shown.short(entry.title, 200)


def artwork(request: Request) -> Response:
    hall = Hall.of(request)
    entry = hall.entry(request.path_params["key"])
    key = entry.key
    told = described(hall, entry, Links())
    return page(
        "artwork.html",
        **told,
        here="wall",
        acts=acts_for(hall, entry, told["varied"]),
        large=f"/artwork/{key}/picture.png?size=2048",
        sized=f"/artwork/{key}/picture.png",
        all_boards=[name for name, _ in hall.index.boards()],
    )


def acts_for(hall: Hall, entry: Entry, varied: bool) -> list[dict[str, str]]:
    """What else can be done with it: watch it, resume it, or search once more, or on."""
    if entry.state == "running" or (hall.runs.get(entry.key) is not None and entry.state != "done"):
        return [{"href": f"/runs#run-{entry.key}", "text": "Watch it", "key": ""}]
    if entry.state == "stopped":
        return [{"href": "/runs", "text": "Resume", "key": ""}]
    if entry.state == "broken" or varied:  # of what was varied there is no search to be done again
        return []
    return [
        {"href": f"/new?{urlencode({'from': entry.key, 'do': 'redo'})}", "text": "Redo", "key": "R"},
        {"href": f"/new?{urlencode({'from': entry.key, 'do': 'continue'})}", "text": "Continue", "key": ""},
    ]


async def thumb(request: Request) -> Response:
    hall = Hall.of(request)
    entry = hall.entry(request.path_params["key"])
    source = picture_in(hall.root, hall.place(entry))
    try:
        content = await hall.thumbnails.of(source) if source is not None else await drawn_small(hall, entry)
    except CreativityError as error:
        raise HTTPException(404, str(error)) from None
    return Response(content, media_type="image/webp", headers={"Cache-Control": FOREVER if request.url.query else "no-cache"})


async def drawn_small(hall: Hall, entry: Entry) -> bytes:
    """Of an artwork that lies there as an SVG, JSON or film."""
    place = hall.thumbnails.place(entry.key, entry.digest, entry.made)
    return hall.thumbnails.held(place) or await hall.thumbnails.made(place, await hall.studio.do(draw.png, str(hall.place(entry)), 512))


async def picture(request: Request) -> Response:
    """As it lies there, or drawn with ``size`` pixels."""
    hall = Hall.of(request)
    entry = hall.entry(request.path_params["key"])
    asked = request.query_params.get("size")
    source = None if asked else picture_in(hall.root, hall.place(entry))
    headers = {"Cache-Control": FOREVER if request.url.query else "no-cache"}
    if request.query_params.get("save"):
        headers["Content-Disposition"] = attachment(entry, ".png")
    if source is not None:
        return Response(source.read_bytes(), media_type="image/png", headers=headers)
    size = whole(asked, 0, 10**6) if asked else 1024
    if not LEAST <= size <= MOST:
        raise HTTPException(400, f"a picture has from {LEAST} to {MOST} pixels, not {shown.short(asked or '', 20)}")
    content = await drawn(hall, draw.png, str(hall.place(entry)), size)
    return Response(content, media_type="image/png", headers=headers)


async def drawing(request: Request) -> Response:
    hall = Hall.of(request)
    entry = hall.entry(request.path_params["key"])
    content = await drawn(hall, draw.drawing, str(hall.place(entry)))
    headers = {"Content-Disposition": attachment(entry, ".svg"), "Content-Security-Policy": DRAWING_POLICY}
    return Response(content, media_type="image/svg+xml", headers=headers)


async def film(request: Request) -> Response:
    hall = Hall.of(request)
    entry = hall.entry(request.path_params["key"])
    of = request.query_params.get("of", "")
    if of not in FILMS:
        raise HTTPException(404, "there is no such film")
    place = hall.thumbnails.place("film", of, entry.key, entry.digest, entry.steps)
    content = hall.thumbnails.held(place)
    if content is None:
        content = await drawn(hall, draw.film, str(hall.place(entry)), of)
        make_folder(place.parent)
        write_atomically(place, content)
    return Response(content, media_type="image/webp", headers={"Cache-Control": "no-cache"})


def plan(request: Request) -> Response:
    hall = Hall.of(request)
    entry = hall.entry(request.path_params["key"])
    file = within(hall.root, hall.place(entry) / "plan.png")
    if file is None:
        raise HTTPException(404, "it has no plan")
    return Response(file.read_bytes(), media_type="image/png", headers={"Cache-Control": "no-cache"})


async def drawn(hall: Hall, work: Any, *arguments: Any) -> bytes:
    try:
        made: bytes = await hall.studio.do(work, *arguments)
        return made
    except CreativityError as error:
        raise HTTPException(404, str(error)) from None


def attachment(entry: Entry, suffix: str) -> str:
    """The name of a download: of plain letters for old browsers, and as it is."""
    name = shown.short(entry.title, 60).strip() or "artwork"
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "artwork"
    full = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', "-", name).strip(" .-")[:60] or "artwork"
    return f"attachment; filename=\"{plain}-s{entry.seed}{suffix}\"; filename*=UTF-8''{quote(f'{full}-s{entry.seed}{suffix}', safe='')}"


ROUTES = [
    Route("/artwork/{key}", artwork),
    Route("/artwork/{key}/thumb.webp", thumb),
    Route("/artwork/{key}/picture.png", picture),
    Route("/artwork/{key}/drawing.svg", drawing),
    Route("/artwork/{key}/film.webp", film),
    Route("/artwork/{key}/plan.png", plan),
]
