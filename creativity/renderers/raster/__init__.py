"""Filled outlines to pixels, exactly and differentiably: the doorway of the raster kernels.

Every vector mark of the house lowers to a filled, flattened outline. A pixel's coverage is the exact area that the
outline covers in it, ``min(|A|, 1)`` with ``A`` the winding-weighted area, and marks are composited "over" in order, in
sRGB, premultiplied. Two functions do all the work, and one dict says who does it:

- `render` draws pictures, `squared_error` compares with a target and draws none;
- ``numba`` is the fast kernel on the CPU and ``triton`` that on a GPU: the device of the points decides between them.
  ``reference`` is the specification in plain torch that both are tested against.

The gradients are analytic: compositing is undone from the last mark to the first, and a vertex feels the line integral,
along its two edges, of what a little more coverage would do to the loss. There is no sampling and no smoothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from creativity.errors import CreativityError, nearest

if TYPE_CHECKING:
    from creativity.renderers.raster.autograd import Kernels

__all__ = [
    "BACKENDS",
    "OPACITY_CAP",
    "Gradients",
    "Outlines",
    "check_target",
    "constant",
    "most_marks",
    "offsets",
    "prepare",
    "render",
    "squared_error",
]

BACKENDS = {
    "numba": "creativity.renderers.raster.cpu",
    "triton": "creativity.renderers.raster.gpu",
    "reference": "creativity.renderers.raster.reference",
}

_CPU = torch.device("cpu")

OPACITY_CAP = 1.0 - 1.0 / 4096.0
"""No mark is more opaque than this inside the kernels, or what lies below an opaque mark could not be recovered.

The picture changes by at most 0.00025, far below one step of an 8-bit file; exports say 1."""


FLAT, LINEAR, RADIAL = range(3)
"""What fills a mark: its colour, or a gradient."""

FAR = 1e9
"""Numbers of a gradient's frame are held within this: a gradient so steep is a step."""

SHORTEST = 1e-6
"""Stops that are nearer to each other are a step."""


@dataclass(frozen=True)
class Gradients:
    """What fills the marks that are not of one colour: linear and radial gradients, by SVG's rules.

    A mark's frame takes a pixel's place (x, y) to ``u = a x + c y + e``, ``v = b x + d y + f``. Along a linear gradient ``tau``
    is u, in a radial one |(u, v)|, held in [0, 1]. Colour and opacity are interpolated between stops, each by itself and straight
    (not premultiplied); of stops at one place the last one holds there. The middle of a pixel decides for all of it.
    """

    kinds: Tensor
    """(M,) int32: `FLAT` (the mark's colour), `LINEAR` or `RADIAL`."""
    frames: Tensor
    """(M, 6) a, b, c, d, e, f: the inverse of SVG's ``gradientTransform``, in pixels."""
    stops: Tensor
    """(M + 1,) int32 offsets into the stops; a gradient has at least one."""
    places: Tensor
    """(S,) in [0, 1], rising within a mark. They have no gradient."""
    colours: Tensor
    """(S, 4) sRGB and opacity in [0, 1]; the opacity is multiplied by the mark's own."""


@dataclass(frozen=True)
class Outlines:
    """A batch of pictures, each a stack of filled, flattened outlines; ragged, by offsets into the level below.

    Image ``b`` has marks ``images[b]:images[b + 1]``, painted in order; mark ``m`` has contours
    ``marks[m]:marks[m + 1]`` (its holes and islands); contour ``c`` has points ``contours[c]:contours[c + 1]`` and is
    closed implicitly. Contours of fewer than three points enclose nothing and draw nothing. A mark that has a number
    that is not finite is left out and receives a zero gradient; colours and opacities are clamped to [0, 1].
    """

    points: Tensor
    """(P, 2) float32, pixels: x right, y down; pixel (row i, column j) is the square [j, j + 1] x [i, i + 1]."""
    colours: Tensor
    """(M, 3) sRGB in [0, 1], straight (not premultiplied)."""
    opacities: Tensor
    """(M,) in [0, 1]."""
    backgrounds: Tensor
    """(B, 4) premultiplied RGBA in [0, 1]; all zeros is transparent."""
    contours: Tensor
    """(C + 1,) int32 offsets into ``points``."""
    marks: Tensor
    """(M + 1,) int32 offsets into the contours."""
    images: Tensor
    """(B + 1,) int32 offsets into the marks."""
    gradients: Gradients | None = None
    """What fills marks that are not of one colour."""

    @classmethod
    def regular(cls, points: Tensor, colours: Tensor, opacities: Tensor, backgrounds: Tensor) -> Outlines:
        """The usual batch: B images of M marks of one contour of n points each.

        ``points (B, M, n, 2)``, ``colours (B, M, 3)``, ``opacities (B, M)``, ``backgrounds (B, 4)``; gradients flow
        through. Raises `CreativityError` where the shapes disagree.
        """
        if points.ndim != 4 or points.shape[-1] != 2:
            raise CreativityError(f"points must be (images, marks, corners, 2), not {tuple(points.shape)}")
        b, m, n, _ = points.shape
        if colours.shape != (b, m, 3) or opacities.shape != (b, m):
            raise CreativityError(
                f"for points {tuple(points.shape)}, colours must be {(b, m, 3)} and opacities {(b, m)}, "
                f"not {tuple(colours.shape)} and {tuple(opacities.shape)}"
            )
        contours, marks, images = _regular_offsets(b, m, n, points.device)
        return cls(
            points.reshape(-1, 2),
            colours.reshape(-1, 3),
            opacities.reshape(-1),
            backgrounds,
            contours,
            marks,
            images,
        )


def render(outlines: Outlines, size: tuple[int, int], backend: str | None = None) -> Tensor:
    """Pictures ``(B, 4, H, W)`` of ``outlines`` at ``size = (H, W)`` pixels: premultiplied RGBA in [0, 1].

    Differentiable in points, colours, opacities, backgrounds, and in frames and colours of gradients. The kernels keep the
    four channels of a pixel side by side, so the result is a view of ``(B, H, W, 4)`` memory: ``contiguous()`` it where planes
    are wanted. Raises `CreativityError` for shapes that disagree, offsets that lead nowhere, or an unknown backend.
    """
    _check(outlines)
    height, width = size
    if height < 1 or width < 1:
        raise CreativityError(f"a picture needs at least one pixel a side, not {height} x {width}")
    if backend == "reference":
        from creativity.renderers.raster import reference

        return reference.render(outlines, (height, width))
    from creativity.renderers.raster import autograd

    return autograd.render(outlines, (height, width), _kernels(backend, outlines.points.device))


def squared_error(outlines: Outlines, target: Tensor, weight: Tensor | None = None, backend: str | None = None) -> Tensor:
    """How far each picture is from ``target (4, H, W)``, premultiplied RGBA: losses ``(B,)``; no picture is made.

    With ``d = picture - target``, over a background of grey level B the two composites differ by ``d_c - d_a B`` in
    colour channel c. If B is uniform on [0, 1], the expected square of that is ``(d_c - d_a / 2)^2 + d_a^2 / 12``
    (the mean of B is 1/2, its variance 1/12). Summed over the three colours and averaged over pixels with
    ``weight (H, W)`` (non-negative; None: all equal)::

        loss = sum_pixels w (sum_c (d_c - d_a / 2)^2 + d_a^2 / 4) / (3 sum_pixels w)

    So where both are opaque it is the ordinary mean squared error, and where they are not it is the error that a viewer
    over a random background meets: wrong alpha costs, and colour where nothing is seen does not. Differentiable like
    `render` (not in ``target`` or ``weight``). Raises `CreativityError` as `render` does.
    """
    _check(outlines)
    check_target(target, weight)
    if backend == "reference":
        from creativity.renderers.raster import reference

        return reference.squared_error(outlines, target, weight)
    from creativity.renderers.raster import autograd

    return autograd.squared_error(outlines, target, weight, _kernels(backend, outlines.points.device))


def check_target(target: Tensor, weight: Tensor | None) -> None:
    """What kernels that compare rely on. Raises `CreativityError`."""
    if target.ndim != 3 or target.shape[0] != 4 or target.numel() == 0:
        raise CreativityError(f"the target must be premultiplied RGBA (4, H, W), not {tuple(target.shape)}")
    if weight is not None and weight.shape != target.shape[1:]:
        raise CreativityError(f"the weight must be {tuple(target.shape[1:])} like the target, not {tuple(weight.shape)}")
    # To look at numbers on a GPU is to wait for it.
    if weight is not None and weight.device.type == "cpu" and not 0.0 < float(weight.sum()) < float("inf"):
        raise CreativityError("the weight must be finite, and more than zero somewhere")


def prepare(backend: str | None = None) -> None:
    """Compiles the kernels, or loads them from the cache, so that the first picture does not wait."""
    name = backend or "numba"
    if name != "reference":
        _kernels(name).prepare()


def _kernels(backend: str | None, device: torch.device = _CPU) -> Kernels:
    name = backend or ("numba" if device.type == "cpu" else "triton")
    if name not in BACKENDS:
        raise CreativityError(f"unknown raster backend {name!r}: {nearest(name, BACKENDS)}")
    module: Kernels = import_module(BACKENDS[name])
    return module


def offsets(rows: int, each: int, device: torch.device = _CPU) -> Tensor:
    """(rows + 1,) int32 offsets of rows of ``each`` entries; the same tensor each time."""
    return _offsets(rows, each, device)


@lru_cache(maxsize=64)
def _offsets(rows: int, each: int, device: torch.device) -> Tensor:
    return torch.arange(rows + 1, dtype=torch.int32, device=device) * each


@lru_cache(maxsize=64)
def _regular_offsets(images: int, marks: int, corners: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Offsets of a regular batch; a search asks for the same ones a thousand times a second."""
    count = images * marks
    return offsets(count, corners, device), offsets(count, 1, device), offsets(images, marks, device)


def constant(numbers: tuple[float, ...], like: Tensor) -> Tensor:
    """Numbers as a tensor of the kind and on the device of another, made once: to send them to a GPU is to wait for it."""
    return _constant(numbers, like.device, like.dtype)


@lru_cache(maxsize=64)
def _constant(numbers: tuple[float, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    return torch.tensor(numbers, device=device, dtype=dtype)


def most_marks(outlines: Outlines) -> int:
    """How many marks the fullest of the images has."""
    images, marks = len(outlines.backgrounds), len(outlines.colours)
    if images and marks % images == 0 and outlines.images is offsets(images, marks // images, outlines.images.device):
        return marks // images
    return int(outlines.images.diff().max()) if images else 0


def _check(outlines: Outlines) -> None:
    """Everything that the kernels rely on: they follow the offsets without looking again."""
    points, colours, opacities, backgrounds = (
        outlines.points,
        outlines.colours,
        outlines.opacities,
        outlines.backgrounds,
    )
    if points.ndim != 2 or points.shape[1] != 2:
        raise CreativityError(f"points must be (P, 2), not {tuple(points.shape)}")
    if colours.ndim != 2 or colours.shape[1] != 3 or opacities.shape != colours.shape[:1]:
        raise CreativityError(f"colours must be (M, 3) and opacities (M,), not {tuple(colours.shape)} and {tuple(opacities.shape)}")
    if backgrounds.ndim != 2 or backgrounds.shape[1] != 4:
        raise CreativityError(f"backgrounds must be premultiplied RGBA (B, 4), not {tuple(backgrounds.shape)}")
    images, marks = backgrounds.shape[0], colours.shape[0]
    if outlines.gradients is not None:
        _check_gradients(outlines.gradients, marks)
    if images and marks and outlines.contours is _regular_offsets(images, marks // images, len(points) // marks, points.device)[0]:
        return
    _check_offsets("contours", outlines.contours, points.shape[0], None)
    _check_offsets("marks", outlines.marks, outlines.contours.shape[0] - 1, colours.shape[0])
    _check_offsets("images", outlines.images, colours.shape[0], backgrounds.shape[0])


def _check_gradients(gradients: Gradients, marks: int) -> None:
    kinds, frames, stops, places, colours = gradients.kinds, gradients.frames, gradients.stops, gradients.places, gradients.colours
    if kinds.dtype != torch.int32 or kinds.shape != (marks,) or frames.shape != (marks, 6):
        raise CreativityError(
            f"kinds of gradients must be int32 ({marks},) and frames ({marks}, 6), "
            f"not {kinds.dtype} {tuple(kinds.shape)} and {tuple(frames.shape)}"
        )
    if places.ndim != 1 or colours.shape != (len(places), 4):
        raise CreativityError(f"places must be (S,) and colours of stops (S, 4), not {tuple(places.shape)} and {tuple(colours.shape)}")
    _check_offsets("stops", stops, len(places), marks)
    if kinds.device.type != "cpu":
        return
    found = kinds.numpy()
    if ((found < FLAT) | (found > RADIAL)).any():
        raise CreativityError(f"kinds of gradients are {FLAT} (flat), {LINEAR} (linear) and {RADIAL} (radial)")
    if (stops.diff().numpy()[found != FLAT] < 1).any():
        raise CreativityError("a gradient needs at least one stop")


def _check_offsets(name: str, offsets: Tensor, total: int, rows: int | None) -> None:
    """``offsets`` must be int32, start at 0, never fall, end at ``total`` and describe ``rows`` things.

    Of those on a GPU the shape alone is looked at: they were made there by functions of ours, and to read them would be to wait.
    """
    if offsets.dtype != torch.int32 or offsets.ndim != 1 or len(offsets) < 1:
        raise CreativityError(f"{name} must be a row of int32 offsets, not {offsets.dtype} {tuple(offsets.shape)}")
    if rows is not None and len(offsets) != rows + 1:
        raise CreativityError(f"{name} must have {rows + 1} offsets for {rows} entries, not {len(offsets)}")
    if offsets.device.type != "cpu":
        return
    plain = offsets.numpy()
    if plain[0] != 0 or plain[-1] != total or (plain[1:] < plain[:-1]).any():
        raise CreativityError(f"{name} must rise from 0 to {total}")
