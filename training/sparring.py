"""Goes on with the guide, against pictures that fool it: ``python -m training.sparring --data DIR --out DIR``, after the guide.

A search that has nothing to hold to but an encoder finds marks in which that encoder sees everything and nobody else sees anything.
So the guide meets such pictures while it still learns. A pool of drawings made of triangles follows its gradients toward
captions, each a few steps whenever it is its turn (a persistent pool, as energy-based models have: Du & Mordatch 2019,
arXiv:1903.08689), and the guide learns that they show nothing in particular, while the true picture of the same caption, pushed
against it by a step, still does (Goodfellow et al. 2015). What is left of its gradients leads to pictures that others
recognize too (Santurkar et al. 2019, arXiv:1906.09453).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from creativity.models.encoders.towers import SIZE, TextTower
from creativity.models.encoders.wordpieces import PADDING
from creativity.renderers import raster
from training.composer import COLOURS, SHAPES, SPOKEN, Scenes, load
from training.guide import (
    SHARES,
    SMOOTHING,
    TAUGHT,
    WITH_SCENES,
    Examination,
    Guide,
    adamw,
    batch,
    contrast,
    export,
    follow,
    keep,
    load_small,
    neighbours,
    restored,
    taught_words,
    widened,
)
from training.vocabulary import vocabulary

STEPS, RATE, WARM_UP, AVERAGE = 1200, 4e-4, 60, 0.996
BATCH = 192
PUSH = 1.5
"""How far true pictures are pushed at most (L2, of the whole picture)."""
SHARE = 0.5
"""What ships lies so far on the way from the guide as it came to the guide as it left: it keeps what both know (Wortsman et al. 2022,
arXiv:2109.01903)."""
NOTHING = 0.15
"""Weight of seeing nothing in particular in what was made to fool."""


class Pool:
    """Drawings of triangles that follow an encoder toward captions, each with the true picture of its caption."""

    size, turn, climb, life = 256, 64, 6, 150
    """How many, how many at once, steps in a turn, and steps in a life."""
    marks, side = 60, 64

    def __init__(self, random: np.random.Generator):
        self.random = random
        self.corners = self.marks * 6
        self.numbers = self.marks * 10 + 3
        self.genomes = torch.zeros(self.size, self.numbers)
        self.moments = torch.zeros(2, self.size, self.numbers)
        self.age = torch.from_numpy(random.integers(0, self.life, self.size))
        self.captions = torch.full((self.size, TextTower.limit), PADDING)
        self.pictures = torch.zeros(self.size, 3, SIZE, SIZE)
        self.begun = torch.zeros(self.size, dtype=torch.bool)

    def next(self, images: Tensor, captions: Tensor) -> Tensor:
        """Whose turn it is, (turn,); those that are old begin again, with captions (B, L) of these pictures (B, 3, SIZE, SIZE)."""
        rows = torch.from_numpy(self.random.choice(self.size, self.turn, replace=False))
        for row in rows[~self.begun[rows] | (self.age[rows] >= self.life)].tolist():
            at = int(self.random.integers(len(images)))
            self.captions[row], self.pictures[row] = captions[at], images[at]
            self.genomes[row] = torch.from_numpy(self._newborn())
            self.moments[:, row] = 0
            self.age[row], self.begun[row] = 0, True
        return rows

    def _newborn(self) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        random, n = self.random, self.marks
        corners = random.random((n, 1, 2)) + random.uniform(0.05, 0.3, (n, 1, 1)) * random.normal(0, 1, (n, 3, 2))
        parts = (corners.ravel(), random.uniform(0.1, 0.9, n * 3), np.full(n, 0.3), random.uniform(0.2, 1, 3))
        return np.concatenate(parts).astype(np.float32)

    def drawn(self, genomes: Tensor, side: int) -> Tensor:
        """(B, 3, side, side)."""
        corners, colours, opacities, ground = genomes.split([self.corners, self.marks * 3, self.marks, 3], 1)  # type: ignore[no-untyped-call]
        outlines = raster.Outlines.regular(
            corners.reshape(-1, self.marks, 3, 2) * side,
            colours.reshape(-1, self.marks, 3),
            opacities,
            torch.cat([ground, torch.ones_like(ground[:, :1])], 1),
        )
        return raster.render(outlines, (side, side))[:, :3]

    def seen(self, genomes: Tensor) -> Tensor:
        """As an encoder sees them (B, 3, SIZE, SIZE): a part of the picture, or more than it, the border going on."""
        pictures, scale = self.drawn(genomes, self.side), self.random.uniform(0.7, 1.6)
        if scale < 1:
            side = int(scale * self.side)
            top, left = self.random.integers(0, self.side - side + 1, 2)
            pictures = pictures[:, :, top : top + side, left : left + side]
        elif scale > 1.1:
            edge = int((scale - 1) * self.side / 2)
            pictures = F.pad(pictures, (edge,) * 4, mode="replicate")
        return F.interpolate(pictures, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)

    def improve(self, guide: Guide, rows: Tensor, captions: Tensor, own: Tensor, scale: Tensor) -> None:
        """Some steps of Adam toward captions (U, E), of which ``own`` (turn,) are theirs: nearer to these than to the others."""
        genomes = self.genomes[rows]
        for _ in range(self.climb):
            genomes = genomes.detach().requires_grad_(True)
            pictures = self.seen(genomes)
            noise = 0.05 * torch.from_numpy(self.random.standard_normal(pictures.shape, dtype=np.float32))
            cosines = guide.images(pictures + noise) @ captions.T
            theirs = cosines.gather(1, own[:, None])[:, 0]
            others = (scale * cosines).scatter(1, own[:, None], -1e4).logsumexp(1)
            (slope,) = torch.autograd.grad((1 - theirs + F.softplus(others - scale * theirs)).sum(), genomes)
            self.age[rows] += 1
            age = self.age[rows][:, None].float()
            first, second = self.moments[0, rows].lerp(slope, 0.1), self.moments[1, rows].lerp(slope**2, 0.02)
            self.moments[0, rows], self.moments[1, rows] = first, second
            step = (first / (1 - 0.9**age)) / ((second / (1 - 0.98**age)).sqrt() + 1e-8)
            genomes = genomes.detach() - 0.015 * step
            genomes[:, self.corners :].clamp_(0, 1)
            genomes[:, -3 - self.marks : -3].clamp_(max=0.6)
        self.genomes[rows] = genomes


def settled(guide: Guide) -> None:
    """To learn with, its batch normalisations held: what fools is not like other pictures, and they must not follow it."""
    guide.train()
    for module in guide.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def between(before: dict[str, Tensor], after: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: here.lerp(after[name], SHARE) if here.is_floating_point() else here for name, here in before.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    pieces, table = vocabulary(args.data / "minilm", TextTower.inside)
    guide, average, shipped = Guide(table), Guide(table), Guide(table)
    begun = torch.load(args.out / "guide.pt", weights_only=True)["average"]
    guide.load_state_dict(begun)
    average.load_state_dict(begun)
    guide.image.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer, saved = adamw(guide, RATE), args.out / "sparring.pt"
    step = restored(saved, guide, average, optimizer)
    torch.manual_seed(args.seed + step)
    pool = Pool(np.random.default_rng([args.seed, step]))  # where it was stopped it begins with a fresh pool
    stored = json.loads((args.data / "scenes.json").read_text())
    scenes = Scenes(np.load(args.data / "scenes.npz")["pixels"], stored["captions"], stored["places"])
    composer = load(args.data, "guide", args.seed + 986 + 1000 * step, scenes)
    exam = Examination(args.data, load_small(composer, args.seed + 73), pieces)
    captions = [caption for d in composer.icons for caption in d["captions"]]  # type: ignore[attr-defined]
    texts, vectors = taught_words(args.data, args.out, pieces, list(dict.fromkeys(captions)))
    taught = pieces.encode(texts, TextTower.limit)
    composer.neighbours = neighbours(composer, texts, vectors)
    spoken = [*COLOURS, *SHAPES, *SPOKEN, *(scene for said in scenes.captions for scene in said)]
    redrawn = np.load(args.data / "redrawn.npz")["pixels"], json.loads((args.data / "redrawn.json").read_text())
    start, since, losses = time.monotonic(), step, []
    while step < STEPS:
        step += 1
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(step / WARM_UP, 0.5 + 0.5 * math.cos(math.pi * step / STEPS) + 0.01)
        settled(guide)
        images, columns, positive = batch(composer, pieces, SIZE, SHARES | WITH_SCENES, redrawn, BATCH)
        columns = widened(columns)
        rows = pool.next(images, columns[positive.argmax(1)])
        columns, place = torch.cat([columns, pool.captions[rows]]).unique(dim=0, return_inverse=True)
        own = place[-len(rows) :]
        true = torch.zeros(BATCH + len(rows), len(columns))
        true[:BATCH].index_add_(1, place[: -len(rows)], positive)
        true[BATCH + torch.arange(len(rows)), own] = 1
        images = torch.cat([images, pool.pictures[rows]])
        some = torch.from_numpy(composer.random.integers(len(texts), size=96))
        words = guide.texts(torch.cat([columns, widened(taught[some])]))
        said, heard = words[: len(columns)], words[len(columns) :]
        scale = guide.log_scale.exp().clamp(max=60)
        pool.improve(guide, rows, said.detach(), own, scale.detach())
        with torch.no_grad():
            fakes = pool.seen(pool.genomes[rows]).clamp(0, 1)
        images.requires_grad_(True)
        (slope,) = torch.autograd.grad(contrast(guide.images(images), said.detach(), true, scale.detach()), images)
        far = PUSH * torch.rand(len(images), 1, 1, 1)
        images = (images + far * F.normalize(slope.flatten(1), dim=1).view_as(images)).clamp(0, 1).detach()
        seen = guide.images(torch.cat([images, fakes]))
        logits, false = (scale * seen @ said.T).split([len(images), len(fakes)])  # type: ignore[no-untyped-call]
        target = true / true.sum(1, keepdim=True) * (1 - SMOOTHING) + SMOOTHING / len(columns)
        of_pictures = -target.mul(logits.log_softmax(1)).sum(1).mean()
        described = true.any(0)
        target = (true / true.sum(0).clamp_min(1))[:, described]
        of_captions = -target.mul(torch.cat([logits, false])[:, described].log_softmax(0)[: len(images)]).sum(0).mean()
        of_nothing = -false.log_softmax(1).mean() - math.log(len(columns))
        lesson = 1 - F.cosine_similarity(guide.taught(heard), vectors[some]).mean()
        loss = (of_pictures + of_captions) / 2 + NOTHING * of_nothing + TAUGHT * lesson
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(guide.parameters(), 1.0)
        optimizer.step()
        follow(average, guide, min(AVERAGE, (step + 1) / (step + 10)))
        losses.append((of_pictures.item(), of_captions.item(), of_nothing.item(), lesson.item()))
        if step % 50 == 0:
            words_of_it = ", ".join(f"{value:.3f}" for value in np.mean(losses, 0))
            pace = (time.monotonic() - start) / (step - since)
            print(f"step {step}/{STEPS} pictures, captions, nothing, taught: {words_of_it}; {pace:.1f} s each", flush=True)
            losses = []
        if step % 150 == 0 or step == STEPS:
            keep(saved, guide, average, optimizer, step)
            shipped.load_state_dict(between(begun, average.state_dict()))
            print(step, {k: round(v, 3) for k, v in exam(shipped, SIZE).items()}, flush=True)
            export(shipped, pieces, captions + spoken, args.out / "guide.safetensors")


if __name__ == "__main__":
    main()
