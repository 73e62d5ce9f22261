"""Names -> renderers, objectives, optimizers.

Built-in parts are written as ``module:Class`` and imported when they are first used, so that ``creativity --help``
loads nothing heavy. A packaged plug-in announces itself by an entry point in the group ``creativity.renderers``,
``creativity.objectives`` or ``creativity.optimizers``; a plug-in that fails to import breaks its own name only.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from creativity.errors import CreativityError, nearest


@dataclass
class Registry:
    """One kind of part: its names, where each lives, and options that a name fixes (``pgpe`` is ``evolution``)."""

    kind: str
    places: dict[str, str]
    aliases: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    _loaded: dict[str, type[Any]] = field(default_factory=dict)
    _scanned: bool = False

    def names(self) -> list[str]:
        """Every name that ``get`` accepts, plug-ins included, without importing any of them."""
        self._scan()
        return sorted({*self.places, *self.aliases, *self._loaded})

    def parts(self) -> list[str]:
        """The names of the parts themselves, aliases left out."""
        return sorted(set(self.names()) - set(self.aliases))

    def register(self, name: str, part: type[Any]) -> None:
        """Add a part under a new name. Raises CreativityError where the name is taken."""
        if not dataclasses.is_dataclass(getattr(part, "Options", None)):
            raise CreativityError(f"the {self.kind} {name!r} needs a frozen dataclass Options that says what can be set")
        if name in self.names():
            raise CreativityError(f"a {self.kind} named {name!r} exists already; choose another name for yours")
        self._loaded[name] = part

    def resolve(self, name: str) -> tuple[str, dict[str, Any]]:
        """The part that a name stands for and the options it fixes: ``pgpe`` -> ``evolution, {strategy: pgpe}``."""
        if name in self.aliases:
            part, fixed = self.aliases[name]
            return part, dict(fixed)
        if name not in self.names():
            raise CreativityError(f"no {self.kind} is called {name!r}; {nearest(name, self.names())}")
        return name, {}

    def get(self, name: str) -> type[Any]:
        """The class of a part. Raises CreativityError for an unknown name or a plug-in that does not import."""
        name, _ = self.resolve(name)
        if name not in self._loaded:
            module, _, attribute = self.places[name].partition(":")
            try:
                self._loaded[name] = getattr(importlib.import_module(module), attribute)
            except Exception as error:
                if module.startswith("creativity."):
                    raise
                raise CreativityError(f"the plug-in for {self.kind} {name!r} ({module}) does not load: {error}") from error
        return self._loaded[name]

    def create(self, name: str, options: dict[str, Any]) -> Any:
        """The part built with its options. Unknown or ill-typed options raise CreativityError naming the nearest."""
        from creativity.options import build

        part, fixed = self.resolve(name)
        cls = self.get(part)
        return cls(build(cls.Options, {**fixed, **options}, f"{self.kind} {name!r}"))

    def _scan(self) -> None:
        if self._scanned:
            return
        self._scanned = True
        for point in importlib.metadata.entry_points(group=f"creativity.{self.kind}s"):
            self.places.setdefault(point.name, point.value)


renderers = Registry(
    "renderer",
    {
        "es-clip": "creativity.renderers.es_clip:EsClip",
        "shapes": "creativity.renderers.shapes:Shapes",
        "triangles": "creativity.renderers.triangles:Triangles",
    },
    aliases={
        f"{name}s": ("shapes", {"kinds": (name,)})
        for name in ("circle", "ellipse", "line", "polygon", "rectangle", "regular-polygon", "rotated-rectangle")
    },
)
objectives = Registry(
    "objective",
    {"pixel": "creativity.objectives.pixel:Pixel"},
)
optimizers = Registry(
    "optimizer",
    {
        "evolution": "creativity.optimizers.evolution:Evolution",
        "gradient": "creativity.optimizers.gradient:Gradient",
        "greedy": "creativity.optimizers.greedy:Greedy",
        "relay": "creativity.optimizers.relay:Relay",
    },
    aliases={
        **{name: ("evolution", {"strategy": name}) for name in ("pgpe", "snes", "sep-cma-es", "open-es", "cma-es", "ga", "hill-climber")},
        **{name: ("gradient", {"method": name}) for name in ("adam", "adamw", "nadam", "radam", "sgd", "rmsprop", "adagrad", "lbfgs")},
    },
)


def load_plugin(path: str | Path) -> tuple[str, str]:
    """Run a plug-in file, by the user's own act; returns its name and digest for the recipe to note.

    The file calls ``creativity.registry.renderers.register(...)``. A recipe never makes us import one.
    """
    from creativity.files import digest_bytes

    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CreativityError(f"cannot read the plug-in {path}: {error.strerror}") from error
    note = (path.name, digest_bytes(content))
    if note in _plugins:
        return note
    spec = importlib.util.spec_from_file_location(f"creativity_plugin_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise CreativityError(f"the plug-in {path} must be a Python file (.py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except CreativityError:
        raise
    except (Exception, SystemExit) as error:
        raise CreativityError(f"the plug-in {path} does not load: {type(error).__name__}: {error}") from error
    _plugins.add(note)
    return note


_plugins: set[tuple[str, str]] = set()


def require_plugins(noted: Sequence[str], paths: Sequence[str | Path], what: str) -> None:
    """Load the plug-ins that the user gives, and refuse when one that ``what`` was made with is not among them."""
    loaded = {" ".join(load_plugin(path)) for path in paths}
    for note in noted:
        if note not in loaded:
            raise CreativityError(f"{what} was made with the plug-in {note.partition(' ')[0]!r}; give that very file with --plugin")
