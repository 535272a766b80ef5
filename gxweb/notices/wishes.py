"""What a person wants mail about."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from gxweb.accounts.user import User, signed_in

WISHES = ("mail_when_finished", "mail_when_failed")


@require_POST
@login_required
def wishes(request: HttpRequest) -> HttpResponse:
    """A box that is not ticked is not sent."""
    asked = {name: name in request.POST for name in WISHES}
    User.objects.filter(pk=signed_in(request).pk).update(**asked)
    messages.success(request, "Saved: what we write to you about.")
    return redirect("accounts:account")
