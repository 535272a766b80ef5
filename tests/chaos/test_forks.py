"""Forks on real processes: by the provider's own count nothing is paid twice, whatever dies."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.process import ROOT
from tests.chaos.stack import Stack, stack
from tests.chaos.test_redis import finished_spans, in_the_middle
from tests.chaos.verdict import check, notes, state
from tests.chaos.waiting import until
from workflows.wire.state import State

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

# A web process that is killed between the row of a fork and its log.
KILLED = """
import os, signal
from runs import entrance, forking
from runs.models import Run
entrance.announce = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
run = Run.objects.get(pk={run!r})
forking.fork(run, owner=run.owner)
"""


def fork(s: Stack, run: str, **asked: Any) -> str:
    # The row of a run that has just ended comes a moment later.
    answer = until(lambda: _accepted(s, run, asked), 10, what="the fork")
    assert answer is not None
    return str(answer["id"])


def _accepted(s: Stack, run: str, asked: dict[str, Any]) -> dict[str, Any] | None:
    answer = s.client.post(f"/api/runs/{run}/forks", json=asked)
    assert answer.status_code in (202, 503), answer.text
    return dict(answer.json()) if answer.status_code == 202 else None


def calls(s: Stack) -> int:
    return len(s.provider.calls())


def finished(found: State) -> set[str]:
    return {span.hash for span in found.spans.values() if span.status == "completed"}


def stopped_in_the_middle(s: Stack) -> tuple[str, set[str]]:
    """A run that was stopped, and what it had finished."""
    run = s.begin(notes=notes(), words=800)
    until(lambda: finished_spans(s, run) >= 4, 60, what="finished spans")
    assert s.cancel(run).status_code == 202
    assert s.ended(run)["status"] == "cancelled"
    return run, finished(state(s, run))


def test_one_section_anew_asks_for_nothing_else(tmp_path: Path) -> None:
    with stack(tmp_path, latency=0.02) as s:
        first = s.begin(notes=notes(), words=1200)
        post = s.ended(first)["output"]
        spans = state(s, first).spans.values()
        written = next(span.path for span in spans if span.name == "write_section")
        after = [span.path for span in spans if span.name in ("edits", "place", "description")]
        before = calls(s)
        instructions = [{"section": 1, "text": "Shorter"}]
        new = fork(s, first, **{"from": [written, *after], "input": {"instructions": instructions}})
        again = s.ended(new)
        assert again["status"] == "completed"
        # The section, perhaps a repair of it, the transitions, the description.
        assert 3 <= calls(s) - before <= 4
        assert again["usage"]["calls"] == calls(s) - before
        assert again["output"]["sections"][0] != post["sections"][0]
        replayed = [s for s in state(s, new).spans.values() if s.copied]
        assert sum(span.name == "write_section" for span in replayed) == len(post["sections"]) - 1
        check(s, [first, new])


def test_resuming_a_stopped_run_pays_for_what_was_open(tmp_path: Path) -> None:
    with stack(tmp_path, latency=0.6) as s:
        old, done = stopped_in_the_middle(s)
        new = fork(s, old)
        assert s.ended(new)["status"] == "completed"
        found = state(s, new)
        assert {span.hash for span in found.spans.values() if span.copied} == done
        assert s.starts(new)[0].body.taken_over == len(done)  # type: ignore[union-attr]
        check(s, [old, new], allowed_open=8)


def test_a_web_killed_between_the_row_and_the_log_of_a_fork(tmp_path: Path) -> None:
    with stack(tmp_path, latency=0.6) as s:
        old, done = stopped_in_the_middle(s)
        words = [sys.executable, "manage.py", "shell", "-v", "0", "-c", KILLED.format(run=old)]
        dead = subprocess.run(words, cwd=ROOT, env=s.env, stdin=subprocess.DEVNULL, timeout=60)
        assert dead.returncode == -signal.SIGKILL
        listed = s.client.get("/api/runs").json()["items"]
        new = next(item["id"] for item in listed if item["forked_from"] == old)
        assert s.ended(new)["status"] == "completed"
        assert {span.hash for span in state(s, new).spans.values() if span.copied} == done
        check(s, [old, new], allowed_open=8)


def test_flushall_in_the_midst_of_a_fork(tmp_path: Path) -> None:
    with stack(tmp_path, latency=1.5) as s:
        old, done = stopped_in_the_middle(s)
        new = fork(s, old)
        in_the_middle(s, new, finished=len(done) + 2)
        with s.redis() as client:
            client.flushall()
        assert s.ended(new)["status"] == "completed"
        assert any(event.kind == "run.restored" for event in s.log(new))
        assert {span.hash for span in state(s, new).spans.values() if span.copied} == done
        check(s, [old, new], allowed_open=16)
