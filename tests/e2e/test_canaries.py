"""What a person wrote, anywhere, is nowhere after they have deleted it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.chaos.stack import ENDED, Stack, stack
from tests.chaos.verdict import notes
from tests.chaos.waiting import until
from tests.e2e.sinks import found

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
OF_A_POST = (
    "topic", "notes", "file", "audience", "tone", "title", "description", "body", "again", "wish"
)  # fmt: skip
OF_A_RUN = ("subject", "material", "key", "reason")
OF_AN_ACCOUNT = ("email", "token")
PASSWORD = "four words of length"


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("canaries")
    mail = f"filemail:///{folder}/mail"
    with stack(folder, tokens_per_second=0, EMAIL_URL=mail) as made:
        yield made


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
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": self.words["key"]}
        brief = {"topic": self.words["subject"], "notes": f"{notes()} {self.words['material']}"}
        made = self.client.post("/api/workflows/blog/runs", json=brief, headers=headers)
        assert made.status_code == 202, made.text
        run = str(made.json()["id"])
        said = {"reason": self.words["reason"]}
        self.client.post(f"/api/runs/{run}/cancellation", json=said, headers=headers)
        until(lambda: self.ended(run), 60, what="the end of the run")
        return run

    def ended(self, run: str) -> bool:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.get(f"/api/runs/{run}", headers=headers).json()["status"] in ENDED

    def left(self, *names: str) -> dict[str, list[str]]:
        where = {name: found(self.s, self.words[name]) for name in names}
        return {name: places for name, places in where.items() if places}


def test_a_post_and_then_the_account_leave_nothing(s: Stack, people: list[Person]) -> None:
    person, other = people
    path, run = person.write_post(), person.stop_run()
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
    assert set(other.left(*OF_A_RUN, *OF_AN_ACCOUNT)) == {*OF_A_RUN, *OF_AN_ACCOUNT}
    assert found(s, theirs)


def test_a_run_leaves_nothing(s: Stack, people: list[Person]) -> None:
    person, _ = people
    run = person.stop_run()
    assert set(person.left(*OF_A_RUN)) == set(OF_A_RUN), "each word is somewhere"
    person.submit(f"/runs/{run}/deletion/", {})
    assert person.left(*OF_A_RUN) == {}
    assert [place for place in found(s, run) if not place.startswith("file")] == []
