"""The top of the page: what is going on, how far it is, what it has cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from runs.render.html import REPLACE, part
from workflows.wire.state import State

SAID = (
    "status", "starts", "reason", "taken_over", "error", "cancelled", "waiting",
    "tokens_in", "tokens_out", "cost_usd", "calls", "isolated", "begun_as", "version",
)  # fmt: skip


def now(state: State) -> dict[str, Any]:
    """All that the region shows. Two states that read the same give equal values."""
    root = state.root
    return {
        **{name: getattr(state, name) for name in SAID},
        "sentence": f"runs/parts/{_kind(state)}.html",
        "retry": _retry(state),
        "message": root.message if root is not None else "",
        "began": None if state.started_at is None else moment(state.started_at),
        "took": _took(state),
        "offline": _offline(state),
        "done": root.done if root is not None else None,
        "total": root.total if root is not None else None,
    }


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def duration(ms: float) -> str:
    """As people say it: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if ms < 10_000:
        return f"{ms / 1000:.1f} s"
    seconds = round(ms / 1000)
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def changes(old: State, new: State) -> Iterator[str]:
    shown = now(new)
    if shown != now(old):
        yield part("now", shown, swap=REPLACE)


def _kind(state: State) -> str:
    """The kind of event that explains the run's status."""
    if state.status == "queued" and state.answers:
        return "run.answered"
    if state.status == "queued" and state.attempt == 0 and state.cursor.attempt > 0:
        return "run.restored"
    return f"run.{'started' if state.status == 'running' else state.status}"


def _took(state: State) -> str:
    if state.started_at is None or state.finished_at is None:
        return ""
    return duration(state.finished_at - state.started_at)


def _offline(state: State) -> bool:
    """Whether the newest call was answered by the model that is no provider's."""
    if not state.calls:
        return False
    calls = (call for span in reversed(list(state.spans.values())) for call in span.usage.calls)
    return next((call.provider == "offline" for call in calls), False)


def _retry(state: State) -> Any:
    """What the run is held up by, if one of its steps is about to be tried again."""
    if state.status != "running":
        return None
    return next((s.retry for s in state.spans.values() if s.status == "retrying"), None)
