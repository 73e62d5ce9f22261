"""The command line. One verb a file; a verb is dispatched before any other's parser, or torch, is loaded."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence

VERBS = {
    "fit": "fit a picture with marks: creativity fit photo.jpg -o out.svg",
    "vary": "siblings of an artwork, without a search: creativity vary out.svg --seeds 0..9",
    "redo": "run an artwork's recipe again: creativity redo out.svg",
    "resume": "continue a run that was stopped: creativity resume runs/NAME",
    "export": "render an artwork at any size: creativity export out.svg -o poster.png --size 4000",
    "film": "a film of a search, or of a drawing: creativity film runs/NAME -o search.gif",
    "show": "what an artwork or a run is made of: creativity show out.svg",
    "list": "the parts there are: creativity list renderers | objectives | optimizers",
    "doctor": "what is installed, which devices there are, what is missing",
}

USAGE = """creativity: art that is made of something, searched for by the computer.

usage: creativity VERB ...

{verbs}

creativity VERB --help tells more. The same search from Python:

  import creativity
  creativity.fit("photo.jpg", renderer="triangles", count=50).save("out.svg")
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status: 0 done, 1 failed, 2 refused, 130 interrupted."""
    words = [*(sys.argv[1:] if argv is None else argv)]  # (here `list` is the verb)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    from creativity.errors import CreativityError

    try:
        status = _dispatch(words)
        sys.stdout.flush()
        return status
    except CreativityError as error:
        return _fail(error, 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except MemoryError:
        return _fail("out of memory; try a smaller --size, --target-size, --count or population", 1)
    except BrokenPipeError:
        # The reader of our output has gone (| head): that is its right.
        status = 141
    except OSError as error:
        status = _fail(error.strerror or error, 1)
    except Exception as error:
        from creativity import registry

        if (line := registry.blame(error)) is None:
            raise
        return _fail(line, 1)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _dispatch(words: Sequence[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(USAGE.format(verbs="\n".join(f"  {verb:<8} {text}" for verb, text in VERBS.items())))
        return 0 if words else 2
    if words[0] in ("-V", "--version"):
        from importlib.metadata import version

        print(f"creativity {version('creativity-toolkit')}")
        return 0
    from creativity.errors import CreativityError, nearest

    verb, rest = words[0], words[1:]
    if verb not in VERBS:
        raise CreativityError(f"no verb is called {verb!r}; {nearest(verb, VERBS)}")
    return int(importlib.import_module(f"creativity.cli.{verb}").main(rest))


def _fail(problem: object, status: int) -> int:
    """One line, whatever a file or a stranger's recipe put into it: no line breaks, no orders to the terminal."""
    line = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in " ".join(str(problem).split()))
    with contextlib.suppress(OSError, ValueError):
        print(f"creativity: {line if len(line) <= 600 else line[:600] + ' ...'}", file=sys.stderr, flush=True)
    return status
