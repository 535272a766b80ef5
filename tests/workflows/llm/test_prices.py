"""What a call costs: dated, and unknown rather than zero."""

from datetime import date

import pytest

from workflows.llm.prices import PRICES, Tokens, cost
from workflows.llm.providers import GEMINI_MODELS, OPENAI_MODELS

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("model", "tokens", "today", "expected"),
    [
        ("gpt-6.1-sol", Tokens(1_000_000 // 4, 100_000), TODAY, 1.5),
        ("gpt-6.1-sol", Tokens(200_000, 0, cached=100_000), TODAY, 0.21),
        ("gpt-6-luna", Tokens(100_000, 0, written=100_000), TODAY, 0.0125),
        ("gpt-6.1-sol", Tokens(272_001, 1), TODAY, None),
        ("gemini-3.8-flash", Tokens(1_000_000, 0), TODAY, 0.75),
        ("gemini-3.8-flash", Tokens(1_000_000, 0), date(2027, 1, 1), 1.5),
        ("gemini-3.5-flash", Tokens(10_000, 0, cached=10_000), TODAY, 0.0015),
        # Where no price of cached tokens is listed they cost what others do.
        ("gemini-3.8-flash", Tokens(10_000, 0, cached=10_000), date(2027, 1, 1), 0.015),
        ("a-model-of-tomorrow", Tokens(1, 1), TODAY, None),
        ("gpt-6.1-sol", None, TODAY, None),
        ("offline", Tokens(1_000_000, 1_000_000), TODAY, 0.0),
        ("offline", None, TODAY, None),
    ],
)
def test_cost(model: str, tokens: Tokens | None, today: date, expected: float | None) -> None:
    assert cost(model, tokens, today) == (None if expected is None else pytest.approx(expected))


def test_every_model_that_we_choose_ourselves_has_a_price() -> None:
    assert {*OPENAI_MODELS.values(), *GEMINI_MODELS.values()} <= set(PRICES)
