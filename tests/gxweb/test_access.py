"""Who gets in where: every route, method and person, and every socket. A route that is not in the
table fails the first test; a stranger's answer equals that for an id that does not exist."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from redis import Redis

from gxweb.accounts import deletion
from gxweb.accounts.models import ApiToken, User
from gxweb.notices.urls import websocket_urlpatterns as own_sockets
from gxweb.posts.models import Post
from gxweb.posts.results import draft
from gxweb.posts.sample import nobody
from gxweb.posts.text import Text
from gxweb.sites.models import Site as OwnSite
from gxweb.sites.profile import edit
from runs import consumers, tail
from runs.models import Run
from runs.urls import websocket_urlpatterns
from tests.runs.serving import Site, closed, serving
from tests.runs.writer import Writer

pytestmark = pytest.mark.django_db

OPEN, SELF, STAFF, ADMIN, API = "open", "self", "staff", "admin", "api"
MACHINE = "machine"  # for programs with a token of the operator's, and staff
# Of somebody: a run, which staff with the permission see, and do nothing to without another; a
# token; a post.
RUN, TOKEN, POST, CHIP, OWN, SITE = "run", "token", "post", "chip", "own run", "site"

# By the route as Django spells it. `{}` stands for the id of what belongs to the owner.
ROUTES: dict[str, tuple[str, str]] = {
    "": (OPEN, "/"),
    "healthz": (OPEN, "/healthz"),
    "readyz": (OPEN, "/readyz"),
    "metrics": (MACHINE, "/metrics"),
    "accounts/": (SELF, "/accounts/"),
    "accounts/signup/": (OPEN, "/accounts/signup/"),
    "accounts/login/": (OPEN, "/accounts/login/"),
    "accounts/logout/": (OPEN, "/accounts/logout/"),
    "accounts/password/": (SELF, "/accounts/password/"),
    "accounts/password/reset/": (OPEN, "/accounts/password/reset/"),
    "accounts/password/reset/sent/": (OPEN, "/accounts/password/reset/sent/"),
    "accounts/password/reset/<uid>/<token>/": (OPEN, "/accounts/password/reset/MQ/x/"),
    "accounts/email/": (SELF, "/accounts/email/"),
    "accounts/email/<token>/": (SELF, "/accounts/email/x/"),
    "accounts/tokens/": (SELF, "/accounts/tokens/"),
    "accounts/tokens/<id>/revocation/": (TOKEN, "/accounts/tokens/{}/revocation/"),
    "accounts/export/": (SELF, "/accounts/export/"),
    "accounts/delete/": (SELF, "/accounts/delete/"),
    "accounts/deleted/": (OPEN, "/accounts/deleted/"),
    "runs/": (SELF, "/runs/"),
    "runs/<uuid:id>/": (RUN, "/runs/{}/"),
    "runs/<uuid:id>/cancellation/": (OWN, "/runs/{}/cancellation/"),
    "runs/<uuid:id>/answers/": (OWN, "/runs/{}/answers/"),
    "runs/<uuid:id>/answers/<str:key>/": (OWN, "/runs/{}/answers/k/"),
    "runs/<uuid:id>/signals/<str:name>/": (OWN, "/runs/{}/signals/hold/"),
    "runs/<uuid:id>/forks/": (OWN, "/runs/{}/forks/"),
    "runs/<uuid:id>/trace/": (RUN, "/runs/{}/trace/"),
    "runs/<uuid:id>/replay/": (RUN, "/runs/{}/replay/"),
    "runs/<uuid:id>/deletion/": (OWN, "/runs/{}/deletion/"),
    "usage/": (SELF, "/usage/"),
    "notices/wishes/": (SELF, "/notices/wishes/"),
    "notices/<uuid:run>/dismissal/": (CHIP, "/notices/{}/dismissal/"),
    "sample/": (OPEN, "/sample/"),
    "posts/": (SELF, "/posts/"),
    "posts/new/": (SELF, "/posts/new/"),
    "posts/new/estimate/": (SELF, "/posts/new/estimate/"),
    "posts/of/<uuid:run>/": (RUN, "/posts/of/{}/"),
    "posts/<uuid:id>/": (POST, "/posts/{}/"),
    "posts/<uuid:id>.md": (POST, "/posts/{}.md"),
    "posts/<uuid:id>.html": (POST, "/posts/{}.html"),
    "posts/<uuid:id>/edit/": (POST, "/posts/{}/edit/"),
    "posts/<uuid:id>/preview/": (POST, "/posts/{}/preview/"),
    "posts/<uuid:id>/revisions/": (POST, "/posts/{}/revisions/"),
    "posts/<uuid:id>/revisions/<int:number>/": (POST, "/posts/{}/revisions/1/"),
    "posts/<uuid:id>/resumption/": (POST, "/posts/{}/resumption/"),
    "posts/<uuid:id>/sections/<int:number>/": (POST, "/posts/{}/sections/1/"),
    "posts/<uuid:id>/sections/<int:number>/why/": (POST, "/posts/{}/sections/1/why/"),
    "posts/<uuid:id>/link/": (POST, "/posts/{}/link/"),
    "posts/shared/<slug:key>/": (OPEN, "/posts/shared/a-link/"),
    "posts/<uuid:id>/deletion/": (POST, "/posts/{}/deletion/"),
    "sites/": (SELF, "/sites/"),
    "sites/new/": (SELF, "/sites/new/"),
    "sites/by-hand/": (SELF, "/sites/by-hand/"),
    "sites/of/<uuid:run>/": (RUN, "/sites/of/{}/"),
    "sites/<uuid:id>/": (SITE, "/sites/{}/"),
    "sites/<uuid:id>/profile/": (SITE, "/sites/{}/profile/"),
    "sites/<uuid:id>/by-hand/": (SITE, "/sites/{}/by-hand/"),
    "sites/<uuid:id>/fields/<str:name>/": (SITE, "/sites/{}/fields/tone/"),
    "sites/<uuid:id>/proposals/<int:number>/acceptance/": (
        SITE,
        "/sites/{}/proposals/1/acceptance/",
    ),
    "sites/<uuid:id>/proposals/<int:number>/dismissal/": (
        SITE,
        "/sites/{}/proposals/2/dismissal/",
    ),
    "sites/<uuid:id>/pages/": (SITE, "/sites/{}/pages/"),
    "sites/<uuid:id>/omissions/": (SITE, "/sites/{}/omissions/"),
    "sites/<uuid:id>/readings/": (SITE, "/sites/{}/readings/"),
    "sites/<uuid:id>/deletion/": (SITE, "/sites/{}/deletion/"),
    # Every person on the staff has these; what there is to see depends on permissions.
    "admin/": (STAFF, "/admin/"),
    "admin/login/": (ADMIN, "/admin/login/"),
    "admin/logout/": (ADMIN, "/admin/logout/"),
    "admin/password_change/": (STAFF, "/admin/password_change/"),
    "admin/password_change/done/": (STAFF, "/admin/password_change/done/"),
    "admin/jsi18n/": (STAFF, "/admin/jsi18n/"),
}
# Tested one by one in `tests/runs/api/test_access.py`; here only that nobody gets in.
OPEN_API = {"api/openapi.json", "api/docs", "api/"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAY: dict[str, set[str]] = {
    OPEN: {"anonymous", "inactive", "stranger", "clerk", "owner", "chief"},
    SELF: {"stranger", "clerk", "owner", "chief"},
    STAFF: {"clerk", "chief"},
    MACHINE: {"clerk", "chief"},
    RUN: {"owner", "chief"},
    TOKEN: {"owner"},
    POST: {"owner"},
    CHIP: {"owner"},
    OWN: {"owner"},
    SITE: {"owner"},
}
PAGES = [(route, *rest) for route, rest in ROUTES.items() if rest[0] != ADMIN]
VARIES = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"')


@dataclass
class People:
    clients: dict[str, Client]
    run: Run
    post: Post
    site: OwnSite
    token: ApiToken

    def ids(self, kind: str) -> tuple[object, object]:
        """What is the owner's, and one that does not exist."""
        if kind == TOKEN:
            return self.token.pk, "unknown1"
        mine = {POST: self.post.pk, SITE: self.site.pk}.get(kind, self.run.pk)
        return mine, uuid4()


@pytest.fixture
def people(settings: Any, redis_url: str) -> People:
    settings.GX = replace(settings.GX, redis_url=redis_url)
    users = {name: User.objects.create_user(f"{name}@example.org") for name in MAY[SELF]}
    users["inactive"] = User.objects.create_user("inactive@example.org")
    for name in ("clerk", "chief"):
        User.objects.filter(pk=users[name].pk).update(is_staff=True)
    users["chief"].user_permissions.add(Permission.objects.get(codename="view_run"))
    clients = {"anonymous": Client(raise_request_exception=False)}
    for name, user in users.items():
        clients[name] = Client(raise_request_exception=False)
        clients[name].force_login(user)
    User.objects.filter(pk=users["inactive"].pk).update(is_active=False)
    run = Run.objects.create(owner=users["owner"], workflow="blog", version=1, input={})
    row, _ = ApiToken.objects.issue(user=users["owner"], scopes=["read"])
    post = draft(run)
    post.finish(Post.Status.READY, Text("A title", "", "# A title\n\nText.\n"))
    other = draft(Run.objects.create(owner=users["owner"], workflow="blog", version=1, input={}))
    Post.objects.filter(pk=other.pk).update(shared="a-link")
    site = told(users["owner"])
    sample = draft(Run.objects.create(owner_id=nobody().pk, workflow="blog", version=1, input={}))
    sample.finish(Post.Status.READY, Text("A sample", "", "Text.\n"))
    return People(clients, run, post, site, row)


def told(owner: User) -> OwnSite:
    """By hand, with proposals that wait for an answer."""
    site = OwnSite.objects.create(owner=owner, url="", status=OwnSite.Status.READY)
    edit(site, "tone", "Dry")
    for number in (1, 2):
        site.proposals.create(pk=number, name="tone", digest=str(number), value="Wet")
    return site


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern)
        else:
            yield from routes(entry, prefix + str(entry.pattern))


def answer(client: Client, method: str, path: str) -> tuple[int, str, str]:
    """Status, where it leads, and what it says but for what is new in every answer."""
    response: Any = client.generic(method, path)
    if response.streaming:
        for close in response._resource_closers:
            close()
        return response.status_code, "", ""
    body = VARIES.sub("", response.content.decode())
    return response.status_code, response.headers.get("Location", ""), body


def verdict(status: int, location: str) -> str:
    if status == 302 and location.startswith(("/accounts/login/", "/admin/login/")):
        return "sign in"
    if status in {403, 404}:
        return str(status)
    return "in" if status in {200, 204, 302, 405, 422, 503} else f"broken: {status}"


def test_every_route_is_classified() -> None:
    found = set(routes())
    known = {r for r in found if r.startswith(("api/", "admin/"))} | {
        r for r in ROUTES if not r.startswith("admin/")
    }
    assert found - known == set()
    assert set(ROUTES) - found == set()


@pytest.mark.parametrize(("route", "kind", "path"), PAGES)
def test_who_gets_in(people: People, route: str, kind: str, path: str) -> None:
    mine, _ = people.ids(kind)
    wrong = {}
    for who, client in people.clients.items():
        for method in METHODS:
            if route == "accounts/logout/" and method == "POST":
                continue  # it would end the sessions of all that follows
            status, location, _ = answer(client, method, path.format(mine))
            found = verdict(status, location)
            if found != expected(kind, who, status) and status != 405:
                wrong[who, method] = found
    assert wrong == {}


def expected(kind: str, who: str, status: int) -> str:
    if who in MAY[kind]:
        return "in"
    if kind == MACHINE:
        return "403"
    return "sign in" if who in {"anonymous", "inactive"} or kind == STAFF else "404"


@pytest.mark.parametrize(("route", "kind", "path"), [p for p in PAGES if "{}" in p[2]])
def test_what_is_not_ones_own_is_like_nothing(
    people: People, route: str, kind: str, path: str
) -> None:
    mine, unknown = people.ids(kind)
    differ = []
    for who, client in people.clients.items():
        if who in MAY[kind]:
            continue
        for method in METHODS:
            of_owner = [str(part) for part in answer(client, method, path.format(mine))]
            of_nobody = [str(part) for part in answer(client, method, path.format(unknown))]
            told = [part.replace(str(mine), "ID") for part in of_owner]
            if told != [part.replace(str(unknown), "ID") for part in of_nobody]:
                differ.append((who, method))
    assert differ == []


@pytest.mark.parametrize(("route", "kind", "path"), PAGES)
def test_no_form_is_taken_from_another_site(
    people: People, route: str, kind: str, path: str
) -> None:
    mine, _ = people.ids(kind)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = people.clients["owner"].cookies
    assert strict.post(path.format(mine)).status_code in {403, 405}


def admin_paths() -> list[str]:
    """Each page of the admin with ids of nothing: whom it lets in is asked before."""
    found = [r for r in routes() if r.startswith("admin/") and r not in ROUTES]
    plain = [re.sub(r"<[^>]+>", "1", r) for r in found if "(?P" not in r]
    return [f"/{path}" for path in plain]


@pytest.mark.parametrize("path", admin_paths())
def test_the_admin_is_for_those_with_the_permission(people: People, path: str) -> None:
    found = {}
    for who in ("anonymous", "inactive", "stranger", "owner"):
        found[who] = verdict(*answer(people.clients[who], "GET", path)[:2])
    assert found == dict.fromkeys(found, "sign in")
    clerk = answer(people.clients["clerk"], "GET", path)
    # The first page is where the admin leads to from an id that it does not find.
    assert clerk[0] in {403, 404} or clerk[1] in {"/admin/", f"{path}change/"}


def test_the_admins_own_doors_lead_to_ours(people: People) -> None:
    for who, client in people.clients.items():
        status, location, _ = answer(client, "GET", "/admin/login/")
        signed_in = who not in {"anonymous", "inactive"}
        assert (status, location.partition("?")[0]) == (
            (403, "") if signed_in else (302, "/accounts/login/")
        )


def test_the_api_lets_nobody_in_without_a_key() -> None:
    for route in routes():
        if route.startswith("api/") and route not in OPEN_API:
            path = "/" + re.sub(r"<uuid[^>]*>", str(uuid4()), route).replace("<name>", "blog")
            statuses = {Client().generic(method, path).status_code for method in METHODS}
            assert statuses <= {401, 405}, route


# --- Sockets ----------------------------------------------------------------------------------


def test_every_socket_is_classified() -> None:
    found = [str(entry.pattern) for entry in [*websocket_urlpatterns, *own_sockets]]
    # The second, of oneself, is tested in tests/gxweb/notices/test_socket.py.
    assert found == ["ws/runs/<uuid:id>/", "ws/me/"]


class Visitor:
    """Somebody as a socket sees them: a cookie."""

    def __init__(self, client: Client) -> None:
        cookie = client.cookies.get("sessionid")
        self.session = cookie.value if cookie else ""


@pytest.fixture
async def site(transactional_db: None, people: People) -> AsyncIterator[Site]:
    async with serving() as made:
        yield made
    await tail.here().aclose()


@pytest.mark.django_db(transaction=True)
async def test_who_gets_a_socket(site: Site, people: People, redis: Redis) -> None:
    await sync_to_async(Writer(redis, str(people.run.pk)).begin)()
    found = {}
    for who, client in people.clients.items():
        visitor = await sync_to_async(Visitor)(client)
        for name, run in (("theirs", people.run.pk), ("nothing", uuid4())):
            async with site.socket(run, visitor) as ws:
                if name == "theirs" and who in MAY[RUN]:
                    found[who, name] = "in" if "run-mark" in str(await ws.recv()) else "silence"
                else:
                    found[who, name] = str(await closed(ws))
    assert found == {
        **{(who, name): "4401" for who in ("anonymous", "inactive") for name in NAMES},
        **{(who, name): "4404" for who in ("stranger", "clerk") for name in NAMES},
        **{(who, "theirs"): "in" for who in MAY[RUN]},
        **{(who, "nothing"): "4404" for who in MAY[RUN]},
    }


NAMES = ("theirs", "nothing")


def sign_out(client: Client, user: User) -> None:
    client.post("/accounts/logout/")


def change_password_elsewhere(client: Client, user: User) -> None:
    user.set_password("another good password")
    user.save(update_fields=["password"])


def close_account(client: Client, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def delete_account(client: Client, user: User) -> None:
    deletion.delete(user)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "end", [sign_out, change_password_elsewhere, close_account, delete_account]
)
async def test_what_ends_a_session_ends_its_sockets(
    site: Site, people: People, redis: Redis, monkeypatch: pytest.MonkeyPatch, end: Any
) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    await sync_to_async(Writer(redis, str(people.run.pk)).begin)()
    visitor = Visitor(people.clients["owner"])
    owner = await User.objects.aget(email="owner@example.org")
    async with site.socket(people.run.pk, visitor) as ws:
        assert "run-mark" in str(await ws.recv())
        await sync_to_async(end)(people.clients["owner"], owner)
        # A deleted account's run is stopped first, which its page is told as an end like any.
        assert await closed(ws) in ({1000, 4401} if end is delete_account else {4401})
