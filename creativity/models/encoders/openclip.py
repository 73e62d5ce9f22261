"""Any model of open_clip (Ilharco et al., 2021), with the weights that the user has or fetches once.

A name is ``MODEL/PRETRAINED`` (``ViT-B-32/openai``), ``hf-hub:ORG/REPO`` or ``local-dir:PATH``. The hub is asked for what is not
on this machine and for nothing else. What open_clip would leave random, with a warning, is an error here.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import logging
import os
import shlex
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from creativity.errors import CreativityError, nearest, one_line
from creativity.models import catalog
from creativity.models.encoders.base import Encoder

Precision: TypeAlias = Literal["auto", "bfloat16", "float32", "float64"]
"""Of what is computed; ``auto`` is bfloat16 where the device has instructions for it and float32 elsewhere."""

AT_ONCE = 256
"""Texts that are embedded together."""


class OpenClip(Encoder):
    """A model of open_clip.

    Raises:
        CreativityError: no model has that name, its weights are not here and cannot be fetched, they are not what was
            fetched before, or they do not fit the model.
    """

    def __init__(self, name: str, *, offline: bool = False, device: str = "cpu", precision: Precision = "auto"):
        open_clip = library()
        source = find(name)
        path = fetch(source, offline)
        self.name, self.digest, self.device = name, verify(source, path), torch.device(device)
        if precision == "auto":
            precision = "bfloat16" if _has_bfloat16(self.device) else "float32"
        self.dtype = torch.float64 if precision == "float64" else torch.float32
        self._inside = torch.bfloat16 if precision == "bfloat16" else self.dtype
        try:
            with _hub(asked=False):
                model = open_clip.create_model(
                    source.model,
                    source.pretrained,
                    precision="bf16" if precision == "bfloat16" else "fp32",
                    device=device,
                    force_quick_gelu=source.quick_gelu,
                    require_pretrained=True,
                    weights_only=True,
                )
                self._tokens = open_clip.get_tokenizer(source.model)
        except Exception as error:  # of nearly any kind, where a file is damaged or of another model
            raise CreativityError(f"the weights of {name} ({path.name}) do not load: {one_line(error)[:300]}") from error
        model.eval().requires_grad_(False)
        size = model.visual.preprocess_cfg["size"]
        self.input_size = max(size) if isinstance(size, Sequence) else int(size)
        mean, std = (torch.tensor(model.visual.preprocess_cfg[key], dtype=self.dtype, device=device) for key in ("mean", "std"))
        self._mean, self._std = mean[:, None, None], std[:, None, None]
        self.logit_scale = float(model.logit_scale.exp())
        if self.dtype == torch.float64:
            model.double()
        for block in model.visual.modules():
            if isinstance(block, open_clip.transformer.ResidualAttentionBlock) and not hasattr(block, "ln_1_kv"):
                block.attn = _Attention(block.attn)
        self._model = model
        self.dim = self._texts(["a picture"]).shape[1]

    def _images(self, images: Tensor) -> Tensor:
        seen = self._model.encode_image(((images - self._mean) / self._std).to(self._inside))
        return F.normalize(seen.to(self.dtype), dim=1)

    @torch.no_grad()
    def _texts(self, texts: Sequence[str]) -> Tensor:
        parts = [
            self._model.encode_text(self._tokens(list(texts[start : start + AT_ONCE])).to(self.device))
            for start in range(0, len(texts), AT_ONCE)
        ]
        return F.normalize(torch.cat(parts).to(self.dtype), dim=1)


def library() -> Any:
    """open_clip. Raises CreativityError where it, or torchvision under it, does not import."""
    try:
        import open_clip
    except ImportError as error:
        raise CreativityError(f"models of open_clip need {error.name or error}; get it with: pip install open-clip-torch") from error
    except RuntimeError as error:  # torchvision's compiled part belongs to one torch
        raise CreativityError(
            f"models of open_clip need the torchvision that was built with torch {torch.__version__}; this one does not import "
            f"({one_line(error)[:100]}): install both from the same index"
        ) from error
    return open_clip


class _Attention(nn.Module):
    """A picture's attention to itself, with the weights of torch's module and in another order of axes.

    In torch's order the gradient reaches the first projection transposed, and the CPU copies the weights for every token:
    with ViT-B/32 in bfloat16 a gradient took four times as long.
    """

    def __init__(self, trained: nn.MultiheadAttention):
        super().__init__()
        self.trained = trained

    def forward(self, x: Tensor, *_: Tensor, need_weights: bool = False, attn_mask: Tensor | None = None) -> tuple[Tensor, None]:
        batch, tokens, width = x.shape
        flat = F.linear(x.reshape(-1, width), self.trained.in_proj_weight, self.trained.in_proj_bias)
        query, key, value = flat.view(batch, tokens, 3, self.trained.num_heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask).transpose(1, 2).reshape(-1, width)
        return self.trained.out_proj(seen).view(batch, tokens, width), None


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())


class Source(NamedTuple):
    """What a name stands for, in open_clip's words."""

    name: str
    model: str
    pretrained: str | None = None
    repository: str | None = None
    files: tuple[str, ...] = ()
    """Names that the weights may have there, the best first."""
    folder: Path | None = None
    quick_gelu: bool = False
    """Its weights were trained with x sigmoid(1.702 x); with an exact GELU they silently see badly."""


SAFE, PICKLED = "open_clip_model.safetensors", "open_clip_pytorch_model.bin"


def find(name: str) -> Source:
    """What a name stands for. Raises CreativityError, with the nearest name, where it stands for nothing."""
    pretrained = library().pretrained
    kind, _, place = name.partition(":")
    if kind == "local-dir":
        folder = Path(place).expanduser()
        if not (folder / "open_clip_config.json").is_file():
            raise CreativityError(f"{name} must be a folder with an open_clip_config.json and weights; {place or '.'} is none")
        return Source(name, f"local-dir:{folder}", folder=folder)
    if kind == "hf-hub":
        if place.count("/") != 1 or not all(place.split("/")):
            raise CreativityError(f"{name} is no name on the hub; write hf-hub:ORGANISATION/REPOSITORY")
        return Source(name, name, repository=place, files=(SAFE, PICKLED))
    model, _, tag = name.rpartition("/")
    model = model.replace("/", "-")
    if facts := pretrained.get_pretrained_cfg(model, tag):
        repository, file = os.path.split(facts["hf_hub"])
        files = (file.replace(".bin", ".safetensors"), file) if file else (SAFE, PICKLED)
        gelu = bool(facts.get("quick_gelu"))
        return Source(name, model, tag, repository, files, quick_gelu=gelu)
    if tags := pretrained.list_pretrained_tags_by_model(model):
        raise CreativityError(f"no weights of {model} are called {tag!r}; {nearest(tag, tags)}")
    if tags := pretrained.list_pretrained_tags_by_model(tag):
        raise CreativityError(f"{tag} alone would be random numbers; name its weights too, for example {tag}/{tags[0]}")
    names = ["/".join(pair) for pair in pretrained.list_pretrained()]
    close = difflib.get_close_matches(name, [*catalog.KNOWN, "embedded"], 2, 0.6) or difflib.get_close_matches(name, names, 2, 0.4)
    meant = f"; did you mean {' or '.join(close)}?" if close else ""
    raise CreativityError(f"no encoder is called {name!r}{meant}; creativity list models shows what there is")


def fetch(source: Source, offline: bool = False) -> Path:
    """Where the weights lie on this machine, after the hub was asked for what of the model is not here yet.

    Raises CreativityError with the command that fetches them where they are not here, and ``offline`` or HF_HUB_OFFLINE is
    set or the hub does not answer.
    """
    from huggingface_hub import constants
    from huggingface_hub.errors import GatedRepoError, RemoteEntryNotFoundError, RepositoryNotFoundError

    if source.folder:
        if not (found := library().factory._find_checkpoint_in_dir(source.folder)):
            raise CreativityError(f"{source.name} has no weights: expected {SAFE} in {source.folder}")
        return Path(found)
    get = f"creativity models get {shlex.quote(source.name)}"
    try:
        with _hub(asked=False):
            return _collect(source)
    except ImportError as error:
        raise CreativityError(f"{source.name} needs {error.name}; get it with: pip install {error.name}") from error
    except Exception:  # what is not here is told in as many ways as there are libraries that look
        pass
    if offline or constants.HF_HUB_OFFLINE:
        raise CreativityError(f"the weights of {source.name} are not on this machine; fetch them once, with a network: {get}")
    try:
        with _hub(asked=True):
            offered(source)  # at once where there is no network; a download would wait for it
            return _collect(source)
    except GatedRepoError:
        raise CreativityError(f"{source.repository} is for those who accept its terms: do so on its page, then hf auth login") from None
    except RepositoryNotFoundError:
        raise CreativityError(f"the hub has no open repository {source.repository}; creativity list models shows good ones") from None
    except RemoteEntryNotFoundError:
        raise CreativityError(f"{source.repository} holds no model of open_clip: it has no {source.files[0]}") from None
    except Exception as error:  # of any kind that a network knows
        reason = one_line(error)[:200]
        raise CreativityError(
            f"the weights of {source.name} are not here and cannot be fetched ({reason}); with a network: {get}"
        ) from error


def offered(source: Source) -> int:
    """How many bytes of weights the hub has. Raises what its client raises."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import RemoteEntryNotFoundError

    assert source.repository
    *better, last = (hf_hub_url(source.repository, file) for file in source.files)
    for url in better:
        with contextlib.suppress(RemoteEntryNotFoundError):
            return get_hf_file_metadata(url, timeout=10).size or 0
    return get_hf_file_metadata(last, timeout=10).size or 0


def _collect(source: Source) -> Path:
    """The weights, and all else of the model: its configuration and its tokens."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    open_clip = library()
    assert source.repository
    if not source.pretrained:
        hf_hub_download(source.repository, "open_clip_config.json")
    words = (open_clip.get_model_config(source.model) or {}).get("text_cfg", {})
    open_clip.get_tokenizer(source.model)
    if tower := words.get("hf_model_name"):
        from transformers import AutoConfig

        AutoConfig.from_pretrained(tower)
    *better, last = source.files
    for file in better:
        with contextlib.suppress(EntryNotFoundError):
            return Path(hf_hub_download(source.repository, file))
    return Path(hf_hub_download(source.repository, last))


def verify(source: Source, path: Path) -> str:
    """The weights' sha256, compared with what was noted when they were fetched. Raises CreativityError where it is another."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if source.folder:
        return digest
    expected = catalog.noted(source.name)
    stored = path.resolve().name
    if expected is None and len(stored) == 64:  # the hub names what it keeps by its sha256
        expected = stored
    if expected not in (None, digest):
        raise CreativityError(
            f"the weights of {source.name} have changed since they were fetched (sha256 {digest[:12]}, expected {expected[:12]}); "
            f"fetch them anew: creativity models get {shlex.quote(source.name)}"
        )
    if catalog.noted(source.name) is None:
        catalog.note(source.name, digest)
    return digest


def get(source: Source, offline: bool = False) -> Path:
    """Fetch a model and verify it; weights that are not what they were are fetched anew. Returns their place.

    Raises CreativityError where they cannot be fetched, or have changed and no network may be asked.
    """
    path = fetch(source, offline)
    try:
        verify(source, path)
    except CreativityError:
        if offline or source.folder:
            raise
        catalog.forget(source.name)
        for file in (path.resolve(), path):  # what the hub's cache shows is a link
            file.unlink(missing_ok=True)
        path = fetch(source)
        verify(source, path)
    return path


@contextlib.contextmanager
def _hub(asked: bool) -> Iterator[None]:
    """Whether the hub may be asked for anything meanwhile; and open_clip's remarks, which are for its own users, are not shown."""
    from huggingface_hub import constants

    before, level = constants.HF_HUB_OFFLINE, logging.root.manager.disable
    constants.HF_HUB_OFFLINE = before or not asked
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        constants.HF_HUB_OFFLINE = before
        logging.disable(level)
