"""Generators: taught from a folder, kept in a file, searched by their latents, and brought along by a plug-in."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import creativity
from creativity import cli, registry, teaching
from creativity.errors import CreativityError
from creativity.models.generators import coordinates
from creativity.models.generators.coordinates import Coordinates, Learned, Shape, packed
from creativity.models.generators.lessons import Lesson
from creativity.renderers.latent import Latent, LatentOptions
from creativity.streams import Streams

PAGE = Path(__file__).parents[1] / "docs" / "networks.md"
TINY = {"latents": 5, "width": 8, "layers": 2, "hidden": 12, "side": 32, "batch": 6}


@pytest.fixture
def discs(tmp_path: Path) -> Path:
    """Twelve pictures: a disc of some colour somewhere on black, and two files that are none."""
    folder = tmp_path / "discs"
    (folder / "more").mkdir(parents=True)
    rows, columns = np.mgrid[0:32, 0:40]
    random = np.random.default_rng(3)
    for number in range(12):
        picture = np.zeros((32, 40, 3), np.uint8)
        y, x = random.uniform(10, 22), random.uniform(14, 26)
        picture[(rows - y) ** 2 + (columns - x) ** 2 < 60] = random.integers(80, 256, 3)
        Image.fromarray(picture).save(folder / ("more" if number % 2 else "") / f"{number}.png")
    (folder / "notes.txt").write_text("no picture")
    (folder / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


@pytest.fixture
def forgotten() -> Iterator[Callable[[], None]]:
    before = dict(registry.generators._loaded)
    yield lambda: None
    registry.generators._loaded.clear()
    registry.generators._loaded.update(before)


def a_file(folder: Path, **shape: Any) -> Path:
    torch.manual_seed(5)
    form = Shape(**{"latents": 6, "width": 12, "layers": 3, "hidden": 16, **shape})
    (path := folder / "some.safetensors").write_bytes(packed(Coordinates(form), {}))
    return path


def test_the_kernels_draw_what_the_network_says_at_any_size(tmp_path: Path) -> None:
    learned = Learned(path := a_file(tmp_path), "some")
    renderer = Latent(LatentOptions(model=str(path)))
    genomes = renderer.init(3, Streams(1)("init"))
    assert genomes.shape == (3, 6)
    for size in ((20, 33), (64, 40)):
        torch.testing.assert_close(renderer.render(genomes, size), learned.pictures(genomes, size), atol=2e-4, rtol=0)
    large = renderer.render(genomes, (128, 128))
    small = renderer.render(genomes, (32, 32))
    assert (torch.nn.functional.avg_pool2d(large, 4) - small).abs().mean() < 0.02
    assert torch.equal(renderer.render(genomes[1:2], (20, 33))[0], renderer.render(genomes, (20, 33))[1])


def test_bands_are_the_picture_and_a_walk_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = Latent(LatentOptions(model=str(a_file(tmp_path))))
    genomes = renderer.init(1, Streams(1)("init"))
    whole = renderer.render(genomes, (50, 30))
    monkeypatch.setattr("creativity.renderers.latent.BAND", 200)
    bands = [*renderer.bands(genomes, (50, 30))]
    assert len(bands) > 5
    assert torch.equal(torch.cat(bands, 2), whole)
    assert torch.equal(renderer.render(genomes, (50, 30), phase=1.0), whole)
    quarter = renderer.render(genomes, (50, 30), phase=0.25)
    assert (quarter - whole).abs().max() > 0.01


def test_gradients_of_latents_are_those_of_finite_differences(tmp_path: Path) -> None:
    renderer = Latent(LatentOptions(model=str(a_file(tmp_path))))
    genome = renderer.init(1, Streams(2)("init")).requires_grad_()
    look = torch.randn(1, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    (slope,) = torch.autograd.grad((renderer.render(genome, (24, 24)) * look).sum(), genome)
    for k in range(3):
        step = torch.zeros_like(genome)
        step[0, k] = 1e-2
        with torch.no_grad():
            ahead, behind = (float((renderer.render(genome + sign * step, (24, 24)) * look).double().sum()) for sign in (1, -1))
        assert float(slope[0, k]) == pytest.approx((ahead - behind) / 2e-2, rel=0.03, abs=0.05)


@pytest.mark.parametrize("optimizer", ["adam", "pgpe"])
def test_the_embedded_generator_is_searched_by_gradients_and_by_evolution(optimizer: str, tmp_path: Path) -> None:
    renderer = Latent(LatentOptions())
    assert renderer.spec.size <= 512
    goal = renderer.render(renderer.init(1, Streams(8)("other")), (32, 32))[0]
    picture = (goal.permute(1, 2, 0) * 255).round().byte().numpy()
    how: dict[str, Any] = {"steps": 40, "target_size": 32, "size": 64, "seed": 1, "threads": 1, "optimizer": optimizer}
    how["options"] = {"optimizer.population": 32} if optimizer == "pgpe" else {}
    best: list[float] = []
    artwork = creativity.fit(picture, renderer="latent", progress=lambda event: best.append(event.best), **how)
    assert best[-1] < 0.8 * max(value for value in best if np.isfinite(value))
    assert creativity.open_artwork(artwork.save(tmp_path / "a.png")).to_json() == artwork.to_json()
    assert artwork.recipe.renderer.options["weights"] == renderer.decoder.digest


def test_a_search_begins_with_what_is_nearest_to_its_picture() -> None:
    renderer = Latent(LatentOptions())
    drawn = renderer.render(renderer.init(40, Streams(3)("init")), (32, 32))
    hint = torch.cat([drawn[7], torch.ones(1, 32, 32)])
    begun = renderer.render(renderer.init(4, Streams(4)("init"), hint), (32, 32))
    errors = (begun - drawn[7]).square().mean((1, 2, 3))
    assert errors[0] == errors.min()
    assert errors.mean() < 0.5 * (drawn - drawn[7]).square().mean((1, 2, 3)).mean()


def test_a_teaching_learns_and_goes_on_as_if_it_had_not_stopped(discs: Path) -> None:
    lesson = Lesson(**{**TINY, "steps": 100, "rate": 0.01, "adversarial": True})  # type: ignore[arg-type]
    whole = teaching.Course(discs, "whole", lesson, 1)
    assert whole.count == 12
    assert sorted(whole.others) == ["cut.png", "notes.txt"]
    figures: list[dict[str, float]] = []
    assert whole.run(lambda progress: figures.append(progress.figures | {"step": progress.step}))
    assert figures[-1]["mse"] < 0.8 * figures[0]["mse"]
    parts = teaching.Course(discs, "parts", lesson, 1)
    assert not parts.run(lambda progress: parts.stop() if progress.step == 60 else None)
    again = teaching.Course(discs, "parts", lesson)
    assert again.teaching.count == 60
    assert again.run()
    for name in (teaching.WEIGHTS, teaching.SHEET):
        assert Path("whole", name).read_bytes() == Path("parts", name).read_bytes()
    shown = np.asarray(Image.open("whole/samples.png").convert("RGB"))[128:256, 256:384]  # the third in the second row
    drawn = whole.teaching.samples(teaching.COLUMNS + 3, teaching.SIDE)[-1].permute(1, 2, 0).numpy()
    assert np.abs(shown / 255 - drawn).max() < 0.01
    with pytest.raises(CreativityError, match="begun with latents 5, not 6"):
        teaching.Course(discs, "parts", Lesson(**{**TINY, "latents": 6}))  # type: ignore[arg-type]
    (discs / "0.png").unlink()
    with pytest.raises(CreativityError, match="other pictures"):
        teaching.Course(discs, "parts", lesson)


def test_train_on_the_command_line_then_paint_with_it(discs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = [
        "train",
        "cppn",
        str(discs),
        "--side",
        "32",
        "--width",
        "8",
        "--layers",
        "2",
        "--latents",
        "4",
        "--seed",
        "2",
        "--threads",
        "1",
    ]
    assert cli.main([*words, "--steps", "8", "--run-dir", "course", "-o", "discs.safetensors", "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert said["done"]
    assert said["bytes"] == Path("discs.safetensors").stat().st_size < 200_000
    fit = ["fit", str(discs / "2.png"), "--renderer", "latent", "--set", "renderer.model=discs.safetensors", "--seed", "1", "--quiet"]
    assert cli.main([*fit, "--steps", "4", "--target-size", "16", "--size", "32", "-o", "a.png"]) == 0
    assert cli.main(["export", "a.png", "-o", "b.png"]) == 0
    Path("discs.safetensors").write_bytes(a_file(Path()).read_bytes())
    assert cli.main(["export", "a.png", "-o", "c.png"]) == 2
    assert "with other weights" in capfd.readouterr().err


def test_a_teaching_that_is_interrupted_goes_on(discs: Path) -> None:
    words = ["train", "cppn", str(discs), "--side", "32", "--seed", "2", "--threads", "1", "--steps", "100000", "--run-dir", "course"]
    with subprocess.Popen([sys.executable, "-m", "creativity", *words], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("step "):
                break
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(60) == 130
    assert "stopped at step" in said
    done = int(re.findall(r"stopped at step (\d+)", said)[0])
    again = teaching.Course(discs, "course", Lesson(side=32, steps=100_000))
    assert again.teaching.count == done
    assert again.teaching.seed == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "cppn", "nowhere"], "no folder 'nowhere'"),
        (["train", "cppn", "."], "a generator learns from two at least"),
        (["train", "gan", "."], "gan"),
        (["train", "cppn", ".", "--latents", "600"], "latents"),
        (["train", "cppn", ".", "-o", "x.pt"], ".safetensors"),
        (["train", "cppn", ".", "--seed", "-1"], "seed must be"),
    ],
)
def test_what_cannot_be_taught_is_one_line(words: list[str], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    line = capfd.readouterr().err.strip()
    assert said in line
    assert "\n" not in line


def test_a_file_that_is_no_generator_is_one_line(tmp_path: Path) -> None:
    from safetensors.torch import save

    wide = {"latents": 4000, "width": 12, "layers": 3, "hidden": 16}
    for name, content, said in (
        ("cut", a_file(tmp_path).read_bytes()[:500], "cut.safetensors"),
        ("other", save({"a": torch.zeros(2)}, {"kind": "x"}), "no generator"),
        ("lies", save({"a": torch.zeros(2)}, {coordinates.KIND: json.dumps({"latents": 4})}), "damaged"),
        ("wide", save({"a": torch.zeros(2)}, {coordinates.KIND: json.dumps(wide)}), "latents"),
    ):
        (path := tmp_path / f"{name}.safetensors").write_bytes(content)
        with pytest.raises(CreativityError, match=said):
            Latent(LatentOptions(model=str(path)))


def test_a_plugin_brings_its_own_generator(picture: Path, forgotten: Callable[[], None], capfd: pytest.CaptureFixture[str]) -> None:
    if not PAGE.exists():
        pytest.skip("not in a checkout")
    (code,) = (code for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S) if code.startswith("# rings.py"))
    assert code.count("\n") < 40
    Path("rings.py").write_text(code)
    words = ["fit", str(picture), "--plugin", "rings.py", "--renderer", "latent", "--set", "renderer.model=rings", "--seed", "1", "--quiet"]
    for optimizer in ("pgpe", "adam"):
        assert cli.main([*words, "--optimizer", optimizer, "--steps", "6", "--target-size", "16", "-o", f"{optimizer}.png"]) == 0
    many = code.replace("latents = 6", "latents = 600").replace('"rings"', '"many"')
    Path("many.py").write_text(many)
    words[3], words[7] = "many.py", "renderer.model=many"
    assert cli.main(words) == 2
    assert "1 to 512, not 600" in capfd.readouterr().err


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="what is told of memory is Linux's")
def test_4096_pixels_take_little_memory(tmp_path: Path) -> None:
    lines = f"""
import torch
from pathlib import Path
from creativity.renderers.latent import Latent, LatentOptions
from creativity.streams import Streams
torch.set_num_threads(1)
renderer = Latent(LatentOptions(model={str(a_file(tmp_path, width=8))!r}))
genomes = renderer.init(1, Streams(1)("init"))
sum(float(band.mean()) for band in renderer.bands(genomes, (4096, 4096)))
lines = Path("/proc/self/status").read_text().splitlines()
print(1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1]))
"""
    said = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True, timeout=120)
    assert int(said.stdout) < 1_000_000_000
