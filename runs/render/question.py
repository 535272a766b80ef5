"""What a run asks, and until when it waits.

The form itself is no part of the stream: it belongs to who fills it in, and is loaded anew only
when the question is another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runs.render.html import REPLACE, part
from workflows.wire.codec import moment
from workflows.wire.events import RunWaiting
from workflows.wire.state import State


def question(state: State) -> dict[str, Any]:
    waiting = state.waiting
    if waiting is None or waiting.form_schema is None or state.ended:
        return {"key": ""}
    return {"key": waiting.key, "title": waiting.title}


def countdown(state: State) -> dict[str, Any]:
    waiting = state.waiting
    asked = waiting is not None and waiting.form_schema is not None and not state.ended
    return until(waiting) if asked and waiting is not None else {"until": None}


def until(question: RunWaiting) -> dict[str, Any]:
    """When its time is over, and whether it then lapses because nothing was said to count then."""
    if question.until is None:
        return {"until": None}
    return {"until": moment(question.until), "lapses": question.default is None}


def changes(old: State, new: State) -> Iterator[str]:
    for name, fill in (("question", question), ("countdown", countdown)):
        if fill(old) != (shown := fill(new)):
            yield part(name, shown, swap=REPLACE)
