"""What a person wrote, anywhere, is nowhere after they have deleted it; what a site of theirs says
is nowhere either, and its orders to a model that obeys them come to nothing.

DATABASES="SQLite PostgreSQL" asks for it on both.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from tests import postgres
from tests.chaos.stack import ENDED, Stack, stack
from tests.chaos.verdict import notes
from tests.chaos.waiting import until
from tests.e2e.ordering import assert_inert, order
from tests.e2e.sinks import files, found
from tests.fakes.site import Site, page, serving
from tests.workflows.ingest.shops import tale

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
OF_A_POST = (
    "topic", "notes", "file", "audience", "tone", "title", "description", "body", "again", "wish"
)  # fmt: skip
OF_A_RUN = ("subject", "material", "key", "reason")
OF_AN_ACCOUNT = ("email", "token", "name", "text")
PASSWORD = "four words of length"
OTHERS = "The stranger's canary is kept in a blue box."
KEY = "sk-fake"
PLANTED = "canarypage"
DATABASES = (os.environ.get("DATABASES") or "SQLite").split()


@pytest.fixture(scope="module")
def canary() -> Iterator[Site]:
    """Where nobody may go."""
    with serving(Site({"/": page("Canary", *tale("canary"))})) as site:
        yield site


@pytest.fixture(scope="module")
def site(canary: Site) -> Iterator[Site]:
    with serving(Site()) as made:
        order(made, canary, PLANTED)
        yield made


@pytest.fixture(scope="module", params=DATABASES)
def s(
    tmp_path_factory: pytest.TempPathFactory, site: Site, request: pytest.FixtureRequest
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("canaries")
    environ = {"EMAIL_URL": f"filemail:///{folder}/mail", "GX_FETCH_ALLOW": site.allow,
               "GX_HOST_DELAY_SECONDS": "0.05"}  # fmt: skip
    with ExitStack() as opened:
        if request.param == "PostgreSQL":
            if (where := postgres.binaries()) is None:
                pytest.skip("there is no PostgreSQL")
            environ["DATABASE_URL"] = opened.enter_context(postgres.cluster(where))
        yield opened.enter_context(stack(folder, tokens_per_second=0, **environ))  # type: ignore[arg-type]


@pytest.fixture
def people(s: Stack) -> Iterator[list[Person]]:
    made = [Person(s), Person(s)]
    yield made
    for person in made:
        person.client.close()


class Person:
    """Signs up, and writes a word of their own into every field there is."""

    def __init__(self, s: Stack) -> None:
        self.s, self.token = s, ""
        self.client = httpx2.Client(
            base_url=s.url, timeout=30, trust_env=False, follow_redirects=True
        )
        self.words = {
            name: f"canary{name}{secrets.token_hex(6)}"
            for name in (*OF_A_POST, *OF_A_RUN, *OF_AN_ACCOUNT)
        }
        self.sign_up()

    def submit(self, path: str, fields: dict[str, Any], **more: Any) -> httpx2.Response:
        page = self.client.get(path).text
        secret = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
        fields = {"csrfmiddlewaretoken": secret, **fields}
        headers = {"Origin": self.s.url}
        answer = self.client.post(path, data=fields, headers=headers, **more)
        assert answer.status_code == 200, answer.text
        return answer

    def sign_up(self) -> None:
        email = f"{self.words['email']}@example.org"
        both = {"password1": PASSWORD, "password2": PASSWORD}
        self.submit("/accounts/signup/", {"email": email, **both})
        page = self.submit(
            "/accounts/tokens/",
            {"name": self.words["token"], "scopes": ["start", "read", "cancel"], "days": "90"},
        ).text
        self.token = re.findall(r"gx_\w{8}_[\w-]{43}", page)[0]

    def tell_of_site(self) -> None:
        told = {"name": self.words["name"], "text": f"The mill of {self.words['text']} has one."}
        self.submit("/sites/by-hand/", told)

    def write_post(self) -> str:
        w = self.words
        brief = {
            **{name: w[name] for name in ("topic", "audience", "tone")},
            "notes": f"{notes()}\n\nThe mill of {w['notes']} has two wheels.",
            "words": "600",
        }
        files = {"file": ("more.md", f"The mill of {w['file']} has one.".encode(), "text/markdown")}
        path = self.submit("/posts/new/", brief, files=files).url.path
        self.until_written(path)
        self.save(path, w["title"], w["body"])
        self.save(path, w["again"], "Other words.")
        self.submit(f"{path}sections/1/", {"wish": w["wish"]})
        self.until_written(path)
        return str(path)

    def until_written(self, path: str) -> None:
        until(lambda: "data-post" in self.client.get(path).text, 60, what="the post")

    def save(self, path: str, title: str, body: str) -> None:
        page = self.client.get(f"{path}edit/").text
        revision = re.findall(r'name="revision" value="(\d+)"', page)[0]
        text = {"title": title, "description": self.words["description"], "markdown": body}
        self.submit(f"{path}edit/", {**text, "revision": revision})

    def stop_run(self) -> str:
        """Started and stopped by REST."""
        brief = {"topic": self.words["subject"], "notes": f"{notes()} {self.words['material']}"}
        run = self.start("blog", {"Idempotency-Key": self.words["key"]}, **brief)
        said = {"reason": self.words["reason"]}
        self.client.post(f"/api/runs/{run}/cancellation", json=said, headers=self.bearer)
        until(lambda: self.status(run) in ENDED, 60, what="the end of the run")
        return run

    def start(self, workflow: str, headers: dict[str, str] | None = None, **brief: Any) -> str:
        made = self.client.post(
            f"/api/workflows/{workflow}/runs", json=brief, headers=self.bearer | (headers or {})
        )
        assert made.status_code == 202, made.text
        return str(made.json()["id"])

    def complete(self, workflow: str, **brief: Any) -> str:
        run = self.start(workflow, **brief)
        until(lambda: self.status(run) in ENDED, 120, what="the end of the run")
        assert self.status(run) == "completed"
        return run

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def status(self, run: str) -> str:
        return str(self.client.get(f"/api/runs/{run}", headers=self.bearer).json()["status"])

    def seen(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, path
        return answer.text

    def left(self, *names: str) -> dict[str, list[str]]:
        where = {name: found(self.s, self.words[name]) for name in names}
        return {name: places for name, places in where.items() if places}


def test_a_post_and_then_the_account_leave_nothing(s: Stack, people: list[Person]) -> None:
    person, other = people
    path, run = person.write_post(), person.stop_run()
    person.tell_of_site()
    theirs = other.stop_run()
    everywhere = (*OF_A_POST, *OF_A_RUN, *OF_AN_ACCOUNT)
    assert set(person.left(*everywhere)) == set(everywhere), "each word is somewhere"
    person.submit(f"{path}deletion/", {})
    assert person.left(*OF_A_POST) == {}
    assert set(person.left(*OF_A_RUN)) == set(OF_A_RUN), "what was not deleted is still there"
    person.submit("/accounts/delete/", {"password": PASSWORD})
    assert person.left(*everywhere) == {}
    # A process may have said in its log that a run of this id failed: that is no one's words.
    assert [place for place in found(s, run) if not place.startswith("file")] == []
    assert set(other.left(*OF_A_RUN, "email", "token")) == {*OF_A_RUN, "email", "token"}
    assert found(s, theirs)


def test_a_run_leaves_nothing(s: Stack, people: list[Person]) -> None:
    person, _ = people
    run = person.stop_run()
    assert set(person.left(*OF_A_RUN)) == set(OF_A_RUN), "each word is somewhere"
    person.submit(f"/runs/{run}/deletion/", {})
    assert person.left(*OF_A_RUN) == {}
    assert [place for place in found(s, run) if not place.startswith("file")] == []


def test_a_page_that_gives_orders_does_no_harm_and_leaves_nothing(
    s: Stack, people: list[Person], site: Site, canary: Site
) -> None:
    person, other = people
    brief = {"url": site.url("/"), "max_pages": 5}
    other.complete("blog", topic="A box", notes=f"{notes()} {OTHERS}")
    s.provider.obey()
    reading = person.complete("ingest", **brief)
    [known] = set(re.findall(r'href="/sites/([0-9a-f-]{36})/"', person.seen("/sites/")))
    # What a reading has stored serves a later run.
    writing = person.complete("blog", topic="The salt house", site_id=known, words=600)
    post = f"/posts/of/{writing}/"
    until(lambda: "data-post" in person.seen(post), 60, what="the post")
    assert canary.paths() == []
    assert set(site.paths()) <= {"/robots.txt", "/", "/salt", "/sitemap.xml", "/llms.txt"}
    for run in (reading, writing):
        output = person.client.get(f"/api/runs/{run}/output", headers=person.bearer).text
        assert "fired(1)" in output, "the model did obey"
        assert OTHERS not in output
        assert KEY not in output
        assert len(output) < 500_000
    for path in (f"/sites/{known}/", post, f"/runs/{writing}/trace/"):
        assert OTHERS not in person.seen(path)
        assert_inert(person.seen(path), canary)
    assert not [place for place, said in files(s) if KEY in said]
    other.complete("ingest", **brief)
    assert found(s, PLANTED), "it would be seen"
    person.submit(f"/sites/{known}/deletion/", {})
    person.submit(f"{person.client.get(post).url.path}deletion/", {})
    other.submit("/accounts/delete/", {"password": PASSWORD})
    assert found(s, PLANTED) == []
