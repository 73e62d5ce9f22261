"""``python -m benchmarks.networks``: a population of CPPNs against a loop of torch modules, in one run; and a SIREN on a photograph."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from creativity import verbs
from creativity.renderers.cppn import Cppn, CppnOptions
from creativity.streams import Streams

POPULATION, SIDE = 64, 128
PICTURE = Path(__file__).parents[1] / "creativity" / "data" / "langlois_bridge.jpg"


class Plain(nn.Module):
    """The same network as anybody would write it: a third each of tanh, sine and bell curve, the units of a kind side by side."""

    def __init__(self, features: int, width: int, layers: int):
        super().__init__()
        sizes = [features, *[width] * layers, 3]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.thirds = [len(part) for part in torch.arange(width).tensor_split(3)]

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            a, b, c = layer(x).split(self.thirds, 1)
            x = torch.cat([a.tanh(), b.sin(), torch.exp(-c * c)], 1)
        return torch.sigmoid(self.layers[-1](x))


def least(work: Callable[[], object], repeats: int = 5) -> float:
    """Seconds of the fastest of some calls, after one that is not counted."""
    work()
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"{POPULATION} networks of 4 layers, {SIDE} x {SIDE}, {args.threads} thread(s), ms for all")
    for width in (16, 24, 32, 48):
        renderer = Cppn(CppnOptions(width=width))
        genomes = renderer.init(POPULATION, Streams(1)("init"))
        places = renderer.features((SIDE, SIDE), (0, SIDE)).T.contiguous()
        modules = [Plain(3, width, 4) for _ in range(POPULATION)]
        with torch.no_grad():
            loop = least(lambda modules=modules, places=places: [module(places) for module in modules])  # type: ignore[misc]
            ours = least(lambda renderer=renderer, genomes=genomes: renderer.render(genomes, (SIDE, SIDE)))  # type: ignore[misc]
        print(f"  width {width:3}   a loop of torch modules {1e3 * loop:8.1f}   cppn {1e3 * ours:8.1f}   {loop / ours:5.1f} times as fast")
    began = time.process_time()
    options = {"renderer.net": "siren", "renderer.width": 48, "optimizer.restarts": 1}
    artwork = verbs.fit(
        PICTURE, renderer="cppn", optimizer="adam", steps=300, target_size=96, seed=1, threads=args.threads, options=options
    )
    loss, seconds = artwork.results["loss"], time.process_time() - began
    print(f"siren, 4 layers of 48, the bridge at 96 pixels, 300 steps of Adam: {-10 * math.log10(loss):.2f} dB in {seconds:.1f} CPU s")


if __name__ == "__main__":
    main()
