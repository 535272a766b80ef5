"""What the list of all runs can be narrowed to. Each stands on an index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from runs.fields import plain
from runs.models import Run

Choices = list[tuple[Any, str]]
ANY = "any"
FEWEST = 4  # characters of an id that are worth looking for


class WorkflowFilter(admin.SimpleListFilter):
    title = "workflow"
    parameter_name = "workflow"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Versions are offered where there are several."""
        kinds = Run.objects.order_by("workflow", "version").values_list("workflow", "version")
        versions: dict[str, list[int]] = {}
        for name, version in kinds.distinct():
            versions.setdefault(name, []).append(version)
        return [choice for name, found in versions.items() for choice in _choices(name, found)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        name, _, version = (self.value() or "").rpartition(":v")
        if not name:
            return queryset.filter(workflow=self.value()) if self.value() else queryset
        known = version.isdecimal() and len(version) < 9
        return queryset.filter(workflow=name, version=int(version) if known else -1)


def _choices(name: str, versions: Iterable[int]) -> Choices:
    each = [(f"{name}:v{version}", f"{name}, version {version}") for version in versions]
    return [(name, name), *(each if len(each) > 1 else [])]


class ErrorFilter(admin.SimpleListFilter):
    title = "error"
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Those that there are."""
        failed = Run.objects.exclude(error_type="").order_by("error_type")
        found = failed.values_list("error_type", flat=True).distinct()
        return [(ANY, "any error"), *((name, name) for name in found)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        if not self.value():
            return queryset
        failed = queryset.exclude(error_type="")
        wanted = plain(str(self.value()))
        return failed if wanted == ANY else failed.filter(error_type=wanted)


class OwnerFilter(admin.SimpleListFilter):
    """Chosen by following an owner in the list: nobody wants to look through all people here."""

    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        # Not `self.value()`: it is asked for before there is one.
        chosen = request.GET.get("owner", "")
        if not chosen.isdecimal() or len(chosen) > 18:
            return []
        people = get_user_model().objects.filter(pk=int(chosen))
        return [(str(person.pk), str(person)) for person in people]

    def has_output(self) -> bool:
        return bool(self.lookup_choices or self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        if not self.lookup_choices:
            return queryset if not self.value() else queryset.none()
        return queryset.filter(owner_id=int(self.value() or 0))


def begins(words: str, field: str) -> Q:
    """Rows whose run has an id like this; as UUIDs, since only they compare alike everywhere."""
    digits = words.replace("-", "").lower()
    if not FEWEST <= len(digits) <= 32 or not set(digits) <= set("0123456789abcdef"):
        return Q()
    first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    return Q(**{f"{field}__gte": first, f"{field}__lte": last})


class DateFilter(admin.DateFieldListFilter):
    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.title = "date"
