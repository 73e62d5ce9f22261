"""Trains the judge. ``python -m training.judge --data DIR --out DIR --minutes 85``; started again, it goes on where it was."""

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
from torch import Tensor, nn

from training.judge.composer import Composer, Picture, kept
from training.judge.tower import Judge

BATCH, RATE, WARM_UP, DECAY, AVERAGE, SMOOTHING, MOST_WRONG = 256, 1.6e-3, 200, 0.05, 0.9995, 0.05, 120
SIDES = ((0.6, 32), (1.0, 64))
"""Up to which part of the time the pictures have which side."""
REDRAWN = 0.12


def contrast(images: Tensor, texts: Tensor, right: Tensor, open_: Tensor, scale: Tensor) -> Tensor:
    """Cross entropy both ways over unique captions.

    ``right`` (B,) is each picture's column; columns beyond those are wrong for all; ``open_`` (B, U) is true where a caption could be said
    of a picture though another was: it is neither right nor wrong.
    """
    logits = (scale * images @ texts.T).masked_fill(open_, -1e4)
    smooth = SMOOTHING / (~open_).sum(1, keepdim=True)
    said = int(right.max()) + 1
    chosen = F.one_hot(right, texts.shape[0]).float()
    rows = ((1 - SMOOTHING) * chosen + smooth * ~open_).mul(logits.log_softmax(1)).sum(1).mean()
    share = chosen[:, :said] / chosen[:, :said].sum(0)
    allowed = ~open_[:, :said]
    columns = ((1 - SMOOTHING) * share + SMOOTHING * allowed / allowed.sum(0)).mul(logits[:, :said].log_softmax(0)).sum(0).mean()
    return -(rows + columns) / 2


def batch(composer: Composer, side: int) -> tuple[Tensor, list[str], Tensor, Tensor]:
    """Pictures (B, 3, side, side), their unique captions, then wrong ones, each picture's column (B,), what else could be said (B, U)."""
    pictures = composer.pictures(BATCH)
    pixels = composer.render(pictures, side)
    captions = [picture.caption for picture in pictures]
    r = composer.random
    if composer.redrawn is not None:
        stored, said, free = composer.redrawn
        rows, which = r.choice(BATCH, int(REDRAWN * BATCH), replace=False), r.choice(free, int(REDRAWN * BATCH))
        marks = torch.from_numpy(stored[which]).permute(0, 3, 1, 2).float() / 255
        pixels[rows] = (
            (F.interpolate(marks, (side, side), mode="bilinear", antialias=True, align_corners=False) if side < 64 else marks)
            .permute(0, 2, 3, 1)
            .numpy()
        )
        for row, n in zip(rows, which, strict=True):
            captions[row], pictures[row] = said[n], Picture(said[n])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    gain, shift, noise = (
        torch.from_numpy(r.uniform(a, b, (BATCH, 1, 1, 1)).astype(np.float32)) for a, b in ((0.85, 1.12), (-0.05, 0.05), (0, 0.05))
    )
    images = (images - 0.5) * gain + 0.5 + shift + noise * torch.from_numpy(r.standard_normal(images.shape, dtype=np.float32))
    unique = {text: n for n, text in enumerate(dict.fromkeys(captions))}
    wrong = [text for text in dict.fromkeys(text for picture in pictures for text in picture.wrong) if text not in unique]
    columns = [*unique, *(wrong[n] for n in r.permutation(len(wrong))[:MOST_WRONG])]
    number = {text: n for n, text in enumerate(columns)}
    right, open_ = torch.tensor([unique[text] for text in captions]), torch.zeros(BATCH, len(columns), dtype=torch.bool)
    for n, picture in enumerate(pictures):
        open_[n, [number[text] for text in picture.also if text in number]] = True
    open_[torch.arange(BATCH), right] = False
    return images.clamp(0, 1).contiguous(memory_format=torch.channels_last), columns, right, open_


class Retrieval:
    """Names of an emoji family that is never trained on, looked for among its pictures."""

    def __init__(self, data: Path):
        described = json.loads((data / "icons-test.json").read_text())
        first: dict[str, int] = {}
        for n, one in enumerate(described):
            if one["family"] == "twemoji":
                first.setdefault(one["captions"][0], n)
        stored = torch.from_numpy(np.load(data / "icons-test.npy", mmap_mode="r")[list(first.values())]).permute(0, 3, 1, 2).float() / 255
        self.images, self.names = stored[:, :3] * stored[:, 3:] + 1 - stored[:, 3:], list(first)

    @torch.no_grad()
    def __call__(self, judge: Judge) -> dict[str, float]:
        images = torch.cat([judge.images(part) for part in torch.split(self.images, 256)])
        similar = judge.texts(self.names) @ images.T
        rank = (similar > similar.diagonal()[:, None]).sum(1)
        return {f"R@{k}": round((rank < k).float().mean().item(), 3) for k in (1, 5, 10)}


def average(mean: nn.Module, now: nn.Module, keep: float) -> None:
    with torch.no_grad():
        for a, b in zip(mean.state_dict().values(), now.state_dict().values(), strict=True):
            if a.is_floating_point():
                a.lerp_(b, 1 - keep)


def find_redrawn(data: Path) -> tuple[np.ndarray, list[str], np.ndarray] | None:
    """Pictures made of marks, their captions, and the numbers of those that no test keeps."""
    if not (data / "redrawn-judge.json").exists():
        return None
    captions = json.loads((data / "redrawn-judge.json").read_text())
    return np.load(data / "redrawn-judge.npy", mmap_mode="r"), captions, np.array([n for n, text in enumerate(captions) if not kept(text)])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=102, help="of training in all; rate and size of the pictures follow it")
    parser.add_argument("--seed", type=int, default=2)
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    saved = args.out / "judge.pt"
    judge, mean = Judge(), Judge()
    mean.load_state_dict(judge.state_dict())
    judge.pictures.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    heavy = [p for n, p in judge.named_parameters() if p.ndim >= 2 and "table" not in n and "place" not in n]
    light = [p for n, p in judge.named_parameters() if p.ndim < 2 or "table" in n or "place" in n]
    optimizer = torch.optim.AdamW(
        [{"params": heavy, "weight_decay": DECAY}, {"params": light, "weight_decay": 0.0}], RATE, betas=(0.9, 0.98), fused=True
    )
    step, spent = 0, 0.0
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        judge.load_state_dict(state["judge"])
        mean.load_state_dict(state["mean"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["spent"]
    composer = Composer(args.data, args.seed + 7919 * step)
    retrieval = Retrieval(args.data)
    composing, losses, looked = 0.0, [], time.monotonic()
    last, stored = looked, looked
    done = spent / (60 * args.minutes)
    while done < 1:
        side = next(side for until, side in SIDES if done < until)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min((step + 1) / WARM_UP, 0.5 + 0.5 * math.cos(math.pi * done) + 0.005)
        if composer.redrawn is None and step % 200 == 0:
            composer.redrawn = find_redrawn(args.data)
        began = time.monotonic()
        images, captions, right, open_ = batch(composer, side)
        composing += time.monotonic() - began
        judge.train()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            seen, said = judge.images(images), judge.texts(captions)
        loss = contrast(seen, said, right, open_, judge.log_scale.exp().clamp(max=50))
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
        optimizer.step()
        average(mean, judge, min(AVERAGE, (step + 1) / (step + 10)))
        step += 1
        losses.append(loss.item())
        now = time.monotonic()
        spent, last = spent + now - last, now
        done = spent / (60 * args.minutes)
        if step % 100 == 0:
            rate, scale = len(losses) * BATCH / (now - looked), judge.log_scale.exp().item()
            report = f"loss {np.mean(losses):.3f} scale {scale:.1f} {rate:.0f}/s, composing {composing / (now - looked):.2f}"
            print(f"step {step} {100 * done:.1f} % side {side} {report}", flush=True)
            losses, composing, looked = [], 0.0, now
        if now - stored > 240 or done >= 1:
            torch.save(
                {"judge": judge.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "spent": spent},
                saved.with_suffix(".part"),
            )
            saved.with_suffix(".part").replace(saved)
            mean.eval()
            mean.save(args.out / "judge.safetensors")
            print(f"step {step} twemoji {retrieval(mean)}", flush=True)
            stored = time.monotonic()


if __name__ == "__main__":
    main()
