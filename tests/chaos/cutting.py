"""A reader of the events stream whose line is cut again and again; it resumes where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

from tests.chaos.stack import Stack

SSE, NDJSON = "text/event-stream", "application/x-ndjson"
TERMINAL = ("run.completed", "run.failed", "run.cancelled")


@dataclass
class Reading:
    """What came of a stream: the data of each event to the letter, and where it was cut."""

    data: list[bytes] = field(default_factory=list)
    last: str = ""
    cuts: list[str] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return bool(self.data) and json.loads(self.data[-1])["kind"] in TERMINAL


def read(stack: Stack, run: str, kind: str, cuts: Iterator[int]) -> Reading:
    """The whole stream, cut after so many events each time; whole when there are no cuts left."""
    reading = Reading()
    with httpx2.Client(base_url=stack.url, timeout=60, trust_env=False) as client:
        client.headers |= {"Authorization": f"Bearer {stack.token}", "Accept": kind}
        while not reading.ended:
            _once(client, run, kind, reading, next(cuts, None))
    return reading


def _once(client: httpx2.Client, run: str, kind: str, reading: Reading, count: int | None) -> None:
    with opened(client, run, kind, reading.last) as answer:
        assert answer.status_code == 200, answer.status_code
        for came, (reading.last, data) in enumerate(_events(answer, kind), start=1):
            reading.data.append(data)
            if came == count:
                if not reading.ended:
                    reading.cuts.append(reading.last)
                return
        assert reading.ended, "a stream ends only after the terminal event"


@contextmanager
def opened(client: httpx2.Client, run: str, kind: str, after: str) -> Iterator[httpx2.Response]:
    """As an EventSource comes back, or with the cursor in the address."""
    path = f"/api/runs/{run}/events"
    if kind == SSE:
        last = {"Last-Event-ID": after} if after else {}
        with client.stream("GET", path, headers=last) as answer:
            yield answer
    else:
        with client.stream("GET", path, params={"after": after} if after else {}) as answer:
            yield answer


def _events(answer: httpx2.Response, kind: str) -> Iterator[tuple[str, bytes]]:
    """Each event's id and data, as its last byte comes in."""
    id = ""
    for line in _lines(answer):
        if kind == NDJSON:
            yield str(json.loads(line)["id"]), line
        elif line.startswith(b"id: "):
            id = line[4:].decode()
        elif line.startswith(b"data: "):
            yield id, line[6:]
        else:
            assert line == b"" or line.startswith((b"event: ", b":")), line


def _lines(answer: httpx2.Response) -> Iterator[bytes]:
    rest = b""
    for chunk in answer.iter_bytes():
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
