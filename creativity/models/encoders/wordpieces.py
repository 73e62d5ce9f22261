"""Text -> word pieces: lower case without accents, split at spaces and signs, then the longest pieces that the vocabulary has.

The scheme of BERT's uncased WordPiece (Wu et al., 2016, arXiv:1609.08144), over a vocabulary of our own choice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

PADDING, UNKNOWN = 0, 1
SPECIAL = ("[PAD]", "[UNK]")
LONGEST_WORD = 40  # a word of more letters is unknown, as in BERT: what is longer is not a word


def words(text: str) -> list[str]:
    """Lower-case words and signs of a text, accents removed: ``"A café!"`` -> ``["a", "cafe", "!"]``."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    return re.findall(r"[^\W_]+|[^\w\s]|_", plain)


class WordPieces:
    """Turns texts into rows of piece numbers.

    ``pieces``: the vocabulary without the two special ones; a piece that goes on a word begins with ``##``.
    """

    def __init__(self, pieces: Iterable[str]):
        self.pieces = (*SPECIAL, *pieces)
        self.numbers = {piece: number for number, piece in enumerate(self.pieces)}

    def __len__(self) -> int:
        return len(self.pieces)

    def split(self, word: str) -> list[int]:
        """Numbers of the pieces of one lower-case word; ``[UNKNOWN]`` where the vocabulary cannot spell it."""
        if len(word) > LONGEST_WORD:
            return [UNKNOWN]
        found, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                number = self.numbers.get(("##" if start else "") + word[start:end])
                if number is not None:
                    break
            else:
                return [UNKNOWN]
            found.append(number)
            start = end
        return found

    def encode(self, texts: Sequence[str], limit: int) -> Tensor:
        """Piece numbers (T, L), L the longest text of these but at most ``limit`` (what is beyond is cut), padded with ``PADDING``."""
        rows = [[piece for word in words(text) for piece in self.split(word)][:limit] or [UNKNOWN] for text in texts]
        out = torch.full((len(rows), max(map(len, rows), default=1)), PADDING)
        for row, numbers in zip(out, rows, strict=True):
            row[: len(numbers)] = torch.tensor(numbers)
        return out
