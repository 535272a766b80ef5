"""Counting as a reader counts, and shares that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.blog.words import count, targets


@given(st.integers(200, 5000), st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_shares_add_up_and_none_is_tiny(total: int, claims: list[int]) -> None:
    shares = targets(total, claims)
    assert sum(shares) == total
    assert len(shares) == len(claims)
    assert min(shares) >= total / len(claims) / 2 - 1


@given(st.integers(200, 5000), st.integers(1, 8))
def test_equal_sections_get_equal_shares(total: int, sections: int) -> None:
    shares = targets(total, [3] * sections)
    assert max(shares) - min(shares) <= 1


def test_more_claims_get_more_words() -> None:
    few, many = targets(1000, [1, 9])
    assert few < many


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("", 0),
        ("## The moon", 2),
        ("The moon pulls. [c3] The sea [c1, c2] follows.", 6),
        ("- one\n- two\n\n---\n", 2),
        ("潮の満ち引き", 4),
    ],
)
def test_marks_and_citations_are_no_words(markdown: str, words: int) -> None:
    assert count(markdown) == words
