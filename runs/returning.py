"""Where a command leads back to."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def came_from(request: HttpRequest, run: UUID) -> str:
    """The page that a command came from, if it is one of ours; else that of the run."""
    place = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(place, allowed_hosts={request.get_host()})
    return place if ours and place.startswith("/") else reverse("runs:run", args=[run])
