"""Looking at sites: the list, and one site while it is read and after that."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from gxweb.sites import byhand, results
from gxweb.sites.own import own
from gxweb.sites.shown import profile
from gxweb.sites.site import Site
from runs.models import Run
from runs.views import live_page, private

PER_PAGE = 30
SOON_S = 1  # the rows of a run that has just ended come a moment later


@require_safe
@login_required
@private
def site_list(request: HttpRequest) -> HttpResponse:
    sites = Site.objects.visible_to(request.user).listed()
    page = Paginator(sites, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "sites/list.html", {"page": page})


@require_safe
@login_required
@private
def site_page(request: HttpRequest, id: UUID) -> HttpResponse:
    site = _fresh(request, id)
    if site.status == Site.Status.READING and site.run is not None:
        context = live_page(site.run) | profile(site)
        response = render(request, "sites/live.html", context)
        if context["state"].ended:
            response["Refresh"] = str(SOON_S)
        return response
    return render(request, "sites/site.html", profile(site) | _ended(site))


@require_safe
@login_required
@private
def profile_part(request: HttpRequest, id: UUID) -> HttpResponse:
    """The part of the page that is made of rows, for a page on which a reading has found more."""
    return render(request, "sites/part.html", profile(_fresh(request, id)))


@require_safe
@login_required
@private
def of_run(request: HttpRequest, run: UUID) -> HttpResponse:
    """The site that a run reads or has read; the run, if there is none."""
    found = get_object_or_404(Run.objects.visible_to(request.user), pk=run)
    site = Site.objects.visible_to(request.user).filter(readings__run=found).first()
    return redirect("runs:run", run) if site is None else redirect("sites:site", site.pk)


def _fresh(request: HttpRequest, id: UUID) -> Site:
    """With all that its reading has told so far."""
    site = own(request, id)
    if site.status == Site.Status.READING and site.run is not None:
        results.absorb(results.draft(site.run))
        site.refresh_from_db()
    return site


def _ended(site: Site) -> dict[str, Any]:
    pages = list(site.pages.prefetch_related("facts").defer("text"))
    return {
        "pages": pages,
        "changed": sum(bool(page.change) for page in pages),
        "gone": sum(page.status == "gone" for page in pages),
        "form": byhand.of(site),
        "key": uuid4(),
    }
