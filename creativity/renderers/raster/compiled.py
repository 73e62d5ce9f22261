"""Numba modules, imported when they are first needed, their machine code kept between runs."""

from __future__ import annotations

import logging
import os
import threading
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from creativity.files import cache_folder

log = logging.getLogger("creativity")

_lock = threading.Lock()


@lru_cache(maxsize=8)
def compiled(module: str) -> Any:
    """A module of this folder by name; numba is imported here, at the first use and no sooner.

    Compiled code is kept between runs, in a folder named after the sources: numba itself looks at the calling file
    alone and would not notice that another one changed. The folder is numba's own setting while our functions are
    declared, and the caller's again afterwards.
    """
    with _lock:
        import numba

        before = numba.config.CACHE_DIR
        if not before:
            numba.config.CACHE_DIR = str(_cache())
        try:
            if is_cold(module):
                log.info("compiling kernels (%s), once; they are kept for the next time ...", module)
            return import_module(f"creativity.renderers.raster.{module}")
        finally:
            numba.config.CACHE_DIR = before


def _cache() -> Path:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return cache_folder(f"numba/{sha256(b''.join(path.read_bytes() for path in sources)).hexdigest()[:12]}")


def is_cold(module: str) -> bool:
    """Whether it must be compiled first, which takes some ten seconds, rather than loaded as it was compiled before."""
    return not any(Path(os.environ.get("NUMBA_CACHE_DIR") or _cache()).rglob(f"{module}.*.nbc"))
