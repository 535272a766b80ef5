"""Text of parallel sections as one stream: in order, each once, whatever the log does."""

from __future__ import annotations

from collections.abc import Iterable

from runs.api.article import Article
from runs.tail import Batch
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    Error,
    Event,
    RunCompleted,
    RunFailed,
    RunStarted,
    SpanCompleted,
    SpanStarted,
    Text,
)  # fmt: skip


def said(*bodies: tuple[str | None, Body]) -> list[Event]:
    return [Event(Cursor(1, n), n, span, body) for n, (span, body) in enumerate(bodies)]


def begun(number: int) -> tuple[str, Body]:
    return f"s{number}", SpanStarted("s", f"h{number}")


def words(number: int, text: str, at: int = 0) -> tuple[str, Body]:
    return f"s{number}", Text(f"section-{number}", at, text)


def ended(number: int) -> tuple[str, Body]:
    return f"s{number}", SpanCompleted()


def read(events: Iterable[Event]) -> list[str]:
    """What is sent when every event comes alone."""
    article = Article()
    return [piece for event in events if (piece := article.feed(Batch((event,))))]


END = (None, RunCompleted({}))


def test_sections_come_in_order_whoever_is_first() -> None:
    events = said(
        begun(1), begun(2), words(2, "B"), words(1, "A"), ended(2), words(1, "a", 1), ended(1), END
    )
    assert read(events) == ["A", "a", "\n\nB"]


def test_tenth_section_comes_after_the_ninth() -> None:
    parts = [step for n in range(10, 0, -1) for step in (begun(n), words(n, str(n)), ended(n))]
    assert "".join(read(said(*parts, END))) == "\n\n".join(str(n) for n in range(1, 11))


def test_section_that_begins_again_is_sent_again() -> None:
    events = said(
        begun(1), words(1, "Old wo"), (None, RunStarted("w2", 1)), begun(1), words(1, "New"),
        words(1, " words", 3), ended(1), END,
    )  # fmt: skip
    assert read(events) == ["Old wo", "\n\nNew", " words"]


def test_what_stays_the_same_is_not_sent_again() -> None:
    events = said(
        begun(1), words(1, "Old"), (None, RunStarted("w2", 1)), begun(1), words(1, "Old words"),
        ended(1), END,
    )  # fmt: skip
    assert read(events) == ["Old", " words"]


def test_polish_of_a_section_that_is_done_is_left_to_the_output() -> None:
    events = said(
        begun(1), words(1, "A"), ended(1), begun(9), ("s9", Text("section-1", 0, "Better")), END
    )
    assert read(events) == ["A"]


def test_text_of_a_failed_run_is_kept() -> None:
    failed = (None, RunFailed(Error("timeout", "late")))
    assert read(said(begun(1), words(1, "A"), begun(3), words(3, "C"), failed)) == ["A", "\n\nC"]


def test_channels_without_numbers_come_as_they_began() -> None:
    events = said(
        ("a", SpanStarted("a", "h")), ("a", Text("intro", 0, "Hello")), ("a", SpanCompleted()),
        ("b", SpanStarted("b", "i")), ("b", Text("body", 0, "World")), END,
    )  # fmt: skip
    assert read(events) == ["Hello", "\n\nWorld"]


def test_after_a_reset_the_log_is_read_from_its_beginning() -> None:
    article = Article()
    first = said(begun(1), words(1, "One"))
    assert article.feed(Batch(tuple(first))) == "One"
    again = said(begun(1), words(1, "One two"), ended(1), END)
    assert article.feed(Batch(tuple(again), reset=True)) == " two"
