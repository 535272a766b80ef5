"""`/api/runs/{id}/trace`: the calls of a run as a tree."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from runs import history, lost
from runs.api import presentation, shapes
from runs.api.access import FindToken, find_run, needs
from runs.api.answers import answer
from runs.api.document import described
from runs.fields import moment
from workflows.wire.events import Usage
from workflows.wire.state import Span, State


def add(api: NinjaAPI, find_token: FindToken) -> None:
    @api.get(
        "/runs/{uuid:id}/trace",
        auth=needs(find_token, "read"),
        openapi_extra=described({200: shapes.Trace}),
    )
    def get_trace(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
        """Every call of a component, under the one that called it."""
        run = find_run(request, id)
        state = lost.counted(run.pk, history.state(run))
        return answer({"items": tree(state), "next": None})


def tree(state: State) -> list[shapes.SpanNode]:
    """The roots, each with its children in the order in which they began."""
    nodes = {path: _node(state, span) for path, span in state.spans.items()}
    roots: list[shapes.SpanNode] = []
    for path, span in state.spans.items():
        parent = nodes.get(span.parent or "")
        (roots if parent is None or span.parent == path else parent["children"]).append(nodes[path])
    return roots


def _node(state: State, span: Span) -> shapes.SpanNode:
    return {
        "path": span.path,
        "name": span.name,
        "status": span.status,
        "started_at": presentation.instant(moment(span.started_at)),
        "duration_ms": span.duration_ms,
        "tries": span.tries,
        "cached": span.cached,
        "replayed": state.replayed(span),
        "usage": _usage(span.usage),
        "children": [],
    }


def _usage(usage: Usage) -> shapes.Usage:
    """Sums; one unknown price makes the cost unknown."""
    costs = [call.cost_usd for call in usage.calls]
    known = [cost for cost in costs if cost is not None]
    return {
        "prompt_tokens": sum(call.prompt_tokens or 0 for call in usage.calls),
        "completion_tokens": sum(call.completion_tokens or 0 for call in usage.calls),
        "cost_usd": sum(known) if len(known) == len(costs) else None,
        "calls": len(usage.calls),
    }
