"""A password that was typed: checked at the same cost for everybody, and not too often."""

from __future__ import annotations

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from gxweb.accounts.throttle import Limit, origin
from gxweb.accounts.user import User

OF_ACCOUNT = Limit("password of account", most=10, seconds=15 * 60)
FROM_ADDRESS = Limit("password from address", most=60, seconds=15 * 60)


@sensitive_variables("password")
def check(request: HttpRequest, email: str, password: str) -> User | None:
    """The person, if it is the password of a living account. Raises TooMany.

    An address without an account is counted and hashed like one with.
    """
    FROM_ADDRESS.take(origin(request))
    OF_ACCOUNT.take(email)
    user = authenticate(request, username=email, password=password)
    if not isinstance(user, User):
        return None
    FROM_ADDRESS.give_back(origin(request))
    OF_ACCOUNT.forget(email)
    return user


class OldPasswordForm(forms.Form):
    """Asks who is signed in to prove it once more."""

    request: HttpRequest

    password = forms.CharField(
        label="Your password",
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        email = self.request.user.email  # type: ignore[union-attr]
        if check(self.request, email, password) is None:
            raise forms.ValidationError("This is not your password.")
        return password
