"""The families of pictures, where each comes from and who may learn from it: three sides that share no family.

The guide and the prior learn from the first, the judge from the second; the third is only ever a test (its licences differ too).
"""

from __future__ import annotations

from typing import NamedTuple

from creativity.errors import CreativityError

PERMISSIVE = ("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "OFL-1.1", "public domain")
SIDES = ("guide", "test", "judge")
ICONIFY = "@iconify/json"
FONT = "@fontsource/noto-emoji"
CLIPART = "openclipart-svg"
LICENCES = {FONT: "OFL-1.1", CLIPART: "public domain"}  # Iconify names those of its families itself


class Family(NamedTuple):
    name: str
    side: str  # one of SIDES
    kind: str  # emoji, mono emoji, colour, mono or clip art
    package: str = ICONIFY
    most: int = 10_000  # so many of it at most, the commonest words first


FAMILIES = (
    Family("noto", "guide", "emoji"),
    Family("noto-v1", "guide", "emoji"),
    Family("noto-emoji", "guide", "mono emoji", FONT),
    Family("icon-park", "guide", "colour", most=1300),
    Family("glyphs-poly", "guide", "colour", most=500),
    Family("fluent-color", "guide", "colour", most=500),
    Family("mdi", "guide", "mono", most=3300),
    Family("fluent", "guide", "mono", most=2300),
    Family("healthicons", "guide", "mono", most=600),
    Family("hugeicons", "guide", "mono", most=2600),
    Family("pinhead", "guide", "mono", most=1100),
    Family("tabler", "guide", "mono", most=2400),
    Family("iconmind", "guide", "mono", most=1500),
    Family("boxicons", "guide", "mono", most=1500),
    Family("whh", "guide", "mono", most=400),
    Family("openclipart-a", "guide", "clip art", CLIPART),
    Family("fluent-emoji-flat", "judge", "emoji"),
    Family("fluent-emoji", "judge", "emoji"),
    Family("fluent-emoji-high-contrast", "judge", "mono emoji"),
    Family("fxemoji", "judge", "emoji"),
    Family("flat-color-icons", "judge", "colour", most=110),
    Family("meteocons", "judge", "colour", most=350),
    Family("ph", "judge", "mono", most=2800),
    Family("material-symbols", "judge", "mono", most=3000),
    Family("mingcute", "judge", "mono", most=1350),
    Family("ri", "judge", "mono", most=1050),
    Family("lucide", "judge", "mono", most=970),
    Family("carbon", "judge", "mono", most=930),
    Family("iconoir", "judge", "mono", most=790),
    Family("glyphs", "judge", "mono", most=700),
    Family("temaki", "judge", "mono", most=410),
    Family("maki", "judge", "mono", most=280),
    Family("fontisto", "judge", "mono", most=240),
    Family("openclipart-b", "judge", "clip art", CLIPART),
    Family("twemoji", "test", "emoji"),
    Family("openmoji", "test", "emoji"),
)


def permitted(family: Family, licence: str) -> str:
    """The licence, if the family's side may use it. Raises CreativityError where one learns from what is not permissive."""
    if family.side != "test" and licence not in PERMISSIVE:
        raise CreativityError(
            f"the {family.side} learns only from {', '.join(PERMISSIVE)}; {family.name} is {licence}: leave it out, or make it a test"
        )
    return licence
