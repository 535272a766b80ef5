"""A run that broke its process goes on alone: worker processes, from outside."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.worker import flows
from tests.workflows.worker.house import Yard, wait_for
from workflows.engine.component import Workflow
from workflows.wire import lease, log
from workflows.wire.codec import encode
from workflows.wire.events import RunStarted
from workflows.wire.script import run_script


def suspect(yard: Yard, flow: Workflow[..., Any], input: Any) -> str:
    """A run whose first worker is gone."""
    run = yard.queue(flow, input)
    order = yard.order(run, flow)
    call = log.open_call(
        run, [encode(RunStarted("w0", 1), at=1)], attempt=order.attempt, nonce="w0",
        redis_run_id=order.redis_run_id, worker="w0",
    )  # fmt: skip
    assert run_script(yard.redis, call).ok
    return run


def starts(yard: Yard, run: str) -> list[tuple[str, bool]]:
    bodies = (event.body for event in yard.events(run))
    return [(b.reason, b.isolated) for b in bodies if isinstance(b, RunStarted)]


def released(yard: Yard, run: str, attempt: int) -> str:
    found = lease.lease(yard.redis, run)
    return found.released if found is not None and found.attempt == attempt else ""


def children(pid: int) -> list[int]:
    """Whichever thread started them."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended meanwhile
            found += map(int, (task / "children").read_text().split())
    return found


def running(yard: Yard, run: str) -> int:
    """The process that has the run alone."""
    return int(yard.state(run).worker.rpartition("/")[2])


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state.startswith("Z")


def test_a_suspect_is_alone_until_it_has_finished_a_span(yard: Yard) -> None:
    run = suspect(yard, flows.naps, [0.1, 0.1, 0.1])
    with yard.worker() as worker:
        yard.ring(run, flows.naps)
        wait_for(lambda: released(yard, run, 2) == lease.HANDED_OVER)
        assert str(worker.pid) in yard.state(run).worker
        assert running(yard, run) != worker.pid
        assert not yard.state(run).suspect
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: state.ended)
    assert starts(yard, run) == [("first", False), ("crashed", True), ("handed over", False)]
    assert (yard.state(run).output, yard.state(run).taken_over) == ([0, 1, 2], 1)


@pytest.mark.parametrize("how", ["exit", "segfault", "burn"])
def test_what_breaks_its_process_breaks_no_worker(yard: Yard, tmp_path: Path, how: str) -> None:
    (marks := tmp_path / "marks").mkdir()
    run, other = suspect(yard, flows.breaks, [how, 2]), yard.queue(flows.naps, [60])
    with yard.worker(GX_TEST_MARKS=str(marks)) as worker:
        yard.ring(other, flows.naps)
        ends = []
        for attempt in (2, 3, 4):
            yard.ring(run, flows.breaks)
            wait_for(lambda n=attempt: released(yard, run, n) != "", what=lambda: yard.log(worker))  # type: ignore[misc]
            ends.append(released(yard, run, attempt))
        assert ends == [lease.CRASHED, lease.CRASHED, lease.HANDED_OVER]
        yard.ring(run, flows.breaks)
        yard.until(run, lambda state: state.ended)
        assert worker.poll() is None
        assert yard.state(other).attempt == 1
    assert yard.state(run).output == ["mended", 0]
    alone = [("crashed", True)] * 3
    assert starts(yard, run) == [("first", False), *alone, ("handed over", False)]


def test_a_suspect_is_stopped_with_its_worker(yard: Yard) -> None:
    run = suspect(yard, flows.naps, [0.5, 0.1])
    with yard.worker() as worker:
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: "naps[0]/nap[0]" in state.spans)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0, yard.log(worker)
    assert released(yard, run, 2) == lease.HANDED_OVER
    assert yard.state(run).spans["naps[0]/nap[0]"].status == "completed"


def test_who_asks_a_worker_twice_ends_its_suspects_too(yard: Yard) -> None:
    run = suspect(yard, flows.naps, [60])
    with yard.worker(GX_DRAIN_SECONDS="100") as worker:
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: "naps[0]/nap[0]" in state.spans)
        for _ in range(2):
            worker.send_signal(signal.SIGTERM)
            wait_for(lambda: "Draining: 0 runs" in yard.log(worker))
        assert worker.wait(10) == 0, yard.log(worker)
    assert released(yard, run, 2) == lease.HANDED_OVER


@pytest.mark.parametrize("flow", [flows.naps, flows.stands])
def test_a_suspect_dies_with_its_worker(yard: Yard, flow: Workflow[..., Any]) -> None:
    """Also while its own code lets no other thread go on."""
    run = suspect(yard, flow, [60] if flow is flows.naps else 60)
    with yard.worker() as worker:
        [nursery] = children(worker.pid)
        yard.ring(run, flow)
        yard.until(run, lambda state: state.attempt == 2)
        alone = running(yard, run)
        assert children(nursery) == [alone]
        worker.kill()
        worker.wait()
        wait_for(lambda: gone(alone) and gone(nursery))


def memory_kb(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(kb) for name, kb, *_ in (line.replace(":", "").split() for line in lines)}


def test_code_is_loaded_once_for_a_worker_and_its_nursery(yard: Yard) -> None:
    with yard.worker() as worker:
        [nursery] = children(worker.pid)
        used = memory_kb(nursery)
        assert used["Private_Dirty"] < used["Rss"] / 2


def test_a_nursery_that_was_killed_is_made_again(yard: Yard) -> None:
    first = suspect(yard, flows.naps, [60])
    with yard.worker() as worker:
        [nursery] = children(worker.pid)
        yard.ring(first, flows.naps)
        yard.until(first, lambda state: bool(state.spans))
        os.kill(nursery, signal.SIGKILL)
        # What was rung into a nursery that dies is rung again by a monitor, which is not here.
        wait_for(lambda: children(worker.pid) not in ([], [nursery]))
        run = suspect(yard, flows.naps, [0.1, 0])
        yard.ring(run, flows.naps)
        wait_for(lambda: released(yard, run, 2) == lease.HANDED_OVER)
        # Nobody saw that run end its process: it is not held against it.
        assert released(yard, first, 2) == ""


def test_one_that_hangs_and_lost_its_run_is_ended(yard: Yard) -> None:
    run = suspect(yard, flows.stands, 60)
    with yard.worker("--lanes", "interactive"):
        yard.ring(run, flows.stands)
        yard.until(run, lambda state: state.attempt == 2)
        alone = running(yard, run)
        call = log.open_call(
            run, [encode(RunStarted("w2", 1), at=1)], attempt=9, nonce="w2",
            redis_run_id=log.redis_run_id(yard.redis), worker="w2",
        )  # fmt: skip
        assert run_script(yard.redis, call).ok
        wait_for(lambda: gone(alone), 10)
    assert [event.id.attempt for event in yard.events(run)][-1] == 9


def test_twenty_innocents_of_one_crash_are_soon_back_among_the_others(yard: Yard) -> None:
    runs = [suspect(yard, flows.naps, [0.3, 0]) for _ in range(20)]
    with yard.worker() as worker:
        began = time.monotonic()
        for run in runs:
            yard.ring(run, flows.naps)
        for run in runs:
            wait_for(lambda run=run: released(yard, run, 2) == lease.HANDED_OVER)  # type: ignore[misc]
        print(f"20 suspects, each alone till its first span: {time.monotonic() - began:.1f} s")
        for run in runs:
            yard.ring(run, flows.naps)
        for run in runs:
            yard.until(run, lambda state: state.ended)
        [nursery] = children(worker.pid)
        assert children(nursery) == []
    assert all(starts(yard, run)[-1] == ("handed over", False) for run in runs)
