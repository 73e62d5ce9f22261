from __future__ import annotations

import pytest
import torch

from creativity.renderers.genome import BIJECTIONS, Block, ParamSpec

SPEC = ParamSpec((Block("place", (2, 2)), Block("colour", (2, 3), "bounded"), Block("width", (2,), "bounded", low=0.5, high=3.0)))


def test_decode_and_encode_are_inverse() -> None:
    values = {
        "place": torch.randn(4, 2, 2),
        "colour": torch.rand(4, 2, 3).round(decimals=2),  # the ends of the range too
        "width": torch.linspace(0.5, 3.0, 8).reshape(4, 2),
    }
    values["colour"][0] = 0.0
    values["colour"][1] = 1.0
    decoded = SPEC.decode(SPEC.encode(values))
    for name, value in values.items():
        torch.testing.assert_close(decoded[name], value, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", BIJECTIONS)
def test_any_real_number_is_valid_and_gradients_live_at_the_ends(name: str) -> None:
    """From an end of the range, and from beyond it, descent gets back inside; it is never pushed further out."""
    forward = BIJECTIONS[name].forward
    assert torch.isfinite(forward(torch.tensor([-1e30, 1e30, 0.5]))).all()
    if name == "identity":
        return
    for start in (0.0, 1.0, -0.3, 1.3):
        x = torch.tensor(start, requires_grad=True)
        (forward(x) - 0.5).square().backward()
        assert x.grad is not None
        assert x.grad * (start - 0.5) > 0.1, f"no way back from {start}"
    x = torch.tensor([-0.1, 1.1], requires_grad=True)
    (forward(x) * torch.tensor([1.0, -1.0])).sum().backward()
    assert x.grad is not None
    assert (x.grad == 0).all()


def test_slices_cover_the_genome_in_order() -> None:
    covered = [i for part in SPEC.slices.values() for i in range(part.start, part.stop)]
    assert covered == list(range(SPEC.size))
    assert SPEC.scale.shape == SPEC.centre.shape == SPEC.rates({"colour": 2.0}).shape == (SPEC.size,)
    assert (SPEC.rates({"colour": 2.0})[SPEC.slices["colour"]] == 2.0).all()
