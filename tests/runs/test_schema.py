"""What fits a form, and what is said of what does not."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from annotated_types import Interval, Len
from pydantic import BaseModel, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from runs.schema import Wrong, wrongs


class Section(BaseModel):
    heading: Annotated[str, Len(1, 10)]
    words: Annotated[int, Interval(ge=1, le=500)] = 100
    note: str | None = None


class Outline(BaseModel):
    model_config = {"extra": "forbid"}
    title: str
    tone: Literal["dry", "warm"] = "dry"
    sections: Annotated[list[Section], Len(1, 3)]


class Tree(TypedDict, total=False):
    leaf: bool
    inner: "Tree"  # noqa: UP037 (it is its own)


OUTLINE = TypeAdapter(Outline).json_schema()
GOOD = {"title": "t", "sections": [{"heading": "h", "words": 5, "note": None}]}
BAD: list[tuple[dict[str, Any], tuple[str | int, ...]]] = [
    ({"title": None}, ("title",)),
    ({"tone": "loud"}, ("tone",)),
    ({"more": 1}, ("more",)),
    ({"sections": []}, ("sections",)),
    ({"sections": [{"heading": ""}]}, ("sections", 0, "heading")),
    ({"sections": [{"heading": "h" * 11}]}, ("sections", 0, "heading")),
    ({"sections": [{"heading": "h"}, {"heading": "h", "words": 0}]}, ("sections", 1, "words")),
    ({"sections": [{"heading": "h", "words": True}]}, ("sections", 0, "words")),
    ({"sections": [{"heading": "h", "words": 2.5}]}, ("sections", 0, "words")),
    ({"sections": [{"heading": "h", "note": 5}]}, ("sections", 0, "note")),
    ({"sections": [{}]}, ("sections", 0, "heading")),
    ({"sections": "none"}, ("sections",)),
]


def test_what_fits_fits() -> None:
    assert wrongs(OUTLINE, GOOD) == []
    assert wrongs({"type": "boolean"}, True) == []
    assert wrongs({}, {"any": ["thing"]}) == []


@pytest.mark.parametrize(("change", "loc"), BAD)
def test_what_does_not_is_named(change: dict[str, Any], loc: tuple[str | int, ...]) -> None:
    found = wrongs(OUTLINE, GOOD | change)
    assert [wrong.loc for wrong in found] == [loc]
    with pytest.raises(ValidationError):
        TypeAdapter(Outline).validate_python(GOOD | change, strict=True)


def test_the_words_are_for_people() -> None:
    assert wrongs({"type": "integer"}, "5") == [Wrong((), "should be a whole number")]
    assert wrongs({"minimum": 3}, 2) == [Wrong((), "should be at least 3")]
    assert wrongs({"enum": ["a", "b"]}, "c") == [Wrong((), "should be one of a, b")]
    assert wrongs({"required": ["a"]}, {}) == [Wrong(("a",), "is missing")]
    assert wrongs({"maxItems": 1}, [1, 2]) == [Wrong((), "should have at most 1 entries")]
    assert wrongs({"const": 1}, True) == [Wrong((), "should be one of 1")]


def test_a_schema_that_leads_to_itself_ends() -> None:
    tree = TypeAdapter(Tree).json_schema()
    assert wrongs(tree, {"inner": {"inner": {"leaf": True}}}) == []
    assert wrongs(tree, {"inner": {"inner": {"leaf": 1}}}) != []
    endless = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}
    assert wrongs(endless, 1) == []
    assert wrongs({"allOf": [{"$ref": "#"}]}, 1) == []
