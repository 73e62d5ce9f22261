"""Drawings for people who go on with them: pruned, in layers, for a pen, drawing themselves; the picture stays what it was."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import pytest
import torch

from creativity import registry, svg
from creativity.artwork import Artwork, open_artwork
from creativity.cli import main
from creativity.errors import CreativityError
from creativity.export import pen, pruning
from creativity.export.pieces import pieces_of
from creativity.recipe import Recipe
from creativity.streams import Streams
from tests.conftest import tiny
from tests.oracles import psnr, resvg

INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"


def drawn(values: dict[str, Any] | None = None, renderer: str = "triangles", seed: int = 0, **options: Any) -> Artwork:
    """Random marks, some blocks of them as given, on a canvas of 120 x 90."""
    name, fixed = registry.renderers.resolve(renderer)
    part = registry.renderers.create(name, {**fixed, **options})
    found = part.spec.decode(part.init(1, Streams(seed)("init")))
    found |= {key: torch.as_tensor(value, dtype=torch.float32)[None] for key, value in (values or {}).items()}
    recipe = {
        "renderer": {"name": name, **fixed, **options},
        "objective": {"name": "pixel"},
        "optimizer": {"name": "adam"},
        "canvas": [120, 90],
        "size": "120",
        "target_size": 120,
        "seed": 1,
        "stop": {"steps": 1},
        "threads": 1,
        "device": "cpu",
        "version": "0",
    }
    return Artwork(part.spec.encode(found)[0].numpy(), Recipe.from_dict(recipe))


def read(text: str) -> tuple[Element, list[Element]]:
    """The drawing, through our own gate, and what is drawn in it."""
    root = svg.read_svg(text.encode())
    kinds = {"path", "polygon", "line", "circle", "ellipse", "rect"}
    return root, [element for element in root.iter() if element.tag.rpartition("}")[2] in kinds]


SQUARE = np.array([[[0.2, 0.2], [0.8, 0.2], [0.5, 0.8]]])


def test_marks_that_nobody_sees_are_left_out() -> None:
    inside = SQUARE * 0.5 + 0.25
    vertices = np.concatenate([inside, inside, SQUARE, SQUARE, SQUARE + 2.0, SQUARE * 0.1, SQUARE])
    colours = [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 1, 1], [0.5, 0.5, 0.5], [0, 0, 0]]
    opacities = [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.001]
    # Two are hidden by the third, one is clear, one outside, one like the ground, one too faint.
    artwork = drawn({"vertices": vertices, "colour": colours, "opacity": opacities}, count=7, background="#808080")
    kept = [element for element in read(artwork.svg(prune=True))[1] if element.tag.endswith("polygon")]
    assert [element.get("fill") for element in kept] == ["#ff0000"]
    text, notes = artwork.drawing(prune=True)
    assert notes[0] == "6 of 7 marks seen by nobody"
    assert abs(resvg(text, 480) - resvg(artwork.svg(), 480)).max() <= 3 / 255  # it rounds, of seven layers each


@pytest.mark.parametrize("opacity", [0.02, 1.0])
def test_what_is_left_out_together_changes_no_pixel_by_more_than_half_a_level(opacity: float) -> None:
    rng = np.random.default_rng(3)
    count, grey = 300, rng.uniform(0.3, 0.7, (300, 1)).repeat(3, axis=1)
    options = {"count": count, "background": "#808080"}
    vertices = rng.uniform(0.1, 0.9, (count, 1, 2)) + rng.normal(size=(count, 3, 2)) * 0.1
    values = {"vertices": vertices, "colour": grey, "opacity": np.full(count, opacity)}
    artwork = drawn(values, **options)
    _, ground, pieces = pieces_of(artwork, (450, 600))
    kept = [id(piece) for piece in pruning.visible(ground, pieces)]
    marks = np.array([id(piece) in kept for piece in pieces])
    assert 20 < sum(marks) < 280
    part = artwork.renderer
    fewer = drawn({**values, "opacity": values["opacity"] * marks}, **options)
    genomes = [torch.from_numpy(one.genome)[None] for one in (artwork, fewer)]
    with torch.no_grad():
        before, after = (part.render(genome, (450, 600)) for genome in genomes)
    assert 1e-4 < float((after - before).abs().max()) <= 0.501 / 255


OPAQUE = {"palette": ("#d5342b", "#1f4e9e", "#f3b71b"), "min_opacity": 1.0, "background": "#ffffff"}


@pytest.mark.parametrize("prune", [False, True])
@pytest.mark.parametrize("renderer", ["shapes", "triangles", "strokes"])
def test_layers_by_colour_are_the_same_picture(renderer: str, prune: bool) -> None:
    artwork = drawn(renderer=renderer, count=40, seed=2, **OPAQUE)
    text, notes = artwork.drawing(layers="own", prune=prune)
    root, elements = read(text)
    groups = [element for element in root if element.get(f"{INKSCAPE}groupmode") == "layer"]
    labels = [(group.get(f"{INKSCAPE}label") or "").split() for group in groups]
    assert [int(number) for number, _ in labels] == [*range(1, len(groups) + 1)]
    assert {colour for _, colour in labels} == set(OPAQUE["palette"])
    assert notes[-1 - prune].startswith(f"{len(groups)} layers of 3 colours")
    assert len(groups) < 30
    for group, (_, colour) in zip(groups, labels, strict=True):
        for child in group:
            paints = {name: child.get(name, group.get(name)) for name in ("fill", "stroke")}
            assert {paint for paint in paints.values() if paint not in (None, "none")} == {colour}
    assert len(elements) <= 41
    assert psnr(resvg(text, 480), resvg(artwork.svg(), 480)) > 55
    assert open_artwork(artwork.save("layered.svg", layers="own", prune=prune)).digest == artwork.digest


def test_many_colours_become_as_few_as_are_asked_for() -> None:
    rng = np.random.default_rng(0)
    colours = rng.normal(size=(90, 3)) * 0.02 + np.array([[0.9, 0.2, 0.1], [0.1, 0.3, 0.8], [0.9, 0.8, 0.2]]).repeat(30, axis=0)
    artwork = drawn({"colour": colours}, renderer="circles", count=90, max_size=0.05, background="none")
    with pytest.raises(CreativityError, match="90 colours; say how many"):
        artwork.svg(layers="own")
    for asked in (3, "3", "#e03010,#2050d0,#e0d030"):
        groups = [element for element in read(artwork.svg(layers=asked))[0] if element.get(f"{INKSCAPE}groupmode")]
        assert len({group.get("fill") for group in groups}) == 3
        assert sum(len(group) for group in groups) == 90
        assert psnr(resvg(artwork.svg(layers=asked), 240), resvg(artwork.svg(), 240)) > 25


def test_marks_of_one_paint_that_do_not_touch_are_one_path() -> None:
    places = np.stack(np.meshgrid(np.linspace(0.1, 0.9, 6), np.linspace(0.1, 0.9, 6)), axis=-1).reshape(36, 1, 2)
    values = {"vertices": places + (SQUARE - 0.5) * 0.1, "colour": np.tile([[1, 0, 0], [0, 0, 1]], (18, 1)), "opacity": np.full(36, 0.5)}
    artwork = drawn(values, count=36, background="none")
    elements = read(artwork.svg(prune=True))[1]
    assert [(element.get("fill"), element.get("fill-opacity")) for element in elements] == [("#ff0000", "0.5"), ("#0000ff", "0.5")]
    np.testing.assert_array_equal(resvg(artwork.svg(prune=True), 480), resvg(artwork.svg(), 480))


# A pen ----------------------------------------------------------------------------------------------------------------


def lines(seed: int = 0, **options: Any) -> Artwork:
    return drawn(renderer="strokes", seed=seed, **{"count": 60, "line_width": 0.01, "min_opacity": 1.0, "background": "#f4efe3", **options})


def test_a_plotter_gets_lines_alone_and_the_same_picture() -> None:
    artwork = lines(palette=("#000000",))
    text, notes = artwork.drawing("210mm", plotter=True)
    root, elements = read(text)
    assert (root.get("width"), root.get("height")) == ("210mm", "157.5mm")
    assert {element.tag.rpartition("}")[2] for element in elements} == {"path"}
    (group,) = [element for element in root if element.get(f"{INKSCAPE}groupmode")]
    assert (group.get("fill"), group.get("stroke")) == ("none", "#000000")
    assert all(set(element.attrib) == {"d"} for element in elements)
    picture = resvg(text, 480)
    paper = np.array([0xF4, 0xEF, 0xE3]) / 255
    assert psnr(picture[..., :3] * picture[..., 3:] + paper * (1 - picture[..., 3:]), resvg(artwork.svg("210mm"), 480)[..., :3]) > 45
    _, plain = read(artwork.svg("210mm"))
    before = [strip(element) for element in plain[1:]]
    after = [strip(element) for element in elements]
    assert pen.travel(*pen.ends(after)) < 0.5 * pen.travel(*pen.ends(before))
    assert sum(map(pen.length, before)) == pytest.approx(_along(artwork), rel=0.01)
    assert "mm in the order of painting" in notes[-1]


def strip(element: Element) -> Element:
    return Element(element.tag.rpartition("}")[2], {"fill": "none", **element.attrib})


def _along(artwork: Artwork) -> float:
    """How long all lines are, by de Casteljau's construction, in the units of a drawing of 210 mm."""
    points = artwork.renderer.spec.decode(torch.from_numpy(artwork.genome)[None])["points"][0].numpy() * (2480, 1860)
    t = np.linspace(0, 1, 200)[:, None, None, None]
    while points.shape[-2] > 1:
        points = points[..., :-1, :] + t * np.diff(points, axis=-2)
    return float(np.hypot(*np.diff(points[..., 0, :], axis=0).reshape(-1, 2).T).sum())


@pytest.mark.parametrize("seed", range(4))
def test_the_way_of_a_pen_is_nearly_the_shortest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    starts, finishes = rng.random((2, 6, 2))
    shortest = min(
        pen.travel(np.where(flips, finishes[order], starts[order]), np.where(flips, starts[order], finishes[order]))
        for order in map(list, itertools.permutations(range(6)))
        for flips in (np.array(bits)[:, None] for bits in itertools.product([False, True], repeat=6))
    )
    found = pen.order(starts, finishes)
    order, flips = [k for k, _ in found], np.array([[turned] for _, turned in found])
    assert sorted(order) == [*range(6)]
    way = pen.travel(np.where(flips, finishes[order], starts[order]), np.where(flips, starts[order], finishes[order]))
    assert shortest <= way <= 1.25 * shortest


def test_each_pen_has_its_layer_the_lightest_first() -> None:
    artwork = lines(palette=("#101010", "#f0c040", "#c03030"))
    groups = [element for element in read(artwork.svg(plotter=True))[0] if element.get(f"{INKSCAPE}groupmode")]
    assert [group.get("stroke") for group in groups] == ["#f0c040", "#c03030", "#101010"]


def test_areas_are_drawn_along_their_edge() -> None:
    artwork = drawn(renderer="shapes", count=30, palette=("#000000",), min_opacity=1.0)
    text, _ = artwork.drawing(plotter=True)
    root, elements = read(text)
    assert len(elements) == 30
    assert next(element for element in root if element.get(f"{INKSCAPE}groupmode")).get("fill") in ("none", None)
    picture = resvg(text, 480)[..., 3]
    assert 0.01 < picture.mean() < 0.3


# Drawing itself -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plotter", [False, True])
def test_a_drawing_that_draws_itself_is_the_finished_one_to_others(plotter: bool) -> None:
    artwork = lines(palette=("#000000",))
    text = artwork.svg(plotter=plotter, animate=5.0)
    root, elements = read(text)
    np.testing.assert_array_equal(resvg(text, 240), resvg(artwork.svg(plotter=plotter), 240))
    style = next(element for element in root.iter() if element.tag.endswith("}style")).text or ""
    assert "prefers-reduced-motion: no-preference" in style
    times = [dict(part.split(":") for part in element.get("style", "").split(";")) for element in elements[not plotter :]]
    delays, lasts = ([float(time[f"animation-{name}"][:-1]) for time in times] for name in ("delay", "duration"))
    np.testing.assert_allclose(np.cumsum(lasts)[:-1], delays[1:], atol=0.05)
    assert delays[0] == 0
    assert delays[-1] + lasts[-1] == pytest.approx(5.0, abs=0.02)
    assert all(element.get("pathLength") == "1" for element in elements[not plotter :])


# The command line -----------------------------------------------------------------------------------------------------


def test_export_says_what_it_did_and_the_recipe_stays(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"renderer.line_width": 0.01, "renderer.min_opacity": 1.0, "renderer.background": "#ffffff"}
    artwork = tiny(picture, renderer="strokes", palette="#000000", options=options).run().run()
    artwork.save("a.svg")
    assert main(["export", "a.svg", "-o", "plot.svg", "--size", "90mm", "--plotter", "--animate", "3"]) == 0
    assert "plot.svg: 1 layer of 1 colour; the pen draws" in capsys.readouterr().err
    assert open_artwork("plot.svg").digest == artwork.digest
    assert main(["redo", "plot.svg", "-o", "again.svg", "--quiet"]) == 0
    assert Path("again.svg").read_text() == Path("a.svg").read_text()
    assert main(["export", "a.svg", "-o", "b.svg", "--prune", "--layers", "own"]) == 0
    assert "elements" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-o", "a.png", "--plotter"], "plotter is for drawings; save as .svg"),
        (["-o", "b.svg", "--animate", "0"], "more than 0"),
        (["-o", "b.svg", "--layers", "bauhuas"], "did you mean 'bauhaus'"),
        (["-o", "b.svg", "--layers", "none"], "no colours are given"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_words(words: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    drawn(count=5).save("a.svg")
    assert main(["export", "a.svg", *words]) == 2
    assert reason in capsys.readouterr().err
    assert not Path("b.svg").exists()


def test_pictures_are_no_drawings() -> None:
    with pytest.raises(CreativityError, match="prune is for drawings"):
        drawn(count=5).encode(".png", prune=True)
