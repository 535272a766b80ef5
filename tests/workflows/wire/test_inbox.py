"""Parking and waking on a real server: one winner, nothing unread, due when somebody must act."""

from __future__ import annotations

import pytest
from redis import Redis

from tests.patience import patience
from tests.workflows.wire.logs import AT
from tests.workflows.wire.test_log import DUE, RUN, append, open_, queue, say
from workflows.wire import codec, inbox, keys, lease, log
from workflows.wire.cursor import Cursor
from workflows.wire.events import RunCompleted, RunSignalled, RunWaiting
from workflows.wire.inbox import Inbox, Letter
from workflows.wire.script import Answer, Reply, run_script

pytestmark = pytest.mark.contract
ASKED = Cursor(1, 1)
LATER = AT + 10**9


def waits(redis: Redis) -> None:
    """A run whose attempt 1 has asked."""
    queue(redis)
    open_(redis, 1)
    assert append(redis, "1-0", RunWaiting("ok")).ok


def park(redis: Redis, tip: Cursor = ASKED, *, read: int = 0, until: int | None = LATER) -> Answer:
    return run_script(redis, inbox.park_call(RUN, tip, ASKED, read=read, until=until)).answer


def answer(redis: Redis, value: object, *, nonce: str = "n", read: int | None = None) -> Answer:
    letter = Letter("user", value)
    return run_script(redis, inbox.answer_call(RUN, ASKED, letter, nonce=nonce, read=read)).answer


def signal(redis: Redis, id: str = "s1", name: str = "finish", value: object = None) -> Reply:
    return run_script(redis, inbox.signal_call(RUN, RunSignalled(id, name, value)))


def due(redis: Redis) -> float:
    found = redis.zscore(DUE, RUN)
    assert isinstance(found, float)
    return found


def test_a_parked_run_is_held_by_nobody_and_due_when_its_time_is_over(redis: Redis) -> None:
    waits(redis)
    assert park(redis) is Answer.OK
    held = lease.lease(redis, RUN)
    assert held is not None
    assert held.released == inbox.PARKED
    assert due(redis) == LATER
    beat = run_script(redis, log.beat_call(RUN, attempt=1, lease_ms=5000))
    assert beat.answer is Answer.LOST, "a beat that was on its way"
    assert park(redis) is Answer.OK, "the same bytes again"


def test_without_an_end_it_is_due_when_somebody_answers(redis: Redis) -> None:
    waits(redis)
    assert park(redis, until=None) is Answer.OK
    assert due(redis) == float("inf")
    assert answer(redis, 1) is Answer.OK
    assert due(redis) <= lease.now_ms(redis)


def test_parking_refuses_while_an_answer_lies_there(redis: Redis) -> None:
    waits(redis)
    before = due(redis)
    assert answer(redis, 1) is Answer.OK
    assert due(redis) == before, "somebody is at home"
    assert park(redis) is Answer.UNREAD
    held = lease.lease(redis, RUN)
    assert held is not None
    assert not held.released


def test_parking_refuses_while_a_signal_is_unread(redis: Redis) -> None:
    waits(redis)
    assert signal(redis).ok
    assert park(redis) is Answer.UNREAD
    assert park(redis, read=1) is Answer.OK


def test_only_the_owner_of_the_tip_parks(redis: Redis) -> None:
    assert park(redis) is Answer.GONE
    waits(redis)
    assert park(redis, Cursor(1, 0)) is Answer.LOST
    open_(redis, 2, "b")
    assert park(redis) is Answer.LOST
    append(redis, "2-0", RunCompleted())
    assert park(redis) is Answer.ENDED


def test_the_first_answer_wins(redis: Redis) -> None:
    waits(redis)
    assert answer(redis, "a", nonce="1") is Answer.OK
    assert answer(redis, "a", nonce="1") is Answer.OK, "its own copy"
    assert answer(redis, "b", nonce="2") is Answer.TAKEN
    late = inbox.answer_call(RUN, ASKED, Letter("timeout"), nonce="3")
    assert run_script(redis, late).answer is Answer.TAKEN
    assert inbox.read(redis, RUN).answers == {ASKED: Letter("user", "a")}


def test_a_time_out_does_not_pass_over_a_signal(redis: Redis) -> None:
    waits(redis)
    signal(redis)
    assert answer(redis, None, read=0) is Answer.UNREAD
    assert answer(redis, None, read=1) is Answer.OK


def test_signals_come_in_order_and_once(redis: Redis) -> None:
    waits(redis)
    for number in range(12):
        assert signal(redis, f"s{number}", value=number).ok
    assert signal(redis, "s3", value="again").ok
    found = inbox.read(redis, RUN)
    assert [one.value for one in found.signals] == list(range(12))
    assert found.count == 12


def test_an_answer_to_a_question_of_another_log_is_not_taken(redis: Redis) -> None:
    """It was restored in between, and nobody would look there."""
    queue(redis)
    open_(redis, 2)
    assert append(redis, "2-0", RunWaiting("ok")).ok
    assert answer(redis, True) is Answer.GONE


def test_a_signal_wakes_a_parked_run(redis: Redis) -> None:
    waits(redis)
    park(redis)
    assert signal(redis).ok
    assert due(redis) <= lease.now_ms(redis)


def test_there_is_a_most_of_signals(redis: Redis) -> None:
    waits(redis)
    redis.hset(keys.inbox(RUN), "signals", inbox.MOST_SIGNALS)
    assert signal(redis).answer is Answer.FULL


def test_nobody_writes_to_a_run_that_is_over_or_unknown(redis: Redis) -> None:
    assert (answer(redis, 1), signal(redis).answer) == (Answer.GONE, Answer.GONE)
    waits(redis)
    append(redis, "1-1", say(1), RunCompleted())
    assert (answer(redis, 1), signal(redis).answer) == (Answer.ENDED, Answer.ENDED)
    assert inbox.read(redis, RUN) == Inbox()


def test_whoever_is_at_home_is_nudged(redis: Redis) -> None:
    waits(redis)
    with redis.pubsub() as heard:
        heard.subscribe(keys.FENCE)
        answer(redis, 1)
        signal(redis)
        said = [heard.get_message(timeout=patience(5)) for _ in range(3)]
    assert [one["data"] for one in said if one and one["type"] == "message"] == [
        f"{RUN} inbox".encode()
    ] * 2


def test_values_survive_the_way(redis: Redis) -> None:
    value = {"a": ["é", None, 1.5, {"$": "x"}]}
    waits(redis)
    answer(redis, value)
    assert inbox.read(redis, RUN).answers[ASKED].value == codec.loads(codec.dumps(value))
