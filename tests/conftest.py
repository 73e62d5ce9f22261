"""What many tests share: a small target that is easy to see, and recipes that run in a moment."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from creativity import images, registry, verbs
from creativity.verbs import Plan

if not torch.cuda.is_available():
    # Read when triton is imported; without a GPU, its kernels are tested by its interpreter.
    os.environ.setdefault("TRITON_INTERPRET", "1")


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A red disc on blue over a green ground: 48 x 40, PNG."""
    rows, columns = np.mgrid[0:40, 0:48]
    pixels = np.zeros((40, 48, 3), np.uint8)
    pixels[:] = (40, 70, 200)
    pixels[28:] = (60, 160, 60)
    pixels[(rows - 16) ** 2 + (columns - 24) ** 2 < 100] = (220, 40, 30)
    path = tmp_path / "disc.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def target(picture: Path) -> np.ndarray[Any, Any]:
    return images.canonical(images.open_picture(picture))


def tiny(picture: Any, **how: Any) -> Plan:
    """A fit that takes a moment."""
    return verbs.plan_fit(picture, **{"count": 8, "seed": 7, "steps": 12, "target_size": 32, "threads": 1, "size": 64, **how})


def child(work: Callable[..., object], *arguments: object) -> BaseProcess:
    """A process of its own that does this here, forked from one that has imported already what takes seconds (`tests.warm`)."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.warm"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[1]), *sys.path]))
        process = context.Process(target=_there, args=(os.getcwd(), work, *arguments))
        process.start()
    return process


def _there(folder: str, work: Callable[..., object], *arguments: object) -> None:
    os.chdir(folder)
    work(*arguments)


@pytest.fixture
def forget() -> Iterator[Callable[[], None]]:
    """A function that forgets the plug-ins of the test, as a new process would; called at its end too."""

    def forget_plugins() -> None:
        for table in (registry.renderers, registry.objectives, registry.optimizers):
            for name in set(table._loaded) - set(table.places):
                del table._loaded[name]
        registry._plugins.clear()

    yield forget_plugins
    forget_plugins()


@pytest.fixture(autouse=True)
def _threads_as_before() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
