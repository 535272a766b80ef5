"""What a log says about questions: which is open, until when, how long was waited for answers.

The part of `fold` that has to do with waiting; `draft` is its draft of a state.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workflows.wire.events import Event
from workflows.wire.state import Asked

HOLD = "hold"  # the signal that stops the countdown of the question that is open


def wait(draft: Any, event: Event, body: Any) -> None:
    """The first `run.waiting` of a question fixes what is under its key."""
    asked = draft.asked.get(body.key)
    if asked is None:
        asked = Asked(event.id, event.span or "", body.until)
    draft.asked[body.key] = asked
    if draft.get("status") != "waiting":
        draft.run["waiting_since"] = event.at
    draft.run["status"] = "waiting"
    shown = draft.get("waiting")
    # A sleep beside a question is not what the run is said to wait for.
    if body.form_schema is not None or shown is None or shown.form_schema is None:
        draft.run["waiting"] = replace(body, until=asked.until)


def answer(draft: Any, event: Event, body: Any) -> None:
    """Its worker goes on with it; without one (an answer that was an opening) it is queued."""
    resume(draft, event)
    draft.answers[body.key] = body.value
    if body.key in draft.asked:
        draft.asked[body.key] = replace(draft.asked[body.key], by=body.by)
    held = event.id.attempt == draft.get("attempt")
    draft.run["status"] = "running" if held else "queued"
    waiting = draft.get("waiting")
    if waiting is not None and waiting.key == body.key:
        draft.run["waiting"] = None


def signal(draft: Any, event: Event, body: Any) -> None:
    draft.signals[body.id] = body
    waiting = draft.get("waiting")
    if body.name == HOLD and waiting is not None:
        draft.asked[waiting.key] = replace(draft.asked[waiting.key], until=None, held=True)
        draft.run["waiting"] = replace(waiting, until=None)


def leave(draft: Any, event: Event) -> None:
    """The step that asked ends without an answer: its question is open no more."""
    waiting = draft.get("waiting")
    if waiting is None or draft.asked[waiting.key].span != event.span:
        return
    resume(draft, event)
    draft.run["waiting"] = None
    if draft.get("status") == "waiting":
        draft.run["status"] = "running"


def resume(draft: Any, event: Event) -> None:
    """The run does not wait any more: the time that it did is counted."""
    since = draft.get("waiting_since")
    if since is not None:
        draft.run["waited_ms"] = draft.get("waited_ms") + max(0, event.at - since)
        draft.run["waiting_since"] = None


def move_on(draft: Any, path: str, event: Event) -> None:
    """A run that was woken begins a step which does not lead to its question: it has left it."""
    waiting = draft.get("waiting")
    if waiting is None or draft.get("status") == "waiting":
        return
    asked = draft.asked[waiting.key]
    leads = asked.span == path or asked.span.startswith(f"{path}/")
    if not leads and asked.span:
        draft.run["waiting"] = None
