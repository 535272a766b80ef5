"""Decisions, from what was seen: a table."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from runs.models import Run
from runs.standing import Standing
from runs.verdict import Act, judge
from workflows.wire.cursor import Cursor
from workflows.wire.lease import Lease

NOW = 1_000_000
HELD = Lease(1, "w1", NOW - 1)
FRESH = Lease(1, "w1", NOW + 1)
RELEASED = Lease(1, "w1", NOW - 1, "handed over")
NOBODY = Lease(1, "", NOW - 1)
PARKED = Lease(1, "w1", NOW - 1, "parked")
DIED = Lease(1, "w1", NOW - 1, "crashed")
DIED_LONG_AGO = Lease(1, "w1", NOW - 6_000, "crashed")
CAUGHT_UP = {"cursor_attempt": 1, "cursor_seq": 3}


def seen(
    lease: Lease | None, kind: str = "text", attempt: int = 1, *, whole: bool = True
) -> Standing:
    return Standing(Cursor(attempt, 3), kind, whole, lease)


@pytest.mark.parametrize(
    ("stands", "calm", "act"),
    [
        (seen(HELD), True, Act.TAKE_OVER),
        (seen(HELD), False, Act.LEAVE),
        (seen(FRESH), True, Act.LEAVE),
        (seen(RELEASED), False, Act.HAND_OVER),
        (seen(PARKED, "run.waiting"), False, Act.HAND_OVER),
        (seen(NOBODY, "run.restored"), False, Act.HAND_OVER),
        (seen(None), False, Act.LEAVE),
        (seen(None), True, Act.TAKE_OVER),
        (seen(None, "run.queued", attempt=0), False, Act.RING),
        (seen(HELD, attempt=0), True, Act.RING),
        (seen(HELD, whole=False), False, Act.RESTORE),
        (seen(None, "", attempt=0, whole=False), False, Act.RESTORE),
        (seen(HELD, "run.completed", whole=False), True, Act.LEAVE),
        (seen(None, "run.cancelled"), True, Act.LEAVE),
    ],
)
def test_what_is_done(stands: Standing, calm: bool, act: Act) -> None:
    run = Run(id=uuid4(), workflow="blog", version=1, attempt=1)
    assert judge(run, stands, now=NOW, calm=calm).act is act


@pytest.mark.parametrize(
    ("lease", "changes", "act"),
    [
        (DIED, CAUGHT_UP, Act.TAKE_OVER),
        (DIED, CAUGHT_UP | {"attempt": 2}, Act.RING),
        (DIED, {}, Act.LEAVE),
        (DIED_LONG_AGO, {}, Act.TAKE_OVER),
    ],
)
def test_a_death_that_was_seen_waits_for_no_lease(
    lease: Lease, changes: dict[str, int], act: Act
) -> None:
    """But for SQL: a span that it had finished would speak for it."""
    run = Run(id=uuid4(), workflow="blog", version=1, **{"attempt": 1} | changes)
    assert judge(run, seen(lease), now=NOW, calm=False).act is act


@pytest.mark.parametrize(
    ("lease", "calm", "changes", "error"),
    [
        (RELEASED, False, {"limits": {"deadline_s": 10}}, "deadline"),
        (HELD, False, {"limits": {"deadline_s": 10}}, None),
        (RELEASED, True, {"limits": {"deadline_s": None}}, None),
        (PARKED, True, {"limits": {"deadline_s": 10}}, None),
        (RELEASED, True, {"limits": {"deadline_s": 10}, "status": "waiting"}, None),
        (RELEASED, True, {"limits": {"deadline_s": 10}, "waited_ms": 90_000}, None),
        (RELEASED, True, {"limits": {"deadline_s": 10}, "waited_ms": 89_000}, "deadline"),
        (HELD, True, {"crashes_in_all": 19}, "crashed"),
        (HELD, True, {"crashes_in_all": 18, "crashes": 18, "deaths": 2}, None),
        (RELEASED, True, {"crashes_in_all": 19, "deaths": 2}, None),
        (DIED, False, {"deaths": 2} | CAUGHT_UP, "crashed"),
        (DIED, False, {"deaths": 1} | CAUGHT_UP, None),
        (DIED, False, {"deaths": 2}, None),
        (DIED_LONG_AGO, False, {"deaths": 2}, "crashed"),
    ],
)
def test_when_it_gives_up(lease: Lease, calm: bool, changes: dict, error: str | None) -> None:  # type: ignore[type-arg]
    created = datetime.fromtimestamp(900, UTC)
    run = Run(id=uuid4(), workflow="blog", version=1, attempt=1, created_at=created, **changes)
    verdict = judge(run, seen(lease), now=NOW, calm=calm)
    assert (verdict.error and verdict.error.type) == error
    assert (verdict.act is Act.GIVE_UP) == (error is not None)
