"""The scripts of the log on a real server: each answer, and that a refusal writes nothing."""

from __future__ import annotations

import asyncio

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from tests.patience import patience
from tests.workflows.wire.logs import AT, ids
from workflows.wire import codec, keys, lease, log
from workflows.wire.clients import connect_async, connect_writer
from workflows.wire.codec import Packed
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import (
    Body,
    Error,
    Log,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunQueued,
    RunRestored,
    RunStarted,
)
from workflows.wire.script import Answer, Reply, ScriptCall, run_script, run_script_async

pytestmark = pytest.mark.contract
RUN = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
DUE = keys.due(keys.bucket(RUN))


def packed(body: Body) -> Packed:
    return codec.encode(body, at=AT)


def queue(redis: Redis, value: object = None) -> Reply:
    body = packed(RunQueued("blog", 1, "ann", value))
    return run_script(redis, log.queue_call(RUN, body, due_ms=5000))


def opening(redis: Redis, attempt: int, nonce: str = "a", **changes: object) -> ScriptCall:
    options: dict[str, object] = {"redis_run_id": log.redis_run_id(redis), "lease_ms": 5000}
    batch = changes.pop("batch", [packed(RunStarted("w", 1))])
    return log.open_call(RUN, batch, attempt=attempt, nonce=nonce, **(options | changes))  # type: ignore[arg-type]


def open_(redis: Redis, attempt: int, nonce: str = "a", **changes: object) -> Reply:
    return run_script(redis, opening(redis, attempt, nonce, **changes))


def append(redis: Redis, tip: str, *said: Body) -> Reply:
    return run_script(
        redis, log.append_call(RUN, Cursor.parse(tip), [packed(body) for body in said])
    )


def written(redis: Redis) -> list[str]:
    return ids(log.read(redis, RUN))


def say(n: int) -> Log:
    return Log("info", str(n))


def test_a_run_from_queue_to_end(redis: Redis) -> None:
    assert queue(redis) == Reply(Answer.OK)
    assert open_(redis, 1) == Reply(Answer.OK, "0-1")
    assert append(redis, "1-0", say(1), say(2)).ok
    assert append(redis, "1-2", RunCompleted(7)).ok
    assert written(redis) == ["0-1", "1-0", "1-1", "1-2", "1-3"]
    first, second = log.read(redis, RUN)[:2]
    assert (first.after, second.after, second.nonce) == (None, Cursor(0, 1), "a")
    assert log.tip(redis, RUN) == log.Tip(Cursor(1, 3), "run.completed")


def test_queue_writes_once(redis: Redis) -> None:
    assert queue(redis).ok
    assert queue(redis) == Reply(Answer.EXISTS, "0-1")
    assert written(redis) == ["0-1"]
    due = redis.zscore(DUE, RUN)
    assert due is not None
    assert 0 < float(due) - lease.now_ms(redis) <= 5000  # type: ignore[arg-type]


def test_a_run_is_not_announced_when_it_may_have_ended_already(redis: Redis) -> None:
    body = packed(RunQueued("blog", 1, "ann", None))
    past, later = lease.now_ms(redis) - 1, lease.now_ms(redis) + 60_000
    assert run_script(redis, log.queue_call(RUN, body, due_ms=5, not_after=past)).answer == "late"
    assert (written(redis), redis.zscore(DUE, RUN)) == ([], None)
    assert run_script(redis, log.queue_call(RUN, body, due_ms=5, not_after=later)).ok


def test_append_on_another_tip_is_lost(redis: Redis) -> None:
    queue(redis), open_(redis, 1)
    assert append(redis, "1-0", say(1)).ok
    assert append(redis, "1-0", say(2), say(3)) == Reply(Answer.LOST, "1-1")
    assert append(redis, "1-5", say(2)) == Reply(Answer.LOST, "1-1")
    assert written(redis) == ["0-1", "1-0", "1-1"]


def test_an_own_copy_is_fine(redis: Redis) -> None:
    queue(redis), open_(redis, 1)
    for _ in range(3):
        assert append(redis, "1-0", say(1), say(2)).ok
    assert written(redis) == ["0-1", "1-0", "1-1", "1-2"]


def test_a_copy_of_the_terminal_event_is_fine_too(redis: Redis) -> None:
    queue(redis), open_(redis, 1)
    assert append(redis, "1-0", say(1), RunCompleted(7)).ok
    assert append(redis, "1-0", say(1), RunCompleted(7)).ok


@pytest.mark.parametrize(
    "end", [RunCompleted(1), RunFailed(Error("internal", "m")), RunCancelled("owner")]
)
def test_nothing_follows_a_terminal_event(redis: Redis, end: Body) -> None:
    queue(redis), open_(redis, 1)
    assert append(redis, "1-0", end).ok
    assert append(redis, "1-1", say(1)) == Reply(Answer.ENDED, "1-1")
    assert append(redis, "1-1") == Reply(Answer.ENDED, "1-1")
    assert open_(redis, 2) == Reply(Answer.ENDED, "1-1")
    assert written(redis) == ["0-1", "1-0", "1-1"]


def test_a_zombie_writes_nothing(redis: Redis) -> None:
    queue(redis), open_(redis, 1), open_(redis, 2, "b")
    assert append(redis, "1-0", say(1)) == Reply(Answer.LOST, "2-0")
    assert append(redis, "1-0") == Reply(Answer.LOST, "2-0")
    assert append(redis, "2-0", say(1)).ok
    assert written(redis) == ["0-1", "1-0", "2-0", "2-1"]


def test_an_empty_batch_asks_for_the_tip(redis: Redis) -> None:
    queue(redis), open_(redis, 1)
    assert append(redis, "1-0").ok
    assert append(redis, "1-1") == Reply(Answer.LOST, "1-0")
    assert written(redis) == ["0-1", "1-0"]


def test_without_a_log_only_a_restore_may_write(redis: Redis) -> None:
    assert append(redis, "1-0", say(1)) == Reply(Answer.GONE)
    assert open_(redis, 1) == Reply(Answer.GONE)
    batch = [packed(RunRestored()), packed(RunQueued("blog", 1, "ann", None))]
    assert open_(redis, 3, restore=True, batch=batch) == Reply(Answer.OK, "0-0")
    assert written(redis) == ["3-0", "3-1"]
    assert log.read(redis, RUN)[0].after == ZERO


def test_opening_again_with_ones_own_nonce_is_fine_and_with_another_late(redis: Redis) -> None:
    queue(redis)
    assert open_(redis, 1, "a").ok
    assert open_(redis, 1, "a").ok
    assert open_(redis, 1, "b") == Reply(Answer.LATE, "1-0")
    assert open_(redis, 3, "c").ok
    assert open_(redis, 2, "d") == Reply(Answer.LATE, "3-0")
    assert written(redis) == ["0-1", "1-0", "3-0"]


def test_an_order_from_before_a_restart_of_the_server_is_stale(redis: Redis) -> None:
    queue(redis)
    server = log.redis_run_id(redis)
    assert open_(redis, 1, redis_run_id="0" * 40) == Reply(Answer.STALE, server)
    assert written(redis) == ["0-1"]


def test_ones_own_opening_is_known_after_a_restart_of_the_server_too(redis: Redis) -> None:
    queue(redis), open_(redis, 1, "a"), append(redis, "1-0", say(1))
    assert open_(redis, 1, "a", redis_run_id="0" * 40) == Reply(Answer.OK, "0-1")
    assert open_(redis, 1, "b", redis_run_id="0" * 40) == Reply(Answer.LATE, "1-1")


def test_opening_takes_the_lease_and_clears_what_was_released(redis: Redis) -> None:
    queue(redis), open_(redis, 1, worker="w1")
    first = lease.lease(redis, RUN)
    assert first is not None
    assert (first.attempt, first.worker, first.released) == (1, "w1", "")
    assert 0 < first.until - lease.now_ms(redis) <= 5000
    assert redis.zscore(DUE, RUN) == first.until
    assert run_script(redis, log.release_call(RUN, attempt=1, why="handed over")).ok
    let_go = lease.lease(redis, RUN)
    assert let_go is not None
    assert let_go.released == "handed over"
    assert let_go.until <= lease.now_ms(redis)
    open_(redis, 2, "b", worker="w2")
    second = lease.lease(redis, RUN)
    assert second is not None
    assert (second.attempt, second.worker, second.released) == (2, "w2", "")


def test_only_the_holder_renews_and_releases(redis: Redis) -> None:
    queue(redis), open_(redis, 1), open_(redis, 2, "b")
    assert run_script(redis, log.beat_call(RUN, attempt=1, lease_ms=9)) == Reply(Answer.LOST, "2")
    assert run_script(redis, log.release_call(RUN, attempt=1, why="x")) == Reply(Answer.LOST, "2")
    assert run_script(redis, log.beat_call(RUN, attempt=2, lease_ms=60_000)).ok
    held = lease.lease(redis, RUN)
    assert held is not None
    assert held.until > lease.now_ms(redis) + 50_000
    assert redis.zscore(DUE, RUN) == held.until


def test_a_late_beat_does_not_take_up_what_was_let_go(redis: Redis) -> None:
    queue(redis), open_(redis, 1)
    assert run_script(redis, log.release_call(RUN, attempt=1, why="handed over")).ok
    due = redis.zscore(DUE, RUN)
    assert run_script(redis, log.beat_call(RUN, attempt=1, lease_ms=9)) == Reply(Answer.LOST, "1")
    assert redis.zscore(DUE, RUN) == due


def test_a_beat_does_not_bring_back_a_run_whose_end_is_in_sql(redis: Redis) -> None:
    queue(redis), open_(redis, 1)
    redis.zrem(DUE, RUN)
    assert run_script(redis, log.beat_call(RUN, attempt=1, lease_ms=5000)).ok
    assert redis.zscore(DUE, RUN) is None


def test_beat_and_release_without_a_lease(redis: Redis) -> None:
    assert run_script(redis, log.beat_call(RUN, attempt=1, lease_ms=5000)) == Reply(Answer.GONE)
    assert run_script(redis, log.release_call(RUN, attempt=1, why="gone")) == Reply(Answer.GONE)
    assert redis.zscore(DUE, RUN) is not None


def test_an_opening_is_told_to_the_workers(redis: Redis) -> None:
    queue(redis)
    with redis.pubsub() as ears:
        ears.subscribe(keys.FENCE)
        assert ears.get_message(timeout=patience(5))
        open_(redis, 1)
        told = ears.get_message(timeout=patience(5))
    assert told is not None
    assert told["data"] == f"{RUN} 1".encode()


def test_blobs_are_written_in_the_same_script_and_read_in_place(redis: Redis) -> None:
    large = {"notes": "x" * 40_000}
    queue(redis, large), open_(redis, 1)
    assert append(redis, "1-0", say(1), RunCompleted(["y" * 40_000])).ok
    events = log.read(redis, RUN)
    assert events[0].body == RunQueued("blog", 1, "ann", large)
    assert events[-1].body == RunCompleted(["y" * 40_000])
    assert redis.hlen(keys.blob(RUN)) == 2


def test_reading_between_two_cursors(redis: Redis) -> None:
    queue(redis), open_(redis, 1), append(redis, "1-0", say(1), say(2), say(3))
    assert ids(log.read(redis, RUN, Cursor(1, 0), until=Cursor(1, 2))) == ["1-1", "1-2"]
    assert ids(log.read(redis, RUN, Cursor(0, 1), count=1)) == ["1-0"]


def test_a_log_that_was_about_to_expire_stays_when_it_is_opened(redis: Redis) -> None:
    queue(redis)
    redis.expire(keys.log(RUN), 100)
    assert open_(redis, 1).ok
    assert redis.ttl(keys.log(RUN)) == -1


def test_scripts_that_the_server_forgot_are_sent_again(redis: Redis) -> None:
    redis.script_flush()
    assert queue(redis).ok
    redis.script_flush()
    assert open_(redis, 1).ok


def refusal(redis: Redis, tip: Cursor, filler: str) -> str:
    """What the server says to three large events; nothing when they were written."""
    try:
        append(redis, str(tip), *[Log("info", filler)] * 3)
    except ResponseError as error:
        return str(error)
    return ""


def test_a_full_server_writes_all_or_nothing(redis: Redis) -> None:
    queue(redis), open_(redis, 1)
    used = int(redis.info("memory")["used_memory"])
    redis.config_set("maxmemory", used + 1_000_000)
    try:
        filler, tip = "z" * 30_000, Cursor(1, 0)
        while not (refused := refusal(redis, tip, filler)):
            tip = tip.next(by=3)
        assert "maxmemory" in refused
        assert written(redis)[-1] == str(tip), "the refused batch left nothing behind"
        assert run_script(redis, log.beat_call(RUN, attempt=1, lease_ms=5000)).ok
    finally:
        redis.config_set("maxmemory", 0)
    assert append(redis, str(tip), say(1)).ok


async def test_the_same_from_an_event_loop(redis: Redis, redis_url: str) -> None:
    queue(redis, {"notes": "x" * 40_000})
    async with connect_writer(redis_url) as writer, connect_async(redis_url) as reader:
        redis.script_flush()
        assert (await run_script_async(writer, opening(redis, 1))).ok
        assert await log.read_async(reader, RUN) == log.read(redis, RUN)
        assert await log.redis_run_id_async(reader) == log.redis_run_id(redis)


async def test_of_many_who_open_one_attempt_one_wins(redis: Redis, redis_url: str) -> None:
    queue(redis)
    async with connect_async(redis_url) as client:
        calls = [opening(redis, 1, f"n{n}") for n in range(20)]
        replies = await asyncio.gather(*(run_script_async(client, call) for call in calls))
    assert sorted(reply.answer for reply in replies) == [Answer.LATE] * 19 + [Answer.OK]
