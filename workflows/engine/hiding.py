"""Arguments named by `secret=`: what they are must not be told, but which is which.

A name is a parameter, `"password"`, or a part of one, `"account.password"`. Readers see a mask in
its place. In the identity of a call stands a seal: equal for equal values, and made slowly, so that
a value cannot be found by trying many. It is the same in every run of one owner, since a fork takes
over what its original has finished.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from workflows.engine.masking import MASK
from workflows.engine.values import TAG, canonical, plain

# Where frozen objects have their fields, below "fields".
_FIELDS_OF: Mapping[str, list[str]] = {"dataclass": [], "model": ["values"]}

Names = tuple[str, ...]
# Some 10 ms and 4 MB for each value, once.
_SLOW = {"n": 2**12, "r": 8, "p": 1, "dklen": 16}


def sealed(frozen: Any, names: Names, owner: str) -> Any:
    """Frozen arguments with a seal in the place of each secret."""
    for name in names:
        frozen = _replaced(frozen, name, lambda part: _sealed(part, owner))
    return frozen


def masked(arguments: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """Arguments in JSON, for readers."""
    shown: dict[str, Any] = plain(dict(arguments), fallback=True)
    for name in names:
        shown = _replaced(shown, name, lambda part: None if part is None else MASK)
    return shown


def told(arguments: Mapping[str, Any], names: Names) -> Iterator[str]:
    """Every text of the secrets: what no reader may see, wherever it is said."""
    for name in names:
        value: Any = arguments
        for step in name.split("."):
            value = value.get(step) if isinstance(value, Mapping) else getattr(value, step, None)
        yield from _texts(value)


def seal(secret: bytes, owner: str) -> str:
    return _seal(hashlib.sha256(secret).digest(), owner)


@lru_cache(maxsize=1024)
def _seal(digest: bytes, owner: str) -> str:
    return hashlib.scrypt(digest, salt=f"gx secret {owner}".encode(), **_SLOW).hex()


def _sealed(frozen: Any, owner: str) -> dict[str, str]:
    return {TAG: "sealed", "value": seal(canonical(frozen), owner)}


def _replaced(said: dict[str, Any], name: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    """A copy in which one part is changed; `said` is frozen, or plain JSON. The whole parameter,
    if the part is not where it is said to be."""
    first, *rest = name.split(".")
    if first not in said:
        return said
    try:
        return {**said, first: _put(said[first], rest, change)}
    except LookupError:
        return {**said, first: change(said[first])}


def _put(said: Any, steps: list[str], change: Callable[[Any], Any]) -> Any:
    if not steps:
        return change(said)
    if not isinstance(said, dict):
        raise LookupError(steps[0])
    if TAG in said:
        inner = _FIELDS_OF[said[TAG]]
        return {**said, "fields": _put(said["fields"], [*inner, *steps], change)}
    return {**said, steps[0]: _put(said[steps[0]], steps[1:], change)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes | bytearray):
        yield value.decode("utf-8", "ignore")
    elif isinstance(value, Mapping):
        yield from _all(value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from _all(value)
    elif value is not None:
        # A dataclass or a model, in the parts that JSON has for it; a number as it is written.
        said = plain(value, fallback=True)
        yield from (_texts(said) if isinstance(said, str | list | dict) else (str(said),))


def _all(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from _texts(value)
