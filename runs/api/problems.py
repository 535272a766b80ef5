"""Everything that can go wrong in REST looks the same: application/problem+json (RFC 9457)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from runs.models import Run
from runs.responses import looked_at

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
ROOT = "/api/"
# Codes for what is answered before one of our views is reached.
CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
}
DETAILS = {
    404: "There is nothing here.",
    405: "This address does not take that method.",
    413: "The body is larger than 1 MB.",
    500: "Something went wrong on our side. It has been noted.",
}


class Problem(Exception):
    """An answer that is an error, raised where it is found."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}
        self.members = members

    def response(self) -> HttpResponse:
        body = {
            **self.members,
            "type": f"urn:gxweb:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors is not None:
            body["errors"] = [dict(error) for error in self.errors]
        response = HttpResponse(orjson.dumps(body), status=self.status, content_type=MEDIA_TYPE)
        response["Cache-Control"] = "no-store"
        for name, value in self.headers.items():
            response[name] = value
        return response


def plain(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """The problem of a bare status."""
    detail = DETAILS.get(status, HTTPStatus(status).description or HTTPStatus(status).phrase)
    code = CODES.get(status, "internal" if status >= 500 else "bad_request")
    return Problem(status, code, detail, headers=headers)


def not_found() -> Problem:
    """The same for an unknown id and for one of somebody else."""
    return plain(404)


def invalid(detail: str, wrong: str, *loc: str) -> Problem:
    """`wrong`: what is wrong with the part at `loc`; without `loc`, with all of it."""
    return Problem(422, "invalid_input", detail, errors=[{"loc": list(loc), "msg": wrong}])


def unavailable(detail: str, retry_after: int = 5) -> Problem:
    return Problem(503, "unavailable", detail, headers={"Retry-After": str(retry_after)})


def teach(api: NinjaAPI) -> None:
    """What is raised below our calls becomes a problem."""

    def on(kind: type[Exception], answer: Callable[[Any], Problem]) -> None:
        api.add_exception_handler(kind, lambda request, error: answer(error).response())

    on(Problem, lambda error: error)
    on(Http404, lambda error: not_found())
    on(Run.DoesNotExist, lambda error: not_found())  # it was deleted while we waited
    on(RequestDataTooBig, lambda error: plain(413))
    on(AuthenticationError, lambda error: _unauthenticated())
    on(HttpError, lambda error: plain(error.status_code))
    on(ValidationError, _invalid)
    # SQL is away, or locked for longer than we wait: that passes.
    for kind in (OperationalError, InterfaceError):
        on(kind, _away)
    on(Exception, _internal)


def _as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code < 400 or not request.path.startswith(ROOT):
        return response
    if response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
        return response
    kept = {name: response[name] for name in ("Allow", "Retry-After") if name in response}
    answer = plain(response.status_code, kept).response()
    answer.cookies = response.cookies
    return answer


# Errors of the API that Django answers itself (unknown paths, methods, hosts) look so too.
middleware = looked_at(_as_problem)


def _unauthenticated() -> Problem:
    return Problem(
        401,
        "unauthenticated",
        "Send a token (Authorization: Bearer gx_…) or sign in.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _invalid(error: ValidationError) -> Problem:
    """Wrong query or path values."""
    errors = [{"loc": list(one.get("loc", ())), "msg": one.get("msg", "")} for one in error.errors]
    return Problem(422, "invalid_input", "Some of what was sent does not fit.", errors=errors)


def _away(error: Exception) -> Problem:
    log.warning("SQL does not answer: %s", error)
    return unavailable("The database cannot be reached at the moment. Try again soon.")


def _internal(error: Exception) -> Problem:
    log.error("A call of the API failed", exc_info=error)
    return plain(500)
