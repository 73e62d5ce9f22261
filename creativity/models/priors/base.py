"""What a prior is: words -> pictures that a search can start from. They are never the result."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from creativity.streams import Stream


class Prior(Protocol):
    """An imagination. Its pictures start a search (the renderer's ``hint``) and may hold it; what is made of them is the renderer's."""

    name: str
    """As one asks for it."""
    digest: str
    """sha256 of its weights, for the recipe."""
    size: int
    """Side of its pictures, in pixels."""

    def pictures(self, text: str, n: int, stream: Stream) -> Tensor:
        """``n`` different pictures of a text, (n, 3, size, size) in [0, 1], sRGB. The same text and stream give the same ones.

        Picture k depends on (text, stream, k) and not on ``n``.

        Raises:
            CreativityError: the text is empty, or nothing in it can be drawn.
        """
        ...

    def unknown(self, text: str) -> list[str]:
        """The words of a text that it does not know, in their order. Empty where that cannot be told."""
        ...
