"""The command line. One verb a file; a verb is dispatched before any other's parser, or torch, is loaded."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import warnings
from collections.abc import Sequence

VERBS = {
    "fit": "fit a picture with marks: creativity fit photo.jpg -o out.svg",
    "paint": 'paint what words say: creativity paint "a red bird" -o bird.svg',
    "batch": "many searches by many processes, none lost: creativity batch night.toml",
    "evaluate": "how well paintings say what they were asked to: creativity evaluate plain --out eval",
    "vary": "siblings of an artwork, without a search: creativity vary out.svg --seeds 0..9",
    "redo": "run an artwork's recipe again: creativity redo out.svg",
    "resume": "continue a run that was stopped: creativity resume runs/NAME",
    "export": "render an artwork at any size: creativity export out.svg -o poster.png --size 4000",
    "film": "a film of a search, or of a drawing: creativity film runs/NAME -o search.gif",
    "show": "what an artwork or a run is made of: creativity show out.svg",
    "find": "artworks by what is said of them: creativity find red bird --renderer strokes",
    "reindex": "make the index of a folder's artworks anew: creativity reindex runs",
    "list": "the parts there are: creativity list renderers | objectives | optimizers | models",
    "gallery": "look at what was made, in a browser: creativity gallery runs",
    "train": "a generator of pictures like yours: creativity train cppn FOLDER",
    "models": "fetch and verify a model: creativity models get ViT-B-32/openai",
    "doctor": "what is installed, which devices there are, what is missing",
}

USAGE = """creativity: art that is made of something, searched for by the computer.

usage: creativity VERB ...

{verbs}

creativity VERB --help tells more. The same search from Python:

  import creativity
  creativity.fit("photo.jpg", renderer="triangles", count=50).save("out.svg")
  creativity.paint("a red bird on a branch").save("bird.svg")
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status: 0 done, 1 failed, 2 refused, 130 interrupted."""
    if argv is None and not sys.warnoptions:
        warnings.simplefilter("ignore")  # what libraries warn of, users cannot mend
    words = [*(sys.argv[1:] if argv is None else argv)]  # (here `list` is the verb)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    if argv is None:
        with contextlib.suppress(AttributeError, ValueError):  # a name that the terminal's encoding lacks is no crash
            sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
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

    if any("\0" in word for word in words):
        raise CreativityError("a word of the command holds a NUL character, which no file name can")
    verb, rest = words[0], words[1:]
    if verb not in VERBS:
        raise CreativityError(f"no verb is called {verb!r}; {nearest(verb, VERBS)}")
    return int(importlib.import_module(f"creativity.cli.{verb}").main(rest))


def _fail(problem: object, status: int) -> int:
    from creativity.errors import one_line

    line = one_line(problem)
    with contextlib.suppress(OSError, ValueError):
        print(f"creativity: {line if len(line) <= 600 else line[:600] + ' ...'}", file=sys.stderr, flush=True)
    return status
