"""The trace: every step with what went in and came out, what it took, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from runs.outputs import plain
from runs.render.now import duration
from runs.render.plan import called, saved, word
from workflows.wire.state import Span, State

LONGEST = 20_000  # characters of an output on a page; the whole is in the API
STEPS = 500  # on one page
BAR = 1000  # the width of the time axis


@dataclass(frozen=True, slots=True)
class Bar:
    """Where a step lies on the time axis of its run."""

    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Row:
    span: Span
    depth: int
    title: str
    word: str
    took: str
    bar: Bar | None  # None: done in another run
    tokens_in: int
    tokens_out: int
    cost: float | None
    calls: int
    models: str
    saved: str  # by the cache
    replayed: bool
    taken_from: str  # the run that did it, if that was another one
    retriable: bool  # it failed, and nothing that it called would be done again with it
    output: str
    cut: bool


def trace(state: State, first: int = 0, most: int = STEPS) -> list[Row]:
    """Steps in the order of the tree: each before those it called. So many of them, from the
    `first` on, counted from 0."""
    below, axis, begun = _below(state), _axis(state), _begun(state)
    return [
        _row(state, span, depth, begun.get(span.path), axis, leaf=span.path not in below)
        for span, depth in islice(_walk(below), first, first + most)
    ]


def place(state: State, path: str) -> int:
    """Where a step stands in the order of the tree; 0 when it does not."""
    walk = enumerate(_walk(_below(state)))
    return next((number for number, (span, _) in walk if span.path == path), 0)


def _below(state: State) -> dict[str | None, list[Span]]:
    """Steps by who called them."""
    known, below = state.spans, dict[str | None, list[Span]]()
    for span in known.values():
        below.setdefault(span.parent if span.parent in known else None, []).append(span)
    return below


def _walk(below: dict[str | None, list[Span]]) -> Iterator[tuple[Span, int]]:
    """Not by recursion: a flow may nest as deep as it likes."""
    ahead = [(span, 0) for span in reversed(below.get(None, []))]
    while ahead:
        span, depth = ahead.pop()
        yield span, depth
        ahead += [(child, depth + 1) for child in reversed(below.get(span.path, []))]


def _begun(state: State) -> dict[str, int]:
    """When each began, but for those of another run. One that a later attempt began anew has begun
    with the first of what it had called."""
    begun = {path: span.started_at for path, span in state.spans.items() if not span.copied}
    for path, at in list(begun.items()):
        above = state.spans[path].parent or ""
        while begun.get(above, at) > at:
            begun[above], above = at, state.spans[above].parent or ""
    return begun


def _row(state: State, span: Span, depth: int, begun: int | None, axis: Axis, *, leaf: bool) -> Row:
    calls = span.usage.calls
    costs = [call.cost_usd for call in calls]
    output = _told(plain(span.output))
    return Row(
        span=span,
        depth=min(depth, 6),
        title=called(span),
        word=word(state, span),
        took=_took(span, begun),
        bar=None if begun is None else _bar(axis, span, begun),
        tokens_in=sum(call.prompt_tokens or 0 for call in calls),
        tokens_out=sum(call.completion_tokens or 0 for call in calls),
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        calls=len(calls),
        models=", ".join(dict.fromkeys(call.model for call in calls if call.model)),
        saved=saved(span.usage),
        replayed=state.replayed(span),
        retriable=leaf and depth > 0 and span.status == "failed",
        taken_from=(span.copied or "").partition(":")[0],
        output=output[:LONGEST],
        cut=len(output) > LONGEST,
    )


def _took(span: Span, begun: int | None) -> str:
    if span.duration_ms is None:
        return ""
    earlier = span.started_at - begun if begun is not None else 0
    return duration(span.duration_ms + earlier)


@dataclass(frozen=True, slots=True)
class Axis:
    """Milliseconds: where the time of a run begins, and how far it has come."""

    begin: int
    end: int


def _axis(state: State) -> Axis:
    own = [span for span in state.spans.values() if not span.copied]
    begun = [span.started_at for span in own]
    ended = [span.finished_at or span.started_at for span in own]
    begin = min(begun, default=0)
    return Axis(begin, max([*ended, state.seen_at or 0, begin + 1]))


def _bar(axis: Axis, span: Span, begun: int) -> Bar:
    whole = axis.end - axis.begin
    end = span.finished_at or (axis.end if span.open else span.started_at)
    x = round(BAR * (begun - axis.begin) / whole)
    return Bar(min(x, BAR - 4), max(4, round(BAR * (end - begun) / whole)))


def _told(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
