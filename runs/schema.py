"""Whether a value is of a JSON Schema: as much of one as shapes in code give.

What it does not know (patterns, formats) it lets pass: the worker reads every answer again, as the
shape that the schema was made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DEEPEST = 64
Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """`loc`: where in the value; `msg`: what, in words for the one who filled in the form."""

    loc: Loc
    msg: str


def wrongs(schema: Mapping[str, Any], value: Any) -> list[Wrong]:
    """All that is wrong with the value, in the order of the schema."""
    return list(_wrongs(schema, value, schema, (), 0))


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a reference leads to, with what stands beside the reference."""
    for _ in range(DEEPEST):
        if "$ref" not in schema:
            return schema
        found: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found.get(part, {}) if isinstance(found, Mapping) else {}
        schema = {**found, **{name: part for name, part in schema.items() if name != "$ref"}}
    return {}


def _wrongs(
    schema: Any, value: Any, root: Mapping[str, Any], loc: Loc, depth: int
) -> Iterator[Wrong]:
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return
    schema = resolved(schema, root)
    if not _is_of_type(schema, value):
        yield Wrong(loc, f"should be {_named(schema.get('type'))}")
        return
    for name, check in _CHECKS.items():
        if name in schema and (msg := check(schema[name], value)):
            yield Wrong(loc, msg)
    yield from _choices(schema, value, root, loc, depth)
    if isinstance(value, dict):
        yield from _members(schema, value, root, loc, depth)
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _wrongs(schema.get("items"), item, root, (*loc, number), depth + 1)


def _choices(
    schema: Mapping[str, Any], value: Any, root: Mapping[str, Any], loc: Loc, depth: int
) -> Iterator[Wrong]:
    for part in schema.get("allOf", ()):
        yield from _wrongs(part, value, root, loc, depth + 1)
    for name in ("anyOf", "oneOf"):
        tried = [list(_wrongs(part, value, root, loc, depth + 1)) for part in schema.get(name, ())]
        if tried and all(tried):
            # The choice that comes nearest says the most: null is seldom what was meant.
            yield from max(tried, key=lambda wrong: max(len(one.loc) for one in wrong))


def _members(
    schema: Mapping[str, Any], value: dict[str, Any], root: Mapping[str, Any], loc: Loc, depth: int
) -> Iterator[Wrong]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield Wrong((*loc, name), "is missing")
    for name, member in value.items():
        if name in known:
            yield from _wrongs(known[name], member, root, (*loc, name), depth + 1)
        elif schema.get("additionalProperties", True) is False:
            yield Wrong((*loc, name), "is not asked for")
        else:
            rest = schema.get("additionalProperties")
            yield from _wrongs(rest, member, root, (*loc, name), depth + 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": _is_number,
}
_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "boolean": "yes or no",
    "null": "empty",
    "integer": "a whole number",
    "number": "a number",
}


def _is_of_type(schema: Mapping[str, Any], value: Any) -> bool:
    return any(_TYPES.get(name, lambda _: True)(value) for name in _types(schema.get("type", "")))


def _types(type: Any) -> Sequence[str]:
    return [str(name) for name in type] if isinstance(type, list) else [str(type)]


def _named(type: Any) -> str:
    return " or ".join(_NAMES.get(name, name) for name in _types(type))


def _same(one: Any, other: Any) -> bool:
    """As JSON has it: true is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _bound(words: str, holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], str]:
    def check(bound: Any, value: Any) -> str:
        return "" if not _is_number(value) or holds(value, bound) else f"should be {words} {bound}"

    return check


def _size(kind: type[str | list[Any]], of: str, *, fewest: bool) -> Callable[[Any, Any], str]:
    def check(bound: Any, value: Any) -> str:
        if not isinstance(value, kind):
            return ""
        wrong = len(value) < bound if fewest else len(value) > bound
        return f"should have at {'least' if fewest else 'most'} {bound} {of}" if wrong else ""

    return check


def _one_of(choices: Any, value: Any) -> str:
    if any(_same(choice, value) for choice in choices):
        return ""
    return "should be one of " + ", ".join(map(str, choices))


_CHECKS: dict[str, Callable[[Any, Any], str]] = {
    "enum": _one_of,
    "const": lambda only, value: _one_of([only], value),
    "minimum": _bound("at least", lambda value, bound: bool(value >= bound)),
    "maximum": _bound("at most", lambda value, bound: bool(value <= bound)),
    "exclusiveMinimum": _bound("more than", lambda value, bound: bool(value > bound)),
    "exclusiveMaximum": _bound("less than", lambda value, bound: bool(value < bound)),
    "minLength": _size(str, "characters", fewest=True),
    "maxLength": _size(str, "characters", fewest=False),
    "minItems": _size(list, "entries", fewest=True),
    "maxItems": _size(list, "entries", fewest=False),
}
