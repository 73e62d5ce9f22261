"""Shares of colours and style, against plain sorting, and references that a recipe carries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import creativity
from creativity import images, palettes, registry, verbs
from creativity.errors import CreativityError
from creativity.objectives.base import Context, Objective
from creativity.objectives.colours import Colours
from creativity.objectives.difference import FLARE, oklab
from creativity.problem import Candidates
from tests.test_objectives import Shown, pictures


def score(objective: Objective, seen: torch.Tensor, *references: torch.Tensor) -> torch.Tensor:
    """Losses of premultiplied RGBA (B, 4, H, W), with references called a, b ..."""
    shape = (seen.shape[2], seen.shape[3])
    objective.prepare(Context(shape, references=dict(zip("abc", references, strict=False))))
    return objective(Candidates(Shown(shape), seen.flatten(1), shape))  # type: ignore[arg-type]


def flat(*colours: str, height: int = 16) -> torch.Tensor:
    """Rows of colours, one pixel row each in turn: premultiplied RGBA (1, 4, height, 16)."""
    rows = torch.tensor([[int(colours[y % len(colours)][i : i + 2], 16) / 255 for i in (1, 3, 5)] for y in range(height)])
    return torch.cat([rows.T[:, :, None].expand(3, height, 16), torch.ones(1, height, 16)])[None].contiguous()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    picture = (255 * pictures(1, 60, 90, seed=5)[0, :3].permute(1, 2, 0).numpy()).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def made(name: str, **options: Any) -> Objective:
    objective: Objective = registry.objectives.create(name, options)
    return objective


def test_colours_in_their_shares_cost_nothing_and_others_what_they_must_travel() -> None:
    red, blue = "#d5342b", "#1f4e9e"
    asked = made("colours", colours=[red, blue], shares=[3, 1])
    assert float(score(asked, flat(red, red, red, blue))) == pytest.approx(0, abs=1e-9)
    assert float(score(asked, flat(red, blue, red, red))) == pytest.approx(0, abs=1e-9)  # where they are says nothing
    # All red: a quarter must become blue, by the squared distance of the two.
    lab = palettes.oklab(np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in (red, blue)]))
    apart = float((((lab[0] - lab[1]) * [1, 2, 2]) ** 2).sum())
    assert float(score(asked, flat(red))) == pytest.approx(apart / 4, rel=0.1)  # with a little flare, over so many directions
    assert float(score(asked, flat(red, blue))) == pytest.approx(apart / 4, rel=0.1)


def test_colours_travel_as_plain_sorting_says() -> None:
    seen = pictures(3, 20, 24)
    asked = made("colours", colours=["bauhaus"])
    assert isinstance(asked, Colours)
    found = score(asked, seen)
    wanted = torch.from_numpy(
        np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in palettes.PALETTES["bauhaus"].colours])
    ).float()

    def points(picture: torch.Tensor) -> np.ndarray[Any, Any]:
        return (oklab(picture[None], FLARE)[0].flatten(1).T * torch.tensor([1.0, 2.0, 2.0])).double().numpy()

    for loss, picture in zip(found, seen, strict=True):
        a, b = points(picture[:3]), np.repeat(points(wanted.T[:, :, None]), 96, axis=0)  # 480 pixels, five colours
        directions = asked._directions.double().numpy()
        total = np.mean([((np.sort(a @ d) - np.sort(b @ d)) ** 2).mean() for d in directions])
        assert float(loss) == pytest.approx(3 * total, rel=1e-4)


def stripes(shift: int, lean: int) -> torch.Tensor:
    """Two colours in stripes 8 pixels apart, upright or leaning: premultiplied RGBA (1, 4, 64, 96)."""
    y, x = torch.meshgrid(torch.arange(64), torch.arange(96), indexing="ij")
    light = ((x + lean * y + shift) % 8 < 4).float()
    colours = torch.tensor([0.9, 0.7, 0.2])[:, None, None] * light + torch.tensor([0.1, 0.2, 0.4])[:, None, None] * (1 - light)
    return torch.cat([colours, torch.ones(1, 64, 96)])[None]


def test_style_is_where_it_will_and_knows_patterns_of_the_same_colours() -> None:
    seen = torch.cat([stripes(0, 1), stripes(3, 1), stripes(0, 0)])
    for name in ("style", "texture"):
        same, moved, upright = score(made(name, reference="a"), seen, stripes(0, 1)[0])
        assert same < moved < upright / 8
    assert score(made("colours", reference="a"), seen, stripes(0, 1)[0]).max() < 1e-3


@pytest.mark.parametrize("name", ["colours", "style", "texture"])
def test_a_picture_has_its_own_colours_and_style(name: str) -> None:
    own, other = pictures(2, 60, 90)
    assert float(score(made(name, reference="a"), own[None], own)) == pytest.approx(0, abs=1e-7)
    assert float(score(made(name, reference="a,b"), own[None], own, own)) == pytest.approx(0, abs=1e-4)
    alone = float(score(made(name, reference="a"), own[None], other))
    assert alone > 1e-3
    assert float(score(made(name, reference="a,b"), own[None], own, other)) < alone  # of two, half is its own
    seen = torch.cat([own[None], pictures(6, 60, 90, seed=4)]).requires_grad_()
    losses = score(made(name, reference="a"), seen, other)
    assert torch.equal(losses[3:4], score(made(name, reference="a"), seen[3:4], other))
    losses.sum().backward()  # type: ignore[no-untyped-call]
    direction = 1e-3 * torch.sign(seen.grad[:1])  # type: ignore[index]
    assert score(made(name, reference="a"), seen[:1].detach() - direction, other) < losses[0]


def test_texture_keeps_colours_out_of_it() -> None:
    own = pictures(1, 60, 90, seed=5)
    shifted = own + torch.tensor([0.1, 0.1, 0.1, 0.0])[:, None, None]
    assert float(score(made("texture", reference="a"), shifted, own[0])) == pytest.approx(0, abs=1e-7)
    assert float(score(made("style", reference="a"), shifted, own[0])) > 0.005


def test_a_reference_is_kept_with_the_run_and_found_again(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    reference = tmp_path / "other" / "swirl.png"
    Image.open(photo).transpose(Image.Transpose.ROTATE_180).save(reference)
    how: dict[str, Any] = {"count": 4, "steps": 6, "seed": 3, "target_size": 24, "optimizer": "adam", "renderer": "triangles"}
    objective = {"pixel": 1, "style": {"weight": 0.2, "reference": str(reference)}, "colours": {"reference": f"{reference},{photo}"}}
    artwork = creativity.fit(photo, objective=objective, run_dir=tmp_path / "run", progress=(), **how)
    assert [kept.name for kept in artwork.recipe.references] == ["swirl.png", "photo.png"]
    assert str(tmp_path) not in artwork.to_json()
    kept = images.open_picture(tmp_path / "run" / "reference-0.png")
    assert images.digest(kept) == artwork.recipe.references[0].sha256
    reference.unlink()
    assert creativity.resume(tmp_path / "run", progress=()).genome.tobytes() == artwork.genome.tobytes()
    again = verbs.plan_redo(tmp_path / "run").run().run()
    assert again.genome.tobytes() == artwork.genome.tobytes()
    artwork.save(photo.parent / "alone.png")
    (tmp_path / "run" / "reference-0.png").unlink()
    with pytest.raises(CreativityError, match="picture 'swirl.png' .* is not at hand; put it beside"):
        verbs.plan_redo(photo.parent / "alone.png")


def test_what_is_wrong_is_said_in_one_line(photo: Path) -> None:
    with pytest.raises(CreativityError, match="phot.png' does not exist; did you mean .*photo.png"):
        verbs.plan_fit(photo, objective="style", options={"objective.reference": str(photo.parent / "phot.png")})
    with pytest.raises(CreativityError, match="needs a picture to learn from"):
        made("style")
    with pytest.raises(CreativityError, match="either colours"):
        made("colours")
    with pytest.raises(CreativityError, match="2 colours need 2 shares"):
        made("colours", colours="#fff,#000", shares="1")
    with pytest.raises(CreativityError, match="no palette is called 'bauhuas'"):
        made("colours", colours="bauhuas")
