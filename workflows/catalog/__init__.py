"""Which workflows exist: their names, versions, inputs and outputs, and none of their code.

Both planes read it. The API plane checks inputs, writes schemas and documents calls from these
shapes; the compute plane rebuilds its inputs from them. Hence plain frozen dataclasses, with bounds
that any validator may read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Interval, Len, MaxLen, Predicate

from workflows.catalog.bounds import (
    NOT_BLANK,
    NOTES_BYTES,
    is_at_most_200_kilobytes,
    is_not_blank,
)
from workflows.catalog.material import SiteMaterial
from workflows.catalog.site import SiteBrief, SiteReading

MOST_SECTIONS = 8

Lane = Literal["interactive", "bulk"]


@dataclass(frozen=True)
class Instruction:
    """How one section is to be written. It reaches that section's writer and nobody else, so that a
    fork with another one writes only that section anew, and what follows from it."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    section: Annotated[int, Interval(ge=1, le=MOST_SECTIONS)]
    text: Annotated[str, Len(1, 2000), Predicate(is_not_blank), NOT_BLANK]


@dataclass(frozen=True)
class Brief:
    """What a person asks for: a post on this topic, from these notes. `site` is made from `site_id`
    when the run is stored, and need not be given."""

    # Read by pydantic, which the API plane uses; the name is its own. Unknown fields are refused.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    topic: Annotated[str, Len(1, 300), Predicate(is_not_blank), NOT_BLANK]
    notes: Annotated[str, MaxLen(NOTES_BYTES), Predicate(is_at_most_200_kilobytes)] = ""
    site_id: Annotated[str, MaxLen(64)] | None = None
    audience: Annotated[str, MaxLen(300)] = ""
    tone: Annotated[str, MaxLen(300)] = ""
    language: Annotated[str, MaxLen(60)] = ""
    words: Annotated[int, Interval(ge=200, le=5000)] = 1200
    urls: Annotated[tuple[Annotated[str, Len(1, 2000)], ...], MaxLen(10)] = ()
    review_outline: bool = False
    instructions: Annotated[tuple[Instruction, ...], MaxLen(MOST_SECTIONS)] = ()
    site: SiteMaterial | None = None


@dataclass(frozen=True)
class Section:
    heading: str
    markdown: str


@dataclass(frozen=True)
class Source:
    """Where a citation such as [c3] leads: the words that it stands on."""

    id: str
    url: str | None
    title: str
    quote: str


@dataclass(frozen=True)
class Post:
    title: str
    slug: str
    description: str
    markdown: str
    sections: tuple[Section, ...]
    sources: tuple[Source, ...]
    words: int


@dataclass(frozen=True)
class Entry:
    """A workflow as it is seen from outside. `compatible`: older versions whose runs this one may
    carry on, when they have no worker any more. `lane`: which queue its runs wait in, interactive
    for people who watch, bulk for what takes long. `example`: an input, for the documentation."""

    name: str
    version: int
    title: str
    description: str
    lane: Lane
    input: type
    output: type
    compatible: tuple[int, ...] = ()
    signals: tuple[str, ...] = ()  # that it takes notice of
    example: Any = None


BLOG = Entry(
    name="blog",
    version=1,
    title="Blog post",
    description="Researches, outlines and writes a post from your own notes, with its sources.",
    lane="interactive",
    input=Brief,
    output=Post,
    signals=("finish",),
    example=Brief(
        topic="What a heat pump does",
        notes="A heat pump moves heat from the air outside into the house.",
        words=600,
    ),
)

# Signals: `add` brings {"url": …}, `leave_out` brings {"path": …}; the others bring nothing.
INGEST = Entry(
    name="ingest",
    version=1,
    title="Read a site",
    description="Reads a website page by page: who it speaks to, what it offers, and the facts that"
    " its pages state, each with its words.",
    lane="bulk",
    input=SiteBrief,
    output=SiteReading,
    signals=("stop", "pause", "go_on", "add", "leave_out"),
    example=SiteBrief(
        url="https://heat-pumps.example/",
        max_pages=20,
        notes="What they offer to people with old houses.",
    ),
)

CATALOG: dict[str, Entry] = {entry.name: entry for entry in (BLOG, INGEST)}


def lane_of(workflow: str) -> Lane:
    """A workflow that has left the catalog still has runs to finish."""
    entry = CATALOG.get(workflow)
    return "bulk" if entry is None else entry.lane


def takes(workflow: str, signal: str) -> bool:
    """Whether runs of this workflow take notice of a signal."""
    return workflow in CATALOG and signal in CATALOG[workflow].signals
