"""A new password: by knowing the old one, or by a link to one's mail. Other sessions then end."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from gxweb.accounts import credentials, mail
from gxweb.accounts.credentials import OldPasswordForm
from gxweb.accounts.signup import BACKEND
from gxweb.accounts.throttle import Limit, origin
from gxweb.accounts.user import User

TO_ADDRESS = Limit("reset mails to address", most=5, seconds=3600)
FROM_ADDRESS = Limit("reset mails from address", most=30, seconds=3600)
RESET_TOKEN = "reset_token"  # noqa: S105 - where the session keeps it
SET = "set"


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = "At least 8 characters; a few words are easiest."
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""


class ChangeForm(OldPasswordForm, NewPasswordForm):
    field_order = ("password", "new_password1", "new_password2")

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.request = request
        NewPasswordForm.__init__(self, request.user, *args, **kwargs)
        self.fields["password"].label = "Present password"


class ResetForm(forms.Form):
    email = forms.EmailField(
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change(request: HttpRequest) -> HttpResponse:
    form = ChangeForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        # This browser stays signed in, under a new session; every other one is out.
        update_session_auth_hash(request, user)
        mail.write(user.email, "accounts/mail/password_changed.txt", {})
        messages.success(request, "Your password is changed. Everywhere else you are signed out.")
        return redirect("accounts:account")
    return render(request, "accounts/password_change.html", {"form": form})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest) -> HttpResponse:
    form = ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        FROM_ADDRESS.take(origin(request))
        email = form.cleaned_data["email"]
        TO_ADDRESS.take(email)
        _send_link(email)
        return redirect("accounts:password_reset_sent")
    return render(request, "accounts/password_reset.html", {"form": form})


@require_safe
def reset_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/password_reset_sent.html")


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reset_confirm(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """The token moves from the address to the session at once, so that no referrer carries it."""
    if token != SET:
        request.session[RESET_TOKEN] = token
        return redirect("accounts:password_reset_confirm", uid=uid, token=SET)
    user = _owner(uid, request.session.get(RESET_TOKEN, ""))
    if user is None:
        return render(request, "accounts/password_reset_confirm.html", {"form": None})
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        request.session.pop(RESET_TOKEN, None)
        credentials.OF_ACCOUNT.forget(user.email)
        login(request, user, BACKEND)
        messages.success(request, "Your password is changed. Everywhere else you are signed out.")
        return redirect("/")
    return render(request, "accounts/password_reset_confirm.html", {"form": form})


def _send_link(email: str) -> None:
    """The same work for an address without an account, but for the sending."""
    found = User.objects.filter(email__iexact=email, is_active=True).first()
    user = found or User(pk=0, email=email, password="!")  # noqa: S106 - nobody
    words = {
        "uid": urlsafe_base64_encode(force_bytes(user.pk)),
        "token": default_token_generator.make_token(user),
    }
    link = reverse("accounts:password_reset_confirm", kwargs=words)
    message = mail.compose(user.email, "accounts/mail/password_reset.txt", {"link": link})
    if found is not None:
        mail.post(message)


def _owner(uid: str, token: str) -> User | None:
    try:
        user = User.objects.get(pk=int(urlsafe_base64_decode(uid)), is_active=True)
    except (ValueError, OverflowError, User.DoesNotExist):
        return None
    return user if default_token_generator.check_token(user, token) else None
