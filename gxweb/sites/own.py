"""A site of one's own, loaded; for everybody else it is not there."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from gxweb.sites.site import Site


def own(request: HttpRequest, id: UUID) -> Site:
    mine = Site.objects.visible_to(request.user).select_related("run", "owner")
    return get_object_or_404(mine, pk=id)
