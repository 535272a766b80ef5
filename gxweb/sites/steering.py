"""Words to a reading under way: one more page, or a part of the site to be left out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from gxweb.addresses import address
from gxweb.sites.own import own
from gxweb.sites.site import Site
from runs import answering, lifecycle
from runs.views import private

LONGEST = 500


@require_POST
@login_required
@private
def pages(request: HttpRequest, id: UUID) -> HttpResponse:
    site = own(request, id)
    try:
        url = address(_whole(site, request.POST.get("url", "")))
    except forms.ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        _send(request, site, "add", {"url": url}, f"Added: {url[:80]}. It is read soon.")
    return redirect("sites:site", site.pk)


@require_POST
@login_required
@private
def omissions(request: HttpRequest, id: UUID) -> HttpResponse:
    site = own(request, id)
    path = _path(request.POST.get("path", ""))
    if path in ("", "/"):
        messages.error(request, "Say which part to leave out, such as /jobs/.")
    else:
        said = f"Left out from now on: {path[:80]}. What was read of it stays."
        _send(request, site, "leave_out", {"path": path}, said)
    return redirect("sites:site", site.pk)


def _send(request: HttpRequest, site: Site, name: str, value: dict[str, Any], said: str) -> None:
    over = "The reading is over. Read the site again to change what is read."
    if site.run is None:
        messages.error(request, over)
        return
    try:
        answering.signal(site.run, name, value)
        messages.success(request, said)
    except (lifecycle.Finished, answering.NotTaken):
        messages.error(request, over)
    except lifecycle.Refused:
        messages.error(request, "The reading cannot be reached just now. Try again in a moment.")


def _whole(site: Site, said: str) -> str:
    """A path is one of the site."""
    said = said.strip()[:LONGEST]
    if not said.startswith("/") or said.startswith("//"):
        return said
    parts = urlsplit(site.url)
    return f"{parts.scheme}://{parts.netloc}{said}"


def _path(said: str) -> str:
    """Of an address, its path."""
    said = said.strip()[:LONGEST]
    try:
        path = urlsplit(said).path if "://" in said else said
    except ValueError:
        return ""
    return path if not path or path.startswith("/") else f"/{path}"
