"""Writes a run's log as the planes do: with the wire's own calls, one batch after the other."""

from __future__ import annotations

from uuid import uuid4

from redis import Redis

from workflows.wire import codec, log
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    RunQueued,
    RunRestored,
    RunStarted,
    SpanCompleted,
    SpanStarted,
    Text,
)  # fmt: skip
from workflows.wire.script import ScriptCall, run_script

AT = 1_763_693_121_123
Said = Body | tuple[str, Body]
ROOT = "blog[0]"


class Writer:
    def __init__(self, redis: Redis, run: str | None = None) -> None:
        self.redis = redis
        self.run = run or str(uuid4())
        self.tip = Cursor(0, 1)

    def queue(self) -> Writer:
        self._send(log.queue_call(self.run, packed(RunQueued("blog", 1, "1", {})), due_ms=60_000))
        self.tip = Cursor(0, 1)
        return self

    def start(self, attempt: int = 1, body: Body | None = None, *said: Said) -> Writer:
        self._open(attempt, [body or RunStarted("w1", 1), *said], restore=False)
        return self

    def restore(self, attempt: int, *said: Said) -> Writer:
        self._open(attempt, [RunRestored(), *said], restore=True)
        return self

    def say(self, *said: Said) -> Writer:
        self._send(log.append_call(self.run, self.tip, [packed(part) for part in said]))
        self.tip = self.tip.next(len(said))
        return self

    def begin(self, attempt: int = 1) -> Writer:
        """Queued and started, with the span of the workflow open."""
        return self.queue().start(attempt).say((ROOT, SpanStarted("blog", "h0")))

    def _open(self, attempt: int, said: list[Said], *, restore: bool) -> None:
        self._send(
            log.open_call(
                self.run,
                [packed(part) for part in said],
                attempt=attempt,
                nonce=f"n{attempt}",
                redis_run_id=log.redis_run_id(self.redis),
                restore=restore,
            )
        )
        self.tip = Cursor(attempt, len(said) - 1)

    def _send(self, call: ScriptCall) -> None:
        reply = run_script(self.redis, call)
        assert reply.ok, reply


def packed(said: Said) -> codec.Packed:
    span, body = said if isinstance(said, tuple) else (None, said)
    return codec.encode(body, at=AT, span=span)


def opened(path: str, parent: str = ROOT) -> Said:
    return path, SpanStarted(path.rpartition("/")[2].partition("[")[0], path, parent=parent)


def done(path: str) -> Said:
    return path, SpanCompleted("ok", 1200.0)


def wrote(path: str, channel: str, at: int, delta: str) -> Said:
    return path, Text(channel, at, delta)
