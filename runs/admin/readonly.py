"""Rows that the admin shows and never writes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 50

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        named = {"title": str(self.opts.verbose_name_plural).capitalize()}
        shown: HttpResponse = super().changelist_view(request, named | (extra_context or {}))
        return shown

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Without the permission to change standing in for it, which nobody needs to have."""
        return request.user.has_perm(f"{self.opts.app_label}.view_{self.opts.model_name}")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
