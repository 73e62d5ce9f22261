"""The examples and the commands of the README do what they say."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from creativity import cli

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="not in a checkout")


PAGES = [("README.md", "creativity doctor"), ("docs/objectives.md", "--focus auto"), ("docs/drawing.md", "--start logo.svg")]
PAGES += [("docs/networks.md", "net=siren")]
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 6"><path d="M0 4h8v2H0z"/><circle id="sun" r="2" fill="#fb0"/></svg>'


@pytest.mark.parametrize(("page", "mark"), PAGES)
def test_every_command_of_a_page_is_understood(page: str, mark: str, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of the block of examples runs, in order, with a short search in place of a long one."""
    from creativity.optimizers.evolution import Evolution
    from creativity.optimizers.gradient import Gradient
    from creativity.optimizers.greedy import Greedy
    from creativity.optimizers.relay import Relay

    for optimizer in (Evolution, Gradient, Greedy, Relay):
        monkeypatch.setattr(optimizer, "default_steps", property(lambda self: 3, lambda self, value: None))
    Image.open(picture).save("photo.jpg")
    Image.linear_gradient("L").save("mask.png")
    Path("logo.svg").write_text(LOGO)
    block = next(text for text in re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(), re.S) if mark in text)
    lines = [shlex.split(line, comments=True) for line in block.splitlines() if line.strip()]
    assert len(lines) >= 5
    for words in lines:
        assert words[0] == "creativity"
        shorter = {"--max-seconds": "0.3", "--size": "200", "--seeds": "0..1"}
        words = [shorter.get(before, word) for before, word in pairwise(words)]
        if words[0] in ("resume", "film") and words[1].startswith("runs/"):
            words[1] = str(next(Path("runs").glob("*/recipe.toml")).parent)
        assert cli.main(words) == 0, words
