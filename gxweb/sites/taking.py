"""Deleting a site for good, with all that was read of it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import Truncator
from django.views.decorators.http import require_http_methods

from gxweb.sites.own import own
from gxweb.sites.site import Site
from runs.erasing import erase
from runs.lifecycle import Unavailable
from runs.models import LARGE, Run
from runs.views import private


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@private
def deletion(request: HttpRequest, id: UUID) -> HttpResponse:
    site = own(request, id)
    if request.method != "POST":
        return render(request, "sites/delete.html", {"site": site})
    try:
        delete(site)
    except Unavailable:
        messages.error(request, "The site cannot be deleted just now. Try again in a moment.")
        return redirect("sites:site", site.pk)
    # In short, so that it fits into a cookie: a longer one would be kept in the session, in SQL.
    title = Truncator(site.title).chars(60)
    messages.success(request, f"“{title}” is deleted, with its pages, facts, runs and logs.")
    return redirect("sites:list")


def delete(site: Site) -> None:
    """Raises Unavailable; then the site is still there, perhaps with fewer runs."""
    runs = Run.objects.filter(reading__site=site).defer(*LARGE)
    # The newest last: the site goes with it.
    for run in sorted(runs, key=lambda run: run.pk == site.run_id):
        erase(run)
    Site.objects.filter(pk=site.pk).delete()
