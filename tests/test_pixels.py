"""Pixels as genomes: what each kind makes of its numbers, at any size."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.fft import dctn

import creativity
from creativity import registry
from creativity.errors import CreativityError
from creativity.renderers.pixels import KINDS, Pixels, PixelsOptions
from creativity.streams import Streams

BRIDGE = Path(creativity.__file__).parent / "data" / "langlois_bridge.jpg"


def pixels(kind: str, rows: int = 12, columns: int = 16, **options: Any) -> Pixels:
    return Pixels(PixelsOptions(kind=kind, rows=rows, columns=columns, **options))


def test_raw_pixels_are_its_numbers() -> None:
    renderer = pixels("raw")
    genome = torch.rand(1, renderer.spec.size, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(renderer.render(genome, (12, 16)), genome.reshape(1, 3, 12, 16), atol=1e-6)


def test_tiles_stay_square_and_exact_at_any_size() -> None:
    renderer = pixels("mosaic", 3, 4)
    genome = torch.rand(1, renderer.spec.size, generator=torch.Generator().manual_seed(0))
    large = renderer.render(genome, (30, 40))
    assert torch.allclose(large, genome.reshape(1, 3, 3, 4).repeat_interleave(10, 2).repeat_interleave(10, 3), atol=1e-6)
    # Where the sizes do not divide, a pixel is the average of what it covers.
    odd = renderer.render(genome, (7, 11))
    exact = torch.nn.functional.interpolate(renderer.render(genome, (7 * 12, 11 * 12)), (7, 11), mode="area")
    assert torch.allclose(odd, exact, atol=1e-5)


def test_a_palette_is_kept_by_tiles_alone() -> None:
    renderer = pixels("mosaic", palette=("#000000", "#ff0000", "#ffffff"))
    genomes = renderer.init(2, Streams(1)("init")).requires_grad_()
    pictures = renderer.render(genomes, (12, 16))
    assert {tuple(colour) for colour in pictures.detach().movedim(1, 3).reshape(-1, 3).round().tolist()} <= {
        (0, 0, 0),
        (1, 0, 0),
        (1, 1, 1),
    }
    pictures.sum().backward()  # type: ignore[no-untyped-call]
    assert genomes.grad is not None
    assert (genomes.grad != 0).any()
    with pytest.raises(CreativityError, match="mosaic"):
        registry.renderers.create("pixels", {"kind": "raw", "palette": ["#000000"]})


@pytest.mark.parametrize("kind", ["fourier", "pyramid"])
def test_new_pictures_are_clouds_louder_the_larger(kind: str) -> None:
    """The power of a photograph falls with frequency; so does theirs."""
    renderer = pixels(kind, 64, 64)
    pictures = renderer.render(renderer.init(8, Streams(2)("init")), (64, 64)).double()
    power = np.mean([dctn(picture.numpy(), norm="ortho") ** 2 for picture in pictures.mean(1)], axis=0)
    frequency = np.hypot(*np.meshgrid(np.arange(64), np.arange(64), indexing="ij"))
    bands = [power[(frequency >= low) & (frequency < 2 * low)].mean() for low in (1, 4, 16)]
    assert bands[0] > 3 * bands[1] > 9 * bands[2]
    assert pictures.std() > 0.08


def test_colours_go_together() -> None:
    renderer = pixels("fourier", 32, 32)
    pictures = renderer.render(renderer.init(8, Streams(2)("init")), (32, 32))
    red, green, blue = (pictures[:, channel].flatten() for channel in range(3))
    related = torch.corrcoef(torch.stack([red, green, blue]))
    assert related[0, 1] > 0.6
    assert related[1, 2] > related[0, 2] > 0.2


@pytest.mark.parametrize(("kind", "least"), [("fourier", 24), ("pyramid", 28), ("raw", 35), ("mosaic", 35)])
def test_each_kind_fits_a_photograph(kind: str, least: float) -> None:
    assert kind in KINDS
    options = {"renderer.kind": kind, "renderer.rows": 48, "renderer.columns": 64, "optimizer.restarts": 1}
    artwork = creativity.fit(BRIDGE, renderer="pixels", optimizer="adam", steps=80, target_size=64, seed=1, threads=1, options=options)
    assert -10 * math.log10(artwork.results["loss"]) > least
