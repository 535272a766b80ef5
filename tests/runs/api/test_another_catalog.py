"""A workflow that this installation did not have: an Entry, and no other edit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any

import pytest
from annotated_types import MaxLen
from django.test import Client
from django.urls import path
from redis import Redis

from gxweb import urls
from gxweb.accounts.bearer import find_token
from gxweb.accounts.models import User
from runs.api import rest
from runs.models import Run
from tests.runs.worker import Worker
from workflows.catalog import CATALOG, Entry


@dataclass(frozen=True)
class Paper:
    paragraphs: Annotated[tuple[str, ...], MaxLen(9)]


@dataclass(frozen=True)
class Digest:
    said: str


DIGEST = Entry(
    name="digest",
    version=1,
    title="Digest",
    description="Says a paper shortly.",
    lane="interactive",
    input=Paper,
    output=Digest,
    signals=("enough",),
    example=Paper(("Plants take carbon dioxide.",)),
)
PAPER = {"paragraphs": ["Plants take carbon dioxide from the air."]}
PATH = "digest[0]/summarise[0]"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The site as it would start with this catalog."""
    monkeypatch.setitem(CATALOG, "digest", DIGEST)
    monkeypatch.setenv("NINJA_SKIP_REGISTRY", "yes")
    patterns: list[Any] = list(urls.urlpatterns)
    others = [found for found in patterns if str(found.pattern) != "api/"]
    made = ModuleType("urls_of_another_catalog")
    made.urlpatterns = [path("api/", rest(find_token).urls), *others]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, made.__name__, made)
    settings.ROOT_URLCONF = made.__name__


def start(api: Client, body: Any = PAPER) -> Any:
    return api.post("/api/workflows/digest/runs", body, content_type="application/json")


def told(api: Client, run: Run) -> int:
    path = f"/api/runs/{run.id}/signals/enough"
    return int(api.post(path, {}, content_type="application/json").status_code)


def test_it_has_calls_a_schema_and_docs(api: Client) -> None:
    shown = api.get("/api/workflows/digest").json()
    assert (shown["title"], shown["input_schema"]["required"]) == ("Digest", ["paragraphs"])
    assert shown in api.get("/api/workflows").json()["items"]
    document = api.get("/api/openapi.json").json()
    call = document["paths"]["/api/workflows/digest/runs"]["post"]
    body = call["requestBody"]["content"]["application/json"]
    assert body["schema"]["$ref"] == "#/components/schemas/Paper"
    assert body["example"] == {"paragraphs": ["Plants take carbon dioxide."]}
    assert {"Paper", "Digest"} <= set(document["components"]["schemas"])
    assert api.get("/api/docs").status_code == 200


def test_it_is_started_followed_and_shown(
    api: Client, ada: User, redis: Redis, project: Callable[[], None]
) -> None:
    wrong = start(api, {"paragraphs": 7})
    assert (wrong.status_code, wrong.json()["errors"][0]["loc"]) == (422, ["paragraphs"])
    started = start(api)
    assert started.status_code == 202
    run = Run.objects.get(pk=started.json()["id"])
    worker = Worker.opened(redis, run)
    worker.begin("digest[0]")
    worker.begin(PATH, "digest[0]")
    worker.write(PATH, "summary", "Plants breathe in carbon.")
    page = Client()
    page.force_login(ada)
    html = page.get(f"/runs/{run.id}/").content.decode()
    assert f'data-run="{run.id}"' in html
    assert "Plants breathe in carbon." in html
    assert told(api, run) == 202
    worker.finish(PATH, "Plants breathe in carbon.")
    worker.finish("digest[0]")
    worker.complete({"said": "Plants breathe in carbon."})
    project()
    assert api.get(f"/api/runs/{run.id}/output").json() == {"said": "Plants breathe in carbon."}
    trace = api.get(f"/api/runs/{run.id}/trace").json()["items"]
    assert [span["path"] for span in trace[0]["children"]] == [PATH]
    assert page.get(f"/runs/{run.id}/trace/").status_code == 200
    assert "Digest" in page.get("/runs/").content.decode()
