"""Forms out of schemas, and answers out of what was sent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from annotated_types import Interval, Len
from pydantic import BaseModel, Field, TypeAdapter

from runs import forms
from runs.schema import Wrong, wrongs


class Section(BaseModel):
    origin: int | None = Field(default=None, json_schema_extra={"readOnly": True})
    heading: Annotated[str, Len(1, 120)]
    note: Annotated[str, Len(0, 500)] = ""


class Outline(BaseModel):
    title: Annotated[str, Len(1, 150)] = Field(description="Of the post")
    tone: Literal["dry", "warm"] = "dry"
    words: Annotated[int, Interval(ge=100)] = 800
    price: float | None = None
    quick: bool = False
    tags: list[str] = []
    extra: dict[str, Any] = {}
    sections: Annotated[list[Section], Len(1, 5)]


SCHEMA = TypeAdapter(Outline).json_schema()
VALUE = {
    "title": "T", "tone": "warm", "words": 5, "price": None, "quick": True, "tags": ["a", "b"],
    "extra": {"k": 1},
    "sections": [
        {"origin": 1, "heading": "One", "note": ""},
        {"origin": 2, "heading": "Two", "note": "more"},
    ],
}  # fmt: skip


def sent(field: forms.Field) -> dict[str, str]:
    """What a browser sends of a form that nobody touched."""
    found: dict[str, str] = {}
    for part in field.parts:
        found |= sent(part)
    for row in field.rows:
        found[f"{row.name}._place"] = str(row.place)
        for part in row.parts:
            found |= sent(part)
    if field.kind == "choice":
        found[field.name] = next((said for said, chosen in field.choices if chosen), "")
    elif field.kind not in ("group", "rows", "check") or field.value:
        found[field.name] = "on" if field.kind == "check" else str(field.value)
    return found


def test_each_kind_has_its_field() -> None:
    form = forms.field(SCHEMA, VALUE)
    assert {part.label: part.kind for part in form.parts} == {
        "Title": "text", "Tone": "choice", "Words": "whole", "Price": "number", "Quick": "check",
        "Tags": "lines", "Extra": "json", "Sections": "rows",
    }  # fmt: skip
    assert [part.kind for part in form.parts[-1].rows[0].parts] == ["hidden", "text", "long"]
    assert (form.parts[0].required, form.parts[0].help) == (True, "Of the post")


def test_an_untouched_form_gives_what_it_showed() -> None:
    assert forms.answer(SCHEMA, sent(forms.field(SCHEMA, VALUE))) == VALUE
    assert wrongs(SCHEMA, VALUE | {"words": 500}) == []


@pytest.mark.parametrize(
    ("change", "sections"),
    [
        ({"answer.sections.0._place": "3"}, ["Two", "One"]),
        ({"answer.sections.1._delete": "on"}, ["One"]),
        ({"answer.sections.0.heading": "Uno"}, ["Uno", "Two"]),
        ({"answer.sections.7.heading": "New", "answer.sections.7._place": "1.5"},
         ["One", "New", "Two"]),
        ({"answer.sections.0._place": "nowhere"}, ["Two", "One"]),
    ],
)  # fmt: skip
def test_rows_are_renamed_moved_added_and_deleted(
    change: dict[str, str], sections: list[str]
) -> None:
    found = forms.answer(SCHEMA, sent(forms.field(SCHEMA, VALUE)) | change)
    assert [section["heading"] for section in found["sections"]] == sections


def test_one_more_row() -> None:
    value = forms.grown(forms.answer(SCHEMA, {}), "answer.sections")
    assert value["sections"] == [{}]
    assert len(forms.field(SCHEMA, value).parts[-1].rows) == 1
    for name in ("answer.title", "answer.nothing", "answer", "", "answer.sections.9"):
        assert forms.grown({"title": "t"}, name) == {"title": "t"}


def test_what_cannot_be_read_is_refused_by_the_schema() -> None:
    found = forms.answer(SCHEMA, sent(forms.field(SCHEMA, VALUE)) | {"answer.words": "many"})
    assert found["words"] == "many"
    assert wrongs(SCHEMA, found) == [Wrong(("words",), "should be a whole number")]
    form = forms.field(SCHEMA, found, wrongs(SCHEMA, found))
    assert form.parts[2].wrong == ["should be a whole number"]


def test_a_plain_question() -> None:
    form = forms.field({"type": "boolean"}, None)
    assert (form.kind, form.name) == ("check", "answer")
    assert forms.answer({"type": "boolean"}, {"answer": "on"}) is True
    assert forms.answer({"type": "boolean"}, {}) is False
    assert forms.answer({"type": "string"}, {"answer": " a\0b "}) == "ab"
