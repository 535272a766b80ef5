"""What a log says up to a cursor: the snapshot, which is also the page's view model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import (
    Error,
    Event,
    Limits,
    RunCancelled,
    RunSignalled,
    RunWaiting,
    SpanRetrying,
    Usage,
)

ENDED = frozenset({"completed", "failed", "cancelled"})
OPEN = frozenset({"running", "retrying"})
LOGS_KEPT = 200


@dataclass(frozen=True, slots=True)
class Span:
    """One call of one component. `status`: running, retrying, completed, failed, cancelled or
    lost (its attempt ended before it did). `replayed`: finished in an earlier attempt."""

    path: str
    name: str
    hash: str
    attempt: int
    key: str | None = None
    label: str = ""
    parent: str | None = None
    status: str = "running"
    tries: int = 1
    started_at: int = 0
    finished_at: int | None = None
    duration_ms: float | None = None
    input_preview: str = ""
    output: Any = None
    error: Error | None = None
    cached: bool = False
    copied: str | None = None
    usage: Usage = Usage()
    retry: SpanRetrying | None = None
    message: str = ""
    done: float | None = None
    total: float | None = None

    @property
    def open(self) -> bool:
        return self.status in OPEN


@dataclass(frozen=True, slots=True)
class Channel:
    """A text and the span it belongs to. Stale: about to be replaced, shown dimmed till then.
    `anew`: what its span has said since, while that has no letter to be seen."""

    span: str
    text: str = ""
    stale: bool = False
    anew: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the run. `id` is its first `run.waiting`: its answer is put under it. `by` says
    how it was answered, "" while it is open."""

    id: Cursor
    span: str
    until: int | None = None
    held: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What a log says up to `cursor`. Times are milliseconds since 1970.

    `begun_as` is the version that was asked for, `version` the one that carries the run out.
    `suspect`: it crashed, and no span has newly finished since.
    """

    cursor: Cursor = ZERO
    status: str = "queued"
    attempt: int = 0
    starts: int = 0
    workflow: str = ""
    version: int = 0
    begun_as: int = 0
    owner: str = ""
    input: Any = None
    limits: Limits = Limits()
    worker: str = ""
    reason: str = ""
    taken_over: int = 0
    isolated: bool = False
    suspect: bool = False
    queued_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    seen_at: int | None = None
    output: Any = None
    error: Error | None = None
    cancelled: RunCancelled | None = None
    # The question that is open. It stays while a woken run comes back to it, so that `status` says
    # whether the run waits.
    waiting: RunWaiting | None = None
    waiting_since: int | None = None
    waited_ms: int = 0  # which the deadline does not count
    asked: Mapping[str, Asked] = field(default_factory=dict)
    signals: Mapping[str, RunSignalled] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    objects: Mapping[str, Any] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)  # label of an object -> its span
    logs: tuple[tuple[int, str, str], ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = 0.0
    calls: int = 0

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def root(self) -> Span | None:
        """The span of the workflow itself: the first one."""
        return next(iter(self.spans.values()), None)

    def replayed(self, span: Span) -> bool:
        """Finished in an earlier attempt than the last one that a worker opened."""
        return span.status == "completed" and (span.attempt < self.attempt or bool(span.copied))


EMPTY = State()


def accepts(state: State, event: Event) -> bool:
    """Whether `event` is the next one for a reader of `state` (rule 6 of the log)."""
    if state.cursor == ZERO and event.id == Cursor(0, 1):
        return True
    if event.id.seq == 0:
        return event.after == state.cursor and event.id.attempt > state.cursor.attempt
    return event.id == state.cursor.next()
