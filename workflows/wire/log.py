"""A run's log: the script calls that write it, and reading it back.

Writers give the ids. `append` is compare-and-append; opening an attempt is the only way to become
the writer, and only the owner of the newest attempt writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from workflows.wire import codec, keys
from workflows.wire.codec import Packed
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import TERMINAL, Event
from workflows.wire.script import ScriptCall

Entry = tuple[bytes, Mapping[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Tip:
    """The last event of a log, as far as the protocol looks at it."""

    id: Cursor
    kind: str

    @property
    def terminal(self) -> bool:
        return self.kind in TERMINAL


def queue_call(run: str, *batch: Packed, due_ms: int, not_after: int = 0) -> ScriptCall:
    """Open the log with `0-1 run.queued` and what a fork takes over. OK, EXISTS, or LATE: it is
    past `not_after` (ms by the clock of Redis), when somebody else may have done it."""
    return ScriptCall(
        "queue",
        (keys.log(run), keys.due(keys.bucket(run)), keys.blob(run)),
        (run, due_ms, not_after, len(batch), *_events(batch), *_blobs(batch)),
    )


def append_call(run: str, tip: Cursor, batch: Sequence[Packed]) -> ScriptCall:
    """Append `batch` after `tip`, whose attempt it continues. OK, GONE, LOST or ENDED.

    An empty batch asks whether `tip` still is the last event.
    """
    return ScriptCall(
        "append",
        (keys.log(run), keys.blob(run)),
        (str(tip), tip.attempt, tip.seq + 1, len(batch), *_events(batch), *_blobs(batch)),
    )


def open_call(
    run: str,
    batch: Sequence[Packed],
    *,
    attempt: int,
    nonce: str,
    redis_run_id: str,
    worker: str = "",
    lease_ms: int = 0,
    restore: bool = False,
) -> ScriptCall:
    """Open `attempt` with the first event of `batch`; the others follow it.

    OK with the id that the opening follows; GONE, ENDED, LATE or STALE (with the Redis run id of
    today). `restore`: write the log even though it is gone.
    """
    return ScriptCall(
        "open",
        (keys.log(run), keys.due(keys.bucket(run)), keys.lease(run), keys.blob(run)),
        (
            *(attempt, nonce, redis_run_id, run, worker, lease_ms, int(restore), keys.FENCE),
            *(len(batch), *_events(batch), *_blobs(batch)),
        ),
    )


def beat_call(run: str, *, attempt: int, lease_ms: int) -> ScriptCall:
    """Renew the lease. OK, LOST or GONE."""
    return ScriptCall(
        "beat", (keys.lease(run), keys.due(keys.bucket(run))), (attempt, lease_ms, run)
    )


def release_call(run: str, *, attempt: int, why: str) -> ScriptCall:
    """Let go, due now. OK, LOST or GONE (then it is due all the same)."""
    return ScriptCall("release", (keys.lease(run), keys.due(keys.bucket(run))), (attempt, run, why))


def read(
    client: Redis,
    run: str,
    after: Cursor = ZERO,
    *,
    until: Cursor | None = None,
    count: int | None = None,
) -> list[Event]:
    """The events after `after`, blobs inlined; none when there is no log."""
    entries = client.xrange(keys.log(run), *_span(after, until), count=count)
    events = decode_entries(cast("list[Entry]", entries))
    wanted = refs(events)
    if not wanted:
        return events
    return inline(events, wanted, cast("Any", client.hmget(keys.blob(run), wanted)))


async def read_async(
    client: AsyncRedis,
    run: str,
    after: Cursor = ZERO,
    *,
    until: Cursor | None = None,
    count: int | None = None,
) -> list[Event]:
    """As `read`."""
    entries = await client.xrange(keys.log(run), *_span(after, until), count=count)
    return await inline_async(client, run, decode_entries(cast("list[Entry]", entries)))


async def inline_async(client: AsyncRedis, run: str, events: list[Event]) -> list[Event]:
    """The events with their blobs fetched and put in place."""
    wanted = refs(events)
    if not wanted:
        return events
    found = await cast("Any", client.hmget(keys.blob(run), wanted))
    return inline(events, wanted, found)


def tip(client: Redis, run: str) -> Tip | None:
    """The last event's id and kind; None when there is no log."""
    for id, entry in cast("list[Entry]", client.xrevrange(keys.log(run), count=1)):
        return Tip(Cursor.parse(id), entry[b"kind"].decode())
    return None


def redis_run_id(client: Redis) -> str:
    """Which start of the server this is; after a restart the logs may be shorter."""
    return str(client.info("server")["run_id"])


async def redis_run_id_async(client: AsyncRedis) -> str:
    """As `redis_run_id`."""
    return str((await client.info("server"))["run_id"])


def decode_entries(entries: Iterable[Entry]) -> list[Event]:
    return [codec.decode(id, entry) for id, entry in entries]


def refs(events: Iterable[Event]) -> list[str]:
    return [sha for event in events for sha in codec.blob_refs(event)]


def inline(
    events: list[Event], wanted: Sequence[str], found: Sequence[bytes | None]
) -> list[Event]:
    values = {sha: codec.loads(raw) for sha, raw in zip(wanted, found, strict=True) if raw}
    return [codec.with_blobs(event, values) for event in events]


def _span(after: Cursor, until: Cursor | None) -> tuple[str, str]:
    return ("-" if after == ZERO else f"({after}"), ("+" if until is None else str(until))


def _events(batch: Sequence[Packed]) -> list[Any]:
    return [part for packed in batch for part in (packed.kind, packed.data)]


def _blobs(batch: Sequence[Packed]) -> list[Any]:
    return [part for packed in batch for blob in packed.blobs.items() for part in blob]
