"""The forms that a model fills in, and what is checked before anything of them is used.

The schemas say no more than every provider understands; lengths and counts are checked here, and a
model that misses one is told by a sentence.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator

from workflows.blog.notes import folded
from workflows.catalog import MOST_SECTIONS
from workflows.llm import forms as llm_forms
from workflows.llm.forms import Form

FEWEST_SECTIONS = 4
DESCRIPTION_CHARACTERS = 160


def _line(most: int, text: str) -> str:
    line = folded(text)
    if not 1 <= len(line) <= most:
        raise ValueError(f"must have 1 to {most} characters")
    return line


def _title(text: str) -> str:
    return _line(200, text.strip().lstrip("# "))


def _heading(text: str) -> str:
    return _line(120, text.strip().lstrip("# "))


def _description(text: str) -> str:
    return _line(DESCRIPTION_CHARACTERS, text)


class Plan(Form):
    angle: str
    questions: list[str]


class FoundClaim(Form):
    claim: str
    quote: str


class Claims(Form):
    claims: list[FoundClaim]


class OutlinedSection(Form):
    heading: Annotated[str, AfterValidator(_heading)]
    claims: list[str]


def _distinct(sections: list[OutlinedSection]) -> list[OutlinedSection]:
    if not FEWEST_SECTIONS <= len(sections) <= MOST_SECTIONS:
        raise ValueError(f"must have {FEWEST_SECTIONS} to {MOST_SECTIONS} sections")
    if len({section.heading.casefold() for section in sections}) < len(sections):
        raise ValueError("every heading must be another")
    return sections


class OutlineForm(Form):
    title: Annotated[str, AfterValidator(_title)]
    sections: Annotated[list[OutlinedSection], AfterValidator(_distinct)]


class Edit(Form):
    section: int
    find: str
    replace: str


class Edits(Form):
    edits: list[Edit]


class Description(Form):
    description: Annotated[str, AfterValidator(_description)]


FORMS: dict[str, type[Form]] = {
    "plan": Plan,
    "claims": Claims,
    "outline": OutlineForm,
    "edits": Edits,
    "description": Description,
}


def response_format(form: str) -> dict[str, Any]:
    return llm_forms.response_format(form, FORMS[form])
