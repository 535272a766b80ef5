"""A lease is a sign of life of an attempt's worker, by the clock of Redis. Nothing asks it for
permission: whoever opened the newest attempt writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from redis import Redis

from workflows.wire import keys

# Why a worker let go of a run. Crashed: the process that had it alone was seen to die.
HANDED_OVER, GONE, CRASHED = "handed over", "gone", "crashed"


@dataclass(frozen=True, slots=True)
class Lease:
    """`until` is in milliseconds; `released` says why its worker let go ("" when it did not)."""

    attempt: int
    worker: str
    until: int
    released: str = ""


def lease(client: Redis, run: str) -> Lease | None:
    """The lease of a run; None when no attempt was opened."""
    found = cast("dict[bytes, bytes]", client.hgetall(keys.lease(run)))
    return of(found) if found else None


def of(found: dict[bytes, bytes]) -> Lease:
    """A lease from its hash."""
    return Lease(
        attempt=int(found[b"attempt"]),
        worker=found.get(b"worker", b"").decode(),
        until=int(float(found[b"until"])),
        released=found.get(b"released", b"").decode(),
    )


def now_ms(client: Redis) -> int:
    """The clock by which leases and deadlines are judged."""
    seconds, micros = client.time()
    return int(seconds) * 1000 + int(micros) // 1000
