"""Trains the guide, the encoder that ships, which `training.sparring` finishes: ``python -m training.guide --data DIR --out DIR``; started
again, it goes on where it was.

Contrastive over unique captions (equal captions are one; Radford et al., 2021), with captions that are nearly right as further columns,
and a teacher's view of words distilled into the text vectors, so that a word no picture had lands beside its like.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from creativity.models.encoders.towers import WIDTH, ImageTower, TextTower
from creativity.models.encoders.wordpieces import PADDING, SPECIAL, WordPieces, words
from creativity.models.weights import pack
from training.composer import COLOURS, SHAPES, SPOKEN, Composer, Scenes, load, unseen
from training.vocabulary import Teacher, vocabulary

BATCH = 256
STAGES = ((32, 2000, 0.0), (48, 950, 0.0), (64, 250, 0.0), (64, 100, 1.0))
"""Side in pixels, steps of a batch each, and how far (L2, of the whole picture) the pictures are pushed against the encoder
(Goodfellow et al., 2015)."""
RATE, WARM_UP, DECAY, AVERAGE = 1.6e-3, 200, 0.05, 0.9993
SMOOTHING, TAUGHT, MOST_WRONG = 0.05, 1.5, 110
SHARES = {
    "emoji": 0.46,
    "emoji_mono": 0.05,
    "mono": 0.12,
    "clipart": 0.06,
    "shape": 0.06,
    "count": 0.06,
    "relation": 0.08,
    "inside": 0.02,
    "pattern": 0.03,
}
WITH_SCENES = {"scene": 0.05, "things_in_scene": 0.04}


class Guide(nn.Module):
    def __init__(self, table: Tensor):
        super().__init__()
        self.image, self.text = ImageTower(norm=True), TextTower(len(table))
        self.text.table = nn.Embedding.from_pretrained(table.clone(), freeze=False, padding_idx=PADDING)
        self.taught = nn.Linear(WIDTH, 384)
        self.log_scale = nn.Parameter(torch.tensor(math.log(10.0)))

    def images(self, images: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            vectors = self.image(images)
        return F.normalize(vectors.float(), dim=1)

    def texts(self, pieces: Tensor) -> Tensor:
        """In two parts, the short and the long, since most of a common padded block would be padding."""
        lengths = (pieces != PADDING).sum(1)
        out = torch.empty(len(pieces), WIDTH)
        parts = []
        for rows in lengths.argsort().tensor_split(3):
            if len(rows):
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    parts.append((rows, self.text(pieces[rows, : int(lengths[rows].max())])))
        out = out.index_copy(0, torch.cat([rows for rows, _ in parts]), torch.cat([vectors.float() for _, vectors in parts]))
        return F.normalize(out, dim=1)


def contrast(images: Tensor, texts: Tensor, positive: Tensor, scale: Tensor) -> Tensor:
    """Cross entropy both ways; ``positive`` (B, U) marks the caption of each picture; columns without a picture are negatives only."""
    logits = scale * images @ texts.T
    target = positive / positive.sum(1, keepdim=True)
    rows = -(target * (1 - SMOOTHING) + SMOOTHING / target.shape[1]).mul(logits.log_softmax(1)).sum(1).mean()
    described = positive.any(0)
    target = (positive / positive.sum(0).clamp_min(1))[:, described]
    columns = -(target * (1 - SMOOTHING) + SMOOTHING / len(target)).mul(logits[:, described].log_softmax(0)).sum(0).mean()
    return (rows + columns) / 2


def batch(
    composer: Composer,
    pieces: WordPieces,
    side: int,
    shares: dict[str, float],
    redrawn: tuple[np.ndarray, list[str]] | None,
    count: int = BATCH,
) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures (B, 3, side, side), the word pieces of their unique captions and of wrong ones (U, L), and which caption is whose (B, U)."""
    pictures = composer.pictures(count, shares)
    images = composer.render(pictures, side)
    captions = [picture.caption for picture in pictures]
    if redrawn is not None:  # some of the pictures give way to ones that are made of marks
        stored, said = redrawn
        for row in composer.random.choice(count, 30, replace=False):
            number = int(composer.random.integers(len(stored)))
            pixels = torch.from_numpy(np.ascontiguousarray(stored[number])).float()[None] / 255
            images[row] = F.interpolate(pixels, size=(side, side), mode="area" if side < 64 else "bilinear")[0]
            captions[row] = said[number]
    gain = torch.from_numpy(composer.random.uniform(0.8, 1.15, (count, 1, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(composer.random.uniform(0, 0.06, (count, 1, 1, 1)).astype(np.float32))
    seed = int(composer.random.integers(2**31))
    images = ((images - 0.5) * gain + 0.5 + noise * torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))).clamp(0, 1)
    right = dict.fromkeys(captions)
    wrong = [text for picture in pictures for text in picture.wrong if text not in right]
    columns = [*right, *list(dict.fromkeys(wrong))[:MOST_WRONG]]
    number = {text: n for n, text in enumerate(columns)}
    positive = torch.zeros(count, len(columns))
    positive[torch.arange(count), torch.tensor([number[text] for text in captions])] = 1
    return images, pieces.encode(columns, TextTower.limit), positive


def widened(pieces: Tensor) -> Tensor:
    """Rows of word pieces, padded to the limit, so that those of two lists fit together."""
    return F.pad(pieces, (0, TextTower.limit - pieces.shape[1]), value=PADDING)


def taught_words(data: Path, out: Path, pieces: WordPieces, captions: Sequence[str]) -> tuple[list[str], Tensor]:
    """Words and captions with the teacher's vectors of them; kept in a file, as it takes a minute."""
    nouns = (data / "nouns.txt").read_text().split("\n") if (data / "nouns.txt").exists() else []
    texts = list(dict.fromkeys([*captions, *(noun for noun in nouns if noun), *(p for p in pieces.pieces if p.isalpha() and len(p) > 2)]))
    file, key = out / "taught.safetensors", out / "taught.json"
    if key.exists() and json.loads(key.read_text()) == texts:
        return texts, load_file(file)["vectors"].float()
    vectors = Teacher(data / "minilm").encode(texts)
    save_file({"vectors": vectors.half()}, file)
    key.write_text(json.dumps(texts))
    return texts, vectors


def neighbours(composer: Composer, texts: list[str], vectors: Tensor, count: int = 40) -> np.ndarray:
    """For each emoji those whose names mean nearly the same, by the teacher (N, count)."""
    at = {text: n for n, text in enumerate(texts)}
    names = [composer.icons[int(n)]["captions"][0] for n in composer.emoji]  # type: ignore[index]
    theirs = vectors[[at[name] for name in names]]
    near = [(part @ theirs.T).topk(count, 1).indices for part in theirs.split(1024)]
    return composer.emoji[torch.cat(near).numpy()]


@torch.no_grad()
def ranks(images: Tensor, texts: Tensor, right: Tensor) -> Tensor:
    """For each text the rank (from 0) of its best right picture; ``right`` (T, B)."""
    similarity = texts @ images.T
    best = similarity.masked_fill(~right, -2).max(1, keepdim=True).values
    return (similarity > best).sum(1)


class Examination:
    """What is measured on the way: an emoji family never seen, compositions never seen, and captions against their swaps."""

    def __init__(self, data: Path, composer: Composer, pieces: WordPieces):
        described = json.loads((data / "icons-test.json").read_text())
        rows = [n for n, d in enumerate(described) if d["family"] == "twemoji" and d["emoji"]]
        first = {described[n]["captions"][0]: n for n in reversed(rows)}
        stored = torch.from_numpy(np.load(data / "icons-test.npy", mmap_mode="r")[list(first.values())]).permute(0, 3, 1, 2).float() / 255
        self.emoji = stored[:, :3] * stored[:, 3:] + 1 - stored[:, 3:]
        self.names = pieces.encode(list(first), TextTower.limit)
        self.pictures, self.wrong = [], []
        said: set[str] = set()
        for kind in ("shape", "count", "relation", "inside", "pattern"):
            found = 0
            for _ in range(20000):
                made = getattr(composer, kind)()
                for picture in made if isinstance(made, list) else [made]:
                    if unseen(picture.caption) and picture.caption not in said and found < 150:
                        said.add(picture.caption)
                        self.pictures.append(picture)
                        found += 1
                        if picture.wrong and kind in ("shape", "count", "relation"):
                            self.wrong.append((kind, len(self.pictures) - 1, picture.wrong[0]))
                if found >= 150:
                    break
        self.composer = composer
        self.captions = pieces.encode([picture.caption for picture in self.pictures], TextTower.limit)
        self.swapped = pieces.encode([text for _, _, text in self.wrong], TextTower.limit)

    @torch.no_grad()
    def __call__(self, guide: Guide, side: int) -> dict[str, float]:
        guide.eval()

        def see(images: Tensor) -> Tensor:
            return torch.cat([guide.images(part) for part in images.split(256)])

        out: dict[str, float] = {}
        emoji = see(F.interpolate(self.emoji, size=(side, side), mode="area") if side < 64 else self.emoji)
        procedural = see(self.composer.render(self.pictures, side))
        captions = guide.texts(self.captions)
        for name, images, texts in (("twemoji", emoji, guide.texts(self.names)), ("procedural", procedural, captions)):
            rank = ranks(images, texts, torch.eye(len(texts), dtype=torch.bool))
            out |= {f"{name} R@{k}": (rank < k).float().mean().item() for k in (1, 5, 10)}
        swapped = guide.texts(self.swapped)
        for kind in ("shape", "count", "relation"):
            rows = [(n, index) for n, (k, index, _) in enumerate(self.wrong) if k == kind]
            better = [float(procedural[i] @ captions[i] > procedural[i] @ swapped[n]) for n, i in rows]
            out[f"{kind} told"] = sum(better) / max(len(better), 1)
        guide.train()
        return out


def adamw(guide: Guide, rate: float) -> torch.optim.AdamW:
    """Weights decay, biases and scales do not."""
    plain = [p for p in guide.parameters() if p.ndim < 2]
    weights = [p for p in guide.parameters() if p.ndim >= 2]
    return torch.optim.AdamW([{"params": weights, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}], rate, betas=(0.9, 0.98))


def restored(saved: Path, guide: Guide, average: Guide, optimizer: torch.optim.Optimizer) -> int:
    """The step that a training was stopped at, all of it as it was then; 0 where nothing is saved."""
    if not saved.exists():
        return 0
    state = torch.load(saved, weights_only=True)
    guide.load_state_dict(state["guide"])
    average.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def keep(saved: Path, guide: Guide, average: Guide, optimizer: torch.optim.Optimizer, step: int) -> None:
    state = {"guide": guide.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
    torch.save(state, saved.with_suffix(".part"))
    saved.with_suffix(".part").replace(saved)


@torch.no_grad()
def follow(average: Guide, guide: Guide, inertia: float) -> None:
    """Moves an average of a guide's numbers toward what they are now."""
    for mean, now in zip(average.state_dict().values(), guide.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, 1 - inertia)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    pieces, table = vocabulary(args.data / "minilm", TextTower.inside)
    guide, average = Guide(table), Guide(table)
    average.load_state_dict(guide.state_dict())
    guide.image.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = adamw(guide, RATE)
    saved = args.out / "guide.pt"
    total, step = sum(steps for _, steps, _ in STAGES), restored(saved, guide, average, optimizer)
    scenes = None
    if (args.data / "scenes.npz").exists():
        stored = json.loads((args.data / "scenes.json").read_text())
        scenes = Scenes(np.load(args.data / "scenes.npz")["pixels"], stored["captions"], stored["places"])
    composer = load(args.data, "guide", args.seed + 1000 * step, scenes)
    exam = Examination(args.data, load_small(composer, args.seed + 77), pieces)
    captions = [caption for d in composer.icons for caption in d["captions"]]  # type: ignore[attr-defined]
    texts, vectors = taught_words(args.data, args.out, pieces, list(dict.fromkeys(captions)))
    taught = pieces.encode(texts, TextTower.limit)
    composer.neighbours = neighbours(composer, texts, vectors)
    spoken = (
        [*COLOURS, *SHAPES, *SPOKEN, *(scene for said in scenes.captions for scene in said)] if scenes else [*COLOURS, *SHAPES, *SPOKEN]
    )
    shares = SHARES | (WITH_SCENES if scenes else {})
    redrawn = None
    start, since, losses = time.monotonic(), step, []
    while step < total:
        if step % 500 == 0 and redrawn is None and (args.data / "redrawn.json").exists():
            redrawn = np.load(args.data / "redrawn.npz")["pixels"], json.loads((args.data / "redrawn.json").read_text())
        side, push = stage(step)
        rate = RATE * min((step + 1) / WARM_UP, 0.5 + 0.5 * math.cos(math.pi * step / total) + 0.01)
        for group in optimizer.param_groups:
            group["lr"] = rate
        images, columns, positive = batch(composer, pieces, side, shares, redrawn)
        some = torch.from_numpy(composer.random.integers(len(texts), size=96))
        words = guide.texts(torch.cat([widened(columns), widened(taught[some])]))
        said, heard = words[: len(columns)], words[len(columns) :]
        scale = guide.log_scale.exp().clamp(max=60)
        if push:
            images.requires_grad_(True)
            (slope,) = torch.autograd.grad(contrast(guide.images(images), said.detach(), positive, scale.detach()), images)
            images = (images + push * F.normalize(slope.flatten(1), dim=1).view_as(images)).clamp(0, 1).detach()
        loss = contrast(guide.images(images), said, positive, scale)
        lesson = 1 - F.cosine_similarity(guide.taught(heard), vectors[some]).mean()
        optimizer.zero_grad(set_to_none=True)
        (loss + TAUGHT * lesson).backward()
        nn.utils.clip_grad_norm_(guide.parameters(), 1.0)
        optimizer.step()
        follow(average, guide, min(AVERAGE, (step + 1) / (step + 10)))
        step += 1
        losses.append((loss.item(), lesson.item()))
        if step % 50 == 0:
            a, b = np.mean(losses, 0)
            rate = (step - since) * BATCH / (time.monotonic() - start)
            print(f"step {step}/{total} side {side} loss {a:.3f} taught {b:.3f} scale {scale.item():.1f} {rate:.0f}/s", flush=True)
            losses = []
        if step % 500 == 0 or step == total:
            keep(saved, guide, average, optimizer, step)
            print(step, {k: round(v, 3) for k, v in exam(average, side).items()}, flush=True)
            export(average, pieces, captions + spoken, args.out / "guide.safetensors")
            start, since = time.monotonic(), step


def stage(step: int) -> tuple[int, float]:
    """How large the pictures of a step are, and how far they are pushed."""
    return next((side, push) for n, (side, _, push) in enumerate(STAGES) if step < sum(steps for _, steps, _ in STAGES[: n + 1]))


def folded(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The image tower with its batch normalisations folded into the convolutions before them."""
    out = dict(state)
    for name in [name for name in state if name.endswith(".1.running_var")]:
        at = name.removesuffix(".1.running_var")
        gain = out.pop(f"{at}.1.weight") / (out.pop(name) + 1e-5).sqrt()
        out[f"{at}.weight"] = out.pop(f"{at}.0.weight") * gain[:, None, None, None]
        out[f"{at}.bias"] = out.pop(f"{at}.1.bias") - out.pop(f"{at}.1.running_mean") * gain
        del out[f"{at}.1.num_batches_tracked"]
    return out


def export(average: Guide, pieces: WordPieces, captions: Sequence[str], path: Path) -> None:
    """The file that ships: both towers, the vocabulary, and the words that captions had."""
    known = sorted({word for caption in captions for word in words(caption) if word.isalnum()})
    tensors = pack(
        folded({f"image.{k}": v for k, v in average.image.state_dict().items()})
        | {f"text.{k}": v for k, v in average.text.state_dict().items()}
    )
    for name, lines in (("pieces", pieces.pieces[len(SPECIAL) :]), ("words", known)):
        tensors[name] = torch.frombuffer(bytearray("\n".join(lines).encode()), dtype=torch.uint8)
    save_file(tensors, path, {"scale": str(average.log_scale.exp().item())})


def load_small(composer: Composer, seed: int) -> Composer:
    """The same icons with another stream of chances."""
    other = object.__new__(Composer)
    other.__dict__.update(composer.__dict__)
    other.random = np.random.default_rng(seed)
    return other


if __name__ == "__main__":
    main()
