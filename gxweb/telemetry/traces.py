"""Runs as traces of OpenTelemetry, sent by control when a run has ended: OTLP over HTTP.

One trace for each run, whose id is the run's; its spans are those of the log, so that a trace shows
what was retried, taken over or failed, whichever workers did it. Names of components go along,
never paths, inputs, outputs or messages: those are the words of people. A collector that is away
misses traces, and delays nothing.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from runs import history, signals
from runs.models import Run
from workflows.wire.state import Span, State

MOST_WAITING = 20_000  # spans
NS_IN_MS = 1_000_000
OURS = Resource({"service.name": "gxweb"})


def listen(endpoint: str) -> None:
    """Each run that ends from here on is sent to this collector."""
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")
    sender = BatchSpanProcessor(exporter, max_queue_size=MOST_WAITING)

    def on_finish(run: Run, **_: Any) -> None:
        trace(run, history.state(run), sender)

    signals.run_finished.connect(on_finish, sender=Run, weak=False, dispatch_uid="gxweb.telemetry")


class Ids(IdGenerator):
    """Those of the run and its spans: the same whoever sends them, and however often."""

    def __init__(self, run: Run) -> None:
        self._run = run.pk.int
        self.span = 0

    def generate_trace_id(self) -> int:
        return self._run

    def generate_span_id(self) -> int:
        return self.span


def trace(run: Run, state: State, sender: SpanProcessor) -> None:
    ids = Ids(run)
    provider = TracerProvider(resource=OURS, id_generator=ids, shutdown_on_exit=False)
    provider.add_span_processor(sender)
    tracer = provider.get_tracer("gxweb")
    for span in state.spans.values():
        if span.started_at:
            ids.span = _id(span)
            _tell(tracer, run, state, span)


def _tell(tracer: Tracer, run: Run, state: State, span: Span) -> None:
    ended = span.finished_at or state.finished_at or state.seen_at or span.started_at or 0
    parent = state.spans.get(span.parent or "")
    told = tracer.start_span(
        span.name,
        context=None if parent is None else _below(run, parent),
        attributes=_about(run, state, span),
        start_time=(span.started_at or 0) * NS_IN_MS,
    )
    told.set_status(Status(StatusCode.ERROR if span.status == "failed" else StatusCode.OK))
    told.end(ended * NS_IN_MS)


def _below(run: Run, parent: Span) -> Any:
    place = SpanContext(run.pk.int, _id(parent), False, TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(place))


def _about(run: Run, state: State, span: Span) -> dict[str, Any]:
    calls = span.usage.calls
    about: dict[str, Any] = {
        "gxweb.run": str(run.pk),
        "gxweb.workflow": run.workflow,
        "gxweb.status": span.status,
        "gxweb.tries": span.tries,
        "gxweb.attempt": span.attempt,
        "gxweb.cached": span.cached,
        "gxweb.replayed": state.replayed(span),
    }
    if calls:
        about["gen_ai.request.model"] = calls[-1].model
        about["gen_ai.usage.input_tokens"] = sum(call.prompt_tokens or 0 for call in calls)
        about["gen_ai.usage.output_tokens"] = sum(call.completion_tokens or 0 for call in calls)
    if span.error is not None:
        about["error.type"] = span.error.type
    return about


def _id(span: Span) -> int:
    """Of 64 bits, from the span's identity, which a worker of other people's may have made."""
    return int.from_bytes(blake2b(span.hash.encode(), digest_size=8).digest(), "big")
