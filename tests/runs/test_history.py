"""Readers never notice where a log is."""

from __future__ import annotations

from dataclasses import replace

from pytest_django import Settings
from redis import Redis

from runs import history
from runs.models import Run
from runs.projector import Projector
from runs.restore import restore
from tests.runs.worker import Worker
from tests.valkey import free_port
from workflows.wire import codec, keys, log
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import Status


def reread(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


def written(worker: Worker) -> None:
    worker.begin("blog")
    worker.section("blog/a", "one", "Warm.")
    worker.begin("blog/b", "blog")
    worker.write("blog/b", "two", "Unfinish")


def away(settings: Settings) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")


def test_a_live_run_is_read_from_redis(run: Run, worker: Worker, redis: Redis) -> None:
    written(worker)
    found = history.read(run)
    assert list(found.events) == log.read(redis, str(run.id))
    assert (found.live, found.reset) == (True, False)
    assert history.state(run).channels["two"].text == "Unfinish"


def test_a_cut_at_every_cursor_loses_and_doubles_nothing(run: Run, worker: Worker) -> None:
    written(worker)
    whole = history.events(run)
    for number, event in enumerate(whole, start=1):
        assert history.read(run, event.id).events == tuple(whole[number:])


def test_a_finished_run_reads_the_same_after_flushall(
    run: Run, worker: Worker, redis: Redis, settings: Settings
) -> None:
    written(worker)
    worker.finish("blog/b", "x" * 40_000)
    worker.complete({"title": "Heat"})
    events, state = history.events(run), history.state(run)
    lines = [codec.dumps(codec.to_json(event)) for event in events]
    Projector(redis).poll()
    redis.flushall()
    away(settings)
    found = reread(run)
    assert (history.events(found), history.state(found)) == (events, state)
    assert [codec.dumps(codec.to_json(event)) for event in history.events(found)] == lines
    assert history.read(found, events[3].id).events == tuple(events[4:])


def test_a_run_that_ends_while_it_is_read_is_found_in_the_archive(
    run: Run, worker: Worker, redis: Redis
) -> None:
    worker.complete(1)
    events = history.events(run)
    Projector(redis).poll()
    redis.flushall()
    assert not run.finished  # the row as it was read before
    assert history.events(run) == events


def test_a_cursor_that_is_not_in_the_log_is_reset(run: Run, worker: Worker) -> None:
    written(worker)
    found = history.read(run, Cursor(7, 3))
    assert (found.reset, found.events) == (True, tuple(history.events(run)))


def test_without_redis_a_live_run_is_what_sql_has(
    run: Run, worker: Worker, redis: Redis, settings: Settings
) -> None:
    written(worker)
    Projector(redis).poll()
    state = history.state(run)
    away(settings)
    view = history.view(reread(run))
    assert (view.live, view.state.status, view.state.cursor) == (False, "running", state.cursor)
    assert view.state.channels == {"one": state.channels["one"]}
    assert list(view.state.spans) == ["blog", "blog/a", "blog/b"]
    assert view.state.spans["blog/a"].output == {"markdown": "Warm."}
    assert history.read(reread(run)).live is False


def test_how_far_it_came_is_remembered_and_restored(run: Run, worker: Worker, redis: Redis) -> None:
    worker.begin("blog")
    worker.say((Status("Reading", 3, 12), "blog"))
    Projector(redis).poll()
    redis.flushall()
    root = history.view(reread(run)).state.root
    found = reread(run)
    assert restore(redis, found, tip=ZERO, redis_run_id=log.redis_run_id(redis))
    again = history.view(reread(run)).state.root
    for span in (root, again):
        assert span is not None
        assert (span.message, span.done, span.total) == ("Reading", 3, 12)


def test_a_log_that_has_less_than_sql_is_not_shown(run: Run, worker: Worker, redis: Redis) -> None:
    written(worker)
    Projector(redis).poll()
    redis.xdel(keys.log(run.id), str(worker.tip))
    view = history.view(reread(run))
    assert (view.live, view.state.channels["one"].text) == (False, "Warm.")


async def test_the_same_from_an_event_loop(run: Run, worker: Worker) -> None:
    written(worker)
    assert await history.aread(run) == history.read(run)
