"""What a reader sees of Markdown: the text of its HTML, which is the same however it grew."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from runs.markdown import whole
from tests.runs.render.dom import parse


def shown(markdown: str, ids: Collection[str] = ()) -> str:
    """As an element's `textContent`."""
    return parse(whole(markdown, frozenset(ids))).text


def laid_out(texts: Iterable[str]) -> list[str]:
    """Without what only layout decides: white space between and within lines."""
    return [" ".join(text.split()) for text in texts]
