"""Arguments by tyro, from a dataclass per verb; its boxed errors become one clear line."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import tyro

from creativity.errors import CreativityError

T = TypeVar("T")


def _optional(metavar: str) -> Any:
    """An option that is left out by default: its help says so in words, not by ``{None}`` and ``default: None``."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")


_REPEATABLE = "(repeatable)"

Text = Annotated[str | None, _optional("TEXT")]
Number = Annotated[int | None, _optional("N")]
Real = Annotated[float | None, _optional("X")]
Folder = Annotated[str | None, _optional("DIR")]
Pictures = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="PICTURE ...", help_behavior_hint="")]
Prompts = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="PROMPT ...", help_behavior_hint="")]
Artwork = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FILE-OR-RUN", help_behavior_hint="")]
Outputs = Annotated[
    tyro.conf.UseAppendAction[tuple[str, ...]],
    tyro.conf.arg(name="output", aliases=["-o"], metavar="FILE", help_behavior_hint=_REPEATABLE),
]
Settings = Annotated[
    tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(name="set", metavar="PART.OPTION=VALUE", help_behavior_hint=_REPEATABLE)
]
Files = Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="FILE.py", help_behavior_hint=_REPEATABLE)]
Sources = Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="FILE", help_behavior_hint=_REPEATABLE)]
Other = Annotated[str | None, tyro.conf.arg(name="with", metavar="FILE", help_behavior_hint="")]
Artworks = Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="FILE", help_behavior_hint=_REPEATABLE)]
Flag = Annotated[bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(help_behavior_hint="")]


def parse(options: type[T], words: Sequence[str], verb: str) -> T:
    """The verb's options from its words. ``--help`` prints and exits; errors raise CreativityError in one line."""
    said = io.StringIO()
    width = os.environ.get("COLUMNS")
    asks_help = any(word in ("-h", "--help") for word in words)
    # An error stays on its line, and help in a sliver of a terminal would be a letter a line.
    os.environ["COLUMNS"] = str(max(60, shutil.get_terminal_size().columns)) if asks_help else "1000"
    try:
        with contextlib.redirect_stderr(said):
            asked = tyro.cli(options, args=list(words), prog=f"creativity {verb}", config=(tyro.conf.OmitArgPrefixes,))
    except SystemExit as end:
        if end.code in (0, None):
            raise
        raise CreativityError(f"{verb}: {_one_line(said.getvalue())}; see creativity {verb} --help") from None
    finally:
        if width is None:
            os.environ.pop("COLUMNS", None)
        else:
            os.environ["COLUMNS"] = width
    if getattr(asked, "json", False) and "-" in getattr(asked, "output", ()):
        raise CreativityError(f"{verb}: --json and -o - both want standard output; save to a file")
    return asked


def _one_line(text: str) -> str:
    lines = [re.sub(r"[│╭╮╰╯─━]+", " ", line).strip() for line in text.splitlines()]
    title, *rest = [line for line in lines if line.strip("- ")] or ["the arguments are not understood"]
    message = rest[0] if rest else title
    if message.lower().startswith("missing from") and len(rest) > 1:
        message = f"{rest[1].split()[0]} is missing"
    for i, line in enumerate(rest):
        if line.lower().startswith("perhaps you meant") and i + 1 < len(rest):
            message += f"; did you mean {rest[i + 1].split()[0]}?"
    return re.sub(r"^Error parsing (\S+): .*(?:from \['|: ')(.*?)'\]?$", r"\1 cannot be '\2'", message.rstrip(".:"))
