"""What an encoder is: pictures and words -> unit vectors of one space, in which what belongs together is near."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from creativity.errors import CreativityError


class Encoder(ABC):
    """Frozen, so that only the pictures learn. A new one writes `_images` and `_texts`.

    The similarity of a picture and a text is the cosine of their vectors; times ``logit_scale`` it is a logit, as in CLIP
    (Radford et al., 2021, arXiv:2103.00020). Cosines of different encoders are not comparable.
    """

    name: str
    """What `open_encoder` opens it by."""
    digest: str
    """sha256 of its weights, in hexadecimal."""
    input_size: int
    """Pictures are looked at with this many pixels a side."""
    dim: int
    """E, the length of its vectors."""
    logit_scale: float
    """What its training multiplied cosines by."""
    threads: int | None = None
    """How many a search should lend it; None: all it has."""
    device: torch.device = torch.device("cpu")
    dtype: torch.dtype = torch.float32
    """Of the vectors, and of the pictures as they reach `_images`; what lies between may be less precise."""

    def images(self, images: Tensor) -> Tensor:
        """Unit vectors (B, E) of sRGB pictures (B, 3, H, W) in [0, 1], with gradients.

        Pictures of another size are resampled; one that is not square is squashed, so that nothing of it is lost.
        """
        if images.ndim != 4 or images.shape[1] != 3:
            raise CreativityError(f"an encoder wants pictures (B, 3, H, W), not {tuple(images.shape)}")
        return self._images(resize(images.to(self.device, self.dtype), self.input_size))

    def texts(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors (T, E) of texts, without gradients. Raises CreativityError for a text without a word."""
        if isinstance(texts, str):
            raise CreativityError(f"an encoder wants a list of texts; write [{texts!r}]")
        if empty := [text for text in texts if not any(map(str.isalnum, text))]:
            raise CreativityError(f"the text {empty[0]!r} has no word in it; say what the picture should show")
        with torch.no_grad():
            return self._texts(texts)

    def unknown(self, text: str) -> list[str] | None:
        """The words of a text that the encoder has never learnt, in their order; None where it cannot tell."""
        return None

    @cached_property
    def activations(self) -> tuple[int, int]:
        """Bytes that it holds of one more picture while a gradient is on its way back, and of that the largest layer."""
        one, two = self._kept(1), self._kept(2)
        more = [after - before for before, after in zip(one, two, strict=True)]
        return sum(more), max(more, default=0)

    def _kept(self, pictures: int) -> list[int]:
        """Bytes of each thing, weights included, that is kept for the gradient of some pictures."""
        kept: dict[int, int] = {}

        def note(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        seen = torch.full((pictures, 3, self.input_size, self.input_size), 0.5, requires_grad=True)
        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            vectors = self.images(seen)
        del vectors  # not before: what is freed may be another's address
        return list(kept.values())

    @abstractmethod
    def _images(self, images: Tensor) -> Tensor:
        """Unit vectors (B, E) of pictures (B, 3, S, S), S the ``input_size``."""

    @abstractmethod
    def _texts(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors (T, E)."""


def resize(images: Tensor, size: int) -> Tensor:
    """Pictures (..., H, W) -> (..., size, size), antialiased: two matrix products, so that a GPU repeats itself to the bit.

    Bicubic, as CLIP's own training. It may overshoot [0, 1] at hard edges by a little; clipping would cut gradients off.
    """
    height, width = images.shape[-2:]
    if width != size:
        images = images @ resampling(width, size, images.dtype, images.device).T
    if height != size:
        images = resampling(height, size, images.dtype, images.device) @ images
    return images


@lru_cache(maxsize=32)
def resampling(into: int, out: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Matrix (out, into) that resamples a line of pixels with Keys' cubic (a = -0.5), stretched where it shrinks."""
    centres = (torch.arange(out, dtype=torch.float64) + 0.5) * into / out
    x = (torch.arange(into, dtype=torch.float64) + 0.5 - centres[:, None]).abs() / max(into / out, 1.0)
    near, far = (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2
    weights = torch.where(x < 1, near, torch.where(x < 2, far, 0.0))
    return (weights / weights.sum(1, keepdim=True)).to(device, dtype)
