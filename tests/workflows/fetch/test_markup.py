"""Long pages lose what no reader sees, and then their end."""

from __future__ import annotations

import time

import pytest

from tests.patience import patience
from workflows.fetch.markup import LONGEST, lean

FILL = "x" * LONGEST
TALE = "<p>The wool is washed, carded and spun.</p>"


def test_a_page_that_is_not_long_stays_as_it_is() -> None:
    page = f"<style>p {{}}</style><!-- a --><script>go()</script>{TALE}"
    assert lean(page) == page


@pytest.mark.parametrize(
    ("opening", "closing", "left"),
    [
        ("<script>", "</script>", "<script></script>"),
        ("<SCRIPT async src='/a>b.js'>", "</Script >", "<SCRIPT src=x></Script >"),
        ("<style media=all>", "</style>", "<style></style>"),
        ("<!--", "-->", ""),
        ("<!-- <script> ", "-->", ""),
    ],
)
def test_what_no_reader_sees_is_left_out(opening: str, closing: str, left: str) -> None:
    assert lean(f"{TALE}{opening}{FILL}{closing}{TALE}") == f"{TALE}{left}{TALE}"


def test_what_a_page_says_for_machines_stays() -> None:
    said = '<script type="application/ld+json">{"@type": "Store"}</script>'
    assert lean(f"{said}<style>{FILL}</style>{TALE}") == f"{said}<style></style>{TALE}"


def test_other_tags_are_text() -> None:
    page = f"<scripture>In the beginning</scripture><style-x>{TALE}</style-x>"
    assert lean(page + FILL).startswith(page)


@pytest.mark.parametrize("open", ["<script>", "<style>", "<!--"])
def test_what_is_never_closed_ends_the_page(open: str) -> None:
    assert TALE in lean(f"{TALE}{open}{FILL}")
    assert len(lean(f"{TALE}{open}{FILL}")) < 1000


@pytest.mark.parametrize(
    "made", ["<script>", "<script></script>", "<style ", "<!--", "<!-->", "<script", "<" * 9, "a>"]
)
def test_it_takes_as_long_as_the_page_is(made: str) -> None:
    began = time.process_time()
    assert len(lean(made * (2_000_000 // len(made)))) <= LONGEST
    assert time.process_time() - began < patience(5)
