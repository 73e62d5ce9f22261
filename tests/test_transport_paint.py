"""Several prompts in one picture: shares, places, modes, and what a run of it shows; on the embedded encoder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from creativity import cli, images
from creativity.artwork import open_artwork
from creativity.errors import CreativityError
from creativity.imagination import shared_out
from creativity.objectives.base import Context
from creativity.objectives.patches import Transport, TransportOptions
from creativity.overlay import plan_of
from creativity.painting import plan_paint
from creativity.problem import Candidates
from tests.test_clip import Shown, losses


def transport(*prompts: str, **options: Any) -> Transport:
    objective = Transport(TransportOptions(prompts=prompts, **options))
    objective.prepare(Context((96, 96)))
    return objective


def halves(left: tuple[float, float, float], right: tuple[float, float, float], part: float = 0.5) -> Tensor:
    """Two colours side by side, (1, 3, 96, 96)."""
    at = round(96 * part)
    picture = torch.tensor(left)[:, None, None].expand(3, 96, 96).clone()
    picture[:, :, at:] = torch.tensor(right)[:, None, None]
    return picture[None]


RED, BLUE = (0.85, 0.1, 0.1), (0.1, 0.25, 0.85)


def planned(objective: Transport, picture: Tensor) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The middles of the windows, (N,) across, and the plan (N, P)."""
    windows, plan = objective.plan(Candidates(Shown((96, 96)), picture.flatten(1), (96, 96)))  # type: ignore[arg-type]
    return (windows.frames[:, 1] + windows.frames[:, 3] / 2).numpy(), plan.numpy()


def test_each_half_serves_its_own_prompt_and_weights_are_areas() -> None:
    across, plan = planned(transport("plain red", "plain blue", epsilon=0.05), halves(RED, BLUE))
    assert plan.sum() == pytest.approx(1.0, abs=1e-5)
    assert plan.sum(0) == pytest.approx([0.5, 0.5], abs=1e-4)
    assert plan[across < 0.4].argmax(1).tolist() == [0] * int((across < 0.4).sum())
    assert plan[across > 0.6].argmax(1).tolist() == [1] * int((across > 0.6).sum())
    _, plan = planned(transport("plain red:3", "plain blue"), halves(RED, BLUE))
    assert plan.sum(0) == pytest.approx([0.75, 0.25], abs=1e-4)


def test_a_picture_that_shares_its_area_as_asked_costs_less() -> None:
    objective = transport("plain red:3", "plain blue")
    costs = [float(losses(objective, halves(RED, BLUE, part))) for part in (0.25, 0.5, 0.75)]
    assert costs[2] < costs[1] < costs[0]
    mean = transport("plain red", "plain blue", mode="mean")
    both, one = (float(losses(mean, picture)) for picture in (halves(RED, BLUE), halves(RED, RED)))
    whole = transport("plain red", "plain blue")
    gain = float(losses(whole, halves(RED, RED))) - float(losses(whole, halves(RED, BLUE)))
    assert gain > 0.1, "that both are seen is worth something"
    assert gain > one - both, "and more than to the mean"


def test_a_place_draws_a_prompt_to_it() -> None:
    grey = halves((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    across, plan = planned(transport("plain red @ right", "plain blue"), grey)
    share = plan[:, 0] / plan.sum(1)
    assert share[across > 0.7].mean() > 0.7 > 0.3 > share[across < 0.3].mean()


def test_the_modes_are_those_of_the_plan() -> None:
    picture = halves(RED, BLUE)
    found = {
        mode: float(losses(transport("plain red", "plain blue", mode=mode), picture))
        for mode in ("mean", "nearest", "softmin", "transport")
    }
    assert found["nearest"] <= found["transport"] + 1e-6 < found["mean"]
    soft = float(losses(transport("plain red", "plain blue", epsilon=1000.0), picture))
    assert soft == pytest.approx(found["mean"], rel=1e-3)


def test_a_background_need_not_serve_and_a_hopeless_prompt_may_be_given_up() -> None:
    picture = halves(RED, (1.0, 1.0, 1.0), 0.5)
    _, plan = planned(transport("plain red", "plain blue", relax_patches=0.3), picture)
    assert plan.sum(0) == pytest.approx([0.5, 0.5], abs=1e-3), "no prompt is dropped"
    assert plan.sum(1).std() > 0.003, "some patches serve more than others"
    _, plan = planned(transport("plain red", "a starry night", relax_prompts=0.3), halves(RED, RED))
    assert plan.sum(0)[0] > 0.7
    with pytest.raises(CreativityError, match="not both"):
        TransportOptions(prompts=("a",), relax_patches=1.0, relax_prompts=1.0)


@pytest.mark.parametrize("mode", ["mean", "nearest", "transport"])
def test_gradients_agree_with_differences(mode: str) -> None:
    """Through patches and encoder, with the plan held, as the envelope theorem has it."""
    objective = transport("plain red", "plain blue", mode=mode)
    encoder = objective.encoder
    encoder.image.double()  # type: ignore[attr-defined]
    encoder.dtype = torch.float64
    try:
        objective._texts, objective._bank = objective._texts.double(), objective._bank.double()
        picture = halves((0.7, 0.2, 0.2), (0.2, 0.3, 0.7)).double()
        leaf = picture.clone().requires_grad_()
        losses(objective, leaf, step=1).sum().backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        windows = objective.windows(1)
        way = torch.from_numpy(np.random.default_rng(0).standard_normal(picture.shape))
        with torch.no_grad():
            plan = objective.matched(objective.vectors(picture, windows), windows, 1.0)[0].plans
            costs = [objective.distances(objective.vectors(picture + sign * 1e-5 * way, windows))[0] for sign in (1, -1)]
        assert float((leaf.grad * way).sum()) == pytest.approx(float((plan * (costs[0] - costs[1])).sum()) / 2e-5, rel=1e-3)
    finally:
        encoder.image.float()  # type: ignore[attr-defined]
        encoder.dtype = torch.float32


def test_boxes_share_the_picture_by_weights() -> None:
    for weights in ([1], [3, 1], [1, 1, 1], [5, 1, 1, 1, 2], [1] * 7):
        boxes = shared_out([float(weight) for weight in weights])
        areas = [high * wide for _, _, high, wide in boxes]
        assert areas == pytest.approx([weight / sum(weights) for weight in weights])
        covered = np.zeros((200, 200), int)
        for top, left, high, wide in boxes:
            covered[round(top * 200) : round((top + high) * 200), round(left * 200) : round((left + wide) * 200)] += 1
        assert (covered == 1).mean() > 0.97


def test_what_is_imagined_shares_the_picture_and_minds_places() -> None:
    plan = plan_paint(["a red circle @ bottom", "a starry night:2"], seed=1, samples=2, target_size=64, count=8, steps=2)
    assert "share the picture by optimal transport" in " ".join(plan.notes)
    assert plan.target is not None
    dark = (plan.target[..., :3].astype(int).sum(2) < 200).mean(1)
    assert dark[:30].mean() > 0.6 > 0.3 > dark[-12:].mean(), "two thirds are night, and the circle is at the bottom"
    assert "transport" in plan.recipe.objective.options["terms"]
    mean = plan_paint(["a red circle", "a starry night"], seed=1, samples=2, objective="clip:1", count=8)
    assert "transport" not in mean.recipe.objective.options["terms"]


def test_from_the_command_line_to_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    small = [
        "--count",
        "12",
        "--steps",
        "20",
        "--target-size",
        "64",
        "--threads",
        "1",
        "--samples",
        "2",
        "--seed",
        "1",
        "--set",
        "objective.transport.cutouts=9",
    ]
    assert cli.main(["paint", "a red circle:1", "a starry night:3", *small, "-o", "out.svg", "--run-dir", "run"]) == 0
    lines = [json.loads(line) for line in Path("run/history.jsonl").read_text().splitlines()]
    remarks = lines[-1]["remarks"]
    assert 0 <= remarks["softness"] <= 1
    assert remarks["share of a red circle"] + remarks["share of a starry night"] == pytest.approx(1)
    kept = Path("run/plan.png").read_bytes()
    capsys.readouterr()
    assert cli.main(["show", "run", "--plan", "--json"]) == 0
    assert Path("run/plan.png").read_bytes() == kept, "what a finished run shows is what is shown when it is asked for"
    found = json.loads(capsys.readouterr().out)["plan"]
    assert [served["asked"] for served in found] == [0.25, 0.75]
    assert images.open_picture("run/plan.png").shape[1] == 768
    assert cli.main(["show", "out.svg", "--plan", "-o", "p.png"]) == 0
    assert images.open_picture("p.png").shape == images.open_picture("run/plan.png").shape
    _, table = plan_of(open_artwork("out.svg"))
    assert sum(served.got for served in table) == pytest.approx(1)
    capsys.readouterr()
    assert cli.main(["paint", "a circle", *small[:-2], "-o", "one.svg", "--quiet"]) == 0
    assert cli.main(["show", "one.svg", "--plan"]) == 2
    assert "there is no plan" in capsys.readouterr().err
