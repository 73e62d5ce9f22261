"""The run: the loop, its clock, stop rules, checkpoints and exact resume. It emits events and knows no screen.

while not run.done:
    run.record(optimizer.step(problem))
"""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from creativity import estimate, focus, images, registry
from creativity.artwork import MAX_GENOME, Artwork, is_made_by, open_artwork
from creativity.errors import CreativityError
from creativity.errors import Interrupted as Interrupted
from creativity.files import STATES, RunFolder, append, load_state, save_state, write_atomically
from creativity.objectives.base import Context
from creativity.objectives.patches import Transport
from creativity.objectives.pixel import Pixel
from creativity.optimizers.base import Optimizer, Step
from creativity.options import plain
from creativity.problem import Problem
from creativity.recipe import Part, Recipe, Replay, parse_json
from creativity.renderers.base import DocumentRenderer, LatentRenderer, MarksRenderer, VectorRenderer
from creativity.snapshots import Snapshots
from creativity.sources import open_source, shown
from creativity.split import Split
from creativity.start import warm
from creativity.streams import Streams

log = logging.getLogger("creativity")

PREVIEW_SIZE = 512
PAPER = torch.tensor([0.96, 0.96, 0.96, 1.0])[:, None, None]
"""What a search begins near that has no picture: out of a clutter of colours much stays that nobody asked for."""
CHECKPOINT_SECONDS = 2.0  # at least; and saving may take at most a twentieth of the time
HORIZON_LOOKS = 50  # how often in a timed run its length in steps is estimated anew
SCORE_EVERY = 10  # steps between looks at the answer where the steps' own losses cannot be compared
HISTORY_LINES = 1000
MAX_RECIPE = 4_000_000  # bytes: a drawing may lie in it
TERMS_LINES = 100  # of them say what each term of a sum is worth, for the best: it costs a look at it


@dataclass(frozen=True)
class Event:
    """What a listener hears. ``kind``: start, step, saved, done. ``remaining`` is in seconds, None when unknown."""

    kind: str
    step: int
    horizon: int
    loss: float
    best: float
    seconds: float
    remaining: float | None
    fidelity: float = 1.0
    phase: str = ""
    squared: bool = True  # the loss is the plain mean squared error
    make: Callable[[], Artwork] | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        parts = [f"step {self.step}/{self.horizon}"]
        if math.isfinite(self.best):
            parts.append(f"loss {self.best:.5f}")
            if self.squared and 0 < self.best < 1:
                parts.append(f"{self.psnr:.1f} dB")
        if self.phase and self.kind != "done":
            parts.append(self.phase)
        if self.fidelity < 1:
            parts.append(f"at {self.fidelity:.0%} resolution")
        if self.kind != "done" and self.remaining is not None:
            parts.append(f"{estimate.duration(self.remaining)} left")
        return ", ".join(parts)

    @property
    def artwork(self) -> Artwork:
        """The best at this moment, made when it is asked for. Redone, it may come closer: a search that ends looks at its answer too."""
        assert self.make is not None
        return self.make()

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio of the best in dB; NaN where the loss is not the plain mean squared error."""
        if not self.squared:
            return math.nan
        return -10 * math.log10(self.best) if 0 < self.best < math.inf else math.inf


NATURES: dict[str, tuple[type[Any], str]] = {"marks": (MarksRenderer, "triangles or shapes"), "latents": (LatentRenderer, "latent")}
"""What an objective may need of a renderer, and which have it."""


class Run:
    """One search. With a folder it can be killed at any moment and resumed to the same result.

    ``target`` and ``mask``, where the recipe's focus has one, are canonical pictures, uint8 RGBA (H, W, 4); ``start`` is the
    artwork that the recipe goes on from, if it does, and ``references`` are the pictures that its objective names.
    Raises CreativityError, before anything starts, for parts that do not go together.
    """

    def __init__(
        self,
        recipe: Recipe,
        target: np.ndarray[Any, Any] | None = None,
        folder: str | Path | None = None,
        start: Artwork | None = None,
        mask: np.ndarray[Any, Any] | None = None,
        references: Mapping[str, np.ndarray[Any, Any]] | None = None,
    ):
        self.target, self.start, self.mask, self.references = target, start, mask, dict(references or {})
        self.folder = RunFolder(folder) if folder else None
        self.listeners: list[Callable[[Event], None]] = []
        self.outputs: list[str] = []
        self.previews: list[str] = []  # where else than in the folder it shows what it has
        self.note: str | None = None  # what a listener should know about how the run began
        self.stopping = False
        self.last_step: Step | None = None  # what the optimizer has just looked at
        self._begun = self._warm = False
        self._told: deque[Event] = deque()  # and not yet streamed

        renderer = registry.renderers.create(recipe.renderer.name, recipe.renderer.options)
        objective = registry.objectives.create(recipe.objective.name, recipe.objective.options)
        self.optimizer: Optimizer = registry.optimizers.create(recipe.optimizer.name, recipe.optimizer.options)
        # The recipe records every option, so that a later change of a default changes no old picture.
        self.recipe = recipe.replace(
            renderer=Part(recipe.renderer.name, plain(renderer.options)),
            objective=Part(recipe.objective.name, plain(objective.options)),
            optimizer=Part(registry.optimizers.resolve(recipe.optimizer.name)[0], plain(self.optimizer.options)),
        )
        self.device = _device(recipe, {"renderer": renderer, "objective": objective, "optimizer": self.optimizer})
        size = recipe.scored_size
        scored = None
        self._seen = target if target is None or not isinstance(renderer, DocumentRenderer) else images.cropped(target, recipe.canvas)
        if self._seen is not None:
            scored = torch.from_numpy(images.premultiplied(images.resized(self._seen, max(size))))
            if not renderer.transparent:
                scored = scored + (1.0 - scored[3])  # on white, as the renderer's own pictures could never show through
            size = (scored.shape[1], scored.shape[2])
        if "target" in objective.needs and scored is None:
            raise CreativityError(f"objective {recipe.objective.name!r} needs a picture to match; give one: creativity fit PICTURE")
        for need, (able, fitting) in NATURES.items():
            if need in objective.needs and not isinstance(renderer, able):
                terms = getattr(objective, "terms", {recipe.objective.name: objective})
                asking = [name for name, term in terms.items() if need in term.needs]
                raise CreativityError(
                    f"objective {', '.join(asking)} speaks of {need}, and renderer {recipe.renderer.name!r} has none; use {fitting}"
                )
        if renderer.spec.size > MAX_GENOME:
            raise CreativityError(f"a genome of {renderer.spec.size} numbers does not fit into a file; at most {MAX_GENOME} do")
        self.streams = Streams(recipe.seed)
        named = {name: torch.from_numpy(images.premultiplied(picture)) for name, picture in self.references.items()}
        goal, weight = (None if part is None else part.to(self.device) for part in (scored, self._weight(size)))
        objective.prepare(Context(size, goal, weight, self.streams, named))
        self._hint, self._squared = scored, type(objective) is Pixel and recipe.focus is None
        start_from = None
        if recipe.start is not None:
            if start is None or start.digest != recipe.start.sha256:
                raise CreativityError(f"the recipe goes on from the artwork {recipe.start.name!r}; give that one as start")
            start_from = warm(start, recipe.start, renderer, self.streams("start"))
        self.problem = Problem(renderer, objective, size, recipe.seed, start_from, self.device)
        if self.device.type == "cuda" and torch.cuda.device_count() > 1:
            parts = [self.problem]
            for number in range(1, torch.cuda.device_count()):
                there = torch.device("cuda", number)
                again = registry.objectives.create(recipe.objective.name, recipe.objective.options)
                again.prepare(Context(size, goal if goal is None else goal.to(there), weight if weight is None else weight.to(there)))
                parts.append(Problem(renderer, again, size, recipe.seed, start_from, there))
            self.problem = Split(parts)
        self.optimizer.check(self.problem)

        estimate.check(self)

        self._replay = recipe.replay
        self._horizons: list[tuple[int, ...]] = list(recipe.replay.horizons) if recipe.replay else []
        self.best: Tensor | None = None
        self.best_loss = math.inf
        self.snapshots = Snapshots(renderer.spec.size)
        self._plateau_loss, self._plateau_step = math.inf, 0
        self.seconds = 0.0
        self._clock = 0.0
        self._history: list[str] = []
        self._history_bytes = 0
        self._saved_at, self._save_took = -math.inf, 0.0
        self._phase = ""
        self._last = Event("start", 0, self.horizon, math.inf, math.inf, 0.0, None)

    def _weight(self, size: tuple[int, int]) -> Tensor | None:
        """Where the target matters, (H, W); None: everywhere the same."""
        asked = self.recipe.focus
        if asked is None:
            return None
        if self._seen is None or bool(asked.sha256) != (self.mask is not None):
            raise CreativityError("a focus needs a picture to match, and the mask that the recipe names")
        mask = None if self.mask is None else images.cropped(self.mask, self._seen.shape[1::-1])
        return focus.weights(focus.salient(self._seen) if mask is None else focus.masked(mask), size, asked.strength)

    # -- the loop

    def run(self) -> Artwork:
        """Search until done; write the run folder as it goes. Raises Interrupted once ``stop`` was asked and saved."""
        for _ in self.stream():
            pass
        return self.artwork

    def stream(self) -> Iterator[Event]:
        """The same search as its events, after which it has its `artwork`.

            for event in run.stream():
                print(event.step, event.best)

        A loop that is left early saves the state and gives the folder free; to stream again is to go on from there.
        """
        self._told.clear()
        with self.folder.locked() if self.folder else nullcontext():
            try:
                if self.folder or not self._begun:
                    with self._threads():
                        self._begin()
                yield from self._events()
                while not self.done:
                    with self._threads():
                        if self.stopping:
                            self.save()
                            raise Interrupted
                        self._phase = self.optimizer.phase  # of this step; after it another may begin
                        self.problem.progress = min(1.0, self.count / max(1, self.horizon))
                        try:
                            with self._timed():
                                step = self.optimizer.step(self.problem)
                        except torch.OutOfMemoryError:  # of a GPU; the machine's own was looked at before
                            raise CreativityError(
                                "the GPU has too little memory for this; use a smaller optimizer.population, --target-size or --count"
                            ) from None
                        self.record(step)
                    yield from self._events()
                with self._threads():
                    self._finish()
                yield from self._events()
            except GeneratorExit:
                with self._threads():
                    self.save(tell=False)
                raise

    def _events(self) -> Iterator[Event]:
        while self._told:
            yield self._told.popleft()

    def estimate(self) -> estimate.Estimate:
        """What is still to come: of a run that has begun (from a listener), or of one without a folder that has not."""
        with self._threads():
            if self.best is None:
                self._begin()
            return estimate.of(self)

    def stop(self) -> None:
        """Ask the run to save and end after the step it is in; safe to call from a signal handler."""
        self.stopping = True

    @property
    def count(self) -> int:
        return self.optimizer.count

    @property
    def horizon(self) -> int:
        """How many steps the run is expected to take; what schedules are stretched over."""
        if self._horizons:
            past = [length for step, length in self._horizons if step <= self.optimizer.count]
            if past:
                return past[-1]
        return self.recipe.stop.steps if self.recipe.stop.steps is not None else self.optimizer.default_steps

    @property
    def done(self) -> bool:
        return self.outcome is not None

    @property
    def outcome(self) -> str | None:
        """Why the search is over, in words; None while it is not."""
        stop = self.recipe.stop
        if self._replay:
            return "all steps of its record are taken" if self.count >= self._replay.steps else None
        if stop.seconds is not None and self.seconds >= stop.seconds:
            return "its time is up"
        if stop.loss is not None and self.best_loss <= stop.loss:
            return "the loss is as low as asked"
        if stop.plateau is not None and self.count - self._plateau_step >= stop.plateau:
            return f"{stop.plateau} steps brought nothing"
        limit = stop.steps if stop.steps is not None else None if stop.seconds is not None else self.optimizer.default_steps
        if limit is not None and self.count >= limit:
            return "all steps are taken"
        return f"converged: {self.optimizer.converged}" if self.count and self.optimizer.converged else None

    def record(self, step: Step) -> None:
        """Keep what scored best, write the history, save when it is time, tell the listeners."""
        self.last_step = step
        losses = step.losses.detach().cpu()  # the one time in a step that a GPU is waited for
        finite = torch.isfinite(losses)
        if not finite.any():
            where = f"; the last good state is in {self.folder.path}" if self.folder and self._saved_at > 0 else ""
            raise CreativityError(f"no candidate of step {self.count} has a finite loss; the search cannot go on{where}")
        loss = float(losses[finite].min())
        if step.fidelity == 1.0 and self.problem.deterministic:
            best = int(torch.where(finite, losses, torch.inf).argmin())
            self._keep(self.problem.expand(step.genomes[best]), float(losses[best]))
        elif self.count % SCORE_EVERY == 0:
            self._score_answer()
        self._look_at_clock()
        self.optimizer.horizon = self.horizon
        self._note("step", loss, step.fidelity)
        if self.folder and time.monotonic() - self._saved_at >= max(CHECKPOINT_SECONDS, 19 * self._save_took):
            self.save()

    def _keep(self, genome: Tensor, loss: float) -> None:
        if loss < self.best_loss:
            self.best, self.best_loss = genome.detach().cpu().clone(), loss
            self.snapshots.offer(self.count, loss, self.best)
        if not math.isfinite(self._plateau_loss) or self.best_loss < self._plateau_loss - 1e-3 * abs(self._plateau_loss):
            self._plateau_loss, self._plateau_step = self.best_loss, self.count

    def _score_answer(self) -> None:
        """Score the answer at full fidelity and from outside of the search, so that scores can be compared."""
        with torch.no_grad():
            answer = self.optimizer.answer.detach()
            self._keep(self.problem.expand(answer), float(self.problem.losses(answer[None])[0]))

    @contextmanager
    def _threads(self) -> Iterator[None]:
        """As many threads as asked for, but no more than there are cores: results do not depend on them, patience does.

        Never while a loop over the stream has its turn: the threads of its process are its own.
        """
        before = torch.get_num_threads()
        torch.set_num_threads(min(self.recipe.threads, os.cpu_count() or 1))
        try:
            yield
        finally:
            torch.set_num_threads(before)

    # -- the clock

    @contextmanager
    def _timed(self) -> Iterator[None]:
        # The first step of a process is left out: it compiles.
        began = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began if self._warm else 0.0
        self._warm = True

    def _look_at_clock(self) -> None:
        """In a timed run, estimate how many steps fit; the estimate is recorded, and a replay follows the record."""
        limit, fixed = self.recipe.stop.seconds, self.recipe.stop.steps
        if self._replay or not limit or self.count < 2 or (self.seconds - self._clock < limit / HORIZON_LOOKS and self._horizons):
            return
        self._clock = self.seconds
        estimate = max(self.count, round(self.count * limit / max(self.seconds, 1e-9)))
        self._horizons.append((self.count, min(estimate, fixed) if fixed else estimate))

    # -- what is written

    def starts(self) -> Tensor:
        """The genomes (n, D) that the search begins with, as the optimizer sees them."""
        with torch.no_grad():
            start = self.problem.renderer.init(self.optimizer.starts, self.streams("init"), PAPER if self._hint is None else self._hint)
            return self.problem.reduce(start if self.problem.warm is None else self.problem.warm.onto(start))

    def _begin(self) -> None:
        """A new start, or the state that the folder holds."""
        start = self.starts()
        held = self.folder is not None and any((self.folder / name).exists() for name in STATES)
        self.best = self.problem.expand(start[0]).clone()
        if self.folder and not held:
            self.write_down(self.folder)
            # Something to look at, before optimizers load their libraries.
            self._write_preview(self.folder)
        self.optimizer.begin(self.problem, start.to(self.device), self.streams("optimizer"))
        if self.folder and held:
            with self._fitting():
                self._restore(self.folder)
        else:
            self._score_answer()
        self.optimizer.horizon = self.horizon
        self._begun = True
        self._note("start", self.best_loss, 1.0)
        if not held:
            self.save()

    def write_down(self, folder: RunFolder) -> None:
        """Write what it begins with into a folder, which then holds a run that can be gone on with."""
        if self.target is not None:
            write_atomically(folder / "target.png", images.encode_png(self.target, {}, None))
        if self.start is not None:
            write_atomically(folder / "start.json", self.start.to_json() + "\n")
        if self.mask is not None:
            write_atomically(folder / "focus.png", images.encode_png(self.mask, {}, None))
        for number, reference in enumerate(self.recipe.references):
            write_atomically(folder / f"reference-{number}.png", images.encode_png(self.references[reference.name], {}, None))
        write_atomically(folder / "outputs.json", json.dumps(self.outputs))
        if self.previews:
            write_atomically(folder / "previews.json", json.dumps(self.previews))
        # Last, for it is what makes the folder a run.
        write_atomically(folder / "recipe.toml", self.recipe.to_toml())

    def _finish(self) -> None:
        self._score_answer()
        artwork = self.artwork
        if self.folder and not self.folder.done:
            self.save()
            artwork.save(self.folder / "final.png")
            if isinstance(artwork.renderer, VectorRenderer):
                artwork.save(self.folder / "final.svg")
            if any(isinstance(term, Transport) for term in getattr(self.problem.objective, "terms", {"": self.problem.objective}).values()):
                from creativity.overlay import plan_of

                write_atomically(self.folder / "plan.png", images.encode_png(plan_of(artwork, self.references)[0], {}, None))
            facts = {
                **json.loads(artwork.to_json()),
                "volatile": {"seconds": round(self.seconds, 3), "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z")},
            }
            write_atomically(self.folder / "artwork.json", json.dumps(facts, sort_keys=True) + "\n")
            self._note("done", self.best_loss, 1.0)
            write_atomically(self.folder / "DONE", "")
        else:
            self._note("done", self.best_loss, 1.0)

    @property
    def artwork(self) -> Artwork:
        """The best so far, with the recipe that remakes it."""
        if self.best is None:
            raise CreativityError("this run has not begun; run() or stream() it first")
        return self._artwork(self.best, self.best_loss, self.count)

    def _artwork(self, best: Tensor, loss: float, count: int) -> Artwork:
        """What was found after ``count`` steps."""
        horizons = tuple(pair for pair in self._horizons if pair[0] <= count)
        recipe = self.recipe.replace(replay=Replay(count, horizons))
        scored = {"loss": loss} if math.isfinite(loss) else {}
        if self._hint is not None and self.recipe.imagined is None:
            scored["mse"] = self.problem.squared_error(best, self._hint)
        terms = {f"term_{name.replace('-', '_')}": value for name, value in self.problem.values(best).items()}
        return Artwork(best.numpy().astype(np.float32), recipe, {**scored, **terms, "steps": count})

    def checkpoint(self) -> Artwork:
        """The best that the folder holds, finished or not, without going on; ``snapshots`` then are those on its way there."""
        assert self.folder is not None
        arrays, facts, _ = load_state(self.folder)
        self._same_recipe(facts, self.folder)
        with self._fitting():
            self._horizons = [(step, length) for step, length in facts["horizons"]]
            self.snapshots.restore(facts["snapshots"])
            return self._artwork(torch.from_numpy(arrays["best"].copy()), facts["best_loss"], facts["step"])

    @contextmanager
    def _fitting(self) -> Iterator[None]:
        try:
            yield
        except (LookupError, ArithmeticError, ValueError, TypeError, RuntimeError) as error:
            assert self.folder is not None
            raise CreativityError(f"the checkpoint in {self.folder.path} does not fit its recipe ({error!r})") from error

    def save(self, tell: bool = True) -> None:
        """Write a checkpoint, the history so far and a preview, in this order: what is named by one is there."""
        if not self.folder:
            return
        began = time.monotonic()
        self._append_history(self.folder)
        self.snapshots.write(self.folder.path)
        assert self.best is not None
        facts = {
            "recipe": self.recipe.digest,
            "step": self.count,
            "best_loss": self.best_loss,
            "plateau": [self._plateau_loss, self._plateau_step],
            "seconds": self.seconds,
            "clock": self._clock,
            "horizons": self._horizons,
            "history_bytes": self._history_bytes,
            "snapshots": self.snapshots.state,
        }
        arrays = {f"optimizer/{name}": value for name, value in self.optimizer.state().items()}
        save_state(self.folder, {**arrays, "best": self.best.numpy()}, facts)
        self._write_preview(self.folder)
        self._saved_at = time.monotonic()
        self._save_took = self._saved_at - began
        if tell:
            self._emit("saved")

    def _write_preview(self, folder: RunFolder) -> None:
        picture = self.artwork.png(PREVIEW_SIZE)
        write_atomically(folder / "preview.png", picture)
        for path in [*self.previews]:
            try:
                write_atomically(path, picture)
            except CreativityError as error:  # a viewer that holds the file, a folder that was deleted: not worth a search
                log.warning("%s; the preview is in %s", error, folder / "preview.png")
                self.previews.remove(path)

    def _restore(self, folder: RunFolder) -> None:
        arrays, facts, self.note = load_state(folder)
        self._same_recipe(facts, folder)
        state = {name.removeprefix("optimizer/"): value for name, value in arrays.items() if name.startswith("optimizer/")}
        self.optimizer.restore(state)
        self.best = torch.from_numpy(arrays["best"].copy())
        self.best_loss = facts["best_loss"]
        self._plateau_loss, self._plateau_step = facts["plateau"]
        self.seconds, self._clock = facts["seconds"], facts["clock"]
        self._horizons = [(step, length) for step, length in facts["horizons"]]
        self._history_bytes = facts["history_bytes"]
        self.snapshots.restore(facts["snapshots"])
        self._saved_at = time.monotonic()

    def _same_recipe(self, facts: dict[str, Any], folder: RunFolder) -> None:
        if facts["recipe"] != self.recipe.digest:
            raise CreativityError(f"the checkpoint in {folder.path} was made by another recipe than the one beside it; start a new run")

    def _append_history(self, folder: RunFolder) -> None:
        """Append the new lines; whatever a killed process wrote past the last checkpoint is cut off first."""
        self._history_bytes = append(folder / "history.jsonl", self._history_bytes, "".join(self._history).encode())
        self._history.clear()

    # -- events

    def _note(self, kind: str, loss: float, fidelity: float) -> None:
        assert self.best is not None
        horizon = self.horizon
        now = (self.count, horizon, loss, self.best_loss, self.seconds, self._remaining(horizon), fidelity, self._phase, self._squared)
        self._last = Event(kind, *now, partial(self._artwork, self.best, self.best_loss, self.count))
        worth_a_line = kind != "step" or self.count % max(1, horizon // HISTORY_LINES) == 0
        if worth_a_line and self.folder and not self.folder.done:
            line: dict[str, Any] = {"event": kind, "step": self.count, "loss": _number(loss), "best": _number(self.best_loss)}
            if kind != "step" or self.count % max(1, horizon // TERMS_LINES) == 0:
                line |= {"terms": values} if (values := self.problem.values(self.best)) else {}
                line |= {"remarks": said} if (said := self.problem.remarks(self.best)) else {}
            self._history.append(json.dumps({**line, "fidelity": round(fidelity, 4), "seconds": round(self.seconds, 4)}) + "\n")
            if kind == "done":
                self._append_history(self.folder)
        self._emit(kind)

    def _remaining(self, horizon: int) -> float | None:
        if self.count < 2:
            return None
        limit = self.recipe.stop.seconds
        by_steps = self.seconds / (self.count - 1) * max(0, horizon - self.count)
        return by_steps if limit is None else min(by_steps, max(0.0, limit - self.seconds))

    def _emit(self, kind: str) -> None:
        event = self._last if kind == self._last.kind else replace(self._last, kind=kind)
        self._told.append(event)
        try:
            for listener in self.listeners:
                listener(event)
        except BaseException:
            if kind in ("start", "step"):  # after the others it is saved already
                with suppress(CreativityError):
                    self.save(tell=False)
            raise


def _device(recipe: Recipe, parts: dict[str, Any]) -> torch.device:
    """Where the search takes place. Raises CreativityError where there is no such device, or a part cannot work on it."""
    if recipe.device == "cpu":
        return torch.device("cpu")
    for kind, part in parts.items():
        if not part.on_gpu:
            name = getattr(recipe, kind).name
            able = "a GPU takes triangles, shapes and svg, the objective pixel, and evolution or gradients"
            raise CreativityError(f"{kind} {name!r} works on the CPU alone; write --device cpu ({able})")
    if recipe.start is not None and recipe.start.lock:
        raise CreativityError("parts of a start are held on the CPU alone; write --device cpu, or leave out --lock")
    if not torch.cuda.is_available():
        raise CreativityError("torch finds no GPU here (creativity doctor says what it finds); write --device cpu, or leave it out")
    return torch.device(recipe.device)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def read_recipe(folder: RunFolder) -> Recipe:
    """The recipe of a run folder. Raises CreativityError when there is none."""
    path = folder / "recipe.toml"
    if (folder / "batch.json").is_file():
        raise CreativityError(f"{folder.path} holds a batch: go on with creativity batch FILE.toml, or name one of the folders in it")
    if not path.is_file():
        raise CreativityError(f"{folder.path} is not a run folder: it has no recipe.toml")
    with open_source(path, "recipe", limit=MAX_RECIPE) as file:
        try:
            text = file.read().decode()
        except UnicodeDecodeError as error:
            raise CreativityError(f"{path} is not text: {error}") from error
    if "schema" not in text:
        raise CreativityError(f"{path} is not the recipe of a run")
    return Recipe.from_toml(text, str(path))


def open_run(folder: str | Path, plugins: Sequence[str | Path] = ()) -> Run:
    """The run in a folder, ready to ``run()`` on; a finished one gives its result again at once.

    Raises CreativityError when there is none, when its target is not what it was, or a plug-in is missing.
    """
    held = RunFolder(folder)
    recipe = read_recipe(held)
    registry.require_plugins(recipe, plugins, str(folder))

    def kept(name: str, digest: str) -> np.ndarray[Any, Any]:
        picture = images.canonical(images.open_picture(held / name))
        if images.digest(picture) != digest:
            raise CreativityError(f"{held / name} is not the picture that this run began with (its digest differs)")
        return picture

    target = kept("target.png", recipe.target.sha256) if recipe.target else None
    mask = kept("focus.png", recipe.focus.sha256) if recipe.focus and recipe.focus.sha256 else None
    start = open_artwork(held / "start.json") if recipe.start is not None else None
    if start is not None and recipe.start is not None and start.digest != recipe.start.sha256:
        raise CreativityError(f"{held / 'start.json'} is not the artwork that this run began with (its digest differs)")
    references = {wanted.name: kept(f"reference-{number}.png", wanted.sha256) for number, wanted in enumerate(recipe.references)}
    run = Run(recipe, target, folder, start, mask, references)
    run.outputs = _paths(held / "outputs.json")
    run.previews = still_ours(run, [path for path in _paths(held / "previews.json") if path.lower().endswith(".png")])
    return run


def still_ours(run: Run, paths: Sequence[str]) -> list[str]:
    """What a run was first asked to write, less what would replace something that is not its own."""
    keep = []
    for path in paths:
        if path != "-" and os.path.lexists(path) and not is_made_by(path, [run.recipe.digest]):
            log.info(f"{shown(path)} is not a picture of this run and stays as it is")
        else:
            keep.append(path)
    return keep


def _paths(path: Path) -> list[str]:
    """The list of paths in a run folder's file; empty where there is none."""
    if not path.is_file():
        return []
    with open_source(path, "list of outputs", limit=1_000_000) as file:
        stored = parse_json(file.read(), str(path))
    if not isinstance(stored, list) or not all(isinstance(item, str) and "\0" not in item for item in stored):
        raise CreativityError(f"{path} must be a list of paths")
    return stored
