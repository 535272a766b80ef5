"""The oracle itself: a good log passes, and each kind of broken promise is seen."""

from dataclasses import replace
from typing import Any

import pytest
from redis import Redis

from tests.fakes.checker import (
    answered,
    balance_violations,
    in_doubt,
    ledger_violations,
    log_violations,
    row_violations,
    usage_violations,
    violations,
)
from workflows.wire.codec import encode
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    Call,
    Event,
    RunCompleted,
    RunFailed,
    RunQueued,
    RunRestored,
    RunStarted,
    SpanCompleted,
    SpanFailed,
    SpanStarted,
    Text,
    Usage,
)
from workflows.wire.events import Error as WireError
from workflows.wire.fold import fold
from workflows.wire.keys import log
from workflows.wire.state import EMPTY

RUN = "0a0a0a0a-0000-4000-8000-000000000001"
LOST = "0b0b0b0b-0000-4000-8000-000000000002"
QUEUED = RunQueued("blog", 1, "7", {"topic": "water"})
STARTED = RunStarted("worker-1", 1)
ENDED = RunCompleted({"title": "Water"})
ONE_CALL = Usage((Call("openai", "m", 9, 2, None, 5.0, "ok"),))


def event(at: str, body: Body, span: str | None = None, after: str | None = None) -> Event:
    follows = None if after is None else Cursor.parse(after)
    return Event(Cursor.parse(at), 1_000, span, body, follows, "n" if after else "")


def good() -> list[Event]:
    """Two attempts: the first dies while `b` is written, the second writes it anew."""
    return [
        event("0-1", QUEUED),
        event("1-0", STARTED, after="0-1"),
        event("1-1", SpanStarted("a", "ha"), "blog/a"),
        event("1-2", SpanCompleted("A", usage=ONE_CALL), "blog/a"),
        event("1-3", SpanStarted("b", "hb"), "blog/b"),
        event("1-4", Text("s", 0, "Wat"), "blog/b"),
        event("1-5", Text("s", 3, "er"), "blog/b"),
        event("3-0", RunStarted("worker-2", 1, "crashed", 1), after="1-5"),
        event("3-1", SpanStarted("b", "hb"), "blog/b"),
        event("3-2", Text("s", 0, "Water"), "blog/b"),
        event("3-3", SpanCompleted("B", usage=ONE_CALL), "blog/b"),
        event("3-4", ENDED),
    ]


def broken(index: int, *instead: Event) -> list[Event]:
    events = good()
    events[index : index + 1] = instead
    return events


def test_a_good_log_has_no_violations() -> None:
    assert log_violations(good()) == []


def test_a_restored_log_is_good_too() -> None:
    restored = [
        event("4-0", RunRestored(starts=1), after="1-9"),
        event("4-1", SpanStarted("a", "ha"), "blog/a"),
        event("4-2", SpanCompleted("A"), "blog/a"),
        event("5-0", STARTED, after="4-2"),
        event("5-1", RunFailed(WireError("internal", "It broke."))),
    ]
    assert log_violations(restored) == []
    assert (
        log_violations([*good()[:7], replace(restored[0], after=Cursor(1, 5)), *restored[1:]]) == []
    )


@pytest.mark.parametrize(
    ("events", "violation"),
    [
        ([], "there is no log"),
        (good()[1:], "the log begins with 1-0 run.started"),
        (broken(3), "1-3 comes after 1-1"),
        (broken(7, replace(good()[7], id=Cursor(3, 1))), "attempt 3 begins with 3-1"),
        (
            broken(7, replace(good()[7], after=Cursor(1, 4))),
            "3-0 says that it follows 1-4, and follows 1-5",
        ),
        (
            broken(7, replace(good()[7], after=None)),
            "3-0 says that it follows None, and follows 1-5",
        ),
        (
            [*good()[:7], event("0-2", STARTED, after="1-5"), *good()[7:]],
            "0-2 is of an older attempt than 1-5",
        ),
        (
            broken(3, event("1-2", STARTED, after="1-1")),
            "1-2 is an opening in the midst of its attempt",
        ),
        (good()[:-1], "0 terminal events: none"),
        ([*good(), event("3-5", ENDED)], "2 terminal events: 3-4, 3-5"),
        (
            [*good(), event("3-5", Text("s", 0, ""), "blog/b")],
            "3-4 is terminal and 3-5 comes after it",
        ),
        (
            broken(6, event("1-5", Text("s", 4, "er"), "blog/b")),
            "1-5 writes at 4 in 's', which has 3 characters",
        ),
        (
            broken(8, event("3-1", SpanStarted("a", "ha"), "blog/a")),
            "3-1 runs blog/a again, which finished at 1-2",
        ),
        (
            broken(2, event("1-1", Text("x", 0, "y"), "blog/a")),
            "1-2 ends blog/a, which had not begun",
        ),
        (
            broken(3, event("1-2", SpanFailed(WireError("timeout", "Late.")), "blog/z")),
            "1-2 ends blog/z, which had not begun",
        ),
    ],
)
def test_each_broken_promise_of_a_log_is_seen(events: list[Event], violation: str) -> None:
    assert violation in log_violations(events)


def calls(*done: tuple[str, str]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for number, (asked, status) in enumerate(done, start=1):
        start = {"event": "start", "call": number, "hash": asked, "schema": asked, "model": "m"}
        lines += [start, {"event": "end", "call": number, "status": status}]
    return lines


def test_a_finished_call_made_again_is_seen() -> None:
    lines = calls(("outline", "ok"), ("claims", "ok"), ("outline", "ok"))
    assert ledger_violations(lines) == ["1 finished calls were made again, 0 may be: outline"]
    assert ledger_violations(lines, allowed_open=1) == []


def test_a_call_that_never_finished_may_be_made_again() -> None:
    cut = {"event": "start", "call": 9, "hash": "outline", "schema": None, "model": "m"}
    lines = calls(("outline", "closed"), ("outline", "fault"), ("outline", "ok"))
    assert ledger_violations([cut, *lines]) == []


def test_an_answer_that_no_provider_gave_is_seen() -> None:
    lines = calls(("outline", "ok"), ("claims", "fault"))
    assert usage_violations([good()], lines) == [
        "the logs count 2 answered calls, the provider finished 1"
    ]
    assert usage_violations([good()], calls(("outline", "ok"), ("claims", "ok"))) == []


def test_every_finished_call_is_in_a_log_or_was_open_at_a_death() -> None:
    """The logs count two answers, and attempt 1 died with `b` open."""
    assert (answered(good()), in_doubt(good())) == (2, 1)
    for finished in (2, 3):
        assert balance_violations([good()], answers(finished)) == []
    for finished in (1, 4):
        assert balance_violations([good()], answers(finished)) == [
            f"the provider finished {finished} calls; the logs have 2 and left 1 open"
        ]


def test_what_holds_an_open_step_has_no_call_of_its_own() -> None:
    nested = (
        event("1-3", SpanStarted("b", "hb"), "blog/b"),
        event("1-4", SpanStarted("x", "hx"), "blog/b/x"),
    )
    assert in_doubt([*good()[:4], *nested, event("1-5", ENDED)]) == 1


def answers(count: int) -> list[dict[str, Any]]:
    return calls(*((str(number), "ok") for number in range(count)))


def test_sql_that_says_something_else_is_seen() -> None:
    state = fold(EMPTY, good())
    assert row_violations(state, {"status": "completed", "cursor": "3-4"}) == []
    assert row_violations(state, {"cursor": Cursor(3, 4), "output": {"title": "Water"}}) == []
    assert row_violations(state, {"status": "running", "cursor": "3-3", "output": None}) == [
        "SQL has status 'running', the log 'completed'",
        "SQL has cursor '3-3', the log '3-4'",
        "SQL has output None, the log {'title': 'Water'}",
    ]


@pytest.fixture
def written(redis: Redis) -> Redis:
    for item in good():
        packed = encode(item.body, at=item.at, span=item.span)
        fields = {"kind": packed.kind, "data": packed.data}
        if item.after is not None:
            fields |= {"by": "n", "after": str(item.after)}
        redis.xadd(log(RUN), fields, id=str(item.id))  # type: ignore[arg-type]
    return redis


def test_it_reads_the_logs_of_a_real_redis(written: Redis) -> None:
    ledger = calls(("a", "ok"), ("b", "ok"))
    row = {"status": "completed", "cursor": "3-4", "output": {"title": "Water"}}
    assert violations(written, [RUN], ledger=ledger, rows={RUN: row}) == []


def test_it_names_the_run(written: Redis) -> None:
    found = violations(written, [RUN, LOST], rows={RUN: {"status": "failed"}})
    assert found == [
        f"{LOST}: there is no log",
        f"{RUN}: SQL has status 'failed', the log 'completed'",
    ]
