"""A run that ended is a trace: its spans, with their times, and nobody's words."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from django.test import override_settings
from redis import Redis

from gxweb.telemetry import traces
from runs.models import Run
from tests.gxweb.telemetry.collector import collecting
from tests.runs.conftest import *  # noqa: F403 (its fixtures: a run, and a worker that has it)
from tests.runs.worker import Worker
from workflows.wire.events import SpanStarted

ROOT, STEP = "blog[0]", 'blog[0]/read_page["https://secret.example/"]'


def said(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["key"]: next(iter(one["value"].values())) for one in attributes}


def test_a_run_is_one_trace(run: Run, worker: Worker, redis: Redis) -> None:
    worker.begin(ROOT)
    worker.say((SpanStarted("read_page", "ab" * 16, parent=ROOT), STEP))
    worker.finish(STEP, "My secret words")
    worker.fail(ROOT)
    with collecting() as collector, override_settings(OTLP_ENDPOINT=collector.url):
        traces.on_finish(run)
        path, headers, body = collector.posts.get(timeout=10)
    assert (path, headers["Content-Type"]) == ("/v1/traces", "application/json")
    assert b"secret" not in body
    [resource] = json.loads(body)["resourceSpans"]
    assert said(resource["resource"]["attributes"]) == {"service.name": "gxweb"}
    root, step = resource["scopeSpans"][0]["spans"]
    assert {root["traceId"], step["traceId"]} == {run.pk.hex}
    assert (step["parentSpanId"], "parentSpanId" in root) == (root["spanId"], False)
    assert [root["status"]["code"], step["status"]["code"]] == [2, 1]
    assert int(step["endTimeUnixNano"]) > int(step["startTimeUnixNano"]) > 10**18
    about = said(step["attributes"])
    assert (about["gxweb.run"], about["gxweb.workflow"]) == (str(run.pk), "blog")
    assert about["gen_ai.usage.input_tokens"] == "10"
    assert said(root["attributes"])["error.type"] == "timeout"
    assert all(len(span["spanId"]) == 16 for span in (root, step))


def test_a_collector_that_is_away_is_no_matter(
    run: Run, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(OTLP_ENDPOINT="http://127.0.0.1:1"), httpx2.Client() as client:
        traces._send(client, {})
    assert "A trace is lost" in caplog.text
