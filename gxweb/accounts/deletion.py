"""The end of an account: everything of it goes, everywhere, and it is said before and after.

That takes a while, run by run. Should the process die at it, control brings it to its end: by then
nobody can sign in to ask for it again.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from gxweb.accounts import belongings, mail
from gxweb.accounts.credentials import OldPasswordForm
from gxweb.accounts.user import User, signed_in
from runs.chores import CHORES
from runs.connections import AWAY
from runs.erasing import erase
from runs.lifecycle import Unavailable
from runs.models import LARGE, Run

# Longer than some runs take to erase: nobody is at it any more.
ABANDONED = timedelta(minutes=1)
BATCH = 50  # runs

logger = logging.getLogger(__name__)


def listen() -> None:
    CHORES["deletions"] = go_on


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
            _tell(user)
            logout(request)
            return redirect("accounts:deleted")
    context = {"form": form, "counts": belongings.counts(user)}
    return render(request, "accounts/delete.html", context)


@require_safe
def deleted(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/deleted.html")


def delete(user: User) -> None:
    """Raises Unavailable while Redis is away; then the account is as it was, with fewer runs."""
    try:
        _empty(user)
    except BaseException:
        User.objects.filter(pk=user.pk).update(is_active=True, leaving_at=None)
        raise


def go_on() -> bool:
    """Delete an account whose deletion somebody died at. True: there may be more."""
    late = User.objects.filter(leaving_at__lt=timezone.now() - ABANDONED)
    user = late.order_by("leaving_at").first()
    # Of two controls one has it.
    if user is None or not _claim(User.objects.filter(pk=user.pk, leaving_at=user.leaving_at)):
        return False
    try:
        _empty(user)
    except AWAY:
        raise
    except Unavailable:
        logger.warning("the deletion of account %s waits", user.pk)
        return False
    except Exception:  # control has others to look after
        logger.exception("the deletion of account %s does not go on", user.pk)
        return False
    _tell(user)
    return True


def _empty(user: User) -> None:
    mine = User.objects.filter(pk=user.pk)
    _claim(mine)  # from here on nothing new is started
    # Again until there are none: a request that had begun before may have started one more.
    while not _gone(user):
        for run in Run.objects.filter(owner=user).defer(*LARGE)[:BATCH]:
            erase(run)
        _claim(mine)


def _claim(account: QuerySet[User]) -> bool:
    """Say that somebody is at it now."""
    return bool(account.update(is_active=False, leaving_at=timezone.now()))


def _tell(user: User) -> None:
    mail.write(user.email, "accounts/mail/deleted.txt", {})


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
