"""A person's text and a run's, section by section."""

from __future__ import annotations

import pytest

from gxweb.posts.merging import merged
from gxweb.posts.text import Text

BASE = {"One": "1", "Two": "2"}


def text(parts: dict[str, str], title: str = "T", description: str = "") -> Text:
    told = "".join(f"## {heading}\n\n{words}\n\n" for heading, words in parts.items())
    return Text(title, description, f"# T\n\n{told}")


@pytest.mark.parametrize(
    ("mine", "new", "found"),
    [
        (BASE, {"One": "1", "Two": "b"}, {"One": "1", "Two": "b"}),
        ({"One": "a", "Two": "2"}, BASE, {"One": "a", "Two": "2"}),
        ({"One": "a", "Two": "2"}, {"One": "1", "Two": "b"}, {"One": "a", "Two": "b"}),
        ({"One": "1", "Two": "m"}, {"One": "1", "Two": "b"}, {"One": "1", "Two": "m"}),
        ({"One": "1"}, {"One": "b", "Two": "2"}, {"One": "b"}),  # taken out
        ({"One": "1"}, {"One": "b", "Two": "b"}, {"One": "b", "Two": "b"}),  # and written anew
        (BASE | {"Own": "o"}, {"One": "b", "Two": "2"}, {"One": "b", "Two": "2", "Own": "o"}),
        ({"One": "a", "Two": "2"}, BASE | {"More": "3"}, {"One": "a", "Two": "2", "More": "3"}),
        ({"I": "1", "Two": "2"}, {"One": "1", "Two": "b"}, {"Two": "b", "I": "1"}),  # renamed
    ],
)
def test_sections(mine: dict[str, str], new: dict[str, str], found: dict[str, str]) -> None:
    assert merged(text(mine), text(BASE), text(new)) == text(found)


def test_a_section_that_was_wanted_anew_is_taken_anew() -> None:
    mine, new = {"One": "a", "Two": "m"}, {"One": "1", "Two": "b"}
    found = merged(text(mine), text(BASE), text(new), asked="Two")
    assert found == text({"One": "a", "Two": "b"})


def test_title_and_description() -> None:
    mine, new = text(BASE, "Mine", "old"), text(BASE, "T", "new")
    assert merged(mine, text(BASE, "T", "old"), new) == text(BASE, "Mine", "new")


def test_two_sections_of_one_name_stay_two() -> None:
    twice = Text("T", "", "# T\n\n## A\n\n1\n\n## A\n\n2\n\n")
    assert merged(Text("Mine", "", twice.markdown), twice, twice).markdown == twice.markdown
