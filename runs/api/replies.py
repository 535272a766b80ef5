"""`/api/runs/{id}/answers/{key}` and `/signals/{name}`: what a run that goes on is told."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from runs import answering, lifecycle
from runs.api import presentation, shapes
from runs.api.access import FindToken, find_commanded, needs
from runs.api.answers import answer
from runs.api.bodies import read_object, read_value
from runs.api.document import JSON, described
from runs.api.problems import Problem, unavailable

PROBLEMS = (400, 409, 413, 415, 422, 503)
# What the form of the question says: `waiting.form_schema` of the run.
ANSWER: dict[str, Any] = {JSON: {"schema": {}, "example": {"title": "What a heat pump does"}}}
SIGNAL: dict[str, Any] = {JSON: {"schema": {"type": "object"}, "example": {}}}


def add(api: NinjaAPI, find_token: FindToken) -> None:
    starts = needs(find_token, "start")

    @api.post(
        "/runs/{uuid:id}/answers/{key}",
        auth=starts,
        response={202: None},
        openapi_extra=_described(ANSWER, required=True),
    )
    def answer_run(request: HttpRequest, id: uuid.UUID, key: str) -> HttpResponse:
        """Answers the question that the run waits for: `waiting` has its `key`, and the JSON Schema
        of the body. The first answer counts."""
        run = find_commanded(request, id)
        value = read_value(request)
        with _refusals():
            answering.answer(run, key, value)
        return answer(presentation.started(request, run), 202)

    @api.post(
        "/runs/{uuid:id}/signals/{name}",
        auth=starts,
        response={202: None},
        openapi_extra=_described(SIGNAL, required=False),
    )
    def signal_run(request: HttpRequest, id: uuid.UUID, name: str) -> HttpResponse:
        """Tells a live run something that its workflow listens for, with an object or nothing as
        the body. `hold` stops the countdown of a question."""
        run = find_commanded(request, id)
        value = read_object(request, default={})
        with _refusals():
            answering.signal(run, name, value or None)
        return answer(presentation.started(request, run), 202)


def _described(content: dict[str, Any], *, required: bool) -> dict[str, Any]:
    found = described({202: shapes.Cancellation}, PROBLEMS)
    return found | {"requestBody": {"content": content, "required": required}}


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except lifecycle.Finished:
        raise Problem(409, "finished", "The run has ended already.") from None
    except answering.NotWaiting as error:
        detail = "The run does not wait for this answer: not yet, or not any more."
        if error.asked:
            detail = f"The run does not wait for this answer, but for {error.asked!r}."
        raise Problem(409, "not_waiting", detail) from None
    except answering.NotTaken:
        raise Problem(409, "not_taken", "The run does not take this signal.") from None
    except lifecycle.Invalid as error:
        detail = "The answer does not fit the form."
        raise Problem(422, "invalid_input", detail, errors=error.errors) from None
    except lifecycle.Unavailable as error:
        detail = "The run cannot be reached at the moment. Try again soon."
        raise unavailable(detail, error.retry_after) from None
