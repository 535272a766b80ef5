"""A run's state with the calls that its log cannot tell of: begun and left with their worker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from runs.ledger import Call as Row
from runs.models import Span
from workflows.wire import state
from workflows.wire.events import Call, Usage
from workflows.wire.state import State

LOST = "lost"


def counted(run: UUID, now: State) -> State:
    """Each of them in its step, and of unknown cost, so that the run's is unknown too."""
    calls: defaultdict[UUID | None, list[Call]] = defaultdict(list)
    rows = Row.objects.lost().filter(run=run).order_by("began_at")
    for span, provider, model, id in rows.values_list("span", "provider", "model", "id"):
        calls[span].append(Call(provider, model, status=LOST, id=id))
    if not calls:
        return now
    number = sum(map(len, calls.values()))
    spans = {path: _with(run, path, span, calls) for path, span in now.spans.items()}
    return replace(now, spans=spans, calls=now.calls + number, cost_usd=None)


def _with(
    run: UUID, path: str, span: state.Span, calls: Mapping[UUID | None, list[Call]]
) -> state.Span:
    lost = calls.get(Span.make_id(run, path), ())
    return replace(span, usage=Usage((*span.usage.calls, *lost))) if lost else span
