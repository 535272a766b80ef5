"""A finished run as it was at any moment. The log is the truth, so that this is only a cursor in
it: what was said until then, folded and shown as ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from runs import history, listing
from runs.models import Run
from runs.render import page
from runs.render.now import duration
from runs.views import private
from workflows.wire.events import Event
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State

MOMENTS = 200  # from the first event to the last


@dataclass(frozen=True, slots=True)
class Moment:
    """`at`: its number, to MOMENTS. `passed` and `whole`: since the first event, in words."""

    at: int
    passed: str
    whole: str
    state: State


@require_safe
@login_required
@private
def replay(request: HttpRequest, id: UUID) -> HttpResponse:
    run = get_object_or_404(Run.objects.visible_to(request.user), pk=id)
    found = history.events(run) if run.finished else []
    if not found:
        return redirect("runs:run", run.pk)  # it has not ended: that page shows it live
    moment = at_moment(found, _asked(request))
    context: dict[str, Any] = {
        "run": run,
        "title": run.input.get("topic") or listing.title(run.workflow),
        "moment": moment,
        "moments": MOMENTS,
        "state": moment.state,
        **{f"region_{name}": html for name, html in page(moment.state).items()},
    }
    return render(request, "runs/replay.html", context)


def at_moment(found: Sequence[Event], at: int) -> Moment:
    """What had been said until then; the last moment has all of it."""
    first, last = found[0].at, found[-1].at
    until = first + (last - first) * at / MOMENTS
    said = found if at == MOMENTS else [event for event in found if event.at <= until]
    return Moment(at, duration(until - first), duration(last - first), fold(EMPTY, said))


def _asked(request: HttpRequest) -> int:
    asked = request.GET.get("at", "")
    known = asked.isascii() and asked.isdigit() and len(asked) < 9
    return min(int(asked), MOMENTS) if known else 0
