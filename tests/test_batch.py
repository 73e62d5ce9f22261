"""Batches: planned from a file, done by processes that raise, die, hang, are killed and stopped; nothing is lost or done twice."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import creativity
from creativity import cli
from creativity.batches.planning import plan_jobs
from creativity.errors import CreativityError
from creativity.sheet import is_sheet

FAST = ["--steps", "10", "--count", "4", "--target-size", "32", "--size", "64", "--optimizer", "adam", "--threads", "1"]
BASE = """
targets = "*.png"
seeds = "{seeds}"
[base]
steps = {steps}
count = 4
target-size = 32
size = 64
optimizer = "adam"
"""

TROUBLE = """
import os, signal, time
from pathlib import Path
from creativity import registry
from creativity.objectives.pixel import Pixel

class Trouble(Pixel):
    def prepare(self, context):
        super().prepare(context)
        self.seed = context.streams.seed

    def __call__(self, candidates):
        if os.environ.get("TROUBLE") and self.seed < 8:
            with open("tries.txt", "a") as file:
                file.write(f"{self.seed}\\n")
            if self.seed < 5:
                raise RuntimeError("this is no picture of mine")
            if self.seed == 7:
                time.sleep(1000)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(candidates)

registry.objectives.register("trouble", Trouble)
"""


def batch(*words: str, trouble: bool = False) -> subprocess.Popen[str]:
    environment = {**os.environ, **({"TROUBLE": "1"} if trouble else {})}
    command = [sys.executable, "-m", "creativity", "batch", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def done(*words: str, **how: bool) -> tuple[int, str, str]:
    process = batch(*words, **how)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def write(name: str, seeds: str, steps: int = 10, more: str = "") -> None:
    Path(name).write_text(BASE.format(seeds=seeds, steps=steps) + more)


def times(folder: str) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in Path(folder).rglob("DONE")}


def alone(picture: Path, seed: int, *more: str) -> bytes:
    """The drawing of a single fit."""
    assert (
        cli.main(["fit", str(picture), *FAST, *more, "--seed", str(seed), "-o", "alone.svg", "--quiet", "--run-dir", f"alone-{seed}"]) == 0
    )
    return Path("alone.svg").read_bytes()


# -- done by processes


def test_a_hundred_jobs_of_which_some_raise_some_die_and_one_hangs(picture: Path) -> None:
    Path("trouble.py").write_text(TROUBLE)
    write("night.toml", "0..99", more='objective = "trouble"\n')
    words = ["night.toml", "--plugin", "trouble.py", "--timeout", "6", "--workers", "2", "--json"]
    status, out, err = done(*words, trouble=True)
    report = json.loads(out)
    assert (status, report["done"], report["failed"]) == (1, 92, 8)
    failed = {job["seed"]: job for job in report["jobs"] if job["state"] == "failed"}
    assert sorted(failed) == [*range(8)]
    for seed, job in failed.items():
        words_of_it = "this is no picture of mine" if seed < 5 else "longer than 6 s" if seed == 7 else "SIGKILL"
        assert words_of_it in job["reason"]
        assert f"creativity: {job['name']}: {job['reason']}\n  again: creativity batch night.toml --plugin trouble.py" in err
    assert "the plug-in for objective 'trouble' failed (trouble.py, line " in err
    tries = [int(line) for line in Path("tries.txt").read_text().split()]
    assert {seed: tries.count(seed) for seed in range(8)} == {**dict.fromkeys(range(5), 1), 5: 3, 6: 3, 7: 1}
    assert is_sheet(Path("runs/night/sheet.png"))
    before = times("runs/night")
    assert len(before) == 92
    # The command that it says repeats one, and the whole does what is missing and nothing else.
    again = next(line for line in err.splitlines() if "again:" in line and "-s3" in line).split("creativity batch ")[1]
    assert done(*again.split())[0] == 0
    assert len(times("runs/night")) == 93
    status, out, err = done(*words[:-2], "1", "--json")
    assert (status, json.loads(out)["done"]) == (0, 100)
    assert err.startswith("100 jobs, 93 are done; folder runs/night")
    assert before.items() <= times("runs/night").items()


def test_killed_at_random_moments_it_ends_as_if_it_had_not_been(picture: Path) -> None:
    write("night.toml", "0..2", steps=300)
    rng, kills, seen = random.Random(5), 0, dict[Path, int]()
    while True:
        process = batch("night.toml", "--workers", "2")
        if kills < 3:
            wait = time.monotonic() + 60
            while not any(Path("runs/night").glob("*/state.safetensors")) and time.monotonic() < wait:
                time.sleep(0.02)
            time.sleep(rng.uniform(0.0, 3.0))
        if kills < 3 and process.poll() is None:
            process.kill()
            kills += 1
        _, err = process.communicate(timeout=120)
        for path, changed in times("runs/night").items():
            assert seen.setdefault(path, changed) == changed, "a job was done twice"
        if process.returncode >= 0:
            break
    assert process.returncode == 0, err
    assert kills > 1
    assert len(seen) == 3
    for seed in range(3):
        folder = Path(f"runs/night/disc-s{seed}")
        assert (folder / "final.svg").read_bytes() == alone(picture, seed, "--steps", "300")
        assert (folder / "final.png").read_bytes() == Path(f"alone-{seed}/final.png").read_bytes()
        assert (folder / "history.jsonl").read_text().count('"done"') == 1


def test_ctrl_c_saves_and_says_how_to_go_on(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write("night.toml", "0..1", steps=20_000)
    process = batch("night.toml", "--workers", "1")
    while not Path("runs/night/disc-s0/state.safetensors").exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith("stopped and saved; 0 jobs of 2 done; go on with: creativity batch night.toml\n")
    assert cli.main(["show", "runs/night/disc-s0"]) == 0
    assert cli.main(["resume", "runs/night"]) == 2
    assert "runs/night holds a batch: go on with creativity batch FILE.toml" in capfd.readouterr().err


def test_a_second_batch_on_the_folder_is_refused_in_words(picture: Path) -> None:
    write("night.toml", "0..1", steps=20_000)
    first = batch("night.toml", "--workers", "1")
    while not Path("runs/night/disc-s0/recipe.toml").exists():
        time.sleep(0.02)
    status, _, err = done("night.toml")
    first.terminate()
    first.communicate(timeout=60)
    assert (status, first.returncode) == (2, 130)
    assert f"is in use by process {first.pid} on " in err
    assert "batch night.toml" in err


def test_a_full_disk_stops_it_and_with_room_it_goes_on(picture: Path) -> None:
    Path("disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=260k", "tmpfs", "disk"]
    if os.name != "posix" or not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk here")
    write("night.toml", "0..7")
    try:
        status, _, err = done("night.toml", "--run-dir", "disk/night", "--workers", "1")
        assert status == 1
        assert "no space left on device; make room, and go on with: creativity batch night.toml --run-dir disk/night\n" in err
        before = times("disk/night")
        assert len(before) < 8
        subprocess.run(["mount", "-o", "remount,size=16m", "disk"], check=True)
        assert done("night.toml", "--run-dir", "disk/night", "--workers", "1")[0] == 0
        assert len(times("disk/night")) == 8
        assert before.items() <= times("disk/night").items()
    finally:
        subprocess.run(["umount", "disk"], check=True)


# -- from Python


def test_from_python_artworks_come_as_they_are_ready(picture: Path) -> None:
    plan = creativity.plan_fit(picture, count=4, steps=10, target_size=32, size=64, optimizer="adam", threads=1)
    made = {artwork.recipe.seed: artwork for artwork in creativity.batch(plan, seeds=range(3), workers=1)}
    assert sorted(made) == [0, 1, 2]
    for seed, artwork in made.items():
        artwork.save("many.svg")
        assert Path("many.svg").read_bytes() == alone(picture, seed)
    assert sorted(path.name for path in Path("runs/disc-triangles-batch").iterdir() if path.is_dir()) == ["disc-s0", "disc-s1", "disc-s2"]
    before = times("runs")
    again = [artwork.recipe.seed for artwork in creativity.batch(creativity.Recipe.from_dict(made[0].recipe.to_dict()), seeds="0..2")]
    assert (again, times("runs")) == ([0, 1, 2], before)


# -- the plan


def planned(tables: dict[str, Any], **how: Any) -> list[Any]:
    return plan_jobs(tables, Path.cwd(), "night.toml", **how)


def test_all_is_combined_and_named_by_what_varies(picture: Path) -> None:
    shutil.copy(picture, "b.png")
    tables: dict[str, Any] = {
        "targets": "*.png",
        "seeds": "0..1",
        "base": {"max-seconds": 5, "renderer": {"name": "strokes", "brush": "ink"}, "stop": {"plateau": 9}},
        "grid": {"renderer.width": [1, 2], "optimizer": ["adam", "snes"]},
        "list": [{"count": 5, "size": 100}, {"count": 6, "size": 200}],
    }
    jobs = planned(tables)
    assert len(jobs) == len({job.name for job in jobs}) == len({job.digest for job in jobs}) == 2 * 2 * 4 * 2
    assert jobs[0].name == "b-5-100-1-adam-s0"
    first = jobs[0].entry
    assert first.target == str(Path("b.png").absolute())
    own = {"renderer": "strokes", "count": 5, "size": 100, "optimizer": "adam", "max_seconds": 5, "plateau": 9, "seed": 0}
    assert first.how == {**own, "options": {"renderer.brush": "ink", "renderer.width": 1}}
    named = planned({**tables, "names": "{target}/{optimizer}-{renderer.width}-{seed}"})
    assert named[0].name == "b/adam-1-0"
    assert [job.digest for job in named] == [job.digest for job in jobs], "a name decides nothing"
    more = planned({**tables, "seeds": "0..2"})
    assert {job.digest for job in jobs} < {job.digest for job in more}
    Image.new("RGB", (9, 9)).save("b.png")
    assert not {job.digest for job in planned(tables) if "b.png" in job.entry.target} & {job.digest for job in jobs}


def test_random_samples_stay_when_more_are_drawn_and_other_fields_come(picture: Path) -> None:
    def drawn(**random: Any) -> list[dict[str, Any]]:
        return [job.entry.how for job in planned({"targets": "disc.png", "random": random})]

    rule = {"low": 10, "high": 500, "log": True}
    few, many = drawn(samples=4, count=rule), drawn(samples=40, count=rule, optimizer=["adam", "snes"])
    assert [how["count"] for how in few] == [how["count"] for how in many[:4]]
    counts = [how["count"] for how in many]
    assert all(isinstance(count, int) and 10 <= count <= 500 for count in counts)
    assert 15 < sum(count < 71 for count in counts) < 25 + 5, "half of them below the geometric mean"
    assert {how["optimizer"] for how in many} == {"adam", "snes"}
    widths = [how["options"]["renderer.width"] for how in drawn(samples=9, **{"renderer.width": {"low": 0.5, "high": 3}})]
    assert len(set(widths)) == 9


WRONG = [
    ({"base": {"rendrer": "triangles"}}, "did you mean 'renderer'"),
    ({"sedes": "0..3"}, "did you mean 'seeds'"),
    ({"steps": 3}, "it belongs into \\[base\\]"),
    ({"grid": {"count": 5}}, "takes a list of values for count, such as count = \\[5\\]"),
    ({"seeds": "0-9"}, "seeds are written as"),
    ({"targets": "*.jpg"}, "no file is called like '\\*.jpg'"),
    ({"targets": "disk.png"}, "did you mean .*disc.png"),
    ({"prompts": ["a bird"]}, "a batch has targets or prompts"),
    ({"targets": []}, "a job needs a picture or words"),
    ({"targets": [], "prompts": ["a bird"], "base": {"focus": "auto"}}, "paint has no field 'focus'"),
    ({"base": {"encoder": "embedded"}}, "fit has no field 'encoder'"),
    ({"base": {"plugin": "x.py"}}, "give it with --plugin"),
    ({"names": "{sede}"}, "did you mean 'seed'"),
    ({"names": "../{seed}"}, "places in the batch's folder"),
    ({"random": {"samples": 3}}, "draws nothing"),
    ({"random": {"samples": 3, "count": {"low": 3}}}, "a list to choose from"),
    ({"random": {"count": [1, 2]}}, "needs samples"),
    ({"base": {"steps": [1, float("nan")]}}, "must be text, a number"),
    ({"list": {"count": 5}}, "\\[\\[list\\]\\]"),
    ({"seeds": "0..9999", "grid": {"count": [*range(9)]}}, "at most 50000"),
]


@pytest.mark.parametrize(("tables", "words"), WRONG)
def test_what_cannot_be_is_refused_in_one_line(picture: Path, tables: dict[str, Any], words: str) -> None:
    with pytest.raises(CreativityError, match=f"^night.toml: .*{words}"):
        planned({"targets": "*.png", **tables})


def test_nothing_begins_where_one_of_its_parts_cannot_be(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write("night.toml", "0..9", more='[grid]\n"renderer.opacty" = [1, 2]\n')
    assert cli.main(["batch", "night.toml", "--workers", "1"]) == 2
    assert "disc-1-s0: renderer 'triangles' has no option 'opacty'; did you mean" in capfd.readouterr().err
    assert not list(Path("runs").rglob("recipe.toml"))
    assert cli.main(["batch", "night.toml", "--only", "disc-1-s11"]) == 2
    assert "did you mean 'disc-1-s1'" in capfd.readouterr().err
    Path("broken.toml").write_text("[base\n")
    for words in (["broken.toml"], ["none.toml"], [], ["night.toml", "--on", "rai"], ["night.toml", "--workers", "0"]):
        assert cli.main(["batch", *words]) == 2
        assert capfd.readouterr().err.count("\n") == 1


PAGE = Path(__file__).parents[1] / "docs" / "batch.md"


@pytest.mark.skipif(not PAGE.exists(), reason="not in a checkout")
def test_the_page_does_what_it_says(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its files are planned; the first is done by its commands, with a short search in place of a long one."""
    Path("photos").mkdir()
    Image.open(picture).save("photos/photo.jpg")
    first, second = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.S)
    jobs = planned(tomllib.loads(second))
    assert len(jobs) == 2 * 2 * 3 * 2
    assert {job.name.partition("/")[0] for job in jobs} == {"a-lighthouse-at-night", "a-purple-fox"}
    Path("night.toml").write_text(
        first.replace("steps = 500", "steps = 3\ntarget-size = 32\noptimizer = 'adam'").replace('"800"', '"48"').replace("0..3", "0")
    )
    commands = [shlex.split(line, comments=True) for line in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.S)[0].splitlines()]
    for words in commands:
        assert cli.main(words[1:]) == 0
        assert Path("runs").exists() == (words[-1] != "--plan")
    said = capfd.readouterr()
    shown = said.out.splitlines()
    assert shown[0].split() == ["job", "renderer", "renderer.background", "state", "about"]
    assert shown[1].split()[:3] == ["photo-strokes-#ffffff", "strokes", "#ffffff"]
    assert len(shown) == 1 + 4 + 1
    assert shown[-1].startswith("4 jobs to do of 4: about ")
    assert "4 jobs, 4 are done; folder runs/night" in said.err
    assert is_sheet(Path("runs/night/sheet.png"))
