"""SVG: the gate that every drawing read passes before anything else parses it, and the writing of our own.

No library that draws SVG is safe alone: entities, nested ``<use>``, deep nesting and references to files make each of
them hang, crash or read what it should not. The gate lets through plain drawings and refuses the rest in words.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element, ParseError, SubElement, TreeBuilder, indent, tostring

import numpy as np
from defusedxml import ElementTree as defused
from defusedxml.common import DefusedXmlException

from creativity.errors import CreativityError
from creativity.sources import open_source, shown

MAX_BYTES = 10_000_000
MAX_DEPTH = 64
MAX_NODES = 200_000
"""Elements in a drawing, counted as often as they are drawn (``<use>``, ``clip-path``)."""
MAX_PIXELS = 100_000
"""The longest side of a drawing, in pixels or user units."""

NAMESPACE = "urn:creativity:artwork"
SVG = "http://www.w3.org/2000/svg"

# What a drawing of shapes needs. <pattern>, <marker>, <mask> and <filter> multiply the work of whoever draws them and
# no renderer of ours could keep them; <image> and <foreignObject> bring in other formats; the rest is for browsers.
_ELEMENTS = frozenset(
    "svg g defs symbol use switch a title desc metadata style view path rect circle ellipse line polyline polygon "  # noqa: SIM905
    "text tspan textPath linearGradient radialGradient stop clipPath".split()
)
# Their values are numbers and names alone, wherever they are read: nearly all of a file, and not looked into.
_INERT = frozenset(
    "d points x y x1 y1 x2 y2 cx cy r rx ry width height viewBox transform gradientTransform id class offset".split()  # noqa: SIM905
)
# Editors keep their own data in namespaces of their own, which nothing draws; these two can run programs.
_ACTIVE = ("http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML")
_PIXELS = {
    "": 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "in": 96.0,
    "em": 16.0,
    "ex": 8.0,
}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_LENGTH = re.compile(rf"\s*({_NUMBER})\s*(px|pt|pc|mm|cm|in|em|ex|%)?\s*")
REFERENCE = re.compile(r"url\(\s*[\"']?\s*([^\s\"')]*)", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_LOADING = re.compile(r"@import|@font-face|@namespace|image-set\(|image\(|src\(|expression\(|-moz-binding|behavior\s*:", re.I)
_PUBLIC = re.compile(rb"(?:\A|(?<=>))\s*<!DOCTYPE\s+svg(?:\s+(?:PUBLIC|SYSTEM))?(?:\s+\"[^\"<>\[\]]{0,200}\"){0,2}\s*>")
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")


# Reading --------------------------------------------------------------------------------------------------------------


def read_svg(source: str | os.PathLike[str] | bytes) -> Element:
    """Read a drawing (a path, or the file's bytes): its ``<svg>`` element, of a tree that is safe to hand to a parser.

    Nothing in it loads, runs or repeats without bound; it has no comments and no processing instructions. Give other
    libraries this tree (``tostring`` of it), never the file. Numbers inside paths and transforms are not examined.

    Raises CreativityError, naming the file and the reason: larger than 10 MB, not UTF-8, not well-formed, a DOCTYPE,
    more than 64 levels or 200,000 elements (as drawn), sizes that are not finite or exceed 100,000 pixels, scripts,
    references to anything but an ``#id`` of the same file, and elements other than plain shapes, text, groups,
    gradients and clip paths.
    """
    if isinstance(source, bytes):
        name, content = "the SVG", source
        if len(content) > MAX_BYTES:
            raise CreativityError(f"the SVG has {len(content) / 1e6:.1f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read")
    else:
        name = f"the SVG {shown(source)}"
        with open_source(source, "SVG", MAX_BYTES) as file:
            content = file.read(MAX_BYTES + 1)
    _check_encoding(content, name)
    # A DOCTYPE that names a public one defines nothing of its own, and no parser of ours fetches it: editors write one by habit.
    content = _PUBLIC.sub(b"", content, count=1)
    gate = _Gate(name)
    try:
        # The encoding is fixed here, so that the file's own declaration cannot make the parser read other characters.
        # The file goes in as one piece: expat takes quadratic time over a long token that comes in many.
        parser: Any = defused.XMLParser(target=gate, encoding="utf-8", forbid_dtd=True)
        parser.feed(content)
        root: Element = parser.close()
    except DefusedXmlException:
        raise CreativityError(
            f"{name} has a DOCTYPE, through which a file can define entities; delete that line, or save as plain SVG"
        ) from None
    except (ParseError, ValueError) as error:
        raise CreativityError(f"{name} is not well-formed XML: {error}") from None
    _check_drawn(root, gate, name)
    return root


def metadata_of(root: Element) -> str | None:
    """The text that ``document`` embedded, or None. ``root`` is the element that ``read_svg`` gives."""
    found = root.find(f"{{{SVG}}}metadata/{{{NAMESPACE}}}artwork")
    return None if found is None else found.text or ""


def _check_encoding(content: bytes, name: str) -> None:
    if not content.strip():
        raise CreativityError(f"{name} is empty")
    if content.startswith(b"\x1f\x8b"):
        raise CreativityError(f"{name} is compressed (SVGZ); unpack it first, with gunzip for example")
    declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf"))
    encoding = declared[1].decode().lower() if declared else "utf-8"
    try:
        content.decode("utf-8")
        mistaken = b"\0" in content[:4] or (encoding not in ("utf-8", "utf8", "us-ascii") and not content.isascii())
    except UnicodeDecodeError:
        mistaken = True
    if mistaken:
        says = f" (it declares {encoding})" if declared else ""
        raise CreativityError(f"{name} is not UTF-8{says}; save it as UTF-8")


class _Gate:
    """Builds the tree as the parser goes and stops at the first thing that does not belong in it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tree = TreeBuilder()
        self._depth = 0
        self._nodes = 0
        self._style: list[str] | None = None
        self._rules = 0
        self.by_stylesheet: set[str] = set()
        """The ids to which a ``<style>`` refers."""

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        self._depth += 1
        self._nodes += 1
        if self._depth > MAX_DEPTH:
            self._refuse(f"is nested more than {MAX_DEPTH} levels deep", "ungroup it")
        if self._nodes > MAX_NODES:
            self._refuse(f"has more than {MAX_NODES} elements", "simplify it")
        space, _, local = tag.rpartition("}")
        if self._style is not None:
            self._refuse(f"has a <{_short(local)}> inside <style>", "remove it")
        if space == "{" + SVG:
            if local not in _ELEMENTS:
                self._refuse(f"holds <{_short(local)}>, which is not read", "save it as plain SVG, shapes only")
            if local == "svg":
                self._check_sizes(attributes)
            if local == "style":
                self._style = []
        elif self._depth == 1:
            if local == "svg":
                self._refuse("lacks its namespace", f'write <svg xmlns="{SVG}" ...>')
            self._refuse(f"begins with <{_short(local)}>", "a drawing begins with <svg>")
        elif space[1:] in _ACTIVE or not space or local.lower() == "script":
            self._refuse(f"holds <{_short(local)}>, which is not SVG", "save it as plain SVG, shapes only")
        if len(attributes) > 1000:
            self._refuse(f"has an element with {len(attributes)} attributes", "at most 1000 are read")
        for key, value in attributes.items():
            if key not in _INERT:
                self._check_attribute(key, value)
        return self._tree.start(tag, attributes)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        if self._style is not None:
            self._check_stylesheet("".join(self._style))
            self._style = None
        return self._tree.end(tag)

    def data(self, text: str) -> None:
        if self._style is not None:
            self._style.append(text)
        self._tree.data(text)

    def pi(self, target: str, text: str) -> None:
        if target.lower() == "xml-stylesheet":
            self._refuse("loads a style sheet from outside", "delete the <?xml-stylesheet ...?> line")

    def close(self) -> Element:
        # Each rule is tried on each element by whoever draws.
        if self._rules * self._nodes > 20_000_000:
            self._refuse(f"has {self._rules} style rules for {self._nodes} elements", "simplify it")
        return self._tree.close()

    def _refuse(self, reason: str, remedy: str) -> None:
        raise CreativityError(f"{self._name} {reason}; {remedy}")

    def _check_sizes(self, attributes: dict[str, str]) -> None:
        for key in ("width", "height"):
            if (value := attributes.get(key, "auto").strip()) != "auto":
                pixels = _in_pixels(value)
                if pixels is None or not 0 < pixels <= MAX_PIXELS:
                    self._refuse(f"has {key}={_short(value)!r}", f"more than 0 and at most {MAX_PIXELS} pixels are expected")
        if (box := attributes.get("viewBox")) is not None:
            fields = re.split(r"[\s,]+", box.strip()) if len(box) < 500 else []
            values = [float(field) for field in fields if re.fullmatch(_NUMBER, field)]
            sane = len(fields) == len(values) == 4 and all(abs(value) <= MAX_PIXELS for value in values)
            if not sane or min(values[2:]) <= 0:
                self._refuse(
                    f"has viewBox={_short(box)!r}",
                    f"four numbers up to {MAX_PIXELS} are expected, width and height above 0",
                )

    def _check_attribute(self, key: str, value: str) -> None:
        space, _, local = key.rpartition("}")
        lower = local.lower()
        if lower in ("href", "src") or key == "{http://www.w3.org/XML/1998/namespace}base":
            if not re.fullmatch(r"\s*(#.*)?", value, re.DOTALL) or lower == "base":
                self._refuse(f"refers to {_short(value)!r}", "only an #id of the same file may be named")
        elif space:
            return  # an editor's own
        elif lower.startswith("on"):
            self._refuse(f"runs a script ({_short(local)}=...)", "save it as plain SVG")
        # Colours and numbers, which are nearly all, hold neither bracket nor escape nor colon.
        elif "(" in value or "\\" in value or ":" in value:
            if len(value) > 100_000:
                self._refuse(f"has {len(value)} characters of {_short(local)}", "save it as plain SVG")
            plain = _ESCAPE.sub(_unescaped, value)
            for target in REFERENCE.findall(plain):
                self._check_target(target)
            if _LOADING.search(plain) or re.sub(r"[\s\x00-\x1f]+", "", plain[:200]).lower().startswith("javascript:"):
                self._refuse(f"holds {_short(local)}={_short(value)!r}", "save it as plain SVG")

    def _check_stylesheet(self, text: str) -> None:
        # Escapes and comments could hide from these checks what a browser then sees.
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
        self._rules += text.count("{") + text.count(",")
        if "\\" in text or "/*" in text or _LOADING.search(text):
            self._refuse("has a <style> that loads or hides something", "save it with presentation attributes, not CSS")
        for target in REFERENCE.findall(text):
            self._check_target(target)
            self.by_stylesheet.add(target[1:])

    def _check_target(self, target: str) -> None:
        if not target.startswith("#"):
            self._refuse(f"refers to url({_short(target)})", "only an #id of the same file may be named")


def _check_drawn(root: Element, gate: _Gate, name: str) -> None:
    """Refuse what repeats without bound: each element counts 1, its children, and all that it refers to."""
    named: dict[str, Element] = {}
    for element in root.iter():
        if identifier := element.get("id"):
            named.setdefault(identifier, element)
    paints = (f"{{{SVG}}}linearGradient", f"{{{SVG}}}radialGradient")
    for identifier in gate.by_stylesheet:
        if identifier in named and named[identifier].tag not in paints:
            # Which elements a rule meets, and hence how often this is drawn, only a CSS engine knows.
            raise CreativityError(
                f"{name} refers to #{_short(identifier)} in a <style>, where only gradients may be named; "
                "save it with presentation attributes, not CSS"
            )
    # A walk with its own stack. A drawn count of None marks an element whose parts are still being counted.
    drawn: dict[Element, int | None] = {}
    stack: list[tuple[Element, list[Element] | None]] = [(root, None)]
    while stack:
        element, parts = stack.pop()
        if parts is not None:
            count = 1 + sum(drawn[part] or 0 for part in parts)
            if count > MAX_NODES:
                raise CreativityError(f"{name} draws more than {MAX_NODES} elements by <use> or clip-path; simplify it")
            drawn[element] = count
        elif element not in drawn:
            if not len(element) and not element.attrib:
                drawn[element] = 1
                continue
            drawn[element] = None
            parts = [*element, *(named[target] for target in _targets(element) if target in named)]
            stack.append((element, parts))
            for part in parts:
                if part in drawn and drawn[part] is None:
                    loop = _short(part.get("id", ""))
                    raise CreativityError(f"{name} has #{loop} refer to itself; remove that <use> or clip-path")
                stack.append((part, None))


def _targets(element: Element) -> Iterable[str]:
    if element.tag == f"{{{SVG}}}a":
        return  # a link, which draws nothing
    for key, value in element.attrib.items():
        if key.rpartition("}")[2].lower() == "href":
            yield value.strip()[1:]
        elif key not in _INERT and ("(" in value or "\\" in value):
            for target in REFERENCE.findall(_ESCAPE.sub(_unescaped, value)):
                yield target[1:]


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1], 16) if match[1] else 0
    return match[2] or (chr(code) if 0 < code < 0x110000 else "\ufffd")


def _in_pixels(length: str) -> float | None:
    found = _LENGTH.fullmatch(length) if len(length) < 100 else None
    if not found:
        return None
    # Percentages are of a window that nobody has yet: any size that is allowed will do.
    return float(found[1]) * _PIXELS.get(found[2] or "", 1.0)


def _short(text: str) -> str:
    text = " ".join(text[:100].split())
    return text if len(text) <= 60 else f"{text[:60]}..."


# Writing --------------------------------------------------------------------------------------------------------------

Mark: TypeAlias = Any
"""An element of svgwrite, which has no types of its own, or of ElementTree."""

Paint: TypeAlias = "str | Iterable[float]"

SHORTEST, LONGEST = 0.01, 1e6
"""Units of the viewbox in which a gradient goes from one end to the other, as it is written."""

# What XML 1.0 cannot hold, even escaped. A carriage return it can, but readers turn it into a line feed.
_UNSPEAKABLE = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(
    width: float | str,
    height: float | str,
    viewbox: Sequence[float],
    body: Iterable[Mark],
    *,
    title: str | None = None,
    description: str | None = None,
    metadata: str | None = None,
    namespaces: Mapping[str, str] | None = None,
) -> str:
    """A whole SVG file: the marks of ``body``, one a line, in drawing order. The same arguments give the same text.

    ``width`` and ``height`` are pixels or lengths ("210mm"); ``viewbox`` is (left, top, width, height) in the units of
    the marks, which may be elements already, with prefixes of ``namespaces``. ``metadata`` is a text that ``metadata_of`` gives back
    exactly. Characters that XML cannot hold become U+FFFD in ``title`` and ``description``.
    Raises CreativityError for a size that is not positive, and for such characters in ``metadata``.
    """
    import svgwrite  # a fifth of a second, which only those who draw should wait

    if len(viewbox) != 4 or not all(map(math.isfinite, viewbox)) or min(viewbox[2:]) <= 0:
        raise CreativityError(f"a viewbox is (left, top, width, height) with a positive size, not {tuple(viewbox)}")
    drawing = svgwrite.Drawing(
        size=(_length(width), _length(height)),
        viewBox=" ".join(number(value, 6) for value in viewbox),
        debug=False,  # svgwrite's validation takes most of its time and knows no element of ours
    )
    # svgwrite puts its (empty) definitions first; what a person or a screen reader looks for comes before them.
    drawing.set_desc(
        title=None if title is None else _UNSPEAKABLE.sub("\ufffd", title),
        desc=None if description is None else _UNSPEAKABLE.sub("\ufffd", description),
    )
    if metadata is not None:
        if found := _UNSPEAKABLE.search(metadata):
            raise CreativityError(f"the SVG's metadata holds {found[0]!r}, which XML cannot hold; escape it, as JSON does")
        artwork = Element("creativity:artwork", {"xmlns:creativity": NAMESPACE})
        artwork.text = metadata
        drawing.set_metadata(artwork)
    tree = drawing.get_xml()
    tree.extend(mark if isinstance(mark, Element) else mark.get_xml() for mark in body)
    definitions = {value: value.definition for mark in tree.iter() for value in mark.attrib.values() if isinstance(value, Gradient)}
    tree.find("defs").extend(definitions.values())
    for prefix, namespace in (namespaces or {}).items():
        tree.set(f"xmlns:{prefix}", namespace)
    indent(tree, space="")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(tree, encoding="unicode")}\n'


class Gradient(str):
    """A paint that brings its definition with it: `document` puts it into the file, once for all that it fills."""

    definition: Element

    def __str__(self) -> str:
        return self  # a plain str would lose the definition on the way through svgwrite


def gradient(frame: Sequence[float], stops: Iterable[tuple[float, Paint, float]], *, radial: bool = False, decimals: int = 3) -> Gradient:
    """A gradient in the units of the viewbox, whatever it fills.

    ``frame`` is (a, b, c, d, e, f): what is at (x, y) has ``u = a x + c y + e`` and ``v = b x + d y + f``, and lies at u of the way
    from the first end to the last, or at |(u, v)| of it if ``radial``. ``stops`` are (place in [0, 1], colour, opacity), rising.
    Its id is made of all these, so that it is the same in any drawing. Raises CreativityError for numbers that are not finite.
    """
    matrix = np.array(frame, np.float64).reshape(3, 2).T
    if not np.isfinite(matrix).all():
        raise CreativityError(f"a gradient's frame is six finite numbers, not {tuple(frame)}")
    if radial:
        left, sizes, right = np.linalg.svd(matrix[:, :2])
        inverse = right.T @ np.diag(1 / sizes.clip(1 / LONGEST, 1 / SHORTEST)) @ left.T
        numbers = [number(value, decimals) for value in (*inverse.T.ravel(), *(-inverse @ matrix[:, 2]))]
        placed = {"cx": "0", "cy": "0", "r": "1", "gradientTransform": f"matrix({' '.join(numbers)})"}
    else:
        way = matrix[0, :2]
        steep = float(np.hypot(*way))
        along = (way / steep if steep else np.array([1.0, 0.0])) / min(max(steep, 1 / LONGEST), 1 / SHORTEST)
        ends = (along * (place - matrix[0, 2]) for place in (0, 1))
        placed = {f"{axis}{k}": number(value, decimals) for k, end in enumerate(ends, 1) for axis, value in zip("xy", end, strict=True)}
    definition = Element("radialGradient" if radial else "linearGradient", {"gradientUnits": "userSpaceOnUse", **placed})
    for place, paint, opacity in stops:
        share = {} if opacity >= 1 else {"stop-opacity": number(max(opacity, 0.0), 4)}
        SubElement(definition, "stop", {"offset": number(place, 4), "stop-color": colour(paint), **share})
    name = f"gradient-{sha256(tostring(definition)).hexdigest()[:8]}"
    definition.set("id", name)
    found = Gradient(f"url(#{name})")
    found.definition = definition
    return found


def polygon(points: Iterable[Sequence[float]], fill: Paint, opacity: float = 1.0, *, decimals: int = 2) -> Mark:
    """A filled polygon. ``points`` are (x, y) in the units of the viewbox, rounded to ``decimals`` places.

    ``fill`` is an SVG colour, (red, green, blue) in [0, 1] or a `gradient`; ``opacity`` is in [0, 1]. So it is for all marks below.
    Raises CreativityError for numbers that are not finite.
    """
    import svgwrite

    corners = [(number(x, decimals), number(y, decimals)) for x, y in points]
    return svgwrite.shapes.Polygon(corners, debug=False, **_filled(fill, opacity))


def rectangle(
    x: float, y: float, width: float, height: float, fill: Paint, opacity: float = 1.0, *, degrees: float = 0.0, decimals: int = 2
) -> Mark:
    """A filled rectangle: its corner (x, y) and its size, and how far it is then turned around its middle."""
    import svgwrite

    corner, size = [(number(a, decimals), number(b, decimals)) for a, b in ((x, y), (width, height))]
    turned = _turned(degrees, x + width / 2, y + height / 2, decimals)
    return svgwrite.shapes.Rect(corner, size, debug=False, **turned, **_filled(fill, opacity))


def circle(x: float, y: float, radius: float, fill: Paint, opacity: float = 1.0, *, decimals: int = 2) -> Mark:
    """A filled circle around (x, y)."""
    import svgwrite

    middle = (number(x, decimals), number(y, decimals))
    return svgwrite.shapes.Circle(middle, number(radius, decimals), debug=False, **_filled(fill, opacity))


def ellipse(
    x: float, y: float, along: float, across: float, fill: Paint, opacity: float = 1.0, *, degrees: float = 0.0, decimals: int = 2
) -> Mark:
    """A filled ellipse around (x, y) with these two radii, turned by ``degrees`` around its middle."""
    import svgwrite

    middle, radii = [(number(a, decimals), number(b, decimals)) for a, b in ((x, y), (along, across))]
    return svgwrite.shapes.Ellipse(middle, radii, debug=False, **_turned(degrees, x, y, decimals), **_filled(fill, opacity))


def line(x0: float, y0: float, x1: float, y1: float, width: float, stroke: Paint, opacity: float = 1.0, *, decimals: int = 2) -> Mark:
    """A line with round ends, a true stroke."""
    import svgwrite

    start, end = [(number(a, decimals), number(b, decimals)) for a, b in ((x0, y0), (x1, y1))]
    paint = {name.replace("fill", "stroke"): value for name, value in _filled(stroke, opacity).items()}
    return svgwrite.shapes.Line(start, end, debug=False, stroke_width=number(width, decimals), stroke_linecap="round", **paint)


def curve(
    points: Iterable[Sequence[float]], width: float, stroke: Paint, opacity: float = 1.0, *, ends: str = "round", decimals: int = 2
) -> Mark:
    """Cubic pieces, one after another, as a true stroke: ``points`` are an end, then two handles and an end for each.

    ``ends`` are round, butt or square.
    """
    import svgwrite

    paint = {name.replace("fill", "stroke"): value for name, value in _filled(stroke, opacity).items()}
    start, *rest = points
    d = f"M{pair(start, decimals)}C{' '.join(pair(point, decimals) for point in rest)}"
    return svgwrite.path.Path(
        d, debug=False, fill="none", stroke_width=number(width, decimals), stroke_linecap=ends, stroke_linejoin="round", **paint
    )


def path(data: str, fill: Paint, opacity: float = 1.0, *, outline: tuple[Paint, float] | None = None) -> Mark:
    """A filled path, by the path data of SVG; where it winds around is inside. ``outline`` is the paint and the width of a stroke
    over the fill, as opaque as it."""
    import svgwrite

    stroke: dict[str, str] = {}
    if outline is not None:
        stroke = {name.replace("fill", "stroke"): value for name, value in _filled(outline[0], opacity).items()}
        stroke |= {"stroke_width": number(outline[1], 2), "stroke_linejoin": "round"}
    return svgwrite.path.Path(data, debug=False, **_filled(fill, opacity), **stroke)


def pair(point: Iterable[float], decimals: int = 2) -> str:
    """A point of a path."""
    return ",".join(number(value, decimals) for value in point)


def _filled(fill: Paint, opacity: float) -> dict[str, str]:
    paint = {"fill": colour(fill)}
    return paint if opacity >= 1 else {**paint, "fill_opacity": number(max(opacity, 0.0), 4)}


def _turned(degrees: float, x: float, y: float, decimals: int) -> dict[str, str]:
    angle = number(degrees, 3)
    return {} if angle == "0" else {"transform": f"rotate({angle} {number(x, decimals)} {number(y, decimals)})"}


def colour(value: Paint) -> str:
    """``#rrggbb`` for (red, green, blue) in [0, 1], clipped; an SVG colour in words stays as it is."""
    if isinstance(value, str):
        return value
    levels = [float(level) for level in value]
    if len(levels) != 3 or not all(map(math.isfinite, levels)):
        raise CreativityError(f"a colour is (red, green, blue) in [0, 1], not {tuple(levels)}")
    return "#" + "".join(f"{round(255 * min(max(level, 0.0), 1.0)):02x}" for level in levels)


def number(value: float, decimals: int) -> str:
    """A number as short as its rounding allows: ``12.5``, ``3``, ``0``; never ``3.00``, ``-0`` or ``1e-05``."""
    if not math.isfinite(value):
        raise CreativityError(f"a drawing's numbers are finite, not {value}")
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _length(value: float | str) -> str:
    pixels = _in_pixels(value) if isinstance(value, str) else float(value)
    if pixels is None or not 0 < pixels < math.inf or (isinstance(value, str) and "%" in value):
        raise CreativityError(f"a drawing's size is a positive number of pixels or a length like '210mm', not {value!r}")
    return value.replace(" ", "") if isinstance(value, str) else number(value, 6)
