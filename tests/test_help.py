"""Help texts are snapshots, so that a change of them is seen. Where it is meant: UPDATE_SNAPSHOTS=1 python -m pytest tests/test_help.py"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import pytest

from creativity import cli

SNAPSHOTS = Path(__file__).parent / "snapshots"


def words(text: str) -> list[str]:
    """What is said, without the boxes and line breaks that another version of a library draws otherwise."""
    return re.sub(r"[\u2500-\u257f]+", " ", text).split()


@pytest.mark.parametrize("verb", ["creativity", *cli.VERBS])
def test_help_says_what_it_said(verb: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with contextlib.suppress(SystemExit):
        cli.main(["--help"] if verb == "creativity" else [verb, "--help"])
    said = "".join(f"{line.rstrip()}\n" for line in capfd.readouterr().out.splitlines())
    path = SNAPSHOTS / f"{verb}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(said, encoding="utf-8")
    assert words(said) == words(path.read_text(encoding="utf-8")), f"help of {verb} has changed; if it is meant: {__doc__}"
