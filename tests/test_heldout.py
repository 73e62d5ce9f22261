"""What no training shows: the marked prompts, in any wording."""

from __future__ import annotations

import pytest

from training.heldout import PROMPTS, heldout


def test_every_marked_prompt_is_held_out_and_no_other() -> None:
    lines = [line for line in PROMPTS.read_text().splitlines() if line and not line.startswith("#")]
    marked = [line.removesuffix("*").strip() for line in lines if line.endswith("*")]
    assert len(marked) == 12
    assert all(heldout(line) for line in marked)
    assert [line for line in lines if not line.endswith("*") and heldout(line)] == []


@pytest.mark.parametrize(
    "caption",
    [
        "Two scarlet BIRDS",
        "a bird that is red",
        "toadstools, all of them azure",
        "purple foxes",
        "a lighthouse under the moon",
        "the night, a lighthouse",
        "penguins in pink",
        "a penguin to the left of a fox",
        "sunflowers among dunes",
        "a rainbow over a green cottage",
        "a tortoise and ducklings",
        "a pumpkin on violet",
        "teal elephants",
        "snowmen at dusk",
    ],
)
def test_other_wordings_are_held_out_too(caption: str) -> None:
    assert heldout(caption)


@pytest.mark.parametrize(
    "caption", ["a red fish", "a bird", "a blue fox", "a house under a rainbow", "an orange pumpkin", "a duck", "a green house", ""]
)
def test_parts_alone_are_not(caption: str) -> None:
    assert not heldout(caption)
