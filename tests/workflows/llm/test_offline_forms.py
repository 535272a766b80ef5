"""Any JSON schema is filled in, from the text and with nothing else."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from tests.workflows.blog.worlds import folded, licence
from workflows.llm.offline_forms import clipped, filled
from workflows.llm.offline_reading import Reading

TEXT = (
    "Acme Ltd sells 12 kinds of anchors at https://acme.example/anchors since 1987. "
    "Every anchor of theirs is forged by hand in a small harbour town. "
    "Sailors trust the heavy anchors more than the light ones."
)


def fill(schema: dict[str, Any], text: str = TEXT, **facts: str) -> Any:
    return json.loads(filled(Reading(facts=facts, material=text, said="", schema=schema)))


def one(schema: dict[str, Any], **facts: str) -> Any:
    return fill({"type": "object", "properties": {"it": schema}}, **facts)["it"]


def test_each_type() -> None:
    assert one({"type": "integer"}) == 12
    assert one({"type": "integer", "minimum": 1000}) == 1987
    assert one({"type": "number", "minimum": 5000}) == 5000
    assert one({"type": "boolean"}) is False
    assert one({"type": "null"}) is None
    assert one({"const": 4}) == 4
    assert one({"enum": ["gold", "anchors"]}) == "anchors"
    assert one({"enum": ["gold", "silver"]}) == "gold"
    assert one({"type": "string", "format": "uri"}) == "https://acme.example/anchors"
    assert one({"type": "string"}) in TEXT
    assert one({"type": ["null", "string"]}) in TEXT
    assert one({"anyOf": [{"type": "null"}, {"type": "integer"}]}) == 12


def test_lengths_and_counts_are_kept() -> None:
    assert len(one({"type": "string", "maxLength": 30})) <= 30
    assert len(one({"type": "string"}, characters="70")) <= 70
    assert len(one({"type": "array", "items": {"type": "string"}, "minItems": 5})) == 5
    assert len(one({"type": "array", "items": {"type": "string"}, "maxItems": 1})) == 1


def test_as_many_items_as_the_task_says_each_with_a_quote_in_order() -> None:
    item = {
        "type": "object",
        "properties": {"claim": {"type": "string"}, "quote": {"type": "string"}},
    }
    schema = {"type": "object", "properties": {"claims": {"type": "array", "items": item}}}
    text = licence("MPL-2.0")
    claims = fill(schema, text, claims="9")["claims"]
    places = [folded(text).index(claim["quote"]) for claim in claims]
    assert len(claims) == 9
    assert places == sorted(places)
    assert all(len(claim["claim"]) <= 80 for claim in claims)


def test_edits_are_never_proposed() -> None:
    item = {"type": "object", "properties": {"find": {"type": "string"}}}
    assert fill({"type": "object", "properties": {"edits": {"type": "array", "items": item}}}) == {
        "edits": []
    }


class Inner(BaseModel):
    name: str
    size: int | None = None
    inner: "Inner | None" = None


class Outer(BaseModel):
    headline: str = Field(max_length=40)
    inners: list[Inner]
    by_name: dict[str, int]
    kind: str = Field(pattern=".*")


def test_models_of_any_shape_come_out_valid() -> None:
    made = fill(TypeAdapter(Outer).json_schema())
    assert Outer.model_validate(made).headline


@pytest.mark.parametrize("schema", [{}, {"$ref": "#/nowhere"}, {"type": "array"}, {"type": "odd"}])
@pytest.mark.parametrize("text", ["", "!!!", TEXT])
def test_strange_schemas_and_texts_do_no_harm(schema: dict[str, Any], text: str) -> None:
    assert fill(schema, text) is None or isinstance(fill(schema, text), str | list | dict)


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [("abc def", 7, "abc def"), ("abc def", 6, "abc…"), ("abcdef", 4, "abc…"), ("ab", 1, "…")],
)
def test_cutting_between_words(text: str, limit: int, cut: str) -> None:
    assert clipped(text, limit) == cut
