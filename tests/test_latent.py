"""Pictures by the decoders of diffusers' autoencoders: small ones of random weights, written to a folder."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import creativity
from creativity import registry
from creativity.errors import CreativityError
from creativity.models.autoencoders import open_autoencoder
from creativity.problem import Problem
from creativity.renderers.latent import Latent, LatentOptions
from creativity.streams import Streams


def written(folder: Path, kind: str) -> str:
    import diffusers

    torch.manual_seed(1)
    if kind == "AutoencoderTiny":
        blocks: dict[str, Any] = {f"{part}_block_out_channels": (8, 8) for part in ("encoder", "decoder")}
        model = diffusers.AutoencoderTiny(**blocks, num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1), latent_channels=4, act_fn="silu")
    elif kind == "AutoencoderKL":
        types: dict[str, Any] = {"down_block_types": ["DownEncoderBlock2D"] * 2, "up_block_types": ["UpDecoderBlock2D"] * 2}
        model = diffusers.AutoencoderKL(**types, block_out_channels=[8, 8], norm_num_groups=4, latent_channels=4, scaling_factor=0.5)
    else:
        types = {"down_block_types": ["DownEncoderBlock2D"] * 2, "up_block_types": ["UpDecoderBlock2D"] * 2}
        model = diffusers.VQModel(**types, block_out_channels=[8, 8], norm_num_groups=4, latent_channels=3, num_vq_embeddings=16)
    model.save_pretrained(folder / kind, safe_serialization=True)
    return str(folder / kind)


@pytest.mark.parametrize(("kind", "channels"), [("AutoencoderTiny", 4), ("AutoencoderKL", 4), ("VQModel", 3)])
def test_each_class_decodes_and_is_searched_by_gradient(kind: str, channels: int, tmp_path: Path) -> None:
    where = written(tmp_path, kind)
    renderer = Latent(LatentOptions(model=where, rows=5, columns=7))
    assert renderer.spec.size == channels * 5 * 7
    genomes = renderer.init(2, Streams(1)("init"))
    own = renderer.decoder.autoencoder.decode(renderer.latents(genomes).reshape(2, channels, 5, 7)).clamp(0, 1)
    assert own.shape == (2, 3, 10, 14)
    assert torch.allclose(renderer.render(genomes, (10, 14)), own, atol=1e-5)
    target = torch.full((4, 20, 28), 0.7)
    target[3] = 1
    goal = registry.objectives.create("pixel", {})
    from creativity.objectives.base import Context

    goal.prepare(Context((20, 28), target))
    problem = Problem(renderer, goal, (20, 28))
    genome = genomes[:1].clone().requires_grad_()
    before = problem.losses(genome)
    (slope,) = torch.autograd.grad(before.sum(), genome)
    with torch.no_grad():
        after = problem.losses(genome - 0.05 * slope / slope.norm())
    assert after < before


def test_a_fit_begins_where_the_encoder_puts_its_picture_and_is_made_again_from_its_file(tmp_path: Path) -> None:
    where = written(tmp_path, "AutoencoderKL")
    picture = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    options = {"renderer.model": where, "renderer.rows": 6, "renderer.columns": 8, "optimizer.restarts": 1}
    artwork = creativity.fit(picture, renderer="latent", optimizer="adam", steps=5, target_size=32, seed=1, threads=1, options=options)
    assert artwork.recipe.renderer.options["weights"] == open_autoencoder(where).digest
    file = artwork.save(tmp_path / "art.png")
    assert np.array_equal(creativity.open_artwork(file).rgba(), artwork.rgba())


def test_latents_are_pulled_back_to_where_a_decoder_knows_them(tmp_path: Path) -> None:
    renderer = Latent(LatentOptions(model=written(tmp_path, "AutoencoderTiny"), rows=16, columns=16))
    near = torch.randn(1, renderer.spec.size, generator=torch.Generator().manual_seed(0))
    near = (near - near.mean()) / near.std(correction=0)
    problem = Problem(renderer, registry.objectives.create("latents", {}), (8, 8))
    far = torch.cat([near, near + 2, 3 * near])
    expected = torch.tensor([0.0, 2.0, 0.5 * (9 - 1 - math.log(9.0))])
    torch.testing.assert_close(problem.losses(far), expected, atol=1e-4, rtol=0)
    with pytest.raises(CreativityError, match="latents"):
        creativity.fit(np.zeros((8, 8, 3), np.uint8), renderer="triangles", objective="pixel:1,latents:1", steps=1)


def test_what_is_not_there_or_not_safe_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(CreativityError, match="needs a model"):
        open_autoencoder("")
    with pytest.raises(CreativityError, match="no folder"):
        open_autoencoder("./nowhere")
    with pytest.raises(CreativityError, match="hf download madebyollin/nothing"):
        open_autoencoder("madebyollin/nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CreativityError, match=r"config\.json"):
        open_autoencoder(str(tmp_path / "empty"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text(json.dumps({"_class_name": "UNet2DModel"}))
    with pytest.raises(CreativityError, match="UNet2DModel"):
        open_autoencoder(str(tmp_path / "other"))
    (tmp_path / "other" / "config.json").write_text(json.dumps({"_class_name": "AutoencoderKL"}))
    (tmp_path / "other" / "model.bin").write_bytes(b"pickle")
    with pytest.raises(CreativityError, match="pickles"):
        open_autoencoder(str(tmp_path / "other"))
