from __future__ import annotations

from dataclasses import dataclass

import pytest

from creativity.errors import CreativityError
from creativity.options import build, option, plain


@dataclass(frozen=True)
class Thing:
    count: int = option(3, "how many", low=1, high=10)
    width: float | None = option(None, "how wide", above=0.0)
    looks: str = option("plain", "which look", choices=("plain", "bold"))
    dashed: bool = False
    names: tuple[str, ...] = ()


def test_text_and_data_become_typed_options() -> None:
    typed = build(Thing, {"count": 4, "width": 0.5, "dashed": True, "names": ["a", "b"]}, "thing")
    text = build(Thing, {"count": "4", "width": "0.5", "dashed": "yes", "names": "a, b"}, "thing")
    assert typed == text == Thing(4, 0.5, "plain", True, ("a", "b"))
    assert build(Thing, plain(typed), "thing") == typed


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"cuont": 1}, "did you mean 'count'"),
        ({"count": 0}, "from 1 to 10, not 0"),
        ({"count": 11}, "from 1 to 10"),
        ({"count": 2.5}, "a whole number"),
        ({"count": True}, "a whole number"),
        ({"count": float("inf")}, "a whole number"),
        ({"width": "nan"}, "finite"),
        ({"width": 0}, "above 0"),
        ({"looks": "blod"}, "did you mean 'bold'"),
        ({"dashed": "perhaps"}, "true or false"),
        ({"names": 3}, "a list"),
        ({"names": [3]}, "text"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(values: dict[str, object], words: str) -> None:
    with pytest.raises(CreativityError, match="^thing") as caught:
        build(Thing, values, "thing")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
