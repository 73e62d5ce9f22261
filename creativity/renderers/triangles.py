"""Translucent triangles on a plain background: es-clip's canvas, anti-aliased, differentiable, true vector.

After *Modern Evolution Strategies for Creativity: Fitting Concrete Images and Abstract Concepts* (Tian & Ha 2021).
"""

from __future__ import annotations

from creativity.renderers.marks import MarksOptions
from creativity.renderers.raster import forms
from creativity.renderers.shapes import Shapes


class Triangles(Shapes):
    """``count`` triangles, each with three vertices, a colour and an opacity, painted in order."""

    Options = MarksOptions

    def _form(self) -> forms.Form:
        return forms.Form((forms.TRIANGLE,))
