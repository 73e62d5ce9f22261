"""``python -m benchmarks.gallery``: the gallery over 50,000 artworks: reading them, the first page, scrolling, searching, memory.

The server is a process of its own, asked over loopback; where there is a Chromium, the wall is scrolled through in it too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.browsers import find

WORDS = ["red", "blue", "purple", "old", "tiny", "bird", "house", "boat", "fox", "moon", "tree", "river", "clock", "horse", "lamp", "tower"]


def make(root: Path, count: int) -> None:
    """Run folders as searches leave them, all of one small picture."""
    import base64

    from creativity import images
    from creativity.files import digest_bytes
    from creativity.recipe import Imagined, Part, Recipe

    rng = np.random.Generator(np.random.Philox(1))
    pictures = []
    for k in range(64):
        pixels = np.full((384, 512, 4), 255, np.uint8)
        pixels[..., :3] = rng.integers(0, 256, 3)
        pixels[60 + k : 300, 80:400, :3] = rng.integers(0, 256, 3)
        pictures.append(root / f".{k}.png")
        pictures[-1].write_bytes(images.encode_png(pixels))
    for number in range(count):
        folder = root / f"{number // 1000:03}" / f"{number:06}"
        folder.mkdir(parents=True)
        words = tuple(" ".join(rng.choice(WORDS, 3)) for _ in range(1))
        renderer = Part(("triangles", "strokes", "shapes", "svg")[number % 4], {"count": 10})
        recipe = Recipe(renderer=renderer, seed=number, canvas=(4, 3), imagined=Imagined(words))
        genome = rng.standard_normal(40).astype("<f4").tobytes()
        artwork = {
            "format": "creativity-artwork",
            "schema": 1,
            "recipe": recipe.to_dict(),
            "genome": {"float32": base64.b64encode(genome).decode(), "sha256": digest_bytes(genome)},
            "results": {"loss": float(rng.random()), "steps": 100},
        }
        (folder / "recipe.toml").write_text(recipe.to_toml())
        (folder / "artwork.json").write_text(json.dumps(artwork))
        os.link(pictures[number % 64], folder / "final.png")
        (folder / "DONE").touch()


def memory(pid: int) -> float:
    """Resident MB of a process."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def timed(address: str, times: int = 5) -> tuple[float, bytes]:
    """Median milliseconds of an answer, and the answer."""
    took, content = [], b""
    for _ in range(times):
        began = time.perf_counter()
        with urllib.request.urlopen(address, timeout=60) as answer:
            content = answer.read()
        took.append(1000 * (time.perf_counter() - began))
    return median(took), content


def scrolled(address: str) -> str:
    """What Chromium says of a fast way through the wall: cards in the page, and how long frames took."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(address)
        page.wait_for_selector(".card img")
        frames = page.evaluate(
            """async () => {
                const took = [];
                let before = performance.now();
                for (let k = 0; k < 200; k++) {
                    scrollBy(0, 400);
                    await new Promise(requestAnimationFrame);
                    const now = performance.now();
                    took.push(now - before);
                    before = now;
                }
                took.sort((a, b) => a - b);
                return [took[100], took[190], document.querySelectorAll(".card").length];
            }"""
        )
        page.evaluate("scrollTo(0, document.body.scrollHeight * 0.7)")
        page.wait_for_selector(".card img:not(.coming)")
        browser.close()
    return f"  200 frames of scrolling: median {frames[0]:.0f} ms, 95 % within {frames[1]:.0f} ms; {frames[2]} cards in the page"


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=50_000, help="artworks")
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make(root, asked.count)
        print(f"a gallery of {asked.count:,} artworks", flush=True)
        command = [sys.executable, "-m", "creativity", "gallery", folder, "--port", "0", "--json"]
        for state in ("without an index", "with its index"):
            began = time.perf_counter()
            server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert server.stdout is not None
            address = json.loads(server.stdout.readline())["address"]
            try:
                first = timed(address + "/", 1)[0]
                while json.loads(timed(address + "/wall.json?limit=1", 1)[1])["total"] < asked.count:
                    time.sleep(0.2)
                print(f"  {state}: first page {first:.0f} ms after the start, all there after {time.perf_counter() - began:.1f} s")
                if state == "without an index":
                    continue
                time.sleep(5)
                _table(address, server.pid, asked.count)
            finally:
                server.terminate()
                server.wait()


def _table(address: str, pid: int, count: int) -> None:
    before = memory(pid)
    for name, path in {
        "first page": "/",
        "60 more": "/wall.json?offset=60",
        "60 near the end": f"/wall.json?offset={count - 100}",
        "closest first": "/wall.json?sort=closest",
        "a search, two words": "/wall.json?q=purple+fox",
        "a search that finds nothing": "/wall.json?q=giraffe",
        "an artwork's page": "",
    }.items():
        where = path or json.loads(timed(address + "/wall.json?limit=1", 1)[1])["cards"][0]["href"]
        print(f"  {name:28} {timed(address + where)[0]:7.1f} ms")
    cards = json.loads(timed(address + "/wall.json?limit=60", 1)[1])["cards"]
    made = [timed(address + card["thumb"], 1)[0] for card in cards]
    kept = [timed(address + card["thumb"], 1)[0] for card in cards]
    print(f"  a thumbnail                  {median(made):7.1f} ms made, {median(kept):.1f} ms kept")
    for offset in range(0, min(count, 6000), 60):
        for card in json.loads(timed(f"{address}/wall.json?offset={offset}", 1)[1])["cards"]:
            timed(address + card["thumb"], 1)
    print(f"  memory of the server         {before:7.0f} MB before 6,000 pictures were looked at, {memory(pid):.0f} MB after", flush=True)
    if find():
        print(scrolled(address + "/"))


if __name__ == "__main__":
    main()
