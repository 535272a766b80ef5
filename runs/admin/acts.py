"""What staff may do to runs of others: each act asks for a reason first, which is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from runs import forking, lifecycle, listing
from runs.interventions import REASON_MAX, Intervention, recorded
from runs.models import Run

MOST = 100  # at once


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_MAX,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
        help_text="It is kept with your name.",
    )
    # The same for a form that is sent twice, so that nothing is done twice.
    turn = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    # The path of a step; some acts begin there.
    step = forms.CharField(widget=forms.HiddenInput, required=False, max_length=4000, strip=False)


@dataclass(frozen=True)
class Asked:
    reason: str
    turn: UUID
    step: str = ""


class DoneBefore(lifecycle.Refused):
    """The same form was sent before. `run`: what came of it."""

    def __init__(self, run: Run) -> None:
        super().__init__("done before")
        self.run = run


@dataclass(frozen=True)
class Act:
    """`do` gives the run that came of it, if another, and raises lifecycle.Refused."""

    what: Intervention.What
    permission: str
    title: str
    button: str
    says: str
    done: str
    do: Callable[[Run, Asked], Run | None]


def _cancel(run: Run, asked: Asked) -> None:
    lifecycle.cancel(run, by="staff", reason=asked.reason)


def _fork(run: Run, asked: Asked) -> Run:
    """A run of the same owner: staff pay nothing, and carry nobody's input away."""
    from_ = [asked.step] if asked.step else []
    key = f"staff {asked.turn} {run.pk}"
    started = forking.fork(run, owner=run.owner, from_=from_, key=key)
    if not started.created:
        raise DoneBefore(started.run)
    return started.run


def _tell(run: Run, asked: Asked) -> None:
    for notice in run.notices.filter(given_up=True):
        notice.revive()


CANCEL = Act(
    what=Intervention.What.CANCEL,
    permission="runs.cancel_run",
    title="Stop",
    button="Stop",
    says="It ends at once, and what it has written is kept. Its owner is told that it was stopped"
    " by the people who run this service, and reads your reason.",
    done="stopped",
    do=_cancel,
)
RESUME = Act(
    what=Intervention.What.RESUME,
    permission="runs.resume_run",
    title="Resume",
    button="Resume",
    says="A new run of the same owner goes on from it: finished steps are taken over and not paid"
    " again. It counts as one of its owner's.",
    done="resumed",
    do=_fork,
)
RESTART = Act(
    what=Intervention.What.RESTART,
    permission="runs.resume_run",
    title="Run again from a step",
    button="Run again",
    says="A new run of the same owner does this step anew, with what it called and what called it;"
    " all others that are finished are taken over and not paid again. It counts as one of its"
    " owner's.",
    done="run again",
    do=_fork,
)
TELL = Act(
    what=Intervention.What.TELL,
    permission="runs.tell_notice",
    title="Tell again of",
    button="Tell again",
    says="The notices that were given up are told from the first try on. Mend what refused them"
    " first.",
    done="told of again",
    do=_tell,
)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def cancellation(request: HttpRequest) -> HttpResponse:
    return _act(request, CANCEL)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def resumption(request: HttpRequest) -> HttpResponse:
    step = request.POST.get("step") or request.GET.get("step")
    return _act(request, RESTART if step else RESUME)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def telling(request: HttpRequest) -> HttpResponse:
    return _act(request, TELL)


def address(act: str, runs: Iterable[UUID]) -> str:
    """Where the reason for it is asked for."""
    query = urlencode({"run": list(map(str, runs))}, doseq=True)
    return f"{reverse(f'admin:runs_run_{act}')}?{query}"


def _act(request: HttpRequest, act: Act) -> HttpResponse:
    if not request.user.has_perm(act.permission):
        raise PermissionDenied
    runs = _chosen(request)
    form = ReasonForm(request.POST or None, initial={"step": request.GET.get("step", "")})
    if request.method == "POST" and form.is_valid():
        asked = Asked(**form.cleaned_data)
        found = [_do(request, act, run, asked) for run in runs]
        if len(found) == 1:
            return redirect("admin:runs_run_change", id=found[0].pk)
        return redirect("admin:runs_run_changelist")
    context = {
        **admin.site.each_context(request),
        "title": _title(act, runs),
        "act": act,
        "form": form,
        "runs": [(run, listing.subject(run) or listing.title(run.workflow)) for run in runs],
    }
    return render(request, "admin/runs/run/act.html", context)


def _title(act: Act, runs: Sequence[Run]) -> str:
    if act is RESTART:
        return act.title
    return f"{act.title} {'this run' if len(runs) == 1 else f'{len(runs)} runs'}"


def _chosen(request: HttpRequest) -> list[Run]:
    """The runs that the address or the form names; what may not be seen is unknown."""
    named = request.POST.getlist("run") or request.GET.getlist("run")
    try:
        ids = [UUID(id) for id in named[:MOST]]
    except ValueError:
        raise Http404 from None
    runs = Run.objects.visible_to(request.user).filter(pk__in=ids)
    found = list(listing.headed(runs).select_related("owner").order_by("-created_at"))
    if not found:
        raise Http404
    return found


def _do(request: HttpRequest, act: Act, run: Run, asked: Asked) -> Run:
    """The run to go to."""
    name = f"{run.workflow} {str(run.pk)[:8]}"
    try:
        with recorded(
            by=request.user, what=act.what, run=run.pk, reason=asked.reason, step=asked.step
        ):
            came = act.do(run, asked)
    except DoneBefore as before:
        return before.run
    except lifecycle.Refused as refused:
        messages.error(request, f"{name} is not {act.done}: {_why(refused)}")
        return run
    messages.success(request, f"{name} is {act.done}.")
    return came or run


def _why(refused: lifecycle.Refused) -> str:
    if isinstance(refused, lifecycle.Finished):
        return "it had ended already."
    if isinstance(refused, lifecycle.Unavailable):
        return "it is not possible just now. Try again in a moment."
    if isinstance(refused, lifecycle.OverQuota):
        return "its owner has as many runs as they may."
    return f"{refused}."
