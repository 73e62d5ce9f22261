"""``python -m benchmarks.store``: an index of 50,000 artworks: how long it takes to make, to keep up and to search, and its memory.

The run folders are made up from those of four real searches: other seeds, losses, dates and prompts, their small files alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

WORDS = (
    *("red", "blue", "green", "golden", "old", "small", "bird", "house", "boat", "mountain"),
    *("river", "night", "morning", "forest", "city", "flower", "horse", "moon", "snow", "garden"),
)
QUERIES: dict[str, dict[str, Any]] = {
    "first page": {},
    "page 500": {"offset": 30_000},
    "two words": {"text": "red bird"},
    "beginnings of words": {"text": "mou gar"},
    "a part, by loss": {"renderer": "shapes", "order": "closest"},
    "a seed": {"seed": 77},
    "a month": {"since": datetime(2026, 3, 1, tzinfo=UTC).timestamp(), "until": datetime(2026, 4, 1, tzinfo=UTC).timestamp()},
    "starred": {"starred": True},
}


def make(root: Path, count: int) -> None:
    """So many run folders, in batches of a thousand."""
    import creativity

    rng = np.random.default_rng(0)
    originals = []
    for renderer, marks in (("triangles", 50), ("shapes", 40), ("strokes", 30), ("circles", 60)):
        folder = root / "real" / renderer
        creativity.fit(np.eye(16, dtype=bool), renderer=renderer, count=marks, steps=30, seed=1, target_size=32, size=64, run_dir=folder)
        originals.append((folder, json.loads((folder / "artwork.json").read_text())))
    began = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        source, data = originals[number % len(originals)]
        folder = root / f"night-{number // 1000}" / f"run-{number}"
        folder.mkdir(parents=True)
        said = " ".join(rng.choice(WORDS, 5))
        data["recipe"] |= {"seed": number, "imagined": {"prompts": [f"a {said}"], "prior": "embedded"}}
        data["results"]["loss"] = float(rng.random())
        data["volatile"]["finished"] = (began + timedelta(minutes=9 * number)).strftime("%Y-%m-%dT%H:%M:%S%z")
        (folder / "artwork.json").write_text(json.dumps(data))
        shutil.copy(source / "recipe.toml", folder)
        (folder / "DONE").touch()


def measured(root: str, line: Any) -> None:
    """In a process of its own, so that its memory is its own."""
    from creativity.gallery.index import Index, Query

    def peak() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()  # (of Linux: what getrusage says begins with the parent's)
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

    def timed(work: Any) -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    found: dict[str, Any] = {"before_bytes": peak()}
    index = Index(root)
    found["rebuild_s"] = timed(index.rebuild)
    found["rebuilt_bytes"] = peak()
    for number in range(100):
        entry = index.find(Query(offset=number * 7, limit=1))[0]
        index.star(entry.key, True)
    time.sleep(3)
    index.refresh()
    found["refresh_s"] = timed(index.refresh)
    for name, how in QUERIES.items():
        query = Query(**how)
        looks = [timed(lambda query=query: (index.find(query), index.count(query))) for _ in range(20)]
        found[name] = {"found": index.count(query), "median_ms": 1000 * sorted(looks)[10], "worst_ms": 1000 * max(looks)}
    for number in range(2000):
        index.find(Query(offset=number * 20, text=WORDS[number % len(WORDS)]))
    found["after_2000_searches_bytes"] = peak()
    found["index_bytes"] = sum(path.stat().st_size for path in Path(root).glob(".gallery/*"))
    line.send(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as place:
        make(Path(place), count)
        here, there = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(target=measured, args=(place, there))
        process.start()
        found = here.recv()
        process.join()
    seconds = f"made in {found['rebuild_s']:.1f} s, refreshed where nothing changed in {found['refresh_s']:.2f} s"
    print(f"{count:,} artworks: {seconds}; {found['index_bytes'] / 1e6:.0f} MB on disk")
    memory = [found[name] / 1e6 for name in ("before_bytes", "rebuilt_bytes", "after_2000_searches_bytes")]
    print("memory, MB: {:.0f} before, {:.0f} when it was made, {:.0f} after 2,000 searches".format(*memory))
    print("| search, with its count | found | median, ms | worst of 20, ms |\n|---|---|---|---|")
    for name in QUERIES:
        print(f"| {name} | {found[name]['found']:,} | {found[name]['median_ms']:.1f} | {found[name]['worst_ms']:.1f} |")


if __name__ == "__main__":
    main()
