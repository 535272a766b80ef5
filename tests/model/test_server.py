"""The server of the model and a real Valkey: the same answers and the same data after each call."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, cast

import pytest
from redis import Redis

from tests.model import inbox as inbox_model
from tests.model.server import Server, as_bytes
from workflows.wire import codec, inbox, keys, log
from workflows.wire.codec import Packed
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    Log,
    RunCancelled,
    RunCompleted,
    RunQueued,
    RunSignalled,
    RunStarted,
)
from workflows.wire.inbox import Letter
from workflows.wire.lease import now_ms
from workflows.wire.script import ScriptCall, run_script

pytestmark = pytest.mark.contract

RUNS = ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "0f2504e0-4f89-41d3-9a0c-0305e82c3302")
LEASES = (0, 100_000, 10_000_000)  # so far apart that the time a test takes does not matter
STEPS = 60
ASKED = Cursor(1, 0)
KINDS = [
    *("queue", "append", "append", "append", "open", "open", "beat", "release"),
    *("park", "park", "answer", "signal"),
]


def packed(body: Body) -> Packed:
    return codec.encode(body, at=1)


def batch(chance: random.Random, least: int = 0) -> list[Packed]:
    said: list[Body] = [Log("info", str(chance.random())) for _ in range(chance.randint(least, 3))]
    if chance.random() < 0.1:
        ends: list[Body] = [RunCompleted("x" * 40_000), RunCancelled(), RunCompleted(1)]
        said.append(chance.choice(ends))
    return [packed(body) for body in said]


def some_call(chance: random.Random, server: Server) -> ScriptCall:
    """A call that may fit the state, or be late, lost, stale or a copy."""
    run, lease_ms = chance.choice(RUNS), chance.choice(LEASES)
    entries = server.entries(keys.log(run))
    tip = entries[-1].id if entries and chance.random() < 0.8 else Cursor(chance.randint(0, 3), 0)
    attempt = max(1, tip.attempt + chance.choice([-1, 0, 1, 1, 2]))
    match chance.choice(KINDS):
        case "queue":
            body = RunQueued("blog", 1, "ann", chance.choice(["short", "y" * 40_000]))
            # The past or far away, so that the time a test takes does not matter.
            not_after = chance.choice([0, 1, 2**42])
            more = batch(chance) if chance.random() < 0.3 else []
            return log.queue_call(run, packed(body), *more, due_ms=lease_ms, not_after=not_after)
        case "append":
            return log.append_call(run, tip, batch(chance))
        case "open":
            return log.open_call(
                run, [packed(RunStarted("w", 1)), *batch(chance)], attempt=attempt,
                nonce=chance.choice("ab"), worker=chance.choice(["", "w1"]), lease_ms=lease_ms,
                redis_run_id=chance.choice([server.run_id] * 9 + ["0" * 40]),
                restore=chance.random() < 0.2,
            )  # fmt: skip
        case "park":
            read, until = chance.choice([0, 1, 9]), chance.choice([None, 2**42])
            return inbox.park_call(run, tip, chance.choice([None, ASKED]), read=read, until=until)
        case "answer":
            letter = Letter("user", chance.choice([1, 2]))
            return inbox.answer_call(
                run, ASKED, letter, nonce="n", read=chance.choice([None, 0, 1, 9])
            )
        case "signal":
            return inbox.signal_call(run, RunSignalled(chance.choice("abc"), "finish"))
        case "beat":
            return log.beat_call(run, attempt=attempt, lease_ms=lease_ms)
        case _:
            return log.release_call(run, attempt=attempt, why="handed over")


def calls(seed: int, server: Server) -> Iterator[ScriptCall]:
    chance, last = random.Random(seed), None
    for _ in range(STEPS):
        if last is None or chance.random() > 0.2:
            last = some_call(chance, server)
        yield last


def real_data(redis: Redis, run: str) -> dict[str, Any]:
    """All that a run has, its times as a distance from now in units of the shortest lease."""
    now = now_ms(redis)
    lease = cast("dict[bytes, bytes]", redis.hgetall(keys.lease(run)))
    due = redis.zscore(keys.due(keys.bucket(run)), run)
    return {
        "log": [
            (id, list(entry.items())) for id, entry in cast("Any", redis.xrange(keys.log(run)))
        ],
        "blob": redis.hgetall(keys.blob(run)),
        "inbox": redis.hgetall(keys.inbox(run)),
        "lease": lease | {b"until": distance(lease.get(b"until"), now)},
        "due": distance(cast("Any", due), now),
    }


def model_data(server: Server, run: str) -> dict[str, Any]:
    lease = server.hgetall(keys.lease(run))
    entries = server.entries(keys.log(run))
    return {
        "log": [(as_bytes(str(entry.id)), list(entry.fields)) for entry in entries],
        "blob": server.hgetall(keys.blob(run)),
        "inbox": server.hgetall(keys.inbox(run)),
        "lease": lease | {b"until": distance(lease.get(b"until"), server.now)},
        "due": distance(server.zscore(keys.due(keys.bucket(run)), run), server.now),
    }


def distance(until: Any, now: int) -> float | None:
    if until is None:
        return None
    if float(until) == inbox_model.NEVER:
        return inbox_model.NEVER
    return round((float(until) - now) / LEASES[1])


@pytest.mark.parametrize("seed", range(25))
def test_the_model_answers_as_a_real_server_does(redis: Redis, seed: int) -> None:
    server = Server(log.redis_run_id(redis))
    for number, call in enumerate(calls(seed, server)):
        server.now = now_ms(redis)
        assert server.run(call) == run_script(redis, call), f"call {number}: {call}"
        for run in RUNS:
            assert model_data(server, run) == real_data(redis, run), f"call {number}: {call}"


def test_the_calls_reach_every_answer() -> None:
    """Else the test above would say little."""
    seen = set()
    for seed in range(40):
        server = Server("1" * 40, now=10**12)
        seen |= {(call.name, server.run(call).answer) for call in calls(seed, server)}
    assert {f"{name} {answer}" for name, answer in seen} == {
        "queue ok", "queue exists", "queue late", "append ok", "append gone", "append lost",
        "append ended", "open ok", "open gone", "open ended", "open late", "open stale",
        "beat ok", "beat lost", "beat gone", "release ok", "release lost", "release gone",
        "park ok", "park unread", "park lost", "park gone", "park ended",
        "answer ok", "answer taken", "answer unread", "answer gone", "answer ended",
        "signal ok", "signal gone", "signal ended",
    }  # fmt: skip


def test_a_restart_with_a_cut_file_brings_back_an_earlier_state() -> None:
    server = Server()
    server.run(log.queue_call(RUNS[0], packed(RunQueued("blog", 1, "ann", 1)), due_ms=5))
    for attempt in (1, 2):
        server.run(log.open_call(RUNS[0], [packed(RunStarted("w", 1))], attempt=attempt, nonce="n",
                                 redis_run_id=server.run_id))  # fmt: skip
    server.restart("2" * 40, cut=1)
    assert [str(entry.id) for entry in server.entries(keys.log(RUNS[0]))] == ["0-1", "1-0"]
    server.flushall()
    assert server.entries(keys.log(RUNS[0])) == ()
