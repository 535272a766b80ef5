"""Writes a log as a worker would, by the wire's own calls."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from uuid import uuid4

from redis import Redis

from runs.models import Run
from workflows.wire import codec, keys, log, pulse
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    Call,
    Error,
    RunCompleted,
    RunStarted,
    SpanCompleted,
    SpanFailed,
    SpanStarted,
    Text,
    Usage,
)  # fmt: skip
from workflows.wire.script import Reply, run_script

QUEUE = "gx.interactive.blog.v1"
PAID = Usage((Call("fake", "large", 10, 5, 0.25),))


@dataclass
class Worker:
    client: Redis
    run: Run
    tip: Cursor
    clock: int = field(default_factory=lambda: time.time_ns() // 1_000_000)

    @classmethod
    def opened(
        cls,
        client: Redis,
        run: Run,
        attempt: int = 1,
        *,
        reason: str = "first",
        lease_ms: int = 5000,
        version: int = 1,
    ) -> Worker:
        worker = cls(client, run, Cursor(attempt, 0))
        assert worker.open(attempt, reason=reason, lease_ms=lease_ms, version=version).ok
        return worker

    def open(
        self, attempt: int, *, reason: str = "first", lease_ms: int = 5000, version: int = 1
    ) -> Reply:
        body = RunStarted("w1", version, reason)
        call = log.open_call(
            str(self.run.id),
            [codec.encode(body, at=self.clock)],
            attempt=attempt,
            nonce=uuid4().hex,
            redis_run_id=log.redis_run_id(self.client),
            worker="w1",
            lease_ms=lease_ms,
        )
        return run_script(self.client, call)

    def say(self, *said: tuple[Body, str | None]) -> Reply:
        """Append a batch; each event a millisecond after the one before."""
        batch = []
        for body, span in said:
            self.clock += 1
            batch.append(codec.encode(body, at=self.clock, span=span))
        reply = run_script(self.client, log.append_call(str(self.run.id), self.tip, batch))
        if reply.ok:
            self.tip = self.tip.next(len(batch))
        return reply

    def begin(self, path: str, parent: str | None = None) -> None:
        assert self.say((SpanStarted(path, f"hash-{path}", parent=parent), path)).ok

    def finish(self, path: str, output: object = None) -> None:
        assert self.say((SpanCompleted(output, 12.5, usage=PAID), path)).ok

    def fail(self, path: str) -> None:
        assert self.say((SpanFailed(Error("timeout", "Too slow."), 3.0), path)).ok

    def write(self, path: str, channel: str, text: str, at: int = 0) -> None:
        assert self.say((Text(channel, at, text), path)).ok

    def section(self, path: str, channel: str, text: str) -> None:
        """A whole span that writes one text."""
        self.begin(path, "blog")
        self.write(path, channel, text)
        self.finish(path, {"markdown": text})

    def complete(self, output: object = None) -> None:
        assert self.say((RunCompleted(output), None)).ok

    def release(self, why: str = "handed over") -> None:
        call = log.release_call(str(self.run.id), attempt=self.tip.attempt, why=why)
        assert run_script(self.client, call).ok

    def die(self) -> None:
        """What is left of it five seconds later: a lease that has expired, a deadline passed."""
        run = str(self.run.id)
        self.client.hset(keys.lease(run), "until", 1)
        self.client.zadd(keys.due(keys.bucket(run)), {run: 1}, xx=True)


def serve(client: Redis, *queues: str) -> None:
    """A live worker takes orders from these queues."""
    pulse.beat(client, pulse.Beat("w2", "worker", 1, "here", queues or (QUEUE,), slots=4))


def due_at(client: Redis, run: Run) -> float | None:
    return client.zscore(keys.due(keys.bucket(run.id)), str(run.id))


def overdue(client: Redis, run: Run) -> None:
    client.zadd(keys.due(keys.bucket(run.id)), {str(run.id): 1})
