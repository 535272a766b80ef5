"""Cursors are compared as two integers."""

import pytest

from workflows.wire.cursor import ZERO, Cursor


def test_order_is_by_number() -> None:
    assert sorted([Cursor(10, 0), Cursor(2, 10), Cursor(2, 9)]) == [(2, 9), (2, 10), (10, 0)]


@pytest.mark.parametrize("text", ["0-0", "1-17", b"12-3"])
def test_parse_is_the_inverse_of_str(text: str | bytes) -> None:
    shown = text.decode() if isinstance(text, bytes) else text
    assert str(Cursor.parse(text)) == shown


@pytest.mark.parametrize(
    "text", ["", "1", "-", "1-", "-1", "1-2-3", "a-1", "1-x", "²-1", "1--1", "$"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.parse(text)


def test_next() -> None:
    assert ZERO.next() == Cursor(0, 1)
    assert Cursor(3, 4).next(by=2) == Cursor(3, 6)
