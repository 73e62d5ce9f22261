"""From a batch's file to its jobs. What can be checked without loading torch is checked here.

    targets = "photos/*.jpg"            # or prompts = ["a red bird", ["a house", "snow"]]
    seeds = "0..9"
    names = "{target}-{renderer}-{seed}"

    [base]                              # as the flags of fit, or paint
    steps = 500

    [grid]                              # each with each
    renderer = ["strokes", "triangles"]

    [[list]]                            # these together
    count = 50
    size = 800

    [random]                            # drawn
    samples = 5
    "renderer.width" = { low = 0.5, high = 3 }

The jobs are all combinations of a target or prompt, a table of the list, a cell of the grid, a random sample and a seed. A job
is known by the digest of what it does; a name is only what its folder is called.
"""

from __future__ import annotations

import glob
import json
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from creativity import registry
from creativity.arguments import FitArguments, PaintArguments
from creativity.entry import Entry
from creativity.errors import CreativityError, nearest
from creativity.files import RunFolder, digest_bytes
from creativity.objectives.prompts import parse_prompts
from creativity.seeds import seeds_of
from creativity.sources import name_of, open_source, shown, stem_of
from creativity.streams import MAX_SEED, Streams

MAX_FILE, MAX_JOBS = 10_000_000, 50_000
TABLES = ("base", "grid", "list", "names", "prompts", "random", "seeds", "targets")
PARTS = ("renderer", "objective", "optimizer")
AS_IN_A_RECIPE = {
    "stop.steps": "steps",
    "stop.seconds": "max_seconds",
    "stop.loss": "target_loss",
    "stop.plateau": "plateau",
    "start.name": "start",
    "start.keep": "keep",
    "start.lock": "lock",
    "focus.name": "focus",
    "focus.strength": "focus_strength",
    "picture": "pictures",
}
"""Other names of the same: what a recipe calls it, or a flag."""
FILES = ("focus", "start")
"""Fields that name a file, whose content counts."""
IN_A_NAME = 4
"""Of so many fields that vary a job's name tells their values; of more, its number."""

Fields = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One search of a batch: the entry (``entry.folder`` is its name), and the digest of what it does. ``begin`` writes its
    run folder, where no entry can say how it begins."""

    entry: Entry
    digest: str
    begin: Callable[[RunFolder], None] | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.entry.folder


def read_batch(path: str | Path) -> dict[str, Any]:
    """The tables of a batch's file. Raises CreativityError where there is none, or it is no TOML."""
    with open_source(path, "batch", MAX_FILE) as file:
        try:
            return tomllib.loads(file.read().decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CreativityError(f"{shown(path)} is not valid TOML: {error}") from error


def plan_jobs(tables: dict[str, Any], base: Path, what: str, plugins: Sequence[str | Path] = ()) -> list[Job]:
    """The jobs of a batch's tables, each once, in the order of the file; paths are meant from the folder ``base``.

    Raises CreativityError, which begins with ``what``, for a table, a field or a value that cannot be, and where there are no jobs.
    """
    try:
        jobs = _jobs(tables, base, _noted(plugins))
    except CreativityError as error:
        raise CreativityError(f"{what}: {error}") from None
    return jobs


def _jobs(tables: dict[str, Any], base: Path, plugins: list[str]) -> list[Job]:
    for key in tables:
        if key not in TABLES:
            inside = " (it belongs into [base])" if _name(key) in _known("paint") | _known("fit") else ""
            raise CreativityError(f"there is no {key!r} at the top{inside}; {nearest(key, TABLES)}")
    common = _fields(_table(tables, "base"), "[base]")
    listed = [_fields(entry, "[[list]]") for entry in _tables(tables, "list")] or [{}]
    cells = list(_cells(_fields(_table(tables, "grid"), "[grid]", several=True)))
    samples = _samples(dict(_table(tables, "random")))
    seeds = _seeds(tables.get("seeds"))
    subjects = _subjects(tables, base)
    combined: list[Fields] = []
    if len(subjects) * len(listed) * len(cells) * len(samples) * len(seeds) > MAX_JOBS:
        raise CreativityError(f"a batch has at most {MAX_JOBS} jobs; this would be more: split it")
    for parts in product(subjects, listed, cells, samples, seeds):
        fields = dict(common)
        for part in parts:
            fields |= part
        fields.setdefault("seed", 0)
        combined.append(fields)
    for fields in combined:
        _check(fields)
    names = _names(combined, tables.get("names"))
    jobs: dict[str, Job] = {}
    for fields, name in zip(combined, names, strict=True):
        entry = _entry(fields, name, base)
        digest = _digest(entry, base, plugins)
        jobs.setdefault(digest, Job(entry, digest))
    return list(jobs.values())


# -- the fields


@lru_cache(maxsize=2)
def _known(verb: str) -> frozenset[str]:
    arguments = PaintArguments if verb == "paint" else FitArguments
    own = {"prompts"} if verb == "paint" else {"target"}
    return frozenset({*arguments.__optional_keys__, *arguments.__required_keys__, *own} - {"plugins", "options"})


def _name(key: str) -> str:
    key = key.replace("-", "_")
    return AS_IN_A_RECIPE.get(key, key)


def _fields(table: dict[str, Any], where: str, several: bool = False) -> Fields:
    """Fields by their names, ``renderer.width`` in whichever way it is written; with ``several``, lists of their values."""
    found: Fields = {}
    for key, value in _spread(table):
        name = _name(key)
        part, dot, rest = name.partition(".")
        if name in ("plugin", "plugins"):
            raise CreativityError(f"{where} names a plug-in, and a file runs none: give it with --plugin")
        if not (dot and rest and part in PARTS) and name not in {*_known("paint"), *_known("fit"), "no_prior"}:
            known = {*_known("paint"), *_known("fit"), "renderer.OPTION", "optimizer.OPTION", "objective.OPTION"}
            raise CreativityError(f"{where} has no field {key!r}; {nearest(name, known)}")
        if name in found:
            raise CreativityError(f"{where} says {name} twice")
        if several and (not isinstance(value, list) or not value):
            raise CreativityError(f"{where} takes a list of values for {key}, such as {key} = [{json.dumps(value, default=str)}]")
        for item in value if several else [value]:
            _plain(item, f"{where}: {key}")
        found[name] = value
    return found


def _spread(table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Tables of a part, of stop, start and focus, and of options, as dotted names."""
    for key, value in table.items():
        if isinstance(value, dict) and key in ("set", "options"):
            yield from _spread(value)
        elif isinstance(value, dict) and key in (*PARTS, "stop", "start", "focus") and not _is_sum(key, value):
            yield from ((key if inner == "name" else f"{key}.{inner}", item) for inner, item in value.items())
        else:
            yield key, value


def _is_sum(key: str, value: dict[str, Any]) -> bool:
    """``{pixel = 1, ssim = 0.5}``, rather than the options of one objective."""
    return key == "objective" and bool(value) and all(registry.objectives.knows(term) for term in value)


def _plain(value: Any, where: str) -> None:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            _plain(item, where)
    elif not isinstance(value, str | int | float | bool) or (isinstance(value, float) and not math.isfinite(value)):
        raise CreativityError(f"{where} must be text, a number, true or false, or a list of such, not {value}")


def _table(tables: dict[str, Any], name: str) -> dict[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise CreativityError(f"[{name}] must be a table, not {table!r}")
    return table


def _tables(tables: dict[str, Any], name: str) -> list[dict[str, Any]]:
    several = tables.get(name, [])
    if not isinstance(several, list) or not all(isinstance(entry, dict) for entry in several):
        raise CreativityError(f"write [[{name}]] before each table of the {name}")
    return several


def _check(fields: Fields) -> None:
    target, prompts = fields.get("target"), fields.get("prompts")
    if (target is None) == (prompts is None):
        have = "a job has a target and prompts; give one of them" if target else "a job needs a picture or words"
        raise CreativityError(f'{have}: targets = "photos/*.jpg", or prompts = ["a red bird"]')
    verb = "paint" if prompts is not None else "fit"
    for name in fields:
        if name.partition(".")[0] not in PARTS and name not in _known(verb) | ({"no_prior"} if prompts is not None else set()):
            raise CreativityError(f"{verb} has no field {name!r}; {nearest(name, _known(verb))}")
    seed = fields["seed"]
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= MAX_SEED:
        raise CreativityError(f"a seed is a whole number from 0, not {seed!r}")


# -- what is combined


def _subjects(tables: dict[str, Any], base: Path) -> list[Fields]:
    subjects: list[Fields] = []
    targets = tables.get("targets", [])
    patterns = [targets] if isinstance(targets, str) else targets
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) and pattern for pattern in patterns):
        raise CreativityError(f'targets are written as "photos/*.jpg" or a list of such, not {targets!r}')
    for pattern in patterns:
        found = [pattern]
        if any(sign in pattern for sign in "*?[") and not (base / pattern).exists():
            found = sorted(path for path in glob.glob(pattern, root_dir=base, recursive=True) if (base / path).is_file())
            if not found:
                raise CreativityError(f"no file is called like {pattern!r} in {shown(base)}")
        subjects += [{"target": path} for path in dict.fromkeys(found)]
    prompts = tables.get("prompts", [])
    said = [prompts] if isinstance(prompts, str) else prompts
    if not isinstance(said, list):
        raise CreativityError(f'prompts are written as ["a red bird", "a blue house"], not {prompts!r}')
    subjects += [{"prompts": words} for words in said]
    if targets and prompts:
        raise CreativityError("a batch has targets or prompts, not both: write two files")
    return subjects or [{}]


def _cells(grid: Fields) -> Iterator[Fields]:
    for values in product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def _samples(table: dict[str, Any]) -> list[Fields]:
    """Random samples; the first stay what they are when more are asked for, and so does a field when another comes to it."""
    count, seed = table.pop("samples", None), table.pop("seed", 0)
    if not table:
        if count is not None:
            raise CreativityError("[random] draws nothing: write what, such as count = { low = 20, high = 200 }")
        return [{}]
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_JOBS:
        raise CreativityError(f"[random] needs samples, how many are drawn, such as samples = 10, not {count!r}")
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= MAX_SEED:
        raise CreativityError(f"[random] seed must be a whole number from 0, not {seed!r}")
    draws = {_only(_fields({key: "" if isinstance(rule, dict) else rule}, "[random]")): rule for key, rule in _rules(table)}
    streams = Streams(seed)("batch")
    return [{name: _drawn(name, rule, streams.child(name).at(number)) for name, rule in draws.items()} for number in range(count)]


def _only(fields: Fields) -> str:
    return next(iter(fields))


def _rules(table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and key in (*PARTS, "stop", "set", "options") and not {"low", "high"} <= value.keys():
            yield from (((inner if key in ("set", "options") else f"{key}.{inner}"), rule) for inner, rule in value.items())
        else:
            yield key, value


def _drawn(name: str, rule: Any, generator: Any) -> Any:
    where = f"[random] {name}"
    if isinstance(rule, list) and rule:
        return rule[int(generator.integers(len(rule)))]
    if not isinstance(rule, dict) or not {"low", "high"} <= rule.keys():
        raise CreativityError(f"{where} is written as a list to choose from, or {{ low = 1, high = 10 }}, not {rule!r}")
    for key in rule:
        if key not in ("low", "high", "log"):
            raise CreativityError(f"{where} has no {key!r}; {nearest(key, ('low', 'high', 'log'))}")
    low, high, log = rule["low"], rule["high"], rule.get("log", False)
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) and math.isfinite(end) for end in (low, high))
    if not numbers or low > high or (log and low <= 0):
        raise CreativityError(f"{where} must run from a low number to a high one{', above 0' if log else ''}, not from {low} to {high}")
    whole = isinstance(low, int) and isinstance(high, int)
    if log:
        value = math.exp(generator.uniform(math.log(low), math.log(high)))
        return min(high, max(low, round(value))) if whole else _short(value, low, high)
    return int(generator.integers(low, high, endpoint=True)) if whole else _short(generator.uniform(low, high), low, high)


def _short(value: float, low: float, high: float) -> float:
    """Of a drawn number what people can read; still within its range."""
    return min(float(high), max(float(low), float(f"{value:.4g}")))


def _seeds(asked: Any) -> list[Fields]:
    if asked is None:
        return [{}]
    if isinstance(asked, str):
        return [{"seed": seed} for seed in seeds_of(asked)]
    seeds = [asked] if isinstance(asked, int) else asked
    if (
        not isinstance(seeds, list | tuple | range)
        or not seeds
        or not all(isinstance(seed, int) and not isinstance(seed, bool) for seed in seeds)
    ):
        raise CreativityError(f'seeds are written as "0..99", "0,3,7" or [0, 3, 7], not {asked!r}')
    return [{"seed": seed} for seed in dict.fromkeys(seeds)]


# -- names


def _names(combined: list[Fields], template: Any) -> list[str]:
    """A name for each: by the template, or of what it is made from and of what varies. No two are alike."""
    keys = list(dict.fromkeys(key for fields in combined for key in fields))
    varied = [key for key in keys if len({_slug(fields.get(key)) for fields in combined}) > 1]
    own = [key for key in varied if key not in ("target", "prompts", "seed")]
    if template is not None:
        if not isinstance(template, str) or not template.strip():
            raise CreativityError(f'names are written as "{{target}}-{{renderer}}-{{seed}}", not {template!r}')
        known = {*keys, *_known("fit"), *_known("paint"), "name", "prompt", "index"}
        for name in re.findall(r"\{([^{}]*)\}", template):
            if _name(name) not in known and _name(name).partition(".")[0] not in PARTS:
                raise CreativityError(f"names: no field is called {{{name}}}; {nearest(name, known)}")
        if template.startswith("/") or ".." in template.split("/"):
            raise CreativityError(f"names are places in the batch's folder, not {shown(template)}")
    taken: set[str] = set()
    names = []
    for number, fields in enumerate(combined):
        if template is not None:
            name = template
            for key in set(re.findall(r"\{([^{}]*)\}", template)):
                name = name.replace(f"{{{key}}}", _value(fields, _name(key), number))
        else:
            parts = [_value(fields, "name", number)]
            parts += [_value(fields, key, number) for key in own] if len(own) <= IN_A_NAME else [f"{number:05}"]
            parts += [f"s{fields['seed']}"] if "seed" in varied else []
            name = "-".join(parts)
        name = "/".join(_part(part) for part in name.split("/"))
        names.append(unused(name, taken))
    return names


def unused(name: str, taken: set[str]) -> str:
    """A name that is not ``taken``, whatever a file system thinks of capital letters, nor a folder of one; it is taken then."""
    candidate, n = name, 1
    while candidate.lower() in taken:
        n += 1
        candidate = f"{name}-{n}"
    taken.add(candidate.lower())
    return candidate


def _part(text: str) -> str:
    """One part of a path, which cannot lead elsewhere, hide, or be too long."""
    return os.fsencode(text)[:160].decode(errors="ignore").lstrip(".- ") or "job"


def _value(fields: Fields, name: str, number: int) -> str:
    if name in ("name", "target", "prompt", "prompts"):
        return _stem(fields)
    if name == "index":
        return f"{number:05}"
    value = fields.get(name)
    if value is None:
        from creativity import presets

        named = presets.settings(fields["preset"]) if fields.get("preset") in presets.PRESETS else {}
        value = {**presets.DEFAULTS, **named}.get(name, "default")
    return _slug(value)


def _stem(fields: Fields) -> str:
    if "target" in fields:
        return stem_of(str(fields["target"]))[:100]
    texts = fields.get("prompts", "")
    words = re.findall(r"[^\W_]+", (" ".join(map(str, texts)) if isinstance(texts, list) else str(texts)).lower())
    return stem_of("-".join(words)[:60] or "painting")


def _slug(value: Any) -> str:
    if isinstance(value, dict):
        value = [f"{key}-{item}" for key, item in value.items()]
    if isinstance(value, list):
        value = "+".join(map(str, value))
    return re.sub(r"[^\w.+#@=-]+", "-", str(value))[:60].strip("-") or "none"


# -- a job


def _entry(fields: Fields, name: str, base: Path) -> Entry:
    how = {key: value for key, value in fields.items() if "." not in key and key not in ("target", "prompts", "frame", "no_prior")}
    if options := {key: value for key, value in fields.items() if "." in key}:
        how["options"] = options
    if fields.get("no_prior") is True:
        how["prior"] = "none"
    for key in FILES:
        if isinstance(how.get(key), str) and (base / how[key]).exists():
            how[key] = str(base / how[key])
    if fields.get("prompts") is not None:
        texts = fields["prompts"]
        texts = [texts] if isinstance(texts, str) else texts
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise CreativityError(f"a prompt is text, or a list of texts for one picture, not {fields['prompts']!r}")
        parse_prompts(texts, ())
        return Entry(name, "", how, prompts=tuple(texts))
    target, frame = fields["target"], fields.get("frame")
    if not isinstance(target, str) or not (frame is None or (isinstance(frame, int) and not isinstance(frame, bool) and frame >= 0)):
        raise CreativityError(f"a target is the path of a picture, and a frame its number, not {target!r} and {frame!r}")
    if not (base / target).is_file():
        with open_source(base / target, "picture", 2**40):
            pass
    return Entry(name, str(base / target), how, frame)


def _digest(entry: Entry, base: Path, plugins: list[str]) -> str:
    """sha256 of what a job does: of what it is asked for, of the content of files that it names, and of plug-ins."""
    how = {key: _content(value) if key in FILES and isinstance(value, str) else value for key, value in entry.how.items()}
    target = _content(entry.target) if entry.target else None
    facts = {"target": target, "frame": entry.frame, "prompts": list(entry.prompts), "how": how, "plugins": plugins}
    return digest_bytes(json.dumps(facts, sort_keys=True).encode())


def _content(path: str) -> list[str]:
    """A file's name and the digest of what is in it; of a run folder, of its artwork."""
    stat = os.stat(path) if os.path.exists(path) else None
    return [name_of(path), _content_digest(path, stat.st_mtime_ns, stat.st_size) if stat else ""]


@lru_cache(maxsize=4096)
def _content_digest(path: str, changed: int, size: int) -> str:
    place = Path(path) / "artwork.json" if os.path.isdir(path) else Path(path)
    try:
        return digest_bytes(place.read_bytes())
    except OSError as error:
        raise CreativityError(f"may not read {shown(place)}: {(error.strerror or str(error)).lower()}") from None


def _noted(plugins: Sequence[str | Path]) -> list[str]:
    """As ``registry.load_plugin`` notes them, without running them."""
    notes = []
    for path in plugins:
        with open_source(path, "plug-in", registry.MAX_PLUGIN) as file:
            notes.append(f"{name_of(path)} {digest_bytes(file.read())}")
    return sorted(notes)
