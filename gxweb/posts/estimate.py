"""What a post will take: calls from its shape, minutes and money from the posts before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from gxweb.posts.models import Post

SAMPLE = 20
FEWEST = 3  # posts before their times tell anything
NOTES_PER_CALL = 12_000  # characters that one call reads
FIXED_CALLS = 4  # plan, outline, transitions, description
SECONDS_PER_CALL = (4, 12)  # of a model that nobody has measured here yet
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Past:
    """One finished post: what it took for how many words."""

    seconds: float
    words: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    calls: int
    minutes: tuple[float, float]
    usd: tuple[float, float] | None

    @property
    def time(self) -> str:
        low, high = (max(1, round(minutes)) for minutes in self.minutes)
        if self.minutes[1] < 1:
            return "under a minute"
        return f"about {low} min" if low == high else f"{low} to {high} min"

    @property
    def money(self) -> str:
        if self.usd is None:
            return ""
        return "free" if self.usd[1] == 0 else f"${self.usd[0]:.2f} to ${self.usd[1]:.2f}"


def estimate(words: int, notes: int, past: Sequence[Past]) -> Estimate:
    """For so many words from so many characters of notes."""
    sections = min(8, max(4, round(words / 250)))
    chunks = -(-notes // NOTES_PER_CALL)
    calls = FIXED_CALLS + sections + chunks
    if len(past) < FEWEST:
        steps = FIXED_CALLS + 2 * -(-sections // AT_ONCE) + -(-chunks // AT_ONCE)
        low, high = SECONDS_PER_CALL
        return Estimate(calls, (steps * low / 60, steps * high / 60), None)
    shortest, longest = _range([one.seconds for one in past])
    costs = [one.usd / one.words * words for one in past if one.usd is not None]
    usd = _range(costs) if len(costs) == len(past) else None
    return Estimate(calls, (shortest / 60, longest / 60), usd)


def past() -> list[Past]:
    """The newest posts of anybody: numbers only."""
    ready = Post.objects.filter(
        status=Post.Status.READY, run__started_at__isnull=False, run__forked_from=None, words__gt=0
    ).order_by("-created_at")
    rows = ready.values_list("run__started_at", "run__finished_at", "words", "run__cost_usd")
    return [
        Past((until - since).total_seconds(), words, usd)
        for since, until, words, usd in rows[:SAMPLE]
        if since is not None and until is not None
    ]


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Where the middle half lies, with some room above."""
    first, _, third = quantiles(values, n=4, method="inclusive")
    return first, third * 1.2
