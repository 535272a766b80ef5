"""A post's Markdown, read."""

from __future__ import annotations

import pytest

from gxweb.posts.words import Section, body, cited, count, sections


@pytest.mark.parametrize(
    ("text", "number"),
    [("", 0), ("# One two", 2), ("a [c1] b [c2, c3].", 2), ("- x\n- y", 2), ("日本語で書く", 4)],
)
def test_words_are_what_a_reader_reads(text: str, number: int) -> None:
    assert count(text) == number


def test_citations_are_found_each_once() -> None:
    assert cited("a [c1] b [c2; c1] c3 [c4](x)") == {"c1", "c2", "c4"}


@pytest.mark.parametrize(
    ("text", "rest"),
    [("# T\n\nx", "\nx"), ("\n#  T\nx", "x"), ("# Other\nx", "# Other\nx"), ("T\nx", "T\nx")],
)
def test_the_title_is_not_said_twice(text: str, rest: str) -> None:
    assert body(text.replace("#  T", "# T"), "T") == rest


def test_sections_begin_at_headings_of_the_second_level() -> None:
    text = "Before\n\n## One\n\n### In it\n\nx\n\nTwo\n---\ny\n"
    assert sections(text) == [
        Section("", "Before\n\n"),
        Section("One", "\n### In it\n\nx\n\n"),
        Section("Two", "y\n"),
    ]


@pytest.mark.parametrize("text", ["```\n## no\n```\n", "> ## no\n", "- ## no\n", "text\r\n"])
def test_what_is_inside_something_else_is_no_section(text: str) -> None:
    assert [section.heading for section in sections(text)] == [""]


def test_no_text_has_no_sections() -> None:
    assert sections(" \n") == []
