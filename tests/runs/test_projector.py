"""Log to rows: complete, once, and never back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis import Redis

from runs import history, rows, signals
from runs.followed import Followed, Outcome
from runs.models import LogArchive, Notice, Run, Span
from runs.projector import Projector
from tests.runs.worker import Worker, due_at
from workflows.wire import codec, faults, keys, log
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Error,
    Object,
    RunFailed,
    RunQueued,
    Saved,
    SpanCompleted,
    SpanFailed,
    Status,
    Usage,
)
from workflows.wire.faults import Fault
from workflows.wire.script import run_script


def reread(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


def whole_run(worker: Worker) -> None:
    worker.begin("blog")
    worker.say((Status("writing", 1, 2), "blog"))
    worker.section("blog/write[0]", "section-1", "Warm.")
    worker.finish("blog", {"title": "Heat"})
    worker.complete({"title": "Heat"})


def test_rows_say_what_the_log_says(run: Run, worker: Worker, projector: Projector) -> None:
    worker.begin("blog")
    worker.say((Status("writing", 1, 2), "blog"))
    worker.section("blog/write[0]", "section-1", "Warm.")
    projector.poll()
    found = reread(run)
    assert (found.status, found.starts, found.cursor) == ("running", 1, worker.tip)
    assert (found.progress_done, found.progress_total) == (1, 2)
    assert (found.prompt_tokens, found.completion_tokens) == (10, 5)
    assert (found.cost_usd, found.calls) == (0.25, 1)
    spans = [(span.path, span.status, span.output) for span in found.spans.order_by("number")]
    assert spans == [
        ("blog", "running", None),
        ("blog/write[0]", "completed", {"markdown": "Warm."}),
    ]


@pytest.mark.parametrize("kept", [0, 2000])
def test_a_run_that_waits_for_a_worker_costs_sql_no_write(
    run: Run, projector: Projector, redis: Redis, monkeypatch: Any, kept: int
) -> None:
    """Thousands of them may wait, and their rows say all that their logs do."""
    monkeypatch.setattr("runs.projector.KEPT", kept)
    with CaptureQueriesContext(connection) as asked:
        projector.poll()
    assert [one["sql"] for one in asked if not one["sql"].startswith("SELECT")] == []
    assert projector._news() == []
    worker = Worker.opened(redis, run)
    projector.poll()
    assert (reread(run).status, reread(run).cursor) == ("running", worker.tip)


def test_what_the_cache_saved_is_remembered(run: Run, worker: Worker, projector: Projector) -> None:
    worker.begin("blog")
    saved = SpanCompleted("x", cached=True, usage=Usage(saved=Saved(7, 0.5)))
    worker.say((saved, "blog"))
    projector.poll()
    state = rows.remembered(reread(run), run.spans.all())
    assert state.spans["blog"].usage == saved.usage


def test_an_end_is_status_output_and_archive_at_once(
    run: Run, worker: Worker, projector: Projector, redis: Redis
) -> None:
    whole_run(worker)
    events = log.read(redis, str(run.id))
    projector.poll()
    found = reread(run)
    assert (found.status, found.output, found.finished) == ("completed", {"title": "Heat"}, True)
    assert found.archive.events == events
    assert due_at(redis, run) is None
    assert 0 < redis.ttl(keys.log(run.id)) <= 3600


def test_polling_in_steps_gives_the_rows_of_one_poll(
    run: Run, worker: Worker, projector: Projector, redis: Redis
) -> None:
    worker.begin("blog")
    projector.poll()
    worker.section("blog/a", "one", "A" * 9000)
    projector.poll()
    worker.section("blog/b", "one", "B")
    projector.poll()
    stepwise = list(Span.objects.order_by("number").values())
    Span.objects.all().delete()
    Run.objects.update(cursor_attempt=0, cursor_seq=0)
    Projector(redis).poll()
    assert list(Span.objects.order_by("number").values()) == stepwise


def test_a_new_projector_goes_on_where_the_rows_are(run: Run, worker: Worker, redis: Redis) -> None:
    worker.begin("blog")
    Projector(redis).poll()
    worker.section("blog/a", "one", "A")
    Projector(redis).poll()
    assert reread(run).cursor == worker.tip
    assert [span.path for span in run.spans.order_by("number")] == ["blog", "blog/a"]


def test_a_span_keeps_what_it_had_said_though_another_said_over_it(
    run: Run, worker: Worker, projector: Projector
) -> None:
    worker.begin("blog")
    worker.section("blog/a", "one", "First.")
    worker.say((Object("outline", [1]), "blog"))
    worker.section("blog/b", "one", "Second.")
    projector.poll()
    said = {span.path: span.said for span in run.spans.all()}
    assert said == {
        "blog": {},
        "blog/a": {"texts": {"one": "First."}},
        "blog/b": {"texts": {"one": "Second."}},
    }


def test_two_projectors_are_one(run: Run, worker: Worker, redis: Redis) -> None:
    first, second = Projector(redis), Projector(redis)
    for path in ("blog", "blog/a", "blog/b"):
        worker.begin(path)
        first.poll()
        second.poll()
        worker.finish(path)
        second.poll()
        first.poll()
    worker.complete("done")
    first.poll()
    second.poll()
    assert (reread(run).status, reread(run).calls) == ("completed", 3)
    assert [span.status for span in run.spans.all()] == ["completed"] * 3


def test_the_loser_of_a_race_writes_nothing(run: Run, worker: Worker, redis: Redis) -> None:
    slow, quick = Projector(redis), Projector(redis)
    worker.begin("blog")
    slow.poll()
    followed = slow.followed[str(run.id)]
    worker.finish("blog", 1)
    late = log.read(redis, str(run.id), after=followed.position)
    worker.complete(2)
    quick.poll()
    followed.take(late, lambda: log.read(redis, str(run.id)))
    assert (reread(run).status, reread(run).output) == ("completed", 2)


def test_it_leaves_a_log_that_is_shorter_than_sql(run: Run, worker: Worker, redis: Redis) -> None:
    worker.begin("blog")
    worker.section("blog/a", "one", "A")
    Projector(redis).poll()
    before = reread(run).cursor
    redis.xtrim(keys.log(run.id), maxlen=0)
    entry = codec.encode(RunQueued("blog", 1, "1", {}), at=1)
    redis.delete(keys.log(run.id))
    run_script(redis, log.queue_call(str(run.id), entry, due_ms=1000))
    other = Worker.opened(redis, run, attempt=2)
    other.begin("blog")
    Projector(redis).poll()
    assert reread(run).cursor == before
    assert [span.status for span in run.spans.order_by("number")] == ["running", "completed"]


def test_an_end_is_taken_from_a_log_that_lost_its_middle(
    run: Run, worker: Worker, redis: Redis
) -> None:
    worker.begin("blog")
    cut = worker.tip
    worker.section("blog/a", "one", "A")
    Projector(redis).poll()
    for event in log.read(redis, str(run.id), after=cut):
        redis.xdel(keys.log(run.id), str(event.id))
    other = Worker.opened(redis, run, attempt=2)
    other.complete("the end")
    projector = Projector(redis)
    projector.poll()
    assert (reread(run).status, reread(run).output) == ("completed", "the end")
    assert run.spans.get(path="blog/a").status == "completed"


def test_a_crash_between_end_and_expiry_is_healed(
    run: Run, worker: Worker, projector: Projector, redis: Redis
) -> None:
    whole_run(worker)
    projector.poll()
    redis.persist(keys.log(run.id))
    redis.zadd(keys.due(keys.bucket(run.id)), {str(run.id): 1})
    Projector(redis).poll()
    assert due_at(redis, run) is None
    assert redis.ttl(keys.log(run.id)) > 0


def test_a_crash_between_expiry_and_the_last_step_is_healed(
    run: Run, worker: Worker, projector: Projector, redis: Redis
) -> None:
    whole_run(worker)
    projector.poll()
    redis.flushall()
    redis.zadd(keys.due(keys.bucket(run.id)), {str(run.id): 1})
    Projector(redis).poll()
    assert due_at(redis, run) is None
    assert reread(run).status == "completed"


def test_poison_in_one_run_stops_no_other(
    run: Run,
    projector: Projector,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def take(followed: Followed, *news: Any) -> Outcome:
        if followed.run.pk == run.pk:
            raise ValueError("nobody thought of that")
        return whole(followed, *news)

    whole = Followed.take
    monkeypatch.setattr(Followed, "take", take)
    other = Run.objects.create(owner_id=run.owner_id, workflow="blog", version=1, input={})
    entry = codec.encode(RunQueued("blog", 1, "1", {}), at=1)
    run_script(redis, log.queue_call(str(other.id), entry, due_ms=1000))
    redis.xadd(keys.log(run.id), {"kind": "text", "data": "{}"}, id="1-0")
    opened = Worker.opened(redis, other)
    projector.poll()
    projector.poll()
    assert reread(other).cursor == opened.tip
    assert reread(run).cursor == Cursor(0, 0)
    assert "cannot be projected" in caplog.text


def test_an_end_whose_log_is_lost_before_it_was_kept_is_left_to_the_monitor(
    run: Run, worker: Worker, redis: Redis
) -> None:
    projected = Followed(run)
    assert projected.take([], lambda: log.read(redis, str(run.id))) is Outcome.GOES_ON
    worker.complete()
    news = log.read(redis, str(run.id), projected.position)
    assert projected.take(news, list) is Outcome.ASTRAY
    assert not reread(run).finished


def test_a_run_that_sql_does_not_know_is_left_alone(
    transactional_db: None, projector: Projector, redis: Redis
) -> None:
    stranger = "00000000-0000-4000-8000-000000000000"
    redis.zadd(keys.due(0), {stranger: 1})
    projector.poll()
    assert redis.zrange(keys.due(0), 0, -1) == [stranger.encode()]


def test_a_run_that_is_deleted_while_it_speaks_is_nobodys_fault(
    run: Run, worker: Worker, projector: Projector, caplog: pytest.LogCaptureFixture
) -> None:
    worker.begin("blog")
    projector.poll()
    worker.say((Status("writing", 1, 2), "blog"))
    Run.objects.all().delete()
    projector.poll()
    assert str(run.id) not in projector.followed
    assert caplog.records == []


def test_values_over_32_kilobytes_come_back_whole(
    run: Run, worker: Worker, projector: Projector
) -> None:
    worker.begin("blog")
    worker.finish("blog", "x" * 50_000)
    worker.complete("y" * 50_000)
    projector.poll()
    assert run.spans.get().output == "x" * 50_000
    assert reread(run).output == "y" * 50_000
    assert LogArchive.objects.get().events[-1].body.output == "y" * 50_000  # type: ignore[union-attr]


def test_nul_and_halves_of_surrogates_are_stored(
    run: Run, worker: Worker, projector: Projector
) -> None:
    worker.begin("blog\x00")
    worker.write("blog\x00", "one", "a\x00b")
    worker.finish("blog\x00", {"said": "a\x00b"})
    worker.complete("\x00")
    projector.poll()
    assert reread(run).output == "\x00"
    assert [span.output for span in run.spans.all()] == [{"said": "a\x00b"}]


def test_the_words_of_a_strange_worker_are_stored(
    run: Run, worker: Worker, projector: Projector
) -> None:
    worker.begin("blog")
    worker.say((SpanFailed(Error("\x00", "\x00"), 1.0), "blog"))
    worker.say((RunFailed(Error("a\x00b" * 50, "\x00")), None))
    projector.poll()
    assert (reread(run).status, reread(run).error_type[:3]) == ("failed", "a\ufffdb")


def test_what_is_to_be_told_is_written_with_the_rows(
    run: Run, worker: Worker, projector: Projector
) -> None:
    def hear(**_: object) -> None: ...

    for signal in (signals.run_started, signals.span_finished, signals.run_finished):
        signal.connect(hear)
    try:
        whole_run(worker)
        projector.poll()
    finally:
        for signal in (signals.run_started, signals.span_finished, signals.run_finished):
            signal.disconnect(hear)
    told = [(notice.kind, notice.span and notice.span.path) for notice in Notice.objects.all()]
    assert told == [
        ("run_started", None),
        ("span_finished", "blog"),
        ("span_finished", "blog/write[0]"),
        ("run_finished", None),
    ]


def test_whole_errors_are_kept_for_staff_when_the_log_goes(
    run: Run, worker: Worker, projector: Projector, redis: Redis
) -> None:
    fault = Fault(1, 0, 5, "blog", "failed", "Traceback: \x00 /srv/flow.py")
    redis.hset(keys.blob(run.id), mapping=faults.packed(fault))  # type: ignore[arg-type]
    assert history.faults(run) == [fault]
    worker.say((RunFailed(Error("internal", "Something went wrong.")), None))
    projector.poll()
    redis.flushall()
    assert history.faults(Run.objects.get()) == [fault]
    assert LogArchive.objects.get().faults == [asdict(fault)]
