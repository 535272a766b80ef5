"""The page of one run: what it is, its steps, one of them in full, what staff did to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from runs import history, listing, lost, render
from runs.admin.access import seen
from runs.interventions import Intervention
from runs.models import Run
from runs.render.trace import BAR, STEPS, Row, place, trace
from workflows.wire.codec import moment
from workflows.wire.faults import Fault
from workflows.wire.state import Span, State

LONGEST = 100_000  # characters of a value on a page; the file of the log has all of it
# The socket sends parts for every region: one that has no place here still needs one.
PLACED = {"now", "plan", "article", "channels"}
# By what a request of htmx is for: just that part of the page.
PARTS = {"tree": "news.html", "step": "step.html"}


@dataclass(frozen=True, slots=True)
class Told:
    """A value as a page shows it."""

    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One span in full."""

    row: Row
    faults: Sequence[Fault]
    output: Told
    began: Any


@require_safe
@never_cache
def run_page(request: HttpRequest, id: UUID) -> HttpResponse:
    run = seen(request, id)
    view = history.view(run)
    view = replace(view, state=lost.counted(run.pk, view.state))
    faults = history.faults(run)
    at = place(view.state, _looked_at(view.state, faults, request.GET.get("span", "")))
    first = _from(request, at)
    context = {
        **admin.site.each_context(request),
        "title": listing.subject(run) or listing.title(run.workflow),
        "run": run,
        "state": view.state,
        "live": view.live,
        "again": view.state.ended,
        "resumable": view.state.status in ("failed", "cancelled"),
        "cursor": str(view.state.cursor) if view.live else "",
        "rows": trace(view.state, first),
        "first": first,
        "earlier": first - STEPS,
        "later": first + STEPS if len(view.state.spans) > first + STEPS else 0,
        "axis": BAR,
        "step": _step(view.state, faults, at),
        "faults": faults,
        **_figures(run, view.state),
    }
    part = PARTS.get(request.headers.get("HX-Target", ""))
    if part is None:
        context |= _once(run, view.state)
    response = render_page(request, f"admin/runs/run/{part or 'run.html'}", context)
    response["Vary"] = "HX-Target"
    return response


def _figures(run: Run, state: State) -> dict[str, Any]:
    """What the region of what is going on now does not say."""
    times = {"began": state.started_at, "ended": state.finished_at}
    return {
        "asked": run.created_at,
        "until": run.deadline,
        "forks": list(run.forks.order_by("created_at").values_list("pk", flat=True)[:20]),
        **{name: None if at is None else moment(at) for name, at in times.items()},
    }


def _once(run: Run, state: State) -> dict[str, Any]:
    """What a page has that is not sent again for each of its parts."""
    regions = render.page(state)
    deeds = Intervention.objects.filter(run=run.pk).select_related("by")
    return {
        "input": told(state.input),
        "output": told(state.output),
        "deeds": list(deeds[:50]),
        "unheard": list(run.notices.filter(given_up=True)[:50]),
        **{f"region_{name}": html for name, html in regions.items() if name in PLACED},
        "others": [html for name, html in regions.items() if name not in PLACED],
    }


def _looked_at(state: State, faults: Sequence[Fault], wanted: str) -> str:
    """The step that was asked for; else where it went wrong; else the first."""
    broken = [fault.span for fault in reversed(faults)]
    failed = [span.path for span in state.spans.values() if span.status == "failed"][::-1]
    known = (path for path in (wanted, *broken, *failed, *state.spans) if path in state.spans)
    return next(known, "")


def _from(request: HttpRequest, at: int) -> int:
    """The first of the steps that are shown: those around the one that is looked at."""
    asked = request.GET.get("from", "")
    known = asked.isdecimal() and len(asked) < 9
    return (int(asked) if known else at) // STEPS * STEPS


def _step(state: State, faults: Sequence[Fault], at: int) -> Step | None:
    return next((_in_full(row, faults) for row in trace(state, at, 1)), None)


def _in_full(row: Row, faults: Sequence[Fault]) -> Step:
    span: Span = row.span
    return Step(
        row=row,
        faults=[fault for fault in faults if fault.span == span.path],
        output=told(span.output),
        began=moment(span.started_at),
    )


def told(value: Any) -> Told:
    if value is None:
        return Told("", cut=False)
    text = value if isinstance(value, str) else _pretty(value)
    return Told(text[:LONGEST], cut=len(text) > LONGEST)


def _pretty(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
