"""Drawings of other programs as starting genomes. The files here are written by hand in the manner of the programs they name."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from creativity import open_artwork, registry, svg, verbs
from creativity.cli import main
from creativity.drawings import geometry, style
from creativity.drawings.document import Document
from creativity.errors import CreativityError
from creativity.recipe import fit_box
from creativity.renderers.drawing import Drawing
from creativity.start import drawn, opened
from tests.conftest import tiny
from tests.oracles import psnr, resvg

HEAD = 'xmlns="http://www.w3.org/2000/svg"'

DRAWINGS = {
    "inkscape": f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with Inkscape (http://www.inkscape.org/) -->
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg width="80mm" height="60mm" viewBox="0 0 80 60" version="1.1" id="svg5" {HEAD}
 xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd">
<sodipodi:namedview id="nv" pagecolor="#ffffff" inkscape:zoom="1.4"/><defs id="defs2"/>
<g inkscape:label="Layer 1" inkscape:groupmode="layer" id="layer1" transform="translate(-10,-20)">
<rect style="fill:#e9d8a6;stroke:none" id="rect31" width="80" height="60" x="10" y="20"/>
<path style="fill:none;stroke:#0a9396;stroke-width:3;stroke-linecap:round;stroke-linejoin:round;stroke-miterlimit:4;stroke-dasharray:none"
 d="m 20,60 c 5,-20 15,-20 20,0 s 15,20 22,-6" id="path44" sodipodi:nodetypes="ccc"/>
<ellipse style="opacity:0.8;fill:#ae2012;stroke:#001219;stroke-width:1.5" id="path55" cx="70" cy="40" rx="9" ry="6"
 transform="matrix(0.96,-0.28,0.28,0.96,-8.4,21.2)"/></g></svg>""",
    "illustrator": f"""<?xml version="1.0" encoding="utf-8"?>
<svg version="1.1" id="Ebene_1" {HEAD} xmlns:xlink="http://www.w3.org/1999/xlink" x="0px" y="0px" viewBox="0 0 200 150"
 style="enable-background:new 0 0 200 150;" xml:space="preserve">
<style type="text/css">.st0{{fill:#264653;}}.st1{{fill:none;stroke:#E76F51;stroke-width:6;stroke-miterlimit:10;}}
 .st2{{fill-rule:evenodd;clip-rule:evenodd;fill:#2A9D8F;}}</style>
<switch><g><rect class="st0" width="200" height="150"/><polyline class="st1" points="20,120 60,40 100,110 140,30 180,120 "/>
<path class="st2" d="M100,20c-22.1,0-40,17.9-40,40s17.9,40,40,40s40-17.9,40-40S122.1,20,100,20z M100,80c-11,0-20-9-20-20s9-20,20-20
 s20,9,20,20S111,80,100,80z"/></g></switch></svg>""",
    "figma": f"""<svg width="64" height="48" viewBox="0 0 64 48" fill="none" {HEAD}>
<g clip-path="url(#clip0_1_2)"><rect width="64" height="48" fill="white"/><g opacity="0.5">
<circle cx="24" cy="24" r="14" fill="#FF7262"/><circle cx="38" cy="24" r="14" fill="#1ABCFE"/></g>
<rect x="6.5" y="6.5" width="51" height="35" rx="7.5" stroke="#0ACF83"/></g>
<defs><clipPath id="clip0_1_2"><rect width="64" height="48" fill="white"/></clipPath></defs></svg>""",
    "iconify": f"""<svg {HEAD} width="1em" height="1em" viewBox="0 0 24 24"><g fill="none" stroke="currentColor" stroke-linecap="round"
 stroke-linejoin="round" stroke-width="2"><circle cx="12" cy="12" r="9"/><path d="M12 8v4m0 4h.01M5 5l2.5 2.5"/></g></svg>""",
    "compact": f"""<svg {HEAD} viewBox="0 0 24 24"><path d="M.5.5h10v10H.5zM12 2a5 3 20 016 6L20 9q2 2-1 3t-4-1zM3-.5-1 6" fill="#123"/>
<path d="M4 14c0-1.1.9-2 2-2h4a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2z"/></svg>""",
    "sprites": f"""<svg {HEAD} xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 60 40"><defs><path id="leaf" d="M0 0C8 0 12 6 12 12
 4 12 0 8 0 0z"/><symbol id="sun" viewBox="0 0 10 10"><circle cx="5" cy="5" r="4"/></symbol></defs>
<rect width="60" height="40" fill="#fffbe6"/><use xlink:href="#leaf" x="6" y="6" fill="#588157"/>
<use href="#leaf" fill="#3a5a40" transform="translate(40 30) rotate(120) scale(1.2 .8)"/>
<use href="#sun" x="30" y="2" width="18" height="18" fill="#f2cc8f"/></svg>""",
    "css": f"""<svg {HEAD} viewBox="0 0 100 80"><style>/* a sheet */ rect{{fill:#ddd}} g .a{{fill:#e63946}} g > .b,
 #top{{fill:hsl(210 60% 40%)}}
 .thick{{stroke:#111;stroke-width:4;stroke-linejoin:bevel}} .a.thick{{stroke:rgb(10%,40%,10%)}}</style>
<rect width="100" height="80"/><g><path class="a thick" d="M10 10l30 5-10 30z"/><g><rect class="b" x="50" y="10"
 width="20" height="20"/></g><rect class="b thick" x="50" y="45" width="30" height="25"/></g>
<circle id="top" cx="20" cy="62" r="10"/></svg>""",
    "strokes": f"""<svg {HEAD} viewBox="0 0 100 100" fill="none" stroke="#333" stroke-width="8"><path d="M10 20L40 10 20 40"/>
<path d="M60 20L90 10 70 40" stroke-linejoin="round" stroke-linecap="square"/><path d="M10 90L40 60 12 62 38 90z" stroke-linejoin="bevel"/>
<path d="M60 60c40-20 40 40 0 10z" stroke-width="5" transform="rotate(8 70 70) scale(1 1.4) translate(0 -14)"/>
<path d="M50 50h.01" stroke-linecap="round" stroke="#b00"/><path d="M45 80v0" stroke-linecap="round"/></svg>""",
    "gradients": f"""<svg {HEAD} xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 80"><defs><linearGradient id="a"><stop
 offset="0" stop-color="#f00"/><stop offset="50%" style="stop-color:#ff0;stop-opacity:.5"/><stop
 offset="1" stop-color="#00f"/></linearGradient>
<linearGradient id="b" xlink:href="#a" x1="0" y1="0" x2="0" y2="1"/><radialGradient id="c" xlink:href="#a" gradientUnits="userSpaceOnUse"
 cx="70" cy="60" r="25" gradientTransform="translate(8 -18) rotate(20) scale(1 .8)"/></defs><rect x="5" y="5" width="40" height="30"
 fill="url(#a)"/><circle cx="75" cy="22" r="18" fill="url(#b)" transform="rotate(10 75 22)"/><path d="M50 45h45v30H50z" fill="url(#c)"/>
<path d="M5 45C30 30 40 70 45 75" stroke="url(#b)" stroke-width="6" fill="none"/><path d="M80 2h9v9z" fill="url(#none) #0a0"/></svg>""",
    "apart": f"""<svg {HEAD} viewBox="0 0 80 60" preserveAspectRatio="xMinYMid meet"><defs><clipPath id="c" clip-rule="evenodd">
<circle cx="40" cy="30" r="20"/></clipPath></defs><g clip-path="url(#c)"><rect x="20" y="5" width="30" height="50" fill="#6a4c93"/>
<g opacity=".4"><path d="M30 0h20v60H30z" fill="#ff595e"/><path d="M15 20h50v20H15z" fill="#ffca3a" stroke="#000" opacity=".9"/></g></g>
<path d="M5 5h20v10z" fill="#1982c480" paint-order="stroke" stroke="#8ac926" stroke-width="4"/>
<g visibility="hidden"><path d="M0 0h80v60z"/><path visibility="visible" d="M70 50h8v8z"/></g><path display="none"
 d="M0 0h80v60z"/></svg>""",
}


def drawing(text: str, **options: Any) -> Drawing:
    renderer: Drawing = registry.renderers.create("drawing", {"document": text, **options})
    return renderer


def on_white(picture: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    white: np.ndarray[Any, Any] = picture[..., :3] * picture[..., 3:] + 1 - picture[..., 3:]
    return white


def judged(text: str, size: tuple[int, int]) -> np.ndarray[Any, Any]:
    """What resvg makes of it, on white, at exactly this size."""
    root = ElementTree.fromstring(text)
    for name, pixels in (("width", size[1]), ("height", size[0])):
        root.set(name, str(pixels))
    return on_white(resvg(ElementTree.tostring(root, encoding="unicode"), size[1]))


def pictured(renderer: Drawing, genome: torch.Tensor, size: tuple[int, int]) -> np.ndarray[Any, Any]:
    return renderer.render(genome[None], size)[0].permute(1, 2, 0).numpy()


def moved(renderer: Drawing, amount: float = 0.3) -> torch.Tensor:
    noise = torch.randn(renderer.spec.size, generator=torch.Generator().manual_seed(1))
    return renderer.start + amount * renderer.spec.scale * noise


@pytest.mark.parametrize("program", DRAWINGS)
def test_a_drawing_is_read_as_viewers_show_it_and_comes_back_as_it_is_drawn(program: str) -> None:
    artwork = drawn(svg_text(DRAWINGS[program]))
    renderer = artwork.renderer
    assert isinstance(renderer, Drawing)
    size = fit_box(480, renderer.canvas)
    start = torch.from_numpy(artwork.genome)
    assert psnr(pictured(renderer, start, size), judged(DRAWINGS[program], size)) >= 40
    assert psnr(judged(renderer.to_document(start), size), judged(DRAWINGS[program], size)) >= 60
    other = moved(renderer)
    document = renderer.to_document(other)
    assert psnr(judged(document, size), judged(DRAWINGS[program], size)) < 35, "nothing has moved"
    assert psnr(pictured(renderer, other, size), judged(document, size)) >= 38


def svg_text(text: str) -> str:
    from creativity.start import bare

    return bare(svg.read_svg(text.encode()))


@pytest.mark.parametrize("program", DRAWINGS)
def test_the_document_is_the_same_but_for_its_numbers(program: str) -> None:
    before = svg.read_svg(DRAWINGS[program].encode())
    renderer = drawing(svg_text(DRAWINGS[program]))
    after = svg.read_svg(renderer.to_document(moved(renderer)).encode())
    shapes = {"rect", "circle", "ellipse", "line", "polyline", "polygon"}

    def tree(element: ElementTree.Element) -> Any:
        local = element.tag.replace(f"{{{svg.SVG}}}", "")
        kept = {key: value for key, value in element.attrib.items() if key in ("id", "class", "transform", "opacity") or key[0] == "{"}
        return "path" if local in shapes else local, kept, [tree(child) for child in element]

    assert tree(before) == tree(after)
    # Where nothing has moved, nothing is written anew.
    assert svg_text(renderer.to_document(renderer.start)).replace(
        f' viewBox="0 0 {renderer.document.canvas[0]:g} {renderer.document.canvas[1]:g}"', ""
    ) == svg_text(DRAWINGS[program]).replace(f' viewBox="0 0 {renderer.document.canvas[0]:g} {renderer.document.canvas[1]:g}"', "")


def test_what_is_locked_comes_back_to_the_letter(picture: Path) -> None:
    Path("logo.svg").write_text(DRAWINGS["figma"].replace("<circle cx", '<circle id="sun" cx', 1))
    artwork = tiny(picture, count=None, start="logo.svg", lock="sun,width,3").run().run()
    text = artwork.svg()
    assert '<circle id="sun" cx="24" cy="24" r="14" fill="#FF7262" />' in text
    assert '<circle cx="38"' not in text
    artwork = tiny(picture, count=None, start="logo.svg", lock="sun.points,width").run().run()
    found = re.search(r'<circle id="sun" cx="24" cy="24" r="14" fill="(#\w+)" ', artwork.svg())
    assert found is not None
    assert found[1] != "#FF7262"
    kept = torch.from_numpy(artwork.genome) == artwork.renderer.start  # type: ignore[attr-defined]
    assert kept[artwork.renderer.spec.slices["width"]].all()
    with pytest.raises(CreativityError, match="no part is called 'sum'; did you mean 'sun'"):
        tiny(picture, count=None, start="logo.svg", lock="sum").run()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('<text x="5" y="9">hello</text>', "text.*Object to Path"),
        ('<path d="M0 0h9v9z" stroke="#000" stroke-dasharray="2 1"/>', "dashes"),
        ('<path d="M0 0h9v9z" mask="url(#m)"/>', "mask"),
        ('<path d="M0 0h9v9z" style="mix-blend-mode:multiply"/>', "blends"),
        ('<path id="star" fill-rule="evenodd" d="M12 0L19 22 0 8h24L5 22z"/>', "<path> #star by the even-odd rule"),
        ('<path d="M0 0h9v9 oops"/>', "d='M0 0h9v9 oops' in <path>"),
        ('<path d="M0 0h9v9z" fill="blurple"/>', "fill='blurple'"),
        ('<g transform="rotate(a)"><path d="M0 0h9v9z"/></g>', "transform"),
        ("<style>path:hover{fill:red}</style><path d='M0 0h9v9z'/>", "selector"),
        ("<style>@media print{path{fill:red}}</style><path d='M0 0h9v9z'/>", "@media"),
        ('<path d="M0 0h9v9z" vector-effect="non-scaling-stroke"/>', "vector-effect"),
        ("<g/>", "draws nothing"),
    ],
)
def test_what_is_not_read_is_refused_in_words(body: str, words: str) -> None:
    with pytest.raises(CreativityError, match=words) as refusal:
        drawn(f'<svg {HEAD} viewBox="0 0 24 24">{body}</svg>')
    assert "\n" not in str(refusal.value)


def test_gradients_of_points_and_widths_agree_with_differences() -> None:
    """Fills, joins and caps of every kind, a pen that is not round on the canvas, a layer, a clip."""
    for program in ("strokes", "apart", "gradients"):
        renderer = drawing(svg_text(DRAWINGS[program]))
        weights = torch.rand(3, 40, 40, generator=torch.Generator().manual_seed(0))
        genome = moved(renderer, 0.5).requires_grad_()
        (renderer.render(genome[None], (40, 40))[0] * weights).sum().backward()  # type: ignore[no-untyped-call]
        assert genome.grad is not None
        for block in ("points", "width"):
            direction = torch.zeros(8, len(genome))
            where = renderer.spec.slices[block]
            direction[:, where] = torch.randn(8, where.stop - where.start, generator=torch.Generator().manual_seed(2))
            direction *= renderer.spec.scale

            def difference(step: float) -> torch.Tensor:
                both = torch.cat([genome.detach() + step * direction, genome.detach() - step * direction])  # noqa: B023
                value = (renderer.render(both, (40, 40)).double() * weights).sum(dim=(1, 2, 3))  # noqa: B023
                return (value[:8] - value[8:]) / (2 * step)

            smooth = torch.isclose(difference(4e-3), difference(2e-3), rtol=0.02, atol=0.02)
            assert smooth.sum() >= 5, (program, block)
            torch.testing.assert_close((direction @ genome.grad).double()[smooth], difference(2e-3)[smooth], rtol=0.03, atol=0.03)


def test_a_logo_is_pulled_toward_a_picture_by_gradients_and_by_evolution(picture: Path) -> None:
    Path("logo.svg").write_text(DRAWINGS["inkscape"])
    for optimizer in ("relay", "adam", "pgpe"):
        run = tiny(picture, count=None, start="logo.svg", optimizer=optimizer, steps=40).run()
        before = float(run.problem.losses(run.starts()[:1])[0])
        artwork = run.run()
        assert artwork.results["loss"] < 0.9 * before, optimizer
    with pytest.raises(CreativityError, match="use adam or pgpe"):
        tiny(picture, count=None, start="logo.svg", optimizer="greedy").run()


def test_a_result_is_redone_resumed_varied_filmed_and_gone_on_from(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("logo.svg").write_text(DRAWINGS["figma"])
    how = ["--start", "logo.svg", "--steps", "6", "--seed", "3", "--target-size", "32", "--threads", "1", "--quiet"]
    assert main(["fit", str(picture), *how, "--run-dir", "run", "-o", "out.svg", "-o", "out.png", "--size", "96"]) == 0
    first = open_artwork("out.svg")
    assert first.renderer.options.document == svg_text(DRAWINGS["figma"])
    np.testing.assert_array_equal(open_artwork("out.png").genome, first.genome)
    root = svg.read_svg("out.svg")
    assert (root.get("viewBox"), root.get("width"), root.get("height")) == ("0 0 64 48", "96", "72")
    Path("logo.svg").unlink()  # what it began with is in the artwork
    assert main(["redo", "out.svg", "-o", "again.png"]) == 0
    np.testing.assert_array_equal(open_artwork("again.png").genome, first.genome)
    assert main(["resume", "run"]) == 0
    assert main(["show", "out.svg"]) == 0
    said = capsys.readouterr().out
    assert "characters)" in said
    assert len(said) < 2500
    assert main(["vary", "out.svg", "-o", "sibling.svg", "--seeds", "1"]) == 0
    assert main(["film", "out.svg", "-o", "film.gif", "--frames", "4", "--size", "32"]) == 0
    onwards = tiny(picture, count=None, start="out.svg").run()
    assert onwards.start is not None
    np.testing.assert_array_equal(onwards.start.genome, first.genome)
    # Changed by another program since, it is that drawing.
    text = Path("out.svg").read_text()
    at = text.index(' d="M')
    Path("edited.svg").write_text(text[:at] + ' d="M0 0L64 0L64 48Z' + text[text.index('"', at + 4) :])
    edited = opened("edited.svg")
    assert edited.renderer.spec.size != first.renderer.spec.size


def test_a_drawing_pulled_toward_a_prompt_is_held_to_itself() -> None:
    from creativity import painting

    Path("logo.svg").write_text(DRAWINGS["inkscape"])
    plan = painting.plan_paint("a red bird", start="logo.svg", seed=1, steps=2, target_size=48, threads=1, lock="rect31")
    assert plan.target is not None
    assert plan.recipe.objective.options["terms"].keys() == {"clip", "anchor"}
    artwork = plan.run().run()
    artwork.save("out.svg")
    assert '<rect style="fill:#e9d8a6;stroke:none" id="rect31"' in Path("out.svg").read_text()
    Path("logo.svg").unlink()
    again = verbs.plan_redo("out.svg").run().run()
    np.testing.assert_array_equal(again.genome, artwork.genome)


def test_the_picture_is_cut_to_the_shape_of_the_drawing(picture: Path) -> None:
    Path("logo.svg").write_text(f'<svg {HEAD} width="10" height="40"><path d="M2 2h6v36z"/></svg>')
    plan = tiny(picture, count=None, start="logo.svg")
    assert any("cut to the shape" in note for note in plan.notes)
    run = plan.run()
    assert run.problem.size == (32, 8)


def test_path_data_is_read_as_it_is_meant() -> None:
    first, second = geometry.path("m1 2 3 4h5v-6z l1 1")
    assert (first.points, first.closed) == ([(1, 2), (4, 6), (9, 6), (9, 0)], True)
    assert second.points == [(1, 2), (2, 3)]
    (arc,) = geometry.path("M0 0A10 10 0 0 1 10 10")
    middle = np.array([1, 3, 3, 1]) @ np.array(arc.points) / 8
    assert np.hypot(*(middle - (0, 10))) == pytest.approx(10, abs=0.005)
    smooth = geometry.path("M0 0C0 5 5 5 5 0S10-5 10 0")[0]
    assert smooth.points[4] == (5, -5)
    for wrong in ("L1 1", "M1", "M0 0L1", "M0 0A1 1 0 2 0 5 5", "M0 0 lines", "M1e999 0L1 1"):
        with pytest.raises(ValueError, match="."):
            geometry.path(wrong)


def test_sheets_are_ranked_as_css_ranks_them() -> None:
    root = ElementTree.fromstring('<svg><g class="x"><path id="p" class="a b"/></g></svg>')
    chain = (root, root[0], root[0][0])
    for sheet, expected in (
        (".a{fill:red} path{fill:blue}", "red"),
        (".a{fill:red} .b{fill:blue}", "blue"),
        ("#p{fill:red} .a.b{fill:blue}", "red"),
        ("svg .x > path{fill:red} svg > path{fill:blue}", "red"),
        ("path{fill:red !important} #p{fill:blue}", "red"),
    ):
        assert style.Cascade(style.sheet(sheet)).declared(chain)["fill"] == expected, sheet


def test_many_styles_of_colours_are_understood() -> None:
    for text in ("#f00", "#ff0000ff", "red", "rgb(255,0,0)", "rgb(100% 0% 0%)", "hsl(0, 100%, 50%)", "rgba(255 0 0 / 1)"):
        assert style.colour(text) == (1, 0, 0, 1), text
    assert style.colour("#0f08") == pytest.approx((0, 1, 0, 8 / 15))
    assert style.colour("transparent") == (0, 0, 0, 0)
    assert style.colour("hsv(0,1,1)") is None


def test_a_document_that_is_hostile_in_a_recipe_is_refused(tmp_path: Path) -> None:
    artwork = drawn(svg_text(DRAWINGS["iconify"]))
    data = json.loads(artwork.to_json())
    data["recipe"]["renderer"]["document"] = '<!DOCTYPE svg [<!ENTITY a "b">]><svg/>'
    Path("out.json").write_text(json.dumps(data))
    with pytest.raises(CreativityError, match="DOCTYPE"):
        _ = open_artwork("out.json").renderer


def test_a_hostile_start_costs_nothing(picture: Path) -> None:
    """It is looked at before anything heavy is loaded: one line, little memory."""
    uses = ["".join([f'<use href="#u{k - 1}"/>'] * 10) for k in range(1, 10)]
    group = "".join(f'<g id="u{k}">{inside}</g>' for k, inside in enumerate(uses, 1))
    Path("uses.svg").write_text(f'<svg {HEAD} viewBox="0 0 9 9"><path id="u0" d="M0 0h9v9z"/>{group}</svg>')
    Path("loads.svg").write_text(f'<svg {HEAD} viewBox="0 0 9 9"><image href="secret.png" width="9" height="9"/></svg>')
    code = "import sys; from creativity.cli import main; status = main(sys.argv[1:]); print('torch' in sys.modules); sys.exit(status)"
    for words in (["fit", str(picture), "--start", "uses.svg"], ["paint", "a bird", "--start", "loads.svg"]):
        child = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, timeout=60)
        assert child.returncode == 2
        assert child.stdout.strip() == "False"
        assert child.stderr.count("\n") == 1
        assert words[-1] in child.stderr


def test_documents_that_cost_much_are_refused_at_once() -> None:
    chain = "".join(f'<g id="u{k}"><use href="#u{k + 1}"/></g>' for k in range(5000))
    body = f'<defs>{chain}<path id="u5000" d="M0 0h9v9z"/></defs><use href="#u0"/>'
    rules = "".join(f".c{k} .d{k} path{{fill:red}}" for k in range(3000))
    many = f"<style>{rules}</style>" + '<path d="M0 0h9v9z"/>' * 3000
    long = '<path d="M0 0' + "l1 1" * 250_000 + '"/>'
    for hostile in (body, many, long):
        with pytest.raises(CreativityError):
            Document(svg.read_svg(f'<svg {HEAD} viewBox="0 0 24 24">{hostile}</svg>'.encode()))


def test_a_clip_is_moved_by_its_style_too() -> None:
    """A transform may be said as a property; in a clip path as elsewhere."""
    shown = []
    for how in ('style="transform:translate(4,0)"', 'transform="translate(4 0)"'):
        text = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 8"><clipPath id="c"><rect {how} width="6" height="8"/></clipPath>
<rect width="16" height="8" fill="#c33" clip-path="url(#c)"/></svg>"""
        renderer: Any = registry.renderers.create("drawing", {"document": text})
        shown.append(renderer.render(renderer.start[None], (8, 16)))
    assert torch.equal(*shown)
    assert (shown[0][0, 1, :, 5] < 0.3).all()
    assert (shown[0][0, 1, :, 12] > 0.9).all()
