"""Places in words."""

from __future__ import annotations

import pytest

from runs.render import line


@pytest.mark.parametrize(
    ("place", "words"),
    [(0, ""), (1, "Next in line"), (2, "2nd in line"), (3, "3rd in line"), (4, "4th in line"),
     (11, "11th in line"), (12, "12th in line"), (21, "21st in line"), (113, "113th in line")],
)  # fmt: skip
def test_a_place_as_people_say_it(place: int, words: str) -> None:
    assert line.words(line.note(place)) == words


def test_another_note_is_no_place() -> None:
    assert line.words("unattended") == ""
