"""An index of all artworks under a root, to find them fast: SQLite, made from the run folders and the events, and made anew at will.

It is never the truth. A run does not know of it; where it is damaged or cannot be written, another is made, in memory if it must be.
SQLite on a network's disk may lock or break, so it keeps no write-ahead log there, and nothing is lost with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

from creativity.errors import CreativityError, nearest
from creativity.gallery import events
from creativity.gallery.reading import SUFFIXES, Entry, read

STATE = ".gallery"
"""The folder under the root for all that can be made again."""
NAME = f"{STATE}/index.sqlite"
SCHEMA = 1
CHUNK = 500  # entries that are written at a time
FRESH = 2.0  # seconds in which a folder may change without its clock showing it
PATIENCE = 10.0  # seconds to wait for another process's writing
DEEPEST = 12
STATES = ("done", "running", "stopped", "broken")

COLUMNS = tuple(field.name for field in fields(Entry) if field.name not in ("parents", "starred", "tags", "boards", "trashed"))

TABLES = f"""
create table facts (name text primary key, value text) without rowid;
create table artworks (
    id integer primary key, {", ".join(COLUMNS)}, parents, signature, starred integer default 0, trashed integer default 0
);
create unique index by_key on artworks (key);
create unique index by_path on artworks (path);
create index by_date on artworks (trashed, made);
create index by_loss on artworks (trashed, loss);
create index by_digest on artworks (digest);
create index by_state on artworks (state);
create index by_seed on artworks (seed);
create index by_star on artworks (starred, made);
create table others (path text primary key, signature text) without rowid; -- files that carry no recipe: looked into once
create table parents (digest text, id integer, primary key (digest, id)) without rowid;
create table labels (path text, kind text, name text, primary key (path, kind, name)) without rowid;
create index by_label on labels (kind, name);
create virtual table words using fts5(said, prefix='2 3', tokenize='unicode61 remove_diacritics 2');
"""

ORDERS = {"newest": "made desc, id desc", "oldest": "made, id", "closest": "loss is null, loss, id", "title": "title collate nocase, id"}


@dataclass(frozen=True)
class Query:
    """Which artworks, in which order. ``text``: words that must all be said of it, by their beginnings; ``since`` and ``until``
    in seconds since 1970; ``folder``: in a series or batch. Raises CreativityError for an order or a state that there is not.
    """

    text: str = ""
    renderer: str = ""
    objective: str = ""
    optimizer: str = ""
    seed: int | None = None
    since: float | None = None
    until: float | None = None
    state: str = ""
    starred: bool = False
    tag: str = ""
    board: str = ""
    folder: str = ""
    trashed: bool = False
    order: str = "newest"
    offset: int = 0
    limit: int = 60

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise CreativityError(f"no order is called {self.order!r}; {nearest(self.order, ORDERS)}")
        if self.state and self.state not in STATES:
            raise CreativityError(f"no state is called {self.state!r}; {nearest(self.state, STATES)}")

    def where(self) -> tuple[str, list[Any]]:
        """The condition, as SQL with its values."""
        asked: list[tuple[str, list[Any]]] = [("trashed = ?", [int(self.trashed)])]
        said = [word for word in self.text.split() if any(map(str.isalnum, word))]
        if said:
            match = " ".join('"{}"*'.format(word.replace('"', '""')) for word in said[:50])
            asked.append(("id in (select rowid from words where words match ?)", [match]))
        for name in ("renderer", "optimizer", "state"):
            if value := getattr(self, name):
                asked.append((f"{name} = ?", [value]))
        if self.objective:
            asked.append(("(', ' || objective || ',') like ? escape '\\'", [f"%, {_plain(self.objective)},%"]))
        if self.seed is not None:
            asked.append(("seed = ?", [self.seed]))
        if self.since is not None:
            asked.append(("made >= ?", [self.since]))
        if self.until is not None:
            asked.append(("made < ?", [self.until]))
        if self.starred:
            asked.append(("starred = 1", []))
        for kind in ("tag", "board"):
            if value := getattr(self, kind):
                asked.append(("path in (select path from labels where kind = ? and name = ?)", [kind, value]))
        if self.folder:
            asked.append(("path like ? escape '\\'", [f"{_plain(self.folder)}/%"]))
        return " and ".join(sql for sql, _ in asked), [value for _, values in asked for value in values]


def _plain(text: str) -> str:
    """A text whose signs stand for themselves in LIKE."""
    return "".join(f"\\{sign}" if sign in "\\%_" else sign for sign in text)


class Index:
    """All artworks under ``root``, at any depth: run folders, and files that carry a recipe. Any thread may ask.

    Raises CreativityError where the root is no folder.
    """

    def __init__(self, root: str | Path):
        self.root = Path(root)
        if not self.root.is_dir():
            raise CreativityError(f"there is no folder {root}; fit and paint put their runs into runs/")
        self._lock = threading.RLock()
        self._refreshing = threading.Lock()
        self._base = self._open()

    def close(self) -> None:
        with self._lock:
            self._base.close()

    # Keeping up with the folders

    def refresh(self) -> int:
        """Take in what is new, changed or gone. Returns how many entries were read.

        A folder whose time of change is as it was is not looked into. One thread at a time; others wait for it.
        """
        with self._refreshing:
            rows = self._all("select path, signature, state from artworks union all select path, signature, '' from others")
            known = {path: (signature, state) for path, signature, state in rows}
            count, work = 0, self._changed(known)
            while chunk := [(path, read(self.root, path), signature) for path, signature in islice(work, CHUNK)]:
                self._write(chunk)
                count += sum(entry is not None for _, entry, _ in chunk)
            for gone in _parts([*known]):  # what the walk has met is no longer in it
                with self._writing():
                    self._drop(gone)
            self._hear()
            return count

    def rebuild(self) -> int:
        """The same from nothing; what was known is given up. Returns how many entries were read."""
        with self._refreshing, self._lock:
            self._base.close()
            with contextlib.suppress(OSError):
                (self.root / NAME).unlink()
            self._base = self._open()
        return self.refresh()

    def add(self, place: str | Path) -> Entry:
        """Take in one run folder or file now, and return its entry. Raises CreativityError where it is none, or is elsewhere."""
        place = Path(place)
        try:
            path = place.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            raise CreativityError(f"{place} is not in {self.root}") from None
        entry = read(self.root, path)
        if entry is None:
            raise CreativityError(f"{place} carries no recipe of creativity")
        with self._refreshing:
            self._write([(path, entry, "")])
        return self._one("path = ?", path)

    def _changed(self, known: dict[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """Paths whose entry is missing or may be wrong, with what tells whether they change again. What is met leaves ``known``."""
        recent = time.time() - FRESH
        for path, status, asked in _walk(self.root):
            signature = f"{status.st_mtime_ns}-{status.st_size}"
            before = known.get(path)
            if before is not None and before[0] == signature and before[1] != "running":
                del known[path]
            elif asked():
                known.pop(path, None)
                yield path, signature if status.st_mtime < recent else ""

    def _write(self, found: Iterable[tuple[str, Entry | None, str]]) -> None:
        names = (*COLUMNS, "parents", "signature")
        put = (
            f"insert into artworks ({', '.join(names)}) values ({', '.join('?' * len(names))}) on conflict (path) do update set "
            + ", ".join(f"{name} = excluded.{name}" for name in names)
            + " returning id"
        )
        with self._writing():
            for path, entry, signature in found:
                if entry is None:
                    self._drop([path])
                    self._base.execute("insert or replace into others values (?, ?)", [path, signature])
                    continue
                self._base.execute("delete from others where path = ?", [path])
                values = [getattr(entry, name) for name in names[:-1]]
                plain = [json.dumps(value) if isinstance(value, tuple) else value for value in values]
                (number,) = self._base.execute(put, [*plain, signature]).fetchone()
                self._base.execute("delete from parents where id = ?", [number])
                self._base.executemany("insert or ignore into parents values (?, ?)", [(digest, number) for digest in entry.parents])
                self._label(path)

    def _drop(self, paths: Sequence[str]) -> None:
        marks = ", ".join("?" * len(paths))
        for table, column in (("words", "rowid"), ("parents", "id")):
            self._base.execute(f"delete from {table} where {column} in (select id from artworks where path in ({marks}))", paths)
        for table in ("artworks", "others"):
            self._base.execute(f"delete from {table} where path in ({marks})", paths)

    def _hear(self) -> None:
        """Take in the events that were not heard yet."""
        with self._writing():
            heard = int(self._fact("events") or 0)
            if not heard or heard > _size(self.root / events.NAME):  # another file than it was
                heard = 0
                self._base.execute("delete from labels")
            touched: dict[str, None] = {}
            for after, event in events.since(self.root, heard):
                heard = after
                of = event.get("of")
                for path in of if isinstance(of, list) else ():
                    if isinstance(path, str) and self._heard(path, event):
                        touched[path] = None
            for path in touched:
                self._label(path)
            self._base.execute("insert or replace into facts values ('events', ?)", [str(heard)])

    def _heard(self, path: str, event: dict[str, Any]) -> bool:
        """Note what an event says of an artwork, whether it is indexed or not; False for what says nothing that holds."""
        kind, name = event["kind"], event.get("name", "")
        if kind not in ("star", "trash", "tag", "board") or not isinstance(name, str):
            return False
        if event.get("on", True):
            self._base.execute("insert or ignore into labels values (?, ?, ?)", [path, kind, name])
        else:
            self._base.execute("delete from labels where path = ? and kind = ? and name = ?", [path, kind, name])
        return True

    def _label(self, path: str) -> None:
        """Bring an artwork's words, star and trash up to what is said of it."""
        row = self._base.execute(f"select id, {', '.join(COLUMNS)} from artworks where path = ?", [path]).fetchone()
        if row is None:
            return
        number, *values = row
        entry = dict(zip(COLUMNS, values, strict=True))
        labels = self._base.execute("select kind, name from labels where path = ?", [path]).fetchall()
        kinds = {kind for kind, _ in labels}
        self._base.execute(
            "update artworks set starred = ?, trashed = ? where id = ?", [int("star" in kinds), int("trash" in kinds), number]
        )
        said = [str(entry[name]) for name in ("title", "renderer", "objective", "optimizer", "seed", "path", "prompts")]
        self._base.execute("delete from words where rowid = ?", [number])
        self._base.execute("insert into words (rowid, said) values (?, ?)", [number, " ".join([*said, *(name for _, name in labels)])])

    # Asking

    def find(self, query: Query) -> list[Entry]:
        """Those that the query asks for, ``limit`` of them from ``offset`` on."""
        where, values = query.where()
        return self._entries(f"{where} order by {ORDERS[query.order]} limit ? offset ?", [*values, query.limit, query.offset])

    def count(self, query: Query) -> int:
        """How many there are, wherever one begins."""
        where, values = query.where()
        return int(self._all(f"select count(*) from artworks where {where}", values)[0][0])

    def get(self, key: str) -> Entry | None:
        return next(iter(self._entries("key = ?", [key])), None)

    def by_digest(self, digest: str) -> Entry | None:
        """The first that was made, of those that are the same."""
        return next(iter(self._entries("digest = ? and digest != '' order by made limit 1", [digest])), None)

    def children(self, digest: str) -> list[Entry]:
        """What was varied from it, bred from it, or goes on from it, the oldest first."""
        return self._entries("id in (select id from parents where digest = ?) order by made, id", [digest])

    def renderers(self) -> list[str]:
        return [name for (name,) in self._all("select distinct renderer from artworks where renderer != '' order by renderer")]

    def tags(self) -> list[str]:
        return [name for name, _ in self._named("tag")]

    def boards(self) -> list[tuple[str, int]]:
        """The names of the boards, with how many artworks are on each."""
        return self._named("board")

    # Saying

    def star(self, key: str, on: bool) -> None:
        self._say(key, "star", on)

    def trash(self, key: str, on: bool) -> None:
        self._say(key, "trash", on)

    def tag(self, key: str, name: str, on: bool) -> None:
        self._say(key, "tag", on, name)

    def board(self, key: str, name: str, on: bool) -> None:
        self._say(key, "board", on, name)

    def note(self, kind: str, **facts: Any) -> None:
        """An event that changes nothing here, such as which of two was liked better."""
        events.record(self.root, kind, **facts)

    def _say(self, key: str, kind: str, on: bool, name: str = "") -> None:
        if (entry := self.get(key)) is None:
            raise CreativityError(f"no artwork here has the key {key!r}")
        events.record(self.root, kind, of=[entry.path], on=on, **({"name": name} if name else {}))
        self._hear()

    # The file

    def _open(self) -> sqlite3.Connection:
        with contextlib.suppress(OSError):
            (self.root / STATE).mkdir(exist_ok=True)
        for place in (str(self.root / NAME), str(self.root / NAME), ":memory:"):
            try:
                return _opened(place)
            except sqlite3.DatabaseError:  # damaged, of another version, or not to be written
                with contextlib.suppress(OSError):
                    Path(place).unlink()
        raise CreativityError("SQLite can hold no index, not even in memory")

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.DatabaseError as error:
            again = f"make it anew: creativity reindex {self.root}"
            raise CreativityError(f"the index of {self.root} cannot be used ({error}); {again}") from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._asking(), self._base:
            yield

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._asking():
            return self._base.execute(sql, values).fetchall()

    def _fact(self, name: str) -> str | None:
        return next((value for (value,) in self._all("select value from facts where name = ?", [name])), None)

    def _named(self, kind: str) -> list[tuple[str, int]]:
        return self._all(
            "select name, count(*) from labels join artworks using (path) where kind = ? and not trashed group by name order by name",
            [kind],
        )

    def _one(self, where: str, *values: Any) -> Entry:
        return self._entries(where, values)[0]

    def _entries(self, where: str, values: Sequence[Any]) -> list[Entry]:
        with self._lock:
            rows = self._all(f"select {', '.join(COLUMNS)}, parents, starred, trashed from artworks where {where}", values)
            paths = [row[COLUMNS.index("path")] for row in rows]
            labels: dict[str, dict[str, list[str]]] = {}
            for part in _parts(paths):
                said = f"select path, kind, name from labels where path in ({', '.join('?' * len(part))}) order by name"
                for path, kind, name in self._all(said, part):
                    labels.setdefault(path, {}).setdefault(kind, []).append(name)
        found = []
        for *facts, parents, starred, trashed in rows:
            about: dict[str, Any] = dict(zip(COLUMNS, facts, strict=True))
            about |= {"prompts": tuple(json.loads(about["prompts"])), "parents": tuple(json.loads(parents))}
            mine = labels.get(about["path"], {})
            about |= {"tags": tuple(mine.get("tag", ())), "boards": tuple(mine.get("board", ()))}
            found.append(Entry(**about, starred=bool(starred), trashed=bool(trashed)))
        return found


def _opened(place: str) -> sqlite3.Connection:
    base = sqlite3.connect(place, timeout=PATIENCE, check_same_thread=False)
    try:
        base.execute("pragma synchronous = off")  # what a power cut spoils is made anew
        version = base.execute("pragma user_version").fetchone()[0]
        if version not in (0, SCHEMA):
            raise sqlite3.DatabaseError(f"schema {version}")
        if version == 0:
            base.executescript(f"begin immediate; {TABLES} pragma user_version = {SCHEMA}; commit;")
        base.execute("select count(*) from artworks where trashed").fetchone()
    except BaseException:
        base.close()
        raise
    return base


def _walk(root: Path) -> Iterator[tuple[str, os.stat_result, Any]]:
    """Every folder and file that may be an artwork, as (path, stat, whether it is one, found out when asked), parents first.

    Links are not followed, what begins with a dot is passed over, and a run folder's own files are its own.
    """
    waiting = [("", 0)]
    while waiting:
        folder, depth = waiting.pop()
        with contextlib.suppress(OSError), os.scandir(root / folder) as listed:
            for item in listed:
                path = f"{folder}/{item.name}" if folder else item.name
                if item.name.startswith(".") or item.is_symlink():
                    continue
                with contextlib.suppress(OSError):
                    if item.is_dir():
                        asked = _Folder(item.path)
                        yield path, item.stat(), asked
                        if asked.descends and depth < DEEPEST:
                            waiting.append((path, depth + 1))
                    elif item.name.lower().endswith(SUFFIXES) and not item.name.endswith("results.json"):
                        yield path, item.stat(), lambda: True


class _Folder:
    """Whether a folder is a run's. Nobody who knows asks; then it is one."""

    def __init__(self, place: str):
        self._place, self.descends = place, False

    def __call__(self) -> bool:
        self.descends = not os.path.exists(os.path.join(self._place, "recipe.toml"))
        return not self.descends


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
