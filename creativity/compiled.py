"""Numba modules, imported when they are first needed, their machine code kept between runs, their work shared out to threads."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from creativity.files import cache_folder

log = logging.getLogger("creativity")

_lock = threading.Lock()


@lru_cache(maxsize=8)
def compiled(module: str) -> Any:
    """A module by its full name; numba is imported here, at the first use and no sooner.

    Compiled code is kept between runs, in a folder named after the sources beside it: numba itself looks at the calling file
    alone and would not notice that another one changed. The folder is numba's own setting while our functions are
    declared, and the caller's again afterwards.
    """
    with _lock:
        import numba

        before = numba.config.CACHE_DIR
        if not before:
            numba.config.CACHE_DIR = str(_cache(module))
        try:
            if is_cold(module):
                log.info("compiling kernels (%s), once; they are kept for the next time ...", module.rpartition(".")[2])
            return import_module(module)
        finally:
            numba.config.CACHE_DIR = before


def _cache(module: str) -> Path:
    folder = Path(__file__).parent.joinpath(*module.split(".")[1:-1])
    sources = sorted(folder.glob("*.py"))
    return cache_folder(f"numba/{sha256(b''.join(path.read_bytes() for path in sources)).hexdigest()[:12]}")


def is_cold(module: str) -> bool:
    """Whether it must be compiled first, which takes some seconds, rather than loaded as it was compiled before."""
    kept = Path(os.environ.get("NUMBA_CACHE_DIR") or _cache(module))
    return not any(kept.rglob(f"{module.rpartition('.')[2]}.*.nbc"))


def share_out(work: Callable[[int, int], None], units: int, threads: int | None = None) -> None:
    """Units in equal runs, a few for each thread (by default torch's); on one thread, or for one unit, simply here."""
    threads = threads or torch.get_num_threads()
    if threads == 1 or units <= 1:
        work(0, units)
        return
    runs = min(units, 4 * threads)
    bounds = [units * run // runs for run in range(runs + 1)]
    pool = _pool(threads)
    for job in [pool.submit(work, a, b) for a, b in pairwise(bounds)]:
        job.result()


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="creativity")
