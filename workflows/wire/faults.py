"""Errors whole, for staff: with their stack and what caused them.

Events are for readers, so they carry a sentence and no stack. The rest lies beside the log, in the
blob key under a name that no event refers to: it is written by the same script, and expires, is
archived and is erased with the run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

from redis import Redis

from workflows.wire import codec, keys

PREFIX = b"fault:"
TEXT_MAX = 16 * 1024  # bytes
NUMBERS = ("attempt", "number", "at")
PER_ATTEMPT = 50  # a step that fails for ever must not fill Redis


@dataclass(frozen=True, slots=True)
class Fault:
    """`text`: the error as Python prints it. `at`: milliseconds since 1970."""

    attempt: int
    number: int  # in its attempt, from 0
    at: int
    span: str
    what: str
    text: str


def packed(fault: Fault) -> dict[str, bytes]:
    """As a blob."""
    return {f"{PREFIX.decode()}{fault.attempt}-{fault.number}": codec.dumps(asdict(fault))}


def read(client: Redis, run: str) -> list[Fault]:
    """In the order in which they happened; none when the log has gone."""
    names = [name for name in cast("Any", client.hkeys(keys.blob(run))) if name.startswith(PREFIX)]
    if not names:
        return []
    found = cast("Any", client.hmget(keys.blob(run), names))
    return unpacked(map(_loaded, found))


def unpacked(told: Iterable[Any]) -> list[Fault]:
    """Without what is none: a worker of others' making must not keep a run from its end."""
    names = {field.name for field in fields(Fault)}
    whole = (one for one in told if isinstance(one, dict) and one.keys() >= names)
    found = [_fault(one) for one in whole]
    return sorted(found, key=lambda fault: (fault.attempt, fault.number))


def _loaded(raw: bytes | None) -> Any:
    try:
        return None if raw is None else codec.loads(raw)
    except ValueError:
        return None


def _fault(one: dict[str, Any]) -> Fault:
    attempt, number, at = (one[name] if isinstance(one[name], int) else 0 for name in NUMBERS)
    span, what, text = (str(one[name]) for name in ("span", "what", "text"))
    return Fault(attempt, number, at, span, what, text[:TEXT_MAX])
