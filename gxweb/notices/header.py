"""The chips as a part of the header, and the button that puts one away."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import get_template
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST

from gxweb.edition import edition
from gxweb.notices import chips
from gxweb.notices.chips import NONE, Chips
from gxweb.notices.models import Dismissal
from runs.models import Run


def context(request: HttpRequest) -> dict[str, Any]:
    """For every template. Nothing is asked before the header is drawn."""
    return {"chips": SimpleLazyObject(lambda: _drawn(request))}


def _drawn(request: HttpRequest) -> SafeString:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return SafeString()
    return frame(mine(request))


def mine(request: HttpRequest) -> Chips:
    """Of who asks, read once for a page."""
    known: dict[str, Any] = request.__dict__
    if "chips" not in known:
        owner: Any = request.user.pk
        known["chips"] = chips.of([owner]).get(owner, NONE)
    found: Chips = known["chips"]
    return found


@lru_cache(maxsize=64)
def frame(found: Chips) -> SafeString:
    """Equal chips are equal HTML, drawn once for all pages that show them."""
    html = get_template("chips.html").render({"chips": found, "edition": edition()})
    return mark_safe(html)  # noqa: S308 - Django's own answer, whose stubs say less


@require_POST
def dismissal(request: HttpRequest, run: UUID) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login("/")
    own = Run.objects.visible_to(request.user).filter(owner=request.user.pk)
    found = get_object_or_404(own.only("finished_at"), pk=run)
    if found.finished:
        Dismissal.objects.get_or_create(run=found)
    return HttpResponse(status=204)
