"""Equal calls of many runs, on three workers at once: one call to the provider for each owner.

`CALLS`, 12 by default; with it in the environment also that a build without it would be noticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.stack import Stack, stack
from tests.chaos.waiting import until
from tests.fakes.faults import Asked

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

CALLS = int(os.environ.get("CALLS") or 12)
WORKER = ("--registry", "tests.chaos.caching")
ADD = """
from runs.models import Run
from django.contrib.auth import get_user_model
owner, _ = get_user_model().objects.get_or_create(email='{owner}')
made = [Run(owner=owner, workflow='blog', version=1, input={{'topic': '{topic}'}}) for n in range({n})]
print(' '.join(str(run.pk) for run in Run.objects.bulk_create(made)))
"""  # noqa: E501


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("flight")
    with stack(folder, workers=0, controls=0, latency=1.0) as made:
        for _ in range(3):
            made.add_worker(*WORKER)
        made.add_control()
        made.ready()
        yield made


def added(s: Stack, topic: str, owner: str = "ann@example.com", n: int = CALLS) -> list[str]:
    """Rows alone, so that all begin at once: the monitor opens their logs and rings."""
    return s.python(ADD.format(owner=owner, topic=topic, n=n)).split()


def asked(s: Stack, topic: str) -> list[dict[str, Any]]:
    return [call for call in s.provider.calls() if call["messages"] == _hash(topic)]


def _hash(topic: str) -> str:
    return Asked({"messages": [{"role": "user", "content": topic}]}).messages


def cached(s: Stack, run: str) -> bool:
    kinds = {
        event["kind"]: event for event in s.events(run) if event["span"] == "blog[0]/answer[0]"
    }
    return bool(kinds["span.completed"]["data"]["cached"])


def ended_in_redis(s: Stack, run: str) -> bool:
    log = s.log(run)
    return bool(log) and log[-1].terminal


def test_equal_calls_are_one(s: Stack) -> None:
    runs = added(s, "What is a licence?")
    assert [s.ended(run)["status"] for run in runs] == ["completed"] * CALLS
    assert len({run_worker(s, run) for run in runs}) > 1, "all were on one worker"
    assert len(asked(s, "What is a licence?")) == 1
    assert sum(cached(s, run) for run in runs) == CALLS - 1


def run_worker(s: Stack, run: str) -> str:
    return str(s.starts(run)[-1].body.worker)  # type: ignore[union-attr]


def test_another_owner_is_answered_by_a_call_of_their_own(s: Stack) -> None:
    topic = "Who may copy it?"
    runs = [*added(s, topic, n=2), *added(s, topic, "bob@example.com", n=2)]
    until(lambda: all(ended_in_redis(s, run) for run in runs), 60)
    assert len(asked(s, topic)) == 2


def test_a_holder_that_is_killed_is_followed(s: Stack) -> None:
    topic = "What if it dies?"
    s.provider.pace(latency=4.0)
    runs = added(s, topic, n=4)
    until(lambda: asked(s, topic), 30)
    name = asked(s, topic)[0]["path"].split("/")[1]
    holder = next(worker for worker in s.workers if worker.name == name)
    holder.kill()
    s.provider.pace(latency=0.1)
    assert [s.ended(run)["status"] for run in runs] == ["completed"] * 4
    assert len(asked(s, topic)) == 2, s.tails()


@pytest.mark.skipif("CALLS" not in os.environ, reason="CALLS is not in the environment")
def test_a_build_without_it_would_be_noticed(tmp_path: Path) -> None:
    with stack(tmp_path, workers=0, controls=0, latency=1.0) as broken:
        for _ in range(2):
            broken.add_worker("flight", *WORKER, module="tests.chaos.broken")
        broken.add_control()
        broken.ready()
        runs = added(broken, "Whose is it?")
        assert [broken.ended(run)["status"] for run in runs] == ["completed"] * CALLS
        assert len(asked(broken, "Whose is it?")) > 1
