"""What the fields of inputs have to be, beyond their types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NOTES_BYTES = 200 * 1024


def is_not_blank(text: str) -> bool:
    return bool(text.strip())


def is_at_most_200_kilobytes(text: str) -> bool:
    """Characters alone would let four times as much in."""
    return len(text.encode("utf-8", "replace")) <= NOTES_BYTES


@dataclass(frozen=True)
class Looks:
    """A rule as JSON Schema can say it, beside the one that Python checks."""

    pattern: str

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """Read by pydantic, which writes the schemas of the API plane."""
        return {**handler(core), "pattern": self.pattern}


NOT_BLANK = Looks(r"\S")
