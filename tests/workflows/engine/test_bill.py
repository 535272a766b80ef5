"""When a call is written down: before it leaves, and when it ends, with or without the run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workflows.engine.bill import Bill, Payer
from workflows.engine.errors import LeaseLost
from workflows.engine.purse import Purse
from workflows.wire.events import Call
from workflows.wire.spend import UNSENT, Try

PAYER = Payer("run-1", "7", "blog[0]/ask[0]", 2, "blog")
CALL = Call("openai", "gpt", id="c1")
DONE = replace(CALL, prompt_tokens=10, completion_tokens=5, cost_usd=0.25)


class Till(Purse):
    """Everything that is put is there at once."""

    def __init__(self) -> None:
        super().__init__(lambda: None)
        self.tries: list[Try] = []

    def put(self, tried: Try):  # type: ignore[no-untyped-def]
        self.tries.append(tried)
        future = super().put(tried)
        future.set_result(None)
        return future


@pytest.fixture
def till() -> Till:
    return Till()


async def fine() -> None: ...


async def lost() -> None:
    raise LeaseLost


async def test_a_call_is_written_when_it_begins_and_when_it_ends(till: Till) -> None:
    bill = Bill(PAYER, till)
    await bill.begin(CALL, 0.5, 1000, fine)
    assert bill.end(DONE)
    begun, ended = till.tries
    assert (begun.id, begun.run, begun.owner, begun.span) == ("c1", "run-1", "7", "blog[0]/ask[0]")
    assert (begun.attempt, begun.workflow, begun.provider, begun.model) == (
        2, "blog", "openai", "gpt"
    )  # fmt: skip
    assert (begun.expected_usd, begun.expected_tokens, begun.ended_at) == (0.5, 1000, None)
    assert ended == replace(
        begun, ended_at=ended.ended_at, prompt_tokens=10, completion_tokens=5, cost_usd=0.25,
        status="ok",
    )  # fmt: skip
    assert bill.calls == [DONE]


async def test_what_nobody_counted_is_unknown(till: Till) -> None:
    bill = Bill(PAYER, till)
    await bill.begin(CALL, None, 10, fine)
    bill.end(replace(CALL, status="timeout"))
    assert (till.tries[1].prompt_tokens, till.tries[1].cost_usd) == (None, None)
    assert till.tries[1].ended_at is not None


async def test_a_call_that_its_fence_stops_is_known_to_cost_nothing(till: Till) -> None:
    bill = Bill(PAYER, till)
    with pytest.raises(LeaseLost):
        await bill.begin(CALL, 0.5, 1000, lost)
    assert [tried.status for tried in till.tries] == ["", UNSENT]
    assert (till.tries[1].cost_usd, till.tries[1].prompt_tokens) == (0.0, 0)
    assert bill.calls == []


async def test_without_a_purse_only_the_span_is_told() -> None:
    bill = Bill(PAYER, None)
    await bill.begin(CALL, 0.5, 1000, fine)
    with pytest.raises(LeaseLost):
        await bill.begin(CALL, 0.5, 1000, lost)
    bill.end(DONE)
    assert bill.calls == [DONE]
