"""People and their tokens in the admin: looked up, let in or kept out. Nobody is deleted here: an
account goes with all that it has (`deletion`). Nothing secret is shown."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gxweb.accounts.models import ApiToken, User

# What opens something here; Django would offer every table's.
OFFERED = (
    "view_run", "cancel_run", "resume_run", "view_notice", "tell_notice", "view_intervention",
    "view_user", "add_user", "change_user", "view_apitoken", "change_apitoken",
)  # fmt: skip
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


class NewUserForm(BaseUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email",)
        field_classes: ClassVar[dict[str, type]] = {}


class Listed(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list in the look of the list of runs, under a name instead of “Select … to change”."""

    listed_as = ""
    show_facets = admin.ShowFacets.NEVER

    class Media:
        css: ClassVar = {"all": ["css/badge.css", "admin/gx/list.css"]}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        named = {"title": self.listed_as} | (extra_context or {})
        shown: HttpResponse = super().changelist_view(request, named)
        return shown


class RightsAdmin(Listed):
    """Boxes to tick: Django's two lists with arrows need inline styles, which we refuse."""

    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        field.widget = CheckboxSelectMultiple(choices=field.choices)
        field.help_text = ""
        if db_field.related_model is Permission:
            field.queryset = Permission.objects.filter(codename__in=OFFERED)
            field.label_from_instance = lambda right: right.name
        return field


@admin.register(User)
class PeopleAdmin(RightsAdmin, UserAdmin):  # type: ignore[type-arg]
    listed_as = "People"
    ordering = ("email",)
    list_display = ("email", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email",)
    show_full_result_count = False
    add_form = NewUserForm
    readonly_fields = ("signs_in", "last_login", "date_joined", "has")
    fieldsets = (
        (None, {"fields": ("email", "signs_in", "is_active", "has")}),
        ("When", {"fields": ("last_login", "date_joined")}),
        ("May", {"fields": RIGHTS}),
    )
    add_fieldsets = ((None, {"fields": ("email", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Who may change people could otherwise make themselves whatever they like."""
        return (*self.readonly_fields, *(() if _is_chief(request) else RIGHTS))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sets a password is that person."""
        of_staff = obj is not None and (obj.is_staff or obj.is_superuser)
        return super().has_change_permission(request, obj) and (
            not of_staff or _is_chief(request) or obj.pk == request.user.pk
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="Password")
    def signs_in(self, person: User) -> SafeString:
        said = "set" if person.has_usable_password() else "none"
        return format_html('{} · <a href="../password/">Set another</a>', said)

    @admin.display(description="Has")
    def has(self, person: User) -> SafeString:
        runs = reverse("admin:runs_run_changelist")
        return format_html('<a href="{}?owner={}">Runs</a>', runs, person.pk)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(RightsAdmin):
    listed_as = "Groups"
    search_fields = ("name",)


def _is_chief(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


@admin.register(ApiToken)
class ApiTokenAdmin(Listed):
    listed_as = "Tokens"
    list_display = ("id", "user", "name", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("id", "user__email", "name")
    show_full_result_count = False
    exclude = ("digest",)
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A token is made where it can be shown to its owner."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apitoken")

    @admin.action(description="Revoke selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset.filter(revoked_at=None):
            token.revoke()
        self.message_user(request, "Revoked: they open nothing any more.")
