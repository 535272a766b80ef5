"""What a run has come to in all, in its own row."""

from __future__ import annotations

from runs.ledger import bill
from runs.models import Run


def settle(run: Run) -> None:
    """Bring a run's totals up to the ledger, which may be behind the log for a moment, and knows of
    calls that no log tells of. The caller holds the run's row."""
    found = bill(run.pk)
    if not found.calls:
        return
    whole = found.calls >= run.calls
    unknown = found.unknown > 0 or (run.cost_usd is None and not whole)
    totals = {
        "calls": max(found.calls, run.calls),
        "prompt_tokens": max(found.prompt_tokens, run.prompt_tokens),
        "completion_tokens": max(found.completion_tokens, run.completion_tokens),
        "cost_usd": None if unknown else max(round(found.usd, 9), run.cost_usd or 0.0),
    }
    if any(getattr(run, name) != value for name, value in totals.items()):
        Run.objects.filter(pk=run.pk).update(**totals)
        for name, value in totals.items():
            setattr(run, name, value)
