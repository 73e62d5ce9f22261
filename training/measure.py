"""All that is claimed of the embedded models, measured by one script: ``python -m training.measure --data DIR --weights DIR --out DIR``.

Whatever weights are there are measured. It prints what was measured beside what must be, writes ``embedded.json``, the figures of the
model card (``--card training/CARD.md``), and sheets to look at. Every retrieval has the bounds of its 95 % bootstrap interval.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from creativity.files import write_atomically
from creativity.images import encode_png
from creativity.sheet import save_sheet
from creativity.streams import Streams
from training import pixels
from training.blind import Sampler, answers, opaque, prompts, score
from training.judge.composer import BESIDE, COUNTS, Composer, article, plural
from training.judge.drawing import ALSO, INKS
from training.judge.tower import Judge

KS = (1, 5, 10)
FAMILIES = ("twemoji", "openmoji")
COLOURS = frozenset((*INKS, *ALSO.values(), "violet", "teal", "cyan", "gray"))
NUMBERS = frozenset(word for words in COUNTS.values() for phrase in words for word in phrase.split()) | {"a", "an", "one"}
SIDES = frozenset(word for phrases in BESIDE.values() for phrase in phrases for word in phrase.split()) - {"of"} | {"below", "side"}
BETWEEN = re.compile(r"\b(of|above|over|than|below|under|underneath|beneath|inside|in|within) an? |(left|right|above|below) and ")
"""Words that put two things into a relation; without one of them a side is a place in the picture."""


class Encoder(Protocol):
    def images(self, images: Tensor) -> Tensor: ...
    def texts(self, texts: Sequence[str]) -> Tensor: ...


@dataclass(frozen=True)
class Figure:
    what: str
    of: str
    measured: dict[str, float]
    must: dict[str, float]
    cases: int
    low: dict[str, float]
    high: dict[str, float]
    most: bool = False
    """Whether the bound is one that the figure must not exceed."""

    @property
    def met(self) -> bool:
        return all((self.measured[k] <= v) if self.most else (self.measured[k] >= v) for k, v in self.must.items())


def interval(values: Sequence[float], draws: int = 2000) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean (Efron, 1979)."""
    sample = np.asarray(values, np.float64)
    means = sample[np.random.default_rng(0).integers(len(sample), size=(draws, len(sample)))].mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def figure(what: str, of: str, values: dict[str, Sequence[float]], must: dict[str, float], most: bool = False) -> Figure:
    """The means of some cases, with their intervals; what has no cases is left out."""
    values = {key: cases for key, cases in values.items() if len(cases)}
    bounds = {key: interval(cases) for key, cases in values.items()}
    return Figure(
        what,
        of,
        {key: float(np.mean(cases)) for key, cases in values.items()},
        {key: bound for key, bound in must.items() if key in values},
        max((len(cases) for cases in values.values()), default=0),
        {key: low for key, (low, _) in bounds.items()},
        {key: high for key, (_, high) in bounds.items()},
        most,
    )


@torch.no_grad()
def ranks(queries: Tensor, answers: Tensor, right: Tensor) -> Tensor:
    """For each query (Q, E) the rank, from 0, of its best right answer among (A, E); ``right`` (Q, A). Ties count against it."""
    similar = (queries @ answers.T).double()
    best = similar.masked_fill(~right, -torch.inf).amax(1, keepdim=True)
    return ((similar >= best) & ~right).sum(1)


def recall(ranks: Tensor, ks: Sequence[int] = KS) -> dict[str, Sequence[float]]:
    return {f"R@{k}": (ranks < k).double().tolist() for k in ks}


@torch.no_grad()
def seen(encoder: Encoder, images: Tensor) -> Tensor:
    return torch.cat([encoder.images(part) for part in torch.split(images, 256)])


@torch.no_grad()
def said(encoder: Encoder, texts: Sequence[str]) -> Tensor:
    return torch.cat([encoder.texts(texts[start : start + 256]) for start in range(0, len(texts), 256)])


# what is asked


@dataclass(frozen=True)
class Held:
    """Pictures (N, 3, 64, 64) that no training has shown, their captions, and captions that are wrong by one thing: (number, caption)."""

    images: Tensor
    captions: list[str]
    wrong: list[tuple[int, str]]


def difference(right: str, wrong: str) -> str | None:
    """In what two captions differ: "colour", "count" or "relation"; None where it is something else, or more than one thing."""
    a, b = ([re.sub(r"(?<=s)es$|(?<=[^s]{3})s$", "", word) for word in text.split()] for text in (right, wrong))
    kept, other = ([word for word in words if word not in NUMBERS] for words in (a, b))
    counts = [NUMBERS & set(text.replace("an ", "a ").split()) for text in (right, wrong)]
    if kept == other or counts[0] != counts[1]:
        return "count" if kept == other and counts[0] != counts[1] else None
    if sorted(kept) == sorted(other):
        return "colour" if all(x in COLOURS for x, y in zip(kept, other, strict=True) if x != y) else "relation"
    changed = set((Counter(kept) - Counter(other)) | (Counter(other) - Counter(kept)))
    if changed <= COLOURS:
        return "colour"
    return "relation" if changed <= SIDES and BETWEEN.search(right) else None


def icons(data: Path, side: str, wanted: Callable[[dict[str, object]], bool]) -> tuple[Tensor, list[dict[str, object]]]:
    """Icons over white (N, 3, 64, 64) and what is known of them."""
    described = json.loads((data / f"icons-{side}.json").read_text())
    rows = [n for n, one in enumerate(described) if wanted(one)]
    stored = torch.from_numpy(np.load(data / f"icons-{side}.npy", mmap_mode="r")[rows]).permute(0, 3, 1, 2).float() / 255
    return stored[:, :3] * stored[:, 3:] + 1 - stored[:, 3:], [described[n] for n in rows]


def names(data: Path, family: str) -> tuple[Tensor, list[str]]:
    """An emoji family and the first name of each picture."""
    images, described = icons(data, "test", lambda one: one["family"] == family)
    return images, [str(one["captions"][0]) for one in described]  # type: ignore[index]


def objects(data: Path, family: str) -> tuple[Tensor, list[str], list[str]]:
    """Pictures of the hundred things, their names and other words for them."""
    wanted = tomllib.loads((Path(__file__).parent / "objects.toml").read_text())
    images, described = icons(data, "test", lambda one: one["family"] == family)
    at = {str(one["emoji"]): n for n, one in reversed(list(enumerate(described)))}
    there = {name: (at[code], other) for name, (code, other) in wanted.items() if code in at}
    return images[[n for n, _ in there.values()]], list(there), [other for _, other in there.values()]


def guides_own(data: Path, each: int = 150) -> Held:
    """What the guide's composer puts together, of captions that it was not taught."""
    from training.composer import Picture, load, unseen

    composer = load(data, "guide", 7777)
    chosen: dict[str, Picture] = {}
    for kind in ("shape", "count", "relation", "inside", "pattern"):
        until = len(chosen) + each
        for _ in range(300 * each):
            made = getattr(composer, kind)()
            for picture in made if isinstance(made, list) else [made]:
                if unseen(picture.caption) and len(chosen) < until:
                    chosen.setdefault(picture.caption, picture)
            if len(chosen) == until:
                break
    pictures = list(chosen.values())
    images = torch.cat([composer.render(pictures[start : start + 256], 64) for start in range(0, len(pictures), 256)])
    return Held(images, list(chosen), [(n, text) for n, picture in enumerate(pictures) for text in picture.wrong])


def judges_own(data: Path, each: int = 150) -> Held:
    """The same of the judge's composer."""
    composer = Composer(data, 8888, pool=600)
    pictures = composer.examples(("shape", "shapes", "shape_pair", "inside", "pattern"), each)
    images = torch.from_numpy(composer.render(pictures, 64)).permute(0, 3, 1, 2).contiguous()
    return Held(
        images, [picture.caption for picture in pictures], [(n, text) for n, picture in enumerate(pictures) for text in picture.wrong]
    )


THINGS = {
    "a cat": "1f408", "an owl": "1f989", "a fish": "1f41f", "a butterfly": "1f98b", "an apple": "1f34e", "a carrot": "1f955",
    "a strawberry": "1f353", "a car": "1f697", "a rocket": "1f680", "a cactus": "1f335", "a purple heart": "1f49c",
}  # fmt: skip
SCENES = {
    "a sunset over the sea": ("sunset", "sea"), "a night sky with a full moon and stars": ("night sky", "full moon"),
    "snowy mountains": ("mountains", "snowy"),
    "a desert with sand dunes": ("desert",), "a green forest": ("forest",), "a rainbow": ("rainbow",), "a city at night": ("city", "night"),
    "an erupting volcano": ("volcano",), "a tropical island with a palm tree": ("island",), "a rainy day": ("rainy day",),
    "a house on a hill": ("hill",), "a field of flowers": ("field of flowers",),
}  # fmt: skip
FORMS: dict[str, tuple[str, list[tuple[str, str, float, float, float]]]] = {  # background, and shape, colour, x, y, size
    "a red circle": ("white", [("circle", "red", 0.5, 0.5, 0.7)]),
    "a blue square on a white background": ("white", [("square", "blue", 0.5, 0.5, 0.6)]),
    "a green triangle": ("white", [("triangle", "green", 0.5, 0.5, 0.7)]),
    "a yellow star on a blue background": ("blue", [("star", "yellow", 0.5, 0.5, 0.7)]),
    "a purple heart": ("white", [("heart", "purple", 0.5, 0.5, 0.7)]),
    "a red circle to the left of a blue square": ("white", [("circle", "red", 0.26, 0.5, 0.4), ("square", "blue", 0.74, 0.5, 0.38)]),
    "a yellow triangle above a green circle": ("white", [("triangle", "yellow", 0.5, 0.25, 0.4), ("circle", "green", 0.5, 0.75, 0.4)]),
    "three orange circles": ("white", [("circle", "orange", x, y, 0.3) for x, y in ((0.25, 0.3), (0.72, 0.35), (0.45, 0.75))]),
}


def real(data: Path, each: int = 4) -> tuple[Tensor, list[str]]:
    """Pictures of the plain prompts that the judge has never seen: emoji of the test families, and what others than its composer draw."""
    from creativity.models.priors.scenes import scene
    from training.composer import COLOURS as PAINTS
    from training.composer import Layer, Picture, load

    composer = load(data, "guide", 99)
    described = json.loads((data / "icons-test.json").read_text())
    stored = np.load(data / "icons-test.npy", mmap_mode="r")

    def sprite(code: str, family: str, side: int) -> Tensor:
        at = next(k for k, one in enumerate(described) if one["emoji"] == code and one["family"] == family)
        return F.interpolate(torch.tensor(stored[at : at + 1]).permute(0, 3, 1, 2).float() / 255, (side, side), mode="area")[0]

    images, captions = [], []
    for text in prompts("plain"):
        for n in range(each):
            random = np.random.default_rng([n, len(text)])
            if text in SCENES:
                image = torch.from_numpy(scene(SCENES[text], 64, random).pixels).permute(2, 0, 1).clone()
                if "house" in text:
                    x, house = int(random.integers(12, 28)), sprite("1f3e0", FAMILIES[n % 2], 24)
                    image[:, 20:44, x : x + 24] = house[:3] * house[3:] + image[:, 20:44, x : x + 24] * (1 - house[3:])
            elif text in THINGS and (n < 2 or text not in FORMS):  # large, and smaller and mirrored
                drawn = sprite(THINGS[text], FAMILIES[n % 2], 64 if n < 2 else 48)
                image = drawn[:3] * drawn[3:] + 1 - drawn[3:]
                image = image if n < 2 else F.pad(image.flip(2), (8, 8, 8, 8), value=1.0)
            elif text in FORMS:
                ground, marks = FORMS[text]
                layers = [
                    Layer(
                        composer.shape_at[shape],
                        (x + random.uniform(-0.03, 0.03), y + random.uniform(-0.03, 0.03)),
                        size * random.uniform(0.9, 1.05),
                        colour=composer.paint(colour),
                    )
                    for shape, colour, x, y, size in marks
                ]
                image = composer.render([Picture(text, composer.paint(ground) if ground in PAINTS else (1.0, 1.0, 1.0), layers)], 64)[0]
            elif text in ("red and white stripes", "a black and white checkerboard"):
                image = pattern(composer, text)
            else:
                continue
            images.append(image)
            captions.append(text)
    return torch.stack(images), captions


def pattern(composer: object, text: str) -> Tensor:
    """A pattern by the guide's composer with these two colours: it is asked until it makes one."""
    kind, colours = text.rsplit(" ", 1)[1], COLOURS & set(text.split())
    while True:
        made = composer.pattern()  # type: ignore[attr-defined]
        if kind in made.caption and COLOURS & set(made.caption.split()) == colours:
            image: Tensor = composer.render([made], 64)[0]  # type: ignore[attr-defined]
            return image


# what is measured


def retrieval(encoder: Encoder, images: Tensor, captions: Sequence[str]) -> Tensor:
    """The rank of each text's picture among all; pictures of equal captions are equally right."""
    unique = list(dict.fromkeys(captions))
    right = torch.tensor([[caption == text for caption in captions] for text in unique])
    return ranks(said(encoder, unique), seen(encoder, images), right)


def naming(encoder: Encoder, images: Tensor, captions: Sequence[str], among: Sequence[str]) -> Tensor:
    """The rank of each picture's caption ``among`` all: R-precision."""
    return ranks(seen(encoder, images), said(encoder, among), torch.tensor([[caption == text for text in among] for caption in captions]))


def told_apart(encoder: Encoder, held: Held) -> dict[str, Sequence[float]]:
    """Whether a picture is nearer to its caption than to one that is wrong by a colour, a count or a relation."""
    images, right, wrong = seen(encoder, held.images), said(encoder, held.captions), said(encoder, [text for _, text in held.wrong])
    out: dict[str, list[float]] = {"colour": [], "count": [], "relation": []}
    for (n, text), vector in zip(held.wrong, wrong, strict=True):
        if kind := difference(held.captions[n], text):
            out[kind].append(float(images[n] @ right[n] > images[n] @ vector))
    return dict(out)


def of_encoder(of: str, encoder: Encoder, data: Path, held: Held) -> list[Figure]:
    musts = of == "guide"
    out = [figure("procedural captions never seen", of, recall(retrieval(encoder, held.images, held.captions)), {"R@1": 0.75, "R@5": 0.95})]
    for family in FAMILIES:
        bound = {"R@1": 0.12, "R@5": 0.30, "R@10": 0.40} if musts and family == "twemoji" else {}
        out.append(figure(f"{family}, a family never seen", of, recall(retrieval(encoder, *names(data, family))), bound))
    for by in ("names", "synonyms"):
        found: list[float] = []
        for family in FAMILIES:
            images, words, others = objects(data, family)
            found += recall(retrieval(encoder, images, words if by == "names" else others))["R@1"]
        out.append(figure(f"100 objects x 100 {by}", of, {"R@1": found}, {"R@1": 0.45 if by == "names" else 0.30} if musts else {}))
    out.append(
        figure(
            "a caption and its swap told apart",
            of,
            told_apart(encoder, held),
            {"colour": 0.98, "count": 0.90, "relation": 0.90} if musts else {},
        )
    )
    return out


def judged(judge: Encoder, what: str, images: Tensor, captions: Sequence[str], among: Sequence[str], must: dict[str, float]) -> Figure:
    return figure(what, "judge", recall(naming(judge, images, captions, among), (1, 5)), must)


NOUNS = ("apple", "fish", "bird", "car", "flower", "heart", "star", "house", "mushroom", "balloon")


def by_pixels(sample: Sampler) -> list[Figure]:
    """Whether a named colour, relation or count is in the picture, told by its pixels; on plain backgrounds, two things in two colours."""
    random, stream = np.random.default_rng(5), Streams(5)("measure")
    strong = [name for name in INKS if name != "white"]
    right: dict[str, list[float]] = {"colour": [], "relation": [], "count": []}
    for noun in NOUNS:
        for colour in random.choice(strong, 5, replace=False):
            image = sample(f"{article(f'{colour} {noun}')} on a white background", 1, stream)[0]
            right["colour"].append(float(pixels.coloured(image, str(colour))))
    vivid = ["red", "green", "blue", "purple", "orange", "black"]
    for way, words in BESIDE.items():
        for word in words[:3]:
            for _ in range(4):
                (a, b), (x, y) = random.choice(vivid, 2, replace=False), random.choice(NOUNS, 2, replace=False)
                image = sample(f"{article(f'{a} {x}')} {word} {article(f'{b} {y}')}", 1, stream)[0]
                right["relation"].append(float(pixels.related(image, str(a), str(b), way)))
    for number, (word, *_) in COUNTS.items():
        for noun in NOUNS:
            colour = random.choice(vivid)
            image = sample(f"{word} {colour} {plural(noun)} on a white background", 1, stream)[0]
            right["count"].append(float(pixels.count(image) == number))
    return [figure("named colour, relation, count right", "prior", dict(right), dict.fromkeys(right, 0.95))]


def novelty(sample: Sampler, data: Path, out: Path, things: int = 32) -> list[Figure]:
    """How much of a sample its nearest training picture explains, and whether four seeds differ; writes a sheet of such pairs."""
    pictures, described = icons(data, "guide", lambda one: True)
    framed = torch.stack([pixels.framed(picture) for picture in pictures])
    chosen = list(tomllib.loads((Path(__file__).parent / "objects.toml").read_text()))[::3][:things]
    shares, coarse, apart, pairs, captions = [], [], [], [], []
    for name in chosen:
        samples = torch.stack([sample(f"{article(name)} on a white background", 1, Streams(seed)("measure"))[0] for seed in range(4)])
        ours = torch.stack([pixels.framed(one) for one in samples])
        share, at = pixels.explained(ours, framed)
        shares += share.tolist()
        coarse += pixels.explained(F.avg_pool2d(ours, 2), F.avg_pool2d(framed, 2))[0].tolist()
        gaps = [(ours[i] - ours[j]).square().mean().sqrt() for i in range(4) for j in range(i)]
        apart.append(float(min(gaps) > 0.05))
        side = samples.shape[-1]
        near = F.interpolate(pictures[at[:1]], (side, side), mode="bilinear", align_corners=False, antialias=True)[0]
        pairs.append(opaque(torch.cat([samples[0], near], 2)))
        captions.append(f"{name}: {share[0]:.2f} of {described[int(at[0])]['family']}")
    save_sheet(out / "nearest.png", pairs, captions)
    return [
        figure(
            "variance explained by the nearest training picture",
            "prior",
            {"mean": shares, "at 12 pixels": coarse},
            {"mean": 0.85},
            most=True,
        ),
        figure("four seeds of a prompt differ", "prior", {"prompts": apart}, {"prompts": 0.95}),
    ]


def sheet(sample: Sampler, out: Path) -> tuple[list[Tensor], list[str]]:
    """Four samples of each of the 64 prompts, on a sheet for each list; gives the first of each."""
    first, texts = [], []
    for name in ("plain", "composed"):
        strips = []
        for text in prompts(name):
            images = sample(text, 4, Streams(1)("sheet"))
            first.append(images[0])
            texts.append(text)
            edge = torch.full((*images.shape[:3], 1), 0.75)
            strips.append(opaque(torch.cat([part for one in zip(images, edge, strict=True) for part in one][:-1], 2)))
        save_sheet(out / f"samples-{name}.png", strips, prompts(name))
    return first, texts


def named(folder: Path, seed: int) -> list[Figure]:
    """What readers said, where answers lie in a folder as ``plain.answers`` and ``composed.answers``."""
    out = []
    for name, least in (("plain", 25), ("composed", 22)):
        file = folder / f"{name}.answers"
        if file.exists():
            right = score(prompts(name), answers(file.read_text()), seed)
            out.append(
                figure(f"blind naming, {name} prompts", "prior", {"named": [float(v) for v in right]}, {"named": least / len(right)})
            )
    return out


# what is written


def table(figures: Sequence[Figure]) -> str:
    """Markdown: what was measured, between which bounds, and what must be."""
    lines = ["| of | measure | cases | measured (95 % interval) | must | |", "|---|---|---|---|---|---|"]
    for one in figures:
        found = ", ".join(f"{k} {v:.3f} ({one.low[k]:.2f} to {one.high[k]:.2f})" for k, v in one.measured.items())
        must = ", ".join(f"{k} {'<=' if one.most else '>='} {v:.3g}" for k, v in one.must.items())
        lines.append(
            f"| {one.of} | {one.what} | {one.cases} | {found} | {must} | {'' if not one.must else 'met' if one.met else '**not met**'} |"
        )
    return "\n".join(lines)


def families(data: Path) -> str:
    """Markdown: which sets the models learnt from, and under what licences."""
    lines = ["| side | set | package | licence | pictures |", "|---|---|---|---|---|"]
    for one in json.loads((data / "families.json").read_text()):
        lines.append(f"| {one['side']} | {one['name']} | {one['package']} {one['version']} | {one['licence']} | {one['count']} |")
    return "\n".join(lines)


def into_card(card: str, parts: dict[str, str]) -> str:
    """The card with each part between its marks, ``<!-- figures -->`` and ``<!-- /figures -->``, anew."""
    for name, text in parts.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, _, rest = card.partition(start)
        _, found, after = rest.partition(end)
        card = f"{before}{start}\n{text}\n{end}{after}" if found else card
    return card


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--weights",
        type=Path,
        required=True,
        help="a folder of weights: judge, guide, reader and sprites; the package's own where it has none",
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--card", type=Path, help="the model card, whose figures are written anew")
    parser.add_argument("--only", choices=("guide", "judge", "prior"), nargs="+", default=("guide", "judge", "prior"))
    parser.add_argument("--seed", type=int, default=1, help="of the order in which a reader saw the pictures")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []

    def add(more: Sequence[Figure]) -> None:
        figures.extend(more)
        print(table(more).split("\n", 2)[2] if more else "", flush=True)

    judge_file = args.weights / "judge.safetensors"
    judge = Judge.load(judge_file) if judge_file.exists() else None
    if "guide" in args.only:
        from creativity.models.encoders.embedded import Embedded

        guide_file = args.weights / "guide.safetensors"
        add(of_encoder("guide", Embedded(guide_file if guide_file.exists() else None), args.data, guides_own(args.data)))
    if "judge" in args.only and judge:
        add(of_encoder("judge", judge, args.data, judges_own(args.data)))
        images, captions = real(args.data)
        save_sheet(args.out / "real.png", [opaque(image) for image in images], captions)
        (args.out / "real").mkdir(exist_ok=True)  # for creativity evaluate --real
        for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
            write_atomically(args.out / "real" / f"{caption.replace(' ', '-')}-{number}.png", encode_png(opaque(image), {}, None))
        add([judged(judge, "real pictures of the 32 plain prompts", images, captions, prompts("plain"), {"R@1": 0.9})])
    if "prior" in args.only:
        from creativity.models.priors.embedded import Embedded as Prior

        sample = Prior(args.weights if (args.weights / "sprites.safetensors").exists() else None).pictures
        firsts, texts = sheet(sample, args.out)
        for name in ("plain", "composed") if judge else ():
            rows = [n for n, text in enumerate(texts) if text in prompts(name)]
            shown = torch.stack([firsts[n] for n in rows])
            add([judged(judge, f"the prior's pictures of the {name} prompts", shown, [texts[n] for n in rows], prompts(name), {})])  # type: ignore[arg-type]
        add(by_pixels(sample))
        add(novelty(sample, args.data, args.out))
        add(named(args.out, args.seed))
    print(f"\n{table(figures)}")
    write_atomically(
        args.out / "embedded.json", (json.dumps([asdict(one) | {"met": one.met} for one in figures], indent=1) + "\n").encode()
    )
    if args.card:
        parts = {"figures": table(figures), "families": families(args.data)}
        write_atomically(args.card, into_card(args.card.read_text(), parts).encode())


if __name__ == "__main__":
    main()
