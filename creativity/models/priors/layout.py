"""Where things go: a `Reading` and the outlines of its things -> a place for each, such that every relation is true.

Things are put together two at a time into blocks (beside, above, on, inside ...), and the block that is left is fitted into the frame: what
is true of two blocks stays true whatever they are put together with later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from creativity.models.priors.reader import Reading, Relation, Thing
from creativity.models.priors.scenes import Scene

SIZES = {"big": 1.4, "small": 0.6, "": 1.0}
# fmt: off
FLIES = frozenset(
    (
        "bird", "eagle", "butterfly", "airplane", "plane", "aeroplane", "jet", "rocket", "balloon", "kite", "bee", "bat", "dragon",
        "helicopter", "ufo", "cloud", "sun", "moon", "star", "parrot", "dove", "hawk", "seagull", "satellite", "comet", "planet",
        "spaceship", "airship", "blimp", "dragonfly", "moth", "fly", "mosquito", "parachute", "angel", "fairy", "drone",
    )
)
SWIMS = frozenset(
    (
        "fish", "whale", "boat", "ship", "shark", "dolphin", "octopus", "sailboat", "yacht", "canoe", "ferry", "submarine", "swan",
        "jellyfish", "seal", "squid", "crab", "lobster", "turtle", "starfish", "raft", "duck", "speedboat", "kayak", "goldfish",
        "pufferfish",
    )
)
# fmt: on


@dataclass(frozen=True)
class Placed:
    """One copy of a thing: its number, its middle and its size (the frame's side is 1, y goes down). Drawn in the order of the list."""

    thing: int
    x: float
    y: float
    width: float
    height: float


Block = list[Placed]
"""Things in units of their own, to be moved and scaled together."""


def box(block: Block) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    return (
        min(p.x - p.width / 2 for p in block),
        min(p.y - p.height / 2 for p in block),
        max(p.x + p.width / 2 for p in block),
        max(p.y + p.height / 2 for p in block),
    )


def scaled(block: Block, by: float) -> Block:
    return [Placed(p.thing, p.x * by, p.y * by, p.width * by, p.height * by) for p in block]


def moved(block: Block, dx: float, dy: float) -> Block:
    return [replace(p, x=p.x + dx, y=p.y + dy) for p in block]


def centred(block: Block) -> Block:
    left, top, right, bottom = box(block)
    return moved(block, -(left + right) / 2, -(top + bottom) / 2)


def extent(block: Block) -> tuple[float, float]:
    left, top, right, bottom = box(block)
    return right - left, bottom - top


ROWS: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((1,),),
    2: ((2,), (2,), (1, 1)),
    3: ((3,), (1, 2), (2, 1), (1, 2)),
    4: ((2, 2), (2, 2), (1, 2, 1)),
    5: ((2, 3), (3, 2), (2, 1, 2)),
    6: ((3, 3), (2, 2, 2), (1, 2, 3)),
    7: ((2, 3, 2), (3, 4), (4, 3)),
    8: ((4, 4), (3, 2, 3)),
    9: ((3, 3, 3),),
    10: ((3, 4, 3), (5, 5)),
    11: ((4, 3, 4),),
    12: ((4, 4, 4), (3, 3, 3, 3)),
}
"""How many in each row, from the top; one of these by chance."""


def copies(number: int, thing: Thing, outline: tuple[float, float], random: np.random.Generator, standing: bool) -> Block:
    """As many of a thing as were asked for, in rows, none over another. ``outline``: width and height, the longer of them 1."""
    count = min(max(thing.count, 1), 12)
    options = ROWS[count]
    rows = options[0] if standing and count < 4 else options[int(random.integers(len(options)))]
    wide, high = outline
    gap = float(random.uniform(0.1, 0.2))
    out = []
    for j, row in enumerate(rows):
        for k in range(row):
            x = (k - (row - 1) / 2) * (wide + gap) + float(random.uniform(-0.3, 0.3)) * gap
            y = (j - (len(rows) - 1) / 2) * (high + gap) + float(random.uniform(-0.3, 0.3)) * gap
            by = float(random.uniform(0.94, 1.0))
            out.append(Placed(number, x, y, wide * by, high * by))
    return scaled(out, SIZES[thing.size] if count == 1 else 0.75 * SIZES[thing.size])


def joined(kind: str, first: Block, second: Block, random: np.random.Generator, standing: bool) -> Block:
    """Two blocks as one in which the first is ``kind`` (a relation) of the second."""
    a, b = centred(first), centred(second)
    (aw, ah), (bw, bh) = extent(a), extent(b)

    def fit(block: Block, side: float) -> Block:
        return scaled(block, side / max(extent(block)))

    if kind in ("left", "right", "beside"):
        if kind == "right" or (kind == "beside" and random.random() < 0.5):
            a, b, aw, ah, bw, bh = b, a, bw, bh, aw, ah
        gap = 0.12 * (aw + bw) / 2
        down = (ah - bh) / 2 if standing else float(random.uniform(-0.12, 0.12)) * max(ah, bh)
        return [*moved(a, -(aw + gap) / 2, 0), *moved(b, (bw + gap) / 2, down)]
    if kind in ("above", "below"):
        if kind == "below":
            a, b, aw, ah, bw, bh = b, a, bw, bh, aw, ah
        aside = float(random.uniform(-0.15, 0.15)) * min(aw, bw)
        return [*moved(b, 0, bh / 2 + 0.06), *moved(a, aside, -ah / 2 - 0.06)]
    if kind == "on":
        a = scaled(a, 0.85) if len(a) == 1 else a
        ah = extent(a)[1]
        return [*b, *moved(a, float(random.uniform(-0.08, 0.08)) * bw, -(bh + ah) / 2 + 0.2 * min(ah, bh))]
    if kind == "inside":
        return [*b, *scaled(a, min(0.5 * bw / aw, 0.5 * bh / ah))]
    if kind in ("front", "behind"):
        if kind == "behind":
            a, b = b, a
        a, b = (scaled(block, by / max(extent(block))) for block, by in ((a, 0.8), (b, 1.15)))
        (aw, ah), (bw, bh) = extent(a), extent(b)
        side = 1 if random.random() < 0.5 else -1
        return [*b, *moved(a, side * (0.25 * bw + 0.12 * aw), (bh - ah) / 2 + 0.1)]
    if kind == "hold":
        side = 1 if random.random() < 0.5 else -1
        a, b = fit(a, 1.0), fit(b, 0.5)
        aw = extent(a)[0]
        return [*a, *moved(b, side * (aw / 2 + 0.08), 0.12)]
    if kind == "wear":
        a, b = fit(a, 1.0), fit(b, 0.5)
        ah, bh = extent(a)[1], extent(b)[1]
        return [*a, *moved(b, 0, -(ah + bh) / 2 + 0.4 * bh)]
    raise AssertionError(kind)


def between(first: Block, second: Block, third: Block | None, random: np.random.Generator, standing: bool) -> Block:
    """A block with one on its left and one on its right: the copies of the second, or the second and a third."""
    if third is None:
        half = (len(second) + 1) // 2
        second, third = second[:half], second[half:] or second[:half]
    left = joined("left", second, first, random, standing)
    return joined("right", third, left, random, standing)


def arrange(reading: Reading, outlines: Sequence[tuple[float, float]], scene: Scene | None, random: np.random.Generator) -> list[Placed]:
    """The things of a reading in the frame; ``scene`` is what they stand in, None a plain ground. ``outlines`` as for `copies`."""
    things = reading.things
    standing = scene is not None
    blocks: dict[int, Block] = {n: copies(n, thing, outlines[n], random, standing) for n, thing in enumerate(things)}
    whose = {n: n for n in blocks}

    def join(made: Block, *members: int) -> None:
        keys = {whose[m] for m in members}
        first = min(keys)
        for m, key in whose.items():
            if key in keys:
                whose[m] = first
        for key in keys:
            del blocks[key]
        blocks[first] = made

    pinned = {n for n, thing in enumerate(things) if thing.side is not None}
    related = {n for relation in reading.relations for n in (relation.first, relation.second)}
    # attached things first: what is on, in, held belongs to its bearer before that is left or right of anything
    rank = ("wear", "hold", "inside", "on", "front", "behind", "between", "above", "below", "left", "right", "beside")
    for relation in sorted(reading.relations, key=lambda r: rank.index(r.kind)):
        one, two = whose[relation.first], whose[relation.second]
        if one == two:
            continue
        if relation.kind == "between":
            third = _third(relation, things, whose)
            made = between(blocks[one], blocks[two], None if third is None else blocks[whose[third]], random, standing)
            join(made, relation.first, relation.second, *(() if third is None else (third,)))
        else:
            join(joined(relation.kind, blocks[one], blocks[two], random, standing), relation.first, relation.second)
        pinned -= {relation.first, relation.second}
    out: list[Placed] = []
    # what shines hangs in a corner of the sky, unless it was put somewhere
    if standing and len(blocks) > 1:
        for n, thing in enumerate(things):
            if (
                n not in related
                and n not in pinned
                and thing.noun.split()[-1].rstrip("s") in ("sun", "moon", "cloud", "star")
                and len(blocks) > len(pinned) + 1
            ):
                things = (*things[:n], replace(thing, side=(1 if random.random() < 0.5 else -1, -1)), *things[n + 1 :])
                pinned.add(n)
    free = [key for key in blocks if key not in pinned]
    halves = len(pinned) >= 2 or not free
    for n in sorted(pinned):
        out += _pinned(blocks[n], things[n], len(pinned) == 1 and not free, halves and bool(free or len(pinned) > 1), random)
    if not free:
        return out
    whole = _rows([blocks[key] for key in free], random, standing)
    room = _room(out)
    return [*_framed(whole, things, scene, len(whole) == 1 and not pinned, room, random), *out]


def _third(relation: Relation, things: Sequence[Thing], whose: dict[int, int]) -> int | None:
    """Between one thing and another: the one that is named after the second, where that is but one."""
    after = max(relation.first, relation.second) + 1
    if things[relation.second].count > 1 or after >= len(things) or whose[after] in (whose[relation.first], whose[relation.second]):
        return None
    return after


def _rows(blocks: list[Block], random: np.random.Generator, standing: bool) -> Block:
    """Blocks that nothing relates: side by side in the order of the words; four or more in two rows."""
    if len(blocks) >= 4:
        half = (len(blocks) + 1) // 2
        return joined("above", _rows(blocks[:half], random, standing), _rows(blocks[half:], random, standing), random, standing)
    whole = blocks[0]
    for block in blocks[1:]:
        whole = joined("left", whole, block, random, standing)
    return whole


def _pinned(block: Block, thing: Thing, alone: bool, half: bool, random: np.random.Generator) -> Block:
    """A block at the side of the frame that was named."""
    x, y = thing.side or (0, 0)
    side = {"big": 0.5, "small": 0.22, "": 0.4}[thing.size] * (1.0 if alone or half else 0.8)
    if (x, y) == (0, 0):
        side *= 1.3
    fit = centred(scaled(block, side / max(extent(block))))
    wide, high = extent(fit)
    edge = float(random.uniform(0.03, 0.06))
    return moved(fit, 0.5 + x * (0.5 - edge - wide / 2), 0.5 + y * (0.5 - edge - high / 2))


def _room(pinned: Block) -> tuple[float, float, float, float]:
    """What the pinned things leave of the frame: left, top, right, bottom."""
    left, top, right, bottom = 0.04, 0.04, 0.96, 0.96
    for p in pinned:
        if abs(p.y - 0.5) >= 0.1:
            top, bottom = (max(top, p.y + p.height / 2 + 0.01), bottom) if p.y < 0.5 else (top, min(bottom, p.y - p.height / 2 - 0.01))
        else:
            left, right = (max(left, p.x + p.width / 2 + 0.01), right) if p.x < 0.5 else (left, min(right, p.x - p.width / 2 - 0.01))
    return (left, top, right, bottom) if right - left > 0.25 and bottom - top > 0.25 else (0.3, 0.3, 0.7, 0.7)


def _framed(
    whole: Block,
    things: Sequence[Thing],
    scene: Scene | None,
    single: bool,
    room: tuple[float, float, float, float],
    random: np.random.Generator,
) -> Block:
    """A block in the frame: in the middle of a plain ground, on its feet, wings or keel in a scene."""
    left, top, right, bottom = room
    wide, high = extent(whole)
    alone = things[whole[0].thing]
    if single:
        side = {"": random.uniform(0.62, 0.76), "big": random.uniform(0.82, 0.9), "small": random.uniform(0.3, 0.38)}[alone.size]
        if scene is not None and alone.size != "small":
            side *= 0.74
    else:
        side = 0.86 if scene is None else 0.7
    by = min(side / max(wide, high), (right - left) / wide, (bottom - top) / high)
    if not single and scene is not None:
        by = min((right - left) / wide, min(0.78, bottom - top) / high, 0.62 / max(max(p.width, p.height) for p in whole))
    fit = centred(scaled(whole, by))
    wide, high = extent(fit)
    slack_x, slack_y = max(0.0, right - left - wide) / 2, max(0.0, bottom - top - high) / 2
    x = (left + right) / 2 + float(random.uniform(-1, 1)) * min(slack_x, 0.08)
    if scene is None:
        return moved(fit, x, (top + bottom) / 2 + float(random.uniform(-1, 1)) * min(slack_y, 0.05))
    kinds = {things[p.thing].noun.split()[-1].removesuffix("s") for p in whole}
    if kinds <= FLIES and scene.sky:
        y = max(scene.sky + float(random.uniform(-0.04, 0.06)), 0.04 + high / 2)
    elif kinds & SWIMS and scene.water is not None:
        y = scene.water - high / 2 + float(random.uniform(-0.02, 0.04))
    else:
        y = scene.feet - high / 2 + float(random.uniform(-0.01, 0.02))
    return moved(fit, x, min(max(y, high / 2 + 0.02), 0.98 - high / 2))
