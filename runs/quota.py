"""What a person may use in a day: the ledger's last 24 hours, and what is held for live runs.

A call counts for a day from its beginning: as what it cost, or, where nobody knows that, as what it
was expected to cost. For a run that goes on, what it is expected to use is held, less what it has
used; for one that waits nothing, since it may do so for days. What one run may spend is what the
day then has left, so that only runs that take more than was expected can exceed the day's bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import BigIntegerField, F, FloatField, Max, Sum, Value
from django.db.models.functions import Coalesce, TruncHour

from runs.connections import gx
from runs.estimate import expected
from runs.ledger import Call
from runs.models import Run
from workflows.wire.events import Limits

DAY = timedelta(hours=24)
SOON_S = 60
USD = Coalesce(F("cost_usd"), F("expected_usd"), Value(0.0), output_field=FloatField())
TOKENS = Coalesce(
    F("prompt_tokens") + F("completion_tokens"),
    F("expected_tokens"),
    output_field=BigIntegerField(),
)


@dataclass(frozen=True, slots=True)
class Spent:
    """At `at`; None: held for a live run, until it has ended."""

    at: datetime | None
    usd: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Day:
    """What was spent, the oldest first, of what."""

    spent: Sequence[Spent]
    usd: float
    tokens: int

    @property
    def used(self) -> tuple[float, int]:
        """US dollars and tokens."""
        usd, tokens = sum(one.usd for one in self.spent), sum(one.tokens for one in self.spent)
        return round(usd, 9), tokens

    @property
    def over(self) -> bool:
        """Whether nothing more may be started. A bound of 0 is for what costs nothing."""
        usd, tokens = self.used
        return usd > self.usd or (usd == self.usd > 0) or tokens >= self.tokens

    @property
    def told(self) -> str:
        usd, tokens = self.used
        used = f"${usd:,.2f} of ${self.usd:,.2f}, {tokens:,} of {self.tokens:,} tokens"
        return f"You have used what you may in a day: {used}."

    def limits(self, most: Limits) -> Limits:
        """What a run that begins now may use: `most`, or what is left."""
        usd, tokens = self.used
        return Limits(
            most.deadline_s,
            self.usd - usd if most.usd is None else min(most.usd, self.usd - usd),
            self.tokens - tokens if most.tokens is None else min(most.tokens, self.tokens - tokens),
        )

    def retry_after(self, now: datetime) -> int:
        """Seconds until enough of it is a day old."""
        for number, one in enumerate(self.spent, start=1):
            rest = Day(self.spent[number:], self.usd, self.tokens)
            if one.at is not None and not rest.over:
                return max(SOON_S, round((one.at + DAY - now).total_seconds()))
        return SOON_S


def day(owner_id: int, now: datetime) -> Day:
    spent = [*_held(owner_id), *_called(owner_id, now)]
    return Day(spent, gx().user_daily_usd, gx().user_daily_tokens)


def hold(run: Run) -> None:
    """Hold for a run that begins what it is expected to use, which is no more than it may."""
    usd, tokens = expected(run.workflow)
    most = run.bounds
    run.reserved_usd = usd if most.usd is None else min(usd, most.usd)
    run.reserved_tokens = tokens if most.tokens is None else min(tokens, most.tokens)


def _called(owner_id: int, now: datetime) -> Iterator[Spent]:
    """By the hour: there may be many calls."""
    calls = Call.objects.made().filter(owner_id=owner_id, began_at__gt=now - DAY)
    hours = calls.annotate(hour=TruncHour("began_at")).values_list("hour").order_by("hour")
    sums = hours.annotate(at=Max("began_at"), usd=Sum(USD), tokens=Sum(TOKENS))
    for _, at, usd, tokens in sums:
        yield Spent(at, usd, tokens)


def _held(owner_id: int) -> Iterator[Spent]:
    live = Run.objects.live().filter(owner_id=owner_id).exclude(status=Run.Status.WAITING)
    rows = list(live.values_list("pk", "reserved_usd", "reserved_tokens"))
    calls = Call.objects.made().filter(run__in=[pk for pk, *_ in rows])
    by_run = calls.values_list("run").annotate(usd=Sum(USD), tokens=Sum(TOKENS)).order_by()
    spent = {run: (usd, tokens) for run, usd, tokens in by_run}
    for pk, usd, tokens in rows:
        used_usd, used_tokens = spent.get(pk, (0.0, 0))
        yield Spent(None, max(0.0, usd - used_usd), max(0, tokens - used_tokens))
