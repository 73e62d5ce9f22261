"""``python -m benchmarks.vectorize``: a picture as closed paths, ours beside VTracer: error and size of the drawing in one table.

The error is that of the drawing as resvg draws it at the target's size, the mean squared one in [0, 1] RGB, on white. Bytes are of the
drawing alone: ours is counted without the recipe and the genome that our files carry, both are written to a hundredth of a pixel. VTracer
is asked several times: as it comes, and for larger and smaller files. CPU seconds are of one thread, as in `benchmarks.fit`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from benchmarks.fit import Job, numbers, stopwatch
from benchmarks.fit import names as words_of
from benchmarks.scoring import PICTURES, load, png, svg_error
from creativity import svg
from creativity.artwork import Artwork

TRACED: dict[str, dict[str, Any]] = {
    "vtracer, as it comes": {},
    "vtracer, finer": {"filter_speckle": 2, "color_precision": 7, "layer_difference": 8},
    "vtracer, coarser": {"filter_speckle": 8, "color_precision": 5},
    "vtracer, coarsest": {"filter_speckle": 12, "color_precision": 4, "layer_difference": 32},
    "vtracer, cut out": {"hierarchical": "cutout"},
}


def line(name: str, drawing: str, target: Any, seconds: float) -> None:
    found = svg_error(drawing, target)
    shown = "-" if found is None else f"{1000 * found:.2f}"
    print(f"  {name:28s}{shown:>14s}{len(drawing.encode()) / 1000:10.1f}{len(re.findall('<path', drawing)):8d}{seconds:9.2f}", flush=True)


def plain(artwork: Artwork, target: Any) -> str:
    """The drawing, without what lets our files be gone on with."""
    height, width = target.shape[:2]
    elements: list[Any] = artwork.renderer.to_svg(torch.from_numpy(artwork.genome), (height, width))  # type: ignore[attr-defined]
    return svg.document(width, height, (0, 0, width, height), elements)


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.vectorize", description="Closed paths, ours and VTracer's.")
    parser.add_argument("--pictures", type=words_of, default=list(PICTURES), metavar="A,B", help=f"paths, or of {', '.join(PICTURES)}")
    parser.add_argument("--counts", type=numbers, default=[64, 256], metavar="N,M", help="numbers of our paths (64,256)")
    parser.add_argument("--optimizers", type=words_of, default=words_of("adam,growth,relay"), metavar="A,B")
    parser.add_argument("--seconds", type=float, default=30.0, help="CPU seconds of each of ours (30)")
    parser.add_argument("--size", type=int, default=256, help="long side of the target in pixels (256)")
    wanted = parser.parse_args(words)
    vtracer: Any = importlib.import_module("vtracer") if importlib.util.find_spec("vtracer") else None
    for picture in wanted.pictures:
        target = load(picture, wanted.size)
        print(f"\n{picture}, {target.shape[1]} x {target.shape[0]:<12d}  error x 1000   kbytes   paths    CPU s")
        for name, settings in TRACED.items() if vtracer else ():
            began = time.process_time()
            drawing = vtracer.convert_raw_image_to_svg(png(target), img_format="png", path_precision=2, **settings)
            line(name, drawing, target, time.process_time() - began)
        for optimizer in wanted.optimizers:
            options = {"optimizer.restarts": 1} if optimizer == "adam" else {}
            for count in wanted.counts:
                job = Job("svg", optimizer, picture, count, wanted.size, wanted.seconds, options=options)
                for _ in range(3):  # every kernel is compiled before the clock is started
                    stopwatch(replace(job, count=5, size=64, seconds=0.4), 0, load(picture, 64)).run()
                ((seconds, artwork),) = stopwatch(job, 1, target).watch([])
                line(f"{optimizer}, {count} paths", plain(artwork, target), target, seconds)
    if vtracer is None:
        print("  vtracer: not installed")


if __name__ == "__main__":
    main()
