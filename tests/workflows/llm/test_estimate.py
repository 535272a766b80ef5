"""What a call is held to come to."""

from typing import Any

import pytest

from workflows.llm.estimate import estimate
from workflows.llm.prices import Tokens

ASK = [{"role": "user", "content": "x" * 300}]


@pytest.mark.parametrize(
    ("body", "completion"),
    [
        ({}, 700),
        ({"max_tokens": 50}, 50),
        ({"max_completion_tokens": 40, "max_tokens": 50}, 40),
        ({"max_tokens": 50, "n": 3}, 150),
        ({"max_tokens": None}, 700),
    ],
)
def test_a_bound_on_the_answer_is_its_estimate(body: Any, completion: int) -> None:
    asked = estimate({"model": "small", "messages": ASK, **body}, expected=700)
    assert (asked.completion, 100 < asked.prompt < 120) == (completion, True)


def test_what_cannot_be_measured_is_nothing() -> None:
    assert estimate({"input": object()}, expected=0) == Tokens(1, 0)
    assert estimate({}, expected=0) == Tokens(1, 0)
