"""What a run will take, from the runs of that workflow before it, by whomever: numbers only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import quantiles

from runs.models import Run

SAMPLE = 20
FEWEST = 3  # runs before they tell anything
# What is held for a run of which nobody knows what it takes.
UNSEEN_USD = 0.5
UNSEEN_TOKENS = 200_000

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Where the middle half of the past `runs` lies, with some room above. `usd` None: of some of
    them nobody knows what they cost."""

    runs: int
    seconds: Range
    calls: Range
    tokens: Range
    usd: Range | None


def estimate(workflow: str) -> Estimate | None:
    """None: too few runs have completed."""
    done = Run.objects.filter(
        workflow=workflow, status=Run.Status.COMPLETED, forked_from=None, started_at__isnull=False
    ).order_by("-created_at")
    rows = done.values_list(
        "started_at", "finished_at", "waited_ms", "calls", "prompt_tokens", "completion_tokens",
        "cost_usd",
    )[:SAMPLE]  # fmt: skip
    found = [
        ((end - begin - timedelta(milliseconds=waited)).total_seconds(), calls, into + out, usd)
        for begin, end, waited, calls, into, out, usd in rows
        if begin is not None and end is not None
    ]
    if len(found) < FEWEST:
        return None
    seconds, calls, tokens, costs = zip(*found, strict=True)
    known = [usd for usd in costs if usd is not None]
    usd = between(known) if len(known) == len(costs) else None
    return Estimate(len(found), between(seconds), between(calls), between(tokens), usd)


def expected(workflow: str) -> tuple[float, int]:
    """US dollars and tokens to hold for a run that begins."""
    found = estimate(workflow)
    if found is None:
        return UNSEEN_USD, UNSEEN_TOKENS
    return (UNSEEN_USD if found.usd is None else found.usd[1]), round(found.tokens[1])


def between(values: Sequence[float]) -> Range:
    first, _, third = quantiles(values, n=4, method="inclusive")
    return first, third * 1.2
