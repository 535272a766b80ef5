"""Redis loses data, its memory, its past: what SQL has seen is not paid for again."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.chaos.scenes import cut_back
from tests.chaos.stack import Stack, now, stack
from tests.chaos.verdict import check, notes
from tests.chaos.waiting import until
from workflows.wire import keys

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]


def in_the_middle(s: Stack, run: str, finished: int = 4) -> None:
    """Wait until some spans have finished and SQL knows of them."""
    until(lambda: finished_spans(s, run) >= finished, 60, what="finished spans")
    tip = str(s.log(run)[-1].id)
    until(lambda: projected(s, run, tip), 10, what="the projector to catch up")


def finished_spans(s: Stack, run: str) -> int:
    return sum(event.kind == "span.completed" for event in s.log(run))


def projected(s: Stack, run: str, tip: str) -> bool:
    row = s.row(run)
    return (row["cursor_attempt"], row["cursor_seq"]) >= tuple(map(int, tip.split("-")))


def test_flushall_in_mid_run(tmp_path: Path) -> None:
    with stack(tmp_path, latency=0.8) as s:
        run = s.begin(notes=notes(), words=800)
        in_the_middle(s, run)
        with s.redis() as client:
            client.flushall()
        assert s.ended(run)["status"] == "completed"
        assert any(event.kind == "run.restored" for event in s.log(run))
        check(s, [run], allowed_open=8)


def test_a_log_that_lost_its_last_50_events(tmp_path: Path) -> None:
    with stack(tmp_path, latency=0.3, tokens_per_second=200) as s:
        run = s.begin(notes=notes(), words=1200)
        until(lambda: len(s.log(run)) > 90, 60)
        cut_back(s, run, 50)
        assert s.ended(run)["status"] == "completed"
        check(s, [run], allowed_open=12)


def test_redis_away_for_two_leases_is_no_takeover(tmp_path: Path) -> None:
    # A lease that a worker which waits for a busy machine's core does not miss by itself.
    with stack(tmp_path, latency=0.3, tokens_per_second=60, GX_LEASE_SECONDS="5",
               GX_BEAT_SECONDS="0.5") as s:  # fmt: skip
        run = s.begin(notes=notes(), words=800)
        until(lambda: len(s.log(run)) > 6, 20)
        s.server.process.send_signal(signal.SIGSTOP)
        frozen = now()
        until(lambda: now() - frozen > 10.5, 20)
        s.server.process.send_signal(signal.SIGCONT)
        assert s.ended(run)["status"] == "completed"
        assert len(s.starts(run)) == 1
        check(s, [run])


def test_a_finished_run_reads_the_same_without_redis(tmp_path: Path) -> None:
    with stack(tmp_path, latency=0.05) as s:
        run = s.begin(notes=notes("Apache-2.0"), words=300)
        assert s.ended(run)["status"] == "completed"
        with s.redis() as client:
            # The end is told before it is archived; after that its log is only lent to Redis.
            until(lambda: int(client.ttl(keys.log(run))) > 0, 20, what="the archive")
        before, output = s.events(run), s.client.get(f"/api/runs/{run}/output").json()
        with s.redis() as client:
            client.flushall()
        assert s.events(run) == before
        s.server.stop()
        assert s.events(run) == before
        assert s.client.get(f"/api/runs/{run}/output").json() == output
        refused = s.post_run(notes="Some notes.")
        assert (refused.status_code, refused.headers.get("Retry-After") is not None) == (503, True)
        assert refused.json()["type"] == "urn:gxweb:unavailable"
        s.restart_valkey()
