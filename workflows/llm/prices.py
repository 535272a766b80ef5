"""What a call costs, by the vendors' price lists of November 2026.

Taken from copies of these pages, and equal to the list of genai-prices 0.2.3 on 21 November 2026;
compare before you rely on it. (That library itself would be 2 s and tens of MB in each worker.)
OpenAI: developers.openai.com/api/docs/pricing. Google: ai.google.dev/gemini-api/docs/pricing.
Standard tier, short context. What is not on this list has an unknown price, which is not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a provider says that it counted; `cached` and `written` are parts of `prompt`."""

    prompt: int
    completion: int
    cached: int = 0
    written: int = 0


NOTHING = Tokens(0, 0)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens. Longer prompts than `longest` have another, unlisted price;
    from the day `until` on, this one is no longer true.
    """

    prompt: float
    completion: float
    cached: float | None = None
    written: float | None = None
    longest: int | None = None
    until: date | None = None

    def holds(self, tokens: Tokens, today: date) -> bool:
        if self.until is not None and today >= self.until:
            return False
        return self.longest is None or tokens.prompt <= self.longest

    def of(self, tokens: Tokens) -> float:
        cached = self.prompt if self.cached is None else self.cached
        written = self.prompt if self.written is None else self.written
        fresh = max(0, tokens.prompt - tokens.cached - tokens.written)
        dollars = fresh * self.prompt + tokens.cached * cached + tokens.written * written
        return (dollars + tokens.completion * self.completion) / MILLION


_NEW_YEAR = date(2027, 1, 1)
PRICES: Mapping[str, tuple[Price, ...]] = {
    "gpt-6.1-sol": (Price(2.00, 10.00, cached=0.10, written=2.50, longest=272_000),),
    "gpt-6-sol": (Price(2.00, 10.00, cached=0.20, written=2.50, longest=272_000),),
    "gpt-6-luna": (Price(0.10, 0.50, cached=0.01, written=0.125, longest=272_000),),
    "gpt-5.4": (Price(2.50, 15.00, cached=0.25, longest=272_000),),
    "gpt-5.4-mini": (Price(0.75, 4.50, cached=0.075, longest=272_000),),
    "text-embedding-3-small": (Price(0.02, 0.0),),
    "gemini-3.8-flash": (Price(0.75, 3.75, cached=0.075, until=_NEW_YEAR), Price(1.50, 7.50)),
    "gemini-3.5-flash": (Price(1.50, 9.00, cached=0.15),),
    "gemini-3.5-flash-lite": (Price(0.30, 2.50, cached=0.03),),
    "gemini-embedding-2": (Price(0.20, 0.0),),
    "offline": (Price(0.0, 0.0),),
}


def cost(model: str, tokens: Tokens | None, today: date | None = None) -> float | None:
    """US dollars; None if the price or the tokens are unknown. Nothing costs nothing anywhere."""
    if tokens is None:
        return None
    if tokens == NOTHING:
        return 0.0
    today = today or datetime.now(UTC).date()
    listed = (price for price in PRICES.get(model, ()) if price.holds(tokens, today))
    price = next(listed, None)
    return None if price is None else price.of(tokens)
