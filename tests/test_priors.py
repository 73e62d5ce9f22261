"""Priors: what the embedded one makes of a plan, and a pipeline of diffusers that the test writes itself."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path

import numpy as np
import pytest
import torch

from creativity.errors import CreativityError
from creativity.models.priors import open_prior
from creativity.models.priors.colours import COLOURS
from creativity.models.priors.embedded import composed
from creativity.models.priors.plan import understood
from creativity.models.priors.reader import Reading, Relation, Thing
from creativity.models.priors.sprites import Sprites
from creativity.streams import Stream


class Nothing(Sprites):
    """Sprites that know no thing: shapes, patterns and scenes are drawn by rule."""

    def __init__(self) -> None:
        self.named = {}
        self.vectors = None


def picture(reading: Reading, seed: int = 0) -> torch.Tensor:
    return composed(understood(reading, Nothing(), ()), 64, Stream(seed, "test"), Nothing())


def near(image: torch.Tensor, name: str, far: float = 0.2) -> np.ndarray:
    return ((image - torch.tensor(COLOURS[name])[:, None, None]).abs().amax(0) < far).numpy()


def spots(mask: np.ndarray, least: int = 6) -> int:
    """How many connected spots a mask has."""
    left, count = mask.copy(), 0
    while left.any():
        start = tuple(int(v) for v in np.argwhere(left)[0])
        queue, size = deque([start]), 0
        left[start] = False
        while queue:
            y, x = queue.popleft()
            size += 1
            for v, u in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= v < left.shape[0] and 0 <= u < left.shape[1] and left[v, u]:
                    left[v, u] = False
                    queue.append((v, u))
        count += size >= least
    return count


def test_relations_are_true_of_the_pixels() -> None:
    things = (Thing("circle", ("red",)), Thing("square", ("blue",)))
    for kind, axis, sign in (("left", 1, 1), ("right", 1, -1), ("above", 0, 1), ("below", 0, -1)):
        for seed in range(6):
            image = picture(Reading(things, (Relation(kind, 0, 1),)), seed)
            red, blue = (np.argwhere(near(image, name)).mean(0) for name in ("red", "blue"))
            assert sign * (blue[axis] - red[axis]) > 10, (kind, seed)


def test_counts_are_true_of_the_pixels() -> None:
    for count in (1, 2, 3, 5, 8):
        for seed in range(4):
            image = picture(Reading((Thing("hearts", ("red",), count),), ground=("pink",)), seed)
            if count > 1:  # a single plural is some
                assert spots(near(image, "red", 0.35)) == count
            assert near(image, "pink", 0.02).mean() > 0.2


def test_a_prompt_of_two_colours_and_a_ground_is_a_pattern() -> None:
    image = picture(Reading((Thing("polka dots", ("red",)),), ground=("yellow",)))
    assert near(image, "red").mean() > 0.1
    assert near(image, "yellow").mean() > 0.3


def test_what_is_not_known_is_named_and_scenes_are_found_in_things() -> None:
    plan = understood(Reading((Thing("fluffy zorblax"), Thing("green hills")), places=(("moonlit nowhere", ()),)), Nothing(), ("fluffy",))
    assert plan.unknown == ("nowhere", "zorblax")
    assert plan.places == ("moonlit", "green hills")
    assert plan.subjects == ()


def test_seeds_differ_and_a_picture_does_not_depend_on_its_company() -> None:
    reading = Reading((Thing("star", ("yellow",)),), places=(("night", ()),))
    plan = understood(reading, Nothing(), ())
    one, again, other = (composed(plan, 64, Stream(seed, "x"), Nothing()) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert (one - other).abs().mean() > 0.02
    large = composed(plan, 192, Stream(1, "x"), Nothing())
    assert (torch.nn.functional.avg_pool2d(large, 3) - one).abs().mean() < 0.05


def test_names_of_priors_and_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(CreativityError, match="did you mean 'embedded'"):
        open_prior("embeded")
    with pytest.raises(CreativityError, match="no folder ./nowhere"):
        open_prior("diffusers:./nowhere")
    with pytest.raises(CreativityError, match="forbids asking"):
        open_prior("diffusers:somebody/something", offline=True)
    with pytest.raises(CreativityError, match="model_index"):
        open_prior(f"diffusers:{tmp_path}")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny pipeline of random weights: Stable Diffusion's parts, a few thousand numbers each."""
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    folder = tmp_path_factory.mktemp("pipeline")
    torch.manual_seed(0)
    letters = [chr(n) for n in range(97, 123)]
    vocabulary = ["<|startoftext|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters)]
    (folder / "vocab.json").write_text(json.dumps({piece: n for n, piece in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), unk_token="<|endoftext|>", model_max_length=16)
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=16,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
    )
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 8),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=16,
        attention_head_dim=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 8),
        norm_num_groups=4,
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    made = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    made.save_pretrained(folder / "tiny", safe_serialization=True)
    return folder / "tiny"


@pytest.mark.filterwarnings("ignore")
def test_a_pipeline_of_diffusers_gives_different_pictures_again(pipeline: Path) -> None:
    prior = open_prior(f"diffusers:{pipeline}", offline=True)
    prior.pipeline.scheduler.config.num_train_timesteps = 1000  # type: ignore[attr-defined]
    two = prior.pictures("a red bird", 2, Stream(3, "prior"))
    assert two.shape == (2, 3, prior.size, prior.size)
    assert two.min() >= 0
    assert two.max() <= 1
    assert (two[0] - two[1]).abs().mean() > 0.01
    assert torch.equal(prior.pictures("a red bird", 1, Stream(3, "prior"))[0], two[0])
    assert prior.unknown("a zorblax") == []
    with pytest.raises(CreativityError, match="empty"):
        prior.pictures(" ", 1, Stream(0, "prior"))


@pytest.mark.filterwarnings("ignore")
def test_pickles_and_code_are_refused(pipeline: Path, tmp_path: Path) -> None:
    import shutil

    pickled = tmp_path / "pickled"
    shutil.copytree(pipeline, pickled)
    weights = next((pickled / "unet").glob("*.safetensors"))
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(CreativityError, match=r"unet.*pickles"):
        open_prior(f"diffusers:{pickled}", offline=True)
    coded = tmp_path / "coded"
    shutil.copytree(pipeline, coded)
    index = json.loads((coded / "model_index.json").read_text())
    (coded / "model_index.json").write_text(json.dumps(index | {"_class_name": ["pipeline", "Mine"]}))
    with pytest.raises(CreativityError, match="its own code"):
        open_prior(f"diffusers:{coded}", offline=True)
    broken = tmp_path / "broken"
    shutil.copytree(pipeline, broken)
    next((broken / "vae").glob("*.safetensors")).write_bytes(b"nothing")
    with pytest.raises(CreativityError, match="cannot load") as raised:
        open_prior(f"diffusers:{broken}", offline=True)
    assert "\n" not in str(raised.value)
