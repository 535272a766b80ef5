"""Every live run goes on or ends, whatever is lost, and nothing is done twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import AbstractUser
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from runs import lifecycle
from runs.models import Run
from runs.monitor import SETTLED, Monitor
from runs.projector import Projector
from tests.runs.conftest import BRIEF, Clock, ListBell
from tests.runs.worker import Worker, due_at, overdue, serve
from workflows.wire import keys, lease, log
from workflows.wire.cursor import Cursor
from workflows.wire.events import RunFailed, RunRestored, SpanCompleted, SpanStarted
from workflows.wire.fold import fold
from workflows.wire.orders import Order
from workflows.wire.state import EMPTY, State


def reread(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


def folded(redis: Redis, run: Run) -> State:
    return fold(EMPTY, log.read(redis, str(run.id)))


def calm_down(monitor: Monitor, clock: Clock) -> None:
    """A whole lease of ticks that are not late."""
    for _ in range(6):
        monitor.tick()
        clock.now += 1


def order(redis: Redis, run: Run, attempt: int) -> Order:
    return Order(str(run.id), "blog", 1, attempt, log.redis_run_id(redis))


def test_a_run_whose_order_was_lost_is_rung_for_with_its_own_attempt(
    run: Run, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    serve(redis)
    overdue(redis, run)
    monitor.tick()
    monitor.tick()
    assert bell.orders == [order(redis, run, 1)]
    assert reread(run).attempt == 1
    assert (due_at(redis, run) or 0) > 1


def test_a_number_is_not_rung_again_under_another_start_of_redis(
    run: Run, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    """A file that was cut back may have lost an opening with that number, which readers saw."""
    serve(redis)
    Run.objects.filter(pk=run.pk).update(attempt_server="0" * 40)
    overdue(redis, run)
    monitor.tick()
    assert bell.orders == [order(redis, run, 2)]
    assert reread(run).attempt_server == log.redis_run_id(redis)


def test_a_run_that_is_not_due_is_left_alone(
    run: Run, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    serve(redis)
    monitor.tick()
    assert bell.orders == []


def test_a_dead_worker_is_taken_over_from_after_a_calm_lease(
    run: Run, worker: Worker, monitor: Monitor, bell: ListBell, clock: Clock, redis: Redis
) -> None:
    serve(redis)
    worker.begin("blog")
    monitor.tick()
    worker.die()
    monitor.tick()
    assert bell.orders == []
    calm_down(monitor, clock)
    assert bell.orders == [order(redis, run, 2)]
    assert (reread(run).attempt, reread(run).crashes) == (2, 1)


def test_a_redis_that_takes_no_writes_kills_nobody(
    run: Run, worker: Worker, monitor: Monitor, bell: ListBell, clock: Clock, redis: Redis
) -> None:
    serve(redis)
    calm_down(monitor, clock)
    worker.die()
    redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(RedisError):
            monitor.tick()
    finally:
        redis.config_set("maxmemory", 0)
    assert (reread(run).attempt, reread(run).crashes) == (1, 0)
    calm_down(monitor, clock)
    assert reread(run).crashes == 1, "it was dead all the same"


def test_a_clock_that_is_put_forward_kills_nobody(
    run: Run, worker: Worker, monitor: Monitor, bell: ListBell, clock: Clock, redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    serve(redis)
    calm_down(monitor, clock)
    right = lease.now_ms
    monkeypatch.setattr(lease, "now_ms", lambda client: right(client) + 3_600_000)
    monitor.tick()
    assert (bell.orders, reread(run).crashes) == ([], 0)


def test_a_lease_that_was_renewed_is_respected(
    run: Run, worker: Worker, monitor: Monitor, bell: ListBell, clock: Clock, redis: Redis
) -> None:
    overdue(redis, run)
    serve(redis)
    calm_down(monitor, clock)
    assert (bell.orders, reread(run).attempt) == ([], 1)


def test_a_late_tick_of_its_own_makes_it_wait_another_lease(
    run: Run, worker: Worker, monitor: Monitor, bell: ListBell, clock: Clock, redis: Redis
) -> None:
    serve(redis)
    calm_down(monitor, clock)
    worker.die()
    clock.now += 60
    monitor.tick()
    assert bell.orders == []
    calm_down(monitor, clock)
    assert [one.attempt for one in bell.orders] == [2]


def test_a_run_handed_over_goes_on_at_once_and_costs_no_crash(
    run: Run, worker: Worker, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    serve(redis)
    worker.release()
    monitor.tick()
    assert bell.orders == [order(redis, run, 2)]
    assert reread(run).crashes == 0


def test_two_monitors_take_one_attempt(
    run: Run, worker: Worker, bell: ListBell, clock: Clock, redis: Redis
) -> None:
    serve(redis)
    first, second = Monitor(redis, bell, clock), Monitor(redis, bell, clock)
    first.tick()
    second.tick()
    worker.release()
    first.tick()
    second.tick()
    assert (bell.orders, reread(run).attempt) == ([order(redis, run, 2)], 2)


def test_the_loser_of_a_race_for_an_attempt_is_quiet(run: Run) -> None:
    first, second = reread(run), reread(run)
    assert first.take_attempt()
    assert not second.take_attempt()
    assert not second.rewind()
    assert reread(run).attempt == 2


def test_a_doubled_bell_opens_one_attempt(run: Run, redis: Redis) -> None:
    worker = Worker.opened(redis, run)
    assert worker.open(1).answer == "late"


def test_a_run_that_was_never_announced_is_found_by_the_sweep(
    run: Run, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    """Killed between the insert and the queue script."""
    redis.flushall()
    serve(redis)
    Run.objects.update(created_at=timezone.now() - 2 * SETTLED)
    monitor.tick()
    assert [one.attempt for one in bell.orders] == [3]
    state = folded(redis, run)
    assert (state.workflow, state.input, state.owner) == ("blog", run.input, str(run.owner_id))
    assert Worker(redis, run, Cursor(3, 0)).open(3).ok


def test_a_run_that_is_just_being_announced_is_not_swept(
    run: Run, monitor: Monitor, redis: Redis
) -> None:
    redis.flushall()
    monitor.tick()
    assert due_at(redis, run) is None


def test_a_flushall_is_noticed_at_once(
    run: Run, worker: Worker, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    Run.objects.update(created_at=timezone.now() - 2 * SETTLED)
    monitor.tick()
    redis.flushall()
    serve(redis)
    for _ in range(3):
        monitor.tick()
    assert [one.attempt for one in bell.orders] == [3]


def test_after_flushall_what_was_finished_is_restored(
    run: Run, worker: Worker, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    worker.begin("blog")
    worker.section("blog/a", "one", "Text " * 5000)
    worker.begin("blog/b", "blog")
    worker.write("blog/b", "two", "unfinished")
    Projector(redis).poll()
    before = folded(redis, run)
    redis.flushall()
    serve(redis)
    overdue(redis, run)
    monitor.tick()
    state = folded(redis, run)
    assert (list(state.spans), state.root and state.root.path) == (
        ["blog", "blog/a", "blog/b"],
        "blog",
    )
    kept, had = state.spans["blog/a"], before.spans["blog/a"]
    assert replace(kept, attempt=1) == had
    assert state.channels == {"one": before.channels["one"]}
    assert (state.starts, state.started_at) == (1, before.started_at)
    assert (state.input, state.limits) == (before.input, before.limits)
    assert (state.tokens_in, state.cost_usd, state.calls) == (10, 0.25, 1)
    assert bell.orders == [order(redis, run, 3)]


def test_a_restored_run_is_projected_and_ends(
    run: Run, worker: Worker, monitor: Monitor, redis: Redis
) -> None:
    worker.begin("blog")
    worker.section("blog/a", "one", "A")
    projector = Projector(redis)
    projector.poll()
    redis.flushall()
    overdue(redis, run)
    monitor.tick()
    projector.poll()
    assert reread(run).status == "queued"
    heir = Worker.opened(redis, run, attempt=3, reason="restored")
    heir.begin("blog")
    heir.finish("blog", "done")
    heir.complete("done")
    projector.poll()
    projector.poll()
    found = reread(run)
    assert (found.status, found.output, found.starts, found.calls) == ("completed", "done", 2, 2)
    assert [span.status for span in run.spans.all()] == ["completed", "completed"]
    assert isinstance(found.archive.events[0].body, RunRestored)


def test_a_log_cut_back_is_written_again_above_what_is_left(
    run: Run, worker: Worker, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    worker.begin("blog")
    cut = worker.tip
    worker.section("blog/a", "one", "A")
    Projector(redis).poll()
    for event in log.read(redis, str(run.id), after=cut):
        redis.xdel(keys.log(run.id), str(event.id))
    serve(redis)
    worker.release()
    monitor.tick()
    assert worker.say().answer == "lost"
    assert folded(redis, run).spans["blog/a"].output == {"markdown": "A"}
    assert bell.orders == [order(redis, run, 3)]
    Projector(redis).poll()
    assert reread(run).cursor.attempt == 2


def test_a_restore_that_was_killed_half_way_is_done_again(
    run: Run, worker: Worker, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    worker.begin("blog")
    worker.finish("blog", 1)
    Projector(redis).poll()
    redis.flushall()
    assert reread(run).rewind()  # and then the process dies
    serve(redis)
    overdue(redis, run)
    monitor.tick()
    assert folded(redis, run).spans["blog"].output == 1
    assert bell.orders == [order(redis, run, 4)]


def test_two_monitors_restore_once(run: Run, worker: Worker, redis: Redis, bell: ListBell) -> None:
    worker.begin("blog")
    Projector(redis).poll()
    redis.flushall()
    first, second = Monitor(redis, bell), Monitor(redis, bell)
    overdue(redis, run)
    first.tick()
    overdue(redis, run)
    second.tick()
    restored = [e for e in log.read(redis, str(run.id)) if isinstance(e.body, RunRestored)]
    assert len(restored) == 1


def test_a_terminal_log_is_left_to_the_projector(
    run: Run, worker: Worker, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    worker.complete(1)
    worker.die()
    monitor.tick()
    assert (bell.orders, reread(run).attempt) == ([], 1)


def test_without_a_worker_nobody_is_rung_for(
    run: Run, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    overdue(redis, run)
    monitor.tick()
    assert bell.orders == []
    serve(redis, "gx.interactive.other.v1")
    overdue(redis, run)
    monitor.tick()
    assert bell.orders == []
    assert (due_at(redis, run) or 0) > 1


def test_it_rings_for_the_oldest_as_often_as_orders_are_missing(
    alice: AbstractUser, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    runs = [lifecycle.start(owner=alice, workflow="blog", input=BRIEF).run for _ in range(4)]
    for run in runs:
        overdue(redis, run)
    serve(redis)
    bell.queued = 2
    monitor.tick()
    assert [one.run for one in bell.orders] == [str(run.id) for run in runs[:2]]


@pytest.mark.parametrize(("queued", "heard", "rung"), [(None, True, 0), (0, False, 1)])
def test_a_broker_that_is_away_does_not_hold_the_monitor_up(
    alice: AbstractUser, monitor: Monitor, bell: ListBell, redis: Redis,
    queued: int | None, heard: bool, rung: int,
) -> None:  # fmt: skip
    for _ in range(3):
        overdue(redis, lifecycle.start(owner=alice, workflow="blog", input=BRIEF).run)
    serve(redis)
    bell.queued, bell.heard = queued, heard
    monitor.tick()
    assert len(bell.orders) == rung


def test_a_deleted_run_leaves_when_its_log_is_over(
    run: Run, worker: Worker, monitor: Monitor, redis: Redis
) -> None:
    Run.objects.all().delete()
    overdue(redis, run)
    monitor.tick()
    assert (due_at(redis, run) or 0) > 1
    worker.complete()
    overdue(redis, run)
    monitor.tick()
    assert due_at(redis, run) is None


def test_a_deleted_run_without_a_log_leaves(run: Run, monitor: Monitor, redis: Redis) -> None:
    Run.objects.all().delete()
    redis.delete(keys.log(run.id))
    overdue(redis, run)
    monitor.tick()
    assert due_at(redis, run) is None


def test_what_is_no_run_is_thrown_out(
    run: Run, monitor: Monitor, projector: Projector, bell: ListBell, redis: Redis
) -> None:
    overdue(redis, run)
    serve(redis)
    redis.zadd(keys.due(keys.bucket(run.id)), {b"no run": 0, b"\xff": 0})
    projector.poll()
    monitor.tick()
    assert redis.zrange(keys.due(keys.bucket(run.id)), 0, -1) == [str(run.id).encode()]
    assert [one.run for one in bell.orders] == [str(run.id)]


def test_after_its_deadline_a_run_without_a_worker_fails(
    run: Run, monitor: Monitor, redis: Redis
) -> None:
    Run.objects.update(created_at=timezone.now() - timedelta(hours=3))
    overdue(redis, run)
    monitor.tick()
    Projector(redis).poll()
    assert (reread(run).status, reread(run).error_type) == ("failed", "deadline")


def test_twenty_crashes_are_enough(
    run: Run, worker: Worker, monitor: Monitor, clock: Clock, redis: Redis
) -> None:
    Run.objects.update(crashes_in_all=19)
    calm_down(monitor, clock)
    worker.die()
    monitor.tick()
    last = log.read(redis, str(run.id))[-1].body
    assert isinstance(last, RunFailed)
    assert last.error.type == "crashed"


def test_three_deaths_alone_are_enough_and_are_said(
    run: Run, monitor: Monitor, redis: Redis
) -> None:
    serve(redis)
    projector = Projector(redis)
    for attempt in (1, 2, 3):
        assert reread(run).attempt == attempt
        alone = Worker.opened(redis, run, attempt, reason="first" if attempt == 1 else "crashed")
        alone.begin("blog")
        alone.release(lease.CRASHED)
        monitor.tick()
        assert reread(run).deaths == attempt - 1, "SQL does not have yet what it did"
        projector.poll()
        monitor.tick()
    projector.poll()
    ended = reread(run)
    assert (ended.status, ended.error_type) == ("failed", "crashed")
    assert "3 times in a row, while it ran by itself" in ended.error_message


def test_a_worker_that_dies_with_a_suspect_proves_nothing_against_it(
    run: Run, monitor: Monitor, clock: Clock, redis: Redis
) -> None:
    serve(redis)
    calm_down(monitor, clock)
    for attempt in range(1, 6):
        Worker.opened(redis, run, attempt, reason="crashed").die()
        monitor.tick()
    found = reread(run)
    assert (found.status, found.attempt) == ("queued", 6)
    assert (found.crashes, found.crashes_in_all, found.deaths) == (5, 5, 0)


def test_a_finished_span_forgives_the_crashes(run: Run, worker: Worker, redis: Redis) -> None:
    Run.objects.update(crashes=19, crashes_in_all=19, deaths=2)
    worker.begin("blog")
    projector = Projector(redis)
    projector.poll()
    assert reread(run).crashes == 19
    worker.finish("blog")
    projector.poll()
    found = reread(run)
    assert (found.crashes, found.deaths, found.crashes_in_all) == (0, 0, 19)


def test_a_suspect_stays_one_when_its_log_is_lost(
    run: Run, worker: Worker, monitor: Monitor, redis: Redis
) -> None:
    worker.section("section", "text", "words")
    projector = Projector(redis)
    projector.poll()
    Run.objects.update(crashes=1, deaths=1, created_at=timezone.now() - 2 * SETTLED)
    redis.flushall()
    monitor.tick()
    projector.poll()
    assert folded(redis, run).suspect
    assert (reread(run).crashes, reread(run).deaths) == (1, 1)


def test_a_restart_of_redis_brings_a_sweep_and_a_pause(
    run: Run, monitor: Monitor, clock: Clock, redis: Redis
) -> None:
    calm_down(monitor, clock)
    assert monitor.calm.holds(clock())
    monitor.server = "another"
    monitor.tick()
    assert not monitor.calm.holds(clock())


def test_an_order_names_the_redis_under_which_the_log_was_looked_at(
    run: Run, monitor: Monitor, bell: ListBell, redis: Redis
) -> None:
    serve(redis)
    overdue(redis, run)
    monitor.tick()
    assert [one.redis_run_id for one in bell.orders] == [log.redis_run_id(redis)]


@pytest.mark.parametrize("size", [1, 2000])
def test_a_restore_of_any_size_is_one_step(
    run: Run, worker: Worker, monitor: Monitor, redis: Redis, size: int
) -> None:
    worker.begin("blog")
    for number in range(size):
        path = f"blog/{number}"
        body = SpanCompleted({"n": path * 50})
        worker.say((SpanStarted(path, path, parent="blog"), path), (body, path))
    projector = Projector(redis)
    while projector.poll():
        pass
    redis.flushall()
    overdue(redis, run)
    monitor.tick()
    done = [one for one in folded(redis, run).spans.values() if one.status == "completed"]
    assert len(done) == size


def test_a_run_that_cannot_be_restored_stops_no_other(
    alice: AbstractUser,
    run: Run,
    worker: Worker,
    monitor: Monitor,
    bell: ListBell,
    redis: Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker.begin("blog")
    Projector(redis).poll()
    run.spans.update(input_preview="x" * 100_000)
    redis.flushall()
    other = lifecycle.start(owner=alice, workflow="blog", input=BRIEF).run
    serve(redis)
    overdue(redis, run)
    overdue(redis, other)
    monitor.tick()
    assert [one.run for one in bell.orders] == [str(other.id)]
    assert "cannot restore now" in caplog.text
    assert (due_at(redis, run) or 0) > 1
