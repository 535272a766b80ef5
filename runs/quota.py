"""What a person may use in a day: the last 24 hours of their runs, by what SQL knows of them.

A run counts for a day from its start, and as long as it is live. What one run may spend is what
the day has left at its start, so that only runs side by side can exceed the day's bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from runs.connections import gx
from runs.models import Run
from workflows.wire.events import Limits

DAY = timedelta(hours=24)
SOON_S = 60


@dataclass(frozen=True, slots=True)
class Spent:
    """By one run: when it began, None for a live one, which counts until it has ended."""

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
    def over(self) -> bool:
        """Whether nothing more may be started. A bound of 0 is for what costs nothing."""
        usd, tokens = self._sums(self.spent)
        return usd > self.usd or (usd == self.usd > 0) or tokens >= self.tokens

    @property
    def told(self) -> str:
        usd, tokens = self._sums(self.spent)
        used = f"${usd:,.2f} of ${self.usd:,.2f}, {tokens:,} of {self.tokens:,} tokens"
        return f"You have used what you may in a day: {used}."

    def limits(self, most: Limits) -> Limits:
        """What a run that begins now may use: `most`, or what is left."""
        usd, tokens = self._sums(self.spent)
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

    @staticmethod
    def _sums(spent: Sequence[Spent]) -> tuple[float, int]:
        return round(sum(one.usd for one in spent), 9), sum(one.tokens for one in spent)


def day(owner_id: int, now: datetime) -> Day:
    recent = Run.objects.filter(owner_id=owner_id).filter(
        Q(created_at__gt=now - DAY) | Q(finished_at=None)
    )
    rows = recent.order_by("created_at").values_list(
        "created_at", "finished_at", "cost_usd", "prompt_tokens", "completion_tokens"
    )
    spent = [
        Spent(began if ended else None, usd or 0.0, prompt + completion)
        for began, ended, usd, prompt, completion in rows
    ]
    return Day(spent, gx().user_daily_usd, gx().user_daily_tokens)
