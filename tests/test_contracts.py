"""What every registered part, and every pair of parts, must keep to. A new part is tested the day it is registered."""

from __future__ import annotations

import atexit
from dataclasses import fields
from functools import cache
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from creativity import images, registry
from creativity.errors import CreativityError
from creativity.objectives.base import Context
from creativity.problem import Candidates, Problem
from creativity.renderers.base import BuildingRenderer, FusedRenderer, Renderer, VectorRenderer
from creativity.run import NATURES
from creativity.streams import Streams
from tests.oracles import psnr, resvg

RENDERERS, OBJECTIVES, OPTIMIZERS = registry.renderers.parts(), registry.objectives.names(), registry.optimizers.names()
MARKS = [name for name, (part, _) in registry.renderers.aliases.items() if part == "shapes"]
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 24"><g fill-opacity=".9" stroke-opacity=".8">
<rect width="32" height="24" fill="#d9c8a0"/><path d="M4 4h12v12z" fill="#c33"/>
<circle cx="22" cy="13" r="7" fill="#36a" stroke="#222" stroke-width="2"/>
<g opacity="0.6"><path d="M2 20C10 8 20 24 30 10" fill="none" stroke="#183" stroke-width="3"/><path d="M20 3l9 3-5 7z"/></g></g></svg>"""
SMALL = {name: {"count": 6} for name in ("es-clip", "strokes", "svg", "triangles", *MARKS)} | {
    "shapes": {"count": 16},
    "drawing": {"document": DRAWING},
}
SMALL |= {"cppn": {"width": 9, "layers": 2}, "pixels": {"rows": 8, "columns": 8}}

STRICT: dict[str, dict[str, Any]] = {
    "transport": {"prompts": ["a red bird", "the sea @ bottom:2", "people:-1"]},
    "clip": {"prompts": ["a red bird", "people:-1"]},
    "colours": {"colours": ["#d5342b", "#1f4e9e"], "shares": [3, 1]},
    "sum": {"terms": {"pixel": 1.0, "edges": 0.5, "ssim": {"weight": 0.2, "scales": 2}}},
    "opacity": {"least": 1.0},
    "size": {"least": 1.0},
    "inside": {"margin": 0.45},
}
"""Options of objectives that need some, or by which no mark is as it should be."""
STRICT |= {name: {"reference": ["other.png"]} for name in ("style", "texture")}


@cache
def autoencoder() -> str:
    """A tiny one of random weights, in a folder."""
    import diffusers

    folder = mkdtemp()
    atexit.register(rmtree, folder)
    torch.manual_seed(4)
    blocks: dict[str, Any] = {f"{part}_block_out_channels": (8, 8, 8) for part in ("encoder", "decoder")}
    counts: dict[str, Any] = {"num_encoder_blocks": (1, 1, 1), "num_decoder_blocks": (1, 1, 1)}
    model = diffusers.AutoencoderTiny(**blocks, **counts, latent_channels=4, act_fn="silu")
    with torch.no_grad():
        for weight in model.parameters():
            weight *= 2.0  # or all pictures would be one grey
    model.save_pretrained(folder, safe_serialization=True)
    return folder


def renderer_of(name: str, **options: Any) -> Renderer:
    if name == "latent":
        options = {"model": autoencoder(), "rows": 4, "columns": 4, **options}
    part: Renderer = registry.renderers.create(name, {**SMALL.get(name, {}), **options})
    return part


def problem_of(renderer: str, objective: str, target: Any) -> Problem:
    scored = torch.from_numpy(images.premultiplied(images.resized(target, 32)))
    size = (scored.shape[1], scored.shape[2])
    goal = registry.objectives.create(objective, STRICT.get(objective, {}))
    try:
        goal.prepare(Context(size, scored, references={"other.png": scored.flip(1)}))
    except CreativityError as missing:
        pytest.skip(str(missing))
    for need, (able, _) in NATURES.items():
        if need in goal.needs and not isinstance(renderer_of(renderer), able):
            pytest.skip(f"speaks of {need}, which this renderer has none of")
    return Problem(renderer_of(renderer), goal, size)


@pytest.mark.parametrize("kind", ["renderers", "objectives", "optimizers"])
def test_every_option_is_documented_and_every_part_says_what_it_is(kind: str) -> None:
    table: registry.Registry = getattr(registry, kind)
    for name in table.parts():
        part = table.get(name)
        assert part.__doc__, name
        for field in fields(part.Options):
            assert field.metadata.get("help"), f"{name}.{field.name} has no help"


@pytest.mark.parametrize("name", [*RENDERERS, *MARKS])
class TestRenderer:
    def test_pictures_have_the_shape_and_range_asked_for(self, name: str) -> None:
        renderer = renderer_of(name)
        genomes = renderer.init(3, Streams(1)("init"))
        assert genomes.shape == (3, renderer.spec.size)
        assert genomes.dtype == torch.float32
        for size in ((24, 32), (32, 24), (1, 1)):
            for alpha in (False, True):
                pictures = renderer.render(genomes, size, alpha=alpha)
                assert pictures.shape == (3, 3 + alpha, *size)
                assert pictures.dtype == torch.float32
                assert 0 <= pictures.min() <= pictures.max() <= 1

    def test_starts_differ_and_are_repeated_by_their_stream(self, name: str) -> None:
        renderer = renderer_of(name)
        genomes = renderer.init(3, Streams(1)("init"))
        assert torch.equal(genomes, renderer.init(3, Streams(1)("init")))
        assert not torch.equal(genomes, renderer.init(3, Streams(2)("init")))
        pictures = renderer.render(genomes, (24, 24))
        assert (pictures[0] - pictures[1]).abs().mean() > 0.01

    def test_a_picture_does_not_depend_on_its_batch(self, name: str) -> None:
        renderer = renderer_of(name)
        genomes = renderer.init(5, Streams(1)("init"))
        together = renderer.render(genomes, (40, 24))
        for genome, picture in zip(genomes, together, strict=True):
            assert torch.equal(renderer.render(genome[None], (40, 24))[0], picture)

    def test_any_real_vector_is_a_picture(self, name: str) -> None:
        renderer = renderer_of(name)
        generator = torch.Generator().manual_seed(0)
        for scale in (1e-3, 1.0, 1e3, 1e9, 1e30, 3e38):
            genomes = scale * torch.randn(4, renderer.spec.size, generator=generator).clamp(-1, 1)
            pictures = renderer.render(genomes, (24, 24))
            assert torch.isfinite(pictures).all()
            assert 0 <= pictures.min() <= pictures.max() <= 1
        for hole in (torch.nan, torch.inf, -torch.inf):
            assert torch.isfinite(renderer.render(torch.full((1, renderer.spec.size), hole), (24, 24))).all()

    def test_gradients_agree_with_differences(self, name: str) -> None:
        renderer = renderer_of(name)
        if not renderer.differentiable:
            pytest.skip("not differentiable")
        generator = torch.Generator().manual_seed(0)
        weights = torch.rand(3, 32, 32, generator=generator)
        genome = renderer.init(1, Streams(1)("init")).requires_grad_()
        (renderer.render(genome, (32, 32)) * weights).sum().backward()  # type: ignore[no-untyped-call]
        assert genome.grad is not None
        direction = torch.randn(8, renderer.spec.size, generator=generator) * renderer.spec.scale

        def difference(step: float) -> Tensor:
            moved = torch.cat([genome.detach() + step * direction, genome.detach() - step * direction])
            value = (renderer.render(moved, (32, 32)).double() * weights).sum(dim=(1, 2, 3))
            return (value[:8] - value[8:]) / (2 * step)

        # A circle that grows gets another point somewhere: there, and there alone, a step's length decides the difference.
        smooth = torch.isclose(difference(1e-3), difference(5e-4), rtol=0.05, atol=0.05)
        assert smooth.sum() >= 6
        torch.testing.assert_close((direction @ genome.grad[0]).double()[smooth], difference(1e-3)[smooth], rtol=0.03, atol=0.02)

    def test_a_resolution_free_picture_is_the_same_at_any_size(self, name: str) -> None:
        renderer = renderer_of(name)
        if not renderer.resolution_free:
            pytest.skip("not resolution free")
        genomes = renderer.init(2, Streams(1)("init"))
        small = renderer.render(genomes, (32, 32))
        large = torch.nn.functional.avg_pool2d(renderer.render(genomes, (128, 128)), 4)
        assert psnr(small.numpy(), large.numpy()) > 35

    def test_svg_drawn_by_another_program_looks_like_the_preview(self, name: str) -> None:
        from creativity import svg

        renderer = renderer_of(name)
        if not isinstance(renderer, VectorRenderer):
            pytest.skip("not a vector renderer")
        genome = renderer.init(1, Streams(1)("init"))
        text = svg.document(96, 96, (0, 0, 96, 96), renderer.to_svg(genome[0], (96, 96)))
        drawn = resvg(text, 96)
        drawn = drawn[..., :3] * drawn[..., 3:] + 1 - drawn[..., 3:]  # on white, as `render` shows it
        assert psnr(drawn, renderer.render(genome, (96, 96))[0].permute(1, 2, 0).numpy()) >= 40

    def test_the_fused_loss_is_the_loss_of_the_picture(self, name: str) -> None:
        renderer = renderer_of(name)
        if not isinstance(renderer, FusedRenderer):
            pytest.skip("not fused")
        generator = torch.Generator().manual_seed(0)
        target = torch.rand(4, 24, 32, generator=generator)
        target[:3] *= target[3]
        weight = torch.rand(24, 32, generator=generator)
        genomes = renderer.init(3, Streams(1)("init"))
        from creativity.problem import squared_error

        for map_ in (None, weight):
            fused = renderer.squared_error(genomes, target, map_)
            plain = squared_error(renderer.render(genomes, (24, 32), alpha=True), target, map_)
            torch.testing.assert_close(fused, plain, rtol=1e-4, atol=1e-6)

    def test_a_builder_keeps_its_word(self, name: str) -> None:
        """What it says that it saved is what the picture gained, and its genome is the picture that it worked on."""
        renderer = renderer_of(name)
        if not isinstance(renderer, BuildingRenderer):
            pytest.skip("builds nothing mark by mark")
        target = torch.rand(4, 6, 8, generator=torch.Generator().manual_seed(0)).repeat_interleave(5, 1).repeat_interleave(5, 2)
        target[3] = 1.0
        builder = renderer.builder(target)
        start = renderer.init(1, Streams(1)("init"))
        builder.load(start[0])
        picture = renderer.render(builder.genome[None], (30, 40), alpha=True)
        torch.testing.assert_close(picture, renderer.render(start, (30, 40), alpha=True), atol=1e-5, rtol=0)

        def error() -> float:
            return float(Candidates(renderer, builder.genome[None], (30, 40)).squared_error(target)[0])

        for fresh in (False, True, False):
            before = error()
            saved = builder.sweep(range(builder.count), np.full(builder.count, fresh), 20, 2, 30, 5)
            assert saved > 0
            assert before - error() == pytest.approx(saved, rel=0.01, abs=1e-5)
        whole, useful = error(), builder.usefulness()
        builder.remove(np.array([1]))
        assert error() - whole == pytest.approx(useful[1], rel=0.01, abs=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("renderer", RENDERERS)
def test_every_objective_scores_every_renderer(renderer: str, objective: str, target: Any) -> None:
    problem = problem_of(renderer, objective, target)
    genomes = problem.renderer.init(4, Streams(1)("init"))
    noise = torch.randn(genomes.shape, generator=torch.Generator().manual_seed(0))
    genomes += 0.1 * problem.renderer.spec.scale * noise  # renderers begin with marks that are as they should be
    losses = problem.losses(genomes)
    assert losses.shape == (4,)
    assert torch.isfinite(losses).all()
    simple = objective == "simple" and not losses.any()  # most marks cannot cross themselves
    assert simple or losses.unique().numel() == 4
    if problem.deterministic:
        assert torch.equal(losses, problem.losses(genomes))
        assert torch.equal(losses[2:3], problem.losses(genomes[2:3]))
    if problem.differentiable:
        leaf = genomes.clone().requires_grad_()
        problem.losses(leaf).sum().backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        assert torch.isfinite(leaf.grad).all()
        assert simple or (leaf.grad != 0).any(dim=1).all()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("renderer", RENDERERS)
def test_every_optimizer_improves_every_renderer_that_its_nature_allows(renderer: str, optimizer: str, target: Any) -> None:
    problem = problem_of(renderer, "pixel", target)
    search = registry.optimizers.create(optimizer, {})
    search.horizon = 15
    start = problem.renderer.init(search.starts, Streams(1)("init"))
    try:
        search.check(problem)
    except CreativityError:
        with pytest.raises(CreativityError, match="use "):  # a refusal names what can
            search.begin(problem, start, Streams(1)("optimizer"))
        return
    search.begin(problem, start, Streams(1)("optimizer"))
    first = float(problem.losses(start).min())
    best = min(float(step.losses.min()) for step in (search.step(problem) for _ in range(15)) if step.fidelity == 1.0)
    assert best < first


def test_an_objective_that_is_not_fused_gets_pictures(target: Any) -> None:
    """The definition of the loss serves renderers without a kernel: same value."""

    class Plain:
        def __init__(self, renderer: Renderer):
            self.render, self.spec = renderer.render, renderer.spec

    renderer = renderer_of("triangles")
    genomes = renderer.init(2, Streams(1)("init"))
    scored = torch.from_numpy(images.premultiplied(images.resized(target, 32)))
    size = (scored.shape[1], scored.shape[2])
    fused = Candidates(renderer, genomes, size).squared_error(scored)
    plain = Candidates(Plain(renderer), genomes, size).squared_error(scored)  # type: ignore[arg-type]
    assert not isinstance(Plain(renderer), FusedRenderer)
    torch.testing.assert_close(fused, plain, rtol=1e-4, atol=1e-7)


def test_a_saturated_genome_handed_to_adam_improves(target: Any) -> None:
    """A greedy result has colours of exactly 0 and 1: no gradient may be lost there."""
    problem = problem_of("triangles", "pixel", target)
    spec = problem.spec
    values = spec.decode(problem.renderer.init(1, Streams(1)("init")))
    values["colour"] = (values["colour"] > 0.5).float()
    values["opacity"] = torch.ones_like(values["opacity"])
    values["background"] = torch.zeros_like(values["background"])
    start = spec.encode(values)
    search = registry.optimizers.create("adam", {"coarse": 1.0})
    search.horizon = 60
    search.begin(problem, start, Streams(1)("optimizer"))
    first = float(problem.losses(start))
    for _ in range(60):
        search.step(problem)
    assert float(problem.losses(search.answer[None])) < first / 3
    moved = spec.decode(search.answer[None].detach())
    assert (moved["background"] > 0.02).any(), "colours of exactly 0 never moved"
    assert (moved["colour"] != values["colour"]).float().mean() > 0.3


class _Stub:
    """Counts what is asked of it."""

    spec = None

    def render(self, genomes: Tensor, size: tuple[int, int], seed: int = 0, alpha: bool = False) -> Tensor:
        self.drawn = getattr(self, "drawn", 0) + 1
        return torch.zeros(len(genomes), 3 + alpha, *size)


def test_candidates_draw_lazily_and_once() -> None:
    renderer = _Stub()
    candidates = Candidates(renderer, torch.zeros(2, 3), (8, 8))  # type: ignore[arg-type]
    assert not hasattr(renderer, "drawn")
    assert candidates.images() is candidates.images()
    candidates.images((4, 4))
    assert renderer.drawn == 2
