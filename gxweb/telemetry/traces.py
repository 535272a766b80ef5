"""Runs as traces of OpenTelemetry, sent by control when a run has ended: OTLP over HTTP, in JSON.

One trace for each run, whose id is the run's; its spans are those of the log, so that a trace shows
what was retried, taken over or failed, whichever workers did it. Names of components go along,
never paths, inputs, outputs or messages: those are the words of people. A collector that is away
misses traces, and delays nothing.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import Any

import httpx2
from django.conf import settings

from runs import history, signals
from runs.models import Run
from workflows.wire.state import Span, State

MOST_WAITING = 200
TIMEOUT_S = 5.0
OK, ERROR = 1, 2
INTERNAL = 1
NS_IN_MS = 1_000_000

logger = logging.getLogger(__name__)
_waiting: queue.Queue[dict[str, Any]] = queue.Queue(MOST_WAITING)
_sender: list[threading.Thread] = []


def listen() -> None:
    """Does nothing unless OTEL_EXPORTER_OTLP_ENDPOINT is set."""
    if settings.OTLP_ENDPOINT:
        signals.run_finished.connect(on_finish, sender=Run, dispatch_uid="gxweb.telemetry")


def on_finish(run: Run, **_: Any) -> None:
    try:
        _waiting.put_nowait(trace(run, history.state(run)))
    except queue.Full:
        logger.warning("The collector of traces is too slow: the one of %s is left out", run.pk)
        return
    if not _sender:
        _sender.append(threading.Thread(target=_send_all, name="gx-traces", daemon=True))
        _sender[0].start()


def trace(run: Run, state: State) -> dict[str, Any]:
    """The request's body."""
    spans = [_span(run, state, span) for span in state.spans.values() if span.started_at]
    scope = {"scope": {"name": "gxweb"}, "spans": spans}
    resource = {"attributes": _attributes({"service.name": "gxweb"})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}


def _span(run: Run, state: State, span: Span) -> dict[str, Any]:
    parent = state.spans.get(span.parent or "")
    ended = span.finished_at or state.finished_at or state.seen_at or span.started_at
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
    said: dict[str, Any] = {
        "traceId": run.pk.hex,
        "spanId": _id(span),
        "name": span.name,
        "kind": INTERNAL,
        "startTimeUnixNano": str((span.started_at or 0) * NS_IN_MS),
        "endTimeUnixNano": str((ended or 0) * NS_IN_MS),
        "attributes": _attributes(about),
        "status": {"code": ERROR if span.status == "failed" else OK},
    }
    return said | ({"parentSpanId": _id(parent)} if parent is not None else {})


def _id(span: Span) -> str:
    """Of 64 bits, from the span's identity: the same whoever sends it."""
    return f"{span.hash:0<16}"[:16]


def _attributes(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in found.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"stringValue": str(value)}


def _send_all() -> None:
    with httpx2.Client(timeout=TIMEOUT_S, trust_env=False) as client:
        while True:
            _send(client, _waiting.get())


def _send(client: httpx2.Client, body: dict[str, Any]) -> None:
    try:
        answer = client.post(f"{settings.OTLP_ENDPOINT}/v1/traces", json=body)
        answer.raise_for_status()
    except httpx2.HTTPError as error:
        logger.warning("A trace is lost, the collector said: %s", type(error).__name__)
