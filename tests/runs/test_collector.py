"""From the spend streams to the ledger: nothing lost, nothing twice, whoever reads it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.db import connection
from redis import Redis

from runs.collector import BATCH, Collector, take
from runs.erasing import erase
from runs.ledger import Call
from runs.models import Run
from runs.projector import Projector
from tests.runs.ledger import begun, ended, left, rows, spend
from tests.runs.worker import Worker
from workflows.wire import keys
from workflows.wire.spend import UNSENT


@pytest.fixture
def collector(redis: Redis) -> Collector:
    return Collector(redis)


def usage(run: Run) -> tuple[int, int, int, float | None]:
    run.refresh_from_db()
    return run.calls, run.prompt_tokens, run.completion_tokens, run.cost_usd


def test_records_become_rows_and_are_trimmed(redis: Redis, run: Run, collector: Collector) -> None:
    one = begun(run, "a")
    spend(redis, one, ended(one), begun(run, "b"))
    assert not collector.poll()
    assert rows() == [("a", 10, 0.25, "ok"), ("b", None, None, "")]
    assert left(redis) == 0


def test_a_record_read_twice_or_in_any_order_is_one_row(run: Run) -> None:
    one = begun(run, "a")
    for order in ([ended(one), one], [one, ended(one)], [ended(one)], [one], [ended(one)] * 2):
        take(order)
        assert rows() == [("a", 10, 0.25, "ok")]


def test_a_reader_that_dies_before_it_trims_loses_nothing(
    redis: Redis, run: Run, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = begun(run, "a")
    spend(redis, one, ended(one))

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Collector, "_trim", dies)
        with pytest.raises(KeyboardInterrupt):
            collector.poll()
    assert left(redis) == 2
    collector.poll()
    assert (rows(), left(redis)) == ([("a", 10, 0.25, "ok")], 0)


def test_what_comes_while_it_reads_is_not_trimmed(
    redis: Redis, run: Run, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(redis, begun(run, "a"))
    trim = Collector._trim

    def late(self: Collector, found: Any) -> None:
        spend(redis, begun(run, "b"))
        trim(self, found)

    monkeypatch.setattr(Collector, "_trim", late)
    collector.poll()
    monkeypatch.undo()
    collector.poll()
    assert [row[0] for row in rows()] == ["a", "b"]


def test_more_than_one_batch_is_read_at_once(redis: Redis, run: Run, collector: Collector) -> None:
    spend(redis, *(begun(run) for _ in range(BATCH + 1)))
    assert collector.poll()
    assert not collector.poll()
    assert (Call.objects.count(), left(redis)) == (BATCH + 1, 0)


def test_what_is_no_record_holds_up_nobody(redis: Redis, run: Run, collector: Collector) -> None:
    one = begun(run, "a")
    for data in ("", "{", '{"id": 7}', "[]"):
        redis.xadd(keys.spend(keys.bucket(run.pk)), {"data": data})
    redis.xadd(keys.spend(keys.bucket(run.pk)), {"other": "x"})
    spend(
        redis, replace(one, owner="no number"), replace(one, id="b", run="00 none", owner="9" * 40)
    )
    collector.poll()
    assert ([row[0] for row in rows()], left(redis)) == (["a"], 0)


@pytest.mark.parametrize(
    "wrong", [{"owner": "9" * 5000}, {"prompt_tokens": 2**53}, {"cost_usd": 1e300}, {"id": ""}]
)
def test_a_record_out_of_all_bounds_holds_up_nobody_and_is_not_repeated(
    redis: Redis,
    run: Run,
    collector: Collector,
    caplog: pytest.LogCaptureFixture,
    wrong: dict[str, Any],
) -> None:
    spend(redis, replace(ended(begun(run, "a", span="secret")), **wrong), begun(run, "b"))
    collector.poll()
    assert (rows(), left(redis)) == ([("b", None, None, "")], 0)
    assert "no record of a try" in caplog.text
    assert "secret" not in caplog.text


def test_two_collectors_are_as_one(redis: Redis, run: Run, collector: Collector) -> None:
    calls = [begun(run) for _ in range(40)]
    spend(redis, *calls, *(ended(call) for call in calls))

    def collect() -> None:
        Collector(redis).poll()
        connection.close()

    threads = [threading.Thread(target=collect) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    collector.poll()
    assert (Call.objects.count(), left(redis)) == (40, 0)
    assert usage(run) == (40, 400, 200, 10.0)


def test_a_run_counts_what_its_log_never_told(
    redis: Redis, run: Run, worker: Worker, projector: Projector, collector: Collector
) -> None:
    """A zombie's call: the log had refused its writer, the provider had not."""
    worker.begin("blog")
    one, other = begun(run), begun(run)
    spend(redis, one, other, ended(one))
    projector.poll()
    collector.poll()
    assert usage(run) == (1, 10, 5, 0.25)
    run.take_attempt()
    assert worker.open(2, reason="crashed").ok
    projector.poll()
    # Its worker is gone: what it cost is unknown, and no zero.
    assert usage(run) == (2, 10, 5, None)
    spend(redis, ended(other, cost_usd=0.5))
    collector.poll()
    assert usage(run) == (2, 20, 10, 0.75)


def test_a_call_that_is_in_the_log_too_counts_once(
    redis: Redis, run: Run, worker: Worker, projector: Projector, collector: Collector
) -> None:
    one = begun(run)
    worker.begin("blog")
    worker.finish("blog")  # with one call of 10 and 5 tokens for a quarter
    projector.poll()
    assert usage(run) == (1, 10, 5, 0.25)
    spend(redis, one)
    collector.poll()
    assert usage(run) == (1, 10, 5, 0.25)
    spend(redis, ended(one))
    collector.poll()
    assert usage(run) == (1, 10, 5, 0.25)
    worker.complete()
    projector.poll()
    assert usage(run) == (1, 10, 5, 0.25)


def test_a_run_that_ends_with_an_open_call_has_an_unknown_cost(
    redis: Redis, run: Run, worker: Worker, projector: Projector, collector: Collector
) -> None:
    spend(redis, begun(run), ended(begun(run), status=UNSENT, cost_usd=0.0, prompt_tokens=0))
    collector.poll()
    assert usage(run) == (0, 0, 0, 0.0)
    worker.complete()
    projector.poll()
    assert usage(run) == (1, 0, 0, None)


def test_what_a_deleted_run_cost_stays_without_a_word(
    redis: Redis, run: Run, collector: Collector
) -> None:
    one, other = begun(run, "a"), begun(run, "b")
    spend(redis, one, ended(one), other)
    collector.poll()
    erase(run)
    # Its worker did not know.
    spend(redis, ended(other))
    collector.poll()
    assert rows() == [("a", 10, 0.25, "ok"), ("b", 10, 0.25, "ok")]
    assert not Call.objects.exclude(run=None, span=None).exists()


def test_with_its_owner_all_of_it_goes(
    redis: Redis, run: Run, alice: AbstractUser, collector: Collector
) -> None:
    one = begun(run)
    spend(redis, one, ended(one))
    collector.poll()
    Run.objects.all().delete()
    alice.delete()
    spend(redis, ended(one))
    collector.poll()
    assert (rows(), left(redis)) == ([], 0)
