"""Trains the reader of prompts. ``python -m training.layout --data DIR --out DIR``: ten minutes on one core.

Names of things come from the icons and from the list of nouns in DIR. It writes ``reader.safetensors``, and figures on forms of sentences
and on nouns that no training had.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor

from creativity.files import write_atomically
from creativity.models.priors.reader import KINDS, RELATIONS, ReaderNet, Reading, decode, numbers
from creativity.models.weights import pack
from training.sentences import Grammar, Sentence, vocabulary

BATCH, STEPS, RATE, WARM_UP = 128, 2200, 3e-3, 150
FORGET = 0.4
"""Share of the words whose letters are hidden: what a noun is must be seen from the words around it."""


def nouns(data: Path) -> list[str]:
    """Names of things: those of the icons, those of emoji more than once as people speak of them, and a list of nouns."""
    described = json.loads((data / "icons-guide.json").read_text())
    names = [caption for icon in described if icon["emoji"] for caption in icon["captions"][:2]]
    return [*names, *(data / "nouns.txt").read_text().split("\n")]


def loss(net: ReaderNet, batch: Sequence[Sentence], known: dict[str, int], random: np.random.Generator) -> Tensor:
    word, hashed, ending, absent = numbers([sentence.words for sentence in batch], known)
    hidden = torch.from_numpy(random.random(word.shape) < FORGET)
    hashed = hashed.masked_fill(hidden, 0)
    ending = ending.masked_fill(torch.from_numpy(random.random(word.shape) < 0.1), 0)
    kinds, points = net(word, hashed, ending, absent)
    true = torch.full(word.shape, -100)
    targets = torch.full((2, *word.shape), -100)
    for row, sentence in enumerate(batch):
        n = len(sentence.words)
        true[row, :n] = torch.tensor([KINDS.index(kind) for kind in sentence.kinds])
        meant = [k for k, kind in enumerate(sentence.kinds) if kind != "other"]
        targets[0, row, meant] = torch.tensor([sentence.first[k] for k in meant], dtype=torch.long)
        meant = [k for k, kind in enumerate(sentence.kinds) if kind in RELATIONS]
        targets[1, row, meant] = torch.tensor([sentence.second[k] for k in meant], dtype=torch.long)
    length = word.shape[1]
    total = F.cross_entropy(kinds.flatten(0, 1), true.flatten(), label_smoothing=0.02)
    for way in (0, 1):
        lost = F.cross_entropy(points[:, way].reshape(-1, length), targets[way].flatten(), reduction="sum")
        total = total + lost / (targets[way] >= 0).sum().clamp_min(1)
    return total


def right(said: Reading, meant: Reading) -> Counter[str]:
    """Of the things, colours, counts, relations ... that were meant, how many were read; ``KIND/of`` is how many there were."""
    out: Counter[str] = Counter()
    read = {thing.noun: thing for thing in said.things}
    for thing in meant.things:
        found = read.get(thing.noun)
        out["nouns/of"] += 1
        out["nouns"] += found is not None
        if thing.colours:
            out["colours/of"] += 1
            out["colours"] += found is not None and found.colours == thing.colours
        out["counts/of"] += 1
        out["counts"] += found is not None and found.count == thing.count
        if thing.count > 1:
            out["counts above one/of"] += 1
            out["counts above one"] += found is not None and found.count == thing.count
        if thing.size:
            out["sizes/of"] += 1
            out["sizes"] += found is not None and found.size == thing.size
        if thing.side:
            out["sides/of"] += 1
            out["sides"] += found is not None and found.side == thing.side
    pairs = {(r.kind, said.things[r.first].noun, said.things[r.second].noun) for r in said.relations}
    for relation in meant.relations:
        out["relations/of"] += 1
        out["relations"] += (relation.kind, meant.things[relation.first].noun, meant.things[relation.second].noun) in pairs
    for place in meant.places:
        out["places/of"] += 1
        out["places"] += place in said.places
    if meant.ground:
        out["grounds/of"] += 1
        out["grounds"] += said.ground == meant.ground
    out["sentences/of"] += 1
    out["sentences"] += said == meant
    return out


@torch.no_grad()
def measure(net: ReaderNet, known: dict[str, int], sentences: Sequence[Sentence]) -> dict[str, float]:
    net.eval()
    total: Counter[str] = Counter()
    for start in range(0, len(sentences), 200):
        batch = sentences[start : start + 200]
        kinds, points = net(*numbers([sentence.words for sentence in batch], known))
        for row, sentence in enumerate(batch):
            n = len(sentence.words)
            total += right(decode(sentence.words, kinds[row, :n], points[row, :, :n, :n]), sentence.reading)
    return {
        name: round(total[name] / total[f"{name}/of"], 4)
        for name in sorted({key.removesuffix("/of") for key in total if key.endswith("/of")})
    }


def train(names: Sequence[str], steps: int, seed: int, out: Path | None = None) -> tuple[ReaderNet, list[str]]:
    """A reader that has learnt, and its vocabulary; with ``out`` it tells how it goes."""
    torch.manual_seed(seed)
    said = vocabulary()
    known = {word: n + 1 for n, word in enumerate(said)}
    net, grammar, random = ReaderNet(len(said)), Grammar(names, seed), np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=min(0.3, WARM_UP / steps))
    start, losses = time.monotonic(), []
    pool: list[list[Sentence]] = []
    for step in range(1, steps + 1):
        net.train()
        if not pool:  # sentences of like length together: half the padding
            some = sorted((grammar.sentence() for _ in range(16 * BATCH)), key=lambda sentence: len(sentence.words))
            pool = [some[k * BATCH : (k + 1) * BATCH] for k in random.permutation(16)]
        with torch.autocast("cpu", torch.bfloat16):
            value = loss(net, pool.pop(), known, random)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(value.item())
        if out is not None and step % 250 == 0:
            unseen = Grammar(names, 1, test=True)
            test = measure(net, known, [unseen.sentence() for _ in range(400)])
            print(f"step {step}/{steps} loss {np.mean(losses):.3f} {time.monotonic() - start:.0f} s {test}", flush=True)
            write_atomically(out / "reader.safetensors", packed(net, said))
            losses = []
    return net.eval(), said


def packed(net: ReaderNet, said: Sequence[str]) -> bytes:
    """The file that `creativity.models.priors.reader.Reader` opens."""
    return save(pack(net.state_dict()) | {"words": torch.frombuffer(bytearray("\n".join(said).encode()), dtype=torch.uint8)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the gathered data")
    parser.add_argument("--out", type=Path, required=True, help="folder for reader.safetensors and reader.json")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    names = nouns(args.data)
    args.out.mkdir(parents=True, exist_ok=True)
    net, said = train(names, args.steps, args.seed, args.out)
    write_atomically(args.out / "reader.safetensors", packed(net, said))
    grammar = Grammar(names, 2, test=True)
    figures = measure(net, {word: n + 1 for n, word in enumerate(said)}, [grammar.sentence() for _ in range(4000)])
    write_atomically(args.out / "reader.json", json.dumps(figures, indent=1))
    print(figures)


if __name__ == "__main__":
    main()
