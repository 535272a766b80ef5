"""People, and a reading of a site that a test writes as a worker would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from gxweb.accounts.models import User
from gxweb.sites import results
from gxweb.sites.models import Site
from runs import notices
from runs.lifecycle import start
from runs.models import Notice, Run
from runs.projector import Projector
from tests.gxweb.posts.conftest import ada, as_ada, as_bob, bob, gx  # noqa: F401
from tests.runs.worker import Worker
from workflows.engine.values import freeze
from workflows.wire.events import Body, Error, Object, RunCompleted, RunFailed, SpanStarted

URL = "https://acme.example/"
ROOT = "ingest[0]"
CARD = {
    "url": URL, "title": "Acme", "description": "Salt and wool.", "site_name": "", "language": "en",
    "icon": "", "image": "", "colours": ["#112233"], "links": [], "about": ["Store"],
}  # fmt: skip
PROFILE = {
    "name": {"value": "Acme", "quote": "We are Acme.", "url": URL},
    "audience": {"value": "Cooks", "quote": "", "url": URL},
    "topics": {"value": ["Salt", "Wool"], "quote": "Salt and wool.", "url": URL},
}
SUGGESTIONS = [{"topic": f"Topic {n}", "why": f"Why {n}"} for n in (1, 2, 3)]
FACTS = [{"claim": "Salt is dear.", "quote": "Salt costs four pounds."}]


@dataclass
class Reader:
    """A worker that reads a site."""

    redis: Redis
    run: Run
    worker: Worker

    @classmethod
    def of(cls, redis: Redis, run: Run) -> Reader:
        made = cls(redis, run, Worker.opened(redis, run))
        assert made.worker.say((SpanStarted("ingest", "h"), ROOT)).ok
        return made

    def show(self, **objects: Any) -> Reader:
        said: list[tuple[Body, str | None]] = [(Object(k, v), ROOT) for k, v in objects.items()]
        assert self.worker.say(*said).ok
        return self

    def begin(self, url: str) -> Reader:
        path = self._path(url)
        assert self.worker.say((SpanStarted("read_page", path, key=url, parent=ROOT), path)).ok
        return self

    def read(self, url: str, **more: Any) -> Reader:
        self.begin(url)
        output = {"url": url, "title": "Salt", "summary": "Of salt.", "facts": FACTS}
        told = freeze(output | {"status": "done", "reason": ""} | more)
        told = {"$": "dataclass", "class": "workflows.catalog.site:ReadPage", "fields": told}
        self.worker.finish(self._path(url), told)
        return self

    def complete(self, **output: Any) -> Reader:
        assert self.worker.say((RunCompleted(output), None)).ok
        return self

    def fail(self, type: str = "unreachable", message: str = "It did not answer.") -> Reader:
        assert self.worker.say((RunFailed(Error(type, message)), None)).ok
        return self

    def tell(self) -> Reader:
        """The log is in SQL, and what there is to tell was told."""
        Projector(self.redis).poll()
        notices.tell()
        assert not Notice.objects.exists()
        return self

    def _path(self, url: str) -> str:
        return f'{ROOT}/read_page["{url}"]'


@pytest.fixture
def run(ada: User) -> Run:  # noqa: F811
    return start(owner=ada, workflow="ingest", input={"url": URL}).run


@pytest.fixture
def reader(redis: Redis, run: Run) -> Reader:
    return Reader.of(redis, run)


@pytest.fixture
def site(run: Run) -> Site:
    """As the page has it from the first moment."""
    return results.draft(run).site


@pytest.fixture
def ready(reader: Reader, site: Site) -> Site:
    """One page was read, and that was all."""
    reader.show(card=CARD, profile=PROFILE, suggestions=SUGGESTIONS)
    reader.read(f"{URL}salt").complete().tell()
    site.refresh_from_db()
    return site


def again(site: Site, redis: Redis) -> Reader:
    """Another reading of it."""
    key = results.key(site, uuid4())
    run = start(owner=site.owner, workflow="ingest", input={"url": URL}, key=key).run
    results.draft(run)
    return Reader.of(redis, run)
