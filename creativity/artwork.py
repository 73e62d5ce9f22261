"""An artwork: a genome with its recipe. It renders at any size, and its files carry all that is needed for that."""

from __future__ import annotations

import base64
import binascii
import html
import json
import math
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import torch

from creativity import films, images, registry, svg
from creativity.errors import CreativityError, nearest
from creativity.files import digest_bytes, write_atomically
from creativity.recipe import Recipe, parse_json, product_digest
from creativity.renderers.base import BandedRenderer, DocumentRenderer, Renderer, ShaderRenderer, VectorRenderer
from creativity.size import OutputSize, parse_size
from creativity.sources import open_source, shown

if TYPE_CHECKING:
    from creativity.export import DrawingArguments

FORMAT = "creativity-artwork"
SCHEMA = 1
KEYWORD = "creativity"  # of the PNG text chunk
SUFFIXES = (".png", ".svg", ".json", ".glsl", ".html", *films.KINDS)
DRAWING_UNITS = 1000
MAX_GENOME = 1_500_000  # what our own gate for SVG lets in again


@dataclass(frozen=True)
class Artwork:
    """``genome`` is (D,) float32; ``results`` the deterministic figures of its run (loss, steps)."""

    genome: np.ndarray[Any, Any]
    recipe: Recipe
    results: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def renderer(self) -> Renderer:
        """The renderer of the recipe, checked against the genome's length."""
        part = self.recipe.renderer
        renderer: Renderer = registry.renderers.create(part.name, part.options)
        if renderer.spec.size != len(self.genome):
            raise CreativityError(
                f"this genome has {len(self.genome)} numbers, its renderer {part.name!r} takes "
                f"{renderer.spec.size}; the file does not fit its recipe"
            )
        return renderer

    @cached_property
    def digest(self) -> str:
        """sha256 in hexadecimal of what can be gone on from."""
        return product_digest(self.recipe.renderer.to_dict(), np.ascontiguousarray(self.genome, dtype="<f4").tobytes())

    def output_size(self, size: str | int | None = None) -> OutputSize:
        """The size asked for ("1024", "800x600", "210mm"), else the recipe's."""
        return parse_size(self.recipe.size if size is None else size, self.recipe.canvas)

    def rgba(self, size: str | int | None = None) -> np.ndarray[Any, Any]:
        """The picture as uint8 RGBA (H, W, 4), straight alpha."""
        pixels = self.output_size(size).pixels
        self.output_size(size).check_raster()
        genome, seed = torch.from_numpy(self.genome)[None], self.recipe.seed
        with torch.no_grad():
            if isinstance(self.renderer, BandedRenderer):
                picture, top = np.full((*pixels, 4), 255, np.uint8), 0
                for band in self.renderer.bands(genome, pixels, seed):
                    rows = (band[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
                    picture[top : top + len(rows), :, :3] = rows
                    top += len(rows)
                return picture
            premultiplied = self.renderer.render(genome, pixels, seed, alpha=True)[0]
        return images.straight(premultiplied.numpy())

    def svg(self, size: str | int | None = None, **how: Unpack[DrawingArguments]) -> str:
        """The drawing as SVG text, with genome and recipe inside; ``how``: pruned, in layers, for a plotter, animated.

        Raises CreativityError for a raster-only renderer.
        """
        return self.drawing(size, **how)[0]

    def drawing(self, size: str | int | None = None, **how: Unpack[DrawingArguments]) -> tuple[str, tuple[str, ...]]:
        """The same, and in words what was done to it."""
        if not isinstance(self.renderer, VectorRenderer):
            raise CreativityError(f"renderer {self.recipe.renderer.name!r} makes pixels, not drawings; save as .png")
        out = self.output_size(size)
        height, width = out.pixels
        if isinstance(self.renderer, DocumentRenderer):
            if asked := _asked(how):
                raise CreativityError(f"{asked[0]} would make another document of it; a drawing of yours keeps its own groups and order")
            wanted = size is not None or self.recipe.size != Recipe().size
            lengths = (out.lengths or (str(width), str(height))) if wanted else None
            return self.renderer.to_document(torch.from_numpy(self.genome), lengths, self.to_json()), ()
        across, down = out.lengths or (width, height)
        # Coordinates are rounded: even a small drawing gets a thousand units, since drawings are there to be enlarged.
        units = math.ceil(DRAWING_UNITS / max(height, width))
        box = (height * units, width * units)
        if not _asked(how):
            marks = self.renderer.to_svg(torch.from_numpy(self.genome), box)
            return svg.document(across, down, (0, 0, box[1], box[0]), marks, metadata=self.to_json()), ()
        from creativity import export

        drawn = export.drawing(self, box, out.unit(box), **how)
        text = svg.document(
            across, down, (0, 0, box[1], box[0]), drawn.elements, metadata=self.to_json(), namespaces={"inkscape": export.INKSCAPE}
        )
        return text, drawn.notes

    def png(self, size: str | int | None = None) -> bytes:
        """The picture as PNG bytes, with genome and recipe inside."""
        return images.encode_png(self.rgba(size), {KEYWORD: self.to_json()}, self.output_size(size).dpi)

    def to_json(self) -> str:
        """Recipe, genome and results as one line of JSON; no clock, host name or path is in it."""
        data = np.ascontiguousarray(self.genome, dtype="<f4").tobytes()
        return json.dumps(
            {
                "format": FORMAT,
                "schema": SCHEMA,
                "recipe": self.recipe.to_dict(),
                "genome": {"float32": base64.b64encode(data).decode(), "sha256": digest_bytes(data)},
                "results": self.results,
            },
            sort_keys=True,
            separators=(",", ":"),
            allow_nan=False,
        )

    def encode(self, suffix: str, size: str | int | None = None, **how: Unpack[DrawingArguments]) -> bytes:
        """The bytes of the kind of file that a suffix names. Raises CreativityError for an unknown one."""
        if suffix == ".svg":
            return self.svg(size, **how).encode()
        if asked := _asked(how):
            raise CreativityError(f"{asked[0]} is for drawings; save as .svg, not as {suffix or 'a file without a suffix'}")
        if suffix == ".png":
            return self.png(size)
        if suffix == ".json":
            self.output_size(size)
            return (self.to_json() + "\n").encode()
        if suffix in (".glsl", ".html"):
            return self._shader(suffix, size).encode()
        if suffix in films.KINDS:
            from creativity import filming

            return filming.of_artwork(self, size=filming.SIZE if size is None else size).encode(suffix)
        raise CreativityError(f"cannot save as {suffix or 'a file without a suffix'}; {nearest(suffix, SUFFIXES)}")

    def _shader(self, suffix: str, size: str | int | None) -> str:
        """As a fragment shader, or as a page that draws it and has the artwork inside. Raises CreativityError where there is none."""
        from creativity.renderers import shader

        renderer = self.renderer
        if not isinstance(renderer, ShaderRenderer):
            raise CreativityError(f"renderer {self.recipe.renderer.name!r} has no shader; save as .png")
        fragment = renderer.to_glsl(torch.from_numpy(self.genome))
        if suffix == ".glsl":
            return fragment
        title = f"{registry.renderers.called(self.recipe.renderer)}, seed {self.recipe.seed}"
        return shader.page(fragment, self.output_size(size).pixels, title, bool(self.recipe.renderer.options.get("loop")), self.to_json())

    def save(self, path: str | Path, size: str | int | None = None, **how: Unpack[DrawingArguments]) -> Path:
        """Save as what the name says, atomically; ``how`` is of an SVG, as in ``svg``. ``-`` is standard output, as SVG or else PNG.

        .svg .png .json; .glsl .html of what a shader can draw; .gif .webp .apng .mp4 are films of a picture that moves, or of a drawing
        as it is painted (`creativity.film` makes others).
        """
        if str(path) == "-":
            sys.stdout.buffer.write(self.encode(".svg" if isinstance(self.renderer, VectorRenderer) else ".png", size, **how))
            sys.stdout.buffer.flush()
            return Path("-")
        path = Path(path)
        return write_atomically(path, self.encode(path.suffix.lower(), size, **how))

    def __repr__(self) -> str:
        """One line: what it is made of, how large it is, how close it came, and from which seed."""
        try:
            height, width = self.output_size().pixels
            marks = f"{self.renderer.spec.marks} marks, {width}x{height}"
        except CreativityError as error:  # such as for a plug-in that is not at hand
            marks = str(error)
        loss = f", loss {self.results['loss']:.5f}" if "loss" in self.results else ""
        return f"Artwork({registry.renderers.called(self.recipe.renderer)}, {marks}{loss}, seed {self.recipe.seed})"

    def image_element(self, size: int) -> str:
        """The picture as an HTML element that needs no file, its long side at most ``size`` pixels."""
        pixels = images.encode_png(self.rgba(min(size, max(self.output_size().pixels))))
        return f'<img src="data:image/png;base64,{base64.b64encode(pixels).decode()}">'

    def _repr_html_(self) -> str:
        return f"<figure>{self.image_element(512)}<figcaption>{html.escape(repr(self))}</figcaption></figure>"

    def _repr_png_(self) -> bytes:
        return self.png(512)


def _asked(how: DrawingArguments) -> list[str]:
    return [name for name, value in how.items() if value is not None and value is not False]


def from_json(text: str | bytes, where: str) -> Artwork:
    """The artwork in a JSON text. Nothing in it is trusted: parts go by registered name, numbers are checked."""
    data = parse_json(text, where)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise CreativityError(f"{where} holds no artwork of creativity")
    if data.get("schema") != SCHEMA:
        raise CreativityError(f"{where} has schema {data.get('schema')!r}; this version of creativity reads {SCHEMA}")
    stored, results = data.get("genome"), data.get("results", {})
    if not isinstance(stored, dict) or not isinstance(stored.get("float32"), str):
        raise CreativityError(f"{where} has no genome that can be read")
    if not isinstance(results, dict) or not all(key.isidentifier() and type(value) in (int, float) for key, value in results.items()):
        raise CreativityError(f"{where} has results that are not numbers by name")
    try:
        raw = base64.b64decode(stored["float32"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise CreativityError(f"{where} has a damaged genome: {error}") from error
    if len(raw) % 4 or not 0 < len(raw) <= 4 * MAX_GENOME or digest_bytes(raw) != stored.get("sha256"):
        raise CreativityError(f"{where} has a damaged genome: its digest does not match")
    genome = np.frombuffer(raw, dtype="<f4").astype(np.float32)
    if not np.isfinite(genome).all():
        raise CreativityError(f"{where} has numbers in its genome that are not finite")
    return Artwork(genome, Recipe.from_dict(data.get("recipe")), results)


def open_artwork(path: str | Path) -> Artwork:
    """The artwork in a PNG, SVG or JSON file, in a film, or in a run folder.

    Raises CreativityError when the file is missing, hostile, or carries no recipe (pictures that were re-saved by
    another program lose it: their JSON beside them, or the run folder, still has it).
    """
    path = Path(path)
    if path.is_dir():
        if (path / "artwork.json").exists():
            return open_artwork(path / "artwork.json")
        if (path / "series.json").exists():
            raise CreativityError(f"{path} holds several runs; name one of the folders in it")
        raise CreativityError(f"{path} holds no finished artwork; continue the run with: creativity resume {path}")
    suffix = path.suffix.lower()
    if suffix == ".png":
        text = images.read_png_text(path).get(KEYWORD)
    elif suffix == ".svg":
        text = svg.metadata_of(svg.read_svg(path))
    elif suffix == ".json":
        text = _read_json_file(path)
    elif suffix in films.KINDS:
        text = films.read_text(path)
    else:
        raise CreativityError(f"cannot read an artwork from {path}; one is a run folder or a file in {', '.join(sorted(SUFFIXES))}")
    if text is None:
        raise CreativityError(f"{path} carries no recipe of creativity; a picture that another program saved loses it")
    return from_json(text, str(path))


def is_made_by(path: str | Path, recipes: Collection[str]) -> bool:
    """Whether a file is an artwork that a search by one of these recipes, named by their digests, has saved."""
    try:
        return open_artwork(path).recipe.digest in recipes
    except CreativityError:
        return False


def _read_json_file(path: Path) -> str:
    with open_source(path, "artwork", limit=4 * 4 * MAX_GENOME // 3 + 1_000_000) as file:
        try:
            return file.read().decode()
        except UnicodeDecodeError as error:
            raise CreativityError(f"{shown(path)} is not text: {error}") from error
