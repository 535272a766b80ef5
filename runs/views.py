"""Pages of runs: rendered whole from the snapshot, so that they read without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Collection
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.shortcuts import render as render_page
from django.template.loader import select_template
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from runs import attendance, connections, forking, history, lifecycle, listing, lost, render, rights
from runs.interventions import Intervention
from runs.line import places
from runs.listing import Wanted
from runs.models import Run
from runs.render import line
from runs.render import trace as spans
from runs.render.now import now
from runs.returning import came_from
from workflows.catalog import takes
from workflows.wire.codec import moment
from workflows.wire.state import State

PER_PAGE = 50
private: Callable[..., Callable[..., HttpResponse]] = cache_control(private=True, no_store=True)


@require_safe
@login_required
@private
def run_list(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    wanted = Wanted.of(asked.get("status", ""), asked.get("workflow", ""), asked.get("q", ""))
    page = Paginator(listing.found(request.user, wanted), PER_PAGE).get_page(asked.get("page"))
    context = {
        "page": page,
        "wanted": wanted,
        "query": urlencode(
            {"status": wanted.status, "workflow": wanted.workflow, "q": wanted.words}
        ),
        "statuses": Run.Status.values,
        "workflows": listing.workflows(request.user),
        "rows": [(run, listing.title(run.workflow), listing.subject(run)) for run in page],
    }
    return render_page(request, "runs/list.html", context)


@require_safe
@login_required
@private
def run_page(request: HttpRequest, id: UUID) -> HttpResponse:
    run = get_object_or_404(Run.objects.visible_to(request.user), pk=id)
    # By convention a product's look is a template of its workflow's name.
    template = select_template([f"runs/{run.workflow}.html", "runs/run.html"])
    return HttpResponse(template.render(live_page(run), request))


def live_page(run: Run) -> dict[str, Any]:
    """What the template of a live page shows: the regions as they are now, and where that is."""
    view = history.view(run)
    unattended = _unattended(run, view)
    return {
        "run": run,
        "title": listing.title(run.workflow),
        "state": view.state,
        "live": view.live,
        "forks": _forks(run),
        "key": uuid4(),  # the forms of one page that are sent twice do one thing
        "unattended": unattended,
        "place": "" if unattended else _place(run, view),
        "finishable": takes(run.workflow, "finish"),
        **_seen(view.state),
        # What SQL remembers is not a place in the log: the socket then begins with a snapshot.
        "cursor": str(view.state.cursor) if view.live else "",
        **{f"region_{name}": html for name, html in render.page(view.state).items()},
    }


@require_safe
@login_required
@private
def trace(request: HttpRequest, id: UUID) -> HttpResponse:
    run = get_object_or_404(Run.objects.visible_to(request.user), pk=id)
    view = history.view(run)
    state = lost.counted(run.pk, view.state)
    first = _first(request)
    context = {
        "run": run,
        "title": listing.title(run.workflow),
        "state": state,
        "live": view.live,
        "forks": _forks(run),
        "key": uuid4(),
        "rows": spans.trace(state, first),
        "earlier": max(0, first - spans.STEPS) if first else None,
        "later": first + spans.STEPS if len(view.state.spans) > first + spans.STEPS else None,
        "axis": spans.BAR,
        **now(state),
    }
    return render_page(request, "runs/trace.html", context)


def _seen(state: State) -> dict[str, Any]:
    """When the log last said something, and how many seconds ago."""
    if state.seen_at is None:
        return {}
    at = moment(state.seen_at)
    return {"seen": at, "age": max(0, round((timezone.now() - at).total_seconds()))}


def _first(request: HttpRequest) -> int:
    """With which step a page of the trace begins."""
    asked = request.GET.get("from", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 0


def _forks(run: Run) -> list[UUID]:
    """The runs that go on from this one, oldest first; without what may be large of them."""
    return list(run.forks.order_by("created_at").values_list("pk", flat=True)[:10])


def _unattended(run: Run, view: history.View) -> bool:
    """Whether to say that no worker is there."""
    needed = view.live and view.state.status in ("queued", "running")
    return needed and attendance.unattended(connections.redis(), run)


def _place(run: Run, view: history.View) -> str:
    """Its place in line, in words; empty: it is in none."""
    waits = view.live and view.state.status == "queued"
    return line.words(line.note(places([str(run.pk)]).get(str(run.pk), 0))) if waits else ""


@require_POST
def cancellation(request: HttpRequest, id: UUID) -> HttpResponse:
    page = came_from(request, id)
    if not request.user.is_authenticated:
        return redirect_to_login(page)
    run = rights.found(request, id, Intervention.What.CANCEL)
    try:
        with rights.doing(request.user, run, Intervention.What.CANCEL) as by:
            lifecycle.cancel(run, by=by)
    except lifecycle.Finished:
        pass  # as asked for: it does not run
    except lifecycle.Unavailable:
        messages.error(request, "The run could not be stopped just now. Try again in a moment.")
    if request.headers.get("HX-Request"):
        # The socket tells how it went; a page that has something else to say is loaded again.
        refused = bool(messages.get_messages(request))
        return HttpResponse(status=204, headers={"HX-Refresh": "true"} if refused else {})
    return redirect(page)


@require_POST
def forks(request: HttpRequest, id: UUID) -> HttpResponse:
    """Resume, or do some steps anew: leads to the new run."""
    page = came_from(request, id)
    if not request.user.is_authenticated:
        return redirect_to_login(page)
    from_ = request.POST.getlist("from")
    what = rights.of_fork(from_)
    run = rights.found(request, id, what)
    try:
        with rights.doing(request.user, run, what, step=" ".join(from_)):
            started = forking.fork(run, owner=run.owner, from_=from_, key=form_key(request, from_))
    except lifecycle.Refused as refusal:
        messages.error(request, told(refusal))
        return redirect(page)
    return redirect("runs:run", started.run.pk)


def form_key(request: HttpRequest, asked: Collection[str] = ()) -> str | None:
    """Of a form that was sent: a double click is one run, another button of that page another."""
    try:
        form = UUID(request.POST.get("key", ""))
    except ValueError:
        return None
    digest = sha256("\0".join([str(form), *sorted(asked)]).encode("utf-8", "replace"))
    return f"page:{digest.hexdigest()[:32]}"


def told(refusal: lifecycle.Refused) -> str:
    """Why nothing was started, for the person who asked."""
    match refusal:
        case lifecycle.OverQuota():
            return str(refusal)
        case lifecycle.Unavailable():
            return "Nothing can be started just now. Try again in a moment."
        case forking.NotResumable(status=Run.Status.COMPLETED):
            return "This run has completed: there is nothing to resume."
        case forking.NotResumable():
            return "This run is still going on: there is nothing to resume."
        case forking.TooLarge():
            return "This run has finished more than can be taken over."
        case _:
            return "This cannot be done again: the run has changed. Look at it once more."
