"""Answers that are JSON; what belongs to one person is kept by nobody in between."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from workflows.wire import codec


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    response = HttpResponse(codec.dumps(value), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    for name, text in (headers or {}).items():
        response[name] = text
    return response


def accepted_type(request: HttpRequest, *offered: str) -> str | None:
    """Which of the offered media types the caller likes best; the first one offered for `*/*`."""
    preferred: str | None = request.get_preferred_type(offered)
    return preferred
