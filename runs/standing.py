"""Where a run's log stands against SQL: the one look that cancel, restore and monitor decide by.

SQL is read before the log: its cursor then is of an event that must still be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from runs.models import BEFORE, Run
from workflows.wire import keys
from workflows.wire.cursor import FIRST, ZERO, Cursor
from workflows.wire.events import TERMINAL
from workflows.wire.lease import Lease
from workflows.wire.lease import of as lease_of


@dataclass(frozen=True, slots=True)
class Standing:
    """`whole`: the log is there and holds what SQL has of it. `tip` and `kind`: its last event."""

    tip: Cursor
    kind: str
    whole: bool
    lease: Lease | None

    @property
    def terminal(self) -> bool:
        return self.kind in TERMINAL


def look(client: Redis, runs: Sequence[Run]) -> list[Standing]:
    """One round trip for all of them."""
    pipe: Any = client.pipeline(transaction=False)
    for run in runs:
        id = str(run.id)
        pipe.xrevrange(keys.log(id), count=1)
        pipe.xrange(keys.log(id), *_held(run.cursor))
        pipe.hgetall(keys.lease(id))
    found = pipe.execute()
    return [_standing(run, *found[3 * number : 3 * number + 3]) for number, run in enumerate(runs)]


def opening(cursor: Cursor) -> Cursor:
    """The event that must be in a log for it to hold what SQL has of it."""
    return Cursor(cursor.attempt, 0) if cursor.seq == BEFORE else cursor


def _held(cursor: Cursor) -> tuple[str, str]:
    id = str(FIRST if cursor == ZERO else opening(cursor))
    return id, id


def _standing(run: Run, last: Any, held: Any, lease: Any) -> Standing:
    """While SQL has nothing of a log, any log is whole."""
    id, entry = last[0] if last else (b"0-0", {})
    return Standing(
        tip=Cursor.parse(id),
        kind=entry.get(b"kind", b"").decode(),
        whole=bool(last) and (bool(held) or run.cursor == ZERO),
        lease=lease_of(lease) if lease else None,
    )
