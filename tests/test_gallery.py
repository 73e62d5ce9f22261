"""The gallery: what it shows, what it keeps, and what it refuses. Chromium has a file of its own."""

from __future__ import annotations

import html
import html.parser
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from creativity import cli, verbs
from creativity.artwork import open_artwork
from creativity.files import RunFolder
from creativity.gallery import events
from creativity.gallery.app import application
from creativity.gallery.guard import refused
from creativity.gallery.index import Index, Query
from creativity.gallery.reading import key_of
from creativity.gallery.studio import Studio
from creativity.run import open_run
from tests.conftest import tiny

HERE = "http://localhost:8000"
SAME = {"Origin": HERE, "Accept": "application/json"}
EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs: a fit, one of circles, one that goes on from the first; one that was stopped, a broken one, one with a hostile name."""
    root = tmp_path_factory.mktemp("made") / "runs"
    root.mkdir()
    picture = root.parent / "a_red_disc.png"
    drawn = Image.new("RGB", (48, 40), (40, 70, 200))
    ImageDraw.Draw(drawn).ellipse((10, 6, 34, 30), (220, 40, 30))
    drawn.save(picture)
    for name, how in {"disc": {}, "two/circles": {"renderer": "circles"}, "on": {"start": root / "disc", "count": 12}}.items():
        plan = tiny(picture, **how)
        run = plan.run()
        run.folder = verbs.run_folder(root / name, "", run.recipe)
        run.run()
    run = tiny(picture, seed=9, steps=10_000).run()
    run.folder = verbs.run_folder(root / "stopped", "", run.recipe)
    for event in run.stream():
        if event.step > 2:
            break
    (root / "broken").mkdir()
    (root / "broken" / "recipe.toml").write_text("schema = 1\nrenderer = 7\n")
    shutil.copytree(root / "disc", root / "evil")
    facts = json.loads((root / "evil" / "artwork.json").read_text())
    facts["recipe"]["renderer"]["max_opacity"] = 0.99  # another artwork than the first
    facts["recipe"]["target"]["name"] = EVIL + ".png"
    facts["recipe"]["imagined"] = {"prompts": [EVIL, "{{7*7}}"]}
    (root / "evil" / "artwork.json").write_text(json.dumps(facts))
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "runs"))


@pytest.fixture(scope="module")
def still(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it as files, some on a board, one in the trash."""
    root = tmp_path_factory.mktemp("still")
    shutil.copytree(made, root / "runs")
    index = Index(root / "runs")
    index.refresh()
    index.board(DISC, "one", True)
    index.board(BAD, EVIL[:60], True)
    index.trash(CIRCLES, True)
    index.close()
    assert cli.main(["gallery", str(root / "runs"), "--static", str(root / "files"), "--json"]) == 0
    return (root / "files").resolve()


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    """One for all tests: its process takes seconds to begin."""
    shared = Studio()
    yield shared
    shared.close()


@pytest.fixture
def client(root: Path, studio: Studio) -> Iterator[TestClient]:
    app = application(root)
    app.state.hall = replace(app.state.hall, studio=studio)
    with TestClient(app, base_url=HERE) as asks:
        yield asks
    app.state.hall.index.close()


def heard(root: Path) -> list[dict[str, Any]]:
    """All events, the first first."""
    return [event for _, event in events.since(root)]


def cards(client: TestClient, **asked: Any) -> dict[str, dict[str, Any]]:
    """The cards of a query by their titles."""
    return {card["title"]: card for card in client.get("/wall.json", params=asked).json()["cards"]}


class Strict(html.parser.HTMLParser):
    """Fails on what the gallery's policy forbids, and on what a hostile name would make: it reads as browsers do."""

    elements = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1
        names = {name for name, _ in attrs}
        assert tag not in ("style", "iframe", "object", "embed", "base")
        assert "style" not in names
        assert not [name for name in names if name.startswith("on")]
        assert tag != "script" or names == {"src", "defer"}
        assert not [value for name, value in attrs if name in ("href", "src", "action") and str(value).startswith("javascript")]
        assert ("src", "x") not in attrs


DISC, CIRCLES, ON, STOPPED, BROKEN, BAD = (key_of(path) for path in ("disc", "two/circles", "on", "stopped", "broken", "evil"))


# -- what it shows


def test_the_wall_shows_every_run_and_finds_them_by_words(client: TestClient) -> None:
    said = client.get("/wall.json").json()
    assert said["total"] == 6
    assert {card["key"] for card in said["cards"]} == {DISC, CIRCLES, ON, STOPPED, BROKEN, BAD}
    assert [card["key"] for card in client.get("/wall.json?q=RED+circles").json()["cards"]] == [CIRCLES]
    assert client.get("/wall.json?q=giraffe").json()["total"] == client.get("/wall.json", params={"q": '" OR * ('}).json()["total"] == 0
    losses = [
        float(re.search(r"loss ([\d.e-]+)", card["detail"])[1]) for card in client.get("/wall.json?sort=closest&limit=3").json()["cards"]
    ]
    assert losses == sorted(losses)
    two = [client.get(f"/wall.json?limit=2&offset={offset}").json()["cards"] for offset in (0, 2, 4)]
    assert len({card["key"] for page in two for card in page}) == 6
    page = client.get("/").text
    assert page.count('<li class="card') == 7  # and the model of one, in a template
    assert "6 pictures" in page
    assert client.get("/?offset=99999999999999&limit=x&sort=worst").status_code == 200


def test_the_page_of_an_artwork_tells_all_of_it(client: TestClient, root: Path) -> None:
    page = client.get(f"/artwork/{ON}").text
    recipe = open_artwork(root / "on").recipe
    for words in ("a red disc", "seed 7", "Renderer: ", "The search", "As it is painted", "Drawing (SVG)"):
        assert words in page
    assert html.escape(recipe.to_toml()).replace("&quot;", "&#34;") in page
    assert f'href="/artwork/{DISC}"' in page, "the artwork that it goes on from"
    assert f'href="/artwork/{ON}"' in client.get(f"/artwork/{DISC}").text, "what it led to"
    line = re.search(r'<path class="line" d="M([^"]*)"', page)
    assert line is not None
    heights = [float(point.split()[1]) for point in line[1].split("L")]
    assert len(heights) > 3
    assert heights == sorted(heights), "the best so far never gets worse"
    assert client.get(f"/artwork/{STOPPED}").status_code == 200


def test_pictures_have_the_size_that_is_asked_for_and_carry_the_recipe(client: TestClient, root: Path) -> None:
    answer = client.get(f"/artwork/{DISC}/picture.png?size=300&save=1")
    assert Image.open(io.BytesIO(answer.content)).size == (300, 250)
    assert answer.headers["content-disposition"].startswith('attachment; filename="a-red-disc-s7.png"')
    Path("got.png").write_bytes(answer.content)
    assert open_artwork("got.png").digest == open_artwork(root / "disc").digest
    assert client.get(f"/artwork/{DISC}/picture.png").content == (root / "disc" / "final.png").read_bytes()
    assert client.get(f"/artwork/{STOPPED}/picture.png?size=64").status_code == 200
    for size in ("0", "8193", "99999999", "-1", "x", "1e9"):
        assert client.get(f"/artwork/{DISC}/picture.png?size={size}").status_code == 400
    film = Image.open(io.BytesIO(client.get(f"/artwork/{DISC}/film.webp?of=drawing").content))
    assert film.n_frames > 3


def test_a_thumbnail_is_made_once(client: TestClient, root: Path) -> None:
    first = client.get(f"/artwork/{DISC}/thumb.webp")
    assert Image.open(io.BytesIO(first.content)).format == "WEBP"
    (kept,) = list((root / ".gallery" / "thumbnails").rglob("*.webp"))
    kept.write_bytes(b"kept")
    assert client.get(f"/artwork/{DISC}/thumb.webp").content == b"kept"
    Image.new("RGB", (9, 9)).save(root / "disc" / "final.png")
    assert client.get(f"/artwork/{DISC}/thumb.webp").content not in (b"kept", first.content), "another picture has another"


def test_a_broken_run_is_a_broken_card(client: TestClient) -> None:
    said = cards(client)["broken"]
    assert "cannot be read" in said["none"]
    assert not said["thumb"]
    page = client.get(f"/artwork/{BROKEN}")
    assert page.status_code == 200
    assert "cannot be read" in page.text


# -- what it keeps


def test_stars_tags_boards_and_trash_are_events_that_can_be_taken_back(client: TestClient, root: Path) -> None:
    assert client.post("/star", data={"key": DISC, "on": "1"}, headers=SAME).json()["go"] == f"/artwork/{DISC}"
    client.post("/tag", data={"key": DISC, "tag": "to  print", "on": "1"}, headers=SAME)
    client.post("/board", data={"key": [DISC, ON], "board": "Wände & more", "on": "1"}, headers=SAME)
    client.post("/trash", data={"key": CIRCLES, "on": "1"}, headers=SAME)
    assert client.get("/wall.json?starred=1").json()["cards"][0]["key"] == DISC
    assert client.get("/wall.json?q=print").json()["total"] == client.get("/wall.json?tag=to+print").json()["total"] == 1
    assert client.get("/wall.json", params={"board": "Wände & more"}).json()["total"] == 2
    assert client.get("/wall.json").json()["total"] == 5
    assert client.get("/wall.json?trash=1").json()["cards"][0]["key"] == CIRCLES
    assert (root / "two" / "circles" / "final.svg").exists(), "nothing is deleted"
    assert "Wände &amp; more" in client.get("/boards").text
    said = heard(root)
    assert [event["kind"] for event in said] == ["star", "tag", "board", "board", "trash"]
    assert all(event["time"] and "user" in event for event in said)

    # What was said outlives the index, and a line that was cut off.
    with open(root / events.NAME, "a") as file:
        file.write('{"kind": "star", "of": ["')
    shutil.rmtree(root / ".gallery")
    index = Index(root)
    index.refresh()
    assert index.get(DISC).tags == ("to print",)
    assert index.boards() == [("Wände & more", 2)]
    index.star(DISC, False)
    index.trash(CIRCLES, False)
    assert index.count(Query(starred=True)) == index.count(Query(trashed=True)) == 0
    assert [event["kind"] for event in heard(root)][-2:] == ["star", "trash"]
    index.close()


def test_the_index_follows_the_folders(root: Path) -> None:
    index = Index(root)
    assert index.refresh() == 6
    assert index.refresh() == 0, "what has not changed is not read again"
    shutil.rmtree(root / "two")
    shutil.move(root / "evil", root / "good")
    os.symlink(root / "disc", root / "link")
    assert index.refresh() == 1
    assert {entry.path for entry in index.find(Query())} == {"disc", "on", "stopped", "broken", "good"}
    entry = index.by_digest(open_artwork(root / "on").digest)
    assert entry is not None
    assert entry.path == "on"
    index.close()
    (root / ".gallery" / "index.sqlite").write_bytes(b"rubbish" * 1000)
    again = Index(root)
    assert again.refresh() == 5
    again.close()


def test_picks_breed_the_next_generation_and_are_kept(client: TestClient, root: Path) -> None:
    begun = client.post("/breed", data={"key": [DISC, ON]}, headers=SAME).json()["go"]
    page = client.get(begun).text
    assert page.count('name="pick"') == 12
    seeds = re.findall(r"seed (\d+)", page)
    assert len(set(seeds)) == 12
    answer = client.post("/breed", data={"litter": begun.rpartition("/")[2], "pick": ["2", "7"], "amount": "0.3"}, headers=SAME).json()
    assert "Generation 2" in client.get(answer["go"]).text
    picks = [client.get(f"/artwork/{key}") for key in answer["keys"]]
    assert all(pick.status_code == 200 for pick in picks)
    kept = [open_artwork(path.parent) for path in sorted((root / "bred").glob("*/DONE"))]
    assert sorted(str(artwork.recipe.seed) for artwork in kept) == sorted([seeds[2], seeds[7]])
    mixed = next(artwork for artwork in kept if str(artwork.recipe.seed) == seeds[7])
    assert {parent.sha256 for parent in mixed.recipe.variation.of} == {open_artwork(root / name).digest for name in ("disc", "on")}
    assert f"/artwork/{answer['keys'][0]}" in client.get(f"/artwork/{DISC}").text, "lineage"
    (pick,) = [event for event in heard(root) if event["kind"] == "pick"]
    assert (pick["picked"], pick["places"], len(pick["young"])) == (answer["keys"], [2, 7], 12)
    assert pick["parents"] == [open_artwork(root / name).digest for name in ("disc", "on")]
    assert [key_of(path) for path in pick["of"]] == pick["picked"]
    assert sorted(pick["digests"]) == sorted(artwork.digest for artwork in kept)
    small = client.get(f"{answer['go']}/0.webp")
    assert Image.open(io.BytesIO(small.content)).size == (320, 267)
    client.post("/like", data={"key": DISC}, headers=SAME)
    liked = heard(root)[-1]
    assert (liked["kind"], liked["of"], liked["liked"]) == ("like", ["disc"], open_artwork(root / "disc").digest)
    client.post("/prefer", data={"key": [DISC, ON], "best": ON}, headers=SAME)
    pair = heard(root)[-1]
    assert (pair["kind"], pair["of"]) == ("pair", ["on", "disc"])
    assert [pair["better"], pair["worse"]] == [open_artwork(root / name).digest for name in ("on", "disc")]
    assert client.post("/breed", data={"litter": begun.rpartition("/")[2]}, headers=SAME).status_code == 400


def test_side_by_side_says_where_they_differ(client: TestClient) -> None:
    page = client.get(f"/compare?key={DISC}&key={CIRCLES}").text
    assert re.search(r"renderer kinds</th><td></td><td>circle", page)
    assert '<th scope="row">seed' not in page, "both have the same"
    assert client.get(f"/compare?key={DISC}").status_code == 400
    assert client.get("/compare?" + "&".join(f"key={key}" for key in (DISC, CIRCLES, ON, STOPPED, BAD))).status_code == 400


# -- what it refuses

NAMES = [
    "%2e%2e",
    "..%2f..%2fetc%2fpasswd",
    "%2fetc%2fpasswd",
    "..\\..\\x",
    "%00",
    "a" * 5000,
    "C:%5Cx",
    ".gallery",
    "disc",
    "lock",
    "ü",
    "*",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:20])
def test_there_are_keys_and_no_paths(client: TestClient, root: Path, name: str) -> None:
    (root.parent / "secret.png").write_bytes(b"secret")
    for address in (
        "/artwork/{}",
        "/artwork/{}/picture.png",
        "/artwork/{}/thumb.webp",
        "/static/{}",
        "/runs/{}/now.webp",
        "/breed/{}",
        "/look/{}.jpg",
    ):
        answer = client.get(address.format(name))
        assert answer.status_code in (400, 404, 405), address
        assert b"secret" not in answer.content
    assert client.get(f"/artwork/{DISC}/..%2f..%2fsecret.png").status_code == 404
    assert client.get(f"/artwork/{DISC}/film.webp?of=../{name[:50]}").status_code == 404


def test_links_lead_nowhere(client: TestClient, root: Path) -> None:
    secret = root.parent / "secret.png"
    Image.new("RGB", (4, 4)).save(secret)
    for name in ("final.png", "preview.png", "plan.png"):
        (root / "disc" / name).unlink(missing_ok=True)
        (root / "disc" / name).symlink_to(secret)
    for name in ("picture.png", "plan.png"):
        assert client.get(f"/artwork/{DISC}/{name}").content != secret.read_bytes()
    history = root / "disc" / "history.jsonl"
    history.unlink()
    history.symlink_to(secret)
    assert client.get(f"/artwork/{DISC}").status_code == 200


def test_names_and_prompts_are_text(client: TestClient, still: Path) -> None:
    client.post("/tag", data={"key": BAD, "tag": EVIL[:60], "on": "1"}, headers=SAME)
    client.post("/board", data={"key": BAD, "board": EVIL[:60], "on": "1"}, headers=SAME)
    pages = [
        client.get(path).text for path in ("/", f"/artwork/{BAD}", "/boards", "/trash", "/runs", f"/compare?key={BAD}&key={DISC}", "/new")
    ]
    pages.append(client.get("/board", params={"name": EVIL[:60]}).text)
    pages += [path.read_text() for path in still.rglob("*.html")]
    assert any("&lt;script&gt;" in page for page in pages)
    assert any("{{7*7}}" in page for page in pages)
    for page in pages:
        strict = Strict()
        strict.feed(page)
        assert strict.elements > 20
    data = (still / "data.js").read_text()
    assert "<" not in data
    assert f'"title": {json.dumps(EVIL)}'.replace("<", "\\u003c")[:20] in data
    named = client.get(f"/artwork/{BAD}/picture.png?size=16&save=1").headers["content-disposition"]
    assert re.fullmatch(r"attachment; filename=\"[A-Za-z0-9-]+\.png\"; filename\*=UTF-8''[A-Za-z0-9._%~-]+\.png", named)


def test_every_answer_is_guarded_and_a_drawing_is_a_download(client: TestClient) -> None:
    for path in ("/", f"/artwork/{DISC}", f"/artwork/{DISC}/picture.png", "/static/gallery.js", "/nothing", "/wall.json", "/runs"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
    drawn = client.get(f"/artwork/{DISC}/drawing.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.headers["content-security-policy"].startswith("sandbox;")
    assert drawn.headers["content-disposition"].startswith("attachment")
    assert "<svg" in drawn.text


def test_a_hostile_drawing_in_a_folder_is_never_sent(client: TestClient, root: Path) -> None:
    (root / "disc" / "final.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    assert "script" not in client.get(f"/artwork/{DISC}/drawing.svg").text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "", "localhost:", "192.168.1.5:8000"]
)
def test_another_host_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9000"},
        {"Origin": "https://localhost:8000"},
        {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_changes_come_from_the_gallerys_own_pages(client: TestClient, root: Path, headers: dict[str, str]) -> None:
    for path in ("/star", "/trash", "/tag", "/board", "/like", "/breed", "/new", "/recall", "/runs", "/prefer"):
        assert client.post(path, data={"key": DISC, "on": "1", "do": "stop"}, headers=headers).status_code == 403
    assert not (root / events.NAME).exists()


def test_nothing_changes_by_looking(client: TestClient) -> None:
    assert client.get(f"/star?key={DISC}&on=1").status_code == 405
    assert client.put("/star", headers=SAME).status_code == 405
    assert client.request("DELETE", f"/artwork/{DISC}", headers=SAME).status_code == 405
    assert client.post("/star", data={"key": "0" * 20, "on": "1"}, headers=SAME).status_code == 404
    assert client.post("/star", data={"on": "1"}, headers=SAME).status_code == 400
    assert client.post("/tag", data={"key": DISC, "tag": "x" * 61, "on": "1"}, headers=SAME).status_code == 400
    told = refused("POST", Headers({"host": "localhost", "content-length": "9" * 30}))
    assert told is not None
    assert told[0] == 413


def bomb() -> bytes:
    """A PNG that says it has 40,000 x 40,000 pixels."""
    file = io.BytesIO()
    Image.new("1", (40_000, 20_000)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bomb.png", bomb(), "megapixels"),
        ("cut.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 30, "damaged"),
        ("page.png", b"<html><script>alert(1)</script>", "picture"),
        ("empty.png", b"", "empty"),
        ("x.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', ""),
    ],
    ids=["bomb", "cut", "page", "empty", "svg"],
)
def test_what_is_no_picture_is_refused_in_words(client: TestClient, root: Path, name: str, content: bytes, words: str) -> None:
    before = sorted(path.name for path in root.iterdir())
    answer = client.post("/new", data={"verb": "fit"}, files={"picture": (name, content)}, headers=SAME)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert sorted(path.name for path in root.iterdir()) == before
    assert client.post("/recall", files={"picture": (name, content)}, headers=SAME).status_code == 400
    assert not [*(root / ".gallery").glob("dropped/*")]


def test_a_body_without_end_is_ended(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="picture"; filename="x.png"\r\n\r\n'
        for _ in range(80):
            yield b"\0" * 2**20

    headers = {**SAME, "Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/new", content=chunks(), headers=headers).status_code == 413


def test_a_form_says_what_is_wrong_with_it(client: TestClient, root: Path, picture: Path) -> None:
    for fields, words in [
        ({"count": "many"}, "count is a number"),
        ({"renderer": "triangels"}, "did you mean 'triangles'"),
        ({"renderer.corners": "0"}, "corners"),
        ({"max_seconds": "-1"}, "seconds"),
    ]:
        with open(picture, "rb") as file:
            answer = client.post("/new", data={"verb": "fit", **fields}, files={"picture": ("x.png", file)}, headers=SAME)
        assert answer.status_code == 400, fields
        assert words in answer.json()["error"]
    assert client.post("/new", data={"verb": "paint", "prompts": " \n "}, headers=SAME).status_code == 400
    assert client.post("/new", data={"verb": "fit", "picture": "/etc/passwd"}, headers=SAME).status_code == 400
    for dropped in ("../../x.png", "0" * 32 + ".png", ""):
        assert client.post("/new", data={"verb": "redo", "dropped": dropped}, headers=SAME).status_code in (400, 404)
    assert not [path for path in root.iterdir() if path.name.startswith("x")]


def test_a_dropped_picture_brings_its_recipe(client: TestClient, root: Path) -> None:
    with open(root / "two" / "circles" / "final.svg", "rb") as file:
        said = client.post("/recall", files={"picture": ("c:\\dir\\any.svg", file)}, headers=SAME).json()
    assert said["known"] == f"/artwork/{CIRCLES}"
    assert said["recipe"]["seed"] == 7
    assert ["kinds", "circle"] in said["tables"][0]["rows"]


# -- runs


def test_runs_outlive_the_server_and_are_steered_by_the_next(root: Path, picture: Path) -> None:
    """A server that is killed while a run goes on; another finds it, pauses it, stops it, and takes it up again."""

    def serve() -> tuple[subprocess.Popen[str], TestClient]:
        command = [sys.executable, "-m", "creativity", "gallery", str(root), "--port", "0", "--json"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        return server, json.loads(server.stdout.readline())["address"]

    import httpx2

    server, address = serve()
    own = {"Origin": address, "Accept": "application/json"}
    with open(picture, "rb") as file:
        fields = {"verb": "fit", "count": "8", "steps": "100000", "seed": "3", "target_size": "32", "threads": "1", "optimizer": "adam"}
        begun = httpx2.post(f"{address}/new", data=fields, files={"picture": ("my disc.png", file)}, headers=own, timeout=60)
    key = begun.json()["key"]
    folder = root / "my-disc-triangles"

    def state(wanted: str) -> Any:
        with httpx2.stream("GET", f"{address}/runs/events", timeout=60) as line:
            for text in line.iter_lines():
                for one in json.loads(text[6:]) if text.startswith("data: ") else []:
                    assert one["state"] != "failed", one
                    if one["key"] == key and one["state"] == wanted:
                        return one
        return None

    assert state("running")["picture"]
    server.kill()
    server.communicate()
    server, address = serve()
    own["Origin"] = address
    try:
        step = state("running")["step"]
        for what, then in (("pause", "paused"), ("resume", "running"), ("stop", "stopped"), ("resume", "running")):
            answer = httpx2.post(f"{address}/runs", data={"key": key, "do": what}, headers=own)
            assert answer.status_code == 200, answer.text
            now = state(then)
        assert now["step"] >= step
        assert httpx2.post(f"{address}/runs", data={"key": DISC, "do": "stop"}, headers=own).status_code == 400
        httpx2.post(f"{address}/runs", data={"key": key, "do": "stop"}, headers=own)
        assert "saved" in state("stopped")["words"]
        httpx2.post(f"{address}/runs", data={"key": key, "do": "resume"}, headers=own)
        step = state("running")["step"]
        os.kill(json.loads((folder / "progress.json").read_text())["pid"], signal.SIGKILL)
        assert "goes on from its last checkpoint" in state("stopped")["words"]
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)
        assert server.returncode in (0, -signal.SIGTERM)
    assert open_run(folder).recipe.seed == 3
    assert not RunFolder(folder).done


def test_a_signal_goes_to_no_other_process(client: TestClient, root: Path) -> None:
    """A folder from a stranger may name any process as its own."""
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "creativity.gallery.child"])
    try:
        notes = root / ".gallery" / "live"
        notes.mkdir(parents=True)
        (notes / f"{STOPPED}.json").write_text(json.dumps({"path": "stopped", "pid": bystander.pid, "title": "x"}))
        (root / "stopped" / "progress.json").write_text(json.dumps({"pid": bystander.pid, "kind": "step", "step": 1, "words": EVIL}))
        assert client.post("/runs", data={"key": STOPPED, "do": "stop"}, headers=SAME).status_code == 400
        assert client.post("/runs", data={"key": STOPPED, "do": "pause"}, headers=SAME).status_code == 400
        assert "<script>alert" not in client.get("/runs").text
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


# -- as files


def test_the_wall_as_files_needs_nothing_else(made: Path, still: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert not (still / "artwork" / f"{CIRCLES}.html").exists(), "it is in the trash"
    for path in still.rglob("*.html"):
        for address in re.findall(r'(?:href|src)="([^"#][^"]*)"', path.read_text()):
            assert not address.startswith(("/", "http")), f"{address} in {path.name}"
            place = (path.parent / address).resolve()
            assert place.is_file(), f"{address} in {path.name}"
            assert place.is_relative_to(still)
    data = json.loads((still / "data.js").read_text().partition("PICTURES = ")[2].rstrip(";\n"))
    assert len(data) == 5
    for one in data:
        assert (still / one["href"]).is_file()
        assert not one["thumb"] or (still / one["thumb"]).is_file()
    assert open_artwork(still / "drawing" / f"{DISC}.svg").digest == open_artwork(made / "disc").digest
    Path("other").mkdir()
    (Path("other") / "thesis.txt").touch()
    assert cli.main(["gallery", str(made), "--static", "other"]) == 2
    assert "holds something" in capfd.readouterr().err
    assert cli.main(["gallery", "nothing", "--static", "new"]) == 2
    assert cli.main(["gallery", str(still / "index.html")]) == 2
