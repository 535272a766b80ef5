"""A run's inbox: answers and signals on their way to whoever holds the run, or to nobody yet.

An answer lies under the id of the first `run.waiting` of its question, and the first one wins. What
is in the log as `run.answered` or `run.signalled` has been read. The inbox is not the truth about a
run: what is lost with it before it was read is asked for again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from workflows.wire import codec, keys
from workflows.wire.cursor import Cursor
from workflows.wire.events import RunSignalled
from workflows.wire.script import ScriptCall

MOST_SIGNALS = 1000  # that one run may get
LETTER_MAX = 256 * 1024  # bytes of one answer
PARKED = "parked"  # why a lease was let go
_SIGNAL = "signal:"


@dataclass(frozen=True, slots=True)
class Letter:
    """`by`: user or timeout."""

    by: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """`answers` by the id of the `run.waiting`; `signals` in the order in which they came."""

    answers: Mapping[Cursor, Letter] = field(default_factory=dict)
    signals: tuple[RunSignalled, ...] = ()

    @property
    def count(self) -> int:
        """Of signals: what a park says that it has read."""
        return len(self.signals)


def answer_call(
    run: str, waiting: Cursor, letter: Letter, *, nonce: str, read: int | None = None
) -> ScriptCall:
    """OK, TAKEN, GONE or ENDED. `read`: only if no more signals than these have come (UNREAD)."""
    said = codec.dumps({"by": letter.by, "value": letter.value, "nonce": nonce})
    count = "" if read is None else read
    return ScriptCall("answer", _keys(run), (str(waiting), said, run, count, keys.FENCE))


def signal_call(run: str, signal: RunSignalled) -> ScriptCall:
    """OK, FULL, GONE or ENDED."""
    said = codec.dumps({"name": signal.name, "value": signal.value})
    return ScriptCall("signal", _keys(run), (signal.id, said, run, MOST_SIGNALS, keys.FENCE))


def park_call(
    run: str, tip: Cursor, waiting: Cursor | None, *, read: int, until: int | None
) -> ScriptCall:
    """Let go of a run that waits. `waiting`: where an answer would lie (None: it only sleeps).

    OK, UNREAD, LOST, GONE or ENDED.
    """
    asked = (str(tip), tip.attempt, str(waiting or ""), read, until or 0, run)
    return ScriptCall("park", _keys(run), asked)


def read(client: Redis, run: str) -> Inbox:
    return of(cast("dict[bytes, bytes]", client.hgetall(keys.inbox(run))))


async def read_async(client: AsyncRedis, run: str) -> Inbox:
    return of(await cast("Any", client.hgetall(keys.inbox(run))))


def of(found: Mapping[bytes, bytes]) -> Inbox:
    """An inbox from its hash."""
    answers: dict[Cursor, Letter] = {}
    signals: list[tuple[int, RunSignalled]] = []
    for raw, value in found.items():
        name = raw.decode()
        if name.startswith(_SIGNAL):
            signals.append(_signal(name.removeprefix(_SIGNAL), value))
        elif name != "signals":
            said = codec.loads(value)
            answers[Cursor.parse(name)] = Letter(said["by"], said["value"])
    return Inbox(answers, tuple(signal for _, signal in sorted(signals, key=lambda one: one[0])))


def _signal(id: str, value: bytes) -> tuple[int, RunSignalled]:
    number, _, raw = value.partition(b" ")
    said = codec.loads(raw)
    return int(number), RunSignalled(id, said["name"], said["value"])


def _keys(run: str) -> tuple[str, ...]:
    return keys.log(run), keys.inbox(run), keys.lease(run), keys.due(keys.bucket(run))
