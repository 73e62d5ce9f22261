"""Pictures from small networks: the kernels against torch in double precision, symmetries, tiles, walks, shaders."""

from __future__ import annotations

import math
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import creativity
from creativity import registry
from creativity.artwork import Artwork
from creativity.errors import CreativityError
from creativity.recipe import Recipe
from creativity.renderers.cppn import LOOKS, Cppn, CppnOptions
from creativity.renderers.networks import FUNCTIONS, Network, values
from creativity.streams import Streams
from tests.oracles import psnr

MIXED = Network(3, ((1, 2, 3, 4, 5, 6, 0, 1, 2), (7,) * 5, (2,) * 7, (4, 4, 4)))
"""All functions, layers of odd widths, and one with two outputs a unit."""


def exact(network: Network, features: torch.Tensor, weights: torch.Tensor, biases: torch.Tensor) -> torch.Tensor:
    """The same by torch's own functions, in double precision."""
    functions = [lambda x: x, torch.tanh, torch.sin, lambda x: torch.exp(-x * x), torch.sigmoid, torch.nn.functional.softplus, torch.relu]
    pictures = []
    for w, b in zip(weights.double(), biases.double(), strict=True):
        rows, weight, unit = features.double(), 0, 0
        for codes, (units, inputs) in zip(network.layers, network.shapes, strict=True):
            sums = w[weight : weight + units * inputs].reshape(units, inputs) @ rows + b[unit : unit + units, None]
            weight, unit = weight + units * inputs, unit + units
            if FUNCTIONS[codes[0]] == "atan":
                angles = sums.atan()
                rows = torch.cat([angles / 0.67, angles**2 / 0.6])
            else:
                rows = torch.stack([functions[code](line) for code, line in zip(codes, sums, strict=True)])
        pictures.append(rows)
    return torch.stack(pictures)


def picture(options: dict[str, Any], seed: int = 3, count: int = 1) -> tuple[Cppn, torch.Tensor]:
    renderer = Cppn(CppnOptions(**options))
    return renderer, renderer.init(count, Streams(seed)("init"))


def test_networks_and_their_gradients_are_those_of_torch() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(3, 1001, generator=generator)
    weights, biases = torch.randn(2, MIXED.weights, generator=generator), torch.randn(2, MIXED.units, generator=generator)
    upstream = torch.randn(2, 3, 1001, generator=generator)
    found, expected = [], []
    for work, kept in ((values, found), (exact, expected)):
        w, b = weights.clone().requires_grad_(), biases.clone().requires_grad_()
        out = work(MIXED, features, w, b)
        (out * upstream).sum().backward()
        kept += [out.detach(), w.grad, b.grad]
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours - theirs).abs().max() < 1e-5 * max(1.0, float(theirs.abs().max()))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_exact_far_beyond_what_networks_ask(name: str) -> None:
    network = Network(1, ((FUNCTIONS.index(name),),))
    places = torch.linspace(-60, 60, 40_001)[None]
    ours, theirs = (work(network, places, torch.ones(1, 1), torch.zeros(1, 1)) for work in (values, exact))
    assert (ours[:, :1] - theirs[:, :1]).abs().max() < 5e-6


def test_bits_do_not_depend_on_threads_or_company() -> None:
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(3, 5000, generator=generator)
    weights, biases = torch.randn(3, MIXED.weights, generator=generator), torch.randn(3, MIXED.units, generator=generator)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            w = weights.clone().requires_grad_()
            out = values(MIXED, features, w, biases)
            out.sin().sum().backward()
            found.append((out.detach(), w.grad))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
    assert torch.equal(values(MIXED, features, weights[1:2], biases[1:2])[0], found[0][0][1])


@pytest.mark.parametrize("net", LOOKS)
def test_new_pictures_are_neither_dull_nor_alike(net: str) -> None:
    renderer, genomes = picture({"net": net}, count=16)
    pictures = renderer.render(genomes, (48, 48))
    spread = pictures.flatten(2).std(2).amax(1)
    assert (spread > 0.1).all()
    assert torch.pdist(pictures.flatten(1)).min() > 5


@pytest.mark.parametrize(
    ("options", "turned"),
    [
        ({"symmetry": "mirror"}, lambda x: x.flip(3)),
        ({"symmetry": "both"}, lambda x: x.flip(2)),
        ({"symmetry": "kaleidoscope", "folds": 4}, lambda x: x.rot90(1, (2, 3))),
        ({"symmetry": "kaleidoscope", "folds": 4}, lambda x: x.flip(3)),
        ({"tile": True, "symmetry": "both"}, lambda x: x.flip(2)),
    ],
)
def test_symmetries(options: dict[str, Any], turned: Any) -> None:
    renderer, genomes = picture(options, count=2)
    pictures = renderer.render(genomes, (40, 40))
    assert (pictures - turned(pictures)).abs().max() < 2e-5
    plain, genomes = picture({}, count=2)
    pictures = plain.render(genomes, (40, 40))
    assert (pictures - turned(pictures)).abs().max() > 0.1


def test_a_tile_goes_on_at_the_other_side() -> None:
    renderer, genomes = picture({"tile": True})
    here = renderer.render(genomes, (24, 32))
    for away in ({"x": 2.0}, {"y": -2.0}):
        there = Cppn(CppnOptions(tile=True, **away)).render(genomes, (24, 32))
        assert (here - there).abs().max() < 1e-5
    half = Cppn(CppnOptions(tile=True, x=1.0)).render(genomes, (24, 32))
    assert (here.roll(16, 3) - half).abs().max() < 1e-5


@pytest.mark.parametrize("options", [{"loop": True}, {"latent": 5}, {"hyper": 6}])
def test_a_walk_closes_and_goes_somewhere(options: dict[str, Any]) -> None:
    renderer, genomes = picture(options)
    assert renderer.moves
    begin, middle, end = (renderer.render(genomes, (24, 24), phase=phase) for phase in (0.0, 0.5, 1.0))
    assert (begin - end).abs().max() < 1e-6
    assert (begin - middle).abs().max() > 0.02
    steps = [renderer.render(genomes, (24, 24), phase=k / 64) for k in range(65)]
    far = [float((b - a).abs().mean()) for a, b in pairwise(steps)]
    assert max(far) < 8 * (sum(far) / len(far))  # no jump, at the seam or elsewhere


def test_a_few_numbers_make_all_weights_and_gradients_reach_them() -> None:
    renderer, genomes = picture({"hyper": 7})
    assert genomes.shape == (1, 7)
    genome = genomes.requires_grad_()
    generator = torch.Generator().manual_seed(0)
    weights = torch.rand(3, 20, 20, generator=generator)
    (renderer.render(genome, (20, 20)) * weights).sum().backward()  # type: ignore[no-untyped-call]
    assert genome.grad is not None
    step = 1e-3 * torch.eye(7)
    value = (renderer.render(torch.cat([genomes.detach() + step, genomes.detach() - step]), (20, 20)).double() * weights).sum((1, 2, 3))
    torch.testing.assert_close(genome.grad[0].double(), (value[:7] - value[7:]) / 2e-3, rtol=0.02, atol=0.02)


def test_a_palette_is_all_that_is_mixed() -> None:
    renderer, genomes = picture({"palette": ("#000000", "#ff0000")}, count=4)
    pictures = renderer.render(genomes, (32, 32))
    assert not pictures[:, 1:].any()
    assert pictures[:, 0].min() < 0.2
    assert pictures[:, 0].max() > 0.8


def test_it_fits_a_photograph() -> None:
    target = Path(creativity.__file__).parent / "data" / "langlois_bridge.jpg"
    options = {"renderer.net": "siren", "renderer.width": 32, "optimizer.restarts": 1, "optimizer.coarse": 1.0}
    artwork = creativity.fit(target, renderer="cppn", optimizer="adam", steps=120, target_size=64, seed=1, threads=1, options=options)
    assert -10 * math.log10(artwork.results["loss"]) > 21.5


def made(options: dict[str, Any]) -> Artwork:
    _, genomes = picture(options)
    part = {"name": "cppn", **{name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}}
    recipe = {
        "renderer": part,
        "objective": {"name": "pixel"},
        "optimizer": {"name": "adam"},
        "seed": 1,
        "canvas": [96, 64],
        "size": "96x64",
    }
    return Artwork(genomes[0].numpy(), Recipe.from_dict({**recipe, "target_size": 64}), {})


SHADERS = [
    {},
    {"net": "lucid", "width": 6},
    {"net": "fourier", "width": 8},
    {"net": "siren", "width": 30, "loop": True},
    {"symmetry": "kaleidoscope", "folds": 5, "colour": "hsv"},
    {"tile": True, "symmetry": "mirror", "palette": ("#102030", "#ffcc00", "#ee1155", "#ffffff", "#00aa88")},
    {"latent": 4, "zoom": 2.0, "x": 0.3, "y": -0.2, "samples": 2, "colour": "mono", "net": "tanh"},
]


def test_bands_are_the_picture_and_what_is_saved() -> None:
    renderer, genomes = picture({"samples": 2})
    size = (150, 700)
    bands = list(renderer.bands(genomes, size))
    assert len(bands) > 3
    assert torch.equal(torch.cat(bands, 2), renderer.render(genomes, size))
    artwork = made({"samples": 2})
    seen = renderer.render(torch.from_numpy(artwork.genome)[None], (200, 300), alpha=True)[0].movedim(0, 2)
    assert np.array_equal(artwork.rgba("300x200"), (seen * 255).round().to(torch.uint8).numpy())


@pytest.mark.parametrize("options", SHADERS)
def test_a_browser_draws_the_same(options: dict[str, Any], tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here")
    artwork = made(options)
    page = artwork.save(tmp_path / "art.html").read_text()
    corner = "<style>body{display:block!important}canvas{position:absolute;left:0;top:0;max-width:none!important;max-height:none!important}"
    (tmp_path / "seen.html").write_text(page.replace("<canvas", f"{corner}</style><canvas"))
    flags = ["--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--force-prefers-reduced-motion"]
    flags += ["--hide-scrollbars", "--force-device-scale-factor=1", "--window-size=200,200", "--virtual-time-budget=2000"]
    flags += [f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={tmp_path / 'seen.png'}"]
    subprocess.run([browser, *flags, str(tmp_path / "seen.html")], capture_output=True, timeout=120, check=True)
    seen = np.asarray(Image.open(tmp_path / "seen.png").convert("RGB"))[:64, :96] / 255
    assert psnr(seen, artwork.rgba()[..., :3] / 255) > 45


def test_a_page_holds_its_artwork_and_a_film_of_a_walk_is_made(tmp_path: Path) -> None:
    artwork = made({"loop": True, "width": 8})
    assert "<script" not in artwork.save(tmp_path / "art.glsl").read_text()
    assert artwork.to_json() in artwork.save(tmp_path / "art.html").read_text()
    film = creativity.film(artwork, frames=6, size=32)
    assert len(film.frames) == 6
    assert film.save(tmp_path / "walk.gif").stat().st_size > 500
    still = made({"width": 8})
    with pytest.raises(CreativityError, match="does not move"):
        creativity.film(still, of="walk")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"net": "sirene"}, "siren"),
        ({"palette": ["#112233"]}, "two colours"),
        ({"hyper": 4, "latent": 4}, "leave latent at 0"),
        ({"tile": True, "symmetry": "kaleidoscope"}, "does not tile"),
    ],
)
def test_what_cannot_be_is_refused_in_words(options: dict[str, Any], words: str) -> None:
    with pytest.raises(CreativityError, match=words):
        registry.renderers.create("cppn", options)


def test_marks_are_not_asked_of_a_network() -> None:
    with pytest.raises(CreativityError, match="marks"):
        creativity.fit(np.zeros((8, 8, 3), np.uint8), renderer="cppn", objective="pixel:1,inside:1", steps=1)
    with pytest.raises(CreativityError, match=r"\.png"):
        made({"width": 4}).svg()
