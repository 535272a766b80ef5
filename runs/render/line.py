"""A place in line, as a note of a frame and in words."""

from __future__ import annotations

NOTE = "line-"
ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def note(place: int) -> str:
    """Empty: it is not known."""
    return f"{NOTE}{place}" if place else ""


def words(note: str) -> str:
    """`line-3` → `3rd in line`; empty for any other note."""
    place = note.removeprefix(NOTE)
    if place == note:
        return ""
    return "Next in line" if place == "1" else f"{place}{_ending(int(place))} in line"


def _ending(place: int) -> str:
    return "th" if place % 100 in (11, 12, 13) else ENDINGS.get(place % 10, "th")
