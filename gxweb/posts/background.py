"""Parts that a page asks for by itself while somebody types."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def in_background(view: View) -> View:
    """As `login_required`; but a page whose reader was signed out keeps what it shows, where the
    door would otherwise stand in the midst of it. Saving leads there."""
    guarded = login_required(view)

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.headers.get("HX-Request") and not request.user.is_authenticated:
            return HttpResponse(status=204)
        return guarded(request, *args, **kwargs)

    return answer
