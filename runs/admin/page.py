"""The page of one run: what it is, its steps, one of them in full, what staff did to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from runs import history, listing, render
from runs.admin.access import seen
from runs.interventions import Intervention
from runs.models import Run
from runs.render.now import moment, now
from runs.render.trace import BAR, Row, trace
from workflows.wire.faults import Fault
from workflows.wire.state import Span, State

MOST = 1_000  # steps on a page
LONGEST = 100_000  # characters of a value on a page; the file of the log has all of it
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
    faults, rows = history.faults(run), trace(view.state)
    step = _step(rows, faults, request.GET.get("span", ""))
    context = {
        **admin.site.each_context(request),
        "title": listing.subject(run) or listing.title(run.workflow),
        "run": run,
        "state": view.state,
        "live": view.live,
        "again": view.state.ended,
        "resumable": view.state.status in ("failed", "cancelled"),
        "cursor": str(view.state.cursor) if view.live else "",
        "rows": rows[:MOST],
        "left_out": max(0, len(rows) - MOST),
        "axis": BAR,
        "step": step,
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
    shown = now(state)
    return {
        **{name: shown[name] for name in ("took", "calls", "tokens_in", "tokens_out", "cost_usd")},
        "asked": run.created_at,
        "began": shown["began"],
        "until": run.deadline,
    }


def _once(run: Run, state: State) -> dict[str, Any]:
    """What a page has that is not sent again for each of its parts."""
    deeds = Intervention.objects.filter(run=run.pk).select_related("by")
    return {
        "input": told(state.input),
        "output": told(state.output),
        "deeds": list(deeds[:50]),
        "unheard": list(run.notices.filter(given_up=True)[:50]),
        "forks": list(run.forks.order_by("created_at").values_list("pk", flat=True)[:20]),
        **{f"region_{name}": html for name, html in render.page(state).items()},
    }


def _step(rows: Sequence[Row], faults: Sequence[Fault], wanted: str) -> Step | None:
    """The one that was asked for; else where it went wrong; else the first."""
    by_path = {row.span.path: row for row in rows}
    broken = [fault.span for fault in reversed(faults)]
    failed = [row.span.path for row in reversed(rows) if row.span.status == "failed"]
    found = next((by_path[path] for path in (wanted, *broken, *failed) if path in by_path), None)
    row = found or next(iter(rows), None)
    return None if row is None else _in_full(row, faults)


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
