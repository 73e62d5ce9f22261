"""Several encoders as one. What fools one of them seldom fools another that was built or taught otherwise."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from creativity.models.encoders.base import Encoder

COLOURS = {
    "red": (0.85, 0.1, 0.1),
    "green": (0.1, 0.6, 0.2),
    "blue": (0.1, 0.25, 0.8),
    "yellow": (0.95, 0.85, 0.1),
    "black": (0.0, 0.0, 0.0),
}
SHAPES = ("circle", "square", "triangle", "ring", "stripe")


class Ensemble(Encoder):
    """Its cosine is, but for a factor that is the same for all, the mean of the members' standardised cosines.

    Cosines of one encoder lie between .1 and .4 and those of another between -.1 and .1, so that a plain mean would listen to
    one of them alone. Each member's cosine c is therefore standardised, z = (c - mean) / deviation, by its cosines between the
    pictures and the captions of a small bank that is drawn here. The mean of z is an inner product too: each member's vector
    gets one number more, the root of \\|mean\\| (with the sign on the text's side), is divided by the root of the deviation, and
    all are put end to end. All pictures' and texts' vectors come to the same length, which is divided out.
    """

    def __init__(self, members: Sequence[Encoder]):
        self.members = tuple(members)
        self.name = "+".join(member.name for member in members)
        self.digest = hashlib.sha256(" ".join(member.digest for member in members).encode()).hexdigest()
        self.input_size = max(member.input_size for member in members)
        self.dim = sum(member.dim + 1 for member in members)
        self.device, self.dtype = members[0].device, members[0].dtype
        pictures, captions = bank()
        self._deviations: list[float] = []
        self._more: list[tuple[float, float]] = []
        for member in members:
            with torch.no_grad():
                cosines = member.images(pictures) @ member.texts(captions).T
            root = abs(mean := float(cosines.mean())) ** 0.5
            self._deviations.append(max(float(cosines.std()), 1e-6))
            self._more.append((root, math.copysign(root, -mean)))
        square = sum((1 + root * root) / deviation for (root, _), deviation in zip(self._more, self._deviations, strict=True))
        self._length = math.sqrt(square)
        # A logit is the mean of z times what a deviation is worth to the members, on average.
        worth = sum(member.logit_scale * deviation for member, deviation in zip(members, self._deviations, strict=True)) / len(members)
        self.logit_scale = worth * square / len(members)

    def images(self, images: Tensor) -> Tensor:
        """Unit vectors (B, E); each member resamples the pictures themselves (see `Encoder.images`)."""
        return self._images(images)

    def unknown(self, text: str) -> list[str] | None:
        """The words that no member knows; None where one of them cannot tell."""
        found: list[str] | None = None
        for member in self.members:
            words = member.unknown(text)
            if words is None:
                return None
            found = words if found is None else [word for word in found if word in words]
        return found

    def _images(self, images: Tensor) -> Tensor:
        return self._join([member.images(images) for member in self.members], [more for more, _ in self._more])

    def _texts(self, texts: Sequence[str]) -> Tensor:
        return self._join([member.texts(texts) for member in self.members], [more for _, more in self._more])

    def _join(self, vectors: list[Tensor], more: list[float]) -> Tensor:
        parts: list[Tensor] = []
        for vector, number, deviation in zip(vectors, more, self._deviations, strict=True):
            here = vector.to(self.device, self.dtype) / deviation**0.5
            parts += [here, here.new_full((len(here), 1), number / deviation**0.5)]
        return torch.cat(parts, 1) / self._length


@lru_cache(maxsize=1)
def bank(side: int = 64) -> tuple[Tensor, tuple[str, ...]]:
    """Pictures (25, 3, side, side) and their captions: five shapes in five colours, each on a ground of the next colour."""
    across = (torch.arange(side) + 0.5) / side * 2 - 1
    x, y = across[None, :], across[:, None]
    radius = (x * x + y * y).sqrt()
    distances = {  # from the edge, in half sides; negative inside
        "circle": radius - 0.6,
        "square": torch.maximum(x.abs(), y.abs()) - 0.55,
        "triangle": torch.maximum(0.866 * x.abs() - 0.5 * y, y) - 0.35,
        "ring": (radius - 0.5).abs() - 0.15,
        "stripe": y.abs().expand(side, side) - 0.2,
    }
    names = list(COLOURS)
    pictures, captions = [], []
    for shape in SHAPES:
        covered = (0.5 - distances[shape] * side / 2).clamp(0, 1)
        for number, name in enumerate(names):
            ground = names[(number + 1) % len(names)]
            ink, paper = (torch.tensor(COLOURS[which])[:, None, None] for which in (name, ground))
            pictures.append(covered * ink + (1 - covered) * paper)
            captions.append(f"a {name} {shape} on a {ground} background")
    return torch.stack(pictures), tuple(captions)
