"""How well an encoder and a prior know the words of a prompt, in words."""

from __future__ import annotations

from creativity.errors import one_line
from creativity.models.encoders.base import Encoder
from creativity.models.encoders.embedded import Embedded
from creativity.models.encoders.wordpieces import words
from creativity.models.priors.base import Prior


def acquaintance(prompt: str, encoder: Encoder, prior: Prior | None = None) -> list[str]:
    """What a user should know before a prompt is searched for, a line each: which encoder judges, and every word that is strange to it.

    A strange word is named with the nearest one that was learnt and the cosine of the two, 1 meaning the same: the distance of the
    prompt to what training showed.
    """
    lines = []
    if isinstance(encoder, Embedded):
        said = [word for word in dict.fromkeys(words(prompt)) if word.isalnum()]
        strange = encoder.unknown(prompt)
        lines.append(
            f"the embedded encoder, which learnt from drawings alone, knows {len(said) - len(strange)} of the {len(said)} words of "
            f"{one_line(prompt)!r}; with CLIP it would know more: creativity models get ViT-B-32/openai"
        )
        for word in strange:
            nearest, cosine = encoder.nearest(word)
            lines.append(f"{word!r} is strange to it; the nearest word that it knows is {nearest!r} ({cosine:.2f} of 1)")
    if prior is not None and (undrawn := prior.unknown(prompt)):
        lines.append(f"the {prior.name} prior cannot draw: {', '.join(undrawn)}")
    return lines
