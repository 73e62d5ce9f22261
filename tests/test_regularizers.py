"""What is asked of pictures and marks beside a likeness: closed forms, brute force, differences, and what comes of it in a fit."""

from __future__ import annotations

import math
import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from creativity import registry, svg, verbs
from creativity.errors import CreativityError
from creativity.objectives.base import Context, Objective
from creativity.objectives.difference import oklab
from creativity.palettes import PALETTES
from creativity.problem import Candidates, Problem
from creativity.recipe import Part, Recipe
from creativity.renderers.base import Renderer
from creativity.renderers.genome import Block, ParamSpec
from creativity.renderers.raster import Outlines, offsets
from creativity.run import Run
from creativity.streams import Streams
from tests.conftest import tiny
from tests.test_objectives import pictures, prepared, score

SIZE = (48, 64)
APPEARANCE: dict[str, dict[str, Any]] = {
    "palette": {"colours": ["bauhaus"]},
    "ink": {"paper": "#8090a0"},
    "smoothness": {"halvings": 1},
    "symmetry": {"mirror": "both"},
}
DEMANDS: dict[str, dict[str, Any]] = {"opacity": {"least": 0.7}, "size": {"least": 0.3}, "inside": {"margin": 0.1}, "simple": {}}


def objective_of(name: str, **options: Any) -> Objective:
    objective: Objective = registry.objectives.create(name, options)
    objective.prepare(Context(SIZE))
    return objective


def strewn(renderer: Renderer, n: int) -> Tensor:
    """Genomes (n, D) with marks that are small, large, crossed and beyond the edge; what is bounded is left where it is."""
    genomes = renderer.init(n, Streams(1)("init"))
    noise = torch.randn(genomes.shape, generator=torch.Generator().manual_seed(0))
    return genomes + 0.6 * noise * loose(renderer)


def loose(renderer: Renderer) -> Tensor:
    """(D,) the scale of numbers that may be moved anywhere; 0 for those with ends."""
    return torch.cat([torch.full((block.size,), block.scale * (block.bijection == "identity")) for block in renderer.spec.blocks])


class Drawn(Renderer):
    """A genome is one outline of so many corners, in pixels."""

    def __init__(self, corners: int):
        self.corners = corners

    @property
    def spec(self) -> ParamSpec:
        return ParamSpec((Block("corners", (self.corners, 2)),))

    def marks(self, genomes: Tensor, size: tuple[int, int]) -> Outlines:
        n = len(genomes)
        return Outlines(
            genomes.reshape(-1, 2),
            torch.zeros(n, 3),
            torch.ones(n),
            torch.zeros(n, 4),
            offsets(n, self.corners),
            offsets(n, 1),
            offsets(n, 1),
        )

    def render(self, genomes: Tensor, size: tuple[int, int], seed: int = 0, alpha: bool = False) -> Tensor:
        raise AssertionError("nothing need be drawn")


def demanded(name: str, outlines: Any, **options: Any) -> Tensor:
    """Of outlines (B, P, 2) in pixels of SIZE, one mark each."""
    points = torch.tensor(outlines, dtype=torch.float32) if not isinstance(outlines, Tensor) else outlines
    return objective_of(name, **options)(Candidates(Drawn(points.shape[1]), points.flatten(1), SIZE))


# -- gradients


@pytest.mark.parametrize("name", APPEARANCE)
@pytest.mark.parametrize("clear", [False, True])
def test_gradients_of_pictures_are_differences(name: str, clear: bool) -> None:
    objective = prepared(name, pictures(1, 15, 18)[0], **APPEARANCE[name])
    seen = pictures(1, 15, 18, 3, clear).double()
    alpha = 0.2 + 0.8 * seen[:, 3:]
    seen = torch.cat([alpha * (0.1 + 0.8 * seen[:, :3]), alpha], dim=1)  # away from where a colour ends
    directions = torch.randn(6, *seen.shape[1:], generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    leaf = seen.clone().requires_grad_()
    score(objective, leaf, clear).sum().backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    step = 1e-6
    slopes = (score(objective, seen + step * directions, clear) - score(objective, seen - step * directions, clear)) / (2 * step)
    torch.testing.assert_close((directions * leaf.grad).sum(dim=(1, 2, 3)), slopes, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [*APPEARANCE, *DEMANDS])
@pytest.mark.parametrize("kind", ["triangles", "shapes", "polygons"])
def test_gradients_of_genomes_are_differences(name: str, kind: str) -> None:
    many = {"triangles": {"count": 12}, "shapes": {"count": 24, "corners": 6}, "polygons": {"count": 12, "corners": 7}}
    renderer = registry.renderers.create(kind, many[kind])
    problem = Problem(renderer, objective_of(name, **{**APPEARANCE, **DEMANDS}[name]), SIZE)
    genome = strewn(renderer, 1)
    leaf = genome.clone().requires_grad_()
    problem.losses(leaf).sum().backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    moves = loose(renderer) if name != "opacity" else (renderer.spec.scale * (loose(renderer) == 0))
    directions = torch.randn(12, renderer.spec.size, generator=torch.Generator().manual_seed(1)) * moves
    if "kind" in renderer.spec.slices:
        directions[:, renderer.spec.slices["kind"]] = 0
    step = 1e-3
    losses = problem.losses(torch.cat([genome + step * directions, genome - step * directions])).double()
    slopes, found = (losses[:12] - losses[12:]) / (2 * step), (directions @ leaf.grad[0]).double()
    if name == "simple" and kind != "polygons":  # hardly anything to cross
        assert (found - slopes).abs().max() < 1e-3
        return
    assert slopes.abs().mean() > 1e-4
    off = (found - slopes).abs() / slopes.abs().mean()
    assert off.median() < (0.1 if name == "smoothness" else 0.02)  # a border that begins to touch a pixel is a corner
    assert off.max() < 0.4


# -- values


@pytest.mark.parametrize("turn", [0, 30, 45, 90])
@pytest.mark.parametrize("side", [64, 256])
def test_smoothness_is_the_length_of_edges_times_their_contrast(turn: int, side: int) -> None:
    """A disc's border is as long in every direction, and a border as long at every size."""
    rows, columns = (np.mgrid[0:side, 0:side] + 0.5) / side - 0.5
    far = np.cos(math.radians(turn)) * columns + np.sin(math.radians(turn)) * rows
    for shown, length in ((np.clip(0.5 + far * side, 0, 1), 1 / max(abs(math.cos(math.radians(turn))), abs(math.sin(math.radians(turn))))),
                          (np.clip(0.5 + (0.3 - np.hypot(rows, columns)) * side, 0, 1), 0.6 * math.pi)):  # fmt: skip
        seen = torch.from_numpy(0.2 + 0.6 * shown).float().expand(1, 4, side, side).clone()
        seen[:, 3] = 1
        assert float(score(prepared("smoothness", seen[0]), seen)) == pytest.approx(0.6 * length, rel=0.12)


def test_smoothness_of_large_forms_does_not_see_small_ones() -> None:
    rows, columns = np.mgrid[0:64, 0:64]
    board = torch.from_numpy((rows + columns) % 2).float().expand(1, 4, 64, 64).clone()
    board[:, 3] = 1
    half = (torch.arange(64) >= 32).float().expand(1, 4, 64, 64).clone()
    half[:, 3] = 1
    coarse, fine = prepared("smoothness", half[0], halvings=3), prepared("smoothness", half[0])
    assert float(score(coarse, board)) == pytest.approx(0, abs=1e-5)
    assert float(score(fine, board)) > 60
    assert float(score(coarse, half)) == pytest.approx(float(score(fine, half)), rel=0.1)


@pytest.mark.parametrize(("mirror", "axes"), [("left-right", (-1,)), ("up-down", (-2,)), ("half-turn", (-1, -2))])
def test_symmetry_is_0_for_what_is_symmetrical_and_for_nothing_else(mirror: str, axes: tuple[int, ...]) -> None:
    seen = pictures(2, 17, 24, clear=True)
    objective = prepared("symmetry", seen[0], mirror=mirror)
    assert (score(objective, (seen + seen.flip(axes)) / 2, True) == 0).all()
    opaque = pictures(2, 17, 24)
    expected = ((opaque - opaque.flip(axes))[:, :3] ** 2).mean(dim=(1, 2, 3))
    torch.testing.assert_close(score(objective, opaque), expected)
    other = {"left-right": (-2,), "up-down": (-1,), "half-turn": (-1,)}[mirror]
    assert (score(objective, (opaque + opaque.flip(other)) / 2) > 1e-3).all()
    both = (opaque + opaque.flip(-1) + opaque.flip(-2) + opaque.flip((-1, -2))) / 4
    assert (score(prepared("symmetry", seen[0], mirror="both"), both) < 1e-12).all()


def test_palette_is_the_distance_to_the_nearest_colour() -> None:
    colours = torch.tensor([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in PALETTES["bauhaus"].colours])
    seen = torch.ones(1, 4, 2, len(colours))
    seen[0, :3] = colours.T[:, None]
    objective = prepared("palette", seen[0], colours=["Bauhaus"])
    assert float(score(objective, seen)) < 1e-6
    off = pictures(1, 9, 9)
    lab, near = oklab(off[:, :3], 0.01)[0].flatten(1).T, oklab(colours.T[None, :, :, None], 0.01)[0, :, :, 0].T
    plain = ((lab[:, None] - near) * torch.tensor([1.0, 2.0, 2.0])).square().sum(dim=2).amin(dim=1).mean()
    assert float(plain) <= float(score(objective, off)) < float(plain) + 0.05**2
    assert objective.options.colours == PALETTES["bauhaus"].colours  # on record, whatever the name will mean
    clear = off * 0.3
    assert float(score(objective, clear, True)) == pytest.approx(0.3 * float(score(objective, off)), rel=1e-3)


def test_a_number_is_so_many_of_the_targets_own_colours() -> None:
    target = torch.ones(4, 12, 12)
    target[:3] = torch.tensor([0.8, 0.2, 0.1])[:, None, None]
    target[:3, 6:] = torch.tensor([0.1, 0.3, 0.7])[:, None, None]
    for asked in (2, "2", ["2"]):
        objective = prepared("palette", target, colours=asked)
        assert float(score(objective, target[None])) < 1e-4
        assert float(score(objective, pictures(1, 12, 12))) > 0.01


def test_ink_is_what_differs_from_the_paper() -> None:
    seen = torch.ones(1, 4, 20, 20)
    seen[:, :3, :5] = 0.1
    for share in (0.0, 0.25, 1.0):
        assert float(score(prepared("ink", seen[0], share=share), seen)) == pytest.approx((share - 0.25) ** 2, abs=5e-3)
    assert float(score(prepared("ink", seen[0], share=0.75, paper="#1a1a1a"), seen)) == pytest.approx(0, abs=1e-3)
    clear = torch.zeros(1, 4, 20, 20)
    clear[:, 3, :10] = 0.5
    assert float(score(prepared("ink", seen[0], share=0.25), clear, True)) == pytest.approx(0, abs=1e-6)


def test_ink_knows_the_renderers_own_background() -> None:
    for options, grounds in (({}, 3), ({"background": "#20304a"}, 0)):
        renderer = registry.renderers.create("triangles", {"count": 1, **options})
        values = renderer.spec.decode(renderer.init(1, Streams(1)("init")))
        values["vertices"] = torch.tensor([[[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]]])
        values["opacity"], values["colour"] = torch.ones(1, 1), torch.ones(1, 1, 3)
        if grounds:
            values["background"] = torch.tensor([[0.1, 0.2, 0.3]])
        genome = renderer.spec.encode(values)
        assert float(objective_of("ink", share=0.5)(Candidates(renderer, genome, SIZE))) == pytest.approx(0, abs=1e-3)


def test_demands_are_those_of_plain_geometry() -> None:
    square = [[[0.0, 0.0], [6.4, 0.0], [6.4, 6.4], [0.0, 6.4]]]  # a tenth of the long side
    assert float(demanded("size", square, least=0.1)) == pytest.approx(0, abs=1e-5)
    assert float(demanded("size", square, least=0.2)) == pytest.approx(0.5, abs=1e-4)
    assert float(demanded("size", square, least=0.05)) == 0
    sliver = [[[0.0, 0.0], [64.0, 0.1], [0.0, 0.2]]]
    assert float(demanded("size", sliver, least=0.1)) == pytest.approx(1 - math.sqrt(6.4) / 6.4, rel=1e-3)
    assert float(demanded("inside", square)) == 0
    assert float(demanded("inside", square, margin=0.05)) == pytest.approx(0.1)  # 3.2 pixels short on two sides
    far = [[[-6.4, 10.0], [80.0, 10.0], [30.0, 54.4]]]
    assert float(demanded("inside", far)) == pytest.approx((6.4 + 16 + 6.4) / 64)
    assert float(demanded("inside", far, margin=-0.25)) == 0
    renderer = registry.renderers.create("triangles", {"count": 2})
    values = renderer.spec.decode(renderer.init(1, Streams(1)("init")))
    values["opacity"] = torch.tensor([[0.1, 0.9]])
    found = objective_of("opacity", least=0.4)(Candidates(renderer, renderer.spec.encode(values), SIZE))
    assert float(found) == pytest.approx(0.75 / 2)


def crossings(points: list[tuple[float, float]]) -> int:
    """By brute force: pairs of edges, not neighbours, that lie on either side of each other."""

    def side(a: Any, b: Any, c: Any) -> float:
        return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))

    edges = list(pairwise([*points, points[0]]))
    return sum(
        side(*one, other[0]) * side(*one, other[1]) < 0 and side(*other, one[0]) * side(*other, one[1]) < 0
        for (i, one), (j, other) in combinations(enumerate(edges), 2)
        if (j - i) % len(edges) not in (1, len(edges) - 1)
    )


@pytest.mark.parametrize("corners", [4, 5, 9])
def test_only_what_crosses_itself_is_not_simple(corners: int) -> None:
    rng = np.random.default_rng(corners)
    random = rng.uniform(0, 48, (200, corners, 2))
    angles = np.sort(rng.uniform(0, 2 * np.pi, (200, corners)))
    dented = 24 + rng.uniform(2, 24, (200, corners, 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    outlines = np.concatenate([random, dented])
    found = demanded("simple", outlines.tolist())
    counted = torch.tensor([crossings([(x, y) for x, y in points]) for points in outlines.tolist()])
    assert torch.equal(found > 0, counted > 0)
    assert (found <= counted / 2 + 1e-6).all()
    assert 40 < int((counted > 0).sum()) < 240


def test_known_loops() -> None:
    bow = [[0.0, 0.0], [30.0, 30.0], [30.0, 0.0], [0.0, 30.0]]  # two lobes of one size
    assert float(demanded("simple", [bow])) == pytest.approx(0.5)
    lopsided = [[0.0, 0.0], [40.0, 20.0], [40.0, 10.0], [0.0, 30.0]]  # crossing at x = 30 by similar triangles
    assert float(demanded("simple", [lopsided])) == pytest.approx(0.1)
    star = [[24 + 20 * math.sin(4 * math.pi * k / 5), 24 - 20 * math.cos(4 * math.pi * k / 5)] for k in range(5)]
    assert float(demanded("simple", [star])) > 0.2  # turns one way alone, and twice round
    moved = torch.tensor([star]).reshape(1, 10) * torch.tensor([0.4, 1.0]).repeat(5) + 3
    torch.testing.assert_close(demanded("simple", moved.reshape(1, 5, 2)), demanded("simple", [star]))


def test_a_curl_is_undone_by_its_gradient() -> None:
    outlines = torch.from_numpy(np.random.default_rng(3).uniform(4, 44, (40, 5, 2))).float()
    assert (demanded("simple", outlines) > 0).sum() > 20
    torch.set_num_threads(1)
    leaf = outlines.clone().requires_grad_()
    search = torch.optim.Adam([leaf], lr=0.5)
    for _ in range(150):
        search.zero_grad()
        demanded("simple", leaf).sum().backward()  # type: ignore[no-untyped-call]
        search.step()
    assert (demanded("simple", leaf.detach()) > 0).sum() <= 4
    assert (demanded("size", leaf.detach(), least=0.05) == 0).float().mean() > 0.9  # not by shrinking to nothing


@pytest.mark.parametrize("name", DEMANDS)
def test_a_mark_of_no_extent_and_a_number_without_end_are_borne(name: str) -> None:
    renderer = registry.renderers.create("shapes", {"count": 16})
    genomes = torch.zeros(3, renderer.spec.size)
    genomes[1] = 1e30
    genomes[2] = torch.nan
    leaf = genomes.requires_grad_()
    losses = Problem(renderer, objective_of(name, **DEMANDS[name]), SIZE).losses(leaf)
    assert not losses.isnan().any()
    losses[:1].sum().backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    assert torch.isfinite(leaf.grad[0]).all()


@pytest.mark.parametrize("name", [*APPEARANCE, *DEMANDS])
def test_neither_the_batch_nor_the_number_of_threads_matters(name: str) -> None:
    renderer = registry.renderers.create("polygons", {"count": 700, "corners": 5})
    problem = Problem(renderer, objective_of(name, **{**APPEARANCE, **DEMANDS}[name]), (96, 128))
    genomes, found = strewn(renderer, 4), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        leaf = genomes.clone().requires_grad_()
        losses = problem.losses(leaf)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        for i in range(4):
            assert torch.equal(problem.losses(genomes[i : i + 1])[0], losses[i].detach())
        found.append((losses.detach(), leaf.grad))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


# -- in a fit


ASKED: dict[str, dict[str, Any]] = {
    "palette": {"weight": 5, "colours": ["bauhaus"]},
    "ink": {"weight": 5, "share": 0.6, "paper": "#ffffff"},
    "smoothness": {"weight": 0.05},
    "symmetry": {"weight": 10, "mirror": "up-down"},
    "opacity": {"weight": 1, "least": 0.8},
    "size": {"weight": 1, "least": 0.3},
    "inside": {"weight": 3, "margin": 0.05},
    "simple": {"weight": 1},
}


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [*((name, "adam") for name in ASKED), *((name, other) for name in ("symmetry", "size") for other in ("pgpe", "relay"))],
)
def test_a_fit_that_asks_for_it_has_more_of_it(picture: Path, name: str, optimizer: str) -> None:
    how = {"renderer": "polygons" if name == "simple" else "triangles", "optimizer": optimizer, "seed": 1}
    how |= {"steps": 60 if optimizer == "pgpe" else 250}
    options = {"renderer.corners": 6} if name == "simple" else {}
    plain = tiny(picture, **how, options=options).run()
    plain.run()
    run = tiny(picture, **how, options=options, objective={"pixel": 1, name: ASKED[name]}).run()
    artwork = run.run()
    assert plain.best is not None
    before = run.problem.values(plain.best)[name]
    assert artwork.results[f"term_{name}"] < before or before == 0
    assert artwork.results["term_pixel"] < (0.3 if name == "ink" else 0.1)
    if optimizer == "adam":
        assert artwork.results[f"term_{name}"] <= 0.5 * before
    if optimizer == "adam" and name == "inside":
        text = svg.document(64, 53, (0, 0, 64, 53), artwork.renderer.to_svg(torch.from_numpy(artwork.genome), (53, 64)))  # type: ignore[attr-defined]
        places = [float(number) for points in re.findall(r'points="([^"]+)"', text) for number in re.findall(r"[-\d.]+", points)]
        assert len(places) == 8 * 6
        assert min(places) > 0
        assert max(places[::2]) < 64
        assert max(places[1::2]) < 53


def test_a_regularizer_needs_no_target_and_goes_on_from_an_artwork(picture: Path) -> None:
    begun = tiny(picture, optimizer="adam", steps=30).run().run()
    recipe = Recipe.from_dict(
        {
            **begun.recipe.to_dict(),
            "target": None,
            "replay": None,
            "objective": {"name": "symmetry"},
            "start": {"name": "begun.svg", "sha256": begun.digest},
            "stop": {"steps": 60},
        }
    )
    before = float(Run(recipe, start=begun).problem.losses(torch.from_numpy(begun.genome)[None]))
    for optimizer in ("adam", "pgpe", "relay"):
        run = Run(recipe.replace(optimizer=Part(optimizer)), start=begun)
        assert run.problem.objective.needs == ()
        run.run()
        assert run.best_loss < (0.3 if optimizer == "adam" else 1.0) * before


# -- what cannot be


@pytest.mark.parametrize(
    ("asked", "options", "words"),
    [
        ("symetry", {}, "did you mean 'symmetry'"),
        ("symmetry", {"objective.mirror": "left"}, "did you mean 'left-right'"),
        ("symmetry", {"objective.axis": "both"}, "has no option 'axis'"),
        ("palette", {"objective.colours": "bauhus"}, "did you mean 'bauhaus'"),
        ("palette", {"objective.colours": "#12345,#ffffff"}, "is not a colour"),
        ("palette", {"objective.colours": "1"}, "from 2 to 64"),
        ("palette", {"objective.colours": ""}, "needs colours"),
        ("palette", {"objective.colours": "/etc/passwd"}, "no palette is called"),
        ("pixel,ink", {"objective.ink.paper": "white"}, "is not a colour"),
        ("pixel,ink", {"objective.ink.share": 1.5}, "from 0.0 to 1.0"),
        ("pixel,size", {"objective.size.least": 0}, "must be above 0"),
        ("pixel,simple", {"objective.simple.least": 0}, "no option"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_words(picture: Path, asked: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(CreativityError, match=re.escape(words)) as refusal:
        tiny(picture, objective=asked, options=options).run()
    assert "\n" not in str(refusal.value)


def test_marks_are_asked_of_renderers_that_have_some(picture: Path, forget: Any, tmp_path: Path) -> None:
    class Plain(Renderer):
        """One colour."""

        @property
        def spec(self) -> ParamSpec:
            return ParamSpec((Block("colour", (3,), "bounded", per_mark=False),))

        def render(self, genomes: Tensor, size: tuple[int, int], seed: int = 0, alpha: bool = False) -> Tensor:
            colours = self.spec.decode(genomes)["colour"][:, :, None, None].expand(-1, -1, *size)
            return torch.cat([colours, torch.ones_like(colours[:, :1])], dim=1) if alpha else colours

    registry.renderers.register("plain", Plain)
    for asked, named in (("inside", "inside"), ("pixel:1,size:0.1,simple:1", "size, simple")):
        with pytest.raises(CreativityError, match=f"objective {named} speaks of marks, and renderer 'plain' has none; use triangles"):
            verbs.plan_fit(picture, renderer="plain", objective=asked).run(tmp_path / "run")
    assert not (tmp_path / "run" / "recipe.toml").exists()
    tiny(picture, renderer="plain", count=None, objective="pixel,ink,palette,smoothness,symmetry", optimizer="adam").run().run()


def test_a_palette_of_the_targets_own_needs_one() -> None:
    with pytest.raises(CreativityError, match="without a picture, name the colours"):
        objective_of("palette")
