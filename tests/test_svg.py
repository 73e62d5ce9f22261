"""The gate for drawings that are read, and the drawings that are written."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import time
import xml.parsers.expat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import tostring

import numpy as np
import pytest

from creativity.errors import CreativityError
from creativity.svg import MAX_NODES, colour, document, metadata_of, number, polygon, read_svg
from tests.oracles import resvg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="100" height="100"'


def drawing(body: str, attributes: str = "") -> str:
    return f"{HEAD} {attributes}>{body}</svg>"


def doctype(subset: str, body: str) -> str:
    return f"<!DOCTYPE svg [{subset}]>{drawing(body)}"


def refusal(function: Callable[[], Any]) -> str:
    with pytest.raises(CreativityError) as caught:
        function()
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 700
    return message


# Attacks --------------------------------------------------------------------------------------------------------------


def billion_laughs() -> str:
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    return doctype(entities, "<text>&a9;</text>")


def nested_use(levels: int = 9) -> str:
    groups = "".join(f'<g id="g{i + 1}">{_ten_uses(i)}</g>' for i in range(levels))
    return drawing(f'<defs><rect id="g0" width="1" height="1"/>{groups}</defs><use href="#g{levels}"/>')


def _ten_uses(i: int) -> str:
    return f'<use xlink:href="#g{i}"/>' * 10


ATTACKS: dict[str, tuple[Callable[[], str], str]] = {
    "billion laughs": (billion_laughs, "DOCTYPE"),
    "quadratic entity": (
        lambda: doctype(f'<!ENTITY a "{"a" * 100_000}">', f"<text>{'&a;' * 100_000}</text>"),
        "DOCTYPE",
    ),
    "external entity": (lambda: doctype('<!ENTITY a SYSTEM "file:///etc/passwd">', "<text>&a;</text>"), "DOCTYPE"),
    "nested use": (nested_use, "200000 elements by <use>"),
    "use loop": (lambda: drawing('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'), "refer to itself"),
    "200000 pixels": (lambda: drawing("").replace('"100"', '"200000"'), "at most 100000"),
    "100k nested groups": (lambda: drawing("<g>" * 100_000 + "</g>" * 100_000), "64 levels"),
    "picture by relative path": (lambda: drawing('<image href="secret.png" width="9" height="9"/>'), "<image>"),
    "50 MB": (lambda: drawing("<!--" + "x" * 50_000_000 + "-->"), "50.0 MB"),
    "many elements": (lambda: drawing("<g/>" * 2_000_000), "200000 elements"),
    "many uses": (lambda: drawing('<g id="a"/>' + '<use href="#a"/>' * 150_000), "200000 elements by"),
    "many attributes": (lambda: drawing("", " ".join(f'a{i}=""' for i in range(200_000))), "attributes"),
    "many rules": (lambda: drawing("<style>" + "a{}" * 50_000 + "</style>" + "<g/>" * 50_000), "style rules"),
    "one long path": (lambda: drawing(f'<path d="{"1 2 " * 2_400_000}"/>'), ""),
    "long style": (lambda: drawing(f'<g style="{"url( " * 1_900_000}"/>'), "characters"),
    "long style sheet": (lambda: drawing(f"<style>{'/*' * 4_900_000}</style>"), "<style>"),
}

_CHILD = """
import json, pathlib, resource, sys, time
resource.setrlimit(resource.RLIMIT_CPU, (25, 25))
from creativity.errors import CreativityError
from creativity.svg import read_svg
found = {}
for path in sys.argv[1:]:
    start = time.perf_counter()
    try:
        read_svg(path)
        message = ""
    except CreativityError as error:
        message = str(error)
    found[path] = [message, time.perf_counter() - start]
status = pathlib.Path("/proc/self/status")
if status.exists():  # (ru_maxrss remembers the parent's memory here, across the exec)
    peak = 1024 * int(next(line for line in status.read_text().splitlines() if line.startswith("VmHWM")).split()[1])
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([found, peak]))
"""


def test_attacks_are_refused_in_time_and_memory(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    paths = {}
    for name, (make, _) in ATTACKS.items():
        paths[name] = tmp_path / f"{name}.svg"
        paths[name].write_text(make())
    command = [sys.executable, "-c", _CHILD, *map(str, paths.values())]
    child = subprocess.run(command, capture_output=True, timeout=60, check=True)
    found, peak = json.loads(child.stdout)
    for name, (_, words) in ATTACKS.items():
        message, seconds = found[str(paths[name])]
        assert words in message, f"{name}: {message}"
        assert not words or f"{name}.svg" in message
        # 2 s on an idle machine; a busy one is given more.
        assert seconds < 6, f"{name}: {seconds:.1f} s"
    assert peak < 500e6


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        '<x:script xmlns:x="urn:x">alert(1)</x:script>',
        '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>',
        '<img xmlns="http://www.w3.org/1999/xhtml" src="x"/>',
        '<g onload="alert(1)"/>',
        '<g ONCLICK="alert(1)"/>',
        '<a href="javascript:alert(1)"><rect width="9" height="9"/></a>',
        '<a xlink:href=" java&#10;script:alert(1)"/>',
        '<a href="https://example.org/"/>',
        '<set attributeName="href" to="javascript:alert(1)"/>',
        '<animate attributeName="x" values="0;9"/>',
        '<image href="file:///etc/passwd"/>',
        '<image xlink:href="http://example.org/a.png"/>',
        '<image href="data:image/png;base64,AAAA"/>',
        '<use href="other.svg#a"/>',
        '<use xlink:href="//example.org/a.svg#a"/>',
        '<g xml:base="http://example.org/"/>',
        '<rect fill="url(http://example.org/a.svg#a)"/>',
        "<rect style=\"fill: URL( 'a.svg#b' )\"/>",
        '<rect fill="\\75 rl(a.svg#b)"/>',
        '<rect fill="u&#114;l(a.svg#b)"/>',
        '<style>@import "http://example.org/a.css";</style>',
        '<style><title/>@import "http://example.org/a.css";</style>',
        "<style><![CDATA[@Import 'a.css';]]></style>",
        "<style>@im\\70ort 'a.css';</style>",
        "<style>@im/**/port 'a.css'; /*</style>",
        "<style>@font-face{font-family:a;src:url(a.woff)}</style>",
        "<style>svg{background:image-set('a.png' 1x)}</style>",
        "<style>rect{fill:url(http://example.org/a)}</style>",
        '<style>rect{clip-path:url(#c)}</style><clipPath id="c"><rect/></clipPath>',
        '<pattern id="p"><rect fill="url(#p)"/></pattern>',
        '<filter id="f"><feImage href="a.png"/></filter>',
        '<marker id="m"/>',
        '<clipPath id="c"><rect clip-path="url(#c)"/></clipPath>',
        '<g id="a"><use href=" #a"/></g>',
        '<g id="a&#10;b"><use href="#a&#10;b"/></g>',
        '<svg width="NaN"/>',
        '<svg viewBox="0 0 1e9 1"/>',
        "<notsvg/>",
        '<g xmlns=""/>',
        "<?xml-stylesheet href='a.css'?>",
        "<g>",
        "\x01",
        "&nbsp;",
    ],
)
def test_what_loads_runs_or_is_broken_is_refused(body: str) -> None:
    refusal(lambda: read_svg(drawing(body).encode()))


@pytest.mark.parametrize(
    "attributes",
    [
        "viewBox='NaN 0 1 1'",
        "viewBox='0 0 inf 1'",
        "viewBox='0 0 1'",
        "viewBox='0 0 0 5'",
        "viewBox='0 0 -1 5'",
        "viewBox=''",
        "viewBox='0 0 1e400 1'",
        "viewBox='0 0 1_0 1'",
        "viewBox='-1e9 0 1 1'",
    ],
)
def test_a_viewbox_that_is_no_box_is_refused(attributes: str) -> None:
    assert "viewBox" in refusal(lambda: read_svg(drawing("", attributes).encode()))


@pytest.mark.parametrize("width", ["0", "-5", "nan", "inf", "1e9", "40000mm", "12 parsecs", "", "1e400"])
def test_a_width_that_is_no_width_is_refused(width: str) -> None:
    assert "width" in refusal(lambda: read_svg(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}"/>'.encode()))


def test_encodings_and_other_files(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="%s"?>' + drawing("<title>\u00fc</title>")
    assert "UTF-8" in refusal(lambda: read_svg((text % "iso-8859-1").encode("latin-1")))
    assert "UTF-8" in refusal(lambda: read_svg((text % "iso-8859-1").encode()))
    assert "UTF-8" in refusal(lambda: read_svg((text % "utf-16").encode("utf-16")))
    assert "UTF-8" in refusal(lambda: read_svg(drawing("").encode("utf-16-le")))
    assert "SVGZ" in refusal(lambda: read_svg(b"\x1f\x8b\x08\0"))
    assert "empty" in refusal(lambda: read_svg(b"  \n"))
    assert "namespace" in refusal(lambda: read_svg(b"<svg/>"))
    assert "<html>" in refusal(lambda: read_svg(b"<html/>"))
    assert "well-formed" in refusal(lambda: read_svg(b"\x89PNG".decode("latin-1").encode()))
    assert "does not exist" in refusal(lambda: read_svg(tmp_path / "none.svg"))
    for good in ((text % "UTF-8").encode(), b"\xef\xbb\xbf" + drawing("").encode(), drawing("").encode("ascii")):
        read_svg(good)


def test_an_editors_file_passes() -> None:
    body = """
    <sodipodi:namedview xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" pagecolor="#fff"/>
    <metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:li>a</rdf:li></rdf:RDF></metadata>
    <?editor kept="no"?><!-- nor this -->
    <style>.a{fill:url(#l);stroke:none} /* a comment */ .b,.c{opacity:.5}</style>
    <defs><linearGradient id="k"><stop offset="0" stop-color="rgb(1,2,3)"/></linearGradient>
    <linearGradient id="l" xlink:href="#k" gradientTransform="rotate(20)"/>
    <clipPath id="c"><circle r="40"/></clipPath><g id="leaf"><path class="a" d="M0 0L9 9Z"/></g></defs>
    <g clip-path="url('#c')" transform="matrix(1 0 0 1 0 0)" style="fill:url(#l);font-family:'A: B'">
    <use href="#leaf" x="3"/><use xlink:href="#leaf"/><use href="#missing"/><text>&lt;hello&gt;</text></g>"""
    root = read_svg(drawing(body, 'viewBox="0,0 100 100"').encode())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(list(root.iter("{http://www.w3.org/2000/svg}use"))) == 3
    assert b"nor this" not in tostring(root)
    assert b"editor" not in tostring(root)


def test_limits_are_reached_exactly() -> None:
    read_svg(drawing("<g>" * 63 + "</g>" * 63).encode())
    refusal(lambda: read_svg(drawing("<g>" * 64 + "</g>" * 64).encode()))
    assert "by <use>" in refusal(lambda: read_svg(nested_use(5).encode()))
    read_svg(nested_use(4).encode())


def test_a_large_honest_drawing_is_read_quickly() -> None:
    text = document(500, 500, (0, 0, 500, 500), [polygon([(0, 0), (9.5, 0), (0, 9)], "#123456", 0.5)] * 20_000)
    start = time.perf_counter()
    root = read_svg(text.encode())
    assert len(root) == 20_001 < MAX_NODES
    assert time.perf_counter() - start < 3


# Writing --------------------------------------------------------------------------------------------------------------


def test_the_document_word_for_word() -> None:
    text = document("210mm", 100, (0, -0.0, 20.5, 10), [polygon([(1, 2), (3.14159, -0.001), (1e-9, 100)], (1, 0.5, 0), 0.25)])
    assert text == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<svg baseProfile="full" height="100" version="1.1" viewBox="0 0 20.5 10" width="210mm" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:ev="http://www.w3.org/2001/xml-events" '
        'xmlns:xlink="http://www.w3.org/1999/xlink">\n'
        "<defs />\n"
        '<polygon fill="#ff8000" fill-opacity="0.25" points="1,2 3.14,0 0,100" />\n'
        "</svg>\n"
    )


PROMPT = "a \"red\" bird <script>alert(1)</script> & \u9ce5 \U0001f426 ]]> 'x' \\ {}"


def test_texts_are_escaped_and_come_back() -> None:
    embedded = json.dumps({"prompt": PROMPT, "lines": "a\r\nb\0"}, ensure_ascii=False)
    text = document(10, 10, (0, 0, 10, 10), [], title=PROMPT, description="a\x00b\ud800", metadata=embedded)
    xml.parsers.expat.ParserCreate().Parse(text.encode(), True)
    assert "<script" not in text
    root = read_svg(text.encode())
    assert metadata_of(root) == embedded
    assert root.findtext("{http://www.w3.org/2000/svg}title") == PROMPT
    assert root.findtext("{http://www.w3.org/2000/svg}desc") == "a\ufffdb\ufffd"
    assert metadata_of(read_svg(tostring(root))) == embedded
    assert text == document(10, 10, (0, 0, 10, 10), [], title=PROMPT, description="a\x00b\ud800", metadata=embedded)


def test_metadata_is_exact_or_refused() -> None:
    for text in ("", " \n two\tlines \n", "\x7f\x85\u2028"):
        assert metadata_of(read_svg(document(1, 1, (0, 0, 1, 1), [], metadata=text).encode())) == text
    for text in ("\0", "\r", "\ud800", "\uffff", "\x1b"):
        refusal(functools.partial(document, 1, 1, (0, 0, 1, 1), [], metadata=text))
    assert metadata_of(read_svg(drawing("<metadata>other</metadata>").encode())) is None
    assert metadata_of(read_svg(drawing("").encode())) is None


@pytest.mark.parametrize(
    ("width", "viewbox"),
    [
        (0, (0, 0, 1, 1)),
        (float("nan"), (0, 0, 1, 1)),
        ("5 miles", (0, 0, 1, 1)),
        ("50%", (0, 0, 1, 1)),
        ('1"><script/>', (0, 0, 1, 1)),
        (1, (0, 0, 1)),
        (1, (0, 0, float("inf"), 1)),
        (1, (0, 0, 0, 1)),
    ],
)
def test_sizes_that_are_none(width: Any, viewbox: Any) -> None:
    refusal(lambda: document(width, 1, viewbox, []))


def test_numbers_are_short() -> None:
    values = [0.0, -0.0, -0.001, 0.005001, 3.0, 100.0, -2.50, 1e-9, 123456.789, 1e21]
    wanted = ["0", "0", "0", "0.01", "3", "100", "-2.5", "0", "123456.79", "1000000000000000000000"]
    assert [number(value, 2) for value in values] == wanted
    assert [number(value, 0) for value in (0.4, -0.4, 10.0, 1200.0)] == ["0", "0", "10", "1200"]
    refusal(lambda: number(float("nan"), 2))
    refusal(lambda: polygon([(0, float("inf"))], "red"))
    assert colour((0, 1, 0.5)) == "#00ff80"
    assert colour((-1, 2, 0)) == "#00ff00"
    assert colour("red") == "red"
    refusal(lambda: colour((0, float("nan"), 0)))


def test_numpy_numbers_are_numbers() -> None:
    points = np.array([[0, 0], [1.25, 2], [3, 4]], np.float32)
    text = polygon(points, np.array([1, 0, 0], np.float32), float(np.float32(0.5))).tostring()
    assert text == '<polygon fill="#ff0000" fill-opacity="0.5" points="0,0 1.25,2 3,4" />'


def test_resvg_draws_what_was_meant() -> None:
    square = polygon([(0, 0), (10, 0), (10, 10), (0, 10)], (1, 0, 0))
    half = polygon([(5, 0), (10, 0), (10, 10), (5, 10)], (0, 0, 1), 0.5)
    quarter = polygon([(0, 0), (2.5, 0), (2.5, 10), (0, 10)], "#00ff00", 0.25)
    text = document("200mm", "100mm", (0, 0, 20, 10), [square, half, quarter], title=PROMPT, metadata="{}")
    found = resvg(text, 40)
    assert found.shape == (20, 40, 4)
    np.testing.assert_allclose(found[10, 2], [0.75, 0.25, 0, 1], atol=0.01)
    np.testing.assert_allclose(found[10, 7], [1, 0, 0, 1], atol=0.01)
    np.testing.assert_allclose(found[10, 15], [0.5, 0, 0.5, 1], atol=0.01)
    np.testing.assert_allclose(found[10, 30], [0, 0, 0, 0], atol=0.01)


def test_resvg_in_a_child_survives_what_kills_it() -> None:
    with pytest.raises((RuntimeError, subprocess.TimeoutExpired)):
        resvg(drawing("<g>" * 100_000 + "</g>" * 100_000), 10, timeout=10)
