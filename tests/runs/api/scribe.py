"""A worker that says what the test tells it to, through the real log."""

from __future__ import annotations

import time
from itertools import count

from redis import Redis

from runs.models import Run
from workflows.wire import codec, log
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    Call,
    RunCompleted,
    RunQueued,
    RunRestored,
    RunStarted,
    SpanCompleted,
    SpanStarted,
    Text,
    Usage,
)
from workflows.wire.script import run_script

POST = {"title": "On light", "markdown": "# On light\n\nFirst.\n\nSecond.\n", "words": 4}
CALL = Call("offline", "large", 10, 5, 0.25, 3.0)


class Scribe:
    def __init__(self, client: Redis, run: Run) -> None:
        self.client = client
        self.run = str(run.id)
        self.attempts = count(run.attempt)
        self.tip = Cursor(0, 1)
        self.begin()

    def begin(self) -> None:
        """Open the next attempt, as after a crash."""
        self._open([RunStarted("w1", 1)])

    def restore(self, run: Run) -> None:
        """Write a lost log anew from what SQL has, and go on with it."""
        self._open([RunRestored(1), RunQueued("blog", 1, str(run.owner_id), run.input)])
        self.begin()

    def _open(self, bodies: list[Body]) -> None:
        attempt = next(self.attempts)
        call = log.open_call(
            self.run,
            [codec.encode(body, at=_now()) for body in bodies],
            attempt=attempt,
            nonce=f"n{attempt}",
            redis_run_id=log.redis_run_id(self.client),
            worker="w1",
            lease_ms=60_000,
            restore=isinstance(bodies[0], RunRestored),
        )
        assert run_script(self.client, call).ok
        self.tip = Cursor(attempt, len(bodies) - 1)

    def say(self, body: Body, span: str | None = "blog") -> Cursor:
        packed = codec.encode(body, at=_now(), span=span)
        assert run_script(self.client, log.append_call(self.run, self.tip, [packed])).ok
        self.tip = self.tip.next()
        return self.tip

    def write(self, number: int, text: str, at: int = 0) -> Cursor:
        """Some text of a section."""
        return self.say(Text(f"section-{number}", at, text), f"blog/section[{number}]")

    def open(self, number: int) -> None:
        path = f"blog/section[{number}]"
        self.say(SpanStarted("section", f"h{number}", parent="blog"), path)

    def close(self, number: int) -> None:
        usage = Usage((CALL,))
        self.say(SpanCompleted(f"text {number}", 12.0, usage=usage), f"blog/section[{number}]")

    def complete(self) -> Cursor:
        self.say(SpanStarted("blog", "h"))
        self.open(1)
        self.write(1, "First.")
        self.close(1)
        return self.end()

    def end(self) -> Cursor:
        return self.say(RunCompleted(POST), None)


def _now() -> int:
    return round(time.time() * 1000)
