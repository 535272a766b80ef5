"""Whom the admin shows a run."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from runs import listing
from runs.models import Run


def needs_view(request: HttpRequest) -> None:
    """For pages of staff: one's own runs are elsewhere. Raises PermissionDenied."""
    if not request.user.has_perm("runs.view_run"):
        raise PermissionDenied


def seen(request: HttpRequest, id: UUID) -> Run:
    """Raises PermissionDenied or Http404."""
    needs_view(request)
    runs = Run.objects.visible_to(request.user).select_related("owner")
    return get_object_or_404(listing.headed(runs), pk=id)
