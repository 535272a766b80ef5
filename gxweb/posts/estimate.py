"""What a post will take: calls from its shape, time, tokens and money from the posts before it."""

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
TOKENS_PER_CALL = (800, 3000)
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Past:
    """One finished post: what it took for how many words."""

    seconds: float
    words: int
    usd: float | None
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    calls: int
    minutes: tuple[float, float]
    usd: tuple[float, float] | None
    tokens: tuple[float, float] = (0.0, 0.0)

    @property
    def size(self) -> str:
        """To two digits: it is a guess."""
        low, high = (float(f"{tokens:.2g}") for tokens in self.tokens)
        return f"{low:,.0f} to {high:,.0f} tokens" if high else ""

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
        few, many = TOKENS_PER_CALL
        size = float(calls * few), float(calls * many)
        return Estimate(calls, (steps * low / 60, steps * high / 60), None, size)
    shortest, longest = _range([one.seconds for one in past])
    costs = [one.usd / one.words * words for one in past if one.usd is not None]
    usd = _range(costs) if len(costs) == len(past) else None
    size = _range([one.tokens / one.words * words for one in past])
    return Estimate(calls, (shortest / 60, longest / 60), usd, size)


def past() -> list[Past]:
    """The newest posts of anybody: numbers only."""
    ready = Post.objects.filter(
        status=Post.Status.READY, run__started_at__isnull=False, run__forked_from=None, words__gt=0
    ).order_by("-created_at")
    rows = ready.values_list(
        "run__started_at", "run__finished_at", "run__waited_ms", "words", "run__cost_usd",
        "run__prompt_tokens", "run__completion_tokens",
    )  # fmt: skip
    return [
        Past((until - since).total_seconds() - waited / 1000, words, usd, into + out)
        for since, until, waited, words, usd, into, out in rows[:SAMPLE]
        if since is not None and until is not None
    ]


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Where the middle half lies, with some room above."""
    first, _, third = quantiles(values, n=4, method="inclusive")
    return first, third * 1.2
