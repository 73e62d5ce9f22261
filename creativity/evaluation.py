"""How well paintings say what they were asked to say, by a judge that had no part in them.

R-Precision (Park et al., 2021, as VectorFusion, Jain et al., 2022, arXiv:2211.11319, uses it): the part of the pictures whose own
prompt is, of all prompts of a list, the nearest to them. The encoder that guided the search can be fooled, and is, so that what
it thinks stands apart; and a judge is only worth what it makes of real pictures of the prompts, so that stands beside it.

A folder holds one picture and its figures for each arm, prompt and seed, so that an evaluation that was stopped goes on.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import multiprocessing
import os
import re
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from creativity import blind, images
from creativity.errors import CreativityError, nearest
from creativity.files import make_folder, write_atomically
from creativity.models.encoders import open_encoder
from creativity.objectives.prompted import Prompted
from creativity.objectives.prompts import parse_prompt
from creativity.objectives.sum import Sum
from creativity.painting import plan_paint, stem
from creativity.recipe import parse_json
from creativity.renderers.base import Renderer
from creativity.run import Event, Run
from creativity.sheet import save_sheet
from creativity.streams import Streams

log = logging.getLogger("creativity")

LISTS = Path(__file__).parent / "data" / "prompts"
SIDE = 256
"""Of the pictures that are judged."""
LOOKS = 12
"""How often a search is looked at on its way, evenly in the root of time."""

SEARCHES: dict[str, dict[str, Any]] = {
    "painted": {},
    "no-prior": {"prior": None},
    "evolution": {
        "prior": None,
        "optimizer": "pgpe",
        "steps": 150,
        "options": {"optimizer.population": 16, "objective.clip.cutouts": 2},
    },
}
"""What is searched for, by what is asked of `creativity.paint` besides. Evolution has as many looks as fit into half a minute."""
STILLS = ("random", "unoptimised", "prior")
"""What needs no search: a random genome, what a search without a prior begins with, and the picture that the prior imagined."""
DERIVED = ("shuffled", "best-of-seeds", "real")
"""The painted pictures under each other's prompts, those that the guide likes best of their seeds, and pictures from elsewhere."""
ARMS = (*SEARCHES, *STILLS, *DERIVED)


class Eyes(Protocol):
    """An encoder, or the judge of training/."""

    def images(self, images: Tensor) -> Tensor: ...
    def texts(self, texts: Sequence[str]) -> Tensor: ...


class Prompts(NamedTuple):
    """``groups`` are names of parts of the list with the numbers of their prompts."""

    name: str
    texts: tuple[str, ...]
    groups: dict[str, list[int]]


def read_prompts(name: str) -> Prompts:
    """A list by name (plain, composed, many), or a file: a prompt a line, ``## NAME`` before those of a group.

    Raises CreativityError where there is no such list, or a line of it is no prompt.
    """
    lists = {path.stem: path for path in LISTS.glob("*.txt") if path.stem != "bank"}
    path = lists.get(name, Path(name))
    if not path.is_file():
        raise CreativityError(f"no list of prompts is called {name!r}; {nearest(name, lists)}, or the path of a file with a prompt a line")
    texts: list[str] = []
    groups: dict[str, list[int]] = {}
    group = ""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("##"):
            group = line.strip("# ")
        elif (text := line.rstrip("* ").strip()) and not text.startswith("#"):
            if group:
                groups.setdefault(group, []).append(len(texts))
            texts.append(parse_prompt(text).text)
    if len(set(texts)) < max(2, len(texts)):
        raise CreativityError(f"{path.name} must have at least two prompts, and none of them twice")
    return Prompts(path.stem, tuple(texts), groups)


def open_judge(name: str) -> Eyes | None:
    """``own`` is the project's judge, which lies in training/ beside a checkout's package; None where it does not."""
    if name != "own":
        return open_encoder(name)
    weights = Path(__file__).parents[1] / "training" / "judge" / "judge.safetensors"
    if not weights.is_file() or importlib.util.find_spec("training") is None:
        return None
    judge: Eyes = importlib.import_module("training.judge.tower").Judge.load(weights).eval()
    return judge


@dataclass(frozen=True)
class Cell:
    """One picture to make: what of it is in ``ARMS``, its prompt's number and its seed."""

    arm: str
    number: int
    seed: int


@dataclass(frozen=True)
class Evaluation:
    """``how``: what is asked of every painting, as for `creativity.paint`; ``real``: a folder of pictures named after their prompts."""

    prompts: Prompts
    out: Path
    arms: tuple[str, ...] = ("painted",)
    seeds: tuple[int, ...] = (0, 1, 2)
    how: dict[str, Any] = field(default_factory=dict)
    judge: str = "own"
    real: Path | None = None

    def cells(self) -> list[Cell]:
        arms = [arm for arm in (*SEARCHES, *STILLS) if arm in self.arms]
        return [Cell(arm, number, seed) for arm in arms for seed in self.seeds for number in range(len(self.prompts.texts))]

    def place(self, cell: Cell) -> Path:
        name = stem([parse_prompt(self.prompts.texts[cell.number])])
        return self.out / "pictures" / cell.arm / f"{cell.number + 1:03d}-{name}-s{cell.seed}.png"

    def check(self) -> None:
        """Raise CreativityError for what cannot be evaluated, and for a folder that holds another evaluation; note this one there."""
        for arm in self.arms:
            if arm not in ARMS:
                raise CreativityError(f"there is no arm {arm!r}; {nearest(arm, ARMS)}")
        if "real" in self.arms and self.real is None:
            raise CreativityError("the arm 'real' needs a folder of pictures that are named after their prompts: --real DIR")
        if {"shuffled", "best-of-seeds"} & {*self.arms} and "painted" not in self.arms:
            raise CreativityError("the arms shuffled and best-of-seeds are made of painted; ask for that too")
        plan_paint(self.prompts.texts[0], seed=0, **self.how).run()
        path = self.out / "evaluation.json"
        facts = json.dumps({"prompts": self.prompts.texts, "how": self.how}, sort_keys=True, default=str)
        if path.exists() and path.read_text() != facts:
            raise CreativityError(f"{self.out} holds an evaluation of other prompts or of another way to paint; name another folder")
        make_folder(self.out)
        write_atomically(path, facts)

    def run(self, workers: int = 1) -> None:
        """Make every picture that is not there yet, ``workers`` of them at a time, each on one thread."""
        left = [cell for cell in self.cells() if not self.place(cell).with_suffix(".json").exists()]
        began = time.monotonic()
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_quiet) as pool:
            for done, cell in enumerate(pool.map(self._make, left), 1):
                if done % 8 == 0 or done == len(left):
                    rest = (time.monotonic() - began) / done * (len(left) - done)
                    log.info("%s of %s pictures (%s), %.0f min left", done, len(left), cell.arm, rest / 60)

    def _asked(self, arm: str) -> dict[str, Any]:
        own = SEARCHES.get(arm, {} if arm == "prior" else {"prior": None})
        return {"threads": 1, **self.how, **own, "options": {**own.get("options", {}), **self.how.get("options", {})}}

    def _make(self, cell: Cell) -> Cell:
        torch.set_num_threads(1)
        text, path = self.prompts.texts[cell.number], self.place(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        plan = plan_paint(text, seed=cell.seed, **self._asked(cell.arm))
        if cell.arm == "prior" and plan.target is None:
            return cell  # it knows nothing in these words
        facts: dict[str, Any] = {}
        began = time.monotonic()
        if cell.arm == "prior":
            picture = plan.target
        elif cell.arm in STILLS:
            run = plan.run()
            renderer, stream = run.problem.renderer, run.streams("init")
            start = Renderer.init(renderer, 1, stream) if cell.arm == "random" else run.problem.expand(run.starts()[:1])
            seen = renderer.render(start, (SIDE, SIDE), run.recipe.seed)[0]
            picture = images.canonical(images.open_picture(seen.clamp(0, 1).permute(1, 2, 0).detach().numpy()))
        else:
            run = plan.run()
            curve: list[list[float]] = []
            watch = _Watch(self, run, text, curve)
            run.listeners.append(watch)
            artwork = run.run()
            picture = artwork.rgba(SIDE)
            facts = {"loss": artwork.results["loss"], "seconds": run.seconds, "encoded": watch.encoded, "steps": run.count, "curve": curve}
        assert picture is not None
        write_atomically(path, images.encode_png(picture, {}, None))
        write_atomically(path.with_suffix(".json"), json.dumps({**facts, "wall": time.monotonic() - began}))
        return cell

    # -- what is said of it

    def report(self) -> dict[str, Any]:
        """Figures of every arm; writes them, contact sheets and the pictures for a blind reader to the folder.

        ``R@1`` by guide and judge with 95 % bootstrap intervals over prompts, by group too; similarities, seconds, pictures that
        the guide looked at; ``diversity``, the mean of 1 - cos between the seeds of a prompt, to the judge.
        """
        judge = open_judge(self.judge)
        eyes: dict[str, Eyes] = {"guide": open_encoder(self.how.get("encoder") or "embedded")}
        if judge is not None:
            eyes["judge"] = judge
        else:
            log.info("there is no judge here: say one with --judge MODEL/PRETRAINED; the project's own lies in training/ of a checkout")
        rows: dict[str, Any] = {}
        for arm in self.arms:
            pictures, numbers, facts = self._pictures(arm)
            if not pictures:
                log.info("there is nothing of %s to judge", arm)
                continue
            rows[arm] = self._row(pictures, numbers, facts, eyes, {"real": "painted"}.get(arm, arm) in SEARCHES)
        report = {"prompts": self.prompts.name, "count": len(self.prompts.texts), "seeds": [*self.seeds], "how": self.how, "arms": rows}
        write_atomically(self.out / "report.json", json.dumps(report, indent=1, default=str) + "\n")
        write_atomically(self.out / "report.md", table(report))
        self._show()
        return report

    def _pictures(self, arm: str) -> tuple[list[np.ndarray[Any, Any]], list[int], list[dict[str, Any]]]:
        count = len(self.prompts.texts)
        if arm == "real":
            assert self.real is not None
            found = [(n, path) for n in range(count) for path in sorted(self.real.glob("*.png")) if self._is_of(path, n)]
            return [images.canonical(images.open_picture(path)) for _, path in found], [n for n, _ in found], []
        source = "painted" if arm in DERIVED else arm
        pictures, numbers, facts = [], [], []
        for seed in self.seeds:
            for number in range(count):
                path = self.place(Cell(source, number, seed))
                if path.with_suffix(".json").exists() and path.exists():
                    pictures.append(images.canonical(images.open_picture(path)))
                    numbers.append(number)
                    facts.append(parse_json(path.with_suffix(".json").read_text(), str(path)))
        if arm == "shuffled":
            order = Streams(0)("shuffled").at().permutation(count)
            moved = {int(order[k]): int(order[(k + 1) % count]) for k in range(count)}  # no prompt keeps its own
            return pictures, [moved[number] for number in numbers], []
        if arm == "best-of-seeds":
            best = [
                min((k for k, n in enumerate(numbers) if n == number), key=lambda k: facts[k]["loss"]) for number in sorted(set(numbers))
            ]
            return [pictures[k] for k in best], [numbers[k] for k in best], [facts[k] for k in best]
        return pictures, numbers, facts

    def _is_of(self, path: Path, number: int) -> bool:
        """Whether a picture is named after a prompt, with a number behind or without."""
        return re.sub(r"-[0-9]+$", "", path.stem) == stem([parse_prompt(self.prompts.texts[number])])

    def _row(
        self,
        pictures: Sequence[np.ndarray[Any, Any]],
        numbers: Sequence[int],
        facts: Sequence[dict[str, Any]],
        eyes: dict[str, Eyes],
        searched: bool,
    ) -> dict[str, Any]:
        own = np.array(numbers)
        seen = torch.stack([_tensor(picture) for picture in pictures])
        row: dict[str, Any] = {"pictures": len(pictures)}
        for who, encoder in eyes.items():
            with torch.no_grad():
                vectors = torch.cat([encoder.images(part) for part in torch.split(seen, 64)])
                near = (vectors @ encoder.texts(self.prompts.texts).T).numpy()
            mine = near[np.arange(len(own)), own]
            rank = (near > mine[:, None]).sum(1)
            row[who] = {"R@1": _mean(rank == 0, own), "R@5": _mean(rank < 5, own), "similarity": float(mine.mean())}
            row[who]["groups"] = {
                name: _mean(rank[here] == 0, own[here])
                for name, group in self.prompts.groups.items()
                if (here := np.isin(own, group)).any()
            }
            if len(self.seeds) > 1 and searched:
                row[who]["diversity"] = _diversity(vectors.numpy(), own)
        if facts and "seconds" in facts[0]:
            row |= {key: float(np.mean([fact[key] for fact in facts])) for key in ("seconds", "wall", "encoded", "steps")}
            row["curve"] = np.mean([fact["curve"] for fact in facts if len(fact["curve"]) == LOOKS] or [[]], axis=0).tolist()
        return row

    def _show(self) -> None:
        """A contact sheet of each arm's first seed; and, of what was painted, what a blind reader is given."""
        for arm in self.arms:
            if arm in SEARCHES or arm in STILLS:
                paths = [self.place(Cell(arm, number, self.seeds[0])) for number in range(len(self.prompts.texts))]
                if all(path.exists() for path in paths):
                    pictures = [images.canonical(images.open_picture(path)) for path in paths]
                    save_sheet(self.out / f"{arm}.png", pictures, self.prompts.texts)
                    if arm == "painted":
                        blind.write(pictures, self.prompts.texts, self.out / "blind", self.prompts.name, self.seeds[0])

    def named(self, answers: Path) -> dict[str, Any]:
        """What a reader's answers are worth; noted in the folder."""
        right = blind.score(self.prompts.texts, blind.answers(answers.read_text(encoding="utf-8", errors="replace")), self.seeds[0])
        order = blind.order(len(right), self.seeds[0])
        wrong = [self.prompts.texts[n] for number, n in enumerate(order) if not right[number]]
        groups = {name: sum(right[order.index(n)] for n in group) for name, group in self.prompts.groups.items()}
        found = {"named": sum(right), "of": len(right), "groups": groups, "not": wrong}
        write_atomically(self.out / "named.json", json.dumps(found, indent=1) + "\n")
        return found


class _Watch:
    """Looks at a search now and then: ``curve`` gets, ``LOOKS`` times, (seconds, pictures encoded, guide, judge)."""

    def __init__(self, evaluation: Evaluation, run: Run, text: str, curve: list[list[float]]):
        self.curve, self.run, self.encoded = curve, run, 0
        judge = open_judge(evaluation.judge)
        self.eyes = [(eye, eye.texts([text])[0]) for eye in (_guide(run), judge) if eye is not None]
        objective = run.problem.objective
        terms = objective.terms.values() if isinstance(objective, Sum) else [objective]
        self.windows = sum(term.options.cutouts for term in terms if isinstance(term, Prompted))

    def __call__(self, event: Event) -> None:
        if event.kind == "step" and self.run.last_step is not None:
            self.encoded += self.windows * len(self.run.last_step.genomes)
        done = event.step / max(1, event.horizon)
        while len(self.curve) < LOOKS and (done >= ((len(self.curve) + 1) / LOOKS) ** 2 or event.kind == "done"):
            seen = _tensor(event.artwork.rgba(64))[None]
            with torch.no_grad():
                near = [float(eye.images(seen)[0] @ words) for eye, words in self.eyes]
            self.curve.append([event.seconds, float(self.encoded), *near])


def _guide(run: Run) -> Eyes:
    objective = run.problem.objective
    terms = objective.terms.values() if isinstance(objective, Sum) else [objective]
    return next(term.encoder for term in terms if isinstance(term, Prompted))


def _tensor(picture: np.ndarray[Any, Any]) -> Tensor:
    """uint8 (H, W, 4) -> (3, 64..., 64...) on white, in [0, 1]."""
    seen = torch.from_numpy(images.premultiplied(images.resized(picture, SIDE, enlarge=True)))
    return seen[:3] + 1 - seen[3:]


def _mean(hits: np.ndarray[Any, Any], own: np.ndarray[Any, Any], draws: int = 2000) -> list[float]:
    """The mean, and its 95 % bootstrap interval over prompts (Efron, 1979): the seeds of one are no independent cases."""
    means = np.array([hits[own == number].mean() for number in np.unique(own)])
    drawn = means[Streams(0)("bootstrap").at().integers(len(means), size=(draws, len(means)))].mean(1)
    return [float(means.mean()), *(float(bound) for bound in np.quantile(drawn, (0.025, 0.975)))]


def _diversity(vectors: np.ndarray[Any, Any], own: np.ndarray[Any, Any]) -> float:
    spread = []
    for number in np.unique(own):
        of = vectors[own == number]
        if len(of) > 1:
            spread.append((1 - (of @ of.T)[np.triu_indices(len(of), 1)]).mean())
    return float(np.mean(spread)) if spread else 0.0


def _quiet() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)


def table(report: dict[str, Any]) -> str:
    """The report as Markdown."""

    def share(figure: list[float] | None) -> str:
        return "" if figure is None else f"{figure[0]:.2f} ({figure[1]:.2f}-{figure[2]:.2f})"

    lines = [
        f"# {report['count']} prompts ({report['prompts']}), seeds {', '.join(map(str, report['seeds']))}",
        "",
        "R@1 is the part of the pictures to which their own prompt is the nearest of all (95 % bootstrap interval over prompts).",
        "",
        "| | judge R@1 | judge R@5 | guide R@1 | guide - judge | similarity: judge | guide | seconds | pictures encoded | diversity |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for arm, row in report["arms"].items():
        judge, guide = row.get("judge", {}), row["guide"]
        gap = f"{guide['R@1'][0] - judge['R@1'][0]:+.2f}" if judge else ""
        likeness = f"{judge['similarity']:.2f}" if judge else ""
        cost = [f"{row['seconds']:.1f}", f"{row['encoded']:.0f}"] if "seconds" in row else ["", ""]
        spread = f"{judge['diversity']:.2f}" if "diversity" in judge else ""
        cells = [
            share(judge.get("R@1")),
            share(judge.get("R@5")),
            share(guide["R@1"]),
            gap,
            likeness,
            f"{guide['similarity']:.2f}",
            *cost,
            spread,
        ]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    groups = [name for row in report["arms"].values() for name in row["guide"]["groups"]]
    if groups:
        names = [*dict.fromkeys(groups)]
        who = "judge" if all("judge" in row for row in report["arms"].values()) else "guide"
        lines += ["", f"By group, R@1 by the {who}:", "", f"| | {' | '.join(names)} |", f"|---{'|---' * len(names)}|"]
        lines += [f"| {arm} | {' | '.join(share(row[who]['groups'].get(name)) for name in names)} |" for arm, row in report["arms"].items()]
    searched = {arm: row["curve"] for arm, row in report["arms"].items() if row.get("curve") and row["curve"][0]}
    if searched:
        lines += ["", "On the way, means: seconds / pictures encoded / similarity to the guide / to the judge.", ""]
        lines += [f"| look | {' | '.join(searched)} |", f"|---{'|---' * len(searched)}|"]
        for look in range(LOOKS):
            cells = [" / ".join(_figure(k, value) for k, value in enumerate(curve[look])) for curve in searched.values()]
            lines.append(f"| {look + 1} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _figure(place: int, value: float) -> str:
    return f"{value:.1f}" if place == 0 else f"{value:.0f}" if place == 1 else f"{value:.2f}"
