"""Money is not fenced: each try at a provider is written down when it begins and when it ends.

Each record stands for itself and carries the id of its call, so that it may be written twice and
read in any order, and counts though the run's log refuses its writer. A try that was begun and has
no end is of unknown cost, which is not zero: its worker died with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from workflows.wire import keys
from workflows.wire.codec import dumps, loads

V = 1
UNSENT = "unsent"  # it was begun, and no byte of it left


@dataclass(frozen=True, slots=True)
class Try:
    """One call, as it began (`ended_at` None) or as it ended. Times are milliseconds since 1970,
    money US dollars; None is unknown. `expected_…`: what it may come to, estimated before it left.
    """

    id: str
    run: str
    owner: str
    span: str
    attempt: int
    workflow: str
    provider: str
    model: str
    began_at: int
    expected_tokens: int = 0
    expected_usd: float | None = None
    ended_at: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    status: str = ""


def command(tried: Try) -> tuple[Any, ...]:
    """The command that writes it, for a pipeline; it may be sent again."""
    stream = keys.spend(keys.bucket(tried.run))
    return ("XADD", stream, "*", "data", dumps({"v": V, **asdict(tried)}))


def decode(entry: Mapping[bytes, bytes]) -> Try:
    """Fields that this code does not know are left out. Raises ValueError for what is no record."""
    try:
        said = loads(entry[b"data"])
        return Try(**{name: said[name] for name in _NAMES if name in said})
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("not a record of a try") from error


_NAMES = tuple(field.name for field in fields(Try))
