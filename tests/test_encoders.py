"""Encoders against open_clip itself, on tiny models that the tests write; and every way in which weights can be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from creativity.models.encoders import open_encoder
from creativity.models.encoders.base import resize

open_clip = pytest.importorskip("open_clip")

TINY: dict[str, Any] = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 20, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2},
}
SEEN = {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.25]}
TEXTS = ["a red bird", "a blue house on a hill, at night"]


def write(folder: Path, seed: int = 0, **config: Any) -> Path:
    """A model of open_clip with random numbers, as open_clip's own local folders have it."""
    folder.mkdir(parents=True, exist_ok=True)
    described = {"model_cfg": {**TINY, **config}, "preprocess_cfg": SEEN}
    (folder / "open_clip_config.json").write_text(json.dumps(described))
    torch.manual_seed(seed)
    model = open_clip.CLIP(**described["model_cfg"])
    for weights in model.parameters():  # at the start of a training many are alike
        torch.nn.init.normal_(weights, std=0.2) if weights.ndim > 1 else None
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("creativity.models.catalog.cache_folder", lambda name: (tmp_path / name).mkdir(exist_ok=True) or tmp_path / name)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.mark.parametrize(("height", "width", "size"), [(300, 200, 64), (48, 48, 64), (31, 77, 32), (64, 64, 64)])
def test_pictures_are_resized_as_torch_does_it(height: int, width: int, size: int) -> None:
    images = torch.rand(2, 3, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.interpolate(images, size=(size, size), mode="bicubic", antialias=True)
    torch.testing.assert_close(resize(images, size), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("gelu", [False, True])
def test_a_local_model_says_what_open_clip_says(tmp_path: Path, gelu: bool) -> None:
    name = f"local-dir:{write(tmp_path / 'tiny', quick_gelu=gelu)}"
    encoder = open_encoder(name, precision="float32")
    model, see = open_clip.create_model_from_pretrained(name)
    model.eval()
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    normalize = see.transforms[-1]
    with torch.no_grad():
        expected = model.encode_image(normalize(images), normalize=True)
        words = model.encode_text(open_clip.get_tokenizer(name)(TEXTS), normalize=True)
    torch.testing.assert_close(encoder.images(images), expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(encoder.texts(TEXTS), words, atol=1e-5, rtol=0)
    assert (encoder.dim, encoder.input_size) == (16, 32)
    assert encoder.logit_scale == pytest.approx(1 / 0.07)
    assert not any(weights.requires_grad for weights in encoder._model.parameters())  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [32, 45])
def test_the_gradient_is_that_of_finite_differences(tmp_path: Path, size: int) -> None:
    encoder = open_encoder(f"local-dir:{write(tmp_path / 'tiny')}", precision="float64")
    draws = torch.Generator().manual_seed(2)
    images = torch.rand(1, 3, size, size, generator=draws, dtype=torch.float64, requires_grad=True)
    way = torch.randn(1, 3, size, size, generator=draws, dtype=torch.float64)
    goal = encoder.texts(TEXTS[:1])[0]
    (encoder.images(images) @ goal).sum().backward()
    assert images.grad is not None
    step = 1e-5
    with torch.no_grad():
        up, down = ((encoder.images(images + sign * step * way) @ goal).item() for sign in (1, -1))
    slope = (images.grad * way).sum().item()
    assert slope == pytest.approx((up - down) / (2 * step), rel=1e-6)
    assert abs(slope) > 1e-4
