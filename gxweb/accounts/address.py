"""Another e-mail address: it counts when its owner has opened the link that went there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from gxweb.accounts import mail
from gxweb.accounts.credentials import OldPasswordForm
from gxweb.accounts.throttle import Limit
from gxweb.accounts.user import User, signed_in

SALT = "gxweb.accounts.address"
GOOD_FOR_S = 24 * 3600
OF_ACCOUNT = Limit("address changes of account", most=5, seconds=3600)


class AddressForm(OldPasswordForm):
    email = forms.EmailField(
        label="New email",
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )
    field_order = ("email", "password")

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change(request: HttpRequest) -> HttpResponse:
    form = AddressForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user, email = signed_in(request), form.cleaned_data["email"]
        OF_ACCOUNT.take(user.pk)
        _send_link(user, email)
        return render(request, "accounts/address_sent.html", {"email": email})
    return render(request, "accounts/address.html", {"form": form})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A mail program that opens links by itself changes nothing: that takes a press."""
    user = signed_in(request)
    email = _read(user, token)
    if email is None or request.method != "POST":
        return render(request, "accounts/address_confirm.html", {"email": email, "token": token})
    old = user.email
    if not _move(user, email):
        return render(request, "accounts/address_confirm.html", {"email": None})
    mail.write(old, "accounts/mail/address_changed.txt", {"email": email})
    messages.success(request, f"Your address is {email} now.")
    return redirect("accounts:account")


def _send_link(user: User, email: str) -> None:
    """An address that has an account gets no link, and the page does not say so."""
    token = signing.dumps({"user": user.pk, "from": user.email, "to": email}, salt=SALT)
    link = reverse("accounts:address_confirm", args=[token])
    message = mail.compose(email, "accounts/mail/address.txt", {"link": link})
    if not User.objects.filter(email__iexact=email).exclude(pk=user.pk).exists():
        mail.post(message)


def _read(user: User, token: str) -> str | None:
    """The new address, if the link is of this person and was made for the present one."""
    try:
        said = signing.loads(token, salt=SALT, max_age=GOOD_FOR_S)
    except signing.BadSignature:
        return None
    if (said["user"], said["from"]) != (user.pk, user.email):
        return None
    return str(said["to"])


def _move(user: User, email: str) -> bool:
    try:
        with transaction.atomic():
            return User.objects.filter(pk=user.pk, email=user.email).update(email=email) == 1
    except IntegrityError:
        return False
