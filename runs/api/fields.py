"""What a JSON Schema asks for, in words: a line for each field of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

Schema = Mapping[str, Any]
KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "null": "null",
}
UNITS = {"Length": " characters", "Items": "", "imum": ""}


@dataclass(frozen=True, slots=True)
class Field:
    """`shape`: the name of the component that it is made of, if it is made of one."""

    name: str
    kind: str
    shape: str
    required: bool
    about: SafeString


def fields(schema: Schema) -> list[Field]:
    """Those of an object, in their order."""
    required = schema.get("required", ())
    found = schema.get("properties", {}).items()
    return [described(name, inner, required=name in required) for name, inner in found]


def described(name: str, schema: Schema, *, required: bool) -> Field:
    """One field; what a schema allows beyond its kind is told as people would say it."""
    about = worded("; ".join(part for part in _parts(schema) if part))
    return Field(name, kind(schema), shape(schema), required=required, about=about)


def worded(text: str) -> SafeString:
    """Plain words with `code` in them."""
    parts = str(escape(text)).split("`")
    marked = (f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))
    return mark_safe("".join(marked))  # noqa: S308 - each part is escaped


def kind(schema: Schema) -> str:
    if "$ref" in schema:
        return named(schema["$ref"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    return KINDS.get(schema.get("type", ""), "text" if "const" in schema else "anything")


def shape(schema: Schema) -> str:
    """The first component that it leads to; empty: none."""
    if "$ref" in schema:
        return named(schema["$ref"])
    inside = [*schema.get("anyOf", ()), *filter(None, [schema.get("items")])]
    return next(filter(None, map(shape, inside)), "")


def named(ref: str) -> str:
    return ref.rsplit("/", 1)[-1]


def sample(schema: Schema) -> dict[str, Any]:
    """The least that fits, for a body without an example."""
    left = {"string": "…", "integer": 1, "number": 1, "boolean": True, "array": []}
    inner = schema.get("properties", {})
    return {name: left.get(inner[name].get("type"), {}) for name in schema.get("required", ())}


def _parts(schema: Schema) -> Iterator[str]:
    yield schema.get("description", "").rstrip(".")
    one = next((s for s in schema.get("anyOf", ()) if s.get("type") != "null"), schema)
    yield " or ".join(f"“{value}”" for value in one.get("enum", ()))
    for bound, unit in UNITS.items():
        yield _range(one.get(f"min{bound}"), one.get(f"max{bound}"), unit)
    if schema.get("default") not in (None, "", []):
        yield f"{json.dumps(schema['default'])} if not given"


def _range(low: Any, high: Any, unit: str) -> str:
    if low is not None and high is not None:
        return f"{low} to {high}{unit}"
    if high is not None:
        return f"up to {high}{unit}"
    return "" if low is None else f"at least {low}{unit}"
