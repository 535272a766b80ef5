"""What everybody's runs have cost: who, on which day, how much."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from runs.admin.access import needs_view
from runs.usage import by_owner

DAYS = 14
MOST = 200  # rows: those of today who spend most come first


@require_safe
@never_cache
def costs(request: HttpRequest) -> HttpResponse:
    needs_view(request)
    found = by_owner(DAYS, timezone.now())
    context = {
        **admin.site.each_context(request),
        "title": "Costs",
        "days": DAYS,
        "lines": found[:MOST],
        "left_out": max(0, len(found) - MOST),
    }
    return render(request, "admin/runs/run/costs.html", context)
