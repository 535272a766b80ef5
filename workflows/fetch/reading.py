"""What a page says, as text."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.fetch.client import Fetched
from workflows.fetch.pages import page_of, why_empty


@dataclass(frozen=True, slots=True)
class Text:
    """`url`: where it was in the end. `text`: paragraphs, with blank lines in between."""

    url: str
    title: str
    text: str


async def read(answer: Fetched) -> Text:
    """Raises Refused: not_html, empty_page, or unreachable when it is an error's page."""
    page = await page_of(answer)
    if page.empty:
        raise why_empty(page)
    return Text(page.url, page.title, page.text)
