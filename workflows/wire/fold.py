"""The one meaning of a log: `fold(state, events)`.

Reload, live page, REST, projector, admin and a worker's replay all use it, over a draft, so that
10,000 events fold in milliseconds. `fold(fold(a), b) == fold(a + b)` at every cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from workflows.wire import questions
from workflows.wire.events import Event, Unknown, Usage
from workflows.wire.state import EMPTY, LOGS_KEPT, Span, State
from workflows.wire.texts import Texts


def fold(state: State, events: Iterable[Event]) -> State:
    """The state after `events`. Pure: `state` is not changed."""
    draft = Draft(state)
    for event in events:
        draft.apply(event)
    return draft.state()


class Draft:
    """A state under change: dictionaries copied once."""

    def __init__(self, state: State) -> None:
        self.run: dict[str, Any] = {}
        self.was = state
        self.spans = dict(state.spans)
        self.texts = Texts(state.channels)
        self.objects = dict(state.objects)
        self.owners = dict(state.owners)
        self.answers = dict(state.answers)
        self.asked = dict(state.asked)
        self.signals = dict(state.signals)
        self.logs = list(state.logs)

    def apply(self, event: Event) -> None:
        self.run["cursor"] = event.id
        # What a fork takes over is older than the fork.
        self.run["seen_at"] = max(self.get("seen_at") or 0, event.at)
        # By what the body is and not by its kind: one that lacks what its kind needs is Unknown.
        handler = _HANDLERS.get(event.kind)
        if handler is not None and not isinstance(event.body, Unknown):
            handler(self, event, event.body)

    def state(self) -> State:
        return replace(
            self.was,
            **self.run,
            spans=self.spans,
            channels=self.texts.joined(),
            objects=self.objects,
            owners=self.owners,
            answers=self.answers,
            asked=self.asked,
            signals=self.signals,
            logs=tuple(self.logs[-LOGS_KEPT:]),
        )

    def get(self, name: str) -> Any:
        return self.run[name] if name in self.run else getattr(self.was, name)

    def forget(self) -> None:
        """Drop all that was folded, but for where we are."""
        cursor, seen = self.run["cursor"], self.run["seen_at"]
        self.__init__(EMPTY)  # type: ignore[misc]
        self.run |= {"cursor": cursor, "seen_at": seen}

    def change(self, path: str | None, **changes: Any) -> None:
        """Change a span; one that the log never opened is left alone."""
        span = self.spans.get(path or "")
        if span is not None:
            self.spans[span.path] = replace(span, **changes)

    def charge(self, usage: Usage) -> None:
        """Add the calls of a span to the run's totals. One unknown price makes the sum unknown."""
        for call in usage.calls:
            cost, total = call.cost_usd, self.get("cost_usd")
            self.run["cost_usd"] = None if cost is None or total is None else total + cost
            self.run["tokens_in"] = self.get("tokens_in") + (call.prompt_tokens or 0)
            self.run["tokens_out"] = self.get("tokens_out") + (call.completion_tokens or 0)
            self.run["calls"] = self.get("calls") + 1


def _queued(draft: Draft, event: Event, body: Any) -> None:
    draft.run |= {
        "workflow": body.workflow,
        "version": body.version,
        "begun_as": body.version,
        "owner": body.owner,
        "input": body.input,
        "limits": body.limits,
        "queued_at": event.at,
    }


def _started(draft: Draft, event: Event, body: Any) -> None:
    _lose(draft)
    questions.resume(draft, event)
    draft.run |= {
        "status": "running",
        "attempt": event.id.attempt,
        "starts": draft.get("starts") + 1,
        "version": body.version,
        "worker": body.worker,
        "reason": body.reason,
        "taken_over": body.taken_over,
        "isolated": body.isolated,
    }
    if body.reason == "crashed":
        draft.run["suspect"] = True
    if draft.get("started_at") is None:
        draft.run["started_at"] = event.at


def _lose(draft: Draft) -> None:
    """The open spans of the attempt before will not end; what they said is stale."""
    for span in list(draft.spans.values()):
        if span.open:
            draft.change(span.path, status="lost", retry=None)
            draft.texts.stale(span.path)


def _restored(draft: Draft, event: Event, body: Any) -> None:
    draft.forget()
    names = ("starts", "started_at", "waited_ms", "suspect")
    draft.run |= {name: getattr(body, name) for name in names}


def _completed(draft: Draft, event: Event, body: Any) -> None:
    draft.texts.drop_stale()
    _close(draft, event, "lost")
    draft.run |= {"status": "completed", "output": body.output, "finished_at": event.at}


def _failed(draft: Draft, event: Event, body: Any) -> None:
    _close(draft, event, "lost")
    draft.run |= {"status": "failed", "error": body.error, "finished_at": event.at}


def _cancelled(draft: Draft, event: Event, body: Any) -> None:
    _close(draft, event, "cancelled")
    draft.run |= {"status": "cancelled", "cancelled": body, "finished_at": event.at}


def _close(draft: Draft, event: Event, status: str) -> None:
    questions.resume(draft, event)
    draft.run["waiting"] = None
    for span in list(draft.spans.values()):
        if span.open:
            draft.change(span.path, status=status, retry=None, finished_at=event.at)


def _span_started(draft: Draft, event: Event, body: Any) -> None:
    path = event.span or body.name
    questions.move_on(draft, path, event)
    draft.texts.stale(path)
    had = draft.spans.get(path)
    draft.spans[path] = Span(
        path=path,
        name=body.name,
        hash=body.hash,
        attempt=event.id.attempt,
        key=body.key,
        label=body.label,
        parent=body.parent,
        started_at=event.at,
        input_preview=body.input_preview,
    )
    if had is not None:
        # What an earlier attempt paid stays on the bill, and how far it came stays in sight.
        draft.change(path, usage=had.usage, message=had.message, done=had.done, total=had.total)


def _span_retrying(draft: Draft, event: Event, body: Any) -> None:
    draft.texts.stale(event.span)
    draft.change(event.span, status="retrying", tries=body.of_try, retry=body)


def _span_completed(draft: Draft, event: Event, body: Any) -> None:
    draft.texts.drop_stale(event.span)
    # A restore tells of spans that had finished long before.
    if body.copied is None and event.id.attempt == draft.get("attempt"):
        draft.run["suspect"] = False
    _span_ended(draft, event, body, status="completed", output=body.output, cached=body.cached,
                copied=body.copied)  # fmt: skip


def _span_failed(draft: Draft, event: Event, body: Any) -> None:
    _span_ended(draft, event, body, status="failed", error=body.error)


def _span_ended(draft: Draft, event: Event, body: Any, **changes: Any) -> None:
    questions.leave(draft, event)
    span = draft.spans.get(event.span or "")
    before = span.usage.calls if span is not None else ()
    draft.charge(body.usage)
    draft.change(
        event.span,
        finished_at=event.at,
        duration_ms=body.duration_ms,
        tries=body.tries,
        usage=Usage(before + body.usage.calls, body.usage.saved),
        retry=None,
        **changes,
    )


def _status(draft: Draft, event: Event, body: Any) -> None:
    draft.change(event.span, message=body.message, done=body.done, total=body.total)


def _text(draft: Draft, event: Event, body: Any) -> None:
    draft.texts.write(body.channel, event.span or "", body.at, body.delta)
    span = draft.spans.get(event.span or "")
    if span is not None and span.status == "retrying":
        draft.change(event.span, status="running")


def _object(draft: Draft, event: Event, body: Any) -> None:
    draft.objects[body.label] = body.value
    draft.owners[body.label] = event.span or ""


def _log(draft: Draft, event: Event, body: Any) -> None:
    draft.logs.append((event.at, body.level, body.message))


_HANDLERS: dict[str, Any] = {
    "run.queued": _queued,
    "run.started": _started,
    "run.restored": _restored,
    "run.waiting": questions.wait,
    "run.answered": questions.answer,
    "run.signalled": questions.signal,
    "run.completed": _completed,
    "run.failed": _failed,
    "run.cancelled": _cancelled,
    "span.started": _span_started,
    "span.retrying": _span_retrying,
    "span.completed": _span_completed,
    "span.failed": _span_failed,
    "status": _status,
    "text": _text,
    "object": _object,
    "log": _log,
}
