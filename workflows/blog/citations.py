"""Citations in a text, such as [c3] or [c3, c7]: found, checked, dropped."""

from __future__ import annotations

import re
from collections.abc import Collection

_GROUP = re.compile(r"[ \t]{0,8}\[(c\d{1,4}(?:\s{0,4}[,;]\s{0,4}c\d{1,4}){0,40})\]")
_ID = re.compile(r"c\d{1,4}")


def cited(markdown: str) -> list[str]:
    """All ids, in the order of the text."""
    return [id for group in _GROUP.findall(markdown) for id in _ID.findall(group)]


def foreign(markdown: str, allotted: Collection[str]) -> list[str]:
    """The ids that the section was not given, each once."""
    return [id for id in dict.fromkeys(cited(markdown)) if id not in allotted]


def only(markdown: str, allotted: Collection[str]) -> str:
    """The text with all other citations dropped."""

    def kept(group: re.Match[str]) -> str:
        ids = _ID.findall(group[1])
        if all(id in allotted for id in ids):
            return group[0]
        left = [id for id in ids if id in allotted]
        return f" [{', '.join(left)}]" if left else ""

    return _GROUP.sub(kept, markdown)


def without_citations(markdown: str) -> str:
    return only(markdown, ())
