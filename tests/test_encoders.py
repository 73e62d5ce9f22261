"""Encoders against open_clip itself, on tiny models that the tests write; and every way in which weights can be wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import open_clip
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.pretrained import get_pretrained_cfg
from safetensors.torch import load_file, save_file

from creativity import cli
from creativity.errors import CreativityError
from creativity.models.catalog import KNOWN
from creativity.models.encoders import open_encoder
from creativity.models.encoders.base import Encoder, resize
from creativity.models.encoders.ensemble import Ensemble, bank
from creativity.models.encoders.openclip import OpenClip, find

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
        if weights.ndim > 1:
            torch.nn.init.normal_(weights, std=0.2)
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


class Toy(Encoder):
    """Random projections of pictures and of letters; cosines are ``scale`` times what they would be, plus ``shift``."""

    name, digest, input_size, dim = "toy", "0", 8, 9

    def __init__(self, seed: int, scale: float = 1.0, shift: float = 0.0):
        draws = torch.Generator().manual_seed(seed)
        self.see, self.read = torch.randn(3 * 64, 6, generator=draws), torch.randn(128, 6, generator=draws)
        self.scale, self.shift, self.logit_scale = scale, shift, 10 / scale

    def _stretch(self, vectors: torch.Tensor, lone: int, sign: float) -> torch.Tensor:
        vectors = torch.nn.functional.normalize(vectors, dim=1) * self.scale**0.5
        rest = torch.zeros(len(vectors), 3)
        rest[:, 0], rest[:, lone] = abs(self.shift) ** 0.5 * sign, (1 - self.scale - abs(self.shift)) ** 0.5
        return torch.cat([vectors, rest], 1)

    def _images(self, images: torch.Tensor) -> torch.Tensor:
        return self._stretch((images - 0.5).flatten(1) @ self.see, 1, 1.0)

    def _texts(self, texts: Sequence[str]) -> torch.Tensor:
        counts = torch.tensor([[text.count(chr(letter)) for letter in range(128)] for text in texts], dtype=torch.float32)
        return self._stretch(counts @ self.read, 2, -1.0 if self.shift < 0 else 1.0)


IMAGES = torch.rand(40, 3, 8, 8, generator=torch.Generator().manual_seed(3))


@settings(max_examples=12, deadline=None)
@given(scale=st.floats(0.02, 0.5), shift=st.floats(-0.4, 0.4), seed=st.integers(0, 5))
def test_no_members_scale_wins(scale: float, shift: float, seed: int) -> None:
    other = Toy(seed + 100)
    logits = [
        encoder.logit_scale * encoder.images(IMAGES) @ encoder.texts(TEXTS).T
        for encoder in (Ensemble([Toy(seed), other]), Ensemble([Toy(seed, scale, shift), other]))
    ]
    torch.testing.assert_close(logits[1], logits[0], atol=1e-3, rtol=1e-3)


def test_an_ensemble_is_the_mean_of_standardised_cosines() -> None:
    members = [Toy(0, 0.05, 0.3), Toy(1, 0.4, -0.1)]
    ensemble = Ensemble(members)
    seen, read = ensemble.images(IMAGES), ensemble.texts(TEXTS)
    for vectors in (seen, read):
        assert vectors.shape[1] == ensemble.dim
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(vectors)))
    pictures, captions = bank()
    scores = []
    for member in members:
        known = member.images(pictures) @ member.texts(captions).T
        scores.append((member.images(IMAGES) @ member.texts(TEXTS).T - known.mean()) / known.std())
    mean = (scores[0] + scores[1]) / 2
    found = seen @ read.T
    torch.testing.assert_close(found / found.std(), mean / mean.std(), atol=1e-3, rtol=0)
    assert (found * ensemble.logit_scale).std() > 1


def test_an_ensemble_by_name(tmp_path: Path) -> None:
    one, other = f"local-dir:{write(tmp_path / 'one')}", f"local-dir:{write(tmp_path / 'other', 1, embed_dim=12)}"
    ensemble = open_encoder(f"{one}+{other}")
    assert (ensemble.name, ensemble.dim, ensemble.unknown("anything")) == (f"{one}+{other}", 16 + 1 + 12 + 1, None)
    images = torch.rand(2, 3, 40, 40, requires_grad=True)
    ensemble.images(images).sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    with pytest.raises(CreativityError, match="twice"):
        open_encoder(f"{one}+{one}")


def test_bfloat16_is_nearly_the_same(tmp_path: Path) -> None:
    name = f"local-dir:{write(tmp_path / 'tiny')}"
    exact, fast = (open_encoder(name, precision=precision) for precision in ("float32", "bfloat16"))
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    for one, other in ((exact.images(images), fast.images(images)), (exact.texts(TEXTS), fast.texts(TEXTS))):
        assert other.dtype == torch.float32
        torch.testing.assert_close(other.norm(dim=1), torch.ones(len(other)))
        assert 0.98 < (one * other).sum(1).min() < 1


# What can be wrong.


def test_weights_are_never_random(tmp_path: Path) -> None:
    folder = write(tmp_path / "tiny")
    (folder / "open_clip_model.safetensors").unlink()
    for name, said in ((f"local-dir:{folder}", "has no weights"), ("ViT-B-32", "random numbers.*ViT-B-32/openai")):
        with pytest.raises(CreativityError, match=said):
            open_encoder(name)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "tiny")
    weights = folder / "open_clip_model.safetensors"
    state = load_file(weights)
    del state["visual.proj"]
    save_file(state, weights)
    with pytest.raises(CreativityError, match="do not load.*visual.proj"):
        open_encoder(f"local-dir:{folder}")
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CreativityError, match="do not load"):
        open_encoder(f"local-dir:{folder}")


def test_a_pickle_runs_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "tiny")
    (folder / "open_clip_model.safetensors").unlink()
    torch.save({"state_dict": Trap(tmp_path / "sprung")}, folder / "open_clip_pytorch_model.bin")
    with pytest.raises(CreativityError, match="do not load"):
        open_encoder(f"local-dir:{folder}")
    assert not (tmp_path / "sprung").exists()


class Trap:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ViT-B-32/openai", "not on this machine; fetch them once.*creativity models get ViT-B-32/openai"),
        ("hf-hub:laion/nothing", "creativity models get hf-hub:laion/nothing"),
        ("VitB32/openai", "did you mean ViT-B-32/openai"),
        ("ViT-B-32/openia", "did you mean 'openai'"),
        ("embeded", "did you mean embedded"),
        ("hf-hub:nothing", "ORGANISATION/REPOSITORY"),
        ("local-dir:nowhere", "open_clip_config.json"),
        ("ViT-B-32/openai+nonsense", "not on this machine"),
        ("", "creativity list models"),
    ],
)
def test_a_name_of_nothing(name: str, said: str) -> None:
    with pytest.raises(CreativityError, match=said) as caught:
        open_encoder(name, offline=True)
    assert "\n" not in str(caught.value)


class Hub(BaseHTTPRequestHandler):
    """One repository as the hub serves it: the repository's files and their digests, and nothing else."""

    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        repository, _, name = self.path.strip("/").partition("/resolve/main/")
        self.asked.append(f"{self.command} {name}")
        content = self.files.get(name) if repository == "tiny/clip" else None
        self.send_response(404 if content is None else 200)
        self.send_header("X-Repo-Commit", "c" * 40)
        if content is None:
            self.send_header("X-Error-Code", "EntryNotFound" if repository == "tiny/clip" else "RepoNotFound")
        else:
            self.send_header("ETag", f'"{sha256(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if content is not None and self.command == "GET":
            self.wfile.write(content)

    do_GET = do_HEAD

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    Hub.files = {path.name: path.read_bytes() for path in write(tmp_path / "tiny").iterdir()}
    Hub.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield Hub
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_hub_is_asked_once_and_rot_is_seen(hub: type[Hub], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name, weights = "hf-hub:tiny/clip", hub.files["open_clip_model.safetensors"]
    assert cli.main(["models", "get", name, "--offline"]) == 2
    assert not hub.asked
    assert "not on this machine" in capfd.readouterr().err
    assert cli.main(["models", "get", name, "--json"]) == 0
    [facts] = json.loads(capfd.readouterr().out)
    assert facts["sha256"] == sha256(weights).hexdigest()
    assert hub.asked.count("GET open_clip_model.safetensors") == 1

    hub.asked.clear()
    cached = OpenClip(name)
    torch.testing.assert_close(cached.texts(TEXTS), open_encoder(f"local-dir:{tmp_path / 'tiny'}").texts(TEXTS))
    assert cli.main(["list", "models"]) == 0
    assert f"{name} (encoder)" in capfd.readouterr().out
    assert not hub.asked, "what is here was asked for"

    file = Path(facts["file"])
    file.resolve().write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    with pytest.raises(CreativityError, match="have changed.*creativity models get hf-hub:tiny/clip"):
        OpenClip(name)
    assert not hub.asked
    assert cli.main(["models", "get", name]) == 0
    assert file.read_bytes() == weights
    assert OpenClip(name, offline=True).digest == facts["sha256"]


@pytest.mark.parametrize("quick", [False, True])
def test_a_tag_brings_its_own_gelu_and_colours(hub: type[Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: bool) -> None:
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny", TINY)
    tag = {"hf_hub": "tiny/clip/", "quick_gelu": quick, "interpolation": "bicubic", "resize_mode": "shortest", **SEEN}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny", {"taught": tag})
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    found = OpenClip("tiny/taught", precision="float32").images(images)
    same, other = (
        OpenClip(f"local-dir:{write(tmp_path / str(q), quick_gelu=q)}", precision="float32").images(images) for q in (quick, not quick)
    )
    torch.testing.assert_close(found, same, atol=1e-6, rtol=0)
    assert (found - other).abs().max() > 1e-4


def test_what_the_hub_does_not_have(hub: type[Hub]) -> None:
    del hub.files["open_clip_model.safetensors"]
    for name, said in (("hf-hub:tiny/clip", "no model of open_clip"), ("hf-hub:tiny/other", "no open repository tiny/other")):
        with pytest.raises(CreativityError, match=said):
            OpenClip(name)


def test_the_catalog_agrees_with_open_clip() -> None:
    assert {name: known.repository for name, known in KNOWN.items()} == {name: find(name).repository for name in KNOWN}


def test_texts_and_pictures_that_are_none(tmp_path: Path) -> None:
    encoder = open_encoder(f"local-dir:{write(tmp_path / 'tiny')}")
    for empty in ("", "  ", "!?"):
        with pytest.raises(CreativityError, match="no word"):
            encoder.texts(["a bird", empty])
    with pytest.raises(CreativityError, match=r"write \['a bird'\]"):
        encoder.texts("a bird")
    with pytest.raises(CreativityError, match=r"\(B, 3, H, W\)"):
        encoder.images(torch.zeros(3, 32, 32))


def test_openai_weights_get_their_quick_gelu() -> None:
    assert find("ViT-B-32/openai").quick_gelu
    assert find("ViT-B/32/openai").model == "ViT-B-32"
    assert not find("ViT-B-32/laion2b_s34b_b79k").quick_gelu
    trained = {("/".join(pair)): get_pretrained_cfg(*pair).get("quick_gelu", False) for pair in open_clip.list_pretrained()}
    assert {name for name in trained if find(name).quick_gelu} == {name for name, quick in trained.items() if quick}
