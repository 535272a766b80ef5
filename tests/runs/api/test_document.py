"""The document is true of itself: every example is of its schema, every call says how it fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client
from pydantic import TypeAdapter

from workflows.catalog import CATALOG

Document = dict[str, Any]


@pytest.fixture
def document(api: Client) -> Document:
    return dict(api.get("/api/openapi.json").json())


def calls(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            yield f"{method.upper()} {path}", call


def bodies(call: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All that is sent and answered, with its schema."""
    if "start_" not in call["operationId"]:  # that one is the workflow's to give
        yield from call.get("requestBody", {}).get("content", {}).values()
    for answer in call["responses"].values():
        yield from answer.get("content", {}).values()


def test_every_body_has_an_example_of_its_schema(document: Document) -> None:
    shown = [(name, body) for name, call in calls(document) for body in bodies(call)]
    assert len(shown) > 50
    assert [name for name, body in shown if "example" not in body] == []
    wrong = [(name, body) for name, body in shown if not fits(document, body)]
    assert wrong == []


def test_every_call_says_what_it_refuses(document: Document) -> None:
    for name, call in calls(document):
        assert {"401", "403", "404", "503"} <= set(call["responses"]), name


def fits(document: Document, body: dict[str, Any]) -> bool:
    schema = {**body["schema"], "components": document["components"]}
    return bool(jsonschema_rs.validator_for(schema).is_valid(body["example"]))


@pytest.mark.parametrize("name", CATALOG)
def test_a_start_shows_an_input_that_is_taken(document: Document, name: str) -> None:
    body = document["paths"][f"/api/workflows/{name}/runs"]["post"]["requestBody"]["content"]
    shown = body["application/json"]
    assert fits(document, shown)
    assert TypeAdapter(CATALOG[name].input).validate_python(shown["example"]) == (
        CATALOG[name].example
    )


def test_every_call_with_a_body_says_what_it_cannot_read(document: Document) -> None:
    taking = [(name, call) for name, call in calls(document) if "requestBody" in call]
    assert len(taking) == len(CATALOG) + 4
    for name, call in taking:
        assert {"400", "413", "415", "422"} <= set(call["responses"]), name


@pytest.mark.parametrize(("shape", "field"), [("Brief", "topic"), ("SiteBrief", "url")])
def test_a_blank_text_is_refused_by_the_document_too(
    document: Document, shape: str, field: str
) -> None:
    given = {"schema": document["components"]["schemas"][shape], "example": {field: " "}}
    assert not fits(document, given)
