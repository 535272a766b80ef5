"""An edit is believed only if it is small and touches no citation."""

import pytest

from workflows.blog.edits import edited
from workflows.blog.forms import Edit

FIRST = "So the moon pulls at the sea. [c1] And the sea follows it, day after day, year after year."
SECOND = "The sun pulls as well. [c2] But it is far away, and what is far away pulls less."


def edit(find: str, replace: str, section: int = 1) -> Edit:
    return Edit(section=section, find=find, replace=replace)


def test_an_opening_may_change() -> None:
    result = edited([FIRST, SECOND], [edit("The sun pulls", "As we saw, the sun pulls", 2)])
    assert result.sections == (FIRST, SECOND.replace("The sun pulls", "As we saw, the sun pulls"))
    assert result.refused == 0


@pytest.mark.parametrize(
    "bad",
    [
        edit("[c1]", ""),
        edit("[c1] And", "And"),
        edit("follows it", "follows it [c1]"),
        edit("the sea. [c1]", "the sea. [c2]"),
        edit("not there", "there"),
        edit("the", "a"),
        edit("", "more"),
        edit(FIRST, "Short."),
        edit("So", "So " + "it was told again and again " * 3),
        edit("day after day, year after year.", "."),
        edit("So the moon", "# The moon\n\nThe moon"),
        edit("year after year.", "year after year. "),
        edit("So", "Then", 3),
        edit("So", "Then", 0),
    ],
)
def test_what_goes_too_far_is_refused(bad: Edit) -> None:
    assert edited([FIRST, SECOND], [bad]) == edited([FIRST, SECOND], []).__class__(
        (FIRST, SECOND), 1
    )


def test_many_small_edits_do_not_add_up_to_a_rewrite() -> None:
    text = " ".join(f"w{n}x" for n in range(100))
    edits = [edit(f"w{n}x", f"w{n}xyz") for n in range(100)]
    result = edited([text], edits)
    assert result.refused > 0
    assert len(result.sections[0]) <= len(text) * 1.15
