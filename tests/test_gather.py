"""Packages -> pictures and captions, by the real code, from packages that the test writes: no network, nothing downloaded."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from creativity.errors import CreativityError
from training import gather, icons
from training.captions import Emoji, Wordnet, clipart_captions, icon_captions, plain
from training.families import CLIPART, FAMILIES, FONT, ICONIFY, PERMISSIVE, Family, permitted

CAT = '<path fill="currentColor" d="M2 2h12v12H2z"/>'
APPLE = '<circle cx="8" cy="8" r="7" fill="#d21"/>'
CLIP = """<svg xmlns="http://www.w3.org/2000/svg" width="210mm" height="297mm"><metadata><rdf:RDF xmlns:rdf="r" xmlns:dc="d">
<dc:title>nice bird 2</dc:title><rdf:li>bird</rdf:li><rdf:li>animal</rdf:li><dc:title>Somebody Somewhere</dc:title></rdf:RDF></metadata>
<rect x="100" y="100" width="60" height="60" fill="#22f"/></svg>"""
SENSES = {  # noun: sense, kind, what it is a kind of
    **{"animal": (1, 5, None), "bird": (2, 5, 1), "dove": (3, 5, 2), "cat": (4, 5, 1), "food": (5, 13, None), "fruit": (6, 13, 5)},
    **{"apple": (7, 13, 6), "idea": (8, 9, None), "umbrella": (9, 6, None), "beach_umbrella": (10, 6, 9), "beach": (11, 17, None)},
    **{"face": (12, 8, None), "cheer": (13, 12, None)},
}


def wordnet(folder: Path) -> Path:
    folder.mkdir(parents=True)
    data = [
        f"{n:08d} {kind:02d} n 01 {noun} 0 " + (f"001 @ {up:08d} n 0000 | x" if up else "000 | x") for noun, (n, kind, up) in SENSES.items()
    ]
    index = [f"{noun} n 1 1 @ 1 {2 if noun == 'cat' else 1} {n:08d}" for noun, (n, _, _) in SENSES.items()]
    (folder / "data.noun").write_text("\n".join(["  1 a licence", *data]))
    (folder / "index.noun").write_text("\n".join(["  1 a licence", *index]))
    return folder


def emojibase(folder: Path) -> Path:
    (folder / "shortcodes").mkdir(parents=True)
    entries = [
        {"label": "red apple", "hexcode": "1F34E", "group": 4, "tags": ["fruit", "apple", "idea", "143"]},
        {"label": "dove", "hexcode": "1F54A-FE0F", "group": 3, "tags": ["bird", "idea"]},
        {"label": "cat face", "hexcode": "1F431", "group": 3},
        {"label": "grinning face", "hexcode": "1F600", "group": 0, "tags": ["cheer"]},
        {"label": "one o\u2019clock", "hexcode": "1F550", "group": 5},
        {"label": "flag: France", "hexcode": "1F1EB-1F1F7", "group": 9},
    ]
    (folder / "data.json").write_text(json.dumps(entries))
    (folder / "shortcodes/some.json").write_text(json.dumps({"1F54A": ["dove_of_peace"]}))
    return folder


@pytest.fixture
def sources(tmp_path: Path) -> gather.Sources:
    folders = {package: tmp_path / "packages" / str(n) for n, package in enumerate((*gather.NPM, *gather.DEBIAN))}
    sets = folders[ICONIFY] / "package/json"
    sets.mkdir(parents=True)
    names = ("cat-outline-24", "cat-filled", "cat-duotone", "cat-thin", "idea", "cat-menu")
    drawn = {name: {"body": CAT.replace("h12v12", f"h12v{12 - n}")} for n, name in enumerate(names)}
    (sets / "tabler.json").write_text(json.dumps({"icons": drawn, "width": 16, "height": 16}))
    faces = {
        "red-apple": {"body": APPLE},
        "apple-again": {"body": APPLE}, "dove-of-peace": {"body": CAT}, "cat-face": {"body": CAT.replace("M2 2", "M3 3")},
        "grinning-face": {"body": ""}, "flag-france": {"body": CAT},
    }  # fmt: skip
    (sets / "noto.json").write_text(json.dumps({"icons": faces, "width": 16, "height": 16, "chars": {"1f34e": "apple-again"}}))
    (sets / "openmoji.json").write_text(json.dumps({"icons": {"red-apple": {"body": APPLE}}}))
    licences = {"tabler": "MIT", "noto": "Apache-2.0", "openmoji": "CC-BY-SA-4.0"}
    (sets.parent / "collections.json").write_text(json.dumps({name: {"license": {"spdx": spdx}} for name, spdx in licences.items()}))
    (sets.parent / "package.json").write_text('{"version": "1.2.3"}')
    emojibase(folders[gather.EMOJI] / "package/en")
    wordnet(folders[gather.WORDNET] / "usr/share/wordnet")
    for folder in ("animals/birds", "computer/icons"):
        place = folders[CLIPART] / "usr/share/openclipart/svg" / folder
        place.mkdir(parents=True)
        for n in range(12):
            (place / f"bird_{n}.svg").write_text(CLIP.replace('height="60"', f'height="{60 + 3 * n}"'))
    return gather.Sources(folders)


USED = [f for f in FAMILIES if f.name in ("noto", "tabler", "openclipart-a", "openclipart-b", "openmoji")]


def test_packages_become_pictures_with_captions(sources: gather.Sources, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        table = [row for side in ("guide", "judge", "test") for row in gather.gather(sources, side, tmp_path, pool, USED)]
    pixels, described = np.load(tmp_path / "icons-guide.npy"), json.loads((tmp_path / "icons-guide.json").read_text())
    assert pixels.dtype == np.uint8
    assert pixels.shape == (len(described), 64, 64, 4)
    by_name = {one["name"]: (one, pixels[n]) for n, one in enumerate(described)}

    apple, drawn = by_name["red-apple"]
    assert apple == {
        "family": "noto",
        "name": "red-apple",
        "captions": ["red apple", "apple", "fruit"],
        "mono": False,
        "emoji": "1f34e",
        "colour": "red",
    }
    assert drawn[32, 32].tolist() == [221, 34, 17, 255]
    assert drawn[0, 0, 3] == 0
    assert (drawn[..., 3] / 255).mean() == pytest.approx(np.pi * 49 / 256, abs=0.01)
    assert by_name["dove-of-peace"][0]["emoji"] == "1f54a"
    assert by_name["dove-of-peace"][0]["captions"] == ["dove", "bird"]
    assert by_name["cat-face"][0]["captions"][:2] == ["cat face", "cat"]
    # one of an emoji, nothing blank, no flag; of icons two variants, the plain ones
    assert {"apple-again", "grinning-face", "flag-france", "cat-duotone", "cat-thin", "idea", "cat-menu"}.isdisjoint(by_name)
    cat, ink = by_name["cat-filled"]
    assert cat["mono"]
    assert cat["colour"] is None
    assert cat["captions"] == ["cat"]
    assert not ink[..., :3].any()
    assert ink[20, 20, 3] == 255

    # clip art: in millimetres, its empty borders left out, and no drawing on both sides
    other = json.loads((tmp_path / "icons-judge.json").read_text())
    halves = [{one["name"] for one in side if one["family"].startswith("openclipart")} for side in (described, other)]
    assert len(halves[0] | halves[1]) == 12
    assert halves[0]
    assert halves[1]
    assert not halves[0] & halves[1]
    assert next(one for one in other)["captions"] == ["bird", "animal"]
    assert next(one for one in other)["colour"] == "blue"
    assert np.load(tmp_path / "icons-judge.npy")[:, 5:59, 32, 3].min() > 60
    assert {row["name"]: (row["licence"], row["count"]) for row in table}["openmoji"] == ("CC-BY-SA-4.0", 1)
    assert all(row["count"] > 0 for row in table)
    assert {row["version"] for row in table if row["package"] == ICONIFY} == {"1.2.3"}


def test_what_was_drawn_is_not_drawn_again(sources: gather.Sources, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Killed(ThreadPoolExecutor):
        def map(self, *args: object, **kwargs: object) -> object:  # type: ignore[override]
            calls.append(1)
            if len(calls) > allowed:
                raise KeyboardInterrupt
            return super().map(*args, **kwargs)  # type: ignore[arg-type]

    calls: list[int] = []
    allowed = 1
    with Killed(1) as pool, pytest.raises(KeyboardInterrupt):
        gather.gather(sources, "guide", tmp_path, pool, USED)
    assert not (tmp_path / "icons-guide.json").exists()
    calls.clear()
    allowed = 2
    with Killed(1) as pool:
        gather.gather(sources, "guide", tmp_path, pool, USED)
    assert len(calls) == 2  # tabler and clip art: noto was there
    assert {one["family"] for one in json.loads((tmp_path / "icons-guide.json").read_text())} == {"noto", "tabler", "openclipart-a"}


def test_what_is_not_permissive_teaches_nobody(sources: gather.Sources) -> None:
    test = next(f for f in FAMILIES if f.name == "openmoji")
    assert sources.licence(test) == "CC-BY-SA-4.0"
    for side in ("guide", "judge"):
        with pytest.raises(CreativityError, match="openmoji is CC-BY-SA-4.0"):
            sources.licence(test._replace(side=side))
    for unknown in ("CC-BY-4.0", "GPL-3.0", "unknown", ""):
        with pytest.raises(CreativityError, match="learns only from"):
            permitted(Family("x", "guide", "mono"), unknown)


def test_no_family_is_on_two_sides() -> None:
    assert len({f.name for f in FAMILIES}) == len(FAMILIES)
    assert {f.name for f in FAMILIES if f.side == "test"} == {"twemoji", "openmoji"}
    assert {f.package for f in FAMILIES} == {ICONIFY, FONT, CLIPART}
    assert not [x for x in PERMISSIVE if "BY" in x]


def test_names_become_what_people_say(tmp_path: Path) -> None:
    known = Wordnet(wordnet(tmp_path / "wordnet"))
    for name, said in {
        "cat-outline-24": "cat",
        "cat-fill": "cat",
        "CatSolid": "cat",
        "beach-umbrella-24px": "beach umbrella",
        "circle": "",
    }.items():
        assert plain(name) == said
    assert icon_captions("animal-cat", known) == ["cat"]  # from the general to the special, as some families name
    assert icon_captions("umbrella-beach", known) == ["beach umbrella"]
    assert icon_captions("cats", known) == ["cats"]
    for unwanted in ("idea", "cat-menu", "settings", "24", "a-b-c-cat", "xyzzy"):
        assert icon_captions(unwanted, known) == []
    assert known.nouns(1) == ["cat"]
    assert "idea" not in known.nouns(99)
    assert known.is_a("dove", "animal")
    assert not known.is_a("animal", "dove")
    emoji = Emoji(emojibase(tmp_path / "en"))
    assert emoji.captions("1f550", known) == []
    assert "1f1eb-1f1f7" not in emoji.entries
    assert "cheer" in emoji.captions("1f600", known)
    assert "idea" not in emoji.captions("1f54a", known)
    assert clipart_captions("animals/birds/dove_john_smith_01.svg", CLIP, known)[:2] == ["dove", "bird"]
    assert clipart_captions("computer/icons/bird.svg", CLIP, known) == []


@pytest.mark.parametrize(
    ("colour", "name"),
    list(
        zip(
            ("d21", "f80", "fc2", "3a3", "2bb", "36e", "83c", "f8b", "853", "222", "888", "fff"),
            ("red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "black", "grey", "white"),
            strict=True,
        )
    ),
)
def test_the_colour_of_most(colour: str, name: str) -> None:
    rgb = [int(c * 2, 16) for c in colour]
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[:, :45] = [*rgb, 255]
    assert icons.main_colour(picture) == name  # what is clear counts for nothing
    picture[:, 20:45] = [0, 255, 255, 255] if name != "turquoise" else [255, 0, 0, 255]
    assert icons.main_colour(picture) is None
    assert icons.main_colour(np.zeros((4, 4, 4), np.uint8)) is None
