"""Redis lost what calls have cost before it came to the ledger: the run's log still knows."""

from __future__ import annotations

import pytest
from redis import Redis

from runs.collector import Collector
from runs.ledger import Call as Row
from runs.models import Run
from runs.projector import Projector
from tests.runs.ledger import begun, ended, rows, spend
from tests.runs.worker import Worker
from workflows.wire.events import Call, SpanCompleted, SpanStarted, Usage

ASK = "blog/ask"
PAID = (Call("fake", "large", 10, 5, 0.25, id="a"), Call("fake", "large", status="timeout", id="b"))


@pytest.fixture
def worker(worker: Worker) -> Worker:
    """It has made two calls in one step."""
    worker.begin("blog")
    worker.say((SpanStarted("ask", "h", parent="blog"), ASK))
    worker.say((SpanCompleted("done", 12.5, usage=Usage(PAID)), ASK))
    return worker


def test_calls_that_only_the_log_tells_of_are_in_the_ledger(
    run: Run, worker: Worker, projector: Projector
) -> None:
    projector.poll()
    assert rows() == []
    worker.complete("out")
    projector.poll()
    assert rows() == [("a", 10, 0.25, "ok"), ("b", None, None, "timeout")]
    row = Row.objects.get(pk="a")
    assert (row.owner_id, row.run_id, row.workflow, row.attempt) == (
        run.owner_id,
        run.pk,
        "blog",
        1,
    )
    run.refresh_from_db()
    assert (run.calls, run.prompt_tokens, run.cost_usd) == (2, 10, None)


def test_what_the_ledger_knows_stays_and_a_beginning_gets_its_end(
    run: Run, worker: Worker, projector: Projector, redis: Redis
) -> None:
    spend(redis, ended(begun(run, "a", span=ASK), prompt_tokens=11), begun(run, "b", span=ASK))
    Collector(redis).poll()
    worker.complete("out")
    projector.poll()
    assert rows() == [("a", 11, 0.25, "ok"), ("b", None, None, "timeout")]
    assert Row.objects.get(pk="b").expected_tokens == 100


def test_another_runs_calls_are_not_touched(
    run: Run, worker: Worker, projector: Projector, redis: Redis
) -> None:
    other = Run.objects.create(owner=run.owner, workflow="blog", version=1, input={})
    spend(redis, begun(other, "a", span=ASK))
    Collector(redis).poll()
    worker.complete("out")
    projector.poll()
    assert Row.objects.get(pk="a").run_id == other.pk
    assert Row.objects.get(pk="a").ended_at is None
