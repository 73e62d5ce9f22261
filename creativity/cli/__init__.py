"""The command line. One verb a file; a verb is dispatched before any other's parser, or torch, is loaded."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Sequence

VERBS = {
    "fit": "fit a picture with marks: creativity fit photo.jpg -o out.svg",
    "redo": "run an artwork's recipe again: creativity redo out.svg",
    "resume": "continue a run that was stopped: creativity resume runs/NAME",
    "export": "render an artwork at any size: creativity export out.svg -o poster.png --size 4000",
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
    if not words or words[0] in ("-h", "--help", "help"):
        print(USAGE.format(verbs="\n".join(f"  {verb:<8} {text}" for verb, text in VERBS.items())))
        return 0 if words else 2
    if words[0] in ("-V", "--version"):
        from importlib.metadata import version

        print(f"creativity {version('creativity-toolkit')}")
        return 0
    from creativity.errors import CreativityError, nearest

    verb, rest = words[0], words[1:]
    try:
        if verb not in VERBS:
            raise CreativityError(f"no verb is called {verb!r}; {nearest(verb, VERBS)}")
        status = importlib.import_module(f"creativity.cli.{verb}").main(rest)
        sys.stdout.flush()
        return int(status)
    except CreativityError as error:
        print(f"creativity: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("creativity: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (| head): that is its right.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except MemoryError:
        print("creativity: out of memory; try a smaller --size, --target-size, --count or population", file=sys.stderr)
        return 1
