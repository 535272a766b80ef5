"""What a person may use in a day: the ledger's last 24 hours, and what is held for live runs.

A call counts for a day from its beginning: as what it cost, or, where nobody knows that, as what it
was expected to cost. For a run that goes on, what it is expected to use is held, less what it has
used in that day; for one that waits nothing, since it may do so for days. What one run may spend is
what the day then has left, so that only runs that take more than was expected can exceed the day's
bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import BigIntegerField, Count, F, FloatField, Max, Sum, Value
from django.db.models.functions import Coalesce, TruncHour
from django.utils import timezone

from runs.connections import gx
from runs.ledger import Call
from runs.models import Run
from runs.refusals import OverQuota
from workflows.wire.events import Limits

DAY = timedelta(hours=24)
SOON_S = 60
MOST_WAITING = 100  # runs of one owner
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

    def less(self, usd: float, tokens: int) -> Day:
        """When a run holds so much of it."""
        return Day([Spent(None, usd, tokens), *self.spent], self.usd, self.tokens)

    def retry_after(self, now: datetime) -> int:
        """Seconds until enough of it is a day old."""
        for number, one in enumerate(self.spent, start=1):
            rest = Day(self.spent[number:], self.usd, self.tokens)
            if one.at is not None and not rest.over:
                return max(SOON_S, round((one.at + DAY - now).total_seconds()))
        return SOON_S


@dataclass(frozen=True, slots=True)
class Used:
    """What an owner's calls of the last 24 hours came to: by the hour, the oldest first, and by
    run, in US dollars and tokens."""

    hours: Sequence[Spent]
    runs: Mapping[UUID, tuple[float, int]]


def day(owner_id: int, now: datetime) -> Day:
    return day_of(used(owner_id, now), live(owner_id))


def day_of(used: Used, live: Live) -> Day:
    """Runs end and begin from one moment to the next: `live` is to be the newer look."""
    spent = [*_held(live, used), *used.hours]
    return Day(spent, gx().user_daily_usd, gx().user_daily_tokens)


@dataclass(frozen=True, slots=True)
class Live:
    """An owner's live runs: how many wait and how many go on, and what was held for these when they
    began."""

    waiting: int
    under_way: int
    usd: float
    tokens: int


def live(owner_id: int) -> Live:
    """Summed by SQL, of an index alone: there may be thousands."""
    rows = Run.objects.live().filter(owner_id=owner_id).values_list("status").order_by()
    found = list(rows.annotate(Count("pk"), Sum("reserved_usd"), Sum("reserved_tokens")))
    others = [row for row in found if row[0] != Run.Status.WAITING]
    return Live(
        waiting=sum(row[1] for row in found if row[0] == Run.Status.WAITING),
        under_way=sum(row[1] for row in others),
        usd=sum(row[2] for row in others),
        tokens=sum(row[3] for row in others),
    )


@dataclass
class Left:
    """What an owner may still start: of a look in the owner's turn, and what was taken since."""

    live: Live
    today: Day

    @classmethod
    def of(cls, owner_id: int, used: Used) -> Left:
        found = live(owner_id)
        return cls(found, day_of(used, found))

    def take(self, run: Run, usd: float, tokens: int) -> None:
        """For a run that begins: bounds it by what is left of the day, of which it holds `usd` and
        `tokens` or all that it may use. Raises OverQuota."""
        # One that waits holds nothing but its log, and may do so for days.
        if self.live.under_way >= gx().user_concurrent_runs or self.live.waiting >= MOST_WAITING:
            raise OverQuota
        if self.today.over:
            raise OverQuota(self.today.told, self.today.retry_after(timezone.now()))
        run.limits = asdict(self.today.limits(run.bounds))
        hold(run, usd, tokens)
        self.live = replace(self.live, under_way=self.live.under_way + 1)
        self.today = self.today.less(run.reserved_usd, run.reserved_tokens)


def hold(run: Run, usd: float, tokens: int) -> None:
    """Hold for a run that begins what it is expected to use, which is no more than it may."""
    most = run.bounds
    run.reserved_usd = usd if most.usd is None else min(usd, most.usd)
    run.reserved_tokens = tokens if most.tokens is None else min(tokens, most.tokens)


def used(owner_id: int, now: datetime) -> Used:
    """By the hour: there may be many calls."""
    calls = Call.objects.made().filter(owner_id=owner_id, began_at__gt=now - DAY)
    parts = calls.annotate(hour=TruncHour("began_at")).values_list("hour", "run").order_by("hour")
    hours: dict[datetime, Spent] = {}
    runs: dict[UUID, tuple[float, int]] = {}
    for hour, run, at, usd, tokens in parts.annotate(
        at=Max("began_at"), usd=Sum(USD), tokens=Sum(TOKENS)
    ):
        before = hours.get(hour, Spent(at, 0.0, 0))
        latest = max(at, before.at or at)
        hours[hour] = Spent(latest, before.usd + usd, before.tokens + tokens)
        if run is not None:
            of_run = runs.get(run, (0.0, 0))
            runs[run] = (of_run[0] + usd, of_run[1] + tokens)
    return Used(list(hours.values()), runs)


def _held(live: Live, used: Used) -> Iterator[Spent]:
    """What was held, less what is used of it: no more than was held for that run."""
    if not live.under_way:
        return
    usd, tokens = live.usd, live.tokens
    begun = Run.objects.live().exclude(status=Run.Status.WAITING).filter(pk__in=used.runs)
    held = begun.values_list("pk", "reserved_usd", "reserved_tokens")
    for run, held_usd, held_tokens in held if used.runs else ():
        usd -= min(held_usd, used.runs[run][0])
        tokens -= min(held_tokens, used.runs[run][1])
    yield Spent(None, usd, tokens)
