"""The preset es-clip: its pictures against Pillow itself, its search against pgpelib's rules, its settings as documented."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from creativity import cli, presets, registry, svg, verbs
from creativity.errors import CreativityError
from creativity.problem import squared_error
from creativity.renderers.es_clip import EsClip, EsClipOptions
from creativity.renderers.genome import Block, ParamSpec
from creativity.streams import Streams
from tests.oracles import psnr, resvg

Array = np.ndarray[Any, Any]


class Given(EsClip):
    """Draws the shapes that it is given."""

    def __init__(self, corners: Array, paints: Array):
        super().__init__(EsClipOptions(count=max(2, corners.shape[1])))
        self.given = corners.astype(np.int32), paints.astype(np.uint8)

    def shapes(self, genomes: torch.Tensor, size: tuple[int, int]) -> tuple[Array, Array]:
        return self.given

    def levels(self, size: tuple[int, int]) -> Array:
        """(B, H, W, 4): 8-bit colour over black, and alpha."""
        pictures = self.render(torch.zeros(len(self.given[0]), 1), size, alpha=True)
        return (pictures.permute(0, 2, 3, 1).numpy() * 255).round().astype(np.uint8)


def pillow(canvas: Image.Image, corners: Array, paints: Array) -> Array:
    draw = ImageDraw.Draw(canvas, "RGBA")
    for points, paint in zip(corners.tolist(), paints.tolist(), strict=True):
        draw.polygon([tuple(point) for point in points], tuple(paint))
    return np.asarray(canvas)


def awkward(count: int, size: tuple[int, int], rng: np.random.Generator) -> Array:
    """Triangles (count, 3, 2) on whole pixels, the last row and column and one beyond included; most are degenerate somehow."""
    height, width = size
    corners = rng.integers(0, (width + 1, height + 1), (count, 3, 2))
    corners[1::8, 1, 1] = corners[1::8, 0, 1]  # a level edge
    corners[2::8, :, 1] = corners[2::8, :1, 1]  # a level line
    corners[3::8, 2] = corners[3::8, 1]  # two corners are one
    corners[4::8, 2] = np.clip(corners[4::8, 1] + rng.integers(-1, 2, (len(corners[4::8]), 2)), 0, (width, height))  # a sliver
    corners[5::8, :, 0] = corners[5::8, :1, 0]  # an upright line
    corners[6::8, 2] = corners[6::8, 0]
    corners[7::16] = corners[7::16, :1]  # a point
    return corners


@pytest.mark.parametrize("size", [(20, 20), (7, 9), (3, 50), (1, 1), (200, 150)])
def test_every_covered_pixel_is_pillows(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(size))
    height, width = size
    corners = awkward(400 if height > 99 else 2400, size, rng)
    ours = Given(corners[:, None], np.full((len(corners), 1, 4), 255)).levels(size)[..., 3]
    theirs = np.stack([pillow(Image.new("RGB", (width, height)), one[None], np.full((1, 4), 255))[..., 0] for one in corners])
    if platform.machine() in ("x86_64", "AMD64"):
        np.testing.assert_array_equal(ours, theirs)
    else:  # where Pillow's compiler may fuse a product and a sum, a crossing can round otherwise
        assert (ours != theirs).mean() < 1e-4


def test_every_level_is_pillows() -> None:
    """Over black, and what is left of white, exactly; so white itself within the rounding of 8 bits, some levels."""
    rng = np.random.default_rng(1)
    corners, paints = awkward(60, (70, 90), rng), rng.integers(0, 256, (60, 4))
    paints[:, 3] //= 2
    levels = Given(corners[None], paints[None]).levels((70, 90))[0]
    blacks = paints * np.array([0, 0, 0, 1])
    np.testing.assert_array_equal(levels[..., :3], pillow(Image.new("RGB", (90, 70)), corners, paints))
    np.testing.assert_array_equal(255 - levels[..., 3], pillow(Image.new("RGB", (90, 70), "white"), corners, blacks)[..., 0])
    white = Given(corners[None], paints[None]).render(torch.zeros(1, 1), (70, 90))[0].permute(1, 2, 0).numpy() * 255
    difference = white - pillow(Image.new("RGB", (90, 70), "white"), corners, paints)
    assert np.abs(difference).max() <= 4
    assert np.abs(difference).mean() < 0.5


def painted(genome: Array, height: int, width: int, alpha_scale: float) -> list[tuple[list[tuple[int, int]], tuple[int, ...]]]:
    """es-clip's mapping as its paper and code describe it, number by number."""
    features = genome.reshape(-1, 10)
    shapes = []
    for triangle in features:
        unit = [float((value - column.min()) / (column.max() - column.min())) for value, column in zip(triangle, features.T, strict=True)]
        rows, columns = [[unit[i + first] for i in (0, 2, 4)] for first in (0, 1)]
        across, down = [
            [int((sum(places) / 3.0 + (place - sum(places) / 3.0)) * side) for place in places]
            for places, side in ((columns, width), (rows, height))
        ]
        levels = [int(level * 255) for level in unit[6:9]]
        shapes.append((list(zip(across, down, strict=True)), (*levels, int(unit[9] * alpha_scale * 255))))
    return shapes


@pytest.mark.parametrize(("height", "width", "alpha_scale"), [(200, 200, 0.5), (200, 355, 0.1), (31, 17, 1.0)])
def test_numbers_become_shapes_as_in_the_original(height: int, width: int, alpha_scale: float) -> None:
    genomes = torch.randn(20, 500, generator=torch.Generator().manual_seed(1))
    corners, paints = EsClip(EsClipOptions(50, alpha_scale)).shapes(genomes, (height, width))
    for genome, points, paint in zip(genomes.numpy(), corners, paints, strict=True):
        expected = painted(genome, height, width, alpha_scale)
        assert points.tolist() == [[list(point) for point in one] for one, _ in expected]
        assert [tuple(levels) for levels in paint.tolist()] == [levels for _, levels in expected]
    assert corners[..., 0].max() == width  # one beyond the last column, as in the original
    assert paints[..., 3].max() == int(alpha_scale * 255)
    assert corners.min() == paints.min() == 0


def test_a_feature_in_which_all_agree_is_in_the_middle() -> None:
    renderer = EsClip(EsClipOptions(3))
    corners, paints = renderer.shapes(torch.zeros(1, 30), (20, 40))
    assert (corners == (20, 10)).all()
    assert (paints == (127, 127, 127, 63)).all()
    assert torch.isfinite(renderer.render(torch.zeros(1, 30), (20, 40))).all()


def test_the_loss_is_what_noise_backgrounds_tend_to() -> None:
    """es-clip's own cost, with Pillow, over many of its backgrounds; its noise has 127 / 255 for a mean."""
    rng = np.random.default_rng(2)
    renderer = EsClip(EsClipOptions(12))
    genomes = renderer.init(2, Streams(5)("init"))
    target = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0)).repeat_interleave(6, 1).repeat_interleave(6, 2)
    losses = renderer.squared_error(genomes, torch.cat([target, torch.ones(1, 48, 48)]))
    goal = target.permute(1, 2, 0).numpy()
    for corners, paints, loss in zip(*renderer.shapes(genomes, (48, 48)), losses.tolist(), strict=True):
        noises = ((rng.random((48, 48, 3)) * 255).astype(np.uint8) for _ in range(300))
        costs = [((pillow(Image.fromarray(noise), corners, paints) / 255 - goal) ** 2).mean() for noise in noises]
        assert abs(loss - np.mean(costs)) < 4 * np.std(costs) / 300**0.5 + 0.004 * loss


def test_bytes_do_not_depend_on_threads_or_company() -> None:
    renderer = EsClip(EsClipOptions(20))
    genomes = renderer.init(9, Streams(1)("init"))
    target = torch.rand(4, 31, 45, generator=torch.Generator().manual_seed(0))
    weight = torch.rand(31, 45, generator=torch.Generator().manual_seed(1))
    seen = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        seen.append(
            (renderer.squared_error(genomes, target), renderer.squared_error(genomes, target, weight), renderer.render(genomes, (31, 45)))
        )
    for losses, weighted, pictures in seen[1:]:
        assert torch.equal(losses, seen[0][0])
        assert torch.equal(weighted, seen[0][1])
        assert torch.equal(pictures, seen[0][2])
    assert torch.equal(renderer.squared_error(genomes[3:4], target)[0], seen[0][0][3])
    plain = squared_error(renderer.render(genomes, (31, 45), alpha=True), target, weight)
    torch.testing.assert_close(seen[0][1], plain, rtol=1e-5, atol=1e-7)


def test_kernels_are_never_led_astray() -> None:
    renderer = EsClip(EsClipOptions(2))
    genomes = renderer.init(1, Streams(1)("init"))
    for target, weight in ((torch.rand(3, 8, 8), None), (torch.rand(4, 8, 8), torch.ones(7, 8)), (torch.rand(4, 8, 8), torch.zeros(8, 8))):
        with pytest.raises(CreativityError):
            renderer.squared_error(genomes, target, weight)


def test_the_drawing_is_as_wide_as_pillow_fills() -> None:
    renderer = EsClip(EsClipOptions(50))
    for seed in range(3):
        genome = renderer.init(1, Streams(seed)("init"))
        drawn = resvg(svg.document(200, 200, (0, 0, 200, 200), renderer.to_svg(genome[0], (200, 200))), 200)
        drawn = drawn[..., :3] * drawn[..., 3:] + 1 - drawn[..., 3:]
        assert psnr(drawn, renderer.render(genome, (200, 200))[0].permute(1, 2, 0).numpy()) > 40


# The preset -----------------------------------------------------------------------------------------------------------


def wide(width: int = 640, height: int = 400) -> Array:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_the_preset_is_the_original_bitmap_fitting() -> None:
    recipe = verbs.plan_fit(wide(), preset="es-clip", seed=1, threads=1).recipe
    assert recipe.renderer.to_dict() == {"name": "es-clip", "count": 50, "alpha_scale": 0.5}
    assert recipe.objective.to_dict() == {"name": "pixel"}
    settled = verbs.plan_fit(wide(), preset="es-clip", seed=1).run().recipe.optimizer.to_dict()
    told = {"strategy": "pgpe", "population": 256, "sigma": 0.1, "rate": 0.15, "updates": "clipup"}
    assert {key: settled[key] for key in told} == told
    assert recipe.stop.steps == 10_000
    assert recipe.scored_size == (200, 320)
    assert recipe.seed == 1
    assert verbs.plan_fit(wide(300, 900), preset="es-clip").recipe.scored_size == (200, 67)


def test_what_is_asked_for_overrides_the_preset() -> None:
    how = {"count": 7, "steps": 3, "target_size": 64, "size": 32, "options": {"optimizer.sigma": 0.3}}
    recipe = verbs.plan_fit(wide(), preset="es-clip", **how).recipe
    assert recipe.renderer.options == {"count": 7, "alpha_scale": 0.5}
    assert recipe.optimizer.options["sigma"] == 0.3
    assert recipe.optimizer.options["population"] == 256
    assert (recipe.stop.steps, recipe.target_size, recipe.size) == (3, 64, "32")
    other = verbs.plan_fit(wide(), preset="es-clip", optimizer="snes").recipe
    assert other.optimizer.options == {"strategy": "snes"}  # the preset's numbers were for its own
    assert other.renderer.name == "es-clip"
    triangles = verbs.plan_fit(wide(), preset="es-clip", renderer="triangles").recipe
    assert triangles.renderer.to_dict() == {"name": "triangles", "count": 50}
    assert triangles.optimizer.options["sigma"] == 0.1


def test_without_a_preset_nothing_changes() -> None:
    recipe = verbs.plan_fit(wide()).recipe
    assert (recipe.renderer.to_dict(), recipe.objective.name) == ({"name": "triangles"}, "pixel")
    assert (recipe.target_size, recipe.size, recipe.stop.steps) == (256, "1024", None)


def test_an_unknown_preset_ends_in_one_line(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fit", str(picture), "--preset", "es-clpi"]) == 2
    said = capfd.readouterr().err
    assert "did you mean 'es-clip'" in said
    assert said.count("\n") == 1
    assert not Path("runs").exists()


def test_presets_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "presets"]) == 0
    text = capfd.readouterr().out
    assert "\nes-clip: " in text
    assert "optimizer.sigma = 0.1" in text
    assert cli.main(["list", "presets", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["es-clip"]["settings"]["count"] == 50


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_searches_saves_and_is_remade_without_its_name(picture: Path, name: str) -> None:
    words = [
        "--preset",
        name,
        "--count",
        "30",
        "--steps",
        "3",
        "--seed",
        "1",
        "--threads",
        "1",
        "--target-size",
        "32",
        "--size",
        "40",
        "--quiet",
    ]
    assert cli.main(["fit", str(picture), *words, "-o", "a.png", "-o", "a.svg"]) == 0
    for kind in ("png", "svg"):
        assert cli.main(["redo", f"a.{kind}", "--target", str(picture), "-o", f"b.{kind}", "--quiet"]) == 0
        assert Path(f"a.{kind}").read_bytes() == Path(f"b.{kind}").read_bytes()


def test_the_search_follows_the_rules_of_pgpelib() -> None:
    """Toklu et al.'s pgpelib 0.1, by its defaults and es-clip's, written out: the same centre after every step."""

    class Valley:
        spec = ParamSpec((Block("all", (30,), centre=0.0, scale=1.0),))
        differentiable, deterministic, resolution_free, size = False, True, False, (8, 8)

        def losses(self, genomes: torch.Tensor, step: int = 0, fidelity: float = 1.0) -> torch.Tensor:
            return ((genomes - 1) ** 2 * torch.linspace(0.1, 1, 30)).sum(dim=1)

    problem: Any = Valley()
    plan = verbs.plan_fit(wide(), preset="es-clip", options={"optimizer.population": 40})
    search = registry.optimizers.create("evolution", plan.recipe.optimizer.options)
    search.begin(problem, torch.zeros(1, 30), Streams(3)("optimizer"))
    centre, sigma, velocity = np.zeros(30), np.full(30, 0.1), np.zeros(30)
    for _ in range(40):
        genomes = search.ask()
        losses = problem.losses(genomes)
        search.tell(losses)
        noise = genomes[:20].numpy().astype(float) - centre
        np.testing.assert_allclose(genomes[20:].numpy() - centre, -noise, atol=1e-5)  # mirrored
        ranks = np.empty(40)
        ranks[np.argsort(-losses.numpy())] = np.arange(40) / 39 - 0.5
        plus, minus = ranks[:20], ranks[20:]
        uphill = ((plus - minus)[:, None] / 2 * noise).mean(axis=0)
        wider = (((plus + minus) / 2 - ranks.mean())[:, None] * (noise**2 - sigma**2) / sigma).mean(axis=0)
        velocity = 0.9 * velocity + 0.15 * uphill / np.linalg.norm(uphill)
        velocity *= min(1.0, 0.15 / np.linalg.norm(velocity))
        centre = centre + velocity
        sigma = np.clip(sigma + 0.1 * wider, 0.8 * sigma, 1.2 * sigma)
        np.testing.assert_allclose(search.answer.numpy(), centre, atol=2e-5)
        centre = search.answer.numpy().astype(float)
    spread = np.asarray(search._state.std)
    np.testing.assert_allclose(spread, sigma, rtol=1e-3)
    assert problem.losses(search.answer[None]) < 0.1 * problem.losses(torch.zeros(1, 30))
