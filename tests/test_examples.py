"""The examples and the commands of the README do what they say."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from creativity import cli

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="not in a checkout")


@pytest.mark.parametrize("optimizer", ["adam", "snes"])
def test_a_renderer_in_a_file_searches_saves_and_redoes(
    picture: Path, optimizer: str, forget: Callable[[], None], capfd: pytest.CaptureFixture[str]
) -> None:
    plugin = ["--plugin", str(ROOT / "examples" / "glow.py")]
    short = ["--steps", "60", "--target-size", "32", "--threads", "1", "--run-dir", "run"]
    words = ["fit", str(picture), *plugin, "--renderer", "glow", "--optimizer", optimizer, *short]
    assert cli.main([*words, "--size", "64", "--seed", "1", "-o", "a.png", "--quiet"]) == 0
    forget()
    assert cli.main(["redo", "a.png", "-o", "b.png", "--quiet"]) == 2  # a recipe never loads a plug-in by itself
    assert "glow.py" in capfd.readouterr().err
    assert cli.main(["redo", "a.png", *plugin, "-o", "b.png", "--quiet"]) == 0
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    forget()
    for verb in (["resume", "run"], ["export", "a.png"]):
        assert cli.main([*verb, "-o", "c.png"]) == 2
        assert cli.main([*verb, *plugin, "-o", "c.png"]) == 0
        assert Path("a.png").read_bytes() == Path("c.png").read_bytes()
        forget()
    capfd.readouterr()
    assert cli.main([*words, "-o", "a.svg"]) == 2  # before the search, not after it
    assert "pixels, not drawings" in capfd.readouterr().err
    drawn, target = (np.asarray(Image.open(path).convert("RGB").resize((48, 40)), np.float32) / 255 for path in ("a.png", picture))
    assert ((drawn - target) ** 2).mean() < 0.5 * ((target - target.mean(axis=(0, 1))) ** 2).mean()


def test_every_command_in_the_readme_is_understood(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of the block of examples runs, in order, with a short search in place of a long one."""
    from creativity.optimizers.evolution import Evolution
    from creativity.optimizers.gradient import Gradient
    from creativity.optimizers.relay import Relay

    for optimizer in (Evolution, Gradient, Relay):
        monkeypatch.setattr(optimizer, "default_steps", property(lambda self: 3, lambda self, value: None))
    Image.open(picture).save("photo.jpg")
    block = next(text for text in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S) if "creativity doctor" in text)
    lines = [shlex.split(line, comments=True) for line in block.splitlines() if line.strip()]
    assert len(lines) >= 10
    for words in lines:
        assert words[0] == "creativity"
        shorter = {"--max-seconds": "0.3", "--size": "200"}
        words = [shorter.get(before, word) for before, word in pairwise(words)]
        if words[0] == "resume":
            words[1] = str(next(Path("runs").iterdir()))
        assert cli.main(words) == 0, words


def test_the_optimizer_of_the_contributing_page_searches_and_resumes(picture: Path, forget: Callable[[], None]) -> None:
    from creativity import verbs
    from creativity.run import Interrupted

    code = re.search(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.S)
    assert code
    Path("luck.py").write_text(code[1])
    how = {"optimizer": "luck", "plugins": "luck.py", "count": 6, "steps": 200, "target_size": 32, "size": 64, "seed": 1}
    whole = verbs.fit(picture, run_dir="whole", **how)
    losses = [json.loads(line)["best"] for line in Path("whole/history.jsonl").read_text().splitlines()]
    assert losses[-1] < 0.9 * losses[0]
    run = verbs.plan_fit(picture, **how).run("parts")
    run.listeners.append(lambda event: run.stop() if event.step == 50 else None)
    with pytest.raises(Interrupted):
        run.run()
    assert verbs.resume("parts", plugins=["luck.py"]).to_json() == whole.to_json()
