"""A run that ended is a trace: its spans, with their times, and nobody's words."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from redis import Redis

from gxweb.telemetry import traces
from runs import history, signals
from runs.models import Run
from tests.gxweb.telemetry.collector import collecting
from tests.patience import patience
from tests.runs.conftest import *  # noqa: F403 (its fixtures: a run, and a worker that has it)
from tests.runs.worker import Worker
from workflows.wire.events import SpanStarted

ROOT, STEP = "blog[0]", 'blog[0]/read_page["https://secret.example/"]'


def said(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@pytest.fixture
def ended(run: Run, worker: Worker, redis: Redis) -> Run:
    worker.begin(ROOT)
    worker.say((SpanStarted("read_page", "ab" * 16, parent=ROOT), STEP))
    worker.finish(STEP, "My secret words")
    worker.fail(ROOT)
    return run


def test_a_run_is_one_trace(ended: Run) -> None:
    with collecting() as collector:
        sender = BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{collector.url}/v1/traces"))
        traces.trace(ended, history.state(ended), sender)
        sender.shutdown()
        path, headers, body = collector.posts.get(timeout=patience(10))
    assert (path, headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
    assert b"secret" not in body
    [resource] = ExportTraceServiceRequest.FromString(body).resource_spans
    assert said(resource.resource.attributes) == {"service.name": "gxweb"}
    step, root = sorted(resource.scope_spans[0].spans, key=lambda span: span.name, reverse=True)
    assert {root.trace_id, step.trace_id} == {ended.pk.bytes}
    assert (step.parent_span_id, root.parent_span_id) == (root.span_id, b"")
    assert [root.status.code, step.status.code] == [2, 1]
    assert step.end_time_unix_nano > step.start_time_unix_nano > 10**18
    about = said(step.attributes)
    assert (about["gxweb.run"], about["gxweb.workflow"]) == (str(ended.pk), "blog")
    assert about["gen_ai.usage.input_tokens"] == 10
    assert said(root.attributes)["error.type"] == "timeout"


def test_a_collector_that_is_away_is_no_matter(
    ended: Run, caplog: pytest.LogCaptureFixture
) -> None:
    exporter = OTLPSpanExporter(endpoint="http://127.0.0.1:1/v1/traces", timeout=0.2)
    traces.trace(ended, history.state(ended), SimpleSpanProcessor(exporter))
    assert "Failed to export" in caplog.text


def test_whoever_listens_is_told_of_each_end(ended: Run) -> None:
    with collecting() as collector:
        traces.listen(collector.url)
        try:
            signals.run_finished.send(Run, run=ended)
            path, *_ = collector.posts.get(timeout=patience(20))
        finally:
            assert signals.run_finished.disconnect(sender=Run, dispatch_uid="gxweb.telemetry")
    assert path == "/v1/traces"
