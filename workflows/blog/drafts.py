"""One section from its question to a text that may stand: verified, repaired once, else cut."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from workflows.blog.article import tidied
from workflows.blog.citations import cited, foreign, only
from workflows.blog.outline import Planned
from workflows.blog.prompts import UNSOURCED
from workflows.blog.question import MISTAKES, Question, rewrite_section, write_section
from workflows.engine import Failure, component, log, text

MISSING = "*This section could not be written.*"


@dataclass(frozen=True)
class Draft:
    markdown: str
    failure: Failure | None = None
    """Why there is no text, if there is none."""


async def drafted(question: Question, planned: Planned, number: int) -> Draft:
    """The section, on its channel and as a value: the same text, letter by letter."""
    channel = f"section-{number}"
    seen, failure = "", None
    try:
        seen = await write_section.label(planned.heading)(question, channel)
        markdown = await _verified(question, tidied(seen), planned, number)
    except Failure as mistake:
        if mistake.type not in MISTAKES:
            raise
        log(f"Section {number} could not be written. {mistake.message}", level="warning")
        markdown, failure = MISSING, mistake
    if markdown != seen:
        await place.label(f"Final text: {planned.heading}")(channel, markdown)
    return Draft(markdown, failure)


@component
async def place(channel: str, markdown: str) -> str:
    """Put a finished text where a draft was. A span of its own, so that the text stays its own."""
    await text(channel).replace(markdown)
    return markdown


async def _verified(question: Question, draft: str, planned: Planned, number: int) -> str:
    allotted = {claim.id for claim in planned.claims}
    if problem := problem_with(draft, allotted):
        log(f"Section {number}: {problem} Asking once more.")
        draft = await _repaired(question, draft, problem, planned)
    if strange := foreign(draft, allotted):
        named = ", ".join(strange)
        log(f"Section {number}: dropped citations that it was not given: {named}.", level="warning")
        draft = only(draft, allotted).strip()
    if not draft:
        raise Failure("invalid_answer", "The model wrote nothing that can stand.")
    if not cited(draft) and UNSOURCED not in draft:
        return f"{draft}\n\n{UNSOURCED}"
    return draft


def problem_with(draft: str, allotted: Collection[str]) -> str:
    """What the writer must put right, in words for the writer; empty: nothing."""
    if not draft:
        return "It is empty."
    if strange := foreign(draft, allotted):
        given = ", ".join(sorted(allotted)) or "none"
        return f"It cites {', '.join(strange)}; the ids of this section are: {given}."
    if allotted and not cited(draft) and UNSOURCED not in draft:
        return f"It cites no claim and does not say so with the line {UNSOURCED}"
    return ""


async def _repaired(question: Question, draft: str, problem: str, planned: Planned) -> str:
    """A second try, if it is better; else the first."""
    allotted = {claim.id for claim in planned.claims}
    try:
        rewrite = rewrite_section.label(f"Again: {planned.heading}")
        again = tidied(await rewrite(question.repair(draft, problem)))
    except Failure as mistake:
        if mistake.type not in MISTAKES:
            raise
        return draft
    if again and len(foreign(again, allotted)) <= len(foreign(draft, allotted)):
        return again
    return draft
