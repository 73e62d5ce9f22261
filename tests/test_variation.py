"""Siblings: like their parent and unlike each other, made again from its file, and honest about where they come from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import creativity
from creativity import cli, images, verbs
from creativity.artwork import Artwork, open_artwork
from creativity.errors import CreativityError
from tests.conftest import tiny


def fitted(picture: Any, seed: int = 1, **how: Any) -> Artwork:
    return tiny(picture, **{"count": 30, "steps": 400, "seed": seed, "target_size": 48, **how}).run().run()


def difference(a: Artwork, b: Artwork) -> float:
    return float(np.abs(a.rgba(64)[..., :3].astype(float) - b.rgba(64)[..., :3]).mean())


def parts(artwork: Artwork) -> dict[str, np.ndarray[Any, Any]]:
    spec = artwork.renderer.spec
    return {block.name: artwork.genome[spec.slices[block.name]].reshape(block.shape) for block in spec.blocks}


@pytest.mark.parametrize("renderer", ["triangles", "shapes", "ellipses"])
def test_siblings_are_like_their_parent_and_unlike_each_other(picture: Path, renderer: str) -> None:
    parent, stranger = fitted(picture, renderer=renderer), fitted(np.random.default_rng(0).integers(0, 255, (40, 48, 3), np.uint8))
    siblings = [creativity.vary(parent, seed) for seed in range(4)]
    far = difference(parent, stranger)
    for i, sibling in enumerate(siblings):
        assert 0.02 * far < difference(parent, sibling) < 0.5 * far
        assert creativity.vary(parent, i).to_json() == sibling.to_json()
        for other in siblings[:i]:
            assert difference(sibling, other) > 0.02 * far
    assert difference(creativity.vary(parent, 1, amount=0.02), parent) < difference(siblings[1], parent)


def test_the_noise_of_a_block_has_its_amount_and_others_have_none(picture: Path) -> None:
    parent = fitted(picture, count=400, steps=1)
    before, after = parts(parent), parts(creativity.vary(parent, 5, amount="0,vertices:0.2"))
    assert np.std(after["vertices"] - before["vertices"]) == pytest.approx(0.2 * 0.25, rel=0.05)
    for name in ("colour", "opacity", "background"):
        assert after[name].tobytes() == before[name].tobytes()
    kinds = fitted(picture, renderer="shapes", steps=1)
    assert parts(creativity.vary(kinds, 5, amount=1.0))["kind"].tobytes() == parts(kinds)["kind"].tobytes()  # a choice has no middle


def test_two_parents_give_each_mark_whole(picture: Path) -> None:
    mother, father = fitted(picture, 1, steps=40), fitted(picture, 2, steps=40)
    for share in (0.5, 0.2, 0.0, 1.0):
        child = parts(creativity.vary(mother, 3, other=father, share=share))
        sides = []
        for name in ("vertices", "colour", "opacity"):
            rows = [(child[name] == parts(parent)[name]).reshape(30, -1).all(axis=1) for parent in (mother, father)]
            assert (rows[0] | rows[1]).all()
            sides.append(rows[1] & ~rows[0])
        assert abs(sides[0].mean() - share) < 0.2
        ground = (1 - share) * parts(mother)["background"] + share * parts(father)["background"]
        assert np.allclose(child["background"], ground, atol=1e-6)
    few = fitted(picture, 2, count=10, steps=40)
    child = parts(creativity.vary(mother, 3, other=few, share=1.0))
    assert child["vertices"][:10].tobytes() == parts(few)["vertices"].tobytes()
    assert child["vertices"][10:].tobytes() == parts(mother)["vertices"][10:].tobytes()


def test_a_sibling_says_where_it_comes_from_and_is_made_again(picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fitted(picture).save("a.svg")
    fitted(picture, 2).save("b.png")
    assert cli.main(["vary", "a.svg", "--seeds", "0..2", "--quiet"]) == 0
    assert {f"a-vary-s{seed}.svg" for seed in range(3)} | {"a-vary.png"} <= set(os.listdir())
    words = ["vary", "a.svg", "--with", "b.png", "--amount", "0.05,colour:0.2", "--seeds", "4,7", "-o", "out/{name}-{seed}.png"]
    assert cli.main([*words, "--json", "--quiet"]) == 0
    assert json.loads(capfd.readouterr().out)["files"] == ["out/a-4.png", "out/a-7.png", "out/a-seeds.png"]
    recipe = open_artwork("out/a-7.png").recipe
    assert recipe.variation is not None
    assert [(parent.name, parent.sha256) for parent in recipe.variation.of] == [(n, open_artwork(n).digest) for n in ("a.svg", "b.png")]
    assert (recipe.seed, recipe.target, recipe.variation.blocks) == (7, None, ("colour:0.2",))
    assert cli.main(["redo", "out/a-7.png"]) == 0
    assert "bit for bit" in capfd.readouterr().err
    assert Path("a-7-redo.png").read_bytes() == Path("out/a-7.png").read_bytes()
    assert cli.main(["redo", "out/a-7.png", "--seed", "4", "-o", "c.png"]) == 0
    assert Path("c.png").read_bytes() == Path("out/a-4.png").read_bytes()
    os.rename("b.png", "elsewhere.png")
    capfd.readouterr()
    assert cli.main(["redo", "out/a-7.png"]) == 2
    assert "name it with --start FILE" in capfd.readouterr().err
    assert cli.main(["redo", "out/a-7.png", "--start", "elsewhere.png", "-o", "d.png"]) == 0
    assert Path("d.png").read_bytes() == Path("out/a-7.png").read_bytes()
    for what in (lambda: verbs.plan_redo("out/a-7.png"), lambda: creativity.film("out/a-7.png", of="search")):
        with pytest.raises(CreativityError, match="without a search"):
            what()
    assert cli.main(["fit", str(picture), "--start", "out/a-7.png", "--steps", "5", "-o", "e.svg", "--quiet"]) == 0
    assert images.open_picture("out/a-seeds.png").shape[1] > 800


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("a.svg --amount colur:1", "did you mean 'colour'"),
        ("a.svg --amount x", "0.1,colour:0.5"),
        ("a.svg --amount -1", "0.1,colour:0.5|amount"),
        ("a.svg --with clip.json", "triangles and es-clip"),
        ("a.svg --share 0.5", "--with FILE"),
        ("a.svg --with a.svg --share 2", "share must be from"),
        ("a.svg -o b.svg", "put {seed} into -o"),
        ("a.svg -o {seed}.gif", "no search to film"),
        ("a.svg -o {sed}.svg", "did you mean 'seed'"),
        ("a.svg -o out/{seed}.svg --size big", "'big' is not understood"),
        ("a.svg --seeds 3..1", "0..7"),
        ("disc.png", "carries no recipe"),
        ("", "FILE-OR-RUN is missing"),
    ],
)
def test_what_cannot_be_varied_is_refused_in_a_line(picture: Path, words: str, reason: str, capfd: pytest.CaptureFixture[str]) -> None:
    import re

    fitted(picture, steps=1).save("a.svg")
    tiny(picture, renderer="es-clip", optimizer="snes", steps=0).run().run().save("clip.json")
    before = sorted(os.listdir())
    assert cli.main(["vary", *words.split()]) == 2
    said = capfd.readouterr().err
    assert re.search(reason, said), said
    assert said.count("\n") == 1
    assert sorted(os.listdir()) == before
