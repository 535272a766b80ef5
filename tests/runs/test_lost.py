"""What a log cannot tell stands in the trace all the same: calls that died with their worker."""

from __future__ import annotations

import pytest
from django.test import Client
from redis import Redis

from runs import history, lost
from runs.collector import Collector
from runs.ledger import Call as Row
from runs.models import Run
from runs.projector import Projector
from tests.runs.ledger import begun, spend
from tests.runs.worker import Worker
from workflows.wire.events import Call


@pytest.fixture
def left(redis: Redis, run: Run, worker: Worker, projector: Projector) -> Run:
    """Its first worker died in the midst of a call, the second has finished another step."""
    worker.begin("blog")
    worker.begin("blog/ask", parent="blog")
    spend(redis, begun(run, "gone", span="blog/ask"))
    Collector(redis).poll()
    run.take_attempt()
    assert worker.open(2, reason="crashed").ok
    projector.poll()
    run.refresh_from_db()
    return run


def test_a_call_that_died_with_its_worker_is_in_its_step(left: Run) -> None:
    state = lost.counted(left.pk, history.state(left))
    assert state.spans["blog/ask"].usage.calls == (Call("fake", "large", status="lost", id="gone"),)
    assert state.spans["blog"].usage.calls == ()
    assert (state.calls, state.cost_usd) == (1, None)


def test_programs_and_people_are_told(left: Run, client: Client) -> None:
    client.force_login(left.owner)
    [root] = client.get(f"/api/runs/{left.pk}/trace").json()["items"]
    assert root["children"][0]["usage"] == {
        "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": None, "calls": 1
    }  # fmt: skip
    assert client.get(f"/api/runs/{left.pk}").json()["usage"]["cost_usd"] is None
    assert "<dt>Cost</dt><dd>unknown</dd>" in client.get(f"/runs/{left.pk}/trace/").content.decode()


def test_without_such_calls_the_state_is_as_it_was(left: Run) -> None:
    Row.objects.all().delete()
    state = history.state(left)
    assert lost.counted(left.pk, state) is state
