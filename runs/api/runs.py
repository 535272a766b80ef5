"""`/api/runs`: one's runs, one run, and calling it off."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from runs import lifecycle, rights
from runs.api import presentation, shapes
from runs.api.access import FindToken, find_commanded, find_run, grant_of, needs, visible
from runs.api.answers import answer
from runs.api.bodies import read_object
from runs.api.document import described
from runs.api.problems import Problem, invalid, not_found, unavailable
from runs.interventions import Intervention
from runs.models import LARGE, Run, RunQuerySet

PAGE = 50
HEAVY = (*LARGE, "waiting", "body_hash")


def add(api: NinjaAPI, find_token: FindToken) -> None:
    reads, cancels = needs(find_token, "read"), needs(find_token, "cancel")

    @api.get("/runs", auth=reads, openapi_extra=described({200: shapes.Runs}, (422,)))
    def list_runs(
        request: HttpRequest,
        workflow: str | None = None,
        status: shapes.Status | None = None,
        after: uuid.UUID | None = None,
    ) -> HttpResponse:
        """One's runs, newest first. `after` takes the `next` of the page before."""
        found = visible(request).defer(*HEAVY).order_by("-created_at", "-id")
        if workflow is not None:
            found = found.filter(workflow=workflow)
        if status is not None:
            found = found.filter(status=status)
        page = list(_older(found, visible(request), after)[: PAGE + 1])
        items = [presentation.summary(request, run) for run in page[:PAGE]]
        return answer({"items": items, "next": items[-1]["id"] if len(page) > PAGE else None})

    @api.get("/runs/{uuid:id}", auth=reads, openapi_extra=described({200: shapes.RunDetail}))
    def get_run(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
        """All that is known of a run."""
        run = presentation.fresh(find_run(request, id))
        return answer(presentation.detail(request, run))

    @api.post(
        "/runs/{uuid:id}/cancellation",
        auth=cancels,
        response={202: None},
        openapi_extra=described(
            {202: shapes.Cancellation},
            (400, 409, 413, 415, 422, 503),
            body=shapes.CancellationRequest,
        ),
    )
    def cancel_run(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
        """Ends it at once: provider calls are closed, what was written stays."""
        run = find_commanded(request, id, Intervention.What.CANCEL)
        _cancel(request, run, _reason(read_object(request, default={})))
        return answer(presentation.started(request, run), 202)


def _older(found: RunQuerySet, mine: RunQuerySet, after: uuid.UUID | None) -> RunQuerySet:
    if after is None:
        return found
    last = mine.filter(pk=after).only("created_at").first()
    if last is None:
        raise not_found()
    same_moment = Q(created_at=last.created_at, id__lt=last.id)
    return found.filter(Q(created_at__lt=last.created_at) | same_moment)


def _reason(body: dict[str, Any]) -> str:
    reason = body.get("reason") or ""
    if (
        not isinstance(reason, str)
        or len(reason) > shapes.LONGEST_REASON
        or body.keys() - {"reason"}
    ):
        detail = "The body may have a `reason` and nothing else."
        raise invalid(detail, f"a text of at most {shapes.LONGEST_REASON} characters", "reason")
    return reason


def _cancel(request: HttpRequest, run: Run, reason: str) -> None:
    user = grant_of(request).user
    try:
        with rights.doing(user, run, Intervention.What.CANCEL, reason=reason) as by:
            lifecycle.cancel(run, by=by, reason=reason)
    except lifecycle.Finished:
        raise Problem(409, "finished", "The run has ended already.") from None
    except lifecycle.Unavailable as error:
        detail = "The run cannot be reached at the moment. Try again soon."
        raise unavailable(detail, error.retry_after) from None
    # The end is in the log at once, in the row a moment later.
    presentation.fresh(run)
