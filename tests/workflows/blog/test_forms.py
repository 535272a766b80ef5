"""Answers are checked before they are used, and a complaint says what is wrong."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from workflows.blog.forms import (
    FORMS,
    Description,
    Edits,
    OutlineForm,
    Plan,
    response_format,
)
from workflows.llm.forms import complaint, parsed


def outline(headings: list[str], title: str = "T") -> str:
    sections = [{"heading": heading, "claims": []} for heading in headings]
    return json.dumps({"title": title, "sections": sections})


@pytest.mark.parametrize("form", FORMS)
def test_schemas_are_strict_all_the_way_down(form: str) -> None:
    wanted = response_format(form)["json_schema"]
    assert (wanted["name"], wanted["strict"]) == (form, True)
    schema = wanted["schema"]
    for part in [schema, *schema.get("$defs", {}).values()]:
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (outline(["A", "B", "C"]), "4 to 8 sections"),
        (outline([str(n) for n in range(9)]), "4 to 8 sections"),
        (outline(["A", "B", "C", "a"]), "another"),
        (outline(["A", "B", "C", " # "]), "1 to 120"),
        (outline(["A", "B", "C", "D"], title=" "), "1 to 200"),
        ("not JSON", "JSON"),
        ("[]", "object"),
        ('{"title": "T"}', "sections"),
    ],
)
def test_an_outline_that_does_not_fit_is_refused(answer: str, why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parsed(OutlineForm, answer)
    assert why in complaint(caught.value)


def test_headings_and_titles_are_one_line_without_marks() -> None:
    made = parsed(OutlineForm, outline(["## A\n b", "B", "C", "D"], title="# The\ttitle"))
    assert made.title == "The title"
    assert made.sections[0].heading == "A b"


@pytest.mark.parametrize(
    "answer", ['{"edits": []}', '```json\n{"edits": []}\n```', ' {"edits":[]}\n']
)
def test_a_fence_around_json_is_forgiven(answer: str) -> None:
    assert parsed(Edits, answer) == Edits(edits=[])


def test_more_fields_are_forgiven() -> None:
    given: dict[str, Any] = {"angle": "a", "questions": [], "mood": "fine"}
    assert parsed(Plan, json.dumps(given)) == Plan(angle="a", questions=[])


@pytest.mark.parametrize("text", ["", "x" * 161])
def test_a_description_has_its_length(text: str) -> None:
    with pytest.raises(ValidationError, match="1 to 160"):
        parsed(Description, json.dumps({"description": text}))
