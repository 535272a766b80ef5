"""The form for a question, made of its JSON Schema: fields to show, and an answer out of what was
sent. It needs no script: a list has an order to type, boxes to delete by, and a button to add one.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.schema import Loc, Wrong, resolved

ROOT = "answer"
LONG = 200  # characters that may stand in a field: from here on it has several lines
MOST_ROWS = 200
Schema = Mapping[str, Any]
Sent = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a list. `number` is its place in the names, `place` in the order."""

    name: str
    number: int
    place: int
    parts: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Field:
    """`kind`: text, long, number, whole, check, choice, lines, json, hidden, group or rows."""

    kind: str
    name: str
    label: str
    value: Any = None
    help: str = ""
    required: bool = False
    wrong: Sequence[str] = ()
    choices: Sequence[tuple[str, bool]] = ()
    parts: Sequence[Field] = ()
    rows: Sequence[Row] = ()

    @property
    def template(self) -> str:
        return f"runs/fields/{self.kind}.html"

    @property
    def id(self) -> str:
        return "f-" + self.name.replace(".", "-")


def field(schema: Schema, value: Any, wrongs: Iterable[Wrong] = ()) -> Field:
    """The form, filled in with `value`."""
    found: dict[Loc, list[str]] = {}
    for wrong in wrongs:
        found.setdefault(wrong.loc, []).append(wrong.msg)
    return _Form(schema, found).field(schema, value, (), "", required=True)


def answer(schema: Schema, sent: Sent) -> Any:
    """What was sent, as far as it can be read: the schema says whether it will do."""
    return _Reader(schema, sent).value(schema, ROOT)


def grown(value: Any, name: str) -> Any:
    """The answer with one more, empty entry in the list of that name."""
    at: Any = value
    for step in name.split(".")[1:]:
        at = _inside(at, step)
    if isinstance(at, list) and len(at) < MOST_ROWS:
        at.append({})
    return value


def _inside(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    known = isinstance(value, list) and step.isdecimal() and int(step) < len(value)
    return value[int(step)] if known else None


def kind(schema: Schema, root: Schema) -> str:
    """How it is asked for."""
    schema = _main(schema, root)
    if schema.get("readOnly"):
        return "hidden"
    if "enum" in schema:
        return "choice"
    named = schema.get("type")
    if named == "array":
        return _list_kind(schema, root)
    if named == "object" and schema.get("properties"):
        return "group"
    if named == "string":
        return "long" if schema.get("maxLength", 0) >= LONG else "text"
    return {"integer": "whole", "number": "number", "boolean": "check"}.get(str(named), "json")


def _list_kind(schema: Schema, root: Schema) -> str:
    items = kind(schema.get("items", {}), root)
    return {"text": "lines", "group": "rows"}.get(items, "json")


def _main(schema: Schema, root: Schema) -> Schema:
    """What is asked for if it is not left empty."""
    schema = resolved(schema, root)
    for name in ("anyOf", "oneOf", "allOf"):
        others = [part for part in schema.get(name, ()) if part.get("type") != "null"]
        if len(others) == 1:
            return {**resolved(others[0], root), **_words(schema)}
    return schema


def _words(schema: Schema) -> dict[str, Any]:
    return {
        name: schema[name]
        for name in ("title", "description", "default", "readOnly")
        if name in schema
    }


def _may_be_none(schema: Schema, root: Schema) -> bool:
    schema = resolved(schema, root)
    parts = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return any(part.get("type") == "null" for part in parts)


@dataclass(frozen=True, slots=True)
class _Form:
    root: Schema
    wrong: Mapping[Loc, Sequence[str]]

    def field(self, schema: Schema, value: Any, loc: Loc, label: str, *, required: bool) -> Field:
        main, how = _main(schema, self.root), kind(schema, self.root)
        parts: Sequence[Field] = ()
        rows: Sequence[Row] = ()
        if how == "group":
            parts = list(self._parts(main, value if isinstance(value, Mapping) else {}, loc))
        elif how == "rows":
            rows = list(self._rows(main, value if isinstance(value, list) else [], loc))
        return Field(
            kind=how,
            name=".".join([ROOT, *map(str, loc)]),
            label=label,
            value=_shown(how, main.get("default") if value is None else value),
            help=str(main.get("description", "")) if loc else "",
            required=required and how in ("text", "long", "number", "whole"),
            wrong=self.wrong.get(loc, ()),
            choices=[(str(one), one == value) for one in main.get("enum", ())],
            parts=parts,
            rows=rows,
        )

    def _parts(self, schema: Schema, value: Mapping[str, Any], loc: Loc) -> Iterator[Field]:
        must = schema.get("required", ())
        for name, part in schema["properties"].items():
            title = str(_main(part, self.root).get("title", name))
            label = title.replace("_", " ").capitalize()
            yield self.field(part, value.get(name), (*loc, name), label, required=name in must)

    def _rows(self, schema: Schema, values: Sequence[Any], loc: Loc) -> Iterator[Row]:
        for number, value in enumerate(values[:MOST_ROWS]):
            made = self.field(schema["items"], value, (*loc, number), "", required=False)
            yield Row(made.name, number, number + 1, made.parts)


def _shown(how: str, value: Any) -> Any:
    if how == "lines":
        return "\n".join(map(str, value or ()))
    if how == "check":
        return bool(value)
    if how in ("json", "hidden"):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


@dataclass(frozen=True, slots=True)
class _Reader:
    root: Schema
    sent: Sent

    def value(self, schema: Schema, name: str) -> Any:
        main, how = _main(schema, self.root), kind(schema, self.root)
        if how == "group":
            return self._group(main, name)
        if how == "rows":
            return self._rows(main, name)
        if how == "check":
            return name in self.sent
        said = self.sent.get(name, "")
        if not said.strip() and (_may_be_none(schema, self.root) or how == "choice"):
            return None
        return _read(how, main, said)

    def _group(self, schema: Schema, name: str) -> dict[str, Any]:
        return {
            part: self.value(inner, f"{name}.{part}")
            for part, inner in schema["properties"].items()
        }

    def _rows(self, schema: Schema, name: str) -> list[Any]:
        """In the order of the places that were typed; those to be deleted are left out."""
        numbers = {int(found[1]) for found in map(_row(name).match, self.sent) if found}
        kept = [n for n in sorted(numbers)[:MOST_ROWS] if f"{name}.{n}._delete" not in self.sent]
        kept.sort(key=lambda n: _place(self.sent.get(f"{name}.{n}._place", "")))
        return [self.value(schema["items"], f"{name}.{n}") for n in kept]


def _row(name: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(name)}\.([0-9]{{1,6}})\.")


def _place(said: str) -> float:
    try:
        return float(said)
    except ValueError:
        return float("inf")


def _read(how: str, schema: Schema, said: str) -> Any:
    """What cannot be read stays as it was sent, for the schema to refuse."""
    said = said.replace("\r\n", "\n").replace("\0", "")
    if how == "lines":
        return [line.strip() for line in said.split("\n") if line.strip()]
    if how == "choice":
        return next((one for one in schema["enum"] if str(one) == said), said)
    if how == "text":
        return said.strip()
    if how in ("whole", "number", "json", "hidden"):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(said)
    return said
