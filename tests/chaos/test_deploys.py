"""Workers are replaced while runs go on: nothing fails, nothing is repeated, nobody waits long.

RUNS=50 has that many runs going.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx2
import pytest

from tests.chaos.process import Process
from tests.chaos.stack import UVICORN, Stack, stack
from tests.chaos.verdict import check, notes
from tests.chaos.waiting import until
from tests.patience import bar
from tests.valkey import free_port
from workflows.wire.events import Event, RunStarted

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

RUNS = int(os.environ.get("RUNS") or 4)
CALL_S = 1.0  # how long the provider takes for a call
PAUSE_S = 5.0  # and the call that was open


@pytest.mark.alone
def test_the_only_worker_is_replaced(tmp_path: Path) -> None:
    with stack(tmp_path, latency=CALL_S) as s:
        old = s.workers[0]
        runs = [s.begin(notes=notes("Apache-2.0"), words=400) for _ in range(RUNS)]
        until(lambda: all(under_way(s, run) for run in runs), 120, what="all runs under way")
        old.signal(signal.SIGTERM)
        s.add_worker()
        assert old.wait(60) == 0, old.tail()
        ended = [s.ended(run, 300) for run in runs]
        assert [one["status"] for one in ended] == ["completed"] * RUNS
        check(s, runs)
        reasons = {reason for run in runs for reason in later_reasons(s, run)}
        assert reasons <= {"handed over"}, reasons
        opened = sorted(pause_s(s.log(run), to_a_step=False) for run in runs)
        pauses = sorted(pause_s(s.log(run)) for run in runs)
        print(f"{RUNS} runs opened after {opened[RUNS // 2]:.2f} s, at most {opened[-1]:.2f} s")
        print(f"their pause: {pauses[RUNS // 2]:.2f} s, at most {pauses[-1]:.2f} s")
        assert pauses[-1] <= bar(PAUSE_S + CALL_S, promised="RUNS" in os.environ)


def under_way(s: Stack, run: str) -> bool:
    return any(event.kind == "span.completed" for event in s.log(run))


def later_reasons(s: Stack, run: str) -> list[str]:
    bodies = [event.body for event in s.starts(run)[1:]]
    return [body.reason for body in bodies if isinstance(body, RunStarted)]


def pause_s(events: list[Event], *, to_a_step: bool = True) -> float:
    """Between the old worker's last word and the new one's opening, or its first step."""
    openings = [n for n, e in enumerate(events) if e.kind == "run.started" and e.id.attempt > 1]
    if not openings:
        return 0.0
    at = openings[0]
    return (events[at + to_a_step].at - events[at - 1].at) / 1000


def versions(s: Stack, run: str) -> list[int]:
    bodies = [event.body for event in s.starts(run)]
    return [body.version for body in bodies if isinstance(body, RunStarted)]


def test_blue_and_green_side_by_side_and_a_zombie_of_the_old(tmp_path: Path) -> None:
    with stack(tmp_path, controls=0, latency=0.8, GX_ADOPT_SECONDS="2") as s:
        words = ["-m", "tests.chaos.second"]
        s.controls.append(Process("control1", words, s.env, s.folder).start())
        s.ready()
        old, new = s.workers[0], s.add_worker("--registry", "tests.chaos.second")
        site = s.client.base_url
        s.client.base_url = second_site(s)
        second = s.begin(notes=notes("Apache-2.0"), words=300)
        assert s.ended(second)["status"] == "completed"
        s.client.base_url = site
        first = s.begin(notes=notes(), words=1200)
        until(lambda: under_way(s, first), 60)
        assert (versions(s, first)[0], versions(s, second)) == (1, [2])
        old.freeze()
        until(lambda: 2 in versions(s, first), 60, what="the adoption")
        old.thaw()
        ended = s.ended(first)
        assert (ended["status"], ended["version"], ended["current_version"]) == ("completed", 1, 2)
        adopted = next(
            e.id for e in s.starts(first) if isinstance(e.body, RunStarted) and e.body.version == 2
        )
        assert [e for e in s.log(first) if e.id > adopted and e.id.attempt < adopted.attempt] == []
        assert versions(s, first)[1:] == [2] * (len(versions(s, first)) - 1)
        assert old.alive
        assert new.alive
        check(s, [first, second], allowed_open=8)


def second_site(s: Stack) -> str:
    """The address of a site of the second release."""
    port = free_port()
    words = [word.replace("gxweb.asgi", "tests.chaos.second") for word in UVICORN]
    env = s.env | {"PORT": str(port)}
    s.webs.append(Process("web2", [*words, "--port", str(port)], env, s.folder).start())
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        until(lambda: answers(client), 60, what="the second site")
    return f"http://127.0.0.1:{port}"


def answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx2.HTTPError:
        return False
