"""The list of all runs: found by what one knows of them, and read in a few questions."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.models import Run
from tests.payloads import MARKDOWN
from tests.runs.admin.conftest import RUNS, asked, page, parsed
from tests.runs.serving import Person

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def listed(person: Person, query: str = "") -> list[str]:
    """What the runs of the list are about."""
    nodes = parsed(page(person, f"{RUNS}{query}")).all("class")
    return [node.text for node in nodes if node.attributes["class"] == "subject"]


def test_all_runs_newest_first(viewer: Person, owner: Person) -> None:
    asked(owner, "Old", created_at=NOON)
    asked(Person("other@example.org"), "New", created_at=NOON + timedelta(hours=1))
    assert listed(viewer) == ["New", "Old"]


def test_a_line_says_how_it_went(viewer: Person, owner: Person) -> None:
    asked(
        owner, "Heat", status="failed", error_type="timeout", created_at=NOON, started_at=NOON,
        finished_at=NOON + timedelta(seconds=75), calls=3, prompt_tokens=1000,
        completion_tokens=200, cost_usd=0.25, starts=2, crashes=1,
    )  # fmt: skip
    cells = [n.text for n in parsed(page(viewer, RUNS)).walk() if n.tag in ("td", "th")]
    assert cells[-10:][0] == "failedtimeout"
    assert cells[-10:][1].startswith("Heatblog v1")
    assert cells[-8:] == [
        "owner@example.org", "21 Nov 12:00", "1 min 15 s", "3", "1,200", "$0.2500", "2", "1",
    ]  # fmt: skip


def test_an_unknown_price_is_not_zero(viewer: Person, owner: Person) -> None:
    asked(owner, "Heat", cost_usd=None)
    assert "unknown" in page(viewer, RUNS)


@pytest.fixture
def many(owner: Person) -> dict[str, Run]:
    other = Person("ada@example.com")
    done = {"status": "completed", "finished_at": NOON}
    failed: dict[str, Any] = {"status": "failed", "finished_at": NOON}
    return {
        "live": asked(owner, "live"),
        "done": asked(owner, "done", **done),
        "slow": asked(owner, "slow", error_type="timeout", **failed),
        "dear": asked(owner, "dear", error_type="budget", **failed),
        "second": asked(owner, "second", **done),
        "foreign": asked(other, "foreign", **done),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status__exact=failed", {"slow", "dear"}),
        ("error=any", {"slow", "dear"}),
        ("error=budget", {"dear"}),
        ("workflow=blog", {"live", "done", "slow", "dear", "second", "foreign"}),
        ("workflow=blog:v2", {"second"}),
        ("workflow=blog:v99999999999999999999", set()),
        ("workflow=blog:vx", set()),
        ("workflow=%00:v1", set()),
        ("error=%00", set()),
        ("workflow=other", set()),
        ("owner={ada}", {"foreign"}),
        ("owner=no", set()),
        ("owner=9999999999999999999999", set()),
        ("q=ada%40example", {"foreign"}),
        ("q=SLOW", {"slow"}),
        ("q={id}", {"dear"}),
        ("q={begin}", {"dear"}),
        ("q=nothing+like+it", set()),
        ("q=%00", {"live", "done", "slow", "dear", "second", "foreign"}),
        ("status__exact=failed&q=dear&error=any", {"dear"}),
    ],
)
def test_filters_and_search(
    viewer: Person, many: dict[str, Run], query: str, found: set[str]
) -> None:
    Run.objects.filter(pk=many["second"].pk).update(version=2)
    dear = many["dear"].pk
    names = {"ada": str(many["foreign"].owner_id), "id": str(dear), "begin": str(dear)[:13]}
    for name, value in names.items():
        query = query.replace(f"{{{name}}}", value)
    assert set(listed(viewer, f"?{query}")) == found


def test_only_what_there_is_is_offered(viewer: Person, many: dict[str, Run]) -> None:
    html = page(viewer, RUNS)
    assert re.findall(r"\?error=(\w+)", html) == ["any", "budget", "timeout"]
    assert re.findall(r"\?workflow=([\w:%]+)", html) == ["blog"]
    assert "By owner" not in html


def test_it_asks_as_often_for_many_as_for_one(viewer: Person, owner: Person) -> None:
    asked(owner, "one")
    counts = []
    for number in range(2):
        with CaptureQueriesContext(
            connection,
        ) as asked_for:
            page(viewer, RUNS)
        counts.append(len(asked_for))
        for n in range(20):
            asked(Person(f"p{number}-{n}@example.org"), f"run {n}")
    assert counts[0] == counts[1]


def test_what_may_be_large_is_not_read(viewer: Person, owner: Person) -> None:
    asked(owner, "Heat", output={"markdown": "x"})
    with CaptureQueriesContext(connection) as asked_for:
        page(viewer, RUNS)
    columns = [q["sql"].partition(" FROM ")[0] for q in asked_for if "SUBSTR" in q["sql"].upper()]
    assert [c for c in columns if '"runs_run"."output"' in c or '"runs_run"."waiting"' in c] == []
    assert columns != []


def test_hostile_words_are_words(viewer: Person, owner: Person) -> None:
    for payload in MARKDOWN:
        asked(
            owner,
            payload,
            error_type=payload[:60].replace("\0", ""),
            status="failed",
            finished_at=NOON,
        )
    found = []
    for number in (1, 2):
        root = parsed(page(viewer, f"{RUNS}?p={number}"))
        subjects = [n for n in root.walk() if n.attributes.get("class") == "subject"]
        assert all(not list(node.walk()) for node in subjects)
        found += [node.text for node in subjects]
    assert len(found) == len(MARKDOWN)


@pytest.mark.parametrize("way", ["add/", "1/", "1/delete/", "1/history/"])
def test_there_is_no_way_to_write(chief: Person, run: Run, way: str) -> None:
    path = f"{RUNS}{way.replace('1', str(run.pk))}"
    assert chief.client.get(path).status_code == 404
    assert chief.client.post(path, {"post": "yes"}).status_code == 404
    assert Run.objects.filter(pk=run.pk).exists()


def test_what_one_may_not_do_is_not_offered(viewer: Person, chief: Person, run: Run) -> None:
    assert "Stop selected" in page(chief, RUNS)
    assert "Resume selected" in page(chief, RUNS)
    assert "selected" not in page(viewer, RUNS).partition('id="result_list"')[0]


def test_an_action_asks_for_the_reason_first(chief: Person, run: Run) -> None:
    for action, place in (("stop", "cancellation"), ("resume", "resumption")):
        response = chief.client.post(RUNS, {"action": action, "_selected_action": [str(run.pk)]})
        assert response["Location"] == f"{RUNS}{place}/?run={run.pk}"
    run.refresh_from_db()
    assert run.status == "queued"
