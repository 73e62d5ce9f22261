"""``creativity doctor``: what is installed, which devices there are, what is missing and the command that mends it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from creativity.cli.parse import Flag, parse


@dataclass(frozen=True)
class Doctor:
    """Say what is installed, which devices there are, what is missing and the command that mends it."""

    json: Flag = False
    """As JSON."""


def main(words: Sequence[str]) -> int:
    asked = parse(Doctor, words, "doctor")

    import json

    from creativity.files import cache_folder
    from creativity.renderers.raster.compiled import is_cold

    wanted = importlib.metadata.requires("creativity-toolkit") or []
    needed = [re.match(r"[\w.-]+", line)[0] for line in wanted if "extra ==" not in line]  # type: ignore[index]
    versions = {name: _version(name) for name in sorted(needed)}
    missing = [name for name, version in versions.items() if version is None]
    cache = cache_folder("numba")
    report = {
        "creativity": _version("creativity-toolkit"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "gpu": _gpu(),
        "kernels": "to be compiled at first use" if is_cold("kernels") else "compiled",
        "cache": str(cache),
        "free_disk_gb": round(shutil.disk_usage(".").free / 1e9, 1),
        "packages": versions,
        "missing": missing,
    }
    if asked.json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            if name not in ("packages", "missing"):
                print(f"{name:<13} {value}")
        for name, version in versions.items():
            print(f"  {name:<18} {version or 'MISSING'}")
        if missing:
            print(f"missing: {', '.join(missing)}; install with: pip install {' '.join(missing)}")
        else:
            print("everything that creativity needs is here")
    return 1 if missing else 0


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _gpu() -> str:
    try:
        import torch
    except ImportError:
        return "unknown: torch is not installed"
    if torch.cuda.is_available():
        import importlib.util

        names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
        memory = torch.cuda.get_device_properties(0).total_memory / 1e9
        said = f"{', '.join(names)} ({memory:.0f} GB, CUDA {torch.version.cuda})"
        if importlib.util.find_spec("triton") is None:
            return f"{said}; to search on it: pip install triton"
        return f"{said}; --device cuda searches there (its kernels were tested by an interpreter, and have run on no card yet)"
    return "none that torch can use; everything runs on the CPU"
