"""``python -m creativity.gallery.child FOLDER``: one search that the gallery has started, in a process of its own that outlives it.

``asked.json`` in the folder says what to do; ``progress.json`` says how it goes. SIGINT and SIGTERM end it after its step, saved.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from creativity.errors import CreativityError, one_line
from creativity.files import RunFolder, write_atomically
from creativity.recipe import parse_json
from creativity.sources import open_source

if TYPE_CHECKING:
    from creativity.run import Event, Run

ASKED, PROGRESS = "asked.json", "progress.json"
EVERY = 0.4
"""Seconds between two words of progress."""


def main(folder: str) -> int:
    place = Path(folder)
    began = [0.0]

    def say(kind: str, words: str, **facts: Any) -> None:
        write_atomically(place / PROGRESS, json.dumps({"pid": os.getpid(), "kind": kind, "words": one_line(words), **facts}))

    def hear(event: Event) -> None:
        if event.kind in ("start", "done") or time.monotonic() - began[0] > EVERY:
            began[0] = time.monotonic()
            say(event.kind, str(event), step=event.step, horizon=event.horizon)

    say("starting", "getting ready")
    try:
        run = planned(place)
        run.listeners.append(hear)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: run.stop())
        from creativity.run import Interrupted

        try:
            run.run()
        except Interrupted:
            say("stopped", f"stopped at step {run.count} and saved", step=run.count, horizon=run.horizon)
            return 130
        say("done", f"done after {run.count} steps: {run.outcome}", step=run.count, horizon=run.count)
    except CreativityError as error:
        say("failed", str(error))
        return 2
    except MemoryError:
        say("failed", "out of memory; try fewer marks or a smaller size")
        return 1
    except Exception as error:
        say("failed", repr(error))
        raise
    return 0


def planned(place: Path) -> Run:
    """The run that is in the folder, or the one that was asked for."""
    from creativity import verbs
    from creativity.painting import plan_paint
    from creativity.run import open_run

    if (place / "recipe.toml").exists():
        return open_run(place)
    with open_source(place / ASKED, "request", limit=1_000_000) as file:
        asked = parse_json(file.read(), ASKED)
    how = asked["how"]
    if asked["verb"] == "fit":
        plan = verbs.plan_fit(place / asked["picture"], **how)
    elif asked["verb"] == "paint":
        plan = plan_paint(asked["prompts"], offline=True, **how)
    else:
        plan = verbs.plan_redo(asked["file"], seed=how.get("seed"))
    run = plan.run()
    run.folder = RunFolder(place)
    return run


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
