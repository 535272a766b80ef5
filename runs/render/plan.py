"""The plan: the tree of spans, one row each, in the order in which they began."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from runs.render.html import REPLACE, element_id, into, joined, part
from workflows.wire.events import Usage
from workflows.wire.state import Span, State

STEPS = 1000  # rows of a plan; a browser has trouble with more, and people too

# A row is told by the last kind of event that changed it.
ROWS = {
    "running": "span.started",
    "lost": "span.started",
    "cancelled": "span.started",
    "retrying": "span.retrying",
    "completed": "span.completed",
    "failed": "span.failed",
}


def plan(state: State) -> dict[str, Any]:
    """The first STEPS of them. Built from its leaves: a flow may nest as deep as it likes."""
    inner: dict[str | None, list[str]] = {}
    for span in reversed(list(islice(state.spans.values(), STEPS))):
        below = "".join(reversed(inner.pop(span.path, [])))
        inner.setdefault(_parent(state, span), []).append(_leaf(state, span, below))
    tree = [leaf for leaves in inner.values() for leaf in reversed(leaves)]
    return {"tree": joined([*tree, _more(state)])}


def changes(old: State, new: State) -> Iterator[str]:
    if new.spans is old.spans and _held(old) == _held(new):
        return
    if old.attempt != new.attempt:
        # What had finished before is now taken over: nearly every row says something else.
        yield part("plan", plan(new), swap=REPLACE)
        return
    for path, span in islice(new.spans.items(), STEPS):
        had = old.spans.get(path)
        if had is None:
            parent = _parent(new, span)
            place = "run-plan" if parent is None else f"k{element_id(parent)}"
            yield into(f"beforeend:#{place}", _leaf(new, span))
        elif (had is not span and had != span) or word(old, had) != word(new, span):
            yield _row(new, span, swap=REPLACE)
    if len(new.spans) > max(STEPS, len(old.spans)):
        first = len(old.spans) <= STEPS
        yield into("beforeend:#run-plan", _more(new)) if first else _more(new, swap=REPLACE)


def _more(state: State, swap: str = "") -> str:
    """How many are not shown."""
    hidden = len(state.spans) - STEPS
    return part("plan_more", {"hidden": hidden}, swap=swap) if hidden > 0 else ""


def _parent(state: State, span: Span) -> str | None:
    return span.parent if span.parent in state.spans else None


def _leaf(state: State, span: Span, inner: str = "") -> str:
    return f'<li>{_row(state, span)}<ol id="k{element_id(span.path)}">{inner}</ol></li>'


def word(state: State, span: Span) -> str:
    """How people call what a step is at: one that runs does nothing while its run is held up."""
    return state.status if span.status == "running" and _held(state) else span.status


def _held(state: State) -> str:
    return state.status if state.status in ("waiting", "queued") else ""


def called(span: Span) -> str:
    """What people know a step by: its own name in words, if nothing better is known."""
    return span.label or span.key or span.name.replace("_", " ").capitalize()


def saved(usage: Usage) -> str:
    """What a cached step came to when it was made, if that is known and not nothing."""
    if (had := usage.saved) is None or not had.tokens:
        return ""
    return f"{had.tokens:,} tokens" + (f", ${had.usd:.4f}" if had.usd else "")


def _row(state: State, span: Span, swap: str = "") -> str:
    # Flat and ready to print: a long plan is a thousand of these.
    context = {
        "id": element_id(span.path),
        "path": span.path,
        "status": span.status,
        "word": word(state, span),
        "title": called(span),
        "message": span.message,
        "done": span.done,
        "total": span.total,
        "retry": span.retry,
        "error": span.error,
        "tries": span.tries if span.tries > 1 else None,
        "cached": span.cached,
        "saved": saved(span.usage),
        "replayed": state.replayed(span),
        "copied": span.copied,
        "nested": span.parent is not None,
        "seconds": "" if span.duration_ms is None else f"{span.duration_ms / 1000:.1f}",
    }
    return part(ROWS[span.status], context, swap=swap)
