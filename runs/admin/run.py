"""The list of all runs, and the addresses of what can be seen of and done to one."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs import listing
from runs.admin import acts, costs, events, fleet, page
from runs.admin.filters import DateFilter, ErrorFilter, OwnerFilter, WorkflowFilter, begins
from runs.admin.readonly import ReadOnly
from runs.fields import millis
from runs.models import Run
from runs.render.now import duration

UNSHOWN = ("error_message", "cancel_reason", "progress_message", "body_hash")


@admin.register(Run)
class RunAdmin(ReadOnly):
    list_display = (
        "state", "about", "by", "asked", "took",
        "paid_calls", "tokens", "cost", "attempts", "crashed",
    )  # fmt: skip
    list_display_links = ("about",)
    list_filter = ("status", WorkflowFilter, ErrorFilter, ("created_at", DateFilter),
                   OwnerFilter)  # fmt: skip
    list_select_related = ("owner",)
    sortable_by = ("asked",)
    ordering = ("-created_at",)
    search_fields = ("pk",)  # `get_search_results` says what is looked at
    search_help_text = "An id or its beginning, an owner's address, or words of what was asked for."
    actions = ("stop", "resume")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return listing.headed(Run.objects.visible_to(request.user)).defer(*UNSHOWN)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Run], search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        words = search_term.replace("\0", "").strip()[:200]
        return (queryset.filter(_matches(words)) if words else queryset), False

    def get_urls(self) -> list[URLPattern]:
        def staff(view: Any, name: str, way: str) -> URLPattern:
            made: URLPattern = path(way, self.admin_site.admin_view(view), name=f"runs_run_{name}")
            return made

        return [
            staff(fleet.fleet, "fleet", "fleet/"),
            staff(costs.costs, "costs", "costs/"),
            staff(acts.cancellation, "cancellation", "cancellation/"),
            staff(acts.resumption, "resumption", "resumption/"),
            staff(acts.telling, "telling", "telling/"),
            staff(events.events, "events", "<uuid:id>/events/"),
            staff(events.download, "log", "<uuid:id>/log.ndjson"),
            staff(page.run_page, "change", "<uuid:id>/change/"),
            path("", self.admin_site.admin_view(self.changelist_view), name="runs_run_changelist"),
        ]

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("runs.cancel_run")

    def has_resume_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("runs.resume_run")

    @admin.action(description="Stop selected runs…", permissions=["cancel"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Run]) -> HttpResponse:
        """Not yet: a reason is asked for first."""
        ids = queryset.values_list("pk", flat=True)
        return redirect(acts.address("cancellation", ids[: acts.MOST]))

    @admin.action(description="Resume selected runs…", permissions=["resume"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Run]) -> HttpResponse:
        ids = queryset.values_list("pk", flat=True)
        return redirect(acts.address("resumption", ids[: acts.MOST]))

    @admin.display(description="Status", ordering="status")
    def state(self, run: Run) -> SafeString:
        why = format_html('<span class="why">{}</span>', run.error_type) if run.error_type else ""
        return format_html(
            '<span class="badge" data-status="{}">{}</span>{}', run.status, run.status, why
        )

    @admin.display(description="Run")
    def about(self, run: Run) -> SafeString:
        return format_html(
            '<bdi class="subject">{}</bdi><span class="kind">{} v{} · {}</span>',
            listing.subject(run) or listing.title(run.workflow), run.workflow, run.version,
            str(run.id)[:8],
        )  # fmt: skip

    @admin.display(description="Owner")
    def by(self, run: Run) -> SafeString:
        return format_html('<a href="?owner={}">{}</a>', run.owner_id, run.owner)

    @admin.display(description="Asked for (UTC)", ordering="created_at")
    def asked(self, run: Run) -> SafeString:
        return format_html(
            '<time datetime="{}">{}</time>',
            run.created_at.isoformat(), run.created_at.strftime("%d %b %H:%M"),
        )  # fmt: skip

    @admin.display(description="Took")
    def took(self, run: Run) -> str:
        if run.started_at is None or run.finished_at is None:
            return "–"
        return duration(millis(run.finished_at) - millis(run.started_at))

    @admin.display(description="Calls")
    def paid_calls(self, run: Run) -> str:
        return f"{run.calls:,}"

    @admin.display(description="Tokens")
    def tokens(self, run: Run) -> str:
        return f"{run.prompt_tokens + run.completion_tokens:,}"

    @admin.display(description="Cost")
    def cost(self, run: Run) -> str:
        return "unknown" if run.cost_usd is None else f"${run.cost_usd:,.4f}"

    @admin.display(description="Attempts")
    def attempts(self, run: Run) -> int:
        return run.starts

    @admin.display(description="Crashes")
    def crashed(self, run: Run) -> int:
        return run.crashes

    class Media:
        css: ClassVar = {"all": ["css/badge.css", "admin/gx/list.css"]}


def _matches(words: str) -> Q:
    """Only what begins an input is looked at: notes of 200 KB are not searched through."""
    with suppress(ValueError):
        return Q(pk=UUID(words))
    if "@" in words:
        return Q(owner__email__icontains=words) | Q(head__icontains=words)
    return Q(head__icontains=words) | Q(workflow__icontains=words) | begins(words, "pk")
