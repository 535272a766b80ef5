"""Which span is which, in every attempt of a run, and where it is shown.

The digest is the identity: the parent's, the name, the arguments as they were bound, the
component's version, and a key or else how many equal calls came before under that parent. It does
not depend on the order in which different calls are made, so that coroutines may race under one
parent. The path is for people: an index per name, in the order of the calls.
"""

from __future__ import annotations

import hashlib
import inspect
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from workflows.engine.values import canonical

_SIZE = 16
KEY_CHARS = 200
PATH_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """One span's identity and where it is shown."""

    digest: str
    path: str
    name: str
    key: str | None
    parent: str | None
    call: str = ""
    """The call as it would be in any run."""


def root_digest(workflow: str) -> str:
    """Neither input nor version: a fork with other input, or an adopted version, may still take
    over every child whose own arguments are the same."""
    return _hash(b"workflow", workflow.encode())


def arguments(function: Callable[..., Any], args: Any, kwargs: Any) -> dict[str, Any]:
    """Bound, with defaults: `f(1)` and `f(x=1)` are one call."""
    bound = _signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    return dict(bound.arguments)


@lru_cache(maxsize=4096)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def shown(key: str | None) -> str | None:
    """A key as it is displayed: it stands in every event of its span."""
    return key if key is None or len(key) <= KEY_CHARS else f"{key[: KEY_CHARS - 1]}…"


def fingerprint(name: str, version: int, frozen: Any) -> str:
    """Of a call, wherever it is made."""
    return _hash(name.encode(), str(version).encode(), canonical(frozen))


@dataclass(slots=True)
class Children:
    """The calls made under one parent, in one try of it."""

    parent: str
    counts: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    under_way: set[str] = field(default_factory=set)

    def digest(self, call: str, key: str | None) -> str:
        """Take the next identity. A key is its own place; a second call with it is another."""
        taken = self._next(call, key)
        while taken in self.under_way:
            taken = self._next(call, key)
        return taken

    def anew(self) -> None:
        """The parent is tried again: its calls are those of the try before. One of these that has
        not ended yet (a thread cannot be stopped) keeps its identity to itself."""
        self.counts.clear()

    def _next(self, call: str, key: str | None) -> str:
        count = self.counts[call, key]
        self.counts[call, key] += 1
        place = f"#{count}" if key is None else f'"{key}"{count or ""}'
        return _hash(self.parent.encode(), call.encode(), place.encode("utf-8", "surrogatepass"))


class Paths:
    """Display paths: unique per identity within a run, kept from attempt to attempt."""

    def __init__(self, logged: Mapping[str, str]) -> None:
        self._of = dict(logged)
        self._held = set(logged.values())
        self._next: Counter[str] = Counter()

    def take(self, digest: str, parent: str | None, name: str, key: str | None) -> str:
        if digest not in self._of:
            above = f"{_bounded(parent)}/" if parent else ""
            self._of[digest] = self._free(f"{above}{name}", key)
        return self._of[digest]

    def _free(self, stem: str, key: str | None) -> str:
        if key is not None:
            stem += f"[{orjson.dumps(key.encode('utf-8', 'replace').decode()).decode()}]"
            if self._hold(stem):
                return stem
        while not self._hold(path := f"{stem}[{self._next[stem]}]"):
            self._next[stem] += 1
        return path

    def _hold(self, path: str) -> bool:
        free = path not in self._held
        self._held.add(path)
        return free


def _bounded(path: str) -> str:
    """It stands in each of its spans' events, however deep a flow calls itself."""
    if len(path) <= PATH_CHARS:
        return path
    return f"{path[:KEY_CHARS]}…{_hash(path.encode())[:_SIZE]}"


def _hash(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=_SIZE)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
