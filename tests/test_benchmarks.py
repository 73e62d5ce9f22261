"""What the benchmarks report is what they measured: their arithmetic, on cases that can be checked by hand."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _from_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("the benchmarks are part of a checkout only")
    monkeypatch.syspath_prepend(str(ROOT))


def test_an_error_is_of_8_bit_rgb_on_white() -> None:
    from benchmarks import scoring

    target = np.full((2, 4, 3), 255, np.uint8)
    clear = np.zeros((2, 4, 4), np.uint8)
    assert scoring.error(clear, target) == 0.0
    black = np.zeros((2, 4, 3), np.uint8)
    black[0] = 255
    file = io.BytesIO()
    Image.fromarray(black).save(file, "PNG")
    assert scoring.error(file.getvalue(), target) == 0.5
    assert scoring.one_colour(black) == 0.25
    with pytest.raises(ValueError, match="4 x 2"):
        scoring.error(black, target[:1])


@pytest.mark.parametrize("name", ["astronaut", "starry_night", "langlois_bridge"])
def test_pictures_load_at_any_size(name: str) -> None:
    from benchmarks import scoring

    assert max(scoring.load(name, 300).shape[:2]) == 300


def test_a_table_says_nothing_that_was_not_reached() -> None:
    from benchmarks import fit

    ours = {"curve": [[1, 1.01, 0.5], [2, 2.02, 0.25]]}
    theirs = {"cpu": 1.5, "error": 0.125}
    assert [fit.at_mark(ours, mark) for mark in (1, 2, 5)] == [0.5, 0.25, None]
    assert [fit.at_mark(theirs, mark) for mark in (1, 2, 5)] == [None, 0.125, 0.125]
    assert fit.spread([0.001, 0.003]) == "2.00±1.41"
    assert fit.spread([0.001, None]) == "-"


def test_a_run_is_looked_at_past_each_mark_and_at_its_end() -> None:
    from benchmarks import fit, scoring

    target = scoring.load("astronaut", 32)
    job = fit.Job("triangles", "adam", "astronaut", 4, 32, 0.2)
    fit.stopwatch(job, 0, target).run()  # loads what is compiled
    seen = fit.stopwatch(job, 1, target).watch([0.05, 0.1, 10.0])
    seconds, steps = [at for at, _ in seen], [artwork.results["steps"] for _, artwork in seen]
    assert seconds == sorted(seconds)
    assert seconds[0] >= 0.05
    assert seconds[1] >= 0.1
    assert 0.2 <= seconds[2] == seconds[3]
    assert 0 < steps[0] < steps[2] == steps[3]
    # What is scored is the export, and it is what was searched for.
    end = seen[-1][1]
    assert scoring.error(end.png(32), target) == pytest.approx(end.results["loss"], rel=0.05)
    assert fit.marks_in(end.svg(32)) == 4


def test_a_peer_that_is_not_installed_is_not_found() -> None:
    from benchmarks import peers

    assert all(peer.find("no-such-program") is None for peer in peers.PEERS if peer.name.startswith("primitive"))
    used = peers.launch([sys.executable, "-c", "print(sum(range(10**6)))"])
    assert used["said"] == "499999500000\n"
    assert 0 < used["cpu"] < 60
    assert used["memory"] > 2**20
    with pytest.raises(RuntimeError, match="ended with 3: away"):
        peers.launch([sys.executable, "-c", "import sys; print('away', file=sys.stderr); sys.exit(3)"])
