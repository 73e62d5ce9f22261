"""An artwork's files: what goes out comes back, at any size, and another program draws the same."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from creativity.artwork import Artwork, open_artwork
from creativity.errors import CreativityError
from tests.conftest import tiny
from tests.oracles import psnr, resvg


@pytest.fixture
def artwork(picture: Path) -> Artwork:
    return tiny(picture, steps=60, count=12).run().run()


@pytest.mark.parametrize("suffix", [".svg", ".png", ".json"])
def test_a_file_alone_gives_the_same_picture_again(artwork: Artwork, suffix: str) -> None:
    path = artwork.save(f"out{suffix}")
    again = open_artwork(path)
    assert again.genome.tobytes() == artwork.genome.tobytes()
    assert again.recipe == artwork.recipe
    assert again.results == artwork.results
    for kind in (".svg", ".png", ".json"):
        assert again.encode(kind, 80) == artwork.encode(kind, 80)


@pytest.mark.parametrize("background", ["free", "none", "#f5f0e6"])
@pytest.mark.parametrize("count", [1, 12, 50])
def test_svg_has_exactly_as_many_marks_as_asked_for(picture: Path, background: str, count: int) -> None:
    fitted = tiny(picture, count=count, options={"renderer.background": background}).run().run()
    root = ElementTree.fromstring(fitted.svg())
    tags = [element.tag.split("}")[1] for element in root.iter()]
    assert tags.count("polygon") == count
    assert tags.count("rect") == (background != "none")


def test_svg_drawn_by_resvg_is_the_preview(artwork: Artwork) -> None:
    drawn = resvg(artwork.svg(256), 256)
    ours = artwork.rgba(256) / 255.0
    assert drawn.shape == ours.shape
    assert psnr(drawn, ours) >= 45


def test_a_transparent_picture_stays_transparent(picture: Path) -> None:
    fitted = tiny(picture, optimizer="adam", steps=60, options={"renderer.background": "none"}).run().run()
    rgba = fitted.rgba(128)
    assert Image.open(BytesIO(fitted.png(128))).mode == "RGBA"
    drawn = resvg(fitted.svg(128), 128)
    visible = rgba[..., 3:] / 255.0
    assert psnr(drawn[..., :3] * drawn[..., 3:], rgba[..., :3] / 255.0 * visible) >= 40
    assert psnr(drawn[..., 3], visible[..., 0]) >= 40


def test_sizes_scale_the_same_picture(artwork: Artwork) -> None:
    small, large = artwork.rgba(64), artwork.rgba(256)
    assert small.shape == (53, 64, 4)
    assert large.shape == (213, 256, 4)
    reduced = np.asarray(Image.fromarray(large).resize((64, 53), Image.Resampling.BOX))
    assert psnr(reduced / 255.0, small / 255.0) > 35


def test_a_length_becomes_units_in_svg_and_dpi_in_png(artwork: Artwork) -> None:
    root = ElementTree.fromstring(artwork.svg("120mm"))
    assert (root.get("width"), root.get("height")) == ("120mm", "100mm")
    opened = Image.open(BytesIO(artwork.png("24mm")))
    assert opened.size == (283, 236)
    assert opened.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_files_carry_no_clock_host_or_path(picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(socket, "gethostname", lambda: "a-host-with-a-name")
    artwork = tiny(picture).run("run").run()
    for content in (artwork.svg(), artwork.png().decode("latin-1"), artwork.to_json()):
        assert str(tmp_path) not in content
        assert socket.gethostname() not in content
        assert not re.search(r"20\d\d-\d\d-\d\d", content)


def test_a_palette_is_kept_to(picture: Path) -> None:
    palette = {(0x11, 0x22, 0x33), (0xFF, 0xCC, 0x00), (0xEE, 0xEE, 0xEE)}
    text = ",".join("#{:02x}{:02x}{:02x}".format(*colour) for colour in palette)
    options = {"renderer.palette": text, "renderer.min_opacity": 0.99}
    fitted = tiny(picture, steps=60, options=options).run().run()
    used = set(re.findall(r'fill="(#\w+)"', fitted.svg()))
    assert used <= set(text.split(","))
    assert len(used) >= 2


def _edited(artwork: Artwork, **changes: Any) -> str:
    data = json.loads(artwork.to_json())
    for path, value in changes.items():
        *folders, last = path.split("__")
        table = data
        for folder in folders:
            table = table[folder]
        table[last] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other"}, "holds no artwork"),
        ({"schema": 99}, "schema 99"),
        ({"genome": 3}, "no genome"),
        ({"genome__float32": "!!"}, "damaged genome"),
        ({"genome__float32": "AAAA"}, "damaged genome"),
        ({"genome__sha256": "00"}, "digest does not match"),
        ({"recipe": []}, "must be a table"),
        ({"recipe__renderer": {"name": "os.system"}}, "no renderer is called"),
        ({"recipe__renderer": {"name": "triangles", "count": 13}}, "does not fit its recipe"),
        ({"recipe__renderer": {"name": "triangles", "count": 10**9}}, "from 1 to"),
        ({"recipe__renderer": {"name": "triangles", "__class__": "x"}}, "has no option"),
        ({"recipe__canvas": [10**9, 1]}, "canvas"),
        ({"recipe__size": "1e99"}, "size"),
    ],
)
def test_a_tampered_recipe_is_refused_in_words(artwork: Artwork, changes: dict[str, Any], words: str) -> None:
    Path("bad.json").write_text(_edited(artwork, **changes))
    with pytest.raises(CreativityError, match=words) as caught:
        open_artwork("bad.json").png()
    assert "\n" not in str(caught.value)


def test_genomes_that_are_not_numbers_are_refused(artwork: Artwork) -> None:
    Path("bad.json").write_text(replace(artwork, genome=artwork.genome * np.float32(np.nan)).to_json())
    with pytest.raises(CreativityError, match="not finite"):
        open_artwork("bad.json")


@pytest.mark.parametrize("name", ["photo.png", "plain.svg", "notes.json", "missing.svg", "folder", "film.mp4", "empty.png"])
def test_files_without_a_recipe_are_refused_in_words(artwork: Artwork, name: str) -> None:
    Image.new("RGB", (8, 8)).save("photo.png")
    Path("plain.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"/>')
    Path("notes.json").write_text('{"a": 1}')
    Path("film.mp4").write_bytes(b"x")
    Path("empty.png").write_bytes(b"")
    Path("folder").mkdir()
    with pytest.raises(CreativityError) as caught:
        open_artwork(name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_a_picture_that_was_saved_again_says_what_happened(artwork: Artwork) -> None:
    artwork.save("a.png")
    Image.open("a.png").save("b.png")
    with pytest.raises(CreativityError, match="another program"):
        open_artwork("b.png")


@pytest.mark.parametrize("seed", [1, 2])
def test_many_faint_layers_look_the_same_in_another_program(seed: int) -> None:
    """resvg rounds every layer to 8 bits; even 200 faint ones must stay close."""
    from creativity import registry, svg
    from creativity.streams import Streams

    renderer = registry.renderers.create("triangles", {"count": 200})
    rng = Streams(seed)("layers").at()
    values = renderer.spec.decode(renderer.init(1, Streams(seed)("init")))
    values["vertices"] = torch.from_numpy(rng.uniform(-0.2, 1.2, (1, 200, 3, 2)))
    values["opacity"] = torch.from_numpy(rng.uniform(0.02, 0.1, (1, 200)))
    genome = renderer.spec.encode(values)
    drawn = resvg(svg.document(200, 200, (0, 0, 200, 200), renderer.to_svg(genome[0], (200, 200))), 200)
    assert psnr(drawn[..., :3], renderer.render(genome, (200, 200))[0].permute(1, 2, 0).numpy()) >= 40
