"""From Python: a run as its events, listeners that fail, what a notebook shows, types that help an editor."""

from __future__ import annotations

import base64
import inspect
import subprocess
import sys
import textwrap
import threading
from io import BytesIO
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import torch
from PIL import Image

import creativity
from creativity import arguments, registry, verbs
from creativity.errors import CreativityError
from creativity.files import RunFolder
from creativity.run import Event, open_run
from tests.conftest import tiny


def test_a_run_is_a_stream_of_its_events(picture: Path) -> None:
    run = creativity.plan_fit(picture, count=4, steps=12, target_size=32, seed=7, threads=1).run()
    heard: list[Event] = []
    run.listeners.append(heard.append)
    streamed = list(run.stream())
    assert streamed == heard
    assert [event.kind for event in streamed] == ["start", *["step"] * 12, "done"]
    assert str(streamed[5]).startswith("step 5/12, loss 0.")
    whole = creativity.fit(picture, count=4, steps=12, target_size=32, seed=7, threads=1)
    assert run.artwork.to_json() == whole.to_json()


@pytest.mark.parametrize("folder", [None, "r"])
def test_a_loop_that_is_left_early_can_be_taken_up_again(picture: Path, folder: str | None) -> None:
    whole = tiny(picture).run().run()
    run = tiny(picture).run(folder)
    for event in run.stream():
        if event.step == 5:
            break
    assert run.count == 5
    assert run.artwork.results["steps"] == 5
    if folder:
        assert creativity.open_artwork("r/preview.png").to_json() == run.artwork.to_json()
        with RunFolder(folder).locked():  # which is free again
            pass
        assert open_run(folder).run().to_json() == whole.to_json()
    else:
        for event in run.stream():
            assert event.step > 5
        assert run.artwork.to_json() == whole.to_json()


def test_the_threads_of_a_loop_over_streams_are_its_own(picture: Path) -> None:
    torch.set_num_threads(2)
    runs, whole = [tiny(picture, seed=seed).run() for seed in (1, 2)], [tiny(picture, seed=seed).run().run() for seed in (1, 2)]
    for _ in zip(*(run.stream() for run in runs), strict=True):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 2
    assert [run.artwork.to_json() for run in runs] == [artwork.to_json() for artwork in whole]


def test_an_error_in_the_loop_or_in_a_listener_costs_nothing(picture: Path) -> None:
    whole = tiny(picture).run().run()

    def fail(event: Event) -> None:
        if event.step == 7 and event.kind == "step":
            raise LookupError("mine")

    def loop(run: creativity.Run) -> None:
        for event in run.stream():
            fail(event)

    heard: list[Event] = []
    how: Any = {"count": 8, "seed": 7, "steps": 12, "target_size": 32, "threads": 1, "size": 64}
    searches: dict[str, Any] = {
        "listener": lambda: creativity.fit(picture, run_dir="listener", progress=[heard.append, fail], **how),
        "loop": lambda: loop(tiny(picture).run("loop")),
    }
    for name, search in searches.items():
        with pytest.raises(LookupError, match="mine"):
            search()
        assert open_run(name).checkpoint().results["steps"] == 7, "the last step was lost"
        assert creativity.resume(name, progress=heard.append).to_json() == whole.to_json()
    assert heard[-1].kind == "done"


def test_an_event_has_the_picture_of_its_moment(picture: Path) -> None:
    events = list(tiny(picture, steps=30).run().stream())
    first, last = events[0].artwork, events[-1].artwork
    assert first.results["steps"] == 0
    assert first.results["loss"] == events[0].best
    assert last.results["loss"] == events[-1].best < events[0].best
    assert (first.rgba(32) != last.rgba(32)).any()


def test_a_run_that_has_not_begun_has_no_artwork(picture: Path) -> None:
    with pytest.raises(CreativityError, match="not begun"):
        _ = tiny(picture).run().artwork


# Notebooks: by IPython's own formatter, where it is installed, and by what it asks for.


def test_an_artwork_says_what_it_is(picture: Path) -> None:
    artwork = tiny(picture).run().run()
    assert repr(artwork) == f"Artwork(triangles, 8 marks, 64x53, loss {artwork.results['loss']:.5f}, seed 7)"
    shown = artwork._repr_html_()
    assert repr(artwork) in shown
    data = shown.split('src="data:image/png;base64,')[1].split('"')[0]
    assert Image.open(BytesIO(base64.b64decode(data))).size == (64, 53)
    formatter = pytest.importorskip("IPython.core.formatters")
    bundle, _ = formatter.DisplayFormatter().format(artwork)
    assert bundle["text/html"] == shown
    assert bundle["text/plain"] == repr(artwork)
    assert Image.open(BytesIO(bundle["image/png"])).size == (512, 427)
    film = creativity.film(artwork, size=32)
    assert "data:image/webp;base64," in formatter.DisplayFormatter().format(film)[0]["text/html"]


def test_a_notebook_sees_the_search(picture: Path) -> None:
    """In a process with a shell as a kernel's: what is displayed is caught where IPython publishes it."""
    pytest.importorskip("IPython")
    script = """
        import sys
        import creativity
        from creativity import notebook
        assert creativity.fit and notebook.watchers() == []
        assert "IPython" not in sys.modules, "it is imported by those alone who have it"
        from IPython.core.interactiveshell import InteractiveShell
        from IPython.core.displaypub import DisplayPublisher
        shown = []
        class Publisher(DisplayPublisher):
            def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **rest):
                shown.append((update, transient["display_id"], data.get("text/html", "")))
        shell = InteractiveShell.instance(display_pub_class=Publisher)
        how = {"count": 4, "steps": 12, "target_size": 32, "size": 64, "seed": 7}
        creativity.fit(sys.argv[1], **how)
        assert not shown, "a terminal is no notebook"
        shell.kernel = object()
        creativity.fit(sys.argv[1], **how)
        assert [update for update, _, _ in shown] == [False, *[True] * (len(shown) - 1)]
        assert len({place for _, place, _ in shown}) == 1
        assert "<img" in shown[1][2] and '<progress value="0" max="12">' in shown[1][2]
        assert "<img" not in shown[-1][2] and '<progress value="12" max="12">' in shown[-1][2]
        count = len(shown)
        creativity.fit(sys.argv[1], **how, progress=())
        assert len(shown) == count
        print("seen")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(picture)], capture_output=True, text=True, check=False)
    assert done.stdout == "seen\n", done.stderr


# Types.


def test_arguments_are_those_of_fit() -> None:
    asked = inspect.signature(verbs.plan_fit).parameters
    assert set(arguments.FitArguments.__annotations__) == set(asked) - {"target"}
    assert set(inspect.signature(creativity.fit).parameters) == {*asked, "run_dir", "progress"}
    painted = inspect.signature(creativity.plan_paint).parameters
    assert set(arguments.PaintArguments.__annotations__) == set(painted) - {"prompts"}
    assert set(inspect.signature(creativity.paint).parameters) == {*painted, "run_dir", "progress"}
    names = {"renderers": arguments.RendererName, "objectives": arguments.ObjectiveName, "optimizers": arguments.OptimizerName}
    for kind, hint in names.items():
        known = {name for part in hint.__args__ for name in getattr(part, "__args__", ())}  # type: ignore[attr-defined]
        assert set(getattr(registry, kind).aliases) <= known <= set(getattr(registry, kind).names())
    assert get_type_hints(creativity.resume)["return"] is creativity.Artwork


def test_a_type_checker_knows_the_arguments() -> None:
    Path("mypy.ini").write_text("[mypy]\nstrict = True\n[mypy-torch.*,numpy.*,PIL.*]\nfollow_imports = skip\n")
    Path("good.py").write_text(
        textwrap.dedent("""
            import creativity
            artwork = creativity.fit("a.jpg", renderer="circles", count=3, options={"renderer.background": "none"})
            artwork.save("a.svg")
            run = creativity.plan_fit("a.jpg", optimizer="mine").run()
            for event in run.stream():
                best: float = event.best
            reveal_type(artwork)
        """)
    )
    Path("bad.py").write_text(
        textwrap.dedent("""
            import creativity
            creativity.fit("a.jpg", cuont=3)
            creativity.fit("a.jpg", count="three")
            creativity.fit("a.jpg").svae("a.svg")
        """)
    )
    command = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "good.py", "bad.py"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    ours = [line for line in said.splitlines() if line.startswith(("good.py", "bad.py"))]
    assert 'Revealed type is "creativity.artwork.Artwork"' in ours[0] + ours[-1]
    assert sum(line.startswith("good.py") for line in ours) == 1, said
    wrong = [line for line in ours if "error" in line]
    assert len(wrong) == 3, said
    assert any("bad.py:3" in line and "cuont" in line for line in wrong)
    assert any("bad.py:4" in line for line in wrong)
    assert any("bad.py:5" in line and "svae" in line for line in wrong)


def test_a_stream_can_be_left_from_another_thread(picture: Path) -> None:
    run = tiny(picture, steps=200).run("r")
    worker = threading.Thread(target=lambda: next(iter(run.stream())))
    worker.start()
    worker.join()
    assert open_run("r").run().results["steps"] == 200
