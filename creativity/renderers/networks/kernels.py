"""The numba kernels of small networks: layers of products and functions, on blocks of pixels.

A block is a row of pixels for every unit, so a layer is a product of a small matrix with rows, made in tiles of two units by
32 pixels (forward) and of two units by four (for gradients of weights) that stay in registers; and functions are polynomials
without branches, that the compiler makes vectors of. Errors of the functions are below 2e-6.
"""

from __future__ import annotations

import math

import numpy as np
from numba import float32 as f32
from numba import int64

from creativity.renderers.raster.kernels import address, jit
from creativity.renderers.raster.simd import first, load8, load_float, other, store8, store_float, sums

BLOCK = 128
"""Pixels that go through the layers together."""

IDENTITY, TANH, SIN, GAUSS, SIGMOID, SOFTPLUS, RELU, ATAN = range(8)

ROW = BLOCK * 4
"""Bytes of a unit's row."""

INVERSE_PI, HALF_PI = np.float32(1.0 / math.pi), np.float32(0.5 * math.pi)
PI_HIGH, PI_MIDDLE, PI_LOW = np.float32(3.140625), np.float32(9.67502593994140625e-4), np.float32(1.509957990978376432e-7)


@jit
def _add_product(weights, units, inputs, by_unit, by_input, source, into):  # type: ignore[no-untyped-def]
    """Adds to rows ``into`` the product of a matrix, its strides in floats, with rows ``source``; all of them addresses."""
    unit = int64(0)
    while unit < units:
        pair = unit + 1 < units
        here = weights + unit * by_unit * 4
        there = here + by_unit * 4 if pair else here
        for part in range(0, ROW, 128):
            p = into + unit * ROW + part
            q = p + ROW if pair else p
            a0, a1, a2, a3 = load8(p), load8(p + 32), load8(p + 64), load8(p + 96)
            b0, b1, b2, b3 = load8(q), load8(q + 32), load8(q + 64), load8(q + 96)
            for k in range(inputs):
                w, v = load_float(here + k * by_input * 4), load_float(there + k * by_input * 4)
                row = source + k * ROW + part
                x0, x1, x2, x3 = load8(row), load8(row + 32), load8(row + 64), load8(row + 96)
                a0, a1, a2, a3 = a0 + x0 * w, a1 + x1 * w, a2 + x2 * w, a3 + x3 * w
                b0, b1, b2, b3 = b0 + x0 * v, b1 + x1 * v, b2 + x2 * v, b3 + x3 * v
            store8(p, a0)
            store8(p + 32, a1)
            store8(p + 64, a2)
            store8(p + 96, a3)
            if pair:
                store8(q, b0)
                store8(q + 32, b1)
                store8(q + 64, b2)
                store8(q + 96, b3)
        unit += 2


@jit
def _total(value):  # type: ignore[no-untyped-def]
    four = sums(value)
    return first(four) + other(four)


@jit
def _add_outer(by_units, units, source, inputs, into):  # type: ignore[no-untyped-def]
    """Adds to a matrix the sums over pixels of the products of rows ``by_units`` with rows ``source``."""
    for unit in range(units):
        grad = by_units + unit * ROW
        k = int64(0)
        while k < inputs:
            row = source + k * ROW
            at = into + (unit * inputs + k) * 4
            if k + 4 <= inputs:
                g = load8(grad)
                a, b, c, d = load8(row) * g, load8(row + ROW) * g, load8(row + 2 * ROW) * g, load8(row + 3 * ROW) * g
                for part in range(32, ROW, 32):
                    g = load8(grad + part)
                    a, b = a + load8(row + part) * g, b + load8(row + ROW + part) * g
                    c, d = c + load8(row + 2 * ROW + part) * g, d + load8(row + 3 * ROW + part) * g
                store_float(at, load_float(at) + _total(a))
                store_float(at + 4, load_float(at + 4) + _total(b))
                store_float(at + 8, load_float(at + 8) + _total(c))
                store_float(at + 12, load_float(at + 12) + _total(d))
                k += 4
            else:
                a = load8(grad) * load8(row)
                for part in range(32, ROW, 32):
                    a = a + load8(grad + part) * load8(row + part)
                store_float(at, load_float(at) + _total(a))
                k += 1


@jit
def _tanh(x):  # type: ignore[no-untyped-def]
    """A ratio of polynomials (that of Eigen, a header library for linear algebra)."""
    x = min(max(x, f32(-7.90531110763549805)), f32(7.90531110763549805))
    s = x * x
    p = f32(-2.76076847742355e-16) * s + f32(2.00018790482477e-13)
    p = p * s + f32(-8.60467152213735e-11)
    p = p * s + f32(5.12229709037114e-08)
    p = p * s + f32(1.48572235717979e-05)
    p = p * s + f32(6.37261928875436e-04)
    p = p * s + f32(4.89352455891786e-03)
    q = f32(1.19825839466702e-06) * s + f32(1.18534705686654e-04)
    q = q * s + f32(2.26843463243900e-03)
    q = q * s + f32(4.89352518554385e-03)
    return x * p / q


@jit
def _sin(x):  # type: ignore[no-untyped-def]
    """Taylor's, in [-pi / 2, pi / 2], and the sign of the half turn."""
    turns = np.rint(x * INVERSE_PI)
    sign = f32(1.0) - f32(2.0) * (turns - f32(2.0) * np.floor(f32(0.5) * turns))
    r = ((x - turns * PI_HIGH) - turns * PI_MIDDLE) - turns * PI_LOW
    s = r * r
    p = f32(-2.5052108e-08) * s + f32(2.7557319e-06)
    p = p * s + f32(-1.9841270e-04)
    p = p * s + f32(8.3333333e-03)
    p = p * s + f32(-1.6666667e-01)
    return sign * (r + r * s * p)


@jit
def _falling(t):  # type: ignore[no-untyped-def]
    """exp(-t) for t >= 0: Taylor's of a 32nd, squared five times."""
    u = min(t, f32(60.0)) * f32(-1.0 / 32.0)
    p = f32(1.0 / 5040.0) * u + f32(1.0 / 720.0)
    p = p * u + f32(1.0 / 120.0)
    p = p * u + f32(1.0 / 24.0)
    p = p * u + f32(1.0 / 6.0)
    p = p * u + f32(0.5)
    p = p * u + f32(1.0)
    p = p * u + f32(1.0)
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    return p * p


@jit
def _atan(x):  # type: ignore[no-untyped-def]
    """Of the smaller of |x| and 1 / |x|, twice halved (the tangent of half an angle), by a series."""
    a = abs(x)
    flip = a > f32(1.0)
    t = min(a, f32(1.0) / max(a, f32(1e-30)))
    t = t / (f32(1.0) + np.sqrt(f32(1.0) + t * t))
    s = t * t
    p = f32(-1.0 / 15.0) * s + f32(1.0 / 13.0)
    p = p * s + f32(-1.0 / 11.0)
    p = p * s + f32(1.0 / 9.0)
    p = p * s + f32(-1.0 / 7.0)
    p = p * s + f32(0.2)
    p = p * s + f32(-1.0 / 3.0)
    angle = f32(2.0) * (t + t * s * p)
    angle = HALF_PI - angle if flip else angle
    return angle if x >= f32(0.0) else -angle


@jit
def _logarithm(y):  # type: ignore[no-untyped-def]
    """log(1 + y) for y in [0, 1], by the area tangent."""
    t = y / (f32(2.0) + y)
    s = t * t
    p = f32(1.0 / 11.0) * s + f32(1.0 / 9.0)
    p = p * s + f32(1.0 / 7.0)
    p = p * s + f32(0.2)
    p = p * s + f32(1.0 / 3.0)
    return f32(2.0) * (t + t * s * p)


@jit
def _apply(code, before, after, second):  # type: ignore[no-untyped-def]
    """The function of a unit on its row."""
    if code == TANH:
        for p in range(BLOCK):
            after[p] = _tanh(before[p])
    elif code == SIN:
        for p in range(BLOCK):
            after[p] = _sin(before[p])
    elif code == GAUSS:
        for p in range(BLOCK):
            after[p] = _falling(before[p] * before[p])
    elif code == SIGMOID:
        for p in range(BLOCK):
            after[p] = f32(0.5) + f32(0.5) * _tanh(f32(0.5) * before[p])
    elif code == SOFTPLUS:
        for p in range(BLOCK):
            after[p] = max(before[p], f32(0.0)) + _logarithm(_falling(abs(before[p])))
    elif code == RELU:
        for p in range(BLOCK):
            after[p] = max(before[p], f32(0.0))
    elif code == ATAN:
        for p in range(BLOCK):
            angle = _atan(before[p])
            after[p] = angle * f32(1.0 / 0.67)
            second[p] = angle * angle * f32(1.0 / 0.6)
    else:
        for p in range(BLOCK):
            after[p] = before[p]


@jit
def _pull(code, before, after, grad, second):  # type: ignore[no-untyped-def]
    """From the gradient of a function's outcome, in ``grad`` (and ``second``), to that of the sum that went in, in ``grad``."""
    if code == TANH:
        for p in range(BLOCK):
            grad[p] *= f32(1.0) - after[p] * after[p]
    elif code == SIN:
        for p in range(BLOCK):
            grad[p] *= _sin(before[p] + HALF_PI)
    elif code == GAUSS:
        for p in range(BLOCK):
            grad[p] *= f32(-2.0) * before[p] * after[p]
    elif code == SIGMOID:
        for p in range(BLOCK):
            grad[p] *= after[p] * (f32(1.0) - after[p])
    elif code == SOFTPLUS:
        for p in range(BLOCK):
            grad[p] *= f32(0.5) + f32(0.5) * _tanh(f32(0.5) * before[p])
    elif code == RELU:
        for p in range(BLOCK):
            grad[p] *= f32(1.0) if before[p] > f32(0.0) else f32(0.0)
    elif code == ATAN:
        for p in range(BLOCK):
            angle = after[p] * f32(0.67)
            pull = grad[p] * f32(1.0 / 0.67) + second[p] * (angle * f32(2.0 / 0.6))
            grad[p] = pull / (f32(1.0) + before[p] * before[p])


@jit
def _climb(layers, codes, weights, biases, before, after, starts):  # type: ignore[no-untyped-def]
    """One block through all layers: sums in ``before (U, BLOCK)``, outcomes in ``after``, where ``starts[l]`` is layer l's first row."""
    for layer in range(len(layers)):
        units, inputs, weight, unit = layers[layer, 0], layers[layer, 1], layers[layer, 2], layers[layer, 3]
        for k in range(units):
            bias = biases[unit + k]
            row = before[unit + k]
            for p in range(BLOCK):
                row[p] = bias
        source, into = address(after) + starts[layer] * ROW, address(before) + unit * ROW
        _add_product(address(weights) + weight * 4, units, inputs, inputs, int64(1), source, into)
        out = starts[layer + 1]
        for k in range(units):
            second = after[out + units + k] if codes[unit + k] == ATAN else after[out + k]
            _apply(codes[unit + k], before[unit + k], after[out + k], second)


@jit
def _starts(layers, codes):  # type: ignore[no-untyped-def]
    """Where the rows of each layer's input begin, the features first; where the outcome of the last one does; and how many rows."""
    starts = np.zeros(len(layers) + 2, np.int64)
    starts[1] = layers[0, 1]
    for layer in range(len(layers)):
        double = 2 if codes[layers[layer, 3]] == ATAN else 1
        starts[layer + 2] = starts[layer + 1] + double * layers[layer, 0]
    return starts


@jit
def _take(features, begin, end, rows):  # type: ignore[no-untyped-def]
    """A block of features; beyond the last pixel, 0."""
    for k in range(features.shape[0]):
        for p in range(BLOCK):
            rows[k, p] = features[k, begin + p] if begin + p < end else f32(0.0)


@jit
def forward(first_unit, last_unit, runs, layers, codes, features, weights, biases, out):  # type: ignore[no-untyped-def]
    """Units of work: picture ``unit // runs``, and of its pixels one of ``runs`` parts."""
    pixels = features.shape[1]
    blocks = (pixels + BLOCK - 1) // BLOCK
    starts = _starts(layers, codes)
    before = np.empty((len(codes), BLOCK), np.float32)
    after = np.empty((starts[-1], BLOCK), np.float32)
    last = starts[len(layers)]
    for unit in range(first_unit, last_unit):
        picture, run = unit // runs, unit % runs
        for block in range(blocks * run // runs, blocks * (run + 1) // runs):
            begin = block * BLOCK
            end = min(begin + BLOCK, pixels)
            _take(features, begin, end, after)
            _climb(layers, codes, weights[picture], biases[picture], before, after, starts)
            for channel in range(out.shape[1]):
                for p in range(end - begin):
                    out[picture, channel, begin + p] = after[last + channel, p]


@jit
def backward(first_unit, last_unit, runs, layers, codes, features, weights, biases, upstream, by_weights, by_biases):  # type: ignore[no-untyped-def]
    """As `forward`; the gradients of part ``run`` are added to ``by_weights[picture, run]`` and ``by_biases[picture, run]``."""
    pixels = features.shape[1]
    blocks = (pixels + BLOCK - 1) // BLOCK
    starts = _starts(layers, codes)
    before = np.empty((len(codes), BLOCK), np.float32)
    after = np.empty((starts[-1], BLOCK), np.float32)
    grads = np.empty((starts[-1], BLOCK), np.float32)
    last = starts[len(layers)]
    for unit in range(first_unit, last_unit):
        picture, run = unit // runs, unit % runs
        into_weights, into_biases = by_weights[picture, run], by_biases[picture, run]
        for block in range(blocks * run // runs, blocks * (run + 1) // runs):
            begin = block * BLOCK
            end = min(begin + BLOCK, pixels)
            _take(features, begin, end, after)
            _climb(layers, codes, weights[picture], biases[picture], before, after, starts)
            _take(upstream[picture], begin, end, grads[last:])
            for layer in range(len(layers) - 1, -1, -1):
                units, inputs, weight, at = layers[layer, 0], layers[layer, 1], layers[layer, 2], layers[layer, 3]
                out = starts[layer + 1]
                for k in range(units):
                    second = grads[out + units + k] if codes[at + k] == ATAN else grads[out + k]
                    _pull(codes[at + k], before[at + k], after[out + k], grads[out + k], second)
                    total = f32(0.0)
                    row = grads[out + k]
                    for p in range(BLOCK):
                        total += row[p]
                    into_biases[at + k] += total
                by_units, source = address(grads) + out * ROW, address(after) + starts[layer] * ROW
                _add_outer(by_units, units, source, inputs, address(into_weights) + weight * 4)
                if layer:
                    for k in range(inputs):
                        row = grads[starts[layer] + k]
                        for p in range(BLOCK):
                            row[p] = f32(0.0)
                    into = address(grads) + starts[layer] * ROW
                    _add_product(address(weights[picture]) + weight * 4, inputs, units, int64(1), inputs, by_units, into)
