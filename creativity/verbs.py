"""What one can ask for, as functions: fit, redo, resume. The command line's verbs are thin coats over these."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import inspect
import logging
import os
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, Unpack

import numpy as np
import torch

from creativity import filming, films, images, notebook, palettes, population, presets, registry
from creativity.arguments import FitArguments
from creativity.artwork import SUFFIXES, Artwork, open_artwork
from creativity.errors import CreativityError, nearest
from creativity.estimate import Estimate
from creativity.files import RunFolder, make_folder, numbered, unwritable, write_atomically
from creativity.focus import AUTO, masked
from creativity.objectives.prompts import parse_prompts
from creativity.objectives.sum import summed
from creativity.options import whole
from creativity.recipe import Focus, Recipe, Start, Target
from creativity.references import LARGEST, taken
from creativity.renderers.base import DocumentRenderer, Renderer, ShaderRenderer, VectorRenderer
from creativity.run import Event, Run, open_run
from creativity.size import parse_size
from creativity.sources import name_of, shown
from creativity.start import begun_by_itself, opened
from creativity.streams import draw_seed

log = logging.getLogger("creativity")

SEEN = 512
"""Long side of a drawing's own picture, where it is held to that."""

FILMS = ("search", "drawing", "walk", "population")

Listener = Callable[[Event], None]
Progress = Listener | Sequence[Listener] | None
Picture = np.ndarray[Any, Any]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Plan:
    """A recipe made concrete, with the pixels (uint8 RGBA) of the target and the focus mask, and the start that it speaks of.

    ``notes`` are lines about what was decided unasked.
    """

    recipe: Recipe
    target: Picture | None
    start: Artwork | None = None
    mask: Picture | None = None
    notes: tuple[str, ...] = ()
    references: Mapping[str, Picture] = field(default_factory=dict)

    def run(self, folder: str | Path | None = None) -> Run:
        # The packages that serve now, which are noted and not insisted on; a run that is resumed keeps its own note.
        files = (note for note in self.recipe.plugins if note not in self.recipe.packages)
        recipe = self.recipe.replace(plugins=(*files, *registry.packages_of(self.recipe)))
        return Run(recipe, self.target, folder, self.start, self.mask, self.references)

    def estimate(self) -> Estimate:
        """How long its search will take and how much memory. Some evaluations are timed for it, nothing is kept."""
        return self.run().estimate()


def plan_fit(
    target: Any,
    *,
    frame: int | None = None,
    preset: str | None = None,
    renderer: str | None = None,
    count: int | None = None,
    palette: Any = None,
    objective: str | dict[str, Any] | None = None,
    focus: Any = None,
    focus_strength: float | None = None,
    optimizer: str | None = None,
    seed: int | None = None,
    steps: int | None = None,
    max_seconds: float | None = None,
    target_loss: float | None = None,
    plateau: int | None = None,
    size: str | int | None = None,
    target_size: int | None = None,
    threads: int | None = None,
    device: str = "cpu",
    options: dict[str, Any] | None = None,
    start: str | Path | Artwork | None = None,
    keep: float | None = None,
    lock: str | Sequence[str] = (),
    plugins: Sequence[str | Path] = (),
) -> Plan:
    """Everything that ``fit`` would do, decided and checked, but not begun. See ``fit`` for the arguments."""
    noted = tuple(registry.load_plugin(path) for path in _several(plugins))
    begin, start_facts = start_of(start, keep, lock, _several(plugins))
    picture = images.canonical(images.open_picture(target, frame or 0))
    name = name_of(target) if isinstance(target, str | Path) else ""
    notes = []
    if frame is None and isinstance(target, str | Path | bytes) and images.is_animated(target):
        notes.append(f"{name or 'the picture'} has several frames: the first is taken (--every-frame takes each)")
    asked = {"renderer": renderer, "count": count, "palette": palette, "objective": objective, "optimizer": optimizer, "steps": steps}
    asked |= {"focus": focus, "focus_strength": focus_strength}
    if begin is not None and renderer is None and "renderer" not in presets.settings(preset):
        asked["renderer"] = begin.recipe.renderer.name
    how, options = presets.resolve(preset, {**asked, "size": size, "target_size": target_size}, options or {})
    height, width, _ = picture.shape
    if "target_height" in how:
        how["target_size"] = round(how["target_height"] * max(height, width) / height)
    attended, mask = _focus(how)
    parts = chosen_parts(how, options, picture, begin, palette is not None)
    able = {field.name for field in dataclasses.fields(registry.renderers.get(parts["renderer"]["name"]).Options)}
    if "background" in able and "background" not in parts["renderer"] and images.is_see_through(picture):
        parts["renderer"]["background"] = "none"
        notes.append(f"{name or 'the picture'} is transparent in part, and so is what is made of it (renderer.background=none)")
    noted_pictures, references = taken(parts["objective"])
    own = begin.renderer.canvas if begin is not None and isinstance(begin.renderer, DocumentRenderer) else None
    if own is not None and images.cropped(picture, own).shape != picture.shape:
        notes.append(f"{name or 'the picture'} is cut to the shape of the drawing, {own[0] / own[1]:.3g} to 1")
    recipe = written(
        parts,
        seed=seed,
        references=noted_pictures,
        canvas=[width, height] if own is None else [*own],
        target={"name": name, "sha256": images.digest(picture)},
        start=start_facts,
        focus=attended,
        target_size=how["target_size"],
        size=str(how["size"]),
        stop={"steps": how.get("steps"), "seconds": max_seconds, "loss": target_loss, "plateau": plateau},
        threads=threads,
        device=device,
        plugins=list(noted),
    )
    return Plan(recipe, picture, begin, mask, tuple(notes), references)


def chosen_parts(
    how: dict[str, Any], options: dict[str, Any], picture: Picture | None, begin: Artwork | None, palette_asked: bool
) -> dict[str, dict[str, Any]]:
    """The three parts with their names and options, as a recipe has them, from what is asked for and settings such as
    "renderer.background".

    Raises CreativityError for a setting of no part, for one that a name fixes, and for a palette where there is none.
    """
    parts: dict[str, dict[str, Any]] = {"renderer": {}, "objective": {}, "optimizer": {}}
    parts["renderer"] = {key: how[key] for key in ("count", "palette") if key in how}
    for key, value in options.items():
        part, _, option = key.partition(".")
        if part not in parts or not option or option == "name":
            raise CreativityError(f"options are written as renderer.NAME, objective.NAME or optimizer.NAME, not {key!r}")
        parts[part][option.replace("-", "_")] = value
    chosen = {kind: how[kind] for kind in parts}
    if isinstance(how["objective"], dict) or {":", ","} & set(how["objective"]):
        chosen["objective"], parts["objective"] = "sum", summed(how["objective"], parts["objective"])
    for kind, part_name in chosen.items():
        table: registry.Registry = getattr(registry, f"{kind}s")
        base, fixed = table.resolve(part_name)
        for option in fixed.keys() & parts[kind].keys():
            if parts[kind][option] != fixed[option]:
                raise CreativityError(f"{kind} {part_name!r} has its own {option}; say {base!r} to choose {kind}.{option}")
        chosen[kind], parts[kind] = base, {**fixed, **parts[kind]}
    if begin is not None:
        made_of = begin.recipe.renderer
        if made_of.name != chosen["renderer"]:
            raise CreativityError(
                f"the start is made of {made_of.name}, not of {how['renderer']}: write --renderer {made_of.name}, or leave it out"
            )
        parts["renderer"] = {**made_of.options, **parts["renderer"]}
    if "palette" in parts["renderer"]:
        if _keeps_to_palettes(chosen["renderer"]):
            wanted = parts["renderer"]["palette"]
            if picture is None and whole(str(wanted).strip()) is not None:
                raise CreativityError(
                    f"a palette of {wanted} colours is taken out of a picture, and there is none; name a palette or its colours"
                )
            seen = np.empty((0, 0, 4), np.uint8) if picture is None else picture
            parts["renderer"]["palette"] = list(palettes.resolve(wanted, seen))
        elif palette_asked:
            raise CreativityError(f"renderer {chosen['renderer']!r} keeps to no palette; use shapes or triangles")
        elif "palette" in how:
            del parts["renderer"]["palette"]  # the preset's, whose renderer was replaced
    return {kind: {"name": chosen[kind], **parts[kind]} for kind in parts}


def written(
    parts: dict[str, dict[str, Any]], *, seed: int | None, stop: dict[str, Any], threads: int | None, device: str, **facts: Any
) -> Recipe:
    """The recipe of all that was decided; what is None is left out, and a seed is drawn where there is none."""
    data = {
        **parts,
        **facts,
        "seed": draw_seed() if seed is None else seed,
        "stop": {key: value for key, value in stop.items() if value is not None},
        "threads": torch.get_num_threads() if threads is None else threads,
        "device": "cpu" if device == "auto" else device,
        "version": importlib.metadata.version("creativity-toolkit"),
    }
    recipe = Recipe.from_dict({key: value for key, value in data.items() if value is not None})
    parse_size(recipe.size, recipe.canvas).check_raster()
    return recipe


def start_of(
    start: str | Path | Artwork | None, keep: float | None, lock: str | Sequence[str], plugins: Sequence[str | Path]
) -> tuple[Artwork | None, dict[str, Any] | None]:
    """The artwork to go on from, opened, and what the recipe notes of it."""
    if start is None:
        if keep is not None or lock:
            raise CreativityError("keep and lock speak of an artwork to go on from; name it with --start FILE")
        return None, None
    name = "" if isinstance(start, Artwork) else name_of(start)
    artwork = start if isinstance(start, Artwork) else opened(start)
    registry.require_plugins(artwork.recipe, plugins, name or "the start")
    return artwork, {"name": name, "sha256": artwork.digest, "keep": 1.0 if keep is None else keep, "lock": lock}


def _focus(how: dict[str, Any]) -> tuple[dict[str, Any] | None, Picture | None]:
    """What the recipe notes of the focus that is asked for, and its mask."""
    asked, strength = how.get("focus"), how.get("focus_strength")
    if asked is None:
        if strength is not None:
            raise CreativityError("a focus strength needs a focus: --focus auto, or --focus MASK.png, bright where it matters")
        return None, None
    table = {} if strength is None else {"strength": strength}
    if isinstance(asked, str) and asked == AUTO:
        return {"name": AUTO, **table}, None
    mask = images.canonical(images.open_picture(asked))
    masked(mask)
    name = name_of(asked) if isinstance(asked, str | Path) else ""
    return {"name": name, "sha256": images.digest(mask), **table}, mask


def asked_like(plan: Callable[..., Any]) -> Callable[[F], F]:
    """What a notebook's help shows: the arguments of ``plan`` by name, in place of ``**how``."""

    def decorate(function: F) -> F:
        own, asked = (inspect.signature(f).parameters for f in (function, plan))
        named = [p for p in own.values() if p.kind is not p.VAR_KEYWORD] + [p for name, p in asked.items() if name not in own]
        function.__signature__ = inspect.Signature(named, return_annotation="Artwork")  # type: ignore[attr-defined]
        return function

    return decorate


@asked_like(plan_fit)
def fit(target: images.Source, *, run_dir: str | Path | None = None, progress: Progress = None, **how: Unpack[FitArguments]) -> Artwork:
    """Fit a picture with marks and return the artwork.

        creativity.fit("photo.jpg", renderer="triangles", count=50).save("out.svg")

    ``target``: a path, a PIL image or an array (H, W, 3|4) of uint8; ``frame``: which one of an animation. ``preset``:
    settings under one name (``creativity list presets``), where no other argument says otherwise. ``renderer``,
    ``objective``, ``optimizer``: names (``creativity list``); ``options``: any option of theirs,
    {"renderer.background": "none"}; ``count``: how many marks. ``palette``: a name (``creativity list palettes``), a
    number of the picture's own colours, another picture, or colours. ``objective`` may be a sum, {"pixel": 1, "ssim":
    0.5}. ``focus``: where the picture matters, "auto" or a mask (a path, image or array, bright where it matters), and
    ``focus_strength``: how many times as much. ``seed``: drawn and recorded when not given. ``steps``, ``max_seconds``
    (of search), ``target_loss``, ``plateau`` (steps without improvement): when to stop, whichever comes first.
    ``target_size``: long side of the pixels that are scored; ``size``: of the output. ``threads``: all by default.
    ``run_dir``: keep checkpoints, history and previews there, so that the run can be resumed. ``start``: an artwork (or
    its file) to go on from, with its renderer and options where no others are asked for, or an SVG file of another
    program, whose own shapes are then searched and which comes back as the same document; ``keep``: the part of its
    marks that start where they are, in [0, 1]; ``lock``: blocks, ranges of marks, and of such a document ids, that are
    not changed at all, such as "background,0-9". ``progress``: one or several functions that are called with every
    `Event`; by default a notebook shows how it goes, () shows nothing. What they raise ends the run, which is saved first
    and can be resumed; ``plan_fit(...).run().stream()`` gives the events in a loop instead.

    Raises CreativityError for anything that cannot be done, in one line.
    """
    plan = plan_fit(target, **how)
    for note in plan.notes:
        log.info(note)
    run = plan.run()
    if run_dir is not None:  # only now: what is refused leaves no folder behind
        run.folder = run_folder(run_dir, "", run.recipe)
    run.listeners.extend(listeners(progress))
    return run.run()


def resume(run_dir: str | Path, *, plugins: Sequence[str | Path] = (), progress: Progress = None) -> Artwork:
    """Continue a run from its folder, to the result that it would have had uninterrupted."""
    run = open_run(run_dir, _several(plugins))
    run.listeners.extend(listeners(progress))
    return run.run()


def listeners(progress: Progress) -> Sequence[Listener]:
    return notebook.watchers() if progress is None else [progress] if callable(progress) else progress


def plan_redo(
    file: str | Path,
    *,
    target: Any = None,
    focus: Any = None,
    start: str | Path | None = None,
    seed: int | None = None,
    plugins: Sequence[str | Path] = (),
) -> Plan:
    """The recipe in an artwork's file, with its target, its focus mask and its start found: given, or by digest near the file.

    A recipe never loads a plug-in; those that it was made with must be given in ``plugins``.
    """
    recipe = open_artwork(file).recipe
    if recipe.variation is not None:
        raise CreativityError(f"{file} was made from another artwork without a search; creativity redo {file} makes it once more")
    return plan_again(recipe, Path(file), target=target, focus=focus, start=start, seed=seed, plugins=plugins)


def plan_again(
    recipe: Recipe,
    file: Path,
    *,
    target: Any = None,
    focus: Any = None,
    start: str | Path | None = None,
    seed: int | None = None,
    plugins: Sequence[str | Path] = (),
) -> Plan:
    """The same of a recipe, near whose ``file`` its pictures are looked for."""
    registry.require_plugins(recipe, _several(plugins), str(file))
    parse_size(recipe.size, recipe.canvas).check_raster()
    if seed is not None:
        # Another search, so the clock's decisions of this one do not bind it.
        recipe = Recipe.from_dict({**recipe.replace(replay=None).to_dict(), "seed": seed})
    begin = None
    if recipe.start is not None:
        begin = opened(start) if start is not None else begun_by_itself(recipe) or find_start(recipe.start, file)
        if begin.digest != recipe.start.sha256:
            raise CreativityError(f"{start} is not the artwork that {file} goes on from (its digest differs)")
    named = {
        wanted.name: find_picture(wanted, file, f"reference-{number}.png", "picture", f"put it beside {file}")
        for number, wanted in enumerate(recipe.references)
    }
    if recipe.target is None:
        return Plan(recipe, None, begin, references=named)
    if recipe.imagined is not None and target is None:
        picture = imagined_again(recipe)
        if seed is None and images.digest(picture) != recipe.target.sha256:  # other weights, or another machine
            picture = find_target(recipe.target, file)
        return Plan(recipe.replace(target=Target("", images.digest(picture))), picture, begin, references=named)
    if target is None and begin is not None and recipe.imagined is None and not recipe.target.name:
        picture = seen(begin)  # which a drawing is held to
        if images.digest(picture) == recipe.target.sha256:
            return Plan(recipe, picture, begin, references=named)
    picture = _given(target, recipe.target, file) if target is not None else find_target(recipe.target, file)
    if recipe.focus is None or not recipe.focus.sha256:
        return Plan(recipe, picture, begin, references=named)
    mask = _given(focus, recipe.focus, file) if focus is not None else find_target(recipe.focus, file)
    return Plan(recipe, picture, begin, mask, references=named)


def imagined_again(recipe: Recipe) -> Picture:
    """What the recipe's prior imagines with the recipe's seed. Raises CreativityError where its weights are not on this machine."""
    from creativity.imagination import imagine_all
    from creativity.models.encoders import open_encoder
    from creativity.models.priors import open_prior

    how = recipe.imagined
    assert how is not None
    prior, encoder = open_prior(how.prior, offline=True), open_encoder(how.encoder, offline=True)
    return imagine_all(parse_prompts(how.prompts), prior, encoder, how.samples, recipe.seed, recipe.canvas, recipe.target_size)


def _given(source: Any, wanted: Target | Focus, file: Path) -> Picture:
    picture = images.canonical(images.open_picture(source))
    if images.digest(picture) != wanted.sha256:
        what = "picture" if isinstance(wanted, Target) else "focus mask"
        raise CreativityError(f"{source} is not the {what} that {file} was made from (its digest differs)")
    return picture


def seen(artwork: Artwork) -> Picture:
    """An artwork as a picture to hold to."""
    return images.canonical(artwork.rgba(SEEN))


def find_target(target: Target | Focus, near: Path) -> Picture:
    """The picture, or the focus mask, with that digest."""
    if isinstance(target, Target):
        return find_picture(target, near, "target.png", "picture", "name it with --target PICTURE")
    return find_picture(target, near, "focus.png", "focus mask", "name it with --focus MASK")


def find_picture(wanted: Target | Focus, near: Path, kept: str, what: str, remedy: str) -> Picture:
    """By its name beside ``near`` or here, or as ``kept`` in the run folder or in runs beside. Raises CreativityError with the remedy."""
    shipped = Path(__file__).parent / "data"
    for path in _near(wanted.name, near, kept, shipped):
        try:
            for frame in range(len(images.durations(path)) if images.is_animated(path) else 1):
                picture = images.canonical(images.open_picture(path, frame))
                for seen in (picture, images.resized(picture, LARGEST)):  # as a target, and as a reference is kept
                    if images.digest(seen) == wanted.sha256:
                        return seen
        except CreativityError:
            continue
    name = shown(Path(wanted.name).name[:255])
    raise CreativityError(f"the {what} {name} that {near} was made from is not at hand; {remedy}")


def find_start(start: Start, near: Path) -> Artwork:
    """The artwork with the start's digest: by its name beside ``near`` or here, in the run folder, in runs beside."""
    for path in [*_near(start.name, near, "start.json"), *_near("", near, "artwork.json")]:
        try:
            artwork = opened(path)
        except CreativityError:
            continue
        if artwork.digest == start.sha256:
            return artwork
    name = shown(Path(start.name).name[:255])
    raise CreativityError(f"the artwork {name} that {near} goes on from is not at hand; name it with --start FILE")


def _near(name: str, near: Path, kept_as: str, *places: Path) -> list[Path]:
    """The files that may be meant by a name in a recipe, or what run folders keep it as."""
    folder = near if near.is_dir() else near.parent
    name = Path(name).name[:255]  # a file's word for itself leads nowhere else
    named = [place / name for place in (folder, Path.cwd(), *places) if name]
    runs = [sorted(place.glob(f"runs/{depth}/{kept_as}")) for place in (folder, Path.cwd()) for depth in ("*", "*/*", "*/*/*")]
    kept = [folder / kept_as, *(path for paths in runs for path in paths)]
    return [path for path in [*named, *kept] if os.path.isfile(path)]


def run_folder(run_dir: str | Path | None, stem: str, recipe: Recipe) -> RunFolder:
    """A new run folder, made: the one asked for, or one under runs/ that is named by what the run is.

    Raises CreativityError when the one asked for holds a run already.
    """
    if run_dir is None:
        return RunFolder(make_folder(numbered(Path("runs") / f"{stem[:100]}-{registry.renderers.called(recipe.renderer)}-s{recipe.seed}")))
    if not str(run_dir):
        raise CreativityError("a run folder needs a name")
    if (Path(run_dir) / "recipe.toml").exists():
        raise CreativityError(f"{run_dir} holds a run already; continue it with: creativity resume {run_dir}")
    return RunFolder(make_folder(run_dir))


def check_outputs(outputs: Sequence[str], renderer: Renderer | None = None, inputs: Sequence[str] = ()) -> None:
    """Refuse, before a long search, what could not be written after it, or would replace what it is made from.

    ``renderer`` says whether there is a drawing to save.
    """
    for output in outputs:
        if output == "-":
            continue
        path = Path(output)
        kind = path.suffix.lower()
        if os.path.isdir(path):
            raise CreativityError(f"cannot save {output}: it is a folder")
        if len(os.fsencode(path.name)) > 255:
            raise CreativityError(f"cannot save {shown(output)}: the name is too long")
        if any(os.path.exists(path) and os.path.exists(given) and os.path.samefile(path, given) for given in inputs):
            raise CreativityError(f"cannot save {output}: it is what the picture is made from")
        if kind not in SUFFIXES:
            raise CreativityError(f"cannot save {output}: {nearest(kind, SUFFIXES)}")
        if kind in films.KINDS:
            films.check(kind)
        if kind in (".glsl", ".html") and renderer is not None and not isinstance(renderer, ShaderRenderer):
            raise CreativityError(f"cannot save {output}: this renderer has no shader; save as .png")
        if kind == ".svg" and renderer is not None and not isinstance(renderer, VectorRenderer):
            raise CreativityError(f"cannot save {output}: this renderer makes pixels, not drawings; save as .png")
        if not path.parent.is_dir():
            raise CreativityError(f"cannot save {output}: the folder {path.parent} does not exist")
        if reason := unwritable(path.parent):
            raise CreativityError(f"cannot save {output}: {reason}")


def _keeps_to_palettes(renderer: str) -> bool:
    return typing.get_type_hints(registry.renderers.get(renderer).Options).get("palette") == tuple[str, ...]


def film(
    what: Run | Artwork | str | Path,
    *,
    of: str | None = None,
    frames: int = filming.FRAMES,
    size: str | int = filming.SIZE,
    fps: float = filming.FPS,
    target: Any = None,
    plugins: Sequence[str | Path] = (),
    progress: Progress = None,
) -> films.Film:
    """A film of a search, or of a drawing as it is painted.

        creativity.film("runs/photo-triangles-s42").save("search.gif")

    ``what``: a run folder, finished or not; a `Run`; an `Artwork` or its file. ``of``: "search" (by default, where there is
    one: the best so far at equal steps of loss, not of time), "drawing" (mark by mark), "walk" (of a picture that moves, once
    around) or "population" (of an evolution strategy, as a grid and a cloud of points). An artwork's file knows no search, and
    nothing keeps a population: they are made again from the recipe, which takes as long as it did, with ``target`` where its
    picture is not beside it and ``progress`` called with every Event. ``frames`` at most, of ``size``; ``fps`` of them a second,
    and the last stays a while.

    Raises CreativityError for what cannot be filmed.
    """
    folder = isinstance(what, str | Path) and os.path.isdir(what)
    of = of or ("search" if folder or isinstance(what, Run) else None)
    if of is not None and of not in FILMS:
        raise CreativityError(f"no film is of {of!r}; {nearest(of, FILMS)}")
    if of in (None, "drawing", "walk") and isinstance(what, str | Path) and not folder:
        artwork = open_artwork(what)
        registry.require_plugins(artwork.recipe, _several(plugins), str(what))
        return filming.of_artwork(artwork, of, frames, size, fps)
    if isinstance(what, Artwork):
        if of not in (None, "drawing", "walk"):
            raise CreativityError(f"an artwork alone cannot be filmed as a {of}; give its run, or a file of it")
        return filming.of_artwork(what, of, frames, size, fps)
    if isinstance(what, Run):
        run, artwork = what, what.artwork
    elif folder:
        run = open_run(what, _several(plugins))
        artwork = run.checkpoint()
    else:
        run = plan_redo(what, target=target, plugins=plugins).run()
        run.listeners.extend(listeners(progress))
        artwork = run.run()
    if of in ("drawing", "walk"):
        return filming.of_artwork(artwork, of, frames, size, fps)
    if of == "population":
        population.check(run.optimizer, run.recipe.optimizer.name)
    snapshots = run.snapshots.read(run.folder.path if run.folder else None)
    if of == "population":
        again = Run(artwork.recipe, run.target, None, run.start, run.mask, run.references)
        again.listeners.extend(listeners(progress))
        return population.film(again, artwork, snapshots, frames, size, fps)
    return filming.of_search(artwork, snapshots, frames, size, fps)


def encode(run: Run, artwork: Artwork, suffix: str) -> bytes:
    """The bytes of what a run has found, as the kind of file that a suffix names; a film is one of its search."""
    if suffix in films.KINDS:
        return film(run, size=min(filming.SIZE, max(artwork.output_size().pixels))).encode(suffix)
    return artwork.encode(suffix)


def save(run: Run, artwork: Artwork, output: str | Path) -> Path:
    """The same, written atomically to a file that is named; ``-`` is standard output."""
    if str(output) == "-":
        return artwork.save(output)
    return write_atomically(output, encode(run, artwork, Path(output).suffix.lower()))


def check_preview(preview: str | Path | None, inputs: Sequence[str] = ()) -> list[str]:
    """Where a run shall show what it has, as an absolute path; refused like an output, and where it is no PNG."""
    if preview is None:
        return []
    if Path(preview).suffix.lower() != ".png":
        raise CreativityError(f"cannot show the preview in {shown(preview)}: it must be a .png")
    check_outputs([str(preview)], inputs=inputs)
    return [str(Path(preview).absolute())]


def default_kind(renderer: Renderer) -> str:
    """The suffix of a file that nobody named: a drawing where there is one."""
    return ".svg" if isinstance(renderer, VectorRenderer) else ".png"


def _several(plugins: str | Path | Sequence[str | Path]) -> Sequence[str | Path]:
    return (plugins,) if isinstance(plugins, str | Path) else plugins
