"""Plain data <-> small frozen dataclasses: the options of every part, and the recipe itself.

A field's type, default, range and help live in one place, the dataclass; the recipe reader, ``--set`` and
``creativity list`` all speak from it. Ranges and help are written with ``option(default, "help", low=, high=)``.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from typing import Any, TypeVar

from creativity.errors import CreativityError, nearest

T = TypeVar("T")


def option(
    default: Any,
    help: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    above: float | None = None,
    picture: bool = False,
) -> Any:
    """A documented dataclass field: ``low <= value <= high``, ``value > above``, or one of ``choices``; of an objective, the path
    of a ``picture``, or several."""
    metadata = {"help": help, "low": low, "high": high, "choices": choices, "above": above, "picture": picture}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class NoOptions:
    """Of a part that has nothing to set."""


def whole(text: str) -> int | None:
    """A whole number in plain digits, at most 18 of them; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def build(cls: type[T], values: dict[str, Any], what: str) -> T:
    """The dataclass ``cls`` from plain data (TOML, JSON or text from a command line).

    ``what`` names the owner in errors ("renderer 'triangles'"). Raises CreativityError for an unknown key (with
    the nearest name), a wrong type, a value out of range or a number that is not finite.
    """
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    ready: dict[str, Any] = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in fields:
            raise CreativityError(f"{what} has no option {key!r}; {nearest(name, fields)}")
        ready[name] = _check(fields[name], _convert(hints[name], value, f"{what}: {name}"), f"{what}: {name}")
    missing = [
        name
        for name, field in fields.items()
        if name not in ready and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise CreativityError(f"{what} lacks {', '.join(missing)}")
    return cls(**ready)


def plain(value: Any) -> Any:
    """A dataclass as plain data, its None fields left out (TOML has no null), tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: plain(item) for name, item in pairs if item is not None}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def describe(cls: type[Any]) -> list[tuple[str, str, str]]:
    """(name, default, help) of every option of a part, for ``creativity list``."""
    rows = []
    for field in dataclasses.fields(cls):
        text = field.metadata.get("help", "")
        if field.metadata.get("choices"):
            text += f" ({' | '.join(field.metadata['choices'])})"
        elif field.metadata.get("low") is not None or field.metadata.get("high") is not None:
            low, high = field.metadata.get("low"), field.metadata.get("high")
            text += f" ({'' if low is None else low} .. {'' if high is None else high})"
        default = "" if field.default in (None, dataclasses.MISSING) else str(plain(field.default))
        if isinstance(field.default, tuple):
            default = ",".join(map(str, field.default))  # as it is written after --set
        rows.append((field.name, default, text))
    return rows


def _check(field: dataclasses.Field[Any], value: Any, where: str) -> Any:
    if value is None:
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise CreativityError(f"{where} must be a finite number, not {value}")
    low, high = field.metadata.get("low"), field.metadata.get("high")
    choices, above = field.metadata.get("choices"), field.metadata.get("above")
    if choices and value not in choices:
        raise CreativityError(f"{where} cannot be {value!r}; {nearest(str(value), choices)}")
    if (low is not None and value < low) or (high is not None and value > high):
        span = f"at least {low}" if high is None else f"at most {high}" if low is None else f"from {low} to {high}"
        raise CreativityError(f"{where} must be {span}, not {value}")
    if above is not None and value <= above:
        raise CreativityError(f"{where} must be above {above}, not {value}")
    return value


def _convert(kind: Any, value: Any, where: str) -> Any:
    """Text from a command line becomes the field's type; data that has a type already must have the right one."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        inner = [item for item in typing.get_args(kind) if item is not type(None)]
        if value is None or (isinstance(value, str) and value.lower() == "none" and str not in inner):
            return None
        for item in inner[:-1]:
            try:
                return _convert(item, value, where)
            except CreativityError:
                pass
        return _convert(inner[-1], value, where)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        parts = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        if not isinstance(parts, list | tuple):
            raise CreativityError(f"{where} must be a list, not {value!r}")
        return tuple(_convert(item, part, where) for part in parts)
    if dataclasses.is_dataclass(kind):
        if isinstance(value, kind):  # type: ignore[arg-type]
            return value
        if not isinstance(value, dict):
            raise CreativityError(f"{where} must be a table, not {value!r}")
        return build(kind, value, where)  # type: ignore[arg-type]
    if origin is dict or kind is dict:
        if not isinstance(value, dict):
            raise CreativityError(f"{where} must be a table, not {value!r}")
        return dict(value)
    if kind is Any:
        return value
    return _convert_simple(kind, value, where)


def _convert_simple(kind: Any, value: Any, where: str) -> Any:
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    try:
        if kind is bool:
            if isinstance(value, bool):
                return value
            return {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}[value.lower()]
        if isinstance(value, bool):
            raise ValueError
        if kind is int:
            if isinstance(value, float) and value != int(value):
                raise ValueError
            return int(value)
        if kind is float:
            return float(value)
        if isinstance(value, str):
            return value
        raise ValueError
    except (ValueError, KeyError, AttributeError, TypeError, OverflowError):
        raise CreativityError(f"{where} must be {words.get(kind, kind)}, not {value!r}") from None
