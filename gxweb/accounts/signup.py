"""Signing up. Whether an address has an account already is told to the address, not to the page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib.auth import login
from django.contrib.auth.forms import SetPasswordMixin
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from gxweb.accounts import mail
from gxweb.accounts.onward import onward
from gxweb.accounts.throttle import Limit, origin
from gxweb.accounts.user import User

BACKEND = "django.contrib.auth.backends.ModelBackend"
FROM_ADDRESS = Limit("sign-ups from address", most=100, seconds=3600)
TOLD = Limit("told of a second sign-up", most=1, seconds=24 * 3600)
# No word on whether there is one.
REFUSED = (
    "No account could be made with this address and password. "
    "If you signed up before, sign in, or choose a new password."
)


class SignUpForm(SetPasswordMixin, forms.Form):  # type: ignore[type-arg]
    """Not a form of the model: that would look whether the address is taken, and tell."""

    email = forms.EmailField(
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password1, password2 = SetPasswordMixin.create_password_fields(label2="Password again")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = "At least 8 characters; a few words are easiest."
        self.fields["password2"].help_text = ""

    def clean(self) -> dict[str, Any] | None:
        self.user = User(email=User.objects.normalize_email(self.cleaned_data.get("email")))
        self.validate_passwords()
        self.validate_password_for_user(self.user, "password1")
        return super().clean()


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    to = onward(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(to.target)
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        FROM_ADDRESS.take(origin(request))
        user = _make(form)
        if user is not None:
            login(request, user, BACKEND)
            # Who wanted to go nowhere else begins with a site of their own.
            first = replace(to, next=to.next or reverse("sites:new"))
            return HttpResponseRedirect(first.target)
        form.add_error(None, REFUSED)
    return render(request, "accounts/signup.html", {"form": form, "to": to})


def _make(form: SignUpForm) -> User | None:
    """The password is hashed before we know, so that both answers take the same time."""
    user: User = form.set_password_and_save(form.user, commit=False)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        owner = User.objects.get_by_natural_key(user.email)
        mail.write_once(TOLD, owner.email, "accounts/mail/second_signup.txt", {})
        return None
    return user
