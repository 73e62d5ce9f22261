"""The embedded models as they ship: what their files hold, and that they know what they are said to know."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import resvg_py
import torch
from PIL import Image
from torch import Tensor

from creativity import cli
from creativity.models import weights
from creativity.models.acquaintance import acquaintance
from creativity.models.encoders import open_encoder
from creativity.models.priors import open_prior
from creativity.sheet import is_sheet
from creativity.streams import Streams


def test_the_files_are_small() -> None:
    assert sum(path.stat().st_size for path in weights.FOLDER.iterdir()) < 25e6


def test_the_encoder_tells_shapes_apart_that_others_drew() -> None:
    """Drawings of another program, which no training has seen."""
    captions, images = list(DRAWINGS), torch.stack([drawn(body) for body in DRAWINGS.values()])
    encoder = open_encoder("embedded")
    likeness = encoder.texts(captions) @ encoder.images(images).T
    right = torch.arange(len(captions))
    assert (likeness.argmax(1) == right).float().mean() >= 0.9
    assert (likeness.argmax(0) == right).float().mean() >= 0.9


@pytest.mark.parametrize(
    ("text", "first", "second", "axis"),
    [
        ("a red circle to the left of a blue square", 0, 2, 1),
        ("a blue star to the right of a red apple", 0, 2, 1),
        ("a red heart above a blue fish", 0, 2, 0),
    ],
)
def test_the_prior_puts_things_where_the_words_say(text: str, first: int, second: int, axis: int) -> None:
    for image in open_prior("embedded").pictures(text, 3, Streams(4)("prior")):
        assert centre(image, first)[axis] + 8 < centre(image, second)[axis]


DRAWINGS = {
    "a red circle": '<circle cx="50" cy="50" r="32" fill="#e02020"/>',
    "a blue square": '<rect x="22" y="22" width="56" height="56" fill="#2040e0"/>',
    "a green triangle": '<path d="M50 15 88 82 12 82z" fill="#20a030"/>',
    "a yellow star on a blue background": '<rect width="100" height="100" fill="#2040e0"/>'
    '<path d="M50 10 61 40 93 40 67 59 77 90 50 71 23 90 33 59 7 40 39 40z" fill="#ffd820"/>',
    "red and white stripes": "".join(f'<rect y="{y}" width="100" height="12" fill="#e02020"/>' for y in range(0, 100, 24)),
    "three orange circles": "".join(f'<circle cx="{x}" cy="50" r="13" fill="#ff8c10"/>' for x in (18, 50, 82)),
    "two orange circles": "".join(f'<circle cx="{x}" cy="50" r="16" fill="#ff8c10"/>' for x in (28, 72)),
    "a red circle to the left of a blue square": '<circle cx="26" cy="50" r="18" fill="#e02020"/>'
    '<rect x="58" y="34" width="32" height="32" fill="#2040e0"/>',
    "a red circle to the right of a blue square": '<circle cx="74" cy="50" r="18" fill="#e02020"/>'
    '<rect x="10" y="34" width="32" height="32" fill="#2040e0"/>',
    "a purple heart": '<path d="M50 84C5 52 14 18 34 18c10 0 16 10 16 14 0-4 6-14 16-14 20 0 29 34-16 66z" fill="#8030c0"/>',
}


def drawn(body: str) -> Tensor:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><rect width="100" height="100" fill="#fff"/>{body}</svg>'
    with Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=96, height=96)))) as picture:
        return torch.from_numpy(np.asarray(picture.convert("RGB")).copy()).permute(2, 0, 1) / 255


def test_a_prompt_is_imagined_in_another_way_by_another_seed() -> None:
    prior = open_prior("embedded")
    one, other = (prior.pictures("a cat on a hill at night", 2, Streams(seed)("prior")) for seed in (1, 2))
    assert torch.equal(one, prior.pictures("a cat on a hill at night", 2, Streams(1)("prior")))
    assert all((a - b).abs().mean() > 0.01 for a, b in ((one[0], one[1]), (one[0], other[0])))


def test_strange_words_are_named() -> None:
    encoder, prior = open_encoder("embedded"), open_prior("embedded")
    known, *rest = acquaintance("a red bird", encoder, prior)
    assert known.startswith("the embedded encoder, which learnt from drawings alone, knows 3 of the 3 words of 'a red bird'; ")
    assert not rest
    lines = acquaintance("a red qwyjibo", encoder, prior)
    assert "knows 2 of the 3 words" in lines[0]
    assert lines[1].startswith("'qwyjibo' is strange to it; the nearest word that it knows is ")
    assert lines[2] == "the embedded prior cannot draw: qwyjibo"


def test_try_shows_samples_and_ranks_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "s.png"
    assert cli.main(["models", "try", "a purple fox", "-o", str(sheet), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert is_sheet(Path(*said["files"]))
    assert len(said["likeness"]) == 12
    assert said["unknown"] == said["undrawn"] == []


@pytest.mark.parametrize(
    ("prompt", "said"), [("", "empty"), ("!?", "knows nothing"), ("qwyjibo", "knows nothing"), ("красная птица", "knows nothing")]
)
def test_prompts_that_say_nothing(prompt: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "try", prompt, "-o", str(tmp_path / "s.png")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "s.png").exists()


def centre(image: Tensor, channel: int) -> tuple[float, float]:
    """The middle of what is strongest in one channel."""
    others = image[[c for c in range(3) if c != channel]].amax(0)
    rows, columns = torch.nonzero(image[channel] - others > 0.25, as_tuple=True)
    return rows.float().mean().item(), columns.float().mean().item()
