"""`/api/runs/{id}/forks`: a new run that goes on from an old one."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from runs import forking, rights
from runs.api import presentation, shapes
from runs.api.access import FindToken, find_commanded, grant_of, needs
from runs.api.admission import KEY_HEADER, key_of, refusals
from runs.api.answers import answer
from runs.api.bodies import read_object
from runs.api.document import described
from runs.api.problems import Problem, invalid
from runs.lifecycle import Started
from runs.models import Run


def add(api: NinjaAPI, find_token: FindToken) -> None:
    @api.post(
        "/runs/{uuid:id}/forks",
        auth=needs(find_token, "start"),
        response={202: None},
        openapi_extra=described(
            {200: shapes.StartedRun, 202: shapes.StartedRun},
            (400, 409, 413, 415, 422, 429, 503),
            body=shapes.ForkRequest,
            headers=(KEY_HEADER,),
        ),
    )
    def fork_run(request: HttpRequest, id: uuid.UUID) -> HttpResponse:
        """Starts a new run, of the workflow's present version, that is offered every finished step
        of this one: a step with the same identity is taken over, and not paid again. `from` names
        steps to be done anew, with those above and below them; `input` is laid over the old input,
        field by field. Without both, a run that failed or was cancelled is resumed."""
        body = read_object(request, default={})
        from_, input = _paths(body), _input(body)
        run = find_commanded(request, id, what := rights.of_fork(from_ or input))
        with rights.doing(grant_of(request).user, run, what, step=" ".join(from_)):
            started = _forked(run, from_, input, key_of(request))
        told = presentation.started(request, presentation.fresh(started.run))
        place = request.build_absolute_uri(f"/api/runs/{started.run.id}")
        return answer(told, 202 if started.created else 200, {"Location": place})


def _forked(run: Run, from_: list[str], input: dict[str, Any] | None, key: str | None) -> Started:
    try:
        with refusals():
            # It is its owner's, as the old one is, also when staff ask for it.
            return forking.fork(run, owner=run.owner, from_=from_, input=input, key=key)
    except forking.NotResumable as error:
        detail = f"The run is {error.status}: there is nothing to resume. Give `from` or `input`."
        about = {"id": str(run.id), "status": error.status}
        raise Problem(409, "not_resumable", detail, run=about) from None
    except forking.TooLarge:
        detail = "The run has finished more than one fork can take over."
        raise Problem(409, "too_large_to_fork", detail) from None


def _paths(body: dict[str, Any]) -> list[str]:
    if unknown := sorted(body.keys() - {"from", "input"}):
        raise invalid("The body may have `from` and `input`.", "is not known", unknown[0])
    given = body.get("from")
    paths = [] if given is None else given
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise invalid("`from` should be a list of span paths.", "should be a list of texts", "from")
    if len(paths) > shapes.MOST_PATHS:
        raise invalid("`from` is too long.", f"at most {shapes.MOST_PATHS} paths", "from")
    return paths


def _input(body: dict[str, Any]) -> dict[str, Any] | None:
    given = body.get("input")
    if given is not None and not isinstance(given, dict):
        raise invalid("`input` should be an object.", "should be an object", "input")
    return given
