"""The catalog's shapes, read as the API plane reads them."""

import dataclasses
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from workflows.catalog import CATALOG, Brief, Entry, Post
from workflows.catalog.bounds import NOTES_BYTES
from workflows.catalog.site import ReadPage, SiteBrief, SiteReading

BRIEF = TypeAdapter(Brief)


def refused(given: dict[str, Any]) -> list[tuple[str | int, ...]]:
    with pytest.raises(ValidationError) as caught:
        BRIEF.validate_python(given)
    return [error["loc"] for error in caught.value.errors()]


def test_every_entry_stands_under_its_own_name() -> None:
    assert {name: entry.name for name, entry in CATALOG.items()} == {
        "blog": "blog",
        "ingest": "ingest",
    }


@pytest.mark.parametrize("entry", CATALOG.values(), ids=lambda entry: entry.name)
def test_shapes_are_frozen_and_have_a_schema(entry: Entry) -> None:
    for shape in (entry.input, entry.output):
        assert getattr(shape, "__dataclass_params__").frozen  # noqa: B009 (no type has it)
        assert TypeAdapter(shape).json_schema()["type"] == "object"


def test_a_topic_is_all_that_a_brief_needs() -> None:
    assert BRIEF.validate_python({"topic": "Tides"}) == Brief(topic="Tides", words=1200)


def test_a_brief_survives_json() -> None:
    brief = Brief(topic="Tides", notes="The moon pulls.", urls=("https://example.com/",))
    assert BRIEF.validate_json(BRIEF.dump_json(brief)) == brief


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "topic"),
        ({"topic": ""}, "topic"),
        ({"topic": " \n"}, "topic"),
        ({"topic": "t" * 301}, "topic"),
        ({"topic": "t", "words": 199}, "words"),
        ({"topic": "t", "words": 5001}, "words"),
        ({"topic": "t", "notes": "n" * (NOTES_BYTES + 1)}, "notes"),
        ({"topic": "t", "notes": "é" * (NOTES_BYTES // 2 + 1)}, "notes"),
        ({"topic": "t", "urls": ["https://example.com/"] * 11}, "urls"),
        ({"topic": "t", "budget": 9}, "budget"),
        ({"topic": "t", "instructions": [{"section": 9, "text": "x"}]}, "instructions"),
        ({"topic": "t", "instructions": [{"section": 1, "text": " "}]}, "instructions"),
        ({"topic": "t", "instructions": [{"section": 1, "text": "x"}] * 9}, "instructions"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(given: dict[str, Any], field: str) -> None:
    assert refused(given)[0][0] == field


def test_notes_may_be_as_long_as_promised() -> None:
    assert (
        len(BRIEF.validate_python({"topic": "t", "notes": "n" * NOTES_BYTES}).notes) == NOTES_BYTES
    )


def test_the_schema_names_the_bounds() -> None:
    schema = BRIEF.json_schema()
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["topic"]
    assert schema["properties"]["words"] == {
        "default": 1200, "maximum": 5000, "minimum": 200, "title": "Words", "type": "integer",
    }  # fmt: skip


def test_a_post_has_the_fields_of_the_contract() -> None:
    assert [field.name for field in dataclasses.fields(Post)] == [
        "title", "slug", "description", "markdown", "sections", "sources", "words",
    ]  # fmt: skip


@pytest.mark.parametrize("pages", [0, 301, "many"])
def test_a_site_has_1_to_300_pages(pages: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(SiteBrief).validate_python({"url": "acme.example", "max_pages": pages})


def test_a_site_needs_an_address_only() -> None:
    brief = TypeAdapter(SiteBrief).validate_python({"url": "acme.example"})
    assert brief == SiteBrief("acme.example", max_pages=40, notes="")


def test_a_site_has_the_fields_of_the_contract() -> None:
    names = [field.name for field in dataclasses.fields(SiteReading)]
    assert names[:3] == ["site", "pages", "skipped"]
    assert [field.name for field in dataclasses.fields(ReadPage)][:5] == [
        "url", "title", "summary", "facts", "status",
    ]  # fmt: skip
