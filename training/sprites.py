"""Trains the sprites: noun and style -> a picture with alpha. ``python -m training.sprites --data DIR --out DIR``; goes on where it was.

Icons are brought to one frame, the plain ones coloured as their concept is, and a small net learns to give the coefficients of each in the
principal components of all (Turk and Pentland, 1991).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from safetensors.torch import save
from scipy import ndimage
from torch import Tensor, nn

from creativity.files import write_atomically
from creativity.models.priors.colours import colour
from creativity.models.priors.sprites import SIDE, Finish, SpriteNet, packed, premultiplied
from training.concepts import COLOURED, Concept, concepts, icons, matched

MARGIN = 2
"""Pixels that stay free around a sprite."""
UNKNOWN = (0.55, 0.55, 0.62)
"""The colour of what no coloured icon shows and the list does not tell."""
COMPONENTS, STEPS, BATCH, RATE = 576, 12000, 512, 2.5e-3
FINISHING, FINISH_BATCH, FINISH_RATE = 3000, 48, 2e-3
GHOSTS = 0.25
"""How much of another style, at the most, the finish learns to take away."""
Floats = npt.NDArray[np.float32]


def framed(straight: Floats) -> Floats:
    """A picture (S, S, 4), its thing brought to fill the frame: (SIDE, SIDE, 4), premultiplied."""
    alpha = straight[..., 3:]
    image = np.concatenate([straight[..., :3] * alpha, alpha], -1)
    rows, columns = (np.flatnonzero(alpha[..., 0].max(axis) > 0.1) for axis in (1, 0))
    if not len(rows):
        return np.zeros((SIDE, SIDE, 4), np.float32)
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    half = max(bottom - top, right - left) / 2 * SIDE / (SIDE - 2 * MARGIN)
    side = len(image)
    at = (torch.arange(2 * SIDE) + 0.5) / SIDE - 1
    y, x = ((top + bottom) / 2 + half * at) / side * 2 - 1, ((left + right) / 2 + half * at) / side * 2 - 1
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1).float()
    picture = F.grid_sample(torch.from_numpy(image).permute(2, 0, 1)[None], grid[None], padding_mode="zeros", align_corners=False)
    return np.ascontiguousarray(F.avg_pool2d(picture, 2)[0].permute(1, 2, 0).numpy())


def main_colour(straight: Floats) -> Floats:
    """The colour that most of a picture (S, S, 4) has, the vivid ones counting more."""
    seen = straight[straight[..., 3] > 0.6][:, :3]
    if not len(seen):
        return np.array(UNKNOWN, np.float32)
    vivid = seen.max(1) - seen.min(1)
    bins = (seen * 5.999).astype(int) @ np.array([36, 6, 1])
    weights = np.bincount(bins, 0.15 + vivid, 216)
    return np.asarray(seen[bins == weights.argmax()].mean(0), np.float32)


def coloured(straight: Floats, main: Floats) -> Floats:
    """A plain icon (S, S, 4), black lines or masses, as a drawing in one colour: what lines enclose is filled, masses get light holes."""
    grey = 1 - straight[..., :3].mean(-1)  # some have a grey second tone
    ink = straight[..., 3] * np.clip(grey * 1.6 - 0.4, 0, 1)
    cover = straight[..., 3]
    outside, _ = ndimage.label(np.pad(cover < 0.4, 1, constant_values=True))
    inside = np.clip(ndimage.gaussian_filter((outside != outside[0, 0])[1:-1, 1:-1].astype(np.float32), 0.5), 0, 1)
    alpha = np.maximum(cover, inside)
    lines = ink.sum() < 0.62 * alpha.sum()
    dark, light = main * 0.22, 0.75 + 0.25 * main
    pale = float(main @ np.array([0.299, 0.587, 0.114])) > 0.78  # would not be seen on white
    if pale:
        body, stroke = (main, main * 0.3) if lines else (main * 0.3, main * 0.88)
    else:
        body, stroke = (main, dark) if lines else (light, main)
    rgb = body + (stroke - body) * np.clip(ink / np.maximum(alpha, 1e-3), 0, 1)[..., None]
    return np.concatenate([rgb, alpha[..., None]], -1).astype(np.float32)


def unfit(straight: Floats) -> bool:
    """Whether a piece of clip art (S, S, 4) is a whole picture with a background, or a drawing without colour."""
    seen = straight[..., 3] > 0.5
    rows, columns = (np.flatnonzero(seen.any(axis)) for axis in (1, 0))
    if not len(rows):
        return True
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    full, empty = seen.sum() > 0.93 * height * width, seen.sum() < 0.09 * max(height, width) ** 2
    colours = straight[seen][:, :3]
    return bool(full or empty or (colours.max(1) - colours.min(1)).mean() < 0.06)


def blue_to(straight: Floats, main: Floats) -> Floats:
    """The one blue (2f88ff) that a set fills with, made the colour of the thing; its black lines stay."""
    out = straight.copy()
    share = np.clip((straight[..., 2] - straight[..., 0]) / 0.8, 0, 1)[..., None]
    out[..., :3] = straight[..., :3] * (1 - share) + main * share
    return out


def sprites(data: Path, found: Sequence[Concept]) -> tuple[Tensor, list[tuple[int, str]], Tensor]:
    """All training sprites (N, 4, SIDE, SIDE) premultiplied, concept and style of each, and the concepts' colours (C, 3), or -1."""
    described = icons(data)
    stored = np.load(data / "icons-guide.npy", mmap_mode="r")
    pairs = matched(found, described)
    colours = torch.full((len(found), 3), -1.0)
    for c, concept in enumerate(found):
        if concept.colour:
            colours[c] = torch.tensor(colour(concept.colour.split()))
    for family in COLOURED[:5]:
        for number, c, _ in pairs:
            if described[number]["family"] == family and colours[c, 0] < 0:
                colours[c] = torch.from_numpy(main_colour(stored[number].astype(np.float32) / 255))
    pictures, whose = [], []
    for number, c, style in pairs:
        picture = stored[number].astype(np.float32) / 255
        family = described[number]["family"]
        if family == "openclipart-a" and unfit(picture):
            continue
        main = colours[c].numpy() if colours[c, 0] >= 0 else np.array(UNKNOWN, np.float32)
        if described[number]["mono"]:
            picture = coloured(picture, main)
        elif family == "icon-park":
            blue = ((picture[..., 2] - picture[..., 0] > 0.5) * picture[..., 3]).sum()
            picture = blue_to(picture, main) if blue > 0.12 * picture[..., 3].sum() else coloured(picture, main)
        pictures.append(framed(picture))
        whose.append((c, style))
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous(), whose, colours


def basis(pictures: Tensor, weights: Tensor, components: int) -> tuple[Tensor, Tensor]:
    """The weighted mean (D,) and principal components (K, D) of pictures (N, D), through the Gram matrix."""
    share = (weights / weights.sum())[:, None]
    mean = (pictures * share).sum(0)
    centred = (pictures - mean) * share.sqrt()
    values, vectors = torch.linalg.eigh(centred @ centred.T)
    order = values.argsort(descending=True)[:components]
    return mean, F.normalize(vectors[:, order].T @ centred, dim=1)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--finishing", type=int, default=FINISHING)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    found = concepts()
    pictures, whose, colours = sprites(args.data, found)
    shown = sorted({c for c, _ in whose})
    missing = [concept.name for c, concept in enumerate(found) if c not in set(shown)]
    if missing:
        print(f"no icon shows {', '.join(missing)}", flush=True)
    renumbered = {c: n for n, c in enumerate(shown)}
    styles = sorted({style for _, style in whose})
    concept = torch.tensor([renumbered[c] for c, _ in whose])
    style = torch.tensor([styles.index(s) for _, s in whose])
    weights = torch.tensor([2.0 if s.split()[0] in COLOURED else 1.0 for _, s in whose])
    flat = pictures.flatten(1)
    saved = args.out / "sprites.pt"
    state = torch.load(saved, weights_only=True) if saved.exists() else None
    mean, parts = (state["mean"], state["parts"]) if state else basis(flat, weights, COMPONENTS)
    wanted = (flat - mean) @ parts.T
    kept = 1 - ((flat - mean - wanted @ parts).square().sum(1) * weights).sum() / ((flat - mean).square().sum(1) * weights).sum()
    print(f"{len(flat)} sprites of {len(shown)} concepts in {len(styles)} styles; {len(parts)} components keep {kept:.4f}", flush=True)
    spread = wanted.square().mean().sqrt()
    net = SpriteNet(len(shown), len(styles), len(parts))
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=1e-4, fused=True)
    finish = Finish().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    nn.init.zeros_(finish.last.weight)
    polisher = torch.optim.AdamW(finish.parameters(), FINISH_RATE, weight_decay=1e-4, fused=True)
    step = polished = 0
    if state:
        net.load_state_dict(state["net"])
        finish.load_state_dict(state["finish"])
        polisher.load_state_dict(state["polisher"])
        polished = state["polished"]
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    random = np.random.default_rng([args.seed, step])
    chance = (weights / weights.sum()).numpy()
    begun, losses = time.monotonic(), []

    def write() -> None:
        now = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "mean": mean, "parts": parts}
        now |= {"finish": finish.state_dict(), "polisher": polisher.state_dict(), "polished": polished}
        torch.save(now, saved.with_suffix(".new"))
        saved.with_suffix(".new").replace(saved)
        notes = {
            "concepts": json.dumps([[found[c].name, *found[c].aliases] for c in shown]),
            "styles": json.dumps(styles),
        }
        has = torch.zeros(len(shown), len(styles), dtype=torch.uint8)
        has[concept, style] = 1
        tensors = packed(net, finish, mean, parts, spread, has, colours[shown])
        write_atomically(args.out / "sprites.safetensors", save(tensors, notes))

    while step < args.steps:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min((step + 1) / 200, 0.5 + 0.5 * math.cos(math.pi * step / args.steps) + 0.002)
        rows = torch.from_numpy(random.choice(len(flat), BATCH, p=chance))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            given = net(net.concept(concept[rows]), net.style(style[rows]))
        loss = (given.float() - wanted[rows] / spread).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        step += 1
        if step % 500 == 0:
            print(f"step {step}: {np.mean(losses[-500:]):.4f} of the variance left, {time.monotonic() - begun:.0f} s", flush=True)
        if step % 2000 == 0 or step == args.steps:
            write()

    # then the finish, on what the net decodes: itself, with a little noise, or with another style of the same thing shining through
    net.requires_grad_(False)
    kin: dict[int, list[int]] = {}
    for row, c in enumerate(concept.tolist()):
        kin.setdefault(c, []).append(row)
    losses.clear()
    while polished < args.finishing:
        for group in polisher.param_groups:
            group["lr"] = FINISH_RATE * min((polished + 1) / 100, 0.5 + 0.5 * math.cos(math.pi * polished / args.finishing) + 0.01)
        rows = torch.from_numpy(random.choice(len(flat), FINISH_BATCH, p=chance))
        others = torch.tensor([int(random.choice(kin[int(c)])) for c in concept[rows]])
        share = torch.from_numpy(random.uniform(-GHOSTS, GHOSTS, (FINISH_BATCH, 1)).clip(0).astype(np.float32))
        near = net.concept(concept[rows]) + 0.03 * net.concept.weight.std() * torch.randn(FINISH_BATCH, net.inside)
        given = net(near, torch.lerp(net.style(style[rows]), net.style(style[others]), share))
        decoded = premultiplied((mean + (given * spread) @ parts).view(-1, 4, SIDE, SIDE))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made = finish(decoded.contiguous(memory_format=torch.channels_last))
        wrong = (made.float() - pictures[rows]).square()
        loss = (wrong + 1e-4).sqrt().mean()
        polisher.zero_grad(set_to_none=True)
        loss.backward()
        polisher.step()
        losses.append(float(wrong.detach().mean() / (decoded - pictures[rows]).square().mean()))
        polished += 1
        if polished % 250 == 0:
            print(f"finish {polished}: {np.mean(losses[-250:]):.3f} of the error left, {time.monotonic() - begun:.0f} s", flush=True)
        if polished % 1000 == 0 or polished == args.finishing:
            write()


if __name__ == "__main__":
    main()
