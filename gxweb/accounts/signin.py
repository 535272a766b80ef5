"""Signing in, here and for the admin: one door, one count of tries."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from gxweb.accounts import credentials
from gxweb.accounts.onward import onward

# The same words for an unknown address, a wrong password and a closed account.
NO_MATCH = "This address and password do not match an account."


class SignInForm(forms.Form):
    email = forms.EmailField(
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        max_length=4096,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    to = onward(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(to.target)
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = credentials.check(request, **form.cleaned_data)
        if user is not None:
            login(request, user)
            return HttpResponseRedirect(to.target)
        form.add_error(None, NO_MATCH)
    return render(request, "accounts/login.html", {"form": form, "to": to})


@never_cache
@require_safe
def admin_door(request: HttpRequest) -> HttpResponse:
    """In place of the admin's own form, which counts no tries."""
    if request.user.is_authenticated:
        raise PermissionDenied
    place = request.GET.get("next") or reverse("admin:index")
    return redirect(f"{reverse('accounts:login')}?{urlencode({'next': place})}")
