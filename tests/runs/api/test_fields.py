"""A JSON Schema in words."""

from __future__ import annotations

from typing import Any

import pytest

from runs.api.fields import Field, described, sample, worded


@pytest.mark.parametrize(
    ("schema", "kind", "about"),
    [
        ({"type": "string", "maxLength": 300, "minLength": 1}, "text", "1 to 300 characters"),
        ({"type": "integer", "minimum": 200, "maximum": 5000, "default": 1200}, "whole number",
         "200 to 5000; 1200 if not given"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}, "text or null", ""),
        ({"enum": ["a", "b"], "type": "string"}, "text", "“a” or “b”"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 20},
         "list of text", "up to 20"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Section"}},
         "list of Section", ""),
        ({}, "anything", ""),
        ({"type": "boolean", "default": False, "description": "Stop?"}, "true or false",
         "Stop?; false if not given"),
    ],
)  # fmt: skip
def test_a_field_in_words(schema: dict[str, Any], kind: str, about: str) -> None:
    field = described("it", schema, required=False)
    shape = "Section" if "Section" in kind else ""
    assert field == Field("it", kind, shape, required=False, about=worded(about))


def test_words_are_words_and_code_is_code() -> None:
    assert worded("`wait=N` <b>") == "<code>wait=N</code> &lt;b&gt;"


def test_the_least_that_fits() -> None:
    schema = {
        "properties": {"url": {"type": "string"}, "n": {"type": "integer"}},
        "required": ["url"],
    }
    assert sample(schema) == {"url": "…"}
