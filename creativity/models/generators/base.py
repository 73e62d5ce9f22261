"""What a generator is: latents (B, N) of a standard normal distribution -> pictures. docs/networks.md shows a whole one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from torch import Tensor

from creativity.errors import CreativityError
from creativity.options import NoOptions

MOST = 512
"""Latents of a compact generator: so many that evolution still finds its way among them."""


class Generator(ABC):
    """``latents``: how many numbers it makes a picture of, at most 512; drawn from a standard normal distribution they make good ones.

    ``digest`` says which weights it has, so that an artwork is not drawn again with others; ``differentiable`` whether gradients
    reach the latents. The same latents must give the same picture, alone and among others.
    """

    Options: ClassVar[type[Any]] = NoOptions
    latents: int
    digest: str = ""
    differentiable: bool = True

    def __init__(self, options: Any = None):
        self.options = options

    @abstractmethod
    def pictures(self, latents: Tensor, size: tuple[int, int]) -> Tensor:
        """Latents (B, N) -> pictures (B, 3, H, W) in [0, 1], of ``size``, or of its own size, from which they are scaled."""


def checked(generator: Generator, name: str) -> Generator:
    """The generator. Raises CreativityError where it does not say how many latents it takes, or takes too many."""
    count = getattr(generator, "latents", None)
    if not isinstance(count, int) or not 1 <= count <= MOST:
        raise CreativityError(f"the generator {name!r} must say how many latents it takes: 1 to {MOST}, not {count!r}")
    return generator
