"""What the log of a run that ended knows of its calls and the ledger does not: it is written down.

Calls come to the ledger by a stream of their own, which is lost when Redis loses its data. By then
the ends of their spans are in the log, or in SQL, from which the log is restored.
"""

from __future__ import annotations

from collections.abc import Iterator

from runs.fields import moment
from runs.ledger import Call
from runs.models import Run, Span
from workflows.wire import state
from workflows.wire.state import State

ID_LENGTH = 64
TOLD = ("ended_at", "prompt_tokens", "completion_tokens", "cost_usd", "status")


def audit(run: Run, now: State) -> None:
    """The caller holds the run's row. What the ledger knows already is left as it is."""
    told = {row.pk: row for row in _rows(run, now)}
    known = dict(Call.objects.filter(run=run.pk).values_list("pk", "ended_at"))
    missing = [row for id, row in told.items() if id not in known]
    Call.objects.bulk_create(missing, ignore_conflicts=True, batch_size=200)
    begun = [row for id, row in told.items() if id in known and known[id] is None]
    Call.objects.bulk_update(begun, TOLD, batch_size=100)


def _rows(run: Run, now: State) -> Iterator[Call]:
    """What a fork took over was paid by another run."""
    for span in now.spans.values():
        if span.copied is None and span.started_at is not None:
            yield from _of(run, span)


def _of(run: Run, span: state.Span) -> Iterator[Call]:
    began = moment(span.started_at or 0)
    ended = moment(span.finished_at or span.started_at or 0)
    for call in span.usage.calls:
        if not 0 < len(call.id) <= ID_LENGTH:
            continue  # a sum of many, or of a time before calls had names
        yield Call(
            id=call.id,
            owner_id=run.owner_id,
            run=run,
            span=Span.make_id(run.pk, span.path),
            attempt=span.attempt,
            workflow=run.workflow,
            provider=call.provider,
            model=call.model,
            began_at=began,
            ended_at=ended,
            prompt_tokens=call.prompt_tokens,
            completion_tokens=call.completion_tokens,
            cost_usd=call.cost_usd,
            status=call.status,
        )
