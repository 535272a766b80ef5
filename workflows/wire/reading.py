"""What an event says, read from JSON that anybody may have written.

A worker in another language, or a newer one, may say what this code does not expect. Whatever has
not the fields and types of its kind is Unknown: it is kept and means nothing. Only an end that
cannot be read means one: nothing can follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, get_args, get_type_hints

from workflows.wire.events import (
    BODIES,
    TERMINAL,
    Body,
    Call,
    Error,
    Limits,
    RunFailed,
    Saved,
    Unknown,
    Usage,
)

UNREADABLE = RunFailed(Error("internal", "The end of this run cannot be read."))
# What readers in any language, and columns of SQL, can hold.
LARGEST = 2**53
_COUNT_MAX = 2**31 - 1
_COUNTS = frozenset({"version", "starts", "taken_over", "of_try", "of", "tries"})

_BY_KIND: dict[str, type[Any]] = {body.kind: body for body in BODIES}  # type: ignore[attr-defined]
Check = Callable[[Any], bool]


def body_of(kind: str, data: Any) -> tuple[Body, Mapping[str, Any]]:
    """The body, and the fields that this code does not know."""
    if not isinstance(data, dict):
        data = {}
    body = _BY_KIND.get(kind)
    known, extra = _split(data, _CHECKS[body]) if body is not None else ({}, {})
    if body is None or not _fits(body, known):
        return (UNREADABLE if kind in TERMINAL else Unknown(kind, dict(data))), {}
    for name, cls in _NESTED.items():
        if name in known:
            known[name] = _nested(cls, known[name])
    made: Body = body(**known)
    return made, extra


def _split(
    data: Mapping[str, Any], names: Mapping[str, Any]
) -> tuple[dict[str, Any], Mapping[str, Any]]:
    known: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in data.items():
        own = "of_try" if name == "try" else name
        (known if own in names else extra)[own] = value
    return known, extra


def _fits(cls: type[Any], said: Mapping[str, Any]) -> bool:
    if not said.keys() >= _REQUIRED[cls]:
        return False
    checks = _CHECKS[cls]
    return all(
        check(said[name]) for name, check in checks.items() if check is not None and name in said
    )


def _nested(cls: type[Any], value: Any) -> Any:
    if isinstance(value, cls):
        return value
    if cls is Usage:
        calls = tuple(_nested(Call, call) for call in value["calls"])
        return Usage(calls, _saved(value.get("saved")))
    return cls(**{name: part for name, part in value.items() if name in _CHECKS[cls]})


def _saved(value: Any) -> Saved | None:
    """A note for people: one that cannot be read is none."""
    return _nested(Saved, value) if _of(Saved)(value) else None


def _of(cls: type[Any]) -> Check:
    """Whether JSON says a value of this class, or it is one."""
    return lambda value: isinstance(value, cls) or (isinstance(value, dict) and _fits(cls, value))


def _is_usage(value: Any) -> bool:
    calls = value.get("calls") if isinstance(value, dict) else getattr(value, "calls", None)
    return isinstance(calls, list | tuple) and all(map(_of(Call), calls))


def _number(name: str, kinds: tuple[type, ...]) -> Check:
    largest = _COUNT_MAX if name in _COUNTS else LARGEST
    least = 0 if name == "at" or name in _COUNTS else -largest

    def check(value: Any) -> bool:
        number: Any = value
        return isinstance(value, kinds) and bool(least <= number <= largest)

    return check


def _check(name: str, hint: Any) -> Check | None:
    """None: anything will do."""
    if hint is Any:
        return None
    kinds = set(get_args(hint)) or {hint}
    if kinds & {int, float}:
        number = _number(name, (int, float) if float in kinds else (int,))
        return number if type(None) not in kinds else lambda value: value is None or number(value)
    if Usage in kinds:
        return _is_usage
    nested = next((kind for kind in kinds if kind in (Error, Limits)), None)
    allowed = tuple(kinds)
    return _of(nested) if nested is not None else lambda value: isinstance(value, allowed)


_NESTED: dict[str, type[Any]] = {"error": Error, "limits": Limits, "usage": Usage}
_READ = (*BODIES, Error, Limits, Call, Saved)
_CHECKS: dict[Any, dict[str, Check | None]] = {
    cls: {f.name: _check(f.name, get_type_hints(cls)[f.name]) for f in fields(cls)} for cls in _READ
}
_REQUIRED: dict[Any, set[str]] = {
    cls: {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
    for cls in _READ
}
