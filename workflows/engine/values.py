"""Values on their way through the log: they come back as what they were.

`freeze` says a value in JSON, with a tag wherever JSON has no word for it: `{"$": tag, ...}`.
`thaw` is its inverse. A class is looked up by name among the modules that are imported already,
so that no log can make a worker import or construct what its code does not use anyway.
A value that cannot be said freezes as `opaque` and never thaws: its span runs again.
"""

from __future__ import annotations

import base64
import math
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import FunctionType
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from workflows.engine import moments, shapes
from workflows.wire.codec import dumps

TAG = "$"
HIDDEN = "hidden"  # what an object holds beside its fields: no part of who it is
HIDDEN_BYTES = 64 * 1024  # of one of these
DEEPEST = 200  # orjson writes 254, and readers put what they read into objects of their own
_INT64 = 2**63
_beside: ContextVar[bool] = ContextVar("gx_beside", default=False)


class Unthawable(ValueError):
    """A logged value that this code cannot read back."""


def freeze(value: Any) -> Any:
    """The value in JSON, tagged. Never fails: see `is_opaque`."""
    try:
        frozen = _freeze(value)
    except Exception:  # noqa: BLE001 - too deep, or a field that is not there, or cannot be read
        return _opaque(value)
    return _opaque(value) if too_deep(frozen) else frozen


def thaw(frozen: Any) -> Any:
    """Raises Unthawable."""
    try:
        return _thaw(frozen)
    except Unthawable:
        raise
    except Exception as error:
        raise Unthawable(f"{type(error).__name__}: {error}") from error


def is_opaque(frozen: Any) -> bool:
    """Whether a part of it could not be said."""
    if isinstance(frozen, list):
        return any(map(is_opaque, frozen))
    if isinstance(frozen, dict):
        return frozen.get(TAG) == "opaque" or any(map(is_opaque, frozen.values()))
    return False


def too_deep(said: Any, levels: int = DEEPEST) -> bool:
    """Whether it is nested beyond what JSON writers, ours and others', can write."""
    if not isinstance(said, list | dict):
        return False
    parts = said if isinstance(said, list) else said.values()
    return levels == 0 or any(too_deep(part, levels - 1) for part in parts)


def canonical(frozen: Any) -> bytes:
    """Equal bytes for equal values, whatever the order of their keys."""
    return dumps(_sorted(frozen))


def plain(value: Any, *, fallback: bool = False) -> Any:
    """The value as plain JSON, for people and programs outside.

    Raises ValueError for what JSON cannot say, unless the name of its class will do.
    """
    return to_jsonable_python(
        value,
        bytes_mode="base64",
        inf_nan_mode="null",
        fallback=(lambda other: f"<{type(other).__name__}>") if fallback else None,
    )


def _freeze(value: Any) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    freezer = _FREEZERS.get(kind)
    if freezer is not None:
        return freezer(value)
    if isinstance(value, Enum):
        return _enum(value)
    if isinstance(value, BaseModel):
        return _tagged_object("model", value, shapes.model_parts(value))
    if is_dataclass(value) and not isinstance(value, type):
        return _tagged_object("dataclass", value, shapes.dataclass_parts(value))
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return {TAG: "namedtuple", "class": shapes.name(kind), "items": _list(value)}
    if isinstance(value, type | FunctionType) and "<" not in value.__qualname__:
        return {TAG: "name", "value": shapes.name(value)}
    return _opaque(value)


def _tagged_object(tag: str, value: Any, parts: dict[str, Any]) -> dict[str, Any]:
    if _beside.get():
        raise ValueError("an object beside the fields of another")
    frozen = {name: _freeze(part) for name, part in parts.items()}
    said = {TAG: tag, "class": shapes.name(type(value)), "fields": frozen}
    hidden = dict(_hidden(value))
    return {**said, HIDDEN: hidden} if hidden else said


def _hidden(value: Any) -> Iterator[tuple[str, Any]]:
    """Plain data only: objects may lead back to this one, and a store of its own may be large."""
    token = _beside.set(True)
    try:
        for name, part in shapes.beside(value).items():
            frozen = freeze(part)
            if not is_opaque(frozen) and len(dumps(frozen)) <= HIDDEN_BYTES:
                yield name, frozen
    finally:
        _beside.reset(token)


def _enum(value: Enum) -> dict[str, Any]:
    # A set of flags may have no name: that of none of them, or of bits without one.
    said = {"value": value.name} if value.name is not None else {"bits": value.value}
    return {TAG: "enum", "class": shapes.name(type(value)), **said}


def _opaque(value: Any) -> dict[str, str]:
    return {TAG: "opaque", "class": shapes.name(type(value))}


def _str(value: str) -> Any:
    if value.isascii() or _encodable(value):
        return value
    raw = value.encode("utf-8", "surrogatepass")
    return {TAG: "surrogates", "value": base64.b64encode(raw).decode()}


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _int(value: int) -> Any:
    return value if -_INT64 <= value < _INT64 else {TAG: "int", "value": hex(value)}


def _float(value: float) -> Any:
    return value if math.isfinite(value) else {TAG: "float", "value": repr(value)}


def _list(value: Any) -> list[Any]:
    return [_freeze(item) for item in value]


def _dict(value: dict[Any, Any]) -> Any:
    if TAG not in value and all(type(key) is str and _encodable(key) for key in value):
        return {key: _freeze(item) for key, item in value.items()}
    return {TAG: "dict", "items": _pairs(value)}


def _pairs(value: Any) -> list[list[Any]]:
    return [[_freeze(key), _freeze(item)] for key, item in value.items()]


def _unordered(tag: str) -> Callable[[Any], Any]:
    # The order of a set differs from process to process; its bytes must not.
    return lambda value: {TAG: tag, "items": sorted(_list(value), key=dumps)}


def _as(tag: str, say: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: {TAG: tag, "value": say(value)}


def _items(tag: str) -> Callable[[Any], Any]:
    return lambda value: {TAG: tag, "items": _list(value)}


_FREEZERS: dict[type, Callable[[Any], Any]] = {
    str: _str,
    int: _int,
    float: _float,
    list: _list,
    dict: _dict,
    tuple: _items("tuple"),
    deque: lambda value: {TAG: "deque", "items": _list(value), "maxlen": value.maxlen},
    set: _unordered("set"),
    frozenset: _unordered("frozenset"),
    OrderedDict: lambda value: {TAG: "OrderedDict", "items": _pairs(value)},
    datetime: lambda value: {TAG: "datetime", **moments.said(value)},
    date: _as("date", date.isoformat),
    time: lambda value: {TAG: "time", **moments.said(value)},
    timedelta: _as("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: _as("Decimal", str),
    UUID: _as("UUID", str),
    bytes: _as("bytes", lambda value: base64.b64encode(value).decode()),
    bytearray: _as("bytearray", lambda value: base64.b64encode(value).decode()),
    complex: _as("complex", repr),
}


def _thaw(frozen: Any) -> Any:
    if isinstance(frozen, list):
        return [_thaw(item) for item in frozen]
    if not isinstance(frozen, dict):
        return frozen
    if TAG not in frozen:
        return {key: _thaw(item) for key, item in frozen.items()}
    thawer = _THAWERS.get(frozen[TAG])
    if thawer is None:
        raise Unthawable(f"a value tagged {frozen[TAG]!r} ({frozen.get('class', 'no class')})")
    return thawer(frozen)


def _thaw_items(frozen: dict[str, Any]) -> list[Any]:
    return [_thaw(item) for item in frozen["items"]]


def _thaw_pairs(frozen: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [(_thaw(key), _thaw(item)) for key, item in frozen["items"]]


def _thaw_object(build: Callable[..., Any]) -> Callable[[Any], Any]:
    def thawed(frozen: dict[str, Any]) -> Any:
        fields = {name: _thaw(part) for name, part in frozen["fields"].items()}
        hidden = {name: _thaw(part) for name, part in frozen.get(HIDDEN, {}).items()}
        return build(shapes.find(frozen["class"]), fields, hidden)

    return thawed


_THAWERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "surrogates": lambda f: base64.b64decode(f["value"]).decode("utf-8", "surrogatepass"),
    "int": lambda f: int(f["value"], 16),
    "float": lambda f: float(f["value"]),
    "tuple": lambda f: tuple(_thaw_items(f)),
    "deque": lambda f: deque(_thaw_items(f), f["maxlen"]),
    "set": lambda f: set(_thaw_items(f)),
    "frozenset": lambda f: frozenset(_thaw_items(f)),
    "dict": lambda f: dict(_thaw_pairs(f)),
    "OrderedDict": lambda f: OrderedDict(_thaw_pairs(f)),
    "datetime": lambda f: moments.read(datetime, f),
    "date": lambda f: date.fromisoformat(f["value"]),
    "time": lambda f: moments.read(time, f),
    "timedelta": lambda f: timedelta(*f["value"]),
    "Decimal": lambda f: Decimal(f["value"]),
    "UUID": lambda f: UUID(f["value"]),
    "bytes": lambda f: base64.b64decode(f["value"]),
    "bytearray": lambda f: bytearray(base64.b64decode(f["value"])),
    "complex": lambda f: complex(f["value"]),
    "enum": lambda f: shapes.enum_member(shapes.find(f["class"]), f.get("value"), f.get("bits")),
    "namedtuple": lambda f: shapes.namedtuple(shapes.find(f["class"]), _thaw_items(f)),
    "model": _thaw_object(shapes.build_model),
    "dataclass": _thaw_object(shapes.build_dataclass),
}


def _sorted(frozen: Any) -> Any:
    if isinstance(frozen, dict):
        if frozen.get(TAG) == "dict":
            pairs = [[_sorted(key), _sorted(item)] for key, item in frozen["items"]]
            return {TAG: "dict", "items": sorted(pairs, key=dumps)}
        told = frozen.keys() - {HIDDEN} if TAG in frozen else frozen
        return {key: _sorted(frozen[key]) for key in sorted(told)}
    return [_sorted(item) for item in frozen] if isinstance(frozen, list) else frozen
