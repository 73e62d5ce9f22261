"""Plug-ins as docs/plugins.md teaches them: in a file, in a package, broken, and missing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from creativity import cli, registry, verbs
from creativity.errors import CreativityError
from creativity.run import Interrupted
from tests.conftest import child, tiny

PAGE = Path(__file__).parents[1] / "docs" / "plugins.md"
FAST = ["--steps", "60", "--target-size", "32", "--size", "64", "--seed", "1", "--threads", "1"]
FILES = {"glow": "renderer", "tones": "objective", "squint": "objective", "luck": "optimizer"}

Forget = Callable[[], None]


def page() -> dict[str, str]:
    """The files of the page by name."""
    if not PAGE.exists():
        pytest.skip("not in a checkout")
    return {code.split()[1]: code for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)}


def from_the_page(name: str) -> list[str]:
    """``--plugin`` and the file of that name, written here word for word."""
    Path(f"{name}.py").write_text(page()[f"{name}.py"])
    return ["--plugin", f"{name}.py"]


def test_the_page_has_one_of_each_in_less_than_forty_lines() -> None:
    assert page().keys() == {f"{name}.py" for name in FILES}
    for name, code in page().items():
        assert code.count("\n") < 40, name


@pytest.mark.parametrize("name", FILES)
def test_what_the_page_teaches_searches_saves_redoes_and_resumes(
    picture: Path, name: str, forget: Forget, capfd: pytest.CaptureFixture[str]
) -> None:
    plugin, kind = from_the_page(name), FILES[name]
    words = ["fit", str(picture), *plugin, f"--{kind}", name, *FAST, "--run-dir", "run"]
    assert cli.main([*words, "-o", "a.png", "--quiet"]) == 0
    best = [json.loads(line)["best"] for line in Path("run/history.jsonl").read_text().splitlines()]
    assert best[-1] < 0.95 * best[0]
    forget()
    # A recipe never loads a plug-in by itself, and says which one it needs and what for.
    for verb in (["redo", "a.png"], ["export", "a.png", "-o", "x.png"], ["resume", "run"]):
        capfd.readouterr()
        assert cli.main([*verb]) == 2
        said = capfd.readouterr().err
        assert f"was made with the plug-in '{name}.py' (its {kind} '{name}'); give that very file with --plugin" in said
    for verb in (["redo", "a.png"], ["export", "a.png"], ["resume", "run"]):
        assert cli.main([*verb, *plugin, "-o", "b.png", "--quiet"][: None if verb[0] != "export" else -1]) == 0
        assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
        forget()
    how: dict[str, Any] = {kind: name, "plugins": f"{name}.py", "steps": 60}
    whole = tiny(picture, **how).run("whole").run()
    run = tiny(picture, **how).run("parts")
    run.listeners.append(lambda event: run.stop() if event.step == 25 else None)
    with pytest.raises(Interrupted):
        run.run()
    forget()
    assert verbs.resume("parts", plugins=[f"{name}.py"]).to_json() == whole.to_json()


def test_all_go_together_by_evolution_too(picture: Path, forget: Forget, capfd: pytest.CaptureFixture[str]) -> None:
    plugins = [word for name in FILES for word in from_the_page(name)]
    words = ["fit", str(picture), *plugins, "--renderer", "glow", "--objective", "tones", *FAST, "--quiet"]
    losses = {}
    for optimizer in ("luck", "snes", "adam"):
        assert cli.main([*words, "--optimizer", optimizer, "-o", f"{optimizer}.json"]) == 0
        losses[optimizer] = json.loads(Path(f"{optimizer}.json").read_text())["results"]["loss"]
    assert losses["adam"] < losses["snes"] < losses["luck"], "better ways of searching find better pictures"
    assert cli.main([*words, "-o", "a.svg"]) == 2  # refused before the search, not after it
    forget()
    assert cli.main(["redo", "luck.json"]) == 2
    said = capfd.readouterr().err
    assert all(f"'{name}.py'" in said for name in ("glow", "tones", "luck")), "all that are missing, at once"


def test_another_version_of_the_file_is_not_that_file(picture: Path, forget: Forget, capfd: pytest.CaptureFixture[str]) -> None:
    plugin = from_the_page("glow")
    assert cli.main(["fit", str(picture), *plugin, "--renderer", "glow", *FAST, "-o", "a.png", "--quiet"]) == 0
    forget()
    # Of the same length, in the same second: neither a cache nor a look at the clock may serve the old one.
    Path("glow.py").write_text(page()["glow.py"].replace("high=0.3", "high=0.5"))
    assert cli.main(["redo", "a.png", *plugin]) == 2
    assert "made with another version of the plug-in 'glow.py'" in capfd.readouterr().err
    renderer = registry.renderers.create("glow", {})
    assert next(block.high for block in renderer.spec.blocks if block.name == "colour") == 0.5
    assert not Path("__pycache__").exists()


def _child(picture: str) -> None:
    artwork = verbs.fit(picture, renderer="glow", plugins="glow.py", seed=1, steps=20, target_size=32, size=64, threads=1)
    Path("child.json").write_text(artwork.to_json())


def test_a_plugin_works_in_another_process(picture: Path, forget: Forget) -> None:
    from_the_page("glow")
    worker = child(_child, str(picture))
    worker.join()
    found = Path("child.json").read_text()
    here = verbs.fit(picture, renderer="glow", plugins="glow.py", seed=1, steps=20, target_size=32, size=64, threads=1)
    assert found == here.to_json()


BROKEN = {
    "syntax.py": ("def f(:", "does not load (line 1): SyntaxError"),
    "raises.py": ("import math\n\nx = math.sqrt(-1)", "does not load (line 3): ValueError: math domain error"),
    "leaves.py": ("raise SystemExit(3)", "does not load (line 1): SystemExit"),
    "taken.py": (
        "from creativity import registry\nfrom creativity.objectives.base import Objective\n"
        "class Mine(Objective):\n    def __call__(self, candidates): ...\nregistry.objectives.register('pixel', Mine)",
        "'pixel' exists already",
    ),
    "bare.py": (
        "from creativity import registry\nclass Mine: ...\nregistry.objectives.register('mine', Mine)",
        "derive it from creativity.objectives",
    ),
    "notes.txt": ("x = 1", "must be a Python file (.py)"),
    "empty.py": ("", "is empty"),
    "nul.py": ("x = 1\0", "does not load"),
    "binary.py": ("\udcff\udcfe", "does not load"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_clear_line(picture: Path, name: str, forget: Forget, capfd: pytest.CaptureFixture[str]) -> None:
    content, words = BROKEN[name]
    Path(name).write_bytes(content.encode(errors="surrogateescape"))
    assert cli.main(["fit", str(picture), "--plugin", name, "-o", "a.png"]) == 2
    said = capfd.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert name in said or "mine" in said or "pixel" in said


def test_a_plugin_that_fails_in_the_search_is_named_with_its_line(picture: Path, forget: Forget, capfd: pytest.CaptureFixture[str]) -> None:
    code = page()["luck.py"].replace("losses.min() < self.loss", "self.count > 5 and self.bset < 3")
    Path("luck.py").write_text(code)
    line = next(number for number, text in enumerate(code.splitlines(), 1) if "bset" in text)
    assert cli.main(["fit", str(picture), "--plugin", "luck.py", "--optimizer", "luck", *FAST, "-o", "a.png", "--quiet"]) == 1
    said = capfd.readouterr().err
    assert f"the plug-in for optimizer 'luck' failed (luck.py, line {line}, in tell): AttributeError: 'Luck' object" in said
    assert said.count("\n") == 1


def test_what_a_checkpoint_cannot_hold_is_said_at_once(picture: Path, forget: Forget) -> None:
    Path("luck.py").write_text(
        page()["luck.py"].replace("self.best, self.loss = start[0]", "self.seen = []; self.best, self.loss = start[0]")
    )
    with pytest.raises(TypeError, match="Luck.seen is a list: keep a tensor, an array or numbers"):
        tiny(picture, optimizer="luck", plugins="luck.py").run("run").run()


def test_a_class_that_is_defined_again_takes_its_own_place(forget: Forget) -> None:
    for default in (1, 2):
        Path("glow.py").write_text(page()["glow.py"].replace("option(40", f"option({default}"))
        registry.load_plugin("glow.py")
        assert registry.renderers.create("glow", {}).options.count == default
    with pytest.raises(CreativityError, match="exists already"):
        registry.renderers.register("triangles", registry.renderers.get("glow"))


# In a package: what pip leaves behind is a module and a .dist-info beside it.

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
LIGHTS = "[creativity.renderers]\nglow = creativity_lights:Glow\n"


def install(name: str, version: str, entry_points: str) -> None:
    info = Path(f"site/{name.replace('-', '_')}-{version}.dist-info")
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA.format(name=name, version=version))
    (info / "entry_points.txt").write_text(entry_points)


BESIDE = """
import sys
from creativity import cli
for line in sys.argv[1:]:
    print("status", cli.main(line.split()), flush=True)
"""


def beside(*lines: str) -> subprocess.CompletedProcess[str]:
    """The commands, one after another, in a process that has ``site`` on its path; ours has not."""
    path = os.pathsep.join(["site", *filter(None, sys.path)])
    command = [sys.executable, "-c", BESIDE, *lines]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True)


def test_a_package_serves_is_noted_and_is_missed(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    install("creativity-lights", "1.0", LIGHTS)
    install("creativity-broken", "0.3", "[creativity.renderers]\nbroken = creativity_broken:Thing\n")
    Path("site/creativity_lights.py").write_text(page()["glow.py"])
    Path("site/creativity_broken.py").write_text("import no_such_module")
    fit = " ".join(["fit disc.png --renderer glow", *FAST, "--run-dir run -o a.png --quiet"])
    made = beside(fit, "list renderers")
    assert made.stdout.startswith("status 0\n")
    assert made.stdout.endswith("status 0\n")
    assert not made.stderr
    assert "(creativity-broken 0.3) does not load: ModuleNotFoundError: No module named 'no_such_module'" in made.stdout
    assert "glow: Soft lights" in made.stdout
    assert cli.main(["show", "a.png"]) == 0
    assert "creativity-lights==1.0" in capfd.readouterr().out
    for verb in (["redo", "a.png"], ["export", "a.png", "-o", "b.png"], ["resume", "run", "-o", "b.png"]):
        assert cli.main(verb) == 2
        assert "needs renderer 'glow', which is not here: it came with the package creativity-lights 1.0" in capfd.readouterr().err
    # A later version may serve: noted where something new is made, not where a run is only gone on with.
    Path("site/creativity_lights-1.0.dist-info").rename("site/creativity_lights-2.0.dist-info")
    metadata = Path("site/creativity_lights-2.0.dist-info/METADATA")
    metadata.write_text(metadata.read_text().replace("1.0", "2.0"))
    again = beside("resume run -o b.png", "redo a.png -o c.json")
    assert again.stdout.count("status 0\n") == 2
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    assert "the same picture, bit for bit" in again.stderr
    assert json.loads(Path("c.json").read_text())["recipe"]["plugins"] == ["creativity-lights==2.0"]
