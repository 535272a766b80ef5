"""A new site: one field, and the run that reads it; or one that is there, read anew."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from gxweb.addresses import LONGEST, address
from gxweb.sites import results
from gxweb.sites.own import own
from gxweb.sites.site import Site
from runs import lifecycle
from runs.views import private, told


class SiteForm(forms.Form):
    url = forms.CharField(
        max_length=LONGEST,
        label="The address of your site",
        widget=forms.TextInput(
            attrs={
                "inputmode": "url",
                "autocapitalize": "none",
                "autocomplete": "url",
                "spellcheck": "false",
                "placeholder": "acme.com",
                "autofocus": True,
            }
        ),
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_url(self) -> str:
        return address(self.cleaned_data["url"])


@require_http_methods(["GET", "HEAD", "POST"])
@private
def new(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return _first_sign_up(request)
    if request.method != "POST":
        given = request.GET.get("url", "").strip()[:LONGEST]
        return _page(request, SiteForm(initial={"url": given, "key": uuid4()}))
    form = SiteForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    try:
        return redirect("sites:site", begin(request.user, form).pk)
    except lifecycle.Refused as refusal:
        return _refused(request, form, refusal)


@require_POST
@login_required
@private
def again(request: HttpRequest, id: UUID) -> HttpResponse:
    """Read it once more: what is new is shown, and what a person has edited stays."""
    site = own(request, id)
    if site.status != Site.Status.READING:
        try:
            _read_again(site, request.POST.get("key", ""))
        except lifecycle.Refused as refusal:
            messages.error(request, told(refusal))
    return redirect("sites:site", site.pk)


def begin(user: AbstractUser, form: SiteForm) -> Site:
    """Start the run. The same form sent twice is one run; another address in it is another run."""
    url, key = form.cleaned_data["url"], form.cleaned_data["key"]
    digest = hashlib.sha256(url.encode()).hexdigest()[:32]
    started = lifecycle.start(
        owner=user,
        workflow=results.WORKFLOW,
        input={"url": url},
        key=None if key is None else f"new-site:{key}:{digest}",
    )
    return results.draft(started.run).site


def _read_again(site: Site, form: str) -> None:
    try:
        key = UUID(form)
    except ValueError:
        key = uuid4()
    run = lifecycle.start(
        owner=site.owner,
        workflow=results.WORKFLOW,
        input={"url": site.url},
        key=results.key(site, key),
    ).run
    results.draft(run)


def _first_sign_up(request: HttpRequest) -> HttpResponse:
    """What was typed on the first page comes along."""
    url = request.GET.get("url", "").strip()[:LONGEST]
    query = f"?{urlencode({'url': url})}" if url else ""
    door = reverse("accounts:signup" if url else "accounts:login")
    place = urlencode({"next": reverse("sites:new") + query}, safe="/")
    return redirect(f"{door}?{place}")


def _refused(request: HttpRequest, form: SiteForm, refusal: lifecycle.Refused) -> HttpResponse:
    if isinstance(refusal, lifecycle.OverQuota):
        form.add_error(None, f"{refusal} What you typed is kept.")
        response = _page(request, form, 429)
        response["Retry-After"] = str(refusal.retry_after)
        return response
    form.add_error(None, told(refusal))
    return _page(request, form, 503 if isinstance(refusal, lifecycle.Unavailable) else 422)


def _page(request: HttpRequest, form: SiteForm, status: int = 200) -> HttpResponse:
    typed: Any = form.data.get("url", "") if form.is_bound else ""
    context = {"form": form, "typed": typed}
    return render(request, "sites/new.html", context, status=status)
