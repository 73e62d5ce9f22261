"""The numba modules of this folder, by name."""

from __future__ import annotations

from typing import Any

from creativity import compiled as modules


def compiled(module: str) -> Any:
    """See `creativity.compiled.compiled`."""
    return modules.compiled(f"{__package__}.{module}")


def is_cold(module: str) -> bool:
    """See `creativity.compiled.is_cold`."""
    return modules.is_cold(f"{__package__}.{module}")
