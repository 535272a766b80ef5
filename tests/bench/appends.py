"""What a bare XADD costs, and our append beside it, with both ways of syncing the AOF."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from redis import Redis

from tests import valkey
from tests.bench.figure import Figure, p50
from workflows.wire import codec, log
from workflows.wire.codec import Packed
from workflows.wire.cursor import Cursor
from workflows.wire.events import Log, RunQueued, RunStarted
from workflows.wire.script import run_script

RUN = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


def main(n: int) -> None:
    for fsync in ("everysec", "always"):
        with (
            tempfile.TemporaryDirectory() as folder,
            valkey.running(Path(folder), fsync=fsync) as server,
            Redis.from_url(server.url) as redis,
        ):
            measure(redis, fsync, n)


def measure(redis: Redis, fsync: str, n: int) -> None:
    """One of each in turn, so that both see the same machine."""
    packed = codec.encode(Log("info", "x" * 1000), at=1)
    opened(redis)
    bare, ours = [], []
    for number in range(n):
        bare.append(took_ms(lambda: redis.xadd("bare", fields(packed))))
        ours.append(took_ms(partial(append, redis, number, packed)))
    Figure(f"bare XADD of 1 KB p50, fsync {fsync}", p50(bare), "ms", n=n).show()
    Figure(f"append of 1 KB p50, fsync {fsync}", p50(ours), "ms", p50(bare), n).show()


def took_ms(step: Callable[[], object]) -> float:
    begun = time.perf_counter()
    step()
    return (time.perf_counter() - begun) * 1000


def fields(packed: Packed) -> dict[Any, Any]:
    """An entry of a log, as the script writes it."""
    return {"kind": packed.kind, "data": packed.data}


def opened(redis: Redis) -> None:
    queued = codec.encode(RunQueued("bench", 1, "ann", None), at=1)
    run_script(redis, log.queue_call(RUN, queued, due_ms=60_000))
    started = codec.encode(RunStarted("w", 1), at=1)
    server = log.redis_run_id(redis)
    call = log.open_call(RUN, [started], attempt=1, nonce="n", redis_run_id=server)
    assert run_script(redis, call).ok


def append(redis: Redis, n: int, packed: Packed) -> None:
    assert run_script(redis, log.append_call(RUN, Cursor(1, n), [packed])).ok
