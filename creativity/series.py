"""Several searches as one piece of work: the seeds of a picture, several pictures, the frames of an animation.

A series is a list of planned runs in groups, one group for each thing to be saved. Its folder holds the plan
(``series.json``), a run folder for each search, what is finished (``results.json``), and ``DONE`` last; so it can be stopped
or killed at any moment, and goes on with what is left. Runs are independent of each other, save where one follows another.
"""

from __future__ import annotations

import inspect
import json
import logging
import math
import os
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from creativity import filming, films, images, palettes, registry, verbs
from creativity.artwork import Artwork, is_made_by, open_artwork
from creativity.entry import Entry
from creativity.errors import CreativityError, nearest, one_line
from creativity.files import RunFolder, make_folder, numbered, write_atomically, write_numbered
from creativity.focus import AUTO
from creativity.options import build, plain, whole
from creativity.painting import plan_paint
from creativity.recipe import Recipe, parse_json
from creativity.renderers.base import Renderer
from creativity.run import Interrupted, Run, open_run
from creativity.sheet import LARGEST, save_sheet
from creativity.size import parse_size
from creativity.sources import open_source, shown, stem_of
from creativity.streams import draw_seed

FORMAT, SCHEMA = "creativity-series", 1
FIELDS = ("name", "renderer", "count", "seed", "frame")
"""What may stand in braces in the name of an output."""
MAX_RUNS = 10_000
ON_A_SHEET = 100
"""Of more seeds the best are shown, in their order."""
FRAME_STEPS = 240
"""Of each frame but the first: back-fitting, gradients, and a round or two of re-seeding."""

log = logging.getLogger("creativity")


@dataclass(frozen=True)
class Words:
    """Prompts to paint, and what files are named after."""

    stem: str
    prompts: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Searches of which the best is saved, or all, where ``{seed}`` is in an output; or, with the ``durations`` of its
    frames, an animation. ``outputs`` are absolute paths; ``sheet`` is that of the contact sheet, empty for none, and one that
    is relative lies in the series' folder."""

    name: str
    entries: tuple[Entry, ...]
    outputs: tuple[str, ...]
    sheet: str = ""
    durations: tuple[int, ...] = ()


class Series:
    """The searches of a folder, to be ``run``. ``around`` is entered around each of them, with what a listener wants to know."""

    def __init__(self, folder: RunFolder, groups: Sequence[Group], plugins: Sequence[str | Path] = ()):
        self.folder, self.groups, self.plugins = folder, tuple(groups), plugins
        self.around: Callable[[Run], AbstractContextManager[Any]] = lambda run: nullcontext()
        self.results: dict[str, dict[str, Any]] = {}
        """By group, of those that are finished: files, loss, seed, losses by seed."""
        self.failed: dict[str, str] = {}
        """By group, why it could not be finished."""
        self.resumed = self.unnamed = False
        self.stopping = False
        self._running: Run | None = None

    @property
    def count(self) -> int:
        return sum(len(group.entries) for group in self.groups)

    def stop(self) -> None:
        """Ask the series to save and end after the step it is in; safe to call from a signal handler."""
        self.stopping = True
        if self._running is not None:
            self._running.stop()

    def run(self) -> None:
        """Do what is not done yet. What fails is noted in ``failed``, and the rest goes on. Raises Interrupted once ``stop`` was asked."""
        begun = 0
        with self.folder.locked():
            for group in self.groups:
                if group.name not in self.results:
                    try:
                        self._finish(group, self._search(group, begun))
                    except CreativityError as error:
                        self.failed[group.name] = " ".join(str(error).split())
                begun += len(group.entries)
            if not self.failed:
                write_atomically(self.folder / "DONE", "")

    def _search(self, group: Group, begun: int) -> list[Artwork]:
        artworks: list[Artwork] = []
        for place, entry in enumerate(group.entries):
            if self.stopping:
                raise Interrupted
            folder = RunFolder(self.folder / entry.folder)
            if folder.done:
                artworks.append(open_artwork(folder.path))
                self._save_each(group, place, artworks[-1])
                continue
            before = self._before(group, place) if entry.follows else None
            run = self._open(entry, folder, before)
            what = f"seed {run.recipe.seed}" if entry.frame is None else f"frame {entry.frame}"
            of = ", ".join(entry.prompts) or shown(Path(entry.target).name)[1:-1]
            log.info(f"{one_line(of)}, {what} ({begun + place + 1} of {self.count})")
            self._take_up(run)
            try:
                with self.around(run):
                    artworks.append(run.run())
            finally:
                self._running = None
            self._save_each(group, place, artworks[-1])
        return artworks

    def _take_up(self, run: Run) -> None:
        self._running = run
        if self.stopping:  # asked for while the run was made ready
            run.stop()

    def _open(self, entry: Entry, folder: RunFolder, before: Path | None) -> Run:
        """The run of an entry, begun or not."""
        if (folder / "recipe.toml").exists():
            return open_run(folder.path, self.plugins)
        how = entry.how if before is None else {**entry.how, "start": before}
        try:
            plan = entry.plan(self.folder / entry.target, self.plugins, **how)
        except (AttributeError, TypeError, ValueError) as error:
            if not self.resumed:
                raise
            raise CreativityError(f"{self.folder / 'series.json'} asks for what cannot be understood ({error!r})") from error
        for note in plan.notes:
            log.info(note)
        run = plan.run()
        make_folder(folder.path)
        run.folder = folder
        return run

    def _before(self, group: Group, place: int) -> Path:
        """Where the artwork before one is: saved under a name that it will be known by, if it is, and still is that artwork."""
        kept = self.folder / group.entries[place - 1].folder
        for output in group.outputs:
            if "{frame}" in output and is_made_by(path := Path(_numbered(output, group, place - 1)), [open_artwork(kept).recipe.digest]):
                return path
        return kept

    # -- what is saved

    def _save_each(self, group: Group, place: int, artwork: Artwork) -> None:
        """What is saved of every run, as soon as it is there: the next may go on from it by its name."""
        for output in group.outputs:
            path = Path(_numbered(output, group, place))
            if str(path) != output:
                self._write(path, self._encoded(group.entries[place], artwork, path), {artwork.recipe.digest})

    def _finish(self, group: Group, artworks: list[Artwork]) -> None:
        losses = [float(artwork.results.get("loss", math.inf)) for artwork in artworks]
        best = losses.index(min(losses))
        ours = {artwork.recipe.digest for artwork in artworks}
        files: list[str] = []
        for output in sorted(group.outputs, key=lambda output: output == "-"):
            if output == "-":
                artworks[best].save("-")
                files.append("-")
            elif (each := _places(group, output)) != [output]:
                files += each
            elif group.durations:
                content = films.encode([artwork.rgba() for artwork in artworks], group.durations, Path(output).suffix.lower())
                files += self._write(Path(output), content, ours)
            else:
                files += self._write(Path(output), self._encoded(group.entries[best], artworks[best], Path(output)), ours)
        seeds = [artwork.recipe.seed for artwork in artworks]
        if group.sheet:
            order = sorted(range(len(losses)), key=losses.__getitem__) if len(losses) > ON_A_SHEET else range(len(losses))
            shown_ones = list(order)[:ON_A_SHEET]
            captions = [f"seed {seeds[i]}: {losses[i]:.5f}" for i in shown_ones]
            pictures = [artworks[i].rgba(LARGEST) for i in shown_ones]
            files.append(str(save_sheet(self.folder / group.sheet, pictures, captions, shown_ones.index(best))))
        facts: dict[str, Any] = {"files": files, "loss": losses[best] if math.isfinite(losses[best]) else None, "seed": seeds[best]}
        if not group.durations and len(seeds) > 1:
            facts["losses"] = dict(zip(map(str, seeds), (loss if math.isfinite(loss) else None for loss in losses), strict=True))
            log.info(f"{_listed(files)}: seed {seeds[best]} is the best of {len(seeds)}, loss {losses[best]:.5f}")
        else:
            of = f" of {len(losses)} frames" if group.durations else ""
            log.info(f"{_listed(files)}: loss {sum(losses) / len(losses):.5f}{of}")
        self.results[group.name] = facts
        write_atomically(self.folder / "results.json", json.dumps(self.results, indent=1) + "\n")

    def _encoded(self, entry: Entry, artwork: Artwork, path: Path) -> bytes:
        """The bytes of one run's file; a film is one of its search."""
        kind = path.suffix.lower()
        if kind in films.KINDS:
            size = min(filming.SIZE, max(artwork.output_size().pixels))
            return verbs.film(self.folder / entry.folder, size=size, plugins=self.plugins).encode(kind)
        return artwork.encode(kind)

    def _write(self, path: Path, content: bytes, ours: set[str]) -> list[str]:
        """Write a file; in a series that is taken up again, none that is not its own. Returns what is there then.

        A name that nobody chose is numbered, rather than replace what has come to be there since it was found.
        """
        if self.unnamed and not self.resumed:
            return [str(write_numbered(path, content))]
        if self.resumed and os.path.lexists(path) and not _is_ours(path, content, ours):
            log.info(f"{shown(path)} is not a picture of this series and stays as it is")
            return []
        return [str(write_atomically(path, content))]

    def save(self) -> None:
        """Write the plan: from now on the folder is a series."""
        noted = sorted({registry.load_plugin(path) for path in self.plugins})
        data = {"format": FORMAT, "schema": SCHEMA, "plugins": noted, "groups": [plain(group) for group in self.groups]}
        write_atomically(self.folder / "series.json", json.dumps(data, indent=1) + "\n")


def is_series(folder: str | Path) -> bool:
    return (Path(folder) / "series.json").is_file()


def open_series(folder: str | Path, plugins: Sequence[str | Path] | None = ()) -> Series:
    """The series in a folder, ready to ``run()`` on; without ``plugins`` only to be looked at.

    Raises CreativityError where it is none, or a plug-in is missing.
    """
    held = RunFolder(folder)
    data, results = (_read(held / name) for name in ("series.json", "results.json"))
    if not isinstance(data, dict) or data.get("format") != FORMAT or data.get("schema") != SCHEMA:
        raise CreativityError(f"{held / 'series.json'} is not the plan of a series that this version of creativity reads")
    written = build(_Plan, {key: data.get(key, []) for key in ("groups", "plugins")}, str(held / "series.json"))
    allowed = {"fit": set(inspect.signature(verbs.plan_fit).parameters), "paint": set(inspect.signature(plan_paint).parameters)}
    for group in written.groups:
        if not group.entries or any("\0" in path for path in (*group.outputs, group.sheet, *(entry.folder for entry in group.entries))):
            raise CreativityError(f"{held / 'series.json'} has a group without runs, or a path with a NUL character")
    for entry in (entry for group in written.groups for entry in group.entries):
        known = allowed["paint" if entry.prompts else "fit"] - {"target", "frame", "plugins", "prompts"}
        if unknown := set(entry.how) - known:
            raise CreativityError(f"{held / 'series.json'} asks for {min(unknown)!r}; {nearest(min(unknown), known)}")
        if Path(entry.folder).is_absolute() or ".." in Path(entry.folder).parts:
            raise CreativityError(f"{held / 'series.json'} has a run outside of its folder: {shown(entry.folder)}")
    given = [registry.load_plugin(path) for path in plugins or ()]
    for note in written.plugins:
        if note not in given and plugins is not None:
            raise CreativityError(f"{folder} was begun with the plug-in {note.rpartition(' ')[0]!r}; give that very file with --plugin")
    series = Series(held, written.groups, plugins or ())
    series.resumed = True
    for group in written.groups:
        facts = results.get(group.name) if isinstance(results, dict) else None
        if isinstance(facts, dict) and isinstance(facts.get("files"), list):
            series.results[group.name] = facts
    return series


@dataclass(frozen=True)
class _Plan:
    groups: tuple[Group, ...] = ()
    plugins: tuple[str, ...] = ()


def _read(path: Path) -> Any:
    if not path.is_file():
        return None
    with open_source(path, "series", limit=100_000_000) as file:
        return parse_json(file.read(), str(path))


def _listed(files: Sequence[str]) -> str:
    """As a person would write them from here."""
    here = f"{Path.cwd()}{os.sep}"
    first = [path.removeprefix(here) for path in files[:3]]
    return ", ".join(first) + (f" and {len(files) - 3} more" if len(files) > 3 else "")


def _is_ours(path: Path, content: bytes, ours: set[str]) -> bool:
    try:
        return path.read_bytes() == content or is_made_by(path, ours)
    except OSError:
        return False


# -- planning


def plan(
    pictures: Sequence[str | bytes | Words],
    how: dict[str, Any],
    *,
    outputs: Sequence[str] = (),
    seeds: Sequence[int] = (),
    every_frame: bool = False,
    run_dir: str | Path | None = None,
    plugins: Sequence[str | Path] = (),
) -> Series:
    """A series of fits, checked and written down in its folder, but not begun.

    ``pictures`` are paths, or a picture's bytes, or words to paint; ``how`` the arguments of ``plan_fit``, or ``plan_paint``.
    Each is searched for with each of ``seeds``, else with ``how["seed"]``. ``outputs`` may have the fields ``{name}`` of the
    picture, ``{renderer}``, ``{count}``, ``{seed}`` and ``{frame}``; folders that they name are made. Raises CreativityError,
    before anything is made, for what could not be done after it, and for outputs that would replace one another.
    """
    if every_frame and len(seeds) > 1:
        raise CreativityError("the frames of an animation share one seed; leave --seeds out")
    for output in outputs:
        check_fields(output)
        if "{frame}" in output and not every_frame:
            raise CreativityError(f"{output} has a {{frame}}, which --every-frame makes")
    if "-" in outputs and (len(pictures) > 1 or every_frame):
        raise CreativityError("standard output takes one picture; save several with -o such as out/{name}.svg")
    # The runs may be gone on with from elsewhere: what is a file's name here becomes a path, or what is in the file.
    masks = [str(Path(how["focus"]).absolute())] if how.get("focus") not in (None, AUTO) else []
    how = how | {"focus": masks[0]} if masks else how
    if how.get("start") and os.path.exists(how["start"]):
        how = how | {"start": str(Path(how["start"]).absolute())}
    if how.get("pictures"):
        how = how | {"pictures": [str(Path(entry).absolute()) for entry in how["pictures"]]}
    if isinstance(how.get("palette"), str) and whole(how["palette"].strip()) is None:
        how = how | {"palette": list(palettes.resolve(how["palette"], np.empty((0, 0, 4), np.uint8)))}
    seeds = seeds or [draw_seed() if how.get("seed") is None else how["seed"]]
    how = {key: value for key, value in how.items() if value is not None and key != "seed"}
    recipe, renderer = _first(pictures, {**how, "seed": seeds[0]}, plugins)

    groups: list[Group] = []
    taken: dict[str, str] = {}  # output -> the picture that it is of
    folders, made = set[str](), set[Path]()
    paths = [str(Path(picture).absolute()) for picture in pictures if isinstance(picture, str)]
    for picture in pictures:
        path = str(Path(picture).absolute()) if isinstance(picture, str) else "" if isinstance(picture, Words) else "stdin"
        stem = stem_of(path) if isinstance(picture, str) else picture.stem if isinstance(picture, Words) else "picture"
        prompts = picture.prompts if isinstance(picture, Words) else ()
        fields = _fields(recipe, stem)
        if len(seeds) == 1:
            fields["seed"] = str(seeds[0])
        times = _times(picture) if every_frame and not isinstance(picture, Words) else []
        named = [output if output == "-" else str(Path(_filled(output, fields)).absolute()) for output in outputs]
        if not outputs:
            kind = _film_kind(path) if times else verbs.default_kind(renderer)
            named = [str(numbered(Path(f"{stem[:100]}-{registry.renderers.called(recipe.renderer)}{kind}").absolute(), taken))]
        sheet = sheet_name(named) if len(seeds) > 1 else ""
        folder = _unused(stem[:100], folders)
        runs: list[tuple[str, int, int | None]] = [(f"s{seed}", seed, None) for seed in seeds]
        if times:
            runs = [(f"frame-{frame:04d}", seeds[0], frame) for frame in range(len(times))]
        inside = "" if len(pictures) == 1 else f"{folder}/" if len(runs) > 1 else folder
        entries = [
            Entry(
                inside if inside == folder else f"{inside}{name}", path, {**_gently(how, frame), "seed": seed}, frame, bool(frame), prompts
            )
            for name, seed, frame in runs
        ]
        group = Group(folder, tuple(entries), tuple(named), sheet, tuple(times))
        places = [place for output in named for place in _places(group, output)]
        for place in [*places, *([sheet] if sheet else [])]:
            if place in taken:
                what = "{name}" if len(pictures) > 1 else "{seed}"
                raise CreativityError(f"{shown(taken[place])} and {shown(path)} would both be saved as {shown(place)}; put {what} into -o")
            taken[place] = path
        made |= _check(group, outputs or named, renderer, recipe, [*paths, *masks, *map(str, plugins)])
        made |= {Path(sheet).parent} if sheet and made else set()
        groups.append(group)
    if sum(len(group.entries) for group in groups) > MAX_RUNS:
        raise CreativityError(f"a series has at most {MAX_RUNS} runs; this would be {sum(len(group.entries) for group in groups)}")

    if run_dir is None:
        first = groups[0].name if len(groups) == 1 else f"{len(groups)}-pictures"
        what = "frames" if every_frame else f"{len(seeds)}-seeds" if len(seeds) > 1 else f"s{seeds[0]}"
        run_dir = numbered(Path("runs") / f"{first}-{registry.renderers.called(recipe.renderer)}-{what}")
    elif (Path(run_dir) / "recipe.toml").exists() or is_series(run_dir):
        raise CreativityError(f"{run_dir} holds a run already; continue it with: creativity resume {run_dir}")
    series = Series(RunFolder(make_folder(run_dir)), groups, plugins)
    for folder_of_outputs in sorted(made):
        make_folder(folder_of_outputs)
    for picture in pictures:
        if isinstance(picture, bytes):
            write_atomically(series.folder / "stdin", picture)
    series.save()
    series.unnamed = not outputs
    return series


def check_fields(output: str) -> None:
    """Raise CreativityError for a field that there is not."""
    for name in re.findall(r"\{([^{}]*)\}", output):
        if name not in FIELDS:
            raise CreativityError(f"{output}: no field is called {{{name}}}; {nearest(name, FIELDS)}")


def has_fields(output: str) -> bool:
    return bool(re.search(r"\{[^{}]*\}", output))


def fill(output: str, recipe: Recipe, stem: str, seed: bool = True) -> str:
    """The name of one artwork's output, its fields filled in; that of the seed only where ``seed``."""
    check_fields(output)
    if "{frame}" in output:
        raise CreativityError(f"{output} has a {{frame}}, which --every-frame makes")
    return _filled(output, _fields(recipe, stem) | ({"seed": str(recipe.seed)} if seed else {}))


def _fields(recipe: Recipe, stem: str) -> dict[str, str]:
    """What a recipe alone says about the name of an output."""
    count = str(recipe.renderer.options.get("count", ""))
    return {"name": stem, "renderer": registry.renderers.called(recipe.renderer), "count": count}


def _filled(output: str, fields: dict[str, str]) -> str:
    for name, value in fields.items():
        output = output.replace(f"{{{name}}}", value)
    return output


def _first(pictures: Sequence[str | bytes | Words], how: dict[str, Any], plugins: Sequence[str | Path]) -> tuple[Recipe, Renderer]:
    """What all runs have in common, by planning the first whose picture can be read."""
    error: CreativityError | None = None
    for picture in pictures:
        if isinstance(picture, Words):
            run = plan_paint(picture.prompts, **how, plugins=plugins).run()
            return run.recipe, run.problem.renderer
        try:
            images.open_picture(picture)
        except CreativityError as reason:
            error = error or reason
            continue
        run = verbs.plan_fit(picture, **how, plugins=plugins).run()
        return run.recipe, run.problem.renderer
    raise error or CreativityError("there is no picture to fit")


def _times(picture: str | bytes) -> list[int]:
    try:
        return images.durations(picture)
    except CreativityError:
        return [100]  # it fails by itself, when its turn comes


def _film_kind(path: str) -> str:
    kind = Path(path).suffix.lower()
    return {".png": ".apng", ".avif": ".webp"}.get(kind, kind if kind in films.KINDS else ".gif")


def _gently(how: dict[str, Any], frame: int | None) -> dict[str, Any]:
    """A frame is much like the one before: unless told otherwise it takes few steps from there, and so it does not flicker."""
    told = how.keys() & {"preset", "optimizer", "steps", "max_seconds", "target_loss", "plateau"}
    return how if told or not frame else {**how, "steps": FRAME_STEPS}


def _unused(name: str, used: set[str]) -> str:
    candidate, n = name, 1
    while candidate.lower() in used or candidate in ("", ".", ".."):
        n += 1
        candidate = f"{name}-{n}"
    used.add(candidate.lower())
    return candidate


def sheet_name(outputs: Sequence[str]) -> str:
    """Beside what is saved, with ``seeds`` where a seed would be; where nothing is, a name without a place."""
    output = Path(next((output for output in outputs if output != "-"), "seeds.png"))
    if output == Path("seeds.png"):
        return str(output)
    if "{seed}" in output.name:
        return str(output.with_name(output.name.replace("{seed}", "seeds")).with_suffix(".png"))
    place = Path(str(output).replace("{seed}", "seeds"))
    return str(place.with_name(f"{place.stem}-seeds.png"))


def _numbered(output: str, group: Group, place: int) -> str:
    """An output's name for one of a group's runs."""
    frame = str(place).zfill(len(str(len(group.entries) - 1)))
    return output.replace("{frame}", frame).replace("{seed}", str(group.entries[place].how.get("seed")))


def _places(group: Group, output: str) -> list[str]:
    """Every file that an output of a group stands for."""
    if output == "-":
        return []
    return list(dict.fromkeys(_numbered(output, group, place) for place in range(len(group.entries))))


def _check(group: Group, patterns: Sequence[str], renderer: Renderer, recipe: Recipe, inputs: Sequence[str]) -> set[Path]:
    """Refuse what could not be saved; returns the folders that must be made: those of outputs that have fields."""
    missing = set()
    for output, pattern in zip(group.outputs, patterns, strict=True):
        is_film = bool(group.durations) and "{frame}" not in output
        if is_film:
            kind = Path(output).suffix.lower()
            if kind not in films.KINDS:
                kinds = ", ".join(films.KINDS)
                raise CreativityError(f"cannot save all frames as {Path(output).name}: write {kinds}, or put {{frame}} into -o")
            films.check(kind)
            films.check_size(len(group.entries), parse_size(recipe.size, recipe.canvas).pixels)
        missing |= check_places(pattern, _places(group, output), renderer, inputs)
    return missing


def check_places(pattern: str, places: Sequence[str], renderer: Renderer, inputs: Sequence[str]) -> set[Path]:
    """Refuse what could not be saved; returns the folders that must be made: where an output has fields, a whole set of
    files is meant, and its folder is too."""
    missing = set()
    for place in places:
        path = Path(place)
        if has_fields(pattern) and not path.parent.exists():
            missing.add(path.parent)
            there = next(parent for parent in path.absolute().parents if parent.exists())
            verbs.check_outputs([str(there / path.name)], renderer)
        else:
            verbs.check_outputs([place], renderer, inputs)
    return missing
