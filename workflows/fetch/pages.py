"""A page with all that it says: its text, what it says of itself, and where it leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.fetch import bodies
from workflows.fetch.client import Fetched
from workflows.fetch.extractor import EXTRACTOR
from workflows.fetch.refusals import Refused, unreachable
from workflows.fetch.sketch import sketch

SHORTEST = 80  # characters; a page that has less is made by a script, or empty
LONGEST = 400_000
_PLAIN = {"text/plain", "text/markdown"}


@dataclass(frozen=True, slots=True)
class Link:
    """`nav`: it stands in the page's navigation."""

    url: str
    text: str = ""
    nav: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """`url`: where it was in the end. `text`: paragraphs with blank lines in between; `loose`: the
    numbers of those that do not stand in the page as they are here. `sketch`: see there."""

    url: str
    title: str
    text: str
    loose: tuple[int, ...] = ()
    links: tuple[Link, ...] = ()
    sketch: tuple[int, ...] = ()
    description: str = ""
    site_name: str = ""
    language: str = ""
    image: str = ""
    icon: str = ""
    colours: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    canonical: str = ""
    feeds: tuple[str, ...] = ()
    needs_script: bool = False
    asks_sign_in: bool = False

    @property
    def empty(self) -> bool:
        return len(self.text.strip()) < SHORTEST


async def page_of(answer: Fetched) -> Page:
    """Raises Refused: not_html, or unreachable when it is an error's page, or hurts its reader. The
    page may be empty."""
    check(answer)
    kind = answer.headers.get("content-type", "")
    charset = bodies.charset(kind)
    if bodies.media_type(kind) in _PLAIN:
        text = bodies.text(answer.body, charset)[:LONGEST]
        return Page(answer.url, "", text, sketch=tuple(sketch(text)))
    found = await EXTRACTOR.take_apart(answer.body, charset, answer.url)
    return _page(answer.url, found)


def check(answer: Fetched) -> None:
    """Raises Refused, unless it is a page of text."""
    if answer.status >= 400:
        later = answer.status in (408, 425, 429) or answer.status >= 500
        raise unreachable(f"its server says {answer.status}", retryable=later)
    bodies.check_type(answer.headers.get("content-type", ""), answer.body)


def why_empty(page: Page) -> Refused:
    """What people are told about a page without text."""
    if page.asks_sign_in:
        return Refused("empty_page", "That page asks its readers to sign in.")
    if page.needs_script:
        return Refused(
            "empty_page", "That page has no text to read: it needs JavaScript to show any."
        )
    return Refused("empty_page", "That page has no text to read.")


def _page(url: str, found: dict[str, Any]) -> Page:
    links = tuple(Link(**link) for link in found.pop("links"))
    told: dict[str, Any] = {
        name: tuple(part) if isinstance(part, list) else part for name, part in found.items()
    }
    return Page(url, links=links, **told)
