"""``creativity resume RUN``: continue a run that was stopped, to the result it would have had."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from creativity.cli.parse import Artwork, Files, Flag, Outputs, Text, parse


@dataclass(frozen=True)
class Resume:
    """Continue a run that was stopped or killed, to the result that it would have had uninterrupted."""

    run: Artwork
    """The run folder, such as runs/photo-triangles-s42, or the folder of several runs."""
    output: Outputs = ()
    """What to save; by default what the run was asked for."""
    preview: Text = None
    """A PNG to keep what it looks like now in, besides the run folder's preview.png; leave it open in a viewer."""
    plugin: Files = ()
    """The plug-in that it was made with."""
    json: Flag = False
    """Print the final figures as one line of JSON on standard output."""
    quiet: Flag = False
    """Say nothing but errors."""


def main(words: Sequence[str]) -> int:
    asked = parse(Resume, words, "resume")

    from creativity import verbs
    from creativity.cli.searching import hear, search, search_series
    from creativity.errors import CreativityError
    from creativity.run import open_run, still_ours
    from creativity.series import is_series, open_series

    hear(asked.quiet)
    if is_series(asked.run):
        if asked.output:
            raise CreativityError("a series saves what it was first asked for; save one of its runs with creativity export")
        previews = verbs.check_preview(asked.preview, asked.plugin)
        return search_series(open_series(asked.run, asked.plugin), quiet=asked.quiet, as_json=asked.json, previews=previews)
    run = open_run(asked.run, asked.plugin)
    assert run.folder is not None
    verbs.check_outputs(asked.output, run.problem.renderer)
    run.previews = verbs.check_preview(asked.preview, asked.plugin) or run.previews
    # Of a finished run only what is missing: it may have been killed while it saved, and what is there may have been worked on.
    missing = [output for output in run.outputs if output != "-" and not os.path.lexists(output)]
    outputs = asked.output or (missing if run.folder.done else still_ours(run, run.outputs))
    return search(run, outputs, quiet=asked.quiet, as_json=asked.json)
