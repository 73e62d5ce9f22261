"""The gallery as people use it, in a real Chromium; skipped where there is none."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from creativity import cli
from creativity.artwork import open_artwork
from creativity.gallery import events

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
BRIDGE = Path(cli.__file__).parents[1] / "data" / "langlois_bridge.jpg"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]

DROP = """async (address) => {
    const files = new DataTransfer();
    files.items.add(new File([await (await fetch(address)).blob()], "found somewhere.png", { type: "image/png" }));
    document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
}"""
"""Drops the picture of an address on the page."""

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
    pytest.mark.skipif(not BRIDGE.exists(), reason="the picture is part of the package"),
]


@pytest.fixture
def page() -> Iterator[Any]:
    """A page of a browser that complains of every error on its console."""
    api = pytest.importorskip("playwright.sync_api")
    said: list[str] = []
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": 1200, "height": 800})
            page.set_default_timeout(60_000)
            page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: said.append(str(error)))
            yield page
        finally:
            browser.close()
    assert not said, "the console is clean"


@pytest.fixture
def address() -> Iterator[str]:
    """Of a gallery over a new folder."""
    command = [sys.executable, "-m", "creativity", "gallery", "runs", "--port", "0", "--json"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield json.loads(server.stdout.readline())["address"]
    finally:
        server.terminate()
        server.communicate(timeout=20)


def test_from_a_picture_to_its_grandchildren(page: Any, address: str) -> None:
    """Start, watch, stop, resume; star, breed twice by picks, compare, find, trash and undo, recall by dropping the PNG."""
    page.goto(address)
    assert page.get_by_text("Nothing hangs here yet").is_visible()

    # Start a fit of an uploaded picture, watch it, stop it, resume it.
    page.get_by_role("link", name="New").click()
    page.set_input_files("#picture", BRIDGE)
    for name, value in {"count": "12", "seed": "5"}.items():
        page.fill(f"#{name}", value)
    page.click("#all summary")
    for name, value in {"steps": "400", "target_size": "48", "size": "200"}.items():
        page.fill(f"#{name}", value)
    page.select_option("#optimizer", "adam")
    page.wait_for_selector('[data-options="optimizer"] fieldset')
    page.click("#begin")
    run = page.locator(".live").first
    page.wait_for_selector('.live[data-state="running"], .live[data-state="done"]')
    page.wait_for_selector(".live .frame img")
    if run.get_attribute("data-state") == "running":
        run.get_by_role("button", name="Stop").click()
        page.wait_for_selector('.live[data-state="stopped"], .live[data-state="done"]')
    if run.get_attribute("data-state") == "stopped":
        assert "saved" in run.locator(".said").inner_text()
        run.get_by_role("button", name="Resume").click()
    page.wait_for_selector('.live[data-state="done"]')
    assert "400 steps" in run.locator(".said").inner_text()
    run.get_by_role("link", name="Look at it").click()

    # Star it; the page says so, and so does the next.
    page.wait_for_selector("#piece")
    first = page.url.rpartition("/")[2]
    page.keyboard.press("f")
    page.wait_for_selector('.star[aria-pressed="true"]')
    page.reload()
    assert page.get_attribute(".about .star", "aria-pressed") == "true"

    # Vary it, and breed two generations by picks.
    page.get_by_role("link", name="Vary and breed").click()
    page.get_by_role("button", name="Begin").click()
    for generation in (1, 2):
        page.wait_for_selector(f'.trail a[aria-current]:has-text("Generation {generation}")')
        for sibling in (1, 4):
            page.locator(".young input").nth(sibling).check()
        page.get_by_role("button", name="Breed from the picks").click()
    page.wait_for_selector('.trail a[aria-current]:has-text("Generation 3")')
    runs = Path("runs")
    picks = [event for _, event in events.since(runs) if event["kind"] == "pick"]
    assert [len(pick["picked"]) for pick in picks] == [2, 2]
    assert picks[1]["parents"] == picks[0]["digests"]

    # All five hang on the wall; two are compared by the keyboard.
    page.goto(address)
    page.wait_for_selector(".card img:not(.coming)")
    assert page.locator("#wall .card").count() == 5
    page.keyboard.press("ArrowRight")
    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("c")
    page.get_by_role("button", name="Compare").click()
    page.wait_for_selector(".pane img")
    page.keyboard.press("+")
    assert "scale(1.5)" in page.locator(".pane img").last.get_attribute("style"), "all of them follow"
    page.get_by_role("button", name="better one").first.click()
    page.get_by_text("Noted").wait_for()

    # Found by text; thrown away and taken back.
    page.goto(address)
    page.fill("#q", "langlois gradient")
    page.wait_for_selector('#total:has-text("5 pictures")')
    page.fill("#q", "giraffe")
    page.wait_for_selector('#total:has-text("0 pictures")')
    page.get_by_role("link", name="see all of them").click()
    page.wait_for_selector('#total:has-text("5 pictures")')
    page.keyboard.press("ArrowRight")
    page.keyboard.press("d")
    page.wait_for_selector('#total:has-text("4 pictures")')
    page.keyboard.press("u")
    page.wait_for_selector('#total:has-text("5 pictures")')
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("favourite").wait_for()

    # Its recipe is recalled by its PNG.
    page.goto(f"{address}/new")
    (folder,) = [path for path in runs.iterdir() if (path / "asked.json").exists()]
    page.evaluate(DROP, f"/artwork/{first}/picture.png")
    page.wait_for_selector("#recalled:not([hidden])")
    assert page.get_attribute("#known", "href") == f"/artwork/{first}"
    assert page.input_value("#seed") == "5"
    assert page.input_value("#count") == "12"
    assert open_artwork(folder).recipe.seed == 5


def test_the_wall_as_files_is_searched_in_the_browser(page: Any) -> None:
    """From a disk, without a server; and a wall of thousands holds only what is seen."""
    Image.open(BRIDGE).convert("RGB").resize((24, 18)).save("bridge.png")
    how = ["--steps", "3", "--count", "3", "--target-size", "16", "--size", "32", "--threads", "1", "--quiet"]
    for renderer in ("triangles", "circles"):
        name = f"runs/{renderer}"
        assert cli.main(["fit", "bridge.png", "--renderer", renderer, "--run-dir", name, "-o", f"{renderer}.svg", *how]) == 0
    assert cli.main(["gallery", "runs", "--static", "still", "--json"]) == 0
    page.goto((Path("still") / "index.html").resolve().as_uri())
    page.wait_for_selector("#wall .card img:not(.coming)")
    assert page.locator("#wall .card").count() == 2
    page.fill("#q", "circles")
    page.wait_for_selector('#total:has-text("1 picture")')
    page.locator("#wall .card a").first.click()
    page.wait_for_selector("#piece")
    assert page.locator(".hung img").evaluate("image => image.naturalWidth") == 32

    data = Path("still/data.js").read_text()
    one = json.loads(data.partition("PICTURES = ")[2].rstrip(";\n"))[0]
    many = [{**one, "title": f"number {number}", "number": number} for number in range(20_000)]
    Path("still/data.js").write_text(f'"use strict";\nconst PICTURES = {json.dumps(many)};\n')
    page.goto((Path("still") / "index.html").resolve().as_uri())
    page.wait_for_selector('#total:has-text("20,000 pictures")')
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    page.get_by_text("number 10010", exact=True).wait_for(state="attached")
    assert page.locator("#wall .card").count() < 100
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_text("number 0", exact=True).wait_for()
