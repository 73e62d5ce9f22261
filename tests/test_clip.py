"""Likeness to words: windows against torch's own resampling, gradients against differences, and what each option is for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from creativity.errors import CreativityError
from creativity.models.encoders.base import Encoder
from creativity.objectives.anchor import Anchor, AnchorOptions
from creativity.objectives.base import Context
from creativity.objectives.clip import Clip, ClipOptions
from creativity.objectives.cutouts import Cutouts, disturbed, draw, interpolation
from creativity.objectives.prompted import captions
from creativity.objectives.prompts import Prompt, parse_prompt, parse_prompts
from creativity.problem import Candidates, Problem
from creativity.renderers.genome import Block, ParamSpec
from creativity.streams import Streams


class Shown:
    """A renderer whose genomes are pictures."""

    differentiable, resolution_free, transparent = True, False, False

    def __init__(self, size: tuple[int, int]):
        self.size = size
        self.spec = ParamSpec((Block("pixels", (3 * size[0] * size[1],)),))

    def render(self, genomes: Tensor, size: tuple[int, int], seed: int = 0, alpha: bool = False) -> Tensor:
        pictures = genomes.unflatten(1, (3, *self.size))  # type: ignore[no-untyped-call]
        return torch.cat([pictures, torch.ones_like(pictures[:, :1])], 1) if alpha else pictures


def losses(objective: Any, pictures: Tensor, step: int | None = None, progress: float = 1.0) -> Tensor:
    size = (pictures.shape[2], pictures.shape[3])
    return objective(Candidates(Shown(size), pictures.flatten(1), size, step, progress=progress))  # type: ignore[arg-type,no-any-return]


def clip(*prompts: str, seed: int = 0, **options: Any) -> Clip:
    objective = Clip(ClipOptions(prompts=prompts, **options))
    objective.prepare(Context((48, 48), streams=Streams(seed)))
    return objective


def painted(*colours: tuple[float, float, float], side: int = 48) -> Tensor:
    """A disc of each colour on white, (n, 3, side, side)."""
    rows, columns = np.mgrid[0:side, 0:side] / side - 0.5
    disc = torch.from_numpy((rows**2 + columns**2 < 0.09).astype(np.float32))
    return torch.stack([torch.tensor(colour)[:, None, None] * disc + 1 - disc for colour in colours])


RED, BLUE = (0.9, 0.1, 0.1), (0.1, 0.2, 0.9)


# -- windows


def test_a_window_that_enlarges_is_what_grid_sample_makes() -> None:
    random = np.random.default_rng(3)
    images = torch.from_numpy(random.random((2, 3, 30, 41), np.float32))
    windows = draw(7, 0.2, 1.0, 1.5, random)
    windows = windows._replace(frames=torch.cat([windows.frames, torch.tensor([[-0.2, 0.5, 0.9, 0.7]])]))  # partly beyond the border
    seen = windows.of(images, 48)
    for number, (top, left, height, width) in enumerate(windows.frames.tolist()):
        line = (torch.arange(48) + 0.5) / 48
        y, x = torch.meshgrid(2 * (top + height * line) - 1, 2 * (left + width * line) - 1, indexing="ij")
        expected = F.grid_sample(images, torch.stack([x, y], 2).expand(2, -1, -1, -1), align_corners=False, padding_mode="border")
        torch.testing.assert_close(seen[:, number], expected, atol=1e-5, rtol=0)


def test_a_whole_picture_that_shrinks_is_antialiased_as_torch_does_it() -> None:
    images = torch.from_numpy(np.random.default_rng(3).random((2, 3, 130, 100), np.float32))
    whole = Cutouts(torch.tensor([[0.0, 0.0, 1.0, 1.0]]))
    expected = F.interpolate(images, (32, 32), mode="bilinear", antialias=True, align_corners=False)
    # (torch has no border to go on beyond: only its own rows at the edges are weighted anew.)
    torch.testing.assert_close(whole.of(images, 32)[:, 0, :, 2:-2, 2:-2], expected[:, :, 2:-2, 2:-2], atol=1e-4, rtol=0)


def test_without_perspective_the_homography_is_the_window() -> None:
    images = torch.from_numpy(np.random.default_rng(3).random((1, 3, 30, 41), np.float32))
    windows = draw(3, 0.3, 1.0, 1.2, np.random.default_rng(1))
    tilted = windows._replace(corners=torch.zeros(3, 4, 2))
    torch.testing.assert_close(tilted.of(images, 48), windows.of(images, 48), atol=1e-4, rtol=0)


def test_windows_keep_to_what_is_asked_of_them() -> None:
    frames = draw(2000, 0.5, 0.9, 4 / 3, np.random.default_rng(1)).frames
    assert (frames[:, :2] >= 0).all()
    assert (frames[:, :2] + frames[:, 2:] <= 1 + 1e-6).all()
    area = frames[:, 2] * frames[:, 3]
    assert 0.25 - 1e-6 <= area.min() < 0.27
    assert float(area.mean()) == pytest.approx((0.25 + 0.81) / 2, abs=0.01)  # evenly by area
    assert 1.3 < float((frames[:, 3] / frames[:, 2]).max()) < 4 / 3 + 1e-5
    assert draw(3, 0.5, 1.0, 1.0, np.random.default_rng(1)).frames[0].tolist() == [0, 0, 1, 1]


def test_colours_and_noise_vary_by_as_much_as_they_may() -> None:
    grey = torch.full((1, 3, 20, 20), 0.5)
    windows = draw(300, 0.5, 1.0, 1.0, np.random.default_rng(1))
    assert windows.of(grey, 8).std() < 1e-6
    bright = disturbed(windows, 8, 0.2, 0.0, 0.0, np.random.default_rng(2)).of(grey, 8)
    levels = bright.mean((2, 3, 4))
    assert 0.39 < levels.min() < 0.42
    assert 0.58 < levels.max() < 0.61
    noisy = disturbed(windows, 8, 0.0, 0.0, 0.1, np.random.default_rng(2)).of(grey, 8)
    assert float(noisy.std()) == pytest.approx(0.1, rel=0.03)


def test_a_line_of_pixels_is_shared_out() -> None:
    rows = interpolation(torch.tensor([0.0]), torch.tensor([60.0]), 7, 60)[0]
    torch.testing.assert_close(rows.sum(1), torch.ones(7))
    assert (rows.sum(0) > 0).all(), "a pixel was left out"


# -- prompts


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("a red bird", Prompt("a red bird")),
        (" a  red bird : 2.5 ", Prompt("a red bird", 2.5, 2.5)),
        ("people:-0.5", Prompt("people", -0.5, -0.5)),
        ("dawn:1..0", Prompt("dawn", 1, 0)),
        ("Still life: a vase", Prompt("Still life: a vase")),
        ("Still life: a vase:3", Prompt("Still life: a vase", 3, 3)),
        ("the sun @ top-right", Prompt("the sun", place=(5 / 6, 1 / 6))),
        ("the sun @ Center:2", Prompt("the sun", 2, 2, (0.5, 0.5))),
        ("a tree @ 0.2, .7:3", Prompt("a tree", 3, 3, (0.2, 0.7))),
    ],
)
def test_prompts_as_people_write_them(text: str, prompt: Prompt) -> None:
    assert parse_prompt(text) == prompt


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([""], "no word in it"),
        (["?!"], "no word in it"),
        ([":2"], "no word in it"),
        (["a bird:x"], "the weight 'x'.*no number"),
        (["a bird:nan"], "no number"),
        (["a bird:1..x"], "no number"),
        (["a bird:0"], "above 0"),
        (["a bird:-1..1"], "above 0"),
        (["a bird", " A  bird:2"], "twice"),
        (["a bird @ topright"], "top-right"),
        (["a bird @ 1.2,0.5"], "outside"),
        (["@ top"], "no word in it"),
        (["a bird", "people @ top:-1"], "no place"),
        (["people:-1"], "add a prompt of what shall"),
        (["a" * 10_000], "10,000"),
        ([], "say what"),
    ],
)
def test_prompts_that_are_refused(texts: list[str], said: str) -> None:
    with pytest.raises(CreativityError, match=said):
        parse_prompts(texts)


# -- the objective


def test_what_is_asked_for_costs_less() -> None:
    red, blue = losses(clip("a red circle"), painted(RED, BLUE)).tolist()
    assert red < blue
    red, blue = losses(clip("a blue circle"), painted(RED, BLUE)).tolist()
    assert blue < red


def test_without_contrast_it_is_the_mean_distance_of_the_windows() -> None:
    objective = clip("a red circle:3", "a circle", contrast=0.0)
    pictures = painted(RED, BLUE)
    windows = draw(4, 0.7, 1.0, 1.0, Streams(0)("cutouts").at())
    encoder = objective.encoder
    vectors = encoder.images(windows.of(pictures, encoder.input_size).flatten(0, 1)).unflatten(0, (2, 4))  # type: ignore[no-untyped-call]
    cosines = vectors @ encoder.texts(["a red circle", "a circle"]).T
    expected = (1 - (0.75 * cosines[..., 0] + 0.25 * cosines[..., 1])).mean(1)
    torch.testing.assert_close(losses(objective, pictures), expected, atol=1e-5, rtol=0)
    spherical = clip("a red circle:3", "a circle", contrast=0.0, distance="spherical")
    angles = torch.arccos(cosines)
    expected = (0.75 * angles[..., 0] ** 2 + 0.25 * angles[..., 1] ** 2).mean(1) / 2
    torch.testing.assert_close(losses(spherical, pictures), expected, atol=1e-4, rtol=0)


def test_what_shall_not_be_seen_repels_and_no_further() -> None:
    """A hinge: nothing is gained by being the opposite of it."""
    pictures = painted(RED, BLUE)
    plain, averse = clip("a circle", contrast=0.0), clip("a circle", "a red circle:-1", contrast=0.0)
    more = (losses(averse, pictures) - losses(plain, pictures)).tolist()
    assert more[0] > 0.05
    assert more[1] < 0.6 * more[0]
    far = losses(clip("a circle", "a dog:-1", contrast=0.0), pictures) - losses(plain, pictures)
    torch.testing.assert_close(far, torch.zeros(2), atol=1e-6, rtol=0)


def test_weights_may_change_over_the_search() -> None:
    fading, picture = clip("a red circle:1..0", "a blue circle:0..1"), painted(RED)
    first, last = (float(losses(fading, picture, step=3, progress=p)) for p in (0.0, 1.0))
    assert first == pytest.approx(float(losses(clip("a red circle"), picture, step=3)), abs=1e-5)
    assert last == pytest.approx(float(losses(clip("a blue circle"), picture, step=3)), abs=1e-5)
    assert float(losses(fading, picture)) == float(losses(fading, picture, progress=1.0))


def test_contrast_leaves_out_what_says_the_same() -> None:
    objective = clip("a dog", "a red circle on a white background")
    kept = [caption for caption, other in zip(captions(), objective._others[0].tolist(), strict=True) if other]
    assert "a dog" not in kept
    assert {"a cow", "a beach with palm trees"} <= set(kept)


def test_all_candidates_of_a_step_are_seen_alike_and_steps_differ() -> None:
    objective = clip("a red circle")
    red = painted(RED)
    twice = losses(objective, torch.cat([red, red]), step=5)
    assert float(twice[0]) == pytest.approx(float(twice[1]), abs=1e-6)
    assert float(losses(objective, red, step=5)) == float(losses(objective, red, step=5))
    assert float(losses(objective, red, step=6)) != float(losses(objective, red, step=5))
    other = clip("a red circle", seed=1)
    assert float(losses(other, red, step=5)) != float(losses(objective, red, step=5))
    assert float(losses(other, red)) == float(losses(objective, red)), "looks of runs with different seeds can be compared"


@pytest.mark.parametrize("options", [{}, {"distance": "spherical", "perspective": 0.4, "contrast": 1.0}], ids=["plain", "tilted"])
def test_gradients_agree_with_differences(options: dict[str, Any]) -> None:
    """Through windows, colours, encoder, contrast and hinge, in float64."""
    objective = clip("a red circle", "a blue circle:-0.5", **options)
    _doubled(objective.encoder)
    try:
        for name in ("_texts", "_bank"):
            setattr(objective, name, getattr(objective, name).double())
        picture = painted((0.7, 0.3, 0.4), side=40).double()
        leaf = picture.clone().requires_grad_()
        losses(objective, leaf, step=1).sum().backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        random = np.random.default_rng(0)
        for _ in range(4):
            way = torch.from_numpy(random.standard_normal(picture.shape))
            with torch.no_grad():
                more, less = (float(losses(objective, picture + sign * 1e-6 * way, step=1)) for sign in (1, -1))
            assert float((leaf.grad * way).sum()) == pytest.approx((more - less) / 2e-6, rel=1e-3)
    finally:
        _doubled(objective.encoder, torch.float32)


def _doubled(encoder: Encoder, dtype: torch.dtype = torch.float64) -> None:
    encoder.image.to(dtype)  # type: ignore[attr-defined]
    encoder.dtype = dtype


def test_gradients_reach_triangles_through_everything() -> None:
    from creativity import registry

    renderer = registry.renderers.create("triangles", {"count": 6})
    objective = clip("a red circle", noise=0.0, jitter=0.0)
    problem = Problem(renderer, objective, (48, 48))
    start = renderer.init(1, Streams(1)("init")).requires_grad_()
    problem.losses(start, 0).sum().backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        way = start.grad / start.grad.norm()
        step = 0.02
        more, less = (float(problem.losses(start + sign * step * way, 0)) for sign in (1, -1))
    assert (more - less) / (2 * step) == pytest.approx(float(start.grad.norm()), rel=0.05)


def test_an_anchor_minds_what_is_large_and_lets_go() -> None:
    target = torch.cat([painted(RED)[0], torch.ones(1, 48, 48)])
    anchor = Anchor(AnchorOptions(blur=0.15, hold=0.25))
    anchor.prepare(Context((48, 48), target))
    grain = 0.1 * torch.from_numpy(np.random.default_rng(0).standard_normal((1, 3, 48, 48)).astype(np.float32))
    fine, moved = losses(anchor, painted(RED) + grain), losses(anchor, painted(RED).roll(10, 3))
    assert float(fine) < 0.03 * float(grain.square().mean()) < float(moved)
    weights = [float(losses(anchor, painted(BLUE), step=0, progress=p) / losses(anchor, painted(BLUE))) for p in (0.0, 0.5, 1.0)]
    assert weights == pytest.approx([4.0, 2.5, 1.0], rel=1e-4)


def test_a_coarse_start_is_no_coarser_than_the_encoder_needs() -> None:
    from creativity import registry
    from creativity.optimizers.base import staged

    renderer = registry.renderers.create("triangles", {})
    problem = Problem(renderer, clip("a bird"), (192, 192))
    assert [math.floor(192 * staged(p, 0.25, 0.5, problem)) for p in (0.0, 0.3, 0.6)] == [48, 96, 192]


def test_options_that_contradict_are_refused() -> None:
    with pytest.raises(CreativityError, match="use transport"):
        Clip(ClipOptions(prompts=("a bird @ top",)))
    with pytest.raises(CreativityError, match="min_scale"):
        ClipOptions(prompts=("a",), min_scale=0.9, max_scale=0.5)
