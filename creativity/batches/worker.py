"""A worker: a process that stays warm and does one task after another, ``python -m creativity.batches.worker THREADS``.

Tasks come as lines of JSON on standard input, and what is told goes out as such on standard output. It ends when its input
does, so that none is left when the one who started it is gone.
"""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import sys
import threading
import warnings
from typing import Any


def main() -> None:
    warnings.simplefilter("ignore")  # what libraries warn of, users cannot mend
    faulthandler.enable()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a plug-in or a library prints is no answer
    tasks: queue.Queue[Any] = queue.Queue()
    lock = threading.Lock()
    held: list[Any] = [None]
    stopping = threading.Event()

    def tell(facts: dict[str, Any]) -> None:
        with lock:
            answers.write(json.dumps(facts) + "\n")
            answers.flush()

    def listen() -> None:
        for line in sys.stdin:
            order = json.loads(line)
            if order != "stop":
                tasks.put(order)
                continue
            stopping.set()
            if held[0] is not None:
                held[0].stop()
        os._exit(0)  # a run can be left at any moment

    threading.Thread(target=listen, daemon=True).start()

    import torch

    from creativity.batches.work import read_task, work
    from creativity.renderers import raster

    torch.set_num_threads(int(sys.argv[1]))
    raster.prepare()

    def hold(run: Any) -> None:
        held[0] = run
        if run is not None and stopping.is_set():
            run.stop()

    tell({"kind": "ready"})
    while True:
        task = read_task(tasks.get())
        tell(work(task, tell, hold))


if __name__ == "__main__":
    main()
