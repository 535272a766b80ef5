"""The end of an account: everything of it goes, everywhere, and it is said before and after."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from gxweb.accounts import belongings, mail
from gxweb.accounts.credentials import OldPasswordForm
from gxweb.accounts.user import User, signed_in
from runs.erasing import erase
from runs.lifecycle import Unavailable
from runs.models import LARGE, Run


class DeleteForm(OldPasswordForm):
    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def deletion(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = DeleteForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            delete(user)
        except Unavailable:
            form.add_error(None, "This is not possible just now. Try again in a moment.")
        else:
            mail.write(user.email, "accounts/mail/deleted.txt", {})
            logout(request)
            return redirect("accounts:deleted")
    context = {"form": form, "counts": belongings.counts(user)}
    return render(request, "accounts/delete.html", context)


@require_safe
def deleted(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/deleted.html")


def delete(user: User) -> None:
    """Raises Unavailable while Redis is away; then the account is as it was, with fewer runs."""
    _close(user, active=False)  # from here on nothing new is started
    try:
        # Again until there are none: a request that had begun before may have started one more.
        while not _gone(user):
            for run in Run.objects.filter(owner=user).defer(*LARGE)[:50]:
                erase(run)
    except BaseException:
        _close(user, active=True)
        raise


@transaction.atomic
def _gone(user: User) -> bool:
    """False, and all is as it was: there are runs yet, of which Redis would keep what it has."""
    # Whoever writes into the ledger for this person, or starts a run, has done so, or never will.
    list(User.objects.select_for_update().filter(pk=user.pk).values_list("pk"))
    if Run.objects.filter(owner=user).exists():
        return False
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(user.pk)).delete()
    User.objects.filter(pk=user.pk).delete()
    return True


def _close(user: User, *, active: bool) -> None:
    User.objects.filter(pk=user.pk).update(is_active=active)
