"""What can be said of an artwork from its run folder or file, without drawing it: torch is not loaded for run folders."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from creativity.errors import CreativityError, one_line
from creativity.files import RunFolder, digest_bytes
from creativity.recipe import parse_json, product_digest
from creativity.streams import MAX_SEED

LARGEST = 16_000_000  # bytes of an artwork's JSON, as `creativity.artwork` reads it
SUFFIXES = (".png", ".svg", ".json")


@dataclass(frozen=True)
class Entry:
    """A run folder or an artwork's file, as the index knows it.

    ``key`` stands for ``path``, which is under the root; ``made`` is in seconds since 1970; ``digest`` is what lineage goes by
    (`Artwork.digest`), ``parents`` the digests of what it was made from; ``state`` is done, running, stopped or broken, and then
    ``error`` says why. ``folder`` is the path of the series or batch that it belongs to, empty where there is none.
    """

    key: str
    path: str
    title: str = ""
    prompts: tuple[str, ...] = ()
    renderer: str = ""
    objective: str = ""
    optimizer: str = ""
    seed: int = 0
    loss: float | None = None
    steps: int | None = None
    seconds: float | None = None
    width: int = 1
    height: int = 1
    state: str = "done"
    error: str = ""
    made: float = 0.0
    digest: str = ""
    parents: tuple[str, ...] = ()
    starred: bool = False
    tags: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    trashed: bool = False

    @property
    def folder(self) -> str:
        parent = Path(self.path).parent.as_posix()
        return "" if parent == "." else parent


def key_of(path: str) -> str:
    """What an artwork is called in addresses: nothing of a path can be made of it."""
    return digest_bytes(path.encode("utf-8", "surrogateescape"))[:16]


def read(root: Path, path: str) -> Entry | None:
    """The entry for a run folder or file; of what is damaged, one that says so. None for a file that holds no artwork."""
    place = root / path
    try:
        return _read_run(place, path) if place.is_dir() else _read_file(place, path)
    except (CreativityError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        words = f"it lacks {error}" if isinstance(error, KeyError) else error
        return Entry(key_of(path), path, title=place.stem, state="broken", error=one_line(words)[:500], made=_changed(place))


def _read_run(place: Path, path: str) -> Entry:
    run = RunFolder(place)
    state = "done" if run.done else "running" if run.owner_lives else "stopped"
    made = _changed(run / "recipe.toml")
    if (run / "artwork.json").exists():
        data = _json(run / "artwork.json")
        volatile = data.get("volatile") or {}
        finished = datetime.fromisoformat(volatile["finished"]).timestamp() if "finished" in volatile else made
        return _entry(path, place.name, data["recipe"], state, finished, data["results"], data["genome"], volatile.get("seconds"))
    import tomllib

    with open(run / "recipe.toml", "rb") as file:
        return _entry(path, place.name, tomllib.load(file), state, made, _last(run / "history.jsonl"))


def _read_file(place: Path, path: str) -> Entry | None:
    if place.suffix.lower() == ".json":
        data = _json(place)
        if data.get("format") != "creativity-artwork":
            return None
    else:
        from creativity.artwork import open_artwork  # behind its gates for pictures and drawings of whatever origin

        try:
            data = json.loads(open_artwork(place).to_json())
        except CreativityError as error:
            if "carries no recipe" in str(error):
                return None
            raise
    return _entry(path, place.stem, data["recipe"], "done", _changed(place), data["results"], data["genome"])


def _json(place: Path) -> dict[str, Any]:
    with open(place, "rb") as file:
        text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise CreativityError(f"{place.name} has more than {LARGEST:,} bytes")
    data = parse_json(text, place.name)
    if not isinstance(data, dict):
        raise CreativityError(f"{place.name} holds no artwork of creativity")
    return data


def _entry(
    path: str,
    name: str,
    recipe: Mapping[str, Any],
    state: str,
    made: float,
    results: Mapping[str, Any],
    genome: Mapping[str, Any] | None = None,
    seconds: Any = None,
) -> Entry:
    prompts = _prompts(recipe)
    target = Path(str((recipe.get("target") or {}).get("name", ""))).stem.replace("_", " ").replace("-", " ").strip()
    width, height = recipe["canvas"]
    if not 0 <= recipe["seed"] <= MAX_SEED:
        raise CreativityError(f"a seed is from 0 to {MAX_SEED}")
    of = [*(recipe.get("variation") or {}).get("of", ()), *filter(None, (recipe.get("start"),))]
    known = next(filter(None, (target, *(str(parent.get("name", "")) for parent in of))), name)
    return Entry(
        key_of(path),
        path,
        title=", ".join(prompts) or known,
        prompts=prompts,
        renderer=str(recipe["renderer"]["name"]),
        objective=_objective(recipe["objective"]),
        optimizer=str(recipe["optimizer"]["name"]),
        seed=int(recipe["seed"]),
        loss=_number(results.get("loss")),
        steps=None if results.get("steps") is None else int(results["steps"]),
        seconds=_number(seconds),
        width=max(1, int(width)),
        height=max(1, int(height)),
        state=state,
        made=made,
        digest=_digest(recipe["renderer"], genome) if genome else "",
        parents=tuple(str(parent["sha256"]) for parent in of),
    )


def _prompts(recipe: Mapping[str, Any]) -> tuple[str, ...]:
    """What it shows, by what was asked for: of the prior, or else of the terms of the objective."""
    objective = recipe["objective"]
    terms = objective.get("terms", {"": objective}).values()
    found = [(recipe.get("imagined") or {}).get("prompts", ()), *(term.get("prompts", ()) for term in terms if isinstance(term, Mapping))]
    return tuple(_without_signs(str(prompt)) for prompt in next(filter(None, found), ()))


def _without_signs(prompt: str) -> str:
    """A prompt as words alone: "a sunset:2 @ left" -> "a sunset"."""
    words = prompt.partition("@")[0].strip()
    head, colon, tail = words.rpartition(":")
    return head if colon and tail.strip().lstrip("-").replace(".", "").isdigit() else words


def _objective(part: Mapping[str, Any]) -> str:
    return ", ".join(part["terms"]) if part["name"] == "sum" and part.get("terms") else str(part["name"])


def _digest(renderer: Mapping[str, Any], genome: Mapping[str, Any]) -> str:
    """The same as `Artwork.digest`."""
    try:
        numbers = base64.b64decode(genome["float32"], validate=True)
    except binascii.Error as error:
        raise CreativityError(f"a damaged genome: {error}") from error
    return product_digest(renderer, numbers)


def _last(history: Path) -> dict[str, Any]:
    """Loss and steps by the last whole line of a run's history."""
    try:
        with open(history, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - 20_000))
            lines = file.read().splitlines()
    except OSError:
        return {}
    for line in reversed(lines):
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
            said = json.loads(line)
            return {"loss": said["best"], "steps": said["step"]}
    return {}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _changed(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except OSError:
        return 0.0
