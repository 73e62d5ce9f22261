"""``creativity train cppn FOLDER``: a generator of pictures of one's own, from a folder of them."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from creativity.cli.parse import Flag, Folder, Number, Outputs, Real, parse

if TYPE_CHECKING:
    from creativity.teaching import Course, Progress


@dataclass(frozen=True)
class Train:
    """Teach a network to draw pictures like those of a folder, of a few numbers each, at any size.

    creativity train cppn pictures -o faces.safetensors

    creativity fit photo.jpg --renderer latent --set renderer.model=faces.safetensors

    Stopped, by Ctrl-C or otherwise, it goes on where it was when the same is asked again.
    """

    what: Annotated[Literal["cppn"], tyro.conf.Positional]
    """cppn: a network that paints place by place, its weights made of latents by another; half of a variational autoencoder."""
    pictures: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER", help_behavior_hint="")]
    """Pictures of one kind, in folders within it too; hundreds at least. Their middle squares are looked at."""
    output: Outputs = ()
    """The generator (.safetensors); by default generator.safetensors in the run folder, which has it too while it learns."""
    adversarial: Flag = False
    """A critic learns to tell its pictures from the true ones, and it to fool the critic: sharper, and half as fast."""
    latents: Number = None
    """Numbers that a picture is made of, at most 512; by default 48."""
    width: Number = None
    """Units in each layer of the network that paints; by default 96. Half of it draws four times as fast, and less finely."""
    layers: Number = None
    """Its layers; by default 4."""
    side: Number = None
    """Pixels a side that pictures are looked at with; by default 64."""
    steps: Number = None
    """Steps, of a batch each; by default 8000. More, asked for later, go on."""
    batch: Number = None
    """Pictures a step; by default 64."""
    rate: Real = None
    """Learning rate; by default 0.0015."""
    max_seconds: Real = None
    """Stop after so many seconds, to go on another time."""
    seed: Number = None
    """Root of all random numbers; drawn when not given."""
    threads: Number = None
    """How many threads; by default all cores."""
    run_dir: Folder = None
    """Folder for checkpoints, samples.png and the generator; by default runs/FOLDER-cppn."""
    json: Flag = False
    """Print the final figures as one line of JSON on standard output."""
    quiet: Flag = False
    """Say nothing but errors."""


def main(words: Sequence[str]) -> int:
    asked = parse(Train, words, "train")

    import os
    import time
    from pathlib import Path

    import torch

    from creativity.cli.searching import _say, _silent
    from creativity.errors import CreativityError
    from creativity.files import make_folder, write_atomically
    from creativity.models.generators.lessons import Lesson
    from creativity.options import build
    from creativity.streams import MAX_SEED
    from creativity.teaching import WEIGHTS, Course

    names = ("latents", "width", "layers", "side", "steps", "batch", "rate")
    how = {name: getattr(asked, name) for name in names if getattr(asked, name) is not None}
    lesson = build(Lesson, {**how, "adversarial": asked.adversarial}, "train")
    for output in asked.output:
        if Path(output).suffix.lower() != ".safetensors" or Path(output).is_dir():
            raise CreativityError(f"train: a generator is saved as a file .safetensors, not {output}")
    if asked.seed is not None and not 0 <= asked.seed <= MAX_SEED:
        raise CreativityError(f"train: seed must be from 0 to {MAX_SEED}, not {asked.seed}")
    for name, least in (("threads", 1), ("max_seconds", 0.0)):
        value = getattr(asked, name)
        if value is not None and not value >= least:
            raise CreativityError(f"train: {name.replace('_', '-')} must be at least {least}, not {value}")
    torch.set_num_threads(min(asked.threads or os.cpu_count() or 1, os.cpu_count() or 1))
    say = _silent if asked.quiet else _say
    place = asked.run_dir or str(Path("runs") / f"{Path(asked.pictures).resolve().name[:100] or 'pictures'}-cppn")
    course = Course(asked.pictures, place, lesson, asked.seed)
    teaching = course.teaching
    if course.note:
        say(course.note)
    if course.others:
        some = ", ".join(course.others[:3]) + (" ..." if len(course.others) > 3 else "")
        say(f"no pictures, and passed over: {len(course.others)} ({some})")
    begins = "goes on at step" if teaching.count else "begins at step"
    say(f"{course.count} pictures, seed {teaching.seed}, {begins} {teaching.count}; look at {Path(place) / 'samples.png'}")
    for output in asked.output:
        make_folder(Path(output).parent)
    began = time.monotonic()
    with _stopped(course):
        done = course.run(_teller(say), asked.max_seconds)
    if course.stopping:
        print(f"stopped at step {teaching.count} and saved; the same command goes on with it", file=sys.stderr)
        return 130
    content = (course.folder / WEIGHTS).read_bytes()
    files = [str(write_atomically(output, content)) for output in asked.output] or [str(course.folder / WEIGHTS)]
    if asked.json:
        figures = {**teaching.figures, "steps": teaching.count, "done": done, "seconds": round(time.monotonic() - began, 1)}
        print(json.dumps({**figures, "seed": teaching.seed, "files": files, "bytes": len(content), "run": place}))
    after = "" if done else "; the same command goes on with it"
    say(f"{', '.join(files)}: {len(content) / 1e6:.2f} MB, {teaching.count} of {lesson.steps} steps{after}")
    return 0


def _teller(say: Callable[[str], None]) -> Callable[[Progress], None]:
    """Says every few seconds how it goes."""
    import time

    from creativity.cli.searching import LOG_SECONDS

    said = 0.0

    def tell(progress: Progress) -> None:
        nonlocal said
        if time.monotonic() - said > LOG_SECONDS:
            said = time.monotonic()
            say(str(progress))

    return tell


@contextlib.contextmanager
def _stopped(course: Course) -> Iterator[None]:
    """The first Ctrl-C (or a polite kill) ends after the step and saves; the second does not wait."""

    def handle(number: int, frame: object) -> None:
        if course.stopping:
            raise KeyboardInterrupt
        course.stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
