"""``creativity.batch``: many searches from Python, as their artworks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from creativity import registry
from creativity.artwork import Artwork, open_artwork
from creativity.batches.batch import Batch
from creativity.batches.executors import Executor, open_executor
from creativity.batches.planning import Job, plan_jobs, read_batch
from creativity.entry import Entry
from creativity.errors import CreativityError
from creativity.files import RunFolder, digest_bytes
from creativity.recipe import Recipe
from creativity.seeds import seeds_of
from creativity.sources import stem_of
from creativity.verbs import Plan, plan_again


def batch(
    what: Recipe | Plan | dict[str, Any] | str | Path,
    *,
    seeds: Iterable[int] | str | None = None,
    workers: int | None = None,
    run_dir: str | Path | None = None,
    timeout: float | None = None,
    on: str = "local",
    address: str | None = None,
    plugins: str | Path | Sequence[str | Path] = (),
) -> Iterator[Artwork]:
    """Do many searches in worker processes and give their artworks, each as soon as it is there.

        for artwork in creativity.batch(creativity.plan_fit("photo.jpg", count=50), seeds=range(100)):
            artwork.save(f"photo-{artwork.recipe.seed}.svg")

    ``what``: a plan (``creativity.plan_fit``, ``plan_paint``), or a recipe, whose pictures are looked for here; an artwork's file; or
    a batch's file, or its tables as a dictionary (docs/batch.md). ``seeds``: numbers, or "0..99"; by default what is planned.
    ``workers``: processes, by default one for each core. ``run_dir``: the folder of all run folders, by default under runs/: what
    is done there already is given at once and not done again. ``timeout``: seconds that a job may take. ``on``: "local", or "ray"
    with the ``address`` of a cluster.

    A search that fails takes none with it: after the last artwork a CreativityError names those that failed. A loop that is left
    early stops the workers, which save. Raises CreativityError, before anything starts, for what cannot be.
    """
    several = (plugins,) if isinstance(plugins, str | Path) else plugins
    base, asked = Path.cwd(), seeds if seeds is None or isinstance(seeds, str) else [*seeds]
    made = Batch(
        run_dir or Path("runs") / "batch", (), [str(Path(path).absolute()) for path in several], timeout=timeout, again="the same call"
    )
    if isinstance(what, dict) or (isinstance(what, str | Path) and Path(what).suffix.lower() == ".toml"):
        tables = what if isinstance(what, dict) else read_batch(what)
        name, stem = ("batch", "batch") if isinstance(what, dict) else (str(what), stem_of(what))
        base = base if isinstance(what, dict) else Path(what).absolute().parent
        jobs = plan_jobs(tables if asked is None else {**tables, "seeds": asked}, base, name, several)
    else:
        plan = _planned(what, several)
        recipe = plan.recipe
        name = stem_of(recipe.target.name) if recipe.target and recipe.target.name else "art"
        stem = f"{name}-{registry.renderers.called(recipe.renderer)}-batch"
        numbers = seeds_of(asked) if isinstance(asked, str) else asked or [recipe.seed]
        jobs = [_job(plan, name, seed, several, made) for seed in dict.fromkeys(numbers)]
    made.folder = RunFolder(Path(run_dir or Path("runs") / stem).absolute())
    made.states = made.found(jobs)
    return _artworks(made, open_executor(made, base, made.folder / "log.txt", on, address, workers), several)


def _artworks(made: Batch, executor: Executor, plugins: Sequence[str | Path]) -> Iterator[Artwork]:
    for path in plugins:
        registry.load_plugin(path)
    for state in made.stream(executor):
        if state.state == "done":
            yield open_artwork(state.folder.path)
    if failed := made.of("failed"):
        first = "; ".join(f"{state.job.name}: {state.reason}" for state in failed[:3])
        more = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""
        raise CreativityError(f"{len(failed)} of {len(made.states)} jobs failed: {first}{more}; the others are in {made.folder.path}")


def _planned(what: Recipe | Plan | str | Path, plugins: Sequence[str | Path]) -> Plan:
    """What all jobs have in common, with every option in its recipe."""
    if isinstance(what, Plan):
        plan = what
    else:
        recipe = what if isinstance(what, Recipe) else open_artwork(what).recipe
        if recipe.variation is not None:
            raise CreativityError(
                "an artwork that was made from others without a search has none to repeat: creativity.vary makes siblings"
            )
        plan = plan_again(recipe, Path("the recipe") if isinstance(what, Recipe) else Path(what), plugins=plugins)
    return replace(plan, recipe=plan.run().recipe.replace(replay=None))


def _job(plan: Plan, name: str, seed: int, plugins: Sequence[str | Path], made: Batch) -> Job:
    """One that begins with what is here: its run folder is written before a worker gets it."""
    recipe = Recipe.from_dict({**plan.recipe.to_dict(), "seed": seed})
    decides = {key: value for key, value in recipe.to_dict().items() if key not in ("threads", "version")}

    def begin(folder: RunFolder) -> None:
        own = replace(plan, recipe=recipe)
        if recipe.imagined is not None and seed != plan.recipe.seed:
            own = plan_again(plan.recipe, Path("the recipe"), seed=seed, plugins=plugins)
        replace(own, recipe=own.recipe.replace(threads=min(made.threads, recipe.threads))).run().write_down(folder)

    return Job(Entry(f"{name}-s{seed}", "", {"seed": seed}), digest_bytes(json.dumps(decides, sort_keys=True).encode()), begin)
