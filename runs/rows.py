"""What a log says, as rows, and what rows know, as a log: plain functions, no I/O but the ORM's.

`run_changes` and `span_row` are the way in. `story` is the way out: the events that would have made
these rows. A restored log is written from it, and a page without Redis is folded from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from runs.fields import millis, moment, plain
from runs.models import Run, Span
from workflows.wire import codec, events, state
from workflows.wire.cursor import Cursor
from workflows.wire.events import Body, Event
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, OPEN, State

PIECE = 8_000  # code points of text in one event: at 6 bytes each it still fits
BIGGEST = 2**63 - 1  # that a column holds
SIGNAL = ("id", "name", "value")
QUESTION = ("key", "title", "form_schema", "default", "until")
Said = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Told:
    """An event that has no place in a log yet."""

    body: Body
    at: int
    span: str | None = None


def run_changes(run: Run, now: State) -> dict[str, Any]:
    """The columns of a run that its state decides."""
    root = now.root
    changes: dict[str, Any] = {
        "status": now.status,
        "starts": max(run.starts, now.starts),
        "current_version": now.version if now.starts else run.current_version,
        "waiting": _waiting(now),
        "waited_ms": max(run.waited_ms, now.waited_ms),
        "started_at": _moment(now.started_at) or run.started_at,
        **_usage(run, now),
    }
    if root is not None:
        changes |= {
            "progress_done": root.done,
            "progress_total": root.total,
            "progress_message": root.message,
        }
    return changes | (_end(now) if now.ended else {})


def heard(now: State) -> dict[str, Any]:
    """What a live run was told, and must not be told again when its log is restored: all signals,
    and answers as long as the step that asked has not finished."""
    if now.ended:
        return {}
    signals = [{name: getattr(one, name) for name in SIGNAL} for one in now.signals.values()]
    answers = [
        {"key": key, "by": one.by, "value": now.answers.get(key), "span": one.span}
        for key, one in now.asked.items()
        if one.by and one.span in now.spans and now.spans[one.span].status != "completed"
    ]
    return {"signals": signals, "answers": answers} if signals or answers else {}


def said(now: State, path: str) -> Said:
    """The texts and objects that belong to a span: what it said and nobody said over it."""
    texts = {
        name: channel.text
        for name, channel in now.channels.items()
        if channel.span == path and not channel.stale
    }
    objects = {label: now.objects[label] for label, span in now.owners.items() if span == path}
    return {name: found for name, found in (("texts", texts), ("objects", objects)) if found}


def span_row(run: UUID, number: int, span: state.Span, said: Said) -> Span:
    return Span(
        id=Span.make_id(run, span.path),
        run_id=run,
        number=number,
        path=span.path,
        name=span.name,
        key=span.key,
        label=span.label,
        parent=span.parent,
        hash=span.hash,
        status=span.status,
        attempt=span.attempt,
        tries=span.tries,
        started_at=moment(span.started_at),
        finished_at=_moment(span.finished_at),
        duration_ms=span.duration_ms,
        input_preview=span.input_preview,
        output=span.output,
        error=None if span.error is None else _dict(span.error),
        cached=span.cached,
        copied=span.copied,
        usage=_dict(span.usage),
        said=said,
    )


def story(run: Run, spans: Iterable[Span], *, restored: bool = True) -> Iterator[Told]:
    """The events that say what the rows hold. Spans begin in the order in which they began, so that
    the root stays the first, and end in the order in which they ended, so that texts that were said
    over others are said over them again. Open spans stay open; what a fork has them say is what
    was there before."""
    spans = sorted(spans, key=lambda span: span.number)
    created = millis(run.created_at)
    if restored:
        began = _millis(run.started_at)
        suspect = run.crashes > 0
        opening = events.RunRestored(run.starts, began, waited_ms=run.waited_ms, suspect=suspect)
        yield Told(opening, created)
    yield Told(
        events.RunQueued(run.workflow, run.version, str(run.owner_id), run.input, run.bounds),
        created,
    )
    for span in spans:
        yield Told(_started(span), millis(span.started_at), span.path)
    yield from _progress(run, spans[:1])
    for span in spans:
        if span.status in OPEN:
            yield from (Told(body, created, span.path) for body in _words(span.said))
    ended = [span for span in spans if span.status in ("completed", "failed")]
    # A child ends before its parent, also when both did so in the same millisecond.
    for span in sorted(ended, key=lambda span: (_millis(span.finished_at) or 0, -span.number)):
        at = _millis(span.finished_at) or created
        yield from (Told(body, at, span.path) for body in _words(span.said))
        yield Told(_ended(span), at, span.path)
    if restored:
        yield from _told_before(run.heard, created)
    if restored and run.waiting is not None:
        since, asker = run.waiting.get("since"), run.waiting.get("span")
        yield Told(_question(run.waiting), since or created, asker or None)


def _progress(run: Run, root: Iterable[Span]) -> Iterator[Told]:
    done, total = run.progress_done, run.progress_total
    for span in root if run.progress_message or total is not None else ():
        told = events.Status(run.progress_message, done, total)
        yield Told(told, millis(span.started_at), span.path)


def _told_before(heard: Mapping[str, Any], at: int) -> Iterator[Told]:
    for one in heard.get("signals", ()):
        yield Told(events.RunSignalled(**one), at)
    for one in heard.get("answers", ()):
        yield Told(events.RunWaiting(one["key"]), at, one["span"])
        yield Told(events.RunAnswered(one["key"], one["by"], one["value"]), at, one["span"])


def remembered(run: Run, spans: Iterable[Span]) -> State:
    """The state of a live run as far as SQL knows it."""
    told = story(run, spans, restored=False)
    at = Cursor(0, 0)
    events_ = [Event(at, one.at, one.span, one.body) for one in told]
    now = fold(EMPTY, events_)
    return replace(
        now,
        **_asked(run.waiting),
        cursor=run.cursor,
        status=run.status,
        attempt=run.cursor_attempt,
        starts=run.starts,
        started_at=_millis(run.started_at),
    )


def _asked(waiting: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a state says of the question that is open."""
    if waiting is None:
        return {}
    question = _question(waiting)
    asked = state.Asked(Cursor(0, 0), waiting.get("span") or "", question.until)
    since = waiting.get("since")
    return {"waiting": question, "waiting_since": since, "asked": {question.key: asked}}


def _usage(run: Run, now: State) -> dict[str, Any]:
    """What was paid stays paid, also when the log that said so is lost."""
    cost = None
    if now.cost_usd is not None and run.cost_usd is not None:
        cost = max(now.cost_usd, run.cost_usd)
    return {
        "prompt_tokens": _most(run.prompt_tokens, now.tokens_in),
        "completion_tokens": _most(run.completion_tokens, now.tokens_out),
        "cost_usd": cost,
        "calls": max(run.calls, now.calls),
    }


def _most(had: int, told: int) -> int:
    return min(max(had, told), BIGGEST)


def _end(now: State) -> dict[str, Any]:
    changes: dict[str, Any] = {"finished_at": _moment(now.finished_at), "output": now.output}
    if now.error is not None:
        changes |= {
            "error_type": plain(now.error.type)[:64],
            "error_message": now.error.message,
            "error_retryable": now.error.retryable,
        }
    if now.cancelled is not None:
        changes |= {
            "cancelled_by": plain(now.cancelled.by)[:16],
            "cancel_reason": now.cancelled.reason,
        }
    return changes


def _waiting(now: State) -> dict[str, Any] | None:
    """The open question, who asked it, and since when the run waits for its answer."""
    if now.waiting is None:
        return None
    question = {name: getattr(now.waiting, name) for name in QUESTION}
    return {**question, "span": now.asked[now.waiting.key].span, "since": now.waiting_since}


def _question(waiting: Mapping[str, Any]) -> events.RunWaiting:
    return events.RunWaiting(**{name: waiting[name] for name in QUESTION})


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)


def _millis(at: datetime | None) -> int | None:
    return None if at is None else millis(at)


def _dict(value: Any) -> Any:
    return codec.loads(codec.dumps(value))


def _started(span: Span) -> events.SpanStarted:
    return events.SpanStarted(
        name=span.name,
        hash=span.hash,
        key=span.key,
        label=span.label,
        parent=span.parent,
        input_preview=span.input_preview,
    )


def _words(said: Mapping[str, Mapping[str, Any]]) -> Iterator[Body]:
    for channel, text in said.get("texts", {}).items():
        for at in range(0, max(len(text), 1), PIECE):
            yield events.Text(channel, at, text[at : at + PIECE])
    for label, value in said.get("objects", {}).items():
        yield events.Object(label, value)


def _bill(kept: Mapping[str, Any]) -> events.Usage:
    saved = kept.get("saved")
    calls = tuple(events.Call(**call) for call in kept.get("calls", ()))
    return events.Usage(calls, events.Saved(**saved) if saved else None)


def _ended(span: Span) -> Body:
    usage = _bill(span.usage)
    took = span.duration_ms or 0.0
    if span.status == "failed":
        error = events.Error(**(span.error or {"type": "internal", "message": ""}))
        return events.SpanFailed(error, took, span.tries, usage)
    return events.SpanCompleted(span.output, took, span.tries, span.cached, span.copied, usage)
