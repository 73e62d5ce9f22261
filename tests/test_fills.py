"""Marks that gradients fill: they begin flat, go where their mark goes, and bend where that helps."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from creativity import images, registry, svg
from creativity.objectives.base import Context
from creativity.problem import Problem
from creativity.renderers.marks import Marks
from creativity.streams import Streams
from tests.oracles import psnr, resvg

FILLS = ["linear", "radial"]


def paths(fill: str, count: int = 6, **options: Any) -> Marks:
    renderer: Marks = registry.renderers.create("svg", {"count": count, "fill": fill, **options})
    return renderer


def bent(renderer: Marks, n: int = 1, seed: int = 0) -> Tensor:
    """Genomes whose gradients are anything but flat."""
    genomes = renderer.init(n, Streams(1)("init"))
    noise = torch.randn(genomes.shape, generator=torch.Generator().manual_seed(seed)).clamp(-2, 2)
    values = renderer.spec.decode(genomes + 0.4 * renderer.spec.scale * noise)
    values["points"] = renderer.spec.decode(genomes)["points"] + 0.01 * noise[:, : values["points"][0].numel()].reshape(
        values["points"].shape
    )
    return renderer.spec.encode(values)


def problem(renderer: Marks, target: Any, side: int = 32) -> Problem:
    scored = torch.from_numpy(images.premultiplied(images.resized(target, side)))
    size = (scored.shape[1], scored.shape[2])
    goal = registry.objectives.create("pixel", {})
    goal.prepare(Context(size, scored))
    return Problem(renderer, goal, size)


@pytest.mark.parametrize("fill", FILLS)
class TestFills:
    def test_they_begin_flat(self, fill: str) -> None:
        graded, flat = paths(fill), paths("flat")
        pictures = [renderer.render(renderer.init(2, Streams(1)("init")), (24, 32)) for renderer in (graded, flat)]
        torch.testing.assert_close(*pictures, rtol=0, atol=2e-6)
        genome = graded.init(1, Streams(1)("init")).requires_grad_()
        target = torch.rand(4, 24, 24, generator=torch.Generator().manual_seed(0))
        target[3] = 1.0
        graded.squared_error(genome, target).sum().backward()  # type: ignore[no-untyped-call]
        assert genome.grad is not None
        felt = genome.grad[0, graded.spec.slices["contrast"]].reshape(6, 3).norm(dim=1)
        assert (felt > 1e-6).all(), "no mark knows which way to bend"

    def test_gradients_agree_with_differences(self, fill: str) -> None:
        renderer = paths(fill)
        genome = bent(renderer).requires_grad_()
        generator = torch.Generator().manual_seed(0)
        weights = torch.rand(3, 64, 64, generator=generator)
        (renderer.render(genome, (64, 64)) * weights).sum().backward()  # type: ignore[no-untyped-call]
        assert genome.grad is not None
        for name, at in renderer.spec.slices.items():
            direction = torch.zeros(4, renderer.spec.size)
            direction[:, at] = renderer.spec.scale[at] * torch.randn(4, at.stop - at.start, generator=generator)
            found = []
            for step in (2e-3, 1e-3):
                moved = torch.cat([genome.detach() + step * direction, genome.detach() - step * direction])
                value = (renderer.render(moved, (64, 64)).double() * weights).sum(dim=(1, 2, 3))
                found.append((value[:4] - value[4:]) / (2 * step))
            smooth = torch.isclose(*found, rtol=0.05, atol=0.1)
            assert smooth.any(), name
            torch.testing.assert_close((direction @ genome.grad[0]).double()[smooth], found[1][smooth], rtol=0.05, atol=0.1)

    def test_svg_drawn_by_another_program_is_the_picture(self, fill: str) -> None:
        for seed in range(3):
            renderer = paths(fill, 12)
            genome = bent(renderer, seed=seed)
            text = svg.document(1, 1, (0, 0, 1000, 750), renderer.to_svg(genome[0], (750, 1000)))
            drawn = resvg(text.replace('width="1"', 'width="160"').replace('height="1"', 'height="120"'), 160)
            assert psnr(drawn[..., :3], renderer.render(genome, (120, 160))[0].permute(1, 2, 0).numpy()) >= 40
            assert text.count("<stop ") == 24

    def test_a_gradient_goes_where_its_mark_goes(self, fill: str) -> None:
        renderer = paths(fill, 1, background="none")
        values = renderer.spec.decode(bent(renderer))
        values["points"] = 0.25 + 0.5 * (values["points"] - values["points"].amin(dim=2, keepdim=True))
        before = renderer.render(renderer.spec.encode(values), (64, 64), alpha=True)
        values["points"] = values["points"] + torch.tensor([8 / 64, -4 / 64])
        after = renderer.render(renderer.spec.encode(values), (64, 64), alpha=True)
        torch.testing.assert_close(after.roll((4, -8), (2, 3)), before, rtol=0, atol=1e-3)
        assert before[0, 3].max() > 0.1

    def test_any_size_and_company_and_numbers(self, fill: str) -> None:
        renderer = paths(fill)
        genomes = bent(renderer, 3)
        together = renderer.render(genomes, (40, 24))
        assert all(
            torch.equal(renderer.render(genome[None], (40, 24))[0], picture) for genome, picture in zip(genomes, together, strict=True)
        )
        large = torch.nn.functional.avg_pool2d(renderer.render(genomes, (160, 96)), 4)
        assert psnr(together.numpy(), large.numpy()) > 35
        for scale in (1e9, 1e30, 3e38, torch.nan, torch.inf):
            wild = torch.full((1, renderer.spec.size), scale)
            picture = renderer.render(wild, (24, 24))
            assert torch.isfinite(picture).all()
            assert renderer.to_svg(wild[0], (24, 24))

    def test_limits_and_palettes_hold_for_both_ends(self, fill: str) -> None:
        renderer = paths(fill, min_opacity=1.0, palette=("#000000", "#ff0000"))
        marks = renderer.marks(bent(renderer), (24, 24))
        assert marks.gradients is not None
        assert (marks.opacities == 1).all()
        assert (marks.gradients.colours[:, 3] == 1).all()
        levels = marks.gradients.colours[:, :3].unique(dim=0).tolist()
        assert levels == [[0, 0, 0], [1, 0, 0]]
        faint = paths(fill, min_opacity=0.3, max_opacity=0.6).marks(bent(paths(fill, min_opacity=0.3, max_opacity=0.6)), (24, 24))
        assert faint.gradients is not None
        shown = faint.opacities[:, None] * faint.gradients.colours[:, 3].reshape(-1, 2)
        assert 0.3 - 1e-6 <= shown.min() < shown.max() <= 0.6 + 1e-6

    @pytest.mark.parametrize("optimizer", ["adam", "pgpe", "greedy", "relay"])
    def test_every_optimizer_improves_them(self, fill: str, optimizer: str, target: Any) -> None:
        task = problem(paths(fill), target)
        search = registry.optimizers.create(optimizer, {"stages": ("greedy:20", "adam:20")} if optimizer == "relay" else {})
        search.horizon = 40
        start = task.renderer.init(search.starts, Streams(1)("init"))
        search.begin(task, start, Streams(1)("optimizer"))
        first = float(task.losses(start).min())
        for _ in range(40):
            search.step(task)
        answer = search.answer.detach().reshape(-1, task.spec.size)
        assert float(task.losses(answer).min()) < first
        contrast = task.spec.decode(answer)["contrast"]
        assert bool(contrast.any()) == (optimizer != "greedy"), "greedy places them flat, gradients bend them"

    def test_a_builder_keeps_the_gradients_of_marks_in_place(self, fill: str) -> None:
        renderer = paths(fill)
        target = torch.rand(4, 24, 24, generator=torch.Generator().manual_seed(0))
        target[3] = 1.0
        builder, genome = renderer.builder(target), bent(renderer)
        builder.load(genome[0])
        torch.testing.assert_close(builder.genome[None], genome, rtol=1e-5, atol=1e-6)
        builder.remove(torch.arange(6).numpy() == 2)
        contrast = renderer.spec.decode(builder.genome[None])["contrast"][0]
        assert not contrast[2].any()
        assert contrast[[0, 1, 3, 4, 5]].any(dim=1).all()
