"""The shapes of `ingest`: what goes in, what comes out, and what it shows while it works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from annotated_types import Interval, Len, MaxLen, Predicate

from workflows.catalog.bounds import (
    NOT_BLANK,
    NOTES_BYTES,
    is_at_most_200_kilobytes,
    is_not_blank,
)

MOST_PAGES = 300

# Why a page of a site was not read. Each has a sentence in `workflows.ingest.reasons`.
Why = Literal[
    "robots", "forbidden", "missing", "unreachable", "timeout", "login", "javascript", "empty",
    "not_html", "too_large", "duplicate", "pattern", "depth", "other_site", "left_out", "limit",
    "stopped", "deadline", "budget", "invalid", "provider",
]  # fmt: skip
# `partial`: what a model said of some part of it could not be used.
PageStatus = Literal["done", "partial", "skipped"]


@dataclass(frozen=True)
class SiteBrief:
    """What a person asks for: read this site, so that posts can be written from what it says."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    url: Annotated[str, Len(1, 2048), Predicate(is_not_blank), NOT_BLANK]
    max_pages: Annotated[int, Interval(ge=1, le=MOST_PAGES)] = 40
    notes: Annotated[str, MaxLen(NOTES_BYTES), Predicate(is_at_most_200_kilobytes)] = ""


@dataclass(frozen=True)
class FieldSource:
    """Where a field of a site's profile stands: these words, on this page."""

    field: str
    quote: str
    url: str


@dataclass(frozen=True)
class Suggestion:
    """A post that could be written, and why it would serve this site's readers."""

    topic: str
    why: str


@dataclass(frozen=True)
class SiteProfile:
    """What a site is, in the words of its pages. `language`: a tag such as `en` or `pt-br`."""

    url: str
    name: str
    description: str
    audience: str
    tone: str
    topics: tuple[str, ...]
    products: tuple[str, ...]
    language: str
    suggestions: tuple[Suggestion, ...] = ()
    sources: tuple[FieldSource, ...] = ()


@dataclass(frozen=True)
class Fact:
    """What a page says, and the words of it that say so, letter by letter."""

    claim: str
    quote: str


@dataclass(frozen=True)
class ReadPage:
    """A page of the site; also what its span `ingest[0]/read_page["<url>"]` gives. `reason` is a
    sentence, `why` its code; both are empty unless the page is partial or skipped."""

    url: str
    title: str
    summary: str
    facts: tuple[Fact, ...]
    status: PageStatus
    reason: str = ""
    why: Why | Literal[""] = ""


@dataclass(frozen=True)
class SkippedPage:
    url: str
    reason: str
    why: Why


@dataclass(frozen=True)
class SkippedCount:
    """How many pages were left out for one reason; more than are named."""

    why: Why
    reason: str
    pages: int


@dataclass(frozen=True)
class SiteReading:
    """What came of it. `note`: a sentence, if it ended before all was read."""

    site: SiteProfile
    pages: tuple[ReadPage, ...]
    skipped: tuple[SkippedPage, ...]
    counts: tuple[SkippedCount, ...] = ()
    note: str = ""


# What an `ingest` run shows while it works: objects under these labels, in these shapes.


@dataclass(frozen=True)
class CardLink:
    text: str
    url: str


@dataclass(frozen=True)
class SiteCard:
    """Object `card`: what the home page says of itself, before any model is asked. `icon` and
    `image` are addresses, and not fetched by us; `colours`: `#rrggbb`, the site's own first."""

    url: str
    title: str
    description: str
    site_name: str
    language: str
    icon: str
    image: str
    colours: tuple[str, ...]
    links: tuple[CardLink, ...]
    about: tuple[str, ...]  # kinds of thing that its JSON-LD says it is: Organization, Store …


@dataclass(frozen=True)
class ProfileField:
    """Object `profile` is a mapping from fields of SiteProfile (name, description, audience, tone,
    topics, products, language) to these. An empty quote: no words of the page say it alone."""

    value: str | tuple[str, ...]
    quote: str
    url: str


@dataclass(frozen=True)
class ListedPage:
    url: str
    title: str
    state: Literal["queued", "fetching", "reading", "done", "skipped"]
    reason: str = ""


@dataclass(frozen=True)
class Frontier:
    """Object `frontier`: how far the reading is. `reading` counts pages fetched or read just now;
    `total`: done, skipped after a try, under way and still to come, at most `max_pages`. `eta_s`:
    a range in seconds, null while nobody can tell. `delay_s`: seconds between two requests, as
    the host or we want it. `listed`: under way first, then next ones, then the last left out."""

    state: Literal["looking", "reading", "paused", "stopping", "done"]
    queued: int
    reading: int
    done: int
    skipped: int
    facts: int
    total: int
    eta_s: tuple[int, int] | None
    delay_s: float
    listed: tuple[ListedPage, ...]
    said: str = ""  # a sentence about what it waits for, or why it ended
