"""How a generator is taught by pictures: as half of a variational autoencoder, and, where asked, against a critic.

VAE: Kingma & Welling 2014, arXiv:1312.6114. VAE/GAN: Larsen et al. 2016, arXiv:1512.09300, as in Ha's CPPN-VAE-GAN (2016), with the hinge
loss and spectral norms of Miyato et al. 2018, arXiv:1802.05957. Every step looks at every second pixel of each picture, at places that
change: a network of places can be asked for those alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from creativity.errors import CreativityError
from creativity.models.generators.coordinates import Coordinates, Shape, drawn, packed, places
from creativity.options import option
from creativity.streams import Streams

AVERAGE = 0.999
"""What is kept is a running mean of the weights of about a thousand steps."""

LIKENESS = 12.0
"""How much a squared error of 1 of one number of one pixel counts beside a nat of what the latents tell: a normal of deviation 0.2."""

WARM = 0.1
"""Part of the steps over which latents come to be held to their distribution."""

CRITIC_FROM, CRITIC = 0.4, 12.0
"""Part of the steps after which the critic is heard, and how loudly."""

HALF = bool(getattr(torch.cpu, "_is_amx_tile_supported", bool)())
"""Whether products are made in half precision (bfloat16): many times faster where the processor has tiles for it, slower elsewhere."""


@dataclass(frozen=True)
class Lesson(Shape):
    """All that a generator is taught by, besides its pictures and its seed."""

    side: int = option(64, "pixels a side that pictures are looked at with", low=32, high=512)
    steps: int = option(8000, "steps of a batch each", low=1, high=10_000_000)
    batch: int = option(64, "pictures a step", low=2, high=4096)
    rate: float = option(1.5e-3, "learning rate", above=0.0, high=1.0)
    adversarial: bool = option(False, "whether a critic learns to tell its pictures from the true ones, and it to fool the critic")

    @property
    def form(self) -> Shape:
        return Shape(self.latents, self.width, self.layers, self.hidden)


class Encoder(nn.Module):
    """Pictures (B, 3, S, S) in [0, 1] -> mean and log variance (B, N) of their latents."""

    def __init__(self, latents: int):
        super().__init__()
        widths = (3, 32, 64, 128, 192)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in pairwise(widths))
        self.inside = nn.Linear(widths[-1] * 16, 256)
        self.head = nn.Linear(256, 2 * latents)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        x = (pictures * 2 - 1).contiguous(memory_format=torch.channels_last)
        for layer in self.layers:
            x = F.silu(layer(x))
        x = F.silu(self.inside(F.adaptive_avg_pool2d(x, 4).flatten(1)))
        mean, spread = self.head(x).float().chunk(2, 1)
        return mean, spread.clamp(-10, 4)


class Critic(nn.Module):
    """Views (B, 3, s, s) -> how true they look (B,)."""

    def __init__(self) -> None:
        super().__init__()
        norm = nn.utils.parametrizations.spectral_norm
        widths = (5, 48, 96, 160, 224)
        self.layers = nn.ModuleList(norm(nn.Conv2d(a, b, 4, 2, 1)) for a, b in pairwise(widths))
        self.head = norm(nn.Linear(widths[-1], 1))

    def forward(self, views: Tensor) -> Tensor:
        batch, _, height, width = views.shape
        place = torch.stack(torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij"))
        x = torch.cat([views * 2 - 1, place.expand(batch, -1, -1, -1)], 1).contiguous(memory_format=torch.channels_last)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
        return self.head(x.mean((2, 3))).float()[:, 0]  # type: ignore[no-any-return]


class Teaching:
    """A generator as it learns: ``step`` after step, each the same wherever it is taken up again.

    ``count`` steps are done; ``figures`` are the last means of what is told: loss, mse (of pixels), nats (of the latents).
    """

    def __init__(self, pictures: Tensor, digest: str, lesson: Lesson, seed: int):
        self.pictures, self.digest, self.lesson, self.streams = pictures, digest, lesson, Streams(seed)
        self.seed, self.count, self.figures = seed, 0, dict[str, float]()
        self.net, self.encoder, self.critic = Coordinates(lesson.form), Encoder(lesson.latents), Critic()
        self.net.begin(self.streams("net").at(0))
        drawn(self.encoder, self.streams("encoder").at(0))
        drawn(self.critic, self.streams("critic").at(0))
        self.kept = {name: value.clone() for name, value in self.net.state_dict().items()}
        learners = [*self.net.parameters(), *self.encoder.parameters()]
        self.optimizer = torch.optim.Adam(learners, lesson.rate, betas=(0.9, 0.99), eps=1e-6)
        self.judging = torch.optim.Adam(self.critic.parameters(), 0.4 * lesson.rate, betas=(0.5, 0.9), eps=1e-6)

    @property
    def done(self) -> bool:
        return self.count >= self.lesson.steps

    def step(self) -> None:
        """One batch."""
        lesson, k = self.lesson, self.count
        random = self.streams("steps").at(k)
        size = min(lesson.batch, len(self.pictures))
        true = self.pictures[torch.from_numpy(random.choice(len(self.pictures), size, replace=len(self.pictures) < 4 * size))].float() / 255
        corner = int(random.integers(2)), int(random.integers(2))
        noise = torch.from_numpy(random.standard_normal((2, size, lesson.latents), dtype=np.float32))
        # The rate falls as half a cosine, after a short rise.
        rate = lesson.rate * min(1.0, (k + 1) / 200) * (0.02 + 0.49 * (1 + math.cos(math.pi * k / lesson.steps)))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        side = (lesson.side, lesson.side)
        at = places(side, step=2, corner=corner)
        seen = true[:, :, corner[0] :: 2, corner[1] :: 2]
        judged = lesson.adversarial and k >= CRITIC_FROM * lesson.steps
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=HALF):
            mean, spread = self.encoder(true)
            latents = mean + (0.5 * spread).exp() * noise[0]
            fresh = noise[1, : size // 2] if judged else noise[1, :0]
            drawn = self.net(torch.cat([latents, fresh]), at).float().mT.unflatten(2, seen.shape[2:])
            error = (drawn[:size] - seen).square().mean()
            nats = 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(1).mean()
            hold = min(1.0, (k + 1) / max(1.0, WARM * lesson.steps))
            loss = LIKENESS * true[0].numel() * error + hold * nats
            if judged:
                loss = loss - CRITIC * self.critic(drawn).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([p for group in self.optimizer.param_groups for p in group["params"]], 400.0)
        self.optimizer.step()
        if lesson.adversarial:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=HALF):
                doubt = F.relu(1 - self.critic(seen)).mean() + F.relu(1 + self.critic(drawn.detach())).mean()
            self.judging.zero_grad(set_to_none=True)
            doubt.backward()  # type: ignore[no-untyped-call]
            self.judging.step()
        share = min(AVERAGE, k / (k + 20))
        for name, value in self.net.state_dict().items():
            self.kept[name].lerp_(value, 1 - share)
        told = {"loss": loss, "mse": error, "nats": nats} | ({"critic": doubt} if lesson.adversarial else {})
        for name, value in ((name, float(value.detach())) for name, value in told.items()):
            before = self.figures.get(name, value)
            self.figures[name] = before + 0.03 * (value - before)
        self.count += 1

    def taught(self) -> Coordinates:
        """The generator as it would be kept now."""
        net = Coordinates(self.lesson.form)
        net.load_state_dict(self.kept)
        return net.eval().requires_grad_(False)

    def encode(self) -> bytes:
        """The content of its file."""
        facts = {"seed": self.seed, "count": self.count, "pictures": len(self.pictures), "digest": self.digest}
        return packed(self.taught(), {**asdict(self.lesson), **facts})

    @torch.no_grad()
    def samples(self, count: int, side: int = 128) -> Tensor:
        """Pictures (count, 3, side, side) of latents that are always the same."""
        latents = self.streams("samples").at(0).standard_normal((count, self.lesson.latents), dtype=np.float32)
        net, at = self.taught(), places((side, side))
        return torch.cat([net(one[None], at).mT.unflatten(2, (side, side)) for one in torch.from_numpy(latents)])

    # -- to go on another day

    def state(self) -> dict[str, Any]:
        """Everything as arrays."""
        arrays: dict[str, Any] = {f"kept/{name}": value.numpy() for name, value in self.kept.items()}
        for name, part in self._parts():
            arrays |= {f"{name}/{key}": value.numpy() for key, value in part.state_dict().items()}
        for name, optimizer in (("optimizer", self.optimizer), ("judging", self.judging)):
            for index, numbers in optimizer.state_dict()["state"].items():
                arrays |= {f"{name}/{index}/{key}": np.asarray(value) for key, value in numbers.items()}
        return arrays

    def facts(self) -> dict[str, Any]:
        """What must be the same for training to go on, and where it is."""
        return {"lesson": asdict(self.lesson), "seed": self.seed, "digest": self.digest, "count": self.count, "figures": self.figures}

    def restore(self, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
        """Go on from a state. Raises CreativityError where it is that of another training."""
        mine = json.loads(json.dumps(self.facts()))
        for name in ("seed", "digest", *mine["lesson"]):
            was, now = (each["lesson"].get(name) if name in each["lesson"] else each.get(name) for each in (facts, mine))
            if was != now and name != "steps":
                what = "other pictures" if name == "digest" else f"{name} {was}, not {now}"
                raise CreativityError(f"this training was begun with {what}; give another --run-dir to begin anew")
        self.kept = {name: torch.from_numpy(arrays[f"kept/{name}"].copy()) for name in self.kept}
        for name, part in self._parts():
            part.load_state_dict({key: torch.from_numpy(arrays[f"{name}/{key}"].copy()) for key in part.state_dict()})
        for name, optimizer in (("optimizer", self.optimizer), ("judging", self.judging)):
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in arrays.items():
                owner, _, rest = key.partition("/")
                if owner == name:
                    index, _, what = rest.partition("/")
                    state.setdefault(int(index), {})[what] = torch.from_numpy(np.array(value))
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        self.count, self.figures = facts["count"], facts["figures"]

    def _parts(self) -> Sequence[tuple[str, nn.Module]]:
        return ("net", self.net), ("encoder", self.encoder), ("critic", self.critic)
