"""From a worker's `emit` to the frame on a reader's socket, at a hundred events a second.

The flow writes the moment of its writing; both processes read the same clock.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.bench.figure import Figure, p50, p99
from tests.bench.flows import WORDS
from tests.bench.signing_in import Reader
from tests.chaos.stack import Stack, stack

RATE = 100
MOMENT = re.compile(r"@(\d+);")


def main(n: int) -> None:
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), workers=0) as s:
        s.add_worker(*WORDS)
        s.ready()
        floor = round_trips_ms(s.server.url, n)
        took = emits_ms(s, n)
    name = f"emit to WebSocket frame at {RATE} events/s"
    Figure(f"{name}, p50", p50(took), "ms", p50(floor), n).show()
    Figure(f"{name}, p99", p99(took), "ms", p99(floor), n).show()


def emits_ms(s: Stack, n: int) -> list[float]:
    """The first frame that shows a moment ends it."""
    reader = Reader.of(s)
    run = s.begin(topic=f"write {RATE} {n}")
    url = f"{s.url.replace('http', 'ws', 1)}/ws/runs/{run}/"
    seen: dict[int, float] = {}
    with connect(url, additional_headers=reader.headers, max_size=None, proxy=None) as socket:
        while True:
            try:
                html = socket.recv(timeout=30)
            except ConnectionClosed:
                break
            now = time.monotonic_ns()
            for written in map(int, MOMENT.findall(str(html))):
                seen.setdefault(written, (now - written) / 1e6)
    assert len(seen) == n, f"{len(seen)} of {n} texts came"
    # Those of the first second may have been written before the socket stood.
    late = [took for _, took in sorted(seen.items())]
    return late[RATE:] or late


def round_trips_ms(url: str, n: int) -> list[float]:
    """XADD by one connection to the answer of another's XREAD."""
    took: list[float] = []
    last: Any = "0"  # not "$": what came before its reader did would be waited for in vain
    with Redis.from_url(url) as writing, Redis.from_url(url) as reading:
        for _ in range(n):
            waiting = threading.Event()
            answered: list[float] = []
            thread = threading.Thread(target=_read, args=(reading, last, waiting, answered))
            thread.start()
            waiting.wait()
            time.sleep(0.002)
            begun = time.perf_counter()
            last = writing.xadd("trip", {"x": "1"})
            thread.join()
            took.append((answered[0] - begun) * 1000)
    return took


def _read(client: Redis, last: Any, waiting: threading.Event, answered: list[float]) -> None:
    send: Any = client.xread
    waiting.set()
    send({"trip": last}, block=10_000)
    answered.append(time.perf_counter())
