"""Flows that misbehave hurt their own run only, and every log ends as it should."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.checker import log_violations
from tests.patience import patience
from tests.workflows.engine.house import House
from workflows.engine import (
    Failure,
    Retry,
    Workflow,
    component,
    exponential,
    gather,
    log,
    publish,
    status,
    text,
    workflow,
)
from workflows.engine.journal import UNSENT_BYTES
from workflows.wire.state import State

NOISE = "\x01" * 20_000


class Panic(BaseException):
    """What extensions written in Rust raise."""


RAISED: dict[str, Callable[[], BaseException]] = {
    "panic": Panic,
    "exit": SystemExit,
    "stray cancel": asyncio.CancelledError,
    "group": lambda: ExceptionGroup("several", [ValueError("one")]),
    "noise": lambda: ValueError(NOISE),
}


async def ended(house: House, flow: Workflow[..., Any], input: Any = None) -> State:
    """The state at the run's end; its log is well-formed."""
    async with asyncio.timeout(patience(30)):
        state = await house.run(flow, input)
    [run] = house.attempts
    assert log_violations(house.events(run)) == []
    return state


@component
async def throws(what: str) -> None:
    raise RAISED[what]()


@workflow("throws_below")
async def throws_below(what: str) -> None:
    await throws(what)


@workflow("throws_beside")
async def throws_beside(what: str) -> int:
    return len(await gather([asyncio.sleep(0.01), helper(what)]))


async def helper(what: str) -> None:
    raise RAISED[what]()


@pytest.mark.parametrize("what", RAISED)
@pytest.mark.parametrize("flow", [throws_below, throws_beside])
async def test_whatever_is_raised_fails_the_run(
    house: House, flow: Workflow[..., Any], what: str
) -> None:
    state = await ended(house, flow, what)
    assert state.status == "failed"
    assert {span.status for span in state.spans.values()} == {"failed"}


async def test_a_thread_that_exits_takes_nobody_along(house: House) -> None:
    @component
    def exits() -> None:
        sys.exit(3)

    @workflow("exits")
    async def exiting(_: Any) -> None:
        await exits()

    assert (await ended(house, exiting)).status == "failed"


async def test_an_unreadable_message_keeps_its_type(house: House) -> None:
    @workflow("noisy")
    async def noisy(_: Any) -> None:
        raise Failure("invalid_answer", NOISE)

    state = await ended(house, noisy)
    assert state.error is not None
    assert state.error.type == "invalid_answer"


class Unsayable(Exception):
    def __str__(self) -> str:
        raise ValueError("it has no words")


async def test_an_error_without_words_is_told_all_the_same(house: House) -> None:
    @component(retry=Retry(2, exponential(initial=0.001)))
    async def unsayable() -> None:
        raise Unsayable

    @workflow("says_nothing")
    async def says_nothing(_: Any) -> None:
        await unsayable()

    state = await ended(house, says_nothing)
    assert {span.status for span in state.spans.values()} == {"failed"}
    assert state.spans["says_nothing[0]/unsayable[0]"].tries == 2


async def test_keys_that_look_alike_are_others(house: House) -> None:
    seen: list[int] = []

    @component
    async def counts() -> int:
        seen.append(1)
        return len(seen)

    @workflow("alike")
    async def alike(_: Any) -> list[int]:
        return [await counts.key(key)() for key in ("\ud800", "\ud801", "?")]

    assert (await ended(house, alike)).output == [1, 2, 3]


async def test_long_words_are_shortened(house: House) -> None:
    @component
    async def wordy() -> None:
        status("s" * 100_000)
        log("l" * 100_000)
        await text("c").write("\x01" * 20_000)

    @workflow("wordy")
    async def flow(_: Any) -> None:
        await wordy.key("k" * 100_000)()

    state = await ended(house, flow)
    assert state.status == "completed"
    assert all(len(path) < 1000 for path in state.spans)
    assert state.channels["c"].text == "\x01" * 20_000


@pytest.mark.parametrize("name", ["", "x" * 70_000])
async def test_channels_and_labels_have_names_of_reasonable_length(house: House, name: str) -> None:
    @workflow("long_names")
    async def flow(_: Any) -> list[str]:
        refused: list[str] = []
        for say in (text, lambda label: publish(label, 1)):
            try:
                say(name)
            except ValueError as error:
                refused.append(str(error))
        return refused

    assert len((await ended(house, flow)).output) == 2


def nest(depth: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    return nested


@pytest.mark.parametrize("depth", [190, 250, 300, 5000])
async def test_deep_values_may_pass_between_steps(house: House, depth: int) -> None:
    @component
    async def digs() -> Any:
        return nest(depth)

    @component
    async def holds(value: Any) -> bool:
        return bool(value)

    @workflow("deep")
    async def flow(_: Any) -> bool:
        return await holds(await digs())

    assert (await ended(house, flow)).output is True


async def test_an_output_that_is_too_deep_fails_the_run(house: House) -> None:
    @workflow("bottomless")
    async def flow(_: Any) -> Any:
        return nest(253)

    assert (await ended(house, flow)).status == "failed"


async def test_nothing_comes_after_the_end(house: House) -> None:
    """A thread cannot be stopped: one whose step has timed out goes on talking."""
    enough = threading.Event()

    @component
    def lingers() -> None:
        while not enough.wait(0.0005):
            status("still here")

    @workflow("lingers")
    async def flow(_: Any) -> int:
        try:
            await lingers.timeout(0.1)()
        except Failure:
            return 7
        return 0

    try:
        assert (await ended(house, flow)).output == 7
    finally:
        enough.set()


async def test_a_flood_of_words_is_no_flood_of_events(house: House) -> None:
    @workflow("floods")
    async def flow(_: Any) -> None:
        for n in range(20_000):
            status(f"at {n}")
            publish(f"object {n}", "x" * 1000)
            log(f"line {n}")

    state = await ended(house, flow)
    assert state.status == "completed"
    assert sum(len(str(value)) for value in state.objects.values()) < 4 * UNSENT_BYTES
    assert any("messages were dropped" in message for _, _, message in state.logs)
