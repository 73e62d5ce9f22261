"""Painting: from words to an artwork. A prior imagines, marks are fitted to that, and an encoder of pictures and words refines them."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

from creativity import images, presets, registry
from creativity.arguments import PaintArguments
from creativity.artwork import Artwork
from creativity.errors import CreativityError
from creativity.imagination import imagine_all
from creativity.models.acquaintance import acquaintance
from creativity.models.encoders import open_encoder
from creativity.models.priors import open_prior
from creativity.objectives.prompts import Prompt, parse_prompt, parse_prompts
from creativity.objectives.sum import parse_terms
from creativity.references import taken
from creativity.renderers.base import DocumentRenderer
from creativity.size import parse_box
from creativity.sources import name_of, shown, stem_of
from creativity.streams import draw_seed
from creativity.verbs import Picture, Plan, Progress, asked_like, chosen_parts, listeners, run_folder, seen, start_of, written

log = logging.getLogger("creativity")

HOLD = 200.0
"""The anchor's weight, beside 1 for the words."""
SEEKING: dict[str, Any] = {
    "cutouts": 8,
    "contrast": 1.0,
    "min_scale": 0.7,
    "max_scale": 1.6,
    "ratio": 1.3,
    "jitter": 0.2,
    "noise": 0.1,
    "perspective": 0.3,
}
"""Of the words, where there is nothing to hold to: an encoder is fooled soon, so it looks in more ways, from further off too."""

SAMPLES = 16
COUNT = 80
TARGET_SIZE = 128
PHOTO_HOLD = 0.6
"""How tightly a photograph still holds at the end."""


def plan_paint(
    prompts: str | Sequence[str] = (),
    *,
    pictures: str | Sequence[str] = (),
    encoder: str | None = None,
    prior: str | None = "embedded",
    samples: int = SAMPLES,
    start: str | Path | Artwork | None = None,
    keep: float | None = None,
    lock: str | Sequence[str] = (),
    preset: str | None = None,
    renderer: str | None = None,
    count: int | None = None,
    palette: Any = None,
    objective: str | dict[str, Any] | None = None,
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
    plugins: str | Path | Sequence[str | Path] = (),
    offline: bool = False,
) -> Plan:
    """Everything that ``paint`` would do, decided and checked, but not begun. See ``paint`` for the arguments."""
    plugins = (plugins,) if isinstance(plugins, str | Path) else plugins
    noted = tuple(registry.load_plugin(path) for path in plugins)
    texts = [prompts] if isinstance(prompts, str) else [*prompts]
    pictures = [pictures] if isinstance(pictures, str) else [*pictures]
    wanted = [prompt for prompt in parse_prompts(texts, pictures)[: len(texts)] if not prompt.negative]
    prior = None if prior == "none" else prior
    own = presets.painting(preset)
    encoder, prior = encoder or own.pop("encoder", "embedded"), own.pop("prior", prior)
    seed = draw_seed() if seed is None else seed
    opened = open_encoder(encoder, offline=offline)
    notes: list[str] = []

    size = own.pop("size", 1024) if size is None else size
    target_size = target_size or own.pop("target_size", None) or max(TARGET_SIZE, opened.input_size)
    begin, photo, facts = _start(start, keep, lock, plugins)
    if begin is not None and isinstance(begin.renderer, DocumentRenderer):
        # A drawing of somebody's own shall stay what it is, and is held as a photograph is.
        photo, facts = seen(begin), {**(facts or {}), "keep": 1.0}
    canvas = begin.recipe.canvas if begin else (photo.shape[1], photo.shape[0]) if photo is not None else parse_box(size)
    picture: Picture | None = photo
    target: dict[str, str] | None = None
    imagined: dict[str, Any] | None = None
    if photo is not None:
        target = {"name": name_of(start) if begin is None and isinstance(start, str | Path) else "", "sha256": images.digest(photo)}
    imagination = open_prior(prior, offline) if prior and wanted and start is None else None
    for prompt in wanted:
        notes += acquaintance(prompt.text, opened, imagination)
    if imagination is not None:
        try:
            picture = imagine_all(wanted, imagination, opened, samples, seed, canvas, target_size)
        except CreativityError as error:
            notes.append(f"{error}; it begins with nothing")
        else:
            target = {"name": "", "sha256": images.digest(picture)}
            said = [text for text in texts if not parse_prompt(text).negative]
            imagined = {"prompts": said, "prior": prior, "weights": imagination.digest, "encoder": encoder, "samples": samples}

    asked = {"renderer": renderer, "count": count, "palette": palette, "steps": steps or own.pop("steps", None)}
    asked |= {"objective": "clip", "optimizer": optimizer or own.pop("optimizer", "relay")}
    if begin is not None and renderer is None and "renderer" not in presets.settings(preset):
        asked["renderer"] = begin.recipe.renderer.name
    how, settings = presets.resolve(preset, asked, options or {})
    if "count" not in how and begin is None and "count" in _options("renderer", how["renderer"]):
        how["count"] = COUNT
    clip = own.pop("clip", {})
    if picture is None and begin is None and not clip:
        clip = SEEKING
        if "max_opacity" in _options("renderer", how["renderer"]):
            settings = {"renderer.max_opacity": 0.6, **settings}  # what is faint hides nothing, and so can still be of use
    given = parse_terms(objective) if isinstance(objective, str) else objective or {}
    main = "clip"
    if (len(wanted) > 1 or any(prompt.place for prompt in wanted)) and "clip" not in given:
        main, clip = "transport", {}
        if "transport" not in given:
            notes.append(
                f"{len(wanted)} prompts share the picture by optimal transport; their weights are areas (--objective clip:1: the mean)"
            )
    words = {"prompts": texts, "pictures": pictures, "encoder": encoder}
    how["objective"] = _terms(given, {main: clip}, words, picture is not None)
    if photo is not None and "anchor" in how["objective"]:
        how["objective"]["anchor"].setdefault("hold", PHOTO_HOLD if keep is None else keep)
    parts = chosen_parts(how, settings, picture, begin, palette is not None)
    noted_pictures, references = taken(parts["objective"])
    recipe = written(
        parts,
        seed=seed,
        references=noted_pictures,
        canvas=[*canvas],
        target=target,
        imagined=imagined,
        start=facts,
        target_size=target_size,
        size=str(size),
        stop={"steps": how.get("steps"), "seconds": max_seconds, "loss": target_loss, "plateau": plateau},
        threads=threads,
        device=device,
        plugins=list(noted),
    )
    return Plan(recipe, picture, begin, None, tuple(notes), references)


def _start(
    start: str | Path | Artwork | None, keep: float | None, lock: str | Sequence[str], plugins: Sequence[str | Path]
) -> tuple[Artwork | None, Picture | None, dict[str, Any] | None]:
    """What to begin with: an artwork and what the recipe notes of it, or a picture."""
    if start is None or isinstance(start, Artwork):
        begin, facts = start_of(start, keep, lock, plugins)
        return begin, None, facts
    try:
        begin, facts = start_of(start, keep, lock, plugins)
    except CreativityError as error:
        if Path(start).is_dir() or Path(start).suffix.lower() == ".svg":
            raise
        try:
            photo = images.canonical(images.open_picture(start))
        except CreativityError:
            raise error from None
        if lock:
            raise CreativityError(f"lock speaks of an artwork to go on from; {shown(start)} is a picture") from None
        return None, photo, None
    return begin, None, facts


def _terms(given: dict[str, Any], main: dict[str, dict[str, Any]], words: dict[str, Any], held: bool) -> dict[str, dict[str, Any]]:
    """What is minded by default, and what is asked for besides; whatever reads prompts gets them."""
    terms = {name: {"weight": 1.0, **how} for name, how in main.items()} | ({"anchor": {"weight": HOLD}} if held else {})
    for name, how in given.items():
        terms[name] = {**terms.get(name, {}), **(how if isinstance(how, dict) else {"weight": how})}
    for name, how in terms.items():
        if "prompts" in _options("objective", name):
            how |= words
    return terms


def _options(kind: str, name: str) -> set[str]:
    return {field.name for field in dataclasses.fields(getattr(registry, f"{kind}s").get(name).Options)}


@asked_like(plan_paint)
def paint(
    prompts: str | Sequence[str] = (), *, run_dir: str | Path | None = None, progress: Progress = None, **how: Unpack[PaintArguments]
) -> Artwork:
    """Paint what words say and return the artwork.

        creativity.paint("a red bird", renderer="triangles", seed=1).save("bird.svg")

    ``prompts``: one or several; ``"a red bird:2"`` counts twice, ``"people:-0.5"`` shall not be seen, ``"dawn:1..0"`` fades
    over the search. ``pictures``: what it shall be like besides, to the encoder: paths, with weights as prompts have.
    ``encoder``: who looks, "embedded" or a model of open_clip (``creativity list models``). ``prior``: who imagines what the
    search begins with, the best of ``samples`` pictures; None or "none" for a search that begins with nothing. ``start``: a photograph to
    begin with instead, or an SVG drawing of another program whose own shapes are then searched: ``keep`` in [0, 1] says how tightly
    its picture still holds at the end; or an artwork to go on from, with ``keep`` and ``lock`` as in ``fit``.
    ``objective``: terms besides "clip" and "anchor", or other weights of these, {"symmetry": 0.5}.
    ``size``: of the output; a box such as "1600x900" gives its shape too. ``offline``: ask no network for weights.
    All else is as in ``fit``.

    Raises CreativityError for anything that cannot be done, in one line.
    """
    plan = plan_paint(prompts, **how)
    for note in plan.notes:
        log.info(note)
    run = plan.run()
    if run_dir is not None:
        run.folder = run_folder(run_dir, "", run.recipe)
    run.listeners.extend(listeners(progress))
    return run.run()


def stem(prompts: Sequence[Prompt]) -> str:
    """What files of it are named after: its words."""
    words = re.findall(r"[^\W_]+", " ".join(prompt.text for prompt in prompts if not prompt.negative).lower())
    return stem_of("-".join(words)[:60] or "painting")
