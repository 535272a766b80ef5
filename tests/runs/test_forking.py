"""A fork: what it is offered, what is refused, and that nothing it was given can be lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django import Settings
from redis import Redis

from runs import entrance, forking, history, lifecycle
from runs.forking import NotResumable, TooLarge, fork
from runs.lifecycle import Invalid, KeyReused, OverQuota, Unavailable
from runs.models import Run, Span
from runs.monitor import Monitor
from runs.projector import Projector
from runs.turns import in_turn
from tests.chaos.waiting import until
from tests.runs.conftest import BRIEF, ListBell
from tests.runs.pool import lent
from tests.runs.worker import Worker, due_at, overdue, serve
from tests.valkey import free_port
from workflows.wire import keys, log
from workflows.wire.events import Object, RunCompleted, RunQueued, RunRestored, SpanStarted, Text
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State

PLAN, ONE, TWO, INNER, STITCH = "blog/plan", "blog/one", "blog/two", "blog/two/inner", "blog/stitch"


def folded(redis: Redis, run: Run) -> State:
    return fold(EMPTY, log.read(redis, str(run.id)))


def write(worker: Worker) -> None:
    """A plan, two sections, the second in two steps, and a transition said over the first."""
    worker.begin("blog")
    worker.begin(PLAN, "blog")
    worker.finish(PLAN, {"angle": "x"})
    assert worker.say((Object("outline", ["One", "Two"]), "blog")).ok
    worker.section(ONE, "section-1", "First.")
    worker.begin(TWO, "blog")
    worker.begin(INNER, TWO)
    worker.write(INNER, "section-2", "Second.")
    worker.finish(INNER, "Second.")
    worker.finish(TWO, "Second.")
    worker.section(STITCH, "section-1", "First, smoothed.")


@pytest.fixture
def completed(run: Run, worker: Worker, redis: Redis) -> Run:
    write(worker)
    worker.finish("blog", "all")
    worker.complete("all")
    Projector(redis).poll()
    return Run.objects.get(pk=run.pk)


@pytest.fixture
def failed(run: Run, worker: Worker, redis: Redis) -> Run:
    write(worker)
    worker.begin("blog/last", "blog")
    worker.write("blog/last", "section-3", "Half a")
    worker.fail("blog/last")
    worker.fail("blog")
    lifecycle.cancel(run, by="owner")
    Projector(redis).poll()
    return Run.objects.get(pk=run.pk)


def forked(run: Run, **asked: Any) -> Run:
    return fork(run, owner=run.owner, **asked).run


def completed_paths(state: State) -> set[str]:
    return {path for path, span in state.spans.items() if span.status == "completed"}


def test_a_resumed_run_is_offered_all_that_was_finished(failed: Run, redis: Redis) -> None:
    new = forked(failed)
    events = log.read(redis, str(new.id))
    assert [event.id for event in events] == [events[0].id.next(n) for n in range(len(events))]
    assert isinstance(events[0].body, RunQueued)
    assert {event.id.attempt for event in events} == {0}
    state = fold(EMPTY, events)
    assert completed_paths(state) == {PLAN, ONE, TWO, INNER, STITCH}
    assert (state.root and state.root.path, state.status) == ("blog", "queued")
    old = folded(redis, failed)
    for path in (PLAN, ONE, TWO, INNER, STITCH):
        span = state.spans[path]
        assert state.replayed(span)
        assert (span.output, span.hash) == (old.spans[path].output, old.spans[path].hash)
        assert span.copied == f"{failed.id}:{span.hash}"
    assert (new.forked_from, new.status, new.version) == (failed, "queued", 1)
    assert due_at(redis, new) is not None


def test_its_texts_and_objects_are_there_at_once(failed: Run, redis: Redis) -> None:
    state = folded(redis, forked(failed))
    texts = {name: channel.text for name, channel in state.channels.items()}
    assert texts == {"section-1": "First, smoothed.", "section-2": "Second.", "section-3": "Half a"}
    assert state.objects == {"outline": ["One", "Two"]}


def test_what_nobody_finished_is_stale_as_soon_as_a_worker_begins(
    failed: Run, redis: Redis
) -> None:
    new = forked(failed)
    Worker.opened(redis, new)
    state = folded(redis, new)
    stale = {name for name, channel in state.channels.items() if channel.stale}
    assert (stale, state.spans["blog"].status) == ({"section-3"}, "lost")


def test_what_was_paid_is_paid_once(completed: Run, redis: Redis) -> None:
    new = forked(completed, from_=[STITCH])
    state = folded(redis, new)
    assert (state.calls, state.tokens_in, state.cost_usd) == (0, 0, 0.0)
    Worker.opened(redis, new)
    Projector(redis).poll()
    found = Run.objects.get(pk=new.pk)
    assert (found.calls, found.cost_usd, found.prompt_tokens) == (0, 0.0, 0)
    assert completed.calls > 0


@pytest.mark.parametrize(
    ("from_", "offered"),
    [
        ([ONE], {PLAN, TWO, INNER, STITCH}),
        ([TWO], {PLAN, ONE, STITCH}),  # with what it called
        ([INNER], {PLAN, ONE, STITCH}),  # with what called it
        ([ONE, INNER], {PLAN, STITCH}),
        (["blog"], set()),
    ],
)
def test_from_goes_up_and_down(
    completed: Run, redis: Redis, from_: list[str], offered: set[str]
) -> None:
    state = folded(redis, forked(completed, from_=from_))
    assert completed_paths(state) == offered
    assert list(state.spans)[:1] == ["blog"]


def test_a_section_to_be_written_anew_keeps_its_old_text_until_then(
    completed: Run, redis: Redis
) -> None:
    new = forked(completed, from_=[TWO, STITCH])
    state = folded(redis, new)
    assert state.channels["section-2"].text == "Second."
    assert state.channels["section-1"].text == "First."  # the transition is to be made anew
    Worker.opened(redis, new)
    state = folded(redis, new)
    assert {name: channel.stale for name, channel in state.channels.items()} == {
        "section-1": False,
        "section-2": True,
    }


def test_an_unknown_span_is_refused(completed: Run) -> None:
    with pytest.raises(Invalid) as refused:
        forked(completed, from_=[ONE, "blog/nothing[0]"])
    assert [error["loc"] for error in refused.value.errors] == [("from",)]
    assert Run.objects.count() == 1


def test_a_live_or_a_completed_run_cannot_be_resumed(
    run: Run, worker: Worker, redis: Redis
) -> None:
    write(worker)
    Projector(redis).poll()
    with pytest.raises(NotResumable) as refused:
        forked(Run.objects.get(pk=run.pk))
    assert refused.value.status == "running"
    worker.complete("all")
    Projector(redis).poll()
    with pytest.raises(NotResumable) as refused:
        forked(Run.objects.get(pk=run.pk))
    assert refused.value.status == "completed"
    assert Run.objects.count() == 1


def test_a_live_run_can_be_forked_as_far_as_sql_has_it(
    run: Run, worker: Worker, redis: Redis
) -> None:
    worker.begin("blog")
    worker.section(ONE, "section-1", "First.")
    Projector(redis).poll()
    worker.section(TWO, "section-2", "Not in SQL yet.")
    new = forked(Run.objects.get(pk=run.pk), input={"topic": "Another"})
    assert completed_paths(folded(redis, new)) == {ONE}


def test_an_input_is_laid_over_the_old_one(completed: Run) -> None:
    new = forked(completed, input={"tone": "dry"})
    assert new.input == completed.input | {"tone": "dry"}
    assert forked(completed, from_=[ONE]).input == completed.input
    with pytest.raises(Invalid) as refused:
        forked(completed, input={"words": 1})
    assert refused.value.errors[0]["loc"] == ("words",)


def test_a_prepared_input_stays_as_it_was_prepared(
    completed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(owner: Any, input: dict[str, Any]) -> dict[str, Any]:
        return input | {"audience": "read again"}

    monkeypatch.setitem(lifecycle.preparers, "blog", prepare)
    same, other = forked(completed, from_=[ONE]), forked(completed, input={"tone": "dry"})
    assert (same.input["audience"], other.input["audience"]) == ("", "read again")


def test_the_same_key_and_request_give_one_fork(failed: Run) -> None:
    first, second = (fork(failed, owner=failed.owner, key="k") for _ in range(2))
    assert (first.created, second.created, first.run) == (True, False, second.run)
    with pytest.raises(KeyReused):
        fork(failed, owner=failed.owner, key="k", from_=[ONE])
    with pytest.raises(KeyReused):
        lifecycle.start(owner=failed.owner, workflow="blog", input=BRIEF, key="k")


def test_a_fork_counts_for_the_quota(failed: Run, settings: Settings) -> None:
    settings.GX = replace(settings.GX, user_concurrent_runs=1)
    forked(failed)
    with pytest.raises(OverQuota):
        forked(failed)
    assert (Run.objects.count(), Span.objects.filter(copied__isnull=False).count()) == (2, 5)


def test_forks_of_one_owner_enter_one_by_one_and_hold_nothing_while_they_wait(
    failed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, insert = list[int](), entrance._inserted

    def counted(entrants: Any, go_on: Any) -> Any:
        entered.append(len(entrants))
        return insert(entrants, go_on)

    def forks(_: int) -> Run:
        try:
            return forked(failed)
        finally:
            connection.close()

    monkeypatch.setattr(entrance, "_inserted", counted)
    with ThreadPoolExecutor(5) as threads, in_turn(failed.owner_id):
        before = lent()
        found = threads.map(forks, range(5))
        until(lambda: sum(map(len, entrance._singly._lines.values())) == 4, 20)
        until(lambda: lent() <= before + 1, 20)
    assert len({run.pk for run in found}) == 5
    assert entered == [1] * 5


def test_without_redis_nothing_is_inserted(failed: Run, settings: Settings) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(Unavailable):
        forked(failed)
    assert Run.objects.count() == 1


@pytest.mark.parametrize("limit", ["MOST_SPANS", "MOST_CHARACTERS"])
def test_what_is_too_large_is_refused(failed: Run, monkeypatch: Any, limit: str) -> None:
    monkeypatch.setattr(forking, limit, 4)
    with pytest.raises(TooLarge):
        forked(failed)
    assert Run.objects.count() == 1


@contextmanager
def projecting_when(read: Event, redis: Redis) -> Iterator[None]:
    def project() -> None:
        read.wait(10)
        Projector(redis).poll()
        connections.close_all()

    thread = Thread(target=project)
    thread.start()
    yield
    read.set()
    thread.join()


def test_a_run_that_has_just_ended_is_waited_for(
    run: Run, worker: Worker, redis: Redis, monkeypatch: Any
) -> None:
    """Its log has ended, SQL does not know it yet: all that it finished is still taken over."""
    worker.begin("blog")
    worker.section(ONE, "section-1", "First.")
    lifecycle.cancel(run, by="owner")
    looked = Event()

    class Pause:
        def wait(self, seconds: float) -> None:
            looked.set()
            Event().wait(seconds)

    monkeypatch.setattr(forking, "Event", Pause)
    with projecting_when(looked, redis):
        new = forked(Run.objects.get(pk=run.pk))
    assert completed_paths(folded(redis, new)) == {ONE}


def test_an_end_that_does_not_come_to_sql_is_a_matter_of_time(
    run: Run, redis: Redis, monkeypatch: Any
) -> None:
    monkeypatch.setattr(forking, "SETTLES_S", 0.1)
    lifecycle.cancel(run, by="owner")
    with pytest.raises(Unavailable):
        forked(Run.objects.get(pk=run.pk))


def test_a_fork_of_a_fork_names_where_it_was_done(failed: Run, redis: Redis) -> None:
    second = forked(failed)
    lifecycle.cancel(second, by="owner")
    Projector(redis).poll()
    third = forked(Run.objects.get(pk=second.pk))
    state = folded(redis, third)
    assert completed_paths(state) == {PLAN, ONE, TWO, INNER, STITCH}
    assert state.spans[ONE].copied == f"{failed.id}:{state.spans[ONE].hash}"


def test_projecting_a_fork_leaves_its_rows_as_they_were_copied(failed: Run, redis: Redis) -> None:
    new = forked(failed)
    told = [span.__dict__ | {"_state": None} for span in new.spans.exclude(path="blog")]
    Worker.opened(redis, new)
    Projector(redis).poll()
    assert [span.__dict__ | {"_state": None} for span in new.spans.exclude(path="blog")] == told


def lose(redis: Redis, run: Run) -> None:
    redis.flushall()
    serve(redis)
    overdue(redis, run)


def test_a_fork_whose_log_was_never_written_comes_with_its_spans(
    failed: Run, redis: Redis, monkeypatch: Any, monitor: Monitor, bell: ListBell
) -> None:
    """The web was killed between the row and the log."""
    monkeypatch.setattr(entrance, "announce", lambda *_: None)
    new = forked(failed)
    assert not redis.exists(keys.log(new.id))
    lose(redis, new)
    monitor.tick()
    state = folded(redis, new)
    assert completed_paths(state) == {PLAN, ONE, TWO, INNER, STITCH}
    assert state.channels["section-1"].text == "First, smoothed."
    assert [order.run for order in bell.orders] == [str(new.id)]


@pytest.mark.parametrize("projected", [False, True])
def test_a_fork_whose_log_is_lost_keeps_its_spans(
    failed: Run, redis: Redis, monitor: Monitor, projected: bool
) -> None:
    new = forked(failed)
    worker = Worker.opened(redis, new)
    worker.begin("blog")
    worker.section("blog/last", "section-3", "Third.")
    if projected:
        Projector(redis).poll()
    lose(redis, new)
    monitor.tick()
    events = log.read(redis, str(new.id))
    assert isinstance(events[0].body, RunRestored)
    state = fold(EMPTY, events)
    mine = {"blog/last"} if projected else set()
    assert completed_paths(state) == {PLAN, ONE, TWO, INNER, STITCH} | mine
    assert state.calls == len(mine)
    assert state.channels["section-1"].text == "First, smoothed."
    assert state.spans[ONE].copied


def test_a_fork_outlives_the_run_that_it_came_from(
    failed: Run, redis: Redis, monitor: Monitor
) -> None:
    new = forked(failed)
    failed.delete()
    lose(redis, new)
    monitor.tick()
    assert completed_paths(folded(redis, new)) == {PLAN, ONE, TWO, INNER, STITCH}
    assert Run.objects.get(pk=new.pk).forked_from is None


def test_a_fork_is_remembered_without_redis(failed: Run, redis: Redis, settings: Settings) -> None:
    new = forked(failed)
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    view = history.view(Run.objects.get(pk=new.pk))
    assert completed_paths(view.state) == {PLAN, ONE, TWO, INNER, STITCH}
    assert not view.live


def test_large_outputs_come_along_by_reference(run: Run, worker: Worker, redis: Redis) -> None:
    worker.begin("blog")
    worker.begin(ONE, "blog")
    worker.finish(ONE, {"markdown": "x" * 100_000})
    lifecycle.cancel(run, by="owner")
    Projector(redis).poll()
    new = forked(Run.objects.get(pk=run.pk))
    assert folded(redis, new).spans[ONE].output == {"markdown": "x" * 100_000}
    assert redis.hlen(keys.blob(new.id)) == 1


def test_an_ended_fork_is_kept_with_what_it_took_over(failed: Run, redis: Redis) -> None:
    new = forked(failed)
    worker = Worker.opened(redis, new)
    worker.begin("blog")
    assert worker.say((Text("section-3", 0, "Third."), "blog"), (RunCompleted("done"), None)).ok
    Projector(redis).poll()
    redis.flushall()
    state = history.state(Run.objects.get(pk=new.pk))
    assert (state.status, len(completed_paths(state))) == ("completed", 5)
    assert [e.kind for e in history.events(Run.objects.get(pk=new.pk))].count("span.completed") == 5


def test_a_run_that_never_began_is_resumed_from_nothing(run: Run, redis: Redis) -> None:
    lifecycle.cancel(run, by="owner")
    Projector(redis).poll()
    new = forked(Run.objects.get(pk=run.pk))
    assert len(log.read(redis, str(new.id))) == 1
    assert not any(isinstance(e.body, SpanStarted) for e in log.read(redis, str(new.id)))


def test_a_large_fork_is_announced_though_its_copying_took_its_time(
    failed: Run, redis: Redis, monkeypatch: Any
) -> None:
    """What is announced too late is left to the monitor, which comes by every ten seconds."""
    check = forking._check_size

    def slow(run: Run) -> None:
        check(run)
        Event().wait(1.6)

    monkeypatch.setattr(entrance, "SETTLED_S", 1.5)
    monkeypatch.setattr(forking, "_check_size", slow)
    assert redis.exists(keys.log(forked(failed).id))
