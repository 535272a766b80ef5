"""What to do about a run that is due: a decision from what was seen, without doing any of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from runs.fields import millis
from runs.models import Run
from runs.standing import Standing
from workflows.wire.events import Error
from workflows.wire.inbox import PARKED
from workflows.wire.lease import CRASHED

MOST_CRASHES = 20  # of one run, whatever it has finished in between
CATCH_UP_MS = 5_000  # how long a death waits until SQL has all that came before it


LATE = "The run did not end within its time."
ALONE = (
    "A step of this run crashed the process that ran it, {} times in a row, while it ran by itself."
    " It was given up."
)
OFTEN = "The run was lost with its worker {} times. It was given up."


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


def judge(run: Run, stands: Standing, *, now: int, calm: bool, max_deaths: int = 3) -> Verdict:
    """`now`: ms by the clock of Redis. `calm`: a whole lease has passed without a disturbance of
    ours, so that a worker that lives has had time to renew. `max_deaths`: how often a run may break
    a process of its own before it is given up."""
    if stands.terminal:
        return Verdict(Act.LEAVE)  # the projector takes it from there
    if not stands.whole:
        return Verdict(Act.RESTORE)
    held = _held(stands)
    if held and not (calm and _expired(stands, now)):
        return Verdict(Act.LEAVE)
    if _late(run, stands, now):
        return Verdict(Act.GIVE_UP, Error("deadline", LATE))
    if stands.tip.attempt < run.attempt:
        return Verdict(Act.RING)
    if held:
        return _crashed(run, run.deaths, max_deaths)
    if died_alone(stands):
        return _died(run, stands, now, max_deaths)
    return Verdict(Act.HAND_OVER)


def _late(run: Run, stands: Standing, now: int) -> bool:
    """The time that a run waits does not count; how long that was, its next opening tells."""
    parked = stands.lease is not None and stands.lease.released == PARKED
    if parked or run.status == Run.Status.WAITING or run.deadline is None:
        return False
    return now > millis(run.deadline)


def died_alone(stands: Standing) -> bool:
    """The process that had the run to itself ended, and its worker saw it. The worker's own end
    would prove nothing against the run."""
    return stands.lease is not None and stands.lease.released == CRASHED


def _died(run: Run, stands: Standing, now: int, max_deaths: int) -> Verdict:
    """Not before SQL has all that it did: a span that it had finished would speak for it."""
    told = stands.lease.until if stands.lease is not None else now
    if run.cursor != stands.tip and now - told < CATCH_UP_MS:
        return Verdict(Act.LEAVE)
    return _crashed(run, run.deaths + 1, max_deaths)


def _crashed(run: Run, deaths: int, max_deaths: int) -> Verdict:
    """Its worker is lost: the next attempt, unless this was once too often."""
    if deaths >= max_deaths:
        return Verdict(Act.GIVE_UP, Error("crashed", ALONE.format(deaths)))
    if run.crashes_in_all + 1 >= MOST_CRASHES:
        return Verdict(Act.GIVE_UP, Error("crashed", OFTEN.format(MOST_CRASHES)))
    return Verdict(Act.TAKE_OVER)


def _held(stands: Standing) -> bool:
    """A worker has the newest attempt and did not let go. A lease that is lost proves nothing."""
    if stands.lease is None:
        return stands.tip.attempt > 0
    return bool(stands.lease.worker) and not stands.lease.released


def _expired(stands: Standing, now: int) -> bool:
    return stands.lease is None or stands.lease.until <= now
