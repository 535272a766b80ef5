"""What a process and its children hold in memory; what several share counts once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.process import Process

EVERY_S = 0.05
TRIES = 20


@dataclass
class Held:
    """Megabytes: before, and at most since."""

    idle: float
    most: float

    @property
    def more(self) -> float:
        return self.most - self.idle


def held_mb(process: Process) -> float:
    """While one of them forks or ends, what they share would be counted for one that had it alone
    and for another: then it is looked at again."""
    held, pids = 0, list(_tree(process.pid))
    for _ in range(TRIES):
        held = sum(map(_shared_fairly, pids))
        before, pids = pids, list(_tree(process.pid))
        if pids == before:
            break
    return held / 1000


@contextmanager
def watched(process: Process) -> Iterator[Held]:
    """Looks twenty times in a second, until the block ends."""
    held = Held(held_mb(process), 0.0)
    over = threading.Event()

    def look() -> None:
        while not over.wait(EVERY_S):
            held.most = max(held.most, held_mb(process))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield held
    finally:
        over.set()
        thread.join()


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):  # it may end meanwhile, as any of them
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _tree(int(child))


def _shared_fairly(pid: int) -> int:
    with suppress(OSError):
        said = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(said.partition("\nPss:")[2].split()[0])
    return 0
