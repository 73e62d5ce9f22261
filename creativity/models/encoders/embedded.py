"""The encoder that ships in the package: small, trained in the open (training/README.md), always at hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from creativity.models import weights
from creativity.models.encoders.base import Encoder
from creativity.models.encoders.towers import SIZE, WIDTH, ImageTower, TextTower
from creativity.models.encoders.wordpieces import SPECIAL, WordPieces, words


class Embedded(Encoder):
    """Knows shapes, colours, counts, places and about a thousand everyday things, all as drawings; it has never seen a photograph."""

    name = "embedded"
    input_size = SIZE
    dim = WIDTH
    threads = 1  # so small that waking others costs more than they bring, and its results depend on none

    def __init__(self, path: Path | None = None, device: str = "cpu"):
        packed, notes, self.digest = weights.read(path or weights.FOLDER / "guide.safetensors", "the embedded encoder")
        pieces = bytes(packed.pop("pieces").numpy()).decode().split("\n")
        self.pieces = WordPieces(pieces)
        self.known = frozenset(bytes(packed.pop("words").numpy()).decode().split("\n"))
        self.logit_scale = float(json.loads(notes["scale"]))
        state = weights.unpack(packed)
        self.image, self.text = ImageTower(), TextTower(len(pieces) + len(SPECIAL))
        for tower, name in ((self.image, "image."), (self.text, "text.")):
            tower.load_state_dict({key.removeprefix(name): value for key, value in state.items() if key.startswith(name)})
            tower.eval().requires_grad_(False).to(device)
        self.device = torch.device(device)

    def _images(self, images: Tensor) -> Tensor:
        return F.normalize(self.image(images), dim=1)

    @torch.no_grad()
    def _texts(self, texts: Sequence[str]) -> Tensor:
        return F.normalize(self.text(self.pieces.encode(texts, TextTower.limit).to(self.device)), dim=1)

    def nearest(self, word: str) -> tuple[str, float]:
        """Of the words that training captions had, the one whose vector is nearest, and the cosine of the two."""
        names, vectors = self._vocabulary
        near = vectors @ self.texts([word])[0]
        best = int(near.argmax())
        return names[best], float(near[best])

    @cached_property
    def _vocabulary(self) -> tuple[list[str], Tensor]:
        names = sorted(filter(str.isalnum, self.known))
        return names, torch.cat([self.texts(names[start : start + 512]) for start in range(0, len(names), 512)])

    def unknown(self, text: str) -> list[str]:
        """The words of a text that no training caption had, nor without a plural's ending, in their order."""
        said = [word for word in dict.fromkeys(words(text)) if word.isalnum()]
        return [word for word in said if self.known.isdisjoint((word, word.removesuffix("s"), word.removesuffix("es")))]
