"""The one exception that users see, and the words that help them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CreativityError(Exception):
    """Something the user can mend, said in one line: what was expected, what came, what to write instead.

    The command line prints the message and exits with status 2; from Python it is raised as it is.
    """


class Interrupted(Exception):
    """A search was asked to stop; its state is saved."""


def one_line(text: object) -> str:
    """A text on one line, whatever a file's name or a stranger's recipe put into it: no line breaks, no orders to a terminal."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in " ".join(str(text).split()))


def nearest(name: str, choices: Iterable[str]) -> str:
    """The tail of an error about an unknown name: ``did you mean 'triangles'?`` or all the choices.

    >>> nearest("triangels", ["triangles", "strokes"])
    "did you mean 'triangles'? (one of: strokes, triangles)"
    """
    ordered = sorted(choices)
    listed = f"one of: {', '.join(ordered)}" if ordered else "none is available"
    close = difflib.get_close_matches(name.lower(), ordered, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}? ({listed})" if close else listed
