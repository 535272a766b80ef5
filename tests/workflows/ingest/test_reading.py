"""What a model is given of a page: all that is said to be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.workflows.blog.worlds import Asked, Model
from workflows.fetch import Page
from workflows.ingest.reading import CHUNK, Visit, read_page

Scripted = Callable[[Callable[[Asked], str]], Model]


@pytest.mark.parametrize("gap", [" ", "\n", "\n\n", "-"], ids=["blanks", "lines", "gaps", "none"])
async def test_no_word_of_a_page_is_passed_over(scripted: Scripted, gap: str) -> None:
    """Of a text in one paragraph too, such as a file without a blank line."""
    model = scripted(lambda asked: '{"summary": "It counts.", "facts": []}')
    words = [f"word{n}" for n in range(3 * CHUNK // 10)]
    await read_page("https://site.example/t", Visit(Page("", "T", gap.join(words))))
    given = "\n".join(str(asked.request["messages"]) for asked in model.asked)
    cut = [word for word in words if word not in given]
    assert len(cut) <= (3 if gap == "-" else 0)
