"""Named random streams from one seed.

Every consumer of randomness draws from a stream of its own (``init``, ``optimizer``, ``cutouts`` ...), and every
draw is addressed by a counter. So adding a consumer, a worker or a thread changes nothing for the others, and a
resumed run continues exactly: there is no generator state to save.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import numpy as np

MAX_SEED = 2**63 - 1


def draw_seed() -> int:
    """A fresh seed that a person can read out: at most nine digits."""
    return secrets.randbelow(10**9)


@dataclass(frozen=True)
class Stream:
    """One named stream. ``at(k)`` is a generator that depends on (seed, name, k) and on nothing else."""

    seed: int
    name: str

    def _key(self) -> bytes:
        return hashlib.sha256(f"creativity/{self.seed}/{self.name}".encode()).digest()

    def at(self, counter: int = 0) -> np.random.Generator:
        """The generator for draw ``counter`` (0, 1, 2 ...), a counter-based Philox keyed by the stream."""
        key = np.frombuffer(self._key()[:16], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, counter, 0]))

    def child(self, name: str) -> Stream:
        """A stream of its own below this one."""
        return Stream(self.seed, f"{self.name}/{name}")

    def integer(self, counter: int = 0) -> int:
        """A number in [0, 2**31) for libraries that want an integer seed of their own."""
        return int(self.at(counter).integers(2**31))


@dataclass(frozen=True)
class Streams:
    """The root seed of a run; ``streams("init")`` is the stream of that name."""

    seed: int

    def __call__(self, name: str) -> Stream:
        return Stream(self.seed, name)
