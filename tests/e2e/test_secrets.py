"""Twelve secrets, said aloud by a flow wherever it can, are nowhere that anybody can look."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.chaos import people
from tests.chaos.stack import Stack, stack
from tests.e2e.sinks import found

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
SAID = "aloud"  # what stands beside each of them


def word(name: str) -> str:
    return f"canary-{name}-{secrets.token_hex(8)}"


KEPT = {
    **{
        name: word(name.lower())
        for name in (
            "FAKE_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "SECRET_KEY", "SERVICE_TOKEN",
            "SERVICE_SECRET", "SERVICE_PASSWORD", "SERVICE_DSN",
        )
    },
    "password of SERVICE_URL": word("url"),
    "token": f"gx_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}",
    "bearer": word("bearer"),
    "argument": word("argument"),
}  # fmt: skip
TOLD = [f"Bearer {value}" if name == "bearer" else value for name, value in KEPT.items()]
ENVIRONMENT: dict[str, Any] = {name: value for name, value in KEPT.items() if name.isupper()} | {
    "SERVICE_URL": f"https://me:{KEPT['password of SERVICE_URL']}@service.example/",
    "TELL": json.dumps(TOLD),
    "DEBUG": "0",
}


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("secrets"), workers=0, **ENVIRONMENT) as made:
        made.add_worker("--registry", "tests.e2e.leaky")
        made.ready()
        yield made


def pages(s: Stack, runs: list[str]) -> Iterator[tuple[str, str]]:
    """All that is shown of these runs: to their owner, to staff, to programs, and as an error."""
    for who, session in {"owner": people.owner(s), "staff": people.staff(s, 1)[0]}.items():
        headers = {"Cookie": f"sessionid={session}"}
        with httpx2.Client(base_url=s.url, headers=headers, timeout=30, trust_env=False) as client:
            for path in paths(runs):
                yield f"{who} {path}", client.get(path, follow_redirects=True).text


def paths(runs: list[str]) -> Iterator[str]:
    yield from ("/", "/posts/", "/runs/", "/usage/", "/no/such/", "/admin/", "/admin/runs/run/")
    for run in runs:
        yield from (f"/runs/{run}/", f"/runs/{run}/trace/", f"/posts/of/{run}/")
        yield f"/admin/runs/run/{run}/change/"
        yield f"/api/runs/{run}"
        yield from (f"/api/runs/{run}/{part}" for part in ("events?follow=0", "trace", "output"))


def commands(s: Stack) -> Iterator[tuple[str, str]]:
    for process in (*s.webs, *s.workers, *s.controls):
        yield f"command {process.name}", Path(f"/proc/{process.pid}/cmdline").read_text()


def shown(places: Mapping[str, str], value: str) -> list[str]:
    return [place for place, text in places.items() if value in text]


def test_what_is_secret_is_nowhere(s: Stack) -> None:
    queued = [s.begin(topic=topic) for topic in ("Ends", "Fails")]
    ended = {run: s.ended(run)["status"] for run in queued}
    assert list(ended.values()) == ["completed", "failed"]
    places = dict([*pages(s, queued), *commands(s)])
    assert len(shown(places, SAID)) > 10, "it was said"
    assert found(s, SAID), "and kept"
    leaks = {name: shown(places, value) + found(s, value) for name, value in KEPT.items()}
    assert len(leaks) == 12
    assert {name: where for name, where in leaks.items() if where} == {}
