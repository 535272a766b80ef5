"""What staff did, for staff to read."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs.admin.filters import DateFilter, begins
from runs.admin.readonly import ReadOnly
from runs.interventions import Intervention


@admin.register(Intervention)
class InterventionAdmin(ReadOnly):
    list_display = ("when", "what", "of", "who", "why")
    list_display_links = None
    list_filter = ("what", ("at", DateFilter))
    sortable_by = ("when",)
    ordering = ("-at",)
    search_fields = ("reason",)
    search_help_text = "Words of a reason, who did it, or a run's id or its beginning."
    fields = ("at", "what", "step", "of", "who", "reason")
    readonly_fields = ("of", "who")
    actions = None
    actions_on_bottom = True  # of none: without it the template has a style of its own

    def get_queryset(self, request: HttpRequest) -> QuerySet[Intervention]:
        return super().get_queryset(request).select_related("by")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Intervention], search_term: str
    ) -> tuple[QuerySet[Intervention], bool]:
        words = search_term.replace("\0", "").strip()[:200]
        found = Q(reason__icontains=words) | Q(by__email__icontains=words) | begins(words, "run")
        return (queryset.filter(found) if words else queryset), False

    @admin.display(description="When (UTC)", ordering="at")
    def when(self, row: Intervention) -> SafeString:
        return format_html(
            '<time datetime="{}">{}</time>', row.at.isoformat(), row.at.strftime("%d %b %Y, %H:%M")
        )

    @admin.display(description="Run")
    def of(self, row: Intervention) -> SafeString:
        # Not whether it is still there: one question for each row.
        address = reverse("admin:runs_run_change", args=[row.run_id])
        return format_html('<a href="{}">{}</a>', address, str(row.run_id)[:8])

    @admin.display(description="By")
    def who(self, row: Intervention) -> str:
        return name_of(row)

    @admin.display(description="Reason")
    def why(self, row: Intervention) -> SafeString:
        return format_html('<bdi class="reason">{}</bdi>', row.reason)

    class Media:
        css: ClassVar = {"all": ["css/badge.css", "admin/gx/list.css"]}


def name_of(row: Intervention) -> str:
    """An account that is gone has left its number."""
    return str(row.by) if row.by is not None else f"account {row.by_id}, gone"
