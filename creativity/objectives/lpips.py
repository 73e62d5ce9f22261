"""Learned perceptual distance: how far apart two pictures are to a network that was taught by people's judgements.

R. Zhang, P. Isola, A. A. Efros, E. Shechtman & O. Wang, The Unreasonable Effectiveness of Deep Features as a Perceptual
Metric, 2018: LPIPS 0.1 on AlexNet. The network is built here; its numbers are not ours and are never fetched by themselves:
those of AlexNet are torchvision's, in the folder where torch keeps what it fetched, the rest is in the package `lpips`.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from creativity.errors import CreativityError
from creativity.objectives.base import Context
from creativity.objectives.comparison import Comparison

ALEXNET = "alexnet-owt-7be5be79.pth"

LEAST_SIDE = 64
"""Smaller pictures are enlarged to it: nothing would be left of them in the last layer."""

LAYERS = ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1))
"""AlexNet's convolutions: their number in torchvision's file, stride and padding; before the second and third, the greatest of 3 x 3."""


@dataclass(frozen=True)
class LpipsOptions:
    pass


class _Study(NamedTuple):
    features: list[Tensor]
    weights: list[Tensor | None]


class Lpips(Comparison):
    """Learned perceptual distance (LPIPS 0.1 on AlexNet), where its weights are at hand."""

    Options = LpipsOptions

    def prepare(self, context: Context) -> None:
        super().prepare(context)
        self._convolutions, self._heads = _load()

    def study(self, target: Tensor, weight: Tensor | None) -> _Study:
        features = self._features(target)
        weights = [None if weight is None else F.interpolate(weight[None, None], size=layer.shape[2:], mode="area") for layer in features]
        return _Study(features, weights)

    def compare(self, pictures: Tensor, study: _Study) -> Tensor:
        total = pictures.new_zeros(len(pictures))
        for seen, goal, weight, head in zip(self._features(pictures), study.features, study.weights, self._heads, strict=True):
            distance = F.conv2d((seen - goal) ** 2, head)
            if weight is None:
                total = total + distance.mean(dim=(1, 2, 3))
            else:
                total = total + (distance * weight).sum(dim=(1, 2, 3)) / weight.sum()
        return total

    def _features(self, pictures: Tensor) -> list[Tensor]:
        """What the five layers make of sRGB (B, 3, H, W): each pixel's features as a unit vector."""
        if (least := min(pictures.shape[2:])) < LEAST_SIDE:
            size = tuple(round(side * LEAST_SIDE / least) for side in pictures.shape[2:])
            pictures = F.interpolate(pictures, size=size, mode="bilinear", align_corners=False)
        shift, scale = (pictures.new_tensor(values)[:, None, None] for values in ((-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)))
        layer, found = (2 * pictures - 1 - shift) / scale, []
        for number, ((_, stride, padding), (weight, bias)) in enumerate(zip(LAYERS, self._convolutions, strict=True)):
            if number in (1, 2):
                layer = F.max_pool2d(layer, 3, 2)
            layer = F.conv2d(layer, weight, bias, stride, padding).relu()
            found.append(layer / (layer.square().sum(dim=1, keepdim=True) + 1e-20).sqrt())
        return found


def _load() -> tuple[list[tuple[Tensor, Tensor]], list[Tensor]]:
    """The convolutions' weights and biases, and the heads (1, C, 1, 1). Raises CreativityError where a file is not at hand."""
    package = importlib.util.find_spec("lpips")
    folders = package.submodule_search_locations if package else None
    heads = Path(folders[0]) / "weights" / "v0.1" / "alex.pth" if folders else None
    if heads is None or not heads.is_file():
        raise CreativityError("objective 'lpips' needs the package lpips; get it with: pip install --no-deps lpips")
    network = Path(torch.hub.get_dir()) / "checkpoints" / ALEXNET
    if not network.is_file():
        address = f"https://download.pytorch.org/models/{ALEXNET}"
        command = f"""python -c "import torch; torch.hub.load_state_dict_from_url('{address}')\""""
        raise CreativityError(f"objective 'lpips' needs the weights of AlexNet (244 MB) in {network.parent}; fetch them with: {command}")
    try:
        stored = torch.load(network, map_location="cpu", weights_only=True)
        linear = torch.load(heads, map_location="cpu", weights_only=True)
        convolutions = [(stored[f"features.{number}.weight"], stored[f"features.{number}.bias"]) for number, *_ in LAYERS]
        return convolutions, [linear[f"lin{i}.model.1.weight"] for i in range(len(LAYERS))]
    except Exception as error:  # of nearly any kind, where a file is damaged
        raise CreativityError(f"the weights of objective 'lpips' in {network.parent} or {heads.parent} are damaged: {error}") from error
