"""The judge's two towers: patches and wide grouped convolutions for pictures, hashed words and letters for texts."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from creativity.models import weights

WIDTH, BUCKETS, INSIDE, LONGEST = 192, 32768, 96, 20
SIZE = 64


def grouped(width: int) -> nn.Module:
    """A 5 x 5 convolution in groups of 32 channels, then a perceptron at each place (Xie et al., 2017; Liu et al., 2022)."""
    return nn.Sequential(
        nn.Conv2d(width, width, 5, padding=2, groups=width // 32, bias=False),
        nn.BatchNorm2d(width),
        nn.Conv2d(width, 2 * width, 1),
        nn.ReLU(),
        nn.Conv2d(2 * width, width, 1),
    )


class Pooling(nn.Module):
    """A mean over places (B, N, C) that learnt questions weigh (Lee et al., 2019), four of them."""

    def __init__(self, width: int, out: int):
        super().__init__()
        self.ask, self.out = nn.Linear(width, 4), nn.Linear(width, out)

    def forward(self, places: Tensor) -> Tensor:
        weight = self.ask(places).float()
        said = self.out(places).unflatten(2, (4, -1))
        return torch.flatten((weight.softmax(1).to(said.dtype)[..., None] * said).sum(1), 1)


class Patches(nn.Module):
    """Pictures cut into 8 x 8 patches, each a vector; the patches of small pictures meet the same weights, summed (Beyer et al., 2023)."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, 3, 8, 8) / 14)

    def forward(self, images: Tensor) -> Tensor:
        side = images.shape[-1] // 8
        return F.conv2d(images, F.avg_pool2d(self.weight, 8 // side) * (8 // side) ** 2, stride=side)


class Pictures(nn.Module):
    """(B, 3, S, S) in [0, 1], S is 64, 32 or 16 -> (B, 192)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(Patches(64), nn.BatchNorm2d(64))
        layers: list[nn.Module] = []
        for width, depth in ((64, 2), (128, 4), (256, 3)):
            if width > 64:
                layers.append(nn.Sequential(nn.Conv2d(width // 2, width, 2, 2, bias=False), nn.BatchNorm2d(width)))
            layers += [grouped(width) for _ in range(depth)]
        self.layers = nn.ModuleList(layers)
        self.norm, self.pool = nn.BatchNorm2d(256), Pooling(256, 2 * WIDTH)
        self.out = nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(4 * images - 2)
        for layer in self.layers:
            x = layer(x) if len(layer) == 2 else x + layer(x)  # type: ignore[arg-type]
        x = self.norm(x).relu().flatten(2).transpose(1, 2)
        return self.out(F.relu(self.pool(x)))  # type: ignore[no-any-return]


@lru_cache(100_000)
def buckets(word: str) -> tuple[int, ...]:
    """Where the word and its runs of three and four letters are in the table (Bojanowski et al., 2017)."""
    edged = f"<{word}>"
    runs = [edged[i : i + n] for n in (3, 4) for i in range(len(edged) - n + 1)]
    return tuple(zlib.crc32(part.encode()) % BUCKETS for part in [f"={word}", *(run for run in runs if run != edged)])


def split(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())[:LONGEST] or ["nothing"]


class Texts(nn.Module):
    """Texts -> (T, 192): words as bags of hashes, convolutions over the sentence. All words of all texts lie in one row."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(BUCKETS, INSIDE, mode="sum")
        nn.init.normal_(self.table.weight, std=0.3)
        self.entry = nn.Linear(2 * INSIDE, WIDTH)
        self.place = nn.Parameter(torch.randn(LONGEST, WIDTH) * 0.02)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(4))
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(5 * WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH)) for _ in range(3))
        self.ask, self.say, self.out = nn.Linear(WIDTH, 4), nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, texts: Sequence[str]) -> Tensor:
        sentences = [split(text) for text in texts]
        unique = {word: n for n, word in enumerate(dict.fromkeys(word for sentence in sentences for word in sentence))}
        bags = [buckets(word) for word in unique] + [(0,)] * (-len(unique) % 256)  # few sizes, so that few kernels are compiled
        flat, sizes = torch.tensor([b for bag in bags for b in bag]), torch.tensor([len(bag) for bag in bags])
        starts = F.pad(sizes.cumsum(0)[:-1], (1, 0))
        letters, whole = self.table(flat, starts), F.embedding(flat[starts], self.table.weight)
        words = self.entry(torch.cat([whole, (letters - whole) / (sizes[:, None] - 1).clamp_min(1).sqrt()], 1))
        said = [(unique[word], n, at) for n, sentence in enumerate(sentences) for at, word in enumerate(sentence)]
        word, row, at = torch.tensor(said + [(0, len(texts), 0)] * (-len(said) % 256)).T
        x = words[word] + self.place[at]
        number = torch.arange(len(row))[:, None] + torch.arange(-2, 3)
        beyond = (number < 0) | (number >= len(row))
        number = number.clamp(0, len(row) - 1)
        number[beyond | (row[number] != row[:, None])] = len(row)  # the words of other texts are as nothing
        for norm, layer in zip(self.norms[:3], self.layers, strict=True):
            x = x + layer(F.pad(norm(x), (0, 0, 0, 1))[number].flatten(1))
        x = self.norms[3](x)
        count = len(texts) + 1 + (-len(texts) - 1) % 64
        weight = self.ask(x).float().clamp(-10, 10).exp()
        weight = weight / torch.zeros(count, 4).index_add(0, row, weight)[row]
        heard = weight[..., None] * self.say(x).float().unflatten(1, (4, -1))
        return self.out(F.relu(torch.zeros(count, 2 * WIDTH).index_add(0, row, heard.flatten(1))))[: len(texts)]  # type: ignore[no-any-return]


class Judge(nn.Module):
    """Pictures and texts -> unit vectors of 192 numbers; the cosine says how well they agree."""

    name, input_size = "judge", SIZE

    def __init__(self) -> None:
        super().__init__()
        self.pictures, self.sentences = Pictures(), Texts()
        self.log_scale = nn.Parameter(torch.tensor(math.log(10.0)))

    def images(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1], of any size -> (B, 192)."""
        if images.shape[-2:] != (SIZE, SIZE) and not self.training:
            images = F.interpolate(images, (SIZE, SIZE), mode="bilinear", align_corners=False, antialias=True)
        return F.normalize(self.pictures(images).float(), dim=1)

    def texts(self, texts: Sequence[str]) -> Tensor:
        return F.normalize(self.sentences(texts).float(), dim=1)

    def save(self, path: Path) -> None:
        save_file(weights.pack(self.state_dict()), path, {"judge": json.dumps({"width": WIDTH, "buckets": BUCKETS})})

    @classmethod
    def load(cls, path: Path) -> Judge:
        """The judge of a file, ready to judge."""
        judge = cls()
        judge.load_state_dict(weights.unpack(weights.read(path, "the judge")[0]))
        return judge.eval().requires_grad_(False)
