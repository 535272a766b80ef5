"""Follows a run's log to its end, for a terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from runs import history
from runs.models import Run
from workflows.wire.cursor import ZERO
from workflows.wire.events import Event

POLL_S = 0.25


def follow(run: Run) -> Iterator[Event]:
    """Every event up to the terminal one; all of them again when the log was rebuilt under us."""
    after = ZERO
    pause = threading.Event()
    while True:
        for event in history.read(run, after).events:
            after = event.id
            yield event
            if event.terminal:
                return
        pause.wait(POLL_S)
        run.refresh_from_db(fields=["cursor_attempt", "cursor_seq", "finished_at"])


def line(event: Event) -> str:
    """What a person reads of an event; "" for what is of no interest."""
    say = LINES.get(event.kind)
    return "" if say is None else say(event, event.body)


def _error(event: Event, body: Any) -> str:
    return f"\nfailed: {body.error.type}: {body.error.message}\n"


def _status(event: Event, body: Any) -> str:
    count = "" if body.done is None or body.total is None else f" {body.done:g}/{body.total:g}"
    return f"  {body.message}{count}\n"


def _retrying(event: Event, body: Any) -> str:
    return f"  try {body.of_try} of {body.of} failed, again in {body.delay_s:.0f} s\n"


LINES: dict[str, Callable[[Event, Any], str]] = {
    "run.started": lambda event, body: f"-- attempt {event.id.attempt} ({body.reason})\n",
    "run.restored": lambda event, body: "-- the log was lost and is written again from SQL\n",
    "span.started": lambda event, body: f"\n[{event.span}]\n",
    "span.retrying": _retrying,
    "span.failed": _error,
    "status": _status,
    "text": lambda event, body: str(body.delta),
    "run.completed": lambda event, body: "\ncompleted\n",
    "run.failed": _error,
    "run.cancelled": lambda event, body: f"\ncancelled by {body.by} {body.reason}\n",
}
