"""The post's own parts: slug, sources, description, text without marks."""

import pytest

from workflows.blog.article import clipped, opening, post, slug, sources, tidied
from workflows.blog.claims import Claim
from workflows.blog.notes import notes_of
from workflows.catalog import Section, Source

CLAIMS = [
    Claim("c1", "", "The moon pulls."),
    Claim("c2", "", "The sun pulls."),
    Claim("c3", "", ""),
]
SECTIONS = [Section("Moon", "It pulls. [c1]"), Section("Sun", "It does too. [c2, c1]")]


def test_a_post_from_its_sections() -> None:
    made = post("Tides", SECTIONS, CLAIMS, notes_of(""), "Why they come.")
    assert made.markdown == (
        "# Tides\n\n## Moon\n\nIt pulls. [c1]\n\n## Sun\n\nIt does too. [c2, c1]\n"
    )
    assert made.slug == "tides"
    assert made.words == 8
    assert made.description == "Why they come."


def test_sources_are_what_is_cited() -> None:
    assert sources(SECTIONS, CLAIMS, notes_of("")) == (
        Source("c1", None, "Your notes", "The moon pulls."),
        Source("c2", None, "Your notes", "The sun pulls."),
    )


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("How Tides Work!", "how-tides-work"),
        ("Über Ébbe", "uber-ebbe"),
        ("潮汐", "post"),
        ("a " * 50, "-".join("a" * 30)),
        ("x" * 200, "x" * 60),
    ],
)
def test_slugs(title: str, expected: str) -> None:
    assert slug(title) == expected


@pytest.mark.parametrize(
    ("draft", "text"),
    [
        ("  Text. \n", "Text."),
        ("## Heading\n\nText.", "Text."),
        ("# H\nText.\n\n### Part\n\nMore.", "Text.\n\n### Part\n\nMore."),
        ("#tag is text", "#tag is text"),
        ("## Only a heading", ""),
    ],
)
def test_a_section_has_no_heading_of_its_own(draft: str, text: str) -> None:
    assert tidied(draft) == text


def test_a_description_from_the_text_is_its_first_sentence() -> None:
    assert opening(["", "**The moon** pulls. [c1] More."]) == "The moon pulls."
    assert opening(["long " * 100]) == clipped("long " * 99 + "long")
    assert len(opening(["x" * 500])) == 160
