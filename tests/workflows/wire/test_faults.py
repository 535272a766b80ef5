"""Errors lie beside the log, whole, and nobody who reads the log comes across them."""

from __future__ import annotations

from uuid import uuid4

from redis import Redis

from workflows.wire import codec, keys, log
from workflows.wire.codec import Packed
from workflows.wire.cursor import Cursor
from workflows.wire.events import Error, RunQueued, SpanFailed
from workflows.wire.faults import Fault, packed, read, unpacked
from workflows.wire.script import run_script

FAULT = Fault(1, 0, 1000, "blog[0]", "failed", 'File "/srv/flow.py"\nValueError')


def test_it_is_written_with_its_event_and_read_in_order(redis: Redis) -> None:
    run = str(uuid4())
    queued = codec.encode(RunQueued("blog", 1, "1", {}), at=1)
    run_script(redis, log.queue_call(run, queued, due_ms=1000))
    said = codec.encode(SpanFailed(Error("internal", "No.")), at=1000, span="blog[0]")
    late, early = Fault(2, 0, 3000, "a", "failed", "b"), Fault(1, 10, 2000, "a", "failed", "c")
    beside = {**packed(late), **packed(early), **packed(FAULT)}
    both = Packed(said.kind, said.data, beside)
    assert run_script(redis, log.append_call(run, Cursor(0, 1), [both])).ok
    assert read(redis, run) == [FAULT, early, late]
    assert b"flow.py" not in b"".join(
        codec.dumps(codec.to_json(event)) for event in log.read(redis, run)
    )


def test_a_run_without_errors_has_none(redis: Redis) -> None:
    run = str(uuid4())
    assert read(redis, run) == []
    redis.hset(keys.blob(run), "0" * 64, b'"a value"')
    assert read(redis, run) == []


def test_what_a_newer_worker_adds_is_let_be() -> None:
    told = codec.loads(next(iter(packed(FAULT).values())))
    assert unpacked([{**told, "locals": {}}]) == [FAULT]


def test_what_is_none_is_passed_over(redis: Redis) -> None:
    run = str(uuid4())
    wrong = [b"{", b"[]", b'"x"', b'{"attempt": 1}']
    for number, raw in enumerate(wrong):
        redis.hset(keys.blob(run), f"fault:9-{number}", raw)
    odd = {name: [None] for name in ("attempt", "number", "at", "span", "what", "text")}
    redis.hset(keys.blob(run), "fault:x", codec.dumps(odd))
    assert read(redis, run) == [Fault(0, 0, 0, "[None]", "[None]", "[None]")]
