"""What a Jupyter notebook shows of a search as it runs. IPython is found where it is loaded already, and never imported else."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable
from typing import Any

from creativity.run import Event

SIZE = 256
SECONDS = 0.5  # between two pictures at least; and they may take at most a twentieth of the time


def watchers() -> list[Callable[[Event], None]]:
    """In a notebook, one listener that shows progress and the picture so far; elsewhere none."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return [_watcher()] if getattr(shell, "kernel", None) is not None else []


def _watcher() -> Callable[[Event], None]:
    from IPython.display import HTML, display

    handle: Any = display(HTML("starting ..."), display_id=True)
    shown, took = -SECONDS, 0.0

    def show(event: Event) -> None:
        nonlocal shown, took
        began = time.monotonic()
        if event.kind == "saved" or (event.kind == "step" and began - shown < max(SECONDS, 19 * took)):
            return
        bar = f'<progress value="{event.step}" max="{max(1, event.horizon)}"></progress> {html.escape(str(event))}'
        # At the end the artwork itself is what the cell shows.
        handle.update(HTML(bar if event.kind == "done" else f"{bar}<br>{event.artwork.image_element(SIZE)}"))
        shown = time.monotonic()
        took = shown - began

    return show
