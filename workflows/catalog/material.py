"""What a post is written from when it has a site: by value, as it was when the post was begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Len, MaxLen

MOST_QUOTED_PAGES = 300
MOST_QUOTES = 2000
LONGEST_QUOTE = 200 * 1024


@dataclass(frozen=True)
class QuotedPage:
    """A page of the site, and passages of it, letter by letter."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    url: Annotated[str, MaxLen(2048)]
    title: Annotated[str, MaxLen(300)]
    quotes: Annotated[tuple[Annotated[str, Len(1, LONGEST_QUOTE)], ...], MaxLen(MOST_QUOTES)]


@dataclass(frozen=True)
class SiteMaterial:
    """`about`: what the site is, in a few words. `pages`: those with most to say come first. All of
    it was said by pages, or by a model that had read them."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    id: Annotated[str, MaxLen(64)]
    name: Annotated[str, MaxLen(300)]
    about: Annotated[str, MaxLen(2000)] = ""
    audience: Annotated[str, MaxLen(300)] = ""
    tone: Annotated[str, MaxLen(300)] = ""
    pages: Annotated[tuple[QuotedPage, ...], MaxLen(MOST_QUOTED_PAGES)] = ()
