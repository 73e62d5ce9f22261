"""Networks as shaders: what a browser, or any program that runs GLSL, draws at any size, without us."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any

import numpy as np

from creativity.renderers.networks import ATAN, FUNCTIONS, Network

Numbers = np.ndarray[Any, np.dtype[np.float32]]

CALLS = {
    "identity": "{}",
    "tanh": "tanh_({})",
    "sin": "sin({})",
    "gauss": "exp(-{0}*{0})",
    "sigmoid": "1./(1.+exp(-{}))",
    "softplus": "max({0},0.)+log(1.+exp(-abs({0})))",
    "relu": "max({},0.)",
}

TANH = "float tanh_(float x){float e=exp(2.*clamp(x,-10.,10.));return (e-1.)/(e+1.);}"
"""That of GLSL overflows on some machines."""


def body(
    network: Network, weights: np.ndarray[tuple[int], np.dtype[np.float32]], biases: np.ndarray[tuple[int], np.dtype[np.float32]]
) -> list[str]:
    """Statements that take ``f0``, ``f1`` ... (vec4 of features, the last one filled with zeros) to ``o``, a vec4 of outputs (at most 4).

    weights (W,) and biases (U,) are those of one picture. A layer is products of 4 x 4 matrices with vectors of 4.
    """
    lines, source, weight, unit = [], "f", 0, 0
    for layer, ((units, inputs), codes) in enumerate(zip(network.shapes, network.layers, strict=True)):
        matrix = _padded(weights[weight : weight + units * inputs].reshape(units, inputs))
        bias = _padded(biases[unit : unit + units][:, None])[:, 0]
        weight, unit = weight + units * inputs, unit + units
        groups, into = matrix.shape[0] // 4, f"h{layer}_"
        for group in range(groups):
            rows = matrix[4 * group : 4 * group + 4]
            # A matrix of GLSL is written column by column.
            products = "".join(f"+mat4({_numbers(rows[:, 4 * k : 4 * k + 4].T.ravel())})*{source}{k}" for k in range(rows.shape[1] // 4))
            lines.append(f"vec4 a{layer}_{group}=vec4({_numbers(bias[4 * group : 4 * group + 4])}){products};")
            if codes[0] == ATAN:
                lines.append(f"vec4 t{layer}_{group}=atan(a{layer}_{group});")
                lines.append(f"vec4 {into}{group}=t{layer}_{group}*{1 / 0.67:.7f};")
                continue
            names = [f"a{layer}_{group}.{axis}" for axis in "xyzw"]
            calls = [CALLS[FUNCTIONS[codes[4 * group + k]]].format(name) if 4 * group + k < units else "0." for k, name in enumerate(names)]
            lines.append(f"vec4 {into}{group}=vec4({','.join(calls)});")
        if codes[0] == ATAN:
            lines += _doubled(layer, units, groups)
        source = into
    return [*lines, f"vec4 o={source}0;"]


def _doubled(layer: int, units: int, groups: int) -> list[str]:
    """The second outputs of a layer of arctangents come right after the first ones, wherever in a vector that is."""
    whole = [f"h{layer}_{k // 4}.{'xyzw'[k % 4]}" for k in range(units)]
    squares = [f"t{layer}_{k // 4}.{'xyzw'[k % 4]}*t{layer}_{k // 4}.{'xyzw'[k % 4]}*{1 / 0.6:.7f}" for k in range(units)]
    both = whole + squares
    both += ["0."] * (-len(both) % 4)
    fresh = [f"vec4 d{layer}_{k}=vec4({','.join(both[4 * k : 4 * k + 4])});" for k in range(len(both) // 4)]
    renamed = [f"{'vec4 ' if k >= groups else ''}h{layer}_{k}=d{layer}_{k};" for k in range(len(both) // 4)]
    return [*fresh, *renamed]


def _padded(matrix: Numbers) -> Numbers:
    """To whole vectors of 4, with zeros."""
    return np.pad(matrix, [(0, -side % 4) for side in matrix.shape])


def _numbers(values: Iterable[float]) -> str:
    return ",".join(_number(float(value)) for value in values)


def _number(value: float) -> str:
    text = f"{value:.7g}"
    return text if "." in text or "e" in text else text + "."


def page(fragment: str, size: tuple[int, int], title: str, moves: bool, record: str) -> str:
    """A page that draws a fragment shader (GLSL ES 3.00) in a canvas of ``size`` (H, W), and says so where it cannot.

    It fetches nothing. Dragging and the wheel look around; ``record`` is kept inside, as JSON.
    """
    height, width = size
    kept = record.replace("<", "\\u003c")
    return PAGE.format(
        title=escape(title),
        width=width,
        height=height,
        moves="true" if moves else "false",
        fragment=json.dumps(fragment).replace("<", "\\u003c"),
        record=kept,
    )


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
html, body {{ margin: 0; height: 100%; background: #111; color: #eee; font: 16px system-ui, sans-serif }}
body {{ display: grid; place-items: center }}
canvas {{ max-width: 100vw; max-height: 100vh; touch-action: none; cursor: grab }}
</style>
<canvas width="{width}" height="{height}" aria-label="{title}"></canvas>
<script type="application/json" id="creativity">{record}</script>
<script>
const canvas = document.querySelector("canvas"), gl = canvas.getContext("webgl2", {{preserveDrawingBuffer: true}});
const fragment = {fragment}, moves = {moves};
const view = {{zoom: 1, x: 0, y: 0}};
function compile(kind, source) {{
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
  return shader;
}}
function start() {{
  if (!gl) throw new Error("this browser has no WebGL 2");
  const program = gl.createProgram();
  gl.attachShader(program, compile(gl.VERTEX_SHADER, "#version 300 es\\nin vec2 p;void main(){{gl_Position=vec4(p,0.,1.);}}"));
  gl.attachShader(program, compile(gl.FRAGMENT_SHADER, fragment));
  gl.linkProgram(program);
  gl.useProgram(program);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), gl.STATIC_DRAW);
  const place = gl.getAttribLocation(program, "p");
  gl.enableVertexAttribArray(place);
  gl.vertexAttribPointer(place, 2, gl.FLOAT, false, 0, 0);
  const uniform = (name) => gl.getUniformLocation(program, name);
  const began = performance.now(), moving = moves && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  function draw() {{
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.uniform2f(uniform("size"), canvas.width, canvas.height);
    gl.uniform3f(uniform("view"), view.zoom, view.x, view.y);
    gl.uniform1f(uniform("phase"), moving ? (performance.now() - began) / 8000 % 1 : 0);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    if (moving) requestAnimationFrame(draw);
  }}
  const side = () => Math.min(canvas.clientWidth, canvas.clientHeight) / 2 * view.zoom;
  canvas.addEventListener("pointermove", (event) => {{
    if (!event.buttons) return;
    view.x -= event.movementX / side();
    view.y -= event.movementY / side();
    if (!moving) draw();
  }});
  canvas.addEventListener("wheel", (event) => {{
    event.preventDefault();
    view.zoom *= Math.exp(-event.deltaY / 500);
    if (!moving) draw();
  }}, {{passive: false}});
  draw();
}}
try {{ start() }} catch (error) {{ document.body.append("It cannot be drawn here: " + error.message) }}
</script>
</html>
"""
