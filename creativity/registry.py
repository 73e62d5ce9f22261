"""Names -> renderers, objectives, optimizers.

Built-in parts are written as ``module:Class`` and imported when they are first used, so that ``creativity --help``
loads nothing heavy. A packaged plug-in announces itself by an entry point in the group ``creativity.renderers``,
``creativity.objectives``, ``creativity.optimizers`` or ``creativity.generators``; a plug-in that fails to import breaks its own name
only.
docs/plugins.md shows how to write one.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.abc
import importlib.metadata
import importlib.util
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from creativity.errors import CreativityError, nearest

if TYPE_CHECKING:
    from creativity.recipe import Part, Recipe


@dataclass
class Registry:
    """One kind of part: its names, where each lives, and options that a name fixes (``pgpe`` is ``evolution``)."""

    kind: str
    places: dict[str, str]
    aliases: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    """Which package a plug-in came with, by its name: ``glow`` -> ``creativity-lights==1.2``."""
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
        """Add a part under a new name. Raises CreativityError where the name is taken.

        The same class, defined again (a cell of a notebook, a file that was edited), takes its own place.
        """
        before = self._loaded.get(name)
        place = f"{before.__module__}:{before.__qualname__}" if before else self.places.get(name)
        if name in self.names() and place != f"{part.__module__}:{part.__qualname__}":
            raise CreativityError(f"a {self.kind} named {name!r} exists already; choose another name for yours")
        self._loaded[name] = self._checked(name, part)

    def resolve(self, name: str) -> tuple[str, dict[str, Any]]:
        """The part that a name stands for and the options it fixes: ``pgpe`` -> ``evolution, {strategy: pgpe}``."""
        if name in self.aliases:
            part, fixed = self.aliases[name]
            return part, dict(fixed)
        if name not in self.names():
            raise CreativityError(f"no {self.kind} is called {name!r}; {nearest(name, self.names())}")
        return name, {}

    def knows(self, name: str) -> bool:
        try:
            self.resolve(name)
        except CreativityError:
            return False
        return True

    def called(self, part: Part) -> str:
        """What people call a part of a recipe: ``shapes`` of the one kind ``circle`` are ``circles``."""
        from creativity.options import plain

        for alias, (name, fixed) in self.aliases.items():
            if name == part.name and all(plain(part.options.get(key)) == plain(value) for key, value in fixed.items()):
                return alias
        return part.name

    def get(self, name: str) -> type[Any]:
        """The class of a part. Raises CreativityError for an unknown name or a plug-in that does not import."""
        name, _ = self.resolve(name)
        if name not in self._loaded:
            module, _, attribute = self.places[name].partition(":")
            try:
                self._loaded[name] = self._checked(name, getattr(importlib.import_module(module), attribute))
            except (Exception, SystemExit) as error:
                if module.startswith("creativity."):
                    raise
                package = self.packages.get(name, module).replace("==", " ")
                raise CreativityError(f"the plug-in for {self.kind} {name!r} ({package}) does not load: {_words(error)}") from error
        return self._loaded[name]

    def _checked(self, name: str, part: type[Any]) -> type[Any]:
        if not isinstance(part, type) or not dataclasses.is_dataclass(getattr(part, "Options", None)):
            base = f"creativity.{'models.' * (self.kind == 'generator')}{self.kind}s.base.{self.kind.capitalize()}"
            raise CreativityError(
                f"the {self.kind} {name!r} must be a class with Options, a frozen dataclass that says what can be set; "
                f"derive it from {base} and it has them"
            )
        return part

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
            if point.name not in self.places and point.name not in self.aliases:
                self.places[point.name] = point.value
                self.packages[point.name] = f"{point.dist.name}=={point.dist.version}" if point.dist else point.value


renderers = Registry(
    "renderer",
    {
        "cppn": "creativity.renderers.cppn:Cppn",
        "drawing": "creativity.renderers.drawing:Drawing",
        "es-clip": "creativity.renderers.es_clip:EsClip",
        "latent": "creativity.renderers.latent:Latent",
        "pixels": "creativity.renderers.pixels:Pixels",
        "shapes": "creativity.renderers.shapes:Shapes",
        "strokes": "creativity.renderers.strokes:Strokes",
        "svg": "creativity.renderers.svg:Svg",
        "triangles": "creativity.renderers.triangles:Triangles",
    },
    aliases={
        f"{name}s": ("shapes", {"kinds": (name,)})
        for name in ("circle", "ellipse", "line", "polygon", "rectangle", "regular-polygon", "rotated-rectangle")
    },
)
objectives = Registry(
    "objective",
    {
        "anchor": "creativity.objectives.anchor:Anchor",
        "clip": "creativity.objectives.clip:Clip",
        "colours": "creativity.objectives.colours:Colours",
        "difference": "creativity.objectives.difference:Difference",
        "edges": "creativity.objectives.edges:Edges",
        "ink": "creativity.objectives.ink:Ink",
        "inside": "creativity.objectives.marks:Inside",
        "lpips": "creativity.objectives.lpips:Lpips",
        "opacity": "creativity.objectives.marks:Opacity",
        "palette": "creativity.objectives.palette:Palette",
        "pixel": "creativity.objectives.pixel:Pixel",
        "simple": "creativity.objectives.marks:Simple",
        "size": "creativity.objectives.marks:Size",
        "latents": "creativity.objectives.latents:Latents",
        "smoothness": "creativity.objectives.smoothness:Smoothness",
        "ssim": "creativity.objectives.ssim:Ssim",
        "style": "creativity.objectives.style:Style",
        "sum": "creativity.objectives.sum:Sum",
        "symmetry": "creativity.objectives.symmetry:Symmetry",
        "transport": "creativity.objectives.patches:Transport",
    },
    aliases={name: ("difference", {"metric": name}) for name in ("l1", "huber", "oklab")} | {"texture": ("style", {"colour": 0.0})},
)
optimizers = Registry(
    "optimizer",
    {
        "evolution": "creativity.optimizers.evolution:Evolution",
        "gradient": "creativity.optimizers.gradient:Gradient",
        "greedy": "creativity.optimizers.greedy:Greedy",
        "growth": "creativity.optimizers.relay:Growth",
        "relay": "creativity.optimizers.relay:Relay",
    },
    aliases={
        **{name: ("evolution", {"strategy": name}) for name in ("pgpe", "snes", "sep-cma-es", "open-es", "cma-es", "ga", "hill-climber")},
        **{name: ("gradient", {"method": name}) for name in ("adam", "adamw", "nadam", "radam", "sgd", "rmsprop", "adagrad", "lbfgs")},
    },
)
generators = Registry("generator", {"portraits": "creativity.models.generators.coordinates:Portraits"})
"""What the renderer ``latent`` draws with, besides autoencoders."""


MAX_PLUGIN = 10_000_000


class _Loader(importlib.abc.InspectLoader):
    """Runs the very bytes that were digested: no stale cache, and no file that has changed since."""

    def __init__(self, content: bytes, path: Path):
        self.content, self.path = content, path

    def get_source(self, fullname: str) -> str:
        return importlib.util.decode_source(self.content)

    def get_code(self, fullname: str) -> Any:
        return self.source_to_code(self.content, str(self.path))


def load_plugin(path: str | Path) -> str:
    """Run a plug-in file, by the user's own act; returns its name and digest for the recipe to note.

    The file calls ``creativity.registry.renderers.register(...)``. A recipe never makes us import one.
    """
    from creativity.files import digest_bytes
    from creativity.sources import name_of, open_source, shown

    path = Path(path)
    with open_source(path, "plug-in", MAX_PLUGIN) as file:
        content = file.read()
    if path.suffix != ".py":
        raise CreativityError(f"the plug-in {shown(path)} must be a Python file (.py)")
    note = f"{name_of(path)} {digest_bytes(content)}"
    if note in _plugins:
        return note
    spec = importlib.util.spec_from_loader(f"{_PREFIX}{path.stem}", _Loader(content, path), origin=str(path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except CreativityError:
        raise
    except (Exception, SystemExit) as error:
        where = _line_in(error, spec.name)
        raise CreativityError(f"the plug-in {path} does not load{where}: {_words(error)}") from error
    _plugins.add(note)
    return note


_PREFIX = "creativity_plugin_"
_plugins: set[str] = set()


def parts_of(recipe: Recipe) -> list[tuple[Registry, str]]:
    """Every part that the recipe names, the terms of a sum and the stages of a relay too; nothing in it is trusted."""
    inner = [(objectives, recipe.objective.options.get("terms")), (optimizers, recipe.optimizer.options.get("stages"))]
    several = [(table, str(text).partition(":")[0]) for table, texts in inner if isinstance(texts, dict | list | tuple) for text in texts]
    model = recipe.renderer.options.get("model")
    several += [(generators, str(model))] if recipe.renderer.name == "latent" and generators.knows(str(model)) else []
    return [(renderers, recipe.renderer.name), (objectives, recipe.objective.name), (optimizers, recipe.optimizer.name), *several]


def packages_of(recipe: Recipe) -> list[str]:
    """The packages that the recipe's parts come with, as ``name==version``."""
    return sorted({table.packages[name] for table, name in parts_of(recipe) if name in table.packages})


def require_plugins(recipe: Recipe, paths: Sequence[str | Path], what: str) -> None:
    """Load the plug-ins that the user gives, and refuse when something that ``what`` was made with is missing.

    The very files that the recipe notes must be given; a package may be of another version, as long as it has the part.
    """
    given = [load_plugin(path) for path in paths]
    unknown = [f"{table.kind} {name!r}" for table, name in parts_of(recipe) if not table.knows(name)]
    needs = f" (its {', '.join(unknown)})" if unknown else ""
    missing = [note.rpartition(" ")[0] or note[:100] for note in recipe.plugins if note not in recipe.packages and note not in given]
    for name in missing:
        if any(other.rpartition(" ")[0] == name for other in given):
            raise CreativityError(f"{what} was made with another version of the plug-in {name!r} than the one given; give that very file")
    if len(missing) > 1:
        names = " and ".join(map(repr, missing))
        raise CreativityError(f"{what} was made with the plug-ins {names}{needs}; give each of these very files with --plugin")
    if missing:
        raise CreativityError(f"{what} was made with the plug-in {missing[0]!r}{needs}; give that very file with --plugin")
    if unknown:
        packages = [note.replace("==", " ") for note in recipe.packages]
        came = f"came with the package {' or '.join(packages)}" if packages else "may come with a plug-in or a package"
        raise CreativityError(f"{what} needs {', '.join(unknown)}, which is not here: it {came}")


def blame(error: BaseException) -> str | None:
    """Which plug-in raised this, in one line: its part or file, the line, the error. None where it was none of them."""
    for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = str(frame.f_globals.get("__name__", ""))
        names = [
            f"{table.kind} {name!r}"
            for table in (renderers, objectives, optimizers, generators)
            for name, part in table._loaded.items()
            if part.__module__ == module and not module.startswith("creativity.")
        ]
        if names:
            place = f"{Path(frame.f_code.co_filename).name}, line {number}, in {frame.f_code.co_name}"
            return f"the plug-in for {', '.join(names)} failed ({place}): {_words(error)}"
    return None


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, CreativityError) else f"{type(error).__name__}: {error}"


def _line_in(error: BaseException, module: str) -> str:
    if isinstance(error, SyntaxError):
        return f" (line {error.lineno})"
    lines = [number for frame, number in traceback.walk_tb(error.__traceback__) if frame.f_globals.get("__name__") == module]
    return f" (line {lines[-1]})" if lines else ""
