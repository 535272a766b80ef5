"""Who gets in where in the admin: every route of it, by the permission that it needs. A route that
is not in the table fails the first test."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from redis import Redis

from gxweb.accounts.models import ApiToken, User
from runs.interventions import Intervention, recorded
from runs.models import Notice, Run
from tests.gxweb.test_access import ROUTES, routes, verdict

pytestmark = pytest.mark.django_db

Permissions = frozenset[str]


def any_of(*names: str) -> Permissions:
    return frozenset(names)


STAFF = any_of()  # whoever is on the staff; what there is to see depends on permissions
NOBODY = any_of("nobody")  # not even a superuser

VIEW_RUN, CANCEL, RESUME = any_of("view_run"), any_of("cancel_run"), any_of("resume_run")
TELL, TOKENS = any_of("tell_notice"), any_of("view_apitoken", "change_apitoken")
LOOK, NOTICES = any_of("view_intervention"), any_of("view_notice")
PEOPLE, CHANGE = any_of("view_user", "change_user"), any_of("change_user")
GROUPS = any_of("view_group", "change_group")


def of_model(place: str, view: Permissions, **others: Permissions) -> dict[str, Permissions]:
    """The routes that Django makes for a model."""
    item = f"{place}<path:object_id>/"
    return {
        place: view,
        f"{place}add/": others.get("add", NOBODY),
        f"{item}history/": view,
        f"{item}delete/": others.get("delete", NOBODY),
        f"{item}change/": view,
        item: STAFF,  # leads to the page of the item
    }


ADMIN: dict[str, Permissions] = {
    **{route: STAFF for route in ROUTES if route.startswith("admin/")},
    "admin/autocomplete/": STAFF,
    "admin/r/<path:content_type_id>/<path:object_id>/": STAFF,
    "admin/^(?P<app_label>accounts|auth|runs)/$": STAFF,
    "admin/(?P<url>.*)$": STAFF,
    **of_model("admin/auth/group/", GROUPS, add=any_of("add_group"), delete=any_of("delete_group")),
    **of_model("admin/accounts/user/", PEOPLE, add=any_of("add_user")),
    "admin/accounts/user/<id>/password/": CHANGE,
    **of_model("admin/accounts/apitoken/", TOKENS),
    **of_model("admin/runs/intervention/", LOOK),
    **of_model("admin/runs/notice/", NOTICES),
    "admin/runs/run/": VIEW_RUN,
    "admin/runs/run/<uuid:id>/change/": VIEW_RUN,
    "admin/runs/run/<uuid:id>/events/": VIEW_RUN,
    "admin/runs/run/<uuid:id>/log.ndjson": VIEW_RUN,
    "admin/runs/run/fleet/": VIEW_RUN,
    "admin/runs/run/costs/": VIEW_RUN,
    # These need to see the run, too.
    "admin/runs/run/cancellation/": CANCEL,
    "admin/runs/run/resumption/": RESUME,
    "admin/runs/run/telling/": TELL,
}
GUARDED = {route: needs for route, needs in ADMIN.items() if needs}
ACTS = {"admin/runs/run/cancellation/", "admin/runs/run/resumption/", "admin/runs/run/telling/"}
DOORS = {"admin/login/", "admin/logout/"}
# What else one needs there.
ALSO = {**dict.fromkeys(ACTS, "view_run"), "admin/accounts/user/add/": "change_user"}


@dataclass
class House:
    """What there is to look at, and a way to look at it as staff with these permissions."""

    run: Run
    ids: dict[str, object]

    def path(self, route: str) -> str:
        kind = (route.split("/") + [""] * 2)[2]
        path = re.sub("<[^>]+>", str(self.ids.get(kind, 1)), route)
        return f"/{path}?run={self.run.pk}" if route in ACTS else f"/{path}"

    def staff(self, permissions: Any, **fields: Any) -> Client:
        person = User.objects.create_user(f"s{User.objects.count()}@x.org", is_staff=True, **fields)
        person.user_permissions.set(permissions)
        client = Client(raise_request_exception=False)
        client.force_login(person)
        return client


@pytest.fixture
def house(settings: Any, redis_url: str, redis: Redis) -> House:
    settings.GX = replace(settings.GX, redis_url=redis_url)
    owner = User.objects.create_user("owner@example.org")
    run = Run.objects.create(owner=owner, workflow="blog", version=1, input={})
    with recorded(by=owner, what="cancel", run=run.pk, reason="Why not"):
        pass
    ids = {
        "run": run.pk,
        "user": owner.pk,
        "apitoken": ApiToken.objects.issue(user=owner, scopes=["read"])[0].pk,
        "intervention": Intervention.objects.get().pk,
        "notice": Notice.objects.create(run=run, kind="run_finished", given_up=True).pk,
        "group": Group.objects.create(name="g").pk,
    }
    return House(run, ids)


def gets_in(client: Client, method: str, path: str) -> bool:
    response: Any = client.generic(method, path)
    found = verdict(response.status_code, response.headers.get("Location", ""))
    if response.headers.get("Location") == "/admin/":
        return False  # where the admin leads to from what it does not find
    assert not found.startswith("broken"), (method, path, found)
    return found == "in" and response.status_code != 405


def test_every_route_of_the_admin_is_classified() -> None:
    assert {route for route in routes() if route.startswith("admin/")} == set(ADMIN)


@pytest.mark.parametrize(
    "route", [route for route in ADMIN if "?P" not in route and route not in DOORS]
)
def test_nobody_but_staff_gets_in(house: House, route: str) -> None:
    path = house.path(route)
    clients = [Client(), Client()]
    clients[1].force_login(house.run.owner)
    for client in clients:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            response: Any = client.generic(method, path)
            assert response.status_code == 302, (method, path)
            assert response["Location"].startswith(("/admin/login/", "/accounts/login/"))


@pytest.mark.parametrize(("route", "needs"), GUARDED.items())
def test_only_the_permission_lets_in(house: House, route: str, needs: Permissions) -> None:
    path = house.path(route)
    every = Permission.objects.all()
    without = house.staff(every.exclude(codename__in=needs))
    if needs != NOBODY:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            assert not gets_in(without, method, path), (method, path)
    else:
        root = house.staff([], is_superuser=True)
        assert not [m for m in ("GET", "POST") if gets_in(root, m, path)]
        return
    for name in needs:
        holder = house.staff(every.filter(codename__in={name, ALSO.get(route, name)}))
        assert gets_in(holder, "GET", path), (name, path)


@pytest.mark.parametrize("route", sorted(ACTS))
def test_to_act_one_has_to_see(house: House, route: str) -> None:
    blind = house.staff(Permission.objects.exclude(codename="view_run"))
    assert blind.get(house.path(route)).status_code == 404


@pytest.mark.parametrize("route", sorted(GUARDED))
def test_no_form_is_taken_from_another_site(house: House, route: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = house.staff([], is_superuser=True).cookies
    assert strict.post(house.path(route)).status_code in {403, 404, 405}
