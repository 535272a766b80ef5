"""Runs that speak in real time, in a process of its own: what it does is not to slow the readers.

python -m tests.chaos.talking REDIS_URL TICKS RUN…: begins the logs, says so, and goes on when told.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from redis import Redis

from tests.runs.writer import ROOT, Writer, wrote
from workflows.wire.events import RunCompleted

RATE = 10  # events a second and run
AT_ONCE = 4  # Redis answers when its disk has it


def stamp() -> str:
    """As the text of an event: when it was said."""
    return f"{time.monotonic_ns()} "


def main(url: str, ticks: str, *runs: str) -> None:
    with Redis.from_url(url) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        begun = [Writer(client, run).begin() for run in runs]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        parts = [begun[number::AT_ONCE] for number in range(AT_ONCE)]
        list(pool.map(partial(talk, ticks=int(ticks)), parts))


def talk(begun: list[Writer], ticks: int) -> None:
    """One after the other, so that they do not all speak at once."""
    started, at = time.monotonic(), [0] * len(begun)
    for tick in range(ticks):
        for number, writer in enumerate(begun):
            due = started + (tick + number / len(begun)) / RATE
            time.sleep(max(0, due - time.monotonic()))
            said = stamp()
            writer.say(wrote(ROOT, "section-1", at[number], said))
            at[number] += len(said)
    for writer in begun:
        writer.say(RunCompleted({"sections": []}))


if __name__ == "__main__":
    main(*sys.argv[1:])
