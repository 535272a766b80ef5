"""Answers and signals: judged by the log, one winner, and a parked run goes on at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from redis import Redis

from runs import answering, doorbell, history, lifecycle, quota
from runs.answering import NotTaken, NotWaiting
from runs.lifecycle import Finished, Invalid, OverQuota, Unavailable
from runs.models import Run
from runs.monitor import Monitor
from runs.projector import Projector
from runs.restore import restore
from tests.runs.conftest import BRIEF, ListBell
from tests.runs.worker import Worker, due_at, overdue, serve
from tests.valkey import free_port
from workflows.catalog import CATALOG
from workflows.wire import inbox, keys, lease, log
from workflows.wire.cursor import Cursor
from workflows.wire.events import RunAnswered, RunSignalled, RunWaiting, SpanStarted
from workflows.wire.fold import fold
from workflows.wire.inbox import Letter
from workflows.wire.orders import Order
from workflows.wire.script import run_script
from workflows.wire.state import EMPTY

FORM = {
    "type": "object",
    "properties": {"title": {"type": "string", "minLength": 1}},
    "required": ["title"],
}
ASK = "blog[0]/ask[0]"


@pytest.fixture(autouse=True)
def ringing(bell: ListBell, monkeypatch: pytest.MonkeyPatch) -> ListBell:
    monkeypatch.setattr(answering, "bell", lambda: bell)
    return bell


def asks(
    worker: Worker, key: str = "outline", until: int | None = None, form: Any = FORM
) -> Cursor:
    """The run asks; where its answer is put."""
    worker.begin("blog[0]")
    worker.begin(ASK, "blog[0]")
    assert worker.say((RunWaiting(key, "Shape it", form, {"title": "d"}, until), ASK)).ok
    return worker.tip


def park(worker: Worker, until: int | None = None) -> None:
    run, tip = str(worker.run.id), worker.tip
    call = inbox.park_call(run, tip, tip, read=0, until=until)
    assert run_script(worker.client, call).ok


def letters(redis: Redis, run: Run) -> dict[Cursor, Letter]:
    return dict(inbox.read(redis, str(run.id)).answers)


def test_an_answer_lies_where_the_question_was_asked(
    run: Run, worker: Worker, redis: Redis, bell: ListBell
) -> None:
    asked = asks(worker)
    answering.answer(run, "outline", {"title": "t"})
    assert letters(redis, run) == {asked: Letter("user", {"title": "t"})}
    assert bell.orders == [], "its worker is at home"


def test_a_parked_run_is_rung_for_at_once(
    run: Run, worker: Worker, redis: Redis, bell: ListBell
) -> None:
    asks(worker)
    park(worker)
    answering.answer(run, "outline", {"title": "t"})
    server = log.redis_run_id(redis)
    assert bell.orders == [Order(str(run.id), "blog", 1, 2, server)]
    assert (due_at(redis, run) or 0) <= lease.now_ms(redis)


def test_early_late_and_double_answers_are_refused(run: Run, worker: Worker) -> None:
    with pytest.raises(NotWaiting):
        answering.answer(run, "outline", {"title": "early"})
    asks(worker)
    with pytest.raises(NotWaiting):
        answering.answer(run, "another", {"title": "t"})
    answering.answer(run, "outline", {"title": "t"})
    with pytest.raises(NotWaiting):
        answering.answer(run, "outline", {"title": "second"})
    assert worker.say((RunAnswered("outline", "user", {"title": "t"}), ASK)).ok
    with pytest.raises(NotWaiting):
        answering.answer(run, "outline", {"title": "late"})


def test_after_the_end_nothing_is_taken(run: Run, worker: Worker, projector: Projector) -> None:
    asks(worker)
    worker.complete()
    for _ in range(2):
        with pytest.raises(Finished):
            answering.answer(run, "outline", {"title": "t"})
        with pytest.raises(Finished):
            answering.signal(run, "finish")
        projector.poll()
        run.refresh_from_db()


def test_what_does_not_fit_is_said(run: Run, worker: Worker, redis: Redis) -> None:
    asks(worker)
    with pytest.raises(Invalid) as refused:
        answering.answer(run, "outline", {"title": ""})
    assert refused.value.errors == [{"loc": ("title",), "msg": "should have at least 1 characters"}]
    with pytest.raises(Invalid, match="at most"):
        answering.answer(run, "outline", {"title": "x" * 300_000})
    assert letters(redis, run) == {}


def test_nobody_can_answer_a_sleep(run: Run, worker: Worker) -> None:
    asks(worker, "sleep", form=None)
    with pytest.raises(NotWaiting):
        answering.answer(run, "sleep", None)
    with pytest.raises(NotTaken):
        answering.signal(run, "hold")


def test_without_redis_it_is_to_be_tried_again(run: Run, worker: Worker, settings: Any) -> None:
    asks(worker)
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(Unavailable):
        answering.answer(run, "outline", {"title": "t"})


def test_a_run_takes_the_signals_of_its_workflow(
    run: Run, worker: Worker, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = replace(CATALOG["blog"], signals=("finish",))
    monkeypatch.setitem(CATALOG, "blog", entry)
    answering.signal(run, "finish", {"why": "enough"})
    [signal] = inbox.read(redis, str(run.id)).signals
    assert (signal.name, signal.value) == ("finish", {"why": "enough"})
    with pytest.raises(NotTaken):
        answering.signal(run, "explode")
    with pytest.raises(Invalid):
        answering.signal(run, "finish", "x" * 40_000)


def test_a_hold_is_for_a_question_that_counts_down(
    run: Run, worker: Worker, redis: Redis, bell: ListBell
) -> None:
    with pytest.raises(NotTaken):
        answering.signal(run, "hold")
    asks(worker, until=worker.clock + 60_000)
    park(worker, until=worker.clock + 60_000)
    answering.signal(run, "hold")
    assert len(bell.orders) == 1
    assert worker.open(2, reason="woken").ok
    worker.tip = Cursor(2, 0)
    assert worker.say((RunSignalled("s", "hold"), None)).ok
    answering.signal(run, "hold")
    assert inbox.read(redis, str(run.id)).count == 1


def test_a_run_whose_time_is_over_is_taken_up_by_the_monitor(
    run: Run, worker: Worker, redis: Redis, monitor: Monitor, bell: ListBell
) -> None:
    serve(redis)
    asks(worker, until=worker.clock - 1)
    monitor.tick()
    assert bell.orders == [], "its worker is at home"
    park(worker, until=worker.clock - 1)
    monitor.tick()
    assert [order.attempt for order in bell.orders] == [2]


def test_a_parked_run_is_left_alone_until_then(
    run: Run, worker: Worker, redis: Redis, monitor: Monitor, bell: ListBell, projector: Projector
) -> None:
    serve(redis)
    Run.objects.filter(pk=run.pk).update(limits={"deadline_s": -1})
    asks(worker)
    park(worker)
    projector.poll()
    monitor.sweep_at = 0.0
    monitor.tick()
    assert (bell.orders, due_at(redis, run)) == ([], float("inf"))
    run.refresh_from_db()
    assert (run.status, run.waiting["key"]) == ("waiting", "outline")


def test_a_lost_log_waits_for_the_same_answer_again(
    run: Run, worker: Worker, redis: Redis, projector: Projector
) -> None:
    until = worker.clock + 10**6
    asks(worker, until=until)
    since = worker.clock
    park(worker, until=until)
    projector.poll()
    Run.objects.filter(pk=run.pk).update(waited_ms=5000)
    redis.flushall()
    run.refresh_from_db()
    assert restore(redis, run, tip=Cursor(0, 0), redis_run_id=log.redis_run_id(redis))
    state = history.state(run)
    assert state.waiting == RunWaiting("outline", "Shape it", FORM, {"title": "d"}, until)
    assert (state.status, state.waiting_since, state.waited_ms) == ("waiting", since, 5000)
    answering.answer(run, "outline", {"title": "t"})
    assert letters(redis, run) == {state.asked["outline"].id: Letter("user", {"title": "t"})}


def test_a_run_that_waits_does_not_count_as_under_way(
    alice: AbstractUser, run: Run, worker: Worker, projector: Projector, settings: Any
) -> None:
    settings.GX = replace(settings.GX, user_concurrent_runs=1)
    with pytest.raises(OverQuota):
        lifecycle.start(owner=alice, workflow="blog", input=BRIEF)
    asks(worker)
    projector.poll()
    assert lifecycle.start(owner=alice, workflow="blog", input=BRIEF).created


def test_there_is_a_most_of_runs_that_wait(alice: AbstractUser, settings: Any) -> None:
    settings.GX = replace(settings.GX, user_concurrent_runs=5)
    Run.objects.bulk_create(
        Run(owner_id=alice.pk, workflow="blog", version=1, input={}, status="waiting")
        for _ in range(quota.MOST_WAITING)
    )
    with pytest.raises(OverQuota):
        lifecycle.start(owner=alice, workflow="blog", input=BRIEF)


def test_the_bell_is_that_of_the_process() -> None:
    assert doorbell.bell() is doorbell.bell()


def test_what_the_inbox_held_goes_with_the_run(
    run: Run, worker: Worker, redis: Redis, projector: Projector
) -> None:
    asks(worker)
    answering.answer(run, "outline", {"title": "t"})
    worker.complete()
    projector.poll()
    assert 0 < redis.ttl(keys.inbox(str(run.id))) <= 3600


def test_a_woken_run_keeps_its_question_open(
    run: Run, worker: Worker, projector: Projector
) -> None:
    asks(worker)
    park(worker)
    worker.clock += 1000
    assert worker.open(2, reason="woken").ok
    worker.tip = Cursor(2, 0)
    assert worker.say((SpanStarted("blog", "h"), "blog[0]")).ok
    answering.answer(run, "outline", {"title": "t"})
    projector.poll()
    run.refresh_from_db()
    assert (run.status, run.waiting["key"], run.waited_ms) == ("running", "outline", 1000)


def test_a_question_is_restored_with_who_asked_it(run: Run, worker: Worker, redis: Redis) -> None:
    """So that its next worker asks the same one, until the same time, and no other beside it."""
    asks(worker, until=2_000_000_000_000)
    park(worker, until=2_000_000_000_000)
    Projector(redis).poll()
    before = history.state(run).asked["outline"]
    redis.flushall()
    overdue(redis, run)
    Monitor(redis, ListBell()).tick()
    found = fold(EMPTY, log.read(redis, str(run.id))).asked["outline"]
    assert (found.span, found.until) == (before.span, before.until) == (ASK, 2_000_000_000_000)


def test_what_a_run_has_heard_is_restored(run: Run, worker: Worker, redis: Redis) -> None:
    heard = RunSignalled("s1", "finish", {"now": True})
    worker.begin("blog[0]")
    worker.say((heard, None))
    projector = Projector(redis)
    projector.poll()
    redis.flushall()
    overdue(redis, run)
    Monitor(redis, ListBell()).tick()
    assert dict(fold(EMPTY, log.read(redis, str(run.id))).signals) == {"s1": heard}
    heir = Worker.opened(redis, run, attempt=3, reason="restored")
    heir.complete()
    projector.poll()
    assert Run.objects.get(pk=run.pk).heard == {}, "now its archive has it"


def test_an_answer_is_restored_until_its_step_has_finished(
    run: Run, worker: Worker, redis: Redis
) -> None:
    asks(worker)
    worker.say((RunAnswered("outline", "user", {"title": "t"}), ASK))
    Projector(redis).poll()
    redis.flushall()
    overdue(redis, run)
    Monitor(redis, ListBell()).tick()
    state = fold(EMPTY, log.read(redis, str(run.id)))
    asked = state.asked["outline"]
    assert (asked.span, asked.by, state.answers) == (ASK, "user", {"outline": {"title": "t"}})
    assert state.waiting is None
