"""Pages on which people answer a run, and the forms that send it signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_page
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from runs import answering, forms, history, lifecycle, rights
from runs.models import Run
from runs.render.question import until
from runs.returning import came_from
from runs.schema import Wrong
from workflows.wire.events import RunWaiting
from workflows.wire.questions import HOLD

OVER = "This was answered already, or its time was over: the run has gone on."
AWAY = "The run cannot be reached just now. Nothing is lost here: try again in a moment."
REFUSED = 422


@require_safe
@never_cache
def question(request: HttpRequest, id: UUID) -> HttpResponse:
    """The form of whatever is asked now."""
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("runs:run", args=[id]))
    run = rights.found(request, id)
    asked = history.state(run).waiting
    if asked is None or asked.form_schema is None:
        return _over(request, run)
    if "HX-Request" in request.headers:
        return _form(request, run, asked, asked.default)
    return redirect("runs:answer", run.pk, asked.key)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def answer(request: HttpRequest, id: UUID, key: str) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(reverse("runs:run", args=[id]))
    run = rights.found(request, id)
    asked = history.state(run).waiting
    if asked is None or asked.key != key or asked.form_schema is None:
        return _over(request, run)
    if request.method != "POST":
        return _form(request, run, asked, asked.default)
    return _sent(request, run, asked)


@require_POST
def signal(request: HttpRequest, id: UUID, name: str) -> HttpResponse:
    page = came_from(request, id)
    if not request.user.is_authenticated:
        return redirect_to_login(page)
    run = rights.found(request, id)
    try:
        answering.signal(run, name, _brought(request))
    except lifecycle.Invalid:
        messages.error(request, "That is too long to be sent.")
    except (lifecycle.Finished, answering.NotTaken):
        messages.error(request, "The run does not take that any more.")
    except lifecycle.Unavailable:
        messages.error(request, AWAY)
    if request.headers.get("HX-Request"):
        refused = bool(messages.get_messages(request))
        return HttpResponse(status=204, headers={"HX-Refresh": "true"} if refused else {})
    return redirect(page)


def _brought(request: HttpRequest) -> dict[str, str] | None:
    """What a form sends along with a signal."""
    ours = ("csrfmiddlewaretoken", "next")
    sent = {name: text for name, text in request.POST.items() if name not in ours}
    return {name: str(text) for name, text in sent.items()} or None


def _sent(request: HttpRequest, run: Run, asked: RunWaiting) -> HttpResponse:
    sent = request.POST.dict()
    value = forms.answer(asked.form_schema, sent)
    if "_add" in sent:
        value = forms.grown(value, sent["_add"])
    if "_add" in sent or "_hold" in sent:
        return _held(request, run, asked, value)
    try:
        answering.answer(run, asked.key, value)
    except lifecycle.Invalid as refused:
        wrongs = [Wrong(tuple(one["loc"]), str(one["msg"])) for one in refused.errors]
        return _form(request, run, asked, value, wrongs, "Some of this does not fit yet.")
    except (answering.NotWaiting, lifecycle.Finished):
        return _over(request, run)
    except lifecycle.Unavailable:
        return _form(request, run, asked, value, problem=AWAY)
    if request.headers.get("HX-Request"):
        # The socket tells how it goes on.
        return HttpResponse('<p class="soft" role="status">Sent. The run goes on.</p>')
    return redirect("runs:run", run.pk)


def _held(request: HttpRequest, run: Run, asked: RunWaiting, value: Any) -> HttpResponse:
    """Whoever changes the form, or asks for time, is not to be overtaken by the clock."""
    try:
        answering.signal(run, HOLD)
    except (lifecycle.Refused, answering.NotTaken):
        return _form(request, run, asked, value, problem=AWAY)
    return _form(request, run, asked, value)


def _form(
    request: HttpRequest,
    run: Run,
    asked: RunWaiting,
    value: Any,
    wrongs: Sequence[Wrong] = (),
    problem: str = "",
) -> HttpResponse:
    fragment = "HX-Request" in request.headers
    posted = request.method == "POST"
    context = {
        "run": run,
        "question": asked,
        **until(asked),
        "form": forms.field(asked.form_schema, value, wrongs),
        "problem": problem,
    }
    template = "runs/answer-form.html" if fragment else "runs/answer.html"
    status = REFUSED if posted and problem and not fragment else 200
    return render_page(request, template, context, status=status)


def _over(request: HttpRequest, run: Run) -> HttpResponse:
    if "HX-Request" in request.headers:
        return HttpResponse(f'<p class="soft" role="status">{OVER}</p>')
    messages.info(request, OVER)
    return redirect("runs:run", run.pk)
