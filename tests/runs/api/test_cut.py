"""Clients of others, cut anywhere, again and again while the run goes on: `curl -N`, and a library
for SSE. (A browser's: tests/e2e/test_event_source.py.)

CUTS=200 cuts each of them so often.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import httpx2
import pytest
from sseclient import SSEClient

from runs.models import Run
from tests.fakes.scissors import cutting
from tests.runs.api.conftest import Issue
from tests.runs.api.scribe import Scribe

CUTS = int(os.environ.get("CUTS") or 8)
EVENTS = 12 * CUTS
SSE = "text/event-stream"
Event = tuple[str, str]  # id, data
Read = Callable[[str, dict[str, str], str], list[Event]]


def by_library(url: str, headers: dict[str, str], last: str) -> list[Event]:
    """What came before the line was cut, or the end."""
    asked = {**headers, "Accept": SSE} | ({"Last-Event-ID": last} if last else {})
    found: list[Event] = []
    with (
        suppress(httpx2.TransportError),
        httpx2.stream("GET", url, headers=asked, timeout=30, trust_env=False) as answer,
    ):
        assert answer.status_code == 200
        for event in SSEClient(answer.iter_bytes()).events():  # type: ignore[arg-type]
            found.append((str(event.id), str(event.data)))  # noqa: PERF401 - it may be cut
    return found


def by_curl(url: str, headers: dict[str, str], last: str) -> list[Event]:
    words = ["curl", "-sN", url, "-H", f"Accept: {SSE}", "-H", f"Last-Event-ID: {last}"]
    words += [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    said = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False).stdout
    return list(_frames(said.splitlines(keepends=True)))


def _frames(lines: Iterable[str]) -> Iterator[Event]:
    """An event counts when the empty line after it has come."""
    id = data = ""
    for line in lines:
        if line.startswith("id: "):
            id = line[4:-1]
        elif line.startswith("data: "):
            data = line[6:-1]
        elif line == "\n" and data:
            yield id, data
            data = ""


@pytest.mark.parametrize("read", [by_library, by_curl])
def test_nothing_is_lost_or_repeated(
    server: str, run: Run, scribe: Scribe, issue: Issue, read: Read
) -> None:
    rng = random.Random(os.environ.get("SEED", "cuts"))
    path, headers = f"/api/runs/{run.id}/events", issue()
    writing = threading.Thread(target=write, args=(scribe,))
    writing.start()
    found: list[Event] = []
    with cutting(int(server.rpartition(":")[2]), CUTS, rng) as scissors:
        while not found or json.loads(found[-1][1])["kind"] != "run.completed":
            last = found[-1][0] if found else ""
            found += read(f"http://127.0.0.1:{scissors.port}{path}", headers, last)
    writing.join()
    ids = [id for id, _ in found]
    assert ids == ["0-1", *(f"1-{seq}" for seq in range(len(ids) - 1))]
    assert [json.loads(data)["id"] for _, data in found] == ids
    assert len(ids) > EVENTS
    end = {**headers, "Accept": SSE, "Last-Event-ID": ids[-1]}
    assert httpx2.get(server + path, headers=end, trust_env=False).status_code == 204
    assert scissors.cuts == CUTS
    print(f"{read.__name__}: cut {scissors.cuts} times, {len(ids)} events")


def write(scribe: Scribe) -> None:
    scribe.open(1)
    for number in range(EVENTS):
        scribe.write(1, "Light. ", 7 * number)
    scribe.end()
