"""Four or eight floats in one register, as values that numba code can hold.

A pixel is four floats, so its arithmetic is one vector instruction, if the compiler sees it. LLVM's own vectoriser does
not: rows are short, canvases might overlap for all it knows, and what it does find it wraps in run-time checks and
scalar remainders. So the kernels say it themselves. `Lanes` values add, subtract and multiply with one another and with
float32 scalars; loads and stores take plain addresses, which also skips numba's index arithmetic.

An address is an integer and nobody checks it: the kernels must know that what they touch is theirs. Machines without
eight-wide registers are served too, LLVM splits what does not fit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

FLAGS = ("contract", "reassoc", "nsz", "arcp")
"""Products and sums may fuse; infinities and NaN keep their meaning."""

F32 = ir.FloatType()
I32 = ir.IntType(32)


class Lanes(types.Type):  # type: ignore[misc]
    """``count`` floats in a register."""

    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(name=f"Lanes({count})")


lanes4, lanes8 = Lanes(4), Lanes(8)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, ir.VectorType(F32, lanes.count))


def _splat(builder: Any, value: Any, count: int) -> Any:
    vector = ir.VectorType(F32, count)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, I32(0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(I32, count), [0] * count))


def _shuffle(builder: Any, value: Any, picks: list[int]) -> Any:
    return builder.shuffle_vector(value, value, ir.Constant(ir.VectorType(I32, len(picks)), picks))


def _operator(function: Callable[..., Any], instruction: str) -> None:
    """Teaches numba ``function`` between lanes and lanes, and between lanes and a float32."""

    class Template(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            left, right = args
            if isinstance(left, Lanes) and right in (left, types.float32):
                return left(left, right)
            return None

    infer_global(function)(Template)

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        left, right = args
        if sig.args[1] == types.float32:
            right = _splat(builder, right, sig.args[0].count)
        return getattr(builder, instruction)(left, right, flags=FLAGS)

    lower_builtin(function, Lanes, Lanes)(lower)
    lower_builtin(function, Lanes, types.Float)(lower)


for _function, _instruction in (
    (operator.add, "fadd"),
    (operator.iadd, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _operator(_function, _instruction)


def _loader(result: Any, llvm: Any, align: int) -> Any:
    def load(typingctx: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.load(builder.inttoptr(args[0], llvm.as_pointer()), align=align)

        return result(types.int64), codegen

    return intrinsic(load)


def _storer(kind: Any, llvm: Any, align: int) -> Any:
    def store(typingctx: Any, address: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            builder.store(args[1], builder.inttoptr(args[0], llvm.as_pointer()), align=align)
            return context.get_dummy_value()

        return types.void(types.int64, kind), codegen

    return intrinsic(store)


# Pixels are aligned to 4 bytes only, since a torch tensor may start anywhere; unaligned vector loads cost the same.
load4, store4 = _loader(lanes4, ir.VectorType(F32, 4), 4), _storer(lanes4, ir.VectorType(F32, 4), 4)
load8, store8 = _loader(lanes8, ir.VectorType(F32, 8), 4), _storer(lanes8, ir.VectorType(F32, 8), 4)
load_float, store_float = _loader(types.float32, F32, 4), _storer(types.float32, F32, 4)
load_double, store_double = _loader(types.float64, ir.DoubleType(), 8), _storer(types.float64, ir.DoubleType(), 8)
load_int, store_int = _loader(types.int32, I32, 4), _storer(types.int32, I32, 4)
load_bits, store_bits = _loader(types.uint64, ir.IntType(64), 8), _storer(types.uint64, ir.IntType(64), 8)


@intrinsic
def lanes(typingctx: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Four scalars as lanes."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = ir.Constant(ir.VectorType(F32, 4), ir.Undefined)
        for position, scalar in enumerate(args):
            value = builder.insert_element(value, scalar, I32(position))
        return value

    return lanes4(*[types.float32] * 4), codegen


@intrinsic
def twice(typingctx: Any, value: Any) -> Any:
    """Four lanes, and the same again: what one pixel wants, for two."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _shuffle(builder, args[0], [0, 1, 2, 3, 0, 1, 2, 3])

    return lanes8(lanes4), codegen


@intrinsic
def beside(typingctx: Any, a: Any, b: Any) -> Any:
    """Two scalars as eight lanes: ``a`` for the first pixel, ``b`` for the second."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = ir.Constant(ir.VectorType(F32, 2), ir.Undefined)
        for position, scalar in enumerate(args):
            value = builder.insert_element(value, scalar, I32(position))
        return _shuffle(builder, value, [0, 0, 0, 0, 1, 1, 1, 1])

    return lanes8(types.float32, types.float32), codegen


@intrinsic
def folded(typingctx: Any, value: Any) -> Any:
    """Eight lanes of two pixels to their sum, four lanes."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        low, high = _shuffle(builder, args[0], [0, 1, 2, 3]), _shuffle(builder, args[0], [4, 5, 6, 7])
        return builder.fadd(low, high, flags=FLAGS)

    return lanes4(lanes8), codegen


@intrinsic
def alphas(typingctx: Any, value: Any) -> Any:
    """Every lane of a pixel becomes its alpha."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _shuffle(builder, args[0], [lane // 4 * 4 + 3 for lane in range(sig.args[0].count)])

    return value(value), codegen


@intrinsic
def sums(typingctx: Any, value: Any) -> Any:
    """Every lane of a pixel becomes the sum of the pixel's four."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        total = args[0]
        for distance in (1, 2):
            turned = _shuffle(builder, total, [lane ^ distance for lane in range(sig.args[0].count)])
            total = builder.fadd(total, turned, flags=FLAGS)
        return total

    return value(value), codegen


@intrinsic
def first(typingctx: Any, value: Any) -> Any:
    """The first lane as a float32."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.extract_element(args[0], I32(0))

    return types.float32(value), codegen


@intrinsic
def other(typingctx: Any, value: Any) -> Any:
    """The first lane of the second pixel as a float32."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.extract_element(args[0], I32(4))

    return types.float32(lanes8), codegen


@intrinsic
def unit(typingctx: Any, value: Any) -> Any:
    """Every lane clamped to [0, 1]."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.VectorType(F32, sig.args[0].count)
        zero, one = (ir.Constant(kind, [level] * sig.args[0].count) for level in (0.0, 1.0))
        # Compare and select, in this order, is what the min and max instructions do; LLVM's minnum costs more.
        low = builder.select(builder.fcmp_ordered(">", args[0], zero), args[0], zero)
        return builder.select(builder.fcmp_ordered("<", low, one), low, one)

    return value(value), codegen


@intrinsic
def alone(typingctx: Any, value: Any) -> Any:
    """One pixel's lanes, and nothing beside it."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        nothing = ir.Constant(ir.VectorType(F32, 4), [0.0] * 4)
        return builder.shuffle_vector(args[0], nothing, ir.Constant(ir.VectorType(I32, 8), list(range(8))))

    return lanes8(lanes4), codegen


@intrinsic
def single(typingctx: Any, value: Any) -> Any:
    """The first of two pixels."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _shuffle(builder, args[0], [0, 1, 2, 3])

    return lanes4(lanes8), codegen


@intrinsic
def with_alphas(typingctx: Any, value: Any, alpha: Any) -> Any:
    """Two pixels, their fourth lanes taken from ``alpha``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.shuffle_vector(*args, ir.Constant(ir.VectorType(I32, 8), [0, 1, 2, 11, 4, 5, 6, 15]))

    return lanes8(lanes8, lanes8), codegen


@intrinsic
def root(typingctx: Any, value: Any) -> Any:
    """The square root of every lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type
        name = f"llvm.sqrt.v{sig.args[0].count}f32"
        return builder.call(cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), name), args)

    return value(value), codegen


@intrinsic
def within(typingctx: Any, value: Any) -> Any:
    """1 in lanes that are between 0 and 1, 0 in others."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zero, one = (ir.Constant(args[0].type, [level] * sig.args[0].count) for level in (0.0, 1.0))
        low = builder.select(builder.fcmp_ordered(">", args[0], zero), one, zero)
        return builder.select(builder.fcmp_ordered("<", args[0], one), low, zero)

    return value(value), codegen


@intrinsic
def lowest_bit(typingctx: Any, bits: Any) -> Any:
    """The position of the lowest set bit; ``bits`` must not be 0."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), codegen
