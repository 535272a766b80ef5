"""Notices that a product did not take: its bug. Staff see them and, once it is mended, have them
told again."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs.admin import acts
from runs.admin.readonly import ReadOnly
from runs.models import LARGE, Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ("kind", "of", "step", "tries", "given_up", "due_at")
    list_display_links = None
    list_filter = ("given_up", "kind")
    list_select_related = ("run", "span")
    sortable_by = ("due_at",)
    ordering = ("-given_up", "-due_at")
    fields = ("kind", "of", "step", "tries", "given_up", "due_at")
    readonly_fields = ("of", "step")
    actions = ("tell_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        runs = (*LARGE, "limits", "waiting")
        spans = ("output", "said", "usage", "error")
        large = [*(f"run__{name}" for name in runs), *(f"span__{name}" for name in spans)]
        return super().get_queryset(request).defer(*large)

    def has_tell_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("runs.tell_notice")

    @admin.action(description="Tell again…", permissions=["tell"])
    def tell_again(self, request: HttpRequest, queryset: QuerySet[Notice]) -> HttpResponse:
        runs = queryset.filter(given_up=True).values_list("run", flat=True).distinct()
        return redirect(acts.address("telling", runs[: acts.MOST]))

    @admin.display(description="Run")
    def of(self, notice: Notice) -> SafeString:
        address = reverse("admin:runs_run_change", args=[notice.run_id])
        return format_html('<a href="{}">{}</a>', address, str(notice.run))

    @admin.display(description="Step")
    def step(self, notice: Notice) -> str:
        return "–" if notice.span is None else str(notice.span)

    class Media:
        css: ClassVar = {"all": ["css/badge.css", "admin/gx/list.css"]}
