"""What a page answers when it cannot do as asked: too often, not now, or broken. In words."""

from __future__ import annotations

import math
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.views.decorators.debug import sensitive_variables

from runs import lifecycle
from runs.connections import AWAY

COME_BACK_S = 5


class TooMany(Exception):
    """Asked too often. `retry_after`: seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many requests")
        self.retry_after = max(1, retry_after)


class Refusals(MiddlewareMixin):
    """Turns refusals that a page does not handle itself into pages of their own."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TooMany):
            return refused(request, 429, error.retry_after)
        if isinstance(error, lifecycle.OverQuota):
            return refused(request, 429, error.retry_after)
        if isinstance(error, lifecycle.Unavailable):
            return refused(request, 503, error.retry_after)
        return None


def refused(request: HttpRequest, status: int, retry_after: int) -> HttpResponse:
    context = {"wait": in_words(retry_after)}
    response = render(request, f"{status}.html", context, status=status)
    response["Retry-After"] = str(retry_after)
    response["Cache-Control"] = "no-store"
    return response


def in_words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds" if seconds > 1 else "a second"
    if seconds < 90 * 60:
        return f"{math.ceil(seconds / 60)} minutes"
    return f"{math.ceil(seconds / 3600)} hours"


@sensitive_variables()
def server_error(request: HttpRequest) -> HttpResponse:
    """Django's last resort: the database or Redis is away, or we have made a mistake."""
    if isinstance(sys.exc_info()[1], AWAY):
        return refused(request, 503, COME_BACK_S)
    return render(request, "500.html", status=500)
