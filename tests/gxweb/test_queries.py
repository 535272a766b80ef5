"""What lists ask of SQL: as much for a thousand posts as for one, and nothing that is large."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gxweb.accounts.models import User
from gxweb.posts.models import Post
from gxweb.sites.models import Site
from runs.estimate import estimate
from runs.models import Run
from tests.gxweb.posts.conftest import *  # noqa: F403 - its people

LISTS = ("/", "/posts/", "/runs/", "/sites/")
LARGE = (
    '"posts_post"."markdown"', '"posts_post"."sources"', '"runs_run"."input",',
    '"runs_run"."output"', '"runs_run"."heard"', '"sites_site"."card"',
)  # fmt: skip


def add(owner: User, number: int, *, live: bool = False) -> None:
    for n in range(number):
        at = timezone.now() - timedelta(days=2 + n)
        ended: dict[str, Any] = {} if live else {"status": "completed", "finished_at": at}
        run = Run.objects.create(
            owner=owner, workflow="blog", version=1, input={"topic": "A"}, created_at=at, **ended
        )
        Post.objects.create(owner=owner, run=run, title=f"Post {n}", created_at=at)
        Site.objects.create(owner=owner, run=run, name=f"Site {n}", created_at=at)


def asked(client: Client, path: str) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in queries]


@pytest.mark.parametrize("path", LISTS)
def test_more_rows_are_no_more_queries(as_ada: Client, ada: User, path: str) -> None:
    add(ada, 1)
    add(ada, 1, live=True)
    asked(as_ada, path)  # what is remembered from now on
    few = asked(as_ada, path)
    add(ada, 40)
    add(ada, 5, live=True)
    asked(as_ada, path)
    assert len(asked(as_ada, path)) == len(few)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_leaves_alone_what_is_large(as_ada: Client, ada: User, path: str) -> None:
    add(ada, 2)
    add(ada, 1, live=True)
    said = "\n".join(asked(as_ada, path))
    assert [column for column in LARGE if column in said] == []


@pytest.mark.parametrize("path", LISTS)
def test_live_runs_are_found_without_looking_through_the_others(
    as_ada: Client, ada: User, path: str
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("other planners go by how many rows there are")
    add(ada, 50)
    found = [sql for sql in asked(as_ada, path) if '"finished_at" IS NULL' in sql]
    live = [sql for sql in found if "NOT (" not in sql]
    assert live
    for sql in live:
        assert "run_owner_live" in plan(sql)


def plan(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"))
        return "\n".join(row[3] for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda _: estimate("blog"), "run_workflow_status"),
        (lambda client: client.get("/metrics", headers={"Host": "127.0.0.1"}), "run_ended"),
    ],
)
def test_what_past_runs_tell_is_read_without_looking_through_them(
    client: Client, ada: User, ask: Callable[[Client], Any], index: str
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("other planners go by how many rows there are")
    with CaptureQueriesContext(connection) as queries:
        ask(client)
    plans = [plan(query["sql"]) for query in queries if '"runs_run"' in query["sql"]]
    assert index in "\n".join(plans)
    assert "SCAN runs_run\n" not in "\n".join(f"{one}\n" for one in plans)
