"""``python -m benchmarks.batch``: how many fits a minute, by one warm worker with one thread and by one for each core.

The workers are warmed up by fits that are not counted, and then take turns, so that a machine that is busy with something else
is as busy for both. Beside the clock stand the workers' own CPU seconds for a fit, which others do not change: that they are
alike says that workers do not stand in one another's way, and then the clock can gain what there are cores.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from creativity.batches.executors import Processes, cores
from creativity.entry import Entry

TARGET = Path(__file__).parent / "data" / "astronaut.png"
FITS, ROUNDS, STEPS = 40, 3, 150


class Measured:
    """Workers that stay, and what a round of fits costs them."""

    def __init__(self, count: int, folder: Path):
        self.workers = Processes(count, 1, folder, folder / "log.txt")
        self.folder, self.count, self.begun = folder, count, 0
        self.walls: list[float] = []
        self.burnt: list[float] = []

    def fits(self, number: int) -> None:
        began, before = time.perf_counter(), self._cpu()
        ahead, at_work = number, 0
        while ahead or at_work:
            while ahead and self.workers.free() > 0:
                self.begun += 1
                entry = Entry(
                    "", str(TARGET), {"count": 50, "steps": STEPS, "optimizer": "adam", "seed": self.begun, "size": 512, "target_size": 200}
                )
                folder = str(self.folder / f"{self.count}-{self.begun}")
                task = {"key": self.begun, "what": "run", "folder": folder, "entry": vars(entry), "plugins": [], "threads": 1, "others": []}
                self.workers.start(task)
                ahead, at_work = ahead - 1, at_work + 1
            for _, facts in self.workers.listen(0.1):
                if "kind" in facts:
                    assert facts["kind"] == "done", facts
                    at_work -= 1
        self.walls.append((time.perf_counter() - began) / number)
        self.burnt.append((self._cpu() - before) / number)

    def _cpu(self) -> float:
        """CPU seconds of all workers so far (Linux)."""
        total = 0
        for worker in self.workers.workers:
            fields = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        measured = [Measured(count, Path(folder)) for count in (1, cores())]
        for workers in measured:
            workers.fits(2 * workers.count)
            workers.walls.clear()
            workers.burnt.clear()
        for _ in range(ROUNDS):
            for workers in measured:
                workers.fits(FITS)
        print(f"{FITS} fits of 50 triangles, {STEPS} steps of Adam at 200 pixels; the best of {ROUNDS} rounds, in turns")
        one = min(measured[0].walls)
        for workers in measured:
            wall, burnt = min(workers.walls), min(workers.burnt)
            print(f"{workers.count} worker(s): {60 / wall:7.1f} fits a minute, x {one / wall:4.2f}; {burnt:.3f} CPU s each")
            workers.workers.close()


if __name__ == "__main__":
    main()
