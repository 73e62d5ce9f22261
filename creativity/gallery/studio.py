"""Pictures are drawn in a process of their own: the server stays small and quick, and survives what a stranger's file does.

One at a time, for the kernels' threads want no company. A drawing that takes too long, or that kills its process, is one
error, and the next drawing gets a new process.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import anyio.to_thread

from creativity.errors import CreativityError

PATIENCE = 120.0
"""Seconds for one drawing, the first with its imports and compilation."""


class Studio:
    """Does ``work(*arguments)`` for the server; ``work`` is a function of a module, and what it takes and gives can be sent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limiter: anyio.CapacityLimiter | None = None
        self._process: BaseProcess | None = None
        self._line: Connection | None = None

    async def do(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """The result. Raises CreativityError with the reason where there is none."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(1)  # who waits takes no thread away from others
        return await anyio.to_thread.run_sync(self.do_now, work, *arguments, limiter=self._limiter)

    def do_now(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """The same, waiting here."""
        with self._lock:
            line = self._open()
            try:
                line.send((work, arguments))
                if not line.poll(PATIENCE):
                    raise TimeoutError
                done, said = line.recv()
            except TimeoutError:
                self.close()
                raise CreativityError(f"this drawing took more than {PATIENCE:.0f} s and was given up") from None
            except (EOFError, OSError):
                self.close()
                raise CreativityError("this drawing ended its process; it may need more memory than there is") from None
        if not done:
            raise CreativityError(said)
        return said

    def _open(self) -> Connection:
        if self._line is None or self._process is None or not self._process.is_alive():
            self.close()
            context = multiprocessing.get_context("spawn")
            self._line, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,), daemon=True, name="creativity-studio")
            self._process.start()
            theirs.close()
        return self._line

    def close(self) -> None:
        """End the process, if there is one."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._line = self._process = None


def _serve(line: Connection) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then ends this too
    with contextlib.suppress(EOFError, OSError):
        while True:
            work, arguments = line.recv()
            try:
                line.send((True, work(*arguments)))
            except CreativityError as error:
                line.send((False, str(error)))
            except (EOFError, OSError):
                raise
            except Exception as error:
                line.send((False, f"it cannot be drawn: {error!r}"))
