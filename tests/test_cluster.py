"""Batches on a real Ray cluster of three nodes on this machine, one of which is killed. Skipped where Ray is not installed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from creativity import cli

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra cluster is not installed")

NODES = """
    import sys
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    print(cluster.address, flush=True)
    for line in sys.stdin:
        cluster.remove_node(nodes.pop(), allow_graceful=False)
        print("gone", flush=True)
    cluster.shutdown()
"""
APART = """
    import sys
    from pathlib import Path
    import ray
    from creativity.batches import cluster

    ray.init(address=sys.argv[1], log_to_driver=False)
    how = {"steps": 40, "count": 4, "target_size": 32, "size": 64, "optimizer": "adam", "seed": 3}
    entry = {"folder": "disc-s3", "target": "/nowhere/disc.png", "how": how, "frame": None, "follows": False, "prompts": []}
    task = {"key": 1, "what": "run", "folder": "/nowhere/runs/disc-s3", "entry": entry, "plugins": [], "threads": 1, "others": []}
    board = ray.remote(cluster.Board).options(num_cpus=0).remote()
    picture = {"/nowhere/disc.png": ray.put(Path("disc.png").read_bytes())}
    facts, files = ray.get(ray.remote(cluster.there).remote(task, picture, [ray.put({"job.json": b"{}"})], board))
    cluster.write_files(Path("back"), files)
    print(facts["kind"], ray.get(board.take.remote())[0][0])
"""
FAST = ["--steps", "40", "--count", "4", "--target-size", "32", "--size", "64", "--optimizer", "adam", "--threads", "1"]


@pytest.fixture(scope="module")
def nodes() -> Iterator[subprocess.Popen[str]]:
    """A cluster, whose address is its first line; with each line that it reads one of its nodes dies."""
    command = [sys.executable, "-c", textwrap.dedent(NODES)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    yield process
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait(60)
    process.stdout.close()


@pytest.fixture(scope="module")
def address(nodes: subprocess.Popen[str]) -> str:
    assert nodes.stdout is not None
    return nodes.stdout.readline().strip()


def alone(picture: Path, seed: int, *more: str) -> bytes:
    words = ["fit", str(picture), *FAST, *more, "--seed", str(seed), "-o", "alone.svg", "--quiet"]
    assert cli.main(words) == 0
    return Path("alone.svg").read_bytes()


def test_a_machine_that_does_not_see_the_folder_sends_its_files(picture: Path, address: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(APART), address], stdout=subprocess.PIPE, text=True, check=True, timeout=120
    )
    assert done.stdout == "done 1\n"
    assert Path("back/final.svg").read_bytes() == alone(picture, 3)
    assert Path("back/DONE").exists()
    assert cli.main(["resume", "back", "--quiet"]) == 0


def test_a_node_is_killed_and_no_job_is_lost_or_doubled(picture: Path, nodes: subprocess.Popen[str], address: str) -> None:
    Path("night.toml").write_text(
        'targets = "*.png"\nseeds = "0..8"\n[base]\nsteps = 3000\ncount = 4\ntarget-size = 32\nsize = 64\noptimizer = "adam"\n'
    )
    command = [sys.executable, "-m", "creativity", "batch", "night.toml", "--on", "ray", "--json"]
    environment = {**os.environ, "RAY_ADDRESS": address}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 120
    while len(list(Path("runs").glob("night/*/state.safetensors"))) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    assert process.poll() is None
    assert nodes.stdin is not None
    assert nodes.stdout is not None
    nodes.stdin.write("kill one\n")
    nodes.stdin.flush()
    assert nodes.stdout.readline() == "gone\n"
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert (report["done"], report["failed"]) == (9, 0)
    for seed in range(9):
        history = [json.loads(line) for line in Path(f"runs/night/disc-s{seed}/history.jsonl").read_text().splitlines()]
        assert [line["event"] for line in history].count("done") == 1
        steps = [line["step"] for line in history if line["event"] == "step"]
        assert steps == sorted(set(steps)), "a step was taken twice"
        assert sum(line.startswith("[") and f"disc-s{seed}:" in line for line in err.splitlines()) == 1
    for seed in (0, 1, 2):  # one of them was on that node
        assert Path(f"runs/night/disc-s{seed}/final.svg").read_bytes() == alone(picture, seed, "--steps", "3000")
