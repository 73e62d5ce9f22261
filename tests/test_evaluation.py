"""What an evaluation counts, against pictures whose scores are known; that it goes on where it was stopped; blind answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from creativity import blind, cli
from creativity.errors import CreativityError
from creativity.evaluation import LOOKS, Cell, Evaluation, read_prompts

TEXTS = ["a red circle", "a blue square", "a starry night"]
HOW = {"count": 12, "steps": 14, "target_size": 48, "samples": 2}


def evaluation(**how: object) -> Evaluation:
    Path("few.txt").write_text("# three\n## shapes\na red circle\na blue square *\n## scenes\na starry night\n")
    given = {"arms": ("painted", "shuffled", "best-of-seeds", "random", "prior"), "seeds": (1, 2), "how": HOW, **how}
    return Evaluation(read_prompts("few.txt"), Path("out"), **given)  # type: ignore[arg-type]


def test_lists_are_read_with_their_groups() -> None:
    assert evaluation().prompts.texts == tuple(TEXTS)
    assert evaluation().prompts.groups == {"shapes": [0, 1], "scenes": [2]}
    assert [len(read_prompts(name).texts) for name in ("plain", "composed", "many", "ordinary")] == [32, 32, 128, 20]
    assert [len(group) for group in read_prompts("plain").groups.values()] == [10, 12, 10]
    for content, said in (("a bird\n", "at least two"), ("a bird\na bird\n", "twice"), ("a bird\n...\n", "no word in it")):
        Path("bad.txt").write_text(content)
        with pytest.raises(CreativityError, match=said):
            read_prompts("bad.txt")


def test_from_the_paintings_to_the_report_and_on_after_a_stop() -> None:
    work = evaluation()
    work.check()
    work.run(workers=2)
    report = work.report()
    rows = report["arms"]
    assert set(rows) == {"painted", "shuffled", "best-of-seeds", "random", "prior"}
    assert [rows[arm]["pictures"] for arm in rows] == [6, 6, 3, 6, 6]
    assert rows["prior"]["judge"]["R@1"][0] == 1.0, "three prompts that nobody mixes up"
    assert rows["painted"]["judge"]["R@1"][0] >= 2 / 3
    assert rows["shuffled"]["judge"]["R@1"][0] == 1 - rows["painted"]["judge"]["R@1"][0] == 0 or rows["shuffled"]["judge"]["R@1"][0] < 0.5
    assert len(rows["painted"]["curve"]) == LOOKS
    # 14 steps, one candidate each, through four windows.
    assert rows["painted"]["encoded"] == 14 * 4
    assert rows["painted"]["judge"]["diversity"] > 0
    assert set(rows["painted"]["judge"]["groups"]) == {"shapes", "scenes"}
    assert "| painted |" in Path("out/report.md").read_text()

    gone = work.place(Cell("painted", 1, 2))
    bytes_before = gone.read_bytes()
    kept = work.place(Cell("painted", 0, 1))
    age = kept.stat().st_mtime_ns
    gone.with_suffix(".json").unlink()
    gone.unlink()
    work.run()
    assert gone.read_bytes() == bytes_before, "the same painting, made again"
    assert kept.stat().st_mtime_ns == age
    with pytest.raises(CreativityError, match="holds an evaluation of other prompts"):
        evaluation(how={**HOW, "count": 3}).check()

    # A reader who knows: the sheet's order is that of the first seed.
    order = blind.order(3, 1)
    said = "\n".join(f"{number + 1}: {TEXTS[n]}" for number, n in enumerate(order[:2]))
    Path("answers.txt").write_text(said)
    found = work.named(Path("answers.txt"))
    assert found["named"] == 2
    assert found["not"] == [TEXTS[order[2]]]
    assert Path("out/blind/few.txt").read_text().split("\n")[:-1] == sorted(TEXTS)


def test_real_pictures_say_what_the_judge_is_worth() -> None:
    Path("real").mkdir()
    rows, columns = np.mgrid[0:64, 0:64] - 31.5
    for name, shape, colour in (
        ("a-red-circle", rows**2 + columns**2 < 400, (220, 20, 20)),
        ("a-blue-square", np.maximum(abs(rows), abs(columns)) < 20, (20, 40, 220)),
    ):
        pixels = np.where(shape[..., None], np.array(colour), 255).astype(np.uint8)
        Image.fromarray(pixels).save(f"real/{name}-1.png")
    work = evaluation(arms=("real",), real=Path("real"))
    work.check()
    work.run()
    row = work.report()["arms"]["real"]
    assert row["pictures"] == 2
    assert row["judge"]["R@1"][0] == 1.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "no list of prompts is called 'nothing'"),
        (["plain", "--arms", "panted"], "painted"),
        (["plain", "--arms", "shuffled"], "made of painted"),
        (["plain", "--arms", "real"], "--real DIR"),
        (["plain", "--judge", "embedded"], "cannot judge it"),
        (["plain", "--workers", "0"], "at least 1"),
        (["plain", "--answers", "none.txt"], "none.txt"),
        (["plain", "--renderer", "trangles"], "triangles"),
    ],
)
def test_what_cannot_be_evaluated_is_said_in_a_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", *words, "--out", "out"]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert said in error[0]
    assert not Path("out").exists()


def test_an_answer_that_is_no_prompt_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("few.txt").write_text("\n".join(TEXTS))
    Path("answers.txt").write_text("1: a red circel\n")
    assert cli.main(["evaluate", "few.txt", "--answers", "answers.txt"]) == 2
    assert "a red circle" in capsys.readouterr().err
    Path("answers.txt").write_text("1: a red circle\n")
    Path("evaluation").mkdir()
    assert cli.main(["evaluate", "few.txt", "--answers", "answers.txt", "--json", "--seeds", "5"]) == 0
    assert json.loads(capsys.readouterr().out)["named"] == int(blind.order(3, 5)[0] == 0)
