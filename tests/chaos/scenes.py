"""Disturbances that more than one test stages."""

from __future__ import annotations

from typing import Any

from tests.chaos.process import Process
from tests.chaos.stack import Stack, now
from tests.chaos.waiting import until
from workflows.wire import keys
from workflows.wire.events import SpanCompleted, SpanFailed


def frozen_past_its_lease(s: Stack, run: str) -> tuple[Process, float]:
    """Freeze the run's worker until another took over, then let it go on; when that was."""
    zombie = until(lambda: s.owner(run), 20)
    assert zombie is not None
    until(lambda: len(s.log(run)) > 6, 20)
    zombie.freeze()
    until(lambda: len(s.starts(run)) == 2, 20, what="a takeover")
    woke = now()
    zombie.thaw()
    return zombie, woke


def calls_since(s: Stack, worker: Process, moment: float) -> list[dict[str, Any]]:
    """The provider calls that this worker began since then."""
    return [
        line
        for line in s.provider.ledger()
        if line["event"] == "start" and line["at"] > moment and f"/{worker.name}/" in line["path"]
    ]


def calls_of_later_attempts(s: Stack, run: str, worker: Process) -> set[str]:
    """Names of the calls of spans that ended in attempts which were opened by this worker after the
    second."""
    later = s.starts(run)[2:]
    its = {start.id.attempt for start in later if f"-{worker.pid}-" in start.body.worker}  # type: ignore[union-attr]
    ends = (e for e in s.log(run) if isinstance(e.body, SpanCompleted | SpanFailed))
    return {call.id for e in ends if e.id.attempt in its for call in e.body.usage.calls}  # type: ignore[union-attr]


def killed_in_the_middle(s: Stack, run: str, finished: int = 4) -> Process:
    """Kill the run's worker when it has finished some spans."""
    until(lambda: sum(event.kind == "span.completed" for event in s.log(run)) >= finished, 40)
    worker = s.owner(run)
    assert worker is not None
    worker.kill()
    return worker


def cut_back(s: Stack, run: str, events: int) -> None:
    """Stop Valkey, cut its file before the last `events` events of the run, start it again."""
    s.server.stop()
    file = max((s.folder / "valkey" / "appendonlydir").glob("*.incr.aof"))
    data, name = file.read_bytes(), keys.log(run).encode()
    added = b"$4\r\nXADD\r\n$%d\r\n%s\r\n" % (len(name), name)
    at = len(data)
    for _ in range(events):
        at = data.rindex(added, 0, at)
    file.write_bytes(data[: data.rindex(b"*", 0, at)])
    s.restart_valkey()
