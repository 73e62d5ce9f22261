"""``python -m benchmarks.batch``: how many fits a minute, by one warm worker with one thread and by one for each core.

The workers are warmed up by fits that are not counted, and then take turns. Beside the clock stands what it would show on a machine
that does nothing else: the kernel knows how long a worker was ready and waited for a core that somebody else had, and that is taken
off. (What workers cost one another by sharing memory and disk is left in.) Linux.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from creativity.batches.executors import Processes, cores
from creativity.entry import Entry

TARGET = Path(__file__).parent / "data" / "astronaut.png"
FITS, ROUNDS, STEPS = 40, 2, 150


class Measured:
    """Workers that stay, and what a round of fits costs them."""

    def __init__(self, count: int, folder: Path):
        self.workers = Processes(count, 1, folder, folder / "log.txt")
        self.folder, self.count, self.begun = folder, count, 0
        self.walls: list[float] = []
        self.quiet: list[float] = []
        self.burnt: list[float] = []

    def fits(self, number: int) -> None:
        began, (ran, waited) = time.perf_counter(), self._times()
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
        wall = time.perf_counter() - began
        ran, waited = (after - before for after, before in zip(self._times(), (ran, waited), strict=True))
        self.walls.append(wall / number)
        self.quiet.append((wall - waited / self.count) / number)
        self.burnt.append(ran / number)

    def _times(self) -> tuple[float, float]:
        """Seconds that all workers' main threads, which do the work, have run so far, and have waited for a core."""
        both = [Path(f"/proc/{worker.process.pid}/schedstat").read_text().split()[:2] for worker in self.workers.workers]
        return sum(int(ran) for ran, _ in both) / 1e9, sum(int(waited) for _, waited in both) / 1e9


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        measured = [Measured(count, Path(folder)) for count in (1, cores())]
        for workers in measured:
            workers.fits(2 * workers.count)
            for figures in (workers.walls, workers.quiet, workers.burnt):
                figures.clear()
        for _ in range(ROUNDS):
            for workers in measured:
                workers.fits(FITS)
        print(f"{FITS} fits of 50 triangles, {STEPS} steps of Adam at 200 pixels; the best of {ROUNDS} rounds, in turns")
        one = [min(measured[0].walls), min(measured[0].quiet)]
        for workers in measured:
            wall, quiet, burnt = min(workers.walls), min(workers.quiet), min(workers.burnt)
            print(
                f"{workers.count} worker(s): {60 / wall:6.1f} fits a minute, x {one[0] / wall:4.2f}; "
                f"without waiting for others {60 / quiet:6.1f}, x {one[1] / quiet:4.2f}; {burnt:.3f} CPU s each"
            )
            workers.workers.close()


if __name__ == "__main__":
    main()
