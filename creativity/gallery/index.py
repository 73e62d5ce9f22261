"""The index of a folder of runs: what the wall asks for, in SQLite. It can be deleted at any time; the folders are the truth.

A run is known by a key, made from its place under the root: whoever asks with a key never names a path.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from creativity.errors import CreativityError, one_line
from creativity.files import digest_bytes, make_folder
from creativity.gallery import events
from creativity.recipe import Recipe, parse_json, product_digest
from creativity.sources import open_source

SCHEMA = 1
STATE = ".gallery"
"""The folder under the root for what can be made again."""
ORDERS = {"newest": "made DESC, path DESC", "oldest": "made, path", "closest": "loss IS NULL, loss, path"}
MAX_BYTES = 16_000_000
CHUNK = 500


@dataclass(frozen=True)
class Entry:
    """A run as the wall shows it. ``state``: done, running, stopped or broken; ``digest`` and ``parents`` are of artworks."""

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
    width: int = 1
    height: int = 1
    state: str = "done"
    error: str = ""
    made: float = 0.0
    digest: str = ""
    parents: tuple[str, ...] = ()
    starred: bool = False
    trashed: bool = False
    tags: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """Which runs: every word of ``text`` is in what is known of them; the other fields where they are not empty."""

    text: str = ""
    renderer: str = ""
    starred: bool = False
    tag: str = ""
    board: str = ""
    state: str = ""
    trashed: bool = False
    order: str = "newest"
    offset: int = 0
    limit: int = 60


_STORED = [field.name for field in fields(Entry) if field.name not in ("starred", "trashed", "tags", "boards")]
_LISTS = ("prompts", "parents")

_TABLES = f"""
CREATE TABLE IF NOT EXISTS runs ({", ".join(f"{name} PRIMARY KEY" if name == "key" else name for name in _STORED)}, stamp, text);
CREATE INDEX IF NOT EXISTS by_made ON runs (made, path);
CREATE INDEX IF NOT EXISTS by_digest ON runs (digest);
CREATE INDEX IF NOT EXISTS by_renderer ON runs (renderer);
CREATE TABLE IF NOT EXISTS descent (key, digest, PRIMARY KEY (key, digest));
CREATE INDEX IF NOT EXISTS by_parent ON descent (digest);
CREATE TABLE IF NOT EXISTS marks (key, kind, name, PRIMARY KEY (key, kind, name));
CREATE INDEX IF NOT EXISTS by_mark ON marks (kind, name);
CREATE TABLE IF NOT EXISTS meta (name PRIMARY KEY, value);
"""


def key_of(path: str) -> str:
    """The key of the run at a place under the root."""
    return digest_bytes(path.encode(errors="surrogateescape"))[:20]


class Index:
    """Of the runs under ``root``. It may be used from any thread."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self._lock = threading.RLock()
        self._scanning = threading.Lock()
        self._base = self._open()

    def _open(self) -> sqlite3.Connection:
        """The index as it was left, or an empty one: where it is damaged, of another version, or nothing can be written."""
        place = self.root / STATE / "index.sqlite"
        try:
            make_folder(place.parent)
            base = sqlite3.connect(place, check_same_thread=False, isolation_level=None, timeout=10)
            if base.execute("PRAGMA user_version").fetchone()[0] not in (0, SCHEMA):
                base.close()
                place.unlink()
                base = sqlite3.connect(place, check_same_thread=False, isolation_level=None, timeout=10)
            self._prepare(base)
        except sqlite3.DatabaseError as error:
            try:
                if isinstance(error, sqlite3.OperationalError):  # locked, or on a disk that is read-only
                    raise OSError from error
                place.unlink()
                base = sqlite3.connect(place, check_same_thread=False, isolation_level=None, timeout=10)
                self._prepare(base)
            except (OSError, sqlite3.Error):
                return self._in_memory()
        except (OSError, CreativityError):
            return self._in_memory()
        return base

    def _in_memory(self) -> sqlite3.Connection:
        base = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._prepare(base)
        return base

    def _prepare(self, base: sqlite3.Connection) -> None:
        base.execute("PRAGMA synchronous = OFF")  # what a power cut takes is read again
        base.execute("PRAGMA journal_mode = MEMORY")
        base.executescript(_TABLES)
        base.execute(f"PRAGMA user_version = {SCHEMA}")

    def close(self) -> None:
        with self._lock:
            self._base.close()

    # -- asking

    def find(self, query: Query) -> list[Entry]:
        where, values = _where(query)
        order = ORDERS.get(query.order, ORDERS["newest"])
        rows = self._rows(f"SELECT * FROM runs WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?", [*values, query.limit, query.offset])
        return self._entries(rows)

    def count(self, query: Query) -> int:
        where, values = _where(query)
        return int(self._rows(f"SELECT count(*) FROM runs WHERE {where}", values)[0][0])

    def get(self, key: str) -> Entry | None:
        return next(iter(self._entries(self._rows("SELECT * FROM runs WHERE key = ?", [key]))), None)

    def by_digest(self, digest: str) -> Entry | None:
        """The run whose artwork has this digest."""
        return next(iter(self._entries(self._rows("SELECT * FROM runs WHERE digest = ? ORDER BY made LIMIT 1", [digest]))), None)

    def children(self, digest: str) -> list[Entry]:
        """The runs that were made from the artwork with this digest."""
        if not digest:
            return []
        asked = "SELECT runs.* FROM descent JOIN runs USING (key) WHERE descent.digest = ? ORDER BY made LIMIT 1000"
        return self._entries(self._rows(asked, [digest]))

    def renderers(self) -> list[str]:
        return [name for (name,) in self._rows("SELECT DISTINCT renderer FROM runs WHERE renderer != '' ORDER BY renderer", [])]

    def tags(self) -> list[str]:
        return [name for (name,) in self._rows("SELECT DISTINCT name FROM marks WHERE kind = 'tag' ORDER BY name", [])]

    def boards(self) -> list[tuple[str, int]]:
        """Their names, and how many runs hang there."""
        asked = (
            "SELECT name, count(*) FROM marks JOIN runs USING (key) WHERE kind = 'board' "
            "AND key NOT IN (SELECT key FROM marks WHERE kind = 'trash') GROUP BY name ORDER BY name"
        )
        return [(name, count) for name, count in self._rows(asked, [])]

    def _rows(self, statement: str, values: Iterable[Any]) -> list[Any]:
        with self._lock:
            return self._base.execute(statement, [*values]).fetchall()

    def _entries(self, rows: list[Any]) -> list[Entry]:
        keys = [row[0] for row in rows]
        marks: dict[str, dict[str, list[str]]] = {key: {} for key in keys}
        for start in range(0, len(keys), CHUNK):
            some = keys[start : start + CHUNK]
            asked = f"SELECT key, kind, name FROM marks WHERE key IN ({','.join('?' * len(some))}) ORDER BY name"
            for key, kind, name in self._rows(asked, some):
                marks[key].setdefault(kind, []).append(name)
        found = []
        for row in rows:
            stored: dict[str, Any] = dict(zip(_STORED, row, strict=False))
            stored |= {name: tuple(json.loads(stored[name])) for name in _LISTS}
            mark = marks[row[0]]
            stored |= {"starred": "star" in mark, "trashed": "trash" in mark}
            found.append(Entry(**stored, tags=tuple(mark.get("tag", ())), boards=tuple(mark.get("board", ()))))
        return found

    # -- saying: each is an event

    def star(self, key: str, on: bool) -> None:
        self._say("star", key, on=on)

    def trash(self, key: str, on: bool) -> None:
        self._say("trash", key, on=on)

    def tag(self, key: str, tag: str, on: bool) -> None:
        self._say("tag", key, name=tag, on=on)

    def board(self, key: str, board: str, on: bool) -> None:
        self._say("board", key, name=board, on=on)

    def note(self, kind: str, **what: Any) -> None:
        """A rating that changes no mark: ``pair`` or ``pick``."""
        with self._lock:
            events.append(self.root, kind, **what)

    def _say(self, kind: str, key: str, **what: Any) -> None:
        with self._lock:
            found = self.get(key)
            events.append(self.root, kind, key=key, path=found.path if found else "", **what)
            self._hear()

    def _hear(self) -> None:
        """Take in the events that were written since."""
        with self._lock:
            row = self._base.execute("SELECT value FROM meta WHERE name = 'events'").fetchone()
            heard = int(row[0]) if row else 0
            place = self.root / events.NAME
            length = place.stat().st_size if place.is_file() else 0
            if length == heard:
                return
            if length < heard:  # another file than it was
                self._base.execute("DELETE FROM marks")
                heard = 0
            said, heard = events.read(self.root, heard)
            self._base.execute("BEGIN")
            for event in said:
                key, kind, name = event.get("key"), event["event"], event.get("name", "")
                if not isinstance(key, str) or not isinstance(name, str) or kind in ("pair", "pick"):
                    continue
                if event.get("on"):
                    self._base.execute("INSERT OR IGNORE INTO marks VALUES (?, ?, ?)", [key, kind, name])
                else:
                    self._base.execute("DELETE FROM marks WHERE key = ? AND kind = ? AND name = ?", [key, kind, name])
            self._base.execute("INSERT OR REPLACE INTO meta VALUES ('events', ?)", [heard])
            self._base.execute("COMMIT")

    # -- reading the folders

    def refresh(self) -> int:
        """Read what is new or has changed, forget what is gone; returns how many runs were read."""
        with self._scanning:
            self._hear()
            known = dict(self._rows("SELECT path, stamp FROM runs", []))
            read, batch, seen = 0, [], set()
            for path in self._folders():
                seen.add(path)
                stamp = _stamp(self.root / path)
                if known.get(path) == stamp:
                    continue
                batch.append((read_run(self.root, path), stamp))
                read += 1
                if len(batch) >= CHUNK:
                    self._store(batch)
                    batch.clear()
            self._store(batch)
            gone = [path for path in known if path not in seen]
            with self._lock:
                self._base.execute("BEGIN")
                self._base.executemany("DELETE FROM runs WHERE path = ?", [(path,) for path in gone])
                self._base.execute("COMMIT")
            return read

    def add(self, place: Path) -> Entry:
        """Read one run now. Raises CreativityError for a place that is not under the root."""
        try:
            path = str(place.relative_to(self.root))
        except ValueError:
            raise CreativityError(f"{place} is not in the gallery's folder {self.root}") from None
        entry = read_run(self.root, path)
        self._store([(entry, _stamp(place))])
        found = self.get(entry.key)
        assert found is not None
        return found

    def _folders(self) -> Iterator[str]:
        """The places of all runs; hidden folders, and what links lead to, are passed over."""
        waiting = [""]
        while waiting:
            path = waiting.pop()
            try:
                with os.scandir(self.root / path) as inside:
                    entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in inside]
            except OSError:
                continue
            if path and any(name == "recipe.toml" for name, _ in entries):
                yield path
            else:
                waiting.extend(f"{path}/{name}" if path else name for name, folder in entries if folder and not name.startswith("."))

    def _store(self, batch: list[tuple[Entry, str]]) -> None:
        rows, descent = list[list[Any]](), list[tuple[str, str]]()
        for entry, stamp in batch:
            plain = [json.dumps(getattr(entry, name)) if name in _LISTS else getattr(entry, name) for name in _STORED]
            words = [
                entry.title,
                *entry.prompts,
                entry.renderer,
                entry.objective,
                entry.optimizer,
                str(entry.seed),
                entry.path,
                entry.state,
            ]
            rows.append([*plain, stamp, " ".join(words).casefold()])
            descent.extend((entry.key, digest) for digest in entry.parents)
        with self._lock:
            self._base.execute("BEGIN")
            self._base.executemany(f"INSERT OR REPLACE INTO runs VALUES ({','.join('?' * (len(_STORED) + 2))})", rows)
            self._base.executemany("INSERT OR IGNORE INTO descent VALUES (?, ?)", descent)
            self._base.execute("COMMIT")


def _where(query: Query) -> tuple[str, list[Any]]:
    trash = "(SELECT key FROM marks WHERE kind = 'trash')"
    parts, values = [f"key {'IN' if query.trashed else 'NOT IN'} {trash}"], list[Any]()
    for word in query.text.casefold().split()[:20]:
        like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        parts.append(
            "(text LIKE ? ESCAPE '\\' OR key IN (SELECT key FROM marks WHERE kind IN ('tag', 'board') AND name LIKE ? ESCAPE '\\'))"
        )
        values += [like, like]
    for name in ("renderer", "state"):
        if value := getattr(query, name):
            parts.append(f"{name} = ?")
            values.append(value)
    for kind, name in (("tag", query.tag), ("board", query.board)):
        if name:
            parts.append("key IN (SELECT key FROM marks WHERE kind = ? AND name = ?)")
            values += [kind, name]
    if query.starred:
        parts.append("key IN (SELECT key FROM marks WHERE kind = 'star')")
    return " AND ".join(parts), values


def _stamp(place: Path) -> str:
    """What changes when a run goes on: of one that is done nothing does."""
    times = []
    for name in ("DONE", "artwork.json", "state.safetensors", "recipe.toml"):
        try:
            times.append(str(os.stat(place / name).st_mtime_ns))
        except OSError:
            times.append("")
    if not times[0]:
        times.append("running" if is_running(place) else "stopped")
    return " ".join(times)


def is_running(place: Path) -> bool:
    """Whether a living process of this machine says that it holds the run."""
    try:
        pid = json.loads((place / "owner.json").read_bytes()[:10_000])["pid"]
        os.kill(int(pid), 0)
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return False
    return True


def read_run(root: Path, path: str) -> Entry:
    """A run folder as an entry; one that cannot be read is an entry too, which says why."""
    place, key = root / path, key_of(path)
    name = os.fsencode(place.name).decode(errors="replace")
    shown = os.fsencode(path).decode(errors="surrogateescape")
    try:
        made = (place / "recipe.toml").stat().st_mtime
        return Entry(key, shown, made=made, **_facts(place, name))
    except (CreativityError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        return Entry(key, shown, title=name, state="broken", error=one_line(error)[:300])


def _facts(place: Path, name: str) -> dict[str, Any]:
    done = (place / "DONE").exists()
    digest, results = "", dict[str, Any]()
    if done:
        with open_source(place / "artwork.json", "artwork", limit=MAX_BYTES) as file:
            data = parse_json(file.read(), "artwork.json")
        recipe = Recipe.from_dict(data["recipe"])
        results = data.get("results", {})
        try:
            digest = product_digest(recipe.renderer, base64.b64decode(data["genome"]["float32"], validate=True))
        except binascii.Error:
            raise CreativityError("artwork.json has a damaged genome") from None
    else:
        with open_source(place / "recipe.toml", "recipe", limit=MAX_BYTES) as file:
            recipe = Recipe.from_toml(file.read().decode(), "recipe.toml")
        results = _last(place / "history.jsonl")
    prompts = tuple(_without_signs(prompt) for prompt in recipe.imagined.prompts) if recipe.imagined else _prompts(recipe.objective.options)
    if recipe.variation:
        parents = tuple(parent.sha256 for parent in recipe.variation.of if parent.sha256)
    else:
        parents = (recipe.start.sha256,) if recipe.start and recipe.start.sha256 else ()
    target = Path(recipe.target.name).stem.replace("_", " ").replace("-", " ") if recipe.target else ""
    return {
        "title": ", ".join(prompts) or target.strip() or name,
        "prompts": prompts,
        "renderer": recipe.renderer.name,
        "objective": recipe.objective.name,
        "optimizer": recipe.optimizer.name,
        "seed": recipe.seed,
        "loss": _finite(results.get("loss")),
        "steps": int(steps) if (steps := _finite(results.get("steps"))) is not None else None,
        "width": recipe.canvas[0],
        "height": recipe.canvas[1],
        "state": "done" if done else "running" if is_running(place) else "stopped",
        "digest": digest,
        "parents": parents,
    }


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e300 else None


def _without_signs(prompt: str) -> str:
    """A prompt as words alone: "a sunset:2 @ left" -> "a sunset"."""
    words = prompt.partition("@")[0].strip()
    head, colon, tail = words.rpartition(":")
    return head if colon and tail.strip().lstrip("-").replace(".", "", 1).isdigit() else words


def _prompts(options: Any) -> tuple[str, ...]:
    """The prompts that an objective, or a term of it, has."""
    found = list[str]()
    if isinstance(options, dict):
        for name, value in options.items():
            if name == "prompts" and isinstance(value, list | tuple):
                found += [_without_signs(prompt) for prompt in value if isinstance(prompt, str)]
            else:
                found += _prompts(value)
    return tuple(dict.fromkeys(found))


def _last(path: Path) -> dict[str, Any]:
    """Loss and steps of the last whole line of a history."""
    try:
        with open(path, "rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - 20_000))
            lines = file.read().splitlines()
    except OSError:
        return {}
    for line in reversed(lines):
        try:
            said = json.loads(line)
            return {"loss": said["best"], "steps": said["step"]}
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return {}
