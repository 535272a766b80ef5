"""What a run will take, from those before it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from runs.estimate import FEWEST, UNSEEN_TOKENS, UNSEEN_USD, between, estimate, expected
from runs.models import Run


def ran(owner: Any, seconds: float, usd: float | None = 0.25, **more: Any) -> None:
    now = timezone.now()
    made = {
        "status": "completed", "started_at": now - timedelta(seconds=seconds), "finished_at": now,
        "calls": 10, "prompt_tokens": 800, "completion_tokens": 200, "cost_usd": usd,
    }  # fmt: skip
    Run.objects.create(owner=owner, workflow="blog", version=1, input={}, **{**made, **more})


def test_too_few_runs_tell_nothing(alice: Any) -> None:
    for _ in range(FEWEST - 1):
        ran(alice, 60)
    assert estimate("blog") is None
    assert expected("blog") == (UNSEEN_USD, UNSEEN_TOKENS)


def test_the_middle_half_of_the_runs_before(alice: Any) -> None:
    for minute in (1, 2, 3, 4, 5):
        ran(alice, 60 * minute, usd=0.1 * minute)
    found = estimate("blog")
    assert found is not None
    assert (found.runs, found.calls, found.tokens) == (5, (10, 12), (1000, 1200))
    assert [round(seconds) for seconds in found.seconds] == [120, 288]
    assert [round(usd, 3) for usd in found.usd or ()] == [0.2, 0.48]
    assert expected("blog") == (found.usd and found.usd[1], 1200)


def test_time_that_a_run_waited_for_people_does_not_count(alice: Any) -> None:
    for _ in range(FEWEST):
        ran(alice, 3600, waited_ms=3_540_000)
    found = estimate("blog")
    assert found is not None
    assert round(found.seconds[0]) == 60


def test_one_unknown_cost_makes_the_money_unknown(alice: Any) -> None:
    for usd in (0.1, None, 0.1):
        ran(alice, 60, usd=usd)
    found = estimate("blog")
    assert found is not None
    assert found.usd is None
    assert expected("blog")[0] == UNSEEN_USD


def test_others_do_not_count(alice: Any) -> None:
    for changes in ({"status": "failed"}, {"workflow": "ingest"}, {"started_at": None}):
        now = timezone.now()
        made = {"workflow": "blog", "status": "completed", "started_at": now} | changes
        Run.objects.create(owner=alice, version=1, input={}, finished_at=now, **made)
    assert estimate("blog") is None


def test_a_range_has_some_room_above() -> None:
    assert between([1.0, 1.0, 1.0]) == (1.0, 1.2)


def test_programs_are_told(alice: Any, client: Client) -> None:
    client.force_login(alice)
    assert client.get("/api/workflows/blog").json()["estimate"] is None
    for _ in range(FEWEST):
        ran(alice, 60)
    told = client.get("/api/workflows/blog").json()["estimate"]
    assert (told["runs"], told["usd"], told["tokens"]) == (FEWEST, [0.25, 0.3], [1000.0, 1200.0])
