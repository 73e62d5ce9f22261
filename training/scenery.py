"""Scenes drawn beforehand for the guide's composer: ``python -m training.scenery --data DIR`` writes ``scenes.npz`` and ``scenes.json``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from creativity.models.priors.places import NAMES
from creativity.models.priors.scenes import TIMES, WEATHER, scene

ON = (
    "beach",
    "hill",
    "mountain",
    "field",
    "table",
    "road",
    "street",
    "island",
    "meadow",
    "stage",
    "moon surface",
    "farm",
    "grass",
    "lawn",
    "shelf",
    "desk",
    "ice",
    "rooftop",
)
UNDER = ("rainbow", "full moon", "moon", "stars", "clouds", "sun", "fireworks", "starry sky", "northern lights", "aurora")
BARE = ("snow", "rain", "fog", "mist", "space", "outer space", "nature", "underwater", "indoors", "winter", "grass", "lava", "ice", "water")


def said(name: str) -> tuple[list[str], str]:
    """How a place is called by itself, and how a thing is said to be there."""
    article = "" if name in BARE or (name.endswith("s") and not name.endswith("ss")) else "an " if name[0] in "aeiou" else "a "
    if name in ("underwater", "indoors"):
        return [name], name
    where = "under" if name in UNDER else "on" if any(word in name for word in ON) else "in"
    the = (
        f"the {name}"
        if name in ("sea", "ocean", "desert", "forest", "snow", "rain", "sky", "city", "mountains", "countryside", "jungle")
        else article + name
    )
    return [name, article + name, the, f"a picture of {article}{name}"], f"{where} {the}"


def describe(place: str | None, time: str | None, sign: str | None) -> tuple[list[str], list[str]]:
    """Captions of a scene, and where a thing in it is said to be."""
    captions: list[str] = []
    places: list[str] = []
    at = (
        ""
        if time is None
        else f"in the {time}"
        if time in ("morning", "evening", "afternoon", "dark", "darkness", "moonlight", "starlight")
        else f"at {time}"
    )
    if place:
        alone, there = said(place)
        captions = [f"{text} {at}".strip() for text in alone]
        places = [f"{there} {at}".strip()]
        if time in ("sunset", "sunrise"):
            over = there.split(" ", 1)[-1]
            captions += [
                f"a {time} over {over}",
                f"{time} over {over}",
                f"the sun {'setting' if time == 'sunset' else 'rising'} over {over}",
            ]
        if time == "night":
            captions.append(f"{alone[-2] if len(alone) > 1 else alone[0]} by night")
    elif time:
        captions = [time, f"a {time}"] if time != "night" else ["night", "the night", "night time"]
        places = [at]
    if sign:
        alone, under = said(sign)
        if captions:
            captions = [f"{text} with {alone[1]}" if sign not in ("snow", "rain", "fog") else f"{text} in the {sign}" for text in captions]
            places = [f"{where} {under}" for where in places]
        else:
            captions, places = alone, [under]
    return captions, places


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=9000)
    args = parser.parse_args()
    random = np.random.default_rng(11)
    times = [time for names in TIMES.values() for time in names.split(", ")[:5] if " " not in time]
    signs = [sign for names in WEATHER.values() for sign in names.split(", ")[:2] if not sign.endswith("y")]
    pixels, captions, places = [], [], {}
    names = list(NAMES)
    while len(pixels) < args.count:
        draw = random.random()
        place = names[int(random.integers(len(names)))] if draw < 0.85 else None
        time = times[int(random.integers(len(times)))] if 0.35 < draw < 0.7 or draw > 0.93 else None
        sign = signs[int(random.integers(len(signs)))] if 0.7 < draw <= 0.93 else None
        text, where = describe(place, time, sign)
        found = scene([name for name in (place, time, sign) if name], 64, random)
        pixels.append((found.pixels.transpose(2, 0, 1) * 255).round().clip(0, 255).astype(np.uint8))
        captions.append(text)
        places[text[0]] = where
    np.savez(args.data / "scenes.npz", pixels=np.stack(pixels))
    (args.data / "scenes.json").write_text(json.dumps({"captions": captions, "places": places}))
    print(len(pixels), "scenes,", len({t for row in captions for t in row}), "captions")


if __name__ == "__main__":
    main()
