"""Edits to finished sections: small replacements that are checked before they are believed.

An edit may smooth an opening or a transition. It may not touch a citation, rewrite a section or
change its length by much; one that does is refused, and the section stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflows.blog.citations import cited
from workflows.blog.forms import Edit

LARGEST_PART = 0.4
LENGTH_CHANGE = 0.15


@dataclass(frozen=True)
class Edited:
    sections: tuple[str, ...]
    refused: int


def edited(sections: Sequence[str], edits: Iterable[Edit]) -> Edited:
    now = list(sections)
    refused = 0
    for edit in edits:
        number = edit.section - 1
        if 0 <= number < len(now) and _may(edit, now[number], sections[number]):
            now[number] = now[number].replace(edit.find, edit.replace, 1)
        else:
            refused += 1
    return Edited(tuple(now), refused)


def _may(edit: Edit, text: str, original: str) -> bool:
    if not edit.find.strip() or text.count(edit.find) != 1:
        return False
    if max(len(edit.find), len(edit.replace)) > LARGEST_PART * len(text):
        return False
    result = text.replace(edit.find, edit.replace, 1)
    if cited(result) != cited(original) or result != result.strip():
        return False
    if edit.replace.count("#") > edit.find.count("#"):
        return False
    return abs(len(result) - len(original)) <= LENGTH_CHANGE * len(original)
