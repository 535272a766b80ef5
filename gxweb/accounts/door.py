"""The way in for a page that finds out in its midst that nobody is signed in any more: htmx would
follow it where nobody sees it, or put it into the page."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.middleware import HtmxDetails

from runs.responses import looked_at


def _led(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    door = response.headers.get("Location", "")
    if not htmx or door.partition("?")[0] != resolve_url(settings.LOGIN_URL):
        return response
    if page := htmx.current_url_abs_path:
        door = redirect_to_login(page).url
    return HttpResponse(status=204, headers={"HX-Redirect": door})


# The whole page goes to the door, and back to itself.
middleware = looked_at(_led)
