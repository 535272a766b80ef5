"""The page of one's own account: what there is to know and to change about it."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gxweb.accounts.user import signed_in


@never_cache
@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    tokens = signed_in(request).tokens.alive(timezone.now()).count()
    return render(request, "accounts/account.html", {"tokens": tokens})
