"""Stopping what one process does for a run."""

import asyncio

import pytest

from tests.workflows.engine.desk import Desk
from workflows.engine.errors import Handover, LeaseLost


async def forever(desk: Desk) -> None:
    with desk.attempt.working():
        await asyncio.sleep(60)


async def test_a_halt_cancels_every_task_and_closes_the_journal() -> None:
    desk = Desk()
    tasks = [asyncio.ensure_future(forever(desk)) for _ in range(3)]
    await asyncio.sleep(0)
    desk.attempt.halt(LeaseLost("lost"))
    desk.attempt.halt(Handover("too late to say it otherwise"))
    done, _ = await asyncio.wait(tasks)
    assert all(task.cancelled() for task in done)
    assert isinstance(desk.journal.closed, LeaseLost)
    with pytest.raises(LeaseLost, match="lost"):
        desk.attempt.check()


async def test_a_journal_that_is_refused_halts_the_attempt() -> None:
    desk = Desk()
    desk.journal.close(LeaseLost("refused"))
    assert isinstance(desk.attempt.halted, LeaseLost)


async def test_a_hand_over_leaves_the_journal_open_for_last_words() -> None:
    desk = Desk()
    desk.attempt.halt(Handover("drain"))
    assert desk.journal.closed is None
    with pytest.raises(Handover):
        desk.attempt.check()


async def test_the_end_is_no_halt() -> None:
    desk = Desk()
    desk.attempt.end()
    assert desk.attempt.halted is None
    with pytest.raises(LeaseLost, match="has ended"):
        await desk.journal.flush()


async def test_a_drain_waits_for_frames_that_are_at_work() -> None:
    desk = Desk()
    parent, child = desk.frame("parent"), desk.frame("child")
    desk.attempt.frames |= {parent, child}
    parent.below = 1
    desk.attempt.drain()
    await asyncio.sleep(0)
    assert desk.attempt.halted is None
    child.asleep = True
    desk.attempt.look_idle()
    assert isinstance(desk.attempt.halted, Handover)


async def test_an_end_that_is_being_written_is_not_handed_over() -> None:
    desk = Desk()
    desk.attempt.ending = True
    desk.attempt.drain()
    await asyncio.sleep(0)
    assert desk.attempt.halted is None


async def test_while_draining_nothing_begins() -> None:
    desk = Desk()
    await desk.attempt.may_begin()
    desk.attempt.draining = True
    waiting = asyncio.ensure_future(desk.attempt.may_begin())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert isinstance(desk.attempt.halted, Handover)
    waiting.cancel()
    with pytest.raises(Handover):
        await desk.attempt.may_begin()


async def test_the_time_left_counts_down_to_the_deadline() -> None:
    assert Desk().attempt.left_s() is None
    left = Desk(deadline=asyncio.get_running_loop().time() + 10).attempt.left_s()
    assert left is not None
    assert 9 < left <= 10


async def test_the_secret_belongs_to_the_run() -> None:
    assert Desk().attempt.secret == Desk(deadline=1.0).attempt.secret
