"""What to do about a run that is due: a decision from what was seen, without doing any of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from runs.models import Run, millis
from runs.standing import Standing
from workflows.wire.events import Error

MAX_CRASHES = 20  # without a newly finished span in between


class Act(Enum):
    LEAVE = "leave"  # it lives, has ended, or it is too early to tell
    RESTORE = "restore"  # its log is lost
    RING = "ring"  # nobody has opened its newest attempt
    TAKE_OVER = "take over"  # its worker died: the next attempt
    HAND_OVER = "hand over"  # its worker let go, or there was none: the next attempt
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Verdict:
    act: Act
    error: Error | None = None  # for GIVE_UP


def judge(run: Run, stands: Standing, *, now: int, calm: bool) -> Verdict:
    """`now`: ms by the clock of Redis. `calm`: a whole lease has passed without a disturbance of
    ours, so that a worker that lives has had time to renew."""
    if stands.terminal:
        return Verdict(Act.LEAVE)  # the projector takes it from there
    if not stands.whole:
        return Verdict(Act.RESTORE)
    held = _held(stands)
    if held and not (calm and _expired(stands, now)):
        return Verdict(Act.LEAVE)
    error = _hopeless(run, now)
    if error is not None:
        return Verdict(Act.GIVE_UP, error)
    if stands.tip.attempt < run.attempt:
        return Verdict(Act.RING)
    return Verdict(Act.TAKE_OVER if held else Act.HAND_OVER)


def _held(stands: Standing) -> bool:
    """A worker has the newest attempt and did not let go. A lease that is lost proves nothing."""
    if stands.lease is None:
        return stands.tip.attempt > 0
    return bool(stands.lease.worker) and not stands.lease.released


def _expired(stands: Standing, now: int) -> bool:
    return stands.lease is None or stands.lease.until <= now


def _hopeless(run: Run, now: int) -> Error | None:
    if run.deadline is not None and now > millis(run.deadline):
        return Error("deadline", "The run did not end within its time.")
    if run.crashes >= MAX_CRASHES:
        return Error("crashed", f"The run stopped {run.crashes} workers in a row.")
    return None
