"""The author looks over the outline: other headings, another order, more or fewer sections, a wish
for one of them. Claims stay with the section that they were given to; those of one that is deleted
go with it."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Len
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from workflows import engine
from workflows.blog.outline import Outline, Planned, reshaped
from workflows.catalog import MOST_SECTIONS

COUNTDOWN_S = 20.0
FINISH = "finish"


def _line(text: str) -> str:
    return " ".join(text.split()).lstrip("# ")


class ReviewedSection(BaseModel):
    model_config = ConfigDict(frozen=True)

    # Which section of the proposed outline it is, from 1; None for one that the author adds.
    origin: int | None = Field(default=None, json_schema_extra={"readOnly": True})
    heading: Annotated[str, Len(1, 120), AfterValidator(_line)]
    note: Annotated[str, Len(0, 2000)] = Field(
        default="", description="What this section should do, or leave out."
    )


class Review(BaseModel):
    model_config = ConfigDict(frozen=True)

    title: Annotated[str, Len(1, 150), AfterValidator(_line)]
    sections: Annotated[list[ReviewedSection], Len(1, MOST_SECTIONS)]


async def reviewed(outline: Outline, words: int) -> Outline:
    """As the author wants it; as it is when the countdown ends untouched, or all is to be finished
    now."""
    if engine.signals().received(FINISH):
        return outline
    proposed = proposal(outline)
    review = await engine.ask(
        Review,
        title="Shape the outline",
        default=proposed,
        timeout=COUNTDOWN_S,
        key="outline",
    )
    return outline if review == proposed else taken(outline, review, words)


def proposal(outline: Outline) -> Review:
    sections = [
        ReviewedSection(origin=number, heading=section.heading[:120])
        for number, section in enumerate(outline.sections, start=1)
    ]
    return Review(title=outline.title[:150], sections=sections)


def taken(outline: Outline, review: Review, words: int) -> Outline:
    """The reviewed outline, its words dealt out anew. Claims of a section that was sent twice stay
    with the first."""
    homes = dict(enumerate(outline.sections, start=1))
    planned = []
    for section in review.sections:
        old = homes.pop(section.origin or 0, None)
        claims = () if old is None else old.claims
        planned.append(Planned(section.heading, claims, 0, section.note.strip()))
    return reshaped(review.title, planned, words)
