"""``python -m benchmarks.gpu``: the figures that the GPU's kernels are to be held to, with the device's physical limits beside them.

Everything goes to ``benchmarks/results/gpu.json``, with device, driver and versions. Without a GPU it says so in one line.
``--compile`` needs none: it compiles every kernel for sm_90 and says what the compiler says, as JSON on standard output.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "gpu.json"


# -- compiling for a GPU that is not here

INTEGERS = ("height", "width", "columns", "rows", "tile_count", "word_count", "count")
ARRAYS = {"*i32": ("contours", "marks", "images", "kinds", "stops", "boxes", "words"), "*i64": ("slots", "slot_sizes")}
PAINTING = {"DRAW": False, "COMPARE": False, "PULL": False, "WEIGHTED": False, "GRADED": False, "TILE": 16}


def variants(few: bool) -> list[tuple[str, int, dict[str, Any]]]:
    """Kernels, warps and settings as `creativity.renderers.raster.gpu` launches them, each also for a picture of a single tile,
    where the compiler takes numbers that are 1 for constants."""
    ways = [{"DRAW": True}, {"COMPARE": True}, {"COMPARE": True, "PULL": True, "WEIGHTED": True}, {"PULL": True}]
    single = {"columns": 1, "tile_count": 1, "word_count": 1}
    rows: list[tuple[str, int, dict[str, Any]]] = []
    for graded in (True,) if few else (True, False):
        rows += [("prepare", 1, {"GRADED": graded, "TILE": 16, "LANES": 16}), ("gather", 1, {"GRADED": graded, "LANES": 16})]
        for way in (ways[2],) if few else ways:
            rows.append(("tiles", 4, {**PAINTING, "GRADED": graded, **way}))
    rows += [("bin_marks", 4, {"LANES": 128}), ("totals", 4, {"WIDTH": 1, "LANES": 128})]
    rows += [("tiles", 4, {**PAINTING, "COMPARE": True, **single}), ("bin_marks", 4, {"LANES": 128, **single})]
    rows.append(("prepare", 1, {"GRADED": False, "TILE": 16, "LANES": 16, "columns": 1, "rows": 1, "height": 1, "width": 1}))
    return rows


def compiled(few: bool = False) -> list[dict[str, Any]]:
    """Each kernel for sm_90: bytes of machine code and of shared memory, and, where the tool is there, registers and stack."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from creativity.renderers.raster import gpu_kernels

    rows = []
    for name, warps, settings in variants(few):
        kernel = getattr(gpu_kernels, name)
        types = dict.fromkeys(kernel.arg_names, "*fp32") | {"cap": "fp32"} | dict.fromkeys(INTEGERS, "i32")
        types |= {argument: kind for kind, arguments in ARRAYS.items() for argument in arguments}
        signature = {argument: "constexpr" if argument in settings else types[argument] for argument in kernel.arg_names}
        constants = {(kernel.arg_names.index(argument),): value for argument, value in settings.items()}
        made = triton.compile(
            ASTSource(kernel, signature, constexprs=constants), target=GPUTarget("cuda", 90, 32), options={"num_warps": warps}
        )
        row = {"kernel": name, "settings": settings, "cubin": len(made.asm["cubin"]), "shared": made.metadata.shared}
        rows.append(row | _usage(made.asm["cubin"]))
    return rows


def _usage(cubin: bytes) -> dict[str, int]:
    import triton.backends.nvidia

    tool = Path(triton.backends.nvidia.__file__).parent / "bin" / "cuobjdump"
    if not tool.is_file():
        return {}
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        told = subprocess.run([tool, "-res-usage", file.name], capture_output=True, text=True, check=False).stdout
    found = re.search(r"REG:(\d+) STACK:(\d+)", told)
    return {"registers": int(found[1]), "stack": int(found[2])} if found else {}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description="Speed of the GPU's kernels, beside what the device can do."
    )
    parser.add_argument("--compile", action="store_true", help="only compile all kernels for sm_90; needs no GPU")
    parser.add_argument("--few", action="store_true", help="with --compile: one variant of each")
    asked = parser.parse_args()
    if asked.compile:
        print(json.dumps(compiled(asked.few)))
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
