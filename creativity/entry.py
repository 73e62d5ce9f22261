"""One search of several, as plain data: what a series and a batch are lists of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from creativity.verbs import Plan


@dataclass(frozen=True)
class Entry:
    """One search: its run folder, in that of all; the picture (a path; a relative one lies there too), and what
    ``plan_fit`` is asked for, or, where there are ``prompts``, ``plan_paint``. One that ``follows`` goes on from the artwork of
    the one before it."""

    folder: str
    target: str
    how: dict[str, Any]
    frame: int | None = None
    follows: bool = False
    prompts: tuple[str, ...] = ()

    def plan(self, target: str | Path | bytes, plugins: Sequence[str | Path], **how: Any) -> Plan:
        if self.prompts:
            from creativity.painting import plan_paint

            return plan_paint(self.prompts, **how, plugins=plugins)
        from creativity.verbs import plan_fit

        return plan_fit(target, frame=self.frame, **how, plugins=plugins)
