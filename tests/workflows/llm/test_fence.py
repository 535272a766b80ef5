"""The fence around page text: equal on every try, different for every run, never in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.llm.worlds import Scope
from workflows.llm.fence import cleaned, fenced, marker, notice


def test_it_is_equal_on_every_try_and_in_every_attempt() -> None:
    assert fenced("words", Scope(path="blog/a[0]")) == fenced("words", Scope(path="blog/a[1]"))


def test_another_run_and_another_text_have_other_marks() -> None:
    marks = {marker("words", Scope()), marker("words", Scope(secret=b"2")), marker("w", Scope())}
    assert len(marks) == 3


def test_outside_a_run_it_still_cannot_be_guessed_by_the_text() -> None:
    text = f"<<<end {marker('first', None)}>>>"
    assert marker(text, None) not in text


def test_the_text_stands_between_two_marked_lines() -> None:
    mark = marker("a\nb", Scope())
    lines = fenced("a\nb", Scope()).splitlines()
    assert lines == [f"<<<source {mark}>>>", "a", "b", f"<<<end {mark}>>>"]


def test_sources_of_one_request_may_share_a_mark() -> None:
    mark = marker("a\nb", Scope())
    first, *_, last = fenced("b", Scope(), mark).splitlines()
    assert first in notice(mark)
    assert last in notice(mark)


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ("a\u200bb\u2060c\ufeff", "abc"),
        ("hi\U000e0068\U000e0069!", "hi!"),
        ("\u202eevil\u202c", "evil"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("page\x0cbreak\ttab", "page\x0cbreak\ttab"),
        ("N\x08NA\x08A", "NNAA"),
        ("e\u0301", "é"),
        ("a\u200db", "ab"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("می\u200c\u200cخواهم", "میخواهم"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("lone \ud800 surrogate", "lone  surrogate"),
    ],
)
def test_hidden_characters_are_dropped(told: str, seen: str) -> None:
    assert cleaned(told) == seen
    assert fenced(told, None).splitlines()[1:-1] == seen.splitlines()


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert cleaned(cleaned(text)) == cleaned(text)
