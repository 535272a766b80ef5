"""What a person's calls came to, by day, workflow and model; and everybody's, by day and person. A
day is a day of UTC.

The cost that is known is one thing, and of how many calls it is not known is another.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Count, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, TruncDate

from runs.ledger import UNKNOWN, Call

K = TypeVar("K", bound=Hashable)
LONGEST = 366  # days


@dataclass(frozen=True, slots=True)
class Sums:
    """`known_usd`: of the calls whose cost is known; of `unknown` calls it is not."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    known_usd: float = 0.0
    unknown: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            round(self.known_usd + other.known_usd, 9),
            self.unknown + other.unknown,
        )

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @property
    def usd(self) -> float | None:
        """None: a part of it is unknown."""
        return None if self.unknown else self.known_usd


@dataclass(frozen=True, slots=True)
class Line:
    day: date
    workflow: str
    model: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Usage:
    """Of the days from `first` to `last`."""

    first: date
    last: date
    lines: Sequence[Line]

    @property
    def total(self) -> Sums:
        return sum((line.sums for line in self.lines), Sums())

    @property
    def by_day(self) -> dict[date, Sums]:
        """Every day, also one without calls, the oldest first."""
        days = (self.last - self.first).days + 1
        empty = {self.first + timedelta(days=n): Sums() for n in range(days)}
        return empty | dict(sorted(_by(self.lines, lambda line: line.day).items()))

    @property
    def by_workflow(self) -> dict[str, Sums]:
        return _largest_first(_by(self.lines, lambda line: line.workflow))

    @property
    def by_model(self) -> dict[str, Sums]:
        return _largest_first(_by(self.lines, lambda line: line.model))


def usage(owner_id: int, days: int, now: datetime) -> Usage:
    """Of so many days, today among them."""
    first, last = _span(days, now)
    rows = _summed(_since(first).filter(owner_id=owner_id), "workflow", "model")
    # A clock that is ahead of ours must not make a day that is not there yet.
    lines = [
        Line(min(day, last), workflow, model, Sums(*sums)) for day, workflow, model, *sums in rows
    ]
    return Usage(first, last, lines)


@dataclass(frozen=True, slots=True)
class OfOwner:
    day: date
    owner_id: int
    owner: str
    sums: Sums


def by_owner(days: int, now: datetime) -> list[OfOwner]:
    """Of so many days, the newest first, and of each day who spent most."""
    first, last = _span(days, now)
    rows = _summed(_since(first), "owner_id", "owner__email")
    found = [OfOwner(min(day, last), id, email, Sums(*sums)) for day, id, email, *sums in rows]
    found.sort(key=lambda line: (-line.sums.known_usd, -line.sums.tokens, line.owner))
    return sorted(found, key=lambda line: line.day, reverse=True)


def _span(days: int, now: datetime) -> tuple[date, date]:
    last = now.astimezone(UTC).date()
    return last - timedelta(days=days - 1), last


def _since(first: date) -> QuerySet[Call]:
    moment = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return Call.objects.made().filter(began_at__gte=moment)


def _summed(calls: QuerySet[Call], *of: str) -> QuerySet[Call, tuple[Any, ...]]:
    """The day, these, and what makes Sums."""
    return (
        calls.annotate(day=TruncDate("began_at", tzinfo=UTC))
        .values_list("day", *of)
        .annotate(
            calls=Count("pk"),
            prompt=Coalesce(Sum("prompt_tokens"), Value(0)),
            completion=Coalesce(Sum("completion_tokens"), Value(0)),
            usd=Coalesce(Sum("cost_usd"), Value(0.0)),
            unknown=Count("pk", filter=UNKNOWN),
        )
    )


def _by(lines: Iterable[Line], key: Callable[[Line], K]) -> dict[K, Sums]:
    found: dict[K, Sums] = {}
    for line in lines:
        found[key(line)] = found.get(key(line), Sums()) + line.sums
    return found


def _largest_first(found: dict[str, Sums]) -> dict[str, Sums]:
    order = sorted(found, key=lambda name: (-found[name].known_usd, -found[name].tokens, name))
    return {name: found[name] for name in order}
