"""The top of the page: what is going on, how far it is, what it has cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runs.render.html import REPLACE, element_id, part
from workflows.wire.codec import moment
from workflows.wire.state import State

SAID = (
    "status", "starts", "reason", "taken_over", "error", "cancelled", "waiting",
    "tokens_in", "tokens_out", "cost_usd", "calls", "isolated", "begun_as", "version",
)  # fmt: skip
PROVIDERS = {"openai": "OpenAI", "gemini": "Gemini", "anthropic": "Anthropic"}
# Before that the pace of a run says nothing.
KNOWN_AFTER_S = 5
KNOWN_FROM = 0.1


def now(state: State) -> dict[str, Any]:
    """All that the region shows. Two states that read the same give equal values."""
    root = state.root
    return {
        **{name: getattr(state, name) for name in SAID},
        "sentence": f"runs/parts/{_kind(state)}.html",
        **_retry(state),
        "message": root.message if root is not None else "",
        "began": None if state.started_at is None else moment(state.started_at),
        "took": _took(state),
        "left": left(state),
        "budget": state.limits.usd,
        "offline": _offline(state),
        "done": root.done if root is not None else None,
        "total": root.total if root is not None else None,
    }


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


def _retry(state: State) -> dict[str, Any]:
    """What the run is held up by, if one of its steps is about to be tried again."""
    held = (s for s in state.spans.values() if s.status == "retrying" and s.retry is not None)
    span = next(held, None) if state.status == "running" else None
    if span is None or span.retry is None:
        return {"retry": None}
    throttling = span.retry.error.type == "rate_limited" and bool(span.retry.provider)
    return {
        "retry": span.retry,
        # The same wait of the same step: a page counts it down once.
        "retry_key": f"{element_id(span.path)}-{span.attempt}-{span.retry.of_try}",
        "throttling": PROVIDERS.get(span.retry.provider, span.retry.provider) if throttling else "",
    }


def left(state: State) -> str:
    """How long it will still take, as a range; empty while nothing is known.

    What is left goes about as fast as what is done. The range is wide because steps differ, and its
    words are coarse, so that they stand still for a while.
    """
    root = state.root
    if state.status != "running" or root is None or state.started_at is None:
        return ""
    done, total = root.done or 0, root.total or 0
    passed = ((state.seen_at or 0) - state.started_at) / 1000
    if passed < KNOWN_AFTER_S or not 0 < done < total or done / total < KNOWN_FROM:
        return ""
    likely = passed * (total - done) / done
    return _range(likely * 0.6, likely * 1.6)


def _range(low: float, high: float) -> str:
    if high < 15:
        return "a few seconds"
    if high < 90:
        tens = max(10, round(low, -1)), round(high, -1)
        return _between(*tens, "s")
    return _between(max(1, round(low / 60)), round(high / 60), "min")


def _between(low: float, high: float, unit: str) -> str:
    return f"about {high:g} {unit}" if low >= high else f"{low:g} to {high:g} {unit}"
