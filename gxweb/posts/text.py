"""What a person may change about a post."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    title: str
    description: str
    markdown: str
