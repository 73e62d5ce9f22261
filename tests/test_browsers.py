"""What browsers show of our drawings is our own picture of them; and drawings that draw themselves do so there.

Chromium is the judge, where there is one; where not, these tests say that they were skipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from creativity import registry, svg, verbs
from creativity.artwork import Artwork
from creativity.streams import Streams
from tests.oracles import psnr

ROOT = Path(__file__).parents[1]
SIDE = 240

SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "triangles": ("triangles", {}),
    "shapes": ("shapes", {}),
    "svg": ("svg", {}),
    "strokes": ("strokes", {"segments": 2}),
    "bristles": ("strokes", {"brush": "oil"}),
    "lines": ("strokes", {"line_width": 0.01, "min_opacity": 1.0, "segments": 2}),
}


@pytest.fixture
def browsers(monkeypatch: pytest.MonkeyPatch) -> Any:
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("the benchmarks are part of a checkout only")
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import browsers

    if browsers.find() is None:
        pytest.skip("no Chromium is installed")
    return browsers


def test_chromium_draws_random_and_fitted_drawings_as_we_do(browsers: Any, target: Any) -> None:
    drawn: dict[str, Artwork] = {}
    for name, (renderer, options) in SCENES.items():
        settings = {f"renderer.{key}": value for key, value in options.items()}
        how: dict[str, Any] = {"optimizer": "adam", "steps": 40, "target_size": 48, "seed": 1, "threads": 1, "size": SIDE}
        drawn[f"{name}, fitted"] = fitted = verbs.fit(target, renderer=renderer, count=10, options=settings, **how)
        random = registry.renderers.create(renderer, fitted.recipe.renderer.options).init(1, Streams(4)("init"))[0]
        drawn[f"{name}, random"] = Artwork(random.numpy(), fitted.recipe)
    size = fitted.output_size(SIDE).pixels
    found = browsers.chromium([artwork.svg(SIDE) for artwork in drawn.values()], size)
    off = {}
    for (name, artwork), shot in zip(drawn.items(), found, strict=True):
        ours = artwork.renderer.render(torch.from_numpy(artwork.genome)[None], size)[0].permute(1, 2, 0).numpy()
        off[name] = psnr(shot, ours)
        if off[name] < 40:
            # Of thin lines nearly every pixel is an edge, which Chromium rounds: then the truth must be on our side.
            exact = browsers.truth(artwork.svg(SIDE), SIDE)
            assert psnr(ours, exact) >= 46, name
            assert psnr(shot, exact) < 40, name
    assert {name.partition(",")[0] for name in off if off[name] < 40} <= {"bristles", "lines"}, off
    assert min(off.values()) > 33, off


def test_a_drawing_draws_itself_in_chromium(browsers: Any, target: Any) -> None:
    """Two lines, each as long as the picture is wide: after a quarter of the time the first is half drawn."""
    part = registry.renderers.create("strokes", {"count": 2, "line_width": 0.1, "min_opacity": 1.0, "background": "none"})
    values = part.spec.decode(part.init(1, Streams(0)("init")))
    way = torch.tensor([0.1, 0.3667, 0.6333, 0.9])
    values["points"] = torch.stack([torch.stack([way, torch.full((4,), y)], dim=1) for y in (0.3, 0.7)])[None]
    values["colour"] = torch.zeros_like(values["colour"])
    options = {"renderer.line_width": 0.1, "renderer.min_opacity": 1.0, "renderer.background": "none"}
    recipe = verbs.plan_fit(target, renderer="strokes", count=2, seed=1, steps=1, threads=1, options=options).recipe
    text = Artwork(part.spec.encode(values)[0].numpy(), recipe).svg(SIDE, animate=4.0)
    assert svg.read_svg(text.encode()) is not None

    def at(milliseconds: float) -> np.ndarray[Any, Any]:
        script = f"for (const one of document.getAnimations()) {{ one.pause(); one.currentTime = {milliseconds} }}"
        shot: np.ndarray[Any, Any] = browsers.chromium([text], (200, SIDE), script)[0]
        return (1 - shot).mean(axis=2)

    nothing, quarter, most, all_ = (at(milliseconds) for milliseconds in (0, 1000, 3000, 3999.9))
    assert nothing.max() == 0
    upper, lower = (slice(0, 100), slice(100, 200))
    assert quarter[upper].sum() == pytest.approx(0.5 * all_[upper].sum(), rel=0.12)
    assert quarter[lower].max() == 0
    assert quarter[upper, : SIDE // 2 - 15].sum() == pytest.approx(all_[upper, : SIDE // 2 - 15].sum(), rel=0.01)
    np.testing.assert_allclose(most[upper], all_[upper], atol=0.02)
    assert most[lower].sum() == pytest.approx(0.5 * all_[lower].sum(), rel=0.12)
