"""Staff of several kinds, an owner, and the admin's pages as they see them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from redis import Redis

from runs.models import Run
from runs.projector import Projector
from tests.runs.render.dom import Node, Parser
from tests.runs.serving import Person
from tests.runs.worker import Worker
from tests.runs.writer import Writer

RUNS = "/admin/runs/run/"


def staff(email: str, *permissions: str) -> Person:
    person = Person(email, is_staff=True)
    person.user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return person


@pytest.fixture
def owner(transactional_db: None) -> Person:
    return Person("owner@example.org")


@pytest.fixture
def viewer(transactional_db: None) -> Person:
    """May look, and nothing else."""
    return staff("viewer@example.org", "view_run", "view_intervention", "view_notice")


@pytest.fixture
def chief(transactional_db: None) -> Person:
    return staff(
        "chief@example.org",
        "view_run", "cancel_run", "resume_run", "tell_notice", "view_notice", "view_intervention",
    )  # fmt: skip


@pytest.fixture
def run(owner: Person) -> Run:
    """Of the owner, queued."""
    return asked(owner, "Heat pumps")


def asked(owner: Person, topic: str, **fields: Any) -> Run:
    return Run.objects.create(
        owner=owner.user, workflow="blog", version=1, input={"topic": topic}, **fields
    )


def announced(redis: Redis, run: Run) -> Worker:
    """A worker that has opened the run, which is in Redis as a start would have put it there."""
    Writer(redis, str(run.id)).queue()
    return Worker.opened(redis, run)


def ended(redis: Redis, run: Run) -> None:
    Projector(redis).poll()
    run.refresh_from_db()
    assert run.finished


def page(person: Person, path: str, **headers: str) -> str:
    response = person.client.get(path, headers=headers)
    assert response.status_code == 200, response
    return str(response.content.decode())


class Loose(Parser):
    """For Django's own pages, which leave some elements open."""

    def handle_endtag(self, tag: str) -> None:
        if any(node.tag == tag for node in self.open):
            while self.open.pop().tag != tag:
                pass


def parsed(html: str) -> Node:
    parser = Loose()
    parser.feed(html)
    parser.close()
    return parser.open[0]
