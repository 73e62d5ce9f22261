"""What strangers, odd names and odd terminals may do: nothing but be answered in one line."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import creativity
from creativity import cli
from creativity.errors import one_line

SOURCES = Path(creativity.__file__).parent
FAST = ["--steps", "8", "--count", "4", "--target-size", "32", "--size", "48", "--seed", "1", "--threads", "1", "--quiet"]


def answered(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line of a refusal."""
    capfd.readouterr()
    assert cli.main(words) == 2, words
    said = capfd.readouterr()
    assert said.err.startswith("creativity: ")
    assert said.err.count("\n") == 1
    assert said.err.strip().isprintable()
    assert not said.out
    return said.err


# The code itself.

FORBIDDEN = {
    "eval": "runs a text",
    "exec": "runs a text",
    "compile": "runs a text",
    "__import__": "imports by a text",
    "pickle.load": "runs what it reads",
    "pickle.loads": "runs what it reads",
    "numpy.load": "may unpickle",
    "np.load": "may unpickle",
    "joblib.load": "unpickles",
    "shelve.open": "unpickles",
    "marshal.loads": "reads code",
    "yaml.load": "builds any object",
    "yaml.unsafe_load": "builds any object",
    "os.system": "runs a shell",
    "tempfile.mktemp": "names a file that another may make first",
    "random.seed": "is global",
    "torch.manual_seed": "is global",
    "torch.seed": "is global",
}
GLOBAL_RANDOM = ("np.random.", "numpy.random.", "random.")
OWN_RANDOM = ("Generator", "Philox", "PCG64", "SeedSequence", "Random")


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@pytest.mark.parametrize("path", sorted(SOURCES.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCES)))
def test_the_code_runs_no_texts_and_draws_from_no_global_stream(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not imported & {"pickle", "dill", "cloudpickle", "shelve", "marshal", "yaml"}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for called, node in calls(tree):
        where = f"{path.name}:{node.lineno}"
        assert called not in FORBIDDEN, f"{where}: {called} {FORBIDDEN[called]}"
        assert not called.endswith(".exec_module") or path.name == "registry.py", f"{where}: plug-ins are loaded in one place"
        assert not called.endswith("mktemp"), where
        keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if called == "torch.load":
            assert keywords.get("weights_only") == "True", f"{where}: torch.load without weights_only=True"
        assert keywords.get("shell") != "True", f"{where}: a shell"
        assert keywords.get("allow_pickle") != "True", where
        if called.startswith(GLOBAL_RANDOM) and not ("random" in names and called.startswith("random.") and "random" not in imported):
            assert called.rpartition(".")[2] in OWN_RANDOM, f"{where}: {called} draws from a global stream"


# Pictures.


@pytest.mark.parametrize("size", [(1, 1), (20_000, 3), (3, 20_000), (30_000, 1)])
def test_pictures_of_odd_shape_are_fitted(size: tuple[int, int]) -> None:
    Image.new("RGB", size, (9, 200, 9)).save("odd.png")
    assert cli.main(["fit", "odd.png", *FAST, "-o", "a.svg", "-o", "a.png"]) == 0
    with Image.open("a.png") as made:
        assert max(made.size) == 48
        assert np.abs(np.asarray(made.convert("RGB")).reshape(-1, 3).mean(axis=0) - (9, 200, 9)).max() < 40
    assert cli.main(["export", "a.svg", "-o", "b.png", "--size", "100"]) == 0


@pytest.mark.parametrize("optimizer", ["relay", "greedy", "adam", "snes"])
@pytest.mark.parametrize("colour", [(0, 0, 0, 0), (0, 0, 0, 255), (255, 255, 255, 255)])
def test_a_picture_of_one_colour_is_that_colour(colour: tuple[int, ...], optimizer: str) -> None:
    Image.new("RGBA", (20, 16), colour).save("plain.png")
    how = ["--optimizer", optimizer, "--set", "renderer.background=none"] if colour[3] == 0 else ["--optimizer", optimizer]
    assert cli.main(["fit", "plain.png", *FAST, *how, "--steps", "80", "-o", "a.json", "-o", "a.png"]) == 0
    assert json.loads(Path("a.json").read_text())["results"]["loss"] < 0.2


def test_a_damaged_picture_is_one_line_whatever_its_reader_warns_of() -> None:
    Path("bad.tif").write_bytes(b"II*\0\xff\xff\xff\xff")
    done = subprocess.run([sys.executable, "-m", "creativity", "fit", "bad.tif"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "damaged" in done.stderr
    assert done.stderr.count("\n") == 1


# Recipes.


@pytest.fixture
def good(picture: Path) -> dict[str, Any]:
    assert cli.main(["fit", str(picture), *FAST, "-o", "good.json"]) == 0
    return json.loads(Path("good.json").read_text())  # type: ignore[no-any-return]


HOSTILE = [
    ({"optimizer": {"name": "relay", "stages": ["adam:" + "9" * 5000]}}, "write stages as"),
    ({"optimizer": {"name": "relay", "stages": ["os.system:3"]}}, "needs optimizer 'os.system'"),
    ({"optimizer": {"name": "relay", "stages": 5}}, "must be a list"),
    ({"objective": {"name": "sum", "terms": 3}}, "must be a table"),
    ({"objective": {"name": "builtins:eval"}}, "needs objective 'builtins:eval'"),
    ({"renderer": {"name": "../../evil.py"}}, "needs renderer"),
    ({"plugins": ["/etc/passwd.py " + "a" * 64]}, "give that very file with --plugin"),
    ({"plugins": ["\x1b[2J"]}, "was made with the plug-in"),
    ({"replay": {"steps": 5, "horizons": [[0, 1]] * 100_000}}, "at most 1000"),
    ({"target": {"name": "\x1b[31m/../../etc/passwd\n", "sha256": "0"}}, "--target PICTURE"),
    ({"seed": 2**64}, "seed"),
    ({"threads": 10**9}, "threads"),
    ({"size": "9" * 5000}, "size"),
]


@pytest.mark.parametrize(("change", "words"), HOSTILE)
def test_a_hostile_recipe_is_refused_in_one_line(
    good: dict[str, Any], change: dict[str, Any], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    good["recipe"] |= change
    Path("bad.json").write_text(json.dumps(good))
    assert words in answered(capfd, "redo", "bad.json")


def test_what_a_file_says_gives_no_orders_to_the_terminal() -> None:
    assert one_line("a\x1b[2J\nb\u202ec\udcff\x07") == "a\\x1b[2J b\\u202ec\\udcff\\x07"


# Names and numbers.

NAMES = [
    b"a\nb",
    "ü中😀".encode(),
    b"-dash",
    b"x" * 240,
    "😀".encode() * 60,
    b"bad\xff\xfe",
    b" sp ace ",
    b"100%d%s",
    b"q'\"$`",
    b"glob[1]*",
    b"{name}",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_may_have_any_name(picture: Path, name: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = os.fsdecode(name + b".png")
    try:
        shutil.copy(picture, path)
    except OSError:
        pytest.skip("this file system has no such names")
    assert cli.main(["fit", "--json", *FAST, "--", path]) == 0
    made = json.loads(capfd.readouterr().out)
    file = made["files"][0]
    assert not file.startswith("-")
    for words in (["show", file], ["export", file, "-o", "x.png"], ["redo", file, "--quiet"], ["resume", made["run"], "--quiet"]):
        assert cli.main(words) == 0


@pytest.mark.parametrize(
    "words",
    [
        "redo good.json --seed N",
        "fit disc.png --seed N",
        "fit disc.png --count N",
        "fit disc.png --size N",
        "fit disc.png --palette N",
        "fit disc.png --palette disc.png:N",
        "fit disc.png --set renderer.count=N",
        "fit disc.png --set optimizer.stages=adam:N",
        "fit disc.png --seeds 0..N",
        "fit nul\0.png",
        "fit disc.png -o nul\0.png",
        "resume nul\0",
    ],
)
def test_endless_numbers_and_nul_are_refused(good: dict[str, Any], words: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = sorted(os.listdir())
    answered(capfd, *words.replace("N", "9" * 5000).split(" "))
    assert sorted(os.listdir()) == before


# Disks and terminals.


def test_a_full_and_a_read_only_disk(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Path("disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=44k", "tmpfs", "disk"]
    if os.name != "posix" or not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk here")
    try:
        assert "no space left on device" in answered(capfd, "fit", str(picture), *FAST, "--run-dir", "disk/r", "-o", "a.svg")
        assert not Path("a.svg").exists()
        subprocess.run(["mount", "-o", "remount,size=4m", "disk"], check=True)
        assert cli.main(["resume", "disk/r", "--quiet", "-o", "a.svg"]) == 0  # with room it goes on
        subprocess.run(["mount", "-o", "remount,ro", "disk"], check=True)
        assert "read-only file system" in answered(capfd, "fit", str(picture), *FAST, "-o", "disk/a.svg")
        assert "read-only file system" in answered(capfd, "fit", str(picture), *FAST, "--run-dir", "disk/s")
        assert "read-only file system" in answered(capfd, "resume", "disk/r", "--quiet")
        assert cli.main(["show", "disk/r"]) == cli.main(["export", "disk/r", "-o", "b.png"]) == 0
    finally:
        subprocess.run(["umount", "disk"], check=True)


def test_a_terminal_of_another_alphabet_is_no_crash(picture: Path) -> None:
    picture.rename("é中.png")
    ascii_only = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii", "NO_COLOR": "1"}
    both = "import sys; from creativity.cli import main; made = main(); sys.argv[1:-1] = ['show']; sys.exit(made or main())"
    command = [sys.executable, "-c", both, "fit", "é中.png", *FAST[:-1], "-o", "é.svg"]
    done = subprocess.run(command, env=ascii_only, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"renderer" in done.stdout
    assert (done.stdout + done.stderr).isascii()


def test_help_stays_readable_in_a_sliver_of_a_terminal(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    with pytest.raises(SystemExit):
        cli.main(["fit", "--help"])
    lines = capfd.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) < 250
    assert os.environ["COLUMNS"] == "20"
