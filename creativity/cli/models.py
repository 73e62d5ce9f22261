"""``creativity models get NAME``: fetch a model once, verify it, and say its licence and size; ``try PROMPT``: what a prior imagines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import tyro

from creativity.cli.parse import Flag, Outputs, parse


@dataclass(frozen=True)
class Models:
    """Fetch a model's weights once, verify them, and say where they lie, how large they are and under which licence.

    creativity models get ViT-B-32/openai

    creativity models get hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K

    creativity models try "a red bird" -o samples.png

    creativity list models: what is here, and what can be had
    """

    what: Annotated[Literal["get", "try"], tyro.conf.Positional]
    """get: fetch and verify. try: what a prior imagines for a prompt, as an encoder ranks it, and the words that they do not know."""
    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME|PROMPT", help_behavior_hint="")]
    """An encoder: MODEL/PRETRAINED of open_clip, hf-hub:ORG/REPO or local-dir:PATH, several with + between; or the prior diffusers:REPO."""
    output: Outputs = ()
    """Of try: the contact sheet, as PNG; by default samples.png."""
    prior: str = "embedded"
    """Of try: embedded, or diffusers:REPO-OR-FOLDER."""
    encoder: str = "embedded"
    """Of try: embedded, or any that get knows."""
    seed: int = 0
    """Of try: another seed, other pictures."""
    offline: Flag = False
    """Ask no network: verify what is on this machine."""
    json: Flag = False
    """As JSON."""


def main(words: Sequence[str]) -> int:
    asked = parse(Models, words, "models")

    import json

    if asked.what == "try":
        return _try(asked)
    facts = [_get(name, asked.offline) for name in asked.name.split("+")]
    if asked.json:
        print(json.dumps(facts))
        return 0
    for fact in facts:
        print(fact.pop("name"))
        for key, value in fact.items():
            print(f"  {key:<8} {value}")
    return 0


def _try(asked: Models) -> int:
    import json
    from pathlib import Path

    from creativity.images import open_picture
    from creativity.models.acquaintance import acquaintance
    from creativity.models.encoders import open_encoder
    from creativity.models.priors import open_prior
    from creativity.sheet import save_sheet
    from creativity.streams import Streams

    encoder, prior = open_encoder(asked.encoder, offline=asked.offline), open_prior(asked.prior, asked.offline)
    pictures = prior.pictures(asked.name, SAMPLES, Streams(asked.seed)("prior"))
    likeness = (encoder.images(pictures) @ encoder.texts([asked.name]).T)[:, 0]
    order = likeness.argsort(descending=True).tolist()
    for line in acquaintance(asked.name, encoder, prior):
        print(line, file=sys.stderr)
    captions = [f"{likeness[k]:.2f}" for k in order]
    shown = [open_picture(pictures[k].permute(1, 2, 0).numpy()) for k in order]
    saved = [save_sheet(Path(path), shown, captions) for path in asked.output or ("samples.png",)]
    if asked.json:
        facts = {"prompt": asked.name, "files": [*map(str, saved)], "likeness": likeness.tolist(), "unknown": encoder.unknown(asked.name)}
        print(json.dumps(facts | {"undrawn": prior.unknown(asked.name)}))
    else:
        print(*saved, sep="\n")
    return 0


def _get(name: str, offline: bool) -> dict[str, Any]:
    if name.startswith("diffusers:"):
        from creativity.models.priors.diffusion import Diffusion

        return {"name": name, "sha256": Diffusion(name.removeprefix("diffusers:"), offline).digest, "licence": PAGE}
    from creativity.models import catalog
    from creativity.models.encoders import open_encoder, openclip

    if name == "embedded":
        return {"name": name, "sha256": open_encoder(name).digest, "licence": "Apache-2.0; it ships with creativity"}
    source = openclip.find(name)
    known = catalog.KNOWN.get(name)
    if known and not offline and source.repository not in catalog.cached():
        print(f"fetching {name}: {known.megabytes} MB, {known.licence}", file=sys.stderr)
    path = openclip.get(source, offline)
    encoder = openclip.OpenClip(name, offline=True)
    return {
        "name": name,
        "licence": f"{known.licence}; {PAGE}" if known else PAGE,
        "size": f"{path.stat().st_size / 1e6:.0f} MB",
        "sha256": encoder.digest,
        "sees": f"{encoder.input_size} x {encoder.input_size} pixels",
        "file": str(path),
    }


SAMPLES = 12
PAGE = "see its page on the hub"
