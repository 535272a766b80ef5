"""Clients of others, cut again and again while the run goes on: `curl -N`, and a library for SSE.

CUTS=200 cuts each of them so often.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from sseclient import SSEClient

from runs.models import Run
from tests.runs.api.conftest import Issue
from tests.runs.api.scribe import Scribe

CUTS = int(os.environ.get("CUTS") or 8)
EVENTS = 12 * CUTS
SSE = "text/event-stream"
Event = tuple[str, str]  # id, data
Read = Callable[[str, dict[str, str], str, int], list[Event]]


def by_library(url: str, headers: dict[str, str], last: str, count: int) -> list[Event]:
    """As many events as that, then the line is cut."""
    asked = {**headers, "Accept": SSE} | ({"Last-Event-ID": last} if last else {})
    with httpx2.stream("GET", url, headers=asked, timeout=30, trust_env=False) as answer:
        assert answer.status_code == 200
        events = SSEClient(answer.iter_bytes()).events()  # type: ignore[arg-type]
        return [(str(event.id), str(event.data)) for event, _ in zip(events, range(count))]  # noqa: B905


def by_curl(url: str, headers: dict[str, str], last: str, count: int) -> list[Event]:
    words = ["curl", "-sN", url, "-H", f"Accept: {SSE}", "-H", f"Last-Event-ID: {last}"]
    words += [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = list(_frames(process.stdout, count))
        process.kill()
    return found


def _frames(lines: Iterator[str] | Any, count: int) -> Iterator[Event]:
    """An event counts when the empty line after it has come."""
    id = data = ""
    for line in lines:
        if line.startswith("id: "):
            id = line[4:-1]
        elif line.startswith("data: "):
            data = line[6:-1]
        elif line == "\n" and data:
            yield id, data
            data, count = "", count - 1
            if not count:
                return


@pytest.mark.parametrize("read", [by_library, by_curl])
def test_nothing_is_lost_or_repeated(
    server: str, run: Run, scribe: Scribe, issue: Issue, read: Read
) -> None:
    rng = random.Random(os.environ.get("SEED", "cuts"))
    url, headers = f"{server}/api/runs/{run.id}/events", issue()
    writing = threading.Thread(target=write, args=(scribe,))
    writing.start()
    found: list[Event] = []
    cuts = 0
    while not found or json.loads(found[-1][1])["kind"] != "run.completed":
        last = found[-1][0] if found else ""
        found += read(url, headers, last, rng.randint(1, 20) if cuts < CUTS else EVENTS * 2)
        cuts += 1
    writing.join()
    ids = [id for id, _ in found]
    assert ids == ["0-1", *(f"1-{seq}" for seq in range(len(ids) - 1))]
    assert [json.loads(data)["id"] for _, data in found] == ids
    assert len(ids) > EVENTS
    end = {**headers, "Accept": SSE, "Last-Event-ID": ids[-1]}
    assert httpx2.get(url, headers=end, trust_env=False).status_code == 204
    print(f"{read.__name__}: cut {min(cuts - 1, CUTS)} times, {len(ids)} events")


def write(scribe: Scribe) -> None:
    scribe.open(1)
    for number in range(EVENTS):
        scribe.write(1, "Light. ", 7 * number)
    scribe.end()
