"""Money is not fenced: each try at a provider is written down when it begins and when it ends.

Each record stands for itself and carries the id of its call, so that it may be written twice and
read in any order, and counts though the run's log refuses its writer. A try that was begun and has
no end is of unknown cost, which is not zero: its worker died with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any

from annotated_types import Ge, Le, Len

from workflows.wire import keys
from workflows.wire.codec import dumps, loads

V = 1
UNSENT = "unsent"  # it was begun, and no byte of it left


Count = Annotated[int, Ge(0), Le(2**53)]
Tokens = Annotated[int, Ge(0), Le(2**32)]  # so that any sum of them fits into eight bytes
Moment = Annotated[int, Ge(0), Le(2**42)]  # up to the year 2109
Money = Annotated[float, Ge(0), Le(1e12)]
Name = Annotated[str, Len(0, 500)]


@dataclass(frozen=True, slots=True)
class Try:
    """One call, as it began (`ended_at` None) or as it ended. Times are milliseconds since 1970,
    money US dollars; None is unknown. `expected_…`: what it may come to, estimated before it left.
    """

    id: Annotated[str, Len(1, 64)]
    run: str
    owner: Annotated[str, Len(0, 40)]
    span: str
    attempt: Count
    workflow: Name
    provider: Name
    model: Name
    began_at: Moment
    expected_tokens: Tokens = 0
    expected_usd: Money | None = None
    ended_at: Moment | None = None
    prompt_tokens: Tokens | None = None
    completion_tokens: Tokens | None = None
    cost_usd: Money | None = None
    status: Name = ""


def command(tried: Try) -> tuple[Any, ...]:
    """The command that writes it, for a pipeline; it may be sent again."""
    stream = keys.spend(keys.bucket(tried.run))
    return (
        "XADD",
        stream,
        "*",
        "data",
        dumps({"v": V, **{name: getattr(tried, name) for name in _NAMES}}),
    )


def decode(entry: Mapping[bytes, bytes]) -> Try:
    """Fields that this code does not know are left out; those that it knows are as they were
    written, whatever that is. Raises ValueError for what is no record."""
    try:
        said = loads(entry[b"data"])
        return Try(**{name: said[name] for name in _NAMES if name in said})
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("not a record of a try") from error


_NAMES = tuple(field.name for field in fields(Try))
