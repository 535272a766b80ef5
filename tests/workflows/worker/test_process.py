"""Worker processes, from outside: orders in, logs out, signals between."""

import signal
import time
from pathlib import Path

import pytest

from tests import valkey
from tests.workflows.worker import flows
from tests.workflows.worker.house import Yard, wait_for
from workflows.compute.celery import app
from workflows.wire import lease, log, pulse
from workflows.wire.codec import encode
from workflows.wire.events import RunCancelled
from workflows.wire.script import run_script

LANES = ["gx.interactive.naps.v1", "gx.bulk.naps.v1"]


def test_a_worker_takes_orders_of_its_lanes(yard: Yard) -> None:
    with yard.worker("--lanes", "bulk", "--concurrency", "7") as worker:
        [beat] = pulse.workers(yard.redis)
        assert (beat.pid, beat.kind, beat.slots) == (worker.pid, "worker", 7)
        assert "gx.bulk.naps.v1" in beat.queues
        assert not any("interactive" in queue for queue in beat.queues)
        runs = [yard.queue(flows.naps, [0, 0]) for _ in range(3)]
        for run in runs:
            yard.ring(run, flows.naps, "bulk")
        for run in runs:
            yard.until(run, lambda state: state.ended)
            assert yard.state(run).output == [0, 1]


def test_what_a_worker_has_imported_is_not_collected_again_and_again(yard: Yard) -> None:
    with yard.worker():
        run = yard.queue(flows.frozen)
        yard.ring(run, flows.frozen)
        yard.until(run, lambda state: state.ended)
        assert yard.state(run).output > 50_000


def test_a_worker_outlives_a_server_that_becomes_a_replica(yard: Yard) -> None:
    """A failover: the server refuses writes, and cuts off whoever waits for an order."""
    with yard.worker() as worker:
        yard.redis.execute_command("REPLICAOF", "127.0.0.1", "1")
        try:
            wait_for(lambda: "ReadOnly" in yard.log(worker) or worker.poll() is not None)
        finally:
            yard.redis.execute_command("REPLICAOF", "NO", "ONE")
        run = yard.queue(flows.naps, [0])
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: state.ended)
        assert worker.poll() is None


def test_a_worker_without_redis_waits_for_it(tmp_path: Path) -> None:
    port = valkey.free_port()
    yard = Yard(f"redis://127.0.0.1:{port}/0", tmp_path)
    worker = yard.spawn()
    try:
        time.sleep(2)
        assert worker.poll() is None, yard.log(worker)
        server = valkey.start(tmp_path / "valkey", port=port)
        try:
            run = yard.queue(flows.naps, [0])
            yard.ring(run, flows.naps)
            yard.until(run, lambda state: state.ended)
        finally:
            server.stop()
    finally:
        worker.kill()
        worker.wait()
        yard.redis.close()


def test_sigterm_hands_the_run_over_and_ends_the_process(yard: Yard) -> None:
    with yard.worker() as first:
        run = yard.queue(flows.naps, [0.1, 0.8, 0.1])
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: "naps[0]/nap[1]" in state.spans)
        first.send_signal(signal.SIGTERM)
        assert first.wait(10) == 0, yard.log(first)
    held = lease.lease(yard.redis, run)
    assert held is not None
    assert held.released == "handed over"
    with yard.worker():
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: state.ended)
    state = yard.state(run)
    assert (state.output, state.reason, state.taken_over) == ([0, 1, 2], "handed over", 2)
    assert [span.tries for span in state.spans.values()] == [1, 1, 1, 1]


def test_a_worker_can_be_stopped_while_redis_is_away(tmp_path: Path) -> None:
    server = valkey.start(tmp_path / "valkey")
    yard = Yard(server.url, tmp_path)
    try:
        with yard.worker(GX_DRAIN_SECONDS="1") as worker:
            run = yard.queue(flows.naps, [0.1, 60])
            yard.ring(run, flows.naps)
            yard.until(run, lambda state: "naps[0]/nap[1]" in state.spans)
            server.stop()
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(25) is not None, yard.log(worker)
    finally:
        server.stop()
        yard.redis.close()


def test_a_worker_that_never_saw_redis_can_be_stopped(tmp_path: Path) -> None:
    yard = Yard(f"redis://127.0.0.1:{valkey.free_port()}/0", tmp_path)
    worker = yard.spawn()
    wait_for(lambda: "ot listening to the fence" in yard.log(worker))
    time.sleep(1)
    worker.send_signal(signal.SIGTERM)
    try:
        assert worker.wait(15) is not None
    finally:
        worker.kill()
        yard.redis.close()


def test_who_asks_twice_does_not_wait_for_open_calls(yard: Yard) -> None:
    with yard.worker(GX_DRAIN_SECONDS="100") as worker:
        run = yard.queue(flows.naps, [0.1, 60])
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: "naps[0]/nap[1]" in state.spans)
        worker.send_signal(signal.SIGTERM)
        wait_for(lambda: "Draining: 1 runs are under way" in yard.log(worker))
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0, yard.log(worker)
    assert (lease.lease(yard.redis, run) or held_none()).released == lease.HANDED_OVER


def test_an_idle_worker_ends_at_once(yard: Yard) -> None:
    with yard.worker() as worker:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0, yard.log(worker)


def test_a_step_that_blocks_its_thread_does_not_hold_up_the_end(yard: Yard) -> None:
    with yard.worker(GX_DRAIN_SECONDS="0.5") as worker:
        run = yard.queue(flows.blocks, 300)
        yard.ring(run, flows.blocks)
        yard.until(run, lambda state: "blocks[0]/block[0]" in state.spans)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0, yard.log(worker)
    held = lease.lease(yard.redis, run)
    assert held is not None
    assert held.released == "handed over"


def test_a_killed_worker_is_followed_by_another(yard: Yard) -> None:
    with yard.worker() as first:
        run = yard.queue(flows.naps, [0.05, 30])
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: "naps[0]/nap[1]" in state.spans)
        first.kill()
    held = lease.lease(yard.redis, run)
    assert held is not None
    wait_for(lambda: lease.now_ms(yard.redis) > held.until)
    with yard.worker():
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: state.attempt == 2)
        yard.until(run, lambda state: state.spans["naps[0]/nap[1]"].attempt == 2)
    assert yard.state(run).reason == "crashed"
    assert yard.state(run).taken_over == 1


def test_a_stopped_worker_wakes_as_a_zombie_and_writes_nothing(yard: Yard) -> None:
    with yard.worker("--lanes", "interactive") as first, yard.worker("--lanes", "bulk"):
        run = yard.queue(flows.naps, [0.3, 0.3, 0.3, 0.3])
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: "naps[0]/nap[1]" in state.spans)
        first.send_signal(signal.SIGSTOP)
        yard.ring(run, flows.naps, "bulk")
        # It was a suspect until its next nap was over.
        wait_for(lambda: (lease.lease(yard.redis, run) or held_none()).released != "")
        yard.ring(run, flows.naps, "bulk")
        yard.until(run, lambda state: state.ended)
        end = yard.events(run)
        first.send_signal(signal.SIGCONT)
        other = yard.queue(flows.naps, [0])
        yard.ring(other, flows.naps)
        yard.until(other, lambda state: state.ended)
    assert yard.events(run) == end
    assert [event.id.attempt for event in end] == sorted(event.id.attempt for event in end)


def test_a_cancel_is_heard_within_a_second(yard: Yard) -> None:
    with yard.worker(GX_BEAT_SECONDS="60", GX_LEASE_SECONDS="200") as worker:
        run = yard.queue(flows.naps, [60])
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: "naps[0]/nap[0]" in state.spans)
        cancel(yard, run)
        # No beat within the minute says it: this is the fence.
        wait_for(lambda: "newer attempt was opened" in yard.log(worker), 2)
    assert yard.events(run)[-1].kind == "run.cancelled"


def test_the_heart_hears_a_cancel_too(yard: Yard) -> None:
    with yard.worker(GX_LEASE_SECONDS="2", GX_BEAT_SECONDS="0.2") as worker:
        run = yard.queue(flows.naps, [60])
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: "naps[0]/nap[0]" in state.spans)
        yard.redis.delete(f"gx:{{{int(run[:2], 16) % 16}}}:{run}:lease")
        wait_for(lambda: "its lease is gone" in yard.log(worker), 5)
        assert not yard.state(run).ended, "it writes no more, and another worker may go on"


def test_leases_are_renewed_while_the_run_lives(yard: Yard) -> None:
    with yard.worker(GX_LEASE_SECONDS="2", GX_BEAT_SECONDS="0.3"):
        run = yard.queue(flows.naps, [60])
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: state.attempt == 1)
        until = [held.until for held in [lease.lease(yard.redis, run)] if held]
        wait_for(lambda: (lease.lease(yard.redis, run) or held_none()).until > until[0] + 1000)
        assert yard.state(run).attempt == 1


def held_none() -> lease.Lease:
    return lease.Lease(0, "", 0)


@pytest.mark.parametrize("lost", [{"a": 1}, "x", None, []])
def test_an_order_that_is_none_hurts_nobody(yard: Yard, lost: object) -> None:
    with yard.worker():
        app(yard.url).send_task("gx.run", [lost], queue="gx.interactive.naps.v1")
        run = yard.queue(flows.naps, [0])
        yard.ring(run, flows.naps)
        yard.until(run, lambda state: state.ended)
        assert yard.state(run).output == [0]


def cancel(yard: Yard, run: str) -> None:
    yard.attempts[run] += 1
    call = log.open_call(
        run,
        [encode(RunCancelled(), at=1)],
        attempt=yard.attempts[run],
        nonce="c",
        redis_run_id=log.redis_run_id(yard.redis),
    )
    assert run_script(yard.redis, call).ok
